"""Canonical columns of every record type (design §4.2): the one description that reading, storing and judging share.

Adding a record type costs one `RecordType` here (plus its judge and its line in the headers): tables, history,
import and quarantine are made from it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

Kind = Literal[
    "text", "instant", "day", "month", "period", "clock_time", "integer", "decimal", "share", "flag", "maybe", "choice",
    "json",
]  # fmt: skip
"""What a column holds.

text: as written, NFKC is not applied. instant: a point in time (stored as microseconds UTC). day: a local calendar
day `YYYY-MM-DD`. month: `YYYY-MM`. period: a quarter `YYYY-Qn` or a month. clock_time: `HH:MM` local. integer, decimal:
numbers (decimal is kept as text so that no digit is lost); share: a decimal up to 1 that may be written as a
percentage. flag: yes/no, empty means no. maybe: yes/no, empty means unknown. choice: one of `values`.
json: a JSON document as text.
"""


@dataclass(frozen=True, slots=True)
class Column:
    """One canonical column. `required` columns must be mapped, or the file is refused."""

    name: str
    kind: Kind = "text"
    values: tuple[str, ...] = ()
    required: bool = False
    needed: bool = False
    """A row whose value is empty or unreadable here goes to quarantine (required columns always do)."""
    later: bool = False
    """It came with a later version: a row that says nothing here has the content hash that it had before."""


@dataclass(frozen=True, slots=True)
class RecordType:
    """One kind of record (记录类型) with its key.

    `key` is what identifies a row inside a system; `stored_key` adds `system` unless the record is ours alone.
    `moment` names the column that decides the day it belongs to; `office` the column that names its office or hall.
    """

    name: str
    title: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    office: str | None
    moment: str | None
    number: str
    """The column a person calls the record by."""
    by_system: bool = True
    office_level: Literal["any", "hall"] = "any"
    lifecycle: tuple[str, ...] = field(default=())
    """Stamps in the order in which they should happen (design §3.1)."""

    @property
    def stored_key(self) -> tuple[str, ...]:
        return (("system",) if self.by_system else ()) + self.key

    def column(self, name: str) -> Column:
        """The column of that name; KeyError if there is none."""
        return next(column for column in self.columns if column.name == name)

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.columns)

    @property
    def required(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.columns if column.required)


def _text(*names: str) -> tuple[Column, ...]:
    return tuple(Column(name) for name in names)


def _stamps(*names: str) -> tuple[Column, ...]:
    return tuple(Column(name, "instant") for name in names)


AREAS = ("urban", "rural", "remote")
LEVELS = ("company", "county", "station", "hall")
TICKET_TYPES = ("fault", "complaint", "report", "opinion", "suggestion", "enquiry", "praise", "request")
OUTCOMES = ("planned", "captured", "missed", "not_checkable")
_AREA = Column("area", "choice", AREAS)
_DESK = (*_text("calls", "taken_by", "category_1", "category_2", "category_3"),)

OFFICES = RecordType(
    "offices", "单位",
    (
        Column("code", required=True), Column("name", required=True), Column("parent_code"),
        Column("level", "choice", LEVELS, required=True), _AREA, Column("peer_group"), Column("customers", "integer"),
        Column("aliases"), Column("valid_from", "day"), Column("valid_to", "day"), Column("successor_code"),
    ),
    key=("code", "valid_from"), office=None, moment=None, number="code", by_system=False,
)  # fmt: skip

CAMERAS = RecordType(
    "cameras", "摄像机",
    (
        Column("code", required=True), Column("hall_code", required=True), *_text("name", "url", "playback_url"),
        Column("windows", "json"), Column("waiting_area", "json"), Column("reference_image"),
    ),
    key=("code",), office="hall_code", moment=None, number="code", by_system=False, office_level="hall",
)  # fmt: skip

TICKETS = RecordType(
    "tickets", "工单",
    (
        Column("ticket_no", required=True), *_text("parent_ticket_no", "source"),
        Column("type", "choice", TICKET_TYPES, required=True), Column("category"),
        Column("office_code", required=True), _AREA, *_text("customer_no", "phone"),
        Column("accepted_at", "instant", required=True),
        *_stamps("dispatched_at", "taken_at", "contacted_at", "arrived_at", "finished_at", "replied_at", "visited_at",
                 "archived_at"),
        Column("urges", "integer"), Column("returns", "integer"),
        Column("substantiated", "choice", ("yes", "no", "partly")),
        Column("satisfaction", "choice", ("satisfied", "neutral", "dissatisfied")),
        Column("severity", "choice", ("general", "important", "major", "special")), Column("content"),
        Column("withdrawn", "flag"), Column("simulated", "flag"), *_DESK,
        Column("emotion", "choice", ("calm", "agitated", "very_agitated"), later=True), Column("reply", later=True),
    ),
    key=("ticket_no",), office="office_code", moment="accepted_at", number="ticket_no",
    lifecycle=("accepted_at", "dispatched_at", "taken_at", "contacted_at", "arrived_at", "finished_at", "replied_at",
               "visited_at", "archived_at"),
)  # fmt: skip

REPAIRS = RecordType(
    "repairs", "抢修",
    (
        Column("repair_no", required=True), Column("ticket_no"), Column("office_code", required=True), Column("team"),
        _AREA, Column("accepted_at", "instant", required=True),
        *_stamps("dispatched_at", "taken_at", "arrived_at", "restored_at", "replied_at"), Column("fault_class"),
        Column("customer_owned", "flag"), *_text("line", "transformer", "customer_no"),
        Column("reported_arrival_late", "maybe"), Column("reported_restore_late", "maybe"),
        Column("simulated", "flag"), Column("parent_repair_no"), *_DESK, Column("repaired_by", later=True),
    ),
    key=("repair_no",), office="office_code", moment="accepted_at", number="repair_no",
    lifecycle=("accepted_at", "dispatched_at", "taken_at", "arrived_at", "restored_at", "replied_at"),
)  # fmt: skip

APPLICATIONS = RecordType(
    "applications", "业扩报装",
    (
        Column("application_no", required=True), Column("office_code", required=True),
        Column("class", "choice", ("residential", "low_voltage", "high_voltage_single", "high_voltage_dual", "solar")),
        Column("customer_no"), Column("accepted_at", "instant", required=True),
        *_stamps("plan_answered_at", "design_reviewed_at", "inspected_at", "connected_at", "archived_at"),
        Column("papers", "integer"), Column("visits", "integer"), Column("paused_working_days", "integer"),
        Column("pause_document"), Column("card_issued", "maybe"),
    ),
    key=("application_no",), office="office_code", moment="accepted_at", number="application_no",
    lifecycle=("accepted_at", "plan_answered_at", "design_reviewed_at", "inspected_at", "connected_at", "archived_at"),
)  # fmt: skip

EVALUATIONS = RecordType(
    "evaluations", "评价",
    (
        Column("evaluation_no", required=True),
        Column("kind", "choice", ("designated_form", "keypress", "callback", "survey"), required=True),
        Column("office_code", required=True), Column("record_no"), Column("at", "instant", required=True),
        Column("satisfaction", "choice", ("satisfied", "neutral", "dissatisfied")),
        Column("designated_design", "maybe"), Column("designated_construction", "maybe"),
        Column("designated_supply", "maybe"), Column("extra_fee", "maybe"), Column("attitude", "integer"),
        *_text("box", "opened_by"), Column("reached", "maybe"),
    ),
    key=("evaluation_no",), office="office_code", moment="at", number="evaluation_no",
)  # fmt: skip

MEASURES = RecordType(
    "measures", "指标",
    (
        Column("indicator", required=True), Column("office_code", required=True),
        Column("period", "month", required=True), Column("numerator", "decimal", required=True),
        Column("denominator", "decimal", required=True), *_text("unit", "source"),
    ),
    key=("indicator", "office_code", "period"), office="office_code", moment=None, number="indicator",
)  # fmt: skip

SAMPLES = RecordType(
    "samples", "抽查样本",
    (
        Column("sample_id", required=True), Column("hall_code", required=True), Column("camera_code", required=True),
        Column("date", "day"), Column("slot", "integer"),
        Column("planned_at", "instant", required=True), Column("captured_at", "instant"),
        Column("outcome", "choice", OUTCOMES, required=True), Column("cause"),
        Column("verdict", "choice", ("ok", "violation", "unsure")), Column("reviewed_at", "instant"),
    ),
    key=("sample_id", "camera_code"), office="hall_code", moment="planned_at", number="sample_id",
    by_system=False, office_level="hall",
)  # fmt: skip

HALL_DAYS = RecordType(
    "hall_days", "营业日",
    (
        Column("hall_code", required=True), Column("date", "day", required=True),
        Column("open", "flag", required=True), Column("opens", "clock_time"), Column("closes", "clock_time"),
        Column("reason"), Column("filed_at", "instant"),
    ),
    key=("hall_code", "date"), office="hall_code", moment=None, number="hall_code", by_system=False,
    office_level="hall",
)  # fmt: skip

INSPECTIONS = RecordType(
    "inspections", "检查",
    (
        Column("inspection_no", required=True),
        Column("kind", "choice", ("on_site", "mutual", "undercover", "video")), Column("hall_code", required=True),
        Column("at", "instant", required=True), Column("inspector"), Column("item_code", required=True),
        Column("result", "choice", ("ok", "violation", "not_checkable"), required=True), Column("count", "integer"),
        Column("note"),
    ),
    key=("inspection_no", "item_code", "hall_code", "at"), office="hall_code", moment="at", number="inspection_no",
    by_system=False, office_level="hall",
)  # fmt: skip

_SHARES = ("t1", "t2", "t3", "t5", "r1", "r2", "r4", "r5", "h1", "h2", "h3", "c1", "c2", "c3", "o1", "o2", "o3", "o4",
           "o5")  # fmt: skip
SCORED = (
    Column("grade"), Column("t4", "decimal"), Column("r3", "decimal"), *(Column(code, "share") for code in _SHARES),
)  # fmt: skip
"""Grade and the default rulebook's indicators by their codes in lower case; T4 and R3 are no shares."""

SCORES = RecordType(
    "scores", "历史得分",
    (
        Column("office_code", required=True), Column("period", "period", required=True),
        Column("score", "decimal", required=True), Column("rank", "integer"), *SCORED,
    ),
    key=("office_code", "period"), office="office_code", moment=None, number="period", by_system=False,
)  # fmt: skip
"""Scores finished elsewhere, of earlier years: shown for comparison, never counted."""

RECORDS: dict[str, RecordType] = {
    record.name: record
    for record in (OFFICES, CAMERAS, TICKETS, REPAIRS, APPLICATIONS, EVALUATIONS, MEASURES, SAMPLES, HALL_DAYS,
                   INSPECTIONS, SCORES)
}  # fmt: skip
"""Record types in the order in which a fresh company imports them: what others refer to comes first."""
