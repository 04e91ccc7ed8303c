"""Forms, boxes and cards, made ready to be shown (三指定评价表、意见箱、明白卡)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from checks.forms import Thresholds
from dashboard.queries.forms import ACCUSING, Cards, Draft, Opening, Recovery, Sheet
from dashboard.queries.offices import Tree
from dashboard.texts import t
from dashboard.web import display
from dashboard.web.components.blocks import Column, go, table, word
from dashboard.web.markup import Safe, tag
from dashboard.web.views import names

Link = Callable[..., str]
STEPS = {
    "accepted": "Application accepted", "surveyed": "Survey and answer", "designed": "Design", "built": "Construction",
    "supplied": "Supply of material", "inspected": "Final acceptance", "connected": "Energising",
}  # fmt: skip
THINGS = {
    "design": "Were you told which designer to take?", "construction": "Were you told which builder to take?",
    "supply": "Were you told which supplier to take?",
}  # fmt: skip
ANSWER_WORDS = {"yes": "yes", "no": "no", "unknown": "unclear"}
IDENTITY = {
    "application": "Number of the application", "customer": "Customer", "phone": "Telephone",
    "project": "Project", "words": "In the customer's words",
}  # fmt: skip
HANDED_OUT = {"form": "Supplier forms", "notice_card": "Notice cards", "answer_card": "Answer cards"}
STANDINGS = {
    "suspicion": ("accused", "breach"), "insufficient": ("too few came back", "soon"),
    "clean": ("nobody accuses", "fine"), "none": ("no forms", ""),
}  # fmt: skip


def step(code: str) -> Safe:
    return tag("p", tag("b", t(STEPS[code])), class_="sheet-item")


def recovery(found: Sequence[Recovery], tree: Tree, link: Link) -> Safe:
    """Recovery beside suspicion, offices that are accused first."""
    columns = [
        Column(t("Office"), "head main keep"), Column(t("Handed out"), "num"), Column(t("Came back"), "num"),
        Column(t("Share that came back"), "num"), Column(t("Share that accuse"), "num"),
        *(Column(names.column(name), "num") for name in ACCUSING), Column(t("What may be said")),
    ]  # fmt: skip
    ordered = sorted(found, key=lambda one: (-(one.accusing or 0), one.rate or 0.0, one.office))
    return table(columns, [_recovery(one, tree, link) for one in ordered], label=t("Supplier forms"))


def _recovery(one: Recovery, tree: Tree, link: Link) -> list[object]:
    text, tone = STANDINGS[one.standing] if one.standing else ("not told", "")
    rate = display.NONE if one.rate is None else f"{display.rate(one.rate)} ({one.collected} / {one.issued})"
    accusing = display.NONE
    if one.accusing is not None and one.collected:
        accusing = f"{display.rate(one.accusing / one.collected)} ({one.accusing} / {one.collected})"
    yes = one.yes or (None,) * len(ACCUSING)
    return [
        go(link("office", office=one.office), tree.name(one.office)),
        display.NONE if one.issued is None else display.count(one.issued), display.count(one.collected), rate, accusing,
        *(_yes(number) for number in yes), word(t(text), tone),
    ]  # fmt: skip


def _yes(number: int | None) -> Any:
    if number is None:
        return display.NONE
    return word(t("yes ×{n}", n=number), "breach") if number else tag("span", "0", class_="quiet")


def reading(thresholds: Thresholds) -> str:
    """What may and what may not be concluded."""
    return t("Nobody accusing says something only where {share} of the forms came back at least; else it is too few, "
             "not clean. What {n} forms or fewer say, or the forms of a quarter that has not ended, only inspectors "
             "read: others could tell who wrote them. A form is what a customer states, not yet a breach.",
             share=display.rate(float(thresholds.recovery_least), 0), n=thresholds.told_from - 1)  # fmt: skip


def cards(found: Sequence[Cards], tree: Tree, link: Link) -> Safe:
    """明白卡 ÷ acceptances and 答复卡 back ÷ handed out, with n."""
    columns = [
        Column(t("Office"), "head main keep"), Column(t("Class")), Column(t("Accepted"), "num"),
        Column(t("Notice cards issued"), "num"), Column(t("not known"), "num"), Column(t("Answer cards back"), "num"),
    ]  # fmt: skip
    return table(columns, [_cards(one, tree, link) for one in found], label=t("Notice cards and answer cards"))


def _cards(one: Cards, tree: Tree, link: Link) -> list[object]:
    return [
        go(link("office", office=one.office), tree.name(one.office)),
        names.value(one.kind) if one.kind else t("all classes"),
        go(link("records", record="applications", indicator="C3", office=one.office), display.count(one.accepted)),
        _share(one.cards, one.accepted), display.count(one.accepted - one.told), _share(one.answers, one.answer_cards),
    ]  # fmt: skip


def _share(part: int | None, whole: int | None) -> str:
    return f"{display.rate((part or 0) / whole)} ({part or 0} / {whole})" if whole else display.NONE


def openings(found: Sequence[Opening], tree: Tree, now: datetime) -> Safe:
    columns = [
        Column(t("Opening"), "head num"), Column(t("Box"), "keep"), Column(t("Office"), "keep"),
        Column(t("Opened"), "num"), Column(t("Inspectors")), Column(t("Forms entered"), "num"), Column(t("State")),
    ]  # fmt: skip
    rows = [
        [
            one.number, one.box, tree.name(one.office),
            tag("span", display.moment(one.opened_at, now), title=display.exact(one.opened_at)),
            _people(one), f"{one.entered} / {one.found}",
            word(t("holds"), "fine") if one.holds else word(t("second signature missing"), "soon"),
        ]
        for one in found
    ]  # fmt: skip
    return table(columns, rows, label=t("Boxes that were opened"))


def _people(one: Opening) -> Safe:
    names_ = [
        tag("span", f"{'、' if place else ''}{name}", title=None if name in one.proved else t("named, not signed in"))
        for place, name in enumerate(one.inspectors)
    ]
    return tag("span", names_)


def drafts(found: Sequence[Draft], now: datetime, link: Link) -> Safe:
    columns = [Column(t("Draft"), "head main"), Column(t("Opening"), "num"), Column(t("Touched"), "num")]
    rows = [
        [go(link(draft=one.number), t("Draft {n}", n=one.number)), one.opening,
         tag("span", display.moment(one.updated_at, now), title=display.exact(one.updated_at))]
        for one in found
    ]  # fmt: skip
    return table(columns, rows, label=t("Drafts"))


def sheets(found: Sequence[Sheet], tree: Tree, now: datetime, link: Link) -> Safe:
    """Entered forms with what they say, accusing ones marked; never who wrote them."""
    columns = [
        Column(t("Form"), "head keep"), Column(t("Office"), "keep"), Column(t("Says"), "wide"),
        Column(t("Promised / took"), "num"), Column(t("Entered"), "num"),
    ]  # fmt: skip
    rows = [
        [
            go(link("record", record="evaluations", number=one.number), one.number), tree.name(one.office), _says(one),
            f"{_plain(one.promised_days)} / {_plain(one.actual_days)}",
            tag("span", display.moment(one.at, now), title=display.exact(one.at)),
        ]
        for one in found
    ]  # fmt: skip
    return table(columns, rows, label=t("Forms"))


def _says(one: Sheet) -> Safe:
    told = [
        t("{step}: {thing}", step=t(STEPS[step]), thing=names.column(f"designated_{thing}"))
        for step, answers in one.answers.items()
        for thing, answer in answers.items() if answer == "yes"
    ]  # fmt: skip
    told += [names.column("extra_fee")] if one.extra_fee else []
    if not told:
        return word(t("nobody accuses"), "fine")
    return tag("span", [part for text in told for part in (word(text, "breach"), " ")])


def _plain(number: int | None) -> str:
    return display.NONE if number is None else str(number)
