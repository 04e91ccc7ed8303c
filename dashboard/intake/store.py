"""Set-wise storing (入库): one chunk against what is stored, inside the transaction of its file.

New rows are appended straight into the record table. Changed ones go through a temporary table: the stored version is
copied into the history, then replaced. Late ones go to the history only. Nothing is done row by row.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import polars as pl
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from collectors.records import RECORDS, RecordType
from dashboard.database import Database
from dashboard.database.models import CONFIRMATIONS, HISTORY_TABLES, RECORD_TABLES
from dashboard.intake.content import content_hash, merged
from dashboard.intake.names import BEGINNING
from dashboard.intake.tables import Tables

SQLITE_CACHE_KB = 200_000
"""The default of 2 MB makes each insertion read pages of the indexes again."""
KEYS, CHANGED = "intake_keys", "intake_changed"


@dataclass(frozen=True)
class Sorted:
    """A chunk against what is stored. `changed` and `older` carry the `id` of the stored record."""

    new: pl.DataFrame
    changed: pl.DataFrame
    older: pl.DataFrame
    confirmed: pl.DataFrame
    """`id, version_at` of stored records that a later export says again."""
    unchanged: int


class Store(Tables):
    """The tables of one record type, reached through one ADBC transaction."""

    def __init__(
        self, db: Database, connection: Any, record: RecordType, batch_id: int, rulebook: str | None = None
    ) -> None:
        super().__init__(db, connection)
        self.record, self.batch_id = record, batch_id
        self.rulebook = rulebook
        """To which the offices belong that this file creates."""
        self.table, self.history = RECORD_TABLES[record.name], HISTORY_TABLES[record.name]
        self.body = [c.name for c in self.history.columns if c.name in self.table.columns and c.name != "id"]
        if db.dialect == "sqlite":
            self.execute(f"PRAGMA cache_size = -{SQLITE_CACHE_KB}")
        self._was_empty = self._is_empty()

    def _is_empty(self) -> bool:
        """An empty table needs no look-up: a first import only appends."""
        return self.frame(sa.select(self.table.c.id).limit(1)).is_empty()

    # --- reading

    def sort_out(self, rows: pl.DataFrame, *, clears: Collection[str]) -> Sorted:
        """Which rows are new, changed, late or said before (design §4.1 Import)."""
        nothing = rows.clear().with_columns(pl.lit(None, pl.Int64).alias("id"))
        if self._was_empty or rows.is_empty():
            return Sorted(rows, nothing, nothing, nothing.select("id", "version_at"), 0)
        stored = self._stored(rows)
        both = rows.join(stored, on="row_no", how="left", maintain_order="left")
        known = both.filter(pl.col("id").is_not_null())
        late = pl.col("version_at") < pl.col("old_version")
        same = pl.col("content_hash") == pl.col("old_hash")
        older, present = known.filter(late), known.filter(~late)
        changed = self._really_changed(present.filter(~same), clears)
        said_again = present.join(changed.select("row_no"), on="row_no", how="anti")
        confirmed = said_again.filter(pl.col("version_at") > pl.col("old_version")).select("id", "version_at")
        new = both.filter(pl.col("id").is_null()).select(rows.columns)
        columns = [*rows.columns, "id"]
        return Sorted(new, changed.select(columns), older.select(columns), confirmed, said_again.height)

    def _stored(self, rows: pl.DataFrame) -> pl.DataFrame:
        """`row_no, id, old_hash, old_version` of the rows whose key is stored."""
        self.stage(KEYS, rows.select("row_no", *self.record.stored_key))
        keys = sa.table(KEYS, sa.column("row_no", sa.BigInteger), *(sa.column(n) for n in self.record.stored_key))
        table, again = self.table, CONFIRMATIONS
        both = keys.join(table, sa.and_(*(keys.c[n] == table.c[n] for n in self.record.stored_key)))
        said_again = sa.and_(again.c.record == self.record.name, again.c.record_id == table.c.id)
        statement = sa.select(
            keys.c.row_no,
            table.c.id,
            table.c.content_hash.label("old_hash"),
            table.c.version_at.label("old_version"),
            again.c.version_at.label("confirmed"),
        ).select_from(both.outerjoin(again, said_again))
        stored = self.frame(statement)
        return stored.with_columns(pl.max_horizontal("old_version", "confirmed").alias("old_version")).drop("confirmed")

    def _really_changed(self, rows: pl.DataFrame, clears: Collection[str]) -> pl.DataFrame:
        """Rows that differ from the stored version once their empty cells are filled from it."""
        if rows.is_empty():
            return rows
        self.stage(CHANGED, rows.select("id"))
        staged = sa.table(CHANGED, sa.column("id", sa.BigInteger))
        columns = [self.table.c[name] for name in ("id", *self.record.names, "precision", "unreadable")]
        statement = sa.select(*columns).select_from(self.table.join(staged, staged.c.id == self.table.c.id))
        old = self.frame(statement).rename(lambda name: name if name == "id" else f"old.{name}")
        result = merged(self.record, rows.join(old, on="id", maintain_order="left"), clears=clears)
        result = result.with_columns(content_hash(self.record, result))
        return result.filter(pl.col("content_hash") != pl.col("old_hash"))

    # --- writing

    def write(self, rows: Sorted) -> None:
        new = rows.new.with_columns(self._batch())
        self.append(self.table.name, self._of_rulebook(new) if self.record.name == "offices" else new)
        self._replace(rows.changed)
        self._keep_older(rows.older)
        self._confirm(rows.confirmed)

    def _batch(self) -> pl.Expr:
        return pl.lit(self.batch_id, pl.Int64).alias("batch_id")

    def _replace(self, rows: pl.DataFrame) -> None:
        """Copy the stored versions into the history, then put the new ones in their place."""
        if rows.is_empty():
            return
        self.stage(CHANGED, rows.with_columns(self._batch()).select("id", *self.body))
        staged = sa.table(CHANGED, sa.column("id"), *(sa.column(name) for name in self.body))
        old = sa.select(
            self.table.c.id, sa.literal("replaced"), sa.literal(self.batch_id), *(self.table.c[n] for n in self.body)
        ).where(self.table.c.id.in_(sa.select(staged.c.id)))
        self.run(self.history.insert().from_select(["record_id", "fate", "ended_by_batch", *self.body], old))
        self.run(
            self.table.update()
            .values({name: staged.c[name] for name in self.body})
            .where(self.table.c.id == staged.c.id)
        )

    def _keep_older(self, rows: pl.DataFrame) -> None:
        """Late versions go to the history, each once: importing the same late file again adds nothing."""
        if rows.is_empty():
            return
        self.stage(CHANGED, rows.select("id").unique())
        staged = sa.table(CHANGED, sa.column("id", sa.BigInteger))
        history = self.history
        statement = sa.select(history.c.record_id, history.c.content_hash, history.c.version_at).select_from(
            history.join(staged, staged.c.id == history.c.record_id)
        )
        known = self.frame(statement)
        late = rows.rename({"id": "record_id"}).join(
            known, on=["record_id", "content_hash", "version_at"], how="anti", maintain_order="left"
        )
        self.append(
            history.name,
            late.with_columns(
                self._batch(), pl.lit("older").alias("fate"), pl.lit(self.batch_id, pl.Int64).alias("ended_by_batch")
            ),
        )

    def _confirm(self, rows: pl.DataFrame) -> None:
        """What a later export says again is as new as that export, so that a late one cannot replace it.

        A table of its own: writing the new time into the records would rewrite all that a re-export did not change.
        """
        if rows.is_empty():
            return
        staged = rows.select(pl.lit(self.record.name).alias("record"), pl.col("id").alias("record_id"), "version_at")
        self.stage(CHANGED, staged)
        names = ["record", "record_id", "version_at"]
        staged_table = sa.table(CHANGED, *map(sa.column, names))
        chosen = sa.select(*(staged_table.c[name] for name in names)).where(sa.true())  # SQLite needs a WHERE here
        insert = postgresql.insert(CONFIRMATIONS).from_select(names, chosen)
        self.run(
            insert.on_conflict_do_update(
                index_elements=["record", "record_id"], set_={"version_at": insert.excluded.version_at}
            )
        )

    def create_offices(self, named: pl.DataFrame, version_at: int) -> None:
        """Offices that a source makes by naming them (`code, name, level, parent_code`), always valid."""
        if named.is_empty():
            return
        offices, record = RECORD_TABLES["offices"], RECORDS["offices"]
        made = named.select(
            *(
                pl.lit(None, pl.Int64 if isinstance(offices.c[name].type, sa.BigInteger) else pl.String).alias(name)
                for name in record.names
                if name not in ("code", "name", "level", "parent_code", "valid_from")
            ),
            "code",
            "name",
            "level",
            "parent_code",
            pl.lit(BEGINNING).alias("valid_from"),
            pl.lit(version_at, pl.Int64).alias("version_at"),
            pl.lit(None, pl.String).alias("precision"),
            pl.lit(None, pl.String).alias("unreadable"),
            "row_no",
        )
        made = made.with_columns(content_hash(record, made), self._batch())
        self.append(offices.name, self._of_rulebook(made))

    def _of_rulebook(self, offices: pl.DataFrame) -> pl.DataFrame:
        return offices.with_columns(pl.lit(self.rulebook, pl.String).alias("rulebook"))
