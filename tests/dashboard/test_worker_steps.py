"""The worker's own jobs, each called alone on a real installation."""

import ast
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from dashboard.bootstrap import Application
from dashboard.database.models import HEARTBEATS, JOB_RUNS, PLAN_DAYS, ROLLUPS
from dashboard.instants import to_micros
from dashboard.operations.initialise import create_folders, create_secret, create_signing_key
from dashboard.people import Viewer, system_viewer
from dashboard.queries.jobs import job_runs, last_runs, process_state
from dashboard.settings import Settings
from dashboard.texts import catalogue
from dashboard.worker import heartbeat, runner, runs
from dashboard.worker.jobs import LOCAL, planned_between
from dashboard.worker.runner import Runner
from dashboard.worker.runs import Note
from dashboard.worker.steps import jobs_of

ROOT = Path(__file__).parents[2]
NOON = datetime(2026, 11, 20, 12, 0, tzinfo=LOCAL)
OFFICES = "code,name,level,parent_code\nC1,甲县公司,county,\nS1,甲供电所,station,C1\n"
TICKETS = (
    "ticket_no,type,office_code,accepted_at\nA1,complaint,S1,2026-11-18 08:00:00\nA2,complaint,S9,2026-11-18 08:00:00\n"
)


class Clock:
    def __init__(self):
        self.time = NOON

    def __call__(self):
        return self.time.astimezone(UTC)


@pytest.fixture
def installation(database, tmp_path):
    """(application, runner, clock) over a folder with secret and evidence, and two spreadsheet sources."""
    source = {"kind": "spreadsheet", "every": "10m"}
    sources = (
        {"name": "units", "record": "offices", "path": "inbox/offices*", **source},
        {"name": "95598", "record": "tickets", "path": "inbox/tickets*", **source},
    )
    settings = Settings(home=tmp_path, sources=sources)
    (tmp_path / "inbox").mkdir()
    create_folders(settings)
    create_secret(settings.path(settings.plan.secret_file), lambda line: None)
    create_signing_key(settings.path(settings.evidence.key_file), lambda line: None)
    clock = Clock()
    application = Application(settings, database, system_viewer(), clock)
    return application, Runner(application, "me", lambda: True), clock


def run(installation, name, *, minutes=0):
    """The outcome of the job, run for `minutes` after noon, and what it said."""
    application, ours, clock = installation
    clock.time = NOON + timedelta(minutes=minutes)
    outcome = ours.run(jobs_of(application.settings)[name], clock.time)
    query = sa.select(JOB_RUNS.c.detail).where(JOB_RUNS.c.job == name).order_by(JOB_RUNS.c.key.desc()).limit(1)
    with application.db.reading() as connection:
        note = Note.from_json(connection.execute(query).scalar_one())
    return outcome, None if note is None else str(note)


def test_on_a_new_installation_every_job_ends_well(installation):
    assert {name: run(installation, name)[0] for name in jobs_of(installation[0].settings)} == dict.fromkeys(
        jobs_of(installation[0].settings), "done"
    )


def test_collecting_reads_what_came_and_judging_counts_it(installation):
    inbox = installation[0].settings.path("inbox")
    (inbox / "offices.csv").write_text(OFFICES, encoding="utf-8")
    (inbox / "tickets.csv").write_text(TICKETS, encoding="utf-8")
    age(inbox)
    assert run(installation, "collect") == ("done", "2 files read: 3 new, 0 updated, 1 quarantined")
    assert run(installation, "judge") == ("done", "1 records judged")
    with installation[0].db.reading() as connection:
        rows = connection.execute(
            sa.select(ROLLUPS.c.office_code, ROLLUPS.c.denominator).where(ROLLUPS.c.indicator == "T1")
        )
        assert [tuple(row) for row in rows] == [("S1", 1)]
    assert run(installation, "collect", minutes=1) == ("done", None)
    assert run(installation, "judge", minutes=1) == ("done", None)


def age(folder):
    """As if the files had been lying there for a while: a source waits until a file has stopped growing."""
    past = NOON.timestamp() - 3600
    for path in folder.iterdir():
        os.utime(path, (past, past))


def test_a_file_that_cannot_be_read_fails_the_run_by_name_and_the_others_are_read(installation):
    inbox = installation[0].settings.path("inbox")
    (inbox / "offices.csv").write_bytes(b"")
    (inbox / "tickets.csv").write_text(TICKETS, encoding="utf-8")
    age(inbox)
    outcome, words = run(installation, "collect")
    assert outcome == "failed"
    assert "units" in words
    assert "offices.csv" in words
    with installation[0].db.reading() as connection:
        tables = sa.text("SELECT count(*) FROM batches WHERE source = '95598'")
        assert connection.execute(tables).scalar_one() == 1


def test_the_plan_of_tomorrow_is_sealed_in_the_evening(installation):
    application, ours, clock = installation
    job = jobs_of(application.settings)["seal"]
    (evening,) = planned_between(job.trigger, NOON, NOON + timedelta(hours=12))
    assert evening == datetime(2026, 11, 20, 20, 0, tzinfo=LOCAL)
    clock.time = evening
    assert ours.run(job, evening) == "done"
    with application.db.reading() as connection:
        day, sealed_at, seed = connection.execute(
            sa.select(PLAN_DAYS.c.date, PLAN_DAYS.c.sealed_at, PLAN_DAYS.c.seed)
        ).one()
    assert (day, sealed_at, seed) == ("2026-11-21", to_micros(evening), None)


def test_after_a_night_without_worker_today_is_sealed_late_and_says_so(installation):
    application, ours, clock = installation
    clock.time = datetime(2026, 11, 21, 7, 0, tzinfo=LOCAL)
    ours.catch_up(jobs_of(application.settings).values(), clock())
    with application.db.reading() as connection:
        rows = connection.execute(sa.select(PLAN_DAYS.c.date, PLAN_DAYS.c.sealed_at)).all()
    assert [tuple(row) for row in rows] == [("2026-11-21", to_micros(clock.time))]


def test_without_the_secret_the_sealing_fails_and_is_seen(installation):
    installation[0].settings.path(installation[0].settings.plan.secret_file).unlink()
    outcome, words = run(installation, "seal", minutes=8 * 60)
    assert outcome == "failed"
    assert "plan.secret" in words


def test_old_heartbeats_go_and_young_ones_stay(installation):
    application, _, _ = installation
    heartbeat.beat(application.db, "old", "worker", "leading", now=NOON - timedelta(days=8))
    heartbeat.beat(application.db, "young", "worker", "leading", now=NOON - timedelta(days=6))
    assert run(installation, "tidy")[0] == "done"
    with application.db.reading() as connection:
        assert connection.execute(sa.select(HEARTBEATS.c.holder)).scalars().all() == ["young"]


def test_only_a_demo_goes_on_preparing_one():
    assert "demo" not in jobs_of(Settings())
    assert "demo" in jobs_of(Settings.model_validate({"company": {"demo": True}}))


def test_the_sources_page_sees_runs_newest_first_without_the_idle_ones(database):
    for minutes, (outcome, note) in enumerate(
        [("done", Note("{n} records judged", {"n": 3})), ("done", None), ("failed", Note.of_error(ValueError("{x}")))]
    ):
        at = NOON + timedelta(minutes=minutes)
        number = runs.begin(database, "judge", at, "me", now=at)
        runs.finish(database, number, outcome, note, now=at + timedelta(seconds=2))
    now = NOON + timedelta(hours=1)
    found = job_runs(database, system_viewer(), as_of=now)
    assert [(run.outcome, run.detail, run.seconds) for run in found] == [
        ("failed", "ValueError: {x}", 2.0),
        ("done", "评判 3 条记录", 2.0),
    ]
    assert len(job_runs(database, system_viewer(), as_of=now, idle=True)) == 3
    assert len(job_runs(database, system_viewer(), as_of=NOON, idle=True)) == 1
    assert [run.outcome for run in job_runs(database, system_viewer(), as_of=now, outcome="failed")] == ["failed"]
    assert [run.outcome for run in last_runs(database, system_viewer(), as_of=now)] == ["failed"]


def test_details_of_runs_are_for_those_who_see_the_whole_company(database):
    number = runs.begin(database, "collect", NOON, "me", now=NOON)
    runs.finish(database, number, "failed", Note.of_error(ValueError("S1.csv")), now=NOON)
    head = Viewer("所长", "office_head", frozenset({"S1"}))
    (run,) = job_runs(database, head, as_of=NOON + timedelta(hours=1))
    assert (run.outcome, run.detail) == ("failed", None)


@pytest.mark.parametrize(
    ("beats", "state"),
    [
        ([], "never"),
        ([("a", "leading", 5)], "leading"),
        ([("a", "leading", 30)], "leading"),
        ([("a", "leading", 31)], "silent"),
        ([("a", "leading", 40), ("b", "waiting", 2)], "waiting"),
        ([("a", "waiting", 1), ("b", "leading", 4)], "leading"),
        ([("a", "stopped", 500)], "stopped"),
        ([("a", "leading", 900), ("b", "stopped", 500)], "stopped"),
        ([("a", "leading", 400), ("b", "stopped", 500)], "silent"),
    ],
)
def test_a_worker_is_leading_waiting_silent_stopped_or_never_seen(sqlite_database, beats, state):
    for holder, said, ago in beats:
        heartbeat.beat(sqlite_database, holder, "worker", said, now=NOON - timedelta(seconds=ago))
    assert process_state(sqlite_database, system_viewer(), "worker", as_of=NOON).state == state


def test_what_runs_say_and_what_jobs_are_called_exists_in_chinese():
    said = {
        node.args[0].value
        for path in (ROOT / "dashboard" / "worker").glob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
        and getattr(node.func, "id", "") == "Note"
        and isinstance(node.args[0], ast.Constant)
    }
    titles = {job.title for job in jobs_of(Settings.model_validate({"company": {"demo": True}})).values()}
    assert len(said) > 5
    said |= {runner.STILL_GOING, runner.NOBODY_THERE}
    assert {text for text in said | titles if text not in ("{text}", "{error}")} <= set(catalogue("zh"))
