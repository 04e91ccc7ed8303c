"""Hall reports as a page shows them (营业厅评价): evaluation, contest, provincial report, violation rates."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from checks.hall_evaluation import Part
from dashboard.exports.halls import part_title
from dashboard.texts import t
from dashboard.web import display
from dashboard.web.components.blocks import Column, go, table, word
from dashboard.web.markup import Safe, safe, tag
from dashboard.web.views import marks

Row = Mapping[str, Any]
Link = Callable[..., str]


def evaluation(rows: Sequence[Row], parts: Sequence[Part], link: Link) -> Safe:
    """One row per hall: rank, score, each part, and what is missing."""
    columns = [
        Column(t("Rank"), "num"), Column(t("Hall"), "head main keep"), Column(t("Station"), "keep"),
        Column(t("Score"), "num"), *(Column(part_title(part), "num", part.clause) for part in parts),
        Column(t("Available weight"), "num"), Column(t("Marks")),
    ]  # fmt: skip
    body = [
        [
            display.count(row["rank"]) if row["rank"] else word(t("not ranked"), "", t("too much missing")),
            go(link("office", office=row["office"]), row["name"]),
            row["station"],
            tag("b", display.score(row["score"])),
            *(display.score(row["parts"][part.part]) for part in parts),
            f"{display.rounded(row['available_weight'], 0)} %",
            marks.missing([_title(parts, code) for code in row["missing"]]),
        ]
        for row in rows
    ]
    return table(columns, body, label=t("Hall reports"))


def _title(parts: Sequence[Part], code: str) -> str:
    return next(part_title(part) for part in parts if part.part == code)


def province(rows: Sequence[Row], link: Link) -> Safe:
    """单位, 营业厅数量, 可监控, 本期巡查, 不规范行为."""
    columns = [
        Column(t("Office"), "head main keep"), Column(t("Number of halls"), "num"),
        Column(t("Halls that can be watched"), "num",
               t("Halls with at least one spot-check that showed every window.")),
        Column(t("Halls visited"), "num", t("Halls with at least one spot-check captured.")),
        Column(t("Samples due"), "num"), Column(t("Samples done"), "num"), Column(t("Violations (number)"), "num"),
        Column(t("of them by video"), "num"),
    ]  # fmt: skip
    keys = ("halls", "watchable", "visited", "due", "done", "violations", "by_video")
    body = [
        [go(link("office", office=row["office"]), row["name"]), *(display.count(row[key]) for key in keys)]
        for row in rows
    ]
    return table(columns, body, label=t("Provincial report"))


def rates(rows: Sequence[Row], link: Link) -> Safe:
    """Rate with the interval of the draw, and how many samples nobody has decided yet."""
    columns = [
        Column(t("Office"), "head main keep"), Column(t("Violation rate"), "num"),
        Column(t("95 % interval"), "wide"), Column(t("Samples with a violation"), "num"),
        Column(t("Samples decided"), "num"), Column(t("Samples not decided yet"), "num"),
    ]  # fmt: skip
    across = (0.0, max((row["high"] for row in rows if row["high"] is not None), default=1.0))
    return table(columns, [_rate(row, across, link) for row in rows], label=t("Violation rate"))


def _rate(row: Row, across: tuple[float, float], link: Link) -> list[object]:
    name = go(link("office", office=row["office"]), row["name"])
    if row["value"] is None:
        span: object = display.NONE
    else:
        words = t("{low} to {high}", low=display.rate(row["low"]), high=display.rate(row["high"]))
        span = safe(marks.span(row["low"], row["value"], row["high"], across=across, words=words),
                    tag("small", f" {words}", class_="quiet"))  # fmt: skip
    rate = display.NONE if row["value"] is None else display.rate(row["value"])
    return [name, rate, span, *(display.count(row[key]) for key in ("violations", "decided", "waiting"))]
