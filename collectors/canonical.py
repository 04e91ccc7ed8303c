"""From a sheet as it came to canonical rows (规范行, design §4.1 Import, §4.2): what of an import needs no database.

`plans` decides once per sheet which source columns mean what, and refuses the file when a required one is missing.
`canonical_rows` turns chunks of text into typed values. A row whose number, office, moment or needed word cannot be
read gets a `fault`; any other unreadable value becomes null and its text is kept in `unreadable`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatch
from functools import reduce
from typing import Any

import polars as pl
from rapidfuzz import process

from collectors import values
from collectors.base import CollectorError
from collectors.headers import EXPORTED_AT, HEADERS, OFFICE_PARENT, implied, plain, recognise, recognise_minutes
from collectors.mapping import SourceConfig
from collectors.records import RECORDS, Column, RecordType
from collectors.stamps import Clock, to_the_minute, without_year
from collectors.tables.grid import FLAW, RAW, ROW, Grid
from collectors.tables.layout import Table, data_rows, find_table, stated_time
from collectors.words import choices, flags

FAULT, FAULT_COLUMN, FAULT_VALUE = "fault", "fault_column", "fault_value"
_TIMES = ("instant", "day", "month", "period")
_BESIDE = (Column(EXPORTED_AT, "instant"), Column(OFFICE_PARENT))
"""What a row may say beside its record: its version, and where an office that it makes belongs."""


@dataclass(frozen=True)
class Plan:
    """How the columns of one sheet become canonical ones."""

    record: RecordType
    config: SourceConfig
    table: Table
    clock: Clock
    columns: Mapping[str, Sequence[int]]
    """Canonical column → indexes of source columns, the first filled one counting."""
    minutes: Mapping[str, tuple[int, str]]
    constants: Mapping[str, str]
    messages: list[str] = field(default_factory=list)

    @property
    def number(self) -> int | None:
        """Index of the column that tells data from totals; offices have none: a total may carry a code there."""
        indexes = self.columns.get(self.record.number, ()) if self.record.name != "offices" else ()
        return indexes[0] if indexes else None

    @property
    def office(self) -> int | None:
        indexes = self.columns.get(self.record.office or "name", ())
        return indexes[0] if indexes else None

    @property
    def stated_time(self) -> str | None:
        return stated_time(self.table)

    def used(self) -> dict[str, list[str]]:
        """Canonical column → headers it is read from, for the batch's details."""
        header = self.table.header
        return {column: [header[index] for index in indexes] for column, indexes in self.columns.items()}


@dataclass(frozen=True)
class Chunk:
    """Canonical rows and, for those that must go to quarantine, their text as read."""

    frame: pl.DataFrame
    raw: Callable[[Sequence[int]], dict[int, str]]
    context: Callable[[Sequence[int]], dict[int, str]]
    """Row number → JSON of what the text does not say, where there is such a thing: `flaw` (why the line is no row),
    `lost` (indexes of cells in which Excel has lost digits), `merged` (index → text of the merge over a cell)."""


# --- the plan ------------------------------------------------------------------------------------------------------


def plans(grids: Sequence[Grid], config: SourceConfig, where: str) -> list[Plan]:
    """A plan per sheet that holds the record. Raises CollectorError (a file fault) when none does."""
    chosen = _chosen_sheets(grids, config, where)
    made: list[Plan] = []
    faults: list[tuple[int, CollectorError]] = []
    for grid in chosen:
        try:
            made.append(_plan(grid, config, where))
        except _NotHereError as error:
            faults.append((error.understood, CollectorError(error.message, permanent=True)))
    if not made:
        raise max(faults, key=lambda fault: fault[0])[1]
    made[0].messages.extend(f"ignored: {error.message}" for _, error in faults)
    return made


class _NotHereError(CollectorError):
    """A sheet without the record; `understood` headers were recognised, so the best one explains."""

    def __init__(self, message: str, understood: int = 0) -> None:
        super().__init__(message, permanent=True)
        self.understood = understood


def _chosen_sheets(grids: Sequence[Grid], config: SourceConfig, where: str) -> list[Grid]:
    if not config.sheets:
        return list(grids)
    chosen = [grid for grid in grids if any(fnmatch(grid.sheet or "", pattern) for pattern in config.sheets)]
    if not chosen:
        names = ", ".join(repr(grid.sheet or "") for grid in grids)
        raise CollectorError(f"{where}: no sheet is named {config.sheets}; there are {names}.", permanent=True)
    return chosen


def tables_of(grids: Sequence[Grid], config: SourceConfig, where: str) -> list[Table]:
    """The table of each sheet that the settings choose, as far as it has one, whether or not it holds the record."""
    found = (_table(grid, config) for grid in _chosen_sheets(grids, config, where))
    return [table for table in found if table is not None]


def _table(grid: Grid, config: SourceConfig) -> Table | None:
    return find_table(
        grid,
        lambda header: len(_columns(header, config)) + len(recognise_minutes(config.record, header)),
        header_rows=config.header_rows,
        skip_until=config.skip_until,
    )


def _plan(grid: Grid, config: SourceConfig, where: str) -> Plan:
    table = _table(grid, config)
    place = f"{where}, sheet '{grid.sheet}'" if grid.sheet else where
    if table is None:
        raise _NotHereError(f"{place} holds no table: no row has two cells. Export the table as xlsx or csv.")
    columns = _columns(table.header, config)
    constants = {**implied(config.record, table.header, columns), **config.constants}
    columns = {column: indexes for column, indexes in columns.items() if column not in constants}
    plan = Plan(
        RECORDS[config.record],
        config,
        table,
        Clock(config.timezone, tuple(config.date_formats), grid.from_1904),
        columns,
        {} if not columns else recognise_minutes(config.record, table.header),
        constants,
    )
    _require_columns(plan, place)
    _note_absent(plan, place)
    return plan


def _columns(header: Sequence[str], config: SourceConfig) -> dict[str, list[int]]:
    """Canonical column → source columns: the configured ones, else the recognised ones."""
    found = recognise(config.record, header)
    compared = [plain(cell) for cell in header]
    wanted = {column: [names] if isinstance(names, str) else names for column, names in config.columns.items()}
    wanted |= config.combine
    if config.exported_at:
        wanted[EXPORTED_AT] = [config.exported_at]
    for column, names in wanted.items():
        indexes = [compared.index(plain(name)) for name in names if plain(name) in compared]
        found.pop(column, None)
        if indexes and not (column in config.combine and len(indexes) < len(names)):
            found[column] = indexes
    return found


def _require_columns(plan: Plan, place: str) -> None:
    given = {*plan.columns, *plan.constants, *plan.minutes}
    missing = [name for name in plan.record.required if name not in given]
    if not missing:
        return
    header = [cell for cell in plan.table.header if cell]
    told = "; ".join(_missing(plan, name, header) for name in missing)
    raise _NotHereError(
        f"{place}: {told}. Headers found: {', '.join(header[:30])}. Name the header under [sources.columns].",
        understood=len(plan.columns),
    )


def _missing(plan: Plan, name: str, header: Sequence[str]) -> str:
    configured = plan.config.columns.get(name) or plan.config.combine.get(name)
    usual = [configured] if isinstance(configured, str) else configured
    usual = list(usual or HEADERS[plan.record.name].get(name, ())[:3])
    nearest = max((process.extractOne(word, header) for word in (name, *usual)), key=lambda hit: hit[1] if hit else 0)
    hint = f", the nearest found is '{nearest[0]}'" if nearest and nearest[1] >= 40 else ""
    return f"required column {name} ({' / '.join(usual)}) is missing{hint}"


def _note_absent(plan: Plan, place: str) -> None:
    for column in (*plan.config.columns, *plan.config.combine):
        names = plan.config.columns.get(column) or plan.config.combine.get(column)
        if names and column not in plan.columns:
            plan.messages.append(f"{place}: header {names!r} configured for {column} is not in the file.")


# --- rows ----------------------------------------------------------------------------------------------------------


def canonical_rows(plan: Plan) -> Iterator[Chunk]:
    """The data rows of a sheet, chunk by chunk."""
    for chunk in plan.table.grid.chunks(plan.table.above, len(plan.table.header)):
        rows = data_rows(plan.table, chunk, plan.number, plan.office)
        if rows.height:
            yield canonical_chunk(plan, rows)


def canonical_chunk(plan: Plan, rows: pl.DataFrame) -> Chunk:
    """Data rows (`row`, `flaw`, `raw`, `c0` …) as canonical ones."""
    return Chunk(_canonical(plan, rows), _raw_of(plan, rows), _context_of(plan, rows))


@dataclass
class _Draft:
    """A chunk being made: values by column, what was wrong, and the text for messages."""

    rows: pl.DataFrame
    texts: dict[str, pl.Series]
    values: dict[str, pl.Series] = field(default_factory=dict)
    bad: dict[str, pl.Series] = field(default_factory=dict)
    coarse: dict[str, pl.Series] = field(default_factory=dict)
    """Stamps known to the minute only."""
    damaged: dict[str, pl.Series] = field(default_factory=dict)


def _canonical(plan: Plan, rows: pl.DataFrame) -> pl.DataFrame:
    draft = _Draft(rows, _texts(plan, rows))
    for column in (*plan.record.columns, *_BESIDE):
        _read_column(plan, draft, column)
    _read_minutes(plan, draft)
    _settle_own_parent(plan, draft)
    fault = _faults(plan, draft)
    return pl.DataFrame(
        [
            rows[ROW].alias("row_no"),
            *draft.values.values(),
            _json_list(draft.coarse, rows.height).alias("precision"),
            _unreadable(draft, fault[FAULT]).alias("unreadable"),
            *fault.get_columns(),
        ]
    )


def _texts(plan: Plan, rows: pl.DataFrame) -> dict[str, pl.Series]:
    """What each mapped column says, cleaned as far as its kind needs."""
    expressions = [
        _text(plan, column).alias(column)
        for column in (*plan.record.names, EXPORTED_AT, OFFICE_PARENT)
        if column in plan.columns or column in plan.constants
    ]
    texts = {series.name: series for series in rows.select(expressions).get_columns()} if expressions else {}
    for column, series in texts.items():
        if len(series) != rows.height:  # a constant
            texts[column] = series.new_from_index(0, rows.height)
    for column in texts:
        texts[column] = _unmerged(plan, rows, column, texts[column])
        replaced = plan.config.values.get(column)
        if replaced and _kind(plan, column) not in ("choice", "flag", "maybe"):
            texts[column] = texts[column].replace({word: value or None for word, value in replaced.items()})
    return texts


def _text(plan: Plan, column: str) -> pl.Expr:
    if column in plan.constants:
        return pl.lit(plan.constants[column])
    cells = [pl.col(f"c{index}") for index in plan.columns[column]]
    if column in plan.config.combine:
        parts = _combined(cells)
        return pl.when(pl.all_horizontal(part.is_not_null() for part in parts)).then(
            pl.concat_str(parts, separator=" ").str.strip_chars_end()
        )
    if len(cells) == 1 and _kind(plan, column) != "text":
        return pl.when(cells[0] != "").then(cells[0])  # the parsers see blanks themselves, and seldom
    return values.first_filled(cells) if len(cells) > 1 else values.clean(cells[0])


def _combined(cells: Sequence[pl.Expr]) -> list[pl.Expr]:
    """The texts that together make one: a day without midnight, and its time, whose cell may say the day once more."""
    first = values.clean(cells[0])
    day = first.str.replace(r"[ T]00:00:00(?:\.0+)?$", "")
    later = [values.clean(cell).str.strip_prefix(pl.concat_str(day, pl.lit(" "))) for cell in cells[1:]]
    same = [(part == first) & first.str.contains(":", literal=True) for part in later]
    return [day, *(pl.when(again).then(pl.lit("")).otherwise(part) for again, part in zip(same, later, strict=True))]


def _kind(plan: Plan, column: str) -> str:
    beside = next((one.kind for one in _BESIDE if one.name == column), None)
    return beside or plan.record.column(column).kind


def _unmerged(plan: Plan, rows: pl.DataFrame, column: str, texts: pl.Series) -> pl.Series:
    """Needed cells that are blank because a cell above them spans several rows take that cell's text."""
    if column not in plan.columns or column not in plan.record.required or column == plan.record.number:
        return texts
    if not texts.null_count():
        return texts
    spanned = plan.table.grid.merged(plan.columns[column][0])
    if not spanned:
        return texts
    lifted = rows[ROW].replace_strict(dict(spanned), default=None, return_dtype=pl.String)
    return texts.zip_with(texts.is_not_null(), lifted)


def _read_column(plan: Plan, draft: _Draft, column: Column) -> None:
    texts = draft.texts.get(column.name)
    if texts is None:
        draft.values[column.name] = pl.Series(column.name, [None], dtype=_dtype(column)).new_from_index(
            0, draft.rows.height
        )
        return
    if values.is_identifier(column):
        texts = draft.texts[column.name] = values.clean_identifier(texts)
        damaged = _damaged(plan, draft, column.name, texts)
        if damaged.any():
            _note_damage(plan, draft, column.name, damaged)
            return
    words = _words(plan, column)
    parsed = values.parse(column, texts, words, plan.clock)
    if parsed.bad is not None and parsed.bad.any():
        texts = draft.texts[column.name] = pl.select(values.clean(pl.lit(texts))).to_series().alias(column.name)
        parsed = values.parse(column, texts, words, plan.clock)
    parsed = _with_year(plan, draft, column, texts, parsed)
    draft.values[column.name] = parsed.values.alias(column.name)
    if parsed.bad is not None and parsed.bad.any():
        draft.bad[column.name] = parsed.bad
    if column.kind == "instant" and column.name != EXPORTED_AT:
        coarse = to_the_minute(texts) & parsed.values.is_not_null()
        if coarse.any():
            draft.coarse[column.name] = coarse


def _with_year(plan: Plan, draft: _Draft, column: Column, texts: pl.Series, parsed: values.Parsed) -> values.Parsed:
    """Stamps that the source writes without a year, completed from the moment of their record."""
    base = draft.values.get(plan.record.moment or "")
    if column.kind != "instant" or parsed.bad is None or base is None or not plan.clock.yearless_formats:
        return parsed
    completed = without_year(texts.set(~parsed.bad, None), base, plan.clock)
    return values.Parsed(parsed.values.fill_null(completed), parsed.bad & completed.is_null())


def _words(plan: Plan, column: Column) -> Mapping[str, object]:
    own = {plain(word): value for word, value in plan.config.values.get(column.name, {}).items()}
    if column.kind == "choice":
        return {**choices(plan.record.name, column.name), **own}
    if column.kind in ("flag", "maybe"):
        known = flags(plan.record.name, column.name)
        return {**known, **{word: known.get(plain(value)) for word, value in own.items()}}
    return {}


def _dtype(column: Column) -> type[pl.Int64] | type[pl.Boolean] | type[pl.String]:
    if column.kind in ("instant", "integer"):
        return pl.Int64
    return pl.Boolean if column.kind in ("flag", "maybe") else pl.String


def _note_damage(plan: Plan, draft: _Draft, column: str, damaged: pl.Series) -> None:
    """A damaged number refuses its row; a damaged reference (customer, parent) would join strangers: unreadable."""
    texts = draft.texts[column]
    if column in (plan.record.number, *plan.record.key):
        draft.values[column], draft.damaged[column] = texts, damaged
    else:
        draft.values[column], draft.bad[column] = texts.set(damaged, None), damaged


def _damaged(plan: Plan, draft: _Draft, column: str, texts: pl.Series) -> pl.Series:
    damaged = values.damaged_identifiers(texts)
    if texts.str.contains(r"^\d{16,}$").any():
        lost = [row for index in plan.columns.get(column, ()) for row in plan.table.grid.lost_digits(index)]
        if lost:
            damaged = damaged | draft.rows[ROW].is_in(lost)
    return damaged


def _read_minutes(plan: Plan, draft: _Draft) -> None:
    """Stamps that the export gives as minutes since another stamp; a stamp of its own wins."""
    for column, (index, base) in plan.minutes.items():
        texts = draft.rows.select(values.clean(pl.col(f"c{index}"))).to_series()
        parsed = values.minutes(texts)
        silent = draft.values[column].is_null() & ~draft.bad.get(column, _never(draft))
        stamps = draft.values[base] + parsed.values
        derived = silent & stamps.is_not_null()
        draft.values[column] = draft.values[column].zip_with(~derived, stamps).alias(column)
        draft.coarse[column] = derived | draft.coarse.get(column, _never(draft))
        if parsed.bad is not None:
            unread = silent & parsed.bad
            draft.bad[column] = unread | draft.bad.get(column, _never(draft))
            shown = draft.texts.get(column, texts)
            draft.texts[column] = shown.zip_with(~unread, texts)


def _never(draft: _Draft) -> pl.Series:
    return pl.repeat(value=False, n=draft.rows.height, dtype=pl.Boolean, eager=True)


def _settle_own_parent(plan: Plan, draft: _Draft) -> None:
    """Two numbers for one ticket (工单编号, 国网工单编号): a parent that is its other number is itself, no parent."""
    parent = next((name for name in ("parent_ticket_no", "parent_repair_no") if name in draft.texts), None)
    others = plan.columns.get(plan.record.number, ())
    if parent is None or len(others) < 2:
        return
    own = draft.values[plan.record.number]
    for index in others:
        number = values.clean_identifier(draft.rows.select(values.clean(pl.col(f"c{index}"))).to_series())
        itself = (draft.values[parent] == number).fill_null(value=False)
        draft.values[parent] = draft.values[parent].zip_with(~itself, own).alias(parent)


# --- faults ----------------------------------------------------------------------------------------------------------


def _faults(plan: Plan, draft: _Draft) -> pl.DataFrame:
    """The first fault of each row: reason, column, text seen."""
    height = draft.rows.height
    reasons = [draft.rows[FLAW].to_list() if draft.rows[FLAW].null_count() < height else [None] * height]
    reason = pl.Series(FAULT, reasons[0], dtype=pl.String)
    columns = pl.Series(FAULT_COLUMN, [None], dtype=pl.String).new_from_index(0, height)
    shown = pl.Series(FAULT_VALUE, [None], dtype=pl.String).new_from_index(0, height)
    for name, mask, code in _checks(plan, draft):
        hit = mask & reason.is_null()
        if hit.any():
            reason = reason.zip_with(~hit, pl.Series([code]).new_from_index(0, height))
            columns = columns.zip_with(~hit, pl.Series([name]).new_from_index(0, height))
            shown = shown.zip_with(~hit, draft.texts.get(name, shown))
    return pl.DataFrame([reason.alias(FAULT), columns.alias(FAULT_COLUMN), shown.alias(FAULT_VALUE)])


def _checks(plan: Plan, draft: _Draft) -> Iterator[tuple[str, pl.Series, str]]:
    """What makes a row unusable, the number first."""
    needed = [column for column in plan.record.columns if column.required or column.needed]
    for column in sorted(needed, key=lambda column: column.name not in plan.record.key):
        if column.name in draft.damaged:
            yield column.name, draft.damaged[column.name], "damaged_number"
        if column.name in draft.bad:
            yield column.name, draft.bad[column.name], _unreadable_code(column)
        yield column.name, draft.values[column.name].is_null(), "missing_value"
    for name, mask in draft.damaged.items():
        yield name, mask, "damaged_number"
    if "denominator" in draft.values:
        yield (
            "denominator",
            draft.values["denominator"].str.starts_with("-").fill_null(value=False),
            "negative_denominator",
        )
    for column in plan.record.columns:  # a key that is not needed may be empty, but not unreadable
        if column.name in plan.record.key and column.name in draft.bad:
            yield column.name, draft.bad[column.name], _unreadable_code(column)


def _unreadable_code(column: Column) -> str:
    if column.kind in _TIMES:
        return "unreadable_time"
    return "unknown_value" if column.kind == "choice" else "unreadable_value"


def _unreadable(draft: _Draft, fault: pl.Series) -> pl.Series:
    """JSON of the values that could not be read (column → text), null for most rows."""
    told: dict[int, dict[str, str]] = {}
    for name, mask in draft.bad.items():
        for index in (mask & fault.is_null()).arg_true():
            told.setdefault(index, {})[name] = draft.texts[name][index]
    texts: list[str | None] = [None] * draft.rows.height
    for index, problem in told.items():
        texts[index] = json.dumps(problem, ensure_ascii=False, sort_keys=True)
    return pl.Series("unreadable", texts, dtype=pl.String)


def _json_list(masks: Mapping[str, pl.Series], height: int) -> pl.Series:
    """JSON list of the column names whose mask is set, null where none is."""
    named = [pl.when(pl.lit(mask)).then(pl.lit(json.dumps(name))) for name, mask in masks.items()]
    if not named:
        return pl.Series([None], dtype=pl.String).new_from_index(0, height)
    joined = pl.concat_str(named, separator=", ", ignore_nulls=True)
    some = reduce(lambda left, right: left | right, masks.values())
    return pl.select(pl.when(pl.lit(some)).then(pl.concat_str(pl.lit("["), joined, pl.lit("]")))).to_series()


def _raw_of(plan: Plan, rows: pl.DataFrame) -> Callable[[Sequence[int]], dict[int, str]]:
    """Row number → JSON of header → text as read, made only for the rows asked for."""
    header = distinct(plan.table.header)

    def raw(numbers: Sequence[int]) -> dict[int, str]:
        asked = rows.filter(pl.col(ROW).is_in(list(numbers)))
        made: dict[int, str] = {}
        for number, _, flawed, *cells in asked.select(ROW, FLAW, RAW, pl.exclude(ROW, FLAW, RAW)).iter_rows():
            told = json.loads(flawed) if flawed else cells
            names = [*header, *(f"+{n}" for n in range(1, len(told) - len(header) + 1))]
            made[number] = json.dumps(dict(zip(names, told, strict=False)), ensure_ascii=False)
        return made

    return raw


def _context_of(plan: Plan, rows: pl.DataFrame) -> Callable[[Sequence[int]], dict[int, str]]:
    """Row number → what must be kept beside a refused row's text, so that it can be read again as it was."""
    needed = [name for name in plan.record.required if name in plan.columns]
    identifiers = [column.name for column in plan.record.columns if values.is_identifier(column)]

    def context(numbers: Sequence[int]) -> dict[int, str]:
        asked = rows.filter(pl.col(ROW).is_in(list(numbers)))
        here, grid = set(asked[ROW]), plan.table.grid
        told: dict[int, dict[str, Any]] = {
            row: {"flaw": flaw} for row, flaw in asked.select(ROW, FLAW).drop_nulls().rows()
        }
        for index in sorted({index for name in identifiers for index in plan.columns.get(name, ())}):
            if asked[f"c{index}"].str.contains(r"\d{16,}").any():
                for row in here.intersection(grid.lost_digits(index)):
                    told.setdefault(row, {}).setdefault("lost", []).append(index)
        for index in sorted({plan.columns[name][0] for name in needed}):
            spanned = grid.merged(index)
            for row in here.intersection(spanned):
                told.setdefault(row, {}).setdefault("merged", {})[str(index)] = spanned[row]
        return {row: json.dumps(what, ensure_ascii=False, sort_keys=True) for row, what in told.items()}

    return context


def distinct(header: Sequence[str]) -> list[str]:
    """Header names made unique, blanks named by position."""
    seen: dict[str, int] = {}
    names: list[str] = []
    for position, cell in enumerate(header, start=1):
        name = cell or f"column {position}"
        seen[name] = seen.get(name, 0) + 1
        names.append(name if seen[name] == 1 else f"{name} ({seen[name]})")
    return names
