"""Violations on their pages (违规): board by level, ledger, and one case as a story from first frame to closing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, time, timedelta

from checks.violations.machine import Event
from dashboard.cases.stored import Source
from dashboard.cases.telling import DEED_WORDS
from dashboard.cases.words import FIELDS, GRAVE, KINDS, SIDES, STATES, STEPS, said_of, what
from dashboard.queries.offices import Tree
from dashboard.queries.violations import Story, Violation
from dashboard.texts import t
from dashboard.web import display, passes
from dashboard.web.components.blocks import Column, facts, figure, figures, go, table, word
from dashboard.web.markup import Safe, safe, tag
from dashboard.web.views.today import countdown
from dashboard.web.views.warnings import LEVELS, TONES

Link = Callable[..., str]
PICTURES = 24
"""At most so many are shown; the case package has them all."""


LATE, TODAY, APPEALED = "late", "today", "appealed"
"""In the place of a level: past the time of its step, or so by the end of this day; with an open appeal."""
CHOICES = (*LEVELS, LATE, TODAY, APPEALED)


def chosen(one: Violation, choice: str | None, now: datetime) -> bool:
    """Whether a case is among those that a figure counts; without a choice every case is."""
    if choice in (LATE, TODAY):
        return one.due is not None and one.due < (now if choice == LATE else end_of_today(now))
    return choice is None or (APPEALED in one.sides if choice == APPEALED else one.level == choice)


def end_of_today(now: datetime) -> datetime:
    """The first moment of tomorrow in Asia/Shanghai."""
    tomorrow = now.astimezone(display.LOCAL).date() + timedelta(days=1)
    return datetime.combine(tomorrow, time(), display.LOCAL)


def counts(found: Sequence[Violation], now: datetime, link: Callable[[str | None], str]) -> Safe:
    """Open cases by the level that has them, how many are past their time, and how many are appealed against."""
    levels: Counter[str] = Counter(one.level for one in found)
    late, today, appealed = (sum(chosen(one, which, now) for one in found) for which in (LATE, TODAY, APPEALED))
    return figures([
        *(figure(display.count(levels.get(level, 0)), t(words), href=link(level), tone=TONES[level])
          for level, words in LEVELS.items()),
        figure(display.count(late), t("past the deadline"), href=link(LATE), tone="breach" if late else ""),
        figure(display.count(today), t("due today or overdue"), href=link(TODAY), tone="soon" if today else ""),
        figure(display.count(appealed), t("appeal open"), href=link(APPEALED)),
    ])  # fmt: skip


def ledger(found: Sequence[Violation], titles: Mapping[str, str], tree: Tree, now: datetime, link: Link) -> Safe:
    """What ends first on top; a line opens the case."""
    columns = [
        Column(t("Time left"), "num whole"), Column(t("Number"), "head keep"), Column(t("What"), "whole"),
        Column(t("Office"), "keep"),
        Column(t("Severity")), Column(t("State"), "wide"), Column(t("Level")), Column(t("Observed"), "num keep"),
    ]  # fmt: skip
    body = [
        [_left(one, now), go(link("violation", number=one.number), one.number), what(one, titles),
         go(link("office", office=one.office), tree.name(one.office)),
         word(t(GRAVE[one.severity]), "breach" if one.severity == "A" else ""), stands(one), _level(one),
         display.moment(one.observed_at, now)]
        for one in found
    ]  # fmt: skip
    return table(columns, body, label=t("Violations"))


def _left(one: Violation, now: datetime) -> object:
    if one.due is None or one.step is None:
        return display.NONE
    return safe(countdown(one.due, now), tag("small", f" {t(STEPS[one.step])}", class_="quiet"))


def _level(one: Violation) -> object:
    return display.NONE if one.ended_at else word(t(LEVELS[one.level]), TONES[one.level])


def stands(one: Violation) -> Safe:
    """State and what stands beside it, each a word."""
    sides = [word(t(SIDES[side]), "soon") for side in sorted(one.sides) if side in SIDES]
    tone = {"closed": "fine", "rechecked": "fine"}.get(one.state, "")
    return safe(word(t(STATES[one.state]), tone), *sides)


# --- one case ---------------------------------------------------------------------------------------------------------


def head(story: Story, titles: Mapping[str, str], tree: Tree, now: datetime, link: Link) -> Safe:
    """What it is, where it stands, and until when what must be done."""
    one = story.violation
    pairs: list[tuple[str, object]] = [
        (t("What"), what(one, titles)),
        (t("Office"), go(link("office", office=one.office), tree.name(one.office))),
        (t("State"), stands(one)),
        (t("Severity"), t(GRAVE[one.severity])),
        (t("How it became known"), t(KINDS[one.kind])),
        (t("Observed"), display.moment(one.observed_at, now)),
    ]
    if not one.ended_at:
        pairs.append((t("Who has it"), word(t(LEVELS[one.level]), TONES[one.level])))
    for due in story.deadlines:
        clock = safe(countdown(due.until, now), f" · {display.moment(due.until, now)}")
        pairs.append((t("Time to {step}", step=t(STEPS[due.step])), clock))
    if story.appeal_until is not None and story.appeal is None and not one.ended_at:
        over = story.appeal_until < now
        words = t("The office could appeal until") if over else t("The office may appeal until")
        pairs.append((words, display.moment(story.appeal_until, now)))
    if one.returns:
        pairs.append((t("Returned at re-checks"), display.count(one.returns)))
    if one.recurrence_of:
        pairs.append((t("Happened before as"), go(link("violation", number=one.recurrence_of), one.recurrence_of)))
    if story.former:
        pairs.append((t("Opened anew after"), go(link("violation", number=story.former), story.former)))
    if story.anew:
        later = [go(link("violation", number=number), number, " ") for number in story.anew]
        pairs.append((t("Opened anew as"), safe(*later)))
    if story.followed_by:
        again = [go(link("violation", number=number), number, " ") for number in story.followed_by]
        pairs.append((t("Happened again as"), safe(*again)))
    return facts(pairs)


def pictures(person: str, kinds: Mapping[int, str], *, clear: bool = False) -> Safe:
    """Frames and photographs, blurred outside the review page; `clear` for who judges what was put right."""
    shown = [number for number, kind in kinds.items() if kind in ("frame", "photograph")][:PICTURES]
    words = t("Photographs of what was put right") if clear else t("Blurred picture of the case")
    images = [
        tag("img", src=f"/evidence/{passes.issue(number, person, original=clear)}", alt=words, loading="lazy")
        for number in shown
    ]
    return tag("div", [tag("figure", image, class_="case") for image in images], class_="frames")


def sources(story: Story, link: Link) -> Safe:
    """In which ways the fact became known, each a door."""
    return tag("ul", [tag("li", _source(one, link)) for one in story.sources])


def _source(one: Source, link: Link) -> Safe:
    name = t(KINDS.get(one.kind, "Supervision"))
    if one.sample:
        return safe(name, t(": "), go(link("review", sample=one.sample), one.sample))
    if one.record in ("tickets", "repairs", "applications", "inspections"):
        number = one.reference.split("/")[0]
        return safe(name, t(": "), go(link("record", record=one.record, number=number), number))
    return safe(name if one.kind == "hand" else f"{name}{t(': ')}{one.reference}")


def timeline(events: Sequence[Event], titles: Mapping[str, str], now: datetime) -> Safe:
    """Every deed in its order: when, who, what, and what was said."""
    return tag("ol", [tag("li", _event(one, titles, now)) for one in events], class_="story")


def _event(one: Event, titles: Mapping[str, str], now: datetime) -> Safe:
    def told(name: str, value: object) -> str:
        return f"{value} {titles.get(str(value), '')}".strip() if name == "item" else said_of(name, value)

    said = [tag("p", f"{t(FIELDS[name])}{t(': ')}{told(name, value)}", class_="note")
            for name, value in one.what.items() if name in FIELDS and value]  # fmt: skip
    by, at = t("system") if one.by == "system" else one.by, display.moment(one.at, now)
    return safe(tag("b", t(DEED_WORDS[one.deed])), f" · {by} · ", tag("span", at, title=display.exact(one.at)), *said)
