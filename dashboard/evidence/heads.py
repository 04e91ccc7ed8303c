"""The signed head (链头签名): how many entries there are and the hash of the last, signed by a key that only we hold.

Kept elsewhere it proves that nothing before it was taken away or rewritten afterwards: whoever owns the database can
make a chain that agrees with itself, but none that agrees with a head in the auditor's folder.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from sqlalchemy.engine import Connection

from dashboard.bootstrap import Application
from dashboard.database.models import CHAIN, CHAIN_CONTENTS, CHAIN_HEADS
from dashboard.errors import MingchaError
from dashboard.evidence.chain import START, append
from dashboard.freezing.canonical import canonical
from dashboard.instants import LOCAL, to_micros
from dashboard.settings import Settings

FORMAT = "mingcha-head-1"
_HEX = {"hash": re.compile(r"[0-9a-f]{64}"), "public_key": re.compile(r"[0-9a-f]{64}"),
        "signature": re.compile(r"[0-9a-f]{128}")}  # fmt: skip

_KEY_TOLD = re.compile(r'\{"public_key":"([0-9a-f]{64})"\}')


class HeadError(MingchaError):
    """A head that cannot be read, or a chain that must not be signed."""


@dataclass(frozen=True, slots=True)
class Head:
    """A head as it is signed and laid down."""

    count: int
    hash: str
    at: datetime
    public_key: str
    signature: str

    def told(self) -> dict[str, Any]:
        """What is signed."""
        moment = self.at.astimezone(UTC).isoformat()
        return {"format": FORMAT, "count": self.count, "hash": self.hash, "at": moment, "public_key": self.public_key}

    def document(self) -> str:
        return json.dumps({**self.told(), "signature": self.signature}, indent=1) + "\n"

    @property
    def signed(self) -> bool:
        """Whether the signature is one of the public key over what is told."""
        key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(self.public_key))
        try:
            key.verify(bytes.fromhex(self.signature), canonical(self.told()))
        except InvalidSignature:
            return False
        return True


def read_head(text: str, name: str) -> Head:
    """A head from its JSON. HeadError naming the file and what is wrong in it."""
    hint = "Name a file that the worker laid into [evidence] heads_dir."
    try:
        raw = json.loads(text)
        if not isinstance(raw, Mapping) or raw.get("format") != FORMAT:
            raise HeadError(f"{name} is no signed head of Mingcha.", hint)
        if any(not shape.fullmatch(str(raw[key])) for key, shape in _HEX.items()) or type(raw["count"]) is not int:
            raise HeadError(f"{name} is no whole head: hash, public_key or signature is cut off.", hint)
        moment = datetime.fromisoformat(raw["at"])
        if moment.tzinfo is None or raw["count"] < 1:
            raise HeadError(f"{name} is no whole head: its time has no zone, or it counts nothing.", hint)
    except (ValueError, KeyError, TypeError) as error:
        raise HeadError(f"{name} is no signed head of Mingcha: {error}.", hint) from error
    return Head(raw["count"], raw["hash"], moment, raw["public_key"], raw["signature"])


def read_head_file(path: Path) -> Head:
    """HeadError naming the file."""
    try:
        return read_head(path.read_text(encoding="utf-8"), str(path))
    except (OSError, UnicodeDecodeError) as error:
        raise HeadError(f"{path} cannot be read: {error}.") from error


def create_key(path: Path) -> bool:
    """A new signing key, readable by our user alone; False where there is one. OSError where it cannot be made."""
    if path.exists():
        return False
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(Ed25519PrivateKey.generate().private_bytes_raw().hex() + "\n")
    return True


def read_key(settings: Settings) -> Ed25519PrivateKey:
    """The key of `[evidence] key_file`. HeadError when there is none or it is no key; its content is never told."""
    path = settings.path(settings.evidence.key_file)
    try:
        return Ed25519PrivateKey.from_private_bytes(bytes.fromhex(path.read_text(encoding="ascii").strip()))
    except OSError as error:
        raise HeadError(f"The key {path} cannot be read: {error.strerror}.", "Run: mingcha init") from error
    except ValueError:
        raise HeadError(f"{path} is no Ed25519 key of 32 bytes in hex.", "Bring back the right file.") from None


def public_of(key: Ed25519PrivateKey) -> str:
    return key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw).hex()


def sign_head(app: Application) -> Head | None:
    """Sign how the chain stands, unless nothing was entered since the last head; lay it into the auditor's folder.

    One file per local day. Called by the worker. HeadError when the chain does not hold the last head, or has no key.
    """
    key, now = read_key(app.settings), app.now()
    public = public_of(key)
    with app.db.session() as connection:
        if newest_key(connection) != public:
            append(connection, "key", f"Ed25519 {public[:16]}", {"public_key": public}, by=app.viewer, at=now)
    with app.db.session() as connection:
        count, last = end_of(connection)
        before = last_head(connection)
        _require_grown(connection, before)
        head = before
        if before is None or before.count < count:
            head = _signed(key, public, count, last, now)
            row = {"count": count, "hash": last, "at": to_micros(now), "public_key": public,
                   "document": head.document()}  # fmt: skip
            connection.execute(sa.insert(CHAIN_HEADS).values(row))
    if app.settings.evidence.heads_dir and head is not None:
        _lay_down(head, app.settings.path(app.settings.evidence.heads_dir), now)
    return head if head is not before else None


def _signed(key: Ed25519PrivateKey, public: str, count: int, last: str, now: datetime) -> Head:
    bare = Head(count, last, now, public, "")
    return Head(count, last, now, public, key.sign(canonical(bare.told())).hex())


def end_of(connection: Connection) -> tuple[int, str]:
    """Number and hash of the last entry."""
    query = sa.select(CHAIN.c.number, CHAIN.c.hash).order_by(CHAIN.c.number.desc()).limit(1)
    row = connection.execute(query).first()
    return (row.number, row.hash) if row else (0, START)


def last_head(connection: Connection) -> Head | None:
    """The newest head stored."""
    query = sa.select(CHAIN_HEADS.c.document).order_by(CHAIN_HEADS.c.id.desc()).limit(1)
    document = connection.execute(query).scalar()
    return read_head(document, "chain_heads") if document else None


def newest_key(connection: Connection) -> str | None:
    """The public key that signs since the last entry of that kind."""
    keys = known_keys(connection)
    return keys[max(keys)] if keys else None


def known_keys(connection: Connection) -> dict[int, str]:
    """Number of entry → public key that was entered there."""
    query = sa.select(CHAIN.c.number, CHAIN_CONTENTS.c.content).where(CHAIN.c.kind == "key")
    rows = connection.execute(query.join(CHAIN_CONTENTS, CHAIN_CONTENTS.c.number == CHAIN.c.number)).all()
    found = {row.number: _KEY_TOLD.fullmatch(row.content) for row in rows}  # a changed content is told elsewhere
    return {number: told[1] for number, told in found.items() if told}


def _require_grown(connection: Connection, before: Head | None) -> None:
    """A chain that lost what was signed is not signed again: that would make the loss look right."""
    if before is None:
        return
    there = connection.execute(sa.select(CHAIN.c.hash).where(CHAIN.c.number == before.count)).scalar()
    if there != before.hash:
        raise HeadError(
            f"The chain does not hold the head of {before.at.astimezone(LOCAL):%Y-%m-%d %H:%M} any more; "
            f"entry {before.count} is gone or changed. It is not signed.",
            "Run: mingcha verify",
        )


def _lay_down(head: Head, folder: Path, now: datetime) -> None:
    """One file per day; what lies there is never overwritten."""
    path = folder / f"head-{now.astimezone(LOCAL):%Y-%m-%d}.json"
    if path.exists():
        return
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with part.open("w", encoding="utf-8") as file:
            file.write(head.document())
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, path)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise HeadError(
            f"The head cannot be laid into {folder}: {error.strerror}.", "Set [evidence] heads_dir."
        ) from error
