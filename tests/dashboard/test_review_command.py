"""`mingcha review` as a shell calls it: what waits, one judgement, taking it back."""

import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from collectors.video.plan import LOCAL
from dashboard import bootstrap
from dashboard.cli import main

NOW = datetime(2026, 9, 1, 15, 0, tzinfo=LOCAL).astimezone(UTC)


@pytest.fixture
def mingcha(sqlite_halls, capsys, monkeypatch):
    """Run a command in a company of one hall with two samples; (exit code, stdout, stderr)."""
    halls = sqlite_halls
    config = (f'[database]\nurl = "{halls.db.url}"\n[video.slots]\n1 = "10:00-10:20"\n2 = "14:00-14:20"\n'
              '[review]\nsecond_share = 0\n[people]\n"甲" = { role = "reviewer", offices = ["*"] }\n'
              '"所长" = { role = "office_head", offices = ["*"] }\n')  # fmt: skip
    (halls.home / "mingcha.toml").write_text(config, encoding="utf-8")
    monkeypatch.chdir(halls.home)
    for name in ("MINGCHA_DATABASE_URL", "MINGCHA_USER", "MINGCHA_CONFIG"):
        monkeypatch.delenv(name, raising=False)
    opened = bootstrap.open_application
    monkeypatch.setattr(bootstrap, "open_application", lambda **options: replace(opened(**options), now=lambda: NOW))
    halls.hall()
    halls.sampled(1)
    halls.sampled(2, items=())

    def run(*arguments, person="甲"):
        with pytest.raises(SystemExit) as ended:
            main(["review", *arguments, "--as", person, "--format", "json"])
        said = capsys.readouterr()
        return ended.value.code, json.loads(said.out)["rows"] if said.out else None, said.err

    return run


def test_what_waits_is_listed_judged_and_taken_back(mingcha):
    code, rows, _ = mingcha()
    assert (code, [(row["sample"], row["items"]) for row in rows]) == (
        0, [("H001-2026-09-01-1", ["R02"]), ("H001-2026-09-01-2", [])],
    )  # fmt: skip
    code, rows, _ = mingcha(
        "H001-2026-09-01-1", "--decision", "violation", "--item", "R02@5:空窗", "--item", "A02@6:无牌"
    )
    assert (code, len(rows)) == (0, 1)
    code, rows, told = mingcha("--undo")
    assert (code, len(rows)) == (0, 2)
    assert "H001-2026-09-01-1" in told
    assert mingcha("H001-2026-09-01-1", "--decision", "ok", "--reject", "遮挡")[0] == 0


@pytest.mark.parametrize(("arguments", "code", "words"), [
    (["H001-2026-09-01-1"], 2, "--decision"),
    (["H001-2026-09-01-1", "--decision", "violation", "--item", "R02"], 2, "CODE@SECOND:note"),
    (["H001-2026-09-01-1", "--decision", "ok"], 2, "neither confirmed nor rejected"),
    (["H001-2026-09-01-9", "--decision", "ok"], 1, "no sample"),
    (["--undo"], 2, "nothing of yours"),
])  # fmt: skip
def test_what_cannot_be_judged_is_said(mingcha, arguments, code, words):
    found, rows, told = mingcha(*arguments)
    assert (found, rows) == (code, None)
    assert words in told


def test_who_does_not_review_may_only_look(mingcha):
    assert len(mingcha(person="所长")[1]) == 2
    code, _, told = mingcha("H001-2026-09-01-2", "--decision", "ok", person="所长")
    assert (code, "may not decide" in told) == (1, True)
