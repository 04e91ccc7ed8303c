"""The drill: what was saved comes back, every row of every table, and a restore never destroys by accident."""

import hashlib
import json
import os
import shutil
import stat
import uuid
import zipfile
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from dashboard.bootstrap import Application
from dashboard.database import Database
from dashboard.database.migrate import migrate
from dashboard.database.models import AUDIT, DISPUTE_PROOFS, EVIDENCE, META, METADATA
from dashboard.disputing.proofs import Kept, keep
from dashboard.errors import MingchaError
from dashboard.operations.backup import back_up, restore, row_counts
from dashboard.people import system_viewer
from dashboard.settings import Settings
from dashboard.worker import lease

NOW = datetime(2026, 11, 22, 5, 0, tzinfo=UTC)
CHAINED = ("chain", "chain_contents")


def application(database, home):
    home.mkdir(exist_ok=True)
    return Application(Settings(home=home), database, system_viewer(), lambda: NOW)


def fill(database, rows=3):
    """A few rows in every table, values made from the column's type and name."""
    with database.session() as connection:
        for table in METADATA.sorted_tables:
            connection.execute(sa.insert(table), [made_row(table, number) for number in range(rows)])


def made_row(table, number):
    row = {}
    for column in table.columns:
        if column.name == "id":
            continue  # the database counts
        if isinstance(column.type, sa.LargeBinary):
            row[column.name] = f"{number}".encode()
        elif isinstance(column.type, sa.Text):
            row[column.name] = f"{column.name} 明察 {number}"
        elif isinstance(column.type, sa.Boolean):
            row[column.name] = bool(number % 2)
        elif isinstance(column.type, sa.Double):
            row[column.name] = number / 3
        else:
            row[column.name] = number + 1
    if table.name in CHAINED:
        row["number"] = number + 2  # the first entry is there: the chain has begun
    return row


def contents(database):
    """Every row of every table as text, the audit's own lines and their entries left out."""
    found = {}
    with database.reading() as connection:
        for table in METADATA.sorted_tables:
            query = sa.select(table)
            if table is AUDIT:
                query = query.where(AUDIT.c.action.not_in(["backup", "restore"]))
            if table.name in CHAINED:
                query = query.where(table.c.number <= 4)
            found[table.name] = sorted(str(tuple(row)) for row in connection.execute(query))
    return found


@pytest.fixture
def other_database(database, tmp_path):
    """An empty database without tables, of the same kind."""
    if database.dialect == "sqlite":
        other = Database(f"sqlite:///{tmp_path / 'other.db'}", busy_seconds=1)
        yield other
        other.engine.dispose()
        return
    name = f"test_{uuid.uuid4().hex[:12]}"
    admin = sa.create_engine(database.url, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
    with admin.connect() as connection:
        connection.execute(sa.text(f'CREATE DATABASE "{name}"'))
    other = Database(database.url.set(database=name))
    yield other
    other.engine.dispose()
    with admin.connect() as connection:
        connection.execute(sa.text(f'DROP DATABASE "{name}" WITH (FORCE)'))
    admin.dispose()


def test_every_row_of_every_table_comes_back(database, other_database, tmp_path):
    fill(database)
    target = tmp_path / "saved.zip"
    counts = back_up(application(database, tmp_path / "a"), target)
    assert counts == {table.name: 3 + (table.name in CHAINED) for table in METADATA.sorted_tables}
    done = restore(application(other_database, tmp_path / "b"), target)
    assert contents(other_database) == contents(database)
    assert done.made_at == "2026-11-22T05:00:00+00:00"
    if database.dialect == "sqlite":
        assert stat.S_IMODE(other_database.path.stat().st_mode) == 0o600
    with other_database.reading() as connection:
        actions = connection.execute(sa.select(AUDIT.c.action, AUDIT.c.actor)).all()
    assert ("restore", "system") in [tuple(action) for action in actions]


def test_a_backup_is_taken_while_another_writes(sqlite_database, tmp_path):
    fill(sqlite_database)
    with sqlite_database.session() as connection:
        connection.execute(sa.insert(META).values(key="not yet committed", value="x"))
        other = Database(sqlite_database.url, busy_seconds=1)
        with pytest.raises(MingchaError, match="locked"):
            back_up(application(other, tmp_path / "a"), tmp_path / "saved.zip")  # its audit line waits for the writer
        other.engine.dispose()
    with zipfile.ZipFile(tmp_path / "saved.zip") as archive:
        assert json.loads(archive.read("manifest.json"))["tables"]["meta"] == 3


def test_a_backup_is_for_our_eyes_only_and_overwrites_nothing(sqlite_database, tmp_path):
    target = tmp_path / "saved.zip"
    back_up(application(sqlite_database, tmp_path / "a"), target)
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    before = target.read_bytes()
    with pytest.raises(MingchaError, match="exists"):
        back_up(application(sqlite_database, tmp_path / "a"), target)
    assert target.read_bytes() == before
    with pytest.raises(MingchaError, match="There is no folder"):
        back_up(application(sqlite_database, tmp_path / "a"), tmp_path / "nowhere" / "saved.zip")
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


def test_a_database_that_holds_records_is_left_alone_unless_told(database, other_database, tmp_path):
    fill(database)
    target = tmp_path / "saved.zip"
    back_up(application(database, tmp_path / "a"), target)
    migrate(other_database)
    fill(other_database, rows=1)
    before = contents(other_database)
    with pytest.raises(MingchaError, match="is not empty"):
        restore(application(other_database, tmp_path / "b"), target)
    assert contents(other_database) == before
    restore(application(other_database, tmp_path / "b"), target, replace=True)
    assert contents(other_database) == contents(database)


def test_nothing_is_restored_under_a_working_worker(sqlite_database, tmp_path):
    target = tmp_path / "saved.zip"
    back_up(application(sqlite_database, tmp_path / "a"), target)
    lease.take(sqlite_database, "worker:1", now=NOW - timedelta(seconds=5), seconds=20)
    with pytest.raises(MingchaError, match=r"A worker \(worker:1\) works on this database"):
        restore(application(sqlite_database, tmp_path / "a"), target, replace=True)


def rewritten(path, change):
    """The archive with its members as `change(name, bytes)` gives them; None leaves one out."""
    target = path.with_name("changed.zip")
    with zipfile.ZipFile(path) as source, zipfile.ZipFile(target, "w") as copy:
        for name in source.namelist():
            if (content := change(name, source.read(name))) is not None:
                copy.writestr(name, content)
    return target


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda name, content: None if name == "manifest.json" else content, "has no manifest"),
        (lambda name, content: content.replace(b'"0003"', b'"9999"'), "newer than this"),
        (lambda name, content: content.replace(b'"sqlite"', b'"postgresql"'), "holds a postgresql database"),
        (lambda name, content: content[:-10] + b"0123456789" if name.endswith("sqlite") else content, "is damaged"),
        (lambda name, content: None if name.endswith("sqlite") else content, "is damaged"),
    ],
)
def test_what_is_no_whole_backup_of_this_version_changes_nothing(sqlite_database, tmp_path, change, words):
    fill(sqlite_database)
    target = tmp_path / "saved.zip"
    back_up(application(sqlite_database, tmp_path / "a"), target)
    before = contents(sqlite_database)
    with pytest.raises(MingchaError, match=words):
        restore(application(sqlite_database, tmp_path / "a"), rewritten(target, change), replace=True)
    assert contents(sqlite_database) == before


def test_other_files_are_no_backup(sqlite_database, tmp_path):
    (tmp_path / "notes.txt").write_text("notes")
    with pytest.raises(MingchaError, match=r"notes\.txt is no backup"):
        restore(application(sqlite_database, tmp_path / "a"), tmp_path / "notes.txt")
    with pytest.raises(MingchaError, match="There is no file"):
        restore(application(sqlite_database, tmp_path / "a"), tmp_path / "none.zip")


def test_the_configuration_comes_along_and_replaces_none(sqlite_database, tmp_path):
    here = application(sqlite_database, tmp_path / "a")
    (tmp_path / "a" / "mingcha.toml").write_text("# ours\n")
    back_up(here, tmp_path / "saved.zip")
    assert restore(here, tmp_path / "saved.zip", replace=True).configuration is None
    there = application(sqlite_database, tmp_path / "b")
    assert restore(there, tmp_path / "saved.zip").configuration == tmp_path / "b" / "mingcha.toml"
    (tmp_path / "b" / "mingcha.toml").write_text("# theirs\n")
    assert restore(there, tmp_path / "saved.zip").configuration == tmp_path / "b" / "mingcha.toml.restored"
    assert (tmp_path / "b" / "mingcha.toml").read_text() == "# theirs\n"


def test_evidence_files_that_are_not_there_are_named(sqlite_database, tmp_path):
    here = application(sqlite_database, tmp_path / "a")
    folder = here.settings.path(here.settings.video.evidence_dir)
    (folder / "2026").mkdir(parents=True)
    (folder / "2026" / "kept.mp4").write_bytes(b"clip")
    row = {"kind": "clip", "sha256": hashlib.sha256(b"clip").hexdigest(), "bytes": 4, "created_at": 0}
    with sqlite_database.session() as connection:
        connection.execute(sa.insert(EVIDENCE), [{**row, "path": "2026/kept.mp4"}, {**row, "path": "2026/gone.mp4"}])
        proof = {"dispute_id": 1, "name": "p.pdf", "kind": "pdf", "bytes": 4, "by": "x", "at": 0}
        connection.execute(sa.insert(DISPUTE_PROOFS), [{**proof, "sha256": sha} for sha in ("0" * 64, row["sha256"])])
    keep(here.settings, Kept("p.pdf", "pdf", b"clip"))
    back_up(here, tmp_path / "saved.zip")
    assert restore(here, tmp_path / "saved.zip", replace=True).missing_evidence == ("2026/gone.mp4", "0" * 64)


def test_without_its_tool_a_postgresql_backup_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setattr(shutil, "which", lambda name: None)
    url = os.environ.get("MINGCHA_TEST_POSTGRES", "postgresql+psycopg://nobody@127.0.0.1:1/none")
    here = application(Database(url), tmp_path / "a")
    with pytest.raises(MingchaError, match="pg_dump is not installed"):
        back_up(here, tmp_path / "saved.zip")
    here.db.engine.dispose()
    assert not (tmp_path / "saved.zip").exists()


def test_an_empty_database_has_no_counts(tmp_path):
    database = Database(f"sqlite:///{tmp_path / 'empty.db'}")
    assert row_counts(database) == {}
    database.engine.dispose()
