"""Telling of levels (逐级上升): each warning and each case at 50, 100 and 150 % of its time, each level once.

Sent down: the station's head, the department in copy. 50 %: the head again. 100 %: the department. 150 %: the remote
workstation and the leaders of `[notices] leaders`. A level that was passed while no worker ran is told all the same,
except the reminder: what is with the department needs none.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from typing import Any

import sqlalchemy as sa

from checks.measures import Measure
from checks.warnings.catalogue import WaitRule
from checks.warnings.escalation import Level
from dashboard.actions.disputes import DECIDERS
from dashboard.database import Database
from dashboard.database.models import NOTICES
from dashboard.intake.registry import known_measures
from dashboard.judging.rules import rules_of
from dashboard.notices.outbox import Audience, Both, Msgid, Office, To, enter, page_link, recipient_of
from dashboard.people import system_viewer
from dashboard.queries.disputes import disputes
from dashboard.queries.violations import Violation, due_cases
from dashboard.queries.warnings import Warned, warnings
from dashboard.secrecy import sealed_among
from dashboard.settings import Settings

TOLD_AS = {"station": "office_head", "department": "regional_manager", "workstation": "inspector"}
"""Who answers for a level → the role in which they are told."""
ORDER: tuple[Level, ...] = ("station", "reminded", "department", "leader")
WORDS: dict[Level, str] = {
    "station": "{office}: {what}, {record} {number}, until {due}.",
    "reminded": "Half of the time is over: {what}, {record} {number} of {office}, until {due}.",
    "department": "The time is over and nobody has ended it: {what}, {record} {number} of {office}, was due {due}.",
    "leader": "Half as much again as the time it had is over: {what}, {record} {number} of {office}, was due {due}.",
}
"""What a level says; msgids."""
EARLY: dict[Level, str] = {
    "department": "With the department from the beginning: {what}, {record} {number} of {office}, until {due}.",
    "leader": "With workstation and leaders after a second return: {what}, {record} {number} of {office}, until {due}.",
}
"""What a level says that a case has by its severity or its returns, while its time still runs; msgids."""
KINDS = {"tickets": "ticket", "repairs": "repair", "applications": "service connection", "violations": "violation",
         "measures": "measure", "evaluations": "evaluation"}  # fmt: skip
"""What is at this level; msgids."""
STEPS = {
    "remind": "the reminder to the office", "verify": "the verification", "material": "the material asked for",
    "send_down": "the sending down", "appeal": "the appeal", "decide_appeal": "the decision of the appeal",
    "plan": "the plan of rectification", "rectify": "the rectification", "recheck": "the re-check",
    "close": "the closing",
}  # fmt: skip
"""What a case waits for; msgids."""
OVERDUE = "Dispute {number} of {office} should have been decided by {due}."
AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Rising:
    """A warning or a case, as far as telling of its level goes."""

    key: str
    topic: str
    office: str
    level: Level
    values: dict[str, object]
    link: str
    urgent: bool = False
    roles: tuple[str, ...] = ()
    levels: tuple[Level, ...] = ORDER
    """Levels that are told here; a case's sending down is told by its deed."""
    words: Mapping[Level, str] = field(default_factory=lambda: WORDS)


def escalate(db: Database, settings: Settings, now: datetime, *, go_on: Callable[[], None] = lambda: None) -> int:
    """Enter every level that has been reached and not been told; how many notices were entered."""
    entered, rising = 0, iter(_rising(db, settings, now))
    while some := list(islice(rising, AT_ONCE)):
        go_on()
        wanted = [(one, level, _to(settings, level, one)) for one in some for level in _levels(one)]
        told = _told(db, [f"{one.key} {level}" for one, level, _ in wanted])
        fresh = [(one, level, to) for one, level, to in wanted
                 if any((f"{one.key} {level}", recipient_of(each)) not in told for each in to)]  # fmt: skip
        if fresh:
            with db.session() as connection:
                entered += sum(_enter(connection, one, level, to, now) for one, level, to in fresh)
    return entered


def _rising(db: Database, settings: Settings, now: datetime) -> list[Rising]:
    """Everything that has a level by now: open warnings, and cases with a step that runs."""
    system = system_viewer()
    found = warnings(db, system, as_of=now)
    numbers: dict[str, list[str]] = {}
    for one in found:
        numbers.setdefault(one.record, []).append(one.number)
    sealed = {(record, number) for record, named in numbers.items() for number in sealed_among(db, record, named)}
    cases = due_cases(db, system, rules=rules_of(settings, db), as_of=now)
    measures = known_measures(settings).by_code
    return [
        *(_of_warning(one, (one.record, one.number) in sealed, measures) for one in found),
        *(_of_case(one, now) for one in cases),
    ]


def tell_overdue(db: Database, settings: Settings, now: datetime) -> int:
    """Enter each dispute that should have been decided by now, once, for the department and for the leaders."""
    found = [one for one in disputes(db, system_viewer(), as_of=now) if one.state == "overdue"]
    told = {key for key, _ in _told(db, [f"dispute {one.number} overdue" for one in found])}
    fresh = [one for one in found if f"dispute {one.number} overdue" not in told]
    if not fresh:
        return 0
    with db.session() as connection:
        return sum(
            enter(connection, key=f"dispute {one.number} overdue", topic="dispute", words=OVERDUE,
                  to=[*(Audience(role, one.office) for role in DECIDERS.values()), *settings.notices.leaders],
                  values={"number": one.number, "office": Office(one.office), "due": one.due}, office=one.office,
                  link=page_link("disputes", dispute=one.number), at=now)
            for one in fresh
        )  # fmt: skip


def _of_case(one: Violation, now: datetime) -> Rising:
    """A step of a case; the key holds the step, for each has a time of its own. A red line is told at night too.

    A level above the station while the time still runs is not the clock's: it is told once, and again when time is up.
    """
    step = one.step or ""
    early = one.level in EARLY and one.due is not None and now <= one.due
    values = {"what": Msgid(STEPS.get(step, step)), "record": Msgid(KINDS["violations"]), "number": one.number,
              "due": one.due}  # fmt: skip
    return Rising(f"case {one.number} {step} {one.returns}{' early' if early else ''}", "case", one.office, one.level,
                  values, page_link("violation", number=one.number), urgent=one.severity == "A",
                  roles=(TOLD_AS["workstation"],) if one.secret else (),
                  levels=(one.level,) if early else ORDER[1:], words=EARLY if early else WORDS)  # fmt: skip


def _of_warning(one: Warned, sealed: bool, measures: Mapping[str, Measure]) -> Rising:
    """`sealed`: about a report (举报) or what hangs on one; inspectors alone are told, whatever its level.

    A measure is called by its title, as on the board: its number is a code. What runs by the clock of day and night (a
    repair, an event of public opinion) is told at night too, for by the morning it is over; leaders sleep.
    """
    number: object = one.number
    if one.record == "measures" and one.number in measures:
        number = Both(measures[one.number].title, measures[one.number].title_en)
    values = {"what": Both(one.rule.title, one.rule.title_en), "record": Msgid(KINDS.get(one.record, one.record)),
              "number": number, "due": one.due}  # fmt: skip
    link = page_link("warnings", warning=one.id)
    if one.record == "measures":
        link = page_link("lines", measure=one.number, office=one.office)
    by_night = one.due is not None and (one.record == "repairs" or isinstance(one.rule, WaitRule))
    return Rising(f"warning {one.id}", "warning", one.office, one.level, values, link,
                  urgent=by_night and one.level != "leader",
                  roles=(TOLD_AS["workstation"],) if sealed else ())  # fmt: skip


def _levels(one: Rising) -> Iterable[Level]:
    """Those to be told by now; a reminder only while nothing higher is reached."""
    below = ORDER[: ORDER.index(one.level) + 1]
    return [level for level in below if level in one.levels and (level != "reminded" or one.level == "reminded")]


def _told(db: Database, keys: list[str]) -> set[tuple[str, str]]:
    """(key, recipient): what was handed on to another office is told there too."""
    with db.reading() as connection:
        query = sa.select(NOTICES.c.key, NOTICES.c.recipient).where(NOTICES.c.key.in_(keys))
        return {(row.key, row.recipient) for row in connection.execute(query)}


def _enter(connection: Any, one: Rising, level: Level, to: list[To], now: datetime) -> int:
    return enter(connection, key=f"{one.key} {level}", to=to, topic=one.topic, words=one.words[level],
                 values={"office": Office(one.office), **one.values}, link=one.link, office=one.office,
                 roles=one.roles, urgent=one.urgent, at=now)  # fmt: skip


def _to(settings: Settings, level: Level, one: Rising) -> list[To]:
    if one.roles:
        return [Audience(role, one.office) for role in one.roles]
    match level:
        case "station":
            return [Audience(TOLD_AS["station"], one.office), Audience(TOLD_AS["department"], one.office)]
        case "reminded":
            return [Audience(TOLD_AS["station"], one.office)]
        case "department":
            return [Audience(TOLD_AS["department"], one.office)]
    return [Audience(TOLD_AS["workstation"], one.office), *settings.notices.leaders]
