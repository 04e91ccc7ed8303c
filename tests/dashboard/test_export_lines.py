"""Sheets 05 and 06 of the quarter's workbook, and last year's finished scores in sheet 01, worked by hand."""

import io
from datetime import UTC, datetime

import openpyxl
import pytest

from collectors.mapping import SpreadsheetConfig, parse_config
from dashboard.bootstrap import Application
from dashboard.database import Database
from dashboard.database.migrate import migrate
from dashboard.exports.workbook import quarter_workbook
from dashboard.freezing.facts import facts_document, facts_of
from dashboard.intake import import_file
from dashboard.people import Viewer, system_viewer
from dashboard.queries.quarter import quarter
from dashboard.settings import Settings
from dashboard.texts import set_language
from tests.journeys.company import write_files
from tests.journeys.lines_company import bring_lines

NOW = datetime(2026, 10, 20, 4, tzinfo=UTC)


@pytest.fixture(scope="module")
def company(tmp_path_factory):
    home = tmp_path_factory.mktemp("export")
    db = Database(f"sqlite:///{home / 'mingcha.db'}")
    migrate(db)
    for record, path in write_files(home):
        config = parse_config(SpreadsheetConfig, {"name": record, "record": record}, "the test")
        import_file(db, by=system_viewer(), path=path, config=config, now=NOW, name=path.name)
    bring_lines(db, home)
    yield Application(Settings(home=home), db, system_viewer(), now=lambda: NOW)
    db.engine.dispose()


@pytest.fixture(scope="module")
def book(company):
    set_language("zh")
    return openpyxl.load_workbook(io.BytesIO(quarter_workbook(company, company.viewer, "2026-Q3", NOW)))


def row_of(sheet, office):
    return next([cell.value for cell in row] for row in sheet.iter_rows() if row[1].value == office)


def test_connections_are_counted_against_their_limits_with_what_the_forms_say(book):
    """YK-5 had until 12 October (1 to 7 October off, Saturday 10 October worked) and YK-8 ran out in September."""
    east, west = (row_of(book["05 业扩与三指定"], name) for name in ("东河供电所", "西坝供电所"))
    assert east[3:8] == [4, 2, 0, 1, 0]  # judged YK-1, 2, 3, 5; late 2 and 5; YK-4 cannot be judged
    assert (east[8], east[11], east[14]) == (0.5, 0.333333, 0.8)  # one form of three connected; four cards of five
    assert west[3:8] == [2, 1, 0, 0, 0]
    assert east[17:] == [1, 0, 0, 0, 0]
    assert west[17:] == [1, 0, 1, 0, 0]
    assert row_of(book["05 业扩与三指定"], "甲县供电公司")[17:] == [2, 0, 1, 0, 0]


def test_what_few_forms_say_is_not_printed_for_an_office_nor_for_who_is_no_inspector(company):
    """From one form, or two, its customer could be told (docs/forms.md)."""
    for person in (
        Viewer("许立", "office_head", frozenset({"990102"})), Viewer("秦怀瑾", "evaluator", frozenset({"*"})),
    ):  # fmt: skip
        book = openpyxl.load_workbook(io.BytesIO(quarter_workbook(company, person, "2026-Q3", NOW)))
        row = row_of(book["05 业扩与三指定"], "西坝供电所")
        assert row[17:] == [1, "—", "—", "—", "—"]


def test_other_lines_are_sums_of_their_months(book):
    sheet = book["06 其他指标"]
    assert row_of(sheet, "东河供电所")[6] == 0.055  # 11 of 200
    assert row_of(sheet, "甲县供电公司")[6] == 0.045  # 36 of 800
    assert row_of(sheet, "东河供电所")[3] == "—"


def test_a_year_without_records_is_compared_by_its_finished_scores_and_says_so(book, company):
    sheet = book["01 总览排名"]
    assert 90 in row_of(sheet, "东河供电所")
    texts = [cell.value for row in sheet.iter_rows() for cell in row if isinstance(cell.value, str)]
    assert "2025-Q3的得分为导入数据，未经复算。" in texts
    facts = quarter(company, company.viewer, "2026-Q3", NOW)
    again = facts_of(facts_document(facts), facts.rulebook, facts.edition)
    assert again.lines == facts.lines  # what is frozen prints the same sheets
