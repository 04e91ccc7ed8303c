"""`mingcha offices`, `mingcha office …` and `--tree today`: an administrator without a browser."""

import json

import pytest

from dashboard.cli import main

CONFIG = """
[people]
"李考核" = {role = "evaluator", offices = ["*"]}
"王所长" = {role = "office_head", offices = ["S1"]}
"""
OFFICES = ("code,name,parent_code,level,area,customers\nK1,甲县公司,,county,,\nS1,城关供电所,K1,station,rural,900\n"
           "S2,城北供电所,K1,station,rural,400\nH1,城关营业厅,S1,hall,,\n")  # fmt: skip
REPAIRS = "repair_no,office_code,accepted_at,arrived_at\n"


@pytest.fixture
def company(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("MINGCHA_DATABASE_URL", "MINGCHA_MIGRATION_URL", "MINGCHA_USER", "MINGCHA_CONFIG"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "mingcha.toml").write_text(CONFIG, "utf-8")
    assert run("init") == 0
    take("offices", OFFICES)
    days = [("a", "S1", "05"), ("b", "S1", "25"), ("c", "S2", "05"), ("d", "S2", "25")]
    rows = (f"{number},{office},2026-07-{day} 08:00:00,2026-07-{day} 09:00:00\n" for number, office, day in days)
    take("repairs", REPAIRS + "".join(rows))
    return tmp_path


def run(*arguments: str) -> int:
    try:
        main(list(arguments))
    except SystemExit as end:
        return int(end.code or 0)
    return 0


def take(record: str, text: str) -> None:
    with open("x.csv", "w", encoding="utf-8") as file:
        file.write(text)
    assert run("import", record, "x.csv") == 0


def told(capsys, *arguments: str) -> dict:
    capsys.readouterr()
    assert run(*arguments, "--format", "json") == 0
    return json.loads(capsys.readouterr().out)


def keep(*arguments: str) -> tuple[str, ...]:
    """A change from 20 July by who may make it."""
    return ("office", *arguments, "--from", "2026-07-20", "--why", "〔2026〕8号", "--as", "李考核")


def judged(document: dict) -> dict[str, int]:
    return {row["office"]: row["indicators"]["R1"]["denominator"] for row in document["rows"]}


def test_trap_17_a_merger_in_the_middle_of_a_period_and_its_taking_back(company, capsys):
    dry = told(capsys, *keep("merge", "S1", "--into", "S2"), "--dry-run")
    assert dry["batch"] is None
    assert [(row["office"], row["ends"], row["gained"], row["changed"]) for row in dry["rows"]] == [
        ("S1", True, [], {}), ("S2", False, ["H1", "S1"], {"customers": {"before": 400, "after": 1300}})]  # fmt: skip
    assert len(told(capsys, "offices", "--history", "S2")["rows"]) == 1
    batch = told(capsys, *keep("merge", "S1", "--into", "S2"))["batch"]
    july = ("league", "--period", "2026-07", "--as-of", "2026-08-10")
    day, today = told(capsys, *july), told(capsys, *july, "--tree", "today")
    assert (judged(day), day["tree"]) == ({"S1": 1, "S2": 3}, "day")
    assert (judged(today), today["tree"]) == ({"S2": 4}, "today")
    assert [(one["day"], one["kind"], one["office"], one["after"]) for one in day["changes"]] == [
        ("2026-07-20", "merged", "S1", ["S2"])]  # fmt: skip
    first = told(capsys, "explain", "S2", "--period", "2026-07", "--tree", "today")["indicators"]
    assert next(line["denominator"] for line in first if line["code"] == "R1") == 4
    listed = told(capsys, "records", "repairs", "--period", "2026-07", "--office", "S2", "--tree", "today")
    assert sorted(row["number"] for row in listed["rows"]) == ["a", "b", "c", "d"]
    (deed,) = told(capsys, "offices", "--changes")["rows"]
    assert (deed["by"], deed["why"], deed["kind"], deed["batch"]) == ("李考核", "〔2026〕8号", "merge", batch)
    assert run("office", "take-back", str(batch), "--why", "录错", "--as", "李考核") == 0
    assert judged(told(capsys, *july, "--tree", "today")) == {"S1": 2, "S2": 2}
    assert told(capsys, "batch", str(batch))["batch"]["read"] == 5


def test_the_tree_of_a_day_and_the_versions_of_one(company, capsys):
    for words in (("rename", "S1", "--name", "中心供电所"), ("move", "H1", "--to", "S2"),
                  ("adjust", "S2", "--area", "urban", "--peer-group", "城网", "--customers", "500"),
                  ("open", "S3", "--name", "新城供电所", "--level", "station", "--below", "K1"),
                  ("alias", "S1", "--name", "城关所")):  # fmt: skip
        arguments = keep(*words)
        if words[0] == "alias":
            arguments = tuple(one for one in arguments if one not in ("--why", "〔2026〕8号"))
        assert run(*arguments) == 0
    before, after = (told(capsys, "offices", "--on", day) for day in ("2026-07-19", "2026-07-20"))
    assert [(row["code"], row["depth"]) for row in before["rows"]] == [("K1", 0), ("S1", 1), ("H1", 2), ("S2", 1)]
    assert [(row["code"], row["name"]) for row in after["rows"]] == [
        ("K1", "甲县公司"),
        ("S1", "中心供电所"),
        ("S2", "城北供电所"),
        ("H1", "城关营业厅"),
        ("S3", "新城供电所"),
    ]
    versions = told(capsys, "offices", "--history", "S2")["rows"]
    assert [(row["valid_from"], row["valid_to"], row["area"], row["peer_group"], row["customers"])
            for row in versions] == [(None, "2026-07-19", "rural", None, 400),
                                     ("2026-07-20", None, "urban", "城网", 500)]  # fmt: skip
    assert run(*keep("split", "S3", "--part", "S4=东所=10", "--part", "S5=西所")[:8], "2026-08-01", "--why", "x",
               "--as", "李考核") == 0  # fmt: skip
    assert told(capsys, "offices", "--history", "S3")["rows"][0]["successor_code"] == "S4;S5"
    assert run("office", "close", "S4", "--from", "2026-09-01", "--why", "x", "--as", "李考核") == 0


def test_trap_19_the_old_name_goes_on_being_understood_after_a_rename(company, capsys):
    assert run(*keep("rename", "S1", "--name", "中心供电所")) == 0
    take("repairs", REPAIRS + "e,国网城关供电所,2026-07-28 08:00:00,2026-07-28 09:00:00\n"
                              "f,中心供电所,2026-07-01 08:00:00,2026-07-01 09:00:00\n")  # fmt: skip
    assert told(capsys, "quarantine")["rows"] == []
    assert judged(told(capsys, "league", "--period", "2026-07"))["S1"] == 4


def test_who_may_not_and_what_cannot_be_end_with_a_message(company, capsys):
    for arguments, code, words in (
        (keep("rename", "S9", "--name", "新"), 2, "There is no office 'S9'."),
        (("office", "rename", "S1", "--name", "新", "--from", "2026-07-20", "--why", "x"), 1, "'system' may not"),
        (
            ("office", "close", "S1", "--from", "2026-07-20", "--why", "x", "--as", "王所长"),
            1,
            "may not change offices",
        ),
        (("office", "close", "S2", "--from", "gestern", "--as", "李考核"), 2, "'gestern' is no day"),
        (("office", "close", "S2", "--from", "2026-07-20", "--as", "李考核"), 2, "needs a reason"),
        (("office", "split", "S2", "--part", "S4", "--from", "2026-07-20", "--as", "李考核"), 2, "has no '='"),
        (("offices", "--history", "S9"), 2, "There is no office 'S9'."),
        (("league", "--period", "2026-07", "--tree", "todays"), 2, "There is no tree 'todays'. Did you mean 'today'?"),
    ):
        capsys.readouterr()
        assert run(*arguments) == code, arguments
        assert words in capsys.readouterr().err
