"""The blurring child (打码子进程): reads a clip, hides what must not be seen, writes a marked copy, picture by picture.

Runs as `decoder.py` does and speaks its language; it loads that file and `mosaic.py` from beside itself. `blur.py` is
its other end. Memory does not grow with the clip: one picture is held at a time.
"""

from __future__ import annotations

import fractions
import sys
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

if __name__ == "__main__":
    sys.path += [sys.argv[1], str(Path(__file__).parent)]

if TYPE_CHECKING:
    from collectors.video import decoder, mosaic
else:
    import decoder
    import mosaic

import av
import numpy as np
from av.video.reformatter import ColorRange, VideoReformatter

TICKS = 90_000
HOLD_SECONDS = 0.5
"""How long the cells outside stand still: fewer looks at a moving person to reconstruct one from."""
AROUND_SECONDS = 0.45
"""A person hidden at one look is hidden this long before and after it: looks are 0.2 s apart, and may miss one."""
LARGEST = 4096


def blur(job: dict[str, Any]) -> None:
    """Copy `path` to `to`: blurred outside `polygons` (pixels) and in the boxes of `hidden` [second, [box, …]]."""
    with decoder.opened(job) as container:
        stream = decoder.video_stream(container)
        told = decoder.facts(container, stream)
        require_size(told["width"], told["height"])
        decoder.send(told)
        times = decoder.Times(stream)
        with Copy(job) as copy:
            for frame in decoder.frames(container, stream):
                copy.take(frame, times.of(frame))
                if copy.count % 50 == 1:
                    decoder.send({"kind": "progress", "read": copy.count})
    if copy.count == 0:
        raise decoder.RefusedError("no picture in it can be decoded")
    decoder.send({"kind": "end", "read": copy.count, "seconds": times.end})


def require_size(width: int, height: int) -> None:
    if max(width, height) > LARGEST:
        raise decoder.RefusedError(
            f"its picture of {width} × {height} is larger than {LARGEST} pixels, the most that is blurred"
        )


class Copy:
    """The clip that is written. Its size is settled by the first picture."""

    def __init__(self, job: dict[str, Any]) -> None:
        self.job = job
        self.count = 0
        self.held_until = -1.0
        self.looks = [look[0] for look in job["hidden"]]
        self.reader = VideoReformatter()

    def __enter__(self) -> Copy:
        self.out = av.open(self.job["to"], "w", format="mp4", options={"movflags": "+faststart"})
        self.stream: Any = None
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        if self.stream is not None and kind is None:
            for packet in self.stream.encode():
                self.out.mux(packet)
        self.out.close()

    def take(self, frame: Any, moment: float) -> None:
        """One picture, blurred as its moment asks, into the copy."""
        if self.stream is None:
            self.begin(frame)
        picture = self.pixels(frame)
        if moment >= self.held_until:
            self.cells = mosaic.cells_of(picture)
            self.held_until = moment + HOLD_SECONDS
        made = mosaic.blurred(picture, self.shown_at(moment), self.cells, self.mark)
        fresh = av.VideoFrame.from_ndarray(made, format="bgr24")
        fresh.pts, fresh.time_base = round(moment * TICKS), fractions.Fraction(1, TICKS)
        for packet in self.stream.encode(fresh):
            self.out.mux(packet)
        self.count += 1

    def begin(self, frame: Any) -> None:
        ratio = min(1.0, self.job["side"] / max(frame.width, frame.height))
        self.size = tuple(max(16, round(side * ratio / 2) * 2) for side in (frame.width, frame.height))
        self.factor = (self.size[0] / frame.width, self.size[1] / frame.height)
        self.shown = mosaic.area(self.job["polygons"], self.size, self.factor)
        self.mark = mosaic.Mark(self.job["mark"], self.size)
        self.stream = self.added(self.size[0], self.size[1] + self.mark.strip)

    def added(self, width: int, height: int) -> Any:
        try:
            stream = self.out.add_stream("libx264", rate=25, options={"crf": "24", "preset": "veryfast"})
        except av.codec.codec.UnknownCodecError:  # a PyAV without it: played by players, not by browsers
            stream = self.out.add_stream("mpeg4", rate=25)
            stream.bit_rate = 2_000_000
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        ticks = TICKS if stream.codec_context.name == "libx264" else 1000
        stream.time_base = stream.codec_context.time_base = fractions.Fraction(1, ticks)
        stream.gop_size = 50
        return stream

    def pixels(self, frame: Any) -> mosaic.Picture:
        shown = self.reader.reformat(frame, width=self.size[0], height=self.size[1], format="bgr24",
                                     interpolation="AREA", dst_color_range=ColorRange.JPEG, threads=1)  # fmt: skip
        return np.asarray(shown.to_ndarray(), np.uint8)

    def shown_at(self, moment: float) -> mosaic.Picture:
        return mosaic.without(self.shown, list(self.boxes_at(moment)), self.factor)

    def boxes_at(self, moment: float) -> Iterator[list[float]]:
        first = bisect_left(self.looks, moment - AROUND_SECONDS)
        last = bisect_right(self.looks, moment + AROUND_SECONDS)
        for look in self.job["hidden"][first:last]:
            yield from look[1]


decoder.JOBS["blur"] = blur

if __name__ == "__main__":
    decoder.main()
