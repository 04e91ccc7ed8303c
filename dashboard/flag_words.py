"""Flags and stated totals in words (核查标记的说法), for pages, commands and documents alike."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from dashboard.intake import flags as kinds
from dashboard.texts import t

TITLES = {
    kinds.COUNT_DIFFERS: "rows missing or too many", kinds.TOTAL_DIFFERS: "total does not add up",
    kinds.ROW_LIMIT: "cut off at the row limit", kinds.ROUND_COUNT: "suspiciously round number of rows",
    kinds.PAGE_OF_MANY: "a part of the pages only", kinds.MISSING_DAYS: "days missing",
    kinds.MISSING_MONTHS: "months missing", kinds.VOLUME_LOW: "far fewer records than usual",
    kinds.VOLUME_HIGH: "far more records than usual",
}  # fmt: skip
SHOWN_DAYS = 10


def sentence(kind: str, stated: str | None, found: str | None, detail: Mapping[str, Any], day: str, *,
             language: str | None = None) -> str:  # fmt: skip
    """What a flag says, in one sentence. `day`: its first day. Numbers get thousands separators."""

    numbers = {"stated": number(stated), "found": number(found)}
    if kind in (kinds.COUNT_DIFFERS, kinds.TOTAL_DIFFERS):
        return _differs(kind, numbers, detail, language)
    if kind == kinds.ROW_LIMIT:
        return t(
            "The sheet ends at the limit of {stated} rows; what came after it was cut off.",
            language=language,
            **numbers,
        )
    if kind == kinds.ROUND_COUNT:
        return t("Exactly {found} rows: a number at which many systems stop exporting.", language=language, **numbers)
    if kind == kinds.PAGE_OF_MANY:
        return t("The file holds {found} of {stated} pages.", language=language, **numbers)
    if kind == kinds.MISSING_DAYS:
        named = days(detail, language)
        return t(
            "No record on {days}; days like these have about {stated} together.",
            language=language,
            days=named,
            **numbers,
        )
    if kind == kinds.MISSING_MONTHS:
        return t("No data for {days}.", language=language, days=days(detail, language))
    bounds = {name: number(f"{float(detail[name]):.0f}") for name in ("low", "high")}
    return t(
        "{found} records on {day}; usual are about {stated}, {low} to {high} are within reason.",
        language=language,
        day=day,
        **numbers,
        **bounds,
    )


def _differs(kind: str, numbers: Mapping[str, str], detail: Mapping[str, Any], language: str | None) -> str:
    gap = Decimal(detail["gap"])
    told = {**numbers, "label": detail["label"], "gap": number(str(abs(gap)))}
    if kind == kinds.TOTAL_DIFFERS:
        return t(
            "“{label}” states {stated} for {column}, the rows add up to {found}: a gap of {gap}.",
            language=language,
            column=detail["column"],
            **told,
        )
    if gap > 0:
        return t("“{label}” states {stated} rows, {found} were read: {gap} are missing.", language=language, **told)
    return t("“{label}” states {stated} rows, {found} were read: {gap} too many.", language=language, **told)


def days(detail: Mapping[str, Any], language: str | None = None) -> str:
    """The days of a gap by name; of a long one the first and the last."""
    named: Sequence[str] = detail["days"]
    if detail["n"] <= SHOWN_DAYS:
        return t(", ", language=language).join(named)
    return t("{n} days from {first} on", language=language, n=detail["n"], first=named[0])


def number(text: str | None) -> str:
    """With thousands separators; a dash for none."""
    return "—" if text is None else f"{Decimal(text):,f}"
