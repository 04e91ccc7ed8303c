"""The first start (首次启动): an administrator with a one-time code; `[people]` become accounts without a password."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from dashboard.accounts.entering import make_code
from dashboard.accounts.managing import RESERVED, administrators, create
from dashboard.accounts.persons import any_account
from dashboard.database import Database
from dashboard.people import system_viewer
from dashboard.rights import ADMINISTRATOR
from dashboard.settings import PersonSettings, Settings

FIRST_NAME = "admin"
LOCK = 20261123


@dataclass(frozen=True, slots=True)
class Invited:
    """Somebody with a one-time code that is told once."""

    name: str
    role: str
    code: str


def first_accounts(db: Database, settings: Settings, *, invited: tuple[str, ...] = (), at: datetime) -> list[Invited]:
    """Make the accounts of a database that has none; nothing, and an empty list, where it has any.

    Everybody of `[people]` gets an account without a password. An administrator who sees the whole company gets a code
    (that of `[people]`, else a new one called `admin`), and so do those who are `invited`.
    """
    by = system_viewer()
    with db.session() as connection:
        if connection.dialect.name == "postgresql":
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({LOCK})")
        if any_account(connection):
            return []
        people = {name: one for name, one in settings.people.items() if name.casefold() not in RESERVED}
        made = {name: create(connection, by=by, name=name, role=one.role, offices=one.offices, works_at=one.works_at,
                             contact=one.contact, at=at, known=False) for name, one in people.items()}  # fmt: skip
        if not administrators(connection, at):
            people[FIRST_NAME] = PersonSettings(role=ADMINISTRATOR, offices=("*",))
            made[FIRST_NAME] = create(connection, by=by, name=FIRST_NAME, role=ADMINISTRATOR, offices=["*"], at=at)
        chosen = {name: None for name in made if name in invited}
        if not any(people[name].role == ADMINISTRATOR for name in chosen):
            chosen[_administrator(people)] = None
        return [Invited(name, people[name].role, make_code(connection, settings.access, made[name], by=by, at=at))
                for name in chosen]  # fmt: skip


def _administrator(people: dict[str, PersonSettings]) -> str:
    return next(name for name, one in people.items() if one.role == ADMINISTRATOR and "*" in one.offices)
