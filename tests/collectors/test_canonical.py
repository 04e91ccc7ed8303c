"""Sheets of the shapes met in practice become canonical rows; titles, totals and footnotes are counted, not kept."""

import json
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import openpyxl
import polars as pl
import pytest

from collectors.base import CollectorError
from collectors.canonical import canonical_rows, plans
from collectors.mapping import SourceConfig
from collectors.tables import read_grids


def micros(*parts: int) -> int:
    return int(datetime(*parts, tzinfo=ZoneInfo("Asia/Shanghai")).timestamp()) * 1_000_000


class Read:
    """A file read through plan and rows."""

    def __init__(self, path: Path, record: str, **config) -> None:
        self.plans = plans(read_grids(path), SourceConfig(record=record, **config), path.name)
        chunks = [chunk for plan in self.plans for chunk in canonical_rows(plan)]
        self.frame = pl.concat([chunk.frame for chunk in chunks]) if chunks else pl.DataFrame()
        self.raw = chunks[0].raw if chunks else None
        self.skipped = self.plans[0].table.skipped
        self.stated = self.plans[0].stated_time

    def column(self, name: str) -> list:
        return self.frame[name].to_list()


def read(tmp_path, text, record="tickets", name="x.csv", encoding="utf-8", **config) -> Read:
    path = tmp_path / name
    path.write_bytes(text.encode(encoding))
    return Read(path, record, **config)


FAULT_EXPORT = (
    "工单编号,国网工单编号,所属地市,工单单位,故障地址,受理时间,故障描述,故障类型,用户编号,客户编号(回填),客户表号,用户信息,用户类型,"
    "是否敏感用户,是否超时,工单来源,抢修人员,抢修车辆,抢修班组,处理情况,转派记录,回单人员,工单状态,app状态,是否子单,主单编号,"
    "派工用时(分钟),所属线路,所属台区,到达现场时长(分钟),故障修复时长(分钟),归档时间,抢修现场记录,研判结果,故障大类,故障小类1,"
    "故障小类2,故障原因大类,故障原因小类,是否督办,现场分类,设备产权属性,致电次数,联系人,联系电话,联系地址"
)
FAULT_ROW = (
    "L001,2026090100001234,某某市,城关供电所,城关村,2026/9/1 8:05:10,没电,低压故障,3400000001,,B1,居民,低压,否,是,"
    "95598电话,张三,皖A,抢修一班,已处理,,李四,归档,完成,否,,3,"
    "东风线,1号台区,35,62,2026/9/1 12:00:00,,,低压故障,表后,开关,外力,"
    "鸟害,否,城区,供电公司,2,王五,13800000000,某街"
)


def test_the_fault_export_imports_as_repairs_without_configuration(tmp_path):
    done = read(tmp_path, f"{FAULT_EXPORT}\n{FAULT_ROW}\n", "repairs", encoding="gb18030")
    row = done.frame.row(0, named=True)
    expected = {
        "repair_no": "L001",
        "ticket_no": "2026090100001234",
        "office_code": "城关供电所",
        "team": "抢修一班",
        "area": "urban",
        "accepted_at": micros(2026, 9, 1, 8, 5, 10),
        "arrived_at": micros(2026, 9, 1, 8, 40, 10),
        "restored_at": micros(2026, 9, 1, 9, 42, 10),
        "customer_owned": False,
        "line": "东风线",
        "transformer": "1号台区",
        "customer_no": "3400000001",
        "reported_arrival_late": True,
        "fault_class": "低压故障",
        "calls": "2",
        "fault": None,
    }
    assert {name: row[name] for name in expected} == expected
    assert json.loads(row["precision"]) == ["arrived_at", "restored_at"]


def test_the_fault_export_imports_as_tickets_too(tmp_path):
    row = read(tmp_path, f"{FAULT_EXPORT}\n{FAULT_ROW}\n", "tickets").frame.row(0, named=True)
    assert (row["ticket_no"], row["type"], row["phone"]) == ("2026090100001234", "fault", "13800000000")
    assert row["finished_at"] == micros(2026, 9, 1, 9, 42, 10)


def test_the_complaint_export_imports_without_configuration(tmp_path):
    header = (
        "序号,工单编号,供电单位,受理时间,业务类型,一级分类,二级分类,三级分类,受理内容,客户编号,联系电话,派单时间,接单时间,"
        "联系客户时间,处理意见,回单时间,回访时间,是否属实,满意度,催办次数,回退次数,是否超时,归档时间"
    )
    values = (
        "1,2026090100005678,国网城关供电所,2026-09-01 08:00:00,投诉,营业投诉,抄表催费,抄表,抄错表,34001,138,"
        "2026-09-01 08:02:00,2026-09-01 08:10:00,2026-09-01 09:00:00,已处理,2026-09-03 10:00:00,"
        "2026-09-04 10:00:00,部分属实,基本满意,1,0,否,—"
    )
    row = read(tmp_path, f"{header}\n{values}\n").frame.row(0, named=True)
    expected = {
        "ticket_no": "2026090100005678",
        "type": "complaint",
        "office_code": "国网城关供电所",
        "category_1": "营业投诉",
        "category_3": "抄表",
        "content": "抄错表",
        "contacted_at": micros(2026, 9, 1, 9),
        "replied_at": micros(2026, 9, 3, 10),
        "visited_at": micros(2026, 9, 4, 10),
        "archived_at": None,
        "substantiated": "partly",
        "satisfaction": "satisfied",
        "urges": 1,
        "returns": 0,
        "fault": None,
    }
    assert {name: row[name] for name in expected} == expected


def test_the_dispatch_system_imports_without_configuration(tmp_path):
    header = (
        "国网工单编号,所属辖区,接单单位,接单班组,抢修单状态,台区编号,来源,自动派工,终端接单状态,接单终端类型,"
        "所属馈线,抢修超时工单,到岗超时工单,挂机时间"
    )
    values = "2026090100001234,某某市,城关供电所,抢修一班,归档,T01,95598,是,已接,手机,东风线,否,是,20260901080510"
    row = read(tmp_path, f"{header}\n{values}\n", "repairs").frame.row(0, named=True)
    expected = {
        "repair_no": "2026090100001234",
        "ticket_no": "2026090100001234",
        "office_code": "城关供电所",
        "team": "抢修一班",
        "line": "东风线",
        "transformer": "T01",
        "accepted_at": micros(2026, 9, 1, 8, 5, 10),
        "reported_restore_late": False,
        "reported_arrival_late": True,
    }
    assert {name: row[name] for name in expected} == expected


def test_the_warehouse_table_imports_once_its_codes_are_configured(tmp_path):
    names = (
        "APP_NO ID BUSI_TYPE_CODE URBAN_RURAL_FLAG ORG_NO HANDLE_TIME ACCEPT_CONTENT HANDLE_OPINION CALLING_NO "
        "ELEC_TYPE CUST_NO PROV_ORG_NO CITY_ORG_NO"
    )
    header = names.replace(" ", "\t")
    good = "9001\t1\t002\t02\t344010101\t2026/9/1 8:05:10\t停电\t已办\t138\t100\t34001\t34101\t34401"
    torn = "9002\t2\t002\t02\t344010101\t2026/9/1 8:05:10\t停电\t了\t已办\t138\t100\t34001\t34101\t34401"
    values = {"type": {"002": "complaint"}}
    done = read(tmp_path, f"{header}\n{good}\n{torn}\n半句话\n", name="x.tsv", values=values)
    assert done.column("type")[0] == "complaint"
    assert done.column("area")[0] == "rural"
    assert done.column("office_code")[0] == "344010101"
    assert done.column("fault") == [None, "ragged_row", "ragged_row"]
    assert done.raw([3])[3].count("停电") == 1


def test_operational_type_codes_are_refused_until_they_are_configured(tmp_path):
    done = read(tmp_path, "工单编号,单位,受理时间,业务类型\n1,城关,2026-09-01 08:00:00,2\n")
    assert done.column("fault") == ["unknown_value"]
    assert done.column("fault_column") == ["type"]
    assert done.column("fault_value") == ["2"]


BASIC = "工单编号,供电单位,受理时间,业务类型"


def test_titles_blanks_totals_repeated_headers_and_footnotes_are_counted_not_kept(tmp_path):
    text = f"""95598工单明细
统计周期：2026-07-01 至 2026-09-30
{BASIC}
1001,城关供电所,2026-09-01 08:00:00,投诉
,小计,,1

{BASIC}
1002,城关供电所,2026-09-01 09:00:00,投诉
2026年10月
合计,,,2
注：数据取自95598系统
制表人：张三,审核人：李四
"""
    done = read(tmp_path, text)
    assert done.column("ticket_no")[:2] == ["1001", "1002"]
    assert done.column("fault")[:2] == [None, None]
    assert done.skipped == {"title": 2, "total": 2, "blank": 1, "header": 1, "footnote": 2}
    assert done.column("fault")[2:] == ["ragged_row"]  # a lone text in a torn line may be the rest of a record


def test_a_lone_title_inside_a_workbook_is_a_title(tmp_path):
    book = openpyxl.Workbook()
    for row in (BASIC.split(","), ["2026年7月"], ["1001", "城关", "2026-07-01 08:00:00", "投诉"], ["2026年8月"],
                ["1002", "城关", "2026-08-01 08:00:00", "投诉"], [None, "全市", None, "投诉"]):  # fmt: skip
        book.active.append(row)
    book.save(tmp_path / "x.xlsx")
    done = Read(tmp_path / "x.xlsx", "tickets")
    assert done.column("row_no") == [3, 5]
    assert done.skipped == {"title": 2, "total": 1}


def test_a_row_that_lacks_everything_but_its_number_is_data_with_a_fault(tmp_path):
    done = read(tmp_path, f"{BASIC}\n1001,,,\n")
    assert done.column("fault") == ["missing_value"]
    assert done.skipped == {}


def test_a_ticket_of_an_office_named_like_a_total_is_no_total(tmp_path):
    done = read(tmp_path, f"{BASIC}\n1001,全市,2026-09-01 08:00:00,投诉\n")
    assert done.column("office_code") == ["全市"]


def test_total_rows_do_not_become_offices(tmp_path):
    done = read(tmp_path, "单位编码,单位名称,级别\n1,城关所,供电所\n2,合计,供电所\n,全市,\n", "offices")
    assert done.column("name") == ["城关所"]
    assert done.skipped == {"total": 2}


def test_two_header_rows_are_joined(tmp_path):
    book = openpyxl.Workbook()
    for row in (
        ["工单明细表"],
        ["工单编号", "供电单位", "受理", None, "派单", None, "满意度"],
        [None, None, "时间", "类型", "时间", "人员", None],
        ["1001", "城关", "2026-09-01 08:00:00", "x", "2026-09-01 08:10:00", "张三", "满意"],
    ):
        book.active.append(row)
    book.active.merge_cells("A1:G1")
    book.save(tmp_path / "x.xlsx")
    columns = {"type": "受理/类型"}
    done = Read(tmp_path / "x.xlsx", "tickets", columns=columns, values={"type": {"x": "complaint"}})
    assert done.plans[0].table.header == (
        "工单编号", "供电单位", "受理/时间", "受理/类型", "派单/时间", "派单/人员", "满意度")  # fmt: skip
    assert done.column("dispatched_at") == [micros(2026, 9, 1, 8, 10)]
    assert done.column("type") == ["complaint"]
    assert done.column("row_no") == [4]


def test_a_group_row_above_the_header_does_not_hide_it(tmp_path):
    done = read(tmp_path, f"基本信息,,时间信息,\n{BASIC}\n1001,城关,2026-09-01 08:00:00,投诉\n")
    assert done.column("ticket_no") == ["1001"]


def test_html_with_spanned_header_and_spanned_office(tmp_path):
    page = """<table><tr><td colspan=4>导出时间：2026-10-08 09:12:33</td></tr>
    <tr><th rowspan=2>供电单位</th><th rowspan=2>工单编号</th><th colspan=2>工单</th></tr>
    <tr><th>受理时间</th><th>业务类型</th></tr>
    <tr><td rowspan=2>城关</td><td>1001</td><td>2026-09-01 08:00:00</td><td>投诉</td></tr>
    <tr><td>1002</td><td>2026-09-01 08:00:00</td><td>意见</td></tr></table>"""
    done = read(tmp_path, page, name="x.xls", encoding="gb18030")
    assert done.column("office_code") == ["城关", "城关"]
    assert done.column("type") == ["complaint", "opinion"]
    assert done.stated == "2026-10-08 09:12:33"


def test_blank_cells_of_a_vertical_merge_take_its_text_others_stay_blank(tmp_path):
    book = openpyxl.Workbook()
    for row in (
        BASIC.split(","),
        ["1", "城关", "2026-09-01", "投诉"],
        ["2", None, "2026-09-01", "投诉"],
        ["3", None, "2026-09-01", "投诉"],
    ):
        book.active.append(row)
    book.active.merge_cells("B2:B3")
    book.save(tmp_path / "x.xlsx")
    done = Read(tmp_path / "x.xlsx", "tickets")
    assert done.column("office_code") == ["城关", "城关", None]
    assert done.column("fault") == [None, None, "missing_value"]


@pytest.mark.parametrize(
    ("line", "stated"),
    [
        ("导出时间：2026-10-08 09:12:33", "2026-10-08 09:12:33"),
        ("统计时间：2026年10月8日 9时12分", "2026年10月8日 9时12分"),
        ("数据截至2026年9月30日24时", "2026年9月30日24时"),
        ("统计时间：2026-10-07 08:00  导出时间: 2026-10-08 09:12", "2026-10-08 09:12"),
        ("统计周期：2026-07-01 至 2026-09-30", None),
        ("统计时间：2026-07-01至2026-09-30", None),
        ("统计日期：2026-07-01 - 2026-09-30", None),
        ("2026年第三季度工单", None),
    ],
)
def test_the_time_that_a_file_states(tmp_path, line, stated):
    assert read(tmp_path, f"{line},,,\n{BASIC}\n1,城关,2026-09-01,投诉\n").stated == stated
    assert read(tmp_path, f"{BASIC}\n1,城关,2026-09-01,投诉\n注：{line}\n").stated == stated


def test_a_ticket_story_is_no_stated_time(tmp_path):
    text = f"{BASIC},受理内容\n1,城关,2026-09-01,投诉,客户查询2026-08-01电费\n"
    assert read(tmp_path, text).stated is None


def test_unreadable_values_that_are_not_needed_keep_their_text(tmp_path):
    header = f"{BASIC},到达时间,满意度,催办次数"
    done = read(tmp_path, f"{header}\n1,城关,2026-09-01 08:00:00,投诉,2026/2/30,很好,三\n")
    assert done.column("fault") == [None]
    assert done.column("arrived_at") == done.column("satisfaction") == done.column("urges") == [None]
    told = {"arrived_at": "2026/2/30", "satisfaction": "很好", "urges": "三"}
    assert json.loads(done.column("unreadable")[0]) == told


def test_row_faults_name_column_and_text(tmp_path):
    rows = (
        "2.02311E+19,城关,2026-09-01,投诉", "1,,2026-09-01,投诉", "2,城关,2026/9/31 8:05,投诉", "3,城关,,投诉",
        "4,城关,2026-09-01,催办", "5,城关,2026-09-01,", ",城关,2026-09-01,投诉",
    )  # fmt: skip
    done = read(tmp_path, BASIC + "\n" + "\n".join(rows) + "\n")
    assert done.frame.select("fault", "fault_column", "fault_value").rows() == [
        ("damaged_number", "ticket_no", "2.02311E+19"),
        ("missing_value", "office_code", None),
        ("unreadable_time", "accepted_at", "2026/9/31 8:05"),
        ("missing_value", "accepted_at", None),
        ("unknown_value", "type", "催办"),
        ("missing_value", "type", None),
        ("missing_value", "ticket_no", None),
    ]


def test_a_number_cell_of_more_than_15_digits_is_damaged_a_text_is_not(tmp_path):
    book = openpyxl.Workbook()
    book.active.append(BASIC.split(","))
    for number in ("20260901000012345678", 20260901000012345678, 202609010000123):
        book.active.append([number, "城关", "2026-09-01", "投诉"])
    book.save(tmp_path / "x.xlsx")
    done = Read(tmp_path / "x.xlsx", "tickets")
    assert done.column("fault") == [None, "damaged_number", None]
    assert done.column("ticket_no")[2] == "202609010000123"


def test_a_damaged_customer_number_is_unreadable_and_not_a_customer(tmp_path):
    """Two customers rounded to the same figure would count as one who calls again."""
    book = openpyxl.Workbook()
    for row in (["工单编号", "工单单位", "受理时间", "户号"], ["1", "城关", "2026-09-01", 34000000012345678],
                ["2", "城关", "2026-09-01", "34000000012345678"], ["3", "城关", "2026-09-01", "3.4E+16"]):  # fmt: skip
        book.active.append([None, *row])
    book.save(tmp_path / "x.xlsx")
    done = Read(tmp_path / "x.xlsx", "repairs")
    assert done.column("customer_no") == [None, "34000000012345678", None]
    assert done.column("unreadable") == ['{"customer_no": "34000000012345680"}', None, '{"customer_no": "3.4E+16"}']
    assert done.column("fault") == [None, None, None]


def test_error_cells_of_excel_are_unreadable_not_empty(tmp_path):
    """A failed formula says nothing of the record; its text is kept, and a needed one refuses its row."""
    book = openpyxl.Workbook()
    book.active.append([*BASIC.split(","), "受理内容", "催办次数", "到达时间", "户号"])
    for number, office, errors in (("1", "城关", ("#DIV/0!", "#N/A", "#REF!", "#VALUE!")),
                                   ("2", "#N/A", ("没电", 1, None, "34"))):  # fmt: skip
        book.active.append([number, office, "2026-09-01 08:00:00", "投诉", *errors])
    book.save(tmp_path / "x.xlsx")
    done = Read(tmp_path / "x.xlsx", "tickets")
    row = done.frame.row(0, named=True)
    assert [row[name] for name in ("content", "urges", "arrived_at", "customer_no", "fault")] == [None] * 5
    assert json.loads(row["unreadable"]) == {
        "content": "#DIV/0!", "urges": "#N/A", "arrived_at": "#REF!", "customer_no": "#VALUE!"}  # fmt: skip
    assert done.frame.select("fault", "fault_column", "fault_value").row(1) == (
        "unreadable_value", "office_code", "#N/A")  # fmt: skip
    assert done.column("content")[1] == "没电"


def test_error_cells_of_a_csv_and_of_the_first_of_two_columns(tmp_path):
    rows = "L1,城关,2026-09-01,投诉,#NAME?,#N/A,G1\nL2,城关,2026-09-01,投诉,#标签,,\n"
    done = read(tmp_path, f"{BASIC},受理内容,供电所,国网工单编号\n{rows}")
    assert done.column("office_code") == ["城关", "城关"]
    assert done.column("content") == [None, "#标签"]
    assert done.column("unreadable") == ['{"content": "#NAME?"}', None]


def test_raw_text_of_a_row_is_as_read(tmp_path):
    done = read(tmp_path, "工单编号,供电单位,受理时间,业务类型,备注,备注\n 1,城关,坏,投诉,甲,乙\n")
    told = json.loads(done.raw([2])[2])
    assert list(told) == ["工单编号", "供电单位", "受理时间", "业务类型", "备注", "备注 (2)"]
    assert list(told.values()) == [" 1", "城关", "坏", "投诉", "甲", "乙"]


def test_the_first_filled_of_several_headers_counts(tmp_path):
    text = f"{BASIC},供电所,国网工单编号\nL1,县公司,2026-09-01,投诉,城关所,G1\nL2,县公司,2026-09-01,投诉,,\n"
    done = read(tmp_path, text)
    assert done.column("office_code") == ["城关所", "县公司"]
    assert done.column("ticket_no") == ["G1", "L2"]


def test_a_blank_office_does_not_become_its_city(tmp_path):
    done = read(tmp_path, "工单编号,所属地市,工单单位,受理时间,业务类型\n1,某某市,,2026-09-01,投诉\n")
    assert done.column("fault") == ["missing_value"]


def test_a_parent_that_is_the_tickets_other_number_is_itself(tmp_path):
    text = f"{BASIC},国网工单编号,主单编号\nL1,城关,2026-09-01,投诉,G1,L1\nL2,城关,2026-09-01,投诉,G2,L1\n"
    done = read(tmp_path, text)
    assert done.column("parent_ticket_no") == ["G1", "L1"]


def test_minutes_that_cannot_be_read_leave_the_stamp_unreadable(tmp_path):
    header = "工单编号,工单单位,受理时间,到达现场时长(分钟),到达现场时间"
    rows = (
        "1,城关,2026-09-01 08:00:00,约半小时,",
        "2,城关,2026-09-01 08:00:00,30,2026-09-01 08:20:00",
        "3,城关,2026-09-01 08:00:00,,",
    )
    done = read(tmp_path, header + "\n" + "\n".join(rows) + "\n", "repairs")
    assert done.column("arrived_at") == [None, micros(2026, 9, 1, 8, 20), None]
    assert done.column("unreadable") == ['{"arrived_at": "约半小时"}', None, None]
    assert done.column("precision") == [None, None, None]


def test_constants_combined_columns_and_values_of_a_source(tmp_path):
    text = "id,agency,day,clock,what,state\n7,DOT,2011-07-01 00:00:00,17:05:00,Pothole,Unspecified\n"
    done = read(
        tmp_path, text,
        columns={"ticket_no": "id", "office_code": "agency", "category": "what", "content": "state"},
        combine={"accepted_at": ["day", "clock"]}, constants={"type": "fault"},
        values={"content": {"Unspecified": ""}}, timezone="America/New_York",
    )  # fmt: skip
    row = done.frame.row(0, named=True)
    moment = datetime(2011, 7, 1, 17, 5, tzinfo=ZoneInfo("America/New_York"))
    assert row["accepted_at"] == int(moment.timestamp()) * 1_000_000
    assert (row["type"], row["category"], row["content"], row["fault"]) == ("fault", "Pothole", None, None)


def test_sheets_and_skip_until_choose_the_table(tmp_path):
    book = openpyxl.Workbook()
    book.active.title = "说明"
    book.active.append(["本表说明", "x"])
    for name in ("2026-08", "2026-09"):
        sheet = book.create_sheet(name)
        for row in (
            ["工单编号", "填写示例"],
            ["序", "号"],
            BASIC.split(","),
            [f"T{name}", "城关", "2026-09-01", "投诉"],
        ):
            sheet.append(row)
    book.save(tmp_path / "x.xlsx")
    done = Read(tmp_path / "x.xlsx", "tickets")
    assert done.column("ticket_no") == ["T2026-08", "T2026-09"]
    assert any("说明" in message for message in done.plans[0].messages)
    assert Read(tmp_path / "x.xlsx", "tickets", sheets=["*-09"]).column("ticket_no") == ["T2026-09"]
    assert Read(tmp_path / "x.xlsx", "tickets", skip_until="受理时间", sheets=["*-09"]).column("ticket_no") == [
        "T2026-09"
    ]
    with pytest.raises(CollectorError, match="no sheet is named"):
        Read(tmp_path / "x.xlsx", "tickets", sheets=["2025"])
    with pytest.raises(CollectorError, match="skip_until"):
        Read(tmp_path / "x.xlsx", "tickets", skip_until="没有", sheets=["*-09"])


def test_missing_columns_are_named_with_the_nearest_found(tmp_path):
    with pytest.raises(CollectorError) as caught:
        read(tmp_path, "工单编号,供电单位,受理时刻,业务类型\n1,城关,2026-09-01,投诉\n")
    message = caught.value.message
    assert "accepted_at" in message
    assert "受理时间" in message
    assert "nearest found is '受理时刻'" in message
    assert "ticket_no" not in message


def test_a_configured_header_that_is_absent_is_told(tmp_path):
    done = read(tmp_path, f"{BASIC}\n1,城关,2026-09-01,投诉\n", columns={"content": "故事"})
    assert any("故事" in message for message in done.plans[0].messages)


def test_a_file_without_a_table_is_refused(tmp_path):
    with pytest.raises(CollectorError, match="no row has two cells"):
        read(tmp_path, "只有一行字\n没有表\n")


def test_a_header_without_rows_is_an_empty_table_and_no_fault(tmp_path):
    assert read(tmp_path, f"{BASIC}\n").frame.is_empty()


def test_headers_with_blanks_full_width_and_line_breaks_are_recognised(tmp_path):
    text = '"工单\n编号",供 电 单 位,受理时间 ,业务类型,"催办次数"\n1,城关,2026-09-01,投诉,2\n'
    assert read(tmp_path, text).column("urges") == [2]
    text = "Ｔicket_no,OFFICE_CODE,Accepted_At,TYPE\n1,城关,2026-09-01,投诉\n"
    assert read(tmp_path, text).column("type") == ["complaint"]
