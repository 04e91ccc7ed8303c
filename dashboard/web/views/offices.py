"""Offices kept (单位管理页): the tree of a day, one office through time, what a change does, who changed what."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime

from checks.office_effects import Effect, OfficeChange
from checks.office_history import Version
from dashboard.queries.office_changes import ADJUSTED
from dashboard.queries.office_history import Alias, Deed, Preview
from dashboard.texts import t
from dashboard.web import display
from dashboard.web.components.blocks import Column, facts, figure, figures, go, more, table, word
from dashboard.web.markup import Safe, safe, tag
from dashboard.web.views.office import LEVELS

Link = Callable[..., str]
Named = Callable[[str | None], str]
DEEDS = {
    "rename": "renamed", "move": "placed elsewhere", "merge": "merged", "split": "split", "close": "dissolved",
    "open": "opened",
    "adjust": "adjusted", "take_back": "taken back",
}  # fmt: skip
AREAS = {"urban": "urban", "rural": "rural", "remote": "remote"}
FIELDS = {
    "code": "Office", "name": "Name", "parent": "Office above", "into": "Into", "codes": "Offices that end",
    "parts": "Parts", "children": "Offices below", "level": "Level", "area": "Area class", "peer_group": "Peer group",
    "customers": "Customers", "of": "Change no.", "values": "Values",
}  # fmt: skip


def counts(ordered: Sequence[Version], changed: int) -> Safe:
    """How many offices of each level the day has, and how much changed lately."""
    found = [figure(sum(one.level == level for one in ordered), t(name)) for level, name in LEVELS.items()]
    return figures([*found, figure(changed, t("changes in the last two years"), tone="soon" if changed else "")])


def marked(change: OfficeChange) -> tuple[str, ...]:
    """Codes that a change is marked at in the tree: its own, and those that go on after a merger or a split."""
    return (change.code, *(change.after if change.kind in ("merged", "split") else ()))


def tree(ordered: Sequence[Version], said: Mapping[str, str], chosen: str | None, link: Link) -> Safe:
    """The offices of a day, each below the one above it; a mark where something changed lately, told on hovering."""
    below: dict[str | None, list[Version]] = {}
    known = {one.code for one in ordered}
    for version in ordered:
        below.setdefault(version.parent_code if version.parent_code in known else None, []).append(version)
    return _branch(below.get(None, []), below, said, chosen, link, "tree")


def _branch(
    offices: Iterable[Version], below: Mapping[str | None, list[Version]], said: Mapping[str, str], chosen: str | None,
    link: Link, class_: str,
) -> Safe:  # fmt: skip
    return tag("ul", [
        tag("li", _leaf(office, said.get(office.code), chosen, link),
            _branch(below[office.code], below, said, chosen, link, f"below {office.level}")
            if office.code in below else None, class_=office.level)
        for office in offices
    ], class_=class_)  # fmt: skip


def _leaf(office: Version, said: str | None, chosen: str | None, link: Link) -> Safe:
    mark = tag("span", " ◆", class_="soon", title=said) if said else None
    ends = word(t("ends {day}", day=office.valid_to), "soon") if office.valid_to else None
    name = go(link(code=office.code), office.name, title=f"{office.code} · {t(LEVELS.get(office.level, office.level))}",
              class_="chosen" if office.code == chosen else "")  # fmt: skip
    return safe(name, mark, " " if ends else None, ends)


def about(versions: Sequence[Version], day: date, named: Named, link: Link) -> Safe:
    """The version that holds on the day, or when there was one."""
    now = next((one for one in versions if one.valid_on(day)), None)
    shown = now or versions[-1]
    state = word(t("valid"), "fine") if now else word(t("not valid on {day}", day=day), "soon")
    return facts([
        (t("Office"), safe(tag("b", shown.name), " ", shown.code, " ", state)),
        (t("Level"), t(LEVELS.get(shown.level, shown.level))),
        (t("Office above"), go(link(code=shown.parent_code), named(shown.parent_code)) if shown.parent_code
         else display.NONE),
        (t("Area class"), t(AREAS[shown.area]) if shown.area else display.NONE),
        (t("Peer group"), shown.peer_group or display.NONE),
        (t("Customers"), display.count(shown.customers)),
        (t("Names in the file"), shown.aliases or display.NONE),
        (t("Successor"), t(", ").join(named(code) for code in (shown.successor_code or "").split(";") if code)
         or display.NONE),
    ])  # fmt: skip


def effects(found: Preview, named: Named) -> Safe:
    """Which rows of the league a change touches from its day on, and how many judged records go along."""
    since = t("From {day} on", day=found.change.day)
    columns = [Column(t("Row"), "head main"), Column(t("Level")), Column(since, "wide"),
               Column(t("Judged records since then"), "num")]  # fmt: skip
    body = [[f"{effect.name} {effect.code}", t(LEVELS.get(effect.level, effect.level)), _told(effect, named),
             _moved(effect, found.records)] for effect in found.effects]  # fmt: skip
    written = more(t("Versions written: {n}", n=len(found.written)), versions([new for _, new in found.written], named))
    return safe(table(columns, body, label=t("What it would do")), written)


def _told(effect: Effect, named: Named) -> str:
    parts = []
    if effect.begins:
        parts.append(t("has a row"))
    if effect.ends:
        parts.append(t("has no row any more"))
    if effect.old_name:
        parts.append(t("is called so, not {name}", name=effect.old_name))
    if effect.gained:
        parts.append(t("gains {names}", names=t(", ").join(map(named, effect.gained))))
    if effect.lost:
        parts.append(t("loses {names}", names=t(", ").join(map(named, effect.lost))))
    parts += [
        t("{what}: {before} → {after}", what=t(ADJUSTED[name]), before=_value(before), after=_value(after))
        for name, before, after in effect.changed
    ]
    return t("; ").join(parts)


def _value(value: object) -> str:
    if value is None:
        return display.NONE
    return t(AREAS[value]) if value in AREAS else display.count(value) if isinstance(value, int) else str(value)


def _moved(effect: Effect, records: Mapping[str, int]) -> str:
    gained = sum(records.get(code, 0) for code in effect.gained)
    lost = sum(records.get(code, 0) for code in effect.lost)
    told = [f"+{display.count(gained)}"] if gained else []
    return " ".join([*told, *([f"−{display.count(lost)}"] if lost else [])]) or "0"


def versions(found: Sequence[Version], named: Named) -> Safe:
    columns = [Column(t("Code"), "head keep"), Column(t("Name")), Column(t("First day"), "num"),
               Column(t("Last day"), "num"), Column(t("Office above")), Column(t("Peer group")),
               Column(t("Customers"), "num"), Column(t("Successor"))]  # fmt: skip
    body = [
        [one.code, one.name, one.valid_from.isoformat() if one.valid_from > date.min else t("always"),
         one.valid_to.isoformat() if one.valid_to else t("open"), named(one.parent_code),
         one.peer_group or display.NONE, display.count(one.customers), one.successor_code or display.NONE]
        for one in found
    ]  # fmt: skip
    return table(columns, body, label=t("Versions"))


def deeds(found: Sequence[Deed], now: datetime, named: Named) -> Safe:
    """Changes made by hand: who, when, why; what was taken back stays here."""
    columns = [Column(t("Change no."), "head keep"), Column(t("What")), Column(t("First day"), "num"),
               Column(t("In words"), "wide"), Column(t("Why"), "wide"), Column(t("Person")), Column(t("At"), "num"),
               Column(t("State"))]  # fmt: skip
    body = [
        [str(deed.batch), t(DEEDS[deed.kind]), deed.day.isoformat(), _asked(deed, named), deed.why, deed.by,
         tag("span", display.moment(deed.at, now), title=display.exact(deed.at)),
         word(t("taken back"), "soon") if deed.taken_back else word(t("holds"), "fine")]
        for deed in found
    ]  # fmt: skip
    return table(columns, body, label=t("Changes made by hand"))


def _asked(deed: Deed, named: Named) -> str:
    return t("; ").join(
        f"{t(FIELDS[name])} {_field(name, value, named)}" for name, value in deed.asked.items()
        if value not in (None, "", [], {}) and name in FIELDS
    )  # fmt: skip


def _field(name: str, value: object, named: Named) -> str:
    if name == "values" and isinstance(value, dict):
        given = {key: part for key, part in value.items() if part is not None}
        return t(", ").join(f"{t(ADJUSTED.get(key, key))} {_value(part)}" for key, part in given.items())
    if isinstance(value, dict):
        return t(", ").join(f"{named(child)} → {named(part)}" for child, part in value.items())
    if isinstance(value, list):
        words = [str(part.get("name") or part.get("code")) if isinstance(part, dict) else named(str(part))
                 for part in value]  # fmt: skip
        return t(", ").join(words)
    if name in ("level", "area"):
        return t({**LEVELS, **AREAS}.get(str(value), str(value)))
    return named(str(value)) if name in ("code", "parent", "into") else str(value)


def aliases(found: Sequence[Alias], named: Named, now: datetime) -> Safe:
    columns = [Column(t("Name in exports"), "head main"), Column(t("Means")), Column(t("First day"), "num"),
               Column(t("Last day"), "num"), Column(t("Person")), Column(t("At"), "num")]  # fmt: skip
    body = [
        [one.name, named(one.code), one.valid_from.isoformat() if one.valid_from > date.min else t("always"),
         one.valid_to.isoformat() if one.valid_to else t("open"), one.by,
         tag("span", display.moment(one.at, now), title=display.exact(one.at))]
        for one in found
    ]  # fmt: skip
    return table(columns, body, label=t("Aliases"))


def groups(ordered: Sequence[Version], link: Link) -> Safe:
    """Peer groups with their stations and customers; an office without one is compared with nobody."""
    found: dict[str, list[Version]] = {}
    for version in ordered:
        if version.level == "station":
            found.setdefault(version.peer_group or "", []).append(version)
    columns = [Column(t("Peer group"), "head main keep"), Column(t("Stations"), "num"), Column(t("Customers"), "num"),
               Column(t("Who"), "wide")]  # fmt: skip
    body = [
        [group or word(t("no group"), "soon"), display.count(len(members)),
         display.count(sum(one.customers or 0 for one in members)),
         [(go(link(code=one.code), one.name), t(", ") if place < len(members) - 1 else "")
          for place, one in enumerate(members)]]
        for group, members in sorted(found.items())
    ]  # fmt: skip
    return table(columns, body, label=t("Peer groups"))
