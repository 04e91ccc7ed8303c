"""What was drawn on cameras' pictures, and until when it held (标绘的时效): versions by hand hold from their moment on.

A file that corrects a camera corrects its past as well, as every import does. A person who draws says how the camera
looks from now on: what was taken before is judged and shown by the polygons of its own moment (docs/decisions/0016).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from dashboard.database.models import BATCHES, HISTORY_TABLES
from dashboard.intake.by_hand import STATE

OLD = HISTORY_TABLES["cameras"].c


@dataclass(frozen=True, slots=True)
class Drawn:
    """One state of a camera's drawing as stored; it ended at `until` (microseconds), or holds still (None)."""

    windows: str | None
    waiting: str | None
    until: int | None


ENDED = (
    sa.select(OLD.code, OLD.windows, OLD.waiting_area, BATCHES.c.started_at)
    .join(BATCHES, BATCHES.c.id == OLD.ended_by_batch)
    .where(BATCHES.c.state == STATE, BATCHES.c.record == "cameras", OLD.fate == "replaced")
    .order_by(OLD.code, OLD.ended_by_batch)
)
"""Versions that a person's drawing replaced, oldest first: each held until that drawing."""


def states_of(
    ended: Iterable[Sequence[object]], now: Mapping[str, tuple[str | None, str | None]]
) -> dict[str, list[Drawn]]:
    """Code → its states in time, the last one without an end."""
    found: defaultdict[str, list[Drawn]] = defaultdict(list)
    for code, windows, waiting, until in ended:
        if code in now:
            found[str(code)].append(Drawn(windows, waiting, until))  # type: ignore[arg-type]
    for code, (windows, waiting) in now.items():
        found[code].append(Drawn(windows, waiting, None))
    return dict(found)


def state_at(states: Sequence[Drawn], moment: int | None) -> Drawn:
    """The state that held at a moment in microseconds; without one the present state."""
    if moment is None:
        return states[-1]
    return next((one for one in states if one.until is not None and moment < one.until), states[-1])
