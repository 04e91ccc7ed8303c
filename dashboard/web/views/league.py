"""The league table (排名表): rank with interval, score, grade, change, where points were lost, how many records."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from checks.rulebook.model import Edition, Indicator
from dashboard.queries.funnel import KINDS, Funnel
from dashboard.queries.offices import Tree
from dashboard.queries.weekly import Weeks
from dashboard.texts import t
from dashboard.web import books, display
from dashboard.web.charts.funnel import READINGS, value_text
from dashboard.web.components.ask import ask_cell, ask_row, valued
from dashboard.web.components.blocks import Column, go, table, word
from dashboard.web.counted import counted
from dashboard.web.markup import Safe, safe, tag
from dashboard.web.state import Strip
from dashboard.web.views import marks
from dashboard.web.views.sparkline import scale_of, sparkline

Row = Mapping[str, Any]
Link = Callable[..., str]
REASONS = {
    "few_records": "too few records", "little_weight": "too much missing",
    "stale_source": "withheld: a source is silent", "unjudgeable_share": "withheld: too much is unjudgeable",
}  # fmt: skip


def score_table(
    rows: Sequence[Row], before: Mapping[str, Row], weeks: Weeks, edition: Edition, link: Link,
    yearly: Mapping[str, Row] | None = None,
) -> Safe:  # fmt: skip
    """Whole score. `before` and `yearly` hold how offices stood in the period before and a year before; what all rows
    miss is said once."""
    everywhere = missing_everywhere(rows)
    lost = {row["office"]: lost_by_line(row, edition) for row in rows}
    scale = max((sum(parts.values()) for parts in lost.values()), default=0.0)
    last = max((row["rank_high"] or 0 for row in rows), default=0)
    shown = {row["office"]: weeks.get(row["office"], ()) for row in rows}
    across = scale_of(shown)
    line = [
        Column(t("Twelve weeks"), "wide thin", t("Share of clocks met in time by week of acceptance; not the score."))
    ]
    year = [Column(t("Year on year"), "num whole", t("Score against the same period a year before."))] if yearly else []
    columns = [
        Column(t("Rank"), "num"),
        Column(t("Interval of rank"), "wide thin", t("Where the rank may lie by chance, 95 %.")),
        Column(t("Office"), "head main keep"), Column(t("Score"), "num"), Column(t("Grade")),
        Column(t("Change"), "num", t("Score against the period before.")), *year, *(line if weeks else []),
        Column(t("Points lost by line"), "wide thin"), Column("n", "num", t("Judged records, each counted once.")),
        Column(t("Marks"), "marks"),
    ]  # fmt: skip
    body = []
    for row in rows:
        cells = _score_cells(row, before.get(row["office"]), everywhere, link)
        drawn = [sparkline(shown[row["office"]], across)] if weeks else []
        then = [compared(row, yearly.get(row["office"]))] if yearly else []
        cells[5:5] = [*then, *drawn, marks.lost_by_line(lost[row["office"]], scale)]
        body.append([cells[0], rank_span(row, last), *cells[1:]])
    return table(columns, body, label=t("League"))


def _score_cells(row: Row, before: Row | None, everywhere: set[str], link: Link) -> list[object]:
    office = link("office", office=row["office"])
    own = [code for code in row["missing"] if code not in everywhere]
    said = [mark for mark in (marks.red_lines(row["red_line"]), marks.missing(own)) if mark]
    said += marks.beside(row["marks"])
    return [
        rank_text(row),
        go(office, row["name"]),
        valued(score_text(row, office), ask_row(row["office"])),
        marks.grade(row["grade"]),
        compared(row, before),
        go(link("records", office=row["office"]), display.count(row["n"]), title=t("Its records")),
        safe(*((mark, " ") for mark in said)),
    ]


def score_text(row: Row, door: str) -> Safe:
    """The score, and under it what it were had no exclusion been approved, where that differs."""
    other = row.get("score_without_exclusions", row["score"])
    shown = go(door, display.score(row["score"]), title=t("Why this score?"))
    if other == row["score"]:
        return shown
    words = t("{score} without exclusions", score=display.score(other))
    return safe(shown, tag("small", words, class_="quiet other"))


def missing_everywhere(rows: Sequence[Row]) -> set[str]:
    """Indicators without a value in every row: no data at all yet."""
    return set.intersection(*(set(row["missing"]) for row in rows)) if rows else set()


def missing_note(rows: Sequence[Row]) -> str:
    codes = sorted(missing_everywhere(rows))
    return t("Missing everywhere: {codes}. Missing is neither 0 nor 100: the weights of the others count.",
             codes=t(", ").join(codes)) if codes else ""  # fmt: skip


def rank_text(row: Row) -> Safe | str:
    if row["ranked"]:
        return str(row["rank"])
    reason = t(REASONS.get(row["reason"], row["reason"] or "not ranked"))
    if row["reason"] in row["marks"]:
        return word(t("withheld"), "soon", reason)
    return word(t("not ranked"), "", reason)


def rank_span(row: Row, last: int, kind: str = "rank") -> Safe | str:
    """├──●──┤ of a rank in the whole league, or (kind `group`) in the peer group; `last` is the scale's right end."""
    low, high = row[f"{kind}_low"], row[f"{kind}_high"]
    if low is None or high is None:
        return ""
    dot = row["rank"] if kind == "rank" else row["group_rank"]
    words = t("rank {rank}, by chance between {low} and {high}", rank=dot, low=low, high=high)
    return marks.span(low, dot, high, across=(1, max(last, 2)), words=words)


def rank_words(row: Row) -> str:
    """The name of the figure, with what chance leaves open."""
    if row["rank_low"] is None:
        return t("Rank of its level")
    return t("Rank of its level; by chance {low}–{high}", low=row["rank_low"], high=row["rank_high"])


def change(row: Row, before: Row | None) -> float | None:
    """Score against the period before, where both were ranked: a score of five records is nothing to compare with."""
    if before is None or not row["ranked"] or not before["ranked"]:
        return None
    return float(row["score"] - before["score"])


def compared(row: Row, then: Row | None) -> Safe:
    """The change, and whether the score it is measured against was imported rather than counted here."""
    imported = then is not None and then.get("source") == "imported"
    return safe(
        marks.change(change(row, then)), [" ", tag("small", t("imported"), class_="quiet")] if imported else None
    )


def costliest(rows: Sequence[Row], edition: Edition) -> str | None:
    """The indicator by which these offices lost most score points together, of those that have a funnel."""
    lost: dict[str, float] = {}
    for row in rows:
        for code, cell in row["indicators"].items():
            indicator = edition.indicator(code)
            if cell["points"] is not None and row["available_weight"] and indicator.interval in KINDS:
                share = (float(indicator.weight) - cell["points"]) / float(row["available_weight"])
                lost[code] = lost.get(code, 0.0) + share
    return max(lost, key=lambda code: lost[code], default=None)


def lost_by_line(row: Row, edition: Edition) -> dict[str, float]:
    """Score points lost by line of business: 100 × Σ lost ÷ Σ available weights (design §3.4)."""
    available = float(row["available_weight"] or 0)
    lost = dict.fromkeys(books.LINES, 0.0)
    for code, cell in row["indicators"].items():
        if cell["points"] is not None and available and row["score"] is not None:
            lost[code[0]] += (float(edition.indicator(code).weight) - cell["points"]) * 100 / available
    return lost


def indicator_table(
    rows: Sequence[Row], indicator: Indicator, found: Funnel | None, link: Link, most: int
) -> Safe:  # fmt: skip
    """One indicator: value with its 95 % interval and the target, and everything that is not in the rate beside it.

    The best `most` rows.
    """
    percent = books.percent(indicator)
    cells = [(row, row["indicators"][indicator.code]) for row in rows if indicator.code in row["indicators"]]
    sign = 1 if indicator.less_is_better else -1
    cells.sort(key=lambda pair: (pair[1]["value"] is None, sign * (pair[1]["value"] or 0), pair[0]["office"]))
    calls = {dot.office: dot.call for dot in found.dots} if found else {}
    across = _across([cell for _, cell in cells], float(indicator.target))
    columns = [
        Column(t("Office"), "head main keep"), Column(t("Value"), "num"),
        Column(t("Shrunken"), "num", t("Moved towards the rate of all offices, the further the fewer the records.")),
        Column(t("95 % interval"), "wide", t("The line is the target.")), Column(t("Counted"), "num"),
        Column(t("Points"), "num"), Column(t("Reading"), "keep"), Column(t("pending"), "num"),
        Column(t("unjudgeable"), "num"), Column(t("excluded"), "num"),
    ]  # fmt: skip
    body = [_indicator_cells(row, cell, indicator, percent, across, calls.get(row["office"]), link)
            for row, cell in cells[:most]]  # fmt: skip
    if any(cell.get("without_exclusions", cell)["value"] != cell["value"] for _, cell in cells):
        columns.append(Column(t("Without exclusions"), "num", t("The same rate had no exclusion been approved.")))
        for cells_shown, (_, cell) in zip(body, cells, strict=False):
            cells_shown.append(value_text(cell["without_exclusions"]["value"], percent))
    return table(columns, body, label=books.title(indicator))


def _indicator_cells(
    row: Row, cell: Row, indicator: Indicator, percent: bool, across: tuple[float, float], call: str | None, link: Link
) -> list[object]:
    records = records_door(indicator, row["office"], link)
    words = t("{low} to {high}", low=value_text(cell["low"], percent), high=value_text(cell["high"], percent))
    return [
        go(link("office", office=row["office"], indicator=indicator.code), row["name"]),
        safe(
            go(records, value_text(cell["value"], percent), title=definition(indicator)),
            " ",
            ask_cell(row["office"], indicator.code),
            [(" ", mark) for mark in marks.beside(cell["marks"])],
        ),
        tag("span", value_text(cell["shrunken"], percent), class_="quiet"),
        marks.span(cell["low"], cell["value"], cell["high"], across=across, words=words, line=float(indicator.target)),
        go(records, counted(cell, indicator)),
        points(cell, indicator),
        reading(call),
        *(beside(cell, key, indicator, row["office"], link) for key in ("pending", "unjudgeable", "excluded")),
    ]


def points(cell: Row, indicator: Indicator) -> Safe:
    weight = display.rounded(float(indicator.weight), 0)
    return tag("span", display.score(cell["points"]), tag("small", f" / {weight}"))


def beside(cell: Row, verdict: str, indicator: Indicator, office: str, link: Link) -> Safe | str:
    """Pending, unjudgeable, excluded: counted beside every rate, never inside it; a door when there are any."""
    if not cell[verdict]:
        return tag("span", "0", class_="quiet")
    return go(records_door(indicator, office, link, verdict=verdict), display.count(cell[verdict]))


def _across(cells: Sequence[Row], target: float) -> tuple[float, float]:
    """The range of all intervals of the column with the target inside."""
    values = [cell[key] for cell in cells for key in ("low", "value", "high") if cell[key] is not None]
    return (min([*values, target]), max([*values, target]))


def reading(call: str | None) -> Safe | str:
    if call is None:
        return ""
    tone = {"worse": "breach", "better": "fine", "drawn": "soon"}.get(call)
    shape = {"worse": "▼ ", "better": "▲ ", "drawn": "◆ "}.get(call, "")
    return tag("span", shape + t(READINGS[call]), class_=tone or "quiet")


def records_door(indicator: Indicator, office: str, link: Link, **more: object) -> str:
    """Where the records behind a figure are listed: a hall's deductions on the office's page, O1–O4 by their months."""
    if indicator.record == "halls":
        return link("office", office=office, indicator=indicator.code)
    if indicator.record == "measures":
        return link("records", record="measures", office=office, indicator=indicator.options["measure"])
    return link("records", record=indicator.record, office=office, indicator=indicator.code, **more)


def definition(indicator: Indicator) -> str:
    """口径: the hover text of every value of an indicator."""
    return t("{code} {title}; clause: {clause}; points from {floor} to {target}, weight {weight}",
             code=indicator.code, title=books.title(indicator), clause=indicator.clause,
             floor=float(indicator.floor), target=float(indicator.target), weight=float(indicator.weight))  # fmt: skip


def peer_tables(rows: Sequence[Row], groups: Mapping[str, str | None], link: Link) -> list[tuple[str, Safe]]:
    """Rank within the peer group, with the gap to its mean and its best. Only ranked rows are compared."""
    found: dict[str, list[Row]] = {}
    for row in rows:
        if row["ranked"]:
            found.setdefault(groups.get(row["office"]) or t("no group"), []).append(row)
    return [(name, _peers(members, link)) for name, members in sorted(found.items())]


def _peers(members: Sequence[Row], link: Link) -> Safe:
    ordered = sorted(members, key=lambda row: (-row["score"], row["office"]))
    scores = [row["score"] for row in ordered]
    mean, best = sum(scores) / len(scores), scores[0]
    last = max(row["group_high"] for row in ordered)
    columns = [Column(t("Rank in group"), "num"), Column(t("Interval of rank"), "wide"),
               Column(t("Office"), "head main"), Column(t("Score"), "num"),
               Column(t("To the mean"), "num"), Column(t("To the best"), "num"), Column(t("Rank"), "num"),
               Column(t("Grade")), Column("n", "num")]  # fmt: skip
    body = [
        [row["group_rank"], rank_span(row, last, "group"), go(link("office", office=row["office"]), row["name"]),
         valued(display.score(row["score"]), ask_row(row["office"])), marks.change(row["score"] - mean),
         display.signed(row["score"] - best),
         row["rank"], marks.grade(row["grade"]), display.count(row["n"])]
        for row in ordered
    ]  # fmt: skip
    return table(columns, body)


def chosen(rows: Sequence[Row], tree: Tree, strip: Strip) -> list[Row]:
    """The rows within the strip's office and peer group; ranks stay those of the whole league."""
    below = tree.below(strip.office) if strip.office else None
    return [
        row for row in rows
        if (below is None or row["office"] in below)
        and (strip.peer is None or (tree.offices.get(row["office"]) is not None
                                    and tree.offices[row["office"]].peer_group == strip.peer))
    ]  # fmt: skip


def lines(rows: Sequence[Row]) -> list[str]:
    """Lines of business that occur in the rows."""
    found = {code[0] for row in rows for code in row["indicators"]}
    return [line for line in books.LINES if line in found]
