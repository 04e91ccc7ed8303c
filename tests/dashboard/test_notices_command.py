"""`mingcha notices` and `mingcha disputes`: what one is told, sending now, trying a channel, a dispute to its end."""

import json

import pytest

from dashboard.cli import main
from tests.dashboard.sinks import http_sink

CONFIGURATION = """
[people]
"许立" = {{ role = "office_head", offices = ["S1"] }}
"周部" = {{ role = "regional_manager", offices = ["C1"] }}
"管理员" = {{ role = "administrator", offices = ["*"] }}
[notices]
channel = "duty"
quiet = ""
daily = []
[notices.channels]
duty = "json://127.0.0.1:{port}/robot"
"""
OFFICES = "code,name,level,parent_code\nC1,甲县,county,\nS1,东河供电所,station,C1\n"
REPAIRS = """repair_no,office_code,area,accepted_at,taken_at,arrived_at
R-1,S1,rural,2026-09-10 09:00:00,,2026-09-10 11:00:00
"""


def run(*arguments):
    try:
        main(list(arguments))
    except SystemExit as end:
        return int(end.code or 0)
    return 0


def asked(capsys, *arguments):
    capsys.readouterr()
    assert run(*arguments, "--format", "json") == 0
    return json.loads(capsys.readouterr().out)["rows"]


@pytest.fixture
def sink(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("MINGCHA_DATABASE_URL", "MINGCHA_MIGRATION_URL", "MINGCHA_USER", "MINGCHA_CONFIG"):
        monkeypatch.delenv(name, raising=False)
    with http_sink() as (found, port):
        (tmp_path / "mingcha.toml").write_text(CONFIGURATION.format(port=port), encoding="utf-8")
        run("init")
        for record, text in (("offices", OFFICES), ("repairs", REPAIRS)):
            (tmp_path / f"{record}.csv").write_text(text, encoding="utf-8")
            assert run("import", record, f"{record}.csv") == 0
        (tmp_path / "proof.pdf").write_bytes(b"%PDF-1.4 x")
        yield found


def test_a_dispute_is_filed_told_and_decided_on_the_command_line(sink, capsys):
    file = ("disputes", "--file", "repairs", "R-1", "--right", "arrived_at=2026-09-10 09:50:00", "--note", "补录",
            "--proof", "proof.pdf")  # fmt: skip
    assert run(*file, "--as", "周部") == 1
    (filed,) = asked(capsys, *file, "--as", "许立")
    assert (filed["office"], filed["state"], filed["proofs"][0]["name"]) == ("S1", "open", "proof.pdf")
    told = asked(capsys, "notices", "--as", "管理员", "--outbox")  # whom each is for is found when it is sent
    assert {row["key"] for row in told} == {f"dispute {filed['number']} filed"}
    assert {row["person"] for row in told} == {"regional_manager@S1", "evaluator@S1"}
    assert run("notices", "--send", "--as", "许立") == 1
    assert run("notices", "--send") == 0
    assert [body["title"] for body in sink.bodies] == ["明察：数据异议"]
    (mine,) = asked(capsys, "notices", "--as", "周部")
    assert (mine["link"], mine["parameters"]) == ("disputes", {"dispute": filed["number"]})
    assert run("disputes", "--correct", filed["number"], "--note", "属实", "--as", "许立") == 1
    (done,) = asked(capsys, "disputes", "--correct", filed["number"], "--note", "属实", "--as", "周部")
    assert (done["state"], done["decided_by"], done["detail"]["columns"]) == ("corrected", "周部", ["arrived_at"])
    assert run("disputes", "--refuse", filed["number"], "--withdraw", filed["number"]) == 2


def test_a_channel_is_tried_by_the_administrator_alone(sink, capsys):
    assert run("notices", "--test", "duty", "--as", "许立") == 1
    assert run("notices", "--test", "dty", "--as", "管理员") == 2
    assert "Did you mean 'duty'?" in capsys.readouterr().err
    assert run("notices", "--test", "duty", "--as", "管理员") == 0
    assert sink.bodies[0]["title"] == "明察：测试消息"
    sink.status = 500
    assert run("notices", "--test", "duty", "--as", "管理员") == 1
    assert "Channel duty did not take the message" in capsys.readouterr().err
