"""What one record inherits from another it names: the exclusion of a ticket, the form of an application."""

from __future__ import annotations

import polars as pl

from checks.judge.base import NOT_APPLICABLE, with_filed
from checks.judge.tickets import ticket_exclusion


def excluded_tickets(tickets: pl.DataFrame, as_of: int) -> pl.DataFrame:
    """`system, ticket_no, inherited` of the tickets that exist at `as_of` (microseconds): 0 for those that count."""
    return (
        with_filed(tickets)
        .filter(pl.col("accepted_at").cast(pl.Int64) <= as_of)
        .select("system", "ticket_no", ticket_exclusion().alias("inherited"))
    )


def with_inherited(records: pl.DataFrame, named: str, tickets: pl.DataFrame) -> pl.DataFrame:
    """Adds `inherited`: the exclusion of the ticket that column `named` holds, 0 without one.

    A ticket of the record's own system comes first; else the number must mean one ticket only: nothing is joined
    across systems by guess (design §4.1 Import).
    """
    own = tickets.rename({"ticket_no": named, "inherited": "_own"})
    alone = tickets.group_by("ticket_no").agg(pl.col("inherited").first().alias("_other"), pl.len().alias("_systems"))
    alone = alone.filter(pl.col("_systems") == 1).select(pl.col("ticket_no").alias(named), "_other")
    joined = records.join(own, on=["system", named], how="left", maintain_order="left")
    joined = joined.join(alone, on=named, how="left", maintain_order="left")
    inherited = pl.coalesce("_own", "_other", NOT_APPLICABLE).alias("inherited")
    return joined.with_columns(inherited).drop("_own", "_other")


def with_forms(applications: pl.DataFrame, forms: pl.DataFrame) -> pl.DataFrame:
    """Adds `form_at`: the time of the first form (`system, record_no, at`) that names the application."""
    at = pl.col("at").cast(pl.Int64).min()
    own = forms.group_by("system", pl.col("record_no").alias("application_no")).agg(at.alias("_own"))
    other = forms.group_by(pl.col("record_no").alias("application_no")).agg(at.alias("_other"))
    joined = applications.join(own, on=["system", "application_no"], how="left", maintain_order="left")
    joined = joined.join(other, on="application_no", how="left", maintain_order="left")
    return joined.with_columns(pl.coalesce("_own", "_other").alias("form_at")).drop("_own", "_other")
