"""Load a holiday notice (载入节假日通知): stored for good with document and day; what it touches is judged again."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa

from checks.notices import Notice
from dashboard.actions import audit
from dashboard.database import Database
from dashboard.database.models import CALENDAR_NOTICES
from dashboard.errors import UsageError
from dashboard.instants import to_micros
from dashboard.judging.present import Outcome, bring_up_to_date
from dashboard.judging.rules import Rules
from dashboard.people import Viewer
from dashboard.rights import require


def load_notice(db: Database, rules: Rules, *, by: Viewer, notice: Notice, at: datetime) -> Outcome:
    """Add the notice to the calendar of `rules` and judge again what it touches; how many records that were.

    Raises NotAllowedError for who may not keep sources (the machine's own command line may), UsageError for a notice
    that was loaded before.
    """
    require(by, "load a notice of holidays")
    with db.session() as connection:
        row = CALENDAR_NOTICES.c
        known = sa.select(row.id).where(row.calendar == rules.calendar.name, row.digest == notice.digest)
        if connection.execute(known).first() is not None:
            raise UsageError(
                f"The notice of {notice.year} was loaded before, with the same days.", "Nothing was changed."
            )
        connection.execute(
            sa.insert(CALENDAR_NOTICES).values(
                calendar=rules.calendar.name, year=notice.year, document=notice.document,
                issued=notice.issued.isoformat(), days=notice.days_json, digest=notice.digest, by=by.name,
                at=to_micros(at),
            )
        )  # fmt: skip
        subject = f"{rules.calendar.name} {notice.year}"
        audit.record(connection, by, "load_notice", subject, f"{notice.document} {notice.digest}", at=at)
    return bring_up_to_date(db, rules, at)  # which reads the notices anew
