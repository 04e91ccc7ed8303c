"""Sealing who wrote a form (密封): readable only with a key that is a file beside the database, never in it.

A copy of the database, a backup without the key, or an export therefore names no customer.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from cryptography.fernet import Fernet, InvalidToken

from dashboard.database import Database
from dashboard.database.models import FORM_IDENTITIES
from dashboard.errors import MingchaError
from dashboard.settings import Settings


class SealError(MingchaError):
    """The key is no key, cannot be read, or is not the one under which something was sealed."""


def prepare(db: Database, settings: Settings) -> None:
    """A key where nothing was sealed yet. SealError where the key is gone or another: two would seal one box."""
    if not opens(db, settings):
        path = settings.path(settings.forms.key_file)
        try:
            _create(path)
        except OSError as error:
            raise SealError(f"The key {settings.forms.key_file} cannot be made: {error.strerror}.") from error


def seal(settings: Settings, content: Mapping[str, Any]) -> str:
    """The content as a text that tells nothing but its length and its time. SealError without a key (`prepare`)."""
    told = json.dumps(content, ensure_ascii=False, sort_keys=True)
    return _cipher(settings).encrypt(told.encode()).decode("ascii")


def unseal(settings: Settings, sealed: str) -> dict[str, Any]:
    """The content again; SealError, naming the key's file and nothing of the content, where the key does not fit."""
    try:
        found = json.loads(_cipher(settings).decrypt(sealed.encode()))
    except InvalidToken as error:
        raise SealError(
            f"What was sealed cannot be opened with {settings.forms.key_file}.", "Bring back the key of that time."
        ) from error
    return dict(found)


def opens(db: Database, settings: Settings) -> bool:
    """Whether anything is sealed; SealError where the key is gone or does not open the newest. Makes no key."""
    row = FORM_IDENTITIES.c
    with db.reading() as connection:
        newest = connection.scalar(sa.select(row.sealed).order_by(row.sheet_id.desc()).limit(1))
    if newest is None:
        return False
    unseal(settings, newest)
    return True


def _cipher(settings: Settings) -> Fernet:
    name = settings.forms.key_file
    try:
        return Fernet(settings.path(name).read_bytes().strip())
    except FileNotFoundError as error:
        raise SealError(f"There is no key {name}, and forms are sealed.", "Bring it back.") from error
    except OSError as error:
        raise SealError(f"The key {name} cannot be read: {error.strerror}.") from error
    except ValueError as error:
        raise SealError(f"The file {name} holds no key.", "Bring back the key of that time.") from error


def _create(path: Path) -> None:
    """A new key, readable by our user alone, unless there is one; two who begin at once end with the same."""
    if path.exists():
        return
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    own = path.with_name(f"{path.name}.{os.getpid()}")
    descriptor = os.open(own, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(Fernet.generate_key() + b"\n")
    try:
        os.link(own, path)
    except FileExistsError:
        pass
    finally:
        own.unlink()
