"""`mingcha freeze | restate | diff | export`: a quarter closed by two people, corrections, documents (design §4.1)."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from dashboard.actions import freezing as actions
from dashboard.actions.export import export_quarter
from dashboard.bootstrap import open_application
from dashboard.cli.output import Format, emit, parse_time, say
from dashboard.errors import UsageError
from dashboard.texts import t

Output = Annotated[Format, typer.Option("--format", help="table, json or csv.")]
Name = Annotated[str, typer.Argument(help="2026-Q3, 2026-09, 2026-W38 or 2026-09-01..2026-09-15.")]
Person = Annotated[str | None, typer.Option("--as", help="Who asks (a name under [people]).")]


def register(app: typer.Typer) -> None:
    app.command("freeze")(freeze)
    app.command("restate")(restate)
    app.command("diff")(diff)
    app.command("export")(export)


def diff(
    period: Name,
    since: Annotated[str | None, typer.Option("--from", help="The first moment; default: the snapshot.")] = None,
    until: Annotated[str | None, typer.Option("--to", help="The second; default: today's data.")] = None,
    person: Person = None,
    output: Output = Format.table,
) -> None:
    """Who moved between two scorings of a period, and why: indicators and records, exact."""
    application = open_application(user=person)
    viewer = application.viewer
    found = actions.difference(application, viewer, period, parse_time(since), parse_time(until))
    _emit_moved(found, output)


def restate(
    period: Name,
    propose: Annotated[bool, typer.Option("--propose", help="Keep what today's data would change.")] = False,
    approve: Annotated[str | None, typer.Option("--approve", help="Digest of the restatement to approve.")] = None,
    reason: Annotated[str, typer.Option("--reason", help="Why the correction is made.")] = "",
    person: Person = None,
    output: Output = Format.table,
) -> None:
    """Corrections beside a frozen period: what would have changed, why, and who approved."""
    if propose == (approve is not None):
        raise UsageError("Say --propose or --approve DIGEST, one of the two.")
    application = open_application(user=person)
    if approve is None:
        done = actions.propose_restatement(application, by=application.viewer, period=period, reason=reason)
    else:
        done = actions.approve_restatement(application, by=application.viewer, period=period, digest=approve)
    _emit_moved(done, output)
    if output is Format.table:
        say(t("Restatement {digest} beside snapshot {base}.", digest=done["digest"], base=done["base"]))


def _emit_moved(found: dict[str, Any], output: Format) -> None:
    emit(found, output, ("level", "office", "name", "score", "rank", "grade", "change"))


def freeze(
    period: Annotated[str, typer.Argument(help="2026-Q3, 2026-09, 2026-W38 or 2026-09-01..2026-09-15.")],
    propose: Annotated[bool, typer.Option("--propose", help="Score the period as it will be frozen.")] = False,
    publish: Annotated[str | None, typer.Option("--publish", help="Digest of the proposal to freeze.")] = None,
    reason: Annotated[str | None, typer.Option("--reason", help="Why, where the checklist is not met.")] = None,
    person: Person = None,
    output: Output = Format.table,
) -> None:
    """Close a period: one person proposes, another publishes the digest."""
    if propose == (publish is not None):
        raise UsageError("Say --propose or --publish DIGEST, one of the two.")
    application = open_application(user=person)
    if publish is None:
        done = actions.propose(application, by=application.viewer, period=period, reason=reason)
    else:
        done = actions.publish(application, by=application.viewer, period=period, digest=publish, reason=reason)
    emit(done, output, ("code", "met", "open", "examples"), rows="checklist")
    if output is Format.table:
        say(t("{period} {state}: {digest}", period=done["period"], state=t(done["state"]), digest=done["digest"]))
        say(t("{parts} parts, {packed} bytes packed.", parts=done["parts"], packed=done["packed_bytes"]))


def export(
    period: Annotated[str, typer.Argument(help="2026-Q3, 2026-09, 2026-W38 or 2026-09-01..2026-09-15.")],
    to: Annotated[Path, typer.Option("--to", help="Folder for the documents; made if missing.")],
    as_of: Annotated[str | None, typer.Option("--as-of", help="The moment taken as now.")] = None,
    person: Annotated[str | None, typer.Option("--as", help="Who asks (a name under [people]).")] = None,
    output: Annotated[Format, typer.Option("--format", help="table, json or csv.")] = Format.table,
) -> None:
    """Write the documents of a period: the workbook with overview, tickets, repairs, halls, ledger, definitions."""
    application = open_application(user=person)
    moment = parse_time(as_of)
    written = export_quarter(application, by=application.viewer, period=period, folder=to, as_of=moment)
    files = [{"path": str(file.path), "sha256": file.sha256} for file in written]
    emit(
        {"files": files, "snapshot": written[0].snapshot},
        output,
        {"path": t("File"), "sha256": "SHA-256"},
        rows="files",
    )
