"""The documents of a quarter compare it with what was published of other periods, not with what became of it."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

from dashboard.bootstrap import Application
from dashboard.queries.league import league
from dashboard.queries.quarter import quarter
from dashboard.settings import Settings
from tests.dashboard.test_freezing import NOW, PERIOD, RULES, SYSTEM, corrected, filled_file, frozen, small

__all__ = ["filled_file", "small"]
PUBLISHED = dt.datetime(2027, 2, 1, tzinfo=dt.UTC)


def test_the_period_before_is_the_published_one_from_its_publication_on(small: Application, tmp_path: Path) -> None:
    later = Application(Settings(), small.db, SYSTEM, now=lambda: PUBLISHED)
    frozen(later)
    corrected(small, tmp_path)
    published = {row["office"]: row for row in league(small.db, SYSTEM, RULES, period=PERIOD, now=NOW)["rows"]}

    def before(as_of: dt.datetime | None) -> tuple[float, float, int]:
        facts = quarter(later, SYSTEM, "2026-Q4", as_of)
        row = next(line.before for line in facts.lines if line.code == "990102")
        assert row is not None
        return row["indicators"]["R1"]["numerator"], row["score"], row["rank"]

    west = published["990102"]
    told = before(None)
    assert told == (30, west["score"], west["rank"])
    assert before(PUBLISHED) == told
    earlier = before(PUBLISHED - dt.timedelta(seconds=1))
    assert (earlier[0], earlier[1] != told[1]) == (31, True)
