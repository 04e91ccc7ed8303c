"""The traps of the field by number (domain §9), each by what the commands answer; every expectation is written by hand.

The others stand where their subject is tested, under their number: 3 in test_counting.py, 7–9, 24, 31 and 51 in
test_authenticity.py, 17–19 with the offices, 20 with the standings, 25 in test_beside.py, 27, 28 and 52 with what is
excluded and frozen, 33 in test_published.py.
"""

from __future__ import annotations

import io
import json
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any

import pytest

from dashboard.cli import main

AS_OF = "2027-03-01T00:00:00+08:00"
CALENDAR = ("accepted_at", "contacted_at", "replied_at")
OFFICES = """code,name,parent_code,level,area,customers
C,示范市供电公司,,company,,
K22,二十二县,C,county,,
P01,一所,C,station,urban,1000
P02,二所,C,station,urban,1000
P04,四所,C,station,urban,1000
P05,五所,C,station,urban,1000
P06,六所,C,station,urban,1000
P11,十一所,C,station,urban,1000
P12,十二所,C,station,urban,1000
P13,十三所,C,station,urban,1000
P21,二十一所,C,station,urban,1000
P22A,甲所,K22,station,urban,1000
P22B,乙所,K22,station,urban,1000
P23,二十三所,C,station,,1000
P26,二十六所,C,station,urban,1000
P29,二十九所,C,station,urban,1000
P32A,三十二甲所,C,station,urban,1000
P32B,三十二乙所,C,station,urban,1000
P35,三十五所,C,station,urban,1000
"""
TICKETS = """ticket_no,parent_ticket_no,type,office_code,accepted_at,contacted_at,replied_at,simulated,returns
T01,,complaint,P01,2026-09-30 10:00:00,2026-09-30 11:00:00,2026-10-13 18:00:00,,
T02,,complaint,P02,2026-12-28 10:00:00,2026-12-28 11:00:00,2027-01-05 10:00:00,,
T04A,,complaint,P04,2026-07-06 00:00:00,2026-07-06 01:00:00,2026-07-13 23:59:59,,
T04B,,complaint,P04,2026-07-06 23:59:59,2026-07-07 01:00:00,2026-07-13 23:59:59,,
T04C,,complaint,P04,2026-07-06 10:00:00,2026-07-06 11:00:00,2026-07-14 00:00:00,,
T06A,,complaint,P06,2026-07-06 24:00,2026-07-07 08:5,2026-07-08 09:00:00,,
T06B,,complaint,P06,2026/2/30,,,,
T06C,,complaint,P06,0000-00-00,,,,
T12,,complaint,P12,2026-07-06 10:00:00,2026-07-06 11:00:00,2026-07-07 10:00:00,,
T12A,T12,complaint,P12,2026-07-06 10:01:00,,,,
T12B,T12,complaint,P12,2026-07-06 10:02:00,,,,
T13,,complaint,P13,2026-07-06 10:00:00,2026-07-06 11:00:00,2026-07-07 10:00:00,,
T26A,,complaint,P26,2021-12-31 10:00:00,2022-01-04 10:00:00,2022-01-11 10:00:00,,
T26B,,complaint,P26,2022-01-04 10:00:00,2022-01-04 11:00:00,2022-01-12 10:00:00,,
T29A,,complaint,P29,2026-07-06 10:00:00,,,是,
T29B,,complaint,P29,2026-07-06 10:00:00,2026-07-06 11:00:00,2026-07-07 10:00:00,否,
"""
REPAIRS = """repair_no,office_code,area,accepted_at,dispatched_at,arrived_at,restored_at
R05,P05,,2026-06-30 23:50:00,,2026-07-01 00:20:00,2026-07-01 01:00:00
R11,P11,,2026-07-06 10:00:00,2026-07-06 10:40:00,2026-07-06 10:50:00,2026-07-06 11:00:00
R21,P21,,2026-07-06 10:00:00,,2026-07-06 10:30:00,2026-07-06 11:00:00
R22,P22A,,2026-07-06 10:00:00,,2026-07-06 10:30:00,2026-07-06 11:00:00
R23A,P23,urban,2026-07-06 10:00:00,,2026-07-06 11:00:00,2026-07-06 11:30:00
R23B,P23,rural,2026-07-06 10:00:00,,2026-07-06 11:00:00,2026-07-06 11:30:00
R23C,P23,,2026-07-06 10:00:00,,2026-07-06 11:00:00,2026-07-06 11:30:00
R35A,P35,,2026-06-20 23:59:59,,2026-06-21 00:10:00,2026-06-21 00:30:00
R35B,P35,,2026-06-21 00:00:00,,2026-06-21 00:10:00,2026-06-21 00:30:00
R35C,P35,,2026-07-20 23:59:59,,2026-07-21 00:10:00,2026-07-21 00:30:00
R35D,P35,,2026-07-21 00:00:00,,2026-07-21 00:10:00,2026-07-21 00:30:00
""" + "".join(f"R22B{n},P22B,,2026-07-06 1{n}:00:00,,2026-07-06 1{n}:59:00,2026-07-06 20:00:00\n" for n in range(9))
MEASURES = """indicator,office_code,period,numerator,denominator,percentage
电费回收率,P01,2026-08,97,100,
电费回收率,P02,2026-08,,,9.7
"""
OTHER = TICKETS.splitlines()[0] + "\nT13,,complaint,P13,2026-07-06 10:20:00,2026-07-06 11:00:00,2026-07-07 10:00:00,,\n"
LINKED = OTHER.replace("T13,,", "M13,T13,")
SATISFACTION = "ticket_no,type,office_code,accepted_at,satisfaction\n"


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """One made-up company of one station per trap, imported through the commands."""
    home = tmp_path_factory.mktemp("traps")
    patch = pytest.MonkeyPatch()
    patch.chdir(home)
    for name in ("MINGCHA_DATABASE_URL", "MINGCHA_MIGRATION_URL", "MINGCHA_USER", "MINGCHA_CONFIG"):
        patch.delenv(name, raising=False)
    answer("init")
    for record, text in (("offices", OFFICES), ("tickets", TICKETS), ("repairs", REPAIRS), ("measures", MEASURES)):
        take(home, record, text)
    for office, first in (("P32A", "satisfied"), ("P32B", "dissatisfied")):
        mapping = home / f"{office}.toml"
        mapping.write_text(f'[[sources]]\nname = "{office}"\nrecord = "tickets"\nkind = "spreadsheet"\npath = "x/*"\n'
                           f'[sources.values.satisfaction]\n"0" = "{first}"\n', encoding="utf-8")  # fmt: skip
        rows = f"{office}-1,enquiry,{office},2026-07-06 10:00:00,0\n"
        take(home, "tickets", SATISFACTION + rows, "--mapping", str(mapping))
    take(home, "tickets", SATISFACTION + "P32-3,enquiry,P32A,2026-07-07 10:00:00,0\n", "--source", "unmapped")
    take(home, "tickets", OTHER, "--source", "12345")
    yield home
    patch.undo()


def answer(*arguments: str) -> tuple[int, str, str]:
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        try:
            main(list(arguments))
            code = 0
        except SystemExit as end:
            code = int(end.code or 0)
    return code, out.getvalue(), err.getvalue()


def asked(*arguments: str) -> Any:
    code, out, err = answer(*arguments, "--format", "json")
    assert code == 0, err
    return json.loads(out)


def take(home: Path, record: str, text: str, *more: str) -> dict[str, Any]:
    path = home / f"{record}-{abs(hash((text, more)))}.csv"
    path.write_text(text, encoding="utf-8")
    return asked("import", record, str(path), *more)["batches"][0]  # type: ignore[no-any-return]


def row(office: str, period: str = "2026-Q3", level: str = "station") -> dict[str, Any]:
    rows = asked("league", "--period", period, "--level", level, "--as-of", AS_OF)["rows"]
    return next(found for found in rows if found["office"] == office)


def figure(office: str, code: str, period: str = "2026-Q3", level: str = "station") -> tuple[Any, Any]:
    found = row(office, period, level)["indicators"][code]
    return found["numerator"], found["denominator"]


def records(record: str, office: str, period: str = "2026-Q3") -> dict[str, dict[str, Any]]:
    found = asked("records", record, "--period", period, "--office", office, "--as-of", AS_OF)["rows"]
    return {one["number"]: one for one in found}


def test_trap_01_make_up_weekends_and_holidays_come_from_a_table(company: Path) -> None:
    """1–7 October off, Saturday the 10th worked: 8, 9, 10, 12, 13 October are the five days."""
    found = records("tickets", "P01")["T01"]
    assert (found["deadline"]["T2"], found["verdict"]["T2"]) == ("2026-10-13T23:59:59+08:00", "on_time")


def test_trap_02_beyond_the_last_notice_a_deadline_is_provisional_and_listed(company: Path) -> None:
    document = asked("explain", "P02", "--period", "2026-Q4", "--as-of", AS_OF)
    assert {"record": "tickets", "number": "T02", "indicator": "T2"} in document["provisional"]
    found = records("tickets", "P02", "2026-Q4")["T02"]
    assert (found["deadline"]["T2"], found["verdict"]["T2"]) == ("2027-01-05T23:59:59+08:00", "on_time")


def test_trap_04_the_day_of_acceptance_is_day_zero_and_a_limit_ends_with_its_day(company: Path) -> None:
    found = records("tickets", "P04")
    assert {one["deadline"]["T2"] for one in found.values()} == {"2026-07-13T23:59:59+08:00"}
    assert [found[number]["verdict"]["T2"] for number in ("T04A", "T04B", "T04C")] == ["on_time", "on_time", "late"]


def test_trap_05_a_record_that_crosses_a_quarter_belongs_to_its_acceptance(company: Path) -> None:
    assert figure("P05", "R1", "2026-Q2") == (1, 1)
    assert figure("P05", "R1") == (0, 0)


def test_trap_06_midnight_written_24_is_the_next_day_and_days_that_do_not_exist_are_quarantined(company: Path) -> None:
    found = records("tickets", "P06")
    assert list(found) == ["T06A"]
    assert found["T06A"]["at"].startswith("2026-07-07T00:00:00")
    assert found["T06A"]["deadline"]["T1"] == "2026-07-08T00:00:00+08:00"  # 24 h after midnight, and 08:05 met it
    assert found["T06A"]["verdict"]["T1"] == "on_time"
    kept = {one["number"]: one for one in asked("quarantine")["rows"]}
    texts = json.dumps(kept, ensure_ascii=False)
    assert "2026/2/30" in texts
    assert "0000-00-00" in texts


def test_trap_10_a_time_without_a_zone_is_that_of_shanghai(company: Path) -> None:
    found = asked("explain", "P11", "--period", "2026-Q3", "--as-of", "2026-10-11T00:00:00Z")
    late = next(line for line in found["indicators"] if line["code"] == "R1")["records"][0]
    assert (late["deadline"], late["actual"]) == ("2026-07-06T10:45:00+08:00", "2026-07-06T10:50:00+08:00")
    assert found["as_of"] == "2026-10-11T08:00:00+08:00"


def test_trap_11_dispatching_again_does_not_start_the_clock_again(company: Path) -> None:
    """Ten minutes after the second dispatch, fifty after the customer called: late."""
    assert records("repairs", "P11")["R11"]["verdict"]["R1"] == "late"


def test_trap_12_two_hundred_calls_for_one_line_are_one_event(company: Path) -> None:
    found = row("P12")["indicators"]["T1"]
    assert (found["numerator"], found["denominator"], found["excluded"]) == (1, 1, 2)


def test_trap_13_nothing_is_merged_across_systems_until_a_person_says_so(company: Path) -> None:
    """The same number in 95598 and 12345 is two records; one that names the other as its parent counts once."""
    assert figure("P13", "T1") == (2, 2)
    take(company, "tickets", LINKED, "--source", "12345b")
    assert figure("P13", "T1") == (2, 2)
    assert row("P13")["indicators"]["T1"]["excluded"] == 1


def test_trap_21_without_a_ticket_there_is_no_rate_neither_0_nor_100(company: Path) -> None:
    found = row("P21")
    assert found["indicators"]["T1"]["value"] is None
    assert found["indicators"]["T1"]["points"] is None
    assert "T1" in found["missing"]
    assert found["indicators"]["R1"]["value"] == 1


def test_trap_22_a_county_is_the_sum_of_its_stations_not_the_mean_of_their_rates(company: Path) -> None:
    """1 of 1 and 0 of 9: one in ten, where the mean of the rates says one half."""
    assert (figure("P22A", "R1"), figure("P22B", "R1")) == ((1, 1), (0, 9))
    county = row("K22", level="county")["indicators"]["R1"]
    assert (county["numerator"], county["denominator"], county["value"]) == (1, 10, 0.1)


def test_trap_23_each_repair_is_judged_by_the_limit_of_its_own_area(company: Path) -> None:
    """Sixty minutes: late in town, in time in the country, and unjudgeable where nobody says which."""
    found = records("repairs", "P23")
    assert [found[number]["verdict"]["R1"] for number in ("R23A", "R23B", "R23C")] == ["late", "on_time", "unjudgeable"]
    assert found["R23C"]["reason"]["R1"] == "no_area"


def test_trap_26_each_ticket_is_judged_by_the_edition_of_its_day(company: Path) -> None:
    """Six working days: in time by the seven of 2011, late by the five of 2022 (1–3 January 2022 were off)."""
    before, after = records("tickets", "P26", "2021-Q4")["T26A"], records("tickets", "P26", "2022-Q1")["T26B"]
    assert (before["deadline"]["T2"], before["verdict"]["T2"]) == ("2022-01-12T23:59:59+08:00", "on_time")
    assert (after["deadline"]["T2"], after["verdict"]["T2"]) == ("2022-01-11T23:59:59+08:00", "late")


def test_trap_29_simulated_tickets_count_nowhere(company: Path) -> None:
    found = row("P29")["indicators"]["T1"]
    assert (found["numerator"], found["denominator"], found["excluded"]) == (1, 1, 1)


def test_trap_32_the_direction_of_a_satisfaction_code_is_that_of_its_source(company: Path) -> None:
    """0 means satisfied in one system, dissatisfied in another, and nothing where the source does not say."""
    assert figure("P32A", "T5") == (1, 1)
    assert figure("P32B", "T5") == (0, 1)
    assert "T5" not in records("tickets", "P32A")["P32-3"]["verdict"]


def test_trap_34_a_bare_percentage_is_not_guessed(company: Path) -> None:
    """9.7 may be 9.7 % or 970 %: a measure needs its numerator and denominator, the row waits in quarantine."""
    assert figure("P01", "O1") == (97, 100)
    assert figure("P02", "O1") == (0, 0)
    waiting = [one for one in asked("quarantine")["rows"] if one["record"] == "measures"]
    assert len(waiting) == 1


def test_trap_35_a_statistical_month_runs_from_the_21st_to_the_20th(company: Path) -> None:
    assert figure("P35", "R1", "2026-06-21..2026-07-20") == (2, 2)
    assert sorted(records("repairs", "P35", "2026-06-21..2026-07-20")) == ["R35B", "R35C"]
    assert figure("P35", "R1", "2026-07") == (2, 2)


def test_trap_25_one_case_by_an_average_is_labelled_internal_in_what_is_printed(company: Path) -> None:
    """R11 took 50 minutes: late by the promise of an average (45), in time by the regulation (60)."""
    document = asked("explain", "P11", "--period", "2026-Q3", "--as-of", AS_OF, "--beside")
    found = {(one["step"], one["kind"]): one for one in document["beside"]}
    promise, law = found["arrival", "promise"], found["arrival", "law"]
    assert (promise["on_time"], promise["judged"], promise["scored_as"]) == (0, 1, "R1")
    assert {limit["per_case"] for limit in promise["limits"]} == {"internal"}
    assert promise["averages"] == [{"limit": "arrival.promise.urban", "minutes": 50, "n": 1}]
    assert (law["on_time"], law["judged"], law["scored_as"]) == (1, 1, None)
    lines = {line["code"]: line for line in document["lines"]}
    assert lines["S14"]["value"] == 0  # R1 under its name in the station league
    assert lines["S05"]["missing"] == ["line_loss_low_voltage"]
    assert [line["code"] for line in document["indicators"]][:5] == ["T1", "T2", "T3", "T4", "T5"]
