"""Setting the demo company up (准备): the quick part before the first page, the slow part beside it.

Both may be stopped at any point and called again: what is there is not made twice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date, datetime
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from dashboard.bootstrap import Application
from dashboard.database import Database
from dashboard.database.models import BATCHES, META
from dashboard.demo.configuration import INBOX, SOURCES
from dashboard.demo.inbox import Extract, history, hourly
from dashboard.instants import LOCAL
from dashboard.intake import import_file
from dashboard.judging.present import bring_up_to_date
from dashboard.judging.rules import rules_of

DEMO, PREPARING = "demo", "demo_preparing"
"""Keys of META: the day the demo was made, and the msgid of what is still being prepared."""
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
    _bring(app, hourly(made_on, moment), say)
    say("demo: judging")
    bring_up_to_date(app.db, rules_of(app.settings), app.now())
    with app.db.session() as connection:
        remember(connection, DEMO, made_on.isoformat())
        remember(connection, PREPARING, RECORDINGS)


def finish(app: Application, *, go_on: Callable[[], None]) -> str | None:
    """The next part of what is slow: this hour's exports, then recordings. None when nothing is left for now."""
    made_on = made_on_day(app.db)
    if made_on is None:
        return None
    moment = local(app.now())
    brought = _bring(app, hourly(made_on, moment), lambda _: go_on())
    return f"Took in {brought} new exports of the hour." if brought else None


def local(moment: datetime) -> datetime:
    """The wall clock of Asia/Shanghai, without its zone, as the demo's files write it."""
    return moment.astimezone(LOCAL).replace(tzinfo=None)


def made_on_day(db: Database) -> date | None:
    """The day on which the demo's history was made; None before."""
    with db.reading() as connection:
        text = connection.execute(sa.select(META.c.value).where(META.c.key == DEMO)).scalar()
    return date.fromisoformat(text) if text else None


def remember(connection: Connection, key: str, value: str) -> None:
    connection.execute(sa.delete(META).where(META.c.key == key))
    connection.execute(sa.insert(META).values(key=key, value=value))


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
