"""How far reviewers agree, and what each way of looking found, made ready to be shown (一致性)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from checks.agreement import FEW, Agreement, Estimate, Severity, share
from checks.rulebook.model import SheetItem
from dashboard.queries.agreement import SHEETS, VIDEO, Looking, Person, Reviewing
from dashboard.queries.offices import Tree
from dashboard.texts import t
from dashboard.web import books, display
from dashboard.web.components.blocks import Column, figure, figures, go, says, table, word
from dashboard.web.markup import Safe, safe, tag
from dashboard.web.views.inspections import WAYS

Link = Callable[..., str]
CALLS = {"stricter": "stricter than the others", "milder": "milder than the others"}
DRIFTS = {"stricter": "stricter than before", "milder": "milder than before"}


def overall(found: Reviewing) -> Safe:
    """The figures of all drawn second looks, with what they allow to conclude."""
    one = found.overall
    told = [(one.percent, t("same decision"), True), (one.ac1, t("beyond chance (AC1)"), False),
            (one.kappa, t("beyond chance (kappa)"), False)]  # fmt: skip
    marks = [figure(one.n, t("samples judged twice, drawn by lot"))]
    marks += [figure(_value(estimate, rate), f"{words} {_ends(estimate, rate)}") for estimate, words, rate in told]
    paradox = t("Kappa falls where nearly all samples are alike although people agree; AC1 does not.")
    left_out = says(_left_out(found.others)) if found.others else None
    return safe(figures(marks), says(conclusion(one)), left_out, says(paradox))


def conclusion(one: Agreement) -> str:
    """What may be concluded from an agreement, in one sentence."""
    if one.n < FEW or one.ac1 is None:
        return t("Too few samples were judged twice to conclude anything: {n} of at least {few}.", n=one.n, few=FEW)
    if one.ac1.low >= 0.6:
        return t("Another reviewer would most likely decide the same: even the low end of the interval is {low}.",
                 low=display.rounded(one.ac1.low, 2))  # fmt: skip
    if one.ac1.high < 0.6:
        return t("Decisions depend on who looks: even the high end of the interval is {high}. Speak about the cases.",
                 high=display.rounded(one.ac1.high, 2))  # fmt: skip
    return t("It cannot be told yet whether another reviewer would agree: the interval runs from {low} to {high}.",
             low=display.rounded(one.ac1.low, 2), high=display.rounded(one.ac1.high, 2))  # fmt: skip


def _left_out(others: int) -> str:
    return t("{n} second looks that a decision called for (grave, unsure) are left out: they were not drawn by lot.",
             n=others)  # fmt: skip


def pairs(found: Reviewing) -> Safe:
    columns = [Column(t("Reviewers"), "head"), *_measures()]
    body = [[f"{one} · {other}", *_agreement(told)] for one, other, told in found.pairs]
    return table(columns, body, label=t("Pairs of reviewers"))


def items(found: Reviewing, titles: Mapping[str, SheetItem]) -> Safe:
    columns = [Column(t("Item"), "head"), *_measures()]
    body = [[_titled(code, titles), *_agreement(told)] for code, told in found.items]
    return table(columns, body, label=t("Items of the sheet"))


def _titled(code: str, titles: Mapping[str, SheetItem]) -> str:
    return f"{code} {books.title(titles[code])}" if code in titles else code


def _measures() -> list[Column]:
    return [Column(t("Judged twice"), "num"), Column(t("Same decision"), "num"), Column("AC1", "num"),
            Column(t("AC1 with its interval"), "wide"), Column(t("Kappa"), "num"), Column("")]  # fmt: skip


def _agreement(one: Agreement) -> list[object]:
    few = word(t("too few to conclude")) if one.n < FEW else ""
    return [
        display.count(one.n),
        tag("span", _value(one.percent, True), title=_ends(one.percent, True)),
        tag("span", _value(one.ac1, False), title=_ends(one.ac1, False)),
        _whisker(one.ac1, -1.0, 1.0, zero=0.0),
        tag("span", _value(one.kappa, False), title=_ends(one.kappa, False)),
        few,
    ]


def people(found: Reviewing) -> Safe:
    """Gold samples and severity per person."""
    columns = [Column(t("Who reviewed"), "head"), Column(t("Known violations found"), "num"), Column(""),
               Column(t("False alarms"), "num"), Column(""), Column(t("Violations among first looks"), "num"),
               Column(t("All others"), "num"), Column(t("Strict or mild"))]  # fmt: skip
    body = [
        [
            one.name,
            _count(one.gold.hits, one.gold.violations), _whisker(one.gold.hit_rate, 0.0, 1.0),
            _count(one.gold.alarms, one.gold.clean), _whisker(one.gold.alarm_rate, 0.0, 1.0),
            _count(one.severity.violations, one.severity.n),
            _count(one.severity.others_violations, one.severity.others),
            severity(one),
        ]
        for one in found.people
    ]  # fmt: skip
    return table(columns, body, label=t("Reviewers"))


def severity(one: Person) -> Safe:
    """Words only where chance alone would seldom say so."""
    told = [word(t(CALLS[one.severity.called]), "soon")] if one.severity.called else []
    told += [word(t(DRIFTS[one.drifts]), "soon")] if one.drifts else []
    if told:
        return safe(*told)
    small = one.severity.n < FEW
    return tag("span", t("too few to conclude") if small else t("no difference beyond chance"), class_="quiet")


def months(found: Reviewing) -> Safe:
    """Each person's share of violations month by month, against the others of the same month."""
    every = sorted({month for one in found.people for month in one.months})
    columns = [Column(t("Who reviewed"), "head"), *(Column(month, "num") for month in every)]
    body = [[one.name, *(_month(one.months.get(month)) for month in every)] for one in found.people]
    return table(columns, body, label=t("Severity by month"))


def _month(one: Severity | None) -> object:
    if one is None:
        return display.NONE
    against = share(one.others_violations, one.others)
    title = t("others: {rate} of {n}", rate=_value(against, True), n=one.others)
    cell = tag("span", _count(one.violations, one.n), title=title)
    return safe(cell, " ", word(t(CALLS[one.called]), "soon")) if one.called else cell


def ways(rows: Sequence[Looking], tree: Tree, link: Link) -> Safe:
    """What each way of looking found, side by side."""
    kinds = (VIDEO, *SHEETS)
    columns = [Column(t("Office"), "head main"), *(Column(t(WAYS[kind]), "num") for kind in kinds), Column(t("Lead"))]
    body = [
        [go(link("agreement", office=one.office), tree.name(one.office)),
         *(_way(one.ways.get(kind, (0, 0))) for kind in kinds), _gaps(one)]
        for one in rows
    ]  # fmt: skip
    return table(columns, body, label=t("Ways of looking"))


def _way(count: tuple[int, int]) -> Safe:
    estimate = share(*count)
    if estimate is None:
        return tag("span", display.NONE, title=t("nobody looked"))
    return safe(tag("span", _value(estimate, True), title=_ends(estimate, True)), " ",
                tag("small", _count(*count), class_="quiet"), _whisker(estimate, 0.0, 1.0))  # fmt: skip


def _gaps(one: Looking) -> Safe:
    told = [
        word(t("{one} and {other} differ by {gap}", one=t(WAYS[gap.one]), other=t(WAYS[gap.other]),
               gap=display.points_apart(abs(gap.difference)).lstrip("+")), "soon")
        for gap in one.gaps
    ]  # fmt: skip
    return safe(*told) if told else tag("span", display.NONE)


def _value(estimate: Estimate | None, rate: bool) -> str:
    if estimate is None:
        return display.NONE
    return display.rate(estimate.value) if rate else display.rounded(estimate.value, 2)


def _ends(estimate: Estimate | None, rate: bool) -> str:
    if estimate is None:
        return ""
    ends = [display.rate(end) if rate else display.rounded(end, 2) for end in (estimate.low, estimate.high)]
    return t("{low} to {high}", low=ends[0], high=ends[1])


def _count(part: int, of: int) -> str:
    return f"{display.count(part)}/{display.count(of)}"


def _whisker(estimate: Estimate | None, least: float, most: float, zero: float | None = None) -> Safe:
    """The interval as a line with its value as a dot; a thin line where chance alone would be."""
    if estimate is None:
        return Safe("")

    def place(value: float) -> float:
        return round(100 * (value - least) / (most - least), 1)

    low, high = place(estimate.low), place(estimate.high)
    rule = [tag("s", style=f"left:{place(zero)}%")] if zero is not None else []
    line = tag("i", style=f"left:{low}%;width:{max(high - low, 0.5)}%")
    dot = tag("u", style=f"left:{place(estimate.value)}%")
    return tag("span", *rule, line, dot, class_="span", role="img",
               aria_label=f"{display.rounded(estimate.value, 2)} ({_ends(estimate, False)})")  # fmt: skip
