"""What a clip suggests (疑似问题): candidates of sheet items by the rules of `detectors.toml`, never more.

A condition needs its item's duration. One that holds for the whole clip may have held for longer: it is a candidate
too, marked as of unproven duration.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from collectors.video.health import Health
from collectors.video.presence import Span, joined, total
from collectors.video.rules import Detectors, Rule
from collectors.video.states import Held
from collectors.video.witnesses import NO_RECORDING, NO_TIME, NOT_DRAWN

WHOLE = 0.95
"""Share of the clip over which a condition must hold to count as holding throughout."""
Table = Mapping[tuple[str, str], Held]
"""(state, place) → when it held."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """A picture that shows it: file name, SHA-256 of its bytes, second from the first frame."""

    path: str
    sha256: str
    second: float


@dataclass(frozen=True, slots=True)
class Finding:
    """A candidate. Seconds from the first frame; confidence 0–1.

    Confidence is the measured recall of the witnesses where people are looked for, of a camera problem the share of
    its time for which it was seen, else 1: a brightness is measured, not guessed.
    """

    code: str
    start: float
    end: float
    confidence: float
    duration_proven: bool
    windows: tuple[str, ...] = ()
    """Labels of the places it was seen at."""
    problem: str | None = None
    title: str = ""
    """Of the rule that proposes it."""
    evidence: tuple[Evidence, ...] = field(default=())

    def moments(self) -> list[float]:
        """Seconds that show it best: near its beginning, in the middle, near its end."""
        inset = min(0.5, (self.end - self.start) / 4)
        return [round(second, 3) for second in (self.start + inset, (self.start + self.end) / 2, self.end - inset)]

    def document(self) -> dict[str, Any]:
        """As design §4.1 `look` has it, with more keys."""
        return {
            "code": self.code,
            "start": round(self.start, 2),
            "end": round(self.end, 2),
            "confidence": self.confidence,
            "duration_proven": self.duration_proven,
            "windows": list(self.windows),
            "problem": self.problem,
            "title": self.title,
            "evidence": [{"path": kept.path, "sha256": kept.sha256, "second": kept.second} for kept in self.evidence],
        }


@dataclass(frozen=True, slots=True)
class NotJudged:
    """An item on which no answer is given, and why; silence would read as "nothing found"."""

    code: str
    reason: str
    places: tuple[str, ...] = ()
    """Where not; empty: nowhere."""


@dataclass(frozen=True, slots=True)
class Sight:
    """What is known of one clip, or of all clips of a hall's sample together, from second 0 to `seconds`."""

    table: Table
    seconds: float
    recall: float
    loose: Table | None = None
    """Where one camera is enough to excuse (`unless`); None: as `table`."""
    slot: int | None = None
    """Slot of the day (design §4.2); None: not known, or a sample outside of the slots."""
    morning: bool = False
    """These are the minutes before opening: only rules `before_opening` apply, and else only the others."""


def judge(sight: Sight, detectors: Detectors) -> tuple[list[Finding], list[NotJudged]]:
    """Candidates of places and of the hall, and the items that could not be judged. Camera problems are apart."""
    found: list[Finding] = []
    silent: list[NotJudged] = []
    for rule in detectors.rules:
        if rule.problems:
            continue
        if bool(rule.before_opening) is not sight.morning:
            silent += [NotJudged(rule.item, NO_RECORDING)] if rule.before_opening and _is_due(rule, sight) else []
        elif rule.slots and sight.slot is None and not sight.morning:
            silent.append(NotJudged(rule.item, NO_TIME))
        elif _is_due(rule, sight):
            ours, unknown = applied(rule, sight, detectors)
            covering = [(one.start, one.end) for one in found if one.code == rule.not_beside_item]
            found += [one for one in ours if not any(a <= one.start and one.end <= b for a, b in covering)]
            silent += unknown
    return sorted(found, key=lambda one: (one.start, one.code, one.windows)), list(dict.fromkeys(silent))


def applied(rule: Rule, sight: Sight, detectors: Detectors) -> tuple[list[Finding], list[NotJudged]]:
    """One rule on a sight: where it holds for long enough, and where it cannot be told."""
    places = sorted(place for state, place in sight.table if state == rule.when[0])
    if not places:
        return [], [NotJudged(rule.item, NOT_DRAWN)]
    holding = {place: condition(rule, place, sight) for place in places}
    unknown: dict[str, list[str]] = {}
    for place, spans in holding.items():
        if isinstance(spans, str):
            unknown.setdefault(spans, []).append(place)
    silent = [NotJudged(rule.item, reason, tuple(filter(None, where))) for reason, where in unknown.items()]
    known = {place: spans for place, spans in holding.items() if not isinstance(spans, str)}
    if rule.over == "every":
        together = [] if unknown else common(list(known.values()))
        return long_enough(rule, together, places, sight, detectors), silent
    found = [one for place, spans in known.items() for one in long_enough(rule, spans, [place], sight, detectors)]
    return found, silent


def holding(rule: Rule, places: Sequence[str], sight: Sight) -> list[Span] | str:
    """When a rule's condition holds at all of the places at once, or why that is not known."""
    spans = [condition(rule, place, sight) for place in places]
    unknown = next((reason for reason in spans if isinstance(reason, str)), None)
    return unknown or common([known for known in spans if not isinstance(known, str)])


def condition(rule: Rule, place: str, sight: Sight) -> list[Span] | str:
    """When a rule's condition holds at one place, or why that is not known."""
    spans = []
    for state in rule.when:
        held = sight.table.get((state, place))
        if held is None:
            return NOT_DRAWN
        if held.reason:
            return held.reason
        spans.append(held.spans)
    holds = common(spans)
    for state in rule.unless:
        excuse = (sight.loose or sight.table).get((state, place))
        if excuse is None:  # nobody drew where the sign stands: the reviewer sees to it
            continue
        if excuse.reason:
            return excuse.reason
        holds = without(holds, excuse.spans)
    for state in rule.beside:
        others = [held for (name, _), held in sight.table.items() if name == state]
        anywhere = [held.spans for held in others if held.reason is None]
        if not anywhere:
            return others[0].reason or NOT_DRAWN if others else NOT_DRAWN
        holds = common([holds, joined(span for spans in anywhere for span in spans)])
    return holds


def long_enough(
    rule: Rule, spans: Sequence[Span], places: Sequence[str], sight: Sight, detectors: Detectors
) -> list[Finding]:
    """Candidates of the spans that last, or that last as long as there is anything to see."""
    needs = {need for state in (*rule.when, *rule.beside) for need in detectors.states[state].needs}
    confidence = round(sight.recall, 3) if needs & {"witnesses", "detector"} else 1.0
    names = tuple(filter(None, places))
    found = []
    for start, end in spans:
        proven = end - start >= rule.seconds
        if proven or end - start >= WHOLE * sight.seconds:
            found.append(Finding(rule.item, start, end, confidence, proven, names, title=rule.title))
    return found


def camera_findings(health: Health, detectors: Detectors) -> list[Finding]:
    """F02 for a picture that is not live, F03 for one that is covered, turned away, out of focus or dark."""
    found = []
    for problem, spans in health.problems.items():
        rule = next(rule for rule in detectors.rules if problem in rule.problems)
        start, end = spans[0][0], spans[-1][1]
        share = round(total(spans) / (end - start), 3)
        proven = total(spans) >= rule.seconds
        found.append(Finding(rule.item, start, end, share, proven, problem=problem, title=rule.title))
    return sorted(found, key=lambda finding: (finding.start, finding.code))


# --- spans -----------------------------------------------------------------------------------------------------------


def common(spans: Sequence[Sequence[Span]]) -> list[Span]:
    """Where all of the lists of spans hold at once."""
    held: list[Span] = list(spans[0])
    for other in spans[1:]:
        pairs = ((max(a, c), min(b, d)) for a, b in held for c, d in other)
        held = sorted((start, end) for start, end in pairs if end > start)
    return held


def without(spans: Sequence[Span], taken: Sequence[Span]) -> list[Span]:
    """What is left of spans when others are taken out."""
    if not taken:
        return list(spans)
    blocks = joined(taken)
    free = [
        (float("-inf"), blocks[0][0]),
        *((b, c) for (_, b), (c, _) in pairwise(blocks)),
        (blocks[-1][1], float("inf")),
    ]
    return common([spans, free])


def _is_due(rule: Rule, sight: Sight) -> bool:
    return not rule.slots or sight.slot is None or sight.slot in rule.slots
