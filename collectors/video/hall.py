"""What the cameras of a hall say together (全厅合议): every camera that sees a place must agree on it.

A camera that cannot see blocks the finding: "no picture" is not "nobody". Only an excuse (a sign at the window) needs
one camera alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from collectors.video.findings import Finding, NotJudged, Sight, Table, common, judge
from collectors.video.presence import Span, joined
from collectors.video.rules import Detectors, Rule
from collectors.video.states import Held, places_of, table_of
from collectors.video.windows import Window
from collectors.video.witnesses import NOT_CHECKABLE


@dataclass(frozen=True, slots=True)
class View:
    """One camera of the hall: what is drawn on its picture, and what its look says, in seconds from the moment drawn.

    `lead`: seconds by which its clip begins before that moment; clips of one sample are compared from there on.
    `looked`: what of the time was looked at; empty without a picture fit to judge by.
    """

    windows: tuple[Window, ...]
    looked: tuple[Span, ...] = ()
    lead: float = 0.0
    recall: float = 0.0
    table: Table = field(default_factory=dict)

    @classmethod
    def of(cls, windows: Sequence[Window], document: Mapping[str, Any] | None, lead: float = 0.0) -> View:
        """From a `look` document (design §4.1); None is a camera without a picture fit to judge by."""
        if document is None:
            return cls(tuple(windows))
        table = {key: moved(held, -lead) for key, held in table_of(document.get("states", [])).items()}
        looked = ((-lead, document["seconds"] - lead),)
        return cls(tuple(windows), looked, lead, document["witnesses"]["recall"], table)

    def at(self, state: str, place: str) -> Held:
        """The camera's word on a place that it should see."""
        return self.table.get((state, place), Held(state, place, reason=NOT_CHECKABLE))

    def with_piece(self, document: Mapping[str, Any], begins: float, bridge: float) -> View:
        """The view with a further clip that begins at that second; breaks up to `bridge` seconds between clips count
        as looked at where the state holds on both sides."""
        table = dict(self.table)
        for key, held in table_of(document["states"]).items():
            ours, theirs = self.at(*key), moved(held, begins)
            reason = ours.reason or theirs.reason
            spans = () if reason else tuple(bridged(ours.spans, theirs.spans, bridge))
            table[key] = Held(*key, spans, reason)
        looked = joined([*self.looked, (begins, begins + document["seconds"])], bridge)
        return replace(self, table=table, looked=tuple(looked))


def bridged(ours: Sequence[Span], theirs: Sequence[Span], bridge: float) -> list[Span]:
    """Spans of two clips that follow one another, joined where one ends within `bridge` seconds of the other's start.

    Inside one clip nothing is bridged: a break that was seen is a break.
    """
    result = list(ours)
    for start, end in theirs:
        near = [span for span in result if span in ours and start - bridge <= span[1] and span[0] <= end + bridge]
        for span in near:
            result.remove(span)
            start, end = min(start, span[0]), max(end, span[1])
        result.append((start, end))
    return sorted(result)


def moved(held: Held, by: float) -> Held:
    return replace(held, spans=tuple((start + by, end + by) for start, end in held.spans))


def judge_hall(
    views: Mapping[str, View], detectors: Detectors, *, slot: int | None, morning: bool = False
) -> tuple[list[tuple[str, Finding]], list[NotJudged]]:
    """Candidates of a hall as (camera that shows it, finding in seconds of that camera's clip), and what is not judged.

    Items that a camera says for itself (F02–F04) are no part of it.
    """
    sight = sight_of(views, detectors, slot=slot, morning=morning)
    of_hall = replace_rules(detectors)
    if sight is None:
        return [], [NotJudged(item, NOT_CHECKABLE) for item in of_hall.items]
    found, silent = judge(sight, of_hall)
    return [on_a_camera(views, one, detectors) for one in found], silent


def replace_rules(detectors: Detectors) -> Detectors:
    """The rules that are the hall's to say."""
    return Detectors(detectors.states, tuple(rule for rule in detectors.rules if rule.over != "camera"))


def sight_of(
    views: Mapping[str, View], detectors: Detectors, *, slot: int | None, morning: bool = False
) -> Sight | None:
    """What all cameras agree on, from the moment drawn on; None if none has a picture."""
    seeing = [view for view in views.values() if view.looked]
    if not seeing:
        return None
    seconds = min(view.looked[-1][1] for view in seeing)
    agreed = agreement(views, detectors)
    cut = {key: replace(held, spans=tuple(common([held.spans, [(0.0, seconds)]]))) for key, held in agreed.items()}
    loose = agreement(views, detectors, one_is_enough=True)
    return Sight(cut, seconds, min(view.recall for view in seeing), loose, slot, morning)


def long_sight_of(views: Mapping[str, View], detectors: Detectors) -> Sight:
    """What all cameras agree on over everything that was looked at, before the moment drawn too."""
    recall = min((view.recall for view in views.values() if view.looked), default=0.0)
    return Sight(agreement(views, detectors), 0.0, recall, agreement(views, detectors, one_is_enough=True))


def watchers(views: Mapping[str, View], rule: Rule, detectors: Detectors) -> list[str]:
    """The cameras on whose word a rule rests: those that see a place of one of its states."""
    states = [detectors.states[name] for name in (*rule.when, *rule.unless, *rule.beside)]
    return [code for code, view in views.items() if any(places_of(state, view.windows) for state in states)]


def agreement(views: Mapping[str, View], detectors: Detectors, *, one_is_enough: bool = False) -> dict[Any, Held]:
    """Each state at each place, as all cameras that should see the place say it (or any of them)."""
    watching: dict[tuple[str, str], list[Held]] = {}
    for view in views.values():
        for state in detectors.states.values():
            for place in places_of(state, view.windows):
                label = place.label if place else ""
                watching.setdefault((state.name, label), []).append(view.at(state.name, label))
    found = {}
    for key, words in watching.items():
        reason = next((held.reason for held in words if held.reason), None)
        all_spans = [held.spans for held in words if not held.reason]
        together = joined(span for spans in all_spans for span in spans) if one_is_enough else common(all_spans or [()])
        found[key] = Held(*key, () if reason else tuple(together), reason)
    return found


def on_a_camera(views: Mapping[str, View], finding: Finding, detectors: Detectors) -> tuple[str, Finding]:
    """The finding in the time of the first camera that sees one of its places."""
    camera = next(code for code, view in views.items() if sees(view, finding, detectors))
    lead = views[camera].lead
    return camera, replace(finding, start=finding.start + lead, end=finding.end + lead)


def sees(view: View, finding: Finding, detectors: Detectors) -> bool:
    """Whether a camera with a picture sees one of a finding's places (every one sees what has no place)."""
    rule = next(rule for rule in detectors.rules if (rule.item, rule.title) == (finding.code, finding.title))
    kind = detectors.kind_of(rule)
    labels = {window.label for window in view.windows if window.kind == kind}
    return bool(view.looked) and (not finding.windows or bool(labels & set(finding.windows)))
