"""Law, promise and internal limits side by side (并列口径): every limit of a book as a clock of weight 0.

The score knows only the limits that its indicators name. Here each step has one clock per kind of limit, judged by the
same judge as the scored ones, so that what stands beside them is exact and what is scored does not move.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from checks.rulebook.loader import Rulebook
from checks.rulebook.model import KINDS, Edition, Indicator, LimitKind, Step


def every_clock(book: Rulebook) -> Rulebook:
    """The book with one clock per step and kind in place of its indicators: `arrival.law`, `arrival.promise` …"""
    editions = tuple(edition.model_copy(update={"indicators": tuple(_clocks(edition))}) for edition in book.editions)
    return replace(book, editions=editions)


def code_of(step: Step, kind: LimitKind) -> str:
    return f"{step.code}.{kind}"


def scored_as(edition: Edition, step: Step, kind: LimitKind) -> str | None:
    """The indicator that scores the limits of this step and kind, if one does."""
    wanted = {"step": step.code, "kind": kind}
    return next(
        (i.code for i in edition.indicators if i.formula == "clock" and wanted.items() <= i.options.items()), None
    )


def _clocks(edition: Edition) -> Iterator[Indicator]:
    for step in edition.steps:
        for kind in KINDS:
            if step.limits_of(kind):
                yield _clock(edition, step, kind)


def _clock(edition: Edition, step: Step, kind: LimitKind) -> Indicator:
    """A clock of weight 0; it leaves out the records that the scored clock of the same step leaves out."""
    siblings = [i for i in edition.indicators if i.formula == "clock" and i.options["step"] == step.code]
    unless = {key: i.options[key] for i in siblings for key in ("unless",) if key in i.options}
    return Indicator.model_validate({
        "code": code_of(step, kind), "title": step.title, "title_en": step.title_en, "record": step.record,
        "formula": "clock", "options": {"step": step.code, "kind": kind, **unless}, "unit": "ratio",
        "interval": "none", "floor": "0", "target": "1", "weight": "0", "levels": (), "clause": step.title,
    })  # fmt: skip
