"""The made-up company (演示公司): 青岚市供电公司 with six counties, sixty stations, thirty halls and their cameras.

Everything here is a constant: no name is drawn at random, so every run tells the same stories. Place names are
invented; the office codes start with 99, which is no province of GB/T 2260.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from functools import cache

COMPANY_NAME = "青岚市供电公司"
COMPANY_CODE = "99401"
WIDTH, HEIGHT = 640, 360
"""Pixels of a camera's picture; windows below are polygons in it."""


@dataclass(frozen=True, slots=True)
class County:
    """A county company (县公司). `code` need not begin with the code above it: the tree is a pointer, not a prefix."""

    code: str
    name: str
    short: str
    peer_group: str


@dataclass(frozen=True, slots=True)
class Station:
    """A supply station (供电所) and how it works: what the drawn records are drawn from.

    `pace` multiplies the arrival times usual for its area, `spread` is the sigma of their logarithm, `honesty` the
    share of late arrivals it reports as late, `answering` multiplies the days a ticket waits for its reply,
    `repeats` is the share of repairs at a customer who had one in the 30 days before.
    """

    code: str
    name: str
    county: County
    area: str
    customers: int
    repairs_per_day: float
    tickets_per_day: float
    pace: float = 1.0
    spread: float = 0.42
    honesty: float = 0.94
    answering: float = 1.0
    repeats: float = 0.03
    praised: float = 0.955


@dataclass(frozen=True, slots=True)
class Hall:
    """A service hall (营业厅). `above` is its office: mostly a station, in the city centre the county company."""

    code: str
    name: str
    above: str
    opens_saturday: bool
    filmed: bool
    """Open every day, with a recorder that this program reads; the others come as monthly sheets of an old platform."""
    cameras: tuple[Camera, ...] = field(default=())


@dataclass(frozen=True, slots=True)
class Camera:
    """One camera: the windows (柜台) it sees as polygons, and where people wait."""

    code: str
    name: str
    windows: tuple[str, ...]

    @property
    def windows_json(self) -> str:
        polygons = [{"name": name, "polygon": WINDOW_PLACES[place]} for place, name in enumerate(self.windows)]
        return json.dumps(polygons, ensure_ascii=False)


WINDOW_PLACES = ([[50, 40], [300, 40], [300, 226], [50, 226]], [[340, 40], [590, 40], [590, 226], [340, 226]])
WAITING_PLACE = [[0, 300], [639, 300], [639, 359], [0, 359]]

COUNTIES = (
    County("9940101", "青岚市城区供电分公司", "城区", "城网"),
    County("9940102", "望岫县供电公司", "望岫", "农网"),
    County("9940103", "泓泉县供电公司", "泓泉", "农网"),
    County("9940104", "枫陵县供电公司", "枫陵", "农网"),
    County("9940105", "鹿鸣县供电公司", "鹿鸣", "山区"),
    County("9940304", "沅石县供电公司", "沅石", "山区"),
)

_PLACES = {
    "城区": "城东 城西 城南 城北 开发区 高新 滨江 湖心 文昌 书院",
    "望岫": "青石 柳桥 梅溪 南塘 北渡 东圩 西岭 河湾 新集 老街",
    "泓泉": "白沙 石门 荷塘 芦荡 沙洲 金坪 银坪 茶亭 稻香 麦场",
    "枫陵": "枫林 竹山 双桥 黄泥 红庙 大田 小坝 油坊 窑头 砖桥",
    "鹿鸣": "龙潭 三岔 马鞍 牛塘 鹤鸣 铜井 铁铺 盐店 麻园 云台",
    "沅石": "桃源洞 杏花 银杏 谷里 瓦店 武庙 棉圩 染坊 石鼓 苇泊",
}
"""Ten places per county, in the order of their codes."""

SLOW, TINY, FEW, LARGE, HIDING, REPEATING = "三岔", "云台", "苇泊", "城东", "铁铺", "稻香"
"""The places with a story, see docs/demo.md."""

_STORIES: dict[str, dict[str, float]] = {
    SLOW: {"pace": 1.62, "spread": 0.46, "answering": 1.7},
    TINY: {"pace": 0.5, "spread": 0.2, "answering": 0.4, "praised": 1.0, "repairs_per_day": 0.24,
           "tickets_per_day": 0.2, "customers": 820, "repeats": 0.0},
    FEW: {"repairs_per_day": 0.035, "tickets_per_day": 0.03, "customers": 610},
    LARGE: {"pace": 1.0, "spread": 0.43, "repairs_per_day": 6.2, "tickets_per_day": 5.6, "customers": 186_000},
    HIDING: {"pace": 1.5, "honesty": 0.22},
    REPEATING: {"repeats": 0.13},
}  # fmt: skip

HALL_PLACES = (
    *("城东", "城西", "城南", "城北", "开发区", "高新", "滨江", "文昌"),
    *("青石", "柳桥", "梅溪", "新集"),
    *("白沙", "石门", "荷塘", "茶亭", "稻香"),
    *("枫林", "双桥", "红庙", "大田"),
    *("三岔", "龙潭", "鹤鸣", "铁铺", "云台"),
    *("桃源洞", "杏花", "瓦店"),
)
NOON_HALL, TURNED_HALL, PLAZA_HALL = "城南", "滨江", "人民广场"
FILMED = ("人民广场", "城东", "城南", "滨江", "三岔", "云台")
"""Halls with recordings for yesterday and today: one empty at noon (城南), one whose camera was turned (滨江)."""
_TWO_CAMERAS = ("人民广场", "城东")
_SATURDAYS = ("城西", "城北", "开发区", "高新", "青石", "白沙", "枫林", "龙潭", "桃源洞")


@cache
def stations() -> tuple[Station, ...]:
    """All sixty, by code."""
    return tuple(
        _station(county, place, index)
        for county in COUNTIES
        for index, place in enumerate(_PLACES[county.short].split(), start=1)
    )


def _station(county: County, place: str, index: int) -> Station:
    """A station of ordinary quality, changed where it has a story."""
    area = _area_of(county, index)
    customers = {"urban": 76_000, "rural": 30_000, "remote": 6_400}[area] + 1_730 * ((index * 7) % 10)
    leaning = _leaning(county.code + place)
    usual: dict[str, float] = {
        "customers": customers,
        "repairs_per_day": 0.14 + customers / 42_000,
        "tickets_per_day": 0.14 + customers / 50_000,
        "pace": 1.0 + 0.16 * leaning,
        "answering": 1.0 + 0.2 * _leaning(place),
        "praised": 0.955 + 0.02 * _leaning(place + county.code),
    }
    values = usual | _STORIES.get(place, {})
    customers = int(values.pop("customers"))
    return Station(f"{county.code}{index:02d}", f"{place}供电所", county, area, customers, **values)


def _area_of(county: County, index: int) -> str:
    if county.peer_group == "城网":
        return "urban"
    if county.peer_group == "山区" and index > 4:
        return "remote" if index in (5, 9, 10) else "rural"
    return "urban" if index == 1 else "rural"


def _leaning(word: str) -> float:
    """A fixed number in −1 … 1 of a word: how a station differs from the usual one."""
    return ((sum(ord(letter) * (place + 3) for place, letter in enumerate(word)) * 37) % 201 - 100) / 100


@cache
def halls() -> tuple[Hall, ...]:
    """All thirty: the city's main hall stands directly under the city's county company, the others at a station."""
    by_place = {station.name.removesuffix("供电所"): station.code for station in stations()}
    places = [(PLAZA_HALL, COUNTIES[0].code), *((place, by_place[place]) for place in HALL_PLACES)]
    return tuple(_hall(place, above, f"{above}9{index:02d}") for index, (place, above) in enumerate(places, start=1))


def _hall(place: str, above: str, code: str) -> Hall:
    windows = ("1号窗口",) if place == TINY else ("1号窗口", "2号窗口")
    cameras = [Camera(f"{code}-1", f"{place}营业厅1号摄像机", windows)]
    if place in _TWO_CAMERAS:
        cameras.append(Camera(f"{code}-2", f"{place}营业厅2号摄像机", ("3号窗口", "4号窗口")))
    return Hall(code, f"{place}供电营业厅", above, place in _SATURDAYS, place in FILMED, tuple(cameras))


def place_of(hall: Hall) -> str:
    return hall.name.removesuffix("供电营业厅")


def hall_at(place: str) -> Hall:
    """The hall of that place; StopIteration if there is none."""
    return next(hall for hall in halls() if place_of(hall) == place)


def station_at(place: str) -> Station:
    """The station of that place; StopIteration if there is none."""
    return next(station for station in stations() if station.name == f"{place}供电所")
