"""A source saved from the Mapping page: validated, beside mingcha.toml, inside `inbox`, with its line in the audit."""

import json
import tomllib
from datetime import UTC, datetime

import pytest
import sqlalchemy as sa

from collectors.base import CollectorError
from dashboard.actions.sources import save_source
from dashboard.bootstrap import Application
from dashboard.database.models import AUDIT, BATCHES
from dashboard.errors import MingchaError, NotAllowedError, UsageError
from dashboard.intake.collecting import collect, configured_sources
from dashboard.people import Viewer, system_viewer
from dashboard.settings import load

NOW = datetime(2026, 11, 2, 8, tzinfo=UTC)
KEEPER = Viewer("秦怀瑾", "evaluator", frozenset({"*"}))
RAW = {"name": "客服", "record": "offices", "path": "inbox/客服/*", "columns": {"code": "所编号", "name": "所名"},
       "constants": {"level": "station"}, "strict_header": True, "headers": [["所编号", "所名"]]}  # fmt: skip


@pytest.fixture
def home(tmp_path):
    (tmp_path / "mingcha.toml").write_text('[[sources]]\nname = "own"\nrecord = "tickets"\npath = "a/*"\n', "utf-8")
    return tmp_path


def saved(db, home, raw=RAW, by=KEEPER, **more):
    return save_source(db, load({}, home), by=by, raw=raw, at=NOW, **more)


def test_a_saved_source_is_a_source_at_once_and_for_the_settings_read_before(sqlite_database, home):
    before = load({}, home)
    path = saved(sqlite_database, home)
    assert path == home.resolve() / "sources.d" / "客服.toml"
    assert tomllib.loads(path.read_text("utf-8"))["sources"][0] == RAW
    assert [config.name for config in configured_sources(before)] == ["own", "客服"]
    assert [raw["name"] for raw in load({}, home).sources] == ["own", "客服"]
    assert (home / "mingcha.toml").read_text("utf-8").startswith('[[sources]]\nname = "own"')


def test_saving_leaves_one_line_in_the_audit_with_the_text(sqlite_database, home):
    saved(sqlite_database, home)
    with sqlite_database.reading() as connection:
        rows = connection.execute(sa.select(AUDIT)).all()
    assert [(row.actor, row.action, row.subject) for row in rows] == [("秦怀瑾", "save source", "客服")]
    assert json.loads(rows[0].detail)["sources"] == [RAW]


def test_its_first_file_is_taken_in_by_the_next_round_and_a_changed_header_by_none(sqlite_database, home):
    saved(sqlite_database, home, first_file=("一.csv", "所编号,所名\n1,甲所\n2,乙所\n".encode()))
    application = Application(load({}, home), sqlite_database, system_viewer())
    done = collect(application, names=["客服"])
    assert [(report.new, report.quarantined) for report in done.batches] == [(2, 0)]
    (home / "inbox" / "客服" / "二.csv").write_text("所编号,所名称\n3,丙所\n", "utf-8")
    told = collect(application, names=["客服"])
    assert not told.batches
    assert "'所名' may now be '所名称'" in told.failures[0].message
    with sqlite_database.reading() as connection:
        failed = connection.execute(sa.select(BATCHES).where(BATCHES.c.state == "failed")).one()
    assert '"reason": "header_changed"' in failed.details
    assert failed.sha256  # remembered: the same file is not tried again and again


@pytest.mark.parametrize(
    "by",
    [Viewer("沈岚", "inspector", frozenset({"*"})), Viewer("x", "evaluator", frozenset({"99"})), system_viewer()],
    ids=["role", "scope", "system"],
)
def test_only_administrators_and_evaluators_of_the_whole_company_save(sqlite_database, home, by):
    with pytest.raises(NotAllowedError):
        saved(sqlite_database, home, by=by)
    assert not (home / "sources.d").exists()


@pytest.mark.parametrize(
    "path",
    ["/etc/*", "../*", "inbox/../../x/*", "sftp://host/x/*", "var/*", "sources.d/x/*", "inbox/*", "inbox/*/a.csv", ""],
)
def test_a_path_outside_the_inbox_is_refused(sqlite_database, home, path):
    with pytest.raises((UsageError, CollectorError)):
        saved(sqlite_database, home, {**RAW, "path": path})
    assert not (home / "sources.d").exists()


@pytest.mark.parametrize("name", ["", "../x", "a/b", ".x", " x", "x" * 61, "own"])
def test_a_name_that_is_none_or_taken_is_refused(sqlite_database, home, name):
    with pytest.raises(UsageError):
        saved(sqlite_database, home, {**RAW, "name": name})


@pytest.mark.parametrize("name", ["../../mingcha.toml", "..", ".hidden", "~$lock.xlsx", "a\x00b"])
def test_the_first_file_lands_nowhere_but_in_its_inbox(sqlite_database, home, name):
    before = (home / "mingcha.toml").read_bytes()
    try:
        saved(sqlite_database, home, first_file=(name, b"1,2"))
    except UsageError:
        assert not (home / "sources.d").exists()
    assert (home / "mingcha.toml").read_bytes() == before
    found = [path for path in home.rglob("*") if path.is_file() and path.read_bytes() == b"1,2"]
    assert all(path.parent == home / "inbox" / "客服" for path in found)


def test_a_link_out_of_the_inbox_is_refused(sqlite_database, home, tmp_path_factory):
    outside = tmp_path_factory.mktemp("outside")
    (home / "inbox").mkdir()
    (home / "inbox" / "客服").symlink_to(outside)
    with pytest.raises(UsageError):
        saved(sqlite_database, home)


def test_what_the_validation_refuses_is_not_written(sqlite_database, home):
    with pytest.raises(CollectorError, match="did you mean 'office_code'"):
        saved(sqlite_database, home, {**RAW, "record": "tickets", "constants": {}, "columns": {"ofice_code": "x"}})
    assert not (home / "sources.d").exists()


def test_saving_again_needs_to_be_said(sqlite_database, home):
    saved(sqlite_database, home)
    with pytest.raises(UsageError, match="already"):
        saved(sqlite_database, home)
    saved(sqlite_database, home, {**RAW, "every": "1h"}, replace=True)
    assert configured_sources(load({}, home))[1].every == "1h"


def test_a_broken_file_among_the_saved_ones_is_named(home):
    (home / "sources.d").mkdir()
    (home / "sources.d" / "x.toml").write_text("name = 1", "utf-8")
    with pytest.raises(MingchaError, match=r"x\.toml"):
        load({}, home)
