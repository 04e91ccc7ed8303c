"""Every other line as a small picture (专业指标): title, unit, which way is better, target, months, year on year."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from checks.measures import Measure, Threshold
from dashboard.queries.lines import Month, Place, Position, Series
from dashboard.queries.offices import Tree
from dashboard.queries.opinion import Answer, Event
from dashboard.queries.plain_records import Plain
from dashboard.texts import current_language, t
from dashboard.web import display
from dashboard.web.charts.multiples import small
from dashboard.web.components.blocks import Column, go, more, table, word
from dashboard.web.markup import Safe, safe, tag
from dashboard.web.palette import Palette
from dashboard.web.views import names
from dashboard.web.views.today import countdown

Link = Callable[..., str]
UNITS = {
    "ratio": "ratio", "count": "number", "seconds": "seconds", "hours": "hours", "yuan": "yuan", "points": "points",
    "rank": "place",
}  # fmt: skip
DIRECTIONS = {"more": "more is better", "less": "less is better", "none": "describes only"}
ARROWS = {"more": "↑ ", "less": "↓ ", "none": ""}
GROUPS = {
    "fees": "Fees and arrears", "loss": "Line loss", "load": "Load", "reading": "Meter reading",
    "balance": "Balances, top-ups and remote switching", "change": "Meter replacement", "calls": "Call centre",
    "satisfaction": "Satisfaction, by the way of asking", "visits": "Visits, call-backs and cards",
    "opinion": "Public opinion", "care": "Care and inspection of customers", "solar": "Solar connections",
    "supply": "Outage notices, reliability and voltage", "benchmark": "Among other companies",
    "conduct": "Conduct and reports", "other": "Further lines",
}  # fmt: skip
"""Groups of lines in the order of the page; msgids. A company's own group stands last under its own name."""
KINDS = {"law": "law", "promise": "promise", "internal": "internal"}
"""What a threshold is: three different things; msgids."""
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
    if unit in ("count", "hours", "rank"):
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
        tag("span", limits(series), class_="quiet small") if series.measure.thresholds else None,
        title=definition(series.measure), class_="panel",
    )  # fmt: skip


def grouped(all_series: Sequence[Series]) -> list[tuple[str, list[Series]]]:
    """The series by the group of their line, in the order of the page; each group with its title."""
    found: dict[str, list[Series]] = {}
    for series in all_series:
        found.setdefault(series.measure.group, []).append(series)
    order = [*(name for name in GROUPS if name in found), *(name for name in found if name not in GROUPS)]
    return [(t(GROUPS[name]) if name in GROUPS else name, found[name]) for name in order]


def limits(series: Series) -> list[object]:
    """What the line is held to, law, promise and internal limit apart, each with its source; beyond which it is."""
    beyond = series.beyond
    told: list[object] = []
    for one in series.measure.thresholds:
        sign = "≤" if one.above is not None else "≥"
        text = f"{t(KINDS[one.kind])} {sign} {shown(series, float(one.limit))}{'（p）' if '(p)' in one.source else ''}"
        told += [word(f"{passed(one)} · {text}", "breach", one.source) if one is beyond
                 else tag("span", text, title=one.source), " "]  # fmt: skip
    return told


def passed(threshold: Threshold) -> str:
    """What lies beyond a threshold is called."""
    named = threshold.title if current_language() == "zh" else threshold.title_en
    return named or t("beyond the limit")


def league_table(found: tuple[str, list[Place]], whole: Series, tree: Tree, link: Link) -> Safe:
    """Who is better in this line: place, value, how far the best and the mean are, and who is beyond a threshold."""
    columns = [
        Column(t("Place"), "num"), Column(t("Office"), "head"), Column(t("Value"), "num keep"),
        Column(t("Denominator"), "num"), Column(t("To the best"), "num"), Column(t("To the mean"), "num"),
        Column(t("Threshold"), "wide"),
    ]  # fmt: skip
    body = [
        [display.count(one.rank) if one.rank else display.NONE, go(link(office=one.office), tree.name(one.office)),
         shown(whole, one.month.value),
         display.NONE if one.month.denominator is None else display.count(round(one.month.denominator)),
         apart(whole, one.to_best), apart(whole, one.to_mean),
         word(passed(one.beyond), "breach", one.beyond.source) if one.beyond else display.NONE]
        for one in found[1]
    ]  # fmt: skip
    return table(columns, body, label=t("League of this line"))


def apart(series: Series, difference: float | None) -> str:
    if difference is None:
        return display.NONE
    return display.points_apart(difference) if series.measure.unit == "ratio" else display.signed(difference, 2)


def standing(series: Series, found: Position) -> Safe:
    """第 48 位 of 62: the sentence in which a company's place among others is told."""
    return tag("p", t(
        "{title}: place {rank} of {of}, {bottom} from the bottom; {best} to the best, {mean} to the mean.",
        title=title(series.measure), rank=found.rank, of=found.of, bottom=found.from_bottom,
        best=apart(series, found.to_best), mean=apart(series, found.to_mean),
    ))  # fmt: skip


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


# --- events of public opinion -----------------------------------------------------------------------------------------

ANSWERED = {"on_time": ("in time", "fine"), "late": ("late", "breach")}
"""How a clock of an event was met → (msgid, tone)."""


def events_said(found: Sequence[Event]) -> list[str]:
    """Of each clock how many were met in time, of those that ended or ran out; those still running are in neither."""
    said = []
    for rule in {answer.rule.code: answer.rule for event in found for answer in event.answers}.values():
        states = [answer.state for event in found for answer in event.answers if answer.rule.code == rule.code]
        judged = [state for state in states if state != "running"]
        clock = rule.title if current_language() == "zh" else rule.title_en
        said.append(t("{clock}: {good} of {n} in time", clock=clock, good=judged.count("on_time"), n=len(judged)))
    return said


def events_table(found: Sequence[Event], tree: Tree, now: datetime, link: Link) -> Safe:
    """Each event with its clocks: a countdown while one runs, else whether and after how long it was met."""
    rules = {answer.rule.code: answer.rule for event in found for answer in event.answers}
    columns = [
        Column(t("Number"), "head keep"), Column(t("Accepted"), "num"), Column(t("Office"), "keep"),
        Column(t("Source")), Column(t("Severity")),
        *(Column(rule.title if current_language() == "zh" else rule.title_en) for rule in rules.values()),
        Column(names.column("substantiated")),
    ]  # fmt: skip
    body = []
    for event in found:
        answers = {answer.rule.code: answer for answer in event.answers}
        clocks = [_clock(event, answers[code], now) if code in answers else display.NONE for code in rules]
        body.append([
            go(link("record", record="tickets", number=event.number), event.number), display.moment(event.at, now),
            go(link("office", office=event.office), tree.name(event.office)), event.source,
            names.value(event.severity) if event.severity else display.NONE, *clocks,
            names.value(event.responsible) if event.responsible else display.NONE,
        ])  # fmt: skip
    return table(columns, body, label=t("Public-opinion events"))


def _clock(event: Event, answer: Answer, now: datetime) -> Safe:
    if answer.done is None:
        return countdown(answer.due, now)
    words, tone = ANSWERED[answer.state]
    return safe(word(t(words), tone), " ", display.duration((answer.done - event.at).total_seconds()))
