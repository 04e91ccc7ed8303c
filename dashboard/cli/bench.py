"""`mingcha bench`: speed and quality, measured by anyone, as ratios of one run."""

from __future__ import annotations

from importlib import import_module
from typing import Annotated

import typer

from dashboard.errors import UsageError
from dashboard.nearest import nearest

BENCHES = ("ingest", "judge", "league", "fairness", "look", "web")


def register(app: typer.Typer) -> None:
    @app.command()
    def bench(
        what: Annotated[str, typer.Argument(help=f"One of {', '.join(BENCHES)}; without it, all.")] = "all",
        size: Annotated[
            int | None, typer.Option("--size", "--rows", help="Records (or frames); default: the size of the claim.")
        ] = None,
        pairs: Annotated[int, typer.Option(help="Interleaved pairs whose median is printed.")] = 5,
        part: Annotated[list[str] | None, typer.Option(help="Of ingest: only this part; may be repeated.")] = None,
        dlt: Annotated[
            str | None, typer.Option(help="Of ingest: a Python that has dlt[sqlalchemy] and polars.")
        ] = None,
    ) -> None:
        """Measure speed as ratios to a named baseline in the same run."""
        if what != "all" and what not in BENCHES:
            guess = nearest(what, BENCHES)
            raise UsageError(f"There is no bench '{what}'.", f"Did you mean '{guess}'?" if guess else "")
        for name in BENCHES if what == "all" else (what,):
            own = {"parts": part or (), "dlt": dlt} if name == "ingest" else {}
            import_module(f"dashboard.bench.{name}").run(size=size, pairs=pairs, **own)
