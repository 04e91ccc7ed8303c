"""`mingcha faults | gaps`: cameras that cannot be judged by, and minutes that recorders do not hold."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Annotated

import typer

from dashboard.cli.output import LOCAL, Format, emit, say
from dashboard.errors import UsageError
from dashboard.texts import t

Output = Annotated[Format, typer.Option("--format", help="table, json or csv.")]
Person = Annotated[str | None, typer.Option("--as", help="Who asks (a name under [people]); default system.")]
Hall = Annotated[str | None, typer.Option(help="Only this hall.")]
FAULT_COLUMNS = {
    "camera": "camera",
    "hall": "hall",
    "cause": "cause",
    "opened_at": "since",
    "last_at": "last seen so",
    "looks": "looks",
    "closed_at": "closed",
}


def register(app: typer.Typer) -> None:
    app.command("faults")(faults)
    app.command("gaps")(gaps)


def faults(
    hall: Hall = None,
    every: Annotated[bool, typer.Option("--all", help="Closed ones too.")] = False,
    output: Output = Format.table,
    person: Person = None,
) -> None:
    """Equipment faults of cameras: opened by a look that could not be judged, closed when the camera sees again."""
    from dashboard.bootstrap import open_application
    from dashboard.queries.faults import camera_faults
    from dashboard.queries.offices import require_visible, visible_tree
    from dashboard.sampling.slots import stored_slots

    application = open_application(user=person)
    if hall is not None:
        require_visible(visible_tree(application.db, application.viewer), hall)
    rows = camera_faults(
        application.db, application.viewer, slots=stored_slots(application.db, application.settings),
        as_of=application.now(), hall=hall, open_only=not every,
    )  # fmt: skip
    emit({"rows": rows}, output, FAULT_COLUMNS)


def gaps(
    day: Annotated[str | None, typer.Option("--date", help="A local day, 2026-09-01; default yesterday.")] = None,
    hall: Hall = None,
    output: Output = Format.table,
    person: Person = None,
) -> None:
    """Stretches of a day's slots, from the first to the last, that recorders with folders do not hold (over 60 s)."""
    from dashboard.bootstrap import open_application
    from dashboard.queries.offices import require_visible, visible_tree
    from dashboard.sampling.gaps import gaps_of_day

    application = open_application(user=person)
    tree = visible_tree(application.db, application.viewer)
    if hall is not None:
        require_visible(tree, hall)
    now = application.now()
    wanted = _day(day) if day else (now.astimezone(LOCAL) - timedelta(days=1)).date()
    halls = {hall} if hall is not None else set(tree.offices)
    rows, asked = gaps_of_day(application.db, application.settings, wanted, halls, now=now)
    say(t("{n} cameras have recordings in folders.", n=asked))
    emit({"rows": rows}, output, {"camera": "camera", "hall": "hall", "from": "from", "to": "to", "seconds": "seconds",
                                   "continuous": "continuous"})  # fmt: skip


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise UsageError(f"--date '{text}' is no day.", "Example: 2026-09-01") from error
