"""Accounts and Account as signed-in people see them; a sign-in that was ended does nothing more, no last click."""

from datetime import UTC, datetime
from types import SimpleNamespace

import pytest
import sqlalchemy as sa

from dashboard.accounts import entering, first, managing, sessions
from dashboard.database import Database
from dashboard.database.models import ACCOUNTS
from dashboard.errors import NotAllowedError
from dashboard.people import Viewer
from dashboard.settings import load
from dashboard.web import signed_in, wiring
from tests.journeys.company import make_company
from tests.pages.opening import open_page, press, run_page, text_of

RIVER = "a quiet river runs"


@pytest.fixture
def company(tmp_path, monkeypatch):
    """Folder, database, and `sit(name)`: from then on the pages are run in that person's browser."""
    home = make_company(tmp_path / "home", filled=False)
    db, settings = Database(f"sqlite:///{home / 'mingcha.db'}"), load({}, home)

    cookies = {}
    monkeypatch.setattr(signed_in, "st", SimpleNamespace(context=SimpleNamespace(cookies=cookies)))

    def sit(name):
        entered = entering.sign_in(db, settings.access, name=name, password=RIVER, agent="", at=datetime.now(UTC))
        cookies["mingcha"] = entered.secret

    def open_doors():
        now = datetime.now(UTC)
        for one in first.first_accounts(db, settings, invited=("许立",), at=now):
            secret = entering.use_code(db, code=one.code, agent="", at=now).secret
            session = sessions.signed_in(db, settings.access, secret, at=now).session
            entering.change_password(db, settings.access, session=session, old="", new=RIVER, at=now)

    yield home, db, open_doors, sit
    db.engine.dispose()


def number_of(db, name):
    with db.reading() as connection:
        return str(connection.execute(sa.select(ACCOUNTS.c.id).where(ACCOUNTS.c.name == name)).scalar_one())


def test_accounts_are_managed_on_a_page_until_the_sign_in_is_ended(company):
    home, db, open_doors, sit = company
    assert "还没有账号" in text_of(open_page(home, "account", "沈岚"))
    left_open, app = Viewer("沈岚", "inspector", frozenset({"*"})), wiring.application()
    assert signed_in.still(app, left_open) == signed_in.unended(app, left_open) == left_open
    open_doors()
    for asked in (signed_in.still, signed_in.unended):  # a click, or a download, of a page from before
        with pytest.raises(NotAllowedError, match="not signed in"):
            asked(app, left_open)
    outside = open_page(home, "people", None)
    assert "您尚未登录" in text_of(outside)
    believed = open_page(home, "people", "沈岚")  # what a page remembers of a person counts no more
    assert "您尚未登录" in text_of(believed)

    sit("许立")
    assert "账号由可见全公司的管理员管理" in text_of(open_page(home, "people", None))
    own = text_of(open_page(home, "account", None))
    assert "许立" in own
    assert "凭密码" in own

    sit("admin")
    page = open_page(home, "people", None)
    page.text_input("people_new_name").set_value("韩冰")
    page.multiselect("people_new_offices").set_value(["*"])
    assert "韩冰的账号已建立" in press(page, "建立账号")
    chosen = open_page(home, "people", None, account=number_of(db, "韩冰"))
    assert "/enter?code=" in press(chosen, "生成一次性链接")
    assert "/enter?code=" not in text_of(chosen.run())  # shown once
    chosen.selectbox(f"people_{number_of(db, '韩冰')}_role").set_value("auditor")  # chosen, not kept
    chosen.query_params["account"] = number_of(db, "许立")
    other = chosen.run()
    assert other.selectbox(f"people_{number_of(db, '许立')}_role").value == "office_head"
    mine = open_page(home, "people", None, account=number_of(db, "admin"))
    assert "由另一名管理员更改" in text_of(mine)
    assert [one.label for one in mine.button if "停用" in one.label] == []

    # somebody else ends the sign-in while the page is open: the click that follows does nothing
    chosen = open_page(home, "people", None, account=number_of(db, "韩冰"))
    managing.end_sessions(db, by=Viewer("other", "administrator", frozenset({"*"})), name="admin",
                          at=datetime.now(UTC))  # fmt: skip
    assert "您尚未登录" in press(chosen, "停用账号")
    assert [one.label for one in chosen.button] == []
    with db.reading() as connection:
        assert connection.execute(sa.select(ACCOUNTS.c.active).where(ACCOUNTS.c.name == "韩冰")).scalar_one()
    # a backup from before the first account, brought back under the running server: nobody is believed again
    with db.session() as connection:
        connection.execute(sa.delete(ACCOUNTS))
    assert "数据库中已没有任何账号" in text_of(run_page("people", "沈岚"))
