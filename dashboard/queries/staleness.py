"""Which sources have been silent for longer than expected (静默的数据源), at a moment and for a period.

`dashboard.queries.sources` tells how each source does; this tells what the figures rest on.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from checks.marks import put_marks, stale_codes
from checks.periods import Period
from checks.rulebook.model import Edition
from checks.scoring import Row
from dashboard.database import Database
from dashboard.database.models import BATCHES, SOURCE_STATES
from dashboard.instants import from_micros, iso_local, to_micros
from dashboard.intake.states import FIRST_ASKED_AT
from dashboard.judging.rules import Rules
from dashboard.judging.watch import Expected
from dashboard.people import Viewer


@dataclass(frozen=True, slots=True)
class Silent:
    """A source past its expected silence. Times are aware UTC."""

    source: str
    record: str
    measure: str | None
    last: datetime | None
    """When it last stored something, None if it never has: what rests on it is as of then."""
    heard: datetime
    """The same, or when it was first asked."""
    within: timedelta

    @property
    def since(self) -> datetime:
        """The end of the silence that was expected."""
        return self.heard + self.within

    def touches(self, period: Period) -> bool:
        """Whether figures of the period rest on it: it was not heard late enough after the period's end."""
        return self.heard < from_micros(period.ends_at) + self.within

    @property
    def records(self) -> frozenset[str]:
        """What figures rest on, as `checks.marks.rests_on` writes it."""
        return frozenset({f"{self.record}:{self.measure}" if self.measure else self.record})

    def to_json(self) -> dict[str, Any]:
        return {
            "source": self.source,
            "record": self.record,
            "last": None if self.last is None else iso_local(to_micros(self.last)),
            "expected_seconds": int(self.within.total_seconds()),
        }


def silent_sources(
    db: Database, viewer: Viewer, rules: Rules, *, as_of: datetime, period: Period | None = None
) -> list[Silent]:
    """The silent sources of the rules' offices at `as_of`, in the order of the configuration.

    For a period only those that stored nothing later than its end plus their expected silence: what came after that
    said all there was to say of it (docs/decisions). A source that never stored anything counts from its first asking.
    No row here belongs to an office, so the scope of the viewer does not narrow them.
    """
    wanted = [one for one in rules.watch.expected if one.rulebook == rules.foreign]
    last = _last_stored(db, wanted, as_of) if wanted else {}
    asked = _first_asked(db) if any((one.source, one.record) not in last for one in wanted) else {}
    found = []
    for one in wanted:
        stored = last.get((one.source, one.record))
        heard = stored or asked.get(one.source)
        if heard is not None and heard + one.within < as_of:
            found.append(Silent(one.source, one.record, one.measure, stored, heard, one.within))
    return [one for one in found if period is None or one.touches(period)]


def _last_stored(db: Database, wanted: Iterable[Expected], as_of: datetime) -> dict[tuple[str, str], datetime]:
    """(source, record) → arrival of its latest stored batch by `as_of`; a replay brings nothing new."""
    row, at = BATCHES.c, to_micros(as_of)
    query = (
        sa.select(row.source, row.record, sa.func.max(row.started_at).label("at"))
        .where(
            row.source.in_(sorted({one.source for one in wanted})), row.state == "done", row.started_at <= at,
            row.replay_of.is_(None),
        )
        .group_by(row.source, row.record)
    )  # fmt: skip
    with db.reading() as connection:
        return {(found.source, found.record): from_micros(found.at) for found in connection.execute(query)}


def _first_asked(db: Database) -> dict[str, datetime]:
    query = sa.select(SOURCE_STATES.c.source, SOURCE_STATES.c.value).where(SOURCE_STATES.c.key == FIRST_ASKED_AT)
    with db.reading() as connection:
        return {row.source: from_micros(int(row.value)) for row in connection.execute(query)}


def resting(silent: Iterable[Silent]) -> frozenset[str]:
    """All record types that are silent, as `checks.marks` compares them."""
    return frozenset[str]().union(*(one.records for one in silent))


def mark(rows: Iterable[Row], edition: Edition, rules: Rules, silent: Collection[Silent]) -> None:
    """Put the marks on rows that are not ranked yet, and withhold the scores that the company wants withheld."""
    put_marks(rows, edition, stale_codes(edition, resting(silent)), rules.watch.withhold)
