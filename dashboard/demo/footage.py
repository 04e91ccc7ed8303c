"""Recordings of six halls (录像): the minutes that the plan will ask for, painted and encoded, cheap and quiet.

A recorder's file begins with a full minute, as its name says. Only the files that a planned moment needs are made; from
shortly before the moment they run at five frames a second, before it at one.
"""

from __future__ import annotations

import math
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np

from collectors.video.encode import write_video
from dashboard.demo.company import NOON_HALL, TURNED_HALL, WINDOW_PLACES, Camera, Hall, halls, place_of
from dashboard.demo.draws import generator
from dashboard.demo.inbox import PLAYBACK, REFERENCE
from dashboard.demo.scene import WINDOW_CENTRES, Person, Picture, compose, developed, turned

FRAMES_PER_SECOND = 5
BEFORE, AFTER = 3.0, 64.0
"""Seconds before a planned moment from which frames are dense, and after it at which the file ends."""
UNIFORM_HUES = (105, 100, 112)
COAT_HUES = (20, 60, 150, 8)


@dataclass(frozen=True, slots=True)
class Moment:
    """A planned moment of a hall: naive local time."""

    hall: str
    slot: int
    at: datetime


@dataclass(frozen=True, slots=True)
class Recording:
    """One file to be made: a camera's picture from the full minute before a moment until the minute after it."""

    camera: Camera
    hall: Hall
    moment: Moment

    @property
    def begins(self) -> datetime:
        return self.moment.at.replace(second=0, microsecond=0)

    def path(self, home: Path) -> Path:
        return home / self.begins.strftime(PLAYBACK.replace("{camera}", self.camera.code))


@dataclass(frozen=True, slots=True)
class Actor:
    """Somebody in a scene: where, how large, in which colours, from which to which second of the clip."""

    person: Person
    phase: float
    enters: float = -1e9
    leaves: float = 1e9
    behind: bool = True
    away: tuple[float, float] = (0.0, 0.0)
    """A gap in between, in seconds of the clip."""

    def at(self, second: float) -> Person | None:
        """The person at a second of the clip, swaying a little as the living do; None when away."""
        if not self.enters <= second < self.leaves or self.away[0] <= second < self.away[1]:
            return None
        sway = 4.0 * math.sin(second / 2.3 + self.phase) + 2.0 * math.sin(second / 0.9 + 2 * self.phase)
        nod = 2.0 * math.sin(second / 1.7 + 3 * self.phase)
        x, foot = float(round(self.person.x + sway)), float(round(self.person.foot + nod))
        return Person(x, foot, self.person.height, self.person.hue, self.person.mirrored, self.person.light)


def recordings(moments: Sequence[Moment]) -> list[Recording]:
    """The files that these moments need, in the order of time, one per camera of the hall."""
    filmed = {hall.code: hall for hall in halls() if hall.filmed}
    found = [
        Recording(camera, filmed[moment.hall], moment)
        for moment in moments
        if moment.hall in filmed
        for camera in filmed[moment.hall].cameras
    ]
    return sorted(found, key=lambda recording: (recording.begins, recording.camera.code))


def make_recording(recording: Recording, home: Path, turned_since: date) -> Path:
    """Paint and encode one file; an existing one is kept. Returns its path."""
    path = recording.path(home)
    if path.exists():
        return path
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.stem}.part.mp4")
    write_video(part, _frames(recording, turned_since), quality=30, key_every=12)
    part.replace(path)
    return path


def make_reference(hall: Hall, camera: Camera, home: Path) -> Path:
    """The picture of the empty windows, as it was taken when the camera was set up."""
    path = home / REFERENCE.replace("{camera}", camera.code)
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        ok, png = cv2.imencode(".png", developed(compose(_look(camera), [], []), 0, ""))
        if not ok:
            raise OSError(f"The reference picture {path} could not be encoded.")
        path.write_bytes(png.tobytes())
    return path


def forget_recordings(home: Path, *, before: date) -> None:
    """Remove recordings of days before this one, as a recorder does when its disk is full."""
    for folder in (home / PLAYBACK.split("/")[0]).glob("*/[0-9]*"):
        if folder.is_dir() and folder.name < f"{before:%Y%m%d}":
            shutil.rmtree(folder)


def _frames(recording: Recording, turned_since: date) -> Iterator[tuple[float, Picture]]:
    """(second from the full minute, picture)."""
    away = place_of(recording.hall) == TURNED_HALL and recording.begins.date() >= turned_since
    start = (recording.moment.at - recording.begins).total_seconds()
    for number, second in enumerate(_seconds(start)):
        picture = _scene(recording.hall, recording.camera, recording.moment, second - start)
        caption = f"{recording.begins + timedelta(seconds=int(second)):%Y-%m-%d %H:%M:%S}"
        yield (
            second,
            developed(turned(picture) if away else picture, number, f"{caption}  {recording.camera.code[-4:]}"),
        )


def _seconds(start: float) -> list[float]:
    """Times of frames: one a second until shortly before the moment, dense to the end."""
    ticks = [tick / FRAMES_PER_SECOND for tick in range(int((start + AFTER) * FRAMES_PER_SECOND))]
    return [tick for tick in ticks if tick.is_integer() or tick >= start - BEFORE]


def _scene(hall: Hall, camera: Camera, moment: Moment, second: float) -> Picture:
    """The picture at a second of the clip, painted at three a second."""
    tick = round(second * 3) / 3
    shown = [(actor.behind, actor.at(tick)) for actor in _actors(hall.code, camera.code, moment)]
    clerks = tuple(person for behind, person in shown if behind and person)
    customers = tuple(person for behind, person in shown if not behind and person)
    return _painted(_look(camera), clerks, customers)


@lru_cache(maxsize=4)
def _painted(look: int, clerks: tuple[Person, ...], customers: tuple[Person, ...]) -> Picture:
    return compose(look, list(clerks), list(customers))


@lru_cache(maxsize=64)
def _actors(hall_code: str, camera_code: str, moment: Moment) -> tuple[Actor, ...]:
    """Who is there in this clip: a clerk at every window, except at noon in one hall; customers who come and go."""
    rng = generator("scene", camera_code, moment.slot, moment.at.date())
    hall = next(hall for hall in halls() if hall.code == hall_code)
    camera = next(camera for camera in hall.cameras if camera.code == camera_code)
    nobody = place_of(hall) == NOON_HALL and moment.slot == 3
    actors = [] if nobody else [_clerk(rng, place) for place in range(len(camera.windows))]
    for place in range(len(camera.windows)):
        if rng.random() < (0.9 if nobody else 0.45):
            actors.append(_customer(rng, WINDOW_CENTRES[place] + float(rng.uniform(45, 75))))
    return tuple(actors)


def _clerk(rng: np.random.Generator, place: int) -> Actor:
    """Seated behind a counter, which hides the lower half; one in five is away for some seconds."""
    left, right = WINDOW_PLACES[place][0][0], WINDOW_PLACES[place][1][0]
    person = Person(
        x=float(np.clip(WINDOW_CENTRES[place] + rng.uniform(-22, 10), left + 80, right - 80)),
        foot=float(rng.uniform(262, 280)),
        height=float(rng.uniform(198, 228)),
        hue=int(rng.choice(UNIFORM_HUES)),
        mirrored=bool(rng.random() < 0.5),
        light=float(rng.uniform(0.88, 1.04)),
    )
    gap = float(rng.uniform(12, 30)) if rng.random() < 0.2 else 0.0
    starts = float(rng.uniform(8, 28))
    return Actor(person, phase=float(rng.uniform(0, 6)), away=(starts, starts + gap))


def _customer(rng: np.random.Generator, x: float) -> Actor:
    """Before the counter, behind the rail; some stay, some come or go."""
    person = Person(x, float(rng.uniform(356, 366)), float(rng.uniform(118, 130)), int(rng.choice(COAT_HUES)),
                    bool(rng.random() < 0.5), float(rng.uniform(0.7, 0.9)))  # fmt: skip
    enters = float(rng.uniform(-30, 25))
    return Actor(person, float(rng.uniform(0, 6)), enters, enters + float(rng.uniform(25, 90)), behind=False)


def _look(camera: Camera) -> int:
    """The paint of a room: the same for ever, the same for two cameras of a hall."""
    return int(camera.code[-4:-2])
