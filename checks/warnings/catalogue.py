"""The rules of early warning (预警规则): data in `rules.toml`, one model per kind."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, model_validator

from checks.errors import RuleError

FILE = Path(__file__).with_name("rules.toml")
Record = Literal["tickets", "repairs", "applications"]


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


class RepeatRule(_Rule):
    """So many records with the same value within some days; it is told of the newest."""

    kind: Literal["repeat"]
    column: str
    least: int = Field(gt=1)
    days: int = Field(gt=0)


Rule = Annotated[ClockRule | CountRule | WordsRule | RepeatRule, Field(discriminator="kind")]
_RULES: TypeAdapter[list[Rule]] = TypeAdapter(list[Rule])


@cache
def shipped() -> Mapping[str, Rule]:
    """The rules that come with the program, by code."""
    return read(FILE)


def read(path: Path) -> Mapping[str, Rule]:
    """Rules from a file, by code. RuleError names file, rule and what is wrong."""
    try:
        found = _RULES.validate_python(tomllib.loads(path.read_text(encoding="utf-8")).get("rules", []))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise RuleError(f"{path.name} is not valid TOML: {error}. Correct the file.") from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise RuleError(f"{path.name}: rule {where}: {first['msg']}. Correct it.") from error
    codes = [rule.code for rule in found]
    twice = next((code for code in codes if codes.count(code) > 1), None)
    if twice:
        raise RuleError(f"{path.name}: rule '{twice}' stands there twice. Keep one.")
    return {rule.code: rule for rule in found}
