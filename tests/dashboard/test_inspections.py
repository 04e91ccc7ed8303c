"""Sheets filled in by people: drafts that survive, one transaction to send, and a name that never gets out."""

import hashlib
import io
import json
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from PIL import Image

from checks.periods import parse_period
from checks.rulebook.loader import load_rulebook
from dashboard.actions.inspections import (
    add_photograph,
    discard,
    drop_photograph,
    save_entry,
    start,
    submit,
    withdraw,
)
from dashboard.database import Database
from dashboard.database.models import (
    AUDIT,
    BATCHES,
    CHAIN,
    CHAIN_CONTENTS,
    DRAFT_PHOTOGRAPHS,
    EVIDENCE,
    HALL_MONTHS,
    HISTORY_TABLES,
    INSPECTION_DRAFTS,
    INSPECTION_SHEETS,
    METADATA,
    RECORD_TABLES,
)
from dashboard.errors import NotAllowedError, UsageError
from dashboard.judging.halls import confirmed_events
from dashboard.judging.present import bring_up_to_date
from dashboard.judging.reading import reader
from dashboard.judging.rules import rules_of
from dashboard.people import Viewer, system_viewer
from dashboard.queries.inspections import (
    Entry,
    draft,
    draft_photograph,
    drafts,
    halls_to_inspect,
    photographs_of,
    submitted,
    withheld,
)
from dashboard.queries.lineage import batch_changes
from dashboard.queries.offices import visible_tree
from dashboard.queries.plain_records import plain_records
from dashboard.queries.record import record
from dashboard.settings import Settings

SHEET = load_rulebook().sheet
NOW = datetime(2026, 9, 1, 8, 0, tzinfo=UTC)  # 16:00 in Shanghai
SEEN = NOW - timedelta(hours=2)
INSPECTOR = Viewer("何暗访", "inspector", frozenset({"*"}))
HEAD = Viewer("所长甲", "office_head", frozenset({"S1"}))
OTHER_HEAD = Viewer("所长乙", "office_head", frozenset({"S2"}))
MANAGER = Viewer("分管", "regional_manager", frozenset({"C1"}))


def jpeg(shade=100):
    written = io.BytesIO()
    Image.new("RGB", (64, 48), (shade, shade, shade)).save(written, "JPEG")
    return written.getvalue()


@pytest.fixture
def company(sqlite_halls):
    """Two stations of one county, with a hall each."""
    return peopled(sqlite_halls)


@pytest.fixture
def both(halls):
    """The same on both databases."""
    return peopled(halls)


def peopled(halls):
    for code, level, parent in (("C1", "county", None), ("S1", "station", "C1"), ("S2", "station", "C1")):
        halls.insert("offices", code=code, name=f"{code}单位", level=level, parent_code=parent, valid_from="2020-01-01")
    for code, parent in (("H1", "S1"), ("H2", "S2")):
        halls.insert("offices", code=code, name=f"{code}厅", level="hall", parent_code=parent, valid_from="2020-01-01")
    return halls


def begun(company, *, by=INSPECTOR, kind="on_site", hall="H1", at=NOW):
    return start(company.db, by=by, kind=kind, hall=hall, inspected_at=SEEN, at=at)


def saved(company, number, item, result, note="", count=1, by=INSPECTOR):
    entry = Entry(result, count, note)
    save_entry(company.db, by=by, draft=number, item=item, entry=entry, sheet=SHEET, at=NOW)


def sent(company, number, by=INSPECTOR, at=NOW):
    return submit(company.db, by=by, draft=number, root=company.home / "evidence", sheet=SHEET, at=at)


def filled(company, **values):
    number = begun(company, **values)
    by = values.get("by", INSPECTOR)
    saved(company, number, "A02", "violation", "两人未佩戴工号牌", 2, by)
    saved(company, number, "E01", "ok", by=by)
    saved(company, number, "R03", "not_checkable", by=by)
    return number


def rows(company):
    table = RECORD_TABLES["inspections"].c
    return company.rows(sa.select(RECORD_TABLES["inspections"]).order_by(table.inspection_no, table.item_code))


def test_a_sheet_becomes_rows_that_count_like_imported_ones(both):
    company = both
    number = sent(company, filled(company))
    assert number == "XC-20260901-001"
    assert [(row.item_code, row.result, row.count, row.inspector, row.kind) for row in rows(company)] == [
        ("A02", "violation", 2, "何暗访", "on_site"), ("E01", "ok", None, "何暗访", "on_site"),
        ("R03", "not_checkable", None, "何暗访", "on_site"),
    ]  # fmt: skip
    with reader(company.db) as source:
        events = confirmed_events(source, None, 0, 1 << 62, NOW)
    assert events.select("hall_code", "item_code", "count", "number").rows() == [("H1", "A02", 2, number)]
    sheet = company.rows(sa.select(INSPECTION_SHEETS))[0]
    assert (sheet.by, len(json.loads(sheet.not_looked))) == ("何暗访", len(SHEET.items) - 1 - 3)
    assert drafts(company.db, INSPECTOR) == []
    assert [one.number for one in submitted(company.db, INSPECTOR)] == [number]


def test_numbers_are_unique_also_beside_imported_ones(company):
    company.insert("inspections", inspection_no="XC-20260901-007", kind="on_site", hall_code="H1", at=1,
                   item_code="A02", result="ok")  # fmt: skip
    numbers = [sent(company, filled(company)), sent(company, filled(company, kind="mutual")),
               sent(company, filled(company))]  # fmt: skip
    assert numbers == ["XC-20260901-008", "HC-20260901-001", "XC-20260901-009"]


def test_a_draft_survives_and_is_its_authors_alone(company):
    number = filled(company)
    assert add_photograph(company.db, by=INSPECTOR, draft=number, item="A02", content=jpeg(), at=NOW)
    assert not add_photograph(company.db, by=INSPECTOR, draft=number, item="A02", content=jpeg(), at=NOW)
    again = Database(company.db.engine.url)  # another process after a restart
    found = draft(again, INSPECTOR, number)
    assert found.entries["A02"] == Entry("violation", 2, "两人未佩戴工号牌")
    assert [one.item for one in found.photographs] == ["A02"]
    assert draft_photograph(again, INSPECTOR, found.photographs[0].id).startswith(b"\xff\xd8\xff")
    again.engine.dispose()
    colleague = Viewer("别人", "inspector", frozenset({"*"}))
    assert drafts(company.db, colleague) == []
    for refused in (
        lambda: draft(company.db, colleague, number),
        lambda: draft_photograph(company.db, colleague, found.photographs[0].id),
        lambda: saved(company, number, "A03", "ok", by=colleague),
        lambda: discard(company.db, by=colleague, draft=number, at=NOW),
        lambda: sent(company, number, by=colleague),
    ):
        with pytest.raises(NotAllowedError):
            refused()


def test_a_discarded_draft_leaves_nothing_but_its_line_in_the_audit_trail(company):
    number = filled(company)
    add_photograph(company.db, by=INSPECTOR, draft=number, item="A02", content=jpeg(), at=NOW)
    discard(company.db, by=INSPECTOR, draft=number, at=NOW)
    assert company.rows(sa.select(DRAFT_PHOTOGRAPHS)) == []
    assert company.rows(sa.select(INSPECTION_DRAFTS)) == []
    assert rows(company) == []
    assert company.rows(sa.select(AUDIT.c.action))[-1].action == "discard_inspection_draft"


def test_an_item_can_be_taken_back_and_a_photograph_dropped(company):
    number = filled(company)
    save_entry(company.db, by=INSPECTOR, draft=number, item="E01", entry=None, sheet=SHEET, at=NOW)
    add_photograph(company.db, by=INSPECTOR, draft=number, item="A02", content=jpeg(), at=NOW)
    kept = draft(company.db, INSPECTOR, number).photographs[0].id
    drop_photograph(company.db, by=INSPECTOR, draft=number, photograph=kept, at=NOW)
    found = draft(company.db, INSPECTOR, number)
    assert (sorted(found.entries), found.photographs) == (["A02", "R03"], ())


def test_photographs_become_evidence_and_stand_in_the_chain(both):
    company = both
    number = filled(company)
    add_photograph(company.db, by=INSPECTOR, draft=number, item="A02", content=jpeg(30), at=NOW)
    add_photograph(company.db, by=INSPECTOR, draft=number, item="E01", content=jpeg(60), at=NOW)
    sheet = sent(company, number)
    pieces = company.rows(sa.select(EVIDENCE).order_by(EVIDENCE.c.id))
    assert [(one.inspection_no, one.item_code, one.kind, one.hall_name) for one in pieces] == [
        (sheet, "A02", "photograph", "H1厅"), (sheet, "E01", "photograph", "H1厅"),
    ]  # fmt: skip
    for one in pieces:
        content = (company.home / "evidence" / one.path).read_bytes()
        assert hashlib.sha256(content).hexdigest() == one.sha256
        assert len(content) == one.bytes
    kinds = [row.kind for row in company.rows(sa.select(CHAIN).order_by(CHAIN.c.number))]
    assert kinds.count("photograph") == 2
    assert kinds.count("inspection") == 1
    assert photographs_of(company.db, HEAD, sheet, "A02") == [pieces[0].id]
    assert photographs_of(company.db, OTHER_HEAD, sheet) == []


def test_when_sending_fails_nothing_is_stored_and_the_draft_stays(company, monkeypatch):
    number = filled(company)
    add_photograph(company.db, by=INSPECTOR, draft=number, item="A02", content=jpeg(), at=NOW)

    def full(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("dashboard.actions.inspections.audit.record", full)
    with pytest.raises(OSError, match="No space"):
        sent(company, number)
    assert (rows(company), company.rows(sa.select(EVIDENCE)), company.rows(sa.select(BATCHES))) == ([], [], [])
    assert [path for path in (company.home / "evidence").rglob("*") if path.is_file()] == []
    assert draft(company.db, INSPECTOR, number).violations == 1


def test_what_cannot_be_counted_is_refused_at_once(company):
    number = begun(company)
    for item, entry, says in (
        ("Z99", Entry("ok", 1, ""), "no item"), ("M03", Entry("ok", 1, ""), "no item"),
        ("A02", Entry("fine", 1, ""), "unknown result"), ("A02", Entry("violation", 0, ""), "0 times"),
        ("A02", Entry("violation", 100, ""), "100 times"), ("A02", Entry("ok", 1, "长" * 501), "501 characters"),
    ):  # fmt: skip
        with pytest.raises(UsageError, match=says):
            save_entry(company.db, by=INSPECTOR, draft=number, item=item, entry=entry, sheet=SHEET, at=NOW)


def test_a_sheet_without_a_look_or_a_violation_without_words_is_not_sent(company):
    number = begun(company)
    with pytest.raises(UsageError, match="Nothing has been looked at"):
        sent(company, number)
    saved(company, number, "A02", "violation", "  ")
    with pytest.raises(UsageError, match="no note: A02"):
        sent(company, number)
    with pytest.raises(UsageError, match="future"):
        start(company.db, by=INSPECTOR, kind="on_site", hall="H1", inspected_at=NOW + timedelta(minutes=1), at=NOW)


def test_a_sheet_sent_wrongly_is_taken_back_and_the_history_keeps_it(company):
    number = sent(company, filled(company, kind="undercover"))
    bring_up_to_date(company.db, company_rules(), NOW)
    row = HALL_MONTHS.c
    lost = sa.select(row.deductions).where(row.hall_code == "H1")
    assert company.rows(lost)[0].deductions == 4  # A02 costs 2, found twice
    colleague = Viewer("别人", "inspector", frozenset({"*"}))
    with pytest.raises(NotAllowedError, match="no sheet"):
        withdraw(company.db, by=colleague, number=number, reason="不是我的", at=NOW)
    with pytest.raises(UsageError, match="Say why"):
        withdraw(company.db, by=INSPECTOR, number=number, reason=" ", at=NOW)
    assert withdraw(company.db, by=INSPECTOR, number=number, reason="点错了厅", at=NOW) == 1
    bring_up_to_date(company.db, company_rules(), NOW + timedelta(minutes=1))
    assert company.rows(lost) == []
    taken = next(one for one in rows(company) if one.item_code == "A02")
    assert (taken.result, taken.note, taken.inspector) == ("not_checkable", "点错了厅", None)
    old = company.rows(sa.select(HISTORY_TABLES["inspections"]))
    assert [(one.item_code, one.result, one.count, one.fate) for one in old] == [("A02", "violation", 2, "replaced")]
    with pytest.raises(UsageError, match="counts any more"):
        withdraw(company.db, by=INSPECTOR, number=number, reason="再来", at=NOW)


def test_what_is_no_photograph_is_refused(company):
    number = begun(company)
    with pytest.raises(UsageError, match="no photograph"):
        add_photograph(company.db, by=INSPECTOR, draft=number, item="A02", content=b"GIF89a", at=NOW)


def test_a_photograph_never_leaves_the_folder_of_evidence(company):
    number = begun(company)
    for item in ("../../../stolen", "A02/../x", "/tmp/x", ""):
        with pytest.raises(UsageError, match="no item"):
            add_photograph(company.db, by=INSPECTOR, draft=number, item=item, content=jpeg(), at=NOW)


def test_nobody_takes_back_what_was_seen_at_their_own_office(company):
    number = sent(company, filled(company))
    at_home = Viewer("管", "administrator", frozenset({"*"}), works_at="S1")
    with pytest.raises(NotAllowedError, match="your own office"):
        withdraw(company.db, by=at_home, number=number, reason="误", at=NOW)


def test_a_sheet_with_one_undercover_row_names_nobody_in_any_row(company):
    same = {"inspection_no": "AF-2", "hall_code": "H1", "at": 0, "inspector": "何暗访", "result": "ok"}
    company.insert("inspections", **same, kind="undercover", item_code="A02")
    company.insert("inspections", **same, kind="on_site", item_code="E01")
    with company.db.reading() as connection:
        table = RECORD_TABLES["inspections"]
        shown = dict(connection.execute(sa.select(table).where(table.c.item_code == "E01")).mappings().one())
    assert withheld(company.db, HEAD, [shown]) == {"AF-2"}


def test_nobody_inspects_what_they_answer_for(company):
    at_home = Viewer("驻点", "inspector", frozenset({"*"}), works_at="S1")
    assert halls_to_inspect(company.db, INSPECTOR) == {"H1": "H1厅", "H2": "H2厅"}
    assert list(halls_to_inspect(company.db, at_home)) == ["H2"]
    assert list(halls_to_inspect(company.db, HEAD)) == ["H2"]
    assert halls_to_inspect(company.db, MANAGER) == {}
    assert halls_to_inspect(company.db, Viewer("查", "auditor", frozenset({"*"}))) == {}
    for by, kind, hall in (
        (at_home, "on_site", "H1"), (HEAD, "mutual", "H1"), (HEAD, "undercover", "H2"),
        (Viewer("审", "auditor", frozenset({"*"})), "on_site", "H1"), (system_viewer(), "on_site", "H1"),
    ):  # fmt: skip
        with pytest.raises(NotAllowedError):
            begun(company, by=by, kind=kind, hall=hall)
    assert sent(company, filled(company, by=HEAD, kind="mutual", hall="H2"), by=HEAD).startswith("HC-")


def test_an_undercover_inspectors_name_reaches_no_one_of_the_inspected(both):
    company = both
    number = sent(company, filled(company, kind="undercover"))
    assert number.startswith("AF-")
    told = {table.name for table in METADATA.sorted_tables
            for row in company.rows(sa.select(table)) if INSPECTOR.name in str(tuple(row))}  # fmt: skip
    assert told == {"inspection_sheets", AUDIT.name, CHAIN.name, CHAIN_CONTENTS.name}
    identity = rows(company)[0].id
    for viewer in (HEAD, MANAGER, INSPECTOR):
        found = record(company.db, viewer, company_rules(), record="inspections", number=number, as_of=NOW,
                       row_id=identity)  # fmt: skip
        assert INSPECTOR.name not in repr(found)


def company_rules():
    return rules_of(Settings())


def test_an_imported_undercover_sheet_hides_its_inspector_from_the_inspected(company):
    def stored(kind, history):
        values = {"inspection_no": "AF-1", "kind": kind, "hall_code": "H1", "at": 0, "inspector": "何暗访",
                  "item_code": "A02", "result": "violation", "count": 1}  # fmt: skip
        if not history:
            company.insert("inspections", **values)
            return
        with company.db.session() as connection:
            old = {"record_id": 1, "fate": "replaced", "ended_by_batch": 1, "version_at": 0, "content_hash": 0,
                   "batch_id": batch, "row_no": 1}  # fmt: skip
            connection.execute(sa.insert(HISTORY_TABLES["inspections"]).values({**old, **values}))

    with company.db.session() as connection:
        insert = sa.insert(BATCHES).values(source="file", record="inspections", state="done", started_at=0, by="导入员")
        batch = connection.execute(insert.returning(BATCHES.c.id)).scalar_one()
    stored("undercover", history=True)
    company.insert("inspections", batch_id=batch, inspection_no="AF-1", kind="on_site", hall_code="H1", at=0,
                   inspector="何暗访与人", item_code="A02", result="violation", count=1)  # fmt: skip
    for viewer, known in ((HEAD, False), (MANAGER, False), (INSPECTOR, True)):
        found = record(company.db, viewer, company_rules(), record="inspections", number="AF-1", as_of=NOW)
        listed, _ = plain_records(company.db, viewer, visible_tree(company.db, viewer), record="inspections",
                                  period=parse_period("1970-Q1"))  # fmt: skip
        changes = batch_changes(company.db, viewer, batch)
        assert [("何暗访" in repr(one)) for one in (found, listed, changes.changes)][:2] == [known, known]
        assert not (viewer is not INSPECTOR and "何暗访" in repr(changes.changes))
