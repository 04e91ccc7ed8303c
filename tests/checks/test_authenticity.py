"""Authenticity signals on hand-made records; probabilities worked out from their definitions."""

from datetime import datetime, timedelta, timezone
from math import comb

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from checks.authenticity import chance, changes, stamps, volumes
from checks.authenticity.catalogue import signals
from checks.authenticity.heaping import heaping
from checks.reasons import NUMBER

MINUTE = 60_000_000
LIMIT = 45 * MINUTE
CHINA = timezone(timedelta(hours=8))
REPAIR = ("accepted_at", "dispatched_at", "taken_at", "arrived_at", "restored_at", "replied_at")


def at(text):
    moment = datetime.fromisoformat(f"2026-07-{text}").replace(tzinfo=CHINA)
    return int(moment.timestamp()) * 1_000_000


def repair(number, *times, office="A", **more):
    """A repair with the six stamps of its lifecycle, each `dd HH:MM:SS` or empty."""
    filled = dict(zip(REPAIR, (at(time) if time else None for time in (*times, *[""] * 6)), strict=False))
    return {"id": number, "number": f"R{number}", "office_code": office, **filled, **more}


def frame(*rows):
    return pl.DataFrame(rows, schema_overrides=dict.fromkeys(REPAIR, pl.Int64), infer_schema_length=None)


def durations(minutes, office="A", limit=LIMIT):
    return pl.DataFrame(
        [{"office_code": office, "indicator": "R1", "limit": limit, "took": round(m * MINUTE)} for m in minutes],
        schema={"office_code": pl.String, "indicator": pl.String, "limit": pl.Int64, "took": pl.Int64},
    )


# --- heaping ----------------------------------------------------------------------------------------------------------


def test_trap_24_a_heap_just_inside_the_limit_is_called():
    made = durations([44.5] * 12 + [42, 42, 46])  # 12 inside (43, 45], three beside it
    row = heaping(made).row(0, named=True)
    assert (row["inside"], row["beside"], row["expected"], row["direction"]) == (12, 3, 5.0, "inside")
    tail = sum(comb(15, k) * 2 ** (15 - k) for k in range(12, 16)) / 3**15
    assert row["p"] == pytest.approx(2 * tail, rel=1e-9)
    assert row["called"]


def test_a_gap_just_inside_the_limit_shows_as_well():
    row = heaping(durations([42] * 10 + [46] * 14)).row(0, named=True)
    assert (row["inside"], row["direction"]) == (0, "outside")
    assert row["p"] == pytest.approx(2 * (2 / 3) ** 24, rel=1e-9)


@pytest.mark.parametrize(
    ("took", "where"),
    [(41.0, None), (41 + 1 / 60, "beside"), (43.0, "beside"), (43 + 1 / 60, "inside"), (45.0, "inside"),
     (45 + 1 / 60, "beside"), (47.0, "beside"), (47 + 1 / 60, None)],
)  # fmt: skip
def test_the_stretch_ends_at_the_limit_to_the_second(took, where):
    found = heaping(durations([44.0] * 8 + [took])).row(0, named=True)
    assert (found["inside"] - 8, found["beside"]) == {None: (0, 0), "inside": (1, 0), "beside": (0, 1)}[where]


def test_fewer_than_eight_records_around_a_limit_are_no_test():
    assert heaping(durations([44.0] * 7)).is_empty()
    assert heaping(durations([44.0] * 8)).height == 1


def test_whole_minutes_spread_evenly_are_no_heap():
    """Trap 24 the other way: times known to the minute fall on every minute of the three stretches equally."""
    row = heaping(durations([minute for minute in range(30, 60) for _ in range(9)])).row(0, named=True)
    assert (row["inside"], row["beside"], row["p"], row["called"]) == (18, 36, 1.0, False)


def test_a_long_limit_looks_at_a_longer_stretch():
    made = durations([23 * 60 + 15] * 8, limit=24 * 60 * MINUTE)
    assert heaping(made).row(0, named=True)["window"] == 48 * MINUTE


def test_many_offices_looked_at_do_not_call_by_chance():
    one = durations([44.5] * 9 + [42, 42, 46])
    alone = heaping(one)
    offices = [durations([44, 42, 42, 46, 46, 44, 42, 46, 44], office=f"B{n:02d}") for n in range(60)]
    among = heaping(pl.concat([one, *offices])).filter(pl.col("office_code") == "A")
    assert alone["p_adjusted"].item() == alone["p"].item()
    assert among["p_adjusted"].item() == pytest.approx(61 * alone["p"].item())


@given(st.lists(st.floats(min_value=0, max_value=1), min_size=1, max_size=30))
def test_holm_never_makes_a_call_easier_and_keeps_the_order(p):
    adjusted = chance.holm(p)
    assert all(1 >= after >= before for after, before in zip(adjusted, p, strict=True))
    ordered = [adjusted[i] for i in sorted(range(len(p)), key=lambda i: p[i])]
    assert ordered == sorted(ordered)


@given(st.integers(0, 40), st.integers(0, 40))
def test_the_binomial_p_value_is_twice_the_smaller_tail(hits, misses):
    n = hits + misses
    masses = [comb(n, k) * 2 ** (n - k) / 3**n for k in range(n + 1)]
    wanted = min(1.0, 2 * min(sum(masses[: hits + 1]), sum(masses[hits:])))
    assert chance.two_sided_binomial([hits], [n], 1 / 3)[0] == pytest.approx(wanted)


# --- complaints turned into something else ----------------------------------------------------------------------------


def tickets(**counts):
    rows = [("A", kind, number) for kind, number in counts.items()]
    return pl.DataFrame(rows, schema={"office_code": pl.String, "type": pl.String, "tickets": pl.Int64}, orient="row")


def test_trap_51_complaints_that_become_opinions_are_seen():
    row = volumes.migration(tickets(complaint=2, opinion=40), tickets(complaint=20, opinion=18)).row(0, named=True)
    assert (row["complaints"], row["softer"], row["complaints_before"], row["softer_before"]) == (2, 40, 20, 18)
    tail = sum(comb(22, k) * comb(58, 42 - k) for k in range(3)) / comb(80, 42)
    assert row["p"] == pytest.approx(2 * tail)
    assert row["called"]


def test_trap_51_rising_complaints_are_no_migration():
    row = volumes.migration(tickets(complaint=20, opinion=18), tickets(complaint=2, opinion=40)).row(0, named=True)
    assert not row["called"]


# --- inside a record --------------------------------------------------------------------------------------------------


def test_trap_07_restored_before_arrival_is_named_once_with_the_widest_step_back():
    good = repair(1, "01 09:00:00", "01 09:01:00", "01 09:02:00", "01 09:30:00", "01 10:00:00", "01 10:10:00")
    bad = repair(2, "01 09:00:00", "01 09:01:00", "01 09:02:00", "01 09:30:00", "01 09:20:00", "01 09:25:00")
    found = stamps.impossible_order(frame(good, bad), "repairs", REPAIR)
    assert found.select("number", "step", "other", "amount").rows() == [("R2", "restored_at", "arrived_at", 600)]


def test_trap_09_clocks_that_differ_by_a_minute_are_tolerated():
    exactly = repair(1, "01 09:00:00", "01 09:10:00", "01 09:09:00")
    beyond = repair(2, "01 09:00:00", "01 09:10:00", "01 09:08:59")
    assert stamps.impossible_order(frame(exactly, beyond), "repairs", REPAIR)["number"].to_list() == ["R2"]


def test_trap_08_three_steps_at_one_time_or_arrival_with_restoration():
    three = repair(1, "01 09:00:00", "01 09:05:00", "01 09:05:00", "01 09:05:00", "01 10:00:00")
    two = repair(2, "01 09:00:00", "01 09:05:00", "01 09:05:00", "01 09:30:00", "01 10:00:00")
    pair = repair(3, "01 09:00:00", "01 09:01:00", "01 09:02:00", "01 09:30:00", "01 09:30:00")
    machine = repair(4, "01 09:00:00", "01 09:00:00", "01 09:00:00", "01 09:30:00", "01 10:00:00")
    found = stamps.identical_stamps(frame(three, two, pair, machine), "repairs", REPAIR)
    assert sorted(found.select("number", "amount").rows()) == [("R1", 3), ("R3", 2)]


@pytest.mark.parametrize(("arrived", "seen"), [("01 09:04:59", True), ("01 09:05:00", False), ("01 09:02:59", False)])
def test_an_arrival_within_two_minutes_of_dispatch(arrived, seen):
    made = frame(repair(1, "01 09:00:00", "01 09:03:00", "", arrived))
    assert (stamps.quick_arrival(made, "repairs").height == 1) is seen


def test_three_arrivals_of_one_team_in_one_minute():
    rows = [
        repair(n, "01 09:00:00", "", "", f"01 09:30:{second:02d}", office=office, team=team)
        for n, second, office, team in [(1, 0, "A", "x"), (2, 30, "A", "x"), (3, 59, "A", "x"),
                                        (4, 10, "A", "y"), (5, 20, "B", "x")]
    ]  # fmt: skip
    late = repair(6, "01 09:00:00", "", "", "01 09:31:00", team="x")
    found = stamps.same_minute(
        frame(*rows, late), "repairs", "same_minute_arrivals", "arrived_at", ("office_code", "team")
    )
    assert found.select("number", "amount").rows() == [("R1", 3), ("R2", 3), ("R3", 3)]


def ticket(number, kind="fault", **columns):
    empty = dict.fromkeys(("customer_no", "phone", "satisfaction", "archived_at", "replied_at", "finished_at"))
    return {"id": number, "number": f"T{number}", "office_code": "A", "type": kind, "accepted_at": at("01 09:00:00"),
            **empty, **columns}  # fmt: skip


def ticket_frame(*rows):
    texts = dict.fromkeys(("customer_no", "phone", "satisfaction"), pl.String)
    times = dict.fromkeys(("accepted_at", "archived_at", "replied_at", "finished_at"), pl.Int64)
    return pl.DataFrame(rows, schema_overrides={**texts, **times}, infer_schema_length=None)


def test_trap_31_five_happy_ratings_from_one_telephone():
    rows = [ticket(n, phone="138", satisfaction="satisfied") for n in range(1, 6)]
    others = [ticket(n, phone="139", satisfaction="satisfied") for n in range(6, 10)]
    unknown = [ticket(n, satisfaction="satisfied") for n in range(10, 20)]
    found = stamps.same_caller(ticket_frame(*rows, *others, *unknown))
    assert found["number"].to_list() == ["T1", "T2", "T3", "T4", "T5"]
    assert "138" not in str(found.rows())


@pytest.mark.parametrize(("asked", "seen"), [("01 12:00:00", True), ("02 12:00:00", True), ("02 12:00:01", False),
                                             ("01 11:59:59", False)])  # fmt: skip
def test_trap_51_an_enquiry_within_a_day_of_a_closed_fault(asked, seen):
    fault = ticket(1, customer_no="77", archived_at=at("01 12:00:00"))
    enquiry = ticket(2, "enquiry", customer_no="77", accepted_at=at(asked))
    stranger = ticket(3, "enquiry", customer_no="78", accepted_at=at("01 12:30:00"))
    found = stamps.reopened_as_enquiry(ticket_frame(fault, enquiry, stranger))
    assert found.select("number", "other").rows() == ([("T2", "T1")] if seen else [])


# --- two judgements of one record -------------------------------------------------------------------------------------

DUE, LATER = at("01 09:45:00"), at("01 12:00:00")


def version(reason, *, area="urban", actual=None, **columns):
    return {"id": 1, "number": "R1", "office_code": "A", "R1": NUMBER[reason], "R1.deadline": DUE, "R1.actual": actual,
            "stored.area": area, "stored.arrived_at": actual, **columns}  # fmt: skip


def versions(row):
    return pl.DataFrame([row], schema_overrides={"R1.actual": pl.Int64, "stored.arrived_at": pl.Int64})


def changed(old, new):
    return changes.changed_after_breach(versions(old), versions(new), "repairs", ["R1"], ("area", "arrived_at"))


def test_trap_24_an_area_upgraded_after_the_breach_is_a_lead():
    arrived = at("01 10:00:00")
    old = version("too_late", actual=arrived, written_at=at("01 11:00:00"), ended_at=LATER)
    found = changed(old, version("in_time", area="rural", actual=arrived)).row(0, named=True)
    assert (found["number"], found["step"], found["other"]) == ("R1", "R1", "area")
    assert found["amount"] == (LATER - DUE) // 1_000_000


def test_a_time_corrected_after_the_breach_is_a_lead():
    old = version("too_late", actual=at("01 10:00:00"), written_at=at("01 11:00:00"), ended_at=LATER)
    assert changed(old, version("in_time", actual=at("01 09:44:00")))["other"].to_list() == ["arrived_at"]


@pytest.mark.parametrize(("written", "seen"), [("01 09:45:00", 0), ("01 09:45:01", 1)])
def test_an_export_from_before_the_deadline_was_no_breach(written, seen):
    old = version("not_done", written_at=at(written), ended_at=LATER)
    assert changed(old, version("in_time", actual=at("01 09:44:00"))).height == seen


def test_a_record_that_stays_late_is_no_lead():
    old = version("too_late", actual=at("01 10:00:00"), written_at=at("01 11:00:00"), ended_at=LATER)
    assert changed(old, version("too_late", area="rural", actual=at("01 10:05:00"))).is_empty()


def test_trap_24_the_strictest_known_area_replaces_an_easier_one():
    repairs = pl.DataFrame({"id": [1, 2, 3], "area": ["remote", "urban", "rural"]})
    known = pl.DataFrame({"id": [1, 1, 2, 3], "area": ["rural", "urban", "rural", "rural"]})
    assert changes.stricter_area(repairs, known).rows() == [(1, "urban")]


def test_every_signal_has_a_title_in_both_languages_and_a_source():
    for signal in signals().values():
        assert all((signal.title, signal.title_en, signal.looks_for)), signal.code
        assert "domain" in signal.source, signal.code
