"""A violation by four people: one is rectified twice and closed, another is appealed against and annulled."""

from datetime import UTC, datetime, timedelta

import cv2
import numpy as np
import pytest

from dashboard.actions import inspections
from dashboard.actions.violations import open_by_hand
from dashboard.bootstrap import open_application
from dashboard.cases.opening import keep_cases
from dashboard.judging.rules import rules_of
from dashboard.people import viewer_named
from dashboard.queries.inspections import Entry
from dashboard.queries.violations import ledger
from tests.journeys.company import PERSON, make_company
from tests.journeys.conftest import Journey, serving

pytestmark = pytest.mark.browser
SECOND, HEAD, MANAGER = "周正", "方敏", "陆宁"
PEOPLE = f"""
"{SECOND}" = {{ role = "inspector", offices = ["*"] }}
"{HEAD}" = {{ role = "office_head", offices = ["990201"], works_at = "990201" }}
"{MANAGER}" = {{ role = "regional_manager", offices = ["9902"] }}

[cases]
days = 400
"""
SEEN = datetime.now(UTC) - timedelta(days=2)


@pytest.fixture(scope="module")
def company(tmp_path_factory):
    """(address, number of the candidate that a person saw, number of the case of a sheet, home)."""
    home = make_company(tmp_path_factory.mktemp("cases") / "home")
    with (home / "mingcha.toml").open("a", encoding="utf-8") as file:
        file.write(PEOPLE)
    app = open_application(directory=home, environment={})
    rules = rules_of(app.settings, app.db)
    now = app.now()
    keep_cases(app.db, app.settings, rules, now)
    inspector = viewer_named(app.settings, PERSON)
    sheet = next(one for one in ledger(app.db, inspector, rules=rules, as_of=now) if one.item == "R05")
    number = open_by_hand(app.db, by=inspector, office="H0201", item="B04", observed_at=SEEN, note="窗口无人",
                          at=now, rules=rules)  # fmt: skip
    app.db.engine.dispose()
    with serving(home) as address:
        yield address, number, sheet.number, home


def looked_again(home):
    """The second inspector goes there now; the number of the sheet."""
    app = open_application(directory=home, environment={})
    by, now, sheet = viewer_named(app.settings, SECOND), app.now(), rules_of(app.settings, app.db).rulebook.sheet
    draft = inspections.start(app.db, by=by, kind="on_site", hall="H0201", inspected_at=now, at=now)
    inspections.save_entry(app.db, by=by, draft=draft, item="B04", entry=Entry("ok", 1, ""), sheet=sheet, at=now)
    number = inspections.submit(app.db, by=by, draft=draft, root=home / "evidence", sheet=sheet, at=now)
    app.db.engine.dispose()
    return number


def act(journey, number, deed, photograph=None, **fields):
    """One deed on the page of the case; its text then."""
    page = journey.open("violation", number=number)
    page.get_by_role("radiogroup").get_by_text(deed, exact=True).click()
    journey.settle()
    if photograph:
        page.locator("input[type=file]").set_input_files(photograph)
        journey.settle()
    for label, value in fields.items():
        field = page.get_by_label(label.replace("_", " "), exact=True)
        if field.get_attribute("role") == "combobox":
            field.click()
            page.get_by_role("option", name=value).first.click()
        else:
            field.fill(value)
    page.locator("[data-testid=stFormSubmitButton] button", has_text=deed).click()
    journey.page.locator("p[role=status]").first.wait_for()
    journey.settle()
    return journey.text()


def test_a_candidate_is_confirmed_rectified_twice_and_closed(browser, company, tmp_path):
    address, number, _, home = company
    first, second, head, manager = (
        Journey(browser, address, "zh", 1440, "light", person) for person in (PERSON, SECOND, HEAD, MANAGER)
    )
    photograph = tmp_path / "proof.jpg"
    cv2.imwrite(str(photograph), np.full((200, 300, 3), 127, np.uint8))
    assert "疑似，待核实" in first.open("violation", number=number).locator(".mc .facts").first.inner_text()
    assert "已核实，待下发" in act(first, number, "核实成立", 说明="调阅录像属实")
    assert "整改中" in act(first, number, "下发整改", 说明="三个工作日内整改")
    assert "申诉中" in act(head, number, "申诉", 说明="当时正在为客户取资料")
    assert "申诉已裁定" in act(manager, number, "驳回申诉", 说明="录像中无客户")
    text = act(head, number, "提交整改", str(photograph), 说明="已调整排班", 佐证="排班表")
    assert "已提交，待复查" in text
    text = act(second, number, "复查退回", 说明="仍有空岗", 或检查表编号=looked_again(home))
    assert "整改中" in text
    act(head, number, "提交整改", 说明="已补人", 佐证="新排班表")
    assert "复查通过" in act(second, number, "复查通过", 说明="在岗", 或检查表编号=looked_again(home))
    text = act(first, number, "销号", 原因="履职不到位", 责任岗位和人员="营业厅主管", 整改措施="固定 AB 岗",
               佐证="值班表", 教育培训="班组学习一次")  # fmt: skip
    assert "已销号" in text
    assert "复查退回次数 1" in first.text(".mc .facts")
    assert number in first.open("violations", view="ended").locator("table.rows").first.inner_text()
    for one in (first, second, head, manager):
        one.close()


def test_an_appeal_upheld_by_somebody_else_annuls_and_the_score_follows(browser, company):
    address, _, number, _ = company
    head, manager = (Journey(browser, address, "en", 390, "dark", person) for person in (HEAD, MANAGER))
    head.open("office", office="990201")
    assert "95.55" in head.text()
    act(head, number, "Appeal", In_words="The counter was closed that day")
    assert "annulled" in act(manager, number, "Uphold the appeal", In_words="The closure was filed")
    for _ in range(10):  # without a worker the pages judge, every ten seconds at most
        head.open("office", office="990201")
        if "95.55" not in head.text():
            break
        head.page.wait_for_timeout(2000)
    # R05 took 4 of August's 100: H1 196 of 200 = 98 % is 14.25 of its 15 points. Without it only September counts,
    # H1 is 15, and 0.75 of the available 73 points is 1.03: 95.55 becomes 96.58
    assert "96.58" in head.text()
    assert head.page.evaluate("document.scrollingElement.scrollWidth - innerWidth") <= 0
    head.close()
    manager.close()
