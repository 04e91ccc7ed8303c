"""One line among offices and a company among others: places, gaps and thresholds, worked by hand."""

from fractions import Fraction

import pytest

from checks.errors import RuleError
from checks.measures import Measure, Threshold, load_measures
from dashboard.queries.lines import Month, Position, Series, league, position

LOSS = Measure(code="x", title="线损", title_en="Loss", unit="ratio", direction="less", numerator="a", denominator="b",
               thresholds=(Threshold(kind="law", above="0.1", source="a law", title="高损", title_en="high"),
                           Threshold(kind="internal", below="0", source="(p)")))  # fmt: skip


def series(measure, office, *cells, rows=1):
    """A line of an office: (numerator, denominator) per month, None where nothing came."""
    months = []
    for place, cell in enumerate(cells, start=1):
        exact = None if cell is None else measure.value(*map(Fraction, cell))
        divided = None if cell is None else Fraction(cell[1])
        value = None if exact is None else float(exact)
        months.append(Month(f"2026-0{place}", value, None, 0 if cell is None else rows, exact, divided))
    return Series(measure, None, office, tuple(months))


def places(found):
    return [(one.office, one.rank, one.to_best, one.to_mean) for one in found[1]]


def test_offices_take_places_by_the_lines_own_direction_and_ties_share_one():
    whole = series(LOSS, "M", (1, 100), (30, 500), rows=5)
    children = [
        series(LOSS, "B", None, (5, 100)), series(LOSS, "A", None, (5, 100)), series(LOSS, "C", (9, 100), (12, 100)),
        series(LOSS, "few", None, (0, 9)), series(LOSS, "none", (1, 100), None),
    ]  # fmt: skip
    found = league(whole, children)
    assert found[0] == "2026-02"
    assert [(office, rank) for office, rank, _, _ in places(found)] == [
        ("A", 1), ("B", 1), ("C", 3), ("few", None), ("none", None)]  # fmt: skip
    by_office = {office: (best, mean) for office, _, best, mean in places(found)}
    assert by_office["C"] == (pytest.approx(0.07), pytest.approx(0.06))  # 12 % against 5 %, and against 30 / 500
    assert by_office["none"] == (None, None)
    assert {one.office: one.beyond.title for one in found[1] if one.beyond} == {"C": "高损"}
    assert league(series(LOSS, "M", None, None), children) is None


def test_numbers_are_compared_with_the_plain_mean_and_a_sum_has_no_threshold():
    count = LOSS.model_copy(
        update={"unit": "count", "thresholds": (Threshold(kind="internal", above="5", source="(p)"),)}
    )
    whole = series(count, "M", (12, 1), rows=3)
    found = league(whole, [series(count, "A", (9, 1)), series(count, "B", (2, 1)), series(count, "C", (1, 1))])
    assert places(found) == [("C", 1, 0, -3), ("B", 2, 1, -2), ("A", 3, 8, 5)]  # the mean of the three is 4
    assert whole.beyond is None
    assert series(count, "A", (9, 1)).beyond.above == "5"


@pytest.mark.parametrize(("value", "beyond"), [
    ("10", None), ("10.0001", "0.1"), ("0", None), ("-0.5", "0"),
])  # fmt: skip
def test_a_value_at_its_threshold_keeps_it(value, beyond):
    found = LOSS.beyond(Fraction(value) / 100)
    assert (found and (found.above or found.below)) == beyond


def test_a_company_stands_48th_of_62_with_its_gaps():
    """The source's own sentence: 48th of 62 is the 15th from the bottom."""
    known = load_measures().by_code
    own = series(known["benchmark_grid"], "M", ("21", 1), ("20.87", 1))
    others = {
        "benchmark_grid_rank": series(known["benchmark_grid_rank"], "M", (40, 62), (48, 62)),
        "benchmark_grid_best": series(known["benchmark_grid_best"], "M", (25, 1), ("24.87", 1)),
    }
    assert position(own, others) == Position(48, 62, 15, pytest.approx(-4.0), None)
    assert position(own, {}) is None
    assert position(series(known["meter_reading"], "M", (99, 100)), others) is None


def test_every_line_of_the_registry_stands_in_a_group_and_names_only_lines():
    from dashboard.web.views.lines import GROUPS

    known = load_measures().by_code
    assert {measure.group for measure in known.values()} <= set(GROUPS)
    lines = "fees loss load reading balance change calls satisfaction visits opinion care solar supply benchmark"
    assert set(lines.split()) <= {measure.group for measure in known.values()}
    assert known["call_abandonment"].denominator != known["call_loss_answered"].denominator  # both definitions


def test_a_line_that_names_one_that_is_not_there_is_refused(tmp_path):
    own = tmp_path / "measures.toml"
    row = '[[measures]]\ncode = "ours"\ntitle = "自有"\ntitle_en = "Ours"\nunit = "points"\ndirection = "more"\n'
    own.write_text(row + 'numerator = "a"\ndenominator = "1"\nrank = "nowhere"\n', encoding="utf-8")
    with pytest.raises(RuleError, match="'ours' names 'nowhere'"):
        load_measures(own)
    own.write_text(
        row + 'numerator = "a"\ndenominator = "1"\nthresholds = [{kind = "law", source = "x"}]\n', encoding="utf-8"
    )
    with pytest.raises(RuleError, match="give one of above, below"):
        load_measures(own)
