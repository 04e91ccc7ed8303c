"""Spreadsheet files of any shape as grids, told apart by content and not by name (domain.md §2.4)."""

from __future__ import annotations

import zipfile
from pathlib import Path

from collectors.base import CollectorError
from collectors.tables import delimited, html, spooled, workbook
from collectors.tables.grid import Grid

_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ZIP = b"PK\x03\x04"
_PICTURES = {b"\x89PNG": "a picture", b"\xff\xd8\xff": "a picture", b"GIF8": "a picture", b"%PDF": "a PDF"}
_WORKBOOK_PARTS = ("xl/workbook.xml", "xl/workbook.bin", "content.xml")


def read_grids(path: Path) -> list[Grid]:
    """All sheets of a file. Raises CollectorError (permanent) naming what is wrong and what to do."""
    start = _start_of(path)
    if start.startswith(_ZIP):
        _require_workbook(path)
        return _some(workbook.read(path), path)
    if start.startswith(_OLE):
        return _some(workbook.read(path), path)
    if start.startswith(spooled.MAGIC):
        return spooled.read(path)
    for mark, what in _PICTURES.items():
        if start.startswith(mark):
            raise CollectorError(
                f"{path.name} is {what}, no spreadsheet. Export the table as xlsx or csv.", permanent=True
            )
    return html.read(path) if _is_markup(start, path) else delimited.read(path)


def is_streamed(path: Path) -> bool:
    """Whether a file is read block by block (text, spool files) and so costs the same memory whatever its size.

    Raises CollectorError as `read_grids` does.
    """
    start = _start_of(path)
    return not start.startswith((_ZIP, _OLE, *_PICTURES)) and not _is_markup(start, path)


def _start_of(path: Path) -> bytes:
    if path.is_dir():
        raise CollectorError(f"{path} is a folder, no spreadsheet. Name a file in it.", permanent=True)
    try:
        with path.open("rb") as file:
            start = file.read(4096)
    except OSError as error:
        raise CollectorError(f"{path} cannot be opened: {error.strerror}. Check the path and its rights.") from error
    if not start.strip(b" \t\r\n\x00\xef\xbb\xbf\xff\xfe") and path.stat().st_size <= 4096:
        raise CollectorError(f"{path.name} is empty. Export it again.", permanent=True)
    return start


def _is_markup(start: bytes, path: Path) -> bool:
    """HTML begins with a tag, whatever the encoding; a spreadsheet written as XML is refused by name."""
    letters = start.replace(b"\x00", b"").lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n").lower()
    if b"urn:schemas-microsoft-com:office:spreadsheet" in letters and letters.startswith(b"<?xml"):
        raise CollectorError(f"{path.name} is an 'XML Spreadsheet 2003'. Save it as xlsx.", permanent=True)
    return letters.startswith(b"<")


def _require_workbook(path: Path) -> None:
    try:
        with zipfile.ZipFile(path) as archive:
            names = set(archive.namelist())
    except zipfile.BadZipFile as error:
        raise CollectorError(
            f"{path.name} is a cut-off workbook ({error}). Export it again.", permanent=True
        ) from error
    if not names.intersection(_WORKBOOK_PARTS):
        raise CollectorError(f"{path.name} is an archive, no spreadsheet. Unpack it first.", permanent=True)


def _some(grids: list[Grid], path: Path) -> list[Grid]:
    if not grids:
        raise CollectorError(f"{path.name} is empty: no sheet holds anything. Export it again.", permanent=True)
    return grids
