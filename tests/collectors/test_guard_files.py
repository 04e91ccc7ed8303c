"""What is refused before it is read, and what reading may cost."""

import os
import re
import resource
import struct
import subprocess
import sys
import zipfile
import zlib
from pathlib import Path

import openpyxl
import pytest

from collectors.base import CollectorError
from collectors.guard import refuse_bomb, regular_file
from collectors.reading import Limits, grids_apart
from collectors.spool import tidy, workspace
from collectors.tables import read_grids

SHEET = b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'
ROOT = Path(__file__).parents[2]


def workbook(path, *rows):
    book = openpyxl.Workbook()
    for row in rows or (("工单编号", "供电所"), ("T1", "城东供电所")):
        book.active.append(row)
    book.save(path)
    return path


def with_part(path, name, content):
    """A workbook with one more part."""
    workbook(path)
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive, archive.open(name, "w", force_zip64=True) as part:
        for block in content:
            part.write(block)
    return path


def with_sheet(path, xml):
    """A workbook whose sheet is this XML."""
    source = workbook(path.with_name("plain.xlsx"))
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            new.writestr(name, xml if name == "xl/worksheets/sheet1.xml" else old.read(name))
    return path


def refused(path):
    with pytest.raises(CollectorError) as caught:
        refuse_bomb(path)
    assert caught.value.permanent
    return str(caught.value)


def test_an_ordinary_workbook_passes(tmp_path):
    refuse_bomb(workbook(tmp_path / "a.xlsx"))


def test_a_workbook_that_says_it_unpacks_to_more_than_800_mb_is_refused(tmp_path):
    path = says(with_part(tmp_path / "a.xlsx", "xl/a.bin", [os.urandom(5 << 20)]), 5 << 20, 801 << 20)
    assert re.fullmatch(r"a\.xlsx unpacks to 801 MB \(allowed: 800 MB\): .* Export it as csv\.", refused(path))


def test_a_part_that_shrinks_200_times_is_refused(tmp_path):
    said = refused(with_part(tmp_path / "a.xlsx", "xl/a.xml", [bytes(11 << 20)]))
    assert "has a part 'xl/a.xml' of 11 MB packed" in said
    refuse_bomb(with_part(tmp_path / "b.xlsx", "xl/a.xml", [bytes(10 << 20)]))  # not over 10 MB: an empty sheet is that


def test_more_than_2000_parts_are_refused(tmp_path):
    path = workbook(tmp_path / "a.xlsx")
    with zipfile.ZipFile(path, "a") as archive:
        there = len(archive.namelist())
        for number in range(2_001 - there):
            archive.writestr(f"xl/{number}.xml", b"")
    assert "has 2,001 parts (allowed: 2,000)" in refused(path)


def says(path, held, stated):
    """The archive, its directory saying another size of the part that holds `held` bytes."""
    data = path.read_bytes().replace(struct.pack("<L", held), struct.pack("<L", stated))
    path.write_bytes(data.replace(struct.pack("<Q", held), struct.pack("<Q", stated)))
    with zipfile.ZipFile(path) as archive:
        assert stated in [part.file_size for part in archive.infolist()]
    return path


def test_a_part_that_holds_more_than_it_says_is_refused(tmp_path):
    """The size in the directory is a claim; what counts is what comes out."""
    path = with_part(tmp_path / "a.xlsx", "xl/a.xml", [bytes(60 << 20)])
    assert "has a part 'xl/a.xml' of 12 MB packed" in refused(says(path, 60 << 20, 1_000)), (
        "no more than needed is read"
    )


def test_what_really_comes_out_is_counted_over_all_parts(tmp_path):
    path = repeated(tmp_path / "a.xlsx", times=120)
    assert "unpacks to more than 800 MB, whatever it says of itself" in refused(path)


def repeated(path, times):
    """A part of `times` × 7 MB that says it is small; packed once and repeated, which deflate allows."""
    block = os.urandom(1 << 20) + bytes(6 << 20)  # packs seven times, so that the ratio is in order
    packer = zlib.compressobj(1, zlib.DEFLATED, -15)
    packed = packer.compress(block) + packer.flush(zlib.Z_FULL_FLUSH)
    body = packed * times + zlib.compressobj(1, zlib.DEFLATED, -15).flush()
    local = struct.pack("<4s5H3L2H", b"PK\x03\x04", 20, 0, 8, 0, 0, 0, len(body), 1_000, 1, 0) + b"a"
    entry = (
        struct.pack("<4s6H3L5H2L", b"PK\x01\x02", 20, 20, 0, 8, 0, 0, 0, len(body), 1_000, 1, 0, 0, 0, 0, 0, 0) + b"a"
    )
    end = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 1, 1, len(entry), len(local) + len(body), 0)
    path.write_bytes(local + body + entry + end)
    return path


def test_a_directory_that_is_itself_the_bomb_is_not_read(tmp_path):
    path = workbook(tmp_path / "a.xlsx")
    data = bytearray(path.read_bytes())
    at = data.rindex(b"PK\x05\x06")
    struct.pack_into("<L", data, at + 12, 500 << 20)
    path.write_bytes(data)
    assert "parts" in refused(path)


@pytest.mark.parametrize(
    ("xml", "said"),
    [
        (SHEET + b'<dimension ref="A1:B1048577"/><sheetData/></worksheet>', "1,048,577 rows (allowed: 1,048,576)"),
        (SHEET + b'<dimension ref="A1:SG2"/><sheetData/></worksheet>', "501 columns (allowed: 500)"),
        (SHEET + b'<sheetData><row r="1"><c r="XFD1"/></row></sheetData></worksheet>', "16,384 columns"),
        (SHEET + b'<sheetData><row r="9999999"><c r="A9999999"/></row></sheetData></worksheet>', "9,999,999 rows"),
        (SHEET + b"<sheetData>" + b"<row/>" * 9_000 + b'<row r="2000000"/></sheetData></worksheet>', "2,000,000 rows"),
    ],
)  # fmt: skip
def test_sheets_too_large_for_a_workbook_are_refused(tmp_path, xml, said):
    message = refused(with_sheet(tmp_path / "a.xlsx", xml))
    assert said in message
    assert message.endswith("Export it as csv.")


def test_exactly_the_allowed_size_passes(tmp_path):
    refuse_bomb(with_sheet(tmp_path / "a.xlsx", SHEET + b'<dimension ref="A1:SF1048576"/><sheetData/></worksheet>'))


def test_a_cut_off_workbook_is_named(tmp_path):
    path = workbook(tmp_path / "a.xlsx")
    whole = path.read_bytes()
    for part in (0.3, 0.6, 0.95):
        path.write_bytes(whole[: int(len(whole) * part)])
        assert "cut-off workbook" in refused(path)


def test_a_damaged_part_is_named(tmp_path):
    path = with_part(tmp_path / "a.xlsx", "xl/a.xml", [bytes(range(256)) * 99])
    data = bytearray(path.read_bytes())
    with zipfile.ZipFile(path) as archive:
        start = archive.getinfo("xl/a.xml").header_offset
    data[start + 60] = 0xFF  # the first deflate block becomes one of a kind that does not exist
    path.write_bytes(data)
    assert "damaged workbook" in refused(path)


def test_two_parts_at_one_place_count_twice(tmp_path):
    """Overlapping parts: a small file whose parts all are the same bytes."""
    path = tmp_path / "a.xlsx"
    packed = zlib.compressobj(9, zlib.DEFLATED, -15)
    body = packed.compress(os.urandom(1 << 20) + bytes(100 << 20)) + packed.flush()
    size, crc = (101 << 20), 0
    local = struct.pack("<4s5H3L2H", b"PK\x03\x04", 20, 0, 8, 0, 0, crc, len(body), size, 1, 0) + b"a"
    entry = (
        struct.pack("<4s6H3L5H2L", b"PK\x01\x02", 20, 20, 0, 8, 0, 0, crc, len(body), size, 1, 0, 0, 0, 0, 0, 0) + b"a"
    )
    directory = entry * 9
    end = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 9, 9, len(directory), len(local) + len(body), 0)
    path.write_bytes(local + body + directory + end)
    assert "unpacks to 909 MB" in refused(path)


_REFUSE = """
import resource, sys
from pathlib import Path
from collectors.guard import refuse_bomb
from collectors.base import CollectorError
def peak():
    return int(next(line for line in open("/proc/self/status") if line.startswith("VmHWM")).split()[1])
idle = peak()
try:
    refuse_bomb(Path(sys.argv[1]))
except CollectorError as error:
    print(peak() - idle)
"""


def test_refusing_costs_less_than_100_mb(tmp_path):
    path = repeated(tmp_path / "a.xlsx", times=120)
    done = subprocess.run([sys.executable, "-c", _REFUSE, path], capture_output=True, text=True, check=True, cwd=ROOT)
    assert int(done.stdout) < 100 * 1024, "KiB over idle"


# --- reading apart ---------------------------------------------------------------------------------------------------


def test_a_workbook_read_apart_is_the_same_as_read_here(tmp_path):
    rows = [("工单编号", "n"), ("T1", 20231121080533123456), (None, 2), ("T3", 3)]
    path = workbook(tmp_path / "a.xlsx", *rows)
    book = openpyxl.load_workbook(path)
    book.active.merge_cells("A2:A3")
    book.save(path)
    (here,) = read_grids(path)
    with grids_apart(path) as (apart,):
        assert apart.head == here.head
        assert apart.tail == here.tail
        assert [chunk.rows() for chunk in apart.chunks(1, 2)] == [chunk.rows() for chunk in here.chunks(1, 2)]
        assert list(apart.lost_digits(1)) == list(here.lost_digits(1)) == [2]
        assert apart.merged(0) == here.merged(0) == {3: "T1"}


def test_a_file_in_a_private_folder_is_taken_apart_there_and_nothing_is_left(tmp_path):
    with workspace(tmp_path / "spool", "file") as folder:
        path = workbook(folder / "a.xlsx")
        with grids_apart(path):
            (beside,) = [entry for entry in folder.iterdir() if entry.is_dir()]
            assert beside.name.startswith("reading-")
        assert sorted(entry.name for entry in folder.iterdir()) == [".in-use", "a.xlsx"]
    assert list((tmp_path / "spool").iterdir()) == []


_ABANDON = """
import os, signal, sys
from pathlib import Path
from collectors.spool import workspace
with workspace(Path(sys.argv[1]), "file") as folder:
    (folder / "complaints.csv").write_text("x")
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_what_a_killed_process_leaves_goes_with_the_next_one(tmp_path):
    with workspace(tmp_path, "file") as in_use:
        subprocess.run([sys.executable, "-c", _ABANDON, tmp_path], check=False, cwd=ROOT)
        (abandoned,) = set(tmp_path.iterdir()) - {in_use}
        assert (abandoned / "complaints.csv").exists()
        assert abandoned.stat().st_mode & 0o077 == 0
        with workspace(tmp_path, "http") as folder:
            assert set(tmp_path.iterdir()) == {in_use, folder}


@pytest.mark.parametrize("left", [(), ("complaints.csv",)])
def test_a_folder_without_a_lock_is_nobodys_whether_half_made_or_half_removed(tmp_path, left):
    """Killed before it took its lock, or while it was taking its folder away."""
    with workspace(tmp_path, "file") as in_use:
        folder = tmp_path / "file-half"
        folder.mkdir()
        for name in left:
            (folder / name).write_text("x")
        tidy(tmp_path)
        assert set(tmp_path.iterdir()) == {in_use}


def test_text_is_streamed_without_a_process(tmp_path, monkeypatch):
    monkeypatch.setattr("collectors.reading._Reader", lambda *_: pytest.fail("no process is needed"))
    (tmp_path / "a.csv").write_text("a,b\n1,2\n")
    with grids_apart(tmp_path / "a.csv") as (grid,):
        assert grid.head == [["a", "b"], ["1", "2"]]


def test_a_file_that_needs_too_much_memory_is_a_clear_message(tmp_path):
    path = workbook(tmp_path / "a.xlsx", *[("工单编号", f"T{number}", "x" * 50) for number in range(4_000)])
    with pytest.raises(CollectorError) as caught, grids_apart(path, limits=Limits(memory=8 << 20)):
        pass
    assert str(caught.value) == "a.xlsx could not be read: it needs more than 8 MB of memory. Export it as csv."
    assert caught.value.permanent


def test_a_sheet_with_one_cell_far_away_cannot_take_the_worker_down(tmp_path):
    """Within the limits of a workbook, and yet 500 million cells if somebody made room for each."""
    cells = b'<row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c r="SF1048576"><v>1</v></c></row>'
    path = with_sheet(tmp_path / "a.xlsx", SHEET + b"<sheetData>" + cells + b"</sheetData></worksheet>")
    with (
        pytest.raises(CollectorError, match="could not be read") as caught,
        grids_apart(path, limits=Limits(memory=1 << 30)),
    ):
        pass
    assert caught.value.permanent
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss < 2 << 20, "KiB: it happened in another process"


def test_a_file_that_takes_too_long_is_a_clear_message(tmp_path):
    path = workbook(tmp_path / "a.xlsx")
    with (
        pytest.raises(CollectorError, match=r"was not read within 0\.001 s"),
        grids_apart(path, limits=Limits(seconds=0.001)),
    ):
        pass


def test_what_the_child_refuses_is_said_here(tmp_path):
    path = with_sheet(tmp_path / "a.xlsx", SHEET + b'<dimension ref="A1:SG2"/><sheetData/></worksheet>')
    with pytest.raises(CollectorError, match="501 columns") as caught, grids_apart(path):
        pass
    assert caught.value.permanent


def test_the_process_list_shows_no_file_name(tmp_path):
    path = workbook(tmp_path / "张三投诉.xlsx")
    with grids_apart(path) as grids:
        assert grids
        children = Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()
        lines = [Path(f"/proc/{child}/cmdline").read_text() for child in children]
        assert any("collectors.reading_process" in line for line in lines)
        assert not any("张三" in line for line in lines)


# --- no files --------------------------------------------------------------------------------------------------------


def test_what_is_no_file_is_refused(tmp_path):
    (tmp_path / "x.xlsx").mkdir()
    for path, what in ((tmp_path / "x.xlsx", "a folder"), (Path("/dev/zero"), "a device")):
        with pytest.raises(CollectorError, match=what):
            regular_file(path)


def test_a_path_that_climbs_out_is_refused(tmp_path):
    (tmp_path / "inbox").mkdir()
    (tmp_path / "secret.csv").write_text("x")
    with pytest.raises(CollectorError, match="leads out of"):
        regular_file(tmp_path / "inbox/../secret.csv", root=tmp_path / "inbox")
