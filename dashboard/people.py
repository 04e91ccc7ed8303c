"""Who looks and who acts (人员): a viewer is a required argument of every query and action.

As long as a database has no account, people are the names under `[people]` in `mingcha.toml`, believed and not proved;
from the first account on only accounts count (`dashboard.accounts`).
"""

from __future__ import annotations

import getpass
from dataclasses import dataclass

from dashboard.errors import NotAllowedError, UsageError
from dashboard.nearest import nearest
from dashboard.settings import Settings

EVERYTHING = frozenset({"*"})


@dataclass(frozen=True, slots=True)
class Stand:
    """A person (`name`) who is one with another in [since, until) (microseconds UTC): one may act for the other."""

    name: str
    since: int
    until: int


@dataclass(frozen=True, slots=True)
class Viewer:
    """A person with a role and the offices whose subtrees they may see (`{"*"}`: the whole company).

    Who acts for another person (代理) keeps the own name and has the other's role and offices.
    """

    name: str
    role: str
    offices: frozenset[str]
    proved: bool = False
    works_at: str | None = None
    """The office where the person works; nobody reviews their own."""
    acting_for: str | None = None
    """Whose role and offices these are, where the person acts for somebody else."""
    works_also_at: str | None = None
    """The office where that one works: it is nobody's to review either."""
    stands: tuple[Stand, ...] = ()
    """Who acts or acted for this person, or for the one acted for; and for whom this person may or might act."""
    session: int = 0
    """The sign-in from which the person looks; 0 where nobody signed in."""
    answers_for: tuple[str, ...] = ()
    """Who acts for another: the offices that their own role answers for, as a head or a manager."""

    @property
    def workplaces(self) -> tuple[str, ...]:
        """The offices of which the viewer must not judge, each with everything below it."""
        return tuple(office for office in (self.works_at, self.works_also_at, *self.answers_for) if office)

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


def same_person(viewer: Viewer, name: str | None, at: int | None = None) -> bool:
    """Whether what `name` did (at `at`, microseconds UTC) counts as done by the viewer: the rule of two people (双人).

    So do the viewer's own deeds, those of whom the viewer acts for, and those of who acted for either of them then, or
    for whom the viewer might act then: choosing the own name for a deed makes nobody a second person.
    Without `at` whoever ever did counts.
    """
    if name is None:
        return False
    own = {viewer.name, viewer.acting_for}
    return name in own or any(one.name == name and (at is None or one.since <= at < one.until) for one in viewer.stands)


def require_decider(viewer: Viewer, action: str) -> None:
    """Refuse `system` where a person must answer for a decision (design §4.1)."""
    if viewer.is_system:
        raise NotAllowedError(f"'system' may not {action}.", "Say who you are with --as NAME or MINGCHA_USER.")
