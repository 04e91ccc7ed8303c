"""MINGCHA_MIGRATION_URL: tables belong to the owner, the everyday role reads and writes them and no more."""

import os
import uuid

import pytest
import sqlalchemy as sa

from dashboard.bootstrap import open_application
from dashboard.database import Database
from dashboard.database.migrate import migrate
from dashboard.database.models import META
from dashboard.errors import DatabaseUnusableError
from dashboard.settings import load


@pytest.fixture
def everyday():
    """The URL of a role that owns nothing, on a new database, and the URL of its owner."""
    server = os.environ.get("MINGCHA_TEST_POSTGRES")
    if not server:
        pytest.skip("no PostgreSQL server (MINGCHA_TEST_POSTGRES is not set)")
    name, role = (f"{kind}_{uuid.uuid4().hex[:12]}" for kind in ("test", "role"))
    admin = sa.create_engine(server, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
    with admin.connect() as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name}")
        connection.exec_driver_sql(f"CREATE ROLE {role} LOGIN PASSWORD 'everyday'")
    owner = sa.make_url(server).set(database=name)
    yield owner.set(username=role, password="everyday"), owner
    with admin.connect() as connection:
        connection.exec_driver_sql(f"DROP DATABASE {name} WITH (FORCE)")
        connection.exec_driver_sql(f"DROP ROLE {role}")
    admin.dispose()


@pytest.mark.postgres
def test_the_owner_migrates_and_the_everyday_role_works(everyday):
    own, owner = everyday
    db = Database(own, migration_url=owner)
    migrate(db)
    migrate(db)
    with db.session() as connection:
        connection.execute(sa.insert(META).values(key="k", value="v"))
        assert connection.execute(sa.select(META.c.value).where(META.c.key == "k")).scalar() == "v"
        owners = connection.execute(sa.text("SELECT DISTINCT tableowner FROM pg_tables WHERE schemaname = 'public'"))
        assert owners.scalars().all() == [owner.username]
    with pytest.raises(sa.exc.ProgrammingError, match="must be owner"), db.session() as connection:
        connection.exec_driver_sql("DROP TABLE meta")
    db.engine.dispose()


@pytest.mark.postgres
def test_two_urls_that_name_two_databases_are_refused(everyday):
    own, owner = everyday
    with pytest.raises(DatabaseUnusableError, match="name two databases"):
        migrate(Database(own, migration_url=owner.set(database="postgres")))


def test_the_environment_names_the_owner_and_the_password_is_not_shown(tmp_path):
    (tmp_path / "mingcha.toml").write_text('[database]\nmigration_url = "postgresql://a:x@h/d"\n', "utf-8")
    assert load({}, tmp_path).database.migration_url == "postgresql://a:x@h/d"
    url = "postgresql://owner:geheim@h/d"
    assert load({"MINGCHA_MIGRATION_URL": url}, tmp_path).database.migration_url == url
    environment = {"MINGCHA_MIGRATION_URL": url, "MINGCHA_DATABASE_URL": "postgresql://u:geheim@h/e"}
    application = open_application(environment=environment, directory=tmp_path, need_tables=False)
    with pytest.raises(DatabaseUnusableError) as caught:
        migrate(application.db)
    assert "geheim" not in str(caught.value)
