"""Signed heads: what a database that agrees with itself cannot hide from the auditor's folder."""

import importlib.util
import json
import stat
import zipfile
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from dashboard.database.models import CHAIN, CHAIN_CONTENTS, CHAIN_HEADS, VERIFICATIONS
from dashboard.errors import UsageError
from dashboard.evidence import complete, heads
from dashboard.evidence.chain import START, Entry
from dashboard.evidence.heads import HeadError, create_key, read_head_file, sign_head
from dashboard.operations import doctor
from dashboard.operations.backup import back_up
from dashboard.worker import evidence as steps
from dashboard.worker.jobs import Context

_path = Path(__file__).with_name("evidence_under_test.py")
_spec = importlib.util.spec_from_file_location("evidence_under_test_of_heads", _path)
under_test = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(under_test)


@pytest.fixture
def store(database, tmp_path):
    return under_test.Store(database, tmp_path).filled()


@pytest.fixture
def here(sqlite_database, tmp_path):
    return under_test.Store(sqlite_database, tmp_path).filled()


def laid(store, day="2026-09-01"):
    return store.home / "heads" / f"head-{day}.json"


def rehashed(store, change):
    """What the owner of the database can do: change an entry and make the whole chain agree with itself again."""
    store.break_in(change)
    previous = START
    for row in store.rows(sa.select(CHAIN).order_by(CHAIN.c.number)):
        made = Entry.of(row).hash_after(previous)
        store.break_in(sa.update(CHAIN).where(CHAIN.c.number == row.number).values(previous=previous, hash=made))
        previous = made


def test_the_head_is_signed_and_laid_down_once_a_day(store):
    head = sign_head(store.app)
    raw = json.loads(laid(store).read_text())
    assert raw["count"] == head.count == 8  # the key is an entry of its own
    assert raw["hash"] == store.rows(sa.select(CHAIN.c.hash).where(CHAIN.c.number == 8))[0].hash
    signature = bytes.fromhex(raw.pop("signature"))
    told = json.dumps(raw, sort_keys=True, separators=(",", ":")).encode()
    Ed25519PublicKey.from_public_bytes(bytes.fromhex(raw["public_key"])).verify(signature, told)
    assert sign_head(store.app) is None  # nothing new
    store.note()
    store.later(hours=1)
    assert sign_head(store.app).count == 9
    assert json.loads(laid(store).read_text())["count"] == 8  # what lies there is not overwritten
    store.later(days=1)
    store.note()
    sign_head(store.app)
    assert json.loads(laid(store, "2026-09-02").read_text())["count"] == 10
    assert store.problems() == []
    assert [row.kind for row in store.rows(sa.select(CHAIN).where(CHAIN.c.kind == "key"))] == ["key"]


def test_the_key_is_for_our_user_alone_and_never_made_anew(tmp_path):
    assert create_key(tmp_path / "deep" / "key")
    assert stat.S_IMODE((tmp_path / "deep" / "key").stat().st_mode) == 0o600
    before = (tmp_path / "deep" / "key").read_text()
    assert not create_key(tmp_path / "deep" / "key")
    assert (tmp_path / "deep" / "key").read_text() == before


def test_a_missing_or_broken_key_is_named_and_never_printed(here):
    (here.home / "evidence.key").write_text("c0ffee" * 4)
    with pytest.raises(HeadError, match=r"evidence\.key is no Ed25519 key") as caught:
        sign_head(here.app)
    assert "c0ffee" not in str(caught.value)
    (here.home / "evidence.key").unlink()
    with pytest.raises(HeadError, match="Run: mingcha init"):
        sign_head(here.app)


def test_a_chain_rewritten_so_that_it_agrees_with_itself_disagrees_with_the_head(store):
    sign_head(store.app)
    rehashed(store, "UPDATE chain SET subject = 'evidence 77' WHERE number = 3")
    assert [kind for kind, _ in store.problems() if kind.startswith("chain")] == []
    assert "head_mismatch" in store.kinds()
    head = read_head_file(laid(store))
    assert "head_mismatch" in store.kinds(heads={"mine": head})
    store.note()
    with pytest.raises(HeadError, match=r"entry 8 is gone or changed\. It is not signed"):
        sign_head(store.app)


def test_a_chain_cut_off_at_its_end_is_found_by_the_head_alone(here):
    sign_head(here.app)
    here.break_in(
        "DELETE FROM chain WHERE number > 5", "DELETE FROM chain_contents WHERE number > 5",
        "DELETE FROM reviews", "DELETE FROM audit WHERE id > 2",
    )  # fmt: skip
    under_test.disarm(here.db, "chain_heads")
    here.break_in("DELETE FROM chain_heads")
    what = "head-2026-09-01.json of 2026-09-01 20:00 counts 8 entries, the chain ends at 5"
    assert ("truncated", what) in here.problems()
    assert here.kinds() == ["head_key", "truncated"]  # the entry that tells the key is gone too
    laid(here).unlink()
    assert here.problems() == []  # the chain alone cannot know: that is why the head lies elsewhere


def test_a_wrong_signature_another_key_and_a_head_from_the_future_are_named(here, tmp_path):
    sign_head(here.app)
    raw = json.loads(laid(here).read_text())
    forged = tmp_path / "forged.json"
    forged.write_text(json.dumps({**raw, "count": 3}))
    assert here.kinds(heads={"forged": read_head_file(forged)}) == ["head_signature"]

    create_key(tmp_path / "other.key")
    other = here.settings.model_copy(update={"evidence": here.settings.evidence.model_copy(
        update={"key_file": "other.key", "heads_dir": None})})  # fmt: skip
    key = heads.read_key(other)
    signed = heads._signed(key, heads.public_of(key), raw["count"], raw["hash"], here.now)
    assert here.kinds(heads={"of another": signed}) == ["head_key"]

    own = heads.read_key(here.settings)
    late = heads._signed(own, heads.public_of(own), raw["count"], raw["hash"], here.now + timedelta(days=2))
    assert here.problems(heads={"late": late}) == [
        ("head_future", "late of 2026-09-03 20:00 is later than this machine's clock (2026-09-01 20:00)")
    ]


@pytest.mark.parametrize("text", ["", "{}", "[1]", '{"format": "mingcha-head-1"}', "not json", '{"format": "x"}'])
def test_what_is_no_head_is_refused_by_name(tmp_path, text):
    (tmp_path / "head.json").write_text(text)
    with pytest.raises(HeadError, match=r"head\.json is no"):
        read_head_file(tmp_path / "head.json")


def test_a_head_cut_in_the_auditors_folder_is_named_and_stops_nothing(here):
    sign_head(here.app)
    laid(here).write_text(laid(here).read_text()[:80])
    assert here.kinds() == ["head_unreadable"]


def test_verify_tells_everything_and_remembers_that_it_looked(here):
    sign_head(here.app)
    told = complete.verify_everything(here.app, head=laid(here))
    assert told["ok"]
    assert told["problems"] == []
    assert told["evidence"]["entries"] == 8
    last = complete.last_verification(here.app)
    assert (last.ok, last.count, last.at, last.by) == (True, 8, here.now, "system")
    (here.home / "evidence" / "H001-2026-09-01-1-clip").unlink()
    told = complete.verify_everything(here.app)
    assert told["problems"] == [{"kind": "missing_file", "what": "H001-2026-09-01-1-clip"}]
    assert complete.last_verification(here.app).problems == tuple(told["problems"])
    assert complete.last_verification(here.app, good=True).count == 8


def test_only_what_came_after_a_head_is_looked_at_when_asked(here):
    sign_head(here.app)
    (here.home / "evidence" / "H001-2026-09-01-1-clip").unlink()  # from before the head
    here.file("clip", sample="H001-2026-09-01-2")
    assert complete.verify_everything(here.app, head=laid(here), only_since=True)["ok"]
    (here.home / "evidence" / "H001-2026-09-01-2-clip").write_bytes(b"another clip")
    told = complete.verify_everything(here.app, head=laid(here), only_since=True)
    assert told["problems"] == [{"kind": "changed_file", "what": "H001-2026-09-01-2-clip"}]
    assert told["evidence"]["since"] == 8
    with pytest.raises(UsageError, match="needs the head"):
        complete.verify_everything(here.app, only_since=True)


def test_a_head_signed_by_another_key_than_the_one_noted_is_named(here):
    sign_head(here.app)
    told = complete.verify_everything(here.app, head=laid(here), public_key="00" * 32)
    assert [problem["kind"] for problem in told["problems"]] == ["head_key"]


def test_the_worker_signs_and_verifies_what_is_new(here):
    context = Context(here.app, here.now)
    assert str(steps.sign(context)) == "Head of 8 entries signed"
    assert steps.sign(context) is None
    steps.verify_new(context)
    here.file("clip", sample="H001-2026-09-01-2")
    (here.home / "evidence" / "H001-2026-09-01-2-clip").unlink()
    with pytest.raises(steps.NotAsEnteredError, match="missing_file: H001-2026-09-01-2-clip"):
        steps.verify_new(context)
    with pytest.raises(steps.NotAsEnteredError):  # it stays a fault until it is none
        steps.verify_new(context)
    assert [row.ok for row in here.rows(sa.select(VERIFICATIONS).order_by(VERIFICATIONS.c.id))] == [True, False, False]


def test_a_look_that_began_later_hides_no_fault_from_the_worker(here):
    """Somebody verifies from a newer head on and finds nothing: the fault of before stays one."""
    context = Context(here.app, here.now)
    steps.verify_new(context)
    here.file("clip", sample="H001-2026-09-01-2")
    (here.home / "evidence" / "H001-2026-09-01-2-clip").unlink()
    sign_head(here.app)
    assert complete.verify_everything(here.app, head=laid(here), only_since=True)["ok"]
    with pytest.raises(steps.NotAsEnteredError, match="missing_file: H001-2026-09-01-2-clip"):
        steps.verify_new(context)


def test_the_worker_sees_that_what_it_verified_was_written_anew(here):
    context = Context(here.app, here.now)
    steps.verify_new(context)
    rehashed(here, "UPDATE chain SET by = '李' WHERE number = 3")
    with pytest.raises(steps.NotAsEnteredError, match="chain_entry: entry 7 is not the one that was verified"):
        steps.verify_new(context)


def test_the_worker_sees_that_what_it_verified_was_cut_off(here):
    context = Context(here.app, here.now)
    steps.verify_new(context)
    here.break_in("DELETE FROM reviews", "DELETE FROM audit WHERE id = 3",
                  "DELETE FROM chain_contents WHERE number > 5", "DELETE FROM chain WHERE number > 5")  # fmt: skip
    with pytest.raises(steps.NotAsEnteredError, match="truncated: entry 7 was verified and is gone"):
        steps.verify_new(context)


def test_an_emptied_folder_of_heads_is_told(here):
    def told():
        return [note["what"] for note in here.verified().notes if note["kind"] == "no_head"]

    assert told() == []  # nothing was signed yet
    sign_head(here.app)
    assert told() == []
    laid(here).unlink()
    assert told() == [f"{here.home / 'heads'} holds no head: nothing outside the database proves where it ends"]


def test_a_key_without_a_head_that_it_signed_is_refused(here):
    sign_head(here.app)
    with pytest.raises(UsageError, match="--public-key needs the head"):
        complete.verify_everything(here.app, public_key="00" * 32)


def test_heads_and_contents_hold_nothing_of_the_key(here):
    sign_head(here.app)
    key = (here.home / "evidence.key").read_text().strip()
    stored = str(here.rows(sa.select(CHAIN_HEADS))) + str(here.rows(sa.select(CHAIN_CONTENTS)))
    assert key not in stored
    assert key not in laid(here).read_text()


def test_doctor_tells_of_the_key_the_head_and_what_verification_found(here):
    def examined():
        patient = doctor.Patient(here.settings, here.app, True, here.now)
        found = [*doctor._signing_key(patient), *doctor._chain(patient)]
        return {(finding.check, finding.state) for finding in found}

    assert examined() == {("evidence key", "ok"), ("evidence chain", "warn")}  # nothing is signed yet
    sign_head(here.app)
    assert examined() == {("evidence key", "ok"), ("evidence chain", "ok")}
    (here.home / "evidence.key").chmod(0o640)
    (here.home / "evidence" / "H001-2026-09-01-1-clip").unlink()
    complete.verify_everything(here.app)
    assert {("evidence key", "fail"), ("evidence chain", "fail")} <= examined()
    (here.home / "evidence.key").unlink()
    assert ("evidence key", "warn") in examined()


def test_a_backup_leaves_the_key_out(here):
    target = here.home / "saved.zip"
    back_up(here.app, target)
    key = (here.home / "evidence.key").read_bytes().strip()
    with zipfile.ZipFile(target) as archive:
        assert "evidence.key" not in str(archive.namelist())
        assert not any(key in archive.read(name) for name in archive.namelist())
