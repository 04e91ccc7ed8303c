"""A quarantine that empties, on both databases: repaired, mapped, dismissed and replayed rows, and nothing lost."""

import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openpyxl import Workbook

from collectors.mapping import SourceConfig
from dashboard.actions.aliases import add_alias, withdraw_alias
from dashboard.actions.quarantine import Chosen, dismiss, map_office, reopen, repair_row, replay
from dashboard.database import Database
from dashboard.database.migrate import migrate
from dashboard.database.models import (
    AUDIT,
    BATCHES,
    HISTORY_TABLES,
    QUARANTINE,
    QUARANTINE_EVENTS,
    QUARANTINE_SIGHTINGS,
    RECORD_TABLES,
)
from dashboard.errors import NotAllowedError, UsageError
from dashboard.instants import to_micros
from dashboard.intake import import_file
from dashboard.intake.replaying import Given
from dashboard.people import EVERYTHING, Viewer, system_viewer

NOW = datetime(2026, 10, 1, 8, tzinfo=UTC)
LATER = datetime(2026, 10, 9, 8, tzinfo=UTC)
CLERK = Viewer("李考核", "evaluator", EVERYTHING)
OFFICES = "code,name,level\nS1,城关供电所,station\nS2,城北供电所,station\n"
HEADER = "工单编号,业务类型,供电单位,受理时间,受理内容"


class Desk:
    """Imports texts as files of source 95598; time moves on by an hour with each."""

    def __init__(self, db: Database, folder: Path) -> None:
        self.db, self.folder, self.now = db, folder, NOW

    def take(self, *rows: str, record="tickets", header=HEADER, text=None, name="x.csv", exported_at=None, **config):
        self.now += timedelta(hours=1)
        path = self.folder / name
        if text is not None or path.suffix != ".xlsx":
            path.write_text(text or "\n".join([header, *rows, ""]), "utf-8")
        mapping = SourceConfig(record=record, **{"name": "95598", **config})
        (report,) = import_file(self.db, by=system_viewer(), path=path, config=mapping, now=self.now, name=name,
                                exported_at=exported_at)  # fmt: skip
        return report

    def raw(self, row: str) -> str:
        """A row's text as the quarantine keeps it."""
        return json.dumps(dict(zip(HEADER.split(","), row.split(","), strict=True)), ensure_ascii=False)

    def rows(self, table: sa.Table, *names: str) -> list[tuple]:
        return self.db.frame(sa.select(*(table.c[name] for name in names)).order_by(table.c.id)).rows()

    def tickets(self, *names: str) -> list[tuple]:
        table = RECORD_TABLES["tickets"]
        return self.db.frame(sa.select(*(table.c[name] for name in names)).order_by(table.c.ticket_no)).rows()

    def quarantine(self, *names: str) -> list[tuple]:
        return self.rows(QUARANTINE, *names)

    def everything(self) -> dict[str, list[tuple]]:
        """Every row of every table."""
        with self.db.reading() as connection:
            names = sa.inspect(connection).get_table_names()
            return {name: sorted(map(repr, connection.execute(sa.text(f'SELECT * FROM "{name}"')))) for name in names}


@pytest.fixture
def desk(database, tmp_path):
    desk = Desk(database, tmp_path)
    desk.take(record="offices", text=OFFICES, name="offices.csv")
    return desk


@pytest.fixture
def lite(sqlite_database, tmp_path):
    desk = Desk(sqlite_database, tmp_path)
    desk.take(record="offices", text=OFFICES, name="offices.csv")
    return desk


def test_an_office_name_once_explained_takes_in_every_row_that_waits_for_it(desk):
    first = desk.take(
        "1,投诉,城关营业部,2026-09-01 08:00,a", "2,投诉,城关营业部,2026-09-02 08:00,b", "3,投诉,无名,2026-09-02 08:00,"
    )
    second = desk.take("4,投诉, 国网城关营业部 ,2026-09-03 08:00:00,d", name="y.csv")
    report = map_office(desk.db, by=CLERK, named="城关营业部", code="S1", at=LATER)
    assert report.counts() == {"rows": 3, "new": 3, "updated": 0, "unchanged": 0, "older": 0, "refused": 0}
    assert desk.tickets("ticket_no", "office_code", "office_named", "row_no") == [
        ("1", "S1", "城关营业部", 2), ("2", "S1", "城关营业部", 3), ("4", "S1", "国网城关营业部", 2)]  # fmt: skip
    assert [row[0] for row in desk.quarantine("state")] == ["replayed", "replayed", "open", "replayed"]
    batches = desk.rows(BATCHES, "replay_of", "file", "read", "new", "quarantined", "by")[-2:]
    assert batches == [(first.batch_id, "x.csv", 2, 2, 0, CLERK.name), (second.batch_id, "y.csv", 1, 1, 0, CLERK.name)]
    # from now on the name is known
    assert desk.take("5,投诉,城关营业部,2026-09-04 08:00,e", name="z.csv").new == 1


def test_a_replayed_row_has_the_version_time_and_the_file_of_its_export(desk):
    desk.take("1,投诉,无名,2026-09-01 08:00,早")
    export = desk.now
    desk.take("1,意见,S1,2026-09-01 08:00,晚", name="y.csv")
    map_office(desk.db, by=CLERK, named="无名", code="S1", at=LATER)
    assert desk.tickets("type", "content") == [("opinion", "晚")]  # a later export has said otherwise since
    history = HISTORY_TABLES["tickets"]
    (late,) = desk.rows(history, "fate", "type", "version_at", "row_no", "batch_id")
    assert late[:4] == ("older", "complaint", int(export.timestamp()) * 1_000_000, 2)
    (sha,) = {row[1] for row in desk.rows(BATCHES, "id", "sha256", "file") if row[0] == late[4]}
    assert sha == next(row[0] for row in desk.rows(BATCHES, "sha256", "file") if row[1] == "x.csv")


def test_what_a_person_repaired_gives_way_to_a_newer_export_and_not_to_an_older_one(desk):
    """The repaired row is as old as its export: newest version time wins, and every version stays."""
    desk.take("1,投诉,S1,2026/2/30,原样")
    exported = desk.now
    assert repair_row(desk.db, by=CLERK, quarantine_id=1, values={"受理时间": "2026-03-02 08:00"}, at=LATER).new == 1

    late = exported - timedelta(minutes=30)
    assert desk.take("1,意见,S1,2026-03-01 08:00,更早", name="old.csv", exported_at=late).older == 1
    assert desk.tickets("type", "content", "version_at") == [("complaint", "原样", to_micros(exported))]

    assert desk.take("1,表扬,S2,2026-03-03 08:00,更新", name="new.csv").updated == 1
    assert desk.tickets("type", "content", "office_code") == [("praise", "更新", "S2")]
    assert desk.rows(HISTORY_TABLES["tickets"], "fate", "content") == [("older", "更早"), ("replaced", "原样")]
    assert desk.quarantine("state", "raw") == [("replayed", desk.raw("1,投诉,S1,2026/2/30,原样"))]
    assert [row[0] for row in desk.rows(QUARANTINE_EVENTS, "action")] == ["corrected", "replayed"]

    # the export of the bad row once more, as it was: neither the record nor what became of the row moves
    again = desk.take("1,投诉,S1,2026/2/30,原样", exported_at=exported)
    assert (again.quarantined, desk.quarantine("state", "times")) == (1, [("replayed", 2)])
    assert desk.tickets("content") == [("更新",)]


def test_one_row_is_put_right_and_tells_its_story(desk):
    desk.take("1,投诉,S1,2026/2/30,a", "2,催一下,S1,2026-09-01 08:00,b")
    report = repair_row(desk.db, by=CLERK, quarantine_id=1, values={"受理时间": "2026/3/2"}, at=LATER)
    assert (report.new, report.refused) == (1, 0)
    report = repair_row(desk.db, by=CLERK, quarantine_id=2, values={"type": "催办"}, at=LATER)
    assert (report.new, report.refused, dict(report.reasons)) == (0, 1, {"unknown_value": 1})
    assert desk.quarantine("state", "reason", "value")[1] == ("open", "unknown_value", "催办")
    assert repair_row(desk.db, by=CLERK, quarantine_id=2, values={"type": "意见"}, at=LATER).new == 1
    assert desk.tickets("ticket_no", "type", "content") == [("1", "complaint", "a"), ("2", "opinion", "b")]
    stories = desk.rows(QUARANTINE_EVENTS, "quarantine_id", "by", "action", "detail")
    assert [(row[0], row[2]) for row in stories] == [
        (1, "corrected"),
        (1, "replayed"),
        (2, "corrected"),
        (2, "refused"),
        (2, "corrected"),
        (2, "replayed"),
    ]
    assert {row[1] for row in stories} == {CLERK.name}
    assert json.loads(stories[0][3]) == {"受理时间": "2026/3/2"}
    raw = json.loads(desk.quarantine("raw")[0][0])
    assert raw["受理时间"] == "2026/2/30"  # as read, for ever
    assert [row[0] for row in desk.rows(AUDIT, "action")] == ["repair_row"] * 3


def test_of_a_torn_line_only_what_the_person_states_counts(lite):
    lite.take("1,投诉,S1", "2,投诉,S1,2026-09-01 08:00,a")
    report = repair_row(lite.db, by=CLERK, quarantine_id=1, values={"accepted_at": "2026-09-01 09:00"}, at=LATER)
    assert dict(report.reasons) == {"missing_value": 1}
    told = {"ticket_no": "1", "type": "投诉", "office_code": "S2"}
    assert repair_row(lite.db, by=CLERK, quarantine_id=1, values=told, at=LATER).new == 1
    assert lite.tickets("ticket_no", "office_code") == [("1", "S2"), ("2", "S1")]


def test_a_constant_or_a_combined_column_can_be_corrected_too(lite):
    lite.take("1,S1,2026-09-31,08:00", header="no,org,day,hour", constants={"type": "投诉"},
              columns={"ticket_no": "no", "office_code": "org"}, combine={"accepted_at": ["day", "hour"]})  # fmt: skip
    values = {"accepted_at": "2026-09-30 08:00", "type": "意见"}
    assert repair_row(lite.db, by=CLERK, quarantine_id=1, values=values, at=LATER).new == 1
    assert lite.tickets("type", "accepted_at") == [
        ("opinion", int(datetime(2026, 9, 30, tzinfo=UTC).timestamp()) * 1_000_000)]  # fmt: skip


def test_a_corrected_mapping_of_the_source_is_what_a_replay_reads_by(desk):
    desk.take("1,急件,S1,2026-09-01 08:00,a")
    nothing = replay(desk.db, by=system_viewer(), chosen=Chosen(), at=LATER)
    assert (nothing.rows, nothing.refused, nothing.batches) == (1, 1, [])
    today = SourceConfig(record="tickets", name="95598", values={"type": {"急件": "complaint"}})
    report = replay(
        desk.db, by=system_viewer(), chosen=Chosen(reason="unknown_value"), at=LATER, given=Given(configs=[today])
    )
    assert report.new == 1
    assert desk.tickets("type", "system") == [("complaint", "95598")]


def test_two_rows_that_contradict_each_other_wait_until_one_is_chosen(desk):
    desk.take("1,投诉,S1,2026-09-01 08:00,甲", "1,投诉,S1,2026-09-01 08:00,乙")
    assert replay(desk.db, by=CLERK, chosen=Chosen(ids=(2,)), at=LATER).refused == 1
    assert replay(desk.db, by=CLERK, chosen=Chosen(), at=LATER).refused == 2
    assert dismiss(desk.db, by=CLERK, chosen=Chosen(ids=(1,)), why="录入错误", at=LATER) == 1
    assert replay(desk.db, by=CLERK, chosen=Chosen(), at=LATER).new == 1
    assert desk.tickets("content") == [("乙",)]


def test_a_number_corrected_to_one_the_file_has_does_not_replace_it(lite):
    lite.take("1,投诉,S1,2026-09-01 08:00,甲", "2.02E+19,投诉,S1,2026-09-01 08:00,乙")
    report = repair_row(lite.db, by=CLERK, quarantine_id=1, values={"工单编号": "1"}, at=LATER)
    assert dict(report.reasons) == {"duplicate_in_file": 1}
    assert report.batches == []
    assert lite.tickets("ticket_no", "content") == [("1", "甲")]


def test_digits_lost_in_a_workbook_stay_lost_until_stated(lite):
    book = Workbook()
    book.active.append(HEADER.split(","))
    book.active.append([20231101234567890000, "投诉", "S1", "2026-09-01 08:00:00", "甲"])
    book.save(lite.folder / "book.xlsx")
    assert dict(lite.take(name="book.xlsx").reasons) == {"damaged_number": 1}
    assert replay(lite.db, by=CLERK, chosen=Chosen(), at=LATER).refused == 1
    values = {"工单编号": "20231101234567891234"}
    assert repair_row(lite.db, by=CLERK, quarantine_id=1, values=values, at=LATER).new == 1
    assert lite.tickets("ticket_no") == [("20231101234567891234",)]


def test_a_cell_below_a_merge_keeps_its_text_in_a_replay(lite):
    book = Workbook()
    book.active.append(HEADER.split(","))
    book.active.append(["1", "投诉", "新所", "2026-09-01 08:00:00", "甲"])
    book.active.append(["2", "投诉", None, "2026-09-01 09:00:00", "乙"])
    book.active.merge_cells("C2:C3")
    book.save(lite.folder / "book.xlsx")
    assert lite.take(name="book.xlsx").quarantined == 2
    assert map_office(lite.db, by=CLERK, named="新所", code="S2", at=LATER).new == 2
    assert lite.tickets("ticket_no", "office_code") == [("1", "S2"), ("2", "S2")]


def test_a_row_read_again_joins_the_one_that_waits(desk):
    bad, other = "1,投诉,无名,2026-09-01 08:00,a", "2,投诉,S1,2026/2/30,b"
    reports = [
        desk.take(bad, other, name="1.csv"),
        desk.take(bad, bad, name="2.csv"),
        desk.take(other, bad, name="3.csv"),
    ]
    assert [report.quarantined for report in reports] == [2, 2, 2]  # each batch counts what it could not store
    assert desk.quarantine("batch_id", "row_no", "times", "last_batch_id", "last_row_no") == [
        (reports[0].batch_id, 2, 4, reports[2].batch_id, 3),
        (reports[0].batch_id, 3, 2, reports[2].batch_id, 2),
    ]
    sightings = desk.db.frame(sa.select(QUARANTINE_SIGHTINGS.c.batch_id))["batch_id"].to_list()
    assert sorted(sightings) == [reports[1].batch_id] * 2 + [reports[2].batch_id] * 2
    map_office(desk.db, by=CLERK, named="无名", code="S1", at=LATER)
    assert desk.tickets("version_at", "row_no") == [(int(desk.now.timestamp()) * 1_000_000, 3)]


def test_a_settled_row_that_comes_again_stays_settled(desk):
    bad, worse = "1,投诉,S1,2026/2/30,a", "2,投诉,S1,2026/2/31,a"
    desk.take(bad, worse)
    repair_row(desk.db, by=CLERK, quarantine_id=1, values={"受理时间": "2026-03-02 08:00"}, at=LATER)
    dismiss(desk.db, by=CLERK, chosen=Chosen(ids=(2,)), why="测试工单", at=LATER)
    assert desk.take(bad, worse, name="y.csv").quarantined == 2
    assert desk.quarantine("state", "times") == [("replayed", 2), ("dismissed", 2)]
    assert reopen(desk.db, by=CLERK, chosen=Chosen(), at=LATER) == 1
    assert desk.quarantine("state") == [("replayed",), ("open",)]


def test_replaying_twice_changes_nothing(desk):
    desk.take("1,投诉,无名,2026-09-01 08:00,a", "2,投诉,S1,2026/2/30,b", "3,投诉")
    add_alias(desk.db, by=CLERK, code="S2", name="无名", at=LATER)
    assert replay(desk.db, by=system_viewer(), chosen=Chosen(), at=LATER).new == 1
    once = desk.everything()
    again = replay(desk.db, by=system_viewer(), chosen=Chosen(), at=LATER)
    assert (again.rows, again.refused, again.batches) == (2, 2, [])
    assert desk.everything() == once


def test_an_alias_holds_on_its_days_only_and_can_be_taken_back(lite):
    lite.take("1,投诉,无名,2026-09-01 08:00,a", "2,投诉,无名,2026-09-15 08:00,b")
    days = {"valid_from": date(2026, 9, 1), "valid_to": date(2026, 9, 14)}
    report = map_office(lite.db, by=CLERK, named="无名", code="S1", **days, at=LATER)
    assert (report.new, dict(report.reasons)) == (1, {"unknown_office": 1})
    with pytest.raises(UsageError, match="'无名' means office 'S1' from 2026-09-01 to 2026-09-14"):
        add_alias(lite.db, by=CLERK, code="S2", name="无名", valid_from=date(2026, 9, 14), at=LATER)
    withdraw_alias(lite.db, by=CLERK, alias_id=1, at=LATER)
    assert map_office(lite.db, by=CLERK, named="无名", code="S2", at=LATER).new == 1
    assert lite.tickets("office_code") == [("S1",), ("S2",)]


def test_a_person_answers_for_it(lite):
    lite.take("1,投诉,无名,2026-09-01 08:00,a")
    with pytest.raises(NotAllowedError, match="'system' may not"):
        map_office(lite.db, by=system_viewer(), named="无名", code="S1", at=LATER)
    head = Viewer("所长", "office_head", frozenset({"S1"}))
    for act in (
        lambda: replay(lite.db, by=head, chosen=Chosen(), at=LATER),
        lambda: dismiss(lite.db, by=head, chosen=Chosen(), why="x", at=LATER),
        lambda: repair_row(lite.db, by=head, quarantine_id=1, values={"type": "意见"}, at=LATER),
    ):
        with pytest.raises(NotAllowedError):
            act()
    assert lite.quarantine("state") == [("open",)]


def test_what_cannot_be_meant_is_refused_by_name(lite):
    lite.take("1,投诉,无名,2026-09-01 08:00,a")
    with pytest.raises(UsageError, match=r"no office 'S11'.*'S1'"):
        map_office(lite.db, by=CLERK, named="无名", code="S11", at=LATER)
    with pytest.raises(UsageError, match=r"'受理时问' is no column.*'受理时间'"):
        repair_row(lite.db, by=CLERK, quarantine_id=1, values={"受理时问": "x"}, at=LATER)
    with pytest.raises(UsageError, match="Row 7 of the quarantine does not exist"):
        repair_row(lite.db, by=CLERK, quarantine_id=7, values={"type": "意见"}, at=LATER)
    with pytest.raises(UsageError, match="without a reason"):
        dismiss(lite.db, by=CLERK, chosen=Chosen(), why=" ", at=LATER)


ROW = st.tuples(
    st.sampled_from(["1", "2", "3"]),
    st.sampled_from(["投诉", "意见", "催办"]),
    st.sampled_from(["S1", "甲所", "乙所"]),
    st.sampled_from(["2026-09-01 08:00:00", "2026-09-02 08:00:00", "2026/2/30"]),
    st.sampled_from(["", "a", "b"]),
)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(files=st.lists(st.lists(ROW, min_size=1, max_size=6), min_size=1, max_size=3), late=st.booleans())
def test_whatever_was_quarantined_a_replay_loses_nothing_and_a_second_one_changes_nothing(
    tmp_path_factory, files, late
):
    folder = tmp_path_factory.mktemp("law")
    db = Database(f"sqlite:///{folder / 'law.db'}")
    migrate(db)
    desk = Desk(db, folder)
    desk.take(record="offices", text=OFFICES, name="offices.csv")
    reports = [desk.take(*(",".join(row) for row in rows), name=f"{n}.csv") for n, rows in enumerate(files)]
    map_office(db, by=CLERK, named="甲所", code="S1", at=LATER)
    add_alias(db, by=CLERK, code="S2", name="乙所", at=LATER)
    if late:
        replay(db, by=CLERK, chosen=Chosen(ids=(1,)), at=LATER)
    replay(db, by=CLERK, chosen=Chosen(), at=LATER)
    once = desk.everything()
    assert replay(db, by=CLERK, chosen=Chosen(), at=LATER).batches == []
    assert desk.everything() == once
    rows = desk.quarantine("state", "times", "reason")
    assert sum(times for _, times, _ in rows) == sum(report.quarantined for report in reports)
    replayed = [read for of, read in desk.rows(BATCHES, "replay_of", "read") if of is not None]
    assert sum(replayed) == sum(state == "replayed" for state, _, _ in rows)
    assert "unknown_office" not in {reason for state, _, reason in rows if state == "open"}
    db.engine.dispose()
