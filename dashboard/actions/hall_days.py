"""Filing how a hall is open on some days (营业安排报备): closures, other hours, opening on a day off, faults.

The moment of filing is our clock's: a closure filed after a slot began leaves that slot due, whatever the paper says.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

import sqlalchemy as sa

from checks.judge.samples import OPENS
from dashboard.actions import audit
from dashboard.database import Database
from dashboard.database.models import RECORD_TABLES
from dashboard.errors import UsageError
from dashboard.instants import LOCAL, to_micros
from dashboard.intake.by_hand import enter
from dashboard.intake.tables import Tables, alone
from dashboard.people import Viewer
from dashboard.queries.offices import require_visible, visible_tree
from dashboard.rights import require

KINDS = ("closed", "hours", "opening", "fault")
"""Closed (停业), other hours (调整时间), open on a day off (集市日、节假日营业), a fault of power or camera (故障)."""
MOST_DAYS = 92
SATURDAY = 5
LOOK_BACK, LOOK_AHEAD = timedelta(days=31), timedelta(days=400)


@dataclass(frozen=True, slots=True)
class Filing:
    """What is filed: halls, first and last day (both included), kind, hours where the kind has them, and why."""

    halls: tuple[str, ...]
    first: date
    last: date
    kind: str
    reason: str
    opens: time | None = None
    closes: time | None = None

    @property
    def days(self) -> list[date]:
        return [self.first + timedelta(days=n) for n in range((self.last - self.first).days + 1)]


def file_hall_days(db: Database, *, by: Viewer, filing: Filing, at: datetime) -> int:
    """Store the filing for each hall and day; what was said of a day before goes to its history. Returns the batch.

    Hours for days that have begun cannot be changed, only closures and faults can still be filed: late ones are
    counted. Raises UsageError for what cannot be filed, NotAllowedError for who may not.
    """
    require_possible(db, by, filing, at)
    with alone(db) as tables:
        known = _known(tables, filing)
        rows = [_row(known.get((hall, day.isoformat())), hall, day, filing, at)
                for hall in filing.halls for day in filing.days]  # fmt: skip
        told = {"kind": filing.kind, "why": filing.reason.strip(), "halls": list(filing.halls),
                "from": filing.first.isoformat(), "to": filing.last.isoformat()}  # fmt: skip
        batch = enter(tables, "hall_days", rows, by=by, at=at, details=told)
        detail = f"{filing.kind} {filing.first} – {filing.last}: {filing.reason.strip()}"
        audit.record(tables, by, "file_hall_days", " ".join(filing.halls), detail, at=at)
    return batch


def require_possible(db: Database, by: Viewer, filing: Filing, at: datetime) -> None:
    """Refuse who may not file, halls out of sight, and what makes no sense."""
    require(by, "file opening hours")
    _require_halls(db, by, filing.halls)
    _require_days(filing, at.astimezone(LOCAL).date())
    if filing.kind not in KINDS:
        raise UsageError(f"Unknown kind of filing '{filing.kind}';", f"one of {', '.join(KINDS)}.")
    if not filing.reason.strip():
        raise UsageError("A filing needs its reason.", "Name the notice, the works or the fault.")
    timed = filing.kind in ("hours", "opening")
    if timed and (filing.opens is None or filing.closes is None or filing.opens >= filing.closes):
        raise UsageError("These hours end before they begin, or are missing.", "Example: 09:00 to 16:00.")


def _require_halls(db: Database, by: Viewer, halls: Sequence[str]) -> None:
    if not halls:
        raise UsageError("No hall was chosen.", "Choose at least one.")
    tree = visible_tree(db, by)
    for code in halls:
        if require_visible(tree, code).level != "hall":
            raise UsageError(f"'{code}' is no hall.", "Choose halls.")


def _require_days(filing: Filing, today: date) -> None:
    if filing.last < filing.first or len(filing.days) > MOST_DAYS:
        raise UsageError(f"{filing.first} to {filing.last} cannot be filed.", f"From 1 to {MOST_DAYS} days at once.")
    if filing.first < today - LOOK_BACK or filing.last > today + LOOK_AHEAD:
        raise UsageError(f"{filing.first} to {filing.last} is out of reach.",
                         f"From {today - LOOK_BACK} to {today + LOOK_AHEAD}.")  # fmt: skip
    if filing.kind in ("hours", "opening") and filing.first <= today:
        raise UsageError("Hours change from tomorrow on: what is due today was sealed last evening.",
                         "Choose a later day.")  # fmt: skip


def _known(tables: Tables, filing: Filing) -> dict[tuple[str, str], Mapping[str, Any]]:
    table = RECORD_TABLES["hall_days"].c
    query = sa.select(
        table.hall_code, table.date, table.open, table.opens, table.closes, table.reason, table.filed_at
    ).where(table.hall_code.in_(filing.halls), table.date.between(filing.first.isoformat(), filing.last.isoformat()))
    return {(row["hall_code"], row["date"]): row for row in tables.frame(query).iter_rows(named=True)}


def _row(known: Mapping[str, Any] | None, hall: str, day: date, filing: Filing, at: datetime) -> dict[str, Any]:
    """The day as it is from now on. `reason` beside `open` means a fault (design §3.5, H3), so hours carry none."""
    row: dict[str, Any] = {"hall_code": hall, "date": day.isoformat(), "open": filing.kind != "closed",
                           "opens": None, "closes": None, "reason": None, "filed_at": to_micros(at)}  # fmt: skip
    if filing.kind == "closed":
        row["reason"] = filing.reason.strip()
        if known is not None and not known["open"] and known["filed_at"] is not None:
            row["filed_at"] = known["filed_at"]  # said before, in other words
        _require_not_begun(known, hall, day, at)
    elif filing.kind == "fault":
        if known is not None and not known["open"]:
            raise UsageError(f"{hall} is filed as closed on {day}.", "A fault is filed for a day on which it is open.")
        row["reason"] = filing.reason.strip()
        if known is not None and known["reason"] and known["filed_at"] is not None:
            row["filed_at"] = known["filed_at"]
        row["opens"], row["closes"] = (known["opens"], known["closes"]) if known is not None else (None, None)
    else:
        assert filing.opens is not None
        assert filing.closes is not None
        row["opens"], row["closes"] = f"{filing.opens:%H:%M}", f"{filing.closes:%H:%M}"
    return row


def _require_not_begun(known: Mapping[str, Any] | None, hall: str, day: date, at: datetime) -> None:
    """A closure replaces hours of the day's own: once it has opened by them, slots of it have perhaps been drawn."""
    if known is None or not known["open"]:
        return
    if known["opens"] is None and known["closes"] is None and day.weekday() < SATURDAY:
        return  # usual hours: what had begun by the filing stays due
    opens = time.fromisoformat(known["opens"]) if known["opens"] else OPENS
    if at >= datetime.combine(day, opens, LOCAL):
        raise UsageError(f"{hall} has opened on {day} by hours of its own.", "File a fault instead.")
