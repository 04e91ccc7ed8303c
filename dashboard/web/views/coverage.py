"""A hall's month of samples (覆盖日历): days and slots, each mark the door to its sample."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date

from dashboard.queries.coverage import Covered, counted
from dashboard.texts import current_language, t
from dashboard.web.components.blocks import says
from dashboard.web.markup import Safe, safe, tag
from dashboard.web.views.calendar import WEEKDAYS
from dashboard.web.views.today import MARKS, cause

Link = Callable[..., str]


def month(rows: Sequence[Sequence[Covered]], hall: str, today: date, link: Link) -> Safe:
    """Days from top to bottom, slots from left to right; a click on a mark is that sample."""
    slots = sorted({one.slot for row in rows for one in row if one.slot})
    head = tag("tr", tag("th", t("Date"), scope="col"),
               [tag("th", t("slot {n}", n=number), scope="col") for number in slots])  # fmt: skip
    body = [_day(row, slots, today, link) for row in rows]
    n = counted(rows)
    said = t(
        "{hall}: {judged} of {due} due samples judged, {waiting} waiting, {blind} not checkable, {missed} missed.",
        hall=hall, due=n["due"], judged=n["judged"], waiting=n["waiting"] + n["flagged"],
        blind=n["not_checkable"], missed=n["missed"],
    )  # fmt: skip
    own = t("{n} of them by you.", n=n["mine"]) if n["mine"] else ""
    return safe(
        says(f"{said} {own}"),
        tag("div", tag("table", tag("thead", head), tag("tbody", body), class_="coverage", aria_label=hall),
            class_="scroll"),
        says(t("A mark is that sample. What waits for a second look waits like any other.")),
    )  # fmt: skip


def _day(row: Sequence[Covered], slots: Sequence[int], today: date, link: Link) -> Safe:
    day = row[0].day
    weekday = WEEKDAYS["zh" if current_language() == "zh" else "en"][day.isoweekday() - 1]
    cells = [tag("td", [_mark(one, link) for one in row if one.slot == number]) for number in slots]
    extra = [_mark(one, link) for one in row if one.slot == 0]
    if extra and cells:
        cells[-1] = tag("td", [_mark(one, link) for one in row if one.slot == slots[-1]], extra)
    head = tag("th", tag("b", str(day.day)), f" {weekday}", scope="row")
    return tag("tr", head, cells, class_="today" if day == today else None)


def _mark(one: Covered, link: Link) -> Safe:
    shape, words = MARKS[one.state] if one.state != "none" else ("", "due, no sample yet")
    said = " · ".join(filter(None, (
        one.day.isoformat(), t("slot {n}", n=one.slot) if one.slot else t("extra sample"), t(words),
        cause(one.cause) if one.cause else "", t("judged by you") if one.mine else "",
    )))  # fmt: skip
    kind = f"mark {one.state}{' hatched' if one.state == 'closed' else ''}{' mine' if one.mine else ''}"
    if one.sample is None or one.state in ("missed", "planned", "captured"):
        return tag("span", shape, class_=kind, title=said, role="img", aria_label=said)
    return tag("a", shape, href=link("review", sample=one.sample), class_=f"mc-go plain {kind}", title=said,
               aria_label=said)  # fmt: skip
