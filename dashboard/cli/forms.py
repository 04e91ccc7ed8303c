"""`mingcha forms`: designated-supplier forms and cards: counts, boxes that were opened, what was handed out."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from dashboard.cli.data import AsOption, FormatOption
from dashboard.cli.output import Format, emit, parse_time

COUNTS = ("office", "issued", "collected", "recovery", "accusing", "standing")
CARDS = ("office", "class", "accepted", "cards", "answer_cards", "answers")
OPENINGS = ("opening", "box", "office", "opened_at", "found", "entered", "inspectors")


def register(app: typer.Typer) -> None:
    forms = typer.Typer(no_args_is_help=True, help="Designated-supplier forms (三指定), boxes and cards.")
    forms.command("list")(list_)
    forms.command("cards")(cards)
    forms.command("opening")(opening)
    forms.command("sign")(sign)
    forms.command("enter")(enter)
    forms.command("issued")(issued)
    app.add_typer(forms, name="forms")


def list_(period: Annotated[str, typer.Option(help="2026-Q3 …")], output: FormatOption = Format.table,
          as_: AsOption = None) -> None:  # fmt: skip
    """Forms handed out, collected and accusing, per office; an empty cell is not told to you, or not known."""
    from checks.periods import parse_period
    from dashboard.bootstrap import open_application
    from dashboard.queries import forms as queries
    from dashboard.queries.offices import visible_tree

    app = open_application(user=as_)
    offices = frozenset(visible_tree(app.db, app.viewer).offices)
    found = queries.recovery(app.db, app.viewer, queries.thresholds_of(app.settings), offices=offices,
                             period=parse_period(period), as_of=app.now())  # fmt: skip
    rows: list[dict[str, Any]] = [
        {"office": one.office, "issued": one.issued, "collected": one.collected, "recovery": one.rate,
         "accusing": one.accusing, "standing": one.standing}
        for one in found
    ]  # fmt: skip
    emit({"period": period, "rows": rows}, output, COUNTS)


def cards(period: Annotated[str, typer.Option(help="2026-Q3 …")], output: FormatOption = Format.table,
          as_: AsOption = None) -> None:  # fmt: skip
    """明白卡 issued by acceptances and 答复卡 returned, per office and class of connection."""
    from checks.periods import parse_period
    from dashboard.bootstrap import open_application
    from dashboard.queries import forms as queries
    from dashboard.queries.offices import visible_tree

    app = open_application(user=as_)
    offices = frozenset(visible_tree(app.db, app.viewer).offices)
    found = queries.cards(app.db, app.viewer, offices=offices, period=parse_period(period), as_of=app.now())
    rows: list[dict[str, Any]] = [
        {"office": one.office, "class": one.kind, "accepted": one.accepted, "cards": one.cards,
         "answer_cards": one.answer_cards, "answers": one.answers}
        for one in found
    ]  # fmt: skip
    emit({"period": period, "rows": rows}, output, CARDS)


def opening(
    box: Annotated[str | None, typer.Option(help="What stands on the box; absent: list the openings.")] = None,
    office: Annotated[str | None, typer.Option(help="Code of the office whose box it is.")] = None,
    found: Annotated[int, typer.Option(help="Forms counted in it.")] = 0,
    at: Annotated[str | None, typer.Option(help="When it was opened, 2026-09-20T10:00:00+08:00; absent: now.")] = None,
    output: FormatOption = Format.table,
    as_: AsOption = None,
) -> None:
    """List box openings, or enter one: it holds once a second inspector signs it."""
    from dashboard.actions.forms import open_box
    from dashboard.bootstrap import open_application
    from dashboard.queries import forms as queries

    app = open_application(user=as_)
    if box is not None:
        moment = parse_time(at, "--at") or app.now()
        open_box(app.db, by=app.viewer, box=box, office=office or "", opened_at=moment, found=found, at=app.now())
    rows: list[dict[str, Any]] = [
        {"opening": one.number, "box": one.box, "office": one.office, "opened_at": one.opened_at, "found": one.found,
         "entered": one.entered, "inspectors": "、".join(one.inspectors)}
        for one in queries.openings(app.db, app.viewer)
    ]  # fmt: skip
    emit({"rows": rows}, output, OPENINGS)


def sign(
    number: Annotated[int, typer.Argument(help="Number of the opening.")], as_: AsOption = None,
) -> None:  # fmt: skip
    """Say that you were there when the box was opened."""
    from dashboard.actions import forms as actions
    from dashboard.bootstrap import open_application

    app = open_application(user=as_)
    actions.sign(app.db, by=app.viewer, opening=number, at=app.now())


def enter(
    number: Annotated[int, typer.Argument(help="Number of the opening in which the form lay.")],
    file: Annotated[Path, typer.Argument(help="JSON as in docs/forms.md; - reads it from standard input.")],
    output: FormatOption = Format.table,
    as_: AsOption = None,
) -> None:
    """Enter one form; the customer's name never stands in the command itself."""
    from checks.forms import Step
    from dashboard.actions import forms as actions
    from dashboard.bootstrap import open_application
    from dashboard.errors import UsageError

    try:
        text = sys.stdin.read() if str(file) == "-" else file.read_text(encoding="utf-8")
        told = json.loads(text)
        steps = {step: Step(said.get("named", {}), said.get("attitude")) for step, said in told.pop("steps").items()}
        form = actions.Form(steps=steps, **told)
    except OSError as error:
        raise UsageError(f"{file} cannot be read.", "Name a file, or - for standard input.") from error
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise UsageError(f"{file} is no form.", "Its keys are in docs/forms.md.") from error
    app = open_application(user=as_)
    draft = actions.begin(app.db, app.settings, by=app.viewer, opening=number, at=app.now())
    try:
        actions.save(app.db, app.settings, by=app.viewer, draft=draft, form=form, at=app.now())
        evaluation = actions.submit(app.db, app.settings, by=app.viewer, draft=draft, at=app.now())
    except BaseException:
        actions.discard(app.db, by=app.viewer, draft=draft, at=app.now())
        raise
    emit({"rows": [{"number": evaluation, "opening": number}]}, output, ("number", "opening"))


def issued(
    what: Annotated[str, typer.Argument(help="form, notice_card or answer_card.")],
    count: Annotated[int, typer.Argument(help="How many were handed out in the month.")],
    office: Annotated[str, typer.Option(help="Code of the office.")],
    month: Annotated[str, typer.Option(help="2026-11")],
    kind: Annotated[str | None, typer.Option("--class", help="Class of connection; absent: all.")] = None,
    returned: Annotated[int | None, typer.Option(help="Of answer cards: how many came back.")] = None,
    as_: AsOption = None,
) -> None:
    """Say how many forms or cards an office handed out in a month; the latest word holds."""
    from dashboard.actions.forms import hand_out
    from dashboard.bootstrap import open_application

    app = open_application(user=as_)
    hand_out(app.db, by=app.viewer, what=what, office=office, month=month, issued=count, kind=kind, returned=returned,
             at=app.now())  # fmt: skip
