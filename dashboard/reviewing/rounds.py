"""What one person says about a sample, and which look it needs next (复核轮次). Pure.

One look settles a sample, unless it was drawn, finds the gravest severity, or leaves the person unsure: then a second
person looks, who does not know it; where the two differ, a third, whose decision stands.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

FIRST, SECOND, THIRD, GOLD = "1", "2", "3", "gold"
DRAWN, GRAVE, UNSURE, DISAGREEMENT = "drawn", "grave", "unsure", "disagreement"
GRAVEST = "A"
"""Grade of the score sheet's items whose every fail is looked at again."""
BLIND_FOR = timedelta(hours=1)
"""So long a look beside others' words (2, 3, gold) may be taken back, and so long these words stay hidden from it."""


@dataclass(frozen=True, slots=True)
class Broken:
    """An item of the sheet that was broken: where in the clip, and in which words."""

    item: str
    note: str
    camera: str | None = None
    second: float | None = None
    finding: int | None = None
    """The candidate that this confirms; None: only the person saw it."""
    office_is_cause: bool = False
    deliberate: bool = False


@dataclass(frozen=True, slots=True)
class Rejected:
    """A candidate that is none, and why."""

    finding: int
    reason: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """`decision` is ok, violation or unsure."""

    decision: str
    items: tuple[Broken, ...] = ()
    rejected: tuple[Rejected, ...] = ()
    reason: str | None = None

    @property
    def codes(self) -> list[str]:
        return sorted({broken.item for broken in self.items})

    @property
    def answers(self) -> int:
        """How many candidates it confirms or rejects."""
        return sum(broken.finding is not None for broken in self.items) + len(self.rejected)


@dataclass(frozen=True, slots=True)
class Judgement:
    """A verdict that stands: who gave it, in which round, and what it asks for (None: it settled the sample)."""

    id: int
    round: str
    by: str
    at: datetime
    verdict: Verdict
    calls_for: str | None = field(default=None)


def running(given: Sequence[Judgement]) -> list[Judgement]:
    """The judgements since the sample was settled last: of one that a late candidate opened again, or all."""
    closed = [place for place, one in enumerate(given) if one.calls_for is None]
    return list(given[closed[-1] + 1 :] if closed else given)


def settled_at(given: Sequence[Judgement]) -> datetime | None:
    """When the sample was settled last; candidates that came by then are answered."""
    return next((one.at for one in reversed(given) if one.calls_for is None), None)


def next_round(given: Sequence[Judgement]) -> str | None:
    """The round that waits for somebody; None: settled. `given` are running judgements in their order."""
    if not given:
        return FIRST
    if given[-1].calls_for is None:
        return None
    return SECOND if given[-1].round == FIRST else THIRD


def calls_for(
    verdict: Verdict, given: Sequence[Judgement], *, drawn: bool, grades: Mapping[str, str]
) -> str | None:  # fmt: skip
    """Why another person must look after this verdict; None: it settles the sample. `grades` are those of the sheet."""
    match next_round(given):
        case "1":
            if any(one.deliberate or grades.get(one.item) == GRAVEST for one in verdict.items):
                return GRAVE
            return UNSURE if verdict.decision == "unsure" else DRAWN if drawn else None
        case "2":
            return None if same(given[0].verdict, verdict) else DISAGREEMENT
        case _:
            return None


def same(one: Verdict, other: Verdict) -> bool:
    """Whether two verdicts cost the hall the same: decision, items, and what is said of intent and cause."""
    return one.decision == other.decision and _weighed(one) == _weighed(other)


def _weighed(verdict: Verdict) -> Counter[tuple[str, bool, bool]]:
    """An item that was found at two windows costs twice."""
    return Counter((one.item, one.office_is_cause or one.deliberate, one.deliberate) for one in verdict.items)


def settled_by(given: Sequence[Judgement]) -> Judgement:
    """The judgement whose words stand: the third's, else the first's, which alone or with the second settled it.

    The second's where it answers more candidates: one that came between the two would be answered by nobody.
    """
    if given[-1].round == THIRD or given[-1].verdict.answers > given[0].verdict.answers:
        return given[-1]
    return given[0]
