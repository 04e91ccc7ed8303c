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
from checks.lifecycles import LIFECYCLES
from checks.nearest import did_you_mean
from checks.rulebook.lines import Lines
from checks.rulebook.model import KINDS, Edition, Indicator, Limit, Sheet
from checks.rulebook.places import line_of

BOOKS = Path(__file__).parent
SHEET_FILE, LINES_FILE = "sheet.toml", "lines.toml"
BESIDE = (SHEET_FILE, LINES_FILE)
"""Files of a book that are no editions."""

Model = TypeVar("Model", bound=BaseModel)


@dataclass(frozen=True)
class Rulebook:
    """All editions of one book in order of their first day, with the score sheet (规则手册)."""

    name: str
    editions: tuple[Edition, ...]
    sheet: Sheet
    digest: str
    lines: Lines | None = None
    """What is shown with weight 0; None for a book that has no such file."""
    files: tuple[Path, ...] = ()
    """What was read, in the order of the digest."""

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
    lines_file = _lines_of(book, files[0].parent, home)
    read = (*files, sheet_file, *([lines_file] if lines_file else []))
    digest = hashlib.sha256(b"\0".join(path.read_bytes() for path in read)).hexdigest()
    lines = _lines(lines_file) if lines_file else None
    return Rulebook(book, tuple(editions), read_table(sheet_file, Sheet), digest, lines, read)


def _lines_of(book: str, *folders: Path) -> Path | None:
    """The book's own lines, else the shipped ones where they are of this book: foreign records have none of ours."""
    own = next((folder / LINES_FILE for folder in folders if (folder / LINES_FILE).is_file()), None)
    shipped = BOOKS / LINES_FILE
    found = own or shipped
    return found if _book_named(found) == book else None


def _lines(path: Path) -> Lines:
    found = read_table(path, Lines)
    for name, rows in (("lines", found.lines), ("unjudged", found.unjudged)):
        codes = [row.code for row in rows]
        for place, code in enumerate(codes):
            if code in codes[:place]:
                raise RuleError(
                    f"{_at(path, name, place)}: code '{code}' appears {codes.count(code)} times. Rename one."
                )
    return found


def _files_of(book: str, folder: Path) -> list[Path]:
    """The editions of a book: every file of its own folder, else those of the folder that name the book."""
    own = [path for path in (folder / book).glob("*.toml") if path.name not in BESIDE]
    beside = [path for path in folder.glob("*.toml") if path.name not in BESIDE and _book_named(path) == book]
    return sorted(own or beside)


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
    edition = read_table(path, Edition)
    for check in (
        _codes_are_unique, _formulas_are_known, _grades_descend, _stamps_are_known, _limits_do_not_overlap,
        _limits_cover_the_edition, _days_are_ordered,
    ):  # fmt: skip
        check(edition, path)
    return edition


def read_table(path: Path, model: type[Model]) -> Model:
    """A TOML file as a model. RuleError names file, line, key, the value seen and the remedy."""
    try:
        return model.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise RuleError(f"{path.name} is not valid TOML: {error}. Correct the file.") from error
    except ValidationError as error:
        raise RuleError("; ".join(_problem(path, model, item) for item in error.errors())) from error


def _at(path: Path, *key: int | str) -> str:
    """`2022.toml, line 12`: file and line of a key."""
    line = line_of(path.read_text(encoding="utf-8"), key)
    return path.name if line is None else f"{path.name}, line {line}"


def _problem(path: Path, model: type[BaseModel], item: Any) -> str:
    """One validation error as a sentence naming file, line, key, value seen and remedy."""
    key = ".".join(str(part + 1) if isinstance(part, int) else part for part in item["loc"])
    where = _at(path, *item["loc"])
    if item["type"] == "extra_forbidden":
        return f"{where}: unknown key '{key}'. {did_you_mean(str(item['loc'][-1]), _keys(model, item['loc']))}"
    if item["type"] == "missing":
        return f"{where}: '{key}' is missing. Add it, see the edition beside it for an example."
    named = f"'{key}' = {_shown(item['input'])}: " if item["loc"] and not isinstance(item["input"], dict) else ""
    return f"{where}: {named}{item['msg'].removeprefix('Value error, ')}. Correct it."


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
    limits = [(place, row) for place, step in enumerate(edition.steps) for row in range(len(step.limits))]
    for what, codes, keys in (
        ("step", [step.code for step in edition.steps], [("steps", n) for n, _ in enumerate(edition.steps)]),
        ("indicator", [row.code for row in edition.indicators],
         [("indicators", n) for n, _ in enumerate(edition.indicators)]),
        ("limit", [edition.steps[step].limits[row].code for step, row in limits],
         [("steps", step, "limits", row) for step, row in limits]),
    ):  # fmt: skip
        for place, code in enumerate(codes):
            if code in codes[:place]:
                where = _at(path, *keys[place])
                raise RuleError(f"{where}: {what} code '{code}' appears {codes.count(code)} times. Rename one.")


def _formulas_are_known(edition: Edition, path: Path) -> None:
    """Every indicator names a formula of its record kind, with exactly the options that formula takes."""
    for place, indicator in enumerate(edition.indicators):
        where = f"{_at(path, 'indicators', place, 'formula')}: indicator {indicator.code}"
        formula = FORMULAS.get(indicator.formula)
        if formula is None:
            raise RuleError(
                f"{where}: unknown formula '{indicator.formula}'. {did_you_mean(indicator.formula, FORMULAS)}"
            )
        if indicator.record not in formula.records:
            raise RuleError(
                f"{where}: formula '{indicator.formula}' does not judge {indicator.record}, but"
                f" {' and '.join(sorted(formula.records))}. Change record or formula."
            )
        where = f"{_at(path, 'indicators', place, 'options')}: indicator {indicator.code}"
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
    if "kind" in indicator.options and indicator.formula == "clock" and indicator.options["kind"] not in KINDS:
        raise RuleError(f"{where}: no kind of limit '{indicator.options['kind']}'. Known are {', '.join(KINDS)}.")
    earlier = [other.code for other in edition.indicators[: edition.indicators.index(indicator)]]
    if "of" in indicator.options and indicator.options["of"] not in earlier:
        raise RuleError(f"{where}: 'of' = '{indicator.options['of']}' is no earlier indicator. Put it before.")


def _stamps_are_known(edition: Edition, path: Path) -> None:
    """A step goes from one stamp of its record to another one."""
    for place, step in enumerate(edition.steps):
        known = LIFECYCLES.get(step.record, ())
        for key in ("start", "end"):
            stamp = getattr(step, key)
            if stamp not in known:
                where = _at(path, "steps", place, key)
                raise RuleError(
                    f"{where}: step {step.code}: {step.record} have no stamp '{stamp}'. {did_you_mean(stamp, known)}"
                )
        if step.start == step.end:
            raise RuleError(f"{_at(path, 'steps', place, 'end')}: step {step.code} ends where it starts. Change one.")


def _limits_do_not_overlap(edition: Edition, path: Path) -> None:
    """Of one kind at most one limit may fit a record, or nobody could say which one judged it."""
    for place, step in enumerate(edition.steps):
        for row, limit in enumerate(step.limits):
            for other in step.limits[:row]:
                if limit.kind == other.kind and _meet(limit, other):
                    where = _at(path, "steps", place, "limits", row)
                    raise RuleError(
                        f"{where}: limits '{other.code}' and '{limit.code}' are both {limit.kind} and fit the same"
                        " records. Make 'where' or the days differ."
                    )


def _meet(one: Limit, other: Limit) -> bool:
    shared = one.where.keys() & other.where.keys()
    if any(not set(one.where[name]) & set(other.where[name]) for name in shared):
        return False
    starts = max(one.valid_from or dt.date.min, other.valid_from or dt.date.min)
    return starts <= min(one.valid_to or dt.date.max, other.valid_to or dt.date.max)


def _days_are_ordered(edition: Edition, path: Path) -> None:
    if edition.valid_to is not None and edition.valid_to < edition.valid_from:
        raise RuleError(
            f"{_at(path, 'valid_to')}: valid_to {edition.valid_to} lies before valid_from {edition.valid_from}."
            " Correct one of the two."
        )


def _grades_descend(edition: Edition, path: Path) -> None:
    bounds = [grade.from_score for grade in edition.grades]
    if bounds != sorted(set(bounds), reverse=True) or bounds[-1] != 0:
        shown = ", ".join(str(bound) for bound in bounds)
        raise RuleError(
            f"{_at(path, 'grades', 0)}: grades start at {shown}. Order them from the best down to 0, each once."
        )
    codes = [grade.code for grade in edition.grades]
    if edition.red_lines.caps_grade not in codes:
        raise RuleError(
            f"{_at(path, 'red_lines', 'caps_grade')}: red_lines.caps_grade = '{edition.red_lines.caps_grade}' is no"
            f" grade. {did_you_mean(edition.red_lines.caps_grade, codes)}"
        )


def _limits_cover_the_edition(edition: Edition, path: Path) -> None:
    """A scored limit holds for its whole edition: a change of a scored limit is a new edition."""
    for indicator in edition.indicators:
        if indicator.formula != "clock":
            continue
        for limit in scored_limits(edition, indicator):
            late = limit.valid_from is not None and limit.valid_from > edition.valid_from
            early = limit.valid_to is not None and (edition.valid_to is None or limit.valid_to < edition.valid_to)
            if late or early:
                place = [step.code for step in edition.steps].index(indicator.options["step"])
                where = _at(path, "steps", place, "limits", edition.steps[place].limits.index(limit))
                raise RuleError(
                    f"{where}: limit '{limit.code}' scores {indicator.code} but holds only from {limit.valid_from}"
                    f" to {limit.valid_to}. Make a new edition from the day it changes."
                )


def _refuse_overlaps(editions: list[Edition], home: Path) -> None:
    for earlier, later in pairwise(editions):
        if earlier.valid_to is None or earlier.valid_to >= later.valid_from:
            raise RuleError(
                f"{home.name}/: {earlier.code} ends {earlier.valid_to} but {later.code} begins {later.valid_from}. "
                f"Set valid_to of {earlier.code} to the day before."
            )
