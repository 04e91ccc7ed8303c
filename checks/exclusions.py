"""Filed exclusions (剔除): what may be left out of the figures, for how long, and what a filing must say (issue 4.8).

A reason caps the days of a filing: an event that was declared ends, and with it what it excuses (domain §9, trap 28).
"""

from __future__ import annotations

from dataclasses import dataclass

from checks.clock import DAY
from checks.errors import RuleError
from checks.nearest import did_you_mean

RECORDS = ("tickets", "repairs", "applications", "evaluations")
"""Types of records that can be excluded; halls have closures and fault notices of their own."""
AREAS = ("urban", "rural", "remote")
LAPSES_AFTER = 30 * DAY
"""A filing that nobody approves for so long is void (microseconds)."""


@dataclass(frozen=True, slots=True)
class Cause:
    """Why records may be left out; `days` is the longest span, `named` asks for the record numbers."""

    code: str
    text: str
    days: int
    named: bool = False


CAUSES: dict[str, Cause] = {
    cause.code: cause
    for cause in (
        Cause("disaster", "A declared natural disaster (typhoon, flood, ice).", 15),
        Cause("upstream", "A failure of the grid above the office.", 7),
        Cause("drill", "A drill or a test.", 3),
        Cause("customer_cause", "A cause of the customer.", 92, named=True),
        Cause("other", "Another reason, told in the note.", 7),
    )
}


@dataclass(frozen=True, slots=True)
class Filing:
    """What is to be left out: records of these types, of these offices and all below, of an area class, accepted in
    `[starts_at, ends_at)` (microseconds UTC), and only those of `numbers` where numbers are named."""

    offices: tuple[str, ...]
    records: tuple[str, ...]
    starts_at: int
    ends_at: int
    reason: str
    document: str
    area: str | None = None
    numbers: tuple[str, ...] | None = None
    note: str | None = None
    id: int = 0
    """0 for a draft."""
    system: str | None = None
    """Whose numbers are named: two systems may use the same one. None: any system's."""


def require_sound(filing: Filing) -> None:
    """Refuse a filing that says too little or too much. RuleError names the value and the remedy."""
    cause = CAUSES.get(filing.reason)
    if cause is None:
        raise RuleError(f"There is no reason '{filing.reason}' for an exclusion. {did_you_mean(filing.reason, CAUSES)}")
    if not filing.offices:
        raise RuleError("An exclusion names at least one office.")
    unknown = [record for record in filing.records if record not in RECORDS]
    if unknown or not filing.records:
        raise RuleError(f"An exclusion names types of records out of {', '.join(RECORDS)}; it names {unknown}.")
    if filing.area is not None and filing.area not in AREAS:
        raise RuleError(f"There is no area class '{filing.area}'. {did_you_mean(filing.area, AREAS)}")
    if not filing.document.strip():
        raise RuleError("An exclusion names the document that declares it (number, date, title).")
    if filing.reason == "other" and not (filing.note or "").strip():
        raise RuleError("Reason 'other' needs a note that tells it.")
    if cause.named and not filing.numbers:
        raise RuleError(f"Reason '{cause.code}' excludes named records only: list their numbers.")
    if filing.numbers and len(set(filing.records)) > 1:
        raise RuleError("Named records are of one type: file one exclusion per type of record.")
    _require_span(filing, cause)


def _require_span(filing: Filing, cause: Cause) -> None:
    if filing.ends_at <= filing.starts_at:
        raise RuleError("The exclusion ends before it begins.")
    if filing.ends_at - filing.starts_at > cause.days * DAY:
        days = -(-(filing.ends_at - filing.starts_at) // DAY)
        raise RuleError(f"Reason '{cause.code}' covers at most {cause.days} days; these are {days}.")
