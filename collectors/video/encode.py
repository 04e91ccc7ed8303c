"""Pictures into a video file (视频编码): for tests, benches and the demo's recordings. Evidence never passes here."""

from __future__ import annotations

import fractions
from collections.abc import Iterable
from pathlib import Path

import av
import numpy as np

from collectors.video.decode import Picture

TICKS = 90_000
"""Time base of the stream: presentation times are kept to 1/90,000 s."""


def encoder() -> str:
    """The H.264 encoder if this PyAV brings one, else MPEG-4 part 2 (which browsers do not play)."""
    try:
        av.Codec("libx264", "w")
    except av.codec.codec.UnknownCodecError:
        return "mpeg4"
    return "libx264"


def write_video(
    path: Path,
    frames: Iterable[tuple[float, Picture]],
    *,
    codec: str | None = None,
    quality: int = 23,
    key_every: int = 50,
) -> int:
    """Write (seconds, picture) pairs, seconds rising; grey (height × width) or BGR (height × width × 3), uint8.

    Odd sides lose their last line. Returns the number of frames. ValueError if there are none or their size changes.
    """
    codec = codec or encoder()
    options = {"crf": str(quality), "preset": "veryfast"} if codec in ("libx264", "libx265") else {}
    count, stream, size = 0, None, (0, 0)
    with av.open(str(path), "w", options={"movflags": "+faststart"} if path.suffix == ".mp4" else {}) as out:
        for seconds, picture in frames:
            fitting = _even(picture)
            if stream is None:
                size = (fitting.shape[1], fitting.shape[0])
                stream = _stream(out, codec, options, size, key_every)
            if size != (fitting.shape[1], fitting.shape[0]):
                raise ValueError(f"frame {count} is {fitting.shape[1]} × {fitting.shape[0]}, the first {size}")
            frame = av.VideoFrame.from_ndarray(fitting, format="bgr24" if fitting.ndim == 3 else "gray")
            frame.pts, frame.time_base = round(seconds * TICKS), fractions.Fraction(1, TICKS)
            for packet in stream.encode(frame):
                out.mux(packet)
            count += 1
        if stream is None:
            raise ValueError("a video needs at least one frame")
        for packet in stream.encode():
            out.mux(packet)
    return count


def _stream(
    out: av.container.OutputContainer, codec: str, options: dict[str, str], size: tuple[int, int], key_every: int
) -> av.VideoStream:
    stream = out.add_stream(codec, rate=25, options=options)
    assert isinstance(stream, av.VideoStream)
    stream.width, stream.height = size
    stream.pix_fmt = "yuvj420p" if codec == "mjpeg" else "yuv420p"
    stream.time_base = stream.codec_context.time_base = fractions.Fraction(1, TICKS)
    stream.gop_size = key_every
    if codec == "mpeg4":
        # its time base has 16 bits
        stream.time_base = stream.codec_context.time_base = fractions.Fraction(1, 1000)
        stream.bit_rate = 2_000_000
    return stream


def _even(picture: Picture) -> Picture:
    height, width = picture.shape[:2]
    return np.ascontiguousarray(picture[: height // 2 * 2, : width // 2 * 2])
