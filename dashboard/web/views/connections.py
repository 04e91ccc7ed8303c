"""Connections against their limits (业扩): figures, finished flows by class, steps, answers of the forms."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from statistics import median

from dashboard.queries.connections import CLASSES, Flow, Leg
from dashboard.queries.offices import Tree
from dashboard.texts import t
from dashboard.web import display
from dashboard.web.charts.ageing import state_of
from dashboard.web.charts.multiples import image
from dashboard.web.components.ask import ask, beside
from dashboard.web.components.blocks import Column, figure, figures, go, table, word
from dashboard.web.markup import Safe, tag
from dashboard.web.palette import Palette
from dashboard.web.views import names

Link = Callable[..., str]
LISTED = 25
BARS, WIDEST = 20, 2.0
"""The distribution: twenty bars up to twice the limit, everything slower in the last one."""
STATES = {"late": ("over the limit", "breach"), "soon": ("about to breach", "soon"), "running": ("in time", "fine")}


def summary(flows: Sequence[Flow], finished: Sequence[Flow], link: Link) -> Safe:
    """How many are open, over their limit, close to it; finished ones; with doors to their records."""
    states = [state_of(flow) for flow in flows if flow.limit]
    judged = [flow for flow in finished if flow.state in ("on_time", "late")]
    within = sum(1 for flow in judged if flow.state == "on_time")
    left_out = {
        "pending": sum(1 for flow in finished if flow.state == "pending"),
        "unjudgeable": sum(1 for flow in finished if flow.state == "unjudgeable"),
        "excluded": sum(1 for flow in finished if flow.state == "excluded"),
    }
    return figures([
        beside(figure(display.count(len(flows)), t("open connections")), ask("connections.open", n=len(flows))),
        beside(figure(states.count("late"), t("open and over their limit"), tone="breach" if "late" in states else ""),
               ask("connections.over", n=len(states))),
        beside(figure(states.count("soon"), t("past three quarters of it"), tone="soon" if "soon" in states else ""),
               ask("connections.soon", n=len(states))),
        beside(figure(display.count(len(finished)), t("connected in the period"),
                      href=link("records", record="applications")), ask("connections.finished", n=len(finished))),
        beside(
            figure(display.rate(within / len(judged)) if judged else display.NONE,
                   t("of them within the limit ({n} judged)", n=display.count(len(judged))),
                   href=link("records", record="applications", indicator="C1")),
            ask("connections.within", n=len(judged), **left_out),
        ),
        beside(figure(display.count(sum(1 for flow in (*flows, *finished) if flow.paused)), t("with a pause")),
               ask("connections.paused", n=len(flows) + len(finished))),
    ])  # fmt: skip


def open_flows(flows: Sequence[Flow], tree: Tree, now: datetime, link: Link) -> Safe:
    """The flows that have used most of their time, first."""
    columns = [
        Column(t("Number"), "head keep"), Column(t("Office"), "keep"), Column(t("Class")), Column(t("Step reached")),
        Column(t("Working days"), "num"), Column(t("Allowed"), "num"), Column(t("Deadline"), "num"), Column(t("State")),
    ]  # fmt: skip
    return table(columns, [_open(flow, tree, now, link) for flow in flows[:LISTED]], label=t("Open connections"))


def _open(flow: Flow, tree: Tree, now: datetime, link: Link) -> list[object]:
    text, tone = STATES[state_of(flow)]
    limit = display.NONE if flow.limit is None else f"{flow.limit}"
    paused = tag("small", t(" + {n} paused", n=flow.paused)) if flow.paused else None
    return [
        go(link("record", record="applications", number=flow.number), flow.number),
        go(link("office", office=flow.office), tree.name(flow.office)),
        names.value(flow.kind or display.NONE),
        names.column(flow.reached),
        flow.days,
        tag("span", limit, paused),
        tag("span", display.moment(flow.deadline, now), title=display.exact(flow.deadline)),
        word(t(text), tone) if flow.limit else word(t("no limit")),
    ]


def finished_flows(flows: Sequence[Flow], link: Link, colours: Palette) -> Safe:
    """Per class: how many, the middle and the slowest, how many within the limit, and all of them as a distribution."""
    columns = [
        Column(t("Class"), "head main"), Column(t("Flows"), "num"), Column(t("Limit"), "num"),
        Column(t("Middle (working days)"), "num"), Column(t("Slowest"), "num"), Column(t("Within the limit"), "num"),
        Column(t("Distribution against the limit"), "wide", t("The line is the limit; the right edge is twice it.")),
    ]  # fmt: skip
    kinds = [kind for kind in (*CLASSES, None) if any(flow.kind == kind for flow in flows)]
    return table(columns, [_kind(kind, [f for f in flows if f.kind == kind], link, colours) for kind in kinds],
                 label=t("Finished connections"))  # fmt: skip


def _kind(kind: str | None, flows: Sequence[Flow], link: Link, colours: Palette) -> list[object]:
    days, limits = [flow.days for flow in flows], [flow.limit for flow in flows if flow.limit]
    judged = [flow for flow in flows if flow.state in ("on_time", "late")]
    within = sum(1 for flow in judged if flow.state == "on_time")
    rate = f"{display.rate(within / len(judged))} ({within} / {len(judged)})" if judged else display.NONE
    late = link("records", record="applications", indicator="C1", verdict="late")
    return [
        names.value(kind or display.NONE), display.count(len(flows)),
        t("{n} working days", n=limits[0]) if limits else display.NONE, display.rounded(float(median(days)), 1),
        display.count(max(days)), go(late, rate) if judged else rate,
        _distribution([flow.days / flow.limit for flow in flows if flow.limit], colours) if limits else t("no limit"),
    ]  # fmt: skip


def _distribution(shares: Sequence[float], colours: Palette) -> Safe:
    """Counts per twentieth of twice the limit; beyond the limit in the colour of a breach."""
    counts = [0] * BARS
    for share in shares:
        counts[min(int(share / WIDEST * BARS - 1e-9), BARS - 1)] += 1
    most, step = max(counts), 200 / BARS
    bars = [
        tag("rect", x=f"{place * step:.1f}", y=f"{24 - 22 * count / most:.1f}", width=f"{step - 1:.1f}",
            height=f"{22 * count / most:.1f}", fill=colours.breach if place >= BARS / 2 else colours.accent)
        for place, count in enumerate(counts) if count
    ]  # fmt: skip
    line = tag("line", x1="100", x2="100", y1="0", y2="24", stroke=colours.breach, stroke_dasharray="3 2")
    over = sum(1 for share in shares if share > 1)
    said = t("{n} finished, {over} over the limit", n=len(shares), over=over)
    return image([*bars, line], 200, 24, said)


def steps(legs: Sequence[Leg]) -> Safe:
    """Where the days go: working days between two steps."""
    columns = [
        Column(t("Class"), "head main"), Column(t("From step")), Column(t("To step")), Column(t("Flows"), "num"),
        Column(t("Middle (working days)"), "num"), Column(t("Slowest tenth from"), "num"),
    ]  # fmt: skip
    rows = [[names.value(leg.kind), names.column(leg.start), names.column(leg.end), display.count(leg.count),
             display.rounded(leg.median, 1), display.rounded(leg.slow, 1)] for leg in legs]  # fmt: skip
    return table(columns, rows, label=t("Steps"))
