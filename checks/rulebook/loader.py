"""Reads a rulebook: all editions of one book and the hall score sheet, checked before anything is judged."""

from __future__ import annotations

import datetime as dt
import hashlib
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from math import lcm
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from checks.errors import RuleError
from checks.judge.formulas import FORMULAS
from checks.nearest import did_you_mean
from checks.rulebook.model import Edition, Indicator, Limit, Sheet

BOOKS = Path(__file__).parent
SHEET_FILE = "sheet.toml"

Model = TypeVar("Model", bound=BaseModel)


@dataclass(frozen=True)
class Rulebook:
    """All editions of one book in order of their first day, with the score sheet (规则手册)."""

    name: str
    editions: tuple[Edition, ...]
    sheet: Sheet
    digest: str

    def edition_on(self, day: dt.date) -> Edition | None:
        """The edition in force on a local day; None before the first."""
        return next((edition for edition in self.editions if edition.in_force(day)), None)

    def edition_named(self, code: str) -> Edition:
        """KeyError-free lookup by code: raises RuleError with the nearest."""
        for edition in self.editions:
            if edition.code == code:
                return edition
        raise RuleError(f"No edition '{code}' in {self.name}. {did_you_mean(code, (e.code for e in self.editions))}")

    def order(self, record: str) -> tuple[str, ...]:
        """Indicator codes of a record kind in the order of the stored letters, the same for all editions."""
        return self._orders.get(record, ())

    @cached_property
    def _orders(self) -> dict[str, tuple[str, ...]]:
        seen: dict[str, dict[str, None]] = {}
        for edition in self.editions:
            for indicator in edition.indicators:
                seen.setdefault(indicator.record, {})[indicator.code] = None
        return {record: tuple(codes) for record, codes in seen.items()}

    def scale(self, code: str) -> int:
        """Units that make 1.0 in the stored numerator of a `ratio_to_limit` indicator: every limit divides it."""
        return lcm(*(limit.microseconds for limit in self._limits_below(code)), 1)

    def _limits_below(self, code: str) -> Iterator[Limit]:
        for edition in self.editions:
            for indicator in edition.indicators:
                if indicator.code == code and indicator.formula == "ratio_to_limit":
                    yield from scored_limits(edition, edition.indicator(indicator.options["of"]))


def scored_limits(edition: Edition, indicator: Indicator) -> tuple[Limit, ...]:
    """The limits by which a `clock` indicator judges: those of its step and kind."""
    return edition.step(indicator.options["step"]).limits_of(indicator.options["kind"])


def load_rulebook(book: str = "promise", *folders: Path) -> Rulebook:
    """Read all editions of a book and its score sheet; the shipped books come after those in `folders`.

    In a folder a book is a folder of its own, or files beside each other that say `book = "<name>"`.
    RuleError names file, key, value and remedy.
    """
    places = (*folders, BOOKS)
    home, files = next(((folder, found) for folder in places if (found := _files_of(book, folder))), (BOOKS, []))
    if not files:
        known = sorted({name for folder in places for name in _books_in(folder)})
        raise RuleError(f"No rulebook '{book}' in {places[0].name}/. {did_you_mean(book, known)}")
    sheets = (files[0].parent / SHEET_FILE, home / SHEET_FILE, BOOKS / SHEET_FILE)
    sheet_file = next(path for path in sheets if path.is_file())
    editions = sorted((_edition(path) for path in files), key=lambda edition: edition.valid_from)
    _refuse_overlaps(editions, files[0].parent)
    digest = hashlib.sha256(b"\0".join(path.read_bytes() for path in (*files, sheet_file))).hexdigest()
    return Rulebook(book, tuple(editions), _read(sheet_file, Sheet), digest)


def _files_of(book: str, folder: Path) -> list[Path]:
    """The editions of a book: every file of its own folder, else those of the folder that name the book."""
    own = [path for path in (folder / book).glob("*.toml") if path.name != SHEET_FILE]
    return sorted(own or [path for path in folder.glob("*.toml") if _book_named(path) == book])


def _books_in(folder: Path) -> set[str]:
    named = {_book_named(path) for path in folder.glob("*.toml")}
    return {path.parent.name for path in folder.glob("*/*.toml")} | {name for name in named if name}


def _book_named(path: Path) -> str | None:
    """What a file beside others says under `book`; None for a score sheet or a file that is not even TOML."""
    try:
        return str(tomllib.loads(path.read_text(encoding="utf-8")).get("book") or "") or None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError):
        return path.stem.rsplit("-", 1)[0]  # so that the book it is meant for refuses it with its fault


def _edition(path: Path) -> Edition:
    edition = _read(path, Edition)
    for check in (_codes_are_unique, _formulas_are_known, _grades_descend, _limits_cover_the_edition):
        check(edition, path)
    return edition


def _read(path: Path, model: type[Model]) -> Model:
    try:
        return model.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise RuleError(f"{path.name} is not valid TOML: {error}. Correct the file.") from error
    except ValidationError as error:
        raise RuleError("; ".join(_problem(path, model, item) for item in error.errors())) from error


def _problem(path: Path, model: type[BaseModel], item: Any) -> str:
    """One validation error as a sentence naming file, key, value seen and remedy."""
    key = ".".join(str(part + 1) if isinstance(part, int) else part for part in item["loc"])
    if item["type"] == "extra_forbidden":
        return f"{path.name}: unknown key '{key}'. {did_you_mean(str(item['loc'][-1]), _keys(model, item['loc']))}"
    if item["type"] == "missing":
        return f"{path.name}: '{key}' is missing. Add it, see the edition beside it for an example."
    return f"{path.name}: '{key}' = {_shown(item['input'])}: {item['msg'].removeprefix('Value error, ')}"


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}…"


def _keys(model: type[BaseModel], location: tuple[int | str, ...]) -> list[str]:
    """Known keys of the table in which an unknown one was found."""
    for part in location[:-1]:
        if isinstance(part, str) and part in model.model_fields:
            annotation = model.model_fields[part].annotation
            inner = [kind for kind in (annotation, *getattr(annotation, "__args__", ())) if _is_model(kind)]
            model = inner[0] if inner else model
    return [field.alias or name for name, field in model.model_fields.items()]


def _is_model(kind: object) -> bool:
    return isinstance(kind, type) and issubclass(kind, BaseModel)


def _codes_are_unique(edition: Edition, path: Path) -> None:
    for what, codes in (
        ("step", [step.code for step in edition.steps]),
        ("indicator", [indicator.code for indicator in edition.indicators]),
        ("limit", [limit.code for step in edition.steps for limit in step.limits]),
    ):
        for code in codes:
            if codes.count(code) > 1:
                raise RuleError(f"{path.name}: {what} code '{code}' appears {codes.count(code)} times. Rename one.")


def _formulas_are_known(edition: Edition, path: Path) -> None:
    """Every indicator names a formula of its record kind, with exactly the options that formula takes."""
    for indicator in edition.indicators:
        where = f"{path.name}: indicator {indicator.code}"
        formula = FORMULAS.get(indicator.formula)
        if formula is None:
            raise RuleError(
                f"{where}: unknown formula '{indicator.formula}'. {did_you_mean(indicator.formula, FORMULAS)}"
            )
        if indicator.record not in formula.records:
            raise RuleError(f"{where}: formula '{indicator.formula}' does not judge {indicator.record}.")
        for option in formula.options - indicator.options.keys():
            raise RuleError(f"{where}: option '{option}' is missing. '{indicator.formula}' needs it.")
        for option in indicator.options.keys() - formula.options - formula.optional:
            known = did_you_mean(option, sorted(formula.options | formula.optional))
            raise RuleError(f"{where}: unknown option '{option}'. {known}")
        _references_exist(edition, indicator, where)


def _references_exist(edition: Edition, indicator: Indicator, where: str) -> None:
    steps = {step.code: step for step in edition.steps}
    if "step" in indicator.options and indicator.options["step"] not in steps:
        raise RuleError(
            f"{where}: no step '{indicator.options['step']}'. {did_you_mean(indicator.options['step'], steps)}"
        )
    earlier = [other.code for other in edition.indicators[: edition.indicators.index(indicator)]]
    if "of" in indicator.options and indicator.options["of"] not in earlier:
        raise RuleError(f"{where}: 'of' = '{indicator.options['of']}' is no earlier indicator. Put it before.")


def _grades_descend(edition: Edition, path: Path) -> None:
    bounds = [grade.from_score for grade in edition.grades]
    if bounds != sorted(set(bounds), reverse=True) or bounds[-1] != 0:
        shown = ", ".join(str(bound) for bound in bounds)
        raise RuleError(f"{path.name}: grades start at {shown}. Order them from the best down to 0, each once.")
    if edition.red_lines.caps_grade not in {grade.code for grade in edition.grades}:
        raise RuleError(f"{path.name}: red_lines.caps_grade = '{edition.red_lines.caps_grade}' is no grade.")


def _limits_cover_the_edition(edition: Edition, path: Path) -> None:
    """A scored limit holds for its whole edition: a change of a scored limit is a new edition."""
    for indicator in edition.indicators:
        if indicator.formula != "clock":
            continue
        for limit in scored_limits(edition, indicator):
            late = limit.valid_from is not None and limit.valid_from > edition.valid_from
            early = limit.valid_to is not None and (edition.valid_to is None or limit.valid_to < edition.valid_to)
            if late or early:
                raise RuleError(
                    f"{path.name}: limit '{limit.code}' scores {indicator.code} but holds only from {limit.valid_from}"
                    f" to {limit.valid_to}. Make a new edition from the day it changes."
                )


def _refuse_overlaps(editions: list[Edition], home: Path) -> None:
    for earlier, later in pairwise(editions):
        if earlier.valid_to is None or earlier.valid_to >= later.valid_from:
            raise RuleError(
                f"{home.name}/: {earlier.code} ends {earlier.valid_to} but {later.code} begins {later.valid_from}. "
                f"Set valid_to of {earlier.code} to the day before."
            )
