"""What was decided or sent late: it is told before publishing, and a correction shows it beside the frozen period."""

from __future__ import annotations

import datetime as dt
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from checks.exclusions import Filing
from checks.periods import usual_name
from dashboard.actions import exclusions, freezing
from dashboard.actions.violations import deal
from dashboard.bootstrap import Application
from dashboard.cases.opening import keep_cases
from dashboard.database import Database
from dashboard.database.migrate import migrate
from dashboard.database.models import FINDINGS, REVIEWS
from dashboard.errors import MingchaError
from dashboard.freezing.differences import what_changed
from dashboard.freezing.scoring import scoring
from dashboard.instants import to_micros
from dashboard.judging.present import bring_up_to_date
from dashboard.people import Viewer
from dashboard.queries.league import league
from dashboard.queries.violations import ledger, violation
from dashboard.settings import Settings
from tests.dashboard.test_freezing import AS_OF, FIRST, NOW, PERIOD, RULES, SECOND, SYSTEM, filled, frozen, imported

HALL = "H0201"
SEEN = dt.datetime(2026, 8, 5, 2, tzinfo=dt.UTC)
JULY = to_micros(dt.datetime(2026, 7, 1, tzinfo=dt.UTC))
DRILL = Filing(("990102",), ("repairs",), JULY, JULY + 86_400_000_000, "drill", "演练方案")


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("whole")
    db = Database(f"sqlite:///{folder / 'm.db'}")
    migrate(db)
    filled(db, folder / "in")
    db.engine.dispose()
    return folder / "m.db"


@pytest.fixture
def app(whole: Path, tmp_path: Path) -> Iterator[Application]:
    """The company again, copied: quicker than imported."""
    db = Database(f"sqlite:///{shutil.copy(whole, tmp_path / 'm.db')}")
    yield Application(Settings(), db, SYSTEM, now=lambda: NOW)
    db.engine.dispose()


def found(app: Application, item: str = "B01", at: dt.datetime = SEEN) -> int:
    """A finding that nobody has reviewed."""
    values = {"hall_code": HALL, "item_code": item, "observed_at": to_micros(at), "duration_proven": True,
              "source": "person", "created_at": to_micros(at)}  # fmt: skip
    with app.db.session() as connection:
        row = connection.execute(sa.insert(FINDINGS).values(**values).returning(FINDINGS.c.id))
        return int(row.scalar_one())


def reviewed(app: Application, finding: int, decision: str, at: dt.datetime, **values: Any) -> None:
    row = {"finding_id": finding, "decision": decision, "by": "沈岚", "at": to_micros(at), **values}
    with app.db.session() as connection:
        connection.execute(sa.insert(REVIEWS).values(row))


def unmet(document: dict[str, Any]) -> dict[str, int]:
    return {one["code"]: one["open"] for one in document["checklist"] if not one["met"]}


def hall_in(told: dict[str, Any]) -> dict[str, Any]:
    return next(row for row in told["rows"] if row["office"] == HALL)


def test_what_was_published_while_somebody_scored_is_not_proposed_again(
    app: Application, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = freezing.propose(app, by=FIRST, period=PERIOD, reason="已核实")

    def slow(*args: Any, **values: Any) -> Any:
        monkeypatch.setattr(freezing, "scoring", scoring)
        freezing.publish(app, by=SECOND, period=PERIOD, digest=done["digest"])
        return scoring(*args, **values)

    monkeypatch.setattr(freezing, "scoring", slow)
    with pytest.raises(MingchaError, match="never changes"):
        freezing.propose(app, by=Viewer("乙", "evaluator", frozenset({"*"})), period=PERIOD, reason="另一人")


def test_the_reason_of_the_proposer_covers_only_what_was_open_then(app: Application) -> None:
    done = freezing.propose(app, by=FIRST, period=PERIOD, reason="该行不属本公司")
    exclusions.file_exclusion(app.db, by=FIRST, filing=DRILL, at=NOW)
    with pytest.raises(MingchaError, match="in order: exclusions_decided 1\\."):
        freezing.publish(app, by=SECOND, period=PERIOD, digest=done["digest"])
    assert freezing.publish(app, by=SECOND, period=PERIOD, digest=done["digest"], reason="下季处理")["state"]


def test_what_was_decided_after_the_as_of_is_told_before_publishing(app: Application) -> None:
    number = exclusions.file_exclusion(app.db, by=FIRST, filing=DRILL, at=AS_OF - dt.timedelta(days=1))
    exclusions.approve_exclusion(app.db, by=SECOND, number=number, at=AS_OF + dt.timedelta(hours=1))
    late, undone, good = (found(app, at=SEEN + dt.timedelta(days=day)) for day in range(3))
    reviewed(app, late, "confirmed", AS_OF + dt.timedelta(hours=1))
    reviewed(app, undone, "confirmed", SEEN + dt.timedelta(days=2))
    reviewed(app, undone, "annulled", SEEN + dt.timedelta(days=3))
    reviewed(app, good, "rejected", SEEN + dt.timedelta(days=3))
    told = unmet(freezing.propose(app, by=FIRST, period=PERIOD))
    assert told == {"quarantine_empty": 1, "reviews_done": 1, "nothing_decided_late": 2}


def test_a_review_taken_back_or_made_after_publishing_is_a_correction(app: Application) -> None:
    one, two = found(app), found(app, "B02")
    reviewed(app, one, "confirmed", SEEN + dt.timedelta(days=1))
    frozen(app)
    reviewed(app, one, "annulled", NOW)
    told = freezing.propose_restatement(app, by=FIRST, period=PERIOD, reason="申诉成立")
    assert [one["what"] for one in told["why"]] == ["decisions"]
    (h1,) = hall_in(told)["indicators"]
    assert (h1["code"], h1["records"][0]["before"], h1["records"][0]["after"]) == ("H1", "deduction", None)
    assert hall_in(told)["change"] > 0
    reviewed(app, two, "confirmed", NOW)
    changes = hall_in(freezing.difference(app, SYSTEM, PERIOD))["indicators"][0]["records"]
    assert sorted((one["before"], one["after"]) for one in changes if one["after"]) == [(None, "deduction")]


def test_a_restatement_is_approved_once(app: Application, tmp_path: Path) -> None:
    finding = found(app)
    frozen(app)
    reviewed(app, finding, "confirmed", NOW)
    told = freezing.propose_restatement(app, by=FIRST, period=PERIOD, reason="补审")
    freezing.approve_restatement(app, by=SECOND, period=PERIOD, digest=told["digest"])
    with pytest.raises(MingchaError, match="approved already"):
        freezing.approve_restatement(app, by=SECOND, period=PERIOD, digest=told["digest"])


def test_a_late_repair_before_the_period_that_makes_one_of_it_a_repeat_is_a_correction(
    app: Application, tmp_path: Path
) -> None:
    frozen(app)
    path = tmp_path / "early.csv"
    path.write_text("repair_no,office_code,customer_no,accepted_at,arrived_at,restored_at\n"
                    "ZZ-1,990102,990102001,2026-06-29 09:00:00,2026-06-29 09:20:00,2026-06-29 10:00:00\n",
                    encoding="utf-8")  # fmt: skip
    imported(app.db, tmp_path, "repairs", path)
    told = freezing.propose_restatement(app, by=FIRST, period=PERIOD, reason="补录")
    assert [(one["what"], one["examples"]) for one in told["why"]] == [("repairs", ["repairs ZZ-1"])]
    assert any(one["code"] == "R4" for row in told["rows"] for one in row["indicators"])


def test_a_difference_always_says_what_differs(app: Application, tmp_path: Path) -> None:
    """A record of the quarter before is in the documents' comparison only."""
    before = scoring(app, PERIOD, AS_OF)
    path = tmp_path / "q2.csv"
    path.write_text("repair_no,office_code,accepted_at,arrived_at,restored_at\n"
                    "YY-1,990102,2026-05-01 09:00:00,2026-05-01 09:20:00,2026-05-01 10:00:00\n",
                    encoding="utf-8")  # fmt: skip
    imported(app.db, tmp_path, "repairs", path)
    after = scoring(app, PERIOD, AS_OF)
    told = what_changed(before.header, after.header, before.document, after.document)
    assert before.digest != after.digest
    assert told == [{"what": "derived", "count": 1, "examples": ["facts"]}]


def test_the_item_a_reviewer_chose_is_among_the_decisions(app: Application) -> None:
    finding = found(app)
    reviewed(app, finding, "confirmed", SEEN + dt.timedelta(days=1), item_code="B03")
    table = scoring(app, PERIOD, AS_OF).document("decisions")["reviews"]
    assert [row[table["columns"].index("chosen_item")] for row in table["rows"]] == ["B03"]


@pytest.mark.parametrize(
    ("name", "usual"),
    [
        ("2026-07-01..2026-09-30", "2026-Q3"),
        ("2026-07-01..2026-07-31", "2026-07"),
        ("2026-09-14..2026-09-20", "2026-W38"),
        ("2026-12-28..2027-01-03", "2026-W53"),
        ("2026-07-02..2026-09-30", "2026-07-02..2026-09-30"),
        ("2026-Q3", "2026-Q3"),
        ("何时", "何时"),
    ],
)
def test_the_same_days_have_one_name(name: str, usual: str) -> None:
    assert usual_name(name) == usual


def test_the_same_days_are_not_frozen_under_a_second_name(app: Application) -> None:
    done, days = frozen(app), "2026-07-01..2026-09-30"
    with pytest.raises(MingchaError, match="2026-Q3 is published"):
        freezing.propose(app, by=FIRST, period=days)
    assert league(app.db, SYSTEM, RULES, period=days, now=NOW)["snapshot"] == done["digest"]


def test_the_same_findings_stored_in_another_order_give_the_same_digest(whole: Path, tmp_path: Path) -> None:
    """Domain §9, 52: two seen at the same moment use up the month's points in one order, whatever the database says."""
    digests = set()
    for name in ("one", "two"):
        db = Database(f"sqlite:///{shutil.copy(whole, tmp_path / name)}")
        again = Application(Settings(), db, SYSTEM, now=lambda: NOW)
        for item in ("B01", "R01", "B02") if name == "one" else ("B02", "R01", "B01"):
            reviewed(again, found(again, item), "confirmed", SEEN + dt.timedelta(days=1))
        made = scoring(again, PERIOD, AS_OF)
        digests.add(made.digest)
        h1 = next(one for one in made.document(f"explain/{HALL}")["indicators"] if one["code"] == "H1")
        told = {record["number"] for record in h1["records"] if record["record"] == "findings"}
        assert told == {f"{HALL}/{item}/2026-08-05T10:00:00" for item in ("B01", "R01", "B02")}
        db.engine.dispose()
    assert len(digests) == 1


def test_an_appeal_upheld_after_publishing_leaves_the_frozen_points_and_gives_them_back_in_a_restatement(
    app: Application, tmp_path: Path
) -> None:
    """Confirmed a day before the quarter is published, appealed within three working days: by a film and by a sheet."""
    finding, day = found(app), NOW - dt.timedelta(days=1)
    reviewed(app, finding, "confirmed", SEEN + dt.timedelta(days=1))
    path = tmp_path / "sheet.csv"
    path.write_text("inspection_no,kind,hall_code,at,item_code,result,count\n"
                    f"HC-9,mutual,{HALL},2026-09-03 10:00:00,B02,violation,1\n", encoding="utf-8")  # fmt: skip
    imported(app.db, tmp_path, "inspections", path)
    bring_up_to_date(app.db, RULES, day)
    keep_cases(app.db, app.settings, RULES, day)
    cases = [one for one in ledger(app.db, SYSTEM, rules=RULES, as_of=day) if one.office == HALL]
    mine = {one.number: one.kind for one in cases if one.item in ("B01", "B02")}
    assert sorted(mine.values()) == ["inspection", "review"]
    frozen(app)
    before = league(app.db, SYSTEM, RULES, period=PERIOD, level="hall", now=NOW)
    for number in mine:
        step = {"number": number, "at": NOW, "rules": RULES, "note": "柜员在场"}
        deal(app.db, by=Viewer("方敏", "office_head", frozenset({HALL})), deed="appeal", seen=1, **step)
        deal(app.db, by=Viewer("陆宁", "regional_manager", frozenset({"*"})), deed="uphold_appeal", seen=2, **step)
    later = NOW + dt.timedelta(hours=1)
    bring_up_to_date(app.db, RULES, later)
    keep_cases(app.db, app.settings, RULES, later)
    assert league(app.db, SYSTEM, RULES, period=PERIOD, level="hall", now=later) == before
    told = freezing.propose_restatement(app, by=FIRST, period=PERIOD, reason="申诉成立")
    (h1,) = hall_in(told)["indicators"]
    assert h1["code"] == "H1"
    assert sorted((one["number"], one["before"], one["after"]) for one in h1["records"]) == [
        ("H0201/B01/2026-08-05T10:00:00", "deduction", None), ("HC-9", "deduction", None),
    ]  # fmt: skip
    assert h1["numerator"] == [186, 196]  # B01 and B02 are B: 5 points each
    score = next(one["score"] for one in before["rows"] if one["office"] == HALL)
    assert hall_in(told)["score"] == [score, score + hall_in(told)["change"]] == [79.5, 87]
    assert {violation(app.db, SYSTEM, n, rules=RULES, as_of=later).violation.state for n in mine} == {"annulled"}
