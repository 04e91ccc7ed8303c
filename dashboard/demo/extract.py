"""One file of the demo company (一份导出)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from dashboard.demo.sheets import write


@dataclass(frozen=True, slots=True)
class Extract:
    """One file: for which record, of which source, under which path below the inbox, and how to make its bytes."""

    record: str
    source: str
    path: str
    make: Callable[[], bytes]

    def write(self, folder: Path) -> Path:
        """Store the file, whole or not at all."""
        return write(folder / self.path, self.make())
