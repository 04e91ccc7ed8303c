"""`mingcha verify | retention | hold | package`: whether all is whole, what goes and stays, what is handed over."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from dashboard.cli.output import LOCAL, Format, emit, say
from dashboard.errors import UsageError
from dashboard.texts import t

Output = Annotated[Format, typer.Option("--format", help="table, json or csv.")]
Reason = Annotated[str, typer.Option(help="Why, in words that stand for ever.")]
Person = Annotated[str | None, typer.Option("--as", help="Who asks (a name under [people]); default system.")]


def register(app: typer.Typer) -> None:
    app.command("verify")(verify)
    app.command("retention")(retention)
    app.command("package")(package)
    holds = typer.Typer(no_args_is_help=True, help="Legal holds: what nobody may remove or erase until one is lifted.")
    holds.command("list")(list_holds)
    holds.command("place")(place)
    holds.command("lift")(lift)
    app.add_typer(holds, name="hold")


def verify(
    head: Annotated[Path | None, typer.Option(help="A signed head from the auditor's folder.")] = None,
    public_key: Annotated[str | None, typer.Option(help="The key that must have signed it, 64 hex digits.")] = None,
    since_head: Annotated[bool, typer.Option("--since-head", help="Only what was entered after --head.")] = False,
    output: Output = Format.table,
    person: Person = None,
) -> None:
    """Check plan commitments, frozen periods, the chain of evidence, its files and its signed heads."""
    from dashboard.bootstrap import open_application
    from dashboard.evidence.complete import verify_everything

    application = open_application(user=person)
    document = verify_everything(application, head=head, public_key=public_key, only_since=since_head)
    if output is Format.table:
        say(t("{n} checked, {problems} problems.", n=document["checked"], problems=len(document["problems"])))
        frozen, chain = document["chain"], document["evidence"]
        say(t("Decisions on frozen periods: {n}, chain ends with {head}.", n=frozen["events"], head=frozen["head"]))
        say(t("Evidence: {n} entries, chain ends with {head}.", n=chain["entries"], head=chain["hash"]))
        for note in document["notes"]:
            say(f"{note['kind']}: {note['what']}")
        emit({"rows": document["problems"]}, output, ("kind", "what"))
    else:
        emit(document, output, rows="problems")
    if not document["ok"]:
        raise typer.Exit(1)


def retention(
    apply: Annotated[bool, typer.Option("--apply", help="Do it; without, only list what would go.")] = False,
    output: Output = Format.table,
    person: Person = None,
) -> None:
    """List evidence past its term: what goes, and what keeps the rest. With --apply remove it and erase old fields."""
    from dashboard.bootstrap import open_application
    from dashboard.evidence.erasing import erase_personal
    from dashboard.evidence.retention import due, remove_due, summed

    application = open_application(user=person)
    items = due(application, application.viewer)
    erased: dict[str, int] = {}
    if apply:
        gone = {item.evidence for item in remove_due(application, by=application.viewer)}
        items = [item for item in items if item.why or item.evidence in gone]
        erased = erase_personal(application, by=application.viewer)
    counts = summed(items)
    rows = [
        {"evidence": item.evidence, "sample": item.sample, "kind": item.kind, "path": item.path,
         "since": item.since.astimezone(LOCAL).isoformat(), "rule": item.rule, "kept_by": item.why or None}
        for item in items
    ]  # fmt: skip
    going = counts.pop("goes", 0)
    said = "{n} files removed, {kept} kept." if apply else "{n} files would go, {kept} are kept."
    say(t(said, n=going, kept=sum(counts.values())))
    for name, count in erased.items():
        say(t("Personal fields of {n} rows erased: {table}", n=count, table=name))
    document = {"applied": apply, "goes": going, "kept": counts, "erased": erased, "rows": rows}
    emit(document, output, ("evidence", "sample", "kind", "since", "rule", "kept_by"))


def list_holds(output: Output = Format.table, person: Person = None) -> None:
    """Holds that stand, within what one may see."""
    from dashboard.bootstrap import open_application
    from dashboard.evidence.holds import visible_holds

    application = open_application(user=person)
    rows = [
        {"hold": hold.id, "scope": hold.scope, "subject": hold.subject, "reason": hold.reason, "by": hold.by,
         "at": hold.at.astimezone(LOCAL).isoformat()}
        for hold in visible_holds(application.db, application.viewer)
    ]  # fmt: skip
    emit({"rows": rows}, output, ("hold", "scope", "subject", "reason", "by", "at"))


def place(
    reason: Reason,
    sample: Annotated[str | None, typer.Option(help="A sample.")] = None,
    office: Annotated[str | None, typer.Option(help="An office with all below it.")] = None,
    everything: Annotated[bool, typer.Option("--everything", help="All there is.")] = False,
    person: Person = None,
) -> None:
    """Put a sample, an office or everything on hold."""
    from dashboard.bootstrap import open_application
    from dashboard.evidence.holds import place_hold

    asked: list[tuple[str, str | None]] = []
    asked += [(scope, subject) for scope, subject in (("sample", sample), ("office", office)) if subject]
    asked += [("everything", None)] if everything else []
    if len(asked) != 1:
        raise UsageError("A hold is on one thing.", "Give one of --sample, --office, --everything.")
    application = open_application(user=person)
    scope, subject = asked[0]
    at, by = application.now(), application.viewer
    number = place_hold(application.db, by=by, scope=scope, subject=subject, reason=reason, at=at)
    say(t("Hold {n} stands.", n=number))


def lift(
    hold: Annotated[int, typer.Argument(help="The number of the hold.")], reason: Reason, person: Person = None
) -> None:
    """End a hold."""
    from dashboard.bootstrap import open_application
    from dashboard.evidence.holds import lift_hold

    application = open_application(user=person)
    lift_hold(application.db, by=application.viewer, hold=hold, reason=reason, at=application.now())
    say(t("Hold {n} is lifted.", n=hold))


def package(
    sample: Annotated[str, typer.Argument(help="A sample.")],
    to: Annotated[Path, typer.Option(help="The zip file to write; must not exist.")],
    originals: Annotated[bool, typer.Option("--originals", help="Unblurred; inspectors only, with --reason.")] = False,
    reason: Annotated[str, typer.Option(help="What the originals are handed over for.")] = "",
    person: Person = None,
) -> None:
    """Write the case package of a sample: pictures, timeline, chain entries, and a verifier that runs offline."""
    from dashboard.bootstrap import open_application
    from dashboard.evidence.package import make_package

    application = open_application(user=person)
    made = make_package(
        application, by=application.viewer, sample=sample, target=to, originals=originals, reason=reason
    )
    say(t("{path}: {n} files, SHA-256 {digest}", path=made.path, n=made.files, digest=made.sha256))
    if not made.signed:
        say(t("No signed head covers all of its entries yet; the worker signs every hour."))
