"""Takes the pictures of the README and docs: `make screenshots`, or `python -m tests.journeys.screenshots [FOLDER]`.

The demo company, made anew: its pages at both widths, in both languages and both themes, as PNG.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from dashboard.bench.web import make_company
from tests.journeys.conftest import Journey, chromium, serving

FOLDER = Path(__file__).parents[2] / "docs" / "screenshots"
SLOW_STATION = "994010502"
TALLEST = {1440: 1500, 390: 1900}
PICTURES = (
    ("today", "", {}),
    ("league", "league", {}),
    ("funnel", "league", {"tab": "indicator", "indicator": "R1"}),
    ("office", "office", {"office": SLOW_STATION}),
    ("records", "records", {"office": SLOW_STATION, "indicator": "R1", "verdict": "late"}),
    ("sources", "sources", {}),
    ("review", "review", {}),
)
LOOKS = (("zh", 1440, "light"), ("en", 1440, "dark"), ("zh", 390, "light"), ("en", 390, "dark"))


def main(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as home, chromium() as browser:
        period, person = make_company(Path(home))
        with serving(Path(home)) as address:
            for lang, width, theme in LOOKS:
                journey = Journey(browser, address, lang, width, theme, person)
                for name, slug, parameters in PICTURES:
                    page = journey.open(slug, **{"period": period, **parameters})
                    page.wait_for_timeout(800)
                    height = page.evaluate("document.querySelector('.stMainBlockContainer').scrollHeight") + 60
                    page.set_viewport_size({"width": width, "height": min(int(height), TALLEST[width])})
                    page.wait_for_timeout(500)
                    path = folder / f"{name}-{lang}-{width}-{theme}.png"
                    page.screenshot(path=path)
                    page.set_viewport_size({"width": width, "height": 900})
                    sys.stdout.write(f"{path}\n")
                journey.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER)
