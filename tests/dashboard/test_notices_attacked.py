"""Notices under attack: what one person writes or becomes keeps nobody else from being told, and tells them nothing."""

from datetime import timedelta

import pytest

from dashboard.notices import channels
from dashboard.notices.channels import ChannelError, NoContactError
from dashboard.notices.outbox import Audience
from dashboard.notices.sending import send_due
from dashboard.people import Viewer
from dashboard.queries.notices import mine
from tests.dashboard.sinks import http_sink, mail_sink
from tests.dashboard.test_notices_sent import NOON, at, company, offices, told

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
