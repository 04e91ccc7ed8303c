"""`mingcha look | plan | sample | samples | verify` as a shell calls them: exit codes, JSON alone on stdout."""

import json
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest

from collectors.video.plan import LOCAL
from dashboard import bootstrap
from dashboard.cli import main

THREE = datetime(2026, 9, 1, 15, 0, tzinfo=LOCAL)
"""After the last slot, and late enough to give up a minute that the recorder does not hold."""


def at_three():
    return THREE.astimezone(UTC)


@pytest.fixture
def mingcha(capsys, monkeypatch, tmp_path):
    """Run a command in an empty folder; (exit code, stdout, stderr)."""
    monkeypatch.chdir(tmp_path)
    for name in ("MINGCHA_PERSON_MODEL", "MINGCHA_DATABASE_URL", "MINGCHA_USER", "MINGCHA_CONFIG"):
        monkeypatch.delenv(name, raising=False)

    def run(*arguments):
        with pytest.raises(SystemExit) as ended:
            main([str(argument) for argument in arguments])
        said = capsys.readouterr()
        return ended.value.code, said.out, said.err

    return run


@pytest.fixture
def company(sqlite_halls, monkeypatch):
    """Halls with a configuration that the command line finds, at three o'clock."""
    halls = sqlite_halls
    config = (
        f'[database]\nurl = "{halls.db.url}"\n[plan]\nsecret_file = "plan.secret"\n'
        '[video]\nperson_model = "none"\nevidence_dir = "evidence"\n'
        '[video.slots]\n1 = "10:00-10:20"\n2 = "14:00-14:20"\n'
        '[people]\n"所长" = { role = "office_head", offices = ["H002"] }\n'
    )
    (halls.home / "mingcha.toml").write_text(config, encoding="utf-8")
    opened = bootstrap.open_application
    monkeypatch.setattr(bootstrap, "open_application", lambda **options: replace(opened(**options), now=at_three))
    halls.hall()
    halls.camera()
    return halls


@pytest.fixture
def clip(tmp_path, request):
    scenes = request.getfixturevalue("sqlite_halls").scenes
    return scenes.write(tmp_path / "clip.mp4", 20, scenes.room_with((5, 15)))


def polygons(tmp_path, *polygon):
    path = tmp_path / "windows.json"
    path.write_text(json.dumps([{"name": "柜台1", "polygon": polygon}]), encoding="utf-8")
    return path


def test_look_prints_the_document_alone_and_needs_no_database(mingcha, clip):
    code, out, err = mingcha("look", clip, "--model", "none", "--format", "json")
    document = json.loads(out)
    assert code == 0
    assert (document["frames_read"], document["frames_analysed"]) == (100, 40)
    assert document["detector"] == "none"
    assert "none" in err


def test_look_reads_polygons_and_a_step(mingcha, clip, tmp_path):
    path = polygons(tmp_path, [100, 20], [220, 20], [220, 170], [100, 170])
    code, out, _ = mingcha("look", clip, "--model", "none", "--windows", path, "--every", "1", "--format", "json")
    document = json.loads(out)
    assert code == 0
    assert document["frames_analysed"] == 20
    assert document["windows"][0]["present_ratio"] == pytest.approx(0.5, abs=0.08)
    reasons = {item["code"]: item["reason"] for item in document["not_judged"]}
    assert {reasons["R01"], reasons["R02"]} == {"not judged: detector too weak"}


def test_look_says_in_words_what_it_saw(mingcha, clip, tmp_path):
    path = polygons(tmp_path, [100, 20], [220, 20], [220, 170], [100, 170])
    code, out, _ = mingcha("look", clip, "--model", "none", "--windows", path)
    assert code == 0
    assert "柜台1" in out
    assert "不予判定：检测器能力不足" in out
    code, out, _ = mingcha("look", clip, "--model", "none", "--windows", path, "--format", "csv")
    assert out.splitlines()[0].startswith("name,present_ratio")


def test_a_black_clip_is_no_failure_of_the_command(mingcha, tmp_path, sqlite_halls):
    path = sqlite_halls.scenes.write(tmp_path / "black.mp4", 12, lambda second: np.zeros((90, 160, 3), np.uint8))
    code, out, _ = mingcha("look", path, "--model", "none", "--evidence", tmp_path / "kept", "--format", "json")
    document = json.loads(out)
    assert code == 0
    assert document["camera"] == {
        "checkable": False, "problems": ["black"], "still": True, "dark": False, "intervals": {"black": [[0.0, 12.0]]},
    }  # fmt: skip
    assert [finding["code"] for finding in document["findings"]] == ["F03"]
    assert len(list((tmp_path / "kept").iterdir())) == 3


BAD = {
    "no file": (["look", "none.mp4", "--model", "none"], 1, "none.mp4: there is no such file"),
    "a text": (["look", "mingcha.txt", "--model", "none"], 1, "cannot be read as a video"),
    "no model": (["look", "clip.mp4", "--model", "none.onnx"], 1, "Person model none.onnx: there is no such file"),
    "no windows": (["look", "clip.mp4", "--model", "none", "--windows", "w.json"], 1, "w.json cannot be read"),
    "both": (["look", "clip.mp4", "--windows", "w.json", "--camera", "C"], 2, "both name windows"),
    "no step": (["look", "clip.mp4", "--every", "0"], 2, "--every 0 is no length of time"),
    "no day": (["plan", "--date", "2026-13-01"], 2, "'2026-13-01' is no day"),
    "no slot": (["sample", "--slot", "7"], 2, "There is no slot 7; slots are 1, 2"),
    "tomorrow": (["sample", "--date", "2026-09-02"], 2, "2026-09-02 has not begun"),
    "no outcome": (["samples", "--outcome", "lost"], 2, "Unknown outcome 'lost'"),
    "no camera": (["look", "clip.mp4", "--camera", "H001-2", "--model", "none"], 2, "Did you mean 'H001-1'?"),
}


@pytest.mark.parametrize("fault", BAD)
def test_bad_calls_get_one_line_and_their_exit_code(mingcha, company, clip, tmp_path, fault):
    arguments, code, words = BAD[fault]
    (tmp_path / "mingcha.txt").write_text("not a video")
    ended, out, err = mingcha(*arguments)
    assert (ended, out) == (code, "")
    assert words in err
    assert len(err.strip().splitlines()) == 1


def test_a_polygon_outside_the_picture_names_window_and_size(mingcha, clip, tmp_path):
    path = polygons(tmp_path, [0, 0], [400, 0], [400, 90])
    code, _, err = mingcha("look", clip, "--model", "none", "--windows", path)
    assert code == 1
    assert "Window '柜台1': the point (400, 0) lies outside the picture of 320 × 180 pixels" in err


def test_look_takes_windows_and_picture_of_a_camera(mingcha, company, clip):
    code, out, _ = mingcha("look", clip, "--camera", "H001-1", "--format", "json")
    assert code == 0
    assert [window["name"] for window in json.loads(out)["windows"]] == ["1"]


def test_a_camera_out_of_sight_is_not_told(mingcha, company, clip):
    company.hall("H002", "城东营业厅")
    code, _, err = mingcha("look", clip, "--camera", "H001-1", "--as", "所长")
    assert code != 0
    assert "H001" in err


def test_a_day_from_plan_to_verify(mingcha, company):
    company.film(company.scenes.room_with((-100, 200)), slot=1)
    code, out, _ = mingcha("sample", "--format", "json")
    assert code == 0
    rows = json.loads(out)["rows"]
    assert [(row["slot"], row["outcome"], row["cause"]) for row in rows] == [
        (2, "missed", "recording_missing"), (1, "captured", None),
    ]  # fmt: skip
    code, out, _ = mingcha("plan", "--date", "2026-09-01", "--format", "json")
    plan = json.loads(out)
    assert code == 0
    assert [row["planned_at"] for row in plan["rows"]] == [company.moment(1).isoformat(), company.moment(2).isoformat()]
    assert len(plan["seed"]) == 64
    code, out, _ = mingcha("samples", "--date", "2026-09-01", "--outcome", "captured", "--format", "json")
    assert [row["slot"] for row in json.loads(out)["rows"]] == [1]
    code, out, _ = mingcha("verify", "--format", "json")
    assert code == 0
    assert json.loads(out)["ok"]
    assert json.loads(out)["chain"] == {"events": 0, "head": "0" * 64}


def test_verify_fails_by_its_exit_code(mingcha, company):
    company.film(company.scenes.room_with((-100, 200)), slot=1)
    mingcha("sample")
    (company.home / "evidence" / company.evidence()[0].path).unlink()
    code, out, _ = mingcha("verify")
    assert code == 1
    assert "missing_file" in out


def test_a_future_day_shows_its_commitment_and_no_moment(mingcha, company):
    code, out, _ = mingcha("plan", "--date", "2026-09-03", "--format", "json")
    plan = json.loads(out)
    assert code == 0
    assert len(plan["commitment"]) == 64
    assert plan["seed"] is None
    assert {row["planned_at"] for row in plan["rows"]} == {None}


def test_the_command_survives_a_decoder_that_aborts(mingcha, tmp_path, monkeypatch):
    from collectors.video import decode

    dying = tmp_path / "dying.py"
    dying.write_text("import os, signal, sys\nsys.stdin.readline()\nos.kill(os.getpid(), signal.SIGABRT)\n")
    monkeypatch.setattr(decode, "DECODER", dying)
    (tmp_path / "bad.avi").write_bytes(b"RIFF")
    code, out, err = mingcha("look", "bad.avi", "--model", "none")
    assert (code, out) == (1, "")
    assert "decoder died on bad.avi (SIGABRT)" in err


def test_help_lists_the_commands():
    done = subprocess.run(
        [sys.executable, "-m", "dashboard.cli", "--help"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0
    for command in ("look", "plan", "sample", "samples", "verify"):
        assert command in done.stdout
