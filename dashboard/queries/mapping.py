"""An unknown export looked at before anything is stored (映射预览): the header found, what its columns may be, and the
rows as they would be stored, with every problem counted. Reads the file through the collectors; writes nothing.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from glob import escape
from pathlib import Path
from typing import Any

import polars as pl

from checks.measures import Measures
from collectors.base import CollectorError
from collectors.canonical import Plan, canonical_rows, plans, tables_of
from collectors.headers import plain
from collectors.mapping import SourceConfig
from collectors.reading import grids_apart
from collectors.records import RecordType
from collectors.stamps import SHANGHAI, Clock
from collectors.suggest import Suggestion, suggest
from collectors.tables.layout import Table
from dashboard.database import Database
from dashboard.instants import to_micros
from dashboard.intake.knowledge import known_now
from dashboard.intake.names import compared, office_names
from dashboard.intake.prepare import Known, Prepared, prepare
from dashboard.people import Viewer
from dashboard.privacy import mask, masked, masked_text, masked_value
from dashboard.rights import require
from dashboard.settings import Slot

SAMPLE_ROWS = 2_000
SHOWN_ROWS = 50
COUNTED_ROWS = 300_000
"""Problems are counted over so many rows at most: a mapping is tried many times."""
WORDS_SHOWN = 20
LINES = 15


@dataclass(frozen=True, slots=True)
class Sheet:
    """A sheet with a table: its header (two rows joined), how many rows that has, and the lines above it."""

    name: str | None
    header: tuple[str, ...]
    header_rows: int
    above: int
    understood: int
    """Headers that the dictionary knows."""


@dataclass(frozen=True, slots=True)
class Line:
    """One of the first lines of a sheet; `mark` is a cell by which `skip_until` finds it (None: no cell of its own)."""

    number: int
    text: str
    mark: str | None


@dataclass(frozen=True, slots=True)
class Look:
    """What is in the file, before any mapping. `sheets` are those with a table; the best one is `chosen`."""

    sheets: tuple[Sheet, ...] = ()
    chosen: Sheet | None = None
    suggestions: tuple[Suggestion, ...] = ()
    lines: tuple[Line, ...] = ()
    """The first lines of the chosen sheet."""
    error: str | None = None


@dataclass
class Preview:
    """What an import would make of the file. `error`: it would be refused as a whole, and why."""

    error: str | None = None
    record: str = ""
    used: dict[str, list[str]] = field(default_factory=dict)
    """Canonical column → headers it is read from."""
    read: int = 0
    good: int = 0
    repeated: int = 0
    """Rows that say again what a row before said."""
    complete: bool = True
    """False: only the first `COUNTED_ROWS` rows were counted."""
    skipped: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    """Rows that would go to quarantine, by reason."""
    seen: dict[str, Counter[str]] = field(default_factory=dict)
    """Reason → `column: text` → rows: what stood there."""
    unreadable: dict[str, Counter[str]] = field(default_factory=dict)
    """Column → text → rows, stored as missing with their text beside."""
    words: dict[str, Counter[str]] = field(default_factory=dict)
    """Column of an enumeration → words it does not know → rows."""
    rows: list[dict[str, Any]] = field(default_factory=list)
    """The first rows as stored (instants in microseconds UTC); refused ones carry `reason`, `column_name`, `value`."""
    messages: list[str] = field(default_factory=list)

    @property
    def refused(self) -> int:
        return sum(self.reasons.values())


def look(
    db: Database,
    viewer: Viewer,
    *,
    path: Path,
    name: str,
    record: str,
    sheet: str | None = None,
    header_rows: int | None = None,
    skip_until: str | None = None,
    timezone: str = SHANGHAI,
) -> Look:
    """The sheets of a file and suggestions for the chosen one (else the one whose header is understood best).

    NotAllowedError for who may not keep sources. A file that cannot be read gives its `error`.
    """
    require(viewer, "save sources")
    config = SourceConfig(record=record, header_rows=header_rows)
    known = set(office_names(db).table["key"])
    try:
        with grids_apart(path) as grids:
            sheets = tuple(_sheet(one, record) for one in tables_of(grids, config, name))
            best = _best([one for one in sheets if sheet is None or one.name == sheet])
            if best is None:
                return Look(sheets)
            asked = config.model_copy(update={"sheets": _only(best.name), "skip_until": skip_until})
            table = tables_of(grids, asked, name)[0]
            return Look(sheets, _sheet(table, record), _suggestions(table, config, known, timezone), _lines(table))
    except CollectorError as error:
        return Look(error=error.message)


def _suggestions(table: Table, config: SourceConfig, known: set[str], timezone: str) -> tuple[Suggestion, ...]:
    sample = next(table.grid.chunks(table.above, len(table.header)), pl.DataFrame()).head(SAMPLE_ROWS)
    clock = Clock(timezone, (), table.grid.from_1904)
    found = suggest(config.record, table.header, sample, clock, lambda text: compared(text) in known)
    return tuple(replace(one, profile=replace(one.profile, examples=_examples(one))) for one in found)


def _examples(found: Suggestion) -> tuple[str, ...]:
    """What stands in a column: masked by the strictest of what its header says and what it is taken for."""
    twice = ((found.column, text) for text in found.profile.examples)
    return tuple(str(masked_value(found.header, masked_value(column, text))) for column, text in twice)


def _best(sheets: Sequence[Sheet]) -> Sheet | None:
    return max(sheets, key=lambda sheet: (sheet.understood, len(sheet.header)), default=None)


def _only(sheet: str | None) -> list[str]:
    """`sheets` of a configuration that means this one: names there are patterns."""
    return [escape(sheet)] if sheet else []


def _lines(table: Table) -> tuple[Line, ...]:
    """The first lines; one is found again by a cell that no line before it has."""
    before: list[str] = []
    found: list[Line] = []
    for number, row in enumerate(table.grid.head[:LINES], start=1):
        cells = [" ".join(cell.split()) for cell in row if cell.strip()]
        mark = next((cell for cell in cells if not any(plain(cell) in line for line in before)), None)
        found.append(Line(number, masked_text(" │ ".join(cells)[:120]), mark))
        before.append(plain("".join(row)))
    return tuple(line for line in found if line.text)


def _understood(table: Table, record: str) -> int:
    found = suggest(record, table.header, pl.DataFrame(), Clock())
    return sum(one.how in ("known", "minutes") for one in found)


def _sheet(table: Table, record: str) -> Sheet:
    return Sheet(table.sheet, table.header, len(table.header_rows), table.above, _understood(table, record))


def preview(
    db: Database, viewer: Viewer, *, path: Path, name: str, config: SourceConfig, slots: Sequence[Slot] = (),
    measures: Measures | None = None, at: datetime,
) -> Preview:  # fmt: skip
    """Every row of the file through `config`, as an import at `at` would read it. NotAllowedError as for `look`."""
    require(viewer, "save sources")
    made = Preview(record=config.record)
    with db.adbc() as connection:
        known = known_now(db, connection, config, version_at=to_micros(at), slots=slots, measures=measures)
    try:
        with grids_apart(path) as grids:
            for plan in plans(grids, config, name):
                _add_sheet(made, plan, known)
    except CollectorError as error:
        made.error = masked("text", error.message)
    return _masked(made)


def _masked(made: Preview) -> Preview:
    """The preview as it is shown: what stood in the file is masked, unknown words that look like a person's are not
    offered."""
    made.seen = {reason: _covered(found) for reason, found in made.seen.items()}
    made.unreadable = {
        name: Counter({str(masked_value(name, text)): n for text, n in found.items()})
        for name, found in made.unreadable.items()
    }
    made.words = {
        name: Counter({text: n for text, n in found.items() if masked_text(text) == text})
        for name, found in made.words.items()
    }
    made.rows = [{name: _shown(row, name, value) for name, value in row.items()} for row in made.rows]
    made.messages = [masked_text(message) for message in made.messages]
    return made


def _covered(found: Counter[str]) -> Counter[str]:
    covered: Counter[str] = Counter()
    for key, rows in found.items():
        column, _, text = key.partition("\x1f")
        covered[f"{column}\x1f{masked_value(column, text)}"] += rows
    return covered


def _shown(row: dict[str, Any], name: str, value: Any) -> Any:
    if not isinstance(value, str):
        return value
    return masked_value(row.get("column_name"), value) if name == "value" else mask(name, value)


def _add_sheet(made: Preview, plan: Plan, known: Known) -> None:
    made.used.update(plan.used())
    keys: list[pl.DataFrame] = []
    for chunk in _counted(made, plan, known):
        keys.append(chunk.good.select(*known.record.key, "content_hash"))
        made.read += chunk.read
        made.good += chunk.good.height
        _add_refused(made, chunk.refused, known.record)
        _add_unreadable(made, chunk.good, known.record)
        _add_rows(made, chunk)
    _add_duplicates(made, keys, known.record)
    made.skipped.update(plan.table.skipped)
    made.messages += plan.messages


def _counted(made: Preview, plan: Plan, known: Known) -> Iterator[Prepared]:
    """Chunks made ready, until enough rows are counted."""
    for chunk in canonical_rows(plan):
        if made.read >= COUNTED_ROWS:
            made.complete = False
            return
        yield prepare(chunk, known)


def _add_refused(made: Preview, refused: pl.DataFrame, record: RecordType) -> None:
    counted = refused.group_by("reason", "column_name", "value").len()
    for reason, column, value, rows in counted.rows():
        made.reasons[reason] += rows
        made.seen.setdefault(reason, Counter())[f"{column or ''}\x1f{value or ''}"] += rows
        if reason == "unknown_value" and value and _is_choice(record, column):
            made.words.setdefault(column, Counter())[value] += rows


def _add_unreadable(made: Preview, good: pl.DataFrame, record: RecordType) -> None:
    for text in good["unreadable"].drop_nulls():
        for column, value in json.loads(text).items():
            made.unreadable.setdefault(column, Counter())[value] += 1
            if _is_choice(record, column):
                made.words.setdefault(column, Counter())[value] += 1


def _is_choice(record: RecordType, column: str | None) -> bool:
    return any(one.name == column and one.kind == "choice" for one in record.columns)


def _add_rows(made: Preview, chunk: Prepared) -> None:
    if len(made.rows) >= SHOWN_ROWS:
        return
    both = pl.concat([chunk.good.head(SHOWN_ROWS), chunk.refused.head(SHOWN_ROWS)], how="diagonal")
    made.rows += both.sort("row_no").head(SHOWN_ROWS - len(made.rows)).to_dicts()


def _add_duplicates(made: Preview, keys: list[pl.DataFrame], record: RecordType) -> None:
    """Numbers that stand in the file twice: equal ones count once, contradicting ones are all refused."""
    if not keys:
        return
    rows = pl.concat(keys).group_by(record.key).agg(pl.len().alias("rows"), pl.col("content_hash").n_unique())
    said_twice = rows.filter(pl.col("content_hash") > 1)
    contradicting = int(said_twice["rows"].sum())
    if contradicting:
        made.reasons["duplicate_in_file"] += contradicting
        number = said_twice[record.number].head(WORDS_SHOWN)
        counts = dict(zip(number, said_twice["rows"], strict=False))
        made.seen["duplicate_in_file"] = Counter({f"{record.number}\x1f{text}": n for text, n in counts.items()})
        made.good -= contradicting
    repeated = int((rows.filter(pl.col("content_hash") == 1)["rows"] - 1).sum())
    made.repeated += repeated
