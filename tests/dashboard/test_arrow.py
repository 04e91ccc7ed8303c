"""Frames go in and out of SQLite through a process of its own, and the two never damage each other's work."""

import signal
import sqlite3
import subprocess
import sys
import threading
import time
from pathlib import Path

import adbc_driver_manager
import polars as pl
import pytest
import sqlalchemy as sa

from dashboard.database import arrow
from dashboard.database.models import META
from dashboard.errors import DatabaseUnusableError


def rows(name, count):
    return pl.DataFrame({"key": [f"{name}{n}" for n in range(count)], "value": ["x" * 200] * count})


def test_two_ways_into_one_file_never_damage_it(sqlite_database):
    """With ADBC's SQLite inside this process the same two threads destroy the file within seconds."""
    until = time.monotonic() + 3
    written = {"a": 0, "b": 0}

    def by_session():
        while time.monotonic() < until:
            with sqlite_database.session() as connection:
                connection.execute(sa.insert(META).values(key=f"a{written['a']}", value="x" * 200))
            written["a"] += 1
            time.sleep(0.001)  # SQLite's lock is not fair: leave the other thread a turn

    def by_frames():
        while time.monotonic() < until:
            frame = rows("b", 500).with_columns("b" + pl.int_range(pl.len()).cast(str) + f"/{written['b']}")
            frame.columns = ["key", "value", "name"]
            with sqlite_database.adbc(write=True) as connection, connection.cursor() as cursor:
                cursor.adbc_ingest("meta", frame.select(key="name", value="value"), mode="append")
            written["b"] += 500

    threads = [threading.Thread(target=by_session), threading.Thread(target=by_frames)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with sqlite3.connect(sqlite_database.path) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        counts = dict(connection.execute("SELECT substr(key, 1, 1), count(*) FROM meta GROUP BY 1"))
    connection.close()
    assert counts == written
    assert written["a"] > 50
    assert written["b"] > 500


def test_a_frame_transaction_holds_the_write_lock_against_this_process_too(sqlite_database):
    sqlite_database.engine.dispose()
    with sqlite_database.adbc(write=True):
        other = sqlite3.connect(sqlite_database.path, isolation_level=None, timeout=0)
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            other.execute("BEGIN IMMEDIATE")
        other.close()


def test_values_come_back_as_they_went_in(sqlite_database):
    frame = pl.DataFrame({"key": ["空", "b", "c"], "value": ["一二三", None, "z" * 70_000]})
    with sqlite_database.adbc(write=True) as connection, connection.cursor() as cursor:
        assert cursor.adbc_ingest("meta", frame, mode="append") == 3
        cursor.execute("SELECT key, value FROM meta ORDER BY rowid")
        assert cursor.fetchone() == ("空", "一二三")
        assert cursor.fetchone() == ("b", None)
        assert cursor.fetchall() == [("c", "z" * 70_000)]
        assert cursor.fetchone() is None
        cursor.executemany("DELETE FROM meta WHERE key = ?", [("b",), ("c",)])
    assert sqlite_database.frame(sa.select(META.c.key))["key"].to_list() == ["空"]


def test_a_table_of_many_batches_arrives_whole(sqlite_database):
    with sqlite_database.adbc(write=True) as connection, connection.cursor() as cursor:
        cursor.adbc_ingest("meta", rows("n", 150_000), mode="append")
    assert sqlite_database.frame(sa.select(META.c.key)).height == 150_000


def test_a_failing_ingest_is_told_and_the_connection_still_serves(sqlite_database):
    twice = pl.concat([rows("n", 100_000), rows("n", 100_000)])
    with (
        pytest.raises(adbc_driver_manager.Error, match="UNIQUE"),
        sqlite_database.adbc(write=True) as connection,
        connection.cursor() as cursor,
    ):
        cursor.adbc_ingest("meta", twice, mode="append")
    assert sqlite_database.frame(sa.select(META)).is_empty()


def test_an_unreadable_statement_is_the_drivers_error(sqlite_database):
    with (
        pytest.raises(adbc_driver_manager.Error, match="no such table"),
        sqlite_database.adbc() as connection,
        connection.cursor() as cursor,
    ):
        cursor.execute("SELECT * FROM nowhere")


def test_a_process_that_dies_is_named_and_its_transaction_undone(sqlite_database):
    with pytest.raises(DatabaseUnusableError, match="ended unexpectedly"):
        die_in_mid_transaction(sqlite_database)
    assert sqlite_database.frame(sa.select(META)).is_empty()


def die_in_mid_transaction(database):
    with database.adbc(write=True) as connection, connection.cursor() as cursor:
        cursor.adbc_ingest("meta", rows("n", 10), mode="append")
        connection._process.process.send_signal(signal.SIGKILL)
        cursor.execute("SELECT 1")
        cursor.fetchall()


def test_processes_are_used_again_and_few_stay(sqlite_database):
    open_at_once = [arrow.connect(sqlite_database.path, busy_seconds=1) for _ in range(arrow.MOST_IDLE + 2)]
    pids = {connection._process.process.pid for connection in open_at_once}
    for connection in open_at_once:
        connection.close()
    assert len(arrow._idle) == arrow.MOST_IDLE
    again = arrow.connect(sqlite_database.path, busy_seconds=1)
    assert again._process.process.pid in pids
    again.close()


def test_killing_the_parent_ends_its_frame_process(sqlite_database):
    script = (
        "import sys, time; from pathlib import Path; from dashboard.database import arrow;"
        "c = arrow.connect(Path(sys.argv[1]), busy_seconds=1);"
        "print(c._process.process.pid, flush=True); time.sleep(60)"
    )
    command = [sys.executable, "-c", script, str(sqlite_database.path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as parent:
        pid = int(parent.stdout.readline())
        parent.kill()
    assert gone_within(pid, 5)


def gone_within(pid, seconds):
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        status = Path(f"/proc/{pid}/status")
        if not status.exists() or "zombie" in status.read_text(encoding="utf-8"):
            return True
        time.sleep(0.05)
    return False
