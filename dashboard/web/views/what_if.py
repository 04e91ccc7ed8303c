"""The sandbox beside the real league (试算): who moves, which indicator moved them, what the weights alone decide."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction

from checks.errors import RuleError as RuleError
from checks.rulebook.model import Edition, Indicator
from checks.sandbox import Change
from dashboard.queries.what_if import Moved, Sandbox
from dashboard.texts import t
from dashboard.web import books, display
from dashboard.web.components.ask import ask, beside
from dashboard.web.components.blocks import Column, go, says, section, table, word
from dashboard.web.markup import Safe, safe, tag
from dashboard.web.views.rulebook import amount, condition

Link = Callable[..., str]
PARTS = 3
"""So many indicators are named per office."""


def watermark() -> Safe:
    """What stands across the page: none of this is a result."""
    return tag(
        "div",
        tag("b", t("Sandbox")),
        tag("p", t("Nothing here is a result: it is not stored, frozen or exported.")),
        class_="band sandbox",
        role="status",
    )


def indicators(edition: Edition, level: str) -> dict[str, str]:
    """Indicators of the level that can be changed, by code, as people read them."""
    return {row.code: f"{row.code} {books.title(row)}" for row in edition.at_level(level)}


def limits(edition: Edition) -> dict[str, str]:
    """Limits that are scored, by code, as people read them."""
    return {
        limit.code: f"{books.title(step)} · {condition(limit.where.items())} · {amount(limit)}"
        for indicator in edition.indicators
        if indicator.formula == "clock"
        for step in [edition.step(indicator.options["step"])]
        for limit in step.limits_of(indicator.options["kind"])
    }


def numbers(indicator: Indicator) -> dict[str, float]:
    """Weight, floor and target as they are."""
    return {name: float(getattr(indicator, name)) for name in ("weight", "floor", "target")}


def change_of(edition: Edition, chosen: Mapping[str, Mapping[str, float]], amounts: Mapping[str, int]) -> Change:
    """What was typed, where it differs from the edition."""
    parts: dict[str, dict[str, Fraction]] = {"weight": {}, "floor": {}, "target": {}}
    for code, values in chosen.items():
        for name, value in values.items():
            exact = Fraction(f"{value:.6f}")
            if exact != getattr(edition.indicator(code), name):
                parts[name][code] = exact
    now = {limit.code: limit.amount for step in edition.steps for limit in step.limits}
    changed = {code: number for code, number in amounts.items() if number != now[code]}
    return Change(parts["weight"], parts["floor"], parts["target"], changed)


def result(found: Sandbox, link: Link) -> Safe:
    """One row per office: real and tried rank and score, what moved it, ranks under drawn weights."""
    columns = [
        Column(t("Tried rank"), "num"),
        Column(t("Office"), "head main"),
        Column(t("Real rank"), "num"),
        Column(t("Moves")),
        Column(t("Score"), "num"),
        Column(t("Moved by"), "wide"),
        Column(t("Rank under drawn weights"), "wide"),
    ]
    size = sum(row.after.rank is not None for row in found.rows)
    last = max((row.spread.high for row in found.rows if row.spread), default=max(size, 1))
    return safe(
        beside(section(t("Who would move")), ask("whatif.rank")),
        table(columns, [_row(row, last, link) for row in found.rows], label=t("Who would move")),
        says(t("The line holds 95 % of the ranks under 2,000 draws of the weights around the chosen ones.")),
        says(t("A long line says that the weights decide the place, not the work.")),
    )


def _row(row: Moved, last: int, link: Link) -> list[object]:
    score = safe(_score(row.before.score), " → ", tag("b", _score(row.after.score)))
    parts = [safe(code, " ", _signed(part), " ") for code, part in row.parts[:PARTS]]
    return [
        display.count(row.after.rank),
        go(link("office", office=row.after.office), row.after.name),
        display.count(row.before.rank),
        _places(row.places),
        score,
        safe(parts) if parts else t("nothing"),
        _spread(row, last),
    ]


def _score(value: Fraction | None) -> str:
    return display.NONE if value is None else f"{float(value):.2f}"


def _signed(part: Fraction) -> str:
    return f"{float(part):+.2f}".replace("-", "−")


def _places(places: int | None) -> Safe | str:
    if places is None:
        return display.NONE
    if places == 0:
        return t("stays")
    up = places > 0
    return word(t("{n} up", n=places) if up else t("{n} down", n=-places), "fine" if up else "soon")


def _spread(row: Moved, last: int) -> Safe | str:
    if row.spread is None or row.after.rank is None:
        return display.NONE
    low, high, own = (100 * (rank - 1) / max(last - 1, 1) for rank in (row.spread.low, row.spread.high, row.after.rank))
    words = t("{low} to {high}", low=row.spread.low, high=row.spread.high)
    line = tag("i", style=f"left:{low:.1f}%;width:{high - low:.1f}%")
    dot = tag("u", style=f"left:calc({own:.1f}% - 4px)")
    return safe(tag("span", line, dot, class_="span", title=words), tag("small", words))
