"""Headers met in practice and the canonical columns they mean (表头, domain.md §2.4): recognised without configuration.

A new export needs a line here, or one under `[sources.columns]`. Where a record type lists several headers for a
column, the first that is filled in a row counts: the State Grid number before a local one, a station before its county.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from functools import cache

from collectors.records import RECORDS

EXPORTED_AT = "exported_at"
OFFICE_PARENT = "office_parent"
"""What names the office above one that a source creates (`office_create`); never recognised, only configured."""

_EVERY = {
    EXPORTED_AT: ("导出时间", "导出日期", "数据导出时间"),
}
_OFFICE = (
    "供电所编码", "供电所代码", "供电所", "供电所名称", "营业厅编码", "营业厅", "营业厅名称", "供电单位编码",
    "单位编码", "org_no", "orgno", "mgt_org_code", "mgtorgcode", "管理单位编码", "供电单位", "供电单位名称",
    "管理单位", "工单单位",
    "接单单位", "处理单位", "责任单位", "责任部门", "单位名称", "单位", "所属辖区", "所属单位", "所属供电所",
    "所属地市", "city_org_no", "prov_org_no",
)  # fmt: skip
_COARSE = frozenset({"所属地市", "city_org_no", "prov_org_no"})
"""Columns that name an office only when the file has no finer one: a blank station must not become its city."""
_HALL = ("营业厅编码", "营业厅编号", "营业厅代码", "营业厅", "营业厅名称", "厅编码", "厅名称", "所属营业厅")
_DESK = {
    "calls": ("致电次数", "来电次数"),
    "taken_by": ("受理人", "受理人员", "受理座席", "受理坐席", "受理工号", "受理员"),
    "category_1": ("一级分类", "一级类型", "故障大类", "一级业务类型"),
    "category_2": ("二级分类", "二级类型", "故障小类1", "故障小类", "二级业务类型"),
    "category_3": ("三级分类", "三级类型", "故障小类2", "三级业务类型"),
}
_CUSTOMER = ("客户编号", "用户编号", "户号", "客户户号", "用电户号", "cust_no", "cons_no", "客户编号(回填)")
_AREA = ("城乡类别", "城乡标志", "urban_rural_flag", "现场分类", "区域类别", "地区类别", "区域类型")
_ACCEPTED = (
    "受理时间", "工单受理时间", "接报时间", "报修时间", "来电时间", "handle_time", "挂机时间", "客户挂机时间",
    "受理日期",
)  # fmt: skip
_DISPATCHED = ("派单时间", "下派时间", "派发时间", "派工时间", "工单派发时间")
_TAKEN = ("接单时间", "班组接单时间", "接派时间")
_ARRIVED = ("到达现场时间", "到达时间", "到场时间", "到岗时间", "抢修到达时间")
_REPLIED = ("回单时间", "回复时间", "答复时间", "客户答复时间", "回单日期")

HEADERS: dict[str, dict[str, Sequence[str]]] = {
    "offices": {
        "code": ("供电单位编码", "单位编码", "单位代码", "org_no", "编码", "mgt_org_code", "管理单位编码"),
        "name": ("供电单位名称", "单位名称", "供电单位", "org_name", "名称", "管理单位名称"),
        "parent_code": ("上级单位编码", "上级编码", "上级单位", "p_org_no", "上级供电单位编码", "上级单位代码"),
        "level": ("单位级别", "级别", "层级", "单位类型", "org_type"),
        "area": ("城乡类别", "区域类别", "地区类别"),
        "peer_group": ("同业组", "对标组", "分组", "同业对标组"),
        "customers": ("客户数", "用户数", "户数", "营业户数"),
        "aliases": ("别名", "简称", "曾用名"),
        "valid_from": ("生效日期", "启用日期", "起始日期", "有效期起"),
        "valid_to": ("失效日期", "停用日期", "终止日期", "有效期止"),
        "successor_code": ("承接单位编码", "承接单位", "合并后单位编码"),
    },
    "cameras": {
        "code": ("摄像机编码", "摄像机编号", "设备编码", "通道编码", "摄像头编号"),
        "hall_code": _HALL,
        "name": ("摄像机名称", "设备名称", "通道名称", "摄像头名称"),
        "url": ("地址", "视频地址", "rtsp地址"),
        "playback_url": ("录像地址", "回放地址"),
        "windows": ("窗口", "窗口区域"),
        "waiting_area": ("等候区", "等候区域"),
        "reference_image": ("参考图", "基准图"),
    },
    "tickets": {
        "ticket_no": ("国网工单编号", "工单编号", "工单号", "app_no", "申请编号", "工单id"),
        "parent_ticket_no": ("主单编号", "主工单编号", "父工单编号", "关联主单编号"),
        "source": ("工单来源", "来源", "受理渠道", "来源渠道", "诉求来源"),
        "type": ("业务类型", "工单类型", "busi_type_code", "受理类型", "业务类别"),
        "category": ("故障类型", "业务子类型", "业务子类", "工单分类", "诉求分类"),
        "office_code": _OFFICE,
        "area": _AREA,
        "customer_no": _CUSTOMER,
        "phone": ("联系电话", "来电号码", "主叫号码", "calling_no", "客户电话", "联系方式"),
        "accepted_at": _ACCEPTED,
        "dispatched_at": _DISPATCHED,
        "taken_at": _TAKEN,
        "contacted_at": ("联系客户时间", "首次联系时间", "首次联系客户时间", "联系时间"),
        "arrived_at": _ARRIVED,
        "finished_at": ("处理完毕时间", "处理完成时间", "完成时间", "恢复送电时间", "办结时间", "抢修完成时间"),
        "replied_at": _REPLIED,
        "visited_at": ("回访时间", "回访日期", "回访完成时间"),
        "archived_at": ("归档时间", "归档日期"),
        "urges": ("催办次数",),
        "returns": ("回退次数", "退单次数", "退回次数"),
        "substantiated": ("是否属实", "属实情况", "属实性"),
        "satisfaction": ("满意度", "客户满意度", "回访满意度", "满意程度"),
        "severity": ("投诉等级", "投诉级别"),
        "content": ("受理内容", "accept_content", "故障描述", "工单内容", "诉求内容"),
        "emotion": ("客户情绪", "情绪", "客户情绪等级"),
        "reply": ("处理意见", "处理情况", "handle_opinion", "最终答复", "回单内容", "答复内容"),
        "withdrawn": ("是否撤单", "是否撤销", "是否撤诉", "撤单"),
        "simulated": ("是否模拟", "是否测试", "模拟报修", "测试工单"),
        **_DESK,
    },
    "repairs": {
        "repair_no": ("抢修单号", "抢修单编号", "抢修工单编号", "工单编号", "工单号", "国网工单编号"),
        "ticket_no": ("国网工单编号", "95598工单编号"),
        "office_code": _OFFICE,
        "team": ("抢修班组", "接单班组", "班组", "班组名称", "处理班组"),
        "area": _AREA,
        "accepted_at": _ACCEPTED,
        "dispatched_at": _DISPATCHED,
        "taken_at": _TAKEN,
        "arrived_at": _ARRIVED,
        "restored_at": (
            "恢复送电时间",
            "复电时间",
            "送电时间",
            "修复时间",
            "抢修完成时间",
            "处理完毕时间",
            "处理完成时间",
        ),
        "replied_at": _REPLIED,
        "fault_class": ("故障类型", "故障分类", "故障大类"),
        "customer_owned": ("设备产权属性", "产权属性", "设备产权", "产权"),
        "line": ("所属线路", "线路", "线路名称", "所属馈线", "馈线"),
        "transformer": ("所属台区", "台区", "台区名称", "台区编号", "台区编码"),
        "customer_no": _CUSTOMER,
        "reported_arrival_late": ("到岗超时工单", "是否到岗超时", "到岗是否超时", "到达是否超时", "是否超时"),
        "reported_restore_late": ("抢修超时工单", "是否抢修超时", "抢修是否超时", "修复是否超时", "复电是否超时"),
        "simulated": ("是否模拟", "是否测试", "模拟报修", "测试工单"),
        "parent_repair_no": ("主单编号", "主工单编号", "父工单编号", "关联主单编号"),
        "repaired_by": ("抢修人员", "处理人员", "处理人"),
        **_DESK,
    },
    "applications": {
        "application_no": ("申请编号", "业扩工单编号", "业扩申请编号", "流程编号", "app_no", "工单编号"),
        "office_code": _OFFICE,
        "class": ("客户类别", "业扩类型", "客户类型", "报装类别", "用电类别", "报装类型"),
        "customer_no": _CUSTOMER,
        "accepted_at": ("受理时间", "申请时间", "申请受理时间", "业务受理时间", "受理日期", "申请日期"),
        "plan_answered_at": ("方案答复时间", "供电方案答复时间", "答复供电方案时间", "方案答复日期"),
        "design_reviewed_at": ("设计审查时间", "设计文件审查时间", "设计文件审核时间", "图纸审核时间", "设计审查日期"),
        "inspected_at": ("竣工检验时间", "验收时间", "竣工验收时间", "竣工检验日期"),
        "connected_at": ("接电时间", "装表接电时间", "送电时间", "装表接电日期", "接电日期", "送电日期"),
        "archived_at": ("归档时间", "归档日期", "流程归档时间"),
        "papers": ("资料份数", "申请资料数", "收资份数"),
        "visits": ("往返次数", "客户往返次数", "客户跑动次数"),
        "paused_working_days": (
            "暂停工作日",
            "挂起工作日",
            "暂停天数(工作日)",
            "挂起天数(工作日)",
            "客户原因暂停工作日",
        ),
        "pause_document": ("暂停依据", "暂停单号", "暂停确认单", "挂起依据", "中止依据"),
        "card_issued": ("明白卡", "是否发放明白卡", "明白卡发放", "明白卡是否发放"),
    },
    "evaluations": {
        "evaluation_no": ("评价编号", "评价单号", "评价表编号", "评价表号", "表号", "回访编号", "回访单号", "按键编号"),
        "kind": ("评价方式", "评价类型", "评价渠道"),
        "office_code": _OFFICE,
        "record_no": ("国网工单编号", "工单编号", "申请编号", "业扩工单编号", "业扩申请编号", "流程编号", "关联单号"),
        "at": (
            "评价时间",
            "回访时间",
            "评价日期",
            "回访日期",
            "填表日期",
            "填写日期",
            "回收日期",
            "按键时间",
            "调查时间",
        ),
        "satisfaction": ("满意度", "评价结果", "回访满意度", "回访结果", "总体满意度"),
        "designated_design": ("指定设计", "是否指定设计", "是否指定设计单位", "指定设计单位"),
        "designated_construction": ("指定施工", "是否指定施工", "是否指定施工单位", "指定施工单位"),
        "designated_supply": (
            "指定供货",
            "是否指定供货",
            "是否指定供货单位",
            "指定供货单位",
            "是否指定设备材料供应单位",
        ),
        "extra_fee": ("额外收费", "是否额外收费", "是否吃拿卡要", "吃拿卡要"),
        "attitude": ("服务态度", "态度评分", "服务态度评分"),
        "box": ("意见箱", "意见箱编号"),
        "opened_by": ("开箱人", "开箱人员"),
        "reached": ("是否接通", "是否回访成功", "是否成功", "接通情况"),
    },
    "measures": {
        "indicator": ("指标编码", "指标代码", "指标名称", "指标"),
        "office_code": _OFFICE,
        "period": ("统计月份", "月份", "年月", "统计期", "统计年月", "所属月份", "考核月份"),
        "numerator": (
            "分子",
            "分子值",
            "分子数",
            "实收电费",
            "实收金额",
            "采集成功数",
            "采集成功表计数",
            "放弃数",
            "来电放弃数",
        ),
        "denominator": (
            "分母",
            "分母值",
            "分母数",
            "应收电费",
            "应收金额",
            "应采数",
            "应采集数",
            "应采表计数",
            "呼入数",
            "来电总数",
        ),
        "unit": ("计量单位", "指标单位"),
        "source": ("数据来源",),
    },
    "scores": {
        "office_code": _OFFICE,
        "period": ("统计周期", "考核周期", "评价周期", "统计季度", "季度", "考核期", "评价期", "周期", "期间"),
        "score": ("综合得分", "得分", "总分", "总得分", "考核得分", "评价得分"),
        "rank": ("排名", "名次", "综合排名", "总排名"),
        "grade": ("等级", "评价等级", "考核等级"),
        "t1": ("投诉联系及时率",),
        "t2": ("投诉答复及时率",),
        "t3": ("其他工单答复及时率",),
        "t4": ("万户属实投诉数",),
        "t5": ("工单满意率",),
        "r1": ("抢修到岗及时率", "到岗及时率"),
        "r2": ("抢修复电及时率", "复电及时率"),
        "r3": ("到岗时长比",),
        "r4": ("重复报修率",),
        "r5": ("超时瞒报率",),
        "h1": ("营业厅规范得分率",),
        "h2": ("抽查完成率",),
        "h3": ("可监控率",),
        "c1": ("业扩时限达标率",),
        "c2": ("评价表回收率",),
        "c3": ("明白卡发放率",),
        "o1": ("电费回收率",),
        "o2": ("线损率",),
        "o3": ("采集成功率",),
        "o4": ("来电损失率",),
        "o5": ("回访满意率",),
    },
    "samples": {
        "sample_id": ("抽查编号", "样本编号"),
        "hall_code": _HALL,
        "camera_code": ("摄像机编码", "摄像机编号", "通道编码"),
        "date": ("抽查日期", "日期", "检查日期"),
        "slot": ("时段", "抽查时段"),
        "planned_at": ("计划时间", "计划抽查时间"),
        "captured_at": ("抽查时间", "采集时间", "实际抽查时间"),
        "outcome": ("抽查结果", "结果"),
        "cause": ("原因", "未抽查原因"),
        "verdict": ("判定", "复核结论"),
        "reviewed_at": ("复核时间",),
    },
    "hall_days": {
        "hall_code": _HALL,
        "date": ("日期", "营业日期"),
        "open": ("是否营业", "营业"),
        "opens": ("开门时间", "开始营业时间", "营业开始时间"),
        "closes": ("关门时间", "结束营业时间", "营业结束时间"),
        "reason": ("原因", "停业原因"),
        "filed_at": ("报备时间", "登记时间"),
    },
    "inspections": {
        "inspection_no": ("检查编号", "检查单号"),
        "kind": ("检查方式", "检查类型"),
        "hall_code": _HALL,
        "at": ("检查时间", "检查日期", "监测日期"),
        "inspector": ("检查人", "检查人员"),
        "item_code": ("项目编码", "检查项编码", "条款编码", "检查项目"),
        "result": ("检查结果", "结果"),
        "count": ("次数", "数量", "处数"),
        "note": ("问题描述", "备注", "说明"),
    },
}

MINUTES: dict[str, dict[str, tuple[Sequence[str], str]]] = {
    "tickets": {
        "arrived_at": (("到达现场时长(分钟)", "到达现场时长"), "accepted_at"),
        "finished_at": (("故障修复时长(分钟)", "故障修复时长"), "arrived_at"),
    },
    "repairs": {
        "arrived_at": (("到达现场时长(分钟)", "到达现场时长"), "accepted_at"),
        "restored_at": (("故障修复时长(分钟)", "故障修复时长"), "arrived_at"),
    },
}
"""Stamps that an export gives only as minutes since another stamp: column → (headers, the stamp counted from)."""

IMPLIED: dict[str, tuple[tuple[frozenset[str], str, str], ...]] = {
    "tickets": ((frozenset({"故障描述", "故障大类", "故障类型"}), "type", "fault"),),
    "evaluations": (
        (frozenset({"指定设计", "是否指定设计", "是否指定设计单位", "指定设计单位"}), "kind", "designated_form"),
        (frozenset({"回访编号", "回访单号", "回访时间", "回访日期"}), "kind", "callback"),
        (frozenset({"按键编号", "按键时间"}), "kind", "keypress"),
    ),
    "measures": (
        (frozenset({"实收电费", "应收电费"}), "indicator", "fee_collection"),
        (frozenset({"采集成功数", "采集成功表计数"}), "indicator", "meter_reading"),
        (frozenset({"放弃数", "来电放弃数"}), "indicator", "call_abandonment"),
    ),
}
"""What the very shape of a file says: with one of these headers and no column of its own, the value is this."""


def plain(text: str) -> str:
    """A header or word as it is compared: NFKC, without blanks, lower case."""
    return "".join(unicodedata.normalize("NFKC", text).split()).lower().replace("\u200b", "").replace("\ufeff", "")


@cache
def _known(record: str) -> dict[str, tuple[tuple[str, int], ...]]:
    """Compared header → (canonical column, rank) of a record type; rank 0 is the canonical name itself."""
    known: dict[str, list[tuple[str, int]]] = {}
    for column in (*RECORDS[record].names, EXPORTED_AT):
        headers = (column, *HEADERS[record].get(column, ()), *_EVERY.get(column, ()))
        for rank, header in enumerate(headers):
            known.setdefault(plain(header), []).append((column, rank))
    return {header: tuple(columns) for header, columns in known.items()}


@cache
def known_headers(record: str) -> frozenset[str]:
    """All compared headers that mean something for a record type, minutes included."""
    minutes = {plain(h) for headers, _ in MINUTES.get(record, {}).values() for h in headers}
    return frozenset(_known(record)) | minutes


def variants(header: str) -> tuple[str, ...]:
    """What a (joined two-row) header may be looked up as: `受理/时间` also as `受理时间`, `时间`."""
    whole = plain(header)
    if "/" not in whole:
        return (whole,)
    first, last = whole.rsplit("/", 1)
    return (whole, whole.replace("/", ""), last, *((first,) if not last else ()))


def recognise(record: str, header: Sequence[str]) -> dict[str, list[int]]:
    """Canonical column → indexes of the source columns that give it, best first."""
    known = _known(record)
    ranked: dict[str, list[tuple[int, int]]] = {}
    for index, cell in enumerate(header):
        for column, rank in next((known[v] for v in variants(cell) if v in known), ()):
            ranked.setdefault(column, []).append((rank, index))
    best = {column: [index for _, index in sorted(found)] for column, found in ranked.items()}
    if "office_code" in best:
        fine = [index for index in best["office_code"] if plain(header[index]) not in _COARSE]
        best["office_code"] = fine or best["office_code"]
    return best


def recognise_minutes(record: str, header: Sequence[str]) -> dict[str, tuple[int, str]]:
    """Canonical stamp → (index of its minutes column, the stamp it is counted from)."""
    compared = [plain(cell) for cell in header]
    found: dict[str, tuple[int, str]] = {}
    for column, (headers, base) in MINUTES.get(record, {}).items():
        for name in map(plain, headers):
            if name in compared and column not in found:
                found[column] = (compared.index(name), base)
    return found


def implied(record: str, header: Sequence[str], mapped: Mapping[str, object]) -> dict[str, str]:
    """Constants that the shape of the file implies, for columns that have no header."""
    compared = {plain(cell) for cell in header}
    found: dict[str, str] = {}
    for marks, column, value in IMPLIED.get(record, ()):
        if column not in mapped and compared & {plain(mark) for mark in marks}:
            found.setdefault(column, value)
    return found
