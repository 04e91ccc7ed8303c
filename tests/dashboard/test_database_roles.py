"""Two roles on a real PostgreSQL: the everyday one does an ordinary day's work and can undo nothing of it."""

import os
import uuid
from datetime import UTC, datetime

import pytest
import sqlalchemy as sa

from checks.exclusions import Filing
from collectors.mapping import SpreadsheetConfig, parse_config
from dashboard.actions import audit
from dashboard.actions.exclusions import approve_exclusion, file_exclusion
from dashboard.bootstrap import Application
from dashboard.database import Database
from dashboard.database.guards import ONLY_ADDED, powers
from dashboard.database.migrate import migrate
from dashboard.database.models import APPEND_ONLY, AUDIT, HISTORY_TABLES, REVIEWS
from dashboard.evidence.chain import enter
from dashboard.intake import import_file
from dashboard.judging.present import bring_up_to_date
from dashboard.judging.rules import rules_of
from dashboard.operations import doctor
from dashboard.people import Viewer, system_viewer
from dashboard.settings import load

NOW = datetime(2026, 10, 1, tzinfo=UTC)
INSPECTOR, OTHER = (Viewer(name, "inspector", frozenset({"*"})) for name in ("沈岚", "周正"))
OFFICES = "code,name,level,parent_code,area\nS1,一所,station,,urban\n"
TICKETS = "ticket_no,type,office_code,accepted_at,content\n1,complaint,S1,2026-09-01 08:00:00,{}\n"


@pytest.fixture
def roles():
    """A database of an owner who is no superuser, and of a role that owns nothing: (everyday, owner) as databases."""
    server = os.environ.get("MINGCHA_TEST_POSTGRES")
    if not server:
        pytest.skip("no PostgreSQL server (MINGCHA_TEST_POSTGRES is not set)")
    name, owner, role = (f"{kind}_{uuid.uuid4().hex[:12]}" for kind in ("test", "owner", "role"))
    admin = sa.create_engine(server, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
    with admin.connect() as connection:
        for made in (owner, role):
            connection.exec_driver_sql(f"CREATE ROLE {made} LOGIN PASSWORD 'geheim'")
        connection.exec_driver_sql(f"CREATE DATABASE {name} OWNER {owner}")
    url = sa.make_url(server).set(database=name, password="geheim")
    own = Database(url.set(username=owner))
    both = Database(url.set(username=role), migration_url=url.set(username=owner))
    migrate(both)
    everyday = Database(url.set(username=role))
    yield everyday, own
    for db in (everyday, own, both):
        db.engine.dispose()
    with admin.connect() as connection:
        connection.exec_driver_sql(f"DROP DATABASE {name} WITH (FORCE)")
        for made in (owner, role):
            connection.exec_driver_sql(f"DROP ROLE {made}")
    admin.dispose()


def ordinary_day(db, folder):
    """What people and worker do: files come in twice, figures are made, a decision of two people is taken."""
    settings = load({}, folder)
    for record, text in (("offices", OFFICES), ("tickets", TICKETS.format("一")), ("tickets", TICKETS.format("二"))):
        path = folder / f"{record}.csv"
        path.write_text(text, encoding="utf-8")
        config = parse_config(SpreadsheetConfig, {"name": record, "record": record}, "test")
        import_file(db, by=system_viewer(), path=path, config=config, now=NOW, name=path.name)
    bring_up_to_date(db, rules_of(settings), NOW)
    filing = Filing(("S1",), ("tickets",), 1788220800_000000, 1788307200_000000, "disaster", "文1")
    number = file_exclusion(db, by=INSPECTOR, filing=filing, at=NOW)
    approve_exclusion(db, by=OTHER, number=number, note="已核", at=NOW)
    with db.session() as connection:
        audit.record(connection, INSPECTOR, "look", "sample 1", at=NOW)
        seen = {"finding_id": 1, "decision": "confirmed", "by": "沈岚", "at": 1}
        enter(connection, REVIEWS, seen, by=INSPECTOR, at=NOW)


@pytest.mark.postgres
def test_the_everyday_role_works_and_can_undo_nothing(roles, tmp_path):
    everyday, owner = roles
    ordinary_day(everyday, tmp_path)
    with everyday.reading() as connection:
        assert powers(connection) == []
        assert connection.scalar(sa.select(sa.func.count()).select_from(HISTORY_TABLES["tickets"])) == 1
        assert connection.scalar(sa.select(sa.func.count()).select_from(AUDIT)) >= 3
    refused = [
        *(f"{deed} {table.name}" for table in ONLY_ADDED for deed in ("DELETE FROM", "TRUNCATE", "DROP TABLE")),
        *(f"UPDATE {table.name} SET {list(table.c)[-1].name} = NULL" for table in ONLY_ADDED),
        "ALTER TABLE audit ADD COLUMN x text",
        "ALTER TABLE chain DISABLE TRIGGER ALL",
        "DROP TRIGGER chain_never_changed ON chain",
        "SET session_replication_role = replica",
        "CREATE TABLE mine (a int)",
        "UPDATE alembic_version SET version_num = '0'",
        "CREATE OR REPLACE FUNCTION mingcha_only_added() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'",
        "SELECT setval('audit_id_seq', 1)",
        f"SET ROLE {owner.url.username}",
    ]
    engine = everyday.engine.execution_options(isolation_level="AUTOCOMMIT")
    done = []
    with engine.connect() as connection:
        for statement in refused:
            try:
                connection.exec_driver_sql(statement)
            except sa.exc.DBAPIError as error:
                said = str(error.orig)
                assert any(one in said for one in ("permission denied", "must be owner", "no grant options")), said
            else:
                done.append(statement)
    assert done == []
    assert set(APPEND_ONLY) < set(ONLY_ADDED)
    with engine.connect() as connection:
        connection.exec_driver_sql(f"GRANT ALL ON audit TO {everyday.url.username}")  # a warning, and no effect
        assert powers(connection) == []
    engine.dispose()
    assert found_with_one_power_more(everyday, owner) == {words: [words] for words in POWERS_MORE}
    assert [examined(db, tmp_path) for db in (everyday, owner)] == ["ok", "fail"]
    both = Database(owner.url, migration_url=owner.url)
    assert examined(both, tmp_path) == "fail"
    both.engine.dispose()


POWERS_MORE = {
    "is a superuser": ("ALTER ROLE {me} SUPERUSER", "ALTER ROLE {me} NOSUPERUSER"),
    "may make and change roles": ("ALTER ROLE {me} CREATEROLE", "ALTER ROLE {me} NOCREATEROLE"),
    "may write everywhere or run programs on the server": (
        "GRANT pg_execute_server_program TO {me}", "REVOKE pg_execute_server_program FROM {me}",
    ),
    "owns the database": ("ALTER DATABASE {database} OWNER TO {me}", "ALTER DATABASE {database} OWNER TO {owner}"),
    "owns the schema": ("ALTER SCHEMA public OWNER TO {me}", "ALTER SCHEMA public OWNER TO pg_database_owner"),
    "owns the function that refuses changes": (
        "ALTER FUNCTION mingcha_only_added OWNER TO {me}", "ALTER FUNCTION mingcha_only_added OWNER TO {owner}",
    ),
    "may set sequences": (
        "GRANT UPDATE ON SEQUENCE audit_id_seq TO {me}", "REVOKE UPDATE ON SEQUENCE audit_id_seq FROM {me}",
    ),
    "may change chain": (  # by a role that it only has to become
        "CREATE ROLE {me}_more; GRANT DELETE ON chain TO {me}_more; ALTER ROLE {me} NOINHERIT; GRANT {me}_more TO {me}",
        "DROP OWNED BY {me}_more; DROP ROLE {me}_more; ALTER ROLE {me} INHERIT",
    ),
}  # fmt: skip


def found_with_one_power_more(everyday, owner):
    """What is found of the everyday role with each power, one after the other: those words at least."""
    names = {"me": everyday.url.username, "owner": owner.url.username, "database": owner.url.database}
    server = sa.make_url(os.environ["MINGCHA_TEST_POSTGRES"]).set(database=owner.url.database)
    admin = sa.create_engine(server, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
    found = {}
    with admin.connect() as connection:
        for words, (given, taken) in POWERS_MORE.items():
            connection.exec_driver_sql(given.format(**names))
            with everyday.reading() as looking:
                found[words] = [one for one in powers(looking) if one == words]
            connection.exec_driver_sql(taken.format(**names))
    admin.dispose()
    return found


def examined(db, folder):
    """What `mingcha doctor` says of the roles."""
    settings = load({}, folder)
    (found,) = doctor.database_roles(doctor.Patient(settings, Application(settings, db, system_viewer()), True, NOW))
    return found.state
