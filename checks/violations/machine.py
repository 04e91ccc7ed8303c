"""Where a violation stands, and what may be done next (状态机): pure, folded from its events.

Everything is read from the events, in their order; nothing else is believed. `refuse` raises what stands against a
deed, in the order in which a person would want to know it; who may by role is the caller's question (`Deed.right`).
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from checks.errors import RuleError
from checks.violations import table
from checks.violations.deadlines import ZONE, Clock, deadline, in_time
from checks.warnings.escalation import Level, level

DRAWN_OF_D = 5
"""One in so many rectified reminders (D) is looked at again; the others are passed on their papers (p)."""
ORDER: tuple[Level, ...] = ("station", "reminded", "department", "leader")


class PersonError(RuleError):
    """This person must not: it is their own office, their own decision, or another's to do."""


class NotPossibleError(RuleError):
    """The state, or what stands (or does not stand) beside it, is against the deed; `stands` is its code."""

    def __init__(self, stands: str, *, lacking: bool = False) -> None:
        super().__init__(f"The case is {'not ' if lacking else ''}{stands}.")
        self.stands, self.lacking = stands, lacking


class LackingError(RuleError):
    """Something that must be brought along is empty; `field` is its name."""

    def __init__(self, field: str) -> None:
        super().__init__(f"The deed lacks: {field}.")
        self.field = field


@dataclass(frozen=True, slots=True)
class Event:
    """One deed as it happened; `what` is what it brought along."""

    seq: int
    deed: str
    by: str
    at: dt.datetime
    what: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Said:
    """Who did something, and when."""

    by: str
    at: dt.datetime


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a case stands after its events. Times are aware."""

    state: str
    severity: str
    since: dt.datetime
    """When it came into its state."""
    sides: frozenset[str] = frozenset()
    seq: int = 0
    verify_since: dt.datetime | None = None
    """From when on a verdict is waited for: the opening, or the moment the material that was asked for came."""
    confirmed: dt.datetime | None = None
    step_since: dt.datetime | None = None
    """From when the clock of the step runs; a plan or a word of the office does not start it anew."""
    judges: tuple[Said, ...] = ()
    submitter: Said | None = None
    submitted: dt.datetime | None = None
    proposers: Mapping[str, Said] = field(default_factory=dict)
    appealed: dt.datetime | None = None
    planned: bool = False
    returns: int = 0
    paused: dt.datetime | None = None
    pauses: tuple[tuple[dt.datetime, dt.datetime], ...] = ()
    ended: dt.datetime | None = None
    secret: bool = False
    """Kept from the judged office until it is sent down."""
    told: dt.datetime | None = None
    """When it was sent down; anew where it stands again."""


@dataclass(frozen=True, slots=True)
class Due:
    """One running step with its last second."""

    step: str
    since: dt.datetime
    until: dt.datetime


@dataclass(frozen=True, slots=True)
class Actor:
    """Who wants to act: `is_same` says whether what a name did at a moment counts as done by this person."""

    name: str
    is_same: Callable[[str, dt.datetime], bool]
    works_there: bool = False
    """Whether the judged office is the person's own (回避)."""


def fold(events: Sequence[Event], severity: str, judges: Iterable[Said] = (), *, secret: bool = False) -> Standing:
    """The standing after all events; `judges` are who judged the sources before (reviewers, inspectors)."""
    now = Standing(table.CANDIDATE, severity, events[0].at, judges=tuple(judges), verify_since=events[0].at,
                   secret=secret)  # fmt: skip
    for event in events:
        now = after(now, event)
    return now


def after(now: Standing, event: Event) -> Standing:
    """The standing after one more event, which is believed to have been allowed."""
    deed = table.BY_NAME[event.deed]
    sides = (now.sides - set(deed.clears)) | set(deed.sets)
    changes: dict[str, Any] = {"sides": sides, "seq": event.seq}
    if deed.to is not None:
        changes |= {"state": deed.to, "since": event.at, "step_since": event.at, "planned": False, "ended": None}
        if deed.to in table.ENDED:
            changes |= {"ended": event.at, "sides": sides & {table.APPEAL_DECIDED, table.SUPERVISED}, "paused": None}
        if deed.to == table.CONFIRMED:
            changes["confirmed"] = event.at
    said = Said(event.by, event.at)
    if deed.name in ("confirm", "reject", "pass", "return", "revived"):
        changes["severity"] = event.what.get("severity", now.severity)
    if deed.name == "confirm":
        changes["judges"] = (*now.judges, said)
    if deed.sets:
        changes["proposers"] = {**now.proposers, **dict.fromkeys(deed.sets, said)}
    return _told(replace(now, **changes), event)


def _told(now: Standing, event: Event) -> Standing:
    match event.deed:
        case "add_material" | "reopened":
            return replace(now, verify_since=event.at)
        case "send_down":
            return replace(now, told=event.at)
        case "plan":
            return replace(now, planned=True)
        case "submit":
            return replace(now, submitter=Said(event.by, event.at), submitted=event.at)
        case "return":
            return replace(now, returns=now.returns + 1, planned=True)  # no second plan is asked for
        case "appeal":
            return replace(now, appealed=event.at)
        case "approve_suspension":
            return replace(now, paused=event.at)
        case "resume" if now.paused is not None:
            return replace(now, paused=None, pauses=(*now.pauses, (now.paused, event.at)))
    return now


# --- deadlines --------------------------------------------------------------------------------------------------------


def appeal_until(now: Standing, clock: Clock) -> dt.datetime | None:
    """The last second in which the office may appeal; None where nothing is confirmed or nobody may (D).

    The window of a case that was kept from the office begins when it is sent down: nobody appeals unknowing.
    """
    since = now.told if now.secret else now.confirmed
    return None if now.confirmed is None or since is None else deadline(clock, "appeal", now.severity, since)


_STEPS = {
    table.CANDIDATE: ("remind", "verify"),
    table.REMINDED: ("verify",),
    table.NEEDS_MATERIAL: ("material",),
    table.CONFIRMED: ("send_down",),
    table.RECTIFYING: ("plan", "rectify"),
    table.SUBMITTED: ("recheck",),
    table.RECHECKED: ("close",),
}


def running(now: Standing, clock: Clock) -> tuple[Due, ...]:
    """Every step whose clock runs, the nearest end first; nothing while the case is suspended but its appeal."""
    found = []
    if now.state in table.ALIVE and table.SUSPENDED not in now.sides:
        for step in _STEPS[now.state]:
            start = now.verify_since if step == "verify" else now.step_since
            if (step == "plan" and now.planned) or start is None:
                continue
            until = deadline(clock, step, now.severity, start, now.pauses)
            if until is not None:
                found.append(Due(step, start, until))
    if table.APPEALED in now.sides and now.appealed is not None:
        until = deadline(clock, "decide_appeal", now.severity, now.appealed)
        if until is not None:
            found.append(Due("decide_appeal", now.appealed, until))
    return tuple(sorted(found, key=lambda due: (due.until, due.step)))


def due(now: Standing, clock: Clock) -> Due | None:
    """What ends first; of a candidate its verification: a reminder may be late, the verdict must not."""
    steps = running(now, clock)
    return next((one for one in steps if one.step != "remind"), None)


def level_of(now: Standing, clock: Clock, moment: dt.datetime) -> Level:
    """Who has it by now: station, reminded at 50 %, department at 100 %, leader at 150 % or after a second return.

    Severity A begins with the department (domain §7.2).
    """
    return level_by(now, due(now, clock), moment)


def level_by(now: Standing, step: Due | None, moment: dt.datetime) -> Level:
    """The same where what ends first is known already."""
    found: Level = "station"
    if step is not None:
        found = level(step.since, step.until, moment, acknowledged=now.planned and step.step == "rectify")
    floor: Level = "leader" if now.returns >= 2 else "department" if now.severity == "A" else "station"
    return max(found, floor, key=ORDER.index)


# --- what stands against a deed ---------------------------------------------------------------------------------------


def possible(now: Standing, deed: table.Deed) -> bool:
    """Whether the state and what stands beside it allow the deed, whoever does it and whatever it brings."""
    return now.state in deed.states and now.sides >= set(deed.needs) and not now.sides & set(deed.forbids)


def refuse(
    now: Standing, deed: table.Deed, actor: Actor, what: Mapping[str, Any], clock: Clock, at: dt.datetime, *,
    number: str = "",
) -> None:  # fmt: skip
    """RuleError (PersonError for the rules of persons) with what stands against the deed at `at`."""
    _refuse_state(now, deed)
    refuse_person(now, deed, actor)
    refuse_moment(now, deed, clock, at)
    _refuse_missing(now, deed, what, number)


def _refuse_state(now: Standing, deed: table.Deed) -> None:
    if now.state not in deed.states:
        raise NotPossibleError(now.state)
    for side in deed.needs:
        if side not in now.sides:
            raise NotPossibleError(side, lacking=True)
    for side in deed.forbids:
        if side in now.sides:
            raise NotPossibleError(side)


def refuse_person(now: Standing, deed: table.Deed, actor: Actor) -> None:
    if actor.works_there and not deed.own:
        raise PersonError("The case is about your own office: nobody acts on their own.")
    if table.JUDGES in deed.not_by and _judged(now, actor):
        raise PersonError("You confirmed or reviewed this case yourself: another person must do this.")
    if table.SUBMITTER in deed.not_by and now.submitter and actor.is_same(now.submitter.by, now.submitter.at):
        raise PersonError("You submitted the rectification yourself: another person must re-check it.")
    proposer = now.proposers.get(deed.proposal)
    if table.PROPOSER in deed.not_by and proposer and actor.is_same(proposer.by, proposer.at):
        raise PersonError("You proposed this yourself: a second person decides.")
    if table.PROPOSER in deed.not_by and proposer and proposer.by == table.MACHINE and _judged(now, actor):
        raise PersonError("You confirmed or reviewed this case yourself: another person must do this.")


def _judged(now: Standing, actor: Actor) -> bool:
    """Whether the actor is one of those who judged it, who alone can take back what the case rests on."""
    return any(actor.is_same(said.by, said.at) for said in now.judges)


def refuse_moment(now: Standing, deed: table.Deed, clock: Clock, at: dt.datetime) -> None:
    if at < now.since:
        raise RuleError("The clock of this machine is behind: the case has moved on later than now.")
    until = appeal_until(now, clock)
    if deed.name == "appeal":
        if until is None:
            raise RuleError("There is no appeal against a reminder (severity D).")
        if not in_time(at, until):
            raise RuleError(f"The appeal window ended at {_shown(until)}.")
    if deed.name == "close" and table.APPEAL_DECIDED not in now.sides and in_time(at, until):
        raise RuleError(f"The office may appeal until {_shown(until)}: the case closes after that.")


def _shown(moment: dt.datetime | None) -> str:
    return "" if moment is None else f"{moment.astimezone(ZONE):%Y-%m-%d %H:%M:%S}"


def _refuse_missing(now: Standing, deed: table.Deed, what: Mapping[str, Any], number: str) -> None:
    """三不放过: a case closes only with cause, responsible unit and post, measure with proof, and training."""
    for name in deed.brings:
        if name == "look" and not must_look(now, number):
            continue
        if not str(what.get(name) or "").strip():
            raise LackingError(name)
    if "cause" in deed.brings and what["cause"] not in table.CAUSES:
        raise RuleError(f"Unknown cause '{what['cause']}': one of {', '.join(table.CAUSES)}.")
    if "step" in deed.brings and what["step"] not in table.LADDER:
        raise RuleError(f"Unknown step '{what['step']}': one of {', '.join(table.LADDER)}.")


def must_look(now: Standing, number: str) -> bool:
    """Whether the re-check needs a look of its own: always; of reminders (D) one in five, drawn once submitted."""
    if now.severity != "D":
        return True
    seed = f"{number}|{int(now.submitted.timestamp()) if now.submitted else 0}"
    return int(hashlib.sha256(seed.encode()).hexdigest(), 16) % DRAWN_OF_D == 0
