"""A minute of a live camera (实时取流): RTSP over TCP into a clip by stream copy, in a child whose patience is limited.

The address holds the password: it goes to the child on its standard input, never on its command line, and every
message is redacted.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from collectors.redact import redact
from collectors.video.decode import Child, VideoError
from collectors.video.plan import CLIP_SECONDS
from collectors.video.recordings import Clip

OPEN_SECONDS = 10.0
DRAIN_SECONDS = 15.0
"""Old buffered pictures come first; what lies between opening and the first fresh key frame is thrown away."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """A minute that came by RTSP.

    `began` is when its first picture came (aware, our clock); `sub` the same minute of the small stream, in which the
    clip's first picture lies at second `sub_start`; `note` says why there is none.
    """

    clip: Clip
    began: datetime
    sub: Path | None = None
    sub_start: float = 0.0
    note: str | None = None


def record(
    url: str,
    to: Path,
    *,
    name: str,
    seconds: float = CLIP_SECONDS,
    live: bool = True,
    open_seconds: float = OPEN_SECONDS,
) -> tuple[Clip, datetime]:
    """Record `seconds` of the stream; returns the clip and when it began (aware, our clock).

    `name` stands for the camera in messages. `live`: old buffered pictures are thrown away first; a recorder that plays
    back sends none. A stream that ends or falls silent after half of the time gives a shorter clip. Raises VideoError
    with reason `wrong_password`, `offline` (refused, unknown host, hung, hung up before half the time),
    `recording_missing` (a recorder that plays back answers and holds no such time), `recorder_busy` or `disk_full`.
    """
    job = {"do": "record", "url": url, "to": str(to.resolve()), "seconds": seconds, "timeout": open_seconds,
           "fresh": live}  # fmt: skip
    patience = 2 * open_seconds
    began = datetime.now(UTC)
    try:
        with Child(job, name, stall_seconds=patience, total_seconds=patience + DRAIN_SECONDS + 1.5 * seconds) as child:
            for header, _ in child.messages():
                if header["kind"] == "started":
                    began = datetime.fromtimestamp(header["at"], UTC)
                elif header["kind"] == "end":
                    return _long_enough(Clip(to, header["seconds"], 0.0), name, seconds, live=live), began
    except VideoError as error:
        raise _as_outcome(error, name, live=live) from None  # the cause may quote the address
    raise AssertionError("the decoder's last message is always `end` or an error")


def record_both(
    main: str,
    sub: str | None,
    to: Path,
    *,
    name: str,
    seconds: float = CLIP_SECONDS,
    open_seconds: float = OPEN_SECONDS,
) -> Recorded:
    """The main stream of a live camera, and at the same time the small one beside it (`sub.mp4`) if there is one.

    What happens to the small stream is a note; raises as `record` does for the main one.
    """
    if sub is None:
        return Recorded(*record(main, to, name=name, seconds=seconds, open_seconds=open_seconds))
    beside = to.with_name("sub.mp4")
    with ThreadPoolExecutor(1, thread_name_prefix="sub-stream") as pool:
        # some seconds more: whichever of the two begins first, the small one should cover the other
        small = pool.submit(record, sub, beside, name=name, seconds=seconds + 3, open_seconds=open_seconds)
        clip, began = record(main, to, name=name, seconds=seconds, open_seconds=open_seconds)
        try:
            _, sub_began = small.result()
        except VideoError as error:
            beside.unlink(missing_ok=True)
            if error.reason in ("disk_full", "killed"):
                raise
            return Recorded(clip, began, note=f"Sub-stream not used: {error.message}")
    return Recorded(clip, began, beside, (began - sub_began).total_seconds())


def _long_enough(clip: Clip, name: str, seconds: float, *, live: bool) -> Clip:
    if clip.seconds >= seconds / 2:
        return clip
    if live:
        raise VideoError(f"{name}: the camera hung up after {clip.seconds:.0f} s.", reason="offline", permanent=False)
    raise VideoError(
        f"{name}: the recorder played back {clip.seconds:.0f} s of {seconds:.0f}.", reason="recording_missing"
    )


def _as_outcome(error: VideoError, name: str, *, live: bool) -> VideoError:
    """The same error with a cause that a sample can carry."""
    known = ("wrong_password", "disk_full", "recorder_busy", "offline", "killed", "recording_missing")
    reason = error.reason if error.reason in known else "offline"
    if error.reason in ("not_found", "refused") and not live:
        reason = "recording_missing"  # it answers, and has no such time or nothing in it
    detail = redact(str(error)).removeprefix(f"{redact(name)}: ")
    return VideoError(f"{redact(name)}: {detail}", reason=reason, permanent=reason == "wrong_password")
