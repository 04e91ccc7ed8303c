"""SIGKILL while samples are taken: the run itself, a Dask worker, or a decoder, at random moments and at named ones.

`python -m tests.faults.kill_samples --times 60 --seed 1` kills again and again and compares what is left with an
undisturbed run: outcomes, candidates, files, chain. The seed is printed.
"""

import contextlib
import multiprocessing
import os
import random
import shutil
import signal
import time
from datetime import UTC, timedelta
from pathlib import Path

import psutil
import sqlalchemy as sa

from dashboard.database import Database
from dashboard.database.migrate import migrate
from dashboard.database.models import CHAIN, EVIDENCE, FINDINGS, LOOKS, RECORD_TABLES
from dashboard.people import system_viewer
from dashboard.sampling import rounds, storing, taking, workplace
from dashboard.sampling.cluster import open_crew
from dashboard.sampling.crew import Threads
from dashboard.sampling.verifying import verify_plans
from tests.dashboard.halls_under_test import Halls

VICTIMS = ("run", "worker", "every worker", "decoder")
PROCESSES = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload(["tests.faults.samples"])
SECONDS_UNTIL_TAKEN = timedelta(seconds=70)


def company(home: Path, url: str) -> Halls:
    """One hall with an empty window, seen by a camera that shows it and one that is dark, and one with somebody."""
    home.mkdir(parents=True, exist_ok=True)
    halls = Halls(Database(url), home)
    migrate(halls.db)
    halls.hall()
    halls.camera("H001-1", windows=("1",))
    halls.camera("H001-2", windows=("2",))
    halls.hall("H002", "北门营业厅")
    halls.camera("H002-1", hall="H002")
    halls.film(halls.scenes.room_with((0, 20)), camera="H001-1")
    halls.film(lambda second: halls.scenes.room() * 0, camera="H001-2")
    halls.film(halls.scenes.room_with((-100, 200)), camera="H002-1", hall="H002")
    return halls


def due(halls: Halls):
    """A moment at which the first slot of both halls can be taken."""
    return max(halls.moment(hall="H001"), halls.moment(hall="H002")).astimezone(UTC) + SECONDS_UNTIL_TAKEN


def take(home: Path, url: str, now, dying_at: str | None, workers: int, pipe) -> None:
    """One run, in a process of its own. It dies at a named point, or goes on until it is done."""
    halls = Halls(Database(url), home)
    video = halls.settings.video.model_copy(update={"workers": workers})
    rounds.PATIENCE_SECONDS = 600  # killed workers come back however slow the machine is
    if dying_at:
        die_at(dying_at)
    crew = open_crew(halls.settings.model_copy(update={"video": video})) if workers else Threads("none")
    pipe.send("ready")
    taking.take_due(halls.db, halls.settings, now, system_viewer(), crew=crew)
    pipe.send("done")
    crew.close()


# --- named moments ---------------------------------------------------------------------------------------------------


def _killed(*_given, **_options) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _before(owner, name: str) -> None:
    setattr(owner, name, _killed)


def _after(owner, name: str) -> None:
    function = getattr(owner, name)

    def and_die(*given, **options):
        function(*given, **options)
        _killed()

    setattr(owner, name, and_die)


POINTS = {
    "a minute is fetched": lambda: _before(workplace.Workplace, "note"),
    "its note is written": lambda: _after(workplace.Workplace, "note"),
    "it was looked at": lambda: _before(rounds.Round, "_conclude"),
    "the row says how it ended": lambda: _before(storing, "_settle"),
    "its frames are moved": lambda: _after(Path, "replace"),
    "its folder is in place": lambda: _after(storing, "_settle"),
    "the first file has its row": lambda: _after(storing._Desk, "keep_file"),
    "the look is stored": lambda: _after(storing._Desk, "conclude_hall"),
    "the outcome is committed": lambda: _after(storing, "conclude"),
}


def die_at(point: str) -> None:
    POINTS[point]()


# --- runs and what they leave ----------------------------------------------------------------------------------------


def run(halls: Halls, now, *, dying_at=None, workers=0, victim=None, after=None) -> float | None:
    """One run in a process of its own, `victim` killed `after` seconds. Its seconds; None if it did not end well."""
    ours, theirs = PROCESSES.Pipe()
    url = halls.db.url.render_as_string(hide_password=False)
    process = PROCESSES.Process(target=take, args=(halls.home, url, now, dying_at, workers, theirs))
    process.start()
    theirs.close()
    try:
        assert ours.poll(300), "the run did not begin"
        began = time.monotonic()
        if victim:
            process.join(after)
            kill(process.pid, victim)
        ours.recv()
        if not ours.poll(600) or ours.recv() != "done":
            return None
        seconds = time.monotonic() - began
        process.join(60)
        return seconds if process.exitcode == 0 else None
    except EOFError:
        return None
    finally:
        process.kill()
        process.join()


def kill(pid: int, victim: str) -> None:
    """SIGKILL to the run, to one or every worker of it, or to a decoder; nobody if there is none at this moment."""
    with contextlib.suppress(psutil.NoSuchProcess):
        family = psutil.Process(pid).children(recursive=True)
        workers = [one for one in family if "spawn_main" in " ".join(one.cmdline())]
        decoders = [one for one in family if any(part.endswith("decoder.py") for part in one.cmdline())]
        chosen = {"run": [psutil.Process(pid)], "worker": workers[:1], "every worker": workers, "decoder": decoders[:1]}
        for one in chosen[victim]:
            one.kill()


def left(halls: Halls) -> dict[str, list]:
    """What the runs left, without what differs from run to run (numbers, times)."""
    sample = RECORD_TABLES["samples"].c
    queries = {
        "outcomes": sa.select(sample.sample_id, sample.camera_code, sample.outcome, sample.cause),
        "looks": sa.select(LOOKS.c.sample_id, LOOKS.c.camera_code),
        "findings": sa.select(FINDINGS.c.sample_id, FINDINGS.c.camera_code, FINDINGS.c.item_code, FINDINGS.c.starts),
        "evidence": sa.select(EVIDENCE.c.path, EVIDENCE.c.sha256),
        "chain": sa.select(CHAIN.c.kind).where(CHAIN.c.kind.in_(("clip", "frame"))),
    }
    return {name: sorted(tuple(row) for row in halls.rows(query)) for name, query in queries.items()}


def wrongs(halls: Halls, expected: dict[str, list], now) -> list[str]:
    """How what is left differs from an undisturbed run, and what nobody owns."""
    found = [f"{name}: {rows} instead of {expected[name]}" for name, rows in left(halls).items()
             if rows != expected[name]]  # fmt: skip
    stored = {row.path for row in halls.evidence()}
    found += [f"orphan {name}" for name in halls.files() if name not in stored]
    found += [f"{one['kind']}: {one['what']}" for one in verify_plans(halls.db, halls.settings, now=now)["problems"]]
    return found


class Tries:
    """The company as it stands before anything was taken, copied for each try."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        before = company(folder / "before", f"sqlite:///{folder / 'before' / 'm.db'}")
        self.now = due(before)
        before.db.engine.dispose()
        with self.fresh() as halls:
            self.usual = run(halls, self.now, workers=2)
            assert self.usual is not None
            self.expected = left(halls)

    @contextlib.contextmanager
    def fresh(self):
        home = self.folder / "try"
        shutil.copytree(self.folder / "before", home)
        halls = Halls(Database(f"sqlite:///{home / 'm.db'}"), home)
        yield halls
        halls.db.engine.dispose()
        shutil.rmtree(home)


def kill_at_points(tries: Tries, points, say=print) -> int:
    """A run that dies at each point, then one that does not; the number of tries that left something else."""
    wrong = 0
    for point in points:
        with tries.fresh() as halls:
            died = run(halls, tries.now, dying_at=point) is None
            ended = run(halls, tries.now) is not None
            found = wrongs(halls, tries.expected, tries.now) + ([] if died and ended else ["it did not die there"])
        wrong += bool(found)
        say(f"killed when {point}: {'; '.join(found) or 'as undisturbed'}")
    return wrong


def kill_again_and_again(tries: Tries, *, times: int, seed: int, say=print) -> int:
    """`times` kills at random moments of a run on Dask. Another run follows only if the run itself was killed."""
    draw, wrong = random.Random(seed), 0
    for number in range(times):
        victim, after = VICTIMS[number % len(VICTIMS)], draw.uniform(0, tries.usual)
        with tries.fresh() as halls:
            ended = run(halls, tries.now, workers=2, victim=victim, after=after) is not None
            if victim == "run":
                ended = run(halls, tries.now) is not None
            found = wrongs(halls, tries.expected, tries.now) + ([] if ended else ["the run did not end"])
        wrong += bool(found)
        say(f"{victim} killed after {after:.3f} s: {'; '.join(found) or 'as undisturbed'}")
    return wrong
