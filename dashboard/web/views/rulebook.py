"""The rulebook as people read it (规则): limits by kind and line, their basis, and what an edition changed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date

from checks.rulebook.beside import code_of, scored_as
from checks.rulebook.compare import LimitChange, NumberChange, limit_changes, number_changes
from checks.rulebook.lines import Line, Unjudged
from checks.rulebook.loader import Rulebook
from checks.rulebook.model import KINDS, Edition, Indicator, Limit, LimitKind, Step
from dashboard.queries.rulebook import Touch
from dashboard.texts import current_language, t
from dashboard.web import books, display
from dashboard.web.components.blocks import Column, facts, go, section, table, word
from dashboard.web.markup import Safe, safe, tag
from dashboard.web.views import names

Link = Callable[..., str]
KIND_WORDS = {"law": "Law", "promise": "Public promise", "internal": "Internal rule"}
ORIGINS = {
    "a": "given with the project",
    "b": "public material",
    "c": "general knowledge, to be verified",
    "d": "by arithmetic",
    "p": "proposed, to be set by the company",
}
CLOCK_UNITS = {
    "minutes": "{n} min",
    "hours": "{n} h",
    "seconds": "{n} s",
    "days": "{n} working days",
    "working hours": "{n} h of working time",
}
NUMBER_NAMES = {"floor": "Floor", "target": "Target", "weight": "Weight"}


def kind_word(kind: LimitKind) -> str:
    return t(KIND_WORDS[kind])


def amount(limit: Limit | None) -> str:
    """`45 min`, `5 working days`, `2 h of working time`."""
    if limit is None:
        return display.NONE
    unit = "working hours" if (limit.clock, limit.unit) == ("working", "hours") else limit.unit
    return t(CLOCK_UNITS[unit], n=limit.amount)


def origin(mark: str) -> Safe:
    """Where a figure comes from, as a small mark with its words on hover."""
    letter, _, source = mark.partition(":")
    words = safe(t(ORIGINS[letter]), f" ({source})" if source else "")
    return word(letter, "soon" if letter in "cp" else "", words)


def summary(book: Rulebook, edition: Edition) -> Safe:
    """Edition, days, basis and digest: what a score's version means."""
    spans = [
        f"{begin // 60:02d}:{begin % 60:02d}–{end // 60:02d}:{end % 60:02d}" for begin, end in edition.working_time
    ]
    until = display.day(edition.valid_to) if edition.valid_to else t("until a newer edition")
    return facts(
        [
            (t("Edition"), safe(edition.code, " · ", books.title(edition))),
            (t("In force"), safe(display.day(edition.valid_from), " – ", until)),
            (t("Basis"), edition.source),
            (t("Working time"), ", ".join(spans)),
            (t("Digest of the book"), tag("code", book.digest)),
        ]
    )


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02d}:{minutes % 60:02d}"


def steps(edition: Edition) -> Safe:
    """One row per step: law, promise and internal limit side by side, never mixed."""
    columns = [Column(t("Step"), "head main"), *(Column(kind_word(kind), "wide") for kind in KINDS)]
    body = [[_step(step), *(_limits(step.limits_of(kind)) for kind in KINDS)] for step in edition.steps if step.limits]
    return table(columns, body, label=t("Limits"))


def _step(step: Step) -> Safe:
    stamps = safe(names.column(step.start), " → ", names.column(step.end))
    pauses = tag("small", tag("br"), t("pauses left out, flagged above {n} working days", n=step.pause_cap or 0))
    return safe(
        books.title(step),
        tag("small", tag("br"), names.record(step.record), " · ", stamps),
        pauses if step.pauses else None,
    )


def _limits(limits: Sequence[Limit]) -> Safe | str:
    if not limits:
        return display.NONE
    return tag("div", [tag("div", _limit(limit)) for limit in limits])


def _limit(limit: Limit) -> Safe:
    where = condition(limit.where.items())
    average = word(t("an average"), "soon", t("The promise states an average: one case by it is an internal rule."))
    return safe(
        tag("b", amount(limit)),
        f" {where}" if where else "",
        " ",
        average if limit.average else None,
        tag("small", tag("br"), limit.clause, " · ", limit.document, " "),
        origin(limit.origin),
    )


def condition(where: Iterable[tuple[str, Sequence[str]]]) -> str:
    """For whom a limit is, in words; empty for everybody."""
    joint = "、" if current_language() == "zh" else ", "
    return " · ".join(joint.join(names.value(value) for value in values) for _, values in where)


def indicators(edition: Edition) -> Safe:
    """The scored indicators: from floor to target, weight, clause."""
    columns = [
        Column(t("Indicator"), "head main"),
        Column(t("Floor"), "num"),
        Column(t("Target"), "num"),
        Column(t("Weight"), "num"),
        Column(t("Scores"), "wide"),
        Column(t("Clause"), "wide"),
    ]
    body = [
        [
            safe(row.code, " ", books.title(row)),
            _number(row, row.floor),
            _number(row, row.target),
            f"{float(row.weight):g}",
            _scores(edition, row),
            row.clause,
        ]
        for row in edition.indicators
    ]
    return table(columns, body, label=t("Indicators"))


def _scores(edition: Edition, row: Indicator) -> str:
    if row.formula != "clock":
        return display.NONE
    step, kind = edition.step(row.options["step"]), row.options["kind"]
    if not step.limits_of(kind):
        return t("not judged in this edition")
    return f"{kind_word(kind)}: {books.title(step)}"


def _number(row: Indicator, value: object) -> str:
    number = float(value)  # type: ignore[arg-type]
    return f"{number * 100:g} %" if books.percent(row) and row.code != "R3" else f"{number:g}"


def red_lines(edition: Edition) -> Safe:
    grades = " · ".join(f"{books.title(grade)} ≥ {float(grade.from_score):g}" for grade in edition.grades)
    lines = edition.red_lines
    deliberate = [f"{item} ({t('found deliberate')})" for item in lines.deliberate_items]
    return facts(
        [
            (t("Grades"), grades),
            (t("Red lines"), ", ".join((*lines.items, *deliberate))),
            (t("A red line caps at"), lines.caps_grade),
            (t("Shown, not ranked, below"), t("{n} judged records", n=edition.guards.min_records)),
        ]
    )


def lines(found: Sequence[Line]) -> Safe:
    """Lines of weight 0: shown beside the score, never in it."""
    columns = [
        Column(t("Line"), "head main"),
        Column(t("From"), "wide"),
        Column(t("Clause"), "wide"),
        Column(t("Origin")),
    ]
    return table(
        columns,
        [
            [f"{line.code} {_title(line)}", source(line), f"{line.clause} · {line.document}", origin(line.origin)]
            for line in found
        ],
        label=t("Lines of weight 0"),
    )


def source(line: Line) -> str:
    """What a line is computed from, or what it lacks."""
    if line.formula == "none":
        return line.lacks if current_language() == "zh" else line.lacks_en
    if line.formula == "measure":
        return t("monthly measure {code}", code=line.options["measure"])
    if line.formula == "indicator":
        return t("the same as {code}", code=line.options["of"])
    return t("published formula")


def unjudged(found: Sequence[Unjudged], edition: Edition) -> Safe:
    """Limits that nobody can judge, each with the data it lacks."""
    zh = current_language() == "zh"
    columns = [
        Column(t("Limit"), "head main"),
        Column(t("Kind")),
        Column(t("Amount"), "wide"),
        Column(t("Clause"), "wide"),
        Column(t("Why it is not judged"), "wide"),
    ]
    body = [
        [
            _title(row),
            kind_word(row.kind),
            row.limit if zh else row.limit_en,
            safe(row.clause, " · ", row.document, " ", origin(row.origin)),
            row.lacks if zh else row.lacks_en,
        ]
        for row in found
        if _holds(row, edition)
    ]
    return table(columns, body, label=t("Limits that are not judged"))


def _holds(row: Unjudged, edition: Edition) -> bool:
    starts, ends = row.valid_from or date.min, row.valid_to or date.max
    return starts <= (edition.valid_to or date.max) and edition.valid_from <= ends


def _title(row: Line | Unjudged) -> str:
    return row.title if current_language() == "zh" else row.title_en


# --- what an edition changed ------------------------------------------------------------------------------------------


def difference(older: Edition, newer: Edition) -> tuple[tuple[LimitChange, ...], tuple[NumberChange, ...]]:
    """What differs between two editions: limits, and floors, targets or weights."""
    return limit_changes(older, newer), number_changes(older, newer)


def changes(found: Sequence[LimitChange], touches: Mapping[str, Touch], scored: Mapping[str, str], link: Link) -> Safe:
    """One row per limit that differs; the records it touches are a door."""
    columns = [
        Column(t("Limit"), "head main"),
        Column(t("Kind")),
        Column(t("Before"), "num"),
        Column(t("After"), "num"),
        Column(t("Records concerned"), "num"),
        Column(t("Judged otherwise"), "num"),
        Column(t("For example"), "wide"),
    ]
    return table(columns, [_change(one, touches.get(one.code), scored, link) for one in found], label=t("Differences"))


def _change(one: LimitChange, touch: Touch | None, scored: Mapping[str, str], link: Link) -> list[object]:
    where = condition(one.where)
    head = safe(books.title(one.step), f" · {where}" if where else "", tag("small", tag("br"), _basis(one)))
    if not one.counts:
        return [
            head,
            kind_word(one.kind),
            amount(one.before),
            amount(one.after),
            t("none"),
            t("none"),
            t("only its clause or wording"),
        ]
    if touch is None:
        return [head, kind_word(one.kind), amount(one.before), amount(one.after), display.NONE, display.NONE, ""]
    count = display.count(touch.otherwise)
    code = scored.get(one.code)
    door = go(link("records", record=touch.record, indicator=code), count) if code and touch.otherwise else count
    some = [(go(link("record", record=touch.record, number=number), number), " ") for number in touch.numbers]
    return [
        head,
        kind_word(one.kind),
        amount(one.before),
        amount(one.after),
        display.count(touch.concerned),
        door,
        safe(some),
    ]


def scored_codes(edition: Edition) -> dict[str, str]:
    """Which indicator scores each step and kind."""
    pairs = [(step, kind) for step in edition.steps for kind in KINDS]
    found = {code_of(step, kind): scored_as(edition, step, kind) for step, kind in pairs}
    return {code: indicator for code, indicator in found.items() if indicator is not None}


def _basis(one: LimitChange) -> str:
    limit = one.after or one.before
    return "" if limit is None else f"{limit.clause} · {limit.document}"


def numbers(found: Sequence[NumberChange]) -> Safe:
    """Floors, targets and weights that differ."""
    columns = [Column(t("Indicator"), "head main"), Column(""), Column(t("Before"), "num"), Column(t("After"), "num")]
    body = [
        [
            safe(one.indicator.code, " ", books.title(one.indicator)),
            t(NUMBER_NAMES[one.name]),
            *(display.NONE if value is None else f"{float(value):g}" for value in (one.before, one.after)),
        ]
        for one in found
    ]
    return safe(section(t("Floors, targets, weights")), table(columns, body, label=t("Floors, targets, weights")))
