"""What a page rests on (依据), from the rulebook's indicators: a silent source is told where it counts."""

from __future__ import annotations

from typing import Literal

from checks.marks import rests_on
from dashboard.queries.staleness import Silent
from dashboard.web.state import Here, filter_value

Rests = Literal["present", "figures", "record", "samples", "connections", "measures", "nothing"]
"""present: all figures as of now; figures: those of the strip's period, at the level in the address; record: the kind
of record in the address; samples, connections, measures: records of these; nothing: no figure of any record."""
_NAMED = {
    "samples": frozenset({"samples", "hall_days"}),
    "connections": frozenset({"applications", "evaluations"}),
    "measures": frozenset({"measures"}),
}


def silent_under(here: Here, rests: Rests) -> list[Silent]:
    """The silent sources on which this page rests, in the order of the configuration."""
    found = [one for one in here.silent if not one.records.isdisjoint(_records(here, rests))]
    return [one for one in found if rests == "present" or one.touches(here.period)]


def _records(here: Here, rests: Rests) -> frozenset[str]:
    if rests in ("present", "figures"):
        level = filter_value("level") if rests == "figures" else None
        rows = here.edition.at_level(level) if level else here.edition.indicators
        return frozenset[str]().union(*(rests_on(row) for row in rows))
    if rests == "record":
        return frozenset({filter_value("record") or "repairs"})
    return _NAMED.get(rests, frozenset())
