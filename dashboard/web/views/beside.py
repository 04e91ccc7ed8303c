"""Law, promise and internal results beside the score (并列口径), of a record and of an office."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from checks.rulebook.model import KINDS
from dashboard.queries.beside import Average, KindResult, LimitVerdict
from dashboard.queries.record import Record
from dashboard.queries.weightless import LineResult
from dashboard.texts import current_language, t
from dashboard.web import books, display
from dashboard.web.components.blocks import Column, says, section, table, word
from dashboard.web.markup import Safe, safe, tag
from dashboard.web.views.office import reason, verdict
from dashboard.web.views.rulebook import amount, condition, kind_word, origin, source


def of_record(found: Sequence[LimitVerdict], record: Record, now: datetime) -> Safe | None:
    """Every limit that concerns the record, with what it is and whether it is scored."""
    flags = pause_flags(record)
    if not found:
        return safe(flags) if flags else None
    columns = [
        Column(t("Step"), "head main"),
        Column(t("Kind")),
        Column(t("Limit"), "keep"),
        Column(t("Verdict")),
        Column(t("Deadline"), "num"),
        Column(t("Reason"), "wide"),
        Column(t("Clause"), "wide"),
    ]
    return safe(
        section(t("By law, promise and internal rule"), t("side by side; only what is marked is scored")),
        table(columns, [_verdict(one, now) for one in found], label=t("By law, promise and internal rule")),
        flags,
    )


def _verdict(one: LimitVerdict, now: datetime) -> list[object]:
    scored = word(t("scored as {code}", code=one.scored_as), "fine") if one.scored_as else ""
    internal = word(
        t("one case: internal"), "soon", t("The promise states an average: one case by it is an internal rule.")
    )
    mark = internal if one.limit is not None and one.limit.average else ""
    clause = safe(one.limit.clause, tag("small", " · ", one.limit.document)) if one.limit else display.NONE
    return [
        books.title(one.step),
        safe(kind_word(one.kind), " ", mark, " ", scored),
        amount(one.limit),
        verdict(one.state),
        tag("span", display.moment(one.deadline, now), title=display.exact(one.deadline)),
        reason(one.reason),
        clause,
    ]


def pause_flags(record: Record) -> list[Safe]:
    """A pause above the cap, or without a document: a lead for a person, never a deduction."""
    paused = record.values.get("paused_working_days")
    if not isinstance(paused, int) or paused <= 0 or record.edition is None:
        return []
    caps = [step.pause_cap for step in record.edition.steps if step.record == record.record.name and step.pause_cap]
    found = []
    if caps and paused > min(caps):
        found.append(t("Paused for {n} working days, more than the {cap} of the rulebook.", n=paused, cap=min(caps)))
    if not record.values.get("pause_document"):
        found.append(t("The pause of {n} working days names no document.", n=paused))
    return [tag("p", word(t("to be looked at"), "soon"), " ", text) for text in found]


def of_office(found: Sequence[KindResult]) -> Safe:
    """Per step the rate by law, promise and internal limit; the scored one is marked."""
    columns = [Column(t("Step"), "head main"), *(Column(kind_word(kind), "wide") for kind in KINDS)]
    steps = {result.step.code: result.step for result in found}
    cells = {(result.step.code, result.kind): result for result in found}
    body = [[books.title(step), *(_cell(cells.get((code, kind))) for kind in KINDS)] for code, step in steps.items()]
    return safe(
        table(columns, body, label=t("By law, promise and internal rule")),
        says(t("Three different thresholds: a case late by an internal rule has broken no promise and no law.")),
    )


def _cell(result: KindResult | None) -> Safe | str:
    if result is None:
        return display.NONE
    rate = display.NONE if result.rate is None else f"{float(result.rate) * 100:.1f} %"
    aside = [t("{n} pending", n=result.pending)] if result.pending else []
    aside += [t("{n} unjudgeable", n=result.unjudgeable)] if result.unjudgeable else []
    mark = word(t("scored as {code}", code=result.scored_as), "fine") if result.scored_as else ""
    return safe(
        tag("b", rate),
        f" {result.on_time}/{result.judged} ",
        mark,
        tag("small", tag("br"), " · ".join(aside)) if aside else None,
        [tag("small", tag("br"), _average(average)) for average in result.averages],
    )


def _average(average: Average) -> str:
    where = condition(average.limit.where.items())
    return t(
        "average {n} min against {limit} promised on average, {where} (n = {count})",
        n=f"{average.minutes:.1f}",
        limit=amount(average.limit),
        where=where,
        count=average.n,
    )


def of_lines(found: Sequence[LineResult]) -> Safe:
    """Lines of weight 0 that have a value, then those that say what is missing."""
    columns = [
        Column(t("Line"), "head main"),
        Column(t("Value"), "num"),
        Column("n", "num"),
        Column(t("From"), "wide"),
        Column(t("Origin")),
    ]
    ordered = sorted(found, key=lambda result: result.value is None)
    return table(columns, [_line(result) for result in ordered], label=t("Lines of weight 0"))


def _line(result: LineResult) -> list[object]:
    line = result.line
    title = line.title if current_language() == "zh" else line.title_en
    missing = t("no data: {codes}", codes=", ".join(result.missing)) if result.missing else source(line)
    n = display.NONE if result.denominator is None or line.unit == "count" else f"{float(result.denominator):,.0f}"
    return [f"{line.code} {title}", _value(result), n, missing, origin(line.origin)]


def _value(result: LineResult) -> str:
    if result.value is None:
        return display.NONE
    number = float(result.value)
    if result.line.unit == "ratio":
        return f"{number * 100:.1f} %"
    return f"{number:.2f}" if result.line.unit in ("percent", "points") else f"{number:,.1f}".removesuffix(".0")
