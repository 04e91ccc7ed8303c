"""Words for enumerations and flags met in practice (取值, domain.md §2): Chinese and English to canonical values.

Operational digit codes are not here: their direction differs from system to system (0 is 满意 in one, 不满意 in
another), so a source that uses them says so under `[sources.values.<column>]`. Area codes agree everywhere and are.
"""

from __future__ import annotations

from functools import cache

from collectors.headers import plain
from collectors.records import RECORDS

_AREA = {
    "城区": "urban", "城市": "urban", "城镇": "urban", "市区": "urban", "城网": "urban", "01": "urban", "1": "urban",
    "农村": "rural", "乡村": "rural", "农网": "rural", "02": "rural", "2": "rural",
    "特殊边远": "remote", "特殊边远地区": "remote", "边远": "remote", "边远地区": "remote", "偏远": "remote",
    "03": "remote", "3": "remote",
}  # fmt: skip
_SATISFACTION = {
    "满意": "satisfied", "非常满意": "satisfied", "很满意": "satisfied", "比较满意": "satisfied", "较满意": "satisfied",
    "基本满意": "satisfied", "一般": "neutral", "不满意": "dissatisfied", "非常不满意": "dissatisfied",
    "很不满意": "dissatisfied", "较不满意": "dissatisfied", "比较不满意": "dissatisfied",
    "未评价": "", "未评": "", "未回访": "", "无": "", "未回复": "",
}  # fmt: skip
_OFFICE_LEVEL = {
    "地市公司": "company", "市公司": "company", "公司": "company", "供电公司": "company", "地市": "company",
    "县公司": "county", "区县公司": "county", "供电分公司": "county", "分公司": "county", "供电中心": "county",
    "区县": "county", "县": "county",
    "供电所": "station", "供电营业所": "station", "供电服务站": "station", "所": "station", "站所": "station",
    "营业厅": "hall", "供电营业厅": "hall", "厅": "hall",
}  # fmt: skip

CHOICES: dict[tuple[str, str], dict[str, str]] = {
    ("*", "area"): _AREA,
    ("*", "satisfaction"): _SATISFACTION,
    ("offices", "level"): _OFFICE_LEVEL,
    ("tickets", "type"): {
        "故障报修": "fault", "故障抢修": "fault", "报修": "fault", "故障": "fault", "抢修": "fault",
        "投诉": "complaint", "举报": "report", "意见": "opinion", "建议": "suggestion",
        "业务咨询": "enquiry", "咨询": "enquiry", "表扬": "praise",
        "服务申请": "request", "业务申请": "request", "业务受理": "request", "申请": "request",
    },
    ("tickets", "substantiated"): {
        "属实": "yes", "是": "yes", "完全属实": "yes", "不属实": "no", "否": "no", "部分属实": "partly",
        "y": "yes", "n": "no", "true": "yes", "false": "no", "基本属实": "partly",
    },
    ("tickets", "severity"): {
        "一般": "general", "重要": "important", "重大": "major", "特殊": "special",
        "一般投诉": "general", "重要投诉": "important", "重大投诉": "major", "特殊投诉": "special",
    },
    ("tickets", "emotion"): {
        "一般": "calm", "平静": "calm", "正常": "calm", "激动": "agitated", "非常激动": "very_agitated",
    },
    ("applications", "class"): {
        "居民": "residential", "低压居民": "residential", "居民客户": "residential", "居民新装": "residential",
        "低压非居民": "low_voltage", "低压": "low_voltage", "非居民": "low_voltage", "低压非居": "low_voltage",
        "高压单": "high_voltage_single", "高压双": "high_voltage_dual", "高压多电源": "high_voltage_dual",
        "分布式光伏并网": "solar", "光伏并网": "solar",
        "高压单电源": "high_voltage_single", "高压双电源": "high_voltage_dual", "光伏": "solar", "分布式光伏": "solar",
    },
    ("evaluations", "kind"): {
        "业扩服务评价表": "designated_form", "三指定评价表": "designated_form", "按键评价": "keypress",
        "按键": "keypress", "评价器": "keypress", "回访": "callback", "电话回访": "callback", "调查": "survey",
        "问卷": "survey",
    },
    ("samples", "outcome"): {
        "计划": "planned", "待抽查": "planned", "已抽查": "captured", "已采集": "captured", "未抽查": "missed",
        "漏抽": "missed", "不可查": "not_checkable", "无法检查": "not_checkable", "不可监控": "not_checkable",
    },
    ("samples", "verdict"): {
        "正常": "ok", "合格": "ok", "无违规": "ok", "违规": "violation", "不合格": "violation", "待定": "unsure",
        "不确定": "unsure",
    },
    ("inspections", "kind"): {
        "现场": "on_site", "现场检查": "on_site", "明察": "on_site", "互查": "mutual", "交叉互查": "mutual",
        "暗访": "undercover", "视频": "video", "视频抽查": "video", "视频检查": "video",
    },
    ("inspections", "result"): {
        "正常": "ok", "合格": "ok", "无违规": "ok", "违规": "violation", "不合格": "violation", "存在问题": "violation",
        "无法检查": "not_checkable", "不可检查": "not_checkable", "未检查": "not_checkable",
    },
}  # fmt: skip

FLAGS = {
    "yes": True, "true": True, "1": True, "是": True, "y": True, "t": True, "有": True, "√": True,
    "no": False, "false": False, "0": False, "否": False, "n": False, "f": False, "无": False, "×": False,
}  # fmt: skip

_UNCLEAR: dict[str, bool | None] = {"不清楚": None, "不知道": None, "未填": None, "未填写": None, "未涉及": None}
"""What a customer may tick beside yes and no: nothing is stated."""

COLUMN_FLAGS: dict[tuple[str, str], dict[str, bool | None]] = {
    ("repairs", "customer_owned"): {
        "客户": True, "用户": True, "客户产权": True, "用户产权": True, "客户资产": True, "用户资产": True,
        "专用": True,
        "供电公司": False, "供电企业": False, "公司": False, "公司产权": False, "供电公司产权": False, "公用": False,
        "供电企业产权": False, "公司资产": False, "国网": False, "电网": False,
    },
    ("*", "reported_arrival_late"): {"超时": True, "未超时": False, "正常": False},
    ("*", "reported_restore_late"): {"超时": True, "未超时": False, "正常": False},
    ("hall_days", "open"): {"营业": True, "开门": True, "休息": False, "停业": False, "关门": False},
    ("applications", "card_issued"): {"已发": True, "已发放": True, "未发": False, "未发放": False},
    ("evaluations", "designated_design"): _UNCLEAR,
    ("evaluations", "designated_construction"): _UNCLEAR,
    ("evaluations", "designated_supply"): _UNCLEAR,
    ("evaluations", "extra_fee"): _UNCLEAR,
    ("evaluations", "reached"): {"接通": True, "成功": True, "未接通": False, "不成功": False},
}  # fmt: skip


@cache
def choices(record: str, column: str) -> dict[str, str]:
    """Compared word → canonical value; the canonical values always count, `""` means deliberately nothing."""
    words = {value: value for value in RECORDS[record].column(column).values}
    for key in (("*", column), (record, column)):
        words.update({plain(word): value for word, value in CHOICES.get(key, {}).items()})
    return words


@cache
def flags(record: str, column: str) -> dict[str, bool | None]:
    """Compared word → yes or no; None means deliberately nothing."""
    words: dict[str, bool | None] = dict(FLAGS)
    for key in (("*", column), (record, column)):
        words.update({plain(word): value for word, value in COLUMN_FLAGS.get(key, {}).items()})
    return words
