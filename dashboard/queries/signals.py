"""Authenticity signals of a period (真实性线索): leads for an inspector, with the records; never a deduction.

Read and judged each time they are asked for: nothing of it is stored, and nothing of it enters a score.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

from checks.authenticity import changes, stamps, volumes
from checks.authenticity.catalogue import signals as known_signals
from checks.authenticity.heaping import heaping
from checks.judge.applications import judge_applications
from checks.judge.repairs import judge_repairs
from checks.offices import Tree
from checks.periods import Period, period_before
from checks.rulebook.loader import scored_limits
from checks.rulebook.model import Edition, Indicator
from collectors.records import RECORDS
from dashboard.database import Database
from dashboard.database.models import RECORD_TABLES
from dashboard.errors import UsageError
from dashboard.instants import iso_local, to_micros
from dashboard.judging.detail import Scope, detailed, scope_of
from dashboard.judging.kinds import KINDS
from dashboard.judging.reading import Reader, reader
from dashboard.judging.rules import Rules
from dashboard.judging.sums import in_period
from dashboard.judging.versions import earlier_versions, present_versions
from dashboard.nearest import nearest
from dashboard.people import Viewer
from dashboard.queries.explain import require_office
from dashboard.queries.league import edition_of, period_named
from dashboard.rights import require
from dashboard.secrecy import WITHHELD, hidden_numbers, withhold

TYPED = ("tickets", "repairs", "applications")
ATTENDED = ("tickets", "repairs")
"""Somebody goes there; the steps of an application carry days rather than moments."""
TEAM = ("office_code", "team")
COMPARED = {
    "tickets": ("type", "area", "category", "withdrawn", "simulated", "parent_ticket_no", "accepted_at", "contacted_at",
                "replied_at"),
    "repairs": ("area", "customer_owned", "simulated", "parent_repair_no", "accepted_at", "arrived_at", "restored_at"),
    "applications": ("class", "paused_working_days", "accepted_at", "connected_at"),
}  # fmt: skip
"""What can turn a late record into one in time."""
Frames = Mapping[str, pl.DataFrame]


@dataclass(frozen=True)
class _Asked:
    """One question: whose records of which period, by which rules, seen when."""

    source: Reader
    rules: Rules
    period: Period
    edition: Edition
    scope: Scope
    before: Scope
    """The same offices in the period before, each by the tree of its day then."""
    now: dt.datetime


def signals(
    db: Database,
    viewer: Viewer,
    rules: Rules,
    *,
    period: str,
    now: dt.datetime,
    office: str | None = None,
    signal: str | None = None,
) -> dict[str, Any]:
    """Tests per station and leads per record of a period, as of now, below an office or everywhere the viewer sees.

    `{"period", "office", "as_of", "signals": [{"code", "kind", "title", "count"}], "tests": [...], "rows": [...]}`:
    a test row has the office, counts, `p`, `p_adjusted` (Holm, over all offices and limits looked at together) and
    `called`; a lead row the record, its number and what was seen. `signal` keeps one signal.
    Raises UsageError (period, office, signal), NotAllowedError for a role that reads no leads.
    """
    require(viewer, "read leads")
    if signal is not None and signal not in known_signals():
        guess = nearest(signal, known_signals())
        raise UsageError(
            f"There is no signal '{signal}'.",
            f"Did you mean '{guess}'?" if guess else f"Known: {', '.join(known_signals())}.",
        )
    asked = period_named(period, rules)
    with reader(db, rules.foreign) as source:
        if office is not None:
            require_office(source, viewer, office, asked)
        tops = (None if office is None else {office}, viewer.offices)
        scope, before = (scope_of(source.tree, one, *tops) for one in (asked, period_before(asked)))
        wanted = _Asked(source, rules, asked, edition_of(rules, asked), scope, before, now)
        frames = {record: _judged(wanted, record, scope) for record in TYPED}
        tests = _tests(wanted, frames)
        found = _leads(wanted, frames)
    document = _document(wanted, office, signal, tests, found)
    return {**document, "rows": _told(db, viewer, document["rows"])}


def _told(db: Database, viewer: Viewer, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Without the numbers of sealed tickets, be they a lead's own or the one that it names beside."""
    hidden = hidden_numbers(db, viewer, "tickets", [row["other"] for row in rows if row.get("other")])
    told = withhold(db, viewer, rows)
    return [{**row, "other": WITHHELD if row.get("other") in hidden else row.get("other")} for row in told]


def _judged(asked: _Asked, record: str, scope: Scope) -> pl.DataFrame:
    """The judged records of a scope that count, with what only leads look at."""
    kind = KINDS[record]
    condition = in_period(kind, scope.period, scope.offices)
    found = detailed(asked.source, asked.rules, kind, condition, asked.now)
    found = found.filter(scope.holds("office_code", "day"), pl.col("excluded") == 0)
    more = tuple(name for name in ("phone", "customer_no", "team", "category") if name in RECORD_TABLES[record].c)
    extra = asked.source.records(record, more, condition)
    return found.join(extra.select("id", *(set(extra.columns) - set(found.columns))), on="id", how="left")


# --- tests ------------------------------------------------------------------------------------------------------------


def _tests(asked: _Asked, frames: Frames) -> dict[str, pl.DataFrame]:
    at_stations = {record: _at_stations(frame, asked.source.tree) for record, frame in frames.items()}
    durations = [
        _durations(at_stations[indicator.record], asked.edition, indicator)
        for indicator in asked.edition.indicators
        if indicator.record in TYPED and _runs_naturally(asked.edition, indicator)
    ]
    earlier = _at_stations(_judged(asked, "tickets", asked.before), asked.source.tree)
    return {
        "heaping": heaping(pl.concat(durations)) if durations else pl.DataFrame(),
        "migration": volumes.migration(_by_type(at_stations["tickets"]), _by_type(earlier)),
    }


def _runs_naturally(edition: Edition, indicator: Indicator) -> bool:
    """Whether all limits of a clock are natural; a working-day limit ends at midnight, where nobody aims."""
    if indicator.formula != "clock":
        return False
    limits = scored_limits(edition, indicator)
    return bool(limits) and all(limit.clock == "natural" for limit in limits)


def _durations(judged: pl.DataFrame, edition: Edition, indicator: Indicator) -> pl.DataFrame:
    start = pl.col(edition.step(indicator.options["step"]).start)
    deadline, actual = (pl.col(f"{indicator.code}.{name}") for name in ("deadline", "actual"))
    done = judged.filter(deadline.is_not_null(), actual.is_not_null(), actual >= start)
    return done.select(
        "office_code", pl.lit(indicator.code).alias("indicator"), (deadline - start).alias("limit"),
        (actual - start).alias("took"),
    )  # fmt: skip


def _at_stations(records: pl.DataFrame, tree: Tree) -> pl.DataFrame:
    """The same records counted at the station (or what else stands) above the office they name."""
    wanted = records.select("office_code", "day").unique().drop_nulls()
    station = [_station(tree, code, dt.date(1970, 1, 1) + dt.timedelta(days=day)) for code, day in wanted.rows()]
    named = wanted.with_columns(pl.Series("station", station, dtype=pl.String))
    joined = records.join(named, on=wanted.columns, how="left", maintain_order="left")
    return joined.with_columns(pl.coalesce("station", "office_code").alias("office_code")).drop("station")


def _station(tree: Tree, code: str, day: dt.date) -> str:
    for above in tree.path(code, day):
        office = tree.on(above, day)
        if office is not None and office.level == "station":
            return above
    return code


def _by_type(records: pl.DataFrame) -> pl.DataFrame:
    return records.group_by("office_code", "type").agg(pl.len().alias("tickets"))


# --- leads ------------------------------------------------------------------------------------------------------------


def _leads(asked: _Asked, frames: Frames) -> pl.DataFrame:
    ticket, repair, application = (frames[record] for record in TYPED)
    team = [pl.coalesce("team", pl.lit("")).alias("team")]
    parts = [
        *(changed for record in TYPED for changed in _changed(asked, record)),
        *(changes.hidden_late(repair, i.code) for i in asked.edition.of_record("repairs") if i.formula == "concealed"),
        *_saved_by_pause(asked, application),
        *_easier_area(asked, repair),
        stamps.reopened_as_enquiry(ticket),
        *(stamps.impossible_order(frames[record], record, RECORDS[record].lifecycle) for record in TYPED),
        *(stamps.identical_stamps(frames[record], record, RECORDS[record].lifecycle) for record in ATTENDED),
        *(stamps.quick_arrival(frames[record], record) for record in ATTENDED),
        stamps.same_minute(repair.with_columns(team), "repairs", "same_minute_arrivals", "arrived_at", TEAM),
        stamps.same_minute(repair, "repairs", "bulk_close", "restored_at", ("office_code",)),
        stamps.same_minute(ticket, "tickets", "bulk_close", "replied_at", ("office_code",)),
        stamps.same_caller(ticket),
    ]  # fmt: skip
    return pl.concat(parts)


def _changed(asked: _Asked, record: str) -> list[pl.DataFrame]:
    """Leads from the versions that the records had before (their history)."""
    condition = in_period(KINDS[record], asked.period, asked.scope.offices)
    compared = COMPARED[record]
    old = earlier_versions(asked.source, asked.rules, record, condition, compared, asked.now)
    if old.is_empty():
        return []
    new = present_versions(asked.source, asked.rules, record, condition, compared, asked.now)
    new = new.filter(asked.scope.holds("office_code", "day"))
    codes = [i.code for i in asked.edition.of_record(record) if i.formula == "clock"]
    return [changes.changed_after_breach(old, new, record, codes, compared)]


def _saved_by_pause(asked: _Asked, application: pl.DataFrame) -> list[pl.DataFrame]:
    """Applications judged once more as if nothing had been paused."""
    columns = ("id", "form_at", *KINDS["applications"].columns)
    unpaused = application.select(columns).with_columns(paused_working_days=pl.lit(0, dtype=pl.Int64))
    judged = judge_applications(unpaused, asked.rules.rulebook, asked.rules.calendar, asked.now).collect()
    codes = [i.code for i in asked.edition.of_record("applications") if _pauses(asked.edition, i)]
    return [changes.saved_by(application, judged, "pause_saved", "applications", code) for code in codes]


def _pauses(edition: Edition, indicator: Indicator) -> bool:
    return indicator.formula == "clock" and edition.step(indicator.options["step"]).pauses is not None


def _easier_area(asked: _Asked, repair: pl.DataFrame) -> list[pl.DataFrame]:
    """Repairs judged once more by the strictest area that another repair of the same customer has.

    Not the office's own area: an office may serve several (trap 23), so that proves nothing.
    """
    raw = repair.select("id", "inherited", "previous_at", *KINDS["repairs"].columns)
    others = asked.source.within(raw["customer_no"])
    same = asked.source.records(
        "repairs", ("customer_no", "area"), lambda table: table.c.customer_no.in_(others) & table.c.area.is_not(None)
    )
    customers = raw.select("id", "customer_no").drop_nulls().join(
        same.select("customer_no", "area").unique(), on="customer_no"
    )  # fmt: skip
    strict = judge_repairs(
        changes.stricter_area(raw, customers.select("id", "area")),
        asked.rules.rulebook,
        asked.rules.calendar,
        asked.now,
    ).collect()
    codes = [i.code for i in asked.edition.of_record("repairs") if i.formula == "clock"]
    return [changes.saved_by(repair, strict, "easier_area", "repairs", code) for code in codes]


# --- the document -----------------------------------------------------------------------------------------------------


def _document(
    asked: _Asked, office: str | None, signal: str | None, tests: Mapping[str, pl.DataFrame], found: pl.DataFrame
) -> dict[str, Any]:
    tree, last = asked.source.tree, asked.period.last_day
    counts = dict(found["signal"].value_counts().iter_rows())
    tested = [_test_row(tree, last, code, row) for code, frame in tests.items() for row in frame.iter_rows(named=True)]
    shown = found if signal is None else found.filter(pl.col("signal") == signal)
    order = list(known_signals())
    shown = shown.sort(
        pl.col("signal").replace_strict({code: place for place, code in enumerate(order)}, return_dtype=pl.Int64),
        pl.col("at"), "number", "step", descending=[False, True, False, False], nulls_last=True,
    )  # fmt: skip
    return {
        "period": asked.period.name,
        "office": office,
        "as_of": iso_local(to_micros(asked.now)),
        "signals": [
            {"code": one.code, "kind": one.kind, "title": one.title, "title_en": one.title_en,
             "count": counts.get(one.code, 0) if one.kind == "leads"
             else sum(row["called"] for row in tested if row["signal"] == one.code)}
            for one in known_signals().values()
        ],
        "tests": [row for row in tested if signal in (None, row["signal"])],
        "rows": [{**row, "at": iso_local(row["at"])} for row in shown.drop("id").iter_rows(named=True)],
    }  # fmt: skip


def _test_row(tree: Tree, day: dt.date, code: str, row: Mapping[str, Any]) -> dict[str, Any]:
    office = tree.on(row["office_code"], day)
    return {
        "signal": code, "office": row["office_code"], "name": office.name if office else row["office_code"],
        **{name: round(value, 6) if isinstance(value, float) else value
           for name, value in row.items() if name != "office_code"},
    }  # fmt: skip
