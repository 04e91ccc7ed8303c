"""What needs me now (今日): clocks that run out, clocks that ran out and are still open, and the day's samples."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import polars as pl
import sqlalchemy as sa

from checks.judge.samples import SlotDays
from checks.reasons import NUMBER
from checks.rulebook.model import Edition
from collectors.records import RECORDS
from dashboard.database import Database
from dashboard.database.models import RECORD_TABLES
from dashboard.instants import from_micros, to_micros
from dashboard.judging.kinds import KINDS
from dashboard.judging.reading import Condition, Reader, reader
from dashboard.judging.rules import Rules
from dashboard.people import Viewer
from dashboard.queries.offices import Tree
from dashboard.queries.review import review_queue
from dashboard.queries.samples import samples
from dashboard.secrecy import hidden_numbers

LOOK_BACK = timedelta(days=60)
"""Older records still open are found on the Records page; they are nobody's work of today."""
SOON_SHARE = 0.75
"""A clock with three quarters of its time used is about to breach (即将超时)."""


@dataclass(frozen=True, slots=True)
class Running:
    """One open clock. `used` is the share of its time gone: above 1 it has run out."""

    record: str
    number: str
    office: str
    indicator: str
    started: datetime
    deadline: datetime
    used: float
    holder: str | None
    """Who has it: the team or person the source names."""

    @property
    def soon(self) -> bool:
        return SOON_SHARE <= self.used <= 1


@dataclass(frozen=True, slots=True)
class Sampled:
    """One slot of one hall. `state`: judged, flagged, waiting (for review), captured (elsewhere, without a clip of
    ours), not_checkable, missed, planned."""

    hall: str
    slot: int
    state: str
    sample: str | None
    cause: str | None


def open_clocks(db: Database, viewer: Viewer, rules: Rules, tree: Tree, *, as_of: datetime) -> list[Running]:
    """Every open clock of records accepted in the last 60 days, by time left; the over-due come first.

    Without records that are hidden from the viewer: what is done about them is nobody's work at the office itself.
    """
    found: list[Running] = []
    with reader(db) as opened:
        for record, kind in KINDS.items():
            clocks = _clocks(rules, record)
            if not clocks:
                continue
            which = _open(record, kind.moment, clocks.values(), viewer, tree, as_of)
            judged = kind.judged(opened, rules, which, as_of).collect()
            running = _running(opened, record, judged, clocks, as_of)
            hidden = hidden_numbers(db, viewer, record, [one.number for one in running])
            found += [one for one in running if one.number not in hidden]
    return sorted(found, key=lambda one: (one.deadline, one.number, one.indicator))


def _clocks(rules: Rules, record: str) -> dict[str, tuple[str, str]]:
    """Indicators of the record kind that are clocks: code → (start stamp, end stamp), over all editions."""
    return {
        indicator.code: _ends(edition, indicator.options["step"])
        for edition in rules.rulebook.editions
        for indicator in edition.of_record(record)
        if indicator.formula == "clock"
    }


def _ends(edition: Edition, step: str) -> tuple[str, str]:
    found = edition.step(step)
    return found.start, found.end


def _open(
    record: str, moment: str, clocks: Iterable[tuple[str, str]], viewer: Viewer, tree: Tree, as_of: datetime
) -> Condition:
    """Records with some end stamp empty (or not yet happened): few, whatever the size of the table."""
    at, since = to_micros(as_of), to_micros(as_of - LOOK_BACK)
    ends = {end for _, end in clocks}

    def condition(table: Any) -> sa.ColumnElement[bool]:
        unfinished = sa.or_(*(sa.or_(table.c[end].is_(None), table.c[end] > at) for end in sorted(ends)))
        mine = sa.true() if viewer.sees_everything else table.c.office_code.in_(sorted(tree.offices))
        return sa.and_(table.c[moment] > since, table.c[moment] <= at, unfinished, mine)

    return condition


def _running(
    opened: Reader, record: str, judged: pl.DataFrame, clocks: Mapping[str, tuple[str, str]], as_of: datetime
) -> list[Running]:
    wanted = (NUMBER["running"], NUMBER["not_done"])
    open_ = {
        code: judged.filter(pl.col(code).is_in(wanted)).select("id", pl.col(f"{code}.deadline").alias("deadline"))
        for code in clocks if code in judged.columns
    }  # fmt: skip
    ids = sorted({identity for frame in open_.values() for identity in frame["id"]})
    details = _details(opened, record, ids, {start for start, _ in clocks.values()})
    found = []
    for code, frame in open_.items():
        for identity, deadline in frame.iter_rows():
            row = details[identity]
            started, due = from_micros(row[clocks[code][0]]), from_micros(deadline)
            used = (as_of - started) / (due - started) if due > started else 1.0
            found.append(
                Running(record, row["number"], row["office_code"], code, started, due, used, row["holder"] or None)
            )
    return found


def _details(opened: Reader, record: str, ids: Sequence[int], starts: Iterable[str]) -> dict[int, dict[str, Any]]:
    table = RECORD_TABLES[record].c
    holder = table.team if "team" in table else table.taken_by if "taken_by" in table else sa.null()
    columns = [table.id, table[RECORDS[record].number].label("number"), table.office_code]
    columns += [sa.type_coerce(holder, sa.Text).label("holder"), *(table[name] for name in sorted(starts))]
    found: dict[int, dict[str, Any]] = {}
    for start in range(0, len(ids), 500):
        frame = opened.frame(sa.select(*columns).where(table.id.in_(ids[start : start + 500])))
        found.update({row["id"]: row for row in frame.iter_rows(named=True)})
    return found


def samples_today(db: Database, viewer: Viewer, slots: SlotDays, *, day: str, as_of: datetime) -> list[Sampled]:
    """The state of each hall's slots on a local day `YYYY-MM-DD`, as far as samples are known.

    A sample is captured if any of its cameras was; its moment is not told before its slot has ended.
    """
    waiting = {row["sample"]: row["flagged"] for row in review_queue(db, viewer, slots=slots, as_of=as_of, date=day)}
    looks: dict[str, list[dict[str, Any]]] = {}
    for look in samples(db, viewer, slots=slots, as_of=as_of, day=day):
        looks.setdefault(look["sample"], []).append(look)
    return [sampled(sample, several, waiting.get(sample)) for sample, several in looks.items()]


def sampled(sample: str, looks: Sequence[Mapping[str, Any]], flagged: int | None) -> Sampled:
    """A sample as one mark. `flagged` is the number of its open candidates, None for what waits for nobody."""
    outcomes = {look["outcome"] for look in looks}
    cause = next((look["cause"] for look in looks if look["cause"]), None)
    if flagged:
        state = "flagged"
    elif "captured" in outcomes:
        reviewed = any(look["reviewed"] for look in looks)
        state = "judged" if reviewed else "waiting" if flagged is not None else "captured"
    else:
        state = next(one for one in ("not_checkable", "missed", "planned") if one in outcomes)
    return Sampled(looks[0]["hall"], looks[0]["slot"] or 0, state, sample, cause)
