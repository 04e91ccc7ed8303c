"""The steps that the worker takes (工作步骤): each a function that can be called alone, and the table of when.

A step says in a `Note` what it did; None when there was nothing to do. What it throws fails its run and is shown.
"""

from __future__ import annotations

from datetime import timedelta

from dashboard.errors import MingchaError
from dashboard.intake.collecting import collect
from dashboard.judging.present import bring_up_to_date
from dashboard.judging.rules import rules_of
from dashboard.settings import Settings
from dashboard.worker import heartbeat, runs
from dashboard.worker.jobs import Context, Job, daily, every
from dashboard.worker.runs import Note

KEEP_DONE_RUNS = timedelta(days=30)


class SourcesFailedError(MingchaError):
    """Some sources or files could not be read; the others were taken in."""


def collect_due(context: Context) -> Note | None:
    """Ask every source that is due. Raises SourcesFailedError naming those that failed, after asking the others."""
    report = collect(context.application, go_on=context.go_on)
    if report.failures:
        raise SourcesFailedError(
            "; ".join(f"{f.source} {f.file or ''}".strip() + f": {f.message}" for f in report.failures)
        )
    if not report.batches:
        return None
    counts = {name: sum(batch.counts()[name] for batch in report.batches) for name in ("new", "updated", "quarantined")}
    text = "{files} files read: {new} new, {updated} updated, {quarantined} quarantined"
    return Note(text, {"files": len({batch.file for batch in report.batches}), **counts})


def judge(context: Context) -> Note | None:
    """Judge what changed, or whose time has run out, and keep the roll-ups present."""
    application = context.application
    outcome = bring_up_to_date(application.db, rules_of(application.settings), application.now())
    return Note("{n} records judged", {"n": outcome.judged}) if outcome.judged else None


def go_on_with_demo(context: Context) -> Note | None:
    """The demo company's recordings and its exports of the hour."""
    from dashboard import demo  # the demo company is large; a real installation never loads it

    done = demo.finish(context.application, go_on=context.go_on)
    return None if done is None else Note("{text}", {"text": done})


def tidy(context: Context) -> Note | None:
    """Forget records of good runs older than 30 days and heartbeats older than a week."""
    now = context.application.now()
    heartbeat.forget_old(context.application.db, now=now)
    count = runs.forget_done(context.application.db, before=now - KEEP_DONE_RUNS)
    return Note("{n} old run records forgotten", {"n": count}) if count else None


def jobs_of(settings: Settings) -> dict[str, Job]:
    """The jobs of an installation, by name. Judging is half a minute after collecting: both write much."""
    jobs = [
        Job("collect", "Ask the sources that are due", every(60), collect_due),
        Job("judge", "Judge what changed", every(60, offset=30), judge),
        Job("tidy", "Forget old run records", daily(3, 30), tidy, late_seconds=3600),
    ]
    if settings.company.demo:
        jobs.append(Job("demo", "Go on preparing the demo company", every(60, offset=15), go_on_with_demo))
    return {job.name: job for job in jobs}
