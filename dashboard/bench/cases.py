"""`mingcha bench cases`: the ledger of 10,000 open violations, after one deed and on its page.

(a) the ledger in a process that knows nothing yet ÷ reading all events of the cases as a frame (reported); (b) the
ledger after one deed ÷ that first one (wanted <= 1/3): what follows cases costs what changed, not what there is;
(c) a rerun of the page with 10,000 open cases ÷ that of an empty page (wanted <= 4).
"""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from checks.clock import DAY
from checks.violations import machine as states
from checks.violations.machine import Event
from dashboard.bench.judge import fill
from dashboard.bench.timing import machine, seconds_of
from dashboard.bench.web import EMPTY, LEAGUE, measured, serving
from dashboard.cases.stored import sides_text
from dashboard.database import Database
from dashboard.database.migrate import migrate
from dashboard.database.models import BATCHES, RECORD_TABLES, VIOLATION_EVENTS, VIOLATION_SOURCES, VIOLATIONS
from dashboard.instants import from_micros, to_micros
from dashboard.judging.rules import Rules, rules_of
from dashboard.people import system_viewer
from dashboard.queries.violations import ledger
from dashboard.settings import Settings

CASES, SESSIONS = 10_000, 10
PEOPLE = '[people]\n"沈岚" = { role = "inspector", offices = ["*"] }\n'
WAYS = (
    ("opened_confirmed",),
    ("opened_confirmed", "send_down", "plan"),
    ("opened_confirmed", "send_down", "plan", "submit"),
    ("opened_confirmed", "send_down", "appeal", "plan", "submit", "return", "submit"),
    ("opened_confirmed", "send_down", "supervise", "submit", "return", "submit", "pass"),
)
"""How far a case has come; every way once in five."""
ITEMS = (("R02", "B"), ("A02", "D"), ("B04", "C"), ("R01", "A"))


def run(size: int | None = None, pairs: int = 5) -> None:
    """Over `size` open cases (default 10,000)."""
    cases, rounds = size or CASES, min(pairs, 3)
    print(f"cases: {cases:,} open violations; {machine()}")
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        (home / "mingcha.toml").write_text(f'[database]\nurl = "sqlite:///mingcha.db"\n\n{PEOPLE}', encoding="utf-8")
        (home / "empty.py").write_text("", encoding="utf-8")
        db = Database(f"sqlite:///{home / 'mingcha.db'}")
        migrate(db)
        now = company(db, cases)
        _ledger(home, rules_of(Settings()), now, rounds)
        _page(home, cases, rounds)


def company(db: Database, cases: int) -> int:
    """The offices of the other benches, and so many cases of the last twenty days; gives the moment after them."""
    fill(db, 1000)
    now = int(time.time()) * 1_000_000
    with db.session() as connection:
        connection.execute(sa.update(BATCHES).values(started_at=now, finished_at=now))
        offices = list(connection.execute(sa.select(RECORD_TABLES["offices"].c.code).distinct()).scalars())
        rows = [_case(place + 1, offices[place % len(offices)], now) for place in range(cases)]
        for table, several in ((VIOLATIONS, [row for row, _, _ in rows]),
                               (VIOLATION_EVENTS, [event for _, events, _ in rows for event in events]),
                               (VIOLATION_SOURCES, [source for _, _, source in rows])):  # fmt: skip
            connection.execute(sa.insert(table), several)
    return now


def _case(number: int, office: str, now: int) -> tuple[dict[str, Any], list[dict[str, Any]], dict[str, Any]]:
    item, severity = ITEMS[number % len(ITEMS)]
    opened = now - 20 * DAY + number % 20 * DAY - number * 1_000_000
    events = list(_events(WAYS[number % len(WAYS)], opened))
    standing = states.fold(events, severity)
    row = {
        "id": number, "number": f"V-2026-{number:06d}", "office_code": office, "item_code": item, "severity": severity,
        "kind": "review", "restricted": False, "observed_at": opened, "opened_at": opened, "confirmed_at": opened,
        "told_at": opened, "fact": None, "recurrence_of": None, "state": standing.state,
        "sides": sides_text(standing.sides), "since": to_micros(standing.since), "ended_at": None,
        "last_seq": len(events),
    }  # fmt: skip
    source = {"violation_id": number, "action": "added", "kind": "review", "record": "findings",
              "reference": str(number), "record_id": number, "sample_id": f"S-{number}", "day": "2026-11-01",
              "slot": 1, "at": opened}  # fmt: skip
    told = [{"violation_id": number, "seq": one.seq, "deed": one.deed, "what": '{"note": "x"}', "by": one.by,
             "at": to_micros(one.at)} for one in events]  # fmt: skip
    return row, told, source


def _events(way: tuple[str, ...], opened: int) -> Iterator[Event]:
    for seq, deed in enumerate(way, start=1):
        yield Event(seq, deed, "某人", from_micros(opened + seq * 1_000_000), {"note": "x"})


def _ledger(home: Path, rules: Rules, now: int, rounds: int) -> None:
    first, again, changed, frames = [], [], [], []
    for turn in range(rounds):
        db = Database(f"sqlite:///{home / 'mingcha.db'}")

        def look(db: Database = db) -> None:
            ledger(db, system_viewer(), rules=rules, as_of=from_micros(now), ended=False)

        frames.append(seconds_of(lambda db=db: db.frame(sa.select(VIOLATION_EVENTS))))  # type: ignore[misc]
        first.append(seconds_of(look))
        again.append(seconds_of(look))
        _deed(db, turn + 1)
        changed.append(seconds_of(look))
        db.engine.dispose()
    whole, one, none, read = (statistics.median(times) for times in (first, changed, again, frames))
    print(f"ledger of a new process ÷ reading all events as a frame: {whole / read:.1f}  ({whole:.2f} s against "
          f"{read:.2f} s)")  # fmt: skip
    print(f"ledger after one deed ÷ that of a new process: {one / whole:.2f}  wanted <= 0.33  ({one:.3f} s; "
          f"{none:.3f} s where nothing happened)")  # fmt: skip


def _deed(db: Database, number: int) -> None:
    row = VIOLATIONS.c
    with db.session() as connection:
        last = connection.execute(sa.select(row.last_seq).where(row.id == number)).scalar_one()
        event = {"violation_id": number, "seq": last + 1, "deed": "joined", "what": "{}", "by": "system"}
        connection.execute(sa.insert(VIOLATION_EVENTS).values(**event, at=int(time.time()) * 1_000_000))
        connection.execute(sa.update(VIOLATIONS).values(last_seq=last + 1).where(row.id == number))


def _page(home: Path, cases: int, rounds: int) -> None:
    with serving(home, EMPTY) as empty, serving(home, LEAGUE) as pages:
        found = [
            (measured(empty, "", "", "-", SESSIONS), measured(pages, "violations", "lang=zh", "沈岚", SESSIONS))
            for _ in range(rounds)
        ]
    bare, page = ([one[place]["reruns_per_second"] for one in found] for place in (0, 1))
    ratio = statistics.median(b / o for b, o in zip(bare, page, strict=True))
    print(f"rerun of the ledger's page with {cases:,} open ÷ an empty page: {ratio:.2f}  wanted <= 4  "
          f"({statistics.median(page):.0f} reruns/s, {SESSIONS} sessions)")  # fmt: skip
