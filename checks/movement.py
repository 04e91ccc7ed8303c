"""What moved an office (名次变化): its change of rank between two periods in parts that add up exactly.

Four leagues stand behind it, each differing from the one before in one thing:

1. as published: the earlier period as it was frozen;
2. restated: the same period from today's data (what differs is late data, 迟到数据);
3. by today's rules: the same data scored by the edition of the later period (rules, 规则);
4. now: the later period.

From 3 to 4 two things change at once. The office's own part (自身) is where its new score would have stood among the
others' old ones; the rest is the others' part (同行), offices that came or went included. The order of the steps is a
convention: another order would split the same change otherwise.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from checks.explain import largest_remainder
from checks.scoring import Row

Scores = Mapping[str, Fraction]
"""Published score of every ranked office."""


@dataclass(frozen=True, slots=True)
class Movement:
    """One office's change. Ranks and their parts count places: negative is up. Parts are None without a rank before."""

    rank_before: int | None
    rank: int | None
    late_data: int | None
    rules: int | None
    own: int | None
    peers: int | None
    score_before: Fraction | None
    score: Fraction | None
    score_late_data: Fraction | None
    score_rules: Fraction | None
    score_own: Fraction | None

    @property
    def change(self) -> int | None:
        """Places moved; the four parts add up to it."""
        return None if self.rank is None or self.rank_before is None else self.rank - self.rank_before


@dataclass(frozen=True)
class Stages:
    """The four leagues; `published` is None where the earlier period was never frozen: then late data are not known."""

    published: Scores | None
    restated: Scores
    reruled: Scores
    now: Scores

    def movement(self, office: str) -> Movement:
        """The change of one office between the first stage and the last."""
        first = self.restated if self.published is None else self.published
        stages = (first, self.restated, self.reruled, self.now)
        scores = [stage.get(office) for stage in stages]
        before, after = scores[0], scores[-1]
        ranks = [None if score is None else place(score, stage) for score, stage in zip(scores, stages, strict=True)]
        if any(score is None for score in scores):
            return Movement(ranks[0], ranks[3], None, None, None, None, before, after, None, None, None)
        known = [score for score in scores if score is not None]
        places = [rank for rank in ranks if rank is not None]
        alone = place(known[3], {code: score for code, score in self.reruled.items() if code != office})
        late = None if self.published is None else places[1] - places[0]
        score_late = None if self.published is None else known[1] - known[0]
        return Movement(
            places[0], places[3], late, places[2] - places[1], alone - places[2], places[3] - alone,
            known[0], known[3], score_late, known[2] - known[1], known[3] - known[2],
        )  # fmt: skip


def place(score: Fraction, others: Scores) -> int:
    """The rank of a score among others (its own may be among them): one more than the number of better ones."""
    return 1 + sum(1 for other in others.values() if other > score)


def scores_of(rows: Sequence[Row]) -> dict[str, Fraction]:
    """Published scores of the ranked rows."""
    return {row.office: row.score for row in rows if row.ranked and row.score is not None}


def own_by_indicator(before: Row, now: Row) -> dict[str, int]:
    """Hundredths of a score point by which each indicator moved the office's score; they add up to the difference.

    An indicator's part is what it contributes now less what it contributed before, each as 100 × points ÷ available
    weight; an indicator that gained or lost its value moves the others' weight too, and that is in their parts.
    """
    if before.score is None or now.score is None:
        return {}
    parts = {
        code: _contribution(now, code) - _contribution(before, code)
        for code in dict.fromkeys((*before.figures, *now.figures))
    }
    return largest_remainder(int((now.score - before.score) * 100), list(parts.items()))


def _contribution(row: Row, code: str) -> Fraction:
    """Hundredths of a score point from one indicator."""
    figure = row.figures.get(code)
    if figure is None or figure.points is None or not row.available_weight:
        return Fraction(0)
    return 10_000 * figure.points / row.available_weight
