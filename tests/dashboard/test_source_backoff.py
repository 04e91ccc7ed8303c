"""A source that fails is asked again after 1, 2, 4 … minutes, at the latest when its `every` has passed."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from collectors.base import CollectorError
from dashboard.bootstrap import open_application
from dashboard.database.migrate import migrate
from dashboard.intake.collecting import collect, configured_sources, due_sources, pause
from dashboard.intake.states import FAILURES, FIRST_ASKED_AT, remembered
from dashboard.queries.sources import source_states

START = datetime(2026, 9, 10, 4, tzinfo=UTC)
CONFIG = '[[sources]]\nname = "95598"\nrecord = "tickets"\npath = "inbox/*"\nevery = "10m"\n'


@pytest.mark.parametrize(("every", "pauses"), [(600, [600, 60, 120, 240, 480, 600, 600]), (30, [30, 30, 30]),
                                               (86400, [86400, 60, 120])])  # fmt: skip
def test_the_pause_doubles_up_to_every(every, pauses):
    assert [pause(every, failures) for failures in range(len(pauses))] == pauses
    assert pause(86400, 10_000) == 86400


@pytest.fixture
def application(tmp_path):
    (tmp_path / "mingcha.toml").write_text(CONFIG, "utf-8")
    (tmp_path / "inbox").mkdir()
    opened = open_application(directory=tmp_path, environment={}, need_tables=False)
    migrate(opened.db)
    yield opened
    opened.db.engine.dispose()


def test_a_failing_source_is_left_alone_longer_each_time_and_starts_anew_when_it_answers(application, monkeypatch):
    config = configured_sources(application.settings)
    unreachable = [True]

    def fetch(*_, **__):
        if unreachable[0]:
            raise CollectorError("inbox cannot be reached")
        yield from ()

    monkeypatch.setattr("collectors.spreadsheet.SpreadsheetSource.fetch", fetch)
    asked_at = []
    for minute in range(20):
        now = START + timedelta(minutes=minute)
        report = collect(replace(application, now=lambda now=now: now))
        if report.asked:
            asked_at.append(minute)
            assert [failure.message for failure in report.failures] == ["inbox cannot be reached"]
    assert asked_at == [0, 1, 3, 7, 15]
    (state,) = source_states(application.db, application.viewer, configs=config, as_of=START)
    assert state.last_asked == START + timedelta(minutes=15)  # it was asked, though it did not answer

    unreachable[0] = False
    collect(replace(application, now=lambda: START + timedelta(minutes=25)))
    kept = remembered(application.db, "95598")
    assert FAILURES not in kept
    assert int(kept[FIRST_ASKED_AT]) == int(START.timestamp()) * 1_000_000
    assert due_sources(application.db, config, START + timedelta(minutes=34, seconds=59)) == []
    assert due_sources(application.db, config, START + timedelta(minutes=35)) == config
