"""The red lines behind a grade (一票否决): which event, under which item, on what evidence, confirmed by whom."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from checks.rulebook.model import SheetItem
from dashboard.database import Database
from dashboard.database.models import FINDINGS, REVIEWS
from dashboard.instants import from_micros
from dashboard.judging.filed import local_date
from dashboard.judging.reading import Reader, reader
from dashboard.judging.rules import Rules
from dashboard.judging.sums import red_lines_of
from dashboard.people import Viewer
from dashboard.queries.explain import require_office
from dashboard.queries.league import edition_of, period_named


@dataclass(frozen=True, slots=True)
class RedLine:
    """One confirmed event. Times are aware UTC."""

    hall: str
    hall_name: str
    item: str
    rule: SheetItem | None
    """The line of the score sheet it breaks."""
    at: datetime
    confirmed_at: datetime
    record: str
    """`inspections` (an imported score sheet) or `findings` (confirmed by a person on the Review page)."""
    number: str
    sample: str | None
    """The spot-check whose sealed clip is the evidence; None for a sheet."""
    confirmed_by: str | None


def red_lines(
    db: Database, viewer: Viewer, rules: Rules, *, office: str, period: str, as_of: datetime
) -> list[RedLine]:
    """The red lines of an office and everything below it in a period, in the order of time.

    No appeal is kept in this version: none is suspended. Raises UsageError, NotAllowedError, MingchaError.
    """
    asked = period_named(period, rules)
    edition = edition_of(rules, asked)
    with reader(db, rules.foreign) as source:
        require_office(source, viewer, office, asked)
        rows = [
            row for row in red_lines_of(source, edition, asked, as_of).sort("at", "number").iter_rows(named=True)
            if office in source.tree.path(row["hall_code"], local_date(row["at"]))
        ]  # fmt: skip
        reviewed = _reviewed(source, [row["finding_id"] for row in rows if row["finding_id"] is not None])
        items = {item.code: item for item in rules.rulebook.sheet.items}
        return [_told(source, row, reviewed, items) for row in rows]


def _reviewed(source: Reader, findings: list[int]) -> Mapping[int | None, Mapping[str, Any]]:
    """Finding → its sample and who confirmed it last."""
    finding, review = FINDINGS.c, REVIEWS.c
    query = (
        sa.select(finding.id, finding.sample_id, review.by)
        .select_from(FINDINGS.join(REVIEWS, review.finding_id == finding.id))
        .where(finding.id.in_(findings), review.decision == "confirmed")
        .order_by(review.id)
    )
    return {row["id"]: row for row in source.frame(query).iter_rows(named=True)} if findings else {}


def _told(
    source: Reader,
    row: Mapping[str, Any],
    reviewed: Mapping[int | None, Mapping[str, Any]],
    items: Mapping[str, SheetItem],
) -> RedLine:
    behind = reviewed.get(row["finding_id"], {})
    hall = source.tree.on(row["hall_code"], local_date(row["at"]))
    return RedLine(
        row["hall_code"], hall.name if hall else row["hall_code"], row["item_code"], items.get(row["item_code"]),
        from_micros(row["at"]), from_micros(row["confirmed_at"]), row["record"], row["number"],
        behind.get("sample_id"), behind.get("by"),
    )  # fmt: skip
