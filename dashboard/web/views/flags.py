"""What looks wrong with what came (核查): flags with their numbers, stated totals, a changed header beside the old."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from dashboard.flag_words import TITLES, number, sentence
from dashboard.intake.flags import ROUND_COUNT
from dashboard.queries.flags import FlagEvent, FlagRow
from dashboard.queries.offices import Tree
from dashboard.queries.sources import ChangedHeader
from dashboard.texts import t
from dashboard.web import display
from dashboard.web.components.blocks import Column, facts, go, says, table, word
from dashboard.web.markup import Safe, safe, tag
from dashboard.web.views import names
from dashboard.web.views.sources import base_name

Link = Callable[..., str]
DEEDS = {"closed": "closed with a reason", "reopened": "opened again", "cleared": "settled by later data"}
STATES = {
    "open": ("still open", "soon"),
    "closed": ("closed with a reason", ""),
    "cleared": ("settled by later data", "fine"),
}
CHANGES = {
    "same": ("unchanged", ""), "moved": ("elsewhere", ""), "renamed": ("perhaps renamed", "soon"),
    "gone": ("gone", "breach"), "new": ("new", "soon"),
}  # fmt: skip
CONTROL_STATES = {
    "matches": ("agrees", "fine"), "differs": ("differs", "breach"), "not_computed": ("cannot be computed", "soon"),
}  # fmt: skip
PLACES = {"title": "title", "total": "total row", "footnote": "footnote"}


def said(flag: FlagRow) -> str:
    return sentence(flag.kind, flag.stated, flag.found, flag.detail, flag.day_from)


def by_source(found: Sequence[FlagRow]) -> Mapping[tuple[str, str], int]:
    """How many flags each source has on each of its records."""
    return Counter((one.source, one.record) for one in found)


def listed(found: Sequence[FlagRow], tree: Tree, chosen: int, now: datetime, link: Link) -> Safe:
    """Open flags, newest first; each opens its story."""
    columns = [
        Column(t("What"), "head main"), Column(t("Source")), Column(t("Records")), Column(t("Office")),
        Column(t("Numbers"), "wide"), Column(t("Days concerned"), "num"), Column(t("Since"), "num"),
    ]  # fmt: skip
    body = [
        [go(link(flag=one.id), word(t(TITLES[one.kind]), "soon" if one.kind == ROUND_COUNT else "breach")), one.source,
         names.record(one.record), tree.name(one.office) if one.office else t("all"), said(one), days(one),
         tag("span", display.age(one.raised_at, now), title=display.exact(one.raised_at))]
        for one in found
    ]  # fmt: skip
    place = next((index for index, one in enumerate(found) if one.id == chosen), None)
    return table(columns, body, chosen=place, label=t("Flags"))


def days(flag: FlagRow) -> str:
    return flag.day_from if flag.day_from == flag.day_to else f"{flag.day_from} – {flag.day_to}"


def about(flag: FlagRow, tree: Tree, now: datetime, link: Link) -> Safe:
    """One flag with everything that it knows."""
    text, tone = STATES[flag.state]
    office = tree.name(flag.office) if flag.office else t("all")
    sheet, row = flag.detail.get("sheet"), flag.detail.get("row")
    pairs: list[tuple[str, object]] = [
        (t("What"), safe(word(t(TITLES[flag.kind])), " ", word(t(text), tone))), (t("Numbers"), said(flag)),
        (t("Source"), safe(flag.source, " · ", names.record(flag.record), " · ", office)),
        (t("Days concerned"), days(flag)),
        (t("File"), go(link(batch=flag.batch_id, flag=None), base_name(flag.file))),
        (t("Since"), display.moment(flag.raised_at, now)),
    ]  # fmt: skip
    pairs += [(t("Measure"), flag.series)] if flag.series else []
    pairs += [(t("Sheet"), sheet)] if sheet else []
    pairs += [(t("Row"), str(row))] if row else []
    return facts(pairs)


def story(events: Sequence[FlagEvent], now: datetime) -> Safe:
    columns = [Column(t("When"), "num"), Column(t("Who")), Column(t("What"), "head"), Column(t("Why"), "wide")]
    body = [
        [display.moment(one.at, now), one.by, t(DEEDS[one.action]), one.why or display.NONE] for one in events
    ]  # fmt: skip
    return table(columns, body, label=t("What was done"))


def controls(found: Sequence[Mapping[str, Any]]) -> Safe:
    """The totals that a file states, beside what was read."""
    columns = [
        Column(t("Stated by"), "head main"), Column(t("Column"), "wide"), Column(t("Stated"), "num"),
        Column(t("Read"), "num"), Column(t("Gap"), "num"), Column(t("State")),
    ]  # fmt: skip
    body = []
    for one in found:
        text, tone = CONTROL_STATES[one["state"]]
        place = safe(
            one["label"], " ", tag("small", t("{place}, row {n}", place=t(PLACES[one["where"]]), n=one["row"]))
        )
        body.append([place, one["column"] or t("rows"), number(one["stated"]), number(one["found"]), number(one["gap"]),
                     word(t(text), tone)])  # fmt: skip
    return table(columns, body, label=t("Stated totals"))


def header(changed: ChangedHeader, now: datetime, mapping: str) -> Safe:
    """The columns a source was saved with beside those that came, and the way to map them anew."""
    columns = [
        Column(t("Saved column"), "head"),
        Column(t("Column of the file"), "wide"),
        Column(t("What has changed")),
    ]
    body = []
    for one in changed.columns:
        text, tone = CHANGES[one.what]
        body.append([one.old or display.NONE, one.new or display.NONE,
                     word(t(text), tone) if one.what != "same" else tag("small", t(text))])  # fmt: skip
    told = t("{file} of {source} came {when} with another header; nothing of it was stored.",
             source=changed.source, file=changed.file.replace("\\", "/").rsplit("/", 1)[-1],
             when=display.moment(changed.at, now))  # fmt: skip
    way = tag(
        "p",
        go(mapping, t("To the Mapping page")),
        " ",
        t("Drop the file there, look at it, and save the source again."),
    )
    return safe(says(told), table(columns, body, label=t("Changed header of {source}", source=changed.source)), way)
