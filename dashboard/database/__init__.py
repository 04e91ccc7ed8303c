"""The database (数据库): engine, models, migrations. SQLite (WAL) by default, PostgreSQL by the URL alone."""

from dashboard.database.engine import Database

__all__ = ["Database"]
