"""What a letter says (公文内容): taken from a case's story as the judged office may know it, and always in Chinese.

How a restricted case became known, who complained, and a customer's data never stand in a letter; nor do the names of
those who looked: a letter goes out of the house.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from checks.violations.machine import Event
from dashboard.cases import words
from dashboard.cases.telling import DEED_WORDS
from dashboard.instants import LOCAL
from dashboard.letters.filling import NOTHING, Row, Values
from dashboard.letters.kinds import COLUMNS, SINGLE
from dashboard.privacy import masked_text
from dashboard.queries.offices import Tree
from dashboard.queries.violations import Story
from dashboard.texts import t

CHINESE = "zh"
SEEN = ("opened", "confirm")
"""Deeds whose words say what was seen."""
TOLD_IN_WORDS = frozenset({"send_down", "plan", "submit", "return", "pass", "supervise"})
"""Deeds of whose words the office knows; what was said among inspectors stays there."""


def values_of(
    stories: Sequence[Story], titles: Mapping[str, str], tree: Tree, *, company: str, number: str, at: datetime
) -> Values:
    """The fields of a letter about these cases; the single ones are of the first."""
    first = stories[0]
    given = {**_case(first, titles, tree), **_outcome(first)}
    given |= {"公司": company, "文号": number, "案件数": str(len(stories)), "成文日期": _day(at)}
    lists = {
        "经过": [_event(event) for event in known_events(first) if event.deed in TOLD_IN_WORDS],
        "案件": [_row(place, story, titles, tree) for place, story in enumerate(stories, start=1)],
    }
    return Values({field: given.get(field) or NOTHING for field in SINGLE}, lists, COLUMNS)


def known_events(story: Story) -> tuple[Event, ...]:
    """What happened; of a restricted case only since it was sent down."""
    if not story.violation.restricted:
        return story.events
    first = next((one.seq for one in story.events if one.deed == "send_down"), len(story.events) + 1)
    return tuple(one for one in story.events if one.seq >= first)


def _case(story: Story, titles: Mapping[str, str], tree: Tree) -> dict[str, str]:
    one = story.violation
    said = {event.deed: str(event.what.get("note", "")) for event in known_events(story)}
    return {
        "案件编号": one.number, "责任单位": tree.name(one.office), "问题类型": _what(story, titles),
        "违规等级": t(words.GRAVE[one.severity], language=CHINESE), "监测日期": _seen(story),
        "问题描述": masked_text("；".join(filter(None, map(said.get, SEEN)))) or _what(story, titles),
        "整改要求": masked_text(said.get("send_down", "")), "整改期限": _until(story),
        "当前环节": t(words.STEPS[one.step], language=CHINESE) if one.step else "",
        "环节期限": _moment(one.due) if one.due else "", "督办原因": masked_text(said.get("supervise", "")),
        "退回次数": str(one.returns),
    }  # fmt: skip


def _outcome(story: Story) -> dict[str, str]:
    """What was found at closing, and what is proposed."""
    last = {event.deed: event.what for event in story.events}
    closed, proposed = last.get("close", {}), last.get("propose_accountability", {})
    given = {
        "问题原因": _coded(words.CAUSES, closed.get("cause")), "整改措施": closed.get("measure", ""),
        "教育培训": closed.get("training", ""), "责任部门": proposed.get("unit") or closed.get("unit", ""),
        "责任岗位": proposed.get("post") or closed.get("post", ""),
        "建议处理": _coded(words.LADDER, proposed.get("step")), "连带责任": proposed.get("leader", ""),
    }  # fmt: skip
    return {field: masked_text(str(value)) for field, value in given.items()}


def _row(place: int, story: Story, titles: Mapping[str, str], tree: Tree) -> Row:
    fields = _case(story, titles, tree)
    state = t(words.STATES[story.violation.state], language=CHINESE)
    return {"序号": str(place), "状态": state, **{name: fields[name] or NOTHING for name in COLUMNS["案件"][1:-1]}}


def _event(event: Event) -> Row:
    said = masked_text(str(event.what.get("note", "")))
    return {"时间": _moment(event.at), "事项": t(DEED_WORDS[event.deed], language=CHINESE), "说明": said or NOTHING}


def _what(story: Story, titles: Mapping[str, str]) -> str:
    one = story.violation
    if one.item:
        return f"{one.item} {titles.get(one.item, '')}".strip()
    return t(words.KINDS["supervision" if one.restricted else one.kind], language=CHINESE)


def _seen(story: Story) -> str:
    """The day it was seen; of a restricted case the day it was sent down, which tells nothing of the reporter."""
    events = known_events(story)
    if not story.violation.restricted:
        return _day(story.violation.observed_at)
    return _day(events[0].at) if events else ""


def _until(story: Story) -> str:
    found = {due.step: due.until for due in story.deadlines}
    until = found.get("rectify") or found.get("plan")
    return _moment(until) if until else ""


def _coded(table: Mapping[str, str], code: object) -> str:
    return t(table[str(code)], language=CHINESE) if code in table else ""


def _day(moment: datetime) -> str:
    local = moment.astimezone(LOCAL)
    return f"{local.year}年{local.month}月{local.day}日"


def _moment(moment: datetime) -> str:
    return f"{_day(moment)} {moment.astimezone(LOCAL):%H:%M}"
