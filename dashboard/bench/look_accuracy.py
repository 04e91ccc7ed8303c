"""`mingcha bench look`: how often the detectors are right, on real clips, degraded ones, and RTSP cameras.

Camera problems: every clip of the shared folder in each trouble of `look_clips.py`, in trouble from its beginning
(against the camera's reference picture) and from its thirteenth second on (without one). A clip is one case: the
problem must be named, and no other. Heads: frames labelled by hand. Items: `look_scenes.py`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np

from collectors.video.decode import stills
from collectors.video.look import look
from collectors.video.persons import NoDetector, PersonDetector
from collectors.video.reference import Reference, reference_from
from dashboard.bench.look_cameras import live_cameras
from dashboard.bench.look_clips import CLIPS, ONE_BY_ONE, SHARED, TROUBLES, troubled
from dashboard.bench.look_scenes import items

HEAD_LABELS = Path(__file__).parents[2] / "tests" / "collectors" / "labels" / "head_counts.json"
FRAMES_PER_SECOND = 10
"""Of the clip whose people are labelled by frame number."""


@dataclass
class Score:
    """Cases right and wrong of one detector; `unjudged`: no answer was given."""

    hit: int = 0
    missed: list[str] = field(default_factory=list)
    invented: list[str] = field(default_factory=list)
    unjudged: int = 0

    @property
    def precision(self) -> float | None:
        said = self.hit + len(self.invented)
        return self.hit / said if said else None

    @property
    def recall(self) -> float | None:
        there = self.hit + len(self.missed)
        return self.hit / there if there else None

    def count(self, case: str, expected: bool, found: bool) -> None:
        if expected and found:
            self.hit += 1
        elif expected:
            self.missed.append(case)
        elif found:
            self.invented.append(case)

    def line(self) -> str:
        """The score in words, with the cases that went wrong."""
        wrong = [f"missed {case}" for case in self.missed] + [f"invented {case}" for case in self.invented]
        silent = f", not judged {self.unjudged}" if self.unjudged else ""
        right = f"precision {_figure(self.precision)}, recall {_figure(self.recall)}"
        return f"{right} ({self.hit} of {self.hit + len(self.missed)}{silent})" + "".join(f"\n      {w}" for w in wrong)


def _figure(value: float | None) -> str:
    return "—" if value is None else f"{value:.3f}"


def accuracy(detectors: Sequence[PersonDetector], folder: Path) -> None:
    """Print what camera problems, heads, items and live cameras come to."""
    print("\ncamera problems (they use no person detector)")
    for line in problem_lines(problem_cases(folder)):
        print("  " + line)
    for detector in detectors:
        if detector.side:
            print(f"\n{detector.name}: exact head count in {heads(detector)}")
    for detector in detectors:
        print(f"\nitems, {detector.name}")
        for item, score in items(detector, folder, Score).items():
            print(f"  {item}: {score.line()}")
    print("\nlive cameras (../shared/tools)")
    for line in live_cameras(detectors[0], folder):
        print("  " + line)


# --- camera problems -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ProblemCase:
    """A clip in trouble and what was said of it."""

    name: str
    trouble: str
    expected: str | None
    found: tuple[str, ...]
    still: bool


def problem_cases(
    folder: Path, clips: Sequence[str] = CLIPS, troubles: Sequence[str] = tuple(TROUBLES)
) -> Iterator[ProblemCase]:
    """Each clip in each trouble, both ways."""
    for name in clips:
        original = SHARED / "video" / name
        for trouble in troubles:
            for midway in (False, True):
                clip = troubled(original, trouble, folder, midway=midway)
                reference = None if midway or trouble == "frozen" else first_picture(original)
                seen = look(clip, detector=NoDetector(), reference=reference).health
                label = f"{name} {trouble} {'midway' if midway else 'throughout'}"
                yield ProblemCase(label, trouble, TROUBLES[trouble][2], tuple(seen.problems), seen.still)


def problem_lines(cases: Iterator[ProblemCase]) -> list[str]:
    """Scores per problem and of all together; re-encoded clips are reported and not counted."""
    scores: dict[str, Score] = {expected: Score() for _, _, expected in TROUBLES.values() if expected}
    all_of_them, apart = Score(), list[str]()
    for case in cases:
        if case.trouble == "re-encoded":
            apart += [f"re-encoded, not counted: {case.name}: {', '.join(case.found)}"] if case.found else []
            continue
        for problem in {*scores, *case.found}:
            for score in (scores.setdefault(problem, Score()), all_of_them):
                score.count(f"{case.name} ({problem})", problem == case.expected, problem in case.found)
    lines = [f"{problem}: {score.line()}" for problem, score in scores.items()]
    return [*lines, f"all, wanted >= 0.98 / 0.98: {all_of_them.line().splitlines()[0]}", *apart]


def first_picture(clip: Path) -> Reference:
    """The clip's first picture as its camera's reference, of a stream that is known to live."""
    (picture,) = stills(clip, [0.0]).values()
    return reference_from(np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY), np.uint8), moved=True)


# --- heads -----------------------------------------------------------------------------------------------------------


def heads(detector: PersonDetector) -> str:
    """Share of labelled indoor frames whose heads are counted exactly, and those that are not."""
    wanted = head_labels()
    wrong = []
    for name in dict.fromkeys(clip for clip, _, _ in wanted):
        truth = {second: count for clip, second, count in wanted if clip == name}
        for second, picture in stills(SHARED / "video" / name, list(truth)).items():
            found = len(detector.look(picture).persons)
            if found != truth[second]:
                wrong.append(f"\n      {name} {second} s: {found} for {truth[second]}")
    share = 1 - len(wrong) / len(wanted)
    return f"{share:.3f} of {len(wanted)} labelled frames (wanted >= 0.9 with YOLOX-nano)" + "".join(wrong)


def head_labels() -> list[tuple[str, float, int]]:
    """(clip, second, heads): those labelled by hand here, and those that came with the clips."""
    ours = [(row["clip"], row["second"], row["heads"]) for row in json.loads(HEAD_LABELS.read_text())]
    theirs = json.loads((SHARED / "video" / "one-by-one.people.json").read_text())
    return ours + [(ONE_BY_ONE, row["frame"] / FRAMES_PER_SECOND, len(row["boxes"])) for row in theirs]
