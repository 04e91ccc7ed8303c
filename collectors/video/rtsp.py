"""A minute of a live camera (实时取流): RTSP over TCP into a clip by stream copy, in a child whose patience is limited.

The address holds the password: it goes to the child on its standard input, never on its command line, and every
message is redacted.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from collectors.redact import redact
from collectors.video.decode import Child, VideoError
from collectors.video.plan import CLIP_SECONDS
from collectors.video.recordings import Clip

OPEN_SECONDS = 10.0
DRAIN_SECONDS = 15.0
"""Old buffered pictures come first; what lies between opening and the first fresh key frame is thrown away."""


def record(
    url: str, to: Path, *, name: str, seconds: float = CLIP_SECONDS, open_seconds: float = OPEN_SECONDS
) -> tuple[Clip, datetime]:
    """Record `seconds` of the stream; returns the clip and when it began (aware, our clock).

    `name` stands for the camera in messages. Raises VideoError with reason `wrong_password`, `offline` (refused,
    unknown host, hung, hung up before half the time), `recorder_busy` or `disk_full`.
    """
    job = {"do": "record", "url": url, "to": str(to.resolve()), "seconds": seconds, "timeout": open_seconds}
    patience = 2 * open_seconds
    began = datetime.now(UTC)
    try:
        with Child(job, name, stall_seconds=patience, total_seconds=patience + DRAIN_SECONDS + 1.5 * seconds) as child:
            for header, _ in child.messages():
                if header["kind"] == "started":
                    began = datetime.fromtimestamp(header["at"], UTC)
                elif header["kind"] == "end":
                    return _long_enough(Clip(to, header["seconds"], 0.0), name, seconds), began
    except VideoError as error:
        raise _as_outcome(error, name) from None  # the cause may quote the address
    raise AssertionError("the decoder's last message is always `end` or an error")


def _long_enough(clip: Clip, name: str, seconds: float) -> Clip:
    if clip.seconds < seconds / 2:
        raise VideoError(f"{name}: the camera hung up after {clip.seconds:.0f} s.", reason="offline", permanent=False)
    return clip


def _as_outcome(error: VideoError, name: str) -> VideoError:
    """The same error with a cause that a sample can carry."""
    known = ("wrong_password", "disk_full", "recorder_busy", "offline", "killed")
    reason = error.reason if error.reason in known else "offline"
    detail = redact(str(error)).removeprefix(f"{redact(name)}: ")
    return VideoError(f"{redact(name)}: {detail}", reason=reason, permanent=reason == "wrong_password")
