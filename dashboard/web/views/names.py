"""Names of stored things (名称): record kinds, columns and values as people say them; msgids, Chinese in pages.po."""

from __future__ import annotations

from collections.abc import Callable

from dashboard.secrecy import WITHHELD
from dashboard.texts import t
from dashboard.web.components.blocks import go, word
from dashboard.web.markup import Safe

RECORDS = {
    "tickets": "Tickets", "repairs": "Repairs", "applications": "Connections", "evaluations": "Evaluations",
    "samples": "Samples", "inspections": "Inspections", "offices": "Offices", "cameras": "Cameras",
    "measures": "Measures", "hall_days": "Hall days", "scores": "Finished scores",
}  # fmt: skip
STAMPS = {
    "accepted_at": "Accepted", "dispatched_at": "Dispatched", "taken_at": "Taken", "contacted_at": "Customer contacted",
    "arrived_at": "Arrived", "finished_at": "Finished", "replied_at": "Replied", "visited_at": "Called back",
    "archived_at": "Archived", "restored_at": "Power restored", "plan_answered_at": "Plan answered",
    "design_reviewed_at": "Design reviewed", "inspected_at": "Inspected", "connected_at": "Connected", "at": "At",
    "planned_at": "Planned", "captured_at": "Captured", "reviewed_at": "Reviewed",
}  # fmt: skip
COLUMNS = {
    "type": "Type", "category": "Category", "office_code": "Office", "hall_code": "Hall", "camera_code": "Camera",
    "area": "Area", "source": "Channel", "urges": "Urged", "returns": "Returned", "substantiated": "Substantiated",
    "satisfaction": "Satisfaction", "severity": "Severity", "withdrawn": "Withdrawn", "simulated": "Simulated",
    "team": "Team", "fault_class": "Fault", "customer_owned": "Customer's own equipment", "line": "Line",
    "transformer": "Transformer", "reported_arrival_late": "Reported late to arrive",
    "reported_restore_late": "Reported late to restore", "ticket_no": "Ticket", "repair_no": "Repair",
    "parent_ticket_no": "Parent ticket", "parent_repair_no": "Parent repair", "calls": "Calls", "taken_by": "Taken by",
    "category_1": "Category 1", "category_2": "Category 2", "category_3": "Category 3", "class": "Class",
    "papers": "Papers", "visits": "Visits", "paused_working_days": "Paused working days",
    "pause_document": "Document of the pause",
    "card_issued": "Notice card issued", "outcome": "Outcome", "cause": "Cause", "verdict": "Verdict", "slot": "Slot",
    "date": "Date", "kind": "Kind", "inspector": "Inspector", "item_code": "Sheet item", "result": "Result",
    "count": "Count", "note": "Note", "sample_id": "Sample", "inspection_no": "Inspection",
    "customer_no": "Customer number", "phone": "Telephone", "content": "Text", "emotion": "Emotion",
    "reply": "Reply", "repaired_by": "Repaired by", "application_no": "Application",
    "evaluation_no": "Evaluation", "record_no": "Record named", "designated_design": "Designer imposed",
    "designated_construction": "Builder imposed", "designated_supply": "Supplier imposed", "extra_fee": "Extra fee",
    "attitude": "Attitude", "box": "Suggestion box", "opened_by": "Opened by", "reached": "Reached",
    "indicator": "Indicator", "period": "Period", "numerator": "Numerator", "denominator": "Denominator",
    "unit": "Unit of measure", "code": "Code", "name": "Name", "parent_code": "Office above", "level": "Level",
    "peer_group": "Peer group", "customers": "Customers", "aliases": "Other names", "valid_from": "Valid from",
    "valid_to": "Valid to", "successor_code": "Successor", "url": "Address of the stream",
    "playback_url": "Address of recordings", "windows": "Windows", "waiting_area": "Waiting area",
    "reference_image": "Reference picture", "open": "Open", "opens": "Opens at", "closes": "Closes at",
    "reason": "Reason", "score": "Score", "rank": "Rank", "grade": "Grade",
    "filed_at": "Filed", "exported_at": "Exported",
}  # fmt: skip
VALUES = {
    "fault": "fault report", "complaint": "complaint", "report": "report of misconduct", "opinion": "opinion",
    "suggestion": "suggestion", "enquiry": "enquiry", "praise": "praise", "request": "service request",
    "urban": "urban", "rural": "rural", "remote": "remote", "satisfied": "satisfied", "neutral": "neutral",
    "dissatisfied": "dissatisfied", "yes": "yes", "no": "no", "partly": "partly", "general": "general",
    "important": "important", "major": "major", "special": "special", "planned": "planned", "captured": "captured",
    "missed": "missed", "not_checkable": "not checkable", "ok": "no violation", "violation": "violation",
    "unsure": "unsure", "on_site": "on site", "mutual": "mutual", "undercover": "undercover", "video": "video",
    "residential": "residential", "low_voltage": "low voltage", "high_voltage_single": "high voltage, single supply",
    "high_voltage_dual": "high voltage, dual supply", "solar": "solar", "designated_form": "evaluation form",
    "keypress": "key press", "callback": "call-back", "survey": "survey", "company": "company", "county": "county",
    "station": "station", "hall": "hall", "calm": "calm", "agitated": "agitated", "very_agitated": "very agitated",
}  # fmt: skip
RELATIONS = {
    "parent": "Parent", "child": "Merged into this", "ticket": "Ticket", "repair": "Repair",
    "application": "Application", "evaluation": "Evaluation",
}  # fmt: skip


def record(kind: str) -> str:
    return t(RECORDS.get(kind, kind))


def column(name: str) -> str:
    return t(STAMPS.get(name) or COLUMNS.get(name, name))


def door(link: Callable[..., str], record: str, number: str, **more: object) -> Safe:
    """To a record; of one that is hidden from the viewer only that it is there."""
    if number == WITHHELD:
        return word(t(WITHHELD), "", t("Who complained is kept from the office complained of."))
    return go(link("record", record=record, number=number, **more), number)


def value(text: object) -> str:
    """A stored value as people say it; free text as it is."""
    if text is True or text is False:
        return t("yes") if text else t("no")
    return t(VALUES[text]) if isinstance(text, str) and text in VALUES else str(text)
