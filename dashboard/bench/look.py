"""`mingcha bench look`: speed against OpenCV decoding the same frames, and what each set of witnesses misses.

Quality needs the clips of the shared folder beside the checkout; truth is hand-made (`one-by-one.presence.json`, the
counts in its README, and the seats of `classroom` drawn here). Clips are also degraded: dimmed to 0.3, noise of 15
grey levels, compressed hard. What is printed as recall goes into `collectors/video/witnesses.py`.
"""

from __future__ import annotations

import json
import os
import statistics
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import cv2
import numpy as np

from collectors.video.decode import Picture, stills, watch
from collectors.video.encode import write_video
from collectors.video.look import look
from collectors.video.persons import NoDetector, PersonDetector, SsdLite, Yolox, packaged_model
from collectors.video.reference import Reference, reference_from
from collectors.video.windows import Window
from collectors.video.witnesses import MEASURED
from dashboard.bench.timing import machine, paired, report

SHARED = Path(__file__).parents[2].parent / "shared"
ONE_BY_ONE = "one-by-one-person-detection.mp4"
TABLE = Window("table", ((340, 0), (580, 0), (580, 432), (340, 432)))
SEATS = (
    Window("front left", ((40, 130), (128, 130), (128, 240), (40, 240))),
    Window("back left", ((100, 112), (168, 112), (168, 188), (100, 188))),
    Window("back right", ((212, 112), (278, 112), (278, 188), (212, 188))),
    Window("front right", ((275, 132), (362, 132), (362, 240), (275, 240))),
)
Spans = Sequence[Sequence[float]]
Change = Callable[[Picture, np.random.Generator], Picture]
LABELLED = (ONE_BY_ONE, "classroom.from-gif.mp4", "store-aisle-detection.from-gif.mp4")
SPEED_CLIPS = (ONE_BY_ONE, "traffic_camera_vfr.mp4")
NEGATIVE_CLIPS = ("car-detection.mp4", "traffic_camera_vfr.mp4", "issue53_brightness_change.avi")


@dataclass(frozen=True, slots=True)
class Case:
    """A clip in one condition with a window and the seconds at which somebody is in it."""

    clip: Path
    original: Path
    windows: tuple[Window, ...]
    truth: Spans
    empty_at: float | None = None
    """A second of the original at which nobody is there."""


@dataclass(slots=True)
class Tally:
    """Seconds right and wrong."""

    hit: int = 0
    missed: int = 0
    invented: int = 0
    empty: int = 0

    def count(self, truth: set[int], found: set[int], seconds: int) -> None:
        self.hit += len(truth & found)
        self.missed += len(truth - found)
        self.invented += len(found - truth)
        self.empty += seconds - len(truth)

    @property
    def recall(self) -> float:
        return self.hit / max(1, self.hit + self.missed)

    @property
    def precision(self) -> float:
        return self.hit / max(1, self.hit + self.invented)


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


def grabbed(clip: Path) -> int:
    video, count = cv2.VideoCapture(str(clip)), 0
    while video.grab():
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


# --- quality ---------------------------------------------------------------------------------------------------------


def quality(detector: PersonDetector, folder: Path) -> None:
    """Presence per second in each condition, visits at the table, seconds invented where nobody is."""
    print(f"\n{detector.name}")
    for reference_given in (False, True):
        tallies = {name: counted(detector, cases(name, folder), reference_given) for name in CONDITIONS}
        for name, tally in tallies.items():
            print(f"  {name}: precision {tally.precision:.3f}, recall {tally.recall:.3f}")
        lowest = min(tally.recall for tally in tallies.values())
        stated = MEASURED[detector.kind, reference_given]
        how = "given" if reference_given else "learnt"
        print(f"  empty picture {how}: stated recall {stated:.2f}, lowest measured now {lowest:.3f}")
    visits(detector)
    for name in NEGATIVE_CLIPS:
        seen = look(SHARED / "video" / name, windows=(whole(SHARED / "video" / name),), detector=detector)
        print(f"  {name}: somebody in {len(seconds_of(seen.presences[0].present))} of {seen.seconds:.0f} s, "
              f"heads at most {max((count for _, count in seen.people), default=0)}")  # fmt: skip
    if detector.side:
        heads(detector)


def counted(detector: PersonDetector, cases: Iterable[Case], reference_given: bool) -> Tally:
    tally = Tally()
    for case in cases:
        if reference_given and case.empty_at is None:
            continue
        reference = empty_picture(case) if reference_given else None
        seen = look(case.clip, windows=case.windows, detector=detector, reference=reference)
        for one in seen.presences:
            tally.count(seconds_of(case.truth), seconds_of(one.present), int(seen.seconds))
    return tally


def empty_picture(case: Case) -> Reference:
    """The clean picture of the empty scene: from the clip as it is, as a camera's owner would have taken it."""
    assert case.empty_at is not None
    (picture,) = stills(case.original, [case.empty_at]).values()
    return reference_from(np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY), np.uint8))


def visits(detector: PersonDetector) -> None:
    """Visits and gaps at the table, and the same clip with the whole picture as one window."""
    clip = SHARED / "video" / ONE_BY_ONE
    seen = look(clip, windows=(TABLE, whole(clip)), detector=detector)
    table, all_of_it = seen.presences
    truth, tally = seconds_of(one_by_one_truth()), Tally()
    tally.count(truth, seconds_of(all_of_it.present), int(seen.seconds))
    gaps = ", ".join(f"{end - start:.1f}" for start, end in table.absent[1:-1])
    print(f"  one-by-one, whole picture: precision {tally.precision:.3f}, recall {tally.recall:.3f} (wanted >= 0.97)")
    print(f"  one-by-one, table: {len(table.present)} visits (wanted 6), gaps {gaps} s")


def heads(detector: PersonDetector) -> None:
    """Share of seconds with the exact head count on the short clips whose count is known."""
    known = {"classroom.from-gif.mp4": 4, "face-demographics-walking-and-pause.from-gif.mp4": 3}
    for name, count in known.items():
        seen = look(SHARED / "video" / name, detector=detector)
        exact = sum(found == count for _, found in seen.people) / len(seen.people)
        print(f"  {name}: exact head count in {exact:.2f} of its seconds")


def seconds_of(spans: Spans) -> set[int]:
    """Seconds of which at least half lies in the spans."""
    last = int(max((end for _, end in spans), default=0)) + 1
    inside = {second: sum(max(0.0, min(end, second + 1) - max(start, second)) for start, end in spans)
              for second in range(last)}  # fmt: skip
    return {second for second, share in inside.items() if share >= 0.5}


def whole(clip: Path) -> Window:
    with watch(clip, every=1e9) as reading:
        width, height = reading.facts.width, reading.facts.height
    return Window("whole", ((0, 0), (width, 0), (width, height), (0, height)))


def one_by_one_truth() -> Spans:
    spans: Spans = json.loads((SHARED / "video" / "one-by-one.presence.json").read_text())["person_visible_seconds"]
    return spans


def cases(condition: str, folder: Path) -> Iterator[Case]:
    """The labelled clips in one condition: people who come and go, and four seated for a whole minute."""
    coming, seated, aisle = (SHARED / "video" / name for name in LABELLED)
    clip = degraded(coming, condition, folder)
    yield Case(clip, coming, (whole(coming),), one_by_one_truth(), empty_at=0.0)
    yield Case(degraded(seated, condition, folder, seconds=60), seated, SEATS, [[0, 60]])
    yield Case(degraded(aisle, condition, folder), aisle, (whole(aisle),), [[0, 4.5]])


def dimmed(picture: Picture, _rng: np.random.Generator) -> Picture:
    return np.asarray(picture * 0.3, np.uint8)


def noisy(picture: Picture, rng: np.random.Generator) -> Picture:
    return np.clip(picture + rng.normal(0, 15, picture.shape), 0, 255).astype(np.uint8)


def unchanged(picture: Picture, _rng: np.random.Generator) -> Picture:
    return picture


CONDITIONS: dict[str, tuple[Change, int]] = {
    "as it is": (unchanged, 20),
    "dimmed": (dimmed, 23),
    "noisy": (noisy, 26),
    "compressed": (unchanged, 38),
}


def degraded(clip: Path, condition: str, folder: Path, *, seconds: float | None = None) -> Path:
    """The clip in that condition, played to and fro until `seconds` are full; made once."""
    change, grade = CONDITIONS[condition]
    if condition == "as it is" and seconds is None:
        return clip
    path = folder / f"{clip.stem}-{condition.replace(' ', '-')}.mp4"
    if not path.exists():
        rng = np.random.default_rng(7)
        frames = ((moment, change(picture, rng)) for moment, picture in played(clip, seconds))
        write_video(path, frames, quality=grade)
    return path


def played(clip: Path, seconds: float | None) -> Iterator[tuple[float, Picture]]:
    """(second, BGR picture) of every frame; with `seconds`, forwards and backwards in turn until then."""
    with watch(clip, every=0.08, colour_side=4096) as reading:
        if seconds is None:
            yield from ((frame.time, frame.colour) for frame in reading if frame.colour is not None)
            return
        frames = [frame.colour for frame in reading if frame.colour is not None]
    swing = frames + frames[-2:0:-1]
    for number in range(int(seconds * 12)):
        yield number / 12, swing[number % len(swing)]
