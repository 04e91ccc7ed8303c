"""What a row says, as one number, and what two versions of it say together (内容).

The hash is xxh3-64 over the canonical values in the order of the record's columns: equal on every machine and in every
version of Polars. An empty cell does not contradict: the value stored before stays, unless the source says otherwise.
"""

from __future__ import annotations

import json
from collections.abc import Collection
from functools import reduce

import numpy as np
import polars as pl
import xxhash

from collectors.records import RecordType

_SEPARATOR, _NOTHING = "\x1f", "\x00"


def content_hash(record: RecordType, frame: pl.DataFrame) -> pl.Series:
    """Signed 64-bit hash of each row's canonical values, precision and unreadable texts."""
    later = [column.name for column in record.columns if column.later]
    names = (*(name for name in record.names if name not in later), "precision", "unreadable")
    texts = [pl.col(name).cast(pl.String).fill_null(_NOTHING) for name in names]
    said = [(pl.lit(f"{_SEPARATOR}{name}{_SEPARATOR}") + pl.col(name)).fill_null("") for name in later]
    joined = frame.select(
        pl.concat_str(pl.concat_str(texts, separator=_SEPARATOR), *said).cast(pl.Binary).alias("text")
    )["text"]
    digests = map(xxhash.xxh3_64_intdigest, joined.to_list())
    hashes = np.fromiter(digests, dtype=np.uint64, count=len(joined))
    return pl.Series("content_hash", hashes.view(np.int64))


def merged(record: RecordType, pairs: pl.DataFrame, *, clears: Collection[str] = ()) -> pl.DataFrame:
    """New rows laid over stored ones. `pairs` has the new values and the stored ones as `old.<column>`.

    `clears` are the columns in which an empty cell is a statement. Returns the canonical columns with `precision` and
    `unreadable` as they are after the merge.
    """
    kept = {name: _kept(name, clears=clears) for name in record.names if name not in record.key}
    flagged = pairs.with_columns(expression.alias(f"kept.{name}") for name, expression in kept.items())
    values = [pl.when(f"kept.{name}").then(f"old.{name}").otherwise(name).alias(name) for name in kept]
    stamps = [column.name for column in record.columns if column.kind == "instant" and column.name in kept]
    result = flagged.with_columns(*values, _precision(stamps))
    return result.with_columns(_unreadable(result, list(kept))).select(pl.exclude("^(old|kept)\\..*$"))


def _kept(name: str, *, clears: Collection[str]) -> pl.Expr:
    """Whether the stored value stays: the new cell is empty, and empty does not mean cleared."""
    if name in clears:
        return pl.lit(value=False)
    unread = pl.col("unreadable").str.contains(f'"{name}":', literal=True).fill_null(value=False)
    return pl.col(name).is_null() & ~unread


def _precision(stamps: list[str]) -> pl.Expr:
    """JSON list of stamps known to the minute, each from the version that its value came from."""
    coarse = {
        name: pl.when(f"kept.{name}")
        .then(pl.col("old.precision").str.contains(f'"{name}"', literal=True))
        .otherwise(pl.col("precision").str.contains(f'"{name}"', literal=True))
        .fill_null(value=False)
        for name in stamps
    }
    if not coarse:
        return pl.col("precision")
    named = [pl.when(flag).then(pl.lit(f'"{name}"')) for name, flag in coarse.items()]
    some = reduce(lambda left, right: left | right, coarse.values())
    text = pl.concat_str(pl.lit("["), pl.concat_str(named, separator=", ", ignore_nulls=True), pl.lit("]"))
    return pl.when(some).then(text).alias("precision")


def _unreadable(frame: pl.DataFrame, names: list[str]) -> pl.Series:
    """Unreadable texts of the new version, and those of the stored one where its cell stayed."""
    texts = frame["unreadable"].to_list()
    for index in frame["old.unreadable"].is_not_null().arg_true():
        row = frame.row(index, named=True)
        old = {name: text for name, text in json.loads(row["old.unreadable"]).items() if row.get(f"kept.{name}")}
        told = {**old, **json.loads(texts[index] or "{}")}
        texts[index] = json.dumps(told, ensure_ascii=False, sort_keys=True) if told else None
    return pl.Series("unreadable", texts, dtype=pl.String)
