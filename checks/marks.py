"""Marks (标记) of a row: what a reader must know beside its score, and that changes neither score, rank nor grade.

`stale_source`: a source on which the figure rests has been silent for longer than expected. `unjudgeable_share`: more
of its records cannot be judged than the rulebook's guards allow. A company may have a marked row withheld instead.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from fractions import Fraction

from checks.judge.formulas import FORMULAS
from checks.rulebook.model import Edition, Indicator
from checks.scoring import Row, Sums

STALE_SOURCE, UNJUDGEABLE_SHARE = "stale_source", "unjudgeable_share"
MARKS = (STALE_SOURCE, UNJUDGEABLE_SHARE)


def rests_on(indicator: Indicator) -> frozenset[str]:
    """Record types (or `measures:<code>`) an indicator is counted from, by the rulebook alone."""
    if indicator.record == "measures":
        return frozenset({"measures", f"measures:{indicator.options['measure']}"})
    return FORMULAS[indicator.formula].reads | ({indicator.record} - {"halls"})


def stale_codes(edition: Edition, silent: Collection[str]) -> frozenset[str]:
    """Indicators that rest on a silent record type (as `rests_on` writes them)."""
    return frozenset(row.code for row in edition.indicators if not rests_on(row).isdisjoint(silent))


def unjudgeable_share(sums: Sums) -> Fraction:
    """Unjudgeable ÷ (judged + unjudgeable); 0 where nothing is unjudgeable."""
    if not sums.unjudgeable:
        return Fraction(0)
    return Fraction(sums.unjudgeable) / (Fraction(sums.denominator) + sums.unjudgeable)


def put_marks(rows: Iterable[Row], edition: Edition, stale: Collection[str], withhold: Collection[str] = ()) -> None:
    """Mark figures, and each row whose scored figures are marked; with a mark in `withhold` its score is withheld.

    A withheld row has no score and is not ranked, whatever else it lacks: the mark is its reason.
    """
    bound = edition.guards.max_unjudgeable_share
    for row in rows:
        for code, figure in row.figures.items():
            many = bound is not None and unjudgeable_share(figure.sums) > bound
            figure.marks = [*([STALE_SOURCE] if code in stale else []), *([UNJUDGEABLE_SHARE] if many else [])]
        scored = {mark for figure in row.figures.values() if figure.indicator.weight for mark in figure.marks}
        row.marks = [mark for mark in MARKS if mark in scored]
        row.reason = next((mark for mark in row.marks if mark in withhold), row.reason)
        if row.withheld:
            row.score = row.exact_score = None
