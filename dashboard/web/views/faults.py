"""Equipment faults of cameras (设备故障), as the page of cameras shows them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from dashboard.texts import t
from dashboard.web import display
from dashboard.web.components.blocks import Column, go, table, word
from dashboard.web.markup import Safe
from dashboard.web.views.today import cause

Link = Callable[..., str]


def open_faults(rows: Sequence[Mapping[str, Any]], now: datetime, link: Link) -> Safe:
    """Cameras that cannot be judged by: why, since when, and in how many looks so far."""
    columns = [Column(t("Camera"), "head main"), Column(t("Hall")), Column(t("Cause")), Column(t("Since"), "num"),
               Column(t("Last seen so"), "num"), Column(t("Looks"), "num")]  # fmt: skip
    body = [
        [go(link(camera=row["camera"]), row["camera_name"] or row["camera"]), row["hall_name"] or row["hall"],
         word(cause(row["cause"]), "breach"), display.moment(row["opened_at"], now),
         display.moment(row["last_at"], now), display.count(row["looks"])]
        for row in rows
    ]  # fmt: skip
    return table(columns, body, label=t("Equipment faults"))
