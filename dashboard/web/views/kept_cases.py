"""Cases to learn from (典型案例): a blurred picture each, what is to be learnt, and where one may know it."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from dashboard.queries.kept_cases import KeptCase
from dashboard.queries.offices import Tree
from dashboard.texts import t
from dashboard.web import passes
from dashboard.web.components.blocks import go, word
from dashboard.web.components.keeping import KINDS
from dashboard.web.markup import Safe, tag

Link = Callable[..., str]


def case(one: KeptCase, titles: Mapping[str, str], tree: Tree, person: str, link: Link) -> Safe:
    """One case as a card. The picture is blurred for everybody."""
    where = t("a hall of another office")
    if one.hall is not None:
        name = f"{tree.name(one.hall)} · {one.date}"
        where = go(link("review", sample=one.sample), name)
    item = f"{one.item} {titles.get(one.item, '')}" if one.item else ""
    picture = None
    if one.picture is not None:
        address = f"/evidence/{passes.issue(one.picture, person, second=one.second)}"
        picture = tag("img", src=address, alt=t("Blurred picture of the case"), loading="lazy")
    kind = word(t(KINDS[one.kind]), "breach" if one.kind == "typical" else "fine")
    return tag("figure", picture, tag("figcaption", tag("p", kind, f" {item}"), tag("p", one.note, class_="note"),
               tag("p", where, class_="quiet")), class_="case")  # fmt: skip
