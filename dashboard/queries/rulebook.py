"""Which records a change of the rulebook touches (规则影响): the same records judged by both editions."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import polars as pl

from checks.reasons import NUMBER
from checks.rulebook.beside import every_clock
from checks.rulebook.compare import as_if_always
from checks.rulebook.model import Edition
from dashboard.database import Database
from dashboard.judging.detail import scope_of
from dashboard.judging.kinds import KINDS, Kind
from dashboard.judging.reading import Reader, reader
from dashboard.judging.rules import Rules
from dashboard.judging.sums import in_period
from dashboard.people import Viewer
from dashboard.queries.league import period_named
from dashboard.secrecy import hidden_numbers


@dataclass(frozen=True, slots=True)
class Touch:
    """Records of a period that a step's limits of one kind concern in either edition, and those judged otherwise."""

    record: str
    concerned: int
    otherwise: int
    numbers: tuple[str, ...]
    """The first few that are judged otherwise."""


SHOWN = 5


def touched(
    db: Database,
    viewer: Viewer,
    rules: Rules,
    *,
    older: Edition,
    newer: Edition,
    codes: Iterable[str],
    period: str,
    as_of: datetime,
) -> dict[str, Touch]:
    """Per clock (`arrival.law` …) what the change means for the records of the period that the viewer may see.

    Each record is judged by both editions as if each had always been in force; excluded ones are left out.
    """
    asked, wanted = period_named(period, rules), set(codes)
    found: dict[str, Touch] = {}
    with reader(db, rules.foreign) as source:
        scope = scope_of(source.tree, asked, None if viewer.sees_everything else viewer.offices)
        for kind in KINDS.values():
            mine = [
                code for code in wanted
                for edition in (newer, older) for step in edition.steps
                if step.record == kind.record and code.rsplit(".", 1)[0] == step.code
            ]  # fmt: skip
            if not mine:
                continue
            before, after = (
                _judged(source, rules, kind, edition, in_period(kind, asked, scope.offices), as_of)
                .filter(scope.holds("office_code", "day"), pl.col("excluded") == 0)
                for edition in (older, newer)
            )  # fmt: skip
            for code in dict.fromkeys(mine):
                found[code] = _told(db, viewer, _touch(kind, before, after, code))
    return found


def _told(db: Database, viewer: Viewer, touch: Touch) -> Touch:
    """Without the numbers of sealed records that are hidden from the viewer; they count."""
    hidden = hidden_numbers(db, viewer, touch.record, touch.numbers)
    return replace(touch, numbers=tuple(number for number in touch.numbers if number not in hidden))


def _judged(source: Reader, rules: Rules, kind: Kind, edition: Edition, which: Any, as_of: datetime) -> pl.DataFrame:
    book = every_clock(as_if_always(rules.rulebook, edition))
    return kind.judged(source, replace(rules, rulebook=book), which, as_of).filter("exists").collect()


def _touch(kind: Kind, before: pl.DataFrame, after: pl.DataFrame, code: str) -> Touch:
    none = NUMBER["not_applicable"]
    one, two = (_column(frame, code, none) for frame in (before, after))
    both = before.select("id", pl.col(kind.number).alias("number"), one.alias("one")).join(
        after.select("id", two.alias("two")), on="id"
    )
    concerned = both.filter((pl.col("one") != none) | (pl.col("two") != none))
    otherwise = concerned.filter(pl.col("one") != pl.col("two")).sort("number")
    numbers = otherwise["number"].head(SHOWN).to_list()
    return Touch(kind.record, concerned.height, otherwise.height, tuple(numbers))


def _column(frame: pl.DataFrame, code: str, none: int) -> pl.Expr:
    return pl.col(code) if code in frame.columns else pl.lit(none, dtype=pl.UInt8)
