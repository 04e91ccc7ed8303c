"""The board of early warnings (预警看板): by level, by what breaches first, each with its story."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from checks.measures import Measure
from checks.warnings.catalogue import Rule
from dashboard.queries.offices import Tree
from dashboard.queries.warnings import LATE, Counts, Deed, Ended, Warned, has_it
from dashboard.texts import current_language, t
from dashboard.web import display
from dashboard.web.components.blocks import Column, figure, figures, go, table, word
from dashboard.web.markup import Safe, safe, tag
from dashboard.web.views import lines, names
from dashboard.web.views.today import countdown

Link = Callable[..., str]
Known = Mapping[str, Measure]
PAGE = 60
"""Warnings on a page: what breaches first is on the first one."""
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
BECAUSE = {
    "stepped": "the step was made", "done": "the record is finished", "excluded": "the record is left out",
    "old": "accepted more than 60 days ago", "moved": "deadline, office or number changed: warned of anew",
    "newer": "a newer month has come", "ended": "it holds no more", "rule": "the rule is no more",
}  # fmt: skip
"""Why a warning is over by itself; msgids."""


def title(rule: Rule) -> str:
    return rule.title if current_language() == "zh" else rule.title_en


def counts(found: Counts, link: Callable[[str | None], str]) -> Safe:
    """How many stand at each level, and how many are past their deadline."""
    return figures([
        *(figure(display.count(found.levels.get(level, 0)), t(words), href=link(level), tone=TONES[level])
          for level, words in LEVELS.items()),
        figure(display.count(found.late), t("past the deadline"), href=link(LATE),
               tone="breach" if found.late else ""),
    ])  # fmt: skip


def number(one: Warned, measures: Known) -> str:
    """What the record is called: its number, a measure by its title."""
    return lines.title(measures[one.number]) if one.number in measures and one.record == "measures" else one.number


def door(one: Warned, tree: Tree, measures: Known, link: Link) -> object:
    """To the record; its number alone where it lies at an office out of sight that handed the warning on."""
    if one.origin not in tree.offices:
        return number(one, measures)
    if one.record == "measures":
        return go(link("lines", measure=one.number, office=one.office), number(one, measures))
    return go(link("record", record=one.record, number=one.number), number(one, measures))


def board(found: Sequence[Warned], chosen: int, tree: Tree, measures: Known, now: datetime, link: Link) -> Safe:
    """Open warnings, what breaches first on top; a line opens its story."""
    columns = [
        Column(t("Time left"), "num"), Column(t("Warned of"), "wide"), Column(t("Number"), "head keep"),
        Column(t("Office"), "keep"), Column(t("Level"), "wide"), Column(t("State")),
        Column(t("Since"), "num keep"),
    ]  # fmt: skip
    body = [
        [countdown(one.due, now) if one.due else display.NONE,
         go(link("warnings", warning=one.id), title(one.rule)),
         door(one, tree, measures, link),
         go(link("office", office=one.office), tree.name(one.office)), stands(one, tree), t(STATES[one.state]),
         display.moment(one.since, now)]
        for one in found
    ]  # fmt: skip
    place = next((index for index, one in enumerate(found) if one.id == chosen), None)
    return table(columns, body, chosen=place, label=t("Open warnings"))


def stands(one: Warned, tree: Tree) -> Safe:
    """The level, and at the higher ones whose it is now."""
    whose = has_it(tree, one)
    name = "" if whose == one.office else f" · {tree.name(whose)}"
    return safe(word(t(LEVELS[one.level]), TONES[one.level]), tag("small", name, class_="quiet") if name else "")


def ended(found: Sequence[Warned], tree: Tree, measures: Known, now: datetime, link: Link) -> Safe:
    """What ended lately, and how."""
    columns = [Column(t("Ended"), "num keep"), Column(t("Warned of"), "wide"), Column(t("Number"), "head keep"),
               Column(t("Office"), "keep"), Column(t("How"), "wide"), Column(t("Customer"))]  # fmt: skip
    body = [
        [display.moment(one.closed_at, now) if one.closed_at else display.NONE, title(one.rule),
         door(one, tree, measures, link), tree.name(one.office), how(one), _satisfied(one)]
        for one in found
    ]  # fmt: skip
    return table(columns, body, label=t("Ended warnings"))


def how(one: Warned) -> str:
    """How it ended, and of what is over by itself why."""
    because = BECAUSE.get(one.because or "")
    return f"{t(STATES[one.state])}{t(': ')}{t(because)}" if because else t(STATES[one.state])


def _satisfied(one: Warned) -> object:
    said = next((deed.satisfied for deed in reversed(one.deeds) if deed.deed == "closed"), None)
    if said is None:
        return display.NONE
    return word(t("satisfied"), "fine") if said else word(t("not satisfied"), "breach")


def rate(found: Ended) -> str:
    """The share closed to the customer's satisfaction, as a sentence; what ended by itself is in neither number."""
    if not found.closed:
        return t("No warning was closed by a person yet.")
    return t("{n} of {all} closed to the customer's satisfaction; {moot} ended by themselves, counted in neither.",
             n=found.satisfied, all=found.closed, moot=found.moot)  # fmt: skip


def story(one: Warned, tree: Tree, measures: Known, now: datetime, link: Link) -> Safe:
    """One warning from its beginning: what holds, since when, what the rule saw, what people did."""
    saw = "" if one.saw is None else f" · {t('the rule saw: {what}', what=one.saw)}"
    lines = [tag("li", f"{display.moment(one.since, now)} · {title(one.rule)}{saw}")]
    lines += [tag("li", _deed(deed, tree, now)) for deed in one.deeds]
    if one.state == "moot" and one.closed_at is not None:
        lines.append(tag("li", f"{display.moment(one.closed_at, now)} · {how(one)}"))
    head = tag("p", f"{names.record(one.record)} ", door(one, tree, measures, link), " · ",
               go(link("office", office=one.office), tree.name(one.office)), " · ", _now(one, tree))  # fmt: skip
    return safe(head, tag("ul", lines))


def _now(one: Warned, tree: Tree) -> Safe:
    """Whose it is, of one that has ended how it did."""
    return stands(one, tree) if one.state in ("open", "acknowledged") else word(how(one))


def _deed(deed: Deed, tree: Tree, now: datetime) -> str:
    what = t(DEEDS[deed.deed], office=tree.name(deed.to_office))
    said = "" if deed.satisfied is None else t("satisfied") if deed.satisfied else t("not satisfied")
    return " · ".join(
        part for part in (display.moment(deed.at, now), f"{deed.by} {what}", deed.note or "", said) if part
    )
