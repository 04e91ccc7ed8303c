"""The detectors' rules: what each item wants, what excuses it, what it lacks; and the file that says so."""

import numpy as np
import pytest

from collectors.video.findings import Sight, judge
from collectors.video.look import look
from collectors.video.persons import Detections, NoDetector
from collectors.video.reference import reference_from
from collectors.video.rules import DetectorRuleError, read_rules, shipped
from collectors.video.states import Held, held_spans
from collectors.video.windows import Window

ALWAYS = ((0.0, 60.0),)
NEVER = ()


def items(slot=2, morning=False, **held):
    """Items proposed where states (`state__place`) hold in the spans given, or are unknown for the reason given."""
    table = {}
    for key, spans in held.items():
        state, _, place = key.partition("__")
        reason = spans if isinstance(spans, str) else None
        table[state, place] = Held(state, place, NEVER if reason else spans, reason)
    found, silent = judge(Sight(table, 60.0, 0.97, slot=slot, morning=morning), shipped())
    return [one.code for one in found], {one.code: one.reason for one in silent}


def test_a_sign_at_the_window_excuses_and_an_unreadable_place_of_it_judges_nothing():
    empty = {"empty__1": ALWAYS, "empty__2": NEVER}
    assert items(**empty)[0] == ["R02"]
    assert items(**empty, suspended__1=ALWAYS)[0] == []
    assert items(**empty, suspended__2=ALWAYS)[0] == ["R02"]
    found, silent = items(**empty, suspended__1="not judged: no reference picture")
    assert (found, silent["R02"]) == ([], "not judged: no reference picture")


@pytest.mark.parametrize(
    ("held", "expected"),
    [
        ({"customer__1": ALWAYS, "idle__1": ALWAYS, "empty__1": NEVER}, ["B04"]),
        ({"customer__1": ALWAYS, "idle__1": NEVER, "empty__1": NEVER}, []),
        ({"customer__1": ALWAYS, "idle__2": ALWAYS}, []),
        ({"queue__waiting": ALWAYS, "empty__1": NEVER, "empty__2": ALWAYS}, ["B07", "R02"]),
        ({"queue__waiting": ALWAYS, "empty__1": NEVER}, []),
        ({"crowded__line": ALWAYS}, ["B08"]),
        ({"stranger__staff": ALWAYS}, ["R11"]),
        ({"standing__screen": ALWAYS, "screen_off__screen": NEVER}, ["E08"]),
        ({"standing__screen": ALWAYS, "screen_off__screen": ALWAYS}, ["F01"]),
        ({"terminal_off__terminal": ALWAYS}, ["F01"]),
        ({"wrong_clock__clock": ALWAYS}, ["F04"]),
        ({"ungathered__": ALWAYS}, []),
    ],
)
def test_what_each_item_wants(held, expected):
    assert sorted(items(**held)[0]) == expected


def test_items_of_a_slot_are_looked_for_in_it_alone():
    assert items(slot=1, shut__door=ALWAYS)[0] == ["R03"]
    assert items(slot=5, unlit__=ALWAYS)[0] == ["R03"]
    found, silent = items(slot=3, shut__door=ALWAYS, unlit__=ALWAYS)
    assert (found, "R03" in silent) == ([], False)
    found, silent = items(slot=None, shut__door=ALWAYS)
    assert (found, silent["R03"]) == ([], "not judged: time of day not known")


def test_the_minutes_before_opening_are_judged_by_their_own_rule_and_by_no_other():
    found, silent = items(slot=1, ungathered__=ALWAYS)
    assert (found, silent["M01"]) == ([], "not judged: no recording from before opening")
    assert items(slot=1, morning=True, ungathered__=ALWAYS, empty__1=ALWAYS)[0] == ["M01"]
    assert "M01" not in items(slot=3)[1]


def test_silence_always_has_a_reason():
    """With nothing drawn, every item but those of the whole picture and of the camera says so."""
    _, silent = items(slot=1)
    assert set(silent) == set(shipped().items) - {"F02", "F03"}


def test_breaks_and_flashes_shorter_than_the_debounce_are_merged_away():
    edges = np.arange(0, 7.0)
    flags = np.array([1, 1, 0, 1, 1, 0], bool)
    known = np.ones(6, bool)
    assert held_spans(flags, known, edges, 0.0) == ((0.0, 2.0), (3.0, 5.0))
    assert held_spans(flags, known, edges, 2.0) == ((0.0, 5.0),)
    unseen = np.array([1, 1, 0, 1, 1, 1], bool)
    assert held_spans(flags, unseen, edges, 0.5) == ((0.0, 2.0), (3.0, 5.0))
    assert held_spans(flags, unseen, edges, 1.0) == ((0.0, 5.0),)


# --- measured on films -----------------------------------------------------------------------------------------------


class Seeing:
    """A detector that always sees people in these boxes (left, top, right, bottom)."""

    kind, name, side = "yolox", "seeing", 320

    def __init__(self, *boxes):
        self.boxes = np.array([[*box, 0.9] for box in boxes], float).reshape(-1, 5)

    def look(self, picture):
        return Detections(self.boxes)


def area(name, left, top, right, bottom):
    return Window(name, ((left, top), (right, top), (right, bottom), (left, bottom)))


CORNER = (0, 0, 80, 64)


def filmed(tmp_path, scenes, draw, windows, detector=None, **options):
    path = scenes.write(tmp_path / "film.mp4", 12, lambda second: draw(scenes.room(), second), rate=4)
    seen = look(path, windows=windows, detector=detector or NoDetector(), **options)
    return {(one.state, one.place): one for one in seen.states}, [one.code for one in seen.findings]


def screen(changing):
    def draw(picture, second):
        picture[0:64, 0:80] = 220
        at = 6 + 10 * (int(second / 2) % 4) if changing else 6
        picture[at : at + 8, 8:72] = 20
        return picture

    return draw


@pytest.mark.parametrize(("changing", "found"), [(False, ["E08"]), (True, [])])
def test_a_list_that_stands_still(tmp_path, scenes, changing, found):
    assert filmed(tmp_path, scenes, screen(changing), [area("screen", *CORNER)])[1] == found


def test_a_dark_screen_is_off_and_stands_for_nothing_else(tmp_path, scenes):
    def draw(picture, second):
        picture[0:64, 0:80] = 5
        return picture

    assert filmed(tmp_path, scenes, draw, [area("screen", *CORNER)])[1] == ["F01"]


@pytest.mark.parametrize(("shut", "found"), [(True, ["R03"]), (False, [])])
def test_a_door_that_does_not_look_open(tmp_path, scenes, shut, found):
    def draw(picture, second):
        if shut:
            picture[:, 240:] = (40 + 120 * (np.arange(180) // 4 % 2))[:, None, None]
        return picture

    reference = reference_from(scenes.room().mean(axis=2).astype(np.uint8))
    door = [area("door", 240, 0, 320, 180)]
    assert filmed(tmp_path, scenes, draw, door, reference=reference, slot=1)[1] == found
    _, without = filmed(tmp_path, scenes, draw, door, slot=1)
    assert without == []


def test_people_are_counted_where_they_are(tmp_path, scenes):
    """Three people, one window: two more than it serves stand before the counter, and two behind it."""
    people = Seeing((20, 40, 50, 120), (60, 40, 90, 120), (100, 40, 130, 120))
    places = [area("1", 15, 30, 55, 130), area("line", 0, 0, 200, 180), area("staff", 0, 0, 200, 180),
              area("waiting", 0, 0, 200, 180), area("front:1", 95, 30, 140, 130)]  # fmt: skip
    states, found = filmed(tmp_path, scenes, lambda picture, second: picture, places, people)
    assert {"B08", "R11"} <= set(found)
    holding = {state for (state, _), one in states.items() if one.spans}
    assert {"crowded", "stranger", "queue", "customer"} <= holding
    assert states["empty", "1"].spans == ()
    alone, _ = filmed(tmp_path, scenes, lambda picture, second: picture, places, Seeing((20, 40, 50, 120)))
    assert {state for (state, _), one in alone.items() if one.spans} & {"crowded", "stranger", "queue"} == set()


# --- the file --------------------------------------------------------------------------------------------------------

STATE = '[states.x]\nof = "window"\nseries = "present"\nbelow = 1\n'
RULE = '[[rules]]\nitem = "R01"\ntitle = "T"\nsource = "s"\nover = "each"\nseconds = 1\n'


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (STATE.replace("window", "roof"), "no kind of place called 'roof'"),
        (STATE + "at_least = 1\n", "one of `below` and `at_least`"),
        (STATE + 'needs = ["luck"]\n', "unknown need 'luck'"),
        (STATE.replace("present", "mood"), "no series called 'mood'"),
        (STATE + "debonce = 1\n", "debonce"),
        (STATE + RULE + 'when = ["y"]\n', "no state 'y'"),
        (STATE + RULE.replace("each", "some") + 'when = ["x"]\n', "over = 'some'"),
        (STATE + RULE + 'problems = ["ghost"]\n', "ghost"),
        (RULE, "`when` or camera problems"),
    ],
)
def test_a_rule_that_cannot_be_used_is_refused_by_name(text, words):
    with pytest.raises(DetectorRuleError) as caught:
        read_rules(text)
    assert words in str(caught.value)


def test_every_series_named_in_the_file_is_measured_and_every_item_is_on_the_list():
    assert set(shipped().items) == {"R01", "R02", "R03", "R11", "B04", "B07", "B08", "E08", "F01", "F02", "F03", "F04",
                                    "M01"}  # fmt: skip
    assert shipped().of_a_camera == {"F02", "F03", "F04"}
