"""Where an open warning stands by now (逐级上升): station first, then department, then workstation and leader."""

from __future__ import annotations

import datetime as dt
from typing import Literal

Level = Literal["station", "reminded", "department", "leader"]
"""Sent to the station (供电所), reminded there, with the department (部室), with the workstation and the leader."""
STEPS: tuple[tuple[int, Level], ...] = ((150, "leader"), (100, "department"), (50, "reminded"))
"""Percent of its time from which on a warning stands there (design §2)."""
WITHOUT_DEADLINE = dt.timedelta(hours=24)
"""The time of a warning that is about no deadline (p)."""


def level(since: dt.datetime, due: dt.datetime | None, now: dt.datetime, *, acknowledged: bool) -> Level:
    """Its time lies between `since` and `due`. Whoever acknowledged it is not reminded; it rises all the same."""
    span = due - since if due is not None and due > since else WITHOUT_DEADLINE
    for percent, name in STEPS:
        if (now - since) * 100 >= span * percent:
            return "station" if name == "reminded" and acknowledged else name
    return "station"
