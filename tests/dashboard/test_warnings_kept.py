"""Warnings kept true to the records: entered, over by themselves, closed by people; only what changed is looked at."""

import datetime as dt
import random
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa

from checks.warnings.escalation import level
from dashboard.actions.warnings import deal_with
from dashboard.database.models import AUDIT, BATCHES, HISTORY_TABLES, META, RECORD_TABLES, WARNING_EVENTS, WARNINGS
from dashboard.errors import NotAllowedError, UsageError
from dashboard.judging.rules import rules_of
from dashboard.people import Viewer, system_viewer
from dashboard.queries.warnings import warnings
from dashboard.settings import Settings
from dashboard.warning.keeping import keep_warnings

SHANGHAI = ZoneInfo("Asia/Shanghai")
RULES = rules_of(Settings())
INSPECTOR = Viewer("沈岚", "inspector", frozenset({"*"}))
HEAD = Viewer("许立", "office_head", frozenset({"S1"}))
NOON = dt.datetime(2026, 9, 8, 12, 0, tzinfo=SHANGHAI)
"""A Tuesday."""
KEYS = {"tickets": "ticket_no", "repairs": "repair_no", "applications": "application_no"}


def micros(moment):
    return int(moment.timestamp()) * 1_000_000


def at(text, day="2026-09-08"):
    return dt.datetime.fromisoformat(f"{day} {text}").replace(tzinfo=SHANGHAI)


class Company:
    """Two stations to whose records things happen; every change is a batch, as of an import."""

    def __init__(self, db):
        self.db, self.batch, self.now = db, 0, NOON
        for code in ("S1", "S2"):
            self.put("offices", code=code, name=code, valid_from="0001-01-01", level="station", area="urban")

    def put(self, record, **values):
        """A record as a file says it: new, or replacing the version that is there."""
        table, key = RECORD_TABLES[record], KEYS.get(record, "code")
        plain = {name: micros(value) if isinstance(value, dt.datetime) else value for name, value in values.items()}
        with self.db.session() as connection:
            batch = {
                "source": "x",
                "record": record,
                "state": "done",
                "read": 1,
                "new": 1,
                "by": "x",
                "started_at": micros(self.now),
            }
            self.batch = connection.execute(sa.insert(BATCHES).values(batch).returning(BATCHES.c.id)).scalar_one()
            row = {"version_at": micros(self.now), "content_hash": 0, "batch_id": self.batch, "row_no": 1, **plain}
            row |= {"system": "file"} if "system" in table.c else {}
            old = connection.execute(sa.select(table).where(table.c[key] == plain[key])).mappings().first()
            if old is None:
                connection.execute(sa.insert(table).values(row))
                return
            history = HISTORY_TABLES[record]
            kept = {name: value for name, value in old.items() if name in history.c and name != "id"}
            ended = {**kept, "record_id": old["id"], "fate": "replaced", "ended_by_batch": self.batch}
            connection.execute(sa.insert(history).values(ended))
            connection.execute(sa.update(table).where(table.c.id == old["id"]).values(row))

    def repair(self, number="r1", **values):
        self.put(
            "repairs", **{"repair_no": number, "office_code": "S1", "area": "urban", "accepted_at": NOON, **values}
        )

    def ticket(self, number="t1", **values):
        self.put(
            "tickets", **{"ticket_no": number, "office_code": "S1", "type": "complaint", "accepted_at": NOON, **values}
        )

    def keep(self, now=None):
        self.now = now or self.now
        return keep_warnings(self.db, RULES, self.now)

    def open(self, now=None, viewer=INSPECTOR):
        return [(one.number, one.rule.code) for one in warnings(self.db, viewer, as_of=now or self.now)]

    def stored(self):
        row = WARNINGS.c
        query = sa.select(row.record, row.number, row.rule, row.due).where(row.closed_at.is_(None))
        with self.db.reading() as connection:
            return sorted(tuple(one) for one in connection.execute(query.order_by(row.id)))


@pytest.fixture
def company(database):
    return Company(database)


def test_a_repair_is_warned_of_at_27_of_its_45_minutes_without_anybody_looking(company):
    company.repair()
    company.keep(at("12:01:00"))
    assert company.open(at("12:26:59")) == []
    assert company.open(at("12:27:00")) == [("r1", "arrival_60")]
    assert company.open(at("12:36:00")) == [("r1", "arrival_60"), ("r1", "untaken_80")]


def test_a_team_that_takes_it_ends_one_warning_and_its_arrival_the_other(company):
    company.repair()
    company.keep(at("12:40:00"))
    company.repair(taken_at=at("12:38:00"))
    assert company.keep(at("12:41:00")).closed == 1
    assert company.open() == [("r1", "arrival_60")]
    company.repair(taken_at=at("12:38:00"), arrived_at=at("12:43:00"))
    company.keep(at("12:44:00"))
    assert company.open() == []  # 60 % of the three hours to restore are still to come
    assert company.open(at("14:31:00")) == [("r1", "restoration_60")]
    ended = {one.rule.code: one.state for one in warnings(company.db, INSPECTOR, as_of=company.now, closed=True)}
    assert ended == {"arrival_60": "moot", "untaken_80": "moot"}


def test_a_late_arrival_goes_on_warning_until_somebody_arrives(company):
    company.repair(taken_at=at("12:05:00"))
    company.keep(at("14:00:00"))
    (one,) = warnings(company.db, INSPECTOR, as_of=company.now)
    assert (one.level, one.due) == ("leader", at("12:45:00"))  # 93 of the 18 minutes between 12:27 and 12:45


def test_an_excluded_repair_is_not_warned_of_and_a_withdrawn_ticket_ends_its_warning(company):
    company.ticket(type="fault")
    company.repair(ticket_no="t1")
    company.repair("r2", simulated=True)
    company.keep(at("12:40:00"))
    assert {number for number, _ in company.open()} == {"r1"}
    company.ticket(type="fault", withdrawn=True)  # the repair itself did not change
    company.keep(at("12:41:00"))
    assert company.open() == []


def test_the_third_ticket_of_a_customer_moves_the_warning_to_the_newest(company):
    for n, hour in ((1, 9), (2, 10), (3, 11)):
        company.ticket(f"t{n}", type="enquiry", customer_no="44", accepted_at=at(f"{hour:02d}:00"))
    company.keep()
    assert company.open() == [("t3", "same_customer")]
    company.ticket("t4", type="enquiry", customer_no="44", accepted_at=at("11:30"))
    company.keep()
    assert company.open() == [("t4", "same_customer")]
    company.ticket("t2", type="enquiry", customer_no="45", accepted_at=at("10:00"))
    company.ticket("t1", type="enquiry", customer_no="45", accepted_at=at("09:00"))
    company.keep()
    assert company.open() == []  # a corrected number: the old one has two left
    for number, more in (("t5", {"simulated": True}), ("t6", {"parent_ticket_no": "t3"}), ("t7", {"withdrawn": True})):
        company.ticket(number, type="enquiry", customer_no="44", accepted_at=at("11:40"), **more)
    company.keep()
    assert company.open() == []  # a test call, one merged into another and a withdrawn one are no third ticket
    company.ticket("t7", type="enquiry", customer_no="44", accepted_at=at("11:40"), withdrawn=False)
    company.keep()
    assert company.open() == [("t7", "same_customer")]


def test_a_report_is_none_of_three_tickets_for_an_office_that_could_count_the_others(company):
    """Two of their own and a warning of three: the customer of the two would be who reported the office."""
    for n, kind in ((1, "enquiry"), (2, "enquiry"), (3, "report")):
        company.ticket(f"t{n}", type=kind, customer_no="44", accepted_at=at(f"{8 + n:02d}:00"))
    company.ticket("t3", type="complaint", customer_no="44", accepted_at=at("11:00"))  # called otherwise by now
    company.ticket("t0", type="report", customer_no="44", accepted_at=at("08:00"))
    company.keep()
    assert [rule for _, rule in company.open() if rule == "same_customer"] == []
    company.ticket("t4", type="enquiry", customer_no="44", accepted_at=at("10:30"))  # older than a report
    company.keep()
    assert [number for number, rule in company.open() if rule == "same_customer"] == ["t4"]


def test_who_works_where_a_report_of_another_office_went_is_told_of_no_warning_about_it(company):
    here, elsewhere = (Viewer(name, "inspector", frozenset({"*"}), works_at=name) for name in ("S1", "S9"))
    company.ticket(type="report", office_code="S2", urges=3)
    company.ticket(type="complaint", office_code="S1", urges=3)
    company.keep()
    assert "urged" in {rule for _, rule in company.open(viewer=elsewhere)}
    assert company.open(viewer=here) == []


def test_nothing_new_costs_nothing(company):
    company.repair()
    assert company.keep(at("12:30:00")).entered == 2
    assert company.keep(at("12:31:00")).entered == 0
    with company.db.reading() as connection:
        assert connection.execute(sa.select(sa.func.count()).select_from(WARNINGS)).scalar() == 2


def test_what_a_person_closed_stays_closed_though_the_condition_holds(company):
    company.ticket(urges=2)
    company.keep()
    (one,) = [one for one in warnings(company.db, INSPECTOR, as_of=company.now) if one.rule.code == "urged"]
    deal_with(company.db, by=HEAD, warning=one.id, deed="acknowledged", at=company.now)
    deal_with(
        company.db, by=HEAD, warning=one.id, deed="closed", note="已上门13812348000", satisfied=True, at=company.now
    )
    company.ticket(urges=3)
    company.keep(NOON + dt.timedelta(hours=1))
    assert "urged" not in {rule for _, rule in company.open()}
    (ended,) = warnings(company.db, INSPECTOR, as_of=company.now, closed=True)
    assert (ended.state, [deed.deed for deed in ended.deeds]) == ("closed", ["acknowledged", "closed"])
    assert ended.deeds[-1].note == "已上门138****8000"
    with company.db.reading() as connection:
        deeds = connection.execute(sa.select(AUDIT.c.action, AUDIT.c.actor).order_by(AUDIT.c.id)).all()
    assert deeds == [("warning_acknowledged", "许立"), ("warning_closed", "许立")]


def test_who_comes_second_is_told_what_happened(company):
    company.repair()
    company.keep(at("12:30:00"))
    one = warnings(company.db, INSPECTOR, as_of=company.now)[0]
    deal_with(company.db, by=INSPECTOR, warning=one.id, deed="closed", note="已到达", satisfied=True, at=company.now)
    with pytest.raises(UsageError, match="was closed by a person"):
        deal_with(company.db, by=HEAD, warning=one.id, deed="acted", note="x", at=company.now)


@pytest.mark.parametrize(
    ("changed", "error", "said"),
    [
        ({"by": system_viewer()}, NotAllowedError, "may not deal"),
        ({"by": Viewer("秦", "evaluator", frozenset({"*"}))}, NotAllowedError, "may not deal"),
        ({"by": Viewer("别", "office_head", frozenset({"S2"}))}, NotAllowedError, "no warning"),
        ({"deed": "eaten"}, UsageError, "Unknown deed"),
        ({"deed": "acted"}, UsageError, "What was done"),
        ({"deed": "closed", "note": "x"}, UsageError, "satisfied is missing"),
        ({"deed": "handed_on", "to_office": "S9"}, (UsageError, NotAllowedError), "S9"),
        ({"warning": 999}, NotAllowedError, "no warning 999"),
    ],
)
def test_what_is_not_allowed_is_refused_and_leaves_nothing(sqlite_database, changed, error, said):
    company = Company(sqlite_database)
    company.repair()
    company.keep(at("12:30:00"))
    one = warnings(company.db, INSPECTOR, as_of=company.now)[0]
    with pytest.raises(error, match=said):
        deal_with(
            company.db, **{"by": INSPECTOR, "warning": one.id, "deed": "acknowledged", "at": company.now, **changed}
        )
    with company.db.reading() as connection:
        assert connection.execute(sa.select(WARNING_EVENTS)).all() == []


def test_a_head_sees_the_warnings_of_their_own_office(company):
    company.repair()
    company.repair("r2", office_code="S2")
    company.keep(at("12:30:00"))
    assert company.open(viewer=HEAD) == [("r1", "arrival_60")]


@pytest.mark.parametrize(("minutes", "acknowledged", "expected"), [
    (0, False, "station"), (29.9, False, "station"), (30, False, "reminded"), (30, True, "station"),
    (59.9, True, "station"), (60, True, "department"), (89.9, False, "department"), (90, False, "leader"),
])  # fmt: skip
def test_a_warning_rises_at_50_100_and_150_percent_of_its_time(minutes, acknowledged, expected):
    due = NOON + dt.timedelta(minutes=60)
    now = NOON + dt.timedelta(minutes=minutes)
    assert level(NOON, due, now, acknowledged=acknowledged) == expected


def test_a_warning_without_a_deadline_has_a_day():
    assert level(NOON, None, NOON + dt.timedelta(hours=23), acknowledged=True) == "station"
    assert level(NOON, None, NOON + dt.timedelta(hours=24), acknowledged=True) == "department"


def anew(company):
    """What is open when everything is looked at from the beginning."""
    with company.db.session() as connection:
        connection.execute(sa.delete(META))
        connection.execute(sa.delete(WARNINGS))
    company.keep()
    return company.stored()


@pytest.mark.parametrize("seed", range(2))
def test_looking_at_what_changed_gives_what_looking_at_everything_gives(company, seed):
    chance = random.Random(seed)

    def when(latest=60):
        return NOON + dt.timedelta(minutes=chance.randint(-5000, latest))

    for _ in range(40):
        accepted = when()
        later = chance.choice([None, accepted + dt.timedelta(minutes=chance.randint(0, 300))])
        if chance.random() < 0.5:
            company.ticket(f"t{chance.randint(1, 5)}", type=chance.choice(["complaint", "fault", "enquiry"]),
                           accepted_at=accepted, contacted_at=later, replied_at=chance.choice([None, later]),
                           archived_at=chance.choice([None, None, later]), urges=chance.randint(0, 3),
                           customer_no=chance.choice([None, "44", "45"]), withdrawn=chance.random() < 0.2,
                           content=chance.choice([None, "找媒体"]))  # fmt: skip
        else:
            company.repair(f"r{chance.randint(1, 5)}", ticket_no=chance.choice([None, "t1", "t2"]), arrived_at=later,
                           accepted_at=accepted, taken_at=chance.choice([None, later]), line=chance.choice(["a", "b"]),
                           restored_at=chance.choice([None, None, later]),
                           office_code=chance.choice(["S1", "S2"]))  # fmt: skip
        if chance.random() < 0.5:
            company.keep(company.now + dt.timedelta(minutes=chance.randint(0, 90)))
    company.keep()
    kept = company.stored()
    assert kept == anew(company)
