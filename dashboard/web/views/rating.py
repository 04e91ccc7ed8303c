"""How the people of an office do (人员评价), for their leader: shares with their intervals, few records greyed."""

from __future__ import annotations

from collections.abc import Sequence

from dashboard.queries.offices import Tree
from dashboard.queries.rating import Rated, Share
from dashboard.texts import t
from dashboard.web import display
from dashboard.web.components.blocks import Column, table
from dashboard.web.markup import Safe, tag


def people(found: Sequence[Rated], tree: Tree) -> Safe:
    """One row per person and office, by place within the office."""
    columns = [
        Column(t("Place"), "num"), Column(t("Person"), "head"), Column(t("Office"), "keep"),
        Column(t("In time"), "wide"), Column(t("Satisfied, share"), "wide"), Column(t("Told as it was"), "wide"),
        Column(t("Minutes to take"), "num"), Column(t("Rating"), "num"),
    ]  # fmt: skip
    body = [
        [display.count(one.rank) if one.rank else display.NONE, one.person, tree.name(one.office), share(one.time),
         share(one.satisfaction), share(one.conformity),
         display.NONE if one.minutes is None else display.rounded(one.minutes, 1),
         display.NONE if one.rating is None else display.rounded(one.rating * 100, 2)]
        for one in found
    ]  # fmt: skip
    return table(columns, body, label=t("Ratings"))


def share(found: Share) -> Safe:
    """A rate with n and its interval; of fewer than ten in grey and with the word."""
    if found.value is None or found.interval is None:
        return tag("span", display.NONE)
    low, high = (display.rate(one, 0) for one in found.interval)
    told = f"{display.rate(found.value, 1)} ({found.good} / {found.n})"
    words = t("too few records") if found.is_few else t("95 %: {low} to {high}", low=low, high=high)
    return tag("span", told, tag("small", f" {words}", class_="quiet"), class_="quiet" if found.is_few else None)
