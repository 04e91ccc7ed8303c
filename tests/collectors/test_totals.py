"""Totals that a file states are compared with its rows; what is a sum, a count, a group or a rate is told apart."""

from decimal import Decimal
from pathlib import Path

import openpyxl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from collectors.canonical import canonical_rows, plans
from collectors.mapping import SourceConfig
from collectors.stated import stated_totals
from collectors.tables import read_grids
from collectors.tables.totals import number_of, pages_missing

MEASURES = "指标名称,供电单位,月份,分子,分母"
TICKETS = "工单编号,供电单位,受理时间,业务类型,催办次数"


def controls(tmp_path, text, record="tickets", name="x.csv", **config):
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return read(path, record, **config)


def read(path: Path, record: str, **config):
    (plan,) = plans(read_grids(path), SourceConfig(record=record, **config), path.name)
    rows = sum(chunk.frame.height for chunk in canonical_rows(plan))
    told = [(one.what, one.where, one.column, str(one.stated), None if one.found is None else str(one.found), one.state)
            for one in stated_totals(plan, rows)]  # fmt: skip
    return rows, told, plan


def ticket(number, urges=1):
    return f"{number},城关,2026-09-01 08:00:00,投诉,{urges}"


def test_a_count_in_the_title_is_compared_with_the_rows(tmp_path):
    text = f"95598工单明细（共 3 条）,,,,\n{TICKETS}\n{ticket(1001)}\n{ticket(1002)}\n"
    rows, told, _ = controls(tmp_path, text)
    assert (rows, told) == (2, [("rows", "title", None, "3", "2", "differs")])


@pytest.mark.parametrize(
    ("line", "stated"),
    [
        ("共1,234条", "1234"), ("共 2 条记录", "2"), ("共计：12件", "12"), ("总记录数：7", "7"), ("记录数:7", "7"),
        ("共２条", "2"), ("数据条数 15", "15"), ("Total: 15 rows", "15"), ("注：导出共20笔", "20"),
    ],
)  # fmt: skip
def test_counts_are_recognised_as_they_are_written(tmp_path, line, stated):
    text = f'"{line}",,,,\n{TICKETS}\n{ticket(1001)}\n'
    assert [one[3] for one in controls(tmp_path, text)[1]] == [stated]


@pytest.mark.parametrize(
    "line",
    ["全市共受理工单1234件，其中投诉35件", "第三季度工单", "本页共100条", "每页共20条", "公共服务12条", "共3页",
     "统计周期：2026-07-01 至 2026-09-30"],
)  # fmt: skip
def test_a_story_is_no_count(tmp_path, line):
    assert controls(tmp_path, f'"{line}",,,,\n{TICKETS}\n{ticket(1001)}\n')[1] == []


def test_a_footnote_and_a_total_row_are_both_heard(tmp_path):
    text = f"{TICKETS}\n{ticket(1001, 2)}\n{ticket(1002, 3)}\n合计,,,,5\n共2条,,,,\n"
    rows, told, _ = controls(tmp_path, text)
    assert rows == 2
    assert told == [
        ("rows", "footnote", None, "2", "2", "matches"),
        ("sum", "total", "催办次数", "5", "5", "matches"),
    ]


@pytest.mark.parametrize("label", ["合计", "总计", "合 计", "Total"])
def test_a_total_row_with_a_count_where_the_number_stands(tmp_path, label):
    """The office column holds the word, the number column the count, sums beside: no ticket 3 of an office 合计."""
    rows = "城关,1001,2026-09-01,投诉,1\n城关,1002,2026-09-01,投诉,1\n"
    text = f"供电单位,工单编号,受理时间,业务类型,催办次数\n{rows}{label},3,,,2\n"
    rows, told, _ = controls(tmp_path, text)
    assert rows == 2
    assert told == [
        ("rows", "total", None, "3", "2", "differs"),
        ("sum", "total", "催办次数", "2", "2", "matches"),
    ]


def test_a_single_cell_total_states_a_count(tmp_path):
    rows, told, _ = controls(tmp_path, f"{TICKETS}\n{ticket(1001)}\n合计：2条,,,,\n")
    assert (rows, told) == (1, [("rows", "total", None, "2", "1", "differs")])


def measure(office, numerator, denominator, month="2026-08", indicator="电费回收率"):
    return f"{indicator},{office},{month},{numerator},{denominator}"


def test_numerators_and_denominators_are_summed_and_percentages_are_not(tmp_path):
    text = (f"{MEASURES},回收率\n{measure('城关', 90, 100)},90%\n{measure('东关', 80, 100)},80%\n"
            "合计,,,170,200,85%\n")  # fmt: skip
    assert controls(tmp_path, text, "measures")[1] == [
        ("sum", "total", "分子", "170", "170", "matches"),
        ("sum", "total", "分母", "200", "200", "matches"),
    ]


def test_a_rate_written_as_a_bare_number_is_not_summed(tmp_path):
    text = f"{MEASURES},回收率\n{measure('城关', 90, 100)},90\n{measure('东关', 80, 100)},80\n合计,,,170,200,85\n"
    assert {one[2] for one in controls(tmp_path, text, "measures")[1]} == {"分子", "分母"}


def test_a_missing_row_shows_in_the_sums(tmp_path):
    text = f"{MEASURES}\n{measure('城关', '90.25', 100)}\n合计,,,170.25,200\n"
    told = controls(tmp_path, text, "measures")[1]
    assert told == [
        ("sum", "total", "分子", "170.25", "90.25", "differs"),
        ("sum", "total", "分母", "200", "100", "differs"),
    ]


def test_grouped_subtotals_are_compared_with_their_groups_and_the_grand_total_with_all(tmp_path):
    text = (f"{MEASURES}\n{measure('城关', 1, 10)}\n{measure('东关', 2, 10)}\n,甲县小计,,3,20\n"
            f"{measure('西关', 4, 10)}\n,乙县小计,,4,10\n,合计,,7,30\n")  # fmt: skip
    told = controls(tmp_path, text, "measures")[1]
    assert [one[5] for one in told] == ["matches"] * 6
    assert [one[3] for one in told] == ["3", "20", "4", "10", "7", "30"]


def test_a_group_that_lacks_a_row_is_named_and_its_neighbours_are_not(tmp_path):
    text = (f"{MEASURES}\n{measure('城关', 1, 10)}\n,甲县小计,,3,20\n{measure('西关', 4, 10)}\n,乙县小计,,4,10\n"
            ",合计,,7,30\n")  # fmt: skip
    told = controls(tmp_path, text, "measures")[1]
    assert [(one[3], one[4]) for one in told if one[5] == "differs"] == [
        ("3", "1"),
        ("20", "10"),
        ("7", "5"),
        ("30", "20"),
    ]


def test_a_total_above_its_group_and_repeated_page_totals_are_understood(tmp_path):
    above = f"{MEASURES}\n,甲县合计,,3,20\n{measure('城关', 1, 10)}\n{measure('东关', 2, 10)}\n"
    assert {one[5] for one in controls(tmp_path, above, "measures")[1]} == {"matches"}
    pages = (f"{MEASURES}\n{measure('城关', 1, 10)}\n合计,,,1,10\n{measure('东关', 2, 10)}\n合计,,,2,10\n")  # fmt: skip
    assert {one[5] for one in controls(tmp_path, pages, "measures")[1]} == {"matches"}


def test_a_total_over_two_indicators_is_not_computed_and_one_that_names_its_own_is(tmp_path):
    rows = f"{measure('城关', 1, 10)}\n{measure('城关', 5, 50, indicator='线损率')}\n"
    mixed = controls(tmp_path, f"{MEASURES}\n{rows},合计,,6,60\n", "measures")[1]
    assert {(one[4], one[5]) for one in mixed} == {(None, "not_computed")}
    own = controls(tmp_path, f"{MEASURES}\n{rows}线损率,合计,,5,50\n", "measures")[1]
    assert {one[5] for one in own} == {"matches"}
    months = f"{measure('城关', 1, 10)}\n{measure('城关', 5, 50, month='2026-09')}\n"
    august = controls(tmp_path, f"{MEASURES}\n{months},合计,2026-08,1,10\n", "measures")[1]
    assert {one[5] for one in august} == {"matches"}


def test_cells_that_are_no_numbers_leave_the_sum_not_computed(tmp_path):
    text = f"{MEASURES}\n{measure('城关', '约90', 100)}\n合计,,,90,100\n"
    assert controls(tmp_path, text, "measures")[1] == [
        ("sum", "total", "分子", "90", None, "not_computed"),
        ("sum", "total", "分母", "100", "100", "matches"),
    ]


def test_numbers_too_long_for_amounts_are_not_summed(tmp_path):
    rows = f"{measure('城关', '9' * 29, 1)}\n{measure('东关', '9' * 29, 1)}\n"
    told = controls(tmp_path, f"{MEASURES}\n{rows}合计,,,{'1' * 30},2\n", "measures")[1]
    assert [one[5] for one in told] == ["not_computed", "matches"]


def test_averages_are_no_totals(tmp_path):
    text = f"{MEASURES}\n{measure('城关', 1, 10)}\n{measure('东关', 3, 10)}\n平均,,,2,10\n"
    assert controls(tmp_path, text, "measures")[1] == []


def test_amounts_of_an_unmapped_column_are_heard_and_its_averages_are_not(tmp_path):
    head = f"{TICKETS},退补金额,修复用时"
    rows = f"{ticket(1001)},10.50,30\n{ticket(1002)},20.25,50\n"
    good = controls(tmp_path, f"{head}\n{rows}合计,,,,2,30.75,40\n")[1]
    assert [(one[2], one[5]) for one in good] == [("催办次数", "matches"), ("退补金额", "matches")]
    bad = controls(tmp_path, f"{head}\n{rows}合计,,,,2,99.75,40\n")[1]
    assert [(one[2], one[3], one[4]) for one in bad if one[5] == "differs"] == [("退补金额", "99.75", "30.75")]


def test_rounded_amounts_may_differ_by_half_a_unit_each(tmp_path):
    rows = "\n".join(measure(f"所{n}", "0.33", 1) for n in range(3))
    assert {one[5] for one in controls(tmp_path, f"{MEASURES}\n{rows}\n合计,,,1.00,3\n", "measures")[1]} == {"matches"}
    assert "differs" in {one[5] for one in controls(tmp_path, f"{MEASURES}\n{rows}\n合计,,,1.02,3\n", "measures")[1]}


def test_a_workbook_states_its_totals_too(tmp_path):
    book = openpyxl.Workbook()
    for row in (MEASURES.split(","), ["电费回收率", "城关", "2026-08", 0.1, 10],
                ["电费回收率", "东关", "2026-08", 0.2, 10], [None, "合计", None, 0.30000000000000004, 20]):  # fmt: skip
        book.active.append(row)
    book.save(tmp_path / "x.xlsx")
    _, told, _ = read(tmp_path / "x.xlsx", "measures")
    assert [one[5] for one in told] == ["matches", "matches"]


@pytest.mark.parametrize(
    ("lines", "missing"),
    [(["第1页共3页"], (1, 3)), (["第 1/3 页"], (1, 3)), (["Page 2 of 2"], (1, 2)), (["共3页，第2页"], (1, 3)),
     (["第1页/共2页", "第2页/共2页"], None), (["共1页，第1页"], None), (["第三页"], None)],
)  # fmt: skip
def test_one_page_of_several_is_a_part(tmp_path, lines, missing):
    notes = "".join(f'"{line}",,,,\n' for line in lines)
    _, _, plan = controls(tmp_path, f"{TICKETS}\n{ticket(1001)}\n{notes}")
    assert pages_missing(plan.table) == missing


@pytest.mark.parametrize(
    ("text", "number"),
    [("1,234.50", "1234.50"), ("¥5元", "5"), ("－3", "-3"), ("12%", None), ("1,23", None), ("12户", None), ("", None),
     ("2026-09", None)],
)  # fmt: skip
def test_numbers_of_total_rows(text, number):
    assert number_of(text) == (None if number is None else Decimal(number))


ROW = st.tuples(st.sampled_from(["甲", "乙", "丙"]), st.integers(0, 10**6), st.integers(1, 10**6))
ROWS = st.lists(ROW, min_size=1, max_size=15)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=ROWS, lost=st.integers(0, 3), grouped=st.booleans())
def test_what_is_stated_less_what_is_read_is_what_was_lost(tmp_path, rows, lost, grouped):
    """Conservation: with the last rows cut off, the gap of every grand total is exactly what they held."""
    kept = rows[: max(1, len(rows) - lost)]
    rows = rows if lost else kept
    gone = [sum(row[column] for row in rows) - sum(row[column] for row in kept) for column in (1, 2)]
    lines = []
    for office in ("甲", "乙", "丙") if grouped else ("",):
        mine = [row for row in kept if not office or row[0] == office]
        lines += [measure(f"{row[0]}{number}", row[1], row[2]) for number, row in enumerate(mine)]
        if office and mine:
            lines.append(f",{office}小计,,{sum(row[1] for row in mine)},{sum(row[2] for row in mine)}")
    lines.append(f"总计,,,{sum(row[1] for row in rows)},{sum(row[2] for row in rows)}")
    path = tmp_path / "x.csv"
    path.write_text("\n".join([MEASURES, *lines]) + "\n", encoding="utf-8")
    (plan,) = plans(read_grids(path), SourceConfig(record="measures"), path.name)
    read_rows = sum(chunk.frame.height for chunk in canonical_rows(plan))
    assert read_rows == len(kept)
    told = stated_totals(plan, read_rows)
    assert [int(one.gap) for one in told if one.covers == "all" and "总计" in one.label] == gone
    assert {one.state for one in told if "小计" in one.label} <= {"matches"}
