"""Warnings in every order of events: what is kept step by step is what looking at everything would give."""

import datetime as dt
import random
import threading
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa

from dashboard.actions.warnings import deal_with
from dashboard.database import Database
from dashboard.database.models import BATCHES, HISTORY_TABLES, META, RECORD_TABLES, WARNING_EVENTS, WARNINGS
from dashboard.errors import UsageError
from dashboard.judging.rules import rules_of
from dashboard.people import Viewer
from dashboard.queries import warnings as queries
from dashboard.settings import Settings
from dashboard.warning.keeping import keep_warnings

SHANGHAI = ZoneInfo("Asia/Shanghai")
RULES = rules_of(Settings())
NOON = dt.datetime(2026, 9, 8, 12, 0, tzinfo=SHANGHAI)
INSPECTOR = Viewer("沈岚", "inspector", frozenset({"*"}))
KEYS = {"tickets": "ticket_no", "repairs": "repair_no", "offices": "code"}


def micros(moment):
    return int(moment.timestamp()) * 1_000_000


class Company:
    """Records that change one import at a time."""

    def __init__(self, db: Database):
        self.db, self.now = db, NOON
        for code in ("S1", "S2"):
            self.office(code)

    def office(self, code, area="urban"):
        self.put("offices", code=code, name=code, valid_from="0001-01-01", level="station", area=area)

    def repair(self, number="r1", **values):
        self.put("repairs", **{"repair_no": number, "office_code": "S1", "accepted_at": NOON, **values})

    def ticket(self, number="t1", **values):
        said = {"ticket_no": number, "office_code": "S1", "type": "complaint", "accepted_at": NOON, **values}
        self.put("tickets", **said)

    def put(self, record, **values):
        table, key = RECORD_TABLES[record], KEYS[record]
        plain = {name: micros(value) if isinstance(value, dt.datetime) else value for name, value in values.items()}
        with self.db.session() as connection:
            batch = {"source": "x", "record": record, "state": "done", "read": 1, "new": 1, "by": "x",
                     "started_at": micros(self.now)}  # fmt: skip
            number = connection.execute(sa.insert(BATCHES).values(batch).returning(BATCHES.c.id)).scalar_one()
            row = {"version_at": micros(self.now), "content_hash": 0, "batch_id": number, "row_no": 1, **plain}
            row |= {"system": "file"} if "system" in table.c else {}
            old = connection.execute(sa.select(table).where(table.c[key] == plain[key])).mappings().first()
            if old is None:
                connection.execute(sa.insert(table).values(row))
                return
            history = HISTORY_TABLES[record]
            kept = {name: value for name, value in old.items() if name in history.c and name != "id"}
            ended = {**kept, "record_id": old["id"], "fate": "replaced", "ended_by_batch": number}
            connection.execute(sa.insert(history).values(ended))
            connection.execute(sa.update(table).where(table.c.id == old["id"]).values(row))

    def keep(self, now=None):
        self.now = now or self.now
        return keep_warnings(self.db, RULES, self.now)

    def stored(self):
        row = WARNINGS.c
        query = sa.select(row.record, row.number, row.rule, row.office_code, row.due)
        query = query.where(row.closed_at.is_(None))
        with self.db.reading() as connection:
            return sorted((tuple(one) for one in connection.execute(query)), key=repr)

    def anew(self):
        """What is open when everything is looked at from the beginning."""
        with self.db.session() as connection:
            connection.execute(sa.delete(META))
            connection.execute(sa.delete(WARNINGS))
        self.keep()
        return self.stored()


@pytest.fixture
def company(database):
    return Company(database)


def codes(company):
    return {(number, rule) for _, number, rule, _, _ in company.stored()}


def test_a_record_of_a_clock_ahead_of_ours_is_warned_of_once_its_time_has_come(company):
    company.repair(accepted_at=NOON + dt.timedelta(seconds=30))
    company.keep(NOON)
    assert codes(company) == set()
    company.keep(NOON + dt.timedelta(minutes=1))
    assert ("r1", "arrival_60") in codes(company)


def test_a_stamp_of_a_clock_ahead_of_ours_ends_the_warning_once_it_has_come(company):
    company.repair(taken_at=NOON, arrived_at=NOON + dt.timedelta(minutes=31))
    company.keep(NOON + dt.timedelta(minutes=30))
    assert ("r1", "arrival_60") in codes(company)
    company.keep(NOON + dt.timedelta(minutes=32))
    assert ("r1", "arrival_60") not in codes(company)


def test_a_record_that_moved_takes_its_warning_along(company):
    company.repair()
    company.keep(NOON + dt.timedelta(minutes=1))
    company.repair(office_code="S2")
    company.keep(NOON + dt.timedelta(minutes=2))
    assert {office for *_, office, _ in company.stored()} == {"S2"}


def test_what_is_older_than_sixty_days_is_not_warned_of_any_more(company):
    company.ticket(urges=2)
    company.keep(NOON + dt.timedelta(days=59))
    assert ("t1", "urged") in codes(company)
    company.keep(NOON + dt.timedelta(days=61))
    assert codes(company) == set()


def test_nobody_loses_warnings_because_others_have_many(company):
    for n in range(4):
        company.repair(f"r{n}", accepted_at=NOON - dt.timedelta(minutes=10))
    company.repair("mine", office_code="S2")
    company.keep(NOON + dt.timedelta(minutes=44))
    head = Viewer("许立", "office_head", frozenset({"S2"}))
    found = queries.warnings(company.db, head, as_of=NOON + dt.timedelta(minutes=44), limit=2)
    assert {one.number for one in found} == {"mine"}


@pytest.mark.parametrize("seed", range(2))
def test_every_order_of_events_ends_with_what_looking_at_everything_gives(company, seed):
    chance = random.Random(seed)

    def when():
        return company.now + dt.timedelta(minutes=chance.choice([-chance.randint(0, 90_000), chance.randint(-200, 90)]))

    def ticket():
        accepted = when()
        later = chance.choice([None, accepted + dt.timedelta(minutes=chance.randint(0, 300))])
        company.ticket(f"t{chance.randint(1, 5)}", type=chance.choice(["complaint", "fault", "enquiry"]),
                       accepted_at=accepted, contacted_at=later, replied_at=chance.choice([None, later]),
                       archived_at=chance.choice([None, None, later]), urges=chance.randint(0, 3),
                       customer_no=chance.choice([None, "44", "45"]), withdrawn=chance.random() < 0.2,
                       office_code=chance.choice(["S1", "S2"]),
                       content=chance.choice([None, "找媒体"]))  # fmt: skip

    def repair():
        accepted = when()
        later = chance.choice([None, accepted + dt.timedelta(minutes=chance.randint(0, 300))])
        company.repair(f"r{chance.randint(1, 5)}", ticket_no=chance.choice([None, "t1", "t2"]), arrived_at=later,
                       accepted_at=accepted, taken_at=chance.choice([None, later]), line=chance.choice(["a", "b"]),
                       area=chance.choice([None, "rural"]), restored_at=chance.choice([None, None, later]),
                       office_code=chance.choice(["S1", "S2"]))  # fmt: skip

    def step():
        minutes = chance.choice([0, 1, 30, 90, 2_000, 20_000, -60])
        company.keep(company.now + dt.timedelta(minutes=minutes))

    def area():
        company.office("S1", chance.choice(["urban", "rural", "remote"]))

    for _ in range(40):
        chance.choice([ticket, ticket, repair, repair, step, step, step, area])()
        if chance.random() < 0.15:
            company.keep()
            assert company.stored() == Company.anew(company)


def test_of_two_who_close_at_once_one_is_told(company):
    company.repair()
    company.keep(NOON + dt.timedelta(minutes=30))
    (one,) = queries.warnings(company.db, INSPECTOR, as_of=company.now)
    begin, refused = threading.Barrier(3), []

    def close(name):
        begin.wait()
        try:
            deal_with(company.db, by=Viewer(name, "inspector", frozenset({"*"})), warning=one.id, deed="closed",
                      note="已到达", satisfied=True, at=company.now)  # fmt: skip
        except UsageError as error:
            refused.append(str(error))

    threads = [threading.Thread(target=close, args=(name,)) for name in ("甲", "乙", "丙")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(refused) == 2
    with company.db.reading() as connection:
        assert connection.execute(sa.select(sa.func.count()).select_from(WARNING_EVENTS)).scalar() == 1
