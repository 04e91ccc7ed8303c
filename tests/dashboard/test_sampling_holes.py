"""Ways around the draw that somebody might try, and orders of events that nobody planned."""

import threading
from datetime import date, datetime, time, timedelta

import pytest
import sqlalchemy as sa

from checks.periods import parse_period
from collectors.video.plan import LOCAL, SlotSpan, moment_of, seed_of
from dashboard.actions.extra_samples import ask_for_sample
from dashboard.actions.hall_days import Filing, file_hall_days
from dashboard.actions.slots import change_slots
from dashboard.database.models import EVIDENCE, EXTRA_SAMPLES, RECORD_TABLES, REVIEWS
from dashboard.errors import UsageError
from dashboard.instants import to_micros
from dashboard.judging.rules import rules_of
from dashboard.people import Viewer, system_viewer
from dashboard.queries.cameras import cameras, quiet_moments
from dashboard.queries.detectors import detector_quality
from dashboard.queries.faults import camera_faults
from dashboard.queries.hall_days import hall_month
from dashboard.queries.samples import samples
from dashboard.sampling.days import due_slots
from dashboard.sampling.faults import note
from dashboard.sampling.sealing import reveal, seal
from dashboard.sampling.slots import slots_on
from dashboard.sampling.verifying import verify_plans
from dashboard.settings import VideoSettings

KEEPER = Viewer("秦怀瑾", "administrator", frozenset({"*"}))
INSPECTOR = Viewer("沈岚", "inspector", frozenset({"*"}))
DAY, NEXT = date(2026, 9, 1), date(2026, 9, 2)
SUNDAY = date(2026, 9, 6)
EVENING = datetime(2026, 8, 31, 20, 0, tzinfo=LOCAL)
SECRET = b"0123456789abcdef0123456789abcdef"
OLD = [(1, "10:00", "10:20"), (2, "14:00", "14:20")]


@pytest.fixture
def hall(sqlite_halls):
    sqlite_halls.hall()
    sqlite_halls.camera()
    return sqlite_halls


def at(clock, day):
    return datetime.combine(day, time.fromisoformat(clock), LOCAL)


def sealed(hall, day, now, slots=None):
    settings = hall.settings if slots is None else edited(hall, slots)
    return seal(hall.db, settings, day, by=system_viewer(), now=now)


def edited(hall, slots):
    video = VideoSettings(person_model="none", evidence_dir="evidence", slots=slots)
    return hall.settings.model_copy(update={"video": video})


def spans(hall, day):
    return [(one.number, f"{one.starts:%H:%M}", f"{one.ends:%H:%M}") for one in slots_on(hall.db, hall.settings, day)]


def test_when_a_look_was_captured_is_not_told_before_its_slot_has_ended(hall):
    hall.sampled()
    moment = hall.moment()
    slots = rules_of(hall.settings, hall.db).slots
    (before,) = samples(hall.db, INSPECTOR, slots=slots, as_of=moment + timedelta(seconds=70))
    assert (before["planned_at"], before["captured_at"]) == (None, None)
    (after,) = samples(hall.db, INSPECTOR, slots=slots, as_of=at("10:20", DAY))
    assert after["planned_at"] == after["captured_at"] == moment


def test_no_list_of_cameras_or_faults_tells_the_moment_before_its_slot_has_ended(hall):
    hall.sampled(items=(), outcome="not_checkable")
    moment, slots = hall.moment(), rules_of(hall.settings, hall.db).slots
    with hall.db.session() as connection:
        connection.execute(sa.update(EVIDENCE).values(taken_at=to_micros(moment)))
        note(connection, camera="H001-1", hall="H001", sample="H001-2026-09-01-1", outcome="not_checkable",
             cause="black", at=moment)  # fmt: skip

    def said(now):
        (fault,) = camera_faults(hall.db, INSPECTOR, slots=slots, as_of=now)
        (state,) = cameras(hall.db, INSPECTOR, halls=["H001"], slots=slots, as_of=now)
        moments = quiet_moments(hall.db, INSPECTOR, hall.settings, "H001-1", slots=slots, as_of=now)
        assert len(moments) == (now >= at("10:20", DAY))
        return {fault["opened_at"], fault["last_at"], state.looked_at}

    assert said(moment + timedelta(seconds=70)) == {at("10:00", DAY)}
    assert said(at("10:20", DAY)) == {moment}


def test_a_day_sealed_late_is_taken_by_the_slots_that_it_was_sealed_with(hall):
    """The configuration was edited while no worker ran: the first round adopts it, and draws by it at once."""
    sealed(hall, DAY, EVENING)
    hall.settings = edited(hall, {"1": "11:00-12:00"})
    moment = moment_of(seed_of(SECRET, NEXT), "H001", NEXT, SlotSpan(1, time(11), time(12)))
    hall.take(at("16:00", NEXT), only_day=NEXT)
    sample = RECORD_TABLES["samples"].c
    rows = hall.rows(sa.select(sample.slot, sample.planned_at).where(sample.date == str(NEXT)))
    assert [tuple(row) for row in rows] == [(1, int(moment.timestamp()) * 1_000_000)]
    over = at("16:01", NEXT)
    reveal(hall.db, hall.settings, NEXT, by=system_viewer(), now=over)
    assert [one for one in verify_plans(hall.db, hall.settings, now=over)["problems"] if one["kind"] == "moment"] == []


def test_a_day_off_that_is_sealed_afterwards_brings_no_new_slots_to_sealed_days(hall):
    """A Sunday on which a hall turns out to have been open, after the configuration was edited on the Monday."""
    monday = SUNDAY + timedelta(days=1)
    sealed(hall, DAY, EVENING)
    sealed(hall, monday, at("20:00", SUNDAY))
    slots = {"1": "11:00-12:00"}
    sealed(hall, SUNDAY, at("09:00", monday), slots)
    hall.settings = edited(hall, slots)
    assert spans(hall, monday) == OLD
    assert spans(hall, monday + timedelta(days=1)) == [(1, "11:00", "12:00")]


def test_a_change_before_the_first_day_was_sealed_keeps_what_was_configured_then(hall):
    """A database of before: samples are there, and no table of slots."""
    change_slots(hall.db, hall.settings, by=KEEPER, since=NEXT, slots={"1": "09:00-09:30"}, at=EVENING)
    hall.settings = edited(hall, {"1": "11:00-12:00"})
    assert spans(hall, DAY) == OLD
    assert spans(hall, NEXT) == [(1, "09:00", "09:30")]


def test_an_own_opening_day_is_not_closed_once_a_slot_of_it_began(hall):
    def filed(kind, now, **values):
        filing = Filing(("H001",), SUNDAY, SUNDAY, kind, **{"reason": "集市日", **values})
        file_hall_days(hall.db, by=INSPECTOR, filing=filing, at=now)

    filed("opening", at("09:00", DAY), opens=time(8), closes=time(17))
    filed("closed", at("09:00", NEXT))  # in time: it is closed
    assert due_slots(hall.db, hall.settings, SUNDAY) == []
    filed("opening", at("10:00", NEXT), opens=time(8), closes=time(17))
    with pytest.raises(UsageError, match="hours of its own"):
        filed("closed", at("10:10:00", SUNDAY))
    assert [one.number for one in due_slots(hall.db, hall.settings, SUNDAY)] == [1, 2]


def test_a_fault_told_again_in_other_words_stays_in_time(hall):
    def filed(first, last, now):
        filing = Filing(("H001",), first, last, "fault", "停电")
        file_hall_days(hall.db, by=INSPECTOR, filing=filing, at=now)

    filed(DAY, DAY, at("11:00", DAY))
    filed(DAY, NEXT, at("09:00", NEXT))
    days = hall_month(hall.db, INSPECTOR, rules_of(hall.settings, hall.db), hall="H001", year=2026, month=9)
    assert [(one.fault, one.too_late) for one in days[:2]] == [(True, False), (True, False)]


def test_samples_asked_for_are_in_no_share_of_the_detectors(hall):
    hall.sampled()
    now = at("16:00", DAY)
    before = detector_quality(hall.db, INSPECTOR, period=parse_period("2026-09"), halls={"H001"}, as_of=now)
    moment = hall.moment() + timedelta(minutes=3)
    number = ask_for_sample(hall.db, by=INSPECTOR, hall="H001", moment=moment, reason="投诉", document=None, at=now)
    stamp = int(moment.timestamp()) * 1_000_000
    hall.insert("samples", sample_id=number, hall_code="H001", camera_code="H001-1", date=str(DAY), slot=None,
                planned_at=stamp, captured_at=stamp, outcome="captured")  # fmt: skip
    with hall.db.session() as connection:
        connection.execute(sa.text("INSERT INTO findings (sample_id, hall_code, camera_code, item_code, observed_at,"
                                   " duration_proven, source, created_at) VALUES (:s, 'H001', 'H001-1', 'R02', :t,"
                                   " 1, 'detector', :t)"), {"s": number, "t": stamp})  # fmt: skip
    after = detector_quality(hall.db, INSPECTOR, period=parse_period("2026-09"), halls={"H001"}, as_of=now)
    assert after == before


def test_a_candidate_in_which_a_person_found_another_item_was_wrong_and_the_other_one_overlooked(hall):
    sample, now = hall.sampled(), at("16:00", DAY)
    (one,) = hall.findings()
    told = {"sample_id": sample, "by": "张检", "at": one.created_at}
    with hall.db.session() as connection:
        connection.execute(sa.insert(REVIEWS).values(finding_id=one.id, decision="confirmed", item_code="E08", **told))
        connection.execute(sa.insert(REVIEWS).values(decision="violation", item_code="E08", **told))
    rows = detector_quality(hall.db, INSPECTOR, period=parse_period("2026-09"), halls={"H001"}, as_of=now)
    found = {row.item: (row.candidates, row.confirmed, row.rejected, row.missed, row.judged_without) for row in rows}
    assert (found["R02"], found["E08"], found["R01"]) == ((1, 0, 1, 0, 0), (0, 0, 0, 1, 1), (0, 0, 0, 0, 1))


def test_two_who_ask_at_once_get_two_numbers(halls):
    halls.hall()
    halls.camera()
    now, got, begin = at("16:00", DAY), [], threading.Barrier(4)

    def ask():
        begin.wait()
        got.append(ask_for_sample(halls.db, by=INSPECTOR, hall="H001", moment=None, reason="投诉", document=None,
                                  at=now))  # fmt: skip

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(got) == [f"X-H001-2026-09-01-{n}" for n in (1, 2, 3, 4)]
    assert len(halls.rows(sa.select(EXTRA_SAMPLES))) == 4
