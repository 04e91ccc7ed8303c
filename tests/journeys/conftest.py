"""A real server over the small company, and a real browser that fails a journey for any error it meets."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlencode

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from tests.conftest import count_use
from tests.journeys.company import PERIOD, PERSON, make_company

ROOT = Path(__file__).parents[2]
CHROMIUM = os.environ.get("MINGCHA_CHROMIUM", "/usr/bin/chromium")
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-sync",
             "--disable-component-update", "--disable-default-apps", "--mute-audio"]  # fmt: skip
PROGRAM = """
import sys
from pathlib import Path
from dashboard.settings import load
from dashboard.web.server import serve
serve(load({}, Path.cwd()), int(sys.argv[1]))
"""
WIDTHS = {1440: 900, 390: 844}
PROBE = re.compile(r"/[a-z]+/_stcore/(health|host-config)$")
"""Streamlit's browser side looks for its server below the page's own address first: two 404 that mean nothing."""


@contextmanager
def serving(home: Path) -> Iterator[str]:
    """A web server over the folder of a company; gives its address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    log = (home / "web.log").open("w", encoding="utf-8")
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    process = subprocess.Popen([sys.executable, "-c", PROGRAM, str(port)], cwd=home, stdout=log, stderr=log,
                               env=environment)  # fmt: skip
    try:
        _wait_for(f"http://127.0.0.1:{port}/_stcore/health", process, home / "web.log")
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(timeout=20)
        log.close()


def _wait_for(address: str, process: subprocess.Popen[bytes], log: Path) -> None:
    for _ in range(600):
        assert process.poll() is None, log.read_text(encoding="utf-8")
        try:
            with urllib.request.urlopen(address, timeout=1):
                return
        except OSError:
            time.sleep(0.1)
    raise AssertionError(f"no answer from {address}: {log.read_text(encoding='utf-8')}")


@contextmanager
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()


class Journey:
    """One person at one browser. `close` fails if anything went wrong that a person might not have noticed."""

    def __init__(self, browser: Browser, base: str, lang: str, width: int, scheme: str = "light",
                 person: str | None = PERSON) -> None:  # fmt: skip
        count_use("browser")
        self.base, self.lang, self.width = base, lang, width
        self.context = browser.new_context(
            viewport={"width": width, "height": WIDTHS[width]}, color_scheme=scheme, has_touch=width < 600,
            locale="zh-CN" if lang == "zh" else "en-GB", timezone_id="America/New_York",
        )  # fmt: skip
        if person:
            self.context.add_init_script(f"localStorage.setItem('mingcha.person', '{person}')")
        self.page: Page = self.context.new_page()
        self.page.set_default_timeout(60_000)
        self.problems: list[str] = []
        self.page.on("console", self._heard)
        self.page.on("pageerror", lambda error: self.problems.append(f"exception: {error}"))
        self.page.on("request", self._requested)

    def _heard(self, message: object) -> None:
        if message.type == "error" and not PROBE.search(message.location.get("url", "").split("?")[0]):  # type: ignore[attr-defined]
            self.problems.append(f"{message.text} ({message.location.get('url')})")  # type: ignore[attr-defined]

    def _requested(self, request: object) -> None:
        if not request.url.startswith((self.base, "data:", "blob:")):  # type: ignore[attr-defined]
            self.problems.append(f"a request to the outside: {request.url}")  # type: ignore[attr-defined]

    def open(self, slug: str = "", **parameters: str) -> Page:
        query = urlencode({"period": PERIOD, "lang": self.lang, **parameters})
        self.page.goto(f"{self.base}/{slug}?{query}")
        self.settle()
        return self.page

    def settle(self) -> None:
        """Until the page has its heading and no script is running."""
        self.page.wait_for_selector(".mc h1")
        self.page.wait_for_selector(".mc-strip[data-ready='1']")
        for _ in range(2):  # a choice of the strip is a run that starts another one
            self.page.wait_for_timeout(250)
            self.page.wait_for_selector("[data-testid=stApp][data-test-script-state=notRunning]")

    def text(self, selector: str = ".stMainBlockContainer") -> str:
        return re.sub(r"\s+", " ", self.page.locator(selector).first.inner_text())

    def card(self, words: str) -> str:
        """The row of a table (a card on a phone) that holds the words, as one line."""
        row = self.page.locator("table.rows tbody tr:visible", has_text=words).first
        return re.sub(r"\s+", " ", row.inner_text())

    def close(self) -> None:
        self.context.close()
        assert self.problems == []


@pytest.fixture(scope="session")
def company_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_company(tmp_path_factory.mktemp("journeys") / "home")


@pytest.fixture(scope="session")
def company_address(company_home: Path) -> Iterator[str]:
    with serving(company_home) as address:
        yield address


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with chromium() as found:
        yield found


@pytest.fixture(params=[("zh", 1440), ("en", 390)], ids=lambda p: f"{p[0]}-{p[1]}")
def journey(request: pytest.FixtureRequest, browser: Browser, company_address: str) -> Iterator[Journey]:
    """Chinese on a desk in the light theme, English on a phone in the dark one."""
    lang, width = request.param
    made = Journey(browser, company_address, lang, width, "dark" if width < 600 else "light")
    yield made
    made.close()


@pytest.fixture
def desk(browser: Browser, company_address: str) -> Iterator[Callable[..., Journey]]:
    """One journey of one's own making."""
    made: list[Journey] = []

    def make(lang: str = "zh", width: int = 1440, **options: object) -> Journey:
        made.append(Journey(browser, company_address, lang, width, **options))  # type: ignore[arg-type]
        return made[-1]

    yield make
    for one in made:
        one.close()
