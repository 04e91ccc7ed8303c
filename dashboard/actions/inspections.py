"""Filling in an inspection sheet (现场检查、互查、暗访): drafts, photographs, and one transaction to send.

What is sent becomes rows of the record `inspections`, written as an import would write them: judging cannot tell them
from imported ones. An undercover inspector's name goes into `inspection_sheets` and nowhere else.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, RowMapping

from checks.rulebook.model import Sheet
from collectors.base import CollectorError
from collectors.photographs import cleaned
from collectors.records import RECORDS
from collectors.video.evidence import write_whole
from dashboard.actions import audit
from dashboard.database import Database
from dashboard.database.models import (
    DRAFT_PHOTOGRAPHS,
    EVIDENCE,
    INSPECTION_DRAFTS,
    INSPECTION_SHEETS,
    RECORD_TABLES,
)
from dashboard.errors import MingchaError, NotAllowedError, UsageError
from dashboard.evidence import chain
from dashboard.instants import LOCAL, to_micros
from dashboard.intake import by_hand
from dashboard.intake.tables import Tables, alone
from dashboard.people import Viewer, require_decider
from dashboard.queries.inspections import KINDS, UNDERCOVER, Draft, Entry, draft, halls_to_inspect
from dashboard.reviewing.own import own_offices
from dashboard.rights import may, require

RESULTS = ("ok", "violation", "not_checkable")
REPEATED_RULE = "M03"
"""The doubling of a repeated item: a rule of the database, nothing that one sees in a hall."""
PREFIXES = {"on_site": "XC", "mutual": "HC", UNDERCOVER: "AF"}
"""First letters of a sheet's number: 现场, 互查, 暗访."""
MOST_COUNT, LONGEST_NOTE = 99, 500
CODE = re.compile(r"[A-Za-z0-9_-]{1,20}")
"""A code of the sheet, as far as it may be part of a path."""
MOST_PHOTOGRAPHS = 40
"""Of one draft."""


def start(db: Database, *, by: Viewer, kind: str, hall: str, inspected_at: datetime, at: datetime) -> int:
    """Begin a draft; returns its number.

    NotAllowedError for who does not inspect, or not this hall; UsageError for a moment that has not come.
    """
    require_inspector(db, by, kind, hall)
    _require_past(inspected_at, at)
    values = {
        "kind": kind, "hall_code": hall, "inspected_at": to_micros(inspected_at), "entries": "{}", "by": by.name,
        "created_at": to_micros(at), "updated_at": to_micros(at),
    }  # fmt: skip
    with db.session() as connection:
        insert = sa.insert(INSPECTION_DRAFTS).values(values).returning(INSPECTION_DRAFTS.c.id)
        return int(connection.execute(insert).scalar_one())


def require_inspector(db: Database, by: Viewer, kind: str, hall: str) -> None:
    """Refuse who may not fill in this kind of sheet, and everybody at their own office (回避)."""
    if kind not in KINDS:
        raise UsageError(f"Unknown kind of sheet '{kind}';", f"one of {', '.join(KINDS)}.")
    require(by, KINDS[kind])
    if hall not in halls_to_inspect(db, by):
        raise NotAllowedError(f"{by.name} may not inspect '{hall}': it is no hall, out of sight, or their own office.")


def save_entry(
    db: Database, *, by: Viewer, draft: int, item: str, entry: Entry | None, sheet: Sheet, at: datetime
) -> None:
    """Keep what was found of an item; None takes it back: nobody looked. UsageError for what cannot be counted."""
    if item not in {one.code for one in sheet.items} - {REPEATED_RULE}:
        raise UsageError(f"There is no item '{item}' to look at on the score sheet.")
    if entry is not None:
        _require_countable(item, entry)
    with _own(db, by, draft, at) as (connection, row):
        entries = json.loads(row["entries"])
        entries.pop(item, None)
        if entry is not None:
            entries[item] = asdict(replace(entry, note=entry.note.strip()))
        told = json.dumps(entries, ensure_ascii=False, sort_keys=True)
        mine = INSPECTION_DRAFTS.c.id == draft
        connection.execute(sa.update(INSPECTION_DRAFTS).values(entries=told).where(mine))


def _require_countable(item: str, entry: Entry) -> None:
    if entry.result not in RESULTS:
        raise UsageError(f"Item {item}: unknown result '{entry.result}';", f"one of {', '.join(RESULTS)}.")
    if not 1 <= entry.count <= MOST_COUNT:
        raise UsageError(f"Item {item}: it cannot have been found {entry.count} times.", f"1 to {MOST_COUNT}.")
    if len(entry.note) > LONGEST_NOTE:
        raise UsageError(f"Item {item}: the note has {len(entry.note)} characters.", f"At most {LONGEST_NOTE}.")


def add_photograph(db: Database, *, by: Viewer, draft: int, item: str, content: bytes, at: datetime) -> bool:
    """Keep a photograph with the draft, made harmless first; False if the item has this very one already.

    UsageError for what is no photograph or too large, and for an item that is no code: it names the file.
    """
    if not CODE.fullmatch(item):
        raise UsageError(f"There is no item '{item}' to look at on the score sheet.")
    try:
        found = cleaned(content)
    except CollectorError as error:
        raise UsageError(error.message) from error
    photograph, digest = DRAFT_PHOTOGRAPHS.c, hashlib.sha256(found.content).hexdigest()
    with _own(db, by, draft, at) as (connection, _):
        kept = connection.execute(
            sa.select(photograph.item_code, photograph.sha256).where(photograph.draft_id == draft)
        ).all()
        if (item, digest) in {tuple(row) for row in kept}:
            return False
        if len(kept) >= MOST_PHOTOGRAPHS:
            raise UsageError(f"A sheet takes at most {MOST_PHOTOGRAPHS} photographs.")
        values = {
            "draft_id": draft, "item_code": item, "sha256": digest, "content": found.content,
            "taken_at": to_micros(found.taken_at) if found.taken_at else None, "added_at": to_micros(at),
        }  # fmt: skip
        connection.execute(sa.insert(DRAFT_PHOTOGRAPHS).values(values))
    return True


def drop_photograph(db: Database, *, by: Viewer, draft: int, photograph: int, at: datetime) -> None:
    """Take a photograph out of the draft."""
    with _own(db, by, draft, at) as (connection, _):
        row = DRAFT_PHOTOGRAPHS.c
        connection.execute(sa.delete(DRAFT_PHOTOGRAPHS).where(row.id == photograph, row.draft_id == draft))


def discard(db: Database, *, by: Viewer, draft: int, at: datetime) -> None:
    """Delete a draft with its photographs: nothing of it was ever sent."""
    with _own(db, by, draft, at) as (connection, row):
        for statement in _gone(draft):
            connection.execute(statement)
        audit.record(connection, by, "discard_inspection_draft", str(draft), row["kind"], at=at)


def _gone(draft: int) -> tuple[sa.Delete, sa.Delete]:
    return (
        sa.delete(DRAFT_PHOTOGRAPHS).where(DRAFT_PHOTOGRAPHS.c.draft_id == draft),
        sa.delete(INSPECTION_DRAFTS).where(INSPECTION_DRAFTS.c.id == draft),
    )


@contextmanager
def _own(db: Database, by: Viewer, draft: int, at: datetime) -> Iterator[tuple[Connection, RowMapping]]:
    """A transaction about one's own draft, which counts as touched. NotAllowedError for any other."""
    row = INSPECTION_DRAFTS.c
    with db.session() as connection:
        query = sa.select(INSPECTION_DRAFTS).where(row.id == draft, row.by == by.name).with_for_update()
        found = connection.execute(query).mappings().first()
        if found is None:
            raise NotAllowedError(f"There is no draft {draft} of yours.", "It may have been sent or deleted.")
        connection.execute(sa.update(INSPECTION_DRAFTS).values(updated_at=to_micros(at)).where(row.id == draft))
        yield connection, found


def _require_past(inspected_at: datetime, at: datetime) -> None:
    if inspected_at > at:
        raise UsageError("The inspection lies in the future.", "Give the moment at which you looked.")


# --- sending ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Picture:
    item: str
    sha256: str
    content: bytes
    taken_at: int | None


def submit(db: Database, *, by: Viewer, draft: int, root: Path, sheet: Sheet, at: datetime) -> str:
    """Send a draft: its rows, its photographs and the end of the draft in one transaction; returns the sheet's number.

    `root` is the evidence folder. UsageError when nothing was looked at, or a violation has no note; NotAllowedError
    when the hall has become one's own; MingchaError when the photographs cannot be written.
    """
    found, pictures = _read(db, by, draft)
    require_inspector(db, by, found.kind, found.hall)
    _require_past(found.inspected_at, at)
    _require_complete(found)
    name = halls_to_inspect(db, by)[found.hall]
    written: list[Path] = []
    with alone(db) as tables:
        try:
            number = _store(tables, by, found, sheet, at)
            for picture in pictures:
                written.append(_keep(tables, root, number, picture, name, _shown(by, found.kind), at))
            audit.record(tables, by, "submit_inspection", number, found.kind, at=at)
        except BaseException:
            for path in written:
                path.unlink(missing_ok=True)
            raise
    return number


def _read(db: Database, by: Viewer, number: int) -> tuple[Draft, list[_Picture]]:
    found, row = draft(db, by, number), DRAFT_PHOTOGRAPHS.c
    query = sa.select(row.item_code, row.sha256, row.content, row.taken_at).where(row.draft_id == number)
    with db.reading() as connection:
        return found, [_Picture(*one) for one in connection.execute(query.order_by(row.id))]


def _require_complete(found: Draft) -> None:
    if not found.entries:
        raise UsageError("Nothing has been looked at yet.", "Give at least one item a result.")
    silent = sorted(code for code, entry in found.entries.items() if entry.result == "violation" and not entry.note)
    if silent:
        raise UsageError(f"These violations have no note: {', '.join(silent)}.", "Say what was seen.")


def _shown(by: Viewer, kind: str) -> Viewer:
    """The person as batches and evidence name them: an undercover inspector by the kind of sheet alone."""
    return replace(by, name=UNDERCOVER) if kind == UNDERCOVER else by


def _store(tables: Tables, by: Viewer, found: Draft, sheet: Sheet, at: datetime) -> str:
    """The rows of the sheet and who wrote it; the draft goes. UsageError if it has changed since it was read."""
    row = INSPECTION_DRAFTS.c
    touched = tables.scalar(sa.select(row.updated_at).where(row.id == found.id))
    if touched != to_micros(found.updated_at):
        raise UsageError("The draft has changed meanwhile, or was sent.", "Look at it again, then send it.")
    number = _number(tables, found.kind, found.inspected_at)
    shown = _shown(by, found.kind)
    rows = [_row(number, found, code, entry, shown) for code, entry in sorted(found.entries.items())]
    details = {"sheet": number, "kind": found.kind}
    batch = by_hand.enter(tables, "inspections", rows, by=shown, at=at, details=details)
    missed = [item.code for item in sheet.items if item.code not in found.entries and item.code != REPEATED_RULE]
    told = {
        "inspection_no": number, "kind": found.kind, "hall_code": found.hall,
        "inspected_at": to_micros(found.inspected_at), "not_looked": json.dumps(missed), "batch_id": batch,
        "by": by.name, "at": to_micros(at),
    }  # fmt: skip
    tables.run(sa.insert(INSPECTION_SHEETS).values(told))
    chain.append(tables, "inspection", number, {**told, "rows": rows}, by=shown, at=at)
    for statement in _gone(found.id):
        tables.run(statement)
    return number


def _row(number: str, found: Draft, item: str, entry: Entry, shown: Viewer) -> dict[str, Any]:
    return {
        "inspection_no": number, "kind": found.kind, "hall_code": found.hall, "at": to_micros(found.inspected_at),
        "inspector": None if found.kind == UNDERCOVER else shown.name, "item_code": item, "result": entry.result,
        "count": entry.count if entry.result == "violation" else None, "note": entry.note or None,
    }  # fmt: skip


def _number(tables: Tables, kind: str, inspected_at: datetime) -> str:
    """The next free number of the kind and day, such as AF-20261122-001: nobody else allots one meanwhile."""
    start = f"{PREFIXES[kind]}-{inspected_at.astimezone(LOCAL):%Y%m%d}-"
    taken: list[str] = []
    for column in (INSPECTION_SHEETS.c.inspection_no, RECORD_TABLES["inspections"].c.inspection_no):
        taken += tables.frame(sa.select(column).where(column.like(f"{start}%"))).to_series().to_list()
    last = max((int(text) for text in (one.removeprefix(start) for one in taken) if text.isdecimal()), default=0)
    return f"{start}{last + 1:03d}"


def _keep(
    tables: Tables, root: Path, number: str, picture: _Picture, hall_name: str, shown: Viewer, at: datetime
) -> Path:  # fmt: skip
    """Write the file below the evidence folder, its row, and its entry in the chain."""
    path = f"inspections/{number}/{picture.item}-{picture.sha256[:16]}.jpg"
    try:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        write_whole(root / path, picture.content)
    except OSError as error:
        raise MingchaError(f"The photographs cannot be written: {error.strerror}.", "The draft is kept.") from error
    values = {
        "inspection_no": number, "item_code": picture.item, "kind": "photograph", "path": path,
        "sha256": picture.sha256, "bytes": len(picture.content), "taken_at": picture.taken_at,
        "hall_name": hall_name, "created_at": to_micros(at),
    }  # fmt: skip
    chain.enter(tables, EVIDENCE, values, by=shown, at=at, kind="photograph")
    return root / path


# --- taking back ------------------------------------------------------------------------------------------------------


def withdraw(db: Database, *, by: Viewer, number: str, reason: str, at: datetime) -> int:
    """Take back the violations of a sheet that was sent wrongly; how many. Nothing is deleted.

    Each becomes *not checkable* with the reason as its note, the version before stays in the history, and it deducts
    no more. Only its author may, or an administrator: NotAllowedError. UsageError without a reason, or without a
    violation that still counts.
    """
    require_decider(by, "take back a sheet")
    if not reason.strip():
        raise UsageError("Say why the sheet is taken back.")
    sheet, row = INSPECTION_SHEETS.c, RECORD_TABLES["inspections"].c
    names = [column.name for column in RECORDS["inspections"].columns]
    own = own_offices(db, by)
    with alone(db) as tables:
        told = tables.frame(sa.select(sheet.by, sheet.kind).where(sheet.inspection_no == number)).rows()
        if not told or (told[0][0] != by.name and not may(by, "take back a sheet of somebody else")):
            raise NotAllowedError(f"There is no sheet '{number}' of yours.", "Its author or an administrator may.")
        counting = sa.select(*(row[name] for name in names))
        rows = tables.frame(counting.where(row.inspection_no == number, row.result == "violation")).to_dicts()
        if own.intersection(one["hall_code"] for one in rows):
            raise NotAllowedError(f"Sheet '{number}' is about your own office.", "Nobody decides about their own.")
        if not rows:
            raise UsageError(f"No violation of sheet '{number}' counts any more.")
        new = [{**one, "result": "not_checkable", "count": None, "note": reason.strip()} for one in rows]
        details = {"sheet": number, "kind": told[0][1], "taken_back": reason.strip()}
        by_hand.enter(tables, "inspections", new, by=_shown(by, told[0][1]), at=at, details=details)
        audit.record(tables, by, "withdraw_inspection", number, reason.strip(), at=at)
    return len(rows)
