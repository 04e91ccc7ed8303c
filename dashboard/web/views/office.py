"""Why this score (单位页): figures, indicators, the records that cost most, halls, and what was left out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from checks.reasons import BY_CODE
from checks.rulebook.model import Edition
from dashboard.queries.offices import Office, Tree
from dashboard.queries.red_lines import RedLine
from dashboard.texts import current_language, t
from dashboard.web import books, display
from dashboard.web.charts.funnel import value_text
from dashboard.web.charts.waterfall import Loss
from dashboard.web.components.ask import ask, ask_cell, ask_row, beside
from dashboard.web.components.blocks import Column, figure, figures, go, more, section, table, word
from dashboard.web.counted import counted
from dashboard.web.markup import Safe, safe, tag
from dashboard.web.views import league, marks, names, what

Row = Mapping[str, Any]
Link = Callable[..., str]
WORST = 15


def path(tree: Tree, code: str, link: Link) -> Safe:
    """Where the office stands: each step is a door."""
    steps = [go(link("office", office=office.code), office.name) for office in tree.path(code)[:-1]]
    return tag("p", [(step, " › ") for step in steps], class_="quiet") if steps else Safe("")


def summary(row: Row, before: Row | None, yearly: Row | None, ranked: int, link: Link) -> Safe:
    """Score, rank, changes, records, red lines, missing: figures that answer in five seconds."""
    rank = f"{row['rank']}" if row["ranked"] else display.NONE
    grade = marks.grade_name(row["grade"]) if row["grade"] else t("no grade")
    return figures([
        beside(
            figure(display.score(row["score"]), f"{t('Score')} · {grade}",
                   tone="breach" if row["grade"] == "D" else ""),
            ask_row(row["office"]),
        ),
        beside(
            figure(safe(rank, tag("small", f" / {ranked}")), league.rank_words(row), href=link("league", office=None)),
            ask_row(row["office"]),
        ),
        beside(figure(league.compared(row, before), t("Change on the period before")), ask("league.change")),
        beside(figure(league.compared(row, yearly), t("Change on the year before")), ask("league.change")),
        beside(figure(display.count(row["n"]), t("judged records"), href=link("records", office=row["office"])),
               ask_row(row["office"])),
        figure(row["red_line"], t("red lines"), tone="breach" if row["red_line"] else ""),
        figure(len(row["missing"]), t("missing indicators"), title=t(", ").join(row["missing"])),
    ])  # fmt: skip


def sentences(document: Row) -> list[str]:
    """What each mark of the office says."""
    return [t(marks.MARKS[mark][1]) for mark in document["marks"]]


def marked(document: Row) -> Safe | str:
    """The marks of the office, each with its sentence."""
    words = [tag("p", mark, " ", sentence)
             for mark, sentence in zip(marks.beside(document["marks"]), sentences(document), strict=True)]  # fmt: skip
    return tag("div", words) if words else ""


def red_lines(events: Sequence[RedLine], now: datetime, link: Link) -> Safe:
    """Each event that caps the grade: what, where, when, on what evidence, by whose word, and its appeal."""
    columns = [
        Column(t("Event"), "head main"), Column(t("Hall")), Column(t("Happened"), "num"), Column(t("Clause")),
        Column(t("Evidence")), Column(t("Confirmed"), "num"), Column(t("Appeal")),
    ]  # fmt: skip
    return table(columns, [_red_line(event, now, link) for event in events], label=t("Red lines"))


def _red_line(event: RedLine, now: datetime, link: Link) -> list[object]:
    title = (event.rule.title if current_language() == "zh" else event.rule.title_en) if event.rule else ""
    by = event.confirmed_by
    return [
        f"{event.item} {title}",
        go(link("office", office=event.hall), event.hall_name),
        tag("span", display.moment(event.at, now), title=display.exact(event.at)),
        t("Hall score sheet, item {code}", code=event.item),
        go(link("review", sample=event.sample), t("spot-check {sample}", sample=event.sample)) if event.sample
        else t("score sheet {number}", number=event.number),
        tag("span", display.moment(event.confirmed_at, now), tag("small", f" {by}") if by else None,
            title=display.exact(event.confirmed_at)),
        t("none on file"),
    ]  # fmt: skip


def losses(document: Row, edition: Edition) -> list[Loss]:
    return [
        Loss(line["code"], books.title(edition.indicator(line["code"])), line["score_lost"])
        for line in document["indicators"] if line["score_lost"] is not None
    ]  # fmt: skip


def indicators(
    document: Row, cells: Mapping[str, Row], edition: Edition, chosen: str, as_of: datetime, link: Link
) -> Safe:
    """Every indicator with value, interval, target and points; the chosen one is marked."""
    columns = [
        Column(t("Indicator"), "head main"), Column(t("Value"), "num"), Column(t("95 % interval"), "num"),
        Column(t("Floor → target"), "num"), Column(t("Counted"), "num"), Column(t("Points"), "num"),
        Column(t("Score lost"), "num"), Column(t("pending"), "num"), Column(t("unjudgeable"), "num"),
        Column(t("excluded"), "num"),
    ]  # fmt: skip
    lines = document["indicators"]
    body = [_indicator(line, cells.get(line["code"], {}), edition, document["office"], as_of, link) for line in lines]
    place = next((index for index, line in enumerate(lines) if line["code"] == chosen), None)
    return table(columns, body, chosen=place, label=t("The indicators"))


def _indicator(line: Row, cell: Row, edition: Edition, office: str, as_of: datetime, link: Link) -> list[object]:
    found = edition.indicator(line["code"])
    percent = books.percent(found)
    door = league.records_door(found, office, link)
    missing = line["value"] is None
    name = go(link("office", office=office, indicator=found.code), f"{found.code} {books.title(found)}",
              title=league.definition(found))  # fmt: skip
    return [
        name,
        word(t("missing"), "", t("No value in this period: neither 0 nor 100.")) if missing
        else safe(
            go(door, value_text(line["value"], percent),
               title=what.words(cell, found, edition, as_of) if cell else None),
            (" ", ask_cell(office, found.code)) if cell else None,
            [(" ", mark) for mark in marks.beside(line["marks"])],
        ),
        _interval(cell, percent),
        f"{value_text(float(found.floor), percent)} → {value_text(float(found.target), percent)}",
        display.NONE if missing else go(door, counted(line, found)),
        display.NONE if missing else league.points(line, found),
        _lost(line["score_lost"]),
        *((league.beside(cell, key, found, office, link) if cell else display.NONE)
          for key in ("pending", "unjudgeable", "excluded")),
    ]  # fmt: skip


def _interval(cell: Row, percent: bool) -> str:
    if not cell or cell["low"] is None:
        return display.NONE
    return f"{value_text(cell['low'], percent)} – {value_text(cell['high'], percent)}"


def _lost(points: float | None) -> Safe | str:
    if points is None:
        return display.NONE
    return tag("span", f"−{display.score(points)}", class_="breach") if points else tag("span", "0", class_="quiet")


def worst_records(document: Row, edition: Edition, code: str | None, now: datetime, link: Link) -> Safe:
    """The records that cost most, all indicators or the chosen one; equal shares in order of number."""
    rows = [
        (line["code"], record) for line in document["indicators"] if code in (None, line["code"])
        for record in line["records"]
    ]  # fmt: skip
    rows.sort(key=lambda pair: (-(pair[1]["score_lost"] or 0), pair[0], pair[1]["number"]))
    columns = [
        Column(t("Number"), "head keep"), Column(t("Indicator")), Column(t("Verdict")), Column(t("Deadline"), "num"),
        Column(t("Happened"), "num"), Column(t("Over by"), "num"), Column(t("Reason")), Column(t("Score lost"), "num"),
    ]  # fmt: skip
    body = [_worst(indicator, record, edition, now, link) for indicator, record in rows[:WORST]]
    return safe(table(columns, body, label=t("Records that cost most")), _rest(len(rows), code, document, link))


def _worst(code: str, record: Row, edition: Edition, now: datetime, link: Link) -> list[object]:
    deadline, actual = as_time(record["deadline"]), as_time(record["actual"])
    over = ((actual or now) - deadline).total_seconds() if deadline else None
    return [
        _door(record, link),
        tag("span", code, title=books.title(edition.indicator(code))),
        verdict(record["verdict"]),
        tag("span", display.moment(deadline, now), title=display.exact(deadline)),
        tag("span", display.moment(actual, now), title=display.exact(actual)),
        display.duration(over) if over is not None and over > 0 else display.NONE,
        _why(record, link),
        f"−{display.rounded(record['score_lost'] or 0, 2)}",
    ]


def _door(record: Row, link: Link) -> Safe:
    """To the record; a finding on film is looked at where its sample is."""
    if record["record"] == "findings":
        return go(link("review", sample=record["number"].split("/")[0]), record["number"])
    return names.door(link, record["record"], record["number"])


def _why(record: Row, link: Link) -> Safe:
    """The reason, and what else shows the same fact (trap 45): it deducts once."""
    others = [(t(", "), _door(other, link)) for other in record.get("evidence") or ()]
    told = record["reason_text"] or ""
    return safe(told, " ", t("Also seen in another way:"), " ", others[0][1], *others[1:]) if others else safe(told)


def _rest(found: int, code: str | None, document: Row, link: Link) -> Safe:
    if found <= WORST:
        return Safe("")
    more_of = t("{n} more records lost points", n=display.count(found - WORST))
    if code is None or code[0] not in "TRC":
        return tag("p", more_of, class_="quiet")
    record = {"T": "tickets", "R": "repairs", "C": "applications"}[code[0]]
    return tag("p", go(link("records", record=record, office=document["office"], indicator=code), more_of))


VERDICTS = {
    "on_time": ("on time", "fine"), "late": ("late", "breach"), "pending": ("pending", "soon"),
    "excluded": ("excluded", ""), "unjudgeable": ("unjudgeable", ""), "counted": ("counted", ""),
    "not_counted": ("not counted", ""),
}  # fmt: skip


def verdict(code: str | None) -> Safe | str:
    if code is None:
        return ""
    text, tone = VERDICTS.get(code, (code, ""))
    return word(t(text), tone)


def as_time(value: datetime | str | None) -> datetime | None:
    """A time of a document, which is an aware datetime or its ISO 8601 text."""
    return datetime.fromisoformat(value) if isinstance(value, str) else value


def halls(rows: Sequence[Row], link: Link) -> Safe:
    """H1–H3 of the halls below."""
    columns = [
        Column(t("Hall"), "head main"), Column(t("Hall conduct (H1)"), "num"), Column(t("Checks done (H2)"), "num"),
        Column(t("Checkable (H3)"), "num"), Column(t("Checkable samples"), "num"), Column(t("Marks")),
    ]  # fmt: skip
    body = [
        [go(link("office", office=row["office"]), row["name"]),
         *(value_text(row["indicators"][code]["value"], True) for code in ("H1", "H2", "H3")),
         display.count(row["n"]), marks.red_lines(row["red_line"])]
        for row in rows
    ]  # fmt: skip
    return table(columns, body, label=t("Halls"))


def left_out(document: Row, link: Link, limit: int = 200) -> Safe:
    """Exclusions, what could not be judged, and what rests on an unpublished calendar: listed, never hidden."""
    parts = []
    for key, title, columns in (
        ("excluded", "Excluded: {n}", ("number", "reason")),
        ("unjudgeable", "Unjudgeable: {n}", ("number", "indicator", "reason")),
        ("provisional", "Provisional: {n}", ("number", "indicator")),
    ):
        rows = document[key]
        names = {"number": t("Number"), "indicator": t("Indicator"), "reason": t("Reason")}
        body = [[_left_out_cell(row, name, link) for name in columns] for row in rows[:limit]]
        inside = table([Column(names[name], "head keep" if name == "number" else "") for name in columns], body)
        parts.append(
            more(t(title, n=display.count(len(rows))), inside) if rows else tag("p", t(title, n=0), class_="quiet")
        )
    return safe(section(t("Not counted, and why")), parts, _with_and_without(document))


def _with_and_without(document: Row) -> Safe | None:
    """The rates that approved exclusions change, both ways; nothing where they change none."""
    names = ("numerator", "denominator", "value")
    changed = [
        line for line in document["indicators"]
        if any(line["without_exclusions"][name] != line[name] for name in names)
    ]  # fmt: skip
    if not changed:
        return None
    columns = [Column(t("Indicator"), "head keep"), Column(t("With the exclusion"), "num"),
               Column(t("Without the exclusion"), "num"), Column(t("Score lost"), "num"),
               Column(t("Score lost without it"), "num")]  # fmt: skip
    body = [
        [line["code"], *(f"{_plain(side['value'])} ({side['numerator']:g} ÷ {side['denominator']:g})"
                         for side in (line, line["without_exclusions"])),
         _plain(line["score_lost"]), _plain(line["without_exclusions"]["score_lost"])]
        for line in changed
    ]  # fmt: skip
    note = t("score {score} with them, {other} without", score=display.score(document["score"]),
             other=display.score(document["score_without_exclusions"]))  # fmt: skip
    return safe(section(t("With and without exclusions"), note), table(columns, body))


def _plain(value: float | None) -> str:
    return display.NONE if value is None else f"{value:.4f}".rstrip("0").rstrip(".")


def _left_out_cell(row: Row, name: str, link: Link) -> object:
    if name == "number":
        return names.door(link, row["record"], row["number"])
    return reason(row[name]) if name == "reason" else row[name]


def reason(code: str) -> str:
    """The sentence of a reason code, in the chosen language."""

    return t(BY_CODE[code].text) if code in BY_CODE else code


def office_list(offices: Sequence[Office], link: Link) -> Safe:
    """Which office? Doors to choose from when the strip names none."""
    return tag("div", [figure(office.name, t(LEVELS[office.level]), href=link("office", office=office.code))
                       for office in offices], class_="figures")  # fmt: skip


LEVELS = {"company": "Company", "county": "County", "station": "Station", "hall": "Hall"}
