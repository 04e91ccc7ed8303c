"""Candidates of unproven duration are followed into the recording before and after them."""

import hashlib
import json
from datetime import timedelta

import pytest
import sqlalchemy as sa

from collectors.video.persons import NoDetector
from collectors.video.recordings import Template
from collectors.video.witnesses import MEASURED
from dashboard.database.models import FOLLOW_UPS
from dashboard.judging.rules import rules_of
from dashboard.people import system_viewer
from dashboard.queries.samples import samples
from dashboard.sampling.followup import follow_up_due, opening_of

CAMERA = "H001-1"
PLAYBACK = "rec/{camera}/%Y%m%d/%H%M.mp4"


@pytest.fixture(autouse=True)
def _strong_witnesses(monkeypatch):
    monkeypatch.setitem(MEASURED, ("none", False), 0.95)


def fan(picture, second):
    """A fan turns in the corner: a picture in which nothing moves for a minute would pass for a frozen one."""
    drawn = picture.copy()
    left = 10 + 8 * (int(second * 1.3) % 5)
    drawn[10:26, left : left + 16] = 250
    return drawn


def film(halls, picture_at, minutes):
    """Files of a minute each, from `minutes[0]` to `minutes[1]` around the drawn moment."""
    moment = halls.moment()
    first = moment.replace(second=0)
    for number in range(*minutes):
        begins = first + timedelta(minutes=number)
        shift = (begins - moment).total_seconds()
        path = Template(PLAYBACK, CAMERA, halls.home).at(begins)
        halls.scenes.write(
            path, 60, lambda second, shift=shift: fan(picture_at(second + shift), second), rate=1, key_every=2
        )


def candidate(halls, picture_at, minutes, **camera):
    halls.hall()
    halls.camera(**camera)
    film(halls, picture_at, minutes)
    halls.take(halls.later())
    (finding,) = halls.findings()
    assert (finding.item_code, finding.duration_proven) == ("R01", False)
    return finding


def follow(halls, **delta):
    now = halls.later(**(delta or {"minutes": 9}))
    return follow_up_due(halls.db, halls.settings, now, system_viewer(), detector=NoDetector())


def test_five_empty_minutes_are_proven_by_the_recording_before(halls):
    finding = candidate(halls, halls.scenes.room_with(), (-6, 2))
    assert follow(halls, seconds=400) == []  # what may be needed after it is not recorded yet
    left = halls.home / "evidence" / "follow-ups" / str(finding.id) / "left by a run that was killed.jpg"
    left.parent.mkdir(parents=True)
    left.write_bytes(b"x")
    (done,) = follow(halls)
    assert (done.finding, done.outcome, done.reason) == (finding.id, "proven", None)
    (row,) = halls.rows(sa.select(FOLLOW_UPS))
    assert row.held >= 300
    assert json.loads(row.spans)[CAMERA][0][0] <= -240
    frames = [one for one in halls.evidence() if one.path.startswith("follow-ups/")]
    assert [one.finding_id for one in frames] == [finding.id]
    for one in frames:
        assert hashlib.sha256((halls.home / "evidence" / one.path).read_bytes()).hexdigest() == one.sha256
    assert follow(halls) == []  # once
    assert halls.files() == sorted(one.path for one in halls.evidence())  # nothing that nobody entered


def test_somebody_who_was_there_before_and_after_refutes_it(sqlite_halls):
    halls = sqlite_halls
    candidate(halls, halls.scenes.room_with((-600, -60), (120, 600)), (-6, 7))
    (done,) = follow(halls)
    assert done.outcome == "refuted"
    assert done.held[0] == pytest.approx(-60, abs=4)
    assert done.held[1] == pytest.approx(120, abs=4)
    slots, tomorrow = rules_of(halls.settings, halls.db).slots, halls.later(hours=24)
    (row,) = samples(halls.db, system_viewer(), slots=slots, as_of=tomorrow)
    assert row["findings"] == []


def test_an_absence_that_begins_in_the_minute_is_followed_into_what_comes_after(sqlite_halls):
    halls = sqlite_halls
    candidate(halls, halls.scenes.room_with((-600, -60)), (-6, 7))
    (done,) = follow(halls)
    assert done.outcome == "proven"
    assert done.held[0] == pytest.approx(-60, abs=4)


def test_without_recordings_around_it_the_duration_stays_unproven(sqlite_halls):
    halls = sqlite_halls
    candidate(halls, halls.scenes.room_with(), (0, 2))
    (done,) = follow(halls)
    assert (done.outcome, done.reason) == ("not_possible", "recording_missing")


def test_the_hours_of_a_hall_bound_what_is_looked_for(sqlite_halls):
    halls = sqlite_halls
    day = halls.moment().date()
    assert [f"{one:%H:%M}" for one in opening_of(halls.db, "H001", day)] == ["08:30", "17:30"]
    halls.insert("hall_days", hall_code="H001", date=day.isoformat(), open=True, opens="09:00", closes="12:00")
    assert [f"{one:%H:%M}" for one in opening_of(halls.db, "H001", day)] == ["09:00", "12:00"]
