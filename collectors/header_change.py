"""A header that is not the one a source was saved with (表头变化): recognised and told, never guessed around.

A source with `strict_header` names the headers it knows. The order of columns does not matter, for columns are found by
their header; a header that came, went or is spelt anew does.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
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


@dataclass(frozen=True, slots=True)
class Aligned:
    """One column of the old header beside what it is in the new one. `what`: same | moved | renamed | gone | new."""

    old: str | None
    new: str | None
    what: str


def beside(expected: Sequence[str], found: Sequence[str]) -> list[Aligned]:
    """The old columns in their order, each beside its new one; then those that are new."""
    change = difference(expected, found)
    renamed, gone, added = dict(change.renamed), Counter(change.missing), Counter(change.added)
    kept = [name for name in expected if plain(name) and name not in renamed and not _taken(gone, name)]
    others = [name for name in found if plain(name) and name not in renamed.values() and not _taken(added, name)]
    blocks = SequenceMatcher(None, [*map(plain, kept)], [*map(plain, others)], autojunk=False).get_matching_blocks()
    steady = Counter(plain(kept[at]) for block in blocks for at in range(block.a, block.a + block.size))
    spelt = {plain(name): name for name in others}
    gone = Counter(change.missing)
    rows: list[Aligned] = []
    for name in filter(plain, expected):
        if name in renamed:
            rows.append(Aligned(name, renamed[name], "renamed"))
        elif _taken(gone, name):
            rows.append(Aligned(name, None, "gone"))
        else:
            what = "same" if _taken(steady, plain(name)) else "moved"
            rows.append(Aligned(name, spelt[plain(name)], what))
    return [*rows, *(Aligned(None, name, "new") for name in change.added)]


def _taken(left: Counter[str], name: str) -> bool:
    """Whether one of this name is left; it is then used up."""
    if left[name] < 1:
        return False
    left[name] -= 1
    return True


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
