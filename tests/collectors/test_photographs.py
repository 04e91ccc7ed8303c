"""Photographs from phones: no position, no flood, no other file in disguise."""

import io
import struct
import zlib
from datetime import UTC, datetime

import pytest
from PIL import Image

from collectors.base import CollectorError
from collectors.photographs import LONGEST_SIDE, MAX_BYTES, cleaned

BEHIND = b"<script>alert(1)</script>"


def photograph(size=(80, 40), *, taken="2026:09:01 10:20:30", offset=None, orientation=None, kind="JPEG"):
    """A picture as a phone makes it: with time, maker, and the place in degrees."""
    exif = Image.Exif()
    exif[0x010F] = "PhoneMaker"
    if orientation:
        exif[0x0112] = orientation
    inside = exif.get_ifd(0x8769)
    inside[0x9003] = taken
    if offset:
        inside[0x9011] = offset
    place = exif.get_ifd(0x8825)
    place[1], place[2], place[3], place[4] = "N", (36.0, 5.0, 12.0), "E", (103.0, 50.0, 2.0)
    picture = Image.new("RGB", size, (10, 120, 60))
    for x in range(size[0] // 2):
        for y in range(size[1]):
            picture.putpixel((x, y), (250, 250, 250))
    written = io.BytesIO()
    picture.save(written, kind, exif=exif)
    return written.getvalue()


def test_the_place_goes_and_the_moment_stays():
    raw = photograph() + BEHIND
    assert b"Exif" in raw
    found = cleaned(raw)
    assert found.taken_at.astimezone(UTC) == datetime(2026, 9, 1, 2, 20, 30, tzinfo=UTC)
    assert b"Exif" not in found.content
    assert b"PhoneMaker" not in found.content
    assert BEHIND not in found.content
    assert dict(Image.open(io.BytesIO(found.content)).getexif()) == {}
    assert found.content.startswith(b"\xff\xd8\xff")


def test_an_offset_in_the_picture_is_believed():
    assert cleaned(photograph(offset="+00:00")).taken_at == datetime(2026, 9, 1, 10, 20, 30, tzinfo=UTC)
    assert cleaned(photograph(offset="-02:30")).taken_at == datetime(2026, 9, 1, 12, 50, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    "taken", ["0000:00:00 00:00:00", "0001:01:01 00:00:00", "9999:12:31 23:59:59", "yesterday", ""]
)
def test_a_camera_without_a_clock_says_nothing(taken):
    assert cleaned(photograph(taken=taken)).taken_at is None


def test_a_picture_held_sideways_is_turned_upright_and_a_large_one_made_smaller():
    turned = cleaned(photograph(orientation=6))
    assert (turned.width, turned.height) == (40, 80)
    smaller = cleaned(photograph((3000, 20)))
    assert (smaller.width, smaller.height) == (LONGEST_SIDE, 17)


def test_png_is_taken_as_well():
    assert cleaned(photograph(kind="PNG")).content.startswith(b"\xff\xd8\xff")


@pytest.mark.parametrize("content", [b"", b"GIF89a", b"<svg/>", b"%PDF-1.7", b"\x00\x00\x00 ftypheic", b"plain text"])
def test_what_is_no_photograph_is_refused_by_its_first_bytes(content):
    with pytest.raises(CollectorError, match="no photograph"):
        cleaned(content)


@pytest.mark.parametrize("cut", [4, 60, 400])
def test_a_damaged_photograph_is_refused(cut):
    with pytest.raises(CollectorError, match="damaged"):
        cleaned(photograph()[:cut])


def test_a_flood_of_pixels_is_refused_before_it_is_unpacked():
    def chunk(kind, body):
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    flood = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(bytes(1000)))
    with pytest.raises(CollectorError, match="pixels"):
        cleaned(flood + chunk(b"IEND", b""))
    with pytest.raises(CollectorError, match="MB"):
        cleaned(b"\xff\xd8\xff" + bytes(MAX_BYTES))
