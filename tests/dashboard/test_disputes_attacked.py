"""Disputes under attack: values and names of files that would break a page, a file or a later decision."""

from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa

from dashboard.actions.disputes import correct, refuse
from dashboard.database.models import DISPUTE_DECISIONS, DISPUTES, RECORD_TABLES
from dashboard.disputing.proofs import Proof, accepted
from dashboard.disputing.values import typed
from dashboard.errors import NotAllowedError, UsageError
from dashboard.queries import disputes as queries
from dashboard.queries.disputes import disputes
from tests.dashboard.test_disputes import HEAD, HEADER, JUDGE, MONDAY, bring, company, dispute, line, repair

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


def test_a_number_that_no_database_could_keep_is_refused():
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


def test_an_old_dispute_that_is_open_is_not_pushed_out_by_newer_ones_of_others(sqlite_database, company, monkeypatch):
    settings = company(sqlite_database)
    monkeypatch.setattr(queries, "MOST", 1)
    number = dispute(sqlite_database, settings)
    with sqlite_database.session() as connection:
        row = dict(connection.execute(sa.select(DISPUTES)).mappings().one())
        other = {"id": 99, "number": "D-2026-000099", "office_code": "S2", "record_id": 77}
        connection.execute(sa.insert(DISPUTES).values({**row, **other}))
        connection.execute(sa.insert(DISPUTE_DECISIONS).values(
            dispute_id=99, outcome="refused", reason="否", by="高评", at=row["at"]))  # fmt: skip
    assert [one.number for one in disputes(sqlite_database, HEAD, as_of=MONDAY)] == [number]
    assert [one.number for one in disputes(sqlite_database, JUDGE, as_of=MONDAY)] == [number]
    of = queries.of_record(sqlite_database, JUDGE, record="repairs", record_id=77, as_of=MONDAY)
    assert [one.number for one in of] == ["D-2026-000099"]
