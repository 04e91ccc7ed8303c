"""Exclusions as they are read (剔除): what was filed, in which state it is, what it leaves out, what it changes."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import sqlalchemy as sa

from checks.exclusions import Filing
from checks.judge.base import microseconds
from checks.periods import Period, parse_period, quarter_of
from checks.scoring import scoring_edition
from collectors.records import RECORDS
from dashboard.database import Database
from dashboard.database.models import EXCLUSION_DECISIONS, EXCLUSIONS, RECORD_TABLES
from dashboard.errors import NotAllowedError, UsageError
from dashboard.instants import iso_local, to_micros
from dashboard.judging.alternatives import difference
from dashboard.judging.filed import covered, filing_of, holding, local_date
from dashboard.judging.present import bring_up_to_date
from dashboard.judging.reading import Reader, reader
from dashboard.judging.rules import Rules
from dashboard.judging.sums import OfficeSums, office_sums, with_difference
from dashboard.people import Viewer
from dashboard.privacy import masked
from dashboard.queries.league import edition_of, figure_document, leaves_of, row_of
from dashboard.secrecy import WITHHELD, hidden_numbers, withhold

STATES = ("waiting", "holds", "rejected", "revoked", "lapsed")
LISTED = 500
FIGURES = ("numerator", "denominator", "value", "excluded")


@dataclass(frozen=True)
class Preview:
    """What a filing leaves out and how the rates of its offices, and of those above them, change by it."""

    periods: Sequence[str]
    """The quarters whose rates are shown: those in which covered records lie, and one after them that still changes."""
    counts: Mapping[str, int]
    records: Sequence[Mapping[str, Any]]
    """The first `LISTED` records: record, number, office, at."""
    rates: Sequence[Mapping[str, Any]]
    """period, office, name, indicator, before and after; only those that change."""


def exclusions(db: Database, viewer: Viewer, *, now: dt.datetime) -> list[dict[str, Any]]:
    """Every filing that names an office of the viewer's, newest first, with its state and who decided what.

    Of one that also names offices of others (`whole` false) only the viewer's part is told, and no free text.
    """
    with reader(db) as source:
        rows = source.frame(sa.select(EXCLUSIONS).order_by(EXCLUSIONS.c.id.desc())).to_dicts()
        decided = source.frame(sa.select(EXCLUSION_DECISIONS).order_by(EXCLUSION_DECISIONS.c.id)).to_dicts()
        parts = [(row, filing_of(row), _seen(source, viewer, filing_of(row))) for row in rows]
        tree = source.tree
    found = []
    for row, filing, part in parts:
        if not part.offices:
            continue
        day, whole = local_date(filing.starts_at), part == filing
        deeds = [deed for deed in decided if deed["exclusion_id"] == filing.id]
        versions = [tree.on(code, day) for code in part.offices]
        found.append({
            "number": filing.id, "state": _state(row, deeds, to_micros(now)), "offices": list(part.offices),
            "names": [v.name if v else c for v, c in zip(versions, part.offices, strict=True)], "area": filing.area,
            "records": list(filing.records), "numbers": _numbers(db, viewer, part),
            "system": filing.system, "whole": whole,
            "from": iso_local(filing.starts_at), "to": iso_local(filing.ends_at), "reason": filing.reason,
            "document": filing.document, "note": masked("text", part.note), "by": row["by"], "at": iso_local(row["at"]),
            "lapses_at": iso_local(row["lapses_at"]),
            "decisions": [{"decision": deed["decision"], "by": deed["by"], "at": iso_local(deed["at"]),
                           "note": masked("text", deed["note"]) if whole else None} for deed in deeds],
        })  # fmt: skip
    return found


def _numbers(db: Database, viewer: Viewer, filing: Filing) -> list[str] | None:
    """The records named, `kept secret` for those that are hidden from the viewer; None where every record is meant."""
    if filing.numbers is None:
        return None
    hidden = frozenset[str]().union(*(hidden_numbers(db, viewer, record, filing.numbers) for record in filing.records))
    return [WITHHELD if number in hidden else number for number in filing.numbers]


def _seen(source: Reader, viewer: Viewer, filing: Filing) -> Filing:
    """What the viewer may see of a filing: their offices, the records there, and the note of nothing but their own."""
    if viewer.sees_everything:
        return filing
    days = {local_date(moment) for moment in (filing.starts_at, filing.ends_at - 1)}
    mine = tuple(
        code for code in filing.offices
        if all(viewer.offices.intersection(source.tree.path(code, source.tree.last_valid_day(code, day)))
               for day in days)
    )  # fmt: skip
    if mine == filing.offices:
        return filing
    part = replace(filing, offices=mine, note=None)
    if filing.numbers is None or not mine:
        return part
    rows = [row["number"] for record in filing.records for row in _records(source, record, part)[0]]
    return replace(part, numbers=tuple(number for number in filing.numbers if number in rows))


def _state(row: Mapping[str, Any], deeds: Iterable[Mapping[str, Any]], now: int) -> str:
    decided = {deed["decision"] for deed in deeds}
    for decision, state in (("revoked", "revoked"), ("rejected", "rejected"), ("approved", "holds")):
        if decision in decided:
            return state
    return "lapsed" if row["lapses_at"] <= now else "waiting"


def filing_seen(db: Database, viewer: Viewer, number: int) -> Filing:
    """A stored filing that the viewer may see whole. NotAllowedError for any other, UsageError if there is none."""
    filing = filing_numbered(db, number)
    with reader(db) as source:
        if _seen(source, viewer, filing) != filing:
            raise NotAllowedError(f"Exclusion {number} names offices outside what {viewer.name} may see.")
    return filing


def filing_numbered(db: Database, number: int) -> Filing:
    """A stored filing, whoever asks. UsageError when there is none of the number."""
    with db.reading() as connection:
        row = connection.execute(sa.select(EXCLUSIONS).where(EXCLUSIONS.c.id == number)).mappings().one_or_none()
    if row is None:
        raise UsageError(f"There is no exclusion {number}.", "See mingcha exclusions.")
    return filing_of(row)


def preview(db: Database, viewer: Viewer, rules: Rules, filing: Filing, *, now: dt.datetime) -> Preview:
    """What the filing would change now, or (an approved one) what it changes: in every quarter that it touches."""
    bring_up_to_date(db, rules, now)
    with reader(db) as source:
        others = tuple(one for one in holding(source, microseconds(now)) if one.id != filing.id or not filing.id)
        sides = (others, (*others, filing))
        counts, records = _left_out(source, filing)
        touched = list(_quarters(filing))
        after = _quarter(touched[-1].end)  # a repair counts as repeated for what came before it
        if scoring_edition(rules.rulebook, after) and difference(source, rules, after, now, *sides, None).height:
            touched.append(after)
        rates = [rate for period in touched for rate in _rates(source, viewer, rules, period, now, filing, sides)]
    return Preview([period.name for period in touched], counts, withhold(db, viewer, records), rates)


def _quarters(filing: Filing) -> Iterator[Period]:
    """The quarters in which covered records may lie."""
    period = _quarter(local_date(filing.starts_at))
    while period.starts_at < filing.ends_at:
        yield period
        period = _quarter(period.end)


def _quarter(day: dt.date) -> Period:
    first, _ = quarter_of(day)
    return parse_period(f"{first.year}-Q{(first.month + 2) // 3}")


def _left_out(source: Reader, filing: Filing) -> tuple[dict[str, int], list[dict[str, Any]]]:
    counts: dict[str, int] = {}
    rows: list[dict[str, Any]] = []
    for record in filing.records:
        found, counts[record] = _records(source, record, filing)
        rows += found
    return counts, rows[:LISTED]


def _records(source: Reader, record: str, filing: Filing) -> tuple[list[dict[str, Any]], int]:
    """The first `LISTED` records of a type that it covers, and how many there are."""
    ids = covered(source, record, (filing,))
    if ids is None:
        return [], 0
    kind, table = RECORDS[record], RECORD_TABLES[record].c
    moment = table[kind.moment or ""]
    query = sa.select(table[kind.number].label("number"), table.system, table.office_code, moment.label("moment"))
    found = source.frame(query.where(table.id.in_(ids)).order_by(moment, table[kind.number], table.system))
    return [
        {"record": record, "number": row["number"], "system": row["system"], "office": row["office_code"],
         "at": iso_local(row["moment"])}
        for row in found.head(LISTED).iter_rows(named=True)
    ], found.height  # fmt: skip


def _rates(
    source: Reader,
    viewer: Viewer,
    rules: Rules,
    period: Period,
    now: dt.datetime,
    filing: Filing,
    sides: tuple[tuple[Filing, ...], tuple[Filing, ...]],
) -> Iterable[dict[str, Any]]:
    """Figures of the offices named and of all above them, before and after."""
    edition = edition_of(rules, period)
    present = holding(source, microseconds(now))
    leaves = leaves_of(source, rules, period, edition, now, stored=True)
    sums = [
        office_sums(
            with_difference(leaves, difference(source, rules, period, now, present, side, None)), source.tree, rules,
            period,
        )
        for side in sides
    ]  # fmt: skip
    day = local_date(filing.starts_at)
    codes = dict.fromkeys(above for code in filing.offices for above in source.tree.path(code, day))
    allowed = None if viewer.sees_everything else source.tree.below(viewer.offices, day)
    for code in (code for code in codes if allowed is None or code in allowed):
        office = source.tree.on(code, day)
        level = office.level if office else "station"
        if level == "hall":
            continue
        rows = [row_of(source.tree, side.get(code) or OfficeSums(), period, edition, code, level) for side in sums]
        for indicator, figure in rows[0].figures.items():
            before, after = (figure_document(one) for one in (figure, rows[1].figures[indicator]))
            if any(before[name] != after[name] for name in FIGURES):
                yield {"period": period.name, "office": code, "name": rows[0].name, "indicator": indicator,
                       "before": {name: before[name] for name in FIGURES},
                       "after": {name: after[name] for name in FIGURES}}  # fmt: skip
