"""Connections, evaluations and measures behind their pages, worked by hand, on both databases."""

from datetime import UTC, datetime

import pytest

from checks.connections import load_standards
from checks.forms import load_thresholds
from checks.measures import load_measures
from checks.periods import parse_period
from collectors.mapping import SpreadsheetConfig, parse_config
from dashboard.database import Database
from dashboard.database.migrate import migrate
from dashboard.errors import MingchaError, UsageError
from dashboard.intake import by_hand, import_file
from dashboard.intake.tables import alone
from dashboard.judging.rules import rules_of
from dashboard.people import Viewer, system_viewer
from dashboard.queries.connection_board import board
from dashboard.queries.connections import connections
from dashboard.queries.forms import recovery
from dashboard.queries.lines import all_lines, line_by_office, shown_months
from dashboard.queries.offices import visible_tree
from dashboard.queries.plain_records import plain_records
from dashboard.queries.record import record
from dashboard.settings import Settings
from tests.journeys.company import write_files
from tests.journeys.lines_company import bring_lines

NOON = datetime(2026, 9, 30, 4, tzinfo=UTC)
QUARTER = parse_period("2026-Q3")
HEAD = Viewer("许立", "office_head", frozenset({"990102"}))
EVERYONE = frozenset({"990101", "990102", "990201", "990202"})


@pytest.fixture
def company(database, tmp_path):
    return filled(database, tmp_path)


@pytest.fixture(scope="module")
def embedded(tmp_path_factory):
    """The same where the kind of database cannot matter; read only."""
    folder = tmp_path_factory.mktemp("lines")
    made = Database(f"sqlite:///{folder / 'mingcha.db'}")
    yield filled(made, folder)
    made.engine.dispose()


def filled(database, tmp_path):
    migrate(database)
    for name, path in write_files(tmp_path):
        if name in ("offices", "tickets", "inspections"):
            config = parse_config(SpreadsheetConfig, {"name": name, "record": name, "system": "营销"}, "the test")
            import_file(database, by=system_viewer(), path=path, config=config, now=NOON, name=path.name)
    bring_lines(database, tmp_path)
    return database


@pytest.fixture
def rules(tmp_path):
    return rules_of(Settings(home=tmp_path))


def flows(found):
    return {flow.number: (flow.days, flow.limit, flow.paused, flow.state) for flow in found}


def test_flows_are_counted_in_working_days_without_their_pauses(company, rules):
    found = connections(company, system_viewer(), rules, offices=EVERYONE, period=QUARTER, as_of=NOON)
    assert flows(found.open) == {"YK-8": (12, 5, 0, "late"), "YK-5": (2, 6, 0, "pending")}
    assert [flow.number for flow in found.open] == ["YK-8", "YK-5"]  # what has used most of its time comes first
    assert [flow.reached for flow in found.open] == ["accepted_at", "plan_answered_at"]
    assert flows(found.finished) == {
        "YK-1": (5, 5, 0, "on_time"), "YK-2": (6, 5, 0, "late"), "YK-3": (22, 22, 4, "on_time"),
        "YK-9": (2, 5, 0, "on_time"),
    }  # fmt: skip
    legs = {(leg.kind, leg.start, leg.end): (leg.count, leg.median) for leg in found.legs}
    assert legs["residential", "accepted_at", "plan_answered_at"] == (3, 1.0)  # 1, 2 and 1 days
    assert legs["residential", "plan_answered_at", "connected_at"] == (3, 4.0)  # 4, 4 and 1


def test_at_an_earlier_moment_what_was_finished_later_is_open(embedded, rules):
    early = datetime(2026, 7, 8, 7, tzinfo=UTC)  # 15:00, an hour before YK-1 was connected
    found = connections(embedded, system_viewer(), rules, offices=EVERYONE, period=QUARTER, as_of=early)
    assert set(flows(found.open)) == {"YK-1", "YK-2", "YK-3"}
    assert set(flows(found.finished)) == {"YK-9"}


def test_a_head_sees_the_own_flows_and_forms_only(embedded, rules):
    found = connections(embedded, HEAD, rules, offices=EVERYONE, period=QUARTER, as_of=NOON)
    assert set(flows(found.open)) == {"YK-8"}


def test_the_board_shows_each_step_against_each_limit_and_what_is_stuck(company, rules):
    """YK-77: 22 July to 30 September is day 70 and working day 50, 30 of them paused without a signed record."""
    accepted = int(datetime(2026, 7, 22, 1, tzinfo=UTC).timestamp()) * 1_000_000
    stuck = {"system": "营销", "application_no": "YK-77", "office_code": "990101", "class": "high_voltage_single",
             "accepted_at": accepted, "paused_working_days": 30, "papers": 3, "visits": 3}  # fmt: skip
    with alone(company) as tables:
        by_hand.enter(tables, "applications", [stuck], by=system_viewer(), at=NOON, details={})
    asked = {"offices": EVERYONE, "period": QUARTER, "as_of": NOON}
    found = board(company, system_viewer(), rules, load_standards(), **asked)
    told = {
        (cell.step.code, cell.limit.kind, cell.kind):
        (cell.limit.amount, cell.running, cell.over, cell.unsigned, cell.done, cell.late, cell.numbers)
        for cell in found.cells
    }  # fmt: skip
    assert told["connection", "promise", "residential"] == (5, 1, 1, 0, 3, 1, ("YK-8", "YK-2"))
    assert told["connection", "promise", "low_voltage"] == (6, 1, 0, 0, 0, 0, ())  # YK-4 was withdrawn
    assert told["connection", "promise", "high_voltage_single"] == (22, 1, 0, 1, 1, 0, ())
    assert told["plan_answer", "law", "residential"] == (3, 1, 1, 0, 3, 0, ("YK-8",))
    assert told["plan_answer", "law", "high_voltage_single"] == (20, 1, 0, 1, 1, 0, ())
    assert told["plan_answer", "internal", "high_voltage_single"] == (15, 1, 1, 0, 1, 0, ("YK-77",))
    assert (found.archived, found.on_time, found.open, found.stuck) == (3, 2, 3, 1)  # YK-3 is not archived
    assert [(age.since, age.to, age.count, age.numbers) for age in found.ages] == [
        (0, 70, 0, ()), (70, 120, 1, ("YK-77",)), (120, 300, 0, ()), (300, None, 0, ())]  # fmt: skip
    single = [(one.what, one.most, one.known, one.over) for one in found.asked
              if one.allowed.class_ == "high_voltage_single"]  # fmt: skip
    assert single == [("papers", 2, 1, 1), ("visits", 3, 1, 0)]
    assert [one.unknown for one in found.asked if one.allowed.code == "zero.low_voltage"] == [2]
    assert (found.pauses.paused, found.pauses.unsigned, found.pauses.numbers) == (2, 2, ("YK-77", "YK-3"))
    own = board(company, HEAD, rules, load_standards(), **asked)
    assert (own.archived, own.open, own.stuck) == (1, 1, 1)


def test_forms_are_counted_per_office_and_answer(company):
    asked = {"offices": EVERYONE, "period": QUARTER, "as_of": NOON}
    found = recovery(company, system_viewer(), load_thresholds(), **asked)
    assert [(one.office, one.issued, one.collected, one.yes, one.standing) for one in found] == [
        ("990101", None, 1, (0, 0, 0, 0), "insufficient"), ("990102", None, 1, (0, 1, 0, 0), "suspicion"),
    ]  # fmt: skip
    assert [(one.office, one.yes) for one in recovery(company, HEAD, load_thresholds(), **asked)] == [("990102", None)]


def test_who_accuses_is_not_told_to_the_head_of_the_accused_office(embedded, rules):
    """Promise 5: the form's flow names its customer; the inspector sees it, the head does not, from neither side."""
    as_seen = {"db": embedded, "rules": rules, "as_of": NOON}
    told = record(viewer=system_viewer(), record="evaluations", number="PJ-9", **as_seen)
    assert told.values["record_no"] == "YK-9"
    assert told.linked == (("application", "applications", "YK-9"),)
    with pytest.raises(MingchaError, match="outside what you may see"):
        record(viewer=HEAD, record="evaluations", number="PJ-9", **as_seen)
    assert record(viewer=HEAD, record="applications", number="YK-9", **as_seen).linked == ()
    seen = record(viewer=system_viewer(), record="applications", number="YK-9", **as_seen).linked
    assert seen == (("evaluation", "evaluations", "PJ-9"),)
    call = record(viewer=HEAD, record="evaluations", number="HF-1", **as_seen)
    assert call.linked == (("ticket", "tickets", "C-XB-02"),)


def lines(found):
    return {one.measure.code: one for one in found}


def test_a_line_is_the_sum_of_what_its_offices_report(company, rules):
    tree, edition = visible_tree(company, system_viewer()), rules.rulebook.editions[-1]
    known = load_measures()
    as_of = datetime(2026, 10, 20, tzinfo=UTC)
    found = lines(all_lines(company, system_viewer(), tree, known, edition, office="99", period=QUARTER, as_of=as_of))
    assert len(found) == len(known.by_code)
    loss = found["line_loss"]
    assert [month.month for month in loss.months][-3:] == ["2026-07", "2026-08", "2026-09"]
    assert [month.value for month in loss.months[-3:]] == [0.04, 0.05, None]
    assert [month.year_before for month in loss.months[-3:]] == [0.08, 0.06, None]
    assert (loss.last.month, loss.indicator.code, float(loss.indicator.target)) == ("2026-08", "O2", 0.05)
    assert found["low_voltage_users"].last.value == 40
    assert found["low_voltage_users"].indicator is None
    assert found["fee_collection"].last is None


def test_a_line_by_office_names_who_reports_it(embedded, rules):
    tree, edition = visible_tree(embedded, system_viewer()), rules.rulebook.editions[-1]
    loss = load_measures().by_code["line_loss"]
    as_of = datetime(2026, 10, 20, tzinfo=UTC)
    found = line_by_office(embedded, system_viewer(), tree, loss, edition, office="9901", period=QUARTER, as_of=as_of)
    assert [(one.office, one.last.value) for one in found] == [("9901", 0.05), ("990101", 0.05), ("990102", 0.05)]
    assert found[1].months[-3].value == 0.06


def test_a_month_that_has_not_ended_is_not_shown():
    assert shown_months(QUARTER, datetime(2026, 8, 31, 15, 59, tzinfo=UTC))[-1] == "2026-07"
    assert shown_months(QUARTER, datetime(2026, 8, 31, 16, 0, tzinfo=UTC))[-1] == "2026-08"


def test_plain_records_lead_to_file_and_row(company):
    tree = visible_tree(company, system_viewer())
    rows, total = plain_records(company, system_viewer(), tree, record="measures", period=QUARTER,
                                indicator="line_loss", limit=2)  # fmt: skip
    assert total == 4
    assert [(row.office, row.values["period"], row.file, row.row_no) for row in rows] == [
        ("990101", "2026-08", "measures.csv", 8), ("990102", "2026-08", "measures.csv", 9),
    ]  # fmt: skip
    visits, total = plain_records(company, system_viewer(), tree, record="inspections", period=QUARTER)
    assert (total, visits[0].number, visits[0].values["item_code"]) == (1, "J-1", "R05")
    mine = visible_tree(company, HEAD)
    assert plain_records(company, HEAD, mine, record="measures", period=QUARTER)[1] == 2
    assert plain_records(company, HEAD, mine, record="inspections", period=QUARTER)[1] == 0
    with pytest.raises(UsageError):
        plain_records(company, system_viewer(), tree, record="tickets", period=QUARTER)
    with pytest.raises(MingchaError):
        plain_records(company, HEAD, mine, record="measures", period=QUARTER, office="990101")


def test_a_row_of_a_number_that_many_rows_share_is_found_by_its_id(embedded, rules):
    tree = visible_tree(embedded, system_viewer())
    rows, _ = plain_records(embedded, system_viewer(), tree, record="measures", period=QUARTER, indicator="line_loss")
    seen = record(embedded, system_viewer(), rules, record="measures", number="line_loss", as_of=NOON,
                  row_id=rows[-1].id)  # fmt: skip
    assert (seen.values["period"], seen.office) == (rows[-1].values["period"], rows[-1].office)
