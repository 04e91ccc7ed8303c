"""The database object does the same on both servers."""

import sqlite3
import threading

import polars as pl
import pytest
import sqlalchemy as sa

from dashboard.database import Database
from dashboard.database.migrate import migrate, require_current, tables_differ
from dashboard.database.models import LEASES, META
from dashboard.errors import DatabaseUnusableError


def test_migrated_tables_are_the_models(database):
    assert tables_differ(database) == []


def test_a_frame_is_typed_by_its_statement_even_when_empty(database):
    frame = database.frame(sa.select(LEASES))
    assert frame.schema == {"name": pl.String, "holder": pl.String, "until": pl.Int64, "taken_at": pl.Int64}


def test_a_text_column_that_starts_empty_keeps_its_later_texts(database):
    rows = [{"name": f"{n:05}", "holder": None if n < 70_000 else "late"} for n in range(70_001)]
    with database.session() as connection:
        connection.execute(sa.insert(LEASES), rows)
    frame = database.frame(sa.select(LEASES.c.name, LEASES.c.holder).order_by(LEASES.c.name))
    assert frame["holder"].null_count() == 70_000
    assert frame["holder"][-1] == "late"


def test_parameters_are_bound_and_not_written_into_the_text(database):
    nasty = "x'); DROP TABLE leases; --"
    with database.session() as connection:
        connection.execute(sa.insert(LEASES).values(name=nasty))
    assert database.frame(sa.select(LEASES.c.name).where(LEASES.c.name.in_([nasty, "y"])))["name"].to_list() == [nasty]


def test_a_kept_statement_is_asked_with_other_parameters(database):
    with database.session() as connection:
        connection.execute(sa.insert(LEASES), [{"name": "a", "holder": None}, {"name": "b", "holder": "x"}])
    asked = sa.select(LEASES.c.name, LEASES.c.holder).where(LEASES.c.name == sa.bindparam("name", type_=sa.Text))
    assert database.frame(asked, name="a").rows() == [("a", None)]
    assert database.frame(asked, name="b").rows() == [("b", "x")]
    assert database.frame(asked, name="c").rows() == []
    with pytest.raises(TypeError, match="No parameter nome"):
        database.frame(asked, nome="a")


def test_an_error_inside_a_session_leaves_nothing(database):
    with pytest.raises(RuntimeError):
        _write_and_fail(database)
    assert database.frame(sa.select(META)).is_empty()


def test_a_reader_sees_one_moment_whatever_others_commit_meanwhile(database):
    with database.reading() as connection:
        assert connection.execute(sa.select(META)).all() == []
        with database.session() as other:
            other.execute(sa.insert(META).values(key="k", value="v"))
        assert connection.execute(sa.select(META)).all() == []
    assert database.frame(sa.select(META)).height == 1


def test_an_error_inside_an_adbc_transaction_leaves_nothing(database):
    with pytest.raises(RuntimeError):
        _ingest_and_fail(database)
    assert database.frame(sa.select(META)).is_empty()


@pytest.mark.parametrize("way", ["session", "adbc"])
def test_a_deed_waits_for_a_long_writer_and_then_succeeds(sqlite_database, way):
    """On SQLite judging may hold the write lock for seconds; a click meanwhile is slow, and not lost."""
    writer = sqlite3.connect(sqlite_database.path, isolation_level=None, check_same_thread=False)
    writer.execute("BEGIN IMMEDIATE")
    done = threading.Timer(1.0, writer.rollback)
    done.start()
    if way == "session":
        with sqlite_database.session() as connection:
            connection.execute(sa.insert(META).values(key="k", value="v"))
    else:
        with sqlite_database.adbc(write=True) as connection, connection.cursor() as cursor:
            cursor.execute("INSERT INTO meta (key, value) VALUES ('k', 'v')")
    done.join()
    writer.close()
    assert sqlite_database.frame(sa.select(META.c.value).where(META.c.key == "k"))["value"].to_list() == ["v"]


def test_a_deed_that_waited_too_long_says_so_and_can_be_tried_again(sqlite_database):
    impatient = Database(sqlite_database.url, busy_seconds=0.2)
    with (
        sqlite_database.session(),
        pytest.raises(DatabaseUnusableError, match=r"for 0\.2 s\. Stop it or try again"),
        impatient.session(),
    ):
        raise AssertionError("two writers at once")
    with impatient.session() as connection:
        connection.execute(sa.insert(META).values(key="k", value="v"))
    impatient.engine.dispose()


def test_a_newer_database_is_refused_by_name(database):
    with database.session() as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(DatabaseUnusableError, match="'9999', which is newer"):
        migrate(database)


def test_a_missing_file_says_how_to_make_one(tmp_path):
    with pytest.raises(DatabaseUnusableError, match="mingcha init"):
        require_current(Database(f"sqlite:///{tmp_path / 'none.db'}"))


def test_a_file_that_is_no_database_is_named(tmp_path):
    path = tmp_path / "notes.db"
    path.write_text("these are notes, not a database")
    with pytest.raises(DatabaseUnusableError, match=r"notes\.db is no SQLite database"):
        require_current(Database(f"sqlite:///{path}"))


def test_an_unreachable_server_is_named_without_its_password():
    with pytest.raises(DatabaseUnusableError, match="cannot be used") as caught:
        migrate(Database("postgresql+psycopg://someone:secret@127.0.0.1:1/none"))
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("url", ["mysql://x/y", "nonsense", "sqlite:///:memory:"])
def test_other_urls_are_refused(url):
    with pytest.raises(DatabaseUnusableError):
        Database(url)


def _write_and_fail(database):
    with database.session() as connection:
        connection.execute(sa.insert(META).values(key="a", value="b"))
        raise RuntimeError


def _ingest_and_fail(database):
    with database.adbc(write=True) as connection, connection.cursor() as cursor:
        database.execute(cursor, sa.insert(META).values(key="a", value="b"))
        raise RuntimeError
