"""The halls' part of judgement: samples by (hall, date), hall-months by (hall, month) (design §3.5, H1–H3)."""

from __future__ import annotations

import datetime as dt
import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

import polars as pl
import sqlalchemy as sa

from checks.clock import DAY, OFFSET
from checks.judge.base import microseconds
from checks.judge.inspections import EVENTS, deductions
from checks.judge.samples import Halls, judge_samples
from checks.reasons import numbers_of
from checks.rollup import KEYS, SUMS
from collectors.video.windows import staffed_names
from dashboard.database.models import EXTRA_SAMPLES, FINDINGS, RECORD_TABLES, REVIEWS
from dashboard.judging.drawn import ENDED, state_at, states_of
from dashboard.judging.facts import with_facts
from dashboard.judging.reading import Reader
from dashboard.judging.rules import Rules

CHECKABLE = "checkable"
"""Roll-up row of a hall's checkable samples: `n` at hall level, and what makes a hall-month exist."""
SAMPLE_CODES = ("H2", "H3")
CAMERA_ITEMS = ("F02", "F03", "F04")
Pairs = Iterable[tuple[str, str]] | None
"""(hall, date) or (hall, month) pairs as text; None means all."""


def judged_samples(reader: Reader, rules: Rules, where: sa.ColumnElement[bool], as_of: dt.datetime) -> pl.DataFrame:
    """Verdicts of the samples whose looks fit the condition on the samples table; none that was asked for."""
    look = RECORD_TABLES["samples"].c
    names = (
        "id",
        "hall_code",
        "date",
        "slot",
        "sample_id",
        "camera_code",
        "planned_at",
        "captured_at",
        "outcome",
        "cause",
    )
    drawn = look.sample_id.not_in(sa.select(EXTRA_SAMPLES.c.sample_id))
    looks = reader.frame(sa.select(*(look[name] for name in names)).where(where, look.date.is_not(None), drawn))
    looks = looks.with_columns(pl.col("date").str.to_date("%Y-%m-%d"))
    return judge_samples(looks, _known_halls(reader, rules, looks), as_of)


def sample_rollup(samples: pl.DataFrame) -> pl.DataFrame:
    """Roll-up rows of judged samples: H2, H3 and the checkable ones, per hall and date."""
    existing = samples.filter("exists")
    rows = [
        _counted(existing, code, pl.col(code).is_in(numbers_of("C")), pl.col(code).is_in(numbers_of("CN")))
        for code in SAMPLE_CODES
    ]
    rows.append(_counted(existing, CHECKABLE, pl.col("checkable"), pl.lit(False)))
    return pl.concat(rows).filter(pl.any_horizontal(pl.col(SUMS) != 0)).sort(KEYS)


def _counted(samples: pl.DataFrame, code: str, numerator: pl.Expr, denominator: pl.Expr) -> pl.DataFrame:
    zeros = [pl.lit(0, dtype=pl.Int64).alias(name) for name in SUMS[2:]]
    grouped = samples.group_by("hall_code", "date").agg(
        numerator.cast(pl.Int64).sum().alias("numerator"), denominator.cast(pl.Int64).sum().alias("denominator")
    )
    return grouped.select(
        pl.col("hall_code").alias("office_code"),
        pl.col("date").dt.strftime("%Y-%m-%d").alias("day"),
        pl.lit(code).alias("indicator"),
        "numerator",
        "denominator",
        *zeros,
    )


def _known_halls(reader: Reader, rules: Rules, looks: pl.DataFrame) -> Halls:
    """Cameras' windows and the days on which the looks' halls kept other hours."""
    hall_days = RECORD_TABLES["hall_days"].c
    names = ("hall_code", "date", "open", "opens", "closes", "reason", "filed_at")
    dates = looks["date"].drop_nulls()
    bounds = (str(dates.min()), str(dates.max())) if dates.len() else ("", "")
    days = reader.frame(sa.select(*(hall_days[name] for name in names)).where(hall_days.date.between(*bounds)))
    days = days.with_columns(pl.col("date").str.to_date("%Y-%m-%d"))
    return Halls(rules.slots, rules.calendar, windows_of_halls(reader), days, earlier_windows(reader))


def windows_of_halls(reader: Reader) -> Mapping[str, Mapping[str, frozenset[str]]]:
    """Hall → camera → names of the windows it sees."""
    camera = RECORD_TABLES["cameras"].c
    found: dict[str, dict[str, frozenset[str]]] = defaultdict(dict)
    for row in reader.frame(sa.select(camera.code, camera.hall_code, camera.windows)).iter_rows(named=True):
        found[row["hall_code"]][row["code"]] = _window_names(row["windows"])
    return found


def earlier_windows(reader: Reader) -> Mapping[str, tuple[tuple[int, Mapping[str, frozenset[str]]], ...]]:
    """Hall → what its cameras saw until each moment (microseconds) at which a person drew anew, in time."""
    ended = reader.frame(ENDED).rows()
    if not ended:
        return {}
    camera = RECORD_TABLES["cameras"].c
    rows = reader.frame(sa.select(camera.code, camera.hall_code, camera.windows, camera.waiting_area)).rows()
    halls = {code: hall for code, hall, *_ in rows}
    states = states_of(ended, {code: (windows, waiting) for code, _, windows, waiting in rows})
    ends: dict[str, set[int]] = defaultdict(set)
    for code, held in states.items():
        ends[halls[code]] |= {one.until for one in held if one.until is not None}
    return {
        hall: tuple(
            (until, {code: _window_names(state_at(held, until - 1).windows) for code, held in states.items()
                     if halls[code] == hall})
            for until in sorted(moments)
        )
        for hall, moments in ends.items() if moments
    }  # fmt: skip


def _window_names(windows: str | None) -> frozenset[str]:
    """Names of the staffed windows: a clock, a door or a sign need not be seen for a sample to be checkable."""
    items = json.loads(windows) if windows else []
    names = (str(item["name"]).strip() for item in items if isinstance(item, dict) and item.get("name"))
    return frozenset(staffed_names(names))


def deducting_events(
    reader: Reader, rules: Rules, halls: Iterable[str] | None, since: int, until: int, as_of: dt.datetime
) -> pl.DataFrame:
    """Confirmed violations that deduct at `as_of`, observed in `[since, until)` (microseconds), with their points.

    Those of the 30 days before are read too: they may double.
    """
    before = since - rules.rulebook.sheet.repeat_days * DAY
    events = _drawn(reader, confirmed_events(reader, halls, before, until, as_of))
    return deductions(events, rules.rulebook.sheet, as_of).filter(pl.col("at") >= since)


def _drawn(reader: Reader, events: pl.DataFrame) -> pl.DataFrame:
    """Without what was seen in a sample asked for outside the draw: a score must not depend on who is looked at more.

    It stays a finding, and a red line where it is one.
    """
    if events.is_empty():
        return events
    asked = reader.frame(sa.select(EXTRA_SAMPLES.c.sample_id))["sample_id"]
    sample = pl.col("number").str.split("/").list.first()
    return events.filter((pl.col("record") != "findings") | ~sample.is_in(asked.implode()))


def confirmed_events(
    reader: Reader, halls: Iterable[str] | None, since: int, until: int, as_of: dt.datetime
) -> pl.DataFrame:
    """Imported inspection rows with a violation, and findings whose latest review by `as_of` confirms them.

    `finding_id` is the stored finding, null for an inspection; `record_id` the stored row of either; `fact` what a
    person called them when they show the same thing, else null.
    """
    chosen = list(halls) if halls is not None else None
    events = pl.concat([_inspected(reader, chosen, since, until), _reviewed(reader, chosen, since, until, as_of)])
    return with_facts(reader, events, as_of)


def _inspected(reader: Reader, halls: list[str] | None, since: int, until: int) -> pl.DataFrame:
    row = RECORD_TABLES["inspections"].c
    names = (row.hall_code, row.item_code, row["at"], row.count, row.inspection_no, row.id.label("record_id"))
    query = sa.select(*names).where(
        row.result == "violation", row["at"] >= since, row["at"] < until, _among(row.hall_code, halls)
    )
    rows = reader.frame(query).with_columns(pl.lit(None, dtype=pl.Int64).alias("finding_id"))
    return _events(rows, "inspections", "inspection_no", pl.col("at"))


def _reviewed(reader: Reader, halls: list[str] | None, since: int, until: int, as_of: dt.datetime) -> pl.DataFrame:
    finding, review, at = FINDINGS.c, REVIEWS.c, microseconds(as_of)
    item = sa.func.coalesce(review.item_code, finding.item_code).label("item_code")
    query = (
        sa.select(
            finding.hall_code, item, finding.observed_at.label("at"), finding.id, review.id.label("review_id"),
            finding.sample_id, finding.camera_code, finding.item_code.label("seen_item"),
            review.decision, review["at"].label("confirmed_at"), review.deliberate, review.office_is_cause,
        )
        .select_from(FINDINGS.join(REVIEWS, review.finding_id == finding.id))
        .where(
            finding.observed_at >= since, finding.observed_at < until, review["at"] <= max(at, reader.decided or at),
            _among(finding.hall_code, halls),
        )
    )  # fmt: skip
    reviews = reader.frame(query).sort("confirmed_at", "review_id")
    latest = reviews.group_by("id", maintain_order=True).last().filter(pl.col("decision") == "confirmed")
    # a camera's trouble lowers H3 only; it deducts where a person found the office its cause (design §3.5, H3)
    by_the_office = pl.col("office_is_cause").fill_null(False) | pl.col("deliberate").fill_null(False)
    latest = latest.filter(~pl.col("item_code").is_in(CAMERA_ITEMS) | by_the_office)
    latest = latest.with_columns(
        count=pl.lit(1, dtype=pl.Int64), number=_finding_number(), finding_id="id", record_id="id"
    )
    # what was decided later counts as if it had been in time, where the reader is told to
    latest = latest.with_columns(pl.min_horizontal("confirmed_at", pl.lit(at, dtype=pl.Int64)))
    return _events(latest, "findings", "number", pl.col("confirmed_at"), pl.col("deliberate"))


def _finding_number() -> pl.Expr:
    """Sample (or hall), camera, item and moment: the same in every database, unlike the number of a stored row."""
    moment = pl.from_epoch(pl.col("at") + OFFSET, time_unit="us").dt.strftime("%Y-%m-%dT%H:%M:%S")
    names = (pl.coalesce("sample_id", "hall_code"), pl.col("camera_code", "seen_item"), moment)
    return pl.concat_str(*names, separator="/", ignore_nulls=True)


def _among(column: sa.ColumnElement[Any], halls: list[str] | None) -> sa.ColumnElement[bool]:
    return sa.true() if halls is None else column.in_(halls)


def _events(
    frame: pl.DataFrame, record: str, number: str, confirmed_at: pl.Expr, deliberate: pl.Expr | None = None
) -> pl.DataFrame:
    named = frame.with_columns(pl.lit(record).alias("record"), pl.col(number).alias("number"))
    named = named.with_columns(confirmed_at.alias("confirmed_at"))
    found = pl.lit(False) if deliberate is None else deliberate.fill_null(False)
    return named.select(*EVENTS, found.alias("deliberate"), "finding_id", "record_id")
