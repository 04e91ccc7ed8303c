"""The rulebook as pages need it (口径): titles in the chosen language, clauses, and which edition a period uses."""

from __future__ import annotations

from datetime import date
from functools import cache

from checks.rulebook.loader import Rulebook, load_rulebook
from checks.rulebook.model import Edition, Indicator, SheetItem
from dashboard.texts import current_language

LINES = {"T": "Tickets", "R": "Repairs", "H": "Halls", "C": "Connections", "O": "Other lines"}
"""Lines of business by the first letter of their indicators; msgids."""


@cache
def book(name: str = "promise") -> Rulebook:
    """The rulebook of that name, read once per process."""
    return load_rulebook(name)


def edition_for(rulebook: Rulebook, last_day: date) -> Edition:
    """The edition whose weights, targets and grades a period uses: in force on its last day, else the newest."""
    return rulebook.edition_on(last_day) or rulebook.editions[-1]


def title(indicator: Indicator | SheetItem | Edition) -> str:
    return indicator.title if current_language() == "zh" else indicator.title_en


def line_of(code: str) -> str:
    return LINES.get(code[:1], code)
