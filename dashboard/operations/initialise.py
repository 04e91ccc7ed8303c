"""Making an installation (初始化) in a folder: configuration, folders, secret, database; nothing is overwritten.

The current folder is the installation. `--demo` works in the current folder too, and refuses one whose configuration is
a real company's: made-up records must never meet real ones.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from dashboard import settings as settings_module
from dashboard.bootstrap import Application, open_application
from dashboard.database import Database
from dashboard.database.migrate import migrate
from dashboard.errors import MingchaError
from dashboard.evidence.heads import create_key
from dashboard.settings import CONFIG_FILE, Settings

TEMPLATE = Path(__file__).with_name("configuration.toml")
Say = Callable[[str], None]


def initialise(directory: Path, environment: Mapping[str, str], *, demo: bool, say: Say) -> Application:
    """Create what is missing in `directory` and bring the database to this version; an application on it.

    `say` gets a line for each thing created. Raises MingchaError when a folder cannot be written, when the existing
    configuration is wrong, or when `demo` is asked for in a real company's folder.
    """
    create_configuration(directory, environment, demo=demo, say=say)
    settings = settings_module.load(environment, directory)
    if demo and not settings.company.demo:
        raise MingchaError(
            f"{settings.home / CONFIG_FILE} is not a demo's configuration; made-up records do not go beside real ones.",
            "Make a folder for the demo: mkdir demo && cd demo && mingcha up --demo",
        )
    create_folders(settings)
    create_secret(settings.path(settings.plan.secret_file), say)
    create_signing_key(settings.path(settings.evidence.key_file), say)
    application = open_application(environment=environment, directory=directory, need_tables=False)
    create_database(application.db, say)
    return application


def create_database(db: Database, say: Say) -> None:
    """The tables, in a file for our user alone where the database is a new file."""
    new = private_file(db)
    migrate(db)
    if new:
        say(f"Created {db.path}")


def private_file(db: Database) -> bool:
    """Make the empty file of a SQLite database that has none, readable by our user alone; whether it was made."""
    if db.dialect != "sqlite" or db.path.exists():
        return False
    with writing_to(db.path.parent):
        db.path.parent.mkdir(parents=True, exist_ok=True)
        db.path.touch(mode=0o600)
    return True


def create_configuration(directory: Path, environment: Mapping[str, str], *, demo: bool, say: Say) -> None:
    """Write the commented configuration unless there is one."""
    path = Path(environment.get("MINGCHA_CONFIG") or directory / CONFIG_FILE)
    if path.exists():
        return
    text = demo_configuration() if demo else TEMPLATE.read_text(encoding="utf-8")
    with writing_to(path.parent):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    say(f"Created {path}")


def demo_configuration() -> str:
    """The demo company's configuration."""
    from dashboard import demo  # the demo company is large; a real installation never loads it

    return demo.configuration()


def create_folders(settings: Settings) -> None:
    """The evidence folder, for our user alone: pictures of people lie there."""
    folder = settings.path(settings.video.evidence_dir)
    with writing_to(folder):
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)


def create_secret(path: Path, say: Say) -> None:
    """32 random bytes as hex, readable by our user alone: whoever reads the plan's secret can foresee the draw."""
    if path.exists():
        return
    with writing_to(path.parent):
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(secrets.token_hex(32) + "\n")
    say(f"Created {path} (keep it secret, and keep a copy apart from the backups)")


def create_signing_key(path: Path, say: Say) -> None:
    """The key by which the worker signs the chain's head: whoever has it could sign a chain of their own."""
    with writing_to(path.parent):
        created = create_key(path)
    if created:
        say(f"Created {path} (keep it secret; it is in no backup)")


@contextmanager
def writing_to(folder: Path) -> Iterator[None]:
    """Name the folder in which something could not be created."""
    try:
        yield
    except OSError as error:
        raise MingchaError(
            f"Cannot create files in {folder}: {error.strerror}.", "Choose a folder that you may write."
        ) from error
