"""What may be a violation (线索来源): reviews, sheets, complaints, late records — those that changed since last time.

Everything is asked by its present state, so that looking twice at the same thing changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

import polars as pl
import sqlalchemy as sa

from checks.judge.base import microseconds
from dashboard.cases.stored import Source
from dashboard.database.models import (
    BATCHES,
    FINDINGS,
    RECORD_TABLES,
    REVIEWS,
    VERDICTS,
    VIOLATION_SOURCES,
)
from dashboard.instants import LOCAL, from_micros
from dashboard.judging.halls import CAMERA_ITEMS
from dashboard.judging.kinds import KINDS
from dashboard.judging.reading import Reader
from dashboard.judging.rules import Rules
from dashboard.secrecy import ever_sealed
from dashboard.settings import CaseSettings

LOOK_BACK = 200
"""Reviews and joins before the last one that are looked at again: one with a lower number may commit later."""
HOUR = 3_600_000_000
OF_COMPLAINT = {"general": "C", "important": "B", "major": "A", "special": "A"}
"""Severity of a complaint (投诉等级) → of the violation, until a person confirms an item (p)."""
Late = Literal["tickets", "repairs", "applications"]
LATE: tuple[Late, ...] = ("tickets", "repairs", "applications")


@dataclass(frozen=True, slots=True)
class Seen:
    """One source as it is now. `stands`: whether it (still) speaks for a violation; moments in microseconds UTC."""

    source: Source
    office: str
    item: str | None
    severity: str
    observed: int
    moment: int
    stands: bool
    confirmed: bool
    """Whether a person has judged it already: the case begins as confirmed."""
    restricted: bool = False

    @property
    def order(self) -> tuple[int, str, str]:
        return self.moment, self.source.record, self.source.reference


@dataclass(frozen=True, slots=True)
class Since:
    """Everything up to these numbers was looked at."""

    review: int = 0
    batch: int = 0
    join: int = 0


def changed(
    reader: Reader, rules: Rules, settings: CaseSettings, since: Since, batch: int, as_of: datetime
) -> list[Seen]:  # fmt: skip
    """What changed after `since` and up to `batch`, in the order in which it became known."""
    oldest = microseconds(as_of - timedelta(days=settings.days))
    grades = {item.code: item.grade for item in rules.rulebook.sheet.items}
    found = [*_films(reader, grades, since, oldest)]
    if batch > since.batch:
        found += _sheets(reader, grades, since, batch, oldest)
        found += _complaints(reader, since, batch, oldest)
        found += _late(reader, rules, settings, since, batch, oldest, as_of)
        found += _late_months(reader, settings, since, batch, oldest)
    return sorted(found, key=lambda one: one.order)


def _taken(record: str) -> sa.Select[Any]:
    """Rows that have a case: these are followed however long ago they were observed."""
    row = VIOLATION_SOURCES.c
    return sa.select(row.record_id).where(row.record == record)


def _films(reader: Reader, grades: dict[str, Any], since: Since, oldest: int) -> Iterator[Seen]:
    """Findings about which somebody decided; the latest review of each counts (as in `judging.halls`)."""
    row, finding, sample = REVIEWS.c, FINDINGS.c, RECORD_TABLES["samples"].c
    touched = sa.select(row.finding_id).where(row.id > since.review - LOOK_BACK, row.finding_id.is_not(None))
    query = (
        sa.select(finding.id, finding.hall_code, finding.sample_id, finding.observed_at, finding.item_code,
                  row.id.label("review"), row.decision, row.item_code.label("said"), row["at"], row.office_is_cause,
                  row.deliberate)
        .select_from(FINDINGS.join(REVIEWS, row.finding_id == finding.id))
        .where(finding.id.in_(touched), sa.or_(finding.observed_at >= oldest, finding.id.in_(_taken("findings"))))
    )  # fmt: skip
    reviews = reader.frame(query).sort("review").group_by("id", maintain_order=True).last()
    slots: dict[str, tuple[str | None, int | None]] = {}
    if reviews.height:
        wanted = sa.select(sample.sample_id, sample.date, sample.slot).distinct()
        wanted = wanted.where(sample.sample_id.in_(reader.within(reviews["sample_id"])))
        slots = {number: (date, slot) for number, date, slot in reader.frame(wanted).iter_rows()}
    for one in reviews.iter_rows(named=True):
        item = one["said"] or one["item_code"]
        cause = item not in CAMERA_ITEMS or one["office_is_cause"] or one["deliberate"]
        day, slot = slots.get(one["sample_id"], (None, None))
        source = Source("review", "findings", str(one["id"]), one["id"], one["sample_id"],
                        day or _day(one["observed_at"]), slot, from_micros(one["at"]))  # fmt: skip
        stands = one["decision"] == "confirmed" and bool(cause)
        yield Seen(source, one["hall_code"], item, grades.get(item, "C"), one["observed_at"], one["at"], stands, True)


def _sheets(reader: Reader, grades: dict[str, Any], since: Since, batch: int, oldest: int) -> Iterator[Seen]:
    """Rows of inspections that say a violation, and those that said one."""
    row = RECORD_TABLES["inspections"].c
    known = _taken("inspections")
    query = sa.select(
        row.id, row.inspection_no, row.hall_code, row.item_code, row["at"], row.result, BATCHES.c.started_at
    ).where(
        BATCHES.c.id == row.batch_id, row.batch_id > since.batch, row.batch_id <= batch,
        sa.or_(sa.and_(row.result == "violation", row["at"] >= oldest), row.id.in_(known)),
    )  # fmt: skip
    for one in reader.frame(query).iter_rows(named=True):
        reference = f"{one['inspection_no']}/{one['item_code']}/{one['hall_code']}/{one['at']}"
        source = Source("inspection", "inspections", reference, one["id"], None, _day(one["at"]), None,
                        from_micros(one["started_at"]))  # fmt: skip
        yield Seen(source, one["hall_code"], one["item_code"], grades.get(one["item_code"], "C"), one["at"],
                   one["started_at"], one["result"] == "violation", True)  # fmt: skip


def _complaints(reader: Reader, since: Since, batch: int, oldest: int) -> Iterator[Seen]:
    """Complaints and reports (举报) that were found to be true, wholly or in part, and those that had been."""
    table = RECORD_TABLES["tickets"]
    row = table.c
    known = _taken("tickets").where(VIOLATION_SOURCES.c.kind.in_(("complaint", "report")))
    true = sa.and_(row.type.in_(("complaint", "report")), row.substantiated.in_(("yes", "partly")))
    query = sa.select(
        row.id, row.ticket_no, row.office_code, row.accepted_at, row.severity, row.withdrawn, row.simulated,
        true.label("true"), ever_sealed("tickets", table).label("sealed"), BATCHES.c.started_at,
    ).where(
        BATCHES.c.id == row.batch_id, row.batch_id > since.batch, row.batch_id <= batch,
        sa.or_(sa.and_(true, row.accepted_at >= oldest), row.id.in_(known)),
    )  # fmt: skip
    for one in reader.frame(query).iter_rows(named=True):
        secret = bool(one["sealed"])
        source = Source("report" if secret else "complaint", "tickets", one["ticket_no"], one["id"], None, None, None,
                        from_micros(one["started_at"]))  # fmt: skip
        stands = bool(one["true"]) and not one["withdrawn"] and not one["simulated"]
        severity = "A" if secret else OF_COMPLAINT.get(one["severity"], "C")
        yield Seen(source, one["office_code"], None, severity, one["accepted_at"], one["started_at"], stands, False,
                   secret)  # fmt: skip


def _late(
    reader: Reader, rules: Rules, settings: CaseSettings, since: Since, batch: int, oldest: int, as_of: datetime
) -> Iterator[Seen]:  # fmt: skip
    """Single records that ended later than `[cases] late_hours` allows; never one about a sealed report."""
    for record in LATE:
        limit = settings.late_hours.get(record)
        if limit is None:
            continue
        ids = reader.frame(_losing(record, RECORD_TABLES[record], since, batch, oldest))
        late = ids.filter(pl.col("id").is_in(_worst(reader, rules, record, ids, limit, as_of).implode())).sort("id")
        for one in late.iter_rows(named=True):
            yield _of_record(record, one, stands=True)
        again = reader.frame(_reported_again(record, since, batch))
        for one in again.join(late, on="id", how="anti").iter_rows(named=True):
            yield _of_record(record, one, stands=False)


def _of_record(record: str, one: dict[str, Any], *, stands: bool) -> Seen:
    at = one["started_at"]
    source = Source("record", record, one["number"], one["id"], None, None, None, from_micros(at))
    return Seen(source, one["office_code"], None, "B", one["moment"], at, stands, False)


def _worst(
    reader: Reader, rules: Rules, record: Late, ids: pl.DataFrame, limit: float, as_of: datetime
) -> pl.Series:  # fmt: skip
    """Those of the records that missed a deadline by more than `limit` hours."""
    if ids.is_empty():
        return pl.Series("id", [], dtype=pl.Int64)
    chosen = reader.temporary(ids.select("id"), sa.column("id", sa.BigInteger))

    def which(one: Any, chosen: Any = chosen) -> sa.ColumnElement[bool]:
        return one.c.id.in_(sa.select(chosen.c.id))  # type: ignore[no-any-return]

    judged = KINDS[record].judged(reader, rules, which, as_of).collect()
    codes = [name.removesuffix(".deadline") for name in judged.columns if name.endswith(".deadline")]
    over = pl.max_horizontal(pl.col(f"{code}.actual") - pl.col(f"{code}.deadline") for code in codes)
    return judged.filter(over > limit * HOUR)["id"]


def _reported_again(record: Late, since: Since, batch: int) -> sa.Select[Any]:
    """Records that have a case because they were late, and came again."""
    row, kind = RECORD_TABLES[record].c, KINDS[record]
    known = _taken(record).where(VIOLATION_SOURCES.c.kind == "record")
    return sa.select(
        row.id, row[kind.number].label("number"), row.office_code, row[kind.moment].label("moment"),
        BATCHES.c.started_at,
    ).where(
        BATCHES.c.id == row.batch_id, row.batch_id > since.batch, row.batch_id <= batch, row.id.in_(known),
    )  # fmt: skip


def _losing(record: str, table: sa.Table, since: Since, batch: int, oldest: int) -> sa.Select[Any]:
    """Late records that came in the batches looked at."""
    verdict, row, kind = VERDICTS[record].c, table.c, KINDS[record]
    moment = row[kind.moment]
    secret = ever_sealed(record, table)
    return sa.select(
        row.id, row[kind.number].label("number"), row.office_code, moment.label("moment"), BATCHES.c.started_at
    ).where(
        BATCHES.c.id == row.batch_id, verdict.record_id == row.id, row.batch_id > since.batch, row.batch_id <= batch,
        moment >= oldest, verdict.losing, verdict.states.like("%L%"), sa.not_(secret),
    )  # fmt: skip


def _late_months(
    reader: Reader, settings: CaseSettings, since: Since, batch: int, oldest: int
) -> Iterator[Seen]:  # fmt: skip
    """Offices and months with `[cases] late_records` late records, of those where one came in."""
    counts: dict[tuple[str, str], int] = {}
    newest: dict[tuple[str, str], int] = {}
    for record in LATE:
        touched = reader.frame(_losing(record, RECORD_TABLES[record], since, batch, oldest))
        for office, moment, started in touched.select("office_code", "moment", "started_at").iter_rows():
            key = office, f"{from_micros(moment).astimezone(LOCAL):%Y-%m}"
            newest[key] = max(newest.get(key, 0), started)
    for key in sorted(newest):
        counts[key] = sum(_count(reader, record, *key) for record in LATE)
        if counts[key] >= settings.late_records:
            office, month = key
            source = Source("record", "months", f"{office} {month}", None, None, None, None, from_micros(newest[key]))
            first = microseconds(datetime.fromisoformat(f"{month}-01T00:00:00+08:00"))
            yield Seen(source, office, None, "C", first, newest[key], True, False)


def _count(reader: Reader, record: str, office: str, month: str) -> int:
    verdict = VERDICTS[record].c
    query = sa.select(sa.func.count()).where(
        verdict.office_code == office, verdict.day >= f"{month}-01", verdict.day <= f"{month}-31", verdict.losing,
        verdict.states.like("%L%"),
    )  # fmt: skip
    return int(reader.frame(query).item())


def _day(micros: int) -> str:
    return f"{from_micros(micros).astimezone(LOCAL):%Y-%m-%d}"


def references(several: Iterable[Seen]) -> list[str]:
    return sorted({one.source.reference for one in several})
