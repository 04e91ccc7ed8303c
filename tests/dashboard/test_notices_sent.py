"""Notices through real channels: each told once, in digests where many wait, to nobody who may not know."""

import logging
import os
import signal
from datetime import datetime, timedelta
from threading import Thread

import pytest
import sqlalchemy as sa

from dashboard.database import Database
from dashboard.database.models import NOTICE_DELIVERIES, RECORD_TABLES
from dashboard.instants import LOCAL
from dashboard.notices import channels, sending
from dashboard.notices.channels import ChannelError
from dashboard.notices.outbox import Audience, Msgid, Office, enter, page_link
from dashboard.notices.sending import send_due
from dashboard.settings import Settings
from tests.dashboard.sinks import http_sink, mail_sink

NOON = datetime(2026, 9, 15, 12, tzinfo=LOCAL)
PASSWORD = "s3cret-Pa55"
PEOPLE = {
    "许立": {"role": "office_head", "offices": ["S1"]},
    "秦岭": {"role": "office_head", "offices": ["S2"]},
    "Ada": {"role": "regional_manager", "offices": ["C1"]},
    "沈岚": {"role": "inspector", "offices": ["*"]},
}


def company(http=1, mail=1, **notices):
    given = {
        "base_url": "https://mc.example.cn", "channel": "duty", "daily": [],
        "channels": {"duty": f"json://127.0.0.1:{http}/{{contact}}",
                     "mail": f"mailto://127.0.0.1:{mail}?from=mc@example.cn&to={{contact}}"},
        "people": {name: {"contact": contact} for name, contact in
                   {"许立": "xu", "秦岭": "qin", "Ada": "ada@example.cn", "沈岚": "shen"}.items()}, **notices,
    }  # fmt: skip
    given["people"]["Ada"] |= {"channel": "mail", "language": "en"}
    return Settings.model_validate({"people": PEOPLE, "notices": given})


@pytest.fixture
def offices():
    def fill(db):
        rows = [("C1", "甲县", None), ("S1", "东河供电所", "C1"), ("S2", "西坝供电所", "C1")]
        with db.session() as connection:
            connection.execute(sa.insert(RECORD_TABLES["offices"]), [
                {"code": code, "name": name, "parent_code": parent, "level": "station" if parent else "county",
                 "valid_from": "0001-01-01", "version_at": 0, "batch_id": 0, "row_no": 1, "content_hash": 0}
                for code, name, parent in rows])  # fmt: skip

    return fill


def told(db, key, to, *, office="S1", at=NOON, **more):
    with db.session() as connection:
        values = {"office": Office(office), "what": "X", "record": Msgid("repair"), "number": key, "due": at}
        words = "{office}: {what}, {record} {number}, until {due}."
        return enter(connection, key=key, to=to, topic="warning", words=words, values=values,
                     link=page_link("warnings", warning=7), office=office, at=at, **more)  # fmt: skip


def states(db):
    row = NOTICE_DELIVERIES.c
    with db.reading() as connection:
        found = connection.execute(sa.select(row.person, row.state, row.why, row.tries).order_by(row.id)).all()
    return [tuple(one) for one in found]


def at(moment):
    return lambda: moment


def test_a_notice_reaches_head_and_department_once_each_in_their_own_way_and_language(database, offices, caplog,
                                                                                      monkeypatch):  # fmt: skip
    offices(database)
    monkeypatch.setenv("DUTY_TOKEN", PASSWORD)
    with http_sink() as (http, port), mail_sink() as (mail, mail_port), caplog.at_level(logging.DEBUG):
        settings = company(port, mail_port)
        own = {**settings.notices.channels, "duty": f"json://bot:${{DUTY_TOKEN}}@127.0.0.1:{port}/{{contact}}"}
        settings = settings.model_copy(update={"notices": settings.notices.model_copy(update={"channels": own})})
        to = [Audience("office_head", "S1"), Audience("regional_manager", "S1"), "许立"]
        assert [told(database, "R-1", to), told(database, "R-1", to)] == [3, 0]
        for _ in range(2):
            send_due(database, settings, clock=at(NOON))
        told(database, "R-1", to)
        send_due(database, settings, clock=at(NOON + timedelta(hours=2)))
    assert [body["title"] for body in http.bodies] == ["明察：预警"]
    assert http.texts == ["东河供电所：X，抢修 R-1，时限 2026-09-15 12:00。\nhttps://mc.example.cn/warnings?warning=7"]
    (sent,) = mail.mails
    assert (sent["to"], sent["subject"]) == ("ada@example.cn", "Mingcha: early warning")
    assert "repair R-1, until 2026-09-15 12:00." in sent.get_content()
    assert sent.get_all("Message-ID") == [f"<{sent['Idempotency-Key']}@mingcha>"]
    assert [one[:2] for one in states(database)] == [("许立", "sent"), ("Ada", "sent")]
    with database.reading() as connection:
        stored = str(connection.execute(sa.select(NOTICE_DELIVERIES)).all())
    assert PASSWORD not in caplog.text + stored


def test_a_thousand_at_once_and_a_channel_that_was_down_for_a_day_are_one_digest(sqlite_database, offices):
    database = sqlite_database
    offices(database)
    with http_sink() as (http, port):
        settings, http.status = company(port), 503
        with database.session() as connection:
            for number in range(1000):
                enter(connection, key=f"R-{number}", to=Audience("office_head", "S1"), topic="warning", words="{n}",
                      values={"n": number}, link="warnings", at=NOON)  # fmt: skip
        first = send_due(database, settings, clock=at(NOON))
        assert (first.failed, set(states(database))) == (1, {("许立", "waiting", None, 1)})
        assert send_due(database, settings, clock=at(NOON + timedelta(seconds=59))).failed == 0
        for hours in range(1, 4):
            assert send_due(database, settings, clock=at(NOON + timedelta(hours=hours))).failed == 1
        http.status = 200
        done = send_due(database, settings, clock=at(NOON + timedelta(hours=24)))
        assert (done.messages, done.notices) == (1, 1000)
        assert send_due(database, settings, clock=at(NOON + timedelta(hours=25))).messages == 0
    (body,) = http.bodies
    assert body["title"] == "明察：1000 条通知"
    assert body["message"].splitlines()[0] == "预警 1000"
    assert body["message"].count("•") == 20
    assert "另有 980 条" in body["message"]


def test_given_up_after_a_week_and_withheld_from_who_may_not_know_any_more(sqlite_database, offices):
    offices(sqlite_database)
    with http_sink() as (http, port):
        settings, http.status = company(port), 500
        told(sqlite_database, "R-1", "许立")
        told(sqlite_database, "R-2", "秦岭", office="S1")  # head of another station
        told(sqlite_database, "R-3", "沈岚", roles=("inspector",))
        told(sqlite_database, "R-4", "Ada", roles=("inspector",))
        told(sqlite_database, "R-5", "去年的人")
        send_due(sqlite_database, settings, clock=at(NOON))
        report = send_due(sqlite_database, settings, clock=at(NOON + timedelta(days=7)))
    assert (report.given_up, http.bodies) == (2, [])
    assert [one[:3] for one in states(sqlite_database)] == [
        ("许立", "given_up", "channel"), ("秦岭", "withheld", "scope"), ("沈岚", "given_up", "channel"),
        ("Ada", "withheld", "role"), ("去年的人", "withheld", "nobody"),
    ]  # fmt: skip


def test_people_without_a_contact_hold_nobody_else_up(sqlite_database, offices):
    offices(sqlite_database)
    with http_sink() as (http, port):
        settings = company(port, people={"Ada": {}, "沈岚": {"contact": "shen"}}, channel="duty")
        told(sqlite_database, "R-1", ["许立", "秦岭", "沈岚"], office="S1")
        told(sqlite_database, "R-2", ["许立", "沈岚"])
        send_due(sqlite_database, settings, clock=at(NOON))
    assert len(http.bodies) == 2
    with sqlite_database.reading() as connection:
        errors = set(connection.execute(sa.select(NOTICE_DELIVERIES.c.error)).scalars())
    assert errors == {None, "Channel duty needs a contact, and this person has none."}


def test_a_group_that_shares_a_robot_reads_it_once(sqlite_database, offices):
    offices(sqlite_database)
    with http_sink() as (http, port):
        channels = {"group": f"json://127.0.0.1:{port}/robot"}
        settings = company(port, channel="group", channels={**company(port).notices.channels, **channels})
        told(sqlite_database, "R-1", ["许立", "沈岚"])
        send_due(sqlite_database, settings, clock=at(NOON))
    assert [text.count("R-1") for text in http.texts] == [1]
    assert [one[:2] for one in states(sqlite_database)] == [("许立", "sent"), ("沈岚", "sent")]


def test_two_workers_at_once_send_each_message_once(database, offices):
    offices(database)
    with http_sink() as (http, port):
        settings = company(port, most_per_hour=50)
        for number in range(3):
            told(database, f"R-{number}", ["许立", "沈岚"])
        other = Database(database.url)
        threads = [Thread(target=send_due, args=(db, settings), kwargs={"clock": at(NOON)}) for db in (database, other)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        other.engine.dispose()
        send_due(database, settings, clock=at(NOON + timedelta(hours=1)))  # what both left to each other
        assert (len(http.keys), len(set(http.keys))) == (6, 6)
    assert {one[1] for one in states(database)} == {"sent"}


def killed(deed):
    """Run in a process that ends by SIGKILL."""
    child = os.fork()
    if child == 0:
        try:
            deed()
        finally:
            os._exit(1)
    assert os.waitpid(child, 0)[1] == signal.SIGKILL


def end(*_, **__):
    os.kill(os.getpid(), signal.SIGKILL)


def test_killed_between_deed_and_notice_between_notice_and_sending_and_before_the_mark(sqlite_database, offices,
                                                                                       monkeypatch):  # fmt: skip
    offices(sqlite_database)
    url = sqlite_database.url
    sqlite_database.engine.dispose()
    with http_sink() as (http, port):
        settings = company(port)

        def half_a_deed():
            with Database(url).session() as connection:
                enter(connection, key="never", to="许立", topic="case", words="x", values={}, link="x", at=NOON)
                end()

        killed(half_a_deed)
        told(sqlite_database, "R-1", "许立")
        sqlite_database.engine.dispose()
        with monkeypatch.context() as patched:
            patched.setattr(sending.channels, "send", end)  # claimed, nothing said yet
            killed(lambda: send_due(Database(url), settings, clock=at(NOON)))
        assert http.bodies == []
        later = NOON + timedelta(minutes=5)
        assert send_due(sqlite_database, settings, clock=at(NOON + timedelta(minutes=4))).messages == 0  # still claimed
        sqlite_database.engine.dispose()
        with monkeypatch.context() as patched:
            patched.setattr(sending, "_mark_sent", end)  # the channel said yes, nobody noted it
            killed(lambda: send_due(Database(url), settings, clock=at(later)))
        assert send_due(sqlite_database, settings, clock=at(later + timedelta(minutes=5))).messages == 1
        assert send_due(sqlite_database, settings, clock=at(later + timedelta(hours=1))).messages == 0
    assert len(http.bodies) == 2  # the one repetition that cannot be avoided, and the receiver can tell
    assert len(set(http.keys)) == 1
    assert [one[:2] for one in states(sqlite_database)] == [("许立", "sent")]


def test_a_clock_set_back_sends_nothing_twice_and_holds_nothing_up(sqlite_database, offices):
    offices(sqlite_database)
    with http_sink() as (http, port):
        settings = company(port)
        ahead = NOON + timedelta(days=300)
        told(sqlite_database, "R-1", "许立", at=ahead)
        send_due(sqlite_database, settings, clock=at(ahead))
        told(sqlite_database, "R-2", "许立", at=ahead)
        told(sqlite_database, "R-3", "许立", at=NOON)
        send_due(sqlite_database, settings, clock=at(NOON))
        send_due(sqlite_database, settings, clock=at(NOON + timedelta(minutes=1)))
    assert [text.split("，")[1] for text in http.texts] == ["抢修 R-1", "抢修 R-2", "抢修 R-3"]


def test_a_notice_with_a_personal_field_or_a_missing_value_is_refused(sqlite_database):
    with sqlite_database.session() as connection:
        for values, named in ({"what": 1, "phone": "1"}, "phone"), ({"number": "1"}, "what"):
            with pytest.raises(ValueError, match=named):
                enter(connection, key="k", to="许立", topic="case", words="{what}", values=values, link="x", at=NOON)


def test_chat_robots_of_the_three_houses_are_known_without_being_asked():
    addresses = {"WeComBot": "wecombot://693a91f6-7bc4-4bc4-97a0-0ec2sifa5aaa", "DingTalk": "dingtalk://abcdefghijklm",
                 "Feishu": "feishu://abcdefghijklmn"}  # fmt: skip
    for kind, address in addresses.items():
        assert type(channels._server("x", address)).__name__ == f"Notify{kind}"
    with pytest.raises(ChannelError, match="Channel x is no address"):
        channels._server("x", f"nothing://{PASSWORD}")
