"""The examples of docs/examples: real foreign tables as sources by configuration alone, judged by books of their own.

What the league must say is computed here from the raw files, by plain Python.
"""

import csv
import json
import os
import shutil
from collections import Counter, defaultdict
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa

from collectors.mapping import SourceConfig
from dashboard import settings
from dashboard.bootstrap import Application, open_application
from dashboard.database.migrate import migrate
from dashboard.database.models import RECORD_TABLES
from dashboard.errors import MingchaError
from dashboard.intake import import_file
from dashboard.intake.collecting import collect
from dashboard.judging.rules import rules_named, rules_of
from dashboard.people import system_viewer
from dashboard.queries.explain import explain
from dashboard.queries.league import league
from dashboard.queries.records import records

EXAMPLES = Path(__file__).parents[2] / "docs" / "examples"
NEW_YORK = ZoneInfo("America/New_York")
LONG_AGO = datetime(2024, 1, 1, tzinfo=UTC).timestamp()


class Example:
    """One example, its real files taken in."""

    def __init__(self, name: str, home: Path, files: list[Path]) -> None:
        shutil.copytree(EXAMPLES / name, home, dirs_exist_ok=True)
        (home / "inbox").mkdir()
        for file in files:
            shutil.copyfile(file, home / "inbox" / file.name)
            os.utime(home / "inbox" / file.name, (LONG_AGO, LONG_AGO))
        migrate(open_application(environment={}, directory=home, need_tables=False).db)
        self.app = open_application(environment={}, directory=home)
        self.report = collect(self.app)

    def league(self, rulebook, period, level="station", as_of=None):
        app = self.app
        rules = rules_named(app.settings, rulebook)
        found = league(app.db, app.viewer, rules, period=period, level=level, now=app.now(), as_of=as_of)
        return {row["office"]: row for row in found["rows"]}

    def rows(self, statement):
        with self.app.db.reading() as connection:
            return connection.execute(statement).all()

    def quarantined(self):
        """Reasons and their rows over all batches."""
        return sum((batch.reasons for batch in self.report.batches), Counter())


def conserved(batches):
    return all(b.read == b.new + b.updated + b.unchanged + b.older + b.quarantined for b in batches)


@pytest.fixture(scope="module")
def nyc(shared, tmp_path_factory):
    files = sorted((shared / "data").glob("nyc311_*.csv"))
    example = Example("nyc311", tmp_path_factory.mktemp("nyc311"), files)
    yield example
    example.app.db.engine.dispose()


@pytest.fixture(scope="module")
def outages(shared, tmp_path_factory):
    files = [*(shared / "data").glob("DOE_*.xlsx"), *(shared / "data").glob("OE417_*.xls")]
    example = Example("outages", tmp_path_factory.mktemp("outages"), files)
    yield example
    example.app.db.engine.dispose()


@pytest.fixture(scope="module")
def purdue(shared, tmp_path_factory):
    example = Example("purdue", tmp_path_factory.mktemp("purdue"), [shared / "data" / "purdue_outage.xlsx"])
    yield example
    example.app.db.engine.dispose()


# --- service requests of New York -------------------------------------------------------------------------------------


def stamp(text, form):
    return datetime.strptime(text, form).replace(tzinfo=NEW_YORK) if text else None


def requests_of_2018(shared):
    """(agency, borough, created, closed) of every row, by the csv module."""
    form = "%m/%d/%Y %I:%M:%S %p"
    with (shared / "data" / "nyc311_dgraph.csv").open(encoding="utf-8", newline="") as file:
        return [
            (row["Agency"], row["Borough"], stamp(row["Created Date"], form), stamp(row["Closed Date"], form))
            for row in csv.DictReader(file)
        ]


def test_every_request_of_both_exports_is_stored(nyc):
    assert not nyc.report.failures
    assert [(b.read, b.new, b.quarantined) for b in nyc.report.batches] == [(1000, 1000, 0), (1000, 1000, 0)]
    assert conserved(nyc.report.batches)


def test_the_league_of_the_boroughs_is_what_plain_python_counts(nyc, shared):
    """A1: closed within 24 hours, of the requests of the second quarter of 2018, New York time."""
    counted = defaultdict(lambda: [0, 0])
    for _, borough, created, closed in requests_of_2018(shared):
        in_period = datetime(2018, 4, 1, tzinfo=NEW_YORK) <= created < datetime(2018, 7, 1, tzinfo=NEW_YORK)
        if not in_period or (closed and closed.astimezone(UTC) < created.astimezone(UTC)):
            continue  # closed before it was opened: nobody can judge that
        counted[borough.replace(" ", "")][1] += 1
        in_time = closed and closed.astimezone(UTC) - created.astimezone(UTC) <= timedelta(hours=24)
        counted[borough.replace(" ", "")][0] += bool(in_time)
    found = nyc.league("nyc311", "2018-Q2", level="county")
    assert set(found) == {"BRONX", "BROOKLYN", "MANHATTAN", "QUEENS", "STATENISLAND"}
    assert {
        code: [row["indicators"]["A1"][name] for name in ("numerator", "denominator")] for code, row in found.items()
    } == {code: counted[code] for code in found}
    assert [row["ranked"] for row in found.values()] == [True] * 5


def test_requests_closed_before_they_were_opened_are_nobodys_fault(nyc):
    rules, app = rules_named(nyc.app.settings, "nyc311"), nyc.app
    told = records(app.db, app.viewer, rules, record="tickets", period="2014-01-01..2019-12-31", now=app.now(),
                   verdict="unjudgeable", indicator="A1")  # fmt: skip
    assert told["total"] == 10
    assert {row["reason"]["A1"] for row in told["rows"]} == {"end_before_start"}


def test_on_the_morning_of_the_export_open_requests_are_pending_not_late(nyc):
    """708 of the 1,000 requests of 2024 were open when the file was made, none of them older than a day."""
    as_of = datetime(2024, 4, 16, 12, tzinfo=UTC)
    rows = nyc.league("nyc311", "2024-Q2", as_of=as_of).values()
    assert sum(row["indicators"]["A1"]["pending"] for row in rows) == 708
    now = nyc.league("nyc311", "2024-Q2").values()
    assert sum(row["indicators"]["A1"]["pending"] for row in now) == 0


def test_the_points_of_a_foreign_office_are_explained_to_the_cent(nyc):
    app, rules = nyc.app, rules_named(nyc.app.settings, "nyc311")
    told = explain(app.db, app.viewer, rules, office="QUEENS", period="2018-Q2", now=app.now())
    lost = sum(Fraction(str(line["score_lost"])) for line in told["indicators"])
    assert lost == 100 - Fraction(str(told["score"]))
    assert told["rulebook"] == "nyc311-2018"
    by_record = [Fraction(str(r["score_lost"])) for line in told["indicators"] for r in line["records"]]
    assert sum(by_record) == lost


def test_foreign_offices_and_records_are_no_part_of_the_company(nyc):
    app = nyc.app
    rules = rules_of(app.settings)
    assert league(app.db, app.viewer, rules, period="2024-Q2", level="station", now=app.now())["rows"] == []
    told = records(app.db, app.viewer, rules, record="tickets", period="2024-Q2", now=app.now())
    assert told["total"] == 0


def test_an_unknown_rulebook_names_the_nearest(nyc):
    with pytest.raises(MingchaError) as raised:
        rules_named(nyc.app.settings, "nyc113")
    assert "nyc311" in raised.value.hint


# --- outages ----------------------------------------------------------------------------------------------------------


def test_the_workbook_of_six_layouts_is_conserved_and_all_its_sheets_are_read(outages):
    assert not outages.report.failures
    batches = outages.report.batches
    assert conserved(batches)
    assert [b.sheet for b in batches if b.source.startswith("doe")] == [str(year) for year in (
        2002, 2003, 2004, 2005, 2008, 2006, 2007, 2009, 2010, *range(2011, 2024))]  # fmt: skip
    assert sum(b.new for b in batches) == 3_874


def test_the_old_files_say_nothing_that_the_workbook_has_not_said(outages):
    """The .xls of 2021 and 2022 hold the events of those sheets: equal ones are unchanged, the others refused."""
    old = [b for b in outages.report.batches if b.source == "oe417"]
    assert [(b.read, b.new, b.updated, b.unchanged, b.quarantined) for b in old] == [
        (387, 0, 0, 381, 6),
        (390, 0, 0, 386, 4),
    ]


def test_what_is_in_quarantine_is_said_in_the_readme(outages):
    counts = {"duplicate_in_file": 36, "missing_value": 48, "unreadable_time": 7}
    assert outages.quarantined() == counts
    readme = (EXAMPLES / "outages" / "README.md").read_text("utf-8")
    assert all(f"| `{reason}` | {count} |" in readme for reason, count in counts.items())


@pytest.mark.parametrize(
    ("place", "accepted", "restored"),
    [
        ("Oklahoma", "2002-01-30 06:00", "2002-02-07 12:00"),
        ("Piedmont, North Carolina", "2003-02-27 11:32", "2003-03-01 08:00"),
        ("King County", "2004-01-07 00:00", "2004-01-10 17:00"),
        ("Southern and Central Maine", "2006-01-18 15:16", "2006-01-18 18:34"),
        ("Sacramento County", "2008-01-04 07:47", "2008-01-04 16:30"),
        ("Massachusetts", "2011-01-12 06:00", "2011-01-12 14:00"),
        ("New Hampshire: Merrimack County", "2022-01-01 00:06", "2022-01-01 05:51"),
    ],
)
def test_each_layout_gives_its_start_and_its_restoration(outages, place, accepted, restored):
    """One outage of each layout, as the sheet shows it: `Midnight`, `1/10/04, 5:00 p.m.`, `6:34 p.m. January 18`."""
    table = RECORD_TABLES["repairs"].c
    found = outages.rows(sa.select(table.accepted_at, table.restored_at).where(table.line.startswith(place)))
    expected = tuple(
        int(datetime.fromisoformat(text).replace(tzinfo=NEW_YORK).timestamp()) * 1_000_000
        for text in (accepted, restored)
    )
    assert expected in [tuple(row) for row in found]


def test_the_winter_storm_of_2021_puts_texas_far_down(outages):
    rows = outages.league("outages", "2021-Q1")
    ranked = {code: row["rank"] for code, row in rows.items() if row["ranked"]}
    assert set(ranked) == {"WECC", "SERC", "TRE", "MRO"}
    assert (rows["TRE"]["score"], ranked["TRE"]) == (33.41, 3)
    assert rows["TRE"]["indicators"]["D1"]["numerator"] == 13
    assert rows["TRE"]["indicators"]["D1"]["denominator"] == 31


def test_an_outage_whose_end_is_unknown_is_not_judged(outages):
    """47 events of 2021 were restored at `Unknown`; two contradict another row and are in quarantine."""
    rows = outages.league("outages", "2021-01-01..2021-12-31").values()
    unknown = outages.rows(
        sa.select(RECORD_TABLES["repairs"].c.unreadable).where(
            RECORD_TABLES["repairs"].c.repair_no.like("__/__/2021 %"),
            RECORD_TABLES["repairs"].c.unreadable.is_not(None),
        )
    )
    assert {json.loads(text)["restored_at"] for (text,) in unknown} == {"Unknown Unknown"}
    assert sum(row["indicators"]["D1"]["unjudgeable"] for row in rows) == len(unknown)


def test_day_and_time_in_two_columns_below_title_rows(purdue):
    (batch,) = purdue.report.batches
    assert (batch.read, batch.new, batch.quarantined, batch.skipped) == (1535, 1525, 10, 5)
    assert purdue.quarantined() == {"unreadable_time": 9, "missing_value": 1}
    table = RECORD_TABLES["repairs"].c
    ((accepted, restored),) = purdue.rows(sa.select(table.accepted_at, table.restored_at).where(table.repair_no == "1"))
    chicago = ZoneInfo("America/Chicago")
    assert accepted == int(datetime(2011, 7, 1, 17, tzinfo=chicago).timestamp()) * 1_000_000
    assert restored == int(datetime(2011, 7, 3, 20, tzinfo=chicago).timestamp()) * 1_000_000


def test_states_stand_below_their_climate_regions(purdue):
    rows = purdue.league("outages", "2011-01-01..2016-07-31", level="county")
    assert len(rows) == 9
    assert rows["Southwest"]["rank"] == 1
    assert rows["EastNorthCentral"]["rank"] == 8
    states = purdue.league("outages", "2011-01-01..2016-07-31")
    assert states["Minnesota"]["indicators"]["D1"]["denominator"] == 10


# --- without the real files -------------------------------------------------------------------------------------------

FOREIGN = """
[[sources]]
name = "abroad"
record = "tickets"
path = "inbox/*.csv"
rulebook = "nyc311"
calendar = "us-none"
timezone = "America/New_York"
office_create = true
[sources.columns]
office_parent = "borough"
"""
HEADER = "ticket_no,type,office_code,borough,accepted_at,replied_at\n"


@pytest.fixture
def abroad(database, tmp_path):
    """A company with one station, and a source of foreign records that names one like it; on both databases."""
    shutil.copytree(EXAMPLES / "nyc311" / "rulebooks", tmp_path / "rulebooks")
    (tmp_path / "mingcha.toml").write_text(FOREIGN, "utf-8")
    (tmp_path / "inbox").mkdir()
    app = Application(settings.load({}, tmp_path), database, system_viewer())
    own = tmp_path / "offices.csv"
    own.write_text("code,name,level\nDOT,道路供电所,station\n", "utf-8")
    import_file(app.db, by=app.viewer, path=own, config=SourceConfig(record="offices"), now=app.now())
    return app


def bring(app, *rows, name="a.csv"):
    path = app.settings.home / "inbox" / name
    path.write_text(HEADER + "".join(f"{row}\n" for row in rows), "utf-8")
    os.utime(path, (LONG_AGO, LONG_AGO))
    return collect(app, names=["abroad"])


def test_a_foreign_office_is_not_the_companys_of_the_same_code(abroad):
    report = bring(abroad, "1,request,DOT,QUEENS,2024-04-16 10:00:00,2024-04-16 11:00:00")
    assert [(b.new, b.quarantined) for b in report.batches] == [(1, 0)]
    rules = rules_named(abroad.settings, "nyc311")
    found = league(abroad.db, abroad.viewer, rules, period="2024-Q2", now=abroad.now())
    assert [(row["office"], row["name"]) for row in found["rows"]] == [("DOT@nyc311", "DOT")]
    own = league(abroad.db, abroad.viewer, rules_of(abroad.settings), period="2024-Q2", now=abroad.now())
    assert [(row["office"], row["n"]) for row in own["rows"]] == [("DOT", 0)]


def test_naming_an_office_again_makes_no_second_one(abroad):
    bring(abroad, "1,request,HPD,QUEENS,2024-04-16 10:00:00,")
    bring(abroad, "2,request,HPD,BRONX,2024-04-17 10:00:00,", "3,request,QUEENS,,2024-04-17 10:00:00,", name="b.csv")
    table = RECORD_TABLES["offices"].c
    query = sa.select(table.code, table.parent_code, table.level).where(table.rulebook == "nyc311")
    with abroad.db.reading() as connection:
        made = connection.execute(query.order_by(table.code)).all()
    assert made == [("HPD", "QUEENS", "station"), ("QUEENS", None, "county")]


def test_the_day_of_a_foreign_record_is_that_of_its_zone(abroad):
    """23:30 in New York on 30 June is already July in Shanghai."""
    bring(abroad, "1,request,HPD,QUEENS,2018-06-30 23:30:00,2018-06-30 23:45:00")
    rules = rules_named(abroad.settings, "nyc311")
    n = {
        period: league(abroad.db, abroad.viewer, rules, period=period, now=abroad.now())["rows"][0]["n"]
        for period in ("2018-Q2", "2018-Q3", "2018-06-30..2018-06-30")
    }
    assert n == {"2018-Q2": 1, "2018-Q3": 0, "2018-06-30..2018-06-30": 1}


def test_two_sources_of_one_rulebook_must_agree_on_its_days(abroad):
    other = FOREIGN.replace('"abroad"', '"elsewhere"').replace("New_York", "Chicago")
    (abroad.settings.home / "mingcha.toml").write_text(FOREIGN + other, "utf-8")
    both = settings.load({}, abroad.settings.home)
    with pytest.raises(MingchaError, match=r"us-none in America/Chicago and us-none in America/New_York"):
        rules_named(both, "nyc311")


def test_a_source_that_names_the_companys_own_rulebook_brings_its_own_records(abroad):
    config = FOREIGN.replace('rulebook = "nyc311"', 'rulebook = "promise"').replace("America/New_York", "Asia/Shanghai")
    (abroad.settings.home / "mingcha.toml").write_text(config, "utf-8")
    app = Application(settings.load({}, abroad.settings.home), abroad.db, abroad.viewer)
    bring(app, "1,request,DOT,,2024-04-16 10:00:00,2024-04-16 11:00:00")
    found = league(app.db, app.viewer, rules_of(app.settings), period="2024-Q2", now=app.now())
    assert [(row["office"], row["n"]) for row in found["rows"]] == [("DOT", 1)]
