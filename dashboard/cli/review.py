"""`mingcha review`: what waits for one's judgement, judging without a browser, and taking it back (抽查复核)."""

from __future__ import annotations

from typing import Annotated

import typer

from dashboard.cli.output import Format, emit, say
from dashboard.errors import UsageError
from dashboard.reviewing.rounds import Broken, Rejected, Verdict
from dashboard.texts import t

Output = Annotated[Format, typer.Option("--format", help="table, json or csv.")]
Person = Annotated[str | None, typer.Option("--as", help="Who judges (a name under [people]).")]
COLUMNS = {"sample": "sample", "hall": "hall", "date": "date", "slot": "slot", "outcome": "outcome",
           "flagged": "flagged", "claimed": "claimed"}  # fmt: skip


def register(app: typer.Typer) -> None:
    app.command("review")(review)


def review(
    sample: Annotated[str | None, typer.Argument(help="The sample to judge; without one: what waits.")] = None,
    decision: Annotated[str | None, typer.Option(help="ok, violation or unsure.")] = None,
    item: Annotated[list[str] | None, typer.Option(help="CODE@SECOND:note, as often as there are items.")] = None,
    reject: Annotated[str | None, typer.Option(help="Why none of the candidates is one.")] = None,
    undo: Annotated[bool, typer.Option("--undo", help="Take one's last judgement back.")] = False,
    output: Output = Format.table,
    person: Person = None,
) -> None:
    """List what waits for one's judgement, or judge a sample: blind, once, and counted as the desk does."""
    from dashboard.actions import review as actions
    from dashboard.bootstrap import open_application
    from dashboard.judging.rules import rules_of
    from dashboard.queries.review import review_item, review_queue
    from dashboard.reviewing.draw import desk_of
    from dashboard.sampling.slots import stored_slots

    application = open_application(user=person)
    db, viewer, now = application.db, application.viewer, application.now()
    slots, desk = stored_slots(db, application.settings), desk_of(application.settings)
    if undo:
        say(t("Taken back: {sample}", sample=actions.undo(db, by=viewer, desk=desk, at=now, sample=sample)))
    elif sample is not None:
        if decision is None:
            raise UsageError("A sample is judged with --decision.", "One of ok, violation, unsure.")
        actions.require_reviewer(viewer)
        actions.claim(db, by=viewer, sample=sample, desk=desk, at=now)
        found = review_item(db, viewer, sample, slots=slots, as_of=now)
        verdict = _verdict(decision, item or [], reject, found["findings"])
        sheet = rules_of(application.settings, db).rulebook.sheet
        actions.decide(db, by=viewer, sample=sample, verdict=verdict, sheet=sheet, desk=desk, at=application.now())
    rows = review_queue(db, viewer, slots=slots, as_of=application.now())
    say(t("{n} left", n=len(rows)))
    emit({"rows": rows}, output, COLUMNS)


def _verdict(decision: str, items: list[str], reject: str | None, findings: list[dict[str, object]]) -> Verdict:
    """Candidates of an item that is named are confirmed by it, the others rejected for the one reason given."""
    broken, left = [], {one["id"]: one for one in findings if one["source"] != "person"}
    for text in items:
        code, second, note = _item(text)
        candidate = next((one for one in left.values() if one["item_code"] == code), None)
        if candidate is not None:
            del left[candidate["id"]]
        broken.append(Broken(code, note, None, second, None if candidate is None else int(str(candidate["id"]))))
    rejected = [Rejected(int(str(number)), reject) for number in left] if reject and decision != "unsure" else []
    return Verdict(decision, tuple(broken), tuple(rejected))


def _item(text: str) -> tuple[str, float, str]:
    """`R05@12.5:note` → code, second, note."""
    code, _, rest = text.partition("@")
    second, colon, note = rest.partition(":")
    try:
        return code.strip(), float(second), note.strip() if colon else ""
    except ValueError as error:
        raise UsageError(f"--item '{text}' is not of the form CODE@SECOND:note.", "Example: R05@12.5:phone") from error
