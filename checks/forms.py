"""What designated-supplier forms say (三指定评价表): which accuse, and what a rate of them may be called."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Literal

from pydantic import Field

from checks.rulebook.loader import read_table
from checks.rulebook.model import Exact, Origin, Table

FILE = "forms.toml"
SHIPPED = Path(__file__).with_name(FILE)
STEPS = ("accepted", "surveyed", "designed", "built", "supplied", "inspected", "connected")
"""受理, 勘查答复, 设计, 施工, 供货, 验收, 接电."""
NAMED = ("design", "construction", "supply")
"""What somebody may have named a company for (指定设计、施工、供货)."""
ANSWERS = ("yes", "no", "unknown")
WORST, BEST = 1, 5
"""Attitude: from very bad to very good."""

Standing = Literal["suspicion", "insufficient", "clean", "none"]
"""`insufficient`: nobody accuses, but too few forms came back to say so much; `none`: there are no forms."""


class Thresholds(Table):
    """The file `forms.toml`."""

    recovery_least: Exact = Field(ge=0, le=1)
    recovery_clause: str
    recovery_origin: Origin = "p"
    told_from: int = Field(ge=1)
    told_clause: str
    told_origin: Origin = "p"


@dataclass(frozen=True, slots=True)
class Step:
    """What a form says of one step: per thing one of `ANSWERS` or nothing, and the attitude."""

    named: Mapping[str, str]
    attitude: int | None = None


def load_thresholds(folder: Path | None = None) -> Thresholds:
    """The company's own file if the folder has one, else the shipped. RuleError names file, line, key and remedy."""
    own = folder / FILE if folder is not None else None
    return read_table(own, Thresholds) if own is not None and own.is_file() else _shipped()


@cache
def _shipped() -> Thresholds:
    return read_table(SHIPPED, Thresholds)


def accuses(steps: Mapping[str, Step], extra_fee: bool | None) -> bool:
    """Any 是 in any step, or money beside the bill (domain §4)."""
    return bool(extra_fee) or any("yes" in step.named.values() for step in steps.values())


def told(steps: Mapping[str, Step], thing: str) -> bool | None:
    """One answer for the whole form: yes if any step says so, no if some do and none says yes, else unknown."""
    answers = [step.named.get(thing) for step in steps.values()]
    return True if "yes" in answers else False if "no" in answers else None


def standing(issued: int | None, collected: int, accusing: int, thresholds: Thresholds) -> Standing:
    """What the forms of an office allow to say. `issued` None: nobody said how many were handed out."""
    if accusing:
        return "suspicion"
    if not issued:
        return "insufficient" if collected else "none"
    return "clean" if Fraction(collected, issued) >= thresholds.recovery_least else "insufficient"
