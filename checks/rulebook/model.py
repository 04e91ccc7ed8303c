"""What an edition of a rulebook holds (规则版本): limits, indicators, guards, grades, red lines, score sheet.

Everything is read from TOML and frozen. Numbers that enter scores are exact fractions, written as text in the file.
"""

from __future__ import annotations

import datetime as dt
import re
from fractions import Fraction
from functools import cached_property
from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

Level = Literal["hall", "station", "county", "company"]
LEVELS: tuple[Level, ...] = ("hall", "station", "county", "company")
RecordKind = Literal["tickets", "repairs", "applications", "evaluations", "measures", "samples", "halls"]
LimitKind = Literal["law", "promise", "internal"]

MICROSECONDS = {"seconds": 1_000_000, "minutes": 60_000_000, "hours": 3_600_000_000}
UNITS_OF = {"natural": ("seconds", "minutes", "hours"), "working": ("hours", "days")}
KINDS: tuple[LimitKind, ...] = ("law", "promise", "internal")
ORIGIN = re.compile(r"[abcdp](:.+)?")


def _exact(value: object) -> Fraction:
    """A number written as text ("0.80") or as an integer; a float would already have lost its digits."""
    if isinstance(value, bool) or not isinstance(value, str | int | Fraction):
        raise ValueError('write exact numbers as text, for example "0.80"')
    try:
        return Fraction(value)
    except (ValueError, ZeroDivisionError) as error:
        raise ValueError('is no number; write it as text, for example "0.80"') from error


Exact = Annotated[Fraction, BeforeValidator(_exact)]


def _known_origin(value: object) -> object:
    if isinstance(value, str) and not ORIGIN.fullmatch(value):
        raise ValueError("write a, b, c, d or p, with its source after a colon, for example 'b:P1'")
    return value


Origin = Annotated[str, BeforeValidator(_known_origin)]
"""Where a figure comes from: a given with the project, b public material, c general knowledge still to be verified, d
arithmetic, p proposed, to be set by the company; the source after a colon."""


def _span(value: object) -> object:
    """`08:30-17:30` as minutes of the day."""
    found = (
        re.fullmatch(r"([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-3]):([0-5]\d)", value) if isinstance(value, str) else None
    )
    if found is None:
        raise ValueError("write a span of the day as '08:30-17:30'")
    begin, end = int(found[1]) * 60 + int(found[2]), int(found[3]) * 60 + int(found[4])
    if begin >= end:
        raise ValueError("a span of the day ends after it begins")
    return begin, end


Span = Annotated[tuple[int, int], BeforeValidator(_span)]


class Table(BaseModel):
    """A TOML table: unknown keys are refused, values never change."""

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)


Dated = TypeVar("Dated", bound="Any")


def _ordered(table: Dated, code: str) -> Dated:
    """Refuse a row that ends before it begins."""
    if table.valid_from and table.valid_to and table.valid_to < table.valid_from:
        raise ValueError(f"{code}: valid_to {table.valid_to} lies before valid_from {table.valid_from}")
    return table


class Limit(Table):
    """One limit (时限) of a step, with what it rests on. Natural: seconds to hours; working: hours or days."""

    code: str
    kind: LimitKind
    where: dict[str, tuple[str, ...]]
    clock: Literal["natural", "working"]
    amount: int = Field(gt=0)
    unit: Literal["seconds", "minutes", "hours", "days"]
    clause: str
    document: str
    origin: Origin = "p"
    average: bool = False
    """The promise states an average: to judge one case by it is an internal rule, and is labelled so (domain §9.25)."""
    note: str = ""
    valid_from: dt.date | None = None
    valid_to: dt.date | None = None

    @model_validator(mode="after")
    def _unit_fits_clock(self) -> Limit:
        if self.unit not in UNITS_OF[self.clock]:
            raise ValueError(f"limit {self.code}: a {self.clock} clock cannot count {self.unit}")
        return self

    @model_validator(mode="after")
    def _ends_after_it_begins(self) -> Limit:
        return _ordered(self, self.code)

    @property
    def per_case(self) -> LimitKind:
        """What a verdict of one case by this limit is: the limit's kind, internal where it promises an average."""
        return "internal" if self.average else self.kind

    @property
    def microseconds(self) -> int:
        """Length of a limit in seconds to hours."""
        return self.amount * MICROSECONDS[self.unit]


class Step(Table):
    """A step (环节) from one stamp to another, with all its limits: law, promise and internal side by side."""

    code: str
    record: RecordKind
    start: str
    end: str
    pauses: str | None = None
    """Column with working days that are left out of the count."""
    pause_cap: int | None = Field(default=None, gt=0)
    """More working days of pause than these are flagged; the clock still leaves all of them out (design §3.5, C1)."""
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
    working_time: tuple[Span, ...] = ((510, 1050),)
    """Spans of a working day, in minutes since midnight, that limits in working hours count."""
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
