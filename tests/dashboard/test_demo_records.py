"""The made-up company: the same on every machine, shaped like practice, telling its stories."""

import hashlib
import subprocess
import sys
from datetime import date, datetime, timedelta
from statistics import mean

import pytest

from dashboard.demo import company, hallwork, inbox, service
from dashboard.demo.known import as_known

DAY = date(2026, 8, 12)
QUARTER = [date(2026, 7, 1) + timedelta(days=step) for step in range(92)]
LIMIT = {"urban": 45, "rural": 90, "remote": 120}


@pytest.fixture(scope="module")
def quarter():
    """All repairs of a quarter as plain rows."""
    return [row for day in QUARTER for row in service.service_of(day).repairs.iter_rows(named=True)]


def minutes(row):
    return (row["arrived_at"] - row["accepted_at"]).total_seconds() / 60


def arrivals(quarter, place):
    code = company.station_at(place).code
    known = [row for row in quarter if row["office"] == code and row["arrived_at"]]
    return [row for row in known if row["arrived_at"] > row["accepted_at"]]


def on_time(rows):
    return mean(minutes(row) <= LIMIT[row["area"]] for row in rows)


def digest_of_files(day):
    """SHA-256 over the names and bytes of a demo's files made on `day`: registers, last month, last hour and day."""
    history = [
        file for file in inbox.history(day) if f"{day:%Y-%m}" in file.path or "单位" in file.path or "Q1" in file.path
    ]
    files = [*history, *inbox.hourly(day, datetime(day.year, day.month, day.day, 9, 30))]
    assert len(files) == 3 + 4 + 4 + 6
    digest = hashlib.sha256()
    for file in files:
        digest.update(file.path.encode())
        digest.update(hashlib.sha256(file.make()).digest())
    return digest.hexdigest()


def test_the_same_date_gives_the_same_bytes_in_another_process():
    """No clock, no hash seed, no order of calls enters: two fresh processes with different hash seeds agree."""
    script = (
        "import sys; sys.path.insert(0, 'tests/dashboard'); from datetime import date; "
        "import test_demo_records as t; print(t.digest_of_files(date(2026, 2, 3)))"
    )
    runs = [
        subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True,
                       env={"PYTHONHASHSEED": seed, "PYTHONPATH": "."}).stdout
        for seed in ("1", "2")
    ]  # fmt: skip
    assert runs[0] == runs[1]
    assert len(runs[0].strip()) == 64


def test_a_day_is_the_same_whatever_was_drawn_before_it():
    alone = service.service_of(DAY)
    service.service_of(DAY - timedelta(days=1))
    assert service.service_of(DAY).tickets.equals(alone.tickets)
    assert service.service_of(DAY).repairs.equals(alone.repairs)


def test_the_company_is_one_tree_by_pointer():
    codes = {company.COMPANY_CODE, *(county.code for county in company.COUNTIES)}
    codes |= {station.code for station in company.stations()} | {hall.code for hall in company.halls()}
    assert len(company.stations()) == 60
    assert len(company.halls()) == 30
    assert len(codes) == 1 + 6 + 60 + 30
    assert {hall.above for hall in company.halls()} <= codes
    prefix = company.COUNTIES[0].code[:5]
    assert [county.name for county in company.COUNTIES if not county.code.startswith(prefix)] == ["沅石县供电公司"]


def test_data_begin_two_whole_quarters_before_the_present_one():
    assert inbox.first_day(date(2026, 11, 22)) == date(2026, 4, 1)
    assert inbox.first_day(date(2026, 12, 31)) == date(2026, 4, 1)
    assert inbox.first_day(date(2027, 1, 1)) == date(2026, 7, 1)
    assert inbox.first_day(date(2026, 5, 2)) == date(2025, 10, 1)


def test_the_slow_station_is_slow(quarter):
    everyone = on_time([row for station in company.stations() for row in arrivals(quarter, station.name[:-3])])
    assert on_time(arrivals(quarter, company.SLOW)) < 0.85 < 0.94 < everyone


def test_the_tiny_station_is_perfect_and_tiny(quarter):
    rows = arrivals(quarter, company.TINY)
    assert on_time(rows) == 1
    assert 10 <= len(rows) <= 40


def test_the_large_station_is_average(quarter):
    shares = [on_time(arrivals(quarter, station.name[:-3])) for station in company.stations()]
    rows = arrivals(quarter, company.LARGE)
    assert len(rows) > 3 * mean(len(arrivals(quarter, s.name[:-3])) for s in company.stations())
    assert abs(on_time(rows) - mean(shares)) < 0.03


def test_one_station_reports_fewer_late_arrivals_than_its_stamps_show(quarter):
    rows = arrivals(quarter, company.HIDING)
    late = [row for row in rows if minutes(row) > LIMIT[row["area"]]]
    assert len(late) >= 12
    assert sum(row["reported_arrival_late"] for row in late) / len(late) < 0.5
    honest = arrivals(quarter, company.SLOW)
    reported = [row["reported_arrival_late"] for row in honest if minutes(row) > LIMIT[row["area"]]]
    assert mean(reported) > 0.8


def test_the_noon_hall_is_empty_at_noon_and_once_a_quarter_altogether():
    hall = company.hall_at(company.NOON_HALL)
    found = [row for day in QUARTER for row in hallwork.hall_rows(hall, day, date(2030, 1, 1)).inspections]
    video = [row for row in found if row["kind"] == "video"]
    assert sum(row["item"] == "R01" for row in video) == 1
    noon = [row for row in video if row["item"] == "R02"]
    assert len(noon) >= 8
    assert {row["at"].hour for row in noon} <= {12, 13}


def test_the_turned_camera_cannot_be_judged_from_its_day_on():
    hall = company.hall_at(company.TURNED_HALL)
    since = date(2026, 8, 10)
    after = [row for step in range(5) for row in
             hallwork.hall_rows(hall, since + timedelta(days=step), since).samples]  # fmt: skip
    before = [row for step in range(1, 20) for row in
              hallwork.hall_rows(hall, since - timedelta(days=step), since).samples]  # fmt: skip
    assert {(row["outcome"], row["cause"]) for row in after} == {("not_checkable", "moved")}
    assert sum(row["outcome"] == "captured" for row in before) > 0.9 * len(before)


def test_an_export_knows_nothing_that_came_later():
    moment = datetime(2026, 8, 12, 15, 0)
    rows = as_known("repairs", service.service_of(DAY).repairs, moment)
    whole = service.service_of(DAY).repairs
    assert 0 < rows.height < whole.height
    stamps = [name for name in rows.columns if name.endswith("_at")]
    assert max(rows[name].max() for name in stamps) <= moment
    waiting = rows.filter(rows["arrived_at"].is_null())
    assert waiting["reported_arrival_late"].null_count() == waiting.height


def test_files_have_the_shapes_met_in_practice():
    files = {file.path: file for file in inbox.history(date(2026, 5, 4))}
    csv = files["95598/工单_2026-04.csv"].make()
    with pytest.raises(UnicodeDecodeError):
        csv.decode("utf-8")
    lines = csv.decode("gb18030").splitlines()
    assert lines[0] == "青岚市供电公司95598工单明细"
    assert lines[1].startswith("统计周期：2026-")
    assert lines[2].startswith("序号,工单编号,主单编号")
    assert lines[-2].startswith("合计,")
    assert lines[-1].startswith("注：")
    text = "\n".join(lines)
    for form in ("24:00:00", "2.02611E+15", "2026/2/30", "待定", "三叉供电所", "０"):
        assert form in text, form
    html = files["抢修/抢修_2026-04.xls"].make()
    assert html.startswith(b"<html")
    assert 'colspan="' in html.decode("gb18030")
    assert files["营业厅/抽查_2026-Q1.xlsx"].make().startswith(b"PK")


def test_the_oldest_repairs_come_as_minutes():
    files = {file.path: file for file in inbox.history(date(2026, 2, 3))}
    oldest = files["抢修/抢修_2025-07.xls"].make().decode("gb18030")
    next_one = files["抢修/抢修_2025-08.xls"].make().decode("gb18030")
    assert "到达现场时长(分钟)" in oldest
    assert "到达现场时间" not in oldest
    assert "到达现场时间" in next_one
