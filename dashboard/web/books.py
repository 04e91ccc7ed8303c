"""The rulebook as pages say it (口径): titles in the chosen language, lines of business."""

from __future__ import annotations

from checks.rulebook.model import Edition, Grade, Indicator, SheetItem, Step
from dashboard.texts import current_language

LINES = {"T": "Tickets", "R": "Repairs", "H": "Halls", "C": "Connections", "O": "Other lines"}
"""Lines of business by the first letter of their indicators; msgids."""


def title(thing: Indicator | SheetItem | Edition | Step | Grade) -> str:
    return thing.title if current_language() == "zh" else thing.title_en


def percent(indicator: Indicator) -> bool:
    """Whether values are shown as percentages; otherwise with two decimals."""
    return indicator.unit == "ratio"
