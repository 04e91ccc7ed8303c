"""Minutes that a recorder should hold and does not."""

from datetime import datetime, timedelta

from collectors.video.gaps import gaps, held_by
from collectors.video.plan import LOCAL
from collectors.video.recordings import Template

NINE = datetime(2026, 9, 1, 9, 0, tzinfo=LOCAL)
MINUTES = "rec/{camera}/%Y%m%d/%H%M.mp4"


def at(minutes, seconds=0):
    return NINE + timedelta(minutes=minutes, seconds=seconds)


def test_what_no_interval_covers_is_a_gap():
    held = [(at(5), at(10)), (at(0), at(3)), (at(2), at(4)), (at(20), at(40))]
    assert gaps(held, at(0), at(30)) == [(at(10), at(20))]
    assert gaps(held, at(0), at(30), longer_than=timedelta(seconds=59)) == [(at(4), at(5)), (at(10), at(20))]


def test_a_minute_is_tolerated_and_a_second_more_is_not():
    assert gaps([(at(1), at(9))], at(0), at(9)) == []
    assert gaps([(at(1, 1), at(9))], at(0), at(9)) == [(at(0), at(1, 1))]
    assert gaps([(at(0), at(8))], at(0), at(9)) == []
    assert gaps([(at(0), at(7, 59))], at(0), at(9)) == [(at(7, 59), at(9))]


def test_nothing_held_is_one_gap_and_nothing_asked_is_none():
    assert gaps([], at(0), at(9)) == [(at(0), at(9))]
    assert gaps([], at(9), at(0)) == []
    assert gaps([(at(20), at(30))], at(0), at(9)) == [(at(0), at(9))]


def test_a_folder_holds_what_its_files_say_and_a_damaged_one_holds_nothing(tmp_path, scenes):
    """Three files of a minute, a hole, one of ten minutes that is two minutes long, one that is damaged."""
    template = Template(MINUTES, "C1", tmp_path)
    for minute, seconds in ((0, 60), (1, 60), (2, 60), (6, 120), (12, 60)):
        scenes.write(template.at(at(minute)), seconds, lambda _: scenes.room(), rate=1)
    damaged = template.at(at(12))
    damaged.write_bytes(damaged.read_bytes()[600:])
    found = gaps(held_by(template, at(0), at(15)), at(0), at(15))
    minutes = [(begins.replace(second=0, microsecond=0), ends) for begins, ends in found]
    assert minutes == [(at(3), at(6)), (at(8), at(15))]
    assert all(begins.second <= 3 for begins, _ in found)
