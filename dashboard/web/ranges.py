"""Parts of a file over HTTP (分段传输): one range, read from the disk piece by piece (RFC 9110, section 14).

The file is opened when the answer begins and closed when it ends, also when the browser hangs up; no more than one
piece of it is in memory.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from starlette.concurrency import run_in_threadpool
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

PIECE = 256 * 1024
_RANGE = re.compile(r"bytes\s*=\s*(\d*)\s*-\s*(\d*)\s*", re.IGNORECASE)
_MOST_DIGITS = 1000
"""Of a number in a header: Python refuses to read one of more than 4300."""


@dataclass(frozen=True, slots=True)
class Span:
    """Bytes `first` to `last`, both included."""

    first: int
    last: int

    @property
    def length(self) -> int:
        return self.last - self.first + 1


class UnsatisfiableError(ValueError):
    """The range lies behind the end of the file: 416."""


def span_of(header: str | None, size: int) -> Span | None:
    """The one range that a Range header asks for; None for the whole file.

    What is no range of bytes, or several at once, is ignored, as a server may. UnsatisfiableError if it begins behind
    the end, or asks for the last 0 bytes.
    """
    found = _RANGE.fullmatch(header.strip()) if header else None
    if found is None or not (found[1] or found[2]) or len(found[0]) > _MOST_DIGITS:
        return None
    if not found[1]:
        wanted = int(found[2])
        if wanted == 0 or size == 0:
            raise UnsatisfiableError
        return Span(max(0, size - wanted), size - 1)
    first, last = int(found[1]), int(found[2] or size - 1)
    if first >= size:
        raise UnsatisfiableError
    return Span(first, min(last, size - 1)) if last >= first else None


class FilePart(Response):
    """A file, or the range of it that was asked for: 200, 206 or 416. `etag` is strong and quoted.

    The file is the one at `path` when the answer was made, by device and inode: what was put in its place is not sent.
    """

    def __init__(
        self, path: Path, asked: Mapping[str, str], *, etag: str, media_type: str, headers: Mapping[str, str]
    ) -> None:
        stat = path.stat()
        self.path, self.identity = path, (stat.st_dev, stat.st_ino)
        size = stat.st_size
        wanted = asked.get("range")
        if "if-range" in asked and asked["if-range"].strip() != etag:
            wanted = None  # it has another version: it gets this one whole
        status, length = 200, size
        more = {"ETag": etag, "Accept-Ranges": "bytes"}
        try:
            span = span_of(wanted, size)
        except UnsatisfiableError:
            self.span: Span | None = None
            status, length = 416, 0
            more["Content-Range"] = f"bytes */{size}"
        else:
            self.span = span or (Span(0, size - 1) if size else None)
            if span is not None:
                status, length = 206, span.length
                more["Content-Range"] = f"bytes {span.first}-{span.last}/{size}"
        super().__init__(None, status, {**headers, **more, "Content-Length": str(length)}, media_type)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] == "HEAD" or self.span is None:
            await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
            await send({"type": "http.response.body", "body": b"", "more_body": False})
            return
        handle = await run_in_threadpool(os.open, self.path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        try:
            await self._sent(handle, self.span, send)
        finally:
            os.close(handle)

    async def _sent(self, handle: int, span: Span, send: Send) -> None:
        stat = os.fstat(handle)
        if (stat.st_dev, stat.st_ino) != self.identity:
            raise OSError(f"{self.path} was replaced while it was being sent")
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        at = span.first
        while at <= span.last:
            piece = await run_in_threadpool(os.pread, handle, min(PIECE, span.last - at + 1), at)
            if not piece:
                raise OSError(f"{self.path} became shorter while it was being sent")
            at += len(piece)
            await send({"type": "http.response.body", "body": piece, "more_body": at <= span.last})
