"""Tables whose rows can only be added (只增不改): the database refuses UPDATE and DELETE, whoever asks.

Triggers, for a rule in the program would bind only the program. They are made after every migration.
"""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from dashboard.database.models.decided import APPEND_ONLY

_FUNCTION = """
CREATE OR REPLACE FUNCTION mingcha_only_added() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION 'rows of %% are never changed or deleted', TG_TABLE_NAME; END $$
"""


def guard(connection: Connection) -> None:
    """Make the triggers that are missing, in the caller's transaction. Tables that are not there yet are left."""
    present = set(sa.inspect(connection).get_table_names())
    sqlite = connection.dialect.name == "sqlite"
    if not sqlite and present:
        connection.exec_driver_sql(_FUNCTION)
    for table in (table.name for table in APPEND_ONLY if table.name in present):
        for statement in _sqlite(table) if sqlite else _postgresql(table):
            connection.exec_driver_sql(statement)


def _sqlite(table: str) -> list[str]:
    return [
        f"CREATE TRIGGER IF NOT EXISTS {table}_no_{deed.lower()} BEFORE {deed} ON {table} "
        f"BEGIN SELECT RAISE(ABORT, 'rows of {table} are never changed or deleted'); END"
        for deed in ("UPDATE", "DELETE")
    ]


def _postgresql(table: str) -> list[str]:
    """TRUNCATE knows no rows, so its trigger is one per statement."""
    kinds = (("changed", "UPDATE OR DELETE", "ROW"), ("emptied", "TRUNCATE", "STATEMENT"))
    return [
        f"CREATE OR REPLACE TRIGGER {table}_never_{name} BEFORE {deed} ON {table} FOR EACH {each} "
        "EXECUTE FUNCTION mingcha_only_added()"
        for name, deed, each in kinds
    ]
