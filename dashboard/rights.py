"""Who may do what (权限): one row per deed, the roles that have it, and whether it needs the whole company in sight.

`docs/permissions.md` says the same for people; a test compares both with what every page, command and route does.
Where a person may do it is not said here: a viewer's offices are asked for by each query and action. No other file
names roles to decide by (tests/repository/test_rights.py).
"""

from __future__ import annotations

from dataclasses import dataclass

from dashboard.errors import NotAllowedError
from dashboard.people import Viewer, require_decider


@dataclass(frozen=True, slots=True)
class Right:
    """Roles that may do something. `whole`: only those among them who see the whole company."""

    roles: frozenset[str]
    whole: bool = False


def _right(*roles: str, whole: bool = False) -> Right:
    return Right(frozenset(roles), whole)


ADMINISTRATOR = "administrator"
APART = frozenset({ADMINISTRATOR, "auditor"})
"""Who keeps the system or watches over it: they lend powers to, and borrow them from, their own kind only."""
KEEPERS = ("administrator", "evaluator")
OVERSIGHT = ("inspector", "evaluator", "administrator", "auditor", "system")
"""Who reads what concerns the offices' own people: never their heads and managers first."""
SEALED = ("system", "inspector", "auditor", "administrator")
MANAGERS = ("regional_manager", "inspector", "evaluator", "administrator")

RIGHTS: dict[str, Right] = {
    # warnings and what is known about figures
    "deal with a warning": _right("administrator", "inspector", "regional_manager", "office_head"),
    "read ratings of people": _right("office_head"),
    "note a known cause": _right(*MANAGERS),
    "file an exclusion": _right("office_head", *MANAGERS),
    "approve an exclusion": _right(*MANAGERS, whole=True),
    "reject an exclusion": _right(*MANAGERS, whole=True),
    "revoke an exclusion": _right(*MANAGERS, whole=True),
    # quarter
    "propose a freeze": _right("evaluator", "administrator", "regional_manager", whole=True),
    "publish a freeze": _right("evaluator", "administrator", "regional_manager", "inspector", whole=True),
    "propose a restatement": _right("evaluator", "administrator", "regional_manager", whole=True),
    "approve a restatement": _right("evaluator", "administrator", "regional_manager", "inspector", whole=True),
    # halls: film, sheets, opening
    "decide about a sample": _right("inspector", "reviewer", "administrator"),
    "say what is right": _right("inspector", "administrator"),
    "ask for a sample": _right("administrator", "inspector"),
    "see samples asked for outside the draw": _right("administrator", "inspector", "reviewer", "auditor", "system"),
    "file opening hours": _right("administrator", "inspector", "regional_manager", "office_head"),
    "change the slots": _right("administrator", whole=True),
    "draw on a camera's picture": _right("administrator", "inspector"),
    "inspect undercover": _right("inspector", "administrator"),
    "inspect on site": _right("inspector", "administrator", "evaluator", "reviewer"),
    "inspect other offices": _right(
        "inspector", "administrator", "evaluator", "reviewer", "regional_manager", "office_head"
    ),
    "answer for the offices in sight": _right("office_head", "regional_manager"),
    "take back a sheet of somebody else": _right("administrator"),
    "know undercover inspectors": _right(*OVERSIGHT),
    "join or part evidence": _right("inspector", "evaluator", "administrator"),
    # violations
    "read violations": _right(
        "inspector", "regional_manager", "office_head", "evaluator", "administrator", "auditor", "system"
    ),
    "read restricted violations": _right("inspector", "system"),
    "export violations": _right("inspector", "regional_manager", "office_head", "evaluator", "auditor", "system"),
    "open a violation": _right("inspector"),
    "remind of a violation": _right("inspector"),
    "confirm a violation": _right("inspector"),
    "add material to a violation": _right("office_head"),
    "send down a rectification": _right("inspector"),
    "rectify a violation": _right("office_head"),
    "re-check a violation": _right("inspector"),
    "close a violation": _right("inspector"),
    "supervise a violation": _right("inspector", "regional_manager"),
    "appeal against a violation": _right("office_head"),
    "decide an appeal": _right("regional_manager"),
    "ask to suspend a violation": _right("inspector", "regional_manager", "office_head"),
    "approve suspending a violation": _right("inspector", "regional_manager"),
    "void a violation": _right("inspector"),
    "approve voiding a violation": _right("inspector", "regional_manager"),
    "propose accountability": _right("inspector"),
    "approve accountability": _right("regional_manager"),
    "write a letter": _right("inspector", "regional_manager"),
    # what reviewers and offices are watched by
    "read how reviewers agree": _right(*OVERSIGHT),
    "read the names of reviewers": _right("evaluator", "administrator", "auditor", "system"),
    "read the quality of detectors": _right(*OVERSIGHT),
    "read leads": _right(*OVERSIGHT),
    # evidence
    "read the evidence chain": _right(*SEALED),
    "hand over evidence": _right(*SEALED, "regional_manager", "office_head"),
    "hand over originals": _right("inspector"),
    "place or lift a hold": _right("inspector", "administrator", "auditor"),
    "remove evidence": _right("system", "administrator", whole=True),
    "erase personal fields": _right("system", "administrator", whole=True),
    # designated-supplier forms (三指定)
    "read designated-supplier forms": _right("inspector", "system"),
    "open a box of forms": _right("inspector"),
    "enter a form": _right("inspector"),
    "read who wrote a form": _right("inspector"),
    "say how many forms and cards were handed out": _right("inspector", "regional_manager", "office_head"),
    # search
    "search by a customer's number or phone": _right("inspector", "regional_manager", "office_head"),
    "find reports and forms": _right("inspector", "system"),
    # who is named, and who looked
    "know who complained": _right(
        "inspector", "regional_manager", "reviewer", "evaluator", "administrator", "auditor", "system"
    ),
    "see customers masked": _right(
        "inspector", "regional_manager", "office_head", "evaluator", "administrator", "auditor", "system"
    ),
    "unmask a field": _right("inspector", "regional_manager", "office_head"),
    "read the audit trail": _right("auditor", "administrator", "system", whole=True),
    "export the audit trail": _right("auditor", "administrator", "system", whole=True),
    # people
    "manage accounts": _right("administrator", whole=True),
    "delegate": _right(
        "inspector", "reviewer", "regional_manager", "office_head", "evaluator", "administrator", "auditor"
    ),
    # notices and disputes of records
    "read the outbox": _right("administrator"),
    "try a channel": _right("administrator"),
    "dispute a record": _right("office_head"),
    "decide about a dispute": _right("evaluator", "regional_manager"),
    # data
    "import data": _right(
        "system", "administrator", "evaluator", "inspector", "reviewer", "regional_manager", "office_head", whole=True
    ),
    "take in quarantined rows": _right(
        "system", "administrator", "evaluator", "inspector", "reviewer", "regional_manager", "office_head", whole=True
    ),
    "correct a quarantined row": _right(*KEEPERS, whole=True),
    "dismiss quarantined rows": _right(*KEEPERS, whole=True),
    "reopen quarantined rows": _right(*KEEPERS, whole=True),
    "save sources": _right(*KEEPERS, whole=True),
    "load a notice of holidays": _right("system", *KEEPERS, whole=True),
    "change offices": _right(*KEEPERS, whole=True),
    "say what an office is called": _right(*KEEPERS, whole=True),
    "take back a name of an office": _right(*KEEPERS, whole=True),
    "close a flag": _right(*KEEPERS, whole=True),
    "reopen a flag": _right(*KEEPERS, whole=True),
}
"""What is done → who may. The key is the verb that an error names; `system` has a right only where it is listed."""


def may(viewer: Viewer, deed: str) -> bool:
    """Whether the viewer's role (and sight of the whole company, where that is asked) allows the deed."""
    right = RIGHTS[deed]
    return viewer.role in right.roles and (viewer.sees_everything or not right.whole)


def require(viewer: Viewer, deed: str) -> None:
    """NotAllowedError unless `may`; it names the role and the roles that may."""
    right = RIGHTS[deed]
    if "system" not in right.roles:
        require_decider(viewer, deed)
    if viewer.role not in right.roles:
        raise NotAllowedError(
            f"{viewer.name} ({viewer.role}) may not {deed}.", f"Roles that may: {', '.join(sorted(right.roles))}."
        )
    if right.whole and not viewer.sees_everything:
        raise NotAllowedError(f"{viewer.name} ({viewer.role}) may not {deed}.", "Who sees the whole company does.")
