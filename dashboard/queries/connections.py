"""Connections against their limits (业扩): how old the open ones are, how long the finished ones took, what was said.

Days are working days of the calendar after the day of acceptance; pauses (暂停) lengthen the limit, as in C1.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Any

import numpy as np
import polars as pl
import sqlalchemy as sa

from checks.clock import Calendar, local_day
from checks.judge.applications import LIFECYCLE
from checks.judge.base import microseconds
from checks.periods import Period
from checks.reasons import REASONS, STATES
from dashboard.database import Database
from dashboard.instants import from_micros
from dashboard.judging.detail import detailed
from dashboard.judging.kinds import KINDS
from dashboard.judging.reading import reader
from dashboard.judging.rules import Rules
from dashboard.people import Viewer
from dashboard.queries.offices import visible_tree

CLASSES = ("residential", "low_voltage", "high_voltage_single", "high_voltage_dual", "solar")


@dataclass(frozen=True, slots=True)
class Flow:
    """One application. `days` net of pauses: used until it was connected, or until as-of; `limit` net of them too."""

    number: str
    office: str
    kind: str | None
    accepted_at: datetime
    reached: str
    """The last step that happened."""
    days: int
    limit: int | None
    paused: int
    deadline: datetime | None
    state: str | None
    """The verdict of the whole flow, None where there is no limit."""


@dataclass(frozen=True, slots=True)
class Leg:
    """Between two steps of a class's finished flows: how many, working days of the middle one and the slowest tenth."""

    kind: str
    start: str
    end: str
    count: int
    median: float
    slow: float


@dataclass(frozen=True, slots=True)
class Connections:
    """`open` at as-of, oldest first; `finished` in the period, with `legs`, in the order of the classes."""

    open: tuple[Flow, ...]
    finished: tuple[Flow, ...]
    legs: tuple[Leg, ...]


def connections(
    db: Database, viewer: Viewer, rules: Rules, *, offices: frozenset[str], period: Period, as_of: datetime
) -> Connections:
    """The flows of these offices, as far as the viewer may see them."""
    at, named = microseconds(as_of), _seen(db, viewer, offices)

    def wanted(table: Any) -> sa.ColumnElement[bool]:
        row = table.c
        running = sa.and_(*(sa.or_(row[name].is_(None), row[name] > at) for name in ("connected_at", "archived_at")))
        ended = sa.and_(row.connected_at >= period.starts_at, row.connected_at < period.ends_at)
        return sa.and_(row.accepted_at <= at, row.office_code.in_(named), sa.or_(running, ended))

    with reader(db) as opened:
        found = detailed(opened, rules, KINDS["applications"], wanted, as_of)
    flows = [_flow(row, rules, at) for row in found.iter_rows(named=True)]
    is_open = found["connected_at"].is_null().to_list()
    running = [flow for flow, still in zip(flows, is_open, strict=True) if still]
    finished = [flow for flow, still in zip(flows, is_open, strict=True) if not still]
    return Connections(
        tuple(sorted(running, key=lambda flow: (-_share(flow), flow.accepted_at, flow.number))),
        tuple(sorted(finished, key=lambda flow: (_place(flow.kind), flow.days, flow.number))),
        tuple(_legs(found.filter(pl.col("connected_at").is_not_null()), rules.calendar)),
    )


def _seen(db: Database, viewer: Viewer, offices: frozenset[str]) -> list[str]:
    return sorted(offices if viewer.sees_everything else offices & frozenset(visible_tree(db, viewer).offices))


def _flow(row: dict[str, Any], rules: Rules, at: int) -> Flow:
    clocks = [i.code for edition in rules.rulebook.editions for i in edition.of_record("applications")
              if i.formula == "clock"]  # fmt: skip
    code = clocks[-1] if clocks else None
    deadline = row.get(f"{code}.deadline")
    end = row["connected_at"] if row["connected_at"] is not None else at
    paused = max(row["paused_working_days"] or 0, 0)
    state = STATES.get(REASONS[row[code]].state) if code else None
    return Flow(
        number=row["number"],
        office=row["office_code"],
        kind=row["class"],
        accepted_at=from_micros(row["accepted_at"]),
        reached=next((name for name in reversed(LIFECYCLE) if row[name] is not None), LIFECYCLE[0]),
        days=max(_days(rules.calendar, row["accepted_at"], end) - paused, 0),
        limit=None if deadline is None else _days(rules.calendar, row["accepted_at"], deadline) - paused,
        paused=paused,
        deadline=None if deadline is None else from_micros(deadline),
        state=state,
    )


def _days(calendar: Calendar, start: int, end: int) -> int:
    """Working days after the day of the first instant, up to and with the day of the second."""
    days = pl.select(local_day(pl.lit(pl.Series([start, end])), calendar.zone)).to_series().to_list()
    first, last = (min(max(day, 0), len(calendar.passed) - 1) for day in days)
    return int(calendar.passed[last] - calendar.passed[first])


def _share(flow: Flow) -> float:
    """How much of its time is used; without a limit it has no haste."""
    return flow.days / flow.limit if flow.limit else 0.0


def _place(kind: str | None) -> int:
    return CLASSES.index(kind) if kind in CLASSES else len(CLASSES)


def _legs(finished: pl.DataFrame, calendar: Calendar) -> Iterable[Leg]:
    """Working days between the steps that a flow has; a step it does not have (低压 needs no design) is skipped."""
    taken: dict[tuple[str, str, str], list[int]] = {}
    for row in finished.iter_rows(named=True):
        steps = [name for name in LIFECYCLE if row[name] is not None]
        for start, end in pairwise(steps):
            if row[start] <= row[end] and row["class"]:
                taken.setdefault((row["class"], start, end), []).append(_days(calendar, row[start], row[end]))
    order = sorted(taken, key=lambda key: (_place(key[0]), LIFECYCLE.index(key[1]), LIFECYCLE.index(key[2])))
    for kind, start, end in order:
        days = np.array(taken[kind, start, end])
        yield Leg(kind, start, end, len(days), float(np.median(days)), float(np.quantile(days, 0.9)))
