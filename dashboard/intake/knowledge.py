"""What rows are compared with while they are made ready (已知): offices, slots, the score sheet."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from checks.measures import Measures, load_measures
from checks.rulebook.loader import load_rulebook
from collectors.mapping import SourceConfig
from collectors.records import RECORDS
from dashboard.database import Database
from dashboard.intake.names import codes_taken, office_names
from dashboard.intake.prepare import Known, SlotSpan


def known_now(
    db: Database,
    connection: Any,
    config: SourceConfig,
    *,
    version_at: int,
    slots: Sequence[SlotSpan],
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
        slots=slots,
        item_codes=item_codes() if config.record == "inspections" else None,
        measures=(measures or load_measures()) if config.record == "measures" else None,
        create_offices=creates,
        rulebook=config.rulebook,
        codes_taken=codes_taken(db, connection, rulebook=config.rulebook) if creates else frozenset(),
    )


def item_codes() -> frozenset[str]:
    """Codes of the score sheet: an inspection of anything else could not be counted."""
    return frozenset(load_rulebook().sheet.deductions)
