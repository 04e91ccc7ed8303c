"""What a holiday notice would change (通知的影响): records whose deadlines rest on its year, judged both ways."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

import polars as pl
import sqlalchemy as sa

from checks.clock import DAY, OFFSET, day_number
from checks.notices import Notice, with_notices
from dashboard.database import Database
from dashboard.database.models import CALENDAR_NOTICES
from dashboard.instants import from_micros
from dashboard.judging.changes import provisional
from dashboard.judging.kinds import KINDS, Kind
from dashboard.judging.reading import Condition, Reader, reader
from dashboard.judging.rules import Rules
from dashboard.people import Viewer

REACH = 400 * DAY
"""How long before a corrected year a record may have been accepted whose deadline lies in it: longer than any limit."""


@dataclass(frozen=True, slots=True)
class Preview:
    """Counts of records: those looked at, those whose deadline moves, those judged otherwise, those now firm."""

    looked_at: int
    moved: int
    otherwise: int
    firm: int


@dataclass(frozen=True, slots=True)
class Loaded:
    """A notice in the database."""

    year: int
    document: str
    issued: str
    by: str
    at: datetime


def preview(db: Database, viewer: Viewer, rules: Rules, notice: Notice, *, as_of: datetime) -> Preview:
    """What loading the notice would do to the stored records, at all offices; nothing is stored.

    A year that follows the published ones touches provisional records only; a correction those accepted near it.
    """
    after = replace(rules, calendar=with_notices(rules.calendar, [notice]))
    follows = notice.year == rules.calendar.published[1].year + 1
    counts = [0, 0, 0, 0]
    with reader(db, rules.foreign) as source:
        for kind in KINDS.values():
            which = _provisional(kind) if follows else _near(kind, notice.year)
            for place, count in enumerate(_compared(source, kind, which, rules, after, as_of)):
                counts[place] += count
    return Preview(*counts)


def _provisional(kind: Kind) -> Condition:
    def condition(table: Any) -> sa.ColumnElement[bool]:
        return table.c.id.in_(provisional(kind.record))  # type: ignore[no-any-return]

    return condition


def _near(kind: Kind, year: int) -> Condition:
    first, last = (day_number(day) * DAY - OFFSET for day in (date(year, 1, 1), date(year + 1, 1, 1)))

    def condition(table: Any) -> sa.ColumnElement[bool]:
        moment = table.c[kind.moment]
        return sa.and_(moment >= first - REACH, moment < last)

    return condition


def _compared(
    source: Reader, kind: Kind, which: Condition, before: Rules, after: Rules, as_of: datetime
) -> tuple[int, int, int, int]:
    clocks = {i.code for edition in before.rulebook.editions for i in edition.indicators if i.formula == "clock"}
    codes = [code for code in before.rulebook.order(kind.record) if code in clocks]
    if not codes:
        return 0, 0, 0, 0
    one, two = (kind.judged(source, rules, which, as_of).filter("exists").collect() for rules in (before, after))
    both = one.join(two, on="id", suffix=".after")
    moved = pl.any_horizontal(pl.col(f"{c}.deadline").ne_missing(pl.col(f"{c}.deadline.after")) for c in codes)
    otherwise = pl.any_horizontal(pl.col(c) != pl.col(f"{c}.after") for c in codes)
    firm = pl.any_horizontal(pl.col(f"{c}.provisional") & ~pl.col(f"{c}.provisional.after") for c in codes)
    counts = [both.filter(found).height for found in (moved, otherwise, firm)]
    return both.height, counts[0], counts[1], counts[2]


def loaded_notices(db: Database, viewer: Viewer, calendar: str) -> list[Loaded]:
    """The notices that people loaded into a calendar, newest first. Everybody may see them."""
    row = CALENDAR_NOTICES.c
    query = sa.select(row.year, row.document, row.issued, row.by, row["at"]).where(row.calendar == calendar)
    with db.reading() as connection:
        found = connection.execute(query.order_by(row.id.desc())).all()
    return [Loaded(year, document, issued, by, from_micros(at)) for year, document, issued, by, at in found]


def provisional_records(db: Database, viewer: Viewer) -> dict[str, int]:
    """How many stored records of each kind rest on days whose notice is not published yet, at all offices."""
    counts = [sa.select(sa.func.count()).select_from(provisional(kind).subquery()).scalar_subquery() for kind in KINDS]
    with db.reading() as connection:
        found = connection.execute(sa.select(*counts)).one()
    return dict(zip(KINDS, found, strict=True))
