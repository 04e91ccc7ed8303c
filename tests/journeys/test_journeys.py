"""What a person does at the pages, to the end: a fact they would write down. In both languages, at both widths."""

import re

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser


def test_today_the_repair_that_runs_out_first_is_dh_040_with_one_band(journey):
    page = journey.open(as_of="2026-09-30T10:10:00+08:00")
    assert re.match({"zh": "(20|19) 分", "en": "(20|19) min"}[journey.lang], journey.card("DH-040"))  # it moves
    page.locator("a.mc-go", has_text="DH-040").first.click()
    page.wait_for_url("**/record?**")
    journey.settle()
    fact = "R1 抢修到岗及时率 待定 90 分钟" if journey.lang == "zh" else "R1 Arrivals on time pending 90 min"
    assert fact in re.sub(r"(指标|判定|时限|Indicator|Verdict|Limit) ?", "", journey.text()) or fact in journey.text()


def test_league_the_worst_station_is_xiba_with_r1_61_2_percent(journey):
    page = journey.open("league")
    words = {"zh": "单项指标", "en": "One indicator"}[journey.lang]
    page.get_by_role("link", name=words, exact=True).click()
    page.wait_for_url("**tab=indicator**")
    journey.settle()
    page.locator("nav.tabs a", has_text="R1 ").click()
    page.wait_for_url("**indicator=R1**")
    journey.settle()
    rows = page.locator("table.rows.cards").last.locator("tbody tr")
    worst = re.sub(r"\s+", " ", rows.last.inner_text())
    assert "西坝供电所" in worst
    assert "61.2%" in worst
    assert "30 / 49" in worst
    reading = {"zh": "差于偶然所能解释", "en": "worse than chance explains"}[journey.lang]
    assert reading in worst
    page.wait_for_selector("[data-testid=stVegaLiteChart] svg")


def test_league_the_best_station_may_stand_lower_by_chance_and_r1_is_drawn_beside(journey):
    page = journey.open("league")
    best = page.locator("table.rows.cards").first.locator("tbody tr").first
    assert "南庄供电所" in best.inner_text()
    words = {"zh": "第 1 名，偶然性之下在第 1 到第", "en": "rank 1, by chance between 1 and"}[journey.lang]
    assert best.locator(f"[aria-label^='{words}']").is_visible()
    assert best.locator(".weeks").is_visible()
    expect(page.locator("[data-testid=stVegaLiteChart] svg")).to_have_count(1, timeout=60_000)
    differ = {"zh": "确有差别的两两：3 对中", "en": "Pairs that really differ:"}[journey.lang]
    assert differ in journey.text()


def test_office_xiba_lost_most_by_r1_and_the_record_behind_it_was_5_min_30_s_over(journey):
    page = journey.open("office", office="990102")
    assert "50.75" in journey.text(".figures")
    lost = journey.card("R1 ")
    assert "61.2%" in lost
    page.locator("a.mc-go", has_text="XB-001").first.click()
    page.wait_for_url("**/record?**number=XB-001**")
    journey.settle()
    over = {"zh": "超 5 分 30 秒", "en": "5 min 30 s over"}[journey.lang]
    assert over in journey.text()


def test_records_nineteen_of_xiba_were_late(journey):
    page = journey.open("league", tab="indicator", indicator="R1")
    page.locator("table.rows a", has_text="61.2%").click()
    page.wait_for_url("**/records?**")
    journey.settle()
    page.get_by_role("link", name={"zh": "超时", "en": "late"}[journey.lang], exact=True).click()
    page.wait_for_url("**verdict=late**")
    journey.settle()
    assert {"zh": "第 1–19 条，共 19 条", "en": "1–19 of 19"}[journey.lang] in journey.text()


def test_record_the_complaint_was_answered_on_the_sixth_working_day(journey):
    journey.open("record", record="tickets", number="C-XB-01")
    text = journey.text()
    assert {"zh": "T2 投诉答复及时率", "en": "T2 Complaints answered in time"}[journey.lang] in text
    assert {"zh": "5 个工作日", "en": "5 working days"}[journey.lang] in text
    # accepted on Monday 6 July, so that the fifth working day is Monday 13 July; answered on the 14th at 10:00
    assert {"zh": "超 10 小时 00 分", "en": "10 h 00 min over"}[journey.lang] in text
    assert "tickets.csv" in text


def test_sources_one_repair_waits_in_quarantine_for_an_unknown_office(journey):
    page = journey.open("sources")
    page.locator("table.rows a", has_text={"zh": "单位未知", "en": "the office is unknown"}[journey.lang]).click()
    page.wait_for_url("**reason=unknown_office**")
    journey.settle()
    assert "XX-001" in journey.text()
    assert "无此供电所" in journey.text()


def test_a_link_shows_a_colleague_the_same_view(desk):
    first = desk()
    page = first.open("league", tab="indicator", indicator="R1", office="9901")
    address, seen = page.url, first.text("table.rows")
    other = desk()
    other.page.goto(address)
    other.settle()
    assert other.text("table.rows") == seen
    assert "南庄供电所" not in seen


def test_the_strip_changes_the_language_and_the_period_in_the_address(desk):
    journey = desk()
    page = journey.open("league")
    page.locator("select[name=lang]").select_option("en")
    page.wait_for_url("**lang=en**")
    journey.settle()
    assert "Who is better, and is it real?" in journey.text()
    page.locator("select[name=period]").select_option("2026-Q2")
    page.wait_for_url("**period=2026-Q2**")
    journey.settle()
    assert "lang=en" in page.url
    page.go_back()
    page.wait_for_url("**period=2026-Q3**")


def test_a_new_browser_asks_who_sits_there_and_remembers(desk):
    journey = desk(person=None)
    journey.page.goto(f"{journey.base}/league?period=2026-Q3&lang=zh")
    journey.page.get_by_role("button", name="沈岚 · 纪检监察").click()
    journey.page.get_by_text("谁做得更好，差别是真的吗？").wait_for()
    journey.page.reload()
    journey.page.get_by_text("谁做得更好，差别是真的吗？").wait_for()


def test_a_countdown_moves_by_itself(desk):
    journey = desk()
    page = journey.open(as_of="2026-09-30T10:10:00+08:00")
    first = page.locator("[data-until]").first.inner_text()
    page.wait_for_timeout(2500)
    assert page.locator("[data-until]").first.inner_text() != first


def test_a_click_on_a_bar_of_the_waterfall_opens_its_indicator(desk):
    journey = desk()
    page = journey.open("office", office="990102", indicator="T2")
    page.locator("[data-testid=stVegaLiteChart] svg .mark-rect path").first.click()
    page.wait_for_url("**indicator=R1**")


def test_nothing_is_wider_than_a_phone(desk):
    journey = desk(width=390)
    for slug in ("", "league", "office", "records", "review", "sources"):
        page = journey.open(slug, office="990102") if slug == "office" else journey.open(slug)
        wide = page.evaluate("document.scrollingElement.scrollWidth - innerWidth")
        assert wide <= 0, f"{slug or 'today'} is {wide} px too wide"


def test_a_page_prints_without_the_machinery_of_the_screen(desk):
    journey = desk()
    page = journey.open("league")
    page.emulate_media(media="print")
    assert page.locator("[data-testid=stHeader]").is_hidden()
    assert page.locator("table.rows").first.is_visible()
    assert len(page.pdf(format="A4")) > 10_000
