"""Judging only what changed gives exactly what judging everything anew gives, for any order of imports, corrections,
decisions and movements of the clock, on both databases."""

from __future__ import annotations

import datetime as dt
import json
import os
import random
import shutil
from contextlib import suppress
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from collectors.records import RECORDS
from dashboard.database import Database
from dashboard.database.migrate import migrate
from dashboard.database.models import (
    BATCHES,
    EXCLUSION_DECISIONS,
    EXCLUSIONS,
    FINDINGS,
    HALL_MONTHS,
    HISTORY_TABLES,
    JUDGED_THROUGH,
    OPEN_CLOCKS,
    RECORD_TABLES,
    REVIEWS,
    ROLLUP_MONTHS,
    ROLLUPS,
    VERDICTS,
)
from dashboard.judging import present
from dashboard.judging.present import bring_up_to_date
from dashboard.judging.reading import Reader
from dashboard.judging.rules import Rules, rules_of
from dashboard.settings import Settings

LONG = bool(os.environ.get("MINGCHA_LONG_TESTS"))
"""The suite runs a few examples; set MINGCHA_LONG_TESTS for a night of them."""
RULES = rules_of(Settings())
START = dt.datetime(2026, 6, 20, tzinfo=dt.UTC)
HOUR = 3_600_000_000
TABLES = (*VERDICTS.values(), OPEN_CLOCKS, ROLLUPS, ROLLUP_MONTHS, HALL_MONTHS)
HALLS, STATIONS, CUSTOMERS = ("H1", "H2"), ("S1", "S2"), ("c1", "c2", None)


class World:
    """A small company that things happen to. Few numbers, so that records meet each other often."""

    def __init__(self, db: Database, chance: random.Random) -> None:
        self.db, self.chance = db, chance
        self.as_of = START
        self.batch = 0
        for hall in HALLS:
            self.put("offices", {"code": hall, "valid_from": "0001-01-01", "level": "hall", "parent_code": "S1"})
        for station in STATIONS:
            self.put("offices", {"code": station, "valid_from": "0001-01-01", "level": "station", "area": "urban"})

    # --- what can happen ---

    def ticket(self) -> None:
        accepted = self.moment()
        self.put("tickets", {
            "system": "file", "ticket_no": self.number("t"), "office_code": self.chance.choice(STATIONS),
            "type": self.chance.choice(["complaint", "complaint", "enquiry", "fault"]), "accepted_at": accepted,
            "contacted_at": self.later(accepted, 40), "replied_at": self.later(accepted, 300),
            "parent_ticket_no": self.chance.choice([None, None, None, "t1"]),
            "simulated": self.chance.random() < 0.1, "withdrawn": self.chance.random() < 0.2,
            "satisfaction": self.chance.choice([None, "satisfied", "neutral"]),
            "substantiated": self.chance.choice([None, "yes", "no"]),
            "precision": self.chance.choice([None, '["replied_at"]']),
        })  # fmt: skip

    def repair(self) -> None:
        accepted = self.moment()
        arrived = self.later(accepted, 2)
        self.put("repairs", {
            "system": self.chance.choice(["file", "desk"]), "repair_no": self.number("r"),
            "ticket_no": self.chance.choice([None, self.number("t")]), "office_code": self.chance.choice(STATIONS),
            "area": self.chance.choice([None, "rural"]), "accepted_at": accepted, "arrived_at": arrived,
            "restored_at": self.later(arrived or accepted, 5), "customer_no": self.chance.choice(CUSTOMERS),
            "customer_owned": self.chance.random() < 0.2, "simulated": self.chance.random() < 0.1,
            "reported_arrival_late": self.chance.choice([None, True, False]),
            "parent_repair_no": self.chance.choice([None, None, "r1"]),
        })  # fmt: skip

    def application(self) -> None:
        accepted = self.moment()
        self.put("applications", {
            "system": "file", "application_no": self.number("a"), "office_code": self.chance.choice(STATIONS),
            "class": self.chance.choice(["residential", "solar", None]), "accepted_at": accepted,
            "connected_at": self.later(accepted, 200), "paused_working_days": self.chance.choice([None, 2]),
            "card_issued": self.chance.choice([None, True, False]),
        })  # fmt: skip

    def evaluation(self) -> None:
        self.put("evaluations", {
            "system": "file", "evaluation_no": self.number("e"), "office_code": self.chance.choice(STATIONS),
            "kind": self.chance.choice(["designated_form", "callback"]), "at": self.moment(),
            "record_no": self.chance.choice([None, self.number("a"), self.number("t")]),
            "satisfaction": self.chance.choice([None, "satisfied"]), "reached": self.chance.choice([None, True]),
        })  # fmt: skip

    def sample(self) -> None:
        day, slot = self.day(), self.chance.randint(1, 5)
        planned = micros(dt.datetime.fromisoformat(f"{day}T0{slot}:00:00+00:00"))
        hall = self.chance.choice(HALLS)
        self.put("samples", {
            "sample_id": f"{hall}-{day}-{slot}", "camera_code": f"{hall}-{self.chance.randint(1, 2)}",
            "hall_code": hall, "date": day, "slot": slot, "planned_at": planned,
            "captured_at": self.chance.choice([None, planned, planned + 30 * HOUR]),
            "outcome": self.chance.choice(["planned", "captured", "captured", "missed", "not_checkable"]),
            "cause": self.chance.choice([None, "worker_down"]),
        })  # fmt: skip

    def hall_day(self) -> None:
        day = self.day()
        filed = micros(dt.datetime.fromisoformat(f"{day}T03:00:00+00:00"))
        self.put("hall_days", {
            "hall_code": self.chance.choice(HALLS), "date": day, "open": self.chance.random() < 0.5,
            "reason": self.chance.choice([None, "停电"]), 
            "filed_at": self.chance.choice([None, filed, filed + 40 * HOUR]),
        })  # fmt: skip

    def camera(self) -> None:
        hall = self.chance.choice(HALLS)
        windows = json.dumps([{"name": self.chance.choice("ab"), "polygon": []}])
        self.put("cameras", {"code": f"{hall}-{self.chance.randint(1, 2)}", "hall_code": hall, "windows": windows})

    def inspection(self) -> None:
        self.put("inspections", {
            "inspection_no": self.number("i"), "item_code": self.chance.choice(["R01", "A03"]),
            "hall_code": self.chance.choice(HALLS), "at": self.moment() // (24 * HOUR) * 24 * HOUR,
            "result": self.chance.choice(["violation", "ok"]), "count": self.chance.choice([None, 2]),
        })  # fmt: skip

    def finding(self) -> None:
        with self.db.session() as session:
            session.execute(sa.insert(FINDINGS), [{
                "hall_code": self.chance.choice(HALLS), "item_code": "R02", "observed_at": self.moment(),
                "duration_proven": True, "source": "detector", "created_at": 0,
            }])  # fmt: skip

    def review(self) -> None:
        with self.db.session() as session:
            findings = session.execute(sa.select(FINDINGS.c.id)).scalars().all()
            if findings:
                session.execute(sa.insert(REVIEWS), [{
                    "finding_id": self.chance.choice(findings), "by": "x", "at": micros(self.as_of) + HOUR * 3,
                    "decision": self.chance.choice(["confirmed", "confirmed", "rejected"]),
                    "item_code": self.chance.choice([None, "R05"]),
                }])  # fmt: skip

    def office(self) -> None:
        area = self.chance.choice(["urban", "rural", None])
        self.put("offices", {"code": "S2", "valid_from": "0001-01-01", "level": "station", "area": area})

    def exclusion(self) -> None:
        """Filed and approved at once: by office, by area, or by numbers."""
        since = self.moment()
        filed = {
            "offices": json.dumps([self.chance.choice(["S1", "S2", "H1"])]), "reason": "disaster", "document": "x",
            "records": json.dumps(self.chance.sample(["tickets", "repairs", "applications", "evaluations"], 2)),
            "area": self.chance.choice([None, None, "rural"]), "starts_at": since, "by": "x",
            "numbers": self.chance.choice([None, None, '["t1", "r1", "r2"]']), "at": micros(self.as_of),
            "ends_at": since + self.chance.choice([100, 900]) * HOUR, "lapses_at": micros(self.as_of) + HOUR,
        }  # fmt: skip
        with self.db.session() as session:
            number = session.execute(sa.insert(EXCLUSIONS).values(filed).returning(EXCLUSIONS.c.id)).scalar_one()
        self.decide(number, "approved")

    def revoke(self) -> None:
        row = EXCLUSION_DECISIONS.c
        with self.db.reading() as connection:
            known = connection.execute(sa.select(row.exclusion_id, row.decision)).all()
        open_ones = {number for number, _ in known} - {number for number, decision in known if decision == "revoked"}
        if open_ones:
            self.decide(self.chance.choice(sorted(open_ones)), "revoked")

    def decide(self, number: int, decision: str) -> None:
        """As the actions do: the times of decisions never fall."""
        with self.db.session() as session:
            last = session.execute(sa.select(sa.func.max(EXCLUSION_DECISIONS.c["at"]))).scalar() or 0
            at = max(last, micros(self.as_of) + self.chance.choice([-30, 0, 10]) * HOUR)
            values = {"exclusion_id": number, "decision": decision, "by": "y", "at": at}
            session.execute(sa.insert(EXCLUSION_DECISIONS).values(values))

    def a_while(self) -> None:
        self.as_of += dt.timedelta(hours=self.chance.choice([1, 20, 200]))

    def back(self) -> None:
        self.as_of -= dt.timedelta(hours=50)

    # --- how it is stored ---

    def put(self, record: str, row: dict[str, Any]) -> None:
        """As import does: a new batch; a replaced version goes to history with the batch that ended it."""
        table, key = RECORD_TABLES[record], RECORDS[record].stored_key
        self.batch += 1
        stored = {**row, "version_at": 0, "content_hash": 0, "batch_id": self.batch, "row_no": 1}
        with self.db.session() as session:
            same = sa.and_(*(table.c[name] == row[name] for name in key))
            old = session.execute(sa.select(table).where(same)).mappings().one_or_none()
            batch = {"id": self.batch, "source": "x", "record": record, "state": "done", "started_at": 0, "by": "x"}
            session.execute(sa.insert(BATCHES), [{**batch, "new": int(old is None), "updated": int(old is not None)}])
            if old is None:
                session.execute(sa.insert(table), [stored])
                return
            was = {name: value for name, value in old.items() if name != "id"}
            ended = {"record_id": old["id"], "fate": "replaced", "ended_by_batch": self.batch}
            session.execute(sa.insert(HISTORY_TABLES[record]), [{**was, **ended}])
            session.execute(sa.update(table).where(table.c.id == old["id"]).values(stored))

    def number(self, kind: str) -> str:
        return f"{kind}{self.chance.randint(1, 5)}"

    def moment(self) -> int:
        return micros(START) + self.chance.randrange(-900, 400) * HOUR + self.chance.randrange(HOUR)

    def later(self, start: int, hours: int) -> int | None:
        return self.chance.choice([None, start + self.chance.randrange(-1, hours) * HOUR + 1])

    def day(self) -> str:
        return (START + dt.timedelta(days=self.chance.randrange(-12, 8))).date().isoformat()


HAPPENINGS = ("ticket", "repair", "application", "evaluation", "sample", "hall_day", "camera", "inspection", "finding",
              "review", "office", "exclusion", "revoke", "a_while", "back")  # fmt: skip
OFTEN = ("ticket", "ticket", "repair", "repair", "repair", "application", "evaluation", "sample", "sample",
         "hall_day", "camera", "inspection", "inspection", "finding", "review", "review", "exclusion", "exclusion",
         "revoke", "a_while", "a_while", "a_while")  # fmt: skip


def micros(moment: dt.datetime) -> int:
    return int(moment.timestamp()) * 1_000_000


class _UndoError(Exception):
    """Rolls a transaction back."""


def stored(reader: Reader) -> dict[str, list[dict[str, Any]]]:
    """Everything that judgement keeps, in an order of its own."""
    frames = {table.name: reader.frame(sa.select(table)) for table in TABLES}
    return {name: frame.sort(frame.columns).to_dicts() for name, frame in frames.items()}


def judged_anew(db: Database, rules: Rules, as_of: dt.datetime) -> dict[str, list[dict[str, Any]]]:
    """What judging everything gives, in a transaction that is taken back."""
    found: dict[str, list[dict[str, Any]]] = {}
    with suppress(_UndoError), db.adbc(write=True) as connection:
        reader = Reader(db, connection)
        reader.execute(sa.delete(JUDGED_THROUGH))
        assert present.judge(reader, rules, as_of).how == "rebuilt"
        found = stored(reader)
        raise _UndoError
    return found


def now_stored(db: Database) -> dict[str, list[dict[str, Any]]]:
    with db.adbc() as connection:
        return stored(Reader(db, connection))


def live(world: World, happenings: list[str]) -> set[str]:
    """Let things happen one by one; after each the stored state must be what judging anew gives."""
    ways = set()
    for happening in happenings:
        getattr(world, happening)()
        ways.add(agrees(world))
    return ways


def agrees(world: World) -> str:
    """Bring the world up to date, compare with judging anew, and say how it was done."""
    how = bring_up_to_date(world.db, RULES, world.as_of).how
    assert now_stored(world.db) == judged_anew(world.db, RULES, world.as_of)
    return how


@pytest.mark.parametrize("seed", range(10 if LONG else 1))
def test_a_long_life_leaves_the_same_as_judging_anew(database: Database, seed: int) -> None:
    chance = random.Random(seed)
    world = World(database, chance)
    for _ in range(2):
        for _ in range(12):
            getattr(world, chance.choice(OFTEN))()
        agrees(world)
    ways = live(world, [chance.choice(OFTEN) for _ in range(60 if LONG else 8)])
    assert "updated" in ways


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("template") / "mingcha.db"
    db = Database(f"sqlite:///{path}")
    migrate(db)
    db.engine.dispose()
    return path


@given(
    seed=st.integers(0, 2**32), happenings=st.lists(st.sampled_from(HAPPENINGS), min_size=3, max_size=12 if LONG else 7)
)
@settings(
    max_examples=100 if LONG else 5,
    deadline=None,
    derandomize=not LONG,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_any_order_of_events_leaves_the_same_as_judging_anew(
    template: Path, tmp_path: Path, seed: int, happenings: list[str]
) -> None:
    live(World(copied(template, tmp_path), random.Random(seed)), ["ticket", "repair", *happenings])


# --- what rests on what, one dependence at a time ---------------------------------------------------------------------

NOON = micros(START) - 200 * HOUR
TICKET = {"system": "file", "ticket_no": "t1", "office_code": "S1", "type": "complaint", "accepted_at": NOON}
REPAIR = {"system": "desk", "repair_no": "r1", "office_code": "S1", "accepted_at": NOON, "customer_no": "c1"}
LATER = {**REPAIR, "repair_no": "r2", "accepted_at": NOON + 30 * 24 * HOUR, "office_code": "S2"}
APPLICATION = {"system": "file", "application_no": "a1", "office_code": "S1", "class": "solar", "accepted_at": NOON,
               "connected_at": NOON + HOUR}  # fmt: skip
FORM = {"system": "file", "evaluation_no": "e1", "kind": "designated_form", "office_code": "S1", "record_no": "a1",
        "at": NOON}  # fmt: skip
CALL = {**FORM, "evaluation_no": "e2", "kind": "callback", "record_no": "t1", "reached": True}
INSPECTION = {"inspection_no": "i1", "item_code": "R01", "hall_code": "H1", "result": "violation",
              "at": micros(dt.datetime(2026, 1, 31, 1, tzinfo=dt.UTC))}  # fmt: skip
AGAIN = {**INSPECTION, "inspection_no": "i2", "at": micros(dt.datetime(2026, 3, 1, 1, tzinfo=dt.UTC))}
PLANNED = micros(dt.datetime(2026, 6, 18, 2, 20, tzinfo=dt.UTC))
SAMPLE = {"sample_id": "s1", "camera_code": "k1", "hall_code": "H1", "date": "2026-06-18", "slot": 2,
          "planned_at": PLANNED, "outcome": "captured"}  # fmt: skip
CAMERA = {"code": "k1", "hall_code": "H1", "windows": '[{"name": "w"}]'}
CLOSED = {"hall_code": "H1", "date": "2026-06-18", "open": False}


@pytest.mark.parametrize(
    "rows",
    [
        [("repairs", {**REPAIR, "ticket_no": "t1"}), ("tickets", TICKET), ("tickets", {**TICKET, "withdrawn": True})],
        [("evaluations", CALL), ("tickets", TICKET), ("tickets", {**TICKET, "simulated": True})],
        [("repairs", LATER), ("repairs", REPAIR), ("repairs", {**REPAIR, "customer_no": "c2"})],
        [("repairs", LATER), ("repairs", REPAIR), ("repairs", {**REPAIR, "accepted_at": NOON - 1})],
        [("repairs", LATER), ("repairs", REPAIR), ("repairs", {**REPAIR, "simulated": True})],
        [("repairs", LATER), ("repairs", {**REPAIR, "ticket_no": "t1"}), ("tickets", {**TICKET, "withdrawn": True})],
        [("applications", APPLICATION), ("evaluations", FORM), ("evaluations", {**FORM, "record_no": "a2"})],
        [("inspections", AGAIN), ("inspections", INSPECTION), ("inspections", {**INSPECTION, "result": "ok"})],
        [("samples", SAMPLE), ("cameras", CAMERA), ("cameras", {**CAMERA, "code": "k2", "windows": '[{"name": "v"}]'})],
        [("cameras", CAMERA), ("cameras", {**CAMERA, "code": "k2", "windows": '[{"name": "v"}]'}), ("samples", SAMPLE)],
        [("samples", SAMPLE), ("hall_days", CLOSED), ("hall_days", {**CLOSED, "open": True})],
        [("samples", SAMPLE), ("samples", {**SAMPLE, "date": "2026-06-17"})],
        [("samples", SAMPLE), ("samples", {**SAMPLE, "hall_code": "H2"})],
        [("tickets", TICKET), ("tickets", {**TICKET, "office_code": "S2"}), ("tickets", {**TICKET, "accepted_at": 0})],
        [("tickets", {**TICKET, "system": "b", "withdrawn": True}), ("repairs", {**REPAIR, "ticket_no": "t1"}),
         ("tickets", TICKET)],
    ],
)  # fmt: skip
def test_a_change_reaches_whatever_rests_on_it(
    template: Path, tmp_path: Path, rows: list[tuple[str, dict[str, Any]]]
) -> None:
    world = World(copied(template, tmp_path), random.Random(0))
    world.as_of += dt.timedelta(days=60)
    agrees(world)
    for record, row in rows:
        before = now_stored(world.db)
        world.put(record, row)
        assert agrees(world) == "updated"
    assert now_stored(world.db) != before, "the last change was meant to change a verdict"


@pytest.mark.parametrize(
    ("record", "row", "moment"),
    [
        ("repairs", {**REPAIR, "ticket_no": "t1"}, NOON),
        ("evaluations", FORM, NOON),
        ("inspections", INSPECTION, INSPECTION["at"]),
        ("samples", SAMPLE, PLANNED),
        ("samples", {**SAMPLE, "captured_at": PLANNED + 30 * HOUR}, PLANNED + 30 * HOUR),
        ("hall_days", {**CLOSED, "open": True, "reason": "停电", "filed_at": PLANNED + 5 * HOUR}, PLANNED + 5 * HOUR),
    ],
)
def test_what_lies_ahead_is_noticed_when_it_comes(
    template: Path, tmp_path: Path, record: str, row: dict[str, Any], moment: int
) -> None:
    world = World(copied(template, tmp_path), random.Random(0))
    for other, given_row in (("tickets", {**TICKET, "withdrawn": True}), ("repairs", LATER), ("samples", SAMPLE),
                             ("applications", APPLICATION), (record, row)):  # fmt: skip
        world.put(other, given_row)
    for step in (-HOUR, -1, 0, 1, 2 * HOUR, 24 * HOUR):
        world.as_of = dt.datetime(1970, 1, 1, tzinfo=dt.UTC) + dt.timedelta(microseconds=moment + step)
        agrees(world)


def test_a_finding_counts_once_it_is_both_observed_and_decided(template: Path, tmp_path: Path) -> None:
    world = World(copied(template, tmp_path), random.Random(0))
    observed = micros(START) + 10 * HOUR
    with world.db.session() as session:
        session.execute(sa.insert(FINDINGS), [{
            "hall_code": "H1", "item_code": "R02", "observed_at": observed, "duration_proven": True, "source": "x",
            "created_at": 0,
        }])  # fmt: skip
        session.execute(sa.insert(REVIEWS), [{"finding_id": 1, "decision": "confirmed", "by": "x", "at": 0}])
    agrees(world)
    world.as_of += dt.timedelta(hours=11)
    agrees(world)
    assert [row["deductions"] for row in now_stored(world.db)["hall_months"]] == [5]


def copied(template: Path, folder: Path) -> Database:
    """A database of its own from the migrated template."""
    for name in folder.glob("one.db*"):
        name.unlink()
    shutil.copy(template, folder / "one.db")
    return Database(f"sqlite:///{folder / 'one.db'}")


# --- when there is nothing, or too much, to do ------------------------------------------------------------------------


def test_when_nothing_happened_nothing_is_done(database: Database) -> None:
    world = World(database, random.Random(1))
    world.ticket()
    assert bring_up_to_date(database, RULES, world.as_of).how == "rebuilt"
    assert bring_up_to_date(database, RULES, world.as_of).how == "current"


def test_a_batch_that_is_still_running_is_looked_at_again(database: Database) -> None:
    """Its rows may be committed after those of a later batch that was judged already."""
    world = World(database, random.Random(1))
    world.ticket()
    running = {"id": 50, "source": "slow", "record": "repairs", "state": "running", "by": "x"}
    with database.session() as session:
        session.execute(sa.insert(BATCHES), [{**running, "started_at": micros(world.as_of)}])
    world.batch = 50
    world.ticket()
    bring_up_to_date(database, RULES, world.as_of)
    world.batch = 49  # the slow batch commits its row only now
    with database.session() as session:
        session.execute(sa.delete(BATCHES).where(BATCHES.c.id == 50))
    world.repair()
    bring_up_to_date(database, RULES, world.as_of)
    assert now_stored(database) == judged_anew(database, RULES, world.as_of)


def test_a_batch_whose_number_is_missing_may_still_commit(database: Database) -> None:
    """On PostgreSQL numbers are drawn before the commit: a later batch can be seen first."""
    world = World(database, random.Random(1))
    world.ticket()
    with database.session() as session:
        session.execute(sa.update(BATCHES).values(started_at=micros(world.as_of)))
    world.batch += 1  # drawn, not committed
    world.ticket()
    bring_up_to_date(database, RULES, world.as_of)
    world.batch -= 2
    world.repair()
    bring_up_to_date(database, RULES, world.as_of)
    assert now_stored(database) == judged_anew(database, RULES, world.as_of)


def test_more_than_a_fifth_changed_is_judged_anew(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(present, "FEW", 0)
    world = World(database, random.Random(1))
    world.ticket()
    bring_up_to_date(database, RULES, world.as_of)
    world.repair()
    assert bring_up_to_date(database, RULES, world.as_of).how == "rebuilt"


def test_a_change_touches_only_what_rests_on_it(sqlite_database: Database) -> None:
    world = World(sqlite_database, random.Random(3))
    for _ in range(40):
        world.ticket()
        world.repair()
    world.as_of += dt.timedelta(days=400)  # nothing runs any more
    bring_up_to_date(sqlite_database, RULES, world.as_of)
    world.application()
    assert bring_up_to_date(sqlite_database, RULES, world.as_of).judged == 1


def test_a_frame_of_verdicts_is_readable_by_letters(sqlite_database: Database) -> None:
    """The contract with pages and documents: one letter per indicator, in the rulebook's order."""
    world = World(sqlite_database, random.Random(3))
    accepted = micros(START)
    world.put("tickets", {
        "system": "file", "ticket_no": "t9", "office_code": "S1", "type": "complaint", "accepted_at": accepted,
        "contacted_at": accepted + HOUR, "satisfaction": "satisfied",
    })  # fmt: skip
    bring_up_to_date(sqlite_database, RULES, START + dt.timedelta(hours=2))
    row = sqlite_database.frame(sa.select(VERDICTS["tickets"])).row(0, named=True)
    assert (row["states"], row["marks"], row["office_code"], row["day"]) == ("OP-NC", None, "S1", "2026-06-20")
    rolled = sqlite_database.frame(sa.select(ROLLUPS)).sort("indicator")
    assert rolled.select("indicator", "numerator", "denominator", "pending").rows() == [
        ("T1", 1, 1, 0), ("T2", 0, 0, 1), ("T5", 1, 1, 0), ("n", 1, 0, 0),
    ]  # fmt: skip
    assert isinstance(rolled, pl.DataFrame)
