"""Minutes out of a recorder's files (录像取证): a path template with date and time, cut by stream copy.

`playback_url` may hold strftime fields of the moment (%Y %m %d %H %M %S and the like, Asia/Shanghai) and `{camera}`.
A file begins at the time in its name, as fine as the template tells it, and may hold a minute, an hour or a day.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from collectors.video.decode import Child, VideoError, probe
from collectors.video.plan import CLIP_SECONDS, LOCAL

_FIELD = re.compile(r"%([YmdHMSyj])")
_STEPS = (("S", timedelta(seconds=1)), ("M", timedelta(minutes=1)), ("H", timedelta(hours=1)))
MOST_STEPS = 4000
SHORTEST_SECONDS = 30.0
CUT_SECONDS = 120.0
TOLERATED_SECONDS = 3.0
"""Pictures may be seconds apart, and the last one has no length of its own."""


class RecordingError(VideoError):
    """A template that cannot be used, or a recorder that does not hold the minute."""


@dataclass(frozen=True, slots=True)
class Clip:
    """A clip that was kept: its file, length, and how many seconds before the wanted moment it begins (key frame)."""

    path: Path
    seconds: float
    lead: float


@dataclass(frozen=True, slots=True)
class Template:
    """Where a camera's recordings lie. `home` is the folder that relative paths are taken from."""

    text: str
    camera: str
    home: Path

    @property
    def step(self) -> timedelta:
        """How fine the template tells when a file begins."""
        fields = set(_FIELD.findall(self.text))
        return next((step for field, step in _STEPS if field in fields), timedelta(days=1))

    @property
    def root(self) -> Path:
        """The folder above everything that depends on the moment: absent if the recorder is not there."""
        fixed = self.render(self.text[: _first_field(self.text)])
        return self.home / (fixed if fixed.endswith("/") else str(Path(fixed).parent))

    def require_usable(self) -> None:
        """RecordingError if the template tells no time, or the camera's code would lead out of the folder."""
        if not _FIELD.search(self.text):
            raise RecordingError(
                f"Camera {self.camera}: playback_url '{self.text}' has no date or time field (%Y %m %d %H %M %S).",
                reason="template",
            )
        if "/" in self.camera or "\\" in self.camera or self.camera.startswith("."):
            raise RecordingError(f"Camera code '{self.camera}' cannot be part of a path.", reason="template")

    def at(self, moment: datetime) -> Path:
        """The path for an aware moment."""
        return self.home / self.rendered(moment)

    def rendered(self, moment: datetime) -> str:
        """The template as text for an aware moment: a path, or an address whose recorder plays back."""
        local = moment.astimezone(LOCAL)
        return self.render(_FIELD.sub(lambda field: local.strftime(field[0]), self.text))

    def render(self, text: str) -> str:
        return text.replace("{camera}", self.camera)


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of one file: seconds from its first frame."""

    path: Path
    start: float
    seconds: float


def fetch(template: Template, moment: datetime, to: Path, *, seconds: float = CLIP_SECONDS) -> Clip:
    """Copy `seconds` from `moment` (aware) out of the recordings into `to`, without encoding anew.

    Raises RecordingError with reason `offline` (the recorder's folder is not there), `recording_missing` (it holds no
    such minute) or `template`, and VideoError for a damaged file or a full disk.
    """
    template.require_usable()
    if not template.root.is_dir():
        raise RecordingError(f"Camera {template.camera}: there is no folder {template.root}.", reason="offline")
    parts = list(parts_of(template, moment, seconds))
    least = min(SHORTEST_SECONDS, seconds)
    if sum(part.seconds for part in parts) < least:
        raise _missing(template, moment)
    try:
        clip = cut(parts, to)
    except VideoError as error:
        if error.reason != "refused" or len(parts) == 1 or parts[0].seconds < SHORTEST_SECONDS:
            raise
        clip = cut(parts[:1], to)  # the next file has another format: what lies before it is still the minute
    if clip.seconds - clip.lead < least - TOLERATED_SECONDS:  # a file may declare more than it holds
        raise _missing(template, moment)
    return clip


def _missing(template: Template, moment: datetime) -> RecordingError:
    when = moment.astimezone(LOCAL)
    return RecordingError(
        f"Camera {template.camera}: the recordings hold no minute at {when:%Y-%m-%d %H:%M:%S} "
        f"(looked for {template.at(moment)}).",
        reason="recording_missing",
    )


def parts_of(template: Template, moment: datetime, seconds: float) -> Iterator[Part]:
    """The pieces that make up the minute, in order: the file that holds the moment, and those that go on from it."""
    segment = segment_at(template, moment)
    while segment is not None and seconds > 0:
        path, begins = segment
        length = probe(path).declared_seconds or 0.0
        offset = (moment - begins) / timedelta(seconds=1)
        if offset >= length:
            return
        here = min(seconds, length - offset)
        yield Part(path, offset, here)
        seconds -= here
        # a second later: files end a frame before or after the time at which the next one begins
        moment = begins + timedelta(seconds=length)
        following = segment_at(template, moment + timedelta(seconds=1))
        if following is None or following[1] <= begins or following[1] - moment > timedelta(seconds=2):
            return
        segment, moment = following, max(moment, following[1])


def segment_at(template: Template, moment: datetime) -> tuple[Path, datetime] | None:
    """The file that begins latest at or before the moment, and when it begins; None if there is none in reach."""
    step = template.step
    begins = _floor(moment, step)
    for _ in range(min(MOST_STEPS, max(1, timedelta(days=1) // step))):
        path = template.at(begins)
        if path.is_file():
            return path, begins
        begins -= step
    return None


def cut(parts: list[Part], to: Path) -> Clip:
    """Copy pieces of files into one clip. VideoError as `decode.watch`, or reason `disk_full`."""
    job = {
        "do": "cut",
        "to": str(to.resolve()),
        "parts": [[str(part.path.resolve()), part.start, part.seconds] for part in parts],
    }
    with Child(job, parts[0].path.name, total_seconds=CUT_SECONDS) as child:
        for header, _ in child.messages():
            if header["kind"] == "end":
                return Clip(to, header["seconds"], header["lead"])
    raise AssertionError("the decoder's last message is always `end` or an error")


def _floor(moment: datetime, step: timedelta) -> datetime:
    local = moment.astimezone(LOCAL)
    midnight = local.replace(hour=0, minute=0, second=0, microsecond=0)
    return midnight + (local - midnight) // step * step


def _first_field(text: str) -> int:
    found = _FIELD.search(text)
    return found.start() if found else len(text)
