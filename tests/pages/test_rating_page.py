"""Ratings of people: for the head of their own office alone, with few records greyed and without a place."""

import re

import pytest
import sqlalchemy as sa

from checks.periods import parse_period
from dashboard.bootstrap import open_application
from dashboard.database.models import RECORD_TABLES, VERDICTS
from dashboard.errors import NotAllowedError
from dashboard.instants import from_micros
from dashboard.judging.rules import rules_of
from dashboard.people import Viewer
from dashboard.queries.rating import ratings
from dashboard.rights import RIGHTS
from tests.journeys.company import make_company
from tests.pages.opening import text_of

HEAD = "许立"
"""Of 西坝供电所 (990102)."""
START = parse_period("2026-Q3").starts_at + 3_600_000_000
MINUTE = 60_000_000


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """At 西坝: 甲 with ten repairs, nine in time and eight told as they were, of ten customers six were satisfied, and
    with two test calls; 乙 with nine, all in time; a team whose people no export names. At 南庄's station: 丙."""
    made = make_company(tmp_path_factory.mktemp("rating") / "home")
    app = open_application(directory=made, environment={})
    repairs, tickets, verdicts = [], [], []
    order = rules_of(app.settings).rulebook.order("repairs")

    def work(person, office, late, told_late, satisfied=(), team=None, left_out=False):
        for place, was_late in enumerate(late):
            number = 900_000 + len(repairs)
            accepted = START + number * 1000
            repairs.append({
                "id": number, "repair_no": f"R{number}", "ticket_no": f"T{number}", "office_code": office, "team": team,
                "repaired_by": person, "accepted_at": accepted, "taken_at": accepted + (place + 1) * MINUTE,
                "reported_arrival_late": told_late[place], **LINEAGE,
            })  # fmt: skip
            judged = "X" if left_out else "L" if was_late else "O"
            states = "".join("-" if code != "R1" else judged for code in order)
            verdicts.append({"record_id": number, "office_code": office, "day": "2026-07-01", "losing": was_late,
                             "states": states})  # fmt: skip
            if place < len(satisfied):
                said = "satisfied" if satisfied[place] else "dissatisfied"
                tickets.append({"ticket_no": f"T{number}", "type": "fault", "office_code": office, "accepted_at": START,
                                "satisfaction": said, **LINEAGE})  # fmt: skip

    work("甲", "990102", [True] + [False] * 9, [False, True] + [False] * 8, [True] * 6 + [False] * 4)
    work("甲", "990102", [False] * 2, [False] * 2, [True] * 2, left_out=True)
    work("乙", "990102", [False] * 9, [False] * 9)
    work(None, "990102", [True] * 10, [True] * 10, team="运维班")
    work("丙", "990201", [False] * 12, [False] * 12)
    with app.db.session() as connection:
        connection.execute(sa.insert(RECORD_TABLES["repairs"]), repairs)
        connection.execute(sa.insert(RECORD_TABLES["tickets"]), tickets)
        connection.execute(sa.insert(VERDICTS["repairs"]), verdicts)
    app.db.engine.dispose()
    return made


LINEAGE = {"system": "rating", "version_at": 0, "content_hash": 0, "batch_id": 1, "row_no": 1, "simulated": False}


def rated(home, viewer):
    app = open_application(directory=home, environment={})
    period = parse_period("2026-Q3")
    found = ratings(app.db, viewer, rules_of(app.settings), period=period, as_of=from_micros(period.ends_at))
    app.db.engine.dispose()
    return {one.person: one for one in found if one.person in ("甲", "乙", "丙", "运维班")}


def test_a_person_is_rated_by_time_satisfaction_and_conformity(home):
    found = rated(home, Viewer(HEAD, "office_head", frozenset({"990102"})))
    first = found["甲"]
    assert [(one.good, one.n) for one in (first.time, first.satisfaction, first.conformity)] == [
        (9, 10),
        (6, 10),
        (8, 10),
    ]
    assert (round(first.rating, 6), first.rank, first.minutes) == (round((0.9 + 0.6 + 0.8) / 3, 6), 1, 5.5)
    assert [round(one, 3) for one in first.time.interval] == [0.596, 0.982]  # Wilson, 9 of 10 (domain §6.4)
    assert (found["乙"].rank, found["乙"].rating, found["乙"].time.is_few) == (None, None, True)
    assert found["运维班"].rating == 0.5  # nobody in time, all told as it was
    assert found["运维班"].rank > 1  # the company's own teams stand between
    assert "丙" not in found


def test_nobody_but_the_head_of_the_office_sees_them(home, opened):
    assert RIGHTS["read ratings of people"].roles == {"office_head"}
    roles = {role for right in RIGHTS.values() for role in right.roles} - {"office_head"}
    for role in roles:
        with pytest.raises(NotAllowedError):
            rated(home, Viewer("某人", role, frozenset({"*"})))
    assert set(rated(home, Viewer("代理", "office_head", frozenset({"990102"}), acting_for=HEAD))) == {
        "甲",
        "乙",
        "运维班",
    }
    refused = text_of(opened(home, "rating", period="2026-Q3"))  # 沈岚, inspector of the whole company
    assert "人员评价只供其所在单位的负责人查看。" in refused
    assert not re.search("甲|乙|运维班", refused.replace("甲县", ""))
    seen = text_of(opened(home, "rating", HEAD, period="2026-Q3"))
    assert "90.0% (9 / 10) 95 %：60% 至 98%" in seen
    assert "100.0% (9 / 9) 样本不足" in seen
    assert seen.index("甲 西坝") < seen.index("运维班") < seen.index("乙 西坝")
