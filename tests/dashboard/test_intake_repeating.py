"""The same file once more is not read, and leaves exactly what reading it would leave: two ways, compared row for row.

Random stories (files, corrections, repairs, names, other mappings) are lived through in two databases, in one of which
no file may be recognised.
"""

import os
import random
import re
import sys
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from openpyxl import Workbook

from collectors.mapping import SourceConfig
from dashboard.actions.aliases import add_alias, withdraw_alias
from dashboard.actions.quarantine import Chosen, dismiss, map_office, reopen, repair_row, replay
from dashboard.database.models import METADATA, OFFICE_ALIASES, QUARANTINE
from dashboard.errors import UsageError
from dashboard.intake import import_file, taking
from dashboard.people import EVERYTHING, Viewer, system_viewer

sys.path.append(str(Path(__file__).parents[2]))
from tests.faults.kills import Databases

RECOGNISE = taking.Repetition.reports
CLERK = Viewer("李考核", "evaluator", EVERYTHING)
START = datetime(2026, 10, 1, 8, tzinfo=UTC)
HEADER = "工单编号,业务类型,供电单位,受理时间,回单时间,受理内容"
OFFICES = "code,name,level\nS1,城关供电所,station\nS2,城北供电所,station\n"
WORDS = {
    "type": ["投诉", "意见", "意见", "催办"],
    "office": ["S1", "S2", "城北供电所", "无名"],
    "time": ["2026-09-01 08:00:00", "2026-09-01 08:00:00", "2026/9/1 8:05", "2026/2/30"],
    "reply": ["", "2026-09-02 08:00", "2026-09-03 08:00:00", "gestern"],
    "content": ["", "没电", '"说""停"""', "—"],
}


class Ways:
    """The same deeds in two databases: `quick` may recognise a file, `long` reads every one."""

    def __init__(self, quick, long, folder: Path, monkeypatch) -> None:
        self.databases, self.folder, self.monkeypatch = (quick, long), folder, monkeypatch
        self.now, self.recognised = START, 0

    def do(self, deed):
        """The deed in both; what came of it, which must be the same."""
        self.now += timedelta(hours=1)
        outcomes = []
        for number, db in enumerate(self.databases):
            way = RECOGNISE if number == 0 else lambda _repetition: None
            self.monkeypatch.setattr(taking.Repetition, "reports", way)
            try:
                outcomes.append(deed(db))
            except UsageError as error:
                outcomes.append(str(error))
        assert repr(outcomes[0]) == repr(outcomes[1])

    def take(self, path: Path, *, record="tickets", exported_at=None, **config) -> list:
        """Import a file; the reports of the quick way."""
        found = []

        def deed(db):
            mapping = SourceConfig(record=record, **{"name": "95598", **config})
            reports = import_file(db, by=system_viewer(), path=path, config=mapping, now=self.now, name=path.name,
                                  exported_at=exported_at)  # fmt: skip
            found.append(reports)
            return [(report.sheet, report.counts(), report.reasons, report.messages) for report in reports]

        self.do(deed)
        quick, slow = found
        assert not any(report.same_as for report in slow)
        self.recognised += sum(report.same_as is not None for report in quick)
        return quick

    def write(self, name: str, text: str) -> Path:
        path = self.folder / name
        path.write_text(text, "utf-8")
        return path

    def compare(self) -> None:
        quick, slow = (everything(db) for db in self.databases)
        for name, rows in slow.items():
            assert quick[name] == rows, name


def everything(db) -> dict[str, list[str]]:
    """Every row of every table; numbers of rows replaced by their rank, for a rollback may use one up.

    But for the audit trail and its chain, whose digests are keyed by chance.
    """
    left_out = {"audit", "chain", "chain_contents"}
    tables = {table.name: table for table in METADATA.sorted_tables if table.name not in left_out}
    with db.reading() as connection:
        rows = {name: [dict(row) for row in connection.execute(sa.select(table)).mappings()]
                for name, table in tables.items()}  # fmt: skip
    ranks = {name: {number: rank for rank, number in enumerate(sorted(row["id"] for row in found))}
             for name, found in rows.items() if "id" in tables[name].c}  # fmt: skip
    ranks = defaultdict(dict, ranks)
    return {name: sorted(_said(name, row, ranks) for row in found) for name, found in rows.items()}


def _said(name: str, row: dict, ranks: dict) -> str:
    row.pop("finished_at", None)
    ranked = {
        "id": name,
        "quarantine_id": "quarantine",
        "record_id": row.get("record") or name.removesuffix("_history"),
    }
    ranked |= dict.fromkeys(("batch_id", "last_batch_id", "ended_by_batch", "replay_of", "replay_batch_id"), "batches")
    for key, table in ranked.items():
        if row.get(key) is not None:
            row[key] = ranks[table].get(row[key], row[key])
    if row.get("detail"):
        row["detail"] = re.sub(r'("(?:batch|alias)": )\d+', r"\1…", row["detail"])
    return repr(sorted(row.items()))


@pytest.fixture(scope="module", params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def databases(request, tmp_path_factory):
    if request.param == "postgresql" and not os.environ.get("MINGCHA_TEST_POSTGRES"):
        pytest.skip("no PostgreSQL server (MINGCHA_TEST_POSTGRES is not set)")
    made = Databases(request.param, tmp_path_factory.mktemp("ways"))
    yield made
    made.close()


@pytest.fixture
def ways(databases, tmp_path, monkeypatch):
    with databases.fresh() as quick, databases.fresh() as slow:
        yield begun(quick, slow, tmp_path, monkeypatch)


def begun(quick, slow, folder, monkeypatch) -> Ways:
    ways = Ways(quick, slow, folder, monkeypatch)
    ways.take(ways.write("offices.csv", OFFICES), record="offices")
    return ways


def csv_text(*rows: str) -> str:
    return "\n".join([HEADER, *rows, ""])


GOOD = ("1,投诉,S1,2026-09-01 08:00:00,,没电", "2,意见,S2,2026-09-01 08:05,2026-09-02 08:00:00,")
BAD = ("3,投诉,无名,2026-09-01 08:00:00,,", "4,投诉,S1,2026/2/30,,")


# --- one case each ---------------------------------------------------------------------------------------------------


def test_an_unchanged_file_is_recognised_and_confirms_its_rows(ways):
    path = ways.write("x.csv", csv_text(*GOOD, GOOD[0], *BAD))
    (first,) = ways.take(path)
    (again,) = ways.take(path)
    assert (first.same_as, again.same_as) == (None, first.batch_id)
    assert again.counts() == {"read": 5, "new": 0, "updated": 0, "unchanged": 3, "older": 0, "quarantined": 2,
                              "skipped": 0}  # fmt: skip
    ways.compare()
    # what was confirmed cannot be replaced by an export from between
    between = ways.write("y.csv", csv_text("1,意见,S1,2026-09-01 08:00:00,,"))
    assert ways.take(between, exported_at=ways.now - timedelta(minutes=30))[0].older == 1
    assert ways.take(path)[0].same_as == first.batch_id  # a third time, after a record got a late version beside it
    ways.compare()


def test_a_file_is_read_again_once_anything_it_said_is_no_longer_what_is_stored(ways):
    path = ways.write("x.csv", csv_text(*GOOD))
    ways.take(path)
    ways.take(ways.write("y.csv", csv_text("1,意见,S1,2026-09-01 08:00:00,,")))
    assert [(r.same_as, r.updated, r.unchanged) for r in ways.take(path)] == [(None, 1, 1)]
    ways.compare()


def test_a_file_is_read_again_when_a_name_has_come_to_mean_an_office(ways):
    path = ways.write("x.csv", csv_text(*GOOD, *BAD))
    ways.take(path)
    ways.do(lambda db: add_alias(db, by=CLERK, code="S2", name="无名", at=ways.now))
    assert [(r.same_as, r.new, r.quarantined) for r in ways.take(path)] == [(None, 1, 1)]
    ways.compare()


def test_a_file_older_than_what_confirmed_its_rows_is_read(ways):
    path = ways.write("x.csv", csv_text(*GOOD))
    ways.take(path)
    ways.take(path)
    assert [(r.same_as, r.older) for r in ways.take(path, exported_at=START)] == [(None, 2)]
    ways.compare()


def test_rows_with_versions_of_their_own_and_offices_are_always_read(ways):
    path = ways.write("x.csv", f"{HEADER},exported_at\n{GOOD[0]},2026-09-09 08:00:00\n")
    ways.take(path)
    assert ways.take(path)[0].same_as is None
    offices = ways.folder / "offices.csv"
    assert ways.take(offices, record="offices")[0].same_as is None
    ways.compare()


def test_every_sheet_of_a_workbook_is_recognised_or_none(ways):
    book = Workbook()
    for sheet, row in zip((book.active, book.create_sheet()), GOOD, strict=True):
        sheet.append(HEADER.split(","))
        sheet.append(row.split(","))
    path = ways.folder / "x.xlsx"
    book.save(path)
    first = ways.take(path)
    assert [report.same_as for report in ways.take(path)] == [report.batch_id for report in first]
    ways.compare()
    ways.take(ways.write("y.csv", csv_text("2,投诉,S2,2026-09-01 08:05,,")))
    assert [report.same_as for report in ways.take(path)] == [None, None]
    ways.compare()


# --- random stories --------------------------------------------------------------------------------------------------


class Story:
    """One random sequence of deeds from a seed."""

    def __init__(self, ways: Ways, seed: int) -> None:
        self.ways, self.draw = ways, random.Random(seed)
        self.files = [self._file(number) for number in range(3)]
        self.deeds = [self.take] * 8 + [self.repair, self.replay, self.dismiss, self.reopen, self.name, self.unname,
                                        self.explain, self.offices]  # fmt: skip

    def tell(self, steps: int) -> None:
        for _ in range(steps):
            self.draw.choice(self.deeds)()

    def _file(self, number: int) -> Path:
        """Mostly good rows: a file that is quarantined as a whole proves little."""
        rows = [",".join([self._number(number), *map(self._word, WORDS.values())])
                for _ in range(self.draw.randint(1, 5))]  # fmt: skip
        stated = self.draw.choice(["", "", "导出时间：2026-10-01 20:00,,,,,\n"])
        return self.ways.write(f"{number}.csv", stated + csv_text(*rows))

    def _number(self, file: int) -> str:
        """Files share a number or two."""
        return "2.02311E+19" if self.draw.random() < 0.05 else str(4 * file + self.draw.randint(1, 5))

    def _word(self, words: list[str]) -> str:
        return self.draw.choice(words[:2] if self.draw.random() < 0.7 else words)

    def take(self) -> None:
        back = self.draw.choice([None, None, None, timedelta(hours=3), timedelta(0)])
        told = {"exported_at": self.ways.now - back} if back is not None else {}
        mapping = self.draw.choice([{}, {}, {}, {"empty": "clears"}, {"values": {"type": {"催办": "praise"}}}])
        file = self.draw.choice(self.files)
        for _ in range(self.draw.randint(1, 2)):
            self.ways.take(file, **told, **mapping)

    def repair(self) -> None:
        column, text = self.draw.choice([("type", "投诉"), ("office_code", "S1"), ("accepted_at", "2026-09-01 09:00"),
                                         ("type", "unfug")])  # fmt: skip
        self._row("open", lambda db, row, at: repair_row(db, by=CLERK, quarantine_id=row, values={column: text}, at=at))

    def dismiss(self) -> None:
        self._row("open", lambda db, row, at: dismiss(db, by=CLERK, chosen=Chosen(ids=(row,)), why="Test", at=at))

    def reopen(self) -> None:
        self._row("dismissed", lambda db, row, at: reopen(db, by=CLERK, chosen=Chosen(ids=(row,)), at=at))

    def _row(self, state: str, deed) -> None:
        """The deed on the same row of quarantine in both."""
        chance = self.draw.random()

        def chosen(db):
            rows = db.frame(sa.select(QUARANTINE.c.id).where(QUARANTINE.c.state == state).order_by(QUARANTINE.c.id))
            ids = rows["id"].to_list()
            return deed(db, ids[int(chance * len(ids))], self.ways.now) if ids else None

        self.ways.do(lambda db: type(chosen(db)).__name__)

    def replay(self) -> None:
        self.ways.do(lambda db: replay(db, by=CLERK, chosen=Chosen(), at=self.ways.now).counts())

    def name(self) -> None:
        code = self.draw.choice(["S1", "S2"])
        self.ways.do(lambda db: bool(add_alias(db, by=CLERK, code=code, name="无名", at=self.ways.now)))

    def explain(self) -> None:
        code = self.draw.choice(["S1", "S2"])
        self.ways.do(lambda db: map_office(db, by=CLERK, named="无名", code=code, at=self.ways.now).counts())

    def unname(self) -> None:
        def last(db):
            held = sa.select(sa.func.max(OFFICE_ALIASES.c.id)).where(OFFICE_ALIASES.c.withdrawn_at.is_(None))
            alias = db.frame(held.add_columns()).item()
            return withdraw_alias(db, by=CLERK, alias_id=alias, at=self.ways.now) if alias else None

        self.ways.do(last)

    def offices(self) -> None:
        """An office gets another name; the old one stays a text that nobody knows."""
        name = self.draw.choice(["城北供电所", "北郊供电所", "无名"])
        text = OFFICES.replace("城北供电所", name)
        self.ways.take(self.ways.write("offices.csv", text), record="offices")


def test_whatever_happens_between_the_tables_are_those_of_a_full_import(databases, tmp_path, monkeypatch):
    recognised, seeds = 0, range(8 if databases.kind == "sqlite" else 2)
    for seed in seeds:
        with databases.fresh() as quick, databases.fresh() as slow:
            ways = begun(quick, slow, tmp_path, monkeypatch)
            Story(ways, seed).tell(12)
            ways.compare()
            recognised += ways.recognised
    assert recognised > 0
