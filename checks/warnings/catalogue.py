"""The rules of early warning (预警规则): data in `rules.toml`, one model per kind."""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, model_validator

from checks.errors import RuleError
from checks.measures import Measures, load_measures

FILE = Path(__file__).with_name("rules.toml")
Record = Literal["tickets", "repairs", "applications", "measures"]


class _Rule(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    code: str
    record: Record
    title: str
    title_en: str
    source: str


class ClockRule(_Rule):
    """A running promise whose time is nearly up: exactly one of the three ways to say from when on."""

    kind: Literal["clock"]
    indicator: str
    share: int | None = Field(default=None, gt=0, lt=100)
    """Percent of the time."""
    before_minutes: int | None = Field(default=None, gt=0)
    before_working_days: int | None = Field(default=None, gt=0)
    empty: str | None = None
    """A stamp that must not be filled yet."""

    @model_validator(mode="after")
    def _one_way(self) -> ClockRule:
        given = (self.share, self.before_minutes, self.before_working_days)
        if sum(one is not None for one in given) != 1:
            raise ValueError("give one of share, before_minutes, before_working_days")
        return self


class CountRule(_Rule):
    """A column has reached a number."""

    kind: Literal["count"]
    column: str
    least: int = Field(gt=0)
    types: tuple[str, ...] | None = None
    """Types of tickets it holds for; None: all."""


class WordsRule(_Rule):
    """A text holds one of some words."""

    kind: Literal["words"]
    column: str
    words: tuple[str, ...] = Field(min_length=1)
    unless: tuple[str, ...] = ()
    """Longer words that hold one of them and mean something else."""


class RepeatRule(_Rule):
    """So many records with the same value within some days; it is told of the newest."""

    kind: Literal["repeat"]
    column: str
    least: int = Field(gt=1)
    days: int = Field(gt=0)
    apart_hours: int | None = Field(default=None, gt=0)
    """Records that come at most so long after the one before tell of the same event, and count once with it."""


class ValueRule(_Rule):
    """A column says one of some values."""

    kind: Literal["value"]
    column: str
    values: tuple[str, ...] = Field(min_length=1)


class WaitRule(_Rule):
    """A stamp that is to be filled so many minutes after another, of records that a column tells apart.

    It is told at once: its time is too short to wait for a share of it.
    """

    kind: Literal["wait"]
    column: str
    words: tuple[str, ...] = Field(min_length=1)
    """The column holds one of these."""
    start: str = "accepted_at"
    empty: str
    minutes: int = Field(gt=0)


class ReplyRule(_Rule):
    """A written reply shows a weakness that its own text tells (回单审核): all that is given holds together."""

    kind: Literal["reply"]
    says: tuple[str, ...] = ()
    """It holds one of these words."""
    lacks: tuple[str, ...] = ()
    """It holds none of these words."""
    without_number: bool = False
    """It holds no digit: no time, no amount, no place."""
    shorter_than: int | None = Field(default=None, gt=0)
    """Characters."""
    asked: tuple[str, ...] = ()
    """The customer's own text holds one of these words."""
    empty: str | None = None
    """A stamp that is not filled though the reply says that it happened."""
    types: tuple[str, ...] | None = None

    @model_validator(mode="after")
    def _something(self) -> ReplyRule:
        if not (self.says or self.lacks or self.without_number or self.shorter_than):
            raise ValueError("give at least one of says, lacks, without_number, shorter_than")
        return self


class ThresholdRule(_Rule):
    """The newest month of a measure is beyond a threshold of its line that warns (checks/measures.toml)."""

    kind: Literal["threshold"]
    days: int = Field(gt=0)
    """Natural days in which something is to be done about it."""


class FallRule(_Rule):
    """A measure became worse month after month."""

    kind: Literal["fall"]
    days: int = Field(gt=0)
    """Natural days in which something is to be done about it."""
    months: int = Field(gt=1)
    """So many times in a row."""
    least: float = Field(gt=0)
    """By at least this share of where it began, taken together; of ratios `points` counts."""
    points: float = Field(gt=0)
    """Of ratios: by at least this much altogether, as 0–1 (0.01: one percentage point)."""


MeasureRule = ThresholdRule | FallRule
Rule = Annotated[
    ClockRule | CountRule | WordsRule | RepeatRule | ValueRule | WaitRule | ReplyRule | ThresholdRule | FallRule,
    Field(discriminator="kind"),
]
_RULES: TypeAdapter[list[Rule]] = TypeAdapter(list[Rule])


@dataclass(frozen=True, eq=False)
class WarningRules:
    """What is warned of: the rules in force by code, and the measures whose thresholds warn. `own` is the company's
    file as it was read."""

    by_code: Mapping[str, Rule]
    measures: Measures = field(default_factory=load_measures)
    own: str = ""

    def of(self, record: str) -> list[Rule]:
        return [rule for rule in self.by_code.values() if rule.record == record]

    @cached_property
    def digest(self) -> str:
        """Pins rules and thresholds, byte by byte."""
        said = [*map(repr, self.by_code.values()), *map(repr, self.measures.by_code.values())]
        return hashlib.sha256("\n".join(said).encode()).hexdigest()


@cache
def shipped() -> Mapping[str, Rule]:
    """The rules that come with the program, by code."""
    return read(FILE)


def read(path: Path) -> Mapping[str, Rule]:
    """Rules from a file, by code. RuleError names file, rule and what is wrong."""
    try:
        return _parsed(path.read_text(encoding="utf-8"), path.name)[0]
    except UnicodeDecodeError as error:
        raise RuleError(f"{path.name} is not UTF-8: {error}. Save it as UTF-8.") from error


@cache
def with_own(text: str) -> Mapping[str, Rule]:
    """The shipped rules with those of a company's `warnings.toml` (its text).

    A rule of the same code replaces the shipped one, `off = ["code"]` takes one out, any other is added.
    """
    own, off = _parsed(text, OWN)
    together = {**shipped(), **own}
    unknown = sorted(set(off) - set(together))
    if unknown:
        raise RuleError(f"{OWN}: off names '{unknown[0]}', which is no rule. Take it out.")
    return {code: rule for code, rule in together.items() if code not in off}


OWN = "warnings.toml"
"""A company's own rules, beside mingcha.toml."""


def _parsed(text: str, name: str) -> tuple[dict[str, Rule], list[str]]:
    try:
        raw = tomllib.loads(text)
        found = _RULES.validate_python(raw.pop("rules", []))
    except tomllib.TOMLDecodeError as error:
        raise RuleError(f"{name} is not valid TOML: {error}. Correct the file.") from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise RuleError(f"{name}: rule {where}: {first['msg']}. Correct it.") from error
    off = raw.pop("off", [])
    if raw or not isinstance(off, list):
        raise RuleError(f"{name}: '{next(iter(raw), 'off')}' is not known; known are rules and off (a list of codes).")
    codes = [rule.code for rule in found]
    twice = next((code for code in codes if codes.count(code) > 1), None)
    if twice:
        raise RuleError(f"{name}: rule '{twice}' stands there twice. Keep one.")
    return {rule.code: rule for rule in found}, [str(code) for code in off]
