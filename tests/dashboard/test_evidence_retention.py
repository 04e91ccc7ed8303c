"""What goes by rule, what keeps the rest, and what is left of a person after the term."""

import importlib.util
import json
import os
import time
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from dashboard.database.models import (
    AUDIT,
    CHAIN_CONTENTS,
    DISPUTE_DECISIONS,
    DISPUTE_PROOFS,
    DISPUTES,
    EVIDENCE,
    FORM_IDENTITIES,
    FORM_SHEETS,
    GOLD_SAMPLES,
    HISTORY_TABLES,
    JUDGEMENTS,
    KEPT_CASES,
    QUARANTINE,
    QUARANTINE_EVENTS,
    RECORD_TABLES,
    REMOVALS,
    VIOLATION_SOURCES,
    VIOLATIONS,
)
from dashboard.disputing.proofs import Kept, keep, path_of
from dashboard.errors import NotAllowedError, UsageError
from dashboard.evidence import chain
from dashboard.evidence.erasing import erase_personal
from dashboard.evidence.holds import lift_hold, place_hold, standing_holds, visible_holds
from dashboard.evidence.retention import due, remove_due, summed
from dashboard.instants import to_micros
from dashboard.people import Viewer, system_viewer
from dashboard.queries.evidence_state import evidence_state
from dashboard.worker import evidence as steps
from dashboard.worker.jobs import Context

_path = Path(__file__).with_name("evidence_under_test.py")
_spec = importlib.util.spec_from_file_location("evidence_under_test_of_retention", _path)
under_test = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(under_test)
INSPECTOR, NOW = under_test.INSPECTOR, under_test.NOW
SYSTEM = system_viewer()
HEAD = Viewer("李所", "office_head", frozenset({"S2"}))
LINEAGE = {"version_at": 0, "content_hash": 77, "batch_id": 0, "row_no": 0}


@pytest.fixture
def store(database, tmp_path):
    return with_halls(under_test.Store(database, tmp_path))


@pytest.fixture
def here(sqlite_database, tmp_path):
    return with_halls(under_test.Store(sqlite_database, tmp_path))


def with_halls(store):
    offices = (("S1", "甲所", "station", None), ("S2", "乙所", "station", None), ("H001", "城关", "hall", "S1"),
               ("H002", "河西", "hall", "S2"))  # fmt: skip
    for code, name, level, parent in offices:
        insert(store, "offices", code=code, name=name, level=level, parent_code=parent, valid_from="0001-01-01")
    for hall in ("H001", "H002"):
        for slot in range(1, 7):
            insert(store, "samples", sample_id=f"{hall}-{slot}", hall_code=hall, camera_code="c", outcome="captured",
                   planned_at=0)  # fmt: skip
    return store


def insert(store, record, **values):
    with store.db.session() as connection:
        connection.execute(sa.insert(RECORD_TABLES[record]).values({**LINEAGE, **values}))


def old_clip(store, sample, days=31):
    return store.file("clip", sample=sample, name=f"{sample}.mp4", taken=store.now - timedelta(days=days))


def there(store, name):
    return (store.home / "evidence" / name).is_file()


def plan(store, **options):
    return {item.sample: item.why for item in due(store.app, SYSTEM, **options)}


def test_a_file_past_its_term_goes_with_its_entry_and_is_reported_as_removed_by_rule(store):
    old_clip(store, "H001-1")
    old_clip(store, "H001-2", days=29)
    assert plan(store) == {"H001-1": ""}
    assert there(store, "H001-1.mp4")  # the dry run does nothing
    (gone,) = remove_due(store.app, by=SYSTEM)
    assert (gone.path, gone.rule) == ("H001-1.mp4", "candidates")
    assert not there(store, "H001-1.mp4")
    assert there(store, "H001-2.mp4")
    found = store.verified()
    assert found.problems == []
    assert {"kind": "removed_by_rule", "what": "1 files are gone by rule, each with its entry"} in found.notes
    assert remove_due(store.app, by=SYSTEM) == []


def test_a_file_taken_away_under_a_made_up_removal_is_found(here):
    number = old_clip(here, "H001-1")
    (here.home / "evidence" / "H001-1.mp4").unlink()
    with here.db.session() as connection:
        connection.execute(sa.insert(REMOVALS).values(evidence_id=number, rule="candidates", at=0))
    assert here.problems() == [("row_unchained", f"removals {number} was never entered")]


def test_a_run_killed_between_entry_and_deed_is_finished_by_the_next(here, monkeypatch):
    old_clip(here, "H001-1")
    monkeypatch.setattr(Path, "unlink", lambda *_, **__: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        remove_due(here.app, by=SYSTEM)
    monkeypatch.undo()
    assert here.kinds() == ["not_removed"]
    assert remove_due(here.app, by=SYSTEM) == []
    assert not there(here, "H001-1.mp4")
    assert here.problems() == []


def test_what_people_said_keeps_a_file(store):
    for slot in range(1, 7):
        old_clip(store, f"H001-{slot}", days=400)
    store.review("confirmed", finding=1, sample="H001-1")
    store.review("confirmed", finding=2, sample="H001-2")
    store.review("annulled", finding=2, sample="H001-2")
    common = {"by": "张检", "at": 0}
    with store.db.session() as connection:
        chain.enter(connection, KEPT_CASES, {"sample_id": "H001-3", "kind": "typical", "item_code": "R01", "note": "n",
                                             **common}, by=INSPECTOR, at=NOW)  # fmt: skip
        gold = {"sample_id": "H001-4", "decision": "ok", "items": "[]", **common}
        first = chain.enter(connection, GOLD_SAMPLES, gold, by=INSPECTOR, at=NOW)
        judged = {"sample_id": "H001-5", "round": "1", "decision": "violation", "items": "[]", "rejected": "[]",
                  "calls_for": "grave", **common}  # fmt: skip
        chain.enter(connection, JUDGEMENTS, judged, by=INSPECTOR, at=NOW)
    assert plan(store) == {
        "H001-1": "confirmed", "H001-2": "", "H001-3": "kept_case", "H001-4": "gold", "H001-5": "undecided",
        "H001-6": "",
    }  # fmt: skip
    with store.db.session() as connection:
        chain.enter(connection, GOLD_SAMPLES, {**gold, "withdraws": first}, by=INSPECTOR, at=NOW)
    assert plan(store)["H001-4"] == ""
    assert summed(due(store.app, SYSTEM)) == {"confirmed": 1, "goes": 3, "kept_case": 1, "undecided": 1}


def test_a_decided_sample_that_was_opened_again_waits_for_its_second_look(here):
    """A candidate came after the decision; the first of the new looks was grave, and nobody has settled it."""
    old_clip(here, "H001-1", days=400)
    judged = {"sample_id": "H001-1", "round": "1", "items": "[]", "rejected": "[]", "by": "张检", "at": 0}
    with here.db.session() as connection:
        chain.enter(connection, JUDGEMENTS, {**judged, "decision": "ok"}, by=INSPECTOR, at=NOW)
    here.review("ok", finding=None, sample="H001-1")
    assert plan(here) == {"H001-1": ""}
    again = {**judged, "decision": "violation", "calls_for": "grave", "at": 1}
    with here.db.session() as connection:
        chain.enter(connection, JUDGEMENTS, again, by=INSPECTOR, at=NOW)
    assert plan(here) == {"H001-1": "undecided"}


@pytest.mark.parametrize(
    "path", ["../mingcha.toml", "H001/../../mingcha.toml", "{home}/mingcha.toml", "out/mingcha.toml"]
)
def test_a_row_that_was_changed_removes_nothing_outside_the_folder(here, path):
    precious = here.home / "mingcha.toml"
    precious.write_text("precious")
    (here.home / "evidence" / "out").symlink_to(here.home)
    old_clip(here, "H001-1")
    here.break_in(sa.update(EVIDENCE).values(path=path.format(home=here.home)))
    remove_due(here.app, by=SYSTEM)
    assert precious.read_text() == "precious"
    assert "row_changed" in here.kinds()


def test_the_night_takes_copies_of_yesterday_away(here):
    copies = here.home / "copies"
    copies.mkdir()
    for name, age in (("old.jpg", 86_401), ("new.jpg", 60)):
        (copies / name).write_bytes(b"blurred")
        os.utime(copies / name, (time.time() - age,) * 2)
    steps.keep_terms(Context(here.app, here.now))
    assert [path.name for path in copies.iterdir()] == ["new.jpg"]


def test_what_was_confirmed_goes_only_after_closing_appeal_and_its_term(here):
    old_clip(here, "H001-1", days=900)
    here.review("confirmed", sample="H001-1")
    terms = here.settings.retention
    closed = here.now - timedelta(days=terms.appeal + terms.confirmed)
    assert plan(here) == {"H001-1": "confirmed"}
    just = plan(here, closings=lambda *_: {"H001-1": closed + timedelta(seconds=1)})
    assert just == {"H001-1": "confirmed"}
    assert plan(here, closings=lambda *_: {"H001-1": closed}) == {"H001-1": ""}


def case(store, sample, state, ended=None):
    values = {"number": f"WG-{sample}", "office_code": "H001", "severity": "C", "kind": "review", "observed_at": 0,
              "opened_at": 0, "restricted": False, "state": state, "sides": "", "since": 0, "last_seq": 1,
              "ended_at": to_micros(ended) if ended else None}  # fmt: skip
    with store.db.session() as connection:
        number = connection.execute(sa.insert(VIOLATIONS).values(values).returning(VIOLATIONS.c.id)).scalar_one()
        connection.execute(sa.insert(VIOLATION_SOURCES).values(
            violation_id=number, action="added", kind="review", record="findings", reference=sample, record_id=1,
            sample_id=sample, at=0,
        ))  # fmt: skip


def test_page_command_and_night_ask_the_same_cases_when_something_confirmed_goes(store):
    """1: closed long enough; 2: closed a second too late; 3: its decision was taken back while the case is open."""
    terms = store.settings.retention
    over = store.now - timedelta(days=terms.appeal + terms.confirmed)
    for number in (1, 2, 3):
        old_clip(store, f"H001-{number}", days=900)
        store.review("confirmed" if number < 3 else "annulled", sample=f"H001-{number}")
    case(store, "H001-1", "closed", over)
    case(store, "H001-2", "closed", over + timedelta(seconds=1))
    case(store, "H001-3", "confirmed")
    assert plan(store) == {"H001-1": "", "H001-2": "confirmed", "H001-3": "confirmed"}
    assert [item.sample for item in evidence_state(store.app, SYSTEM, now=store.now).going] == ["H001-1"]
    assert [item.sample for item in remove_due(store.app, by=SYSTEM)] == ["H001-1"]


def test_who_reviews_is_not_told_which_samples_have_known_answers(here):
    for number, why in ((1, "gold"), (2, "undecided"), (3, "")):
        old_clip(here, f"H001-{number}")
        what = {"sample_id": f"H001-{number}", "by": "甲", "at": 0, "decision": "ok", "items": "[]"}
        with here.db.session() as connection:
            if why == "gold":
                chain.enter(connection, GOLD_SAMPLES, what, by=INSPECTOR, at=here.now)
            elif why:
                more = {"round": "1", "rejected": "[]", "calls_for": "drawn"}
                chain.enter(connection, JUDGEMENTS, {**what, **more}, by=INSPECTOR, at=here.now)
    assert plan(here) == {"H001-1": "gold", "H001-2": "undecided", "H001-3": ""}
    shown = {item.sample: item.why for item in due(here.app, INSPECTOR)}
    assert shown == {"H001-1": "review", "H001-2": "review", "H001-3": ""}


def test_a_hold_stands_above_every_term_until_a_person_lifts_it(store):
    for sample in ("H001-1", "H002-1"):
        old_clip(store, sample)
    on_sample = place_hold(store.db, by=INSPECTOR, scope="sample", subject="H001-1", reason="申诉 12 号", at=store.now)
    on_office = place_hold(store.db, by=INSPECTOR, scope="office", subject="S2", reason="审计调阅", at=store.now)
    assert plan(store) == {"H001-1": "hold", "H002-1": "hold"}
    assert remove_due(store.app, by=SYSTEM) == []
    lift_hold(store.db, by=INSPECTOR, hold=on_office, reason="审计结束", at=store.now)
    assert plan(store) == {"H001-1": "hold", "H002-1": ""}
    with store.db.reading() as connection:
        assert [hold.id for hold in standing_holds(connection)] == [on_sample]
    assert [hold.id for hold in visible_holds(store.db, HEAD)] == []
    place_hold(store.db, by=INSPECTOR, scope="everything", reason="专项检查", at=store.now)
    assert plan(store) == {"H001-1": "hold", "H002-1": "hold"}
    assert store.problems() == []


def test_holds_are_persons_decisions_with_a_reason(here):
    def place(by=INSPECTOR, scope="sample", subject="H001-1", reason="why"):
        return place_hold(here.db, by=by, scope=scope, subject=subject, reason=reason, at=here.now)

    with pytest.raises(NotAllowedError, match="'system' may not"):
        place(by=SYSTEM)
    with pytest.raises(NotAllowedError, match=r"李所 \(office_head\) may not"):
        place(by=HEAD)
    with pytest.raises(NotAllowedError, match="There is no sample 'H001-1'"):
        place(by=Viewer("外人", "inspector", frozenset({"S2"})))
    with pytest.raises(NotAllowedError, match="cannot hold everything"):
        place(by=Viewer("外人", "inspector", frozenset({"S2"})), scope="everything", subject=None)
    with pytest.raises(UsageError, match="needs a reason"):
        place(reason="  ")
    with pytest.raises(UsageError, match="Unknown scope 'hall'"):
        place(scope="hall")
    with pytest.raises(UsageError, match="There is no hold 9 that stands"):
        lift_hold(here.db, by=INSPECTOR, hold=9, reason="why", at=here.now)
    with pytest.raises(NotAllowedError, match="may not remove evidence"):
        remove_due(here.app, by=INSPECTOR)
    with pytest.raises(NotAllowedError, match="may not erase"):
        erase_personal(here.app, by=INSPECTOR)


# --- personal fields -------------------------------------------------------------------------------------------------

PHONE, CUSTOMER = "13812345678", "4100123456"


@pytest.fixture
def with_people(store):
    old, young = NOW - timedelta(days=1827), NOW - timedelta(days=1825)
    for number, moment in (("old", old), ("young", young)):
        at = chain.to_micros(moment)
        insert(store, "tickets", system="95598", ticket_no=number, type="complaint", office_code="S1", accepted_at=at,
               phone=PHONE, customer_no=CUSTOMER, content=f"客户 {PHONE} 投诉",
               unreadable=json.dumps({"phone": PHONE, "replied_at": "昨天"}, ensure_ascii=False))  # fmt: skip
        insert(store, "repairs", system="95598", repair_no=number, office_code="S2", accepted_at=at,
               customer_no=CUSTOMER, taken_by="王工")  # fmt: skip
        insert(store, "repairs", system="95598", repair_no=f"{number}-again", office_code="S2", accepted_at=at,
               customer_no=CUSTOMER)  # fmt: skip
        with store.db.session() as connection:
            connection.execute(sa.insert(HISTORY_TABLES["tickets"]).values(
                **LINEAGE, record_id=1, fate="replaced", ended_by_batch=1, system="95598", ticket_no=number,
                office_code="S1", accepted_at=at, phone=PHONE))  # fmt: skip
            row = {"batch_id": 1, "record": "tickets", "row_no": 2, "number": number, "reason": "unknown_office",
                   "value": PHONE, "raw": json.dumps({"电话": PHONE}), "since": at, "fingerprint": 5, "times": 1,
                   "last_batch_id": 1, "last_row_no": 2}  # fmt: skip
            made = connection.execute(sa.insert(QUARANTINE).values(row).returning(QUARANTINE.c.id)).scalar_one()
            event = {"quarantine_id": made, "at": at, "by": "王", "action": "corrected", "detail": PHONE}
            connection.execute(sa.insert(QUARANTINE_EVENTS).values(event))
        store.now = moment
        store.note("repair_row", number, PHONE)
    store.now = NOW
    return store


def everything(store):
    tables = (*RECORD_TABLES.values(), *HISTORY_TABLES.values(), QUARANTINE, QUARANTINE_EVENTS, AUDIT, CHAIN_CONTENTS)
    return [str(tuple(row)) for table in tables for row in store.rows(sa.select(table))]


def test_nothing_of_a_person_is_left_past_the_term_and_the_chain_holds(with_people):
    store = with_people
    before = sum(PHONE in row or CUSTOMER in row for row in everything(store))
    counts = erase_personal(store.app, by=SYSTEM)
    assert counts == {"tickets": 2, "repairs": 2, "quarantine": 1, "audit": 1}
    left = [row for row in everything(store) if PHONE in row or CUSTOMER in row]
    assert len(left) == before / 2  # those of the younger ones
    assert not [row for row in left if "'old'" in row]
    assert store.problems() == []
    assert {"kind": "erased", "what": "1 contents were erased by rule; their entries hold"} in store.verified().notes
    assert erase_personal(store.app, by=SYSTEM) == {}


def test_proofs_of_disputes_are_hashed_and_go_with_the_people_in_them(store):
    old, now = chain.to_micros(NOW - timedelta(days=1827)), chain.to_micros(NOW)
    alone, shared, late = (Kept("证明.pdf", "pdf", b"%PDF-1.4 " + what) for what in (b"alone", b"shared", b"late"))
    with store.db.session() as connection:
        for number, decided, files in ((1, old, (alone, shared)), (2, now, (shared, late)), (3, None, (late,))):
            values = {
                "number": f"D-2026-00000{number}",
                "record": "tickets",
                "record_id": 1,
                "record_number": "1",
                "office_code": "S1",
                "wish": "correction",
                "reason": "r",
                "due": old,
                "by": "李所",
                "at": old,
            }
            made = connection.execute(sa.insert(DISPUTES).values(values).returning(DISPUTES.c.id)).scalar_one()
            by = {"dispute_id": made, "by": "李所", "at": old}
            for one in files:
                kept = {"name": one.name, "kind": "pdf", "sha256": one.sha256, "bytes": len(one.content)}
                connection.execute(sa.insert(DISPUTE_PROOFS).values({**by, **kept}))
            if decided is not None:
                said = {**by, "by": "周部", "at": decided, "outcome": "refused", "reason": "r"}
                connection.execute(sa.insert(DISPUTE_DECISIONS).values(said))
    for one in (alone, shared, late):
        keep(store.settings, one)
    assert store.problems() == []
    assert erase_personal(store.app, by=SYSTEM) == {"dispute_proofs": 1}
    assert [path_of(store.settings, one.sha256).is_file() for one in (alone, shared, late)] == [False, True, True]
    assert store.problems() == []
    assert erase_personal(store.app, by=SYSTEM) == {}
    path_of(store.settings, shared.sha256).unlink()
    path_of(store.settings, late.sha256).write_bytes(b"%PDF-1.4 other")
    keep(store.settings, alone)
    assert store.problems() == [
        ("not_removed", "proof 1 of D-2026-000001 should be gone by the rule 'ledgers' and is there"),
        ("missing_file", "proof 2 of D-2026-000001"), ("missing_file", "proof 3 of D-2026-000002"),
        ("changed_file", "proof 4 of D-2026-000002"), ("changed_file", "proof 5 of D-2026-000003"),
    ]  # fmt: skip


def test_who_wrote_a_form_goes_past_the_term_and_the_form_stays(store):
    with store.db.session() as connection:
        for number, days in (("BD-1-1", 1827), ("BD-1-2", 1825)):
            sheet = {"evaluation_no": number, "opening_id": 1, "office_code": "S1", "answers": "{}", "suspicion": True,
                     "batch_id": 1, "by": "张检", "at": chain.to_micros(NOW - timedelta(days=days))}  # fmt: skip
            made = connection.execute(sa.insert(FORM_SHEETS).values(sheet).returning(FORM_SHEETS.c.id)).scalar_one()
            connection.execute(sa.insert(FORM_IDENTITIES).values(sheet_id=made, sealed="sealed"))
    assert erase_personal(store.app, by=SYSTEM) == {"form_identities": 1}
    assert [row[0] for row in store.rows(sa.select(FORM_IDENTITIES.c.sheet_id))] == [2]
    assert len(store.rows(sa.select(FORM_SHEETS.c.id))) == 2


def test_free_text_of_lines_that_the_chain_adopted_goes_too(here):
    """Lines of a database of the first version have entries of another kind."""
    here.now = NOW - timedelta(days=1827)
    with here.db.session() as connection:
        row = {"at": chain.to_micros(here.now), "actor": "王", "action": "repair_row", "detail": PHONE}
        chain.enter(connection, AUDIT, row, by=SYSTEM, at=here.now, kind="adopted")
    here.now = NOW
    assert erase_personal(here.app, by=SYSTEM) == {"audit": 1}
    assert not [row for row in everything(here) if PHONE in row]
    assert here.problems() == []


def test_a_record_that_tells_no_time_has_a_term_too(here):
    common = {"system": "95598", "type": "complaint", "office_code": "S1", "phone": PHONE}
    for number, days in (("old", 1827), ("young", 1825)):
        exported = chain.to_micros(NOW - timedelta(days=days))
        insert(here, "tickets", **common, ticket_no=number, accepted_at=None, version_at=exported)
    assert erase_personal(here.app, by=SYSTEM) == {"tickets": 1}
    (left,) = [row for row in everything(here) if PHONE in row]
    assert "'young'" in left


def test_what_is_judged_by_stays_and_a_customer_stays_one(with_people):
    erase_personal(with_people.app, by=SYSTEM)
    table = RECORD_TABLES["repairs"].c
    rows = with_people.rows(sa.select(table.repair_no, table.customer_no, table.taken_by, table.content_hash))
    found = {row.repair_no: row for row in rows}
    assert found["old"].customer_no == found["old-again"].customer_no
    assert found["old"].customer_no.startswith("erased-")
    assert (found["old"].taken_by, found["old"].content_hash) == (None, 0)
    assert found["young"].customer_no == CUSTOMER
    ticket = RECORD_TABLES["tickets"].c
    (told,) = with_people.rows(sa.select(ticket.unreadable).where(ticket.ticket_no == "old"))
    assert json.loads(told.unreadable) == {"phone": "", "replied_at": "昨天"}


def test_erasing_in_secret_is_found(with_people):
    with_people.break_in("DELETE FROM chain_contents WHERE number = 2", "UPDATE audit SET detail = NULL WHERE id = 1")
    assert with_people.kinds() == ["content_missing"]


def test_holds_keep_personal_fields(with_people):
    store = with_people
    place_hold(store.db, by=INSPECTOR, scope="office", subject="S1", reason="诉讼", at=NOW)
    assert erase_personal(store.app, by=SYSTEM) == {"repairs": 2}
    place_hold(store.db, by=INSPECTOR, scope="everything", reason="诉讼", at=NOW)
    assert erase_personal(store.app, by=SYSTEM) == {}
