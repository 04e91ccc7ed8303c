"""Monthly evaluation and quarterly contest of halls (营业厅月度评价, 季度评比): weights as data, exact, gaps named.

Tables of their own: nothing of them enters the score of the league. A part without data is missing (缺项), never 0;
the others carry its weight.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Literal

from pydantic import model_validator

from checks.rounding import SCORE_PLACES, half_up
from checks.rulebook.loader import read_table
from checks.rulebook.model import Exact, Origin, Table

FILE = "hall_evaluation.toml"
SHIPPED = Path(__file__).with_name(FILE)
FULL = 100


class Part(Table):
    """One part of an evaluation and what it weighs."""

    part: Literal["video", "tickets", "on_site", "months", "mutual", "satisfaction"]
    title: str
    title_en: str
    weight: Exact
    clause: str
    origin: Origin = "p"


class Scheme(Table):
    """The file `hall_evaluation.toml`."""

    min_weight_share: Exact
    month: tuple[Part, ...]
    quarter: tuple[Part, ...]

    @model_validator(mode="after")
    def _adds_up(self) -> Scheme:
        for name, parts, allowed in (
            ("month", self.month, {"video", "tickets", "on_site"}),
            ("quarter", self.quarter, {"months", "on_site", "mutual", "satisfaction"}),
        ):
            codes = [part.part for part in parts]
            if len(set(codes)) < len(codes) or not set(codes) <= allowed:
                raise ValueError(f"'{name}' has parts {codes}; each of {sorted(allowed)} stands there at most once")
            if sum(part.weight for part in parts) != FULL or any(part.weight <= 0 for part in parts):
                raise ValueError(f"the weights of '{name}' must be above 0 and add up to 100")
        return self


@dataclass(frozen=True, slots=True)
class Evaluated:
    """One hall: score of 100 from the parts that are there, published to two decimals, and its rank."""

    hall: str
    parts: Mapping[str, Fraction | None]
    score: Fraction | None
    available: Fraction
    """Weight of the parts that are there, of 100."""
    missing: tuple[str, ...]
    rank: int | None = None


def read_scheme(company: Path | None = None) -> Scheme:
    """The company's weights if it has a file of its own, else the shipped proposal. RuleError names what is wrong."""
    return read_table(company if company is not None and company.exists() else SHIPPED, Scheme)


def evaluated(
    parts: Iterable[Part], scheme: Scheme, values: Mapping[str, Mapping[str, Fraction | None]]
) -> list[Evaluated]:
    """Every hall of `values` (hall → part → score of 100, None where there is no data), best first, ties alike."""
    known = tuple(parts)
    rows = [_evaluated(known, hall, found) for hall, found in values.items()]
    least = scheme.min_weight_share * FULL
    scores = sorted((row.score for row in rows if row.score is not None and row.available >= least), reverse=True)
    ranked = [
        Evaluated(row.hall, row.parts, row.score, row.available, row.missing, scores.index(row.score) + 1)
        if row.score is not None and row.available >= least else row
        for row in rows
    ]  # fmt: skip
    return sorted(ranked, key=lambda row: (row.rank is None, row.rank or 0, row.hall))


def _evaluated(parts: tuple[Part, ...], hall: str, found: Mapping[str, Fraction | None]) -> Evaluated:
    values: dict[str, Fraction | None] = {part.part: found.get(part.part) for part in parts}
    present = [(part.weight, value) for part in parts for value in [values[part.part]] if value is not None]
    available = sum((weight for weight, _ in present), Fraction(0))
    score = half_up(sum((w * v for w, v in present), Fraction(0)) / available, SCORE_PLACES) if available else None
    return Evaluated(hall, values, score, available, tuple(name for name, value in values.items() if value is None))


def mean(values: Iterable[Fraction | None]) -> Fraction | None:
    """Of those that are there."""
    known = [value for value in values if value is not None]
    return Fraction(sum(known), len(known)) if known else None


def left_of(deducted: int) -> Fraction:
    """What is left of the 100 points, at least 0."""
    return Fraction(max(0, FULL - deducted))
