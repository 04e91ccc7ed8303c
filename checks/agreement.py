"""Would another reviewer agree? (复核一致性) Agreement beyond chance, gold samples, severity, and gaps between ways.

Cohen's kappa with the large-sample variance of Fleiss, Cohen & Everitt (1969), Gwet's AC1 with his own (Gwet 2008),
both as estimate ± 1.96 standard errors within [−1, 1]; shares by Wilson (1927). Where everybody agreed on everything
both variances are 0 and would promise certainty: the lower end is then that of the share, put through the same formula.
Kappa collapses when nearly all samples are alike (the paradox of Feinstein & Cicchetti 1990); AC1 does not, hence both.
Nothing here deducts a point or judges a person: it tells inspectors where to look.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import fisher_exact

from checks.fairness import Z95, wilson

Floats = NDArray[np.float64]

CALLED = 0.002
"""A difference is called when chance alone makes one as large in less than one of 500 cases, as beyond 99.8 %."""
FEW = 20
"""Fewer twice-judged samples than this allow no conclusion, whatever the figures say."""
LARGE_GAP = 0.10
"""Smallest difference of two shares that is called large, however certain it is."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """A figure with its 95 % interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Agreement:
    """Two people's decisions about the same samples. A figure is None where its chance agreement is 1, or n is 0."""

    n: int
    agreed: int
    percent: Estimate | None
    kappa: Estimate | None
    ac1: Estimate | None


def share(count: int, of: int) -> Estimate | None:
    """`count` ÷ `of` with Wilson's interval; None of nothing."""
    if of == 0:
        return None
    low, high = wilson(np.array([float(count)]), np.array([float(of)]))
    return Estimate(count / of, float(low[0]), float(high[0]))


def crossed(pairs: Iterable[tuple[str, str]], categories: Sequence[str]) -> Floats:
    """How often the first said the row and the second the column. KeyError for a decision that is no category."""
    places = {category: place for place, category in enumerate(categories)}
    table = np.zeros((len(categories), len(categories)))
    for first, second in pairs:
        table[places[first], places[second]] += 1
    return table


def agreement(table: Floats) -> Agreement:
    """Percent agreement, kappa and AC1 of a square table of counts (rows: first judgement, columns: second)."""
    n, agreed = int(table.sum()), int(np.trace(table))
    percent = share(agreed, n)
    if percent is None:
        return Agreement(0, 0, None, None, None)
    cells = table / n
    return Agreement(n, agreed, percent, _kappa(cells, n, percent), _ac1(cells, n, percent))


def _kappa(cells: Floats, n: int, percent: Estimate) -> Estimate | None:
    rows, columns = cells.sum(axis=1), cells.sum(axis=0)
    chance = float(rows @ columns)
    if np.isclose(chance, 1.0):
        return None
    kappa = (percent.value - chance) / (1 - chance)
    same = float(np.diag(cells) @ (1 - (rows + columns) * (1 - kappa)) ** 2)
    weights = (columns[:, None] + rows[None, :]) ** 2
    other = float((cells * weights).sum() - np.diag(cells * weights).sum()) * (1 - kappa) ** 2
    variance = (same + other - (kappa - chance * (1 - kappa)) ** 2) / (n * (1 - chance) ** 2)
    return _around(kappa, variance, chance, percent)


def _ac1(cells: Floats, n: int, percent: Estimate) -> Estimate | None:
    used = (cells.sum(axis=1) + cells.sum(axis=0)) / 2
    others = len(cells) - 1
    chance = float(used @ (1 - used)) / others
    ac1 = (percent.value - chance) / (1 - chance)
    covaried = float(np.diag(cells) @ (1 - used)) / others - percent.value * chance
    spread = float((cells * (1 - (used[:, None] + used[None, :]) / 2) ** 2).sum()) / others**2 - chance**2
    told = percent.value * (1 - percent.value) - 4 * (1 - ac1) * covaried + 4 * (1 - ac1) ** 2 * spread
    return _around(ac1, told / (n * (1 - chance) ** 2), chance, percent)


def _around(value: float, variance: float, chance: float, percent: Estimate) -> Estimate:
    if variance <= 1e-15:  # all agreed (or none did): the formula knows no uncertainty there
        ends = ((percent.low - chance) / (1 - chance), (percent.high - chance) / (1 - chance))
    else:
        half = Z95 * float(np.sqrt(variance))
        ends = (value - half, value + half)
    low, high = np.clip(ends, -1.0, 1.0)
    return Estimate(value, min(float(low), value), max(float(high), value))


# --- gold samples -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Gold:
    """How somebody did on samples whose answer is known. `hits` of `violations` found, `alarms` on `clean` ones."""

    violations: int
    hits: int
    clean: int
    alarms: int

    @property
    def hit_rate(self) -> Estimate | None:
        return share(self.hits, self.violations)

    @property
    def alarm_rate(self) -> Estimate | None:
        return share(self.alarms, self.clean)


def gold(answers: Iterable[tuple[bool, bool]]) -> Gold:
    """From (is there a violation, did the person say so), one per answered gold sample."""
    told = list(answers)
    there = [said for true, said in told if true]
    clean = [said for true, said in told if not true]
    return Gold(len(there), sum(there), len(clean), sum(clean))


# --- severity ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Severity:
    """One person's violations among their samples of a span, against everybody else's. `called`: stricter | milder."""

    n: int
    violations: int
    others: int
    others_violations: int
    called: str | None


def severity(n: int, violations: int, others: int, others_violations: int) -> Severity:
    """Whether the person's share differs from the others' by more than chance (Fisher's exact test, CALLED)."""
    called = None
    if n and others and p_value((violations, n), (others_violations, others)) < CALLED:
        called = "stricter" if violations * others > others_violations * n else "milder"
    return Severity(n, violations, others, others_violations, called)


def drifts(months: Sequence[tuple[int, int]]) -> str | None:
    """Whether a person's last month differs from their own months before: stricter | milder | None (not by more than
    chance). `months` are (samples, violations) in the order of time."""
    if len(months) < 2:
        return None
    (n, violations), before = months[-1], months[:-1]
    return severity(n, violations, sum(one[0] for one in before), sum(one[1] for one in before)).called


def p_value(first: tuple[int, int], second: tuple[int, int]) -> float:
    """Two-sided p of Fisher's exact test that two shares, each (count, of), differ by chance."""
    table = [[count, of - count] for count, of in (first, second)]
    return float(fisher_exact(table).pvalue)


# --- ways of looking --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Gap:
    """A large difference between two ways of looking at the same place: a lead for inspectors, never a deduction."""

    one: str
    other: str
    difference: float
    """Share of violations by `one` minus that by `other`."""
    p: float


def large_gaps(ways: Mapping[str, tuple[int, int]]) -> list[Gap]:
    """Pairs of ways whose shares (violations, looked at) differ beyond chance and by LARGE_GAP; in the given order."""
    told = [(way, found) for way, found in ways.items() if found[1]]
    gaps = []
    for place, (one, first) in enumerate(told):
        for other, second in told[place + 1 :]:
            difference = first[0] / first[1] - second[0] / second[1]
            p = p_value(first, second)
            if p < CALLED and abs(difference) >= LARGE_GAP:
                gaps.append(Gap(one, other, difference, p))
    return gaps
