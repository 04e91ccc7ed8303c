"""`mingcha bench fairness`: are the intervals of ranks and the funnel's calls as honest as they say? By simulation.

A fixed grid of made-up companies whose true rates are known. An interval covers when it meets the ranks that tied true
values share. `size` is the number of runs in each cell.
"""

from __future__ import annotations

import itertools

import numpy as np
from numpy.typing import NDArray

from checks.funnel import CALLED, binomial_limits
from checks.rank_intervals import draw, intervals, proportions, ranks_of
from dashboard.bench.timing import machine, report

Floats = NDArray[np.float64]

OFFICES = (20, 60, 120)
VOLUMES = (30, 300, 3_000)
SPREADS = (0.0, 0.5, 2.0, 6.0)  # percentage points
SHAPES = ("normal", "two-point")
BASE = 0.90
WEIGHTS = np.array([12.0, 7.0, 6.0, 5.0, 5.0, 3.0])
RUNS = 40


def run(*, size: int | None, pairs: int) -> None:
    """Prints a line a cell, the worst cell, and the funnel's false calls and power."""
    runs = size or RUNS
    print(f"fairness on {machine()}, {runs} runs a cell, base rate {BASE}")
    generator = np.random.default_rng(20261122)
    covered = [_cell(cell, runs, generator) for cell in itertools.product(OFFICES, VOLUMES, SPREADS, SHAPES)]
    composite = [_composite_cell(cell, runs, generator) for cell in itertools.product(OFFICES, VOLUMES, SPREADS[1:])]
    report("mean coverage of one indicator's rank, worst cell", min(covered), "≥ 0.95")
    report("mean coverage of the composite's rank, worst cell", min(composite), "≥ 0.95")
    report("false calls at 99.8 %, worst cell, per cent", 100 * _false_calls(50 * runs, generator), "≤ 0.4")
    report("power: 0.80 among 59 at 0.90, n = 200", _power(0.90, 0.0, 25 * runs, generator), "≥ 0.80")
    for base, spread in ((0.95, 0.0), (0.80, 0.0), (0.90, 2.0)):
        power = _power(base, spread, 25 * runs, generator)
        report(f"power: 10 points worse, base {base}, spread {spread} points", power, "reported")


def _cell(cell: tuple[int, int, float, str], runs: int, generator: np.random.Generator) -> float:
    offices, volume, spread, shape = cell
    found = [_covered_once(offices, volume, spread, shape, generator) for _ in range(runs)]
    coverage, width = (float(np.mean(part)) for part in zip(*found, strict=True))
    print(f"  K={offices:3} n={volume:4} spread={spread:3} {shape:9} coverage {coverage:.3f} width {width:.2f} of K")
    return coverage


def _covered_once(
    offices: int, volume: int, spread: float, shape: str, generator: np.random.Generator
) -> tuple[float, float]:
    truth = _truth(offices, spread, shape, generator)
    volumes = _volumes(offices, volume, generator)
    measured = proportions(generator.binomial(volumes, truth).astype(float), volumes.astype(float))
    return _coverage(truth, draw(measured, generator))


def _composite_cell(cell: tuple[int, int, float], runs: int, generator: np.random.Generator) -> float:
    """Six indicators of different weights and volumes, without the clamp: truth has no artificial ties."""
    offices, volume, spread = cell
    found = []
    for _ in range(runs):
        truth = np.column_stack([_truth(offices, spread, "normal", generator) for _ in WEIGHTS])
        drawn = [_drawn_column(column, max(5, volume // share), generator)
                 for column, share in zip(truth.T, (1, 1, 2, 4, 8, 16), strict=True)]  # fmt: skip
        scores = np.tensordot(np.stack(drawn, axis=2), WEIGHTS, axes=1)
        found.append(_coverage(truth @ WEIGHTS, scores))
    coverage, width = (float(np.mean(part)) for part in zip(*found, strict=True))
    print(f"  K={offices:3} n={volume:4} spread={spread:3} composite coverage {coverage:.3f} width {width:.2f} of K")
    return coverage


def _drawn_column(truth: Floats, volume: int, generator: np.random.Generator) -> Floats:
    volumes = _volumes(len(truth), volume, generator)
    return draw(proportions(generator.binomial(volumes, truth).astype(float), volumes.astype(float)), generator)


def _coverage(truth: Floats, drawn: Floats) -> tuple[float, float]:
    """Share of offices whose interval meets the ranks their tied truth shares, and the mean width ÷ K."""
    best = (truth[:, None] < truth[None, :]).sum(axis=1) + 1
    worst = (truth[:, None] <= truth[None, :]).sum(axis=1)
    low, high = intervals(ranks_of(drawn))
    return float(((low <= worst) & (high >= best)).mean()), float((high - low).mean() / len(truth))


def _truth(offices: int, spread: float, shape: str, generator: np.random.Generator) -> Floats:
    unit = generator.standard_normal(offices) if shape == "normal" else generator.choice([-1.0, 1.0], offices)
    return np.asarray(np.clip(BASE + spread / 100 * unit, 0.01, 0.999))


def _volumes(offices: int, median: int, generator: np.random.Generator) -> NDArray[np.int64]:
    """Log-normal volumes: an office of a fifth and one of five times the median are both common."""
    return np.maximum(1, np.round(median * np.exp(0.8 * generator.standard_normal(offices)))).astype(np.int64)


def _false_calls(runs: int, generator: np.random.Generator) -> float:
    worst = 0.0
    for offices, volume in itertools.product(OFFICES, VOLUMES):
        called = 0
        for _ in range(runs // len(OFFICES)):
            volumes = _volumes(offices, volume, generator)
            called += int(_called(generator.binomial(volumes, BASE), volumes).sum())
        worst = max(worst, called / (offices * (runs // len(OFFICES))))
    return worst


def _power(base: float, spread: float, runs: int, generator: np.random.Generator) -> float:
    volumes = np.full(60, 200)
    hits = 0
    for _ in range(runs):
        truth = np.clip(base + spread / 100 * generator.standard_normal(60), 0.01, 0.999)
        truth[0] = base - 0.10
        hits += bool(_called(generator.binomial(volumes, truth), volumes)[0])
    return hits / runs


def _called(events: NDArray[np.int64], volumes: NDArray[np.int64]) -> NDArray[np.bool_]:
    low, high = binomial_limits(events.sum() / volumes.sum(), volumes.astype(float), CALLED)
    rates = events / volumes
    return (rates < low) | (rates > high)
