"""The decoder: a program of its own, since a bad file can abort the library that reads it (解码子进程).

Runs as `python -I -S decoder.py FOLDER`, imports the standard library and PyAV from that folder only (it must start
fast), takes one job as a line of JSON on standard input (an address with a password must not stand in the process
list) and answers on standard output with messages: 4 bytes length, a JSON header, then `size` bytes of payload.
Nothing else of the project may import it; `decode.py` is its other end.
"""

from __future__ import annotations

import contextlib
import errno
import json
import re
import resource
import signal
import struct
import sys
import time
from collections.abc import Iterator
from typing import Any

if __name__ == "__main__":
    sys.path.append(sys.argv[1])

import av
from av.video.frame import VideoFrame
from av.video.reformatter import ColorRange, VideoReformatter

PICTURE_FORMATS = {"image2", "tty", "jpegls_pipe", "ico", "bmp_pipe", "png_pipe", "jpeg_pipe", "webp_pipe", "tiff_pipe"}
TEXT_FORMATS = {"tty", "subviewer", "srt", "ass", "webvtt", "lrc", "concat", "hls", "ffmetadata"}
ADDRESS_SPACE = 6 * 2**30
PROGRESS_SECONDS = 1.0
STATUS = re.compile(r"method \w+ failed: (\d{3})")
BUSY_STATUS = (453, 500, 503)
MISSING_STATUS = (404, 457)
"""RTSP: 453 not enough bandwidth; 457 invalid range, the recorder's word for a time that it does not hold."""
GREY_FIRST = {"yuv420p", "yuvj420p", "yuv422p", "yuvj422p", "yuv444p", "yuvj444p", "nv12", "nv21", "gray"}
"""Layouts whose first plane is the brightness, a byte per pixel."""
HINT_SIDE = 32  # a handful of pixels tells a coloured screen from a grey one


class RefusedError(Exception):
    """The job cannot be done, and the message says why."""


class StatusError(OSError):
    """A recorder's answer that names its own cause."""

    def __init__(self, reason: str, status: int) -> None:
        super().__init__(f"it answers {status}")
        self.reason = reason


def is_full(error: BaseException) -> bool:
    """Whether a file could not grow: no room, a limit of the file system, of a quota or of the process."""
    return isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EFBIG, errno.EDQUOT)


def main() -> None:
    """Do the one job of standard input."""
    resource.setrlimit(resource.RLIMIT_AS, (ADDRESS_SPACE, ADDRESS_SPACE))  # a forged size must not take the machine
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # whoever asked is gone: end quietly
    job = json.loads(sys.stdin.buffer.readline())
    try:
        JOBS[job["do"]](job)
    except RefusedError as error:
        send({"kind": "error", "what": str(error), "reason": "refused"})
    except (av.error.FFmpegError, OSError, ValueError, MemoryError) as error:
        send({"kind": "error", "what": describe(error), "reason": reason_of(error)})


def send(header: dict[str, Any], *payload: Any) -> None:
    """One message to the parent."""
    header["size"] = sum(len(memoryview(part).cast("B")) for part in payload)
    text = json.dumps(header).encode()
    out = sys.stdout.buffer
    out.write(struct.pack(">I", len(text)) + text)
    for part in payload:
        out.write(part)
    out.flush()


def describe(error: BaseException) -> str:
    """What the library says, without the address it puts at the end."""
    return str(getattr(error, "strerror", None) or error or type(error).__name__)


def reason_of(error: BaseException) -> str:
    """A code for what went wrong with a stream (causes of design §4.2 `samples.cause`)."""
    if isinstance(error, av.error.HTTPUnauthorizedError | av.error.HTTPForbiddenError):
        return "wrong_password"
    if isinstance(error, StatusError):
        return error.reason
    if is_full(error):
        return "disk_full"
    if isinstance(error, av.error.HTTPServerError):
        return "recorder_busy"
    if isinstance(error, av.error.HTTPNotFoundError):
        return "not_found"
    if isinstance(error, av.error.InvalidDataError):
        return "invalid"
    return "offline"


# --- looking ---------------------------------------------------------------------------------------------------------


def analyse(job: dict[str, Any]) -> None:
    """Send a small picture of every frame that is due: grey always, BGR too if asked for."""
    with opened(job) as container:
        stream = video_stream(container, sparing=job["sparing"])
        send(facts(container, stream))
        eye = Eye(stream, job)
        for frame in frames(container, stream, keys=job["keys"]):
            eye.see(frame)
        eye.finish()


class Eye:
    """Counts frames, keeps their time, and sends those that are due."""

    def __init__(self, stream: Any, job: dict[str, Any]) -> None:
        self.every = float(job["every"])
        self.side, self.colour_side = int(job["side"]), int(job.get("colour_side") or 0)
        self.times = Times(stream, float(job.get("start") or 0.0))
        rows = job.get("strip")
        height = job.get("strip_height") or stream.codec_context.height
        self.strip = [min(1.0, max(0.0, row / height)) for row in rows] if rows and height else None
        self.sizes: dict[int, tuple[int, int]] = {}
        self.read = 0
        self.due = 0.0
        self.told = time.monotonic()
        self.grey, self.hint, self.colour, self.whole = (
            VideoReformatter() for _ in range(4)
        )  # reused: a new one per frame costs 0.3 ms

    def see(self, frame: VideoFrame) -> None:
        moment = self.times.of(frame)
        self.read += 1
        if moment < 0:
            return
        if moment + 1e-9 >= self.due:
            self.due = (moment // self.every + 1) * self.every
            self.show(frame, moment)
        elif time.monotonic() - self.told > PROGRESS_SECONDS:
            self.tell({"kind": "progress", "read": self.read})

    def show(self, frame: VideoFrame, moment: float) -> None:
        parts = [
            scaled(self.grey, frame, self.fitting(frame, self.side), "gray"),
            scaled(self.hint, frame, self.fitting(frame, HINT_SIDE), "bgr24", "POINT"),
        ]
        if self.colour_side:
            parts.append(scaled(self.colour, frame, self.fitting(frame, self.colour_side), "bgr24"))
        planes = [[part.width, part.height, part.planes[0].line_size] for part in parts]
        rows = [self.rows_of(frame)] if self.strip else []
        header = {"kind": "frame", "time": moment, "number": self.read - 1, "planes": planes,
                  "width": frame.width, "height": frame.height, "strip": [line for line, _ in rows]}  # fmt: skip
        self.tell(header, *(part.planes[0] for part in parts), *(payload for _, payload in rows))

    def rows_of(self, frame: VideoFrame) -> tuple[int, memoryview]:
        """(bytes per line, full-size rows) of the strip's lines in grey: most formats hold them as they are."""
        grey = frame
        if frame.format.name not in GREY_FIRST:
            grey = scaled(self.whole, frame, (frame.width, frame.height), "gray")
        plane = grey.planes[0]
        top, bottom = (round(share * frame.height) for share in self.strip or (0, 1))
        line = plane.line_size
        return line, memoryview(plane)[top * line : bottom * line]

    def fitting(self, frame: VideoFrame, side: int) -> tuple[int, int]:
        """Width and height with the longer side at `side` pixels (never enlarged), as the first picture has them.

        A camera may change its resolution midway: what is measured keeps its size.
        """
        if side not in self.sizes:
            ratio = min(1.0, side / max(frame.width, frame.height))
            self.sizes[side] = (max(2, round(frame.width * ratio)), max(2, round(frame.height * ratio)))
        return self.sizes[side]

    def tell(self, header: dict[str, Any], *payload: Any) -> None:
        self.told = time.monotonic()
        send(header, *payload)

    def finish(self) -> None:
        send({"kind": "end", "read": self.read, "seconds": self.times.end})


class Times:
    """Presentation time in seconds from the first frame.

    Frame numbers are no clock (variable frame rates) and the declared rate lies. A stamp that is missing or runs
    backwards (a looped stream) goes on from the last frame by the length of a frame.
    """

    def __init__(self, stream: Any, start: float = 0.0) -> None:
        self.start = start  # seconds of the stream that time is counted from
        rate = stream.average_rate or stream.guessed_rate
        self.step = float(1 / rate) if rate else 0.04
        self.offset: float | None = None
        self.last = -1.0
        self.count = 0

    def of(self, frame: VideoFrame) -> float:
        self.count += 1
        stamp = None if frame.time is None else float(frame.time)
        if self.offset is None:
            self.offset = -(stamp or 0.0) - self.start
            self.last = -self.start
            return self.last
        moment = self.last + self.step if stamp is None else stamp + self.offset
        if moment <= self.last:
            moment = self.last + self.step
            if stamp is not None:
                self.offset = moment - stamp
        self.last = moment
        return moment

    @property
    def end(self) -> float:
        """When the last picture ends: it stands as long as pictures do on average (what the file declares may lie)."""
        if self.offset is None:
            return 0.0
        return self.last + ((self.last + self.start) / (self.count - 1) if self.count > 1 else self.step)


def scaled(
    reformatter: VideoReformatter, frame: VideoFrame, size: tuple[int, int], layout: str, interpolation: str = "AREA"
) -> VideoFrame:
    """The frame at that width and height, full range."""
    return reformatter.reformat(
        frame,
        width=size[0],
        height=size[1],
        format=layout,
        interpolation=interpolation,
        dst_color_range=ColorRange.JPEG,
        threads=1,
    )


def stills(job: dict[str, Any]) -> None:
    """Full-size BGR pictures at the wanted seconds (sorted), one pass from the start.

    The first picture at or after each second; the last one for a second that it still stands for.
    """
    wanted = sorted(job["times"])
    with opened(job) as container:
        stream = video_stream(container)
        times, last = Times(stream), None
        for frame in frames(container, stream):
            last = frame
            moment = times.of(frame)
            while wanted and moment + 1e-6 >= wanted[0]:
                send_still(frame, wanted.pop(0), moment)
            if not wanted:
                break
        while wanted and last is not None and wanted[0] <= times.end:
            send_still(last, wanted.pop(0), times.last)
    send({"kind": "end", "missing": wanted})


def send_still(frame: VideoFrame, wanted: float, moment: float) -> None:
    picture = frame.reformat(format="bgr24", dst_color_range=ColorRange.JPEG)
    plane = picture.planes[0]
    send({"kind": "still", "wanted": wanted, "time": moment,
          "planes": [[picture.width, picture.height, plane.line_size]]}, plane)  # fmt: skip


def probe(job: dict[str, Any]) -> None:
    """Facts of a file, and the presentation time of its last packet."""
    with opened(job) as container:
        stream = video_stream(container)
        send(facts(container, stream))
    send({"kind": "end"})


def frames(container: Any, stream: Any, *, keys: bool = False) -> Iterator[VideoFrame]:
    """Decoded frames (or `keys` only); a damaged packet is skipped as players do, a damaged end ends the stream."""
    packets = container.demux(stream)
    broken = 0
    while True:
        try:
            packet = next(packets, None)
        except (av.error.InvalidDataError, av.error.EOFError):
            return
        if packet is None:
            return
        if keys and not packet.is_keyframe and packet.size:  # the empty packet at the end brings out what waits
            continue
        try:
            yield from packet.decode()
            broken = 0
        except av.error.InvalidDataError:
            broken += 1
            if broken > 500:
                return


def facts(container: Any, stream: Any) -> dict[str, Any]:
    """What the container says of itself; none of it is believed further on."""
    declared = float(container.duration / av.time_base) if container.duration else None
    return {"kind": "video", "codec": stream.codec_context.name, "width": stream.codec_context.width,
            "height": stream.codec_context.height, "declared_seconds": declared}  # fmt: skip


@contextlib.contextmanager
def opened(job: dict[str, Any]) -> Iterator[Any]:
    """The file, refusing what is a picture, a text or a playlist in a video's clothes."""
    path = job["path"]
    # `file:` so that no name is taken for an option or a protocol; the whitelist so that a playlist cannot call out
    options = {"protocol_whitelist": "file"}
    with av.open(f"file:{path}", options=options, metadata_errors="ignore") as container:
        name = container.format.name
        kinds = set(name.split(","))
        if kinds & TEXT_FORMATS:
            raise RefusedError(f"it is a text ({name}), not a video")
        if kinds & PICTURE_FORMATS or name.endswith("_pipe"):
            raise RefusedError(f"it is a picture ({name.removesuffix('_pipe')}), not a video")
        yield container


def video_stream(container: Any, *, sparing: bool = False) -> Any:
    """The first real video stream: a cover picture inside an audio file is none."""
    cover = av.stream.Disposition.attached_pic
    streams = [stream for stream in container.streams.video if not stream.disposition & cover]
    if not streams:
        others = sorted({stream.type for stream in container.streams})
        raise RefusedError(f"it holds no video, only {', '.join(others) or 'nothing'}")
    stream = streams[0]
    stream.thread_type = "NONE" if sparing else "AUTO"
    if sparing:
        stream.codec_context.thread_count = 1
        stream.codec_context.skip_frame = "NONREF"
    return stream


# --- keeping ---------------------------------------------------------------------------------------------------------


def cut(job: dict[str, Any]) -> None:
    """Copy `seconds` from `start` of one or more files into a clip without encoding anew.

    The copy starts at the last key frame at or before `start`, or the picture could not be decoded; the message says
    how far before. Parts are [path, start, seconds], each going on where the one before ended.
    """
    with Keeper(job["to"]) as keeper:
        for path, start, seconds in job["parts"]:
            with opened({"path": path}) as container:
                stream = video_stream(container)
                keeper.begin_part(stream)
                copy_part(container, stream, keeper, start, seconds)
    keeper.report()


def copy_part(container: Any, stream: Any, keeper: Keeper, start: float, seconds: float) -> None:
    base = float((stream.start_time or 0) * stream.time_base)
    container.seek(int((base + start) / stream.time_base), stream=stream, backward=True)
    for packet in container.demux(stream):
        if packet.size == 0 or (packet.pts is None and packet.dts is None):
            continue
        moment = float((packet.pts if packet.pts is not None else packet.dts) * stream.time_base) - base
        decode_moment = float((packet.dts if packet.dts is not None else packet.pts) * stream.time_base) - base
        if decode_moment >= start + seconds:
            break
        keeper.keep(packet, moment, wanted=start)


class Keeper:
    """Writes packets as they came into one mp4, parts one behind the other."""

    def __init__(self, path: str) -> None:
        self.path, self.kept, self.bytes = path, 0, 0
        self.out: Any = None
        self.stream: Any = None
        self.extradata: Any = None
        self.shift: int | None = None  # added to the stamps of the present part
        self.dts = -(1 << 62)  # of the packet before
        self.lead = 0.0  # seconds that the clip begins before the wanted start
        self.end = 0.0

    def __enter__(self) -> Keeper:
        return self

    def __exit__(self, *_: object) -> None:
        if self.out is not None:
            self.out.close()

    def begin_part(self, stream: Any) -> None:
        if self.out is None:
            self.out = av.open(self.path, "w", format="mp4", options={"movflags": "+faststart"})
            self.stream = self.out.add_stream_from_template(stream, opaque=True)
            self.extradata = stream.codec_context.extradata
        elif stream.codec_context.extradata != self.extradata:
            raise RefusedError("the recording changes its format within the minute")
        self.shift = None

    def keep(self, packet: Any, moment: float, *, wanted: float) -> None:
        """Write one packet; before the first key frame of a part there is nothing to show."""
        stamp = packet.pts if packet.pts is not None else packet.dts
        if self.shift is None:
            if not packet.is_keyframe:
                return
            self.shift = round(self.end / packet.time_base) - stamp
            self.lead = self.lead if self.kept else max(0.0, wanted - moment)
        packet.pts = stamp + self.shift
        # a stream that was joined or set anew runs back a little; the file's order of decoding must not
        packet.dts = max((packet.dts if packet.dts is not None else stamp) + self.shift, self.dts + 1)
        packet.pts = max(packet.pts, packet.dts)
        self.dts = packet.dts
        self.end = max(self.end, float((packet.pts + (packet.duration or 0)) * packet.time_base))
        self.bytes += packet.size
        self.kept += 1
        packet.stream = self.stream
        self.out.mux(packet)

    def report(self) -> None:
        if self.kept == 0:
            raise RefusedError("it holds no picture at that time")
        send({"kind": "end", "packets": self.kept, "seconds": self.end, "lead": self.lead, "bytes": self.bytes})


def record(job: dict[str, Any]) -> None:
    """Copy `seconds` of a stream into a clip.

    `fresh`: a live camera, from the first key frame after the old buffered ones; else a recorder that plays back, from
    its first key frame. A stream that fails after something was kept ends the clip there.
    """
    options = {
        "rtsp_transport": "tcp",
        "timeout": str(int(job["timeout"] * 1e6)),
        "analyzeduration": "1000000",  # the default watches for 5 s before the first packet: the moment would be over
        "protocol_whitelist": "rtp,rtsp,tcp,udp,tls,http,https,crypto",
    }
    with answered(), av.open(job["url"], options=options, timeout=(job["timeout"], job["timeout"])) as container:
        stream = video_stream(container)
        send(facts(container, stream))
        with Keeper(job["to"]) as keeper:
            keeper.begin_part(stream)
            copy_stream(container, stream, keeper, Tap(job["seconds"], drain=job["fresh"]))
    if keeper.kept == 0:
        raise RefusedError("the camera hung up before the first fresh picture")
    keeper.report()


@contextlib.contextmanager
def answered() -> Iterator[None]:
    """Tell by the status with which an RTSP server refused: the library's own error merges most of them."""
    av.logging.set_level(av.logging.ERROR)
    with av.logging.Capture(local=False) as said:
        try:
            yield
        except av.error.FFmpegError as error:
            codes = [int(found[1]) for _, _, line in said if (found := STATUS.search(line))]
            if codes and codes[-1] in BUSY_STATUS:
                raise StatusError("recorder_busy", codes[-1]) from error
            if codes and codes[-1] in MISSING_STATUS:
                raise StatusError("not_found", codes[-1]) from error
            raise


def copy_stream(container: Any, stream: Any, keeper: Keeper, tap: Tap) -> None:
    try:
        for packet in container.demux(stream):
            if packet.size == 0 or packet.dts is None:
                continue
            moment = float((packet.pts if packet.pts is not None else packet.dts) * stream.time_base)
            if not tap.is_fresh(moment, packet.is_keyframe):
                continue
            if tap.is_full(moment):
                return
            if keeper.kept == 0:
                send({"kind": "started", "at": time.time()})
            keeper.keep(packet, moment, wanted=moment)
            tap.tell_progress(keeper.kept)
    except (av.error.FFmpegError, OSError) as error:
        if keeper.kept == 0 or is_full(error):
            raise


class Tap:
    """Lets a live stream run until what comes is fresh: after opening, buffered old pictures come first and fast."""

    SETTLE_SECONDS = 0.6
    LONGEST_SECONDS = 12.0

    def __init__(self, seconds: float, *, drain: bool) -> None:
        self.seconds = seconds
        self.drain = drain
        self.opened_at = time.monotonic()
        self.started: float | None = None
        self.earlier: tuple[float, float] | None = None
        self.told = time.monotonic()

    def is_fresh(self, moment: float, key: bool) -> bool:
        now = time.monotonic()
        if self.started is not None:
            return True
        waited = now - self.opened_at
        burst = self.earlier is not None and moment - self.earlier[0] > 3 * (now - self.earlier[1]) + 0.02
        self.earlier = (moment, now)
        stale = waited < self.SETTLE_SECONDS or (burst and waited < self.LONGEST_SECONDS)
        if not key or (self.drain and stale):
            return False
        self.started = moment
        return True

    def is_full(self, moment: float) -> bool:
        return self.started is not None and moment - self.started >= self.seconds

    def tell_progress(self, kept: int) -> None:
        if time.monotonic() - self.told > PROGRESS_SECONDS:
            self.told = time.monotonic()
            send({"kind": "progress", "read": kept})


JOBS = {"analyse": analyse, "stills": stills, "probe": probe, "cut": cut, "record": record}

if __name__ == "__main__":
    main()
