"""Import, on both databases: every row accounted for, faults apart, nothing half-written."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest
import sqlalchemy as sa

from collectors.base import CollectorError
from collectors.mapping import SourceConfig
from collectors.tables import delimited
from dashboard.database import Database
from dashboard.database.models import BATCHES, HISTORY_TABLES, QUARANTINE, RECORD_TABLES
from dashboard.errors import NotAllowedError
from dashboard.intake import BatchReport, import_file
from dashboard.people import Viewer, system_viewer
from dashboard.settings import VideoSettings

NOW = datetime(2026, 10, 1, 8, tzinfo=UTC)
HEADER = "ticket_no,type,office_code,accepted_at"
OFFICES = """code,name,parent_code,level,aliases,valid_from,valid_to
C,国网某某供电公司,,company,,,
S1,国网城关供电所,C,station,城关所；老城关,,
S2,城北供电所,C,station,城北,,2026-08-31
S3,新城供电所,C,station,城北,2026-09-01,
S4,城北中心供电所,C,station,双名,,
S5,城东供电所,C,station,双名,,
H1,城关营业厅,S1,hall,,,
"""


class Desk:
    """Imports texts as files into one database; time moves on by a minute with each."""

    def __init__(self, db: Database, folder: Path) -> None:
        self.db, self.folder, self.now = db, folder, NOW

    def take(self, record: str, text: str, *, exported_at=None, name="x.csv", **config) -> BatchReport:
        path = self.folder / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        self.now += timedelta(minutes=1)
        settings = SourceConfig(record=record, **config)
        reports = import_file(self.db, by=system_viewer(), path=path, config=settings, now=self.now, name=name,
                              exported_at=exported_at, slots=VideoSettings().slot_table)  # fmt: skip
        assert len(reports) == 1
        return reports[0]

    def rows(self, table: sa.Table, *names: str) -> list[tuple]:
        return self.db.frame(sa.select(*(table.c[name] for name in names)).order_by(table.c.id)).rows()

    def stored(self, record: str, *names: str) -> list[tuple]:
        return self.rows(RECORD_TABLES[record], *names)

    def history(self, record: str, *names: str) -> list[tuple]:
        return self.rows(HISTORY_TABLES[record], *names)


@pytest.fixture
def desk(database, tmp_path):
    desk = Desk(database, tmp_path)
    desk.take("offices", OFFICES)
    return desk


@pytest.fixture
def lite(sqlite_database, tmp_path):
    desk = Desk(sqlite_database, tmp_path)
    desk.take("offices", OFFICES)
    return desk


def counts(report: BatchReport) -> tuple[int, ...]:
    return report.new, report.updated, report.unchanged, report.older, report.quarantined


def tickets(*rows: str, header: str = HEADER) -> str:
    return "\n".join([header, *rows, ""])


GOOD = "1,complaint,S1,2026-09-01 08:00:00"


def test_the_first_import_stores_and_the_second_changes_nothing(desk):
    text = tickets(GOOD, "2,fault,城关所,2026/9/1 8:05")
    assert counts(desk.take("tickets", text)) == (2, 0, 0, 0, 0)
    assert counts(desk.take("tickets", text)) == (0, 0, 2, 0, 0)
    assert desk.stored("tickets", "ticket_no", "type", "office_code", "office_named", "system") == [
        ("1", "complaint", "S1", "S1", "file"),
        ("2", "fault", "S1", "城关所", "file"),
    ]
    assert desk.history("tickets", "ticket_no") == []


def test_instants_are_stored_as_microseconds_utc_with_their_lineage(desk):
    report = desk.take("tickets", tickets("", GOOD))
    moment = int(datetime(2026, 9, 1, 0, 0, tzinfo=UTC).timestamp()) * 1_000_000
    assert desk.stored("tickets", "accepted_at", "batch_id", "row_no") == [(moment, report.batch_id, 3)]


def test_a_newer_version_replaces_and_the_old_one_is_history(desk):
    desk.take("tickets", tickets(GOOD))
    report = desk.take("tickets", tickets("1,opinion,S1,2026-09-01 08:00:00"))
    assert counts(report) == (0, 1, 0, 0, 0)
    assert desk.stored("tickets", "type", "batch_id") == [("opinion", report.batch_id)]
    (record_id,) = desk.stored("tickets", "id")[0]
    assert desk.history("tickets", "record_id", "fate", "type", "ended_by_batch") == [
        (record_id, "replaced", "complaint", report.batch_id)]  # fmt: skip


def test_an_empty_cell_keeps_the_old_value_unless_the_source_clears(desk):
    header = f"{HEADER},satisfaction,content"
    desk.take("tickets", tickets(f"{GOOD},satisfied,没电", header=header))
    assert counts(desk.take("tickets", tickets(f"{GOOD},,", header=header))) == (0, 0, 1, 0, 0)
    assert counts(desk.take("tickets", tickets(GOOD))) == (0, 0, 1, 0, 0)
    assert counts(desk.take("tickets", tickets(f"{GOOD},,来电", header=header))) == (0, 1, 0, 0, 0)
    assert desk.stored("tickets", "satisfaction", "content") == [("satisfied", "来电")]
    assert counts(desk.take("tickets", tickets(GOOD), empty="clears")) == (0, 0, 1, 0, 0)  # no such cells, no statement
    assert counts(desk.take("tickets", tickets(f"{GOOD},,来电", header=header), empty="clears")) == (0, 1, 0, 0, 0)
    assert desk.stored("tickets", "satisfaction", "content") == [(None, "来电")]


def test_an_older_export_goes_to_the_history_only(desk):
    late, early = datetime(2026, 9, 5, tzinfo=UTC), datetime(2026, 9, 3, tzinfo=UTC)
    desk.take("tickets", tickets(GOOD), exported_at=late)
    text = tickets("1,opinion,S1,2026-09-01 08:00:00", "2,fault,S1,2026-09-01 08:00:00")
    report = desk.take("tickets", text, exported_at=early)
    assert counts(report) == (1, 0, 0, 1, 0)
    assert desk.stored("tickets", "ticket_no", "type") == [("1", "complaint"), ("2", "fault")]
    assert desk.history("tickets", "fate", "type") == [("older", "opinion")]
    assert counts(desk.take("tickets", text, exported_at=early)) == (0, 0, 1, 1, 0)
    assert len(desk.history("tickets", "fate")) == 1  # once is enough


def test_what_a_later_export_says_again_is_as_new_as_that_export(desk):
    days = [datetime(2026, 9, day, tzinfo=UTC) for day in (1, 3, 5)]
    desk.take("tickets", tickets(GOOD), exported_at=days[0])
    assert counts(desk.take("tickets", tickets(GOOD), exported_at=days[2])) == (0, 0, 1, 0, 0)
    report = desk.take("tickets", tickets("1,opinion,S1,2026-09-01 08:00:00"), exported_at=days[1])
    assert counts(report) == (0, 0, 0, 1, 0)


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        ("导出时间：2026-09-05 08:00", "导出时间：2026-09-04 08:00", "older"),
        ("导出时间：2026-09-04 08:00", "导出时间：2026-09-05 08:00", "updated"),
        ("统计时间：2026-09-05 08:00", "统计时间：2026-09-05 08:00", "updated"),
        ("统计周期：2026-07-01 至 2026-09-30", "统计周期：2026-07-01 至 2026-08-31", "updated"),
    ],
)
def test_the_time_a_file_states_is_its_version(lite, first, second, expected):
    lite.take("tickets", f"{first}\n{tickets(GOOD)}")
    report = lite.take("tickets", f"{second}\n{tickets('1,opinion,S1,2026-09-01 08:00:00')}")
    assert getattr(report, expected) == 1


def test_the_version_of_a_row_wins_over_the_files_over_the_callers(lite):
    header = f"{HEADER},exported_at"
    text = tickets(f"{GOOD},2026-09-09 08:00:00", "2,fault,S1,2026-09-01 08:00:00,", header=header)
    lite.take("tickets", f"导出时间：2026-09-05 08:00,,,,\n{text}", exported_at=datetime(2026, 9, 30, tzinfo=UTC))
    versions = [datetime.fromtimestamp(at / 1e6, tz=UTC) for (at,) in lite.stored("tickets", "version_at")]
    assert versions == [datetime(2026, 9, 9, tzinfo=UTC), datetime(2026, 9, 5, tzinfo=UTC)]


def test_equal_duplicates_count_once_conflicting_ones_not_at_all(desk):
    text = tickets(GOOD, "2,fault,S1,2026-09-01 08:00:00", GOOD, "2,complaint,S1,2026-09-01 08:00:00", GOOD)
    report = desk.take("tickets", text)
    assert counts(report) == (1, 0, 2, 0, 2)
    assert desk.stored("tickets", "ticket_no") == [("1",)]
    assert desk.rows(QUARANTINE, "row_no", "number", "reason") == [
        (3, "2", "duplicate_in_file"), (5, "2", "duplicate_in_file")]  # fmt: skip


def test_a_row_contradicted_by_a_faulty_row_is_doubted_too(desk):
    report = desk.take("tickets", tickets(GOOD, "1,complaint,无名所,2026-09-01 08:00:00", "2,fault,S1,2026-09-01"))
    assert counts(report) == (1, 0, 0, 0, 2)
    assert sorted(desk.rows(QUARANTINE, "row_no", "reason")) == [(2, "duplicate_in_file"), (3, "unknown_office")]


@pytest.mark.parametrize("block", [80, 200, 1 << 20])
def test_duplicates_far_apart_in_a_large_file_are_found(lite, monkeypatch, block):
    """Small blocks stand for a large file: a contradiction found late undoes what was stored early."""
    monkeypatch.setattr(delimited, "BLOCK", block)
    lite.take("tickets", tickets("5,praise,S1,2026-09-01 08:00:00"))
    rows = [f"{n},fault,S1,2026-09-01 08:00:00" for n in range(20)]
    rows[15] = "5,complaint,S1,2026-09-01 08:00:00"
    rows += ["7,fault,S1,2026-09-01 08:00:00", "5,opinion,S1,2026-09-01 08:00:00", "3,fault,nirgends,2026-09-01"]
    report = lite.take("tickets", tickets(*rows))
    assert counts(report) == (17, 0, 1, 0, 5)
    assert report.reasons == {"duplicate_in_file": 4, "unknown_office": 1}
    assert ("5", "praise") in lite.stored("tickets", "ticket_no", "type")
    assert len(lite.rows(BATCHES, "id")) == 3
    assert sorted(number for number, _ in lite.rows(QUARANTINE, "number", "reason")) == ["3", "3", "5", "5", "5"]


@pytest.mark.parametrize(
    ("named", "day", "code", "reason"),
    [
        ("S1", "2026-09-01", "S1", None),
        ("国网城关供电所", "2026-09-01", "S1", None),
        ("城关 供电所", "2026-09-01", "S1", None),
        ("Ｓ１", "2026-09-01", "S1", None),
        ("老城关", "2026-09-01", "S1", None),
        ("城北", "2026-08-31", "S2", None),
        ("城北", "2026-09-01", "S3", None),
        ("城北供电所", "2026-09-01", None, "unknown_office"),
        ("新城供电所", "2026-08-31", None, "unknown_office"),
        ("双名", "2026-09-01", None, "ambiguous_office"),
        ("城关", "2026-09-01", None, "unknown_office"),
        ("城关营业厅", "2026-09-01", "H1", None),
    ],
)
def test_offices_by_code_name_or_alias_valid_on_the_day(lite, named, day, code, reason):
    lite.take("tickets", tickets(f"1,fault,{named},{day} 12:00:00"))
    assert lite.stored("tickets", "office_code", "office_named") == ([(code, named)] if code else [])
    assert lite.rows(QUARANTINE, "reason", "column_name", "value", "office_named") == (
        [(reason, "office_code", named, named)] if reason else [])  # fmt: skip


def test_the_day_is_the_local_one(lite):
    """23:59 and 00:01 in Shanghai are both the afternoon of 31 August in UTC."""
    lite.take("tickets", tickets("1,fault,城北,2026-08-31 23:59:59", "2,fault,城北,2026-09-01 00:00:00"))
    assert lite.stored("tickets", "office_code") == [("S2",), ("S3",)]


def test_halls_are_looked_for_among_halls_only(lite):
    header = "inspection_no,hall_code,at,item_code,result"
    rows = ("1,城关营业厅,2026-09-01 10:00:00,R01,violation", "2,S1,2026-09-01 10:00:00,R01,violation",
            "3,H1,2026-09-01 10:00:00,X99,violation")  # fmt: skip
    report = lite.take("inspections", tickets(*rows, header=header))
    assert counts(report) == (1, 0, 0, 0, 2)
    assert lite.rows(QUARANTINE, "reason", "column_name", "value") == [
        ("unknown_office", "hall_code", "S1"), ("unknown_value", "item_code", "X99")]  # fmt: skip


def test_a_measure_belongs_to_the_office_of_the_months_last_valid_day(lite):
    header = "indicator,office_code,period,numerator,denominator"
    rows = ("fee_collection,城北,2026-08,99,100", "fee_collection,城北,2026-09,98.5,100", "line_loss,城北,2026-09,5,-1",
            "line_loss,S2,2026-09,5,100", "line_loss,S1,2026-09,9.7%,100", "line_loss,S1,2026-08,0,0")  # fmt: skip
    report = lite.take("measures", tickets(*rows, header=header))
    assert lite.stored("measures", "office_code", "period", "numerator") == [
        ("S2", "2026-08", "99"), ("S3", "2026-09", "98.5"), ("S1", "2026-08", "0")]  # fmt: skip
    assert report.reasons == {"negative_denominator": 1, "unknown_office": 1, "unreadable_value": 1}


def test_samples_get_date_and_slot_from_their_planned_moment(lite):
    header = "sample_id,hall_code,camera_code,planned_at,outcome"
    rows = ("a,H1,K1,2026-09-01 10:30:00,captured", "b,H1,K1,2026-09-01 09:30:00,missed",
            "c,城关营业厅,K1,2026-09-01 08:30:00,not_checkable")  # fmt: skip
    lite.take("samples", tickets(*rows, header=header))
    assert lite.stored("samples", "date", "slot", "hall_code") == [
        ("2026-09-01", 2, "H1"), ("2026-09-01", None, "H1"), ("2026-09-01", 1, "H1")]  # fmt: skip


def test_cameras_and_hall_days_and_repairs(desk):
    desk.take("cameras", 'code,hall_code,windows\nK1,城关营业厅,"[{""name"":""1"",""polygon"":[[0,0],[1,0],[1,1]]}]"\n')
    desk.take(
        "hall_days", "hall_code,date,open,opens,filed_at\nH1,2026/9/6,是,9:00,2026-09-05 10:00:00\nH1,2026-09-07,否,,\n"
    )
    desk.take("repairs", "repair_no,office_code,accepted_at,customer_owned,reported_arrival_late\nR,S1,2026-09-01,,\n")
    assert desk.stored("cameras", "code", "hall_code") == [("K1", "H1")]
    assert json.loads(desk.stored("cameras", "windows")[0][0])[0]["name"] == "1"
    assert desk.stored("hall_days", "date", "open", "opens") == [
        ("2026-09-06", True, "09:00"),
        ("2026-09-07", False, None),
    ]
    assert desk.stored("repairs", "customer_owned", "reported_arrival_late", "precision") == [
        (None, None, '["accepted_at"]')]  # fmt: skip


def test_a_foreign_source_may_make_its_offices(lite, monkeypatch):
    monkeypatch.setattr(delimited, "BLOCK", 90)
    rows = [
        f"{n},request,{office},2026-09-01 08:00:00" for n, office in enumerate(["DOT", "NYPD", "DOT", "D OT", "S1", ""])
    ]
    report = lite.take("tickets", tickets(*rows), office_create=True)
    assert counts(report) == (5, 0, 0, 0, 1)
    assert [code for (code,) in lite.stored("tickets", "office_code")] == ["DOT", "NYPD", "DOT", "DOT", "S1"]
    assert lite.stored("offices", "code", "level", "batch_id")[-2:] == [
        ("DOT", "station", report.batch_id), ("NYPD", "station", report.batch_id)]  # fmt: skip
    assert counts(lite.take("tickets", tickets(*rows), office_create=True)) == (0, 0, 5, 0, 1)
    assert len(lite.stored("offices", "code")) == 9


def test_systems_keep_their_numbers_apart(lite):
    lite.take("tickets", tickets(GOOD), name="a.csv")
    lite.take("tickets", tickets("1,opinion,S1,2026-09-01 08:00:00"), system="12345")
    assert lite.stored("tickets", "system", "type") == [("file", "complaint"), ("12345", "opinion")]


def test_unreadable_values_and_coarse_stamps_follow_the_version_they_came_from(desk):
    header = f"{HEADER},contacted_at,replied_at"
    desk.take("tickets", tickets(f"{GOOD},2026/2/30,2026-09-02 8:05", header=header))
    assert desk.stored("tickets", "unreadable", "precision") == [('{"contacted_at": "2026/2/30"}', '["replied_at"]')]
    assert counts(desk.take("tickets", tickets(f"{GOOD},,", header=header))) == (0, 0, 1, 0, 0)
    desk.take("tickets", tickets(f"{GOOD},2026-09-01 9:00,", header=header))
    assert desk.stored("tickets", "unreadable", "precision") == [(None, '["contacted_at", "replied_at"]')]
    desk.take("tickets", tickets(f"{GOOD},下午,2026-09-02 08:05:01", header=header))
    assert desk.stored("tickets", "contacted_at", "unreadable", "precision") == [
        (None, '{"contacted_at": "下午"}', None)
    ]


def test_a_quarantined_row_keeps_its_raw_text_and_its_batch(desk):
    report = desk.take("tickets", tickets("1,complaint,无名所,2026-09-01 08:00:00"))
    ((raw, batch, state, since),) = desk.rows(QUARANTINE, "raw", "batch_id", "state", "since")
    assert json.loads(raw) == dict(
        zip(HEADER.split(","), ["1", "complaint", "无名所", "2026-09-01 08:00:00"], strict=True)
    )
    assert (batch, state, since) == (report.batch_id, "open", int(desk.now.timestamp()) * 1_000_000)


def test_the_batch_tells_what_happened(desk):
    text = "标题\n" + tickets(GOOD, "2,complaint,无名所,2026-09-01 08:00:00", "", "合计,,,")
    desk.take("tickets", text, name="工单.csv")
    columns = ("source", "record", "file", "state", "read", "new", "quarantined", "skipped", "by")
    assert desk.rows(BATCHES, *columns)[-1] == ("file", "tickets", "工单.csv", "done", 2, 1, 1, 3, "system")
    details = json.loads(desk.rows(BATCHES, "details")[-1][0])
    assert details["skipped"] == {"title": 1, "blank": 1, "total": 1}
    assert details["columns"]["accepted_at"] == ["accepted_at"]


FILE_FAULTS = {
    "empty": (b"", "is empty"),
    "no table": (b"hello\nworld\n", "no row has two cells"),
    "missing column": (b"ticket_no,type,accepted_at\n1,fault,2026-09-01\n", "office_code"),
    "picture": (b"\x89PNG....", "is a picture"),
}


@pytest.mark.parametrize("fault", FILE_FAULTS)
def test_a_file_fault_stores_nothing_but_the_failed_batch(desk, fault):
    data, said = FILE_FAULTS[fault]
    with pytest.raises(CollectorError, match=said):
        desk.take("tickets", data)
    assert desk.stored("tickets", "id") == []
    assert desk.rows(BATCHES, "state", "read")[-1] == ("failed", 0)
    assert said in desk.rows(BATCHES, "error")[-1][0]


def test_a_failure_in_the_middle_of_writing_leaves_nothing(desk, monkeypatch):
    from dashboard.intake import taking

    def broken(*_args):
        raise RuntimeError("the disk is full")

    monkeypatch.setattr(taking, "put_aside", broken)
    with pytest.raises(RuntimeError, match="disk is full"):
        desk.take("tickets", tickets(GOOD))
    assert desk.stored("tickets", "id") == []
    assert len(desk.rows(BATCHES, "id")) == 1  # the offices'


def test_offices_in_a_circle_are_refused_and_nothing_is_stored(desk):
    before = desk.stored("offices", "code", "parent_code")
    with pytest.raises(CollectorError, match=r"S1 → S4 → S1|S4 → S1 → S4"):
        desk.take(
            "offices", "code,name,parent_code,level\nS1,城关,S4,station\nS4,城北中心,S1,station\nS9,九,,station\n"
        )
    assert desk.stored("offices", "code", "parent_code") == before


def test_an_office_that_is_its_own_parent_is_a_circle(lite):
    with pytest.raises(CollectorError, match="S9 → S9"):
        lite.take("offices", "code,name,parent_code,level\nS9,九,S9,station\n")


def test_an_unknown_parent_makes_a_root(lite):
    lite.take("offices", "code,name,parent_code,level\nS9,九,NOWHERE,station\n")
    assert ("S9", "NOWHERE") in lite.stored("offices", "code", "parent_code")


def test_offices_are_versions_by_their_first_day(desk):
    text = "code,name,level,valid_from\nS9,九所,station,2026-01-01\nS9,九中心,station,2026/7/1\n"
    assert desk.take("offices", text).new == 2
    assert counts(desk.take("offices", text.replace("九中心", "第九中心"))) == (0, 1, 1, 0, 0)
    assert desk.stored("offices", "code", "valid_from")[0] == ("C", "0001-01-01")


def test_who_sees_some_offices_only_may_not_import(lite, tmp_path):
    path = tmp_path / "x.csv"
    path.write_text(tickets(GOOD), "utf-8")
    viewer = Viewer("王所长", "office_head", frozenset({"S1"}))
    with pytest.raises(NotAllowedError, match="王所长"):
        import_file(lite.db, by=viewer, path=path, config=SourceConfig(record="tickets"), now=NOW)


def test_several_sheets_are_several_batches_of_one_transaction(lite, tmp_path):
    import openpyxl

    book = openpyxl.Workbook()
    for name, number in (("七月", "1"), ("八月", "2"), ("九月", "1")):
        sheet = book.create_sheet(name)
        sheet.append(HEADER.split(","))
        sheet.append([number, "fault", "S1", datetime(2026, 7, 1, 8, 5)])
    book.save(tmp_path / "x.xlsx")
    reports = import_file(
        lite.db, by=system_viewer(), path=tmp_path / "x.xlsx", config=SourceConfig(record="tickets"), now=NOW
    )
    assert [(r.sheet, r.new, r.unchanged) for r in reports] == [("七月", 1, 0), ("八月", 1, 0), ("九月", 0, 1)]


def test_text_that_looks_like_sql_or_a_formula_is_stored_as_it_is(desk):
    nasty = '\'); DROP TABLE tickets; -- =1+1 "x" \\ %s :a ?'
    header = f"{HEADER},content"
    text = pl.DataFrame([[*GOOD.split(","), nasty]], schema=header.split(","), orient="row").write_csv()
    desk.take("tickets", text)
    desk.take("tickets", text.replace("complaint", "opinion"))
    assert desk.stored("tickets", "type", "content") == [("opinion", nasty)]


def test_a_hundred_thousand_rows_come_through_whole(lite):
    rows = [f"{n:06},fault,S1,2026-09-{n % 28 + 1:02} 08:00:{n % 60:02}" for n in range(100_000)]
    assert counts(lite.take("tickets", tickets(*rows))) == (100_000, 0, 0, 0, 0)
    changed = [row.replace("fault", "opinion") if n % 1_000 == 0 else row for n, row in enumerate(rows)]
    assert counts(lite.take("tickets", tickets(*changed))) == (0, 100, 99_900, 0, 0)
    table = RECORD_TABLES["tickets"]
    with lite.db.reading() as connection:
        assert connection.execute(sa.select(sa.func.count()).where(table.c.type == "opinion")).scalar() == 100
