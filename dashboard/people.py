"""Who looks and who acts (人员): a viewer is a required argument of every query and action.

Until accounts exist people are the names under `[people]` in `mingcha.toml`, believed and not proved.
"""

from __future__ import annotations

import getpass
from dataclasses import dataclass

from dashboard.errors import NotAllowedError, UsageError
from dashboard.nearest import nearest
from dashboard.settings import Settings

EVERYTHING = frozenset({"*"})


@dataclass(frozen=True, slots=True)
class Viewer:
    """A person with a role and the offices whose subtrees they may see (`{"*"}`: the whole company)."""

    name: str
    role: str
    offices: frozenset[str]
    proved: bool = False
    works_at: str | None = None
    """The office where the person works; nobody reviews their own."""

    @property
    def sees_everything(self) -> bool:
        return self.offices == EVERYTHING

    @property
    def is_system(self) -> bool:
        return self.role == "system"


def system_viewer() -> Viewer:
    """`system`: everything on the machine's own command line; may neither propose, publish, approve nor decide."""
    return Viewer("system", "system", EVERYTHING)


def operating_system_user() -> str:
    """The operating system's user, logged beside `system`."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # no passwd entry for this uid, as in some containers
        return "unknown"


def viewer_named(settings: Settings, name: str | None) -> Viewer:
    """The person of `--as` or MINGCHA_USER; without a name, `system`. UsageError names the nearest known person."""
    if not name:
        return system_viewer()
    person = settings.people.get(name)
    if person is None:
        guess = nearest(name, settings.people)
        hint = f"Did you mean '{guess}'?" if guess else "Add the person under [people] in mingcha.toml."
        raise UsageError(f"No person named '{name}' under [people].", hint)
    return Viewer(name, person.role, frozenset(person.offices), works_at=person.works_at)


def require_decider(viewer: Viewer, action: str) -> None:
    """Refuse `system` where a person must answer for a decision (design §4.1)."""
    if viewer.is_system:
        raise NotAllowedError(f"'system' may not {action}.", "Say who you are with --as NAME or MINGCHA_USER.")
