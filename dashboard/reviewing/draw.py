"""Chance that nobody chooses (抽签): which samples get a second look, and when a known one is mixed in.

A keyed hash of the sample: the same for everybody, foreseeable only by who reads the key's file (`[review]
secret_file`), made by chance the first time it is needed.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from pathlib import Path

from dashboard.errors import MingchaError
from dashboard.settings import Settings

LEAST_BYTES = 16


@dataclass(frozen=True, slots=True)
class Desk:
    """How samples are given out (`[review]`)."""

    claim: timedelta
    """How long a sample stays with a person who does nothing."""
    second_share: float
    gold_share: float
    secret: Path

    def drawn(self, sample: str) -> bool:
        """Whether a second person looks at the sample whatever the first says."""
        return self.second_share > 0 and self._chance(f"mingcha-second|{sample}") < self.second_share

    def gold_is_due(self, person: str, judged: int) -> bool:
        """Whether a sample with a known answer follows the first `judged` ones of a person."""
        return self.gold_share > 0 and self._chance(f"mingcha-gold|{person}|{judged}") < self.gold_share

    def order(self, person: str, sample: str) -> float:
        """A place in an order that differs from person to person."""
        return self._chance(f"mingcha-order|{person}|{sample}")

    def _chance(self, words: str) -> float:
        found = hmac.new(_key(self.secret), words.encode(), hashlib.sha256).digest()
        return int.from_bytes(found[:8], "big") / 2**64


def desk_of(settings: Settings) -> Desk:
    asked = settings.review
    return Desk(timedelta(minutes=asked.claim_minutes), asked.second_share, asked.gold_share,
                settings.path(asked.secret_file))  # fmt: skip


@cache
def _key(path: Path) -> bytes:
    """The bytes of the key's file. MingchaError if it can be neither read nor made, or could keep no secret."""
    try:
        if not path.exists():
            _make(path)
        key = path.read_bytes().rstrip(b"\r\n")
    except OSError as error:
        raise MingchaError(
            f"The key of the review draw {path} cannot be read: {error.strerror}.",
            "Give the web process the right to read and write that folder, or name another file: [review] secret_file.",
        ) from error
    if len(key) < LEAST_BYTES:
        raise MingchaError(f"The key of the review draw {path} holds {len(key)} bytes, too few.", "Remove the file.")
    return key


def _make(path: Path) -> None:
    """A new key, whole or not at all: of two processes that need it at once one makes it, both read the same."""
    path.parent.mkdir(parents=True, exist_ok=True)
    own = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
    with os.fdopen(os.open(own, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as file:
        file.write(secrets.token_hex(32) + "\n")
    try:
        os.link(own, path)
    except FileExistsError:
        return
    finally:
        own.unlink()
