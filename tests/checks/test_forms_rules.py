"""Which forms accuse, and what a rate of them may be called."""

from fractions import Fraction

from checks.forms import Step, accuses, load_thresholds, standing, told

SAYS_NO = {"designed": Step({"design": "no", "construction": "unknown"}, 4)}
SAYS_YES = {**SAYS_NO, "supplied": Step({"supply": "yes"}, None)}


def test_any_yes_in_any_step_or_money_beside_the_bill_accuses():
    assert not accuses({}, None)
    assert not accuses(SAYS_NO, extra_fee=False)
    assert accuses(SAYS_YES, extra_fee=False)
    assert accuses(SAYS_NO, extra_fee=True)


def test_one_answer_of_the_whole_form_is_yes_before_no_before_unknown():
    assert told(SAYS_YES, "supply") is True
    assert told(SAYS_YES, "design") is False
    assert told(SAYS_YES, "construction") is None


def test_nobody_accusing_among_too_few_forms_is_insufficient_and_never_clean():
    thresholds = load_thresholds()
    assert thresholds.recovery_least == Fraction(3, 10)
    assert standing(100, 20, 0, thresholds) == "insufficient"  # 0 % of the 20 % that came back
    assert standing(100, 29, 0, thresholds) == "insufficient"
    assert standing(100, 30, 0, thresholds) == "clean"
    assert standing(100, 1, 1, thresholds) == "suspicion"
    assert standing(None, 40, 0, thresholds) == "insufficient"  # nobody says how many were handed out
    assert standing(0, 4, 0, thresholds) == "insufficient"
    assert standing(50, 0, 0, thresholds) == "insufficient"
    assert standing(None, 0, 0, thresholds) == "none"


def test_a_company_sets_its_own_threshold(tmp_path):
    own = 'recovery_least = "0.50"\nrecovery_clause = "x"\ntold_from = 9\ntold_clause = "y"\n'
    (tmp_path / "forms.toml").write_text(own, encoding="utf-8")
    assert load_thresholds(tmp_path).told_from == 9
    assert standing(10, 4, 0, load_thresholds(tmp_path)) == "insufficient"
