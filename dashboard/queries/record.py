"""What happened, minute by minute (一条记录): its stamps, the clocks that judged it, its versions, file and row."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from checks.reasons import REASONS, STATES
from checks.rulebook.model import Edition, Indicator, Step
from collectors.records import RECORDS, RecordType
from dashboard.database import Database
from dashboard.database.models import BATCHES, HISTORY_TABLES, RECORD_TABLES
from dashboard.errors import MingchaError, UsageError
from dashboard.instants import from_micros, iso_local
from dashboard.judging.kinds import KINDS
from dashboard.judging.reading import reader
from dashboard.judging.rules import Rules
from dashboard.nearest import nearest
from dashboard.people import Viewer
from dashboard.privacy import PERSONAL, masked_text, shown
from dashboard.queries.inspections import withheld
from dashboard.queries.offices import visible_tree
from dashboard.secrecy import REFERENCES, hidden_numbers, seals, secret_of_reporter, told_references


@dataclass(frozen=True, slots=True)
class Judged:
    """One indicator's verdict of the record. `step` only for clocks: from which stamp to which."""

    indicator: Indicator
    state: str
    reason: str
    deadline: datetime | None
    actual: datetime | None
    step: Step | None
    provisional: bool
    to_the_minute: bool


@dataclass(frozen=True, slots=True)
class Version:
    """One version of the record: `fate` is `current`, `replaced` or `older` (came late, never was current)."""

    fate: str
    version_at: datetime
    source: str
    file: str | None
    sha256: str | None
    row_no: int
    imported_at: datetime | None
    by: str
    changed: tuple[tuple[str, str | None, str | None], ...]
    """(column, value before, value in this version) against the version before it."""


@dataclass(frozen=True, slots=True)
class Record:
    """A record with everything that is known of it."""

    record: RecordType
    id: int
    number: str
    system: str | None
    office: str
    values: Mapping[str, Any]
    """As the viewer may see them: personal columns are masked."""
    area: str | None
    """The record's own area, else its office's: the one by which it was judged."""
    stamps: tuple[tuple[str, datetime | None], ...]
    """The lifecycle in order, as stored; the moment of a record without lifecycle."""
    unreadable: Mapping[str, str]
    edition: Edition | None
    verdicts: tuple[Judged, ...]
    versions: tuple[Version, ...]
    linked: tuple[tuple[str, str, str], ...]
    """(relation, record type, number): parent, children, ticket, repairs."""


def record(
    db: Database, viewer: Viewer, rules: Rules, *, record: str, number: str, as_of: datetime,
    system: str | None = None, row_id: int | None = None,
) -> Record:  # fmt: skip
    """The record of that number as seen at `as_of`. Of several systems the first by name, unless one is named; of
    several rows of one number (a measure's months, an inspection's items) the first, unless `row_id` says which.

    Personal columns are masked. A sealed record does not exist for whom it is hidden from, nor does what names it.

    Raises UsageError for an unknown kind, MingchaError when there is none or it is outside what the viewer may see.
    """
    if record not in RECORDS:
        raise UsageError(f"There is no record kind '{record}'.", f"Did you mean '{nearest(record, RECORDS)}'?")
    kind = RECORDS[record]
    row = _current(db, kind, number, system, row_id)
    office = str(row[kind.office]) if row is not None and kind.office else ""
    seen = row is not None and (viewer.sees_everything or office in visible_tree(db, viewer).offices)
    if row is None or not seen or secret_of_reporter(db, viewer, record, number):
        raise MingchaError(f"No record {number} among {record}, or it is outside what you may see.")
    found = _judged_row(db, rules, kind, row["id"], as_of)
    verdicts, edition = _verdicts(rules, kind, found)
    hidden = _of_the_inspector(db, viewer, kind, row)
    told = told_references(db, viewer, row)
    hidden |= frozenset(name for name in kind.names if told[name] != row[name])
    return Record(
        record=kind,
        id=row["id"],
        number=number,
        system=row.get("system"),
        office=office,
        values={name: _seen(viewer, name, row[name]) for name in kind.names if name not in hidden},
        area=found.get("area") if found else None,
        stamps=_stamps(kind, row),
        unreadable={name: masked_text(text) for name, text in _unreadable(row).items() if name not in hidden},
        edition=edition,
        verdicts=verdicts,
        versions=_versions(db, kind, row, hidden | PERSONAL.keys() | _named_once(viewer)),
        linked=_linked(db, viewer, kind, row),
    )


def _seen(viewer: Viewer, name: str, value: Any) -> Any:
    return shown(viewer, name, value) if isinstance(value, str) else value


def _of_the_inspector(db: Database, viewer: Viewer, kind: RecordType, row: Mapping[str, Any]) -> frozenset[str]:
    """The column by which an inspected office would know who came undercover (暗访)."""
    hides = kind.name == "inspections" and withheld(db, viewer, [row])
    return frozenset({"inspector"}) if hides else frozenset()


def _named_once(viewer: Viewer) -> frozenset[str]:
    """Columns of earlier versions that may name a record hidden from the viewer, whatever the present one names."""
    return frozenset(REFERENCES) if seals(viewer) else frozenset()


def _current(
    db: Database, kind: RecordType, number: str, system: str | None, row_id: int | None
) -> dict[str, Any] | None:  # fmt: skip
    table = RECORD_TABLES[kind.name]
    query = sa.select(table).where(table.c[kind.number] == number)
    if row_id is not None:
        query = query.where(table.c.id == row_id)
    if system is not None and kind.by_system:
        query = query.where(table.c.system == system)
    order = table.c.system if kind.by_system else table.c.id
    with db.reading() as connection:
        row = connection.execute(query.order_by(order)).mappings().first()
    return None if row is None else dict(row)


def _stamps(kind: RecordType, row: Mapping[str, Any]) -> tuple[tuple[str, datetime | None], ...]:
    names = kind.lifecycle or tuple(c.name for c in kind.columns if c.kind == "instant")
    return tuple((name, _time(row[name])) for name in names)


def _time(value: int | None) -> datetime | None:
    return None if value is None else from_micros(value)


def _unreadable(row: Mapping[str, Any]) -> dict[str, str]:
    return dict(json.loads(row["unreadable"])) if row.get("unreadable") else {}


def _judged_row(db: Database, rules: Rules, kind: RecordType, record_id: int, as_of: datetime) -> dict[str, Any] | None:
    """Judged for this one record alone, at `as_of`: what the league counted, with the reasons."""
    if kind.name not in KINDS:
        return None
    with reader(db) as opened:
        frame = KINDS[kind.name].judged(opened, rules, lambda table: table.c.id == record_id, as_of).collect()
    return frame.row(0, named=True) if frame.height and frame["exists"][0] else None


def _verdicts(
    rules: Rules, kind: RecordType, found: Mapping[str, Any] | None
) -> tuple[tuple[Judged, ...], Edition | None]:
    if found is None:
        return (), None
    edition = rules.rulebook.edition_on(_day(found["day"]))
    codes = rules.rulebook.order(kind.name)
    judged = [_judged(found, edition or rules.rulebook.editions[0], code) for code in codes if code in found]
    return tuple(verdict for verdict in judged if verdict is not None), edition


def _day(number: int) -> date:
    return date(1970, 1, 1) + timedelta(days=number)


def _judged(found: Mapping[str, Any], edition: Edition, code: str) -> Judged | None:
    reason = REASONS[found[code]]
    if reason.state not in STATES:
        return None
    indicator = edition.indicator(code)
    step = edition.step(indicator.options["step"]) if indicator.formula == "clock" else None
    return Judged(
        indicator=indicator,
        state=STATES[reason.state],
        reason=reason.code,
        deadline=_time(found.get(f"{code}.deadline")),
        actual=_time(found.get(f"{code}.actual")),
        step=step,
        provisional=bool(found.get(f"{code}.provisional")),
        to_the_minute=bool(found.get(f"{code}.minute")),
    )


def _versions(
    db: Database, kind: RecordType, row: Mapping[str, Any], hidden: frozenset[str]
) -> tuple[Version, ...]:  # fmt: skip
    """All versions, newest first, each with what it changed against the one before it in time."""
    history = HISTORY_TABLES[kind.name]
    query = sa.select(history).where(history.c.record_id == row["id"])
    with db.reading() as connection:
        older = [dict(found) for found in connection.execute(query).mappings()]
        rows = sorted([{**row, "fate": "current"}, *older], key=lambda one: (one["version_at"], one["batch_id"]))
        batches = {
            batch["id"]: dict(batch)
            for batch in connection.execute(
                sa.select(BATCHES).where(BATCHES.c.id.in_({one["batch_id"] for one in rows}))
            ).mappings()
        }
    found = []
    for before, one in zip([None, *rows], rows, strict=False):
        found.append(_version(kind, before, one, batches.get(one["batch_id"], {}), hidden))
    return tuple(found[::-1])


def _version(
    kind: RecordType, before: Mapping[str, Any] | None, one: Mapping[str, Any], batch: Mapping[str, Any],
    hidden: frozenset[str],
) -> Version:  # fmt: skip
    changed = [
        (column.name, _shown(column.kind, before[column.name]), _shown(column.kind, one[column.name]))
        for column in kind.columns
        if before is not None and before[column.name] != one[column.name] and column.name not in hidden
    ]
    return Version(
        fate=one["fate"],
        version_at=from_micros(one["version_at"]),
        source=batch.get("source", ""),
        file=batch.get("file"),
        sha256=batch.get("sha256"),
        row_no=one["row_no"],
        imported_at=_time(batch.get("finished_at")),
        by=batch.get("by", ""),
        changed=tuple(changed),
    )


def _shown(kind: str, value: Any) -> str | None:
    if value is None:
        return None
    return iso_local(value) if kind == "instant" else str(value)


def _linked(db: Database, viewer: Viewer, kind: RecordType, row: Mapping[str, Any]) -> tuple[tuple[str, str, str], ...]:
    """What the record names and what names it, in the same system; out of scope and sealed ones are left out."""
    allowed = None if viewer.sees_everything else visible_tree(db, viewer).offices
    found: list[tuple[str, str, str]] = []
    with db.reading() as connection:
        for relation, record, condition in _relations(kind, row):
            table = RECORD_TABLES[record].c
            number = table[RECORDS[record].number]
            query = sa.select(number, table.office_code).where(condition, table.system == row["system"]).limit(20)
            found += [
                (relation, record, linked)
                for linked, office in connection.execute(query)
                if (allowed is None or office in allowed) and (record, linked) != (kind.name, row[kind.number])
            ]
    hidden = {
        record: hidden_numbers(db, viewer, record, [linked for _, one, linked in found if one == record])
        for record in {record for _, record, _ in found}
    }
    return tuple(one for one in found if one[2] not in hidden[one[1]])


Relation = tuple[str, str, sa.ColumnElement[bool]]
"""(name of the relation, record type, which of its rows)."""


def _relations(kind: RecordType, row: Mapping[str, Any]) -> list[Relation]:
    tickets, repairs = RECORD_TABLES["tickets"].c, RECORD_TABLES["repairs"].c
    applications, evaluations = RECORD_TABLES["applications"].c, RECORD_TABLES["evaluations"].c
    if kind.name == "tickets":
        return [
            ("parent", "tickets", tickets.ticket_no == row["parent_ticket_no"]),
            ("child", "tickets", tickets.parent_ticket_no == row["ticket_no"]),
            ("repair", "repairs", repairs.ticket_no == row["ticket_no"]),
            ("evaluation", "evaluations", evaluations.record_no == row["ticket_no"]),
        ]
    if kind.name == "repairs":
        return [
            ("ticket", "tickets", tickets.ticket_no == row["ticket_no"]),
            ("parent", "repairs", repairs.repair_no == row["parent_repair_no"]),
        ]
    if kind.name == "applications":
        return [("evaluation", "evaluations", evaluations.record_no == row["application_no"])]
    if kind.name == "evaluations":
        return [
            ("ticket", "tickets", tickets.ticket_no == row["record_no"]),
            ("application", "applications", applications.application_no == row["record_no"]),
        ]
    return []
