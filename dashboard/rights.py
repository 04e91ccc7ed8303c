"""Who may do what (权限): one row per right, the roles that have it, and whether it needs the whole company in sight.

`docs/permissions.md` says the same for people; a test compares both with what every page, command and route does.
Where a person may do it is not said here: a viewer's offices are asked for by each query and action.
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


RIGHTS: dict[str, Right] = {
    "deal with a warning": _right("administrator", "inspector", "regional_manager", "office_head"),
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
            f"'{viewer.name}' ({viewer.role}) may not {deed}.", f"Roles that may: {', '.join(sorted(right.roles))}."
        )
    if right.whole and not viewer.sees_everything:
        raise NotAllowedError(f"'{viewer.name}' may not {deed}: not the whole company is theirs to see.", "")
