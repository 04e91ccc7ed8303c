"""Every state and reason a judgement can give (理由代码): one table, listed in docs/codes.md.

A reason belongs to exactly one state, so a verdict is stored as the reason's number and nothing can disagree.
"""

from __future__ import annotations

from dataclasses import dataclass

NOT_APPLICABLE = "-"
STATES = {
    "O": "on_time",
    "L": "late",
    "P": "pending",
    "X": "excluded",
    "U": "unjudgeable",
    "C": "counted",
    "N": "not_counted",
}
"""Letter as stored → name as printed (design §4.1 `records`)."""


@dataclass(frozen=True, slots=True)
class Reason:
    """Code, the letter of its state, and the sentence in English (the msgid of reasons.po)."""

    code: str
    state: str
    text: str


REASONS: tuple[Reason, ...] = (
    Reason("not_applicable", NOT_APPLICABLE, "This indicator does not apply to the record."),
    # clocks
    Reason("in_time", "O", "Done within the limit."),
    Reason("too_late", "L", "Done after the deadline."),
    Reason("not_done", "L", "Not done, and the deadline has passed."),
    Reason("running", "P", "Not done yet; the deadline has not passed."),
    Reason("not_started", "P", "The step has not begun."),
    Reason("no_edition", "U", "No edition of the rulebook was in force on the day of acceptance."),
    Reason("no_area", "U", "Neither the record nor its office has an area, and the limit depends on it."),
    Reason("no_class", "U", "The record has no class, and the limit depends on it."),
    Reason("no_attribute", "U", "The record lacks an attribute on which the limit depends."),
    Reason("unreadable_stamp", "U", "A needed time could not be read."),
    Reason("contradictory_start", "U", "The step would begin before the acceptance."),
    Reason("missing_stamp", "U", "A needed time is empty although a later step is filled in."),
    Reason("end_before_start", "U", "The step would end before it begins."),
    # exclusions, in the order in which they apply (design §3.1)
    Reason("simulated", "X", "A simulated or test record."),
    Reason("withdrawn", "X", "Withdrawn by the customer."),
    Reason("child", "X", "Merged into another record."),
    Reason("filed", "X", "An approved exclusion."),
    # counts
    Reason("substantiated", "C", "The complaint is substantiated."),
    Reason("not_substantiated", "N", "The complaint is not (fully) substantiated."),
    Reason("satisfied", "C", "The customer is satisfied."),
    Reason("not_satisfied", "N", "The customer is not satisfied."),
    Reason("arrived", "C", "Arrived; the time counts as a share of its limit."),
    Reason("repeated", "C", "The customer had another repair in the 30 days before."),
    Reason("not_repeated", "N", "The customer had no other repair in the 30 days before."),
    Reason("late_not_reported", "C", "Late by the timestamps, but not reported late."),
    Reason("late_reported", "N", "Late, and reported late."),
    Reason("form_collected", "C", "The evaluation form was collected."),
    Reason("form_missing", "N", "Connected, but no evaluation form was collected."),
    Reason("card_issued", "C", "A notice card was issued."),
    Reason("card_missing", "N", "No notice card was issued."),
    Reason("not_answered", "N", "Reached, but no satisfaction was given."),
    # samples and halls
    Reason("sample_captured", "C", "The sample was captured."),
    Reason("sample_not_checkable", "C", "A camera answered, but gave no usable picture."),
    Reason("sample_missed", "N", "The sample was missed for a cause of the office."),
    Reason("window_not_seen", "N", "Not every window was seen by a checkable camera."),
    Reason("no_picture", "N", "No camera gave a usable picture."),
    Reason("checkable", "C", "Every window was seen by a checkable camera."),
    Reason("missed_by_us", NOT_APPLICABLE, "Missed for a cause of ours; it counts nowhere."),
    Reason("not_due", NOT_APPLICABLE, "The slot was not due: the hall was closed, or the slot has not ended."),
    Reason("fault_filed", NOT_APPLICABLE, "A fault was filed by the end of the day; the sample leaves this rate."),
    Reason("deduction", "N", "Confirmed violation of the score sheet."),
    Reason("deduction_repeated", "N", "Confirmed violation, doubled: the same item within 30 days before."),
    Reason("month_measure", "N", "The month's measure."),
    # rows of the league
    Reason("few_records", NOT_APPLICABLE, "Too few records: shown, not ranked."),
    Reason("little_weight", NOT_APPLICABLE, "Less than half of the weight has a value: shown, not ranked."),
    Reason("stale_source", NOT_APPLICABLE, "Rests on a source that has been silent for longer than expected."),
    Reason("unjudgeable_share", NOT_APPLICABLE, "More of its records cannot be judged than the rulebook allows."),
)

NUMBER: dict[str, int] = {reason.code: number for number, reason in enumerate(REASONS)}
BY_CODE: dict[str, Reason] = {reason.code: reason for reason in REASONS}
EXCLUSIONS: tuple[str, ...] = ("simulated", "withdrawn", "child", "filed")


def state_of(number: int) -> str:
    """Letter of the state to which a reason number belongs."""
    return REASONS[number].state


def numbers_of(states: str) -> list[int]:
    """All reason numbers whose state is one of the letters."""
    return [number for number, reason in enumerate(REASONS) if reason.state in states]
