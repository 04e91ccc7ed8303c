"""Since yesterday: who moved in the league, what was confirmed, what is news and what is only newly imported."""

from datetime import UTC, datetime, timedelta
from fractions import Fraction

import pytest
import sqlalchemy as sa

from dashboard.database.models import BATCHES, FINDINGS, LEAGUE_PICTURES, RECORD_TABLES, REVIEWS
from dashboard.instants import to_micros
from dashboard.judging.present import bring_up_to_date
from dashboard.judging.rules import rules_of
from dashboard.people import Viewer, system_viewer
from dashboard.queries import yesterday
from dashboard.queries.offices import visible_tree
from dashboard.queries.yesterday import accepted_since, first_imports, movement, new_cases, take_picture
from dashboard.settings import Settings

NOW = datetime(2026, 9, 10, 4, tzinfo=UTC)
HOUR = timedelta(hours=1)
SYSTEM, HEAD = system_viewer(), Viewer("head", "office_head", frozenset({"S2"}))
OUTSIDE = Viewer("outside", "office_head", frozenset({"H1"}))
RULES = rules_of(Settings())
MINUTE = 60_000_000


def put(db, record, *rows, batch=1):
    stored = {"version_at": 0, "content_hash": 0, "batch_id": batch, "row_no": 1}
    with db.session() as session:
        session.execute(sa.insert(RECORD_TABLES[record]), [{**stored, **row} for row in rows])


def came(db, at, *, source="desk", new=1):
    """A batch of repairs that was stored then."""
    row = {"source": source, "record": "repairs", "state": "done", "started_at": to_micros(at), "by": "x", "new": new}
    with db.session() as session:
        session.execute(sa.insert(BATCHES).values(row))


def repair(office, number, minutes, at):
    accepted = to_micros(at) + number
    return {"system": "desk", "repair_no": f"{office}-{number}", "office_code": office, "accepted_at": accepted,
            "arrived_at": accepted + minutes * MINUTE, "restored_at": accepted + (minutes + 30) * MINUTE}  # fmt: skip


def office(code, level, parent=None):
    return {"code": code, "name": f"{code}所", "level": level, "parent_code": parent, "valid_from": "0001-01-01",
            "area": "urban"}  # fmt: skip


@pytest.fixture(autouse=True)
def few_indicators_are_enough(monkeypatch):
    """Repairs alone are less than half of the weight, and would not be ranked."""
    edition = RULES.rulebook.editions[-1]
    lenient = edition.guards.model_copy(update={"min_weight_share": Fraction(0)})
    monkeypatch.setattr(yesterday, "scoring_edition", lambda *_: edition.model_copy(update={"guards": lenient}))


@pytest.fixture
def db(database):
    """S1 with every repair in time, S2 with one of twelve late; judged two days ago, a picture taken then."""
    put(database, "offices", office("C", "county"), office("S1", "station", "C"), office("S2", "station", "C"),
        office("H2", "hall", "S2"))  # fmt: skip
    start = NOW - 48 * HOUR
    put(database, "repairs", *(repair("S1", n, 20, start) for n in range(12)),
        *(repair("S2", n, 60 if n == 0 else 20, start) for n in range(12)))  # fmt: skip
    came(database, start, new=24)
    taken = NOW - 30 * HOUR
    bring_up_to_date(database, RULES, taken)
    take_picture(database, SYSTEM, RULES, now=taken)
    return database


def moved(db, viewer=SYSTEM, now=NOW):
    found = movement(db, viewer, RULES, visible_tree(db, viewer), now=now)
    return None if found is None else [(one.office, one.rank_then, one.rank_now) for one in found.moved]


def test_who_changed_place_is_told_with_both_places(db):
    bring_up_to_date(db, RULES, NOW)
    assert moved(db) == []
    put(db, "repairs", *(repair("S1", 20 + n, 60, NOW - 5 * HOUR) for n in range(12)), batch=2)
    came(db, NOW - HOUR)
    bring_up_to_date(db, RULES, NOW)
    assert moved(db) == [("S1", 1, 2), ("S2", 2, 1)]
    assert moved(db, HEAD) == [("S2", 2, 1)]


def test_the_picture_must_be_a_day_old_and_of_this_quarter(db):
    bring_up_to_date(db, RULES, NOW)
    assert moved(db, now=NOW - 7 * HOUR) is None  # 23 hours after the only picture
    assert moved(db, now=NOW - 6 * HOUR) == []
    with db.session() as session:
        session.execute(sa.update(LEAGUE_PICTURES).values(period="2026-Q2"))
    assert moved(db) is None


def test_pictures_older_than_three_days_are_forgotten(db):
    take_picture(db, SYSTEM, RULES, now=NOW + 43 * HOUR)
    with db.reading() as connection:
        taken = connection.execute(sa.select(sa.func.count(LEAGUE_PICTURES.c.taken_at.distinct()))).scalar()
    assert taken == 1


def test_a_first_import_is_no_news_and_news_is_what_was_accepted(db):
    tree = visible_tree(db, SYSTEM)
    came(db, NOW - 2 * HOUR, source="old books", new=5000)
    assert accepted_since(db, SYSTEM, tree, now=NOW) == {}
    assert [(one.source, one.rows) for one in first_imports(db, SYSTEM, now=NOW)] == [("old books", 5000)]
    put(db, "repairs", repair("S1", 50, 20, NOW - 23 * HOUR), repair("S2", 50, 20, NOW - 25 * HOUR))
    assert accepted_since(db, SYSTEM, tree, now=NOW) == {"repairs": 1}
    assert accepted_since(db, HEAD, visible_tree(db, HEAD), now=NOW) == {}


def test_a_case_is_new_on_the_day_it_is_confirmed_and_gone_when_annulled(db):
    at = to_micros(NOW)
    with db.session() as session:
        finding = {"hall_code": "H2", "item_code": "R01", "sample_id": "H2-1", "observed_at": at, "created_at": at,
                   "source": "detector", "duration_proven": False}  # fmt: skip
        number = session.execute(sa.insert(FINDINGS).values(finding)).inserted_primary_key[0]
        review = {"finding_id": number, "decision": "confirmed", "by": "x", "at": at - 3_600_000_000}
        session.execute(sa.insert(REVIEWS).values(review))
    assert [(case.hall, case.item, case.sample) for case in new_cases(db, SYSTEM, {"H2"}, now=NOW)] == [
        ("H2", "R01", "H2-1")
    ]
    assert new_cases(db, SYSTEM, {"H1"}, now=NOW) == []
    assert new_cases(db, OUTSIDE, {"H2"}, now=NOW) == []  # whatever halls a page asks for
    assert new_cases(db, SYSTEM, {"H2"}, now=NOW + 24 * HOUR) == []
    with db.session() as session:
        session.execute(sa.insert(REVIEWS).values({**review, "decision": "annulled", "at": at}))
    assert new_cases(db, SYSTEM, {"H2"}, now=NOW) == []
