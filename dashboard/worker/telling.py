"""The worker's steps about notices (通知任务): enter what has risen a level, send what waits."""

from __future__ import annotations

from dashboard.errors import MingchaError
from dashboard.notices.escalating import escalate, tell_overdue
from dashboard.notices.heads import tell_head
from dashboard.notices.sending import send_due
from dashboard.worker.jobs import Context
from dashboard.worker.runs import Note


class NotTakenError(MingchaError):
    """A channel did not take a message; what it should have carried waits."""


def rise(context: Context) -> Note | None:
    """Enter each level that a warning or a case has reached, disputes that are overdue, and the day's head."""
    app = context.application
    entered = escalate(app.db, app.settings, app.now(), go_on=context.go_on)
    entered += tell_overdue(app.db, app.settings, app.now()) + tell_head(app)
    return Note("{n} notices entered", {"n": entered}) if entered else None


def tell(context: Context) -> Note | None:
    """Send what is due. NotTakenError when a channel refused a message, after the others were sent."""
    app = context.application
    done = send_due(app.db, app.settings, clock=app.now, go_on=context.go_on)
    if done.failed:
        raise NotTakenError(f"{done.failed} messages were not taken; they are tried again. See the page Notices.")
    if not done.messages and not done.withheld:
        return None
    said = {"messages": done.messages, "notices": done.notices, "withheld": done.withheld}
    return Note("{messages} messages with {notices} notices sent, {withheld} withheld", said)
