"""Disputes under attack: values and names of files that would break a page, a file or a later decision."""

from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa

from dashboard.actions.disputes import correct, exclude, file_dispute, open_proof, refuse, withdraw
from dashboard.database.models import AUDIT, DISPUTE_DECISIONS, DISPUTES, RECORD_TABLES
from dashboard.disputing.proofs import Proof, accepted
from dashboard.disputing.values import typed
from dashboard.errors import MingchaError, NotAllowedError, UsageError
from dashboard.judging.rules import rules_of
from dashboard.people import Viewer
from dashboard.queries import disputes as queries
from dashboard.queries.disputes import disputes
from tests.dashboard.test_disputes import HEAD, HEADER, JUDGE, MONDAY, PDF, bring, company, dispute, line, repair

__all__ = ["company"]


@pytest.mark.parametrize(
    ("record", "column", "text"),
    [
        ("repairs", "arrived_at", "0001-01-01 00:00:00"),
        ("repairs", "arrived_at", "9999-12-31T23:59:59-12:00"),
    ],
)
def test_a_time_that_no_page_could_show_is_refused(record, column, text):
    with pytest.raises(UsageError, match="is no time for"):
        typed(record, {column: text})


def test_a_value_that_no_record_could_hold_is_refused():
    with pytest.raises(UsageError, match="'accepted_at' cannot be empty"):
        typed("tickets", {"accepted_at": " "})
    with pytest.raises(UsageError, match="is not possible for type"):
        typed("tickets", {"type": "gossip"})
    with pytest.raises(UsageError, match="is no number for"):
        typed("tickets", {"urges": "9" * 20})


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("a\r\nSet-Cookie: x.pdf", "aSet-Cookie: x.pdf"),
        ("证\x00明.pdf", "证明.pdf"),
        ("\u202efdp.exe.pdf", "fdp.exe.pdf"),
        ("\udc80.pdf", ".pdf"),
        ("../..", "file"),
        ("\x01", "file"),
    ],
)
def test_the_name_of_a_proof_is_one_plain_word(name, kept):
    assert accepted(Proof(name, b"%PDF-1.4")).name == kept


def test_a_file_that_repeats_an_error_read_to_the_minute_leaves_no_mark_on_the_correction(
    sqlite_database, company, tmp_path
):
    settings = company(sqlite_database)
    coarse = HEADER + line("2026-09-10 11:00")
    bring(sqlite_database, tmp_path, "repairs", coarse, MONDAY - timedelta(hours=1))
    assert "arrived_at" in repair(sqlite_database)["precision"]
    correct(sqlite_database, by=JUDGE, number=dispute(sqlite_database, settings), reason="是", at=MONDAY)
    assert "arrived_at" not in (repair(sqlite_database)["precision"] or "")
    again = bring(sqlite_database, tmp_path, "repairs", coarse, MONDAY + timedelta(days=1))
    assert "arrived_at" not in (repair(sqlite_database)["precision"] or "")
    assert (again.updated, again.quarantined) == (0, 0)
    unread = bring(sqlite_database, tmp_path, "repairs", HEADER + line("gestern"), MONDAY + timedelta(days=2))
    assert (unread.updated, unread.quarantined) == (0, 1)
    assert repair(sqlite_database)["arrived_at"] is not None


def test_nobody_decides_whether_a_record_is_their_own_office_s(sqlite_database, company):
    settings = company(sqlite_database)
    number = dispute(sqlite_database, settings, wanted={"office_code": "C9"})
    (one,) = disputes(sqlite_database, JUDGE, as_of=MONDAY)  # who works at C9
    assert one.may == ()
    for decides in (refuse, correct):
        with pytest.raises(NotAllowedError, match="of the office where 高评 works"):
            decides(sqlite_database, by=JUDGE, number=number, reason="否", at=MONDAY)
    elsewhere = replace(JUDGE, works_at=None)
    refuse(sqlite_database, by=elsewhere, number=number, reason="否", at=MONDAY)
    second = dispute(sqlite_database, settings)
    with pytest.raises(NotAllowedError, match="of the office where 高评 works"):
        correct(sqlite_database, by=JUDGE, number=second, reason="是", values={"office_code": "C9"}, at=MONDAY)
    with sqlite_database.session() as connection:  # a later file says whose it is
        connection.execute(sa.update(RECORD_TABLES["repairs"]).values(office_code="C9"))
    with pytest.raises(NotAllowedError, match="of the office where 高评 works"):
        correct(sqlite_database, by=JUDGE, number=second, reason="是", at=MONDAY)


def test_however_many_disputes_there_are_all_are_counted_and_none_is_pushed_out(sqlite_database, company):
    settings = company(sqlite_database)
    number = dispute(sqlite_database, settings)
    with sqlite_database.session() as connection:
        row = dict(connection.execute(sa.select(DISPUTES)).mappings().one())
        others = [{**row, "id": n, "number": f"D-2026-{n:06d}", "office_code": "S2", "record_id": n,
                   "record_number": f"R-{n}"} for n in range(2, 2103)]  # fmt: skip
        connection.execute(sa.insert(DISPUTES), others)
        connection.execute(sa.insert(DISPUTE_DECISIONS), [
            {"dispute_id": one["id"], "outcome": "refused", "reason": "否", "by": "高评", "at": row["at"]}
            for one in others])  # fmt: skip
    assert [one.number for one in disputes(sqlite_database, HEAD, as_of=MONDAY)] == [number]
    everything = disputes(sqlite_database, JUDGE, as_of=MONDAY)
    assert everything[0].number == number
    assert [(one.office, one.filed, one.refused, one.open) for one in queries.counts(everything)] == [
        ("S2", 2101, 2101, 0), ("S1", 1, 0, 1),
    ]  # fmt: skip
    of = queries.of_record(sqlite_database, JUDGE, record="repairs", record_id=77, as_of=MONDAY)
    assert [one.number for one in of] == ["D-2026-000077"]


def test_only_its_filer_takes_a_dispute_back_and_only_a_decider_decides(sqlite_database, company):
    settings = company(sqlite_database)
    number = dispute(sqlite_database, settings)
    second_head = replace(HEAD, name="许二")
    with pytest.raises(NotAllowedError, match="is not yours"):
        withdraw(sqlite_database, by=second_head, number=number, reason="否", at=MONDAY)
    elsewhere = Viewer("秦岭", "inspector", frozenset({"*"}))
    with pytest.raises(NotAllowedError, match="may not decide about a dispute"):
        refuse(sqlite_database, by=elsewhere, number=number, reason="否", at=MONDAY)
    filed_as = {"reason": "否", "cause": "disaster", "document": "文1", "at": MONDAY}
    for by, which in ((replace(JUDGE, offices=frozenset({"S2"})), number), (JUDGE, "D-2026-000099")):
        with pytest.raises(NotAllowedError, match="There is no dispute"):
            exclude(sqlite_database, by=by, number=which, **filed_as)
    wrong = ({"arrived_at": "2026-09-10 11:00:00"}, "says so already"), ({"office_code": "S9"}, "no office 'S9'")
    for values, why in wrong:
        with pytest.raises(MingchaError, match=why):
            correct(sqlite_database, by=JUDGE, number=number, reason="是", values=values, at=MONDAY)


def test_a_record_that_turned_out_to_be_a_report_has_no_dispute_for_the_office_it_accuses(
    sqlite_database, company, tmp_path
):
    db, settings = sqlite_database, company(sqlite_database)
    told = "ticket_no,type,office_code,accepted_at\nT-1,{},S1,2026-09-10 09:00:00\n"
    bring(db, tmp_path, "tickets", told.format("complaint"), MONDAY - timedelta(hours=2))

    def filed():
        return file_dispute(db, settings, rules_of(settings, db), by=HEAD, record="tickets", record_id=1,
                            wish="exclusion", reason="重复", proofs=(PDF,), at=MONDAY)  # fmt: skip

    number = filed()
    proof = disputes(db, HEAD, as_of=MONDAY)[0].proofs[0].id
    open_proof(db, settings, by=HEAD, proof=proof, at=MONDAY)
    with db.reading() as connection:
        seen = connection.execute(sa.select(AUDIT.c.actor, AUDIT.c.subject).where(AUDIT.c.action == "open_proof")).all()
    assert [tuple(one) for one in seen] == [("许立", number)]
    bring(db, tmp_path, "tickets", told.format("report"), MONDAY + timedelta(hours=1))
    assert disputes(db, HEAD, as_of=MONDAY) == []
    with pytest.raises(NotAllowedError, match="There is no dispute"):
        withdraw(db, by=HEAD, number=number, reason="否", at=MONDAY)
    with pytest.raises(NotAllowedError, match="There is no dispute"):
        open_proof(db, settings, by=HEAD, proof=proof, at=MONDAY)
    with pytest.raises(NotAllowedError, match="There is no such record"):
        filed()
    refuse(db, by=JUDGE, number=number, reason="举报", at=MONDAY)
    assert disputes(db, HEAD, as_of=MONDAY) == []
