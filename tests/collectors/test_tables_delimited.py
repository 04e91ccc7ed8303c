"""Delimited text, from the bytes up."""

import csv
import io
import json
import re

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collectors.base import CollectorError
from collectors.tables import delimited, read_grids

HEADER = "工单编号,单位,内容"


def grid_of(tmp_path, data, name="x.csv"):
    path = tmp_path / name
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    (grid,) = read_grids(path)
    return grid


def rows_of(grid, width, after=1):
    chunks = list(grid.chunks(after, width))
    return pl.concat(chunks).rows() if chunks else []


def cells_of(grid, width, after=1):
    return [row[3:] for row in rows_of(grid, width, after)]


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16", "utf-16-le", "utf-16-be"], ids=lambda name: name
)
def test_every_encoding_met_in_practice(tmp_path, encoding):
    bom = "\ufeff" if encoding in ("utf-16-le", "utf-16-be") else ""
    grid = grid_of(tmp_path, f"{bom}{HEADER}\r\n1,城关,𠮷㐀\r\n".encode(encoding))
    assert grid.head[0] == ["工单编号", "单位", "内容"]
    assert cells_of(grid, 3) == [("1", "城关", "𠮷㐀")]


@pytest.mark.parametrize(("delimiter", "name"), [(",", "csv"), ("\t", "tsv"), (";", "semicolon"), ("|", "bar")])
def test_the_delimiter_is_found(tmp_path, delimiter, name):
    text = f"编号{delimiter}单位{delimiter}内容\n" + f"1{delimiter}城关{delimiter}停电, 请; 处理\n" * 3
    grid = grid_of(tmp_path, text, f"x.{name}")
    assert grid.head[1][:2] == ["1", "城关"]
    assert len(grid.head[0]) == 3


def test_quotes_newlines_and_doubled_quotes_stay_in_their_cell(tmp_path):
    grid = grid_of(tmp_path, 'a,b,c\n1,"x, y\r\nz",3\n2,"say ""hi""",4\n')
    assert cells_of(grid, 3) == [("1", "x, y\r\nz", "3"), ("2", 'say "hi"', "4")]


def test_a_stray_quote_is_text(tmp_path):
    assert cells_of(grid_of(tmp_path, 'a,b\n1,5" pipe\n2,x\n'), 2) == [("1", '5" pipe'), ("2", "x")]


def test_a_quote_never_closed_costs_its_own_line_only(tmp_path):
    rows = rows_of(grid_of(tmp_path, 'a,b,c\n1,x,y\n2,"never closed,z\n3,p,q\n4,r,s\n'), 3)
    assert [(row[0], row[1]) for row in rows] == [(2, None), (3, "unclosed_quote"), (4, None), (5, None)]
    assert json.loads(rows[1][2]) == ["2", '"never closed', "z"]


def test_a_quote_never_closed_in_a_long_file_does_not_swallow_it(tmp_path):
    lines = [f"{n},x,y" for n in range(2_000)]
    lines[10] = '10,"x,y'
    rows = rows_of(grid_of(tmp_path, "a,b,c\n" + "\n".join(lines) + "\n"), 3)
    assert [row[0] for row in rows if row[1]] == [12]
    assert len(rows) == 2_000


def test_lines_with_too_few_or_too_many_cells_are_flawed_and_keep_their_text(tmp_path):
    rows = rows_of(grid_of(tmp_path, "a,b,c\n1,2,3\n4,5\n6,7,8,9\n7,8,9,\n\n8,9,10\n"), 3)
    assert [(row[0], row[1]) for row in rows] == [
        (2, None), (3, "ragged_row"), (4, "ragged_row"), (5, None), (6, None), (7, None)]  # fmt: skip
    assert json.loads(rows[2][2]) == ["6", "7", "8", "9"]
    assert rows[3][3:] == ("7", "8", "9")


def test_the_last_line_cut_off_is_flawed(tmp_path):
    rows = rows_of(grid_of(tmp_path, "a,b,c\n1,2,3\n4,5"), 3)
    assert [row[1] for row in rows] == [None, "ragged_row"]


def test_nul_bytes_are_dropped(tmp_path):
    assert cells_of(grid_of(tmp_path, b"a,b\n1,x\x00\x00y\n\x00\x002,z\n"), 2) == [("1", "xy"), ("2", "z")]


def test_lines_of_two_encodings_in_one_file_are_each_read(tmp_path):
    data = b"a,b\n" + "1,城关\n".encode() + "2,城北\n".encode("gb18030") + b"3,\xff\xff\xff\n"
    rows = rows_of(grid_of(tmp_path, data), 2)
    assert [row[4] for row in rows[:2]] == ["城关", "城北"]
    assert [row[1] for row in rows] == [None, None, "undecodable_text"]


def test_a_file_cut_inside_a_character_is_still_utf8(tmp_path):
    grid = grid_of(tmp_path, "a,b\n1,城关\n2,城北".encode()[:-1])
    assert cells_of(grid, 2)[0] == ("1", "城关")


def test_bare_carriage_returns_end_lines_too(tmp_path):
    assert cells_of(grid_of(tmp_path, "a,b\r1,2\r3,4\r"), 2) == [("1", "2"), ("3", "4")]


@pytest.mark.parametrize("data", [b"", b"  \r\n \n", b"\xef\xbb\xbf", b"\x00\x00\x00"])
def test_an_empty_file_is_refused(tmp_path, data):
    with pytest.raises(CollectorError, match="is empty"):
        grid_of(tmp_path, data)


@pytest.mark.parametrize(
    ("data", "what"),
    [(b"\x89PNG\r\n\x1a\n....", "a picture"), (b"%PDF-1.7 ...", "a PDF"), (bytes(range(1, 256)) * 30, "no spreadsheet"),
     (b"PK\x03\x04 broken", "cut-off")],
)  # fmt: skip
def test_what_is_no_spreadsheet_is_named(tmp_path, data, what):
    with pytest.raises(CollectorError, match=what) as caught:
        grid_of(tmp_path, data, "x.csv")
    assert caught.value.permanent


def test_a_folder_and_a_missing_file_are_named(tmp_path):
    with pytest.raises(CollectorError, match="is a folder"):
        read_grids(tmp_path)
    with pytest.raises(CollectorError, match=re.escape("gone.csv cannot be opened")):
        read_grids(tmp_path / "gone.csv")


def test_blocks_are_joined_without_losing_or_doubling_a_row(tmp_path, monkeypatch):
    rows = [[str(n), "说" * (n % 7), 'a "quoted"\ncell, with all' if n % 3 else "plain"] for n in range(500)]
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerows([["a", "b", "c"], *rows])
    for size in (64, 257, 1_000, 4_096):
        monkeypatch.setattr(delimited, "BLOCK", size)
        grid = grid_of(tmp_path, text.getvalue())
        read = rows_of(grid, 3)
        assert [list(row[3:]) for row in read] == rows
        assert [row[0] for row in read] == list(range(2, 502))


CELL = st.text(st.sampled_from('ab,"\n 城'), max_size=6)


@settings(max_examples=200, deadline=None)
@given(rows=st.lists(st.lists(CELL, min_size=3, max_size=3), min_size=1, max_size=12), size=st.integers(8, 200))
def test_what_the_csv_module_writes_is_what_we_read(tmp_path_factory, rows, size):
    """Any cells, any block size: the same rows as were written, in the same order (blank lines apart)."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([["a", "b", "c"], *rows])
    whole, delimited.BLOCK = delimited.BLOCK, size
    try:
        read = cells_of(grid_of(tmp_path_factory.mktemp("csv"), text.getvalue()), 3)
    finally:
        delimited.BLOCK = whole
    assert read == [tuple(row) for row in rows]
