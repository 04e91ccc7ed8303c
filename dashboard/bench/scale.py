"""`mingcha bench scale`: what 30, 3,000 and 30,000 halls need (规模), by simulation from figures measured in the run.

Measured: processor seconds of one look, steps that the scheduler hands out, the database's share of an outcome, the
time to find out what is due. Simulated: a day's moments as the plan draws them, a minute each to fetch, then looks on
so many cores. The rest is arithmetic. `docs/scale.md` quotes what this prints.
"""

from __future__ import annotations

import heapq
import json
import os
import shutil
import tempfile
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import numpy as np
import sqlalchemy as sa

from collectors.video.look import look
from collectors.video.persons import PersonDetector, person_detector
from collectors.video.plan import LOCAL
from dashboard.bench.look_speed import SIZES, crew_of, make_clip, processor_seconds
from dashboard.bench.timing import machine
from dashboard.database import Database
from dashboard.database.migrate import migrate
from dashboard.database.models import RECORD_TABLES
from dashboard.people import system_viewer
from dashboard.sampling.crew import LOOK, Threads
from dashboard.sampling.days import due_slots
from dashboard.sampling.sealing import seal
from dashboard.sampling.taking import take_due
from dashboard.settings import DEFAULT_SLOTS, PlanSettings, Settings, parse_slot

HALLS = (30, 3_000, 30_000)
CAMERAS_A_HALL = 2
MAIN, SUB = 4.0, 0.6
"""Mb/s of a camera's main stream, which is kept, and of its sub-stream, which may be looked at instead."""
KEPT_DAYS = 30
MINUTE = 60.0
READY_WITHIN = 600.0
"""Seconds after the end of a slot by which its last look should be done."""
DAY = date(2026, 9, 1)
STEPS, OUTCOMES = 500, 60


@dataclass(frozen=True, slots=True)
class Measured:
    """Figures of this machine: processor seconds a look at the main stream and at the sub-stream, seconds a step costs
    the scheduler, seconds an outcome costs the database, and seconds to find what is due, per number of halls."""

    look_main: float
    look_sub: float
    step: float
    outcome: float
    due: dict[int, float]


def run(*, size: int | None = None, pairs: int = 1) -> None:
    """Print what is measured and what follows for each number of halls (`size` for only one)."""
    print(
        f"scale ({machine()}), load {os.getloadavg()[0]:.1f}: {CAMERAS_A_HALL} cameras a hall, "
        f"{len(DEFAULT_SLOTS)} slots a day"
    )
    halls = (size,) if size else HALLS
    with tempfile.TemporaryDirectory(prefix="mingcha-scale-") as folder:
        measured = measure(Path(folder), halls)
    for name, value in (("a look at the main stream, processor s", measured.look_main),
                        ("a look at the sub-stream, processor s", measured.look_sub),
                        ("a step through the scheduler, ms", 1000 * measured.step),
                        ("an outcome in the database, ms", 1000 * measured.outcome)):  # fmt: skip
        print(f"measured: {name}: {value:.2f}")
    for number in halls:
        print()
        for line in needs(number, measured):
            print(line)


# --- measuring -------------------------------------------------------------------------------------------------------


def measure(folder: Path, halls: Iterable[int]) -> Measured:
    eyes = person_detector(os.environ.get("MINGCHA_PERSON_MODEL"))
    main, sub = (look_seconds(folder / f"{size}.mp4", size, rate, eyes) for size, rate in SIZES.items())
    due = {number: due_seconds(folder / f"due-{number}", number) for number in halls}
    return Measured(main, sub, step_seconds(), outcome_seconds(folder / "outcomes"), due)


def look_seconds(path: Path, size: str, rate: str, eyes: PersonDetector) -> float:
    """Processor seconds of a look at a minute of that size; nan without ffmpeg, which makes the clip."""
    if shutil.which("ffmpeg") is None:
        return float("nan")
    make_clip(path, size, rate, 1)
    return min(processor_seconds(partial(look, path, detector=eyes, sparing=True)) for _ in range(3))


def step_seconds() -> float:
    """Seconds by the clock that each of many empty steps takes through scheduler and workers."""
    ended: SimpleQueue[Any] = SimpleQueue()
    with crew_of(2) as crew:
        began = time.perf_counter()
        for number in range(STEPS):
            crew.start(LOOK, str(number), None, ended.put, nothing, number)
        for _ in range(STEPS):
            ended.get()
        return (time.perf_counter() - began) / STEPS


def nothing(number: int) -> int:
    return number


def company(home: Path, halls: int) -> tuple[Database, Settings]:
    """Halls whose cameras are live only, in a database of its own."""
    home.mkdir(parents=True)
    (home / "plan.secret").write_text("0123456789abcdef0123456789abcdef")
    db = Database(f"sqlite:///{home / 'mingcha.db'}")
    migrate(db)
    lineage = {"version_at": 0, "content_hash": 0, "batch_id": 0, "row_no": 0}
    codes = [f"H{number:05}" for number in range(halls)]
    polygons = json.dumps([{"name": name, "polygon": [[9, 9], [99, 9], [99, 99]]} for name in ("1", "waiting")])
    with db.session() as connection:
        connection.execute(
            sa.insert(RECORD_TABLES["offices"]),
            [{**lineage, "code": code, "name": code, "level": "hall", "valid_from": "2020-01-01"} for code in codes],
        )
        connection.execute(sa.insert(RECORD_TABLES["cameras"]), [
            {**lineage, "code": f"{code}-{number}", "hall_code": code, "windows": polygons, "url": "rtsp://127.0.0.1:1/"}
            for code in codes for number in range(CAMERAS_A_HALL)])  # fmt: skip
    return db, Settings(home=home, plan=PlanSettings(secret_file="plan.secret"))


def due_seconds(home: Path, halls: int) -> float:
    """Seconds to find the slots that are due on a day: done every ten seconds."""
    db, settings = company(home, halls)
    began = time.perf_counter()
    due_slots(db, settings, DAY)
    seconds = time.perf_counter() - began
    db.engine.dispose()
    return seconds


def outcome_seconds(home: Path) -> float:
    """Seconds that the database, its lock and its chain need for one look: its row and its outcome."""
    db, settings = company(home, OUTCOMES)
    evening = datetime(2026, 8, 31, 20, tzinfo=LOCAL)
    seal(db, settings, DAY, by=system_viewer(), now=evening)
    first = parse_slot("1", DEFAULT_SLOTS["1"])
    now = datetime.combine(DAY, first.ends, LOCAL).astimezone(UTC) + timedelta(minutes=3)  # every moment is lost
    began = time.perf_counter()
    taken = take_due(db, settings, now, system_viewer(), only_day=DAY, only_slot=1, crew=Threads("none"))
    seconds = time.perf_counter() - began
    db.engine.dispose()
    assert len(taken) == OUTCOMES * CAMERAS_A_HALL
    return seconds / len(taken)


# --- what follows ----------------------------------------------------------------------------------------------------


def needs(halls: int, measured: Measured) -> list[str]:
    """One line per resource."""
    moments = [drawn(halls, seconds) for seconds in slot_seconds()]
    looks = halls * CAMERAS_A_HALL
    streams = max(busiest(slot) for slot in moments)
    shortest = min(slot_seconds())
    a_second = looks / shortest
    a_day = looks * len(moments) * MAIN * MINUTE / 8 / 1000
    return [
        f"{halls:,} halls: {looks * len(moments):,} looks a day, {a_second:.2f} a second in the shortest slot",
        f"  cores that keep up: {cores(moments, measured.look_main)} for main streams, "
        f"{cores(moments, measured.look_sub)} for sub-streams",
        f"  streams at once at most: {streams} = {streams * MAIN:,.0f} Mb/s (with the sub-stream beside "
        f"{streams * (MAIN + SUB):,.0f})",
        f"  kept: {a_day:,.0f} GB a day, {a_day * KEPT_DAYS / 1000:,.1f} TB in {KEPT_DAYS} days",
        f"  scheduler: {2 * a_second:.1f} steps a second, "
        f"{100 * 2 * a_second * measured.step:.1f} % of what it can hand out",
        f"  database: {100 * a_second * measured.outcome:.0f} % of its one writer in the shortest slot",
        f"  finding what is due: {measured.due[halls]:.2f} s of every 10 s",
    ]  # fmt: skip


def slot_seconds() -> list[float]:
    """Lengths of the default slots."""
    slots = [parse_slot(number, span) for number, span in DEFAULT_SLOTS.items()]
    return [float((s.ends.hour - s.starts.hour) * 3600 + (s.ends.minute - s.starts.minute) * 60) for s in slots]


def drawn(halls: int, seconds: float) -> np.ndarray[Any, Any]:
    """Moments of a slot's looks, sorted: the cameras of a hall share theirs, as the plan draws it."""
    moments = np.floor(np.random.default_rng(halls).random(halls) * (seconds - MINUTE))
    return np.sort(np.repeat(moments, CAMERAS_A_HALL))


def busiest(moments: np.ndarray[Any, Any]) -> int:
    """Most streams that are recorded at the same time."""
    return int((np.searchsorted(moments, moments, "right") - np.searchsorted(moments, moments - MINUTE, "right")).max())


def cores(slots: Sequence[np.ndarray[Any, Any]], look_of: float) -> int:
    """The fewest cores with which the last look of every slot is done ten minutes after its last moment."""
    if look_of != look_of:  # not measured
        return 0
    fewest, most = 1, max(2, int(sum(len(slot) for slot in slots) * look_of / READY_WITHIN) + 2)
    while fewest < most:
        middle = (fewest + most) // 2
        if all(behind(slot, look_of, middle) <= READY_WITHIN for slot in slots):
            most = middle
        else:
            fewest = middle + 1
    return fewest


def behind(moments: np.ndarray[Any, Any], look_of: float, count: int) -> float:
    """Seconds from the end of the last minute until its slot is looked at, `count` looks at a time, first come."""
    free = [0.0] * count
    for moment in moments:
        heapq.heapreplace(free, max(free[0], float(moment) + MINUTE) + look_of)
    return max(free) - float(moments[-1]) - MINUTE
