"""Case packages: what a third party can check offline, and what a forged package cannot hide."""

import hashlib
import hmac
import json
import os
import runpy
import subprocess
import sys
import time
import zipfile
from datetime import datetime
from pathlib import Path

import pytest
import sqlalchemy as sa
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from hypothesis import given, settings
from hypothesis import strategies as st

from collectors.video.plan import LOCAL
from dashboard.bootstrap import Application
from dashboard.database.models import AUDIT
from dashboard.errors import MingchaError, NotAllowedError, UsageError
from dashboard.evidence import verifier
from dashboard.evidence.heads import create_key, sign_head
from dashboard.evidence.package import VERIFIER, file_name, make_package
from dashboard.evidence.parcels import make_parcel, parcel, tidy
from dashboard.instants import to_micros
from dashboard.people import Viewer, system_viewer
from dashboard.settings import EvidenceSettings

NOW = datetime(2026, 9, 1, 15, 0, tzinfo=LOCAL)
INSPECTOR = Viewer("张检", "inspector", frozenset({"*"}))
SAMPLE = "H001-2026-09-01-1"


@pytest.fixture
def taken(sqlite_halls):
    """(application, halls): a sample with its clip, taken and signed."""
    halls = sqlite_halls
    halls.hall()
    halls.camera()
    halls.film(halls.scenes.room_with((-100, 200)))
    halls.take(halls.later())
    configured = halls.settings.model_copy(update={"evidence": EvidenceSettings(key_file="evidence.key")})
    create_key(halls.home / "evidence.key")
    app = Application(configured, halls.db, system_viewer(), lambda: NOW)
    sign_head(app)
    return app, halls


def packed(app, tmp_path, *, by=INSPECTOR, **options):
    """The package unpacked, as a third party has it."""
    made = make_package(app, by=by, sample=SAMPLE, target=tmp_path / "case.zip", **options)
    folder = tmp_path / "unpacked"
    with zipfile.ZipFile(made.path) as archive:
        archive.extractall(folder)
    return folder


def checked(folder, *options):
    """What the verifier of the package says, run without the project."""
    done = subprocess.run([sys.executable, "-I", str(folder / "verify.py"), *options], capture_output=True, text=True,
                          cwd=folder.parent)  # fmt: skip
    return done.returncode, done.stdout.splitlines()


def said(folder, state):
    return [words for found, words in verifier.check(folder) if found == state]


def document(folder, name):
    return json.loads((folder / name).read_text("utf-8"))


def test_a_third_party_checks_originals_offline_down_to_the_signed_head(taken, tmp_path):
    app, halls = taken
    folder = packed(app, tmp_path, originals=True, reason="申诉 7 号")
    key = document(folder, "chain.json")["head"]["public_key"]
    code, lines = checked(folder, "--public-key", key)
    assert (code, lines[-1]) == (0, "PASSED 核验通过")
    assert "OK   the key is the one you gave" in lines
    (clip,) = [item for item in document(folder, "manifest.json")["files"] if item.get("kind") == "clip"]
    (stored,) = [row for row in halls.evidence() if row.kind == "clip"]
    assert hashlib.sha256((folder / clip["path"]).read_bytes()).hexdigest() == clip["sha256"] == stored.sha256
    assert f"OK   {clip['path']} is the original of entry" in "\n".join(lines)
    code, lines = checked(folder, "--public-key", "00" * 32)
    assert (code, lines[-1]) == (1, "FAILED 核验未通过")


def test_the_package_tells_what_happened_and_nothing_of_other_cases(taken, tmp_path):
    app, _ = taken
    folder = packed(app, tmp_path, originals=True, reason="申诉 7 号")
    steps = [(step["what"], step.get("outcome")) for step in document(folder, "timeline.json")]
    assert steps[0] == ("planned moment", None)
    assert sorted(steps[1:], key=str) == [
        ("captured", "captured"), ("looked at by the detector", None), ("plan sealed", None),
    ]  # fmt: skip
    chain = document(folder, "chain.json")
    subjects = [entry["subject"] for entry in chain["entries"]]
    assert "evidence 1" in subjects
    everything = "".join(path.read_text("utf-8") for path in folder.glob("*.json"))
    assert "look at evidence" not in everything
    leaves = (folder / "leaves.txt").read_text().split()
    assert len(leaves) == chain["head"]["count"] - chain["first"] + 1


def test_pictures_are_blurred_copies_unless_an_inspector_says_why(taken, tmp_path):
    app, halls = taken
    with pytest.raises(UsageError, match="for a reason"):
        packed(app, tmp_path, originals=True)
    with pytest.raises(NotAllowedError, match="'system' may not hand over originals"):
        packed(app, tmp_path, by=system_viewer(), originals=True, reason="why")
    with pytest.raises(NotAllowedError, match="may not hand over evidence"):
        packed(app, tmp_path, by=Viewer("评", "evaluator", frozenset({"*"})))
    with pytest.raises(NotAllowedError, match="outside what you may see"):
        packed(app, tmp_path, by=Viewer("李所", "office_head", frozenset({"S9"})))
    folder = packed(app, tmp_path)
    (clip,) = [item for item in document(folder, "manifest.json")["files"] if item.get("kind") == "clip"]
    assert clip["blurred"]
    (stored,) = [row for row in halls.evidence() if row.kind == "clip"]
    assert clip["sha256"] != stored.sha256
    (note,) = [words for words in said(folder, "NOTE") if clip["path"] in words]
    assert f"proves the original's SHA-256 {stored.sha256}, not this copy" in note
    assert checked(folder)[0] == 0
    lines = halls.rows(sa.select(AUDIT.c.actor, AUDIT.c.subject, AUDIT.c.detail).where(AUDIT.c.action == "package"))
    (line,) = lines
    assert (line.actor, line.subject) == ("张检", SAMPLE)
    manifest = hashlib.sha256((folder / "manifest.json").read_bytes()).hexdigest()
    assert json.loads(line.detail)["manifest"] == manifest


def test_a_clip_that_is_not_what_was_entered_is_not_handed_over(taken, tmp_path):
    app, halls = taken
    (stored,) = [row for row in halls.evidence() if row.kind == "clip"]
    (halls.home / "evidence" / stored.path).write_bytes(b"another")
    with pytest.raises(MingchaError, match=r"Evidence \d+ is not the file that was entered"):
        packed(app, tmp_path)
    assert list(tmp_path.glob("case.zip")) == []
    (tmp_path / "case.zip").write_bytes(b"")
    with pytest.raises(MingchaError, match="overwrites nothing"):
        packed(app, tmp_path)


def quoted(text):
    return json.dumps(text, ensure_ascii=False)


def test_every_forgery_of_a_package_is_told(taken, tmp_path):
    app, _ = taken
    folder = packed(app, tmp_path, originals=True, reason="why")
    chain, whole = document(folder, "chain.json"), (folder / "chain.json").read_text()
    manifest = (folder / "manifest.json").read_text()

    def failures(name, text):
        before = (folder / name).read_text()
        (folder / name).write_text(text)
        found = said(folder, "FAIL")
        (folder / name).write_text(before)
        return " | ".join(found)

    assert failures("timeline.json", "[]") == "timeline.json is not the file that was packed"
    (folder / "more.txt").write_text("slipped in")
    assert said(folder, "FAIL") == ["more.txt lies in the package and is not named in it"]
    (folder / "more.txt").unlink()
    clip = next(item["path"] for item in json.loads(manifest)["files"] if item.get("kind") == "clip")
    other = hashlib.sha256(b"another clip").hexdigest()
    original = (folder / clip).read_bytes()
    (folder / clip).write_bytes(b"another clip")
    digest = hashlib.sha256(original).hexdigest()
    assert "is not the original that entry" in failures("manifest.json", manifest.replace(digest, other))
    (folder / clip).write_bytes(original)
    entry = next(one for one in chain["entries"] if one["kind"] == "clip")
    content = whole.replace(quoted(entry["content"]), quoted(entry["content"].replace(digest, other)))
    assert "does not say what was entered" in failures("chain.json", content)
    assert "is not the one at its place" in failures("chain.json", whole.replace('"kind": "clip"', '"kind": "klip"'))
    signature = chain["head"]["signature"]
    flipped = ("0" if signature[0] != "0" else "1") + signature[1:]
    assert "signature is not one of key" in failures("chain.json", whole.replace(signature, flipped))
    assert "does not lead to the signed head" in failures("chain.json", whole.replace(chain["head"]["hash"], "0" * 64))


def test_entries_newer_than_the_head_are_told_as_such(taken, tmp_path):
    app, halls = taken
    halls.film(halls.scenes.room_with((-100, 200)), slot=2)
    halls.take(NOW)
    made = make_package(app, by=INSPECTOR, sample="H001-2026-09-01-2", target=tmp_path / "two.zip", originals=True,
                        reason="why")  # fmt: skip
    assert not made.signed
    with zipfile.ZipFile(made.path) as archive:
        archive.extractall(tmp_path / "two")
    assert said(tmp_path / "two", "FAIL") == []
    (late,) = [words for words in said(tmp_path / "two", "NOTE") if "later head" in words]
    assert late.endswith("came after the signed head: a later head proves them")
    sign_head(app)
    again = make_package(app, by=INSPECTOR, sample="H001-2026-09-01-2", target=tmp_path / "again.zip", originals=True,
                         reason="why")  # fmt: skip
    assert again.signed


def forged(folder, change):
    """The package with chain.json and the file changed, and a manifest that agrees: what anybody can do."""
    chain, manifest = document(folder, "chain.json"), document(folder, "manifest.json")
    clip = next(item for item in manifest["files"] if item.get("kind") == "clip")
    (folder / clip["path"]).write_bytes(b"another clip")
    clip["sha256"] = hashlib.sha256(b"another clip").hexdigest()
    entry = next(one for one in chain["entries"] if one["subject"] == f"evidence {clip['evidence']}")
    entry["content"] = json.dumps({**json.loads(entry["content"]), "sha256": clip["sha256"]})
    entry["digest"] = hmac.new(bytes.fromhex(entry["key"]), entry["content"].encode(), hashlib.sha256).hexdigest()
    leaves = (folder / "leaves.txt").read_text().split()
    change(chain, entry, leaves)
    for name, text in (("chain.json", json.dumps(chain)), ("leaves.txt", "\n".join(leaves))):
        (folder / name).write_text(text)
        named = next(item for item in manifest["files"] if item["path"] == name)
        named["sha256"] = hashlib.sha256(text.encode()).hexdigest()
    (folder / "manifest.json").write_text(json.dumps(manifest))


def test_a_clip_swapped_and_its_head_left_out_fails_for_who_names_the_key(taken, tmp_path):
    app, _ = taken
    folder = packed(app, tmp_path, originals=True, reason="why")
    key = document(folder, "chain.json")["head"]["public_key"]

    def without_head(chain, entry, leaves):
        chain["head"] = None
        leaves[entry["number"] - chain["first"]] = verifier.leaf_of(entry)

    forged(folder, without_head)
    code, lines = checked(folder, "--public-key", key)
    assert (code, lines[-1]) == (1, "FAILED 核验未通过")
    assert "FAIL no head was signed when the package was made: its entries are in no signed chain yet" in lines
    code, lines = checked(folder)
    assert not [line for line in lines if line.startswith("OK") and "is the original of" in line]


def test_a_clip_swapped_and_entered_behind_the_head_fails_for_who_names_the_key(taken, tmp_path):
    app, _ = taken
    folder = packed(app, tmp_path, originals=True, reason="why")
    head = document(folder, "chain.json")["head"]

    def behind(chain, entry, leaves):
        entry["number"] = chain["first"] + len(leaves)
        leaves.append(verifier.leaf_of(entry))

    forged(folder, behind)
    code, lines = checked(folder, "--public-key", head["public_key"])
    assert (code, lines[-1]) == (1, "FAILED 核验未通过")
    assert f"FAIL entries {head['count'] + 1} came after the signed head: a later head proves them" in lines
    code, lines = checked(folder)
    assert not [line for line in lines if line.startswith("OK") and "is the original of" in line]


def test_nothing_outside_the_package_is_taken_for_part_of_it(taken, tmp_path):
    app, _ = taken
    folder = packed(app, tmp_path)
    (tmp_path / "beside.txt").write_text("beside")
    manifest = document(folder, "manifest.json")
    manifest["files"].append({"path": "../beside.txt", "sha256": hashlib.sha256(b"beside").hexdigest()})
    (folder / "manifest.json").write_text(json.dumps(manifest))
    assert said(folder, "FAIL") == ["../beside.txt lies outside the package"]


def test_documents_are_not_said_to_be_proved(taken, tmp_path):
    """Nobody signed the manifest: its digest is told, to be compared with the audit trail."""
    app, _ = taken
    folder = packed(app, tmp_path)
    digest = hashlib.sha256((folder / "manifest.json").read_bytes()).hexdigest()
    assert [words for words in said(folder, "NOTE") if digest in words]
    assert "timeline.json is the file that manifest.json names" in said(folder, "OK")
    (folder / "leaves.txt").write_text("")
    assert any("does not lead to the signed head" in words for words in said(folder, "FAIL"))


def test_a_package_for_the_browser_waits_on_disk_for_an_hour(taken):
    app, _ = taken
    name = make_parcel(app, by=INSPECTOR, sample=SAMPLE, originals=True, reason="来函")
    made = parcel(app.settings, name)
    assert (made.name, zipfile.is_zipfile(made)) == (f"mingcha-case-{SAMPLE}.zip", True)
    with pytest.raises(UsageError):
        make_parcel(app, by=INSPECTOR, sample=SAMPLE, originals=True, reason=" ")
    assert [path.name for path in made.parents[1].iterdir()] == [name]  # what was refused leaves nothing
    for path in (made, made.parent):
        os.utime(path, (time.time() - 3601,) * 2)
    with pytest.raises(NotAllowedError):
        parcel(app.settings, name)
    tidy(app.settings)
    assert not made.exists()


def test_names_of_packages_are_plain():
    assert file_name(SAMPLE) == f"mingcha-case-{SAMPLE}.zip"
    assert "/" not in file_name("../../etc/passwd")
    assert file_name("a/b") != file_name("a_b")


# --- the verifier's own Ed25519 --------------------------------------------------------------------------------------

# RFC 8032 7.1, TEST 2
KEY = "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c"
SIGNATURE = (
    "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
    "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"
)


def test_the_signature_of_the_standard_is_right_and_any_other_is_not():
    key, signature = bytes.fromhex(KEY), bytes.fromhex(SIGNATURE)
    assert verifier.signed(key, b"\x72", signature)
    assert not verifier.signed(key, b"\x73", signature)
    assert not verifier.signed(key, b"\x72", signature[:63])
    assert not verifier.signed(b"\xff" * 32, b"\x72", signature)
    shifted = (int.from_bytes(signature[32:], "little") + verifier.Q).to_bytes(32, "little")
    assert not verifier.signed(key, b"\x72", signature[:32] + shifted)  # the same point, another spelling


@settings(max_examples=15)
@given(seed=st.binary(min_size=32, max_size=32), message=st.binary(max_size=200), place=st.integers(0, 63))
def test_it_agrees_with_the_library_on_any_message_and_any_flipped_bit(seed, message, place):
    private = Ed25519PrivateKey.from_private_bytes(seed)
    public, signature = private.public_key().public_bytes_raw(), bytearray(private.sign(message))
    assert verifier.signed(public, message, bytes(signature))
    signature[place] ^= 1
    with pytest.raises(InvalidSignature):
        Ed25519PublicKey.from_public_bytes(public).verify(bytes(signature), message)
    assert not verifier.signed(public, message, bytes(signature))


def test_the_verifier_needs_nothing_but_the_standard_library():
    found = runpy.run_path(str(VERIFIER), run_name="as a module")
    assert "dashboard" not in Path(VERIFIER).read_text("utf-8")
    assert found["signed"](bytes.fromhex(KEY), b"\x72", bytes.fromhex(SIGNATURE))


def test_a_stored_clip_tells_its_hall_its_times_and_the_detector_that_saw_it(taken):
    _, halls = taken
    (clip,) = [row for row in halls.evidence() if row.kind == "clip"]
    assert (clip.hall_name, clip.detector) == ("城关营业厅", "none")
    assert clip.taken_at == to_micros(halls.moment(1))
    assert clip.server_at >= to_micros(halls.later())  # our clock, which went on
    assert clip.picture_at is None  # this picture shows no clock
