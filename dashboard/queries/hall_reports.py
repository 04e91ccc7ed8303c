"""Reports on halls (营业厅评价): monthly evaluation, quarterly contest, the provincial report, violation rates.

All are tables of their own beside the league: nothing of them enters a score. What a part means is in docs/halls.md.
"""

from __future__ import annotations

import datetime as dt
import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
import polars as pl
import sqlalchemy as sa

from checks.fairness import wilson
from checks.hall_evaluation import FILE, Evaluated, Part, Scheme, evaluated, left_of, mean, read_scheme
from checks.judge.base import microseconds
from checks.offices import Tree
from checks.periods import Period, month_bounds, parse_period, quarter_of
from checks.rounding import published
from checks.rulebook.model import Edition
from dashboard.database import Database
from dashboard.database.models import BATCHES, FINDINGS, RECORD_TABLES, REVIEWS
from dashboard.instants import iso_local, to_micros
from dashboard.judging.halls import confirmed_events, deducting_events, judged_samples
from dashboard.judging.present import bring_up_to_date
from dashboard.judging.reading import Reader, reader
from dashboard.judging.rules import Rules
from dashboard.people import Viewer
from dashboard.queries.league import edition_of, leaves_of, period_named
from dashboard.queries.office_changes import visible_offices
from dashboard.queries.quarter_counts import HallWatch, hall_watch
from dashboard.settings import Settings

VIDEO, ON_SITE, MUTUAL = "video", "on_site", "mutual"
RATED = ("keypress", "survey")
"""Kinds of evaluation in which a customer rates a hall."""
LEVELS = ("company", "county", "station", "hall")
Values = dict[str, dict[str, Fraction | None]]


@dataclass(frozen=True)
class _Case:
    """What every table needs."""

    source: Reader
    rules: Rules
    edition: Edition
    as_of: dt.datetime
    stored: bool

    def until(self, period: Period) -> int:
        """First microsecond of the period that no longer counts at as-of."""
        return min(period.ends_at, microseconds(self.as_of) + 1)


def company_scheme(settings: Settings) -> Scheme:
    """The company's weights beside mingcha.toml, else the shipped proposal. RuleError names what is wrong with them."""
    return read_scheme(settings.home / FILE)


def hall_reports(
    db: Database,
    viewer: Viewer,
    rules: Rules,
    scheme: Scheme,
    *,
    period: str,
    now: dt.datetime,
    as_of: dt.datetime | None = None,
    refresh: bool = True,
) -> dict[str, Any]:
    """All four tables for what the viewer may see; as-of and `refresh` as in `league`.

    Months and contest are those of the quarter in which the period ends; the provincial report and the violation
    rates are of the period itself. Raises UsageError (period), MingchaError when no edition was in force.
    """
    asked = period_named(period, rules)
    whole = _quarter_of(asked)
    edition = edition_of(rules, asked)
    if as_of is None and refresh:
        bring_up_to_date(db, rules, now)
    with reader(db) as source:
        case = _Case(source, rules, edition, as_of or now, as_of is None)
        seen = visible_offices(source.tree, viewer, asked)
        events = _events(case, whole)
        visits = _visits(case, whole, events)
        begun = [month for month in whole.months_inside() if month_bounds(month)[0] <= microseconds(case.as_of)]
        months = {month: _month(case, parse_period(month), events, visits) for month in begun}
        names = _names(source.tree, whole)
        monthly = {month: evaluated(scheme.month, scheme, found) for month, found in months.items()}
        contest = evaluated(scheme.quarter, scheme, _contest(case, whole, monthly, visits))
        return {
            "period": asked.name,
            "quarter": whole.name,
            "as_of": iso_local(to_micros(case.as_of)),
            "months": [
                {"month": month, "rows": _shown(scheme.month, rows, names, seen)} for month, rows in monthly.items()
            ],
            "contest": {"quarter": whole.name, "rows": _shown(scheme.quarter, contest, names, seen)},
            "province": {"rows": _province(case, asked, seen)},
            "violation_rates": {"rows": _rates(case, asked, seen)},
        }


def _quarter_of(period: Period) -> Period:
    first, _ = quarter_of(period.last_day)
    return parse_period(f"{first.year}-Q{(first.month + 2) // 3}", period.zone)


# --- monthly evaluation and quarterly contest -------------------------------------------------------------------------


def _events(case: _Case, period: Period) -> pl.DataFrame:
    """Deducting events with the `kind` of the sheet that says so; what a review confirmed is `video`."""
    found = deducting_events(case.source, case.rules, None, period.starts_at, case.until(period), case.as_of)
    row = RECORD_TABLES["inspections"].c
    kinds = case.source.frame(sa.select(row.id.label("record_id"), row.kind).where(
        row["at"] >= period.starts_at, row["at"] < period.ends_at
    )).with_columns(record=pl.lit("inspections"))  # fmt: skip
    joined = found.join(kinds, on=["record", "record_id"], how="left", maintain_order="left")
    return joined.with_columns(pl.col("kind").fill_null(VIDEO))


def _visits(case: _Case, period: Period, events: pl.DataFrame) -> pl.DataFrame:
    """`hall_code, kind, month, score`: every visit with a sheet, 100 less what it deducted, at least 0.

    A sheet that was taken back is no visit: it would stand there as one that found nothing.
    """
    row = RECORD_TABLES["inspections"].c
    names = (row.hall_code, row.kind, row.inspection_no.label("number"), row["at"])
    sheets = case.source.frame(
        sa.select(*names).where(
            row["at"] >= period.starts_at, row["at"] < case.until(period), row.kind.in_([ON_SITE, MUTUAL])
        )
    )
    sheets = sheets.filter(~pl.col("number").is_in(list(_taken_back(case))))
    visits = sheets.group_by("hall_code", "kind", "number").agg(pl.col("at").min())
    lost = events.filter(pl.col("record") == "inspections").group_by("hall_code", "kind", "number")
    scored = visits.join(lost.agg(pl.col("points").sum()), on=["hall_code", "kind", "number"], how="left")
    month = pl.from_epoch(pl.col("at"), time_unit="us").dt.replace_time_zone("UTC")
    return scored.select(
        "hall_code", "kind", month.dt.convert_time_zone("Asia/Shanghai").dt.strftime("%Y-%m").alias("month"),
        (100 - pl.col("points").fill_null(0)).clip(0, None).alias("score"),
    )  # fmt: skip


def _taken_back(case: _Case) -> set[str]:
    """Numbers of the sheets that somebody took back by as-of (`actions.inspections.withdraw`)."""
    batch = BATCHES.c
    told = case.source.frame(sa.select(batch.details).where(
        batch.record == "inspections", batch.started_at <= microseconds(case.as_of),
        batch.details.contains('"taken_back"'), batch.details.contains('"sheet"'),
    ))  # fmt: skip
    return {json.loads(details)["sheet"] for details in told["details"]}


def _month(case: _Case, month: Period, events: pl.DataFrame, visits: pl.DataFrame) -> Values:
    """Hall → part → score of the month."""
    values: Values = {office.code: {} for office in case.source.tree.rows("hall", month)}
    for hall, score in _video(case, month, events).items():
        values.setdefault(hall, {})[VIDEO] = score
    for hall, score in _tickets(case, month).items():
        if hall in values:
            values[hall]["tickets"] = score
    for hall, score in _visited(visits.filter(pl.col("month") == month.name), ON_SITE).items():
        values.setdefault(hall, {})[ON_SITE] = score
    return values


def _video(case: _Case, month: Period, events: pl.DataFrame) -> dict[str, Fraction]:
    """100 less the month's deductions by video, of halls with a checkable sample or such a deduction."""
    mine = events.filter(pl.col("month") == month.name, pl.col("kind") == VIDEO)
    lost = {row[0]: int(row[1]) for row in mine.group_by("hall_code").agg(pl.col("points").sum()).iter_rows()}
    seen = _samples(case, month)["hall_code"].unique().to_list()
    return {hall: left_of(lost.get(hall, 0)) for hall in {*seen, *lost}}


def _samples(case: _Case, period: Period) -> pl.DataFrame:
    """The checkable samples of the draw: one asked for outside it has no slot."""
    look = RECORD_TABLES["samples"].c
    where = sa.and_(look.date.between(str(period.start), str(period.last_day)), look.slot.is_not(None))
    return judged_samples(case.source, case.rules, where, case.as_of).filter("exists", "checkable")


def _tickets(case: _Case, month: Period) -> dict[str, Fraction]:
    """On time ÷ judged over the clocks of tickets, of those that name the hall itself."""
    clocks = [one.code for one in case.edition.of_record("tickets") if one.formula == "clock"]
    leaves = leaves_of(case.source, case.rules, month, case.edition, case.as_of, stored=case.stored)
    cells = leaves.cells.filter(pl.col("indicator").is_in(clocks)).group_by("office_code")
    sums = cells.agg(pl.col("numerator", "denominator").sum()).filter(pl.col("denominator") > 0)
    return {code: Fraction(100 * above, below) for code, above, below in sums.iter_rows()}


def _visited(visits: pl.DataFrame, kind: str) -> dict[str, Fraction]:
    """The mean of a hall's visits of a kind."""
    mine = visits.filter(pl.col("kind") == kind).group_by("hall_code").agg(pl.col("score").sum(), pl.len())
    return {hall: Fraction(score, count) for hall, score, count in mine.iter_rows()}


def _contest(case: _Case, whole: Period, monthly: Mapping[str, list[Evaluated]], visits: pl.DataFrame) -> Values:
    """Hall → part → score of the quarter."""
    scores: dict[str, list[Fraction | None]] = defaultdict(list)
    for rows in monthly.values():
        for row in rows:
            scores[row.hall].append(row.score)
    parts = {ON_SITE: _visited(visits, ON_SITE), MUTUAL: _visited(visits, MUTUAL), "satisfaction": _rated(case, whole)}
    halls = {office.code for office in case.source.tree.rows("hall", whole)} | set(scores)
    return {
        hall: {"months": mean(scores[hall]), **{name: found.get(hall) for name, found in parts.items()}}
        for hall in halls
    }


def _rated(case: _Case, whole: Period) -> dict[str, Fraction]:
    """Satisfied ÷ rated × 100 by key press and survey."""
    row = RECORD_TABLES["evaluations"].c
    query = sa.select(row.office_code, row.satisfaction).where(
        row.kind.in_(RATED), row.satisfaction.is_not(None), row["at"] >= whole.starts_at, row["at"] < case.until(whole)
    )
    found = case.source.frame(query).group_by("office_code")
    sums = found.agg((pl.col("satisfaction") == "satisfied").sum().alias("satisfied"), pl.len())
    return {code: Fraction(100 * satisfied, rated) for code, satisfied, rated in sums.iter_rows()}


def _names(tree: Tree, period: Period) -> dict[str, tuple[str, str]]:
    """Hall → its name and that of the office above it."""
    found = {}
    for office in tree.rows("hall", period):
        above = tree.on(office.parent, period.last_day) if office.parent else None
        found[office.code] = office.name, above.name if above else ""
    return found


def _shown(
    parts: Iterable[Part], rows: Iterable[Evaluated], names: Mapping[str, tuple[str, str]], seen: frozenset[str] | None
) -> list[dict[str, Any]]:
    """Ranks are among all halls; rows outside the viewer's offices are left out."""
    return [
        {
            "office": row.hall, "name": names.get(row.hall, (row.hall, ""))[0],
            "station": names.get(row.hall, (row.hall, ""))[1], "rank": row.rank, "score": published(row.score, 2),
            "available_weight": published(row.available), "missing": list(row.missing),
            "parts": {part.part: published(row.parts[part.part], 2) for part in parts},
        }
        for row in rows if seen is None or row.hall in seen
    ]  # fmt: skip


# --- the provincial report --------------------------------------------------------------------------------------------


def _province(case: _Case, period: Period, seen: frozenset[str] | None) -> list[dict[str, Any]]:
    """Offices with halls: how many there are, could be watched, were visited, and what was found."""
    events = _events(case, period)
    watched = hall_watch(case.source, case.rules, period, case.as_of, events)
    by_video = hall_watch(case.source, case.rules, period, case.as_of, events.filter(pl.col("kind") == VIDEO))
    return [
        {
            "office": office.code, "name": office.name, "level": level, "halls": watch.halls,
            "watchable": watch.watchable, "visited": watch.visited, "due": watch.due, "done": watch.done,
            "checkable": watch.checkable, "violations": watch.violations,
            "by_video": by_video.get(office.code, HallWatch()).violations,
        }
        for level in LEVELS[:-1] for office in case.source.tree.rows(level, period)
        for watch in [watched.get(office.code)]
        if watch is not None and watch.halls and (seen is None or office.code in seen)
    ]  # fmt: skip


# --- violation rates --------------------------------------------------------------------------------------------------


def _rates(case: _Case, period: Period, seen: frozenset[str] | None) -> list[dict[str, Any]]:
    """Samples with a violation ÷ checkable samples decided by a person, with the 95 % interval of the draw."""
    samples = _samples(case, period).with_columns(_verdicts(case, period))
    sums: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0])
    for hall, day, verdict in samples.select("hall_code", "date", "violation").iter_rows():
        for code in case.source.tree.path(hall, day):
            for place, counts in enumerate((verdict is True, verdict is not None, verdict is None)):
                sums[code][place] += counts
    return [
        {"office": office.code, "name": office.name, "level": level, **_rate(*sums[office.code])}
        for level in LEVELS for office in case.source.tree.rows(level, period)
        if office.code in sums and (seen is None or office.code in seen)
    ]  # fmt: skip


def _rate(violations: int, decided: int, waiting: int) -> dict[str, Any]:
    found: dict[str, Any] = {"violations": violations, "decided": decided, "waiting": waiting, "value": None,
                             "low": None, "high": None}  # fmt: skip
    if decided:
        low, high = wilson(np.array([float(violations)]), np.array([float(decided)]))
        found |= {"value": published(Fraction(violations, decided)), "low": round(float(low[0]), 6),
                  "high": round(float(high[0]), 6)}  # fmt: skip
    return found


def _verdicts(case: _Case, period: Period) -> pl.Expr:
    """`violation` of a sample: what people decided of it by as-of; null where nobody has.

    What is confirmed and stands is a violation: not what an appeal annulled, nor a camera's trouble that is not the
    office's doing. Else a sample that was decided shows none; else the verdict that was imported holds.
    """
    look, review, finding = RECORD_TABLES["samples"].c, REVIEWS.c, FINDINGS.c
    dates = look.date.between(str(period.start), str(period.last_day))
    imported = case.source.frame(sa.select(look.sample_id, look.verdict).where(dates, look.verdict.is_not(None)))
    decided = case.source.frame(
        sa.select(review.sample_id, review.decision, review["at"], review.id)
        .where(review.finding_id.is_(None), review.sample_id.is_not(None), review["at"] <= microseconds(case.as_of))
    ).sort("at", "id")  # fmt: skip
    words = dict(imported.filter(pl.col("verdict") != "unsure").rows())
    for sample, decision in decided.select("sample_id", "decision").iter_rows():
        words[sample] = "ok" if decision == "violation" else decision
    events = confirmed_events(case.source, None, period.starts_at, case.until(period), case.as_of)
    ids = events["finding_id"].drop_nulls().unique().to_list()
    spans = sa.and_(finding.observed_at >= period.starts_at, finding.observed_at < period.ends_at)
    for found, sample in case.source.frame(sa.select(finding.id, finding.sample_id).where(spans)).iter_rows():
        if found in ids and sample is not None:
            words[sample] = "violation"
    verdicts = {sample: word == "violation" for sample, word in words.items() if word in ("ok", "violation")}
    return pl.col("sample_id").replace_strict(verdicts, default=None, return_dtype=pl.Boolean).alias("violation")
