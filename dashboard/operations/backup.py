"""Backup and restore (备份与恢复): one zip with the database, the configuration and the list of evidence files.

SQLite is copied with its online backup while everything runs; PostgreSQL with pg_dump and pg_restore. The plan's secret
and the evidence files themselves are not in it: the secret must not travel with the data, the files are large and never
change (copy the folder; the list says what must be there).
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import os
import shutil
import sqlite3
import subprocess
import tempfile
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from dashboard.accounts.entering import shut_all
from dashboard.actions import audit
from dashboard.bootstrap import Application
from dashboard.database import Database
from dashboard.database.migrate import current_revision, known_revisions, migrate
from dashboard.database.models import DISPUTE_PROOFS, EVIDENCE, META, METADATA
from dashboard.disputing.proofs import path_of
from dashboard.errors import DatabaseUnusableError, MingchaError
from dashboard.operations.initialise import private_file
from dashboard.settings import CONFIG_FILE
from dashboard.worker import lease

FORMAT = 1
MANIFEST, EVIDENCE_LIST = "manifest.json", "evidence.json"
PROOF = "proof_of_a_dispute"
"""Says of a listed file that it lies in `[disputes] proof_dir`, under its digest."""
MEMBERS = {"sqlite": "database.sqlite", "postgresql": "database.pgdump"}
_CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class Restored:
    """What a restore did: rows per table, the backup's time, listed evidence files and proofs that the folders lack."""

    tables: Mapping[str, int]
    made_at: str
    missing_evidence: tuple[str, ...]
    configuration: Path | None
    """Where the backup's configuration was written; None when the present one is the same."""


def back_up(application: Application, target: Path) -> Mapping[str, int]:
    """Write the backup to `target`; rows per table. Raises MingchaError when it exists or cannot be written."""
    if target.exists():
        raise MingchaError(f"{target} exists; a backup overwrites nothing.", "Name another file.")
    if not target.parent.is_dir():
        raise MingchaError(f"There is no folder {target.parent}.", "Make it, or name another file.")
    with _beside(target) as folder:
        dump = folder / MEMBERS[application.db.dialect]
        _dump(application.db, dump)
        manifest = _manifest(application, dump)
        _write_zip(folder / "backup.zip", dump, manifest, application)
        os.replace(folder / "backup.zip", target)
    with application.db.session() as connection:
        audit.record(connection, application.viewer, "backup", str(target), at=application.now())
    return dict(manifest["tables"])


def restore(application: Application, source: Path, *, replace: bool = False) -> Restored:
    """Bring the backup into the configured database, whole or not at all.

    Raises MingchaError when the file is no whole backup, was made by a newer version or on the other kind of database,
    when a worker leads, or when the database holds rows and `replace` is not given.
    """
    with _opened(source) as archive, _beside(application.settings.home / source.name) as folder:
        manifest = _checked_manifest(archive, source, application.db)
        private_file(application.db)
        _refuse_running(application)
        _refuse_filled(application.db, replace)
        dump = folder / MEMBERS[application.db.dialect]
        _extract(archive, dump, manifest, source)
        _load(application.db, dump)
        migrate(application.db)
        configuration = _restore_configuration(archive, application)
        missing = _missing_evidence(archive, application)
    with application.db.session() as connection:
        audit.record(connection, application.viewer, "restore", str(source), at=application.now())
        shut_all(connection, by=application.viewer, at=application.now())
    return Restored(manifest["tables"], manifest["made_at"], missing, configuration)


def row_counts(db: Database) -> dict[str, int]:
    """Rows of every table there is, `alembic_version` left out; {} for an empty database."""
    with db.reading() as connection:
        present = set(sa.inspect(connection).get_table_names())
        return {
            table.name: connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()
            for table in METADATA.sorted_tables
            if table.name in present
        }


def _manifest(application: Application, dump: Path) -> dict[str, Any]:
    db = application.db
    return {
        "format": FORMAT,
        "version": importlib.metadata.version("mingcha"),
        "revision": current_revision(db),
        "dialect": db.dialect,
        "made_at": application.now().isoformat(),
        "sha256": _sha256(dump),
        "tables": _dumped_counts(db, dump),
    }


def _dumped_counts(db: Database, dump: Path) -> dict[str, int]:
    """Rows in the dump: on SQLite counted in the copy; a PostgreSQL dump cannot be asked, so its server is."""
    if db.dialect == "postgresql":
        return row_counts(db)
    with closing(sqlite3.connect(f"file:{dump}?mode=ro", uri=True)) as copy:
        names = [table.name for table in METADATA.sorted_tables]
        return {name: copy.execute(f"SELECT count(*) FROM {name}").fetchone()[0] for name in names}  # noqa: S608


def _write_zip(path: Path, dump: Path, manifest: Mapping[str, Any], application: Application) -> None:
    configuration = application.settings.home / CONFIG_FILE
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=3) as archive:
        archive.writestr(MANIFEST, json.dumps(manifest, indent=1))
        archive.writestr(EVIDENCE_LIST, json.dumps(_evidence(application.db), indent=1))
        if configuration.is_file():
            archive.write(configuration, CONFIG_FILE)
        archive.write(dump, dump.name)
    path.chmod(0o600)


def _evidence(db: Database) -> list[dict[str, Any]]:
    columns = (EVIDENCE.c.path, EVIDENCE.c.sha256, EVIDENCE.c.bytes)
    with db.reading() as connection:
        files = [dict(row._mapping) for row in connection.execute(sa.select(*columns).order_by(EVIDENCE.c.path))]
        proof = DISPUTE_PROOFS.c
        proofs = connection.execute(sa.select(proof.sha256, proof.bytes).distinct().order_by(proof.sha256)).all()
    return [*files, *({PROOF: True, "path": one.sha256, "sha256": one.sha256, "bytes": one.bytes} for one in proofs)]


def _dump(db: Database, target: Path) -> None:
    if db.dialect == "postgresql":
        _postgres_tool("pg_dump", db, "--format=custom", "--no-owner", f"--file={target}")
        return
    with closing(sqlite3.connect(db.path)) as source, closing(sqlite3.connect(target)) as copy:
        source.backup(copy)
        copy.execute("PRAGMA journal_mode = DELETE")  # one file, no -wal beside it


def _load(db: Database, dump: Path) -> None:
    """Whole or not at all: one transaction on both kinds of database."""
    if db.dialect == "postgresql":
        options = ("--clean", "--if-exists", "--no-owner", "--single-transaction", "--exit-on-error")
        with db.as_owner() as owner:  # tables are dropped and made again, which the everyday role may not
            _postgres_tool("pg_restore", owner, *options, str(dump))
        return
    with closing(sqlite3.connect(dump)) as source, closing(sqlite3.connect(db.path, timeout=db.busy_seconds)) as target:
        if source.execute("PRAGMA integrity_check").fetchone() != ("ok",):
            raise MingchaError("The database in the backup is damaged.", "Use another backup; nothing was changed.")
        try:
            source.backup(target)
        except sqlite3.OperationalError as error:
            raise DatabaseUnusableError(f"{db.path} cannot be written: {error}.", "Stop what uses it.") from error


def _postgres_tool(tool: str, db: Database, *options: str) -> None:
    """Run pg_dump or pg_restore; the password goes by the environment, never by the process list."""
    if shutil.which(tool) is None:
        raise MingchaError(
            f"{tool} is not installed; a PostgreSQL backup needs it.", "On Debian: apt-get install postgresql-client"
        )
    url = db.url.set(drivername="postgresql", password=None).render_as_string(hide_password=False)
    environment = {**os.environ, **({"PGPASSWORD": str(db.url.password)} if db.url.password else {})}
    command = [tool, *options[:-1], f"--dbname={url}", options[-1]]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        last = (done.stderr.strip().splitlines() or ["no message"])[-1]
        raise MingchaError(f"{tool} failed: {last}", "Its version must not be older than the server's.")


@contextmanager
def _opened(source: Path) -> Iterator[zipfile.ZipFile]:
    if not source.is_file():
        raise MingchaError(f"There is no file {source}.")
    try:
        archive = zipfile.ZipFile(source)
    except zipfile.BadZipFile as error:
        raise MingchaError(
            f"{source} is no backup of Mingcha: {error}.", "Name a file made by mingcha backup."
        ) from error
    with archive:
        yield archive


def _checked_manifest(archive: zipfile.ZipFile, source: Path, db: Database) -> dict[str, Any]:
    try:
        manifest: dict[str, Any] = json.loads(archive.read(MANIFEST))
    except (KeyError, ValueError, zipfile.BadZipFile) as error:
        raise MingchaError(f"{source} is no backup of Mingcha: it has no manifest.") from error
    if manifest["format"] != FORMAT or manifest["revision"] not in known_revisions():
        raise MingchaError(
            f"{source} was made by Mingcha {manifest['version']} (revision '{manifest['revision']}'), newer than this.",
            "Install that version.",
        )
    if manifest["dialect"] != db.dialect:
        raise MingchaError(
            f"{source} holds a {manifest['dialect']} database, the configured one is {db.dialect}.",
            "Configure a database of the same kind.",
        )
    return manifest


def _extract(archive: zipfile.ZipFile, dump: Path, manifest: Mapping[str, Any], source: Path) -> None:
    try:
        with archive.open(dump.name) as packed, dump.open("wb") as file:
            shutil.copyfileobj(packed, file, _CHUNK)
    except (KeyError, zipfile.BadZipFile, EOFError) as error:
        raise MingchaError(f"{source} is damaged: {error}.", "Use another backup; nothing was changed.") from error
    if _sha256(dump) != manifest["sha256"]:
        raise MingchaError(f"{source} is damaged: its database is not the one that was saved.", "Use another backup.")


def _refuse_running(application: Application) -> None:
    """A worker would go on writing what it knows into a database that has changed under it."""
    if not row_counts(application.db):
        return
    held = lease.current(application.db)
    if held is not None and held.until >= application.now():
        raise MingchaError(f"A worker ({held.holder}) works on this database.", "Stop mingcha up and mingcha worker.")


def _refuse_filled(db: Database, replace: bool) -> None:
    """Rows of any table but the small facts about the installation itself count."""
    own = {META.name, "audit", "heartbeats", "leases", "job_runs", "chain", "chain_contents", "chain_heads",
           "verifications"}  # fmt: skip
    filled = {name: count for name, count in row_counts(db).items() if count and name not in own}
    if filled and not replace:
        named = ", ".join(f"{name} {count}" for name, count in sorted(filled.items())[:4])
        raise MingchaError(
            f"The database {db.url.render_as_string(hide_password=True)} is not empty ({named}).",
            "Restore into an empty one, or say --replace to lose what is there.",
        )


def _restore_configuration(archive: zipfile.ZipFile, application: Application) -> Path | None:
    """The backup's configuration becomes ours where there is none; else it is laid beside, for a person to compare."""
    if CONFIG_FILE not in archive.namelist():
        return None
    saved = archive.read(CONFIG_FILE)
    path = application.settings.home / CONFIG_FILE
    if path.is_file() and path.read_bytes() == saved:
        return None
    target = path.with_name(f"{CONFIG_FILE}.restored") if path.exists() else path
    target.write_bytes(saved)
    return target


def _missing_evidence(archive: zipfile.ZipFile, application: Application) -> tuple[str, ...]:
    folder = application.settings.path(application.settings.video.evidence_dir)
    listed = json.loads(archive.read(EVIDENCE_LIST))
    paths = {item["path"]: path_of(application.settings, item["path"]) if item.get(PROOF) else folder / item["path"]
             for item in listed}  # fmt: skip
    return tuple(name for name, path in paths.items() if not path.is_file())


@contextmanager
def _beside(path: Path) -> Iterator[Path]:
    """A private folder on the same disk as `path`, gone afterwards."""
    try:
        folder = tempfile.TemporaryDirectory(prefix=".mingcha-", dir=path.parent)
    except OSError as error:
        raise MingchaError(f"Cannot write in {path.parent}: {error.strerror}.", "Choose another folder.") from error
    with folder as name:
        yield Path(name)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


__all__ = ["Restored", "back_up", "restore", "row_counts"]
