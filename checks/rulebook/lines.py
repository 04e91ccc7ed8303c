"""Lines of weight 0 (不计分指标): published formulas, other measures, and limits that no record carries.

They are shown beside the score and never in it; a company that wants one scored makes it an indicator of an edition.
"""

from __future__ import annotations

import datetime as dt
from typing import Any, Literal

from pydantic import Field, model_validator

from checks.rulebook.model import Exact, LimitKind, Origin, Table


class Line(Table):
    """One figure shown with weight 0. `lacks` says which data no record type carries, where that is so."""

    code: str
    title: str
    title_en: str
    formula: Literal["measure", "indicator", "service_index", "conduct_rate", "connection_rate", "none"]
    options: dict[str, Any] = Field(default_factory=dict)
    unit: Literal["ratio", "count", "seconds", "hours", "yuan", "points", "percent"]
    direction: Literal["more", "less", "none"]
    weight: Exact = Field(default=0, validate_default=True)
    clause: str
    document: str
    origin: Origin = "p"
    lacks: str = ""
    lacks_en: str = ""

    @model_validator(mode="after")
    def _weighs_nothing(self) -> Line:
        if self.weight:
            raise ValueError(f"line {self.code} has weight {self.weight}; a scored line is an indicator of an edition")
        return self

    @model_validator(mode="after")
    def _says_what_it_lacks(self) -> Line:
        if (self.formula == "none") != bool(self.lacks):
            raise ValueError(f"line {self.code}: 'lacks' says what is missing where the formula is 'none', only there")
        return self

    @model_validator(mode="after")
    def _names_what_it_shows(self) -> Line:
        needed = {"measure": "measure", "indicator": "of"}.get(self.formula)
        if needed is not None and not isinstance(self.options.get(needed), str):
            raise ValueError(f"line {self.code}: formula '{self.formula}' needs options = {{ {needed} = \"…\" }}")
        return self


class Unjudged(Table):
    """A limit that is known but judged nowhere, and why (domain §2.3, §4)."""

    code: str
    title: str
    title_en: str
    kind: LimitKind
    limit: str
    limit_en: str
    clause: str
    document: str
    origin: Origin = "p"
    lacks: str
    lacks_en: str
    valid_from: dt.date | None = None
    valid_to: dt.date | None = None


class Lines(Table):
    """The file `lines.toml` of a book."""

    book: str
    valid_from: dt.date
    valid_to: dt.date | None = None
    lines: tuple[Line, ...] = ()
    unjudged: tuple[Unjudged, ...] = ()
