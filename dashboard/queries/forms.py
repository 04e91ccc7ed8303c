"""Forms, boxes and cards (三指定评价表、明白卡、答复卡): for inspectors form by form, for the offices in counts.

An office is told what its forms say only of a whole quarter that has ended, and of not too few of them: from counts
that change day by day, or of three forms, one could tell who wrote which.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from checks.forms import Standing, Thresholds, load_thresholds, standing
from checks.judge.base import microseconds
from checks.periods import Period
from dashboard.database import Database
from dashboard.database.models import (
    BOX_OPENINGS,
    BOX_SIGNATURES,
    FORM_DRAFTS,
    FORM_SHEETS,
    HANDOUTS,
    RECORD_TABLES,
)
from dashboard.instants import from_micros
from dashboard.people import EVERYTHING, Viewer
from dashboard.queries.offices import visible_tree
from dashboard.rights import may
from dashboard.secrecy import hidden_offices
from dashboard.settings import Settings

READ = "read designated-supplier forms"
SIGNATURES = 2
"""Inspectors who must have been there when a box was opened."""
ACCUSING = ("designated_design", "designated_construction", "designated_supply", "extra_fee")


@dataclass(frozen=True, slots=True)
class Opening:
    """A box that was opened. `proved`: those of the inspectors who were signed in; `entered` of `found` forms."""

    number: int
    box: str
    office: str
    opened_at: datetime
    found: int
    inspectors: tuple[str, ...]
    proved: tuple[str, ...]
    entered: int

    @property
    def holds(self) -> bool:
        return len(self.inspectors) >= SIGNATURES


@dataclass(frozen=True, slots=True)
class Sheet:
    """A form that was entered, without who wrote it. `answers`: step → thing or `attitude` → answer."""

    number: str
    opening: int
    office: str
    answers: Mapping[str, Mapping[str, Any]]
    extra_fee: bool | None
    promised_days: int | None
    actual_days: int | None
    suspicion: bool
    at: datetime


@dataclass(frozen=True, slots=True)
class Draft:
    """One's own draft: what stands in it is sealed and read when it is opened."""

    number: int
    opening: int
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class Recovery:
    """Forms of one office in a period. What they say (`accusing`, `yes`) is None where it is not told to the viewer."""

    office: str
    issued: int | None
    collected: int
    accusing: int | None
    yes: tuple[int, ...] | None
    standing: Standing | None

    @property
    def rate(self) -> float | None:
        """Collected ÷ issued; may exceed 1 where more came back than anybody says was handed out."""
        return self.collected / self.issued if self.issued else None


@dataclass(frozen=True, slots=True)
class Cards:
    """明白卡 and 答复卡 of one office and class: cards ÷ acceptances, answers ÷ answer cards. None: nobody said."""

    office: str
    kind: str | None
    accepted: int
    told: int
    """Acceptances of which it is known whether a card was issued."""
    cards: int
    answer_cards: int | None
    answers: int | None


def thresholds_of(settings: Settings) -> Thresholds:
    """The company's own thresholds, or the shipped ones. RuleError for a file that says something else."""
    return load_thresholds(settings.home)


# --- openings, drafts, sheets: for inspectors -------------------------------------------------------------------------


def opening_of(connection: Connection, number: int) -> Opening | None:
    return next(iter(_openings(connection, BOX_OPENINGS.c.id == number)), None)


def openings(db: Database, viewer: Viewer, *, limit: int = 50) -> list[Opening]:
    """Openings at the offices in sight that are not the viewer's own, newest first; nothing for who reads no forms."""
    if not may(viewer, READ):
        return []
    with db.reading() as connection:
        return _openings(connection, _readable(db, viewer, BOX_OPENINGS.c.office_code), limit)


def sheets(db: Database, viewer: Viewer, *, opening: int | None = None, limit: int = 200) -> list[Sheet]:
    """Entered forms, newest first, the same way."""
    if not may(viewer, READ):
        return []
    row = FORM_SHEETS.c
    query = sa.select(FORM_SHEETS).where(_readable(db, viewer, row.office_code))
    if opening is not None:
        query = query.where(row.opening_id == opening)
    with db.reading() as connection:
        return [
            _sheet(dict(found)) for found in connection.execute(query.order_by(row.id.desc()).limit(limit)).mappings()
        ]


def drafts(db: Database, viewer: Viewer) -> list[Draft]:
    """The viewer's own drafts, the one touched last first."""
    row = FORM_DRAFTS.c
    query = sa.select(row.id, row.opening_id, row.updated_at).where(row.by == viewer.name)
    with db.reading() as connection:
        rows = connection.execute(query.order_by(row.updated_at.desc(), row.id.desc())).all()
    return [Draft(number, opening, from_micros(at)) for number, opening, at in rows]


def _readable(db: Database, viewer: Viewer, column: sa.ColumnElement[str]) -> sa.ColumnElement[bool]:
    seen = sa.true() if viewer.sees_everything else column.in_(sorted(visible_tree(db, viewer).offices))
    hidden = hidden_offices(db, viewer)
    offices = visible_tree(db, replace(viewer, offices=EVERYTHING)).offices
    return sa.and_(seen, column.not_in(sorted(filter(hidden, offices))))


def _openings(connection: Connection, which: sa.ColumnElement[bool], limit: int = 1) -> list[Opening]:
    row, signed = BOX_OPENINGS.c, BOX_SIGNATURES.c
    entered = sa.select(sa.func.count()).where(FORM_SHEETS.c.opening_id == row.id).scalar_subquery()
    query = sa.select(BOX_OPENINGS, entered.label("entered")).where(which).order_by(row.opened_at.desc(), row.id.desc())
    rows = connection.execute(query.limit(limit)).mappings().all()
    names: dict[int, list[tuple[str, bool]]] = defaultdict(list)
    wanted = sa.select(signed.opening_id, signed.by, signed.proved)
    for number, name, proved in connection.execute(
        wanted.where(signed.opening_id.in_([one["id"] for one in rows])).order_by(signed.id)
    ):
        names[number].append((name, proved))
    return [
        Opening(
            one["id"], one["box"], one["office_code"], from_micros(one["opened_at"]), one["found"],
            tuple(name for name, _ in names[one["id"]]), tuple(name for name, proved in names[one["id"]] if proved),
            one["entered"],
        )
        for one in rows
    ]  # fmt: skip


def _sheet(row: Mapping[str, Any]) -> Sheet:
    return Sheet(
        row["evaluation_no"], row["opening_id"], row["office_code"], json.loads(row["answers"]), row["extra_fee"],
        row["promised_days"], row["actual_days"], row["suspicion"], from_micros(row["at"]),
    )  # fmt: skip


# --- recovery: for everybody, within limits --------------------------------------------------------------------------


def recovery(
    db: Database, viewer: Viewer, thresholds: Thresholds, *, offices: frozenset[str], period: Period, as_of: datetime
) -> list[Recovery]:
    """Forms handed out, collected (by their own time) and accusing, per office that handed out or is named by one.

    `issued` sums the months that lie wholly in the period; None unless each of them that has begun is known.
    """
    seen = _seen(db, viewer, offices)
    issued = _issued(db, "form", seen, period, as_of)
    collected = _collected(db, seen, period, as_of)
    hidden, reads = hidden_offices(db, viewer), may(viewer, READ)
    found = []
    for office in sorted({*issued, *collected}):
        count, accusing, *yes = collected.get(office, (0, 0, *(0 for _ in ACCUSING)))
        told = (reads and not hidden(office)) or (_may_be_told(period, as_of) and count >= thresholds.told_from)
        number = issued.get(office)
        found.append(
            Recovery(
                office, number, count, accusing if told else None, tuple(yes) if told else None,
                standing(number, count, accusing, thresholds) if told else None,
            )
        )  # fmt: skip
    return found


def _may_be_told(period: Period, as_of: datetime) -> bool:
    """A whole quarter that has ended: what was told of its weeks and days could be subtracted."""
    return period.is_quarter and period.ends_at <= microseconds(as_of)


def _seen(db: Database, viewer: Viewer, offices: frozenset[str]) -> list[str]:
    return sorted(offices if viewer.sees_everything else offices & frozenset(visible_tree(db, viewer).offices))


def _issued(db: Database, what: str, seen: Iterable[str], period: Period, as_of: datetime) -> dict[str, int]:
    rows = [row for row in _handouts(db, what, seen, period, as_of) if row["class"] is None]
    sums: dict[str, int] = defaultdict(int)
    for row in rows:
        sums[row["office_code"]] += row["issued"]
    return dict(sums)


def _handouts(
    db: Database, what: str, seen: Iterable[str], period: Period, as_of: datetime
) -> list[Mapping[str, Any]]:  # fmt: skip
    """The rows that hold at as-of: of each office, month and class the latest."""
    row, at = HANDOUTS.c, microseconds(as_of)
    latest = (
        sa.select(sa.func.max(row.id))
        .where(row.what == what, row.month.in_(period.months_inside()), row["at"] <= at, row.office_code.in_(seen))
        .group_by(row.office_code, row.month, row["class"])
    )
    with db.reading() as connection:
        return [dict(one) for one in connection.execute(sa.select(HANDOUTS).where(row.id.in_(latest))).mappings()]


def _collected(db: Database, seen: Iterable[str], period: Period, as_of: datetime) -> dict[str, tuple[int, ...]]:
    """Office → forms, accusing ones, and the `yes` of each question."""
    row = RECORD_TABLES["evaluations"].c
    yes = [sa.func.sum(sa.case((row[name].is_(True), 1), else_=0)) for name in ACCUSING]
    accuses = sa.func.sum(sa.case((sa.or_(*(row[name].is_(True) for name in ACCUSING)), 1), else_=0))
    query = (
        sa.select(row.office_code, sa.func.count(), accuses, *yes)
        .where(
            row.kind == "designated_form", row.office_code.in_(seen),
            row["at"] >= period.starts_at, row["at"] < min(period.ends_at, microseconds(as_of) + 1),
        )
        .group_by(row.office_code)
    )  # fmt: skip
    with db.reading() as connection:
        return {office: tuple(map(int, numbers)) for office, *numbers in connection.execute(query)}


def cards(
    db: Database, viewer: Viewer, *, offices: frozenset[str], period: Period, as_of: datetime
) -> list[Cards]:  # fmt: skip
    """明白卡 ÷ acceptances and 答复卡 returned ÷ issued, per office and class, of the period's acceptances."""
    seen, row = _seen(db, viewer, offices), RECORD_TABLES["applications"].c
    counted = (
        sa.select(
            row.office_code, row["class"], sa.func.count(), sa.func.count(row.card_issued),
            sa.func.sum(sa.case((row.card_issued.is_(True), 1), else_=0)),
        )
        .where(
            row.office_code.in_(seen), row.accepted_at >= period.starts_at,
            row.accepted_at < min(period.ends_at, microseconds(as_of) + 1),
        )
        .group_by(row.office_code, row["class"])
    )  # fmt: skip
    with db.reading() as connection:
        accepted = {(office, kind): tuple(map(int, numbers)) for office, kind, *numbers in connection.execute(counted)}
    answers: dict[tuple[str, str | None], list[int]] = {}
    for one in _handouts(db, "answer_card", seen, period, as_of):
        sums = answers.setdefault((one["office_code"], one["class"]), [0, 0])
        sums[0] += one["issued"]
        sums[1] += one["returned"] or 0
    keys = sorted({*accepted, *answers}, key=lambda key: (key[0], key[1] or ""))
    return [
        Cards(office, kind, *accepted.get((office, kind), (0, 0, 0)), *answers.get((office, kind), (None, None)))
        for office, kind in keys
    ]
