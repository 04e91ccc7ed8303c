"""The Detectors page: what became of candidates, what was overlooked, and who may read it."""

import json
import shutil
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from dashboard.bootstrap import open_application
from dashboard.database.models import FINDINGS, FOLLOW_UPS, NOT_JUDGED, RECORD_TABLES, REVIEWS
from dashboard.instants import to_micros
from tests.journeys.company import KEEPER, PERSON
from tests.pages.opening import text_of

LINEAGE = {"version_at": 0, "content_hash": 0, "batch_id": 1, "row_no": 1}


def enter(connection, number):
    """One sample, its finding, and what was decided."""
    at = datetime(2026, 8, 1, 2, tzinfo=UTC) + timedelta(days=number)
    sample, hall, when = f"D-{number}", "H0201", to_micros(at)

    def add(table, **values):
        return connection.execute(sa.insert(table).values(sample_id=sample, **values))

    add(RECORD_TABLES["samples"], hall_code=hall, camera_code="K2", date=at.date().isoformat(), slot=2,
        planned_at=when, outcome="captured", **LINEAGE)  # fmt: skip
    finding = None
    if number < 11:
        source = "detector" if number < 10 else "person"
        made = add(FINDINGS, hall_code=hall, camera_code="K2", item_code="R02", observed_at=when, created_at=when,
                   duration_proven=False, source=source)  # fmt: skip
        (finding,) = made.inserted_primary_key
    if number < 8 or number == 10:
        decision = "confirmed" if number in (0, 1, 10) else "rejected"
        add(REVIEWS, finding_id=finding, decision=decision, by=PERSON, at=when)
    if number == 8:
        add(FOLLOW_UPS, finding_id=finding, outcome="refuted", held=90.0, spans="{}", at=when)
    if number >= 10:
        add(REVIEWS, decision="violation" if number == 10 else "ok", by=PERSON, at=when)
        add(NOT_JUDGED, hall_code=hall, at=when, items=json.dumps({"E08": "not judged: nothing is drawn for it"}))


@pytest.fixture
def home(company, tmp_path):
    """Ten samples of August with an R02 each, two confirmed and six rejected, one refuted; ten judged without one.

    In one of the latter a person found the R02 that nobody had proposed.
    """
    made = shutil.copytree(company, tmp_path / "home")
    app = open_application(directory=made, environment={})
    with app.db.session() as connection:
        for number in range(20):
            enter(connection, number)
    app.db.engine.dispose()
    return made


def test_a_detector_that_is_mostly_wrong_is_said_so_and_what_it_overlooked(opened, home):
    """2 of 8 decided confirmed: 25 %, Wilson 7.1 % to 59.1 %; 1 of 10 samples without a candidate held one."""
    told = text_of(opened(home, "detectors", KEEPER))
    assert "多数有误：R02 离岗" in told
    assert "25.0%" in told
    assert "7.1% 至 59.1%" in told
    assert "1/10" in told
    assert "不予判定：画面上没有画出相应区域" in told


def test_office_heads_do_not_read_it(opened, company):
    assert "检测质量由纪检、考核、审计和管理员查看。" in text_of(opened(company, "detectors", "许立"))
