"""The demo company comes in through the import, is judged, and shows its stories where a person would look."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from checks.periods import parse_period
from dashboard import settings as settings_module
from dashboard.bootstrap import Application
from dashboard.database.models import BATCHES, META, QUARANTINE, RECORD_TABLES, VIOLATION_EVENTS
from dashboard.demo import casework, company, configuration, hallwork, preparing
from dashboard.demo.inbox import history
from dashboard.instants import LOCAL, from_micros
from dashboard.judging.rules import rules_of
from dashboard.people import Viewer, system_viewer
from dashboard.queries.agreement import reviewing
from dashboard.queries.facts import proposals
from dashboard.queries.league import league
from dashboard.queries.letters import letters_of
from dashboard.queries.offices import visible_tree
from dashboard.queries.violations import ledger, violation
from dashboard.settings import CompanySettings, Settings

DEMO_NOW = datetime(2026, 11, 20, 6, 20, tzinfo=UTC)


def counted(app, query):
    with app.db.reading() as connection:
        return connection.execute(query).all()


@pytest.fixture(scope="module")
def standings(demo_application):
    app = demo_application
    document = league(app.db, app.viewer, rules_of(app.settings), period="2026-Q3", now=app.now())
    return {row["name"]: row for row in document["rows"]}


def test_its_configuration_is_one_the_program_reads(tmp_path):
    (tmp_path / "mingcha.toml").write_text(configuration(), encoding="utf-8")
    settings = settings_module.load({}, tmp_path)
    assert settings.company.demo
    roles = sorted(person.role for person in settings.people.values())
    assert roles == ["administrator", "auditor", "evaluator", "inspector", "inspector", "office_head",
                     "regional_manager", "regional_manager", "reviewer"]  # fmt: skip
    assert [source["record"] for source in settings.sources][:2] == ["offices", "cameras"]
    known = {county.code for county in company.COUNTIES} | {station.code for station in company.stations()} | {"*"}
    assert {code for person in settings.people.values() for code in person.offices} <= known


def test_every_row_of_every_file_is_accounted_for(demo_application):
    """Promise 1: read = new + updated + unchanged + older + quarantined, for each of the files."""
    rows = counted(demo_application, sa.select(BATCHES))
    assert {row.state for row in rows} == {"done"}
    # registers; months; quarters of spot-checks; the hour; other lines before this quarter and of the day
    assert len(rows) == 3 + 8 * 3 + 3 + 4 + 7 + 6
    for row in rows:
        assert row.read == row.new + row.updated + row.unchanged + row.older + row.quarantined
        assert row.read > 0
    assert sum(row.updated for row in rows) > 100
    assert sum(row.unchanged for row in rows) > 1000


def test_the_dirt_is_in_quarantine_and_the_rest_is_not(demo_application):
    query = sa.select(QUARANTINE.c.reason, sa.func.count()).group_by(QUARANTINE.c.reason)
    found = dict(tuple(row) for row in counted(demo_application, query))
    files = 16  # eight months of tickets and of repairs
    assert found == {
        "unknown_office": 3 * files + 1, "unreadable_time": files + 1, "missing_value": files,
        "damaged_number": 2 * files, "duplicate_in_file": 2 * files,
        "unreadable_value": 1, "unknown_value": 1,  # a measure as a percentage only, and one that nobody registered
    }  # fmt: skip


def test_its_size_is_what_a_prefecture_brings(demo_application):
    sizes = {
        name: counted(demo_application, sa.select(sa.func.count()).select_from(table))[0][0]
        for name, table in RECORD_TABLES.items()
    }
    assert 20_000 < sizes["tickets"] < 30_000
    assert 15_000 < sizes["repairs"] < 22_000
    assert 24_000 < sizes["samples"] < 32_000
    assert sizes["offices"] == 1 + 6 + 60 + 1 + 30  # one station has two names in turn
    assert sizes["cameras"] == 8
    assert 1000 < sizes["applications"] < 2000
    assert 2000 < sizes["evaluations"] < 4000
    assert 6000 < sizes["measures"] < 9000


def test_the_league_tells_the_stories(standings):
    assert standings["云台供电所"]["rank"] == 1
    assert standings["云台供电所"]["n"] < 60
    assert standings["三岔供电所"]["rank"] > 45
    assert standings["三岔供电所"]["indicators"]["R1"]["value"] < 0.85
    assert standings["城南供电所"]["grade"] == "D"
    assert standings["城南供电所"]["red_line"] == 1
    assert standings["铁铺供电所"]["indicators"]["R5"]["value"] >= 0.5
    assert standings["稻香供电所"]["indicators"]["R4"]["value"] > 0.1
    assert standings["苇泊供电所"]["reason"] == "few_records"
    assert standings["苇泊供电所"]["rank"] is None
    large = standings["城东供电所"]
    assert large["n"] > 1000
    assert 10 < large["rank"] < 45


def test_every_line_of_business_has_values(standings):
    """C1–C3 and O1–O5 of a usual station, so that nothing is missing but what has no hall."""
    assert set(standings["石门供电所"]["missing"]) == set()
    late = standings["双桥供电所"]["indicators"]["C1"]
    assert late["value"] < 0.9
    everywhere = [row["indicators"]["C1"]["value"] for row in standings.values()]
    assert sum(value is not None for value in everywhere) > 50


def test_the_awkward_applications_are_there(demo_application):
    """A pause, a withdrawn one, a connection on a day that no calendar has, one still open."""
    row = RECORD_TABLES["applications"].c
    counts = {
        "paused": row.paused_working_days > 0,
        "withdrawn": sa.and_(row.archived_at.is_not(None), row.connected_at.is_(None), row.unreadable.is_(None)),
        "unreadable": row.unreadable.like("%2026/13/5%"),
        "open": sa.and_(row.archived_at.is_(None), row.connected_at.is_(None)),
    }
    table = RECORD_TABLES["applications"]
    found = {name: counted(demo_application, sa.select(sa.func.count()).select_from(table).where(condition))[0][0]
             for name, condition in counts.items()}  # fmt: skip
    assert found["unreadable"] == 1
    assert found["paused"] > 10
    assert found["withdrawn"] > 5
    assert found["open"] > 20


def test_the_turned_camera_lowers_only_what_it_should(demo_application):
    """A camera problem lowers H3 (可监控率) and neither H1 nor H2 of the hall."""
    app = demo_application
    rows = league(
        app.db, app.viewer, rules_of(app.settings), period="2026-11", level="hall", now=app.now()
    )["rows"]  # fmt: skip
    row = next(row for row in rows if row["name"] == "滨江供电营业厅")
    assert row["indicators"]["H3"]["value"] < 0.75
    assert row["indicators"]["H2"]["value"] > 0.9


def test_it_says_that_it_is_a_demo_and_what_is_still_to_come(demo_application):
    facts = dict(tuple(row) for row in counted(demo_application, sa.select(META.c.key, META.c.value)))
    assert facts["demo"] == "2026-11-20"
    assert facts["demo_preparing"] == "recordings of six halls, for yesterday and today"


@pytest.fixture
def month_application(database, tmp_path, monkeypatch):
    """A demo of a few weeks: its history cut to the registers and the last month, on both databases."""
    now = datetime(2026, 11, 5, 1, 30, tzinfo=UTC)
    monkeypatch.setattr(
        preparing,
        "history",
        lambda day: (file for file in history(day) if "-1" in file.path or "Q4" in file.path or "20" not in file.path),
    )
    settings = Settings(home=tmp_path, company=CompanySettings(name="青岚市供电公司", demo=True))
    return Application(settings, database, system_viewer(), now=lambda: now)


def test_preparing_twice_does_nothing_and_an_hour_later_brings_the_hour(month_application):
    app = month_application
    said: list[str] = []
    preparing.prepare(app, say=said.append)
    first = counted(app, sa.select(sa.func.count()).select_from(BATCHES))[0][0]
    assert first == 3 + 2 * 3 + 1 + 4 + 6
    preparing.prepare(app, say=said.append)
    assert counted(app, sa.select(sa.func.count()).select_from(BATCHES))[0][0] == first

    later = replace(app, now=lambda: app.now() + timedelta(hours=1))
    preparing.prepare(later, say=said.append)
    rows = counted(app, sa.select(BATCHES).order_by(BATCHES.c.id))[first:]
    assert [row.record for row in rows] == ["tickets", "repairs", "samples", "inspections"]
    assert rows[0].new > 0
    assert rows[0].updated > 0
    assert rows[0].quarantined == 0
    assert any("95598" in line for line in said)


def test_a_stop_in_the_middle_is_made_good(month_application, monkeypatch):
    """Killed between two files, the next start brings in what is missing and nothing twice."""
    app, taken = month_application, []
    real = preparing.import_file

    def stopping(*arguments, **options):
        if len(taken) == 5:
            raise KeyboardInterrupt
        taken.append(options["name"])
        return real(*arguments, **options)

    monkeypatch.setattr(preparing, "import_file", stopping)
    with pytest.raises(KeyboardInterrupt):
        preparing.prepare(app, say=lambda _: None)
    monkeypatch.setattr(preparing, "import_file", real)
    preparing.prepare(app, say=lambda _: None)
    names = [row.file for row in counted(app, sa.select(BATCHES.c.file))]
    assert len(names) == len(set(names)) == 3 + 2 * 3 + 1 + 4 + 6
    details = counted(app, sa.select(BATCHES.c.details).where(BATCHES.c.record == "samples"))[0][0]
    assert json.loads(details)["columns"]["outcome"] == ["抽查结果/结果"]


def test_the_slow_part_films_what_the_plan_asks_and_opens_the_recorder(demo_application, tmp_path, monkeypatch):
    """Every moment of the plan of yesterday and today gets its file; then, not before, samples may be taken."""
    app, made = demo_application, []
    monkeypatch.setattr(preparing, "make_recording", lambda recording, home, turned: made.append(recording))
    monkeypatch.setattr(preparing, "make_reference", lambda hall, camera, home: None)
    monkeypatch.setattr(preparing, "seed_for", lambda db, settings, day: b"0" * 32)
    sealed = []
    monkeypatch.setattr(preparing, "seal", lambda db, settings, day, **more: sealed.append(day))
    monkeypatch.setattr(preparing, "forget", lambda connection, key: sealed.append(key))
    steps = []
    said = preparing.finish(app, go_on=lambda: steps.append(1))
    assert said == "80 recordings"  # six halls, eight cameras, five slots, two days
    assert len(steps) == 80
    assert sealed == [DEMO_NOW.date() - timedelta(days=1), "demo_preparing"]
    assert {recording.moment.at.date() for recording in made} == {DEMO_NOW.date(), DEMO_NOW.date() - timedelta(days=1)}
    for recording in made:
        first, last = hallwork.SLOTS[recording.moment.slot]
        assert first <= recording.moment.at.time() < last


def test_the_slow_part_stops_when_it_is_told_to(demo_application, monkeypatch):
    made = []
    monkeypatch.setattr(preparing, "make_recording", lambda recording, home, turned: made.append(recording))
    monkeypatch.setattr(preparing, "make_reference", lambda hall, camera, home: None)
    monkeypatch.setattr(preparing, "seed_for", lambda db, settings, day: b"0" * 32)

    def go_on():
        if len(made) == 3:
            raise InterruptedError

    with pytest.raises(InterruptedError):
        preparing.finish(demo_application, go_on=go_on)
    assert len(made) == 3
    assert preparing.is_filming(demo_application.db)


def test_reviewers_agree_mostly_and_one_is_stricter_than_chance_explains(demo_application):
    app = demo_application
    halls = visible_tree(app.db, app.viewer).offices
    found = reviewing(app.db, app.viewer, period=parse_period("2026-Q4"), halls=halls, as_of=app.now())
    assert found.overall.n > 100
    assert 0.85 < found.overall.percent.value < 1
    assert {one.name: one.severity.called for one in found.people}["陆一鸣"] == "stricter"
    assert all(one.gold.violations + one.gold.clean for one in found.people)


def test_a_film_and_a_mutual_check_of_one_noon_wait_to_be_joined(demo_application):
    app = demo_application
    period = parse_period("2026-Q4")
    waiting = proposals(app.db, app.viewer, since=from_micros(period.starts_at), until=from_micros(period.ends_at),
                        as_of=app.now())  # fmt: skip
    assert waiting
    assert {tuple(sorted(one.way for one in group)) for group in waiting} == {("mutual", "video")}


def test_people_have_been_dealing_with_five_cases_each_left_at_another_place(demo_application):
    """2026-11-20 is a Friday: five working days after the 13th, the sixth after the 12th, and so on."""
    app, rules = demo_application, rules_of(demo_application.settings)
    head = Viewer("许立", "office_head", frozenset({"994010502"}))
    found = {one.item: one for one in ledger(app.db, system_viewer(), rules=rules, as_of=app.now(), ended=False)}
    assert {item: (one.state, set(one.sides)) for item, one in found.items()} == {
        "R11": ("rectifying", {"supervised"}), "E06": ("submitted", set()), "R06": ("rectifying", set()),
        "R05": ("rectifying", {"appealed"}),
    }  # fmt: skip
    assert (found["R11"].due < app.now(), found["R11"].level) == (True, "leader")
    assert f"{found['R06'].due.astimezone(LOCAL):%m-%d %H:%M}" == "11-20 23:59"  # today
    closed = violation(app.db, head, found["R05"].recurrence_of, rules=rules, as_of=app.now())
    assert (closed.violation.state, closed.events[-1].deed) == ("closed", "propose_accountability")
    assert {(one.deed, one.by) for one in closed.events} >= {("submit", "许立"), ("pass", "苏晴"), ("close", "沈岚")}
    inspector = Viewer("沈岚", "inspector", frozenset({"*"}))
    assert [one.kind for one in letters_of(app.db, inspector, closed)] == ["notice", "circular", "discipline"]
    mine = ledger(app.db, head, rules=rules, as_of=app.now(), ended=False)
    assert {one.item for one in mine} == {"E06", "R06", "R05"}
    before = counted(app, sa.select(sa.func.count()).select_from(VIOLATION_EVENTS))
    casework.work_on(app, app.now().date())  # what is there is not done twice
    assert counted(app, sa.select(sa.func.count()).select_from(VIOLATION_EVENTS)) == before
    assert len(letters_of(app.db, inspector, closed)) == 3
