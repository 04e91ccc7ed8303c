"""Which polygons of a camera must be seen for a sample to be checkable (H3): staffed windows, nothing else."""

import json

import sqlalchemy as sa

from dashboard.database.models import RECORD_TABLES
from dashboard.judging.halls import windows_of_halls
from dashboard.judging.reading import Reader

NAMES = ("1", " 2 ", "waiting", "clock", "door", "line:2", "screen", "terminal", "staff", "sign:1", "front:1")


def test_only_staffed_windows_must_be_seen(database):
    table = RECORD_TABLES["cameras"]
    windows = json.dumps([{"name": name, "polygon": [[0, 0], [9, 0], [9, 9]]} for name in NAMES])
    lineage = {"version_at": 0, "content_hash": 0, "batch_id": 1, "row_no": 1}
    row = {"code": "C1", "hall_code": "H1", "name": "C1", "windows": windows, **lineage}
    with database.session() as session:
        session.execute(sa.insert(table), [row])
    with database.adbc() as connection:
        assert windows_of_halls(Reader(database, connection)) == {"H1": {"C1": frozenset({"1", "2"})}}
