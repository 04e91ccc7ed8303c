"""Disputes under attack: values and names of files that would break a page, a file or a later decision."""

from datetime import timedelta

import pytest

from dashboard.actions.disputes import correct
from dashboard.disputing.proofs import Proof, accepted
from dashboard.disputing.values import typed
from dashboard.errors import UsageError
from tests.dashboard.test_disputes import HEADER, JUDGE, MONDAY, bring, company, dispute, line, repair

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
