"""Offices that change, on both databases: dated versions, refusals, taking back, names, later files, figures."""

from __future__ import annotations

import json
from contextlib import contextmanager, suppress
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from checks.office_history import Adjust, Close, Merge, Move, Open, Part, Rename, Split
from collectors.mapping import SourceConfig
from dashboard.actions.offices import change_offices, preview_change, take_back
from dashboard.actions.quarantine import Chosen, replay
from dashboard.database import Database
from dashboard.database.migrate import migrate
from dashboard.database.models import AUDIT, BATCHES, OFFICE_ALIASES, QUARANTINE, RECORD_TABLES
from dashboard.error_texts import said
from dashboard.errors import NotAllowedError, UsageError
from dashboard.intake import import_file
from dashboard.intake.replaying import Given
from dashboard.judging.present import bring_up_to_date
from dashboard.judging.rules import rules_of
from dashboard.people import EVERYTHING, Viewer, system_viewer
from dashboard.queries.explain import explain
from dashboard.queries.league import league
from dashboard.queries.office_history import changes, deeds, office_story, offices_on, read_history
from dashboard.queries.records import records
from dashboard.settings import Settings

NOW = datetime(2026, 8, 10, 2, tzinfo=UTC)
KEEPER = Viewer("李考核", "evaluator", EVERYTHING)
RULES = rules_of(Settings())
AUGUST = date(2026, 8, 1)
OFFICES = """code,name,parent_code,level,area,peer_group,customers
K1,甲县公司,,county,,,
K2,乙县公司,,county,,,
S1,城关供电所,K1,station,urban,城网,1000
S2,城北供电所,K1,station,rural,农网,500
S3,河东供电所,K2,station,rural,农网,800
H1,城关营业厅,S1,hall,,,
H3,河东营业厅,S3,hall,,,
"""


class Desk:
    """A small company; every deed happens an hour after the one before."""

    def __init__(self, db: Database, folder: Path) -> None:
        self.db, self.folder, self.now = db, folder, NOW
        self.take(OFFICES, "offices")

    def take(self, text: str, record: str, name: str = "x.csv", **config):
        self.now += timedelta(hours=1)
        path = self.folder / name
        path.write_text(text, "utf-8")
        mapping = SourceConfig(record=record, **{"name": record, **config})
        (report,) = import_file(self.db, by=system_viewer(), path=path, config=mapping, now=self.now, name=name)
        return report

    def repairs(self, *rows: tuple[str, str, str, int]) -> None:
        """(number, office, day, minutes until arrival)"""
        lines = ["repair_no,office_code,accepted_at,arrived_at,restored_at"]
        for number, office, day, minutes in rows:
            accepted = datetime.fromisoformat(f"{day} 08:00:00")
            arrived = accepted + timedelta(minutes=minutes)
            lines.append(f"{number},{office},{accepted},{arrived},{arrived + timedelta(hours=1)}")
        self.take("\n".join([*lines, ""]), "repairs", "r.csv")

    def change(self, change, why="供电公司〔2026〕8号", by=KEEPER, **options):
        self.now += timedelta(hours=1)
        return change_offices(self.db, by=by, change=change, why=why, at=self.now, **options)

    def back(self, batch, why="录错了"):
        self.now += timedelta(hours=1)
        return take_back(self.db, by=KEEPER, batch=batch, why=why, at=self.now)

    def versions(self, code):
        return [
            (one.name, one.parent_code, one.valid_from.isoformat(), one.valid_to and one.valid_to.isoformat(),
             one.successor_code)
            for one in read_history(self.db).get(code, ())
        ]  # fmt: skip

    def rows(self, period, level="station", **options):
        found = league(self.db, KEEPER, RULES, period=period, level=level, now=self.now, **options)
        return {row["office"]: row for row in found["rows"]}

    def arrived(self, period, level="station", **options):
        """Office → repairs judged in R1."""
        return {
            code: row["indicators"]["R1"]["denominator"] for code, row in self.rows(period, level, **options).items()
        }

    def offices(self):
        return self.db.frame(sa.select(RECORD_TABLES["offices"])).sort("code", "valid_from").rows()


@pytest.fixture
def desk(database, tmp_path):
    return Desk(database, tmp_path)


@pytest.fixture
def lite(sqlite_database, tmp_path):
    return Desk(sqlite_database, tmp_path)


def test_a_rename_holds_from_its_day_and_is_told_with_who_and_why(desk):
    done = desk.change(Rename(AUGUST, "S1", "中心供电所"))
    assert done.versions == 2
    assert desk.versions("S1") == [
        ("城关供电所", "K1", "0001-01-01", "2026-07-31", None),
        ("中心供电所", "K1", "2026-08-01", None, None),
    ]
    (deed,) = deeds(desk.db, KEEPER)
    assert (deed.batch, deed.by, deed.why, deed.day) == (done.batch, "李考核", "供电公司〔2026〕8号", AUGUST)
    assert (deed.kind, dict(deed.asked)) == ("rename", {"code": "S1", "name": "中心供电所"})
    lines = desk.db.frame(sa.select(AUDIT.c.actor, AUDIT.c.action, AUDIT.c.subject)).rows()
    assert ("李考核", "change_offices", "S1") in lines
    (change,) = changes(desk.db, KEEPER, first=AUGUST, last=AUGUST)
    assert (change.kind, change.code, change.before, change.after) == (
        "renamed",
        "S1",
        ("城关供电所",),
        ("中心供电所",),
    )


def test_both_names_are_understood_on_either_side_of_a_rename_and_waiting_rows_come_in(desk):
    """Exports go on using the old name, and tell old records under the new one; rows refused before come in."""
    desk.repairs(("A1", "中心供电所", "2026-07-05", 10), ("A2", "中心供电所", "2026-08-05", 10))
    assert desk.db.frame(sa.select(QUARANTINE.c.reason))["reason"].to_list() == ["unknown_office"] * 2
    desk.change(Rename(AUGUST, "S1", "中心供电所"))
    report = replay(desk.db, by=KEEPER, chosen=Chosen(reason="unknown_office"), at=desk.now, given=Given())
    assert report.counts() == {"rows": 2, "new": 2, "updated": 0, "unchanged": 0, "older": 0, "refused": 0}
    desk.repairs(("A3", "城关供电所", "2026-08-06", 10))
    stored = desk.db.frame(sa.select(RECORD_TABLES["repairs"].c.office_code))["office_code"].to_list()
    assert stored == ["S1"] * 3


@contextmanager
def refused(words):
    """The block is refused with these words, as a Chinese page says them."""
    with pytest.raises(UsageError) as error:
        yield
    assert words in said(error.value)


def july_and_august(desk):
    """Three repairs a month and station, all on time; one a month at the hall's station."""
    desk.repairs(*(
        (f"{office}-{month}-{n}", office, f"2026-{month}-0{n}", 30)
        for office in ("S1", "S2", "S3") for month in ("07", "08") for n in (2, 3, 4)
    ))  # fmt: skip


def test_a_merger_takes_halls_customers_and_later_records_along(desk):
    july_and_august(desk)
    desk.change(Merge(AUGUST, ("S1",), "S2"))
    assert desk.versions("S1") == [("城关供电所", "K1", "0001-01-01", "2026-07-31", "S2")]
    assert [row[1:3] for row in desk.versions("H1")] == [("S1", "0001-01-01"), ("S2", "2026-08-01")]
    assert [one.customers for one in read_history(desk.db)["S2"]] == [500, 1500]
    # August's records still name S1: they count for S2, and for nobody twice
    assert desk.arrived("2026-Q3") == {"S1": 3, "S2": 9, "S3": 6}
    assert desk.arrived("2026-07") == {"S1": 3, "S2": 3, "S3": 3}
    assert desk.arrived("2026-08") == {"S2": 6, "S3": 3}
    assert desk.arrived("2026-Q3", tree="today") == {"S2": 12, "S3": 6}
    assert desk.arrived("2026-Q3", "county") == desk.arrived("2026-Q3", "county", tree="today") == {"K1": 12, "K2": 6}
    # a name goes on being understood
    desk.repairs(("late", "城关供电所", "2026-08-09", 30))
    assert desk.arrived("2026-08") == {"S2": 7, "S3": 3}


def test_figures_of_todays_tree_lead_to_their_records_and_add_up(lite):
    lite.repairs(("a", "S1", "2026-07-02", 200), ("b", "S2", "2026-07-03", 30), *(
        (f"c{n}", "S2", f"2026-08-0{n}", 30) for n in range(1, 10)))  # fmt: skip
    lite.change(Merge(AUGUST, ("S1",), "S2"))
    at = {"period": "2026-Q3", "now": lite.now, "tree": "today"}
    told = explain(lite.db, KEEPER, RULES, office="S2", **at)
    late = next(line for line in told["indicators"] if line["code"] == "R1")
    assert [record["number"] for record in late["records"]] == ["a"]
    assert (late["numerator"], late["denominator"]) == (10, 11)
    assert told["changes"][0]["text"] == "自 2026-08-01 起城关供电所并入城北供电所。"
    found = records(lite.db, KEEPER, RULES, record="repairs", office="S2", **at)
    assert found["total"] == 11
    own = records(lite.db, KEEPER, RULES, record="repairs", office="S2", **{**at, "tree": "day"})
    assert own["total"] == 10
    row = league(lite.db, KEEPER, RULES, level="station", **at)
    assert (row["tree"], row["changes"][0]["kind"]) == ("today", "merged")
    assert row["rows"][0]["indicators"]["R1"]["denominator"] == 11


def test_a_move_carries_a_station_to_another_county_from_its_day(lite):
    july_and_august(lite)
    lite.change(Move(AUGUST, "S1", "K2"))
    assert lite.arrived("2026-Q3", "county") == {"K1": 9, "K2": 9}
    assert lite.arrived("2026-Q3", "county", tree="today") == {"K1": 6, "K2": 12}
    assert lite.arrived("2026-Q3") == lite.arrived("2026-Q3", tree="today")


def test_a_split_keeps_what_was_before_with_the_office_that_ended(lite):
    july_and_august(lite)
    parts = (Part("S4", "城关东供电所", 600), Part("S5", "城关西供电所", 400))
    with refused("H1"):
        lite.change(Split(date(2026, 9, 1), "S1", parts))
    lite.change(Split(date(2026, 9, 1), "S1", parts, {"H1": "S5"}))
    assert lite.versions("S1")[0][3:] == ("2026-08-31", "S4;S5")
    assert lite.versions("H1")[1][1] == "S5"
    lite.now = datetime(2026, 9, 5, tzinfo=UTC)
    lite.repairs(("x", "城关西供电所", "2026-09-03", 30))
    assert lite.arrived("2026-Q3", tree="today") == {"S1": 6, "S2": 6, "S3": 6, "S4": 0, "S5": 1}
    assert lite.arrived("2026-Q3", tree="today") == lite.arrived("2026-Q3")
    assert "拆分为城关东供电所、城关西供电所" in league(
        lite.db, KEEPER, RULES, period="2026-Q3", now=lite.now)["changes"][0]["text"]  # fmt: skip


def test_an_office_that_goes_on_after_a_split_keeps_its_code(lite):
    lite.change(Split(AUGUST, "S1", (Part("S1", "", 700), Part("S4", "新城供电所", 300))))
    assert [one.customers for one in read_history(lite.db)["S1"]] == [1000, 700]
    assert lite.versions("S4") == [("新城供电所", "K1", "2026-08-01", None, None)]
    assert lite.versions("H1") == [("城关营业厅", "S1", "0001-01-01", None, None)]


def test_area_group_and_customers_hold_from_their_day_and_verdicts_follow_the_area(desk):
    desk.repairs(("a", "S2", "2026-07-02", 60), ("b", "S2", "2026-08-02", 60), ("c", "S1", "2026-08-02", 30))
    assert desk.rows("2026-Q3")["S2"]["indicators"]["R1"]["numerator"] == 2  # rural: 90 minutes
    desk.change(Adjust(AUGUST, "S2", {"area": "urban", "peer_group": "城网"}))
    done = bring_up_to_date(desk.db, RULES, desk.now)
    assert (done.how, done.judged) == ("updated", 2)
    row = desk.rows("2026-Q3")["S2"]
    assert (row["indicators"]["R1"]["numerator"], row["peer_group"]) == (1, "城网")  # urban: 45 minutes
    assert desk.rows("2026-07")["S2"]["peer_group"] == "农网"


def test_a_rename_judges_nothing_again(lite):
    july_and_august(lite)
    lite.arrived("2026-Q3")
    lite.change(Rename(AUGUST, "S1", "中心供电所"))
    done = bring_up_to_date(lite.db, RULES, lite.now)
    assert (done.how, done.judged) == ("updated", 0)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (Rename(date(2026, 8, 1), "S9", "新"), "没有单位“S9”"),
        (Rename(date(2026, 8, 1), "S1", " "), "单位要有名称"),
        (Rename(date(2026, 8, 1), "S1", "城关供电所"), "没有变化"),
        (Move(date(2026, 8, 1), "S1", "K9"), "没有单位“K9”"),
        (Move(date(2026, 8, 1), "K1", "S1"), "不能在 S1"),
        (Move(date(2026, 8, 1), "S1", "S1"), "形成环：S1 → S1"),
        (Close(date(2026, 8, 1), "S1"), "H1 仍在 S1 之下"),
        (Close(date(1, 1, 1), "S2"), "不能在此之前结束"),
        (Open(date(2026, 8, 1), "S1", "新", "station"), "编码“S1”已有单位"),
        (Open(date(2026, 8, 1), "S9", "新", "station", "K7"), "没有单位“K7”"),
        (Open(date(2026, 8, 1), "S9", "新", "所"), "级别“所”"),
        (Merge(date(2026, 8, 1), ("S1",), "S1"), "不能并入自己"),
        (Merge(date(2026, 8, 1), ("S1",), "K2"), "只有同级单位可以合并"),
        (Split(date(2026, 8, 1), "S2", (Part("S9", "新"),)), "至少要有两个部分"),
        (Split(date(2026, 8, 1), "S2", (Part("S9", "新"), Part("S3", "乙"))), "编码“S3”已有单位"),
        (Adjust(date(2026, 8, 1), "S2", {"customers": -1}), "客户数不能是 -1"),
    ],
)  # fmt: skip
def test_what_the_history_does_not_bear_is_refused_and_nothing_is_written(refusing, change, words):
    before = refusing.offices()
    with refused(words):
        preview_change(refusing.db, by=KEEPER, change=change)
    with refused(words):
        refusing.change(change)
    assert refusing.offices() == before


@pytest.fixture(scope="module")
def refusing(tmp_path_factory):
    """A company on which nothing stays."""
    folder = tmp_path_factory.mktemp("refusing")
    db = Database(f"sqlite:///{folder / 'mingcha.db'}")
    migrate(db)
    yield Desk(db, folder)
    db.engine.dispose()


def test_nothing_changes_before_an_office_begins_or_after_it_has_ended(lite):
    lite.change(Open(AUGUST, "S4", "新城供电所", "station", "K1"))
    lite.change(Close(date(2026, 9, 1), "S4"))
    for day, words in ((date(2026, 7, 31), "自 2026-08-01 起才有"), (date(2026, 9, 1), "已于 2026-08-31 结束")):
        with refused(words):
            lite.change(Rename(day, "S4", "新"))
    with refused("编码“S4”已有单位"):
        lite.change(Open(date(2027, 1, 1), "S4", "再开", "station", "K1"))


def test_only_who_keeps_the_whole_company_changes_offices(lite):
    change = Rename(AUGUST, "S1", "新")
    for by in (system_viewer(), Viewer("许立", "office_head", frozenset({"S1"})),
               Viewer("沈岚", "inspector", EVERYTHING), Viewer("甲", "evaluator", frozenset({"K1"}))):  # fmt: skip
        with pytest.raises(NotAllowedError):
            preview_change(lite.db, by=by, change=change)
        with pytest.raises(NotAllowedError):
            lite.change(change, by=by)
    with refused("单位变更须有理由"):
        lite.change(change, why=" ")


def test_what_was_confirmed_must_be_what_was_seen(lite):
    change = Rename(AUGUST, "S1", "中心供电所")
    seen = preview_change(lite.db, by=KEEPER, change=change)
    assert [(effect.code, effect.old_name) for effect in seen.effects] == [("S1", "城关供电所")]
    lite.change(Adjust(date(2026, 7, 1), "S1", {"customers": 1100}))
    with refused("预览之后单位已有变动"):
        lite.change(change, seen=seen.digest)
    assert lite.change(change, seen=preview_change(lite.db, by=KEEPER, change=change).digest).versions == 2


def test_a_preview_tells_rows_and_records_that_go_along(lite):
    july_and_august(lite)
    lite.arrived("2026-Q3")
    seen = preview_change(lite.db, by=KEEPER, change=Merge(AUGUST, ("S1",), "S3"))
    told = {effect.code: (effect.begins, effect.ends, effect.gained, effect.lost) for effect in seen.effects}
    assert told == {
        "K1": (False, False, (), ("H1", "S1")),
        "K2": (False, False, ("H1", "S1"), ()),
        "S1": (False, True, (), ("H1",)),
        "S3": (False, False, ("H1", "S1"), ()),
    }
    assert seen.records == {"S1": 3, "S2": 3, "S3": 3}
    assert lite.versions("S1") == [("城关供电所", "K1", "0001-01-01", None, None)]


def test_a_mistake_is_taken_back_by_another_change_and_both_stay(desk):
    before = desk.offices()
    done = desk.change(Merge(AUGUST, ("S1",), "S2"))
    later = desk.change(Rename(date(2026, 9, 1), "S2", "城中供电所"))
    with refused("以它为基础"):
        desk.back(done.batch)
    desk.back(later.batch)
    desk.back(done.batch)
    assert desk.offices() == before  # the lineage of the file's rows too
    held = sa.select(OFFICE_ALIASES.c.id).where(OFFICE_ALIASES.c.withdrawn_at.is_(None))
    assert desk.db.frame(held).is_empty()
    kinds = [(deed.kind, deed.taken_back) for deed in deeds(desk.db, KEEPER)]
    assert kinds == [("take_back", False), ("take_back", False), ("rename", True), ("merge", True)]
    with refused("已被撤回"):
        desk.back(done.batch)
    with refused("不是手工变更"):
        desk.back(1)
    assert office_story(desk.db, KEEPER, "S2") == []


def test_an_opening_is_not_taken_back_under_those_who_stand_below(lite):
    opened = lite.change(Open(AUGUST, "S4", "新城供电所", "station", "K1"))
    lite.change(Move(date(2026, 9, 1), "H1", "S4"))
    with refused("H1"):
        lite.back(opened.batch)
    assert len(lite.versions("S4")) == 1


def test_a_later_file_never_undoes_a_change_silently(desk):
    """The same export again says nothing against it; what says otherwise waits until the change is taken back."""
    done = desk.change(Rename(AUGUST, "S1", "中心供电所"))
    again = desk.take(OFFICES, "offices", "again.csv")
    assert (again.unchanged, again.quarantined, again.updated) == (7, 0, 0)
    held = desk.versions("S1")
    text = OFFICES.replace("S1,城关供电所,K1", "S1,东关供电所,K1").replace("S2,城北供电所", "S2,北关供电所")
    report = desk.take(text, "offices", "newer.csv")
    assert (report.updated, report.unchanged, report.quarantined) == (1, 5, 1)
    assert desk.versions("S1") == held
    assert desk.versions("S2")[0][0] == "北关供电所"
    waits = sa.select(QUARANTINE.c.reason, QUARANTINE.c.number, QUARANTINE.c.column_name, QUARANTINE.c.value)
    assert desk.db.frame(waits).rows()[-1] == ("changed_by_hand", "S1", "name", "东关供电所")
    versions = "code,name,parent_code,level,valid_from\nS1,南关供电所,K1,station,2026-09-01\n"
    assert desk.take(versions, "offices", "dated.csv").reasons == {"changed_by_hand": 1}
    desk.back(done.batch)
    chosen = Chosen(reason="changed_by_hand")
    report = replay(desk.db, by=KEEPER, chosen=chosen, at=desk.now, given=Given())
    assert (report.new, report.updated, report.refused) == (1, 1, 0)
    assert [row[0] for row in desk.versions("S1")] == ["东关供电所", "南关供电所"]


def test_versions_of_a_file_that_overlap_are_put_in_order_or_named(lite):
    text = ("code,name,level,valid_from,valid_to\nS6,甲所,station,2020-01-01,\nS6,乙所,station,2026-01-01,\n"
            "S7,丙所,station,2020-01-01,\nS7,丁所,station,2026-01-01,2026-02-01\n")  # fmt: skip
    lite.take(text, "offices", "more.csv")
    lite.change(Rename(AUGUST, "S6", "戊所"))
    assert [(row[0], row[2], row[3]) for row in lite.versions("S6")] == [
        ("甲所", "2020-01-01", "2025-12-31"),
        ("乙所", "2026-01-01", "2026-07-31"),
        ("戊所", "2026-08-01", None),
    ]
    with refused("同一天有效"):
        lite.change(Rename(AUGUST, "S7", "戊所"))


def test_a_change_is_a_batch_that_no_source_brought(lite):
    done = lite.change(Rename(AUGUST, "S1", "中心供电所"))
    batch = lite.db.frame(sa.select(BATCHES).where(BATCHES.c.id == done.batch)).row(0, named=True)
    assert (batch["state"], batch["record"], batch["read"], batch["new"], batch["updated"], batch["by"]) == (
        "by_hand", "offices", 2, 1, 1, "李考核")  # fmt: skip
    assert json.loads(batch["details"])["why"] == "供电公司〔2026〕8号"


def test_the_tree_of_a_day_is_in_order_from_the_top(lite):
    lite.change(Move(AUGUST, "S3", "K1"))
    for day, expected in ((date(2026, 7, 31), ["K1", "S1", "H1", "S2", "K2", "S3", "H3"]),
                          (AUGUST, ["K1", "S1", "H1", "S2", "S3", "H3", "K2"])):  # fmt: skip
        assert [one.code for one in offices_on(read_history(lite.db), day)] == expected


STATION, LATE = st.sampled_from(("S1", "S2", "S3")), st.dates(AUGUST, date(2026, 9, 30))
ANY_CHANGE = st.one_of(
    st.builds(Rename, LATE, STATION, st.sampled_from(("甲所", "乙所"))),
    st.builds(Move, LATE, STATION, st.sampled_from(("K1", "K2"))),
    st.builds(Merge, LATE, STATION.map(lambda code: (code,)), STATION),
    st.builds(Close, LATE, st.just("S2")),
    st.builds(Split, LATE, st.just("S2"), st.just((Part("S7", "丙所"), Part("S8", "丁所")))),
    st.builds(Adjust, LATE, STATION, st.fixed_dictionaries({"customers": st.integers(1, 900)})),
)


@given(st.lists(ANY_CHANGE, min_size=2, max_size=5))
@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_taking_every_change_back_leaves_the_offices_as_they_were(refusing, wanted):
    """On one database, example after example: what the one before left would show in the next."""
    before, batches = refusing.offices(), []
    for change in wanted:
        with suppress(UsageError):
            batches.append(refusing.change(change).batch)
    for batch in reversed(batches):
        refusing.back(batch)
    assert refusing.offices() == before
    held = sa.select(OFFICE_ALIASES.c.id).where(OFFICE_ALIASES.c.withdrawn_at.is_(None))
    assert refusing.db.frame(held).is_empty()
