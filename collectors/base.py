"""What every kind of source shares (采集): one error, what arrives, and what a source must offer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Protocol

from collectors.redact import redact


class CollectorError(Exception):
    """Something outside could not be read; the message names it, the value seen and what to do.

    `permanent`: trying the same again cannot help (a broken file, a wrong key), so nobody should.
    """

    def __init__(self, message: str, *, permanent: bool = False) -> None:
        super().__init__(redact(message))
        self.message = redact(message)
        self.permanent = permanent


@dataclass(frozen=True, slots=True)
class Arrival:
    """One file as it arrived: the unit of a transaction. `arrived_at` is aware UTC."""

    path: Path
    name: str
    """What people call it: the path as given."""
    sha256: str
    size: int
    """Bytes."""
    arrived_at: datetime
    state: Mapping[str, str] = field(default_factory=dict)
    """What the source wants remembered once this arrival is stored (a watermark, a file's size and time)."""
    state_if_refused: Mapping[str, str] = field(default_factory=dict)
    """The same if it is refused for good. A file may then be left alone until it changes; a watermark must not move."""
    refused: CollectorError | None = None
    """What was wrong before reading (a folder called `x.xlsx`): a failed batch; the path is not opened."""


@dataclass(frozen=True, slots=True)
class Remark:
    """Nothing to take in, but something to know and to remember: asked and nothing new, a file that vanished."""

    text: str
    state: Mapping[str, str] = field(default_factory=dict)


class Source(Protocol):
    """A kind of source: `fetch` does all input and output and yields what has not been read yet."""

    def fetch(
        self, *, seen: frozenset[str], state: Mapping[str, str], arrived_at: datetime
    ) -> Iterator[Arrival | Remark]:
        """New arrivals, oldest first. `seen`: SHA-256 of what was read before; `state`: what was remembered.

        An arrival's file is only there until the next one is asked for. Raises CollectorError.
        """
        ...
