"""The scoring of a period at one moment (评分全貌): leagues, explanations, judged records, inputs, documents' facts.

Everything is judged aside. No number of the database and no moment of arrival is in it: the same records, imported in
another order into another database, give the same bytes.
"""

from __future__ import annotations

import datetime as dt
import importlib.metadata
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import Any

import polars as pl
import sqlalchemy as sa

from checks.clock import DAY
from checks.judge.base import microseconds
from checks.judge.measures import months_that_count
from checks.judge.samples import SlotDays, SlotTime
from checks.periods import Period, month_bounds
from checks.reasons import REASONS
from checks.rulebook.model import LEVELS, Edition
from checks.scoring import Row
from collectors.records import RECORDS
from dashboard.bootstrap import Application
from dashboard.database.models import FACT_JOINS, FINDINGS, RECORD_TABLES, REVIEWS
from dashboard.freezing.canonical import Part, Scoring, part_of
from dashboard.freezing.facts import facts_document
from dashboard.freezing.stored import league_name
from dashboard.instants import iso_local, to_micros
from dashboard.judging.detail import detailed
from dashboard.judging.filed import holding
from dashboard.judging.halls import SAMPLE_CODES, judged_samples
from dashboard.judging.kinds import KINDS, predecessors_of
from dashboard.judging.reading import Reader, reader
from dashboard.judging.rules import VERSION, Rules, rules_of
from dashboard.judging.sums import in_period, sample_days
from dashboard.people import system_viewer
from dashboard.queries.explain import Found, explanations, found_for
from dashboard.queries.league import League, edition_of, leaves_of, of_group, period_named, ranked_rows, rows_without
from dashboard.queries.quarter import quarter
from dashboard.queries.staleness import Silent, silent_sources

FORMAT = 1
INPUTS = ("offices", "cameras", *KINDS, "measures", "samples", "hall_days", "inspections")
"""Types of records of which figures are made; what came finished from elsewhere is compared with only."""


def scoring(app: Application, period: str, as_of: dt.datetime, *, decided: dt.datetime | None = None) -> Scoring:
    """The company's scoring of a period at `as_of`. UsageError for the period, MingchaError without an edition.

    With `decided` exclusions and reviews count as decided by then, however late: what a correction looks like (no
    documents).
    """
    rules = rules_of(app.settings, app.db)
    asked = period_named(period, rules)
    edition = edition_of(rules, asked)
    silent = tuple(silent_sources(app.db, system_viewer(), rules, as_of=as_of, period=asked))
    parts: dict[str, Part] = {}
    with reader(app.db) as opened:
        moment = None if decided is None else microseconds(decided)
        source = opened if moment is None else opened.assuming(holding(opened, moment), moment)
        made = _Making(source, rules, asked, edition, as_of, silent)
        for name, document in made.documents():
            parts[name] = part_of(document)
    if decided is None:
        parts["facts"] = part_of(facts_document(quarter(app, system_viewer(), asked.name, as_of)))
    parts["rulebook"] = part_of({path.name: path.read_text(encoding="utf-8") for path in rules.rulebook.files})
    return Scoring(_made_by(rules, asked, edition, as_of), parts)


def _made_by(rules: Rules, period: Period, edition: Edition, as_of: dt.datetime) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "period": period.name,
        "as_of": iso_local(to_micros(as_of)),
        "program": importlib.metadata.version("mingcha"),
        "judges": VERSION,
        "rulebook": {"name": rules.rulebook.name, "edition": edition.code, "digest": rules.rulebook.digest},
        "calendar": {"name": rules.calendar.name, "digest": rules.calendar.digest},
        "slots": pinned_slots(rules.slots),
    }


def pinned_slots(slots: SlotDays) -> list[Any]:
    """The slots as they are pinned: plain as long as no table changed, each later one after its day."""
    later = [[since.isoformat(), _told(one)] for since, one in slots.changes]
    return [_told(slots.first), *later] if later else _told(slots.first)


def _told(slots: tuple[SlotTime, ...]) -> list[Any]:
    return [[slot.number, str(slot.starts), str(slot.ends)] for slot in slots]


class _Making:
    """One reading of everything, in one transaction."""

    def __init__(
        self,
        source: Reader,
        rules: Rules,
        period: Period,
        edition: Edition,
        as_of: dt.datetime,
        silent: tuple[Silent, ...],
    ) -> None:
        self.source, self.rules, self.period, self.edition = source, rules, period, edition
        self.as_of, self.silent = as_of, silent

    def documents(self) -> Iterator[tuple[str, Any]]:
        leaves = leaves_of(self.source, self.rules, self.period, self.edition, self.as_of, stored=False)
        frames = {record: self._judged(record) for record in KINDS if self.rules.rulebook.order(record)}
        named = {record: frame.filter(_worth_naming(frame)) for record, frame in frames.items()}
        found = found_for(self.source, self.rules, self.period, self.as_of, leaves, named)
        yield from self._leagues(found)
        told = explanations(self.source, self.rules, self.period, self.edition, self.as_of, self.silent, found)
        for office, document in told:
            yield f"explain/{office}", _without_words(document)
        for record, frame in frames.items():
            yield f"records/{record}", _columns(frame, self.rules.rulebook.order(record), KINDS[record].moment)
        yield "records/samples", _columns(self._samples(), SAMPLE_CODES, "planned_at")
        yield "offices", _rows(self._offices())
        for record in INPUTS:
            yield f"inputs/{record}", _rows(self._inputs(record))
        yield "counts", {"provisional": list(_provisional(frames))}
        decided = {"reviews": _rows(self._reviews()), "exclusions": self._exclusions(), "joins": _rows(self._joins())}
        yield "decisions", decided

    def _leagues(self, found: Found) -> Iterator[tuple[str, Any]]:
        for level in LEVELS:
            changed = found.without is not found.sums
            for code in (None, *(indicator.code for indicator in self.edition.at_level(level))):
                without = (
                    rows_without(self.source.tree, found.without, self.period, self.edition, level, code)
                    if changed else {}
                )  # fmt: skip
                rows = ranked_rows(
                    self.source.tree, found.sums, self.rules, self.period, self.edition, self.as_of, level, code,
                    self.silent,
                )  # fmt: skip
                name = league_name(level, code, None)
                yield name, self._league(level, rows, without).to_freeze()
                for group in sorted({row.peer_group for row in rows if row.peer_group}):
                    members = of_group(rows, group)
                    yield league_name(level, code, group), self._league(level, members, without).to_freeze()

    def _league(self, level: str, rows: list[Row], without: Mapping[str, Row]) -> League:
        return League(self.period, level, self.as_of, self.edition, rows, self.silent, without=without)

    def _judged(self, record: str) -> pl.DataFrame:
        """Every record of the period with details, in an order that no database decides."""
        kind = KINDS[record]
        found = detailed(self.source, self.rules, kind, in_period(kind, self.period, None), self.as_of)
        table = RECORD_TABLES[record].c
        systems = self.source.frame(sa.select(table.id, table.system).where(in_period(kind, self.period, None)(
            RECORD_TABLES[record])))  # fmt: skip
        known = found if "system" in found.columns else found.join(systems, on="id", how="left")
        return known.sort(kind.moment, "number", "system", descending=True)

    def _samples(self) -> pl.DataFrame:
        found = judged_samples(self.source, self.rules, sample_days(self.period, [], None), self.as_of).filter("exists")
        named = found.with_columns(
            pl.col("date").cast(pl.Int32).cast(pl.Int64).alias("day"),
            pl.col("hall_code").alias("office_code"),
            pl.col("sample_id").alias("number"),
            pl.lit("").alias("system"),
        )
        return named.sort("planned_at", "number", descending=True)

    def _offices(self) -> pl.DataFrame:
        row = RECORD_TABLES["offices"].c
        names = ("code", "name", "parent_code", "level", "area", "peer_group", "customers", "valid_from", "valid_to",
                 "successor_code")  # fmt: skip
        found = self.source.frame(sa.select(*(row[name] for name in names)).where(row.rulebook.is_(None)))
        return found.sort("code", "valid_from")

    def _inputs(self, record: str) -> pl.DataFrame:
        """The version of every record that counted: its key and the hash of what it says."""
        kind, table = RECORDS[record], RECORD_TABLES[record]
        names = [*(("system",) if kind.by_system else ()), *kind.key, "content_hash"]
        found = self.source.frame(sa.select(*(table.c[name] for name in names)).where(self._counting(record)))
        return found.select(pl.all().cast(pl.String)).sort(names)

    def _counting(self, record: str) -> Any:
        table = RECORD_TABLES[record].c
        if record in KINDS:
            of_period = in_period(KINDS[record], self.period, None)
            found = of_period(RECORD_TABLES[record])
            if record == "repairs":  # an earlier one of the same customer makes one of the period a repeat
                return sa.or_(found, predecessors_of(of_period, self.rules.rulebook)(RECORD_TABLES[record]))
            return found
        months = self.period.months_that_begin()
        if record == "measures":
            return table.period.in_(months_that_count(self.period, self.as_of))
        if record in ("samples", "hall_days"):
            inside = table.date.between(str(self.period.start), str(self.period.last_day))
            return sa.or_(inside, sa.func.substr(table.date, 1, 7).in_(months))
        if record == "inspections":
            since, until = self._reach_of_events()
            return sa.and_(table["at"] >= since, table["at"] < until)
        return sa.true()

    def _reviews(self) -> pl.DataFrame:
        """What people decided about findings that may reach the period, by as-of (or as late as the reader is told)."""
        finding, review = FINDINGS.c, REVIEWS.c
        names = (finding.hall_code, finding.item_code, finding.observed_at, review.decision, review.by, review["at"],
                 review.office_is_cause, review.deliberate, review.item_code.label("chosen_item"))  # fmt: skip
        since, until = self._reach_of_events()
        at = microseconds(self.as_of)
        query = sa.select(*names).select_from(FINDINGS.join(REVIEWS, review.finding_id == finding.id)).where(
            finding.observed_at >= since, finding.observed_at < until,
            review["at"] <= max(at, self.source.decided or at),
        )  # fmt: skip
        return self.source.frame(query).sort(pl.all())

    def _joins(self) -> pl.DataFrame:
        """Which violations people joined as one fact, or parted, of the same days and by the same moment."""
        row, (since, until) = FACT_JOINS.c, self._reach_of_events()
        at = microseconds(self.as_of)
        names = (row.fact, row.action, row.hall_code, row.day, row.members, row.reason, row.by, row["at"])
        inside = sa.and_(row.observed_at >= since, row.observed_at < until)
        found = self.source.frame(sa.select(*names).where(inside, row["at"] <= max(at, self.source.decided or at)))
        return found.sort("at", "fact")

    def _reach_of_events(self) -> tuple[int, int]:
        """From the days before the first month in which an event may double, to the end of the last hall-month."""
        bounds = [month_bounds(month) for month in self.period.months_that_begin()]
        first = min([self.period.starts_at, *(start for start, _ in bounds)])
        last = max([self.period.ends_at, *(end for _, end in bounds)])
        return first - self.rules.rulebook.sheet.repeat_days * DAY, last

    def _exclusions(self) -> list[dict[str, Any]]:
        held = [asdict(filing) for filing in holding(self.source, microseconds(self.as_of))]
        told = [{name: value for name, value in filing.items() if name != "id"} for filing in held]
        return sorted(told, key=lambda filing: (filing["starts_at"], str(filing)))


def _provisional(frames: Mapping[str, pl.DataFrame]) -> Iterator[list[str]]:
    """Type and number of the records that an assumed calendar judged: they keep the period from being published."""
    for record, frame in frames.items():
        marked = [name for name in frame.columns if name.endswith(".provisional")]
        if marked:
            numbers = frame.filter(pl.any_horizontal(marked))["number"]
            yield from ([record, number] for number in numbers.sort().to_list())


def _worth_naming(frame: pl.DataFrame) -> pl.Expr:
    """Whether an explanation may have to name the record: anything but on time or not applicable everywhere."""
    plain = [number for number, reason in enumerate(REASONS) if reason.state in "O-P"]
    codes = [name for name in frame.columns if f"{name}.deadline" in frame.columns]
    odd = [~pl.col(code).is_in(plain) | pl.col(f"{code}.provisional") for code in codes]
    return pl.any_horizontal(*odd, pl.col("excluded") > 0)


def _without_words(document: Mapping[str, Any]) -> dict[str, Any]:
    """An explanation without what depends on the reader: sentences in a language, changes of the tree in words."""
    indicators = [
        {**line, "records": [{k: v for k, v in record.items() if k != "reason_text"} for record in line["records"]]}
        for line in document["indicators"]
    ]
    return {**{name: value for name, value in document.items() if name != "changes"}, "indicators": indicators}


def _columns(frame: pl.DataFrame, codes: tuple[str, ...], moment: str) -> dict[str, Any]:
    """Judged records column by column: number, system, office, day, moment, and per indicator reason and times."""
    used = sorted({number for code in codes if code in frame.columns for number in frame[code].unique().to_list()})
    plain = {"number": "number", "system": "system", "office": "office_code", "day": "day", "at": moment}
    return {
        "codes": list(codes),
        "reasons": {str(number): REASONS[number].code for number in used},
        **{name: frame[column].to_list() for name, column in plain.items()},
        "verdicts": {code: frame[code].cast(pl.Int64).to_list() for code in codes},
        **{name: {code: frame[f"{code}.{name}"].to_list() for code in codes if f"{code}.{name}" in frame.columns}
           for name in ("deadline", "actual")},
    }  # fmt: skip


def _rows(frame: pl.DataFrame) -> dict[str, Any]:
    return {"columns": frame.columns, "rows": [list(row) for row in frame.iter_rows()]}
