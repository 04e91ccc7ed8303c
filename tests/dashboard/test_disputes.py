"""A record disputed by its office and decided by somebody else; what a correction means for later files."""

import io
from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa
from PIL import Image

from collectors.mapping import SpreadsheetConfig, parse_config
from dashboard.actions.disputes import correct, exclude, file_dispute, open_proof, refuse, withdraw
from dashboard.actions.exclusions import approve_exclusion
from dashboard.database.models import CHAIN, NOTICES, RECORD_TABLES
from dashboard.disputing.proofs import Proof
from dashboard.errors import MingchaError, NotAllowedError, UsageError
from dashboard.instants import LOCAL, to_micros
from dashboard.intake import import_file
from dashboard.judging.rules import rules_of
from dashboard.notices.escalating import tell_overdue
from dashboard.people import Viewer, system_viewer
from dashboard.queries.disputes import counts, disputes
from dashboard.settings import Settings

MONDAY = datetime(2026, 9, 14, 10, tzinfo=LOCAL)
HEAD = Viewer("许立", "office_head", frozenset({"S1"}), works_at="S1")
MANAGER = Viewer("周部", "regional_manager", frozenset({"C1"}), works_at="C9")
JUDGE = Viewer("高评", "evaluator", frozenset({"*"}), works_at="C9")
OTHER = Viewer("秦岭", "office_head", frozenset({"S2"}))
PDF = Proof("..\\..\\证明.pdf", b"%PDF-1.4 x")
HEADER = "repair_no,office_code,area,accepted_at,taken_at,arrived_at,restored_at\n"


def bring(db, folder, record, text, at):
    path = folder / f"{record}-{at:%H%M%S}.csv"
    path.write_text(text, encoding="utf-8")
    config = parse_config(SpreadsheetConfig, {"name": "pms", "record": record, "kind": "spreadsheet", "path": "x"}, "t")
    return import_file(db, by=system_viewer(), path=path, config=config, now=at, exported_at=at)[0]


def line(arrived, restored="2026-09-10 12:00:00"):
    return f"R-1,S1,rural,2026-09-10 09:00:00,2026-09-10 09:10:00,{arrived},{restored}\n"


@pytest.fixture
def company(tmp_path):
    def fill(db):
        bring(db, tmp_path, "offices", "code,name,level,parent_code\nC1,甲县,county,\nC9,乙县,county,\n"
              "S1,东河供电所,station,C1\nS2,西坝供电所,station,C1\n", MONDAY - timedelta(days=9))  # fmt: skip
        bring(db, tmp_path, "repairs", HEADER + line("2026-09-10 11:00:00"), MONDAY - timedelta(days=1))
        return Settings(home=tmp_path)

    return fill


def repair(db):
    with db.reading() as connection:
        return connection.execute(sa.select(RECORD_TABLES["repairs"])).mappings().one()


def dispute(db, settings, by=HEAD, at=MONDAY, proofs=(PDF,), **more):
    wanted = {"wish": "correction", "wanted": {"arrived_at": "2026-09-10 09:50:00"}, **more}
    return file_dispute(db, settings, rules_of(settings, db), by=by, record="repairs", record_id=repair(db)["id"],
                        reason="到场时间以行车记录为准，电话13812345678", proofs=proofs, at=at, **wanted)  # fmt: skip


def test_a_correction_by_another_person_stays_against_later_files(database, company, tmp_path):
    settings = company(database)
    number = dispute(database, settings)
    assert number == "D-2026-000001"
    with pytest.raises(UsageError, match="D-2026-000001 of this record is still open"):
        dispute(database, settings)
    (one,) = disputes(database, MANAGER, as_of=MONDAY)
    assert (one.state, one.may, one.proofs[0].name) == ("open", ("decide",), "证明.pdf")
    assert "13812345678" not in one.reason
    assert one.due == datetime(2026, 9, 20, 23, 59, 59, tzinfo=LOCAL)  # Sunday 20 September is worked (调休)
    assert disputes(database, MANAGER, as_of=one.due + timedelta(seconds=1))[0].state == "overdue"
    assert disputes(database, OTHER, as_of=MONDAY) == []
    assert tell_overdue(database, settings, one.due) == 0
    late = one.due + timedelta(seconds=1)
    assert [tell_overdue(database, settings, late), tell_overdue(database, settings, late)] == [2, 0]
    for by in (HEAD, OTHER, Viewer("许立", "evaluator", frozenset({"*"})),
               Viewer("周所", "regional_manager", frozenset({"C1"}), works_at="S1")):  # fmt: skip
        with pytest.raises(NotAllowedError):
            correct(database, by=by, number=number, reason="是", at=MONDAY)
    correct(database, by=MANAGER, number=number, reason="行车记录为证", at=MONDAY + timedelta(hours=1))
    right = to_micros(datetime(2026, 9, 10, 9, 50, tzinfo=LOCAL))
    assert repair(database)["arrived_at"] == right
    assert repair(database)["restored_at"] == to_micros(datetime(2026, 9, 10, 12, tzinfo=LOCAL))
    with pytest.raises(UsageError, match="decided meanwhile: corrected"):
        refuse(database, by=JUDGE, number=number, reason="否", at=MONDAY)

    later = MONDAY + timedelta(days=1)
    again = bring(database, tmp_path, "repairs", HEADER + line("2026-09-10 11:00:00", "2026-09-10 12:30:00"), later)
    assert (again.updated, again.quarantined) == (1, 0)  # the old error keeps the correction, the rest is news
    assert (repair(database)["arrived_at"], repair(database)["restored_at"]) == (
        right, to_micros(datetime(2026, 9, 10, 12, 30, tzinfo=LOCAL)))  # fmt: skip
    third = bring(database, tmp_path, "repairs", HEADER + line("2026-09-10 10:15:00"), later + timedelta(hours=1))
    assert (third.updated, third.quarantined) == (0, 1)
    assert repair(database)["arrived_at"] == right

    (done,) = disputes(database, HEAD, as_of=later)
    assert (done.state, done.decided_by, done.detail["columns"]) == ("corrected", "周部", ["arrived_at"])
    with database.reading() as connection:
        kinds = set(connection.execute(sa.select(CHAIN.c.kind)).scalars())
        told = {tuple(row) for row in connection.execute(sa.select(NOTICES.c.key, NOTICES.c.recipient))}
    assert {"disputes", "dispute_proofs", "dispute_decisions"} <= kinds
    assert told == {
        (f"dispute {number} overdue", "regional_manager@S1"), (f"dispute {number} overdue", "evaluator@S1"),
        (f"dispute {number} filed", "regional_manager@S1"), (f"dispute {number} filed", "evaluator@S1"),
        (f"dispute {number} decided", "许立"),
    }  # fmt: skip


def test_an_exclusion_takes_a_second_person_and_refusals_and_withdrawals_their_reason(database, company):
    settings = company(database)
    first = dispute(database, settings)
    with pytest.raises(NotAllowedError, match="may not dispute a record"):
        withdraw(database, by=JUDGE, number=first, reason="x", at=MONDAY)
    withdraw(database, by=HEAD, number=first, reason="写错了", at=MONDAY)
    second = dispute(database, settings)
    with pytest.raises(UsageError, match="Say why"):
        refuse(database, by=JUDGE, number=second, reason=" ", at=MONDAY)
    refuse(database, by=JUDGE, number=second, reason="行车记录不符", at=MONDAY + timedelta(days=20))
    third = dispute(database, settings, wish="exclusion", wanted={})
    exclusion = exclude(database, by=JUDGE, number=third, reason="台风", cause="disaster", document="甲政发〔2026〕9号",
                        at=MONDAY)  # fmt: skip
    with pytest.raises(NotAllowedError, match="may not approve"):
        approve_exclusion(database, by=JUDGE, number=exclusion, at=MONDAY)
    second_person = Viewer("沈岚", "inspector", frozenset({"*"}))
    approve_exclusion(database, by=second_person, number=exclusion, at=MONDAY)
    (row,) = counts(disputes(database, JUDGE, as_of=MONDAY + timedelta(days=30)))
    assert (row.office, row.filed, row.open, row.late, row.corrected, row.excluded, row.refused, row.withdrawn) == (
        "S1", 3, 0, 1, 0, 1, 1, 1)  # fmt: skip


def test_what_cannot_be_disputed_or_proved(sqlite_database, company):
    db = sqlite_database
    settings = company(db)
    picture = io.BytesIO()
    Image.new("RGB", (40, 30), "red").save(picture, "PNG")
    refusals = (
        ({"by": OTHER}, "no such record"), ({"by": JUDGE}, "may not dispute a record"),
        ({"proofs": ()}, "needs its proof"),
        ({"proofs": (Proof("a.pdf", b"MZ..."),)}, "neither a picture nor a PDF"),
        ({"wanted": {}}, "What would be right"), ({"wanted": {"repair_no": "R-2"}}, "cannot be corrected"),
        ({"wanted": {"arrived_at": "gestern"}}, "is no time"), ({"wanted": {"office_code": "S9"}}, "no office 'S9'"),
    )  # fmt: skip
    for more, why in refusals:
        with pytest.raises(MingchaError, match=why):
            dispute(db, settings, **more)
    number = dispute(db, settings, proofs=(PDF, Proof("x.png", picture.getvalue())))
    (one,) = disputes(db, HEAD, as_of=MONDAY)
    assert [(proof.kind, proof.bytes > 0) for proof in one.proofs] == [("pdf", True), ("jpeg", True)]
    assert open_proof(db, settings, by=JUDGE, proof=one.proofs[0].id, at=MONDAY) == ("证明.pdf", PDF.content)
    with pytest.raises(NotAllowedError):
        open_proof(db, settings, by=OTHER, proof=one.proofs[0].id, at=MONDAY)
    kept = next(settings.path("var/disputes").rglob(one.proofs[0].sha256))
    kept.write_bytes(b"%PDF-1.4 y")
    with pytest.raises(MingchaError, match="not the one that was kept"):
        open_proof(db, settings, by=JUDGE, proof=one.proofs[0].id, at=MONDAY)
    with db.session() as connection, pytest.raises(sa.exc.IntegrityError):
        connection.execute(sa.text("UPDATE disputes SET reason = 'x'"))
    assert number == "D-2026-000001"
