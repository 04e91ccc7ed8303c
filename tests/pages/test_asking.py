"""What is this number?: every figure of every page says what it is, when somebody asks."""

import re

import pytest

from dashboard.web import frame
from dashboard.web.components.strip import Event
from dashboard.web.views import figures
from tests.pages.opening import markup_of, open_page, text_of

PAGES = {
    "today": {}, "records": {"record": "repairs"}, "lines": {}, "connections": {}, "exclusions": {}, "quarter": {},
    "what_if": {}, "signals": {}, "league": {},
}  # fmt: skip
ASKED = re.compile(r'class="mc-what" data-what="([^"]+)"')


@pytest.fixture
def asking(monkeypatch, company):
    """A page on which somebody pressed the button of this name; its text with the opened window."""

    def ask(name, page="league", **parameters):
        monkeypatch.setattr(frame, "strip", lambda *_: Event("what", "", name))
        return text_of(open_page(company, page, lang="en", **parameters))

    return ask


@pytest.mark.parametrize("page", PAGES)
def test_the_figures_of_a_page_can_be_asked_about_and_have_an_answer(company, page):
    buttons = {name.split("|")[0] for name in ASKED.findall(markup_of(open_page(company, page, **PAGES[page])))}
    assert buttons
    assert buttons - {"row", "cell"} <= figures.NAMES.keys()


def test_every_row_and_rate_of_the_league_has_its_button(company):
    rows = ASKED.findall(markup_of(open_page(company, "league")))
    assert {"row|990201", "row|990202"} <= set(rows)
    cells = ASKED.findall(markup_of(open_page(company, "league", tab="indicator", indicator="R1")))
    assert "cell|990201|R1" in cells


def test_a_row_tells_score_rank_and_what_stands_beside_each_rate(asking):
    told = asking("row|990201")
    for words in ("sum of points ÷ sum of the available weights", "Available weight", "promise-2022", "Data as of",
                  "R1 ", "Without exclusions"):  # fmt: skip
        assert words in told, words


def test_a_rate_tells_its_definition_and_the_rate_without_exclusions(asking):
    told = asking("cell|990201|R1", tab="indicator", indicator="R1")
    for words in ("done by the deadline ÷ judged records", "Left beside the rate", "Without exclusions"):
        assert words in told, words


def test_another_figure_tells_what_was_counted(asking):
    told = asking("connections.within|n=4|excluded=2|x=9", page="connections")
    assert "connected by the deadline of their class ÷ judged ones" in told
    assert re.search(r"n 4 excluded 2 Period", told)


@pytest.mark.parametrize("name", ["", "row", "row|nobody", "cell|990201|X9", "nonsense|n=1", "cell|nobody|R1"])
def test_what_no_button_says_is_answered_with_nothing(asking, name):
    assert "Nothing is known of this figure" in asking(name)
