"""A source falls silent, a worker dies: it is written across every page that rests on it, and rows are marked."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
import streamlit as st

from dashboard.database.models import BATCHES, FINDINGS, HEARTBEATS, REVIEWS
from dashboard.instants import from_micros, to_micros
from dashboard.web import cached, display, wiring
from tests.journeys.company import make_company
from tests.pages.opening import run_page, text_of

SOURCES = """
[[sources]]
name = "repairs"
record = "repairs"
path = "inbox/repairs/*"
expect_within = "3h"
"""


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """The company with a source of repairs that should speak every three hours; a worker said farewell long ago."""
    folder = make_company(tmp_path_factory.mktemp("quiet") / "home")
    with (folder / "mingcha.toml").open("a", encoding="utf-8") as file:
        file.write(SOURCES)
    return folder


@pytest.fixture
def opened(home):
    """`opened(hours, page)` is the page so many hours after the import, as text and markup."""

    def open_page(hours, page, **parameters):
        wiring.forget()
        wiring.use_folder(home)
        app = wiring.application()
        now = imported(app) + timedelta(hours=hours)
        wiring._application = replace(app, now=lambda: now)
        return text_of(run_page(page, **parameters))

    yield open_page
    wiring.forget()


def imported(app):
    query = sa.select(sa.func.max(BATCHES.c.started_at)).where(BATCHES.c.source == "repairs")
    with app.db.reading() as connection:
        return from_micros(connection.execute(query).scalar())


@pytest.fixture
def running_period():
    """A period that has not ended, whatever the day of the test."""
    today = datetime.now(UTC).astimezone(display.LOCAL).date()
    return f"2026-07-01..{today + timedelta(days=30)}"


@pytest.mark.parametrize("page", ["today", "league", "office"])
def test_a_page_that_rests_on_a_silent_source_says_as_of_when_it_is(opened, page, running_period):
    office = {"office": "990102"} if page == "office" else {}
    before = opened(2.99, page, period=running_period, **office)
    assert "本页不是最新" not in before
    assert "数据陈旧" not in before
    seen = opened(3.01, page, period=running_period, **office)
    assert re.search(r"数据截至 (\d+年)?\d+月\d+日 \d\d:\d\d：本页不是最新", seen)
    assert "repairs ：自" in seen
    assert "没有新的抢修（已 3 小时 00 分）；应每 3 小时 00 分至少一次" in seen
    assert ("数据陈旧" in seen) == (page != "today")
    assert ("R1 抢修到岗及时率 61.2% 数据陈旧" in seen) == (page == "office")


def test_the_rows_keep_score_rank_and_grade(opened, running_period):
    rows = r"\d 南庄供电所 \d+\.\d\d \S+"
    before, after = opened(2.99, "league", period=running_period), opened(3.01, "league", period=running_period)
    assert re.search(rows, before).group() == re.search(rows, after).group()


def test_a_page_that_does_not_rest_on_it_says_nothing(opened, running_period):
    for page, parameters in (("league", {"level": "hall"}), ("records", {"record": "tickets"}), ("sources", {})):
        assert "本页不是最新" not in opened(4, page, period=running_period, **parameters), page
    assert "本页不是最新" in opened(4, "records", period=running_period, record="repairs")


def test_a_quarter_that_had_ended_long_before_the_last_delivery_is_not_called_old(opened):
    assert "本页不是最新" not in opened(24, "league")
    assert "数据陈旧" not in opened(24, "league")


def test_withheld_scores_are_shown_as_withheld(home, opened, running_period):
    text = (home / "mingcha.toml").read_text("utf-8")
    (home / "mingcha.toml").write_text(text.replace("[company]", "[company]\nwithhold_stale = true"), "utf-8")
    forget_answers()
    try:
        league = opened(3.01, "league", period=running_period)
        assert re.search(r"暂不公布 (— )?南庄供电所 — —", league), league
        assert "以其为依据的得分暂不公布，直到有新数据。" in league
        office = opened(3.01, "office", period=running_period, office="990201")
        assert "在此之前得分暂不公布。" in office
        assert "R1 抢修到岗及时率" in office
    finally:
        (home / "mingcha.toml").write_text(text, "utf-8")
        forget_answers()


def forget_answers():
    """A configuration is read when the server starts: what it answered before is gone then."""
    cached._kept.clear()
    st.cache_resource.clear()


@pytest.mark.parametrize(
    ("state", "seconds", "said"),
    [("leading", 20, None), ("leading", 40, "后台进程自"), ("stopped", 5, "后台进程已于")],
)
def test_a_worker_that_is_gone_is_told_on_every_page(home, opened, state, seconds, said):
    wiring.use_folder(home)
    app = wiring.application()
    heard = imported(app) + timedelta(hours=1) - timedelta(seconds=seconds)
    row = {"holder": "a", "kind": "worker", "state": state, "started_at": to_micros(heard), "at": to_micros(heard)}
    with app.db.session() as connection:
        connection.execute(sa.insert(HEARTBEATS).values(row))
    try:
        for page in ("today", "sources"):
            seen = opened(1, page)
            assert (said in seen) if said else ("后台进程自" not in seen and "后台进程已于" not in seen)
            assert ("在它恢复之前不采集数据" in seen) == (said is not None)
    finally:
        with wiring.application().db.session() as connection:
            connection.execute(sa.delete(HEARTBEATS))


def test_the_red_lines_of_an_office_are_listed_with_their_evidence(home, opened):
    wiring.use_folder(home)
    at = to_micros(datetime(2026, 9, 30, 1, tzinfo=UTC))
    finding = {"sample_id": "H0101-2026-09-30-1", "hall_code": "H0101", "item_code": "B09", "observed_at": at,
               "source": "person", "created_at": at, "duration_proven": False}  # fmt: skip
    with wiring.application().db.session() as connection:
        number = connection.execute(sa.insert(FINDINGS).values(finding)).inserted_primary_key[0]
        review = {"finding_id": number, "decision": "confirmed", "by": "沈岚", "at": at + 3_600_000_000}
        connection.execute(sa.insert(REVIEWS).values(review))
    try:
        seen = opened(1, "office", office="990101")
        assert "1 一票否决" in seen
        assert "B09" in seen
        assert (
            "东河营业厅 9月30日 09:00 营业厅规范评分表 B09 抽查 H0101-2026-09-30-1 9月30日 10:00 沈岚 无申诉记录"
            in seen
        )
    finally:
        with wiring.application().db.session() as connection:
            connection.execute(sa.delete(REVIEWS).where(REVIEWS.c.finding_id == number))
            connection.execute(sa.delete(FINDINGS).where(FINDINGS.c.id == number))
