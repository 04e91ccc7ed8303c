"""Real workbooks, made by three independent writers."""

import datetime as dt
import zipfile

import openpyxl
import polars as pl
import pytest
import xlsxwriter
import xlwt

from collectors.base import CollectorError
from collectors.tables import read_grids
from collectors.tables import workbook as reader


def cells_of(grid, width):
    return [row[3:] for row in pl.concat(list(grid.chunks(0, width))).rows()]


def workbook(tmp_path, *rows, name="x.xlsx", mac=False):
    book = openpyxl.Workbook()
    if mac:
        book.epoch = openpyxl.utils.datetime.CALENDAR_MAC_1904
    for row in rows:
        book.active.append(row)
    book.save(tmp_path / name)
    return tmp_path / name


def test_cells_come_as_text_dates_in_full(tmp_path):
    path = workbook(
        tmp_path,
        ["编号", "时间", "日", "数", "真"],
        ["0012", dt.datetime(2026, 11, 21, 8, 5, 33), dt.date(2026, 11, 21), 123456789012345, True],
        [12, 46347.5, dt.time(8, 5), 0.1, None],
    )
    (grid,) = read_grids(path)
    assert cells_of(grid, 5) == [
        ("编号", "时间", "日", "数", "真"),
        ("0012", "2026-11-21 08:05:33", "2026-11-21 00:00:00", "123456789012345", "true"),
        ("12", "46347.5", "08:05:00", "0.1", None),
    ]


def test_seconds_of_real_dates_are_exact(tmp_path):
    moments = [dt.datetime(2026, 1, 1) + dt.timedelta(seconds=7_919 * n) for n in range(3_000)]
    book = xlsxwriter.Workbook(tmp_path / "x.xlsx")
    sheet, form = book.add_worksheet(), book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})
    for row, moment in enumerate(moments):
        sheet.write_datetime(row, 0, moment, form)
        sheet.write(row, 1, "x")
    book.close()
    (grid,) = read_grids(tmp_path / "x.xlsx")
    assert [row[0] for row in cells_of(grid, 2)] == [str(moment) for moment in moments]


def test_the_1904_system_is_known_for_dates_and_for_bare_serials(tmp_path):
    path = workbook(tmp_path, ["t", "x"], [dt.datetime(2026, 11, 21, 8, 5), 44885], mac=True)
    (grid,) = read_grids(path)
    assert grid.from_1904
    assert cells_of(grid, 2)[1] == ("2026-11-21 08:05:00", "44885")


@pytest.mark.parametrize("mac", [False, True])
def test_old_binary_workbooks_and_their_date_system(tmp_path, mac):
    book = xlwt.Workbook()
    book.dates_1904 = mac
    sheet = book.add_sheet("工单")
    for column, text in enumerate(["编号", "时间", "单位"]):
        sheet.write(0, column, text)
    date_style = xlwt.easyxf(num_format_str="yyyy-mm-dd hh:mm:ss")
    serial = 46347.5 - (1462 if mac else 0)  # 2026-11-21 12:00 in either system
    sheet.write(1, 0, "0012")
    sheet.write(1, 1, serial, date_style)
    sheet.write(1, 2, "城关")
    book.save(str(tmp_path / "x.xls"))
    (grid,) = read_grids(tmp_path / "x.xls")
    assert grid.sheet == "工单"
    assert grid.from_1904 is mac
    assert cells_of(grid, 3)[1] == ("0012", "2026-11-21 12:00:00", "城关")


def test_numbers_too_long_for_excel_are_told_from_texts(tmp_path):
    path = workbook(
        tmp_path, ["a", "编号"], [1, "20231121080533123456"], [2, 20231121080533123456], [3, 123456789012345]
    )
    (grid,) = read_grids(path)
    assert list(grid.lost_digits(1)) == [3]
    assert list(grid.lost_digits(0)) == []


def test_texts_that_are_long_numbers_need_no_second_look_at_every_cell(tmp_path, monkeypatch):
    path = workbook(tmp_path, ["a", "编号"], [1, "20231121080533123456"], [0.12345678901234567, "2023112108053312"])
    (grid,) = read_grids(path)
    monkeypatch.setattr(reader, "CalamineWorkbook", None)  # nobody opens it again
    assert list(grid.lost_digits(1)) == list(grid.lost_digits(0)) == []


@pytest.mark.parametrize("number", [1234567890123456, -20231121080533123456, 2.5e16, 1e300])
def test_a_long_number_is_found_however_it_is_written(tmp_path, number):
    (grid,) = read_grids(workbook(tmp_path, ["编号", "b"], [number, "x"], ["20231121080533123456", "x"]))
    assert list(grid.lost_digits(0)) == [2]


@pytest.mark.parametrize("value", ['<v xml:space="preserve">2023112108053312</v>', "<v>202311210805331&#50;</v>",
                                   "<v><![CDATA[2023112108053312]]></v>"])  # fmt: skip
def test_a_value_written_in_an_unusual_way_is_looked_at_again(tmp_path, value):
    path = workbook(tmp_path, ["编号", "b"], [777, "x"])
    strange = tmp_path / "strange.xlsx"
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(strange, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            new.writestr(name, old.read(name).replace(b"<v>777</v>", value.encode()))
    assert reader._says_long_numbers(strange)


def test_rows_keep_the_numbers_that_the_spreadsheet_shows(tmp_path):
    path = workbook(tmp_path, [], [], ["a", "b"], [], ["1", "2"])
    (grid,) = read_grids(path)
    numbers = [(row[0], row[3]) for row in pl.concat(list(grid.chunks(0, 2))).rows()]
    assert [pair for pair in numbers if pair[1]] == [(3, "a"), (5, "1")]


def test_cells_merged_downwards_tell_their_text(tmp_path):
    book = openpyxl.Workbook()
    for row in (["单位", "编号"], ["城关", "1"], [None, "2"], [None, "3"], ["城北", "4"], ["全宽", None]):
        book.active.append(row)
    book.active.merge_cells("A2:A4")
    book.active.merge_cells("A6:B6")
    book.save(tmp_path / "x.xlsx")
    (grid,) = read_grids(tmp_path / "x.xlsx")
    assert grid.merged(0) == {3: "城关", 4: "城关"}
    assert grid.merged(1) == {}


def test_sheets_that_hold_nothing_are_no_sheets(tmp_path):
    book = openpyxl.Workbook()
    book.active.title = "空"
    book.create_sheet("数据").append(["a", "b"])
    book.save(tmp_path / "x.xlsx")
    assert [grid.sheet for grid in read_grids(tmp_path / "x.xlsx")] == ["数据"]


def test_a_workbook_without_any_cell_is_empty(tmp_path):
    openpyxl.Workbook().save(tmp_path / "x.xlsx")
    with pytest.raises(CollectorError, match="is empty"):
        read_grids(tmp_path / "x.xlsx")


def test_the_name_does_not_matter(tmp_path):
    path = workbook(tmp_path, ["a", "b"], name="x.csv.xlsx")
    renamed = path.rename(tmp_path / "x.csv")
    assert read_grids(renamed)[0].head == [["a", "b"]]


def test_a_cut_off_workbook_is_refused(tmp_path):
    path = workbook(tmp_path, *[["a", "b"]] * 200)
    path.write_bytes(path.read_bytes()[:-400])
    with pytest.raises(CollectorError, match=r"x\.xlsx.*Export it again"):
        read_grids(path)


def test_an_archive_that_is_no_workbook_is_refused(tmp_path):
    with zipfile.ZipFile(tmp_path / "x.xlsx", "w") as archive:
        archive.writestr("readme.txt", "hello")
    with pytest.raises(CollectorError, match="is an archive"):
        read_grids(tmp_path / "x.xlsx")


def test_a_workbook_with_a_password_is_refused(tmp_path):
    """An encrypted xlsx is an OLE container with a stream named EncryptedPackage."""
    body = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(1_000) + "EncryptedPackage".encode("utf-16-le") + bytes(1_000)
    (tmp_path / "x.xlsx").write_bytes(body)
    with pytest.raises(CollectorError, match="protected by a password"):
        read_grids(tmp_path / "x.xlsx")
