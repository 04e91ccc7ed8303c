"""Making and changing accounts (账号管理): administrators only, nobody their own, never the last administrator.

`system`, whoever sits at the machine's own command line, may do two things: make an administrator while there is none,
and hand out a one-time link. Both are noted with the operating system's user.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from dashboard.accounts import sessions
from dashboard.accounts.entering import end_all, make_code
from dashboard.accounts.keepers import Term, day_lost, terms
from dashboard.accounts.persons import local_day, offices_of
from dashboard.accounts.secret_words import digest
from dashboard.actions import audit
from dashboard.database import Database
from dashboard.database.models import (
    ACCOUNT_EVENTS,
    ACCOUNT_GRANTS,
    ACCOUNT_SESSIONS,
    ACCOUNTS,
    GRANT_REVOCATIONS,
    RECORD_TABLES,
)
from dashboard.errors import NotAllowedError, UsageError
from dashboard.evidence import chain
from dashboard.instants import to_micros
from dashboard.nearest import nearest
from dashboard.notices import outbox
from dashboard.people import Viewer, same_person
from dashboard.rights import ADMINISTRATOR, require
from dashboard.settings import ROLES, AccessSettings

MANAGE = "manage accounts"
RESERVED = frozenset({"system", "entrance", "worker", "all", "nobody"})
"""Names that stand for nobody in `by` and in the audit."""
LONGEST_NAME = 40
LONGEST_SUBJECT = 255
CHANNEL = re.compile(r"[a-z_]{2,20}")


def add(
    db: Database, *, by: Viewer, name: str, role: str, offices: Iterable[str], works_at: str | None = None,
    contact: Mapping[str, str] | None = None, from_day: str | None = None, until_day: str | None = None, at: datetime,
) -> int:  # fmt: skip
    """A new account without a password: a one-time link opens it. Its number.

    UsageError for a name that is taken (in whatever letters) or cannot be one, an unknown role or office.
    """
    with db.session() as connection:
        _lock(connection)
        _may_add(connection, by, role, offices := list(offices), at)
        return create(connection, by=by, name=name, role=role, offices=offices, works_at=works_at, contact=contact,
                      from_day=from_day, until_day=until_day, at=at)  # fmt: skip


def _may_add(connection: Connection, by: Viewer, role: str, offices: list[str], at: datetime) -> None:
    if not by.is_system:
        require(by, MANAGE)
    elif role != ADMINISTRATOR or "*" not in offices or administrators(connection, at):
        raise NotAllowedError(
            "'system' may only make an administrator of the whole company, and only while there is none.",
            "Say who you are with --as NAME and MINGCHA_TOKEN.",
        )


def create(
    connection: Connection, *, by: Viewer, name: str, role: str, offices: Iterable[str], works_at: str | None = None,
    contact: Mapping[str, str] | None = None, from_day: str | None = None, until_day: str | None = None, at: datetime,
    known: bool = True,
) -> int:  # fmt: skip
    """The rows of a new account in the caller's transaction; who may is asked before. `known`: offices must exist."""
    name = _sound_name(connection, name)
    _require_role(role)
    codes = list(dict.fromkeys(offices))
    if not codes:
        raise UsageError("At least one office is missing.", "'*' is the whole company.")
    if known:
        _require_offices(connection, [*codes, *([works_at] if works_at else [])])
    values = {"name": name, "role": role, "works_at": works_at or None, "contact": _contact(contact), "active": True,
              "must_change": False, "created_at": to_micros(at)}  # fmt: skip
    account = int(connection.execute(sa.insert(ACCOUNTS).values(values).returning(ACCOUNTS.c.id)).scalar_one())
    told = {"name": name, "role": role, "works_at": works_at or None}
    _event(connection, account, "created", json.dumps(told, ensure_ascii=False), by, at)
    audit.record(connection, by, "account_created", name, json.dumps(told, ensure_ascii=False), at=at)
    for code in codes:
        _grant(connection, account, name, code, from_day or local_day(at), until_day, by, at)
    return account


def link(db: Database, access: AccessSettings, *, by: Viewer, name: str, at: datetime) -> str:
    """A one-time code for somebody, told once; the person is told that it was made. Administrators, and `system`."""
    with db.session() as connection:
        if not by.is_system:
            require(by, MANAGE)
        row = account_named(connection, name)
        if not row.active:
            raise UsageError(f"The account of {row.name} is not active.")
        code = make_code(connection, access, row.id, by=by, at=at)
        offices = offices_of(connection, local_day(at), row.id)[row.id] - {"*"}
        outbox.enter(
            connection, key=f"account {row.id} code {to_micros(at)}", to=row.name, topic="account",
            words="{who} made a one-time link for your account.", values={"who": by.name},
            link=outbox.page_link("account"), at=at, office=min(offices, default=None),
        )  # fmt: skip
        return code


def set_role(db: Database, *, by: Viewer, name: str, role: str, at: datetime) -> None:
    """Another role for somebody else. NotAllowedError for one's own, or the last administrator's."""
    _require_role(role)
    with db.session() as connection:
        row = _others(connection, by, name, at)
        if row.role == ADMINISTRATOR != role:
            _leave_one(connection, row, lambda one: one.account == row.id, at)
        _set(connection, row, "role", role, by, at)


def set_works_at(db: Database, *, by: Viewer, name: str, office: str | None, at: datetime) -> None:
    """Where somebody else works: what they must not judge."""
    with db.session() as connection:
        row = _others(connection, by, name, at)
        if office:
            _require_offices(connection, [office])
        _set(connection, row, "works_at", office or None, by, at)


def set_contact(db: Database, *, by: Viewer, name: str, contact: Mapping[str, str], at: datetime) -> None:
    """By which channels a person is reached; one's own by oneself, anybody's by an administrator."""
    with db.session() as connection:
        _lock(connection)
        if by.name != name or by.is_system:
            require(by, MANAGE)
        _set(connection, account_named(connection, name), "contact", _contact(contact), by, at)


def grant(
    db: Database, *, by: Viewer, name: str, office: str, from_day: str | None = None, until_day: str | None = None,
    at: datetime,
) -> int:  # fmt: skip
    """Let somebody else see an office and what lies below it, from a day until a day (both included). Its number."""
    with db.session() as connection:
        row = _others(connection, by, name, at)
        _require_offices(connection, [office])
        return _grant(connection, row.id, row.name, office, from_day or local_day(at), until_day, by, at)


def revoke(db: Database, *, by: Viewer, grant: int, at: datetime) -> None:
    """End a grant of somebody else at once."""
    held = ACCOUNT_GRANTS.c
    with db.session() as connection:
        _lock(connection)
        require(by, MANAGE)
        given = connection.execute(
            sa.select(ACCOUNT_GRANTS, ACCOUNTS.c.name).join(ACCOUNTS, held.account_id == ACCOUNTS.c.id)
            .where(held.id == grant, held.id.not_in(sa.select(GRANT_REVOCATIONS.c.grant_id)))
        ).one_or_none()  # fmt: skip
        if given is None:
            raise UsageError(f"There is no grant {grant}, or it was revoked.")
        row = _others(connection, by, given.name, at)
        _leave_one(connection, row, lambda one: one.grant == grant, at)
        chain.enter(
            connection, GRANT_REVOCATIONS, {"grant_id": grant, "by": by.name, "at": to_micros(at)}, by=by, at=at
        )
        audit.record(connection, by, "scope_revoked", row.name, f"{given.office_code} (grant {grant})", at=at)


def deactivate(db: Database, *, by: Viewer, name: str, at: datetime) -> None:
    """Shut somebody else's account: sign-ins, tokens and codes end at once; what was done keeps its name."""
    with db.session() as connection:
        row = _others(connection, by, name, at)
        if not row.active:
            return
        _leave_one(connection, row, lambda one: one.account == row.id, at)
        _set_values(connection, row, "deactivated", None, {"active": False}, by, at)
        end_all(connection, row.id, "deactivated", by=by, at=at)


def activate(db: Database, *, by: Viewer, name: str, at: datetime) -> None:
    """Open a shut account again; it needs a one-time link, for the old password is gone."""
    with db.session() as connection:
        row = _others(connection, by, name, at)
        if not row.active:
            fresh = {"active": True, "password": None, "password_at": to_micros(at)}
            _set_values(connection, row, "activated", None, fresh, by, at)


def bind(db: Database, *, by: Viewer, name: str, issuer: str, subject: str, at: datetime) -> None:
    """Let somebody else sign in as this subject of the company's provider, from now on instead of any other subject:
    what that one began ends.

    UsageError for a subject that is another person's already, or that is none.
    """
    if not subject.strip() or len(subject) > LONGEST_SUBJECT or not subject.isprintable():
        raise UsageError(f"A subject has 1 to {LONGEST_SUBJECT} letters.", "It is the person's `sub` at the provider.")
    with db.session() as connection:
        row = _others(connection, by, name, at)
        held = ACCOUNTS.c
        taken = sa.select(held.id).where(held.issuer == issuer, held.subject == subject, held.id != row.id)
        if connection.execute(taken).first() is not None:
            raise UsageError("This subject is bound to another account.", "Take it from that account first.")
        values: dict[str, Any] = {"issuer": issuer, "subject": subject}
        if row.password is None:
            values["must_change"] = False  # the provider proves who it is: no password of ours is needed
        _set_values(connection, row, "bound", f"{issuer} {digest(subject)[:16]}", values, by, at)
        if (row.issuer, row.subject) != (issuer, subject):
            _end_of_provider(connection, row, by, at)


def unbind(db: Database, *, by: Viewer, name: str, at: datetime) -> None:
    """Let somebody else sign in by the company's provider no more; sign-ins that were begun so end."""
    with db.session() as connection:
        row = _others(connection, by, name, at)
        if row.subject is None:
            raise UsageError(f"The account of {row.name} is bound to no subject.")
        _set_values(connection, row, "unbound", None, {"issuer": None, "subject": None}, by, at)
        _end_of_provider(connection, row, by, at)


def _end_of_provider(connection: Connection, row: Any, by: Viewer, at: datetime) -> None:
    """Whoever came in as the subject that was bound before is not known to be the person any more."""
    kept = ACCOUNT_SESSIONS.c
    sessions.end_in(connection, sa.and_(kept.account_id == row.id, kept.how == "oidc"), "ended", at=at, by=by)


def end_sessions(db: Database, *, by: Viewer, name: str, at: datetime) -> None:
    """End every sign-in of a person."""
    with db.session() as connection:
        require(by, MANAGE)
        row = account_named(connection, name)
        sessions.end_in(connection, ACCOUNT_SESSIONS.c.account_id == row.id, "ended", at=at, by=by)


def administrators(connection: Connection, at: datetime) -> set[int]:
    """Active administrators who see the whole company on the day."""
    day = local_day(at)
    return {one.account for one in terms(connection) if one.holds(day)}


def _leave_one(connection: Connection, row: Any, ends: Callable[[Term], bool], at: datetime) -> None:
    """Refuse to take the terms that `ends` names from somebody where nobody else has their days, now or later."""
    held, today = terms(connection), local_day(at)
    lost = day_lost(held, [one for one in held if not ends(one)], today)
    if lost == today:
        raise NotAllowedError(f"{row.name} is the last administrator.", "Make another one first.")
    if lost is not None:
        raise NotAllowedError(f"{row.name} is the last administrator from {lost} on.", "Make another one first.")


def _others(connection: Connection, by: Viewer, name: str, at: datetime) -> Any:
    """The account of somebody else than the administrator, than whom they act for, and than who acts for them now."""
    _lock(connection)
    require(by, MANAGE)
    row = account_named(connection, name)
    if same_person(by, row.name, to_micros(at)):
        raise NotAllowedError("Nobody changes their own rights.", "Another administrator does.")
    return row


def _lock(connection: Connection) -> None:
    """Two administrators who shut each other out at once: one waits. SQLite has one writer anyway."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(f"LOCK TABLE {ACCOUNTS.name} IN SHARE ROW EXCLUSIVE MODE")


def account_named(connection: Connection, name: str) -> Any:
    row = connection.execute(sa.select(ACCOUNTS).where(ACCOUNTS.c.name == name)).one_or_none()
    if row is None:
        guess = nearest(name, list(connection.execute(sa.select(ACCOUNTS.c.name)).scalars()))
        raise UsageError(f"There is no account '{name}'.", f"Did you mean '{guess}'?" if guess else "")
    return row


def _set(connection: Connection, row: Any, what: str, value: str | None, by: Viewer, at: datetime) -> None:
    if getattr(row, what) != value:
        _set_values(connection, row, what, value, {what: value}, by, at)


def _set_values(
    connection: Connection, row: Any, deed: str, value: str | None, values: dict[str, Any], by: Viewer, at: datetime
) -> None:
    connection.execute(sa.update(ACCOUNTS).where(ACCOUNTS.c.id == row.id).values(values))
    told = None if deed == "contact" else value  # addresses of people are no matter of the chain
    _event(connection, row.id, deed, told, by, at)
    audit.record(connection, by, f"account_{deed}", row.name, told, at=at)


def _event(connection: Connection, account: int, deed: str, value: str | None, by: Viewer, at: datetime) -> None:
    values = {"account_id": account, "deed": deed, "value": value, "by": by.name, "at": to_micros(at)}
    chain.enter(connection, ACCOUNT_EVENTS, values, by=by, at=at)


def _grant(
    connection: Connection, account: int, name: str, office: str, from_day: str, until_day: str | None, by: Viewer,
    at: datetime,
) -> int:  # fmt: skip
    days = [as_day(from_day), *([as_day(until_day)] if until_day else [])]
    if len(days) == 2 and days[1] < days[0]:
        raise UsageError(f"The last day {days[1]} is before the first, {days[0]}.")
    values = {"account_id": account, "office_code": office, "from_day": days[0],
              "until_day": days[1] if len(days) == 2 else None, "by": by.name, "at": to_micros(at)}  # fmt: skip
    number = chain.enter(connection, ACCOUNT_GRANTS, values, by=by, at=at)
    audit.record(connection, by, "scope_granted", name, f"{office} {from_day}..{until_day or ''}", at=at)
    return number


def as_day(text: str) -> str:
    """`2026-11-23`, checked. UsageError for anything else."""
    try:
        return date.fromisoformat(text.strip()).isoformat()
    except ValueError as error:
        raise UsageError(f"'{text}' is no day.", "Example: 2026-11-23.") from error


def _sound_name(connection: Connection, name: str) -> str:
    plain = unicodedata.normalize("NFKC", name).strip()
    if not 0 < len(plain) <= LONGEST_NAME or not plain.isprintable() or any(one in plain for one in "|<>\"'\\/"):
        raise UsageError(f"A name has 1 to {LONGEST_NAME} letters, none of them a bar, bracket, quote or slash.")
    taken = {one.casefold() for one in connection.execute(sa.select(ACCOUNTS.c.name)).scalars()}
    if plain.casefold() in taken | RESERVED:
        raise UsageError(f"The name '{plain}' is taken.", "A name is never given to a second person.")
    return plain


def _require_role(role: str) -> None:
    if role not in ROLES:
        raise UsageError(f"Unknown role '{role}';", f"one of {', '.join(ROLES)}.")


def _require_offices(connection: Connection, codes: Iterable[str]) -> None:
    known = set(connection.execute(sa.select(RECORD_TABLES["offices"].c.code)).scalars())
    for code in codes:
        if code not in known and code != "*":
            guess = nearest(code, known)
            raise UsageError(f"There is no office '{code}'.", f"Did you mean '{guess}'?" if guess else "")


def _contact(contact: Mapping[str, str] | None) -> str | None:
    """Channel → address as kept. UsageError for a channel that is no plain word, or an address of several lines."""
    kept = {channel.strip(): address.strip() for channel, address in (contact or {}).items() if address.strip()}
    for channel, address in kept.items():
        if not CHANNEL.fullmatch(channel) or not address.isprintable() or len(address) > 300:
            raise UsageError(f"'{channel}' cannot be reached at this address.", "Example: mail = wang@example.com.")
    return json.dumps(kept, ensure_ascii=False) if kept else None
