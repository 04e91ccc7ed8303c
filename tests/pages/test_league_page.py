"""The League page: how sure each rank is, what may be concluded, and leagues of none, one, equal and very many rows."""

import datetime as dt
import re

import pytest

from checks.rulebook.loader import load_rulebook
from dashboard.bootstrap import open_application
from dashboard.people import Viewer, system_viewer
from dashboard.queries.offices import visible_tree
from dashboard.queries.weekly import WEEKS, weekly
from dashboard.texts import set_language
from dashboard.web.views import certainty, league, sparkline
from tests.pages.opening import markup_of, words_of

EDITION = load_rulebook("promise").edition_on(dt.date(2026, 9, 30))


@pytest.fixture
def opened(opened):
    def read(home, **parameters):
        app = opened(home, "league", **parameters)
        return markup_of(app), app

    return read


def test_every_ranked_row_draws_its_interval_and_the_unranked_none(opened, company):
    markup, app = opened(company)
    spans = re.findall(r'aria-label="第 (\d+) 名，偶然性之下在第 (\d+) 到第 (\d+) 名之间"', markup)
    assert [int(rank) for rank, _, _ in spans] == [1, 2, 3]
    assert all(int(low) <= int(rank) <= int(high) <= 3 for rank, low, high in spans)
    text = words_of(markup)
    assert "横线重叠的单位，先后可能只是偶然" in text
    assert "确有差别的两两：3 对中" in text
    assert "这里失分最多：R1 抢修到岗及时率" in text
    assert any("漏斗图" in element.proto.alt for element in app.get("vega_lite_chart"))


def test_twelve_weeks_stand_in_the_row(opened, company):
    markup, _ = opened(company)
    assert len(re.findall(r'class="weeks"', markup)) >= 3
    assert "clip-path:polygon(" in markup


def test_one_indicator_tells_shrunken_values_and_pairs(opened, company):
    markup, _ = opened(company, tab="indicator", indicator="R1")
    text = words_of(markup)
    assert "收缩值" in text
    assert "的差距超出偶然" in text  # 50 of 50 and 38 of 40 against 30 of 49


def test_peers_draw_the_interval_within_the_group(opened, company):
    markup, _ = opened(company, tab="peers", lang="en")
    assert re.search(r"rank 2, by chance between [12] and 2", markup)
    assert "chance is not smaller" in words_of(markup)


def test_weeks_add_up_what_lies_below_and_stay_in_the_viewers_offices(company):
    app = open_application(directory=company, environment={})
    everyone, head = system_viewer(), Viewer("许立", "office_head", frozenset({"990102"}))
    for viewer in (everyone, head):
        tree = visible_tree(app.db, viewer)
        found = weekly(app.db, viewer, tree, ["R1"], until=dt.date(2026, 9, 30))
        assert set(found) <= set(tree.offices)
        assert all(len(weeks) == WEEKS for weeks in found.values())
    assert weekly(app.db, everyone, tree, [], until=dt.date(2026, 9, 30)) == {}
    app.db.engine.dispose()


# --- rows as they may come ------------------------------------------------------------------------------------------


def row(office, score, rank, low, high, **more):
    cell = {"numerator": 9, "denominator": 10, "value": 0.9, "points": 4.0, "low": 0.6, "high": 0.98, "shrunken": 0.9,
            "pending": 0, "unjudgeable": 0, "excluded": 0, "marks": []}  # fmt: skip
    return {"office": office, "name": office, "score": score, "rank": rank, "ranked": rank is not None, "reason": None,
            "rank_low": low, "rank_high": high, "group_rank": rank, "group_low": low, "group_high": high,
            "shrunken_score": score, "shrunken_rank": rank, "grade": "B", "red_line": 0, "n": 10, "missing": [],
            "available_weight": 12, "indicators": {"R1": cell}, "marks": [], **more}  # fmt: skip


def link(_page="league", **_changes):
    return "/league"


def shown(rows, weeks=None):
    set_language("en")
    return league.score_table(rows, {}, weeks or {}, EDITION, link)


@pytest.mark.parametrize("count", [0, 1, 12])
def test_none_one_and_all_equal(count):
    rows = [row(f"S{number}", 88.0, 1, 1, count) for number in range(count)]
    table = shown(rows)
    assert table.count("<tr") == count + 1
    assert table.count(f"rank 1, by chance between 1 and {count}") == 2 * count
    assert certainty.shrunken(rows, link) == "" if count < 2 else "by shrunken rates" in certainty.shrunken(rows, link)
    assert league.costliest(rows, EDITION) == ("R1" if count else None)


def test_a_county_alone_keeps_the_scale_of_the_whole_league():
    """Two rows of sixty: rank 40 must not be drawn beyond the right end."""
    table = shown([row("A", 80.0, 40, 30, 55), row("B", 79.0, 42, 33, 58)])
    places = [float(left) for left in re.findall(r"left:([\d.]+)%", table)]
    assert max(places) < 100
    assert len(set(places)) == 4


def test_three_thousand_rows_show_the_best_and_say_so():
    set_language("en")
    assert certainty.more_rows(3_000, 500).startswith("The best 500 of 3")
    assert certainty.more_rows(500, 500) == ""
    rows = [row(f"S{number}", 90.0 - number / 100, number + 1, 1, 3_000) for number in range(500)]
    assert shown(rows).count("<tr") == 501


def test_a_line_of_weeks_breaks_where_nothing_was_judged():
    set_language("en")
    line = (0.9, 0.8, None, None, 1.0, None, None, None, 0.9, 0.9, 0.95, None)
    drawn = sparkline.sparkline(line, sparkline.scale_of({"A": line}))
    assert drawn.count("clip-path") == 2  # a single week is no line
    assert "lowest 80.0%, highest 100.0%, last 95.0%" in drawn
    assert sparkline.sparkline((None,) * 12, (0, 1)) == "—"
    assert sparkline.sparkline((), (0, 1)) == "—"
    assert sparkline.scale_of({}) == (0.0, 1.0)
