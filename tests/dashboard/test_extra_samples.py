"""Samples asked for outside the draw: taken and reviewed like others, and in no rate and no score."""

from datetime import timedelta

import pytest
import sqlalchemy as sa

from checks.periods import parse_period
from dashboard.actions.extra_samples import ask_for_sample
from dashboard.database.models import EXTRA_SAMPLES, FINDINGS, RECORD_TABLES, REVIEWS
from dashboard.errors import NotAllowedError, UsageError
from dashboard.instants import to_micros
from dashboard.judging.present import bring_up_to_date
from dashboard.judging.reading import reader
from dashboard.judging.rules import rules_of
from dashboard.judging.sums import red_lines_of
from dashboard.people import Viewer
from dashboard.queries.extra_samples import extra_samples
from dashboard.queries.league import league

INSPECTOR = Viewer("沈岚", "inspector", frozenset({"*"}))
HEAD = Viewer("许立", "office_head", frozenset({"H001"}))


@pytest.fixture
def hall(halls):
    return with_hall(halls)


def with_hall(halls):
    halls.insert("offices", code="S1", name="东河供电所", level="station", valid_from="2020-01-01")
    halls.insert("offices", code="H001", name="城关营业厅", level="hall", parent_code="S1", valid_from="2020-01-01")
    halls.camera()
    return halls


def ask(halls, moment=None, *, by=INSPECTOR, at=None, reason="投诉 2026-0901-7", hall="H001"):
    return ask_for_sample(halls.db, by=by, hall=hall, moment=moment, reason=reason, document=None,
                          at=at or halls.later(minutes=30))  # fmt: skip


def figures(halls, now):
    rules = rules_of(halls.settings, halls.db)
    bring_up_to_date(halls.db, rules, now)
    rows = league(halls.db, INSPECTOR, rules, period="2026-09", level="hall", as_of=None, now=now)["rows"]
    (row,) = [row for row in rows if row["office"] == "H001"]
    return row["n"], {code: row["indicators"][code]["denominator"] for code in ("H1", "H2", "H3")}


def confirmed(halls, sample, at):
    """A finding of a person in that sample, as a settled review leaves it."""
    with halls.db.session() as connection:
        finding = {"sample_id": sample, "hall_code": "H001", "item_code": "B09", "observed_at": to_micros(at),
                   "duration_proven": True, "source": "person", "created_at": to_micros(at)}  # fmt: skip
        number = connection.execute(sa.insert(FINDINGS).values(finding).returning(FINDINGS.c.id)).scalar_one()
        review = {"finding_id": number, "sample_id": sample, "decision": "confirmed", "item_code": "B09",
                  "by": "沈岚", "at": to_micros(at)}  # fmt: skip
        connection.execute(sa.insert(REVIEWS).values(review))


def test_an_extra_minute_is_taken_with_no_slot_and_changes_no_figure(hall):
    hall.film(hall.scenes.room_with((0, 60)))
    now = hall.later(hours=5)
    hall.take(now)
    before = figures(hall, now)
    number = ask(hall, hall.moment() + timedelta(seconds=5))
    assert number == "X-H001-2026-09-01-1"
    hall.take(now)
    rows = hall.rows(sa.select(RECORD_TABLES["samples"]).where(RECORD_TABLES["samples"].c.sample_id == number))
    assert [(row.slot, row.outcome, row.date) for row in rows] == [(None, "captured", "2026-09-01")]
    assert figures(hall, now) == before
    (extra,) = extra_samples(hall.db, INSPECTOR)
    assert (extra.sample, extra.outcomes, extra.by) == (number, ("captured",), "沈岚")
    hall.take(now)  # taken once
    assert len(hall.rows(sa.select(EXTRA_SAMPLES))) == 1


def test_what_a_person_confirms_there_is_a_red_line_and_no_deduction(hall):
    hall.film(hall.scenes.room_with((0, 60)))
    now = hall.later(hours=5)
    number = ask(hall, hall.moment() + timedelta(seconds=5))
    hall.take(now)
    rules = rules_of(hall.settings, hall.db)
    confirmed(hall, number, now)
    after = now + timedelta(hours=1)
    bring_up_to_date(hall.db, rules, after)
    with reader(hall.db) as source:
        period = parse_period("2026-09")
        red = red_lines_of(source, rules.rulebook.editions[-1], period, after)
    assert red.select("hall_code", "item_code").rows() == [("H001", "B09")]
    rows = league(hall.db, INSPECTOR, rules, period="2026-09", level="hall", as_of=None, now=after)["rows"]
    assert rows[0]["indicators"]["H1"]["numerator"] == rows[0]["indicators"]["H1"]["denominator"] == 100


@pytest.mark.parametrize(
    ("changed", "error", "said"),
    [
        ({"by": HEAD}, NotAllowedError, "may not ask"),
        ({"reason": "  "}, UsageError, "needs its reason"),
        ({"hall": "S1"}, UsageError, "no hall"),
        ({"moment": timedelta(hours=1)}, UsageError, "cannot be had"),
        ({"moment": timedelta(days=-32)}, UsageError, "cannot be had"),
    ],
)
def test_what_cannot_be_asked_for_is_refused(sqlite_halls, changed, error, said):
    hall = with_hall(sqlite_halls)
    at = hall.later(hours=1)
    changed = dict(changed)
    moment = at + changed.pop("moment") if "moment" in changed else None
    with pytest.raises(error, match=said):
        ask(hall, moment, at=at, **changed)
    assert hall.rows(sa.select(EXTRA_SAMPLES)) == []


def test_a_hall_without_recordings_gives_no_past_minute(hall):
    hall.insert("offices", code="H002", name="城东营业厅", level="hall", parent_code="S1", valid_from="2020-01-01")
    hall.camera("H002-1", hall="H002", playback=None, url="rtsp://127.0.0.1:1/x")
    with pytest.raises(UsageError, match="keeps recordings"):
        ask(hall, hall.moment(), hall="H002")


def test_why_is_not_told_to_the_hall(hall):
    ask(hall, hall.moment())
    with pytest.raises(NotAllowedError):
        extra_samples(hall.db, HEAD)
