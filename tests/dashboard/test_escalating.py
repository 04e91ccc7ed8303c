"""Each level of a warning is told once to who has it next; what only inspectors may know stays with them."""

from datetime import datetime, timedelta
from types import SimpleNamespace

import sqlalchemy as sa

from dashboard.database.models import CHAIN_HEADS, NOTICE_DELIVERIES, NOTICES, RECORD_TABLES, WARNINGS
from dashboard.evidence.heads import Head
from dashboard.instants import LOCAL, to_micros
from dashboard.notices.escalating import _enter, _levels, _of_case, _to, escalate
from dashboard.notices.heads import tell_head
from dashboard.notices.sending import send_due
from dashboard.people import Viewer
from dashboard.queries.notices import mine, outbox, outbox_counts
from dashboard.queries.violations import Violation
from dashboard.settings import Settings
from dashboard.texts import set_language
from tests.dashboard.test_violations import INSPECTOR, Company, hours

NOON = datetime(2026, 9, 15, 12, tzinfo=LOCAL)
SETTINGS = Settings.model_validate({
    "people": {
        "许立": {"role": "office_head", "offices": ["S1"]}, "秦岭": {"role": "office_head", "offices": ["S2"]},
        "周部": {"role": "regional_manager", "offices": ["C1"]}, "沈岚": {"role": "inspector", "offices": ["*"]},
        "高总": {"role": "evaluator", "offices": ["*"]},
    },
    "notices": {"leaders": ["高总"]},
})  # fmt: skip


def fill(db):
    offices = [("C1", "甲县", None), ("S1", "东河供电所", "C1"), ("S2", "西坝供电所", "C1")]
    shared = {"version_at": 0, "batch_id": 0, "row_no": 1, "content_hash": 0}
    with db.session() as connection:
        connection.execute(sa.insert(RECORD_TABLES["offices"]), [
            {"code": code, "name": name, "parent_code": parent, "level": "station" if parent else "county",
             "valid_from": "0001-01-01", **shared} for code, name, parent in offices])  # fmt: skip
        report = {"system": "95598", "ticket_no": "T-1", "type": "report", "office_code": "S1"}
        ticket = sa.insert(RECORD_TABLES["tickets"]).values(**report, accepted_at=to_micros(NOON), **shared)
        connection.execute(ticket)
        connection.execute(sa.insert(WARNINGS), [
            {"record": record, "record_id": 1, "number": number, "office_code": "S1", "rule": rule,
             "since": to_micros(NOON), "due": to_micros(NOON + timedelta(hours=2)), "entered_at": to_micros(NOON)}
            for record, number, rule in (("repairs", "R-1", RULES[0]), ("tickets", "T-1", RULES[1]))])  # fmt: skip


RULES = ("arrival_60", "urged")


def told(db, number):
    query = sa.select(NOTICE_DELIVERIES.c.person, NOTICES.c.key, NOTICES.c["values"])
    query = query.join(NOTICES, NOTICES.c.id == NOTICE_DELIVERIES.c.notice_id).order_by(NOTICE_DELIVERIES.c.id)
    with db.reading() as connection:
        rows = connection.execute(query).all()
    return [(row.person, row.key.split(" ")[-1]) for row in rows if number in row[2]]


def test_each_level_is_told_once_to_who_has_it_next(database):
    fill(database)
    for minutes in (0, 1, 59, 60, 61, 119, 120, 180, 600):
        at = NOON + timedelta(minutes=minutes)
        escalate(database, SETTINGS, at)
        send_due(database, SETTINGS, clock=lambda at=at: at)
    assert told(database, "R-1") == [
        ("许立", "station"), ("周部", "station"), ("许立", "reminded"), ("周部", "department"), ("沈岚", "leader"),
        ("高总", "leader"),
    ]  # fmt: skip
    assert {person for person, _ in told(database, "T-1")} == {"沈岚"}  # who reported is nobody else's
    with database.session() as connection:  # handed on: the other head is told what the first one was
        connection.execute(sa.update(WARNINGS).where(WARNINGS.c.number == "R-1").values(office_code="S2"))
    escalate(database, SETTINGS, NOON + timedelta(hours=10))
    send_due(database, SETTINGS, clock=lambda: NOON + timedelta(hours=10))
    assert told(database, "R-1")[6:] == [("秦岭", "station")]
    set_language("zh")
    head = Viewer("许立", "office_head", frozenset({"S1"}))
    found = mine(database, head, as_of=NOON + timedelta(hours=11))
    assert [(one.page, one.text.split("：")[0]) for one in found] == [
        ("warnings", "时限已过半"),
        ("warnings", "东河供电所"),
    ]
    moved = Viewer("许立", "office_head", frozenset({"S2"}))  # what is out of sight now is not shown any more
    assert mine(database, moved, as_of=NOON + timedelta(hours=11)) == []
    keeper = Viewer("管理员", "administrator", frozenset({"*"}))
    fates = outbox(database, keeper, as_of=NOON + timedelta(hours=11))
    assert {one.fate for one in fates} == {"page_only"}
    assert outbox_counts(database, keeper, as_of=NOON + timedelta(hours=11)) == {"page_only": len(fates)}


def test_clocks_that_run_at_night_are_told_at_night_but_not_to_leaders(sqlite_database):
    """A repair has 45 minutes at any hour: told at seven it is over. Leaders hear of it in the morning."""
    fill(sqlite_database)
    for minutes in (0, 120, 180):
        escalate(sqlite_database, SETTINGS, NOON + timedelta(minutes=minutes))
    row = NOTICES.c
    with sqlite_database.reading() as connection:
        found = connection.execute(sa.select(row["values"], row.key, row.urgent).order_by(row.id)).all()
    said = {(number, key.split(" ")[-1]): urgent for values, key, urgent in found
            for number in ("R-1", "T-1") if number in values}  # fmt: skip
    assert said == {
        ("R-1", "station"): True, ("R-1", "department"): True, ("R-1", "leader"): False,
        ("T-1", "station"): False, ("T-1", "department"): False, ("T-1", "leader"): False,
    }  # fmt: skip


def test_what_is_over_before_it_could_be_told_is_not_told(sqlite_database):
    fill(sqlite_database)
    notices = {"channel": "down", "channels": {"down": "json://127.0.0.1:9/x"}, "quiet": ""}
    settings = Settings.model_validate(
        {"people": {"许立": {"role": "office_head", "offices": ["S1"]}}, "notices": notices}
    )
    escalate(sqlite_database, settings, NOON)
    assert send_due(sqlite_database, settings, clock=lambda: NOON).failed == 1
    with sqlite_database.session() as connection:
        connection.execute(sa.update(WARNINGS).values(closed_at=to_micros(NOON), closed_why="moot"))
    later = NOON + timedelta(hours=1)
    assert send_due(sqlite_database, settings, clock=lambda: later).withheld == 1
    with sqlite_database.reading() as connection:
        rows = connection.execute(sa.select(NOTICE_DELIVERIES.c.state, NOTICE_DELIVERIES.c.why)).all()
    assert [tuple(row) for row in rows] == [("withheld", "over")]


def test_a_step_of_a_case_that_was_done_before_it_could_be_told_is_not_told(sqlite_database):
    company = Company(sqlite_database)
    company.film("R02")
    company.film("R02", hall="H2")
    company.keep(hours(2))
    done, open_still = (one.number for one in sorted(company.lines(at=hours(2)), key=lambda one: one.office))
    settings = Settings.model_validate({
        "people": {"周部": {"role": "regional_manager", "offices": ["S1", "S2"]}},
        "notices": {"channel": "down", "channels": {"down": "json://127.0.0.1:9/x"}, "quiet": "12:00-13:00"},
    })  # fmt: skip
    night = datetime(2026, 9, 3, 12, 30, tzinfo=LOCAL)  # both should have been sent down by the end of the day before
    escalate(sqlite_database, settings, night)
    send_due(sqlite_database, settings, clock=lambda: night)
    company.deal(INSPECTOR, done, "send_down", night + timedelta(minutes=5), note="整改")
    report = send_due(sqlite_database, settings, clock=lambda: night + timedelta(hours=1))
    row = NOTICE_DELIVERIES.c
    with sqlite_database.reading() as connection:
        found = connection.execute(sa.select(row.key, row.state, row.why).where(row.key.like("case %"))).all()
    assert {tuple(one) for one in found} == {
        (f"case {done} send_down 0 department", "withheld", "over"),
        (f"case {open_still} send_down 0 department", "waiting", None),
    }
    assert report.withheld == 1


def test_a_red_line_rises_at_night_and_a_restricted_case_among_inspectors_alone(sqlite_database):
    fill(sqlite_database)
    shared = {"office": "S1", "item": None, "kind": "review", "restricted": False, "sides": frozenset(), "since": NOON,
              "due": NOON, "step": "rectify", "observed_at": NOON, "opened_at": NOON, "confirmed_at": None,
              "ended_at": None, "recurrence_of": None, "returns": 0, "seq": 1, "state": "rectifying"}  # fmt: skip
    red = Violation(number="V-2026-000001", severity="A", level="department", secret=False, **shared)
    kept = Violation(number="V-2026-000002", severity="C", level="leader", secret=True, **shared)
    with sqlite_database.session() as connection:
        after = NOON + timedelta(microseconds=1)
        for case in (_of_case(red, NOON), _of_case(red, after), _of_case(kept, after)):
            for level in _levels(case):
                _enter(connection, case, level, _to(SETTINGS, level, case), NOON)
        row = NOTICES.c
        found = connection.execute(sa.select(row.key, row.recipient, row.urgent, row.roles).order_by(row.id)).all()
        said = connection.execute(sa.select(row.words).order_by(row.id)).scalars().all()
    assert ["from the beginning" in said[0], "time is over" in said[1]] == [True, True]
    assert [tuple(one) for one in found] == [
        ("case V-2026-000001 rectify 0 early department", "regional_manager@S1", True, None),
        ("case V-2026-000001 rectify 0 department", "regional_manager@S1", True, None),
        ("case V-2026-000002 rectify 0 department", "inspector@S1", False, '["inspector"]'),
        ("case V-2026-000002 rectify 0 leader", "inspector@S1", False, '["inspector"]'),
    ]


def test_the_newest_signed_head_is_told_once_a_day_to_the_auditor(sqlite_database):
    settings = Settings.model_validate({"people": {"审计": {"role": "auditor", "offices": ["*"]}},
                                        "notices": {"heads_to": ["审计"]}})  # fmt: skip
    app = SimpleNamespace(db=sqlite_database, settings=settings, now=lambda: NOON)
    assert tell_head(app) == 0  # nothing is signed yet
    head = Head(7, "a13812345678b" + "a" * 51, NOON, "b" * 64, "c" * 128)
    with sqlite_database.session() as connection:
        row = {"count": 7, "hash": head.hash, "at": to_micros(NOON), "public_key": head.public_key}
        connection.execute(sa.insert(CHAIN_HEADS).values(**row, document=head.document()))
    assert [tell_head(app), tell_head(app)] == [1, 0]
    app.now = lambda: NOON + timedelta(days=1)
    assert tell_head(app) == 1
    send_due(sqlite_database, settings, clock=lambda: NOON + timedelta(days=1))
    auditor = Viewer("审计", "auditor", frozenset({"*"}))
    told = mine(sqlite_database, auditor, as_of=NOON + timedelta(days=2))[0].text
    assert head.document().strip() in told
