"""Which column of an unknown export may be which of ours (建议映射): by its header, by a similar one, by what it holds.

A suggestion is a guess for a person to confirm, with how it was made and how sure it is. Nothing here is stored.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Literal

import polars as pl
from rapidfuzz import fuzz

from collectors import values
from collectors.headers import EXPORTED_AT, HEADERS, plain, recognise, recognise_minutes, variants
from collectors.records import RECORDS, Column, RecordType
from collectors.stamps import Clock, parse_stamps
from collectors.words import choices

SIMILAR = 60.0
"""Headers at least so alike (0–100) are suggested; two of four characters in common are not enough."""
MOSTLY = 0.8
"""Share of filled cells that must fit before the content alone suggests a column."""
HALF = 0.5
"""The same for words and offices that we know: an export that nobody has mapped yet has some that we do not."""
EXAMPLES = 3
_IDENTIFIER = re.compile(r"^(?=.*\d)[A-Za-z0-9-]{6,}$")
_TIMES = ("instant", "day", "month")
_NUMBERS = ("integer", "decimal", "share")

How = Literal["known", "minutes", "similar", "content", ""]


@dataclass(frozen=True, slots=True)
class Profile:
    """What a column holds, as shares (0–1) of its filled cells; `filled` is a share of all cells."""

    filled: float
    times: float
    numbers: float
    words: float
    """Words of the enumeration that knows most of them, flags not counted."""
    words_of: str | None
    offices: float
    distinct: float
    examples: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Suggestion:
    """What one source column may be. `score` 0–100; `column` None: nothing is suggested."""

    index: int
    header: str
    column: str | None
    how: How
    score: float
    profile: Profile


def suggest(
    record: str,
    header: Sequence[str],
    sample: pl.DataFrame,
    clock: Clock,
    is_office: Callable[[str], bool] = lambda _text: False,
) -> list[Suggestion]:
    """A suggestion per source column. `sample` holds some rows as text cells `c0`, `c1` …; `is_office` knows our names.

    A column is suggested for one source column only, except by the header dictionary, which may name several.
    """
    kind = RECORDS[record]
    profiles = [_profile(kind, _cells(sample, index), clock, is_office) for index in range(len(header))]
    found: dict[int, tuple[str, How, float]] = {}
    for column, indexes in recognise(record, header).items():
        found.update(dict.fromkeys(indexes, (column, "known", 100.0)))
    for column, (index, _) in recognise_minutes(record, header).items():
        found.setdefault(index, (column, "minutes", 100.0))
    _add_best(found, [*_similar(kind, header, profiles, found), *_by_content(kind, profiles, found)])
    return [_suggestion(index, name, found.get(index), profiles[index]) for index, name in enumerate(header)]


def _suggestion(index: int, header: str, found: tuple[str, How, float] | None, profile: Profile) -> Suggestion:
    column, how, score = found or (None, "", 0.0)
    return Suggestion(index, header, column, how, score, profile)


Guess = tuple[float, int, str, How]
"""Score, index of the source column, canonical column, how it was guessed."""


def _add_best(found: dict[int, tuple[str, How, float]], guesses: list[Guess]) -> None:
    taken = {column for column, _, _ in found.values()}
    for score, index, column, how in sorted(guesses, key=lambda guess: (-guess[0], guess[1])):
        if index not in found and column not in taken:
            found[index] = (column, how, round(score, 1))
            taken.add(column)


def _similar(
    kind: RecordType, header: Sequence[str], profiles: Sequence[Profile], found: dict[int, tuple[str, How, float]]
) -> list[Guess]:
    """Headers spelt nearly like a known one, unless what the column holds speaks against it."""
    taken = {column for column, _, _ in found.values()}
    guesses: list[Guess] = []
    for index, cell in enumerate(header):
        if index in found or not plain(cell):
            continue
        for column in kind.columns:
            if column.name not in taken and fits(column, profiles[index]):
                score = _likeness(cell, (column.name, *HEADERS[kind.name].get(column.name, ())))
                if score >= SIMILAR:
                    guesses.append((score, index, column.name, "similar"))
    return guesses


def _likeness(cell: str, names: Sequence[str]) -> float:
    return max(fuzz.ratio(variant, plain(name)) for variant in variants(cell) for name in names)


def fits(column: Column, profile: Profile) -> bool:
    """Whether most of what the source column holds could be read as this column (an empty column fits anything)."""
    if not profile.filled:
        return True
    if column.kind in _TIMES:
        return profile.times >= 0.5
    if column.kind in _NUMBERS:
        return profile.numbers >= 0.5
    if column.kind == "text":
        return profile.words < HALF and (profile.times < MOSTLY or profile.numbers >= MOSTLY)
    return True


def _by_content(kind: RecordType, profiles: Sequence[Profile], found: dict[int, tuple[str, How, float]]) -> list[Guess]:
    """An enumeration by its words, the office by its names; number and moment where only one column can be it."""
    taken = {column for column, _, _ in found.values()}
    free = [index for index, profile in enumerate(profiles) if index not in found and profile.filled]
    guesses: list[Guess] = []
    for index in free:
        profile = profiles[index]
        if profile.words_of and profile.words_of not in taken and profile.words >= HALF:
            guesses.append((profile.words * 100, index, profile.words_of, "content"))
        if kind.office and kind.office not in taken and profile.offices >= HALF:
            guesses.append((profile.offices * 100, index, kind.office, "content"))
    if kind.moment and kind.moment not in taken:
        times = [index for index in free if profiles[index].times >= MOSTLY and profiles[index].numbers < MOSTLY]
        guesses += [(profiles[times[0]].times * 55, times[0], kind.moment, "content")] if len(times) == 1 else []
    if kind.number not in taken:
        numbers = [index for index in free if _could_be_number(profiles[index])]
        guesses += [(55.0, numbers[0], kind.number, "content")] if len(numbers) == 1 else []
    return guesses


def _could_be_number(profile: Profile) -> bool:
    return profile.distinct == 1 and profile.times < 0.5 and all(map(_IDENTIFIER.match, profile.examples))


def _cells(sample: pl.DataFrame, index: int) -> pl.Series:
    name = f"c{index}"
    return sample.select(values.clean(pl.col(name)))[name] if name in sample.columns else pl.Series([], dtype=pl.String)


def _profile(kind: RecordType, texts: pl.Series, clock: Clock, is_office: Callable[[str], bool]) -> Profile:
    filled = texts.drop_nulls()
    if filled.is_empty():
        return Profile(0.0, 0.0, 0.0, 0.0, None, 0.0, 0.0, ())
    words_of, words = _best_enumeration(kind, filled)
    numbers = filled.str.replace_all(",", "", literal=True).cast(pl.Float64, strict=False)
    named = [text for text in filled.unique() if is_office(text)]
    return Profile(
        filled=len(filled) / len(texts),
        times=_share(parse_stamps(filled, clock).is_not_null()),
        numbers=_share(numbers.is_not_null()),
        words=words,
        words_of=words_of,
        offices=_share(filled.is_in(named)),
        distinct=filled.n_unique() / len(filled),
        examples=tuple(filled.unique(maintain_order=True).head(EXAMPLES)),
    )


def _best_enumeration(kind: RecordType, filled: pl.Series) -> tuple[str | None, float]:
    shares = [
        (_share(filled.is_in([text for text in filled.unique() if _says(plain(text), known)])), column.name)
        for column in kind.columns
        if column.kind == "choice"
        for known in [choices(kind.name, column.name)]
    ]
    best = max(shares, default=(0.0, None), key=lambda pair: pair[0])
    return (best[1], best[0]) if best[0] else (None, 0.0)


def _says(word: str, known: Collection[str]) -> bool:
    """Whether the word alone says what it is: digits are codes of anything."""
    return word in known and not word.isdigit()


def _share(mask: pl.Series) -> float:
    return float(mask.sum()) / len(mask) if len(mask) else 0.0


def targets(record: str) -> tuple[str, ...]:
    """Columns to which a source column can be mapped."""
    return (*RECORDS[record].names, EXPORTED_AT)
