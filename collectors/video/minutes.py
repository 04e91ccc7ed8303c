"""One stretch of a camera, however it is had (取一段画面): recordings in folders, recorders that play back, or live."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from collectors.video.addresses import Addresses, recorder_of
from collectors.video.decode import VideoError
from collectors.video.plan import CLIP_SECONDS
from collectors.video.recordings import Clip, Template, fetch
from collectors.video.replay import relayed
from collectors.video.rtsp import Recorded, record, record_both
from collectors.video.turns import Turns

LIVE, RECORDED = "server", "recorder"
"""Whose clock tells when a clip's first picture was taken: ours for a live camera, else the recorder's index."""


ASK_AGAIN_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Source:
    """Where a camera's pictures come from, as its row says; the addresses may hold passwords."""

    code: str
    url: str | None
    playback_url: str | None
    home: Path
    """Folder that relative paths of recordings are taken from."""

    def __repr__(self) -> str:
        return f"Source({self.code})"


@dataclass(frozen=True, slots=True)
class Means:
    """How addresses are understood, and how many streams a recorder is asked for at once. Holds no password."""

    addresses: Addresses = field(default_factory=Addresses)
    turns: Turns = field(default_factory=Turns)


@dataclass(frozen=True, slots=True)
class Stretch:
    """What was had: the clip, when its first picture was taken (aware) by whose clock, and the small stream beside."""

    clip: Clip
    begins: datetime
    clock: str
    sub: Path | None = None
    sub_start: float = 0.0
    note: str | None = None


def is_live(source: Source) -> bool:
    return not source.playback_url


def stretch_of(
    source: Source, moment: datetime, to: Path, means: Means, *, seconds: float = CLIP_SECONDS, small: bool = True
) -> Stretch:
    """`seconds` of the camera from an aware moment on (live: from now on) into `to`, copied and never encoded anew.

    `small`: take a live camera's small stream too. Raises VideoError as `fetch` and `record` do, with reason
    `recorder_busy` if no place at the recorder came free in time, by our count or by its own (a live one is asked again
    meanwhile), and AddressError for an address that cannot be used.
    """
    name = f"Camera {source.code}"
    if source.playback_url and "://" not in source.playback_url:
        clip = fetch(Template(source.playback_url, source.code, source.home), moment, to, seconds=seconds)
        return Stretch(clip, moment - timedelta(seconds=clip.lead), RECORDED)
    if source.playback_url:
        return _played_back(source, moment, to, means, seconds)
    if not source.url:
        raise VideoError(f"{name} has neither url nor playback_url.", reason="offline")
    main, sub = means.addresses.live(source.url, source.code)
    if not small or means.turns.at_once < 2:
        sub = None

    def take() -> Recorded:
        with means.turns.at(recorder_of(main), name, 2 if sub else 1):
            return record_both(main, sub, to, name=name, seconds=seconds)

    got = _unless_busy(take, means.turns.wait_seconds)
    return Stretch(got.clip, got.began, LIVE, got.sub, got.sub_start, got.note)


def _unless_busy(take: Callable[[], Recorded], patience: float) -> Recorded:
    """Ask again for `patience` seconds while the recorder refuses because others watch: guards come and go."""
    until = time.monotonic() + patience
    while True:
        try:
            return take()
        except VideoError as error:
            if error.reason != "recorder_busy" or time.monotonic() + ASK_AGAIN_SECONDS > until:
                raise
        time.sleep(ASK_AGAIN_SECONDS)


def _played_back(source: Source, moment: datetime, to: Path, means: Means, seconds: float) -> Stretch:
    """Out of a recorder that plays back: it begins with the moment, or with the key frame before it."""
    name = f"Camera {source.code}"
    written = Template(source.playback_url or "", source.code, source.home).rendered(moment)
    address, span = means.addresses.playback(written, moment, source.code, seconds)
    with (
        means.turns.at(recorder_of(address), name),
        relayed(address, span) if span else nullcontext(address) as asked,
    ):
        clip, _ = record(asked, to, name=name, seconds=seconds, live=False)
    return Stretch(clip, moment, RECORDED)
