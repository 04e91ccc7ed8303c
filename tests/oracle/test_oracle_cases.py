"""Hand-worked cases against the independent computation (a), and both against the real command line (b).

Each case is a folder of canonical CSV files with `expected.*.json` ({"ask": …, "expect": …}) worked by hand in its
`why.md`. Only keys present in `expect` are compared; `verdict` mappings are compared whole.
"""

from __future__ import annotations

import datetime
import importlib.util
import json
import os
import random
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from statistics import fmean
from types import ModuleType
from typing import Any

import chinese_calendar
import pytest
from scipy.stats import norm, t

HERE = Path(__file__).parent
EXPECTATIONS = sorted(HERE.glob("cases/*/expected.*.json"))
TOLERANCE = 1e-9  # figures are rounded already: equal but for the binary form


def load(name: str) -> ModuleType:
    """A neighbouring file as a module (the suite has no packages)."""
    spec = importlib.util.spec_from_file_location(f"oracle_{name}", HERE / f"{name}.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


independent = load("independent")
generator = load("generate")
COMPANIES: dict[Path, Any] = {}


def company_of(directory: Path) -> Any:
    if directory not in COMPANIES:
        COMPANIES[directory] = independent.Company(directory)
    return COMPANIES[directory]


def answer(directory: Path, ask: dict[str, Any]) -> dict[str, Any]:
    """What independent.py says to a question, in the shape of design §4.1."""
    company, as_of = company_of(directory), independent.parse_as_of(ask["as_of"])
    if ask.get("tree") == "today":
        company = independent.CompanyOfToday(company, as_of.astimezone(independent.SHANGHAI).date())
    league = independent.League(company, independent.parse_period(ask["period"]), as_of)
    if ask["command"] == "explain":
        return league.explain(ask["office"])
    if ask["command"] == "records":
        return league.record_rows(ask["record"], ask.get("office"), ask.get("verdict"))
    return league.document(ask["level"])


def by_key(document: dict[str, Any]) -> dict[str, Any]:
    """Lists of §4.1 as mappings, so that an expectation can name what it is about."""
    if "indicators" in document:
        indicators = {line["code"]: {**line, "records": _by_number(line["records"])} for line in document["indicators"]}
        lists = {
            name: sorted(list(line.values()) for line in _plain_lines(document[name]))
            for name in ("excluded", "unjudgeable", "provisional")
        }
        return {**document, "indicators": indicators, **lists}
    rows = document["rows"]
    if "level" not in document:
        return {"numbers": sorted(row["number"] for row in rows), "rows": {row["number"]: row for row in rows}}
    return {**document, "order": [row["office"] for row in rows], "rows": {row["office"]: row for row in rows}}


def _by_number(records: list[dict[str, Any]]) -> dict[str, Any]:
    """Measures have no number of their own: they are told apart by what they lost."""
    found = {lost["number"]: lost for lost in records if lost["record"] != "measures"}
    measures = sorted(lost["score_lost"] for lost in records if lost["record"] == "measures")
    return found | {f"measure {index}": {"score_lost": lost} for index, lost in enumerate(measures)}


def _plain_lines(lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Keys may be added: only those of §4.1, in its order."""
    keys = ("record", "number", "indicator", "reason")
    return [{key: line[key] for key in keys if key in line} for line in lines]


def differences(expected: Any, got: Any, path: str = "") -> list[str]:
    """Where `got` is not what is expected, one line each; keys that are not expected are free."""
    if isinstance(expected, dict):
        if not isinstance(got, dict):
            return [f"{path}: expected {expected}, got {got}"]
        whole = path.endswith((".verdict", ".records")) and set(expected) != set(got)
        found = [f"{path}: expected {sorted(expected)}, got {sorted(got)}"] if whole else []
        for key, value in expected.items():
            found += differences(value, got[key], f"{path}.{key}") if key in got else [f"{path}.{key}: absent"]
        return found
    if isinstance(expected, float | int) and isinstance(got, float | int):
        return [] if abs(expected - got) <= TOLERANCE else [f"{path}: expected {expected}, got {got}"]
    return [] if expected == got else [f"{path}: expected {expected}, got {got}"]


def names(path: Path) -> str:
    return f"{path.parent.name}-{path.name.split('.')[1]}"


@pytest.mark.parametrize("path", EXPECTATIONS, ids=names)
def test_the_independent_computation_agrees_with_the_case_worked_by_hand(path: Path) -> None:
    case = json.loads(path.read_text(encoding="utf-8"))
    assert differences(case["expect"], by_key(answer(path.parent, case["ask"]))) == []


def test_the_calendar_written_by_hand_is_the_published_one() -> None:
    day = datetime.date(2026, 1, 1)
    while day.year == 2026:
        assert independent.is_working_day(day) == chinese_calendar.is_workday(day), day
        day += datetime.timedelta(days=1)


# ----------------------------------------------------------------------------------- (b) the real command line


IMPORTED = ["offices", "cameras", "tickets", "repairs", "applications", "evaluations", "measures", "samples"]
IMPORTED += ["hall_days", "inspections"]
DRIVER = """
import contextlib, io, json, os, sys, traceback
from dashboard.cli import main

def run(arguments):
    out, messages, code = io.StringIO(), io.StringIO(), 0
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(messages):
        try:
            main(arguments)
        except SystemExit as stop:
            code = stop.code
        except Exception:
            code = traceback.format_exc()
    return {"code": code or 0, "out": out.getvalue(), "messages": messages.getvalue()}

for line in sys.stdin:
    job = json.loads(line)
    os.chdir(job["directory"])
    os.environ["MINGCHA_DATABASE_URL"] = job["url"]
    sys.__stdout__.write(json.dumps(run(job["arguments"])) + "\\n")
    sys.__stdout__.flush()
"""


@dataclass
class Answer:
    """What a command printed and how it ended."""

    code: int | str
    out: str
    messages: str


class CommandLine:
    """The `mingcha` command in one process of its own: it reads argument lists and answers each.

    One process start costs more than a second; the arguments go through the same `main` as on a terminal.
    """

    def __init__(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", DRIVER],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            env={**os.environ, "PYTHONIOENCODING": "utf-8", "MINGCHA_USER": ""},
        )

    def run(self, directory: Path, *arguments: str) -> Answer:
        assert self.process.stdin
        assert self.process.stdout
        url = f"sqlite:///{directory / 'mingcha.db'}"
        job = {"directory": str(directory), "url": url, "arguments": list(arguments)}
        self.process.stdin.write(json.dumps(job) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        assert line, f"the command line died over {arguments}"
        return Answer(**json.loads(line))

    def close(self) -> None:
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.close()
        self.process.wait(timeout=30)
        self.process.stdout.close()


@dataclass
class Mingcha:
    """A database in a temporary folder, filled from canonical files, that answers questions."""

    command_line: CommandLine
    home: Path
    imported: dict[str, Any] = field(default_factory=dict)

    def do(self, *arguments: str) -> Answer:
        answered = self.command_line.run(self.home, *arguments)
        assert answered.code == 0, f"mingcha {' '.join(arguments)}: {answered.code} {answered.messages}"
        return answered

    def fill(self, files: Path) -> None:
        self.do("init")
        for record in IMPORTED:
            path = files / f"{record}.csv"
            if path.exists():
                self.take(record, path)

    def take(self, record: str, path: Path, *options: str) -> None:
        self.imported[record] = json.loads(self.do("import", record, str(path), *options, "--format", "json").out)

    def ask(self, ask: dict[str, Any]) -> dict[str, Any]:
        subject = {"explain": ask.get("office"), "records": ask.get("record")}.get(ask["command"])
        arguments = [ask["command"], *([subject] if subject else []), "--period", ask["period"]]
        arguments += ["--as-of", ask["as_of"]] if "as_of" in ask else []
        arguments += ["--tree", ask["tree"]] if "tree" in ask else []
        if ask["command"] == "league":
            arguments += ["--level", ask["level"]]
        if ask["command"] == "records":
            arguments += [part for name in ("office", "verdict") if name in ask for part in (f"--{name}", ask[name])]
        document: dict[str, Any] = json.loads(self.do(*arguments, "--format", "json").out)
        return document


@pytest.fixture(scope="module")
def command_line() -> Any:
    running = CommandLine()
    yield running
    running.close()


@pytest.fixture(scope="module")
def companies(command_line: CommandLine, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Imports each directory once."""
    known: dict[Path, Mingcha] = {}

    def company(files: Path) -> Mingcha:
        if files not in known:
            known[files] = Mingcha(command_line, tmp_path_factory.mktemp(files.name))
            known[files].fill(files)
        return known[files]

    return company


@pytest.mark.parametrize("path", EXPECTATIONS, ids=names)
def test_the_command_line_agrees_with_the_case_worked_by_hand(path: Path, companies: Any) -> None:
    case = json.loads(path.read_text(encoding="utf-8"))
    assert differences(case["expect"], by_key(companies(path.parent).ask(case["ask"]))) == []


def test_the_console_script_itself_answers_alike(tmp_path: Path) -> None:
    """The same through real process starts, as a person types it."""
    files, script = HERE / "cases" / "ticket-clock", Path(sys.executable).with_name("mingcha")
    environment = {**os.environ, "MINGCHA_DATABASE_URL": f"sqlite:///{tmp_path / 'mingcha.db'}", "MINGCHA_USER": ""}

    def mingcha(*arguments: str) -> str:
        done = subprocess.run(
            [str(script), *arguments], cwd=tmp_path, env=environment, capture_output=True, text=True, encoding="utf-8"
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    mingcha("init")
    for record in ("offices", "tickets"):
        mingcha("import", record, str(files / f"{record}.csv"))
    case = json.loads((files / "expected.q3.json").read_text(encoding="utf-8"))
    out = mingcha("league", "--period", "2026-Q3", "--as-of", case["ask"]["as_of"], "--format", "json")
    assert differences(case["expect"], by_key(json.loads(out))) == []


# ------------------------------------------------------------------------- (b) generated companies, figure by figure

SEEDS = (1,)
ASKED = [  # period, as-of
    ("2026-Q3", "2026-10-11T00:00:00+08:00"),
    ("2026-Q3", "2026-09-20T12:34:56+08:00"),
    ("2026-08", "2026-08-31T10:59:59+08:00"),
    ("2026-08-10..2026-09-12", "2027-06-01T00:00:00+08:00"),
    ("2026-W40", "2026-10-09T23:59:59+08:00"),
    ("2026-Q4", "2027-01-05T00:00:00+08:00"),
    ("2021-12-31..2022-01-03", "2022-01-11T00:00:00+08:00"),
    ("2011-Q4", "2012-02-01T00:00:00+08:00"),
    ("2027-05", "2027-05-10T00:00:00+08:00"),
]
FREE = {"rank_low", "rank_high", "as_of", "rulebook", "name"}
"""Keys of a league not compared: random draws, forms of a time, wording."""


@pytest.fixture(scope="module", params=SEEDS)
def generated(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("generated") / f"seed-{request.param}"
    generator.generate(directory, request.param)
    return directory


def asks(directory: Path) -> list[dict[str, Any]]:
    """League questions: every period at two levels, and as-ofs taken from the stamps themselves."""
    chosen = random.Random(directory.name)
    stamps = [
        stamp.at.isoformat()
        for record in company_of(directory).records["repairs"]
        for stamp in record.stamps.values()
        if stamp.at and stamp.at.year == 2026
    ]
    pairs = [*ASKED, *(("2026-Q3", moment) for moment in chosen.sample(stamps, 3))]
    return [
        {"command": "league", "period": period, "level": level, "as_of": as_of}
        for period, as_of in pairs
        for level in ("station", chosen.choice(["hall", "county"]))
    ]


BY_TODAYS_TREE = [("2026-Q3", "2026-10-11T00:00:00+08:00"), ("2026-08", "2026-08-31T10:59:59+08:00")]


def test_every_figure_by_todays_tree_is_the_independent_one(generated: Path, companies: Any) -> None:
    mingcha, found = companies(generated), []
    for period, as_of in BY_TODAYS_TREE:
        for level in ("hall", "station", "county"):
            ask = {"command": "league", "period": period, "level": level, "as_of": as_of, "tree": "today"}
            expected = without_free_keys(by_key(answer(generated, ask)))
            found += [f"{period} {level} {line}" for line in differences(expected, by_key(mingcha.ask(ask)))]
    assert found[:40] == []


def without_free_keys(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: without_free_keys(item) for key, item in value.items() if key not in FREE}
    return value


def test_every_figure_of_a_generated_company_is_the_independent_one(generated: Path, companies: Any) -> None:
    mingcha, found = companies(generated), []
    for ask in asks(generated):
        expected = without_free_keys(by_key(answer(generated, ask)))
        where = f"{ask['period']} {ask['level']} {ask['as_of']}"
        found += [f"{where} {line}" for line in differences(expected, by_key(mingcha.ask(ask)))]
    assert found[:40] == []


RESAMPLES = 1_000


def bootstrap(values: list[float], chance: random.Random) -> tuple[float, float]:
    """Percentiles of resampled means, the tails widened by Student's t (Hesterberg 2015): by the standard library."""
    size = len(values)
    means = sorted(fmean(chance.choices(values, k=size)) for _ in range(RESAMPLES))
    tail = norm.cdf(t.ppf(0.025, size - 1) * (size / (size - 1)) ** 0.5)
    place = min(int(tail * RESAMPLES), RESAMPLES - 1)
    return means[place], means[RESAMPLES - 1 - place]


def test_resampled_intervals_hold_the_value_repeat_and_agree_with_an_independent_bootstrap(
    generated: Path, companies: Any
) -> None:
    chance, compared = random.Random(4), 0
    for level in ("station", "hall"):
        ask = {"command": "league", "period": "2026-Q3", "level": level, "as_of": "2026-10-11T00:00:00+08:00"}
        period, as_of = independent.parse_period(ask["period"]), independent.parse_as_of(ask["as_of"])
        parts = independent.League(company_of(generated), period, as_of).resampled(level)
        first, second = (companies(generated).ask(ask)["rows"] for _ in range(2))
        assert first == second
        for row in first:
            for code, values in parts[row["office"]].items():
                cell = row["indicators"][code]
                if len(set(values)) < 2:
                    reason = "no_spread" if len(values) > 1 else "too_few" if values else None
                    assert (cell["low"], cell["high"], cell["no_interval"]) == (None, None, reason)
                    continue
                assert min(values) - 1e-6 <= cell["low"] <= cell["value"] <= cell["high"] <= max(values) + 1e-6
                low, high = bootstrap(values, chance)
                error = 0.25 * (high - low) + 1e-6
                assert abs(cell["low"] - low) <= error, (row["office"], code, values)
                assert abs(cell["high"] - high) <= error, (row["office"], code, values)
                compared += 1
    assert compared >= 3


def record_expectation(document: dict[str, Any]) -> dict[str, Any]:
    """What must be equal of `records`: numbers, offices, verdicts, deadlines of clocks, reasons why not judged."""
    expected = by_key(document)
    for row in expected["rows"].values():
        states = row["verdict"]
        clocks = {code for code, state in states.items() if state in {"on_time", "late", "pending"}}
        row["deadline"] = {code: row["deadline"][code] for code in sorted(clocks) if row["deadline"][code]}
        named = {code for code, state in states.items() if state in {"unjudgeable", "excluded"}}
        row["reason"] = {code: row["reason"][code] for code in sorted(named)}
    return expected


@pytest.mark.parametrize("record", ["tickets", "repairs", "applications", "evaluations", "samples"])
def test_every_verdict_of_a_generated_company_is_the_independent_one(
    generated: Path, companies: Any, record: str
) -> None:
    mingcha, found = companies(generated), []
    for period, as_of in (ASKED[0], ASKED[5], ASKED[6]):
        ask = {"command": "records", "record": record, "period": period, "as_of": as_of}
        expected = record_expectation(answer(generated, ask))
        found += [f"{period} {line}" for line in differences(expected, by_key(mingcha.ask(ask)))]
    assert found[:40] == []


def test_the_parts_add_up_to_what_is_missing_from_a_hundred(generated: Path) -> None:
    """On the independent side, so that both sides cannot agree on a sum that is wrong."""
    for office in ("S01", "S02", "S20", "S22", "K1", "K2", "H01"):
        ask = {"command": "explain", "office": office, "period": "2026-Q3", "as_of": ASKED[0][1]}
        document = answer(generated, ask)
        cents = [round(100 * line["score_lost"]) for line in document["indicators"] if line["score_lost"] is not None]
        assert sum(cents) == 10_000 - round(100 * document["score"])
        for line in document["indicators"]:
            lost = sum(round(100 * record["score_lost"]) for record in line["records"])
            assert lost == round(100 * (line["score_lost"] or 0)), line["code"]


def test_every_lost_point_of_a_generated_company_is_explained_alike(generated: Path, companies: Any) -> None:
    mingcha, found = companies(generated), []
    for office in ("S01", "S02", "S20", "S22", "K1", "K2"):
        ask = {"command": "explain", "office": office, "period": "2026-Q3", "as_of": ASKED[0][1]}
        expected = without_free_keys(by_key(answer(generated, ask)))
        for line in expected["indicators"].values():
            for lost in line["records"].values():
                free = {"reason"} if lost.get("verdict") == "late" else {"reason", "deadline", "actual"}
                for key in free | ({"verdict"} if lost.get("verdict") is None else set()):
                    lost.pop(key, None)
        found += [f"{office} {line}" for line in differences(expected, by_key(mingcha.ask(ask)))]
    assert found[:40] == []


# ------------------------------------------------------------------------------- (b) in pieces, corrected, and late


def earlier_export(files: Path, record: str, chosen: random.Random) -> list[dict[str, str]]:
    """An export of some weeks before: some rows not there yet, others without what came later or with another value."""
    number = independent.NUMBER[record]
    kept = {one.number for one in company_of(files).records[record]}
    rows = independent.without_duplicates(independent.read_rows(files, record), (number,))
    earlier = []
    for row in rows:
        if row[number] in kept and chosen.random() < 0.6:
            changed = dict(row)
            for name, value in row.items():
                if value and name.endswith("_at") and name != "accepted_at" and chosen.random() < 0.4:
                    changed[name] = chosen.choice(["", "2026-08-08 08:08:08", "不详"])
            if chosen.random() < 0.2:
                changed["office_code"] = chosen.choice(["S02", "S03", "H01"])
            earlier.append(changed)
    return earlier


OTHERWISE = {
    "offices": {"area": ["urban", "rural", "remote"], "customers": ["77", "12000"], "parent_code": ["K1", "K2"]},
    "cameras": {"windows": ['[{"name": "0", "polygon": [[0, 0], [9, 0], [9, 9]]}]']},
    "hall_days": {"open": ["yes", "no"], "opens": ["09:30"], "filed_at": ["2026-07-01 08:00:00"]},
    "inspections": {"result": ["violation", "ok"], "count": ["1", "3"]},
    "samples": {"outcome": ["captured", "missed"], "cause": ["worker_down", "recording_missing"]},
}
"""Cells that an earlier export states differently; empty ones stay empty, since an empty cell keeps what was there."""


def otherwise(files: Path, record: str, chosen: random.Random) -> list[dict[str, str]]:
    rows = independent.read_rows(files, record)
    for row in rows:
        for name, values in OTHERWISE[record].items():
            if row[name] and chosen.random() < 0.5 and row.get("level") not in {"company", "county"}:
                row[name] = chosen.choice(values)
    return rows


def test_corrections_in_pieces_end_in_the_same_figures(command_line: CommandLine, tmp_path: Path) -> None:
    """Old exports, the league in between, the newer export, an old one again: as if the newest had come alone."""
    files, chosen = tmp_path / "files", random.Random(77)
    generator.generate(files, 77, tickets=150, repairs=150, samples=150, applications=40, evaluations=40)
    old = {record: tmp_path / f"{record}-old.csv" for record in [*OTHERWISE, "tickets", "repairs"]}
    (tmp_path / "home").mkdir()
    mingcha = Mingcha(command_line, tmp_path / "home")
    mingcha.do("init")
    for record, path in old.items():
        changed = otherwise if record in OTHERWISE else earlier_export
        generator.write_csv(path, changed(files, record, chosen))
        mingcha.take(record, path, "--exported-at", "2026-08-20T08:00:00+08:00")
    mingcha.do("check")
    mingcha.take("applications", files / "applications.csv")
    for record in [*chosen.sample(list(old), len(old)), "evaluations", "measures"]:
        mingcha.take(record, files / f"{record}.csv", "--exported-at", "2026-10-20T08:00:00+08:00")
        mingcha.ask({"command": "league", "period": "2026-08", "level": "county"})
    for record, path in old.items():
        mingcha.take(record, path, "--exported-at", "2026-09-01T08:00:00+08:00")
        assert mingcha.imported[record]["batches"][0]["older"] > 0
    found = []
    for level in ("station", "hall", "county"):
        for period, as_of in (("2026-Q3", None), ("2026-10", None), ("2026-Q3", "2026-09-10T12:00:00+08:00")):
            ask = {"command": "league", "period": period, "level": level} | ({"as_of": as_of} if as_of else {})
            got = mingcha.ask(ask)
            expected = without_free_keys(by_key(answer(files, {**ask, "as_of": got["as_of"]})))
            found += [f"{period} {level} {as_of} {line}" for line in differences(expected, by_key(got))]
    assert found[:40] == []
