"""Seeded directories of canonical CSV files, nasty on purpose (design §4.2).

    python tests/oracle/generate.py DIR --seed 7 [--tickets 250 --repairs 250 …]

Every kind of record the design speaks of turns up: stamps on, one second and one minute beside their limit,
contradictory, missing, unreadable and minute-wise stamps; children, withdrawn and simulated tickets and repairs that
inherit; three editions (one of them none); offices that begin, end, move and change their names inside a period; slots
that are closed late; deductions repeated after exactly 30 × 24 hours; equal and conflicting duplicates.
"""

from __future__ import annotations

import argparse
import csv
import importlib.util
import json
import random
import sys
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from types import ModuleType
from typing import Any

Row = dict[str, Any]
WINDOWS = [  # first day, number of days, how often
    (date(2026, 7, 1), 92, 50),
    (date(2026, 9, 18), 24, 20),
    (date(2026, 5, 20), 42, 8),
    (date(2026, 12, 20), 12, 8),
    (date(2021, 12, 28), 8, 7),
    (date(2011, 11, 28), 8, 4),
    (date(2027, 4, 26), 8, 3),
]
TYPES = [
    "fault",
    "complaint",
    "complaint",
    "complaint",
    "report",
    "opinion",
    "suggestion",
    "enquiry",
    "praise",
    "request",
]
LIMITS = {"report": 9, "opinion": 9, "suggestion": 9, "enquiry": 4, "request": 5, "complaint": 5}
ITEMS = ["R01", "R02", "R05", "A02", "B09", "E01", "F03", "M01"]


def _independent() -> ModuleType:
    """The neighbour, for its calendar only: inputs should fall beside deadlines."""
    name = "oracle_independent"
    if name not in sys.modules:
        spec = importlib.util.spec_from_file_location(name, Path(__file__).with_name("independent.py"))
        assert spec
        assert spec.loader
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module
        spec.loader.exec_module(module)
    return sys.modules[name]


class Generator:
    """One company from one seed."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.offices = self._offices()
        self.valid = {row["code"] for row in self.offices}
        self.halls = sorted({row["code"] for row in self.offices if row["level"] == "hall"})
        self.cameras = self._cameras()

    # ------------------------------------------------------------------ helpers

    def chance(self, share: float) -> bool:
        return self.random.random() < share

    def yes(self, share: float) -> str:
        """A boolean in any of its spellings; empty as often as not for "no"."""
        if self.chance(share):
            return self.random.choice(["yes", "true", "1", "是", "Y"])
        return self.random.choice(["", "", "no", "false", "0", "否", "N"])

    def moment(self) -> datetime:
        first, days, _ = self.random.choices(WINDOWS, [often for *_, often in WINDOWS])[0]
        day = first + timedelta(days=self.random.randrange(days))
        second = self.random.choice([0, 86_399, *(self.random.randrange(86_400) for _ in range(10))])
        return datetime.combine(day, time()) + timedelta(seconds=second)

    def write(self, moment: datetime | None) -> str:
        """A local moment in one of the written forms; now and then without seconds."""
        if moment is None:
            return ""
        form = self.random.randrange(20)
        if form == 0:
            return (moment - timedelta(hours=8)).replace(tzinfo=UTC).isoformat().replace("+00:00", "Z")
        if form == 1:
            return moment.isoformat() + "+08:00"
        if form == 2:
            return f"{moment.year}/{moment.month}/{moment.day} {moment.hour}:{moment.minute:02}:{moment.second:02}"
        if form in (3, 4):
            return moment.strftime("%Y-%m-%d %H:%M")
        if form == 5:
            return moment.strftime("%Y-%m-%d %H:%M:%S.0")
        if form == 6 and moment.time() == time():
            return (moment - timedelta(days=1)).strftime("%Y-%m-%d 24:00:00")
        return moment.strftime("%Y-%m-%d %H:%M:%S")

    def beside(self, limit: datetime, start: datetime) -> datetime:
        """A moment mostly before its limit, often on it or a second or a minute beside it, rarely before the start."""
        choice = self.random.randrange(24)
        if choice < 5:
            return limit + timedelta(seconds=[0, self.random.choice([1, 60]), -1, -60, -61][choice])
        if choice == 5 and self.chance(0.5):
            return start - timedelta(seconds=self.random.choice([0, 1, 3600]))
        span = max(1, int((limit - start).total_seconds()))
        return start + timedelta(seconds=self.random.randrange(int(span * (0.8 if choice < 23 else 1.6)) + 1))

    def spoilt(self, text: str) -> str:
        """Mostly the text, sometimes nothing, sometimes what nobody can read."""
        if self.chance(0.04):
            return ""
        return self.random.choice(["不详", "2026/2/30 10:00:00", "0000-00-00"]) if self.chance(0.03) else text

    def with_duplicates(self, rows: list[Row], column: str) -> list[Row]:
        """Some rows twice; a few of those with another content."""
        extra = []
        for row in rows:
            if self.chance(0.02):
                extra.append(dict(row))
            elif self.chance(0.01):
                extra.append({**row, column: self._another_office(str(row[column]))})
        rows = rows + extra
        self.random.shuffle(rows)
        return rows

    def _another_office(self, name: str) -> str:
        """S02, unless some form of its name is meant already (the same office written otherwise is no conflict)."""
        plain = _independent().plain_name(name)
        return "S03" if plain == "S02" or plain.startswith("乙") else "S02"

    # ------------------------------------------------------------------ offices and cameras

    def _offices(self) -> list[Row]:
        rows = [
            office("G", "国网江城供电公司", "", "company", "urban"),
            office("K1", "国网东县供电公司", "G", "county", "urban"),
            office("K2", "西县供电公司", "G", "county", "", customers=self.random.choice(["", "0", "90000"])),
        ]
        for number in range(1, 8):
            rows.append(
                office(
                    f"S{number:02}",
                    f"{'甲乙丙丁戊己庚'[number - 1]}镇供电所",
                    self.random.choice(["K1", "K2"]),
                    "station",
                    self.random.choice(["urban", "rural", "remote", ""]),
                    customers=self.random.choice(["", "0", str(self.random.randrange(500, 30_000))]),
                    aliases=f"{'甲乙丙丁戊己庚'[number - 1]}镇;{'共同' if number in (1, 2) else '旧名' + str(number)}",
                )
            )
        for number in range(1, 7):
            rows.append(
                office(f"H{number:02}", f"第{number}营业厅", f"S{number:02}", "hall", self.random.choice(["urban", ""]),
                       customers=self.random.choice(["", "1200"]))
            )  # fmt: skip
        rows.append(office("H07", "县直营业厅", "K1", "hall", "urban"))
        rows.append(office("H08", "孤岛营业厅", "NOWHERE", "hall", "rural"))
        rows.append(office("S99", "孤岛供电所", "NOWHERE-EITHER", "station", "rural", customers="700"))
        return rows + self._changing_offices()

    def _changing_offices(self) -> list[Row]:
        """Moves, an end, a beginning, a change of area and customers, an overlap of one day, a name passed on."""
        turn = date(2026, 8, 1) + timedelta(days=self.random.randrange(30))
        before, after = (turn - timedelta(days=1)).isoformat(), turn.isoformat()
        return [
            office("H20", "流动营业厅", "S01", "hall", "urban", valid_to=before),
            office("H20", "流动营业厅（新）", "S02", "hall", "rural", valid_from=after),
            office("S20", "迁移供电所", "K1", "station", "urban", customers="3000", valid_to=before),
            office("S20", "迁移供电所", "K2", "station", "rural", customers="4000", valid_from=after),
            office("H21", "迁移营业厅", "S20", "hall", ""),
            office(
                "S21", "老街供电所", "K1", "station", "urban", customers="900", valid_to=before, successor_code="S22"
            ),
            office("S22", "新城供电所", "K1", "station", "urban", customers="5000", valid_to=before),
            office("S22", "新城供电所", "K1", "station", "urban", "5900", "老街供电所;老街", valid_from=after),
            office("H22", "老街营业厅", "S21", "hall", "urban", customers="300"),
            office("S23", "重叠供电所", "K2", "station", "urban", customers="800", valid_to=after),
            office("S23", "重叠供电所", "K2", "station", "remote", customers="850", valid_from=after),
            office("S24", "明年供电所", "K1", "station", "urban", valid_from="2026-10-01"),
        ]

    def _cameras(self) -> list[Row]:
        rows = []
        for hall in self.halls:
            for number in range(self.random.choice([1, 1, 2, 3])):
                names = self.random.choice([[], [f"{number}"], [f"{number}", "共用"], ["共用"]])
                windows = [{"name": name, "polygon": [[0, 0], [9, 0], [9, 9]]} for name in names]
                text = json.dumps(windows, ensure_ascii=False) if windows or self.chance(0.5) else ""
                rows.append({"code": f"C-{hall}-{number}", "hall_code": hall, "windows": text})
        return rows

    def office_name(self) -> str:
        """A valid office by code, name or alias; rarely one that nobody or two know."""
        if self.chance(0.02):
            return self.random.choice(["无此所", "共同", ""])
        row = self.random.choice([row for row in self.offices if row["level"] != "company"])
        aliases = [name for name in row["aliases"].split(";") if name and name != "共同"]
        name = row["name"]
        wide = row["code"].translate(str.maketrans("SH0123456789", "ＳＨ０１２３４５６７８９"))
        forms = [*[row["code"]] * 3, name, f"国网{name}", f" {name[:2]} {name[2:]}", wide, *aliases]
        return str(self.random.choice(forms))

    # ------------------------------------------------------------------ records

    def tickets(self, count: int) -> list[Row]:
        numbers = [f"T{index:05}" for index in range(count)]
        rows = []
        for number in numbers:
            accepted, kind = self.moment(), self.random.choice(TYPES)
            parent = self.random.choice([number, self.random.choice(numbers), "P-UNKNOWN"]) if self.chance(0.12) else ""
            row = {
                "ticket_no": number, "parent_ticket_no": parent, "type": kind, "office_code": self.office_name(),
                "accepted_at": self.write(accepted), **self._ticket_stamps(kind, accepted),
                "substantiated": self.random.choice(["", "", "yes", "no", "no", "no", "partly"]),
                "satisfaction": self.random.choice(["", *["satisfied"] * 9, "neutral", "dissatisfied"]),
                "withdrawn": self.yes(0.05), "simulated": self.yes(0.05),
            }  # fmt: skip
            if self.chance(0.01):
                row[self.random.choice(["accepted_at", "type"])] = self.random.choice(["", "不详"])
            rows.append(row)
        return self.with_duplicates(rows, "office_code")

    def _ticket_stamps(self, kind: str, accepted: datetime) -> Row:
        names = ["dispatched_at", "taken_at", "contacted_at", "arrived_at", "finished_at", "replied_at", "visited_at",
                 "archived_at"]  # fmt: skip
        if self.chance(0.04):
            return dict.fromkeys(names, "")
        calendar = _independent()
        limit = LIMITS.get(kind, 5) + self.random.choice([*[0] * 10, 2])
        due = calendar.working_day_deadline(accepted.replace(tzinfo=calendar.SHANGHAI), limit).at.replace(tzinfo=None)
        next_day = calendar.working_day_deadline(accepted.replace(tzinfo=calendar.SHANGHAI), 1).at.replace(tzinfo=None)
        replied = self.beside(due, accepted)
        contacted = self.beside(self.random.choice([*[accepted + timedelta(hours=24)] * 4, next_day]), accepted)
        stamps: dict[str, datetime | None] = dict.fromkeys(names)
        stamps |= {"contacted_at": contacted, "replied_at": replied}
        for name, offset in (("dispatched_at", 120), ("taken_at", 240), ("arrived_at", 7200), ("finished_at", 9000)):
            stamps[name] = accepted + timedelta(seconds=offset) if self.chance(0.1) else None
        for name, hours in (("visited_at", 5), ("archived_at", 30)):
            stamps[name] = replied + timedelta(hours=hours) if self.chance(0.3) else None
        return {name: self.spoilt(self.write(stamp)) if stamp else "" for name, stamp in stamps.items()}

    def repairs(self, count: int, tickets: Sequence[Row]) -> list[Row]:
        rows: list[Row] = []
        moments: list[datetime] = []
        for index in range(count):
            accepted = self.moment()
            customer = f"U{self.random.randrange(count * 3)}" if self.chance(0.6) else ""
            if rows and self.chance(0.05):  # the same customer again: exactly 30 × 24 h later, a second beside, at once
                earlier = self.random.randrange(len(rows))
                customer = rows[earlier]["customer_no"]
                accepted = moments[earlier] + self.random.choice(
                    [timedelta(days=30), timedelta(days=30, seconds=1), timedelta(0), timedelta(seconds=1)]
                )
            moments.append(accepted)
            number = f"R{index:05}"
            parent = self.random.choice([number, "R00000", "P-UNKNOWN"]) if self.chance(0.08) else ""
            ticket = self.random.choice([self.random.choice(tickets)["ticket_no"], "T-UNKNOWN", ""])
            area = self.random.choice(["", "urban", "rural", "remote", "??" if self.chance(0.1) else ""])
            rows.append({
                "repair_no": number, "ticket_no": ticket, "office_code": self.office_name(), "area": area,
                "accepted_at": self.write(accepted), **self._repair_stamps(accepted, area),
                "customer_owned": self.yes(0.1), "customer_no": customer,
                "reported_arrival_late": self.yes(0.6), "simulated": self.yes(0.03), "parent_repair_no": parent,
            })  # fmt: skip
        return self.with_duplicates(rows, "office_code")

    def _repair_stamps(self, accepted: datetime, area: str) -> Row:
        names = ["dispatched_at", "taken_at", "arrived_at", "restored_at", "replied_at"]
        if self.chance(0.08):
            return dict.fromkeys(names, "")
        minutes = {"urban": 45, "rural": 90, "remote": 120}.get(area) or self.random.choice([45, 90, 120])
        arrived = self.beside(accepted + timedelta(minutes=minutes), accepted)
        restored = self.beside(arrived + timedelta(hours=self.random.choice([3, 4])), arrived)
        stamps = {
            "dispatched_at": accepted + timedelta(seconds=self.random.choice([60, 100_000])),
            "taken_at": accepted + timedelta(seconds=120) if self.chance(0.5) else None,
            "arrived_at": arrived,
            "restored_at": restored,
            "replied_at": restored + timedelta(minutes=5) if self.chance(0.4) else None,
        }
        return {name: self.spoilt(self.write(stamp)) for name, stamp in stamps.items()}

    def applications(self, count: int) -> list[Row]:
        calendar, rows = _independent(), []
        limits = {
            "residential": 5,
            "low_voltage": 6,
            "high_voltage_single": 22,
            "high_voltage_dual": 32,
            "solar": 9,
            "": 5,
        }
        for index in range(count):
            accepted, kind = self.moment(), self.random.choice(list(limits))
            paused = self.random.choice(["", "", "0", "3"])
            days = limits[kind] + int(paused or 0)
            due = calendar.working_day_deadline(accepted.replace(tzinfo=calendar.SHANGHAI), days).at.replace(
                tzinfo=None
            )
            connected = self.beside(due, accepted)
            archived = connected + timedelta(days=1) if self.chance(0.3) else None
            rows.append({
                "application_no": f"A{index:05}", "office_code": self.office_name(), "class": kind,
                "accepted_at": self.write(accepted), "inspected_at": "",
                "connected_at": self.spoilt(self.write(connected)) if self.chance(0.93) else "",
                "archived_at": self.spoilt(self.write(archived)),
                "paused_working_days": paused, "card_issued": self.yes(0.9),
            })  # fmt: skip
        return self.with_duplicates(rows, "office_code")

    def evaluations(self, count: int, tickets: Sequence[Row], applications: Sequence[Row]) -> list[Row]:
        rows = []
        for index in range(count):
            kind = self.random.choice(["designated_form", "callback", "callback", "keypress", "survey"])
            named = self.random.choice(applications)["application_no"] if kind == "designated_form" else ""
            if kind == "callback" and self.chance(0.6):
                named = self.random.choice(tickets)["ticket_no"]
            rows.append({
                "evaluation_no": f"E{index:05}", "kind": kind, "office_code": self.office_name(), "record_no": named,
                "at": self.write(self.moment()), "reached": self.yes(0.9),
                "satisfaction": self.random.choice(["", *["satisfied"] * 12, "neutral", "dissatisfied"]),
            })  # fmt: skip
        return self.with_duplicates(rows, "office_code")

    def measures(self) -> list[Row]:
        rows = []
        for indicator in ("fee_collection", "line_loss", "meter_reading", "call_abandonment", "voltage"):
            for code in ("K1", "S01", "S02", "S03", "S20", "S21", "H22"):
                for month in ("2021-12", "2026-06", "2026-07", "2026-08", "2026-09", "2026-10", "2026-12"):
                    if self.chance(0.4):
                        continue
                    denominator = self.random.choice(["0", "", "-5", *(["1000"] * 9), "812.5"])
                    share = {"line_loss": 70, "call_abandonment": 60}.get(indicator, 970)
                    numerator = f"{share + self.random.randrange(-30, 31)}{self.random.choice(['', '.25'])}"
                    rows.append({"indicator": indicator, "office_code": code, "period": month, "numerator": numerator,
                                 "denominator": denominator})  # fmt: skip
        return rows

    # ------------------------------------------------------------------ halls

    def _hall_day(self) -> date:
        first, days, _ = self.random.choices(WINDOWS[:4], [often for *_, often in WINDOWS[:4]])[0]
        return first + timedelta(days=self.random.randrange(days))

    def samples(self, count: int) -> list[Row]:
        calendar, rows, seen = _independent(), [], set()
        for index in range(count):
            hall, day, slot = self.random.choice(self.halls), self._hall_day(), self.random.randrange(1, 6)
            if (hall, day, slot) in seen:
                continue
            seen.add((hall, day, slot))
            first, last = (datetime.combine(day, moment) for moment in calendar.SLOTS[slot])
            length = int((last - first).total_seconds()) - 60
            planned = first + timedelta(seconds=self.random.randrange(length))
            for camera in [row["code"] for row in self.cameras if row["hall_code"] == hall]:
                if self.chance(0.05):
                    continue
                rows.append(self._look(f"SP{index:05}", hall, camera, slot, planned))
        return rows

    def _look(self, number: str, hall: str, camera: str, slot: int, planned: datetime) -> Row:
        outcome = self.random.choice(
            ["captured", "captured", "captured", "captured", "missed", "not_checkable", "planned"]
        )
        causes = ["worker_down", "recorder_busy", "disk_full", "recording_missing", "recording_missing", ""]
        taken = planned + (timedelta(days=2) if self.chance(0.03) else timedelta(seconds=5))
        derived = self.chance(0.1)  # date and slot follow from the moment
        return {
            "sample_id": number, "hall_code": hall, "camera_code": camera,
            "date": "" if derived else planned.date().isoformat(), "slot": "" if derived else slot,
            "planned_at": planned.strftime("%Y-%m-%d %H:%M:%S"),
            "captured_at": taken.strftime("%Y-%m-%d %H:%M:%S") if outcome in ("captured", "not_checkable") else "",
            "outcome": outcome, "cause": self.random.choice(causes) if outcome == "missed" else "",
            "verdict": self.random.choice(["", "ok", "violation", "unsure"]),
        }  # fmt: skip

    def hall_days(self, count: int) -> list[Row]:
        rows = {}
        for _ in range(count):
            hall, day, open_ = self.random.choice(self.halls), self._hall_day(), self.chance(0.5)
            begins = datetime.combine(day, self.random.choice([time(8, 30), time(10), time(14, 30)]))
            midnight = datetime.combine(day, time()) + timedelta(days=1)
            second = timedelta(seconds=1)
            filed = self.random.choice(
                [None, begins, begins + second, begins - timedelta(days=1), midnight - second, midnight]
            )
            rows[hall, day] = {
                "hall_code": hall, "date": day.isoformat(), "open": "yes" if open_ else "no",
                "opens": self.random.choice(["", "08:30", "09:00", "10:00"]) if open_ else "",
                "closes": self.random.choice(["", "17:30", "15:30", "12:00"]) if open_ else "",
                "reason": self.random.choice(["", "停电", "装修"]),
                "filed_at": filed.strftime("%Y-%m-%d %H:%M:%S") if filed else "",
            }  # fmt: skip
        return list(rows.values())

    def inspections(self, count: int) -> list[Row]:
        rows: list[Row] = []
        moments: list[datetime] = []
        for index in range(count):
            hall, item = self.random.choice(self.halls), self.random.choice(ITEMS)
            at = datetime.combine(self._hall_day(), time(9)) + timedelta(seconds=self.random.randrange(28_000))
            if rows and self.chance(0.4):
                earlier = self.random.randrange(len(rows))
                hall, item = rows[earlier]["hall_code"], rows[earlier]["item_code"]
                at = moments[earlier] + self.random.choice(
                    [timedelta(days=30), timedelta(days=30, seconds=1), timedelta(minutes=7), timedelta(days=1)]
                )
            moments.append(at)
            rows.append({
                "inspection_no": f"I{index:05}", "hall_code": hall,
                "kind": self.random.choice(["on_site", "mutual", "undercover", "video"]),
                "at": at.strftime("%Y-%m-%d %H:%M:%S"), "item_code": item,
                "result": self.random.choice(["violation", "violation", "violation", "ok", "not_checkable"]),
                "count": self.random.choice(["", "0", "1", "2", "5"]),
            })  # fmt: skip
        return rows


def office(
    code: str, name: str, parent: str, level: str, area: str, customers: str = "", aliases: str = "", **other: str
) -> Row:
    row = {"code": code, "name": name, "parent_code": parent, "level": level, "area": area, "customers": customers}
    return {**row, "aliases": aliases, "valid_from": "", "valid_to": "", "successor_code": "", **other}


def write_csv(path: Path, rows: Iterable[Row]) -> None:
    rows = list(rows)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


SIZES = {
    "tickets": 300,
    "repairs": 300,
    "applications": 100,
    "evaluations": 100,
    "samples": 400,
    "hall_days": 120,
    "inspections": 60,
}


def generate(directory: Path, seed: int, **sizes: int) -> None:
    """Write all canonical files of one company; the same seed and sizes (of `SIZES`) give the same bytes."""
    directory.mkdir(parents=True, exist_ok=True)
    company, size = Generator(seed), SIZES | sizes
    files = {"offices": company.offices, "cameras": company.cameras, "tickets": company.tickets(size["tickets"])}
    files["repairs"] = company.repairs(size["repairs"], files["tickets"])
    files["applications"] = company.applications(size["applications"])
    files["evaluations"] = company.evaluations(size["evaluations"], files["tickets"], files["applications"])
    files["measures"] = company.measures()
    files["samples"] = company.samples(size["samples"])
    files["hall_days"] = company.hall_days(size["hall_days"])
    files["inspections"] = company.inspections(size["inspections"])
    for name, rows in files.items():
        write_csv(directory / f"{name}.csv", rows)


def main() -> None:
    parser = argparse.ArgumentParser(description="Write a directory of nasty canonical CSV files.")
    parser.add_argument("directory", type=Path)
    parser.add_argument("--seed", type=int, required=True)
    for name, size in SIZES.items():
        parser.add_argument(f"--{name.replace('_', '-')}", type=int, default=size)
    chosen = vars(parser.parse_args())
    generate(chosen.pop("directory"), chosen.pop("seed"), **chosen)


if __name__ == "__main__":
    main()
