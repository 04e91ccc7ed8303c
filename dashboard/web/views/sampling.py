"""How samples are drawn (抽查安排): a hall's month, filings, the slots, a day's draw, samples outside it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, time
from typing import Any

from checks.judge.samples import SlotDays, SlotTime
from dashboard.queries.extra_samples import Extra
from dashboard.queries.hall_days import HallDay
from dashboard.queries.offices import Tree
from dashboard.texts import current_language, t
from dashboard.web import display
from dashboard.web.components.blocks import Column, facts, go, more, says, table, word
from dashboard.web.markup import Safe, safe, tag
from dashboard.web.views import names
from dashboard.web.views.calendar import WEEKDAYS

Link = Callable[..., str]
Row = Mapping[str, Any]
KINDS = {
    "closed": "hall closed", "hours": "open at other hours", "opening": "open on a day off",
    "fault": "open, but power or cameras fail",
}  # fmt: skip
"""Kinds of filing; msgids."""
TITLES = {"hours": "Opening days", "slots": "Slots", "draw": "The draw of a day", "extra": "Outside the draw"}
"""The parts of the page; msgids."""


def month(days: Sequence[HallDay], hall: str, today: date) -> Safe:
    """A month of one hall: its hours, what was filed, how many samples are due."""
    letters = WEEKDAYS["zh" if current_language() == "zh" else "en"]
    blanks = [tag("span", "") for _ in range(days[0].day.isoweekday() - 1)]
    cells = [_cell(one, today) for one in days]
    said = t("{hall}: {open} days open, {closed} closed, {late} filings came late.", hall=hall,
             open=sum(one.open for one in days), closed=sum(not one.open for one in days),
             late=sum(one.too_late for one in days))  # fmt: skip
    head = [tag("i", letter) for letter in letters]
    return safe(tag("div", head, blanks, cells, class_="hallmonth"), says(said))


def _cell(one: HallDay, today: date) -> Safe:
    kind = "closed hatched" if not one.open else "fault" if one.fault else "open"
    now = " today" if one.day == today else ""
    hours = t("hall closed") if not one.open else f"{_clock(one.opens)}–{_clock(one.closes)}"
    due = t("{n} due", n=len(one.due)) if one.due else t("none due")
    marks = [word(t("filed late"), "soon")] if one.too_late else []
    title = " · ".join(filter(None, (one.day.isoformat(), hours, one.reason, due)))
    return tag("div", tag("b", str(one.day.day)), tag("span", hours), tag("small", one.reason) if one.reason else None,
               tag("small", due, class_="quiet"), marks, class_=f"{kind}{now}", title=title)  # fmt: skip


def _clock(at: time | None) -> str:
    return display.NONE if at is None else "24:00" if at == time.max else f"{at:%H:%M}"


def filings(found: Sequence[HallDay], tree: Tree, now: datetime) -> Safe:
    """What was filed and for when; late ones say which slots stay due."""
    columns = [
        Column(t("Hall"), "head main"), Column(t("Day"), "num keep"), Column(t("Filing")), Column(t("Why"), "wide"),
        Column(t("Filed"), "num keep"), Column(t("By")), Column(t("In time?")),
    ]  # fmt: skip
    body = [
        [tree.name(one.hall), display.day(one.day), _filed(one), one.reason or one.note or display.NONE,
         display.moment(one.filed_at, now) if one.filed_at else display.NONE, one.by or display.NONE, _in_time(one)]
        for one in found
    ]  # fmt: skip
    return table(columns, body, label=t("Filings"))


def _filed(one: HallDay) -> str:
    if not one.open:
        return t(KINDS["closed"])
    return t(KINDS["fault"]) if one.fault else f"{_clock(one.opens)}–{_clock(one.closes)}"


def _in_time(one: HallDay) -> Safe:
    if one.late:
        slots = t(", ").join(str(number) for number in one.late)
        return word(t("late: slot {slots} stays due", slots=slots), "soon")
    return word(t("late: the day was over"), "soon") if one.too_late else word(t("in time"), "fine")


def late_by_hall(found: Sequence[HallDay], tree: Tree) -> Safe:
    """Halls by their late filings; those without one are left out."""
    counts: dict[str, list[int]] = {}
    for one in found:
        several = counts.setdefault(one.hall, [0, 0])
        several[0] += 1
        several[1] += one.too_late
    late = [(hall, filed, late) for hall, (filed, late) in counts.items() if late]
    rows = sorted(late, key=lambda row: (-row[2], row[0]))
    columns = [Column(t("Hall"), "head main"), Column(t("Days filed"), "num"), Column(t("of these late"), "num")]
    return table(columns, [[tree.name(hall), str(n), str(late)] for hall, n, late in rows],
                 label=t("Late filings by hall"))  # fmt: skip


def slots(found: SlotDays, today: date) -> Safe:
    """The slots of today and every change that is decided."""
    columns = [Column(t("Slot"), "head main"), Column(t("From"), "num"), Column(t("To"), "num"),
               Column(t("Minutes"), "num")]  # fmt: skip
    parts = [table(columns, _slot_rows(found.on(today)), label=t("Slots of today"))]
    for since, coming in found.changes:
        if since > today:
            parts.append(more(t("From {day} on", day=display.day(since)),
                              table(columns, _slot_rows(coming), label=t("Slots to come")), opened=True))  # fmt: skip
    return safe(*parts)


def _slot_rows(found: Sequence[SlotTime]) -> list[list[object]]:
    return [[str(slot.number), f"{slot.starts:%H:%M}", f"{slot.ends:%H:%M}", str(_minutes(slot))] for slot in found]


def _minutes(slot: SlotTime) -> int:
    return (slot.ends.hour - slot.starts.hour) * 60 + slot.ends.minute - slot.starts.minute


def draw(plan: Row, now: datetime) -> Safe:
    """The seal of a day and whether it is open yet."""
    sealed = plan["sealed_at"]
    return facts([
        (t("Commitment"), tag("code", plan["commitment"], class_="wrap") if plan["commitment"] else display.NONE),
        (t("Sealed"), display.exact(sealed) if sealed else t("not sealed yet; the worker does it the evening before")),
        (t("Seed"), tag("code", plan["seed"], class_="wrap") if plan["seed"]
         else t("kept until the last slot has ended")),
    ])  # fmt: skip


def moments(rows: Sequence[Row], tree: Tree, link: Link) -> Safe:
    """The drawn moments of slots that have ended; the others stay unknown."""
    columns = [Column(t("Hall"), "head main"), Column(t("Slot"), "num"), Column(t("Drawn moment"), "num keep"),
               Column(t("Sample"))]  # fmt: skip
    body = [
        [tree.name(row["hall"]), str(row["slot"]),
         display.exact(row["planned_at"]) if row["planned_at"] else t("not taken") if row["ended"]
         else t("not told before the slot has ended"),
         go(link("review", sample=f"{row['hall']}-{row['date']}-{row['slot']}"), t("open")) if row["planned_at"]
         else display.NONE]
        for row in rows
    ]  # fmt: skip
    return table(columns, body, label=t("Drawn moments"))


def recompute(plan: Row, spans: Mapping[int, SlotTime]) -> str | None:
    """The call of docs/verify_draw.py for the first drawn moments of the day; None before the seed is told."""
    if not plan["seed"]:
        return None
    drawn = [row for row in plan["rows"] if row["planned_at"] and row["slot"] in spans][:5]
    told = [f"{row['hall']} {row['slot']} {spans[row['slot']].starts:%H:%M} {spans[row['slot']].ends:%H:%M}"
            for row in drawn]  # fmt: skip
    return " ".join(["python verify_draw.py", plan["date"], plan["commitment"], plan["seed"], *told])


def extras(found: Sequence[Extra], tree: Tree, now: datetime, link: Link) -> Safe:
    """What was asked for outside the draw; each is marked and in no rate."""
    columns = [Column(t("Hall"), "head main"), Column(t("Minute from"), "num keep"), Column(t("Why"), "wide"),
               Column(t("Document")), Column(t("Asked by")), Column(t("State"))]  # fmt: skip
    body = [
        [go(link("review", sample=one.sample), tree.name(one.hall)) if "captured" in one.outcomes
         else tree.name(one.hall),
         display.moment(one.moment, now), one.reason, one.document or display.NONE, one.by, _state(one)]
        for one in found
    ]  # fmt: skip
    return table(columns, body, label=t("Samples outside the draw"))


def _state(one: Extra) -> Safe:
    if not one.outcomes:
        return word(t("waits for the worker"), "soon")
    told = t(", ").join(sorted({names.value(outcome) for outcome in one.outcomes}))
    return word(told, "" if "captured" in one.outcomes else "soon")
