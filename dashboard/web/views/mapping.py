"""An export being mapped (映射页): what its columns hold, why one is suggested, rows and problems of the preview."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from collectors.records import RECORDS
from collectors.suggest import Profile, Suggestion
from dashboard.queries.mapping import Preview, Sheet
from dashboard.texts import t
from dashboard.web import display
from dashboard.web.components.blocks import Column, figure, figures, go, more, says, table, word
from dashboard.web.markup import Safe, safe, tag
from dashboard.web.views import names
from dashboard.web.views.sources import reason_text

HOW = {
    "known": ("known header", "fine"), "minutes": ("minutes since another time", "fine"),
    "similar": ("similar header", "machine"), "content": ("by its content", "machine"), "": ("not known", ""),
}  # fmt: skip
SKIPPED = {
    "title": "titles", "blank": "blank lines", "header": "repeated headers", "total": "totals", "footnote": "footnotes",
}  # fmt: skip
PROFILE_TEXTS = {
    "times": "times {share}", "numbers": "numbers {share}", "words": "known words {share}",
    "offices": "our offices {share}",
}  # fmt: skip
TOP = 8


def column_name(name: str) -> str:
    """`受理时间 accepted_at`: what people call it, and what the mapping calls it."""
    said = names.column(name)
    return name if said == name else f"{said} {name}"


def header_found(sheet: Sheet) -> Safe:
    """Where the table begins, and its header with two rows joined."""
    place = t("Header in line {n}", n=sheet.above - sheet.header_rows + 1)
    if sheet.header_rows > 1:
        place = t("Header in lines {first}–{last}, joined", first=sheet.above - sheet.header_rows + 1, last=sheet.above)
    cells = [word(cell or "·") for cell in sheet.header]
    return tag("p", tag("span", place, class_="quiet"), "　", [(cell, " ") for cell in cells])


def source_column(found: Suggestion) -> Safe:
    """One column of the file: its header, what stands in it, how much of it reads as what, and why a suggestion."""
    text, tone = HOW[found.how]
    score = f" {found.score:.0f}" if found.how in ("similar", "content") else ""
    examples = safe([(tag("code", text[:40]), "　") for text in found.profile.examples])
    return tag(
        "div", tag("b", found.header or t("column {n}", n=found.index + 1)), " ", word(t(text) + score, tone),
        tag("br"), examples, tag("span", profile(found.profile), class_="quiet"), class_="mapped",
    )  # fmt: skip


def profile(found: Profile) -> str:
    """`filled 98 % · times 100 %`: shares that say something."""
    if not found.filled:
        return t("empty")
    parts = [t("filled {share}", share=display.rate(found.filled, 0))]
    for name, text in PROFILE_TEXTS.items():
        share = getattr(found, name)
        if share >= 0.2:
            parts.append(t(text, share=display.rate(share, 0)))
    if found.distinct == 1:
        parts.append(t("all different"))
    return " · ".join(parts)


def summary(made: Preview) -> Safe:
    unreadable = sum(sum(texts.values()) for texts in made.unreadable.values())
    more_than = "" if made.complete else "+"
    return figures([
        figure(display.count(made.read) + more_than, t("rows read")),
        figure(display.count(made.good - made.repeated), t("would be stored"), tone="fine"),
        figure(display.count(made.refused), t("would go to quarantine"), tone="breach" if made.refused else ""),
        figure(display.count(unreadable), t("single values unreadable"), tone="soon" if unreadable else ""),
        figure(display.count(sum(made.skipped.values())), t("lines skipped"), title=skipped(made.skipped)),
    ])  # fmt: skip


def skipped(kinds: Mapping[str, int]) -> str:
    return t(", ").join(f"{t(SKIPPED.get(kind, kind))} {n}" for kind, n in kinds.items())


def problems(made: Preview) -> Safe | None:
    """Every problem by reason, with what stood there; first what refuses rows, then what loses single values."""
    columns = [Column(t("Problem"), "head main"), Column(t("Column")), Column(t("Rows"), "num"),
               Column(t("Value seen"), "wide")]  # fmt: skip
    body: list[list[object]] = []
    for reason, rows in made.reasons.most_common():
        seen: Mapping[str, int] = made.seen.get(reason, {})
        where = t(", ").join(column_name(name) for name in sorted({key.split("\x1f")[0] for key in seen} - {""}))
        texts = {key.split("\x1f")[1]: n for key, n in seen.items() if not key.endswith("\x1f")}
        said = safe(word(t("refused"), "breach"), " ", reason_text(reason))
        body.append([said, where, display.count(rows), _texts(texts)])
    for column, found in made.unreadable.items():
        body.append([safe(word(t("left empty"), "soon"), " ", t("a value cannot be read")), column_name(column),
                     display.count(sum(found.values())), _texts(found)])  # fmt: skip
    return table(columns, body, label=t("Problems")) if body else None


def _texts(found: Mapping[str, int]) -> Safe | str:
    ordered = sorted(found.items(), key=lambda pair: -pair[1])
    shown = [(tag("code", text[:60]), tag("small", f" ×{display.count(n)}"), "　") for text, n in ordered[:TOP]]
    rest = len(ordered) - TOP
    return safe(shown, t("and {n} more", n=rest) if rest > 0 else "") if shown else display.NONE


def rows(made: Preview, now: datetime) -> Safe:
    """The first rows as they would be stored: only columns that the file gives."""
    record = RECORDS[made.record]
    kinds = {column.name: column.kind for column in record.columns}
    given = [name for name in record.names if any(row.get(name) is not None for row in made.rows)]
    columns = [Column(t("Row"), "num"), *(Column(names.column(name), _class(kinds[name], name == record.number))
                                          for name in given), Column(t("Refused because"), "wide")]  # fmt: skip
    return table(columns, [_row(row, given, kinds, now) for row in made.rows], label=t("As they would be stored"))


def _class(kind: str, number: bool) -> str:
    if number:
        return "head keep"
    return "num" if kind in ("instant", "integer", "decimal") else ""


def _row(row: Mapping[str, Any], given: Sequence[str], kinds: Mapping[str, str], now: datetime) -> list[object]:
    cells: list[object] = [display.count(row["row_no"])]
    if row.get("reason"):
        where = column_name(row["column_name"]) if row["column_name"] else ""
        value = tag("code", row["value"][:60]) if row["value"] else ""
        said = tag("span", word(reason_text(row["reason"]), "breach"), " ", where, " ", value)
        return [*cells, *("" if kinds[name] != "text" else row.get("number") or "" for name in given[:1]),
                *("" for _ in given[1:]), said]  # fmt: skip
    return [*cells, *(_value(row[name], kinds[name], now) for name in given), ""]


def _value(value: Any, kind: str, now: datetime) -> object:
    if value is None:
        return ""
    if kind == "instant":
        at = display.from_micros(value)
        return tag("span", display.moment(at, now), title=display.exact(at))
    return names.value(value) if kind in ("choice", "flag", "maybe") else str(value)[:80]


def notes(made: Preview) -> list[object]:
    """What the reader remarked, and how much was counted."""
    parts: list[object] = [tag("p", message, class_="quiet") for message in made.messages]
    if made.repeated:
        parts.append(says(t("{n} rows say again what a row before said; they count once.",
                            n=display.count(made.repeated))))  # fmt: skip
    if not made.complete:
        parts.append(says(t("Counted over the first {n} rows.", n=display.count(made.read))))
    return parts


def text(toml: str) -> Safe:
    return more(t("The same mapping as text, for mingcha.toml or --mapping"), tag("pre", toml), opened=True)


def done(path: str, link: str) -> Safe:
    return tag("p", t("Saved as {path}. The worker takes in its files at the next round.", path=path), " ",
               go(link, t("To the sources")))  # fmt: skip
