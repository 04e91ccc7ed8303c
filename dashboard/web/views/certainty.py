"""What may and may not be concluded from a league (结论的分寸): pairs that differ, the order of shrunken rates."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from dashboard.queries.funnel import Funnel
from dashboard.texts import t
from dashboard.web import display
from dashboard.web.components.blocks import Column, go, more, says, table
from dashboard.web.markup import Safe, safe, tag
from dashboard.web.views import marks

Row = Mapping[str, Any]
Link = Callable[..., str]
NAMED = 40


def score_sentence(edition: str) -> str:
    return t(
        "A dot is the published rank, its line the ranks that chance leaves open (95 %): offices whose lines overlap "
        "may differ by chance alone. A dot at the end of its line stands there by few records; its true place is more "
        "likely along the line. Weights and grades are those of {edition}.",
        edition=edition,
    )


def more_rows(found: int, shown: int) -> str:
    """What a table leaves out, or nothing."""
    if found <= shown:
        return ""
    return t("The best {n} of {all} rows are shown; choose an office or a peer group above to see the others.",
             n=display.count(shown), all=display.count(found))  # fmt: skip


def peers_sentence() -> str:
    return t(
        "Only ranked offices are compared, each with those of its own group: conditions are alike there, chance is not "
        "smaller. Where lines overlap, the order in the group is no verdict either."
    )


def pairs_of_scores(pairs: Mapping[str, Any], rows: Sequence[Row]) -> Safe:
    """The pairs of a whole league that really differ, of those whose both rows are shown."""
    names = {row["office"]: row["name"] for row in rows}
    shown = [(names[a], names[b]) for a, b in pairs["widest"] if a in names and b in names]
    return _pairs(shown, pairs["compared"], pairs["differ"])


def pairs_of_indicator(found: Funnel) -> Safe:
    return _pairs(found.pairs, found.compared, found.differ)


def _pairs(named: Sequence[tuple[str, str]], compared: int, differ: int) -> Safe:
    if not compared:
        return Safe("")
    about = t("Pairs that really differ: {n} of {all}", n=display.count(differ), all=display.count(compared))
    rule = t("All pairs are tested together (Holm): the chance that even one of them is named without a difference is "
             "5 %. A pair that is not named may still differ; these records do not show it.")  # fmt: skip
    lines = [tag("li", t("The gap between {better} and {worse} is beyond chance", better=better, worse=worse))
             for better, worse in named]  # fmt: skip
    rest = t("The {n} widest gaps are named.", n=len(named)) if differ > len(named) else ""
    return more(about, tag("ul", lines), says(safe(rule, " ", rest)))


def shrunken(rows: Sequence[Row], link: Link) -> Safe:
    """Another way to look at the order, beside the published one: rates moved towards the common one."""
    ranked = sorted((row for row in rows if row["shrunken_rank"] is not None), key=lambda row: row["shrunken_rank"])
    if len(ranked) < 2:
        return Safe("")
    columns = [Column(t("Office"), "head main"), Column(t("Published rank"), "num"), Column(t("Shrunken rank"), "num"),
               Column(t("Published score"), "num"), Column(t("Shrunken score"), "num"),
               Column(t("Difference"), "num")]  # fmt: skip
    body = [
        [go(link("office", office=row["office"]), row["name"]), row["rank"], row["shrunken_rank"],
         display.score(row["score"]), display.score(row["shrunken_score"]),
         marks.change(row["shrunken_score"] - row["score"])]
        for row in ranked
    ]  # fmt: skip
    said = t("Each rate is moved towards that of all offices, the further the fewer its records (empirical Bayes): "
             "what would be expected next time. The published rank and the grade stay as they are.")  # fmt: skip
    title = t("The order by shrunken rates")
    return more(title, says(said), table(columns, body, label=title))
