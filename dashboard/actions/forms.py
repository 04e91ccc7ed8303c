"""Boxes, forms and cards (三指定评价表): opened by two inspectors, entered one by one, never told to whom they concern.

What a form says becomes a row of the record `evaluations`, written as an import would write it. Who wrote it is sealed
in a table of its own. The application of a form that accuses nobody is named, so that the form counts as collected; of
one that accuses somebody it is sealed too: in every figure that form looks like one that never came back.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from checks.forms import ANSWERS, BEST, NAMED, STEPS, WORST, Step, accuses, told
from dashboard.actions import audit
from dashboard.database import Database
from dashboard.database.models import (
    BOX_OPENINGS,
    BOX_SIGNATURES,
    FORM_DRAFTS,
    FORM_IDENTITIES,
    FORM_SHEETS,
    HANDOUTS,
    RECORD_TABLES,
)
from dashboard.errors import NotAllowedError, UsageError
from dashboard.evidence import chain
from dashboard.forms.sealing import prepare, seal, unseal
from dashboard.forms.suspicion import open_suspicion
from dashboard.instants import LOCAL, to_micros
from dashboard.intake import by_hand
from dashboard.intake.tables import Tables, alone
from dashboard.people import Viewer, same_person
from dashboard.queries.connections import CLASSES
from dashboard.queries.forms import Opening, opening_of
from dashboard.queries.offices import require_visible, visible_tree
from dashboard.reviewing.own import own_offices
from dashboard.rights import require
from dashboard.secrecy import hides
from dashboard.settings import Settings

OPEN, ENTER = "open a box of forms", "enter a form"
IDENTITY, HAND_OUT = "read who wrote a form", "say how many forms and cards were handed out"
LOCK = 20261131
"""Number of PostgreSQL's advisory lock under which openings are signed."""
HANDED_OUT = ("form", "notice_card", "answer_card")
MOST, MOST_DAYS, LONGEST = 100_000, 3_650, 2_000
MONTH = re.compile(r"(?:19|20)\d\d-(?:0[1-9]|1[0-2])")
APART = ("application", "customer", "phone", "project", "words")
"""What of a form tells who wrote it."""


@dataclass(frozen=True, slots=True)
class Form:
    """A form as it is typed in. Days are working days; `extra_fee` None: the customer did not say."""

    steps: Mapping[str, Step] = field(default_factory=dict)
    extra_fee: bool | None = None
    promised_days: int | None = None
    actual_days: int | None = None
    signed: bool = False
    application: str = ""
    customer: str = ""
    phone: str = ""
    project: str = ""
    words: str = ""

    @property
    def suspicion(self) -> bool:
        return accuses(self.steps, self.extra_fee)


# --- what was handed out ----------------------------------------------------------------------------------------------


def hand_out(
    db: Database, *, by: Viewer, what: str, office: str, month: str, issued: int, at: datetime,
    kind: str | None = None, returned: int | None = None,
) -> None:  # fmt: skip
    """Say how many forms, 明白卡 or 答复卡 an office handed out in a month (`YYYY-MM`); the latest word holds.

    `kind` is the class of connection, None for all. `returned` is for 答复卡 alone. UsageError for what cannot be.
    """
    require(by, HAND_OUT)
    require_visible(visible_tree(db, by), office)
    if what not in HANDED_OUT:
        raise UsageError(f"Nothing called '{what}' is handed out;", f"one of {', '.join(HANDED_OUT)}.")
    if kind is not None and kind not in CLASSES:
        raise UsageError(f"There is no class of connection '{kind}';", f"one of {', '.join(CLASSES)}.")
    if not MONTH.fullmatch(month) or month > f"{at.astimezone(LOCAL):%Y-%m}":
        raise UsageError(f"'{month}' is no month that has begun.", "Write it as 2026-11.")
    if not 0 <= issued <= MOST or not 0 <= (returned or 0) <= issued:
        raise UsageError(f"{issued} handed out, {returned or 0} returned: that cannot be.", "Count again.")
    if returned is not None and what != "answer_card":
        raise UsageError("Only answer cards are counted when they come back.", "Forms are counted where they lie.")
    values = {"what": what, "office_code": office, "month": month, "class": kind, "issued": issued,
              "returned": returned, "by": by.name, "at": to_micros(at)}  # fmt: skip
    with db.session() as connection:
        chain.enter(connection, HANDOUTS, values, by=by, at=at)
        audit.record(connection, by, "hand_out", office, f"{what} {month} {issued}", at=at)


# --- opening a box ----------------------------------------------------------------------------------------------------


def open_box(
    db: Database, *, by: Viewer, box: str, office: str, opened_at: datetime, found: int, at: datetime
) -> int:  # fmt: skip
    """Enter that a box was opened, with its time and the forms counted in it; returns the opening's number.

    It holds once a second inspector signs it. NotAllowedError for one's own office; UsageError for what cannot be.
    """
    require(by, OPEN)
    _require_elsewhere(db, by, office)
    if not box.strip() or len(box.strip()) > 60:
        raise UsageError("Say which box was opened.", "Its number stands on it.")
    if opened_at > at:
        raise UsageError("The opening lies in the future.", "Give the moment at which the box was opened.")
    if not 0 <= found <= MOST:
        raise UsageError(f"{found} forms cannot have lain in a box.", "Count again.")
    values = {"box": box.strip(), "office_code": office, "opened_at": to_micros(opened_at), "found": found,
              "by": by.name, "at": to_micros(at)}  # fmt: skip
    with db.session() as connection:
        number = chain.enter(connection, BOX_OPENINGS, values, by=by, at=at)
        _signed(connection, by, number, at)
        audit.record(connection, by, "open_box", office, f"opening {number}", at=at)
    return number


def sign(db: Database, *, by: Viewer, opening: int, at: datetime) -> None:
    """Say that one was there when the box was opened. NotAllowedError at one's own office; UsageError if said twice."""
    require(by, OPEN)
    with db.session() as connection:
        if db.dialect == "postgresql":  # so that nobody signs twice at once; SQLite has one writer anyway
            connection.execute(sa.select(sa.func.pg_advisory_xact_lock(LOCK)))
        found = _require_seen(db, by, opening_of(connection, opening), opening)
        if any(same_person(by, name) for name in found.inspectors):
            raise UsageError(f"You have signed opening {opening} already.", "Another inspector signs beside you.")
        _signed(connection, by, opening, at)
        audit.record(connection, by, "sign_box", found.office, f"opening {opening}", at=at)


def _signed(connection: Connection, by: Viewer, opening: int, at: datetime) -> None:
    values = {"opening_id": opening, "proved": by.proved, "by": by.name, "at": to_micros(at)}
    chain.enter(connection, BOX_SIGNATURES, values, by=by, at=at)


def _require_elsewhere(db: Database, by: Viewer, office: str) -> None:
    """The office is in sight and not the person's own (回避): neither where they work nor above or below it."""
    tree = visible_tree(db, by)
    require_visible(tree, office)
    if own_offices(db, by) & (tree.below(office) | {office}):
        raise NotAllowedError(f"'{office}' is {by.name}'s own office.", "Nobody opens the box of their own office.")


def _require_seen(db: Database, by: Viewer, found: Opening | None, number: int) -> Opening:
    if found is None or not (by.sees_everything or found.office in visible_tree(db, by).offices):
        raise NotAllowedError(f"Opening {number} does not exist or is outside what you may see.")
    _require_elsewhere(db, by, found.office)
    return found


# --- drafts: sealed, each its author's alone -------------------------------------------------------------------------


def begin(db: Database, settings: Settings, *, by: Viewer, opening: int, at: datetime) -> int:
    """Begin a form found in this opening; returns the draft's number. UsageError until two inspectors have signed."""
    require(by, ENTER)
    prepare(db, settings)
    with db.session() as connection:
        _require_enterable(db, by, opening_of(connection, opening), opening)
        values = {"opening_id": opening, "sealed": seal(settings, _typed(Form())), "by": by.name,
                  "created_at": to_micros(at), "updated_at": to_micros(at)}  # fmt: skip
        return int(connection.execute(sa.insert(FORM_DRAFTS).values(values).returning(FORM_DRAFTS.c.id)).scalar_one())


def save(db: Database, settings: Settings, *, by: Viewer, draft: int, form: Form, at: datetime) -> None:
    """Keep what was typed so far. UsageError for what no form says."""
    require(by, ENTER)
    _require_readable(form)
    with _own(db, by, draft) as (connection, _):
        values = {"sealed": seal(settings, _typed(form)), "updated_at": to_micros(at)}
        connection.execute(sa.update(FORM_DRAFTS).values(values).where(FORM_DRAFTS.c.id == draft))


def discard(db: Database, *, by: Viewer, draft: int, at: datetime) -> None:
    """Delete a draft: nothing of it was entered."""
    require(by, ENTER)
    with _own(db, by, draft) as (connection, row):
        connection.execute(sa.delete(FORM_DRAFTS).where(FORM_DRAFTS.c.id == draft))
        audit.record(connection, by, "discard_form_draft", f"opening {row['opening_id']}", at=at)


def draft_of(db: Database, settings: Settings, viewer: Viewer, draft: int) -> tuple[int, Form]:
    """Opening and content of one's own draft; NotAllowedError for any other, there or not."""
    row = FORM_DRAFTS.c
    query = sa.select(row.opening_id, row.sealed).where(row.id == draft, row.by == viewer.name)
    with db.reading() as connection:
        found = connection.execute(query).first()
    if found is None:
        raise NotAllowedError(f"There is no draft {draft} of yours.", "It may have been sent or deleted.")
    return found.opening_id, _form(unseal(settings, found.sealed))


@contextmanager
def _own(db: Database, by: Viewer, draft: int) -> Iterator[tuple[Connection, Mapping[str, Any]]]:
    row = FORM_DRAFTS.c
    with db.session() as connection:
        query = sa.select(FORM_DRAFTS).where(row.id == draft, row.by == by.name).with_for_update()
        found = connection.execute(query).mappings().first()
        if found is None:
            raise NotAllowedError(f"There is no draft {draft} of yours.", "It may have been sent or deleted.")
        yield connection, dict(found)


def _typed(form: Form) -> dict[str, Any]:
    return {**{name: getattr(form, name) for name in Form.__slots__ if name != "steps"},
            "steps": {step: asdict(said) for step, said in form.steps.items()}}  # fmt: skip


def _form(typed: Mapping[str, Any]) -> Form:
    return Form(**{**typed, "steps": {step: Step(**said) for step, said in typed["steps"].items()}})


def _require_readable(form: Form) -> None:
    """Only steps, answers and numbers that a form has. The values of personal fields are never repeated."""
    for step, said in form.steps.items():
        if step not in STEPS or set(said.named) - set(NAMED) or set(said.named.values()) - set(ANSWERS):
            raise UsageError(f"The form has no answer of that kind for step '{step}'.", "yes, no or unknown.")
        if said.attitude is not None and not WORST <= said.attitude <= BEST:
            raise UsageError(f"Attitude {said.attitude} is not on the form.", f"{WORST} to {BEST}.")
    for days in (form.promised_days, form.actual_days):
        if days is not None and not 0 <= days <= MOST_DAYS:
            raise UsageError(f"{days} days cannot be.", f"0 to {MOST_DAYS}.")
    if any(len(getattr(form, name)) > LONGEST for name in APART):
        raise UsageError(f"A text is longer than {LONGEST} characters.")


# --- entering --------------------------------------------------------------------------------------------------------


def submit(db: Database, settings: Settings, *, by: Viewer, draft: int, at: datetime) -> str:
    """Enter a draft: evaluation, answers, sealed identity and the end of the draft in one transaction.

    Returns the number of the evaluation. UsageError for an empty form, or for one more than were counted in the box.
    """
    require(by, ENTER)
    number, form = draft_of(db, settings, by, draft)
    _require_readable(form)
    if not form.steps and form.extra_fee is None:
        raise UsageError("Nothing has been entered yet.", "Answer at least one question of the form.")
    sealed = seal(settings, {name: getattr(form, name) for name in APART})
    with alone(db) as tables:
        opening = _locked(tables, db, by, number)
        if tables.scalar(_gone(draft, by).returning(FORM_DRAFTS.c.id)) is None:
            raise NotAllowedError(f"There is no draft {draft} of yours.", "It may have been sent or deleted.")
        evaluation = f"BD-{number}-{opening.entered + 1}"
        batch = by_hand.enter(tables, "evaluations", [_row(tables, opening, evaluation, form)], by=by, at=at,
                              details={"opening": number})  # fmt: skip
        sheet = chain.enter(tables, FORM_SHEETS, _sheet(opening, evaluation, form, batch, by, at), by=by, at=at)
        tables.run(sa.insert(FORM_IDENTITIES).values(sheet_id=sheet, sealed=sealed))
        audit.record(tables, by, "enter_form", f"opening {number}", evaluation, at=at)
        if form.suspicion:
            open_suspicion(
                tables, number=evaluation, office=opening.office, observed_at=opening.opened_at, by=by, at=at
            )
    return evaluation


def _gone(draft: int, by: Viewer) -> sa.Delete:
    return sa.delete(FORM_DRAFTS).where(FORM_DRAFTS.c.id == draft, FORM_DRAFTS.c.by == by.name)


def _locked(tables: Tables, db: Database, by: Viewer, number: int) -> Opening:
    """The opening as it is inside `alone`: nobody else enters a form meanwhile."""
    with db.reading() as connection:
        found = _require_enterable(db, by, opening_of(connection, number), number)
    entered = tables.scalar(sa.select(sa.func.count()).where(FORM_SHEETS.c.opening_id == number))
    if entered >= found.found:
        raise UsageError(f"All {found.found} forms of opening {number} are entered.", "Was one entered twice?")
    return replace(found, entered=entered)


def _require_enterable(db: Database, by: Viewer, opening: Opening | None, number: int) -> Opening:
    found = _require_seen(db, by, opening, number)
    if not found.holds:
        raise UsageError(f"Opening {number} has one signature.", "A second inspector who was there signs it first.")
    if not any(same_person(by, name) for name in found.inspectors):
        raise NotAllowedError(f"Opening {number} is entered by those who signed it.")
    return found


def _row(tables: Tables, opening: Opening, evaluation: str, form: Form) -> dict[str, Any]:
    """The row of `evaluations`; an accusing form names no application."""
    attitudes = [said.attitude for said in form.steps.values() if said.attitude is not None]
    application = RECORD_TABLES["applications"].c
    named = form.application.strip() if not form.suspicion else ""
    system = tables.scalar(sa.select(application.system).where(application.application_no == named)) if named else None
    return {
        "system": system or by_hand.SOURCE, "evaluation_no": evaluation, "kind": "designated_form",
        "office_code": opening.office, "record_no": named if system else None, "at": to_micros(opening.opened_at),
        **{f"designated_{thing}": told(form.steps, thing) for thing in NAMED}, "extra_fee": form.extra_fee,
        "attitude": min(attitudes, default=None), "box": opening.box, "opened_by": "、".join(opening.inspectors),
    }  # fmt: skip


def _sheet(
    opening: Opening, evaluation: str, form: Form, batch: int, by: Viewer, at: datetime
) -> dict[str, Any]:  # fmt: skip
    answers = {step: {**said.named, "attitude": said.attitude} for step, said in form.steps.items()}
    return {
        "evaluation_no": evaluation, "opening_id": opening.number, "office_code": opening.office,
        "answers": json.dumps(answers, ensure_ascii=False, sort_keys=True), "extra_fee": form.extra_fee,
        "promised_days": form.promised_days, "actual_days": form.actual_days, "suspicion": form.suspicion,
        "batch_id": batch, "by": by.name, "at": to_micros(at),
    }  # fmt: skip


def who_wrote(
    db: Database, settings: Settings, *, by: Viewer, number: str, reason: str, at: datetime
) -> dict[str, str]:  # fmt: skip
    """Who wrote an entered form, and in which words: for inspectors, with a reason that is logged before it is told.

    NotAllowedError for a form out of sight and for one that does not exist, alike.
    """
    require(by, IDENTITY)
    if len(reason.strip()) < 4:
        raise UsageError("Say why you need to know who wrote the form.")
    sheet, apart = FORM_SHEETS.c, FORM_IDENTITIES.c
    query = (
        sa.select(sheet.office_code, apart.sealed)
        .join_from(FORM_SHEETS, FORM_IDENTITIES, apart.sheet_id == sheet.id)
        .where(sheet.evaluation_no == number)
    )
    with db.session() as connection:
        found = connection.execute(query).first()
        visible = found is not None and (by.sees_everything or found.office_code in visible_tree(db, by).offices)
        if found is None or not visible or hides(db, by, found.office_code):
            raise NotAllowedError(f"Form '{number}' does not exist or is outside what you may see.")
        audit.record(connection, by, "unmask_form", number, reason.strip(), at=at)
    return {name: str(value) for name, value in unseal(settings, found.sealed).items()}
