"""Source kind `spreadsheet`: files that appear in a folder (文件夹), read once each and again when they change.

`path` is a pattern relative to the folder of mingcha.toml, such as `inbox/95598/*`. Files whose content was read
before are left alone, whatever their name; hidden files and Office's lock files (`~$…`) are none.
"""

from __future__ import annotations

import glob
import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from collectors.base import Arrival, CollectorError, Remark
from collectors.mapping import SpreadsheetConfig
from collectors.surroundings import Surroundings


@dataclass(frozen=True)
class SpreadsheetSource:
    """A folder of files."""

    config: SpreadsheetConfig
    surroundings: Surroundings

    def fetch(
        self, *, seen: frozenset[str], state: Mapping[str, str], arrived_at: datetime
    ) -> Iterator[Arrival | Remark]:
        """Files not read before, oldest first. CollectorError when the folder of the pattern does not exist."""
        for path in self._files():
            stamp = f"{path.stat().st_size} {path.stat().st_mtime_ns}"
            key = f"file:{self._name(path)}"
            if state.get(key) == stamp:
                continue
            arrival = arrival_of(path, self._name(path), arrived_at, state={key: stamp})
            if arrival.sha256 not in seen:
                yield arrival

    def _files(self) -> list[Path]:
        if not self.config.path:
            raise CollectorError(f"source '{self.config.name}': 'path' is missing.", permanent=True)
        pattern = self.surroundings.path(self.config.path)
        folder = next(parent for parent in pattern.parents if not glob.has_magic(str(parent)))
        if not folder.is_dir():
            raise CollectorError(
                f"source '{self.config.name}': there is no folder {folder}. Create it or correct 'path'."
            )
        found = [Path(name) for name in glob.glob(str(pattern), recursive=True)]
        files = [path for path in found if path.is_file() and not path.name.startswith((".", "~$"))]
        return sorted(files, key=lambda path: (path.stat().st_mtime_ns, path.name))

    def _name(self, path: Path) -> str:
        home = self.surroundings.home
        return str(path.relative_to(home)) if path.is_relative_to(home) else str(path)


def arrival_of(path: Path, name: str, arrived_at: datetime, state: Mapping[str, str] | None = None) -> Arrival:
    """A file as an arrival, its digest computed. CollectorError when it cannot be opened."""
    digest = hashlib.sha256()
    try:
        with path.open("rb") as file:
            while block := file.read(1 << 20):
                digest.update(block)
            size = file.tell()
    except IsADirectoryError as error:
        raise CollectorError(f"{name} is a folder, no spreadsheet. Name a file in it.", permanent=True) from error
    except OSError as error:
        raise CollectorError(f"{name} cannot be opened: {error.strerror}. Check the path and its rights.") from error
    return Arrival(path, name, digest.hexdigest(), size, arrived_at, state or {})
