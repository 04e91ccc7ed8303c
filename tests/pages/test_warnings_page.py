"""The Warnings page: what breaches first on top, what people do about it, and what ended."""

from datetime import UTC, datetime, timedelta

import pytest

from collectors.mapping import SpreadsheetConfig, parse_config
from dashboard.bootstrap import open_application
from dashboard.database import Database
from dashboard.intake import import_file
from dashboard.judging.rules import rules_of
from dashboard.people import system_viewer
from dashboard.queries.warnings import warnings
from dashboard.warning.keeping import keep_warnings
from tests.journeys.company import make_company
from tests.pages.opening import markup_of, press, text_of

HEAD = "许立"
"""Of 西坝供电所 (990102)."""


def bring(home, *rows):
    """Repairs accepted so many minutes ago (a rural station has 90 to arrive), and the warnings that follow."""
    app = open_application(directory=home, environment={})
    now = datetime.now(UTC)
    lines = ["repair_no,office_code,area,accepted_at,taken_at,arrived_at,restored_at"]
    for number, office, minutes, arrived in rows:
        accepted = (now - timedelta(minutes=minutes)).isoformat()
        lines.append(
            ",".join([number, office, "rural", accepted, accepted, *([accepted] * 2 if arrived else ["", ""])])
        )
    path = home / "repairs-now.csv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    config = parse_config(SpreadsheetConfig, {"name": "repairs", "record": "repairs", "kind": "spreadsheet",
                                              "path": "x"}, "test")  # fmt: skip
    import_file(app.db, by=system_viewer(), path=path, config=config, now=now)
    keep_warnings(app.db, rules_of(app.settings, app.db), now)
    app.db.engine.dispose()


@pytest.fixture
def home(tmp_path):
    made = make_company(tmp_path / "home")
    bring(made, ("N-1", "990102", 60, False), ("N-2", "990102", 80, False), ("N-3", "990201", 100, False))
    return made


def field(kind, label):
    return next(one for one in kind if one.label == label)


def of(home, number):
    app = open_application(directory=home, environment={})
    assert isinstance(app.db, Database)
    found = [*warnings(app.db, system_viewer(), as_of=datetime.now(UTC)),
             *warnings(app.db, system_viewer(), as_of=datetime.now(UTC), closed=True)]  # fmt: skip
    app.db.engine.dispose()
    return next(one for one in found if one.number == number)


def test_what_breaches_first_stands_on_top_with_its_level(opened, home):
    text = text_of(opened(home, "early_warnings", level="station"))
    assert "哪些会变成明天的投诉，在谁手里？" in text
    rows = text_of(opened(home, "early_warnings"))
    assert rows.index("N-3") < rows.index("N-2") < rows.index("N-1")
    assert "已催供电所" in rows  # N-2: 26 of its 36 minutes are gone
    assert "N-2" not in text


def test_a_head_sees_their_own_and_closes_one_with_what_the_customer_said(opened, home):
    warning = of(home, "N-2")
    app = opened(home, "early_warnings", HEAD, warning=str(warning.id))
    assert "N-3" not in text_of(app)
    assert "缺少处置内容。" in press(app, "办结")
    assert "请选择转交给哪个单位。" in press(app, "转交")
    field(app.text_input, "处理经过").set_value("班组已到现场")
    field(app.selectbox, "客户").set_value(True)
    assert f"预警 {warning.id}：已记录。" in press(app, "办结")
    assert of(home, "N-2").state == "closed"
    ended = text_of(opened(home, "early_warnings", HEAD, view="ended"))
    assert "办结 1 条，其中客户满意 1 条；另有 0 条自行解除" in ended


def test_what_was_typed_for_one_warning_is_not_kept_with_the_next(opened, home):
    first, second = of(home, "N-1"), of(home, "N-2")
    app = opened(home, "early_warnings", warning=str(first.id))
    field(app.text_input, "处理经过").set_value("N-1 的班组已出发").run()
    app.query_params["warning"] = str(second.id)
    app.run()
    assert field(app.text_input, "处理经过").value == ""


def test_a_link_to_a_warning_tells_how_it_ended_and_nothing_of_one_out_of_sight(opened, home):
    bring(home, ("N-3", "990201", 100, True))
    number = of(home, "N-3").id
    text = text_of(opened(home, "early_warnings", warning=str(number)))
    assert f"预警 {number}" in text
    assert "自行解除：工单已办结" in text
    assert "§" not in text  # where a rule comes from is for who reads the catalogue
    for asked in (number, 999_999):
        page = opened(home, "early_warnings", HEAD, warning=str(asked))
        assert "没有这条预警，或不在您的查看范围内。" in text_of(page)


def test_the_figure_of_those_past_their_deadline_opens_their_list(opened, home):
    app = opened(home, "early_warnings")
    assert "level=late" in markup_of(app)
    late = text_of(opened(home, "early_warnings", level="late"))
    assert "N-3" in late  # 100 of 90 minutes
    assert "N-2" not in late


def test_what_is_over_by_itself_says_so(opened, home):
    bring(home, ("N-3", "990201", 100, True))
    assert of(home, "N-3").state == "moot"
    assert "自行解除" in text_of(opened(home, "early_warnings", view="ended"))


def test_acknowledging_is_kept_in_the_story(opened, home):
    warning = of(home, "N-1")
    app = opened(home, "early_warnings", warning=str(warning.id))
    press(app, "已阅")
    assert "沈岚 已阅" in text_of(app)
    assert "处置中" in text_of(app)


def test_an_empty_company_says_what_would_be_here(opened, tmp_path):
    home = make_company(tmp_path / "home", filled=False)
    assert "尚未开始预警判定" in text_of(opened(home, "early_warnings"))  # unknown is not none
    app = open_application(directory=home, environment={})
    keep_warnings(app.db, rules_of(app.settings, app.db), datetime.now(UTC))
    assert "没有需要预警的事项。" in text_of(opened(home, "early_warnings"))
    assert "还没有结束的预警。" in text_of(opened(home, "early_warnings", view="ended"))
