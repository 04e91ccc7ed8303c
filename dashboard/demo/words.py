"""What people write in the demo company (文字): categories, teams, faults, the text of a ticket."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Words = NDArray[Any]

TEAMS = ("配电运维一班", "配电运维二班", "综合班", "台区服务班")
REPAIRERS = (
    "赵春生", "钱广林", "孙立新", "李根宝", "周水清", "吴长河", "郑守义", "王大勇", "冯树成", "陈家旺", "褚云峰",
    "卫建国", "蒋志远", "沈平安", "韩石头", "杨青山", "朱铁成", "秦小满", "尤金宝", "许向东",
)  # fmt: skip
REPLIES = (
    "已于当日到场核查，10时20分更换故障设备并恢复，客户确认。", "已联系客户说明原因，2日内完成整改并回访。",
    "经核实情况属实，已对责任人考核50元并向客户致歉，3日内回访。", "线路改造计划已列入本季度，预计15日前完成。",
    "已向客户解释电价政策，提供依据第3条，客户认可。", "现场测量电压215伏，合格，客户知晓。",
    "已更正抄表数据，退还多收电费32元。", "因设备老化跳闸，12日更换开关，已恢复。",
    "已安排2名人员加开窗口，等候不超过10分钟。", "9时到场，更换表计1只，11时恢复。",
    "已于次日完成接电，客户签字确认，共用4个工作日。", "经查为客户内部故障，8时40分告知产权分界。",
    "已按规定5个工作日内答复，客户满意。", "停电原因为计划检修，7日前已公告。",
    "已发送停电通知2次，客户收到。", "资料1份已补齐，业务当日办结。",
    "现场勘查1次，方案3日内答复。", "已处理。", "将尽快安排人员处理。", "已解决，谢谢来电。",
)  # fmt: skip
"""What offices write back; the last three are weak."""
FAULTS = ("低压故障", "高压故障", "客户内部故障", "计量故障", "电能质量故障", "非电力故障")
FAULT_SHARES = (0.56, 0.13, 0.13, 0.1, 0.05, 0.03)
CHANNELS = ("95598电话", "网上国网App", "12345转办", "营业厅", "12398转办")
CHANNEL_SHARES = (0.68, 0.19, 0.07, 0.05, 0.01)
CATEGORIES: dict[str, tuple[str, ...]] = {
    "fault": ("低压/用户端无电", "低压/线路断线", "高压/线路跳闸", "计量/表计黑屏", "电能质量/电压低"),
    "complaint": ("营业投诉/业扩报装超时限", "服务投诉/营业厅人员服务态度", "停送电投诉/频繁停电", 
                  "停送电投诉/抢修超时限", "营业投诉/抄表", "供电质量投诉/电压质量长时间异常", "营业投诉/电费"),
    "report": ("服务行为/三指定", "以电谋私/其他", "里勾外联/违约用电"),
    "opinion": ("服务规范", "停送电", "抄表催费", "业扩", "计量"),
    "suggestion": ("配电网建设", "缴费方式", "服务规范", "电动汽车"),
    "enquiry": ("电费电价", "业务办理", "停电信息", "用电常识", "缴费渠道"),
    "praise": ("行风", "供电服务", "电网建设"),
    "request": ("变更用电", "电表校验", "欠费复电", "信息更新", "增容申请"),
}  # fmt: skip
_TEXTS: dict[str, tuple[str, ...]] = {
    "fault": ("客户来电反映家中无电，邻居有电。", "客户反映整条街停电，请尽快处理。", "客户反映电表黑屏，无法用电。",
              "客户反映雷雨后电线断落在路边，已提醒远离。", "客户反映电压低，空调无法启动。"),
    "complaint": ("客户投诉营业厅无人受理，等候约二十分钟。", "客户投诉报装申请已超过承诺时限仍未接电。",
                  "客户投诉本月已第三次停电，无人说明原因。", "客户投诉抢修人员未在承诺时间内到达。",
                  "客户投诉抄表数据与表计不符，多次反映未解决。"),
    "report": ("客户举报工作人员推荐指定施工单位。", "匿名举报某员工收受好处。"),
    "opinion": ("客户反映营业厅中午无人值班，希望安排。", "客户反映停电通知不及时。",
                "客户反映催费短信过于频繁。"),
    "suggestion": ("建议在小区增设自助缴费终端。", "建议增加充电桩。", "建议延长营业时间。"),
    "enquiry": ("客户咨询阶梯电价执行标准。", "客户咨询过户所需资料。", "客户咨询今日是否有计划停电。",
                "客户咨询电子发票。"),
    "praise": ("客户表扬抢修人员冒雨抢修，态度热情。", "客户送来锦旗，感谢台区经理。"),
    "request": ("客户申请校验电表。", "客户已缴清欠费，申请复电。", "客户申请更名过户。",
                "客户申请增容至20千伏安。"),
}  # fmt: skip
_LINES = ("城郊线", "河东线", "园区线", "山前线", "新街线", "东干线")


def pick(rng: np.random.Generator, choices: Sequence[str], size: int, shares: Sequence[float] | None = None) -> Words:
    """`size` of the choices, drawn by their shares (equal ones without)."""
    weights = None if shares is None else np.array(shares) / sum(shares)
    return rng.choice(np.array(choices), size=size, p=weights)


def categories(rng: np.random.Generator, kinds: Words) -> Words:
    """A category fitting each kind of ticket."""
    return _fitting(rng, kinds, CATEGORIES)


def contents(rng: np.random.Generator, kinds: Words) -> Words:
    """A sentence as a desk would type it."""
    return _fitting(rng, kinds, _TEXTS)


def _fitting(rng: np.random.Generator, kinds: Words, table: dict[str, tuple[str, ...]]) -> Words:
    draws = rng.random(len(kinds))
    return np.array([table[kind][int(draw * len(table[kind]))] for kind, draw in zip(kinds, draws, strict=True)])


def phones(rng: np.random.Generator, size: int) -> Words:
    """Telephone numbers of a block that is not given out (190 0000 xxxx)."""
    return np.array([f"1900000{number:04d}" for number in rng.integers(0, 10_000, size)])


def lines(rng: np.random.Generator, station: NDArray[np.int64]) -> Words:
    """10 kV lines: three to a station."""
    names = [f"10千伏{_LINES[(index + draw) % 6]}{index % 90 + 1:02d}" for index, draw in _with_draw(rng, station, 3)]
    return np.array(names)


def transformers(rng: np.random.Generator, station: NDArray[np.int64]) -> Words:
    """Transformer areas (台区): twenty to a station."""
    return np.array([f"{index + 1:02d}-{draw + 1:02d}号台区" for index, draw in _with_draw(rng, station, 20)])


def _with_draw(rng: np.random.Generator, station: NDArray[np.int64], upto: int) -> list[tuple[int, int]]:
    return list(zip(station.tolist(), rng.integers(0, upto, len(station)).tolist(), strict=True))
