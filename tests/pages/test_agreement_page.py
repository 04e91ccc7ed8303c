"""The Agreement page: figures with their intervals and what they allow to conclude; nobody named who should not be."""

import json
import shutil
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from dashboard.bootstrap import open_application
from dashboard.database.models import JUDGEMENTS, RECORD_TABLES
from dashboard.instants import to_micros
from tests.journeys.company import KEEPER, PERSON
from tests.pages.opening import text_of

HEAD = "许立"
LINEAGE = {"version_at": 0, "content_hash": 0, "batch_id": 1, "row_no": 1}


@pytest.fixture
def home(company, tmp_path):
    """Thirty samples judged twice, drawn by lot: the second person missed one of three violations."""
    made = shutil.copytree(company, tmp_path / "home")
    app = open_application(directory=made, environment={})
    with app.db.session() as connection:
        for number in range(30):
            at = datetime(2026, 8, 1, 2, tzinfo=UTC) + timedelta(days=number)
            connection.execute(sa.insert(RECORD_TABLES["samples"]).values(
                sample_id=f"B-{number}", hall_code="H0201", camera_code="K2", date=at.date().isoformat(), slot=2,
                planned_at=to_micros(at), outcome="captured", **LINEAGE))  # fmt: skip
            for round_, by, bad in (("1", PERSON, number < 3), ("2", "周敏", number < 2)):
                items = json.dumps([{"item": "R05"}] if bad else [])
                connection.execute(sa.insert(JUDGEMENTS).values(
                    sample_id=f"B-{number}", round=round_, by=by, decision="violation" if bad else "ok", items=items,
                    rejected="[]", drawn=True if round_ == "1" else None, at=to_micros(at)))  # fmt: skip
    app.db.engine.dispose()
    return made


def test_figures_come_with_intervals_and_a_sentence(opened, home):
    """29 of 30 alike: 96.7 %, Wilson 83.3 % to 99.4 %; AC1 = (0.9667 − 0.0764) ÷ 0.9236 = 0.96."""
    told = text_of(opened(home, "agreement", KEEPER))
    assert "96.7%" in told
    assert "83.3% 至 99.4%" in told
    assert "换一个人很可能得出同样结论" in told
    assert "周敏 · 沈岚" in told
    assert "R05 玩手机/游戏/看视频" in told
    assert "互查 " in told  # the company's one mutual check


def test_an_inspector_is_not_told_the_names_of_the_others(opened, home):
    told = text_of(opened(home, "agreement", PERSON))
    assert "周敏" not in told
    assert "A · 沈岚" in told


def test_heads_of_offices_read_nothing_here(opened, home):
    told = text_of(opened(home, "agreement", HEAD))
    assert "复核一致性供纪检监察、考核、审计和管理人员查看。" in told
    assert "96.7%" not in told


def test_few_samples_allow_no_conclusion_and_none_say_what_would_be_here(opened, company, nothing):
    told = text_of(opened(company, "agreement", KEEPER))
    assert "双人复核的样本太少，不能下结论：0 个，至少需要 20 个。" in told
    assert "本期尚无盲审。" in told
    assert "本期没有任何营业厅被检查。" in text_of(opened(nothing, "agreement", KEEPER))
