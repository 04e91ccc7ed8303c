"""`mingcha bench web`: reruns per second of the League page against an empty page, at 50 sessions.

Both pages run under the same server settings, each in a process of its own; the visitors are a third one. The company
is the demo's (60 stations, two quarters). Wanted: at least 30 % of the empty page.
"""

from __future__ import annotations

import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from dashboard.bench.timing import machine
from dashboard.bootstrap import open_application
from dashboard.database.migrate import migrate
from dashboard.demo import configuration, prepare
from dashboard.web.periods import current_quarter
from dashboard.web.places import ROOT

SESSIONS = 50
SECONDS = 6.0
WANTED = 0.30
LEAGUE = """
import sys
from pathlib import Path
from dashboard.settings import load
from dashboard.web.server import serve
serve(load({}, Path.cwd()), int(sys.argv[1]))
"""
EMPTY = """
import sys
import streamlit as st
from dashboard.web.places import top
from dashboard.web.server import CONFIG_FILE, streamlit_options
options = streamlit_options(top(CONFIG_FILE))
st.App("empty.py").run(config={**options, "server.address": "127.0.0.1", "server.port": int(sys.argv[1])})
"""


def run(size: int | None = None, pairs: int = 5) -> None:
    """Print the median ratio of the pairs; `size` is the number of sessions."""
    sessions = size or SESSIONS
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        period, person = make_company(home)
        (home / "empty.py").write_text("", encoding="utf-8")
        with serving(home, EMPTY) as empty, serving(home, LEAGUE) as league:
            query = f"period={period}&lang=zh"
            rounds = [
                (measured(empty, "", "", "-", sessions), measured(league, "league", query, person, sessions))
                for _ in range(pairs)
            ]
    ratios = [ours["reruns_per_second"] / base["reruns_per_second"] for base, ours in rounds]
    base, ours = (statistics.median(pair[place]["reruns_per_second"] for pair in rounds) for place in (0, 1))
    weight = statistics.median(pair[1]["bytes_per_rerun"] for pair in rounds)
    print(
        f"web: League page at {sessions} sessions: {statistics.median(ratios):.2f} of the empty page's reruns/s  "
        f"wanted >= {WANTED:.2f}  ({ours:.0f} against {base:.0f} reruns/s, {weight / 1000:.1f} kB a rerun)  {machine()}"
    )


def make_company(home: Path) -> tuple[str, str]:
    """The demo company, imported and judged; the period to show and a person who sees it all."""
    (home / "mingcha.toml").write_text(configuration(), encoding="utf-8")
    app = open_application(environment={}, directory=home, need_tables=False)
    migrate(app.db)
    prepare(app, say=lambda _text: None)
    app.db.engine.dispose()
    return current_quarter(app.now()), next(n for n, p in app.settings.people.items() if p.offices == ("*",))


def measured(address: str, page: str, query: str, person: str, sessions: int) -> dict[str, float]:
    arguments = [sys.executable, "-m", "dashboard.bench.visitors", address, page, query, person, str(sessions),
                 str(SECONDS)]  # fmt: skip
    done = subprocess.run(arguments, capture_output=True, text=True, check=True, cwd=ROOT)
    return dict(json.loads(done.stdout))


@contextmanager
def serving(home: Path, program: str) -> Iterator[str]:
    """A server process in the folder; gives its address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with (home / "server.log").open("w", encoding="utf-8") as log:
        process = subprocess.Popen([sys.executable, "-c", program, str(port)], cwd=home, stdout=log, stderr=log,
                                   env=environment)  # fmt: skip
        try:
            _wait_for(f"http://127.0.0.1:{port}/_stcore/health")
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()
            process.wait(timeout=20)


def _wait_for(address: str) -> None:
    for _ in range(600):
        try:
            with urllib.request.urlopen(address, timeout=1):
                return
        except OSError:
            time.sleep(0.1)
    raise TimeoutError(f"no answer from {address} within a minute")
