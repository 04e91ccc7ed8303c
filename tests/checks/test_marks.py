"""Marks beside a score: what a figure rests on, when too much is unjudgeable, and what withholding does."""

from fractions import Fraction

import pytest

from checks.marks import put_marks, rests_on, stale_codes, unjudgeable_share
from checks.ranking import rank
from checks.rulebook.loader import load_rulebook
from checks.scoring import Figure, Row, Sums

EDITION = load_rulebook("promise").editions[-1]


def row(office, score, *sums, n=50):
    """A station with a score by hand and figures of these sums."""
    figures = {
        code: Figure(EDITION.indicator(code), found, Fraction(1, 2), Fraction(1)) for code, found in sums
    }  # fmt: skip
    made = Row(office, office, "station", None, n, 0, figures)
    made.exact_score = made.score = Fraction(score)
    return made


@pytest.mark.parametrize(
    ("code", "records"),
    [
        ("T1", {"tickets"}), ("T4", {"tickets", "offices"}), ("R1", {"repairs"}), ("R4", {"repairs"}),
        ("C1", {"applications"}), ("C2", {"applications", "evaluations"}), ("O5", {"evaluations"}),
        ("H1", {"inspections", "samples", "hall_days"}), ("H2", {"samples", "hall_days"}),
        ("O1", {"measures", "measures:fee_collection"}),
    ],
)  # fmt: skip
def test_what_an_indicator_rests_on_comes_from_the_rulebook(code, records):
    assert rests_on(EDITION.indicator(code)) == records


def test_a_silent_source_of_one_measure_touches_that_indicator_only():
    assert {"O1", "O2", "O3", "O4"} <= stale_codes(EDITION, {"measures"})
    assert stale_codes(EDITION, {"measures:line_loss"}) & {"O1", "O2", "O3", "O4"} == {"O2"}
    assert stale_codes(EDITION, ()) == frozenset()


def test_the_bound_is_met_at_a_fifth_and_passed_by_one_more():
    assert unjudgeable_share(Sums(0, 0, unjudgeable=3)) == 1
    assert unjudgeable_share(Sums(0, 0)) == 0
    met, passed = row("A", 90, ("R1", Sums(30, 40, unjudgeable=10))), row("B", 90, ("R1", Sums(30, 40, unjudgeable=11)))
    put_marks([met, passed], EDITION, ())
    assert (met.marks, passed.marks) == ([], ["unjudgeable_share"])
    assert passed.figures["R1"].marks == ["unjudgeable_share"]


def test_marks_change_neither_score_nor_rank_nor_grade():
    plain = [row("A", 96, ("R1", Sums(1, 2, unjudgeable=9))), row("B", 85, ("T1", Sums(1, 2)))]
    put_marks(plain, EDITION, {"T1", "R1"})
    ranked = rank(plain, EDITION)
    assert [(one.office, one.score, one.rank, one.grade) for one in ranked] == [("A", 96, 1, "标杆"), ("B", 85, 2, "B")]
    assert [one.marks for one in ranked] == [["stale_source", "unjudgeable_share"], ["stale_source"]]


def test_a_withheld_row_has_no_score_and_leaves_its_place_to_the_next():
    rows = [row("A", 96, ("R1", Sums(1, 2))), row("B", 85, ("T1", Sums(1, 2))), row("C", 99, ("R1", Sums(1, 2)), n=3)]
    rows[2].reason = "few_records"
    put_marks(rows, EDITION, {"R1"}, {"stale_source"})
    ranked = {one.office: one for one in rank(rows, EDITION)}
    assert (ranked["A"].score, ranked["A"].rank, ranked["A"].grade, ranked["A"].reason) == (
        None, None, None, "stale_source",
    )  # fmt: skip
    assert (ranked["B"].score, ranked["B"].rank) == (85, 1)
    assert (ranked["C"].score, ranked["C"].reason) == (None, "stale_source")
