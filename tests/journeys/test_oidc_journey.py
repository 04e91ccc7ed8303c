"""Signing in by the company's own provider: a real provider process, our server, a real browser, and what is forged."""

import socket
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
import sqlalchemy as sa

from dashboard.accounts import managing
from dashboard.database import Database
from dashboard.database.models import ACCOUNT_SESSIONS, AUDIT
from dashboard.people import Viewer, system_viewer
from tests.journeys.company import make_company
from tests.journeys.conftest import _wait_for, serving
from tests.journeys.oidc_provider import CLIENT, LIES, SECRET

ADMINISTRATOR = Viewer("管理员甲", "administrator", frozenset({"*"}))


@pytest.fixture(scope="module")
def provider(tmp_path_factory):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    log = tmp_path_factory.mktemp("provider") / "log"
    with log.open("w") as file:
        process = subprocess.Popen([sys.executable, str(Path(__file__).with_name("oidc_provider.py")), str(port)],
                                   stdout=file, stderr=file)  # fmt: skip
    address = f"http://127.0.0.1:{port}"
    _wait_for(f"{address}/.well-known/openid-configuration", process, log)
    yield address
    process.terminate()
    process.wait(timeout=20)


@pytest.fixture(scope="module")
def company(tmp_path_factory, provider):
    """Two accounts, one of them bound to the provider's `zhang`."""
    home = make_company(tmp_path_factory.mktemp("oidc") / "home")
    (home / "var" / "oidc.secret").write_text(f"{SECRET}\n", encoding="utf-8")
    with (home / "mingcha.toml").open("a", encoding="utf-8") as file:
        file.write(f'\n[access.oidc]\nissuer = "{provider}"\nclient_id = "{CLIENT}"\nsecret_file = "var/oidc.secret"\n')
    db, now = Database(f"sqlite:///{home / 'mingcha.db'}"), datetime.now(UTC)
    managing.add(db, by=system_viewer(), name=ADMINISTRATOR.name, role="administrator", offices=["*"], at=now)
    managing.add(db, by=ADMINISTRATOR, name="张所", role="office_head", offices=["990102"], at=now)
    managing.bind(db, by=ADMINISTRATOR, name="张所", issuer=provider, subject="zhang", at=now)
    yield home, db
    db.engine.dispose()


def told(db):
    with db.reading() as connection:
        rows = connection.execute(sa.select(AUDIT.c.action, AUDIT.c.detail).order_by(AUDIT.c.id.desc()).limit(1))
        return rows.one()


def signed_in(address, **asked):
    """The cookies and the last answer after the whole way through the provider."""
    with httpx.Client(base_url=address, follow_redirects=True, timeout=30) as client:
        first = client.get("/enter/oidc", params={"next": "/league?period=2026-Q3"})
        last = client.get(first.url.copy_merge_params({"as": "zhang", **asked}))
        return set(client.cookies), last


def test_one_signs_in_by_the_company_and_what_is_forged_is_refused(company, provider, browser):
    home, db = company
    with serving(home) as address:
        page = (context := browser.new_context(locale="zh-CN")).new_page()
        page.set_default_timeout(15_000)
        page.goto(address)
        page.locator("a.mc-enter").click()
        page.get_by_text("使用统一身份认证登录").click()
        page.get_by_role("link", name="zhang").click()
        page.wait_for_selector(".mc h1")
        page.wait_for_selector("text=张所 · 所长", state="attached")
        kept = {cookie["name"]: cookie for cookie in context.cookies()}
        assert kept["mingcha"]["httpOnly"]
        assert not [name for name in kept if name.startswith("_streamlit_user")]
        assert "mingcha_next" not in kept
        assert told(db).action == "signed_in"
        context.close()

        cookies, last = signed_in(address)
        assert (last.status_code, last.url.path, last.url.params["period"]) == (200, "/league", "2026-Q3")
        assert "mingcha" in cookies

        for lie in LIES:
            cookies, last = signed_in(address, lie=lie)
            assert "mingcha" not in cookies, lie
            assert "未完成" in last.text, lie

        cookies, last = signed_in(address, **{"as": "stranger"})
        assert (last.status_code, "mingcha" in cookies) == (403, False)
        assert "您在本系统没有账号。 请联系管理员开通。" in last.text.replace("。请", "。 请")
        assert told(db).action == "sign_in_failed"
        assert "stranger" not in (told(db).detail or "")

        with httpx.Client(base_url=address) as begun:
            onward = begun.get(begun.get("/enter/oidc").headers["location"]).headers["location"]
        asked = {"code": "x", "state": httpx.URL(onward).params["state"]}  # a state that belongs to another browser
        assert httpx.get(f"{address}/oauth2callback", params=asked).headers["location"] == "/enter?refused=1"
        forged = {"Cookie": "_streamlit_user=eyJzdWIiOiJ6aGFuZyJ9.forged.forged"}
        assert "/auth/login" in httpx.get(f"{address}/enter/oidc", headers=forged).headers["location"]

        managing.deactivate(db, by=ADMINISTRATOR, name="张所", at=datetime.now(UTC))
        assert "您在本系统没有账号" in signed_in(address)[1].text
        with db.reading() as connection:
            row = ACCOUNT_SESSIONS.c
            assert connection.execute(sa.select(row.id).where(row.ended_at.is_(None))).first() is None
