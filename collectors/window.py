"""Rows of the overlap that were read before (重叠窗口): told by their digests, so that only new and changed ones go on.

Without it every reading would bring the whole overlap again, all of it `unchanged`, and a reading that is repeated
after a crash would leave another trace than one that was not.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from datetime import datetime

from collectors.watermark import STATE, Overlap, Value, dumped, highest, loaded, not_beyond, start_of

WINDOW = "window"
"""State key: digests of the rows that the next reading will see again."""
MOST_ROWS = 200_000
"""More are not remembered: they are read again and counted `unchanged`."""
_BYTES = 8
_PRUNE_AT = 50_000


class Window:
    """What was remembered of the last reading, and what is to be remembered of this one.

    Raises CollectorError when the watermark column changes its type, or the overlap does not fit it.
    """

    def __init__(self, state: Mapping[str, str], overlap: str | None) -> None:
        stored = state.get(STATE)
        self.overlap = Overlap(overlap) if overlap else None
        self.start = start_of(stored, self.overlap)
        """Where this reading starts; None: from the beginning."""
        self.top: Value | None = loaded(stored) if stored else None
        self._known = _unpacked(state.get(WINDOW, ""))
        self._kept: list[tuple[Value | None, bytes]] = []
        self._too_many = False

    def is_new(self, content: str, mark: Value | None) -> bool:
        """Whether a row of this content was not there at the last reading; notes it for the next one."""
        digest = hashlib.sha256(content.encode()).digest()[:_BYTES]
        self.top = highest(self.top, mark)
        self._kept.append((mark, digest))
        if len(self._kept) >= _PRUNE_AT and not self._too_many:
            self._prune()
        return digest not in self._known

    def remembered(self, moment: datetime, timezone: str) -> dict[str, str]:
        """State after this reading. `moment` (aware): no watermark goes beyond it."""
        if self.top is None:
            return {}
        self._prune()
        packed = b"" if self._too_many else b"".join(sorted({digest for _, digest in self._kept}))
        return {STATE: dumped(not_beyond(self.top, moment, timezone)), WINDOW: base64.b64encode(packed).decode()}

    def _prune(self) -> None:
        """Forget what lies before the start of the next reading. Rows without a mark come every time."""
        start = None if self.top is None else start_of(dumped(self.top), self.overlap)
        if start is not None:
            self._kept = [kept for kept in self._kept if kept[0] is None or not kept[0] < start]  # type: ignore[operator]
        if len(self._kept) > MOST_ROWS:
            self._kept, self._too_many = [], True


def _unpacked(text: str) -> frozenset[bytes]:
    packed = base64.b64decode(text)
    return frozenset(packed[at : at + _BYTES] for at in range(0, len(packed), _BYTES))
