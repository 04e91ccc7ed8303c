"""Is the difference real (漏斗图)? Each office's rate against its volume, with what chance alone explains."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from checks.funnel import CALLED, DRAWN, binomial_limits, poisson_limits
from checks.rulebook.model import Indicator

Call = Literal["inside", "drawn", "better", "worse"]
"""inside the 95 % limits; between the two (drawn, not called); called better or worse outside 99.8 %."""
STEPS = 60


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


def funnel(rows: Sequence[Mapping[str, Any]], indicator: Indicator) -> Funnel | None:
    """The funnel of one indicator over the rows of a league; None where no limits are known or nothing is judged."""
    found = [(row, row["indicators"].get(indicator.code)) for row in rows]
    judged = [(row, cell) for row, cell in found if cell and cell["value"] is not None and cell["denominator"]]
    if indicator.interval == "none" or not judged:
        return None
    scale = _scale(judged)
    volumes = np.array([float(cell["denominator"]) for _, cell in judged])
    values = np.array([float(cell["value"]) for _, cell in judged])
    overall = float((values * volumes).sum() / volumes.sum())
    drawn = _limits(indicator, overall, volumes, DRAWN, scale)
    called = _limits(indicator, overall, volumes, CALLED, scale)
    dots = tuple(
        Dot(row["office"], row["name"], volume, value, _call(value, lows, highs, indicator.less_is_better))
        for (row, _), volume, value, lows, highs in zip(
            judged, volumes.tolist(), values.tolist(), zip(drawn[0], called[0], strict=True),
            zip(drawn[1], called[1], strict=True), strict=True)
    )  # fmt: skip
    return Funnel(overall, dots, _lines(indicator, overall, volumes, scale))


def _scale(judged: Sequence[tuple[Any, Mapping[str, Any]]]) -> float:
    """Value ÷ (numerator ÷ denominator): 1 for rates; T4's numerator and period factor give another number."""
    for _, cell in judged:
        if cell["numerator"]:
            return float(cell["value"]) * float(cell["denominator"]) / float(cell["numerator"])
    return 1.0


def _limits(indicator: Indicator, overall: float, volumes: Any, share: float, scale: float) -> tuple[Any, Any]:
    if indicator.interval == "wilson":
        return binomial_limits(overall, volumes, share)
    per_count = 10_000 * scale
    low, high = poisson_limits(overall / per_count, volumes, share)
    return low * per_count, high * per_count


def _lines(indicator: Indicator, overall: float, volumes: Any, scale: float) -> tuple[Any, ...]:
    grid = np.geomspace(max(volumes.min() * 0.8, 1), max(volumes.max() * 1.1, 2), STEPS)
    drawn, called = (_limits(indicator, overall, grid, share, scale) for share in (DRAWN, CALLED))
    return tuple(zip(grid.tolist(), *(line.tolist() for line in (*drawn, *called)), strict=True))


def _call(value: float, lows: tuple[float, float], highs: tuple[float, float], less_is_better: bool) -> Call:
    if lows[1] <= value <= highs[1]:
        return "inside" if lows[0] <= value <= highs[0] else "drawn"
    return "better" if (value > highs[1]) != less_is_better else "worse"
