"""The board of connections (业扩时限看板): steps against limits, ageing, papers, visits, pauses; doors to records."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from checks.connections import Allowed
from checks.rulebook.model import Limit
from dashboard.queries.connection_board import Age, Asked, Board, Cell, Pauses
from dashboard.texts import current_language, t
from dashboard.web import books, display
from dashboard.web.components.blocks import Column, figure, figures, go, says, state, table, word
from dashboard.web.markup import Safe, safe, tag
from dashboard.web.views import names
from dashboard.web.views.rulebook import amount, origin

Link = Callable[..., str]
KINDS = {"law": "Law", "promise": "Public promise", "internal": "Internal rule"}
ASKED = {"papers": "Papers", "visits": "Visits"}
LISTED = 3


def archived(board: Board, link: Link) -> Safe:
    """The rate of what was archived, and beside it what never shows in it."""
    rate = display.rate(board.on_time / board.archived) if board.archived else display.NONE
    return safe(
        figures([
            figure(rate, t("of the archived on time ({n} archived)", n=display.count(board.archived)),
                   href=link("records", record="applications", indicator="C1")),
            figure(display.count(board.stuck), t("open and over their limit ({n} open)", n=display.count(board.open)),
                   tone="breach" if board.stuck else ""),
        ]),
        says(t("The rate counts what was archived: a flow that is stuck never shows in it, hence the second figure.")),
    )  # fmt: skip


def steps(cells: Sequence[Cell], link: Link) -> Safe:
    """Each step and class against law, promise and internal limit; a limit that nothing met is left out."""
    columns = [
        Column(t("Step"), "head main"), Column(t("Class")), Column(t("Whose limit")), Column(t("Allowed"), "num"),
        Column(t("In progress"), "num"), Column(t("over it"), "num"), Column(t("Done"), "num"),
        Column(t("done late"), "num"),
        Column(t("Which"), "keep"), Column(t("Source"), "wide"),
    ]  # fmt: skip
    met = [cell for cell in cells if cell.running or cell.done]
    if not met:
        return state("empty", t("No step with a limit was begun or ended."))
    return table(columns, [_cell(cell, link) for cell in met], label=t("Time limits by step"))


def _cell(cell: Cell, link: Link) -> list[object]:
    unsigned = tag("small", t(" + {n} by unsigned pauses", n=cell.unsigned)) if cell.unsigned else None
    rate = f"{cell.late} / {cell.done}" if cell.done else display.NONE
    return [
        books.title(cell.step), names.value(cell.kind), t(KINDS[cell.limit.kind]), amount(cell.limit),
        display.count(cell.running), tag("span", _over(cell.over), unsigned), display.count(cell.done),
        word(rate, "breach") if cell.late else rate, doors(cell.numbers, link), _source(cell.limit),
    ]  # fmt: skip


def _over(number: int) -> Safe:
    return word(display.count(number), "breach") if number else tag("span", "0", class_="quiet")


def _source(rule: Limit | Allowed) -> Safe:
    return tag("span", origin(rule.origin), " ", rule.document, class_="quiet", title=rule.clause)


def doors(numbers: Sequence[str], link: Link) -> Safe:
    """The worst by number, each a door to its record."""
    shown = [go(link("record", record="applications", number=number), number) for number in numbers[:LISTED]]
    parts = [part for one in shown for part in (" ", one)][1:]
    more = tag("span", f" +{len(numbers) - LISTED}", class_="quiet") if len(numbers) > LISTED else None
    return tag("span", parts, more) if shown else tag("span", display.NONE)


def ages(found: Sequence[Age], link: Link) -> Safe:
    """Open flows of 10 kV by their age."""
    columns = [Column(t("Age"), "head main"), Column(t("In progress"), "num"), Column(t("Which"), "keep")]
    rows = [[_span(age), display.count(age.count) if place == 0 else _over(age.count), doors(age.numbers, link)]
            for place, age in enumerate(found)]  # fmt: skip
    return table(columns, rows, label=t("10 kV without energising"))


def _span(age: Age) -> str:
    if age.to is None:
        return t("{n} days and more", n=age.since)
    return t("{since} to {to} days", since=age.since, to=age.to - 1)


def asked(found: Sequence[Asked], link: Link) -> Safe:
    """Papers and visits against what a standard allows, with n."""
    columns = [
        Column(t("Standard"), "head main"), Column(t("Class")), Column(t("What")), Column(t("At most"), "num"),
        Column(t("known"), "num"), Column(t("not known"), "num"), Column(t("more than allowed"), "num"),
        Column(t("Which"), "keep"), Column(t("Source"), "wide"),
    ]  # fmt: skip
    met = [one for one in found if one.known or one.unknown]
    if not met:
        return state("empty", t("Nothing was accepted of a class that a standard names."))
    return table(columns, [_asked(one, link) for one in met], label=t("Papers and visits"))


def _asked(one: Asked, link: Link) -> list[object]:
    rate = f"{display.rate(one.over / one.known)} ({one.over} / {one.known})" if one.known else display.NONE
    title = one.allowed.title if current_language() == "zh" else one.allowed.title_en
    return [
        title, names.value(one.allowed.class_), t(ASKED[one.what]), one.most, display.count(one.known),
        display.count(one.unknown), word(rate, "breach") if one.over else rate, doors(one.numbers, link),
        _source(one.allowed),
    ]  # fmt: skip


def pauses(found: Pauses, link: Link) -> Safe:
    """A pause stops the clock only with a signed record."""
    told = t("{n} with a pause, {unsigned} of them without a signed record.", n=display.count(found.paused),
             unsigned=display.count(found.unsigned))  # fmt: skip
    rule = t("A pause stops the clock only with a signed record; the score believes the figure, so look at these.")
    return safe(says(told), says(rule) if found.unsigned else None,
                tag("p", doors(found.numbers, link)) if found.unsigned else None)  # fmt: skip
