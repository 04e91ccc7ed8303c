"""A chunk of canonical rows made ready to store (备料): office resolved, version dated, content hashed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import polars as pl

from checks.judge.samples import SlotDays, SlotTime
from checks.measures import Measures
from collectors.canonical import FAULT, FAULT_COLUMN, FAULT_VALUE, Chunk
from collectors.headers import EXPORTED_AT, OFFICE_PARENT
from collectors.records import RecordType
from dashboard.intake.content import content_hash
from dashboard.intake.names import BEGINNING, UNKNOWN, OfficeNames, compared

SHANGHAI = "Asia/Shanghai"
REFUSED = ("row_no", "number", "office_named", "reason", "column_name", "value")


@dataclass(frozen=True)
class Known:
    """What a row is compared with while it is made ready; the same for all chunks of a file."""

    record: RecordType
    system: str
    offices: OfficeNames
    version_at: int
    """Microseconds UTC: the version of rows without one of their own."""
    slots: SlotDays = field(default_factory=lambda: SlotDays(()))
    item_codes: frozenset[str] | None = None
    """Codes of the score sheet; an inspection of another item cannot be counted."""
    measures: Measures | None = None
    """The known measures: a row names one by its code or any of its names."""
    create_offices: bool = False
    """A source of foreign records brings its own offices: an unknown name becomes one (`office_create`)."""
    rulebook: str | None = None
    """The foreign rulebook to which those offices belong."""
    codes_taken: frozenset[str] = frozenset()
    """Codes that offices of other rulebooks have."""


@dataclass(frozen=True)
class Prepared:
    """Rows to store and rows to refuse; together all rows of the chunk."""

    good: pl.DataFrame
    refused: pl.DataFrame
    doubted: pl.DataFrame
    """Keys of the refused rows, as far as they can be read: a good row of the same number is contradicted by them."""
    raw: Callable[[Sequence[int]], dict[int, str]]
    context: Callable[[Sequence[int]], dict[int, str]]
    """What the text of refused rows does not say of their cells (`collectors.canonical.Chunk`)."""
    named: pl.DataFrame
    """`code, name, level, parent_code, row_no` of offices that exist from now on because the source may name them."""

    @property
    def read(self) -> int:
        return self.good.height + self.refused.height


def prepare(chunk: Chunk, known: Known) -> Prepared:
    """Split a chunk into rows for the record table and rows for the quarantine."""
    frame = _with_defaults(chunk.frame, known)
    frame, named = _with_office(frame, known)
    frame = _with_known_measures(_with_known_items(frame, known), known)
    faulty = frame[FAULT].is_not_null()
    good = frame.filter(~faulty) if faulty.any() else frame
    bad = frame.filter(faulty)
    doubted = bad.filter(pl.col(FAULT) != "damaged_number").select(known.record.key).drop_nulls().unique()
    return Prepared(_stored_form(good, known), _refused(bad, known.record), doubted, chunk.raw, chunk.context, named)


def _with_defaults(frame: pl.DataFrame, known: Known) -> pl.DataFrame:
    if known.record.name == "offices":
        return frame.with_columns(pl.col("valid_from").fill_null(BEGINNING))
    if known.record.name == "samples":
        day = _local("planned_at").dt.strftime("%Y-%m-%d")
        return frame.with_columns(pl.col("date").fill_null(day), pl.coalesce("slot", _slot(known.slots)))
    return frame


def _slot(slots: SlotDays) -> pl.Expr:
    """Number of the slot of its day that holds the planned moment, null when none does."""
    found = _held(slots.first)
    for since, changed in slots.changes:
        found = pl.when(_local("planned_at").dt.date() >= since).then(_held(changed)).otherwise(found)
    return found


def _held(slots: Sequence[SlotTime]) -> pl.Expr:
    moment = _local("planned_at").dt.time()
    held = [
        pl.when(moment.is_between(span.starts, span.ends, closed="left")).then(pl.lit(span.number, pl.Int64))
        for span in slots
    ]
    return pl.coalesce(held) if held else pl.lit(None, pl.Int64)


def _local(column: str) -> pl.Expr:
    return pl.col(column).cast(pl.Datetime("us", "UTC")).dt.convert_time_zone(SHANGHAI)


NOT_NAMED = pl.DataFrame(
    schema={**dict.fromkeys(("code", "name", "level", "parent_code"), pl.String), "row_no": pl.Int64}
)


def _with_office(frame: pl.DataFrame, known: Known) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The office column as a code, what was written kept beside it; a fault where no single office is meant.

    The second frame are the offices that the rows make by naming them.
    """
    office, created = known.record.office, NOT_NAMED
    if office is None:
        return frame, created
    named = frame[office]
    halls_only = known.record.office_level == "hall"
    codes, why = known.offices.resolve(named, _days(frame, known.record), halls_only=halls_only)
    if known.create_offices and not halls_only:
        rows = frame.select("row_no", FAULT, named.alias("name"), pl.col(OFFICE_PARENT).alias("above"))
        codes, why, created = _created(rows, codes, why, known)
    fault = frame[FAULT].fill_null(why)
    own = frame[FAULT].is_null() & why.is_not_null()
    resolved = frame.with_columns(
        codes.alias(office),
        named.alias("office_named"),
        fault.alias(FAULT),
        pl.when(own).then(pl.lit(office)).otherwise(FAULT_COLUMN).alias(FAULT_COLUMN),
        pl.when(own).then(named).otherwise(FAULT_VALUE).alias(FAULT_VALUE),
    )
    return resolved, created


def _created(
    rows: pl.DataFrame, codes: pl.Series, why: pl.Series, known: Known
) -> tuple[pl.Series, pl.Series, pl.DataFrame]:
    """Codes and reasons once every unknown name has become an office, and the offices made.

    A code is the name as it is compared. Those named above are counties; an office belongs to the first named above it.
    """
    unknown = (why == UNKNOWN) & rows["name"].is_not_null() & rows[FAULT].is_null()
    own = _codes_of(rows["name"], known)
    found, _ = known.offices.resolve(rows["above"], None, halls_only=False)
    above = rows.select(pl.coalesce(found, _codes_of(rows["above"], known)).alias("code"))["code"]
    made = rows.with_columns(own.alias("code"), pl.lit("station").alias("level"), above.alias("parent_code"))
    counties = made.filter(unknown & found.is_null() & above.is_not_null()).with_columns(
        pl.col("parent_code").alias("code"), pl.col("above").alias("name"),
        pl.lit("county").alias("level"), pl.lit(None, pl.String).alias("parent_code"),
    )  # fmt: skip
    fresh = pl.concat([counties, made.filter(unknown)]).unique("code", keep="first", maintain_order=True)
    itself = pl.when(pl.col("parent_code") != pl.col("code")).then("parent_code")
    fresh = fresh.with_columns(itself.alias("parent_code")).select(NOT_NAMED.columns)
    return codes.zip_with(~unknown, own), why.set(unknown, None), fresh


def _codes_of(names: pl.Series, known: Known) -> pl.Series:
    """The code that a name gets; with the rulebook behind it where an office of another one has that code."""
    plain = names.map_elements(compared, pl.String)
    if not known.rulebook or not known.codes_taken:
        return plain
    taken = plain.is_in(list(known.codes_taken)).fill_null(value=False)
    return plain.zip_with(~taken, plain + f"@{known.rulebook}")


def _days(frame: pl.DataFrame, record: RecordType) -> tuple[pl.Series, pl.Series] | None:
    """The first and last local day of each record, the same but for a month; None where a record has no day."""
    if record.moment:
        day = frame.select(_local(record.moment).dt.strftime("%Y-%m-%d")).to_series()
        return day, day
    if "date" in record.names:
        return frame["date"], frame["date"]
    if "period" in record.names:
        first, last = _period_days(pl.col("period"))
        days = frame.select(day.dt.strftime("%Y-%m-%d").alias(name) for name, day in (("first", first), ("last", last)))
        return days["first"], days["last"]
    return None


def _period_days(period: pl.Expr) -> tuple[pl.Expr, pl.Expr]:
    """First and last day of a month `YYYY-MM` or a quarter `YYYY-Qn`."""
    quarter = period.str.extract(r"-Q([1-4])$").cast(pl.Int64)
    number = pl.coalesce(quarter * 3 - 2, period.str.extract(r"-(\d{2})$").cast(pl.Int64))
    first = pl.date(period.str.slice(0, 4).cast(pl.Int32, strict=False), number, 1)
    last = first.dt.offset_by(pl.when(quarter.is_null()).then(pl.lit("0mo")).otherwise(pl.lit("2mo"))).dt.month_end()
    return first, last


def _with_known_items(frame: pl.DataFrame, known: Known) -> pl.DataFrame:
    if known.record.name != "inspections" or known.item_codes is None:
        return frame
    unknown = frame[FAULT].is_null() & ~frame["item_code"].is_in(list(known.item_codes))
    return frame.with_columns(
        pl.when(unknown).then(pl.lit("unknown_value")).otherwise(FAULT).alias(FAULT),
        pl.when(unknown).then(pl.lit("item_code")).otherwise(FAULT_COLUMN).alias(FAULT_COLUMN),
        pl.when(unknown).then("item_code").otherwise(FAULT_VALUE).alias(FAULT_VALUE),
    )


def _with_known_measures(frame: pl.DataFrame, known: Known) -> pl.DataFrame:
    """Indicators of measures by their codes; one that is not registered is refused."""
    if known.record.name != "measures" or known.measures is None:
        return frame
    named = frame["indicator"]
    codes = named.map_elements(known.measures.code_of, pl.String)
    unknown = frame[FAULT].is_null() & codes.is_null()
    return frame.with_columns(
        codes.fill_null(named).alias("indicator"),
        pl.when(unknown).then(pl.lit("unknown_value")).otherwise(FAULT).alias(FAULT),
        pl.when(unknown).then(pl.lit("indicator")).otherwise(FAULT_COLUMN).alias(FAULT_COLUMN),
        pl.when(unknown).then(named).otherwise(FAULT_VALUE).alias(FAULT_VALUE),
    )


def _stored_form(good: pl.DataFrame, known: Known) -> pl.DataFrame:
    """The columns of the record table except `id` and `batch_id`."""
    record = known.record
    system = [pl.lit(known.system).alias("system")] if record.by_system else []
    named = ["office_named"] if record.office else []
    return good.select(
        *system,
        *record.names,
        *named,
        pl.col(EXPORTED_AT).fill_null(known.version_at).alias("version_at"),
        content_hash(record, good),
        "row_no",
        "precision",
        "unreadable",
    )


def _refused(faulty: pl.DataFrame, record: RecordType) -> pl.DataFrame:
    named = pl.col("office_named") if record.office else pl.lit(None, pl.String)
    return faulty.select(
        "row_no",
        pl.col(record.number).cast(pl.String).alias("number"),
        named.alias("office_named"),
        pl.col(FAULT).alias("reason"),
        pl.col(FAULT_COLUMN).alias("column_name"),
        pl.col(FAULT_VALUE).alias("value"),
    )


def duplicates(rows: pl.DataFrame, record: RecordType) -> pl.DataFrame:
    """Rows of one file that contradict another row of it under the same number, as refused rows."""
    return _refused(
        rows.with_columns(
            pl.lit("duplicate_in_file").alias(FAULT),
            pl.lit(record.number).alias(FAULT_COLUMN),
            pl.col(record.number).cast(pl.String).alias(FAULT_VALUE),
        ),
        record,
    )
