"""Bringing a database to this version's tables (迁移), with Alembic."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from dashboard.database.engine import Database
from dashboard.errors import DatabaseUnusableError

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
    _prepare_folder(database)
    revision = current_revision(database)
    if revision is not None and revision not in known_revisions():
        raise DatabaseUnusableError(
            f"The database {database.url.render_as_string(hide_password=True)} is at revision '{revision}', which is "
            "newer than this program.",
            "Install the version of Mingcha that wrote it.",
        )
    config = configuration()
    with database.session() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


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
