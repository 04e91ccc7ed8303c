"""How long each source may be silent (应有时间), and whether marked scores are held back: read from the settings."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any

from checks.marks import STALE_SOURCE, UNJUDGEABLE_SHARE
from collectors.mapping import seconds_of
from dashboard.settings import SAVED_SOURCES, Settings, with_saved_sources


@dataclass(frozen=True, slots=True)
class Expected:
    """A source that says how long it may be silent."""

    source: str
    record: str
    within: timedelta
    rulebook: str | None = None
    """Whose offices it brings records of; None for the company's own."""
    measure: str | None = None
    """The only measure it brings, where its configuration says one."""


@dataclass(frozen=True, slots=True)
class Watch:
    """What is expected of the sources, and the marks for which the company withholds a score."""

    expected: tuple[Expected, ...] = ()
    withhold: frozenset[str] = frozenset()


def watch_of(settings: Settings) -> Watch:
    """The company's watch, with the sources saved beside mingcha.toml by now."""
    company = settings.company
    switches = ((STALE_SOURCE, company.withhold_stale), (UNJUDGEABLE_SHARE, company.withhold_unjudgeable))
    withhold = frozenset(mark for mark, on in switches if on)
    return Watch(_expected(_Sources(settings), _saved_now(settings.home)), withhold)


class _Sources:
    """Settings as a key of the cache: equal when their sources are written alike."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._text = repr(settings.sources)

    def __hash__(self) -> int:
        return hash((self.settings.home, self._text))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Sources) and (self.settings.home, self._text) == (other.settings.home, other._text)


@cache
def _expected(sources: _Sources, _saved: tuple[tuple[str, int], ...]) -> tuple[Expected, ...]:
    tables = with_saved_sources(sources.settings).sources
    own = sources.settings.company.rulebook
    return tuple(one for one in (_of(raw, own) for raw in tables) if one is not None)


def _saved_now(home: Path) -> tuple[tuple[str, int], ...]:
    """Files of saved sources and when they were written: they change while the pages run."""
    return tuple(sorted((path.name, path.stat().st_mtime_ns) for path in (home / SAVED_SOURCES).glob("*.toml")))


def _of(raw: dict[str, Any], own: str) -> Expected | None:
    """A table of `[[sources]]`; None where it expects nothing, or says it in a way that `mingcha doctor` names."""
    within, name, record = raw.get("expect_within"), raw.get("name"), raw.get("record")
    if not (isinstance(within, str) and isinstance(name, str) and isinstance(record, str)):
        return None
    try:
        seconds = seconds_of(within)
    except ValueError:
        return None
    rulebook, constants = raw.get("rulebook"), raw.get("constants")
    measure = constants.get("indicator") if isinstance(constants, dict) else None
    return Expected(name, record, timedelta(seconds=seconds), None if rulebook == own else rulebook, measure)
