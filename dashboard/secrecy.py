"""Who complained never reaches the office complained of (保密, design §5.5): which records are sealed, and from whom.

Sealed are reports (举报) with the tickets below them, two deep, and every designated-supplier form (三指定评价表): were
only accusing ones sealed, those that are seen would tell which are not. In any version: once a report, always one.
They are hidden from office heads altogether, and for anybody else at the offices where that person works (with all
below, and of those above whose people they are), or that are theirs to answer for. What is hidden keeps its place in
figures, which add up as published, and loses number, moments and everything else by which somebody could be found.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import sqlalchemy as sa

from collectors.records import RECORDS
from dashboard.database import Database
from dashboard.database.models import HISTORY_TABLES, RECORD_TABLES
from dashboard.people import EVERYTHING, Viewer
from dashboard.queries.offices import visible_tree
from dashboard.rights import may

REPORT, FORM = "report", "designated_form"
WITHHELD = "kept secret"
"""Stands where the number of a hidden record would."""
REFERENCES = {
    "ticket_no": "tickets", "parent_ticket_no": "tickets", "record_no": "tickets",
}  # fmt: skip
"""Columns of a record that name a record which may be sealed."""
TELLING = ("id", "at", "system", "deadline", "actual", "since", "due", "accepted_at", "content", "detail")
"""Keys of a row that are emptied together with its number, where it has them."""
AT_ONCE = 500
SEALED = frozenset({"tickets", "evaluations"})
"""Kinds of records that may be sealed."""


def seals(viewer: Viewer) -> bool:
    """Whether anything at all may be hidden from the viewer: cheap, no question to the database."""
    return not may(viewer, "know who complained") or bool(viewer.workplaces) or _answers(viewer)


def hidden_offices(db: Database, viewer: Viewer) -> Callable[[str | None], bool]:
    """Whether sealed records of an office are hidden from the viewer."""
    if not may(viewer, "know who complained"):
        return lambda office: True
    if not seals(viewer):
        return lambda office: False
    whole = visible_tree(db, replace(viewer, offices=EVERYTHING))
    own = frozenset[str]().union(*(whole.below(place) for place in viewer.workplaces))
    above = {office.code for place in viewer.workplaces for office in whole.path(place) if office.level != "company"}
    answered = viewer.offices if _answers(viewer) else frozenset[str]()
    return (own | above | answered).__contains__


def hides(db: Database, viewer: Viewer, office: str | None) -> bool:
    """Whether who reported this office is hidden from the viewer. `office` is the one the record names."""
    return hidden_offices(db, viewer)(office)


def _answers(viewer: Viewer) -> bool:
    return may(viewer, "answer for the offices in sight")


def sealed_among(db: Database, record: str, numbers: Iterable[str]) -> dict[str, set[str]]:
    """Those of the numbers (of `record`) that are sealed, with the offices that any version of them names."""
    found: dict[str, set[str]] = {}
    if record not in SEALED:
        return found
    wanted, number = sorted({one for one in numbers if one}), RECORDS[record].number
    with db.reading() as connection:
        for start in range(0, len(wanted), AT_ONCE):
            telling: set[str] = set()
            for table in _tables(record):
                named = sa.select(table.c[number]).where(table.c[number].in_(wanted[start : start + AT_ONCE]))
                telling.update(connection.execute(named.where(sealed(record, table))).scalars())
            for table in _tables(record):  # one version may say that it is a report, another whose it is
                of = sa.select(table.c[number], table.c.office_code).where(table.c[number].in_(sorted(telling)))
                for one, office in connection.execute(of):
                    found.setdefault(one, set()).add(office)
    return found


def sealed(record: str, table: sa.FromClause) -> sa.ColumnElement[bool]:
    """Rows of `record` in its table or history that say of themselves that they are sealed; for a WHERE."""
    row = table.c
    if record == "tickets":
        above = sa.union(*(sa.select(t.c.ticket_no).where(t.c.type == REPORT) for t in _tables("tickets")))
        below = [
            sa.exists().where(t.c.ticket_no == row.parent_ticket_no, t.c.parent_ticket_no.in_(above))
            for t in (one.alias(f"above_{one.name}") for one in _tables("tickets"))
        ]
        return sa.or_(row.type == REPORT, row.parent_ticket_no.in_(above), *below)
    if record == "evaluations":
        return row.kind == FORM
    return sa.false()


def ever_sealed(record: str, table: sa.Table) -> sa.ColumnElement[bool]:
    """Rows of `record` of which the present version, or any before it, says that it is sealed; for a WHERE."""
    old = HISTORY_TABLES[record].alias("versions_before")
    before = sa.exists().where(old.c.record_id == table.c.id, sealed(record, old))
    return sa.or_(sealed(record, table), before) if record in SEALED else sa.false()


def _tables(record: str) -> Sequence[sa.Table]:
    return RECORD_TABLES[record], HISTORY_TABLES[record]


def hidden_numbers(db: Database, viewer: Viewer, record: str, numbers: Iterable[str]) -> frozenset[str]:
    """Those of the numbers that must not be told to the viewer."""
    if not seals(viewer):
        return frozenset()
    found = sealed_among(db, record, numbers)
    if not found:
        return frozenset()
    hidden = hidden_offices(db, viewer)
    return frozenset(number for number, offices in found.items() if any(hidden(office) for office in offices))


def withhold(
    db: Database,
    viewer: Viewer,
    rows: Sequence[Mapping[str, Any]],
    *,
    record: str | None = None,
    number: str = "number",
) -> list[dict[str, Any]]:
    """The rows with `kept secret` in place of numbers that the viewer must not know, and without what goes with them.

    Each row says its kind under `record`, or `record` says it for all. None is left out, so figures still add up; they
    come last, for between its neighbours in an order by number or time a row would tell its own.
    """
    if not seals(viewer):
        return [dict(row) for row in rows]
    kinds = {record} if record else {str(row["record"]) for row in rows}
    hidden = {
        kind: hidden_numbers(db, viewer, kind, [str(row[number]) for row in rows if (record or row["record"]) == kind])
        for kind in kinds
    }
    told = [_emptied(row, number) if row[number] in hidden[record or row["record"]] else dict(row) for row in rows]
    return sorted(told, key=lambda row: row[number] == WITHHELD)


def _emptied(row: Mapping[str, Any], number: str) -> dict[str, Any]:
    left = {key: ({} if isinstance(value, dict) else None) if key in TELLING else value for key, value in row.items()}
    return {**left, number: WITHHELD}


def secret_of_reporter(db: Database, viewer: Viewer, record: str, number: str) -> bool:
    """Whether this one record is hidden from the viewer: it then does not exist for them."""
    return number in hidden_numbers(db, viewer, record, [number])


def told_references(db: Database, viewer: Viewer, values: Mapping[str, Any]) -> dict[str, Any]:
    """A record's columns without the numbers of hidden records that it names (a repair its report)."""
    hidden = {
        name: True
        for name, record in REFERENCES.items()
        if values.get(name) and secret_of_reporter(db, viewer, record, str(values[name]))
    }
    return {name: None if name in hidden else value for name, value in values.items()}
