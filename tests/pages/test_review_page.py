"""Every state of the review page: to judge, decided, on another desk, one's own office, and for who only looks."""

import shutil
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from checks.rulebook.loader import load_rulebook
from dashboard.actions.review import claim, decide
from dashboard.database import Database
from dashboard.database.models import GOLD_SAMPLES, KEPT_CASES, REVIEW_CLAIMS
from dashboard.people import Viewer
from dashboard.reviewing.draw import Desk
from dashboard.reviewing.rounds import Verdict
from tests.journeys.company import PERSON
from tests.pages.opening import press, text_of

PLAIN = "H0101-2026-09-30-2"
COLLEAGUE = Viewer("周敏", "reviewer", frozenset({"*"}))


@pytest.fixture
def home(company, tmp_path):
    """The small company, for this test alone; a look at it from outside."""
    copied = shutil.copytree(company, tmp_path / "home")
    db = Database(f"sqlite:///{copied / 'mingcha.db'}")
    with db.session() as connection:
        connection.execute(sa.delete(REVIEW_CLAIMS))  # of tests that opened the page of the company itself
    yield copied, db, Desk(timedelta(minutes=10), 0.0, 0.0, copied / "review.secret")
    db.engine.dispose()


def decided(db, desk):
    decide(db, by=COLLEAGUE, sample=PLAIN, verdict=Verdict("ok"), sheet=load_rulebook().sheet, desk=desk,
           at=datetime.now(UTC))  # fmt: skip


def rows(db, table):
    with db.reading() as connection:
        return connection.execute(sa.select(table)).all()


def test_opening_the_page_puts_the_oldest_sample_on_the_desk(opened, home):
    folder, db, _ = home
    seen = text_of(opened(folder, "review"))
    assert "全部待复核 2" in seen
    assert [(row.sample_id, row.by) for row in rows(db, REVIEW_CLAIMS)] == [("H0101-2026-09-30-1", PERSON)]


def test_filters_narrow_the_queue(opened, home):
    folder, *_ = home
    assert "队列：1" in text_of(opened(folder, "review", show="flagged"))
    assert "没有符合条件的待复核样本" in text_of(opened(folder, "review", show="not_checkable"))
    assert "队列：1" in text_of(opened(folder, "review", slot="2"))
    assert "没有符合条件的待复核样本" in text_of(opened(folder, "review", item="A01"))


def test_what_lies_on_another_desk_is_not_given_twice(opened, home):
    folder, db, desk = home
    for number in (1, 2):
        other = Viewer(f"人{number}", "reviewer", frozenset({"*"}))
        claim(db, by=other, sample=f"H0101-2026-09-30-{number}", desk=desk, at=datetime.now(UTC))
    assert "待复核的都在他人手中" in text_of(opened(folder, "review"))
    assert "他人复核中" in text_of(opened(folder, "review", sample=PLAIN))


def test_who_only_looks_claims_nothing(opened, home):
    folder, db, _ = home
    assert "队列：2" in text_of(opened(folder, "review", person="秦怀瑾"))
    assert rows(db, REVIEW_CLAIMS) == []


def test_nobody_is_given_the_halls_of_their_own_office(opened, home):
    folder, db, _ = home
    toml = folder / "mingcha.toml"
    toml.write_text(toml.read_text("utf-8").replace('role = "inspector", ', 'role = "inspector", works_at = "9901", '),
                    "utf-8")  # fmt: skip
    assert "没有待复核的样本" in text_of(opened(folder, "review"))
    assert rows(db, REVIEW_CLAIMS) == []


def test_a_decided_sample_is_kept_as_a_case_and_as_a_known_answer(opened, home):
    folder, db, desk = home
    decided(db, desk)
    app = opened(folder, "review", sample=PLAIN)
    assert "已有判定" in text_of(app)
    app.text_input(key=f"keeping_{PLAIN}_note").set_value("挂牌后再离开")
    assert "已留存" in press(app, "留存")
    assert [(row.kind, row.note) for row in rows(db, KEPT_CASES)] == [("typical", "挂牌后再离开")]
    assert "不计入得分" in press(app, "定为标准答案")
    assert [(row.decision, row.by) for row in rows(db, GOLD_SAMPLES)] == [("ok", PERSON)]
    assert "今后不再派发" in press(app, "撤回标准答案")
    assert "挂牌后再离开" in text_of(opened(folder, "cases_to_learn", person="许立"))
    assert "其他单位的营业厅" in text_of(opened(folder, "cases_to_learn", person="许立"))


def test_a_known_answer_stands_in_the_queue_from_the_first_look_on(opened, home):
    folder, db, desk = home
    decided(db, desk)
    with db.session() as connection:
        connection.execute(sa.insert(GOLD_SAMPLES).values(sample_id=PLAIN, decision="ok", items="[]", by="许立", at=0))
    toml = folder / "mingcha.toml"
    toml.write_text(toml.read_text("utf-8") + "\n[review]\ngold_share = 1.0\n", "utf-8")
    seen = text_of(opened(folder, "review"))
    assert [row.sample_id for row in rows(db, REVIEW_CLAIMS)] == [PLAIN]
    assert "全部待复核 2" in seen
    assert "队列：2" in seen


def test_a_sample_that_waits_offers_nothing_to_keep(opened, home):
    folder, *_ = home
    seen = opened(folder, "review", sample=PLAIN)
    assert [one.label for one in seen.expander] == []
    assert "已有判定" not in text_of(seen)
