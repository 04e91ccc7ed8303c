"""What should speak and does not (静默), written across a page: sources past their time, and a worker that is gone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from dashboard.queries.jobs import ProcessState
from dashboard.queries.staleness import Silent
from dashboard.texts import t
from dashboard.web import display
from dashboard.web.components.blocks import go
from dashboard.web.markup import Safe, tag
from dashboard.web.views import names

Link = Callable[..., str]


def sources(silent: Sequence[Silent], now: datetime, link: Link, *, withheld: bool) -> list[Safe]:
    """As of when this page really is, and which source it waits for; [] when none is silent."""
    if not silent:
        return []
    known = [one.last for one in silent if one.last is not None]
    headline = (
        t("Data as of {moment}: this page is not up to date", moment=display.moment(min(known), now))
        if known
        else t("Not up to date: a source has brought nothing yet")
    )
    after = (
        t("Scores that rest on it are withheld until it speaks again.")
        if withheld
        else t("Figures that rest on it are marked; scores and ranks are counted as if nothing had happened since.")
    )
    lines = [
        tag("p", go(link("sources", source=one.source), one.source), t(": "), _silence(one, now)) for one in silent
    ]
    return [tag("div", tag("b", headline), lines, tag("p", after, class_="quiet"), class_="band stale", role="status")]


def _silence(one: Silent, now: datetime) -> str:
    record, every = names.record(one.record), display.duration(one.within.total_seconds())
    if one.last is None:
        return t("no {record} have come since it was first asked, {moment}; expected at least every {time}",
                 record=record, moment=display.moment(one.heard, now), time=every)  # fmt: skip
    return t("no new {record} since {moment} ({age} ago); expected at least every {time}", record=record,
             moment=display.moment(one.last, now), age=display.duration((now - one.last).total_seconds()),
             time=every)  # fmt: skip


def worker(state: ProcessState, now: datetime) -> list[Safe]:
    """A worker that died or was stopped; one that has never run is no surprise."""
    if state.state not in ("silent", "stopped") or state.last_heard is None:
        return []
    at = display.moment(state.last_heard, now)
    headline = (
        t("The worker has been silent since {moment}", moment=at)
        if state.state == "silent"
        else t("The worker was stopped at {moment}", moment=at)
    )
    said = t("Nothing is collected and no spot-check is taken until it runs again; figures are judged by these pages.")
    return [tag("div", tag("b", headline), tag("p", said), class_="band dead", role="status")]
