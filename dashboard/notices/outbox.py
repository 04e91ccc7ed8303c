"""What is to be told (发件箱): entered in the transaction of the deed, sent later by the worker.

    outbox.enter(connection, key=f"warning {id} department", to=Audience("regional_manager", office), office=office,
                 topic="warning", words="Warning: {what} of {record} {number}", values={"what": Msgid(title), …},
                 link=page_link("warnings", warning=id), at=at)

A notice never holds a person's data or who reported something: `values` are numbers, codes, moments, offices and texts
of ours, and a value called like a personal field is refused.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from string import Formatter
from typing import Any
from urllib.parse import urlencode

from sqlalchemy.dialects import postgresql, sqlite

from dashboard.database.last import Transaction
from dashboard.database.models import NOTICES
from dashboard.instants import to_micros

PERSONAL = frozenset({
    "phone", "name", "customer", "customer_name", "customer_no", "address", "content", "reporter", "complainant",
    "note", "contact", "caller",
})  # fmt: skip
"""Names that no value of a notice may have: who reads a message in a group chat is nobody's choice."""


@dataclass(frozen=True, slots=True)
class Audience:
    """Whoever has the role for the office when it is sent: an office head of that office, a manager above it.

    The one whose offices hold `office` most closely: of two managers above a station, its county's. Without an office
    everybody who has the role.
    """

    role: str
    office: str | None = None


@dataclass(frozen=True, slots=True)
class Msgid:
    """A value that is itself a text of ours: translated for the reader."""

    text: str


@dataclass(frozen=True, slots=True)
class Office:
    """A value that is an office code: shown by its name."""

    code: str


@dataclass(frozen=True, slots=True)
class Both:
    """A value that comes in both languages, as titles of rules do."""

    zh: str
    en: str


To = str | Audience


def page_link(page: str, **parameters: object) -> str:
    """`slug?parameter=value` of a page, as `link` wants it."""
    return f"{page}?{urlencode(parameters)}" if parameters else page


def enter(
    connection: Transaction, *, key: str, to: To | Iterable[To], topic: str, words: str, values: Mapping[str, object],
    link: str, at: datetime, office: str | None = None, roles: Iterable[str] = (), urgent: bool = False,
) -> int:  # fmt: skip
    """Enter what is to be told, once per `key` and recipient; returns how many of them are new.

    `connection` is that of `Database.session()` or the tables of `alone()`. `to` is a person's name or an `Audience`,
    or several. `office` is where the thing lies: whoever does not see it when the notice is sent does not get it;
    without one only who sees the whole company does (an `Audience` brings its own). `roles`: only who has one of them
    then (a case that inspectors alone may know). `words` is an English msgid with {fields}, `link` from `page_link`,
    `at` aware. An `urgent` one is sent in quiet hours too. ValueError for a value that is called like a personal field,
    or one that is missing.
    """
    if told := PERSONAL & set(values):
        raise ValueError(f"A notice must not hold {', '.join(sorted(told))}.")
    if lacking := {field for _, field, _, _ in Formatter().parse(words) if field} - set(values):
        raise ValueError(f"The notice '{words}' lacks {', '.join(sorted(lacking))}.")  # now, not when it is to be sent
    recipients = [to] if isinstance(to, str | Audience) else list(to)
    only = json.dumps(sorted(roles)) if roles else None
    shared = {"key": key, "roles": only, "topic": topic, "words": words, "link": link, "urgent": urgent,
              "values": json.dumps({name: _stored(value) for name, value in values.items()}, ensure_ascii=False),
              "at": to_micros(at)}  # fmt: skip
    rows = ({**shared, **_recipient(one, office)} for one in recipients)
    return sum(_insert(connection, row) for row in rows)


def recipient_of(to: To) -> str:
    """How the outbox names whom a notice is for."""
    return to if isinstance(to, str) else f"{to.role}@{to.office or '*'}"


def _recipient(to: To, office: str | None) -> dict[str, Any]:
    if isinstance(to, str):
        return {"recipient": to, "role": None, "seat": None, "office": office}
    return {"recipient": recipient_of(to), "role": to.role, "seat": to.office, "office": office or to.office}


def _insert(connection: Transaction, row: Mapping[str, Any]) -> bool:
    """Whoever told the same a moment ago wins; a transaction that would tell it too waits for it."""
    db = connection if hasattr(connection, "dialect") else connection.db  # type: ignore[attr-defined]
    dialect = db.dialect if isinstance(db.dialect, str) else db.dialect.name
    insert = sqlite.insert if dialect == "sqlite" else postgresql.insert
    statement = insert(NOTICES).values(**row).on_conflict_do_nothing().returning(NOTICES.c.id)
    return connection.scalar(statement) is not None


def _stored(value: object) -> object:
    if isinstance(value, Msgid):
        return {"msgid": value.text}
    if isinstance(value, Both):
        return {"zh": value.zh, "en": value.en}
    if isinstance(value, Office):
        return {"office": value.code}
    if isinstance(value, datetime):
        return {"instant": to_micros(value)}
    if value is None or isinstance(value, str | int | float):
        return value
    raise TypeError(f"A notice cannot hold {value!r}: give text, number, datetime, Msgid, Both or Office.")
