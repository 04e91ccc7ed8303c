"""`mingcha notices`: one's own notices; for administrators the outbox, sending now and trying a channel."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from dashboard.cli.data import AsOption, FormatOption
from dashboard.cli.output import Format, emit, say

MINE = ("at", "topic", "text", "link", "read_at")
FATES = ("at", "key", "person", "state", "reason", "tries", "since", "error", "sent_at")


def register(app: typer.Typer) -> None:
    app.command("notices")(notices)


def notices(
    outbox: Annotated[bool, typer.Option("--outbox", help="What became of everybody's notices.")] = False,
    send: Annotated[bool, typer.Option("--send", help="Send what is due, now; the worker does it otherwise.")] = False,
    test: Annotated[str | None, typer.Option(help="Send a message to yourself through this channel.")] = None,
    output: FormatOption = Format.table,
    as_: AsOption = None,
) -> None:
    """Your own notices, the newest first; or the outbox."""
    from dashboard.actions.notices import try_channel
    from dashboard.bootstrap import open_application
    from dashboard.notices.sending import send_due
    from dashboard.queries import notices as queries
    from dashboard.rights import require

    application = open_application(user=as_)
    db, viewer, now = application.db, application.viewer, application.now()
    if test is not None:
        try_channel(db, application.settings, by=viewer, channel=test, at=now)
        say(f"Channel {test} took the message.")
        return
    if send:
        if not viewer.is_system:
            require(viewer, "read the outbox")
        done = send_due(db, application.settings, clock=application.now)
        say(f"{done.messages} messages with {done.notices} notices sent, {done.failed} not taken, "
            f"{done.withheld} withheld, {done.given_up} given up.")  # fmt: skip
        return
    if outbox:
        found = queries.outbox(db, viewer, as_of=now)
        emit({"rows": [_fate(one) for one in found]}, output, FATES)
        return
    emit({"rows": [_mine(one) for one in queries.mine(db, viewer, as_of=now)]}, output, MINE)


def _mine(one: Any) -> dict[str, Any]:
    return {"at": one.at, "topic": one.topic, "text": one.text, "link": one.page, "parameters": dict(one.parameters),
            "sent_at": one.sent_at, "read_at": one.read_at}  # fmt: skip


def _fate(one: Any) -> dict[str, Any]:
    return {"at": one.at, "key": one.key, "topic": one.topic, "person": one.person, "state": one.fate,
            "reason": one.why, "due": one.due, "tries": one.tries, "since": one.failing_since, "error": one.error,
            "channel": one.channel, "sent_at": one.sent_at, "together": one.together}  # fmt: skip
