"""What is this number? (这个数字是什么): its definition, edition, as-of, what is counted and what is left beside it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from checks.rulebook.model import Edition, Indicator
from dashboard.texts import t
from dashboard.web import books, display
from dashboard.web.charts.funnel import value_text
from dashboard.web.components.blocks import Column, facts, more, table
from dashboard.web.counted import counted
from dashboard.web.markup import Safe, safe, tag
from dashboard.web.views import figures, rulebook

Row = Mapping[str, Any]
MEANINGS = {
    "clock": "done by the deadline ÷ judged records (done in time or late)",
    "per_customers": "substantiated complaints × 10,000 ÷ customers, brought to a quarter",
    "share": "satisfied ÷ rated",
    "ratio_to_limit": "sum of (time taken ÷ its limit) ÷ records that arrived",
    "repeat": "records whose customer had another one in the days before ÷ records with a customer number",
    "concealed": "late by the timestamps but reported as in time ÷ late and reported at all",
    "hall_months": "points left of the hall-months ÷ 100 per hall-month; confirmed deductions only",
    "samples_done": "spot-checks captured, or answered without a usable picture ÷ spot-checks due",
    "samples_checkable": "spot-checks in which every window was seen ÷ those captured or not usable",
    "form_collected": "applications connected with an evaluation form ÷ applications connected",
    "issued": "applications with a notice card ÷ those of which it is known",
    "measure": "numerator ÷ denominator of the months delivered",
    "reached_share": "call-backs satisfied ÷ call-backs reached",
}
BOOTSTRAPPED = ("ratio_to_limit", "hall_months")
INTERVALS = {
    "wilson": "Wilson, 95 %", "poisson": "exact Poisson, 95 %", "bootstrap": "seeded bootstrap, 95 %",
    "none": "none: how far chance reaches is not known for this figure",
}  # fmt: skip


def words(cell: Row, indicator: Indicator, edition: Edition, as_of: datetime) -> str:
    """All of it as lines of plain text, for the pointer that rests on a figure."""
    return "\n".join(f"{name}: {value}" for name, value in told(cell, indicator, edition, as_of))


def panel(cell: Row, indicator: Indicator, edition: Edition, as_of: datetime) -> Safe:
    """The same to open and read, for those without a pointer."""
    return more(t("What is this number?"), facts(told(cell, indicator, edition, as_of)))


COUNTS = {"n": "n", "pending": "pending", "unjudgeable": "unjudgeable", "excluded": "excluded"}


def of_cell(cell: Row, indicator: Indicator, edition: Edition, as_of: datetime) -> Safe:
    """One indicator of one office, with the same had no exclusion been approved."""
    return facts([*told(cell, indicator, edition, as_of), *_without(cell, indicator)])


def _without(cell: Row, indicator: Indicator) -> list[tuple[str, str]]:
    other = cell.get("without_exclusions")
    if other is None:  # a period frozen before this was kept
        return []
    value = display.NONE if other["value"] is None else value_text(other["value"], books.percent(indicator))
    return [(t("Without exclusions"), f"{value} ({counted(other, indicator)})")]


def of_row(row: Row, edition: Edition, as_of: datetime) -> Safe:
    """A row of the league: score, rank and what they are made of, each indicator with what is beside it."""
    by_chance = "" if row["rank_low"] is None else t("by chance {low}–{high}, 95 %", low=row["rank_low"],
                                                      high=row["rank_high"])  # fmt: skip
    rank = t("not ranked") if row["rank"] is None else " ".join([str(row["rank"]), by_chance]).strip()
    without = row.get("score_without_exclusions")
    said = [
        (t("Score"), f"{display.score(row['score'])}: {t(figures.DEFINITIONS['league.score'])}"),
        (t("Rank"), f"{rank}: {t(figures.DEFINITIONS['league.rank'])}"),
        ("n", f"{display.count(row['n'])}: {t(figures.DEFINITIONS['league.n'])}"),
        (t("Available weight"), display.rounded(float(row["available_weight"] or 0), 0)),
        (t("missing"), t(", ").join(row["missing"]) or display.NONE),
        *([(t("Without exclusions"), display.score(without))] if without is not None else []),
        (t("Edition"), edition.code),
        (t("Data as of"), display.exact(as_of)),
    ]  # fmt: skip
    return safe(facts(said), _parts(row, edition))


def _parts(row: Row, edition: Edition) -> Safe:
    columns = [
        Column(t("Indicator"), "head"), Column(t("Value"), "num"), Column(t("Counted"), "num"),
        Column(t("pending"), "num"), Column(t("unjudgeable"), "num"), Column(t("excluded"), "num"),
        Column(t("Without exclusions"), "num"),
    ]  # fmt: skip
    body = []
    for code, cell in row["indicators"].items():
        indicator = edition.indicator(code)
        percent, other = books.percent(indicator), cell.get("without_exclusions") or {"value": None}
        body.append([
            f"{code} {books.title(indicator)}", value_text(cell["value"], percent), counted(cell, indicator),
            *(display.count(cell[name]) for name in ("pending", "unjudgeable", "excluded")),
            value_text(other["value"], percent),
        ])  # fmt: skip
    return table(columns, body, label=t("The indicators"))


def of_figures(key: str, counts: Mapping[str, int], edition: Edition, period: str, as_of: datetime) -> Safe:
    """Any other figure of a page, with those beside it; `counts` are those of the one that was asked for."""
    first, *others = list(figures.of_page(key))
    said = [
        (t(figures.NAMES[first]), t(figures.DEFINITIONS[first])),
        *((t(COUNTS[name]), display.count(number)) for name, number in counts.items()),
        (t("Period"), period),
        (t("Edition"), edition.code),
        (t("Data as of"), display.exact(as_of)),
    ]
    beside = facts([(t(figures.NAMES[other]), t(figures.DEFINITIONS[other])) for other in others])
    return safe(facts(said), safe(tag("h2", t("Beside it on this page")), beside) if others else None)


def told(cell: Row, indicator: Indicator, edition: Edition, as_of: datetime) -> list[tuple[str, str]]:
    """Name and words of everything that stands behind an indicator's value."""
    percent = books.percent(indicator)
    none = t("no value: neither 0 nor 100 %")
    value = none if cell["value"] is None else value_text(cell["value"], percent)
    span = (value_text(float(end), percent) for end in (indicator.floor, indicator.target))
    left_out = (("pending", "pending"), ("unjudgeable", "unjudgeable"), ("excluded", "excluded"))
    return [
        (f"{indicator.code} {books.title(indicator)}", value),
        (t("Definition"), t(MEANINGS[indicator.formula])),
        *_limits(indicator, edition),
        (t("Counted"), counted(cell, indicator)),
        (t("95 % interval"), _interval(cell, indicator, percent)),
        (t("Left beside the rate"), "  ".join(f"{t(name)} {display.count(cell[key])}" for name, key in left_out)),
        (t("Points"), t("from {floor} to {target}, weight {weight}", floor=next(span), target=next(span),
                        weight=f"{float(indicator.weight):g}")),
        (t("Edition"), f"{edition.code} · {indicator.clause}"),
        (t("Data as of"), display.exact(as_of)),
    ]  # fmt: skip


def _limits(indicator: Indicator, edition: Edition) -> list[tuple[str, str]]:
    """The limits that score a clock: how long, for whom, by which document."""
    if indicator.formula != "clock":
        return []
    step, kind = edition.step(indicator.options["step"]), indicator.options["kind"]
    limits = [f"{rulebook.amount(limit)} {rulebook.condition(limit.where.items())}".strip()
              for limit in step.limits_of(kind)]  # fmt: skip
    return [(rulebook.kind_word(kind), f"{books.title(step)}: {' · '.join(limits) or t('not judged in this edition')}")]


def _interval(cell: Row, indicator: Indicator, percent: bool) -> str:
    drawn = indicator.formula in BOOTSTRAPPED
    method = t(INTERVALS["bootstrap" if drawn else indicator.interval])
    if cell["low"] is None:
        return (
            method if indicator.interval == "none" and not drawn else t("none: no value, or too few parts to draw from")
        )
    return t("{low} to {high} ({method})", low=value_text(cell["low"], percent),
             high=value_text(cell["high"], percent), method=method)  # fmt: skip
