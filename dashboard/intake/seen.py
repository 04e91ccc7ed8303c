"""What a file has said so far (本文件已见): each number once, however large the file is.

Equal rows of one number count once; a number of which a file says two things is stored in neither version. Whether a
number came before is asked of sorted hashes, so that the cost does not grow with the square of the file; only numbers
whose hash was seen are looked up themselves.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import polars as pl

from collectors.records import RecordType
from dashboard.intake.prepare import Prepared, duplicates

Hashes = npt.NDArray[np.uint64]


class ContradictionError(Exception):
    """A later chunk contradicts what an earlier one has stored under these keys."""

    def __init__(self, keys: pl.DataFrame) -> None:
        super().__init__(f"{keys.height} numbers are contradicted later in the file")
        self.keys = keys


class Seen:
    """The rows of one file, chunk by chunk. `contradicted`: keys known beforehand to have two contents."""

    def __init__(self, record: RecordType, contradicted: Sequence[pl.DataFrame]) -> None:
        self.record, self.key = record, list(record.key)
        self.contradicted = list(contradicted)
        """Keys that the file says two different things about: none of their rows is stored."""
        self._stored: list[pl.DataFrame] = []
        """Keys and content hashes of the rows let through, a frame per chunk."""
        self._hashes: list[Hashes] = []
        """Sorted hashes of those keys; each piece at least twice as long as the one behind it."""

    def sifted(self, chunk: Prepared) -> tuple[pl.DataFrame, pl.DataFrame, int]:
        """Rows to store, rows to refuse, and how many said again what the file had said before.

        Raises ContradictionError when a number is contradicted that has been let through already.
        """
        rows, refused = chunk.good, [chunk.refused]
        self._note_contradictions(rows, chunk.doubted)
        for keys in self.contradicted:
            refused.append(duplicates(rows.join(keys, on=self.key, how="semi", maintain_order="left"), self.record))
            rows = rows.join(keys, on=self.key, how="anti", maintain_order="left")
        first = self._not_seen_before(rows.unique(self.key, keep="first", maintain_order=True))
        self._add(first)
        return first, pl.concat(refused).sort("row_no"), rows.height - first.height

    def _note_contradictions(self, rows: pl.DataFrame, doubted: pl.DataFrame) -> None:
        """Note the numbers about which the chunk says two things. ContradictionError if one is stored already."""
        keys = doubted
        if rows.select(self.key).is_duplicated().any():
            contents = rows.group_by(self.key).agg(pl.col("content_hash").n_unique())
            keys = pl.concat([keys, contents.filter(pl.col("content_hash") > 1).select(self.key)])
        if keys.is_empty():
            return
        if self._before(keys).height:
            raise ContradictionError(keys)
        self.contradicted.append(keys)

    def _not_seen_before(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Rows whose number no earlier chunk had. ContradictionError when one had it with other content."""
        both = self._before(rows.select(*self.key, "content_hash"))
        if both.is_empty():
            return rows
        contradicting = both.filter(pl.col("content_hash") != pl.col("content_hash_before"))
        if contradicting.height:
            raise ContradictionError(contradicting.select(self.key))
        return rows.join(both, on=self.key, how="anti", maintain_order="left")

    def _before(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Those rows whose key was let through before, with `content_hash_before`."""
        before = pl.col("content_hash").alias("content_hash_before")
        nothing = rows.clear().with_columns(pl.lit(None, pl.Int64).alias("content_hash_before"))
        wanted = _hashed(rows.select(self.key))
        hit = np.zeros(len(wanted), dtype=np.bool_)
        for piece in self._hashes:
            hit |= _among(wanted, piece)
        if not hit.any():
            return nothing
        asked = rows.filter(pl.Series(hit))
        joined = (asked.join(old.select(*self.key, before), on=self.key) for old in self._stored)
        return pl.concat([nothing, *joined])

    def _add(self, rows: pl.DataFrame) -> None:
        self._stored.append(rows.select(*self.key, "content_hash"))
        piece = np.sort(_hashed(rows.select(self.key)))
        while self._hashes and len(self._hashes[-1]) < 2 * len(piece):
            piece = np.sort(np.concatenate([self._hashes.pop(), piece]), kind="stable")
        self._hashes.append(piece)


def _hashed(keys: pl.DataFrame) -> Hashes:
    """One number per row, equal for equal keys within this process."""
    return keys.hash_rows(seed=0).to_numpy()


def _among(wanted: Hashes, piece: Hashes) -> npt.NDArray[np.bool_]:
    """Whether each hash is in the sorted piece."""
    if not len(piece):
        return np.zeros(len(wanted), dtype=np.bool_)
    return np.asarray(piece.take(np.searchsorted(piece, wanted), mode="clip") == wanted)
