"""Connections and what customers said (业扩与评价): applications with their steps, forms, call-backs, key presses.

A month's rows depend on that month alone; times are naive local ones of a whole life, `known.py` cuts them to a moment.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from typing import Any

import numpy as np
import polars as pl

from dashboard.demo.company import Hall, Station, halls, stations
from dashboard.demo.draws import generator
from dashboard.demo.hallwork import is_working

LIMITS = {"residential": 5, "low_voltage": 6, "high_voltage_single": 22, "high_voltage_dual": 32, "solar": 10}
"""Working days from acceptance to connection that a usual flow of the class stays under; solar has no promise."""
SHARES = {"residential": 0.5, "low_voltage": 0.29, "high_voltage_single": 0.08, "high_voltage_dual": 0.03, "solar": 0.1}
WAITING = "双桥"
"""The place where connections take longest."""
IMPOSING = "油坊"
"""The place whose customers say that a builder was imposed on them (三指定)."""
PER_MONTH = 2.3
_DAY = timedelta(days=1)
APPLICATION: dict[str, Any] = {
    "application_no": pl.String, "office": pl.String, "class": pl.String, "customer_no": pl.String,
    "accepted_at": pl.Datetime("us"), "plan_answered_at": pl.Datetime("us"), "design_reviewed_at": pl.Datetime("us"),
    "inspected_at": pl.Datetime("us"), "connected_at": pl.Datetime("us"), "archived_at": pl.Datetime("us"),
    "papers": pl.Int64, "visits": pl.Int64, "paused_working_days": pl.Int64, "card_issued": pl.Boolean,
    "note": pl.String,
}  # fmt: skip
EVALUATION: dict[str, Any] = {
    "evaluation_no": pl.String, "office": pl.String, "record_no": pl.String, "at": pl.Datetime("us"),
    "satisfaction": pl.String, "design": pl.String, "construction": pl.String, "supply": pl.String, "fee": pl.String,
    "attitude": pl.Int64, "reached": pl.Boolean,
}  # fmt: skip


@lru_cache(maxsize=32)
def applications_of(month: date) -> pl.DataFrame:
    """Every application accepted in the month that begins on this day, complete to its archive."""
    rows = [row for station in stations() for row in _applied(station, month)]
    return pl.DataFrame(rows, schema=APPLICATION, orient="row").sort("accepted_at", "application_no")


def _applied(station: Station, month: date) -> Iterator[dict[str, Any]]:
    rng = generator("connections", station.code, month)
    days = [day for day in (month + timedelta(days=step) for step in range(31)) if day.month == month.month]
    open_days = [day for day in days if is_working(day)]
    for place in range(int(rng.poisson(PER_MONTH * min(station.customers / 30_000, 1.6)))):
        yield _application(station, rng, open_days[int(rng.integers(len(open_days)))], f"{station.code[4:]}{place:02d}")


def _application(station: Station, rng: np.random.Generator, day: date, tail: str) -> dict[str, Any]:
    """One flow: plan, design, inspection and connection spread over the working days that it takes."""
    kind = str(rng.choice(list(SHARES), p=list(SHARES.values())))
    slow = 1.55 if station.name.startswith(WAITING) else 1.0 + 0.2 * (station.pace - 1)
    days = max(1, round(LIMITS[kind] * 0.6 * slow * float(np.exp(0.33 * rng.standard_normal()))))
    paused = int(rng.integers(3, 16)) if kind.startswith("high") and rng.random() < 0.35 else 0
    high, draw = kind.startswith("high"), rng.random()
    stamps = {
        "accepted_at": _moment(rng, day),
        "plan_answered_at": _moment(rng, working_day(day, max(1, round(days * 0.3)))),
        "design_reviewed_at": _moment(rng, working_day(day, round(days * 0.5) + paused)) if high else None,
        "inspected_at": _moment(rng, working_day(day, max(1, round(days * 0.85)) + paused)) if high else None,
        "connected_at": _moment(rng, working_day(day, days + paused), late=True),
        "archived_at": _moment(rng, working_day(day, days + paused + int(rng.integers(1, 4)))),
    }
    note = None
    if draw < 0.02:  # the customer took it back: archived without a connection
        stamps |= {"plan_answered_at": None, "design_reviewed_at": None, "inspected_at": None, "connected_at": None}
        note = "客户撤回申请"
    return stamps | {
        "application_no": f"YK{day:%y%m%d}{tail}", "office": station.code, "class": kind,
        "customer_no": f"98{station.code[-4:]}{int(rng.integers(10**6)):06d}",
        "papers": int(rng.integers(2, 5)) + 3 * high, "visits": int(rng.integers(0, 3)) + high,
        "paused_working_days": paused, "card_issued": bool(rng.random() < 0.955) if rng.random() < 0.97 else None,
        "note": note or ("客户原因暂停" if paused else None),
    }  # fmt: skip


def working_day(day: date, later: int) -> date:
    """The working day that comes `later` working days after this one."""
    while later > 0:
        day += _DAY
        later -= is_working(day)
    return day


def _moment(rng: np.random.Generator, day: date, *, late: bool = False) -> datetime:
    """In office hours; a connection may be made later in the day than it was asked for."""
    first = 10 if late else 9
    return datetime.combine(day, time(first)) + timedelta(seconds=int(rng.integers(0, (17 - first) * 3600)))


def forms_of(month: date) -> pl.DataFrame:
    """Evaluation forms (业扩服务评价表) of the applications accepted in this month, days after the connection."""
    rng = generator("forms", month)
    imposing = {station.code for station in stations() if station.name.startswith(IMPOSING)}
    connected = applications_of(month).filter(pl.col("connected_at").is_not_null())
    rows = [_form(rng, row, row["office"] in imposing) for row in connected.iter_rows(named=True) if rng.random() < 0.8]
    return _evaluations(rows)


def _form(rng: np.random.Generator, application: dict[str, Any], imposing: bool) -> dict[str, Any]:
    builder = "是" if rng.random() < (0.3 if imposing else 0.004) else str(rng.choice(["否", "不清楚"], p=[0.93, 0.07]))
    happy = builder != "是" and rng.random() < 0.96
    return {
        "evaluation_no": f"PJ{application['application_no'][2:]}", "office": application["office"],
        "record_no": application["application_no"],
        "at": application["connected_at"] + timedelta(days=int(rng.integers(1, 7)), minutes=int(rng.integers(0, 300))),
        "satisfaction": "满意" if happy else str(rng.choice(["一般", "不满意"])), "design": "否",
        "construction": builder, "supply": "否" if rng.random() < 0.996 else "是",
        "fee": "否" if rng.random() < 0.997 else "是", "attitude": int(rng.integers(8, 11)) if happy else 6,
    }  # fmt: skip


def callbacks_of(tickets: Iterable[pl.DataFrame]) -> pl.DataFrame:
    """One ticket in twenty is called back by another desk (电话回访); `tickets` are whole days of them."""
    rows = []
    for day in tickets:
        rng = generator("callbacks", day["ticket_no"].first())
        told = day.filter(pl.col("visited_at").is_not_null(), pl.col("parent_ticket_no").is_null())
        for row in told.gather_every(19).iter_rows(named=True):
            reached = bool(rng.random() < 0.93)
            mood = str(rng.choice(["满意", "一般", "不满意"], p=[0.955, 0.025, 0.02])) if reached else None
            rows.append({
                "evaluation_no": f"HF{row['ticket_no']}", "office": row["office"], "record_no": row["ticket_no"],
                "at": row["visited_at"] + timedelta(minutes=int(rng.integers(30, 900))), "satisfaction": mood,
                "reached": reached,
            })  # fmt: skip
    return _evaluations(rows)


def keypresses_of(month: date) -> pl.DataFrame:
    """What customers pressed at the counter (按键评价), a few a hall."""
    return _evaluations([row for hall in halls() for row in _pressed(hall, month)])


def _pressed(hall: Hall, month: date) -> Iterator[dict[str, Any]]:
    rng = generator("keys", hall.code, month)
    for place in range(int(rng.poisson(1.6))):
        day = working_day(month, int(rng.integers(1, 18)))
        mood = str(rng.choice(["非常满意", "满意", "一般", "不满意"], p=[0.6, 0.34, 0.04, 0.02]))
        yield {"evaluation_no": f"AJ{hall.code[4:]}{month:%y%m}{place:02d}", "office": hall.code,
               "at": _moment(rng, day), "satisfaction": mood}  # fmt: skip


def _evaluations(rows: list[dict[str, Any]]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=EVALUATION, orient="row").sort("at", "evaluation_no")
