"""Setting the demo company up (准备): the quick part before the first page, the slow part beside it.

Both may be stopped at any point and called again: what is there is not made twice.
"""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime, timedelta
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from collectors.video.plan import moment_of
from dashboard.bootstrap import Application
from dashboard.database import Database
from dashboard.database.models import BATCHES, META
from dashboard.demo import blindlooks, casework
from dashboard.demo.company import halls
from dashboard.demo.configuration import INBOX, SOURCES
from dashboard.demo.extract import Extract
from dashboard.demo.footage import Moment, forget_recordings, make_recording, make_reference, recordings
from dashboard.demo.inbox import history, hourly, turned_since
from dashboard.instants import LOCAL
from dashboard.intake import import_file
from dashboard.judging.present import bring_up_to_date
from dashboard.judging.rules import rules_of
from dashboard.sampling.days import due_slots
from dashboard.sampling.sealing import seal, seed_for

DEMO, PREPARING = "demo", "demo_preparing"
"""Keys of META: the day the demo was made, and the msgid of what is still being prepared."""
KEEP_DAYS = 3
RECORDINGS = "recordings of six halls, for yesterday and today"
_CONFIGS = {config.name: config for config in SOURCES}


def prepare(app: Application, *, say: Callable[[str], None]) -> None:
    """Files up to this hour, imported and judged. Done again only as far as it is missing."""
    moment = local(app.now())
    made_on = made_on_day(app.db)
    if made_on is None:
        made_on = moment.date()
        say("demo: writing and importing half a year of files of a made-up company")
        _bring(app, history(made_on), say)
        say("demo: what reviewers said without knowing each other")
        blindlooks.tell(app)
        say("demo: cases that people have been dealing with")
        casework.work_on(app, made_on)
    _bring(app, hourly(made_on, moment), say)
    say("demo: judging")
    bring_up_to_date(app.db, rules_of(app.settings, app.db), app.now())
    with app.db.session() as connection:
        remember(connection, DEMO, made_on.isoformat())
        remember(connection, PREPARING, RECORDINGS)


def finish(app: Application, *, go_on: Callable[[], None]) -> str | None:
    """What is slow: this hour's exports, and the recordings that are missing.

    Calls `go_on` between steps. Returns a sentence on what was done, None when nothing was left for now.
    """
    made_on = made_on_day(app.db)
    if made_on is None:
        return None
    moment = local(app.now())
    brought = _bring(app, hourly(made_on, moment), lambda _: go_on())
    filmed = _film(app, made_on, moment.date(), go_on)
    if is_filming(app.db):
        # with its plan sealed, late as it is, the worker's sampling takes the day before as it takes today
        seal(app.db, app.settings, made_on - timedelta(days=1), by=app.viewer, now=app.now())
        with app.db.session() as connection:
            forget(connection, PREPARING)
    parts = ((brought, "exports of the hour"), (filmed, "recordings"))
    done = [f"{number} {what}" for number, what in parts if number]
    return ", ".join(done) or None


def is_filming(db: Database) -> bool:
    """Whether recordings are still to be made: until then nobody should ask the recorder for them."""
    with db.reading() as connection:
        return connection.execute(sa.select(META.c.value).where(META.c.key == PREPARING)).scalar() is not None


def _film(app: Application, made_on: date, today: date, go_on: Callable[[], None]) -> int:
    """Make the recordings of today, and on the first day those of the day before; forget old ones."""
    home, made = app.settings.home, 0
    for hall in halls():
        for camera in hall.cameras if hall.filmed else ():
            make_reference(hall, camera, home)
    days = (today, made_on - timedelta(days=1)) if today == made_on else (today,)
    with ThreadPoolExecutor(1, initializer=_be_quiet) as pool:
        for recording in (recording for day in days for recording in recordings(_moments(app, day))):
            if not recording.path(home).exists():
                go_on()
                pool.submit(make_recording, recording, home, turned_since(made_on)).result()
                made += 1
    forget_recordings(home, before=today - timedelta(days=KEEP_DAYS))
    return made


def _be_quiet() -> None:
    """Let everything else go first: on Linux the niceness of a thread is its own."""
    with contextlib.suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), 10)


def _moments(app: Application, day: date) -> list[Moment]:
    """The moments that the plan has drawn for the day: the demo knows its own secret."""
    due = due_slots(app.db, app.settings, day)
    seed = seed_for(app.db, app.settings, day) if due else b""
    return [Moment(one.hall, one.slot.number, _wall_clock(moment_of(seed, one.hall, day, one.slot))) for one in due]


def _wall_clock(moment: datetime) -> datetime:
    return moment.replace(tzinfo=None)


def local(moment: datetime) -> datetime:
    """The wall clock of Asia/Shanghai, without its zone, as the demo's files write it."""
    return moment.astimezone(LOCAL).replace(tzinfo=None)


def made_on_day(db: Database) -> date | None:
    """The day on which the demo's history was made; None before."""
    with db.reading() as connection:
        text = connection.execute(sa.select(META.c.value).where(META.c.key == DEMO)).scalar()
    return date.fromisoformat(text) if text else None


def remember(connection: Connection, key: str, value: str) -> None:
    forget(connection, key)
    connection.execute(sa.insert(META).values(key=key, value=value))


def forget(connection: Connection, key: str) -> None:
    connection.execute(sa.delete(META).where(META.c.key == key))


def _bring(app: Application, extracts: Iterable[Extract], say: Callable[[str], None]) -> int:
    """Write and import the files that are not in yet; returns how many."""
    known, brought, source = _files_taken_in(app.db), 0, ""
    folder = app.settings.path(INBOX)
    for extract in extracts:
        name = str(Path(INBOX) / extract.path)
        if name in known:
            continue
        if extract.source != source:
            source = extract.source
            say(f"demo: {source}")
        path = extract.write(folder)
        slots = app.settings.video.slot_table
        import_file(app.db, by=app.viewer, path=path, config=_CONFIGS[source], now=app.now(), slots=slots, name=name)
        brought += 1
    return brought


def _files_taken_in(db: Database) -> frozenset[str]:
    with db.reading() as connection:
        return frozenset(connection.execute(sa.select(BATCHES.c.file).where(BATCHES.c.state == "done")).scalars())
