"""`mingcha token` for who works on the command line, `mingcha people` for who manages accounts (人员).

An administrator acts with --as NAME and a token. `system`, the machine's own command line, may make an administrator
while there is none, and a one-time link for somebody who is locked out; both are noted.
"""

from __future__ import annotations

import getpass
import os
import sys
from typing import Annotated

import typer

from dashboard.cli.output import Format, emit, iso, say
from dashboard.errors import UsageError

FormatOption = Annotated[Format, typer.Option("--format", help="table, json or csv.")]
AsOption = Annotated[
    str | None, typer.Option("--as", help="The administrator; needs MINGCHA_TOKEN. Default: MINGCHA_USER, else system.")
]
Name = Annotated[str, typer.Argument(help="Name of the account.")]
FromDay = Annotated[str | None, typer.Option("--from", help="First day on which it holds, YYYY-MM-DD; default today.")]
UntilDay = Annotated[str | None, typer.Option("--until", help="Last day on which it holds; default: no end.")]


def register(app: typer.Typer) -> None:
    app.command()(token)
    people = typer.Typer(no_args_is_help=True, help="Accounts: list, add, change, shut, and one-time links.")
    for name, command in (
        ("list", list_), ("add", add), ("role", role), ("grant", grant), ("revoke", revoke),
        ("deactivate", deactivate), ("activate", activate), ("link", link), ("bind", bind), ("unbind", unbind),
    ):  # fmt: skip
        people.command(name)(command)
    app.add_typer(people, name="people")


def token(user: Annotated[str, typer.Argument(help="Whose token: that person types the password.")]) -> None:
    """A token for the command line, for MINGCHA_TOKEN. Shown once; it ends by itself, or on the account page."""
    from dashboard.accounts import has_accounts
    from dashboard.accounts.tokens import make_token
    from dashboard.bootstrap import as_system, open_application

    application = open_application(environment=as_system(os.environ))
    if not has_accounts(application.db):
        raise UsageError("There are no accounts yet: people of [people] are believed without a token.")
    password = getpass.getpass(f"Password of {user}: ") if sys.stdin.isatty() else sys.stdin.readline().rstrip("\r\n")
    words, ends = make_token(
        application.db, application.settings.access, name=user, password=password, at=application.now()
    )
    print(words)
    say(f"It holds until {iso(ends)}. Use it as: MINGCHA_TOKEN=… mingcha … --as {user}")


def list_(output: FormatOption = Format.table, as_: AsOption = None) -> None:
    """All accounts with their role, their offices today, and how they get in."""
    from dashboard.accounts.listing import accounts
    from dashboard.bootstrap import open_application

    application = open_application(user=as_)
    rows = [
        {"name": one.name, "role": one.role, "offices": one.offices, "works_at": one.works_at, "active": one.active,
         "entry": one.entry, "seen": one.seen_at,
         "grants": [{"grant": held.id, "office": held.office, "from": held.from_day, "until": held.until_day,
                     "state": held.state} for held in one.grants]}
        for one in accounts(application.db, application.viewer, at=application.now())
    ]  # fmt: skip
    emit({"rows": rows}, output, ("name", "role", "offices", "works_at", "active", "entry", "seen"))


def add(
    name: Name,
    role: Annotated[str, typer.Option(help="inspector, reviewer, regional_manager, office_head, …")],
    office: Annotated[list[str], typer.Option(help="Code of an office in sight; '*' the whole company. Repeatable.")],
    works_at: Annotated[str | None, typer.Option(help="The office where the person works.")] = None,
    contact: Annotated[list[str] | None, typer.Option(help="CHANNEL=ADDRESS, repeatable.")] = None,
    from_day: FromDay = None,
    until_day: UntilDay = None,
    as_: AsOption = None,
) -> None:
    """A new account without a password; hand the person a link with: mingcha people link NAME."""
    from dashboard.accounts import managing
    from dashboard.bootstrap import open_application

    application = open_application(user=as_)
    managing.add(application.db, by=application.viewer, name=name, role=role, offices=office, works_at=works_at,
                 contact=_addresses(contact or []), from_day=from_day, until_day=until_day,
                 at=application.now())  # fmt: skip
    say(f"Made the account {name}; it has no password yet: mingcha people link {name}")


def _addresses(given: list[str]) -> dict[str, str]:
    pairs = [one.partition("=") for one in given]
    for channel, equals, address in pairs:
        if not (channel and equals and address):
            raise UsageError(f"--contact '{channel}{equals}{address}' is not of the form CHANNEL=ADDRESS.")
    return {channel: address for channel, _, address in pairs}


def role(name: Name, role: Annotated[str, typer.Argument(help="The new role.")], as_: AsOption = None) -> None:
    """Give somebody else another role."""
    from dashboard.accounts import managing
    from dashboard.bootstrap import open_application

    application = open_application(user=as_)
    managing.set_role(application.db, by=application.viewer, name=name, role=role, at=application.now())


def grant(
    name: Name,
    office: Annotated[str, typer.Argument(help="Code of the office; '*' the whole company.")],
    from_day: FromDay = None,
    until_day: UntilDay = None,
    as_: AsOption = None,
) -> None:
    """Let somebody else see an office and what lies below it."""
    from dashboard.accounts import managing
    from dashboard.bootstrap import open_application

    application = open_application(user=as_)
    number = managing.grant(application.db, by=application.viewer, name=name, office=office, from_day=from_day,
                            until_day=until_day, at=application.now())  # fmt: skip
    say(f"Grant {number}: {name} sees {office}.")


def revoke(number: Annotated[int, typer.Argument(help="Number of the grant.")], as_: AsOption = None) -> None:
    """End a grant at once."""
    from dashboard.accounts import managing
    from dashboard.bootstrap import open_application

    application = open_application(user=as_)
    managing.revoke(application.db, by=application.viewer, grant=number, at=application.now())


def deactivate(name: Name, as_: AsOption = None) -> None:
    """Shut an account: its sign-ins and tokens end at once."""
    from dashboard.accounts import managing
    from dashboard.bootstrap import open_application

    application = open_application(user=as_)
    managing.deactivate(application.db, by=application.viewer, name=name, at=application.now())


def activate(name: Name, as_: AsOption = None) -> None:
    """Open a shut account again; it needs a new link."""
    from dashboard.accounts import managing
    from dashboard.bootstrap import open_application

    application = open_application(user=as_)
    managing.activate(application.db, by=application.viewer, name=name, at=application.now())


def link(name: Name, as_: AsOption = None) -> None:
    """A one-time link for somebody who has no password, or lost it. Shown once; the old one is void."""
    from dashboard.accounts import managing
    from dashboard.bootstrap import open_application

    application = open_application(user=as_)
    settings = application.settings
    code = managing.link(application.db, settings.access, by=application.viewer, name=name, at=application.now())
    print(f"{settings.web.place()}/enter?code={code}")
    say(f"It works once, within {settings.access.code_hours:g} hours.")


def bind(
    name: Name,
    subject: Annotated[str, typer.Argument(help="The person's `sub` at the company's provider.")],
    as_: AsOption = None,
) -> None:
    """Let somebody else sign in by the company's provider ([access.oidc]) as this subject."""
    from dashboard.accounts import managing
    from dashboard.bootstrap import open_application
    from dashboard.rights import require

    application = open_application(user=as_)
    require(application.viewer, managing.MANAGE)
    provider = application.settings.access.oidc
    if provider is None:
        raise UsageError("No provider is configured.", "See [access.oidc] in docs/accounts.md.")
    managing.bind(application.db, by=application.viewer, name=name, issuer=provider.issuer, subject=subject,
                  at=application.now())  # fmt: skip


def unbind(name: Name, as_: AsOption = None) -> None:
    """Let somebody else sign in by the company's provider no more."""
    from dashboard.accounts import managing
    from dashboard.bootstrap import open_application

    application = open_application(user=as_)
    managing.unbind(application.db, by=application.viewer, name=name, at=application.now())
