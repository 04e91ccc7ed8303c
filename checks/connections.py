"""What a connection may ask of a customer, and how old an open one is called (业扩报装): data with sources."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from pydantic import Field, model_validator

from checks.rulebook.loader import read_table
from checks.rulebook.model import Origin, Table

FILE = "connections.toml"
SHIPPED = Path(__file__).with_name(FILE)


class Ageing(Table):
    """Bounds in natural days since acceptance: under the first, between each two, over the last."""

    classes: tuple[str, ...]
    bounds: tuple[int, ...] = Field(min_length=1)
    clause: str
    document: str
    origin: Origin = "p"

    @model_validator(mode="after")
    def _rises(self) -> Ageing:
        if list(self.bounds) != sorted(set(self.bounds)) or self.bounds[0] <= 0:
            raise ValueError(f"the bounds {self.bounds} must rise from above 0")
        return self

    def bucket(self, days: int) -> int:
        """Place of an age: 0 under the first bound; a bound itself belongs to the bucket that it begins."""
        return sum(days >= bound for bound in self.bounds)


class Allowed(Table):
    """How many papers and visits one standard allows for one class."""

    code: str
    title: str
    title_en: str
    class_: str = Field(alias="class")
    papers: int | None = Field(default=None, ge=0)
    visits: int | None = Field(default=None, ge=0)
    clause: str
    document: str
    origin: Origin = "p"


class Standards(Table):
    """The file `connections.toml`."""

    ageing: Ageing
    allowed: tuple[Allowed, ...] = ()


def load_standards(folder: Path | None = None) -> Standards:
    """The company's own file if the folder has one, else the shipped. RuleError names file, line, key and remedy."""
    own = folder / FILE if folder is not None else None
    return read_table(own, Standards) if own is not None and own.is_file() else _shipped()


@cache
def _shipped() -> Standards:
    return read_table(SHIPPED, Standards)
