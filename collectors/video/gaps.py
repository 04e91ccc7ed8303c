"""Minutes that a recorder should hold and does not (录像缺段, item F04): from the names and lengths of its files."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from collectors.video.decode import VideoError, probe
from collectors.video.plan import LOCAL
from collectors.video.recordings import Template

Interval = tuple[datetime, datetime]
"""Aware, half-open."""
TOLERATED = timedelta(seconds=60)
"""Domain §5.3 F04: what is shorter is no fault."""
SEAM = timedelta(seconds=2)
"""Files end a frame or two before the next one begins."""


def gaps(held: Iterable[Interval], start: datetime, end: datetime, *, longer_than: timedelta = TOLERATED
         ) -> list[Interval]:  # fmt: skip
    """Stretches of `start` … `end` that no interval of `held` (in any order, they may overlap) covers. Pure."""
    found, covered = [], start
    for begins, ends in sorted(held):
        if begins - covered > longer_than and covered < end:
            found.append((covered, min(begins, end)))
        covered = max(covered, ends)
    if end - covered > longer_than:
        found.append((covered, end))
    return found


def held_by(template: Template, start: datetime, end: datetime) -> Iterator[Interval]:
    """What a folder of recordings holds between two aware moments.

    A file lasts until the next one if that begins within a step of the template; only the others are opened for their
    length. One that cannot be read holds nothing. RecordingError for a template that tells no time.
    """
    template.require_usable()
    begins = list(_beginnings(template, start, end))
    for index, begin in enumerate(begins):
        following = begins[index + 1] if index + 1 < len(begins) else None
        if following is not None and following - begin <= template.step:
            yield begin, following
            continue
        try:
            length = timedelta(seconds=probe(template.at(begin)).declared_seconds or 0.0)
        except VideoError:
            continue
        yield begin, begin + length + SEAM


def _beginnings(template: Template, start: datetime, end: datetime) -> Iterator[datetime]:
    """When the files begin, from the one that may still run at `start`: at most a day before it."""
    local = start.astimezone(LOCAL)
    midnight = local.replace(hour=0, minute=0, second=0, microsecond=0)
    step = template.step
    moment = midnight
    while moment < end:
        if template.at(moment).is_file():
            yield moment
        moment += step
