"""The demo company's `mingcha.toml` (配置): its sources and its people."""

from __future__ import annotations

from collectors.mapping import SpreadsheetConfig
from dashboard.demo.company import COMPANY_CODE, COMPANY_NAME, COUNTIES, SLOW, station_at

SOURCES = (
    SpreadsheetConfig(name="单位台账", record="offices", path="inbox/单位/单位台账*", every="1d"),
    SpreadsheetConfig(name="摄像机", record="cameras", path="inbox/单位/摄像机*", every="1d"),
    SpreadsheetConfig(name="营业日历", record="hall_days", path="inbox/营业厅/营业日历*", every="1d"),
    SpreadsheetConfig(
        name="95598", record="tickets", path="inbox/95598/*", every="10m", expect_within="3h", system="供电服务"
    ),
    SpreadsheetConfig(
        name="抢修指挥", record="repairs", path="inbox/抢修/*", every="10m", expect_within="3h", system="供电服务"
    ),
    SpreadsheetConfig(name="营业厅抽查", record="samples", path="inbox/营业厅/抽查*", every="10m", expect_within="3h"),
    SpreadsheetConfig(
        name="营业厅检查", record="inspections", path="inbox/营业厅/检查*", every="10m", expect_within="3h"
    ),
    SpreadsheetConfig(
        name="业扩流程",
        record="applications",
        path="inbox/业扩/业扩流程*",
        every="1d",
        expect_within="2d",
        system="供电服务",
    ),
    SpreadsheetConfig(
        name="业扩评价表",
        record="evaluations",
        path="inbox/业扩/评价表*",
        every="1d",
        expect_within="2d",
        system="供电服务",
    ),
    SpreadsheetConfig(
        name="电话回访",
        record="evaluations",
        path="inbox/95598回访/*",
        every="1d",
        expect_within="2d",
        system="供电服务",
    ),
    SpreadsheetConfig(name="按键评价", record="evaluations", path="inbox/营业厅/按键*", every="1d", expect_within="2d"),
    SpreadsheetConfig(name="电费回收", record="measures", path="inbox/专业指标/电费*", every="1d", expect_within="40d"),
    SpreadsheetConfig(
        name="专业指标", record="measures", path="inbox/专业指标/专业指标*", every="1d", expect_within="40d"
    ),
    SpreadsheetConfig(name="历史得分", record="scores", path="inbox/单位/历史得分*", every="1d"),
)
"""In the order in which they must be read: what others name comes first."""
INBOX = "inbox"

PEOPLE = (
    ("沈岚", "inspector", ("*",), "纪检监察"),
    ("苏晴", "inspector", ("*",), "纪检监察，复查沈岚认定的案件"),
    ("周敏", "reviewer", ("*",), "抽查员"),
    ("方远", "regional_manager", (COUNTIES[0].code,), f"分管领导，{COUNTIES[0].name}"),
    ("江若水", "regional_manager", (COUNTIES[4].code,), f"分管领导，{COUNTIES[4].name}"),
    ("许立", "office_head", (station_at(SLOW).code,), f"所长，{SLOW}供电所"),
    ("秦怀瑾", "evaluator", ("*",), "考核"),
    ("罗启明", "administrator", ("*",), "管理员"),
    ("顾清", "auditor", ("*",), "审计"),
)


def configuration() -> str:
    """The text of mingcha.toml for the demo."""
    parts = [_HEAD.format(name=COMPANY_NAME, code=COMPANY_CODE), *(_source(source) for source in SOURCES), "[people]"]
    for name, role, offices, title in PEOPLE:
        codes = ", ".join(f'"{code}"' for code in offices)
        parts.append(f'"{name}" = {{ role = "{role}", offices = [{codes}] }}  # {title}')
    return "\n".join(parts) + "\n"


_HEAD = """\
# Mingcha, the demo company. Everything in it is made up; see docs/demo.md for its stories.

[database]
url = "sqlite:///mingcha.db"            # or postgresql+psycopg://user@host/mingcha; MINGCHA_DATABASE_URL wins

[company]
name = "{name}"                         # its office code is {code}
demo = true                             # every page and document says so
"""


def _source(source: SpreadsheetConfig) -> str:
    """One `[[sources]]` table."""
    keys = ("name", "record", "kind", "path", "every", "expect_within", "system")
    lines = [f'{key} = "{getattr(source, key)}"' for key in keys if getattr(source, key) is not None]
    return "\n".join(["[[sources]]", *lines, ""])
