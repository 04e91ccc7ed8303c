"""What happened in the halls (营业厅): opening hours, spot-check samples of the old platform, inspections.

Times are naive local ones. A day's rows depend on that day alone, and on `turned_since`, the day on which somebody
turned the camera of one hall away.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import cache

import numpy as np
import polars as pl

from checks.clock import load_calendar
from dashboard.demo.company import NOON_HALL, TURNED_HALL, Camera, Hall, halls, place_of
from dashboard.demo.draws import generator

SLOTS = {1: (time(8, 30), time(9, 10)), 2: (time(10), time(11)), 3: (time(12), time(13, 30)),
         4: (time(14, 30), time(15, 30)), 5: (time(16, 40), time(17, 30))}  # fmt: skip
USUAL_HOURS = (time(8, 30), time(17, 30))
SATURDAY_HOURS = (time(9), time(16))
REVIEWERS = ("周敏", "韩雪", "陆一鸣")
_SLIPS = {"A01": 0.1, "A02": 0.22, "A04": 0.12, "R05": 0.16, "R06": 0.1, "B08": 0.12, "E01": 0.1, "B04": 0.08}
"""Items found now and then in any hall, with their shares."""
_CARELESS = {NOON_HALL: 0.012, "瓦店": 0.03, "红庙": 0.028, "柳桥": 0.024, "鹤鸣": 0.02, "云台": 0.001}
_BAD_LINES = {"瓦店": 0.16, "鹤鸣": 0.07}
"""Halls whose cameras are often off-line, with the share of samples lost to it."""
_LOST = (("offline", 0.4), ("recording_missing", 0.32), ("worker_down", 0.16), ("recorder_busy", 0.12))
_BLIND = (("blurred", 0.4), ("occluded", 0.3), ("black", 0.15), ("no_signal", 0.15))


@dataclass(frozen=True, slots=True)
class HallDay:
    """An exception from the usual hours: closed, or open when others are not."""

    hall: str
    day: date
    hours: tuple[time, time] | None
    reason: str
    filed_at: datetime | None


@cache
def is_working(day: date) -> bool:
    return load_calendar("cn").is_working(day)


def exception_of(hall: Hall, day: date) -> HallDay | None:
    """What the hall filed for this day, None for a usual one."""
    closure = _closures(day).get(place_of(hall))
    if closure is not None:
        reason, filed_at = closure
        return HallDay(hall.code, day, None, reason, filed_at)
    if is_working(day):
        return None
    if hall.filmed:
        return HallDay(hall.code, day, USUAL_HOURS, "双休日及节假日不打烊", _month_before(day))
    if hall.opens_saturday and day.weekday() == 5:
        return HallDay(hall.code, day, SATURDAY_HOURS, "周六值班", _month_before(day))
    return None


def _month_before(day: date) -> datetime:
    """When a month's openings on days off are filed: five days before it begins."""
    return datetime.combine(day.replace(day=1) - timedelta(days=5), time(9))


def _closures(day: date) -> dict[str, tuple[str, datetime]]:
    """Halls closed on this day and when they filed it: a works fortnight, market days, one filed too late."""
    closed: dict[str, tuple[str, datetime]] = {}
    if day.month in (5, 8, 11) and 9 <= day.day <= 20:
        closed["茶亭"] = ("营业厅装修", datetime(day.year, day.month, 5, 9, 0))  # noqa: DTZ001 - naive local by design
    if day.day in (8, 18, 28):
        closed["杏花"] = ("赶集日设点流动服务", datetime.combine(day - timedelta(days=2), time(16)))
    if day.day == 17 and is_working(day):
        closed["红庙"] = ("停电检修，事后补报", datetime.combine(day, time(15, 40)))
    return closed


def hall_days(first: date, last: date) -> pl.DataFrame:
    """All exceptions from `first` to `last`, both included, one row each."""
    days = [first + timedelta(days=step) for step in range((last - first).days + 1)]
    found = [exception_of(hall, day) for day in days for hall in halls()]
    rows = [
        {
            "hall": row.hall,
            "date": row.day,
            "open": row.hours is not None,
            "opens": row.hours[0].strftime("%H:%M") if row.hours else None,
            "closes": row.hours[1].strftime("%H:%M") if row.hours else None,
            "reason": row.reason,
            "filed_at": row.filed_at,
        }
        for row in found
        if row is not None
    ]
    return pl.DataFrame(rows, schema_overrides={"date": pl.Date, "filed_at": pl.Datetime("us")})


def open_slots(hall: Hall, day: date) -> list[int]:
    """Slots that lie wholly in the hall's hours of the day."""
    exception = exception_of(hall, day)
    hours = exception.hours if exception else (USUAL_HOURS if is_working(day) else None)
    if hours is None:
        return []
    return [number for number, (starts, ends) in SLOTS.items() if hours[0] <= starts and ends <= hours[1]]


@dataclass(frozen=True, slots=True)
class HallRows:
    samples: list[dict[str, object]]
    inspections: list[dict[str, object]]


def hall_rows(hall: Hall, day: date, turned_since: date) -> HallRows:
    """Samples and confirmed violations of one hall and day."""
    rng = generator("hall", hall.code, day)
    found = HallRows([], [])
    for slot in open_slots(hall, day):
        _sample(hall, day, slot, rng, turned_since, found)
    if day.day == 12 + int(hall.code[-2:]) % 6 and is_working(day):
        found.inspections.extend(_visit(hall, day, rng))
    found.inspections.extend(_met(hall, day, found.inspections))
    return found


def _met(hall: Hall, day: date, seen: list[dict[str, object]]) -> list[dict[str, object]]:
    """Now and then a mutual check (互查) meets the same empty window as the film: one fact, seen in two ways."""
    rng = generator("met", hall.code, day)
    films = [row for row in seen if row["kind"] == "video" and row["item"] == "R02"]
    if place_of(hall) != NOON_HALL or not films or rng.random() >= 0.3:
        return []
    at = films[0]["at"]
    assert isinstance(at, datetime)
    return [_inspection(f"HC{day:%y%m%d}{hall.code[-4:]}", "mutual", hall, at + timedelta(minutes=6), "R02", rng)]


def _sample(hall: Hall, day: date, slot: int, rng: np.random.Generator, turned_since: date, found: HallRows) -> None:
    """One moment for all cameras of the hall, the outcome of each, and what a person decided afterwards."""
    moment = _moment(day, slot, rng)
    sample = f"CC{day:%y%m%d}{hall.code[-6:]}{slot}"
    outcomes = [_outcome(hall, day, rng, turned_since) for _ in hall.cameras]
    items = _items(hall, day, slot, rng) if any(outcome == "captured" for outcome, _ in outcomes) else []
    reviewed = moment + timedelta(minutes=float(rng.integers(40, 60 * 20)))
    for camera, (outcome, cause) in zip(hall.cameras, outcomes, strict=True):
        found.samples.append(_look(sample, hall, camera, (day, slot, moment), (outcome, cause), bool(items), reviewed))
    for item in items:
        found.inspections.append(
            _inspection(f"SP{sample[2:]}", "video", hall, moment + timedelta(seconds=30), item, rng)
        )


def _look(
    sample: str, hall: Hall, camera: Camera, when: tuple[date, int, datetime], outcome: tuple[str, str | None],
    violated: bool, reviewed: datetime,
) -> dict[str, object]:  # fmt: skip
    captured = outcome[0] == "captured"
    return {
        "sample_id": sample,
        "hall": hall.code,
        "camera": camera.code,
        "date": when[0],
        "slot": when[1],
        "planned_at": when[2],
        "captured_at": when[2] + timedelta(seconds=61) if outcome[0] != "missed" else None,
        "outcome": outcome[0],
        "cause": outcome[1],
        "verdict": ("violation" if violated else "ok") if captured else None,
        "reviewed_at": reviewed if captured else None,
    }


def _moment(day: date, slot: int, rng: np.random.Generator) -> datetime:
    starts, ends = (datetime.combine(day, bound) for bound in SLOTS[slot])
    return starts + timedelta(seconds=int(rng.random() * ((ends - starts).total_seconds() - 60)))


def _outcome(hall: Hall, day: date, rng: np.random.Generator, turned_since: date) -> tuple[str, str | None]:
    place, draw = place_of(hall), rng.random()
    if place == TURNED_HALL and day >= turned_since:
        return "not_checkable", "moved"
    lost = _BAD_LINES.get(place, 0.014)
    if draw < lost:
        return "missed", _one_of(_LOST if place not in _BAD_LINES else (("offline", 1.0),), rng)
    return ("not_checkable", _one_of(_BLIND, rng)) if draw < lost + 0.018 else ("captured", None)


def _one_of(choices: tuple[tuple[str, float], ...], rng: np.random.Generator) -> str:
    weights = np.array([weight for _, weight in choices])
    return choices[int(rng.choice(len(choices), p=weights / weights.sum()))][0]


def _items(hall: Hall, day: date, slot: int, rng: np.random.Generator) -> list[str]:
    """Sheet items a person confirmed in this sample: the noon gap of one hall, and small slips anywhere."""
    items = []
    if place_of(hall) == NOON_HALL and slot == 3:
        if day.month % 3 == 2 and day.weekday() == 2 and 8 <= day.day <= 14:
            return ["R01"]  # once a quarter nobody at all: a red line
        if rng.random() < 0.17:
            items.append("R02")
    if rng.random() < _CARELESS.get(place_of(hall), 0.009):
        items.append(_one_of(tuple(_SLIPS.items()), rng))
    return items


def _visit(hall: Hall, day: date, rng: np.random.Generator) -> list[dict[str, object]]:
    """The month's visit with a whole sheet in hand: mostly fine, some items not seen, now and then one violated."""
    kind = ("on_site", "mutual", "undercover")[(day.month + int(hall.code[-1])) % 3]
    at = datetime.combine(day, time(9 + int(rng.integers(0, 7)), int(rng.integers(0, 60))))
    number = f"{kind[:2].upper()}{day:%y%m%d}{hall.code[-4:]}"
    rows = [_inspection(number, kind, hall, at, item, rng, "ok") for item in ("A01", "A02", "B02", "E01", "E02", "M02")]
    if rng.random() < 0.22:
        rows[int(rng.integers(0, 6))]["result"] = "violation"
    if rng.random() < 0.15:
        rows[int(rng.integers(0, 6))]["result"] = "not_checkable"
    return rows


def _inspection(
    number: str, kind: str, hall: Hall, at: datetime, item: str, rng: np.random.Generator, result: str = "violation"
) -> dict[str, object]:
    return {
        "inspection_no": number,
        "kind": kind,
        "hall": hall.code,
        "at": at,
        "inspector": REVIEWERS[int(rng.integers(0, len(REVIEWERS)))],
        "item": item,
        "result": result,
        "count": 1,
        "note": _NOTES.get(item) if result == "violation" else None,
    }


_NOTES = {"R01": "中午时段全部窗口无人", "R02": "窗口无人，未放置暂停服务牌", "R05": "使用手机", "A02": "未佩戴工号牌",
          "E01": "台面物品摆放凌乱", "B08": "一米线外无人引导"}  # fmt: skip


def samples_of(first: date, last: date, turned_since: date, *, filmed_until: date) -> pl.DataFrame:
    """Samples from `first` to `last`; halls with a recorder of their own only until `filmed_until` (both included)."""
    rows = [row for found in _all(first, last, turned_since, filmed_until) for row in found.samples]
    return _frame(rows, {"planned_at": pl.Datetime("us"), "captured_at": pl.Datetime("us"),
                         "reviewed_at": pl.Datetime("us"), "date": pl.Date, "cause": pl.String})  # fmt: skip


def inspections_of(first: date, last: date, turned_since: date, *, filmed_until: date) -> pl.DataFrame:
    """Inspections of the same days."""
    rows = [row for found in _all(first, last, turned_since, filmed_until) for row in found.inspections]
    return _frame(rows, {"at": pl.Datetime("us"), "note": pl.String})


def _all(first: date, last: date, turned_since: date, filmed_until: date) -> list[HallRows]:
    days = [first + timedelta(days=step) for step in range((last - first).days + 1)]
    return [
        hall_rows(hall, day, turned_since) for day in days for hall in halls() if not hall.filmed or day <= filmed_until
    ]


def _frame(rows: list[dict[str, object]], types: dict[str, pl.DataType | type[pl.DataType]]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema_overrides=types, infer_schema_length=None)
