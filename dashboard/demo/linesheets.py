"""Connections, evaluations and measures as their systems write them (导出): Chinese headings, words and some dirt."""

from __future__ import annotations

from datetime import date, datetime

import polars as pl

from dashboard.demo.company import COMPANY_CODE, COMPANY_NAME, COUNTIES, halls, stations
from dashboard.demo.sheets import Sheet

CLASSES = {"residential": "低压居民", "low_voltage": "低压非居民", "high_voltage_single": "高压单电源",
           "high_voltage_dual": "高压双电源", "solar": "分布式光伏"}  # fmt: skip
_YES_NO = {True: "是", False: "否"}
_TO_THE_SECOND, _SLASHES = "%Y-%m-%d %H:%M:%S", "%Y/%-m/%-d %-H:%M:%S"


def applications_sheet(rows: pl.DataFrame, first: date, last: date, exported: datetime, *, dirty: bool) -> Sheet:
    """The list of connection flows, one row each."""
    stamps = {
        "受理时间": "accepted_at", "供电方案答复时间": "plan_answered_at", "设计文件审核时间": "design_reviewed_at",
        "竣工检验时间": "inspected_at", "装表接电时间": "connected_at", "归档时间": "archived_at",
    }  # fmt: skip
    text = rows.select(
        pl.col("application_no").alias("申请编号"),
        _named("office"),
        pl.col("class").replace_strict(CLASSES).alias("报装类别"),
        pl.col("customer_no").alias("户号"),
        *(pl.col(stamp).dt.strftime(_TO_THE_SECOND).alias(heading) for heading, stamp in stamps.items()),
        pl.col("papers").cast(pl.String).alias("收资份数"),
        pl.col("visits").cast(pl.String).alias("客户往返次数"),
        pl.col("paused_working_days").cast(pl.String).alias("客户原因暂停工作日"),
        pl.col("card_issued").replace_strict(_YES_NO, default=None, return_dtype=pl.String).alias("是否发放明白卡"),
        pl.col("note").alias("备注"),
    )
    text = _soiled(text) if dirty else text
    return Sheet(f"{COMPANY_NAME}业扩报装流程明细", text, (f"{first}", f"{last}"), exported, total=True,
                 note="注：暂停为客户原因，须附客户签字。")  # fmt: skip


def _soiled(rows: pl.DataFrame) -> pl.DataFrame:
    """An office nobody knows, an acceptance and a connection that no calendar has."""
    cells = rows.to_dict(as_series=False)
    connected = next(place for place, text in enumerate(cells["装表接电时间"]) if text and place > 4)
    cells["供电单位"][1], cells["受理时间"][3], cells["装表接电时间"][connected] = "业扩中心", "2026/2/30", "2026/13/5"
    return pl.DataFrame(cells, schema=rows.schema)


def forms_sheet(rows: pl.DataFrame, first: date, last: date, exported: datetime) -> Sheet:
    """What customers wrote on the forms from the boxes."""
    text = rows.select(
        pl.col("evaluation_no").alias("评价表编号"),
        pl.col("record_no").alias("申请编号"),
        _named("office"),
        pl.col("at").dt.strftime(_SLASHES).alias("填表日期"),
        pl.col("satisfaction").alias("总体满意度"),
        pl.col("design").alias("是否指定设计单位"),
        pl.col("construction").alias("是否指定施工单位"),
        pl.col("supply").alias("是否指定设备材料供应单位"),
        pl.col("fee").alias("是否吃拿卡要"),
        pl.col("attitude").cast(pl.String).alias("服务态度评分"),
        (pl.lit("意见箱") + pl.col("office").str.slice(-2)).alias("意见箱编号"),
        pl.lit("纪检专责").alias("开箱人"),
    )
    return Sheet("业扩服务评价表汇总", text, (f"{first}", f"{last}"), exported, total=True)


def callbacks_sheet(rows: pl.DataFrame, first: date, last: date, exported: datetime) -> Sheet:
    """The call-back desk's list."""
    text = rows.select(
        pl.col("evaluation_no").alias("回访单号"),
        pl.col("record_no").alias("工单编号"),
        _named("office"),
        pl.col("at").dt.strftime(_TO_THE_SECOND).alias("回访时间"),
        pl.col("reached").replace_strict({True: "接通", False: "未接通"}).alias("接通情况"),
        pl.col("satisfaction").alias("回访满意度"),
    )
    return Sheet("电话回访明细", text, (f"{first}", f"{last}"), exported, total=True)


def keypresses_sheet(rows: pl.DataFrame, first: date, last: date, exported: datetime) -> Sheet:
    """What the key pads at the counters recorded."""
    text = rows.select(
        pl.col("evaluation_no").alias("按键编号"),
        pl.col("office").replace_strict({hall.code: hall.name for hall in halls()}).alias("营业厅"),
        pl.col("at").dt.strftime(_TO_THE_SECOND).alias("按键时间"),
        pl.col("satisfaction").alias("评价结果"),
    )
    return Sheet("营业厅按键评价", text, (f"{first}", f"{last}"), exported, total=True)


def fees_sheet(rows: pl.DataFrame, exported: datetime) -> Sheet:
    """The finance department's form: what was to be collected and what came."""
    text = rows.select(
        _named("office"),
        pl.col("month").alias("统计月份"),
        pl.col("denominator").alias("应收电费"),
        pl.col("numerator").alias("实收电费"),
        pl.lit("元").alias("计量单位"),
    )
    return Sheet(f"{COMPANY_NAME}电费回收情况表", text, exported=exported, total=True)


def measures_sheet(rows: pl.DataFrame, exported: datetime, *, dirty: bool) -> Sheet:
    """Every other line, one row per line, office and month; twice somebody wrote what cannot be added up."""
    text = rows.select(
        pl.col("line").alias("指标名称"),
        _named("office"),
        pl.col("month").alias("统计月份"),
        pl.col("numerator").alias("分子"),
        pl.col("denominator").alias("分母"),
        pl.lit("各专业部门").alias("数据来源"),
    )
    if dirty:
        cells = text.to_dict(as_series=False)
        cells["指标名称"][-1], cells["分子"][-2], cells["分母"][-2] = "抄表正确率", "97.3%", None
        text = pl.DataFrame(cells, schema=text.schema)
    return Sheet(
        f"{COMPANY_NAME}专业指标月报", text, exported=exported, total=True, note="注：停电信息到户率缺报不补。"
    )


def scores_sheet(rows: pl.DataFrame, exported: datetime) -> Sheet:
    """The old platform's last act: what it had scored, without the records."""
    text = rows.select(
        _named("office"),
        pl.col("period").alias("考核周期"),
        pl.col("score").alias("综合得分"),
        pl.col("rank").alias("排名"),
        pl.col("arrivals").alias("抢修到岗及时率"),
    )
    return Sheet(f"{COMPANY_NAME}历史考核得分", text, exported=exported, note="注：旧系统评分，口径见原办法。")


def _named(column: str) -> pl.Expr:
    names = {station.code: station.name for station in stations()}
    names |= {county.code: county.name for county in COUNTIES} | {COMPANY_CODE: COMPANY_NAME}
    return pl.col(column).replace_strict(names).alias("供电单位")
