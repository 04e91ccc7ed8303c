"""Sheets 07 and 08 (问题台账, 口径与数据): confirmed violations; definitions, data quality, what was not counted."""

from __future__ import annotations

from checks.rulebook.model import SheetItem
from dashboard.exports.definitions import DEFINITIONS
from dashboard.exports.heading import Heading, moment_text, why
from dashboard.exports.spreadsheet import NONE, Column, Table
from dashboard.instants import from_micros
from dashboard.queries.quarter import Quarter
from dashboard.texts import current_language, t

RECORD_NAMES = {"tickets": "Ticket", "repairs": "Repair"}
KIND_NAMES = {"video": "Video spot-check", "on_site": "On site", "mutual": "Mutual inspection",
              "undercover": "Undercover inspection", "findings": "Video spot-check"}  # fmt: skip


def ledger(facts: Quarter, heading: Heading) -> Table:
    name = t("07 Ledger of problems")
    columns = [
        Column(t("Date of check")), Column(t("Slot")), Column(t("Office")), Column(t("Hall")), Column(t("Problem")),
        Column(t("Basis")), Column(t("Points deducted"), "integer"), Column(t("Severity of item")),
        Column(t("Person responsible (masked)")), Column(t("Rectify by")), Column(t("Result of rectification")),
        Column(t("Closed on")), Column(t("Appeal")), Column(t("Found by")), Column(t("Record number")),
    ]  # fmt: skip
    items = {item.code: item for item in facts.rulebook.sheet.items}
    rows = [
        [
            moment_text(row.at), f"S{row.slot}" if row.slot else None, row.office, row.hall,
            _problem(items.get(row.item), row.note), _basis(row.item, row.doubled), row.effective,
            items[row.item].grade if row.item in items else None, None, None, None, None, None,
            t(KIND_NAMES[row.kind]) if row.kind in KIND_NAMES else row.kind, row.number,
        ]
        for row in facts.ledger
    ]  # fmt: skip
    notes = heading.notes(
        t("confirmed violations observed in the period"),
        t(
            "Rectification, closing and appeals stand in the ledger of violations, on its page; no finding of a "
            "machine is listed."
        ),
    )
    return Table(name, heading.sheet(name), heading.lines, columns, rows, notes)


def _problem(item: SheetItem | None, note: str | None) -> str:
    title = (item.title if current_language() == "zh" else item.title_en) if item else ""
    return "：".join(part for part in (title, note) if part)


def _basis(code: str, doubled: bool) -> str:
    text = t("Hall score sheet, item {code}", code=code)
    return text + (" " + t("(doubled: repeated within 30 days)") if doubled else "")


def definitions(facts: Quarter, heading: Heading) -> Table:
    """Sheet 08: what each number means and by which edition; the data behind it; every record that was left out."""
    name = t("08 Definitions and data")
    columns = [
        Column(t("Indicator code")), Column(t("Indicator")), Column(t("Definition")), Column(t("Clause")),
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
    quality = () if facts.frozen is not None else (_quarantine(facts),)  # what waits today says nothing of a snapshot
    blocks = (_frozen(facts), _editions(facts), _limits(facts), _totals(facts), *quality, _left_out(facts))
    notes = heading.notes(t("rulebook and records of this moment"))
    return Table(name, heading.sheet(name), heading.lines, columns, rows, notes, frozen_columns=1, blocks=blocks)


def _frozen(facts: Quarter) -> Table:
    """What a dispute is settled with: by what the figures were made, and who froze them."""
    columns = [Column(t("What made the figures")), Column(t("Value"))]
    frozen = facts.frozen
    if frozen is None:
        return Table("", t("Snapshot"), [t("Not frozen: these figures follow the data.")], columns, [])
    rows: list[list[str | None]] = [
        [t("Snapshot"), frozen.digest],
        [t("Rulebook"), frozen.rulebook],
        [t("Calendar"), frozen.calendar],
        [t("Version of the program"), frozen.program],
        [t("Proposed by"), f"{frozen.proposed_by}  {moment_text(from_micros(frozen.proposed_at))}"],
        [t("Published by"), f"{frozen.published_by}  {moment_text(from_micros(frozen.published_at))}"],
        [t("Written reason"), frozen.reason],
    ]
    return Table("", t("Snapshot"), [], columns, rows)


def _editions(facts: Quarter) -> Table:
    columns = [
        Column(t("Edition")),
        Column(t("Title of the edition")),
        Column(t("Source of the edition")),
        Column(t("In force from")),
        Column(t("In force to")),
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
    columns = [
        Column(t("Limit")),
        Column(t("Kind of limit")),
        Column(t("Amount")),
        Column(t("Clause")),
        Column(t("Document")),
    ]
    kinds = {"law": t("Law (limit)"), "promise": t("Promise (limit)"), "internal": t("Internal (limit)")}
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
    columns = [Column(t("Office")), Column(t("Indicator code"))]
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
    newest = moment_text(from_micros(quality.newest_batch_at)) if quality.newest_batch_at else NONE
    text = t("{n} batches taken in, the newest at {moment}.", n=quality.batches, moment=newest)
    columns = [Column(t("Record")), Column(t("Reason")), Column(t("Rows"), "integer")]
    rows = [[record, _quarantined(reason), rows] for record, reason, rows in quality.quarantined]
    return Table("", t("Rows still in quarantine, of all periods"), [text], columns, rows)


QUARANTINE = {
    "missing_value": "a needed value is empty",
    "damaged_number": "a number ruined by a spreadsheet",
    "unreadable_time": "a time that cannot be read",
    "unreadable_value": "a value that cannot be read",
    "unknown_value": "a word that is not known",
    "unknown_office": "an office nobody knows",
    "ambiguous_office": "a name of two offices",
    "duplicate_in_file": "two different rows of one number in a file",
    "ragged_row": "a line of another width",
    "unclosed_quote": "a quotation mark that is never closed",
    "undecodable_text": "characters that cannot be decoded",
    "negative_denominator": "a negative denominator",
    "changed_by_hand": "another statement about what a person has changed by hand",
}
"""Reasons of quarantine → msgid."""


def _quarantined(reason: str) -> str:
    return f"{reason} {t(QUARANTINE[reason])}" if reason in QUARANTINE else reason


def _left_out(facts: Quarter) -> Table:
    columns = [
        Column(t("Record")), Column(t("Record number")), Column(t("Office")), Column(t("Day of acceptance")),
        Column(t("Indicators")), Column(t("Why not counted")),
    ]  # fmt: skip
    names = {line.code: line.row["name"] for line in (*facts.lines, *facts.halls)}
    rows = [
        [
            t(RECORD_NAMES[row.record]), row.number, names.get(row.office, row.office), f"{row.day}",
            row.indicators or t("all indicators"), why(row.reason),
        ]
        for row in facts.left_out
    ]  # fmt: skip
    return Table("", t("Records not counted: excluded or unjudgeable ({n})", n=len(rows)), [], columns, rows)
