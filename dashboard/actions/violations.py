"""What people do with a violation (违规处置): one deed, one event, one transaction; of two at once one wins.

Which deeds there are, who may and what they bring along is `checks.violations.table`; nothing is decided here a second
time. A successful appeal and a voiding take away what the case rests on, by the means that reviews and sheets have.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from checks.errors import RuleError
from checks.judge.samples import slot_is_due
from checks.violations import machine
from checks.violations.machine import PersonError
from checks.violations.table import BY_NAME, PERSONS_DEEDS, Deed
from dashboard.actions import audit
from dashboard.actions.verdicts import require_known
from dashboard.cases import effects, opening, telling, words
from dashboard.cases.stored import Book, Case, cache, case_of, clock_of, enter_event, sheet_of
from dashboard.database import Database
from dashboard.database.models import FINDINGS, RECORD_TABLES, REVIEWS, VIOLATIONS
from dashboard.errors import NotAllowedError, UsageError
from dashboard.instants import LOCAL, from_micros, to_micros
from dashboard.intake.tables import alone
from dashboard.judging.rules import Rules
from dashboard.people import Viewer
from dashboard.queries.offices import require_visible, visible_tree
from dashboard.queries.violations import Sight, actor_of, require_case
from dashboard.reviewing.own import own_offices
from dashboard.rights import require

KNOWN = frozenset({
    "note", "item", "proof", "cause", "unit", "post", "measure", "training", "step", "leader", "paper",
    "look_sample", "look_inspection", "look_date", "look_slot",
})  # fmt: skip
"""What a deed may bring along, each as text."""
LONGEST = 2_000


def deal(
    db: Database, *, by: Viewer, number: str, deed: str, seen: int, at: datetime, rules: Rules, **what: str | None
) -> int:  # fmt: skip
    """Do one deed of the table on a case; returns the number of its event.

    `seen` is the last event that the person saw. UsageError for what is missing or not possible, and where something
    has happened meanwhile (it tells what, and by whom); NotAllowedError for who may not, or a case out of sight.
    `what`: texts by the names of KNOWN; a re-check's look is a sample, an inspection, or a day and slot.
    """
    row = _row(deed)
    require(by, row.right or "")
    brought = _given(what)
    with _transaction(db, row, number) as book:
        case = require_case(Sight(db, by), case_of(book, number), number)
        _refuse_stale(case, seen)
        given = _completed(db, book, by, case, row, brought, rules, at)
        try:
            actor = actor_of(db, by, case)
            machine.refuse(case.standing, row, actor, given, clock_of(rules), at, number=case.number)
        except PersonError as error:
            raise NotAllowedError(str(error)) from error
        except RuleError as error:
            raise _in_words(error) from error
        event = enter_event(book, case.id, seen + 1, deed, given, by=by, at=at)
        now = machine.after(case.standing, event)
        more = _more(book, case, deed, given, rules, at)
        cache(book, case.id, now, **more)
        effects.follow(book, case, event, by=by, at=at)
        telling.tell(book.raw, replace(case, standing=now, row={**case.row, **more}), event, at=at)
        audit.record(book.raw, by, f"violation_{deed}", case.number, at=at)
    return event.seq


def open_by_hand(
    db: Database, *, by: Viewer, office: str, item: str, observed_at: datetime, note: str, at: datetime, rules: Rules
) -> str:  # fmt: skip
    """Open a candidate that a person saw and no other source knows; returns its number.

    UsageError for an unknown item, a moment that has not come, or without words; NotAllowedError for who may not, an
    office out of sight, or one's own.
    """
    require(by, "open a violation")
    require_visible(visible_tree(db, by), office)
    if office in own_offices(db, by):
        raise NotAllowedError("The case is about your own office: nobody acts on their own.")
    require_known(item, rules.rulebook.sheet)
    if observed_at > at:
        raise UsageError("The moment observed lies ahead.", "Give the moment at which it was seen.")
    if not note.strip():
        raise UsageError("What was seen is missing.", "One sentence is enough.")
    reference = f"{office} {item} {observed_at.astimezone(LOCAL):%Y-%m-%dT%H:%M:%S}"
    with db.session() as connection:
        number = opening.open_case(
            connection, kind="hand", record="hand", reference=reference, office=office, item=item,
            severity=grades(rules)[item], observed_at=observed_at, by=by, at=at, note=note.strip(),
            repeat_days=rules.rulebook.sheet.repeat_days,
        )  # fmt: skip
        audit.record(connection, by, "open_violation", number, at=at)
    return number


def _more(book: Book, case: Case, deed: str, given: Mapping[str, Any], rules: Rules, at: datetime) -> dict[str, Any]:
    """What a deed changes in the row beside what its standing says."""
    if deed == "send_down":
        return {"told_at": to_micros(at)}
    if deed != "confirm":
        return {}
    days = rules.rulebook.sheet.repeat_days
    before = opening.earlier(book, case.office, given["item"], case.row["observed_at"], days, case.number)
    return {"item_code": given["item"], "recurrence_of": before}


def grades(rules: Rules) -> dict[str, str]:
    return {item.code: item.grade for item in rules.rulebook.sheet.items}


@contextmanager
def _transaction(db: Database, deed: Deed, number: str) -> Iterator[Book]:
    """One transaction that has the case to itself; one that may change records waits for imports too."""
    try:
        if deed.name in effects.CHANGING:
            with alone(db) as tables:
                yield locked(Book(tables), number)
        else:
            with db.session() as connection:
                yield locked(Book(connection), number)
    except IntegrityError as error:
        if "violation_events" not in str(error):
            raise
        raise UsageError("Somebody else dealt with this case at the same moment.", "Reload the page.") from error


def locked(book: Book, number: str) -> Book:
    """Of two at once one waits here, and finds what the other did."""
    book.run(sa.update(VIOLATIONS).where(VIOLATIONS.c.number == number).values(last_seq=VIOLATIONS.c.last_seq))
    return book


def _row(name: str) -> Deed:
    deed = BY_NAME.get(name)
    if deed is None or deed.right is None:
        raise UsageError(f"Unknown deed '{name}';", f"one of {', '.join(one.name for one in PERSONS_DEEDS)}.")
    return deed


def _given(what: Mapping[str, str | None]) -> dict[str, str]:
    unknown = sorted(set(what) - KNOWN)
    if unknown:
        raise UsageError(f"A deed cannot bring '{unknown[0]}' along;", f"one of {', '.join(sorted(KNOWN))}.")
    given = {name: value.strip() for name, value in what.items() if value and value.strip()}
    long = next((name for name, value in given.items() if len(value) > LONGEST), None)
    if long:
        raise UsageError(f"The field {long} is longer than {LONGEST} characters.", "Shorten it.")
    return given


def _in_words(error: RuleError) -> UsageError:
    """What stands against a deed, with the words that people have for states and fields."""
    if isinstance(error, machine.NotPossibleError):
        stands = {**words.STATES, **words.SIDES}[error.stands]
        if error.lacking:
            return UsageError(f"This is not possible: the case has no '{stands}'.", "Reload the page.")
        return UsageError(f"This is not possible: the case is '{stands}'.", "Reload the page.")
    if isinstance(error, machine.LackingError):
        return UsageError(f"The deed lacks: {words.FIELDS[error.field]}.")
    return UsageError(str(error))


def _refuse_stale(case: Case, seen: int) -> None:
    """What happened meanwhile, and by whom, to somebody who saw less."""
    if seen == case.standing.seq:
        return
    last = case.events[-1]
    when = f"{last.at.astimezone(LOCAL):%Y-%m-%d %H:%M:%S}"
    raise UsageError(
        f"Meanwhile {last.by} did this with {case.number}: {telling.DEED_WORDS[last.deed]}, at {when}.",
        "Reload the page.",
    )


# --- what a deed brings along -----------------------------------------------------------------------------------------


def _completed(
    db: Database, book: Book, by: Viewer, case: Case, deed: Deed, given: Mapping[str, str], rules: Rules, at: datetime
) -> dict[str, Any]:  # fmt: skip
    """The fields with what follows from them: the severity of the item, the look of a re-check."""
    full: dict[str, Any] = {name: value for name, value in given.items() if not name.startswith("look_")}
    if deed.name == "confirm":
        full["item"] = require_known(given.get("item") or case.row["item_code"] or "", rules.rulebook.sheet)
        full["severity"] = grades(rules)[full["item"]]
    if "look" in deed.brings:
        look = _look(book, case, given, rules, at)
        if look and deed.name == "pass":
            _refuse_seen_again(book, case, look)
        if look:
            full["look"] = look
    return full


def _look(book: Book, case: Case, given: Mapping[str, str], rules: Rules, at: datetime) -> dict[str, Any] | None:
    """Where the re-check looked: in another slot than the case's own, after the rectification, and not ahead."""
    if given.get("look_sample"):
        look, span = _sample(book, case, given["look_sample"])
    elif given.get("look_inspection"):
        look, span = _inspection(book, case, given["look_inspection"])
    elif given.get("look_date") or given.get("look_slot"):
        look, span = _day_and_slot(book, case, given, rules)
    else:
        return None
    _refuse_same_slot(case, look, span)
    submitted = case.standing.submitted
    if submitted is not None and span.ends <= to_micros(submitted):
        raise UsageError("The look lies before the rectification was submitted.", "Look again after it.")
    if span.starts > to_micros(at):
        raise UsageError("The look lies ahead.", "Name a look that has been taken.")
    return look


@dataclass(frozen=True, slots=True)
class _Span:
    """When somebody looked, in microseconds: a slot without its last moment, or one moment."""

    starts: int
    ends: int

    @classmethod
    def at(cls, moment: int) -> _Span:
        return cls(moment, moment + 1)


def _sample(book: Book, case: Case, sample: str) -> tuple[dict[str, Any], _Span]:
    row = RECORD_TABLES["samples"].c
    query = sa.select(row.sample_id, row.hall_code, row.date, row.slot, row.captured_at)
    taken = (row.sample_id == sample, row.outcome == "captured", row.captured_at.is_not(None))
    found = book.rows(query.where(*taken).order_by(row.captured_at).limit(1))
    if not found or found[0]["hall_code"] != case.office:
        raise UsageError(f"There is no sample '{sample}' of this hall that was taken.", "Choose one of the same hall.")
    one = found[0]
    moment = one["captured_at"]
    day = one["date"] or f"{from_micros(moment).astimezone(LOCAL):%Y-%m-%d}"
    return {"sample": sample, "day": day, "slot": one["slot"], "moment": moment}, _Span.at(moment)


def _inspection(book: Book, case: Case, number: str) -> tuple[dict[str, Any], _Span]:
    """A sheet may be about several halls: what it says of this one."""
    row = RECORD_TABLES["inspections"].c
    query = sa.select(sa.func.max(row["at"]).label("at")).where(
        row.inspection_no == number, row.hall_code == case.office
    )
    moment = book.rows(query)[0]["at"]
    if moment is None:
        raise UsageError(f"There is no inspection '{number}' of this hall.", "Choose one of the same hall.")
    day = f"{from_micros(moment).astimezone(LOCAL):%Y-%m-%d}"
    return {"inspection": number, "day": day, "moment": moment}, _Span.at(moment)


def _day_and_slot(book: Book, case: Case, given: Mapping[str, str], rules: Rules) -> tuple[dict[str, Any], _Span]:
    """A look of which there is no film and no sheet: in a slot in which the hall is open on that day."""
    try:
        day, number = date.fromisoformat(given.get("look_date", "")), int(given.get("look_slot", ""))
        if not 2000 <= day.year < 2100:
            raise ValueError("no calendar knows that day")
    except ValueError as error:
        raise UsageError(
            "The look needs a day and the number of a slot.", "Write the day as 2026-11-23 and the slot as 2."
        ) from error
    slot = next((one for one in rules.slots.on(day) if one.number == number), None)
    row = RECORD_TABLES["hall_days"].c
    query = sa.select(row.open, row.opens, row.closes, row.filed_at).where(
        row.hall_code == case.office, row.date == day.isoformat()
    )
    said = next(iter(book.rows(query)), None)
    if slot is None or not slot_is_due(day, slot, said, rules.calendar):
        raise UsageError(f"{case.office} has no slot {number} on {day.isoformat()}.", "Choose another one.")
    starts, ends = (to_micros(datetime.combine(day, clock, LOCAL)) for clock in (slot.starts, slot.ends))
    return {"day": day.isoformat(), "slot": number}, _Span(starts, ends)


def _refuse_seen_again(book: Book, case: Case, look: Mapping[str, Any]) -> None:
    """A look at which the same item was found broken again passes nothing."""
    row, finding, review = RECORD_TABLES["inspections"].c, FINDINGS.c, REVIEWS.c
    item = case.row["item_code"]
    sheet = sa.select(row.id).where(row.inspection_no == look.get("inspection"), row.hall_code == case.office,
                                    row.item_code == item, row.result == "violation")  # fmt: skip
    mine = review.sample_id == look.get("sample")
    latest = sa.select(sa.func.max(review.id)).where(mine, review.finding_id.is_not(None)).group_by(review.finding_id)
    film = sa.select(review.id).join(FINDINGS, finding.id == review.finding_id).where(
        finding.sample_id == look.get("sample"), review.decision == "confirmed", review.id.in_(latest),
        sa.func.coalesce(review.item_code, finding.item_code) == item,
    )  # fmt: skip
    if book.rows(sheet) or book.rows(film):
        raise UsageError(f"That look found {item} broken again: it passes nothing.", "Return the case instead.")


def _refuse_same_slot(case: Case, look: Mapping[str, Any], span: _Span) -> None:
    """Where nobody noted the slot of what was seen (a sheet, a person), the moment says whether it lies in the look."""
    seen = span.starts <= case.row["observed_at"] < span.ends
    for source in case.sources:
        same_sample = look.get("sample") is not None and look["sample"] == source.sample
        same_sheet = look.get("inspection") is not None and look["inspection"] == sheet_of(source)
        same_slot = look.get("slot") is not None and (look["day"], look["slot"]) == (source.day, source.slot)
        if same_sample or same_sheet or same_slot or seen:
            raise UsageError("The case itself was seen there: a re-check looks at another slot.", "Choose another one.")


__all__ = ["KNOWN", "deal", "grades", "open_by_hand"]
