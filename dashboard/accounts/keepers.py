"""Who can let people in (管理员在任): administrators of the whole company, today and on every later day.

A grant may end on a day, so that who is not the last administrator today may be so next month.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from dashboard.database.models import ACCOUNT_GRANTS, ACCOUNTS, GRANT_REVOCATIONS
from dashboard.rights import ADMINISTRATOR


@dataclass(frozen=True, slots=True)
class Term:
    """An active administrator sees the whole company by a grant, from day until day (both included; None: no end)."""

    account: int
    grant: int
    from_day: str
    until_day: str | None = None

    def holds(self, day: str) -> bool:
        return self.from_day <= day and (self.until_day is None or day <= self.until_day)


def terms(connection: Connection) -> list[Term]:
    """All that were not revoked, those that are over or begin later too."""
    held = ACCOUNT_GRANTS.c
    query = (
        sa.select(held.account_id, held.id, held.from_day, held.until_day)
        .join(ACCOUNTS, held.account_id == ACCOUNTS.c.id)
        .where(ACCOUNTS.c.role == ADMINISTRATOR, ACCOUNTS.c.active, held.office_code == "*",
               held.id.not_in(sa.select(GRANT_REVOCATIONS.c.grant_id)))
    )  # fmt: skip
    return [Term(*row) for row in connection.execute(query)]


def covered(held: Iterable[Term], day: str) -> bool:
    """Whether somebody can let people in on the day."""
    return any(one.holds(day) for one in held)


def day_lost(before: list[Term], after: list[Term], today: str) -> str | None:
    """The first day from today on on which somebody could let people in `before`, and nobody can `after`."""
    turns = sorted({today, *(one.from_day for one in before), *_ends(after)})
    return next((day for day in turns if day >= today and covered(before, day) and not covered(after, day)), None)


def day_without(held: list[Term], today: str) -> str | None:
    """The first day from today on on which nobody can let people in; None where somebody always can."""
    return next((day for day in sorted({today, *_ends(held)}) if day >= today and not covered(held, day)), None)


def _ends(held: Iterable[Term]) -> set[str]:
    """The days after the last ones."""
    return {(date.fromisoformat(one.until_day) + timedelta(days=1)).isoformat() for one in held if one.until_day}
