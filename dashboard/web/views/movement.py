"""What moved (名次变化): places from then to now, split into late data, rules, own change and peers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from dashboard.texts import t
from dashboard.web import display
from dashboard.web.components.blocks import Column, go, says, state, table
from dashboard.web.markup import Safe, safe, tag
from dashboard.web.views import marks

Row = Mapping[str, Any]
Link = Callable[..., str]
TOLD = 4
"""Indicators named beside an office: those that moved it most."""
NO_LATE_DATA = (
    "The period before was never frozen, so what late data changed in it is not known; it is in the other parts."
)


def moved(document: Row, link: Link) -> Safe:
    """Every ranked office, most places first; the four parts add up to the change."""
    rows = [row for row in document["rows"] if row["change"] is not None]
    if not rows:
        return state("empty", t("No office is ranked in both periods, so nothing moved that could be explained."))
    worst = max(max(row["rank"], row["rank_before"]) for row in rows)
    columns = [
        Column(t("Office"), "head main"), Column(t("Rank then"), "num"), Column(t("Rank now"), "num"),
        Column(t("From then to now")), Column(t("Places"), "num"), Column(t("Own change"), "num"),
        Column(t("Others"), "num"), Column(t("Rules"), "num"), Column(t("Late data"), "num"),
        Column(t("Score"), "num"), Column(t("By indicator, in score points"), "wide"),
    ]  # fmt: skip
    return safe(table(columns, [_cells(row, worst, link) for row in rows], label=t("What moved")), _sentence(document))


def _cells(row: Row, worst: int, link: Link) -> list[object]:
    first, last = row["rank_before"], row["rank"]
    words = t("from place {first} to place {last}", first=first, last=last)
    up = [worst + 1 - place for place in (first, last)]  # the best place on the right
    return [
        go(link("office", office=row["office"]), row["name"]), display.count(first), display.count(last),
        marks.span(min(up), up[1], max(up), across=(1, worst), words=words) if first != last else display.NONE,
        tag("b", places(row["change"])), places(row["own"]), places(row["peers"]), places(row["rules"]),
        places(row["late_data"]), display.signed(row["score"] - row["score_before"]), by_indicator(row, link),
    ]  # fmt: skip


def places(count: int | None) -> str:
    """Places up or down: `↑ 3`, `↓ 2`, `0`; a dash where it is not known."""
    if count is None:
        return display.NONE
    return "0" if not count else f"{'↑' if count < 0 else '↓'} {abs(count)}"


def by_indicator(row: Row, link: Link) -> Safe:
    """The indicators that moved the office's own score most, each a door to the office."""
    found = sorted(row["indicators"].items(), key=lambda pair: (-abs(pair[1]), pair[0]))
    shown = [
        go(link("office", office=row["office"], indicator=code), f"{code} {display.signed(points)}", class_="keep")
        for code, points in found[:TOLD]
    ]
    rest = len(found) - len(shown)
    return safe([(one, "  ") for one in shown], t("{n} more", n=rest) if rest > 0 else None)


def _sentence(document: Row) -> Safe:
    says_what = t(
        "Own change: where the office's new score would have stood among the others' old ones; the rest is its peers'. "
        "A move inside the rank intervals may be chance."
    )
    rules = "" if document["edition"] == document["edition_before"] else t(
        "Rules: the earlier period scored by {edition} instead of {before}.",
        edition=document["edition"], before=document["edition_before"],
    )  # fmt: skip
    return safe(says(says_what), says(rules) if rules else None, None if document["frozen"] else says(t(NO_LATE_DATA)))


def newly_ranked(rows: Sequence[Row]) -> list[Row]:
    """Offices ranked in one of the two periods only."""
    return [row for row in rows if (row["rank"] is None) != (row["rank_before"] is None)]


def came_and_went(rows: Sequence[Row], link: Link) -> Safe | None:
    """Offices that cannot be compared, with what is known of them."""
    found = newly_ranked(rows)
    if not found:
        return None
    columns = [Column(t("Office"), "head main"), Column(t("Rank then"), "num"), Column(t("Rank now"), "num")]
    body = [
        [go(link("office", office=row["office"]), row["name"]), display.count(row["rank_before"]),
         display.count(row["rank"])]
        for row in found
    ]  # fmt: skip
    return table(columns, body, label=t("Ranked in one of the two periods only"))
