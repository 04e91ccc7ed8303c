"""Every other line as a small picture (专业指标): title, unit, which way is better, target, months, year on year."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from checks.measures import Measure
from dashboard.queries.lines import Month, Series
from dashboard.queries.offices import Tree
from dashboard.queries.plain_records import Plain
from dashboard.texts import current_language, t
from dashboard.web import display
from dashboard.web.charts.multiples import small
from dashboard.web.components.blocks import Column, go, more, table
from dashboard.web.markup import Safe, tag
from dashboard.web.palette import Palette

Link = Callable[..., str]
UNITS = {
    "ratio": "ratio", "count": "number", "seconds": "seconds", "hours": "hours", "yuan": "yuan", "points": "points",
}  # fmt: skip
DIRECTIONS = {"more": "more is better", "less": "less is better", "none": "describes only"}
ARROWS = {"more": "↑ ", "less": "↓ ", "none": ""}
TABLE_MONTHS = 6
FINE = 0.01
"""A rate that moves by less than this over the months is shown with two decimals: one would show nothing."""


def title(measure: Measure) -> str:
    return measure.title if current_language() == "zh" else measure.title_en


def about(measure: Measure) -> str:
    return f"{t(UNITS[measure.unit])} · {ARROWS[measure.direction]}{t(DIRECTIONS[measure.direction])}"


def definition(measure: Measure) -> str:
    """口径: numerator over denominator, as the registry states them."""
    return t("{title}: {numerator} ÷ {denominator}", title=title(measure), numerator=measure.numerator,
             denominator=measure.denominator)  # fmt: skip


def shown(series: Series, value: float | None) -> str:
    """A value in the unit of its line."""
    if value is None:
        return display.NONE
    unit = series.measure.unit
    if unit == "ratio":
        return display.rate(value, _decimals(series))
    if unit in ("count", "hours"):
        return display.count(round(value))
    return display.rounded(value, 1 if unit == "seconds" else 2)


def _decimals(series: Series) -> int:
    known = [month.value for month in series.months if month.value is not None]
    return 2 if known and max(known) - min(known) < FINE else 1


def pictures(
    all_series: Sequence[Series], name: Callable[[Series], str], href: Callable[[Series], str], colours: Palette
) -> Safe:
    """One panel per series that has any value."""
    return tag(
        "div", [_panel(series, name(series), href(series), colours) for series in all_series], class_="multiples"
    )


def _panel(series: Series, name: str, href: str, colours: Palette) -> Safe:
    last, months = series.last, series.months
    target = float(series.indicator.target) if series.indicator else None
    values, before = [month.value for month in months], [month.year_before for month in months]
    picture = small(values, before, series.partial, target, words(series, name), colours)
    goal = t("target {value}", value=shown(series, target)) if target is not None else t("weight 0")
    return go(
        href,
        tag("span", name, class_="name"),
        tag("span", about(series.measure), class_="quiet small"),
        tag("span", tag("b", shown(series, last.value if last else None)), " ", year_on_year(series), class_="value"),
        picture,
        tag("span", [tag("span", text) for text in (months[0].month, goal, months[-1].month)], class_="axis quiet"),
        title=definition(series.measure), class_="panel",
    )  # fmt: skip


def words(series: Series, name: str) -> str:
    """What the picture says, for those who cannot see it."""
    last = series.last
    if last is None:
        return t("{name}: no data in these months.", name=name)
    partial = t(", some offices missing in {n}", n=len(series.partial)) if series.partial else ""
    gaps = sum(1 for month in series.months if month.value is None)
    return t("{name}: {value} in {month}; a year before {before}; {gaps} months without data.", name=name,
             value=shown(series, last.value), month=last.month, before=shown(series, last.year_before),
             gaps=gaps) + partial  # fmt: skip


def difference(series: Series, month: Month | None) -> float | None:
    if month is None or month.value is None or month.year_before is None:
        return None
    return month.value - month.year_before


def year_on_year(series: Series) -> Safe:
    """同比 of the newest month that has a value: better or worse by the line's own direction."""
    change = difference(series, series.last)
    if change is None:
        return tag("small", t("no year before"), class_="quiet")
    percent = series.measure.unit == "ratio"
    text = display.points_apart(change) if percent else display.signed(change, 1)
    if percent and _decimals(series) == 2:
        text = t("{n} pp", n=display.signed(change * 100, 2))
    return tag("small", t("year on year {change}", change=text), class_=_tone(series, change))


def _tone(series: Series, change: float) -> str:
    way = {"more": 1, "less": -1}.get(series.measure.direction, 0) * change
    return "fine" if way > 0 else "soon" if way < 0 else "quiet"


def silent(all_series: Sequence[Series]) -> Safe:
    """Registered lines that nobody reports: named, hatched, no verdict."""
    if not all_series:
        return Safe("")
    chips = [tag("span", title(series.measure), class_="tag hatched", title=definition(series.measure))
             for series in all_series]  # fmt: skip
    return more(
        t("{n} registered lines have no data here", n=len(all_series)), tag("p", [(chip, " ") for chip in chips])
    )


def as_table(all_series: Sequence[Series], name: Callable[[Series], str]) -> Safe:
    """The newest months as figures."""
    months = [month.month for month in all_series[0].months[-TABLE_MONTHS:]]
    columns = [Column(t("Measure"), "head"), *(Column(month, "num") for month in months),
               Column(t("Year on year"), "num"), Column(t("Target"), "num")]  # fmt: skip
    rows = [
        [name(series), *(shown(series, month.value) for month in series.months[-TABLE_MONTHS:]), year_on_year(series),
         shown(series, float(series.indicator.target)) if series.indicator else display.NONE]
        for series in all_series
    ]  # fmt: skip
    return more(t("As a table"), table(columns, rows, label=t("Lines")))


def measure_rows(rows: Sequence[Plain], tree: Tree, known: dict[str, str], link: Link) -> Safe:
    """The rows behind the figures, each with the file and the row that said it."""
    columns = [
        Column(t("Measure"), "head"), Column(t("Office"), "keep"), Column(t("Month")), Column(t("Numerator"), "num"),
        Column(t("Denominator"), "num"), Column(t("Source")), Column(t("File")), Column(t("Row"), "num"),
    ]  # fmt: skip
    body = [
        [go(link("record", record="measures", number=row.number, id=row.id), known.get(row.number, row.number)),
         go(link("office", office=row.office), tree.name(row.office)), row.values["period"], row.values["numerator"],
         row.values["denominator"], row.source, row.file or display.NONE, display.count(row.row_no)]
        for row in rows
    ]  # fmt: skip
    return table(columns, body, label=t("Measures"))
