"""States of places (状态): series against thresholds, as spans of time — or the reason why a state is not known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from collectors.video.presence import Span, edges_of, joined, merged, spans_of
from collectors.video.reference import Flags, runs_of
from collectors.video.rules import PICTURE, Detectors, State
from collectors.video.series import Scene, Values, values_of
from collectors.video.windows import Window
from collectors.video.witnesses import NO_CLOCK, NOT_CHECKABLE

LEAST_KNOWN = 0.5
"""Share of the clip over which a state must be known for anything to be said of it."""


@dataclass(frozen=True, slots=True)
class Held:
    """When a state held at a place, in seconds from the first frame; `reason`: why that is not known, if it is not.

    `place` is the label of the polygon (of a window, its sign and its front alike the window's name), "" for the
    whole picture.
    """

    state: str
    place: str
    spans: tuple[Span, ...] = ()
    reason: str | None = None

    def document(self) -> dict[str, Any]:
        spans = [[round(start, 2), round(end, 2)] for start, end in self.spans]
        return {"state": self.state, "place": self.place, "spans": spans, "reason": self.reason}


def states_of(scene: Scene, detectors: Detectors) -> tuple[Held, ...]:
    """Every state at every place of its kind that is drawn on the picture."""
    found = []
    for state in detectors.states.values():
        for place in places_of(state, scene.windows):
            found.append(state_at(state, scene, place))
    return tuple(found)


def places_of(state: State, windows: Sequence[Window]) -> list[Window | None]:
    if state.of == PICTURE:
        return [None]
    return [window for window in windows if window.kind == state.of]


def state_at(state: State, scene: Scene, place: Window | None) -> Held:
    """One state at one place."""
    label = place.label if place else ""
    lacking = next((reason for need in state.needs if (reason := scene.lacks(need))), None)
    if lacking is None and state.series == "offset" and scene.clock_offset is None:
        lacking = NO_CLOCK
    if lacking:
        return Held(state.name, label, reason=lacking)
    values = values_of(state.series, scene, place)
    known = ~np.isnan(values)
    edges = edges_of(scene.measures.times, scene.seconds)
    if float((np.diff(edges) * known).sum()) < LEAST_KNOWN * scene.seconds:
        return Held(state.name, label, reason=NOT_CHECKABLE)
    return Held(state.name, label, held_spans(crossed(state, values), known, edges, state.debounce))


def crossed(state: State, values: Values) -> Flags:
    """Looks at which the state holds; one that is not known holds nothing."""
    if state.below is not None:
        return np.asarray(values < state.below)
    assert state.at_least is not None
    return np.asarray(values >= state.at_least)


def held_spans(flags: Flags, known: Flags, edges: Values, debounce: float) -> tuple[Span, ...]:
    """Spans of true looks, breaks and then spans shorter than `debounce` seconds merged away, per known stretch.

    What was not seen for no longer than that, between stretches in which it holds, is bridged too.
    """
    found: list[Span] = []
    for run in runs_of(known):
        spans = spans_of(flags[run], edges[run[0] : run[-1] + 2])
        spans = merged(merged(spans, False, debounce), True, debounce)
        found += [(start, end) for start, end, here in spans if here]
    return tuple(joined(found, debounce))


def table_of(rows: Sequence[Mapping[str, Any]]) -> dict[tuple[str, str], Held]:
    """States of a `look` document by (state, place)."""
    return {
        (row["state"], row["place"]): Held(
            row["state"], row["place"], tuple((start, end) for start, end in row["spans"]), row["reason"]
        )
        for row in rows
    }
