"""The rules a company judges by: rulebook, calendar and slots, made once from the settings."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cache

from checks.clock import Calendar, load_calendar
from checks.judge.samples import SlotTime
from checks.rulebook.loader import Rulebook, load_rulebook
from dashboard.settings import Settings

VERSION = "1"
"""Raise it when a judge changes its mind: everything stored is then judged anew."""


@dataclass(frozen=True)
class Rules:
    """What verdicts depend on beside the records themselves."""

    rulebook: Rulebook
    calendar: Calendar
    slots: tuple[SlotTime, ...]

    @property
    def digest(self) -> str:
        """Pins rulebook, calendar, slots and the version of the judges."""
        parts = (VERSION, self.rulebook.digest, self.calendar.digest, repr(self.slots))
        return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def rules_of(settings: Settings) -> Rules:
    """The company's rules. RuleError names what a rulebook or calendar has wrong."""
    slots = tuple(SlotTime(slot.number, slot.starts, slot.ends) for slot in settings.video.slot_table)
    return _rules(settings.company.rulebook, settings.company.calendar, slots)


@cache
def _rules(rulebook: str, calendar: str, slots: tuple[SlotTime, ...]) -> Rules:
    return Rules(load_rulebook(rulebook), load_calendar(calendar), slots)
