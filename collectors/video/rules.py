"""The detectors' rules as data (检测规则): `detectors.toml` read once, checked, and given as values."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from collectors.base import CollectorError
from collectors.video.health import PROBLEMS
from collectors.video.windows import OF_A_WINDOW, PLACES, STAFFED

PICTURE = "picture"
"""Kind of a state of the whole picture; its place has no name."""
NEEDS = ("witnesses", "detector", "reference", "light")
OVER = ("each", "every", "camera")
SERIES_NAMES = (
    "present", "active", "persons", "feet", "feet_beyond_windows", "persons_beyond_windows", "changed", "turnover",
    "level", "likeness", "offset",
)  # fmt: skip
"""What `series.py` measures."""
FILE = Path(__file__).with_name("detectors.toml")


class DetectorRuleError(CollectorError):
    """A rule that cannot be used; the message names it and what is wrong with it."""

    def __init__(self, message: str) -> None:
        super().__init__(message, permanent=True)


@dataclass(frozen=True, slots=True)
class State:
    """A series against a threshold at every place of a kind. `debounce` in seconds."""

    name: str
    of: str
    series: str
    below: float | None = None
    at_least: float | None = None
    debounce: float = 0.0
    needs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Rule:
    """When a candidate of a sheet item is proposed; the fields are explained in `detectors.toml`."""

    item: str
    title: str
    source: str
    over: str
    seconds: float
    figure: str = ""
    when: tuple[str, ...] = ()
    unless: tuple[str, ...] = ()
    beside: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()
    not_beside_item: str | None = None
    slots: tuple[int, ...] = ()
    before_opening: float = 0.0


@dataclass(frozen=True, slots=True)
class Detectors:
    """All states by name and all rules in order."""

    states: Mapping[str, State]
    rules: tuple[Rule, ...]

    @property
    def items(self) -> tuple[str, ...]:
        """Sheet items that some rule proposes, each once."""
        return tuple(dict.fromkeys(rule.item for rule in self.rules))

    @property
    def of_a_camera(self) -> frozenset[str]:
        """Items that each camera says for itself; all others are the hall's to say."""
        return frozenset(rule.item for rule in self.rules if rule.over == "camera")

    def kind_of(self, rule: Rule) -> str:
        """The kind of place over which a rule goes."""
        return self.states[rule.when[0]].of if rule.when else PICTURE


def titles() -> dict[str, str]:
    """Titles of all rules, for whoever puts them into another language."""
    return {rule.title: rule.title for rule in shipped().rules}


@cache
def shipped() -> Detectors:
    """The rules of `detectors.toml`."""
    return read_rules(FILE.read_text("utf-8"))


def read_rules(text: str) -> Detectors:
    """Rules of a TOML text. DetectorRuleError names an unknown key, state, series kind or a missing threshold."""
    document = tomllib.loads(text)
    states = {name: _state(name, dict(row)) for name, row in document.get("states", {}).items()}
    rules = tuple(_rule(dict(row), states) for row in document.get("rules", []))
    return Detectors(states, rules)


def _state(name: str, row: dict[str, Any]) -> State:
    where = f"Detector state '{name}'"
    state: State = _built(State, where, {"name": name, **row, "needs": tuple(row.get("needs", ()))})
    if state.of not in (STAFFED, PICTURE, *PLACES, *OF_A_WINDOW):
        raise DetectorRuleError(f"{where}: there is no kind of place called '{state.of}'.")
    if (state.below is None) == (state.at_least is None):
        raise DetectorRuleError(f"{where} must have one of `below` and `at_least`.")
    if state.series not in SERIES_NAMES:
        raise DetectorRuleError(f"{where}: there is no series called '{state.series}'.")
    unknown = [need for need in state.needs if need not in NEEDS]
    if unknown:
        raise DetectorRuleError(f"{where}: unknown need '{unknown[0]}'; there are {', '.join(NEEDS)}.")
    return state


def _rule(row: dict[str, Any], states: Mapping[str, State]) -> Rule:
    where = f"Detector rule {row.get('item')} '{row.get('title')}'"
    lists = {key: tuple(row.get(key, ())) for key in ("when", "unless", "beside", "problems", "slots")}
    rule: Rule = _built(Rule, where, {**row, **lists})
    unknown = [name for name in (*rule.when, *rule.unless, *rule.beside) if name not in states]
    if unknown:
        raise DetectorRuleError(f"{where}: there is no state '{unknown[0]}'.")
    if rule.over not in OVER:
        raise DetectorRuleError(f"{where}: over = '{rule.over}' is none of {', '.join(OVER)}.")
    wrong = [name for name in rule.problems if name not in PROBLEMS]
    if wrong or bool(rule.when) == bool(rule.problems):
        raise DetectorRuleError(f"{where} must name states in `when` or camera problems in `problems`: {wrong}.")
    return rule


def _built(kind: type[Any], where: str, values: dict[str, Any]) -> Any:
    try:
        return kind(**values)
    except TypeError as error:
        raise DetectorRuleError(f"{where}: {error}.") from error
