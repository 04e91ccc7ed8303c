"""`mingcha doctor` (体检): what an installation needs to work, each point ok, warn or fail, with what to do about it.

One more point is one more function in `CHECKS`. A point looks and never repairs.
"""

from __future__ import annotations

import os
import shutil
import stat
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from checks.clock import load_calendar
from checks.errors import RuleError
from checks.notices import with_notices
from checks.rulebook.loader import load_rulebook
from collectors.base import CollectorError
from collectors.video.faces import face_detector
from collectors.video.persons import person_detector
from dashboard import settings as settings_module
from dashboard.accounts.keepers import day_without, terms
from dashboard.accounts.managing import administrators
from dashboard.accounts.persons import any_account, local_day
from dashboard.bootstrap import Application, open_application
from dashboard.database.guards import powers
from dashboard.database.migrate import current_revision, known_revisions, latest_revision, require_file
from dashboard.database.models import ACCOUNTS
from dashboard.errors import MingchaError
from dashboard.intake.collecting import configured_sources
from dashboard.judging.notices import stored_notices
from dashboard.judging.rules import CALENDARS, RULEBOOKS, rules_named, rules_of
from dashboard.queries.jobs import last_runs, process_state
from dashboard.queries.staleness import silent_sources
from dashboard.settings import CONFIG_FILE, Settings
from dashboard.web.server import require_free, require_local

OK, WARN, FAIL = "ok", "warn", "fail"
LITTLE_SPACE = 2 << 30
CALENDAR_AHEAD = timedelta(days=45)
HEAD_LATE = timedelta(hours=26)
LOCAL = ZoneInfo("Asia/Shanghai")


@dataclass(frozen=True, slots=True)
class Finding:
    """One point: its name, ok | warn | fail, what was seen, what to do (empty when ok)."""

    check: str
    state: str
    message: str
    hint: str = ""

    @classmethod
    def of(cls, check: str, error: MingchaError | CollectorError | RuleError, state: str = FAIL) -> Finding:
        return cls(check, state, getattr(error, "message", str(error)), getattr(error, "hint", ""))


@dataclass(frozen=True, slots=True)
class Patient:
    """What is examined. `database` tells whether the tables can be asked."""

    settings: Settings
    application: Application
    database: bool
    now: datetime


def examine(environment: Mapping[str, str], directory: Path) -> list[Finding]:
    """All findings. A configuration or database that cannot be used ends what depends on it, not the examination."""
    try:
        settings = settings_module.load(environment, directory)
        application = open_application(environment=environment, directory=directory, need_tables=False)
    except MingchaError as error:
        return [Finding.of("configuration", error)]
    found = [_configuration(settings, environment, directory), *_readable_by_others(application)]
    database = list(_database(application))
    usable = all(finding.state != FAIL for finding in database)
    patient = Patient(settings, application, usable, application.now())
    found.extend(database)
    for check in CHECKS:
        found.extend(check(patient))
    return found


def _configuration(settings: Settings, environment: Mapping[str, str], directory: Path) -> Finding:
    path = Path(environment.get("MINGCHA_CONFIG") or directory / CONFIG_FILE)
    if not path.is_file():
        return Finding("configuration", WARN, f"There is no {path}; defaults are used.", "Run: mingcha init")
    if application_password(settings) and path.stat().st_mode & stat.S_IROTH:
        return Finding("configuration", WARN, f"{path} holds a password and others may read it.", f"chmod 600 {path}")
    return Finding("configuration", OK, str(path))


def application_password(settings: Settings) -> bool:
    """Whether the database URL of the settings holds a password."""
    try:
        return bool(sa.make_url(settings.database.url).password)
    except sa.exc.ArgumentError:
        return False


def _database(application: Application) -> Iterator[Finding]:
    db = application.db
    where = db.url.render_as_string(hide_password=True)
    try:
        require_file(db)
        revision = current_revision(db)
        if revision is not None:
            with db.session():
                pass  # the write lock is to be had and the file or server takes writes
    except MingchaError as error:
        yield Finding.of("database", error)
        return
    if revision is None:
        yield Finding("database", FAIL, f"{where} has no tables yet.", "Run: mingcha init")
    elif revision not in known_revisions():
        yield Finding("database", FAIL, f"{where} is at revision '{revision}', newer than this program.", "Upgrade it.")
    elif revision != latest_revision():
        yield Finding("database", WARN, f"{where} is at revision '{revision}'.", "The next start brings it up to date.")
    else:
        yield Finding("database", OK, f"{where}, revision {revision}")


def database_roles(patient: Patient) -> Iterator[Finding]:
    """On PostgreSQL the role that works every day must not be one that could change what is only added to."""
    db = patient.application.db
    if db.dialect != "postgresql" or not patient.database:
        return
    owner, hint = db.migration_url, "See docs/operations.md, PostgreSQL: a role that owns, another that works."
    if owner is not None and owner.username == db.url.username:
        yield Finding("database roles", FAIL, "MINGCHA_MIGRATION_URL and the database's URL name one role.", hint)
        return
    with db.reading() as connection:
        could = powers(connection)
    if could:
        yield Finding("database roles", FAIL, f"The everyday role '{db.url.username}' {', '.join(could)}.", hint)
    elif owner is not None:
        what = "The owner's password stands in this process's surroundings."
        yield Finding("database roles", WARN, what, "Give MINGCHA_MIGRATION_URL to `mingcha init` alone.")
    else:
        yield Finding("database roles", OK, f"'{db.url.username}' may only add to what must stay")


def _readable_by_others(application: Application) -> Iterator[Finding]:
    """A SQLite file holds customers' numbers and complaints; only our user should read it."""
    path = application.db.path
    if application.db.dialect == "sqlite" and path.is_file() and path.stat().st_mode & 0o077:
        yield Finding("database file", WARN, f"{path} can be read by others on this machine.", f"chmod 600 {path}")


def _sources(patient: Patient) -> Iterator[Finding]:
    try:
        configs = configured_sources(patient.settings)
    except CollectorError as error:
        yield Finding.of("sources", error)
        return
    yield from _silent(patient)
    if configs:
        yield Finding("sources", OK, ", ".join(config.name for config in configs))
    else:
        yield Finding(
            "sources", WARN, "No [[sources]] are configured.", f"Add some to {CONFIG_FILE}, or import by hand."
        )


def _silent(patient: Patient) -> Iterator[Finding]:
    """Sources past their `expect_within`."""
    try:
        rules = rules_of(patient.settings)
    except RuleError:  # named by its own point
        return
    if not patient.database:
        return
    viewer, db = patient.application.viewer, patient.application.db
    for silent in silent_sources(db, viewer, rules, as_of=patient.now):
        last = f"{silent.last.astimezone(LOCAL):%Y-%m-%d %H:%M}" if silent.last else "never"
        what = f"Nothing new for longer than expected; its last {silent.record} came: {last}."
        yield Finding(f"source {silent.source}", WARN, what, "See the Sources page and what sends the data.")


def _rulebook(patient: Patient) -> Iterator[Finding]:
    try:
        book = load_rulebook(patient.settings.company.rulebook, patient.settings.path(RULEBOOKS))
    except RuleError as error:
        yield Finding.of("rulebook", error)
        return
    today = patient.now.astimezone(LOCAL).date()
    edition = book.edition_on(today)
    if edition is None:
        yield Finding("rulebook", FAIL, f"No edition of '{book.name}' is in force on {today}.", "Add an edition.")
    else:
        yield Finding("rulebook", OK, f"{edition.code} is in force")


def _foreign_rulebooks(patient: Patient) -> Iterator[Finding]:
    """Those that sources of foreign records name, with their calendars and time zones."""
    named = {str(raw["rulebook"]) for raw in patient.settings.sources if raw.get("rulebook")}
    for name in sorted(named - {patient.settings.company.rulebook}):
        try:
            rules = rules_named(patient.settings, name)
        except (RuleError, MingchaError) as error:
            yield Finding.of("rulebook", error)
        else:
            days = f"{rules.calendar.name}, {rules.calendar.zone}"
            yield Finding("rulebook", OK, f"foreign records by {rules.rulebook.editions[-1].code} ({days})")


def _calendar(patient: Patient) -> Iterator[Finding]:
    try:
        calendar = load_calendar(patient.settings.company.calendar, patient.settings.path(CALENDARS))
        if patient.database:
            calendar = with_notices(calendar, stored_notices(patient.application.db, calendar.name))
        last = calendar.published[1]
    except RuleError as error:
        yield Finding.of("calendar", error)
        return
    ahead = last - patient.now.astimezone(LOCAL).date()
    hint = (
        "Load the year's notice as soon as it is out (mingcha calendar import FILE); deadlines beyond are provisional."
    )
    state = OK if ahead >= CALENDAR_AHEAD else WARN
    yield Finding("calendar", state, f"Working days are published until {last}.", hint if state == WARN else "")


def _detector(patient: Patient) -> Iterator[Finding]:
    try:
        detector = person_detector(_model_path(patient.settings))
    except CollectorError as error:
        yield Finding.of("person detector", error)
        return
    if detector.kind == "none":
        yield Finding("person detector", WARN, "None: empty windows are not judged.", "Set [video] person_model.")
    else:
        yield Finding("person detector", OK, detector.name)


def _model_path(settings: Settings) -> str | None:
    model = settings.video.person_model
    return str(settings.path(model)) if model and model != "none" else model


def _face_model(patient: Patient) -> Iterator[Finding]:
    """Whose faces are hidden in copies for others rests on it."""
    name = patient.settings.video.face_model
    try:
        detector = face_detector(str(patient.settings.path(name)) if name else None)
    except CollectorError as error:
        yield Finding.of("face model", error)
        return
    if detector.name == "none":
        yield Finding("face model", WARN, "None: in copies only whole persons are hidden.", "Set [video] face_model.")
    else:
        yield Finding("face model", OK, detector.name)


def _evidence(patient: Patient) -> Iterator[Finding]:
    folder = patient.settings.path(patient.settings.video.evidence_dir)
    if not folder.is_dir():
        yield Finding("evidence folder", FAIL, f"There is no folder {folder}.", "Run: mingcha init")
        return
    try:
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        yield Finding("evidence folder", FAIL, f"{folder} cannot be written: {error.strerror}.", "Give us the right.")
        return
    free = shutil.disk_usage(folder).free
    text = f"{folder}, {free / (1 << 30):.1f} GB free"
    yield (
        Finding("evidence folder", OK, text)
        if free > LITTLE_SPACE
        else Finding("evidence folder", WARN, text, "Free some space: captures fail when the disk is full.")
    )


def _secret(patient: Patient) -> Iterator[Finding]:
    path = patient.settings.path(patient.settings.plan.secret_file)
    if not path.is_file():
        yield Finding("plan secret", FAIL, f"There is no file {path}.", "Run: mingcha init")
    elif not os.access(path, os.R_OK):
        yield Finding("plan secret", FAIL, f"{path} cannot be read by this user.", "Run as the worker's user.")
    elif path.stat().st_mode & 0o077:
        yield Finding(
            "plan secret", FAIL, f"{path} can be read by others, who could foresee the draw.", f"chmod 600 {path}"
        )
    elif len(path.read_bytes().rstrip(b"\n")) < 16:
        yield Finding("plan secret", FAIL, f"{path} is shorter than 16 bytes.", "Remove it and run: mingcha init")
    else:
        yield Finding("plan secret", OK, str(path))


def _signing_key(patient: Patient) -> Iterator[Finding]:
    path = patient.settings.path(patient.settings.evidence.key_file)
    if not path.is_file():
        yield Finding("evidence key", WARN, f"There is no file {path}: heads are not signed.", "Run: mingcha init")
    elif path.stat().st_mode & 0o077:
        what = f"{path} can be read by others, who could sign a chain of their own."
        yield Finding("evidence key", FAIL, what, f"chmod 600 {path}")
    elif path.is_relative_to(patient.settings.path(patient.settings.video.evidence_dir)):
        yield Finding("evidence key", FAIL, f"{path} lies in the evidence folder.", "Set another [evidence] key_file.")
    else:
        yield Finding("evidence key", OK, str(path))


def _form_key(patient: Patient) -> Iterator[Finding]:
    """Whether who wrote the forms can still be opened; nothing while there is none."""
    if not patient.database:
        return
    from dashboard.forms.sealing import SealError, opens

    path = patient.settings.path(patient.settings.forms.key_file)
    try:
        sealed = opens(patient.application.db, patient.settings)
    except SealError as error:
        yield Finding("form key", FAIL, error.message, error.hint or "Bring back the key from its copy.")
        return
    if sealed and path.stat().st_mode & 0o077:
        yield Finding("form key", FAIL, f"{path} can be read by others, who could open forms.", f"chmod 600 {path}")
    elif sealed:
        yield Finding("form key", OK, f"{path} opens what is sealed; keep a copy apart from the database's")


def _chain(patient: Patient) -> Iterator[Finding]:
    """How far the chain goes, whether its head is signed, and what the last verification found."""
    if not patient.database:
        return
    from dashboard.evidence.complete import last_verification
    from dashboard.evidence.heads import end_of, last_head

    with patient.application.db.reading() as connection:
        count, head = end_of(connection)[0], last_head(connection)
    last = last_verification(patient.application)
    if last is not None and not last.ok:
        first = last.problems[0]
        when = f"{last.at.astimezone(LOCAL):%Y-%m-%d %H:%M}"
        what = f"{len(last.problems)} problems on {when}, first {first['kind']}: {first['what']}"
        yield Finding("evidence chain", FAIL, what, "Run: mingcha verify")
    signed = f"head signed {head.at.astimezone(LOCAL):%Y-%m-%d %H:%M}" if head else "no head signed yet"
    late = head is None or (head.count < count and patient.now - head.at > HEAD_LATE)
    hint = "The worker signs every hour: see the Sources page." if late else ""
    yield Finding("evidence chain", WARN if late else OK, f"{count} entries, {signed}", hint)
    if patient.settings.evidence.heads_dir is None:
        what = "No [evidence] heads_dir: signed heads stay beside the database that they prove."
        yield Finding("evidence heads", WARN, what, "Name a folder of the auditor's, on another machine.")


def _accounts(patient: Patient) -> Iterator[Finding]:
    """Somebody must be able to let people in; what `[people]` says counts no more once there are accounts."""
    if not _proved(patient):
        yield Finding("accounts", OK, "None yet: people are believed until the first mingcha up or mingcha web.")
        return
    with patient.application.db.reading() as connection:
        left, without = administrators(connection, patient.now), day_without(terms(connection), local_day(patient.now))
    if left and without is not None:
        what = f"From {without} on no administrator sees the whole company."
        yield Finding("accounts", WARN, what, "An administrator makes another one before that: mingcha people add")
    elif left:
        yield Finding("accounts", OK, "People prove who they are; [people] is believed no more.")
    else:
        hint = "Run: mingcha people add NAME --role administrator --office '*', then mingcha people link NAME"
        yield Finding("accounts", FAIL, "No active administrator sees the whole company.", hint)


def _proved(patient: Patient) -> bool:
    """Whether there are accounts; an older database has not even the table."""
    if not patient.database:
        return False
    with patient.application.db.reading() as connection:
        return sa.inspect(connection).has_table(ACCOUNTS.name) and any_account(connection)


def _web(patient: Patient) -> Iterator[Finding]:
    web = patient.settings.web
    state = _state(patient, "web") if patient.database else "never"
    serving = state == "serving"
    try:
        require_local(web.address, web.hosts, accounts=_proved(patient))
        if not serving:
            require_free(web.port, web.address)
    except MingchaError as error:
        yield Finding.of("web", error)
        return
    if state == "silent":
        what = "The web server has fallen silent: it was killed or the machine stopped."
        yield Finding("web", FAIL, what, "Start it: mingcha up (or mingcha web)")
        return
    if web.hosts and not web.https:
        what = "[web] https is not set: passwords and cookies travel readable, and forms of an https page are refused."
        yield Finding("web", WARN, what, "Put a proxy that speaks https before it, and set https = true.")
        return
    yield Finding("web", OK, "The web server is alive." if serving else f"port {web.port} is free")


def _worker(patient: Patient) -> Iterator[Finding]:
    if not patient.database:
        return
    start = "Start it: mingcha up (or mingcha worker)"
    said = {
        "leading": (OK, "A worker leads.", ""),
        "waiting": (WARN, "Workers wait and none leads yet.", "Look again in 30 s."),
        "stopped": (WARN, "No worker runs; the last one was stopped.", start),
        "never": (WARN, "No worker has run yet.", start),
        "silent": (FAIL, "The worker has fallen silent: it was killed or the machine stopped.", start),
    }
    yield Finding("worker", *said[_state(patient, "worker")])
    for run in last_runs(patient.application.db, patient.application.viewer, as_of=patient.now):
        if run.outcome in ("failed", "abandoned"):
            what = f"The last run of '{run.job}' ({run.planned_at:%Y-%m-%d %H:%M} UTC) was {run.outcome}: {run.detail}"
            yield Finding(f"job {run.job}", WARN, what, "See the Sources page and the worker's log.")


def _state(patient: Patient, kind: str) -> str:
    return process_state(patient.application.db, patient.application.viewer, kind, as_of=patient.now).state


def _backup_tools(patient: Patient) -> Iterator[Finding]:
    if patient.application.db.dialect == "postgresql" and shutil.which("pg_dump") is None:
        yield Finding("backup", WARN, "pg_dump is not installed.", "On Debian: apt-get install postgresql-client")


CHECKS: tuple[Callable[[Patient], Iterator[Finding]], ...] = (
    database_roles,
    _sources,
    _rulebook,
    _foreign_rulebooks,
    _calendar,
    _detector,
    _face_model,
    _evidence,
    _secret,
    _signing_key,
    _form_key,
    _chain,
    _accounts,
    _web,
    _worker,
    _backup_tools,
)
