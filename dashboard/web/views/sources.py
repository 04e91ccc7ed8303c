"""Where the data come from and what could not be stored (数据源, 隔离区), and how the machinery is doing."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from dashboard.queries.jobs import JobRun, ProcessState
from dashboard.queries.quarantine import QuarantinedRow
from dashboard.queries.sources import SourceState
from dashboard.texts import t
from dashboard.web import display
from dashboard.web.components.blocks import Column, facts, go, state, table, word
from dashboard.web.markup import Safe, safe, tag
from dashboard.web.views import names

Row = Mapping[str, Any]
Link = Callable[..., str]
SOURCE_WORDS = {
    "current": ("up to date", "fine"), "silent": ("silent", "breach"), "failing": ("failing", "breach"),
    "never": ("nothing yet", "soon"),
}  # fmt: skip
PROCESS_WORDS = {
    "leading": ("working", "fine"), "waiting": ("standing by", "fine"), "serving": ("working", "fine"),
    "silent": ("not heard of", "breach"), "stopped": ("stopped", "soon"), "never": ("never started", "soon"),
}  # fmt: skip
OUTCOMES = {
    "done": ("done", "fine"),
    "running": ("running", ""),
    "failed": ("failed", "breach"),
    "missed": ("missed", "breach"),
    "abandoned": ("abandoned", "breach"),
}


def _word(words: Mapping[str, tuple[str, str]], code: str) -> Safe:
    text, tone = words.get(code, (code, ""))
    return word(t(text), tone)


def processes(found: Sequence[ProcessState], now: datetime) -> Safe:
    kinds = {"worker": t("Worker"), "web": t("Web server")}
    return facts([
        (kinds.get(one.kind, one.kind),
         safe(_word(PROCESS_WORDS, one.state), " ",
              t("last heard {when}", when=display.age(one.last_heard, now)) if one.last_heard else ""))
        for one in found
    ])  # fmt: skip


def sources(found: Sequence[SourceState], now: datetime, link: Link, flags: Mapping[tuple[str, str], int]) -> Safe:
    """Each source: state, last file, allowed silence, why it fails; `flags`: open ones by source and record."""
    columns = [
        Column(t("Source"), "head main"), Column(t("Records")), Column(t("State")), Column(t("Last stored"), "num"),
        Column(t("Expected within"), "num"), Column(t("Last asked"), "num"), Column(t("Flags"), "num"),
        Column(t("Last file"), "wide"),
    ]  # fmt: skip
    body = [
        [go(link(source=one.name), one.name), names.record(one.record),
         safe(_word(SOURCE_WORDS, one.state), " ", "" if one.configured else tag("small", t("by hand"))),
         tag("span", display.age(one.last_stored, now), title=display.exact(one.last_stored)),
         span(one.expected_within), display.age(one.last_asked, now),
         display.count(flags.get((one.name, one.record), 0)),
         tag("span", one.error, class_="breach") if one.error else base_name(one.last_file)]
        for one in found
    ]  # fmt: skip
    return table(columns, body, label=t("Sources"))


def span(length: timedelta | None) -> str:
    """A whole length: `3 h`, `45 min`, `1 d`."""
    if length is None:
        return display.NONE
    minutes = int(length.total_seconds() // 60)
    if minutes % 1440 == 0:
        return t("{n} d", n=minutes // 1440)
    return t("{n} h", n=minutes // 60) if minutes % 60 == 0 else t("{n} min", n=minutes)


def base_name(path: str | None) -> Safe | str:
    """The file's own name; its folder on hover."""
    if not path:
        return display.NONE
    return tag("span", path.replace("\\", "/").rsplit("/", 1)[-1], title=path)


def batches(rows: Sequence[Row], now: datetime, link: Link) -> Safe:
    """read = new + updated + unchanged + older + quarantined: nothing is lost (design §5.1)."""
    counts = ("read", "new", "updated", "unchanged", "older", "quarantined", "skipped")
    columns = [
        Column(t("Started"), "num"),
        Column(t("Source"), "head main"),
        Column(t("Records")),
        Column(t("File"), "wide"),
        Column(t("State")),
        *(Column(t(name), "num") for name in counts),
    ]
    body = [
        [go(link(batch=row["id"]), display.moment(started(row), now), title=display.exact(started(row))), row["source"],
         names.record(row["record"]), base_name(row["file"]), batch_state(row),
         *(display.count(row[name]) for name in counts)]
        for row in rows
    ]  # fmt: skip
    return table(columns, body, label=t("Batches"))


def started(row: Row) -> datetime | None:
    return display.from_micros(row["started_at"])


def batch_state(row: Row) -> Safe:
    found = _word(OUTCOMES, row["state"])
    return safe(found, " ", tag("small", row["error"])) if row["error"] else found


def reasons(rows: Sequence[Row], chosen: tuple[str | None, str | None], now: datetime, link: Link) -> Safe:
    """What is in quarantine, by reason; a reason opens its rows."""
    columns = [Column(t("Reason"), "head main"), Column(t("Source")), Column(t("Records")), Column(t("Rows"), "num"),
               Column(t("Since"), "num")]  # fmt: skip
    body = [
        [go(link(reason=row["reason"], source=row["source"]), reason_text(row["reason"])), row["source"],
         names.record(row["record"]), display.count(row["rows"]),
         display.moment(display.from_micros(row["since"]), now)]
        for row in rows
    ]  # fmt: skip
    place = next((index for index, row in enumerate(rows) if (row["reason"], row["source"]) == chosen), None)
    return table(columns, body, chosen=place, label=t("Quarantine"))


REASONS = {
    "missing_value": "a required value is missing", "damaged_number": "the number was damaged (Excel)",
    "unreadable_time": "a time cannot be read", "unreadable_value": "a value cannot be read",
    "unknown_value": "a value is not among the known ones", "unknown_office": "the office is unknown",
    "ambiguous_office": "two offices answer to this name", "duplicate_in_file": "the file contradicts itself",
    "ragged_row": "the row has too many or too few cells", "unclosed_quote": "a quotation mark is not closed",
    "undecodable_text": "the text cannot be decoded", "negative_denominator": "the denominator is negative",
    "unknown_item": "the sheet item is unknown", "changed_by_hand": "a person has changed this by hand",
}  # fmt: skip


def reason_text(code: str) -> str:
    return t(REASONS.get(code, code))


def quarantined(rows: Sequence[Row], link: Link) -> Safe:
    columns = [Column(t("Row"), "num"), Column(t("Number"), "head keep"), Column(t("Office")), Column(t("Column")),
               Column(t("Value seen"), "wide"), Column(t("Reason")), Column(t("File"))]  # fmt: skip
    body = [
        [
            go(link(row=row["id"]), display.count(row["row_no"]), title=t("The row as read")),
            row["number"] or display.NONE,
            row["office_named"] or display.NONE,
            names.column(row["column_name"]) if row["column_name"] else display.NONE,
            tag("code", row["value"]) if row["value"] else display.NONE,
            reason_text(row["reason"]),
            base_name(row["file"]),
        ]
        for row in rows
    ]
    return table(columns, body, label=t("Quarantined rows"))


def raw(row: QuarantinedRow | None) -> Safe:
    """The row as read, masked; only for those who see the whole company."""
    if row is None:
        return state("empty", t("The raw row is shown only to those who see the whole company."))
    return facts([(header, tag("code", text or "")) for header, text in row.cells.items()])


def runs(found: Sequence[JobRun], now: datetime) -> Safe:
    columns = [
        Column(t("Job"), "head main"),
        Column(t("Planned"), "num"),
        Column(t("Outcome")),
        Column(t("Took"), "num"),
        Column(t("What it said"), "wide"),
    ]
    body = [
        [one.job, tag("span", display.moment(one.planned_at, now), title=display.exact(one.planned_at)),
         _word(OUTCOMES, one.outcome), display.NONE if one.seconds is None else f"{one.seconds:.1f} s",
         one.detail or ""]
        for one in found
    ]  # fmt: skip
    return table(columns, body, label=t("Job runs"))
