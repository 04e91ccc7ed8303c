"""The lifecycle of a violation as one table (domain §7.1): states, deeds, who may, what each must bring along.

A *state* says where the case is; a *side* stands beside it (申诉, 挂起, 督办 …) until a deed takes it away. A deed
whose `right` is None is the machine's own: the source of a case appeared, was joined, or does not stand any more.
"""

from __future__ import annotations

from dataclasses import dataclass

CANDIDATE, REMINDED, NEEDS_MATERIAL = "candidate", "reminded", "needs_material"
CONFIRMED, RECTIFYING, SUBMITTED, RECHECKED = "confirmed", "rectifying", "submitted", "rechecked"
REJECTED, CLOSED, VOIDED, ANNULLED, LAPSED = "rejected", "closed", "voided", "annulled", "lapsed"

UNJUDGED = (CANDIDATE, REMINDED, NEEDS_MATERIAL)
"""Nobody has said yet that it is a violation."""
STANDING = (CONFIRMED, RECTIFYING, SUBMITTED, RECHECKED)
"""Confirmed and not closed."""
ALIVE = (*UNJUDGED, *STANDING)
ENDED = (REJECTED, CLOSED, VOIDED, ANNULLED, LAPSED)
STATES = (*ALIVE, *ENDED)
FINAL = frozenset({REJECTED, VOIDED, ANNULLED})
"""No deed of a person leads out of these; of a closed case only accountability is left."""

APPEALED, APPEAL_DECIDED, SUPERVISED, SUSPENDED = "appealed", "appeal_decided", "supervised", "suspended"
VOID_PROPOSED, SUSPENSION_PROPOSED = "void_proposed", "suspension_proposed"
OPEN_SIDES = frozenset({APPEALED, SUSPENDED, VOID_PROPOSED, SUSPENSION_PROPOSED})
"""What waits for somebody's word beside the state."""
ACCOUNTABILITY_PROPOSED, ACCOUNTABILITY_DECIDED = "accountability_proposed", "accountability_decided"

SEVERITIES = ("A", "B", "C", "D")
LADDER = ("criticism", "deduction", "organisational", "disciplinary")
"""通报批评, 经济处罚, 组织处理, 行政处分 (domain §7.3). A step is proposed here and decided on paper."""
CAUSES = ("duty", "skill", "management", "equipment", "process", "material", "outside", "other")
"""Cause codes at closing (p): duty not done, skill, management, equipment, process, papers, outside the office."""

MACHINE = "system"
"""By whom the machine's own deeds are."""
Who = str
JUDGES, SUBMITTER, PROPOSER = "judges", "submitter", "proposer"
"""Whom a deed must not come from: who confirmed or reviewed it; who rectified it; who proposed what is decided."""


@dataclass(frozen=True, slots=True)
class Deed:
    """One row of the table. `to` None leaves the state; `brings` names what must be filled in."""

    name: str
    right: str | None
    states: tuple[str, ...]
    to: str | None = None
    brings: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    """Sides that must stand."""
    forbids: tuple[str, ...] = (SUSPENDED,)
    """Sides that must not stand."""
    sets: tuple[str, ...] = ()
    clears: tuple[str, ...] = ()
    not_by: tuple[Who, ...] = ()
    proposal: str = ""
    """The side whose proposer is meant by PROPOSER."""
    own: bool = False
    """Done by the judged office itself; every other deed is refused to who works there."""


def _decides(name: str, right: str, side: str, **rest: object) -> Deed:
    """A second person's word on what a first one proposed."""
    return Deed(name, right, needs=(side,), clears=(side,), not_by=(PROPOSER,), proposal=side, **rest)  # type: ignore[arg-type]


DEEDS: tuple[Deed, ...] = (
    # how a case begins and follows its sources: the machine
    Deed("opened", None, (), CANDIDATE),
    Deed("opened_confirmed", None, (), CONFIRMED),
    Deed("joined", None, STATES, forbids=()),
    Deed("moved", None, ALIVE, forbids=()),
    Deed("lapsed", None, (*UNJUDGED, CONFIRMED), LAPSED, forbids=()),
    Deed("source_fell", None, (RECTIFYING, SUBMITTED, RECHECKED), forbids=(), sets=(VOID_PROPOSED,)),
    Deed("source_stands", None, ALIVE, needs=(VOID_PROPOSED,), forbids=(), clears=(VOID_PROPOSED,)),
    Deed("revived", None, (LAPSED,), CONFIRMED, forbids=()),
    Deed("reopened", None, (LAPSED,), CANDIDATE, forbids=()),
    Deed("confirmed_by_source", None, UNJUDGED, CONFIRMED, forbids=()),
    # is it one?
    Deed("remind", "remind of a violation", (CANDIDATE,), REMINDED),
    Deed("ask_material", "confirm a violation", (CANDIDATE, REMINDED), NEEDS_MATERIAL, ("note",)),
    Deed("add_material", "add material to a violation", (NEEDS_MATERIAL,), REMINDED, ("note",), own=True),
    Deed("confirm", "confirm a violation", UNJUDGED, CONFIRMED, ("note", "item")),
    Deed("reject", "confirm a violation", UNJUDGED, REJECTED, ("note",)),
    # rectification
    Deed("send_down", "send down a rectification", (CONFIRMED,), RECTIFYING, ("note",)),
    Deed("plan", "rectify a violation", (RECTIFYING,), None, ("note",), own=True),
    Deed("submit", "rectify a violation", (RECTIFYING,), SUBMITTED, ("note", "proof"), own=True),
    Deed("pass", "re-check a violation", (SUBMITTED,), RECHECKED, ("look", "note"), not_by=(JUDGES, SUBMITTER)),
    Deed("return", "re-check a violation", (SUBMITTED,), RECTIFYING, ("look", "note"), not_by=(JUDGES, SUBMITTER)),
    Deed(
        "close", "close a violation", (RECHECKED,), CLOSED,
        ("cause", "unit", "post", "measure", "proof", "training"), forbids=(APPEALED, SUSPENDED, VOID_PROPOSED),
    ),
    # beside it
    Deed("supervise", "supervise a violation", ALIVE, None, ("note",), forbids=(SUPERVISED, SUSPENDED),
         sets=(SUPERVISED,)),
    Deed("appeal", "appeal against a violation", STANDING, None, ("note",), forbids=(APPEALED, APPEAL_DECIDED),
         sets=(APPEALED,), own=True),
    Deed("uphold_appeal", "decide an appeal", STANDING, ANNULLED, ("note",), needs=(APPEALED,), forbids=(),
         clears=(APPEALED,), sets=(APPEAL_DECIDED,), not_by=(JUDGES, PROPOSER), proposal=APPEALED),
    Deed("refuse_appeal", "decide an appeal", STANDING, None, ("note",), needs=(APPEALED,), forbids=(),
         clears=(APPEALED,), sets=(APPEAL_DECIDED,), not_by=(JUDGES, PROPOSER), proposal=APPEALED),
    Deed("propose_suspension", "ask to suspend a violation", ALIVE, None, ("note",),
         forbids=(SUSPENDED, SUSPENSION_PROPOSED), sets=(SUSPENSION_PROPOSED,), own=True),
    _decides("approve_suspension", "approve suspending a violation", SUSPENSION_PROPOSED, states=ALIVE,
             sets=(SUSPENDED,)),
    _decides("refuse_suspension", "approve suspending a violation", SUSPENSION_PROPOSED, states=ALIVE,
             brings=("note",)),
    Deed("resume", "approve suspending a violation", ALIVE, None, ("note",), needs=(SUSPENDED,), forbids=(),
         clears=(SUSPENDED,)),
    Deed("propose_void", "void a violation", ALIVE, None, ("note",), forbids=(VOID_PROPOSED,), sets=(VOID_PROPOSED,)),
    _decides("approve_void", "approve voiding a violation", VOID_PROPOSED, states=ALIVE, to=VOIDED,
             forbids=(APPEALED,)),
    _decides("refuse_void", "approve voiding a violation", VOID_PROPOSED, states=ALIVE, brings=("note",),
             forbids=()),
    # accountability: a proposal, approved on paper
    Deed("propose_accountability", "propose accountability", (CLOSED,), None,
         ("step", "unit", "post", "leader", "note"),
         forbids=(ACCOUNTABILITY_PROPOSED, ACCOUNTABILITY_DECIDED), sets=(ACCOUNTABILITY_PROPOSED,)),
    _decides("approve_accountability", "approve accountability", ACCOUNTABILITY_PROPOSED, states=(CLOSED,),
             brings=("paper",), sets=(ACCOUNTABILITY_DECIDED,)),
    _decides("refuse_accountability", "approve accountability", ACCOUNTABILITY_PROPOSED, states=(CLOSED,),
             brings=("note",)),
)  # fmt: skip
BY_NAME = {deed.name: deed for deed in DEEDS}
PERSONS_DEEDS = tuple(deed for deed in DEEDS if deed.right is not None)
