"""The facts of the quarter's documents as a document (季度表数据), to freeze them and to print them again."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import Any

from checks.periods import parse_period
from checks.rulebook.loader import Rulebook
from checks.rulebook.model import Edition
from dashboard.bootstrap import Application
from dashboard.database import Database
from dashboard.freezing.stored import rulebook_of, snapshot_of
from dashboard.judging.rules import rules_of
from dashboard.people import Viewer
from dashboard.privacy import masked
from dashboard.queries.quarter import Frozen, LeftOut, OfficeLine, Quality, Quarter, Violation, quarter
from dashboard.queries.quarter_counts import Connecting, HallWatch, Repairing, Ticketing
from dashboard.secrecy import hidden_numbers

NO_QUALITY = Quality(0, None, ())


def facts_document(facts: Quarter) -> dict[str, Any]:
    """Everything but rulebook and quality of the data: the first is frozen itself, the second knows of arrivals."""
    return {
        "period": facts.period.name, "as_of": facts.as_of.astimezone(dt.UTC).isoformat(),
        "before": facts.before.name, "year_before": facts.year_before.name,
        "lines": [asdict(line) for line in facts.lines],
        "halls": [asdict(line) for line in facts.halls],
        "ledger": [{**asdict(row), "at": row.at.isoformat()} for row in facts.ledger],
        "left_out": [{**asdict(row), "day": row.day.isoformat()} for row in facts.left_out],
    }  # fmt: skip


def facts_of(
    document: Mapping[str, Any], rulebook: Rulebook, edition: Edition, quality: Quality = NO_QUALITY
) -> Quarter:
    """The facts again."""
    return Quarter(
        parse_period(document["period"]), dt.datetime.fromisoformat(document["as_of"]),
        parse_period(document["before"]), parse_period(document["year_before"]), rulebook, edition,
        tuple(_line(line) for line in document["lines"]), tuple(_line(line) for line in document["halls"]),
        tuple(Violation(**{**row, "at": dt.datetime.fromisoformat(row["at"])}) for row in document["ledger"]),
        tuple(LeftOut(**{**row, "day": dt.date.fromisoformat(row["day"])}) for row in document["left_out"]),
        quality,
    )  # fmt: skip


def documents_facts(app: Application, viewer: Viewer, period: str, as_of: dt.datetime | None = None) -> Quarter:
    """What the documents of a period print: of a frozen one the snapshot, unless `as_of` is given."""
    found = snapshot_of(app.db, parse_period(period).name) if as_of is None else None
    if found is None:
        return told(app.db, viewer, quarter(app, viewer, period, as_of))
    rulebook = rulebook_of(found, rules_of(app.settings, app.db).rulebook)
    facts = facts_of(found.part("facts"), rulebook, rulebook.edition_named(found.header["rulebook"]["edition"]))
    frozen = Frozen(
        found.digest, found.header["program"], found.header["rulebook"]["digest"], found.header["calendar"]["digest"],
        found.proposed_by, found.proposed_at, found.published_by, found.published_at, found.reason,
    )  # fmt: skip
    allowed = None if viewer.sees_everything else found.tree.below(viewer.offices, found.period.last_day)
    return told(app.db, viewer, replace(seen_by(facts, allowed), frozen=frozen))


def told(db: Database, viewer: Viewer, facts: Quarter) -> Quarter:
    """Without the records that are hidden from the viewer, and with what inspectors wrote masked."""
    hidden = {
        record: hidden_numbers(db, viewer, record, [row.number for row in facts.left_out if row.record == record])
        for record in {row.record for row in facts.left_out}
    }
    return replace(
        facts, left_out=tuple(row for row in facts.left_out if row.number not in hidden[row.record]),
        ledger=tuple(replace(row, note=masked("text", row.note)) for row in facts.ledger),
    )  # fmt: skip


def seen_by(facts: Quarter, offices: frozenset[str] | None) -> Quarter:
    """Only what belongs to these offices; None: everything."""
    if offices is None:
        return facts
    return replace(
        facts, lines=tuple(line for line in facts.lines if line.code in offices),
        halls=tuple(line for line in facts.halls if line.code in offices),
        ledger=tuple(row for row in facts.ledger if row.hall_code in offices),
        left_out=tuple(row for row in facts.left_out if row.office in offices),
    )  # fmt: skip


def _line(line: Mapping[str, Any]) -> OfficeLine:
    return OfficeLine(**{
        **line, "tickets": Ticketing(**line["tickets"]), "repairs": Repairing(**line["repairs"]),
        "halls": HallWatch(**line["halls"]), "connections": Connecting(**line["connections"]),
    })  # fmt: skip
