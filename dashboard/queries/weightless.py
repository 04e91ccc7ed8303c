"""Lines of weight 0 of an office (不计分指标): measures of the months, indicators by other names, published formulas.

A line whose data nobody delivered has no value and says what is missing: never 0 and never 100.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from typing import Any

import polars as pl
import sqlalchemy as sa

from checks.judge.measures import months_that_count
from checks.published import conduct_rate, connection_rate, service_index
from checks.rounding import published
from checks.rulebook.lines import Line
from dashboard.database import Database
from dashboard.database.models import RECORD_TABLES
from dashboard.judging.detail import Scope, scope_of
from dashboard.judging.kinds import KINDS
from dashboard.judging.reading import Reader, reader
from dashboard.judging.rules import Rules
from dashboard.judging.sums import in_period, measures_of
from dashboard.people import Viewer
from dashboard.queries.explain import require_office
from dashboard.queries.league import period_named

Pair = tuple[Fraction, Fraction]
CATEGORIES = ("category", "category_1", "category_2", "category_3")


@dataclass(frozen=True, slots=True)
class LineResult:
    """One line: its value in its unit (a percentage of the published formulas as 0–100), or what is missing."""

    line: Line
    value: Fraction | None
    numerator: Fraction | None = None
    denominator: Fraction | None = None
    missing: tuple[str, ...] = ()
    """Codes of the measures or indicators without which it has no value."""


@dataclass(frozen=True)
class _Inputs:
    """What the lines of one office and period are computed from."""

    measures: Mapping[str, Pair]
    indicators: Mapping[str, Mapping[str, Any]]
    tickets: pl.DataFrame
    callbacks: Pair
    customers: int


def weightless(
    db: Database,
    viewer: Viewer,
    rules: Rules,
    *,
    office: str,
    period: str,
    as_of: datetime,
    indicators: Mapping[str, Mapping[str, Any]],
) -> tuple[LineResult, ...]:
    """Every line of the rulebook for one office. `indicators` are the figures of its league row by code.

    Raises what `explain` raises for an unknown period or office, or one outside what the viewer may see.
    """
    asked = period_named(period, rules)
    if rules.rulebook.lines is None:
        return ()
    with reader(db, rules.foreign) as source:
        require_office(source, viewer, office, asked)
        scope = scope_of(source.tree, asked, {office})
        day = source.tree.last_valid_day(office, asked.last_day)
        inputs = _Inputs(
            measures=_measures(source, scope, as_of),
            indicators=indicators,
            tickets=_tickets(source, rules, scope, as_of),
            callbacks=_pair(indicators.get("O5")),
            customers=source.tree.customers(office, day),
        )
    return tuple(_result(line, inputs) for line in rules.rulebook.lines.lines)


def _measures(source: Reader, scope: Scope, as_of: datetime) -> dict[str, Pair]:
    found: dict[str, Pair] = {}
    for row in measures_of(source, months_that_count(scope.period, as_of)).iter_rows(named=True):
        if scope.has(row["office_code"], row["period"]):
            numerator, denominator = found.get(row["indicator"], (Fraction(0), Fraction(0)))
            found[row["indicator"]] = (
                numerator + Fraction(row["numerator"]), denominator + Fraction(row["denominator"]),
            )  # fmt: skip
    return found


def _tickets(source: Reader, rules: Rules, scope: Scope, as_of: datetime) -> pl.DataFrame:
    """Tickets of the office and period that are not excluded: type, calls, answered at once, categories."""
    kind = KINDS["tickets"]
    which = in_period(kind, scope.period, scope.offices)
    judged = kind.judged(source, rules, which, as_of).filter("exists", pl.col("excluded") == 0).collect()
    table = RECORD_TABLES["tickets"]
    more = source.frame(
        sa.select(table.c.id, table.c.calls, *(table.c[name] for name in CATEGORIES)).where(which(table))
    )
    judged = judged.filter(scope.holds("office_code", "day")).select(
        "id", "type", (pl.col("dispatched_at").is_null() & pl.col("replied_at").is_not_null()).alias("at_once")
    )
    return judged.join(more, on="id").with_columns(pl.col("calls").cast(pl.Int64, strict=False).fill_null(1))


def _pair(figure: Mapping[str, Any] | None) -> Pair:
    if figure is None or figure["denominator"] is None:
        return Fraction(0), Fraction(0)
    return Fraction(str(figure["numerator"])), Fraction(str(figure["denominator"]))


def _result(line: Line, inputs: _Inputs) -> LineResult:
    if line.formula == "measure":
        code = line.options["measure"]
        return _divided(line, inputs.measures.get(code), code)
    if line.formula == "indicator":
        code = line.options["of"]
        figure = inputs.indicators.get(code)
        known = _pair(figure) if figure is not None and figure["value"] is not None else None
        return _divided(line, known, code)
    if line.formula == "none":
        return LineResult(line, None)
    return PUBLISHED[line.formula](line, inputs)


def _divided(line: Line, pair: Pair | None, code: str) -> LineResult:
    if pair is None:
        return LineResult(line, None, missing=(code,))
    numerator, denominator = pair
    value = numerator / denominator if denominator else None
    if line.unit == "count":
        value = numerator
    return LineResult(line, value, numerator, denominator)


def _service_index(line: Line, inputs: _Inputs) -> LineResult:
    missing = _missing(inputs, "untrue_tickets", "public_opinion_responsible", "service_breaches")
    tickets = inputs.tickets
    at_once = (pl.col("type") == "enquiry") & pl.col("at_once")
    volume = tickets.filter(~pl.col("type").is_in(["fault", "praise"]) & ~at_once).height
    events = tickets.filter(pl.col("calls") >= line.options["calls"]).height
    if missing:
        return LineResult(line, None, missing=missing)
    value = service_index(
        events=events, volume=volume, satisfied=int(inputs.callbacks[0]), reached=int(inputs.callbacks[1]),
        untrue=inputs.measures["untrue_tickets"][0], opinions=inputs.measures["public_opinion_responsible"][0],
        breaches=inputs.measures["service_breaches"][0],
    )  # fmt: skip
    return LineResult(line, value, Fraction(events), Fraction(volume), () if value is not None else ("O5",))


def _conduct_rate(line: Line, inputs: _Inputs) -> LineResult:
    missing = _missing(inputs, "manual_calls", "late_reports", "supervised_items", "theft_reports_mishandled")
    if missing:
        return LineResult(line, None, missing=missing)
    complaints = inputs.tickets.filter(pl.col("type") == "complaint")
    first = complaints.filter(_named(line.options["first"])).height
    reports = inputs.tickets.filter(pl.col("type") == "report").filter(_named(line.options["reports"])).height
    measure = inputs.measures
    value = conduct_rate(
        first=first, second=complaints.height - first, reports=reports, calls=measure["manual_calls"][0],
        customers=inputs.customers, late=measure["late_reports"][0], supervised=measure["supervised_items"][0],
        theft=measure["theft_reports_mishandled"][0],
    )  # fmt: skip
    return LineResult(line, value)


def _named(kinds: list[str]) -> pl.Expr:
    return pl.any_horizontal(pl.col(name).is_in(kinds).fill_null(False) for name in CATEGORIES)


def _connection_rate(line: Line, inputs: _Inputs) -> LineResult:
    code = line.options["in_time"]
    figure = inputs.indicators.get(code)
    missing = _missing(inputs, "connection_coordination", "connection_satisfaction")
    if figure is None or figure["value"] is None:
        missing = (*missing, code)
    pairs = [inputs.measures.get(name) for name in ("connection_coordination", "connection_satisfaction")]
    if missing or any(pair is None or not pair[1] for pair in pairs):
        return LineResult(line, None, missing=missing)
    coordinated, satisfied = (pair[0] / pair[1] for pair in pairs if pair is not None)
    in_time, judged = _pair(figure)
    return LineResult(line, connection_rate(coordinated=coordinated, in_time=in_time / judged, satisfied=satisfied))


def _missing(inputs: _Inputs, *codes: str) -> tuple[str, ...]:
    return tuple(code for code in codes if code not in inputs.measures)


PUBLISHED = {"service_index": _service_index, "conduct_rate": _conduct_rate, "connection_rate": _connection_rate}


def document_of(results: Sequence[LineResult]) -> list[dict[str, Any]]:
    """Lines as the key `lines` of `mingcha explain --beside` prints them."""
    return [
        {
            "code": result.line.code,
            "title": result.line.title,
            "value": published(result.value),
            "unit": result.line.unit,
            "weight": 0,
            "missing": list(result.missing),
            "lacks": result.line.lacks or None,
            "clause": result.line.clause,
        }
        for result in results
    ]
