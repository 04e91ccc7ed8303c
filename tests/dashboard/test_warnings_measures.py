"""Warnings of measures, a company's own rules, why a warning is over, and what the board counts."""

import datetime as dt
from collections import Counter
from dataclasses import replace
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa

from checks.warnings.catalogue import WarningRules, with_own
from dashboard.actions.warnings import deal_with
from dashboard.database.models import BATCHES, RECORD_TABLES, WARNINGS
from dashboard.errors import NotAllowedError
from dashboard.judging.rules import rules_of
from dashboard.people import Viewer
from dashboard.queries.offices import visible_tree
from dashboard.queries.warnings import counted, ended, has_it, warnings
from dashboard.settings import Settings
from dashboard.warning.keeping import keep_warnings

SHANGHAI = ZoneInfo("Asia/Shanghai")
RULES = rules_of(Settings())
INSPECTOR = Viewer("沈岚", "inspector", frozenset({"*"}))
HEAD = Viewer("许立", "office_head", frozenset({"S1"}))
OWN = """
off = ["urged"]
[[rules]]
code = "ours"
record = "tickets"
kind = "count"
column = "urges"
least = 2
title = "自定催办"
title_en = "Our own urging"
source = "our own"
"""


def at(text):
    return dt.datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)


def micros(text):
    return int(at(text).timestamp()) * 1_000_000


@pytest.fixture
def put(database):
    """Records as a file says them, each call a batch; a table's key decides what replaces what."""
    keys = {"offices": ("code",), "tickets": ("ticket_no",), "repairs": ("repair_no",),
            "measures": ("indicator", "office_code", "period")}  # fmt: skip

    def _put(record, when, *rows):
        table = RECORD_TABLES[record]
        with database.session() as connection:
            said = {"source": "x", "record": record, "state": "done", "read": 1, "new": 1, "by": "x",
                    "started_at": micros(when)}  # fmt: skip
            batch = connection.execute(sa.insert(BATCHES).values(said).returning(BATCHES.c.id)).scalar_one()
            for row in rows:
                plain = {
                    name: micros(value) if name.endswith("_at") and value else value for name, value in row.items()
                }
                told = {"version_at": micros(when), "content_hash": 0, "batch_id": batch, "row_no": 1, **plain}
                told |= {"system": "file"} if "system" in table.c else {}
                same = [table.c[name] == told[name] for name in keys[record]]
                if not connection.execute(sa.update(table).where(*same).values(told)).rowcount:
                    connection.execute(sa.insert(table).values(told))

    _put("offices", "2026-01-01 00:00", *(
        {"code": code, "name": code, "valid_from": "0001-01-01", "level": level, "parent_code": above, "area": "urban"}
        for code, level, above in (("M", "company", None), ("K", "county", "M"), ("S1", "station", "K"),
                                   ("S2", "station", "K"))
    ))  # fmt: skip
    return _put


def fee(month, numerator, office="S1"):
    return {"indicator": "fee_collection", "office_code": office, "period": month, "numerator": numerator,
            "denominator": "1000"}  # fmt: skip


def told(database, when, viewer=INSPECTOR, **asked):
    return [
        (one.record, one.number, one.rule.code, one.saw) for one in warnings(database, viewer, as_of=at(when), **asked)
    ]


def test_a_measure_is_warned_of_until_a_newer_month_or_a_correction_comes(database, put):
    put("measures", "2026-09-01 07:00", fee("2026-08", "979"), fee("2026-08", "985", "S2"))
    keep_warnings(database, RULES, at("2026-09-01 08:00"))
    held = ("measures", "fee_collection", "measure_threshold", "97.90 % < 98.00 %")
    assert told(database, "2026-09-01 08:00") == [held]
    assert told(database, "2026-09-01 08:00", HEAD) == [held]
    assert told(database, "2026-09-01 08:00", replace(HEAD, offices=frozenset({"S2"}))) == []
    (one,) = warnings(database, INSPECTOR, as_of=at("2026-09-06 08:00"))
    assert (one.level, one.due) == ("reminded", at("2026-09-11 07:00"))  # half of its ten days is over
    put("measures", "2026-09-20 07:00", fee("2026-09", "1"))
    keep_warnings(database, RULES, at("2026-09-20 08:00"))
    assert told(database, "2026-09-20 08:00") == [held]  # September has not ended
    keep_warnings(database, RULES, at("2026-10-01 00:00"))  # and has, without anything coming
    (over,) = warnings(database, INSPECTOR, as_of=at("2026-10-01 00:00"), closed=True)
    assert (over.saw, over.because) == ("97.90 % < 98.00 %", "newer")
    assert told(database, "2026-10-01 00:00") == [(*held[:3], "0.10 % < 98.00 %")]
    put("measures", "2026-10-02 07:00", fee("2026-09", "990"))
    keep_warnings(database, RULES, at("2026-10-02 08:00"))
    assert told(database, "2026-10-02 08:00") == []
    over = warnings(database, INSPECTOR, as_of=at("2026-10-02 08:00"), closed=True)
    assert sorted(one.because for one in over) == ["ended", "newer"]


def test_a_moot_warning_says_why_and_a_companys_own_rule_has_its_title(database, put):
    rules = replace(RULES, warned=WarningRules(with_own(OWN), RULES.warned.measures, OWN))
    ticket = {"type": "enquiry", "office_code": "S1", "accepted_at": "2026-09-08 09:00", "withdrawn": False}
    names = ("done", "left", "calm", "there")
    put("tickets", "2026-09-08 10:00", *({**ticket, "ticket_no": name, "urges": 2} for name in names))
    put(
        "repairs",
        "2026-09-08 10:00",
        {"repair_no": "r", "office_code": "S1", "area": "urban", "accepted_at": "2026-09-08 10:00"},
    )
    keep_warnings(database, rules, at("2026-09-08 10:30"))
    found = warnings(database, INSPECTOR, as_of=at("2026-09-08 10:30"))
    assert Counter((one.rule.code, one.rule.title) for one in found) == {
        ("ours", "自定催办"): 4,
        ("arrival_60", "到岗时限已用六成"): 1,
    }
    put("tickets", "2026-09-08 10:40", {**ticket, "ticket_no": "done", "urges": 2, "archived_at": "2026-09-08 10:35"},
        {**ticket, "ticket_no": "left", "urges": 2, "withdrawn": True},
        {**ticket, "ticket_no": "calm", "urges": 1})  # fmt: skip
    put("repairs", "2026-09-08 10:40", {"repair_no": "r", "office_code": "S1", "area": "urban",
                                        "accepted_at": "2026-09-08 10:00",
                                        "arrived_at": "2026-09-08 10:31"})  # fmt: skip
    keep_warnings(database, rules, at("2026-09-08 10:41"))
    over = {one.number: one.because for one in warnings(database, INSPECTOR, as_of=at("2026-09-08 10:41"), closed=True)}
    assert over == {"done": "done", "left": "excluded", "calm": "ended", "r": "stepped"}
    keep_warnings(database, RULES, at("2026-09-08 10:42"))  # the company takes its file away: 'urged' warns again
    assert [code for _, _, code, _ in told(database, "2026-09-08 10:42")] == ["urged"]
    last = warnings(database, INSPECTOR, as_of=at("2026-09-08 10:42"), closed=True)[0]
    assert (last.number, last.because, last.rule.title) == ("there", "rule", "ours")


def test_the_database_counts_levels_as_the_rule_does_and_hides_who_reported(database, put):
    put("tickets", "2026-09-08 09:00",
        {"ticket_no": "report", "type": "report", "office_code": "S1", "accepted_at": "2026-09-08 09:00"})  # fmt: skip
    start, now = at("2026-09-08 00:00"), at("2026-09-08 12:00")
    rows = [
        {"record": "tickets", "record_id": place, "number": "report" if place == 7 else f"t{place}",
         "office_code": "S1" if place % 2 else "S2", "rule": "contact_12h",
         "since": int((start + dt.timedelta(minutes=7 * place)).timestamp()) * 1_000_000,
         "due": None if place % 5 == 0 else int((start + dt.timedelta(minutes=20 * place)).timestamp()) * 1_000_000,
         "entered_at": 0}
        for place in range(1, 121)
    ]  # fmt: skip
    with database.session() as connection:
        connection.execute(sa.insert(WARNINGS), rows)
    for number, deed in ((20, "acknowledged"), (40, "handed_on"), (41, "acknowledged")):
        deal_with(database, by=INSPECTOR, warning=number, deed=deed, to_office="S1", at=now)
    found = warnings(database, INSPECTOR, as_of=now)
    counts = counted(database, INSPECTOR, as_of=now)
    assert counts.levels == Counter(one.level for one in found)
    assert set(counts.levels) == {"station", "reminded", "department", "leader"}
    assert (counts.all, counts.late) == (102, sum(one.due is not None and one.due < now for one in found))
    assert warnings(database, INSPECTOR, as_of=now, limit=10, offset=5) == found[5:15]
    assert {one.level for one in warnings(database, INSPECTOR, as_of=now, at_level="leader")} == {"leader"}
    here = warnings(database, INSPECTOR, as_of=now, offices=["S1"])
    assert {one.office for one in here} == {"S1"}
    assert len(here) == 51 + 1  # every second, and the one that was handed on
    tree = visible_tree(database, INSPECTOR)
    held = {"station": "S1", "reminded": "S1", "department": "K", "leader": "M"}
    assert {(one.level, has_it(tree, one)) for one in here} == set(held.items())
    mine = warnings(database, HEAD, as_of=now)
    assert "report" not in {one.number for one in mine}
    assert counted(database, HEAD, as_of=now).all == len(mine) == 51  # the one handed on to them too
    assert [(one.number, one.office, one.origin) for one in mine if one.id == 40] == [("t40", "S1", "S2")]
    deal_with(database, by=HEAD, warning=40, deed="acted", note="已到场", at=now)
    deal_with(database, by=INSPECTOR, warning=40, deed="handed_on", to_office="S2", at=now)  # and taken back
    assert counted(database, HEAD, as_of=now).all == 50
    with pytest.raises(NotAllowedError, match="no warning 40, or it is outside"):
        deal_with(database, by=HEAD, warning=40, deed="acknowledged", at=now)
    with pytest.raises(NotAllowedError, match="no warning 7, or it is outside"):
        deal_with(database, by=HEAD, warning=7, deed="acknowledged", at=now)
    deal_with(database, by=HEAD, warning=1, deed="closed", note="已到场", satisfied=True, at=now)
    deal_with(database, by=HEAD, warning=3, deed="closed", note="已到场", satisfied=False, at=now)
    over = ended(database, HEAD, as_of=now)
    assert (over.closed, over.satisfied, over.moot) == (2, 1, 0)
