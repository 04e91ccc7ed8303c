"""The list of signals (线索清单) with their bounds: data in `signals.toml`."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

FILE = Path(__file__).with_name("signals.toml")


class Signal(BaseModel):
    """One signal: what it looks for and from where on it speaks. `kind` test: a p-value per office; leads: records."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    code: str
    kind: Literal["test", "leads"]
    title: str
    title_en: str
    looks_for: str
    """One sentence in English, the msgid of signals.po."""
    source: str
    bounds: Mapping[str, int] = Field(default_factory=dict)


@cache
def signals() -> Mapping[str, Signal]:
    """All signals by code, in the order in which they are shown."""
    found = [Signal.model_validate(row) for row in tomllib.loads(FILE.read_text(encoding="utf-8"))["signals"]]
    return {signal.code: signal for signal in found}


def bound(code: str, name: str) -> int:
    """One bound of a signal; KeyError if it has none of that name."""
    return signals()[code].bounds[name]
