"""`mingcha calendar` and `mingcha what-if`: a notice is loaded once; rules are tried out and nothing is kept."""

import json

import pytest

from dashboard.cli import main

NOTICE = """date,working,name,document,issued
2027-01-01,no,New Year,Notice 9 of 2026,2026-11-03
2027-01-09,yes,New Year,,
2027-05-01,no,Labour Day,,
2027-10-01,no,National Day,,
"""


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("MINGCHA_DATABASE_URL", "MINGCHA_MIGRATION_URL", "MINGCHA_USER", "MINGCHA_CONFIG"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "mingcha.toml").write_text(
        '[people]\n"王所长" = {role = "office_head", offices = ["S1"]}\n', encoding="utf-8"
    )
    run("init")
    (tmp_path / "2027.csv").write_text(NOTICE, encoding="utf-8")
    return tmp_path


def run(*arguments):
    try:
        main(list(arguments))
    except SystemExit as end:
        return int(end.code or 0)
    return 0


def asked(capsys, *arguments):
    capsys.readouterr()
    assert run(*arguments, "--format", "json") == 0
    return json.loads(capsys.readouterr().out)


def test_a_notice_is_looked_at_loaded_and_shown(home, capsys):
    before = asked(capsys, "calendar", "show")
    assert [row["year"] for row in before["rows"]] == list(range(2004, 2027))
    assert before["rows"][-1]["issued"] == "2025-11-04"
    looked = asked(capsys, "calendar", "import", "2027.csv", "--preview")
    assert (looked["year"], looked["judged"], looked["digest"]) == (2027, 0, before["digest"])
    assert asked(capsys, "calendar", "show") == before
    loaded = asked(capsys, "calendar", "import", "2027.csv")
    after = asked(capsys, "calendar", "show")
    assert after["digest"] == loaded["digest"] != before["digest"]
    last = after["rows"][-1]
    assert (last["year"], last["document"], last["by"]) == (2027, "Notice 9 of 2026", "system")


def test_what_cannot_be_loaded_says_why_and_leaves_everything(home, capsys):
    assert run("calendar", "import", "nothing.csv") == 1
    assert "could not be read" in capsys.readouterr().err
    (home / "2029.csv").write_text(NOTICE.replace("2027-", "2029-"), encoding="utf-8")
    assert run("calendar", "import", "2029.csv") == 1
    assert "Load 2027 first" in capsys.readouterr().err
    assert run("calendar", "import", "2027.csv", "--as", "王所长") == 1
    assert "may not" in capsys.readouterr().err
    assert run("calendar", "import", "2027.csv") == 0
    assert run("calendar", "import", "2027.csv") == 2
    assert "loaded before" in capsys.readouterr().err


def test_rules_are_tried_out_and_say_that_they_are_no_result(home, capsys):
    (home / "offices.csv").write_text("code,name,level,area\nS1,一所,station,urban\n", encoding="utf-8")
    (home / "repairs.csv").write_text(
        "repair_no,office_code,accepted_at,arrived_at\nR-1,S1,2026-07-06 09:00:00,2026-07-06 09:50:00\n",
        encoding="utf-8",
    )
    assert run("import", "offices", "offices.csv") == run("import", "repairs", "repairs.csv") == 0
    found = asked(capsys, "what-if", "--period", "2026-Q3", "--limit", "arrival.promise.urban=60", "--weight", "R1=20")
    assert found["sandbox"] is True
    assert "sandbox:" in found["rulebook"]
    row = found["rows"][0]
    assert (row["office"], row["parts"]["R1"]) == ("S1", round(2000 / 29, 6))  # R1 20 of 20 + R2 6 + R3 3
    assert run("what-if", "--period", "2026-Q3", "--weight", "R1") == 2
    assert "is no CODE=NUMBER" in capsys.readouterr().err
    assert run("what-if", "--period", "2026-Q3", "--weight", "R0=1") == 1
    assert "There is no indicator 'R0'" in capsys.readouterr().err
