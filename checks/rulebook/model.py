"""What an edition of a rulebook holds (规则版本): limits, indicators, guards, grades, red lines, score sheet.

Everything is read from TOML and frozen. Numbers that enter scores are exact fractions, written as text in the file.
"""

from __future__ import annotations

import datetime as dt
from fractions import Fraction
from functools import cached_property
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

Level = Literal["hall", "station", "county", "company"]
LEVELS: tuple[Level, ...] = ("hall", "station", "county", "company")
RecordKind = Literal["tickets", "repairs", "applications", "evaluations", "measures", "samples", "halls"]
LimitKind = Literal["law", "promise", "internal"]

MICROSECONDS = {"seconds": 1_000_000, "minutes": 60_000_000, "hours": 3_600_000_000}


def _exact(value: object) -> Fraction:
    """A number written as text ("0.80") or as an integer; a float would already have lost its digits."""
    if isinstance(value, bool) or not isinstance(value, str | int | Fraction):
        raise ValueError('write exact numbers as text, for example "0.80"')
    try:
        return Fraction(value)
    except (ValueError, ZeroDivisionError) as error:
        raise ValueError('is no number; write it as text, for example "0.80"') from error


Exact = Annotated[Fraction, BeforeValidator(_exact)]


class Table(BaseModel):
    """A TOML table: unknown keys are refused, values never change."""

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)


class Limit(Table):
    """One limit (时限) of a step, with what it rests on. Natural limits in seconds to hours, working ones in days."""

    code: str
    kind: LimitKind
    where: dict[str, tuple[str, ...]]
    clock: Literal["natural", "working"]
    amount: int = Field(gt=0)
    unit: Literal["seconds", "minutes", "hours", "days"]
    clause: str
    document: str
    note: str = ""
    valid_from: dt.date | None = None
    valid_to: dt.date | None = None

    @model_validator(mode="after")
    def _unit_fits_clock(self) -> Limit:
        if (self.clock == "working") != (self.unit == "days"):
            raise ValueError(f"limit {self.code}: a {self.clock} clock cannot count {self.unit}")
        return self

    @property
    def microseconds(self) -> int:
        """Length of a natural limit."""
        return self.amount * MICROSECONDS[self.unit]


class Step(Table):
    """A step (环节) from one stamp to another, with all its limits: law, promise and internal side by side."""

    code: str
    record: RecordKind
    start: str
    end: str
    pauses: str | None = None
    """Column with working days that are left out of the count."""
    title: str
    title_en: str
    limits: tuple[Limit, ...]

    def limits_of(self, kind: LimitKind) -> tuple[Limit, ...]:
        return tuple(limit for limit in self.limits if limit.kind == kind)


class Indicator(Table):
    """One line of the score (指标): what is counted, and how the value becomes points (design §3.2, §3.5)."""

    code: str
    title: str
    title_en: str
    record: RecordKind
    formula: str
    options: dict[str, Any] = Field(default_factory=dict)
    unit: str
    interval: Literal["wilson", "poisson", "none"]
    floor: Exact
    target: Exact
    weight: Exact
    levels: tuple[Level, ...]
    counts_in_n: bool = False
    """A record judged here counts once in the row's `n` (design §3.1)."""
    clause: str

    @model_validator(mode="after")
    def _scale_has_length(self) -> Indicator:
        if self.floor == self.target:
            raise ValueError(f"indicator {self.code}: floor and target are both {self.target}; they must differ")
        if self.weight < 0:
            raise ValueError(f"indicator {self.code}: weight {self.weight} is negative")
        return self

    @cached_property
    def span(self) -> Fraction:
        """From floor to target; negative where less is better."""
        return self.target - self.floor

    @property
    def less_is_better(self) -> bool:
        return self.floor > self.target


class Guards(Table):
    min_records: int = Field(ge=0)
    min_weight_share: Exact
    max_unjudgeable_share: Exact | None = None
    """A larger share of records that cannot be judged marks the row; empty: no share does."""


class Grade(Table):
    code: str
    title: str
    title_en: str
    from_score: Exact = Field(alias="from")


class RedLines(Table):
    """一票否决 (domain §6.1): which confirmed events cap the grade."""

    items: tuple[str, ...]
    deliberate_items: tuple[str, ...]
    severities: tuple[str, ...]
    caps_grade: str


class SheetItem(Table):
    """One line of the hall's score sheet (domain §5.3)."""

    code: str
    title: str
    title_en: str
    deduct: int = Field(ge=0)
    grade: Literal["A", "B", "C", "D"]
    auto: Literal["yes", "semi", "no"]


class Sheet(Table):
    """The hall score sheet (评分表): deductions of a hall-month of 100 points."""

    code: str
    valid_from: dt.date
    daily_cap: int
    repeat_days: int
    repeat_factor: int
    items: tuple[SheetItem, ...]

    @property
    def deductions(self) -> dict[str, int]:
        return {item.code: item.deduct for item in self.items}


class Edition(Table):
    """One complete edition of a rulebook, in force from `valid_from` to `valid_to` (both days included)."""

    book: str
    code: str
    title: str
    title_en: str
    valid_from: dt.date
    valid_to: dt.date | None = None
    source: str
    guards: Guards
    red_lines: RedLines
    grades: tuple[Grade, ...]
    steps: tuple[Step, ...]
    indicators: tuple[Indicator, ...]

    def step(self, code: str) -> Step:
        return next(step for step in self.steps if step.code == code)

    def indicator(self, code: str) -> Indicator:
        return next(indicator for indicator in self.indicators if indicator.code == code)

    def of_record(self, record: str) -> tuple[Indicator, ...]:
        return tuple(indicator for indicator in self.indicators if indicator.record == record)

    def at_level(self, level: str) -> tuple[Indicator, ...]:
        return tuple(indicator for indicator in self.indicators if level in indicator.levels)

    def in_force(self, day: dt.date) -> bool:
        return self.valid_from <= day and (self.valid_to is None or day <= self.valid_to)
