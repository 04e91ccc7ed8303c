"""`mingcha bench`: speed and quality, measured by anyone, as ratios of one run."""

from __future__ import annotations

from importlib import import_module
from typing import Annotated

import typer

from dashboard.errors import UsageError
from dashboard.nearest import nearest

BENCHES = ("ingest", "judge", "league", "scope", "fairness", "look", "web", "warnings", "cases")
LONG_ONES = ("day", "scale")
"""Only when named: a day lasts many minutes, and scale is arithmetic."""


def register(app: typer.Typer) -> None:
    @app.command()
    def bench(
        what: Annotated[
            str, typer.Argument(help=f"One of {', '.join((*BENCHES, *LONG_ONES))}; without it, all but the last two.")
        ] = "all",
        size: Annotated[
            int | None, typer.Option("--size", "--rows", help="Records (or frames); default: the size of the claim.")
        ] = None,
        pairs: Annotated[int, typer.Option(help="Interleaved pairs whose median is printed.")] = 5,
        part: Annotated[
            list[str] | None, typer.Option(help="Of ingest, and of look (speed, accuracy): only this; may be repeated.")
        ] = None,
        clips: Annotated[int, typer.Option(help="Of look: clips in the day whose speed is measured.")] = 150,
        slots: Annotated[int, typer.Option(help="Of day: slots, about two minutes each.")] = 5,
        dlt: Annotated[
            str | None, typer.Option(help="Of ingest: a Python that has dlt[sqlalchemy] and polars.")
        ] = None,
    ) -> None:
        """Measure speed as ratios to a named baseline in the same run."""
        known = (*BENCHES, *LONG_ONES)
        if what != "all" and what not in known:
            guess = nearest(what, known)
            raise UsageError(f"There is no bench '{what}'.", f"Did you mean '{guess}'?" if guess else "")
        for name in BENCHES if what == "all" else (what,):
            own: dict[str, object] = {}
            if name == "ingest":
                own = {"parts": part or (), "dlt": dlt}
            elif name == "day":
                own = {"slots": slots}
            if name == "look" and "speed" in (part or ("speed",)):
                import_module("dashboard.bench.look_speed").speed(clips=clips, pairs=pairs)
            if name == "look" and "accuracy" not in (part or ("accuracy",)):
                continue
            import_module(f"dashboard.bench.{name}").run(size=size, pairs=pairs, **own)
