"""Who reported an office never reaches that office: every page, command, export, notice, log and cache is searched.

One report (举报), its child, what is linked with it, a broken row of another and a designated-supplier form are marked
in every field that could tell who wrote them; then the people of the reported office look everywhere.
"""

import io
import json
import logging
import re
import shutil
import zipfile
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import polars as pl
import pytest
import sqlalchemy as sa
import typer
from google.protobuf import text_format

from collectors.mapping import SpreadsheetConfig, parse_config
from dashboard.actions.letters import write_to
from dashboard.actions.unmasking import unmask, unmask_cell
from dashboard.actions.violations import deal
from dashboard.bootstrap import open_application
from dashboard.cases.opening import keep_cases
from dashboard.cli import main, make_app
from dashboard.database import Database
from dashboard.database.models import METADATA, RECORD_TABLES, VIOLATION_SOURCES, VIOLATIONS, WARNINGS
from dashboard.errors import MingchaError, NotAllowedError
from dashboard.exports.workbook import quarter_workbook
from dashboard.intake import import_file
from dashboard.judging.present import bring_up_to_date
from dashboard.judging.rules import rules_of
from dashboard.notices.escalating import escalate
from dashboard.notices.sending import send_due
from dashboard.people import EVERYTHING, Viewer, system_viewer, viewer_named
from dashboard.queries.audit import Wanted, every_line, trail
from dashboard.queries.explain import explain
from dashboard.queries.lineage import batch_changes
from dashboard.queries.offices import visible_tree
from dashboard.queries.quarantine import hidden_rows, quarantine_row, quarantined
from dashboard.queries.record import record
from dashboard.queries.records import records
from dashboard.queries.today import open_clocks
from dashboard.rights import may
from dashboard.secrecy import WITHHELD, hides
from dashboard.settings import load
from dashboard.texts import t
from dashboard.warning.keeping import keep_warnings
from dashboard.web import wiring
from tests.journeys.company import PERIOD, PERSON
from tests.pages.opening import APP, run_page

HEAD, COLLEAGUE, MANAGER = "许立", "周同", "高原"
"""The head of 西坝供电所; an inspector who works there; a manager who answers for it by name."""
REPORT, CHILD, LATE, BROKEN, FORM = "JB-MIMI-1", "JB-MIMI-2", "JB-MIMI-3", "JB-MIMI-4", "BD-MIMI-5"
GRANDCHILD = "JB-MIMI-6"
APPLICATION, REPAIR, CORRECTED, TORN = "YK-7", "XB-907", "XB-908", "XB-909"
"""CORRECTED named the report in its first version; TORN names it and cannot be read."""
PHONE, CUSTOMER = "13977318642", "55660137797"
SECRETS = re.compile(r"MIMI|张密|密语|13977318642|55660137797|(?<![0-9a-f])(?:8642|139773|5566|7797)(?![0-9a-f])")
"""What a mask leaves of a number counts too, where it stands alone: within a digest or a moment it is chance."""
TICKETS = "ticket_no,parent_ticket_no,type,office_code,customer_no,phone,accepted_at,contacted_at,replied_at,content\n"
WHO = f"{CUSTOMER},{PHONE}"
SAID = "举报人张密密密语：电话13977318642。12398。起诉"


def rows(now):
    today = f"{now - timedelta(hours=20):%F %T}"
    old = "2026-07-06 10:00:00,2026-07-06 15:00:00,2026-08-30 10:00:00"
    return {
        "tickets": TICKETS
        + f"{REPORT},,report,990102,{WHO},{old},{SAID}\n"
        + f"{CHILD},{REPORT},complaint,990102,{WHO},{old},{SAID}\n"
        + f"{GRANDCHILD},{CHILD},complaint,990102,{WHO},{old},{SAID}\n"
        + f"{LATE},,report,990102,{WHO},{today},,,{SAID}\n"
        + f"{BROKEN},,report,990102,{WHO},2026-99-99 {PHONE},,,{SAID}\n",
        "repairs": "repair_no,ticket_no,office_code,customer_no,accepted_at,arrived_at,restored_at\n"
        f"{REPAIR},{REPORT},990102,990102001,2026-07-06 10:00:00,2026-07-06 13:00:00,2026-07-06 15:00:00\n"
        f"{CORRECTED},{REPORT},990102,,2026-07-06 10:00:00,2026-07-06 13:00:00,2026-07-06 15:00:00\n"
        f"{TORN},{REPORT},990102,,2026-99-99,,\n",
        "applications": "application_no,office_code,class,accepted_at,connected_at\n"
        f"{APPLICATION},990102,residential,2026-07-06 10:00:00,2026-07-08 10:00:00\n",
        "evaluations": "evaluation_no,kind,office_code,record_no,at,satisfaction,designated_design,extra_fee\n"
        f"{FORM},designated_form,990102,{APPLICATION},2026-08-01 10:00:00,dissatisfied,yes,yes\n"
        f"HF-1,callback,990102,{REPORT},2026-08-01 10:00:00,dissatisfied,,\n",
    }


def case_of_the_form(db):
    source = VIOLATION_SOURCES.c
    query = sa.select(VIOLATIONS.c.number).join(VIOLATION_SOURCES, source.violation_id == VIOLATIONS.c.id)
    with db.reading() as connection:
        return connection.execute(query.where(source.reference == FORM)).scalar_one()


def send_down(home, now):
    """The form's case is confirmed and sent down by an inspector, with its letter: from now on the office knows it."""
    app = open_application(directory=home, user=PERSON)
    number, rules = case_of_the_form(app.db), rules_of(app.settings, app.db)
    for seen, (deed, note) in enumerate((("confirm", f"{FORM} MIMI 所述属实"), ("send_down", "限期整改")), start=1):
        deal(app.db, by=app.viewer, number=number, deed=deed, seen=seen, at=now, rules=rules, note=note)
    write_to(home / "letters", app, by=app.viewer, kind="notice", numbers=[number])
    app.db.engine.dispose()


@pytest.fixture(scope="module")
def reported(company, tmp_path_factory):
    """The small company with the marked records, and people of the reported office."""
    home = tmp_path_factory.mktemp("reported") / "home"
    shutil.copytree(company, home)
    config = (home / "mingcha.toml").read_text(encoding="utf-8")
    people = (
        f'"{COLLEAGUE}" = {{ role = "inspector", offices = ["*"], works_at = "990102" }}\n'
        f'"{MANAGER}" = {{ role = "regional_manager", offices = ["990102"] }}\n'
    )
    (home / "mingcha.toml").write_text(config + people, encoding="utf-8")
    db = Database(f"sqlite:///{home / 'mingcha.db'}")
    now = datetime.now(UTC)
    written = rows(now)
    repairs = written["repairs"].splitlines()
    again = "\n".join([repairs[0], repairs[2].replace(f"{CORRECTED},{REPORT}", f"{CORRECTED},WX-1")])
    for kind, text in [*written.items(), ("repairs", again)]:
        path = home / f"more-{kind}.csv"
        path.write_text(text, encoding="utf-8")
        made = parse_config(SpreadsheetConfig, {"name": kind, "record": kind}, "test")
        import_file(db, by=system_viewer(), path=path, config=made, now=now, name=path.name)
        path.unlink()
    settings, rules = load({}, home), rules_of(load({}, home))
    bring_up_to_date(db, rules, now)
    keep_warnings(db, rules, now)
    keep_cases(db, settings, rules, now)
    send_down(home, now)
    escalate(db, settings, now + timedelta(days=40))
    send_due(db, settings, clock=lambda: now + timedelta(days=40))
    with db.reading() as connection:  # what is hidden below is there: warnings and cases of the marked records
        warned = set(connection.execute(sa.select(WARNINGS.c.number)).scalars())
        sources = set(connection.execute(sa.select(VIOLATION_SOURCES.c.reference)).scalars())
    assert {LATE} <= warned
    assert {FORM} <= sources
    db.engine.dispose()
    return home


def everything_of(app):
    """All that the server sends to the browser of this run, and what it keeps for the session."""
    nodes, sent = [app._tree], []
    while nodes:
        node = nodes.pop()
        nodes += list(getattr(node, "children", {}).values())
        proto = getattr(node, "proto", None)
        if proto is not None:
            sent.append(text_format.MessageToString(proto, as_utf8=True))
    return "\n".join(sent) + repr(app.session_state)


PAGES = re.findall(r'Page\("(\w+)\.py", "(\w+)"', APP.read_text(encoding="utf-8"))
MORE = [
    ("records", {"record": kind, "office": "990102"}) for kind in ("tickets", "evaluations", "repairs")
] + [
    ("office", {"office": "990102"}), ("record", {"record": "repairs", "number": REPAIR}),
    ("record", {"record": "repairs", "number": CORRECTED}),
    ("record", {"record": "applications", "number": APPLICATION}),
    ("record", {"record": "evaluations", "number": "HF-1"}), ("quarantine", {"record": "tickets"}),
    ("sources", {"reason": "unreadable_time", "row": "1"}),
]  # fmt: skip

TWICE = ({"record": "tickets", "office": "990102"}, {"office": "990102"})


def test_no_page_tells_the_office_and_the_inspector_sees_what_is_hidden(reported, caplog):
    caplog.set_level(logging.DEBUG)
    wiring.forget()
    wiring.use_folder(reported)
    # first who may know: what is remembered for an inspector must not be given to the office
    known = everything_of(run_page("records", PERSON, record="tickets", office="990102"))
    assert {REPORT, CHILD} <= set(re.findall(r"JB-MIMI-\d", known))
    assert PHONE not in known
    told = everything_of(run_page("office", PERSON, office="990102"))
    assert REPORT in told
    caplog.clear()
    found = {}
    db = Database(f"sqlite:///{reported / 'mingcha.db'}")
    case = case_of_the_form(db)
    db.engine.dispose()
    assert case in everything_of(run_page("violation", HEAD, number=case))
    more = [*MORE, ("violation", {"number": case}), ("search", {"q": case})]
    for file, parameters in [(file, {}) for file, _ in PAGES] + more:
        for person in (HEAD, COLLEAGUE) if parameters in TWICE else (HEAD,):
            text = everything_of(run_page(file, person, **parameters))
            hits = sorted(set(SECRETS.findall(text)))
            if hits or t("This could not be shown.") in text or t("This page failed.") in text:
                found[file, person, str(parameters)] = hits
    wiring.forget()
    assert found == {}
    assert not SECRETS.search(caplog.text)


SKIPPED = {
    "up", "web", "worker", "init", "doctor", "backup", "restore", "import", "collect", "check", "look", "sample",
    "bench", "token",  # the machine's own, whoever calls: they print no record
}  # fmt: skip
ARGUMENTS = {
    "batch": [["7"], ["8"], ["10"], ["11"]], "explain": [["990102", "--period", PERIOD]],
    "league": [["--period", PERIOD]], "movement": [["--period", PERIOD]], "halls": [["--period", PERIOD]],
    "diff": [["--period", PERIOD]], "freeze": [[PERIOD]], "restate": [[PERIOD]],
    "records": [[kind, "--period", PERIOD] for kind in ("tickets", "evaluations", "repairs", "applications")],
    "signals": [["--period", PERIOD]], "review": [["H0101-2026-09-30-1"]], "plan": [["--date", "2026-09-30"]],
    "package": [["H0101-2026-09-30-1", "--to", "package.zip"]], "unmask": [["tickets", REPORT, "phone"]],
    "export": [[PERIOD, "--to", "out"]], "search": [["张密密"], [PHONE], ["7797"]],
    "what-if": [["--period", PERIOD]], "quarantine": [[], ["--state", "all"]], "forms list": [["--period", PERIOD]],
    "forms cards": [["--period", PERIOD]],
}  # fmt: skip


TRIED_TWICE = {"batch", "explain", "records", "search", "quarantine", "warnings", "signals", "violations", "export"}


def commands():
    """Every command that only reads, with the arguments with which it is tried."""
    waiting, found = [((), typer.main.get_command(make_app()))], []
    while waiting:
        path, command = waiting.pop()
        inner = getattr(command, "commands", None)
        waiting += [((*path, name), one) for name, one in (inner or {}).items()]
        if inner is None and path[0] not in SKIPPED:
            found.append((" ".join(path), {parameter.name for parameter in command.params}))
    return sorted(found)


def test_no_command_and_no_export_tells_the_office(reported, capsys, caplog, monkeypatch):
    monkeypatch.chdir(reported)
    found = {}
    for person in (HEAD, COLLEAGUE):
        for name, known in commands():
            if person == COLLEAGUE and name not in TRIED_TWICE:
                continue
            for arguments in ARGUMENTS.get(name, [[]]):
                called = [*name.split(), *arguments]
                who = ["--as", person] if known & {"as_", "person"} else []
                more = ["--format", "json"] if "output" in known else []
                with suppress(SystemExit):
                    main([*called, *who, *more])
                said = capsys.readouterr()
                asked = [one for one in arguments if SECRETS.search(one)]
                text = said.out + said.err + caplog.text
                for one in asked:  # a command may repeat what it was asked
                    text = text.replace(one, "")
                if SECRETS.search(text):
                    found[person, " ".join(called)] = sorted(set(SECRETS.findall(text)))
        app = open_application(user=person)
        book = zipfile.ZipFile(io.BytesIO(quarter_workbook(app, app.viewer, PERIOD)))
        text = "".join(book.read(part).decode("utf-8", "replace") for part in book.namelist())
        assert not SECRETS.search(text)
    assert found == {}
    for file in [*(reported / "out").iterdir(), *(reported / "letters").iterdir()]:
        parts = zipfile.ZipFile(file)
        assert not any(SECRETS.search(parts.read(part).decode("utf-8", "replace")) for part in parts.namelist())


def test_what_is_hidden_does_not_exist_and_figures_still_add_up(reported):
    db, settings = Database(f"sqlite:///{reported / 'mingcha.db'}"), load({}, reported)
    rules, now = rules_of(settings, db), datetime.now(UTC)
    inspector = viewer_named(settings, PERSON)
    ids = dict(db.frame(sa.select(RECORD_TABLES["tickets"].c.ticket_no, RECORD_TABLES["tickets"].c.id)).rows())
    for name in (HEAD, COLLEAGUE, MANAGER):
        viewer = viewer_named(settings, name)
        assert hides(db, viewer, "990102")
        for kind, number in (("tickets", REPORT), ("tickets", CHILD), ("evaluations", FORM)):
            with pytest.raises(MingchaError) as secret:
                record(db, viewer, rules, record=kind, number=number, as_of=now)
            with pytest.raises(MingchaError) as unknown:
                record(db, viewer, rules, record=kind, number="no such", as_of=now)
            assert str(secret.value) == str(unknown.value).replace("no such", number)
        with pytest.raises((MingchaError, NotAllowedError), match="outside what you may see"):
            unmask(db, by=viewer, record="tickets", row_id=ids[REPORT], field="phone", reason="回访客户", at=now)
        repair = record(db, viewer, rules, record="repairs", number=REPAIR, as_of=now)
        assert (repair.values.get("ticket_no"), repair.linked) == (None, ())
        assert LATE not in [one.number for one in open_clocks(db, viewer, rules, visible_tree(db, viewer), as_of=now)]
        told = quarantined(db, viewer, record="tickets").to_dicts()
        assert [(row["number"], row["value"]) for row in told] == [(None, None)]
        assert quarantine_row(db, viewer, told[0]["id"]) is None
        torn = quarantined(db, viewer, record="repairs").row(0, named=True)["id"]
        seen = quarantine_row(db, viewer, torn)
        assert seen is None or (seen.cells["ticket_no"], seen.cells["repair_no"]) == (WITHHELD, TORN)
        for row, cell in ((told[0]["id"], "phone"), (torn, "ticket_no")):
            with pytest.raises(MingchaError, match=r"no cell|may not"):
                unmask_cell(db, by=viewer, quarantine_id=row, header=cell, reason="回访客户", at=now)
        corrected = record(db, viewer, rules, record="repairs", number=CORRECTED, as_of=now)
        assert [len(one.changed) for one in corrected.versions] == [0, 0]
    written = pl.DataFrame(
        {"record": ["tickets", "tickets", "repairs"], "office_named": ["西霸供电所", "东何所", "西霸供电所"]}
    )
    assert hidden_rows(db, viewer_named(settings, COLLEAGUE), written) == [True, False, False]
    head = viewer_named(settings, HEAD)
    pair = [records(db, one, rules, record="tickets", period=PERIOD, now=now, office="990102")
            for one in (inspector, head)]  # fmt: skip
    assert pair[0]["total"] == pair[1]["total"] == 15
    hidden = [one for one in pair[1]["rows"] if one["number"] == WITHHELD]
    assert [(one["id"], one["at"], one["deadline"]) for one in hidden] == [(None, None, {})] * 3
    assert pair[1]["rows"][-3:] == hidden  # between its neighbours by time one would tell its own
    rows_of_file = [(one.number, one.row_no) for one in batch_changes(db, head, 7).changes]
    assert rows_of_file == [(WITHHELD, None)] * 4
    documents = [explain(db, one, rules, office="990102", period=PERIOD, now=now) for one in (inspector, head)]
    lost = [[sum(line["score_lost"] or 0 for line in one["indicators"])] for one in documents]
    assert lost[0] == lost[1]
    assert json.dumps(documents[0]).count("MIMI") > 0
    assert not may(head, "read the audit trail")
    other = min(number for name, number in ids.items() if name.startswith("C-"))
    broken = quarantined(db, inspector, record="tickets").row(0, named=True)["id"]
    unmask(db, by=inspector, record="tickets", row_id=ids[REPORT], field="phone", reason="致电举报者一", at=now)
    unmask_cell(db, by=inspector, quarantine_id=broken, header="phone", reason="致电举报者二", at=now)
    unmask(db, by=inspector, record="tickets", row_id=other, field="phone", reason="致电其他客户", at=now)
    for works_at, told in (
        ("990102", [WITHHELD, WITHHELD]),
        (None, [f"tickets {ids[REPORT]} phone", f"quarantine {broken}"]),
    ):
        auditor = Viewer("秦岭", "auditor", EVERYTHING, works_at=works_at)
        lines = every_line(db, auditor, Wanted(verb="unmask"))
        assert [line.subject for line in lines] == [*told, f"tickets {other} phone"]
        assert ["举报者" in str(line.detail) for line in lines] == [works_at is None, works_at is None, False]
        assert trail(db, auditor, Wanted(verb="unmask")).lines == tuple(lines[::-1])
    clocks = open_clocks(db, inspector, rules, visible_tree(db, inspector), as_of=now)
    assert LATE in [one.number for one in clocks]
    db.engine.dispose()


def test_the_audit_trail_and_notices_hold_nobodys_data(reported):
    """After all that was done above: in no table but records, raw rows and their history stands a phone or a word."""
    db = Database(f"sqlite:///{reported / 'mingcha.db'}")
    raw = {"tickets", "tickets_history", "quarantine", "batches", "evaluations", "repairs", "source_states"}
    with db.reading() as connection:
        for table in METADATA.sorted_tables:
            if table.name in raw:
                continue
            stored = "\n".join(str(tuple(row)) for row in connection.execute(sa.select(table)))
            assert not re.search("张密|密语|13977318642|55660137797", stored), table.name
    db.engine.dispose()
