"""The worker's steps about evidence (存证任务): sign the head, look whether all is whole, keep the terms."""

from __future__ import annotations

from dashboard.bootstrap import Application
from dashboard.errors import MingchaError
from dashboard.evidence import complete, verifying
from dashboard.evidence.erasing import due, erase_personal, may_erase, require_owner
from dashboard.evidence.heads import sign_head
from dashboard.evidence.retention import remove_due
from dashboard.worker.jobs import Context
from dashboard.worker.runs import Note


class NotAsEnteredError(MingchaError):
    """The nightly verification found something."""


def sign(context: Context) -> Note | None:
    """Sign the chain's head; each day's first goes into the auditor's folder. HeadError when it must not be signed."""
    head = sign_head(context.application)
    return None if head is None else Note("Head of {n} entries signed", {"n": head.count})


def verify_new(context: Context) -> Note | None:
    """Verify what was entered after the last entry that was found whole. NotAsEnteredError names the first fault."""
    app = context.application
    since = complete.verified_up_to(app)
    found = verifying.verify_evidence(app.db, app.settings, now=app.now(), since=since)
    complete.note(app, found, found.problems, found.checked)
    if found.problems:
        first = found.problems[0]
        more = f" and {len(found.problems) - 1} more" if len(found.problems) > 1 else ""
        raise NotAsEnteredError(f"{first['kind']}: {first['what']}{more}.", "Run: mingcha verify")
    return Note("{n} points of the evidence are whole", {"n": found.checked})


def keep_terms(context: Context) -> Note | None:
    """Remove files and erase personal fields past their terms (`[retention]`); holds stand above it."""
    from dashboard.blurring import tidy  # brings OpenCV, which the other steps need not load
    from dashboard.evidence import parcels

    app = context.application
    tidy(app.settings)  # copies go after a day also where nobody asks for another one
    parcels.tidy(app.settings)
    gone = remove_due(app, by=app.viewer)
    context.go_on()
    erased = erase_personal(app, by=app.viewer) if may_erase(app.db) else _left_to_the_owner(app)
    if not gone and not erased:
        return None
    return Note("{files} files removed, personal fields of {rows} rows erased",
                {"files": len(gone), "rows": sum(erased.values())})  # fmt: skip


def _left_to_the_owner(app: Application) -> dict[str, int]:
    """The everyday role takes nothing out of what is only added to; a failed run says that somebody has to."""
    if due(app):
        require_owner(app.db)
    return {}
