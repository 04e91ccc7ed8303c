"""mingcha.toml: every key is known or named, the environment wins, paths are meant from the folder of the file."""

from datetime import time

import pytest

from dashboard.errors import MingchaError, UsageError
from dashboard.people import EVERYTHING, viewer_named
from dashboard.settings import load


def write(folder, text):
    (folder / "mingcha.toml").write_text(text, encoding="utf-8")
    return folder


def test_without_a_file_the_defaults_hold(tmp_path):
    settings = load({}, tmp_path)
    assert settings.database.url == "sqlite:///mingcha.db"
    assert settings.freeze.grace_days == 10
    assert [slot.number for slot in settings.video.slot_table] == [1, 2, 3, 4, 5]
    assert settings.video.slot_table[2].starts == time(12, 0)
    assert settings.video.slot_table[2].ends == time(13, 30)


@pytest.mark.parametrize(
    ("text", "named", "guess"),
    [
        ("[databse]\nurl = 'x'", "databse", "database"),
        ("[database]\nurll = 'x'", "database.urll", "url"),
        ("[video]\nperson_modle = 'x'", "video.person_modle", "person_model"),
        ("[people.'王敏']\nrole = 'inspector'\noffices = ['*']\noffice = 'x'", "office", "offices"),
    ],
)
def test_an_unknown_key_is_named_with_the_nearest(tmp_path, text, named, guess):
    with pytest.raises(MingchaError) as caught:
        load({}, write(tmp_path, text))
    assert named in str(caught.value)
    assert f"'{guess}'" in str(caught.value)
    assert "mingcha.toml" in str(caught.value)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[video.slots]\n1 = '9-10'", "'9-10'"),
        ("[video.slots]\n1 = '10:00-09:00'", "ends before it starts"),
        ("[people.x]\nrole = 'boss'\noffices = ['*']", "unknown role 'boss'"),
        ("[people.x]\nrole = 'auditor'", "offices"),
        ("[web]\nport = 'many'", "web.port"),
        ("not toml at all", "not valid TOML"),
    ],
)
def test_a_bad_value_says_what_was_seen(tmp_path, text, words):
    with pytest.raises(MingchaError) as caught:
        load({}, write(tmp_path, text))
    assert words in str(caught.value)


def test_the_environment_wins(tmp_path):
    write(tmp_path, "[database]\nurl = 'sqlite:///file.db'")
    settings = load({"MINGCHA_DATABASE_URL": "sqlite:///other.db", "MINGCHA_PERSON_MODEL": "m.onnx"}, tmp_path)
    assert settings.database.url == "sqlite:///other.db"
    assert settings.video.person_model == "m.onnx"


def test_a_named_file_that_is_missing_is_refused(tmp_path):
    with pytest.raises(MingchaError, match=r"nowhere\.toml"):
        load({"MINGCHA_CONFIG": str(tmp_path / "nowhere.toml")})


def test_a_person_sees_the_offices_written_down_and_nobody_sees_all_by_default(tmp_path):
    settings = load({}, write(tmp_path, "[people.'王敏']\nrole = 'regional_manager'\noffices = ['3440101']"))
    viewer = viewer_named(settings, "王敏")
    assert viewer.offices == frozenset({"3440101"})
    assert not viewer.sees_everything
    assert not viewer.proved
    assert viewer_named(settings, None).offices == EVERYTHING


def test_an_unknown_person_is_refused_with_the_nearest_name(tmp_path):
    settings = load({}, write(tmp_path, "[people.'王小敏']\nrole = 'auditor'\noffices = ['*']"))
    with pytest.raises(UsageError, match="王小敏"):
        viewer_named(settings, "王敏")


def test_days_of_grace_are_not_negative(tmp_path):
    with pytest.raises(MingchaError, match=r"'freeze.grace_days' = -60: .*greater than or equal to 0"):
        load({}, write(tmp_path, "[freeze]\ngrace_days = -60"))
