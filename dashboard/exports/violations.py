"""The ledger of violations as a workbook (违规台账): the columns that supervisors ask for, and ours."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from dashboard.bootstrap import Application
from dashboard.cases.words import GRAVE, STATES, said_of, what
from dashboard.exports.heading import moment_text
from dashboard.exports.spreadsheet import Column, Table, workbook_bytes
from dashboard.instants import LOCAL
from dashboard.people import Viewer
from dashboard.queries.offices import Tree
from dashboard.queries.violations import Story
from dashboard.texts import t

DONE = {"pass": "in order", "return": "returned", "close": "closed, all done", "uphold_appeal": "annulled"}


def ledger_workbook(
    app: Application, viewer: Viewer, stories: Sequence[Story], titles: Mapping[str, str], tree: Tree, at: datetime
) -> bytes:
    """One row per case (domain §7.3: 监测日期, 问题类型, 责任单位, 问题原因, 整改意见, 整改期限, 整改结果)."""
    columns = [
        Column(t("Number")), Column(t("Observed")), Column(t("What")), Column(t("Responsible unit")),
        Column(t("Severity")), Column(t("Cause")), Column(t("Demand")), Column(t("Rectify until")), Column(t("Result")),
        Column(t("State")), Column(t("Returned at re-checks"), "integer"), Column(t("Happened before as")),
    ]  # fmt: skip
    demo = [t("Demo data: a made-up company.")] if app.settings.company.demo else []
    facts = [
        *demo, t("Data as of: {moment}", moment=moment_text(at)),
        t("Made for: {name} ({role}).", name=viewer.name, role=t(viewer.role))
        + ("" if viewer.proved else " " + t("People are believed, not proved.")),
    ]  # fmt: skip
    rows = [_row(story, titles, tree) for story in stories]
    name = t("Ledger of violations")
    title = f"{app.settings.company.name} {name}"
    return workbook_bytes([Table(name, title, facts, columns, rows)], title=title, created=at.astimezone(LOCAL),
                          footer=f"{app.settings.company.name}  {''.join(demo)}".strip())  # fmt: skip


def _row(story: Story, titles: Mapping[str, str], tree: Tree) -> list[object]:
    one = story.violation
    last = {event.deed: event for event in story.events}
    until = next((due.until for due in story.deadlines if due.step in ("rectify", "plan")), None)
    cause = last["close"].what.get("cause") if "close" in last else None
    result = next((event for event in reversed(story.events) if event.deed in DONE), None)
    return [
        one.number, moment_text(one.observed_at), what(one, titles), tree.name(one.office), t(GRAVE[one.severity]),
        said_of("cause", cause) if cause else None,
        str(last["send_down"].what.get("note", "")) if "send_down" in last else None,
        moment_text(until) if until else None,
        f"{t(DONE[result.deed])} · {moment_text(result.at)}" if result else None,
        t(STATES[one.state]), one.returns, one.recurrence_of,
    ]  # fmt: skip
