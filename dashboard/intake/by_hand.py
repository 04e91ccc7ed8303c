"""Versions that a person has written (手工变更): a later file never undoes them silently.

A change made by hand is a batch of its own, without a file; judging, lineage and history know it as they know an
import. A row of a file that says something else about a version written so, or brings another version of an office
changed so, goes to quarantine and waits for a person (docs/decisions/0009, 0022).
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

import polars as pl
import sqlalchemy as sa

from collectors.records import RECORDS, RecordType
from dashboard.database.models import BATCHES, HISTORY_TABLES, RECORD_TABLES
from dashboard.instants import to_micros
from dashboard.intake.content import content_hash
from dashboard.intake.store import Sorted, Store
from dashboard.intake.tables import Tables
from dashboard.people import Viewer

SOURCE, STATE = "by hand", "by_hand"
"""Source and state of the batches of such changes."""
REASON = "changed_by_hand"
KEPT = ("offices", "cameras", "hall_days")
"""Records that people change on a page."""
DISPUTED = ("tickets", "repairs", "applications", "evaluations")
"""Records of which single columns are corrected after a dispute (docs/decisions/0029)."""
DRAWN = ("windows", "waiting_area", "reference_image")
"""Columns of a camera that a person draws (docs/decisions/0016)."""
_KINDS = {"integer": pl.Int64, "instant": pl.Int64, "flag": pl.Boolean, "maybe": pl.Boolean}


def enter(
    tables: Tables, record: str, rows: Sequence[Mapping[str, Any]], *, by: Viewer, at: datetime,
    details: Mapping[str, Any],
) -> int:  # fmt: skip
    """One change as one batch, inside the caller's `alone`: what it replaces goes to the history. Returns the batch.

    `rows` are whole versions, a value for every column that is not empty; instants in microseconds. Rows of a record
    that systems number name theirs as `system`.
    """
    batch = open_batch(tables, record, by=by, at=at, details=details)
    new = write(tables, record, batch, rows, at)
    close_batch(tables, batch, details, new=new, read=len(rows))
    return batch


def open_batch(tables: Tables, record: str, *, by: Viewer, at: datetime, details: Mapping[str, Any]) -> int:
    """The batch of a change, not closed yet."""
    moment = to_micros(at)
    insert = sa.insert(BATCHES).values(
        source=SOURCE, record=record, state=STATE, started_at=moment, exported_at=moment, by=by.name,
        details=_json(details),
    )  # fmt: skip
    return int(tables.scalar(insert.returning(BATCHES.c.id)))


def close_batch(tables: Tables, batch: int, details: Mapping[str, Any], *, new: int, read: int) -> None:
    """Close it with its numbers: `read` versions written, `new` of them of things not known before."""
    values = {"read": read, "new": new, "updated": read - new, "details": _json(details)}
    done = sa.update(BATCHES).values(**values, finished_at=BATCHES.c.started_at)
    tables.run(done.where(BATCHES.c.id == batch))


def write(tables: Tables, record: str, batch: int, rows: Sequence[Mapping[str, Any]], at: datetime) -> int:
    """The versions as an import would write them; how many are of things not known before."""
    kind, table = RECORDS[record], RECORD_TABLES[record]
    made = _frame(kind, rows, at)
    keys = tables.frame(sa.select(table.c.id, *(table.c[name] for name in kind.stored_key)))
    both = made.join(keys, on=list(kind.stored_key), how="left", maintain_order="left")
    changed = both.filter(pl.col("id").is_not_null())
    nothing = changed.clear()
    new = both.filter(pl.col("id").is_null()).drop("id")
    store = Store(tables.db, tables.connection, kind, batch)
    store.write(Sorted(new, changed, nothing, nothing.select("id", "version_at"), 0))
    return new.height


def _frame(kind: RecordType, rows: Sequence[Mapping[str, Any]], at: datetime) -> pl.DataFrame:
    schema: dict[str, Any] = {column.name: _KINDS.get(column.kind, pl.String) for column in kind.columns}
    if kind.by_system:
        schema = {"system": pl.String, **schema}
    plain = [{name: row.get(name) for name in schema} for row in rows]
    named = [pl.lit(None, pl.String).alias("office_named")] if kind.office else []
    made = pl.DataFrame(plain, schema=schema).with_columns(
        pl.lit(to_micros(at), pl.Int64).alias("version_at"),
        *(pl.Series(name, [row.get(name) for row in rows], dtype=pl.String) for name in ("precision", "unreadable")),
        pl.int_range(1, pl.len() + 1, dtype=pl.Int64).alias("row_no"),
        *named,
    )
    return made.with_columns(content_hash(kind, made))


def _json(values: Mapping[str, Any]) -> str:
    return json.dumps(values, ensure_ascii=False, sort_keys=True)


def contradicting(
    tables: Tables, record: RecordType, rows: pl.DataFrame, clears: Collection[str]
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Rows that may be stored, and those that contradict a person, as refused rows. Of other records: all may."""
    if record.name in DISPUTED and rows.height:
        return _as_corrected(tables, record, rows, clears)
    if record.name not in KEPT or rows.is_empty():
        return rows, _refused(rows.clear().with_columns(_NOTHING), record)
    if record.name == "cameras":
        return _as_drawn(tables, record, rows, clears)
    own = _by_hand(tables, record)
    if own.is_empty():
        return rows, _refused(rows.clear().with_columns(_NOTHING), record)
    first = record.key[0]
    said = rows.filter(pl.col(first).is_in(own[first].implode()))
    both = said.join(own, on=list(record.key), how="left", suffix="_by_hand", maintain_order="left")
    stated = [name for name in record.names if name not in record.key]
    differs = {name: _differs(name, clears) & pl.col("_hand").is_not_null() for name in stated}
    if record.name == "offices":  # a version of another day would change what the one written by hand means
        kept = _every_key(tables, record)
        another = pl.col("_hand").is_null() & ~pl.concat_str(record.key, separator="\x1f").is_in(kept.implode())
        differs = {"valid_from": another, **differs}
    column = pl.coalesce(*(pl.when(condition).then(pl.lit(name)) for name, condition in differs.items()))
    value = pl.coalesce(*(pl.when(condition).then(pl.col(name).cast(pl.String)) for name, condition in differs.items()))
    found = both.with_columns(column.alias("column_name"), value.alias("value"))
    found = found.filter(pl.col("column_name").is_not_null())
    return rows.join(found, on="row_no", how="anti", maintain_order="left"), _refused(found, record)


def _as_drawn(
    tables: Tables, record: RecordType, rows: pl.DataFrame, clears: Collection[str]
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Camera rows as a person drew them: what files said before the drawing is not said against it, news are refused.

    Only the drawing is the person's: a new address of the camera comes from files as ever.
    """
    drawn = _last_drawn(tables)
    if drawn.is_empty():
        return rows, _refused(rows.clear().with_columns(_NOTHING), record)
    before = _said_before(tables)
    both = rows.join(drawn, on="code", how="left", suffix="_by_hand", maintain_order="left")
    marks = {name: pl.col("_hand").is_not_null() & _differs(name, clears) for name in DRAWN}
    both = both.with_columns(condition.alias(f"_{name}") for name, condition in marks.items())
    for name in DRAWN:
        known = before[name].with_columns(pl.lit(value=True).alias("_known"))
        both = both.join(known, on=["code", name], how="left", nulls_equal=True, maintain_order="left")
        both = both.with_columns((pl.col(f"_{name}") & pl.col("_known").is_null()).alias(f"_{name}")).drop("_known")
    columns = (pl.when(pl.col(f"_{name}")).then(pl.lit(name)) for name in DRAWN)
    values = (pl.when(pl.col(f"_{name}")).then(pl.col(name)) for name in DRAWN)
    found = both.with_columns(pl.coalesce(*columns).alias("column_name"), pl.coalesce(*values).alias("value"))
    held = (pl.when("_hand").then(pl.col(f"{name}_by_hand")).otherwise(name).alias(name) for name in DRAWN)
    stays = found.filter(pl.col("column_name").is_null()).with_columns(*held)
    return stays.select(rows.columns), _refused(found.filter(pl.col("column_name").is_not_null()), record)


def _as_corrected(
    tables: Tables, record: RecordType, rows: pl.DataFrame, clears: Collection[str]
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Rows of records that were corrected after a dispute: what was found wrong is not said again, news are refused.

    Only the corrected columns are the person's: a file goes on telling everything else. One that says of such a column
    what it said before the correction keeps the corrected value; one that says something new waits for a person.
    """
    known = _corrections(tables, record.name)
    if not known:
        return rows, _refused(rows.clear().with_columns(_NOTHING), record)
    numbers = [number for _, number in known]
    held, against = [], []
    for row in rows.filter(pl.col(record.number).is_in(numbers)).iter_rows(named=True):
        refused, values = _against(row, known.get((row["system"], row[record.number]), {}), clears)
        if refused:
            said = row[refused] if row[refused] is not None else _marks(row["unreadable"], {}).get(refused)
            against.append({"row_no": row["row_no"], "column_name": refused, "value": str(said)})
        elif values:
            held.append({**row, **values, **_exact(row, values)})
    both = rows.join(pl.DataFrame(against, schema={"row_no": rows.schema["row_no"], "column_name": pl.String,
                                                   "value": pl.String}), on="row_no")  # fmt: skip
    gone = [*both["row_no"], *(one["row_no"] for one in held)]
    kept = rows.filter(~pl.col("row_no").is_in(gone))
    stays = pl.concat([kept, pl.DataFrame(held, schema=rows.schema)]).sort("row_no") if held else kept
    return stays, _refused(both, record)


def _against(
    row: Mapping[str, Any], corrected: Mapping[str, Mapping[str, Any]], clears: Collection[str]
) -> tuple[str | None, dict[str, Any]]:
    """The column in which a row says something new about a correction, or the values that it keeps.

    An empty cell says nothing, unless it clears; one that cannot be read does.
    """
    values: dict[str, Any] = {}
    unread = _marks(row["unreadable"], {})
    for name, change in corrected.items():
        if row[name] is None and name not in clears and name not in unread:
            continue
        if row[name] not in (change["to"], *change["from"]):
            return name, {}
        values[name] = change["to"]
    return None, values


def _exact(row: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
    """The row's marks of what was read to the minute or not at all, without those of corrected values."""
    coarse = [name for name in _marks(row["precision"], []) if name not in values]
    unread = {name: text for name, text in _marks(row["unreadable"], {}).items() if name not in values}
    return {"precision": json.dumps(coarse) if coarse else None, "unreadable": _json(unread) if unread else None}


def _marks(text: str | None, nothing: Any) -> Any:
    return json.loads(text) if text else nothing


def _corrections(tables: Tables, record: str) -> dict[tuple[str, str], dict[str, dict[str, Any]]]:
    """(system, number) → column → what it is since the last correction, and everything it was before."""
    query = sa.select(BATCHES.c.details).where(BATCHES.c.state == STATE, BATCHES.c.record == record)
    found: dict[tuple[str, str], dict[str, dict[str, Any]]] = {}
    for details in tables.frame(query.order_by(BATCHES.c.id))["details"]:
        told = json.loads(details or "{}").get("corrected")
        for name, (old, new) in (told["columns"] if told else {}).items():
            change = found.setdefault((told["system"], told["number"]), {}).setdefault(name, {"from": [], "to": None})
            change["from"] = [*change["from"], *([] if change["to"] is None else [change["to"]]), old]
            change["to"] = new
    return found


def _last_drawn(tables: Tables) -> pl.DataFrame:
    """What a person drew last on each camera: a file may have replaced the version since, with another address."""
    batches = sa.select(BATCHES.c.id).where(BATCHES.c.state == STATE, BATCHES.c.record == "cameras")
    found = [
        tables.frame(sa.select(table.c.code, *(table.c[name] for name in DRAWN), table.c.batch_id)
                     .where(table.c.batch_id.in_(batches)))
        for table in (HISTORY_TABLES["cameras"], RECORD_TABLES["cameras"])
    ]  # fmt: skip
    last = pl.concat(found).sort("batch_id", maintain_order=True).unique("code", keep="last", maintain_order=True)
    return last.drop("batch_id").with_columns(pl.lit(value=True).alias("_hand"))


def _said_before(tables: Tables) -> dict[str, pl.DataFrame]:
    """Drawn column → code and value of every version that is over."""
    old = HISTORY_TABLES["cameras"].c
    said = tables.frame(sa.select(old.code, *(old[name] for name in DRAWN)))
    return {name: said.select("code", name).unique() for name in DRAWN}


_NOTHING = (pl.lit(None, pl.String).alias("column_name"), pl.lit(None, pl.String).alias("value"))


def _refused(rows: pl.DataFrame, record: RecordType) -> pl.DataFrame:
    return rows.select("row_no", pl.col(record.number).alias("number"), pl.lit(None, pl.String).alias("office_named"),
                       pl.lit(REASON).alias("reason"), "column_name", "value")  # fmt: skip


def _differs(name: str, clears: Collection[str]) -> pl.Expr:
    """Whether a row states something else; an empty cell states nothing, unless it clears."""
    stored = pl.col(f"{name}_by_hand")
    says = pl.col(name).is_not_null() | pl.lit(name in clears)
    return says & pl.col(name).ne_missing(stored)


def _by_hand(tables: Tables, record: RecordType) -> pl.DataFrame:
    """The versions that a person has written last."""
    table = RECORD_TABLES[record.name].c
    batches = sa.select(BATCHES.c.id).where(BATCHES.c.state == STATE)
    found = tables.frame(sa.select(*(table[name] for name in record.names)).where(table.batch_id.in_(batches)))
    return found.with_columns(pl.lit(value=True).alias("_hand"))


def _every_key(tables: Tables, record: RecordType) -> pl.Series:
    table = RECORD_TABLES[record.name].c
    keys = tables.frame(sa.select(*(table[name] for name in record.key)))
    return keys.select(pl.concat_str(pl.all(), separator="\x1f").alias("key"))["key"]
