"""One way to write a document as bytes (规范字节): the same content gives the same digest on every machine."""

from __future__ import annotations

import hashlib
import json
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

LEVEL = 6
"""Of zlib, fixed: the packed bytes are the same too."""


def canonical(document: Any) -> bytes:
    """JSON with sorted keys, no blanks, UTF-8; numbers that are no numbers are refused."""
    text = json.dumps(document, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return text.encode()


def digest_of(content: bytes) -> str:
    """SHA-256 in lower-case hex."""
    return hashlib.sha256(content).hexdigest()


@dataclass(frozen=True, slots=True)
class Part:
    """A named piece of a scoring, packed."""

    sha256: str
    size: int
    packed: bytes

    @property
    def whole(self) -> bool:
        """Whether the packed bytes are still those of the digest."""
        try:
            return digest_of(zlib.decompress(self.packed)) == self.sha256
        except zlib.error:
            return False

    def document(self) -> Any:
        return json.loads(zlib.decompress(self.packed))


def part_of(document: Any) -> Part:
    content = canonical(document)
    return Part(digest_of(content), len(content), zlib.compress(content, LEVEL))


@dataclass(frozen=True)
class Scoring:
    """A whole scoring of a period: what made it, and its parts by name. Its digest pins every byte."""

    made_by: Mapping[str, Any]
    parts: Mapping[str, Part]

    @property
    def header(self) -> dict[str, Any]:
        """What made it, and the digest and size of every part."""
        return {**self.made_by, "parts": {name: [part.sha256, part.size] for name, part in self.parts.items()}}

    @property
    def digest(self) -> str:
        return digest_of(canonical(self.header))

    def document(self, name: str) -> Any:
        return self.parts[name].document()
