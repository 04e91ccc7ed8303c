"""The hall reports as a workbook (营业厅评价表): months, contest, provincial report, violation rates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from checks.hall_evaluation import Part, Scheme
from checks.periods import parse_period
from dashboard.bootstrap import Application
from dashboard.exports.heading import LEVEL_NAMES, moment_text, span
from dashboard.exports.spreadsheet import Column, Table, workbook_bytes
from dashboard.instants import LOCAL
from dashboard.people import Viewer
from dashboard.texts import current_language, t

Row = Mapping[str, Any]


def hall_workbook(app: Application, viewer: Viewer, scheme: Scheme, document: Row) -> bytes:
    """The document of `dashboard.queries.hall_reports` as an xlsx workbook, in the current language."""
    moment = datetime.fromisoformat(document["as_of"])
    demo = [t("Demo data: a made-up company.")] if app.settings.company.demo else []
    facts = [
        *demo,
        t("Period: {period}", period=span(parse_period(document["period"])))
        + "    " + t("Data as of: {moment}", moment=moment_text(moment)),
        t("Made for: {name} ({role}).", name=viewer.name, role=t(viewer.role))
        + ("" if viewer.proved else " " + t("People are believed, not proved.")),
    ]  # fmt: skip
    monthly = [(one["month"], row) for one in document["months"] for row in one["rows"]]
    tables = [
        _evaluation(t("Monthly evaluation"), facts, scheme.month, monthly),
        _evaluation(t("Quarterly contest"), facts, scheme.quarter,
                    [(document["quarter"], row) for row in document["contest"]["rows"]]),
        province(facts, document["province"]["rows"]),
        rates(facts, document["violation_rates"]["rows"]),
    ]  # fmt: skip
    title = f"{app.settings.company.name} {t('Hall reports')} {document['period']}"
    return workbook_bytes(tables, title=title, created=moment.astimezone(LOCAL),
                          footer=f"{app.settings.company.name}  {''.join(demo)}".strip())  # fmt: skip


def part_title(part: Part) -> str:
    """Title with its weight; a proposed weight says so."""
    name, proposed = (part.title, "（p）") if current_language() == "zh" else (part.title_en, " (p)")
    return f"{name} {float(part.weight):g} %{proposed if part.origin == 'p' else ''}"


def _evaluation(name: str, facts: Sequence[str], parts: Sequence[Part], rows: Sequence[tuple[str, Row]]) -> Table:
    columns = [
        Column(t("Period")), Column(t("Hall")), Column(t("Station")), Column(t("Rank"), "integer"),
        Column(t("Score"), "score"), *(Column(part_title(part), "score") for part in parts),
        Column(t("Available weight"), "integer"),
    ]  # fmt: skip
    body = [
        [period, row["name"], row["station"], row["rank"], row["score"],
         *(row["parts"][part.part] for part in parts), row["available_weight"]]
        for period, row in rows
    ]  # fmt: skip
    notes = [
        t("— means missing: neither 0 nor 100; the other parts carry its weight. Weights marked (p) are proposals."),
        t("A table of its own: nothing of it enters the score of the league."),
    ]
    return Table(name, name, facts, columns, body, notes)


def province(facts: Sequence[str], rows: Sequence[Row]) -> Table:
    """单位, 营业厅数量, 可监控, 本期巡查, 不规范行为."""
    name = t("Provincial report")
    columns = [
        Column(t("Office")), Column(t("Level")), Column(t("Number of halls"), "integer"),
        Column(t("Halls that can be watched"), "integer"), Column(t("Halls visited"), "integer"),
        Column(t("Samples due"), "integer"), Column(t("Samples done"), "integer"),
        Column(t("Violations (number)"), "integer"), Column(t("of them by video"), "integer"),
    ]  # fmt: skip
    keys = ("halls", "watchable", "visited", "due", "done", "violations", "by_video")
    body = [[row["name"], t(LEVEL_NAMES[row["level"]]), *(row[key] for key in keys)] for row in rows]
    return Table(name, name, facts, columns, body, [t("Confirmed by a person or stated on a sheet; one fact once.")])


def rates(facts: Sequence[str], rows: Sequence[Row]) -> Table:
    """How often a checked moment shows a violation, with the interval of the draw."""
    name = t("Violation rate")
    columns = [
        Column(t("Office")), Column(t("Level")), Column(t("Samples with a violation"), "integer"),
        Column(t("Samples decided"), "integer"), Column(t("Samples not decided yet"), "integer"),
        Column(t("Violation rate"), "rate"), Column(t("Low (95 %)"), "rate"), Column(t("High (95 %)"), "rate"),
    ]  # fmt: skip
    keys = ("violations", "decided", "waiting", "value", "low", "high")
    body = [[row["name"], t(LEVEL_NAMES[row["level"]]), *(row[key] for key in keys)] for row in rows]
    return Table(name, name, facts, columns, body, [rate_sentence()])


def rate_sentence() -> str:
    """What may be concluded from a violation rate, and what may not."""
    return t(
        "The moments are drawn by lot, so the rate holds for the opening hours of all slots within its interval; it "
        "says how often a violation is to be seen, not whose it is; overlapping intervals tell no two halls apart."
    )
