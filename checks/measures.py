"""The registry of measures (指标登记): which monthly figures are known, by code or by any of their names (domain §8).

The lines are data, `measures.toml`; a company adds its own beside mingcha.toml. What a line is worth is the rulebook's.
"""

from __future__ import annotations

import tomllib
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from checks.errors import RuleError
from checks.nearest import closest

SHIPPED = Path(__file__).with_name("measures.toml")


class Measure(BaseModel):
    """One line: what is divided by what, and whether more of it is better."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    code: str
    title: str
    title_en: str
    unit: Literal["ratio", "count", "seconds", "hours", "yuan", "points"]
    direction: Literal["more", "less", "none"]
    numerator: str
    denominator: str
    aliases: tuple[str, ...] = ()


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


def _refuse_shared_names(measures: Mapping[str, Measure]) -> None:
    owners: dict[str, str] = {}
    for measure in measures.values():
        for name in (measure.code, measure.title, measure.title_en, *measure.aliases):
            owner = owners.setdefault(compared(name), measure.code)
            if owner != measure.code:
                raise RuleError(
                    f"The name '{name}' belongs to the measures '{owner}' and '{measure.code}'. Rename one."
                )
