"""What the sources bring (数据来源): when each was last asked and heard, and the batches with their counts."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

import polars as pl
import sqlalchemy as sa

from collectors.header_change import HEADER_CHANGED, Aligned, beside
from collectors.mapping import SourceConfig
from dashboard.database import Database
from dashboard.database.models import BATCHES, SOURCE_STATES
from dashboard.instants import from_micros, to_micros
from dashboard.intake.by_hand import STATE as BY_HAND
from dashboard.intake.states import ASKED_AT
from dashboard.people import Viewer
from dashboard.privacy import masked

State = Literal["current", "silent", "failing", "never"]


@dataclass(frozen=True, slots=True)
class SourceState:
    """How one source is doing. Times are aware UTC."""

    name: str
    record: str
    configured: bool
    """False for what was brought by hand (`mingcha import`)."""
    state: State
    """current | silent (nothing for longer than expected) | failing (its last batch failed) | never (nothing yet)"""
    last_asked: datetime | None
    last_stored: datetime | None
    """Arrival of the last batch that was stored: what pages resting on it are as of."""
    expected_within: timedelta | None
    last_file: str | None
    error: str | None
    """Why the last batch failed, None if it did not."""


def source_states(
    db: Database, viewer: Viewer, *, configs: Sequence[SourceConfig], as_of: datetime
) -> list[SourceState]:
    """Configured sources in their order, then what was brought by hand. Errors are for who sees the whole company."""
    last = _last_batches(db, as_of)
    asked = _asked(db)
    known = {(config.name, config.record): config for config in configs}
    keys = [*known, *(key for key in sorted(last) if key not in known)]
    return [_state(key, known.get(key), last.get(key, {}), asked.get(key[0]), as_of, viewer) for key in keys]


@dataclass(frozen=True, slots=True)
class ChangedHeader:
    """A file that was refused because its header is none of those its source was saved with."""

    source: str
    record: str
    file: str
    at: datetime
    columns: Sequence[Aligned]
    """The saved header's columns beside those of the file."""


def changed_headers(db: Database, viewer: Viewer, *, as_of: datetime) -> list[ChangedHeader]:
    """Sources whose last file was refused for its header and has not been read since; for who sees the company."""
    if not viewer.sees_everything:
        return []
    found: list[ChangedHeader] = []
    for (source, record), last in sorted(_last_batches(db, as_of).items()):
        failed, done = last.get("failed"), last.get("done")
        if failed is None or (done is not None and done.id > failed.id):  # type: ignore[attr-defined]
            continue
        details = json.loads(failed.details or "{}")  # type: ignore[attr-defined]
        if details.get("reason") == HEADER_CHANGED:
            columns = beside(details["expected"], details["header"])
            at = from_micros(failed.started_at)  # type: ignore[attr-defined]
            found.append(ChangedHeader(source, record, failed.file, at, columns))  # type: ignore[attr-defined]
    return found


def batches(
    db: Database,
    viewer: Viewer,
    *,
    as_of: datetime,
    source: str | None = None,
    record: str | None = None,
    limit: int = 200,
) -> pl.DataFrame:
    """The latest batches with their counts, newest first; `error` only for who sees the whole company."""
    query = sa.select(BATCHES).where(BATCHES.c.started_at <= to_micros(as_of))
    if source is not None:
        query = query.where(BATCHES.c.source == source)
    if record is not None:
        query = query.where(BATCHES.c.record == record)
    frame = db.frame(query.order_by(BATCHES.c.id.desc()).limit(limit))
    told = [masked("text", error) if viewer.sees_everything else None for error in frame["error"]]
    return frame.with_columns(pl.Series("error", told, dtype=pl.String))


def _last_batches(db: Database, as_of: datetime) -> dict[tuple[str, str], dict[str, object]]:
    """(source, record) → the last batch of each ending: `done`, `failed`."""
    latest = (
        sa.select(sa.func.max(BATCHES.c.id))
        .where(BATCHES.c.started_at <= to_micros(as_of), BATCHES.c.replay_of.is_(None))  # a replay brings nothing new
        .where(BATCHES.c.state != BY_HAND)  # no source: a person changed offices
        .group_by(BATCHES.c.source, BATCHES.c.record, BATCHES.c.state)
    )
    query = sa.select(BATCHES).where(BATCHES.c.id.in_(latest))
    found: dict[tuple[str, str], dict[str, object]] = {}
    with db.reading() as connection:
        for row in connection.execute(query):
            found.setdefault((row.source, row.record), {})[row.state] = row
    return found


def _asked(db: Database) -> dict[str, datetime]:
    query = sa.select(SOURCE_STATES.c.source, SOURCE_STATES.c.value).where(SOURCE_STATES.c.key == ASKED_AT)
    with db.reading() as connection:
        return {row.source: from_micros(int(row.value)) for row in connection.execute(query)}


def _state(
    key: tuple[str, str],
    config: SourceConfig | None,
    last: dict[str, object],
    asked: datetime | None,
    as_of: datetime,
    viewer: Viewer,
) -> SourceState:
    done, failed = last.get("done"), last.get("failed")
    failing = failed if failed is not None and (done is None or failed.id > done.id) else None  # type: ignore[attr-defined]
    stored = from_micros(done.started_at) if done is not None else None  # type: ignore[attr-defined]
    expected = config.expected_within if config else None
    return SourceState(
        name=key[0],
        record=key[1],
        configured=config is not None,
        state=_word(stored, expected, as_of, failing=failing is not None),
        last_asked=asked,
        last_stored=stored,
        expected_within=expected,
        last_file=done.file if done is not None else None,  # type: ignore[attr-defined]
        error=masked("text", failing.error) if failing is not None and viewer.sees_everything else None,  # type: ignore[attr-defined]
    )


def _word(stored: datetime | None, expected: timedelta | None, as_of: datetime, *, failing: bool) -> State:
    if failing:
        return "failing"
    if stored is None:
        return "never"
    return "silent" if expected is not None and as_of - stored > expected else "current"
