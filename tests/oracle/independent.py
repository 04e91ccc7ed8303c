"""An independent, slow and plain computation of the league from canonical CSV files.

It is written from the definitions (design §3, §4.1, §4.2; domain §5.3 for the score sheet) and imports nothing of the
project: it is what the project is compared with. Each function quotes the sentence that it implements. Readings of
sentences that allow more than one are numbered (A1 …) in `readings.md` beside this file.

    python tests/oracle/independent.py DIR --period 2026-Q3 --level station --as-of 2026-10-11T00:00:00+08:00
        [--explain OFFICE | --records tickets [--office OFFICE] [--verdict late]]
"""

from __future__ import annotations

import argparse
import csv
import json
import math
import re
import sys
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from decimal import Decimal, localcontext
from fractions import Fraction
from functools import cache
from pathlib import Path
from zoneinfo import ZoneInfo

import chinese_calendar  # only as the published notices of the years before 2026

SHANGHAI = ZoneInfo("Asia/Shanghai")
DAY = timedelta(days=1)
Row = dict[str, str]

# ---------------------------------------------------------------------------------------------- the rulebook by hand


@dataclass(frozen=True)
class Indicator:
    """One line of the table of design §3.5."""

    code: str
    floor: Fraction
    target: Fraction
    weight: int


def _indicator(code: str, floor: str, target: str, weight: int) -> Indicator:
    return Indicator(code, Fraction(floor), Fraction(target), weight)


INDICATORS = [
    _indicator("T1", "0.80", "1.00", 5),
    _indicator("T2", "0.80", "1.00", 7),
    _indicator("T3", "0.80", "1.00", 5),
    _indicator("T4", "3.0", "0", 5),
    _indicator("T5", "0.85", "0.98", 3),
    _indicator("R1", "0.85", "1.00", 12),
    _indicator("R2", "0.80", "1.00", 6),
    _indicator("R3", "1.20", "0.60", 3),
    _indicator("R4", "0.10", "0", 2),
    _indicator("R5", "0.50", "0", 2),
    _indicator("H1", "0.60", "1.00", 15),
    _indicator("H2", "0.80", "1.00", 5),
    _indicator("H3", "0.80", "1.00", 5),
    _indicator("C1", "0.80", "1.00", 6),
    _indicator("C2", "0.30", "0.90", 2),
    _indicator("C3", "0.80", "1.00", 2),
    _indicator("O1", "0.95", "1.00", 4),
    _indicator("O2", "0.10", "0.05", 3),
    _indicator("O3", "0.95", "0.999", 3),
    _indicator("O4", "0.10", "0.02", 2),
    _indicator("O5", "0.85", "0.98", 3),
]
BY_CODE = {indicator.code: indicator for indicator in INDICATORS}
EDITIONS = [("promise-2022", date(2022, 1, 1)), ("promise-2011", date(2011, 12, 1))]
ARRIVAL_MINUTES = {"urban": 45, "rural": 90, "remote": 120}
RESTORE_HOURS = {"urban": 3, "rural": 4, "remote": 4}
T3_WORKING_DAYS = {"report": 9, "opinion": 9, "suggestion": 9, "enquiry": 4, "request": 5}
CONNECTION_WORKING_DAYS = {
    "residential": 5,
    "low_voltage": 6,
    "high_voltage_single": 22,
    "high_voltage_dual": 32,
}
MEASURES = {"O1": "fee_collection", "O2": "line_loss", "O3": "meter_reading", "O4": "call_abandonment"}
SLOTS = {
    1: (time(8, 30), time(9, 10)),
    2: (time(10, 0), time(11, 0)),
    3: (time(12, 0), time(13, 30)),
    4: (time(14, 30), time(15, 30)),
    5: (time(16, 40), time(17, 30)),
}
CAUSES_OF_OURS = {"worker_down", "recorder_busy", "disk_full"}
RED_ITEMS = {"R01", "B09", "B10"}  # F03 only when found deliberate, which no column says
DEDUCTIONS = {
    "R01": 10, "R02": 5, "R03": 10, "R04": 8, "R05": 4, "R06": 3, "R07": 3, "R08": 10, "R09": 15, "R10": 3, "R11": 5,
    "R12": 3, "A01": 3, "A02": 2, "A03": 2, "A04": 1, "A05": 1, "B01": 5, "B02": 5, "B03": 2, "B04": 3, "B05": 2,
    "B06": 3, "B07": 3, "B08": 2, "B09": 15, "B10": 20, "B11": 10, "B12": 1, "B13": 2, "E01": 2, "E02": 2, "E03": 2,
    "E04": 1, "E05": 2, "E06": 5, "E07": 2, "E08": 2, "F01": 3, "F02": 3, "F03": 10, "F04": 3, "M01": 1, "M02": 2,
}  # fmt: skip
GRADES = [(95, "标杆"), (90, "A"), (80, "B"), (70, "C")]
LIFECYCLE = {
    "tickets": ["accepted_at", "dispatched_at", "taken_at", "contacted_at", "arrived_at", "finished_at", "replied_at",
                "visited_at", "archived_at"],
    "repairs": ["accepted_at", "dispatched_at", "taken_at", "arrived_at", "restored_at", "replied_at"],
    "applications": ["accepted_at", "plan_answered_at", "design_reviewed_at", "inspected_at", "connected_at",
                     "archived_at"],
}  # fmt: skip
NUMBER = {"tickets": "ticket_no", "repairs": "repair_no", "applications": "application_no",
          "evaluations": "evaluation_no", "samples": "sample_id"}  # fmt: skip

# -------------------------------------------------------------------------------------------------- reading of cells


@dataclass(frozen=True)
class Stamp:
    """A moment of a lifecycle. Unreadable: filled, and `at` is None."""

    at: datetime | None = None
    filled: bool = False
    to_the_minute: bool = False

    @property
    def unreadable(self) -> bool:
        return self.filled and self.at is None


EMPTY = Stamp()
_STAMP = re.compile(
    r"(\d{4})[-/](\d{1,2})[-/](\d{1,2})[T ]+(\d{1,2}):(\d{1,2})(?::(\d{1,2})(?:\.(\d{1,6}))?)?\s*(Z|[+-]\d\d:?\d\d)?"
)


def read_stamp(text: str) -> Stamp:
    """“Times without an offset are Asia/Shanghai.” “A stamp derived from whole minutes keeps `precision = minute`”."""
    if text == "":
        return EMPTY
    match = _STAMP.fullmatch(text)
    if not match:
        return Stamp(None, True)
    year, month, day, hour, minute, second, fraction, offset = match.groups()
    try:
        midnight = datetime(int(year), int(month), int(day), tzinfo=SHANGHAI)
    except ValueError:
        return Stamp(None, True)
    parts = (int(hour), int(minute), int(second or 0))
    if parts != (24, 0, 0) and (parts[0] > 23 or parts[1] > 59 or parts[2] > 59):
        return Stamp(None, True)
    moment = midnight + timedelta(
        hours=parts[0], minutes=parts[1], seconds=parts[2], microseconds=int((fraction or "0").ljust(6, "0"))
    )
    if offset:
        sign = -1 if offset[0] == "-" else 1
        digits = offset[1:].replace(":", "") if offset != "Z" else "0000"
        own = sign * timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
        moment = moment + (timedelta(hours=8) - own)
    return Stamp(moment, True, second is None)


def read_day(text: str) -> date | None:
    match = re.fullmatch(r"(\d{4})[-/](\d{1,2})[-/](\d{1,2})", text)
    return date(*map(int, match.groups())) if match else None


def read_boolean(text: str, empty: bool | None = False) -> bool | None:
    """“Booleans: yes/no, true/false, 1/0, 是/否, Y/N; empty = no, except `reported_*`, `card_issued`, `reached`
    (empty = unknown).”"""
    lowered = text.lower()
    if lowered in {"yes", "true", "1", "是", "y"}:
        return True
    if lowered in {"no", "false", "0", "否", "n"}:
        return False
    return empty


def read_rows(directory: Path, name: str) -> list[Row]:
    path = directory / f"{name}.csv"
    if not path.exists():
        return []
    with path.open(encoding="utf-8-sig", newline="") as file:
        return [{key: (value or "").strip() for key, value in row.items()} for row in csv.DictReader(file)]


def without_duplicates(rows: list[Row], key: tuple[str, ...]) -> list[Row]:
    """“Equal duplicates in one file: the first counts …; conflicting ones are all quarantined.”"""
    versions: dict[tuple[str, ...], list[Row]] = {}
    for row in rows:
        versions.setdefault(tuple(row.get(name, "") for name in key), []).append(row)
    return [same[0] for same in versions.values() if all(row == same[0] for row in same)]


# ---------------------------------------------------------------------------------------------------- working days

FIRST_PUBLISHED, LAST_PUBLISHED = date(2004, 1, 1), date(2026, 12, 31)
_HOLIDAYS_2026 = [("01-01", "01-03"), ("02-15", "02-23"), ("04-04", "04-06"), ("05-01", "05-05"), ("06-19", "06-21"),
                  ("09-25", "09-27"), ("10-01", "10-07")]  # fmt: skip
_WORKING_WEEKENDS_2026 = ["01-04", "02-14", "02-28", "05-09", "09-20", "10-10"]


def published(day: date) -> bool:
    return FIRST_PUBLISHED <= day <= LAST_PUBLISHED


@cache
def is_working_day(day: date) -> bool:
    """“Chinese calendar with make-up working weekends (调休). Outside the published table a day counts as working if it
    is Monday to Friday and not 1 January, 1–3 May or 1–3 October.”"""
    if not published(day):
        fixed = {(1, 1), (5, 1), (5, 2), (5, 3), (10, 1), (10, 2), (10, 3)}
        return day.weekday() < 5 and (day.month, day.day) not in fixed
    if day.year < 2026:
        return bool(chinese_calendar.is_workday(day))
    name = day.strftime("%m-%d")
    if name in _WORKING_WEEKENDS_2026:
        return True
    return day.weekday() < 5 and not any(first <= name <= last for first, last in _HOLIDAYS_2026)


@dataclass(frozen=True)
class Deadline:
    at: datetime
    provisional: bool = False


def working_day_deadline(accepted: datetime, limit: int) -> Deadline:
    """“A working-day limit of N ends at the last second of the N-th working day after the day of acceptance, which is
    day 0.” “Records whose deadline touches such a day [outside the published table] are … marked provisional.”"""
    day, left, provisional = accepted.date(), limit, False
    while left:
        day += DAY
        provisional = provisional or not published(day)
        left -= is_working_day(day)
    return Deadline(datetime.combine(day, time(23, 59, 59), SHANGHAI), provisional)


def edition_on(day: date) -> str | None:
    """“A verdict uses the edition in force on the record's day of acceptance”"""
    return next((name for name, first in EDITIONS if day >= first), None)


# ---------------------------------------------------------------------------------------------------------- periods


@dataclass(frozen=True)
class Period:
    """Days `first` to `last`, both included."""

    text: str
    first: date
    last: date

    def __contains__(self, day: date) -> bool:
        return self.first <= day <= self.last

    @property
    def days(self) -> int:
        return (self.last - self.first).days + 1


def last_of_month(first: date) -> date:
    return (first + timedelta(days=31)).replace(day=1) - DAY


def quarter_of(day: date) -> Period:
    first = date(day.year, 3 * ((day.month - 1) // 3) + 1, 1)
    return Period("", first, last_of_month(first + timedelta(days=63)))


def parse_period(text: str) -> Period:
    """“Periods: `2026-Q3`, `2026-09`, `2026-W38`, `2026-09-01..2026-09-15`.” “Weeks are ISO; `a..b` includes day b.”"""
    if match := re.fullmatch(r"(\d{4})-Q([1-4])", text):
        quarter = quarter_of(date(int(match[1]), 3 * int(match[2]), 1))
        return Period(text, quarter.first, quarter.last)
    if match := re.fullmatch(r"(\d{4})-W(\d\d)", text):
        monday = date.fromisocalendar(int(match[1]), int(match[2]), 1)
        return Period(text, monday, monday + 6 * DAY)
    if match := re.fullmatch(r"(\d{4})-(\d\d)", text):
        first = date(int(match[1]), int(match[2]), 1)
        return Period(text, first, last_of_month(first))
    first_text, last_text = text.split("..")
    return Period(text, date.fromisoformat(first_text), date.fromisoformat(last_text))


# ---------------------------------------------------------------------------------------------------------- offices


def plain_name(text: str) -> str:
    """“compared after NFKC, blanks and a leading 国网 removed”"""
    return re.sub(r"\s", "", unicodedata.normalize("NFKC", text)).removeprefix("国网")


@dataclass(frozen=True)
class Version:
    """One version of an office (key: code, valid_from), valid on both of its days and between."""

    code: str
    name: str
    parent: str
    level: str
    area: str
    customers: int
    names: frozenset[str]
    first: date
    last: date
    successors: list[str] = field(default_factory=list)

    def valid_on(self, day: date) -> bool:
        return self.first <= day <= self.last


def read_offices(directory: Path) -> dict[str, list[Version]]:
    offices: dict[str, list[Version]] = {}
    for row in without_duplicates(read_rows(directory, "offices"), ("code", "valid_from")):
        aliases = [part for part in re.split(r"[;；,，、|]", row.get("aliases", "")) if part.strip()]
        version = Version(
            code=row["code"],
            name=row["name"],
            parent=row.get("parent_code", ""),
            level=row["level"],
            area=row.get("area", ""),
            customers=int(row.get("customers") or 0),
            names=frozenset(plain_name(name) for name in [row["code"], row["name"], *aliases]),
            first=read_day(row.get("valid_from", "")) or date.min,
            last=read_day(row.get("valid_to", "")) or date.max,
            successors=[
                part.strip() for part in re.split(r"[;；,，、|]", row.get("successor_code", "")) if part.strip()
            ],
        )
        offices.setdefault(version.code, []).append(version)
    for versions in offices.values():
        versions.sort(key=lambda version: version.first)
    return offices


# ------------------------------------------------------------------------------------------------- what is stored


@dataclass
class Record:
    """A ticket, repair, application or evaluation that the import keeps."""

    kind: str
    number: str
    office: str
    accepted: Stamp
    row: Row
    stamps: dict[str, Stamp]

    @property
    def day(self) -> date:
        """“A record belongs to the period of its *acceptance* time in Asia/Shanghai”"""
        assert self.accepted.at
        return self.accepted.at.date()

    def get(self, column: str) -> str:
        return self.row.get(column, "")


@dataclass(frozen=True)
class Violation:
    """An inspection row with result `violation`: “confirmed by import”."""

    number: str
    hall: str
    at: datetime
    item: str
    count: int


@dataclass
class Sample:
    """“a sample is (hall, date, slot): one random moment for all cameras of the hall; each camera gives a look”"""

    hall: str
    day: date
    slot: int
    looks: list[Row] = field(default_factory=list)

    @property
    def number(self) -> str:
        return self.looks[0]["sample_id"]

    @property
    def planned_at(self) -> datetime:
        return min(moment for look in self.looks if (moment := read_stamp(look["planned_at"]).at))


@dataclass
class Measure:
    indicator: str
    office: str
    month: date
    numerator: Fraction
    denominator: Fraction


class Company:
    """The canonical files of one directory after the rules of import."""

    def __init__(self, directory: Path) -> None:
        self.offices = read_offices(directory)
        self.records = {
            kind: self._records(directory, kind) for kind in ("tickets", "repairs", "applications", "evaluations")
        }
        self.tickets = {ticket.number: ticket for ticket in self.records["tickets"]}
        self.windows = self._windows(directory)
        self.samples = self._samples(directory)
        self.hall_days = self._hall_days(directory)
        self.violations = self._violations(directory)
        self.measures = self._measures(directory)

    # ------------------------------------------------------------------ naming and tree

    @cache  # noqa: B019  one company lives as long as the program
    def named(self, text: str, day: date) -> str | None:
        """“the office it names (code, name or alias valid on that day, compared after NFKC …; two matches =
        quarantine)”"""
        wanted = plain_name(text)
        matches = {
            code
            for code in self.offices
            if (version := self.version_valid(code, day)) and wanted and wanted in version.names
        }
        return matches.pop() if len(matches) == 1 else None

    def version_valid(self, code: str, day: date) -> Version | None:
        """The version of that day, the later one if two overlap (A3)."""
        valid = [version for version in self.offices.get(code, []) if version.valid_on(day)]
        return valid[-1] if valid else None

    def version_near(self, code: str, day: date) -> Version | None:
        """The version of that day, else the latest begun before, else the first (A4)."""
        versions = self.offices.get(code, [])
        begun = [version for version in versions if version.first <= day]
        return self.version_valid(code, day) or (begun or versions or [None])[-1 if begun else 0]

    @cache  # noqa: B019
    def above(self, code: str, day: date) -> tuple[str, ...]:
        """The office and everything it is below, on that day. “An unknown parent makes an office a root”"""
        chain: list[str] = []
        version = self.version_near(code, day)
        while version and version.code not in chain:
            chain.append(version.code)
            version = self.version_near(version.parent, day)
        return tuple(chain)

    def last_valid_day(self, code: str, first: date, last: date) -> date:
        """The last day of `first` … `last` on which the office is valid, else `last`."""
        ends = [
            min(version.last, last)
            for version in self.offices.get(code, [])
            if version.first <= last and version.last >= first
        ]
        return max(ends, default=last)

    def customers(self, code: str, day: date) -> int:
        """“customers of a row = its own if > 0, else the sum of its children's, none = no value”"""
        version = self.version_near(code, day)
        if version and version.customers > 0:
            return version.customers
        children = [
            other for other in self.offices if (child := self.version_valid(other, day)) and child.parent == code
        ]
        return sum(self.customers(child, day) for child in children)

    def rows(self, level: str, period: Period) -> list[tuple[str, Version, date]]:
        """“rows are every office of the level valid on some day of the period” with the version shown and its day."""
        found = []
        for code, versions in self.offices.items():
            within = [version for version in versions if version.first <= period.last and version.last >= period.first]
            if any(version.level == level for version in within):
                day = self.last_valid_day(code, period.first, period.last)
                found.append((code, self.version_valid(code, day) or within[-1], day))
        return found

    # ------------------------------------------------------------------ records

    def _records(self, directory: Path, kind: str) -> list[Record]:
        """A row whose id, acceptance time, needed enumeration or office cannot be read is in quarantine."""
        number, moment = NUMBER[kind], "at" if kind == "evaluations" else "accepted_at"
        needed = {
            "tickets": ("type", {*T3_WORKING_DAYS, "fault", "complaint", "praise"}),
            "evaluations": ("kind", {"designated_form", "keypress", "callback", "survey"}),
        }.get(kind)
        kept = []
        for row in without_duplicates(read_rows(directory, kind), (number,)):
            accepted = read_stamp(row.get(moment, ""))
            if not row[number] or accepted.at is None:
                continue
            office = self.named(row.get("office_code", ""), accepted.at.date())
            if office is None or (needed and row.get(needed[0]) not in needed[1]):
                continue
            stamps = {name: read_stamp(row.get(name, "")) for name in LIFECYCLE.get(kind, [])}
            kept.append(Record(kind, row[number], office, accepted, row, stamps))
        return kept

    def _windows(self, directory: Path) -> dict[str, dict[str, set[str]]]:
        """Names of the windows that each camera of a hall sees."""
        halls: dict[str, dict[str, set[str]]] = {}
        for row in without_duplicates(read_rows(directory, "cameras"), ("code",)):
            windows = json.loads(row.get("windows") or "[]")
            halls.setdefault(row["hall_code"], {})[row["code"]] = {window["name"] for window in windows}
        return halls

    def _samples(self, directory: Path) -> list[Sample]:
        samples: dict[tuple[str, date, int], Sample] = {}
        for row in without_duplicates(read_rows(directory, "samples"), ("sample_id", "camera_code")):
            planned = read_stamp(row.get("planned_at", "")).at
            if not planned or row.get("outcome") not in {"planned", "captured", "missed", "not_checkable"}:
                continue
            day = read_day(row.get("date", "")) or planned.date()
            slot = int(row.get("slot") or next(n for n, (_, end) in SLOTS.items() if planned.time() <= end))
            if hall := self.named(row["hall_code"], day):
                samples.setdefault((hall, day, slot), Sample(hall, day, slot)).looks.append(row)
        return list(samples.values())

    def _hall_days(self, directory: Path) -> dict[tuple[str, date], Row]:
        days = {}
        for row in without_duplicates(read_rows(directory, "hall_days"), ("hall_code", "date")):
            day = read_day(row["date"])
            if day and (hall := self.named(row["hall_code"], day)):
                days[hall, day] = row
        return days

    def _violations(self, directory: Path) -> list[Violation]:
        """“imported inspection rows with `result = violation` are confirmed by import”"""
        found = []
        key = ("inspection_no", "item_code", "hall_code", "at")
        for row in without_duplicates(read_rows(directory, "inspections"), key):
            at = read_stamp(row.get("at", "")).at
            if at and row.get("result") == "violation" and (hall := self.named(row["hall_code"], at.date())):
                count = row.get("count", "")
                number = int(count) if count.lstrip("-").isdigit() else 1
                found.append(Violation(row["inspection_no"], hall, at, row["item_code"], number))
        return found

    def _measures(self, directory: Path) -> list[Measure]:
        """“a row with only a percentage, or with a negative denominator, goes to quarantine; a zero one is kept”"""
        kept = []
        for row in without_duplicates(read_rows(directory, "measures"), ("indicator", "office_code", "period")):
            try:
                numerator, denominator = Fraction(row.get("numerator", "")), Fraction(row.get("denominator", ""))
            except ValueError:
                continue
            month = date.fromisoformat(f"{row['period']}-01")
            office = self._named_in_month(row["office_code"], month)
            if office and denominator >= 0:
                kept.append(Measure(row["indicator"], office, month, numerator, denominator))
        return kept

    def _named_in_month(self, text: str, month: date) -> str | None:
        day = last_of_month(month)
        while day >= month:
            if office := self.named(text, day):
                return office
            day -= DAY
        return None


# ------------------------------------------------------------------------------------------------------- verdicts


@dataclass(frozen=True)
class Verdict:
    """What one record is in one indicator, and what it adds to numerator and denominator."""

    state: str
    numerator: Fraction = Fraction(0)
    denominator: int = 0
    reason: str | None = None
    deadline: datetime | None = None
    actual: datetime | None = None
    provisional: bool = False
    to_the_minute: bool = False

    @property
    def judged(self) -> bool:
        """“*on_time* and *late* are judged and make numerator and denominator”"""
        return self.state in {"on_time", "late"}


def clock_verdict(
    start: Stamp, end: Stamp, later: Iterable[Stamp], deadline: Deadline | None, as_of: datetime, contradictory: bool
) -> Verdict:
    """“**Verdict** of one clock (start stamp, end stamp, deadline)”: the whole paragraph of §3.1.

    `deadline` is None where the start has no time. Stamps after as-of are empty already.
    """
    moment = deadline.at if deadline else None

    def unjudgeable(reason: str) -> Verdict:
        return Verdict("unjudgeable", reason=reason, deadline=moment, actual=end.at)

    later_filled = any(stamp.filled for stamp in later)
    if start.unreadable:
        return unjudgeable("unreadable_stamp")
    if contradictory:
        return unjudgeable("contradictory_start")
    if end.unreadable:
        return unjudgeable("unreadable_stamp")
    if not start.filled:
        return unjudgeable("missing_stamp") if end.filled or later_filled else Verdict("pending")
    assert deadline
    assert start.at
    if end.at is None:
        if later_filled:
            return unjudgeable("missing_stamp")
        passed = as_of > deadline.at  # "a deadline equal to as-of has not passed"
        state, judged = ("late", 1) if passed else ("pending", 0)
        return Verdict(state, Fraction(0), judged, None, moment, None, deadline.provisional)
    if end.at < start.at:
        return unjudgeable("end_before_start")
    on_time = end.at <= deadline.at
    near = (start.to_the_minute or end.to_the_minute) and abs(end.at - deadline.at) <= timedelta(minutes=1)
    return Verdict(
        "on_time" if on_time else "late", Fraction(on_time), 1, None, moment, end.at, deadline.provisional, near
    )


def counted(yes: bool, amount: Fraction = Fraction(1)) -> Verdict:
    """In the numerator and the denominator (counted), or in the denominator only (not_counted)."""
    return Verdict("counted", amount, 1) if yes else Verdict("not_counted", Fraction(0), 1)


class Judge:
    """All verdicts of a company at one as-of."""

    def __init__(self, company: Company, as_of: datetime) -> None:
        self.company, self.as_of = company, as_of
        self.existing = {
            kind: [record for record in records if record.accepted.at and record.accepted.at <= as_of]
            for kind, records in company.records.items()
        }  # "records, evaluations and samples after it do not exist"
        self._repairs_of_customer = self._by_customer()
        self._forms = {
            record.get("record_no")
            for record in self.existing["evaluations"]
            if record.get("kind") == "designated_form"
        }
        self._verdicts: dict[tuple[str, str], dict[str, Verdict]] = {}

    def verdicts(self, record: Record) -> dict[str, Verdict]:
        """Verdict per indicator; an indicator that does not concern the record is absent."""
        key = (record.kind, record.number)
        if key not in self._verdicts:
            judge = {
                "tickets": self._ticket,
                "repairs": self._repair,
                "applications": self._application,
                "evaluations": self._evaluation,
            }[record.kind]
            reason = self.exclusion(record)
            verdicts = judge(record)
            if reason:  # "*excluded* are in neither" numerator nor denominator
                verdicts = {code: Verdict("excluded", reason=reason) for code in verdicts}
            self._verdicts[key] = verdicts
        return self._verdicts[key]

    def stamp(self, record: Record, name: str) -> Stamp:
        """“a stamp after it [as-of] has not happened yet”; “a stamp equal to as-of has happened”"""
        stamp = record.stamps[name]
        return EMPTY if stamp.at and stamp.at > self.as_of else stamp

    def clock(
        self, record: Record, start: str, end: str, deadline: Deadline | None, wrong_start: bool = False
    ) -> Verdict:
        order = LIFECYCLE[record.kind]
        later = [self.stamp(record, name) for name in order[order.index(end) + 1 :]]
        return clock_verdict(
            self.stamp(record, start), self.stamp(record, end), later, deadline, self.as_of, wrong_start
        )

    # ------------------------------------------------------------------ exclusion

    def exclusion(self, record: Record) -> str | None:
        """“**Excluded**, first reason that applies: `simulated`, `withdrawn`, `child` …, `filed`. A repair or
        evaluation inherits the exclusion of the ticket it names.”"""
        reasons = self._own_exclusions(record)
        named = {"repairs": "ticket_no", "evaluations": "record_no"}.get(record.kind)
        ticket = self.company.tickets.get(record.get(named)) if named else None
        if ticket and ticket.accepted.at and ticket.accepted.at <= self.as_of:
            reasons |= self._own_exclusions(ticket)
        return next((reason for reason in ("simulated", "withdrawn", "child") if reason in reasons), None)

    def _own_exclusions(self, record: Record) -> set[str]:
        """“`child` (parent filled and not its own number, parent known or not)”"""
        parent = record.get({"tickets": "parent_ticket_no", "repairs": "parent_repair_no"}.get(record.kind, ""))
        return {
            reason
            for reason, applies in (
                ("simulated", read_boolean(record.get("simulated"))),
                ("withdrawn", read_boolean(record.get("withdrawn"))),
                ("child", parent not in {"", record.number}),
            )
            if applies
        }

    # ------------------------------------------------------------------ tickets

    def _ticket(self, ticket: Record) -> dict[str, Verdict]:
        kind, verdicts = ticket.get("type"), {}
        if kind == "complaint":
            verdicts["T1"] = self._answered(ticket, "contacted_at", self._contact_deadline(ticket))
            verdicts["T2"] = self._answered(ticket, "replied_at", self._complaint_deadline(ticket))
            verdicts["T4"] = counted(ticket.get("substantiated") == "yes")  # "`partly` is not `yes`"
        if kind in T3_WORKING_DAYS:
            assert ticket.accepted.at
            deadline = working_day_deadline(ticket.accepted.at, T3_WORKING_DAYS[kind])
            verdicts["T3"] = self._answered(ticket, "replied_at", deadline)
        if ticket.get("satisfaction") in {"satisfied", "neutral", "dissatisfied"}:
            # "**T5**: satisfied ÷ (satisfied + neutral + dissatisfied) over all tickets of every type not excluded"
            verdicts["T5"] = counted(ticket.get("satisfaction") == "satisfied")
        return verdicts

    def _answered(self, ticket: Record, end: str, deadline: Deadline) -> Verdict:
        """“**T1–T3**: start accepted; end contacted (T1), replied (T2, T3).”"""
        if edition_on(ticket.day) is None:
            return Verdict("unjudgeable", reason="no_edition")
        return self.clock(ticket, "accepted_at", end, deadline)

    def _contact_deadline(self, ticket: Record) -> Deadline:
        """“contacted ≤ accepted + 24 h”; promise-2011: “T1 contact by the end of the next working day”"""
        assert ticket.accepted.at
        if edition_on(ticket.day) == "promise-2022":
            return Deadline(ticket.accepted.at + timedelta(hours=24))
        return working_day_deadline(ticket.accepted.at, 1)

    def _complaint_deadline(self, ticket: Record) -> Deadline:
        """“replied ≤ 5 working days”; promise-2011: “T2 7 working days”"""
        assert ticket.accepted.at
        return working_day_deadline(ticket.accepted.at, 5 if edition_on(ticket.day) == "promise-2022" else 7)

    # ------------------------------------------------------------------ repairs

    def area(self, record: Record) -> str | None:
        """“Area is the record's own, else its office's; with neither, indicators that need it are unjudgeable.”"""
        if record.get("area") in ARRIVAL_MINUTES:
            return record.get("area")
        version = self.company.version_valid(record.office, record.day)
        return version.area if version and version.area in ARRIVAL_MINUTES else None

    def _repair(self, repair: Record) -> dict[str, Verdict]:
        verdicts = {"R1": self._arrival(repair)}
        if not read_boolean(repair.get("customer_owned")) and edition_on(repair.day) != "promise-2011":
            verdicts["R2"] = self._restoration(repair)
        excluded, arrival = self.exclusion(repair) is not None, verdicts["R1"]
        if excluded or (arrival.judged and arrival.actual):
            verdicts["R3"] = counted(True, Fraction(0) if excluded else self._ratio(repair, arrival))
        if repair.get("customer_no"):
            verdicts["R4"] = counted(self._repeated(repair))
        if excluded or arrival.state == "late":
            # "**R5**: denominator: late in R1, arrived or not, with `reported_arrival_late` filled; numerator: … no"
            reported = read_boolean(repair.get("reported_arrival_late"), empty=None)
            if reported is not None:
                verdicts["R5"] = counted(not reported)
        return verdicts

    def _arrival(self, repair: Record) -> Verdict:
        """“**R1**: accepted to arrived.” “arrived ≤ 45 urban / 90 rural / 120 remote minutes”"""
        area = self.area(repair)
        if edition_on(repair.day) is None:
            return Verdict("unjudgeable", reason="no_edition")
        if area is None:
            return Verdict("unjudgeable", reason="no_area")
        assert repair.accepted.at
        deadline = Deadline(repair.accepted.at + timedelta(minutes=ARRIVAL_MINUTES[area]))
        return self.clock(repair, "accepted_at", "arrived_at", deadline)

    def _restoration(self, repair: Record) -> Verdict:
        """“**R2**: arrived to restored, repairs not `customer_owned`”; “an arrival before acceptance starts no
        restoration clock: unjudgeable in R1 and R2”"""
        area = self.area(repair)
        if edition_on(repair.day) is None:
            return Verdict("unjudgeable", reason="no_edition")
        if area is None:
            return Verdict("unjudgeable", reason="no_area")
        arrived = self.stamp(repair, "arrived_at").at
        assert repair.accepted.at
        deadline = Deadline(arrived + timedelta(hours=RESTORE_HOURS[area])) if arrived else None
        contradictory = arrived is not None and arrived < repair.accepted.at
        return self.clock(repair, "arrived_at", "restored_at", deadline, contradictory)

    def _ratio(self, repair: Record, arrival: Verdict) -> Fraction:
        """“Σ (arrival minutes ÷ its limit)”, exact"""
        assert arrival.actual
        assert arrival.deadline
        assert repair.accepted.at
        microsecond = timedelta(microseconds=1)
        taken, allowed = arrival.actual - repair.accepted.at, arrival.deadline - repair.accepted.at
        return Fraction(taken // microsecond, allowed // microsecond)

    def _by_customer(self) -> dict[str, list[Record]]:
        found: dict[str, list[Record]] = {}
        for repair in self.existing["repairs"]:
            if repair.get("customer_no") and self.exclusion(repair) is None:
                found.setdefault(repair.get("customer_no"), []).append(repair)
        return found

    def _repeated(self, repair: Record) -> bool:
        """“another not excluded repair of the same customer number, at any office and in any period, accepted
        0 < Δ ≤ 30 × 24 h before”"""
        assert repair.accepted.at
        for other in self._repairs_of_customer.get(repair.get("customer_no"), []):
            assert other.accepted.at
            if timedelta(0) < repair.accepted.at - other.accepted.at <= timedelta(hours=30 * 24):
                return True
        return False

    # ------------------------------------------------------------------ applications and evaluations

    def _application(self, application: Record) -> dict[str, Verdict]:
        verdicts = {}
        if application.get("class") != "solar" and edition_on(application.day) != "promise-2011":
            verdicts["C1"] = self._connection(application)
        if self.stamp(application, "connected_at").at:
            # "**C2**: of the applications accepted in the period and connected by as-of, those that … one form names"
            verdicts["C2"] = counted(application.number in self._forms)
        card = read_boolean(application.get("card_issued"), empty=None)
        if card is not None:
            verdicts["C3"] = counted(card)
        return verdicts

    def _connection(self, application: Record) -> Verdict:
        """“**C1**: accepted to connected, limit plus `paused_working_days`”"""
        limit = CONNECTION_WORKING_DAYS.get(application.get("class"))
        if edition_on(application.day) is None:
            return Verdict("unjudgeable", reason="no_edition")
        if limit is None:
            return Verdict("unjudgeable", reason="no_class")
        assert application.accepted.at
        paused = int(application.get("paused_working_days") or 0)
        deadline = working_day_deadline(application.accepted.at, limit + paused)
        return self.clock(application, "accepted_at", "connected_at", deadline)

    def _evaluation(self, evaluation: Record) -> dict[str, Verdict]:
        """“**O5**: call-backs by their own time with `reached` yes; an empty answer is not satisfied.”"""
        if evaluation.get("kind") == "callback" and read_boolean(evaluation.get("reached"), empty=None):
            return {"O5": counted(evaluation.get("satisfaction") == "satisfied")}
        return {}

    # ------------------------------------------------------------------ samples

    def samples(self) -> list[Sample]:
        return [sample for sample in self.company.samples if sample.planned_at <= self.as_of]

    def outcome(self, sample: Sample) -> str:
        """“A sample is captured if any look is, else not checkable if any look is, else missed; it is ours if any look
        was missed for a cause of ours.”"""
        outcomes = [self._look(look) for look in sample.looks]
        for outcome in ("captured", "not_checkable", "ours"):
            if outcome in outcomes:
                return outcome
        return "missed"

    def _look(self, look: Row) -> str:
        outcome, taken = look["outcome"], read_stamp(look.get("captured_at", "")).at
        if outcome in {"captured", "not_checkable"}:
            return "missed" if taken and taken > self.as_of else outcome
        return "ours" if outcome == "missed" and look.get("cause") in CAUSES_OF_OURS else "missed"

    def checkable(self, sample: Sample) -> bool:
        """“Captured if at least one camera was captured; checkable if every window is seen by a checkable camera”"""
        cameras = self.company.windows.get(sample.hall, {})
        wanted = set().union(*cameras.values())
        looking = {look["camera_code"] for look in sample.looks if self._look(look) == "captured"}
        seen = set().union(*(windows for code, windows in cameras.items() if code in looking))
        return bool(looking) and wanted <= seen

    def due(self, sample: Sample) -> bool:
        """“samples planned in open slots that ended by as-of”; “a slot is due if it lies wholly in opening hours; a
        closure filed after its slot began leaves the slot due”"""
        first, last = SLOTS[sample.slot]
        begins, ends = (datetime.combine(sample.day, moment, SHANGHAI) for moment in (first, last))
        if ends > self.as_of:
            return False
        usual = is_working_day(sample.day) and time(8, 30) <= first and last <= time(17, 30)
        row = self.company.hall_days.get((sample.hall, sample.day))
        if row is None:
            return usual
        opens, closes = _clock_time(row.get("opens", ""), time(8, 30)), _clock_time(row.get("closes", ""), time(17, 30))
        if read_boolean(row["open"]) and opens <= first and last <= closes:
            return True
        filed = read_stamp(row.get("filed_at", "")).at
        return usual and filed is not None and filed > begins

    def fault_filed(self, sample: Sample) -> bool:
        """“a fault filed by the end of its day leaves H3”"""
        row = self.company.hall_days.get((sample.hall, sample.day))
        if row is None or not read_boolean(row["open"]) or not row.get("reason"):
            return False
        filed = read_stamp(row.get("filed_at", "")).at
        return filed is not None and filed.date() <= sample.day and filed <= self.as_of

    def sample_verdicts(self, sample: Sample) -> dict[str, Verdict]:
        """“**H2**: samples captured or not checkable ÷ samples planned in open slots that ended by as-of, leaving out
        those missed for a cause of ours”. “**H3**: checkable ÷ (captured + not checkable).”"""
        outcome = self.outcome(sample)
        if not self.due(sample) or outcome == "ours":
            return {}
        verdicts = {"H2": counted(outcome != "missed")}
        if outcome != "missed" and not self.fault_filed(sample):
            verdicts["H3"] = counted(self.checkable(sample))
        return verdicts

    # ------------------------------------------------------------------ hall-months

    def violations(self) -> list[Violation]:
        """Confirmed deductions by as-of, in time order."""
        known = [violation for violation in self.company.violations if violation.at <= self.as_of]
        return sorted(known, key=lambda violation: (violation.at, violation.number))

    def hall_months(self) -> dict[tuple[str, date], list[tuple[Violation, int]]]:
        """Each hall-month “with a checkable sample or a confirmed deduction”, with what its violations deduct."""
        months: dict[tuple[str, date], list[tuple[Violation, int]]] = {}
        for sample in self.samples():
            if self.checkable(sample):
                months.setdefault((sample.hall, sample.day.replace(day=1)), [])
        taken: dict[tuple[str, str, date], int] = {}
        for violation in self.violations():
            if violation.item not in DEDUCTIONS:
                continue
            day = violation.at.date()
            key = (violation.hall, violation.item, day)
            # "deduct item × max(1, count); same item, hall and day: the first 3 in time, `count` included"
            times = min(max(1, violation.count), 3 - taken.get(key, 0))
            taken[key] = taken.get(key, 0) + times
            amount = DEDUCTIONS[violation.item] * times * (2 if self._again(violation) else 1)
            months.setdefault((violation.hall, day.replace(day=1)), []).append((violation, amount))
        return months

    def _again(self, violation: Violation) -> bool:
        """“× 2, once, if an earlier *day* within 30 × 24 h has a confirmed one”"""
        return any(
            other.hall == violation.hall
            and other.item == violation.item
            and other.at.date() < violation.at.date()
            and violation.at - other.at <= timedelta(hours=30 * 24)
            for other in self.violations()
        )


def _clock_time(text: str, default: time) -> time:
    """`HH:MM`; `24:00` is the end of the day."""
    if not text:
        return default
    hour, minute = map(int, text.split(":")[:2])
    return time.max if hour == 24 else time(hour, minute)


# ------------------------------------------------------------------------------------------------ intervals, rounding

_Z = Decimal("1.95996398454005423552459443052055152795555")


def half_up(value: Fraction, digits: int) -> float:
    """“rounded half up once”"""
    scaled = math.floor(value * 10**digits + Fraction(1, 2))
    return float(Fraction(scaled, 10**digits))


def wilson(numerator: Fraction, denominator: Fraction) -> tuple[Fraction, Fraction]:
    """The Wilson 95 % interval, to 40 digits."""
    with localcontext() as context:
        context.prec = 60
        n = Decimal(denominator.numerator) / Decimal(denominator.denominator)
        x = Decimal(numerator.numerator) / Decimal(numerator.denominator)
        p, z2 = x / n, _Z * _Z
        centre = (p + z2 / (2 * n)) / (1 + z2 / n)
        half = (p * (1 - p) / n + z2 / (4 * n * n)).sqrt() * _Z / (1 + z2 / n)
        low, high = Fraction(max(Decimal(0), centre - half)), Fraction(min(Decimal(1), centre + half))
    return (Fraction(0) if numerator == 0 else low), (Fraction(1) if numerator == denominator else high)


def _poisson_at_most(count: int, mean: float) -> float:
    if mean == 0:
        return 1.0
    return math.fsum(math.exp(i * math.log(mean) - mean - math.lgamma(i + 1)) for i in range(count + 1))


@cache
def poisson(count: int) -> tuple[float, float]:
    """The exact Poisson 95 % interval: means at which `count` or more, `count` or less, has a chance of 2.5 %."""

    def solve(wanted: float, at_most: int) -> float:
        low, high = 0.0, 20.0 + 4.0 * (at_most + 1)
        for _ in range(200):
            middle = (low + high) / 2
            low, high = (middle, high) if _poisson_at_most(at_most, middle) > wanted else (low, middle)
        return (low + high) / 2

    return (0.0 if count == 0 else solve(0.975, count - 1)), solve(0.025, count)


def largest_remainder(total: int, shares: list[tuple[object, Fraction]]) -> list[int]:
    """“shown to the cent by largest remainder (ties by [key])”: whole cents of each share, together `total`."""
    cents = [math.floor(share) for _, share in shares]
    order = sorted(range(len(shares)), key=lambda i: (cents[i] - shares[i][1], shares[i][0]))
    for i in order[: total - sum(cents)]:
        cents[i] += 1
    return cents


# ---------------------------------------------------------------------------------------------------------- league


@dataclass
class Figures:
    """One indicator of one office."""

    indicator: Indicator
    numerator: Fraction = Fraction(0)
    denominator: Fraction = Fraction(0)
    factor: Fraction = Fraction(1)
    pending: int = 0
    unjudgeable: int = 0
    excluded: int = 0
    provisional: int = 0
    to_the_minute: int = 0
    losing: list[tuple[str, str, Verdict | None, Fraction]] = field(default_factory=list)
    """Record kind, number, verdict and share of the loss."""
    parts: list[Fraction] = field(default_factory=list)
    """What a resampled interval draws from: the ratio of each record (R3), the score of each hall-month (H1)."""

    @property
    def value(self) -> Fraction | None:
        """“**Zero denominator**: no value (”—“), never 0 and never 100.”"""
        return self.numerator / self.denominator * self.factor if self.denominator else None

    @property
    def points(self) -> Fraction | None:
        """“points = w × clamp((x − floor) / (target − floor), 0, 1)”"""
        if self.value is None:
            return None
        floor, target = self.indicator.floor, self.indicator.target
        return self.indicator.weight * min(Fraction(1), max(Fraction(0), (self.value - floor) / (target - floor)))

    @property
    def lost(self) -> Fraction | None:
        """“`lost` = weight − points”"""
        return None if self.points is None else self.indicator.weight - self.points

    def interval(self) -> tuple[Fraction, Fraction] | None:
        """“T1–T3, T5, R1, R2, R4, R5, H2, H3, C1–C3, O5 carry a Wilson 95 % interval, T4 an exact Poisson one (count =
        numerator ÷ 10,000, scaled as the value), H1, R3 and O1–O4 none (null)”

        Of H1 and R3 the issue "Judgement" makes seeded bootstraps: see `document` and `League.resampled`.
        """
        if self.value is None or self.indicator.code in {"H1", "R3", "O1", "O2", "O3", "O4"}:
            return None
        if self.indicator.code == "T4":
            scale = 10_000 / self.denominator * self.factor
            low, high = poisson(int(self.numerator / 10_000))
            return Fraction(low) * scale, Fraction(high) * scale
        return wilson(self.numerator, self.denominator)

    def document(self) -> dict[str, object]:
        interval = self.interval()
        # two draws of resamples never agree to six digits: where there is an interval, its figures are not named here
        drawn = self.indicator.code in {"H1", "R3"} and len(set(self.parts)) > 1
        bounds = {
            "low": None if interval is None else half_up(interval[0], 6),
            "high": None if interval is None else half_up(interval[1], 6),
        }
        return {
            "numerator": half_up(self.numerator, 6),
            "denominator": half_up(self.denominator, 6),
            "value": None if self.value is None else half_up(self.value, 6),
            **({} if drawn else bounds),
            "points": None if self.points is None else half_up(self.points, 6),
            "weight": self.indicator.weight,
            "pending": self.pending,
            "unjudgeable": self.unjudgeable,
            "excluded": self.excluded,
            "provisional": self.provisional,
            "to_the_minute": self.to_the_minute,
        }


class CompanyOfToday(Company):
    """The same company, every record counted where it would count on one day (A49, A50)."""

    def __init__(self, company: Company, day: date) -> None:
        self.__dict__.update(company.__dict__)
        self.day = day

    def standing(self, code: str) -> Version | None:
        """The office as it is that day; once it has ended, who followed it, if that is one office."""
        passed = []
        version = self.version_near(code, self.day)
        while version and version.last < self.day and len(version.successors) == 1 and version.code not in passed:
            passed.append(version.code)
            version = self.version_near(version.successors[0], self.day) or version
        return version

    def above(self, code: str, day: date) -> tuple[str, ...]:
        chain: list[str] = []
        version = self.standing(code)
        while version and version.code not in chain:
            chain.append(version.code)
            version = self.standing(version.parent)
        return tuple(chain)

    def customers(self, code: str, day: date) -> int:
        return super().customers(code, self.day)

    def rows(self, level: str, period: Period) -> list[tuple[str, Version, date]]:
        """Offices that are there that day; of the period's others those that nobody followed."""
        found = []
        for code, versions in self.offices.items():
            version = self.version_near(code, self.day)
            was_there = any(one.first <= period.last and one.last >= period.first for one in versions)
            left_alone = was_there and self.standing(code) is version
            if version and version.level == level and (version.valid_on(self.day) or left_alone):
                found.append((code, version, self.day))
        return found


class League:
    """Figures of a period at an as-of."""

    def __init__(self, company: Company, period: Period, as_of: datetime) -> None:
        if edition_on(period.last) is None:
            raise ValueError(f"no edition is in force on {period.last}")
        self.company, self.period, self.as_of = company, period, as_of
        self.judge = Judge(company, as_of)
        self._hall_months = self.judge.hall_months()

    # ------------------------------------------------------------------ what belongs to a row

    def records(self, code: str | None) -> list[Record]:
        """Records of the period at the office “and everything below it” (every record if `code` is None)."""
        return [
            record
            for records in self.judge.existing.values()
            for record in records
            if record.day in self.period and (code is None or code in self.company.above(record.office, record.day))
        ]

    def samples(self, code: str | None) -> list[Sample]:
        return [
            sample
            for sample in self.judge.samples()
            if sample.day in self.period and (code is None or code in self.company.above(sample.hall, sample.day))
        ]

    def figures(self, code: str, level: str, day: date) -> dict[str, Figures]:
        """“the levels at which it applies (halls: H1–H3 only; station, county, company: all 21)”"""
        codes = ["H1", "H2", "H3"] if level == "hall" else list(BY_CODE)
        figures = {name: Figures(BY_CODE[name]) for name in codes}
        for record in self.records(code):
            for name, verdict in self.judge.verdicts(record).items():
                if name in figures:
                    self._add(figures[name], record.kind, record.number, verdict)
        for sample in self.samples(code):
            for name, verdict in self.judge.sample_verdicts(sample).items():
                self._add(figures[name], "samples", sample.number, verdict)
        self._hall_scores(figures["H1"], code)
        if level != "hall":
            self._complaints(figures["T4"], code, day)
            for name, measure in MEASURES.items():
                self._measured(figures[name], measure, code)
        return figures

    def _add(self, figures: Figures, kind: str, number: str, verdict: Verdict) -> None:
        figures.numerator += verdict.numerator
        figures.denominator += verdict.denominator
        figures.pending += verdict.state == "pending"
        figures.unjudgeable += verdict.state == "unjudgeable"
        figures.excluded += verdict.state == "excluded"
        figures.provisional += verdict.provisional
        figures.to_the_minute += verdict.to_the_minute
        if figures.indicator.code == "R3" and verdict.denominator:
            figures.parts.append(Fraction(verdict.numerator))
        if share := self._share(figures.indicator, verdict):
            figures.losing.append((kind, number, verdict, share))

    @staticmethod
    def _share(indicator: Indicator, verdict: Verdict) -> Fraction:
        """“split equally over its losing records: late (T1–T3, R1, R2, C1), substantiated (T4), not satisfied (T5, O5),
        those in the numerator (R4, R5), those missing (C2, C3), samples not counted (H2, H3); R3 in proportion to
        max(0, ratio − target)”"""
        if indicator.code == "R3":
            return max(Fraction(0), verdict.numerator - indicator.target) if verdict.state == "counted" else Fraction(0)
        if indicator.code in {"T4", "R4", "R5"}:
            return Fraction(verdict.state == "counted")
        return Fraction(verdict.state in {"late", "not_counted"})

    def _complaints(self, figures: Figures, code: str, day: date) -> None:
        """“**T4** … for a period that is not a quarter the value (not numerator or denominator) is multiplied by
        days of the quarter in which it ends ÷ days of the period. T4 numerator is stored × 10,000”"""
        figures.numerator *= 10_000
        figures.denominator = Fraction(self.company.customers(code, day))
        figures.factor = Fraction(quarter_of(self.period.last).days, self.period.days)

    def _measured(self, figures: Figures, measure: str, code: str) -> None:
        """“**O1–O4**: Σ numerators ÷ Σ denominators of the months (`YYYY-MM`) that the period wholly contains and that
        have ended”"""
        for row in self.company.measures:
            last = last_of_month(row.month)
            ended = datetime.combine(last + DAY, time(), SHANGHAI) <= self.as_of
            if row.indicator != measure or row.month not in self.period or last not in self.period or not ended:
                continue
            if code in self.company.above(row.office, self.company.last_valid_day(row.office, row.month, last)):
                figures.numerator += row.numerator
                figures.denominator += row.denominator
                number = f"{row.indicator}/{row.office}/{row.month:%Y-%m}"
                figures.losing.append(("measures", number, None, Fraction(1)))

    def _hall_scores(self, figures: Figures, code: str) -> None:
        """“A period takes every month that begins in it. … Σ max(0, 100 − deductions) ÷ (100 × their number)”"""
        for (hall, month), amounts in self._hall_months.items():
            day = self.company.last_valid_day(hall, month, last_of_month(month))
            if month not in self.period or code not in self.company.above(hall, day):
                continue
            left = 100
            for violation, amount in amounts:  # in time order, until the 100 are used up
                effective = min(left, amount)
                left -= effective
                if effective:
                    figures.losing.append(("inspections", violation.number, None, Fraction(effective)))
            figures.numerator += left
            figures.denominator += 100
            figures.parts.append(Fraction(left, 100))

    def resampled(self, level: str) -> dict[str, dict[str, list[float]]]:
        """Office → R3 and H1 → the single values behind the mean, of every row of the level."""
        found: dict[str, dict[str, list[float]]] = {}
        for code in self.company.offices:
            day = self.company.last_valid_day(code, self.period.first, self.period.last)
            figures = self.figures(code, level, day)
            parts = {name: figures[name].parts for name in ("R3", "H1") if name in figures}
            found[code] = {name: sorted(map(float, values)) for name, values in parts.items()}
        return found

    def n(self, code: str, level: str) -> int:
        """“`n` of a row = tickets with T1, T2 or T3 judged + repairs with R1 or R2 judged + applications with C1
        judged, each once; at hall level, checkable samples.”"""
        if level == "hall":
            return sum(self.judge.checkable(sample) for sample in self.samples(code))
        clocks = {"T1", "T2", "T3", "R1", "R2", "C1"}
        return sum(
            any(verdict.judged for name, verdict in self.judge.verdicts(record).items() if name in clocks)
            for record in self.records(code)
        )

    def red_lines(self, code: str) -> int:
        """“items R01, B09, B10, F03 found deliberate”; “`red_line` in JSON is their number”"""
        return sum(
            violation.item in RED_ITEMS
            and violation.at.date() in self.period
            and code in self.company.above(violation.hall, violation.at.date())
            for violation in self.judge.violations()
        )

    # ------------------------------------------------------------------ rows and ranks

    def row(self, code: str, level: str, version: Version, day: date) -> dict[str, object]:
        figures = self.figures(code, level, day)
        present = [one for one in figures.values() if one.value is not None]
        available, total = (sum(one.indicator.weight for one in some) for some in (present, figures.values()))
        n, red = self.n(code, level), self.red_lines(code)
        # "With less than half of the level's total weight available …, or n < 10, a row is shown, not ranked"
        reason = "few_records" if n < 10 else "little_weight" if 2 * available < total else None
        score = composite(present)
        return {
            "office": code,
            "name": version.name,
            "score": score,
            "rank": None,
            "ranked": reason is None,
            "reason": reason,
            "rank_low": None,
            "rank_high": None,
            "grade": grade(score, red > 0 and level in {"hall", "station"}) if reason is None else None,
            "red_line": red,
            "n": n,
            "available_weight": available,
            "missing": [name for name, one in figures.items() if one.value is None],
            "indicators": {name: one.document() for name, one in figures.items()},
        }

    def document(self, level: str) -> dict[str, object]:
        """The shape `league` of §4.1. “rows by rank, then code; unranked last”"""
        rows = [self.row(code, level, version, day) for code, version, day in self.company.rows(level, self.period)]
        ranked = [row for row in rows if row["ranked"]]
        for row in ranked:
            # "Ties share a rank, the next is skipped (1, 1, 3)." "Rank and grade use the published 2-decimal score"
            row["rank"] = 1 + sum(other["score"] > row["score"] for other in ranked)  # type: ignore[operator]
        rows.sort(key=lambda row: (row["rank"] or math.inf, row["office"]))
        return {
            "period": self.period.text,
            "level": level,
            "as_of": self.as_of.isoformat(),
            "rulebook": edition_on(self.period.last),
            "rows": rows,
        }

    # ------------------------------------------------------------------ explain and records

    def explain(self, code: str) -> dict[str, object]:
        day = self.company.last_valid_day(code, self.period.first, self.period.last)
        version = self.company.version_near(code, day)
        if version is None:
            raise ValueError(f"no office {code}")
        figures = self.figures(code, version.level, day)
        records = [] if version.level == "hall" else self.records(code)
        verdicts = [(record, self.judge.verdicts(record)) for record in records]
        score = composite([one for one in figures.values() if one.value is not None])
        losses = lost_cents(figures, score)
        excluded = [(record, self.judge.exclusion(record)) for record in records]
        return {
            "office": code,
            "period": self.period.text,
            "as_of": self.as_of.isoformat(),
            "rulebook": edition_on(self.period.last),
            "score": score,
            "indicators": [explained(one, losses.get(name)) for name, one in figures.items()],
            "excluded": [
                {"record": record.kind, "number": record.number, "reason": reason}
                for record, reason in excluded
                if reason
            ],
            "unjudgeable": [
                {"record": record.kind, "number": record.number, "indicator": name, "reason": verdict.reason}
                for record, of_record in verdicts
                for name, verdict in of_record.items()
                if verdict.state == "unjudgeable"
            ],
            "provisional": [
                {"record": record.kind, "number": record.number, "indicator": name}
                for record, of_record in verdicts
                for name, verdict in of_record.items()
                if verdict.provisional
            ],
        }

    def record_rows(self, kind: str, office: str | None = None, state: str | None = None) -> dict[str, object]:
        """The shape `records` of §4.1."""
        if kind == "samples":
            judged = [(one.number, one.hall, self.judge.sample_verdicts(one)) for one in self.samples(office)]
        else:
            records = [record for record in self.records(office) if record.kind == kind]
            judged = [(one.number, one.office, self.judge.verdicts(one)) for one in records]
        return {
            "rows": [
                {
                    "record": kind,
                    "number": number,
                    "office": code,
                    "period": self.period.text,
                    "verdict": {name: verdict.state for name, verdict in verdicts.items()},
                    "deadline": {name: _iso(verdict.deadline) for name, verdict in verdicts.items()},
                    "reason": {name: verdict.reason for name, verdict in verdicts.items()},
                }
                for number, code, verdicts in judged
                if state is None or state in {verdict.state for verdict in verdicts.values()}
            ]
        }


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None


def exact_score(present: list[Figures]) -> Fraction | None:
    """“Composite = `100 × Σ points / Σ w` over the indicators that have a value”"""
    weight = sum(one.indicator.weight for one in present)
    points = sum((one.points or Fraction(0) for one in present), Fraction(0))
    return 100 * points / weight if weight else None


def composite(present: list[Figures]) -> float | None:
    score = exact_score(present)
    return None if score is None else half_up(score, 2)


def grade(score: float | None, red: bool) -> str | None:
    """“Grades: ≥ 95 标杆, ≥ 90 A, ≥ 80 B, ≥ 70 C, else D.” A red line “caps the grade … at D”"""
    if score is None:
        return None
    return "D" if red else next((name for least, name in GRADES if score >= least), "D")


def lost_cents(figures: dict[str, Figures], score: float | None) -> dict[str, tuple[int, list[int]]]:
    """“In score points an indicator lost `100 × lost ÷ Σ available weights`, shown to the cent by largest remainder …
    (indicators first, then records within each), so that all of it adds to 100.00 − score.”"""
    present = {name: one for name, one in figures.items() if one.lost is not None}
    if score is None:
        return {}
    weight = sum(one.indicator.weight for one in present.values())
    shares: list[tuple[object, Fraction]] = [
        (name, Fraction(10_000) * (one.lost or 0) / weight) for name, one in present.items()
    ]
    cents = largest_remainder(10_000 - round(score * 100), shares)
    found = {}
    for (name, one), lost in zip(present.items(), cents, strict=True):
        total = sum((share for *_, share in one.losing), Fraction(0))
        parts: list[tuple[object, Fraction]] = [(number, lost * share / total) for _, number, _, share in one.losing]
        found[name] = (lost, largest_remainder(lost, parts) if parts else [])
    return found


def explained(figures: Figures, losses: tuple[int, list[int]] | None) -> dict[str, object]:
    numbers, indicator = figures.document(), figures.indicator
    cents, parts = losses or (None, [0] * len(figures.losing))
    return {
        "code": indicator.code,
        "weight": indicator.weight,
        "floor": float(indicator.floor),
        "target": float(indicator.target),
        **{name: numbers[name] for name in ("numerator", "denominator", "value", "points")},
        "lost": None if figures.lost is None else half_up(figures.lost, 6),
        "score_lost": None if cents is None else cents / 100,
        "records": [
            {
                "record": kind,
                "number": number,
                "verdict": verdict.state if verdict else None,
                "deadline": _iso(verdict.deadline) if verdict else None,
                "actual": _iso(verdict.actual) if verdict else None,
                "reason": verdict.reason if verdict else None,
                "score_lost": part / 100,
            }
            for (kind, number, verdict, _), part in zip(figures.losing, parts, strict=True)
        ],
    }


# ------------------------------------------------------------------------------------------------------ command line


def parse_as_of(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return (moment if moment.tzinfo else moment.replace(tzinfo=SHANGHAI)).astimezone(SHANGHAI)


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("directory", type=Path)
    parser.add_argument("--period", required=True)
    parser.add_argument("--level", default="station")
    parser.add_argument("--as-of", required=True)
    parser.add_argument("--explain", metavar="OFFICE")
    parser.add_argument("--records", metavar="RECORD")
    parser.add_argument("--office")
    parser.add_argument("--verdict")
    chosen = parser.parse_args(arguments)
    league = League(Company(chosen.directory), parse_period(chosen.period), parse_as_of(chosen.as_of))
    if chosen.explain:
        document = league.explain(chosen.explain)
    elif chosen.records:
        document = league.record_rows(chosen.records, chosen.office, chosen.verdict)
    else:
        document = league.document(chosen.level)
    json.dump(document, sys.stdout, ensure_ascii=False, indent=1)
    sys.stdout.write("\n")


if __name__ == "__main__":
    main()
