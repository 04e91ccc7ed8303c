"""What is compared with (环比、同比): the rows of then as the league's, and what has to be said beside them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from checks.rulebook.model import Edition
from dashboard.queries.comparison import Comparison, Then
from dashboard.queries.finished_scores import IMPORTED
from dashboard.texts import t
from dashboard.web import periods


def rows(found: Mapping[str, Then]) -> dict[str, Mapping[str, Any]]:
    return {office: then.to_json() for office, then in found.items()}


def notes(found: Comparison, edition: Edition) -> list[str]:
    """Imported scores, and editions other than this period's: each said once."""
    sentences = []
    for then in (found.previous, found.year_before):
        named = next((periods.name(one.period) for one in then.values()), "")
        if any(one.source == IMPORTED for one in then.values()):
            sentences.append(t("Scores of {period} are imported, not recomputed.", period=named))
        for code in sorted({one.rulebook for one in then.values() if one.rulebook} - {edition.code}):
            sentences.append(
                t("{period} was scored by {edition}, this period by {own}: the difference is not the offices' alone.",
                  period=named, edition=code, own=edition.code)
            )  # fmt: skip
    return sentences
