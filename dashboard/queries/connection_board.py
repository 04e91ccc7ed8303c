"""The board of connections (业扩时限看板): each step against each limit, old open flows, papers, visits and pauses.

A rate of what was archived says nothing of a flow that is stuck: it never shows in it. So what is open and over its
limit stands beside. Working days are counted as C1 counts them: after the day of the first stamp, pauses left out. A
pause needs a signed record; what would be over its limit without the unsigned ones is counted too.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import polars as pl
import sqlalchemy as sa

from checks.clock import DAY, OFFSET, Calendar
from checks.connections import Allowed, Standards, load_standards
from checks.judge.applications import LIFECYCLE
from checks.judge.base import microseconds
from checks.periods import Period
from checks.rulebook.model import Edition, Limit, Step
from dashboard.database import Database
from dashboard.database.models import RECORD_TABLES
from dashboard.judging.rules import Rules
from dashboard.people import Viewer
from dashboard.queries.offices import visible_tree
from dashboard.settings import Settings

NAMED = 20
"""Numbers that a cell names, the worst first."""
WHOLE = "connection"
"""The step from acceptance to energising: by it a flow is on time or overdue."""
COLUMNS = ("application_no", "office_code", "class", *LIFECYCLE, "papers", "visits", "paused_working_days",
           "pause_document")  # fmt: skip


@dataclass(frozen=True, slots=True)
class Cell:
    """One step against one limit. Open: begun and not done at as-of. Done: in the period. `numbers`: over it."""

    step: Step
    limit: Limit
    kind: str
    """Class of connection."""
    running: int
    over: int
    unsigned: int
    """Running ones that are over it only if pauses without a signed record do not count."""
    done: int
    late: int
    numbers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Age:
    """Open flows between two ages in natural days; `to` None: older than all."""

    since: int
    to: int | None
    count: int
    numbers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Asked:
    """Papers or visits of the period's flows of one class against what a standard allows."""

    allowed: Allowed
    what: str
    """`papers` or `visits`."""
    most: int
    known: int
    unknown: int
    over: int
    numbers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Pauses:
    """Flows with a pause, and those of them without a signed record."""

    paused: int
    unsigned: int
    numbers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Board:
    """`archived` in the period with a limit, `on_time` of them; `stuck`: open and over the promised whole."""

    cells: tuple[Cell, ...]
    ages: tuple[Age, ...]
    asked: tuple[Asked, ...]
    pauses: Pauses
    archived: int
    on_time: int
    open: int
    stuck: int


def standards_of(settings: Settings) -> Standards:
    """The company's own standards, or the shipped ones. RuleError for a file that says something else."""
    return load_standards(settings.home)


def board(
    db: Database, viewer: Viewer, rules: Rules, standards: Standards, *, offices: frozenset[str], period: Period,
    as_of: datetime,
) -> Board:  # fmt: skip
    """The board of these offices, as far as the viewer may see them."""
    at = microseconds(as_of)
    flows = _flows(db, viewer, offices, period, at)
    edition = rules.rulebook.edition_on(period.last_day) or rules.rulebook.editions[-1]
    cells = tuple(_cells(flows, edition, rules.calendar, period, at))
    running = flows.filter(pl.col("connected_at").is_null() & pl.col("archived_at").is_null())
    archived, on_time = _archived(flows, edition, rules.calendar, period)
    whole = [cell for cell in cells if cell.step.code == WHOLE and cell.limit.kind == "promise"]
    return Board(
        cells, tuple(_ages(running, standards, at)), tuple(_asked(flows, standards, period)), _pauses(flows),
        archived, on_time, running.height, sum(cell.over for cell in whole),
    )  # fmt: skip


def _flows(db: Database, viewer: Viewer, offices: frozenset[str], period: Period, at: int) -> pl.DataFrame:
    """Flows that are open at as-of, or of which some step ended or began in the period; later stamps are empty."""
    row = RECORD_TABLES["applications"].c
    seen = sorted(offices if viewer.sees_everything else offices & frozenset(visible_tree(db, viewer).offices))
    running = sa.and_(*(sa.or_(row[name].is_(None), row[name] > at) for name in ("connected_at", "archived_at")))
    touched = [sa.and_(row[name] >= period.starts_at, row[name] < period.ends_at) for name in LIFECYCLE]
    query = sa.select(*(row[name] for name in COLUMNS)).where(
        row.accepted_at <= at, row.office_code.in_(seen), sa.or_(running, *touched)
    )
    stamps = [pl.when(pl.col(name) <= at).then(pl.col(name)).alias(name) for name in LIFECYCLE]
    pauses = pl.col("paused_working_days").fill_null(0).clip(0)
    return db.frame(query).with_columns(
        *stamps,
        pauses.alias("paused"),
        pl.when(pl.col("pause_document").is_not_null()).then(pauses).otherwise(0).alias("signed"),
    )


def _cells(flows: pl.DataFrame, edition: Edition, calendar: Calendar, period: Period, at: int) -> Iterable[Cell]:
    for step in edition.steps:
        if step.record != "applications":
            continue
        begun = flows.filter(pl.col(step.start).is_not_null())
        done, ended = pl.col(step.end).is_not_null(), pl.col("connected_at").is_not_null()
        used = _used(begun, calendar, step.start, step.end, at)
        begun = begun.with_columns(
            used.alias("all"), (used - begun["paused"]).alias("used"), (used - begun["signed"]).alias("without")
        )
        open_ = begun.filter(~done & ~ended & pl.col("archived_at").is_null())
        inside = begun.filter(done & (pl.col(step.end) >= period.starts_at) & (pl.col(step.end) < period.ends_at))
        for limit in step.limits:
            for kind in limit.where.get("class", ()):
                yield _cell(step, limit, kind, open_, inside)


def _cell(step: Step, limit: Limit, kind: str, open_: pl.DataFrame, inside: pl.DataFrame) -> Cell:
    running, done = open_.filter(pl.col("class") == kind), inside.filter(pl.col("class") == kind)
    over = running.filter(pl.col("used") > limit.amount)
    late = done.filter(pl.col("used") > limit.amount)
    unsigned = running.filter((pl.col("used") <= limit.amount) & (pl.col("without") > limit.amount))
    named = pl.concat([over, late]).sort("used", "application_no", descending=[True, False])["application_no"]
    return Cell(step, limit, kind, running.height, over.height, unsigned.height, done.height, late.height,
                tuple(named.head(NAMED)))  # fmt: skip


def _used(flows: pl.DataFrame, calendar: Calendar, start: str, end: str, at: int) -> pl.Series:
    """Working days after the day of the first stamp, up to and with the day of the second, or of as-of."""
    first = _passed(calendar, flows[start])
    last = _passed(calendar, flows[end].fill_null(at))
    return pl.Series("used", last - first, dtype=pl.Int64)


def _passed(calendar: Calendar, stamps: pl.Series) -> Any:
    days = (stamps.to_numpy().astype(np.int64) + OFFSET) // DAY
    return calendar.passed[np.clip(days, 0, len(calendar.passed) - 1)]


def _archived(flows: pl.DataFrame, edition: Edition, calendar: Calendar, period: Period) -> tuple[int, int]:
    """Flows archived in the period that have a promised limit, and those of them connected within it."""
    found = flows.filter((pl.col("archived_at") >= period.starts_at) & (pl.col("archived_at") < period.ends_at))
    found = found.filter(pl.col("connected_at").is_not_null())
    step = next((step for step in edition.steps if step.code == WHOLE), None)
    if step is None or found.is_empty():
        return 0, 0
    days = _used(found, calendar, step.start, step.end, 0) - found["paused"]
    limits = {kind: limit.amount for limit in step.limits_of("promise") for kind in limit.where.get("class", ())}
    allowed = found["class"].replace_strict(limits, default=None, return_dtype=pl.Int64)
    judged = pl.DataFrame({"days": days, "allowed": allowed}).drop_nulls()
    return judged.height, int((judged["days"] <= judged["allowed"]).sum())


def _ages(running: pl.DataFrame, standards: Standards, at: int) -> Iterable[Age]:
    """Open flows of the named classes by natural days since acceptance."""
    ageing = standards.ageing
    found = running.filter(pl.col("class").is_in(ageing.classes)).sort("accepted_at", "application_no")
    today = (at + OFFSET) // DAY
    days = [today - (accepted + OFFSET) // DAY for accepted in found["accepted_at"]]
    edges = [0, *ageing.bounds]
    for place, since in enumerate(edges):
        numbers = [number for number, age in zip(found["application_no"], days, strict=True)
                   if ageing.bucket(age) == place]  # fmt: skip
        to = edges[place + 1] if place + 1 < len(edges) else None
        yield Age(since, to, len(numbers), tuple(numbers[:NAMED]))


def _asked(flows: pl.DataFrame, standards: Standards, period: Period) -> Iterable[Asked]:
    """Of the flows accepted in the period."""
    inside = flows.filter((pl.col("accepted_at") >= period.starts_at) & (pl.col("accepted_at") < period.ends_at))
    for allowed in standards.allowed:
        own = inside.filter(pl.col("class") == allowed.class_)
        for what in ("papers", "visits"):
            most = getattr(allowed, what)
            if most is None:
                continue
            over = own.filter(pl.col(what) > most).sort(what, "application_no", descending=[True, False])
            known = own[what].count()
            yield Asked(allowed, what, most, known, own.height - known, over.height,
                        tuple(over["application_no"].head(NAMED)))  # fmt: skip


def _pauses(flows: pl.DataFrame) -> Pauses:
    paused = flows.filter(pl.col("paused") > 0)
    unsigned = paused.filter(pl.col("pause_document").is_null()).sort(
        "paused", "application_no", descending=[True, False]
    )
    return Pauses(paused.height, unsigned.height, tuple(unsigned["application_no"].head(NAMED)))
