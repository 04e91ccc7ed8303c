"""Offices that change, on both databases: dated versions, refusals, taking back, names, later files, figures."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from checks.office_history import Adjust, Close, Merge, Move, Open, Part, Rename, Split
from collectors.mapping import SourceConfig
from dashboard.actions.offices import change_offices, preview_change, take_back
from dashboard.actions.quarantine import Chosen, replay
from dashboard.database import Database
from dashboard.database.models import AUDIT, BATCHES, OFFICE_ALIASES, QUARANTINE, RECORD_TABLES
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
        return {code: row["indicators"]["R1"]["denominator"] for code, row in self.rows(period, level, **options).items()}

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
        ("城关供电所", "K1", "0001-01-01", "2026-07-31", None), ("中心供电所", "K1", "2026-08-01", None, None)]  # fmt: skip
    (deed,) = deeds(desk.db, KEEPER)
    assert (deed.batch, deed.by, deed.why, deed.kind, deed.day, dict(deed.asked)) == (
        done.batch, "李考核", "供电公司〔2026〕8号", "rename", AUGUST, {"code": "S1", "name": "中心供电所"})  # fmt: skip
    lines = desk.db.frame(sa.select(AUDIT.c.actor, AUDIT.c.action, AUDIT.c.subject)).rows()
    assert ("李考核", "change_offices", "S1") in lines
    (change,) = changes(desk.db, KEEPER, first=AUGUST, last=AUGUST)
    assert (change.kind, change.code, change.before, change.after) == ("renamed", "S1", ("城关供电所",), ("中心供电所",))


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
