"""Source kind `spreadsheet`: files that appear in a folder (文件夹), read once each and again when they change.

`path` is a pattern relative to the folder of mingcha.toml, such as `inbox/95598/*`, or the address of a remote folder.
Files whose content was read before are left alone, whatever their name; hidden files and Office's lock files (`~$…`)
are none; a file that is still growing waits for the next round; one that vanishes is said, and its rows stay.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from urllib.parse import urlsplit

from collectors.base import Arrival, CollectorError, Remark
from collectors.folders import Entry, Folder, LocalFolder, copied
from collectors.guard import regular_file
from collectors.mapping import SpreadsheetConfig
from collectors.spool import workspace
from collectors.surroundings import Surroundings

KEY = "file:"
"""State keys: `file:<name>` → stamp under which the file was last dealt with (forgotten under another mapping)."""


@dataclass(frozen=True)
class SpreadsheetSource:
    """A folder of files. `sleep` can be replaced in tests."""

    config: SpreadsheetConfig
    surroundings: Surroundings
    sleep: Callable[[float], None] = time.sleep

    def fetch(
        self, *, seen: frozenset[str], state: Mapping[str, str], arrived_at: datetime
    ) -> Iterator[Arrival | Remark]:
        """Files not read before, oldest first. CollectorError when the folder cannot be looked at."""
        with self._folder() as folder:
            entries = folder.entries()
            yield from self._vanished(entries, state)
            wanted = [entry for entry in entries if state.get(KEY + entry.name) != entry.stamp]
            settled = self._settled(folder, wanted)
            for entry in wanted:
                if entry.refused is not None:
                    yield self._refused(entry, arrived_at)
                elif entry not in settled:
                    yield Remark(f"{entry.name} is still changing and is read later")
                else:
                    yield from self._read(folder, entry, seen, arrived_at)

    def _vanished(self, entries: list[Entry], state: Mapping[str, str]) -> Iterator[Remark]:
        here = {KEY + entry.name for entry in entries}
        for key in sorted(key for key in state if key.startswith(KEY) and state[key] and key not in here):
            yield Remark(f"{key.removeprefix(KEY)} has vanished; what it brought stays", {key: ""})

    def _settled(self, folder: Folder, wanted: list[Entry]) -> list[Entry]:
        """Those that look the same after a pause. Nobody can ask a writer whether it is done."""
        wait = max((self._still_young(entry) for entry in wanted), default=0.0)
        if wait > 0:
            self.sleep(wait)
        return [entry for entry in wanted if folder.stamp_now(entry) == entry.stamp]

    def _still_young(self, entry: Entry) -> float:
        """Seconds until the file has been the same for long enough."""
        settle = float(self.config.settle_seconds)
        age = time.time() - entry.modified if entry.modified is not None else 0.0
        return settle if age < 0 else max(0.0, settle - age)

    def _refused(self, entry: Entry, arrived_at: datetime) -> Arrival:
        remembered = {KEY + entry.name: entry.stamp}
        digest = hashlib.sha256(f"refused {entry.name} {entry.stamp}".encode()).hexdigest()
        return Arrival(
            Path(entry.path), entry.name, digest, 0, arrived_at, state_if_refused=remembered, refused=entry.refused
        )

    def _read(
        self, folder: Folder, entry: Entry, seen: frozenset[str], arrived_at: datetime
    ) -> Iterator[Arrival | Remark]:
        remembered = {KEY + entry.name: entry.stamp}
        with workspace(self.surroundings.spool, "file") as spool:
            path = spool / Path(entry.name).name
            try:
                with folder.opened(entry) as source:
                    digest, size = copied(source, path)
                unchanged = folder.stamp_now(entry) == entry.stamp
            except CollectorError as error:
                yield Remark(f"{error.message} It is tried again later.")
                return
            if not unchanged:
                yield Remark(f"{entry.name} is still changing and is read later")
            elif digest in seen:
                yield Remark(f"{entry.name} holds what was read before", remembered)
            else:
                yield Arrival(path, entry.name, digest, size, arrived_at, remembered, remembered)

    @contextmanager
    def _folder(self) -> Iterator[Folder]:
        folder = self._opened(self.config.path or "")
        try:
            yield folder
        finally:
            folder.close()

    def _opened(self, address: str) -> Folder:
        if "://" not in address:
            return LocalFolder(self.config.name, self.surroundings.path(address), self.surroundings.home)
        from collectors.remote import RemoteFolder  # its libraries take half a second to import: only where needed

        return RemoteFolder(self.config, urlsplit(address), self.surroundings)


def arrival_of(path: Path, name: str, arrived_at: datetime, state: Mapping[str, str] | None = None) -> Arrival:
    """A file as an arrival, its digest computed. CollectorError when it cannot be opened."""
    digest = hashlib.sha256()
    try:
        with regular_file(path).open("rb") as file:
            while block := file.read(1 << 20):
                digest.update(block)
            size = file.tell()
    except OSError as error:
        raise CollectorError(f"{name} cannot be opened: {error.strerror}. Check the path and its rights.") from error
    return Arrival(path, name, digest.hexdigest(), size, arrived_at, state or {})
