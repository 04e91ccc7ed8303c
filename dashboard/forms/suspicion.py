"""A form that accuses opens a case for inspectors (三指定线索): typed in at once, imported when it has come in."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa

from dashboard.cases.opening import open_case
from dashboard.database import Database
from dashboard.database.models import META, RECORD_TABLES
from dashboard.instants import from_micros
from dashboard.people import Viewer, system_viewer
from dashboard.queries.forms import ACCUSING
from dashboard.secrecy import FORM
from dashboard.settings import Settings

ITEM, SEVERITY = "B10", "A"
"""三指定 of the score sheet: a red line until it is disproved (domain §4)."""
THROUGH = "forms_through"
"""Key of META: the last batch whose forms were looked through."""
AT_ONCE = 500


def open_suspicion(
    transaction: Any, *, number: str, office: str, observed_at: datetime, by: Viewer, at: datetime
) -> str:  # fmt: skip
    """The case of one accusing form, named by the form's number and by nothing of the customer."""
    return open_case(transaction, kind="designated", record="evaluations", reference=number, office=office, item=ITEM,
                     severity=SEVERITY, observed_at=observed_at, by=by, at=at)  # fmt: skip


def open_suspicions(db: Database, settings: Settings, as_of: datetime) -> int:
    """Open the cases of the accusing forms that came in since the last time; how many forms were looked at."""
    row, meta = RECORD_TABLES["evaluations"].c, META.c
    accuses = sa.or_(*(row[name].is_(True) for name in ACCUSING))
    newest = sa.select(sa.func.max(row.batch_id))
    with db.reading() as connection:
        last = int(connection.scalar(sa.select(meta.value).where(meta.key == THROUGH)) or 0)
        through = connection.scalar(newest) or 0
        if through <= last:
            return 0
        query = sa.select(row.evaluation_no, row.office_code, row["at"]).where(
            row.batch_id > last, row.batch_id <= through, row.kind == FORM, accuses
        )
        found = connection.execute(query.order_by(row.id)).all()
    for start in range(0, max(len(found), 1), AT_ONCE):
        with db.session() as connection:
            for number, office, at in found[start : start + AT_ONCE]:
                open_suspicion(connection, number=number, office=office, observed_at=from_micros(at),
                               by=system_viewer(), at=as_of)  # fmt: skip
            if start + AT_ONCE >= len(found):
                connection.execute(sa.delete(META).where(meta.key == THROUGH))
                connection.execute(sa.insert(META).values(key=THROUGH, value=str(through)))
    return len(found)
