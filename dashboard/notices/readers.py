"""Who is told, and how (收件人): people by name or by role, their channel, contact and language, and their scope."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from dashboard.accounts import Person, people_of
from dashboard.database import Database
from dashboard.notices.channels import is_shared
from dashboard.people import system_viewer
from dashboard.queries.offices import Tree, visible_tree
from dashboard.settings import NoticePerson, Settings

OWN = "account"
"""The topic of what concerns the person alone and lies at no office."""


@dataclass(frozen=True, slots=True)
class Readers:
    """Everybody who may be told something, and the offices, at one moment."""

    people: Mapping[str, Person]
    tree: Tree
    settings: Settings

    def of_role(self, role: str, seat: str | None) -> list[str]:
        """Names of the active people of the role: for an office those whose own offices hold it most closely."""
        those = [one for one in self.people.values() if one.role == role and one.active]
        if seat is None:
            return [one.name for one in those]
        near = {one.name: self._distance(one, seat) for one in those}
        closest = min((steps for steps in near.values() if steps is not None), default=None)
        return [name for name, steps in near.items() if steps is not None and steps == closest]

    def _distance(self, person: Person, office: str) -> int | None:
        """Steps up from the office to one of the person's; None where they do not see it."""
        above = [one.code for one in self.tree.path(office)][::-1] or [office]
        if "*" in person.offices:
            return len(above)
        return next((steps for steps, code in enumerate(above) if code in person.offices), None)

    def why_not(self, name: str, office: str | None, roles: Iterable[str] | None, topic: str) -> str | None:
        """Code of why this person must not be told (any more); None: they may."""
        person = self.people.get(name)
        if person is None or not person.active:
            return "nobody"
        if roles is not None and person.role not in roles:
            return "role"
        if topic == OWN:
            return None
        sees = "*" in person.offices if office is None else self._distance(person, office) is not None
        return None if sees else "scope"

    def channel(self, name: str) -> str | None:
        """The person's channel: their own, their role's, or everybody's."""
        notices, person = self.settings.notices, self.people.get(name)
        return self._own(name).channel or notices.roles.get(person.role if person else "") or notices.channel

    def contact(self, name: str, channel: str | None) -> str | None:
        """What `{contact}` stands for: of the account for this channel, else of the configuration."""
        person = self.people.get(name)
        kept = (person.contact or {}) if person else {}
        return kept.get(channel or "") or self._own(name).contact

    def language(self, name: str) -> str:
        return self._own(name).language or self.settings.web.language

    def mailbox(self, name: str) -> str | None:
        """What is read together: a person's own messages of a channel, or all of a group's; None: only the page."""
        channel = self.channel(name)
        if channel is None:
            return None
        return channel if is_shared(self.settings.notices.channels[channel]) else f"{channel}\x1f{name}"

    def _own(self, name: str) -> NoticePerson:
        return self.settings.notices.people.get(name) or NoticePerson()


def readers(db: Database, settings: Settings, *, at: datetime) -> Readers:
    people = {one.name: one for one in people_of(db, settings, at=at)}
    return Readers(people, visible_tree(db, system_viewer()), settings)
