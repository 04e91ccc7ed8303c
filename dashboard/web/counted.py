"""What stands behind a figure (计数): numerator ÷ denominator and amounts as people read them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from checks.rulebook.model import Indicator
from dashboard.web import display


def counted(cell: Mapping[str, Any], indicator: Indicator) -> str:
    """Numerator / denominator; T4's numerator is stored × 10,000 (design §3.5) and shown as the count it stands for."""
    if not cell["denominator"]:
        return display.NONE
    if indicator.formula == "per_customers":
        return f"{amount(cell['numerator'] / 10_000)} / {amount(cell['denominator'])}"
    return f"{amount(cell['numerator'])} / {amount(cell['denominator'])}"


def amount(value: float) -> str:
    return display.count(int(value)) if float(value).is_integer() else display.rounded(float(value), 2)
