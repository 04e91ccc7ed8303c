"""Usual exports of the other lines, with their Chinese headers and dirt: 业扩报装, 三指定评价表, 回访, 指标报表.

From the command line to the league; every figure below is worked by hand.
"""

import json
import os

import pytest

import dashboard.cli
from dashboard.bootstrap import open_application
from dashboard.database.migrate import migrate

OFFICES = """单位编码,单位名称,单位级别,上级单位编码
K1,南湖县供电公司,县公司,
S1,国网城关供电所,供电所,K1
S2,河西供电所,供电所,K1
"""
APPLICATIONS = """业扩报装进度明细表
统计周期：2026-07-01 至 2026-09-30
序号,申请编号,供电单位,客户名称,户号,客户类别,受理时间,供电方案答复时间,\
装表接电时间,归档时间,暂停工作日,明白卡
1,3501000000000000001,城关供电所,张三,100001,低压居民,2026-09-01 09:00:00,2026-09-02,2026-09-08 17:00:00,,,已发放
2,3501000000000000002,城关供电所,李四,100002,低压居民,2026-09-01 09:00:00,,2026-09-09 00:00:00,,,未发放
3,3501000000000000003,城关供电所,王五,100003,低压非居民,2026-09-01 09:00:00,,2026-09-11 09:00:00,,2,已发放
4,3501000000000000004,河西供电所,赵六,100004,分布式光伏,2026-08-03 09:00:00,,2026-08-20 09:00:00,,,
合计,4,,,,,,,,,,
注：数据取自营销系统
"""
FORMS = """评价表编号,业扩申请编号,供电单位,填表日期,是否指定设计单位,指定施工单位,\
指定供货单位,吃拿卡要,服务态度,意见箱,开箱人
P001,3501000000000000001,城关供电所,2026-09-10,否,不清楚,否,否,5分,Y-01,甲、乙
P002,3501000000000000004,河西供电所,2026-09-12,是,否,否,否,3,Y-02,甲、乙
"""
CALLS = """回访编号,国网工单编号,供电单位,回访时间,是否接通,满意度
H1,T1,城关供电所,2026-09-10 10:00:00,接通,满意
H2,T2,城关供电所,2026-09-10 10:05:00,接通,不满意
H3,T3,城关供电所,2026-09-10 10:09:00,未接通,
H4,T4,城关供电所,2026-09-10 10:12:00,接通,未评价
"""
MEASURES = """指标名称,供电单位,统计月份,分子,分母,计量单位
电费回收率,城关供电所,2026年9月,990,"1,000",万元
线损率,城关供电所,202609,7,100,万千瓦时
供电可靠率,城关供电所,2026-09,719,720,时户
电费回收律,城关供电所,2026-09,1,1,
来电损失率,河西供电所,2026-09,5,100,
"""
FEES = "供电单位,统计月份,应收电费,实收电费\n河西供电所,2026-09,2000,1900\n"
AS_OF = "2026-10-10T09:00:00+08:00"


def run(*arguments):
    with pytest.raises(SystemExit) as stop:
        dashboard.cli.main(list(arguments))
    return int(stop.value.code or 0)


@pytest.fixture(scope="module")
def company(tmp_path_factory):
    """A county of two stations with one export of each kind taken in; the current folder while its tests run."""
    home, before = tmp_path_factory.mktemp("exports"), os.getcwd()
    os.chdir(home)
    try:
        (home / "mingcha.toml").write_text("", "utf-8")
        migrate(open_application(environment={}, need_tables=False).db)
        files = {"offices": [OFFICES], "applications": [APPLICATIONS], "evaluations": [FORMS, CALLS],
                 "measures": [MEASURES, FEES]}  # fmt: skip
        for record, texts in files.items():
            for number, text in enumerate(texts):
                path = home / f"{record}{number}.csv"
                path.write_bytes(text.encode("gb18030"))
                assert run("import", record, str(path)) == 0
        yield home
    finally:
        os.chdir(before)


@pytest.fixture
def league(company, capsys, monkeypatch):
    """`mingcha league` of the third quarter, as rows by office code."""
    monkeypatch.chdir(company)

    def ask(level="station"):
        capsys.readouterr()
        assert run("league", "--period", "2026-Q3", "--level", level, "--as-of", AS_OF, "--format", "json") == 0
        return {row["office"]: row["indicators"] for row in json.loads(capsys.readouterr().out)["rows"]}

    return ask


def figure(indicators, code):
    return indicators[code]["numerator"], indicators[code]["denominator"]


def test_connections_are_judged_by_their_class_and_pauses(league):
    """Five working days after Tuesday 1 September 2026 end with the 8th; six and two of pause with the 11th."""
    rows = league()
    assert figure(rows["S1"], "C1") == (2, 3)
    assert figure(rows["S2"], "C1") == (0, 0)  # no limit for solar
    assert figure(league("county")["K1"], "C1") == (2, 3)


def test_forms_and_cards_count_for_every_class(league):
    rows = league()
    assert [figure(rows[office], "C2") for office in ("S1", "S2")] == [(1, 3), (1, 1)]
    assert [figure(rows[office], "C3") for office in ("S1", "S2")] == [(2, 3), (0, 0)]


def test_call_backs_that_were_reached_count_and_an_empty_answer_is_not_satisfied(league):
    assert figure(league()["S1"], "O5") == (1, 3)


def test_measures_are_known_by_their_names_and_by_their_columns(league):
    rows = league()
    assert figure(rows["S1"], "O1") == (990, 1000)
    assert figure(rows["S1"], "O2") == (7, 100)
    assert figure(rows["S2"], "O1") == (1900, 2000)
    assert figure(rows["S2"], "O4") == (5, 100)
    assert figure(league("county")["K1"], "O1") == (2890, 3000)


def test_an_unknown_measure_is_refused_with_the_nearest_one(company, capsys, monkeypatch):
    monkeypatch.chdir(company)
    capsys.readouterr()
    assert run("quarantine", "--format", "json") == 0
    (row,) = json.loads(capsys.readouterr().out)["rows"]
    assert (row["record"], row["reason"], row["column"]) == ("measures", "unknown_value", "indicator")
    assert (row["value"], row["nearest"]) == ("电费回收律", "fee_collection")


def test_a_measure_without_a_weight_is_kept(company, monkeypatch):
    monkeypatch.chdir(company)
    from dashboard.database.models import RECORD_TABLES

    table = RECORD_TABLES["measures"].c
    with open_application(environment={}).db.reading() as connection:
        stored = connection.execute(table.indicator.table.select().where(table.indicator == "supply_reliability")).all()
    assert [(row.office_code, row.period, row.numerator, row.denominator, row.unit) for row in stored] == [
        ("S1", "2026-09", "719", "720", "时户")
    ]


def test_what_a_customer_does_not_know_is_not_a_no(company, monkeypatch):
    monkeypatch.chdir(company)
    from dashboard.database.models import RECORD_TABLES

    table = RECORD_TABLES["evaluations"]
    names = ("designated_design", "designated_construction", "designated_supply", "extra_fee", "attitude", "box")
    with open_application(environment={}).db.reading() as connection:
        rows = connection.execute(table.select().order_by(table.c.evaluation_no)).mappings().all()
    told = {row["evaluation_no"]: tuple(row[name] for name in names) for row in rows}
    assert told["P001"] == (False, None, False, False, 5, "Y-01")
    assert told["P002"] == (True, False, False, False, 3, "Y-02")
    assert [row["kind"] for row in rows] == ["callback"] * 4 + ["designated_form"] * 2


def test_an_own_file_of_measures_makes_a_new_line_known(company, monkeypatch, capsys):
    monkeypatch.chdir(company)
    row = (
        '[[measures]]\ncode = "piles"\ntitle = "充电桩可用率"\ntitle_en = "Piles"\nunit = "ratio"\ndirection = "more"\n'
    )
    (company / "measures.toml").write_text(row + 'numerator = "可用"\ndenominator = "总数"\n', "utf-8")
    path = company / "own.csv"
    path.write_text("指标名称,供电单位,统计月份,分子,分母\n充电桩可用率,河西供电所,2026-09,9,10\n", "utf-8")
    capsys.readouterr()
    assert run("import", "measures", str(path), "--format", "json") == 0
    (batch,) = json.loads(capsys.readouterr().out)["batches"]
    assert (batch["new"], batch["quarantined"]) == (1, 0)
