"""Which samples of a hall were judged (覆盖日历): a month of days and slots, closed ones included."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from dashboard.database import Database
from dashboard.judging.rules import Rules
from dashboard.people import Viewer
from dashboard.queries.hall_days import hall_month
from dashboard.queries.review import review_queue
from dashboard.queries.samples import samples
from dashboard.queries.today import Sampled, sampled

DONE = ("judged", "flagged", "waiting", "captured", "not_checkable", "missed")


@dataclass(frozen=True, slots=True)
class Covered:
    """A slot of a day. `state` as in `Sampled`, or closed, or none: due, and nothing is there yet."""

    day: date
    slot: int
    state: str
    sample: str | None = None
    cause: str | None = None
    mine: bool = False
    """Judged by this person."""


def coverage(
    db: Database, viewer: Viewer, rules: Rules, *, hall: str, year: int, month: int, as_of: datetime
) -> list[list[Covered]]:
    """Day by day the slots of a hall's month, and after them what was sampled outside them (slot 0).

    What waits for somebody else looks as if it waited for this person. NotAllowedError for a hall out of sight.
    """
    days = hall_month(db, viewer, rules, hall=hall, year=year, month=month)
    found: defaultdict[tuple[str, int], dict[str, list[dict[str, Any]]]] = defaultdict(lambda: defaultdict(list))
    for look in samples(db, viewer, slots=rules.slots, as_of=as_of, day=str(days[0].day), last=str(days[-1].day),
                        hall=hall):  # fmt: skip
        found[look["date"], look["slot"] or 0][look["sample"]].append(look)
    waiting = {row["sample"]: row["flagged"] for row in review_queue(db, viewer, slots=rules.slots, as_of=as_of)
               if row["hall"] == hall}  # fmt: skip
    rows = []
    for one in days:
        row: list[Covered] = []
        for slot in rules.slots.on(one.day):
            looks = found[str(one.day), slot.number]
            row += _slot(one.day, slot.number, looks, waiting, slot.number in one.due)
        rows.append([*row, *_taken(one.day, 0, found[str(one.day), 0], waiting)])
    return rows


def counted(rows: Sequence[Sequence[Covered]]) -> Counter[str]:
    """How many of each state, without what was sampled outside the slots; `due`: neither closed nor to come."""
    states = Counter(one.state for row in rows for one in row if one.slot)
    states["due"] = sum(states[state] for state in DONE)
    states["mine"] = sum(one.mine for row in rows for one in row)
    return states


def _slot(
    day: date, number: int, looks: dict[str, list[dict[str, Any]]], waiting: dict[str, int], due: bool
) -> list[Covered]:
    return _taken(day, number, looks, waiting) or [Covered(day, number, "none" if due else "closed")]


def _taken(
    day: date, number: int, looks: dict[str, list[dict[str, Any]]], waiting: dict[str, int]
) -> list[Covered]:  # fmt: skip
    marks: list[tuple[Sampled, bool]] = [
        (sampled(sample, several, waiting.get(sample)), any(look["reviewed_by_me"] for look in several))
        for sample, several in looks.items()
    ]
    return [Covered(day, number, mark.state, mark.sample, mark.cause, mine) for mark, mine in marks]
