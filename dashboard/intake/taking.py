"""One file from arrival to storage (导入, design §4.1 Import): all of it in one transaction, or none.

Chunks are read and made ready in a thread while the one before is being stored. Rows of a number that the file holds
twice must be known before any of them is stored: when a later chunk contradicts an earlier one, the transaction is
undone and the file is taken again with those numbers refused. A file that provably changes nothing is not read at all.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import polars as pl
import sqlalchemy as sa

from checks.measures import Measures
from collectors.base import Arrival, CollectorError
from collectors.canonical import Plan, canonical_rows, plans
from collectors.header_change import HeaderChangedError, refuse_changed_header
from collectors.mapping import SourceConfig
from collectors.reading import grids_apart
from collectors.records import RECORDS
from collectors.spreadsheet import arrival_of
from collectors.stamps import parse_moment
from dashboard.database import Database
from dashboard.database.models import BATCHES
from dashboard.instants import to_micros
from dashboard.intake.aside import put_aside
from dashboard.intake.by_hand import contradicting
from dashboard.intake.control import check_whole_file, controls_of
from dashboard.intake.knowledge import digest_of, known_now
from dashboard.intake.mappings import remember_mapping
from dashboard.intake.prepare import Known, Prepared, prepare
from dashboard.intake.repeating import READING, Repetition, reading_of
from dashboard.intake.report import BatchReport
from dashboard.intake.seen import ContradictionError, Seen
from dashboard.intake.states import remembering
from dashboard.intake.store import Store
from dashboard.intake.tables import Tables, alone
from dashboard.intake.tree import refuse_cycles
from dashboard.people import Viewer
from dashboard.rights import require
from dashboard.settings import Slot


@dataclass(frozen=True)
class Circumstances:
    """What holds for a whole file besides its content."""

    by: Viewer
    exported_at: datetime | None = None
    """Version time told by the caller; the file's own wins."""
    slots: Sequence[Slot] = ()
    measures: Measures | None = None
    once: bool = False
    """Whether content that the source has brought before is left alone: another collector was quicker."""


def import_file(
    db: Database,
    *,
    by: Viewer,
    path: Path,
    config: SourceConfig,
    now: datetime,
    exported_at: datetime | None = None,
    slots: Sequence[Slot] = (),
    measures: Measures | None = None,
    name: str | None = None,
) -> list[BatchReport]:
    """Take in one file by its path; see `take_in`."""
    arrival = arrival_of(path, name or str(path), now)
    return take_in(db, by=by, arrival=arrival, config=config, exported_at=exported_at, slots=slots, measures=measures)


def take_in(
    db: Database,
    *,
    by: Viewer,
    arrival: Arrival,
    config: SourceConfig,
    exported_at: datetime | None = None,
    slots: Sequence[Slot] = (),
    measures: Measures | None = None,
    once: bool = False,
) -> list[BatchReport]:
    """Store one file in one transaction; a report per sheet. `measures`: those known, else the shipped ones.

    `once`: content that the source has brought before (another collector was quicker) is left alone: no report.
    Raises CollectorError for a file fault, after noting the failed batch; nothing of the file is stored then.
    """
    require(by, "import data")
    around = Circumstances(by, exported_at, slots, measures, once)
    started = time.perf_counter()
    try:
        reports = _taken(db, arrival, config, around)
    except CollectorError as error:
        _note_failure(db, arrival, config, around, error)
        raise
    for report in reports:
        report.seconds = (time.perf_counter() - started) / len(reports)
    return reports


def _taken(db: Database, arrival: Arrival, config: SourceConfig, around: Circumstances) -> list[BatchReport]:
    """All sheets in one transaction; again with the numbers left out about which a later chunk says otherwise."""
    if arrival.refused is not None:
        raise arrival.refused
    record = RECORDS[config.record]
    with alone(db) as tables:
        reports = _File(tables, arrival, config, around, Seen(record, ())).without_reading()
    contradicted: list[pl.DataFrame] = []
    while reports is None:
        with grids_apart(arrival.path) as grids:
            refuse_changed_header(grids, config, arrival.name)
            made = plans(grids, config, arrival.name)
            try:
                with alone(db) as tables:
                    reports = _File(tables, arrival, config, around, Seen(record, contradicted)).sheets(made)
            except ContradictionError as found:
                contradicted.append(found.keys)
    return reports


@dataclass
class _File:
    """One file inside its transaction."""

    tables: Tables
    arrival: Arrival
    config: SourceConfig
    around: Circumstances
    seen: Seen
    created: set[str] = field(default_factory=set)
    """Codes of the offices that this file has made."""

    def without_reading(self) -> list[BatchReport] | None:
        """Reports that need no look into the file: none of what was taken already, those of a repetition; else None."""
        if self.tables.scalar(_same_content(self.arrival, self.config)) is None:
            return None
        if self.around.once:
            return []
        known = self._known(0)
        told = to_micros(self.around.exported_at or self.arrival.arrived_at)
        batch = _batch_of(self.arrival, self.config, self.around.by)
        reports = Repetition(self.tables, self.config, batch, told, digest_of(known)).reports()
        if reports is not None:
            self._remember()
        return reports

    def sheets(self, made: Sequence[Plan]) -> list[BatchReport]:
        """Take every sheet, and remember what the source wants remembered of this arrival."""
        if self._taken_already():
            return []
        names = [plan.table.sheet for plan in made]
        reports = [self.sheet(plan, names) for plan in made]
        check_whole_file(self.tables, self.config, self.arrival, made, reports)
        refuse_cycles(self.tables.db, self.tables.connection, self.config.record)
        self._remember()
        return reports

    def _taken_already(self) -> bool:
        return self.around.once and self.tables.scalar(_same_content(self.arrival, self.config)) is not None

    def _remember(self) -> None:
        remember_mapping(self.tables, self.config)
        for statement in remembering(self.config.name, self.arrival.state):
            self.tables.run(statement)

    def _known(self, version_at: int) -> Known:
        tables, around = self.tables, self.around
        return known_now(
            tables.db,
            tables.connection,
            self.config,
            version_at=version_at,
            slots=around.slots,
            measures=around.measures,
        )

    def sheet(self, plan: Plan, names: Sequence[str | None]) -> BatchReport:
        """Take one sheet as one batch; `names` are those of all sheets of the file."""
        report = BatchReport(self.config.name, self.config.record, self.arrival.name, plan.table.sheet)
        version = self._version(plan)
        known = self._known(to_micros(version))
        report.batch_id = self._open_batch(plan, version)
        tables = self.tables
        store = Store(tables.db, tables.connection, known.record, report.batch_id, self.config.rulebook)
        clears = frozenset(plan.columns) if self.config.empty == "clears" else frozenset()
        for chunk in _ahead(prepare(chunk, known) for chunk in canonical_rows(plan)):
            self._chunk(chunk, store, report, clears, known.version_at)
        report.skipped = sum(plan.table.skipped.values())
        report.messages.extend(plan.messages)
        report.settle()
        report.controls = controls_of(plan, report.read)
        columns, stated = [*plan.columns, *plan.constants], self._stated(plan) is not None
        self._close_batch(plan, report, reading_of(self.config, digest_of(known), names, columns, stated=stated))
        return report

    def _chunk(self, chunk: Prepared, store: Store, report: BatchReport, clears: frozenset[str], version: int) -> None:
        self._create_offices(chunk, store)
        rows, refused, repeated = self.seen.sifted(chunk)
        rows, against = contradicting(store, store.record, rows, clears)
        refused = pl.concat([refused, against]).sort("row_no") if against.height else refused
        done = store.sort_out(rows, clears=clears)
        store.write(done)
        arrived = to_micros(self.arrival.arrived_at)
        put_aside(store, store.record.name, self.config.system_name, refused, chunk, store.batch_id, version, arrived)
        report.read += chunk.read
        report.new += done.new.height
        report.updated += done.changed.height
        report.older += done.older.height
        report.unchanged += done.unchanged + repeated
        report.repeated += repeated
        report.quarantined += refused.height
        report.reasons.update(refused["reason"].to_list())

    def _create_offices(self, chunk: Prepared, store: Store) -> None:
        """Offices named for the first time by this file (`office_create`); later chunks name them again."""
        fresh = chunk.named.filter(~pl.col("code").is_in(list(self.created)))
        self.created.update(fresh["code"])
        store.create_offices(fresh, to_micros(self.arrival.arrived_at))

    def _version(self, plan: Plan) -> datetime:
        """The file's 导出 or 统计 time, else what the caller said, else the arrival (design §4.1)."""
        return self._stated(plan) or self.around.exported_at or self.arrival.arrived_at

    def _stated(self, plan: Plan) -> datetime | None:
        stated = plan.stated_time
        return parse_moment(stated, plan.clock) if stated else None

    def _open_batch(self, plan: Plan, version: datetime) -> int:
        statement = sa.insert(BATCHES).values(
            **_batch_of(self.arrival, self.config, self.around.by),
            sheet=plan.table.sheet,
            state="done",
            exported_at=to_micros(version),
        )
        return int(self.tables.scalar(statement.returning(BATCHES.c.id)))

    def _close_batch(self, plan: Plan, report: BatchReport, reading: dict[str, Any] | None) -> None:
        details = {
            "header_row": plan.table.above,
            "header": list(plan.table.header),
            "from_1904": plan.clock.from_1904,
            "columns": plan.used(),
            "skipped": plan.table.skipped,
            "reasons": dict(report.reasons),
            "messages": report.messages,
            "controls": report.controls,
            "repeated": report.repeated,
            READING: reading,
        }
        statement = (
            sa.update(BATCHES)
            .where(BATCHES.c.id == report.batch_id)
            .values(**report.counts(), finished_at=_now(), details=json.dumps(details, ensure_ascii=False))
        )
        self.tables.run(statement)


def _same_content(arrival: Arrival, config: SourceConfig) -> sa.Select[tuple[int]]:
    """A batch in which the source has brought this content, read as it is read now; failed for good counts too."""
    return sa.select(BATCHES.c.id).where(
        BATCHES.c.sha256 == arrival.sha256,
        BATCHES.c.source == config.name,
        BATCHES.c.mapping_digest == config.digest,
    )


def _batch_of(arrival: Arrival, config: SourceConfig, by: Viewer) -> dict[str, Any]:
    return {
        "source": config.name,
        "system": config.system_name,
        "record": config.record,
        "file": arrival.name,
        "sha256": arrival.sha256,
        "bytes": arrival.size,
        "mapping_digest": config.digest,
        "started_at": to_micros(arrival.arrived_at),
        "by": by.name,
    }


def _note_failure(
    db: Database, arrival: Arrival, config: SourceConfig, around: Circumstances, error: CollectorError
) -> None:
    """The failed batch as a row. What may yet succeed is not remembered as read, so that it is tried again."""
    values = _batch_of(arrival, config, around.by)
    if not error.permanent:
        values["sha256"] = None
    if isinstance(error, HeaderChangedError):
        values["details"] = json.dumps(error.details, ensure_ascii=False)
    with alone(db) as tables:
        if around.once and tables.scalar(_same_content(arrival, config)) is not None:
            return
        tables.run(sa.insert(BATCHES).values(**values, state="failed", error=error.message, finished_at=_now()))
        for statement in remembering(config.name, arrival.state_if_refused if error.permanent else {}):
            tables.run(statement)


def _now() -> int:
    return time.time_ns() // 1000


def _ahead(chunks: Iterable[Prepared]) -> Iterator[Prepared]:
    """The same chunks, the next one being made in a thread while one is used."""
    iterator = iter(chunks)
    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="intake") as pool:
        following = pool.submit(next, iterator, None)
        while (chunk := following.result()) is not None:
            following = pool.submit(next, iterator, None)
            yield chunk
