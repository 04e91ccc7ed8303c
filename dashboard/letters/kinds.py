"""The four letters about a violation (公文种类), when each may be written, and what fields its template knows."""

from __future__ import annotations

from dataclasses import dataclass

from checks.violations.table import (
    ACCOUNTABILITY_DECIDED,
    ACCOUNTABILITY_PROPOSED,
    ALIVE,
    CLOSED,
    RECHECKED,
    RECTIFYING,
    STANDING,
    SUBMITTED,
    SUPERVISED,
)

SINGLE = (
    "公司", "文号", "案件编号", "责任单位", "问题类型", "违规等级", "监测日期", "问题描述", "整改要求", "整改期限",
    "当前环节", "环节期限", "督办原因", "问题原因", "责任部门", "责任岗位", "整改措施", "教育培训", "建议处理",
    "连带责任", "退回次数", "案件数", "成文日期",
)  # fmt: skip
COLUMNS = {
    "经过": ("时间", "事项", "说明"),
    "案件": ("序号", "案件编号", "责任单位", "问题类型", "违规等级", "监测日期", "整改期限", "状态"),
}
"""Lists: their fields are written `{{经过.时间}}`, in a table row."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of letter: `title` is the name of its file.

    It is written about a case in one of `states` beside which, where `sides` names any, one of these stands.
    """

    title: str
    right: str
    states: tuple[str, ...] = (*ALIVE, CLOSED)
    sides: tuple[str, ...] = ()
    several: bool = False


WRITE = "write a letter"
SENT_DOWN = (RECTIFYING, SUBMITTED, RECHECKED, CLOSED)
KINDS = {
    "notice": Kind("整改通知单", WRITE, SENT_DOWN),
    "supervision": Kind("督办单", WRITE, sides=(SUPERVISED,)),
    "circular": Kind("通报", WRITE, (*STANDING, CLOSED), several=True),
    "discipline": Kind(
        "纪律检查建议书", "propose accountability", (CLOSED,), (ACCOUNTABILITY_PROPOSED, ACCOUNTABILITY_DECIDED)
    ),
}
