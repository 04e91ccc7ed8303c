"""Where things outside the packages lie (位置): at the top of the project, or under `share` of an installation."""

from __future__ import annotations

import sys
from pathlib import Path

from dashboard.errors import MingchaError

ROOT = Path(__file__).parents[2]


def top(name: str) -> Path:
    """`streamlit_config.toml` or `pages`, beside the packages or installed. MingchaError names both places."""
    places = (ROOT / name, Path(sys.prefix) / "share" / "mingcha" / name)
    for place in places:
        if place.exists():
            return place
    raise MingchaError(f"{name} is missing; looked for {places[0]} and {places[1]}.", "Install Mingcha again.")
