"""Holiday notices loaded as data (节假日通知): read, refused with what to do, and laid over a calendar.

A notice is the whole arrangement of one year: every day off with the name of its holiday, and every weekend day that is
worked instead (调休). It extends the published span by its year, or corrects a year that is already there.
"""

from __future__ import annotations

import csv
import datetime as dt
import hashlib
import io
import json
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from checks.clock import Calendar, day_number
from checks.errors import RuleError

HEADERS = {
    "date": ("date", "日期", "day"), "working": ("working", "是否上班", "上班", "是否工作日"),
    "name": ("name", "节日", "名称", "说明"), "document": ("document", "文件", "依据"),
    "issued": ("issued", "发文日期", "印发日期"),
}  # fmt: skip
YES, NO = ("yes", "true", "1", "是", "上班", "y"), ("no", "false", "0", "否", "休", "放假", "n")
ALWAYS_OFF = ("01-01", "05-01", "10-01")
"""Days that every notice gives off: a file without them is not a whole notice."""


@dataclass(frozen=True)
class Day:
    """One day that a notice names."""

    date: dt.date
    working: bool
    name: str


@dataclass(frozen=True)
class Notice:
    """The arrangement of one year, with the document that made it and its day."""

    year: int
    document: str
    issued: dt.date
    days: tuple[Day, ...]

    @property
    def digest(self) -> str:
        return hashlib.sha256(f"{self.year}\0{self.document}\0{self.issued}\0{self.days_json}".encode()).hexdigest()

    @property
    def days_json(self) -> str:
        rows = [{"date": day.date.isoformat(), "working": day.working, "name": day.name} for day in self.days]
        return json.dumps(rows, ensure_ascii=False, separators=(",", ":"))


def notice_of(year: int, document: str, issued: str, days: str) -> Notice:
    """A notice as it was stored."""
    found = (Day(dt.date.fromisoformat(day["date"]), day["working"], day["name"]) for day in json.loads(days))
    return Notice(year, document, dt.date.fromisoformat(issued), tuple(found))


def with_notices(calendar: Calendar, notices: Iterable[Notice]) -> Calendar:
    """The calendar with each notice laid over it in turn; a later one of the same year replaces the earlier."""
    for notice in notices:
        calendar = _with(calendar, notice)
    return calendar


def _with(calendar: Calendar, notice: Notice) -> Calendar:
    first, last = dt.date(notice.year, 1, 1), dt.date(notice.year, 12, 31)
    extends = notice.year == calendar.published[1].year + 1
    working = calendar.working.copy()
    for number in range(day_number(first), day_number(last) + 1):
        working[number] = (number + 3) % 7 + 1 in calendar.week
    names = {day: name for day, name in calendar.names.items() if day.year != notice.year}
    for day in notice.days:
        working[day_number(day.date)] = day.working
        names[day.date] = day.name
    working.setflags(write=False)
    digest = hashlib.sha256(f"{calendar.digest}\0{notice.digest}".encode()).hexdigest()
    return replace(
        calendar, working=working, digest=digest, names=names,
        published=(calendar.published[0], max(calendar.published[1], last)),
        documents={**calendar.documents, notice.year: (notice.document, notice.issued)},
        history=(*calendar.history, (digest, notice.year if extends else None)),
    )  # fmt: skip


def read_notice(content: bytes, name: str, calendar: Calendar) -> Notice:
    """The notice of a TOML or csv file, checked against the calendar; RuleError names file, line or key, and remedy."""
    text = _text(content, name)
    rows, document, issued = _toml(text, name) if name.lower().endswith(".toml") else _csv(text, name)
    days = tuple(_day(name, where, row) for where, row in rows)
    _refuse(name, days, calendar)
    if not document:
        raise RuleError(f"{name}: 'document' is missing. Name the notice, for example 国办发明电〔2026〕1号.")
    return Notice(days[0].date.year, document, _issued(name, issued), tuple(sorted(days, key=lambda day: day.date)))


Rows = list[tuple[str, Mapping[str, Any]]]


def _text(content: bytes, name: str) -> str:
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise RuleError(f"{name} is no text. Save the notice as TOML or csv.")


def _toml(text: str, name: str) -> tuple[Rows, str, Any]:
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise RuleError(f"{name} is not valid TOML: {error}. Correct the file.") from error
    for key in table.keys() - {"document", "issued", "days"}:
        raise RuleError(f"{name}: unknown key '{key}'. Known are document, issued and [[days]].")
    rows = table.get("days") or []
    return (
        [(f"day {place}", row) for place, row in enumerate(rows, 1)],
        str(table.get("document") or ""),
        table.get("issued"),
    )


def _csv(text: str, name: str) -> tuple[Rows, str, Any]:
    lines = list(csv.reader(io.StringIO(text)))
    start = next((place for place, line in enumerate(lines) if _columns(line).keys() >= {"date", "working"}), None)
    if start is None:
        raise RuleError(
            f"{name}: no header with date and working was found. Name the columns date,working,name,document,issued."
        )
    columns = _columns(lines[start])
    rows: Rows = []
    for place, line in enumerate(lines[start + 1 :], start + 2):
        if any(cell.strip() for cell in line):
            rows.append(
                (f"line {place}", {key: line[at].strip() if at < len(line) else "" for key, at in columns.items()})
            )
    stated = {key: next((row[key] for _, row in rows if row.get(key)), "") for key in ("document", "issued")}
    return rows, stated["document"], stated["issued"]


def _columns(line: Sequence[str]) -> dict[str, int]:
    cells = [cell.strip().lower() for cell in line]
    return {key: next(cells.index(name) for name in known if name in cells)
            for key, known in HEADERS.items() if any(name in cells for name in known)}  # fmt: skip


def _day(name: str, where: str, row: Mapping[str, Any]) -> Day:
    value, working = row.get("date"), row.get("working")
    try:
        day = _date(value)
    except ValueError as error:
        raise RuleError(f"{name}, {where}: '{value}' is no day. Write it as 2027-01-01.") from error
    word = str(working).strip().lower()
    if word not in (*YES, *NO):
        raise RuleError(
            f"{name}, {where}: working = '{working}' is neither yes nor no. Write yes (worked) or no (off)."
        )
    return Day(day, word in YES, str(row.get("name") or "").strip())


def _date(value: Any) -> dt.date:
    """A day of TOML, or `2027-1-2` and `2027/01/02` as text; ValueError for anything else."""
    if isinstance(value, dt.date):
        return value
    year, month, day = (int(part) for part in str(value).strip().replace("/", "-").split("-"))
    return dt.date(year, month, day)


def _issued(name: str, value: Any) -> dt.date:
    try:
        return _date(value)
    except ValueError as error:
        raise RuleError(
            f"{name}: issued = '{value or ''}' is no day. Give the day of the notice as 2026-11-04."
        ) from error


def _refuse(name: str, days: Sequence[Day], calendar: Calendar) -> None:
    """What cannot be a whole notice of one year that follows the published ones."""
    if not days:
        raise RuleError(f"{name} holds no day. List every day off and every make-up working day.")
    years = sorted({day.date.year for day in days})
    if len(years) > 1:
        raise RuleError(f"{name} holds days of {years[0]} and {years[-1]}. Load one year at a time.")
    first, last = calendar.published[0].year, calendar.published[1].year
    if not first <= years[0] <= last + 1:
        raise RuleError(f"{name} is of {years[0]}; published are {first} to {last}. Load {last + 1} first.")
    seen: set[dt.date] = set()
    for day in days:
        if day.date in seen:
            raise RuleError(f"{name}: {day.date} appears twice. Keep one row.")
        seen.add(day.date)
        if day.working and day.date.isoweekday() in calendar.week:
            raise RuleError(f"{name}: {day.date} follows the week: it is worked anyway. Check the date or 'working'.")
    off = {f"{day.date:%m-%d}" for day in days if not day.working}
    lacking = [day for day in ALWAYS_OFF if day not in off]
    if lacking:
        raise RuleError(
            f"{name}: {years[0]}-{lacking[0]} is not off. Load the whole notice, every day off of the year."
        )
