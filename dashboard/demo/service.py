"""One day's tickets and repairs of the demo company (工单与抢修), complete from acceptance to archive.

Times are local wall-clock microseconds as if the clock were UTC; `known.py` hides what a given moment cannot know yet.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import cache

import numpy as np
import polars as pl

from dashboard.demo import words
from dashboard.demo.company import SLOW, stations
from dashboard.demo.draws import (
    DAY,
    HOUR,
    MINUTE,
    NEVER,
    SECOND,
    Flags,
    Floats,
    Ints,
    chance,
    generator,
    lognormal,
    midnight,
    time_of_day,
    whole_seconds,
)

ARRIVAL_LIMIT = {"urban": 45.0, "rural": 90.0, "remote": 120.0}
USUAL_ARRIVAL = {"urban": 21.5, "rural": 43.0, "remote": 57.0}
"""Minutes: medians of an ordinary station."""
USUAL_RESTORATION = {"urban": 62.0, "rural": 84.0, "remote": 88.0}
HOUSEHOLD_HOURS = np.array([3, 2, 2, 2, 2, 3, 5, 8, 10, 9, 8, 7, 7, 7, 7, 7, 7, 8, 10, 12, 11, 9, 6, 4], dtype=float)
OFFICE_HOURS = np.array([1, 1, 1, 1, 1, 1, 2, 4, 12, 14, 13, 9, 6, 8, 12, 12, 10, 8, 5, 5, 4, 3, 2, 1], dtype=float)
SEASON = (0.9, 0.9, 0.88, 0.9, 0.96, 1.1, 1.32, 1.3, 1.02, 0.9, 0.92, 1.02)
TYPES = ("complaint", "report", "opinion", "suggestion", "enquiry", "praise", "request")
TYPE_SHARES = (0.085, 0.012, 0.13, 0.04, 0.42, 0.033, 0.28)
USUAL_DAYS = {"report": 4.2, "opinion": 4.4, "suggestion": 4.6, "enquiry": 1.25, "request": 1.7, "complaint": 2.3}
"""Days of a usual reply, natural ones."""


@dataclass(frozen=True, slots=True)
class DayOfService:
    tickets: pl.DataFrame
    repairs: pl.DataFrame


@cache
def _columns() -> dict[str, Floats]:
    """The stations' numbers as arrays, one place per station."""
    names = ("repairs_per_day", "tickets_per_day", "pace", "spread", "honesty", "answering", "repeats", "praised")
    return {name: np.array([getattr(station, name) for station in stations()], dtype=np.float64) for name in names}


def service_of(day: date) -> DayOfService:
    """All tickets and repairs accepted on this local day. The same day gives the same rows."""
    rng = generator("service", day)
    repairs = _Repairs(rng, day)
    calls = _calls(rng, day, repairs)
    others = _other_tickets(rng, day)
    tickets = pl.concat([calls, others], how="diagonal").sort("accepted_at", "office", "type")
    numbers = [f"{day:%Y%m%d}{20_000_000 + 137 * place:08d}" for place in range(1, tickets.height + 1)]
    tickets = tickets.with_columns(pl.Series("ticket_no", numbers, dtype=pl.String))
    tickets = _with_children(tickets, rng)
    links = tickets.filter(pl.col("repair").is_not_null()).select("repair", "ticket_no")
    linked = repairs.frame().join(links, on="repair", how="left", maintain_order="left")
    return DayOfService(tickets.drop("repair"), linked.drop("repair"))


def busyness(day: date) -> Floats:
    """How many times the usual each station has today: season, weekday, and a storm over one county now and then."""
    rng = generator("weather", day)
    factor = np.full(len(stations()), SEASON[day.month - 1] * (0.9 if day.weekday() >= 5 else 1.04))
    if 5 <= day.month <= 9 and rng.random() < 0.07:
        struck = int(rng.integers(0, 6))
        factor[struck * 10 : struck * 10 + 10] *= 2.6
    return factor


class _Repairs:
    """The day's repairs, column by column."""

    def __init__(self, rng: np.random.Generator, day: date) -> None:
        numbers = _columns()
        self.rng, self.day = rng, day
        self.station = np.repeat(np.arange(len(stations())), rng.poisson(numbers["repairs_per_day"] * busyness(day)))
        self.size = len(self.station)
        self.area = _areas(rng, self.station)
        self.accepted = midnight(day) + time_of_day(rng, HOUSEHOLD_HOURS, self.size)
        self._drive(numbers)
        self._mend()
        self.called = chance(rng, 0.52, self.size)
        self.customer = _customers(rng, self.station, numbers)

    def _drive(self, numbers: dict[str, Floats]) -> None:
        """Dispatch, taking and arrival; a step never comes before the one that leads to it."""
        rng, size = self.rng, self.size
        usual = _by_area(USUAL_ARRIVAL, self.area) * numbers["pace"][self.station]
        minutes = lognormal(rng, usual, numbers["spread"][self.station], size)
        self.dispatched = self.accepted + whole_seconds(lognormal(rng, 1.1, 0.5, size))
        self.taken = self.dispatched + whole_seconds(lognormal(rng, 1.3, 0.6, size))
        self.arrived = np.maximum(self.accepted + whole_seconds(minutes), self.taken + MINUTE)
        limit = whole_seconds(_by_area(ARRIVAL_LIMIT, self.area))
        late = self.arrived - self.accepted > limit
        honesty = numbers["honesty"][self.station]
        tidied = late & (honesty < 0.5) & chance(rng, 0.2, size)  # stamps pulled to just under the limit
        self.arrived = np.where(tidied, self.accepted + limit - rng.integers(5, 70, size) * 1_000_000, self.arrived)
        late &= ~tidied
        self.reported = (late & chance(rng, honesty, size)) | (~late & chance(rng, 0.004, size))

    def _mend(self) -> None:
        rng, size = self.rng, self.size
        slow = np.isin(self.station, [_index(SLOW)])
        minutes = lognormal(rng, _by_area(USUAL_RESTORATION, self.area) * np.where(slow, 1.3, 1.0), 0.55, size)
        self.restored = self.arrived + whole_seconds(np.maximum(minutes, 4.0))
        self.replied = self.restored + whole_seconds(lognormal(rng, 11.0, 0.6, size))
        self._lose_some()

    def _lose_some(self) -> None:
        """Faults of the stamps themselves: a step nobody recorded, an arrival before the call."""
        rng, size = self.rng, self.size
        before = chance(rng, 0.003, size)
        self.arrived = np.where(before, self.accepted - rng.integers(2, 40, size) * MINUTE, self.arrived)
        self.arrived = np.where(chance(rng, 0.005, size), NEVER, self.arrived)
        unfinished = chance(rng, 0.002, size)
        self.restored = np.where(unfinished, NEVER, self.restored)
        self.replied = np.where(unfinished, NEVER, self.replied)

    def frame(self) -> pl.DataFrame:
        rng, size = self.rng, self.size
        codes = [station.code for station in stations()]
        order = np.argsort(self.accepted, kind="stable")
        columns = {
            "repair": np.arange(size),
            "office": np.array(codes)[self.station],
            "area": self.area,
            "team": words.pick(rng, words.TEAMS, size),
            "accepted_at": self.accepted,
            "dispatched_at": self.dispatched,
            "taken_at": self.taken,
            "arrived_at": self.arrived,
            "restored_at": self.restored,
            "replied_at": self.replied,
            "fault_class": words.pick(rng, words.FAULTS, size, words.FAULT_SHARES),
            "customer_owned": chance(rng, 0.08, size),
            "line": words.lines(rng, self.station),
            "transformer": words.transformers(rng, self.station),
            "customer_no": self.customer,
            "reported_arrival_late": self.reported,
            "simulated": chance(rng, 0.003, size),
        }
        frame = _stamped(pl.DataFrame({name: values[order] for name, values in columns.items()}))
        numbers = [f"QX{self.day:%Y%m%d}{10_000 + 7 * place:05d}" for place in range(1, size + 1)]
        return frame.with_columns(pl.Series("repair_no", numbers, dtype=pl.String))


def _calls(rng: np.random.Generator, day: date, repairs: _Repairs) -> pl.DataFrame:
    """The 95598 tickets (故障报修) of those repairs that began with a call."""
    chosen = np.flatnonzero(repairs.called)
    size = len(chosen)
    finished = repairs.restored[chosen]
    replied = repairs.replied[chosen]
    visited = _after(replied, whole_seconds(lognormal(rng, 240.0, 0.8, size)))
    columns = {
        "repair": chosen.astype(np.int64),
        "office": np.array([station.code for station in stations()])[repairs.station[chosen]],
        "type": np.full(size, "fault"),
        "area": repairs.area[chosen],
        "accepted_at": repairs.accepted[chosen],
        "dispatched_at": repairs.dispatched[chosen],
        "taken_at": repairs.taken[chosen],
        "contacted_at": np.full(size, NEVER),
        "arrived_at": repairs.arrived[chosen],
        "finished_at": finished,
        "replied_at": replied,
        "visited_at": visited,
        "archived_at": _archived(rng, visited),
        "category": repairs_category(rng, size),
        "customer_no": repairs.customer[chosen],
        "urges": rng.poisson(0.05, size).astype(np.int64),
    }
    return _spoken(pl.DataFrame(columns), rng, repairs.station[chosen])


def repairs_category(rng: np.random.Generator, size: int) -> np.ndarray:
    return words.pick(rng, words.CATEGORIES["fault"], size)


def _other_tickets(rng: np.random.Generator, day: date) -> pl.DataFrame:
    """Everything that is no fault: complaints to praise, answered in days rather than minutes."""
    numbers = _columns()
    weekly = 0.55 if day.weekday() >= 5 else 1.18
    station = np.repeat(np.arange(len(stations())), rng.poisson(numbers["tickets_per_day"] * weekly))
    size = len(station)
    kinds = rng.choice(np.array(TYPES), size=size, p=np.array(TYPE_SHARES) / sum(TYPE_SHARES))
    accepted = midnight(day) + time_of_day(rng, OFFICE_HOURS, size)
    dispatched = accepted + whole_seconds(lognormal(rng, 8.0, 0.5, size))
    taken = dispatched + whole_seconds(lognormal(rng, 25.0, 0.8, size))
    contacted = _contact(rng, kinds, accepted, taken)
    replied = _reply(rng, kinds, accepted, taken, numbers["answering"][station])
    visited = _after(replied, whole_seconds(lognormal(rng, 900.0, 0.6, size)))
    dispatched, taken = _before_reply(accepted, dispatched, taken, replied)
    columns = {
        "office": np.array([known.code for known in stations()])[station],
        "type": kinds,
        "area": _areas(rng, station),
        "accepted_at": accepted,
        "dispatched_at": dispatched,
        "taken_at": taken,
        "contacted_at": np.where(contacted > replied, replied, contacted),
        "arrived_at": np.full(size, NEVER),
        "finished_at": np.full(size, NEVER),
        "replied_at": replied,
        "visited_at": visited,
        "archived_at": _archived(rng, visited),
        "category": words.categories(rng, kinds),
        "customer_no": _customers(rng, station, numbers),
        "urges": rng.poisson(np.where(kinds == "complaint", 0.4, 0.06)).astype(np.int64),
    }
    frame = pl.DataFrame(columns).with_columns(pl.lit(None, dtype=pl.Int64).alias("repair"))
    return _spoken(frame, rng, station)


def _before_reply(accepted: Ints, dispatched: Ints, taken: Ints, replied: Ints) -> tuple[Ints, Ints]:
    """Dispatch and taking of what was answered at the desk lie before the answer; a handful stays out of order."""
    hurried = (replied != NEVER) & (replied <= taken) & (np.arange(len(replied)) % 90 != 7)
    third = (replied - accepted) // 3 // SECOND * SECOND
    return np.where(hurried, accepted + third, dispatched), np.where(hurried, accepted + 2 * third, taken)


def _contact(rng: np.random.Generator, kinds: np.ndarray, accepted: Ints, taken: Ints) -> Ints:
    """First contact with the complainant, hours after acceptance; 3 in 100 take more than a day."""
    moment = accepted + whole_seconds(lognormal(rng, 5.2 * 60, 0.78, len(kinds)))
    return np.where(kinds == "complaint", np.maximum(moment, taken + MINUTE), NEVER)


def _reply(rng: np.random.Generator, kinds: np.ndarray, accepted: Ints, taken: Ints, answering: Floats) -> Ints:
    """The written reply. Two enquiries in three are answered at the desk within minutes; praise needs none."""
    days = np.array([USUAL_DAYS.get(kind, 1.0) for kind in kinds]) * answering
    waited = lognormal(rng, days * 24 * 60, 0.5, len(kinds))
    at_once = (kinds == "enquiry") & chance(rng, 0.66, len(kinds))
    waited = np.where(at_once, lognormal(rng, 6.0, 0.5, len(kinds)), waited)
    moment = _within_office_hours(accepted + whole_seconds(waited), at_once)
    return np.where(kinds == "praise", NEVER, np.maximum(moment, np.where(at_once, accepted, taken) + MINUTE))


def _within_office_hours(moment: Ints, at_once: Flags) -> Ints:
    """Offices answer by day: an hour of the night becomes one of the next morning."""
    hour = moment % DAY // HOUR
    morning = moment + ((8 - hour) % 24) * HOUR
    return np.where(at_once | ((hour >= 8) & (hour < 18)), moment, morning)


def _spoken(frame: pl.DataFrame, rng: np.random.Generator, station: Ints) -> pl.DataFrame:
    """What people said: content, telephone, satisfaction, whether a complaint was substantiated."""
    size = frame.height
    kinds = frame["type"].to_numpy()
    praised = _columns()["praised"][station]
    draw = rng.random(size)
    mood = np.where(draw < praised, "satisfied", np.where(draw < praised + 0.015, "neutral", "dissatisfied"))
    complaint = kinds == "complaint"
    verdict = words.pick(rng, ("yes", "no", "partly"), size, (0.5, 0.4, 0.1))
    severity = words.pick(rng, ("general", "important", "major"), size, (0.9, 0.095, 0.005))
    stamped = _stamped(frame)
    return stamped.with_columns(
        pl.Series("satisfaction", np.where(chance(rng, 0.62, size), mood, "")).replace("", None),
        pl.Series("substantiated", np.where(complaint, verdict, "")).replace("", None),
        pl.Series("severity", np.where(complaint, severity, "")).replace("", None),
        pl.Series("source", words.pick(rng, words.CHANNELS, size, words.CHANNEL_SHARES)),
        pl.Series("phone", words.phones(rng, size)),
        pl.Series("content", words.contents(rng, kinds), dtype=pl.String),
        pl.Series("returns", rng.poisson(0.04, size)),
        pl.Series("withdrawn", chance(rng, 0.008, size)),
        pl.Series("simulated", (kinds == "fault") & chance(rng, 0.003, size)),
    )


def _with_children(tickets: pl.DataFrame, rng: np.random.Generator) -> pl.DataFrame:
    """Some calls are about an event that already has a ticket of that office (子单): they name it."""
    child = chance(rng, 0.06, tickets.height)
    first = pl.col("ticket_no").first().over("office", "type")
    names_parent = pl.Series(child) & (pl.col("type") == "fault") & (first != pl.col("ticket_no"))
    return tickets.with_columns(pl.when(names_parent).then(first).alias("parent_ticket_no"))


def _areas(rng: np.random.Generator, station: Ints) -> np.ndarray:
    """The area class of the place itself: mostly the station's, one in twenty another."""
    own = np.array([known.area for known in stations()])[station]
    return np.where(chance(rng, 0.05, len(station)), "rural", own)


def _by_area(table: dict[str, float], area: np.ndarray) -> Floats:
    return np.select([area == name for name in table], list(table.values()), 0.0)


def _customers(rng: np.random.Generator, station: Ints, numbers: dict[str, Floats]) -> np.ndarray:
    """Customer numbers from a pool so large that the station's share of repeats comes out; some are unknown."""
    share = np.maximum(numbers["repeats"], 0.002)[station]
    pool = np.maximum(numbers["repairs_per_day"][station] * 30 / share, 40).astype(np.int64)
    drawn = (rng.random(len(station)) * pool).astype(np.int64)
    named = np.array([f"99{place:02d}{number:06d}" for place, number in zip(station, drawn, strict=True)], dtype=str)
    return np.where(chance(rng, 0.12, len(station)), "", named)


def _archived(rng: np.random.Generator, visited: Ints) -> Ints:
    """Soon after the call-back by hand, or at midnight by the nightly job."""
    by_hand = visited + whole_seconds(lognormal(rng, 45.0, 0.7, len(visited)))
    nightly = chance(rng, 0.12, len(visited))
    return np.where(visited == NEVER, NEVER, np.where(nightly, (by_hand // DAY + 1) * DAY, by_hand))


def _after(moment: Ints, later: Ints) -> Ints:
    return np.where(moment == NEVER, NEVER, moment + later)


def _stamped(frame: pl.DataFrame) -> pl.DataFrame:
    """Stamps as naive local times, those never made as null."""
    stamps = [name for name in frame.columns if name.endswith("_at")]
    return frame.with_columns(
        pl.when(pl.col(name) != NEVER).then(pl.col(name)).cast(pl.Datetime("us")).alias(name) for name in stamps
    )


def _index(place: str) -> int:
    return next(index for index, station in enumerate(stations()) if station.name == f"{place}供电所")
