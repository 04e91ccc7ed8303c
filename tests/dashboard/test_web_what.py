"""What a figure says of itself: definition, edition, as-of, what is counted and what is left beside it."""

from datetime import UTC, datetime

import pytest

from checks.judge.formulas import FORMULAS
from checks.rulebook.loader import load_rulebook
from dashboard.texts import set_language
from dashboard.web.views import what

EDITION = load_rulebook().editions[-1]
AS_OF = datetime(2026, 10, 11, 1, 2, 3, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _english():
    set_language("en")
    yield
    set_language("zh")


def cell(**changed):
    return {"value": 0.9, "numerator": 9, "denominator": 10, "low": 0.59585, "high": 0.982124, "pending": 1,
            "unjudgeable": 2, "excluded": 3, **changed}  # fmt: skip


def test_a_rate_tells_everything_that_stands_behind_it():
    told = what.words(cell(), EDITION.indicator("R1"), EDITION, AS_OF)
    for words in ("R1 ", "90.0%", "done by the deadline ÷ judged records", "45 min urban", "90 min rural",
                  "120 min remote", "9 / 10", "59.6% to 98.2% (Wilson, 95 %)", "pending 1", "unjudgeable 2",
                  "excluded 3", "from 85.0% to 100.0%, weight 12", "promise-2022", "09:02:03"):  # fmt: skip
        assert words in told, words


def test_no_value_is_neither_zero_nor_a_hundred():
    told = what.words(cell(value=None, denominator=0, numerator=0, low=None, high=None), EDITION.indicator("T1"),
                      EDITION, AS_OF)  # fmt: skip
    assert "no value: neither 0 nor 100 %" in told
    assert told.splitlines()[0] == "T1 Complaints contacted in time: no value: neither 0 nor 100 %"
    assert "Counted: —" in told


def test_a_figure_without_an_interval_says_why():
    assert "how far chance reaches is not known" in what.words(cell(low=None, high=None), EDITION.indicator("O1"),
                                                               EDITION, AS_OF)  # fmt: skip
    assert "too few parts to draw from" in what.words(
        cell(low=None, high=None), EDITION.indicator("H1"), EDITION, AS_OF
    )
    assert "seeded bootstrap" in what.words(cell(), EDITION.indicator("R3"), EDITION, AS_OF)


def test_every_formula_of_the_rulebook_has_its_words():
    assert set(FORMULAS) == set(what.MEANINGS)
