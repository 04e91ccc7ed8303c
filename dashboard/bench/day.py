"""`mingcha bench day`: a day of many halls (一天的抽查) sampled live from RTSP cameras by an installed worker.

It makes a company, draws a plan whose slots follow one another within minutes (only the slots are moved: each sample
is a real minute of a real stream), lets `mingcha worker` take it, and prints what was captured, what was not and why,
and the cores and memory that it took. Needs `../shared/tools/rtsp_cams.py` with its packages, and ffmpeg.
"""

from __future__ import annotations

import contextlib
import csv
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import psutil

from dashboard.bench.look_cameras import DEBIAN_PYTHON, _answers, _free_port, _prepared
from dashboard.bench.look_clips import SHARED
from dashboard.bench.timing import machine
from dashboard.errors import MingchaError

LOCAL = ZoneInfo("Asia/Shanghai")
SLOT = timedelta(minutes=2)
AFTERWARDS = timedelta(minutes=4)
"""A minute of film that begins with the slot's last second, and the time to look at it."""
ODD_CAMERAS = ("black", "frozen", "snow", "no such camera", "password")
MINGCHA = (sys.executable, "-m", "dashboard.cli")


def run(*, size: int | None = None, pairs: int = 1, slots: int = 5) -> None:
    """Print how a day of `size` halls (30) with that many slots went; `pairs` means nothing here."""
    halls = size or 30
    with (
        tempfile.TemporaryDirectory(prefix="mingcha-day-") as folder,
        cameras(Path(folder) / "cameras", halls) as ports,
    ):
        home = Path(folder) / "company"
        begins = make_company(home, slots, ports)
        print(f"day ({machine()}): {halls} halls with a camera each, {slots} slots of {SLOT} from {begins:%H:%M}; "
              f"load {os.getloadavg()[0]:.1f} before", flush=True)  # fmt: skip
        with worker(home) as process:
            used = watch(process, begins + slots * SLOT + AFTERWARDS)
        tell(home, halls * slots, used)


@contextlib.contextmanager
def cameras(folder: Path, count: int) -> Iterator[list[int]]:
    """Ports of that many servers, each of which plays one hall's camera; on the port after it one wants a password.

    A server of each hall's own: one that many watch refuses the fourth.
    """
    reason = _prepared(folder)
    if reason:
        raise MingchaError(f"There are no cameras: {reason}.")
    ports: list[int] = []
    with contextlib.ExitStack() as servers:
        for _ in range(count):
            ports.append(_free_port())
            command = [str(DEBIAN_PYTHON), str(SHARED / "tools" / "rtsp_cams.py"), str(ports[-1]), str(folder)]
            server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            servers.callback(server.wait)
            servers.callback(server.kill)
            if not _answers(ports[-1]):
                raise MingchaError("The RTSP server does not start.", "Its packages: ../shared/tools/README.md.")
        yield ports


def make_company(home: Path, slots: int, ports: Sequence[int]) -> datetime:
    """Halls, their cameras and slots in the minutes to come; returns when the first slot begins."""
    home.mkdir()
    begins = datetime.now(LOCAL).replace(second=0, microsecond=0) + timedelta(minutes=3)
    spans = [(begins + number * SLOT, begins + (number + 1) * SLOT) for number in range(slots)]
    if spans[-1][1].date() != begins.date():
        raise MingchaError("The slots would reach past midnight in Shanghai.", "Begin some minutes later.")
    table = "\n".join(f'{number} = "{start:%H:%M}-{end:%H:%M}"' for number, (start, end) in enumerate(spans, 1))
    (home / "mingcha.toml").write_text(f"[video.slots]\n{table}\n")
    mingcha(home, "init")
    codes = [f"H{number:03}" for number in range(1, len(ports) + 1)]
    bring(home, "offices", [{"code": code, "name": f"第{code}营业厅", "level": "hall"} for code in codes])
    days = {"date": f"{begins:%Y-%m-%d}", "open": "yes", "opens": "00:00", "closes": "23:59"}
    bring(home, "hall_days", [{"hall_code": code, **days} for code in codes])
    bring(home, "cameras", [camera(code, number, ports[number]) for number, code in enumerate(codes)])
    return begins


def camera(hall: str, number: int, port: int) -> dict[str, str]:
    """The last halls have one odd camera each, the others one that works."""
    odd = dict(enumerate(ODD_CAMERAS, 3))
    path = odd.get(number, "cam1")
    where = (
        f"cam:wrong@127.0.0.1:{port + 1}/secure" if path == "password" else f"127.0.0.1:{port}/{path.replace(' ', '-')}"
    )
    windows = json.dumps([{"name": "1", "polygon": [[340, 0], [580, 0], [580, 432], [340, 432]]}])
    return {"code": f"{hall}-1", "hall_code": hall, "name": path, "url": f"rtsp://{where}",
            "windows": windows if path == "cam1" else ""}  # fmt: skip


def bring(home: Path, record: str, rows: Sequence[Mapping[str, str]]) -> None:
    path = home / f"{record}.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    mingcha(home, "import", record, path.name)


def mingcha(home: Path, *arguments: str) -> str:
    return subprocess.run([*MINGCHA, *arguments], cwd=home, check=True, capture_output=True, text=True).stdout


@contextlib.contextmanager
def worker(home: Path) -> Iterator[psutil.Process]:
    """`mingcha worker`, asked to end at the end; says how long that took."""
    with (
        (home / "worker.log").open("w") as log,
        subprocess.Popen([*MINGCHA, "worker"], cwd=home, stderr=log) as process,
    ):
        try:
            yield psutil.Process(process.pid)
            began = time.monotonic()
            process.send_signal(signal.SIGTERM)
            process.wait(30)
            print(f"asked to end, the worker ended after {time.monotonic() - began:.1f} s (code {process.returncode})")
        finally:
            process.kill()


def watch(process: psutil.Process, ends: datetime) -> dict[str, float]:
    """Processor seconds of the worker and everything it starts until `ends`, and the most memory it all takes (MB)."""
    spent: dict[tuple[int, float], float] = {}
    memory, began = 0.0, time.monotonic()
    while datetime.now(LOCAL) < ends:
        now = 0.0
        for one in (process, *process.children(recursive=True)):
            with contextlib.suppress(psutil.NoSuchProcess):
                spent[one.pid, one.create_time()] = sum(one.cpu_times()[:2])
                now += one.memory_info().rss / 2**20
        memory = max(memory, now)
        time.sleep(0.5)
    return {"processor": sum(spent.values()), "seconds": time.monotonic() - began, "memory": memory}


def tell(home: Path, planned: int, used: dict[str, float]) -> None:
    rows = json.loads(mingcha(home, "samples", "--format", "json"))["rows"]
    outcomes = Counter(" ".join(filter(None, (row["outcome"], row["cause"]))) for row in rows)
    late = [_seconds(row["captured_at"]) - _seconds(row["planned_at"]) for row in rows
            if row["captured_at"] and row["planned_at"]]  # fmt: skip
    size = sum(path.stat().st_size for path in (home / "var/evidence").rglob("*") if path.is_file()) / 2**20
    print(
        f"{len(rows)} of {planned} planned samples: " + ", ".join(f"{n} {name}" for name, n in outcomes.most_common())
    )
    if late:
        print(f"begun {sum(late) / len(late):.1f} s after the moment drawn on average, {max(late):.1f} s at most")
    print(f"{used['processor']:.0f} processor seconds in {used['seconds']:.0f} s: "
          f"{used['processor'] / used['seconds']:.2f} cores; {used['memory']:.0f} MB for all processes at most; "
          f"{size:.0f} MB kept")  # fmt: skip
    checked = subprocess.run(
        [*MINGCHA, "verify", "--format", "json"], cwd=home, capture_output=True, text=True, check=False
    )
    verified = json.loads(checked.stdout)
    print(f"verify: {'ok' if verified['ok'] else 'NOT ok'}, {verified['checked']} checked, {verified['problems']}")


def _seconds(moment: str) -> float:
    return datetime.fromisoformat(moment).timestamp()
