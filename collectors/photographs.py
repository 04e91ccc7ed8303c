"""A photograph from a phone (照片): only a picture, without the place where it was taken, never larger than promised.

Whatever else the file holds (position, serial numbers, thumbnails, text behind the picture) goes: the pixels are
written anew as JPEG. When it was taken is read before and kept beside.
"""

from __future__ import annotations

import io
import re
import warnings
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from zoneinfo import ZoneInfo

from PIL import Image, ImageOps, UnidentifiedImageError

from collectors.base import CollectorError

LOCAL = ZoneInfo("Asia/Shanghai")
FORMATS = {b"\xff\xd8\xff": "JPEG", b"\x89PNG\r\n\x1a\n": "PNG"}
"""First bytes of what is taken; the name of a file says nothing."""
MAX_BYTES = 15_000_000
MAX_PIXELS = 60_000_000
"""Beyond this a small file unpacks to a flood; the size is read from the header, before a pixel is decoded."""
LONGEST_SIDE = 2_560
QUALITY = 88
_EXIF, _TAKEN, _OFFSET = 0x8769, 0x9003, 0x9011


@dataclass(frozen=True, slots=True)
class Photograph:
    """A JPEG without anything but its picture. `taken_at` (aware UTC) is what the camera said, None if nothing."""

    content: bytes
    width: int
    height: int
    taken_at: datetime | None


def cleaned(content: bytes) -> Photograph:
    """The picture in `content` made harmless; CollectorError (permanent) when it is too large or no JPEG or PNG."""
    if len(content) > MAX_BYTES:
        raise _refused(f"The photograph has {len(content) / 1e6:.1f} MB; at most {MAX_BYTES / 1e6:.0f} are taken.")
    kind = next((name for start, name in FORMATS.items() if content.startswith(start)), None)
    if kind is None:
        raise _refused("This is no photograph: JPEG and PNG are taken, whatever the file is called.")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # our own, lower limit stands below
            picture = Image.open(io.BytesIO(content), formats=[kind])
        if picture.width * picture.height > MAX_PIXELS:
            size = f"{picture.width} × {picture.height}"
            raise _refused(f"The photograph has {size} pixels; at most {MAX_PIXELS / 1e6:.0f} million are taken.")
        taken = _taken_at(picture)
        upright = ImageOps.exif_transpose(picture).convert("RGB")
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise _refused(f"The photograph is damaged: {error}") from error
    upright.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
    written = io.BytesIO()
    bare = Image.new("RGB", upright.size)  # nothing of what the file said beside its picture comes along
    bare.paste(upright)
    bare.save(written, "JPEG", quality=QUALITY)
    return Photograph(written.getvalue(), bare.width, bare.height, taken)


def thumbnail(content: bytes, side: int = 220) -> bytes:
    """A small JPEG of a photograph that was made harmless before."""
    picture = Image.open(io.BytesIO(content), formats=["JPEG"])
    picture.thumbnail((side, side))
    written = io.BytesIO()
    picture.save(written, "JPEG", quality=80)
    return written.getvalue()


def _refused(message: str) -> CollectorError:
    return CollectorError(message, permanent=True)


def _taken_at(picture: Image.Image) -> datetime | None:
    """The moment that the camera wrote, in Asia/Shanghai unless it names another offset; None if it is unreadable."""
    told = picture.getexif().get_ifd(_EXIF)
    try:
        moment = datetime.strptime(str(told.get(_TAKEN, "")).strip("\0 "), "%Y:%m:%d %H:%M:%S")  # noqa: DTZ007
    except ValueError:
        return None
    if not 1990 <= moment.year <= 2100:  # a clock that was never set; near the ends of time it has no UTC
        return None
    offset = re.fullmatch(r"([+-])(\d{2}):(\d{2})", str(told.get(_OFFSET, "")).strip("\0 "))
    if offset is None:
        return moment.replace(tzinfo=LOCAL)
    minutes = int(offset[2]) * 60 + int(offset[3])
    away = timedelta(minutes=minutes if offset[1] == "+" else -minutes)
    return moment.replace(tzinfo=timezone(away)) if abs(away) < timedelta(hours=24) else None
