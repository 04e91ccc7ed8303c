"""Slots that change: from a free day on, while the days before keep theirs, in the draw, in `verify` and in H2."""

from datetime import date, datetime, time, timedelta

import pytest
import sqlalchemy as sa

from collectors.video.plan import LOCAL, SlotSpan, moment_of, seed_of
from dashboard.actions.slots import change_slots, next_free_day
from dashboard.database.models import RECORD_TABLES, SLOT_TABLES
from dashboard.errors import NotAllowedError, UsageError
from dashboard.judging.rules import rules_of
from dashboard.people import Viewer, system_viewer
from dashboard.sampling.sealing import reveal, seal
from dashboard.sampling.slots import slots_on
from dashboard.sampling.verifying import verify_plans
from dashboard.settings import VideoSettings

KEEPER = Viewer("秦怀瑾", "administrator", frozenset({"*"}))
DAY, NEXT = date(2026, 9, 1), date(2026, 9, 2)
EVENING = datetime(2026, 8, 31, 20, 0, tzinfo=LOCAL)
LATER = {"1": "09:00-09:30", "2": "15:00-16:00"}


@pytest.fixture
def hall(halls):
    return with_hall(halls)


def with_hall(halls):
    halls.hall()
    halls.camera()
    return halls


def spans(halls, day):
    return [(one.number, f"{one.starts:%H:%M}", f"{one.ends:%H:%M}") for one in slots_on(halls.db, halls.settings, day)]


def change(halls, since=NEXT, slots=LATER, *, by=KEEPER, at=EVENING):
    change_slots(halls.db, halls.settings, by=by, since=since, slots=slots, at=at)


def test_a_change_holds_from_its_day_and_the_day_before_keeps_its_slots(hall):
    seal(hall.db, hall.settings, DAY, by=system_viewer(), now=EVENING)
    assert next_free_day(hall.db, EVENING) == NEXT
    change(hall)
    assert spans(hall, DAY) == [(1, "10:00", "10:20"), (2, "14:00", "14:20")]
    assert spans(hall, NEXT) == [(1, "09:00", "09:30"), (2, "15:00", "16:00")]


def test_what_was_drawn_before_a_change_is_still_verified_by_the_old_slots(hall):
    hall.film(hall.scenes.room_with((0, 60)))
    seal(hall.db, hall.settings, DAY, by=system_viewer(), now=EVENING)
    hall.take(hall.later())
    change(hall)
    over = datetime(2026, 9, 1, 15, 0, tzinfo=LOCAL)
    reveal(hall.db, hall.settings, DAY, by=system_viewer(), now=over)
    found = verify_plans(hall.db, hall.settings, now=over)
    assert [one for one in found["problems"] if one["kind"] in ("moment", "commitment", "revealed_early")] == []


def test_a_sample_is_due_by_the_slots_of_its_own_day(hall):
    """A moment of the new second slot, drawn on the new day, lies in no slot of the old table."""
    seal(hall.db, hall.settings, DAY, by=system_viewer(), now=EVENING)
    change(hall)
    span = SlotSpan(2, time(15), time(16))
    moment = moment_of(seed_of(b"0123456789abcdef0123456789abcdef", NEXT), "H001", NEXT, span)
    hall.take(moment + timedelta(minutes=90))
    sample = RECORD_TABLES["samples"].c
    rows = hall.rows(sa.select(sample.planned_at, sample.slot).where(sample.date == NEXT.isoformat(), sample.slot == 2))
    assert [(row.planned_at, row.slot) for row in rows] == [(int(moment.timestamp()) * 1_000_000, 2)]


def test_an_edited_configuration_holds_from_the_next_day_that_is_sealed(hall):
    seal(hall.db, hall.settings, DAY, by=system_viewer(), now=EVENING)
    edited = hall.settings.model_copy(update={"video": VideoSettings(person_model="none", slots={"1": "11:00-12:00"})})
    seal(hall.db, edited, NEXT, by=system_viewer(), now=EVENING + timedelta(days=1))
    hall.settings = edited
    assert spans(hall, DAY) == [(1, "10:00", "10:20"), (2, "14:00", "14:20")]
    assert spans(hall, NEXT) == [(1, "11:00", "12:00")]
    assert len(hall.rows(sa.select(SLOT_TABLES))) == 2


def test_a_table_of_the_page_stays_while_the_configuration_is_as_it_was(hall):
    seal(hall.db, hall.settings, DAY, by=system_viewer(), now=EVENING)
    change(hall)
    seal(hall.db, hall.settings, NEXT, by=system_viewer(), now=EVENING + timedelta(days=1))
    assert spans(hall, NEXT) == [(1, "09:00", "09:30"), (2, "15:00", "16:00")]


def test_slots_that_never_changed_leave_the_digest_of_the_rules_as_it_was(hall):
    before = rules_of(hall.settings, hall.db).digest
    seal(hall.db, hall.settings, DAY, by=system_viewer(), now=EVENING)
    assert rules_of(hall.settings, hall.db).digest == before
    change(hall)
    assert rules_of(hall.settings, hall.db).digest != before


@pytest.mark.parametrize(
    ("changed", "error", "said"),
    [
        ({"since": DAY}, UsageError, "sealed or has begun"),
        ({"since": date(2026, 8, 31)}, UsageError, "sealed or has begun"),
        ({"slots": {}}, UsageError, "at least one slot"),
        ({"slots": {"1": "9-10"}}, UsageError, "not of the form"),
        ({"slots": {"1": "09:00-09:01"}}, UsageError, "lasts 60 s"),
        ({"slots": {"1": "09:00-10:00", "2": "09:59-11:00"}}, UsageError, "1 and 2 overlap"),
        ({"by": system_viewer()}, NotAllowedError, "may not change"),
        ({"by": Viewer("沈岚", "inspector", frozenset({"*"}))}, NotAllowedError, "may not change"),
        ({"by": Viewer("甲", "administrator", frozenset({"H001"}))}, NotAllowedError, "may not change"),
    ],
)
def test_what_would_move_a_drawn_moment_or_cannot_be_used_is_refused(sqlite_halls, changed, error, said):
    hall = with_hall(sqlite_halls)
    seal(hall.db, hall.settings, DAY, by=system_viewer(), now=EVENING)
    with pytest.raises(error, match=said):
        change(hall, **changed)
    assert len(hall.rows(sa.select(SLOT_TABLES))) == 1
