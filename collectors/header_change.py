"""A header that is not the one a source was saved with (表头变化): recognised and told, never guessed around.

A source with `strict_header` names the headers it knows. The order of columns does not matter, for columns are found by
their header; a header that came, went or is spelt anew does.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from rapidfuzz import fuzz

from collectors.base import CollectorError
from collectors.canonical import tables_of
from collectors.headers import plain
from collectors.mapping import SourceConfig
from collectors.tables.grid import Grid

HEADER_CHANGED = "header_changed"
ALIKE = 50.0
"""Headers at least so alike (0–100, share of equal characters) may be the same column under a new name."""


@dataclass(frozen=True, slots=True)
class Difference:
    """What came, what went, and which of them may be one column renamed: (old, new) pairs."""

    added: tuple[str, ...]
    missing: tuple[str, ...]
    renamed: tuple[tuple[str, str], ...]

    def __bool__(self) -> bool:
        return bool(self.added or self.missing or self.renamed)

    def sentence(self) -> str:
        """In English, for the message of the failed batch."""
        parts = [f"'{old}' may now be '{new}'" for old, new in self.renamed]
        parts += [f"'{name}' is missing" for name in self.missing]
        parts += [f"'{name}' is new" for name in self.added]
        return ", ".join(parts)


class HeaderChangedError(CollectorError):
    """A file fault: the header is none of those that the source was saved with. `details` go to the failed batch."""

    def __init__(self, where: str, expected: Sequence[str], found: Sequence[str]) -> None:
        change = difference(expected, found)
        super().__init__(
            f"{where}: the header has changed: {change.sentence()}. Nothing of the file was stored. "
            "Look at it on the Mapping page and save the source again with the new header.",
            permanent=True,
        )
        self.details: dict[str, Any] = {"reason": HEADER_CHANGED, "header": list(found), "expected": list(expected)}


def difference(expected: Sequence[str], found: Sequence[str]) -> Difference:
    """Headers of one that the other lacks, blanks left out; likely renamings paired, the likeliest first."""
    missing, added = _lacking(expected, found), _lacking(found, expected)
    pairs = sorted(
        ((fuzz.ratio(plain(old), plain(new)), old, new) for old in missing for new in added), key=lambda pair: -pair[0]
    )
    renamed: list[tuple[str, str]] = []
    for score, old, new in pairs:
        if score >= ALIKE and old in missing and new in added:
            renamed.append((old, new))
            missing.remove(old)
            added.remove(new)
    return Difference(tuple(added), tuple(missing), tuple(renamed))


def _lacking(names: Sequence[str], others: Sequence[str]) -> list[str]:
    """Those of `names` that `others` does not have, as often as it does not have them."""
    left = Counter(plain(name) for name in others)
    lacking: list[str] = []
    for name in filter(plain, names):
        if left[plain(name)]:
            left[plain(name)] -= 1
        else:
            lacking.append(name)
    return lacking


def refuse_changed_header(grids: Sequence[Grid], config: SourceConfig, where: str) -> None:
    """HeaderChangedError when a strict source meets a header it does not know.

    Every sheet that its settings choose must have a known header; where they choose none by name, at least one sheet,
    for a workbook may hold notes beside.
    """
    if not config.strict_header or not config.headers:
        return
    found = [(table.sheet, table.header) for table in tables_of(grids, config, where)]
    strangers = [(sheet, header) for sheet, header in found if not _is_known(header, config)]
    if not strangers or (len(strangers) < len(found) and not config.sheets):
        return
    sheet, header = strangers[0]
    expected = min(config.headers, key=lambda known: _distance(known, header))
    raise HeaderChangedError(f"{where}, sheet '{sheet}'" if sheet else where, expected, header)


def _is_known(header: Sequence[str], config: SourceConfig) -> bool:
    return any(not difference(known, header) for known in config.headers)


def _distance(known: Sequence[str], header: Sequence[str]) -> int:
    return len(_lacking(known, header)) + len(_lacking(header, known))
