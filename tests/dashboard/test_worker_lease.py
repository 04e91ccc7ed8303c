"""One leader at a time: the lease is taken by one, renewed, given back, and taken over only when it has run out."""

import threading
import time
from datetime import UTC, datetime, timedelta

import pytest

from dashboard.worker import lease

NOW = datetime(2026, 11, 22, 5, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def test_the_first_takes_it_and_the_second_does_not(database):
    assert lease.take(database, "a", now=NOW, seconds=20)
    assert not lease.take(database, "b", now=NOW + SECOND, seconds=20)
    assert lease.current(database) == lease.Lease("a", NOW, NOW + 20 * SECOND)


@pytest.mark.parametrize(("later", "taken"), [(19.999, False), (20, False), (20.001, True)])
def test_it_is_taken_over_only_after_it_has_run_out(database, later, taken):
    lease.take(database, "a", now=NOW, seconds=20)
    assert lease.take(database, "b", now=NOW + timedelta(seconds=later), seconds=20) is taken


def test_renewing_keeps_the_moment_it_was_first_taken(database):
    lease.take(database, "a", now=NOW, seconds=20)
    assert lease.take(database, "a", now=NOW + 15 * SECOND, seconds=20)
    assert lease.current(database) == lease.Lease("a", NOW, NOW + 35 * SECOND)


def test_a_leader_that_comes_late_keeps_it_if_nobody_took_it(database):
    lease.take(database, "a", now=NOW, seconds=20)
    assert lease.take(database, "a", now=NOW + timedelta(hours=1), seconds=20)


def test_a_deposed_leader_does_not_get_it_back(database):
    lease.take(database, "a", now=NOW, seconds=20)
    lease.take(database, "b", now=NOW + 30 * SECOND, seconds=20)
    assert not lease.take(database, "a", now=NOW + 31 * SECOND, seconds=20)


def test_given_back_it_is_free_at_once(database):
    lease.take(database, "a", now=NOW, seconds=20)
    lease.release(database, "b")
    assert lease.current(database).holder == "a"
    lease.release(database, "a")
    assert lease.current(database) is None
    assert lease.take(database, "b", now=NOW + SECOND, seconds=20)


@pytest.mark.parametrize("round_", range(3))
def test_of_many_that_reach_for_it_at_once_one_gets_it(database, round_):
    if round_ == 1:
        lease.take(database, "old", now=NOW - timedelta(hours=1), seconds=20)
    gate, won = threading.Barrier(6), []

    def reach(name):
        gate.wait()
        if lease.take(database, name, now=NOW, seconds=20):
            won.append(name)

    threads = [threading.Thread(target=reach, args=(f"w{n}",)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(won) == 1
    assert lease.current(database).holder == won[0]


def test_a_challenger_gives_way_when_a_long_write_kept_everybody_waiting(sqlite_database):
    """The leader's own import may hold SQLite's write lock past the lease; that alone must not depose it."""
    lease.take(sqlite_database, "leader", now=NOW, seconds=20)
    writing, late = threading.Event(), NOW + 60 * SECOND

    def long_write():
        with sqlite_database.session():
            writing.set()
            time.sleep(lease.PATIENCE_SECONDS + 0.4)

    writer = threading.Thread(target=long_write)
    writer.start()
    writing.wait()
    assert not lease.take(sqlite_database, "challenger", now=late, seconds=20)
    writer.join()
    assert lease.take(sqlite_database, "leader", now=late, seconds=20)
