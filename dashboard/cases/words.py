"""How people call what the table of violations names (违规用语): states, ways of becoming known, fields; msgids."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from dashboard.texts import t

if TYPE_CHECKING:
    from dashboard.queries.violations import Violation

STATES = {
    "candidate": "candidate", "reminded": "reminded", "needs_material": "material is waited for",
    "confirmed": "confirmed, not sent down yet", "rectifying": "being rectified",
    "submitted": "rectified, waits for its re-check", "rechecked": "re-checked, can be closed",
    "rejected": "found to be no violation", "closed": "closed, all done", "voided": "voided",
    "annulled": "annulled after an appeal", "lapsed": "its source does not stand any more",
}  # fmt: skip
"""Where a case stands; msgids."""
SIDES = {
    "appealed": "appeal open", "appeal_decided": "appeal decided", "supervised": "supervised",
    "suspended": "suspended", "void_proposed": "voiding proposed", "suspension_proposed": "suspension proposed",
    "accountability_proposed": "accountability proposed", "accountability_decided": "accountability decided",
}  # fmt: skip
KINDS = {
    "review": "Review of a sample", "inspection": "Inspection sheet", "designated": "Designated-supplier form",
    "record": "Records over their limit", "complaint": "Substantiated complaint", "report": "Report (举报)",
    "hand": "Seen by a person", "supervision": "Supervision",
}  # fmt: skip
STEPS = {
    "remind": "remind", "verify": "verify", "material": "add material", "send_down": "send down", "plan": "plan",
    "rectify": "rectify", "recheck": "re-check", "close": "close", "decide_appeal": "decide the appeal",
}  # fmt: skip
GRAVE = {"A": "A red line", "B": "B serious", "C": "C ordinary", "D": "D reminder"}
CAUSES = {
    "duty": "duty not done", "skill": "lack of skill", "management": "management", "equipment": "equipment",
    "process": "process", "material": "papers", "outside": "outside the office", "other": "other",
}  # fmt: skip
LADDER = {
    "criticism": "criticism by circular", "deduction": "deduction of pay", "organisational": "organisational measure",
    "disciplinary": "disciplinary punishment",
}  # fmt: skip
FIELDS = {
    "note": "In words", "item": "Item of the score sheet", "proof": "Proof", "cause": "Cause",
    "unit": "Responsible unit", "post": "Responsible post and person", "measure": "Measure taken",
    "training": "Training", "step": "Step proposed", "leader": "Joint responsibility of the leader",
    "paper": "Number of the paper", "look": "Where the re-check looked", "severity": "Severity",
    "former": "Opened anew after",
}  # fmt: skip
"""What a deed brings along; msgids."""
LOOK_FIELDS = {"sample": "Sample", "inspection": "Inspection", "day": "Day", "slot": "Slot"}


def what(one: Violation, titles: Mapping[str, str]) -> str:
    """The sheet item with its title; where there is none, how the case became known."""
    return f"{one.item} {titles.get(one.item, '')}".strip() if one.item else t(KINDS[one.kind])


def said_of(name: str, value: Any) -> str:
    """What a deed brought along, in words."""
    if name == "look":
        return " · ".join(f"{t(words)} {value[key]}" for key, words in LOOK_FIELDS.items() if value.get(key))
    table = {"cause": CAUSES, "step": LADDER, "severity": GRAVE}.get(name)
    return t(table[value]) if table and value in table else str(value)
