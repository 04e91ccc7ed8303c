"""The calendar as a picture of a year (日历): days off by holiday, make-up days, what is only assumed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

from checks.clock import Calendar
from checks.errors import RuleError
from checks.notices import Notice, read_notice
from dashboard.queries.calendar import Loaded, Preview
from dashboard.texts import current_language, t
from dashboard.web import display
from dashboard.web.components.blocks import Column, facts, figure, figures, state, table, word
from dashboard.web.markup import Safe, safe, tag

WEEKDAYS = {"zh": "一二三四五六日", "en": "MTWTFSS"}
HOLIDAYS = {
    "元旦": "New Year", "春节": "Spring Festival", "清明": "Qingming", "劳动节": "Labour Day", "端午": "Dragon Boat",
    "中秋": "Mid-Autumn", "国庆节": "National Day",
}  # fmt: skip


def years(calendar: Calendar, today: date) -> list[int]:
    """The years worth a picture: the last published ones, and the one after, which is assumed."""
    last = calendar.published[1].year
    return list(range(max(calendar.published[0].year, min(today.year, last) - 3), min(last, today.year + 1) + 2))


def of_year(calendar: Calendar, year: int) -> Safe:
    """Twelve months; a day off is filled, a worked weekend day framed, an assumed day hatched."""
    return tag("div", [_month(calendar, year, month) for month in range(1, 13)], class_="months", role="img",
               aria_label=sentence(calendar, year))  # fmt: skip


def _month(calendar: Calendar, year: int, month: int) -> Safe:
    first = date(year, month, 1)
    days = [first + timedelta(days=n) for n in range(31) if (first + timedelta(days=n)).month == month]
    language = current_language()
    head = f"{month}月" if language == "zh" else display.MONTHS[month - 1]
    names = [tag("i", letter) for letter in WEEKDAYS["zh" if language == "zh" else "en"]]
    blanks = [tag("i", "") for _ in range(first.isoweekday() - 1)]
    return tag("div", tag("b", head), tag("div", names, blanks, [_day(calendar, day) for day in days], class_="days"))


def _day(calendar: Calendar, day: date) -> Safe:
    working, weekend = calendar.is_working(day), day.isoweekday() not in calendar.week
    named = calendar.names.get(day)
    kinds = ["makeup" if weekend else "worked"] if working else ["off" if named or not weekend else "weekend"]
    if not calendar.is_published(day):
        kinds.append("assumed")
    words = [t("make-up working day") if working and weekend else "", holiday(named) if named else ""]
    mark = t("off") if not working and kinds[0] == "off" else t("on") if kinds[0] == "makeup" else ""
    return tag("u", str(day.day), tag("small", mark) if mark else None, class_=" ".join(kinds),
               title=" · ".join([day.isoformat(), *(one for one in words if one)]))  # fmt: skip


def holiday(name: str) -> str:
    """A holiday in the chosen language; one of a foreign notice as it is."""
    return HOLIDAYS.get(name, name) if current_language() == "en" else name


def sentence(calendar: Calendar, year: int) -> str:
    """The picture in words."""
    days = [date(year, 1, 1) + timedelta(days=n) for n in range(366)]
    days = [day for day in days if day.year == year]
    worked = sum(calendar.is_working(day) for day in days)
    made_up = sum(calendar.is_working(day) and day.isoweekday() not in calendar.week for day in days)
    if not calendar.is_published(days[0]):
        return t("{year}: no notice yet; {worked} working days are assumed, with only the fixed holidays off.",
                 year=year, worked=worked)  # fmt: skip
    return t(
        "{year}: {worked} working days, {makeup} of them on make-up weekends.", year=year, worked=worked, makeup=made_up
    )


def basis(calendar: Calendar, year: int, loaded: Sequence[Loaded], digest: str) -> Safe:
    """Which notice says so, since when, and who loaded it."""
    document, issued = calendar.documents.get(year, ("", None))
    by = next((row for row in loaded if row.year == year), None)
    origin = t("loaded by {who}", who=by.by) if by else t("shipped with Mingcha") if document else display.NONE
    return facts([
        (t("Notice"), document or safe(word(t("provisional"), "soon"), " ", t("not published yet"))),
        (t("Day of the notice"), display.day(issued) if issued else display.NONE),
        (t("Origin"), origin),
        (t("Digest of the calendar"), tag("code", digest)),
    ])  # fmt: skip


def read(content: bytes, name: str, calendar: Calendar) -> Notice | Safe:
    """The notice of a dropped file, or why it is refused."""
    try:
        return read_notice(content, name, calendar)
    except RuleError as error:
        return state("failed", t("This is not a notice that can be loaded."), str(error))


def preview(found: Preview, notice: Notice) -> Safe:
    """What loading would change, in numbers."""
    off = sum(not day.working for day in notice.days)
    return safe(
        figures([
            figure(display.count(found.looked_at), t("records looked at")),
            figure(display.count(found.moved), t("deadlines move"), tone="soon" if found.moved else ""),
            figure(display.count(found.otherwise), t("verdicts change"), tone="breach" if found.otherwise else ""),
            figure(display.count(found.firm), t("become firm"), tone="fine"),
        ]),
        facts([
            (t("Notice"), safe(notice.document, " · ", display.day(notice.issued))),
            (t("Year"), str(notice.year)),
            (t("Days"), t("{off} days off, {on} make-up days", off=off, on=len(notice.days) - off)),
        ]),
    )  # fmt: skip


def notices(found: Sequence[Loaded]) -> Safe:
    """The notices that people loaded: none is ever changed or removed."""
    columns = [Column(t("Year"), "head main"), Column(t("Notice"), "wide"), Column(t("Day of the notice"), "num"),
               Column(t("Loaded"), "num"), Column(t("By"))]  # fmt: skip
    return table(columns, [[str(row.year), row.document, row.issued, display.exact(row.at), row.by] for row in found],
                 label=t("Loaded notices"))  # fmt: skip
