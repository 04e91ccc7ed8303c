"""Due date and elapsed time are one definition: inverses on every clock, whatever holidays, nights and pauses."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import chinese_calendar
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from checks.clock import load_calendar
from checks.counting import Counting, counting, due_at, elapsed_between
from checks.errors import RuleError
from checks.judge import tickets
from checks.reasons import REASONS
from checks.rulebook.loader import load_rulebook

CN = load_calendar("cn")
SHANGHAI = ZoneInfo("Asia/Shanghai")
HALF_DAYS = ((510, 720), (840, 1050))  # 08:30-12:00, 14:00-17:30: seven hours a day
NATURAL, DAYS, HOURS = Counting("natural", CN), Counting("days", CN), Counting("hours", CN, HALF_DAYS)
NEW_YORK = load_calendar("us-none", zone="America/New_York")
MINUTE, HOUR = 60_000_000, 3_600_000_000
MOMENTS = st.datetimes(dt.datetime(2004, 1, 1), dt.datetime(2040, 12, 31)).map(
    lambda naive: naive.replace(tzinfo=dt.UTC)
)
SPANS = st.integers(1, 40 * 24 * HOUR)


def at(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)


def due(clock: Counting, start: str, amount: int, paused: int = 0) -> str:
    return f"{due_at(clock, at(start), amount, paused).astimezone(SHANGHAI):%Y-%m-%d %H:%M:%S}"


@pytest.mark.parametrize(
    "clock", [NATURAL, HOURS, Counting("hours", NEW_YORK, HALF_DAYS)], ids=["natural", "hours", "NY"]
)
@given(start=MOMENTS, amount=SPANS, paused=st.integers(0, 20 * 24 * HOUR))
@settings(max_examples=60)
def test_elapsed_undoes_due(clock: Counting, start: dt.datetime, amount: int, paused: int) -> None:
    ends = due_at(clock, start, amount, paused)
    assert elapsed_between(clock, start, ends, paused) == amount
    assert elapsed_between(clock, start, ends - dt.timedelta(microseconds=1), paused) == amount - 1


@pytest.mark.parametrize("clock", [DAYS, Counting("days", NEW_YORK)], ids=["cn", "NY"])
@given(start=MOMENTS, amount=st.integers(1, 60), paused=st.integers(0, 40))
@settings(max_examples=60)
def test_elapsed_working_days_undo_the_deadline(clock: Counting, start: dt.datetime, amount: int, paused: int) -> None:
    ends = due_at(clock, start, amount, paused)
    assert elapsed_between(clock, start, ends, paused) == amount
    assert elapsed_between(clock, start, ends + dt.timedelta(microseconds=1), paused) == amount + 1


@given(start=MOMENTS, after=st.integers(0, 60 * 24 * HOUR), amount=st.integers(1, 30), paused=st.integers(0, 20))
@settings(max_examples=120)
def test_in_time_by_the_deadline_is_in_time_by_the_days_used(
    start: dt.datetime, after: int, amount: int, paused: int
) -> None:
    end = start + dt.timedelta(microseconds=after)
    assert (end <= due_at(DAYS, start, amount, paused)) == (elapsed_between(DAYS, start, end, paused) <= amount)


@given(start=MOMENTS, first=SPANS, second=SPANS)
@settings(max_examples=60)
def test_working_time_adds_up(start: dt.datetime, first: int, second: int) -> None:
    middle = due_at(HOURS, start, first)
    whole = due_at(HOURS, start, first + second)
    assert due_at(HOURS, middle, second) == whole
    assert elapsed_between(HOURS, start, middle) + elapsed_between(HOURS, middle, whole) == first + second


@given(start=MOMENTS, minutes=st.integers(1, 2000))
@settings(max_examples=25)
def test_working_minutes_agree_with_counting_them_one_by_one(start: dt.datetime, minutes: int) -> None:
    """The independent route: walk minute by minute through the calendar of the package of the notices."""
    start = start.replace(year=2004 + start.year % 22, second=0, microsecond=0, day=min(start.day, 28))
    end = start + dt.timedelta(minutes=minutes)
    walked = 0
    for n in range(minutes):
        local = (start + dt.timedelta(minutes=n)).astimezone(SHANGHAI)
        minute = local.hour * 60 + local.minute
        open_now = any(begin <= minute < close for begin, close in HALF_DAYS)
        walked += open_now and chinese_calendar.is_workday(local.date())
    assert elapsed_between(HOURS, start, end) == walked * MINUTE


@pytest.mark.parametrize(
    ("start", "hours", "ends"),
    [
        ("2026-07-06 09:00:00", 2, "2026-07-06 11:00:00"),  # a Monday
        ("2026-07-06 11:00:00", 2, "2026-07-06 15:00:00"),  # the noon break does not count
        ("2026-07-06 16:30:00", 2, "2026-07-07 09:30:00"),  # one hour before closing
        ("2026-07-06 20:00:00", 2, "2026-07-07 10:30:00"),  # after closing: from the next opening
        ("2026-07-10 17:30:00", 2, "2026-07-13 10:30:00"),  # a Friday at closing
        ("2026-09-30 17:00:00", 2, "2026-10-08 10:00:00"),  # National Day between
        ("2026-10-10 10:00:00", 1, "2026-10-10 11:00:00"),  # a Saturday that is worked
        ("2026-07-06 08:30:00", 7, "2026-07-06 17:30:00"),  # a whole day ends with it, not on the next morning
    ],
)
def test_trap_03_hours_run_only_while_somebody_works(start: str, hours: int, ends: str) -> None:
    """domain §9.3: limits in working hours, and what is accepted after hours starts with the next opening."""
    assert due(HOURS, start, hours * HOUR) == ends


def test_pauses_are_left_out_of_every_clock() -> None:
    assert due(NATURAL, "2026-07-06 09:00:00", 45 * MINUTE, 30 * MINUTE) == "2026-07-06 10:15:00"
    assert due(DAYS, "2026-07-06 09:00:00", 5, 3) == due(DAYS, "2026-07-06 09:00:00", 8) == "2026-07-16 23:59:59"
    assert elapsed_between(DAYS, at("2026-07-06 09:00:00"), at("2026-07-16 12:00:00"), 3) == 5


# --- bugs of other systems, by name (each once seen in an issue of theirs) --------------------------------------------


def test_glpi_10594_a_pause_counts_in_the_same_days_as_the_deadline() -> None:
    """GLPI counted a pause around the clock while its deadline counted working days."""
    friday = "2026-07-10 09:00:00"
    plain, paused = due(DAYS, friday, 2), due(DAYS, friday, 2, 1)
    assert (plain, paused) == ("2026-07-14 23:59:59", "2026-07-15 23:59:59")  # one more working day, not 24 hours


def test_glpi_687_the_delay_uses_the_calendar_that_made_the_deadline() -> None:
    """GLPI's delay ignored the calendar: a reply on Tuesday to a Friday ticket is 2 days, not 4."""
    assert elapsed_between(DAYS, at("2026-07-10 09:00:00"), at("2026-07-14 09:00:00")) == 2


def test_glpi_6902_and_15605_another_limit_keeps_the_pause() -> None:
    """GLPI lost the pause when the agreement changed: here the pause is an argument of both editions' limits."""
    start = at("2021-12-30 09:00:00")
    older, newer = due_at(DAYS, start, 7, 3), due_at(DAYS, start, 5, 3)
    assert elapsed_between(DAYS, start, older, 3) == 7
    assert elapsed_between(DAYS, start, newer, 3) == 5


def test_glpi_days_are_days_and_hours_are_opening_hours() -> None:
    """GLPI computes limits in days by days, in hours by opening hours: one day is not 24 hours nor 7 opening hours."""
    assert due(DAYS, "2026-07-06 16:00:00", 1) == "2026-07-07 23:59:59"
    assert due(HOURS, "2026-07-06 16:00:00", 7 * HOUR) == "2026-07-07 16:00:00"
    assert due(NATURAL, "2026-07-06 16:00:00", 24 * HOUR) == "2026-07-07 16:00:00"


def test_zammad_390_only_published_holidays_move_a_deadline() -> None:
    """Zammad's casual holiday feed added days: here only the notices' days count, nothing from a feed."""
    assert due(DAYS, "2026-12-24 09:00:00", 1) == "2026-12-25 23:59:59"  # Christmas is no holiday of the notice
    assert due(DAYS, "2026-09-24 09:00:00", 1) == "2026-09-28 23:59:59"  # 25-27 September are, and the 28th is worked


def test_zammad_5177_a_later_update_never_overrules_the_first_response() -> None:
    """Zammad let an update time overrule the first response: the due moment depends on the start alone."""
    rows = {"type": "complaint", "ticket_no": "1", "parent_ticket_no": None, "simulated": None, "withdrawn": None,
            "substantiated": None, "satisfaction": None, **dict.fromkeys(tickets.LIFECYCLE)}  # fmt: skip
    rows |= {"accepted_at": at("2026-07-06 09:00:00"), "contacted_at": at("2026-07-06 10:00:00")}
    book, now = load_rulebook(), at("2026-07-20 09:00:00")
    for updated in ("2026-07-08 09:00:00", "2026-07-19 09:00:00"):
        row = {**rows, "replied_at": at(updated)}
        frame = pl.DataFrame(
            [row], schema_overrides=dict.fromkeys(tickets.LIFECYCLE, pl.Datetime("us", "Asia/Shanghai"))
        )
        frame = frame.with_columns(pl.col(tickets.LIFECYCLE).dt.convert_time_zone("UTC"), filed=pl.lit(False))
        found = tickets.judge_tickets(frame, book, CN, now).collect().row(0, named=True)
        assert REASONS[found["T1"]].code == "in_time"  # 24 hours from acceptance, whatever came later
        assert found["T1.deadline"] == int(at("2026-07-07 09:00:00").timestamp()) * 1_000_000


def test_zammad_reopening_never_breaches_at_once() -> None:
    """Zammad may escalate in the instant a frozen ticket reopens: what passed while paused is not counted."""
    start, now = at("2026-07-06 09:00:00"), at("2026-07-09 09:00:00")
    frozen = 3 * 24 * HOUR - 20 * MINUTE
    assert elapsed_between(NATURAL, start, now, frozen) == 20 * MINUTE


def test_a_clock_in_hours_needs_to_know_when_people_work() -> None:
    with pytest.raises(RuleError, match="Set working_time"):
        counting("working", "hours", CN, ())
