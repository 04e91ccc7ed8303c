"""How good the detectors are, made ready to be shown (检测质量)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from checks.agreement import Estimate
from checks.rulebook.model import SheetItem
from collectors.video.rules import shipped
from dashboard.queries.detectors import FEWEST, Month
from dashboard.texts import t
from dashboard.web import books, display
from dashboard.web.components.blocks import Column, table, word
from dashboard.web.markup import Safe, safe, tag


def quality(rows: Sequence[Month], sheet: Mapping[str, SheetItem]) -> Safe:
    """A line per item and month in which something was proposed, overlooked or decided."""
    columns = [
        Column(t("Item"), "head main"), Column(t("Month")), Column(t("Candidates"), "num"),
        Column(t("Confirmed"), "num"), Column(t("Rejected"), "num"), Column(t("Undecided"), "num"),
        Column(t("Refuted by the recording"), "num"), Column(t("Confirmed share"), "wide"),
        Column(t("Overlooked"), "num"), Column(t("Not judged"), "num"), Column(""),
    ]  # fmt: skip
    body = [
        [
            titled(row.item, sheet), row.month, display.count(row.candidates), display.count(row.confirmed),
            display.count(row.rejected), display.count(row.open), display.count(row.refuted),
            estimated(row.confirmed_share), overlooked(row), unjudged(row), verdict(row),
        ]
        for row in rows
    ]  # fmt: skip
    return table(columns, body, label=t("Detectors by item and month"))


def titled(item: str, sheet: Mapping[str, SheetItem]) -> str:
    return f"{item} {books.title(sheet[item])}" if item in sheet else item


def estimated(one: Estimate | None) -> Safe:
    """A share with its interval beside it."""
    if one is None:
        return tag("span", display.NONE, title=t("nothing decided yet"))
    ends = t("{low} to {high}", low=display.rate(one.low), high=display.rate(one.high))
    return safe(tag("span", display.rate(one.value)), " ", tag("small", ends, class_="quiet"))


def overlooked(row: Month) -> Safe:
    """Violations found where nothing was proposed, of the samples judged without a candidate."""
    one = row.miss_share
    if one is None:
        return tag("span", display.NONE, title=t("no sample was judged without a candidate"))
    ends = t("{low} to {high}", low=display.rate(one.low), high=display.rate(one.high))
    return tag("span", f"{display.count(row.missed)}/{display.count(row.judged_without)}", title=ends)


def unjudged(row: Month) -> Safe:
    """Samples without an answer, with the reasons at hand."""
    reasons = t("; ").join(f"{t(reason)} ({count})" for reason, count in sorted(row.reasons.items()))
    return tag("span", display.count(row.unjudged), title=reasons)


def verdict(row: Month) -> Safe | str:
    """Said in words where a detector is mostly wrong."""
    if row.is_low:
        return word(t("mostly wrong"), "breach")
    decided = row.confirmed + row.rejected
    return tag("span", t("too few to conclude"), class_="quiet") if decided < FEWEST and row.candidates else ""


def silence(rows: Sequence[Month]) -> Safe:
    """Why detectors gave no answer: item, reason, samples."""
    found: dict[tuple[str, str], int] = {}
    for row in rows:
        for reason, count in row.reasons.items():
            found[row.item, reason] = found.get((row.item, reason), 0) + count
    columns = [Column(t("Item"), "head"), Column(t("Why there is no answer"), "wide"), Column(t("Samples"), "num")]
    body = [[item, t(reason), display.count(count)] for (item, reason), count in sorted(found.items())]
    return table(columns, body, label=t("Not judged"))


def rules(sheet: Mapping[str, SheetItem]) -> Safe:
    """What each detector looks for, for how long, and when."""
    columns = [Column(t("Item"), "head main"), Column(t("Proposed when"), "wide"), Column(t("For at least"), "num"),
               Column(t("Slot"))]  # fmt: skip
    body = [
        [
            titled(rule.item, sheet), t(rule.title),
            t("{seconds} s", seconds=f"{rule.seconds:g}") if rule.seconds else display.NONE,
            ", ".join(f"S{slot}" for slot in rule.slots) or t("all"),
        ]
        for rule in shipped().rules
    ]  # fmt: skip
    return table(columns, body, label=t("Rules of the detectors"))
