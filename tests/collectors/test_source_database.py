"""The database source against a real PostgreSQL and a SQLite file."""

import base64
import gc
import threading
import time
import warnings
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
import sqlalchemy as sa

from collectors.base import Arrival, CollectorError, Remark
from collectors.database import DatabaseConfig, DatabaseSource, as_text
from collectors.mapping import parse_config
from collectors.surroundings import Surroundings
from collectors.tables import read_grids
from collectors.watermark import Overlap, dumped, loaded, not_beyond, start_of

NOW = datetime(2026, 7, 10, 4, 0, tzinfo=UTC)  # noon in Shanghai


def make_source(database, tmp_path, **keys):
    table = {"name": "crm", "record": "tickets", "kind": "database", "query": "SELECT * FROM crm_tickets"} | keys
    if database is not None:
        table.setdefault("path", database.url.render_as_string(hide_password=False))
    return DatabaseSource(parse_config(DatabaseConfig, table, "crm"), Surroundings(tmp_path, tmp_path / "spool", {}))


def fetched(source, state=None, seen=frozenset(), now=NOW):
    """Header, rows and what is to be remembered of one fetch; rows None when there was nothing to take in."""
    items = []
    for item in source.fetch(seen=seen, state=state or {}, arrived_at=now):
        rows = read_rows(item.path) if isinstance(item, Arrival) else None
        items.append((rows, dict(item.state), item))
    assert len(items) == 1
    return items[0]


def read_rows(path):
    (grid,) = read_grids(path)
    return [tuple(row) for row in grid.head]


@pytest.fixture
def foreign(database):
    """A foreign table in a database of its own, with two tickets."""
    with database.engine.connect() as connection:
        connection.execute(
            sa.text(
                "CREATE TABLE crm_tickets (ticket_no TEXT, content TEXT, amount NUMERIC(12, 2), updated_at TIMESTAMP)"
            )
        )
        connection.commit()
    add(database, "T1", '变压器响，很吵; "真的"\n第二行', "10.50", "2026-07-08 08:00:00")
    add(database, "T2", None, None, "2026-07-09 09:30:05")
    return database


def add(database, number, content, amount, at):
    with database.engine.connect() as connection:
        connection.execute(
            sa.text("INSERT INTO crm_tickets VALUES (:n, :c, CAST(:a AS NUMERIC(12, 2)), :t)"),
            {"n": number, "c": content, "a": amount, "t": at if database.dialect == "sqlite" or at is None
             else datetime.fromisoformat(at)},
        )  # fmt: skip
        connection.commit()


def test_it_brings_header_and_rows_as_text(foreign, tmp_path):
    rows, _, arrival = fetched(make_source(foreign, tmp_path))
    assert rows[0] == ("ticket_no", "content", "amount", "updated_at")
    assert rows[1][:2] == ("T1", '变压器响，很吵; "真的"\n第二行')
    assert rows[1][2] in ("10.50", "10.5")  # SQLite keeps numbers, not their digits
    assert rows[1][3] == "2026-07-08 08:00:00"
    assert rows[2] == ("T2", "", "", "2026-07-09 09:30:05")
    assert arrival.name == "crm: query"
    assert not arrival.path.exists(), "the spool file is gone once the next item was asked for"


def test_the_second_reading_brings_only_what_is_new(foreign, tmp_path):
    source = make_source(foreign, tmp_path, watermark="updated_at")
    _, state, _ = fetched(source)
    add(foreign, "T3", None, None, "2026-07-10 08:00:00")
    add(foreign, "T4", "as old as the newest one was", None, "2026-07-09 09:30:05")
    add(foreign, "T5", "older", None, "2026-07-09 09:30:04")
    rows, state, item = fetched(source, state)
    assert [row[0] for row in rows[1:]] == ["T3", "T4"]
    assert item.name == "crm: query from 2026-07-09 09:30:05 on"
    rows, again, item = fetched(source, state)
    assert (rows, again) == (None, {})
    assert item.text == "nothing new from 2026-07-10 08:00:00 on"


def test_an_overlap_brings_late_rows_and_late_edits_and_nothing_else(foreign, tmp_path):
    source = make_source(foreign, tmp_path, watermark="updated_at", overlap="1d")
    add(foreign, "T3", None, None, "2026-07-09 08:00:00")
    _, state, _ = fetched(source)
    add(foreign, "T4", "committed late", None, "2026-07-08 09:30:05")  # exactly a day before the last one: still seen
    add(foreign, "T5", "committed too late", None, "2026-07-08 09:30:04")
    with foreign.engine.connect() as connection:
        connection.execute(sa.text("UPDATE crm_tickets SET content = 'edited' WHERE ticket_no = 'T3'"))
        connection.commit()
    rows, state, _ = fetched(source, state)
    assert sorted(row[:2] for row in rows[1:]) == [("T3", "edited"), ("T4", "committed late")]
    assert fetched(source, state)[0] is None


def test_rows_without_a_watermark_are_never_missed(foreign, tmp_path):
    source = make_source(foreign, tmp_path, watermark="updated_at")
    _, state, _ = fetched(source)
    add(foreign, "T6", None, None, None)
    rows, state, _ = fetched(source, state)
    assert [row[0] for row in rows[1:]] == ["T6"]
    assert fetched(source, state)[0] is None


def test_a_row_from_the_future_does_not_hide_what_comes_after(foreign, tmp_path):
    source = make_source(foreign, tmp_path, watermark="updated_at")
    add(foreign, "T7", None, None, "2099-01-01 00:00:00")
    _, state, _ = fetched(source)
    add(foreign, "T8", None, None, "2026-07-10 12:00:01")
    rows, _, _ = fetched(source, state, now=NOW + timedelta(minutes=1))
    assert [row[0] for row in rows[1:]] == ["T8"]


def test_another_column_makes_every_row_another(foreign, tmp_path):
    _, state, _ = fetched(make_source(foreign, tmp_path, watermark="updated_at"))
    query = "SELECT ticket_no, updated_at FROM crm_tickets"
    rows, _, _ = fetched(make_source(foreign, tmp_path, watermark="updated_at", query=query), state)
    assert [row[0] for row in rows[1:]] == ["T2"]


def test_a_window_too_large_to_remember_is_read_again(foreign, tmp_path, monkeypatch):
    monkeypatch.setattr("collectors.window.MOST_ROWS", 1)
    source = make_source(foreign, tmp_path, watermark="updated_at", overlap="30d")
    _, state, _ = fetched(source)
    assert state["window"] == ""
    assert [row[0] for row in fetched(source, state)[0][1:]] == ["T1", "T2"]


def test_a_long_first_reading_keeps_only_the_window(foreign, tmp_path, monkeypatch):
    monkeypatch.setattr("collectors.window._PRUNE_AT", 10)
    for number in range(100):
        add(foreign, f"N{number}", None, None, f"2026-07-10 {number // 60:02d}:{number % 60:02d}:00")
    source = make_source(foreign, tmp_path, watermark="updated_at", overlap="9m")
    _, state, _ = fetched(source)
    assert len(base64.b64decode(state["window"])) == 10 * 8
    assert fetched(source, state)[0] is None


def test_an_unchanged_result_is_nothing_new_and_moves_no_watermark(foreign, tmp_path):
    source = make_source(foreign, tmp_path, watermark="updated_at")
    _, state, first = fetched(source)
    rows, again, remark = fetched(source, {}, seen=frozenset({first.sha256}))
    assert rows is None
    assert isinstance(remark, Remark)
    assert again == {}, "what was read before may have been refused: it must be asked for again"
    assert first.state_if_refused == {}
    assert state["watermark"] == '["datetime", "2026-07-09T09:30:05"]' or foreign.dialect == "sqlite"
    assert "nothing new" in remark.text


def test_a_watermark_column_that_is_absent_is_named(foreign, tmp_path):
    with pytest.raises(CollectorError, match=r"'changed_at' is not in the result.*ticket_no, content") as caught:
        fetched(make_source(foreign, tmp_path, watermark="changed_at"))
    assert caught.value.permanent


def test_a_query_may_have_colons_casts_and_comments(foreign, tmp_path):
    query = "SELECT ticket_no, 'a:b %' AS x, '12:30' AS y, updated_at FROM crm_tickets -- :no parameter"
    source = make_source(foreign, tmp_path, query=query, watermark="updated_at")
    rows, state, _ = fetched(source)
    assert rows[1][:3] == ("T1", "a:b %", "12:30")
    add(foreign, "T3", None, None, "2026-07-10 08:00:00")
    assert fetched(source, state)[0][1][0] == "T3"


def test_a_foreign_database_is_never_written_to(foreign, tmp_path):
    refused = pytest.raises(sa.exc.DBAPIError, match=r"readonly|read-only")
    with make_source(foreign, tmp_path)._connected() as connection, refused:
        connection.execute(sa.text("DELETE FROM crm_tickets"))
    with foreign.reading() as connection:
        assert connection.execute(sa.text("SELECT count(*) FROM crm_tickets")).scalar() == 2


@pytest.mark.postgres
@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_a_database_that_vanishes_mid_query_leaves_nothing_behind(foreign, tmp_path):
    query = "SELECT 'T' || g AS ticket_no, pg_sleep(0.001)::text AS x FROM generate_series(1, 1000000) g"
    source = make_source(foreign, tmp_path, query=query)
    killer = threading.Thread(target=_terminate_reader, args=(foreign,))
    killer.start()
    with warnings.catch_warnings():
        # SQLAlchemy does not close the cursor of a connection that is gone; psycopg remarks on it when it is collected
        warnings.simplefilter("ignore", ResourceWarning)
        message, permanent = _failure(source)
        gc.collect()
    killer.join()
    assert message.startswith("Source 'crm': the database said: ")
    assert message.endswith("asked again later.")
    assert not permanent
    assert list((tmp_path / "spool").iterdir()) == []


def _failure(source):
    try:
        fetched(source)
    except CollectorError as error:
        return error.message, error.permanent
    raise AssertionError("the query ended as if nothing had happened")


def _terminate_reader(database):
    statement = sa.text(
        "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
        " WHERE datname = current_database() AND application_name = 'mingcha' AND state = 'active'"
    )
    for _ in range(100):
        with database.engine.connect() as connection:
            if connection.execute(statement).scalar():
                return
        time.sleep(0.05)


@pytest.mark.postgres
@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_typed_values_keep_what_they_say(foreign, tmp_path):
    query = (
        "SELECT TIMESTAMPTZ '2026-07-01 08:00:00+08' AS a, DATE '2026-07-01' AS b, true AS c,"
        " 12345678901234567890 AS d, 0.10::numeric AS e, '{\"键\": [1]}'::jsonb AS f,"
        " ARRAY['甲', '乙'] AS g, '甲'::bytea AS h,"
        " TIMESTAMP '2026-07-01 08:00:00.5' AS i"
    )
    rows, _, _ = fetched(make_source(foreign, tmp_path, query=query))
    aware, *others = rows[1]
    assert datetime.fromisoformat(aware) == datetime(2026, 7, 1, tzinfo=UTC)
    assert others == ["2026-07-01", "true", "12345678901234567890", "0.10", '{"键": [1]}', '["甲", "乙"]', "甲",
                      "2026-07-01 08:00:00.500000"]  # fmt: skip


@pytest.mark.postgres
@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_a_wrong_query_is_permanent_and_keeps_the_password_out(foreign, tmp_path):
    source = make_source(foreign, tmp_path, query="SELECT nonsense FROM crm_tickets",
                         auth={"password_env": "CRM_PASSWORD"})  # fmt: skip
    source = DatabaseSource(source.config, Surroundings(tmp_path, tmp_path / "spool", {"CRM_PASSWORD": "p@ss/word:1"}))
    with pytest.raises(CollectorError, match=r'column "nonsense" does not exist\. Correct the query') as caught:
        fetched(source)
    assert caught.value.permanent
    assert "p@ss" not in str(caught.value)


def test_an_unreachable_server_is_named_and_tried_again(tmp_path):
    source = make_source(None, tmp_path, path="postgresql+psycopg://reader@127.0.0.1:1/crm",
                         auth={"password_file": "secret"})  # fmt: skip
    (tmp_path / "secret").write_text("hunter22\n")
    with pytest.raises(CollectorError, match="Check that the database runs") as caught:
        fetched(source)
    assert not caught.value.permanent
    assert "hunter22" not in str(caught.value)


def test_a_sqlite_file_that_is_absent_is_not_made(tmp_path):
    with pytest.raises(CollectorError, match=r"no database file .*absent\.db"):
        fetched(make_source(None, tmp_path, path="sqlite:///absent.db"))
    assert not (tmp_path / "absent.db").exists()


def test_a_missing_driver_is_named(tmp_path):
    with pytest.raises(CollectorError, match="oracledb"):
        fetched(make_source(None, tmp_path, path="oracle+oracledb://reader@host:1521/?service_name=CRM"))
    with pytest.raises(CollectorError, match="dmSQLAlchemy"):
        fetched(make_source(None, tmp_path, path="dm+dmPython://reader@host:5236"))


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ({"path": "postgresql://reader:hunter22@host/crm"}, "no password may stand in an address"),
        ({"path": "nonsense"}, "no database URL"),
        ({"query": "DELETE FROM t"}, "begins with SELECT"),
        ({"overlap": "2 weeks", "watermark": "x"}, "no duration"),
        ({"overlap": "2d"}, "overlap needs a watermark"),
        ({"watermarks": "x"}, "did you mean 'watermark'"),
        ({"auth": {"pasword_env": "X"}}, "did you mean 'password_env'"),
    ],
)
def test_a_wrong_key_is_named(tmp_path, keys, said):
    with pytest.raises(CollectorError, match=said) as caught:
        make_source(None, tmp_path, **({"path": "sqlite:///x.db"} | keys))
    assert "hunter22" not in str(caught.value)


def test_a_missing_secret_is_named(tmp_path):
    source = make_source(None, tmp_path, path="postgresql://reader@host/crm", auth={"password_env": "CRM_PASSWORD"})
    with pytest.raises(CollectorError, match=r"auth\.password_env names the variable CRM_PASSWORD, which is not set"):
        fetched(source)


# --- watermarks ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "overlap", "start"),
    [
        (1000, "10", 990),
        (Decimal("1000.5"), "10", Decimal("990.5")),
        (date(2026, 7, 3), "2d", date(2026, 7, 1)),
        (datetime(2026, 7, 3, 8), "90m", datetime(2026, 7, 3, 6, 30)),
        ("2026-07-03 08:00:00", "1d", "2026-07-02 08:00:00"),
        ("2026-07-01T00:00:01.250Z", "2s", "2026-06-30T23:59:59.250Z"),
        ("2026-07-01T00:00:01+08:00", "2s", "2026-06-30T23:59:59+08:00"),
        ("20260701000001", "2s", "20260630235959"),
        ("2026/07/01", "1d", "2026/06/30"),
        ("a-17", None, "a-17"),
    ],
)
def test_a_watermark_survives_storing_and_goes_back_by_the_overlap(value, overlap, start):
    assert loaded(dumped(value)) == value
    assert start_of(dumped(value), Overlap(overlap) if overlap else None) == start


def test_an_overlap_of_the_wrong_kind_is_refused():
    with pytest.raises(CollectorError, match="holds numbers"):
        start_of(dumped(5), Overlap("2d"))
    with pytest.raises(CollectorError, match="holds times"):
        start_of(dumped(datetime(2026, 1, 1)), Overlap("5"))
    with pytest.raises(CollectorError, match="no time"):
        start_of(dumped("a-17"), Overlap("2d"))


@pytest.mark.parametrize(
    ("value", "limited"),
    [
        (datetime(2099, 1, 1), datetime(2026, 7, 10, 12)),
        ("2099-01-01 00:00:00", "2026-07-10 12:00:00"),
        ("2099-01-01T00:00:00Z", "2026-07-10T04:00:00Z"),
        (date(2099, 1, 1), date(2026, 7, 10)),
        ("2026-07-10 12:00:00", "2026-07-10 12:00:00"),
        (2**60, 2**60),
    ],
)
def test_a_watermark_stays_before_the_moment_of_reading(value, limited):
    assert not_beyond(value, NOW, "Asia/Shanghai") == limited


def test_values_become_the_text_a_file_would_hold():
    assert as_text(memoryview("故障".encode("gb18030"))) == "故障"
    assert as_text(b"\xff\xfe\x00\x81\x80") == "fffe008180"
    assert as_text(Decimal("1E+3")) == "1000"
    assert as_text(False) == "false"
