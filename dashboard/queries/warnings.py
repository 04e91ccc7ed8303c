"""Early warnings as people see them (预警清单): open ones by what breaches first, each with its level and its story.

Counts, levels and order are made by the database: a board of ten thousand reads the page that is shown.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

import sqlalchemy as sa

from checks.warnings.catalogue import Rule, ValueRule, shipped, with_own
from checks.warnings.escalation import STEPS, WITHOUT_DEADLINE, Level, level
from dashboard.database import Database
from dashboard.database.models import HISTORY_TABLES, META, RECORD_TABLES, WARNING_EVENTS, WARNINGS
from dashboard.instants import from_micros, to_micros
from dashboard.people import Viewer
from dashboard.privacy import masked
from dashboard.queries.offices import Tree, visible_tree
from dashboard.secrecy import hidden_offices, sealed, seals
from dashboard.warning.known import OWN_RULES, THROUGH

LATE = "late"
"""In the place of a level: whatever is past its deadline."""
State = Literal["open", "acknowledged", "closed", "moot"]


@dataclass(frozen=True, slots=True)
class Deed:
    """What a person did about a warning: acknowledged, handed_on, acted or closed. `at` is aware UTC."""

    deed: str
    to_office: str | None
    note: str | None
    satisfied: bool | None
    by: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Warned:
    """One warning. Times are aware UTC; `office` is who has it: the record's (`origin`), or whom it was handed on to.

    `saw` is what the rule saw (a number, words of the rule). `because`: why a moot one is over.
    """

    id: int
    record: str
    number: str
    office: str
    rule: Rule
    since: datetime
    due: datetime | None
    state: State
    level: Level
    closed_at: datetime | None
    deeds: tuple[Deed, ...]
    saw: str | None = None
    because: str | None = None
    origin: str = ""


@dataclass(frozen=True, slots=True)
class Counts:
    """Open warnings by level, and those past their deadline."""

    levels: Mapping[str, int]
    late: int

    @property
    def all(self) -> int:
        return sum(self.levels.values())


@dataclass(frozen=True, slots=True)
class Ended:
    """How warnings ended: closed by people, of these to the customer's satisfaction, over by themselves."""

    closed: int
    satisfied: int
    moot: int


def warnings(
    db: Database, viewer: Viewer, *, as_of: datetime, closed: bool = False, offices: Collection[str] | None = None,
    at_level: str | None = None, only: int | None = None, limit: int | None = None, offset: int = 0,
) -> list[Warned]:  # fmt: skip
    """Open warnings that hold at `as_of`, by deadline, then since when; with `closed` the ended ones, newest first.

    Those of records at offices out of the viewer's sight are left out, unless they were handed on to one in sight, and
    those of sealed records (dashboard.secrecy). `offices`: only what these have; `at_level` (or LATE); `only` this one.
    """
    row = WARNINGS.c
    query = sa.select(WARNINGS).where(*_seen(db, viewer, as_of, closed, offices))
    if at_level == LATE:
        query = query.where(row.due < to_micros(as_of))
    elif at_level is not None:
        query = query.where(_level(to_micros(as_of)) == at_level)
    if only is not None:
        query = query.where(row.id == only)
    order = (row.closed_at.desc(), row.id.desc()) if closed else (row.due.is_(None), row.due, row.since, row.id)
    with db.reading() as connection:
        rows = list(connection.execute(query.order_by(*order).limit(limit).offset(offset)).mappings())
        deeds = _deeds(connection, [one["id"] for one in rows])
        rules = _rules(connection)
    return [_warned(one, deeds.get(one["id"], ()), rules, as_of) for one in rows]


def counted(db: Database, viewer: Viewer, *, as_of: datetime, offices: Collection[str] | None = None) -> Counts:
    """How many open warnings stand at each level."""
    now = to_micros(as_of)
    stands = _level(now).label("level")
    late = sa.func.coalesce(sa.func.sum(sa.case((WARNINGS.c.due < now, 1), else_=0)), 0)
    query = sa.select(stands, sa.func.count(), late).where(*_seen(db, viewer, as_of, False, offices)).group_by(stands)
    with db.reading() as connection:
        rows = connection.execute(query).all()
    return Counts({name: int(count) for name, count, _ in rows}, sum(int(past) for _, _, past in rows))


def ended(db: Database, viewer: Viewer, *, as_of: datetime, offices: Collection[str] | None = None) -> Ended:
    """How the ended warnings ended."""
    by_hand = WARNINGS.c.closed_why == "closed"
    event = WARNING_EVENTS.c
    content = sa.exists().where(event.warning_id == WARNINGS.c.id, event.deed == "closed", event.satisfied.is_(True))
    sums = [
        sa.func.coalesce(sa.func.sum(sa.case((one, 1), else_=0)), 0) for one in (by_hand, sa.and_(by_hand, content))
    ]
    query = sa.select(sa.func.count(), *sums).where(*_seen(db, viewer, as_of, True, offices))
    with db.reading() as connection:
        everything, closed, satisfied = connection.execute(query).one()
    return Ended(int(closed), int(satisfied), int(everything) - int(closed))


def looked_at(db: Database) -> bool:
    """Whether records were ever looked through for warnings: before that nothing is known, not nothing there."""
    with db.reading() as connection:
        return connection.execute(sa.select(META.c.key).where(META.c.key == THROUGH)).first() is not None


def revision(db: Database) -> str:
    """Changes whenever warnings were kept or somebody dealt with one: part of the key of what is cached."""
    with db.reading() as connection:
        kept = connection.execute(sa.select(META.c.value).where(META.c.key == THROUGH)).scalar()
        dealt = connection.execute(sa.select(sa.func.max(WARNING_EVENTS.c.id))).scalar()
    return f"{kept}.{dealt}"


def has_it(tree: Tree, one: Warned) -> str:
    """Code of the office that has a warning at its level: its own, the department above, or the company."""
    path = tree.path(one.office)
    if one.level in ("station", "reminded") or not path:
        return one.office
    wanted = "company" if one.level == "leader" else "county"
    return next((office.code for office in path if office.level == wanted), path[0].code)


def _seen(
    db: Database, viewer: Viewer, as_of: datetime, closed: bool, offices: Collection[str] | None
) -> list[sa.ColumnElement[bool]]:
    """What the viewer may see of the open (or ended) warnings that hold."""
    row = WARNINGS.c
    held = [row.since <= to_micros(as_of), row.closed_at.is_not(None) if closed else row.closed_at.is_(None)]
    if not viewer.sees_everything:
        held.append(_in_sight(sorted(visible_tree(db, viewer).offices)))
    if offices is not None:
        held.append(_holder().in_(sorted(offices)))
    if seals(viewer):
        held.append(sa.not_(sa.and_(row.record == "tickets", row.number.in_(_sealed(db, viewer)))))
    return held


def _sealed(db: Database, viewer: Viewer) -> sa.Select[tuple[str]]:
    """Numbers of the tickets whose reporter must stay hidden from the viewer: one version says so, any names whose."""
    hidden = hidden_offices(db, viewer)
    known = [code for code in visible_tree(db, viewer).offices if not hidden(code)]
    tables = (RECORD_TABLES["tickets"], HISTORY_TABLES["tickets"])
    found = sa.union(*(sa.select(table.c.ticket_no).where(sealed("tickets", table)) for table in tables)).subquery()
    if not known:
        return sa.select(found.c.ticket_no)
    named = (sa.exists().where(table.c.ticket_no == found.c.ticket_no, table.c.office_code.not_in(known))
             for table in tables)  # fmt: skip
    return sa.select(found.c.ticket_no).where(sa.or_(*named))


def _in_sight(mine: Sequence[str]) -> sa.ColumnElement[bool]:
    """Of a record of one's own, or handed on to one's own office: who was given it must be able to deal with it."""
    event = WARNING_EVENTS.c
    given = sa.select(event.warning_id).where(event.deed == "handed_on", event.to_office.in_(mine))
    return sa.or_(WARNINGS.c.office_code.in_(mine), sa.and_(WARNINGS.c.id.in_(given), _holder().in_(mine)))


def holder_of(connection: sa.Connection, warning: int) -> str | None:
    """Code of the office that has a warning now; None if there is no such warning."""
    return connection.execute(sa.select(_holder()).where(WARNINGS.c.id == warning)).scalar()


def _holder() -> sa.ColumnElement[str]:
    """The office that has it: the last it was handed on to, else the record's."""
    event = WARNING_EVENTS.c
    last = (
        sa.select(event.to_office).where(event.warning_id == WARNINGS.c.id, event.deed == "handed_on")
        .order_by(event.id.desc()).limit(1).correlate(WARNINGS).scalar_subquery()
    )  # fmt: skip
    return sa.func.coalesce(last, WARNINGS.c.office_code)


def _level(now: int) -> sa.ColumnElement[str]:
    """`checks.warnings.escalation.level` as the database computes it."""
    row, event = WARNINGS.c, WARNING_EVENTS.c
    span = sa.case((row.due > row.since, row.due - row.since), else_=WITHOUT_DEADLINE // timedelta(microseconds=1))
    gone = (now - row.since) * 100
    answered = sa.exists().where(event.warning_id == row.id, event.deed != "handed_on")
    steps = [(sa.and_(gone >= span * percent, ~answered) if name == "reminded" else gone >= span * percent, name)
             for percent, name in STEPS]  # fmt: skip
    return sa.case(*steps, else_="station")


def _rules(connection: sa.Connection) -> Mapping[str, Rule]:
    """The rules as they were when warnings were kept last: the shipped ones and the company's own."""
    own = connection.execute(sa.select(META.c.value).where(META.c.key == OWN_RULES)).scalar()
    return with_own(own) if own else shipped()


def _gone(code: str) -> Rule:
    """Stands for a rule that there is no more: it is called by its code."""
    said = {"code": code, "title": code, "title_en": code, "source": "—"}
    return ValueRule(**said, record="tickets", kind="value", column="", values=("",))


def _deeds(connection: sa.Connection, ids: Sequence[int]) -> Mapping[int, tuple[Deed, ...]]:
    found: dict[int, list[Deed]] = {}
    event = WARNING_EVENTS.c
    for start in range(0, len(ids), 500):
        query = sa.select(WARNING_EVENTS).where(event.warning_id.in_(ids[start : start + 500])).order_by(event.id)
        for row in connection.execute(query):
            note = masked("text", row.note)
            deed = Deed(row.deed, row.to_office, note, row.satisfied, row.by, from_micros(row.at))
            found.setdefault(row.warning_id, []).append(deed)
    return {warning: tuple(deeds) for warning, deeds in found.items()}


def _warned(row: Mapping[Any, Any], deeds: tuple[Deed, ...], rules: Mapping[str, Rule], as_of: datetime) -> Warned:
    since, due = from_micros(row["since"]), None if row["due"] is None else from_micros(row["due"])
    over = None if row["closed_at"] is None else from_micros(row["closed_at"])
    answered = any(deed.deed != "handed_on" for deed in deeds)
    state: State = "acknowledged" if answered else "open"
    if over is not None:
        state = "closed" if row["closed_why"] == "closed" else "moot"
    handed = next((deed.to_office for deed in reversed(deeds) if deed.deed == "handed_on"), None)
    rule = rules.get(row["rule"]) or _gone(row["rule"])
    return Warned(
        row["id"], row["record"], row["number"], handed or row["office_code"] or "", rule, since,
        due, state, level(since, due, over or as_of, acknowledged=answered), over, deeds, row["saw"],
        row["moot_because"] if state == "moot" else None, row["office_code"] or "",
    )  # fmt: skip
