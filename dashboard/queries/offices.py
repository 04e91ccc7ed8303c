"""Which offices (单位) a person may see, and what lies below what: by pointer, never by prefix of the code."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

import sqlalchemy as sa

from dashboard.database import Database
from dashboard.database.models import RECORD_TABLES
from dashboard.errors import NotAllowedError, UsageError
from dashboard.nearest import nearest
from dashboard.people import Viewer

LEVEL_ORDER = {"company": 0, "county": 1, "station": 2, "hall": 3}


@dataclass(frozen=True, slots=True)
class Office:
    """The newest version of an office."""

    code: str
    name: str
    level: str
    parent: str | None
    peer_group: str | None
    area: str | None
    customers: int | None


@dataclass(frozen=True, slots=True)
class Tree:
    """The offices one viewer may see, with what lies below each."""

    offices: dict[str, Office]
    children: dict[str, tuple[str, ...]] = field(repr=False)

    def below(self, code: str) -> frozenset[str]:
        """The office and everything under it; just the code itself if it is not in the tree."""
        found, waiting = {code}, [code]
        while waiting:
            for child in self.children.get(waiting.pop(), ()):
                if child not in found:
                    found.add(child)
                    waiting.append(child)
        return frozenset(found)

    def path(self, code: str) -> list[Office]:
        """From the highest visible office down to this one."""
        steps: list[Office] = []
        office = self.offices.get(code)
        while office is not None and office not in steps:
            steps.append(office)
            office = self.offices.get(office.parent or "")
        return steps[::-1]

    def name(self, code: str | None) -> str:
        return self.offices[code].name if code in self.offices else (code or "—")

    @property
    def roots(self) -> list[Office]:
        """Visible offices whose parent is not visible, highest level first."""
        tops = [office for office in self.offices.values() if office.parent not in self.offices]
        return sorted(tops, key=lambda office: (LEVEL_ORDER.get(office.level, 9), office.code))

    @property
    def peer_groups(self) -> list[str]:
        return sorted({office.peer_group for office in self.offices.values() if office.peer_group})


def visible_tree(db: Database, viewer: Viewer) -> Tree:
    """The newest version of each office the viewer may see (design §5.5: scope is enforced here, not in pages)."""
    everything = {office.code: office for office in _newest(db)}
    whole = Tree(everything, _children(everything.values()))
    if viewer.sees_everything:
        return whole
    codes = frozenset[str]().union(*(whole.below(code) for code in viewer.offices))
    seen = {code: office for code, office in everything.items() if code in codes}
    return Tree(seen, _children(seen.values()))


def require_visible(tree: Tree, code: str) -> Office:
    """The office, or NotAllowedError that does not tell whether it exists elsewhere; a near miss is named."""
    office = tree.offices.get(code)
    if office is not None:
        return office
    guess = nearest(code, tree.offices)
    if guess:
        raise UsageError(f"There is no office '{code}'.", f"Did you mean '{guess}' ({tree.name(guess)})?")
    raise NotAllowedError(f"Office '{code}' does not exist or is outside what you may see.")


def _newest(db: Database) -> list[Office]:
    table = RECORD_TABLES["offices"].c
    query = (
        sa.select(table.code, table.name, table.level, table.parent_code, table.peer_group, table.area, table.customers)
        .where(table.rulebook.is_(None))
        .order_by(table.code, table.valid_from)
    )
    with db.reading() as connection:
        rows = connection.execute(query).all()
    return list({row.code: Office(*row) for row in rows}.values())


def _children(offices: Iterable[Office]) -> dict[str, tuple[str, ...]]:
    found: dict[str, list[str]] = defaultdict(list)
    for office in offices:
        if office.parent:
            found[office.parent].append(office.code)
    return {parent: tuple(codes) for parent, codes in found.items()}
