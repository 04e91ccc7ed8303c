"""`mingcha bench fairness`: are the intervals of ranks and the funnel's calls as honest as they say? By simulation.

A fixed grid of made-up companies whose true rates are known. An interval covers when it meets the ranks that tied true
values share. `size` is the number of runs in each cell (100); the report is written in Markdown, as docs/fairness.md
keeps it.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from checks.bootstrap import mean_interval
from checks.funnel import CALLED, outside, scatter
from checks.pairs import differing, scores_with_error
from checks.rank_intervals import DRAWS, LEVEL, Column, draw, intervals, proportions, ranks_of, scores_of
from dashboard.bench.timing import machine, paired, report

Floats = NDArray[np.float64]
Chance = np.random.Generator

OFFICES = (20, 60, 120)
VOLUMES = (30, 300, 3_000)
SPREADS = (0.0, 0.5, 2.0, 6.0)  # percentage points
SHAPES = ("normal", "two-point")
BASE = 0.90
WEIGHTS = (12.0, 7.0, 6.0, 5.0, 5.0, 3.0)
SHARES = (1, 1, 2, 4, 8, 16)
"""The composite's indicators: their weights, and by how much each has fewer records than the first."""
FLOOR, SPAN = 0.80, 0.20
RUNS = 100
SEED = 20261122
WANTED = 0.95


@dataclass(frozen=True, slots=True)
class Cell:
    """One kind of made-up company."""

    offices: int
    volume: int
    spread: float
    shape: str
    base: float = BASE


def run(*, size: int | None, pairs: int) -> None:
    """Prints every cell and the worst, the funnel's false calls and power, and what an interval costs."""
    runs = size or RUNS
    chance = np.random.default_rng(SEED)
    print(f"fairness on {machine()}: {runs} runs a cell, {DRAWS:,} draws, level {LEVEL}\n")
    one = _table("One indicator, base rate 0.90", _grid(SHAPES), _covered_by_rate, runs, chance)
    whole = _table("Composite of six indicators", _grid(SHAPES), _covered_by_score, runs, chance)
    other = [Cell(60, volume, spread, "normal", base)
             for base, volume, spread in itertools.product((0.70, 0.97), VOLUMES, (1.0, 3.0))]  # fmt: skip
    _table("Other base rates and spreads (reported)", other, _covered_by_rate, runs, chance)
    report("mean coverage of one indicator's rank, worst cell", one, f">= {WANTED}")
    report("mean coverage of the composite's rank, worst cell", whole, f">= {WANTED}")
    for part in (_calls, _pairs, _means):  # each from the same seed, whatever ran before it
        part(runs, np.random.default_rng(SEED))
    _speed(pairs)


def _grid(shapes: Sequence[str]) -> list[Cell]:
    return [Cell(*cell) for cell in itertools.product(OFFICES, VOLUMES, SPREADS, shapes)]


# --- do the intervals cover? ------------------------------------------------------------------------------------------


def _table(
    title: str, cells: Sequence[Cell], once: Callable[[Cell, Chance], tuple[float, float]], runs: int, chance: Chance
) -> float:
    """Coverage and width of every cell; the worst coverage."""
    print(f"{title}\n\n| K | n | base | spread | truth | coverage | width ÷ K |\n|--:|--:|--:|--:|---|--:|--:|")
    worst = 1.0
    for cell in cells:
        coverage, width = np.mean([once(cell, chance) for _ in range(runs)], axis=0).tolist()
        worst = min(worst, coverage)
        print(f"| {cell.offices} | {cell.volume} | {cell.base} | {cell.spread} | {cell.shape} "
              f"| {coverage:.3f} | {width:.2f} |")  # fmt: skip
    print()
    return worst


def _covered_by_rate(cell: Cell, chance: Chance) -> tuple[float, float]:
    truth, volumes = _truth(cell, chance), _volumes(cell.offices, cell.volume, chance)
    return _coverage(truth, ranks_of(draw(proportions(_events(truth, volumes, chance), volumes), chance)))


def _covered_by_score(cell: Cell, chance: Chance) -> tuple[float, float]:
    """Six indicators of different weights and volumes with floor and target, as the league scores them."""
    columns, truth = [], np.zeros(cell.offices)
    for weight, share in zip(WEIGHTS, SHARES, strict=True):
        rates = _truth(cell, chance)
        volumes = _volumes(cell.offices, max(5, cell.volume // share), chance)
        columns.append(Column(proportions(_events(rates, volumes, chance), volumes), weight, FLOOR, SPAN))
        truth += columns[-1].points(rates.copy())
    return _coverage(np.round(truth, 9), ranks_of(scores_of(columns, chance)))


def _coverage(truth: Floats, ranks: NDArray[np.int32]) -> tuple[float, float]:
    """Share of offices whose interval meets the ranks their tied truth shares, and the mean width ÷ K."""
    best = (truth[:, None] < truth[None, :]).sum(axis=1) + 1
    worst = (truth[:, None] <= truth[None, :]).sum(axis=1)
    low, high = intervals(ranks)
    return float(((low <= worst) & (high >= best)).mean()), float((high - low).mean() / len(truth))


def _truth(cell: Cell, chance: Chance) -> Floats:
    normal = cell.shape == "normal"
    unit = chance.standard_normal(cell.offices) if normal else chance.choice([-1.0, 1.0], cell.offices)
    return np.asarray(np.clip(cell.base + cell.spread / 100 * unit, 0.01, 0.999))


def _volumes(offices: int, median: int, chance: Chance) -> Floats:
    """Log-normal volumes: an office of a fifth and one of five times the median are both common."""
    return np.maximum(1.0, np.round(median * np.exp(0.8 * chance.standard_normal(offices))))


def _events(truth: Floats, volumes: Floats, chance: Chance) -> Floats:
    return chance.binomial(volumes.astype(np.int64), truth).astype(np.float64)


# --- are the calls honest? --------------------------------------------------------------------------------------------


def _calls(runs: int, chance: Chance) -> None:
    """False calls of offices that are all alike, and how often a bad one is called."""
    rates = [_false_calls(offices, volume, 5 * runs, chance) for offices, volume in itertools.product(OFFICES, VOLUMES)]
    report("false calls at 99.8 % among equal offices, worst cell, per cent", 100 * max(rates), "<= 0.4")
    report("power: one at 0.80 among 59 at 0.90, n = 200", _power(0.90, 0.0, 20 * runs, chance), ">= 0.80")
    for base, spread in ((0.95, 0.0), (0.80, 0.0), (0.90, 0.5), (0.90, 2.0), (0.90, 6.0)):
        power = _power(base, spread, 10 * runs, chance)
        report(f"power: 10 points worse than the mean, base {base}, spread {spread} points", power, "reported")


def _false_calls(offices: int, volume: int, runs: int, chance: Chance) -> float:
    found = []
    for _ in range(runs):
        volumes = _volumes(offices, volume, chance)
        found.append((_called(_events(np.full(offices, BASE), volumes, chance), volumes) != 0).mean())
    return float(np.mean(found))


def _power(base: float, spread: float, runs: int, chance: Chance) -> float:
    volumes, hits = np.full(60, 200.0), 0
    for _ in range(runs):
        truth = np.clip(base + spread / 100 * chance.standard_normal(60), 0.01, 0.999)
        truth[0] = base - 0.10
        hits += bool(_called(_events(truth, volumes, chance), volumes)[0] < 0)
    return hits / runs


def _called(events: Floats, volumes: Floats) -> NDArray[np.int8]:
    return outside(scatter("binomial", events, volumes), events, volumes, CALLED)


def _pairs(runs: int, chance: Chance) -> None:
    """How often any pair of equal offices is named, by one rate and by the composite."""
    by_rate = by_score = 0
    for _ in range(5 * runs):
        columns = []
        for weight, share in zip(WEIGHTS, SHARES, strict=True):
            volumes = _volumes(60, 300 // share, chance)
            measured = proportions(_events(np.full(60, BASE), volumes, chance), volumes)
            columns.append(Column(measured, weight, FLOOR, SPAN))
        first = columns[0].measured
        by_rate += bool(differing(first.working, first.variance).any())
        by_score += bool(differing(*scores_with_error(columns)).any())
    report("any pair of 60 equal offices named, one rate", by_rate / (5 * runs), "<= 0.05 and its error")
    report("any pair of 60 equal offices named, composite", by_score / (5 * runs), "<= 0.05 and its error")


def _means(runs: int, chance: Chance) -> None:
    """Coverage of the bootstrap for means of skewed ratios (gamma, as arrival times are)."""
    for size in (5, 15, 50, 300):
        found = [mean_interval(chance.gamma(2.0, 0.4, size), seed) for seed in range(10 * runs)]
        covered = np.mean([low <= 0.8 <= high for low, high in _bounds(found)])
        report(f"coverage of the bootstrap of {size} skewed ratios", float(covered), "reported")


def _bounds(found: Sequence[tuple[float, float] | str]) -> Iterator[tuple[float, float]]:
    return (bounds for bounds in found if not isinstance(bounds, str))


# --- what does it cost? -----------------------------------------------------------------------------------------------


def _speed(pairs: int) -> None:
    """Rank intervals of 3,000 offices × 21 indicators against plain NumPy draws of the same shape, per 400 draws."""
    chance, draws = np.random.default_rng(1), DRAWS // 10
    columns = []
    for _ in range(21):
        volumes = _volumes(3_000, 300, chance)
        columns.append(Column(proportions(_events(np.full(3_000, BASE), volumes, chance), volumes), 5.0, FLOOR, SPAN))

    def ours() -> None:
        intervals(ranks_of(scores_of(columns, np.random.default_rng(1), draws)))

    def plain() -> None:
        generator = np.random.default_rng(1)
        for _ in range(draws):
            generator.standard_normal((3_000, 21))

    pair = paired(ours, plain, pairs=pairs)
    report("rank intervals of 3,000 offices × 21 indicators ÷ NumPy draws", pair.cost, "<= 10", pair)
