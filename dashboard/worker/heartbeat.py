"""Heartbeats (心跳): each process of ours says every few seconds that it lives; another sees when it does not."""

from __future__ import annotations

import logging
import os
import secrets
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from dashboard.database import Database
from dashboard.database.models import HEARTBEATS
from dashboard.errors import DatabaseUnusableError
from dashboard.instants import to_micros

BEAT_SECONDS = 5.0
SILENT_AFTER_SECONDS = 30.0
"""A process that has not been heard for this long is shown as silent."""
FORGET_AFTER = timedelta(days=7)

log = logging.getLogger("mingcha.heartbeat")


def new_holder() -> str:
    """A name for this process that no other has: machine, process number, four random bytes."""
    return f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"


def beat(db: Database, holder: str, kind: str, state: str, *, now: datetime) -> None:
    """Note that the process lives. `kind`: worker or web; `state`: leading, waiting, serving or stopped."""
    moment = to_micros(now)
    insert = sqlite.insert if db.dialect == "sqlite" else postgresql.insert
    row = {"holder": holder, "kind": kind, "state": state, "started_at": moment, "at": moment}
    with db.session() as connection:
        connection.execute(
            insert(HEARTBEATS)
            .values(row)
            .on_conflict_do_update(index_elements=["holder"], set_={"state": state, "at": moment})
        )


def forget_old(db: Database, *, now: datetime) -> None:
    """Drop heartbeats of processes that were last heard a week ago."""
    with db.session() as connection:
        connection.execute(sa.delete(HEARTBEATS).where(HEARTBEATS.c.at < to_micros(now - FORGET_AFTER)))


@contextmanager
def beating(db: Database, kind: str, state: str, now: Callable[[], datetime]) -> Iterator[None]:
    """Beat from a thread while the body runs (the web server cannot do it between its requests)."""
    holder, stop = new_holder(), threading.Event()

    def say(word: str) -> None:
        try:
            beat(db, holder, kind, word, now=now())
        except DatabaseUnusableError as error:
            log.warning("no heartbeat: %s", error)

    def keep_on() -> None:
        while True:
            say(state)
            if stop.wait(BEAT_SECONDS):
                return

    thread = threading.Thread(target=keep_on, name=f"{kind} heartbeat", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(timeout=BEAT_SECONDS)
        say("stopped")
