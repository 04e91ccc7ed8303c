"""Sheets 01 to 04 (总览排名, 工单, 抢修, 营业厅监控): where each office stands, with what it is made of."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dashboard.exports.heading import LEVEL_NAMES, Heading, span, why
from dashboard.exports.spreadsheet import Column, Table
from dashboard.queries.finished_scores import IMPORTED
from dashboard.queries.quarter import OfficeLine, Quarter, Row
from dashboard.texts import current_language, t

TYPE_NAMES = {"complaint": "Complaints", "report": "Reports", "opinion": "Opinions", "suggestion": "Suggestions",
              "enquiry": "Enquiries", "request": "Requests", "praise": "Praise", "fault": "Fault calls"}  # fmt: skip


def overview(facts: Quarter, heading: Heading) -> Table:
    name = t("01 Overview and ranks")
    previous = t("On the period before ({period})", period=span(facts.before))
    yearly = t("Year on year ({period})", period=span(facts.year_before))
    columns = [
        Column(t("No."), "integer"), Column(t("Office")), Column(t("Level")), Column(t("Composite score"), "score"),
        Column(t("Rank"), "integer"), Column(t("Rank interval (95 %)")),
        Column(t("Previous rank"), "integer"), Column(t("Change of rank"), "places"),
        Column(t("Grade")), Column(t("Red lines"), "integer"), Column(t("Missing indicators")),
        Column(t("Records (n)"), "integer"), Column(t("Weight available"), "decimal"), Column(t("Why not ranked")),
        Column(t("Marks")),
        Column(t("Score then"), "score", previous), Column(t("Difference"), "change", previous),
        Column(t("Score then"), "score", yearly), Column(t("Difference"), "change", yearly),
    ]  # fmt: skip
    rows = [_overview_row(number, line) for number, line in enumerate(facts.lines, start=1)]
    notes = heading.notes(
        t("the league of this moment"),
        t("Rank and change are within the level; offices with too few records or too little weight are not ranked."),
        t("Rank interval: ranks that chance leaves open; offices whose intervals overlap may differ by chance alone."),
        t("A mark changes neither score nor rank, unless the company withholds marked scores."),
        t("A confirmed red line caps the grade of hall and station at D and leaves the score."),
        *_imported(facts),
    )
    return Table(name, heading.sheet(name), heading.lines, columns, rows, notes)


def _overview_row(number: int, line: OfficeLine) -> list[Any]:
    row, before, year_before = line.row, line.before, line.year_before
    then = before["rank"] if before else None
    return [
        number, row["name"], t(LEVEL_NAMES[line.level]), row["score"], row["rank"], _interval(row), then,
        then - row["rank"] if then is not None and row["rank"] is not None else None,
        row["grade"], row["red_line"], " ".join(row["missing"]) or t("none missing"), row["n"], row["available_weight"],
        why(row["reason"]), " ".join(why(mark) for mark in row["marks"]),
        *_compared(row, before), *_compared(row, year_before),
    ]  # fmt: skip


def _interval(row: Row) -> str | None:
    return None if row["rank_low"] is None else f"{row['rank_low']}–{row['rank_high']}"


def _imported(facts: Quarter) -> list[str]:
    """Which comparison rests on scores finished elsewhere."""
    spans = [(facts.before, [line.before for line in facts.lines]),
             (facts.year_before, [line.year_before for line in facts.lines])]  # fmt: skip
    return [
        t("Scores of {period} are imported, not recomputed.", period=period.name)
        for period, rows in spans if any(row and row.get("source") == IMPORTED for row in rows)
    ]  # fmt: skip


def _compared(row: Row, then: Row | None) -> tuple[float | None, float | None]:
    """The score of another period, and the difference to it."""
    score = then["score"] if then else None
    return score, None if score is None or row["score"] is None else round(row["score"] - score, 2)


def tickets(facts: Quarter, heading: Heading) -> Table:
    name = t("02 Tickets")
    assessed, kinds = t("Assessed complaints"), t("Of these")
    columns = [
        Column(t("No."), "integer"), Column(t("Office")), Column(t("Level")), Column(t("Tickets (number)"), "integer"),
        *(Column(t(text), "integer", kinds) for text in TYPE_NAMES.values()),
        Column(t("Marketing"), "integer", assessed), Column(t("Production"), "integer", assessed),
        Column(t("Substantiated complaints"), "integer"), Column(t("Handled late"), "integer"),
        Column(t("Handled improperly"), "integer"), Column(t("Called three times"), "integer"),
        *rate_columns(facts, ("T1", "T2", "T3")), *rate_columns(facts, ("T4",), "decimal", "change"),
        *rate_columns(facts, ("T5",)), Column(t("Excluded"), "integer"), Column(t("Unjudgeable"), "integer"),
        Column(t("Pending"), "integer"),
    ]  # fmt: skip
    rows = [
        [
            number, line.row["name"], t(LEVEL_NAMES[line.level]), line.tickets.total,
            *(getattr(line.tickets, kind) for kind in TYPE_NAMES), line.tickets.marketing, line.tickets.production,
            line.tickets.substantiated, line.tickets.late, None,
            line.tickets.called_thrice if line.tickets.calls_known else None,
            *rates(line, ("T1", "T2", "T3", "T4", "T5")), line.tickets.excluded, _summed(line, "unjudgeable", "T"),
            _summed(line, "pending", "T"),
        ]
        for number, line in enumerate(facts.lines, start=1)
    ]  # fmt: skip
    notes = heading.notes(
        t("tickets accepted in the period, excluded ones apart"),
        t("Handled late: tickets late in T1, T2 or T3, each once. Unjudgeable and pending: verdicts of T1–T3."),
        t("Assessed complaints: the third-level categories that are assessed, by marketing and production."),
        t("Handled improperly comes with the review of replies; called three times needs the number of calls."),
    )
    return Table(name, heading.sheet(name), heading.lines, columns, rows, notes)


def repairs(facts: Quarter, heading: Heading) -> Table:
    name = t("03 Repairs")
    arrivals = t("Arrivals on time, by three limits")
    columns = [
        Column(t("No."), "integer"), Column(t("Office")), Column(t("Level")), Column(t("Repairs (number)"), "integer"),
        Column(t("Taken by mobile app"), "rate"), Column(t("Mean arrival (minutes)"), "decimal"),
        Column(t("Mean repair (minutes)"), "decimal"), Column(t("Promise (limit)"), "rate", arrivals),
        Column(t("Law (limit)"), "rate", arrivals), Column(t("Internal (limit)"), "rate", arrivals),
        Column(t("Arrivals judged"), "integer"), Column(t("Late arrivals"), "integer"),
        *rate_columns(facts, ("R1", "R2")), *rate_columns(facts, ("R3",), "decimal", "change"),
        *rate_columns(facts, ("R4", "R5")), Column(t("Excluded"), "integer"), Column(t("Unjudgeable"), "integer"),
        Column(t("Pending"), "integer"),
    ]  # fmt: skip
    rows = [_repairs_row(number, line) for number, line in enumerate(facts.lines, start=1)]
    notes = heading.notes(
        t("repairs accepted in the period, excluded ones apart"),
        t("Promise 45/90/120, law 60/120/240 minutes by area; the promise is an average, per case it is internal."),
        t("Mean arrival: judged repairs that arrived; mean repair: from arrival to restoration, judged in R2."),
        t("Taken by mobile app and the internal limit have no data yet."),
    )
    return Table(name, heading.sheet(name), heading.lines, columns, rows, notes)


def _repairs_row(number: int, line: OfficeLine) -> list[Any]:
    counts, promise = line.repairs, line.row["indicators"]["R1"]
    late = promise["denominator"] - promise["numerator"]
    return [
        number, line.row["name"], t(LEVEL_NAMES[line.level]), counts.total, None,
        _ratio(counts.arrival_seconds, counts.arrived * 60), _ratio(counts.repair_seconds, counts.restored * 60),
        promise["value"], _ratio(counts.law_on_time, counts.law_judged), None, promise["denominator"], late,
        *rates(line, ("R1", "R2", "R3", "R4", "R5")), counts.excluded, _summed(line, "unjudgeable", "R"),
        _summed(line, "pending", "R"),
    ]  # fmt: skip


def halls(facts: Quarter, heading: Heading) -> Table:
    name = t("04 Hall spot-checks")
    checks = t("Spot-checks")
    columns = [
        Column(t("No."), "integer"), Column(t("Office")), Column(t("Level")), Column(t("Number of halls"), "integer"),
        Column(t("Halls that can be watched"), "integer"), Column(t("Halls visited"), "integer"),
        Column(t("Samples due"), "integer", checks), Column(t("Samples done"), "integer", checks),
        Column(t("Samples checkable"), "integer", checks), Column(t("Violations (number)"), "integer"),
        Column(t("Points deducted"), "integer"), Column(t("Hall score"), "score"),
        *rate_columns(facts, ("H2", "H3")),
    ]  # fmt: skip
    lines = [line for line in (*facts.lines, *facts.halls) if line.halls.halls]
    rows = [
        [
            number, line.row["name"], t(LEVEL_NAMES[line.level]), line.halls.halls, line.halls.watchable,
            line.halls.visited, line.halls.due, line.halls.done, line.halls.checkable, line.halls.violations,
            line.halls.deducted, _times_hundred(line.row["indicators"]["H1"]["value"]), *rates(line, ("H2", "H3")),
        ]
        for number, line in enumerate(lines, start=1)
    ]  # fmt: skip
    notes = heading.notes(
        t("samples planned in open slots that ended, and confirmed violations"),
        t("Done: captured or not checkable. Checkable: every window was seen. A camera fault costs no points here."),
        t("Points deducted are effective ones: doubled when repeated, capped per day, never below 0 for a month."),
    )
    return Table(name, heading.sheet(name), heading.lines, columns, rows, notes)


def rate_columns(facts: Quarter, codes: Sequence[str], kind: str = "rate", change: str = "points") -> list[Column]:
    """Three columns per indicator under its title: now, and the differences to both comparisons."""
    columns = []
    before, yearly = t("On the period before (pp)"), t("Year on year (pp)")
    if change != "points":
        before, yearly = t("On the period before"), t("Year on year")
    for code in codes:
        indicator = facts.edition.indicator(code)
        group = f"{code} {indicator.title if current_language() == 'zh' else indicator.title_en}"
        columns += [Column(t("This period"), kind, group), Column(before, change, group), Column(yearly, change, group)]
    return columns


def rates(line: OfficeLine, codes: Sequence[str]) -> list[float | None]:
    """Value and differences: of rates in percentage points, of other values as they are."""
    cells: list[float | None] = []
    for code in codes:
        value = _value(line.row, code)
        scale = 1 if code in ("T4", "R3") else 100
        cells.append(value)
        for then in (_value(line.before, code), _value(line.year_before, code)):
            cells.append(None if value is None or then is None else round((value - then) * scale, 6))
    return cells


def _value(row: Row | None, code: str) -> float | None:
    found: float | None = row["indicators"].get(code, {}).get("value") if row else None
    return found


def _summed(line: OfficeLine, name: str, letter: str) -> int:
    figures: dict[str, Any] = line.row["indicators"]
    return sum(figure[name] for code, figure in figures.items() if code.startswith(letter))


def _ratio(numerator: int, denominator: int) -> float | None:
    return round(numerator / denominator, 6) if denominator else None


def _times_hundred(value: float | None) -> float | None:
    return None if value is None else round(value * 100, 4)
