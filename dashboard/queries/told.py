"""Moments of looks that lists may tell (抽查时刻公开): none before its slot has ended (design §4.1 *Plan*)."""

from __future__ import annotations

from datetime import datetime

from checks.judge.samples import SlotDays
from dashboard.instants import LOCAL


def told(moment: datetime, slots: SlotDays, as_of: datetime) -> datetime:
    """The moment (aware); while the slot in which it lies has not ended, the beginning of that slot."""
    day = moment.astimezone(LOCAL).date()
    for slot in slots.on(day):
        starts, ends = datetime.combine(day, slot.starts, LOCAL), datetime.combine(day, slot.ends, LOCAL)
        if starts <= moment < ends and as_of < ends:
            return starts
    return moment
