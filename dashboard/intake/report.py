"""What became of one sheet of one file (批次结果): the counts of design §4.1, which must add up."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any


@dataclass
class BatchReport:
    """read = new + updated + unchanged + older + quarantined, always; `skipped` lines are no data."""

    source: str
    record: str
    file: str
    sheet: str | None = None
    batch_id: int | None = None
    read: int = 0
    new: int = 0
    updated: int = 0
    unchanged: int = 0
    older: int = 0
    quarantined: int = 0
    skipped: int = 0
    seconds: float = 0.0
    reasons: Counter[str] = field(default_factory=Counter)
    """Quarantined rows by reason code."""
    messages: list[str] = field(default_factory=list)
    controls: list[dict[str, Any]] = field(default_factory=list)
    """Totals that the sheet states, beside what was read (`intake.control`)."""
    flags: list[dict[str, Any]] = field(default_factory=list)
    """What looks wrong with the sheet: `kind, stated, found, detail` (`intake.flags`)."""
    repeated: int = 0
    """Rows, all of them `unchanged`, that say again what the file itself has said before."""
    same_as: int | None = None
    """The batch that stored all this already: the file was not read again (`intake.repeating`)."""

    def settle(self) -> None:
        """Assert the law of conservation: nothing read may be missing from the sums."""
        told = self.new + self.updated + self.unchanged + self.older + self.quarantined
        if self.read != told:
            raise AssertionError(f"{self.file}: {self.read} rows read, but {told} accounted for ({self.counts()})")

    def counts(self) -> dict[str, int]:
        names = ("read", "new", "updated", "unchanged", "older", "quarantined", "skipped")
        return {name: getattr(self, name) for name in names}

    def as_json(self) -> dict[str, Any]:
        """The shape of design §4.1 `import`."""
        return {
            "source": self.source,
            "record": self.record,
            "file": self.file,
            "sheet": self.sheet,
            "batch": self.batch_id,
            **self.counts(),
            "seconds": round(self.seconds, 3),
            "reasons": dict(self.reasons),
            "controls": self.controls,
            "flags": self.flags,
            "same_as": self.same_as,
        }
