"""The minutes before opening are looked at once: a morning meeting, none, or no recording."""

import json
from datetime import timedelta

import numpy as np
import pytest
import sqlalchemy as sa

from collectors.video.persons import Detections
from collectors.video.recordings import Template
from dashboard.database.models import NOT_JUDGED
from dashboard.people import system_viewer
from dashboard.sampling.followup import opening_of
from dashboard.sampling.mornings import look_at_mornings

CAMERA = "H001-1"
PLAYBACK = "rec/{camera}/%Y%m%d/%H%M.mp4"


class Counting:
    """Sees as many people as there are white marks in the picture's corner."""

    kind, name, side = "yolox", "counting", 320

    def look(self, picture):
        count = round(float(picture[4:8, 4:124].mean() / 255 * 12))
        return Detections(np.array([[10.0 + 20 * n, 10, 26 + 20 * n, 90, 0.9] for n in range(count)]).reshape(-1, 5))


def minute(halls, people):
    """A minute with that many marks and something that moves."""

    def at(second):
        drawn = halls.scenes.room()
        drawn[0:12, 0:128] = 0
        drawn[4:8, 4 : 4 + 10 * people] = 255
        left = 200 + 8 * (int(second * 1.3) % 5)
        drawn[60:76, left : left + 16] = 250
        return drawn

    return at


def recorded(halls, meeting):
    """Twenty minutes before opening; `meeting` minutes of them with five people. One empty file per minute is made."""
    opens, _ = opening_of(halls.db, "H001", halls.moment().date())
    quiet = halls.scenes.write(halls.home / "quiet.mp4", 60, minute(halls, 1), rate=1, key_every=2).read_bytes()
    full = halls.scenes.write(halls.home / "full.mp4", 60, minute(halls, 5), rate=1, key_every=2).read_bytes()
    for number in range(20):
        path = Template(PLAYBACK, CAMERA, halls.home).at(opens - timedelta(minutes=20 - number))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(full if number in meeting else quiet)


def unanswered(halls):
    return [json.loads(row.items) for row in halls.rows(sa.select(NOT_JUDGED.c["items"].label("items")))]


@pytest.mark.parametrize(("meeting", "items"), [((), ["M01"]), ((8, 9), [])])
def test_without_three_people_together_there_was_no_meeting(sqlite_halls, meeting, items):
    halls = sqlite_halls
    halls.hall()
    halls.camera(windows=())
    halls.film(minute(halls, 1), rate=1)
    halls.take(halls.later())
    before = len(halls.findings())
    recorded(halls, meeting)
    look_at_mornings(halls.db, halls.settings, halls.later(), system_viewer(), detector=Counting())
    assert [row.item_code for row in halls.findings()[before:]] == items
    assert "M01" not in unanswered(halls)[0]
    assert look_at_mornings(halls.db, halls.settings, halls.later(), system_viewer(), detector=Counting()) == []


def test_a_missing_recording_is_said_and_not_asked_for_again(sqlite_halls):
    halls = sqlite_halls
    halls.hall()
    halls.camera(windows=())
    halls.film(minute(halls, 1), rate=1)
    halls.take(halls.later())
    assert unanswered(halls)[0]["M01"] == "not judged: no recording from before opening"
    look_at_mornings(halls.db, halls.settings, halls.later(), system_viewer(), detector=Counting())
    assert unanswered(halls)[0]["M01"] == "not judged: the recording from before opening is missing"
