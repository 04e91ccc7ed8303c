"""What is frozen cannot be replaced, is checked before it answers, and answers everybody as the live data would."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
import shutil
import sqlite3
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from dashboard.actions import freezing
from dashboard.bootstrap import Application
from dashboard.database import Database
from dashboard.database.guards import guard, missing_guards
from dashboard.database.migrate import migrate
from dashboard.database.models import EXCLUSION_DECISIONS, FREEZE_EVENTS, FROZEN_PARTS, RECORD_TABLES
from dashboard.errors import DatabaseUnusableError, UsageError
from dashboard.freezing import chain
from dashboard.freezing.canonical import part_of
from dashboard.freezing.stored import league_name, snapshot_of
from dashboard.people import Viewer, system_viewer
from dashboard.queries.explain import explain
from dashboard.queries.freezing import freeze_events, restatements
from dashboard.queries.league import league
from dashboard.queries.records import records
from dashboard.settings import Settings
from tests.dashboard.test_freezing import AS_OF, FIRST, HEAD, NOW, PERIOD, RULES, SECOND, corrected, filled, frozen

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


# --- what answers ----------------------------------------------------------------------------------------------------


def with_the_file_in_hands(db: Database, *statements: tuple[str, tuple[Any, ...]]) -> Database:
    """The database as another process opens it after somebody wrote into its file."""
    with sqlite3.connect(db.path) as connection:
        for trigger in connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            connection.execute(f"DROP TRIGGER {trigger[0]}")
        for statement, values in statements:
            connection.execute(statement, values)
        connection.commit()
    connection.close()
    return Database(str(db.url))


def test_a_part_that_was_changed_does_not_answer(company: Application) -> None:
    found = snapshot_of(company.db, PERIOD)
    assert found is not None
    sha256 = found.header["parts"]["league/station"][0]
    document = found.part("league/station")
    told = json.dumps({**document, "rows": [{**document["rows"][0], "score": 99.99}]}).encode()
    for content in (zlib.compress(told), b"nothing packed"):
        update = ("UPDATE frozen_parts SET content = ? WHERE sha256 = ?", (content, sha256))
        other = with_the_file_in_hands(company.db, update)
        with pytest.raises(DatabaseUnusableError, match=r"is not what was frozen\. Run mingcha verify\."):
            league(other, SYSTEM, RULES, period=PERIOD, now=NOW)
        other.engine.dispose()


def test_a_header_that_was_changed_does_not_answer(company: Application) -> None:
    with company.db.reading() as connection:
        header = connection.execute(sa.select(FREEZE_EVENTS.c.header).limit(1)).scalar_one()
    changed = json.dumps({**json.loads(header), "as_of": "2026-10-12T00:00:00+08:00"})
    other = with_the_file_in_hands(company.db, ("UPDATE freeze_events SET header = ?", (changed,)))
    with pytest.raises(DatabaseUnusableError, match=r"The snapshot of 2026-Q3 is not what was published\. Run"):
        explain(other, SYSTEM, RULES, office="990102", period=PERIOD, now=NOW)
    other.engine.dispose()


def test_the_proposer_shown_proposed_before_the_publication_and_is_another_person(company: Application) -> None:
    found = snapshot_of(company.db, PERIOD)
    assert found is not None
    with company.db.session() as session:  # what two deeds at once might leave
        session.exec_driver_sql("DROP TRIGGER freeze_events_no_replace")
        session.exec_driver_sql("DROP INDEX ux_freeze_events_published")
        for action, by, digest in (("proposed", SECOND, found.digest), ("published", FIRST, "f" * 64)):
            chain.append(session, by=by, at=NOW, period=PERIOD, action=action, digest=digest, header=found.header)
    shown = snapshot_of(company.db, PERIOD)
    assert shown is not None
    assert (shown.proposed_by, shown.published_by, shown.digest) == (FIRST.name, SECOND.name, found.digest)


def test_a_publication_without_a_proposal_by_another_person_does_not_answer(company: Application) -> None:
    update = ("UPDATE freeze_events SET by = ?", (SECOND.name,))
    other = with_the_file_in_hands(company.db, update)
    with pytest.raises(DatabaseUnusableError, match="2026-Q3 was published without a proposal by another person"):
        snapshot_of(other, PERIOD)
    other.engine.dispose()


def test_a_period_has_one_snapshot_whichever_way_it_is_written(company: Application) -> None:
    written = snapshot_of(company.db, "2026-07-01..2026-09-30")
    assert written is not None
    assert written.period.name == PERIOD
    assert [event.action for event in freeze_events(company.db, SYSTEM, "2026-07-01..2026-09-30")] == [
        "proposed", "published",
    ]  # fmt: skip


# --- everybody sees what the live data would show --------------------------------------------------------------------


def test_every_viewer_gets_of_a_frozen_league_what_the_live_one_shows(company: Application) -> None:
    """Pairs too: named and counted among the viewer's rows only."""
    county = Viewer("县", "office_head", frozenset({"9901"}))
    both = Viewer("两所", "office_head", frozenset({"990101", "990102"}))
    for viewer in (SYSTEM, HEAD, county, both):
        for asked in ({}, {"indicator": "R1"}, {"peer_group": "农网"}, {"level": "county"}, {"level": "hall"}):
            common: dict[str, Any] = {"period": PERIOD, "now": NOW, **asked}
            stored = league(company.db, viewer, RULES, **common)
            live = league(company.db, viewer, RULES, as_of=AS_OF, **common)
            assert stored.pop("snapshot") is not None
            live.pop("snapshot")
            assert stored == live, (viewer.name, asked)
    assert league(company.db, HEAD, RULES, period=PERIOD, now=NOW)["pairs"] == {
        "compared": 0, "differ": 0, "widest": [],
    }  # fmt: skip
    assert league(company.db, both, RULES, period=PERIOD, now=NOW)["pairs"]["compared"] == 1


def test_a_correction_shows_a_head_the_records_of_the_own_offices(company: Application, tmp_path: Path) -> None:
    corrected(company, tmp_path)
    freezing.propose_restatement(company, by=FIRST, period=PERIOD, reason="迟到的数据")
    other = Viewer("另一所长", "office_head", frozenset({"990101"}))
    seen = {viewer.name: restatements(company.db, viewer, PERIOD)[0][1] for viewer in (SYSTEM, HEAD, other)}
    for name in (SYSTEM.name, HEAD.name):
        assert [one["number"] for one in seen[name]["records"]] == ["XB-001"]
    assert [one["number"] for one in seen[other.name]["records"]] == []
    assert seen[other.name]["why"] == seen[HEAD.name]["why"] == []
    assert "990102" not in {row["office"] for row in seen[other.name]["rows"]}


def test_an_office_merged_away_inside_the_period_is_shown_as_live(sqlite_database: Database, tmp_path: Path) -> None:
    app = filled(sqlite_database, tmp_path / "in")
    office = RECORD_TABLES["offices"].c
    merged = sa.update(RECORD_TABLES["offices"]).where(office.code == "990102")
    with app.db.session() as session:
        session.execute(merged.values(valid_to="2026-08-31", successor_code="990101"))
    frozen(app)
    common: dict[str, Any] = {"period": PERIOD, "now": NOW}
    stored, live = (league(app.db, HEAD, RULES, **common, **moment) for moment in ({}, {"as_of": AS_OF}))
    assert [row["office"] for row in stored["rows"]] == [row["office"] for row in live["rows"]] == ["990102"]
    for code in ("990102", "990101", "9901"):
        stored, live = (explain(app.db, SYSTEM, RULES, office=code, **common, **moment)["changes"]
                        for moment in ({}, {"as_of": AS_OF}))  # fmt: skip
        assert stored == live
        assert [change["kind"] for change in stored] == ["merged"]


def test_a_frozen_period_is_asked_by_what_it_holds_not_by_the_rules_of_today(company: Application) -> None:
    """Today's rulebook may begin later, or know other indicators: R9 is new, R1 is gone."""
    known = RULES.rulebook
    later = dataclasses.replace(known, editions=tuple(
        edition.model_copy(update={"valid_from": dt.date(2027, 1, 1)}) for edition in known.editions[-1:]))  # fmt: skip
    today = dataclasses.replace(RULES, rulebook=later)
    common: dict[str, Any] = {"period": PERIOD, "now": NOW}
    assert league(company.db, SYSTEM, today, indicator="R1", **common)["rows"]
    assert explain(company.db, SYSTEM, today, office="990102", **common)["indicators"]
    assert records(company.db, SYSTEM, today, record="repairs", indicator="R1", **common)["total"]
    with pytest.raises(UsageError, match="No indicator 'R9' at level station"):
        league(company.db, SYSTEM, RULES, indicator="R9", **common)
    with pytest.raises(UsageError, match="There is no level 'stations'"):
        league(company.db, SYSTEM, RULES, level="stations", **common)
    with pytest.raises(UsageError, match=r"peer group '农'\. .*农网"):
        league(company.db, SYSTEM, RULES, peer_group="农", **common)
    with pytest.raises(UsageError, match="There is no indicator of repairs 'R9'"):
        records(company.db, SYSTEM, RULES, record="repairs", indicator="R9", **common)


def test_no_two_peer_groups_share_a_league() -> None:
    names = [league_name("station", None, group) for group in ("A", "A/", "R1/A", None)]
    names += [league_name("station", "R1", group) for group in ("A", "A/", None)]
    assert len(set(names)) == len(names)
