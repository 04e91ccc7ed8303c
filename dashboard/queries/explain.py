"""Why this score (得分说明): every lost point led back to the records that lost it (design §3.4, §4.1)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Protocol

import polars as pl

from checks.explain import lost_cents, split
from checks.judge.formulas import FORMULAS
from checks.judge.inspections import FACT
from checks.judge.measures import months_that_count
from checks.offices import Tree
from checks.periods import Period
from checks.reasons import BY_CODE, REASONS, STATES, numbers_of
from checks.rounding import published
from checks.rulebook.model import LEVELS, Edition, Indicator
from checks.scoring import Figure, Row
from dashboard.database import Database
from dashboard.errors import NotAllowedError, UsageError
from dashboard.freezing.stored import explanation_of, snapshot_of
from dashboard.instants import iso_local, to_micros
from dashboard.judging.detail import Scope, detailed, scope_of, verdict_of, worth_naming
from dashboard.judging.facts import members
from dashboard.judging.halls import judged_samples
from dashboard.judging.kinds import KINDS, Kind
from dashboard.judging.present import bring_up_to_date
from dashboard.judging.reading import Reader, reader
from dashboard.judging.rules import Rules
from dashboard.judging.sums import (
    Leaves,
    OfficeSums,
    events_of_months,
    in_period,
    measures_of,
    office_sums,
    sample_days,
)
from dashboard.nearest import nearest
from dashboard.people import Viewer
from dashboard.queries.facts import evidence_of
from dashboard.queries.league import (
    WITHOUT,
    edition_of,
    figure_document,
    leaves_of,
    period_named,
    row_of,
    sums_without,
    with_certainty,
)
from dashboard.queries.office_changes import changes_below, day_of_tree, visible_offices
from dashboard.queries.staleness import Silent, mark, silent_sources
from dashboard.secrecy import WITHHELD, seals, withhold
from dashboard.texts import t

ASIDES = ("excluded", "unjudgeable", "provisional")
"""Lists of an explanation beside the records that lost points."""
Losing = dict[tuple[str, ...], tuple[Fraction | int, dict[str, Any]]]
"""Losing records of one indicator: (number, record, id) → share of the loss, and what is printed of it."""


@dataclass(frozen=True)
class Found:
    """What offices add up to, the same had no exclusion been approved, and the judged records with details."""

    sums: Mapping[str, OfficeSums]
    without: Mapping[str, OfficeSums]
    frames: Mapping[str, pl.DataFrame]


@dataclass(frozen=True)
class _Case:
    """What every part of an explanation needs."""

    source: Reader
    rules: Rules
    period: Period
    edition: Edition
    as_of: dt.datetime
    scope: Scope
    stored: bool
    silent: tuple[Silent, ...]
    found: Found | None = None
    """What was counted and judged for all offices at once; None: read what this office needs."""


def explain(
    db: Database,
    viewer: Viewer,
    rules: Rules,
    *,
    office: str,
    period: str,
    now: dt.datetime,
    as_of: dt.datetime | None = None,
    refresh: bool = True,
    tree: str = "day",
    looked_at: dt.datetime | None = None,
) -> dict[str, Any]:
    """The document of design §4.1 `explain` for one office; as-of, `tree` and `looked_at` as in `league`.

    Raises UsageError for an unknown period or office, NotAllowedError for one the viewer may not see.
    """
    asked = period_named(period, rules)
    if as_of is None and rules.foreign is None and tree == "day":
        frozen = snapshot_of(db, asked.name)
        if frozen is not None:
            require_office(frozen, viewer, office, asked)
            return _told(db, viewer, explanation_of(frozen, office))
    edition = edition_of(rules, asked)
    stored = as_of is None and rules.foreign is None
    if stored and refresh:
        bring_up_to_date(db, rules, now)
    silent = tuple(silent_sources(db, viewer, rules, as_of=as_of or looked_at or now, period=asked))
    with reader(db, rules.foreign, day_of_tree(tree, as_of or now)) as source:
        require_office(source, viewer, office, asked)
        scope = scope_of(source.shown, asked, {office})
        case = _Case(source, rules, asked, edition, as_of or now, scope, stored, silent)
        return _told(db, viewer, _explained(case, office))


def _told(db: Database, viewer: Viewer, document: Mapping[str, Any]) -> dict[str, Any]:
    """The document as the viewer may see it: a sealed record costs its points, and is not named."""
    if not seals(viewer):
        return dict(document)
    asides = {name: withhold(db, viewer, document[name]) for name in ASIDES}
    indicators = [{**one, "records": _named(db, viewer, one["records"])} for one in document["indicators"]]
    return {**document, **asides, "indicators": indicators}


def _named(db: Database, viewer: Viewer, records: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    rows = [{**row, "evidence": _shown(db, viewer, row["evidence"])} if "evidence" in row else row for row in records]
    return withhold(db, viewer, rows)


def _shown(db: Database, viewer: Viewer, evidence: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """What else shows an event, without sealed complaints: that one is there would tell what its reporter saw."""
    return [one for one in withhold(db, viewer, evidence) if one["number"] != WITHHELD]


class HasTrees(Protocol):
    """Something that knows all offices, and the tree by which figures are shown."""

    @property
    def tree(self) -> Tree: ...
    @property
    def shown(self) -> Tree: ...


def require_office(source: HasTrees, viewer: Viewer, code: str, period: Period) -> None:
    """Refuse an office that is unknown, or outside what the viewer may see."""
    allowed = visible_offices(source.shown, viewer, period)
    known = source.tree.versions if allowed is None else allowed
    if code in known:
        return
    if allowed is not None and code in source.tree.versions:
        raise NotAllowedError(f"Office '{code}' is outside what {viewer.name} may see.")
    guess = nearest(code, known)
    raise UsageError(f"There is no office '{code}'.", f"Did you mean '{guess}'?" if guess else "See mingcha league.")


def _explained(case: _Case, office: str) -> dict[str, Any]:
    tree = case.source.shown
    version = tree.on(office, tree.last_valid_day(office, case.period.last_day))
    level = version.level if version else "station"
    found = case.found or _found_for(case, level)
    row = row_of(tree, found.sums.get(office) or OfficeSums(), case.period, case.edition, office, level)
    with_certainty([row], case.period, case.edition, level, case.as_of)
    mark([row], case.edition, case.rules, case.silent)
    inside = case.scope.holds("office_code", "day")
    frames = {} if level == "hall" else {record: frame.filter(inside) for record, frame in found.frames.items()}
    losing = {code: _losing(case, figure.indicator, frames) for code, figure in row.figures.items()}
    cents = lost_cents(row)
    other = row_of(tree, found.without.get(office) or OfficeSums(), case.period, case.edition, office, level)
    return {
        "office": office,
        "name": row.name,
        "level": level,
        "period": case.period.name,
        "as_of": iso_local(to_micros(case.as_of)),
        "rulebook": case.edition.code,
        "score": published(row.score, 2),
        "score_without_exclusions": published(other.score, 2),
        "withheld": row.reason if row.withheld else None,
        "marks": row.marks,
        "stale_sources": [silent.to_json() for silent in case.silent],
        "snapshot": None,
        "tree": "day" if case.source.one_day is None else "today",
        "changes": _changes(case, office),
        "indicators": [
            {**_indicator(figure, losing[code], cents.get(code)), "without_exclusions": without[code]}
            for without in [_shown_without(other)]
            for code, figure in row.figures.items()
        ],
        **_asides(case, frames),
    }


def explanations(
    source: Reader,
    rules: Rules,
    period: Period,
    edition: Edition,
    as_of: dt.datetime,
    silent: tuple[Silent, ...],
    found: Found,
) -> Iterator[tuple[str, dict[str, Any]]]:
    """The explanation of every office that has a row in some league, from what was found for all at once."""
    for code in sorted({office.code for level in LEVELS for office in source.shown.rows(level, period)}):
        scope = scope_of(source.shown, period, {code})
        yield code, _explained(_Case(source, rules, period, edition, as_of, scope, False, silent, found), code)


def found_for(
    source: Reader, rules: Rules, period: Period, as_of: dt.datetime, leaves: Leaves, frames: Mapping[str, pl.DataFrame]
) -> Found:
    """`frames` must hold every record of the period that an explanation may have to name, by type."""
    return _found(source, rules, period, as_of, leaves, None, frames)


def _found_for(case: _Case, level: str) -> Found:
    source, rules, scope = case.source, case.rules, case.scope
    leaves = leaves_of(source, rules, case.period, case.edition, case.as_of, stored=case.stored, offices=scope.reach)
    kinds = [kind for kind in KINDS.values() if level != "hall" and rules.rulebook.order(kind.record)]
    frames = {kind.record: _records(case, kind) for kind in kinds}
    return _found(source, rules, case.period, case.as_of, leaves, scope.offices, frames)


def _found(
    source: Reader,
    rules: Rules,
    period: Period,
    as_of: dt.datetime,
    leaves: Leaves,
    offices: frozenset[str] | None,
    frames: Mapping[str, pl.DataFrame],
) -> Found:
    """With the sums as they would be had no exclusion been approved (issue 4.8)."""
    sums = office_sums(leaves, source.shown, rules, period)
    without = sums_without(source, rules, period, as_of, leaves, offices)
    return Found(sums, without or sums, frames)


def _shown_without(row: Row) -> dict[str, dict[str, Any]]:
    """Each indicator of that row; its lost points add up to 100.00 − its score too."""
    cents = lost_cents(row)
    return {
        code: {
            **{name: numbers[name] for name in WITHOUT},
            "score_lost": None if code not in cents else published(Fraction(cents[code], 100), 2),
        }
        for code, figure in row.figures.items()
        for numbers in [figure_document(figure)]
    }


def _changes(case: _Case, office: str) -> list[dict[str, Any]]:
    """What changed in the office or below it inside the period, or since it where one day's tree is read."""
    source = case.source
    return changes_below(source.tree, source.shown, case.period, source.one_day, office, case.scope.offices)


def _records(case: _Case, kind: Kind) -> pl.DataFrame:
    """The records of the scope that have to be named somewhere, with details."""
    everything = in_period(kind, case.period, case.scope.offices)
    condition = worth_naming(case.scope, kind) if case.stored else everything
    return detailed(case.source, case.rules, kind, condition, case.as_of)


def _indicator(figure: Figure, losing: Losing, cents: int | None) -> dict[str, Any]:
    """One indicator with its losing records, the costliest first."""
    row, numbers = figure.indicator, figure_document(figure)
    parts = split(cents or 0, {key: share for key, (share, _) in losing.items()})
    records = [{**losing[key][1], "score_lost": published(Fraction(part, 100), 2)} for key, part in parts.items()]
    return {
        "code": row.code,
        "title": row.title,
        "title_en": row.title_en,
        "clause": row.clause,
        "weight": published(row.weight),
        "floor": published(row.floor),
        "target": published(row.target),
        **{name: numbers[name] for name in ("numerator", "denominator", "value", "low", "high", "points", "marks")},
        "lost": published(figure.lost),
        "score_lost": None if cents is None else published(Fraction(cents, 100), 2),
        "records": sorted(records, key=lambda record: (-record["score_lost"], record["number"])),
    }


# --- who lost them ----------------------------------------------------------------------------------------------------


def _losing(case: _Case, indicator: Indicator, frames: dict[str, pl.DataFrame]) -> Losing:
    """The losing records of an indicator (design §3.4), each with its share."""
    if indicator.record in frames:
        return _losing_records(case, indicator, frames[indicator.record])
    if indicator.record == "samples":
        return _losing_samples(case, indicator)
    if indicator.record == "halls":
        return _losing_events(case)
    return _losing_measures(case, indicator)


def _losing_records(case: _Case, indicator: Indicator, frame: pl.DataFrame) -> Losing:
    formula = FORMULAS[indicator.formula]
    in_proportion = formula.numerator == "ratio"
    free = indicator.target * case.rules.rulebook.scale(indicator.code)
    if in_proportion:
        losing = frame.filter(pl.col(f"{indicator.code}.ratio") > int(free))
    else:
        losing = frame.filter(pl.col(indicator.code).is_in(numbers_of(formula.losing)))
    found: Losing = {}
    for row in losing.iter_rows(named=True):
        share = row[f"{indicator.code}.ratio"] - free if in_proportion else 1
        printed = _printed(indicator.record, row["number"], **verdict_of(row, indicator.code))
        moment = row[KINDS[indicator.record].moment]
        found[row["number"], indicator.record, f"{moment:020d}", str(row["id"])] = (share, printed)
    return found


def _losing_samples(case: _Case, indicator: Indicator) -> Losing:
    where = sample_days(case.period, [], case.scope.offices)
    samples = judged_samples(case.source, case.rules, where, case.as_of).filter("exists")
    samples = samples.with_columns(pl.col("date").cast(pl.Int32).cast(pl.Int64).alias("day"))
    samples = samples.filter(case.scope.holds("hall_code", "day"), pl.col(indicator.code).is_in(numbers_of("N")))
    found: Losing = {}
    for row in samples.iter_rows(named=True):
        reason = REASONS[row[indicator.code]]
        printed = _printed("samples", row["sample_id"], verdict=STATES[reason.state], reason=reason.code)
        printed["actual"] = iso_local(row["planned_at"])
        found[row["sample_id"], "samples", str(row["record_id"])] = (1, printed)
    return found


def _losing_events(case: _Case) -> Losing:
    """H1: confirmed deductions in proportion to what they effectively cost."""
    months = case.period.months_that_begin()
    events = events_of_months(case.source, case.rules, months, case.scope.reach, case.as_of)
    joined = _joined(case, events)
    found: Losing = {}
    for place, row in enumerate(events.filter(pl.col("effective") > 0).iter_rows(named=True)):
        if row["month"] not in months or not case.scope.has(row["hall_code"], row["month"]):
            continue
        reason = "deduction_repeated" if row["doubled"] else "deduction"
        printed = _printed(row["record"], row["number"], reason=reason) | {"actual": iso_local(row["at"])}
        extra = {"hall": row["hall_code"], "item": row["item_code"], "deducted": row["effective"]}
        others = joined.get((row["fact"], row["record"], row["record_id"]))
        if others:
            extra["evidence"] = others
        found[row["number"], row["record"], f"{place:09d}"] = (row["effective"], {**printed, **extra})
    return found


def _joined(case: _Case, events: pl.DataFrame) -> dict[tuple[str, str, int], list[dict[str, Any]]]:
    """What else shows the fact that an event deducts for (trap 45), by the fact and the event's own row."""
    leading = events.filter(pl.col(FACT).is_not_null()).select(FACT, "record", "record_id").unique()
    if leading.is_empty():
        return {}
    held = members(case.source, case.as_of).join(leading.select(FACT).unique(), on=FACT, how="semi")
    evidence = evidence_of(case.source, held)
    return {
        (fact, record, number): [
            {"record": one.record, "number": one.number, "kind": one.way, "item": one.item}
            for one in evidence[fact] if one.reference != (record, number)
        ]
        for fact, record, number in leading.iter_rows()
    }  # fmt: skip


def _losing_measures(case: _Case, indicator: Indicator) -> Losing:
    months = months_that_count(case.period, case.as_of)
    rows = measures_of(case.source, months).filter(pl.col("indicator") == indicator.options["measure"])
    found: Losing = {}
    for row in rows.iter_rows(named=True):
        if case.scope.has(row["office_code"], row["period"]):
            number = f"{row['indicator']}/{row['office_code']}/{row['period']}"
            found[number, "measures", ""] = (1, _printed("measures", number, reason="month_measure"))
    return found


def _printed(
    record: str,
    number: str,
    *,
    verdict: str | None = None,
    reason: str,
    deadline: str | None = None,
    actual: str | None = None,
) -> dict[str, Any]:
    return {
        "record": record,
        "number": number,
        "verdict": verdict,
        "deadline": deadline,
        "actual": actual,
        "reason": reason,
        "reason_text": t(BY_CODE[reason].text),
    }


# --- what was not counted ---------------------------------------------------------------------------------------------


def _asides(case: _Case, frames: dict[str, pl.DataFrame]) -> dict[str, list[dict[str, Any]]]:
    """Excluded, unjudgeable and provisional records, by number."""
    excluded, unjudgeable, provisional = [], [], []
    for record, frame in frames.items():
        codes = case.rules.rulebook.order(record)
        for row in frame.sort("number").iter_rows(named=True):
            named = {"record": record, "number": row["number"]}
            if row["excluded"]:
                excluded.append({**named, "reason": REASONS[row["excluded"]].code})
            for code in codes:
                if REASONS[row[code]].state == "U":
                    unjudgeable.append({**named, "indicator": code, "reason": REASONS[row[code]].code})
                if row[f"{code}.provisional"]:
                    provisional.append({**named, "indicator": code})
    return {"excluded": excluded, "unjudgeable": unjudgeable, "provisional": provisional}
