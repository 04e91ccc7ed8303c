"""Files and days that look wrong are flagged with their numbers; a person closes a flag, later data clear it."""

import json
from datetime import UTC, date, datetime, timedelta

import pytest
import sqlalchemy as sa

from checks.clock import load_calendar
from checks.periods import parse_period
from collectors.base import CollectorError
from collectors.mapping import SourceConfig
from dashboard.actions.flags import close_flag, reopen_flag
from dashboard.database.models import AUDIT, BATCHES, DAY_COUNTS
from dashboard.errors import DatabaseUnusableError, NotAllowedError, UsageError
from dashboard.flag_words import sentence
from dashboard.intake import import_file
from dashboard.intake.watching import watch
from dashboard.people import Viewer, system_viewer
from dashboard.queries.flags import batch_controls, flag_story, flags, open_flags

KEEPER = Viewer("秦怀瑾", "evaluator", frozenset({"*"}))
NOW = datetime(2026, 10, 31, 4, tzinfo=UTC)
HEAD = "工单编号,供电单位,受理时间,业务类型"


class Desk:
    """Imports made from lists of days, and what is flagged after them."""

    def __init__(self, db, folder):
        self.db, self.folder, self.number = db, folder, 0
        self.take("code,name,level\nS1,城关,station\nS2,东关,station\n", "offices")

    def take(self, text, record="tickets", name=None, **config):
        self.number += 1
        path = self.folder / (name or f"{self.number}.csv")
        path.write_text(text, encoding="utf-8")
        made = SourceConfig(name="hotline", record=record, **config)
        return import_file(self.db, by=system_viewer(), path=path, config=made, now=NOW, name=path.name)

    def days(self, counts, office="城关", prefix="A"):
        """counts: day → how many tickets."""
        rows = [f"{prefix}{day:%Y%m%d}{n:04},{office},{day} {8 + n % 10:02}:00:00,投诉"
                for day, count in counts.items() for n in range(count)]  # fmt: skip
        return self.take("\n".join([HEAD, *rows, ""]))

    def watch(self, **config):
        configs = [SourceConfig(name="hotline", record="tickets", **config)]
        watch(self.db, by=system_viewer(), configs=configs, calendar_of=lambda *_: load_calendar("cn"), at=NOW)
        return self.told()

    def told(self, state="open"):
        found = flags(self.db, KEEPER, state=state)
        return sorted((one.kind, one.office, one.day_from, one.day_to, one.stated, one.found) for one in found)


@pytest.fixture
def desk(database, tmp_path):
    return Desk(database, tmp_path)


@pytest.fixture
def small(sqlite_database, tmp_path):
    """The same where the kind of database cannot matter."""
    return Desk(sqlite_database, tmp_path)


def every_day(first, last, count):
    days = (last - first).days + 1
    return {first + timedelta(days=n): count for n in range(days)}


# --- files -----------------------------------------------------------------------------------------------------------


def test_a_gap_between_the_total_and_the_rows_is_kept_with_the_batch_and_flagged(desk):
    (report,) = desk.take(
        f'"明细 共 1,234 条",,,\n{HEAD},催办次数\nA1,城关,2026-09-01,投诉,2\nA2,城关,2026-09-02,投诉,1\n合计,,,,5\n'
    )
    assert report.read == report.new == 2
    assert desk.told() == [
        ("count_differs", None, "2026-09-01", "2026-09-02", "1234", "2"),
        ("total_differs", None, "2026-09-01", "2026-09-02", "5", "3"),
    ]
    kept = batch_controls(desk.db, KEEPER, report.batch_id)
    assert [(one["column"], one["stated"], one["found"], one["gap"], one["state"]) for one in kept] == [
        (None, "1234", "2", "1232", "differs"),
        ("催办次数", "5", "3", "2", "differs"),
    ]
    assert batch_controls(desk.db, Viewer("许立", "office_head", frozenset({"S1"})), report.batch_id) == ()


def test_the_same_file_again_raises_nothing_new(small):
    text = f"共 3 条,,,\n{HEAD}\nA1,城关,2026-09-01,投诉\n"
    small.take(text, name="a.csv")
    small.take(text, name="b.csv")
    assert len(small.told()) == 1


def test_a_count_of_the_whole_workbook_is_no_gap(small, tmp_path):
    import openpyxl

    book = openpyxl.Workbook()
    for sheet, number in ((book.active, "A1"), (book.create_sheet("二"), "A2")):
        for row in (["全部 共 2 条"], HEAD.split(","), [number, "城关", "2026-09-01 08:00:00", "投诉"]):
            sheet.append(row)
    book.save(tmp_path / "x.xlsx")
    config = SourceConfig(name="hotline", record="tickets")
    import_file(small.db, by=system_viewer(), path=tmp_path / "x.xlsx", config=config, now=NOW)
    assert small.told() == []


@pytest.mark.parametrize(("rows", "flagged"), [(999, []), (1000, ["round_count"]), (1001, [])])
def test_a_round_number_of_rows_is_a_hint(small, rows, flagged):
    small.days({date(2026, 9, 1): rows})
    assert [one[0] for one in small.told()] == flagged


def test_a_round_number_that_the_file_states_itself_is_none(small):
    lines = "".join(f"A{n},城关,2026-09-01,投诉\n" for n in range(1000))
    small.take(f"共1000条,,,\n{HEAD}\n{lines}")
    assert small.told() == []


@pytest.mark.parametrize(
    ("rows", "flagged"), [(65_534, []), (65_535, ["row_limit"]), (65_536, ["row_limit"]), (65_537, [])]
)
def test_a_sheet_that_ends_at_the_limit_of_xls_is_cut_off(small, rows, flagged):
    lines = "".join(f"A{n},城关,2026-09-01,投诉\n" for n in range(rows))
    small.take(f"{HEAD}\n{lines}")
    assert [one[0] for one in small.told()] == flagged


def test_a_header_without_rows_is_an_empty_file_unless_it_says_so(small):
    with pytest.raises(CollectorError, match="has a header and no row"):
        small.take(f"{HEAD}\n")
    with small.db.reading() as connection:
        states = connection.execute(sa.select(BATCHES.c.state).order_by(BATCHES.c.id)).scalars().all()
    assert states == ["done", "failed"]
    for text in (f"共 0 条,,,\n{HEAD}\n", f"{HEAD}\n合计,0,,\n"):
        (report,) = small.take(text)
        assert (report.read, report.flags) == (0, [])


def test_what_a_flag_says_has_its_numbers():
    detail = {"label": "合计", "column": None, "gap": "34"}
    said = sentence("count_differs", "1234", "1200", detail, "2026-09-01", language="zh")
    assert said == "“合计”写明 1,234 行，读到 1,200 行：缺 34 行。"
    said = sentence("volume_low", "80", "3", {"low": 44.2, "high": 115.8}, "2026-09-01", language="en")
    assert said == "3 records on 2026-09-01; usual are about 80, 44 to 116 are within reason."


# --- days ------------------------------------------------------------------------------------------------------------


def test_days_are_counted_as_records_come_move_and_change(desk):
    desk.days({date(2026, 9, 1): 3, date(2026, 9, 2): 1})
    desk.watch()
    desk.take(f"{HEAD}\nA202609010000,东关,2026-09-05 08:00:00,投诉\nA202609010001,城关,2026-09-01 09:30:00,投诉\n")
    desk.watch()
    counts = DAY_COUNTS.c
    found = desk.db.frame(sa.select(counts.office_code, counts.day, counts.n).where(counts.n != 0)).rows()
    assert sorted(found) == [("S1", "2026-09-01", 2), ("S1", "2026-09-02", 1), ("S2", "2026-09-05", 1)]


def test_the_day_of_a_foreign_source_is_its_own(small):
    """Late evening in New York is the next day in Shanghai."""
    small.take(f"{HEAD}\nA1,城关,2026-09-01 22:00:00,投诉\n", timezone="America/New_York")
    small.watch(timezone="America/New_York")
    assert small.db.frame(sa.select(DAY_COUNTS.c.day))["day"].to_list() == ["2026-09-01"]


def test_missing_days_are_named_and_cleared_once_they_come(desk):
    usual = every_day(date(2026, 7, 1), date(2026, 9, 10), 20)
    gap = [date(2026, 8, 18), date(2026, 8, 19)]
    desk.days({day: n for day, n in usual.items() if day not in gap})
    told = desk.watch()
    assert told == [("missing_days", None, "2026-08-18", "2026-08-19", "40", "0")]
    (flag,) = open_flags(desk.db, KEEPER)
    assert flag.detail["days"] == ["2026-08-18", "2026-08-19"]
    desk.days({gap[0]: 20}, prefix="B")
    assert desk.watch() == [("missing_days", None, "2026-08-19", "2026-08-19", "20", "0")]
    assert [event.action for event in flag_story(desk.db, KEEPER, flag.id)] == ["cleared"]
    desk.days({gap[1]: 20}, prefix="B")
    assert desk.watch() == []
    assert len(desk.told("cleared")) == 2


def test_a_day_that_an_office_alone_is_missing_is_named_with_the_office(small):
    usual = every_day(date(2026, 7, 1), date(2026, 9, 10), 20)
    small.days(usual)
    small.days({day: n for day, n in usual.items() if day != date(2026, 8, 19)}, office="东关", prefix="E")
    small.watch()
    assert ("missing_days", "S2", "2026-08-19", "2026-08-19", "20", "0") in small.told()
    assert [one.office for one in open_flags(small.db, Viewer("许立", "office_head", frozenset({"S1"})))] == []
    assert {one.office for one in open_flags(small.db, KEEPER, period=parse_period("2026-08"))} == {"S2"}
    assert open_flags(small.db, KEEPER, period=parse_period("2026-07")) == []


def test_a_day_far_from_its_weekdays_usual_is_flagged_for_the_source_and_not_again_for_its_office(desk):
    usual = every_day(date(2026, 7, 1), date(2026, 9, 10), 40)
    desk.days({**usual, date(2026, 8, 19): 5, date(2026, 8, 26): 140})
    assert desk.watch() == [
        ("volume_high", None, "2026-08-26", "2026-08-26", "40", "140"),
        ("volume_low", None, "2026-08-19", "2026-08-19", "40", "5"),
    ]
    desk.days({date(2026, 8, 19): 38}, prefix="B")  # the rest of that day comes late
    assert desk.watch() == [("volume_high", None, "2026-08-26", "2026-08-26", "40", "140")]


def test_the_newest_day_is_called_low_only_once_a_later_one_has_come(small):
    usual = every_day(date(2026, 7, 1), date(2026, 9, 9), 40)
    small.days({**usual, date(2026, 9, 10): 2})
    assert small.watch() == []
    small.days({date(2026, 9, 11): 40})
    assert small.watch() == [("volume_low", None, "2026-09-10", "2026-09-10", "40", "2")]


def test_a_misdated_record_makes_no_gap(small):
    usual = every_day(date(2026, 7, 1), date(2026, 9, 10), 20)
    small.days({date(2019, 1, 1): 1, **usual, date(2062, 1, 1): 1})
    assert small.watch() == []


def test_missing_months_of_a_measure_are_named(desk):
    head = "指标名称,供电单位,月份,分子,分母"
    rows = [f"电费回收率,城关,2026-{month:02},9,10" for month in (1, 2, 3, 5, 6, 7)]
    desk.take("\n".join([head, *rows, ""]), "measures")
    assert desk.watch() == [("missing_months", None, "2026-04", "2026-04", None, None)]
    assert [one.series for one in open_flags(desk.db, KEEPER, period=parse_period("2026-Q2"))] == ["fee_collection"]
    assert open_flags(desk.db, KEEPER, period=parse_period("2026-Q1")) == []
    desk.take(f"{head}\n电费回收率,城关,2026-04,9,10\n", "measures")
    assert desk.watch() == []


# --- what people say of them -----------------------------------------------------------------------------------------


def test_a_flag_is_closed_with_a_reason_and_may_be_opened_again(desk):
    desk.take(f"共 3 条,,,\n{HEAD}\nA1,城关,2026-09-01,投诉\n")
    (flag,) = open_flags(desk.db, KEEPER)
    with pytest.raises(UsageError, match="without a reason"):
        close_flag(desk.db, by=KEEPER, flag_id=flag.id, why=" ", at=NOW)
    close_flag(desk.db, by=KEEPER, flag_id=flag.id, why="系统多计两条测试单", at=NOW)
    assert open_flags(desk.db, KEEPER) == []
    with pytest.raises(UsageError, match="closed already"):
        close_flag(desk.db, by=KEEPER, flag_id=flag.id, why="再说一次", at=NOW)
    reopen_flag(desk.db, by=KEEPER, flag_id=flag.id, why="来源更正", at=NOW)
    assert [one.id for one in open_flags(desk.db, KEEPER)] == [flag.id]
    with pytest.raises(UsageError, match="is open"):
        reopen_flag(desk.db, by=KEEPER, flag_id=flag.id, why="来源更正", at=NOW)
    assert [(one.action, one.why) for one in flag_story(desk.db, KEEPER, flag.id)] == [
        ("closed", "系统多计两条测试单"),
        ("reopened", "来源更正"),
    ]
    with desk.db.reading() as connection:
        trail = connection.execute(sa.select(AUDIT.c.action, AUDIT.c.actor).order_by(AUDIT.c.id)).all()
    assert [tuple(row) for row in trail][-2:] == [("flag_closed", "秦怀瑾"), ("flag_reopened", "秦怀瑾")]


def test_only_who_keeps_the_data_closes_a_flag_and_only_one_that_there_is(small):
    small.take(f"共 3 条,,,\n{HEAD}\nA1,城关,2026-09-01,投诉\n")
    for by in (Viewer("沈岚", "inspector", frozenset({"*"})), system_viewer()):
        with pytest.raises(NotAllowedError):
            close_flag(small.db, by=by, flag_id=1, why="不是问题", at=NOW)
    with pytest.raises(UsageError, match="no flag 99"):
        close_flag(small.db, by=KEEPER, flag_id=99, why="不是问题", at=NOW)


def test_a_closed_day_is_not_raised_again_and_flags_cannot_be_rewritten(desk):
    usual = every_day(date(2026, 7, 1), date(2026, 9, 10), 40)
    desk.days({**usual, date(2026, 8, 19): 5})
    desk.watch()
    (flag,) = open_flags(desk.db, KEEPER)
    close_flag(desk.db, by=KEEPER, flag_id=flag.id, why="台风停电，系统停机", at=NOW)
    desk.days({date(2026, 8, 19): 1}, prefix="B")
    assert desk.watch() == []
    assert [one[0] for one in desk.told("closed")] == ["volume_low"]
    with pytest.raises((DatabaseUnusableError, sa.exc.DBAPIError)), desk.db.session() as connection:
        connection.execute(sa.text("UPDATE batch_flags SET kind = 'x'"))


def test_the_command_lists_and_closes_flags(tmp_path, capsys, monkeypatch):
    from dashboard.cli import main

    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MINGCHA_DATABASE_URL", raising=False)

    def run(*arguments):
        with pytest.raises(SystemExit) as ended:
            main(list(arguments))
        assert ended.value.code == 0
        return capsys.readouterr()

    run("init")
    (tmp_path / "mingcha.toml").write_text('[people]\n"秦怀瑾" = { role = "evaluator", offices = ["*"] }\n', "utf-8")
    (tmp_path / "o.csv").write_text("code,name,level\nS1,城关,station\n", "utf-8")
    (tmp_path / "t.csv").write_text(f"共 3 条,,,\n{HEAD}\nA1,城关,2026-09-01,投诉\n", "utf-8")
    run("import", "offices", "o.csv")
    assert "t.csv: “共 3 条” states 3 rows, 1 were read: 2 are missing." in run("import", "tickets", "t.csv").err
    (tmp_path / "r.csv").write_text(f"{HEAD}\n" + "".join(f"R{n},城关,2026-09-01,投诉\n" for n in range(1000)), "utf-8")
    assert "r.csv: Exactly 1,000 rows" in run("import", "tickets", "r.csv").err
    assert "“共 3 条” rows: stated 3, read 1: differs" in run("batch", "2").err
    done = run("flags", "--close", "1", "--why", "已核对", "--as", "秦怀瑾", "--format", "json")
    (row,) = json.loads(done.out)["rows"]
    told = (row["number"], row["state"], row["reason"], row["stated"], row["found"])
    assert told == (1, "closed", "count_differs", "3", "1")
    rows = json.loads(run("flags", "--format", "json", "--period", "2026-Q3").out)["rows"]
    assert [(row["reason"], row["state"], row["stated"], row["found"]) for row in rows] == [
        ("round_count", "open", None, "1000")]  # fmt: skip
