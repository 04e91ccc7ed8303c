"""What changed since yesterday at this time (昨日以来): places in the league, new cases, what came in."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from checks.periods import Period, parse_period
from checks.ranking import rank
from checks.scoring import Row, scoring_edition
from dashboard.database import Database
from dashboard.database.models import BATCHES, FINDINGS, LEAGUE_PICTURES, RECORD_TABLES, REVIEWS
from dashboard.instants import LOCAL, from_micros, to_micros
from dashboard.judging.kinds import KINDS
from dashboard.judging.reading import reader
from dashboard.judging.rules import Rules
from dashboard.judging.sums import OfficeSums, office_sums
from dashboard.people import Viewer
from dashboard.queries.league import leaves_of, row_of
from dashboard.queries.offices import Tree, visible_tree
from dashboard.queries.staleness import mark, silent_sources

DAY = timedelta(hours=24)
KEPT = timedelta(days=3)
PICTURED = ("county", "station")


@dataclass(frozen=True, slots=True)
class Moved:
    """An office whose place in the running quarter's league changed; None: not ranked then, or now."""

    office: str
    level: str
    rank_then: int | None
    rank_now: int | None
    score_then: float | None
    score_now: float | None


@dataclass(frozen=True, slots=True)
class Movement:
    """Who moved since a picture of the league was taken."""

    since: datetime
    moved: tuple[Moved, ...]


@dataclass(frozen=True, slots=True)
class Case:
    """A violation that a person confirmed."""

    hall: str
    item: str
    sample: str | None
    confirmed_at: datetime


@dataclass(frozen=True, slots=True)
class FirstImport:
    """A source that stored something for the first time: its records are old news."""

    source: str
    record: str
    rows: int


def running_quarter(now: datetime) -> Period:
    """The quarter of the local day."""
    today = now.astimezone(LOCAL).date()
    return parse_period(f"{today.year}-Q{(today.month + 2) // 3}")


def places(db: Database, viewer: Viewer, rules: Rules, *, now: datetime) -> list[Row]:
    """All offices of the running quarter's league with score and rank, from the roll-ups as they are; no draws.

    None before the first edition of the rulebook."""
    period = running_quarter(now)
    edition = scoring_edition(rules.rulebook, period)
    if edition is None:
        return []
    silent = silent_sources(db, viewer, rules, as_of=now, period=period)
    found: list[Row] = []
    with reader(db) as source:
        sums = office_sums(leaves_of(source, rules, period, edition, now, stored=True), source.tree, rules, period)
        for level in PICTURED:
            rows = [
                row_of(source.tree, sums.get(office.code) or OfficeSums(), period, edition, office.code, level)
                for office in source.tree.rows(level, period)
            ]
            mark(rows, edition, rules, silent)
            found += rank(rows, edition)
    return found


def take_picture(db: Database, viewer: Viewer, rules: Rules, *, now: datetime) -> int:
    """Keep where everybody stands now; pictures older than three days go. How many rows were kept."""
    at, period = to_micros(now), running_quarter(now)
    kept = [
        {"taken_at": at, "office_code": row.office, "period": period.name, "level": row.level,
         "score": None if row.score is None else int(row.score * 100), "rank": row.rank}
        for row in places(db, viewer, rules, now=now)
    ]  # fmt: skip
    with db.session() as connection:
        connection.execute(sa.delete(LEAGUE_PICTURES).where(LEAGUE_PICTURES.c.taken_at < to_micros(now - KEPT)))
        if kept:
            connection.execute(sa.insert(LEAGUE_PICTURES), kept)
    return len(kept)


def movement(db: Database, viewer: Viewer, rules: Rules, tree: Tree, *, now: datetime) -> Movement | None:
    """Who moved since the newest picture that is a day old, largest move first; None where there is none of this
    quarter. Ranks are counted over all offices, told of the viewer's."""
    row, period = LEAGUE_PICTURES.c, running_quarter(now)
    inside = (row.taken_at <= to_micros(now - DAY), row.taken_at >= to_micros(now - KEPT), row.period == period.name)
    newest = sa.select(sa.func.max(row.taken_at)).where(*inside)
    with db.reading() as connection:
        taken = connection.execute(newest).scalar()
        then = connection.execute(sa.select(LEAGUE_PICTURES).where(row.taken_at == taken)).mappings().all()
    if taken is None:
        return None
    before = {one["office_code"]: one for one in then}
    found = [
        Moved(one.office, one.level, before[one.office]["rank"], one.rank,
              None if before[one.office]["score"] is None else before[one.office]["score"] / 100,
              None if one.score is None else float(one.score))
        for one in places(db, viewer, rules, now=now)
        if one.office in tree.offices and one.office in before and before[one.office]["rank"] != one.rank
    ]  # fmt: skip
    return Movement(from_micros(taken), tuple(sorted(found, key=_weight)))


def _weight(moved: Moved) -> tuple[int, str]:
    if moved.rank_then is None or moved.rank_now is None:
        return (-10_000, moved.office)
    return (-abs(moved.rank_then - moved.rank_now), moved.office)


def accepted_since(db: Database, viewer: Viewer, tree: Tree, *, now: datetime) -> dict[str, int]:
    """Record kind → records that were accepted in the last day at the viewer's offices, whenever they came in."""
    found = {}
    with db.reading() as connection:
        for record, kind in KINDS.items():
            table = RECORD_TABLES[record].c
            moment = table[kind.moment]
            query = sa.select(sa.func.count()).where(moment > to_micros(now - DAY), moment <= to_micros(now))
            if not viewer.sees_everything:
                query = query.where(table.office_code.in_(sorted(tree.offices)))
            found[record] = int(connection.execute(query).scalar_one())
    return {record: count for record, count in found.items() if count}


def first_imports(db: Database, viewer: Viewer, *, now: datetime) -> list[FirstImport]:
    """Sources whose first batch came within the last day. Of no office, so the scope does not narrow them."""
    row = BATCHES.c
    first = sa.func.min(row.started_at)
    query = (
        sa.select(row.source, row.record, sa.cast(sa.func.sum(row.new), sa.BigInteger).label("rows"))
        .where(row.state == "done", row.replay_of.is_(None), row.started_at <= to_micros(now))
        .group_by(row.source, row.record)
        .having(first > to_micros(now - DAY))
        .order_by(row.source, row.record)
    )
    with db.reading() as connection:
        return [FirstImport(one.source, one.record, int(one.rows)) for one in connection.execute(query) if one.rows]


def new_cases(db: Database, viewer: Viewer, halls: Collection[str], *, now: datetime) -> list[Case]:
    """Violations confirmed within the last day in those of these halls that are in sight, the latest first.

    One that was annulled since is none.
    """
    seen = visible_tree(db, viewer).offices.keys() & set(halls)
    finding, review = FINDINGS.c, REVIEWS.c
    item = sa.func.coalesce(review.item_code, finding.item_code).label("item")
    query = (
        sa.select(finding.id, finding.hall_code, item, finding.sample_id, review.decision, review["at"].label("at"))
        .select_from(FINDINGS.join(REVIEWS, review.finding_id == finding.id))
        .where(review["at"] > to_micros(now - DAY), review["at"] <= to_micros(now))
        .order_by(review.id)
    )
    with db.reading() as connection:
        latest: Mapping[int, Any] = {one.id: one for one in connection.execute(query)}
    return _newest_first([
        Case(one.hall_code, one.item, one.sample_id, from_micros(one.at))
        for one in latest.values() if one.decision == "confirmed" and one.hall_code in seen
    ])  # fmt: skip


def _newest_first(cases: Sequence[Case]) -> list[Case]:
    return sorted(cases, key=lambda case: (-case.confirmed_at.timestamp(), case.hall, case.item))
