"""The board of early warnings (预警看板): by level, by what breaches first, each with its story."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from checks.warnings.catalogue import Rule
from dashboard.queries.offices import Tree
from dashboard.queries.warnings import Deed, Warned
from dashboard.texts import current_language, t
from dashboard.web import display
from dashboard.web.components.blocks import Column, figure, figures, go, table, word
from dashboard.web.markup import Safe, safe, tag
from dashboard.web.views import names
from dashboard.web.views.today import countdown

Link = Callable[..., str]
LEVELS = {
    "station": "with the station", "reminded": "station reminded", "department": "with the department",
    "leader": "with workstation and leader",
}  # fmt: skip
"""Levels; msgids."""
TONES = {"station": "", "reminded": "soon", "department": "soon", "leader": "breach"}
STATES = {
    "open": "nobody has answered", "acknowledged": "somebody is on it", "closed": "closed by a person",
    "moot": "over by itself",
}  # fmt: skip
DEEDS = {
    "acknowledged": "read it", "handed_on": "handed it on to {office}", "acted": "did something",
    "closed": "closed it",
}  # fmt: skip
SHOWN = 300


def title(rule: Rule) -> str:
    return rule.title if current_language() == "zh" else rule.title_en


def counts(found: Sequence[Warned], now: datetime, link: Callable[[str | None], str]) -> Safe:
    """How many stand at each level, and how many are past their deadline."""
    return figures([
        *(figure(display.count(sum(one.level == level for one in found)), t(words), href=link(level),
                 tone=TONES[level]) for level, words in LEVELS.items()),
        figure(display.count(sum(one.due is not None and one.due < now for one in found)), t("past the deadline"),
               tone="breach" if any(one.due is not None and one.due < now for one in found) else ""),
    ])  # fmt: skip


def board(found: Sequence[Warned], chosen: int, tree: Tree, now: datetime, link: Link) -> Safe:
    """Open warnings, what breaches first on top; a line opens its story."""
    columns = [
        Column(t("Time left"), "num"), Column(t("Warned of"), "wide"), Column(t("Number"), "head keep"),
        Column(t("Office"), "keep"), Column(t("Level"), "wide"), Column(t("State")),
        Column(t("Since"), "num keep"),
    ]  # fmt: skip
    body = [
        [countdown(one.due, now) if one.due else display.NONE,
         go(link("warnings", warning=one.id), title(one.rule)),
         go(link("record", record=one.record, number=one.number), one.number),
         go(link("office", office=one.office), tree.name(one.office)),
         word(t(LEVELS[one.level]), TONES[one.level]), t(STATES[one.state]), display.moment(one.since, now)]
        for one in found[:SHOWN]
    ]  # fmt: skip
    place = next((index for index, one in enumerate(found[:SHOWN]) if one.id == chosen), None)
    return table(columns, body, chosen=place, label=t("Open warnings"))


def ended(found: Sequence[Warned], tree: Tree, now: datetime, link: Link) -> Safe:
    """What ended lately, and how."""
    columns = [Column(t("Ended"), "num keep"), Column(t("Warned of"), "wide"), Column(t("Number"), "head keep"),
               Column(t("Office"), "keep"), Column(t("How")), Column(t("Customer"))]  # fmt: skip
    body = [
        [display.moment(one.closed_at, now) if one.closed_at else display.NONE, title(one.rule),
         go(link("record", record=one.record, number=one.number), one.number), tree.name(one.office),
         t(STATES[one.state]), _satisfied(one)]
        for one in found[:SHOWN]
    ]  # fmt: skip
    return table(columns, body, label=t("Ended warnings"))


def _satisfied(one: Warned) -> object:
    said = next((deed.satisfied for deed in reversed(one.deeds) if deed.deed == "closed"), None)
    if said is None:
        return display.NONE
    return word(t("satisfied"), "fine") if said else word(t("not satisfied"), "breach")


def rate(found: Sequence[Warned]) -> str:
    """The share closed to the customer's satisfaction, as a sentence; what ended by itself is in neither number."""
    closed = [one for one in found if one.state == "closed"]
    if not closed:
        return t("No warning was closed by a person yet.")
    content = sum(any(deed.satisfied for deed in one.deeds) for one in closed)
    return t("{n} of {all} closed to the customer's satisfaction; {moot} ended by themselves, counted in neither.",
             n=content, all=len(closed), moot=len(found) - len(closed))  # fmt: skip


def story(one: Warned, tree: Tree, now: datetime) -> Safe:
    """One warning from its beginning: what holds, since when, what people did."""
    lines = [tag("li", f"{display.moment(one.since, now)} · {title(one.rule)} ({one.rule.source})")]
    lines += [tag("li", _deed(deed, tree, now)) for deed in one.deeds]
    if one.state == "moot" and one.closed_at is not None:
        lines.append(tag("li", f"{display.moment(one.closed_at, now)} · {t('over by itself')}"))
    head = tag("p", f"{names.record(one.record)} {one.number} · {tree.name(one.office)} · ", word(t(LEVELS[one.level]),
               TONES[one.level]))  # fmt: skip
    return safe(head, tag("ul", lines))


def _deed(deed: Deed, tree: Tree, now: datetime) -> str:
    what = t(DEEDS[deed.deed], office=tree.name(deed.to_office))
    said = "" if deed.satisfied is None else t("satisfied") if deed.satisfied else t("not satisfied")
    return " · ".join(
        part for part in (display.moment(deed.at, now), f"{deed.by} {what}", deed.note or "", said) if part
    )
