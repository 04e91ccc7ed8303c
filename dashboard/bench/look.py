"""`mingcha bench look`: speed against OpenCV decoding the same frames; then what witnesses and detectors miss.

`look_witnesses.py` measures presence, `look_accuracy.py` camera problems, heads and the detectors' states.
"""

from __future__ import annotations

import os
import statistics
import tempfile
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import cv2
import numpy as np

from collectors.video.encode import write_video
from collectors.video.look import look
from collectors.video.persons import NoDetector, PersonDetector, SsdLite, Yolox, packaged_model
from dashboard.bench.look_accuracy import accuracy
from dashboard.bench.look_clips import ONE_BY_ONE, SHARED, noisy
from dashboard.bench.look_clock import clocks
from dashboard.bench.look_speed import grabbed
from dashboard.bench.look_witnesses import quality
from dashboard.bench.timing import machine, paired, report

SPEED_CLIPS = (ONE_BY_ONE, "traffic_camera_vfr.mp4")


def run(*, size: int | None = None, pairs: int = 5) -> None:
    """Print the ratios and the table. `size` limits the frames of the made-up clip used without the shared folder."""
    print(f"look ({machine()})")
    with tempfile.TemporaryDirectory(prefix="mingcha-look-") as folder:
        if not (SHARED / "video").is_dir():
            speed([made_clip(Path(folder) / "made.mp4", size or 1500)], pairs)
            print("quality: not measured, the clips of ../shared/video are absent")
            return
        speed([SHARED / "video" / name for name in SPEED_CLIPS], pairs)
        for detector in detectors():
            quality(detector, Path(folder))
        accuracy(detectors(), Path(folder))
        clocks()


def detectors() -> list[PersonDetector]:
    """Those that can be had here: YOLOX from the settings or the shared folder, SSDLite from its package, none."""
    model = Path(os.environ.get("MINGCHA_PERSON_MODEL") or SHARED / "models" / "yolox_nano_416.onnx")
    packaged = packaged_model()
    return [
        *([Yolox(model)] if model.is_file() else []),
        *([SsdLite(packaged)] if packaged else []),
        NoDetector(),
    ]


# --- speed -----------------------------------------------------------------------------------------------------------


def speed(clips: Sequence[Path], pairs: int) -> None:
    """`look` without a detector against OpenCV decoding; the detector's own time apart."""
    nothing = NoDetector()
    look(clips[0], detector=nothing)  # both sides start with everything loaded
    for clip in clips:
        ours = partial(look, clip, detector=nothing)
        pair = paired(ours, partial(decoded, clip), pairs=pairs)
        report(f"{clip.name}: look without detector, speed against cv2 read()", pair.speed, ">= 0.7", pair)
        bare = paired(ours, partial(grabbed, clip), pairs=pairs)
        report(f"{clip.name}: the same against cv2 grab(), no pictures made", bare.speed, "for information", bare)
        spent = statistics.median(processor_seconds(partial(decoded, clip)) / processor_seconds(ours)
                                  for _ in range(pairs))  # fmt: skip
        report(f"{clip.name}: processor time of cv2 read() against ours, child included", spent, "for information")
    for detector in detectors():
        if detector.side:
            seen = look(clips[0], detector=detector)
            each = 1000 * seen.detector_seconds / seen.frames_analysed
            print(
                f"{detector.name}: {each:.1f} ms a look, {seen.detector_seconds:.2f} s for {seen.seconds:.0f} s of clip"
            )


def processor_seconds(call: Callable[[], object]) -> float:
    """Processor time of a call and of the children it ended: what a busy machine does not disturb."""
    before = os.times()
    call()
    after = os.times()
    return sum(after[:4]) - sum(before[:4])


def decoded(clip: Path) -> int:
    video, count = cv2.VideoCapture(str(clip)), 0
    while video.read()[0]:
        count += 1
    video.release()
    return count


def made_clip(path: Path, frames: int) -> Path:
    """Noise over a pattern, 768 × 432, 12.5 frames a second: for machines without the real clips."""
    rng = np.random.default_rng(1)
    coarse = rng.integers(0, 255, (27, 48, 3), np.uint8)
    scene = np.asarray(cv2.resize(coarse, (768, 432), interpolation=cv2.INTER_CUBIC), np.uint8)
    write_video(path, ((number / 12.5, noisy(scene, rng)) for number in range(frames)))
    return path
