"""Where a re-check may have looked, and of which offices nobody opens a case by hand."""

from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa

from dashboard.actions.violations import open_by_hand
from dashboard.database.models import AUDIT
from dashboard.errors import MingchaError, UsageError
from tests.dashboard.test_violations import HEAD, INSPECTOR, RULES, SECOND, TUESDAY, hours, quick

__all__ = ["quick"]


def test_a_recheck_looks_at_another_slot_sheet_and_never_at_another_hall(quick):
    """Seen at 10:00 on a sheet, rectified at 10:10: slot 2 (10:00 to 11:00) still runs, and is the case's own."""
    company, minute = quick, timedelta(minutes=1)
    company.sheet("HC-1", "R02")
    company.sheet("HC-2", "R02", hall="H2", at=hours(3))
    other_hall, _ = company.film(hall="H2", at=hours(3), slot=3, decision="rejected")
    company.keep(TUESDAY + minute)
    number = next(one.number for one in company.lines() if one.office == "H1")
    company.deal(INSPECTOR, number, "send_down", TUESDAY + 5 * minute, note="整改")
    company.deal(HEAD, number, "submit", TUESDAY + 10 * minute, note="已换班", proof="照片")
    refused = (
        ({"look_date": "2026-09-01", "look_slot": "2"}, "looks at another slot"),
        ({"look_inspection": "HC-1"}, "looks at another slot"),
        ({"look_inspection": "HC-2"}, "no inspection 'HC-2' of this hall"),
        ({"look_sample": other_hall}, "of this hall that was taken"),
        ({"look_date": "2026-09-05", "look_slot": "2"}, "has no slot 2 on 2026-09-05"),  # a Saturday
    )
    for look, why in refused:
        with pytest.raises(UsageError, match=why):
            company.deal(SECOND, number, "pass", hours(200), note="x", **look)
    company.deal(SECOND, number, "pass", hours(200), note="x", look_date="2026-09-01", look_slot="3")
    done = sa.select(AUDIT.c.actor, AUDIT.c.action).where(AUDIT.c.subject == number).order_by(AUDIT.c.id)
    with company.db.reading() as connection:
        trail = [tuple(row) for row in connection.execute(done)]
    assert trail == [("张检", "violation_send_down"), ("所长甲", "violation_submit"), ("李检", "violation_pass")]


def test_nobody_opens_a_case_by_hand_of_where_they_work_or_of_what_they_do_not_see(quick):
    seen = {"item": "R04", "observed_at": hours(1), "note": "睡岗", "at": hours(2), "rules": RULES}
    for by, why in ((replace(INSPECTOR, works_at="S1"), "your own office"),
                    (replace(INSPECTOR, offices=frozenset({"S2"})), "H1")):  # fmt: skip
        with pytest.raises(MingchaError, match=why):
            open_by_hand(quick.db, by=by, office="H1", **seen)
    assert quick.lines() == []
    number = open_by_hand(quick.db, by=INSPECTOR, office="H1", **seen)  # R04 is B
    with pytest.raises(UsageError, match="longer than 2000"):
        quick.deal(SECOND, number, "confirm", hours(3), note="n" * 2001, item="A02")
    quick.deal(SECOND, number, "confirm", hours(3), note="站姿", item="A02")  # A02 is D
    assert [(one.item, one.severity) for one in quick.lines()] == [("A02", "D")]
