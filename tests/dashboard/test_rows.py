"""A few records are judged on SQLAlchemy's connection as frames of them are through ADBC, exclusions included."""

import datetime as dt
import json

import polars as pl
import pytest
import sqlalchemy as sa

from checks.reasons import NUMBER
from dashboard.database.models import EXCLUSION_DECISIONS, EXCLUSIONS, RECORD_TABLES
from dashboard.judging.kinds import KINDS
from dashboard.judging.reading import reader
from dashboard.judging.rows import FEW_VALUES, few_rows
from dashboard.judging.rules import rules_of
from dashboard.settings import Settings

RULES = rules_of(Settings())
MINUTE = 60_000_000
NOON = 1_783_310_400_000_000
"""2026-07-06 12:00 in Shanghai."""
NOW = dt.datetime(2026, 10, 12, tzinfo=dt.UTC)
STORED = {"version_at": 0, "content_hash": 0, "batch_id": 1, "row_no": 1, "system": "desk"}


@pytest.fixture
def db(database):
    """Three repairs of an urban station: 60 minutes to the place (late), 20, and 60 within a typhoon's hours."""
    with database.session() as connection:
        office = {**STORED, "code": "S1", "name": "S1", "valid_from": "0001-01-01", "level": "station", "area": "urban"}
        office.pop("system")
        connection.execute(sa.insert(RECORD_TABLES["offices"]), office)
        for number, (hours, minutes) in enumerate([(0, 60), (24, 20), (48, 60)]):
            accepted = NOON + hours * 60 * MINUTE
            connection.execute(sa.insert(RECORD_TABLES["repairs"]), {
                **STORED, "repair_no": f"r{number}", "office_code": "S1", "accepted_at": accepted, "customer_no": "7",
                "arrived_at": accepted + minutes * MINUTE, "restored_at": accepted + 120 * MINUTE})  # fmt: skip
        filed = {"offices": json.dumps(["S1"]), "records": json.dumps(["repairs"]), "reason": "disaster", "by": "a",
                 "starts_at": NOON + 47 * 60 * MINUTE, "ends_at": NOON + 49 * 60 * MINUTE, "document": "d",
                 "at": 0, "lapses_at": 2}  # fmt: skip
        number = connection.execute(sa.insert(EXCLUSIONS).values(filed).returning(EXCLUSIONS.c.id)).scalar_one()
        connection.execute(sa.insert(EXCLUSION_DECISIONS), {"exclusion_id": number, "decision": "approved", "by": "b",
                                                            "at": 1})  # fmt: skip
    return database


def test_both_readers_judge_alike_and_leave_nothing_behind(db):
    def judged(source):
        many = pl.Series([f"x{number}" for number in range(FEW_VALUES)] + ["r0", "r1", "r2", None])
        few, unknown = pl.Series(["r0", "r1", "r2", "r2"]), pl.Series([], dtype=pl.String)
        for numbers in (few, many):
            wanted = source.within(numbers)
            found = KINDS["repairs"].judged(source, RULES, lambda table, w=wanted: table.c.repair_no.in_(w), NOW)
            yield found.collect().sort("id").select("id", "R1", "R1.deadline", "filed", "next_change")
        number = RECORD_TABLES["repairs"].c.repair_no
        yield source.frame(sa.select(number).where(number.in_(source.within(unknown))))

    expected = [NUMBER["too_late"], NUMBER["in_time"], NUMBER["filed"]]
    for opened in (lambda: few_rows(db), lambda: few_rows(db, write=True), lambda: few_rows(db), lambda: reader(db)):
        with opened() as source:
            few, many, none = judged(source)
        assert few["R1"].to_list() == many["R1"].to_list() == expected
        assert few["filed"].to_list() == [False, False, True]
        assert few["R1.deadline"][0] == NOON + 45 * MINUTE
        assert few.schema == many.schema
        assert none.schema == {"repair_no": pl.String}
    if db.dialect == "sqlite":
        with db.reading() as connection:
            assert connection.exec_driver_sql("SELECT name FROM sqlite_temp_master").all() == []


def test_what_a_transaction_of_few_rows_wrote_is_gone_with_its_error(db):
    office = RECORD_TABLES["offices"]

    def interrupted():
        with few_rows(db, write=True) as source:
            source.execute(sa.update(office).values(name="other"))
            source.temporary(pl.DataFrame({"value": [1]}), sa.column("value", sa.BigInteger))
            raise InterruptedError

    with pytest.raises(InterruptedError):
        interrupted()
    with few_rows(db, write=True) as source:
        assert source.frame(sa.select(office.c.name)).item() == "S1"
        table = source.temporary(pl.DataFrame({"value": [2, 3]}), sa.column("value", sa.BigInteger))
        assert source.frame(sa.select(table.c.value).order_by(table.c.value))["value"].to_list() == [2, 3]
