"""Filing how halls are open: what is due afterwards, what came too late, and what a later file may not undo."""

from datetime import date, datetime, time, timedelta

import pytest
import sqlalchemy as sa

from collectors.mapping import SpreadsheetConfig, parse_config
from collectors.video.plan import LOCAL
from dashboard.actions.hall_days import Filing, file_hall_days
from dashboard.database.models import QUARANTINE, RECORD_TABLES
from dashboard.errors import MingchaError, NotAllowedError, UsageError
from dashboard.intake import import_file
from dashboard.judging.rules import rules_of
from dashboard.people import Viewer, system_viewer
from dashboard.queries.hall_days import filings, hall_month
from dashboard.sampling.days import due_slots

INSPECTOR = Viewer("沈岚", "inspector", frozenset({"*"}))
HEAD = Viewer("许立", "office_head", frozenset({"H001"}))
DAY = date(2026, 9, 1)
"""A Tuesday; slots are 10:00–10:20 and 14:00–14:20."""
SUNDAY = date(2026, 9, 6)


def at(clock, day=DAY):
    return datetime.combine(day, time.fromisoformat(clock), LOCAL)


@pytest.fixture
def hall(halls):
    return with_halls(halls)


def with_halls(halls):
    halls.hall()
    halls.hall("H002", "城东营业厅")
    halls.camera()
    return halls


def filed(halls, kind="closed", first=DAY, last=None, *, by=INSPECTOR, now=None, hall="H001", **values):
    filing = Filing((hall,), first, last or first, kind, **{"reason": "线路检修", **values})
    return file_hall_days(halls.db, by=by, filing=filing, at=now or at("09:00"))


def due(halls, day=DAY):
    return [one.slot.number for one in due_slots(halls.db, halls.settings, day) if one.hall == "H001"]


def the_day(halls, day=DAY):
    rules = rules_of(halls.settings, halls.db)
    found = hall_month(halls.db, INSPECTOR, rules, hall="H001", year=day.year, month=day.month)
    return next(one for one in found if one.day == day)


@pytest.mark.parametrize(
    ("clock", "still_due", "late"),
    [
        ("09:59:59", [], ()),
        ("10:00:00", [], ()),
        ("10:00:01", [1], (1,)),
        ("14:00:00", [1], (1,)),
        ("14:00:01", [1, 2], (1, 2)),
    ],
)
def test_a_closure_takes_away_the_slots_that_have_not_begun(hall, clock, still_due, late):
    assert due(hall) == [1, 2]
    filed(hall, now=at(clock))
    assert due(hall) == still_due
    one = the_day(hall)
    assert (one.open, one.late, one.too_late) == (False, late, bool(late))
    assert one.due == tuple(still_due)


def test_filing_the_same_closure_in_other_words_does_not_make_it_late(hall):
    filed(hall, now=at("09:00"))
    filed(hall, now=at("15:00"), reason="线路检修，延至次日")
    assert due(hall) == []
    one = the_day(hall)
    assert (one.reason, one.filed_at, one.too_late) == ("线路检修，延至次日", at("09:00"), False)


def test_a_market_day_on_a_sunday_makes_slots_due(hall):
    assert due(hall, SUNDAY) == []
    filed(hall, "opening", SUNDAY, opens=time(8), closes=time(12), reason="集市日")
    assert due(hall, SUNDAY) == [1]  # 14:00 lies outside
    assert not the_day(hall, SUNDAY).fault


def test_other_hours_are_no_fault_and_leave_no_reason_behind(hall):
    """`reason` beside an open hall means a fault, which leaves H3: hours must not."""
    filed(hall, "hours", SUNDAY - timedelta(days=2), opens=time(11), closes=time(17), reason="夏季时间")
    row = RECORD_TABLES["hall_days"].c
    assert hall.rows(sa.select(row.open, row.opens, row.closes, row.reason)) == [(True, "11:00", "17:00", None)]


@pytest.mark.parametrize(
    ("clock", "day", "late"), [("23:59:59", DAY, False), ("00:00:00", DAY + timedelta(days=1), True)]
)
def test_a_fault_is_in_time_until_its_day_ends(hall, clock, day, late):
    filed(hall, "fault", now=at(clock, day), reason="停电")
    one = the_day(hall)
    assert (one.open, one.fault, one.too_late, one.due) == (True, True, late, (1, 2))


def test_filings_are_listed_for_the_halls_one_may_see(hall):
    filed(hall, hall="H002")
    filed(hall)
    rules = rules_of(hall.settings, hall.db)
    seen = filings(hall.db, HEAD, rules, since=DAY, until=DAY)
    assert [(one.hall, one.by) for one in seen] == [("H001", "沈岚")]


@pytest.mark.parametrize(
    ("changed", "error", "said"),
    [
        ({"by": system_viewer()}, NotAllowedError, "may not file"),
        ({"by": Viewer("秦", "evaluator", frozenset({"*"}))}, NotAllowedError, "may not file"),
        ({"by": HEAD, "hall": "H002"}, MingchaError, "H002"),
        ({"reason": " "}, UsageError, "needs its reason"),
        ({"kind": "shut"}, UsageError, "Unknown kind"),
        ({"kind": "hours", "opens": time(9), "closes": time(12)}, UsageError, "from tomorrow on"),
        ({"kind": "hours", "first": SUNDAY, "opens": time(12), "closes": time(12)}, UsageError, "end before"),
        ({"last": DAY - timedelta(days=1)}, UsageError, "cannot be filed"),
        ({"last": DAY + timedelta(days=92)}, UsageError, "cannot be filed"),
        ({"first": DAY - timedelta(days=32)}, UsageError, "out of reach"),
    ],
)
def test_what_makes_no_sense_is_refused(sqlite_halls, changed, error, said):
    hall = with_halls(sqlite_halls)
    with pytest.raises(error, match=said):
        filed(hall, **changed)
    assert hall.rows(sa.select(RECORD_TABLES["hall_days"].c.id)) == []


def test_a_fault_is_not_filed_for_a_closed_day(hall):
    filed(hall)
    with pytest.raises(UsageError, match="closed on 2026-09-01"):
        filed(hall, "fault", reason="停电")


def test_a_later_file_does_not_undo_what_a_person_filed(hall):
    filed(hall)
    file = hall.home / "days.csv"
    file.write_text("hall_code,date,open\nH001,2026-09-01,yes\nH001,2026-09-02,no\n", encoding="utf-8")
    config = parse_config(SpreadsheetConfig, {"name": "营业日历", "record": "hall_days", "kind": "spreadsheet",
                                              "path": "days.csv"}, "test")  # fmt: skip
    (report,) = import_file(hall.db, by=system_viewer(), path=file, config=config, now=at("18:00"))
    assert (report.new, report.quarantined) == (1, 1)
    row = RECORD_TABLES["hall_days"].c
    assert hall.rows(sa.select(row.date, row.open).order_by(row.date)) == [("2026-09-01", False), ("2026-09-02", False)]
    assert hall.rows(sa.select(QUARANTINE.c.reason, QUARANTINE.c.column_name)) == [("changed_by_hand", "open")]
