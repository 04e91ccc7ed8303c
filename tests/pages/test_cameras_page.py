"""The Cameras page: how each camera answered, its picture to draw on, and who may."""

from datetime import UTC, datetime, timedelta

import sqlalchemy as sa

from collectors.video.windows import OF_A_WINDOW, PLACES, STAFFED
from dashboard.bootstrap import open_application
from dashboard.database.models import AUDIT, RECORD_TABLES
from dashboard.people import Viewer
from dashboard.queries.cameras import camera
from dashboard.sampling import faults
from dashboard.web.components.drawing import Drawing, drawing_of
from dashboard.web.views.cameras import KIND_WORDS, polygon
from tests.journeys.company import KEEPER, make_company
from tests.pages.opening import press, text_of


def test_without_cameras_it_says_how_they_come(opened, nothing):
    text = text_of(opened(nothing, "cameras"))
    assert "每路摄像机看到什么，画面上标绘了什么？" in text
    assert "这里没有摄像机。" in text


def test_every_camera_with_its_last_answer_and_its_drawing(opened, company):
    text = text_of(opened(company, "cameras"))
    assert "1号窗口 K1 东河营业厅 已采集 9月30日 17:00 — 未画窗口 未留存" in text
    assert "1号窗口 K2 南庄营业厅 已采集 9月30日 17:00" in text
    assert "2 摄像机 0 路最近一次不可判 2 路未画窗口 2 路无空窗参考图" in text
    assert "这里没有摄像机。" in text_of(opened(company, "cameras", person="许立"))


def test_a_picture_is_chosen_and_kept_as_that_of_the_empty_windows(opened, tmp_path):
    home = make_company(tmp_path / "home")
    app = opened(home, "cameras", camera="K1")
    assert "供标绘的画面已隐去检出的人员；每次查看都有记录。" in text_of(app)
    [choice] = [one for one in app.selectbox if one.label == "画面"]
    assert [one.partition(" · ")[2] for one in choice.options] == ["第 6.5 秒 · 1 人", "第 8.5 秒 · 0 人"]
    assert choice.value.second == 8.5  # the clerk left at second 5, the clip ends at second 12
    [second] = app.number_input
    second.set_value(2.0).run()  # the clerk is still there
    assert choice.value.second == 8.5
    second.set_value(9.0).run()
    assert "摄像机画面与参考图不符。" not in text_of(app)
    assert "参考图已留存，自下次抽查起使用。" in press(app, "将此画面存为空窗参考图")
    assert "沈岚 留存空窗参考图" in text_of(app)
    made = open_application(directory=home, environment={})
    with made.db.reading() as connection:
        done = connection.execute(sa.select(AUDIT.c.action, AUDIT.c.subject).where(AUDIT.c.actor == "沈岚")).all()
    made.db.engine.dispose()
    assert done.count(("look at camera", "K1")) == 3  # one per picture, however often the page runs
    assert ("keep_reference", "K1") in done
    reference = next((home / "var" / "evidence" / "reference" / "K1").iterdir())
    assert reference.suffix == ".png"
    with made.db.session() as connection:
        connection.execute(sa.update(RECORD_TABLES["samples"]).values(outcome="not_checkable", cause="moved"))
    made.db.engine.dispose()
    assert "摄像机画面与参考图不符。 请在新画面上重新标绘" in text_of(opened(home, "cameras", camera="K1"))


def test_who_does_not_draw_sees_a_blurred_picture_and_a_camera_without_one_says_so(opened, company):
    text = text_of(opened(company, "cameras", person=KEEPER, camera="K1"))
    assert "窗口以外均已打码。标绘由管理员和纪检监察人员进行。" in text
    assert "这路摄像机还没有画面。" in text_of(opened(company, "cameras", camera="K2"))
    assert "没有摄像机“K9”。" in text_of(opened(company, "cameras", camera="K9"))


def test_only_a_drawing_of_what_is_shown_is_taken(company):
    made = open_application(directory=company, environment={})
    found = camera(made.db, Viewer("沈岚", "inspector", frozenset({"*"})), made.settings, "K1")
    made.db.engine.dispose()
    sent = {"kind": "save", "camera": "K1", "turn": 3, "version": 7, "size": [320, 180],
            "items": [{"name": "1", "polygon": [[0, 0], [9, 0], [9, 9]]}, "junk"]}  # fmt: skip
    assert drawing_of(sent, found, 3) == Drawing("K1", 7, (320, 180), [sent["items"][0]])
    for change in ({"turn": 2}, {"camera": "K2"}, {"size": [1]}, {"items": "x"}, {"version": None}):
        assert drawing_of({**sent, **change}, found, 3) is None
    assert drawing_of(None, found, 3) is None


def test_polygons_are_named_in_words():
    assert [polygon(name) for name in ("1号窗口", "waiting", "line:2", "sign:1号窗口", "sign")] == [
        "1号窗口", "等候区", "一米线内 2", "暂停服务牌 1号窗口", "sign"]  # fmt: skip
    assert set(KIND_WORDS) == {STAFFED, *PLACES, *OF_A_WINDOW}


def test_open_equipment_faults_stand_above_the_list_until_the_camera_sees_again(opened, tmp_path):
    home = make_company(tmp_path / "home")
    opened_at = datetime(2026, 9, 30, 6, 5, tzinfo=UTC)

    def note(outcome, cause, at):
        made = open_application(directory=home, environment={})
        with made.db.session() as connection:
            hall = connection.execute(sa.select(RECORD_TABLES["cameras"].c.hall_code).limit(1)).scalar_one()
            faults.note(connection, camera="K1", hall=hall, sample="S1", outcome=outcome, cause=cause, at=at)
        made.db.engine.dispose()

    assert "设备故障" not in text_of(opened(home, "cameras"))
    note("not_checkable", "wrong_password", opened_at)
    text = text_of(opened(home, "cameras"))
    assert "设备故障 至恢复可判为止；绝不计作“无违规”" in text
    assert "1号窗口" in text.partition("设备故障")[2]
    assert "密码错误" in text
    note("captured", None, opened_at + timedelta(hours=1))
    assert "设备故障" not in text_of(opened(home, "cameras"))
