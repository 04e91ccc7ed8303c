"""Folders of files (文件夹): what a folder is, and those of this machine; `remote` has the others.

What is listed are ordinary files that match a pattern; what is read is a private copy whose digest was computed while
it was made. A file that changes underneath cannot be half old and half new, and cannot take the reader down with it.
"""

from __future__ import annotations

import glob
import hashlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Protocol

from collectors.base import CollectorError
from collectors.guard import regular_file

_BLOCK = 1 << 20


@dataclass(frozen=True, slots=True)
class Entry:
    """A file in a folder. `stamp` changes when the file does; `age_key` sorts the oldest first."""

    name: str
    """Path from the fixed part of the pattern on: what people call it."""
    path: str
    stamp: str
    age_key: str
    modified: float | None = None
    """Seconds since 1970 by this machine's clock; None where another clock said it."""
    refused: CollectorError | None = None
    """Why it may not be read: a folder called `x.xlsx`, a link out of the inbox."""


class Folder(Protocol):
    """A place that files come to."""

    def entries(self) -> list[Entry]:
        """The files that match, oldest first. Raises CollectorError when the place cannot be looked at."""
        ...

    def stamp_now(self, entry: Entry) -> str | None:
        """The file's stamp as it is now; None when it is gone."""
        ...

    def opened(self, entry: Entry) -> IO[bytes]:
        """The content of a file. Raises CollectorError."""
        ...

    def close(self) -> None: ...


def copied(source: IO[bytes], path: Path) -> tuple[str, int]:
    """Write what is read; SHA-256 (hex) and size in bytes of exactly that."""
    digest, size = hashlib.sha256(), 0
    with path.open("wb") as target:
        while block := source.read(_BLOCK):
            digest.update(block)
            size += len(block)
            target.write(block)
    return digest.hexdigest(), size


@dataclass(frozen=True)
class LocalFolder:
    """Files of this machine (or of a share that it has mounted)."""

    source: str
    pattern: Path
    home: Path

    @property
    def root(self) -> Path:
        """The part of the pattern without wildcards: nothing outside it is read."""
        return next(parent for parent in self.pattern.parents if not glob.has_magic(str(parent)))

    def entries(self) -> list[Entry]:
        if not self.root.is_dir():
            raise CollectorError(
                f"source '{self.source}': there is no folder {self.root}. Create it or correct 'path'."
            )
        found = (Path(name) for name in glob.glob(str(self.pattern), recursive=True))
        entries = [entry for path in found if is_wanted(path.name) and (entry := self._entry(path))]
        return sorted(entries, key=lambda entry: (entry.age_key, entry.name))

    def stamp_now(self, entry: Entry) -> str | None:
        try:
            return _stamp(Path(entry.path).lstat())
        except FileNotFoundError:
            return None

    def opened(self, entry: Entry) -> IO[bytes]:
        path = regular_file(Path(entry.path), root=self.root).resolve()
        try:
            # What was judged is what is opened: a link or a pipe put in its place meanwhile is neither followed nor
            # waited for.
            return os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC), "rb")
        except OSError as error:
            message = f"{entry.name} cannot be opened: {error.strerror}. Check its rights."
            raise CollectorError(message) from error

    def close(self) -> None:
        """Nothing is open."""

    def _entry(self, path: Path) -> Entry | None:
        """None for a folder that merely lies beside the files, and for a file that is gone already."""
        name = str(path.relative_to(self.home)) if path.is_relative_to(self.home) else str(path)
        refused = None
        try:
            found = path.lstat()
            regular_file(path, root=self.root)
        except FileNotFoundError:
            return None
        except CollectorError as error:
            refused = error
        if path.is_dir() and not path.suffix:
            return None
        return Entry(name, str(path), _stamp(found), f"{found.st_mtime_ns:020d}", found.st_mtime, refused)


def _stamp(found: os.stat_result) -> str:
    return f"{found.st_size} {found.st_mtime_ns}"


def is_wanted(name: str) -> bool:
    """Hidden files, Office's lock files and files under way are none."""
    return not name.startswith((".", "~$")) and not name.lower().endswith((".part", ".tmp", ".crdownload", ".filepart"))
