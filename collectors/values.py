"""Cell texts to values of their kind (取值), column-wise: what is said, what is empty, what cannot be read.

Empty is an empty cell, blanks, `-`, `—`, `null` and their like. A value that cannot be read is null *and* marked in
`bad`: the caller keeps its raw text or refuses the row. Nothing is guessed.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

import polars as pl

from collectors.headers import plain
from collectors.records import Column
from collectors.stamps import Clock, parse_days, parse_stamps

BLANKS = " \t\r\n\v\f\u00a0\u2002\u2003\u2009\u200b\u3000\ufeff"
EMPTIES = (
    "",
    "-",
    "--",
    "---",
    "—",
    "——",
    "–",
    "－",
    "―",
    "/",
    "null",
    "NULL",
    "Null",
    "\\N",
    "None",
    "NaN",
    "nan",
)
ERRORS = ("#DIV/0!", "#N/A", "#NAME?", "#NULL!", "#NUM!", "#REF!", "#VALUE!", "#GETTING_DATA", "#SPILL!", "#CALC!")
"""A formula that failed is no statement: unreadable, not empty. Excel writes them into csv files too."""
_IDENTIFIER = re.compile(r"(?:_no|_code|_id|^code|^phone|^calls)$")
_SCIENTIFIC = r"^[+-]?\d(?:\.\d+[eE]\+?\d+|[eE]\+\d+)$"
"""As Excel, Python and Java print a large number; `3E12` without a point or a plus may be somebody's code."""
_SHEET_TEXT = r'^="([^"]*)"$'
_WHOLE = re.compile(r"^[+-]?\d+(?:\.0+)?$")
_COUNTED = re.compile(r"(?:次|个|户|份|件|天|分钟|分|人|号)$")
_CLOCK_TIME = re.compile(r"^(\d{1,2})[:时点](\d{1,2})?(?:[:分](\d{1,2})?秒?)?$")
_QUARTER = re.compile(r"^(\d{4})[-/.年]?(?:q|第)?([1-4一二三四])(?:季度?)?$")
_QUARTERS = {"一": 1, "二": 2, "三": 3, "四": 4}
_MONTH = re.compile(r"^(\d{4})[-/.年]?(\d{1,2})月?$")


@dataclass(frozen=True, slots=True)
class Parsed:
    """Values and the rows that could not be read (None when all could)."""

    values: pl.Series
    bad: pl.Series | None = None


def is_identifier(column: Column) -> bool:
    """Numbers and codes: compared by their characters, so full-width forms are folded and Excel's habits undone.

    A column that names an office may hold its name as well: it stays as written.
    """
    named = column.name in ("office_code", "hall_code")
    return column.kind == "text" and not named and _IDENTIFIER.search(column.name) is not None


def clean(cell: pl.Expr) -> pl.Expr:
    """The text of a cell without the blanks around it; null when it says nothing."""
    stripped = cell.str.strip_chars(BLANKS)
    return pl.when(~stripped.is_in(EMPTIES)).then(stripped)


def first_filled(cells: Sequence[pl.Expr]) -> pl.Expr:
    """The first text of several cells; one in which a formula failed only if nothing else is filled."""
    texts = [clean(cell) for cell in cells]
    return pl.coalesce(*(pl.when(~text.is_in(ERRORS)).then(text) for text in texts), *texts)


def clean_identifier(texts: pl.Series) -> pl.Series:
    """Identifiers folded to plain characters, without the apostrophe or `="…"` that keeps Excel from rounding them."""
    if texts.str.len_bytes().sum() != texts.str.len_chars().sum():
        texts = texts.str.normalize("NFKC").str.replace_all("[\u200b\ufeff]", "").str.strip_chars(BLANKS)
    if texts.str.contains("[=']").any():
        texts = texts.str.replace(_SHEET_TEXT, "${1}").str.strip_prefix("'")
    if texts.str.contains(".", literal=True).any():
        texts = texts.str.replace(r"^(\d{1,15})\.0+$", "${1}")  # a number that passed through a float column
    return texts


def damaged_identifiers(texts: pl.Series) -> pl.Series:
    """Which identifiers Excel has ruined: `2.02311E+19`, or a whole column of long numbers ending in zeros."""
    damaged = texts.str.contains(_SCIENTIFIC).fill_null(value=False)
    long_digits = texts.str.contains(r"^\d{16,}$").fill_null(value=False)
    longs = texts.filter(long_digits)
    if len(longs) >= 20 and longs.str.contains(r"^[1-9]\d{14}0+$").all():
        return damaged | long_digits
    return damaged


def parse(column: Column, texts: pl.Series, words: Mapping[str, object], clock: Clock) -> Parsed:
    """Cleaned texts of a column as values of its kind. `words`: compared word → value, for choices and flags."""
    if column.kind == "instant":
        return _checked(texts, parse_stamps(texts, clock))
    if column.kind in ("choice", "flag", "maybe"):
        return _by_words(texts, words, pl.String if column.kind == "choice" else pl.Boolean)
    if column.kind == "integer":
        return _integers(texts)
    if column.kind == "text":
        return _without_errors(texts)
    return (
        _by_distinct(texts, _BY_TEXT[column.kind])
        if column.kind in _BY_TEXT
        else _checked(texts, parse_days(texts, clock))
    )


def _without_errors(texts: pl.Series) -> Parsed:
    if not texts.str.starts_with("#").any():
        return Parsed(texts)
    failed = texts.is_in(ERRORS).fill_null(value=False)
    return Parsed(texts.set(failed, None), failed) if failed.any() else Parsed(texts)


def minutes(texts: pl.Series) -> Parsed:
    """Minutes as written (`35`, `12.73`, `35分钟`) in microseconds."""
    number = texts.str.normalize("NFKC").str.replace(r"\s*(?:分钟|分)$", "").cast(pl.Float64, strict=False)
    number = number.set(~number.is_finite().fill_null(value=True), None)
    return _checked(texts, (number * 60_000_000).round().cast(pl.Int64, strict=False))


def _checked(texts: pl.Series, values: pl.Series) -> Parsed:
    if values.null_count() == texts.null_count():
        return Parsed(values)
    return Parsed(values, values.is_null() & texts.is_not_null())


def _by_words(texts: pl.Series, words: Mapping[str, object], dtype: type[pl.String] | type[pl.Boolean]) -> Parsed:
    """Values by dictionary. A word that stands for `""` is deliberately empty, not unreadable."""
    distinct = texts.unique().drop_nulls()
    compared = [plain(word) for word in distinct]
    table = {word: words[key] or None if dtype is pl.String else words[key]
             for word, key in zip(distinct, compared, strict=True) if key in words}  # fmt: skip
    values = texts.replace_strict(table, default=None, return_dtype=dtype) if table else _nulls(texts, dtype)
    if len(table) == len(distinct):
        return Parsed(values)
    return Parsed(values, (texts.is_not_null() & ~texts.is_in(list(table))).fill_null(value=False))


def _nulls(texts: pl.Series, dtype: type[pl.String] | type[pl.Boolean] | type[pl.Int64]) -> pl.Series:
    return pl.Series(texts.name, [None], dtype=dtype).new_from_index(0, len(texts))


def _integers(texts: pl.Series) -> Parsed:
    values = texts.cast(pl.Int64, strict=False)
    if values.null_count() == texts.null_count():
        return Parsed(values)
    return _by_distinct(texts, _integer_of, pl.Int64)


def _by_distinct(
    texts: pl.Series, read: Callable[[str], object], dtype: type[pl.String] | type[pl.Int64] = pl.String
) -> Parsed:
    """Values by a function of one text (None = unreadable), called once per distinct text."""
    table = {text: value for text in texts.unique().drop_nulls() if (value := read(text)) is not None}
    values = texts.replace_strict(table, default=None, return_dtype=dtype) if table else _nulls(texts, dtype)
    return _checked(texts, values)


def _integer_of(text: str) -> int | None:
    folded = _COUNTED.sub("", plain(text).replace(",", ""))
    value = int(float(folded)) if _WHOLE.match(folded) and "." in folded else None
    if value is None and _WHOLE.match(folded):
        value = int(folded)
    return value if value is not None and abs(value) < 2**62 else None


def _decimal_of(text: str) -> str | None:
    """A number digit by digit, as text: thousands separators out, no exponent."""
    folded = plain(text).replace(",", "")
    try:
        number = Decimal(folded)
    except InvalidOperation:
        return None
    return format(number, "f") if number.is_finite() and abs(number.adjusted()) < 40 else None


def _clock_time_of(text: str) -> str | None:
    """`8:30`, `08:30:00`, `8时30分` or a fraction of a day → `08:30`."""
    folded = plain(text)
    found = _CLOCK_TIME.match(folded)
    if found:
        hour, minute = int(found[1]), int(found[2] or 0)
    elif re.fullmatch(r"0?\.\d+", folded):
        hour, minute = divmod(round(float(folded) * 1440), 60)
    else:
        return None
    return f"{hour:02}:{minute:02}" if (hour < 24 and minute < 60) or (hour, minute) == (24, 0) else None


def _month_of(text: str) -> str | None:
    """`2026-09`, `202609`, `2026年9月` or a day in it → `2026-09`."""
    folded = plain(text)
    found = _MONTH.match(folded) or re.match(
        r"^(\d{4})[-/.年](\d{1,2})[-/.月]\d{1,2}日?(?:\d{2}:\d{2}:\d{2})?$", folded
    )
    return f"{found[1]}-{int(found[2]):02}" if found and 1 <= int(found[2]) <= 12 else None


def _period_of(text: str) -> str | None:
    """`2025-Q3`, `2025Q3`, `2025年第三季度` → `2025-Q3`; a month as `_month_of` reads it."""
    folded = plain(text)
    found = _QUARTER.match(folded) if "q" in folded or "季" in folded else None
    return f"{found[1]}-Q{_QUARTERS.get(found[2]) or found[2]}" if found else _month_of(text)


def _share_of(text: str) -> str | None:
    """`98.5%` or `0.985` → `0.985`. More than 1 without a sign of percent may be either: not guessed."""
    folded = plain(text)
    number = _decimal_of(folded.removesuffix("%"))
    if number is None:
        return None
    share = Decimal(number) / 100 if folded.endswith("%") else Decimal(number)
    return format(share, "f") if folded.endswith("%") or abs(share) <= 1 else None


def _json_of(text: str) -> str | None:
    try:
        return json.dumps(json.loads(text), ensure_ascii=False, sort_keys=True)
    except ValueError:
        return None


_BY_TEXT: dict[str, Callable[[str], object]] = {
    "decimal": _decimal_of,
    "clock_time": _clock_time_of,
    "month": _month_of,
    "period": _period_of,
    "share": _share_of,
    "json": _json_of,
}
