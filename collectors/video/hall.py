"""What the cameras of a hall say together (全厅合议): every camera that sees a window must agree that it is empty.

A camera that cannot see blocks the finding: "no picture" is not "nobody".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from collectors.video.findings import Finding, common, empty_window_findings
from collectors.video.presence import Presence, Span
from collectors.video.windows import Window
from collectors.video.witnesses import Witnesses


@dataclass(frozen=True, slots=True)
class View:
    """One camera of the hall: the names of the staffed windows it should see, and what its look says of them.

    `lead`: seconds by which its clip begins before the drawn moment; clips of one sample are compared from there on.
    """

    windows: tuple[str, ...]
    judged: bool = False
    """False: no picture, or not fit to judge by."""
    seconds: float = 0.0
    lead: float = 0.0
    recall: float = 0.0
    absent: Mapping[str, Sequence[Span]] = field(default_factory=dict)

    @classmethod
    def of(cls, windows: Sequence[str], document: Mapping[str, Any] | None, lead: float = 0.0) -> View:
        """From a `look` document (design §4.1); None is a camera without a picture."""
        if document is None or document["not_judged"]:
            return cls(tuple(windows))
        absent = {row["name"]: [(a - lead, b - lead) for a, b in row["absent"]] for row in document["windows"]}
        judged = set(windows) <= set(absent)
        return cls(tuple(windows), judged, document["seconds"], lead, document["witnesses"]["recall"], absent)


def empty_windows(views: Mapping[str, View]) -> list[tuple[str, Finding]]:
    """Candidates R01 and R02 of a hall: (camera that shows it, finding in seconds of that camera's clip).

    R01 needs every window of the hall to be seen; an R02 needs every camera that should see its window.
    """
    names = sorted({name for view in views.values() for name in view.windows})
    together = {name: absent for name in names if (absent := _agreed(views, name)) is not None}
    if not together:
        return []
    judged = [view for view in views.values() if view.judged]
    witnesses = Witnesses("all", min(view.recall for view in judged))
    seconds = min(view.seconds - view.lead for view in judged)
    presences = [Presence(Window(name, ()), (), tuple(absent)) for name, absent in together.items()]
    found = empty_window_findings(presences, witnesses, seconds, whole_hall=len(together) == len(names))
    return [_on_a_camera(views, finding) for finding in found]


def _agreed(views: Mapping[str, View], name: str) -> list[Span] | None:
    """When all cameras of a window saw it empty, in seconds from the drawn moment; None if one of them is blind."""
    watching = [view for view in views.values() if name in view.windows]
    if not all(view.judged for view in watching):
        return None
    spans = common([view.absent[name] for view in watching])
    return [(max(0.0, start), end) for start, end in spans if end > 0]


def _on_a_camera(views: Mapping[str, View], finding: Finding) -> tuple[str, Finding]:
    """The finding in the time of the first camera that sees one of its windows."""
    camera = next(code for code, view in views.items() if set(view.windows) & set(finding.windows))
    lead = views[camera].lead
    return camera, replace(finding, start=finding.start + lead, end=finding.end + lead)
