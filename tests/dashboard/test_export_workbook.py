"""The quarter's workbook: a small company worked by hand, the demo company against the league, and who sees what."""

import csv
import io
import json
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import openpyxl
import pytest
import sqlalchemy as sa

from checks.errors import PeriodError
from collectors.mapping import SourceConfig
from dashboard.actions import export
from dashboard.actions.export import export_quarter
from dashboard.bootstrap import Application
from dashboard.database.models import AUDIT, RECORD_TABLES
from dashboard.demo import company
from dashboard.exports.annexes import KIND_NAMES, QUARANTINE, RECORD_NAMES
from dashboard.exports.definitions import DEFINITIONS
from dashboard.exports.heading import LEVEL_NAMES
from dashboard.exports.standings import TYPE_NAMES
from dashboard.exports.workbook import quarter_workbook
from dashboard.intake import import_file
from dashboard.judging.rules import rules_of
from dashboard.people import Viewer, system_viewer
from dashboard.queries.league import league
from dashboard.queries.quarter import Frozen, compared, parse_period
from dashboard.settings import CompanySettings, Settings, VideoSettings
from dashboard.texts import catalogue, set_language

SHEETS = [
    "01 总览排名",
    "02 工单",
    "03 抢修",
    "04 营业厅监控",
    "05 业扩与三指定",
    "06 其他指标",
    "07 问题台账",
    "08 口径与数据",
]
AS_OF = datetime(2026, 10, 11, tzinfo=UTC)
HAND = {
    "offices": [
        ("code", "name", "parent_code", "level", "area", "customers"),
        ("C", "丙公司", "", "company", "", ""),
        ("K1", "甲县公司", "C", "county", "", ""),
        ("S1", "甲所", "K1", "station", "urban", "20000"),
        ("S2", "=乙所", "K1", "station", "rural", "10000"),
        ("H1", "甲厅", "S1", "hall", "", ""),
    ],
    "repairs": [
        ("repair_no", "office_code", "accepted_at", "arrived_at", "restored_at", "simulated"),
        ("R1", "S1", "2026-07-01 08:00:00", "2026-07-01 08:30:00", "2026-07-01 09:30:00", ""),  # 30 min, 60 min
        ("R2", "S1", "2026-07-02 08:00:00", "2026-07-02 08:50:00", "2026-07-02 10:50:00", ""),  # 50: promise late
        ("R3", "S1", "2026-07-03 08:00:00", "2026-07-03 09:40:00", "2026-07-03 10:40:00", ""),  # 100: law late too
        ("R4", "S2", "2026-08-01 08:00:00", "2026-08-01 09:00:00", "2026-08-01 09:30:00", ""),  # 60 of 90 rural
        ("R5", "S1", "2026-08-02 08:00:00", "2026-08-02 08:10:00", "2026-08-02 09:10:00", "yes"),  # excluded
        ("R6", "S1", "2026-08-03 08:00:00", "2026-08-03 07:00:00", "2026-08-03 09:10:00", ""),  # before acceptance
        ("R7", "S1", "2026-06-30 23:59:59", "2026-07-01 00:10:00", "2026-07-01 01:00:00", ""),  # the quarter before
    ],
    "tickets": [
        ("ticket_no", "type", "office_code", "accepted_at", "contacted_at", "replied_at", "substantiated", "category_3",
         "calls", "satisfaction"),
        ("T1", "complaint", "S1", "2026-07-06 09:00:00", "2026-07-06 10:00:00", "2026-07-08 10:00:00", "yes",
         "抢修超时限", "3", "satisfied"),
        ("T2", "complaint", "S1", "2026-07-06 09:00:00", "2026-07-08 10:00:00", "2026-07-20 10:00:00", "no",
         "抄表", "1", "dissatisfied"),
        ("T3", "enquiry", "S2", "2026-07-06 09:00:00", "", "2026-07-07 10:00:00", "", "", "", "satisfied"),
        ("T4", "praise", "S2", "2026-07-06 09:00:00", "", "", "", "", "", ""),
    ],
    "inspections": [
        ("inspection_no", "kind", "hall_code", "at", "item_code", "result", "note"),
        ("I1", "video", "H1", "2026-07-10 12:30:00", "R02", "violation", "=1+1"),
        ("I2", "video", "H1", "2026-07-15 12:40:00", "R02", "violation", ""),
        ("I3", "on_site", "H1", "2026-07-15 12:40:00", "A02", "ok", ""),
    ],
    "samples": [
        ("sample_id", "hall_code", "camera_code", "date", "slot", "planned_at", "captured_at", "outcome", "cause"),
        ("P1", "H1", "V1", "2026-07-10", "3", "2026-07-10 12:30:00", "2026-07-10 12:31:00", "captured", ""),
        ("P2", "H1", "V1", "2026-07-10", "4", "2026-07-10 14:40:00", "2026-07-10 14:41:00", "not_checkable", "black"),
        ("P3", "H1", "V1", "2026-07-10", "5", "2026-07-10 16:50:00", "", "missed", "recording_missing"),
    ],
}  # fmt: skip


@pytest.fixture(autouse=True)
def in_chinese():
    set_language("zh")
    yield
    set_language("zh")


@pytest.fixture
def small(database, tmp_path):
    """The company worked by hand, on both databases."""
    settings = Settings(home=tmp_path, company=CompanySettings(name="丙公司"))
    app = Application(settings, database, system_viewer(), now=lambda: AS_OF)
    for record, rows in HAND.items():
        path = tmp_path / f"{record}.csv"
        with path.open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows(rows)
        import_file(app.db, by=app.viewer, path=path, config=SourceConfig(record=record), now=AS_OF,
                    slots=VideoSettings().slot_table)  # fmt: skip
    return app


def book(content):
    return openpyxl.load_workbook(io.BytesIO(content))


def table(sheet):
    """Rows of a sheet as dictionaries by heading; grouped headings as `group/heading`."""
    rows = list(sheet.iter_rows(values_only=True))
    start = next(number for number, row in enumerate(rows) if row[0] in ("序号", "检查日期", "指标代码", "代码"))
    top, second = rows[start], rows[start + 1]
    two = any(second) and all(a is None or b is None or a != b for a, b in zip(top, second, strict=True))
    two = two and second[0] is None
    names, group = [], ""
    for above, below in zip(top, second if two else [None] * len(top), strict=True):
        group = above if above is not None else group
        names.append(f"{group}/{below}" if below is not None else above)
    found = []
    for row in rows[start + (2 if two else 1) :]:
        if row[0] is None:
            break
        found.append(dict(zip(names, row, strict=True)))
    return found


def by_office(sheet):
    return {row["单位"]: row for row in table(sheet)}


def texts(sheet):
    return [str(value) for row in sheet.iter_rows(values_only=True) for value in row if value is not None]


# --- worked by hand ---------------------------------------------------------------------------------------------------


def test_repairs_are_counted_as_worked_by_hand(small):
    rows = by_office(book(quarter_workbook(small, small.viewer, "2026-Q3"))["03 抢修"])
    first = rows["甲所"]
    assert first["抢修工单数(件)"] == 4  # R1, R2, R3, R6; R5 is simulated, R7 belongs to June
    assert first["平均到达现场时长(分钟)"] == 60  # (30 + 50 + 100) ÷ 3
    assert first["平均修复时长(分钟)"] == 80  # (60 + 120 + 60) ÷ 3
    assert first["到岗及时率/承诺"] == pytest.approx(1 / 3, abs=1e-6)
    assert first["到岗及时率/法规"] == pytest.approx(2 / 3, abs=1e-6)
    assert first["到岗及时率/内控"] == "—"
    assert first["移动APP接单率"] == "—"
    assert (first["到岗可判(件)"], first["到岗超时(件)"]) == (3, 2)
    assert (first["剔除"], first["无法判定"], first["待定"]) == (1, 2, 0)  # R6 in R1 and R2
    assert rows["=乙所"]["到岗及时率/承诺"] == 1
    county = rows["甲县公司"]
    assert county["抢修工单数(件)"] == 5
    assert county["平均到达现场时长(分钟)"] == 60  # (30 + 50 + 100 + 60) ÷ 4
    assert county["到岗及时率/承诺"] == 0.5
    assert county["到岗及时率/法规"] == 0.75


def test_tickets_are_counted_as_worked_by_hand(small):
    rows = by_office(book(quarter_workbook(small, small.viewer, "2026-Q3"))["02 工单"])
    first = rows["甲所"]
    assert (first["工单总数(件)"], first["其中/投诉"], first["其中/业务咨询"]) == (2, 2, 0)
    assert (first["考核投诉/营销"], first["考核投诉/生产"]) == (1, 1)
    assert first["属实投诉"] == 1
    assert first["处理不及时"] == 1  # T2, late in T1 and in T2, once
    assert first["处理不规范"] == "—"
    assert first["三次致电"] == 1
    assert first["T1 投诉联系及时率/本期"] == 0.5
    assert first["T4 万户属实投诉数/本期"] == 0.5  # 1 × 10,000 ÷ 20,000
    second = rows["=乙所"]
    assert (second["工单总数(件)"], second["其中/业务咨询"], second["其中/表扬"]) == (2, 1, 1)
    assert second["三次致电"] == "—"  # nobody says how often they called
    assert rows["甲县公司"]["T4 万户属实投诉数/本期"] == pytest.approx(1 / 3, abs=1e-6)


def test_halls_are_counted_as_worked_by_hand(small):
    rows = by_office(book(quarter_workbook(small, small.viewer, "2026-Q3"))["04 营业厅监控"])
    assert set(rows) == {"丙公司", "甲县公司", "甲所", "甲厅"}  # the second station has no hall
    for name in rows:
        row = rows[name]
        assert (row["营业厅数量"], row["可监控"], row["本期巡查"]) == (1, 1, 1)
        assert (row["抽查/应查"], row["抽查/实查"], row["抽查/可判"]) == (3, 2, 1)
        assert row["不规范行为(处)"] == 2
        assert row["扣分"] == 5 + 10  # the second within 30 days counts double
        assert row["得分"] == 85
        assert row["H2 抽查完成率/本期"] == pytest.approx(2 / 3, abs=1e-6)
        assert row["H3 可监控率/本期"] == 0.5


def test_the_ledger_lists_confirmed_violations_and_nothing_else(small):
    rows = table(book(quarter_workbook(small, small.viewer, "2026-Q3"))["07 问题台账"])
    assert [(row["检查日期"], row["时段"], row["营业厅"], row["扣分"], row["等级"]) for row in rows] == [
        ("2026-07-10 12:30:00", "S3", "甲厅", 5, "B"),
        ("2026-07-15 12:40:00", "S3", "甲厅", 10, "B"),
    ]
    assert "加倍" in rows[1]["依据"]
    assert {row["责任人(脱敏)"] for row in rows} == {"—"}


def test_what_was_not_counted_is_listed_with_its_reason(small):
    found = texts(book(quarter_workbook(small, small.viewer, "2026-Q3"))["08 口径与数据"])
    start = found.index("未计入清单：剔除或无法判定（3）")
    listed = [found[place : place + 6] for place in range(start + 7, start + 7 + 18, 6)]
    assert listed == [
        ["抢修", "R5", "甲所", "2026-08-02", "全部", "模拟或测试记录。"],
        ["抢修", "R6", "甲所", "2026-08-03", "R2", "该环节的开始早于受理时间。"],
        ["抢修", "R6", "甲所", "2026-08-03", "R1", "该环节的结束早于开始。"],
    ]


def test_no_name_and_no_note_becomes_a_formula(small):
    content = book(quarter_workbook(small, small.viewer, "2026-Q3"))
    cells = [cell for sheet in content for row in sheet.iter_rows() for cell in row]
    assert {cell.data_type for cell in cells} <= {"s", "n"}
    risky = [cell for cell in cells if isinstance(cell.value, str) and cell.value.startswith(("=", "+", "@", "-"))]
    assert {cell.value for cell in risky} == {"=乙所"}
    assert all(cell.quotePrefix for cell in risky)


def test_the_workbook_of_an_earlier_moment_knows_less(small):
    """On 3 July, 08:50, nobody has arrived at the third repair: late by the promise, pending by the law."""
    moment = datetime(2026, 7, 3, 0, 50, tzinfo=UTC)  # 08:50 in Shanghai
    row = by_office(book(quarter_workbook(small, small.viewer, "2026-Q3", moment))["03 抢修"])["甲所"]
    assert row["抢修工单数(件)"] == 3
    assert row["到岗及时率/承诺"] == pytest.approx(1 / 3, abs=1e-6)
    assert row["到岗及时率/法规"] == 1  # of the two that can be told
    assert row["平均到达现场时长(分钟)"] == 40


def test_a_period_without_any_record_is_all_dashes(small):
    content = book(quarter_workbook(small, small.viewer, "2025-Q1"))
    row = by_office(content["03 抢修"])["甲所"]
    assert row["抢修工单数(件)"] == 0
    assert row["平均到达现场时长(分钟)"] == "—"
    assert row["到岗及时率/法规"] == "—"
    assert by_office(content["01 总览排名"])["甲所"]["排名"] == "—"


# --- the demo company against the league ------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def demo_book(demo_application):
    set_language("zh")
    app = demo_application
    return book(quarter_workbook(app, app.viewer, "2026-Q3"))


def rows_of_league(app, level, period="2026-Q3"):
    return league(app.db, app.viewer, rules_of(app.settings), period=period, level=level, now=app.now())["rows"]


def test_every_sheet_says_what_it_is(demo_book):
    assert demo_book.sheetnames == SHEETS
    for sheet in demo_book:
        found = texts(sheet)
        assert "2026-Q3" in found[0]
        assert "演示数据：虚构的供电公司。" in found
        facts = "".join(found[:6])
        for word in ("统计周期：2026-Q3 (2026-07-01 – 2026-09-30)", "数据截至：2026-11-20 14:20:00", "promise-2022",
                     "人员身份仅凭申报，未经核验"):  # fmt: skip
            assert word in facts
        assert any(text.startswith("注：统计周期2026-Q3") and "数据取自" in text for text in found)
        assert sheet.freeze_panes is not None
        assert sheet.page_setup.orientation == "landscape"


def test_the_overview_is_the_league(demo_book, demo_application):
    rows = by_office(demo_book["01 总览排名"])
    for level in ("company", "county", "station"):
        then = {row["office"]: row for row in rows_of_league(demo_application, level, "2026-Q2")}
        for expected in rows_of_league(demo_application, level):
            row = rows[expected["name"]]
            assert row["综合得分"] == expected["score"]
            assert row["排名"] == (expected["rank"] or "—")
            low, high = expected["rank_low"], expected["rank_high"]
            assert row["排名区间（95%）"] == (f"{low}–{high}" if expected["rank"] else "—")
            assert row["等级"] == (expected["grade"] or "—")
            assert row["红线"] == expected["red_line"]
            assert row["样本量(n)"] == expected["n"]
            assert row["缺项"].split() == (expected["missing"] or ["无"])
            before = then[expected["office"]]["rank"]
            assert row["上期排名"] == (before or "—")
            if before and expected["rank"]:
                assert row["变化"] == before - expected["rank"]
            difference = next(value for name, value in row.items() if name.startswith("环比") and "差" in name)
            assert difference == pytest.approx(expected["score"] - then[expected["office"]]["score"], abs=0.005)
            year, change = (value for name, value in row.items() if name.startswith("同比"))
            if level == "station":  # of last year only the stations' finished scores are left
                assert change == pytest.approx(expected["score"] - year)
            else:
                assert (year, change) == ("—", "—")
    assert len(rows) == 1 + 6 + 60


def test_sums_of_the_stations_are_the_counties(demo_book, demo_application):
    """Counts add up the tree; the counties' own rows are read from the same sheet."""
    stations = {station.name: station.county.name for station in company.stations()}
    sums = {
        "02 工单": ("工单总数(件)", "其中/投诉", "其中/故障报修", "处理不及时", "属实投诉", "剔除"),
        "03 抢修": ("抢修工单数(件)", "到岗可判(件)", "到岗超时(件)", "剔除", "无法判定"),
    }
    for name, columns in sums.items():
        rows = by_office(demo_book[name])
        for column in columns:
            totals = dict.fromkeys((county.name for county in company.COUNTIES), 0)
            for station, county in stations.items():
                totals[county] += rows[station][column]
            assert totals == {county: rows[county][column] for county in totals}, column
            assert sum(totals.values()) == rows["青岚市供电公司"][column]


def test_rates_are_those_of_the_league_and_volumes_those_of_the_database(demo_book, demo_application):
    tickets, repairs, halls = (by_office(demo_book[name]) for name in SHEETS[1:4])
    for expected in rows_of_league(demo_application, "station"):
        figures, name = expected["indicators"], expected["name"]
        for code, row in [(code, tickets[name]) for code in ("T1", "T2", "T3", "T4", "T5")] + [
            (code, repairs[name]) for code in ("R1", "R2", "R3", "R4", "R5")
        ]:
            value = next(cell for heading, cell in row.items() if heading.startswith(f"{code} ") and "本期" in heading)
            assert value == (figures[code]["value"] if figures[code]["value"] is not None else "—")
        if name in halls:
            assert halls[name]["抽查/应查"] == figures["H2"]["denominator"]
            assert halls[name]["抽查/实查"] == figures["H2"]["numerator"]
    table = RECORD_TABLES["repairs"].c
    code = company.station_at("城东").code
    query = sa.select(sa.func.count()).where(
        table.office_code == code, table.simulated.is_(False), table.parent_repair_no.is_(None),
        table.accepted_at >= 1_782_835_200_000_000, table.accepted_at < 1_790_784_000_000_000,  # July to September
    )  # fmt: skip
    with demo_application.db.reading() as connection:
        plain = connection.execute(query).scalar()
    row = repairs["城东供电所"]
    assert row["抢修工单数(件)"] <= plain <= row["抢修工单数(件)"] + row["剔除"]


def test_the_same_moment_gives_the_same_bytes_and_english_is_another_language(demo_application):
    app = demo_application
    moment = datetime(2026, 10, 11, tzinfo=UTC)
    first = quarter_workbook(app, app.viewer, "2026-Q3", moment)
    assert quarter_workbook(app, app.viewer, "2026-Q3", moment) == first
    set_language("en")
    english = book(quarter_workbook(app, app.viewer, "2026-Q3", moment))
    assert english.sheetnames[0] == "01 Overview and ranks"
    assert "Demo data: a made-up company." in texts(english["08 Definitions and data"])


def test_a_regional_manager_gets_only_the_own_offices(demo_application):
    """Rows, ledger and the list of what was not counted: nothing of another county, and the ranks of all."""
    app = demo_application
    county = company.COUNTIES[4]
    viewer = Viewer("江若水", "regional_manager", frozenset({county.code}))
    mine = book(quarter_workbook(app, viewer, "2026-Q3"))
    own = {county.name} | {station.name for station in company.stations() if station.county == county}
    rows = by_office(mine["01 总览排名"])
    assert set(rows) == own
    everyone = by_office(book(quarter_workbook(app, app.viewer, "2026-Q3"))["01 总览排名"])
    assert {name: row["排名"] for name, row in rows.items()} == {name: everyone[name]["排名"] for name in own}
    others = [station.name for station in company.stations() if station.county != county]
    assert not set(others) & {text for sheet in mine for text in texts(sheet)}
    assert "江若水" in "".join(texts(mine["01 总览排名"])[:5])


# --- periods, command, texts ------------------------------------------------------------------------------------------


def test_a_running_period_is_compared_with_as_many_days():
    moment = datetime(2026, 11, 22, 4, tzinfo=UTC)  # the 53rd day of the quarter
    before, year_before = compared(parse_period("2026-Q4"), moment)
    assert (before.name, year_before.name) == ("2026-07-01..2026-08-22", "2025-10-01..2025-11-22")
    whole, last_year = compared(parse_period("2026-Q3"), moment)
    assert (whole.name, last_year.name) == ("2026-Q2", "2025-Q3")
    month, _ = compared(parse_period("2026-03"), moment)
    assert month.name == "2026-02"
    days, _ = compared(parse_period("2026-09-01..2026-09-15"), moment)
    assert days.name == "2026-08-17..2026-08-31"


def test_an_unknown_period_is_refused(demo_application):
    with pytest.raises(PeriodError, match="2026-Q5"):
        quarter_workbook(demo_application, demo_application.viewer, "2026-Q5")


def run_export(app, tmp_path, *arguments):
    (tmp_path / "mingcha.toml").write_text(
        f'[database]\nurl = "{app.db.url.render_as_string(hide_password=False)}"\n'
        '[company]\ndemo = true\n[people]\n"秦怀瑾" = { role = "evaluator", offices = ["*"] }\n',
        encoding="utf-8",
    )
    return subprocess.run(
        [sys.executable, "-m", "dashboard.cli", "export", *arguments],
        cwd=tmp_path, capture_output=True, text=True, check=False, env={"PYTHONPATH": str(Path(__file__).parents[2])},
    )  # fmt: skip


def test_the_command_writes_the_file_and_says_its_digest(small, tmp_path):
    import hashlib

    done = run_export(
        small, tmp_path, "2026-Q3", "--to", "out", "--as", "秦怀瑾", "--as-of", "2026-10-11", "--format", "json"
    )
    assert done.returncode == 0, done.stderr
    files = json.loads(done.stdout)["files"]
    assert [file["path"] for file in files] == ["out/mingcha-2026-Q3.xlsx"]
    content = (tmp_path / "out/mingcha-2026-Q3.xlsx").read_bytes()
    assert hashlib.sha256(content).hexdigest() == files[0]["sha256"]
    assert list((tmp_path / "out").iterdir()) == [tmp_path / "out/mingcha-2026-Q3.xlsx"]
    with small.db.reading() as connection:
        row = connection.execute(sa.select(AUDIT).where(AUDIT.c.action == "export")).one()
    assert (row.actor, row.subject) == ("秦怀瑾", "2026-Q3")
    assert files[0]["sha256"] in row.detail


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("2026-Q5", "--to", "out"), 2, "2026-Q5"),
        (("2026-Q3", "--to", "mingcha.toml/x"), 1, "mingcha.toml/x"),
        (("2026-Q3",), 2, "--to"),
        (("2026-Q3", "--to", "out", "--as", "秦怀谨"), 2, "秦怀瑾"),
    ],
)
def test_bad_input_gets_one_clear_line(demo_application, tmp_path, arguments, code, said):
    done = run_export(demo_application, tmp_path, *arguments)
    assert done.returncode == code, done.stderr
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""
    assert not list(tmp_path.glob("out/*"))


def test_every_word_of_the_documents_exists_in_chinese():
    known = catalogue("zh")
    words = [*DEFINITIONS.values(), *KIND_NAMES.values(), *QUARANTINE.values(), *RECORD_NAMES.values(),
             *LEVEL_NAMES.values(), *TYPE_NAMES.values()]  # fmt: skip
    assert [word for word in words if word not in known] == []


def test_another_clock_changes_nothing_once_the_moment_is_given(demo_application):
    app = demo_application
    later = replace(app, now=lambda: datetime(2027, 1, 5, tzinfo=UTC))
    moment = datetime(2026, 10, 11, tzinfo=UTC)
    assert quarter_workbook(later, app.viewer, "2026-Q3", moment) == quarter_workbook(
        app, app.viewer, "2026-Q3", moment
    )


def test_a_written_file_says_by_which_snapshot_its_figures_were_read(small, tmp_path, monkeypatch):
    """Not by which one the period has a moment later: a publication in between changes nothing in the file."""
    (live,) = export_quarter(small, by=small.viewer, period="2026-Q3", folder=tmp_path / "out")
    assert live.snapshot is None
    snapshot = Frozen("d" * 64, "0.1.0", "r", "c", "张三", 0, "李四", 0, None)
    read = export.documents_facts
    monkeypatch.setattr(export, "documents_facts", lambda *asked: replace(read(*asked), frozen=snapshot))
    (frozen,) = export_quarter(small, by=small.viewer, period="2026-Q3", folder=tmp_path / "out")
    assert frozen.snapshot == snapshot.digest
    assert snapshot.digest in texts(book(frozen.path.read_bytes())["08 口径与数据"])
