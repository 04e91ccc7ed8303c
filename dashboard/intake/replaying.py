"""Quarantined rows taken in after all (重放): the same way as a row of a file, with the version time of their export.

Rows are taken export by export, oldest first. What can be stored becomes a batch of its own that names the file, sheet
and rows it came from; what still cannot stays, with the reason it has now. Nothing open, nothing done: replaying twice
changes nothing.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import polars as pl
import sqlalchemy as sa

from checks.measures import Measures
from collectors.again import KeptRow, KeptSheet, read_again
from collectors.mapping import SourceConfig
from collectors.records import RECORDS
from dashboard.database.models import BATCHES, QUARANTINE, QUARANTINE_EVENTS, RECORD_TABLES
from dashboard.instants import to_micros
from dashboard.intake.by_hand import contradicting
from dashboard.intake.knowledge import known_now
from dashboard.intake.mappings import mapping_of
from dashboard.intake.prepare import Prepared, duplicates, prepare
from dashboard.intake.store import Sorted, Store
from dashboard.intake.tables import Tables
from dashboard.intake.tree import refuse_cycles
from dashboard.people import Viewer
from dashboard.settings import Slot

NO_BATCH = 0
"""Rows are sorted out before it is known whether any is stored."""
_CHOSEN, _JUDGED = "replay_chosen", "replay_judged"
_ROW = (
    "id",
    "last_batch_id",
    "last_row_no",
    "number",
    "reason",
    "column_name",
    "value",
    "raw",
    "context",
    "corrections",
)


@dataclass(frozen=True)
class Given:
    """What the configuration says: how sources are read today, the slots of a day, the measures."""

    configs: Sequence[SourceConfig] = ()
    slots: Sequence[Slot] = ()
    measures: Measures | None = None


@dataclass
class ReplayReport:
    """rows = new + updated + unchanged + older + refused, always."""

    rows: int = 0
    new: int = 0
    updated: int = 0
    unchanged: int = 0
    older: int = 0
    refused: int = 0
    reasons: Counter[str] = field(default_factory=Counter)
    """Rows that stay in quarantine, by the reason they have now."""
    batches: list[int] = field(default_factory=list)

    def counts(self) -> dict[str, int]:
        return {name: getattr(self, name) for name in ("rows", "new", "updated", "unchanged", "older", "refused")}


@dataclass
class Replay:
    """One replay inside an open write transaction."""

    tables: Tables
    by: Viewer
    at: datetime
    given: Given

    def run(self, conditions: Sequence[sa.ColumnElement[bool]]) -> ReplayReport:
        """Take in the open rows that meet all conditions (on QUARANTINE joined with its first batch)."""
        report = ReplayReport()
        first = sa.select(QUARANTINE.c.id).select_from(QUARANTINE.join(BATCHES, BATCHES.c.id == QUARANTINE.c.batch_id))
        rows = self._rows(QUARANTINE.c.id.in_(first.where(*conditions)))
        report.rows = rows.height
        for batch in self._batches(rows["last_batch_id"].unique().to_list()):
            _Export(self, batch, rows.filter(pl.col("last_batch_id") == batch["id"]), report).take()
        told = report.new + report.updated + report.unchanged + report.older + report.refused
        if told != report.rows:
            raise AssertionError(f"{report.rows} rows were replayed, but {told} accounted for ({report.counts()})")
        return report

    def _rows(self, *conditions: sa.ColumnElement[bool]) -> pl.DataFrame:
        columns = [QUARANTINE.c[name] for name in _ROW]
        return self.tables.frame(sa.select(*columns).where(QUARANTINE.c.state == "open", *conditions))

    def _batches(self, ids: Sequence[int]) -> Iterable[Mapping[str, Any]]:
        if not ids:
            return ()
        self.tables.stage(_CHOSEN, pl.DataFrame({"id": ids}, schema={"id": pl.Int64}))
        chosen = sa.table(_CHOSEN, sa.column("id", sa.BigInteger))
        query = sa.select(BATCHES).where(BATCHES.c.id.in_(sa.select(chosen.c.id)))
        return self.tables.frame(query.order_by(BATCHES.c.exported_at, BATCHES.c.id)).rows(named=True)

    def witnesses(self, batch_id: int, numbers: Sequence[str]) -> pl.DataFrame:
        """Open rows of an export with one of these numbers: a row that they contradict stays with them."""
        if not numbers:
            return pl.DataFrame()
        self.tables.stage(_CHOSEN, pl.DataFrame({"number": numbers}, schema={"number": pl.String}))
        chosen = sa.table(_CHOSEN, sa.column("number", sa.Text))
        row = QUARANTINE.c
        return self._rows(row.last_batch_id == batch_id, row.number.in_(sa.select(chosen.c.number)))


@dataclass
class _Export:
    """The chosen rows of one sheet of one file."""

    replay: Replay
    batch: Mapping[str, Any]
    rows: pl.DataFrame
    report: ReplayReport

    def take(self) -> None:
        """Read, judge and store them, and note what became of each."""
        self.config = mapping_of(self.replay.tables, self.batch, self.replay.given.configs)
        self.record = RECORDS[self.config.record]
        self.details = json.loads(self.batch["details"] or "{}")
        self.key = list(self.record.key)
        pieces = self._read(self.rows)
        doubted = self._contradicted(pieces)
        refused = [prepared.refused for prepared, _ in pieces]
        good = []
        for prepared, clears in pieces:
            refused.append(duplicates(prepared.good.join(doubted, on=self.key, how="semi"), self.record))
            good.append((prepared.good.join(doubted, on=self.key, how="anti", maintain_order="left"), clears))
        refused += self._store(good, pl.concat([prepared.named for prepared, _ in pieces]))
        self._keep_refused(pl.concat(refused))

    def _read(self, rows: pl.DataFrame) -> list[tuple[Prepared, frozenset[str]]]:
        """The rows made ready, with the columns in which an empty cell is a statement."""
        given, tables = self.replay.given, self.replay.tables
        known = known_now(
            tables.db,
            tables.connection,
            self.config,
            version_at=self.batch["exported_at"],
            slots=given.slots,
            measures=given.measures,
        )
        where = f"batch {self.batch['id']} ({self.batch['file']})"
        sheet = KeptSheet(self.details["header"], bool(self.details.get("from_1904")), where)
        kept = [_kept(row) for row in rows.iter_rows(named=True)]
        clearing = self.config.empty == "clears"
        return [
            (prepare(chunk, known), frozenset(plan.columns) if clearing else frozenset())
            for plan, chunk in read_again(sheet, kept, self.config)
        ]

    def _contradicted(self, pieces: Sequence[tuple[Prepared, frozenset[str]]]) -> pl.DataFrame:
        """Keys about which the export says two things, counting its rows that stay in quarantine."""
        numbers = [prepared.good[self.record.number].cast(pl.String) for prepared, _ in pieces]
        asked = pl.concat([*numbers, self.rows["number"]]).drop_nulls().unique().to_list()
        others = self.replay.witnesses(self.batch["id"], asked)
        if others.height:
            others = others.join(self.rows, on="id", how="anti")
        everything = [*(prepared for prepared, _ in pieces), *(prepared for prepared, _ in self._read(others))]
        said = pl.concat([prepared.good.select(*self.key, "content_hash") for prepared in everything])
        counted = said.group_by(self.key).agg(pl.col("content_hash").n_unique())
        twofold = counted.filter(pl.col("content_hash") > 1).select(self.key)
        return pl.concat([twofold, *(prepared.doubted for prepared in everything)]).unique()

    def _store(self, good: Sequence[tuple[pl.DataFrame, frozenset[str]]], named: pl.DataFrame) -> list[pl.DataFrame]:
        """Store what can be stored as a batch of its own; rows that contradict their own export come back refused."""
        tables = self.replay.tables
        store = Store(tables.db, tables.connection, self.record, NO_BATCH, self.config.rulebook)
        seen, sorted_out, refused = [pl.concat([rows for rows, _ in good]).select(self.key).clear()], [], []
        for rows, clears in good:
            first = rows.unique(self.key, keep="first", maintain_order=True)
            first = first.join(pl.concat(seen), on=self.key, how="anti", maintain_order="left")
            seen.append(first.select(self.key))
            first, against = contradicting(store, self.record, first, clears)
            refused.append(against)
            rows = rows.join(against, on="row_no", how="anti", maintain_order="left")
            done, own = self._without_own(store.sort_out(first, clears=clears), store)
            refused.append(duplicates(rows.join(own, on=self.key, how="semi"), self.record))
            sorted_out.append((rows.join(own, on=self.key, how="anti"), done))
        if any(rows.height for rows, _ in sorted_out):
            self._write(store, sorted_out, named)
        return refused

    def _write(self, store: Store, sorted_out: Sequence[tuple[pl.DataFrame, Sorted]], named: pl.DataFrame) -> None:
        store.batch_id = self._open()
        store.create_offices(named.unique("code", keep="first"), to_micros(self.replay.at))
        counts = Counter[str]()
        for rows, done in sorted_out:
            store.write(done)
            counts.update(read=rows.height, new=done.new.height, updated=done.changed.height, older=done.older.height)
            self._settle(rows, store.batch_id)
        counts["unchanged"] = counts["read"] - counts["new"] - counts["updated"] - counts["older"]
        self._close(store.batch_id, counts)

    def _without_own(self, done: Sorted, store: Store) -> tuple[Sorted, pl.DataFrame]:
        """Without rows that would replace what the same export has stored, and the keys of those: a contradiction."""
        if done.changed.is_empty():
            return done, done.changed.select(self.key)
        table = RECORD_TABLES[self.record.name].c
        query = sa.select(table.id).select_from(store.table.join(BATCHES, BATCHES.c.id == table.batch_id))
        own = sa.or_(BATCHES.c.id == self.batch["id"], BATCHES.c.replay_of == self.batch["id"])
        store.stage(_JUDGED, done.changed.select("id"))
        staged = sa.table(_JUDGED, sa.column("id", sa.BigInteger))
        mine = store.frame(query.where(own, table.id.in_(sa.select(staged.c.id))))
        kept = done.changed.join(mine, on="id", how="anti", maintain_order="left")
        contradicting = done.changed.join(mine, on="id", how="semi").select(self.key)
        return Sorted(done.new, kept, done.older, done.confirmed, done.unchanged), contradicting

    def _open(self) -> int:
        batch, at = self.batch, to_micros(self.replay.at)
        same = ("source", "system", "record", "file", "sheet", "sha256", "bytes", "mapping_digest", "exported_at")
        statement = sa.insert(BATCHES).values(
            **{name: batch[name] for name in same},
            state="done",
            started_at=at,
            by=self.replay.by.name,
            replay_of=batch["id"],
        )
        return int(self.replay.tables.scalar(statement.returning(BATCHES.c.id)))

    def _close(self, batch_id: int, counts: Counter[str]) -> None:
        names = ("read", "new", "updated", "unchanged", "older")
        values = {name: counts[name] for name in names}
        details = json.dumps({"header": self.details["header"], "messages": []}, ensure_ascii=False)
        done = sa.update(BATCHES).values(**values, finished_at=to_micros(self.replay.at), details=details)
        self.replay.tables.run(done.where(BATCHES.c.id == batch_id))
        refuse_cycles(self.replay.tables.db, self.replay.tables.connection, self.record.name)
        self.report.batches.append(batch_id)
        for name in names[1:]:
            setattr(self.report, name, getattr(self.report, name) + counts[name])

    def _settle(self, taken: pl.DataFrame, batch_id: int) -> None:
        """Rows that are stored now leave the quarantine, and say where they went."""
        ids = self._ids(taken)
        self.replay.tables.stage(_JUDGED, ids.select("id"))
        staged = sa.table(_JUDGED, sa.column("id", sa.BigInteger))
        done = sa.update(QUARANTINE).values(state="replayed", replay_batch_id=batch_id)
        self.replay.tables.run(done.where(QUARANTINE.c.id.in_(sa.select(staged.c.id))))
        detail = pl.lit(json.dumps({"batch": batch_id}))
        note(self.replay.tables, ids, self.replay.by, "replayed", self.replay.at, detail)

    def _keep_refused(self, refused: pl.DataFrame) -> None:
        """Rows that cannot be stored yet keep the reason they have now; a new one is part of their story."""
        self.report.refused += refused.height
        self.report.reasons.update(refused["reason"].to_list())
        now = refused.select("row_no", "number", "office_named", "reason", "column_name", "value")
        both = self._ids(now).join(self.rows, on="id", suffix="_before")
        same = [pl.col(name).eq_missing(pl.col(f"{name}_before")) for name in ("reason", "column_name", "value")]
        changed = both.filter(~pl.all_horizontal(same))
        if changed.is_empty():
            return
        names = ("reason", "column_name", "value", "number", "office_named")
        self.replay.tables.stage(_JUDGED, changed.select("id", *names))
        staged = sa.table(_JUDGED, *map(sa.column, ("id", *names)))
        update = sa.update(QUARANTINE).values({name: staged.c[name] for name in names})
        self.replay.tables.run(update.where(QUARANTINE.c.id == staged.c.id))
        detail = pl.struct("reason", pl.col("column_name").alias("column"), "value").struct.json_encode()
        note(self.replay.tables, changed, self.replay.by, "refused", self.replay.at, detail)

    def _ids(self, rows: pl.DataFrame) -> pl.DataFrame:
        """The rows with the `id` that they have in quarantine."""
        ids = self.rows.select("id", pl.col("last_row_no").alias("row_no"))
        return rows.join(ids, on="row_no", maintain_order="left")


def _kept(row: Mapping[str, Any]) -> KeptRow:
    told = (json.loads(row[name] or "{}") for name in ("raw", "context", "corrections"))
    return KeptRow(row["last_row_no"], *told)


def note(tables: Tables, rows: pl.DataFrame, by: Viewer, action: str, at: datetime, detail: pl.Expr) -> None:
    """One line in the story of each row (`id`): who, when, what; `detail` is JSON."""
    tables.append(
        QUARANTINE_EVENTS.name,
        rows.select(
            pl.col("id").alias("quarantine_id"),
            pl.lit(to_micros(at), pl.Int64).alias("at"),
            pl.lit(by.name).alias("by"),
            pl.lit(action).alias("action"),
            detail.cast(pl.String).alias("detail"),
        ),
    )
