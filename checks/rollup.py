"""From verdicts to sums (汇总): letters per record, tallies per office and day, and what each tally adds up to.

Everything is an exact integer: R3's numerator is in units of 1/scale (`Rulebook.scale`), T4's is already × 10,000.
Tallies add up, so the difference of two judgements of the same records is a tally too.
"""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from checks.judge.formulas import FORMULAS, Formula
from checks.reasons import REASONS
from checks.rulebook.loader import Rulebook
from checks.rulebook.model import Indicator

SUMS = ("numerator", "denominator", "pending", "unjudgeable", "excluded", "provisional", "to_the_minute")
KEYS = ("office_code", "day", "indicator")
RECORDS = "n"
"""The row of a roll-up that counts records judged by a clock, each once (design §3.1)."""
ALPHABET = "-pmb"
"""Marks of a letter: none, provisional, to the minute, both."""

_BITS = 8
_PER_WORD = 7


def pack(codes: Sequence[str]) -> list[pl.Expr]:
    """Expressions `word0, word1 …`: reasons and marks of all indicators of a row in a few integers.

    Six bits of reason, one provisional, one to the minute for each, and above the first seven the row's exclusion:
    grouping a million rows by one integer is several times as fast as by their letters.
    """
    words: list[pl.Expr] = []
    for start in range(0, len(codes), _PER_WORD):
        parts = [_bits(code) * (1 << (_BITS * place)) for place, code in enumerate(codes[start : start + _PER_WORD])]
        if not words:
            parts.append(pl.col("excluded").cast(pl.Int64) * (1 << (_BITS * _PER_WORD)))
        words.append(pl.sum_horizontal(parts).alias(f"word{len(words)}"))
    return words


def _bits(code: str) -> pl.Expr:
    marks = pl.col(f"{code}.provisional").cast(pl.Int64) * 64 + pl.col(f"{code}.minute").cast(pl.Int64) * 128
    return pl.col(code).cast(pl.Int64) + marks


def letters(packed: pl.DataFrame, codes: Sequence[str], rulebook: Rulebook) -> pl.DataFrame:
    """`word…, states, marks, losing` of every combination that occurs in a packed frame.

    `losing` is true for every record that an explanation may have to name.
    """
    words = [name for name in packed.columns if name.startswith("word")]
    combinations = packed.select(words).unique(maintain_order=True)
    losing = [f"{formula_of(rulebook, code).losing}UX" for code in codes]
    decoded = [_decoded(row, len(codes)) for row in combinations.iter_rows()]
    return combinations.with_columns(
        pl.Series("states", ["".join(states) for states, _, _ in decoded], dtype=pl.String),
        pl.Series("marks", [marks if marks.strip("-") else None for _, marks, _ in decoded], dtype=pl.String),
        pl.Series("losing", [_is_listed(*row, losing) for row in decoded], dtype=pl.Boolean),
    )


def _decoded(words: tuple[int, ...], size: int) -> tuple[list[str], str, str | None]:
    fields = [(words[place // _PER_WORD] >> (_BITS * (place % _PER_WORD))) & 255 for place in range(size)]
    reasons = [REASONS[field & 63] for field in fields]
    marks = "".join(ALPHABET[field >> 6] for field in fields)
    excluded = words[0] >> (_BITS * _PER_WORD)
    return [reason.state for reason in reasons], marks, REASONS[excluded].code if excluded else None


def _is_listed(states: list[str], marks: str, exclusion: str | None, losing: list[str]) -> bool:
    """Whether an explanation has to name the record: it loses points, is excluded, unjudgeable or provisional."""
    lost = any(letter in letters for letter, letters in zip(states, losing, strict=True))
    return lost or exclusion is not None or "p" in marks or "b" in marks


def formula_of(rulebook: Rulebook, code: str) -> Formula:
    """The formula of an indicator code (the same in every edition that has it)."""
    return FORMULAS[indicator_of(rulebook, code).formula]


def indicator_of(rulebook: Rulebook, code: str) -> Indicator:
    """The latest edition's row of an indicator code."""
    return next(i for edition in reversed(rulebook.editions) for i in edition.indicators if i.code == code)


def rollup(tallies: pl.DataFrame, codes: Sequence[str], rulebook: Rulebook) -> pl.DataFrame:
    """Sums per `office_code, day, indicator` (columns `SUMS`).

    A tally is `office_code, day, states, marks, count, ratio`: so many records of an office's day with the same
    letters, and the sum of their ratios. Counts may be negative (a verdict taken back).
    """
    seen = tallies.select("states", "marks").unique()
    weights = _weights(seen, codes, rulebook)
    by_record = [(pl.col(name) * pl.col("count")).sum() for name in weights.columns]
    by_ratio = [
        pl.col("ratio").sum().alias(f"{code}:numerator")
        for code in codes
        if formula_of(rulebook, code).numerator == "ratio"
    ]
    joined = tallies.join(seen.hstack(weights), on=["states", "marks"], nulls_equal=True)
    cells = joined.group_by("office_code", "day").agg(*by_record, *by_ratio)
    lines = pl.concat([_lines(cells, name) for name in (*codes, RECORDS)])
    return lines.filter(pl.any_horizontal(pl.col(SUMS) != 0)).sort(KEYS)


def _lines(cells: pl.DataFrame, name: str) -> pl.DataFrame:
    """The rows of one indicator from columns `NAME:sum`; what nothing adds to is 0."""
    sums = [
        (pl.col(f"{name}:{column}") if f"{name}:{column}" in cells.columns else pl.lit(0, dtype=pl.Int64)).alias(column)
        for column in SUMS
    ]
    return cells.select("office_code", "day", pl.lit(name).alias("indicator"), *sums)


def add(*rollups: pl.DataFrame) -> pl.DataFrame:
    """The sum of roll-ups, without the rows that became zero."""
    total = pl.concat(rollups).group_by(KEYS).agg(pl.col(SUMS).sum())
    return total.filter(pl.any_horizontal(pl.col(SUMS) != 0)).sort(KEYS)


def empty_rollup() -> pl.DataFrame:
    return pl.DataFrame(schema={**dict.fromkeys(KEYS, pl.String), **dict.fromkeys(SUMS, pl.Int64)})


def _weights(seen: pl.DataFrame, codes: Sequence[str], rulebook: Rulebook) -> pl.DataFrame:
    """What one record adds, for every combination of letters: columns `NAME:sum`, without those always 0."""
    judged = [place for place, code in enumerate(codes) if indicator_of(rulebook, code).counts_in_n]
    columns: dict[str, list[int]] = {f"{RECORDS}:numerator": []}
    for states, marks in seen.iter_rows():
        columns[f"{RECORDS}:numerator"].append(int(any(states[place] in "OL" for place in judged)))
        for place, code in enumerate(codes):
            share = _share(code, states[place], marks[place] if marks else "-", rulebook)
            for column, value in zip(SUMS, share, strict=True):
                columns.setdefault(f"{code}:{column}", []).append(value)
    used = {name: values for name, values in columns.items() if any(values)}
    return pl.DataFrame(used, schema=dict.fromkeys(used, pl.Int64))


def _share(code: str, letter: str, mark: str, rulebook: Rulebook) -> tuple[int, ...]:
    """What one record with this letter adds to the `SUMS` of an indicator (a ratio is added by itself)."""
    indicator = indicator_of(rulebook, code)
    formula = FORMULAS[indicator.formula]
    counted = formula.numerator != "ratio" and letter in formula.numerator
    return (
        indicator.options.get("per", 1) if counted else 0,
        int(letter in formula.denominator),
        int(letter == "P"),
        int(letter == "U"),
        int(letter == "X"),
        int(mark in "pb"),
        int(mark in "mb"),
    )
