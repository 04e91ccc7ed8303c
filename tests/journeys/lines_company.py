"""The small company with connections, evaluations and measures, whose facts are known by hand.

Working days of 2026 (25–27 September are off, Sunday 20 September is worked), limits 5 / 6 / 22 / 32:

* YK-1 of 东河 (residential): 1 July to 8 July is the fifth day, on time; YK-2: 9 July, the sixth, late.
* YK-3 (high voltage, single): 1 July to 6 August is the 26th day, four of them paused: 22, on time.
* YK-4 was withdrawn: archived and never connected. YK-5 (low voltage) of 28 September and YK-8 of 西坝 (residential)
  of 14 September are open; on 30 September at noon the first has used 2 of 6 days, the second 12 of 5.
* YK-9 of 西坝: 2 to 6 July. Its form says that a builder was imposed on the customer.
* Line loss of the company: July 2026 16 / 400 = 4.0 %, August 20 / 400 = 5.0 %, September nobody reported;
  July 2025 8.0 %, August 2025 6.0 %.
* Of the year before only scores are left: 东河 90.00, 西坝 70.00.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from collectors.mapping import SpreadsheetConfig, parse_config
from dashboard.bootstrap import open_application
from dashboard.database import Database
from dashboard.intake import import_file
from dashboard.judging.present import bring_up_to_date
from dashboard.judging.rules import rules_of
from dashboard.people import system_viewer
from tests.journeys.company import make_company

NOON = "2026-09-30T12:00:00+08:00"
FILES = {
    "applications": """申请编号,单位,报装类别,受理时间,方案答复时间,竣工检验时间,接电时间,归档时间,暂停工作日,明白卡
YK-1,东河供电所,低压居民,2026-07-01 09:00:00,2026-07-02 09:00:00,,2026-07-08 16:00:00,2026-07-09 09:00:00,,是
YK-2,东河供电所,低压居民,2026-07-01 09:30:00,2026-07-03 09:00:00,,2026-07-09 10:00:00,2026-07-10 09:00:00,,否
YK-3,东河供电所,高压单电源,2026-07-01 10:00:00,2026-07-10 09:00:00,2026-08-04 09:00:00,2026-08-06 17:00:00,,4,是
YK-4,东河供电所,低压非居民,2026-07-02 09:00:00,,,,2026-07-03 09:00:00,,是
YK-5,东河供电所,低压非居民,2026-09-28 09:00:00,2026-09-29 09:00:00,,,,,是
YK-8,西坝供电所,低压居民,2026-09-14 09:00:00,,,,,,
YK-9,西坝供电所,低压居民,2026-07-02 09:00:00,2026-07-03 09:00:00,,2026-07-06 16:00:00,2026-07-07 09:00:00,,是
""",
    "evaluations": """评价表编号,评价类型,申请编号,供电单位,评价时间,总体满意度,指定设计,指定施工,指定供货,是否接通
PJ-1,业扩服务评价表,YK-1,东河供电所,2026-07-12 09:00:00,满意,否,否,否,
PJ-9,业扩服务评价表,YK-9,西坝供电所,2026-07-12 10:00:00,不满意,否,是,否,
HF-1,电话回访,C-XB-02,西坝供电所,2026-07-15 09:00:00,满意,,,,接通
""",
    "measures": """指标名称,供电单位,统计月份,分子,分母
线损率,东河供电所,2025-07,8,100
线损率,西坝供电所,2025-07,24,300
线损率,东河供电所,2025-08,6,100
线损率,西坝供电所,2025-08,18,300
线损率,东河供电所,2026-07,6,100
线损率,西坝供电所,2026-07,10,300
线损率,东河供电所,2026-08,5,100
线损率,西坝供电所,2026-08,15,300
低电压户数,甲县供电公司,2026-08,40,1
""",
    "scores": """单位,考核周期,综合得分,排名
东河供电所,2025年第三季度,90.00,1
西坝供电所,2025年第三季度,70.00,3
""",
}  # fmt: skip


def make_lines_company(home: Path) -> Path:
    """The small company with what the other lines report."""
    make_company(home)
    app = open_application(directory=home, environment={})
    bring_lines(app.db, home)
    bring_up_to_date(app.db, rules_of(app.settings), datetime.now(UTC))
    app.db.engine.dispose()
    return home


def bring_lines(db: Database, folder: Path) -> None:
    """Write the files and import them, one system for all that name each other."""
    for record, text in FILES.items():
        path = folder / f"{record}.csv"
        path.write_text(text, encoding="utf-8")
        config = parse_config(SpreadsheetConfig, {"name": record, "record": record, "system": "营销"}, "the company")
        import_file(db, by=system_viewer(), path=path, config=config, now=datetime.now(UTC), name=path.name)
