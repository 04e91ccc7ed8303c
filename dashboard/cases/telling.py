"""Who is told of a deed (通知谁): the judged office, its department, the inspectors; never who reported something."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from checks.violations.machine import Event
from dashboard.cases.stored import Case
from dashboard.notices.outbox import Audience, Msgid, Office, enter, page_link

OFFICE = "office_head"
DEPARTMENT = "regional_manager"
INSPECTORS = "inspector"
TOLD: dict[str, tuple[str, ...]] = {
    "opened": (INSPECTORS,),
    "opened_confirmed": (OFFICE, DEPARTMENT, INSPECTORS),
    "lapsed": (OFFICE, INSPECTORS),
    "moved": (OFFICE, DEPARTMENT, INSPECTORS),
    "source_fell": (DEPARTMENT, INSPECTORS),
    "source_stands": (DEPARTMENT, INSPECTORS),
    "revived": (OFFICE, INSPECTORS),
    "reopened": (INSPECTORS,),
    "confirmed_by_source": (OFFICE, DEPARTMENT, INSPECTORS),
    "remind": (OFFICE,),
    "ask_material": (OFFICE,),
    "add_material": (INSPECTORS,),
    "confirm": (OFFICE, DEPARTMENT),
    "reject": (OFFICE,),
    "send_down": (OFFICE, DEPARTMENT),
    "plan": (INSPECTORS,),
    "submit": (INSPECTORS, DEPARTMENT),
    "pass": (OFFICE,),
    "return": (OFFICE, DEPARTMENT),
    "close": (OFFICE, DEPARTMENT),
    "supervise": (OFFICE, DEPARTMENT, INSPECTORS),
    "appeal": (DEPARTMENT, INSPECTORS),
    "uphold_appeal": (OFFICE, INSPECTORS),
    "refuse_appeal": (OFFICE, INSPECTORS),
    "propose_suspension": (DEPARTMENT, INSPECTORS),
    "approve_suspension": (OFFICE, DEPARTMENT, INSPECTORS),
    "refuse_suspension": (OFFICE, INSPECTORS),
    "resume": (OFFICE, DEPARTMENT, INSPECTORS),
    "propose_void": (DEPARTMENT, INSPECTORS),
    "approve_void": (OFFICE, INSPECTORS),
    "refuse_void": (INSPECTORS,),
    "propose_accountability": (DEPARTMENT,),
    "approve_accountability": (INSPECTORS,),
    "refuse_accountability": (INSPECTORS,),
}
"""Deed → the roles that are told. Whoever did it may be among them: it is the case's own trail."""
WORDS = "Violation {number} of {office}: {deed}."
"""What a notice of a deed says; the deed is a text of its own."""


def tell(transaction: Any, case: Case, event: Event, *, at: datetime) -> None:
    """Enter the notices of a deed in its transaction; each event is told once to each.

    Of a restricted case that is not sent down yet only inspectors are told.
    """
    secret = bool(case.row["restricted"]) and case.row["told_at"] is None
    roles = [role for role in TOLD.get(event.deed, ()) if not secret or role == INSPECTORS]
    if not roles:
        return
    values = {"number": case.number, "office": Office(case.office), "deed": Msgid(DEED_WORDS[event.deed])}
    enter(
        transaction, key=f"violation {case.number} {event.seq}", to=[Audience(role, case.office) for role in roles],
        topic="case", words=WORDS, values=values, link=page_link("violation", number=case.number), office=case.office,
        roles=(INSPECTORS,) if secret else (), urgent=case.standing.severity == "A" and event.deed == "send_down",
        at=at,
    )  # fmt: skip


DEED_WORDS: dict[str, str] = {
    "opened": "opened as a candidate",
    "opened_confirmed": "opened as confirmed",
    "joined": "another source joined",
    "lapsed": "ended: its source does not stand any more",
    "moved": "its office has ended: it goes on with the office after it",
    "source_fell": "its source does not stand any more: voiding proposed",
    "source_stands": "its source was confirmed anew: voiding taken back",
    "revived": "stands again: its source was confirmed anew",
    "reopened": "a candidate again",
    "confirmed_by_source": "confirmed by a review or a sheet",
    "remind": "the office was reminded",
    "ask_material": "more material is needed",
    "add_material": "material was added",
    "confirm": "confirmed",
    "reject": "found to be no violation",
    "send_down": "sent down to be rectified",
    "plan": "plan of the rectification",
    "submit": "rectification submitted",
    "pass": "re-checked and in order",
    "return": "re-checked and returned",
    "close": "closed",
    "supervise": "supervised",
    "appeal": "the office appealed",
    "uphold_appeal": "appeal upheld: the violation is annulled",
    "refuse_appeal": "appeal refused",
    "propose_suspension": "suspension proposed",
    "approve_suspension": "suspended",
    "refuse_suspension": "suspension refused",
    "resume": "goes on after its suspension",
    "propose_void": "voiding proposed",
    "approve_void": "voided",
    "refuse_void": "voiding refused",
    "propose_accountability": "accountability proposed",
    "approve_accountability": "accountability decided on paper",
    "refuse_accountability": "proposal of accountability refused",
}
"""Deed → what happened, for people; msgids."""
