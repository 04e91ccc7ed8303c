"""Cases of the demo company that people have been dealing with (在办案件), each left at another place of its way.

No file brings them: the demo's people open them and deal with them by the same actions as the pages, days ago. Every
moment is a working day before the demo's first day and a clock time of it, so the same day tells the same stories.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta

import sqlalchemy as sa

from dashboard.actions.letters import write_letter
from dashboard.actions.rectified import add_proof
from dashboard.actions.violations import deal, open_by_hand
from dashboard.bootstrap import Application
from dashboard.database.models import LETTER_CASES, LETTERS, VIOLATIONS
from dashboard.demo.company import NOON_HALL, SLOW, hall_at
from dashboard.demo.configuration import PEOPLE
from dashboard.demo.footage import make_reference
from dashboard.demo.hallwork import is_working
from dashboard.instants import LOCAL
from dashboard.judging.rules import rules_of
from dashboard.people import Viewer

INSPECTOR, SECOND, HEAD = "沈岚", "苏晴", "许立"
"""Who finds and confirms, who re-checks what she confirmed, and the head of the station that must rectify."""
LETTER, PHOTOGRAPH = "letter", "photograph"
"""What is done beside the deeds of the table."""


@dataclass(frozen=True, slots=True)
class Step:
    """What somebody did so many working days before the demo's first day, at a clock time of Asia/Shanghai."""

    days: int
    clock: time
    by: str
    deed: str
    what: Mapping[str, str] = field(default_factory=dict)
    look: tuple[int, int] | None = None
    """Of a re-check: working days before, and the slot."""


@dataclass(frozen=True, slots=True)
class Story:
    """One case: where and when what was seen, who opened it when with which words, and what followed."""

    place: str
    item: str
    seen: tuple[int, time]
    opened: Step
    steps: tuple[Step, ...]


def _begin(days: int, hour: int, note: str, *, sent: str) -> tuple[Step, ...]:
    """Opened, confirmed and sent down by the inspector within an hour, with the notice as a letter."""
    return (
        Step(days, time(hour, 10), INSPECTOR, "open", {"note": note}),
        Step(days, time(hour, 30), INSPECTOR, "confirm", {"note": "已调阅录像并向值班长核实，情况属实。"}),
        Step(days, time(hour, 45), INSPECTOR, "send_down", {"note": sent}),
        Step(days, time(hour, 50), INSPECTOR, LETTER, {"kind": "notice"}),
    )


def _story(place: str, item: str, seen: tuple[int, time], begun: tuple[Step, ...], *steps: Step) -> Story:
    return Story(place, item, seen, begun[0], (*begun[1:], *steps))


_POST = {"unit": "三岔供电所", "post": "营业厅综合柜员（早班）"}
STORIES = (
    _story(  # 已销号, with its letters and a proposal of accountability
        SLOW, "R05", (18, time(10, 20)),
        _begin(18, 15, "1号窗口柜员在岗期间连续使用手机约 6 分钟，柜台前有客户等候。",
               sent="立即纠正，开展当班纪律自查，五个工作日内书面报告整改情况。"),
        Step(15, time(16, 5), HEAD, "submit", {
            "note": "当事柜员已作检查，全所开展劳动纪律教育，值班长每两小时巡查并签字。",
            "proof": "巡查签字表 1 份、教育会议记录 1 份。"}),
        Step(14, time(11, 20), SECOND, "pass", {"note": "现场复查 30 分钟，未再发现使用手机。"}, (14, 2)),
        Step(12, time(9, 40), INSPECTOR, "close", {
            **_POST, "cause": "duty", "measure": "值班长巡查制度上墙，手机统一存放。",
            "proof": "巡查签字表、手机存放柜照片。", "training": "全所 14 人参加服务规范培训并测试合格。"}),
        Step(11, time(10, 0), INSPECTOR, LETTER, {"kind": "circular"}),
        Step(11, time(10, 30), INSPECTOR, "propose_accountability", {
            **_POST, "step": "criticism", "leader": "所长负领导责任，建议约谈。",
            "note": "同类问题年内第二次，建议通报批评。"}),
        Step(11, time(10, 45), INSPECTOR, LETTER, {"kind": "discipline"}),
    ),
    _story(  # 逾期且已督办
        NOON_HALL, "R11", (12, time(16, 2)),
        _begin(12, 16, "一名非工作人员进入柜台内侧约 4 分钟，柜员未劝离。",
               sent="查明进入原因，落实柜台门禁，两个工作日内报整改计划。"),
        Step(4, time(9, 15), INSPECTOR, "supervise", {"note": "超过整改期限仍未报送整改情况，挂牌督办。"}),
        Step(4, time(9, 30), INSPECTOR, LETTER, {"kind": "supervision"}),
    ),
    _story(  # 已提交，待复查
        SLOW, "E06", (6, time(9, 35)),
        _begin(6, 10, "消防通道堆放电能表周转箱，宽度不足 0.8 米。",
               sent="当日清理，明确消防通道责任人，举一反三排查隐患。"),
        Step(5, time(9, 5), HEAD, "plan", {"note": "当日清理周转箱；两日内划线标识；一周内完成全所隐患排查。"}),
        Step(2, time(15, 20), HEAD, PHOTOGRAPH),
        Step(2, time(15, 30), HEAD, "submit", {
            "note": "周转箱已移至库房，通道划线并张贴责任人，全所排查整改隐患 3 处。",
            "proof": "整改后照片 1 张、隐患排查表 1 份。"}),
    ),
    _story(  # 整改中，期限将到
        SLOW, "R06", (5, time(10, 25)),
        _begin(5, 14, "两名柜员在岗期间聊天嬉闹约 5 分钟，一名客户等候。",
               sent="开展批评教育，五个工作日内报送整改情况和佐证。"),
    ),
    _story(  # 申诉中
        SLOW, "R05", (2, time(15, 8)),
        _begin(2, 16, "2号窗口柜员在岗期间使用手机约 2 分钟。", sent="核查原因，五个工作日内报送整改情况。"),
        Step(1, time(9, 50), HEAD, "appeal", {
            "note": "当时柜员正用手机为客户演示“网上国网”办理过户，客户可以作证，工单已录入，请求撤销。"}),
    ),
)  # fmt: skip


def work_on(app: Application, made_on: date) -> None:
    """Do what is missing of the stories, in the order of time: stopped half-way and called again it goes on."""
    work = _Work(app, made_on)
    planned = [(work.moment(step.days, step.clock), story, place)
               for story in STORIES for place, step in enumerate((story.opened, *story.steps))]  # fmt: skip
    for at, story, place in sorted(planned, key=lambda one: one[0]):
        work.do(at, story, place)


class _Work:
    """What the steps need: the company, its rules, the working days before, and the numbers of the cases so far."""

    def __init__(self, app: Application, made_on: date) -> None:
        self.app, self.rules = app, rules_of(app.settings, app.db)
        self.days = _working_days(made_on, max(story.opened.days for story in STORIES))
        self.numbers: dict[int, str] = {}

    def moment(self, days: int, clock: time) -> datetime:
        return datetime.combine(self.days[days - 1], clock, LOCAL)

    def do(self, at: datetime, story: Story, place: int) -> None:
        step, by, key = (story.opened, *story.steps)[place], _person(story, place), id(story)
        if step.deed == "open":
            self.numbers[key] = open_by_hand(
                self.app.db, by=by, office=hall_at(story.place).code, item=story.item,
                observed_at=self.moment(*story.seen), note=step.what["note"], at=at, rules=self.rules,
            )  # fmt: skip
        elif step.deed == LETTER:
            self._write(at, by, self.numbers[key], step.what["kind"])
        elif self._events(self.numbers[key]) == (seen := _events_before(story, place)):
            self._deal(at, by, story, step, seen)

    def _deal(self, at: datetime, by: Viewer, story: Story, step: Step, seen: int) -> None:
        number = self.numbers[id(story)]
        if step.deed == PHOTOGRAPH:
            hall = hall_at(story.place)
            picture = make_reference(hall, hall.cameras[0], self.app.settings.home).read_bytes()
            add_proof(self.app.db, self.app.settings, by=by, number=number, content=picture, at=at)
            return
        look: dict[str, str] = {}
        if step.look is not None:
            look = {"look_date": self.days[step.look[0] - 1].isoformat(), "look_slot": str(step.look[1])}
        deal(self.app.db, by=by, number=number, deed=step.deed, seen=seen, at=at, rules=self.rules,
             **step.what, **look)  # fmt: skip

    def _write(self, at: datetime, by: Viewer, number: str, kind: str) -> None:
        known = sa.select(LETTERS.c.id).join(LETTER_CASES, LETTER_CASES.c.letter_id == LETTERS.c.id)
        with self.app.db.reading() as connection:
            there = connection.execute(
                known.where(LETTER_CASES.c.violation_number == number, LETTERS.c.kind == kind)
            ).first()
        if there is None:
            write_letter(replace(self.app, now=lambda: at), by=by, kind=kind, numbers=[number])

    def _events(self, number: str) -> int:
        with self.app.db.reading() as connection:
            return int(connection.execute(
                sa.select(VIOLATIONS.c.last_seq).where(VIOLATIONS.c.number == number)
            ).scalar_one())  # fmt: skip


def _events_before(story: Story, place: int) -> int:
    """How many events the case has before this step: its opening, and each deed of the table."""
    return 1 + sum(step.deed not in (LETTER, PHOTOGRAPH) for step in story.steps[: place - 1])


def _person(story: Story, place: int) -> Viewer:
    name = (story.opened, *story.steps)[place].by
    role, offices = next((role, offices) for one, role, offices, _ in PEOPLE if one == name)
    return Viewer(name, role, frozenset(offices))


def _working_days(before: date, number: int) -> list[date]:
    """That many working days before a day, the last one first."""
    found: list[date] = []
    while len(found) < number:
        before -= timedelta(days=1)
        if is_working(before):
            found.append(before)
    return found
