"""Records as the systems of the field write them (导出): Chinese headings and words, mixed forms, some dirt.

`*_sheet` functions turn canonical frames (naive local times) into sheets of text. Which rows are dirty depends on the
name of the file, so that the next export of the same record is clean.
"""

from __future__ import annotations

from datetime import date, datetime

import polars as pl

from dashboard.demo.company import COMPANY_CODE, COMPANY_NAME, COUNTIES, WAITING_PLACE, Hall, Station, halls, stations
from dashboard.demo.draws import generator
from dashboard.demo.sheets import Sheet
from dashboard.demo.words import REPAIRERS, REPLIES, TEAMS

TYPES = {"fault": "故障报修", "complaint": "投诉", "report": "举报", "opinion": "意见", "suggestion": "建议",
         "enquiry": "业务咨询", "praise": "表扬", "request": "服务申请"}  # fmt: skip
SATISFACTION = {"satisfied": "满意", "neutral": "一般", "dissatisfied": "不满意"}
SUBSTANTIATED = {"yes": "属实", "no": "不属实", "partly": "部分属实"}
SEVERITY = {"general": "一般", "important": "重要", "major": "重大"}
AREAS = {"urban": "城区", "rural": "农村", "remote": "特殊边远"}
OUTCOMES = {"captured": "已抽查", "missed": "未抽查", "not_checkable": "无法检查"}
VERDICTS = {"ok": "正常", "violation": "违规", "unsure": "待定"}
KINDS = {"video": "视频", "on_site": "现场", "mutual": "互查", "undercover": "暗访"}
RESULTS = {"ok": "合格", "violation": "违规", "not_checkable": "无法检查"}
LEVELS = {"company": "市公司", "county": "县公司", "station": "供电所", "hall": "营业厅"}
RENAMED = "麦场"
"""The station that was called 麦场供电营业所 until the middle of the last quarter."""

_TICKET_COLUMNS = {
    "工单编号": "ticket_no",
    "主单编号": "parent_ticket_no",
    "工单来源": "source",
    "业务类型": "type",
    "业务子类型": "category",
    "供电单位": "office",
    "城乡类别": "area",
    "客户编号": "customer_no",
    "联系电话": "phone",
    "受理时间": "accepted_at",
    "派单时间": "dispatched_at",
    "接单时间": "taken_at",
    "联系客户时间": "contacted_at",
    "到达现场时间": "arrived_at",
    "处理完毕时间": "finished_at",
    "回单时间": "replied_at",
    "回访时间": "visited_at",
    "归档时间": "archived_at",
    "催办次数": "urges",
    "回退次数": "returns",
    "是否属实": "substantiated",
    "满意度": "satisfaction",
    "投诉等级": "severity",
    "受理内容": "content",
    "客户情绪": "emotion",
    "处理意见": "reply",
    "是否撤单": "withdrawn",
    "是否模拟": "simulated",
}
_REPAIR_COLUMNS = {
    "抢修单号": "repair_no",
    "国网工单编号": "ticket_no",
    "工单单位": "office",
    "抢修班组": "team",
    "抢修人员": "repaired_by",
    "现场分类": "area",
    "受理时间": "accepted_at",
    "派单时间": "dispatched_at",
    "接单时间": "taken_at",
    "到达现场时间": "arrived_at",
    "恢复送电时间": "restored_at",
    "回单时间": "replied_at",
    "故障大类": "fault_class",
    "产权属性": "customer_owned",
    "所属线路": "line",
    "所属台区": "transformer",
    "用户编号": "customer_no",
    "到岗超时工单": "reported_arrival_late",
    "是否模拟": "simulated",
}
_IN_MINUTES = {
    "arrived_at": ("drive", "到达现场时长(分钟)"),
    "restored_at": ("work", "故障修复时长(分钟)"),
}
"""Stamps that an older export leaves out, giving whole minutes since the step before as text."""
_FORMS = ("%Y-%m-%d %H:%M:%S", "%Y/%-m/%-d %-H:%M:%S", "%Y%m%d%H%M%S", "%Y年%-m月%-d日 %H:%M:%S", "%Y-%m-%d %H:%M:%S.0")
_TO_THE_MINUTE = "%Y/%-m/%-d %-H:%M"


def tickets_sheet(rows: pl.DataFrame, first: date, last: date, exported: datetime, name: str) -> Sheet:
    """The 95598 list of tickets, one row each."""
    rows = rows.with_columns(*_answered())
    text = _as_text(rows, "ticket_no", {"type": TYPES, "satisfaction": SATISFACTION, "area": AREAS,
                                        "substantiated": SUBSTANTIATED, "severity": SEVERITY})  # fmt: skip
    named = text.select(pl.col(column).alias(heading) for heading, column in _TICKET_COLUMNS.items())
    dirty = _soiled(named, name, key="工单编号", office="供电单位", stamp="回单时间", changed="满意度")
    return Sheet(
        f"{COMPANY_NAME}95598工单明细", _numbered(dirty), (f"{first}", f"{last}"), exported, total=True,
        note="注：催办不单独计件；数据取自95598工单系统。",
    )  # fmt: skip


def repairs_sheet(
    rows: pl.DataFrame, first: date, last: date, exported: datetime, name: str, *, minutes: bool = False
) -> Sheet:
    """The dispatch desk's list of repairs; with `minutes` as an older system gives it, see `_IN_MINUTES`."""
    spans = (
        (pl.col(end) - pl.col(start)).dt.total_minutes().alias(name)
        for name, (start, end) in {
            "drive": ("accepted_at", "arrived_at"),
            "work": ("arrived_at", "restored_at"),
        }.items()
    )
    text = _as_text(rows.with_columns(_owner(), _repairer(), *spans), "repair_no", {"area": AREAS})
    columns = {
        heading: column for heading, column in _REPAIR_COLUMNS.items() if column not in _IN_MINUTES or not minutes
    }
    columns |= {heading: column for column, heading in _IN_MINUTES.values()} if minutes else {}
    named = text.select(pl.col(column).alias(heading) for heading, column in columns.items())
    stamp = "故障修复时长(分钟)" if minutes else "恢复送电时间"
    dirty = _soiled(named, name, key="抢修单号", office="工单单位", stamp=stamp, changed="抢修班组")
    return Sheet(
        f"{COMPANY_NAME}故障抢修工单", _numbered(dirty), (f"{first}", f"{last}"), exported, total=True,
        note="注：到岗超时工单由班组填报。",
    )  # fmt: skip


def _answered() -> list[pl.Expr]:
    """How agitated who complains was, and what was replied: some replies are weak. By the number, without a draw."""
    place = pl.col("ticket_no").str.slice(-2).cast(pl.Int64, strict=False).fill_null(0)
    upset = pl.when(place < 6).then(pl.lit("非常激动")).when(place < 25).then(pl.lit("激动")).otherwise(pl.lit("一般"))
    said = place.replace_strict(dict(enumerate(REPLIES * 5)), default=REPLIES[0], return_dtype=pl.String)
    return [
        pl.when(pl.col("type") == "complaint").then(upset).alias("emotion"),
        pl.when(pl.col("replied_at").is_not_null() & (pl.col("type") != "praise")).then(said).alias("reply"),
    ]


def _repairer() -> pl.Expr:
    """Who carried it out: two people to a team, by the number of the repair."""
    team = pl.col("team").replace_strict({name: place for place, name in enumerate(TEAMS)}, default=0)
    number = pl.col("repair_no").str.slice(-2).cast(pl.Int64, strict=False).fill_null(0)
    office = pl.col("office").str.slice(-2).cast(pl.Int64, strict=False).fill_null(0)
    which = (office * 3 + team * 2 + number % 2) % len(REPAIRERS)
    name = which.replace_strict(dict(enumerate(REPAIRERS)), return_dtype=pl.String)
    return pl.when(pl.col("arrived_at").is_not_null()).then(name).alias("repaired_by")


def _owner() -> pl.Expr:
    customer = pl.when("customer_owned").then(pl.lit("客户")).when(~pl.col("customer_owned")).then(pl.lit("供电公司"))
    return customer.alias("customer_owned")


def samples_sheet(rows: pl.DataFrame, first: date, last: date, exported: datetime) -> Sheet:
    """The old platform's monthly sheet of spot checks, two header rows."""
    names = _hall_names()
    text = rows.select(
        pl.col("sample_id").alias("抽查编号"),
        pl.col("hall").replace_strict(names).alias("营业厅"),
        pl.col("camera").alias("摄像机编码"),
        pl.col("date").cast(pl.String).alias("日期"),
        pl.col("slot").cast(pl.String).alias("时段"),
        *(
            pl.col(column).dt.strftime("%Y-%m-%d %H:%M:%S").alias(heading)
            for heading, column in (("计划时间", "planned_at"), ("抽查时间", "captured_at"))
        ),
        pl.col("outcome").replace_strict(OUTCOMES).alias("结果"),
        pl.col("cause").alias("原因"),
        pl.col("verdict").replace_strict(VERDICTS, default=None).alias("复核结论"),
        pl.col("reviewed_at").dt.strftime("%Y-%m-%d %H:%M:%S").alias("复核时间"),
    )
    groups = (
        "",
        "抽查对象",
        "抽查对象",
        "抽查计划",
        "抽查计划",
        "抽查计划",
        "抽查结果",
        "抽查结果",
        "抽查结果",
        "人工复核",
        "人工复核",
    )
    return Sheet(
        "营业厅视频抽查记录",
        text,
        (f"{first}", f"{last}"),
        exported,
        groups,
        True,
        "注：未抽查、无法检查均须注明原因。",
    )


def inspections_sheet(rows: pl.DataFrame, first: date, last: date, exported: datetime) -> Sheet:
    """Confirmed violations and the sheets of visits."""
    text = rows.select(
        pl.col("inspection_no").alias("检查编号"),
        pl.col("kind").replace_strict(KINDS).alias("检查方式"),
        pl.col("hall").replace_strict(_hall_names()).alias("营业厅"),
        pl.col("at").dt.strftime("%Y/%-m/%-d %-H:%M:%S").alias("检查时间"),
        pl.col("inspector").alias("检查人"),
        pl.col("item").alias("项目编码"),
        pl.col("result").replace_strict(RESULTS).alias("检查结果"),
        pl.col("count").cast(pl.String).alias("次数"),
        pl.col("note").alias("说明"),
    )
    return Sheet("营业厅规范检查记录", text, (f"{first}", f"{last}"), exported, total=True)


def hall_days_sheet(rows: pl.DataFrame, exported: datetime) -> Sheet:
    """Days on which a hall is open or closed otherwise than usual."""
    text = rows.select(
        pl.col("hall").replace_strict(_hall_names()).alias("营业厅"),
        pl.col("date").cast(pl.String).alias("日期"),
        pl.when("open").then(pl.lit("是")).otherwise(pl.lit("否")).alias("是否营业"),
        pl.col("opens").alias("开门时间"),
        pl.col("closes").alias("关门时间"),
        pl.col("reason").alias("原因"),
        pl.col("filed_at").dt.strftime("%Y-%m-%d %H:%M").alias("报备时间"),
    )
    return Sheet("营业厅营业日历（例外）", text, exported=exported)


def offices_sheet(renamed_on: date, day_before: date) -> Sheet:
    """The tree of offices: by pointer, with short names and one renaming."""
    rows = [_office_row(COMPANY_CODE, COMPANY_NAME, "", "company", aliases="青岚公司;市公司")]
    for county in COUNTIES:
        rows.append(
            _office_row(
                county.code, county.name, COMPANY_CODE, "county", peer_group=county.peer_group, aliases=county.short
            )
        )
    for station in stations():
        rows.extend(_station_rows(station, renamed_on, day_before))
    rows += [_office_row(hall.code, hall.name, hall.above, "hall", aliases=_hall_aliases(hall)) for hall in halls()]
    return Sheet(f"{COMPANY_NAME}单位台账", pl.DataFrame(rows, orient="row", schema=_OFFICE_HEADINGS))


_OFFICE_HEADINGS = dict.fromkeys(
    (
        "单位编码",
        "单位名称",
        "上级单位编码",
        "单位级别",
        "城乡类别",
        "同业组",
        "客户数",
        "别名",
        "生效日期",
        "失效日期",
    ),
    pl.String,
)


def _office_row(code: str, name: str, above: str, level: str, **more: str) -> tuple[str, ...]:
    """One line of the register; `more` fills the columns after the level by their canonical names."""
    later = ("area", "peer_group", "customers", "aliases", "valid_from", "valid_to")
    return (code, name, above, LEVELS[level], *(more.get(column, "") for column in later))


def _station_rows(station: Station, renamed_on: date, day_before: date) -> list[tuple[str, ...]]:
    """One line, two for the station that was renamed."""
    place = station.name.removesuffix("供电所")
    aliases = f"{place}所;{station.county.short}县{station.name}"
    shared = {
        "peer_group": station.county.peer_group,
        "area": AREAS[station.area],
        "customers": f"{station.customers}",
    }
    keys = (station.code, station.name, station.county.code, "station")
    if place != RENAMED:
        return [_office_row(*keys, **shared, aliases=aliases)]
    old = f"{place}供电营业所"
    before = _office_row(
        station.code, old, *keys[2:], **shared, aliases=f"{aliases};{station.name}", valid_to=f"{day_before}"
    )
    return [before, _office_row(*keys, **shared, aliases=f"{aliases};{old}", valid_from=f"{renamed_on}")]


def _hall_aliases(hall: Hall) -> str:
    return hall.name.replace("供电营业厅", "营业厅")


def cameras_sheet(reference: str, playback: str) -> Sheet:
    """The cameras this program reaches, those of the filmed halls: windows as polygons, recordings, reference picture.

    `reference` and `playback` are templates with `{camera}`; `playback` holds strftime fields of the moment.
    """
    rows = [
        (
            camera.code,
            hall.code,
            camera.name,
            playback.replace("{camera}", camera.code),
            camera.windows_json,
            f"{WAITING_PLACE}",
            reference.replace("{camera}", camera.code),
        )
        for hall in halls()
        for camera in hall.cameras
        if hall.filmed
    ]
    headings = ("code", "hall_code", "name", "playback_url", "windows", "waiting_area", "reference_image")
    return Sheet("", pl.DataFrame(rows, orient="row", schema=dict.fromkeys(headings, pl.String)))


def _hall_names() -> dict[str, str]:
    return {hall.code: hall.name for hall in halls()}


def _as_text(rows: pl.DataFrame, key: str, words: dict[str, dict[str, str]]) -> pl.DataFrame:
    """Everything as text: words for codes, 是 and 否, times in the forms that such systems mix."""
    spread = pl.col(key).str.slice(-7).cast(pl.Int64)
    stamps = [name for name in rows.columns if name.endswith("_at")]
    flags = [name for name, kind in rows.schema.items() if kind == pl.Boolean]
    return rows.with_columns(
        *(pl.col(name).replace_strict(table, default=None) for name, table in words.items()),
        *(_stamp_text(name, spread) for name in stamps),
        *(pl.when(name).then(pl.lit("是")).when(~pl.col(name)).then(pl.lit("否")).alias(name) for name in flags),
        _office_text(spread),
    ).with_columns(pl.all().cast(pl.String).replace("", None))


def _stamp_text(name: str, spread: pl.Expr) -> pl.Expr:
    """Seven rows in eight in one form, the others in every other form; midnight as 24:00 of the day before."""
    column, kind = pl.col(name), spread // 7 % 40
    text = column.dt.strftime(_FORMS[0])
    for place, form in enumerate(_FORMS[1:], start=1):
        text = pl.when(kind == place).then(column.dt.strftime(form)).otherwise(text)
    text = pl.when(kind == 5).then(column.dt.strftime(_TO_THE_MINUTE)).otherwise(text)
    midnight = column == column.dt.truncate("1d")
    before = (column - pl.duration(days=1)).dt.strftime("%Y-%m-%d 24:00:00")
    return pl.when(midnight).then(before).otherwise(text).alias(name)


def _office_text(spread: pl.Expr) -> pl.Expr:
    """The office by its name, its short or long one, with 国网 before it or blanks behind it, or by its code."""
    own = {station.code: station.name for station in stations()}
    short = {station.code: station.name.replace("供电所", "所") for station in stations()}
    long = {station.code: f"{station.county.short}县{station.name}" for station in stations()}
    kind = spread // 7 % 20
    name = pl.col("office").replace_strict(own)
    return (
        pl.when(kind == 0).then(pl.col("office").replace_strict(short))
        .when(kind == 1).then(pl.col("office").replace_strict(long))
        .when(kind == 2).then(pl.concat_str(pl.lit("国网"), name))
        .when(kind == 3).then(pl.concat_str(name, pl.lit("\u00a0 ")))
        .when(kind == 4).then(pl.col("office"))
        .otherwise(name).alias("office")
    )  # fmt: skip


def _soiled(rows: pl.DataFrame, file: str, *, key: str, office: str, stamp: str, changed: str) -> pl.DataFrame:
    """The dirt of one file: unknown offices, unreadable times, ids ruined by Excel, full-width digits, duplicates."""
    if rows.height < 400:
        return rows
    rng = generator("dirt", file)
    places = [int(place) for place in rng.choice(rows.height, size=17, replace=False)]
    cells = rows.to_dict(as_series=False)
    for place, name in zip(places[:3], ("直供", "市本级", "三叉供电所"), strict=True):
        cells[office][place] = name
    cells["受理时间"][places[3]] = "2026/2/30 10:15:00"
    cells["受理时间"][places[4]] = ""
    for place, text in zip(places[5:8], ("待定", "0000-00-00 00:00:00", "——"), strict=True):
        cells[stamp][place] = text
    for place in places[8:10]:
        cells[key][place] = "2.02611E+15"
    for column in (key, "受理时间"):
        cells[column][places[10]] = _full_width(cells[column][places[10]])
    soiled = pl.DataFrame(cells, schema=rows.schema)
    again = soiled[places[11:14]]
    conflicting = soiled[places[14:15]].with_columns(pl.lit(_other(soiled[changed][places[14]])).alias(changed))
    return pl.concat([soiled, again, conflicting])


def _full_width(text: str | None) -> str:
    return "".join(chr(ord(letter) + 0xFEE0) if "0" <= letter <= "9" else letter for letter in text or "")


def _other(text: str | None) -> str:
    return "一般" if text != "一般" else "满意"


def _numbered(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.with_row_index("序号", offset=1).with_columns(pl.col("序号").cast(pl.String))
