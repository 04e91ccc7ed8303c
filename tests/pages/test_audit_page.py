"""The Audit page, and unmasking on the Record page, as people see them."""

import shutil
from datetime import UTC, datetime

import pytest
import sqlalchemy as sa

from dashboard.actions import audit
from dashboard.database import Database
from dashboard.database.models import AUDIT
from dashboard.people import Viewer
from dashboard.texts import set_language
from dashboard.web.views.audit import verb
from tests.journeys.company import PERSON
from tests.pages.opening import text_of

AUDITOR = "审计员"
CUSTOMER = "990102007"
"""Of repair XB-007."""


@pytest.fixture(scope="module")
def home(company, tmp_path_factory):
    folder = tmp_path_factory.mktemp("audited") / "home"
    shutil.copytree(company, folder)
    people = f'"{AUDITOR}" = {{ role = "auditor", offices = ["*"] }}\n'
    (folder / "mingcha.toml").write_text((folder / "mingcha.toml").read_text("utf-8") + people, "utf-8")
    db = Database(f"sqlite:///{folder / 'mingcha.db'}")
    with db.session() as connection:
        for who, deed in (("沈岚", "look"), ("秦怀瑾", "save_source"), ("沈岚", "confirm")):
            audit.record(connection, Viewer(who, "inspector", frozenset({"*"})), deed, f"thing of {deed}",
                         "<b>加粗</b>", at=datetime(2026, 9, 1, 2, tzinfo=UTC))  # fmt: skip
    db.engine.dispose()
    return folder


def test_an_auditor_reads_filters_and_an_inspector_does_not(opened, home):
    text = text_of(opened(home, "audit", AUDITOR))
    assert text.index("thing of confirm") < text.index("thing of save_source") < text.index("thing of look")
    assert "存证链只能发现改动，不能阻止改动" in text
    assert "<b>加粗</b>" in text
    text = text_of(opened(home, "audit", AUDITOR, who="沈岚", verb="look", until="2026-09-01"))
    assert "thing of look" in text
    assert "thing of confirm" not in text
    assert "没有符合条件的日志" in text_of(opened(home, "audit", AUDITOR, **{"from": "2027-01-01"}))
    text = text_of(opened(home, "audit", PERSON))
    assert "审计日志由审计员和管理员查看" in text
    assert "thing of" not in text


def test_a_deed_is_told_in_words_beside_its_verb():
    set_language("zh")
    said = {name: str(verb(name)) for name in ("take_sample", "violation_close", "no_such_verb")}
    assert said == {
        "take_sample": "抓取抽查样本 <code>take_sample</code>",
        "violation_close": "已销号 <code>violation_close</code>",
        "no_such_verb": "<code>no_such_verb</code>",
    }


def test_a_field_is_masked_shown_for_a_reason_and_gone_for_the_next_person(opened, home):
    page = opened(home, "record", PERSON, record="repairs", number="XB-007")
    assert "****2007" in text_of(page)
    assert CUSTOMER not in text_of(page)
    page.button[-1].click().run()
    assert "须写明事由" in text_of(page)
    next(one for one in page.text_input if one.label == "查看事由").set_value("回访客户")
    page.button[-1].click().run()
    assert CUSTOMER in text_of(page)
    assert CUSTOMER not in str(page.query_params)
    db = Database(f"sqlite:///{home / 'mingcha.db'}")
    with db.reading() as connection:
        line = connection.execute(sa.select(AUDIT).order_by(AUDIT.c.id.desc())).first()
    db.engine.dispose()
    assert (line.actor, line.action, line.subject.split()[2]) == (PERSON, "unmask", "customer_no")
    page.session_state["mingcha_person"] = "许立"
    page.run()
    assert CUSTOMER not in text_of(page)
    assert "mingcha_unmasked" not in page.session_state
