"""The Inspect page: a sheet is begun, filled by taps and sent; what may be one fact is joined; who may do which."""

import io
import shutil
from datetime import UTC, datetime

import pytest
import sqlalchemy as sa
from PIL import Image

from checks.rulebook.loader import load_rulebook
from dashboard.actions.inspections import add_photograph, save_entry, start, submit
from dashboard.bootstrap import open_application
from dashboard.database.models import FACT_JOINS, RECORD_TABLES
from dashboard.people import viewer_named
from dashboard.queries.inspections import Entry, drafts
from tests.journeys.company import KEEPER, PERSON
from tests.pages.opening import markup_of, press, text_of

HEAD = "许立"
SHEET = load_rulebook().sheet


@pytest.fixture
def home(company, tmp_path):
    return shutil.copytree(company, tmp_path / "home")


def application(home):
    return open_application(directory=home, environment={})


def begun(home, *, hall="H0201", at=datetime(2026, 8, 12, 7, 0, tzinfo=UTC)):
    """A draft of the inspector; the company's one imported row is R05 in H0201 on the same day."""
    app = application(home)
    by = viewer_named(app.settings, PERSON)
    number = start(app.db, by=by, kind="on_site", hall=hall, inspected_at=at, at=app.now())
    return app, by, number


def sent(home):
    app, by, number = begun(home)
    save_entry(
        app.db, by=by, draft=number, item="R05", entry=Entry("violation", 1, "看视频"), sheet=SHEET, at=app.now()
    )
    picture = io.BytesIO()
    Image.new("RGB", (64, 48), (90, 90, 90)).save(picture, "JPEG")
    add_photograph(app.db, by=by, draft=number, item="R05", content=picture.getvalue(), at=app.now())
    root = app.settings.path(app.settings.video.evidence_dir)
    sheet = submit(app.db, by=by, draft=number, root=root, sheet=SHEET, at=app.now())
    app.db.engine.dispose()
    return sheet


def test_a_sheet_is_begun_and_filled_by_taps_and_every_tap_is_kept(opened, home):
    app = opened(home, "inspections")
    assert "现场检查" in text_of(app)
    assert "新的检查表" in text_of(app)
    app.selectbox(key="inspect_hall").set_value("H0201")
    assert "草稿保存在服务器上" in press(app, "开始")
    assert app.query_params["draft"] == "1"
    app.segmented_control(key="inspect_1_R05_result").set_value("violation").run()
    app.pills(key="inspect_1_R05_clause").set_value(app.pills(key="inspect_1_R05_clause").options[0]).run()
    app.number_input(key="inspect_1_R05_count").set_value(2).run()
    assert "已查 12/44 项 · 违规 1 项" in press(app, "其余 11 项均合规")
    kept = application(home)
    found = drafts(kept.db, viewer_named(kept.settings, PERSON))[0]
    entry = found.entries["R05"]
    assert (entry.result, entry.count, len(found.entries)) == ("violation", 2, 12)
    assert entry.note
    again = opened(home, "inspections", draft="1")  # another browser, after a restart
    assert again.segmented_control(key="inspect_1_R05_result").value == "violation"
    assert again.text_area(key="inspect_1_R05_note").value == entry.note
    assert "已提交，编号 XC-" in press(again, "提交检查表")
    table = RECORD_TABLES["inspections"].c
    with kept.db.reading() as connection:
        rows = connection.execute(sa.select(table.item_code).where(table.inspection_no.like("XC-%"))).all()
    assert len(rows) == 12


def test_a_violation_without_words_is_told_and_the_draft_stays(opened, home):
    _, _, number = begun(home)
    app = opened(home, "inspections", draft=str(number))
    app.segmented_control(key=f"inspect_{number}_R01_result").set_value("violation").run()
    told = press(app, "提交检查表")
    assert "以下违规没有文字说明：R01。" in told
    assert "违规 1 项" in told


def test_a_draft_of_somebody_else_is_not_there(opened, home):
    _, _, number = begun(home)
    assert "该草稿已不存在" in text_of(opened(home, "inspections", KEEPER, draft=str(number)))


def test_a_head_may_check_others_but_not_their_own(opened, home):
    app = opened(home, "inspections", HEAD)
    assert app.segmented_control(key="inspect_kind").options == ["互查"]
    assert app.selectbox(key="inspect_hall").options == ["东河营业厅", "南庄营业厅"]  # 西坝, the head's own, has none


def test_what_may_be_one_fact_is_listed_and_joined_by_a_reason(opened, home):
    sheet = sent(home)
    app = opened(home, "inspections", view="facts")
    assert "J-1" in text_of(app)
    assert sheet in text_of(app)
    assert "请说明为何是（或不是）同一事实。" in press(app, "是同一事实")
    next(field for field in app.text_input if field.label == "依据").set_value("同一位柜员")
    assert "F-20260812-001" in press(app, "是同一事实")
    with application(home).db.reading() as connection:
        assert [row.reason for row in connection.execute(sa.select(FACT_JOINS.c.reason))] == ["同一位柜员"]
    assert "不是同一事实" not in [button.label for button in opened(home, "inspections", HEAD, view="facts").button]
    record = opened(home, "record", record="inspections", number=sheet)
    assert "其他方式也已发现" in text_of(record)
    assert "J-1" in text_of(record)
    assert 'src="/evidence/' in markup_of(record)
    assert f"其他方式也已发现： {sheet}" in text_of(opened(home, "office", office="H0201", indicator="H1"))


def test_without_anything_the_page_says_what_would_be_here(opened, nothing):
    assert "没有可由您检查的营业厅。" in text_of(opened(nothing, "inspections"))
    assert "没有待处理事项。" in text_of(opened(nothing, "inspections", view="facts"))
