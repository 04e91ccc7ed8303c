"""Takes the pictures of the README: `make screenshots`, or `python -m tests.journeys.screenshots`.

The pages of a demo company made anew with its recordings (some minutes), or with `--demo HOME` of a finished one.
The pictures of the README are 1440 px, light; `--all FOLDER` takes both widths, both languages, both themes.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from urllib.parse import urljoin

from playwright.sync_api import Page

from dashboard.bootstrap import open_application
from dashboard.demo import finish
from dashboard.judging.rules import rules_of
from dashboard.queries.violations import ledger
from dashboard.sampling.taking import take_due
from dashboard.warning.keeping import keep_warnings
from dashboard.web.periods import current_quarter
from tests.journeys.conftest import Journey, chromium, serving

FOLDER = Path(__file__).parents[2] / "docs" / "screenshots"
SLOW_STATION = "994010502"
CLOSED_CASE = "closed"
"""Stands for the number of the demo's case that has its whole story: it holds the year."""
TALLEST = {1440: 1500, 390: 1900}
PICTURES = (
    ("today", "", {}),
    ("league", "league", {}),
    ("funnel", "league", {"tab": "indicator", "indicator": "R1"}),
    ("office", "office", {"office": SLOW_STATION}),
    ("records", "records", {"office": SLOW_STATION, "indicator": "R1", "verdict": "late"}),
    ("sources", "sources", {}),
    ("review", "review", {}),
    ("warnings", "warnings", {}),
    ("violation", "violation", {"number": CLOSED_CASE}),
)
README_LOOKS = (("zh", 1440, "light"), ("en", 1440, "light"))
ALL_LOOKS = (("zh", 1440, "light"), ("en", 1440, "dark"), ("zh", 390, "dark"), ("en", 390, "light"))
README_PICTURES = ("today", "league", "office", "record", "review", "warnings", "violation")


def main(folder: Path | None, demo: Path | None) -> None:
    with tempfile.TemporaryDirectory() as temporary, chromium() as browser:
        home = demo or made(Path(temporary))
        period, person, case = described(home)
        with serving(home) as address:
            for look in README_LOOKS if folder is None else ALL_LOOKS:
                take_all(Journey(browser, address, *look, person), look, (period, case), folder)


def made(home: Path) -> Path:
    """A new demo company with its recordings and the samples taken from them."""
    subprocess.run([sys.executable, "-m", "dashboard.cli", "init", "--demo"], cwd=home, check=True)
    app = open_application(environment=os.environ, directory=home)
    finish(app, go_on=lambda: None)
    take_due(app.db, app.settings, app.now(), app.viewer)
    keep_warnings(app.db, rules_of(app.settings, app.db), app.now())
    return home


def described(home: Path) -> tuple[str, str, str]:
    """Period, person and the number of the closed case of a demo that exists."""
    app = open_application(environment={}, directory=home)
    person = next(name for name, row in app.settings.people.items() if row.offices == ("*",))
    ended = ledger(app.db, app.viewer, rules=rules_of(app.settings, app.db), as_of=app.now(), state="closed")
    return current_quarter(app.now()), person, ended[-1].number


def take_all(journey: Journey, look: tuple[str, int, str], shown: tuple[str, str], folder: Path | None) -> None:
    """`shown` is the period and the number of the closed case."""
    (language, width, theme), (period, case) = look, shown
    for name, slug, given in PICTURES:
        parameters = {key: case if value == CLOSED_CASE else value for key, value in given.items()}
        if folder is None and name not in README_PICTURES and name != "records":
            continue
        page = journey.open(slug, **{"period": period, **parameters})
        suffix = language if folder is None else f"{language}-{width}-{theme}"
        if name != "records" or folder is not None:
            take(page, width, (folder or FOLDER) / f"{name}-{suffix}.png")
        if name == "records":
            record = page.locator("a[href*='record?']").first.get_attribute("href") or ""
            page.goto(urljoin(page.url, record))
            take(page, width, (folder or FOLDER) / f"record-{suffix}.png")
    journey.close()


def take(page: Page, width: int, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    page.wait_for_timeout(2500)
    height = page.evaluate("document.querySelector('.stMainBlockContainer').scrollHeight") + 60
    page.set_viewport_size({"width": width, "height": min(int(height), TALLEST[width])})
    page.wait_for_timeout(800)
    page.screenshot(path=path)
    page.set_viewport_size({"width": width, "height": 900})
    sys.stdout.write(f"{path.name}\n")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Pictures of the pages")
    parser.add_argument("--all", type=Path, metavar="FOLDER", help="every page in four looks, into this folder")
    parser.add_argument("--demo", type=Path, metavar="HOME", help="a finished demo company to show")
    given = parser.parse_args()
    main(given.all, given.demo)
