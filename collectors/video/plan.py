"""The draw of the moments (抽样计划): exactly design §4.1 *Plan*, pure, and checkable by anyone afterwards.

seed = HMAC-SHA256(secret, "mingcha-plan|YYYY-MM-DD"); commitment = SHA-256(seed), sealed the evening before;
moment = slot start + floor(u × (slot length − 60 s)), u = first 8 bytes, big-endian, of
HMAC-SHA256(seed, "hall|date|slot") ÷ 2^64. Whoever reads the secret can foresee the draw.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

LOCAL = ZoneInfo("Asia/Shanghai")
CLIP_SECONDS = 60


@dataclass(frozen=True, slots=True)
class SlotSpan:
    """A slot (时段): its number and local wall-clock bounds."""

    number: int
    starts: time
    ends: time


def secret_of(content: bytes) -> bytes:
    """The secret inside a file's bytes: all of them without a trailing newline."""
    return content.removesuffix(b"\n")


def seed_of(secret: bytes, day: date) -> bytes:
    """The day's seed, 32 bytes."""
    return hmac.digest(secret, f"mingcha-plan|{day.isoformat()}".encode("ascii"), "sha256")


def commitment_of(seed: bytes) -> str:
    """What is sealed before the day, lower-case hex: it binds the seed and tells nothing of it."""
    return hashlib.sha256(seed).hexdigest()


def moment_of(seed: bytes, hall: str, day: date, slot: SlotSpan) -> datetime:
    """The drawn moment, aware (Asia/Shanghai), on a whole second. ValueError for a slot shorter than a clip."""
    starts = datetime.combine(day, slot.starts, LOCAL)
    length = (datetime.combine(day, slot.ends, LOCAL) - starts) // timedelta(seconds=1)
    if length < CLIP_SECONDS:
        raise ValueError(f"slot {slot.number} lasts {length} s, less than a clip of {CLIP_SECONDS} s")
    drawn = hmac.digest(seed, f"{hall}|{day.isoformat()}|{slot.number}".encode(), "sha256")
    # whole numbers: a float of 53 bits could round up to the next second
    offset = int.from_bytes(drawn[:8], "big") * (length - CLIP_SECONDS) >> 64
    return starts + timedelta(seconds=offset)


def ends_at(day: date, slot: SlotSpan) -> datetime:
    """When the slot ends, aware: until then its moment is nobody's to know."""
    return datetime.combine(day, slot.ends, LOCAL)
