"""The funnel of a league's rows: who is called, where limits widen, which pairs really differ."""

import datetime as dt

import pytest

from checks.rulebook.loader import load_rulebook
from dashboard.queries.funnel import funnel

EDITION = load_rulebook("promise").edition_on(dt.date(2026, 9, 30))
R1, R4, T4, O1 = (EDITION.indicator(code) for code in ("R1", "R4", "T4", "O1"))


def rows(code, *figures, scale=1.0):
    return [
        {"office": name, "name": name, "indicators": {code: {
            "numerator": good, "denominator": of, "value": good / of * scale if of else None}}}
        for name, good, of in figures
    ]  # fmt: skip


def calls(found):
    return {dot.office: dot.call for dot in found.dots}


def test_one_far_below_sixty_alike_is_called_and_nobody_else():
    found = funnel(rows("R1", ("bad", 130, 200), *((f"S{number}", 180, 200) for number in range(59))), R1)
    assert calls(found)["bad"] == "worse"
    assert {call for office, call in calls(found).items() if office != "bad"} == {"inside"}
    assert found.compared == 60 * 59 // 2
    assert found.differ == 59
    assert {worse for _, worse in found.pairs} == {"bad"}


def test_less_is_better_turns_the_words():
    found = funnel(rows("R4", ("many", 60, 200), *((f"S{number}", 10, 200) for number in range(20))), R4)
    assert calls(found)["many"] == "worse"
    assert found.pairs[0][1] == "many"


@pytest.mark.parametrize("figures", [(("one", 9, 10),), (("a", 10, 10), ("b", 10, 10)), (("a", 9, 10), ("b", 10, 10))])
def test_one_office_or_two_alike_are_never_called(figures):
    found = funnel(rows("R1", *figures), R1)
    assert set(calls(found).values()) == {"inside"}
    assert found.differ == 0
    assert not found.overdispersed


def test_offices_that_all_differ_widen_the_limits_so_that_the_middle_is_not_called():
    spread = [(f"S{number:02}", 700 + 10 * number, 1_000) for number in range(30)]
    found = funnel(rows("R1", *spread), R1)
    assert found.overdispersed
    assert set(calls(found).values()) <= {"inside", "drawn"}
    low, high = found.lines[-1][3:]
    assert low < 0.75
    assert high > 0.94


def test_counts_per_ten_thousand_are_held_against_each_other():
    found = funnel(rows("T4", ("bad", 900_000, 30_000), *((f"S{n}", 60_000, 30_000) for n in range(20))), T4)
    assert calls(found)["bad"] == "worse"
    assert found.overall == pytest.approx((90 + 120) / (21 * 30_000) * 10_000)


def test_there_is_no_funnel_without_a_model_of_chance_or_without_data():
    assert funnel(rows("O1", ("a", 9, 10)), O1) is None
    assert funnel(rows("R1", ("a", 0, 0)), R1) is None
    assert funnel([], R1) is None
