"""Known causes: signed, bounded to the signer's offices, taken back by a second row, and refused any change."""

from datetime import UTC, date, datetime

import pytest
import sqlalchemy as sa

from dashboard.actions.causes import note_cause, withdraw_cause
from dashboard.database.models import AUDIT, KNOWN_CAUSES, RECORD_TABLES
from dashboard.errors import MingchaError, NotAllowedError, UsageError
from dashboard.people import Viewer, system_viewer
from dashboard.queries.causes import causes
from dashboard.queries.offices import visible_tree

NOW = datetime(2026, 10, 11, 4, 0, tzinfo=UTC)
EVALUATOR = Viewer("秦怀瑾", "evaluator", frozenset({"*"}))
MANAGER = Viewer("许立", "regional_manager", frozenset({"02"}))
HEAD = Viewer("所长", "office_head", frozenset({"0101"}))
OFFICES = (("01", None, "county"), ("0101", "01", "station"), ("02", None, "county"))


@pytest.fixture
def db(database):
    common = {"valid_from": "0001-01-01", "version_at": 0, "content_hash": 0, "batch_id": 1, "row_no": 0}
    with database.session() as connection:
        for code, parent, level in OFFICES:
            row = {"code": code, "name": code, "parent_code": parent, "level": level, **common}
            connection.execute(sa.insert(RECORD_TABLES["offices"]).values(**row))
    return database


def noted(db, by=EVALUATOR, **more):
    wanted = {"office": "0101", "indicator": "R1", "day": date(2026, 8, 3), "cause": "第二抢修驻点启用", **more}
    return note_cause(db, by=by, at=NOW, **wanted)


def found(db, office="0101", indicator="R1"):
    return [cause.cause for cause in causes(db, visible_tree(db, EVALUATOR), office=office, indicator=indicator)]


def test_a_cause_holds_for_its_office_what_lies_below_and_its_indicator_alone(db):
    noted(db)
    noted(db, office="01", cause="台风")
    assert found(db) == ["第二抢修驻点启用", "台风"]
    assert found(db, "01") == ["台风"]
    assert found(db, "02") == found(db, indicator="R2") == []


def test_a_note_is_withdrawn_once_by_a_second_row_and_both_stay(db):
    number = noted(db)
    withdraw_cause(db, by=EVALUATOR, number=number, at=NOW)
    assert found(db) == []
    for again in (number, number + 1, 99):
        with pytest.raises(UsageError, match="no note"):
            withdraw_cause(db, by=EVALUATOR, number=again, at=NOW)
    with db.session() as connection:
        assert connection.execute(sa.select(sa.func.count()).select_from(KNOWN_CAUSES)).scalar_one() == 2
        told = connection.execute(sa.select(AUDIT.c.action).order_by(AUDIT.c.id)).scalars().all()
    assert told == ["note_cause", "withdraw_cause"]


@pytest.mark.parametrize("by", [HEAD, MANAGER, system_viewer()])
def test_nobody_rebases_the_own_chart_nor_that_of_others(db, by):
    with pytest.raises(MingchaError):
        noted(db, by=by)
    assert found(db) == []


def test_no_one_changes_a_note_not_even_by_hand(db):
    noted(db)
    with pytest.raises(sa.exc.DBAPIError, match="never changed"), db.session() as connection:
        connection.execute(sa.update(KNOWN_CAUSES).values(day="2026-01-01"))


@pytest.mark.parametrize(("more", "words"), [({"cause": "  "}, "0 characters"), ({"cause": "长" * 201}, "201"),
                                             ({"day": date(2026, 10, 12)}, "not come yet")])  # fmt: skip
def test_a_cause_has_words_and_a_day_that_came(db, more, words):
    with pytest.raises(UsageError, match=words):
        noted(db, **more)


def test_an_office_that_cannot_be_seen_tells_nothing(db):
    with pytest.raises((NotAllowedError, UsageError)):
        causes(db, visible_tree(db, MANAGER), office="0101", indicator="R1")
