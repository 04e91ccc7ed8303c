"""The draw: vectors computed by hand with OpenSSL and bc, not by the code under test; uniform; checkable outside."""

import hmac
import runpy
import subprocess
import sys
from datetime import date, datetime, time, timedelta
from pathlib import Path

import pytest

from collectors.video.plan import LOCAL, SlotSpan, commitment_of, ends_at, moment_of, secret_of, seed_of

SECRET = b"correct horse battery staple"
DAY = date(2026, 9, 1)
NOON = SlotSpan(3, time(12, 0), time(13, 30))
SCRIPT = Path(__file__).parents[2] / "docs" / "verify_draw.py"

# printf 'mingcha-plan|2026-09-01' | openssl dgst -sha256 -hmac 'correct horse battery staple'
SEED = "76e0800ccd1ce0c2907519fc8f2a1dd131e27e598a3b26ddca010cc015973de4"
# the same, | xxd -r -p | openssl dgst -sha256
COMMITMENT = "7cc2c9e28e5d883a0d5472c8574a5461847a55e67e4380881e36e91b55ec442b"
# printf 'H001|2026-09-01|3' | openssl dgst -sha256 -mac HMAC -macopt hexkey:$SEED, first 16 digits as a whole number;
# times 5340 seconds, divided by 2^64 with bc, whole seconds
FIRST_EIGHT_BYTES = 0xCAEDD53F99E65880
OFFSET = 4232


def test_the_seed_is_the_hmac_of_the_day():
    assert seed_of(SECRET, DAY).hex() == SEED


def test_the_commitment_is_the_hash_of_the_raw_seed():
    assert commitment_of(bytes.fromhex(SEED)) == COMMITMENT


def test_the_moment_is_slot_start_plus_the_drawn_share():
    assert OFFSET == FIRST_EIGHT_BYTES * 5340 // 2**64
    assert moment_of(bytes.fromhex(SEED), "H001", DAY, NOON) == datetime(2026, 9, 1, 12, 0, tzinfo=LOCAL) + timedelta(
        seconds=OFFSET
    )


def test_the_secret_loses_one_trailing_newline_and_nothing_else():
    assert secret_of(b"abc\n") == b"abc"
    assert secret_of(b"abc") == b"abc"
    assert secret_of(b" a\nb \n\n") == b" a\nb \n"


def test_a_chinese_hall_code_counts_in_utf_8():
    drawn = hmac.digest(bytes.fromhex(SEED), b"\xe5\x8e\x85|2026-09-01|3", "sha256")
    offset = int.from_bytes(drawn[:8], "big") * 5340 // 2**64
    noon = datetime(2026, 9, 1, 12, 0, tzinfo=LOCAL)
    assert moment_of(bytes.fromhex(SEED), "厅", DAY, NOON) == noon + timedelta(seconds=offset)


def test_moments_are_whole_seconds_uniform_and_leave_room_for_the_clip():
    """10,000 days: each of ten equal parts of the slot gets its tenth (5 sigma = 150), the ends are reached."""
    offsets = []
    for number in range(10_000):
        day = date(2020, 1, 1) + timedelta(days=number)
        moment = moment_of(seed_of(SECRET, day), "H001", day, NOON)
        offsets.append((moment - datetime.combine(day, time(12), LOCAL)).total_seconds())
    assert all(offset == int(offset) and 0 <= offset < 5340 for offset in offsets)
    parts = [sum(534 * part <= offset < 534 * (part + 1) for offset in offsets) for part in range(10)]
    assert all(850 <= count <= 1150 for count in parts), parts
    assert min(offsets) < 10
    assert max(offsets) > 5330


def test_a_slot_as_long_as_a_clip_has_one_moment_and_a_shorter_one_none():
    tight = SlotSpan(1, time(8, 30), time(8, 31))
    assert moment_of(seed_of(SECRET, DAY), "H001", DAY, tight) == datetime(2026, 9, 1, 8, 30, tzinfo=LOCAL)
    with pytest.raises(ValueError, match="slot 1 lasts 30 s"):
        moment_of(seed_of(SECRET, DAY), "H001", DAY, SlotSpan(1, time(8, 30), time(8, 30, 30)))


def test_a_slot_ends_at_its_local_time():
    assert ends_at(DAY, NOON).isoformat() == "2026-09-01T13:30:00+08:00"


def test_the_script_outside_the_project_recomputes_a_day():
    """It imports nothing of ours, and is short enough to read."""
    assert len(SCRIPT.read_text(encoding="utf-8").splitlines()) <= 30
    outside = runpy.run_path(str(SCRIPT))
    for hall in ("H001", "营业厅一"):
        ours = moment_of(bytes.fromhex(SEED), hall, DAY, NOON)
        assert outside["moment"](bytes.fromhex(SEED), hall, "2026-09-01", "3", "12:00", "13:30") == ours.replace(
            tzinfo=None
        )


def test_the_script_refuses_a_seed_that_was_not_sealed():
    command = [sys.executable, "-I", str(SCRIPT), "2026-09-01", COMMITMENT]
    good = subprocess.run([*command, SEED, "H001", "3", "12:00", "13:30"], capture_output=True, text=True, check=False)
    bad = subprocess.run([*command, SEED[::-1], "H001", "3", "12:00", "13:30"], capture_output=True, text=True,
                         check=False)  # fmt: skip
    assert good.returncode == 0
    assert "H001 3 2026-09-01T" in good.stdout
    assert bad.returncode == 1
    assert "not the one that was sealed" in bad.stderr
