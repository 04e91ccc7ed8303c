"""Judged records behind a figure (记录列表): filters as links, a page at a time, each row a door."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from checks.rulebook.model import Edition
from dashboard.queries.offices import Tree
from dashboard.queries.plain_records import Plain
from dashboard.texts import t
from dashboard.web import books, display
from dashboard.web.components.blocks import Column, choice, go, table, word
from dashboard.web.markup import Safe, safe, tag
from dashboard.web.views import names
from dashboard.web.views.office import VERDICTS, as_time, reason, verdict

Row = Mapping[str, Any]
Link = Callable[..., str]
PAGE = 100


def filters(
    record: str, codes: Sequence[str], indicator: str | None, chosen: str | None, edition: Edition, link: Link
) -> Safe:
    """Indicator and verdict to choose from; the choice is in the address."""
    named = {one.code: books.title(one) for one in edition.of_record(record)}
    indicators = [(t("all indicators"), None), *((f"{code} {named.get(code, '')}", code) for code in codes)]
    verdicts = [(t("all verdicts"), None), *((t(text), code) for code, (text, _) in VERDICTS.items())]
    return safe(
        choice(t("Indicator"), [(text, link(indicator=code, verdict=chosen, page=None), code == indicator)
                                 for text, code in indicators]),
        choice(t("Verdict"), [(text, link(indicator=indicator, verdict=code, page=None), code == chosen)
                               for text, code in verdicts]),
    )  # fmt: skip


def listing(rows: Sequence[Row], indicator: str | None, tree: Tree, now: datetime, link: Link) -> Safe:
    """The rows of a page. With an indicator: its deadline and reason; without: the verdicts of all that apply."""
    columns = [Column(t("Number"), "head keep"), Column(t("Office"), "keep"), Column(t("Accepted"), "num")]
    if indicator:
        columns += [Column(t("Verdict")), Column(t("Deadline"), "num"), Column(t("Reason"), "wide")]
    else:
        columns += [Column(t("Verdicts"), "wide")]
    return table(columns, [_cells(row, indicator, tree, now, link) for row in rows], label=t("Records"))


def _cells(row: Row, indicator: str | None, tree: Tree, now: datetime, link: Link) -> list[object]:
    at = as_time(row["at"])
    cells: list[object] = [
        names.door(link, row["record"], row["number"]),
        go(link("office", office=row["office"]), tree.name(row["office"])),
        tag("span", display.moment(at, now), title=display.exact(at)),
    ]
    if indicator:
        deadline = as_time(row["deadline"].get(indicator))
        cells += [
            verdict(row["verdict"].get(indicator)),
            tag("span", display.moment(deadline, now), title=display.exact(deadline)),
            reason(row["reason"].get(indicator) or ""),
        ]
    else:
        cells.append(safe([(tag("span", f"{code} ", verdict(state), class_="keep"), "  ")
                           for code, state in row["verdict"].items()]))  # fmt: skip
    return cells


def inspections(rows: Sequence[Plain], tree: Tree, now: datetime, link: Link) -> Safe:
    """What was found in halls, with the file and the row that said it."""
    columns = [
        Column(t("Number"), "head keep"), Column(t("Hall"), "keep"), Column(t("At"), "num"), Column(t("Kind")),
        Column(t("Sheet item")), Column(t("Result")), Column(t("Count"), "num"), Column(t("File")),
        Column(t("Row"), "num"),
    ]  # fmt: skip
    body = [
        [
            go(link("record", record="inspections", number=row.number, id=row.id), row.number),
            go(link("office", office=row.office), tree.name(row.office)),
            tag("span", display.moment(row.at, now), title=display.exact(row.at)),
            names.value(row.values["kind"] or display.NONE),
            row.values["item_code"],
            word(names.value(row.values["result"]), "breach" if row.values["result"] == "violation" else ""),
            display.count(row.values["count"]),
            row.file or display.NONE,
            display.count(row.row_no),
        ]
        for row in rows
    ]
    return table(columns, body, label=t("Inspections"))


def one_line(title: str, link: Link) -> Safe:
    """Which line of the measures is listed, and the way to all of them."""
    return safe(tag("span", title, class_="chip"), " ", go(link(indicator=None, page=None), t("all lines")))


def pager(total: int, page: int, link: Callable[[int], str], of: int = PAGE) -> Safe:
    """`1–100 of 2,431` with links to the pages beside; `of` rows on a page."""
    if not total:
        return Safe("")
    pages = -(-total // of)
    first, last = (page - 1) * of + 1, min(page * of, total)
    parts: list[object] = [
        tag("span", t("{first}–{last} of {total}", first=display.count(first), last=display.count(last),
                      total=display.count(total)))
    ]  # fmt: skip
    if page > 1:
        parts.append(go(link(page - 1), t("← newer")))
    if page < pages:
        parts.append(go(link(page + 1), t("older →")))
    return tag("div", parts, class_="pager")
