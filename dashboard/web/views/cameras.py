"""Cameras as a person reads them (摄像机): how each answered, what is drawn, what changed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from collectors.video.windows import STAFFED, kind_of
from dashboard.queries.cameras import CameraState, Drawing, Moment
from dashboard.queries.offices import Tree
from dashboard.texts import t
from dashboard.web import display
from dashboard.web.components.blocks import Column, figure, figures, go, table, word
from dashboard.web.markup import Safe, safe, tag
from dashboard.web.views import names
from dashboard.web.views.today import cause

Link = Callable[..., str]
CLOCK_SECONDS = 60
"""A picture clock further off than this is item F04 of the sheet (domain §5.3)."""
KIND_WORDS = {
    "window": "Service window", "waiting": "Waiting area", "front": "Place before a window",
    "line": "Within the one-metre line", "door": "Entrance door", "staff": "Behind the counter",
    "sign": "Sign: service suspended", "screen": "Screen with the list", "terminal": "Self-service terminal",
    "clock": "Clock in the picture",
}  # fmt: skip
"""Kinds of polygons (`collectors.video.windows`) in the order in which they are offered; msgids."""
TONES = {"captured": "fine", "not_checkable": "breach", "missed": "soon"}
CHANGES = {"drawing": "drawing saved", "reference": "picture of the empty windows kept"}


def counts(found: Sequence[CameraState]) -> Safe:
    """How many cameras there are, and how many need somebody."""
    undrawn = sum(not one.windows for one in found)
    blind = sum(one.outcome == "not_checkable" for one in found)
    bare = sum(not one.has_reference for one in found)
    return figures([
        figure(display.count(len(found)), t("cameras")),
        figure(display.count(blind), t("could not be checked last time"), tone="breach" if blind else ""),
        figure(display.count(undrawn), t("without a window drawn"), tone="soon" if undrawn else ""),
        figure(display.count(bare), t("without a picture of the empty windows"), tone="soon" if bare else ""),
    ])  # fmt: skip


def listed(found: Sequence[CameraState], tree: Tree, chosen: str | None, now: datetime, link: Link) -> Safe:
    """Every camera with its hall, its last answer and its drawing."""
    columns = [
        Column(t("Camera"), "head main"), Column(t("Hall")), Column(t("State")), Column(t("Last look"), "num"),
        Column(t("Clock"), "num", t("picture clock less ours; beyond a minute is item F04")), Column(t("Drawn")),
        Column(t("Empty windows")),
    ]  # fmt: skip
    body = [
        [safe(go(link(camera=one.code), one.name or one.code), " ", tag("small", one.code) if one.name else ""),
         tree.name(one.hall), answer(one), display.moment(one.looked_at, now) if one.looked_at else display.NONE,
         offset(one.offset_seconds), drawn(one), t("kept") if one.has_reference else word(t("not kept"), "soon")]
        for one in found
    ]  # fmt: skip
    place = next((index for index, one in enumerate(found) if one.code == chosen), None)
    return table(columns, body, chosen=place, label=t("Cameras"))


def answer(one: CameraState) -> Safe:
    """How the camera's newest look ended, and what was wrong with the picture."""
    if one.outcome is None:
        return word(t("never looked at"), "")
    why = [cause(code) for code in dict.fromkeys(filter(None, (one.cause, *one.problems)))]
    return safe(word(names.value(one.outcome), TONES.get(one.outcome, "")), f" {t(', ').join(why)}" if why else "")


def has_moved(one: CameraState) -> bool:
    """Whether the newest look found the picture moved: what is drawn no longer fits."""
    return "moved" in (one.cause, *one.problems)


def offset(seconds: float | None) -> str | Safe:
    if seconds is None:
        return display.NONE
    text = f"{display.signed(seconds, 0)} s"
    return word(text, "breach") if abs(seconds) > CLOCK_SECONDS else text


def drawn(one: CameraState) -> str | Safe:
    if one.drawing_fault:
        return word(t("unreadable"), "breach", one.drawing_fault)
    if not one.windows:
        return word(t("no window"), "soon")
    return t("{n} windows", n=one.windows) + (f" + {one.places}" if one.places else "")


def moment(one: Moment, now: datetime) -> str:
    """A moment of a clip as the choice of pictures names it."""
    when = display.moment(one.taken_at, now) if one.taken_at else t("evidence {n}", n=one.evidence)
    people = t("people not counted") if one.people is None else t("{n} people", n=one.people)
    return f"{when} · {t('second {s}', s=display.rounded(one.second, 1))} · {people}"


def polygon(name: str) -> str:
    """What a polygon is, in words: the name of a window, else its kind and what tells several apart."""
    kind = kind_of(name)
    return name if kind == STAFFED else f"{t(KIND_WORDS[kind])} {name.partition(':')[2].strip()}".strip()


def changes(found: Sequence[Drawing], now: datetime) -> Safe:
    """What people changed about one camera, newest first."""
    columns = [Column(t("When"), "num"), Column(t("Who")), Column(t("What"), "wide"), Column(t("Polygons"), "wide")]
    body = [
        [display.moment(one.at, now), one.by, t(CHANGES.get(one.kind, one.kind)),
         t(", ").join(map(polygon, one.names)) or display.NONE]
        for one in found
    ]  # fmt: skip
    return table(columns, body, label=t("Changes of the camera"))
