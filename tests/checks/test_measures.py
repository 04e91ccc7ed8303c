"""The registry of measures: one row of data each, found by code or by any name."""

from pathlib import Path

import pytest

from checks.errors import RuleError
from checks.measures import load_measures
from checks.rulebook.loader import load_rulebook

KNOWN = load_measures()
OWN = """
[[measures]]
code = "charging_piles"
title = "充电桩可用率"
title_en = "Charging piles available"
unit = "ratio"
direction = "more"
numerator = "可用桩"
denominator = "桩数"
aliases = {aliases}
"""


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("电费回收率", "fee_collection"),
        ("线损率", "line_loss"),
        ("采集成功率", "meter_reading"),
        ("来电损失率", "call_abandonment"),
        ("电费结零率", "fee_zeroed"),
        ("20秒接通率", "service_level_20s"),
        (" ２０秒 接通率", "service_level_20s"),
        ("舆情", "public_opinion"),
        ("配电次数修正", "top_up_corrections"),
        ("Supply Reliability", "supply_reliability"),
        ("fee_collection", "fee_collection"),
        ("fee_colection", None),
    ],
)
def test_a_measure_is_known_by_its_code_and_its_names(name, code):
    assert KNOWN.code_of(name) == code


def test_an_unknown_name_has_a_nearest_measure():
    assert KNOWN.nearest("fee_colection") == "fee_collection"
    assert KNOWN.nearest("xyz") is None


def test_every_measure_that_a_rulebook_weighs_is_registered():
    for edition in load_rulebook().editions:
        for indicator in edition.of_record("measures"):
            measure = KNOWN.by_code[indicator.options["measure"]]
            assert (measure.direction == "less") is indicator.less_is_better
            assert measure.title == indicator.title


def test_a_company_adds_a_measure_by_a_row(tmp_path: Path):
    own = tmp_path / "measures.toml"
    own.write_text(OWN.format(aliases="[]"), encoding="utf-8")
    known = load_measures(own)
    assert known.code_of("充电桩可用率") == "charging_piles"
    assert known.code_of("线损率") == "line_loss"


def test_a_name_that_two_measures_share_is_refused(tmp_path: Path):
    own = tmp_path / "measures.toml"
    own.write_text(OWN.format(aliases='["线损率"]'), encoding="utf-8")
    with pytest.raises(RuleError, match="'线损率' belongs to the measures 'line_loss' and 'charging_piles'"):
        load_measures(own)


def test_a_bad_row_is_refused_with_file_and_key(tmp_path: Path):
    own = tmp_path / "measures.toml"
    own.write_text(OWN.format(aliases="[]").replace('"more"', '"up"'), encoding="utf-8")
    with pytest.raises(RuleError, match=r"measures\.toml: measures\.0\.direction"):
        load_measures(own)
