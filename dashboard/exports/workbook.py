"""The quarter's workbook (季度评价表): sheets 01, 02, 03, 04, 07 and 08 of domain.md §10.

A column whose data a later version brings is there and says —. Everything that made the numbers is printed: period,
as-of, rulebook and edition, n, what was left out.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from checks.periods import Period
from checks.reasons import BY_CODE
from checks.rulebook.model import SheetItem
from dashboard.bootstrap import Application
from dashboard.exports.definitions import DEFINITIONS
from dashboard.exports.spreadsheet import NONE, Column, Table, workbook_bytes
from dashboard.instants import from_micros
from dashboard.people import Viewer
from dashboard.queries.quarter import OfficeLine, Quarter, Row, quarter
from dashboard.texts import current_language, t

LOCAL = ZoneInfo("Asia/Shanghai")
LEVEL_NAMES = {"company": "Company", "county": "County company", "station": "Supply station", "hall": "Service hall"}
TYPE_NAMES = {"complaint": "Complaints", "report": "Reports", "opinion": "Opinions", "suggestion": "Suggestions",
              "enquiry": "Enquiries", "request": "Requests", "praise": "Praise", "fault": "Fault calls"}  # fmt: skip
RECORD_NAMES = {"tickets": "Ticket", "repairs": "Repair"}
KIND_NAMES = {"video": "Video spot-check", "on_site": "On site", "mutual": "Mutual inspection",
              "undercover": "Undercover inspection", "findings": "Video spot-check"}  # fmt: skip


def quarter_workbook(app: Application, viewer: Viewer, period: str, as_of: datetime | None = None) -> bytes:
    """The workbook as bytes, for what the viewer may see, in the current language; without `as_of` the present.

    Raises PeriodError, MingchaError when no edition was in force.
    """
    facts = quarter(app, viewer, period, as_of)
    heading = _Heading(facts, app, viewer)
    makers = (_overview, _tickets, _repairs, _halls, _ledger, _definitions)
    tables = [make(facts, heading) for make in makers]
    footer = f"{app.settings.company.name}  {heading.demo}"
    return workbook_bytes(tables, title=heading.title, created=facts.as_of.astimezone(LOCAL), footer=footer.strip())


class _Heading:
    """What stands above and below every sheet."""

    def __init__(self, facts: Quarter, app: Application, viewer: Viewer) -> None:
        self.facts, self.viewer = facts, viewer
        self.demo = t("Demo data: a made-up company.") if app.settings.company.demo else ""
        self.title = f"{app.settings.company.name} {t('Quarterly assessment')} {facts.period.name}"

    @property
    def lines(self) -> list[str]:
        """Period, moment, rules, person; and that it is a demo."""
        facts, edition = self.facts, self.facts.edition
        lines = [
            t("Period: {period}", period=_span(facts.period))
            + "    "
            + t("Data as of: {moment}", moment=_moment(facts.as_of))
            + "    "
            + t(
                "Rulebook: {edition} (in force from {day}), digest {digest}",
                edition=edition.code,
                day=edition.valid_from,
                digest=facts.rulebook.digest[:12],
            ),
            t("Made for: {name} ({role}).", name=self.viewer.name, role=self.viewer.role)
            + ("" if self.viewer.proved or self.viewer.is_system else " " + t("People are believed, not proved.")),
        ]
        return [*([self.demo] if self.demo else []), *lines]

    def notes(self, source: str, *more: str) -> list[str]:
        facts = self.facts
        first = t("Note: period {period}, taken from {source}.", period=_span(facts.period), source=source)
        return [first, *more, t("— means: no value. It is neither 0 nor 100.")]

    def sheet(self, name: str) -> str:
        return f"{self.title}  {name}"


def _overview(facts: Quarter, heading: _Heading) -> Table:
    name = t("01 Overview and ranks")
    previous = t("On the period before ({period})", period=_span(facts.before))
    yearly = t("Year on year ({period})", period=_span(facts.year_before))
    columns = [
        Column(t("No."), "integer"), Column(t("Office")), Column(t("Level")), Column(t("Score"), "score"),
        Column(t("Rank"), "integer"), Column(t("Previous rank"), "integer"), Column(t("Change"), "places"),
        Column(t("Grade")), Column(t("Red lines"), "integer"), Column(t("Missing indicators")),
        Column(t("Records (n)"), "integer"), Column(t("Weight available"), "decimal"), Column(t("Why not ranked")),
        Column(t("Score then"), "score", previous), Column(t("Difference"), "change", previous),
        Column(t("Score then"), "score", yearly), Column(t("Difference"), "change", yearly),
    ]  # fmt: skip
    rows = [_overview_row(number, line) for number, line in enumerate(facts.lines, start=1)]
    notes = heading.notes(
        t("the league of this moment"),
        t("Rank and change are within the level; offices with too few records or too little weight are not ranked."),
        t("A confirmed red line caps the grade of hall and station at D and leaves the score."),
    )
    return Table(name, heading.sheet(name), heading.lines, columns, rows, notes)


def _overview_row(number: int, line: OfficeLine) -> list[Any]:
    row, before, year_before = line.row, line.before, line.year_before
    then = before["rank"] if before else None
    return [
        number, row["name"], t(LEVEL_NAMES[line.level]), row["score"], row["rank"], then,
        then - row["rank"] if then is not None and row["rank"] is not None else None,
        row["grade"], row["red_line"], " ".join(row["missing"]) or t("none"), row["n"], row["available_weight"],
        _why(row["reason"]), *_compared(row, before), *_compared(row, year_before),
    ]  # fmt: skip


def _compared(row: Row, then: Row | None) -> tuple[float | None, float | None]:
    """The score of another period, and the difference to it."""
    score = then["score"] if then else None
    return score, None if score is None or row["score"] is None else round(row["score"] - score, 2)


def _why(reason: str | None) -> str:
    return t(BY_CODE[reason].text) if reason in BY_CODE else (reason or "")


def _tickets(facts: Quarter, heading: _Heading) -> Table:
    name = t("02 Tickets")
    assessed, kinds = t("Assessed complaints"), t("Of these")
    columns = [
        Column(t("No."), "integer"), Column(t("Office")), Column(t("Level")), Column(t("Tickets (number)"), "integer"),
        *(Column(t(text), "integer", kinds) for text in TYPE_NAMES.values()),
        Column(t("Marketing"), "integer", assessed), Column(t("Production"), "integer", assessed),
        Column(t("Substantiated complaints"), "integer"), Column(t("Handled late"), "integer"),
        Column(t("Handled improperly"), "integer"), Column(t("Called three times"), "integer"),
        *_rate_columns(facts, ("T1", "T2", "T3")), *_rate_columns(facts, ("T4",), "decimal", "change"),
        *_rate_columns(facts, ("T5",)), Column(t("Excluded"), "integer"), Column(t("Unjudgeable"), "integer"),
        Column(t("Pending"), "integer"),
    ]  # fmt: skip
    rows = [
        [
            number, line.row["name"], t(LEVEL_NAMES[line.level]), line.tickets.total,
            *(getattr(line.tickets, kind) for kind in TYPE_NAMES), line.tickets.marketing, line.tickets.production,
            line.tickets.substantiated, line.tickets.late, None,
            line.tickets.called_thrice if line.tickets.calls_known else None,
            *_rates(line, ("T1", "T2", "T3", "T4", "T5")), line.tickets.excluded, _summed(line, "unjudgeable", "T"),
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


def _repairs(facts: Quarter, heading: _Heading) -> Table:
    name = t("03 Repairs")
    arrivals = t("Arrivals on time, by three limits")
    columns = [
        Column(t("No."), "integer"), Column(t("Office")), Column(t("Level")), Column(t("Repairs (number)"), "integer"),
        Column(t("Taken by mobile app"), "rate"), Column(t("Mean arrival (minutes)"), "decimal"),
        Column(t("Mean repair (minutes)"), "decimal"), Column(t("Promise"), "rate", arrivals),
        Column(t("Law"), "rate", arrivals), Column(t("Internal"), "rate", arrivals),
        Column(t("Judged"), "integer"), Column(t("Late arrivals"), "integer"),
        *_rate_columns(facts, ("R1", "R2")), *_rate_columns(facts, ("R3",), "decimal", "change"),
        *_rate_columns(facts, ("R4", "R5")), Column(t("Excluded"), "integer"), Column(t("Unjudgeable"), "integer"),
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
        *_rates(line, ("R1", "R2", "R3", "R4", "R5")), counts.excluded, _summed(line, "unjudgeable", "R"),
        _summed(line, "pending", "R"),
    ]  # fmt: skip


def _halls(facts: Quarter, heading: _Heading) -> Table:
    name = t("04 Hall spot-checks")
    checks = t("Spot-checks")
    columns = [
        Column(t("No."), "integer"), Column(t("Office")), Column(t("Level")), Column(t("Halls"), "integer"),
        Column(t("Halls checkable"), "integer"), Column(t("Halls visited"), "integer"),
        Column(t("Due"), "integer", checks), Column(t("Done"), "integer", checks),
        Column(t("Checkable"), "integer", checks), Column(t("Violations (number)"), "integer"),
        Column(t("Points deducted"), "integer"), Column(t("Hall score"), "score"),
        *_rate_columns(facts, ("H2", "H3")),
    ]  # fmt: skip
    lines = [line for line in (*facts.lines, *facts.halls) if line.halls.halls]
    rows = [
        [
            number, line.row["name"], t(LEVEL_NAMES[line.level]), line.halls.halls, line.halls.watchable,
            line.halls.visited, line.halls.due, line.halls.done, line.halls.checkable, line.halls.violations,
            line.halls.deducted, _times_hundred(line.row["indicators"]["H1"]["value"]), *_rates(line, ("H2", "H3")),
        ]
        for number, line in enumerate(lines, start=1)
    ]  # fmt: skip
    notes = heading.notes(
        t("samples planned in open slots that ended, and confirmed violations"),
        t("Done: captured or not checkable. Checkable: every window was seen. A camera fault costs no points here."),
        t("Points deducted are effective ones: doubled when repeated, capped per day, never below 0 for a month."),
    )
    return Table(name, heading.sheet(name), heading.lines, columns, rows, notes)


def _ledger(facts: Quarter, heading: _Heading) -> Table:
    name = t("07 Ledger of problems")
    columns = [
        Column(t("Date of check")), Column(t("Slot")), Column(t("Office")), Column(t("Hall")), Column(t("Problem")),
        Column(t("Basis")), Column(t("Points deducted"), "integer"), Column(t("Severity")),
        Column(t("Person responsible (masked)")), Column(t("Rectify by")), Column(t("Result of rectification")),
        Column(t("Closed on")), Column(t("Appeal")), Column(t("Found by")), Column(t("Number")),
    ]  # fmt: skip
    items = {item.code: item for item in facts.rulebook.sheet.items}
    rows = [
        [
            _moment(row.at), f"S{row.slot}" if row.slot else None, row.office, row.hall,
            _problem(items.get(row.item), row.note), _basis(row.item, row.doubled), row.effective,
            items[row.item].grade if row.item in items else None, None, None, None, None, None,
            t(KIND_NAMES[row.kind]) if row.kind in KIND_NAMES else row.kind, row.number,
        ]
        for row in facts.ledger
    ]  # fmt: skip
    notes = heading.notes(
        t("confirmed violations observed in the period"),
        t("Persons, rectification, closing and appeals come with the case files; no finding of a machine is listed."),
    )
    return Table(name, heading.sheet(name), heading.lines, columns, rows, notes)


def _problem(item: SheetItem | None, note: str | None) -> str:
    title = (item.title if current_language() == "zh" else item.title_en) if item else ""
    return "：".join(part for part in (title, note) if part)


def _basis(code: str, doubled: bool) -> str:
    text = t("Hall score sheet, item {code}", code=code)
    return text + (" " + t("(doubled: repeated within 30 days)") if doubled else "")


def _definitions(facts: Quarter, heading: _Heading) -> Table:
    """Sheet 08: what each number means and by which edition; the data behind it; every record that was left out."""
    name = t("08 Definitions and data")
    columns = [
        Column(t("Code")), Column(t("Indicator")), Column(t("Definition")), Column(t("Clause")),
        Column(t("Floor"), "decimal"), Column(t("Target"), "decimal"), Column(t("Weight"), "decimal"),
    ]  # fmt: skip
    rows = [
        [
            indicator.code, indicator.title if current_language() == "zh" else indicator.title_en,
            t(DEFINITIONS[indicator.code]) if indicator.code in DEFINITIONS else None, indicator.clause,
            float(indicator.floor), float(indicator.target), float(indicator.weight),
        ]
        for indicator in facts.edition.indicators
    ]  # fmt: skip
    blocks = (_editions(facts), _limits(facts), _totals(facts), _quarantine(facts), _left_out(facts))
    notes = heading.notes(t("rulebook and records of this moment"))
    return Table(name, heading.sheet(name), heading.lines, columns, rows, notes, frozen_columns=1, blocks=blocks)


def _editions(facts: Quarter) -> Table:
    columns = [
        Column(t("Edition")),
        Column(t("Title")),
        Column(t("Source")),
        Column(t("In force from")),
        Column(t("To")),
    ]
    rows = [
        [
            edition.code,
            edition.title,
            edition.source,
            f"{edition.valid_from}",
            edition.valid_to and f"{edition.valid_to}",
        ]
        for edition in facts.rulebook.editions
    ]
    facts_line = t("Records are judged by the edition of their day, scored by that of the last day of the period.")
    return Table("", t("Editions of the rulebook"), [facts_line], columns, rows)


def _limits(facts: Quarter) -> Table:
    columns = [Column(t("Limit")), Column(t("Kind")), Column(t("Amount")), Column(t("Clause")), Column(t("Document"))]
    kinds = {"law": t("Law"), "promise": t("Promise"), "internal": t("Internal")}
    units = {"seconds": t("seconds"), "minutes": t("minutes"), "hours": t("hours"), "days": t("working days")}
    rows = [
        [limit.code, kinds[limit.kind], f"{limit.amount} {units[limit.unit]}", limit.clause, limit.document]
        for step in facts.edition.steps
        for limit in step.limits
    ]
    return Table("", t("Limits: law, promise and internal are three different thresholds"), [], columns, rows)


def _totals(facts: Quarter) -> Table:
    """Quality of the data: how much of each indicator could be judged, over the widest offices."""
    names = ("numerator", "denominator", "pending", "unjudgeable", "excluded", "provisional", "to_the_minute")
    headings = ("Numerator", "Denominator", "Pending", "Unjudgeable", "Excluded", "Provisional", "To the minute")
    columns = [Column(t("Office")), Column(t("Code"))]
    columns += [Column(t(text), "decimal" if place < 2 else "integer") for place, text in enumerate(headings)]
    widest = facts.lines[0].level if facts.lines else ""
    rows = [
        [line.row["name"], code, *(figure[name] for name in names)]
        for line in facts.lines
        if line.level == widest
        for code, figure in line.row["indicators"].items()
    ]
    return Table("", t("Data quality: what could be judged"), [], columns, rows)


def _quarantine(facts: Quarter) -> Table:
    quality = facts.quality
    newest = _moment(from_micros(quality.newest_batch_at)) if quality.newest_batch_at else NONE
    text = t("{n} batches taken in, the newest at {moment}.", n=quality.batches, moment=newest)
    columns = [Column(t("Record")), Column(t("Reason")), Column(t("Rows"), "integer")]
    rows = [[record, t(f"quarantine {reason}"), rows] for record, reason, rows in quality.quarantined]
    return Table("", t("Rows still in quarantine, of all periods"), [text], columns, rows)


def _left_out(facts: Quarter) -> Table:
    columns = [Column(t("Record")), Column(t("Number")), Column(t("Office")), Column(t("Day")), Column(t("Indicators")),
               Column(t("Why not counted"))]  # fmt: skip
    names = {line.code: line.row["name"] for line in (*facts.lines, *facts.halls)}
    rows = [
        [
            t(RECORD_NAMES[row.record]), row.number, names.get(row.office, row.office), f"{row.day}",
            row.indicators or t("all"), _why(row.reason),
        ]
        for row in facts.left_out
    ]  # fmt: skip
    return Table("", t("Records not counted: excluded or unjudgeable ({n})", n=len(rows)), [], columns, rows)


def _rate_columns(facts: Quarter, codes: Sequence[str], kind: str = "rate", change: str = "points") -> list[Column]:
    """Three columns per indicator under its title: now, and the differences to both comparisons."""
    columns = []
    for code in codes:
        indicator = facts.edition.indicator(code)
        group = f"{code} {indicator.title if current_language() == 'zh' else indicator.title_en}"
        columns += [
            Column(t("This period"), kind, group),
            Column(t("On the period before"), change, group),
            Column(t("Year on year"), change, group),
        ]
    return columns


def _rates(line: OfficeLine, codes: Sequence[str]) -> list[float | None]:
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


def _span(period: Period) -> str:
    days = f"{period.start} – {period.end - timedelta(days=1)}"
    return days if ".." in period.name else f"{period.name} ({days})"


def _moment(moment: datetime) -> str:
    return f"{moment.astimezone(LOCAL):%Y-%m-%d %H:%M:%S}"
