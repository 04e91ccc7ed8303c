"""The rules offices are judged by: rulebook, calendar and slots, made once from the settings.

The company's own offices follow its rulebook; those that a source of foreign records brought follow the one that the
source names, in the source's calendar and time zone (design §3).
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path

from checks.clock import LOCAL, Calendar, load_calendar
from checks.judge.samples import SlotDays
from checks.notices import Notice, with_notices
from checks.rulebook.loader import Rulebook, load_rulebook
from checks.warnings.catalogue import WarningRules, shipped
from dashboard.database import Database
from dashboard.errors import MingchaError
from dashboard.judging.notices import stored_notices
from dashboard.judging.watch import Watch, watch_of
from dashboard.nearest import nearest
from dashboard.sampling.slots import stored_slots
from dashboard.settings import Settings
from dashboard.warning.known import warning_rules

VERSION = "1"
"""Raise it when a judge changes its mind: everything stored is then judged anew."""
RULEBOOKS, CALENDARS = "rulebooks", "calendars"
"""Folders beside mingcha.toml in which a company keeps books and calendars of its own."""


@dataclass(frozen=True)
class Rules:
    """What verdicts depend on beside the records themselves."""

    rulebook: Rulebook
    calendar: Calendar
    slots: SlotDays
    foreign: str | None = None
    """Name of the rulebook as its offices carry it; None for the company's own. Foreign records are judged each time
    they are asked for: the stored verdicts and roll-ups are the company's."""
    watch: Watch = field(default_factory=Watch)
    """What is expected of the sources. No verdict depends on it."""
    warned: WarningRules = field(default_factory=lambda: WarningRules(shipped()), compare=False)
    """What is warned of. No verdict depends on it."""

    @property
    def rulebook_digest(self) -> str:
        """Pins every edition, the score sheet and the lines of the book, byte by byte."""
        return self.rulebook.digest

    @property
    def calendar_digest(self) -> str:
        """Pins the calendar's file and every notice loaded since, in their order."""
        return self.calendar.digest

    @property
    def digest(self) -> str:
        """Pins rulebook, slots and the version of the judges, and after a hyphen the calendar."""
        parts = (VERSION, self.rulebook.digest, _pinned(self.slots))
        return f"{hashlib.sha256(chr(0).join(parts).encode()).hexdigest()}-{self.calendar.digest}"

    def with_notices(self, notices: Sequence[Notice]) -> Rules:
        """The rules with those of the stored notices that they do not know yet."""
        known = len(self.calendar.history) - 1
        if len(notices) <= known:
            return self
        return replace(self, calendar=with_notices(self.calendar, notices[known:]))

    def adds_years_to(self, digest: str) -> bool:
        """Whether the rules of that digest were these, without some years at the end of the calendar."""
        mine, _, _ = self.digest.partition("-")
        theirs, _, calendar = digest.partition("-")
        return mine == theirs and self.calendar.digest != calendar and self.calendar.extends(calendar)


def rules_of(settings: Settings, db: Database | None = None) -> Rules:
    """The company's rules. RuleError names what a rulebook or calendar has wrong.

    With a database its loaded holiday notices are part of the calendar; without, the calendar is that of the files.
    """
    company = settings.company
    return _rules(
        settings.home, company.rulebook, company.calendar, LOCAL, stored_slots(db, settings), None, watch_of(settings),
        _loaded(db, company.calendar), warning_rules(settings.home),
    )  # fmt: skip


def _loaded(db: Database | None, calendar: str) -> tuple[Notice, ...]:
    return () if db is None else stored_notices(db, calendar)


def rules_named(settings: Settings, name: str | None, db: Database | None = None) -> Rules:
    """The rules of a rulebook: the company's (by its name or one of its editions, or None), or those of sources.

    MingchaError when no source names it, or two of them disagree about its calendar or time zone.
    """
    own = rules_of(settings, db)
    if name is None or name in {own.rulebook.name, *(edition.code for edition in own.rulebook.editions)}:
        return own
    sources = [raw for raw in settings.sources if raw.get("rulebook") == name]
    ways = {(raw.get("calendar", settings.company.calendar), raw.get("timezone", LOCAL)) for raw in sources}
    if not ways:
        known = sorted({own.rulebook.name, *(str(raw["rulebook"]) for raw in settings.sources if "rulebook" in raw)})
        guess = nearest(name, known)
        hint = f"Did you mean '{guess}'?" if guess else f"Known are {', '.join(known)}."
        raise MingchaError(f"No office belongs to rulebook '{name}': no source of mingcha.toml names it.", hint)
    if len(ways) > 1:
        told = " and ".join(f"{calendar} in {zone}" for calendar, zone in sorted(ways))
        raise MingchaError(f"The sources of rulebook '{name}' name {told}.", "Give them one calendar and one timezone.")
    (calendar, zone) = ways.pop()
    return _rules(
        settings.home, name, calendar, zone, stored_slots(db, settings), name, watch_of(settings),
        _loaded(db, calendar), warning_rules(settings.home),
    )  # fmt: skip


def _pinned(slots: SlotDays) -> str:
    """As text; a table that never changed reads as it did before tables had days."""
    return repr(slots) if slots.changes else repr(slots.first)


@cache
def _rules(
    home: Path, rulebook: str, calendar: str, zone: str, slots: SlotDays, foreign: str | None, watch: Watch,
    notices: tuple[Notice, ...], warned: WarningRules,
) -> Rules:  # fmt: skip
    book, days = load_rulebook(rulebook, home / RULEBOOKS), load_calendar(calendar, home / CALENDARS, zone=zone)
    return Rules(book, with_notices(days, notices), slots, foreign, watch, warned)
