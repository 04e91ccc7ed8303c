"""Is the difference real (漏斗图)? Each office's rate against its volume, with what chance alone explains."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from checks.funnel import CALLED, DRAWN, Kind, Scatter, limits, outside, scatter
from checks.pairs import differing
from checks.rank_intervals import Floats, counts, proportions
from checks.rulebook.model import Indicator

Call = Literal["inside", "drawn", "better", "worse"]
"""inside the 95 % limits; between the two (drawn, not called); called better or worse outside 99.8 %."""
STEPS = 60
KINDS: dict[str, Kind] = {"wilson": "binomial", "poisson": "poisson"}
PER_EVENT = {"binomial": 1, "poisson": 10_000}
"""What one event adds to a stored numerator (design §3.2)."""
NAMED = 40


@dataclass(frozen=True, slots=True)
class Dot:
    """One office: `volume` is the denominator."""

    office: str
    name: str
    volume: float
    value: float
    call: Call


@dataclass(frozen=True, slots=True)
class Funnel:
    """`overall` is all rows together; `lines` are (volume, low 95, high 95, low 99.8, high 99.8), rising."""

    overall: float
    dots: tuple[Dot, ...]
    lines: tuple[tuple[float, float, float, float, float], ...]
    overdispersed: bool = False
    """Offices differ by more than chance as a whole, and the limits are wider for it."""
    compared: int = 0
    """Pairs of offices compared, and how many of them `differ` beyond chance."""
    differ: int = 0
    pairs: tuple[tuple[str, str], ...] = ()
    """Names of the better and the worse office, widest gap first, `NAMED` at most."""


def funnel(rows: Sequence[Mapping[str, Any]], indicator: Indicator) -> Funnel | None:
    """The funnel of one indicator over the rows of a league; None where no limits are known or nothing is judged."""
    found = [(row, row["indicators"].get(indicator.code)) for row in rows]
    judged = [(row, cell) for row, cell in found if cell and cell["value"] is not None and cell["denominator"]]
    if indicator.interval not in KINDS or not judged:
        return None
    kind = KINDS[indicator.interval]
    scale = _scale(judged, PER_EVENT[kind])
    events = np.array([float(cell["numerator"]) for _, cell in judged]) / PER_EVENT[kind]
    volumes = np.array([float(cell["denominator"]) for _, cell in judged])
    seen = scatter(kind, events, volumes)
    drawn, called = (outside(seen, events, volumes, share).tolist() for share in (DRAWN, CALLED))
    dots = tuple(
        Dot(row["office"], row["name"], volume, float(cell["value"]), _call(soft, hard, indicator.less_is_better))
        for (row, cell), volume, soft, hard in zip(judged, volumes.tolist(), drawn, called, strict=True)
    )
    compared, pairs = _pairs(kind, events, volumes, indicator.less_is_better)
    names = tuple((dots[better].name, dots[worse].name) for better, worse in pairs[:NAMED])
    lines = _lines(seen, volumes, scale)
    return Funnel(seen.centre * scale, dots, lines, seen.spread > 0, compared, len(pairs), names)


def _scale(judged: Sequence[tuple[Any, Mapping[str, Any]]], per_event: int) -> float:
    """Value ÷ (events ÷ denominator): 1 for rates; T4's 10,000 and period factor give another number."""
    for _, cell in judged:
        if cell["numerator"]:
            return float(cell["value"]) * float(cell["denominator"]) / float(cell["numerator"]) * per_event
    return 1.0


def _lines(seen: Scatter, volumes: Floats, scale: float) -> tuple[Any, ...]:
    grid = np.geomspace(max(volumes.min() * 0.8, 1), max(volumes.max() * 1.1, 2), STEPS)
    lines = [line * scale for share in (DRAWN, CALLED) for line in limits(seen, grid, share)]
    return tuple(zip(grid.tolist(), *(line.tolist() for line in lines), strict=True))


def _call(drawn: int, called: int, less_is_better: bool) -> Call:
    if not called:
        return "drawn" if drawn else "inside"
    return "better" if (called > 0) != less_is_better else "worse"


def _pairs(kind: Kind, events: Floats, volumes: Floats, less_is_better: bool) -> tuple[int, list[tuple[int, int]]]:
    """How many pairs were compared, and those that differ (places of the better and the worse), widest gap first."""
    measured = proportions(events, volumes) if kind == "binomial" else counts(events, volumes)
    goodness = -measured.working if less_is_better else measured.working
    better, worse = np.nonzero(differing(measured.working, measured.variance) & (goodness[:, None] > goodness))
    widest = np.argsort(-(goodness[better] - goodness[worse]), kind="stable")
    return len(events) * (len(events) - 1) // 2, list(zip(better[widest].tolist(), worse[widest].tolist(), strict=True))
