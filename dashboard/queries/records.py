"""The judged records behind a figure (记录), in the shape of design §4.1 `records`, a page at a time."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import polars as pl
import sqlalchemy as sa

from checks.periods import Period
from checks.reasons import REASONS, STATES, numbers_of
from collectors.records import RECORDS
from dashboard.database import Database
from dashboard.database.models import RECORD_TABLES, VERDICTS
from dashboard.errors import UsageError
from dashboard.freezing.stored import records_of, snapshot_of
from dashboard.instants import iso_local
from dashboard.judging.detail import Scope, detailed, scope_of, verdict_of
from dashboard.judging.halls import SAMPLE_CODES, judged_samples
from dashboard.judging.kinds import KINDS, Kind
from dashboard.judging.present import bring_up_to_date
from dashboard.judging.reading import Reader, reader
from dashboard.judging.rules import Rules
from dashboard.judging.sums import in_period, sample_days
from dashboard.nearest import nearest
from dashboard.people import Viewer
from dashboard.queries.explain import require_office
from dashboard.queries.league import period_named
from dashboard.queries.office_changes import day_of_tree
from dashboard.secrecy import withhold

SAMPLES = "samples"
LISTED = (*KINDS, SAMPLES)
LETTERS = {name: letter for letter, name in STATES.items()}
SHOWN = ("verdict", "deadline", "actual", "reason")
NO_LIMIT = 1 << 62
AT_ONCE = 5_000
"""Numbers in one question: databases take only so many values."""


def records(
    db: Database,
    viewer: Viewer,
    rules: Rules,
    *,
    record: str,
    period: str,
    now: dt.datetime,
    as_of: dt.datetime | None = None,
    office: str | None = None,
    verdict: str | None = None,
    indicator: str | None = None,
    limit: int | None = None,
    offset: int = 0,
    refresh: bool = True,
    tree: str = "day",
) -> dict[str, Any]:
    """Judged records of a period below an office, newest first: `{"rows": […], "total": how many without limit}`.

    `verdict` keeps records with that verdict in some indicator, or in `indicator`. As-of and `tree` as in `league`.
    Raises UsageError (record, period, verdict, indicator, office), NotAllowedError.
    """
    asked = period_named(period, rules)
    _require_word("record type with verdicts", record, LISTED)
    _require_word("verdict", verdict, LETTERS)
    if as_of is None and rules.foreign is None and tree == "day":
        frozen = snapshot_of(db, asked.name)
        if frozen is not None:
            if office is not None:
                require_office(frozen, viewer, office, asked)
            _require_word(f"indicator of {record}", indicator, frozen.codes_of(record))
            tops = (None if office is None else {office}, viewer.offices)
            found = records_of(frozen, record, tops, verdict, indicator, limit, offset)
            return _told(db, viewer, _with_ids(db, record, found))
    codes = SAMPLE_CODES if record == SAMPLES else rules.rulebook.order(record)
    _require_word(f"indicator of {record}", indicator, codes)
    stored = as_of is None and rules.foreign is None
    if stored and refresh:
        bring_up_to_date(db, rules, now)
    with reader(db, rules.foreign, day_of_tree(tree, as_of or now)) as source:
        if office is not None:
            require_office(source, viewer, office, asked)
        scope = scope_of(source.shown, asked, None if office is None else {office}, viewer.offices)
        wanted = _Wanted(source, rules, asked, scope, as_of or now, verdict, indicator, limit, offset)
        if record == SAMPLES:
            return wanted.samples()
        return _told(db, viewer, wanted.stored(KINDS[record]) if stored else wanted.aside(KINDS[record]))


def _told(db: Database, viewer: Viewer, found: dict[str, Any]) -> dict[str, Any]:
    """Sealed records keep their place among the others, so that figures add up, and nothing else."""
    return {**found, "rows": withhold(db, viewer, found["rows"])}


def _with_ids(db: Database, record: str, found: dict[str, Any]) -> dict[str, Any]:
    """Frozen rows with the ids by which their records are found today; None for one that is gone."""
    table, number = RECORD_TABLES[record].c, RECORDS[record].number
    system = sa.literal("") if record == SAMPLES else table.system
    numbers = [row["number"] for row in found["rows"]]
    ids: dict[tuple[str, str], int] = {}
    with db.reading() as connection:
        for start in range(0, len(numbers), AT_ONCE):
            named = table[number].in_(numbers[start : start + AT_ONCE])
            rows = connection.execute(sa.select(table.id, table[number], system).where(named)).all()
            ids |= {(row[1], row[2]): row[0] for row in rows}
    told = [{**row, "id": ids.get((row["number"], row["system"]))} for row in found["rows"]]
    return {**found, "rows": told}


def _require_word(what: str, value: str | None, known: Iterable[str]) -> None:
    known = tuple(known)
    if value is not None and value not in known:
        guess = nearest(value, known)
        hint = f"Did you mean '{guess}'?" if guess else f"Known are {', '.join(known)}."
        raise UsageError(f"There is no {what} '{value}'.", hint)


@dataclass(frozen=True)
class _Wanted:
    """A question for records, and the two ways to answer it."""

    source: Reader
    rules: Rules
    period: Period
    scope: Scope
    as_of: dt.datetime
    verdict: str | None
    indicator: str | None
    limit: int | None
    offset: int

    def stored(self, kind: Kind) -> dict[str, Any]:
        """By the stored letters: only the rows of the page are judged again, for their details."""
        table, row = VERDICTS[kind.record], RECORD_TABLES[kind.record].c
        verdict = table.c
        matching = (
            sa.select(verdict.record_id)
            .join_from(table, RECORD_TABLES[kind.record], row.id == verdict.record_id)
            .where(
                row[kind.moment] >= self.period.starts_at,
                row[kind.moment] < self.period.ends_at,
                self.scope.stored(verdict.office_code, verdict.day),
                self._letters(kind, verdict.states),
            )
        )
        page = matching.order_by(row[kind.moment].desc(), row.id.desc()).offset(self.offset)
        page = page.limit(self.limit if self.limit is not None else NO_LIMIT)
        total = self.source.frame(sa.select(sa.func.count().label("n")).select_from(matching.subquery())).item()

        def condition(table: Any) -> sa.ColumnElement[bool]:
            return table.c.id.in_(sa.select(page.subquery().c.record_id))  # type: ignore[no-any-return]

        found = detailed(self.source, self.rules, kind, condition, self.as_of)
        return self._document(kind, found.sort(kind.moment, "id", descending=True), int(total))

    def aside(self, kind: Kind) -> dict[str, Any]:
        """Judged at another as-of, in memory."""
        condition = in_period(kind, self.period, self.scope.offices)
        found = detailed(self.source, self.rules, kind, condition, self.as_of)
        found = found.filter(
            self.scope.holds("office_code", "day"), self._reasons(self.rules.rulebook.order(kind.record))
        )
        found = found.sort(kind.moment, "id", descending=True)
        return self._document(kind, found.slice(self.offset, self.limit), found.height)

    def samples(self) -> dict[str, Any]:
        """Samples are few: judged each time."""
        where = sample_days(self.period, [], self.scope.offices)
        found = judged_samples(self.source, self.rules, where, self.as_of).filter("exists")
        found = found.with_columns(
            pl.col("date").cast(pl.Int32).cast(pl.Int64).alias("day"),
            pl.col("hall_code").alias("office_code"),
            pl.col("sample_id").alias("number"),
            pl.col("record_id").alias("id"),
        )
        found = found.filter(self.scope.holds("office_code", "day"), self._reasons(SAMPLE_CODES))
        found = found.sort("planned_at", "number", descending=True)
        rows = [self._row(SAMPLES, "planned_at", SAMPLE_CODES, row) for row in self._page(found)]
        return {"rows": rows, "total": found.height, "snapshot": None}

    def _page(self, found: pl.DataFrame) -> list[dict[str, Any]]:
        return found.slice(self.offset, self.limit).to_dicts()

    def _document(self, kind: Kind, page: pl.DataFrame, total: int) -> dict[str, Any]:
        codes = self.rules.rulebook.order(kind.record)
        rows = [self._row(kind.record, kind.moment, codes, row) for row in page.iter_rows(named=True)]
        return {"rows": rows, "total": total, "snapshot": None}

    def _row(self, record: str, moment: str, codes: tuple[str, ...], row: dict[str, Any]) -> dict[str, Any]:
        """One record; only indicators that concern it are named."""
        verdicts = {code: verdict_of(row, code) for code in codes if REASONS[row[code]].state in STATES}
        return {
            "record": record,
            "number": row["number"],
            "id": row["id"],
            "office": row["office_code"],
            "period": self.period.name,
            "at": iso_local(row[moment]),
            **{name: {code: found[name] for code, found in verdicts.items()} for name in SHOWN},
        }

    def _letters(self, kind: Kind, states: Any) -> sa.ColumnElement[bool]:
        """Stored letters that answer to the verdict and indicator asked for."""
        codes = self.rules.rulebook.order(kind.record)
        letter = LETTERS[self.verdict] if self.verdict else None
        if self.indicator is None:
            return sa.true() if letter is None else states.like(f"%{letter}%")
        here = sa.func.substr(states, codes.index(self.indicator) + 1, 1)
        return here != "-" if letter is None else here == letter

    def _reasons(self, codes: tuple[str, ...]) -> pl.Expr:
        """The same on judged frames."""
        letters = LETTERS[self.verdict] if self.verdict else "".join(STATES)
        if self.indicator is None and self.verdict is None:
            return pl.lit(True)
        chosen = codes if self.indicator is None else (self.indicator,)
        return pl.any_horizontal(*(pl.col(code).is_in(numbers_of(letters)) for code in chosen))
