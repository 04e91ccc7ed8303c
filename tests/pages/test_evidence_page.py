"""The Evidence page: length, heads, what verification found, a case with its package, holds placed and lifted."""

import shutil

import pytest
import sqlalchemy as sa

from dashboard.bootstrap import open_application
from dashboard.database.models import EVIDENCE
from dashboard.evidence.complete import verify_everything
from dashboard.evidence.heads import create_key, sign_head
from tests.journeys.company import KEEPER, SAMPLE_FLAGGED
from tests.pages.opening import press, text_of


@pytest.fixture
def home(company, tmp_path):
    """The company with a signed head and a verification; its pictures are made up, so their digests do not fit."""
    made = shutil.copytree(company, tmp_path / "home")
    app = open_application(directory=made, environment={})
    create_key(app.settings.path(app.settings.evidence.key_file))
    sign_head(app)
    verify_everything(app)
    app.db.engine.dispose()
    return made


def test_the_page_tells_how_the_chain_stands_and_what_verification_found(opened, home):
    told = text_of(opened(home, "evidence"))
    assert "链上条目" in told
    assert "最近签名" in told
    assert "文件被改 clip.mp4" in told  # made up
    assert "记录未入链 evidence 1" in told  # stored by the fixture behind the chain's back
    assert "链头只存放在本机" in told
    assert "No head has been signed" not in text_of(opened(home, "evidence", lang="en"))


def test_others_read_nothing_here(opened, home):
    told = text_of(opened(home, "evidence", KEEPER))
    assert "存证链供纪检监察、审计和管理人员查看。" in told
    assert "文件被改" not in told


def test_a_case_is_shown_with_its_steps_and_files(opened, home, monkeypatch):
    app = opened(home, "evidence", sample=SAMPLE_FLAGGED)
    told = text_of(app)
    assert "计划时刻" in told
    assert "检测器查看" in told
    assert "尚未由签名链头覆盖" in told
    refused = press(app, "生成案件包")
    assert "存证 1 的文件与入链时不一致" in refused
    assert "下载案件包" not in refused
    monkeypatch.setattr("dashboard.web.components.evidence.make_parcel", lambda _app, **_asked: "ab12")
    assert "下载案件包" in press(app, "生成案件包")
    gone = text_of(opened(home, "evidence", sample="NOT-THERE"))
    assert "没有样本“NOT-THERE”，或不在您的查看范围内。" in gone or "NOT-THERE" in gone


def test_a_hold_is_placed_with_a_reason_and_lifted_with_one(opened, home):
    app = opened(home, "evidence", sample=SAMPLE_FLAGGED)
    assert "保全须说明理由" in press(app, "设置保全")
    app.text_input(key="hold_why").set_value("申诉 12 号")
    told = press(app, "设置保全")
    assert "保全 1 已生效。" in told
    assert "申诉 12 号" in told
    app.text_input(key="lift_why").set_value("申诉已结")
    assert "没有保全。" in press(app, "解除保全")


def test_an_empty_installation_says_what_will_be_here(opened, nothing):
    told = text_of(opened(nothing, "evidence"))
    assert "尚未核验。" in told
    assert "尚未签名。" in told
    assert "没有到期的文件。" in told


def test_the_fixture_is_what_the_tests_say(home):
    app = open_application(directory=home, environment={})
    with app.db.reading() as connection:
        assert connection.execute(sa.select(sa.func.count()).select_from(EVIDENCE)).scalar_one() > 0
    app.db.engine.dispose()
