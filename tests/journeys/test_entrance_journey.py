"""The entrance of a real server: forms from our own page only, fresh cookies, two tabs, evidence tied to a sign-in."""

import base64
import hashlib
import hmac
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from datetime import UTC, datetime
from urllib.parse import urlencode

import pytest
import sqlalchemy as sa
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ClientState_pb2 import ClientState
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from dashboard.accounts import entering, first, managing, sessions
from dashboard.database import Database
from dashboard.database.models import AUDIT, EVIDENCE, FINDINGS
from dashboard.people import Viewer
from dashboard.settings import load
from tests.journeys.company import make_company
from tests.journeys.conftest import ROOT

KEY = b"k" * 32
PROGRAM = """
import sys
from pathlib import Path
from dashboard.settings import load
from dashboard.web import passes
from dashboard.web.server import serve
passes._KEY = b"k" * 32
serve(load({}, Path.cwd()), int(sys.argv[1]))
"""
RIVER = "a quiet river runs"
ADMIN = Viewer("admin", "administrator", frozenset({"*"}))


class Straight(urllib.request.HTTPRedirectHandler):
    """Tells of a redirect instead of following it."""

    def redirect_request(self, *_):
        return None


OPENER = urllib.request.build_opener(Straight)


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """Address, folder and database of a running server with accounts and one picture."""
    home = make_company(tmp_path_factory.mktemp("entrance") / "home", filled=False)
    settings, now = load({}, home), datetime.now(UTC)
    db = Database(f"sqlite:///{home / 'mingcha.db'}")
    for one in first.first_accounts(db, settings, invited=("沈岚", "秦怀瑾"), at=now):
        secret = entering.use_code(db, code=one.code, agent="", at=now).secret
        session = sessions.signed_in(db, settings.access, secret, at=now).session
        entering.change_password(db, settings.access, session=session, old="", new=RIVER, at=now)
    (home / "var/evidence").mkdir(parents=True)
    (home / "var/evidence/frame.jpg").write_bytes(b"a picture")
    with db.session() as connection:
        finding = {"id": 1, "hall_code": "H1", "item_code": "R02", "observed_at": 0, "duration_proven": True,
                   "source": "person", "created_at": 0}  # fmt: skip
        connection.execute(sa.insert(FINDINGS).values(finding))
        piece = {"id": 1, "finding_id": 1, "kind": "frame", "sha256": "ab", "bytes": 9, "created_at": 0}
        connection.execute(sa.insert(EVIDENCE).values(**piece, path="frame.jpg"))
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    process = subprocess.Popen([sys.executable, "-c", PROGRAM, str(port)], cwd=home, stderr=subprocess.DEVNULL,
                               env={**os.environ, "PYTHONPATH": str(ROOT)})  # fmt: skip
    base = f"http://127.0.0.1:{port}"
    try:
        for _ in range(600):
            assert process.poll() is None
            try:
                urllib.request.urlopen(f"{base}/_stcore/health", timeout=1).close()
                break
            except OSError:
                time.sleep(0.05)
        yield base, db, settings
    finally:
        process.terminate()
        process.wait(timeout=20)
        db.engine.dispose()


def ask(url, form=None, **headers):
    """Status, headers and text; a form is posted as our own page would."""
    body = None if form is None else urlencode(form).encode()
    own = {} if form is None else {"Origin": "/".join(url.split("/")[:3])}
    request = urllib.request.Request(url, body, {**own, **headers})
    try:
        with OPENER.open(request, timeout=20) as answer:
            return answer.status, answer.headers, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.headers, error.read().decode()


def cookie_of(headers):
    return headers["Set-Cookie"].split(";")[0]


def come_in(base, name="沈岚", **headers):
    status, heard, _ = ask(f"{base}/enter", {"name": name, "password": RIVER, "next": "/league?lang=en"}, **headers)
    assert (status, heard["Location"]) == (303, "/league?lang=en")
    return heard


def test_who_signs_in_gets_a_fresh_cookie_that_no_script_and_no_other_site_has(server):
    base, db, _ = server
    status, headers, page = ask(f"{base}/enter?lang=en&next=//evil.example")
    assert (status, headers["Set-Cookie"], headers["Cache-Control"]) == (200, None, "no-store")
    assert "form-action 'self'; frame-ancestors 'none'" in headers["Content-Security-Policy"]
    assert headers["X-Frame-Options"] == "DENY"
    assert 'name="next" value="/"' in page
    _, headers, _ = ask(f"{base}/")  # Streamlit's own pages too
    assert (headers["X-Frame-Options"], headers["X-Content-Type-Options"]) == ("SAMEORIGIN", "nosniff")
    assert "frame-ancestors 'self'" in headers["Content-Security-Policy"]
    wrong = [ask(f"{base}/enter", {"name": name, "password": "wrong", "lang": "en"}) for name in ("沈岚", "<b>x")]
    assert [(one[0], one[1]["Set-Cookie"]) for one in wrong] == [(403, None)] * 2
    assert "The name or the password is not right." in wrong[0][2]
    assert "&lt;b&gt;x" in wrong[1][2]
    assert "<b>x" not in wrong[1][2]
    # from elsewhere, from nowhere, too much: not heard at all
    form = {"name": "沈岚", "password": RIVER}
    assert ask(f"{base}/enter", form, Origin="http://evil.example")[0] == 403
    assert ask(f"{base}/enter", form, Origin="null")[0] == 403
    assert ask(f"{base}/enter", {"name": "x" * 9000})[0] == 413
    # a cookie brought along is not taken over: the one that counts is new each time, and the old sign-in ends
    first_cookie = cookie_of(come_in(base, Cookie="mingcha=chosen-by-somebody"))
    assert "chosen" not in first_cookie
    headers = come_in(base, Cookie=first_cookie)
    assert headers["Set-Cookie"].lower().split("; ")[1:] == ["httponly", "path=/", "samesite=lax"]
    second = cookie_of(headers)
    assert second != first_cookie
    here = [ask(f"{base}/enter", Cookie=one)[0] for one in (first_cookie, second, second[:-1] + "_", second + "a")]
    assert here == [200, 303, 200, 200]  # 303: in already
    ask(f"{base}/leave", Cookie=second)  # a link or a picture of another site ends nothing
    assert ask(f"{base}/enter", Cookie=second)[0] == 303
    # leaving ends it in the database, whatever the browser keeps
    status, headers, _ = ask(f"{base}/leave", {"lang": "en"}, Cookie=second)
    assert (status, headers["Location"]) == (303, "/enter?lang=en&left=1")
    assert ask(f"{base}/enter", Cookie=second)[0] == 200
    with db.reading() as connection:
        query = sa.select(AUDIT.c.action).where(AUDIT.c.subject == "沈岚").order_by(AUDIT.c.id.desc()).limit(5)
        told = connection.execute(query).scalars().all()
    assert told == ["signed_out", "session_ended", "signed_in", "signed_in", "sign_in_failed"]


def test_a_link_opens_once_by_its_button_and_asks_for_a_password_first(server):
    base, db, settings = server
    code = managing.link(db, settings.access, by=ADMIN, name="许立", at=datetime.now(UTC))
    for _ in range(2):  # a preview of a chat, or a look: nothing is used up
        status, headers, page = ask(f"{base}/enter?code={code}&lang=zh")
        assert (status, headers["Set-Cookie"]) == (200, None)
        assert "使用此链接" in page
        assert f'href="/enter?code={code}&amp;lang=en"' in page  # the other language keeps the link
    status, headers, _ = ask(f"{base}/enter", {"code": code, "lang": "zh", "next": "/"})
    assert (status, headers["Location"]) == (303, "/enter/password?lang=zh&next=%2F")
    cookie = cookie_of(headers)
    assert ask(f"{base}/enter", {"code": code, "lang": "en"})[0] == 403
    form = {"new": RIVER, "again": "something else", "lang": "en"}
    assert "not the same" in ask(f"{base}/enter/password", form, Cookie=cookie)[2]
    assert "too short" in ask(f"{base}/enter/password", {**form, "new": "x", "again": "x"}, Cookie=cookie)[2]
    status, headers, _ = ask(f"{base}/enter/password", {**form, "again": RIVER}, Cookie=cookie)
    assert status == 303
    assert cookie_of(headers) != cookie
    assert [ask(f"{base}/enter", Cookie=one)[0] for one in (cookie, cookie_of(headers))] == [200, 303]


def word(session, person, until=None):
    """A pass as the server makes it: evidence 1, the original."""
    body = f"1|{int(until or time.time() + 600)}|original|{session}|{person}".encode()
    signature = hmac.new(KEY, body, hashlib.sha256).digest()
    return ".".join(base64.urlsafe_b64encode(one).decode().rstrip("=") for one in (body, signature))


def test_evidence_opens_for_the_sign_in_it_was_shown_to_and_for_nobody_else(server):
    base, db, settings = server
    mine, other = cookie_of(come_in(base)), cookie_of(come_in(base, "秦怀瑾"))
    session = sessions.signed_in(db, settings.access, mine.split("=", 1)[1], at=datetime.now(UTC)).session.id
    address = f"{base}/evidence/{word(session, '沈岚')}"
    assert ask(address, Cookie=mine)[::2] == (200, "a picture")
    again = cookie_of(come_in(base))  # the same person in another browser
    assert [ask(address, Cookie=one)[0] for one in (other, again, "")] == [404, 404, 404]
    assert ask(f"{base}/evidence/{word(0, '沈岚')}", Cookie=mine)[0] == 404  # made while people were believed
    assert ask(f"{base}/evidence/{word(session, '秦怀瑾')}", Cookie=mine)[0] == 404
    ask(f"{base}/leave", {}, Cookie=mine)
    assert ask(address, Cookie=mine)[0] == 404


def test_without_a_sign_in_nothing_is_kept_in_memory_and_no_download_opens(server):
    """The page that asks to sign in has a session of Streamlit's too, which is all that Streamlit asks for."""
    base, _, _ = server
    xsrf = cookie_of(ask(f"{base}/_stcore/health")[1])
    mine = cookie_of(come_in(base))
    with connect(f"{base.replace('http', 'ws')}/_stcore/stream", origin=base, subprotocols=["streamlit"]) as line:
        line.send(BackMsg(rerun_script=ClientState()).SerializeToString())
        heard = ForwardMsg.FromString(line.recv())
        while not heard.new_session.initialize.session_id:
            heard = ForwardMsg.FromString(line.recv())
        address = f"{base}/_stcore/upload_file/{heard.new_session.initialize.session_id}/one"
        body = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.txt"\r\n\r\nkept\r\n--x--\r\n'
        told = {"X-Xsrftoken": xsrf.split("=", 1)[1], "Content-Type": "multipart/form-data; boundary=x"}
        answers = []
        for cookie in (xsrf, f"{xsrf}; mingcha=forged", f"{xsrf}; {mine}"):
            request = urllib.request.Request(address, body, {**told, "Cookie": cookie}, method="PUT")
            try:
                with OPENER.open(request, timeout=20) as answer:
                    answers.append(answer.status)
            except urllib.error.HTTPError as error:
                answers.append(error.code)
                error.close()
    assert answers == [404, 404, 204]
    for path in ("media/guessed.xlsx", "_stcore/metrics"):
        assert ask(f"{base}/{path}")[::2] == (404, "Not found")
    assert ask(f"{base}/_stcore/metrics", Cookie=mine)[0] == 200
    ask(f"{base}/leave", {}, Cookie=mine)
    assert ask(f"{base}/_stcore/metrics", Cookie=mine)[0] == 404


def test_a_page_of_another_address_opens_no_line_to_ours(server):
    """A browser sends our cookie along from another port of our own name too: it is the same site."""
    base, _, _ = server
    port = int(base.rpartition(":")[2])
    line, cookie = f"{base.replace('http', 'ws')}/_stcore/stream", cookie_of(come_in(base))
    others = [
        f"http://127.0.0.1:{port + 1}",
        f"https://127.0.0.1:{port}",
        "http://localhost",
        "http://evil.example",
        "null",
    ]
    for origin in others:
        with pytest.raises(InvalidStatus), connect(line, origin=origin, additional_headers={"Cookie": cookie}):
            pass
    with connect(line, origin=base, additional_headers={"Cookie": cookie}) as own:
        own.send(BackMsg(rerun_script=ClientState()).SerializeToString())
        assert ForwardMsg.FromString(own.recv()).WhichOneof("type") == "new_session"


def test_two_tabs_are_one_sign_in_and_end_together(server, browser):
    base, _, _ = server
    context = browser.new_context(viewport={"width": 390, "height": 844}, color_scheme="dark", locale="en-GB")
    first_tab, second_tab = context.new_page(), context.new_page()
    for tab in (first_tab, second_tab):
        tab.set_default_timeout(30_000)
    first_tab.goto(f"{base}/calendar?lang=en")
    first_tab.wait_for_selector(".mc-enter")
    assert first_tab.locator(".mc-strip").count() == 0
    assert "League" not in first_tab.locator("body").inner_text()
    first_tab.click(".mc-enter")
    assert first_tab.evaluate("document.documentElement.scrollWidth") <= 390
    first_tab.fill("#name", "沈岚")
    first_tab.fill("#password", RIVER)
    first_tab.click("form button >> nth=0")
    first_tab.wait_for_selector(".mc-strip[data-ready='1']")
    assert "/calendar" in first_tab.url
    assert "mingcha" not in first_tab.evaluate("document.cookie")
    second_tab.goto(f"{base}/account?lang=en")
    second_tab.wait_for_selector(".mc-strip[data-ready='1']")
    second_tab.wait_for_selector("text=Where you are signed in")
    first_tab.click(".mc-fold summary")
    first_tab.click(".mc-leave")
    first_tab.wait_for_selector("text=You are signed out.")
    second_tab.locator("button", has_text="End it").first.click()  # a deed of a tab that does not know yet
    second_tab.wait_for_selector(".mc-enter")
    assert second_tab.locator(".mc-strip").count() == 0
    assert "Mozilla" not in second_tab.locator("body").inner_text()
    context.close()
