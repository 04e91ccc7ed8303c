"""Which measures are to be warned of (指标预警): the newest month beyond a threshold, or worse month after month."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from fractions import Fraction
from itertools import pairwise

import polars as pl

from checks.clock import DAY
from checks.measures import Measure, Measures
from checks.warnings.catalogue import FallRule, MeasureRule
from checks.warnings.evaluate import WARNINGS

NEWEST = 3
"""A measure whose newest month is older than this many ended months is nobody's work of today."""
Cell = tuple[int, int, Fraction]
"""Row id, when we learned it (microseconds UTC), value."""


def evaluate_measures(
    rows: pl.DataFrame, rules: Iterable[MeasureRule], measures: Measures, months: Sequence[str]
) -> pl.DataFrame:
    """The warnings of measures, told of the row of the newest month of each line and office.

    `rows` holds `id`, `heard_at`, `indicator`, `office_code`, `period` and the two numbers as text; `months` are those
    that have ended, oldest first and without a gap: rows of other months are left out. A line that is not registered
    or only describes is never warned of.
    """
    lines: dict[tuple[str, str], dict[str, Cell]] = defaultdict(dict)
    for row in rows.iter_rows(named=True):
        measure = measures.by_code.get(row["indicator"])
        value = None if measure is None else measure.value(Fraction(row["numerator"]), Fraction(row["denominator"]))
        if value is not None and row["period"] in months:
            lines[row["indicator"], row["office_code"]][row["period"]] = (row["id"], row["heard_at"], value)
    listed = list(rules)
    found = [
        (newest[0], rule.code, newest[1], newest[1] + rule.days * DAY, saw)
        for (code, _), cells in lines.items() if max(cells) in months[-NEWEST:]
        for newest in [cells[max(cells)]]
        for rule in listed if (saw := _saw(rule, measures.by_code[code], cells, months)) is not None
    ]  # fmt: skip
    return pl.DataFrame(found, schema=WARNINGS, orient="row")


def _saw(rule: MeasureRule, measure: Measure, cells: dict[str, Cell], months: Sequence[str]) -> str | None:
    """What the rule saw in a line of one office, None where it does not hold."""
    newest = cells[max(cells)][2]
    if not isinstance(rule, FallRule):
        beyond = measure.beyond(newest, warning=True)
        return None if beyond is None else f"{measure.said(newest)} {beyond.sign} {measure.said(beyond.limit)}"
    place = months.index(max(cells))
    run = months[max(0, place - rule.months) : place + 1]
    if len(run) <= rule.months or any(month not in cells for month in run) or measure.direction == "none":
        return None
    values = [cells[month][2] for month in run]
    way = 1 if measure.direction == "less" else -1
    steps = [(later - earlier) * way for earlier, later in pairwise(values)]
    ratio = measure.unit == "ratio"
    least = Fraction(str(rule.points)) if ratio else abs(values[0]) * Fraction(str(rule.least))
    worse = all(step > 0 for step in steps) and sum(steps) >= least
    return " → ".join(measure.said(value) for value in values) if worse else None
