"""Samples (H2, H3) and deductions (H1): one rule at a time (design §3.5)."""

from __future__ import annotations

import datetime as dt
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl
import pytest

from checks.clock import load_calendar
from checks.judge.base import microseconds
from checks.judge.inspections import EVENTS, deductions, hall_months
from checks.judge.samples import Halls, SlotDays, SlotTime, judge_samples
from checks.reasons import REASONS
from checks.rulebook.loader import load_rulebook

SHANGHAI = ZoneInfo("Asia/Shanghai")
SHEET, CN = load_rulebook().sheet, load_calendar()
SLOTS = (
    SlotTime(1, dt.time(8, 30), dt.time(9, 10)),
    SlotTime(3, dt.time(12), dt.time(13, 30)),
    SlotTime(5, dt.time(16, 40), dt.time(17, 30)),
)
MONDAY, SUNDAY = dt.date(2026, 7, 6), dt.date(2026, 7, 5)
EVENING = dt.datetime(2026, 7, 6, 20, tzinfo=SHANGHAI)
DAY_SCHEMA = {
    "hall_code": pl.String, "date": pl.Date, "open": pl.Boolean, "opens": pl.String, "closes": pl.String,
    "reason": pl.String, "filed_at": pl.Int64,
}  # fmt: skip
LOOK_SCHEMA = {
    "id": pl.Int64, "hall_code": pl.String, "date": pl.Date, "slot": pl.Int64, "sample_id": pl.String,
    "camera_code": pl.String, "planned_at": pl.Int64, "captured_at": pl.Int64, "outcome": pl.String,
    "cause": pl.String,
}  # fmt: skip


def local(day: dt.date, time: str) -> int:
    return microseconds(dt.datetime.combine(day, dt.time.fromisoformat(time), SHANGHAI))


def verdict(
    *looks: dict[str, Any],
    day: dict[str, Any] | None = None,
    windows: dict[str, frozenset[str]] | None = None,
    as_of: dt.datetime = EVENING,
) -> tuple[str, str, bool]:
    """Reasons in H2 and H3 of one sample, and whether it is checkable."""
    date = looks[0].get("date", MONDAY)
    rows = [
        {"id": n, "hall_code": "H", "date": date, "slot": 3, "sample_id": "s", "camera_code": f"k{n}",
         "planned_at": local(date, "12:10"), "captured_at": None, "outcome": "captured", "cause": None, **look}
        for n, look in enumerate(looks)
    ]  # fmt: skip
    blank = {
        "hall_code": "H",
        "date": date,
        "open": True,
        "opens": None,
        "closes": None,
        "reason": None,
        "filed_at": None,
    }
    days = pl.DataFrame([{**blank, **day}] if day else [], schema=DAY_SCHEMA)
    halls = Halls(SlotDays(SLOTS), CN, {"H": windows or {}}, days)
    row = judge_samples(pl.DataFrame(rows, schema=LOOK_SCHEMA), halls, as_of).row(0, named=True)
    return REASONS[row["H2"]].code, REASONS[row["H3"]].code, row["checkable"]


def look(outcome: str, **values: Any) -> dict[str, Any]:
    return {"outcome": outcome, **values}


# --- a sample is the best of its looks --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("outcomes", "expected"),
    [
        (("captured", "missed"), ("sample_captured", "checkable", True)),
        (("not_checkable", "missed"), ("sample_not_checkable", "no_picture", False)),
        (("missed",), ("sample_missed", "not_applicable", False)),
        (("planned",), ("sample_missed", "not_applicable", False)),
    ],
)
def test_a_sample_is_captured_if_any_look_is_else_not_checkable_else_missed(
    outcomes: tuple[str, ...], expected: tuple[str, str, bool]
) -> None:
    assert verdict(*(look(outcome) for outcome in outcomes)) == expected


@pytest.mark.parametrize("cause", ["worker_down", "recorder_busy", "disk_full"])
def test_a_sample_missed_for_a_cause_of_ours_counts_nowhere(cause: str) -> None:
    assert verdict(look("missed", cause=cause), look("missed"))[0] == "missed_by_us"
    assert verdict(look("missed", cause=cause), look("not_checkable"))[0] == "sample_not_checkable"


def test_a_recording_that_is_missing_is_the_offices_cause() -> None:
    assert verdict(look("missed", cause="recording_missing"))[0] == "sample_missed"


def test_every_window_must_be_seen_by_a_camera_that_was_captured() -> None:
    windows = {"k0": frozenset({"a"}), "k1": frozenset({"b"})}
    assert verdict(look("captured"), look("captured"), windows=windows)[2] is True
    assert verdict(look("captured"), look("not_checkable"), windows=windows)[1:] == ("window_not_seen", False)


def test_a_sample_is_judged_by_the_windows_that_were_drawn_at_its_moment() -> None:
    drawn = microseconds(dt.datetime.combine(MONDAY, dt.time(12, 10), SHANGHAI))
    before, now = {"k0": frozenset({"a"})}, {"k0": frozenset({"a"}), "k1": frozenset({"b"})}
    halls = Halls(SlotDays(SLOTS), CN, {"H": now}, pl.DataFrame([], schema=DAY_SCHEMA), {"H": ((drawn, before),)})
    assert halls.windows_at("H", drawn - 1) == before
    assert halls.windows_at("H", drawn) == now
    assert halls.windows_at("other", drawn) == {}
    asked = [{"id": n, "hall_code": "H", "date": MONDAY, "slot": 3, "sample_id": "s", "camera_code": f"k{n}",
              "planned_at": at, "captured_at": None, "outcome": "captured" if n == 0 else "missed", "cause": None}
             for n in (0, 1) for at in (drawn - 1, drawn)]  # fmt: skip
    for at, seen in ((drawn - 1, True), (drawn, False)):
        looks = pl.DataFrame([one for one in asked if one["planned_at"] == at], schema=LOOK_SCHEMA)
        assert judge_samples(looks, halls, EVENING)["checkable"].to_list() == [seen]


def test_a_capture_after_as_of_has_not_happened() -> None:
    later = look("captured", captured_at=local(MONDAY, "21:00"))
    assert verdict(later)[0] == "sample_missed"


# --- which slots are due ----------------------------------------------------------------------------------------------


def test_a_slot_is_due_once_it_has_ended() -> None:
    for time, reason in (("13:29:59", "not_due"), ("13:30:00", "sample_captured")):
        as_of = dt.datetime.combine(MONDAY, dt.time.fromisoformat(time), SHANGHAI)
        assert verdict(look("captured"), as_of=as_of)[0] == reason


def test_without_a_row_a_hall_is_open_on_working_days() -> None:
    assert verdict(look("captured", date=SUNDAY), as_of=EVENING)[0] == "not_due"
    worked = dt.date(2026, 9, 20)  # the Sunday worked before National Day
    assert verdict(look("captured", date=worked), as_of=EVENING + dt.timedelta(days=100))[0] == "sample_captured"


@pytest.mark.parametrize(
    ("day", "reason"),
    [
        ({"open": False}, "not_due"),
        ({"open": False, "filed_at": local(MONDAY, "12:00")}, "not_due"),
        ({"open": False, "filed_at": local(MONDAY, "12:00:01")}, "sample_captured"),  # filed after the slot began
        ({"closes": "13:00"}, "not_due"),  # not wholly inside the hours
        ({"closes": "13:00", "filed_at": local(MONDAY, "12:30")}, "sample_captured"),
        ({"opens": "12:00", "closes": "24:00"}, "sample_captured"),
    ],
)
def test_a_closure_counts_if_filed_before_the_slot_began(day: dict[str, Any], reason: str) -> None:
    assert verdict(look("captured"), day=day)[0] == reason


@pytest.mark.parametrize(
    ("filed", "reason"),
    [
        (local(MONDAY, "23:59:59"), "fault_filed"),
        (local(MONDAY, "00:00") + 86_400_000_000, "no_picture"),
        (None, "no_picture"),
    ],
)
def test_a_fault_filed_by_the_end_of_the_day_leaves_h3_only(filed: int | None, reason: str) -> None:
    as_of = EVENING + dt.timedelta(days=2)
    found = verdict(look("not_checkable"), day={"reason": "停电", "filed_at": filed}, as_of=as_of)
    assert found[:2] == ("sample_not_checkable", reason)


# --- deductions -------------------------------------------------------------------------------------------------------


def points(*events: tuple[str, str, int], as_of: str = "2026-12-01") -> list[tuple[int, int, str]]:
    """(points, effective, month) of events given as (item, local time, count)."""
    rows = [
        {"hall_code": "H", "item_code": item, "at": at, "confirmed_at": at, "count": count, "record": "inspections",
         "number": f"{n:02d}"}
        for n, (item, when, count) in enumerate(events)
        for at in [microseconds(dt.datetime.fromisoformat(when).replace(tzinfo=SHANGHAI))]
    ]  # fmt: skip
    moment = dt.datetime.fromisoformat(as_of).replace(tzinfo=SHANGHAI)
    found = deductions(pl.DataFrame(rows, schema=EVENTS), SHEET, moment).sort("number")
    return found.select("points", "effective", "month").rows()


def test_an_item_deducts_once_per_count_and_at_least_once() -> None:
    assert points(("A03", "2026-07-06 09:00", 0), ("R02", "2026-07-06 09:00", 2)) == [
        (2, 2, "2026-07"),
        (10, 10, "2026-07"),
    ]


def test_of_the_same_item_and_day_the_first_three_count() -> None:
    found = points(("A03", "2026-07-06 09:00", 2), ("A03", "2026-07-06 10:00", 2), ("A03", "2026-07-06 11:00", 1))
    assert [row[0] for row in found] == [4, 2, 0]


@pytest.mark.parametrize(
    ("again", "deducted"),
    [
        ("2026-07-06 23:59:59", 2),  # the same day is no repeat
        ("2026-07-07 00:00:00", 4),
        ("2026-08-05 09:00:00", 4),  # 30 × 24 h exactly
        ("2026-08-05 09:00:01", 2),
    ],
)
def test_a_repeat_within_30_times_24_hours_of_an_earlier_day_doubles(again: str, deducted: int) -> None:
    assert points(("A03", "2026-07-06 09:00:00", 1), ("A03", again, 1))[1][0] == deducted


def test_a_third_time_doubles_once_and_other_items_do_not_repeat_each_other() -> None:
    found = points(("A03", "2026-07-06 09:00", 1), ("A03", "2026-07-07 09:00", 1), ("A03", "2026-07-08 09:00", 1),
                   ("A02", "2026-07-09 09:00", 1))  # fmt: skip
    assert [row[0] for row in found] == [2, 4, 4, 2]


def test_beyond_a_hundred_points_of_a_month_nothing_is_effective() -> None:
    found = points(*((f"B{n:02d}", "2026-07-06 09:00", 3) for n in (10, 9, 11)))
    assert [row[:2] for row in found] == [(60, 60), (45, 40), (30, 0)]


def test_m03_and_what_is_not_confirmed_yet_deduct_nothing() -> None:
    assert points(("M03", "2026-07-06 09:00", 1)) == []
    assert points(("A03", "2026-07-06 09:00", 1), as_of="2026-07-06 08:59") == []


def joined(*events: tuple[str, str, int, str | None], as_of: str = "2026-12-01") -> list[tuple[str, int, bool]]:
    """(number, points, doubled) of events given as (item, local time, count, fact), in the order of time."""
    rows = [
        {"hall_code": "H", "item_code": item, "at": at, "confirmed_at": at, "count": count, "record": "inspections",
         "number": f"{n:02d}", "fact": fact}
        for n, (item, when, count, fact) in enumerate(events)
        for at in [microseconds(dt.datetime.fromisoformat(when).replace(tzinfo=SHANGHAI))]
    ]  # fmt: skip
    moment = dt.datetime.fromisoformat(as_of).replace(tzinfo=SHANGHAI)
    found = deductions(pl.DataFrame(rows, schema={**EVENTS, "fact": pl.String}), SHEET, moment)
    return found.select("number", "points", "doubled").rows()


def test_trap_45_one_fact_seen_in_several_ways_deducts_once_and_by_the_costliest() -> None:
    """R02 costs 5, A03 costs 2: two sheets that say A03 thrice and a film that shows R02 once are one fact of 6."""
    found = joined(("R02", "2026-07-06 09:00", 1, "F"), ("A03", "2026-07-06 10:00", 3, "F"),
                   ("A03", "2026-07-06 11:00", 1, "F"))  # fmt: skip
    assert found == [("01", 6, False)]


def test_of_equal_evidence_the_earliest_stands_for_the_fact() -> None:
    assert joined(("A03", "2026-07-06 10:00", 1, "F"), ("A03", "2026-07-06 09:00", 1, "F")) == [("01", 2, False)]


def test_a_fact_is_one_occurrence_of_the_three_that_count_in_a_day() -> None:
    found = joined(("A03", "2026-07-06 09:00", 1, None), ("A03", "2026-07-06 10:00", 1, "F"),
                   ("A03", "2026-07-06 10:30", 1, "F"), ("A03", "2026-07-06 11:00", 1, None),
                   ("A03", "2026-07-06 12:00", 1, None))  # fmt: skip
    assert [(number, points) for number, points, _ in found] == [("00", 2), ("01", 2), ("03", 2), ("04", 0)]


def test_joining_never_costs_more_and_a_later_day_still_doubles() -> None:
    alone = joined(("A03", "2026-07-06 09:00", 1, None), ("A03", "2026-07-06 10:00", 1, None),
                   ("A03", "2026-07-20 10:00", 1, None))  # fmt: skip
    together = joined(("A03", "2026-07-06 09:00", 1, "F"), ("A03", "2026-07-06 10:00", 1, "F"),
                      ("A03", "2026-07-20 10:00", 1, None))  # fmt: skip
    assert (sum(row[1] for row in alone), sum(row[1] for row in together)) == (8, 6)
    assert together[-1] == ("02", 4, True)


def test_evidence_that_has_not_come_yet_leaves_the_fact_to_the_other() -> None:
    events = (("A03", "2026-07-06 09:00", 1, "F"), ("A03", "2026-07-06 11:00", 2, "F"))
    assert joined(*events, as_of="2026-07-06 10:00") == [("00", 2, False)]
    assert joined(*events) == [("01", 4, False)]


def test_a_hall_month_exists_with_a_deduction_or_a_checkable_sample() -> None:
    deducting = pl.DataFrame({"hall_code": ["H"], "month": ["2026-07"], "points": [5]})
    seen = pl.DataFrame({"hall_code": ["H", "G"], "month": ["2026-08", "2026-07"], "checkable": [3, 0]})
    assert hall_months(deducting, seen).rows() == [("H", "2026-07", 5, 0), ("H", "2026-08", 0, 3)]
