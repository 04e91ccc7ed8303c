"""Sheets 05 and 06 (业扩与三指定, 其他指标): connections with their forms, and the scored measures."""

from __future__ import annotations

from typing import Any

from dashboard.exports.heading import LEVEL_NAMES, Heading
from dashboard.exports.spreadsheet import Column, Table
from dashboard.exports.standings import rate_columns, rates
from dashboard.queries.forms import READ, thresholds_of
from dashboard.queries.quarter import OfficeLine, Quarter
from dashboard.rights import may
from dashboard.texts import t

QUESTIONS = {"design": "Designer imposed", "construction": "Builder imposed", "supply": "Supplier imposed",
             "fee": "Extra fee"}  # fmt: skip
OTHERS = ("O1", "O2", "O3", "O4", "O5")


def connections(facts: Quarter, heading: Heading) -> Table:
    name = t("05 Connections and forms")
    clock, said = t("Connections against the limit"), t("Answered yes")
    columns = [
        Column(t("No."), "integer"), Column(t("Office")), Column(t("Level")), Column(t("Judged"), "integer", clock),
        Column(t("Handled late"), "integer", clock), Column(t("Pending"), "integer", clock),
        Column(t("Unjudgeable"), "integer", clock), Column(t("Excluded"), "integer", clock),
        *rate_columns(facts, ("C1", "C2", "C3")), Column(t("Forms of the period"), "integer"),
        *(Column(t(text), "integer", said) for text in QUESTIONS.values()),
    ]  # fmt: skip
    least = _told_from(heading)
    rows = [_connections_row(number, line, least) for number, line in enumerate(facts.lines, start=1)]
    notes = heading.notes(
        t("applications accepted in the period"),
        t("Working days after the day of acceptance; pauses lengthen the limit. Solar has no limit and is not judged."),
        t("A yes on a form is what a customer states, not yet a breach; forms are counted by their own time."),
    )
    return Table(name, heading.sheet(name), heading.lines, columns, rows, notes)


def _told_from(heading: Heading) -> int | None:
    """From how many forms on this reader is told what they say; None: never, who answers for an office."""
    if may(heading.viewer, READ):
        return 0
    answering = may(heading.viewer, "answer for the offices in sight")
    return None if answering else thresholds_of(heading.settings).told_from


def _connections_row(number: int, line: OfficeLine, least: int | None) -> list[Any]:
    clock, forms = line.row["indicators"]["C1"], line.connections
    told = least is not None and forms.forms >= least
    return [
        number, line.row["name"], t(LEVEL_NAMES[line.level]), clock["denominator"],
        clock["denominator"] - clock["numerator"], clock["pending"], clock["unjudgeable"], clock["excluded"],
        *rates(line, ("C1", "C2", "C3")), forms.forms,
        *(getattr(forms, name) if told else None for name in QUESTIONS),
    ]  # fmt: skip


def others(facts: Quarter, heading: Heading) -> Table:
    name = t("06 Other lines")
    columns = [Column(t("No."), "integer"), Column(t("Office")), Column(t("Level")), *rate_columns(facts, OTHERS)]
    rows = [
        [number, line.row["name"], t(LEVEL_NAMES[line.level]), *rates(line, OTHERS)]
        for number, line in enumerate(facts.lines, start=1)
    ]
    notes = heading.notes(
        t("measures of the months that lie in the period and have ended; O5 from call-backs"),
        t("Numerators and denominators are added up over offices and months, not averaged."),
    )
    return Table(name, heading.sheet(name), heading.lines, columns, rows, notes)
