"""`mingcha people` and `mingcha token`: who acts on the command line is proved as soon as there is an account."""

import io
import json

import pytest
import sqlalchemy as sa

from dashboard.bootstrap import as_system, open_application
from dashboard.cli import main
from dashboard.cli.operations import _invite
from dashboard.database.models import ACCOUNT_CODES, AUDIT
from tests.dashboard.test_accounts import come_in

CONFIG = """
[people]
"李考核" = {role = "evaluator", offices = ["*"]}
"王所长" = {role = "office_head", offices = ["*"]}
"""
RIVER = "a quiet river runs"


@pytest.fixture
def run(tmp_path, monkeypatch, capsys):
    """A command in a fresh installation: its exit code, stdout and stderr."""
    monkeypatch.chdir(tmp_path)
    for name in ("MINGCHA_DATABASE_URL", "MINGCHA_MIGRATION_URL", "MINGCHA_USER", "MINGCHA_TOKEN", "MINGCHA_CONFIG"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "mingcha.toml").write_text(CONFIG, "utf-8")

    def command(*arguments, stdin="", **environment):
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setattr("sys.stdin", io.StringIO(stdin))
        capsys.readouterr()
        code = 0
        try:
            main(list(arguments))
        except SystemExit as end:
            code = int(end.code or 0)
        for name in environment:
            monkeypatch.delenv(name)
        return (code, *capsys.readouterr())

    return command


def test_people_are_believed_until_the_first_start_and_proved_from_then_on(run, capsys):
    assert run("init")[0] == 0
    assert run("offices", "--as", "王所长")[0] == 0  # believed, as before
    assert run("token", "王所长", stdin=RIVER)[0] == 2
    assert run("people", "add", "友", "--role", "inspector", "--office", "*")[0] == 1
    app = open_application(environment=as_system())
    capsys.readouterr()
    _invite(app, 8600)
    told = capsys.readouterr()
    assert told.out.startswith(
        "One-time link for admin (administrator), shown only now: http://127.0.0.1:8600/enter?code="
    )
    assert told.err == ""
    _invite(app, 8600)
    assert capsys.readouterr().out == ""
    come_in(app.db, told.out.strip().partition("code=")[2], app.now())

    code, out, err = run("offices", "--as", "王所长")
    assert (code, out) == (1, "")
    assert "MINGCHA_TOKEN" in err
    assert run("offices", MINGCHA_USER="王所长", MINGCHA_TOKEN="mct_forged")[0] == 1
    assert run("offices")[0] == 0  # the machine's own command line
    assert run("token", "admin", stdin="wrong\n")[:2] == (1, "")
    code, out, err = run("token", "admin", stdin=f"{RIVER}\n")
    token = out.strip()
    assert (code, token.startswith("mct_"), "It holds until" in err) == (0, True, True)
    assert run("offices", "--as", "王所长", MINGCHA_TOKEN=token)[0] == 1  # another one's token

    keeper = {"MINGCHA_USER": "admin", "MINGCHA_TOKEN": token}
    assert run("people", "add", "韩冰", "--role", "reviewer", "--office", "*", "--contact", "mail=h@example.com",
               **keeper)[0] == 0  # fmt: skip
    assert run("people", "role", "韩冰", "inspector", **keeper)[0] == 0
    assert run("people", "role", "admin", "inspector", **keeper)[0] == 1
    assert run("people", "grant", "韩冰", "*", "--until", "2020-01-01", **keeper)[0] == 2
    code, out, _ = run("people", "link", "韩冰", **keeper)
    assert (code, out.startswith("http://127.0.0.1:8501/enter?code=")) == (0, True)
    assert run("people", "link", "王所长")[0] == 0  # `system`: recovery, and it is told
    assert run("people", "deactivate", "王所长")[0] == 1
    assert run("people", "deactivate", "王所长", **keeper)[0] == 0
    code, out, _ = run("people", "list", "--format", "json", **keeper)
    rows = {row["name"]: (row["role"], row["active"], row["entry"]) for row in json.loads(out)["rows"]}
    assert rows == {
        "admin": ("administrator", True, "password"), "韩冰": ("inspector", True, "code"),
        "李考核": ("evaluator", True, "none"), "王所长": ("office_head", False, "none"),
    }  # fmt: skip
    with app.db.reading() as connection:
        logged = connection.execute(
            sa.select(AUDIT.c.actor, AUDIT.c.subject, AUDIT.c.os_user.is_not(None)).where(AUDIT.c.action == "code_made")
        ).all()
        assert len(connection.execute(sa.select(ACCOUNT_CODES.c.id)).all()) == 3
    assert [tuple(row) for row in logged] == [("system", "admin", True), ("admin", "韩冰", False),
                                              ("system", "王所长", True)]  # fmt: skip
    app.db.engine.dispose()
