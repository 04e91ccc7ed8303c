"""Everything the quarter's documents print (季度评价): league and comparisons, counts, ledger, what was left out."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl
import sqlalchemy as sa

from checks.clock import EPOCH, OFFSET
from checks.offices import Tree
from checks.periods import Period, parse_period, period_before, year_before
from checks.ranking import rank
from checks.reasons import REASONS, numbers_of
from checks.rulebook.loader import Rulebook
from checks.rulebook.model import Edition
from checks.scoring import scoring_edition
from dashboard.bootstrap import Application
from dashboard.database import Database
from dashboard.database.models import BATCHES, QUARANTINE, RECORD_TABLES
from dashboard.freezing.stored import league_of, snapshot_of
from dashboard.instants import to_micros
from dashboard.judging.halls import deducting_events
from dashboard.judging.kinds import KINDS
from dashboard.judging.present import bring_up_to_date
from dashboard.judging.reading import Reader, reader
from dashboard.judging.rules import Rules, rules_of
from dashboard.judging.sums import OfficeSums, office_sums
from dashboard.people import Viewer
from dashboard.queries.finished_scores import finished_scores
from dashboard.queries.league import edition_of, leaves_of, row_document, row_of, standings, visible
from dashboard.queries.quarter_counts import (
    Connecting,
    HallWatch,
    Repairing,
    Ticketing,
    connecting,
    hall_watch,
    judged,
    repairing,
    ticketing,
)
from dashboard.queries.staleness import mark, silent_sources

LEVELS = ("company", "county", "station")
"""Levels of the sheets, the widest first; halls have a sheet of their own."""
Row = Mapping[str, Any]
"""A row of the league as `mingcha league --format json` prints it."""


@dataclass(frozen=True, slots=True)
class OfficeLine:
    """One office of the sheets: its league row now, in the period before and a year before, and its counts."""

    code: str
    level: str
    parent: str
    row: Row
    before: Row | None
    year_before: Row | None
    tickets: Ticketing
    repairs: Repairing
    halls: HallWatch
    connections: Connecting


@dataclass(frozen=True, slots=True)
class Violation:
    """One confirmed violation of the ledger. `at` is aware UTC; `effective` the points it really cost the hall."""

    at: dt.datetime
    slot: int | None
    office: str
    hall: str
    item: str
    points: int
    effective: int
    doubled: bool
    kind: str
    number: str
    note: str | None
    hall_code: str


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A record that is in no numerator and no denominator of an indicator, and why."""

    record: str
    number: str
    office: str
    day: dt.date
    indicators: str
    reason: str


@dataclass(frozen=True, slots=True)
class Quality:
    """The data behind the period: what came in and what could not."""

    batches: int
    newest_batch_at: int | None
    quarantined: tuple[tuple[str, str, int], ...]
    """(record type, reason, rows still in quarantine), over all periods: an unreadable row has no day."""


@dataclass(frozen=True, slots=True)
class Frozen:
    """By which snapshot a frozen period is printed; instants are microseconds."""

    digest: str
    program: str
    rulebook: str
    calendar: str
    proposed_by: str
    proposed_at: int
    published_by: str
    published_at: int
    reason: str | None


@dataclass(frozen=True, slots=True)
class Quarter:
    """What the documents of one period and one moment print."""

    period: Period
    as_of: dt.datetime
    before: Period
    year_before: Period
    rulebook: Rulebook
    edition: Edition
    lines: tuple[OfficeLine, ...]
    halls: tuple[OfficeLine, ...]
    ledger: tuple[Violation, ...]
    left_out: tuple[LeftOut, ...]
    quality: Quality
    frozen: Frozen | None = None


def quarter(app: Application, viewer: Viewer, period_name: str, as_of: dt.datetime | None = None) -> Quarter:
    """Read it all for the offices the viewer may see; without `as_of` the present, from the roll-ups.

    The comparisons take the same number of days when the period has not ended at that moment, and what was published
    of a period by then. Raises PeriodError, MingchaError when no edition was in force.
    """
    rules, period, moment = rules_of(app.settings, app.db), parse_period(period_name), as_of or app.now()
    edition = edition_of(rules, period)
    spans = (period, *compared(period, moment))
    if as_of is None:
        bring_up_to_date(app.db, rules, moment)
    with reader(app.db) as opened:
        seen = None if viewer.sees_everything else opened.tree.below(viewer.offices, period.last_day)
        leagues = [
            (_published(app.db, viewer, span, moment) if span is not spans[0] else None)
            or _league(opened, rules, viewer, span, moment, stored=as_of is None, compared=span is not spans[0])
            for span in spans
        ]
        told = [finished_scores(opened, viewer, span) for span in spans[1:]]
        frames = {record: judged(opened, rules, record, period, moment) for record in ("tickets", "repairs")}
        until = min(period.ends_at, to_micros(moment) + 1)
        deducting = deducting_events(opened, rules, None, period.starts_at, until, moment)
        counts = _Counts(
            ticketing(opened, frames["tickets"], period, moment),
            repairing(opened, frames["repairs"], edition, moment),
            connecting(opened, period, moment),
            hall_watch(opened, rules, period, moment, deducting),
        )
        lines = {level: _lines(opened.tree, level, period, leagues, told, counts) for level in (*LEVELS, "hall")}
        ledger = _ledger(opened, rules, deducting, seen)
    return Quarter(
        period, moment, *spans[1:], rules.rulebook, edition, tuple(line for level in LEVELS for line in lines[level]),
        tuple(lines["hall"]), tuple(ledger), tuple(_left_out(frames, rules, seen)), _quality(app.db),
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Counts:
    tickets: Mapping[str, Ticketing]
    repairs: Mapping[str, Repairing]
    connections: Mapping[str, Connecting]
    halls: Mapping[str, HallWatch]


Rows = Mapping[str, Mapping[str, Row]]
"""Level → office → row of the league."""


def _league(
    opened: Reader, rules: Rules, viewer: Viewer, period: Period, moment: dt.datetime, *, stored: bool, compared: bool
) -> Rows:
    """The leagues of all levels for one period, counted once; ranks over all offices, rows of the viewer's only.

    Of a period that is only `compared` with, no intervals are printed and none are drawn.
    """
    edition = scoring_edition(rules.rulebook, period)
    if edition is None:  # a comparison with a year before the first edition
        return {}
    silent = silent_sources(opened.db, viewer, rules, as_of=moment, period=period)
    sums = office_sums(leaves_of(opened, rules, period, edition, moment, stored=stored), opened.tree, rules, period)
    found: dict[str, dict[str, Row]] = {}
    for level in (*LEVELS, "hall"):
        offices = opened.tree.rows(level, period)
        rows = [
            row_of(opened.tree, sums.get(office.code) or OfficeSums(), period, edition, office.code, level)
            for office in offices
        ]
        mark(rows, edition, rules, silent)
        ranked = rank(rows, edition) if compared else standings(rows, period, edition, level, moment)
        shown = visible(ranked, opened.tree, viewer, period)
        found[level] = {row.office: row_document(row) for row in shown}
    return found


def _published(db: Database, viewer: Viewer, period: Period, moment: dt.datetime) -> Rows | None:
    """The leagues of a period compared with as they were published by then: they stay, whatever came later."""
    found = snapshot_of(db, period.name)
    if found is None or found.published_at > to_micros(moment):
        return None
    return {
        level: {row["office"]: row for row in league_of(found, viewer, level, None, None)["rows"]}
        for level in (*LEVELS, "hall")
    }


def _lines(tree: Tree, level: str, period: Period, leagues: list[Rows], told: Sequence[Mapping[str, Row]],
           counts: _Counts) -> list[OfficeLine]:  # fmt: skip
    """The level's offices in the order of the league; a period without records is compared by its finished scores."""
    now, before, year_before = (rows.get(level, {}) for rows in leagues)
    found = []
    for code, row in now.items():
        office = tree.on(code, tree.last_valid_day(code, period.last_day))
        above = tree.on(office.parent, period.last_day) if office and office.parent else None
        found.append(OfficeLine(
            code, level, above.name if above else "", row,
            _with_records(before, code) or told[0].get(code), _with_records(year_before, code) or told[1].get(code),
            counts.tickets.get(code, Ticketing()), counts.repairs.get(code, Repairing()),
            counts.halls.get(code, HallWatch()), counts.connections.get(code, Connecting()),
        ))  # fmt: skip
    return found


def compared(period: Period, as_of: dt.datetime) -> tuple[Period, Period]:
    """The period before and the same one a year before, both cut to the days that have passed at as-of."""
    before, year_before = neighbours(period)
    today = EPOCH + dt.timedelta(days=(to_micros(as_of) + OFFSET) // 86_400_000_000)
    passed = (today - period.start).days + 1
    if not 0 < passed < period.days:
        return before, year_before
    return _first_days(before, passed), _first_days(year_before, passed)


def neighbours(period: Period) -> tuple[Period, Period]:
    """The period before (环比) and the same one a year before (同比), whole."""
    return period_before(period), year_before(period)


def _first_days(period: Period, days: int) -> Period:
    last = min(period.last_day, period.start + dt.timedelta(days=days - 1))
    return parse_period(f"{period.start}..{last}")


def _with_records(rows: Mapping[str, Row], code: str) -> Row | None:
    """An office's row of another period; None where nothing was judged: no complaints in no records prove nothing."""
    row = rows.get(code)
    return row if row and row["n"] else None


def _ledger(opened: Reader, rules: Rules, deducting: pl.DataFrame, seen: frozenset[str] | None) -> list[Violation]:
    """Confirmed violations in the order of time, with what the inspection says of them."""
    table = RECORD_TABLES["inspections"].c
    said = opened.frame(
        sa.select(table.inspection_no, table.item_code, table.hall_code, table["at"], table.kind, table.note)
    ).rename({"inspection_no": "number"})
    keys = ["number", "item_code", "hall_code", "at"]
    rows = deducting.join(said.unique(keys, keep="first", maintain_order=True), on=keys, how="left")
    found = []
    for row in rows.sort("at", "hall_code", "number", "item_code").iter_rows(named=True):
        if seen is not None and row["hall_code"] not in seen:
            continue
        day = EPOCH + dt.timedelta(days=row["day"])
        hall = opened.tree.on(row["hall_code"], day)
        above = opened.tree.on(hall.parent, day) if hall and hall.parent else None
        at = dt.datetime.fromtimestamp(row["at"] / 1_000_000, tz=dt.UTC)
        found.append(Violation(
            at, _slot_of(rules, row["at"]), above.name if above else "", hall.name if hall else row["hall_code"],
            row["item_code"], row["points"], row["effective"], row["doubled"], row["kind"] or row["record"],
            row["number"], row["note"], row["hall_code"],
        ))  # fmt: skip
    return found


def _slot_of(rules: Rules, at: int) -> int | None:
    """The number of the slot (时段) that holds the moment."""
    local = dt.datetime(1970, 1, 1) + dt.timedelta(microseconds=at + OFFSET)  # noqa: DTZ001 - wall clock
    slots = rules.slots.on(local.date())
    return next((slot.number for slot in slots if slot.starts <= local.time() < slot.ends), None)


def _left_out(frames: Mapping[str, pl.DataFrame], rules: Rules, seen: frozenset[str] | None) -> list[LeftOut]:
    """Excluded records once each, unjudgeable ones once per reason."""
    found: list[LeftOut] = []
    for record, frame in frames.items():
        codes = rules.rulebook.order(record)
        number = KINDS[record].number
        visible = frame if seen is None else frame.filter(pl.col("office_code").is_in(list(seen)))
        found += _excluded(visible, record, number)
        found += _unjudgeable(visible, record, number, codes)
    return sorted(found, key=lambda row: (row.record, row.day, row.number, row.reason))


def _excluded(frame: pl.DataFrame, record: str, number: str) -> Iterable[LeftOut]:
    rows = frame.filter(pl.col("excluded") > 0).select(number, "office_code", "day", "excluded")
    for no, office, day, reason in rows.iter_rows():
        yield LeftOut(record, no, office, EPOCH + dt.timedelta(days=day), "", REASONS[reason].code)


def _unjudgeable(frame: pl.DataFrame, record: str, number: str, codes: Iterable[str]) -> Iterable[LeftOut]:
    """One line per record and reason, naming its indicators."""
    known = [code for code in codes if code in frame.columns]
    rows = frame.filter(pl.any_horizontal(pl.col(code).is_in(numbers_of("U")) for code in known))
    for row in rows.select(number, "office_code", "day", *known).iter_rows(named=True):
        by_reason: dict[int, list[str]] = {}
        for code in known:
            if REASONS[row[code]].state == "U":
                by_reason.setdefault(row[code], []).append(code)
        for reason, indicators in by_reason.items():
            day = EPOCH + dt.timedelta(days=row["day"])
            yield LeftOut(record, row[number], row["office_code"], day, " ".join(indicators), REASONS[reason].code)


def _quality(db: Database) -> Quality:
    with db.reading() as connection:
        done = BATCHES.c.state == "done"
        newest = sa.select(sa.func.count(), sa.func.max(BATCHES.c.finished_at)).where(done)
        batches, newest_at = connection.execute(newest).one()
        open_rows = (
            sa.select(QUARANTINE.c.record, QUARANTINE.c.reason, sa.func.count())
            .where(QUARANTINE.c.state == "open")
            .group_by(QUARANTINE.c.record, QUARANTINE.c.reason)
            .order_by(QUARANTINE.c.record, QUARANTINE.c.reason)
        )
        quarantined = tuple((row[0], row[1], row[2]) for row in connection.execute(open_rows))
    return Quality(batches, newest_at, quarantined)


__all__ = ["LeftOut", "OfficeLine", "Quality", "Quarter", "Violation", "compared", "quarter"]
