"""Drawing on a camera's picture (标绘): windows and places as polygons, with mouse, finger or keyboard."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import streamlit as st

from collectors.video.windows import OF_A_WINDOW, STAFFED, Window
from dashboard.queries.cameras import CameraDetail
from dashboard.texts import t
from dashboard.web.views.cameras import KIND_WORDS

FOLDER = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Picture:
    """What is drawn on: a JPEG as it is shown, and the size in pixels that polygons are in."""

    jpeg: bytes
    size: tuple[int, int]


@dataclass(frozen=True, slots=True)
class Drawing:
    """What the person saved: polygons in pixels of a picture of `size`, begun from a version of the camera."""

    camera: str
    version: int
    size: tuple[int, int]
    items: list[dict[str, Any]]


def easel(found: CameraDetail, picture: Picture, *, turn: int, read_only: bool) -> Drawing | None:
    """Show the picture with what is drawn on it; the drawing saved in this run, if there is one."""
    data = {
        "camera": found.code,
        "version": found.version,
        "turn": turn,
        "picture": "data:image/jpeg;base64," + base64.b64encode(picture.jpeg).decode(),
        "size": list(picture.size),
        "items": polygons(found.windows),
        "kinds": [[STAFFED, t(KIND_WORDS[STAFFED])], *([kind, t(text)] for kind, text in KIND_WORDS.items()
                                                       if kind != STAFFED)],
        "ofWindow": list(OF_A_WINDOW),
        "readOnly": read_only,
        "words": words(),
    }  # fmt: skip
    result = _component()(data=data, key="drawing", on_event_change=lambda: None)
    return drawing_of(result.event, found, turn)


def polygons(windows: Sequence[Window]) -> list[dict[str, Any]]:
    return [{"name": window.name, "polygon": [[round(x), round(y)] for x, y in window.polygon]} for window in windows]


def drawing_of(raw: Any, found: CameraDetail, turn: int) -> Drawing | None:
    """What the browser sent, if it is about the camera and the version now shown; a stale event is dropped."""
    if not isinstance(raw, dict) or raw.get("camera") != found.code or raw.get("turn") != turn:
        return None
    size, items, version = raw.get("size"), raw.get("items"), raw.get("version")
    if not isinstance(size, list) or len(size) != 2 or not isinstance(items, list) or not isinstance(version, int):
        return None
    return Drawing(found.code, version, (int(size[0]), int(size[1])), [one for one in items if isinstance(one, dict)])


def words() -> dict[str, Any]:
    """Every text of the component, in the chosen language."""
    return {
        "canvas": t("The camera's picture: choose a polygon, or start a new one"),
        "list": t("What is drawn"),
        "none": t("Nothing is drawn yet."),
        "kind": t("Kind of place"),
        "label": t("Name"),
        "windowName": t("Name of the window, e.g. 1"),
        "ofWindow": t("Which window"),
        "optional": t("Name (may stay empty)"),
        "start": t("Draw a new one"),
        "close": t("Close the polygon"),
        "point": t("Delete the point"),
        "remove": t("Delete the polygon"),
        "undo": t("Undo"),
        "save": t("Save the drawing"),
        "saving": t("Saving …"),
        "corners": t("{n} points"),
        "crosses": t("crosses itself"),
        "chosen": t("Drag points; a small circle on a side adds one."),
        "needsName": t("Give it a name first."),
        "twice": t("That name is drawn already."),
        "drawing": t("Tap its corners one after the other, then close it."),
        "mayClose": t("Enter or the first point closes it"),
        "added": t("Drawn. It holds once it is saved."),
        "removed": t("Deleted. Undo brings it back."),
        "keys": t("Keys"),
        "help": [
            [t("Space"), t("put a point (while drawing)")],
            ["Enter", t("close the polygon")],
            ["← ↑ → ↓", t("move (with shift further)")],
            [". ,", t("next, previous point")],
            ["+", t("add a point")],
            ["Delete", t("delete the point, or the polygon")],
            ["Ctrl+Z", t("undo")],
            ["Esc", t("give up, or let go")],
        ],
    }


@cache
def _component() -> Any:
    return st.components.v2.component(
        "mingcha_drawing",
        html='<div class="mc-drawing"></div>',
        css=(FOLDER / "drawing.css").read_text(encoding="utf-8"),
        js=(FOLDER / "drawing.js").read_text(encoding="utf-8"),
        isolate_styles=False,
    )
