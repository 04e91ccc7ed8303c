"""Violations as people see them (违规台账): the ledger, one case's whole story, and what the viewer may do next.

A case that came from a designated-supplier form or a report (举报) is the inspectors' alone until it is sent down; from
then on the judged office sees what it must do, and nothing of how it became known.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from checks.errors import RuleError
from checks.violations import machine
from checks.violations.deadlines import deadline
from checks.violations.machine import Due, Event, Standing
from checks.violations.table import ALIVE, BY_NAME, CLOSED, DEEDS, STATES, SUSPENDED, Deed
from checks.warnings.escalation import Level
from dashboard.cases.remembered import rows_with_last_event, standings
from dashboard.cases.stored import Book, Case, Source, case_of, clock_of, load, parts, sheet_of
from dashboard.database import Database
from dashboard.database.models import EVIDENCE, VIOLATION_EVENTS, VIOLATION_SOURCES, VIOLATIONS
from dashboard.errors import NotAllowedError, UsageError
from dashboard.instants import from_micros, to_micros
from dashboard.judging.rules import Rules
from dashboard.people import Viewer, same_person
from dashboard.privacy import masked
from dashboard.queries.offices import visible_tree
from dashboard.reviewing.own import own_offices
from dashboard.rights import may, require
from dashboard.secrecy import hidden_offices

READ, READ_RESTRICTED = "read violations", "read restricted violations"
WORDS = ("note", "measure", "proof", "training")
"""What people wrote freely into a deed: a customer may stand in it."""
MOST = 10_000
"""Ended cases that a ledger shows at most, the newest; open ones are all shown."""
FEW = 500
"""So many offices are asked for by their codes."""


@dataclass(frozen=True, slots=True)
class Violation:
    """One line of the ledger. Times are aware UTC."""

    number: str
    office: str
    item: str | None
    severity: str
    kind: str
    """review | inspection | designated | record | complaint | report | hand; `supervision` where it is withheld."""
    restricted: bool
    secret: bool
    """Nobody but inspectors may be told of it yet."""
    state: str
    sides: frozenset[str]
    since: datetime
    due: datetime | None
    step: str | None
    """Of which step `due` is the last second."""
    level: Level
    observed_at: datetime
    opened_at: datetime
    confirmed_at: datetime | None
    ended_at: datetime | None
    recurrence_of: str | None
    returns: int
    seq: int
    """Of the last event: what a deed is asked to have `seen`."""


@dataclass(frozen=True, slots=True)
class Appeal:
    """An appeal, open or decided; `outcome` is upheld, refused or None."""

    by: str
    at: datetime
    note: str
    until: datetime | None
    outcome: str | None
    decided_by: str | None


@dataclass(frozen=True, slots=True)
class Story:
    """A whole case. `evidence` are ids of evidence rows; `may` what this viewer may do now, by the table's names."""

    violation: Violation
    deadlines: tuple[Due, ...]
    events: tuple[Event, ...]
    sources: tuple[Source, ...]
    evidence: tuple[int, ...]
    appeal: Appeal | None
    appeal_until: datetime | None
    may: tuple[str, ...]
    must_look: bool
    """Whether the re-check needs a look of its own."""
    followed_by: tuple[str, ...]
    """Later cases of the same office and item."""
    former: str | None = None
    """The case of the same source that was annulled or voided before this one."""
    anew: tuple[str, ...] = ()
    """Cases that a source of this one opened after it had been annulled or voided."""


def ledger(
    db: Database, viewer: Viewer, *, rules: Rules, as_of: datetime, state: str | None = None,
    office: str | None = None, severity: str | None = None, ended: bool | None = None, since: datetime | None = None,
    until: datetime | None = None,
) -> list[Violation]:  # fmt: skip
    """Cases in the viewer's sight: open ones by what is due first, then ended ones, newest first.

    Of ended ones at most the newest `MOST`. `office` takes everything below it; `since` and `until` bound the moment
    observed (half-open); `ended` None: both.
    UsageError for an unknown state.
    """
    require(viewer, READ)
    if state is not None and state not in STATES:
        raise UsageError(f"Unknown state '{state}';", f"one of {', '.join(STATES)}.")
    row = VIOLATIONS.c
    query = rows_with_last_event().where(row.opened_at <= to_micros(as_of)).order_by(row.id.desc())
    for column, wanted in ((row.state, state), (row.severity, severity)):
        if wanted is not None:
            query = query.where(column == wanted)
    if ended is not None:
        query = query.where(row.state.not_in(ALIVE) if ended else row.state.in_(ALIVE))
    if since is not None:
        query = query.where(row.observed_at >= to_micros(since))
    if until is not None:
        query = query.where(row.observed_at < to_micros(until))
    below = visible_tree(db, viewer).below(office) if office else None
    if below is not None and len(below) <= FEW:
        query = query.where(row.office_code.in_(sorted(below)))
    sight = Sight(db, viewer)
    with db.reading() as connection:
        book = Book(connection)
        rows = [one for one in book.rows(query) if sight.sees(one) and (below is None or one["office_code"] in below)]
        gone = [one for one in rows if one["state"] not in ALIVE][:MOST]
        rows = [*(one for one in rows if one["state"] in ALIVE), *gone]
        named = _named(book, sight)
        found = [_line(one, kept.standing, kept.due, as_of, sight, named)
                 for one, kept in zip(rows, standings(db, book, rows, rules), strict=True)]  # fmt: skip
    far = from_micros(2**53)
    alive = sorted((one for one in found if one.state in ALIVE), key=lambda one: (one.due or far, one.number))
    return alive + [one for one in found if one.state not in ALIVE]


def _named(book: Book, sight: Sight) -> frozenset[str]:
    """Cases that later ones name as the earlier occurrence: those that stand or stood to their closing."""
    row, later = VIOLATIONS.c, VIOLATIONS.alias()
    named = sa.select(later.c.recurrence_of).where(later.c.recurrence_of.is_not(None))
    query = sa.select(row.number, row.office_code, row.restricted, row.told_at)
    query = query.where(row.number.in_(named), row.state.in_((*ALIVE, CLOSED)))
    return frozenset(one["number"] for one in book.rows(query) if not sight.withheld(one))


def revision(db: Database, viewer: Viewer) -> int:
    """Changes whenever anything happened to a case: part of the key of what is kept of the ledger."""
    del viewer  # how many events there are tells nothing about any of them
    with db.reading() as connection:
        return connection.execute(sa.select(sa.func.max(VIOLATION_EVENTS.c.id))).scalar() or 0


def violation(db: Database, viewer: Viewer, number: str, *, rules: Rules, as_of: datetime) -> Story:
    """One case. NotAllowedError, the same for one out of sight as for one that does not exist."""
    require(viewer, READ)
    sight, clock = Sight(db, viewer), clock_of(rules)
    with db.reading() as connection:
        book = Book(connection)
        case = require_case(sight, case_of(book, number), number)
        withheld = sight.withheld(case.row)
        sources = () if withheld else case.sources
        events = _events(case, withheld)
        return Story(
            _line(case.row, case.standing, machine.due(case.standing, clock), as_of, sight, _named(book, sight)),
            machine.running(case.standing, clock), events, sources,
            _evidence(book, sources), _appeal(case, rules), machine.appeal_until(case.standing, clock),
            _may(db, viewer, case, rules, as_of), machine.must_look(case.standing, case.number),
            _followed_by(book, case, sight), case.events[0].what.get("former"), _anew(book, case, sight),
        )  # fmt: skip


def stories(
    db: Database, viewer: Viewer, numbers: Sequence[str], *, rules: Rules, as_of: datetime
) -> list[Story]:  # fmt: skip
    """The cases of these numbers that are in sight, in their order, for documents: read together, and without
    evidence, appeal, what may be done, and what follows."""
    require(viewer, READ)
    sight, clock, found = Sight(db, viewer), clock_of(rules), dict[str, Story]()
    with db.reading() as connection:
        book = Book(connection)
        named = _named(book, sight)
        for part in parts(list(dict.fromkeys(numbers))):
            rows = book.rows(sa.select(VIOLATIONS).where(VIOLATIONS.c.number.in_(part)))
            for case in load(book, [row for row in rows if sight.sees(row)]):
                withheld, due = sight.withheld(case.row), machine.due(case.standing, clock)
                line = _line(case.row, case.standing, due, as_of, sight, named)
                found[case.number] = Story(
                    line, machine.running(case.standing, clock), _events(case, withheld),
                    () if withheld else case.sources, (), None, machine.appeal_until(case.standing, clock), (),
                    must_look=False, followed_by=(),
                )  # fmt: skip
    return [found[number] for number in numbers if number in found]


def due_cases(db: Database, viewer: Viewer, *, rules: Rules, as_of: datetime) -> list[Violation]:
    """Open cases with a running step, by what ends first: each has its level by now (`checks.violations`)."""
    open_ones = ledger(db, viewer, rules=rules, as_of=as_of, ended=False)
    return [one for one in open_ones if one.due is not None and SUSPENDED not in one.sides]


@dataclass(frozen=True, slots=True)
class _Rights:
    restricted: bool
    hidden: Callable[[str | None], bool]
    offices: frozenset[str] | None


class Sight:
    """Which cases a viewer may know of."""

    def __init__(self, db: Database, viewer: Viewer) -> None:
        offices = None if viewer.sees_everything else frozenset(visible_tree(db, viewer).offices)
        self._rights = _Rights(may(viewer, READ_RESTRICTED), hidden_offices(db, viewer), offices)

    def sees(self, row: Mapping[str, Any]) -> bool:
        rights = self._rights
        within = rights.offices is None or row["office_code"] in rights.offices
        return within and (not self.withheld(row) or row["told_at"] is not None)

    def withheld(self, row: Mapping[str, Any]) -> bool:
        """Whether how the case became known is kept from the viewer."""
        rights = self._rights
        return bool(row["restricted"]) and not (rights.restricted and not rights.hidden(row["office_code"]))


def require_case(sight: Sight, case: Case | None, number: str) -> Case:
    if case is None or not sight.sees(case.row):
        raise NotAllowedError(f"There is no violation '{number}', or it is outside what you may see.")
    return case


def _line(
    row: Mapping[str, Any], now: Standing, step: Due | None, as_of: datetime, sight: Sight, named: Collection[str]
) -> Violation:  # fmt: skip
    """`named`: numbers that may be told as an earlier occurrence."""
    withheld = sight.withheld(row)
    told = from_micros(row["told_at"]) if withheld else None
    before = row["recurrence_of"]
    return Violation(
        row["number"], row["office_code"], row["item_code"], now.severity, "supervision" if withheld else row["kind"],
        bool(row["restricted"]), bool(row["restricted"]) and row["told_at"] is None, now.state, now.sides, now.since,
        step.until if step else None, step.step if step else None, machine.level_by(now, step, as_of),
        told or from_micros(row["observed_at"]), told or from_micros(row["opened_at"]), told or now.confirmed,
        now.ended, before if before in named else None, now.returns, now.seq,
    )  # fmt: skip


def _events(case: Case, withheld: bool) -> tuple[Event, ...]:
    """With their words masked; of a case whose source is withheld only what happened since it was sent down."""
    if not withheld:
        return tuple(map(_told, case.events))
    first = next((one.seq for one in case.events if one.deed == "send_down"), len(case.events) + 1)
    since = (one for one in case.events if one.seq >= first)
    return tuple(replace(one, what={}) if BY_NAME[one.deed].right is None else _told(one) for one in since)


def _told(event: Event) -> Event:
    said = {name: masked("text", str(event.what[name])) for name in WORDS if name in event.what}
    return replace(event, what={**event.what, **said})


def _evidence(book: Book, sources: Sequence[Source]) -> tuple[int, ...]:
    samples = sorted({one.sample for one in sources if one.sample})
    sheets = sorted({sheet_of(one) for one in sources if one.record == "inspections"})
    row = EVIDENCE.c
    found: set[int] = set()
    for column, values in ((row.sample_id, samples), (row.inspection_no, sheets)):
        for part in parts(values):
            found |= {one["id"] for one in book.rows(sa.select(row.id).where(column.in_(part)))}
    return tuple(sorted(found))


def _appeal(case: Case, rules: Rules) -> Appeal | None:
    made = next((one for one in case.events if one.deed == "appeal"), None)
    if made is None:
        return None
    decided = next((one for one in case.events if one.deed in ("uphold_appeal", "refuse_appeal")), None)
    outcome = None if decided is None else {"uphold_appeal": "upheld", "refuse_appeal": "refused"}[decided.deed]
    return Appeal(made.by, made.at, str(_told(made).what.get("note", "")),
                  deadline(clock_of(rules), "decide_appeal", case.standing.severity, made.at), outcome,
                  decided.by if decided else None)  # fmt: skip


def actor_of(db: Database, viewer: Viewer, case: Case) -> machine.Actor:
    """The viewer as the rules of persons see them."""

    def is_same(name: str, at: datetime) -> bool:
        return same_person(viewer, name, to_micros(at))

    return machine.Actor(viewer.name, is_same, case.office in own_offices(db, viewer))


def _may(db: Database, viewer: Viewer, case: Case, rules: Rules, as_of: datetime) -> tuple[str, ...]:
    actor, clock = actor_of(db, viewer, case), clock_of(rules)
    able = (deed for deed in DEEDS if deed.right is not None and may(viewer, deed.right))
    return tuple(deed.name for deed in able if _is_open(case, deed, actor, clock, as_of))


def _is_open(case: Case, deed: Deed, actor: machine.Actor, clock: Any, as_of: datetime) -> bool:
    if not machine.possible(case.standing, deed):
        return False
    try:
        machine.refuse_person(case.standing, deed, actor)
        machine.refuse_moment(case.standing, deed, clock, as_of)
    except RuleError:
        return False
    return True


def _anew(book: Book, case: Case, sight: Sight) -> tuple[str, ...]:
    """Only a new case names a former one, in its first event; both have a source in common."""
    source, event = VIOLATION_SOURCES.c, VIOLATION_EVENTS.c
    shared = sa.select(source.violation_id).where(
        source.reference.in_([one.reference for one in case.sources]), source.violation_id > case.id
    )
    query = sa.select(VIOLATIONS, event.what).join(VIOLATION_EVENTS, event.violation_id == VIOLATIONS.c.id)
    rows = book.rows(query.where(VIOLATIONS.c.id.in_(shared), event.seq == 1).order_by(VIOLATIONS.c.id))
    return tuple(str(one["number"]) for one in rows
                 if sight.sees(one) and json.loads(one["what"]).get("former") == case.number)  # fmt: skip


def _followed_by(book: Book, case: Case, sight: Sight) -> tuple[str, ...]:
    rows = book.rows(sa.select(VIOLATIONS).where(VIOLATIONS.c.recurrence_of == case.number).order_by(VIOLATIONS.c.id))
    return tuple(str(one["number"]) for one in rows if sight.sees(one))
