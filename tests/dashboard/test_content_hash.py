"""What a row says as one number: a column that came with a later version changes nothing where it is empty."""

import polars as pl
import xxhash

from collectors.records import RECORDS
from dashboard.intake.content import content_hash

TICKETS = RECORDS["tickets"]


def hashed(**values):
    names = [*TICKETS.names, "precision", "unreadable"]
    frame = pl.DataFrame({name: [values.get(name)] for name in names}, schema=dict.fromkeys(names, pl.String))
    return content_hash(TICKETS, frame)[0] % 2**64


def test_a_row_without_reply_and_emotion_hashes_to_what_it_did_before_there_were_such_columns():
    before = [name for name in TICKETS.names if name not in ("emotion", "reply")]
    said = {"ticket_no": "1", "content": "停电"}
    text = "\x1f".join(said.get(name, "\x00") for name in [*before, "precision", "unreadable"])
    assert hashed(**said) == xxhash.xxh3_64_intdigest(text.encode())
    others = {
        hashed(**said),
        hashed(**said, reply="已处理"),
        hashed(**said, emotion="calm"),
        hashed(**said, reply="calm"),
    }
    assert len(others) == 4
