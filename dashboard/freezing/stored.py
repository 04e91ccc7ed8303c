"""Frozen periods as they are read (冻结快照): what was published answers for its period and never changes."""

from __future__ import annotations

import datetime as dt
import json
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import polars as pl
import sqlalchemy as sa

from checks.offices import Tree, tree_of
from checks.periods import Period, parse_period, usual_name
from checks.reasons import BY_CODE, STATES
from checks.rulebook.loader import Rulebook, load_rulebook
from dashboard.database import Database
from dashboard.database.models import FREEZE_EVENTS, FROZEN_PARTS
from dashboard.errors import DatabaseUnusableError, UsageError
from dashboard.freezing.canonical import Part, digest_of
from dashboard.instants import iso_local
from dashboard.judging.detail import scope_of
from dashboard.nearest import nearest
from dashboard.people import Viewer, system_viewer
from dashboard.queries.office_changes import change_document, changes_below, changes_in, visible_offices
from dashboard.queries.pairs import pairs_among
from dashboard.texts import t

PUBLISHED = "published"
VERIFY = "Run mingcha verify."
SHOWN = ("verdict", "deadline", "actual", "reason")


@dataclass(frozen=True)
class Snapshot:
    """A published freeze: who decided what, and the header that names its parts."""

    db: Database
    digest: str
    header: Mapping[str, Any]
    proposed_by: str
    proposed_at: int
    published_by: str
    published_at: int
    reason: str | None
    checklist: Mapping[str, Any]

    @property
    def period(self) -> Period:
        return parse_period(self.header["period"])

    @property
    def as_of(self) -> dt.datetime:
        return dt.datetime.fromisoformat(self.header["as_of"])

    def has(self, name: str) -> bool:
        return name in self.header["parts"]

    def part(self, name: str) -> Any:
        """A part as a document; the same object every time, so it is never changed by who reads it."""
        return _document(self.db, self.header["parts"][name][0])

    def codes_of(self, record: str) -> tuple[str, ...]:
        """The indicators that judged records of the type."""
        return tuple(self.part(f"records/{record}")["codes"]) if self.has(f"records/{record}") else ()

    @property
    def tree(self) -> Tree:
        """The offices as they were known when the period was frozen."""
        return _tree(self.db, self.header["parts"]["offices"][0])

    @property
    def shown(self) -> Tree:
        return self.tree


def snapshot_of(db: Database, period: str) -> Snapshot | None:
    """The published snapshot of a period, by its name. DatabaseUnusableError when it is not what was published."""
    row = FREEZE_EVENTS.c
    published = _events(db, row.period == usual_name(period), row.action == PUBLISHED)
    if not published:
        return None
    event = published[0]
    if digest_of(event.header.encode()) != event.digest:
        raise DatabaseUnusableError(f"The snapshot of {event.period} is not what was published.", VERIFY)
    before = (row.digest == event.digest, row.action == "proposed", row.id < event.id, row.by != event.by)
    proposals = _events(db, row.period == event.period, *before)
    if not proposals:
        raise DatabaseUnusableError(f"{event.period} was published without a proposal by another person.", VERIFY)
    proposed = proposals[-1]
    return Snapshot(
        db, event.digest, json.loads(event.header), proposed.by, proposed.at, event.by, event.at,
        event.reason or proposed.reason, json.loads(event.checklist),
    )  # fmt: skip


def _events(db: Database, *conditions: sa.ColumnElement[bool]) -> list[Any]:
    with db.reading() as connection:
        query = sa.select(FREEZE_EVENTS).where(*conditions).order_by(FREEZE_EVENTS.c.id)
        return list(connection.execute(query).all())


def read_part(db: Database, sha256: str) -> Part:
    """A stored part. DatabaseUnusableError when it is not there or not what its digest says."""
    row = FROZEN_PARTS.c
    with db.reading() as connection:
        found = connection.execute(sa.select(row.bytes, row.content).where(row.sha256 == sha256)).one_or_none()
    if found is None:
        raise DatabaseUnusableError(f"The frozen part {sha256[:12]} is missing.", VERIFY)
    part = Part(sha256, found.bytes, bytes(found.content))
    if not part.whole:
        raise DatabaseUnusableError(f"The frozen part {sha256[:12]} is not what was frozen.", VERIFY)
    return part


@lru_cache(maxsize=64)
def _document(db: Database, sha256: str) -> Any:
    return read_part(db, sha256).document()


@lru_cache(maxsize=8)
def _tree(db: Database, sha256: str) -> Tree:
    return tree_in(_document(db, sha256))


def tree_in(found: Mapping[str, Any]) -> Tree:
    """The tree of a part `offices`."""
    schema = dict.fromkeys(found["columns"], pl.String) | {"customers": pl.Int64}
    frame = pl.DataFrame(found["rows"], schema=schema, orient="row")
    return tree_of(frame.with_columns(pl.col("valid_from", "valid_to").str.to_date("%Y-%m-%d")))


# --- the answers of the live queries, from the snapshot ---------------------------------------------------------------


def league_of(
    found: Snapshot, viewer: Viewer, level: str, indicator: str | None, peer_group: str | None
) -> dict[str, Any]:
    """`mingcha league` of a frozen period: ranks over all offices, rows of the viewer's only."""
    _require_known(found, level, indicator, peer_group)
    document = found.part(league_name(level, indicator, peer_group))
    allowed = visible_offices(found.tree, viewer, found.period)
    rows = [row for row in document["rows"] if allowed is None or row["office"] in allowed]
    changes = changes_in(found.tree, viewer, found.period, None)
    told = {
        "rows": rows,
        "pairs": document["pairs"] if allowed is None else _pairs(document, rows),
        "changes": [change_document(change, found.tree) for change in changes],
        "snapshot": found.digest,
    }
    return {**{name: value for name, value in document.items() if name != "better"}, **told}


def _pairs(document: Mapping[str, Any], seen: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """The pairs among the rows seen, from those of all rows."""
    ranked = {row["office"]: row["score"] for row in seen if row["rank"] is not None and row["score"] is not None}
    offices = [row["office"] for row in document["rows"]]
    better = {offices[place]: [offices[other] for other in others] for place, others in enumerate(document["better"])}
    return pairs_among(ranked, {office: others for office, others in better.items() if office in ranked})


def _require_known(found: Snapshot, level: str, indicator: str | None, peer_group: str | None) -> None:
    """By what the snapshot holds: the rulebook may know other indicators today."""
    leagues = [name.split("/", 3) for name in found.header["parts"] if name.startswith("league/")]
    levels = list(dict.fromkeys(name[1] for name in leagues))
    codes = [name[2] for name in leagues if name[1] == level and len(name) == 3]
    groups = [name[3] for name in leagues if name[1:3] == [level, indicator or ""] and len(name) == 4]
    if level not in levels:
        raise UsageError(f"There is no level '{level}'.", f"Known are {', '.join(levels)}.")
    if indicator is not None and indicator not in codes:
        raise UsageError(f"No indicator '{indicator}' at level {level}.", f"Known are {', '.join(codes)}.")
    if peer_group is not None and peer_group not in groups:
        guess = nearest(peer_group, groups)
        hint = f"Did you mean '{guess}'?" if guess else f"Known are {', '.join(groups) or 'none'}."
        raise UsageError(f"No office of this level is in peer group '{peer_group}'.", hint)


def league_name(level: str, indicator: str | None, peer_group: str | None) -> str:
    """The part that holds a league; a peer group may be called anything."""
    if peer_group is not None:
        return f"league/{level}/{indicator or ''}/{peer_group}"
    return f"league/{level}" if indicator is None else f"league/{level}/{indicator}"


def explanation_of(found: Snapshot, office: str) -> dict[str, Any]:
    """`mingcha explain` of a frozen period; the office is one that the viewer may see."""
    if not found.has(f"explain/{office}"):
        raise UsageError(f"Office '{office}' has no row in the frozen period {found.period.name}.")
    document = found.part(f"explain/{office}")
    indicators = [
        {**line, "records": [{**one, "reason_text": t(BY_CODE[one["reason"]].text)} for one in line["records"]]}
        for line in document["indicators"]
    ]
    inside = scope_of(found.tree, found.period, {office}).offices
    changes = changes_below(found.tree, found.tree, found.period, None, office, inside)
    return {**document, "indicators": indicators, "changes": changes, "snapshot": found.digest}


def records_of(
    found: Snapshot,
    record: str,
    tops: Iterable[Iterable[str] | None],
    verdict: str | None,
    indicator: str | None,
    limit: int | None,
    offset: int,
) -> dict[str, Any]:
    """`mingcha records` of a frozen period, newest first."""
    if not found.has(f"records/{record}"):
        return {"rows": [], "total": 0, "snapshot": found.digest}
    part = found.part(f"records/{record}")
    scope = scope_of(found.tree, found.period, *tops)
    places = pl.DataFrame({"place": range(len(part["number"])), "office_code": part["office"], "day": part["day"]},
                          schema={"place": pl.Int64, "office_code": pl.String, "day": pl.Int64})  # fmt: skip
    inside = places.filter(scope.holds("office_code", "day"))["place"].to_list()
    states = {number: STATES.get(BY_CODE[code].state) for number, code in part["reasons"].items()}
    codes = part["codes"] if indicator is None else [indicator]
    wanted = [place for place in inside if _matches(part, place, codes, states, verdict, indicator)]
    page = wanted[offset : None if limit is None else offset + limit]
    rows = [_record(found, record, part, place, states) for place in page]
    return {"rows": rows, "total": len(wanted), "snapshot": found.digest}


def _matches(
    part: Mapping[str, Any],
    place: int,
    codes: Iterable[str],
    states: Mapping[str, str | None],
    verdict: str | None,
    indicator: str | None,
) -> bool:
    if verdict is None and indicator is None:
        return True
    told = [states[str(part["verdicts"][code][place])] for code in codes]
    return any(state == verdict if verdict else state is not None for state in told)


def _record(
    found: Snapshot, record: str, part: Mapping[str, Any], place: int, states: Mapping[str, str | None]
) -> dict[str, Any]:
    told: dict[str, dict[str, Any]] = {name: {} for name in SHOWN}
    for code in part["codes"]:
        reason = BY_CODE[part["reasons"][str(part["verdicts"][code][place])]]
        if reason.state not in STATES:
            continue
        clock = reason.state in "OLPU" and code in part["deadline"]
        told["verdict"][code], told["reason"][code] = STATES[reason.state], reason.code
        told["deadline"][code] = iso_local(part["deadline"][code][place]) if clock else None
        told["actual"][code] = iso_local(part["actual"][code][place]) if code in part["actual"] else None
    return {
        "record": record, "number": part["number"][place], "system": part["system"][place],
        "office": part["office"][place], "period": found.period.name, "at": iso_local(part["at"][place]), **told,
    }  # fmt: skip


def rulebook_of(found: Snapshot, current: Rulebook) -> Rulebook:
    """The rulebook that scored the period: the present one if it is the same, else the frozen text of its files."""
    if current.digest == found.header["rulebook"]["digest"]:
        return current
    name = found.header["rulebook"]["name"]
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / name).mkdir()
        for file, text in found.part("rulebook").items():
            (Path(folder) / name / Path(file).name).write_text(text, encoding="utf-8")
        return load_rulebook(name, Path(folder))


def frozen_league(db: Database, period: str, level: str = "station") -> dict[str, Any] | None:
    """The published league of a period, of all offices; None where the period is not frozen."""
    found = snapshot_of(db, period)
    return None if found is None else league_of(found, system_viewer(), level, None, None)
