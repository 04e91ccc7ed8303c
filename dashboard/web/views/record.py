"""What happened to one record (记录): verdicts with clause and limit, attributes, versions, where each came from."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, time, timedelta

from checks.clock import Calendar
from checks.rulebook.model import Limit
from dashboard.queries.offices import Tree
from dashboard.queries.record import Judged, Record, Version
from dashboard.texts import t
from dashboard.web import books, display
from dashboard.web.charts.timeline import Clock, Stamp
from dashboard.web.components.blocks import Column, facts, go, more, section, table, word
from dashboard.web.markup import Safe, safe, tag
from dashboard.web.views import names
from dashboard.web.views.office import reason, verdict

Link = Callable[..., str]
DAY = timedelta(days=1)


def stamps(record: Record) -> list[Stamp]:
    return [Stamp(name, names.column(name), at) for name, at in record.stamps]


def clocks(record: Record, as_of: datetime) -> list[Clock]:
    """The clocks that can be drawn: started, with a deadline."""
    times = dict(record.stamps)
    found = []
    for judged in record.verdicts:
        step, start = judged.step, times.get(judged.step.start) if judged.step else None
        if step is not None and start is not None and judged.deadline is not None and step.end in times:
            end = times[step.end] if times[step.end] and times[step.end] <= as_of else None  # type: ignore[operator]
            label = f"{judged.indicator.code} {books.title(judged.indicator)}"
            found.append(Clock(step.end, label, start, end, judged.deadline, judged.state))
    return found


def idle(record: Record, calendar: Calendar) -> list[tuple[datetime, datetime]]:
    """Days that no working-day clock of the record counts: days off, and the day of acceptance (day 0)."""
    working = [judged for judged in record.verdicts if judged.deadline and _limit(record, judged, "working")]
    if not working:
        return []
    times = dict(record.stamps)
    starts = [times[j.step.start] for j in working if j.step and times.get(j.step.start)]
    first = min(start.astimezone(display.LOCAL).date() for start in starts if start)
    last = max(j.deadline.astimezone(display.LOCAL).date() for j in working if j.deadline)
    days = [first + DAY * n for n in range((last - first).days + 1)]
    return [_whole(day) for day in days if day == first or not calendar.is_working(day)]


def _whole(day: date) -> tuple[datetime, datetime]:
    start = datetime.combine(day, time(), display.LOCAL)
    return start, start + DAY


def _limit(record: Record, judged: Judged, clock: str | None = None) -> Limit | None:
    """The limit by which the clock was judged: the first of its kind that fits the record's attributes."""
    if judged.step is None:
        return None
    known = {**record.values, "area": record.area}
    for limit in judged.step.limits_of(judged.indicator.options["kind"]):
        if clock in (None, limit.clock) and all(known.get(name) in values
                                                for name, values in limit.where.items()):  # fmt: skip
            return limit
    return None


def verdicts(record: Record, now: datetime) -> Safe:
    """One row per indicator that concerns the record: verdict, limit, clause, deadline, reason."""
    columns = [
        Column(t("Indicator"), "head main"), Column(t("Verdict")), Column(t("Limit"), "keep"), Column(t("Clause")),
        Column(t("Deadline"), "num"), Column(t("Happened"), "num"), Column(t("Against the limit"), "num"),
        Column(t("Reason"), "wide"),
    ]  # fmt: skip
    return table(columns, [_verdict(record, judged, now) for judged in record.verdicts], label=t("Verdicts"))


def _verdict(record: Record, judged: Judged, now: datetime) -> list[object]:
    limit = _limit(record, judged)
    over = (judged.actual - judged.deadline).total_seconds() if judged.actual and judged.deadline else None
    marks = [word(t("provisional"), "soon", t("Rests on days whose holiday notice is not published yet."))
             if judged.provisional else None,
             word(t("to the minute"), "soon", t("Known to the minute only: cannot be told to the second."))
             if judged.to_the_minute else None]  # fmt: skip
    return [
        f"{judged.indicator.code} {books.title(judged.indicator)}",
        safe(verdict(judged.state), [(" ", mark) for mark in marks if mark]),
        safe(limit_text(limit), _paused(record, judged)),
        tag("span", limit.clause if limit else judged.indicator.clause, title=limit.document if limit else None),
        tag("span", display.moment(judged.deadline, now), title=display.exact(judged.deadline)),
        tag("span", display.moment(judged.actual, now), title=display.exact(judged.actual)),
        _over(over),
        reason(judged.reason),
    ]


def _paused(record: Record, judged: Judged) -> Safe | None:
    """What the customer's own pauses add to the limit."""
    days = record.values.get(judged.step.pauses) if judged.step and judged.step.pauses else None
    return tag("small", t(" + {n} paused", n=days)) if days else None


UNITS = {"minutes": "{n} min", "hours": "{n} h", "days": "{n} working days", "seconds": "{n} s"}


def limit_text(limit: Limit | None) -> str:
    return t(UNITS[limit.unit], n=limit.amount) if limit else display.NONE


def _over(seconds: float | None) -> Safe | str:
    if seconds is None:
        return display.NONE
    if seconds <= 0:
        return tag("span", t("{time} left", time=display.duration(-seconds)), class_="fine")
    return tag("span", t("{time} over", time=display.duration(seconds)), class_="breach")


def attributes(record: Record, tree: Tree, link: Link) -> Safe:
    """What else the source states. Personal data are left out of the page."""
    stamped = {name for name, _ in record.stamps}
    office = record.record.office
    pairs: list[tuple[str, object]] = []
    if office:
        pairs.append((names.column(office), go(link("office", office=record.office), tree.name(record.office))))
    for name, value in record.values.items():
        if value is not None and name not in stamped and name not in (office, record.record.number):
            pairs.append((names.column(name), names.value(value)))
    unreadable = word(t("unreadable"), "soon")
    pairs += [(names.column(name), safe(unreadable, " ", text)) for name, text in record.unreadable.items()]
    if record.system:
        pairs.append((t("System"), record.system))
    return facts(pairs)


def linked(record: Record, link: Link) -> Safe | None:
    """What it is linked with: parent, merged records, ticket, repairs."""
    if not record.linked:
        return None
    links = [
        (t(names.RELATIONS[relation]), go(link("record", record=kind, number=number), f"{names.record(kind)} {number}"))
        for relation, kind, number in record.linked
    ]
    return safe(section(t("Linked with")), facts(links))


def versions(record: Record, now: datetime) -> Safe:
    """Every version with its file, row and what it changed: a late export never overwrites silently."""
    parts = [_version(version, now) for version in record.versions]
    return safe(section(t("Versions"), t("{n} in all", n=len(parts))), parts)


FATES = {"current": ("current", "fine"), "replaced": ("replaced", ""), "older": ("came late, never current", "soon")}


def _version(version: Version, now: datetime) -> Safe:
    text, tone = FATES[version.fate]
    origin: list[tuple[str, object]] = [
        (t("State of"), tag("span", display.moment(version.version_at, now), title=display.exact(version.version_at))),
        (t("Source"), version.source),
        (t("File"), version.file or display.NONE),
        (t("Row"), display.count(version.row_no)),
        ("SHA-256", tag("code", version.sha256 or display.NONE)),
        (t("Imported"), safe(display.moment(version.imported_at, now), " · ", version.by)),
    ]
    changed = [(names.column(name), safe(tag("s", old or display.NONE), " → ", new or display.NONE))
               for name, old, new in version.changed]  # fmt: skip
    differences = more(t("{n} changes", n=len(changed)), facts(changed), opened=True) if changed else None
    return tag("div", word(t(text), tone), facts(origin), differences, class_="version")
