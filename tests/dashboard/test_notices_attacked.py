"""Notices under attack: what one person writes or becomes keeps nobody else from being told, and tells them nothing."""

import json
from datetime import timedelta
from importlib import import_module
from threading import Event, Thread
from types import SimpleNamespace

import pytest

from dashboard.database import Database
from dashboard.notices import channels, sending
from dashboard.notices.channels import ChannelError, NoContactError
from dashboard.notices.outbox import Audience
from dashboard.notices.sending import send_due
from dashboard.notices.writing import Told, message
from dashboard.people import Viewer
from dashboard.queries.notices import mine
from tests.dashboard.sinks import http_sink, mail_sink
from tests.dashboard.test_notices_sent import NOON, at, company, offices, states, told

__all__ = ["offices"]


@pytest.mark.parametrize("bad", ["abc", "许立@例え.jp"])
def test_contacts_that_no_server_takes_hold_nobody_else_up(sqlite_database, offices, bad):
    offices(sqlite_database)
    with mail_sink() as (mail, port):
        people = {"许立": {"contact": bad}, "秦岭": {"contact": bad}, "Ada": {"contact": "ada@example.cn"}}
        settings = company(1, port, channel="mail", people=people)
        told(sqlite_database, "R-1", ["许立"])
        told(sqlite_database, "R-2", ["秦岭"], office="S2")
        told(sqlite_database, "R-3", ["Ada"])
        for minutes in (0, 1, 6, 21):
            send_due(sqlite_database, settings, clock=at(NOON + timedelta(minutes=minutes)))
    assert "ada@example.cn" in [one["to"] for one in mail.mails]


def test_who_has_another_role_by_now_reads_nothing_told_to_the_former(sqlite_database, offices):
    offices(sqlite_database)
    told(sqlite_database, "R-1", Audience("regional_manager", "S1"))
    send_due(sqlite_database, company(), clock=at(NOON))
    offices_of = frozenset({"C1"})
    assert len(mine(sqlite_database, Viewer("Ada", "regional_manager", offices_of), as_of=NOON)) == 1
    assert mine(sqlite_database, Viewer("Ada", "office_head", offices_of), as_of=NOON) == []


def test_an_error_within_a_channel_is_its_refusal_and_quotes_nothing(monkeypatch):
    class Server:
        def notify(self, **_):
            raise UnicodeError("s3cret-Pa55")

    monkeypatch.setattr(channels, "_server", lambda name, address: Server())
    with pytest.raises(ChannelError) as told_error:
        channels.send("mail", "mailto://x", title="t", body="b", message="m")
    assert "s3cret" not in str(told_error.value)
    assert told_error.value.__cause__ is None


@pytest.mark.parametrize("contact", ["../admin", "..", "x/..\\..", "a?b=1", "a&b=1#c"])
def test_a_contact_leads_to_no_other_path_of_the_endpoint(contact):
    with http_sink() as (http, port):
        try:
            whole = channels.filled("duty", f"json://127.0.0.1:{port}/hook/{{contact}}", contact)
            channels.send("duty", whole, title="t", body="b", message="m")
        except NoContactError:
            assert ".." in contact
    assert all(path.startswith("/hook/") and ".." not in path for path in http.paths)


def test_what_only_inspectors_may_know_goes_to_no_group(sqlite_database, offices):
    """In that chat sits who works at the reported office, and nobody knows who joins it tomorrow."""
    offices(sqlite_database)
    with http_sink() as (http, port):
        group = {**company(port).notices.channels, "group": f"json://127.0.0.1:{port}/robot"}
        settings = company(port, channel="group", channels=group)
        told(sqlite_database, "V-1", Audience("inspector", "S1"), roles=("inspector",))
        told(sqlite_database, "R-1", Audience("inspector", "S1"))
        send_due(sqlite_database, settings, clock=at(NOON))
    assert ["V-1" in text for text in http.texts] == [False]
    assert [one[:2] for one in states(sqlite_database)] == [("沈岚", "page_only"), ("沈岚", "sent")]
    inspector = Viewer("沈岚", "inspector", frozenset({"*"}))
    assert len(mine(sqlite_database, inspector, as_of=NOON)) == 2


@pytest.mark.parametrize("contact", ["xu@example.cn,wu@example.cn", "xu@example.cn; wu@example.cn", "a@x.cn b@x.cn"])
def test_a_contact_of_several_is_told_to_be_one(contact):
    """One that refused would bring the message to the others again with each try."""
    with pytest.raises(NoContactError, match="one address"):
        channels.filled("mail", "mailto://127.0.0.1:1?from=mc@example.cn&to={contact}", contact)


def test_an_address_of_several_receivers_is_refused_before_anybody_is_told():
    with mail_sink() as (mail, port):
        address = f"mailto://127.0.0.1:{port}?from=mc@example.cn&to=a@example.cn,b@example.cn"
        with pytest.raises(ChannelError, match="2 receivers"):
            channels.send("team", address, title="t", body="b", message="m")
    assert mail.mails == []


@pytest.mark.parametrize(("plugin", "address", "refusal", "yes"), [
    ("wecombot.NotifyWeComBot", "wecombot://693a91f6-7bc4-4bc4-97a0-0ec2sifa5aaa",
     b'{"errcode": 93000, "errmsg": "invalid webhook url"}', b'{"errcode": 0, "errmsg": "ok"}'),
    ("dingtalk.NotifyDingTalk", "dingtalk://abcdefghijklm",
     b'{"errcode": 310000, "errmsg": "keywords not in content"}', b'{"errcode": 0, "errmsg": "ok"}'),
    ("feishu.NotifyFeishu", "feishu://abcdefghijklmn",
     b'{"code": 19024, "msg": "Key Words Not Found", "data": {}}', b'{"code": 0, "msg": "success", "data": {}}'),
])  # fmt: skip
def test_a_chat_robot_that_refuses_with_200_has_not_taken_it(monkeypatch, plugin, address, refusal, yes):
    """The three houses answer 200 and say no in the body; a key taken back would lose every notice as `sent`."""
    file, name = plugin.split(".")
    robot = getattr(import_module(f"apprise.plugins.{file}"), name)
    with http_sink() as (http, port):
        monkeypatch.setattr(robot, "notify_url", f"http://127.0.0.1:{port}/robot")
        http.answer = refusal
        with pytest.raises(ChannelError, match=json.loads(refusal).get("errmsg") or json.loads(refusal)["msg"]):
            channels.send("group", address, title="t", body="b", message="m")
        http.answer = yes
        channels.send("group", address, title="t", body="b", message="m")
    assert len(http.bodies) == 2


def test_rights_that_end_while_a_slow_run_goes_on_are_seen_by_it(sqlite_database, offices, monkeypatch):
    """Each message takes two minutes; within the first of them the head of the other station is dismissed."""
    offices(sqlite_database)
    told(sqlite_database, "R-1", "许立")
    told(sqlite_database, "R-2", "秦岭", office="S2")
    settings, taken, moments = company(), [], iter(NOON + timedelta(minutes=place) for place in range(0, 100, 2))
    left = {name: one for name, one in settings.people.items() if name != "秦岭"}
    read = sending.readers

    def readers(db, settings, *, at):
        return read(db, settings.model_copy(update={"people": left}) if taken else settings, at=at)

    monkeypatch.setattr(sending, "readers", readers)
    monkeypatch.setattr(channels, "send", lambda *_, message, **__: taken.append(message))
    send_due(sqlite_database, settings, clock=lambda: next(moments))
    assert [one[:3] for one in states(sqlite_database)] == [("许立", "sent", None), ("秦岭", "withheld", "nobody")]


def test_a_digest_fits_into_what_the_channel_takes():
    """A robot of WeCom refuses more than 2048 bytes, some 680 Chinese characters: a digest refused once would be
    refused with every try."""
    robot = "wecombot://693a91f6-7bc4-4bc4-97a0-0ec2sifa5aaa"
    words = "The time is over and nobody has ended it: {what}, {record} {number} of {office}, was due {due}."
    values = {
        "what": "答复称已解决，未写时间、数量等事实",
        "record": "工单",
        "office": {"office": "990101"},
        "due": None,
    }
    saying = [json.dumps({**values, "number": f"2026091500{place:04}"}) for place in range(40)]
    many = [Told("warning", words, said, f"warnings?warning={place}") for place, said in enumerate(saying)]
    tree, settings = SimpleNamespace(name=lambda code: "东河供电所"), company()
    title, body = message(many, "zh", tree, settings, channels.room("group", robot))
    shown = body.count("•")
    assert 5 < shown < 20
    assert len(f"{title}\r\n{body}".encode()) <= 2048
    assert f"另有 {40 - shown} 条" in body
    assert body.endswith("/notices?lang=zh")
    assert message(many, "zh", tree, settings, channels.room("duty", "json://127.0.0.1/x"))[1].count("•") == 20


def test_a_send_that_outlives_its_claim_takes_nothing_from_who_sends_now(sqlite_database, offices, monkeypatch):
    """The first fails long after its claim lapsed, while a second sends the same: the second's yes is the last word."""
    offices(sqlite_database)
    told(sqlite_database, "R-1", "许立")
    settings, lapsed = company(), NOON + timedelta(minutes=5)
    first_is_in, second_is_in, first_is_out, taken = Event(), Event(), Event(), []

    def send(*_, message, **__):
        if not first_is_in.is_set():
            first_is_in.set()
            assert second_is_in.wait(10)
            raise ChannelError("too late")
        second_is_in.set()
        assert first_is_out.wait(10)
        taken.append(message)

    monkeypatch.setattr(channels, "send", send)
    other = Database(sqlite_database.url)
    slow = Thread(target=send_due, args=(sqlite_database, settings), kwargs={"clock": at(NOON)})
    slow.start()
    assert first_is_in.wait(10)
    quick = Thread(target=send_due, args=(other, settings), kwargs={"clock": at(lapsed)})
    quick.start()
    slow.join()
    first_is_out.set()
    quick.join()
    send_due(sqlite_database, settings, clock=at(lapsed + timedelta(hours=1)))
    other.engine.dispose()
    assert (len(taken), [one[1] for one in states(sqlite_database)]) == (1, ["sent"])


def test_a_yes_that_comes_after_the_claim_is_noted(sqlite_database, offices, monkeypatch):
    """The slow one was taken while a second tried the same in vain: nobody sends it a third time."""
    offices(sqlite_database)
    told(sqlite_database, "R-1", "许立")
    settings, tried = company(), []

    def send(*_, message, **__):
        tried.append(message)
        if len(tried) == 1:
            send_due(sqlite_database, settings, clock=at(NOON + timedelta(minutes=5)))
        else:
            raise ChannelError("refused")

    monkeypatch.setattr(channels, "send", send)
    send_due(sqlite_database, settings, clock=at(NOON))
    send_due(sqlite_database, settings, clock=at(NOON + timedelta(hours=1)))
    assert (len(tried), len(set(tried)), [one[1] for one in states(sqlite_database)]) == (2, 1, ["sent"])
