"""`mingcha bench look`: what each set of witnesses of presence misses, in four conditions.

Quality needs the clips of the shared folder beside the checkout; truth is hand-made (`one-by-one.presence.json`, the
counts in its README, and the seats of `classroom` drawn here). What is printed as recall goes into
`collectors/video/witnesses.py`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from collectors.video.decode import stills, watch
from collectors.video.look import look
from collectors.video.persons import PersonDetector
from collectors.video.reference import Reference, reference_from
from collectors.video.windows import Window
from collectors.video.witnesses import MEASURED
from dashboard.bench.look_clips import CONDITIONS, ONE_BY_ONE, SHARED, degraded

TABLE = Window("table", ((340, 0), (580, 0), (580, 432), (340, 432)))
SEATS = (
    Window("front left", ((40, 130), (128, 130), (128, 240), (40, 240))),
    Window("back left", ((100, 112), (168, 112), (168, 188), (100, 188))),
    Window("back right", ((212, 112), (278, 112), (278, 188), (212, 188))),
    Window("front right", ((275, 132), (362, 132), (362, 240), (275, 240))),
)
Spans = Sequence[Sequence[float]]
LABELLED = (ONE_BY_ONE, "classroom.from-gif.mp4", "store-aisle-detection.from-gif.mp4")
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
