"""Fixtures of this folder: the demo company, brought in once for all tests that only read it."""

import importlib.util
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from dashboard.bootstrap import Application
from dashboard.database import Database
from dashboard.database.migrate import migrate
from dashboard.people import system_viewer
from dashboard.settings import CompanySettings, Settings

DEMO_NOW = datetime(2026, 11, 20, 6, 20, tzinfo=UTC)
"""A Friday afternoon, 14:20 in Shanghai."""


@pytest.fixture(scope="session")
def demo_application(tmp_path_factory):
    """The demo company after its quick part, at a fixed moment. Read it only."""
    from dashboard.demo import prepare  # here, not above: the other tests of the folder need nothing of it

    home = tmp_path_factory.mktemp("demo")
    db = Database(f"sqlite:///{home / 'mingcha.db'}")
    migrate(db)
    company = CompanySettings(name="青岚市供电公司", demo=True)
    app = Application(Settings(home=home, company=company), db, system_viewer(), now=lambda: DEMO_NOW)
    prepare(app, say=lambda _: None)
    yield app
    db.engine.dispose()


def halls_module():
    path = Path(__file__).with_name("halls_under_test.py")
    if path.stem not in sys.modules:
        spec = importlib.util.spec_from_file_location(path.stem, path)
        sys.modules[path.stem] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(sys.modules[path.stem])
    return sys.modules[path.stem]


@pytest.fixture
def halls(database, tmp_path):
    """A small company whose halls are sampled, on both databases."""
    return halls_module().Halls(database, tmp_path)


@pytest.fixture
def sqlite_halls(sqlite_database, tmp_path):
    """The same where the kind of database cannot matter."""
    return halls_module().Halls(sqlite_database, tmp_path)


@pytest.fixture
def scripted_camera(tmp_path_factory):
    """A function that starts an RTSP server playing half a minute of a room in which somebody moves."""
    for name, file in (("mingcha_scripted_rtsp", "scripted_rtsp.py"), ("mingcha_test_scenes", "scenes.py")):
        if name not in sys.modules:
            spec = importlib.util.spec_from_file_location(name, Path(__file__).parents[1] / file)
            sys.modules[name] = importlib.util.module_from_spec(spec)
            spec.loader.exec_module(sys.modules[name])
    server, scenes = sys.modules["mingcha_scripted_rtsp"], sys.modules["mingcha_test_scenes"]
    path = tmp_path_factory.mktemp("camera") / "room.ts"
    scenes.write(path, 30, scenes.room_with((-1, 31)), rate=10, key_every=5)
    units = server.access_units(path)
    return lambda **script: server.served(**{"units": units, **script})
