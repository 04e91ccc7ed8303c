"""Where a source lives (环境): what `dashboard` hands to every kind, and how secrets are read from it (design §4.3).

Secrets come from the environment or from a file that the configuration names; never from the configuration itself.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from collectors.base import CollectorError
from collectors.redact import remember

_SECRET_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class Surroundings:
    """`home`: folder of `mingcha.toml`, from which relative names are meant. `spool`: a private folder for what is
    fetched until it has been taken in. `environment`: where `…_env` keys look."""

    home: Path
    spool: Path
    environment: Mapping[str, str] = field(default_factory=lambda: os.environ)

    def path(self, name: str) -> Path:
        """A configured path; `~` is not expanded: a worker has no home worth naming."""
        return self.home / name

    def secret(self, source: str, key: str, *, env: str | None, file: str | None) -> str | None:
        """The secret named by `<key>_env` or `<key>_file`, None if neither is given.

        Raises CollectorError (permanent) that names the source, the key and the variable or file.
        """
        if not env and not file:
            return None
        where = f"Source '{source}': auth.{key}"
        if env and file:
            raise CollectorError(f"{where}_env and auth.{key}_file are both given; keep one.", permanent=True)
        value = remember(self._from_environment(where, env) if env else self._from_file(where, file or ""))
        if not value.isprintable():
            raise CollectorError(f"{where} holds a line break or another control character.", permanent=True)
        return value

    def _from_environment(self, where: str, name: str) -> str:
        value = self.environment.get(name, "")
        if not value:
            raise CollectorError(
                f"{where}_env names the variable {name}, which is not set. Set it for the worker and start it again.",
                permanent=True,
            )
        return value

    def _from_file(self, where: str, name: str) -> str:
        path = self.path(name)
        try:
            with path.open(encoding="utf-8") as handle:
                value = handle.read(_SECRET_BYTES).rstrip("\r\n")
        except (OSError, UnicodeDecodeError) as error:
            cause = error.strerror if isinstance(error, OSError) else "it is no UTF-8 text"
            message = f"{where}_file names {path}, which cannot be read: {cause}."
            raise CollectorError(message, permanent=True) from error
        if not value:
            raise CollectorError(f"{where}_file names {path}, which is empty.", permanent=True)
        return value
