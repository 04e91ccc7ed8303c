"""`mingcha quarantine` that mends, `mingcha batch`, and the queries behind them."""

import json

import pytest

from dashboard.bootstrap import open_application
from dashboard.cli import main
from dashboard.errors import MingchaError
from dashboard.people import EVERYTHING, Viewer, system_viewer
from dashboard.queries.lineage import batch_changes
from dashboard.queries.quarantine import quarantine_counts, quarantine_row, suggested_offices
from dashboard.queries.sources import source_states

CONFIG = """
[people]
"李考核" = {role = "evaluator", offices = ["*"]}
"王所长" = {role = "office_head", offices = ["S1"]}
"""
OFFICES = "code,name,level\nS1,国网城关供电所,station\nS2,城北供电所,station\nS3,东河供电所,station\n"
HEADER = "ticket_no,type,office_code,accepted_at,content,satisfaction\n"


@pytest.fixture
def company(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("MINGCHA_DATABASE_URL", "MINGCHA_MIGRATION_URL", "MINGCHA_USER", "MINGCHA_CONFIG"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "mingcha.toml").write_text(CONFIG, "utf-8")
    run("init")
    take("offices", OFFICES)
    return tmp_path


def run(*arguments: str) -> int:
    try:
        main(list(arguments))
    except SystemExit as end:
        return int(end.code or 0)
    return 0


def take(record: str, text: str, name: str = "x.csv") -> None:
    with open(name, "w", encoding="utf-8") as file:
        file.write(text)
    assert run("import", record, name) == 0


def told(capsys, *arguments: str) -> dict:
    capsys.readouterr()
    assert run(*arguments, "--format", "json") == 0
    return json.loads(capsys.readouterr().out)


def test_a_name_is_explained_a_row_put_right_and_the_rest_set_aside(company, capsys):
    rows = ("1,投诉,关城所,2026-09-01 08:00,a,\n", "2,投诉,关城所,2026-09-02 08:00,b,\n",
            "3,投诉,S1,2026/2/30,c,\n", "4,催办,S1,2026-09-01 08:00,d,\n")  # fmt: skip
    take("tickets", HEADER + "".join(rows))
    ids = {row["number"]: str(row["id"]) for row in told(capsys, "quarantine")["rows"]}
    (done,) = told(capsys, "quarantine", "--office", "关城所=S1", "--as", "李考核")["rows"]
    assert (done["rows"], done["new"], done["refused"]) == (2, 2, 0)
    (done,) = told(capsys, "quarantine", "--row", ids["3"], "--set", "accepted_at=2026-03-02", "--as", "李考核")["rows"]
    assert done["new"] == 1
    (done,) = told(capsys, "quarantine", "--replay", "--reason", "unknown_value")["rows"]
    assert (done["refused"], done["reasons"]) == (1, {"unknown_value": 1})
    (done,) = told(capsys, "quarantine", "--dismiss", "不是工单类型", "--row", ids["4"], "--as", "李考核")["rows"]
    assert done == {"dismissed": 1}
    assert told(capsys, "quarantine")["rows"] == []


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["--office", "关城所"], 2, "Example: --office"),
        (["--office", "关城所=S1"], 1, "'system' may not say what an office is called"),
        (["--office", "关城所=S9", "--as", "李考核"], 2, "There is no office 'S9'"),
        (["--office", "关城所=S1", "--from", "gestern", "--as", "李考核"], 2, "'gestern' is no day"),
        (["--set", "type=意见", "--as", "李考核"], 2, "--row ID"),
        (["--replay", "--dismiss", "x"], 2, "two deeds"),
        (["--replay", "--as", "王所长"], 1, "may not take in"),
    ],
)
def test_bad_deeds_say_what_is_wrong_in_one_line(company, capsys, arguments, code, said):
    take("tickets", HEADER + "1,投诉,关城所,2026-09-01 08:00,a,\n")
    capsys.readouterr()
    assert run("quarantine", *arguments) == code
    printed = capsys.readouterr()
    assert (printed.out, said in printed.err, len(printed.err.strip().splitlines())) == ("", True, 1)


def test_offices_are_suggested_by_likeness_without_the_words_they_all_share(company):
    db = open_application().db
    assert suggested_offices(db, system_viewer(), "东合供电所")[0][:2] == ("S3", "东河供电所")
    assert suggested_offices(db, system_viewer(), "国网城关营业厅")[0] == ("S1", "国网城关供电所", 100)
    head = Viewer("王所长", "office_head", frozenset({"S1"}))
    assert [code for code, _, _ in suggested_offices(db, head, "东河供电所")] in ([], ["S1"])


def test_the_quarantine_is_counted_by_source_reason_and_office(company):
    bad = "1,投诉,关城所,2026-09-01 08:00,a,\n"
    take("tickets", HEADER + bad + "2,催办,S1,2026-09-02 08:00,b,\n3,催办,S2,2026-09-02 08:00,b,\n")
    take("tickets", HEADER + bad, "y.csv")
    db = open_application().db
    names = ("source", "record", "reason", "office_named", "rows", "times")
    assert sorted(quarantine_counts(db, system_viewer()).select(names).rows()) == [
        ("file", "tickets", "unknown_office", "关城所", 1, 2),
        ("file", "tickets", "unknown_value", "S1", 1, 1),
        ("file", "tickets", "unknown_value", "S2", 1, 1),
    ]
    head = Viewer("王所长", "office_head", frozenset({"S1"}))
    assert quarantine_counts(db, head)["office_named"].to_list() == ["S1"]
    assert quarantine_row(db, head, 1) is None
    row = quarantine_row(db, system_viewer(), 1)
    assert row.cells["office_code"] == "关城所"
    assert len(row.sightings) == 1


def test_a_row_tells_who_did_what_to_it(company, capsys):
    take("tickets", HEADER + "1,投诉,S1,2026/2/30,a,\n")
    told(capsys, "quarantine", "--row", "1", "--set", "accepted_at=2026-03-02 08:00", "--as", "李考核")
    row = quarantine_row(open_application().db, system_viewer(), 1)
    assert row.corrections == {"accepted_at": "2026-03-02 08:00"}
    assert row.cells["accepted_at"] == "2026/2/30"
    assert [(event.by, event.action) for event in row.story] == [("李考核", "corrected"), ("李考核", "replayed")]
    assert row.story[1].detail == {"batch": row.row["replay_batch_id"]}


def test_a_replay_does_not_make_a_source_look_alive(company, capsys):
    take("tickets", HEADER + "1,投诉,关城所,2026-09-01 08:00,a,\n")
    application = open_application()
    before = source_states(application.db, system_viewer(), configs=[], as_of=application.now())
    told(capsys, "quarantine", "--office", "关城所=S1", "--as", "李考核")
    after = source_states(application.db, system_viewer(), configs=[], as_of=application.now())
    assert [state.last_stored for state in after] == [state.last_stored for state in before]


def test_a_file_says_what_it_changed(company, capsys):
    take("tickets", HEADER + "1,投诉,S1,2026-08-31 08:00:00,a,\n2,投诉,S2,2026-09-02 08:00:00,b,\n")
    text = (
        HEADER + "1,意见,S1,2026-08-31 09:30:00,秘密,满意\n2,投诉,S2,2026-09-02 08:00:00,b,\n3,催办,S2,2026-09-02,b,\n"
    )
    capsys.readouterr()
    (report,) = told_import(capsys, text)
    found = told(capsys, "batch", str(report["batch"]))
    assert found["batch"]["updated"] == found["batch"]["quarantined"] == found["batch"]["unchanged"] == 1
    assert len(found["batch"]["sha256"]) == 64
    assert (found["offices"], found["periods"]) == (["S1"], ["2026-08"])
    assert found["rows"] == [
        {"fate": "updated", "number": "1", "office": "S1", "day": "2026-08-31", "row": 2, "columns": {
            "type": ["complaint", "opinion"], "satisfaction": [None, "satisfied"],
            "accepted_at": ["2026-08-31T08:00:00+08:00", "2026-08-31T09:30:00+08:00"]}}]  # fmt: skip
    assert [(row["number"], row["reason"], row["again"]) for row in found["quarantined"]] == [
        ("3", "unknown_value", False)
    ]


def told_import(capsys, text: str) -> list[dict]:
    with open("y.csv", "w", encoding="utf-8") as file:
        file.write(text)
    return told(capsys, "import", "tickets", "y.csv")["batches"]


def test_what_a_file_changed_is_told_after_later_files_too_and_within_what_a_person_sees(company, capsys):
    first = told_import(capsys, HEADER + "1,投诉,S1,2026-09-01 08:00,a,\n2,投诉,S2,2026-09-02 08:00,b,\n")[0]["batch"]
    told_import(capsys, HEADER + "1,意见,S1,2026-09-01 08:00,a,\n2,意见,S2,2026-09-02 08:00,b,\n")
    db = open_application().db
    assert [(change.fate, change.number) for change in batch_changes(db, system_viewer(), first).changes] == [
        ("new", "1"), ("new", "2")]  # fmt: skip
    head = Viewer("王所长", "office_head", frozenset({"S1"}))
    seen = batch_changes(db, head, first)
    assert ([change.number for change in seen.changes], seen.offices, seen.quarantined) == (["1"], ["S1"], ())
    with pytest.raises(MingchaError, match="There is no batch 77"):
        batch_changes(db, Viewer("李考核", "evaluator", EVERYTHING), 77)
