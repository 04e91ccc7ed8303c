"""Two collectors started at the same moment read nothing twice: two real processes, the same folders and database."""

import subprocess
import sys
from pathlib import Path

import sqlalchemy as sa

from dashboard.database.models import BATCHES

sys.path.append(str(Path(__file__).parents[2]))
from tests.faults import scenario
from tests.faults.kills import ROOT

ROWS = 200
SEED = 20261122
FOLDERS = scenario.SOURCES[:-1]
"""Those that read files: a database is asked again where the watermark left off, which is no reading twice."""


def test_two_collectors_started_at_the_same_moment_read_nothing_twice(database, tmp_path):
    worlds = scenario.make_worlds(tmp_path, SEED, ROWS)
    url = database.url.render_as_string(hide_password=False)
    command = [sys.executable, "-m", "tests.faults.scenario", str(worlds[0]), url, "0", *FOLDERS]
    both = [subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
            for _ in range(2)]  # fmt: skip
    for process in both:
        assert process.stdout.readline() == "ready\n"
    for process in both:
        process.stdin.write("go\n")
        process.stdin.flush()
    said = [process.communicate(timeout=120)[0] for process in both]
    assert [process.returncode for process in both] == [0, 0], said
    assert all(text.endswith("done\n") for text in said)
    with database.reading() as connection:
        read = connection.execute(sa.select(BATCHES.c.source, BATCHES.c.file, BATCHES.c.state)).all()
    assert (
        len(read) == len(set(read)) == 9
    )  # one of offices, four csv, a workbook, a folder named like one, two of repairs
    once = scenario.snapshot(database)
    scenario.collect_all(worlds[0], database, 0, FOLDERS)
    assert scenario.differences(once, scenario.snapshot(database)) == []
