"""What stands beside the score (并列结果): law, promise and internal limits of records and offices; lines of weight 0.

Nothing here is stored: every limit is judged when it is asked for, by the judge that judges the scored ones, over the
records of the office and period. The league does not read this file.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from fractions import Fraction
from typing import Any

import polars as pl

from checks.judge.clocks import fits
from checks.reasons import REASONS, STATES, numbers_of
from checks.rounding import published
from checks.rulebook.beside import code_of, every_clock, scored_as
from checks.rulebook.model import KINDS, Edition, Limit, LimitKind, Step
from dashboard.database import Database
from dashboard.instants import from_micros
from dashboard.judging.detail import scope_of
from dashboard.judging.kinds import KINDS as RECORD_KINDS
from dashboard.judging.kinds import Kind
from dashboard.judging.reading import Reader, reader
from dashboard.judging.rules import Rules
from dashboard.judging.sums import in_period
from dashboard.people import Viewer
from dashboard.queries.explain import require_office
from dashboard.queries.league import edition_of, period_named


@dataclass(frozen=True, slots=True)
class LimitVerdict:
    """What one kind of limit says about one record."""

    step: Step
    kind: LimitKind
    limit: Limit | None
    """The limit that fits the record; None where its attributes are lacking."""
    state: str
    reason: str
    deadline: datetime | None
    actual: datetime | None
    provisional: bool
    scored_as: str | None
    """The indicator that scores this limit."""


@dataclass(frozen=True, slots=True)
class Average:
    """A promise of an average against the average reached: minutes over the done records that a limit fits."""

    limit: Limit
    minutes: float
    n: int


@dataclass(frozen=True, slots=True)
class KindResult:
    """An office's records judged by one kind of limit of one step."""

    step: Step
    kind: LimitKind
    limits: tuple[Limit, ...]
    on_time: int
    late: int
    pending: int
    unjudgeable: int
    excluded: int
    averages: tuple[Average, ...]
    scored_as: str | None

    @property
    def judged(self) -> int:
        return self.on_time + self.late

    @property
    def rate(self) -> Fraction | None:
        return Fraction(self.on_time, self.judged) if self.judged else None


def record_beside(
    db: Database, rules: Rules, *, record: str, record_id: int, as_of: datetime
) -> tuple[LimitVerdict, ...]:
    """Every limit of the record's edition that concerns it, in the order of the rulebook: law, promise, internal.

    The caller has made sure that the viewer may see the record.
    """
    if record not in RECORD_KINDS:
        return ()
    with reader(db) as source:
        found = _judged(source, rules, RECORD_KINDS[record], lambda table: table.c.id == record_id, as_of)
    if not found.height:
        return ()
    row = found.row(0, named=True)
    edition = rules.rulebook.edition_on(date(1970, 1, 1) + timedelta(days=row["day"]))
    if edition is None:
        return ()
    pairs = [(step, kind) for step in edition.steps if step.record == record for kind in KINDS if step.limits_of(kind)]
    verdicts = [_verdict(found, row, edition, step, kind) for step, kind in pairs]
    return tuple(verdict for verdict in verdicts if verdict is not None)


def _verdict(
    found: pl.DataFrame, row: dict[str, Any], edition: Edition, step: Step, kind: LimitKind
) -> LimitVerdict | None:
    code = code_of(step, kind)
    reason = REASONS[row[code]]
    if reason.state not in STATES:
        return None
    fitting = [limit for limit in step.limits_of(kind) if found.select(fits(limit).fill_null(False)).item()]
    return LimitVerdict(
        step=step,
        kind=kind,
        limit=fitting[0] if fitting else None,
        state=STATES[reason.state],
        reason=reason.code,
        deadline=_moment(row[f"{code}.deadline"]),
        actual=_moment(row[f"{code}.actual"]),
        provisional=bool(row[f"{code}.provisional"]),
        scored_as=scored_as(edition, step, kind),
    )


def _moment(value: int | None) -> datetime | None:
    return None if value is None else from_micros(value)


def office_beside(
    db: Database,
    viewer: Viewer,
    rules: Rules,
    *,
    office: str,
    period: str,
    now: datetime,
    as_of: datetime | None = None,
) -> tuple[KindResult, ...]:
    """The office's records of the period by every limit, law, promise and internal apart, in the rulebook's order.

    Raises what `explain` raises for an unknown period or office, or one outside what the viewer may see.
    """
    asked = period_named(period, rules)
    edition = edition_of(rules, asked)
    with reader(db, rules.foreign) as source:
        require_office(source, viewer, office, asked)
        scope = scope_of(source.tree, asked, {office})
        results: list[KindResult] = []
        for kind in RECORD_KINDS.values():
            steps = [step for step in edition.steps if step.record == kind.record and step.limits]
            if steps:
                found = _judged(source, rules, kind, in_period(kind, asked, scope.offices), as_of or now)
                found = found.filter(scope.holds("office_code", "day"))
                results += [_result(found, edition, step, of) for step in steps for of in KINDS if step.limits_of(of)]
    return tuple(results)


def _judged(source: Reader, rules: Rules, kind: Kind, condition: Any, as_of: datetime) -> pl.DataFrame:
    """The rows that exist, judged by every limit of the book."""
    aside = replace(rules, rulebook=every_clock(rules.rulebook))
    return kind.judged(source, aside, condition, as_of).filter("exists").collect()


def _result(found: pl.DataFrame, edition: Edition, step: Step, kind: LimitKind) -> KindResult:
    code, limits = code_of(step, kind), step.limits_of(kind)
    counts = {
        name: int(found.select(pl.col(code).is_in(numbers_of(letter)).sum()).item() or 0)
        for letter, name in STATES.items()
        if letter in "OLPUX"
    }
    averages = [_average(found, code, step, limit) for limit in limits if limit.average]
    return KindResult(
        step=step, kind=kind, limits=limits, averages=tuple(a for a in averages if a is not None),
        scored_as=scored_as(edition, step, kind), **counts,
    )  # fmt: skip


def _average(found: pl.DataFrame, code: str, step: Step, limit: Limit) -> Average | None:
    """Mean time of the judged and done records that the limit fits, as the promise of 2022 means it."""
    done = found.filter(pl.col(code).is_in(numbers_of("OL")), pl.col(step.end).is_not_null(), fits(limit))
    if not done.height:
        return None
    micros = done.select((pl.col(step.end) - pl.col(step.start)).sum()).item()
    return Average(limit, micros / done.height / 60_000_000, done.height)


def document_of(results: Sequence[KindResult]) -> list[dict[str, Any]]:
    """Results as the key `beside` of `mingcha explain --beside` prints them."""
    return [
        {
            "step": result.step.code, "kind": result.kind, "scored_as": result.scored_as,
            "limits": [{"code": limit.code, "amount": limit.amount, "unit": limit.unit, "clock": limit.clock,
                        "per_case": limit.per_case, "clause": limit.clause} for limit in result.limits],
            "on_time": result.on_time, "judged": result.judged, "rate": published(result.rate),
            "pending": result.pending, "unjudgeable": result.unjudgeable, "excluded": result.excluded,
            "averages": [{"limit": a.limit.code, "minutes": round(a.minutes, 6), "n": a.n} for a in result.averages],
        }
        for result in results
    ]  # fmt: skip
