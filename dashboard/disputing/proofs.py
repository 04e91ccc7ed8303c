"""Files that prove a dispute (异议证明材料): pictures made harmless and PDF as it is, kept by their digest."""

from __future__ import annotations

import hashlib
import os
import unicodedata
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from collectors.base import CollectorError
from collectors.photographs import MAX_BYTES, cleaned
from dashboard.errors import MingchaError, UsageError
from dashboard.settings import Settings

MOST = 10
"""Files with one dispute."""
_PDF = b"%PDF-"
_UNSEEN = ("Cc", "Cf", "Cs", "Zl", "Zp")
"""Categories of characters that a file's name loses: they end a header, turn its letters around or cannot be kept."""


@dataclass(frozen=True, slots=True)
class Proof:
    """A file as it was given: what it is called, and its bytes."""

    name: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Kept:
    """A file as it is kept."""

    name: str
    kind: str
    content: bytes

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.content).hexdigest()


def accepted(proof: Proof) -> Kept:
    """The file as it may be kept; UsageError for what is neither picture nor PDF, or too large: it names the file."""
    plain = "".join(one for one in proof.name.replace("\\", "/") if unicodedata.category(one) not in _UNSEEN)
    name = PurePosixPath(plain).name.strip()[:120]
    name = name if name.strip(".") else "file"
    if len(proof.content) > MAX_BYTES:
        raise UsageError(f"'{name}' is too large.", "At most 15 MB are taken.")
    if proof.content.startswith(_PDF):
        return Kept(name, "pdf", proof.content)
    try:
        return Kept(name, "jpeg", cleaned(proof.content).content)
    except CollectorError as error:
        raise UsageError(f"'{name}' is neither a picture nor a PDF that can be read.", str(error)) from error


def keep(settings: Settings, kept: Kept) -> None:
    """Lay the file into `[disputes] proof_dir` under its digest; the same file twice is there once."""
    path = path_of(settings, kept.sha256)
    if path.exists():
        return
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        part.write_bytes(kept.content)
        part.replace(path)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise MingchaError("The file of the proof could not be kept.", str(error.strerror)) from error


def read(settings: Settings, sha256: str) -> bytes:
    """The file of a digest; MingchaError when it is gone or is not what was kept."""
    try:
        content = path_of(settings, sha256).read_bytes()
    except OSError as error:
        raise MingchaError("The file of this proof is not there any more.") from error
    if hashlib.sha256(content).hexdigest() != sha256:
        raise MingchaError("The file of this proof is not the one that was kept.", "Tell the auditor.")
    return content


def path_of(settings: Settings, sha256: str) -> Path:
    """Where the file of a digest lies, or should lie."""
    return settings.path(settings.disputes.proof_dir) / sha256[:2] / sha256
