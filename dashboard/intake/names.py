"""Which office a text names on a day (单位名称, design §3.1): code, name or alias, valid on that day.

Compared after NFKC, without blanks and without a leading 国网. Two different offices are one too many: the row goes to
quarantine rather than to the likelier of the two.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import Any

import polars as pl
import sqlalchemy as sa

from dashboard.database import Database
from dashboard.database.models import OFFICE_ALIASES, RECORD_TABLES

BEGINNING = "0001-01-01"
"""`valid_from` of an office that has always been there: the column is part of the key and cannot be empty."""
END = "9999-12-31"
UNKNOWN, AMBIGUOUS = "unknown_office", "ambiguous_office"
_SEPARATORS = re.compile(r"[;；,，、|]")


def compared(name: str) -> str:
    """A name as it is compared."""
    folded = "".join(unicodedata.normalize("NFKC", name).split())
    return folded.removeprefix("国网")


@dataclass(frozen=True)
class OfficeNames:
    """Every name of every office version: `key, code, level, valid_from, valid_to` (days as text)."""

    table: pl.DataFrame

    def resolve(
        self, named: pl.Series, days: tuple[pl.Series, pl.Series] | None, *, halls_only: bool
    ) -> tuple[pl.Series, pl.Series]:
        """Codes of the offices named, and reason codes where there is not exactly one.

        `days` are the first and last local day `YYYY-MM-DD` of each record, the same but for a month: then the last
        of its days on which the name was valid decides. None: validity does not matter (a camera has no day).
        """
        table = self.table.filter(pl.col("level") == "hall") if halls_only else self.table
        first, last = days or (pl.Series([BEGINNING]).new_from_index(0, len(named)),) * 2
        asked = pl.DataFrame({"named": named, "first": first, "last": last})
        distinct = asked.unique().drop_nulls("named")
        distinct = distinct.with_columns(distinct["named"].map_elements(compared, pl.String).alias("key"))
        matches = distinct.join(table, on="key")
        if days is not None:
            matches = matches.filter(pl.col("valid_from") <= pl.col("last"), pl.col("valid_to") >= pl.col("first"))
        who = ["named", "first", "last"]
        until = pl.min_horizontal("valid_to", "last")
        matches = matches.filter(until == until.max().over(who)) if days is not None else matches
        found = matches.group_by(who).agg(pl.col("code").min(), pl.col("code").n_unique().alias("count"))
        joined = asked.join(found, on=who, how="left", maintain_order="left", nulls_equal=True)
        one = pl.col("count") == 1
        answer = joined.select(
            pl.when(one).then("code").alias("code"),
            pl.when(one)
            .then(None)
            .when(pl.col("count") > 1)
            .then(pl.lit(AMBIGUOUS))
            .otherwise(pl.lit(UNKNOWN))
            .alias("why"),
        )
        return answer["code"], answer["why"]


def office_names(db: Database, connection: Any = None, *, rulebook: str | None = None) -> OfficeNames:
    """The names of the company's offices, or of those of a foreign rulebook: neither knows the other's."""
    columns = RECORD_TABLES["offices"].c
    names = ("code", "name", "aliases", "level", "valid_from", "valid_to")
    own = columns.rulebook.is_(None) if rulebook is None else columns.rulebook == rulebook
    frame = db.frame(sa.select(*(columns[name] for name in names)).where(own), connection)
    rows: list[tuple[str, ...]] = [
        (compared(text), row["code"], row["level"], row["valid_from"], row["valid_to"] or END)
        for row in frame.iter_rows(named=True)
        for text in _names_of(row)
    ]
    rows += _confirmed_aliases(db, connection, own)
    schema = dict.fromkeys(("key", "code", "level", "valid_from", "valid_to"), pl.String)
    return OfficeNames(pl.DataFrame(rows, schema=schema, orient="row").filter(pl.col("key") != ""))


def _confirmed_aliases(db: Database, connection: Any, own: sa.ColumnElement[bool]) -> list[tuple[str, ...]]:
    """Names that a person has said to mean an office, on the days on which both the name and the office hold."""
    office, alias = RECORD_TABLES["offices"].c, OFFICE_ALIASES.c
    columns = (alias.name, office.code, office.level, alias.valid_from, alias.valid_to,
               office.valid_from.label("office_from"), office.valid_to.label("office_to"))  # fmt: skip
    query = sa.select(*columns).select_from(
        OFFICE_ALIASES.join(RECORD_TABLES["offices"], office.code == alias.office_code)
    )
    rows = db.frame(query.where(own, alias.withdrawn_at.is_(None)), connection).iter_rows(named=True)
    return [
        (
            compared(row["name"]),
            row["code"],
            row["level"],
            max(row["valid_from"], row["office_from"]),
            min(row["valid_to"] or END, row["office_to"] or END),
        )
        for row in rows
    ]


def codes_taken(db: Database, connection: Any, *, rulebook: str | None) -> frozenset[str]:
    """Codes of the offices of every other rulebook: an office made now must not have one of them."""
    columns = RECORD_TABLES["offices"].c
    other = columns.rulebook.is_not(None) if rulebook is None else columns.rulebook.is_distinct_from(rulebook)
    return frozenset(db.frame(sa.select(columns.code).where(other), connection)["code"])


def _names_of(row: dict[str, Any]) -> list[str]:
    return [row["code"], row["name"] or "", *_SEPARATORS.split(row["aliases"] or "")]
