"""What is frozen cannot be replaced, is checked before it answers, and answers everybody as the live data would."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from dashboard.bootstrap import Application
from dashboard.database import Database
from dashboard.database.guards import guard, missing_guards
from dashboard.database.migrate import migrate
from dashboard.database.models import EXCLUSION_DECISIONS, FREEZE_EVENTS, FROZEN_PARTS
from dashboard.freezing import chain
from dashboard.freezing.canonical import part_of
from dashboard.freezing.stored import snapshot_of
from dashboard.people import system_viewer
from dashboard.settings import Settings
from tests.dashboard.test_freezing import FIRST, NOW, PERIOD, SECOND, filled, frozen

SYSTEM = system_viewer()
DECISION = {"exclusion_id": 7, "decision": "approved", "by": "甲", "at": 1}


@pytest.fixture(scope="module")
def frozen_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("frozen")
    db = Database(f"sqlite:///{folder / 'mingcha.db'}")
    migrate(db)
    frozen(filled(db, folder / "in"))
    db.engine.dispose()
    return folder / "mingcha.db"


@pytest.fixture
def company(frozen_file: Path, tmp_path: Path) -> Iterator[Application]:
    """A company whose quarter is published."""
    shutil.copy(frozen_file, tmp_path / "mingcha.db")
    db = Database(f"sqlite:///{tmp_path / 'mingcha.db'}")
    yield Application(Settings(), db, SYSTEM, now=lambda: NOW)
    db.engine.dispose()


def kinds(db: Database) -> set[str]:
    return {problem["kind"] for problem in chain.verify_chain(db)[1]}


def told(db: Database) -> str:
    return "\n".join(problem["what"] for problem in chain.verify_chain(db)[1])


# --- the database ----------------------------------------------------------------------------------------------------


def test_nothing_takes_the_place_of_a_row_that_is_only_added(sqlite_database: Database) -> None:
    """`INSERT OR REPLACE` deletes without asking the trigger of DELETE, by the primary key and by every other key."""
    event = {"period": "p", "action": "published", "digest": "d", "header": "{}", "by": "a", "at": 1, "chain": "x"}
    with sqlite_database.session() as session:
        session.execute(sa.insert(FREEZE_EVENTS).values(id=1, **event))
        session.execute(sa.insert(FREEZE_EVENTS).values(**{**event, "action": "proposed"}))
        session.execute(sa.insert(FREEZE_EVENTS).values(**{**event, "action": "proposed"}))
        session.execute(sa.insert(EXCLUSION_DECISIONS).values(**DECISION))
    again = (
        sa.insert(FREEZE_EVENTS).values(id=1, **{**event, "period": "q"}),
        sa.insert(FREEZE_EVENTS).values(**{**event, "digest": "other"}),
        sa.insert(EXCLUSION_DECISIONS).values(**{**DECISION, "by": "乙"}),
    )
    for statement in again:
        refused = pytest.raises(sa.exc.DBAPIError, match="never changed or deleted")
        with refused, sqlite_database.session() as session:
            session.execute(statement.prefix_with("OR REPLACE"))
    with sqlite_database.reading() as connection:
        assert connection.execute(sa.select(FREEZE_EVENTS.c.digest)).scalars().all() == ["d", "d", "d"]
        assert connection.execute(sa.select(EXCLUSION_DECISIONS.c.by)).scalars().all() == ["甲"]


def test_a_stored_part_stays_whoever_stores_it_again(database: Database) -> None:
    part = part_of({"rows": []})
    for _ in range(2):
        with database.session() as session:
            chain.keep(session, {"a": part, "b": part, "c": part_of({"rows": [1]})})
    if database.dialect == "sqlite":
        with database.session() as session:
            replace = sa.insert(FROZEN_PARTS).prefix_with("OR REPLACE")
            session.execute(replace.values(sha256=part.sha256, bytes=1, content=b"x"))
    with database.reading() as connection:
        stored = dict(connection.execute(sa.select(FROZEN_PARTS.c.sha256, FROZEN_PARTS.c.content)).all())
    assert len(stored) == 2
    assert bytes(stored[part.sha256]) == part.packed


def test_a_period_is_published_once_whoever_forgets_to_look(database: Database) -> None:
    event = {"period": "p", "action": "published", "header": "{}", "by": "a", "at": 1, "chain": "x"}
    with database.session() as session:
        session.execute(sa.insert(FREEZE_EVENTS).values(digest="d", **event))
    with pytest.raises(sa.exc.IntegrityError), database.session() as session:
        session.execute(sa.insert(FREEZE_EVENTS).values(digest="e", **event))


def test_verify_names_triggers_that_are_missing_or_say_something_else(database: Database) -> None:
    assert chain.verify_chain(database)[1] == []
    with database.session() as session:
        if database.dialect == "sqlite":
            session.exec_driver_sql("DROP TRIGGER frozen_parts_no_replace")
            session.exec_driver_sql("DROP TRIGGER exclusions_no_update")
            session.exec_driver_sql(
                "CREATE TRIGGER exclusions_no_update BEFORE UPDATE ON exclusions WHEN 0 BEGIN SELECT 1; END"
            )
            expected = ["exclusions_no_update", "frozen_parts_no_replace"]
        else:
            session.exec_driver_sql("DROP TRIGGER frozen_parts_never_changed ON frozen_parts")
            session.exec_driver_sql("ALTER TABLE exclusions DISABLE TRIGGER exclusions_never_emptied")
            expected = ["exclusions_never_emptied", "frozen_parts_never_changed"]
        assert missing_guards(session) == expected
    assert kinds(database) == {"trigger"}


# --- verify ----------------------------------------------------------------------------------------------------------


def test_the_end_of_the_chain_can_be_compared_with_a_note(company: Application) -> None:
    count, head = chain.head_of(company.db)
    with company.db.reading() as connection:
        links = connection.execute(sa.select(FREEZE_EVENTS.c.chain).order_by(FREEZE_EVENTS.c.id)).scalars().all()
    assert (count, head) == (2, links[-1])
    with sqlite3.connect(company.db.path) as connection:  # as somebody with the file in hands
        connection.execute("DROP TRIGGER freeze_events_no_delete")
        connection.execute("DELETE FROM freeze_events WHERE action = 'published'")
        connection.commit()
    connection.close()
    with company.db.session() as session:
        guard(session)
    assert chain.verify_chain(company.db)[1] == []  # the chain alone cannot know
    assert chain.head_of(company.db) == (1, links[0])


def test_verify_tells_what_was_decided_alone_or_without_a_proposal(database: Database) -> None:
    header = {"parts": {}}
    digest = chain.digest_of(chain.canonical(header))
    with database.session() as session:
        for period, action, by in (
            ("a", "proposed", FIRST), ("a", "published", FIRST), ("b", "published", SECOND), ("b", "proposed", FIRST),
            ("c", "proposed", FIRST), ("c", "published", SECOND),
            ("c", "restatement_proposed", FIRST), ("c", "restatement_approved", FIRST),
        ):  # fmt: skip
            chain.append(session, by=by, at=NOW, period=period, action=action, digest=digest, header=header)
    assert told(database).splitlines() == [
        f"a: {digest[:12]} was published by {FIRST.name}, who proposed it",
        f"b: {digest[:12]} was published without a proposal before it",
        f"c: {digest[:12]} was restatement_approved by {FIRST.name}, who proposed it",
    ]


def test_verify_tells_of_a_period_that_was_published_twice(company: Application) -> None:
    found = snapshot_of(company.db, PERIOD)
    assert found is not None
    with company.db.session() as session:
        session.exec_driver_sql("DROP TRIGGER freeze_events_no_replace")
        session.exec_driver_sql("DROP INDEX ux_freeze_events_published")
        chain.append(session, by=SECOND, at=NOW, period=PERIOD, action="published", digest=found.digest,
                     header=found.header)  # fmt: skip
    assert f"{PERIOD} was published more than once" in told(company.db)
