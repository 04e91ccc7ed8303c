"""What sending does not do: tell of one's own office, knock at a closed door, write more often than wanted."""

from datetime import timedelta

from dashboard.notices.sending import _parcel, send_due
from dashboard.settings import PersonSettings
from tests.dashboard.sinks import http_sink
from tests.dashboard.test_notices_sent import NOON, at, company, offices, states, told

__all__ = ["offices"]


def test_an_inspector_is_not_told_of_a_report_about_where_they_work(sqlite_database, offices):
    offices(sqlite_database)
    with http_sink() as (http, port):
        settings = company(port)
        people = {**settings.people, "沈岚": PersonSettings(role="inspector", offices=("*",), works_at="S1")}
        settings = settings.model_copy(update={"people": people})
        told(sqlite_database, "V-1", "沈岚", roles=("inspector",))
        told(sqlite_database, "V-2", "沈岚", office="S2", roles=("inspector",))
        send_due(sqlite_database, settings, clock=at(NOON))
    assert [one[:3] for one in states(sqlite_database)] == [("沈岚", "withheld", "secret"), ("沈岚", "sent", None)]
    assert ["V-1" in text for text in http.texts] == [False]


def test_a_channel_that_is_down_is_tried_by_two_and_waited_for_by_the_others(sqlite_database, offices):
    offices(sqlite_database)
    with http_sink() as (http, port):
        http.status = 503
        told(sqlite_database, "R-1", ["许立", "沈岚"])
        told(sqlite_database, "R-2", "秦岭", office="S2")
        assert send_due(sqlite_database, company(port), clock=at(NOON)).failed == 2
        assert sorted(one[1:] for one in states(sqlite_database)) == [
            ("waiting", None, 0), ("waiting", None, 1), ("waiting", None, 1),
        ]  # fmt: skip
        http.status = 200
        assert send_due(sqlite_database, company(port), clock=at(NOON + timedelta(hours=1))).messages == 3


def test_nobody_is_written_to_more_often_in_an_hour_than_is_set(sqlite_database, offices):
    offices(sqlite_database)
    with http_sink() as (http, port):
        settings = company(port, most_per_hour=1)
        for minutes, messages in ((0, 1), (10, 0), (59, 0), (60, 1)):
            moment = NOON + timedelta(minutes=minutes)
            told(sqlite_database, f"R-{minutes}", "许立", at=moment)
            assert send_due(sqlite_database, settings, clock=at(moment)).messages == messages
    assert "明察：3 条通知" in [body["title"] for body in http.bodies]


def test_the_same_notices_tried_again_are_the_same_message():
    """The mark by which a server that took it before it said so knows it again."""
    assert _parcel("mail\x1f许立", [2, 1]).message == _parcel("mail\x1f许立", [1, 2]).message
    assert _parcel("mail\x1f许立", [1]).message != _parcel("mail\x1f秦岭", [1]).message
