"""How the evidence stands (存证状态): length of the chain, signed heads, the last verification, terms and holds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from dashboard.bootstrap import Application
from dashboard.database.models import CHAIN, CHAIN_HEADS, EVIDENCE, REMOVALS
from dashboard.evidence.case import Case, case_of
from dashboard.evidence.complete import Verified, last_verification
from dashboard.evidence.heads import Head, end_of, read_head
from dashboard.evidence.holds import Hold, visible_holds
from dashboard.evidence.retention import Item, due, summed
from dashboard.people import Viewer
from dashboard.rights import require
from dashboard.sampling.slots import stored_slots

HEADS_SHOWN = 10
LATE = timedelta(hours=26)


@dataclass(frozen=True, slots=True)
class EvidenceState:
    """What the Evidence page shows first."""

    count: int
    hash: str
    kinds: Mapping[str, int]
    """Kind of entry → how many, most first."""
    heads: tuple[Head, ...]
    """Newest first."""
    unsigned: int
    """Entries since the newest head."""
    late: bool
    """Entries have waited for a head for more than a day."""
    laid_down: bool
    """Whether a folder of the auditor's is configured."""
    verified: Verified | None
    files: int
    removed: int
    terms: Mapping[str, int]
    """Of files past the first term within one's offices: `goes`, and what keeps the others."""
    going: tuple[Item, ...]
    holds: tuple[Hold, ...]


def evidence_state(app: Application, viewer: Viewer, *, now: datetime) -> EvidenceState:
    """The chain is one for the whole company; files past their term and holds are those of the viewer's offices."""
    require(viewer, "read the evidence chain")
    with app.db.reading() as connection:
        count, last = end_of(connection)
        number = sa.func.count()
        kinds = connection.execute(sa.select(CHAIN.c.kind, number).group_by(CHAIN.c.kind).order_by(number.desc()))
        told = {kind: int(many) for kind, many in kinds}
        query = sa.select(CHAIN_HEADS.c.document).order_by(CHAIN_HEADS.c.id.desc()).limit(HEADS_SHOWN)
        heads = tuple(read_head(text, "chain_heads") for text in connection.execute(query).scalars())
        files = int(connection.execute(sa.select(number).select_from(EVIDENCE)).scalar_one())
        removed = int(connection.execute(sa.select(number).select_from(REMOVALS)).scalar_one())
    items = due(app, viewer)
    unsigned = count - (heads[0].count if heads else 0)
    return EvidenceState(
        count, last, told, heads, unsigned, bool(unsigned) and (not heads or now - heads[0].at > LATE),
        app.settings.evidence.heads_dir is not None, last_verification(app), files, removed, summed(items),
        tuple(item for item in items if not item.why), tuple(visible_holds(app.db, viewer)),
    )  # fmt: skip


def case_shown(app: Application, viewer: Viewer, sample: str) -> Case:
    """The case of a sample. NotAllowedError outside what the viewer may see."""
    return case_of(app.db, viewer, sample, slots=stored_slots(app.db, app.settings), as_of=app.now())


def told_of(case: Case) -> list[tuple[str, str, dict[str, object]]]:
    """(time, what, the rest) of each step of a case."""
    return [
        (step["at"], step["what"], {name: value for name, value in step.items() if name not in ("at", "what")})
        for step in case.timeline
    ]
