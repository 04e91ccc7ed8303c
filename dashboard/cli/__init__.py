"""The `mingcha` command (命令行): the only argv parsing. One file per group of commands, each thin."""

from __future__ import annotations

import sys
from importlib import import_module

import typer

from checks.errors import PeriodError, RuleError
from collectors.base import CollectorError
from collectors.redact import protect_process
from dashboard.cli.output import fail
from dashboard.errors import MingchaError

GROUPS = (
    "operations", "data", "flags", "offices", "judgement", "warnings", "violations", "video", "review", "equipment",
    "evidence", "letters", "notices", "disputes",
    "audit", "quarter", "halls", "exclusions", "bench", "people", "rules",
    "forms", "search",
)  # fmt: skip
"""Files of this package that add commands with `register(app)`, in the order of `mingcha --help`."""


def make_app() -> typer.Typer:
    app = typer.Typer(
        name="mingcha",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        help="Mingcha 明察: supervision of power-supply service, from collected records to the signed quarter.",
    )
    for group in GROUPS:
        import_module(f"dashboard.cli.{group}").register(app)
    return app


def main(arguments: list[str] | None = None) -> None:
    """Entry point. Exit code 0 done, 1 something failed (named), 2 bad usage (design §4.1)."""
    protect_process()
    try:
        result = typer.main.get_command(make_app())(args=arguments, standalone_mode=False)
    except typer.Abort:
        fail("stopped", 130)
    except typer.TyperException as error:  # Typer carries its own copy of click: click's classes would not match
        message = error.format_message()
        fail(message, 2) if message else sys.exit(2)  # without a message the help was printed
    except MingchaError as error:
        fail(str(error), error.exit_code)
    except PeriodError as error:
        fail(str(error), 2)
    except (CollectorError, RuleError) as error:
        fail(str(error), 1)
    else:
        sys.exit(result if isinstance(result, int) else 0)
