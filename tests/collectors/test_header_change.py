"""A header that is not the one a source was saved with: what differs, and that a strict source takes nothing then."""

import pytest

from collectors.header_change import HeaderChangedError, beside, difference, refuse_changed_header
from collectors.mapping import SourceConfig
from collectors.tables import read_grids

SAVED = ["工单编号", "供电所", "受理时间", "业务类型"]


def grids_of(tmp_path, *lines, name="export.csv"):
    path = tmp_path / name
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return read_grids(path)


def strict(**more):
    return SourceConfig(name="x", record="tickets", strict_header=True, headers=[SAVED], **more)


def test_a_renamed_column_is_told_from_one_that_came_and_one_that_went():
    change = difference(SAVED, ["工单编号", "供电所", "受理日期", "城市"])
    assert change.renamed == (("受理时间", "受理日期"),)
    assert change.missing == ("业务类型",)
    assert change.added == ("城市",)


def test_order_blanks_width_and_case_are_no_change():
    assert not difference(["工单编号", "App No", ""], ["APP　NO", "工单编号"])


def test_a_second_column_of_the_same_name_is_a_change():
    assert difference(["工单编号", "备注"], ["工单编号", "备注", "备注"]).added == ("备注",)


def test_a_strict_source_refuses_a_renamed_required_column_and_names_both(tmp_path):
    grids = grids_of(tmp_path, "工单编号,供电所,受理日期,业务类型", "1,甲所,2026-07-01 08:00:00,投诉")
    with pytest.raises(HeaderChangedError) as told:
        refuse_changed_header(grids, strict(), "export.csv")
    assert "'受理时间' may now be '受理日期'" in told.value.message
    assert told.value.permanent
    assert told.value.details == {
        "reason": "header_changed",
        "header": ["工单编号", "供电所", "受理日期", "业务类型"],
        "expected": SAVED,
    }


def test_the_saved_header_passes_and_so_does_any_for_a_source_that_is_not_strict(tmp_path):
    refuse_changed_header(grids_of(tmp_path, ",".join(SAVED), "1,甲所,2026-07-01,投诉"), strict(), "x")
    other = grids_of(tmp_path, "编号,单位", "1,2")
    refuse_changed_header(other, SourceConfig(name="x", record="tickets"), "x")


def test_two_saved_headers_are_two_known_ones(tmp_path):
    config = SourceConfig(name="x", record="tickets", strict_header=True, headers=[SAVED, ["编号", "单位"]])
    refuse_changed_header(grids_of(tmp_path, "单位,编号", "1,2"), config, "x")


@pytest.mark.parametrize(
    ("expected", "found", "rows"),
    [
        (["甲", "乙", "丙"], ["甲", "乙", "丙"], ["甲=甲 same", "乙=乙 same", "丙=丙 same"]),
        (["甲", "乙", "丙", "丁"], ["乙", "丙", "丁", "甲"], ["甲=甲 moved", "乙=乙 same", "丙=丙 same", "丁=丁 same"]),
        (["受理时间", "单位", "备注"], ["工单受理时间", "单位", "电话"],
         ["受理时间=工单受理时间 renamed", "单位=单位 same", "备注=None gone", "None=电话 new"]),
        (["甲", "甲", ""], ["甲", "乙"], ["甲=甲 same", "甲=None gone", "None=乙 new"]),
    ],
)  # fmt: skip
def test_old_columns_stand_beside_new_ones(expected, found, rows):
    assert sorted(f"{one.old}={one.new} {one.what}" for one in beside(expected, found)) == sorted(rows)
