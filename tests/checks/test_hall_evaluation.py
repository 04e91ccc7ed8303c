"""Evaluation and contest of halls: weights as data, exact, gaps named and never 0."""

from fractions import Fraction

import pytest

from checks.errors import RuleError
from checks.hall_evaluation import SHIPPED, evaluated, left_of, mean, read_scheme

SCHEME = read_scheme()


def scored(**halls):
    return {row.hall: row for row in evaluated(SCHEME.month, SCHEME, halls)}


def test_the_shipped_weights_are_those_of_the_practice_and_all_proposals():
    """Domain §5.4: month 60 / 20 / 20; quarter 50 / 30 / 10 / 10."""
    assert [(part.part, part.weight) for part in SCHEME.month] == [("video", 60), ("tickets", 20), ("on_site", 20)]
    assert [(part.part, part.weight) for part in SCHEME.quarter] == [
        ("months", 50), ("on_site", 30), ("mutual", 10), ("satisfaction", 10),
    ]  # fmt: skip
    assert {part.origin for part in (*SCHEME.month, *SCHEME.quarter)} == {"p"}


def test_a_whole_evaluation_is_the_weighted_mean():
    """0.6 × 90 + 0.2 × 80 + 0.2 × 95 = 89."""
    row = scored(A={"video": Fraction(90), "tickets": Fraction(80), "on_site": Fraction(95)})["A"]
    assert (row.score, row.available, row.missing, row.rank) == (89, 100, (), 1)


def test_what_is_missing_is_named_and_lends_its_weight():
    """(60 × 90 + 20 × 80) ÷ 80 = 87.5: not 70, as if the visit had brought 0."""
    row = scored(A={"video": Fraction(90), "tickets": Fraction(80), "on_site": None})["A"]
    assert (row.score, row.available, row.missing) == (Fraction("87.5"), 80, ("on_site",))


def test_with_less_than_half_of_the_weight_a_hall_is_shown_and_not_ranked():
    rows = scored(A={"tickets": Fraction(100), "on_site": Fraction(100)}, B={"video": Fraction(10)}, C={})
    assert (rows["A"].score, rows["A"].rank) == (100, None)
    assert (rows["B"].score, rows["B"].rank) == (10, 1)
    assert (rows["C"].score, rows["C"].rank, rows["C"].missing) == (None, None, ("video", "tickets", "on_site"))


def test_equal_published_scores_share_a_rank_and_the_next_is_skipped():
    found = evaluated(SCHEME.month, SCHEME, {
        "A": {"video": Fraction(90)}, "B": {"video": Fraction(90) + Fraction(1, 1000)}, "C": {"video": Fraction(80)},
    })  # fmt: skip
    assert [(row.hall, row.rank) for row in found] == [("A", 1), ("B", 1), ("C", 3)]


def test_a_mean_is_of_what_is_there():
    assert mean([Fraction(90), None, Fraction(91)]) == Fraction("90.5")
    assert mean([None]) is None
    assert (left_of(30), left_of(130)) == (70, 0)


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("weight = 60", "weight = 61", "add up to 100"),
        ('part = "mutual"', 'part = "on_site"', "at most once"),
        ('part = "mutual"', 'part = "mutuel"', "mutuel"),
        ("min_weight_share", "min_share", r"line \d+: unknown key 'min_share'"),
    ],
)
def test_bad_weights_are_refused_by_name(tmp_path, old, new, told):
    file = tmp_path / "hall_evaluation.toml"
    file.write_text(SHIPPED.read_text(encoding="utf-8").replace(old, new, 1), encoding="utf-8")
    with pytest.raises(RuleError, match=told):
        read_scheme(file)


def test_a_company_has_weights_of_its_own_or_the_shipped_ones(tmp_path):
    file = tmp_path / "hall_evaluation.toml"
    assert read_scheme(file) == SCHEME
    text = SHIPPED.read_text(encoding="utf-8").replace("weight = 60", "weight = 50").replace(
        "weight = 20", "weight = 25"
    )  # fmt: skip
    file.write_text(text, encoding="utf-8")
    assert [part.weight for part in read_scheme(file).month] == [50, 25, 25]
