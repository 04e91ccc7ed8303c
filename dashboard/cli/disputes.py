"""`mingcha disputes`: records that offices say are wrong, and what was decided about them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from dashboard.cli.data import AsOption, FormatOption
from dashboard.cli.output import Format, emit, say

COLUMNS = ("number", "record", "record_number", "office", "state", "due", "by", "decided_by")


def register(app: typer.Typer) -> None:
    app.command("disputes")(disputes)


def disputes(
    file: Annotated[
        tuple[str, str] | None, typer.Option("--file", metavar="RECORD NUMBER", help="Dispute this record.")
    ] = None,
    right: Annotated[list[str] | None, typer.Option("--right", help="COLUMN=VALUE that would be right.")] = None,
    proof: Annotated[list[Path] | None, typer.Option(help="A picture or PDF that proves it.")] = None,
    correct: Annotated[str | None, typer.Option(help="Correct the record of this dispute.")] = None,
    exclude: Annotated[
        str | None, typer.Option(help="File an exclusion of its record; needs --cause, --document.")
    ] = None,
    refuse: Annotated[str | None, typer.Option(help="Leave the record as it is.")] = None,
    withdraw: Annotated[str | None, typer.Option(help="Take your own dispute back.")] = None,
    note: Annotated[str, typer.Option(help="What is wrong, or why it is decided so.")] = "",
    cause: Annotated[str, typer.Option(help="Of an exclusion: disaster, upstream, drill, customer_cause, other.")] = "",
    document: Annotated[str, typer.Option(help="Of an exclusion: number and title.")] = "",
    output: FormatOption = Format.table,
    as_: AsOption = None,
) -> None:
    """Disputes of records at your offices, what ends first on top; or file or decide one."""
    from dashboard.actions import disputes as actions
    from dashboard.bootstrap import open_application
    from dashboard.errors import UsageError
    from dashboard.queries import disputes as queries

    asked = [one for one in (file, correct, exclude, refuse, withdraw) if one is not None]
    if len(asked) > 1:
        raise UsageError("These are several deeds;", "Do one after the other.")
    application = open_application(user=as_)
    db, by, now = application.db, application.viewer, application.now()
    values = _values(right or [])
    if file is not None:
        say(f"{_file(application, file, values, proof or [], note)} is filed.")
    elif correct is not None:
        actions.correct(db, by=by, number=correct, reason=note, values=values or None, at=now)
    elif exclude is not None:
        number = actions.exclude(db, by=by, number=exclude, reason=note, cause=cause, document=document, at=now)
        say(f"Exclusion {number} is filed; it holds once a second person approves it.")
    elif refuse is not None:
        actions.refuse(db, by=by, number=refuse, reason=note, at=now)
    elif withdraw is not None:
        actions.withdraw(db, by=by, number=withdraw, reason=note, at=now)
    emit({"rows": [as_json(one) for one in queries.disputes(db, by, as_of=application.now())]}, output, COLUMNS)


def _values(right: list[str]) -> dict[str, str]:
    from dashboard.errors import UsageError

    if bad := [one for one in right if "=" not in one]:
        raise UsageError(f"--right {bad[0]} is not of the form COLUMN=VALUE.")
    return dict(one.split("=", 1) for one in right)


def _file(application: Any, named: tuple[str, str], values: dict[str, str], files: list[Path], note: str) -> str:
    from dashboard.actions.disputes import file_dispute
    from dashboard.disputing.proofs import Proof
    from dashboard.errors import UsageError
    from dashboard.judging.rules import rules_of
    from dashboard.queries.record import record as find

    if gone := [path for path in files if not path.is_file()]:
        raise UsageError(f"There is no file {gone[0]}.")
    rules = rules_of(application.settings, application.db)
    now = application.now()
    found = find(application.db, application.viewer, rules, record=named[0], number=named[1], as_of=now)
    proofs = [Proof(path.name, path.read_bytes()) for path in files]
    return file_dispute(application.db, application.settings, rules, by=application.viewer, record=named[0],
                        record_id=found.id, wish="correction" if values else "exclusion", reason=note, wanted=values,
                        proofs=proofs, at=now)  # fmt: skip


def as_json(one: Any) -> dict[str, Any]:
    """One dispute in the shape that lists have (design §4.1), and what is its own."""
    return {
        "number": one.number, "office": one.office, "state": one.state, "since": one.at, "due": one.due,
        "reason": one.wish, "reason_text": one.reason, "record": one.record, "record_number": one.record_number,
        "wanted": dict(one.wanted), "by": one.by, "decided_by": one.decided_by, "decided_at": one.decided_at,
        "decision": one.decision, "detail": dict(one.detail),
        "proofs": [{"name": proof.name, "sha256": proof.sha256, "bytes": proof.bytes} for proof in one.proofs],
    }  # fmt: skip
