"""Measures (指标): O1–O4, a numerator and a denominator per indicator, office and month (design §3.5)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from fractions import Fraction

import polars as pl

from checks.clock import DAY, OFFSET, day_number
from checks.judge.base import microseconds
from checks.periods import Period, last_day_of
from checks.rulebook.model import Edition


def months_that_count(period: Period, as_of: dt.datetime) -> list[str]:
    """The months that the period wholly contains and that have ended by `as_of`: a measure exists from then on."""
    at = microseconds(as_of)
    return [month for month in period.months_inside() if (day_number(last_day_of(month)) + 1) * DAY - OFFSET <= at]


def measure_sums(
    measures: pl.DataFrame, edition: Edition, months: Iterable[str]
) -> dict[tuple[str, str, str], tuple[Fraction, Fraction]]:
    """(office, month, indicator code) → (Σ numerator, Σ denominator), exact.

    Measures are `indicator, office_code, period, numerator, denominator` with decimals as text.
    """
    codes = {row.options["measure"]: row.code for row in edition.of_record("measures")}
    counting = frozenset(months)
    sums: dict[tuple[str, str, str], tuple[Fraction, Fraction]] = {}
    for row in measures.iter_rows(named=True):
        if row["indicator"] in codes and row["period"] in counting:
            key = row["office_code"], row["period"], codes[row["indicator"]]
            numerator, denominator = sums.get(key, (Fraction(0), Fraction(0)))
            sums[key] = numerator + Fraction(row["numerator"]), denominator + Fraction(row["denominator"])
    return sums
