"""Would another reviewer agree, and do all ways of looking see the same? (复核一致性) Figures for who oversees review.

Agreement rests on the samples that the draw gave to a second, unknowing person; second looks that somebody's decision
called for (grave, unsure) are no fair sample and are left out. No sample is named here: people still judge them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import combinations
from typing import Any

import polars as pl
import sqlalchemy as sa

from checks.agreement import Agreement, Gap, Gold, Severity, agreement, crossed, drifts, gold, large_gaps, severity
from checks.periods import Period
from dashboard.database import Database
from dashboard.database.models import EXTRA_SAMPLES, RECORD_TABLES, ROLLUPS
from dashboard.instants import from_micros
from dashboard.judging.halls import CHECKABLE, confirmed_events
from dashboard.judging.reading import Reader, reader
from dashboard.people import Viewer
from dashboard.queries.judgements import gold_answers, judged
from dashboard.queries.offices import Tree
from dashboard.reviewing.rounds import GOLD
from dashboard.reviewing.standing import blind_to
from dashboard.rights import may, require

DECISIONS = ("ok", "violation", "unsure")
VIOLATION = "violation"
SHEETS = ("on_site", "mutual", "undercover")
VIDEO = "video"
MONTHS_BEFORE = timedelta(days=150)
"""How far back a person's own months are looked at."""
Judgement = Mapping[str, Any]
Count = tuple[int, int]
"""(violations, looked at)"""


@dataclass(frozen=True, slots=True)
class Person:
    """One reviewer, under a name that the viewer may read. `months` are `YYYY-MM` → severity of that month."""

    name: str
    gold: Gold
    severity: Severity
    months: Mapping[str, Severity]
    drifts: str | None


@dataclass(frozen=True, slots=True)
class Reviewing:
    """How far reviewers agree. `others` second looks were called for by a decision and are in none of the figures."""

    overall: Agreement
    others: int
    pairs: tuple[tuple[str, str, Agreement], ...]
    items: tuple[tuple[str, Agreement], ...]
    people: tuple[Person, ...]


@dataclass(frozen=True, slots=True)
class Looking:
    """What the ways of looking found at one office. `video` counts samples, the sheets count items looked at.

    `gaps` compare two kinds of sheets over the items that both looked at.
    """

    office: str
    ways: Mapping[str, Count]
    gaps: tuple[Gap, ...]


def reviewing(db: Database, viewer: Viewer, *, period: Period, halls: Iterable[str], as_of: datetime) -> Reviewing:
    """Agreement, gold samples and severity of the samples of a period in these halls. NotAllowedError for others."""
    _require_reader(viewer)
    since, until = from_micros(period.starts_at), from_micros(period.ends_at)
    wanted, asked_for = frozenset(halls), _asked_for(db)
    rows = [row for row in judged(db, viewer, as_of=as_of, since=since - MONTHS_BEFORE, until=until)
            if row["hall"] in wanted and row["sample"] not in asked_for]  # fmt: skip
    untold = _untold(db, viewer, rows, as_of)
    rows = [row for row in rows if row["sample"] not in untold]
    inside = [row for row in rows if row["date"] >= period.start.isoformat()]
    twice = _twice(inside)
    drawn = [pair for pair in twice if pair[0]["drawn"]]
    name = _names(viewer, rows)
    answers = gold_answers(db, viewer, as_of=as_of)
    return Reviewing(
        overall=agreement(crossed(_said(drawn), DECISIONS)),
        others=len(twice) - len(drawn),
        pairs=tuple(_pairs(drawn, name)),
        items=tuple(_items(drawn)),
        people=tuple(_people(rows, inside, answers, name)),
    )


def _require_reader(viewer: Viewer) -> None:
    require(viewer, "read how reviewers agree")


def _asked_for(db: Database) -> frozenset[str]:
    """Samples that somebody asked for beside the draw (定向抽查): looked at for a reason, so no fair sample."""
    with db.reading() as connection:
        return frozenset(connection.execute(sa.select(EXTRA_SAMPLES.c.sample_id)).scalars())


def _untold(db: Database, viewer: Viewer, rows: Iterable[Judgement], as_of: datetime) -> set[str]:
    """Samples of which somebody who reviews is not told yet what others said, or that their answer was known.

    Counts of one hall and day would tell it: who still judges, or may still take back, would judge by it.
    """
    if not may(viewer, "decide about a sample"):
        return set()
    last = {row["sample"]: row["calls_for"] for row in rows if row["round"] != GOLD}
    with db.reading() as connection:
        return {sample for sample, asks in last.items() if asks is not None} | blind_to(connection, viewer.name, as_of)


def _names(viewer: Viewer, rows: Iterable[Judgement]) -> Mapping[str, str]:
    """Person → what the viewer reads: the name, or a letter that stands for it on this page alone."""
    people = sorted({row["by"] for row in rows})
    if may(viewer, "read the names of reviewers"):
        return {person: person for person in people}
    letters = {person: f"{chr(ord('A') + place % 26)}{place // 26 or ''}" for place, person in enumerate(people)}
    return {person: person if person == viewer.name else letters[person] for person in people}


def _twice(rows: Iterable[Judgement]) -> list[tuple[Judgement, Judgement]]:
    """First and second judgement of every sample that has both, in the order in which they were given."""
    first: dict[str, Judgement] = {}
    found = []
    for (
        row
    ) in rows:  # a sample that a late candidate opened again begins anew: its rounds are no pair with those before
        if row["round"] == "1":
            first[row["sample"]] = row
        elif row["round"] == "2" and row["sample"] in first:
            found.append((first.pop(row["sample"]), row))
    return found


def _said(pairs: Iterable[tuple[Judgement, Judgement]]) -> list[tuple[str, str]]:
    return [(first["decision"], second["decision"]) for first, second in pairs]


def _pairs(
    drawn: Iterable[tuple[Judgement, Judgement]], name: Mapping[str, str]
) -> list[tuple[str, str, Agreement]]:  # fmt: skip
    """Each pair of people once, whoever looked first: the one named first is the row."""
    together: dict[tuple[str, str], list[tuple[Judgement, Judgement]]] = defaultdict(list)
    for first, second in drawn:
        one, other = sorted((first, second), key=lambda row: row["by"])
        together[one["by"], other["by"]].append((one, other))
    found = [
        (name[one], name[other], agreement(crossed(_said(pairs), DECISIONS)))
        for (one, other), pairs in together.items()
    ]
    return sorted(found, key=lambda row: (-row[2].n, row[0], row[1]))


def _items(drawn: Sequence[tuple[Judgement, Judgement]]) -> list[tuple[str, Agreement]]:
    """Per item of the sheet: did both see it, or neither? Only items that at least one of them saw."""
    codes = sorted({code for pair in drawn for row in pair for code in row["items"]})
    found = []
    for code in codes:
        said = [(str(code in first["items"]), str(code in second["items"])) for first, second in drawn]
        found.append((code, agreement(crossed(said, ("True", "False")))))
    return found


def _people(
    rows: Sequence[Judgement], inside: Sequence[Judgement], answers: Mapping[str, Mapping[str, Any]],
    name: Mapping[str, str],
) -> list[Person]:  # fmt: skip
    firsts = _violations((row for row in rows if row["round"] == "1"), lambda row: (row["by"], row["date"][:7]))
    of_period = _violations((row for row in inside if row["round"] == "1"), lambda row: row["by"])
    found = []
    for person in sorted(name, key=lambda one: name[one]):
        known = [
            (answers[row["sample"]]["decision"] == VIOLATION, row["decision"] == VIOLATION)
            for row in inside
            if row["round"] == "gold" and row["by"] == person and row["sample"] in answers
        ]
        months = {month: _against(firsts, person, month) for by, month in sorted(firsts) if by == person}
        mine, others = of_period.get(person, (0, 0)), _sum(c for by, c in of_period.items() if by != person)
        own = drifts([(one.n, one.violations) for one in months.values()])
        found.append(Person(name[person], gold(known), severity(mine[1], mine[0], others[1], others[0]), months, own))
    return found


def _violations(rows: Iterable[Judgement], key: Any) -> dict[Any, Count]:
    found: dict[Any, Count] = defaultdict(lambda: (0, 0))
    for row in rows:
        violations, n = found[key(row)]
        found[key(row)] = violations + (row["decision"] == VIOLATION), n + 1
    return dict(found)


def _against(firsts: Mapping[tuple[str, str], Count], person: str, month: str) -> Severity:
    mine = firsts[person, month]
    others = _sum(count for (by, when), count in firsts.items() if when == month and by != person)
    return severity(mine[1], mine[0], others[1], others[0])


def _sum(counts: Iterable[Count]) -> Count:
    told = list(counts)
    return sum(one[0] for one in told), sum(one[1] for one in told)


# --- ways of looking --------------------------------------------------------------------------------------------------


def looking(
    db: Database, viewer: Viewer, tree: Tree, *, period: Period, offices: Sequence[str], as_of: datetime
) -> list[Looking]:
    """What each way of looking found at these offices in a period; offices where nobody looked are left out."""
    _require_reader(viewer)
    below = {code: sorted(tree.below(code)) for code in offices}
    wanted = sorted({hall for halls in below.values() for hall in halls})
    with reader(db) as source:
        sheets = _sheet_counts(source, wanted, period, as_of)
        films = _film_counts(source, wanted, period, as_of)
    found = []
    for code, halls in below.items():
        items = _of_halls(sheets, halls)
        ways = {VIDEO: _sum(films[hall] for hall in halls if hall in films), **_by_kind(items)}
        if any(n for _, n in ways.values()):
            found.append(Looking(code, ways, tuple(_gaps(items))))
    return found


Items = dict[tuple[str, str], Count]
"""(kind of sheet, item) → how often violated, how often looked at."""


def _sheet_counts(source: Reader, halls: Sequence[str], period: Period, as_of: datetime) -> pl.DataFrame:
    """`hall_code, kind, item_code, violations, n` of what was looked at: not checkable is no look."""
    row = RECORD_TABLES["inspections"].c
    until = min(period.ends_at, int(as_of.timestamp() * 1_000_000) + 1)
    query = sa.select(row.hall_code, row.kind, row.item_code, row.result).where(
        row.kind.in_(SHEETS), row.result.in_(("ok", VIOLATION)), row["at"] >= period.starts_at, row["at"] < until,
        row.hall_code.in_(halls),
    )  # fmt: skip
    grouped = source.frame(query).group_by("hall_code", "kind", "item_code")
    return grouped.agg((pl.col("result") == VIOLATION).sum().cast(pl.Int64).alias("violations"), pl.len().alias("n"))


def _film_counts(source: Reader, halls: Sequence[str], period: Period, as_of: datetime) -> dict[str, Count]:
    """Hall → (samples with a confirmed violation, checkable samples)."""
    row = ROLLUPS.c
    days = row.day.between(period.start.isoformat(), period.last_day.isoformat())
    seen = sa.select(row.office_code, row.numerator).where(row.indicator == CHECKABLE, days, row.office_code.in_(halls))
    checkable = source.frame(seen).group_by("office_code").agg(pl.col("numerator").sum())
    events = confirmed_events(source, halls, period.starts_at, period.ends_at, as_of)
    sheet = RECORD_TABLES["inspections"].c
    told = source.frame(sa.select(sheet.id).where(sheet.kind == VIDEO, sheet.hall_code.in_(halls)))
    by_film = (pl.col("record") == "findings") | pl.col("record_id").is_in(told["id"].implode())
    sample = pl.col("number").str.split("/").list.first()
    asked = source.frame(sa.select(EXTRA_SAMPLES.c.sample_id))["sample_id"]
    by_film &= ~sample.is_in(asked.implode())  # asked for beside the draw: among the checkable ones it is not either
    flagged = events.filter(by_film).group_by("hall_code").agg(sample.n_unique().alias("n"))
    violated: dict[str, int] = dict(flagged.iter_rows())
    return {hall: (min(violated.get(hall, 0), n), n) for hall, n in checkable.iter_rows()}


def _of_halls(sheets: pl.DataFrame, halls: Sequence[str]) -> Items:
    mine = sheets.filter(pl.col("hall_code").is_in(list(halls))).group_by("kind", "item_code")
    rows = mine.agg(pl.col("violations", "n").sum()).sort("kind", "item_code")
    return {(kind, item): (violations, n) for kind, item, violations, n in rows.iter_rows()}


def _by_kind(items: Items) -> dict[str, Count]:
    return {kind: _sum(count for (one, _), count in items.items() if one == kind) for kind in SHEETS}


def _gaps(items: Items) -> list[Gap]:
    """Large differences between two kinds, each over the items that both looked at."""
    found: list[Gap] = []
    for pair in combinations(SHEETS, 2):
        both = {item for one, item in items if one == pair[0]} & {item for one, item in items if one == pair[1]}
        counts = {kind: _sum(items[kind, item] for item in both) for kind in pair}
        found += large_gaps(counts)
    return found
