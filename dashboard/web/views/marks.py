"""Small marks inside tables (表内图形): an interval with its dot, points lost by line, a grade, a change."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from dashboard.texts import t
from dashboard.web import books, display
from dashboard.web.components.blocks import word
from dashboard.web.markup import Safe, tag

TEXTURES = {
    "T": "background:var(--mc-text)",
    "R": "background:repeating-linear-gradient(90deg,var(--mc-text) 0 3px,transparent 3px 5px)",
    "H": "background:repeating-linear-gradient(135deg,var(--mc-quiet) 0 2px,transparent 2px 5px)",
    "C": "background:var(--mc-quiet)",
    "O": "background:var(--mc-rule)",
}


def span(low: float | None, dot: float | None, high: float | None, *, across: tuple[float, float],
         words: str, line: float | None = None) -> Safe | str:  # fmt: skip
    """├──●──┤ drawn over the range `across`; `words` says the same for those who cannot see it."""
    if dot is None:
        return display.NONE
    parts = []
    if low is not None and high is not None:
        left, right = _place(low, across), _place(high, across)
        parts.append(tag("i", style=f"left:{left:.1f}%;width:{max(right - left, 0.5):.1f}%"))
    if line is not None:
        parts.append(tag("s", style=f"left:{_place(line, across):.1f}%"))
    parts.append(tag("u", style=f"left:{_place(dot, across):.1f}%"))
    return tag("span", parts, class_="span", role="img", aria_label=words, title=words)


def _place(value: float, across: tuple[float, float]) -> float:
    low, high = across
    return 50.0 if high <= low else min(max((value - low) / (high - low) * 100, 0.0), 100.0)


def lost_by_line(lost: Mapping[str, float], scale: float) -> Safe:
    """Points lost by line of business, stacked and thin; `scale` is the largest total of the table."""
    words = t(", ").join(f"{t(books.LINES[line])} {display.score(points)}" for line, points in lost.items() if points)
    bars = [
        tag("i", style=f"width:{points / scale * 100 if scale else 0:.1f}%;{TEXTURES[line]}")
        for line, points in lost.items() if points > 0
    ]  # fmt: skip
    said = t("Points lost: {parts}", parts=words or t("none"))
    return tag("span", bars, class_="lost", role="img", aria_label=said, title=said)


def lines_key(lines: Sequence[str]) -> Safe:
    """The key of the stacked bars."""
    return tag("span", [(tag("i", style=TEXTURES[line]), t(books.LINES[line])) for line in lines], class_="key quiet")


def grade(code: str | None) -> Safe | str:
    if code is None:
        return display.NONE
    tone = {"D": "breach", "C": "soon", "标杆": "fine"}.get(code, "")
    return tag("span", grade_name(code), class_=f"grade {tone}".strip())


GRADES = {"标杆": "Benchmark"}
"""Grades that are words; the others are letters everywhere."""


def grade_name(code: str) -> str:
    return t(GRADES[code]) if code in GRADES else code


def change(difference: float | None, decimals: int = 2) -> Safe | str:
    """▲ +1.20 or ▼ −0.80: sign, shape and tone say the same."""
    if difference is None:
        return display.NONE
    text = display.signed(difference, decimals)
    if not text.startswith(("+", "−")):
        return tag("span", "＝", class_="quiet", title=t("unchanged"))
    shape, tone = ("▲", "fine") if difference > 0 else ("▼", "breach")
    return tag("span", f"{shape} {text}", class_=tone)


def red_lines(number: int) -> Safe | str:
    return word(t("red line ×{n}", n=number), "decided breach") if number else ""


MARKS = {
    "stale_source": ("old data", "Rests on a source that has been silent for longer than expected."),
    "unjudgeable_share": ("many unjudgeable", "More of its records cannot be judged than the rulebook allows."),
}
"""Mark → word in a table, and its sentence."""


def beside(codes: Sequence[str]) -> list[Safe]:
    """What must be known beside a score or a figure: a word each, the sentence on hover."""
    return [word(t(MARKS[code][0]), "soon", t(MARKS[code][1])) for code in codes]


def missing(codes: Sequence[str]) -> Safe | str:
    """缺项: what has no value, never counted as zero."""
    if not codes:
        return ""
    return word(t("{n} missing", n=len(codes)), "", t("No value in this period: {codes}", codes=t(", ").join(codes)))
