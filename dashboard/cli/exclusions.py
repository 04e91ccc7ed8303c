"""`mingcha exclusions`: what is left out of the figures, filed by one person and approved by another (issue 4.8)."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from checks.exclusions import Filing
from dashboard.actions import exclusions as actions
from dashboard.bootstrap import Application, open_application
from dashboard.cli.output import Format, emit, parse_time, say
from dashboard.errors import UsageError
from dashboard.instants import to_micros
from dashboard.judging.rules import rules_of
from dashboard.queries.exclusions import exclusions as listed
from dashboard.queries.exclusions import filing_seen, preview
from dashboard.texts import t

Output = Annotated[Format, typer.Option("--format", help="table, json or csv.")]
Person = Annotated[str | None, typer.Option("--as", help="Who asks (a name under [people]).")]
COLUMNS = ("number", "state", "names", "records", "from", "to", "reason", "document", "by")


def register(app: typer.Typer) -> None:
    app.command("exclusions")(exclusions)


def exclusions(
    show: Annotated[int | None, typer.Option(help="What this filing leaves out and changes.")] = None,
    file: Annotated[bool, typer.Option("--file", help="File an exclusion of the options below.")] = False,
    preview_only: Annotated[bool, typer.Option("--preview", help="With --file: say what it would change.")] = False,
    approve: Annotated[int | None, typer.Option(help="Approve this filing of another person.")] = None,
    reject: Annotated[int | None, typer.Option(help="Reject this filing, with --note.")] = None,
    revoke: Annotated[int | None, typer.Option(help="End this exclusion from now on, with --note.")] = None,
    office: Annotated[list[str] | None, typer.Option(help="Office and all below it; may be repeated.")] = None,
    record: Annotated[list[str] | None, typer.Option(help="tickets, repairs, applications, evaluations.")] = None,
    since: Annotated[str | None, typer.Option("--from", help="Accepted from this moment.")] = None,
    until: Annotated[str | None, typer.Option("--to", help="Accepted before this moment.")] = None,
    reason: Annotated[str, typer.Option(help="disaster, upstream, drill, customer_cause or other.")] = "",
    document: Annotated[str, typer.Option(help="The document that declares it.")] = "",
    area: Annotated[str | None, typer.Option(help="Only records of this area class.")] = None,
    number: Annotated[list[str] | None, typer.Option(help="Only this record; may be repeated.")] = None,
    system: Annotated[str | None, typer.Option(help="Whose numbers, where several systems use them.")] = None,
    note: Annotated[str, typer.Option(help="What else is to be said.")] = "",
    person: Person = None,
    output: Output = Format.table,
) -> None:
    """List exclusions, or file, approve, reject, revoke one."""
    application = open_application(user=person)
    if sum((file, *(one is not None for one in (show, approve, reject, revoke)))) > 1:
        raise UsageError("Say one of --show, --file, --approve, --reject, --revoke.")
    filing = None
    if file:
        first, last = parse_time(since), parse_time(until)
        if first is None or last is None:
            raise UsageError(
                "A filing needs --from and --to.", "Example: --from 2026-08-21T00:00 --to 2026-08-23T00:00"
            )
        filing = Filing(
            tuple(office or ()), tuple(record or ()), to_micros(first), to_micros(last), reason, document, area,
            tuple(number) if number else None, note or None, system=system,
        )  # fmt: skip
    if filing is not None and not preview_only:
        done = actions.file_exclusion(application.db, by=application.viewer, filing=filing, at=application.now())
        say(t("Exclusion {n} is filed; it holds once another person approves it.", n=done))
    elif filing is not None or show is not None:
        viewer = application.viewer
        _shown(
            application,
            actions.require_possible(application.db, viewer, filing)
            if filing is not None
            else filing_seen(application.db, viewer, show or 0),
            output,
        )
        return
    _decided(application, approve, reject, revoke, note)
    emit({"rows": listed(application.db, application.viewer, now=application.now())}, output, COLUMNS)


def _decided(application: Application, approve: int | None, reject: int | None, revoke: int | None, note: str) -> None:
    told: dict[str, Any] = {"by": application.viewer, "at": application.now(), "note": note}
    if approve is not None:
        actions.approve_exclusion(application.db, number=approve, **told)
    if reject is not None:
        actions.reject_exclusion(application.db, number=reject, **told)
    if revoke is not None:
        actions.revoke_exclusion(application.db, number=revoke, **told)


def _shown(application: Application, filing: Filing, output: Format) -> None:
    """What it leaves out and changes, as one document."""
    found = preview(
        application.db,
        application.viewer,
        rules_of(application.settings, application.db),
        filing,
        now=application.now(),
    )
    document = {"period": found.periods[0], "periods": list(found.periods), "counts": dict(found.counts),
                "rows": list(found.records), "rates": list(found.rates)}  # fmt: skip
    if output is not Format.table:
        emit(document, output)
        return
    emit(document, output, ("period", "office", "name", "indicator", "before.value", "after.value"), rows="rates")
    emit(document, output, ("record", "number", "office", "at"))
