"""Opening, joining and ending cases as their sources do (立案与合并): what came since last time, nothing else.

A review or a sheet begins a case as *confirmed* (people have judged it already); a complaint, a form, a late record and
what an inspector enters begin one as *candidate*. One fact that people joined is one case with several sources. A
source that does not stand any more ends the case that rests on it alone; confirmed anew it stands again.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import sqlalchemy as sa

from checks.clock import DAY
from checks.judge.base import microseconds
from checks.violations import machine
from checks.violations.table import (
    ALIVE,
    ANNULLED,
    CLOSED,
    CONFIRMED,
    LAPSED,
    MACHINE,
    OPEN_SIDES,
    UNJUDGED,
    VOID_PROPOSED,
    VOIDED,
)
from dashboard.cases import effects, telling
from dashboard.cases.sources import LOOK_BACK, Seen, Since, changed
from dashboard.cases.stored import (
    Book,
    Case,
    Source,
    cache,
    enter_event,
    enter_source,
    load,
    next_number,
    parts,
    sides_text,
)
from dashboard.database import Database
from dashboard.database.models import FACT_JOINS, META, RECORD_TABLES, VIOLATION_SOURCES, VIOLATIONS
from dashboard.instants import LOCAL, to_micros
from dashboard.intake.tables import alone
from dashboard.judging.facts import JOINED, members
from dashboard.judging.present import situation
from dashboard.judging.reading import Reader
from dashboard.judging.rules import Rules
from dashboard.people import Viewer, system_viewer
from dashboard.secrecy import ever_sealed
from dashboard.settings import Settings

THROUGH = "cases_through"
"""Key of META: what was looked at last."""
SECRET = ("designated", "report")
"""Kinds of sources that only inspectors may know of."""
TAKEN_BACK = (ANNULLED, VOIDED)
FALLEN = ("source_fell", "source_stands")
SUSPICIONS = "dashboard.forms.suspicion"
REPEAT_DAYS = 30
NEWS_FOR = 7 * DAY
"""What became known longer ago is a backlog (the first run over old data), and no news to anybody."""
Reference = tuple[str, str]


@dataclass(slots=True)
class Outcome:
    """How many cases were opened, joined with another source, and ended because theirs does not stand."""

    opened: int = 0
    joined: int = 0
    ended: int = 0


def keep_cases(db: Database, settings: Settings, rules: Rules, as_of: datetime) -> Outcome:
    """Bring the cases up to date with what came since the last time; one process at a time."""
    if find_spec(SUSPICIONS):
        import_module(SUSPICIONS).open_suspicions(db, settings, as_of)
    at = microseconds(as_of)
    with db.adbc() as connection:
        reader = Reader(db, connection)
        if _newest(reader, at) == _last(reader):
            return Outcome()
    with alone(db) as tables:
        reader = Reader(db, tables.connection)
        book = Book(tables)
        book.wait()
        now, last = _newest(reader, at), _last(reader)
        since = last if last is not None and last.batch <= now.batch else Since()
        keeper = _Keeper(book, reader, as_of, rules.rulebook.sheet.repeat_days)
        found = changed(reader, rules, settings.cases, since, now.batch, as_of)
        keeper.look_up(found)
        for seen in found:
            keeper.follow(seen)
        keeper.follow_offices()
        keeper.join(since.join)
        reader.execute(sa.delete(META).where(META.c.key == THROUGH))
        reader.execute(sa.insert(META).values(key=THROUGH, value=f"{now.review} {now.batch} {now.join}"))
    return keeper.outcome


def _newest(reader: Reader, at: int) -> Since:
    found = situation(reader, at)
    join = reader.frame(sa.select(sa.func.max(FACT_JOINS.c.id).label("id"))).item() or 0
    return Since(found.newest_review or 0, found.last.batch if found.last else 0, join)


def _last(reader: Reader) -> Since | None:
    rows = reader.frame(sa.select(META.c.value).where(META.c.key == THROUGH)).rows()
    return Since(*(int(part) for part in rows[0][0].split(" "))) if rows else None


# --- one case by name: forms, and what a person enters ----------------------------------------------------------------


def open_case(
    transaction: Any, *, kind: str, record: str, reference: str, office: str, severity: str, by: Viewer, at: datetime,
    item: str | None = None, observed_at: datetime | None = None, record_id: int | None = None, note: str = "",
    repeat_days: int = REPEAT_DAYS,
) -> str:  # fmt: skip
    """Open a candidate, or find the one that has this source already; returns its number.

    `transaction` is that of `Database.session()` or `alone()`. `reference` names the source and nobody; a case of kind
    `designated` or `report` is the inspectors' alone. `note` must name no customer.
    """
    book = Book(transaction)
    book.wait()
    moment = observed_at or at
    source = Source(kind, record, reference, record_id, None, None, None, at)
    known = _known(book, [(record, reference)]).get((record, reference))
    if known is not None:
        return str(book.rows(sa.select(VIOLATIONS.c.number).where(VIOLATIONS.c.id == known))[0]["number"])
    seen = Seen(source, office, item, severity, to_micros(moment), to_micros(at), True, False, kind in SECRET)
    return _open(book, seen, by=by, at=at, repeat_days=repeat_days, note=note).number


def _known(book: Book, wanted: Iterable[Reference], *, standing: bool = False) -> dict[Reference, int]:
    """Source → the case that it belongs to: the last one that took it up. `standing`: and has not given it away."""
    found: dict[Reference, int] = {}
    row = VIOLATION_SOURCES.c
    references = sorted({reference for _, reference in wanted})
    kinds = {record for record, _ in wanted}
    for part in parts(references):
        query = sa.select(row.id, row.record, row.reference, row.violation_id, row.action)
        for one in book.rows(query.where(row.reference.in_(part), row.record.in_(kinds)).order_by(row.id)):
            if one["action"] == "added":
                found[one["record"], one["reference"]] = one["violation_id"]
            elif standing and found.get((one["record"], one["reference"])) == one["violation_id"]:
                del found[one["record"], one["reference"]]
    return found


def _open(
    book: Book, seen: Seen, *, by: Viewer, at: datetime, repeat_days: int, note: str = "", fact: str | None = None,
    former: str | None = None,
) -> Case:  # fmt: skip
    """`former`: number of the case of the same source that was annulled or voided before."""
    number = next_number(book, at)
    deed = "opened_confirmed" if seen.confirmed else "opened"
    state = "confirmed" if seen.confirmed else "candidate"
    moment = to_micros(at)
    row = {
        "number": number, "office_code": seen.office, "item_code": seen.item, "severity": seen.severity,
        "kind": seen.source.kind, "restricted": seen.restricted, "observed_at": seen.observed, "opened_at": moment,
        "confirmed_at": moment if seen.confirmed else None, "told_at": None, "fact": fact,
        "recurrence_of": earlier(book, seen.office, seen.item, seen.observed, repeat_days), "state": state,
        "sides": sides_text(()), "since": moment, "ended_at": None, "last_seq": 1,
    }  # fmt: skip
    case = int(book.scalar(sa.insert(VIOLATIONS).values(**row).returning(VIOLATIONS.c.id)))
    enter_source(book, case, seen.source, by=by, at=at)
    what = {"kind": seen.source.kind, "note": note, "former": former}
    event = enter_event(book, case, 1, deed, what, by=by, at=at)
    opened = Case({"id": case, **row}, (event,), (seen.source,), machine.fold([event], seen.severity))
    if moment - seen.moment < NEWS_FOR:
        telling.tell(book.raw, opened, event, at=at)
    return opened


def earlier(book: Book, office: str, item: str | None, observed: int, repeat_days: int, but: str = "") -> str | None:
    """The last case of the same office and item within the sheet's days before: this one is a recurrence (重复发生)."""
    if item is None:
        return None
    row = VIOLATIONS.c
    query = sa.select(row.number).where(
        row.office_code == office, row.item_code == item, row.observed_at < observed,
        row.observed_at >= observed - repeat_days * DAY, row.state.in_((*ALIVE, CLOSED)), row.number != but,
        sa.not_(row.restricted),  # its number is for inspectors alone, and this line is read by the office
    )  # fmt: skip
    found = book.rows(query.order_by(row.observed_at.desc(), row.id.desc()).limit(1))
    return str(found[0]["number"]) if found else None


# --- what came since --------------------------------------------------------------------------------------------------


class _Keeper:
    """One run of `keep_cases`: follows each source to its case."""

    def __init__(self, book: Book, reader: Reader, as_of: datetime, repeat_days: int) -> None:
        self.book, self.reader, self.as_of, self.repeat_days = book, reader, as_of, repeat_days
        self.by = system_viewer()
        self.successors = _successors(book, as_of.astimezone(LOCAL).date().isoformat())
        self.outcome = Outcome()
        self.facts = {(record, number): fact for fact, record, number in members(reader, as_of).iter_rows()}
        """(record, number of the stored row) → the fact that people say it shows."""
        self.states: dict[Reference, Mapping[str, Any]] = {}
        self.joined_before: set[str] = set()
        """Facts that had been joined before one of their sources opened its case."""

    def follow(self, seen: Seen) -> None:
        reference = seen.source.record, seen.source.reference
        if self._is_quiet(seen):
            return
        case = self._case_of([reference])
        if case is not None and seen.restricted and not case.row["restricted"]:  # it turned out to be a report
            self.book.run(sa.update(VIOLATIONS).where(VIOLATIONS.c.id == case.id).values(restricted=True))
        if case is not None and seen.stands and _moved(case, seen, self.successors):
            self._event(case, "lapsed", {"kind": seen.source.kind})
            case = None
        if seen.stands and (case is None or _is_anew(seen, case.row)):
            self._begin(seen, case)
        elif case is not None and seen.stands:
            self._stands(case, seen)
        elif case is not None:
            self._falls(case, seen)

    def _begin(self, seen: Seen, former: Case | None) -> None:
        """Open a case; `former` is one of this very source that people annulled or voided, and that stays so."""
        named = None if former is None or former.row["restricted"] else former.number
        _open(self.book, seen, by=self.by, at=self.as_of, repeat_days=self.repeat_days, former=named)
        self.outcome.opened += 1
        if fact := self.facts.get(_row(seen.source)):
            self.joined_before.add(fact)

    def look_up(self, several: Iterable[Seen]) -> None:
        """Find the cases of all these sources in a few questions: most have theirs, and nothing is new about them."""
        known = _known(self.book, [(one.source.record, one.source.reference) for one in several], standing=True)
        row = VIOLATIONS.c
        found: dict[int, Mapping[str, Any]] = {}
        columns = (row.id, row.state, row.restricted, row.ended_at, row.item_code, row.office_code, row.sides)
        for part in parts(sorted(set(known.values()))):
            found |= {one["id"]: one for one in self.book.rows(sa.select(*columns).where(row.id.in_(part)))}
        self.states = {reference: found[case] for reference, case in known.items()}

    def _is_quiet(self, seen: Seen) -> bool:
        """Whether the case of a source says already what the source says."""
        case = self.states.get((seen.source.record, seen.source.reference))
        if case is None or bool(case["restricted"]) != seen.restricted:
            return False
        if not seen.stands:
            return case["state"] not in ALIVE
        if seen.confirmed and (_is_anew(seen, case) or VOID_PROPOSED in json.loads(case["sides"])):
            return False
        if case["state"] in UNJUDGED:
            return not seen.confirmed and case["office_code"] == seen.office
        return case["state"] != LAPSED and not (case["state"] == CONFIRMED and case["item_code"] != seen.item)

    def _case_of(self, references: Iterable[Reference]) -> Case | None:
        known = sorted(set(_known(self.book, list(references)).values()))
        if not known:
            return None
        rows = self.book.rows(sa.select(VIOLATIONS).where(VIOLATIONS.c.id == known[0]))
        return load(self.book, rows)[0]

    def _stands(self, case: Case, seen: Seen) -> None:
        state = case.standing.state
        if state in ALIVE and seen.source.reference not in {one.reference for one in case.sources}:
            self._add(case, [seen.source], confirmed=seen.confirmed)
        elif state == LAPSED and "merged_into" not in case.events[-1].what:
            self._again_confirmed(case, seen) if seen.confirmed else self._event(case, "reopened", _kind(seen))
        elif seen.confirmed and state in UNJUDGED:
            self._event(case, "confirmed_by_source", _kind(seen))
        elif seen.confirmed and _has_fallen(case):
            self._event(case, "source_stands", _kind(seen))
        elif seen.confirmed and state == CONFIRMED and _yields(case) and _says_another_item(case, seen):
            self._again_confirmed(self._event(case, "lapsed", _kind(seen)), seen)

    def _again_confirmed(self, case: Case, seen: Seen) -> None:
        """It stands again, as the item that was confirmed last."""
        if not _says_another_item(case, seen):
            self._event(case, "revived", _kind(seen))
            return
        before = earlier(self.book, case.office, seen.item, case.row["observed_at"], self.repeat_days, case.number)
        what = {**_kind(seen), "item": seen.item, "severity": seen.severity}
        self._event(case, "revived", what, item_code=seen.item, recurrence_of=before)

    def _falls(self, case: Case, seen: Seen) -> None:
        """What nobody has sent down ends at once; what is under way a second person voids, or says that it stands."""
        mine, state = (seen.source.record, seen.source.reference), case.standing.state
        others = [one for one in case.sources if (one.record, one.reference) != mine]
        if len(others) == len(case.sources) or state not in ALIVE:
            return
        if others:
            enter_source(self.book, case.id, seen.source, by=self.by, at=self.as_of, action="removed")
            self._event(case, "joined", {"removed": seen.source.kind})
        elif state in UNJUDGED or (seen.confirmed and state == CONFIRMED):
            self._event(case, "lapsed", _kind(seen))
            self.outcome.ended += 1
        elif seen.confirmed and not _was_told_of_its_fall(case) and VOID_PROPOSED not in case.standing.sides:
            self._event(case, "source_fell", _kind(seen))  # what a person confirmed since is for people to end

    def _add(self, case: Case, sources: Iterable[Source], *, confirmed: bool) -> None:
        held = {(one.record, one.reference) for one in case.sources}
        fresh = [one for one in sources if (one.record, one.reference) not in held]
        for one in fresh:
            enter_source(self.book, case.id, one, by=self.by, at=self.as_of)
        if not fresh:
            return
        case = self._event(case, "joined", {"kinds": ", ".join(sorted({one.kind for one in fresh}))})
        self.outcome.joined += 1
        if confirmed and case.standing.state in UNJUDGED:
            self._event(case, "confirmed_by_source", {})

    def _event(self, case: Case, deed: str, what: Mapping[str, Any], **more: Any) -> Case:
        event = enter_event(self.book, case.id, case.standing.seq + 1, deed, what, by=self.by, at=self.as_of)
        now = machine.after(case.standing, event)
        cache(self.book, case.id, now, **more)
        effects.follow(self.book, case, event, by=self.by, at=self.as_of)
        after = replace(case, events=(*case.events, event), standing=now)
        telling.tell(self.book.raw, after, event, at=self.as_of)
        return after

    def follow_offices(self) -> None:
        """Open cases of an office that ended in one other (合并、更名) go on there: its people are who can act."""
        row = VIOLATIONS.c
        query = sa.select(VIOLATIONS).where(row.state.in_(ALIVE), row.office_code.in_(sorted(self.successors)))
        rows = self.book.rows(query.order_by(row.id)) if self.successors else []
        for case in load(self.book, rows):
            here = self.successors[case.office]
            moved = replace(case, row={**case.row, "office_code": here})
            self._event(moved, "moved", {"office": here, "before": case.office}, office_code=here)

    def join(self, since: int) -> None:
        """Facts that people joined or parted since: their cases become one, or several again."""
        row = FACT_JOINS.c
        query = sa.select(row.id, row.fact, row.action, row.members).where(
            sa.or_(row.id > since - LOOK_BACK, row.fact.in_(sorted(self.joined_before))),
            row["at"] <= to_micros(self.as_of),
        )
        latest = {one["fact"]: one for one in self.reader.frame(query).sort("id").iter_rows(named=True)}
        for fact in sorted(latest, key=lambda name: int(latest[name]["id"])):
            rows = [(record, int(number)) for record, number in json.loads(latest[fact]["members"])]
            if latest[fact]["action"] == JOINED:
                self._merge(fact, rows)
            else:
                self._part(fact)

    def _merge(self, fact: str, rows: list[tuple[str, int]]) -> None:
        known = _known(self.book, references := _references(self.book, rows))
        ids = sorted({known[one] for one in references if one in known})
        chosen = sa.select(VIOLATIONS).where(VIOLATIONS.c.id.in_(ids), sa.not_(VIOLATIONS.c.restricted))
        cases = load(self.book, self.book.rows(chosen.order_by(VIOLATIONS.c.id)))  # what is secret stays apart
        living = [one for one in cases if one.standing.state in (*ALIVE, CLOSED)]
        first = next((one for one in living if not _yields(one)), next(iter(living), None))
        if first is None:
            return
        for other in living:
            if other.id == first.id or not _yields(other):
                continue
            confirmed = other.standing.state not in UNJUDGED
            self._add(first, other.sources, confirmed=confirmed)
            self._event(other, "lapsed", {"merged_into": first.number})
            first = self._again(first)
        loose = [row for row in rows if row[0] == "tickets"]
        held = {(one.record, one.record_id) for one in first.sources}
        numbers = _numbers(self.book, [row for row in loose if row not in held])
        complaints = [Source("complaint", "tickets", number, row, None, None, None, self.as_of)
                      for row, number, secret in numbers if not secret]  # fmt: skip
        self._add(first, complaints, confirmed=False)
        self.book.run(sa.update(VIOLATIONS).where(VIOLATIONS.c.id == first.id).values(fact=fact))

    def _part(self, fact: str) -> None:
        rows = self.book.rows(sa.select(VIOLATIONS).where(VIOLATIONS.c.fact == fact).order_by(VIOLATIONS.c.id))
        for first in load(self.book, rows):
            merged = sa.select(VIOLATIONS).where(VIOLATIONS.c.state == LAPSED, VIOLATIONS.c.id != first.id)
            others = [one for one in load(self.book, self.book.rows(merged.order_by(VIOLATIONS.c.id)))
                      if one.events[-1].what.get("merged_into") == first.number]  # fmt: skip
            for other in others:
                for source in other.sources:
                    enter_source(self.book, first.id, source, by=self.by, at=self.as_of, action="removed")
                    enter_source(self.book, other.id, source, by=self.by, at=self.as_of)
                self._event(other, "revived" if other.standing.confirmed else "reopened", {})
            own = {source.reference for other in others for source in other.sources}
            for source in first.sources[1:]:
                if source.kind == "complaint" and source.reference not in own:
                    enter_source(self.book, first.id, source, by=self.by, at=self.as_of, action="removed")
            self.book.run(sa.update(VIOLATIONS).where(VIOLATIONS.c.id == first.id).values(fact=None))

    def _again(self, case: Case) -> Case:
        return load(self.book, self.book.rows(sa.select(VIOLATIONS).where(VIOLATIONS.c.id == case.id)))[0]


def _yields(case: Case) -> bool:
    """Whether a case may end in another one of the same fact: nobody has sent it down, and nothing about it is open.

    A join is one person's word. What is being rectified, appealed against, suspended or voided stays a case of its own.
    """
    return case.standing.state in (*UNJUDGED, CONFIRMED) and not case.standing.sides & OPEN_SIDES


def _successors(book: Book, today: str) -> dict[str, str]:
    """Office that has ended by today → the one that goes on in its place, where it is one."""
    row = RECORD_TABLES["offices"].c
    query = sa.select(row.code, row.valid_to, row.successor_code).where(row.rulebook.is_(None))
    newest = {one["code"]: one for one in book.rows(query.order_by(row.code, row.valid_from))}
    named = {
        code: one["successor_code"] for code, one in newest.items()
        if one["valid_to"] and one["valid_to"] < today and one["successor_code"] in newest
    }  # fmt: skip
    found = {}
    for code, after in named.items():
        seen = {code}
        while after in named and after not in seen:  # several changes, one after the other
            seen.add(after)
            after = named[after]
        if after not in named:
            found[code] = after
    return found


def _kind(seen: Seen) -> dict[str, str]:
    return {"kind": seen.source.kind}


def _is_anew(seen: Seen, case: Mapping[str, Any]) -> bool:
    """Whether a person confirmed the source after its case had been annulled or voided: that is a new case."""
    ended = case["ended_at"]
    return seen.confirmed and case["state"] in TAKEN_BACK and ended is not None and seen.moment > ended


def _moved(case: Case, seen: Seen, successors: Mapping[str, str]) -> bool:
    """Whether the record that a case rests on alone is another office's by now, and nobody has judged the case."""
    alone_on_it = len(case.sources) == 1 and _row(case.sources[0]) == _row(seen.source)
    office = successors.get(seen.office, seen.office) if case.office != seen.office else case.office
    return alone_on_it and case.office != office and case.standing.state in UNJUDGED and not seen.confirmed


def _says_another_item(case: Case, seen: Seen) -> bool:
    return len(case.sources) == 1 and seen.item is not None and case.row["item_code"] != seen.item


def _was_told_of_its_fall(case: Case) -> bool:
    """Whether voiding was proposed since the source stood last: a person may have refused it."""
    return next((one.deed for one in reversed(case.events) if one.deed in FALLEN), "") == "source_fell"


def _has_fallen(case: Case) -> bool:
    proposer = case.standing.proposers.get(VOID_PROPOSED)
    return VOID_PROPOSED in case.standing.sides and proposer is not None and proposer.by == MACHINE


def _row(source: Source) -> tuple[str, int]:
    return source.record, source.record_id or 0


def _references(book: Book, rows: Iterable[tuple[str, int]]) -> list[Reference]:
    """How the sources of these stored rows are called, where a case has them."""
    row = VIOLATION_SOURCES.c
    wanted = sorted({number for _, number in rows})
    kinds = set(rows)
    found: dict[Reference, None] = {}
    for part in parts(wanted):
        query = sa.select(row.record, row.record_id, row.reference).where(row.record_id.in_(part)).order_by(row.id)
        for one in book.rows(query):
            if (one["record"], one["record_id"]) in kinds:
                found[one["record"], one["reference"]] = None
    return list(found)


def _numbers(book: Book, rows: Iterable[tuple[str, int]]) -> list[tuple[int, str, bool]]:
    table = RECORD_TABLES["tickets"]
    query = sa.select(table.c.id, table.c.ticket_no, ever_sealed("tickets", table).label("secret"))
    ids = [number for _, number in rows]
    found = book.rows(query.where(table.c.id.in_(ids)).order_by(table.c.id)) if ids else []
    return [(one["id"], one["ticket_no"], bool(one["secret"])) for one in found]


__all__ = ["Outcome", "earlier", "keep_cases", "open_case"]
