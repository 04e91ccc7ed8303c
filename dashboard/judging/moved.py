"""Offices that a new batch has changed, and with them every record that may be judged otherwise (单位变更后的评判)."""

from __future__ import annotations

import sqlalchemy as sa

from dashboard.database.models import HISTORY_TABLES, RECORD_TABLES
from dashboard.judging.reading import Reader

FEW, SHARE = 20, 5
"""More changed offices than these, and than a fifth of all: judging everything is quicker."""


def offices_moved(reader: Reader, judged_batch: int) -> list[str] | None:
    """Codes of the offices written or taken back since, and of everything that stood below them on some day.

    An area, or an exclusion of a whole tree, reaches no other records. None: so many that everything is judged anew.
    """
    offices, old = RECORD_TABLES["offices"].c, HISTORY_TABLES["offices"].c
    now = sa.select(offices.code).where(offices.batch_id > judged_batch)
    was = sa.select(old.code, old.parent_code).where(old.ended_by_batch > judged_batch)
    written, ended = reader.frame(now)["code"].to_list(), reader.frame(was)
    known = reader.tree.versions
    found = {*written, *ended["code"]} & known.keys() | set(ended["code"])
    if len(found) > max(FEW, len(known) // SHARE):
        return None
    pointers = [(office.code, above) for versions in known.values() for office in versions
                for above in (office.parent, *office.successors)]  # fmt: skip
    pointers += [(code, above) for code, above in ended.select("code", "parent_code").iter_rows()]
    while grown := {code for code, above in pointers if above in found} - found:
        found |= grown
    return sorted(found)
