"""`mingcha faults | gaps` as a shell calls them."""

import json
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from collectors.video.plan import LOCAL
from collectors.video.recordings import Template
from dashboard import bootstrap
from dashboard.cli import main
from dashboard.instants import to_micros
from dashboard.queries.samples import why_text
from dashboard.sampling import faults
from dashboard.sampling.gaps import note_gaps

HALL, CAMERA = "H001", "H001-1"
PLAYBACK = "rec/{camera}/%Y%m%d/%H.mp4"
EVENING = datetime(2026, 9, 1, 20, 0, tzinfo=LOCAL)


@pytest.fixture
def mingcha(sqlite_halls, monkeypatch, capsys):
    """Run a command beside a hall with one camera; the rows of its JSON, or its exit code and words."""
    halls = sqlite_halls
    halls.hall()
    halls.camera(playback=PLAYBACK)
    (halls.home / "mingcha.toml").write_text(
        f'[database]\nurl = "{halls.db.url}"\n[video.slots]\n1 = "10:00-10:20"\n2 = "14:00-14:20"\n'
        '[people]\n"所长" = { role = "office_head", offices = ["H002"] }\n',
        encoding="utf-8",
    )
    monkeypatch.chdir(halls.home)
    for name in ("MINGCHA_DATABASE_URL", "MINGCHA_USER", "MINGCHA_CONFIG"):
        monkeypatch.delenv(name, raising=False)
    opened = bootstrap.open_application
    monkeypatch.setattr(
        bootstrap, "open_application", lambda **options: replace(opened(**options), now=lambda: EVENING.astimezone(UTC))
    )

    def run(*arguments):
        with pytest.raises(SystemExit) as ended:
            main([*arguments, "--format", "json"])
        said = capsys.readouterr()
        return json.loads(said.out)["rows"] if not ended.value.code else (ended.value.code, said.err)

    run.halls = halls
    return run


def test_faults_are_listed_while_they_last(mingcha):
    with mingcha.halls.db.session() as connection:
        for hours, outcome, cause in (
            (6, "not_checkable", "black"),
            (4, "captured", None),
            (2, "not_checkable", "moved"),
        ):
            faults.note(connection, camera=CAMERA, hall=HALL, sample=f"S{hours}", outcome=outcome, cause=cause,
                        at=EVENING - timedelta(hours=hours))  # fmt: skip
    (row,) = mingcha("faults")
    assert (row["camera"], row["cause"], row["opened_at"], row["closed_at"]) == (
        CAMERA, "moved", "2026-09-01T18:00:00+08:00", None,
    )  # fmt: skip
    assert [row["cause"] for row in mingcha("faults", "--all")] == ["moved", "black"]
    assert mingcha("faults", "--as", "所长", "--all") == []
    assert mingcha("faults", "--hall", "H001", "--as", "所长")[0] == 1


def test_gaps_of_a_day_lie_between_its_first_and_last_slot(mingcha):
    halls = mingcha.halls
    template = Template(PLAYBACK, CAMERA, halls.home)
    for hour in (9, 10, 11, 13, 14):
        path = template.at(EVENING.replace(hour=hour))
        halls.scenes.write(path, 3600, lambda _: halls.scenes.room()[:90, :160], rate=0.02)
    (row,) = mingcha("gaps", "--date", "2026-09-01")
    assert (row["camera"], row["to"], row["continuous"]) == (CAMERA, "2026-09-01T13:00:00+08:00", True)
    assert 3500 <= row["seconds"] <= 3700
    assert mingcha("gaps", "--date", "2026-09-01", "--as", "所长") == []


@pytest.mark.parametrize(("hours", "candidates"), [((9, 10, 11, 13, 14, 15, 16), 1), ((9, 13), 0)])
def test_the_widest_gap_becomes_one_candidate_unless_the_recorder_keeps_parts_only(sqlite_halls, hours, candidates):
    halls = sqlite_halls
    halls.hall()
    halls.camera(playback=PLAYBACK, windows=())
    day = halls.moment().astimezone(LOCAL)
    for hour in hours:
        path = Template(PLAYBACK, CAMERA, halls.home).at(day.replace(hour=hour, minute=0, second=0))
        halls.scenes.write(path, 3600, lambda _: halls.scenes.room()[:90, :160], rate=0.02)
    look = {"sample_id": "S", "hall_code": HALL, "camera_code": CAMERA, "date": str(day.date()), "slot": 3,
            "planned_at": to_micros(day.replace(hour=13, minute=20)), "outcome": "captured"}  # fmt: skip
    halls.insert("samples", **look)
    midnight = day.replace(hour=0, minute=40) + timedelta(days=1)
    assert note_gaps(halls.db, halls.settings, day.date(), now=midnight) == candidates
    assert note_gaps(halls.db, halls.settings, day.date(), now=midnight) == 0
    for row in halls.findings():
        assert (row.sample_id, row.item_code, row.camera_code) == ("S", "F04", CAMERA)
        assert re.fullmatch(r"录像缺段，持续 36\d\d 秒。", why_text(row.item_code, row.why))


def test_a_day_that_is_none_is_bad_usage(mingcha):
    code, words = mingcha("gaps", "--date", "yesterday")
    assert code == 2
    assert "yesterday" in words
