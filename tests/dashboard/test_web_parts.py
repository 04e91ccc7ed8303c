"""Parts of the pages that need no browser: passes, markup, numbers, periods, colours, the address, events."""

import ast
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from dashboard.texts import set_language
from dashboard.web import display, passes, periods
from dashboard.web.components.blocks import Column, go, table
from dashboard.web.components.strip import address, event_of
from dashboard.web.markup import Safe, safe, tag
from dashboard.web.palette import DARK, LIGHT, contrast
from dashboard.web.state import Strip, read_strip

NOW = datetime(2026, 8, 21, 6, 5, tzinfo=UTC)


@pytest.fixture(autouse=True)
def chinese():
    set_language("zh")
    yield
    set_language("zh")


# --- passes -----------------------------------------------------------------------------------------------------------


def test_a_pass_holds_until_its_time_and_not_a_second_longer():
    word = passes.issue(7, "沈岚", 1_000.0)
    assert passes.read(word, 1_000.0) == passes.Pass(7, "沈岚", 900 + passes.LIFETIME)
    assert passes.read(word, 900 + passes.LIFETIME - 0.1) is not None
    assert passes.read(word, 900 + passes.LIFETIME) is None


def test_a_pass_stays_the_same_for_five_minutes_so_that_a_rerun_does_not_load_the_clip_anew():
    assert passes.issue(7, "沈岚", 900.0) == passes.issue(7, "沈岚", 1_199.9)
    assert passes.issue(7, "沈岚", 900.0) != passes.issue(7, "沈岚", 1_200.0)


def test_one_changed_letter_makes_a_pass_worthless():
    word = passes.issue(7, "沈岚", 1_000.0)
    for place in range(0, len(word), 7):
        forged = word[:place] + ("A" if word[place] != "A" else "B") + word[place + 1 :]
        assert passes.read(forged, 1_000.0) is None


# --- markup -----------------------------------------------------------------------------------------------------------


def test_text_from_a_ticket_never_becomes_a_tag():
    assert tag("p", "<script>alert(1)</script>", title='"><img>') == (
        '<p title="&quot;&gt;&lt;img&gt;">&lt;script&gt;alert(1)&lt;/script&gt;</p>'
    )
    assert "<b" not in go("/records?x=<b>", "<b>")


def test_what_was_built_here_is_kept_and_what_is_missing_left_out():
    assert safe(tag("b", 1), None, [" & ", Safe("<i>")]) == "<b>1</b> &amp; <i>"
    assert tag("a", "x", href=None, open=True, class_="k", data_go="1") == '<a open class="k" data-go="1">x</a>'


def test_a_cell_carries_its_heading_for_the_card_on_a_phone():
    assert '<td class="num" data-label="得分">7</td>' in table([Column("得分", "num")], [["7"]])


# --- numbers ----------------------------------------------------------------------------------------------------------


def test_numbers_look_as_agreed():
    assert display.score(91.265) == "91.27"  # half up, where Python's format says 91.26
    assert display.score(None) == "—"
    assert display.rate(0.6122449) == "61.2%"
    assert display.rate(0.9995) == "100.0%"
    assert display.count(1234567) == "1\u2009234\u2009567"
    assert (display.signed(0.004), display.signed(1.2), display.signed(-0.8)) == ("0.00", "+1.20", "−0.80")
    assert display.points_apart(-0.031) == "−3.1 个百分点"


def test_times_are_local_and_short():
    assert display.moment(NOW, NOW) == "8月21日 14:05"
    assert display.moment(datetime(2025, 12, 31, 16, 0, tzinfo=UTC), NOW) == "1月1日 00:00"
    assert display.moment(datetime(2025, 12, 31, 15, 59, tzinfo=UTC), NOW) == "2025年12月31日 23:59"
    assert display.exact(NOW) == "2026-08-21 14:05:00 UTC+8"
    set_language("en")
    assert display.moment(NOW, NOW) == "21 Aug 14:05"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(2592, "43 分 12 秒"), (3599, "59 分 59 秒"), (3600, "1 小时 00 分"), (86_399, "23 小时 59 分"),
     (86_400, "1 天 0 小时"), (-30, "−0 分 30 秒"), (None, "—")],
)  # fmt: skip
def test_a_duration_shows_its_two_largest_units(seconds, text):
    assert display.duration(seconds) == text


# --- periods ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "name", "before"),
    [("2026-Q3", "2026年第3季度", "2026-Q2"), ("2026-Q1", "2026年第1季度", "2025-Q4"),
     ("2026-01", "2026年1月", "2025-12"), ("2026-W01", "2026年第1周", "2025-W52"),
     ("2026-09-01..2026-09-15", "2026-09-01 – 2026-09-15", "2026-08-17..2026-08-31"),
     ("nonsense", "nonsense", None), ("2026-02-30..2026-03-01", "2026-02-30 – 2026-03-01", None)],
)  # fmt: skip
def test_a_period_has_a_name_and_one_before_it(code, name, before):
    assert periods.name(code) == name
    assert periods.before(code) == before


def test_the_periods_offered_hold_the_present_one_and_the_one_chosen():
    offered = [code for code, _, _ in periods.offered(NOW, "2024-Q1")]
    assert offered[0] == "2024-Q1"
    assert {"2026-Q3", "2026-08", "2026-W34"} <= set(offered)
    assert periods.current_quarter(datetime(2026, 9, 30, 16, 0, tzinfo=UTC)) == "2026-Q4"  # midnight in Shanghai


# --- colours ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize("writing", ["text", "quiet", "accent", "breach", "soon", "machine"])
@pytest.mark.parametrize("ground", ["ground", "panel", "wash"])
def test_every_colour_of_writing_has_a_contrast_of_four_and_a_half(theme, writing, ground):
    assert contrast(getattr(theme, writing), getattr(theme, ground)) >= 4.5


def test_contrast_is_that_of_the_standard():
    assert contrast("#000000", "#FFFFFF") == pytest.approx(21.0)
    assert contrast("#777777", "#FFFFFF") == pytest.approx(4.48, abs=0.01)


# --- the address ------------------------------------------------------------------------------------------------------

DEFAULT = Strip("2026-Q3", None, None, "zh", None)


def test_the_address_wins_then_what_was_shown_last_then_the_default():
    last = Strip("2026-Q2", "9901", None, "en", None)
    assert read_strip({}, None, lambda: DEFAULT) == DEFAULT
    assert read_strip({}, last, lambda: DEFAULT) == last
    assert read_strip({"period": "2026-08"}, last, lambda: DEFAULT) == Strip("2026-08", None, None, "en", None)
    assert read_strip({"lang": "fr"}, None, lambda: DEFAULT).lang == "zh"


def test_what_is_not_chosen_is_not_in_the_address():
    assert DEFAULT.parameters() == {"period": "2026-Q3", "lang": "zh"}


def test_only_events_of_our_own_form_are_followed():
    assert event_of({"kind": "go", "value": "/league?x=1"}).value == "/league?x=1"
    assert event_of({"kind": "run", "value": "x"}) is None
    assert event_of("go") is None
    assert address("/league?period=2026-Q3&tab=peers") == ("league", {"period": "2026-Q3", "tab": "peers"})
    assert address("https://elsewhere.example/x") == ("x", {})  # only ever a page of ours


def test_days_of_another_year_say_so():
    assert display.day(date(2025, 3, 4), date(2026, 1, 1)) == "2025年3月4日"


def test_everything_cached_has_the_scope_and_the_version_in_its_key():
    """Streamlit leaves arguments with a leading underscore out of the key: a shared answer would leak a scope."""
    root = Path(__file__).parents[2]
    found = []
    for path in [*(root / "dashboard" / "web").rglob("*.py"), *(root / "pages").glob("*.py")]:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef) and any("cache_" in ast.unparse(one) for one in node.decorator_list):
                found.append((path.name, node.name, {argument.arg for argument in node.args.args}))
    assert len(found) >= 5
    assert [where for *where, arguments in found if not {"scope", "version"} <= arguments] == []
