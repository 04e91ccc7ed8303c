"""Tables whose rows can only be added (只增不改): the database refuses UPDATE and DELETE, whoever asks.

Triggers, for a rule in the program would bind only the program. They are made after every migration. On SQLite one
more: `INSERT OR REPLACE` deletes the row in its way without asking the trigger of DELETE.
"""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from dashboard.database.models.chained import CHAIN_CONTENTS
from dashboard.database.models.decided import APPEND_ONLY, FROZEN_PARTS
from dashboard.database.models.intake import QUARANTINE_EVENTS
from dashboard.database.models.records import HISTORY_TABLES
from dashboard.database.models.running import AUDIT
from dashboard.database.models.video import REVIEWS

ONLY_ADDED = (*APPEND_ONLY, AUDIT, CHAIN_CONTENTS, REVIEWS, QUARANTINE_EVENTS, *HISTORY_TABLES.values())
"""Tables to which PostgreSQL's everyday role may only add. The last ones have no trigger: their owner erases personal
fields past their term (`dashboard.evidence.erasing`)."""

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
    for table in (table for table in APPEND_ONLY if table.name in present):
        for statement in (_sqlite(table) if sqlite else _postgresql(table)).values():
            connection.exec_driver_sql(statement)


def missing_guards(connection: Connection) -> list[str]:
    """Names of the triggers that are not there, are switched off, or (on SQLite) say something else."""
    if connection.dialect.name == "sqlite":
        rows = connection.exec_driver_sql("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'").all()
        stored = {row[0]: row[1] for row in rows}
        wanted = {name: text for table in APPEND_ONLY for name, text in _sqlite(table).items()}
        return sorted(name for name, text in wanted.items() if stored.get(name) != text.replace("IF NOT EXISTS ", ""))
    rows = connection.exec_driver_sql(
        "SELECT t.tgname FROM pg_trigger t JOIN pg_proc p ON p.oid = t.tgfoid "
        "WHERE t.tgenabled IN ('O', 'A') AND p.proname = 'mingcha_only_added'"
    ).all()
    return sorted({name for table in APPEND_ONLY for name in _postgresql(table)} - {row[0] for row in rows})


def _sqlite(table: sa.Table) -> dict[str, str]:
    refusal = f"RAISE(ABORT, 'rows of {table.name} are never changed or deleted')"
    made = {
        f"{table.name}_no_{deed.lower()}": f"BEFORE {deed} ON {table.name} BEGIN SELECT {refusal}; END"
        for deed in ("UPDATE", "DELETE")
    }
    # equal parts are stored once, on purpose and silently: what is there stays
    there = f"RAISE(ABORT, 'a row of {table.name} with this key is there: rows are never changed or deleted')"
    instead = "RAISE(IGNORE)" if table is FROZEN_PARTS else there
    made[f"{table.name}_no_replace"] = f"BEFORE INSERT ON {table.name} WHEN {_taken(table)} BEGIN SELECT {instead}; END"
    return {name: f"CREATE TRIGGER IF NOT EXISTS {name} {what}" for name, what in made.items()}


def _taken(table: sa.Table) -> str:
    """Whether a row stands where the new one would: it has the same primary or unique key."""
    keys: list[tuple[list[str], str | None]] = [([column.name for column in table.primary_key], None)]
    unique = [one for one in table.constraints if isinstance(one, sa.UniqueConstraint)]
    keys += sorted(([column.name for column in one.columns], None) for one in unique)
    for index in sorted((one for one in table.indexes if one.unique), key=lambda one: str(one.name)):
        where = index.dialect_options["sqlite"]["where"]
        keys.append(([column.name for column in index.columns], None if where is None else str(where)))
    return " OR ".join(_exists(table.name, columns, where) for columns, where in keys)


def _exists(table: str, columns: list[str], where: str | None) -> str:
    same = [f'"{column}" = NEW."{column}"' for column in columns]
    both = [] if where is None else [where, f"NEW.{where}"]
    return f"EXISTS (SELECT 1 FROM {table} WHERE {' AND '.join([*same, *both])})"  # noqa: S608 (our models' own names)


def _postgresql(table: sa.Table) -> dict[str, str]:
    """TRUNCATE knows no rows, so its trigger is one per statement."""
    kinds = (("changed", "UPDATE OR DELETE", "ROW"), ("emptied", "TRUNCATE", "STATEMENT"))
    return {
        f"{table.name}_never_{name}": f"CREATE OR REPLACE TRIGGER {table.name}_never_{name} BEFORE {deed} "
        f"ON {table.name} FOR EACH {each} EXECUTE FUNCTION mingcha_only_added()"
        for name, deed, each in kinds
    }


_POWERS = {
    "is a superuser": "SELECT 1 FROM mine WHERE rolsuper",
    "may make and change roles": "SELECT 1 FROM mine WHERE rolcreaterole",
    "may write everywhere or run programs on the server": "SELECT 1 FROM mine WHERE rolname IN"
    " ('pg_write_all_data', 'pg_write_server_files', 'pg_execute_server_program')",
    "owns the database": "SELECT 1 FROM mine, pg_database WHERE datname = current_database() AND datdba = mine.oid",
    "owns the schema": "SELECT 1 FROM mine, pg_namespace WHERE nspname = 'public' AND nspowner = mine.oid",
    "owns tables": "SELECT 1 FROM mine, pg_tables WHERE schemaname = 'public' AND tableowner = rolname",
    "owns the function that refuses changes": "SELECT 1 FROM mine, pg_proc WHERE proname = 'mingcha_only_added'"
    " AND proowner = mine.oid",
    "may make tables": "SELECT 1 FROM mine WHERE has_schema_privilege(mine.oid, 'public', 'CREATE')",
    "may set sequences": "SELECT 1 FROM mine, pg_class c WHERE relkind = 'S' AND"
    " relnamespace = CAST('public' AS regnamespace) AND has_sequence_privilege(mine.oid, c.oid, 'UPDATE')",
}
"""What the everyday role must not be → a row where it is. `mine`: the role itself, and all that it can become by
SET ROLE, inherited or not."""
_CHANGEABLE = """
SELECT DISTINCT name FROM unnest(CAST(:names AS text[])) AS name, mine WHERE to_regclass(name) IS NOT NULL AND
(has_table_privilege(mine.oid, name, 'UPDATE,DELETE,TRUNCATE,TRIGGER')
OR has_any_column_privilege(mine.oid, name, 'UPDATE')) ORDER BY name
"""


def powers(connection: Connection) -> list[str]:
    """What PostgreSQL's present role could do against the tables that are only added to; empty as it should be.

    By its own rights and by those of every role that it is a member of: one SET ROLE is no hindrance.
    """

    def ask(question: str, **values: object) -> list[str]:
        mine = "WITH mine AS (SELECT * FROM pg_roles WHERE pg_has_role(oid, 'MEMBER'))"
        return list(connection.execute(sa.text(f"{mine} {question}"), values).scalars())

    found = [words for words, question in _POWERS.items() if ask(question)]
    changeable = ask(_CHANGEABLE, names=[table.name for table in ONLY_ADDED])
    if changeable:
        found.append(f"may change {', '.join(changeable[:3])}{' …' if len(changeable) > 3 else ''}")
    return found
