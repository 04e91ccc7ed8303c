"""The registry of measures (指标登记): which monthly figures are known, by code or by any of their names (domain §8).

The lines are data, `measures.toml`; a company adds its own beside mingcha.toml. What a line is worth is the rulebook's.
"""

from __future__ import annotations

import tomllib
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError, model_validator

from checks.errors import RuleError
from checks.nearest import closest

SHIPPED = Path(__file__).with_name("measures.toml")
OWN = "measures.toml"
"""A company's own measures, beside mingcha.toml."""


SUMMED = ("count", "hours")
"""Units of which offices' numbers are added up; of a rank there is no sum; all others are numerator ÷ denominator."""


class Threshold(BaseModel):
    """A limit of a line: law, public promise or internal (three different things, domain §0), with its source."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["law", "promise", "internal"]
    above: str | None = None
    """Beyond it lies what is more than this, a decimal; of ratios as 0–1."""
    below: str | None = None
    source: str
    """Document, or (p): proposed, to be set by the company."""
    title: str = ""
    """What lies beyond is called (高损, 负损 …), where it has a name."""
    title_en: str = ""
    warns: bool = False
    """Beyond it an early warning is sent down."""

    @model_validator(mode="after")
    def _one_side(self) -> Threshold:
        if (self.above is None) == (self.below is None):
            raise ValueError("give one of above, below")
        Fraction(self.above or self.below or "")  # a decimal
        return self

    @property
    def limit(self) -> Fraction:
        return Fraction(self.above if self.above is not None else self.below or "")

    @property
    def sign(self) -> str:
        return ">" if self.above is not None else "<"

    def is_beyond(self, value: Fraction) -> bool:
        return value > self.limit if self.above is not None else value < self.limit


class Measure(BaseModel):
    """One line: what is divided by what, whether more of it is better, its group and thresholds.

    `rank`, `best` and `mean` name the lines that hold its place among other companies, and the best and mean of them.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    code: str
    title: str
    title_en: str
    unit: Literal["ratio", "count", "seconds", "hours", "yuan", "points", "rank"]
    direction: Literal["more", "less", "none"]
    numerator: str
    denominator: str
    aliases: tuple[str, ...] = ()
    group: str = "other"
    thresholds: tuple[Threshold, ...] = ()
    rank: str | None = None
    best: str | None = None
    mean: str | None = None

    def value(self, numerator: Fraction, denominator: Fraction) -> Fraction | None:
        """The line's value; None where there is nothing to divide by."""
        if self.unit in SUMMED or self.unit == "rank":
            return numerator
        return numerator / denominator if denominator else None

    def beyond(self, value: Fraction, *, warning: bool = False) -> Threshold | None:
        """The threshold it is farthest beyond (of those that warn), None when it keeps them all."""
        passed = [one for one in self.thresholds if one.is_beyond(value) and (one.warns or not warning)]
        return max(passed, key=lambda one: one.limit if one.above is not None else -one.limit, default=None)

    def said(self, value: Fraction) -> str:
        """A value as figures, the same in every language: 91.25 %, 12, 31.5."""
        if self.unit == "ratio":
            return f"{float(value * 100):.2f} %"
        return f"{float(value):g}" if self.unit in (*SUMMED, "rank") else f"{float(value):.1f}"


class _File(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    measures: tuple[Measure, ...]


@dataclass(frozen=True)
class Measures:
    """All known measures by code."""

    by_code: Mapping[str, Measure]

    @cached_property
    def names(self) -> Mapping[str, str]:
        """Compared name (code, titles, aliases) → code."""
        return {
            compared(name): measure.code
            for measure in self.by_code.values()
            for name in (measure.code, measure.title, measure.title_en, *measure.aliases)
        }

    def code_of(self, name: str) -> str | None:
        """The code that a name stands for, None when it stands for none."""
        return self.names.get(compared(name))

    def nearest(self, name: str) -> str | None:
        """The code of the measure whose name is most like this one, None when none is like it."""
        found = closest(compared(name), self.names)
        return self.names[found] if found else None


def load_measures(*files: Path) -> Measures:
    """The shipped measures and those of further files; a file's row replaces one of the same code.

    RuleError names file, key and value, and a name that two measures share.
    """
    found = {measure.code: measure for path in (SHIPPED, *files) for measure in _read(path).measures}
    _refuse_shared_names(found)
    _refuse_unknown_others(found)
    return Measures(found)


def compared(name: str) -> str:
    """A name as it is compared: NFKC, without blanks, lower case."""
    return "".join(unicodedata.normalize("NFKC", name).split()).lower()


def _read(path: Path) -> _File:
    try:
        return _File.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise RuleError(f"{path.name} is not valid TOML: {error}. Correct the file.") from error
    except ValidationError as error:
        problems = "; ".join(f"{'.'.join(map(str, item['loc']))}: {item['msg']}" for item in error.errors())
        raise RuleError(f"{path.name}: {problems}. See checks/measures.toml for examples.") from error


def _refuse_unknown_others(measures: Mapping[str, Measure]) -> None:
    for measure in measures.values():
        for other in (measure.rank, measure.best, measure.mean):
            if other is not None and other not in measures:
                raise RuleError(f"The measure '{measure.code}' names '{other}', which is none. Add a row for it.")


def _refuse_shared_names(measures: Mapping[str, Measure]) -> None:
    owners: dict[str, str] = {}
    for measure in measures.values():
        for name in (measure.code, measure.title, measure.title_en, *measure.aliases):
            owner = owners.setdefault(compared(name), measure.code)
            if owner != measure.code:
                raise RuleError(
                    f"The name '{name}' belongs to the measures '{owner}' and '{measure.code}'. Rename one."
                )
