"""What moved, over the demo company: its ranks are those of the two leagues, and the parts add up for every office."""

import pytest

from dashboard.judging.rules import rules_of
from dashboard.people import Viewer
from dashboard.queries.league import league
from dashboard.queries.movement import movement
from dashboard.web.views.movement import came_and_went, moved


@pytest.fixture(scope="module")
def asked(demo_application):
    app = demo_application
    return {"db": app.db, "rules": rules_of(app.settings), "now": app.now()}


def test_ranks_are_those_of_the_two_leagues_and_the_parts_add_up(demo_application, asked):
    viewer = demo_application.viewer
    document = movement(viewer=viewer, period="2026-Q4", **asked)
    ranks = {
        period: {row["office"]: row["rank"] for row in league(viewer=viewer, period=period, **asked)["rows"]}
        for period in ("2026-Q3", "2026-Q4")
    }
    assert document["before"] == "2026-Q3"
    assert {row["office"]: row["rank"] for row in document["rows"]} == ranks["2026-Q4"]
    compared = [row for row in document["rows"] if row["change"] is not None]
    assert len(compared) > 20
    for row in compared:
        assert row["rank_before"] == ranks["2026-Q3"][row["office"]]
        assert row["rules"] + row["own"] + row["peers"] == row["change"] == row["rank"] - row["rank_before"]
        assert row["late_data"] is None
        assert round(sum(row["indicators"].values()), 2) == round(row["score_own"], 2)


def test_a_head_sees_the_own_row_only_with_the_ranks_of_all(demo_application, asked):
    everyone = movement(viewer=demo_application.viewer, period="2026-Q4", **asked)["rows"]
    one = next(row for row in everyone if row["change"])
    head = Viewer("head", "office_head", frozenset({one["office"]}))
    assert movement(viewer=head, period="2026-Q4", **asked)["rows"] == [one]


def test_every_office_is_told_either_as_moved_or_as_not_comparable(demo_application, asked):
    document = movement(viewer=demo_application.viewer, period="2026-Q4", **asked)
    told = f"{moved(document, lambda *_, **__: '#')}{came_and_went(document['rows'], lambda *_, **__: '#') or ''}"
    for row in document["rows"]:
        if row["rank"] is not None or row["rank_before"] is not None:
            assert row["name"] in told
