"""Which records an approved exclusion covers (剔除): one definition for judging, previews and lists.

An exclusion holds from the moment of its approval to that of its revocation; each day by the tree of that day.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from typing import Any

import polars as pl
import sqlalchemy as sa

from checks.clock import DAY, EPOCH, OFFSET, midnight
from checks.exclusions import Filing
from checks.judge.base import microseconds
from collectors.records import RECORDS
from dashboard.database.models import EXCLUSION_DECISIONS, EXCLUSIONS, RECORD_TABLES
from dashboard.judging.reading import Condition, Reader

_PLACES = {
    "office_code": pl.String, "starts_at": pl.Int64, "ends_at": pl.Int64, "area": pl.String,
    "office_area": pl.String, "number": pl.String, "system": pl.String,
}  # fmt: skip


def holding(reader: Reader, as_of: int) -> tuple[Filing, ...]:
    """The exclusions that hold at `as_of` (microseconds): approved by then, not revoked by then."""
    if reader.filings is not None:
        return reader.filings
    if as_of not in reader.filings_at:
        reader.filings_at[as_of] = tuple(read_filings(reader, _holds(as_of)))
    return reader.filings_at[as_of]


def decided_since(reader: Reader, last: int, as_of: int) -> tuple[Filing, ...]:
    """Exclusions of which something was decided after decision `last` and by `as_of`."""
    row = EXCLUSION_DECISIONS.c
    newer = sa.select(row.exclusion_id).where(row.id > last, row["at"] <= as_of)
    return tuple(read_filings(reader, EXCLUSIONS.c.id.in_(newer)))


def newest_decision(as_of: int | sa.BindParameter[int]) -> sa.Select[Any]:
    """The last decision about an exclusion made by `as_of`; their times rise with their numbers."""
    row = EXCLUSION_DECISIONS.c
    return sa.select(sa.func.max(row.id)).where(row["at"] <= as_of)


def _holds(as_of: int) -> sa.ColumnElement[bool]:
    row = EXCLUSION_DECISIONS.c

    def those(decision: str) -> sa.Select[Any]:
        return sa.select(row.exclusion_id).where(row.decision == decision, row["at"] <= as_of)

    return sa.and_(EXCLUSIONS.c.id.in_(those("approved")), EXCLUSIONS.c.id.not_in(those("revoked")))


def read_filings(reader: Reader, which: sa.ColumnElement[bool]) -> Iterator[Filing]:
    """Stored filings as values."""
    for row in reader.frame(sa.select(EXCLUSIONS).where(which).order_by(EXCLUSIONS.c.id)).iter_rows(named=True):
        yield filing_of(row)


def filing_of(row: Any) -> Filing:
    """The value of a stored row (a mapping of columns)."""
    return Filing(
        offices=tuple(json.loads(row["offices"])), records=tuple(json.loads(row["records"])),
        starts_at=row["starts_at"], ends_at=row["ends_at"], reason=row["reason"], document=row["document"],
        area=row["area"], numbers=tuple(json.loads(row["numbers"])) if row["numbers"] else None, note=row["note"],
        id=row["id"], system=row["system"],
    )  # fmt: skip


def covered(reader: Reader, record: str, filings: Sequence[Filing]) -> sa.Select[Any] | None:
    """Ids of the records of a type that some filing covers; None when none speaks of this type."""
    speaking = tuple(filing for filing in filings if record in filing.records)
    if not speaking:
        return None
    if (record, speaking) not in reader.filed_places:
        frame = pl.DataFrame(list(_places(reader, speaking)), schema=_PLACES, orient="row").unique()
        columns = [sa.column(name, sa.BigInteger if kind == pl.Int64 else sa.Text) for name, kind in _PLACES.items()]
        reader.filed_places[record, speaking] = reader.temporary(frame, *columns)
    place, table = reader.filed_places[record, speaking].c, RECORD_TABLES[record]
    moment = table.c[RECORDS[record].moment or ""]
    own_area = sa.func.coalesce(table.c.area, place.office_area) if "area" in table.c else place.office_area
    here = sa.and_(
        place.office_code == table.c.office_code,
        moment >= place.starts_at,
        moment < place.ends_at,
        sa.or_(_empty(place.number), place.number == table.c[RECORDS[record].number]),
        sa.or_(_empty(place.system), place.system == table.c.system),
        sa.or_(_empty(place.area), place.area == own_area),
    )
    return sa.select(table.c.id).select_from(table.join(reader.filed_places[record, speaking], here))


def systems_of(reader: Reader, filing: Filing) -> list[str]:
    """The systems that know the named records it covers."""
    (record,) = set(filing.records)
    table = RECORD_TABLES[record].c
    ids = covered(reader, record, (filing,))
    if ids is None:
        return []
    query = sa.select(table.system).where(table.id.in_(ids)).distinct().order_by(table.system)
    return reader.frame(query)["system"].to_list()


def _empty(column: Any) -> sa.ColumnElement[bool]:
    return column.is_(None)  # type: ignore[no-any-return]


def _places(reader: Reader, filings: Iterable[Filing]) -> Iterator[tuple[Any, ...]]:
    """Office by office and stretch by stretch of the tree, what the filings cover."""
    for filing in filings:
        first, last = (local_date(moment) for moment in (filing.starts_at, filing.ends_at - 1))
        bounds = [*reader.tree.bounds(first, last + dt.timedelta(days=1)), last + dt.timedelta(days=1)]
        for start, end in pairwise(bounds):
            since, until = max(filing.starts_at, midnight(start)), min(filing.ends_at, midnight(end))
            for code in sorted(reader.tree.below(filing.offices, start)):
                office = reader.tree.on(code, start)
                for number in filing.numbers or (None,):
                    yield code, since, until, filing.area, office.area if office else None, number, filing.system


def local_date(moment: int) -> dt.date:
    """The day in Shanghai of an instant in microseconds."""
    return EPOCH + dt.timedelta(days=(moment + OFFSET) // DAY)


def with_filed(
    reader: Reader, records: pl.DataFrame, record: str, which: Condition, as_of: dt.datetime
) -> pl.DataFrame:
    """Adds `filed`: whether an exclusion that holds at as-of covers the record. `which` is how they were read."""
    ids = covered(reader, record, holding(reader, microseconds(as_of)))
    if ids is None:
        return records.with_columns(pl.lit(False).alias("filed"))
    found = reader.frame(ids.where(which(RECORD_TABLES[record])).distinct()).with_columns(pl.lit(True).alias("filed"))
    joined = records.join(found, on="id", how="left", maintain_order="left")
    return joined.with_columns(pl.col("filed").fill_null(False))
