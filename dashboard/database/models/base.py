"""Column types that mean the same on both databases and that COPY takes as they are.

Instants (时刻) are BIGINT microseconds since 1970 UTC, days are text `YYYY-MM-DD` of Asia/Shanghai. Empty text is
never stored: a value is there or NULL.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

METADATA = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
    }
)

Id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
"""SQLite counts up by itself only in a column of type INTEGER."""


def identity() -> sa.Column[Any]:
    return sa.Column("id", Id, primary_key=True, autoincrement=True)


def text(name: str, *, null: bool = True, **options: Any) -> sa.Column[Any]:
    return sa.Column(name, sa.Text, nullable=null, **options)


def number(name: str, *, null: bool = True, **options: Any) -> sa.Column[Any]:
    return sa.Column(name, sa.BigInteger, nullable=null, **options)


def instant(name: str, *, null: bool = True) -> sa.Column[Any]:
    """Microseconds since 1970 UTC."""
    return sa.Column(name, sa.BigInteger, nullable=null)


def flag(name: str, *, null: bool = True) -> sa.Column[Any]:
    return sa.Column(name, sa.Boolean, nullable=null)
