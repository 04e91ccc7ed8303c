"""What rows are compared with while they are made ready (已知): offices, slots, the score sheet."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import polars as pl

import collectors
from checks.judge.samples import SlotDays, SlotTime
from checks.measures import Measures, load_measures
from checks.rulebook.loader import load_rulebook
from collectors.mapping import SourceConfig
from collectors.records import RECORDS
from dashboard.database import Database
from dashboard.intake.names import codes_taken, office_names
from dashboard.intake.prepare import Known
from dashboard.sampling.slots import slots_of, stored
from dashboard.settings import Slot


def known_now(
    db: Database,
    connection: Any,
    config: SourceConfig,
    *,
    version_at: int,
    slots: Sequence[Slot],
    measures: Measures | None = None,
) -> Known:
    """What is known inside this transaction; `version_at` (micros) is the version of rows without one of their own.

    `measures`: those known, else the shipped ones.
    """
    creates = config.office_create
    return Known(
        record=RECORDS[config.record],
        system=config.system_name,
        offices=office_names(db, connection, rulebook=config.rulebook),
        version_at=version_at,
        slots=_slots(db, connection, slots) if config.record == "samples" else SlotDays(()),
        item_codes=item_codes() if config.record == "inspections" else None,
        measures=(measures or load_measures()) if config.record == "measures" else None,
        create_offices=creates,
        rulebook=config.rulebook,
        codes_taken=codes_taken(db, connection, rulebook=config.rulebook) if creates else frozenset(),
    )


def _slots(db: Database, connection: Any, configured: Sequence[Slot]) -> SlotDays:
    """The slots of every day; `configured` are those of the configuration."""
    said = tuple(SlotTime(slot.number, slot.starts, slot.ends) for slot in configured)
    return slots_of(db.frame(stored(), connection).iter_rows(), said)


def item_codes() -> frozenset[str]:
    """Codes of the score sheet: an inspection of anything else could not be counted."""
    return frozenset(load_rulebook().sheet.deductions)


def digest_of(known: Known) -> str:
    """Changes whenever the same file under the same mapping would be read differently: other names of offices, slots,
    items or measures, or another version of the program."""
    items = sorted(known.item_codes or ())
    measures = sorted(known.measures.names.items()) if known.measures else []
    digest = hashlib.sha256(repr((_program(), known.system, known.rulebook, known.slots, items, measures)).encode())
    digest.update(known.offices.table.sort(pl.all()).write_csv().encode())
    return digest.hexdigest()


@cache
def _program() -> str:
    """The code that reads and makes ready, as it lies on disk; and the Polars that runs it."""
    digest = hashlib.sha256(pl.__version__.encode())
    for folder in (Path(collectors.__file__).parent, Path(__file__).parent):
        for file in sorted(folder.rglob("*.py")):
            digest.update(file.read_bytes())
    return digest.hexdigest()
