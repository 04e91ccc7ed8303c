"""What the browser may send to the review desk, and what the desk gives it: forged, stale and strange events."""

import re
from types import SimpleNamespace

import pytest

from checks.rulebook.loader import load_rulebook
from dashboard.reviewing.rounds import Broken, Rejected, Verdict
from dashboard.sheet_notes import item_words
from dashboard.texts import set_language
from dashboard.web.components import review
from dashboard.web.components.review import CAUSE_ITEMS, DELIBERATE_ITEMS, GROUPS, USUAL, event_of
from dashboard.web.views import review as view

SHEET = load_rulebook().sheet
ITEM = {"item": "R02", "note": "窗口无人。", "camera": "K1", "second": 5.2, "finding": 7, "office_is_cause": False,
        "deliberate": False}  # fmt: skip
SENT = {"kind": "decide", "sample": "S1", "turn": 3, "decision": "violation", "items": [ITEM],
        "rejected": [{"finding": 8, "reason": "hidden"}]}  # fmt: skip


@pytest.fixture(autouse=True)
def chinese():
    set_language("zh")
    yield
    set_language("zh")


def test_a_decision_comes_as_it_was_made():
    found = event_of(SENT, "S1", 3)
    assert (found.kind, found.sample) == ("decide", "S1")
    assert found.verdict == Verdict("violation", (Broken("R02", "窗口无人。", "K1", 5.2, 7),), (Rejected(8, "hidden"),))


@pytest.mark.parametrize("kind", ["skip", "undo", "alive"])
def test_what_is_no_decision_carries_none(kind):
    assert event_of({"kind": kind, "sample": "S1", "turn": 3}, "S1", 3) == review.Event(kind, "S1")


FORGED = {
    "another sample": {"sample": "S2"},
    "an earlier turn": {"turn": 2},
    "an unknown kind": {"kind": "annul"},
    "an unknown decision": {"decision": "annulled"},
    "items that are no list": {"items": {"item": "R02"}},
    "an item that is a word": {"items": ["R02"]},
    "an item without a note": {"items": [{"item": "R02"}]},
    "a note that is a number": {"items": [{**ITEM, "note": 3}]},
    "a moment that is a word": {"items": [{**ITEM, "second": "5"}]},
    "a moment that is true": {"items": [{**ITEM, "second": True}]},
    "a finding that is a word": {"items": [{**ITEM, "finding": "7; --"}]},
    "a rejection without a reason": {"rejected": [{"finding": 8}]},
    "more than a person could say": {"items": [ITEM] * 101},
}


@pytest.mark.parametrize("fault", FORGED)
def test_a_stale_or_forged_event_is_dropped(fault):
    assert event_of({**SENT, **FORGED[fault]}, "S1", 3) is None


def test_intent_is_only_what_was_ticked():
    items = [{**ITEM, "deliberate": "yes", "office_is_cause": 1}]
    (found,) = event_of({**SENT, "items": items}, "S1", 3).verdict.items
    assert (found.deliberate, found.office_is_cause) == (False, False)


def test_every_item_of_the_sheet_has_initials_and_a_note_in_both_languages_and_a_group():
    codes = {one.code for one in SHEET.items} - {"M03"}
    assert {one["code"] for one in view.sheet_items(SHEET)} == codes
    for language in ("zh", "en"):
        set_language(language)
        assert [code for code in codes if not item_words(code).notes or not item_words(code).initials] == []
    assert {code[0] for code in codes} == set(GROUPS)
    assert {*USUAL, *CAUSE_ITEMS, *DELIBERATE_ITEMS} <= codes


def test_every_word_of_the_scripts_is_there():
    """The scripts ask for `words.x`; a text that is missing would show as nothing at all."""
    scripts = "".join((review.FOLDER / name).read_text("utf-8") for name in review.SCRIPTS)
    asked = set(re.findall(r"(?:words|this\.words|\bw)\.([a-zA-Z]+)", scripts))
    assert asked - set(review.words()) == {"grades"}
    assert set(review.words()) - asked == set()


def test_the_last_judgement_is_told_beside_undo():
    tree = SimpleNamespace(name=lambda code: {"H1": "东河营业厅"}[code])
    found = {"sample": "S1", "hall": "H1", "date": "2026-09-01", "slot": 2, "decision": "violation", "items": ["R02"]}
    assert view.last(found, tree) == "上一个：东河营业厅，时段 2：违规 R02"
    assert view.last(None, tree) is None
