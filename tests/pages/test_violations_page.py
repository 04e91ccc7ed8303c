"""Cases on their pages: whose they are, what is told of others, and a page that grew old."""

import io
import re
from datetime import UTC, date, datetime, time, timedelta

import pytest
from PIL import Image

from dashboard.actions.letters import write_letter
from dashboard.actions.rectified import add_proof
from dashboard.actions.violations import deal, open_by_hand
from dashboard.bootstrap import open_application
from dashboard.cases.telling import DEED_WORDS
from dashboard.judging.rules import rules_of
from dashboard.people import viewer_named
from dashboard.queries.violations import violation
from dashboard.texts import t
from dashboard.web.passes import read
from tests.journeys.company import PERSON, make_company
from tests.pages.opening import markup_of, press, text_of

HEAD = "许立"
"""Of 西坝供电所 (990102): the hall H0201 is not theirs."""
NOTHING = "没有这个案件，或不在您可见范围内。"


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """(home, number of a candidate at 南庄营业厅 that an inspector saw)."""
    home = make_company(tmp_path_factory.mktemp("violations") / "home")
    app = open_application(directory=home, environment={})
    number = open_by_hand(
        app.db, by=viewer_named(app.settings, PERSON), office="H0201", item="B04", note="窗口无人",
        observed_at=datetime.now(UTC) - timedelta(days=1), at=datetime.now(UTC), rules=rules_of(app.settings, app.db),
    )  # fmt: skip
    app.db.engine.dispose()
    return home, number


def test_a_case_out_of_sight_and_one_that_is_none_give_the_same_words(opened, made):
    home, number = made
    for person, asked in ((HEAD, number), (HEAD, "V-2026-999999"), (PERSON, "V-2026-999999"),
                          (PERSON, "' OR 1=1 --"), (PERSON, "<b>V</b>")):  # fmt: skip
        text = text_of(opened(home, "violation", person, number=asked))
        assert NOTHING in text
        assert "窗口无人" not in text
    assert number not in text_of(opened(home, "violations", HEAD))
    assert number in text_of(opened(home, "violations", state="candidate", severity="C"))
    assert number in text_of(opened(home, "office", office="990201"))


def test_each_figure_of_the_ledger_opens_what_it_counts_and_today_leads_there(opened, made):
    """A candidate of severity C has two working days to be verified, so none of it ends today."""
    home, number = made
    kept = open_application(directory=home, environment={})
    by, rules, now = viewer_named(kept.settings, PERSON), rules_of(kept.settings, kept.db), datetime.now(UTC)
    long_ago = now - timedelta(days=40)
    overdue = open_by_hand(kept.db, by=by, office="H0201", item="E01", note="台面凌乱", observed_at=long_ago,
                           at=long_ago, rules=rules)  # fmt: skip
    kept.db.engine.dispose()
    shown = opened(home, "violations", level="today")
    assert overdue in text_of(shown)
    assert number not in text_of(shown)
    assert overdue in text_of(opened(home, "violations", level="late"))
    none = text_of(opened(home, "violations", level="appealed"))
    assert overdue not in none
    assert "没有案件符合所选条件。" in none
    today = opened(home, "today")
    assert "案件今日到期或逾期" in text_of(today)
    listed = text_of(today).split("案件与整改到期")[1]
    assert listed.index(overdue) < listed.index(number)  # each with its countdown, what ends first on top
    assert "案件与整改到期" not in text_of(opened(home, "today", HEAD))  # of another station
    assert 'href="/violations?' in markup_of(today)
    assert "level=today" in markup_of(today)


def test_a_page_that_grew_old_says_what_happened_and_keeps_the_words(opened, made):
    home, number = made
    app = opened(home, "violation", number=number)
    app.segmented_control[0].set_value("reject").run()
    app.text_area[0].set_value("是客户离席")
    kept = open_application(directory=home, environment={})
    deal(kept.db, by=viewer_named(kept.settings, PERSON), number=number, deed="remind", seen=1, at=datetime.now(UTC),
         rules=rules_of(kept.settings, kept.db))  # fmt: skip
    kept.db.engine.dispose()
    text = press(app, "不属违规")
    assert "什么都没有改动。" in text
    assert f"在此期间已由 {PERSON} 处理：已提醒单位" in text
    assert app.text_area[0].value == "是客户离席"
    assert "核实不属实" in press(app, "不属违规")


def test_the_letters_of_a_case_are_listed_and_written_from_its_page(opened, made):
    home, _ = made
    kept = open_application(directory=home, environment={})
    by, rules, at = viewer_named(kept.settings, PERSON), rules_of(kept.settings, kept.db), datetime.now(UTC)
    seen_at = at - timedelta(hours=2)
    number = open_by_hand(
        kept.db, by=by, office="H0201", item="B05", note="无人引导", observed_at=seen_at, at=at, rules=rules
    )
    for seen, (deed, what) in enumerate((("confirm", {"item": "B05"}), ("send_down", {})), start=1):
        deal(kept.db, by=by, number=number, deed=deed, seen=seen, at=at, rules=rules, note="x", **what)
    write_letter(kept, by=by, kind="notice", numbers=[number])
    kept.db.engine.dispose()
    page = opened(home, "violation", number=number)
    assert f"整改通知单 · L-{at + timedelta(hours=8):%Y}-000001 · {PERSON}" in text_of(page)
    assert [one.proto.label for one in page.get("download_button")] == ["制发：整改通知单", "制发：通报"]
    assert NOTHING in text_of(opened(home, "violation", HEAD, number=number))
    (home / "own").mkdir()
    (home / "own" / "circular.docx").write_bytes(b"no file of Word")
    (home / "mingcha.toml").write_text(
        '[letters]\nfolder = "own"\n' + (home / "mingcha.toml").read_text(encoding="utf-8"), encoding="utf-8"
    )
    page = opened(home, "violation", number=number)
    assert "circular.docx不是可读取的 Word 文件。" in text_of(page)
    assert [one.proto.label for one in page.get("download_button")] == ["制发：整改通知单"]


def rectified(home):
    """A case that one inspector confirmed and the station's head rectified with a photograph: its number."""
    kept = open_application(directory=home, environment={})
    rules, now = rules_of(kept.settings, kept.db), datetime.now(UTC)
    inspector, head = (viewer_named(kept.settings, name) for name in (PERSON, "东所"))
    number = open_by_hand(kept.db, by=inspector, office="H0101", item="B04", note="窗口无人", rules=rules,
                          observed_at=now - timedelta(hours=2), at=now)  # fmt: skip
    picture = io.BytesIO()
    Image.new("RGB", (64, 48), (90, 140, 90)).save(picture, "JPEG")
    deeds = ((inspector, "confirm", {"item": "B04"}), (inspector, "send_down", {}), (head, "submit", {"proof": "照片"}))
    for seen, (by, deed, what) in enumerate(deeds, start=1):
        if deed == "submit":
            add_proof(kept.db, kept.settings, by=by, number=number, content=picture.getvalue(), at=now)
        deal(kept.db, by=by, number=number, deed=deed, seen=seen, at=now, rules=rules, note="x", **what)
    kept.db.engine.dispose()
    return number


def passes_in(markup):
    return [read(word) for word in re.findall(r"/evidence/([^\"]+)", markup)]


def test_who_rechecks_sees_the_proof_clearly_and_who_confirmed_is_told_why_not(opened, made):
    home, _ = made
    more = (
        '[people]\n"苏晴" = { role = "inspector", offices = ["*"] }\n'
        '"东所" = { role = "office_head", offices = ["990101"] }\n'
    )
    toml = home / "mingcha.toml"
    toml.write_text(toml.read_text(encoding="utf-8").replace("[people]\n", more), encoding="utf-8")
    number = rectified(home)
    confirmed, rechecks = opened(home, "violation", number=number), opened(home, "violation", "苏晴", number=number)
    said = "由另一名纪检人员复查：认定或复核过此案的人员不得复查。"
    assert said in text_of(confirmed)
    assert said not in text_of(rechecks)
    assert [one.original for one in passes_in(markup_of(confirmed))] == [False]
    assert [one.original for one in passes_in(markup_of(rechecks))] == [True]
    head = opened(home, "violation", "东所", number=number)
    assert [one.original for one in passes_in(markup_of(head))] == [False]
    story = text_of(head)
    assert "评分表条目：B04 先内后外、让客户空等" in story
    assert "已提交整改结果" in story


def test_a_closed_case_is_not_said_to_be_a_closed_hall():
    words = {deed: t(said, language="zh") for deed, said in DEED_WORDS.items()}
    assert words["close"] == "已销号"


def test_an_inspector_enters_what_was_seen_and_makes_several_cases_known(opened, made):
    home, _ = made
    app = opened(home, "violations")
    assert "须填写单位、评分项、日期和时间。" in press(app, "立案")
    app.selectbox(key="violation_new_office").set_value("H0201")
    app.selectbox(key="violation_new_item").set_value("B05")
    app.date_input(key="violation_new_day").set_value(date(2026, 3, 2))
    app.time_input(key="violation_new_time").set_value(time(10, 5))
    app.text_area(key="violation_new_note").set_value("无人引导")
    told = press(app, "立案")
    number = re.search(r"(V-\d{4}-\d{6})", told)[1]
    kept = open_application(directory=home, environment={})
    by, rules, at = viewer_named(kept.settings, PERSON), rules_of(kept.settings, kept.db), datetime.now(UTC)
    one = violation(kept.db, by, number, rules=rules, as_of=at).violation
    assert (one.office, one.item, one.state) == ("H0201", "B05", "candidate")
    assert one.observed_at == datetime(2026, 3, 2, 2, 5, tzinfo=UTC)
    # nothing is confirmed: no circular; then it is, and may be chosen
    assert number not in " ".join(o for box in app.multiselect if box.key == "circular_chosen" for o in box.options)
    deal(kept.db, by=by, number=number, deed="confirm", seen=1, at=at, rules=rules, note="x", item="B05")
    kept.db.engine.dispose()
    app = opened(home, "violations")
    box = app.multiselect(key="circular_chosen")
    assert f"{number} · B05 不使用普通话/文明用语、服务忌语 · 南庄营业厅" in box.options
    (home / "own" / "circular.docx").unlink(missing_ok=True)  # the one that cannot be read
    box.set_value([number]).run()
    assert "制发：通报" in [one.proto.label for one in app.get("download_button")]
    assert "录入发现的问题" not in text_of(opened(home, "violations", HEAD))
