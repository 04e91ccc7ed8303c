"""环比 and 同比: last year's quarters as records or as finished scores, beside the league and never in it."""

import csv
import json
from datetime import UTC, datetime

import pytest
import sqlalchemy as sa

from collectors.mapping import SpreadsheetConfig, parse_config
from dashboard.cli import main
from dashboard.database import Database
from dashboard.database.migrate import migrate
from dashboard.database.models import QUARANTINE
from dashboard.intake import import_file
from dashboard.judging.rules import rules_of
from dashboard.people import Viewer, system_viewer
from dashboard.queries.comparison import comparison, with_comparison
from dashboard.queries.league import league
from dashboard.settings import Settings
from tests.journeys.company import CONFIGURATION, write_files

NOW = datetime(2026, 10, 20, tzinfo=UTC)
SCORES = """单位,考核周期,综合得分,排名,等级,抢修到岗及时率,万户属实投诉数
东河供电所,2025年第三季度,91.27,1,A,98.5%,0.4
西坝供电所,2025Q3,88.10,2,B,0.93,1.2
南庄供电所,2025-Q3,,3,B,,
北岭供电所,去年三季度,80,4,B,,
无此所,2025-Q3,80,5,B,,
东河供电所,2026年二季度,90.00,3,A,,
"""


def bring(database, path, record, now=NOW):
    config = parse_config(SpreadsheetConfig, {"name": record, "record": record}, "the test")
    return import_file(database, by=system_viewer(), path=path, config=config, now=now, name=path.name)


def write_scores(folder):
    path = folder / "scores.csv"
    path.write_text(SCORES, encoding="utf-8")
    return path


def repairs_of_last_year(folder):
    """Twelve repairs of 东河 in 2025-Q3, nine in time: R1 75 %, and enough records to be ranked."""
    path = folder / "last_year.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["repair_no", "office_code", "accepted_at", "arrived_at", "restored_at"])
        for day in range(1, 13):
            arrived = "11:00:00" if day <= 3 else "09:30:00"
            rows.writerow([f"LY-{day}", "990101", f"2025-08-{day:02d} 09:00:00", f"2025-08-{day:02d} {arrived}",
                           f"2025-08-{day:02d} 12:00:00"])  # fmt: skip
    return path


@pytest.fixture
def company(database, tmp_path):
    migrate(database)
    for record, path in write_files(tmp_path):
        bring(database, path, record)
    bring(database, write_scores(tmp_path), "scores")
    return database


@pytest.fixture
def rules(tmp_path):
    return rules_of(Settings(home=tmp_path))


def table(db, rules, viewer=None, **asked):
    who = viewer or system_viewer()
    document = league(db, who, rules, period="2026-Q3", now=NOW, **asked)
    found = comparison(db, who, rules, period="2026-Q3", level="station", now=NOW, **asked)
    return {row["office"]: row for row in with_comparison(document, found)["rows"]}


def test_finished_scores_stand_beside_the_league_and_change_nothing_in_it(company, rules, tmp_path):
    rows = table(company, rules)
    assert rows["990101"]["year_before"] == {
        "period": "2025-Q3", "score": 91.27, "rank": 1, "ranked": True, "source": "imported", "rulebook": None,
    }  # fmt: skip
    assert rows["990102"]["year_before"]["score"] == 88.10
    assert rows["990101"]["previous"] == {
        "period": "2026-Q2", "score": 90.0, "rank": 3, "ranked": True, "source": "imported", "rulebook": None,
    }  # fmt: skip
    assert rows["990201"]["year_before"] is None  # its line had no score
    assert rows["990102"]["previous"] is None
    other = Database(f"sqlite:///{tmp_path / 'without.db'}")
    migrate(other)
    for record, path in write_files(tmp_path):
        bring(other, path, record)
    plain = {row["office"]: row for row in league(other, system_viewer(), rules, period="2026-Q3", now=NOW)["rows"]}
    assert {code: (row["score"], row["rank"], row["n"]) for code, row in rows.items()} == {
        code: (row["score"], row["rank"], row["n"]) for code, row in plain.items()
    }
    last_year = league(company, system_viewer(), rules, period="2025-Q3", now=NOW)["rows"]
    assert {(row["n"], row["rank"]) for row in last_year} == {(0, None)}  # imported scores are no records
    other.engine.dispose()


def test_what_cannot_be_compared_is_in_quarantine_with_its_reason(company):
    with company.reading() as connection:
        rows = connection.execute(
            sa.select(QUARANTINE.c.reason, QUARANTINE.c.row_no).where(QUARANTINE.c.record == "scores")
        ).all()
    assert sorted(map(tuple, rows)) == [("missing_value", 4), ("unknown_office", 6), ("unreadable_time", 5)]


def test_indicator_values_come_with_the_score(company, rules):
    found = comparison(company, system_viewer(), rules, period="2026-Q3", level="station", now=NOW)
    values = found.year_before["990101"].indicators
    assert (values["R1"], values["T4"], values["T1"]) == (0.985, 0.4, None)
    assert found.year_before["990102"].indicators["R1"] == 0.93


def test_last_years_records_win_over_a_finished_score(company, rules, tmp_path):
    """Imported as records the year before is judged here: by the edition of then, and counted like this year's."""
    bring(company, repairs_of_last_year(tmp_path), "repairs")
    rows = table(company, rules)
    then = rows["990101"]["year_before"]
    assert (then["source"], then["rulebook"], then["ranked"]) == (
        "computed",
        "promise-2022",
        False,
    )  # R alone: 25 of 100
    found = comparison(company, system_viewer(), rules, period="2026-Q3", level="station", now=NOW)
    assert found.year_before["990101"].indicators["R1"] == 0.75
    assert rows["990102"]["year_before"]["source"] == "imported"
    aside = table(company, rules, as_of=NOW)
    assert {code: row["year_before"] for code, row in aside.items()} == {
        code: row["year_before"] for code, row in rows.items()
    }


def test_a_head_is_compared_with_the_own_past_only(company, rules):
    head = Viewer("许立", "office_head", frozenset({"990102"}))
    found = comparison(company, head, rules, period="2026-Q3", level="station", now=NOW)
    assert set(found.year_before) == {"990102"}
    assert set(found.previous) == set()


def test_the_command_imports_finished_scores_and_prints_them(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MINGCHA_DATABASE_URL", raising=False)
    (tmp_path / "mingcha.toml").write_text(CONFIGURATION, encoding="utf-8")
    migrate(Database(f"sqlite:///{tmp_path / 'mingcha.db'}"))

    def run(*arguments):
        with pytest.raises(SystemExit) as ended:
            main([*arguments, "--format", "json"])
        assert ended.value.code in (None, 0)
        return json.loads(capsys.readouterr().out)

    files = {record: path for record, path in write_files(tmp_path) if record in ("offices", "repairs")}
    for record, path in files.items():
        run("import", record, str(path))
    batch = run("import", "scores", str(write_scores(tmp_path)))["batches"][0]
    assert (batch["read"], batch["new"], batch["quarantined"]) == (6, 3, 3)
    rows = {row["office"]: row for row in run("league", "--period", "2026-Q3")["rows"]}
    assert rows["990102"]["year_before"]["source"] == "imported"
    assert rows["990201"]["year_before"] is None
