"""The steps that the worker takes (工作步骤): each a function that can be called alone, and the table of when.

A step says in a `Note` what it did; None when there was nothing to do. What it throws fails its run and is shown.
"""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

from dashboard.actions.configuring import note_files
from dashboard.bootstrap import Application
from dashboard.cases.opening import keep_cases
from dashboard.errors import MingchaError
from dashboard.intake.collecting import collect
from dashboard.judging.present import bring_up_to_date
from dashboard.judging.rules import rules_of
from dashboard.queries.jobs import process_state
from dashboard.queries.yesterday import take_picture
from dashboard.sampling import gaps
from dashboard.sampling.followup import follow_up_due
from dashboard.sampling.mornings import look_at_mornings
from dashboard.sampling.sealing import seal
from dashboard.sampling.taking import take_due
from dashboard.settings import Settings
from dashboard.warning.keeping import keep_warnings
from dashboard.worker import evidence, heartbeat, runs, telling
from dashboard.worker.jobs import LOCAL, Context, Job, daily, every
from dashboard.worker.runs import Note

KEEP_DONE_RUNS, KEEP_IDLE_RUNS = timedelta(days=30), timedelta(days=1)
LOOKS_AT_ONCE = 16


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


def sample(context: Context) -> Note | None:
    """Take the looks whose moment has come; a live one lasts a minute, so several runs overlap."""
    application = context.application
    if application.settings.company.demo and _demo_is_filming(application):
        return None  # its recorder has nothing yet: every past moment would end as a missing recording
    taken = take_due(application.db, application.settings, application.now(), application.viewer, go_on=context.go_on)
    if not taken:
        return None
    counts = Counter(look.outcome for look in taken)
    text = "{n} looks: {captured} captured, {missed} missed, {not_checkable} not checkable"
    return Note(text, {"n": len(taken), **{name: counts[name] for name in ("captured", "missed", "not_checkable")}})


def follow_up(context: Context) -> Note | None:
    """Prove or refute how long candidates of unproven duration lasted; look at the minutes before opening."""
    application = context.application
    if application.settings.company.demo and _demo_is_filming(application):
        return None
    done = follow_up_due(application.db, application.settings, application.now(), application.viewer)
    look_at_mornings(application.db, application.settings, application.now(), application.viewer)
    return Note("{n} candidates followed to their end", {"n": len(done)}) if done else None


def note_gaps(context: Context) -> Note | None:
    """What yesterday's recordings lack, as candidates of item F04."""
    application = context.application
    day = context.planned.astimezone(LOCAL).date() - timedelta(days=1)
    found = gaps.note_gaps(application.db, application.settings, day, now=application.now())
    return Note("{n} gaps of recordings to be judged", {"n": found}) if found else None


def seal_tomorrow(context: Context) -> Note | None:
    """Seal the plan of the day after the planned evening: its commitment is stored before anything can be known.

    Made up for after midnight it seals that same day, late, and the stored time of sealing says so.
    """
    application = context.application
    day = context.planned.astimezone(LOCAL).date() + timedelta(days=1)
    sealed = seal(application.db, application.settings, day, by=application.viewer, now=application.now())
    return Note("Plan of {day} sealed: {commitment}", {"day": str(day), "commitment": sealed.commitment})


def judge(context: Context) -> Note | None:
    """Judge what changed, or whose time has run out, and keep the roll-ups present."""
    application = context.application
    outcome = bring_up_to_date(application.db, rules_of(application.settings, application.db), application.now())
    return Note("{n} records judged", {"n": outcome.judged}) if outcome.judged else None


def warn(context: Context) -> Note | None:
    """Enter what is about to breach or handled badly, close what is over; by which rules the company's files say."""
    application = context.application
    note_files(application)
    rules = rules_of(application.settings, application.db)
    done = keep_warnings(application.db, rules, application.now())
    said = {"entered": done.entered, "closed": done.closed}
    return Note("{entered} warnings entered, {closed} over", said) if done.entered or done.closed else None


def keep_violations(context: Context) -> Note | None:
    """Open, join and end violations as what they rest on came, was joined, or does not stand any more."""
    application = context.application
    rules = rules_of(application.settings, application.db)
    done = keep_cases(application.db, application.settings, rules, application.now())
    said = {"opened": done.opened, "joined": done.joined, "ended": done.ended}
    return Note("{opened} violations opened, {joined} joined, {ended} ended", said) if any(said.values()) else None


def _demo_is_filming(application: Application) -> bool:
    from dashboard import demo

    return demo.is_filming(application.db)


def go_on_with_demo(context: Context) -> Note | None:
    """The demo company's recordings and its exports of the hour."""
    from dashboard import demo  # the demo company is large; a real installation never loads it

    done = demo.finish(context.application, go_on=context.go_on)
    return None if done is None else Note("{text}", {"text": done})


def picture(context: Context) -> Note | None:
    """Keep where every office stands in the running quarter, so that tomorrow can tell who moved."""
    application = context.application
    rules = rules_of(application.settings, application.db)
    bring_up_to_date(application.db, rules, application.now())
    kept = take_picture(application.db, application.viewer, rules, now=application.now())
    return Note("{n} places in the league kept", {"n": kept}) if kept else None


class WebSilentError(MingchaError):
    """The web server was there and is not heard any more: nobody can look at a page."""


def watch_web(context: Context) -> Note | None:
    """Whether the web server lives. Raises WebSilentError once when it falls silent, and says once that it is back."""
    application = context.application
    state = process_state(application.db, application.viewer, "web", as_of=application.now())
    told = runs.last_telling(application.db, "web")
    if state.state == "silent" and told != runs.FAILED:
        heard = state.last_heard.astimezone(LOCAL) if state.last_heard else None
        raise WebSilentError(
            f"The web server has been silent since {heard:%Y-%m-%d %H:%M:%S}.", "Start it: mingcha up (or mingcha web)."
        )
    if state.state == "serving" and told == runs.FAILED and state.since is not None:
        since = f"{state.since.astimezone(LOCAL):%H:%M:%S}"
        return Note("The web server speaks again, since {since}", {"since": since})
    return None


def tidy(context: Context) -> Note | None:
    """Forget records of good runs older than 30 days, of idle ones after a day, and heartbeats older than a week."""
    now = context.application.now()
    heartbeat.forget_old(context.application.db, now=now)
    count = runs.forget_done(context.application.db, before=now - KEEP_DONE_RUNS, idle_before=now - KEEP_IDLE_RUNS)
    return Note("{n} old run records forgotten", {"n": count}) if count else None


def jobs_of(settings: Settings) -> dict[str, Job]:
    """The jobs of an installation, by name. Judging is half a minute after collecting: both write much."""
    jobs = [
        Job("collect", "Ask the sources that are due", every(60), collect_due),
        Job("sample", "Take the spot-checks whose moment has come", every(10), sample, at_once=LOOKS_AT_ONCE),
        Job("follow", "Prove how long candidates lasted", every(60, offset=20), follow_up),
        Job("seal", "Seal tomorrow's plan", daily(20), seal_tomorrow, late_seconds=3600, catch_up=True),
        Job(
            "gaps", "Look for gaps of yesterday's recordings", daily(0, 40), note_gaps, late_seconds=3600, catch_up=True
        ),
        Job("judge", "Judge what changed", every(60, offset=30), judge),
        Job("warn", "Warn of what is about to breach", every(60, offset=40), warn),
        Job("cases", "Open violations from what came", every(60, offset=55), keep_violations),
        Job("picture", "Keep where every office stands", every(3600, offset=50), picture),
        Job("head", "Sign the chain of evidence", every(3600, offset=20), evidence.sign, late_seconds=600),
        Job("retention", "Remove what is past its term", daily(3, 40), evidence.keep_terms, late_seconds=3600),
        Job("whole", "Look whether the evidence is whole", daily(4, 10), evidence.verify_new, late_seconds=3600),
        Job("web", "Look whether the web server lives", every(60, offset=45), watch_web),
        Job("rise", "Tell who has a warning or a case next", every(60, offset=50), telling.rise),
        Job("tell", "Send the notices that are due", every(30, offset=5), telling.tell, late_seconds=25),
        Job("tidy", "Forget old run records", daily(3, 30), tidy, late_seconds=3600),
    ]
    if settings.company.demo:
        jobs.append(Job("demo", "Go on preparing the demo company", every(60, offset=15), go_on_with_demo))
    return {job.name: job for job in jobs}
