"""The difference between two editions (版本差异), limit by limit and indicator by indicator."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction

from checks.rulebook.beside import code_of
from checks.rulebook.loader import Rulebook
from checks.rulebook.model import KINDS, Edition, Indicator, Limit, LimitKind, Step

FIRST_DAY, NUMBERS = "0001-01-01", ("floor", "target", "weight")


@dataclass(frozen=True, slots=True)
class LimitChange:
    """One limit that came, went, counts another amount (`counts`), or only rests on another clause."""

    step: Step
    kind: LimitKind
    where: tuple[tuple[str, tuple[str, ...]], ...]
    before: Limit | None
    after: Limit | None

    @property
    def code(self) -> str:
        """The clock of `checks.rulebook.beside` that judges by it."""
        return code_of(self.step, self.kind)

    @property
    def counts(self) -> bool:
        """Whether a verdict can depend on the change."""
        return _measure(self.before) != _measure(self.after)


@dataclass(frozen=True, slots=True)
class NumberChange:
    """A floor, target or weight that differs; None where the edition has no such indicator."""

    indicator: Indicator
    name: str
    before: Fraction | None
    after: Fraction | None


def limit_changes(older: Edition, newer: Edition) -> tuple[LimitChange, ...]:
    """Every limit that differs, those first that can change a verdict."""
    found = [change for step in _steps(older, newer) for change in _of_step(older, newer, step)]
    return tuple(sorted(found, key=lambda change: not change.counts))


def number_changes(older: Edition, newer: Edition) -> tuple[NumberChange, ...]:
    """Every floor, target or weight that differs."""
    known = {indicator.code: indicator for edition in (older, newer) for indicator in edition.indicators}
    before = {indicator.code: indicator for indicator in older.indicators}
    after = {indicator.code: indicator for indicator in newer.indicators}
    return tuple(
        NumberChange(indicator, name, was, now)
        for code, indicator in known.items()
        for name in NUMBERS
        for was, now in [(getattr(before.get(code), name, None), getattr(after.get(code), name, None))]
        if was != now
    )


def as_if_always(book: Rulebook, edition: Edition) -> Rulebook:
    """The book as if this edition had been in force on every day."""
    first = type(edition.valid_from).fromisoformat(FIRST_DAY)
    return replace(book, editions=(edition.model_copy(update={"valid_from": first, "valid_to": None}),))


def _steps(older: Edition, newer: Edition) -> list[Step]:
    known = {step.code: step for step in older.steps} | {step.code: step for step in newer.steps}
    return list(known.values())


def _of_step(older: Edition, newer: Edition, step: Step) -> Iterator[LimitChange]:
    for kind in KINDS:
        before, after = _limits(older, step.code, kind), _limits(newer, step.code, kind)
        for where in dict.fromkeys((*before, *after)):
            was, now = before.get(where), after.get(where)
            if _measure(was) != _measure(now) or _basis(was) != _basis(now):
                yield LimitChange(step, kind, where, was, now)


Where = tuple[tuple[str, tuple[str, ...]], ...]


def _limits(edition: Edition, step: str, kind: LimitKind) -> dict[Where, Limit]:
    """The limits of a step and kind, one entry per value of its condition, so that regrouping is no change."""
    limits = [limit for found in edition.steps if found.code == step for limit in found.limits_of(kind)]
    return {where: limit for limit in limits for where in _values(limit)}


def _values(limit: Limit) -> Iterator[Where]:
    names = sorted(limit.where)
    if len(names) == 1:
        for value in limit.where[names[0]]:
            yield ((names[0], (value,)),)
    else:
        yield tuple((name, limit.where[name]) for name in names)


def _measure(limit: Limit | None) -> tuple[object, ...] | None:
    return None if limit is None else (limit.clock, limit.amount, limit.unit)


def _basis(limit: Limit | None) -> tuple[object, ...] | None:
    return None if limit is None else (limit.clause, limit.document, limit.average)
