"""Every planned run has a record of how it ended, and nothing a job throws ends the loop."""

import logging
import threading
import time
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from dashboard.bootstrap import Application
from dashboard.database.models import JOB_RUNS
from dashboard.errors import MingchaError
from dashboard.instants import from_micros
from dashboard.people import system_viewer
from dashboard.settings import Settings
from dashboard.worker import runs
from dashboard.worker.jobs import LOCAL, Job, JobStoppedError, daily, every, planned_between
from dashboard.worker.runner import Runner
from dashboard.worker.runs import Note
from dashboard.worker.scheduler import make_scheduler

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=LOCAL)
MINUTE = timedelta(minutes=1)


class Clock:
    def __init__(self, now=NOON):
        self.time = now

    def __call__(self):
        return self.time.astimezone(UTC)


def make_job(function=lambda context: None, *, name="job", trigger=None, **options):
    return Job(name, name, trigger or every(60), function, **options)


def make_runner(database, *, now=None, may_run=lambda: True):
    return Runner(Application(Settings(), database, system_viewer(), now or Clock()), "me", may_run)


def records(database, *names):
    columns = [JOB_RUNS.c[name] for name in names]
    with database.reading() as connection:
        return [tuple(row) for row in connection.execute(sa.select(*columns).order_by(JOB_RUNS.c.key))]


def test_a_run_that_ends_well_is_done_and_says_what_it_did(database):
    clock = Clock()
    runner = make_runner(database, now=clock)

    def work(context):
        clock.time += 3 * timedelta(seconds=1)
        return Note("{n} files", {"n": 4})

    assert runner.run(make_job(work), NOON) == "done"
    ((job, key, holder, outcome, start, end, detail),) = records(
        database, "job", "key", "holder", "outcome", "started_at", "finished_at", "detail"
    )
    assert (job, key, holder, outcome) == ("job", "2026-11-22T04:00:00Z", "me", "done")
    assert (from_micros(start), from_micros(end) - from_micros(start)) == (NOON, timedelta(seconds=3))
    assert str(Note.from_json(detail)) == "4 files"


def test_a_run_is_recorded_as_running_while_it_runs(database):
    seen = []
    make_runner(database).run(make_job(lambda context: seen.extend(records(database, "outcome", "finished_at"))), NOON)
    assert seen == [("running", None)]


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (MingchaError("no such {folder}"), "MingchaError: no such {folder}"),
        (ZeroDivisionError("division by zero"), "ZeroDivisionError: division by zero"),
    ],
)
def test_a_run_that_throws_is_failed_with_its_error_and_a_logged_traceback(database, caplog, error, words):
    def work(context):
        raise error

    assert make_runner(database).run(make_job(work), NOON) == "failed"
    assert str(Note.from_json(records(database, "detail")[0][0])) == words
    assert any(record.exc_info and record.levelno == logging.ERROR for record in caplog.records)


def test_a_planned_run_happens_once_whoever_comes(database):
    count = []
    job = make_job(lambda context: count.append(1))
    assert make_runner(database).run(job, NOON) == "done"
    assert make_runner(database).run(job, NOON) is None
    assert count == [1]


def test_without_the_lease_nothing_runs_and_the_planned_time_stays_free_for_the_leader(database):
    job = make_job()
    assert make_runner(database, may_run=lambda: False).run(job, NOON) is None
    assert records(database, "key") == []
    assert make_runner(database).run(job, NOON) == "done"


def test_a_run_asked_to_stop_is_abandoned(database):
    def work(context):
        context.stopping.set()
        context.go_on()

    assert make_runner(database).run(make_job(work), NOON) == "abandoned"
    with pytest.raises(JobStoppedError):
        raise JobStoppedError


def test_what_a_dead_worker_left_running_is_abandoned_by_the_next(database):
    assert runs.begin(database, "job", NOON, "dead", now=NOON) is not None
    assert runs.abandon_running(database, Note("gone"), now=NOON + MINUTE) == [("job", "2026-11-22T04:00:00Z")]
    assert records(database, "outcome") == [("abandoned",)]
    assert runs.abandon_running(database, Note("gone"), now=NOON + MINUTE) == []


def test_a_run_given_up_by_another_worker_cannot_be_closed_as_done(database, caplog):
    def work(context):
        runs.abandon_running(database, Note("gone"), now=NOON)

    make_runner(database).run(make_job(work), NOON)
    assert records(database, "outcome") == [("abandoned",)]
    assert "given up as abandoned" in caplog.text


def test_the_runs_of_a_time_without_worker_are_one_row_that_counts_them(database):
    runner, job = make_runner(database), make_job()
    runner.run(job, NOON)
    runner.run(job, NOON + 5 * MINUTE)
    assert records(database, "key", "outcome") == [
        ("2026-11-22T04:00:00Z", "done"),
        ("2026-11-22T04:01:00Z", "missed"),
        ("2026-11-22T04:05:00Z", "done"),
    ]
    note = str(Note.from_json(records(database, "detail")[1][0]))
    assert note.startswith("4 planned runs from 2026-11-22 12:01:00 to 2026-11-22 12:04:00 did not start: no worker")


def test_what_was_planned_while_a_run_was_going_is_told_apart_from_what_nobody_could_start(database):
    clock = Clock()
    runner = make_runner(database, now=clock)

    def work(context):
        clock.time += timedelta(minutes=2, seconds=30)

    runner.run(make_job(work), NOON)
    clock.time = NOON + 5 * MINUTE
    runner.run(make_job(), NOON + 5 * MINUTE)
    missed = [
        (key, str(Note.from_json(detail)))
        for key, outcome, detail in records(database, "key", "outcome", "detail")
        if outcome == "missed"
    ]
    assert missed == [
        (
            "2026-11-22T04:01:00Z",
            "2 planned runs from 2026-11-22 12:01:00 to 2026-11-22 12:02:00 did not start: "
            "the run before was still going.",
        ),
        (
            "2026-11-22T04:03:00Z",
            "2 planned runs from 2026-11-22 12:03:00 to 2026-11-22 12:04:00 did not start: "
            "no worker was there, or none could write.",
        ),
    ]


def test_no_gap_is_recorded_between_neighbours_nor_before_the_first_run(database):
    runner, job = make_runner(database), make_job()
    for minutes in range(3):
        runner.run(job, NOON + minutes * MINUTE)
    assert {outcome for (outcome,) in records(database, "outcome")} == {"done"}


def test_a_daily_deed_is_made_up_for_after_its_hour_and_only_once(database):
    clock = Clock(datetime(2026, 11, 22, 22, 0, tzinfo=LOCAL))
    runner, seen = make_runner(database, now=clock), []
    job = make_job(lambda context: seen.append(context.planned), trigger=daily(20), catch_up=True)
    runner.catch_up([job], clock())
    runner.catch_up([job], clock())
    assert seen == [datetime(2026, 11, 22, 20, 0, tzinfo=LOCAL)]


def test_a_job_that_does_not_catch_up_waits_for_its_next_time(database):
    runner, seen = make_runner(database), []
    runner.catch_up([make_job(lambda context: seen.append(1), trigger=daily(8))], NOON)
    assert seen == []


@pytest.mark.parametrize(
    ("trigger", "first"),
    [
        (every(60), datetime(2026, 11, 22, 12, 1, tzinfo=LOCAL)),
        (every(10), datetime(2026, 11, 22, 12, 0, 10, tzinfo=LOCAL)),
        (daily(20, 30), datetime(2026, 11, 22, 20, 30, tzinfo=LOCAL)),
        (daily(12), datetime(2026, 11, 23, 12, 0, tzinfo=LOCAL)),
    ],
)
def test_planned_times_lie_on_the_clock_of_shanghai_and_are_the_same_for_every_worker(trigger, first):
    assert planned_between(trigger, NOON, NOON + timedelta(days=2), most=1) == [first]


def test_planned_times_between_leave_out_both_ends():
    assert planned_between(every(60), NOON, NOON + 2 * MINUTE) == [NOON + MINUTE]
    assert planned_between(every(60), NOON, NOON + MINUTE) == []


def test_old_good_runs_are_forgotten_and_bad_ones_and_the_last_kept(database):
    for minutes, outcome in enumerate(["done", "failed", "done", "abandoned", "done"]):
        at = NOON + minutes * MINUTE
        run = runs.begin(database, "job", at, "me", now=at)
        runs.finish(database, run, outcome, None, now=at)
    day = timedelta(days=1)
    assert runs.forget_done(database, before=NOON - day, idle_before=NOON - day) == 0
    assert runs.forget_done(database, before=NOON - day, idle_before=NOON + 30 * timedelta(seconds=1)) == 1
    assert runs.forget_done(database, before=NOON + day, idle_before=NOON + day) == 1
    assert [outcome for (outcome,) in records(database, "outcome")] == ["failed", "abandoned", "done"]


def test_the_scheduler_hands_each_run_its_planned_time_and_records_what_it_could_not_start(sqlite_database):
    """A real scheduler, three seconds: one job every second, one that outlasts its own interval, one that throws."""
    runner, planned, gate = make_runner(sqlite_database, now=lambda: datetime.now(UTC)), [], threading.Event()

    def throw(context):
        raise ValueError("broken")

    jobs = {
        "tick": make_job(lambda context: planned.append(context.planned), name="tick", trigger=every(1)),
        "slow": make_job(lambda context: gate.wait(10) and None, name="slow", trigger=every(1)),
        "bad": make_job(throw, name="bad", trigger=every(1)),
    }
    scheduler = make_scheduler(jobs, runner)
    scheduler.start()
    time.sleep(3.2)
    gate.set()
    time.sleep(1.2)
    scheduler.shutdown(wait=True)
    assert len(planned) >= 2
    assert all(moment.microsecond == 0 for moment in planned)
    found = records(sqlite_database, "job", "outcome")
    assert found.count(("bad", "failed")) >= 2
    assert ("slow", "missed") in found
    assert found.count(("slow", "done")) >= 1


def test_a_run_that_starts_too_late_is_missed(sqlite_database):
    """The scheduler itself was held up past the job's allowance."""
    runner = make_runner(sqlite_database, now=lambda: datetime.now(UTC))
    job = make_job(name="late", trigger=every(2), late_seconds=1)
    scheduler = make_scheduler({"late": job}, runner)
    scheduler.start(paused=True)
    wait = 2 - time.time() % 2
    time.sleep(wait + 1.3)
    scheduler.resume()
    time.sleep(0.3)
    scheduler.shutdown(wait=True)
    missed = [detail for outcome, detail in records(sqlite_database, "outcome", "detail") if outcome == "missed"]
    assert len(missed) == 1
    assert "could not start within 1 s" in str(Note.from_json(missed[0]))
