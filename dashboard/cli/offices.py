"""`mingcha offices` lists offices, `mingcha office rename | move | merge | split | close | open | adjust | take-back |
alias` changes them from a day on (单位管理)."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

import typer

from checks.office_history import Adjust, Change, Close, Merge, Move, Open, Part, Rename, Split
from dashboard.bootstrap import open_application
from dashboard.cli.output import Format, emit, say
from dashboard.errors import UsageError
from dashboard.instants import LOCAL
from dashboard.queries.office_history import Deed
from dashboard.texts import t

FormatOption = Annotated[Format, typer.Option("--format", help="table, json or csv.")]
AsOption = Annotated[str | None, typer.Option("--as", help="Person of [people]; default: MINGCHA_USER, else system.")]
Since = Annotated[str, typer.Option("--from", help="First day on which it holds, YYYY-MM-DD.")]
Why = Annotated[str, typer.Option(help="The document or decision behind it.")]
Dry = Annotated[bool, typer.Option("--dry-run", help="Only say what it would do.")]
Code = Annotated[str, typer.Argument(help="Code of the office.")]
Area = Annotated[str | None, typer.Option(help="urban, rural or remote.")]
Group = Annotated[str | None, typer.Option("--peer-group", help="The peer group it is compared in.")]
Customers = Annotated[int | None, typer.Option(min=0, help="How many customers it serves.")]


def register(app: typer.Typer) -> None:
    app.command("offices")(offices)
    office = typer.Typer(no_args_is_help=True, help="Change an office from a day on; --dry-run only says what happens.")
    for name, command in (
        ("rename", rename), ("move", move), ("merge", merge), ("split", split), ("close", close), ("open", open_),
        ("adjust", adjust), ("take-back", take_back_), ("alias", alias), ("withdraw-alias", withdraw),
    ):  # fmt: skip
        office.command(name)(command)
    app.add_typer(office, name="office")


def offices(
    on: Annotated[str | None, typer.Option(help="The tree of this day; default today.")] = None,
    history: Annotated[str | None, typer.Option(help="Every version of the office with this code.")] = None,
    changes: Annotated[bool, typer.Option("--changes", help="What was changed by hand: who, when, why.")] = False,
    output: FormatOption = Format.table,
    as_: AsOption = None,
) -> None:
    """The offices of a day as a tree, the versions of one, or the changes made by hand."""
    from dashboard.queries import office_history as query

    application = open_application(user=as_)
    db, viewer = application.db, application.viewer
    if changes:
        rows = [_deed(deed) for deed in query.deeds(db, viewer)]
        emit({"rows": rows}, output, ("batch", "at", "by", "kind", "day", "asked", "why", "taken_back"))
        return
    known = query.visible_history(db, viewer)
    if history is not None:
        if history not in known:
            raise UsageError(f"There is no office '{history}'.", "See mingcha offices.")
        emit({"rows": [query.version_document(one) for one in known[history]]}, output, _VERSION)
        return
    day = _day(on, "--on") if on else application.now().astimezone(LOCAL).date()
    found = query.offices_on(known, day)
    depths = query.depths(found)
    rows = [{**query.version_document(one), "depth": depths[one.code]} for one in found]
    if output is Format.table:
        rows = [{**row, "name": "　" * row["depth"] + row["name"]} for row in rows]
    emit({"on": day.isoformat(), "rows": rows}, output, _VERSION)


_VERSION = ("code", "name", "level", "parent_code", "area", "peer_group", "customers", "valid_from", "valid_to",
            "successor_code")  # fmt: skip


def _deed(deed: Deed) -> dict[str, Any]:
    return {"batch": deed.batch, "at": deed.at, "by": deed.by, "kind": deed.kind, "day": deed.day.isoformat(),
            "asked": dict(deed.asked), "why": deed.why, "taken_back": deed.taken_back}  # fmt: skip


def rename(
    code: Code,
    name: Annotated[str, typer.Option(help="Its name from then on.")],
    since: Since,
    why: Why = "",
    dry_run: Dry = False,
    output: FormatOption = Format.table,
    as_: AsOption = None,
) -> None:
    """Another name. Both names are understood on either side of the day."""
    _change(Rename(_day(since), code, name), why, dry_run, output, as_)


def move(
    code: Code,
    to: Annotated[str, typer.Option(help="Code of the office above it from then on.")],
    since: Since,
    why: Why = "",
    dry_run: Dry = False,
    output: FormatOption = Format.table,
    as_: AsOption = None,
) -> None:
    """Another office above it."""
    _change(Move(_day(since), code, to), why, dry_run, output, as_)


def merge(
    codes: Annotated[list[str], typer.Argument(help="Codes of the offices that end.")],
    into: Annotated[str, typer.Option(help="Code of the office that goes on, or a new code with --name.")],
    since: Since,
    name: Annotated[str | None, typer.Option(help="Its name from then on.")] = None,
    customers: Customers = None,
    why: Why = "",
    dry_run: Dry = False,
    output: FormatOption = Format.table,
    as_: AsOption = None,
) -> None:
    """Several into one; halls and other offices below them go along, customers add up."""
    _change(Merge(_day(since), tuple(codes), into, name, customers), why, dry_run, output, as_)


def split(
    code: Code,
    part: Annotated[list[str], typer.Option(help="CODE=NAME or CODE=NAME=CUSTOMERS; its own code if it goes on.")],
    since: Since,
    child: Annotated[list[str] | None, typer.Option(help="CHILD=PART: where an office below it goes.")] = None,
    why: Why = "",
    dry_run: Dry = False,
    output: FormatOption = Format.table,
    as_: AsOption = None,
) -> None:
    """One into several. What it did before stays its own: nobody can say which part it would be."""
    children = dict(_pair(text, "--child") for text in child or ())
    change = Split(_day(since), code, tuple(_part(text) for text in part), children)
    _change(change, why, dry_run, output, as_)


def close(
    code: Code, since: Since, why: Why = "", dry_run: Dry = False, output: FormatOption = Format.table,
    as_: AsOption = None,
) -> None:  # fmt: skip
    """It ends; --from is the first day without it."""
    _change(Close(_day(since), code), why, dry_run, output, as_)


def open_(
    code: Code,
    name: Annotated[str, typer.Option(help="Its name.")],
    level: Annotated[str, typer.Option(help="company, county, station or hall.")],
    since: Since,
    below: Annotated[str | None, typer.Option(help="Code of the office above it.")] = None,
    area: Area = None,
    peer_group: Group = None,
    customers: Customers = None,
    why: Why = "",
    dry_run: Dry = False,
    output: FormatOption = Format.table,
    as_: AsOption = None,
) -> None:
    """A new office."""
    change = Open(_day(since), code, name, level, below, area, peer_group, customers)
    _change(change, why, dry_run, output, as_)


def adjust(
    code: Code,
    since: Since,
    area: Area = None,
    peer_group: Group = None,
    customers: Customers = None,
    why: Why = "",
    dry_run: Dry = False,
    output: FormatOption = Format.table,
    as_: AsOption = None,
) -> None:
    """Another area class, peer group or number of customers."""
    values = {"area": area, "peer_group": peer_group, "customers": customers}
    given = {name: value for name, value in values.items() if value is not None}
    _change(Adjust(_day(since), code, given), why, dry_run, output, as_)


def take_back_(
    batch: Annotated[int, typer.Argument(metavar="ID", help="A change, as `mingcha offices --changes` numbers it.")],
    why: Why = "",
    as_: AsOption = None,
) -> None:
    """Put back what a mistaken change replaced; both stay in the history."""
    from dashboard.actions.offices import take_back

    application = open_application(user=as_)
    done = take_back(application.db, by=application.viewer, batch=batch, why=why, at=application.now())
    say(t("Change {batch} is taken back by change {new}.", batch=batch, new=done.batch))


def alias(
    code: Code,
    name: Annotated[str, typer.Option(help="What a source writes.")],
    since: Annotated[str | None, typer.Option("--from", help="First day; default always.")] = None,
    until: Annotated[str | None, typer.Option("--to", help="Last day; default always.")] = None,
    as_: AsOption = None,
) -> None:
    """Let a name mean an office, on some days or always."""
    from dashboard.actions.aliases import add_alias

    application = open_application(user=as_)
    days = {"valid_from": _day(since) if since else None, "valid_to": _day(until, "--to") if until else None}
    number = add_alias(application.db, by=application.viewer, code=code, name=name, at=application.now(), **days)
    say(t("'{name}' means {code} now (alias {number}).", name=name, code=code, number=number))


def withdraw(
    number: Annotated[int, typer.Argument(metavar="ID", help="Number of the alias.")], as_: AsOption = None
) -> None:
    """The name does not mean the office any more."""
    from dashboard.actions.aliases import withdraw_alias

    application = open_application(user=as_)
    withdraw_alias(application.db, by=application.viewer, alias_id=number, at=application.now())
    say(t("Alias {number} is withdrawn.", number=number))


def _change(change: Change, why: str, dry_run: bool, output: Format, as_: str | None) -> None:
    """Say what the change does, then do it."""
    from dashboard.actions.offices import change_offices, preview_change
    from dashboard.queries.office_history import preview_document

    application = open_application(user=as_)
    found = preview_change(application.db, by=application.viewer, change=change)
    document: dict[str, Any] = {**preview_document(found), "batch": None}
    if not dry_run:
        done = change_offices(
            application.db, by=application.viewer, change=change, why=why, at=application.now(), seen=found.digest
        )
        document["batch"] = done.batch
        for name in done.refused_names:
            say(t("'{name}' means another office on some of these days and is not kept as an alias.", name=name))
    emit(document, output, ("office", "name", "level", "old_name", "begins", "ends", "gained", "lost",
                            "records_gained", "records_lost"))  # fmt: skip
    if output is Format.table:
        done_text = t("Nothing is written: a dry run.") if dry_run else t("Change {n} is made.", n=document["batch"])
        say(done_text)


def _day(text: str, option: str = "--from") -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise UsageError(f"{option} '{text}' is no day.", "Example: 2026-08-01") from error


def _pair(text: str, option: str) -> tuple[str, str]:
    left, sign, right = text.partition("=")
    if not sign or not left.strip() or not right.strip():
        raise UsageError(f"{option} '{text}' has no '='.", "Example: H0101=990103")
    return left.strip(), right.strip()


def _part(text: str) -> Part:
    code, rest = _pair(text, "--part")
    name, _, customers = rest.partition("=")
    if customers and not (customers.isascii() and customers.isdigit()):
        raise UsageError(f"--part '{text}': '{customers}' is no number of customers.")
    return Part(code, name.strip(), int(customers) if customers else None)
