"""The Notices and Disputes pages: what one is told, what became of it, and a dispute from record to decision."""

from datetime import UTC, datetime

import pytest

from dashboard.actions.disputes import file_dispute
from dashboard.bootstrap import open_application
from dashboard.disputing.proofs import Proof
from dashboard.judging.rules import rules_of
from dashboard.notices.outbox import Audience, Office, enter, page_link
from dashboard.notices.sending import send_due
from dashboard.people import viewer_named
from dashboard.queries.record import record as find
from tests.journeys.company import make_company
from tests.pages.opening import markup_of, open_page, press, text_of

HEAD, MANAGER, JUDGE, KEEPER = "许立", "周部", "秦怀瑾", "管理员"
MORE = """
"周部" = { role = "regional_manager", offices = ["9901"] }
"管理员" = { role = "administrator", offices = ["*"] }
"""


@pytest.fixture
def home(tmp_path):
    made = make_company(tmp_path / "home")
    config = made / "mingcha.toml"
    config.write_text(config.read_text(encoding="utf-8").replace("[people]", f"[people]{MORE}"), encoding="utf-8")
    return made


def test_notices_are_read_by_their_own_and_their_fate_by_the_administrator(home):
    app = open_application(directory=home, environment={})
    now = datetime.now(UTC)
    with app.db.session() as connection:
        to = [Audience("office_head", "990102"), Audience("reviewer", "990102")]
        enter(connection, key="k", to=to, topic="dispute", words="Dispute {number} of {office} waits for a decision "
              "until {due}.", values={"number": "D-2026-000009", "office": Office("990102"), "due": now},
              link=page_link("disputes", dispute="D-2026-000009"), at=now)  # fmt: skip
    send_due(app.db, app.settings, clock=lambda: now)
    app.db.engine.dispose()
    page = open_page(home, "notices", HEAD)
    assert "西坝供电所的异议 D-2026-000009 待裁定" in text_of(page)
    assert "1 条未读" in text_of(page)
    assert "dispute=D-2026-000009" in markup_of(page)
    assert "发件箱" not in text_of(page)
    assert "0 条未读" in press(page, "全部标为已读")
    assert "您还没有收到通知" in text_of(open_page(home, "notices", MANAGER))
    fates = text_of(open_page(home, "notices", KEEPER, view="outbox"))
    assert "仅页面可见" in fates
    assert "无人可通知" in fates
    assert "未设置通知渠道" in fates
    assert "您还没有收到通知" in text_of(open_page(home, "notices", MANAGER, view="outbox"))  # a forged address


def test_a_dispute_is_begun_on_the_record_and_decided_by_somebody_else(home):
    assert "没有待裁定的异议" in text_of(open_page(home, "disputes", HEAD))
    page = open_page(home, "record", HEAD, record="repairs", number="XB-001")
    assert "本记录的异议" in text_of(page)
    assert "本记录的异议" not in text_of(open_page(home, "record", JUDGE, record="repairs", number="XB-001"))
    next(one for one in page.text_area if "如何证明" in one.label).set_value("到场时间有误")
    assert "异议须附证明材料" in press(page, "提出异议")
    app = open_application(directory=home, environment={})
    rules, head, now = rules_of(app.settings, app.db), viewer_named(app.settings, HEAD), datetime.now(UTC)
    found = find(app.db, head, rules, record="repairs", number="XB-001", as_of=now)
    number = file_dispute(app.db, app.settings, rules, by=head, record="repairs", record_id=found.id, wish="correction",
                          reason="行车记录显示准时到场", wanted={"arrived_at": "2026-07-01 10:20:00"},
                          proofs=[Proof("行车记录.pdf", b"%PDF-1.4")], at=now)  # fmt: skip
    app.db.engine.dispose()
    page = open_page(home, "disputes", MANAGER, dispute=number)
    assert "2026-07-01 10:20:00" in text_of(page)
    assert "已记录对 行车记录.pdf 的查看" in press(page, "查看材料")
    assert "什么都没有改动" in press(page, "更正记录")  # without a reason
    next(one for one in page.text_area if one.label == "裁定理由").set_value("行车记录属实")
    assert "记录已更正" in press(page, "更正记录")
    assert "已更正记录" in text_of(open_page(home, "disputes", HEAD, view="decided", dispute=number))
    assert "西坝供电所" in text_of(open_page(home, "disputes", JUDGE, view="offices"))
    other = open_page(home, "disputes", HEAD, dispute="D-2026-999999")
    assert "不在您的权限范围内" in text_of(other)
