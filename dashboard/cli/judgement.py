"""`mingcha check | league | explain | records`: judge, compare, explain, list (design §4.1)."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

import typer

from dashboard.bootstrap import Application, open_application
from dashboard.cases.opening import keep_cases
from dashboard.cli.output import Format, emit, parse_time, say
from dashboard.judging.halls import SAMPLE_CODES
from dashboard.judging.present import bring_up_to_date
from dashboard.judging.rules import Rules, rules_named, rules_of
from dashboard.queries.beside import document_of as limits_document
from dashboard.queries.beside import office_beside
from dashboard.queries.comparison import comparison, with_comparison
from dashboard.queries.explain import explain as explain_office
from dashboard.queries.league import league as league_of
from dashboard.queries.movement import movement as movement_of
from dashboard.queries.records import SAMPLES
from dashboard.queries.records import records as records_of
from dashboard.queries.signals import signals as signals_of
from dashboard.queries.weightless import document_of as lines_document
from dashboard.queries.weightless import weightless
from dashboard.texts import t
from dashboard.warning.keeping import keep_warnings

Period = Annotated[str, typer.Option(help="2026-Q3, 2026-09, 2026-W38 or 2026-09-01..2026-09-15.")]
AsOf = Annotated[str | None, typer.Option("--as-of", help="The moment taken as now, so that a run can be repeated.")]
Output = Annotated[Format, typer.Option("--format", help="table, json or csv.")]
Person = Annotated[str | None, typer.Option("--as", help="Who asks (a name under [people]); default system.")]
TreeOption = Annotated[
    str, typer.Option("--tree", help="day: a record counts for the offices of its day; today: of the as-of's day.")
]
Book = Annotated[str | None, typer.Option("--rulebook", help="Offices of this rulebook only; default the company's.")]


def register(app: typer.Typer) -> None:
    app.command("check")(check)
    app.command("league")(league)
    app.command("explain")(explain)
    app.command("records")(records)
    app.command("signals")(signals)
    app.command("movement")(movement)


def check(as_of: AsOf = None, person: Person = None, output: Output = Format.table) -> None:
    """Judge, warn, roll up and score what changed."""
    application = open_application(user=person)
    moment = parse_time(as_of) or application.now()
    outcome = bring_up_to_date(application.db, rules_of(application.settings, application.db), moment)
    done: dict[str, Any] = {"how": outcome.how, "judged": outcome.judged}
    if as_of is None:  # warnings are about now
        kept = keep_warnings(application.db, rules_of(application.settings, application.db), moment)
        cases = keep_cases(application.db, application.settings, rules_of(application.settings, application.db), moment)
        done |= {"warned": kept.entered, "over": kept.closed, "cases": cases.opened}
    if output is Format.table:
        say(t("Judgement is {how}: {judged} records judged.", how=outcome.how, judged=outcome.judged))
    else:
        emit({"rows": [done]} if output is Format.csv else done, output)


def league(
    period: Period,
    level: Annotated[str, typer.Option(help="hall, station, county or company.")] = "station",
    indicator: Annotated[str | None, typer.Option(help="Rank by this indicator alone.")] = None,
    peer_group: Annotated[str | None, typer.Option(help="Rank among this peer group.")] = None,
    rulebook: Book = None,
    tree: TreeOption = "day",
    as_of: AsOf = None,
    person: Person = None,
    output: Output = Format.table,
) -> None:
    """The league table of a period."""
    application = open_application(user=person)
    rules = rules_named(application.settings, rulebook, application.db)
    document = league_of(
        application.db,
        application.viewer,
        rules,
        period=period,
        level=level,
        now=application.now(),
        as_of=parse_time(as_of),
        tree=tree,
        indicator=indicator,
        peer_group=peer_group,
    )
    if indicator is None and peer_group is None:  # ranks then are of the whole score, among all
        document = with_comparison(document, comparison(
            application.db, application.viewer, rules, period=period, level=level, now=application.now(),
            as_of=parse_time(as_of), tree=tree))  # fmt: skip
    headings = {
        "rank": t("Rank"), "by_chance": t("Rank interval (95 %)"), "office": t("Code"), "name": t("Office"),
        "score": t("Score"), "grade": t("Grade"),
        "n": "n", "red_line": t("Red lines"), "available_weight": t("Weight"), "reason": t("Reason"),
        "marks": t("Marks"),
    }  # fmt: skip
    if indicator is not None:
        headings |= {f"{indicator}.{name}": f"{indicator} {name}" for name in ("numerator", "denominator", "value")}
    if output is Format.table:
        document = {**document, "rows": [_shown(row) for row in document["rows"]]}
    emit(document, output, headings)
    if output is Format.table:
        for change in document["changes"]:
            say(change["text"])
        _say_what_is_silent(document)


def _say_what_is_silent(document: dict[str, Any]) -> None:
    """A table that rests on old data says so, on stderr as all messages."""
    for silent in document.get("stale_sources", ()):
        say(t("Source '{source}' is silent; its last {record} came: {last}", source=silent["source"],
              record=silent["record"], last=silent["last"] or t("never")))  # fmt: skip


def _shown(row: dict[str, Any]) -> dict[str, Any]:
    """A row as people read it in a terminal."""
    by_chance = None if row["rank_low"] is None else f"{row['rank_low']}–{row['rank_high']}"
    return {**row, "score": None if row["score"] is None else f"{row['score']:.2f}", "by_chance": by_chance,
            "marks": " ".join(row["marks"]) or None}  # fmt: skip


def explain(
    office: Annotated[str, typer.Argument(help="Code of the office.")],
    period: Period,
    rulebook: Book = None,
    tree: TreeOption = "day",
    beside: Annotated[
        bool, typer.Option("--beside", help="Also by law, promise and internal rule, and lines of weight 0 (JSON).")
    ] = False,
    as_of: AsOf = None,
    person: Person = None,
    output: Output = Format.table,
) -> None:
    """Every point of an office, down to the records that lost it."""
    application = open_application(user=person)
    rules = rules_named(application.settings, rulebook, application.db)
    document = explain_office(
        application.db,
        application.viewer,
        rules,
        office=office,
        period=period,
        now=application.now(),
        as_of=parse_time(as_of),
        tree=tree,
    )
    if beside:
        document |= _beside(application, rules, document, office, period, parse_time(as_of))
    lost = [
        {"indicator": line["code"], **{key: value for key, value in record.items() if key != "reason_text"}}
        for line in document["indicators"]
        for record in line["records"]
    ]
    if output is Format.json:
        emit(document, output)
    elif output is Format.csv:
        emit({"rows": lost}, output)
    else:
        emit(document, output, _EXPLAIN_COLUMNS, rows="indicators")
        print()
        emit({"rows": lost}, output, _LOST_COLUMNS)


def _beside(
    application: Application, rules: Rules, document: dict[str, Any], office: str, period: str, as_of: datetime | None
) -> dict[str, Any]:
    """What stands beside the score, under keys of its own."""
    db, viewer, now = application.db, application.viewer, application.now()
    figures = {line["code"]: line for line in document["indicators"]}
    limits = office_beside(db, viewer, rules, office=office, period=period, now=now, as_of=as_of)
    lines = weightless(db, viewer, rules, office=office, period=period, as_of=as_of or now, indicators=figures)
    return {"beside": limits_document(limits), "lines": lines_document(lines)}


def records(
    record: Annotated[str, typer.Argument(help="tickets, repairs, applications, evaluations or samples.")],
    period: Period,
    office: Annotated[str | None, typer.Option(help="This office and everything below it.")] = None,
    verdict: Annotated[
        str | None, typer.Option(help="on_time, late, pending, excluded, unjudgeable, counted or not_counted.")
    ] = None,
    indicator: Annotated[str | None, typer.Option(help="The indicator to which the verdict belongs.")] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="At most so many, newest first.")] = None,
    rulebook: Book = None,
    tree: TreeOption = "day",
    as_of: AsOf = None,
    person: Person = None,
    output: Output = Format.table,
) -> None:
    """The judged records behind the figures."""
    application = open_application(user=person)
    rules = rules_named(application.settings, rulebook, application.db)
    document = records_of(
        application.db,
        application.viewer,
        rules,
        record=record,
        period=period,
        now=application.now(),
        as_of=parse_time(as_of),
        tree=tree,
        office=office,
        verdict=verdict,
        indicator=indicator,
        limit=limit,
    )
    codes = SAMPLE_CODES if record == SAMPLES else rules.rulebook.order(record)
    emit(document, output, ("number", "office", "at", *(f"verdict.{code}" for code in codes)))
    if limit is not None and document["total"] > limit and output is Format.table:
        say(t("{shown} of {total} records shown.", shown=limit, total=document["total"]))


_EXPLAIN_COLUMNS = ("code", "title", "numerator", "denominator", "value", "points", "weight", "lost", "score_lost")
_LOST_COLUMNS = ("indicator", "record", "number", "verdict", "deadline", "actual", "reason", "score_lost")


def signals(
    period: Period,
    office: Annotated[str | None, typer.Option(help="This office and everything below it.")] = None,
    signal: Annotated[str | None, typer.Option(help="One signal only, by its code.")] = None,
    rulebook: Book = None,
    person: Person = None,
    output: Output = Format.table,
) -> None:
    """Leads for an inspector: patterns that honest records seldom show. Never a deduction."""
    application = open_application(user=person)
    document = signals_of(
        application.db, application.viewer, rules_named(application.settings, rulebook, application.db), period=period,
        now=application.now(), office=office, signal=signal,
    )  # fmt: skip
    if output is not Format.table:
        emit(document, output)
        return
    emit(document, output, {"code": t("Signal"), "title": t("Title"), "count": t("Rows")}, rows="signals")
    print()
    if document["tests"]:
        emit(document, output, _TEST_COLUMNS, rows="tests")
        print()
    emit(document, output, _LEAD_COLUMNS)


_TEST_COLUMNS = {name: name for name in ("signal", "office", "name", "indicator", "inside", "beside", "expected",
                                         "complaints", "complaints_before", "p", "p_adjusted", "called")}  # fmt: skip
_LEAD_COLUMNS = {name: name for name in ("signal", "record", "number", "office_code", "at", "step", "other", "amount")}


def movement(
    period: Period,
    since: Annotated[str | None, typer.Option(help="The earlier period; default the one before.")] = None,
    level: Annotated[str, typer.Option(help="hall, station, county or company.")] = "station",
    person: Person = None,
    output: Output = Format.table,
) -> None:
    """Who moved in the league since an earlier period, split into own change, peers, rules and late data."""
    application = open_application(user=person)
    document = movement_of(
        application.db, application.viewer, rules_of(application.settings, application.db), period=period,
        before=since, level=level, now=application.now(),
    )  # fmt: skip
    emit(document, output, ("office", "name", "rank_before", "rank", "change", "own", "peers", "rules", "late_data",
                            "score_before", "score"))  # fmt: skip
