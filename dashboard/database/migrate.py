"""Bringing a database to this version's tables (迁移), with Alembic."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from dashboard.database.engine import Database
from dashboard.database.guards import ONLY_ADDED, guard
from dashboard.errors import DatabaseUnusableError
from dashboard.evidence.beginning import begin

MIGRATIONS = Path(__file__).parent / "migrations"


def configuration() -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    return config


def known_revisions() -> frozenset[str]:
    """Every revision that this program can work with or upgrade."""
    return frozenset(script.revision for script in ScriptDirectory.from_config(configuration()).walk_revisions())


def latest_revision() -> str | None:
    """The revision that this program wants."""
    return ScriptDirectory.from_config(configuration()).get_current_head()


def current_revision(database: Database) -> str | None:
    """The revision the database is at; None for an empty database."""
    with database.reading() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def migrate(database: Database) -> None:
    """Create or upgrade all tables. DatabaseUnusableError when the database is of a newer version than the program."""
    _require_one_database(database)
    _prepare_folder(database)
    revision = current_revision(database)
    if revision is not None and revision not in known_revisions():
        raise DatabaseUnusableError(
            f"The database {database.url.render_as_string(hide_password=True)} is at revision '{revision}', which is "
            "newer than this program.",
            "Install the version of Mingcha that wrote it.",
        )
    if database.migration_url is None:
        _upgrade(database)
    else:
        _upgrade_as_owner(database, Database(database.migration_url, busy_seconds=database.busy_seconds))


def _upgrade(database: Database, *, grant_to: str | None = None) -> None:
    config = configuration()
    with database.session() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
        guard(connection)
        begin(connection, at=datetime.now(UTC))
        if grant_to is not None:
            for statement in _rights_of(connection.dialect.identifier_preparer.quote(grant_to)):
                connection.exec_driver_sql(statement)


def _rights_of(role: str) -> Iterator[str]:
    """What the everyday role may do, said anew at every migration: read all, write most, only add to what must stay."""
    only_added = ", ".join(table.name for table in ONLY_ADDED)
    yield "REVOKE CREATE ON SCHEMA public FROM PUBLIC"
    yield f"REVOKE ALL ON ALL TABLES IN SCHEMA public FROM {role}"
    yield f"REVOKE ALL ON ALL SEQUENCES IN SCHEMA public FROM {role}"
    yield f"GRANT USAGE ON SCHEMA public TO {role}"
    yield f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {role}"
    yield f"REVOKE UPDATE, DELETE ON {only_added} FROM {role}"
    yield f"REVOKE INSERT, UPDATE, DELETE ON alembic_version FROM {role}"
    yield f"GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {role}"


def _require_one_database(database: Database) -> None:
    owner = database.migration_url
    if owner is not None and (owner.drivername, owner.database) != (database.url.drivername, database.url.database):
        raise DatabaseUnusableError(
            f"MINGCHA_MIGRATION_URL ({owner.render_as_string(hide_password=True)}) and MINGCHA_DATABASE_URL "
            f"({database.url.render_as_string(hide_password=True)}) name two databases.",
            "Both must name the same one.",
        )


def _upgrade_as_owner(database: Database, owner: Database) -> None:
    """Tables belong to the owner (MINGCHA_MIGRATION_URL); the everyday role works with them and cannot undo."""
    everyday = database.url.username if database.dialect == "postgresql" else None
    try:
        _upgrade(owner, grant_to=everyday if everyday != owner.url.username else None)
    finally:
        owner.engine.dispose()


def require_current(database: Database) -> None:
    """Refuse to work on a database that is empty, behind or newer, saying what to do."""
    require_file(database)
    revision = current_revision(database)
    if revision == latest_revision():
        return
    if revision is None:
        raise DatabaseUnusableError(
            f"The database {database.url.render_as_string(hide_password=True)} has no tables yet.", "Run: mingcha init"
        )
    migrate(database)


def tables_differ(database: Database) -> list[object]:
    """Differences between the models and the migrated database (empty when they agree); for tests and `doctor`."""
    from alembic.autogenerate import compare_metadata

    from dashboard.database.models import METADATA

    with database.reading() as connection:
        return list(compare_metadata(MigrationContext.configure(connection), METADATA))


def _prepare_folder(database: Database) -> None:
    if database.dialect == "sqlite":
        database.path.parent.mkdir(parents=True, exist_ok=True)


def require_file(database: Database) -> None:
    """Refuse a SQLite file that is not there or is none; nothing to see on a server."""
    if database.dialect == "sqlite" and not database.path.is_file():
        raise DatabaseUnusableError(f"There is no database at {database.path}.", "Run: mingcha init")
    if database.dialect == "sqlite":
        with database.path.open("rb") as file:
            head = file.read(16)
        if head and not head.startswith(b"SQLite format 3"):
            raise DatabaseUnusableError(
                f"{database.path} is no SQLite database.", "Name another file in [database] url."
            )


__all__ = [
    "current_revision",
    "known_revisions",
    "latest_revision",
    "migrate",
    "require_current",
    "require_file",
    "tables_differ",
]
