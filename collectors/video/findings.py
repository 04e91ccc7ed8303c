"""What a clip suggests (疑似问题): candidates of sheet items R01, R02, F02, F03 (domain §5.3), never more.

A condition needs its item's duration. One that holds for the whole clip may have held for longer: it is a candidate
too, marked as of unproven duration.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from collectors.video.health import LASTING_SECONDS, Health
from collectors.video.presence import Presence, Span, total
from collectors.video.witnesses import ENOUGH, NOT_CHECKABLE, TOO_DARK, TOO_WEAK, Witnesses

NEEDED_SECONDS = {"R01": 300.0, "R02": 600.0, "F02": 1800.0, "F03": LASTING_SECONDS}
"""R01, R02, F02: domain §5.3. F03 names no duration: it counts once the problem has lasted."""
ITEM_OF_PROBLEM = {
    "no_signal": "F02",
    "frozen": "F02",
    "black": "F03",
    "blurred": "F03",
    "occluded": "F03",
    "moved": "F03",
}
EMPTY_WINDOW_ITEMS = ("R01", "R02")
WHOLE = 0.95
"""Share of the clip over which a condition must hold to count as holding throughout."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """A picture that shows it: file name, SHA-256 of its bytes, second from the first frame."""

    path: str
    sha256: str
    second: float


@dataclass(frozen=True, slots=True)
class Finding:
    """A candidate. Seconds from the first frame; confidence 0–1."""

    code: str
    start: float
    end: float
    confidence: float
    duration_proven: bool
    windows: tuple[str, ...] = ()
    problem: str | None = None
    evidence: tuple[Evidence, ...] = field(default=())

    def moments(self) -> list[float]:
        """Seconds that show it best: near its beginning, in the middle, near its end."""
        inset = min(0.5, (self.end - self.start) / 4)
        return [round(second, 3) for second in (self.start + inset, (self.start + self.end) / 2, self.end - inset)]


@dataclass(frozen=True, slots=True)
class NotJudged:
    """An item on which no answer is given, and why; silence would read as "nothing found"."""

    code: str
    reason: str


def judge(
    health: Health, presences: Sequence[Presence], witnesses: Witnesses, seconds: float
) -> tuple[list[Finding], list[NotJudged]]:
    """Candidates of one clip, and the items that could not be judged."""
    found = camera_findings(health, seconds)
    if not presences:
        return found, []
    obstacle = _obstacle(health, presences, witnesses, seconds)
    if obstacle:
        return found, [NotJudged(code, obstacle) for code in EMPTY_WINDOW_ITEMS]
    return found + empty_window_findings(presences, witnesses, seconds), []


def camera_findings(health: Health, seconds: float) -> list[Finding]:
    """F02 for a picture that is not live, F03 for one that is covered, turned away, out of focus or dark."""
    found = []
    for problem, spans in health.problems.items():
        start, end = spans[0][0], spans[-1][1]
        share = total(spans) / (end - start)
        code = ITEM_OF_PROBLEM[problem]
        found.append(Finding(code, start, end, round(share, 3), total(spans) >= NEEDED_SECONDS[code], problem=problem))
    return sorted(found, key=lambda finding: (finding.start, finding.code))


def empty_window_findings(
    presences: Sequence[Presence], witnesses: Witnesses, seconds: float, *, whole_hall: bool = True
) -> list[Finding]:
    """R01 where every window is empty at once, R02 where one is; an R02 that says no more than an R01 is left out.

    Without `whole_hall` there are windows that nobody looked at: no R01 then.
    """
    names = tuple(presence.window.name for presence in presences)
    together = common([presence.absent for presence in presences]) if whole_hall else []
    found = _long_enough("R01", together, names, witnesses, seconds)
    covered = [(finding.start, finding.end) for finding in found]
    for presence in presences:
        alone = _long_enough("R02", presence.absent, (presence.window.name,), witnesses, seconds)
        found += [one for one in alone if not any(a <= one.start and one.end <= b for a, b in covered)]
    return found


def common(spans: Sequence[Sequence[Span]]) -> list[Span]:
    """Where all of the lists of spans hold at once."""
    held: list[Span] = list(spans[0])
    for other in spans[1:]:
        pairs = ((max(a, c), min(b, d)) for a, b in held for c, d in other)
        held = sorted((start, end) for start, end in pairs if end > start)
    return held


def _long_enough(
    code: str, absent: Sequence[Span], names: tuple[str, ...], witnesses: Witnesses, seconds: float
) -> list[Finding]:
    found = []
    for start, end in absent:
        proven = end - start >= NEEDED_SECONDS[code]
        if proven or end - start >= WHOLE * seconds:
            found.append(Finding(code, start, end, round(witnesses.recall, 3), proven, names))
    return found


def _obstacle(health: Health, presences: Sequence[Presence], witnesses: Witnesses, seconds: float) -> str | None:
    if witnesses.recall < ENOUGH:
        return TOO_WEAK
    if health.dark:
        return TOO_DARK
    known = max(total(presence.present) + total(presence.absent) for presence in presences)
    return NOT_CHECKABLE if known < seconds / 2 else None
