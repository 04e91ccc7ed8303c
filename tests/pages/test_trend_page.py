"""The trend on the Office page: an XmR chart that says what may be concluded, and causes that a person notes there."""

import datetime as dt

import pyarrow as pa
import pytest

from checks.rulebook.loader import load_rulebook
from dashboard.queries.causes import Cause
from dashboard.queries.trend import Point
from dashboard.texts import set_language
from dashboard.web.charts import trend
from tests.journeys.company import KEEPER, PERSON, make_company
from tests.pages.opening import text_of

R1 = load_rulebook("promise").edition_on(dt.date(2026, 9, 30)).indicator("R1")
MONDAY = dt.date(2026, 5, 18)


def drawn(values, causes=()):
    set_language("en")
    points = [Point(MONDAY + dt.timedelta(weeks=week), 20, value, None, None) for week, value in enumerate(values)]
    found = trend.picture(points, R1, "A", "week", "light", causes)
    return found, pa.ipc.open_stream(found.data["rows"]).read_all().to_pylist()


def test_seven_weeks_on_one_side_are_marked_and_the_sentence_asks_why():
    found, rows = drawn([0.9, 0.8] * 5 + [0.95] * 7)
    assert [row["signal"] for row in rows].count("yes") == 7
    assert rows[-1]["said"] == "seven on one side of the mean"
    assert "worth asking what changed" in found.says
    assert found.rows[-1][-1] == "seven on one side of the mean"


def test_the_usual_ups_and_downs_need_no_reason():
    found, rows = drawn([0.9, 0.8, 0.85, 0.88, 0.82] * 3)
    assert {row["signal"] for row in rows} == {"no"}
    assert found.says.startswith("No signal")
    assert "trial" not in found.says
    assert "look at the target" in found.says


@pytest.mark.parametrize("values", [[None] * 5, [0.9], [None, 0.9, None]])
def test_too_few_points_conclude_nothing(values):
    found, rows = drawn(values)
    assert found.says.startswith("Too few points")
    assert {row["mean"] for row in rows} == {None}


def test_limits_start_anew_with_the_first_week_wholly_after_a_cause_and_stay_within_a_rate():
    cause = Cause(1, "A", MONDAY + dt.timedelta(days=33), "second depot", "someone")
    found, rows = drawn([0.6, 0.7, 0.65, 0.7, 0.6, 0.95, 0.99, 0.97, 0.96], [cause])
    assert [row["phase"] for row in rows] == [0] * 5 + [1] * 4
    assert [row["cause"] for row in rows] == [""] * 5 + ["second depot"] + [""] * 3
    assert all(0 <= row["least"] <= row["mean"] <= row["most"] <= 1 for row in rows)
    assert "trial" in found.says


def test_a_cause_outside_the_picture_changes_nothing():
    for day in (MONDAY - dt.timedelta(days=90), MONDAY, MONDAY + dt.timedelta(days=900)):
        _, rows = drawn([0.9, 0.8, 0.85], [Cause(1, "A", day, "elsewhere", "someone")])
        assert {(row["phase"], row["cause"]) for row in rows} == {(0, "")}


@pytest.fixture
def office(tmp_path, opened):
    made = make_company(tmp_path / "home")
    return lambda person: opened(made, "office", person, office="990102", indicator="R1")


def test_a_cause_is_noted_and_withdrawn_on_the_page_and_an_office_head_only_reads_it(office):
    app = office(KEEPER)
    app.text_input(key="cause_text").input("第二抢修驻点启用")
    app.date_input(key="cause_day").set_value(dt.date(2026, 8, 3))
    next(button for button in app.button if "记下原因" in button.label).click().run()
    assert "原因已记下" in text_of(app)
    assert "2026-08-03 第二抢修驻点启用（秦怀瑾记录）" in text_of(app)
    assert "2026-08-03 第二抢修驻点启用（秦怀瑾记录）" in text_of(office("许立"))
    assert not any("撤回" in button.label for button in office("许立").button)
    app = office(PERSON)
    next(button for button in app.button if button.label == "撤回").click().run()
    assert "记录已撤回" in text_of(app)
    assert "第二抢修驻点启用" not in text_of(app)
