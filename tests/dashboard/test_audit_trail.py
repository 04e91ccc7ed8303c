"""The audit trail: what is put into it, who reads it, how it is taken out, and what unmasking leaves there."""

import hashlib
import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
import sqlalchemy as sa

from dashboard.actions import audit
from dashboard.actions.audit_export import export_trail
from dashboard.actions.configuring import note_files, note_settings
from dashboard.actions.unmasking import unmask
from dashboard.bootstrap import Application
from dashboard.database.models import AUDIT, CHAIN, RECORD_TABLES
from dashboard.errors import MingchaError, NotAllowedError, UsageError
from dashboard.people import Viewer, system_viewer
from dashboard.privacy import harmless
from dashboard.queries.audit import Wanted, every_line, trail
from dashboard.settings import load

NOW = datetime(2026, 10, 1, 2, tzinfo=UTC)
AUDITOR = Viewer("审计员", "auditor", frozenset({"*"}))
INSPECTOR = Viewer("沈岚", "inspector", frozenset({"*"}))
ADMINISTRATOR = Viewer("管理员", "administrator", frozenset({"*"}))
PHONE = "13812348000"


def note(db, viewer, action, subject=None, detail=None, at=NOW):
    with db.session() as connection:
        audit.record(connection, viewer, action, subject, detail, at=at)


def test_a_line_cannot_pass_for_two_and_holds_no_telephone():
    forged = "ok\r\n2026-10-01 沈岚 confirm \x1b[2Jsample\u2028 7\u202e"
    assert harmless(forged) == "ok  2026-10-01 沈岚 confirm  [2Jsample  7"
    said = "回电138 1234 8000或+86 138-1234-8000，身份证34160219900101123X"
    assert harmless(said) == "回电138****8000或138****8000，身份证****"
    assert harmless("call 13812348000 now") == "call 138****8000 now"
    assert harmless("call １３８１２３４８０００ or 008613812348000") == "call 138****8000 or 138****8000"
    assert harmless("id 34160219900101123X") == "id ****"
    digest = hashlib.sha256(b"x").hexdigest()
    kept = json.dumps({"sha256": digest, "at": 1790000000000000})
    assert harmless(kept) == kept


def test_the_trail_is_filtered_paged_and_taken_out(database):
    for number in range(5):
        note(database, INSPECTOR, "look", f"sample {number}", at=NOW + timedelta(days=number))
    note(database, ADMINISTRATOR, "save_source", "=cmd|'/C calc'!A0", "a\nb")
    found = trail(database, AUDITOR, Wanted(), limit=4)
    assert [line.subject for line in found.lines] == ["=cmd|'/C calc'!A0", "sample 4", "sample 3", "sample 2"]
    assert [line.subject for line in trail(database, AUDITOR, Wanted(), before=found.older).lines] == [
        "sample 1", "sample 0"]  # fmt: skip
    assert (found.people, found.verbs) == (("沈岚", "管理员"), {"look": 5, "save_source": 1})
    assert found.detects_only == (database.dialect == "sqlite")
    with database.reading() as connection:
        entered = {row.subject: row.number for row in connection.execute(sa.select(CHAIN))}
    assert [line.entry for line in found.lines] == [entered[f"audit {line.id}"] for line in found.lines]
    day = Wanted(person="沈岚", verb="look", thing="sample", first=date(2026, 10, 2), last=date(2026, 10, 3))
    assert [line.subject for line in every_line(database, AUDITOR, day)] == ["sample 1", "sample 2"]
    assert trail(database, AUDITOR, Wanted(thing="%")).lines == ()
    made = export_trail(database, by=AUDITOR, wanted=Wanted(), kind="csv", at=NOW)
    rows = made.content.decode("utf-8-sig").split("\r\n")
    assert rows[6].split(",")[5:8] == ["save_source", "'=cmd|'/C calc'!A0", "a b"]
    last = trail(database, AUDITOR, Wanted(verb="export_audit")).lines[0]
    assert json.loads(last.detail) == {
        "kind": "csv", "lines": 6, "sha256": hashlib.sha256(made.content).hexdigest()}  # fmt: skip
    document = json.loads(export_trail(database, by=AUDITOR, wanted=Wanted(), kind="json", at=NOW).content)
    assert [row["action"] for row in document["rows"]] == ["look"] * 5 + ["save_source", "export_audit"]
    for role in ("inspector", "office_head", "regional_manager", "evaluator", "reviewer"):
        for ask in (lambda who: trail(database, who, Wanted()), lambda who: every_line(database, who, Wanted())):
            with pytest.raises(NotAllowedError):
                ask(Viewer("x", role, frozenset({"*"})))


def test_one_field_is_unmasked_with_a_reason_that_is_written_first(database):
    ticket = RECORD_TABLES["tickets"]
    values = {"system": "s", "ticket_no": "T1", "type": "complaint", "office_code": "S1", "accepted_at": 1,
              "phone": PHONE, "version_at": 1, "content_hash": 1, "batch_id": 1, "row_no": 1}  # fmt: skip
    with database.session() as connection:
        identity = connection.execute(sa.insert(ticket).values(values).returning(ticket.c.id)).scalar_one()
    asked = {"record": "tickets", "row_id": identity, "field": "phone", "reason": f"回访客户 {PHONE}", "at": NOW}
    made = unmask(database, by=INSPECTOR, **asked)
    assert (made.value, made.until) == (PHONE, NOW + timedelta(minutes=2))
    with database.reading() as connection:
        (line,) = connection.execute(sa.select(AUDIT)).all()
    assert (line.actor, line.action, line.subject) == ("沈岚", "unmask", f"tickets {identity} phone")
    assert json.loads(line.detail) == {"reason": "回访客户 138****8000"}
    refused = [
        (NotAllowedError, ADMINISTRATOR, {}), (NotAllowedError, AUDITOR, {}), (NotAllowedError, system_viewer(), {}),
        (NotAllowedError, replace(INSPECTOR, role="reviewer"), {}), (UsageError, INSPECTOR, {"reason": " 看 "}),
        (UsageError, INSPECTOR, {"field": "office_code"}), (UsageError, INSPECTOR, {"record": "ticket"}),
        (MingchaError, INSPECTOR, {"row_id": identity + 1}),
        (MingchaError, Viewer("王所长", "office_head", frozenset({"S2"})), {}),
    ]  # fmt: skip
    for error, who, other in refused:
        with pytest.raises(error):
            unmask(database, by=who, **{**asked, **other})
    with database.reading() as connection:
        assert connection.scalar(sa.select(sa.func.count()).select_from(AUDIT)) == 1


def test_a_changed_configuration_is_a_line_that_names_tables_and_no_value(sqlite_database, tmp_path):
    app = Application(load({}, tmp_path), sqlite_database, system_viewer(), lambda: NOW)
    assert (note_settings(app), note_settings(app)) == ([], [])
    path = tmp_path / "mingcha.toml"
    path.write_text('[company]\nname = "甲"\n[database]\nurl = "postgresql://u:geheim@h/d"\n', encoding="utf-8")
    changed = replace(app, settings=load({}, tmp_path))
    assert note_settings(changed) == ["company", "database"]
    path.write_text('[company]\nname = "甲"\n[database]\nurl = "postgresql://u:neu@h/d"\n', encoding="utf-8")
    assert note_settings(replace(app, settings=load({}, tmp_path))) == []  # only the password is another
    lines = every_line(sqlite_database, AUDITOR, Wanted(verb="settings"))
    assert [json.loads(line.detail)["changed"] for line in lines] == [[], ["company", "database"]]


def test_a_changed_rule_of_the_company_is_a_line_that_names_its_file(sqlite_database, tmp_path):
    (tmp_path / "mingcha.toml").write_text('[letters]\nfolder = "letters"\n', encoding="utf-8")
    app = Application(load({}, tmp_path), sqlite_database, system_viewer(), lambda: NOW)
    assert note_files(app) == []
    for name in (
        "rulebooks/promise/a.toml",
        "calendars/cn.toml",
        "warnings.toml",
        "measures.toml",
        "letters/notice.docx",
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("geheim", encoding="utf-8")
        assert (note_files(app), note_files(app)) == ([name], [])
    (tmp_path / "warnings.toml").unlink()
    assert note_files(app) == ["warnings.toml"]
    lines = every_line(sqlite_database, AUDITOR, Wanted(verb="settings"))
    assert [json.loads(line.detail)["changed"] for line in lines][-2:] == [["letters/notice.docx"], ["warnings.toml"]]
    assert not any("geheim" in line.detail for line in lines)
