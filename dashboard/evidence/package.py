"""The case package (案件包): a zip with pictures, timeline, manifest, chain entries, and a verifier that needs nobody.

Pictures are blurred copies with the receiver's name; the originals only for an inspector who says why. Every package is
a line of the audit trail, with the digest of its manifest.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dashboard.actions import audit
from dashboard.blurring import blurred_copy, original_of
from dashboard.bootstrap import Application
from dashboard.errors import MingchaError, UsageError
from dashboard.evidence.case import Case, Row, case_of
from dashboard.evidence.verifying import sha256_of
from dashboard.freezing.canonical import digest_of
from dashboard.people import Viewer
from dashboard.queries.evidence import piece
from dashboard.reviewing.standing import blind_to
from dashboard.rights import require
from dashboard.sampling.slots import stored_slots

FORMAT = "mingcha-package-1"
VERIFIER = Path(__file__).with_name("verifier.py")
README = """案件包 {sample}

用法：安装 Python 3.9 以上，解压后执行  python3 verify.py --public-key <审计员保存的公钥>
全部在本机离线核验，不需要明察系统。verify.py 只证明它打印的内容，请逐行阅读。

A case package. Unpack it and run  python3 verify.py --public-key <the key that the auditor noted>
It works offline and proves what it prints, no more. Pictures: {pictures}.
"""


@dataclass(frozen=True, slots=True)
class Packaged:
    """A package on disk."""

    path: Path
    sha256: str
    files: int
    signed: bool
    """Whether a signed head covers all of its entries."""


def make_package(
    app: Application, *, by: Viewer, sample: str, target: Path, originals: bool = False, reason: str = ""
) -> Packaged:
    """Write the package of a sample to `target`, whole or not at all; it must not exist.

    NotAllowedError for a sample out of sight, a role that hands over nothing, or originals for anybody but an
    inspector; UsageError for originals without a reason; MingchaError when a file is not what was entered, or the
    target cannot be written; NotBlurredError when a picture cannot be blurred.
    """
    _require_allowed(by, originals, reason)
    now, slots = app.now(), stored_slots(app.db, app.settings)
    _require_told(app, by, sample)
    case = case_of(app.db, by, sample, slots=slots, as_of=now)
    if target.exists():
        raise MingchaError(f"{target} exists; a package overwrites nothing.", "Name another file.")
    try:
        with tempfile.TemporaryDirectory(prefix=".mingcha-", dir=target.parent) as name:
            part = Path(name) / "package.zip"
            manifest = _write(app, by, case, part, originals, reason)
            digest = sha256_of(part)
            told = {"manifest": manifest, "package": digest, "originals": originals, "reason": reason.strip() or None}
            with app.db.session() as connection:
                audit.record(connection, by, "package", sample, json.dumps(told, ensure_ascii=False), at=app.now())
            os.replace(part, target)
    except OSError as error:
        raise MingchaError(f"{target} cannot be written: {error.strerror}.", "Name another file.") from error
    last = case.entries[-1]["number"] if case.entries else 0
    return Packaged(target, digest, len(case.files), case.head is not None and case.head.count >= last)


def _require_told(app: Application, by: Viewer, sample: str) -> None:
    """A package is whole or not made: not by who may not know yet what others said of the sample."""
    with app.db.reading() as connection:
        if sample in blind_to(connection, by.name, app.now()):
            raise UsageError(f"You are judging sample '{sample}', or may still take your judgement back.",
                             "Make its package in an hour, or let somebody else make it.")  # fmt: skip


def _require_allowed(by: Viewer, originals: bool, reason: str) -> None:
    require(by, "hand over evidence")
    if originals:
        require(by, "hand over originals")
    if originals and not reason.strip():
        raise UsageError("Originals are handed over for a reason.", "Say which, with --reason.")


def _write(app: Application, by: Viewer, case: Case, path: Path, originals: bool, reason: str) -> str:
    """Returns the SHA-256 of the manifest."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        named: list[Row] = []
        for row, source, name in _pictures(app, by, case, originals):
            archive.write(source, name, compress_type=zipfile.ZIP_STORED)
            named.append({"path": name, "sha256": sha256_of(source), "evidence": row["id"], "kind": row["kind"],
                          "camera": row["camera"], "second": row["second"], "blurred": not originals})  # fmt: skip
        for name, content in _documents(case, originals):
            archive.writestr(name, content)
            named.append({"path": name, "sha256": digest_of(content)})
        manifest = _json({
            "format": FORMAT, "sample": case.sample, "hall": case.hall, "hall_name": case.hall_name,
            "date": case.date, "slot": case.slot, "made_at": app.now().isoformat(), "made_by": by.name,
            "originals": originals, "reason": reason.strip() or None,
            "removed": [{"evidence": row["id"], "sha256": row["sha256"], "rule": row["removed"]}
                        for row in case.files if row["removed"]],
            "files": named,
        })  # fmt: skip
        archive.writestr("manifest.json", manifest)
    return digest_of(manifest)


def _pictures(app: Application, by: Viewer, case: Case, originals: bool) -> Iterator[tuple[Row, Path, str]]:
    """Each file that is still there: its row, what is packed for it, and its name in the package."""
    for row in case.files:
        if row["removed"]:
            continue
        found = piece(app.db, by, row["id"])
        original = original_of(app.settings, found)
        if sha256_of(original) != row["sha256"]:
            raise MingchaError(f"Evidence {row['id']} is not the file that was entered.", "Run: mingcha verify")
        source = original if originals else blurred_copy(app.db, app.settings, by, found, at=app.now())
        yield row, source, f"{row['kind']}s/evidence-{row['id']}{source.suffix}"


def _documents(case: Case, originals: bool) -> Iterator[tuple[str, bytes]]:
    first = case.entries[0] if case.entries else {"number": 1, "previous": "0" * 64}
    head = json.loads(case.head.document()) if case.head else None
    chain = {"first": first["number"], "previous": first["previous"], "entries": list(case.entries), "head": head}
    yield "timeline.json", _json(list(case.timeline))
    yield "chain.json", _json(chain)
    yield "leaves.txt", "".join(f"{leaf}\n" for leaf in case.leaves).encode()
    yield "verify.py", VERIFIER.read_bytes()
    pictures = "the originals, with reason" if originals else "blurred copies; the originals stay where they are"
    yield "README.txt", README.format(sample=case.sample, pictures=pictures).encode()


def _json(document: Any) -> bytes:
    return json.dumps(document, ensure_ascii=False, indent=1).encode()


def file_name(sample: str) -> str:
    """A name for the package of a sample: codes are imported text and may hold anything."""
    safe = "".join(letter if letter.isalnum() or letter in "-_." else "_" for letter in sample).lstrip(".")
    kept = safe if safe == sample else f"{safe}-{hashlib.sha256(sample.encode()).hexdigest()[:8]}"
    return f"mingcha-case-{kept}.zip"
