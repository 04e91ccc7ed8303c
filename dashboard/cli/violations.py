"""`mingcha violations`: the ledger, one case's story, and what is done about it."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from dashboard.cli.data import AsOption, FormatOption
from dashboard.cli.output import Format, emit, say

COLUMNS = ("number", "office", "item", "severity", "state", "level", "since", "due", "reason")
LONG = "of a deed: see docs/violations.md"


def register(app: typer.Typer) -> None:
    app.command("violations")(violations)


def violations(
    number: Annotated[str | None, typer.Argument(help="One case: its story, or the case that --deed is about.")] = None,
    state: Annotated[str | None, typer.Option(help="Only cases in this state.")] = None,
    office: Annotated[str | None, typer.Option(help="This office and all below it.")] = None,
    severity: Annotated[str | None, typer.Option(help="A, B, C or D.")] = None,
    ended: Annotated[bool | None, typer.Option("--ended/--open", help="Only ended, or only open ones.")] = None,
    deed: Annotated[str | None, typer.Option(help="What is done: confirm, send_down, submit, close …")] = None,
    seen: Annotated[int | None, typer.Option(help="Last event seen; without it the one that is last now.")] = None,
    note: Annotated[str | None, typer.Option(help=f"Words {LONG}.")] = None,
    item: Annotated[str | None, typer.Option(help="Item of the score sheet, where a violation is confirmed.")] = None,
    proof: Annotated[str | None, typer.Option(help="What proves a rectification or a closing.")] = None,
    cause: Annotated[str | None, typer.Option(help="Cause code at closing.")] = None,
    unit: Annotated[str | None, typer.Option(help="Responsible unit.")] = None,
    post: Annotated[str | None, typer.Option(help="Responsible post.")] = None,
    measure: Annotated[str | None, typer.Option(help="What was changed.")] = None,
    training: Annotated[str | None, typer.Option(help="Record of the training.")] = None,
    step: Annotated[str | None, typer.Option(help="Step of the ladder that is proposed.")] = None,
    leader: Annotated[str | None, typer.Option(help="Joint responsibility of the leader.")] = None,
    paper: Annotated[str | None, typer.Option(help="Number of the paper on which it was decided.")] = None,
    look_sample: Annotated[str | None, typer.Option(help="Sample of a re-check.")] = None,
    look_inspection: Annotated[str | None, typer.Option(help="Inspection of a re-check.")] = None,
    look_date: Annotated[str | None, typer.Option(help="Day of a re-check, with --look-slot.")] = None,
    look_slot: Annotated[str | None, typer.Option(help="Slot of a re-check.")] = None,
    output: FormatOption = Format.table,
    as_: AsOption = None,
) -> None:
    """Violations by what is due first; one case's story; or deal with one."""
    from dashboard.actions.violations import deal
    from dashboard.bootstrap import open_application
    from dashboard.errors import UsageError
    from dashboard.judging.rules import rules_of
    from dashboard.queries import violations as queries

    application = open_application(user=as_)
    db, viewer, now = application.db, application.viewer, application.now()
    rules = rules_of(application.settings, db)
    if number is None:
        if deed is not None:
            raise UsageError("Which case is meant?", "mingcha violations V-2026-000001 --deed …")
        found = queries.ledger(
            db, viewer, rules=rules, as_of=now, state=state, office=office, severity=severity, ended=ended
        )
        emit({"rows": [as_json(one) for one in found]}, output, COLUMNS)
        return
    if deed is not None:
        what = {"note": note, "item": item, "proof": proof, "cause": cause, "unit": unit, "post": post,
                "measure": measure, "training": training, "step": step, "leader": leader, "paper": paper,
                "look_sample": look_sample, "look_inspection": look_inspection, "look_date": look_date,
                "look_slot": look_slot}  # fmt: skip
        before = queries.violation(db, viewer, number, rules=rules, as_of=now).violation.seq if seen is None else seen
        deal(db, by=viewer, number=number, deed=deed, seen=before, at=now, rules=rules, **what)
    story = queries.violation(db, viewer, number, rules=rules, as_of=application.now())
    told = story_json(story)
    if output is Format.table:
        emit({"rows": told["events"]}, output, ("seq", "at", "deed", "by", "what"))
        say(f"{number}: {story.violation.state}; may: {', '.join(story.may) or '-'}")
    else:
        emit({"rows": [told]} if output is Format.csv else told, output)


def as_json(one: Any) -> dict[str, Any]:
    """One case in the shape that lists have (design §4.1), and what is its own."""
    return {
        "number": one.number, "office": one.office, "state": one.state, "since": one.since, "due": one.due,
        "reason": one.step, "item": one.item, "severity": one.severity, "kind": one.kind, "level": one.level,
        "sides": sorted(one.sides), "observed_at": one.observed_at, "opened_at": one.opened_at,
        "confirmed_at": one.confirmed_at, "ended_at": one.ended_at, "recurrence_of": one.recurrence_of,
        "returns": one.returns, "seq": one.seq,
    }  # fmt: skip


def story_json(story: Any) -> dict[str, Any]:
    """One whole case."""
    return {
        **as_json(story.violation),
        "deadlines": [{"step": one.step, "since": one.since, "due": one.until} for one in story.deadlines],
        "appeal_until": story.appeal_until, "may": list(story.may), "followed_by": list(story.followed_by),
        "former": story.former, "anew": list(story.anew),
        "sources": [{"kind": one.kind, "record": one.record, "number": one.reference} for one in story.sources],
        "evidence": list(story.evidence),
        "events": [{"seq": one.seq, "deed": one.deed, "by": one.by, "at": one.at, "what": dict(one.what)}
                   for one in story.events],
    }  # fmt: skip
