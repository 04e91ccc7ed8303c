"""The chain of evidence: what is entered, in one row whoever writes, and what a tamperer cannot hide."""

import hashlib
import hmac
import importlib.util
import json
import os
import signal
import subprocess
import sys
import threading
from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace

import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st

from dashboard.actions import audit
from dashboard.database import Database
from dashboard.database.migrate import configuration, migrate
from dashboard.database.models import AUDIT, CHAIN, CHAIN_CONTENTS, REMOVALS
from dashboard.evidence import verifying
from dashboard.evidence.chain import append, enter
from dashboard.evidence.verifying import verify_evidence
from dashboard.intake.tables import alone
from dashboard.people import system_viewer

_spec = importlib.util.spec_from_file_location(
    "evidence_under_test", Path(__file__).with_name("evidence_under_test.py")
)
under_test = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(under_test)
NOW, Store = under_test.NOW, under_test.Store
SYSTEM = system_viewer()


@pytest.fixture
def store(database, tmp_path):
    return Store(database, tmp_path)


@pytest.fixture
def here(sqlite_database, tmp_path):
    return Store(sqlite_database, tmp_path)


def entries(store):
    return store.rows(sa.select(CHAIN).order_by(CHAIN.c.number))


def by_hand(row, previous):
    """The hash of an entry computed without the code under test."""
    told = {
        "number": row.number,
        "kind": row.kind,
        "subject": row.subject,
        "digest": row.digest,
        "by": row.by,
        "at": row.at,
    }
    text = json.dumps(told, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    leaf = hashlib.sha256(text.encode()).hexdigest()
    return hashlib.sha256((previous + leaf).encode()).hexdigest()


def test_every_deed_and_file_is_an_entry_and_each_follows_the_one_before(store):
    store.filled()
    rows = entries(store)
    assert [(row.number, row.kind, row.subject, row.by) for row in rows] == [
        (1, "begun", "chain", "system"), (2, "audit", "audit 1", "张检"), (3, "clip", "evidence 1", "system"),
        (4, "frame", "evidence 2", "system"), (5, "audit", "audit 2", "张检"), (6, "reviews", "reviews 1", "张检"),
        (7, "audit", "audit 3", "张检"),
    ]  # fmt: skip
    previous = "0" * 64
    for row in rows:
        assert row.previous == previous
        assert row.hash == by_hand(row, previous)
        previous = row.hash
    assert store.problems() == []
    assert store.verified().checked == 7 + 6 + 2  # entries, the rows that they are about, files


def test_the_digest_tells_nothing_without_its_key_and_holds_with_it(here):
    here.filled()
    (content,) = here.rows(sa.select(CHAIN_CONTENTS).where(CHAIN_CONTENTS.c.number == 7))
    row = entries(here)[6]
    assert "138****5678" in content.content  # the trail masks a telephone that somebody typed
    assert "138****5678" not in "".join(str(value) for value in row)
    assert row.digest == hmac.new(bytes.fromhex(content.key), content.content.encode(), hashlib.sha256).hexdigest()
    assert row.digest != hashlib.sha256(content.content.encode()).hexdigest()


def test_a_transaction_that_fails_leaves_no_entry(store):
    def fail():
        with store.db.session() as connection:
            audit.record(connection, SYSTEM, "import", at=NOW)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    store.note("look")
    assert [row.subject for row in entries(store)][1:] == ["audit 1" if store.db.dialect == "sqlite" else "audit 2"]
    assert store.problems() == []


def test_lines_of_an_arrow_transaction_are_entered_too(store):
    with alone(store.db) as tables:
        audit.record(tables, SYSTEM, "replay", "{}", at=NOW)
        audit.record(tables, SYSTEM, "dismiss", at=NOW)
    assert [row.subject for row in entries(store)] == ["chain", "audit 1", "audit 2"]
    assert store.problems() == []


def test_nothing_is_entered_where_it_would_never_be_written(here):
    with here.db.reading() as connection, pytest.raises(TypeError, match="no writing transaction"):
        audit.record(connection, SYSTEM, "look", at=NOW)


@pytest.mark.parametrize("deed", ["UPDATE chain SET subject = 'x'", "DELETE FROM chain WHERE number = 2"])
def test_the_database_refuses_to_change_an_entry(store, deed):
    store.filled()
    with (
        pytest.raises(sa.exc.DBAPIError, match="never changed"),
        store.db.session() as connection,
    ):
        connection.exec_driver_sql(deed)


# --- many at once ----------------------------------------------------------------------------------------------------


def test_threads_and_both_ways_of_writing_make_one_row_without_a_gap(store):
    """Each takes row locks in another order before it enters something: no deadlock, for the chain comes last."""
    with store.db.session() as connection:
        connection.exec_driver_sql("CREATE TABLE things (id INTEGER PRIMARY KEY, n INTEGER)")
        connection.exec_driver_sql("INSERT INTO things VALUES (1, 0), (2, 0)")
    failed = []

    def write(name):
        try:
            for turn in range(6):
                if name == "arrow":
                    with alone(store.db) as tables:
                        audit.record(tables, SYSTEM, f"{name} {turn}", at=NOW)
                    continue
                with store.db.session() as connection:
                    audit.record(connection, SYSTEM, f"{name} {turn}", at=NOW)
                    connection.exec_driver_sql("UPDATE things SET n = n + 1 WHERE id = 1")
        except Exception as error:  # noqa: BLE001 (a thread's error must reach the test)
            failed.append(error)

    threads = [threading.Thread(target=write, args=(name,)) for name in ("one", "two", "three", "arrow")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    assert [row.number for row in entries(store)] == list(range(1, 1 + 24 + 1))
    assert store.problems() == []


WRITER = """
import sys
from datetime import UTC, datetime
from dashboard.actions import audit
from dashboard.database import Database
from dashboard.people import system_viewer
db = Database(sys.argv[1])
print("ready", flush=True)
turn = 0
while True:
    turn += 1
    with db.session() as connection:
        for _ in range(20):
            audit.record(connection, system_viewer(), f"turn {turn}", at=datetime.now(UTC))
    print(turn, flush=True)
"""


def test_processes_killed_in_the_middle_leave_whole_transactions_and_a_whole_chain(store):
    url = store.db.url.render_as_string(hide_password=False)
    children = [
        subprocess.Popen([sys.executable, "-c", WRITER, url], stdout=subprocess.PIPE, text=True, cwd=Path.cwd(),
                         env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])})
        for _ in range(2)
    ]  # fmt: skip
    for child in children:
        for _ in range(4):  # ready, and three turns
            assert child.stdout.readline()
        child.send_signal(signal.SIGKILL)
    for child in children:
        child.wait()
        child.stdout.close()
    turns = store.rows(sa.select(AUDIT.c.action, sa.func.count()).group_by(AUDIT.c.action))
    assert all(count % 20 == 0 for _, count in turns)
    assert sum(count for _, count in turns) >= 120
    assert len(entries(store)) == 1 + sum(count for _, count in turns)
    assert store.problems() == []


# --- what a tamperer does --------------------------------------------------------------------------------------------


def test_a_dropped_entry_is_named(here):
    here.filled().break_in("DELETE FROM chain WHERE number = 4")
    assert ("chain_gap", "entry 4 is gone; the next is entry 5 (audit, audit 2)") in here.problems()


def test_entries_that_changed_places_are_named(here):
    here.filled().break_in(
        "UPDATE chain SET number = 99 WHERE number = 4", "UPDATE chain SET number = 4 WHERE number = 5",
        "UPDATE chain SET number = 5 WHERE number = 99",
    )  # fmt: skip
    assert {"chain_order", "chain_entry"} <= set(here.kinds())


def test_a_row_changed_behind_its_entry_is_named(here):
    here.filled().break_in("UPDATE audit SET detail = 'nothing' WHERE id = 3")
    assert here.problems() == [("row_changed", "audit 3 is not what was entered")]


def test_a_column_filled_later_is_a_change(here):
    here.filled().break_in("UPDATE reviews SET reason = 'added afterwards' WHERE id = 1")
    assert here.problems() == [("row_changed", "reviews 1 is not what was entered")]


def test_a_row_taken_away_and_one_put_in_are_named(store):
    store.filled().break_in(
        "DELETE FROM audit WHERE id = 2", "INSERT INTO audit (id, at, actor, action) VALUES (50, 0, 'nobody', 'look')"
    )
    assert store.problems() == [
        ("row_missing", "audit 2 was entered and is gone"), ("row_unchained", "audit 50 was never entered"),
    ]  # fmt: skip


def enter_again(store, subject, **changed):
    """What the owner of the database can add without any key: one more entry, about a row that has one."""
    (old,) = store.rows(
        sa.select(CHAIN_CONTENTS.c.content).join(CHAIN, CHAIN.c.number == CHAIN_CONTENTS.c.number)
        .where(CHAIN.c.subject == subject)
    )  # fmt: skip
    with store.db.session() as connection:
        append(connection, subject.split()[0], subject, {**json.loads(old.content), **changed}, by=SYSTEM, at=NOW)


def test_a_row_changed_and_entered_again_is_named(store):
    store.filled().break_in("UPDATE reviews SET decision = 'rejected' WHERE id = 1")
    enter_again(store, "reviews 1", decision="rejected")
    assert store.problems() == [
        ("row_changed", "reviews 1 is not what was entered"),
        ("entered_twice", "reviews 1 was entered before entry 8: a row is entered once"),
    ]
    assert "entered_twice" in store.kinds(since=7)  # the nightly look at what is new sees it too


def test_a_line_taken_away_whose_number_another_one_got_is_named(here):
    """SQLite gives the number of the last row away again once that row is gone."""
    here.filled().break_in("DELETE FROM audit WHERE id = 3")
    here.note("look", "evidence 2")
    assert here.problems() == [
        ("row_changed", "audit 3 is not what was entered"),
        ("entered_twice", "audit 3 was entered before entry 8: a row is entered once"),
    ]


def test_an_erasure_that_names_more_than_free_text_of_lines_covers_nothing_up(store):
    store.filled().break_in(
        "UPDATE reviews SET decision = 'rejected' WHERE id = 1",
        "DELETE FROM chain_contents WHERE number IN (5, 6)",
        "UPDATE audit SET action = 'import', detail = 'x', actor = '李' WHERE id = 2",
    )
    told = {"entries": [5, 6], "rows": {"reviews": [1], "audit": [2]}}
    with store.db.session() as connection:
        append(connection, "erased", "personal fields", told, by=SYSTEM, at=NOW)
    assert store.problems() == [
        ("content_missing", "entry 6 (reviews 1): its content is gone, nothing says why"),
        ("row_changed", "audit 2 is not what was entered"),
    ]


def test_a_chain_that_ends_before_what_was_verified_last_is_named(here):
    here.filled().break_in("DELETE FROM chain WHERE number > 5")
    assert ("truncated", "entry 7 was verified and is gone; the chain ends at 5") in here.problems(since=7)


def test_a_file_that_goes_by_rule_while_others_are_hashed_is_not_missing(here, monkeypatch):
    here.filled()
    going = here.home / "evidence" / "H001-2026-09-01-1-frame"
    real = verifying.sha256_of

    def hashed(path):
        if going.exists():  # the night's removal, in the middle of the verification
            with here.db.session() as connection:
                enter(connection, REMOVALS, {"evidence_id": 2, "rule": "candidates", "at": 0}, by=SYSTEM, at=NOW)
            going.unlink()
        return real(path)

    monkeypatch.setattr(verifying, "sha256_of", hashed)
    assert here.problems() == []


def test_a_content_changed_together_with_its_row_is_named(here):
    here.filled().break_in(
        "UPDATE audit SET action = 'import' WHERE id = 2",
        "UPDATE chain_contents SET content = replace(content, '\"look\"', '\"import\"') WHERE number = 5",
    )
    assert here.problems() == [("content_changed", "entry 5 (audit 2): its content is not what was entered")]


def test_a_content_taken_away_without_saying_so_is_named(here):
    here.filled().break_in("DELETE FROM chain_contents WHERE number = 5")
    assert here.problems() == [("content_missing", "entry 5 (audit 2): its content is gone, nothing says why")]


def test_a_changed_byte_and_a_missing_file_are_named(here):
    here.filled()
    clip = here.home / "evidence" / "H001-2026-09-01-1-clip"
    data = bytearray(clip.read_bytes())
    data[5] ^= 1
    clip.write_bytes(data)
    (here.home / "evidence" / "H001-2026-09-01-1-frame").unlink()
    assert here.problems() == [
        ("changed_file", "H001-2026-09-01-1-clip"), ("missing_file", "H001-2026-09-01-1-frame"),
    ]  # fmt: skip


def test_a_file_that_nobody_entered_is_told(here):
    here.filled()
    (here.home / "evidence" / "slipped-in.mp4").write_bytes(b"a clip of another day")
    assert {"kind": "unknown_file", "what": "slipped-in.mp4"} in here.verified().notes


@pytest.mark.parametrize(
    "subject", ["audit 99999999999999999999999", "offices 1", "no such table 1", "audit x", "rollups 1"]
)
def test_a_subject_of_nothing_stops_no_verification(here, subject):
    here.filled().break_in(f"UPDATE chain SET subject = '{subject}' WHERE number = 2")
    assert "chain_entry" in here.kinds()


def _other(value, drawn):
    """Another value of the same kind: a flipped character, a moved number."""
    if isinstance(value, int):
        return value + 1 + drawn % 7
    place = drawn % len(value)
    letter = "0" if value[place] != "0" else "1"
    return value[:place] + letter + value[place + 1 :]


COLUMNS = ("number", "kind", "subject", "digest", "previous", "hash", "by", "at")


@pytest.fixture(scope="module")
def filled_file(tmp_path_factory):
    """A filled SQLite database, its triggers dropped, to be changed in a transaction that is never committed."""
    home = tmp_path_factory.mktemp("tampered")
    db = Database(f"sqlite:///{home / 'mingcha.db'}")
    migrate(db)
    store = Store(db, home).filled()
    store.break_in()
    yield store
    db.engine.dispose()


def _problems_after(store, statement):
    """What verify says in a transaction in which the statement ran, undone afterwards."""
    with store.db.engine.connect().execution_options(mingcha_write=True) as connection:
        connection.execute(statement)
        held = SimpleNamespace(reading=lambda: nullcontext(connection))
        found = verify_evidence(held, store.settings, now=store.now).problems
        connection.rollback()
    return found


@settings(max_examples=60)
@given(number=st.integers(1, 7), column=st.sampled_from(COLUMNS), drawn=st.integers(0, 10_000))
def test_any_change_of_any_entry_is_found_and_the_entry_named(filled_file, number, column, drawn):
    (row,) = filled_file.rows(sa.select(CHAIN).where(CHAIN.c.number == number))
    value = _other(getattr(row, column), drawn)
    if column == "number" and value <= 7:
        value += 100  # its place is taken: the key refuses it
    found = _problems_after(filled_file, sa.update(CHAIN).where(CHAIN.c.number == number).values({column: value}))
    assert found
    named = {f"entry {number}", f"entry {number + 1}", f"entry {value}"}
    assert any(what in problem["what"] for problem in found for what in named)


@settings(max_examples=40)
@given(number=st.integers(1, 7), column=st.sampled_from(("key", "content")), drawn=st.integers(0, 10_000))
def test_any_change_of_any_content_is_found_and_the_entry_named(filled_file, number, column, drawn):
    (row,) = filled_file.rows(sa.select(CHAIN_CONTENTS).where(CHAIN_CONTENTS.c.number == number))
    change = sa.update(CHAIN_CONTENTS).where(CHAIN_CONTENTS.c.number == number)
    found = _problems_after(filled_file, change.values({column: _other(getattr(row, column), drawn)}))
    assert any(problem["kind"] == "content_changed" and f"entry {number} " in problem["what"] for problem in found)


@settings(max_examples=40)
@given(which=st.sampled_from(["clip", "frame"]), place=st.integers(0, 1000), bit=st.integers(0, 7), cut=st.booleans())
def test_any_change_of_any_file_is_found_and_named(filled_file, which, place, bit, cut):
    path = filled_file.home / "evidence" / f"H001-2026-09-01-1-{which}"
    whole = path.read_bytes()
    changed = bytearray(whole)
    changed[place % len(whole)] ^= 1 << bit
    path.write_bytes(whole[: place % len(whole)] if cut else bytes(changed))
    try:
        assert filled_file.problems() == [("changed_file", path.name)]
    finally:
        path.write_bytes(whole)


# --- a database that was there before --------------------------------------------------------------------------------


def test_rows_of_a_database_of_the_first_version_are_adopted_and_changes_found(tmp_path):
    from alembic import command

    db = Database(f"sqlite:///{tmp_path / 'old.db'}")
    config = configuration()
    with db.session() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
        for number in range(1, 1502):
            connection.exec_driver_sql(
                "INSERT INTO audit (id, at, actor, action) VALUES (?, ?, '王', 'look')", (number, number)
            )
        connection.exec_driver_sql(
            "INSERT INTO evidence (id, kind, path, sha256, bytes, created_at) VALUES (3, 'clip', 'old', ?, 3, 0)",
            (hashlib.sha256(b"old").hexdigest(),),
        )
    migrate(db)
    store = Store(db, tmp_path)
    (tmp_path / "evidence" / "old").write_bytes(b"old")
    rows = entries(store)
    assert [(row.kind, row.subject) for row in rows[:2]] == [("adopted", "audit 1"), ("adopted", "audit 2")]
    assert [(row.kind, row.subject) for row in rows[1500:]] == [
        ("adopted", "audit 1501"), ("adopted", "evidence 3"), ("begun", "chain"),
    ]  # fmt: skip
    store.note("look")
    assert store.problems() == []
    migrate(db)
    assert len(entries(store)) == 1504
    store.break_in("UPDATE audit SET actor = '李' WHERE id = 1200", "DELETE FROM audit WHERE id = 7")
    assert store.problems() == [
        ("row_missing", "audit 7 was entered and is gone"), ("row_changed", "audit 1200 is not what was entered"),
    ]  # fmt: skip
    db.engine.dispose()
