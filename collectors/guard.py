"""What is refused before it is read (入口检查): things that are no file, ways out of the inbox, workbooks that explode.

Figures of issue 3: 800 MB unpacked, 2,000 parts, ratio 200 on a part over 10 MB, 1,048,576 rows, 500 columns.
Refusing costs no memory worth naming: the directory of the archive is bounded before it is read, and parts are
unpacked through a small window only to be counted.
"""

from __future__ import annotations

import re
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from collectors.base import CollectorError

MAX_UNPACKED = 800 * 1024 * 1024
MAX_MEMBERS = 2_000
MAX_RATIO = 200
RATIO_FROM = 10 * 1024 * 1024
"""A small part may shrink a lot (an empty sheet); the ratio counts above this many bytes unpacked."""
MAX_ROWS = 1_048_576
MAX_COLUMNS = 500

_MAX_DIRECTORY = 8 * 1024 * 1024
_END = struct.Struct("<4s4H2LH")
_END_MARK = b"PK\x05\x06"
_LOCATOR = struct.Struct("<4sLQL")
_END64 = struct.Struct("<4sQ2H2L4Q")
_LOCAL = struct.Struct("<4s5H3L2H")
_WINDOW = 1 << 18
_SHEET_PART = re.compile(r"^xl/worksheets/[^/]+\.xml$", re.IGNORECASE)
_DIMENSION = re.compile(rb"<(?:\w+:)?dimension\b[^>]*\bref\s*=\s*[\"']([A-Za-z$0-9:]+)[\"']")
_REFERENCE = re.compile(rb"\br\s*=\s*[\"']\$?([A-Za-z]{0,3})\$?(\d{0,9})[\"']")
_KINDS = (
    (stat.S_ISDIR, "a folder"), (stat.S_ISFIFO, "a pipe"), (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"), (stat.S_ISBLK, "a device"),
)  # fmt: skip


def regular_file(path: Path, *, root: Path | None = None) -> Path:
    """The path, if it leads to an ordinary file; with `root`, only to one that really lies below it.

    Without this a folder called `x.xlsx` gives a riddle, a pipe waits for ever, and a link placed in the inbox
    could have any file of the server read. Raises CollectorError (permanent).
    """
    try:
        mode = path.stat().st_mode
    except OSError as error:
        raise CollectorError(f"{path} cannot be opened: {error.strerror}. Check the path and its rights.") from error
    if root is not None and not path.resolve().is_relative_to(root.resolve()):
        raise CollectorError(
            f"{path} leads out of {root} (to {path.resolve()}). Put the file itself there.", permanent=True
        )
    if not stat.S_ISREG(mode):
        what = next((name for test, name in _KINDS if test(mode)), "no ordinary file")
        raise CollectorError(f"{path} is {what}, no spreadsheet. Put a file there.", permanent=True)
    return path


def refuse_bomb(path: Path) -> None:
    """Raises CollectorError (permanent) for a zipped workbook that unpacks to too much, has too many parts, rows or
    columns, is locked by a password, or says one size and holds another."""
    _refuse_large_directory(path)
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
    except (zipfile.BadZipFile, NotImplementedError, ValueError) as error:
        raise CollectorError(
            f"{path.name} is a cut-off workbook ({error}). Export it again.", permanent=True
        ) from error
    _refuse_declared(path, members)
    with path.open("rb") as file:
        budget = MAX_UNPACKED
        for member in members:
            budget -= _counted(path, file, member, budget)


def _refuse_large_directory(path: Path) -> None:
    """`zipfile` reads the whole directory into memory: look how large it says it is, first."""
    with path.open("rb") as file:
        entries, size = _directory(path, file)
    if entries > MAX_MEMBERS or size > _MAX_DIRECTORY:
        raise _too_much(path, f"has {entries:,} parts (allowed: {MAX_MEMBERS:,})")


def _directory(path: Path, file: BinaryIO) -> tuple[int, int]:
    """Number of parts and bytes of the directory, as the end of the archive states them."""
    end = file.seek(0, 2)
    start = max(0, end - 65_557)
    file.seek(start)
    tail = file.read()
    at = tail.rfind(_END_MARK)
    if at < 0 or len(tail) - at < _END.size:
        raise CollectorError(
            f"{path.name} is a cut-off workbook (its end is missing). Export it again.", permanent=True
        )
    _, _, _, _, entries, size, _, _ = _END.unpack_from(tail, at)
    if 0xFFFF not in (entries, size & 0xFFFF) and size != 0xFFFFFFFF:
        return entries, size
    return _directory64(file, start + at) or (entries, size)


def _directory64(file: BinaryIO, end: int) -> tuple[int, int] | None:
    if end < _LOCATOR.size:
        return None
    file.seek(end - _LOCATOR.size)
    mark, _, offset, _ = _LOCATOR.unpack(file.read(_LOCATOR.size))
    if mark != b"PK\x06\x07" or offset > end - _END64.size:
        return None
    file.seek(offset)
    fields = _END64.unpack(file.read(_END64.size))
    return (fields[7], fields[8]) if fields[0] == b"PK\x06\x06" else None


def _refuse_declared(path: Path, members: list[zipfile.ZipInfo]) -> None:
    if any(member.flag_bits & 1 for member in members):
        raise CollectorError(f"{path.name} is protected by a password. Save it without one.", permanent=True)
    if len(members) > MAX_MEMBERS:
        raise _too_much(path, f"has {len(members):,} parts (allowed: {MAX_MEMBERS:,})")
    unpacked = sum(member.file_size for member in members)
    if unpacked > MAX_UNPACKED:
        raise _too_much(path, f"unpacks to {_mb(unpacked)} (allowed: {_mb(MAX_UNPACKED)})")
    for member in members:
        _refuse_ratio(path, member.filename, member.file_size, member.compress_size)


def _refuse_ratio(path: Path, name: str, unpacked: int, packed: int) -> None:
    if unpacked > RATIO_FROM and unpacked > MAX_RATIO * packed:
        raise _too_much(
            path, f"has a part '{name[:80]}' of {_mb(unpacked)} packed {unpacked // max(1, packed):,} times smaller "
            f"(allowed: {MAX_RATIO})"
        )  # fmt: skip


def _counted(path: Path, file: BinaryIO, member: zipfile.ZipInfo, budget: int) -> int:
    """Bytes a part really unpacks to; on the way the size of a sheet is looked at."""
    if member.compress_type == zipfile.ZIP_STORED:
        return member.compress_size
    if member.compress_type != zipfile.ZIP_DEFLATED:
        raise CollectorError(
            f"{path.name}: part '{member.filename[:80]}' is packed in a way that workbooks do not use. Save it again.",
            permanent=True,
        )
    sheet = _SheetSize(path, member.filename) if _SHEET_PART.match(member.filename) else None
    count = 0
    for window in _unpacked(path, file, member):
        count += len(window)
        if sheet:
            sheet.look(window)
        if count > budget:
            raise _too_much(path, f"unpacks to more than {_mb(MAX_UNPACKED)}, whatever it says of itself")
        _refuse_ratio(path, member.filename, count, member.compress_size)
    if sheet:
        sheet.finish()
    return count


def _unpacked(path: Path, file: BinaryIO, member: zipfile.ZipInfo) -> Iterator[bytes]:
    """The content of a part in windows, however long it is: `zipfile` would stop at the size that was declared."""
    file.seek(member.header_offset)
    header = file.read(_LOCAL.size)
    if len(header) < _LOCAL.size or header[:4] != b"PK\x03\x04":
        raise CollectorError(f"{path.name} is a damaged workbook (a part is missing). Export it again.", permanent=True)
    fields = _LOCAL.unpack(header)
    file.seek(fields[-2] + fields[-1], 1)
    inflate, left = zlib.decompressobj(-15), member.compress_size
    try:
        while not inflate.eof:
            packed = inflate.unconsumed_tail
            if not packed:
                packed = file.read(min(_WINDOW, left))
                left -= len(packed)
            window = inflate.decompress(packed, _WINDOW)
            if window:
                yield window
            elif not packed:
                return  # a part cut off: reading it will say so
    except zlib.error as error:
        raise CollectorError(
            f"{path.name} is a damaged workbook ({error}). Export it again.", permanent=True
        ) from error


@dataclass
class _SheetSize:
    """Rows and columns of a sheet, from its stated dimension and from its last cells, which come last in the text."""

    path: Path
    name: str
    first: bytes = b""
    last: bytes = b""

    def look(self, window: bytes) -> None:
        if len(self.first) < 4096:
            self.first += window[:4096]
        self.last = (self.last + window)[-8192:] if len(window) < 8192 else window[-8192:]

    def finish(self) -> None:
        found = _DIMENSION.search(self.first)
        for corner in found[1].upper().replace(b"$", b"").split(b":") if found else ():
            self._refuse(*_split(corner))
        for letters, digits in _REFERENCE.findall(self.first + b" " + self.last):
            self._refuse(letters.upper(), digits)

    def _refuse(self, letters: bytes, digits: bytes) -> None:
        rows, columns = int(digits or 0), _column(letters)
        if rows > MAX_ROWS:
            raise _too_much(self.path, f"has a sheet of {rows:,} rows (allowed: {MAX_ROWS:,})")
        if columns > MAX_COLUMNS:
            raise _too_much(self.path, f"has a sheet of {columns:,} columns (allowed: {MAX_COLUMNS})")


def _split(corner: bytes) -> tuple[bytes, bytes]:
    digits = corner.lstrip(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ")
    return corner[: len(corner) - len(digits)], digits if digits.isdigit() else b"0"


def _column(letters: bytes) -> int:
    """`A` → 1, `SF` → 500."""
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number


def _too_much(path: Path, what: str) -> CollectorError:
    return CollectorError(f"{path.name} {what}: more than a workbook should be. Export it as csv.", permanent=True)


def _mb(size: int) -> str:
    return f"{size / 2**20:,.0f} MB"
