"""Finding something by what one has of it (搜索): a number, its beginning, an office's name, a word; never a person's.

Every question carries the viewer's scope in its SQL: what lies outside is neither found nor counted, and nothing tells
whether it is there. Free text is compared as it is shown, masked: what is hidden in it cannot be found out by asking.
Telephone and customer numbers are found whole or not at all, by who has the right, and each such search is logged.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import count
from typing import Any

import sqlalchemy as sa

from dashboard.actions import audit
from dashboard.database import Database
from dashboard.database.models import AUDIT, DISPUTES, OFFICE_ALIASES, RECORD_TABLES, VIOLATIONS
from dashboard.disputing.values import DISPUTABLE
from dashboard.errors import NotAllowedError
from dashboard.instants import LOCAL, from_micros, to_micros
from dashboard.people import Viewer
from dashboard.privacy import masked, masked_text
from dashboard.queries.offices import Tree, visible_tree
from dashboard.queries.violations import READ, READ_RESTRICTED
from dashboard.rights import may, require
from dashboard.secrecy import FORM, hidden_offices, sealed_among

PERSON, SEALED, CUSTOMERS = "search by a customer's number or phone", "find reports and forms", "see customers masked"
SHORTEST, SHORTEST_PREFIX, SHORTEST_PERSON, LONGEST = 2, 3, 5, 100
MOST = 50
"""Hits of one kind that are listed; how many there are is counted up to `COUNTED`."""
COUNTED = 200
SCANNED, SCANNED_DAYS = 20_000, 92
"""Free text is looked through in so many of the newest tickets in sight, and not beyond so many days."""
PERSONS_AN_HOUR = 30
"""Searches for a person's number by one viewer: who knows a mask must not try out what it hides."""
_LAST = {"sqlite": "\U0010ffff", "postgresql": "龥龥龥"}
"""After everything that follows a prefix: SQLite compares bytes, PostgreSQL by the words of its collation."""


@dataclass(frozen=True, slots=True)
class Hit:
    """Something found. `why` names what matched (`number`, `beginning`, `phone`, `customer_no`, `text`, `name`,
    `former_name`, `code`, `record`), `text` shows it, masked; `day` is the local day to which it belongs."""

    kind: str
    number: str
    office: str
    day: str | None
    why: str
    text: str
    exact: bool = False


@dataclass(frozen=True, slots=True)
class Found:
    """What was found, kind by kind. `counts` are of what the viewer may see, at most `COUNTED` of each."""

    words: str
    hits: tuple[Hit, ...]
    counts: Mapping[str, int]
    not_searched: tuple[str, ...]
    """`too_short`, `personal` (not asked for, or no right to), `older_text`, `text_with_digits`, `short_beginning`."""


KINDS = ("tickets", "repairs", "applications", "cases", "offices", "disputes", "forms")


def folded(words: str) -> str:
    """The words as they are compared: full-width signs made plain, control signs and NUL gone, blanks single."""
    plain = unicodedata.normalize("NFKC", words.encode("utf-8", "ignore").decode("utf-8"))
    kept = "".join(" " if unicodedata.category(sign) in ("Cc", "Cf", "Zl", "Zp") else sign for sign in plain)
    return " ".join(kept.split())[:LONGEST].strip()


def search(db: Database, viewer: Viewer, words: str, *, as_of: datetime, person: bool = False) -> Found:
    """What the viewer may know of these words. `person`: they are a whole telephone or customer number.

    NotAllowedError for who may not search by a person's number, or has done so too often within an hour.
    """
    asked = folded(words)
    if person:
        require(viewer, PERSON)
    if len(asked) < (SHORTEST_PERSON if person else SHORTEST):
        return Found(asked, (), {}, ("too_short",))
    search_ = _Search(db, viewer, asked, as_of)
    if person:
        return search_.of_person()
    return search_.of_thing()


class _Search:
    """One question, with the scope that all of its statements carry."""

    def __init__(self, db: Database, viewer: Viewer, words: str, as_of: datetime) -> None:
        self.db, self.viewer, self.words, self.as_of = db, viewer, words, as_of
        self.tree: Tree = visible_tree(db, viewer)
        self.seen = sorted(self.tree.offices)
        self.hidden = hidden_offices(db, viewer)

    def of_thing(self) -> Found:
        hits: list[Hit] = []
        counts: dict[str, int] = {}
        for kind in ("tickets", "repairs", "applications"):
            self._add(hits, counts, kind, self._numbered(kind))
        for kind, find in _FURTHER.items():
            self._add(hits, counts, kind, find(self))
        if self._reads_text():
            known = {hit.number for hit in hits if hit.kind == "tickets"}
            self._add(hits, counts, "tickets", [hit for hit in self._in_text() if hit.number not in known])
        return Found(self.words, tuple(hits), counts, tuple(self._left_out()))

    def _add(self, hits: list[Hit], counts: dict[str, int], kind: str, found: list[Hit]) -> None:
        if found:
            counts[kind] = min(counts.get(kind, 0) + len(found), COUNTED)
            listed = sum(hit.kind == kind for hit in hits)
            hits += found[: max(MOST - listed, 0)]

    def _left_out(self) -> Iterable[str]:
        yield "personal"
        if not self._reads_text():
            yield "text_with_digits" if may(self.viewer, CUSTOMERS) else "text"
        else:
            yield "older_text"
        if len(self.words) < SHORTEST_PREFIX:
            yield "short_beginning"

    # --- numbers

    def _numbered(self, kind: str) -> list[Hit]:
        table, (number, moment) = RECORD_TABLES[kind], _NUMBERED[kind]
        where = sa.and_(self._named(table.c[number]), self._inside(table.c.office_code))
        rows = self._rows(table, table.c[number], table.c[moment], where)
        return [self._of_number(kind, found, office, at) for found, office, at in rows]

    def _rows(self, table: sa.Table, number: Any, moment: Any, where: sa.ColumnElement[bool]) -> list[Any]:
        """The whole number before those that it begins, these from the last number down: as the index has them."""
        query = sa.select(number, table.c.office_code, moment).where(where)
        exact = self._first(table.name, query.where(number == self.words))
        return [*exact, *self._first(table.name, query.where(number != self.words).order_by(number.desc()))][:COUNTED]

    def _first(self, record: str, query: sa.Select[Any], number: int = 0) -> list[Any]:
        """The first rows, at most `COUNTED`, that the viewer may know of."""
        found: list[Any] = []
        for start in count(0, COUNTED):
            with self.db.reading() as connection:
                rows = connection.execute(query.limit(COUNTED).offset(start)).all()
            found += self._open(record, rows, number)
            if len(found) >= COUNTED or len(rows) < COUNTED:
                return found[:COUNTED]
        return found

    def _of_number(self, kind: str, number: str, office: str, at: int) -> Hit:
        exact = number == self.words
        return Hit(kind, number, office, _day(at), "number" if exact else "beginning", number, exact)

    def _named(self, number: Any) -> sa.ColumnElement[bool]:
        """The whole number, or its beginning: a range that the index answers, and the sign-for-sign comparison."""
        if len(self.words) < SHORTEST_PREFIX:
            return number == self.words  # type: ignore[no-any-return]
        last = self.words + _LAST[self.db.dialect]
        return sa.and_(number >= self.words, number <= last, number.startswith(self.words, autoescape=True))

    def _inside(self, office: Any) -> sa.ColumnElement[bool]:
        return sa.true() if self.viewer.sees_everything else office.in_(self.seen)

    def _open(self, record: str, found: Sequence[Any], number: int = 0) -> list[Any]:
        """The rows whose records are not sealed: those are for inspectors alone, and not where they are hidden."""
        secret = sealed_among(self.db, record, [row[number] for row in found])
        if may(self.viewer, SEALED):
            secret = {one: offices for one, offices in secret.items() if any(map(self.hidden, offices))}
        return [row for row in found if row[number] not in secret]

    # --- people: whole numbers only, logged

    def of_person(self) -> Found:
        hits: list[Hit] = []
        counts: dict[str, int] = {}
        self._log()
        for kind, columns in _PERSONAL.items():
            table, (number, moment) = RECORD_TABLES[kind], _NUMBERED[kind]
            for column in columns:
                where = sa.and_(table.c[column] == self.words, self._inside(table.c.office_code))
                known = {hit.number for hit in hits if hit.kind == kind}
                text = masked(_MASKS[column], self.words) or ""
                newest = sa.select(table.c[number], table.c.office_code, table.c[moment]).where(where)
                rows = self._first(kind, newest.order_by(table.c[moment].desc()))
                found = [Hit(kind, one, office, _day(at), column, text, True) for one, office, at in rows
                         if one not in known]  # fmt: skip
                self._add(hits, counts, kind, found)
        return Found(masked("customer", self.words) or "", tuple(hits), counts, ("only_whole",))

    def _log(self) -> None:
        """The search stands in the trail before its answer is told; the number itself only masked."""
        row, since = AUDIT.c, to_micros(self.as_of - timedelta(hours=1))
        earlier = sa.select(sa.func.count()).where(row.action == "search_person", row.actor == self.viewer.name)
        with self.db.session() as connection:
            if (connection.scalar(earlier.where(row["at"] > since)) or 0) >= PERSONS_AN_HOUR:
                raise NotAllowedError(f"More than {PERSONS_AN_HOUR} people's numbers were searched within an hour.",
                                      "Wait, or say in the record why you need so many.")  # fmt: skip
            audit.record(connection, self.viewer, "search_person", None, masked("customer", self.words),
                         at=self.as_of)  # fmt: skip

    # --- text

    def _reads_text(self) -> bool:
        """Words with digits could be part of somebody's number."""
        return may(self.viewer, CUSTOMERS) and sum(sign.isdigit() for sign in self.words) < 4

    def _in_text(self) -> list[Hit]:
        """Newest tickets in sight whose content, as it is shown, has the words."""
        table = RECORD_TABLES["tickets"]
        row, since = table.c, to_micros(self.as_of - timedelta(days=SCANNED_DAYS))
        newest = (
            sa.select(row.ticket_no, row.office_code, row.accepted_at, row.content)
            .where(row.accepted_at >= since, row.content.is_not(None), self._inside(row.office_code))
            .order_by(row.accepted_at.desc()).limit(SCANNED).subquery()
        )  # fmt: skip
        query = sa.select(newest).where(newest.c.content.icontains(self.words, autoescape=True))
        rows = self._first("tickets", query.order_by(newest.c.accepted_at.desc()))
        hits = []
        for number, office, at, content in rows:
            told = masked_text(content)
            place = _lower(told).find(_lower(self.words))
            if place >= 0:
                hits.append(Hit("tickets", number, office, _day(at), "text", _around(told, place, len(self.words))))
        return hits

    # --- everything else

    def offices(self) -> list[Hit]:
        """Offices in sight by code, name, alias, or a name that they had once."""
        row, alias = RECORD_TABLES["offices"].c, OFFICE_ALIASES.c
        versions = sa.select(row.code, row.name, row.aliases).where(row.rulebook.is_(None), self._inside(row.code))
        called = sa.select(alias.office_code, alias.name).where(
            alias.withdrawn_at.is_(None), self._inside(alias.office_code)
        )
        names: dict[str, dict[str, str]] = {}
        with self.db.reading() as connection:
            for code, name, aliases in connection.execute(versions.order_by(row.valid_from)):
                also = _split(aliases)
                names.setdefault(code, {}).update({name: "former_name", **dict.fromkeys(also, "alias")})
            for code, name in connection.execute(called):
                names.setdefault(code, {}).setdefault(name, "alias")
        hits = [hit for code, own in names.items() if (hit := self._office(code, own)) is not None]
        return sorted(hits, key=lambda hit: (not hit.exact, hit.number))[:COUNTED]

    def _office(self, code: str, names: Mapping[str, str]) -> Hit | None:
        asked, present = _name(self.words), self.tree.name(code)
        if (_name(code).startswith(asked) and len(asked) >= SHORTEST_PREFIX) or _name(code) == asked:
            return Hit("offices", code, code, None, "code", present, _name(code) == asked)
        if asked in _name(present):
            return Hit("offices", code, code, None, "name", present, _name(present) == asked)
        found = next((name for name in names if asked in _name(name)), None)
        if found is None:
            return None
        return Hit("offices", code, code, None, names[found], f"{present} ({found})")

    def disputes(self) -> list[Hit]:
        """Disputes by their number or that of the record they are about."""
        row = DISPUTES.c
        where = sa.and_(sa.or_(self._named(row.number), row.record_number == self.words),
                        self._inside(row.office_code))  # fmt: skip
        query = sa.select(row.number, row.office_code, row["at"], row.record_number).order_by(
            row["at"].desc(), row.number
        )
        rows = [found for kind in DISPUTABLE for found in self._first(kind, query.where(where, row.record == kind), 3)]
        rows = sorted(rows, key=lambda found: (-found[2], found[0]))[:COUNTED]
        return [
            Hit("disputes", number, office, _day(at), "number" if number == self.words else "record"
                if record == self.words else "beginning", record, number == self.words)
            for number, office, at, record in rows
        ]  # fmt: skip

    def cases(self) -> list[Hit]:
        """Violations by their number; one that inspectors alone may know of only once it was sent down."""
        if not may(self.viewer, READ):
            return []
        row = VIOLATIONS.c
        withheld = sa.and_(row.restricted.is_(True), self._kept_from_them(row.office_code))
        told = sa.case((withheld, row.told_at), else_=row.opened_at)
        where = sa.and_(self._named(row.number), self._inside(row.office_code), told.is_not(None))
        rows = self._rows(VIOLATIONS, row.number, told, where)
        return [self._of_number("cases", number, office, at) for number, office, at in rows]

    def _kept_from_them(self, office: Any) -> sa.ColumnElement[bool]:
        """Offices of which the viewer must not know who complained."""
        if not may(self.viewer, READ_RESTRICTED):
            return sa.true()
        hidden = hidden_offices(self.db, self.viewer)
        return office.in_([code for code in self.tree.offices if hidden(code)])  # type: ignore[no-any-return]

    def forms(self) -> list[Hit]:
        """Designated-supplier forms by their number, for inspectors."""
        if not may(self.viewer, SEALED):
            return []
        table = RECORD_TABLES["evaluations"]
        row = table.c
        where = sa.and_(self._named(row.evaluation_no), row.kind == FORM, self._inside(row.office_code))
        rows = self._rows(table, row.evaluation_no, row["at"], where)
        return [self._of_number("forms", number, office, at) for number, office, at in rows]


def _day(at: int | None) -> str | None:
    return None if at is None else f"{from_micros(at).astimezone(LOCAL):%Y-%m-%d}"


def _lower(text: str) -> str:
    """Capitals of A to Z made small and nothing else: the databases do not agree on more, and places stay the same."""
    return "".join(sign.lower() if sign.isascii() else sign for sign in text)


def _name(text: str) -> str:
    return _lower("".join(unicodedata.normalize("NFKC", text).split()))


def _split(aliases: str | None) -> list[str]:
    for sign in "；,，、|":
        aliases = (aliases or "").replace(sign, ";")
    return [name.strip() for name in (aliases or "").split(";") if name.strip()]


def _around(text: str, place: int, length: int, margin: int = 24) -> str:
    start, end = max(place - margin, 0), place + length + margin
    return f"{'…' if start else ''}{text[start:end]}{'…' if end < len(text) else ''}"


_NUMBERED = {"tickets": ("ticket_no", "accepted_at"), "repairs": ("repair_no", "accepted_at"),
             "applications": ("application_no", "accepted_at")}  # fmt: skip
_PERSONAL = {"tickets": ("phone", "customer_no"), "repairs": ("customer_no",), "applications": ("customer_no",)}
_MASKS: Mapping[str, Any] = {"phone": "phone", "customer_no": "customer"}
_FURTHER: Mapping[str, Callable[[_Search], list[Hit]]] = {
    "cases": _Search.cases, "offices": _Search.offices, "disputes": _Search.disputes, "forms": _Search.forms,
}  # fmt: skip
