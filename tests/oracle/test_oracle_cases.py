"""Hand-worked cases against the independent computation (a), and both against the real command line (b).

Each case is a folder of canonical CSV files with `expected.*.json` ({"ask": …, "expect": …}) worked by hand in its
`why.md`. Only keys present in `expect` are compared; `verdict` mappings are compared whole.
"""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

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
COMPANIES: dict[Path, Any] = {}


def answer(directory: Path, ask: dict[str, Any]) -> dict[str, Any]:
    """What independent.py says to a question, in the shape of design §4.1."""
    if directory not in COMPANIES:
        COMPANIES[directory] = independent.Company(directory)
    league = independent.League(
        COMPANIES[directory], independent.parse_period(ask["period"]), independent.parse_as_of(ask["as_of"])
    )
    if ask["command"] == "explain":
        return league.explain(ask["office"])
    if ask["command"] == "records":
        return league.record_rows(ask["record"], ask.get("office"), ask.get("verdict"))
    return league.document(ask["level"])


def by_key(document: dict[str, Any]) -> dict[str, Any]:
    """Lists of §4.1 as mappings, so that an expectation can name what it is about."""
    if "indicators" in document:
        indicators = {
            line["code"]: {**line, "records": {lost["number"]: lost for lost in line["records"]}}
            for line in document["indicators"]
        }
        lists = {
            name: sorted(list(line.values()) for line in _plain_lines(document[name]))
            for name in ("excluded", "unjudgeable", "provisional")
        }
        return {**document, "indicators": indicators, **lists}
    rows = document["rows"]
    if rows and "number" in rows[0]:
        return {"numbers": sorted(row["number"] for row in rows), "rows": {row["number"]: row for row in rows}}
    return {**document, "order": [row["office"] for row in rows], "rows": {row["office"]: row for row in rows}}


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
