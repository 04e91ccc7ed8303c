"""The plan of a day: sealed before, revealed after, and found out if anything was changed."""

import runpy
from datetime import date, datetime, time, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from collectors.video.plan import LOCAL
from dashboard.database.models import AUDIT, LOOKS, PLAN_DAYS, RECORD_TABLES
from dashboard.instants import from_micros
from dashboard.people import Viewer, system_viewer
from dashboard.sampling.sealing import PlanError, plan_document, reveal, seal
from dashboard.sampling.verifying import verify_plans

DAY = date(2026, 9, 1)
EVENING = datetime(2026, 8, 31, 20, 0, tzinfo=LOCAL)
HALF_PAST_TWO = datetime(2026, 9, 1, 14, 20, tzinfo=LOCAL)
"""When the last of the two slots ends."""
SYSTEM = system_viewer()


def sealed(halls, now=EVENING, day=DAY):
    return seal(halls.db, halls.settings, day, by=SYSTEM, now=now)


def document(halls, now, *, viewer=SYSTEM, day=DAY):
    return plan_document(halls.db, halls.settings, viewer, day, now=now)


def verified(halls, now=HALF_PAST_TWO):
    return verify_plans(halls.db, halls.settings, now=now)


def test_a_day_is_sealed_once_with_the_time_of_sealing(halls):
    first = sealed(halls)
    again = sealed(halls, EVENING + timedelta(hours=30))
    assert again == first
    assert first.sealed_at == EVENING
    assert first.seed is None
    assert [row.action for row in halls.rows(sa.select(AUDIT))] == ["seal_plan"]


def test_the_moments_of_a_slot_are_told_once_it_has_ended_and_the_seed_after_the_last(halls):
    halls.hall()
    halls.camera()
    sealed(halls)
    before = document(halls, datetime(2026, 9, 1, 10, 19, 59, tzinfo=LOCAL))
    assert [row["planned_at"] for row in before["rows"]] == [None, None]
    assert before["seed"] is None
    between = document(halls, datetime(2026, 9, 1, 10, 20, tzinfo=LOCAL))
    assert [row["planned_at"] for row in between["rows"]] == [halls.moment(1), None]
    assert between["seed"] is None
    last = document(halls, HALF_PAST_TWO - timedelta(seconds=1))
    assert last["seed"] is None
    over = document(halls, HALF_PAST_TWO)
    assert [row["planned_at"] for row in over["rows"]] == [halls.moment(1), halls.moment(2)]
    assert over["commitment"] == before["commitment"]


def test_a_third_party_recomputes_the_day_from_what_is_printed(halls):
    halls.hall("H001")
    halls.hall("H002", "城东营业厅")
    halls.camera("H001-1", hall="H001")
    halls.camera("H002-1", hall="H002")
    sealed(halls)
    outside = runpy.run_path(str(Path(__file__).parents[2] / "docs" / "verify_draw.py"))
    printed = document(halls, HALF_PAST_TWO)
    spans = {1: ("10:00", "10:20"), 2: ("14:00", "14:20")}
    assert len(printed["rows"]) == 4
    for row in printed["rows"]:
        seed = bytes.fromhex(printed["seed"])
        drawn = outside["moment"](seed, row["hall"], row["date"], str(row["slot"]), *spans[row["slot"]])
        assert drawn == row["planned_at"].replace(tzinfo=None)


def test_a_seed_is_revealed_only_after_the_last_slot(halls):
    sealed(halls)
    early = reveal(halls.db, halls.settings, DAY, by=SYSTEM, now=HALF_PAST_TWO - timedelta(seconds=1))
    assert early.seed is None
    late = reveal(halls.db, halls.settings, DAY, by=SYSTEM, now=HALF_PAST_TWO)
    assert len(bytes.fromhex(late.seed)) == 32
    assert verified(halls)["ok"]


def test_a_plan_sealed_with_another_secret_cannot_be_opened(sqlite_halls):
    halls = sqlite_halls
    halls.hall()
    halls.camera()
    sealed(halls)
    (halls.home / "plan.secret").write_text("another secret of enough length\n")
    with pytest.raises(PlanError, match="sealed with another secret"):
        document(halls, HALF_PAST_TWO)
    with pytest.raises(PlanError, match="sealed with another secret"):
        halls.take(halls.later())


@pytest.mark.parametrize(("content", "words"), [(None, "cannot be read"), ("short\n", "holds 5 bytes")])
def test_without_a_secret_nothing_is_drawn(sqlite_halls, content, words):
    path = sqlite_halls.home / "plan.secret"
    path.unlink()
    if content:
        path.write_text(content)
    with pytest.raises(PlanError, match=words):
        sealed(sqlite_halls)


def test_a_person_sees_the_plan_of_their_halls_only(halls):
    halls.hall("H001")
    halls.hall("H002", "城东营业厅")
    halls.camera("H001-1", hall="H001")
    halls.camera("H002-1", hall="H002")
    head = Viewer("所长", "office_head", frozenset({"H002"}))
    assert {row["hall"] for row in document(halls, EVENING, viewer=head)["rows"]} == {"H002"}


def test_a_hall_without_a_camera_owes_nothing(sqlite_halls):
    sqlite_halls.hall()
    assert document(sqlite_halls, EVENING)["rows"] == []


def test_a_day_sealed_late_says_so_and_is_no_breach(halls):
    sealed(halls, datetime.combine(DAY, time(9), LOCAL))
    found = verified(halls)
    assert found["ok"]
    assert found["notes"] == [{"kind": "sealed_late", "what": "2026-09-01: the plan was sealed on 2026-09-01 09:00:00"}]


# --- what verify finds -----------------------------------------------------------------------------------------------


@pytest.fixture
def taken(sqlite_halls):
    """A day taken, over and revealed."""
    halls = sqlite_halls
    halls.hall()
    halls.camera()
    sealed(halls)
    halls.film(halls.scenes.room_with((-100, 200)), slot=1)
    halls.film(halls.scenes.room_with((-100, 200)), slot=2)
    halls.take(HALF_PAST_TWO)
    assert verified(halls) == {"ok": True, "checked": 1 + 2, "problems": [], "notes": []}
    return halls


def change(halls, statement):
    with halls.db.session() as connection:
        connection.execute(statement)


def kinds(halls):
    found = verified(halls)
    assert not found["ok"]
    return [problem["kind"] for problem in found["problems"]]


def test_a_changed_commitment_is_found(taken):
    change(taken, sa.update(PLAN_DAYS).values(commitment="00" * 32))
    assert kinds(taken) == ["commitment"]


def test_a_changed_seed_is_found_with_every_moment_that_does_not_fit(taken):
    change(taken, sa.update(PLAN_DAYS).values(seed="00" * 32))
    assert kinds(taken) == ["commitment", "moment", "moment"]


def test_a_moved_moment_is_found(taken):
    table = RECORD_TABLES["samples"]
    change(taken, sa.update(table).where(table.c.slot == 2).values(planned_at=table.c.planned_at + 1_000_000))
    assert kinds(taken) == ["moment"]


def test_a_moved_moment_of_which_no_picture_came_and_a_slot_that_was_none_are_found(taken):
    """The looks of both samples are taken away, as if their camera had not answered."""
    table = RECORD_TABLES["samples"]
    change(taken, sa.delete(LOOKS))
    assert verified(taken)["checked"] == 1 + 2
    change(taken, sa.update(table).where(table.c.slot == 1).values(planned_at=table.c.planned_at + 1_000_000))
    change(taken, sa.update(table).where(table.c.slot == 2).values(slot=7))
    assert kinds(taken) == ["moment", "moment"]


def test_a_seed_told_too_early_is_found(taken):
    change(taken, sa.update(PLAN_DAYS).values(revealed_at=PLAN_DAYS.c.revealed_at - 1_000_000))
    assert kinds(taken) == ["revealed_early"]


def test_the_stored_time_of_sealing_is_kept_to_the_microsecond(sqlite_halls):
    now = datetime(2026, 8, 31, 20, 0, 0, 123457, tzinfo=LOCAL)
    sealed(sqlite_halls, now)
    (row,) = sqlite_halls.rows(sa.select(PLAN_DAYS))
    assert from_micros(row.sealed_at) == now
