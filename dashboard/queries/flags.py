"""What looks wrong with what came (核查标记): open flags by source, office and period, and the story of each."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

import sqlalchemy as sa

from checks.periods import Period
from dashboard.database import Database
from dashboard.database.models import BATCH_FLAG_EVENTS, BATCH_FLAGS, BATCHES
from dashboard.instants import from_micros, to_micros
from dashboard.intake.flags import ALL, REOPENED, last_actions
from dashboard.people import Viewer
from dashboard.queries.offices import visible_tree

State = Literal["open", "closed", "cleared"]
"""closed: by a person, with a reason. cleared: later data settled it."""
STATES: tuple[State, ...] = ("open", "closed", "cleared")


@dataclass(frozen=True, slots=True)
class FlagRow:
    """One flag. `stated` is what should be there, `found` what is; `detail` as its kind needs it."""

    id: int
    kind: str
    source: str
    record: str
    series: str | None
    office: str | None
    """None: the source as a whole."""
    day_from: str
    day_to: str
    stated: str | None
    found: str | None
    detail: Mapping[str, Any]
    raised_at: datetime
    batch_id: int
    file: str | None
    state: State


@dataclass(frozen=True, slots=True)
class FlagEvent:
    """What became of a flag: closed or reopened by a person, cleared by later data."""

    at: datetime
    by: str
    action: str
    why: str | None


def open_flags(
    db: Database,
    viewer: Viewer,
    *,
    period: Period | None = None,
    source: str | None = None,
    as_of: datetime | None = None,
) -> list[FlagRow]:
    """Flags that neither a person nor later data have settled; with a period, those on its days.

    The sign-off of a quarter asks for them.
    """
    return flags(db, viewer, period=period, source=source, as_of=as_of, state="open")


def flags(
    db: Database,
    viewer: Viewer,
    *,
    period: Period | None = None,
    source: str | None = None,
    record: str | None = None,
    batch_id: int | None = None,
    flag_id: int | None = None,
    as_of: datetime | None = None,
    state: State | None = None,
    limit: int | None = None,
) -> list[FlagRow]:
    """Flags the viewer may see, newest first: those of sources, and those of offices within the viewer's scope."""
    flag, last = BATCH_FLAGS.c, last_actions()
    joined = BATCH_FLAGS.join(BATCHES, BATCHES.c.id == flag.batch_id).outerjoin(last, last.c.flag_id == flag.id)
    query = sa.select(BATCH_FLAGS, BATCHES.c.file, last.c.action).select_from(joined).order_by(flag.id.desc())
    wanted = ((flag.source, source), (flag.record, record), (flag.batch_id, batch_id), (flag.id, flag_id))
    query = query.where(*(column == value for column, value in wanted if value is not None))
    if as_of is not None:
        query = query.where(flag.raised_at <= to_micros(as_of))
    if period is not None:
        query = query.where(_within(period))
    if not viewer.sees_everything:
        query = query.where(sa.or_(flag.office_code.is_(None), flag.office_code.in_(visible_tree(db, viewer).offices)))
    if state is not None:
        query = query.where(_in_state(state, last.c.action))
    with db.reading() as connection:
        return [_row(dict(row)) for row in connection.execute(query.limit(limit)).mappings()]


def _within(period: Period) -> sa.ColumnElement[bool]:
    """Days, or months (`YYYY-MM`), that overlap with the period's."""
    first, last, flag = period.start.isoformat(), period.last_day.isoformat(), BATCH_FLAGS.c
    return sa.and_(flag.day_from <= last, sa.or_(flag.day_to >= first, flag.day_to == first[:7]))


def _in_state(state: State, action: sa.ColumnElement[str]) -> sa.ColumnElement[bool]:
    return sa.or_(action.is_(None), action == REOPENED) if state == "open" else action == state


def _row(row: Mapping[str, Any]) -> FlagRow:
    action = row["action"]
    names = ("id", "kind", "source", "record", "day_from", "day_to", "stated", "found", "batch_id", "file")
    return FlagRow(
        **{name: row[name] for name in names},
        series=None if row["series"] == ALL else row["series"],
        office=row["office_code"],
        detail=json.loads(row["detail"]),
        raised_at=from_micros(row["raised_at"]),
        state=action if action in ("closed", "cleared") else "open",
    )


def flag_story(db: Database, viewer: Viewer, flag_id: int) -> list[FlagEvent]:
    """What became of a flag, in order; empty for one that the viewer may not see."""
    if not flags(db, viewer, flag_id=flag_id):
        return []
    event = BATCH_FLAG_EVENTS.c
    query = sa.select(event.at, event.by, event.action, event.why).where(event.flag_id == flag_id).order_by(event.id)
    with db.reading() as connection:
        return [FlagEvent(from_micros(at), *told) for at, *told in connection.execute(query)]


def batch_controls(db: Database, viewer: Viewer, batch_id: int) -> Sequence[Mapping[str, Any]]:
    """The totals that a batch's sheet states: `what, where, row, label, column, covers, stated, found, gap, state`.

    They sum over all offices of the file, so they are for who sees the whole company.
    """
    if not viewer.sees_everything:
        return ()
    with db.reading() as connection:
        details = connection.execute(sa.select(BATCHES.c.details).where(BATCHES.c.id == batch_id)).scalar()
    told: list[Mapping[str, Any]] = json.loads(details or "{}").get("controls", [])
    return told
