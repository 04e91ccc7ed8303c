"""Which encoding a text file has (编码): BOM, then strict UTF-8, then GB18030, the order of domain.md §2.4."""

from __future__ import annotations

import codecs
import mmap

BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_BLOCK = 1 << 24


def detect(data: bytes | memoryview | mmap.mmap) -> tuple[str, int]:
    """Encoding and length of its BOM. `mixed`: neither UTF-8 nor GB18030 throughout, to be decoded line by line."""
    for bom, name in BOMS:
        if bytes(data[: len(bom)]) == bom:
            return name, len(bom)
    if _without_bom_utf16(data):
        return "utf-16-le", 0
    for name in ("utf-8", "gb18030"):
        if _decodes(data, name):
            return name, 0
    return "mixed", 0


def to_text(data: bytes) -> str:
    """The whole text. Lines of a mixed file are decoded one by one; what fits nothing becomes U+FFFD."""
    name, skip = detect(data)
    if name == "mixed":
        return b"".join(map(line_to_utf8, data.splitlines(keepends=True))).decode()
    return data[skip:].decode(name, errors="replace")  # only a cut last character is replaced: detect() read the rest


def line_to_utf8(line: bytes) -> bytes:
    """One line of a mixed file as UTF-8, whichever of the two it was."""
    for name in ("utf-8", "gb18030"):
        try:
            return line.decode(name).encode()
        except UnicodeDecodeError:
            continue
    return line.decode("gb18030", errors="replace").encode()


def _without_bom_utf16(data: bytes | memoryview | mmap.mmap) -> bool:
    """UTF-16 of mostly Latin digits and commas shows a zero in every second byte."""
    start = bytes(data[:400])
    return len(start) >= 8 and start[1::2].count(0) > len(start) * 0.3 and start[0::2].count(0) == 0


def _decodes(data: bytes | memoryview | mmap.mmap, name: str) -> bool:
    decoder = codecs.getincrementaldecoder(name)()
    try:
        for start in range(0, len(data), _BLOCK):
            # not final: a file cut inside a character is UTF-8 still
            decoder.decode(bytes(data[start : start + _BLOCK]))
            let_go(data)
    except UnicodeDecodeError:
        return False
    return True


def let_go(data: bytes | memoryview | mmap.mmap) -> None:
    """Pages of a mapped file that have been looked at need not stay in our memory: a large file would fill it."""
    if isinstance(data, mmap.mmap) and hasattr(data, "madvise"):
        data.madvise(mmap.MADV_DONTNEED)
