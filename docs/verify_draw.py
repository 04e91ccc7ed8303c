"""Recompute a day's draw, outside the project: python verify_draw.py DATE COMMITMENT SEED [HALL SLOT START END]...
Example of the last four: H001 1 08:30 09:10. Standard library only; seed and commitment as `mingcha plan` prints."""

import hashlib
import hmac
import sys
from datetime import datetime, timedelta


def moment(seed: bytes, hall: str, day: str, slot: str, start: str, end: str) -> datetime:
    begins, ends = (datetime.fromisoformat(f"{day}T{clock}") for clock in (start, end))
    length = int((ends - begins).total_seconds()) - 60
    drawn = hmac.new(seed, f"{hall}|{day}|{slot}".encode(), hashlib.sha256).digest()
    return begins + timedelta(seconds=int.from_bytes(drawn[:8], "big") * length // 2**64)


if __name__ == "__main__":
    day, commitment, seed, *draw = sys.argv[1:]
    if hashlib.sha256(bytes.fromhex(seed)).hexdigest() != commitment.lower():
        sys.exit("The seed is not the one that was sealed: its SHA-256 differs from the commitment.")
    print("The seed is the one that was sealed.")  # noqa: T201
    for hall, slot, start, end in zip(*[iter(draw)] * 4, strict=True):
        print(hall, slot, moment(bytes.fromhex(seed), hall, day, slot, start, end).isoformat())  # noqa: T201
