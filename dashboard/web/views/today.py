"""What needs me now (今日): figures that are doors, clocks that move by themselves, the day's samples as a grid."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from checks.judge.samples import SlotTime
from checks.rulebook.model import Edition
from dashboard.queries.offices import Tree
from dashboard.queries.sources import SourceState
from dashboard.queries.staleness import Silent
from dashboard.queries.today import Running, Sampled
from dashboard.queries.violations import Violation
from dashboard.queries.yesterday import Case, FirstImport, Moved, Movement
from dashboard.texts import t
from dashboard.web import books, display
from dashboard.web.components.ask import ask, beside
from dashboard.web.components.blocks import Column, figure, figures, go, table
from dashboard.web.markup import Safe, safe, tag
from dashboard.web.views import names

Link = Callable[..., str]
SHOWN = 15


def summary(
    clocks: Sequence[Running], samples: Sequence[Sampled], cases: Sequence[Violation],
    sources: Sequence[SourceState], as_of: datetime, link: Link,
) -> Safe:  # fmt: skip
    """Six figures that say where to begin; `cases` are those whose step ends today or has ended."""
    soon = sum(1 for clock in clocks if clock.soon)
    over = sum(1 for clock in clocks if clock.deadline < as_of)
    flagged = sum(1 for sample in samples if sample.state == "flagged")
    waiting = sum(1 for sample in samples if sample.state in ("flagged", "waiting"))
    silent = sum(1 for source in sources if source.state in ("silent", "failing"))
    taken = tag("small", f" / {len([s for s in samples if s.state not in ('planned', 'closed')])}")
    return figures([
        beside(
            figure(display.count(soon), t("about to breach"), tone="soon" if soon else "",
                   href=link("today", show="soon"), title=t("At least three quarters of the time are used.")),
            ask("today.soon", n=len(clocks)),
        ),
        beside(
            figure(display.count(over), t("overdue and still open"), tone="breach" if over else "",
                   href=link("today", show="over")),
            ask("today.over", n=len(clocks)),
        ),
        beside(
            figure(display.count(flagged), t("flagged by the machine today"), tone="machine" if flagged else "",
                   href=link("review", flagged="1")),
            ask("today.flagged", n=len(samples)),
        ),
        beside(
            figure(safe(display.count(waiting), taken), t("samples of today to review"), href=link("review")),
            ask("today.waiting", n=len(samples)),
        ),
        beside(
            figure(display.count(len(cases)), t("cases due today or overdue"), tone="soon" if cases else "",
                   href=link("violations", level="today")),
            ask("today.cases", n=len(cases)),
        ),
        beside(
            figure(display.count(silent), t("sources silent or failing"), tone="breach" if silent else "",
                   href=link("sources")),
            ask("today.silent", n=len(sources)),
        ),
    ])  # fmt: skip


def clocks(found: Sequence[Running], tree: Tree, edition: Edition, as_of: datetime, link: Link, most: int) -> Safe:
    """Open clocks by time left. The countdown moves by itself; the bar is the share of time used."""
    columns = [
        Column(t("Time left"), "num"), Column(t("Used"), "wide"), Column(t("Number"), "head keep"),
        Column(t("Office"), "keep"), Column(t("Clock")), Column(t("Deadline"), "num"), Column(t("Who has it")),
    ]  # fmt: skip
    titles = {indicator.code: books.title(indicator) for indicator in edition.indicators}
    body = [
        [countdown(clock.deadline, as_of), used(clock),
         go(link("record", record=clock.record, number=clock.number), clock.number),
         go(link("office", office=clock.office), tree.name(clock.office)),
         f"{clock.indicator} {titles.get(clock.indicator, '')}",
         tag("span", display.moment(clock.deadline, as_of), title=display.exact(clock.deadline)),
         clock.holder or display.NONE]
        for clock in found[:most]
    ]  # fmt: skip
    return table(columns, body, label=t("Open clocks"))


def countdown(deadline: datetime, as_of: datetime) -> Safe:
    """Time left, moved on by the strip's script; over-due in vermilion with the word."""
    left = (deadline - as_of).total_seconds()
    text = display.duration(left) if left >= 0 else t("over by {time}", time=display.duration(-left))
    until, now = (str(int(moment.timestamp() * 1000)) for moment in (deadline, as_of))
    return tag(
        "b", text, data_until=until, data_now=now, class_="breach" if left < 0 else None, title=display.exact(deadline)
    )


def used(clock: Running) -> Safe:
    """Share of the time used, as a bar of one colour that means its state, with the percentage beside."""
    share = min(max(clock.used, 0.0), 1.0)
    tone = "breach" if clock.used > 1 else "soon" if clock.soon else "fine"
    words = t("{n} % of the time used", n=min(round(clock.used * 100), 999))
    bar = tag("i", style=f"width:{share * 100:.0f}%")
    return tag("span", bar, class_=f"used {tone}", role="img", aria_label=words, title=words)


MARKS = {
    "judged": ("●", "reviewed"), "flagged": ("◆", "flagged by the machine"), "waiting": ("○", "waiting for review"),
    "captured": ("●", "captured"), "not_checkable": ("▲", "not checkable"), "missed": ("✕", "missed"),
    "planned": ("·", "still to come"),
    "closed": ("", "hall closed"), "none": ("", "no sample"),
}  # fmt: skip


def grid(samples: Sequence[Sampled], slots: Sequence[SlotTime], tree: Tree, link: Link) -> Safe:
    """Halls × slots: what was seen, what waits, what was missed."""
    found: dict[str, dict[int, Sampled]] = {}
    for sample in samples:
        found.setdefault(sample.hall, {})[sample.slot] = sample
    style = f"grid-template-columns:1fr repeat({len(slots)},1.55rem)"
    rows = [
        tag("div", tag("span", go(link("office", office=hall), tree.name(hall), class_="plain"), title=tree.name(hall)),
            [_mark(row.get(slot.number), slot, link) for slot in slots], style=style)
        for hall, row in sorted(found.items(), key=lambda pair: tree.name(pair[0]))
    ]  # fmt: skip
    return tag("div", rows, class_="samples")


def _mark(sample: Sampled | None, slot: SlotTime, link: Link) -> Safe:
    span = f"{slot.starts:%H:%M}–{slot.ends:%H:%M}"
    state = sample.state if sample else "none"
    shape, words = MARKS[state]
    said = f"{span} · {t(words)}" + (f" · {cause(sample.cause)}" if sample and sample.cause else "")
    if sample is None or state in ("closed", "none", "planned", "captured", "missed"):
        return tag("span", shape, class_=f"mark {state}{' hatched' if state in ('closed', 'none') else ''}", title=said,
                   role="img", aria_label=said)  # fmt: skip
    return tag("a", shape, href=link("review", sample=sample.sample), class_=f"mc-go plain mark {state}", title=said,
               aria_label=said)  # fmt: skip


def grid_key() -> Safe:
    parts = [
        (tag("span", MARKS[state][0], class_=f"mark {state}", style="display:inline"), f" {t(MARKS[state][1])}")
        for state in ("judged", "flagged", "waiting", "captured", "not_checkable", "missed", "planned")
    ]
    hatched = safe(tag("i", class_="hatched", style="border:1px solid var(--mc-rule)"), t("closed or no sample"))
    return tag("p", [(part, "　") for part in parts], tag("span", hatched, class_="key"), class_="says")


CAUSES = {
    "worker_down": "the worker was down",
    "recorder_busy": "the recorder was busy",
    "disk_full": "the disk was full",
    "recording_missing": "the recorder has no such minute",
    "offline": "offline",
    "black": "black picture",
    "frozen": "frozen picture",
    "blurred": "blurred",
    "occluded": "occluded",
    "moved": "moved",
    "no_signal": "no signal",
    "wrong_password": "wrong password",
}


def cause(code: str) -> str:
    return t(CAUSES.get(code, code))


@dataclass(frozen=True, slots=True)
class Happened:
    """What changed within the last day, but for the clocks that ran out."""

    moved: Movement | None
    cases: Sequence[Case]
    quiet: Sequence[Silent]
    accepted: Mapping[str, int]
    first: Sequence[FirstImport]
    quarantined: int


MOVED_SHOWN = 8


def happened(clocks: Sequence[Running], what: Happened, tree: Tree, now: datetime, link: Link) -> Safe:
    """Since yesterday at this time: who moved, new cases, what fell silent, what ran out, what came in."""
    lines = [
        *_moved(what.moved, tree, now, link),
        *(_case(case, tree, now, link) for case in what.cases),
        *(tag("p", "◌ ", go(link("sources", source=one.source), one.source), t(": "),
              t("silent since {moment}", moment=display.moment(one.since, now))) for one in what.quiet),
    ]  # fmt: skip
    return safe(tag("div", lines), tag("ul", [tag("li", line) for line in _counts(clocks, what, now, link)]))


def _moved(found: Movement | None, tree: Tree, now: datetime, link: Link) -> list[Safe]:
    """Places won and lost in the running quarter, the largest moves first."""
    if found is None:
        return [tag("p", t("Who moved in the league is told from the second day on."), class_="quiet")]
    since = display.moment(found.since, now)
    moved = [one for one in found.moved if one.level == "station"] or list(found.moved)
    if not moved:
        return [tag("p", t("Nobody has changed place in the league since {moment}.", moment=since))]
    columns = [Column(t("Office"), "head main keep"), Column(t("Rank"), "num"), Column(t("Score"), "num"),
               Column(t("Change of rank"), "num")]  # fmt: skip
    body = [
        [go(link("office", office=one.office), tree.name(one.office)),
         f"{one.rank_then or display.NONE} → {one.rank_now or display.NONE}",
         f"{display.score(one.score_then)} → {display.score(one.score_now)}", _step(one)]
        for one in moved[:MOVED_SHOWN]
    ]  # fmt: skip
    told = t("{n} offices changed place in the league since {moment}; the largest moves:", n=len(moved), moment=since)
    return [tag("p", told), table(columns, body, label=told)]


def _step(one: Moved) -> Safe:
    """Places won or lost; coming into the ranking or leaving it is said in words."""
    if one.rank_then is None or one.rank_now is None:
        return tag("span", t("ranked now") if one.rank_then is None else t("not ranked any more"), class_="quiet")
    won = one.rank_then - one.rank_now
    return tag("span", f"{'▲' if won > 0 else '▼'} {abs(won)}", class_="fine" if won > 0 else "breach")


def _case(case: Case, tree: Tree, now: datetime, link: Link) -> Safe:
    at = display.moment(case.confirmed_at, now)
    said = t("violation {item} confirmed, {moment}", item=case.item, moment=at)
    return tag("p", "◆ ", go(link("office", office=case.hall), tree.name(case.hall)), t(": "),
               go(link("review", sample=case.sample), said) if case.sample else said)  # fmt: skip


def _counts(clocks: Sequence[Running], what: Happened, now: datetime, link: Link) -> list[object]:
    """Clocks that ran out, records that were accepted (not: came in), first imports, quarantine."""
    since = now - timedelta(hours=24)
    by_code: dict[str, int] = {}
    for clock in clocks:
        if since <= clock.deadline < now:
            by_code[clock.indicator] = by_code.get(clock.indicator, 0) + 1
    each = t(", ").join(f"{code} {n}" for code, n in sorted(by_code.items()))
    ran_out = t("{n} open clocks ran out", n=display.count(sum(by_code.values())))
    return [
        f"{ran_out} ({each})" if each else ran_out,
        *(t("{n} new {records}", n=display.count(n), records=names.record(kind))
          for kind, n in sorted(what.accepted.items())),
        *(t("{source} was read for the first time: {n} {records}", source=one.source, n=display.count(one.rows),
            records=names.record(one.record)) for one in what.first),
        go(link("sources"), t("{n} rows in quarantine", n=display.count(what.quarantined))),
    ]  # fmt: skip
