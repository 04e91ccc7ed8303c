"""Events of public opinion: clocks that run, warnings that end when they are met, and nobody told who must not know."""

from datetime import timedelta

from checks.periods import parse_period
from dashboard.people import Viewer
from dashboard.queries.offices import visible_tree
from dashboard.queries.opinion import event_rules, events
from dashboard.queries.warnings import warnings
from tests.dashboard.test_warnings_kept import INSPECTOR, NOON, RULES, Company, at

HEAD = Viewer("许立", "office_head", frozenset({"S1"}))


def seen(company, now, viewer=INSPECTOR, office="S1"):
    found = events(company.db, viewer, visible_tree(company.db, viewer), event_rules(RULES.warned.by_code),
                   office=office, period=parse_period("2026-Q3"), as_of=now)  # fmt: skip
    return [(one.number, *(answer.state for answer in one.answers)) for one in found]


def test_an_event_runs_until_it_is_answered_and_reported_and_tells_what_was_late(sqlite_database):
    """Accepted at 12:00: to be answered by 12:30:00, reported by 14:00:00."""
    company = Company(sqlite_database)
    company.ticket("E1", source="网络舆情", type="opinion")
    company.ticket("T1", source="95598 电话", type="opinion")
    company.ticket("E0", source="舆情", type="opinion", simulated=True)
    company.keep(at("12:01:00"))
    codes = {code for number, code in company.open(at("12:01:00")) if number == "E1"}
    assert codes == {"opinion_response", "opinion_report"}
    assert seen(company, at("12:30:00")) == [("E1", "running", "running")]
    assert seen(company, at("12:30:01")) == [("E1", "overdue", "running")]
    first = {one.rule.code: one for one in warnings(company.db, INSPECTOR, as_of=at("12:30:00"))}["opinion_response"]
    assert (first.due, first.level) == (at("12:30:00"), "department")
    company.ticket("E1", source="网络舆情", type="opinion", contacted_at=at("12:30:00"))
    company.keep(at("12:31:00"))
    assert seen(company, at("12:31:00")) == [("E1", "on_time", "running")]
    assert seen(company, at("12:29:00")) == [("E1", "running", "running")]  # by then nobody had answered
    ended = warnings(company.db, INSPECTOR, as_of=at("12:31:00"), closed=True)
    assert [(one.rule.code, one.because) for one in ended if one.number == "E1"] == [("opinion_response", "stepped")]
    company.ticket("E1", source="网络舆情", type="opinion", contacted_at=at("12:30:00"), replied_at=at("14:00:01"),
                   reply="已于12时20分发布说明")  # fmt: skip
    company.keep(at("14:05:00"))
    assert seen(company, at("14:05:00")) == [("E1", "on_time", "late")]
    assert seen(company, NOON - timedelta(minutes=1)) == []


def test_who_reported_in_public_is_no_event_of_the_reported_office(sqlite_database):
    company = Company(sqlite_database)
    company.ticket("E2", source="媒体", type="report")
    assert seen(company, at("12:10:00")) == [("E2", "running", "running")]
    assert seen(company, at("12:10:00"), HEAD) == []
