"""Verdicts of tickets and repairs, one clock at a time: just before, at, and after every boundary (design §3.1)."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl
import pytest

from checks.clock import load_calendar
from checks.judge.base import microseconds
from checks.judge.repairs import judge_repairs, previous_repair
from checks.judge.tickets import judge_tickets
from checks.reasons import NUMBER, REASONS, STATES
from checks.rulebook.loader import load_rulebook

SHANGHAI = ZoneInfo("Asia/Shanghai")
BOOK, CN = load_rulebook(), load_calendar()
LONG_AFTER = "2030-01-01 00:00:00"
TICKET_STAMPS = ("dispatched_at", "taken_at", "contacted_at", "arrived_at", "finished_at", "replied_at", "visited_at",
                 "archived_at")  # fmt: skip
REPAIR_STAMPS = ("dispatched_at", "taken_at", "arrived_at", "restored_at", "replied_at")


def at(text: str | None) -> int | None:
    return None if text is None else microseconds(dt.datetime.fromisoformat(text).replace(tzinfo=SHANGHAI))


def moment(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)


def frame(rows: list[dict[str, Any]], defaults: dict[str, Any]) -> pl.DataFrame:
    types = {int: pl.Int64, str: pl.String, bool: pl.Boolean}
    schema = {name: types[kind] for name, (kind, _) in defaults.items()}
    filled = [{name: row.get(name, value) for name, (_, value) in defaults.items()} for row in rows]
    return pl.DataFrame(filled, schema=schema)


def ticket(**values: Any) -> dict[str, Any]:
    """Judges one ticket: indicator → (state, reason), and the row itself under `row`."""
    as_of = values.pop("as_of", LONG_AFTER)
    accepted = at(values.pop("accepted_at", "2026-07-06 10:00:00"))
    row = {name: at(value) if name in TICKET_STAMPS else value for name, value in values.items()}
    defaults = {
        "id": (int, 1), "office_code": (str, "S"), "accepted_at": (int, accepted), "type": (str, "complaint"),
        "ticket_no": (str, "t1"), "parent_ticket_no": (str, None), "simulated": (bool, None), "withdrawn": (bool, None),
        "substantiated": (str, None), "satisfaction": (str, None), "unreadable": (str, None), "precision": (str, None),
        **dict.fromkeys(TICKET_STAMPS, (int, None)),
    }  # fmt: skip
    return verdicts(judge_tickets(frame([row], defaults), BOOK, CN, moment(as_of)), "tickets")


def repair(**values: Any) -> dict[str, Any]:
    as_of = values.pop("as_of", LONG_AFTER)
    accepted = at(values.pop("accepted_at", "2026-07-06 10:00:00"))
    row = {name: at(value) if name in REPAIR_STAMPS else value for name, value in values.items()}
    return verdicts(judge_repairs(frame([row], repair_defaults(accepted)), BOOK, CN, moment(as_of)), "repairs")


def repair_defaults(accepted: int | None) -> dict[str, Any]:
    return {
        "id": (int, 1), "office_code": (str, "S"), "accepted_at": (int, accepted), "repair_no": (str, "r1"),
        "parent_repair_no": (str, None), "area": (str, "urban"), "customer_owned": (bool, None),
        "customer_no": (str, None), "reported_arrival_late": (bool, None), "simulated": (bool, None),
        "inherited": (int, 0), "previous_at": (int, None), "unreadable": (str, None), "precision": (str, None),
        **dict.fromkeys(REPAIR_STAMPS, (int, None)),
    }  # fmt: skip


def verdicts(judged: pl.LazyFrame, record: str) -> dict[str, Any]:
    row = judged.collect().row(0, named=True)
    found: dict[str, Any] = {"row": row}
    for code in BOOK.order(record):
        reason = REASONS[row[code]]
        found[code] = (STATES.get(reason.state), reason.code)
    return found


# --- one clock --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arrived", "state"),
    [("2026-07-06 10:44:59", "on_time"), ("2026-07-06 10:45:00", "on_time"), ("2026-07-06 10:45:01", "late")],
)
def test_45_minutes_are_met_at_45_00_and_missed_at_45_01(arrived: str, state: str) -> None:
    assert repair(arrived_at=arrived)["R1"][0] == state


@pytest.mark.parametrize(
    ("area", "minutes"), [("urban", 45), ("rural", 90), ("remote", 120)]
)  # fmt: skip
def test_each_area_has_its_own_arrival_limit(area: str, minutes: int) -> None:
    start = dt.datetime(2026, 7, 6, 10)
    for seconds, state in ((0, "on_time"), (1, "late")):
        end = start + dt.timedelta(minutes=minutes, seconds=seconds)
        assert repair(area=area, arrived_at=str(end))["R1"][0] == state


@pytest.mark.parametrize(
    ("as_of", "state", "reason"),
    [
        ("2026-07-06 10:44:59", "pending", "running"),
        ("2026-07-06 10:45:00", "pending", "running"),  # a deadline equal to as-of has not passed
        ("2026-07-06 10:45:01", "late", "not_done"),
    ],
)
def test_an_open_step_turns_late_only_after_its_deadline(as_of: str, state: str, reason: str) -> None:
    assert repair(as_of=as_of)["R1"] == (state, reason)


def test_a_stamp_equal_to_as_of_has_happened_and_a_later_one_has_not() -> None:
    assert repair(arrived_at="2026-07-06 10:30:00", as_of="2026-07-06 10:30:00")["R1"][0] == "on_time"
    assert repair(arrived_at="2026-07-06 10:30:00", as_of="2026-07-06 10:29:59")["R1"][0] == "pending"


def test_a_later_stamp_after_as_of_does_not_make_the_end_missing() -> None:
    assert repair(replied_at="2026-07-06 12:00:00", as_of="2026-07-06 10:40:00")["R1"] == ("pending", "running")
    assert repair(replied_at="2026-07-06 12:00:00", as_of="2026-07-06 12:00:00")["R1"] == (
        "unjudgeable",
        "missing_stamp",
    )


def test_an_arrival_before_acceptance_spoils_both_clocks_and_is_absent_from_r3() -> None:
    found = repair(arrived_at="2026-07-06 09:59:59", restored_at="2026-07-06 11:00:00")
    assert found["R1"] == ("unjudgeable", "end_before_start")
    assert found["R2"] == ("unjudgeable", "contradictory_start")
    assert found["R3"] == (None, "not_applicable")


def test_a_contradictory_start_is_unjudgeable_even_while_the_end_is_open() -> None:
    assert repair(arrived_at="2026-07-06 09:59:59")["R2"] == ("unjudgeable", "contradictory_start")


def test_a_restoration_that_never_began_is_pending_until_something_later_is_filled() -> None:
    assert repair()["R2"] == ("pending", "not_started")
    assert repair(restored_at="2026-07-06 11:00:00")["R2"] == ("unjudgeable", "missing_stamp")
    assert repair(replied_at="2026-07-06 11:00:00")["R2"] == ("unjudgeable", "missing_stamp")


def test_an_unreadable_stamp_is_unjudgeable_where_needed_and_filled_for_what_comes_before() -> None:
    unreadable = json.dumps({"restored_at": "昨天"}, ensure_ascii=False)
    found = repair(arrived_at="2026-07-06 10:30:00", unreadable=unreadable)
    assert (found["R1"][0], found["R2"]) == ("on_time", ("unjudgeable", "unreadable_stamp"))
    assert repair(unreadable=unreadable)["R1"] == ("unjudgeable", "missing_stamp")


def test_an_unreadable_value_of_the_same_text_as_a_column_is_no_unreadable_stamp() -> None:
    assert repair(unreadable=json.dumps({"team": "x arrived_at"}))["R1"] == ("late", "not_done")


def test_other_disorder_of_stamps_leaves_the_verdict() -> None:
    found = repair(taken_at="2026-07-06 12:00:00", arrived_at="2026-07-06 10:20:00")
    assert found["R1"][0] == "on_time"


def test_without_an_area_the_clocks_are_unjudgeable() -> None:
    found = repair(area=None, arrived_at="2026-07-06 10:20:00")
    assert (found["R1"], found["R2"], found["R3"][0]) == (("unjudgeable", "no_area"), ("unjudgeable", "no_area"), None)


def test_customer_owned_faults_keep_the_arrival_clock_only() -> None:
    found = repair(customer_owned=True, arrived_at="2026-07-06 10:20:00")
    assert (found["R1"][0], found["R2"][0]) == ("on_time", None)


# --- tickets ----------------------------------------------------------------------------------------------------------


def test_a_complaint_is_contacted_within_24_hours_and_answered_in_five_working_days() -> None:
    in_time = ticket(contacted_at="2026-07-07 10:00:00", replied_at="2026-07-13 23:59:59")
    too_late = ticket(contacted_at="2026-07-07 10:00:01", replied_at="2026-07-14 00:00:00")
    assert (in_time["T1"][0], in_time["T2"][0], in_time["T3"][0]) == ("on_time", "on_time", None)
    assert (too_late["T1"][0], too_late["T2"][0]) == ("late", "late")


def test_the_acceptance_day_is_day_0_whatever_the_hour() -> None:
    for hour in ("00:00:00", "23:59:59"):
        found = ticket(accepted_at=f"2026-07-06 {hour}", replied_at="2026-07-13 23:59:59")
        assert found["T2"][0] == "on_time"


@pytest.mark.parametrize(
    ("kind", "last_day"),
    [("report", "17"), ("opinion", "17"), ("suggestion", "17"), ("enquiry", "10"), ("request", "13")],
)
def test_other_tickets_have_nine_four_or_five_working_days(kind: str, last_day: str) -> None:
    assert ticket(type=kind, replied_at=f"2026-07-{last_day} 23:59:59")["T3"][0] == "on_time"
    late = dt.datetime(2026, 7, int(last_day), 23, 59, 59) + dt.timedelta(seconds=1)
    assert ticket(type=kind, replied_at=str(late))["T3"][0] == "late"


@pytest.mark.parametrize("kind", ["fault", "praise"])
def test_faults_and_praise_have_no_reply_clock(kind: str) -> None:
    found = ticket(type=kind, replied_at="2026-07-06 11:00:00")
    assert [found[code][0] for code in ("T1", "T2", "T3", "T4")] == [None] * 4


def test_each_ticket_is_judged_by_the_edition_of_its_day() -> None:
    old = ticket(
        accepted_at="2021-12-31 23:59:59", contacted_at="2022-01-04 23:59:59", replied_at="2022-01-12 23:59:59"
    )
    new = ticket(
        accepted_at="2022-01-01 00:00:00", contacted_at="2022-01-02 00:00:01", replied_at="2022-01-11 00:00:00"
    )
    assert (old["T1"][0], old["T2"][0]) == ("on_time", "on_time")  # next working day; the 7th
    assert (new["T1"][0], new["T2"][0]) == ("late", "late")  # 24 h and one second; 4-7 January and the 10th: the 5th
    assert ticket(accepted_at="2022-01-01 00:00:00", replied_at="2022-01-10 23:59:59")["T2"][0] == "on_time"


def test_before_the_first_edition_clocks_answer_no_edition_and_counts_stay() -> None:
    found = ticket(accepted_at="2011-11-30 23:59:59", substantiated="yes", satisfaction="satisfied")
    assert found["T1"] == found["T2"] == ("unjudgeable", "no_edition")
    assert (found["T4"][0], found["T5"][0]) == ("counted", "counted")


def test_partly_substantiated_is_not_counted() -> None:
    assert [ticket(substantiated=value)["T4"][0] for value in ("yes", "partly", "no", None)] == [
        "counted", "not_counted", "not_counted", "not_counted",
    ]  # fmt: skip


def test_satisfaction_counts_for_every_type_once_rated() -> None:
    assert ticket(type="praise", satisfaction="satisfied")["T5"] == ("counted", "satisfied")
    assert ticket(type="fault", satisfaction="neutral")["T5"] == ("not_counted", "not_satisfied")
    assert ticket(type="fault")["T5"][0] is None


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"simulated": True, "withdrawn": True, "parent_ticket_no": "x"}, "simulated"),
        ({"withdrawn": True, "parent_ticket_no": "x"}, "withdrawn"),
        ({"parent_ticket_no": "nobody-knows-it"}, "child"),
    ],
)
def test_the_first_reason_excludes_from_everything(values: dict[str, Any], reason: str) -> None:
    found = ticket(**values, substantiated="yes", satisfaction="satisfied", contacted_at="2026-07-06 11:00:00")
    assert {found[code] for code in ("T1", "T2", "T4", "T5")} == {("excluded", reason)}


def test_a_ticket_that_is_its_own_parent_is_no_child() -> None:
    assert ticket(parent_ticket_no="t1", contacted_at="2026-07-06 11:00:00")["T1"][0] == "on_time"


# --- repairs beyond the clocks ----------------------------------------------------------------------------------------


def test_r3_is_the_share_of_the_limit_in_exact_units() -> None:
    found = repair(arrived_at="2026-07-06 10:30:00")
    assert found["R3"] == ("counted", "arrived")
    assert found["row"]["R3.ratio"] * 3 == BOOK.scale("R3") * 2  # 30 of 45 minutes


def test_a_late_arrival_not_reported_late_is_concealed_arrived_or_not() -> None:
    late = {"arrived_at": "2026-07-06 11:00:00"}
    assert repair(**late, reported_arrival_late=False)["R5"] == ("counted", "late_not_reported")
    assert repair(**late, reported_arrival_late=True)["R5"] == ("not_counted", "late_reported")
    assert repair(reported_arrival_late=False)["R5"] == ("counted", "late_not_reported")
    assert repair(**late)["R5"][0] is None
    assert repair(arrived_at="2026-07-06 10:20:00", reported_arrival_late=False)["R5"][0] is None


def test_a_repair_inherits_the_exclusion_of_its_ticket() -> None:
    found = repair(inherited=NUMBER["withdrawn"], arrived_at="2026-07-06 10:20:00", customer_no="c")
    assert {found[code] for code in ("R1", "R2", "R3", "R4")} == {("excluded", "withdrawn")}
    assert repair(inherited=NUMBER["withdrawn"], simulated=True)["R1"] == ("excluded", "simulated")


def repeats(*rows: tuple[str, str | None, dict[str, Any]]) -> list[str | None]:
    """Verdict in R4 of repairs given as (accepted, customer, more)."""
    given = [
        {"id": n, "repair_no": f"r{n}", "accepted_at": at(when), "customer_no": customer, **more}
        for n, (when, customer, more) in enumerate(rows)
    ]
    repairs = previous_repair(frame(given, repair_defaults(None)).drop("previous_at"))
    judged = judge_repairs(repairs, BOOK, CN, moment(LONG_AFTER)).sort("id").collect()
    return [STATES.get(REASONS[number].state) for number in judged["R4"]]


def test_a_repeat_is_one_within_30_times_24_hours_before() -> None:
    first = ("2026-06-01 10:00:00", "c", {})
    assert repeats(first, ("2026-07-01 10:00:00", "c", {})) == ["not_counted", "counted"]
    assert repeats(first, ("2026-07-01 10:00:01", "c", {})) == ["not_counted", "not_counted"]
    assert repeats(first, ("2026-06-02 10:00:00", "d", {})) == ["not_counted", "not_counted"]


def test_two_repairs_of_the_same_instant_are_not_before_each_other() -> None:
    same = ("2026-06-01 10:00:00", "c", {})
    assert repeats(same, same, ("2026-06-02 10:00:00", "c", {})) == ["not_counted", "not_counted", "counted"]


def test_an_excluded_repair_makes_no_repeat() -> None:
    first = ("2026-06-01 10:00:00", "c", {"simulated": True})
    assert repeats(first, ("2026-06-02 10:00:00", "c", {})) == ["excluded", "not_counted"]


def test_a_repair_without_a_customer_number_is_outside_r4() -> None:
    assert repeats(("2026-06-01 10:00:00", None, {}), ("2026-06-01 11:00:00", None, {})) == [None, None]


# --- marks, and when a verdict changes by itself ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arrived", "precision", "marked"),
    [
        ("2026-07-06 10:46:00", ["arrived_at"], True),
        ("2026-07-06 10:44:00", ["accepted_at"], True),
        ("2026-07-06 10:47:00", ["arrived_at"], False),
        ("2026-07-06 10:45:00", ["restored_at"], False),
        ("2026-07-06 10:45:00", None, False),
    ],
)
def test_a_whole_minute_within_a_minute_of_the_limit_cannot_be_told(
    arrived: str, precision: list[str] | None, marked: bool
) -> None:
    found = repair(arrived_at=arrived, precision=json.dumps(precision) if precision else None)
    assert found["row"]["R1.minute"] is marked


def test_a_deadline_beyond_the_published_calendar_is_judged_and_marked() -> None:
    found = ticket(accepted_at="2026-12-30 10:00:00", replied_at="2027-01-08 10:00:00")
    assert found["T2"][0] == "late"  # 31 December, then 4-7 January
    assert found["row"]["T2.provisional"] is True
    assert found["row"]["T1.provisional"] is False  # hours need no calendar


@pytest.mark.parametrize(
    ("values", "next_change"),
    [
        ({"as_of": "2026-07-06 10:20:00"}, "2026-07-06 10:45:00.000001"),
        ({"as_of": "2026-07-06 10:20:00", "arrived_at": "2026-07-06 10:30:00"}, "2026-07-06 10:30:00"),
        ({"as_of": "2026-07-06 09:00:00"}, "2026-07-06 10:00:00"),  # not accepted yet
        ({"as_of": "2026-07-06 11:00:00"}, None),
        ({"as_of": "2026-07-06 10:20:00", "simulated": True}, None),
    ],
)
def test_next_change_is_the_first_moment_at_which_a_verdict_can_turn(
    values: dict[str, Any], next_change: str | None
) -> None:
    found = repair(customer_owned=True, **values)
    assert found["row"]["next_change"] == at(next_change)


def test_a_record_accepted_after_as_of_does_not_exist() -> None:
    assert repair(as_of="2026-07-06 09:59:59")["row"]["exists"] is False
    assert repair(as_of="2026-07-06 10:00:00")["row"]["exists"] is True
