"""Monthly measures of the other lines (专业指标): a level, a season and a drift per line, a leaning per office."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import cache
from math import cos, pi

import polars as pl

from dashboard.demo.company import COMPANY_CODE, COUNTIES, stations
from dashboard.demo.draws import generator


@dataclass(frozen=True, slots=True)
class Line:
    """One line of work: what it is divided by per customer and month, and its usual value.

    `spread` is how much an office's month differs, `leaning` how much offices differ for good, `season` the swing
    between summer and winter (positive: higher in summer), `drift` what a year changes.
    """

    name: str
    each: float
    usual: float
    spread: float
    leaning: float
    season: float = 0.0
    drift: float = 0.0
    most: float = 1.0


BY_STATION = (
    Line("电费回收率", 96.0, 0.9915, 0.004, 0.005, drift=0.002),
    Line("线损率", 210.0, 0.0560, 0.004, 0.012, season=0.008, drift=-0.004),
    Line("采集成功率", 1.0, 0.9925, 0.002, 0.004, season=-0.002, drift=0.002),
    Line("来电损失率", 0.012, 0.0420, 0.012, 0.015, season=0.02),
)
"""What stations are judged by (O1–O4); the first is reported in a form of its own."""
BY_COUNTY = (
    Line("台区线损率", 88.0, 0.0390, 0.002, 0.006, season=0.006, drift=-0.002),
    Line("采集消缺及时率", 0.004, 0.9520, 0.015, 0.02),
    Line("余额提醒发送率", 0.11, 0.9860, 0.004, 0.006),
    Line("费控复电成功率", 0.02, 0.9710, 0.006, 0.01, season=-0.01),
    Line("现场复电及时率", 0.0006, 0.9550, 0.02, 0.02),
    Line("舆情响应及时率", 0.000008, 0.94, 0.05, 0.02),
    Line("光伏绿色通道及时率", 0.0004, 0.9300, 0.03, 0.03, drift=0.03),
    Line("光伏并网户数", 0.0, 74.0, 9.0, 20.0, season=12.0, drift=30.0, most=1e9),
    Line("停电信息到户率", 0.3, 0.9780, 0.005, 0.01),
    Line("供电可靠率", 720.0, 0.99932, 0.0001, 0.0002, season=-0.0003),
    Line("电压合格率", 44.0, 0.9915, 0.001, 0.003, season=-0.003),
    Line("平均排队时间", 0.05, 31.0, 5.0, 7.0, season=14.0, most=1e9),
    Line("低电压户数", 0.0, 96.0, 12.0, 40.0, season=70.0, drift=-24.0, most=1e9),
    Line("欠费户数", 0.0, 140.0, 18.0, 60.0, season=20.0, drift=-10.0, most=1e9),
    Line("欠费风险户占比", 1.0, 0.021, 0.002, 0.008),
    Line("高损台区占比", 0.02, 0.041, 0.004, 0.014, season=0.008, drift=-0.006),
    Line("负损台区占比", 0.02, 0.012, 0.003, 0.006),
    Line("超大损台区占比", 0.02, 0.004, 0.001, 0.002),
    Line("重过载配变占比", 0.02, 0.036, 0.006, 0.012, season=0.018),
    Line("过载线路数", 0.0, 0.6, 0.7, 0.4, season=0.7, most=1e9),
    Line("电表余额不足户数", 0.0, 210.0, 30.0, 90.0, season=25.0, most=1e9),
    Line("购电失败率", 0.3, 0.006, 0.001, 0.003),
    Line("购电次数修正", 0.0, 3.0, 1.5, 2.0, most=1e9),
    Line("换表记录完整率", 0.004, 0.984, 0.006, 0.01),
    Line("换表余额一致率", 0.004, 0.997, 0.002, 0.002),
    Line("来电损失率（按接通）", 0.012, 0.047, 0.012, 0.015, season=0.024, most=9.0),
    Line("平均应答速度", 0.048, 19.0, 3.0, 5.0, season=8.0, most=1e9),
    Line("20秒接通率", 0.05, 0.86, 0.02, 0.03, season=-0.05),
    Line("按键评价满意率", 0.03, 0.981, 0.004, 0.006),
    Line("当面询问满意率", 0.002, 0.965, 0.01, 0.01),
    Line("抽样调查满意率", 0.001, 0.931, 0.015, 0.02),
    Line("互动评价满意率", 0.0006, 0.94, 0.02, 0.02),
    Line("客户走访完成率", 0.003, 0.963, 0.015, 0.02),
    Line("回访及时率", 0.02, 0.958, 0.01, 0.015),
    Line("舆情事件", 0.0, 0.2, 0.4, 0.2, most=1e9),
    Line("特殊客户关怀完成率", 0.002, 0.97, 0.012, 0.015),
    Line("用电检查完成率", 0.004, 0.955, 0.02, 0.02),
    Line("大客户年度检查完成率", 0.0004, 0.98, 0.01, 0.015),
)
"""Lines of weight 0: shown, not scored."""
BENCHMARK = (
    ("同业对标供电服务", 24.44, 27.70, 25.83, 55),
    ("同业对标电网状况", 20.87, 24.10, 21.90, 48),
)
"""Score, the best, the mean and the place among 62 companies that the regional office publishes each month."""
COMPANIES = 62
SILENT = ("停电信息到户率", COUNTIES[4].code, (7, 8))
"""Nobody reported this line of this county in these months: no data is neither good nor bad."""
_COLUMNS = dict.fromkeys(("line", "office", "month", "numerator", "denominator"), pl.String)


def measures_of(months: list[date], lines: tuple[Line, ...]) -> pl.DataFrame:
    """Numerator and denominator as text, per line, office and month."""
    rows = [
        (line.name, office, f"{month:%Y-%m}", *_counted(line, office, customers, month))
        for month in months for line in lines for office, customers in _offices(line)
        if (line.name, office) != SILENT[:2] or month.month not in SILENT[2]
    ]  # fmt: skip
    return pl.DataFrame(rows, schema=_COLUMNS, orient="row")


def benchmarks_of(months: list[date]) -> pl.DataFrame:
    """Where the whole company stands among others: score, best, mean and place, per month."""
    rows = []
    for month in months:
        for name, own, best, mean, place in BENCHMARK:
            moved = float(generator("benchmark", name, month).normal(0.0, 0.3)) + 0.4 * (month.year - 2026)
            rank = min(max(round(place - 12 * moved), 1), COMPANIES)
            said = {"得分": f"{own + moved:.2f}", "最高分": f"{best:.2f}", "平均分": f"{mean:.2f}"}
            rows += [(name + end, COMPANY_CODE, f"{month:%Y-%m}", value, "1") for end, value in said.items()]
            rows.append((f"{name}排名", COMPANY_CODE, f"{month:%Y-%m}", f"{rank}", f"{COMPANIES}"))
    return pl.DataFrame(rows, schema=_COLUMNS, orient="row")


@cache
def _customers() -> dict[str, int]:
    found = {station.code: station.customers for station in stations()}
    for county in COUNTIES:
        found[county.code] = sum(station.customers for station in stations() if station.county is county)
    return found


def _offices(line: Line) -> list[tuple[str, int]]:
    codes = [s.code for s in stations()] if line in BY_STATION else [county.code for county in COUNTIES]
    return [(code, _customers()[code]) for code in codes]


def _counted(line: Line, office: str, customers: int, month: date) -> tuple[str, str]:
    value = _value(line, office, month)
    if not line.each:
        return f"{max(round(value), 0)}", "1"
    rng = generator("volume", line.name, office, month)
    base = max(round(line.each * customers * (0.9 + 0.2 * rng.random())), 0)
    return f"{round(base * value)}", f"{base}"


def _value(line: Line, office: str, month: date) -> float:
    """The usual value, moved by office, season, drift and chance."""
    own = generator("leaning", line.name, office).uniform(-1, 1)
    chance = generator("month", line.name, office, month).standard_normal()
    summer = -cos(2 * pi * (month.month - 1) / 12)
    years = (month.year - 2026) + (month.month - 6) / 12
    moved = line.usual + line.leaning * own + line.season * summer + line.drift * years + line.spread * chance
    return float(min(max(moved, 0.0), line.most))


def scores_of(quarters: list[date]) -> pl.DataFrame:
    """What the old platform had scored (历史得分): score, rank and one rate per station, quarters without records."""
    rows = []
    for quarter in quarters:
        name = f"{quarter.year}年第{'一二三四'[(quarter.month - 1) // 3]}季度"
        scored = [(station.code, _old_score(station.code, station.pace, name)) for station in stations()]
        order = sorted(scored, key=lambda pair: -pair[1])
        rows += [
            (
                code,
                name,
                f"{score:.2f}",
                f"{1 + sum(other > score for _, other in scored)}",
                f"{0.86 + score / 800:.2%}",
            )
            for code, score in order
        ]
    schema = dict.fromkeys(("office", "period", "score", "rank", "arrivals"), pl.String)
    return pl.DataFrame(rows, schema=schema, orient="row")


def _old_score(code: str, pace: float, quarter: str) -> float:
    """Near what the station reaches today: slow ones were slow, the rest is chance."""
    chance = generator("old scores", code, quarter).standard_normal()
    return round(float(min(max(86.0 - 24.0 * (pace - 1.0) + 4.0 * chance, 45.0), 99.0)), 2)
