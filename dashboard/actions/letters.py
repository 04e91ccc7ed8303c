"""Writing letters about violations (制发公文): each has a number, a row nobody changes, and a line of the trail."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import sqlalchemy as sa

from collectors.video.evidence import write_whole
from dashboard.actions import audit
from dashboard.bootstrap import Application
from dashboard.cases.stored import Book
from dashboard.database.models import LETTER_CASES, LETTERS
from dashboard.errors import MingchaError, NotAllowedError, UsageError
from dashboard.evidence import chain
from dashboard.exports.heading import moment_text
from dashboard.instants import LOCAL, to_micros
from dashboard.judging.rules import rules_of
from dashboard.letters.blank import blank
from dashboard.letters.filling import Values, filled
from dashboard.letters.kinds import COLUMNS, KINDS, SINGLE, WRITE, Kind
from dashboard.letters.wording import values_of
from dashboard.people import Viewer
from dashboard.queries.offices import visible_tree
from dashboard.queries.violations import Violation, violation
from dashboard.reviewing.own import own_offices
from dashboard.rights import require
from dashboard.settings import Settings

LOCK = 20261131
MOST = 50
ANY_TIME = datetime(2026, 1, 1, tzinfo=UTC)
ANNULLED = ("rejected", "voided", "annulled", "lapsed")


@dataclass(frozen=True, slots=True)
class Letter:
    """A letter as it was handed over."""

    number: str
    name: str
    """Of its file."""
    content: bytes
    sha256: str


def write_letter(app: Application, *, by: Viewer, kind: str, numbers: Sequence[str]) -> Letter:
    """Write a letter about these cases; a circular takes several, the others one.

    UsageError for an unknown kind and a case that is not that far; NotAllowedError for who may not, and a case out of
    sight; MingchaError where the company's own template is not right.
    """
    require(by, WRITE)
    asked = _kind(kind)
    require(by, asked.right)
    chosen = list(dict.fromkeys(numbers))
    _refuse_number(asked, chosen)
    at, rules = app.now(), rules_of(app.settings, app.db)
    stories = [violation(app.db, by, number, rules=rules, as_of=at) for number in chosen]
    own_cases = own_offices(app.db, by)
    for story in stories:
        if story.violation.office in own_cases:
            raise NotAllowedError(
                f"{by.name} works at the office of {story.violation.number}.", "Somebody else writes it."
            )
        refuse(asked, story.violation)
    template, own = template_of(app.settings, kind)
    tree, titles = visible_tree(app.db, by), {item.code: item.title for item in rules.rulebook.sheet.items}
    with app.db.session() as connection:
        Book(connection).wait(LOCK)
        number = _next(connection, at)
        values = values_of(stories, titles, tree, company=app.settings.company.name, number=number, at=at)
        content = filled(
            template, values, name=own or f"{kind}.docx", marks=_marks(app.settings, by, number, at), at=at
        )
        digest = hashlib.sha256(content).hexdigest()
        row = {
            "number": number, "kind": kind, "cases": json.dumps(chosen), "sha256": digest, "bytes": len(content),
            "template_sha256": hashlib.sha256(template).hexdigest() if own else None, "by": by.name,
            "at": to_micros(at),
        }  # fmt: skip
        letter = chain.enter(connection, LETTERS, row, by=by, at=at)
        for one in chosen:
            chain.enter(connection, LETTER_CASES, {"letter_id": letter, "violation_number": one}, by=by, at=at)
        detail = json.dumps({"kind": kind, "letter": number, "sha256": digest})
        audit.record(connection, by, "letter", ", ".join(chosen), detail, at=at)
    return Letter(number, f"{asked.title}-{chosen[0]}-{number}.docx", content, digest)


def write_to(folder: Path, app: Application, *, by: Viewer, kind: str, numbers: Sequence[str]) -> tuple[Path, Letter]:
    """Write a letter into a folder, which is made where it is missing. MingchaError where that cannot be done."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        made = write_letter(app, by=by, kind=kind, numbers=numbers)
        write_whole(folder / made.name, made.content)
    except OSError as error:
        raise MingchaError(f"{folder} cannot be written: {error.strerror}.", "Choose another --to.") from error
    return folder / made.name, made


def refuse(kind: Kind, one: Violation) -> None:
    """UsageError where this letter cannot be written about this case now."""
    if one.secret:
        raise UsageError(f"Case {one.number} is known to inspectors alone.", "Send it down first.")
    if one.state in ANNULLED:
        raise UsageError(f"Case {one.number} does not stand.", "No letter is written about it.")
    if one.state not in kind.states or (kind.sides and not one.sides & set(kind.sides)):
        raise UsageError(f"No such letter can be written about {one.number} yet.", "docs/cases.md says which when.")
    if kind.several and "appealed" in one.sides:
        raise UsageError(f"An appeal against {one.number} is open.", "Wait for its decision.")


def template_of(settings: Settings, kind: str) -> tuple[bytes, str]:
    """The template of a kind and its path if it is the company's own (`[letters] folder`)."""
    path = settings.path(settings.letters.folder) / f"{kind}.docx" if settings.letters.folder else None
    if path is None or not path.exists():
        return blank(kind), ""
    try:
        return path.read_bytes(), str(path)
    except OSError as error:
        raise MingchaError(f"The template {path} cannot be read: {error.strerror}.") from error


def require_template(settings: Settings, kind: str) -> None:
    """MingchaError where the company's own template of a kind cannot be filled in, before anybody relies on it."""
    template, own = template_of(settings, kind)
    if own:
        filled(template, Values(dict.fromkeys(SINGLE, ""), {}, COLUMNS), name=own, marks=(), at=ANY_TIME)


def put_templates(folder: Path) -> list[Path]:
    """Write the project's templates into a folder, to be changed in Word; those that are there stay."""
    written = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for kind in KINDS:
            path = folder / f"{kind}.docx"
            if not path.exists():
                path.write_bytes(blank(kind))
                written.append(path)
    except OSError as error:
        raise MingchaError(f"{folder} cannot be written: {error.strerror}.", "Choose another --to.") from error
    return written


def _kind(name: str) -> Kind:
    kind = KINDS.get(name)
    if kind is None:
        raise UsageError(f"Unknown letter '{name}';", f"one of {', '.join(KINDS)}.")
    return kind


def _refuse_number(kind: Kind, numbers: Sequence[str]) -> None:
    if not numbers:
        raise UsageError("Which case is the letter about?", "Give its number, such as V-2026-000001.")
    if len(numbers) > 1 and not kind.several:
        raise UsageError("Only a circular is about several cases.", "Write the others one by one.")
    if len(numbers) > MOST:
        raise UsageError(f"A circular is about at most {MOST} cases.")


def _next(connection: sa.Connection, at: datetime) -> str:
    """`L-2026-000012`: serial per local year, under the lock."""
    year = at.astimezone(LOCAL).year
    query = sa.select(sa.func.max(LETTERS.c.number)).where(LETTERS.c.number.like(f"L-{year}-%"))
    last = connection.execute(query).scalar()
    return f"L-{year}-{int(last.rsplit('-', 1)[1]) + 1 if last else 1:06d}"


def _marks(settings: Settings, by: Viewer, number: str, at: datetime) -> list[str]:
    """What stands in every footer, whatever the template: who had it made, when, and that it is a demonstration."""
    demo = ["【演示】本文书由演示数据生成，公司与内容均为虚构。"] if settings.company.demo else []
    believed = "" if by.proved else "（身份未经验证）"
    return [*demo, f"{number}  {by.name}{believed}  {moment_text(at)}"]
