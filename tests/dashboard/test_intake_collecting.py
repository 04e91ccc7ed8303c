"""Configured sources: what is due, what was read before, what failed, and what the command line says."""

import json
import os
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

import dashboard.cli
from collectors.base import CollectorError
from dashboard.bootstrap import open_application
from dashboard.database.migrate import migrate
from dashboard.database.models import BATCHES, RECORD_TABLES
from dashboard.errors import UsageError
from dashboard.intake.collecting import collect, configured_sources, due_sources
from dashboard.people import Viewer, system_viewer
from dashboard.queries.quarantine import quarantine_reasons, quarantine_row, quarantined
from dashboard.queries.sources import batches, source_states

CONFIG = """
[[sources]]
name = "95598"
record = "tickets"
path = "inbox/95598/*"
every = "10m"
expect_within = "1h"

[[sources]]
name = "抢修"
record = "repairs"
path = "inbox/repairs/*.csv"

[people."王所长"]
role = "office_head"
offices = ["S1"]
"""
TICKETS = "ticket_no,type,office_code,accepted_at\n"
REPAIRS = "repair_no,office_code,accepted_at\nR1,S1,2026-09-01 08:00:00\n"


@pytest.fixture
def company(tmp_path, monkeypatch):
    """A folder with configuration, database, two offices and two empty inboxes; the current folder."""
    (tmp_path / "mingcha.toml").write_text(CONFIG, "utf-8")
    for name in ("95598", "repairs"):
        (tmp_path / "inbox" / name).mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    for name in ("MINGCHA_CONFIG", "MINGCHA_DATABASE_URL", "MINGCHA_USER"):
        monkeypatch.delenv(name, raising=False)
    migrate(open_application(need_tables=False).db)
    (tmp_path / "offices.csv").write_text("code,name,level\nS1,城关供电所,station\nS2,城北供电所,station\n", "utf-8")
    run("import", "offices", "offices.csv")
    return tmp_path


def run(*arguments: str) -> int:
    """One call of the command line, with the commands of data only."""
    groups, dashboard.cli.GROUPS = dashboard.cli.GROUPS, ("data",)
    try:
        dashboard.cli.main(list(arguments))
    except SystemExit as stop:
        return int(stop.code or 0)
    finally:
        dashboard.cli.GROUPS = groups
    return 0


def drop(company: Path, name: str, text: str, *, age: int = 0) -> Path:
    path = company / "inbox" / name
    path.write_text(text, "utf-8")
    os.utime(path, (1_800_000_000 - age, 1_800_000_000 - age))
    return path


def numbers(record: str) -> list[str]:
    table = RECORD_TABLES[record]
    return open_application().db.frame(sa.select(table.c[table.columns.keys()[2]]))[:, 0].to_list()


def test_new_files_are_read_once_oldest_first(company):
    drop(company, "95598/b.csv", f"{TICKETS}1,fault,S1,2026-09-01 08:00:00\n", age=60)
    drop(company, "95598/a.csv", f"{TICKETS}1,opinion,S1,2026-09-01 08:00:00\n")
    drop(company, "repairs/r.csv", REPAIRS)
    report = collect(open_application())
    assert [(b.source, b.file, b.new, b.updated) for b in report.batches] == [
        ("95598", "inbox/95598/b.csv", 1, 0),
        ("95598", "inbox/95598/a.csv", 0, 1),
        ("抢修", "inbox/repairs/r.csv", 1, 0),
    ]
    assert collect(open_application(), names=["95598", "抢修"]).batches == []


def test_a_changed_file_is_read_again_a_renamed_copy_is_not(company):
    path = drop(company, "95598/a.csv", f"{TICKETS}1,fault,S1,2026-09-01 08:00:00\n")
    collect(open_application(), names=["95598"])
    drop(company, "95598/copy.csv", path.read_text("utf-8"))
    assert collect(open_application(), names=["95598"]).batches == []
    drop(company, "95598/a.csv", f"{TICKETS}1,praise,S1,2026-09-01 08:00:00\n", age=-5)
    assert [b.updated for b in collect(open_application(), names=["95598"]).batches] == [1]


def test_a_corrected_mapping_reads_everything_again(company):
    drop(company, "95598/a.csv", "编码,type,office_code,accepted_at\n1,fault,S1,2026-09-01 08:00:00\n")
    first = collect(open_application(), names=["95598"])
    assert [failure.file for failure in first.failures] == ["inbox/95598/a.csv"]
    assert "ticket_no" in first.failures[0].message
    assert collect(open_application(), names=["95598"]).failures == []  # not tried for ever
    config = CONFIG.replace('path = "inbox/95598/*"', 'path = "inbox/95598/*"\ncolumns = {ticket_no = "编码"}')
    (company / "mingcha.toml").write_text(config, "utf-8")
    assert [b.new for b in collect(open_application(), names=["95598"]).batches] == [1]


def test_office_lock_files_and_hidden_files_are_no_files(company):
    drop(company, "95598/~$工单.xlsx", "lock")
    drop(company, "95598/.part", "half")
    report = collect(open_application(), names=["95598"])
    assert (report.batches, report.failures) == ([], [])


def test_a_bad_file_does_not_keep_the_others_from_being_read(company):
    drop(company, "95598/a.csv", "no table", age=9)
    drop(company, "95598/b.csv", f"{TICKETS}1,fault,S1,2026-09-01 08:00:00\n")
    drop(company, "repairs/r.csv", REPAIRS)
    report = collect(open_application())
    assert [b.file for b in report.batches] == ["inbox/95598/b.csv", "inbox/repairs/r.csv"]
    assert [failure.file for failure in report.failures] == ["inbox/95598/a.csv"]


def test_a_missing_folder_is_named_and_tried_again(company):
    (company / "inbox/repairs").rmdir()
    report = collect(open_application())
    assert [(f.source, f.file) for f in report.failures] == [("抢修", None)]
    assert "inbox/repairs" in report.failures[0].message
    application = open_application()
    configs, later = configured_sources(application.settings), application.now() + timedelta(minutes=1)
    assert [config.name for config in due_sources(application.db, configs, later)] == ["抢修"]


def test_sources_are_due_again_when_their_time_has_passed(company):
    application = open_application()
    collect(application)
    configs = configured_sources(application.settings)
    asked = application.now()
    assert due_sources(application.db, configs, asked + timedelta(minutes=9)) == []
    assert len(due_sources(application.db, configs, asked + timedelta(minutes=10, seconds=5))) == 2


def test_unknown_sources_and_keys_are_named(company):
    with pytest.raises(UsageError, match=r"'95599'.*did you mean '95598'"):
        collect(open_application(), names=["95599"])
    (company / "mingcha.toml").write_text(CONFIG.replace("expect_within", "expct_within"), "utf-8")
    with pytest.raises(
        CollectorError, match=r"sources\]\] 1 \('95598'\): unknown key 'expct_within', did you mean 'expect_within'"
    ):
        collect(open_application())
    (company / "mingcha.toml").write_text(CONFIG.replace("抢修", "95598"), "utf-8")
    with pytest.raises(CollectorError, match="two sources are named '95598'"):
        collect(open_application())


def test_the_import_command_prints_the_json_of_the_design(company, capsys):
    (company / "t.csv").write_text(f"{TICKETS}1,fault,S1,2026-09-01 08:00:00\n2,fault,无名,2026-09-01\n", "utf-8")
    assert run("import", "tickets", "t.csv", "--format", "json") == 0
    printed = capsys.readouterr()
    (batch,) = json.loads(printed.out)["batches"]
    keys = ("source", "record", "file", "read", "new", "updated", "unchanged", "older", "quarantined", "skipped")
    assert [batch[key] for key in keys] == ["file", "tickets", "t.csv", 2, 1, 0, 0, 0, 1, 0]
    assert batch["seconds"] > 0
    assert "1 of 2 rows are in quarantine (1 unknown_office)" in printed.err


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["import", "ticket", "t.csv"], 2, "did you mean 'tickets'"),
        (["import", "tickets"], 2, "Missing argument 'file'"),
        (["import", "tickets", "gone.csv"], 1, "gone.csv cannot be opened"),
        (["import", "tickets", "offices.csv"], 1, "required column ticket_no"),
        (["import", "tickets", "offices.csv", "--exported-at", "gestern"], 2, "--exported-at 'gestern' is no time"),
        (["import", "tickets", "offices.csv", "--source", "抢修"], 2, "brings repairs, not tickets"),
        (["import", "tickets", "offices.csv", "--mapping", "gone.toml"], 1, "gone.toml cannot be opened"),
        (["import", "tickets", "offices.csv", "--as", "李四"], 2, "No person named '李四'"),
        (["import", "tickets", "offices.csv", "--as", "王所长"], 1, "may not import"),
        (["collect", "95599"], 2, "did you mean '95598'"),
        (["quarantine", "--limit", "0"], 2, "limit"),
    ],
)
def test_bad_calls_say_what_is_wrong_in_one_line(company, capsys, arguments, code, said):
    assert run(*arguments) == code
    printed = capsys.readouterr()
    assert printed.out == ""
    assert said in printed.err
    assert "Traceback" not in printed.err
    assert len(printed.err.strip().splitlines()) == 1


def test_a_mapping_file_and_a_configured_source_are_used(company, capsys):
    (company / "t.csv").write_text("编码,type,office_code,accepted_at\n1,x,S1,2026-09-01 08:00:00\n", "utf-8")
    (company / "m.toml").write_text('columns = {ticket_no = "编码"}\nvalues = {type = {x = "fault"}}\n', "utf-8")
    assert run("import", "tickets", "t.csv", "--mapping", "m.toml", "--source", "95598", "--format", "json") == 0
    (batch,) = json.loads(capsys.readouterr().out)["batches"]
    assert (batch["source"], batch["new"]) == ("95598", 1)


def test_collect_prints_batches_and_fails_when_one_file_did(company, capsys):
    drop(company, "95598/a.csv", f"{TICKETS}1,fault,S1,2026-09-01 08:00:00\n", age=9)
    drop(company, "95598/b.csv", "no table")
    assert run("collect", "--format", "json") == 1
    printed = capsys.readouterr()
    assert [batch["new"] for batch in json.loads(printed.out)["batches"]] == [1]
    assert "b.csv holds no table" in printed.err


def test_the_quarantine_command_and_who_sees_what(company, capsys):
    rows = "1,催办,S1,2026-09-01 08:00:00\n2,fault,无名,2026-09-01 08:00:00\n3,fault,城北供电所,2026/2/30\n"
    (company / "t.csv").write_text(TICKETS + rows, "utf-8")
    run("import", "tickets", "t.csv")
    capsys.readouterr()
    assert run("quarantine", "--format", "json") == 0
    listed = json.loads(capsys.readouterr().out)["rows"]
    assert [(row["number"], row["office"], row["reason"], row["value"], row["row"]) for row in listed] == [
        ("3", "城北供电所", "unreadable_time", "2026/2/30", 4), ("2", "无名", "unknown_office", "无名", 3),
        ("1", "S1", "unknown_value", "催办", 2)]  # fmt: skip
    assert {"state", "since", "due"} <= listed[0].keys()
    run("quarantine", "--as", "王所长", "--format", "json")
    # what a broken ticket is nobody can tell: it may be a report, of which the office is told no number and no value
    told = [(row["number"], row["value"], row["reason"]) for row in json.loads(capsys.readouterr().out)["rows"]]
    assert told == [(None, None, "unknown_value")]
    run("quarantine", "--reason", "unknown_office", "--format", "csv")
    assert capsys.readouterr().out.count("\n") == 2


def test_quarantine_queries_count_and_keep_personal_data_from_the_offices(company):
    rows = "1,催办,S1,2026-09-01 08:00:00\n2,催办,S2,2026-09-01 08:00:00\n"
    (company / "t.csv").write_text(TICKETS + rows, "utf-8")
    run("import", "tickets", "t.csv")
    db = open_application().db
    head = Viewer("王所长", "office_head", frozenset({"S1"}))
    assert quarantine_reasons(db, system_viewer()).select("source", "record", "reason", "rows").rows() == [
        ("file", "tickets", "unknown_value", 2)]  # fmt: skip
    assert quarantine_reasons(db, head)["rows"].to_list() == [1]
    (mine,) = quarantined(db, head)["id"].to_list()
    assert quarantine_row(db, head, mine) is None
    raw = quarantine_row(db, system_viewer(), mine)
    assert raw is not None
    assert raw.cells["type"] == "催办"


def test_the_state_of_sources(company):
    application = open_application()
    configs = configured_sources(application.settings)
    now = datetime.now(UTC)
    states = {s.name: s for s in source_states(application.db, system_viewer(), configs=configs, as_of=now)}
    assert {name: state.state for name, state in states.items()} == {
        "95598": "never",
        "抢修": "never",
        "file": "current",
    }
    drop(company, "95598/a.csv", f"{TICKETS}1,fault,S1,2026-09-01 08:00:00\n")
    drop(company, "repairs/a.csv", "no table")
    collect(application)
    later = datetime.now(UTC) + timedelta(minutes=61)
    states = {s.name: s for s in source_states(application.db, system_viewer(), configs=configs, as_of=later)}
    assert (states["95598"].state, states["95598"].last_file) == ("silent", "inbox/95598/a.csv")
    assert states["抢修"].state == "failing"
    assert "no table" in (states["抢修"].error or "")
    head = Viewer("王所长", "office_head", frozenset({"S1"}))
    assert source_states(application.db, head, configs=configs, as_of=later)[1].error is None
    listed = batches(application.db, head, as_of=later)
    assert listed["source"].to_list() == ["抢修", "95598", "file"]
    assert listed["error"].null_count() == 3


def test_a_failed_batch_of_a_file_that_may_yet_be_read_is_tried_again(company, monkeypatch):
    """Not permanent: the digest is not remembered."""
    from dashboard.intake import taking

    drop(company, "95598/a.csv", f"{TICKETS}1,fault,S1,2026-09-01 08:00:00\n")

    def refuse(*_args, **_kwargs):
        raise CollectorError("the share is gone")

    with monkeypatch.context() as patched:
        patched.setattr(taking, "plans", refuse)
        assert len(collect(open_application(), names=["95598"]).failures) == 1
    assert open_application().db.frame(sa.select(BATCHES.c.sha256).where(BATCHES.c.state == "failed"))[0, 0] is None
    assert [b.new for b in collect(open_application(), names=["95598"]).batches] == [1]


def test_days_are_compared_once_all_files_of_a_round_are_in(company, capsys):
    """Two files, each with every other day: no day is missing after both; one of the second half is."""
    days = [date(2026, 7, 1) + timedelta(days=n) for n in range(70) if n != 50]
    rows = [f"T{day:%m%d}{n:02},enquiry,S1,{day} 09:00:00\n" for day in days for n in range(20)]
    for name, part in (("a.csv", rows[::2]), ("b.csv", rows[1::2])):
        drop(company, f"95598/{name}", TICKETS + "".join(part), age=60)
    assert run("collect", "--format", "json") == 0
    said = capsys.readouterr()
    assert len(json.loads(said.out)["batches"]) == 2
    assert "95598 tickets: No record on 2026-08-20; days like these have about 20 together." in said.err
    assert said.err.count("No record") == 1
