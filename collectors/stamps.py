"""Times as people and systems write them (时间, domain.md §2.4 and traps 5, 6, 10), to microseconds UTC.

Common forms go through Polars' own parser; what is left goes through patterns, still column-wise. A time that does not
exist (2026/2/30, 0000-00-00, 1900-01-00) is not guessed at: it comes back empty and the caller says so.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime

import polars as pl

SHANGHAI = "Asia/Shanghai"
_FAST_FORMATS = ("%Y-%m-%d %H:%M:%S", "%Y/%m/%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M", "%Y/%m/%d %H:%M")
_DAY = 86_400_000_000
_SECOND = 1_000_000
_EIGHT_HOURS = 8 * 3600 * _SECOND
_EARLIEST = int(datetime(1950, 1, 1, tzinfo=UTC).timestamp()) * _SECOND
_LATEST = int(datetime(2100, 1, 1, tzinfo=UTC).timestamp()) * _SECOND
_NO_CLOCK_CHANGE_SINCE = int(datetime(1992, 1, 1, tzinfo=UTC).timestamp()) * _SECOND
"""China kept summer time until 1991; since then Asia/Shanghai is UTC+8 and needs no table."""
_SERIAL_EPOCH = {False: -25_569, True: -24_107}
"""Days from 1970-01-01 back to day 0 of the 1900 (with its missing 29 February) and of the 1904 system."""
_SERIALS = (20_000, 80_000)
"""Numbers read as Excel days: 1954 to 2119 in the 1900 system. Others are no dates of this trade."""

_CALENDAR = (
    r"^(?P<y>\d{4})\s*[-/.年]\s*(?P<mo>\d{1,2})\s*[-/.月]\s*(?P<d>\d{1,2})(?:"
    r"(?:\s*日\s*|\s*T\s*|\s+)"
    r"(?:(?P<ap>上午|下午|AM|PM)?\s*(?P<h>\d{1,2})\s*[:时点]\s*(?:(?P<mi>\d{1,2})\s*(?:[:分]\s*(?:(?P<s>\d{1,2})"
    r"(?:[.,](?P<f>\d{1,9}))?\s*秒?)?)?)?\s*(?P<ap2>AM|PM)?\s*(?P<tz>Z|[+-]\d{2}:?\d{2})?)?)?$"
)
_COMPACT = (
    r"^(?P<y>\d{4})(?P<mo>\d{2})(?P<d>\d{2})"
    r"(?:[T ]?(?P<h>\d{2}):?(?P<mi>\d{2})(?::?(?P<s>\d{2})(?:\.(?P<f>\d{1,9}))?)?)?$"
)
_YEAR = re.compile("%[YyCDFcxsG]")
_HALVES = (
    (r"(?:12(?::00)? ?)?\bNOON\b", "12:00 PM"),
    (r"(?:12(?::00)? ?)?\bMIDNIGHT\b", "12:00 AM"),
    (r"(\d) ?([AP])\. ?M\b\.?", "${1} ${2}M"),
)
"""Ways of writing the halves of a day."""
_SERIAL = r"^\d{5}(?:\.\d+)?$"
_SERIAL_DAY = r"^(?P<day>\d{5}) (?P<h>\d{1,2}):(?P<mi>\d{2})(?::(?P<s>\d{2}))?$"
"""A serial day and a time of day that stood in two columns."""


@dataclass(frozen=True, slots=True)
class Clock:
    """How a source writes its times: zone of stamps without an offset, its own formats first, its Excel epoch."""

    timezone: str = SHANGHAI
    date_formats: tuple[str, ...] = ()
    from_1904: bool = False

    @property
    def whole_formats(self) -> tuple[str, ...]:
        """The source's formats that name a year."""
        return tuple(fmt for fmt in self.date_formats if _YEAR.search(fmt))

    @property
    def yearless_formats(self) -> tuple[str, ...]:
        """The source's formats that name no year: `5:30 p.m. January 16`."""
        return tuple(fmt for fmt in self.date_formats if not _YEAR.search(fmt))


def without_year(texts: pl.Series, base: pl.Series, clock: Clock) -> pl.Series:
    """Stamps written without a year: the first such time that is not before `base` (microseconds UTC)."""
    frame = pl.DataFrame({"text": _folded(texts), "base": base})
    begun = (
        pl.col("base").cast(pl.Datetime("us", "UTC")).dt.convert_time_zone(clock.timezone).dt.replace_time_zone(None)
    )
    found = [
        pl.concat_str("text", pl.lit(" "), (begun.dt.year() + later).cast(pl.String)).str.to_datetime(
            f"{fmt} %Y", strict=False, time_unit="us"
        )
        for later in (0, 1)
        for fmt in clock.yearless_formats
    ]
    wall = pl.coalesce(pl.when(at >= begun.dt.truncate("1m")).then(at) for at in found)
    return _to_utc(frame.select(wall.alias("wall"))["wall"], clock.timezone).alias(texts.name)


def parse_stamps(texts: pl.Series, clock: Clock) -> pl.Series:
    """Texts (null = nothing said) → Int64 microseconds UTC, null where empty or no existing time."""
    formats = clock.whole_formats or _FAST_FORMATS
    local = _by_format(texts, formats[0])
    for fmt in formats[1:]:
        if local.null_count() == texts.null_count():
            break
        local = local.zip_with(local.is_not_null(), _by_format(texts, fmt))
    instants = _to_utc(local, clock.timezone)
    left = instants.is_null() & texts.is_not_null()
    if not left.any():
        return instants
    rest = texts.filter(left).unique()
    found = pl.DataFrame({"text": rest, "at": _patiently(rest, clock)})
    joined = pl.DataFrame({"text": texts}).join(found, on="text", how="left", maintain_order="left")["at"]
    return instants.zip_with(~left, joined).alias(texts.name)


def _by_format(texts: pl.Series, fmt: str) -> pl.Series:
    """Local wall time. A second of 60 does not exist: the parser would carry it over."""
    parsed = texts.str.to_datetime(fmt, strict=False, time_unit="us")
    sixty = texts.str.contains(":60", literal=True)
    return parsed.set(sixty.fill_null(value=False), None) if sixty.any() else parsed


def _to_utc(local: pl.Series, timezone: str) -> pl.Series:
    """Naive wall time → microseconds UTC; outside 1950–2099 and inside a skipped hour: null."""
    wall = local.cast(pl.Int64)
    if timezone == SHANGHAI and (wall.min() is None or int(wall.min()) >= _NO_CLOCK_CHANGE_SINCE):  # type: ignore[arg-type]
        instants = wall - _EIGHT_HOURS
    else:
        zoned = local.dt.replace_time_zone(timezone, ambiguous="earliest", non_existent="null")
        instants = zoned.dt.convert_time_zone("UTC").cast(pl.Int64)
    outside = ~instants.is_between(_EARLIEST, _LATEST)
    return instants.set(outside.fill_null(value=False), None) if outside.any() else instants


def _patiently(texts: pl.Series, clock: Clock) -> pl.Series:
    """The rarer forms, on distinct texts."""
    frame = pl.DataFrame({"text": _folded(texts)})
    own = [_parsed(fmt) for fmt in clock.whole_formats]
    wall = frame.select(
        pl.coalesce(*own, _wall(_CALENDAR), _wall(_COMPACT), _serial(clock), _serial_day(clock)).alias("wall")
    )["wall"]
    offset = frame.select(_offset().alias("offset"))["offset"]
    plain = _to_utc(wall.cast(pl.Datetime("us")), clock.timezone)
    return plain.zip_with(offset.is_null(), wall - offset)


def _folded(texts: pl.Series) -> pl.Series:
    """One way of writing: upper case, single blanks, AM and PM (also for `p.m.`, `12:00 noon` and `midnight`)."""
    folded = texts.str.normalize("NFKC").str.strip_chars(" \t\r\n\u3000'\"").str.replace_all(r"\s+", " ")
    folded = folded.str.to_uppercase()
    if folded.str.contains(r"[AP]\.? ?M|NOON|MIDNIGHT").any():
        for pattern, text in _HALVES:
            folded = folded.str.replace(pattern, text)
    return folded


def _parsed(fmt: str) -> pl.Expr:
    """Microseconds of the wall clock by one of the source's own formats."""
    sixty = pl.col("text").str.contains(":60", literal=True)
    return pl.when(~sixty).then(pl.col("text").str.to_datetime(fmt, strict=False, time_unit="us").cast(pl.Int64))


def _wall(pattern: str) -> pl.Expr:
    """Microseconds of the wall clock, null where the pattern does not fit or the day or time does not exist."""
    groups = pl.col("text").str.extract_groups(pattern)
    part = {name: groups.struct.field(name) for name in ("y", "mo", "d", "h", "mi", "s", "f")}
    day = pl.concat_str(part["y"], part["mo"].str.zfill(2), part["d"].str.zfill(2)).str.to_date("%Y%m%d", strict=False)
    hour, minute, second = (part[name].cast(pl.Int64).fill_null(0) for name in ("h", "mi", "s"))
    fraction = part["f"].str.pad_end(6, "0").str.slice(0, 6).cast(pl.Int64).fill_null(0)
    if "ap2" in pattern:
        hour = _twelve_hours(hour, pl.coalesce(groups.struct.field("ap"), groups.struct.field("ap2")))
    clock = ((hour * 60 + minute) * 60 + second) * _SECOND + fraction
    exists = (minute <= 59) & (second <= 59) & ((hour <= 23) | (clock == _DAY))  # 24:00 is the next day's 00:00
    return pl.when(exists).then(day.cast(pl.Int64) * _DAY + clock)


def _twelve_hours(hour: pl.Expr, half: pl.Expr) -> pl.Expr:
    afternoon, morning = half.is_in(["下午", "PM"]), half.is_in(["上午", "AM"])
    return (
        pl.when(afternoon & (hour < 12))
        .then(hour + 12)
        .when(morning & (hour == 12))
        .then(pl.lit(0, pl.Int64))
        .otherwise(hour)
    )


def _serial(clock: Clock) -> pl.Expr:
    """Excel's days since its epoch, to the nearest millisecond (it stores binary fractions of a day)."""
    days = pl.when(pl.col("text").str.contains(_SERIAL)).then(pl.col("text")).cast(pl.Float64, strict=False)
    shifted = days + (1462 if clock.from_1904 else 0)
    milliseconds = ((days + _SERIAL_EPOCH[clock.from_1904]) * 86_400_000).round()
    whole = ((milliseconds / 1000).round() * 1000).cast(pl.Float64)
    settled = pl.when((milliseconds - whole).abs() <= 1).then(whole).otherwise(milliseconds)
    return pl.when(shifted.is_between(*_SERIALS)).then((settled * 1000).cast(pl.Int64, strict=False))


def _serial_day(clock: Clock) -> pl.Expr:
    """Excel's day with a written time of day."""
    groups = pl.col("text").str.extract_groups(_SERIAL_DAY)
    day, hour, minute, second = (groups.struct.field(name).cast(pl.Int64) for name in ("day", "h", "mi", "s"))
    second = second.fill_null(0)
    exists = (hour <= 23) & (minute <= 59) & (second <= 59)
    inside = (day + (1462 if clock.from_1904 else 0)).is_between(*_SERIALS)
    wall = (day + _SERIAL_EPOCH[clock.from_1904]) * _DAY + ((hour * 60 + minute) * 60 + second) * _SECOND
    return pl.when(exists & inside).then(wall)


def _offset() -> pl.Expr:
    """Microseconds east of UTC that the text itself states."""
    stated = pl.col("text").str.extract(r"(Z|[+-]\d{2}:?\d{2})$", 1)
    has_clock = pl.col("text").str.contains(r"[:时点]\s*\d{0,2}.*(?:Z|[+-]\d{2}:?\d{2})$")
    sign = pl.when(stated.str.starts_with("-")).then(-1).otherwise(1)
    digits = stated.str.replace_all(r"\D", "")
    minutes = digits.str.slice(0, 2).cast(pl.Int64, strict=False) * 60 + digits.str.slice(2, 2).cast(
        pl.Int64, strict=False
    )
    east = pl.when(stated == "Z").then(pl.lit(0, pl.Int64)).otherwise(sign * minutes * 60 * _SECOND)
    return pl.when(has_clock).then(east)


def to_the_minute(texts: pl.Series) -> pl.Series:
    """Which texts name a time without its seconds (`2026/11/21 8:05`, a bare day): precise to the minute only."""
    if texts.str.contains("[：０-９]").any():
        texts = texts.str.normalize("NFKC")
    with_seconds = texts.str.contains(
        r"\d\s*[:时点]\s*\d{1,2}\s*[:分]\s*\d{1,2}|^\s*\d{14}|^\s*\d{8}[T ]?\d{6}|^\s*\d{5}(?:\.\d+)?\s*$"
    )
    return ~with_seconds.fill_null(value=True)


def parse_moment(text: str, clock: Clock) -> datetime | None:
    """One time, aware UTC; None where there is none. For title lines and options."""
    value = parse_stamps(pl.Series([text], dtype=pl.String), clock)[0]
    return None if value is None else datetime.fromtimestamp(value / _SECOND, tz=UTC)


def parse_days(texts: pl.Series, clock: Clock) -> pl.Series:
    """Texts → local calendar days `YYYY-MM-DD` as written (a time of day is left off), null where there is none."""
    instants = parse_stamps(texts, clock)
    local = instants.cast(pl.Datetime("us", "UTC")).dt.convert_time_zone(clock.timezone)
    return local.dt.strftime("%Y-%m-%d").alias(texts.name)
