"""What if (试算): weights, floors, targets and limits tried out, who moves, and how much the weights decide.

A tried rulebook carries a digest of its own that says so. Nothing that stores, freezes or publishes accepts one.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from checks.errors import RuleError
from checks.nearest import did_you_mean
from checks.rank_intervals import ranks_of
from checks.rulebook.loader import Rulebook
from checks.rulebook.model import Edition, Indicator, Limit
from checks.scoring import HUNDRED, Row, points_of

MARK = "sandbox:"
"""How the digest of a tried rulebook begins."""
DRAWS = 2_000
CONCENTRATION = 100
"""Of the Dirichlet draws: a weight of 12 then varies by about 3 points around its place."""
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Change:
    """What is tried: new weights, floors and targets by indicator, new amounts by limit (in the limit's own unit)."""

    weights: Mapping[str, Fraction] = field(default_factory=dict)
    floors: Mapping[str, Fraction] = field(default_factory=dict)
    targets: Mapping[str, Fraction] = field(default_factory=dict)
    limits: Mapping[str, int] = field(default_factory=dict)

    @property
    def is_empty(self) -> bool:
        return not (self.weights or self.floors or self.targets or self.limits)

    @property
    def digest(self) -> str:
        parts = [sorted((k, str(v)) for k, v in part.items()) for part in
                 (self.weights, self.floors, self.targets, self.limits)]  # fmt: skip
        return MARK + hashlib.sha256(repr(parts).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Spread:
    """Ranks of an office when the weights are drawn around the chosen ones: 95 % of the draws, and their middle."""

    low: int
    middle: int
    high: int


def is_sandbox(book: Rulebook) -> bool:
    return book.digest.startswith(MARK)


def tried(book: Rulebook, edition: Edition, change: Change) -> Rulebook:
    """The book with the change in one of its editions. RuleError names an unknown code and a value that cannot be."""
    _require_known(edition, change)
    indicators = tuple(_indicator(row, change) for row in edition.indicators)
    if not sum(row.weight for row in indicators):
        raise RuleError("All weights are 0. Give at least one indicator a weight.")
    steps = tuple(
        step.model_copy(update={"limits": tuple(_limit(limit, change) for limit in step.limits)})
        for step in edition.steps
    )
    new = edition.model_copy(update={"indicators": indicators, "steps": steps})
    editions = tuple(new if one.code == edition.code else one for one in book.editions)
    return replace(book, editions=editions, digest=change.digest)


def _require_known(edition: Edition, change: Change) -> None:
    codes = [indicator.code for indicator in edition.indicators]
    limits = [limit.code for step in edition.steps for limit in step.limits]
    for code in {**change.weights, **change.floors, **change.targets}:
        if code not in codes:
            raise RuleError(f"There is no indicator '{code}'. {did_you_mean(code, codes)}")
    for code, amount in change.limits.items():
        if code not in limits:
            raise RuleError(f"There is no limit '{code}'. {did_you_mean(code, limits)}")
        if amount <= 0:
            raise RuleError(f"Limit {code} = {amount}: a limit is a whole number above 0.")


def _indicator(row: Indicator, change: Change) -> Indicator:
    weight = change.weights.get(row.code, row.weight)
    floor, target = change.floors.get(row.code, row.floor), change.targets.get(row.code, row.target)
    if weight < 0:
        raise RuleError(f"Weight of {row.code} = {weight}: a weight is not negative.")
    if floor == target:
        raise RuleError(f"Floor and target of {row.code} are both {floor}; they must differ.")
    return Indicator.model_validate({**row.model_dump(), "weight": weight, "floor": floor, "target": target})


def _limit(limit: Limit, change: Change) -> Limit:
    return limit.model_copy(update={"amount": change.limits.get(limit.code, limit.amount)})


def contributions(row: Row) -> dict[str, Fraction]:
    """What each indicator adds to the exact score; all of it adds up to the score."""
    if not row.available_weight:
        return {}
    return {
        code: HUNDRED * figure.points / row.available_weight
        for code, figure in row.figures.items()
        if figure.points is not None
    }


def moved_by(before: Row, after: Row) -> list[tuple[str, Fraction]]:
    """How much each indicator moved the score, most first; the parts add up to the difference of the exact scores."""
    old, new = contributions(before), contributions(after)
    parts = [(code, new.get(code, Fraction(0)) - old.get(code, Fraction(0))) for code in {**old, **new}]
    return sorted(((code, part) for code, part in parts if part), key=lambda pair: (-abs(pair[1]), pair[0]))


def spreads(rows: Sequence[Row], seed: int, draws: int = DRAWS) -> dict[str, Spread]:
    """Ranks under weights drawn around the chosen ones (Dirichlet, seeded), of every ranked row by office."""
    ranked = [row for row in rows if row.rank is not None]
    if not ranked:
        return {}
    codes = [code for code, figure in ranked[0].figures.items() if figure.indicator.weight]
    shares = np.array([[_share(row, code) for code in codes] for row in ranked])
    chosen = np.array([float(ranked[0].figures[code].indicator.weight) for code in codes])
    drawn = np.random.default_rng(seed).dirichlet(CONCENTRATION * chosen / chosen.sum(), size=draws)
    scores = _scores(drawn, shares)
    low, middle, high = np.percentile(ranks_of(scores), [2.5, 50, 97.5], axis=0, method="nearest")
    own = np.array([row.rank for row in ranked])
    bounds = zip(np.minimum(low, own), middle, np.maximum(high, own), strict=True)
    return {row.office: Spread(int(a), int(b), int(c)) for row, (a, b, c) in zip(ranked, bounds, strict=True)}


def _share(row: Row, code: str) -> float:
    """Points as a share of the weight; NaN where the indicator has no value."""
    figure = row.figures[code]
    points = points_of(figure.indicator, figure.value)
    return float("nan") if points is None else float(points / figure.indicator.weight)


def _scores(drawn: Floats, shares: Floats) -> Floats:
    """Draws × offices, rounded to two decimals as published scores are; missing indicators are weighted out."""
    known = ~np.isnan(shares)
    total = drawn @ known.T
    return np.round(100 * (drawn @ np.where(known, shares, 0).T) / np.where(total > 0, total, 1), 2)
