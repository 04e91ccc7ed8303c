"""The law of conservation: read = new + updated + unchanged + older + quarantined, whatever is in the file.

Beside the counts the stored state is compared with a model of a few lines that knows only the words of design §4.1.
"""

import csv
import io
from collections import defaultdict
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from collectors.base import CollectorError
from collectors.mapping import SourceConfig
from collectors.tables import delimited
from dashboard.database import Database
from dashboard.database.migrate import migrate
from dashboard.database.models import QUARANTINE, QUARANTINE_SIGHTINGS, RECORD_TABLES
from dashboard.intake import import_file
from dashboard.people import system_viewer

COLUMNS = ("ticket_no", "type", "office_code", "accepted_at", "content")
NUMBER = st.sampled_from(["1", "2", "3", "4", " 2 ", "", "2.02311E+19"])
TYPE = st.sampled_from(["fault", "投诉", "意见", "催办", ""])
OFFICE = st.sampled_from(["S1", "城关", "无名", ""])
TIME = st.sampled_from(["2026-09-01 08:00:00", "2026/9/1 8:05", "2026/2/30", "—"])
CONTENT = st.sampled_from(["", "没电", '说"停"\n电,', "—"])
ROW = st.tuples(NUMBER, TYPE, OFFICE, TIME, CONTENT)
FILE = st.tuples(st.lists(ROW, max_size=12), st.integers(1, 9))
GOOD_TYPES = {"fault": "fault", "投诉": "complaint", "意见": "opinion"}
GOOD_TIMES = {
    "2026-09-01 08:00:00": datetime(2026, 9, 1, 0, tzinfo=UTC),
    "2026/9/1 8:05": datetime(2026, 9, 1, 0, 5, tzinfo=UTC),
}
EMPTY = ("", "—")


class Model:
    """What should be stored, by the sentences of the design."""

    def __init__(self) -> None:
        self.stored: dict[str, tuple[int, tuple]] = {}

    def take(self, rows: list[tuple], version: int) -> dict[str, int]:
        counts = dict.fromkeys(("new", "updated", "unchanged", "older", "quarantined"), 0)
        said: dict[str, list] = defaultdict(list)
        for row in rows:
            number = row[0].strip()
            if number and number != "2.02311E+19":
                said[number].append(self._meaning(row))
        for number, meanings in said.items():
            good = [meaning for meaning in meanings if meaning is not None]
            if len(set(meanings)) == 1 and good:
                counts[self._store(number, good[0], version)] += 1
                counts["unchanged"] += len(good) - 1
        counts["quarantined"] = len(rows) - sum(counts.values())
        return counts

    def _meaning(self, row: tuple) -> tuple | None:
        """The values of a row, None for one that must go to quarantine."""
        _, kind, office, time, content = row
        if kind not in GOOD_TYPES or office not in ("S1", "城关") or time not in GOOD_TIMES:
            return None
        return (GOOD_TYPES[kind], GOOD_TIMES[time], content if content not in EMPTY else None)

    def _store(self, number: str, meaning: tuple, version: int) -> str:
        if number not in self.stored:
            self.stored[number] = (version, meaning)
            return "new"
        stored_version, stored = self.stored[number]
        if version < stored_version:
            return "older"
        merged = tuple(new if new is not None else old for new, old in zip(meaning, stored, strict=True))
        self.stored[number] = (version, merged)
        return "unchanged" if merged == stored else "updated"


@pytest.fixture(scope="module")
def template(tmp_path_factory):
    """An empty database with its offices, copied for each example."""
    path = tmp_path_factory.mktemp("law") / "template.db"
    db = Database(f"sqlite:///{path}")
    migrate(db)
    offices = path.with_name("offices.csv")
    offices.write_text("code,name,level\nS1,城关,station\n", "utf-8")
    config = SourceConfig(record="offices")
    import_file(db, by=system_viewer(), path=offices, config=config, now=datetime(2026, 1, 1, tzinfo=UTC))
    with db.engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    db.engine.dispose()
    return path


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(files=st.lists(FILE, min_size=1, max_size=3), block=st.sampled_from([60, 150, 1 << 20]))
def test_nothing_is_lost_and_what_is_stored_is_what_the_files_say(template, tmp_path_factory, files, block):
    folder = tmp_path_factory.mktemp("law")
    (folder / "law.db").write_bytes(template.read_bytes())
    db, model = Database(f"sqlite:///{folder / 'law.db'}"), Model()
    whole, delimited.BLOCK = delimited.BLOCK, block
    try:
        quarantined = sum(_take(db, folder, model, rows, version) for rows, version in files)
    finally:
        delimited.BLOCK = whole
    table = RECORD_TABLES["tickets"].c
    rows = db.frame(sa.select(table.ticket_no, table.type, table.accepted_at, table.content)).rows()
    expected = {
        number: (kind, int(at.timestamp()) * 1_000_000, content)
        for number, (_, (kind, at, content)) in model.stored.items()
    }
    assert {row[0]: row[1:] for row in rows} == expected
    first, again = db.frame(sa.select(QUARANTINE.c.times)), db.frame(sa.select(QUARANTINE_SIGHTINGS.c.row_no))
    assert first.height + again.height == quarantined == sum(first["times"])
    db.engine.dispose()


def _take(db, folder, model, rows, version) -> int:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([COLUMNS, *rows])
    path = folder / "x.csv"
    path.write_text(text.getvalue(), "utf-8")
    # rows without a single word are blank lines to any reader, and no data
    data = [row for row in rows if any(cell.strip() for cell in row)]
    moment = datetime(2026, 10, 1, tzinfo=UTC) + timedelta(hours=version)
    arrived = {"path": path, "config": SourceConfig(record="tickets"), "now": moment, "exported_at": moment}
    if not data:
        with pytest.raises(CollectorError, match="is empty"):
            import_file(db, by=system_viewer(), **arrived)
        return 0
    (report,) = import_file(db, by=system_viewer(), **arrived)
    assert report.read + report.skipped == len(rows)
    expected = model.take(data, version)
    assert {name: getattr(report, name) for name in expected} == expected
    assert report.read == sum(expected.values())
    return report.quarantined
