"""Configured sources, asked in turn (采集一轮): the worker's step and `mingcha collect`.

Each file is its own transaction. A source that fails does not keep the others from being asked; what failed is named.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from collectors import SOURCES
from collectors.base import Arrival, CollectorError
from collectors.mapping import SourceConfig, did_you_mean, parse_config
from collectors.spool import tidy
from collectors.surroundings import Surroundings
from dashboard.bootstrap import Application
from dashboard.database import Database
from dashboard.database.models import BATCHES
from dashboard.errors import UsageError
from dashboard.instants import from_micros, to_micros
from dashboard.intake.registry import known_measures
from dashboard.intake.replaying import Given
from dashboard.intake.report import BatchReport
from dashboard.intake.states import ASKED_AT, FAILURES, FIRST_ASKED_AT, remembered, remembering
from dashboard.intake.taking import take_in
from dashboard.intake.watching import watch_company
from dashboard.settings import SAVED_IN, Settings, with_saved_sources

SPOOL = "var/spool"
FIRST_PAUSE_SECONDS = 60
"""After the first failure of a source; doubled with each further one."""


@dataclass(frozen=True, slots=True)
class Failure:
    """What could not be read: a file of a source, or the source itself (`file` None)."""

    source: str
    file: str | None
    message: str


@dataclass
class CollectReport:
    """One round over the sources."""

    batches: list[BatchReport] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    flags: list[int] = field(default_factory=list)
    """Flags raised on days, after all had been taken in."""


def configured_sources(settings: Settings) -> list[SourceConfig]:
    """The `[[sources]]` of the configuration and of `sources.d/` as it is now, validated by their kind.

    CollectorError names place, key and nearest.
    """
    own, tables = settings.company.rulebook, with_saved_sources(settings).sources
    configs = [_configured(_without_own(raw, own), number) for number, raw in enumerate(tables, start=1)]
    names = [config.name for config in configs]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        place = "mingcha.toml and sources.d"
        raise CollectorError(f"two sources are named '{twice[0]}' in {place}; names must differ.", permanent=True)
    return configs


def given_by(settings: Settings) -> Given:
    """What a replay needs of the configuration."""
    return Given(configured_sources(settings), settings.video.slot_table, known_measures(settings))


def _without_own(raw: dict[str, Any], rulebook: str) -> dict[str, Any]:
    """A source that names the company's own rulebook brings no foreign records."""
    return {key: value for key, value in raw.items() if (key, value) != ("rulebook", rulebook)}


def _configured(raw: dict[str, Any], number: int) -> SourceConfig:
    place = raw.get(SAVED_IN) or f"mingcha.toml, [[sources]] {number}"
    where = place + (f" ('{raw['name']}')" if "name" in raw else "")
    raw = {key: value for key, value in raw.items() if key != SAVED_IN}
    if "name" not in raw:
        raise CollectorError(f"{where}: 'name' is missing.", permanent=True)
    kind = raw.get("kind", "spreadsheet")
    if kind not in SOURCES:
        raise CollectorError(f"{where}: kind = {kind!r} is no kind of source; {did_you_mean(str(kind), SOURCES)}")
    return parse_config(SOURCES[kind][1], raw, where)


def due_sources(db: Database, configs: Sequence[SourceConfig], now: datetime) -> list[SourceConfig]:
    """Those whose `every` has passed since they were last asked; after a failure they are asked sooner (`pause`)."""
    return [config for config in configs if _is_due(remembered(db, config.name), config, now)]


def _is_due(state: Mapping[str, str], config: SourceConfig, now: datetime) -> bool:
    if ASKED_AT not in state:
        return True
    wait = pause(config.every_seconds, int(state.get(FAILURES, "0")))
    return now - from_micros(int(state[ASKED_AT])) >= timedelta(seconds=wait)


def pause(every: int, failures: int) -> int:
    """Seconds until a source is asked again: `every`; after failures in a row 1, 2, 4 … minutes, at most `every`."""
    return min(every, FIRST_PAUSE_SECONDS << min(failures - 1, 16)) if failures else every


def collect(
    application: Application,
    *,
    names: Sequence[str] = (),
    go_on: Callable[[], None] = lambda: None,
) -> CollectReport:
    """Ask the sources named, or all that are due. `go_on` is called between files and may raise to stop.

    Raises UsageError for an unknown name, CollectorError for a configuration that cannot be meant.
    """
    configs = configured_sources(application.settings)
    chosen = _chosen(configs, names) if names else due_sources(application.db, configs, application.now())
    report = CollectReport()
    tidy(application.settings.path(SPOOL))
    for config in chosen:
        go_on()
        _ask(application, config, report, go_on)
    report.flags = watch_company(application, configs)
    return report


def _chosen(configs: Sequence[SourceConfig], names: Sequence[str]) -> list[SourceConfig]:
    by_name = {config.name: config for config in configs}
    unknown = next((name for name in names if name not in by_name), None)
    if unknown is not None:
        hint = did_you_mean(unknown, by_name) if by_name else "mingcha.toml has no [[sources]]"
        raise UsageError(f"There is no source '{unknown}';", f"{hint}.")
    return [by_name[name] for name in names]


def _ask(application: Application, config: SourceConfig, report: CollectReport, go_on: Callable[[], None]) -> None:
    db, started = application.db, application.now()
    spool = application.settings.path(SPOOL)
    source = SOURCES[config.kind][2](config, Surroundings(application.settings.home, spool))
    report.asked.append(config.name)
    try:
        state = remembered(db, config.name, mapping=config.digest)
        for item in source.fetch(seen=_seen(db, config), state=state, arrived_at=started):
            if isinstance(item, Arrival):
                _take(application, config, item, report)
            else:
                report.remarks.append(f"{config.name}: {item.text}")
                _remember(db, config.name, item.state)
            go_on()
    except CollectorError as error:
        report.failures.append(Failure(config.name, None, error.message))
        _remember(db, config.name, _asked(remembered(db, config.name), started, failed=True))
    else:
        _remember(db, config.name, _asked(state, started))


def _asked(state: Mapping[str, str], started: datetime, *, failed: bool = False) -> dict[str, str]:
    """What is noted of a round that has ended; one that was stopped half-way is asked again at once."""
    at = str(to_micros(started))
    failures = str(int(state.get(FAILURES, "0")) + 1) if failed else ""
    return {ASKED_AT: at, FIRST_ASKED_AT: state.get(FIRST_ASKED_AT, at), FAILURES: failures}


def _take(application: Application, config: SourceConfig, arrival: Arrival, report: CollectReport) -> None:
    slots, measures = application.settings.video.slot_table, known_measures(application.settings)
    try:
        report.batches += take_in(
            application.db,
            by=application.viewer,
            arrival=arrival,
            config=config,
            slots=slots,
            measures=measures,
            once=True,
        )
    except CollectorError as error:
        report.failures.append(Failure(config.name, arrival.name, error.message))


def _seen(db: Database, config: SourceConfig) -> frozenset[str]:
    """Digests of what was read under the present mapping: a corrected mapping reads everything again."""
    query = sa.select(BATCHES.c.sha256).where(
        BATCHES.c.source == config.name, BATCHES.c.mapping_digest == config.digest, BATCHES.c.sha256.is_not(None)
    )
    with db.reading() as connection:
        return frozenset(connection.execute(query).scalars())


def _remember(db: Database, source: str, state: Any) -> None:
    with db.session() as connection:
        for statement in remembering(source, state):
            connection.execute(statement)
