"""What a deed changes beside the case (牵连): holds on evidence, and what the case rests on."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa

from checks.violations.machine import Event
from collectors.records import RECORDS
from dashboard.cases.stored import Book, Case, Source
from dashboard.database.models import LEGAL_HOLD_LIFTS, LEGAL_HOLDS, RECORD_TABLES, REVIEWS
from dashboard.evidence import chain
from dashboard.evidence.holds import LOCK as HOLDS
from dashboard.instants import to_micros
from dashboard.intake import by_hand
from dashboard.intake.tables import Tables

CHANGING = frozenset({"uphold_appeal", "approve_void"})
"""Deeds that take away what a case rests on, and so may change records."""


def follow(book: Book, case: Case, event: Event, *, by: Any, at: datetime) -> None:
    """An appeal puts the case's samples on hold, its end lifts that; a success annuls what was confirmed."""
    if event.deed == "appeal":
        hold(book, case, by=by, at=at)
    if event.deed in ("uphold_appeal", "refuse_appeal", "lapsed"):
        lift(book, case, by=by, at=at)
    if event.deed in CHANGING:
        annul(book, case, by=by, at=at)


def hold(book: Book, case: Case, *, by: Any, at: datetime) -> None:
    book.wait(HOLDS)
    for sample in sorted({source.sample for source in case.sources if source.sample}):
        values = {"scope": "sample", "subject": sample, "reason": _reason(case), "by": by.name, "at": to_micros(at)}
        chain.enter(book.raw, LEGAL_HOLDS, values, by=by, at=at)


def lift(book: Book, case: Case, *, by: Any, at: datetime) -> None:
    row = LEGAL_HOLDS.c
    lifted = sa.exists().where(LEGAL_HOLD_LIFTS.c.hold_id == row.id)
    for one in book.rows(sa.select(row.id).where(row.reason == _reason(case), ~lifted).order_by(row.id)):
        values = {"hold_id": one["id"], "reason": f"{case.number}: decided", "by": by.name, "at": to_micros(at)}
        chain.enter(book.raw, LEGAL_HOLD_LIFTS, values, by=by, at=at)


def _reason(case: Case) -> str:
    return f"{case.number}: appeal"


def annul(book: Book, case: Case, *, by: Any, at: datetime) -> None:
    """Every source of the case counts no more: a review is annulled, a sheet's item becomes *not checkable*.

    The next judgement scores without them; a frozen quarter stays and gets a restatement. Records (overdue, complaints)
    are not touched: what is wrong with a record is a dispute of the record.
    """
    for source in case.sources:
        if source.record == "findings":
            _annul_review(book, source, by, at)
        if source.record == "inspections":
            _leave_out(book, case, source, by, at)


def _annul_review(book: Book, source: Source, by: Any, at: datetime) -> None:
    row = REVIEWS.c
    last = book.rows(sa.select(REVIEWS).where(row.finding_id == source.record_id).order_by(row.id.desc()).limit(1))
    if last and last[0]["decision"] == "confirmed":
        values = {"decision": "annulled", "finding_id": source.record_id, "sample_id": source.sample,
                  "judgement_id": last[0]["judgement_id"], "by": by.name, "at": to_micros(at)}  # fmt: skip
        chain.enter(book.raw, REVIEWS, values, by=by, at=at)


def _leave_out(book: Book, case: Case, source: Source, by: Any, at: datetime) -> None:
    """The same means by which a sheet is taken back: a version by hand, the one before stays in the history."""
    if not isinstance(book.raw, Tables):
        raise TypeError("Leaving out an inspection needs `alone`.")
    row = RECORD_TABLES["inspections"].c
    names = [column.name for column in RECORDS["inspections"].columns]
    query = sa.select(*(row[name] for name in names)).where(row.id == source.record_id, row.result == "violation")
    new = [{**one, "result": "not_checkable", "count": None, "note": case.number} for one in book.rows(query)]
    if new:
        details = {"violation": case.number, "taken_back": case.number}
        by_hand.enter(book.raw, "inspections", new, by=by, at=at, details=details)
