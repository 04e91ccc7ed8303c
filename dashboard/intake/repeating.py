"""The same file once more (重复导入): where it provably changes nothing, it is not read again.

An earlier batch has read the same bytes in the same way, with the same knowledge, and all that it stored is still what
is stored. Then every row would be counted as it was, confirmed by the later export, and its quarantined rows seen
again. Exactly that is written, set by set. Whatever cannot be proven from the tables goes the long way: rows with a
version of their own, offices and what makes them, rows that the earlier batch did not store itself, quarantined rows
whose reason has changed since.
"""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from collectors.headers import EXPORTED_AT
from collectors.mapping import SourceConfig
from dashboard.database.models import (
    BATCHES,
    CONFIRMATIONS,
    QUARANTINE,
    QUARANTINE_EVENTS,
    QUARANTINE_SIGHTINGS,
    RECORD_TABLES,
)
from dashboard.intake.report import BatchReport
from dashboard.intake.tables import Tables

READING = "reading"
"""Key of a batch's details: how its sheet was read, see `reading_of`."""
_COUNTS = ("read", "new", "updated", "unchanged", "older", "quarantined", "skipped")


def reading_of(
    config: SourceConfig, knowledge: str, sheets: Sequence[str | None], columns: Sequence[str], *, stated: bool
) -> dict[str, Any] | None:
    """What a batch notes of its reading, so that the same file can be recognised; None where that is never enough.

    `sheets` are all that the file had, `stated` says whether the version time came from the file itself.
    """
    if config.record == "offices" or config.office_create or EXPORTED_AT in columns:
        return None
    return {"knowledge": knowledge, "sheets": list(sheets), "stated": stated}


@dataclass
class Repetition:
    """One file, compared with the batches of its earlier readings inside an open write transaction."""

    tables: Tables
    config: SourceConfig
    batch: Mapping[str, Any]
    """Columns of the new batches that are known before reading."""
    told: int
    """Version time (microseconds) of a sheet that states none."""
    knowledge: str

    def reports(self) -> list[BatchReport] | None:
        """A report per sheet after writing its batch; None when the file must be read."""
        readings = self._readings
        if not readings:
            return None
        sheets = readings[-1].details[READING]["sheets"]
        originals = [self._original(sheet, sheets) for sheet in sheets]
        if None in originals:
            return None
        return [self._write(original) for original in originals if original is not None]

    @cached_property
    def _readings(self) -> list[_Reading]:
        """Earlier batches of the same content, read in the same way with the same knowledge, in their order."""
        batch = BATCHES.c
        same = [batch[name] == self.batch[name] for name in
                ("sha256", "source", "system", "record", "mapping_digest", "file")]  # fmt: skip
        query = sa.select(BATCHES).where(*same, batch.state == "done", batch.replay_of.is_(None)).order_by(batch.id)
        found = [_Reading(row, json.loads(row["details"] or "{}")) for row in self._rows(query)]
        return [one for one in found if (one.details.get(READING) or {}).get("knowledge") == self.knowledge]

    def _original(self, sheet: str | None, sheets: Sequence[str | None]) -> _Reading | None:
        """The batch that stored every row of the sheet itself, all of which still stand."""
        same = [one for one in self._readings if one.row["sheet"] == sheet]
        for one in reversed(same):
            later = max(other.row["exported_at"] for other in same) > self._version(one)
            if not later and one.stored_all and self._still_stands(one) and self._seen_as_then(one, sheets):
                return one
        return None

    def _version(self, reading: _Reading) -> int:
        return int(reading.row["exported_at"]) if reading.details[READING]["stated"] else self.told

    def _still_stands(self, reading: _Reading) -> bool:
        """No row was replaced since, and none confirmed by an export later than this one."""
        row, again = self._table.c, CONFIRMATIONS.c
        mine = row.batch_id == reading.row["id"]
        if self._count(self._table, mine) != reading.row["new"] + reading.row["updated"]:
            return False
        confirmed = self._table.join(
            CONFIRMATIONS, sa.and_(again.record == self.config.record, again.record_id == row.id)
        )
        return not self._count(confirmed, mine, again.version_at > self._version(reading))

    def _seen_as_then(self, reading: _Reading, sheets: Sequence[str | None]) -> bool:
        """The quarantined rows say what they said: nobody else has brought them since, and no replay refused them."""
        quarantined = reading.row["quarantined"]
        if not quarantined:
            return True
        seen = _seen_by(reading.row["id"])
        ids = sa.select(seen.c.quarantine_id)
        mine = [one.row["id"] for one in self._readings]
        return (
            len(sheets) == 1
            and self._count(seen) == quarantined
            and not self._count(QUARANTINE, QUARANTINE.c.id.in_(ids), QUARANTINE.c.last_batch_id.not_in(mine))
            and not self._count(
                QUARANTINE_EVENTS, QUARANTINE_EVENTS.c.quarantine_id.in_(ids), QUARANTINE_EVENTS.c.action == "refused"
            )
        )

    # --- writing

    def _write(self, original: _Reading) -> BatchReport:
        version = self._version(original)
        counts = original.counts_again()
        batch_id = self._open(original, version, counts)
        if version > original.row["exported_at"]:
            self._confirm(original, version)
        self._see_again(original, batch_id)
        report = BatchReport(self.config.name, self.config.record, self.batch["file"], original.row["sheet"], batch_id)
        for name, value in counts.items():
            setattr(report, name, value)
        report.reasons = Counter(original.details["reasons"])
        report.messages, report.controls = list(original.details["messages"]), list(original.details["controls"])
        report.repeated, report.same_as = original.details["repeated"], int(original.row["id"])
        report.settle()
        return report

    def _open(self, original: _Reading, version: int, counts: Mapping[str, int]) -> int:
        statement = sa.insert(BATCHES).values(
            **self.batch,
            **counts,
            sheet=original.row["sheet"],
            state="done",
            exported_at=version,
            finished_at=time.time_ns() // 1000,
            details=original.row["details"],
        )
        return int(self.tables.scalar(statement.returning(BATCHES.c.id)))

    def _confirm(self, original: _Reading, version: int) -> None:
        """Every row is as new as this export, as in `Store._confirm`."""
        row = self._table.c
        said = sa.select(sa.literal(self.config.record, sa.Text), row.id, sa.literal(version, sa.BigInteger))
        said = said.where(row.batch_id == original.row["id"]).order_by(row.id)
        insert = postgresql.insert(CONFIRMATIONS).from_select(["record", "record_id", "version_at"], said)
        later = {"version_at": insert.excluded.version_at}
        self.tables.run(insert.on_conflict_do_update(index_elements=["record", "record_id"], set_=later))

    def _see_again(self, original: _Reading, batch_id: int) -> None:
        """Note where quarantined rows were read once more, as in `aside`."""
        if not original.row["quarantined"]:
            return
        seen = _seen_by(original.row["id"])
        again = sa.select(sa.literal(batch_id, sa.BigInteger), seen.c.row_no, seen.c.quarantine_id)
        columns = ["batch_id", "row_no", "quarantine_id"]
        self.tables.run(sa.insert(QUARANTINE_SIGHTINGS).from_select(columns, again))
        mine = QUARANTINE_SIGHTINGS.c
        counted = (
            sa.select(mine.quarantine_id, sa.func.count().label("more"), sa.func.max(mine.row_no).label("last_row"))
            .where(mine.batch_id == batch_id)
            .group_by(mine.quarantine_id)
            .subquery()
        )
        update = sa.update(QUARANTINE).where(QUARANTINE.c.id == counted.c.quarantine_id)
        self.tables.run(
            update.values(
                times=QUARANTINE.c.times + counted.c.more, last_batch_id=batch_id, last_row_no=counted.c.last_row
            )
        )

    # --- asking

    @property
    def _table(self) -> sa.Table:
        return RECORD_TABLES[self.config.record]

    def _rows(self, query: sa.Select[Any]) -> list[dict[str, Any]]:
        return self.tables.frame(query).rows(named=True)

    def _count(self, source: Any, *conditions: sa.ColumnElement[bool]) -> int:
        return int(self.tables.scalar(sa.select(sa.func.count()).select_from(source).where(*conditions)))


@dataclass(frozen=True)
class _Reading:
    """An earlier batch of the same content."""

    row: Mapping[str, Any]
    details: Mapping[str, Any]

    @property
    def stored_all(self) -> bool:
        """Each good row was stored by this batch, or repeats another row of the file."""
        return not self.row["older"] and self.row["unchanged"] == self.details["repeated"]

    def counts_again(self) -> dict[str, int]:
        """The counts of the same file once more: all that it stored is unchanged."""
        counts = {name: int(self.row[name]) for name in _COUNTS}
        unchanged = counts["new"] + counts["updated"] + counts["unchanged"]
        return {**counts, "new": 0, "updated": 0, "unchanged": unchanged}


def _seen_by(batch_id: int) -> sa.Subquery:
    """`row_no, quarantine_id` of the rows that a batch put aside: those it brought, and those it brought again."""
    row, seen = QUARANTINE.c, QUARANTINE_SIGHTINGS.c
    brought = sa.select(row.row_no, row.id.label("quarantine_id")).where(row.batch_id == batch_id)
    again = sa.select(seen.row_no, seen.quarantine_id).where(seen.batch_id == batch_id)
    return sa.union_all(brought, again).subquery("seen")
