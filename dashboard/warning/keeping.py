"""Keeps the stored warnings true (预警更新): what changed since the last time is evaluated, nothing else.

A warning whose time is still to come is stored with it: no clock has to be watched, it holds once its moment has come.
One whose condition ended is closed as moot. One that a person closed is not opened again for the same record and rule.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl
import sqlalchemy as sa

from checks.judge.base import microseconds
from checks.reasons import NUMBER
from checks.warnings.catalogue import ClockRule, FallRule, RepeatRule, ReplyRule, Rule, ThresholdRule, WaitRule
from checks.warnings.evaluate import evaluate
from checks.warnings.measured import evaluate_measures
from collectors.records import RECORDS
from dashboard.database import Database
from dashboard.database.models import BATCHES, HISTORY_TABLES, META, RECORD_TABLES, WARNINGS
from dashboard.judging.kinds import KINDS
from dashboard.judging.notices import notices_read
from dashboard.judging.present import Situation, situation
from dashboard.judging.reading import Condition, Reader, Within
from dashboard.judging.rows import few_rows
from dashboard.judging.rules import Rules
from dashboard.secrecy import REPORT
from dashboard.warning.known import OWN_RULES, THROUGH

LOCK = 20261123
LOOK_BACK = dt.timedelta(days=60)
"""Records accepted earlier are nobody's work of today: they are found on the Records page."""
MICROSECOND = dt.timedelta(microseconds=1)
NEVER = 2**62
DONE = {"tickets": "archived_at", "repairs": "restored_at", "applications": "archived_at"}
"""Once this stamp is filled nobody can do anything about a record any more."""
OPEN = (NUMBER["running"], NUMBER["not_done"])
LEFT_OUT = tuple(NUMBER[name] for name in ("simulated", "withdrawn", "child", "filed"))
FEW = 5_000
"""Changed rows up to which asking record by record is quicker than carrying frames."""
MONTHS = 15
"""Months of measures that are looked at, the newest of them the last that has ended."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How many warnings were entered and how many closed as moot."""

    entered: int
    closed: int


NOTHING = Outcome(0, 0)


@dataclass(frozen=True, slots=True)
class Last:
    """Every record up to `batch` was looked at, at `at`; `digest` pins what warnings depend on beside.

    Nothing changes by itself before `until`: a stamp that lies ahead (clocks of sources run fast), or a record that
    grows too old. Both in microseconds UTC.
    """

    batch: int
    at: int
    until: int
    digest: str

    def is_current(self, now: Now) -> bool:
        return self.batch == now.batch and self.leads_to(now) and now.at < self.until

    def leads_to(self, now: Now) -> bool:
        """Whether what was kept then holds still but for what came or fell due since."""
        return self.digest == now.digest and self.at <= now.at


@dataclass(frozen=True, slots=True)
class Alive:
    """Records that are looked at: those that may be warned of, and the ids of those left out of everything."""

    kept: pl.DataFrame
    excluded: pl.Series


@dataclass(frozen=True, slots=True)
class Now:
    """What there is to look at now, as `Last` says it."""

    batch: int
    at: int
    digest: str


def keep_warnings(db: Database, rules: Rules, as_of: dt.datetime) -> Outcome:
    """Bring the stored warnings up to date; one process at a time."""
    at = microseconds(as_of)
    with few_rows(db) as reader:
        last, now = _last(reader), _now(reader, rules, at)
        if last is not None and last.is_current(now):
            return NOTHING
        few = last is not None and last.leads_to(now) and at < last.until and sum(_came(reader, last).values()) <= FEW
    if few:
        with few_rows(db, write=True) as reader:
            return _keep(reader, rules, as_of)
    with db.adbc(write=True) as connection:
        return _keep(Reader(db, connection), rules, as_of)


def _keep(reader: Reader, rules: Rules, as_of: dt.datetime) -> Outcome:
    if reader.db.dialect == "postgresql":
        reader.execute(sa.select(sa.func.pg_advisory_xact_lock(LOCK)))
    at = microseconds(as_of)
    rules = rules.with_notices(notices_read(reader, rules.calendar.name))
    now, last = _now(reader, rules, at), _last(reader)
    since = last if last is not None and last.leads_to(now) else None
    came = None if since is None else _came(reader, since)
    outcomes, untils = zip(*(_kind(reader, rules, record, since, as_of) for record in _concerned(since, came, at)),
                           (NOTHING, NEVER), strict=True)  # fmt: skip
    lines, month_ends = _measures(reader, rules, since, came, as_of)
    kept = [since.until] if since is not None and since.until > at else []
    _remember(reader, Last(now.batch, at, min([*untils, *kept, month_ends]), now.digest), rules.warned.own)
    return Outcome(sum(one.entered for one in (*outcomes, lines)), sum(one.closed for one in (*outcomes, lines)))


def _came(reader: Reader, last: Last) -> dict[str, int]:
    """By kind of record, how many rows came in new or changed since."""
    rows = sa.cast(sa.func.sum(BATCHES.c.new + BATCHES.c.updated), sa.BigInteger).label("rows")
    since = sa.select(BATCHES.c.record, rows).where(BATCHES.c.id > last.batch).group_by(BATCHES.c.record)
    return dict(reader.frame(since).iter_rows())


def _concerned(since: Last | None, came: Collection[str] | None, at: int) -> tuple[str, ...]:
    """The kinds of record whose warnings may have changed: by what came since, or all where time alone may have."""
    if since is None or came is None or at >= since.until:
        return tuple(DONE)
    return tuple(record for record in DONE if record in came or (record == "repairs" and "tickets" in came))


def _now(reader: Reader, rules: Rules, at: int) -> Now:
    found = situation(reader, at)
    return Now(found.judged_batch, at, _digest(reader, rules, found))


def _digest(reader: Reader, rules: Rules, found: Situation) -> str:
    """What warnings depend on beside the records: rules of both kinds, areas of offices, decisions about exclusions."""
    own = hashlib.sha256(f"{rules.warned.digest}{reader.tree.fingerprint}".encode()).hexdigest()
    return f"{rules.digest}:{own}:{found.newest_decision}"


def _last(reader: Reader) -> Last | None:
    rows = reader.frame(sa.select(META.c.value).where(META.c.key == THROUGH)).rows()
    said = str(rows[0][0]).split(" ") if rows else []
    return Last(int(said[0]), int(said[1]), int(said[2]), said[3]) if len(said) == 4 else None


def _remember(reader: Reader, last: Last, own: str) -> None:
    value = f"{last.batch} {last.at} {last.until} {last.digest}"
    reader.execute(sa.delete(META).where(META.c.key.in_((THROUGH, OWN_RULES))))
    reader.execute(sa.insert(META).values(key=THROUGH, value=value))
    if own:
        reader.execute(sa.insert(META).values(key=OWN_RULES, value=own))


def _kind(reader: Reader, rules: Rules, record: str, since: Last | None, as_of: dt.datetime) -> tuple[Outcome, int]:
    """The warnings of one kind of record: of those that what came since then may concern, or of all.

    With them the moment until which these change nothing by themselves.
    """
    mine, at = rules.warned.of(record), microseconds(as_of)
    ids = None if since is None else _touched(reader, record, since, mine, as_of)
    timely = since is not None and at < since.until  # when its time has come the next one is unknown
    if ids is not None and ids.is_empty():
        return NOTHING, NEVER if timely else _until(reader, record, None, at)
    touched = None if ids is None else reader.within(ids)
    ahead = touched if timely else None
    which = _which(record, touched, as_of)
    alive = _open_records(reader, rules, record, which, mine, as_of)
    recent = {rule.code: _recent(reader, record, rule, alive.kept) for rule in mine if isinstance(rule, RepeatRule)}
    found = evaluate(alive.kept, recent, mine, rules.calendar)
    named = found.join(alive.kept.select("id", "number", "office_code"), on="id")

    def why(moot: pl.DataFrame) -> pl.DataFrame:
        return _why(reader, record, moot, alive, mine, at)

    return _store(reader, record, named, touched, at, why), _until(reader, record, ahead, at)


def _measures(
    reader: Reader, rules: Rules, since: Last | None, came: Collection[str] | None, as_of: dt.datetime
) -> tuple[Outcome, int]:
    """The warnings of measures, all of them, if any came since or another month has ended; and until when they hold."""
    months, begun, ends = _ended_months(as_of, rules.calendar.zone)
    mine = rules.warned.of("measures")
    if since is not None and came is not None and since.at >= begun and "measures" not in came:
        return NOTHING, ends
    columns = ("version_at", "indicator", "office_code", "period", "numerator", "denominator")
    rows = reader.records("measures", columns, lambda row: row.c.period.between(months[0], months[-1]))
    rows = rows.rename({"version_at": "heard_at"})
    asked = [rule for rule in mine if isinstance(rule, (ThresholdRule, FallRule))]
    found = evaluate_measures(rows, asked, rules.warned.measures, months)
    named = found.join(rows.select("id", pl.col("indicator").alias("number"), "office_code"), on="id")

    def why(moot: pl.DataFrame) -> pl.DataFrame:
        newest = rows.sort("period").group_by("indicator", "office_code").agg(pl.col("id").last())
        lasts = pl.col("record_id").is_in(newest["id"].implode())
        return moot.select("id", pl.when(lasts).then(pl.lit("ended")).otherwise(pl.lit("newer")).alias("because"))

    return _store(reader, "measures", named, None, microseconds(as_of), why), ends


def _ended_months(as_of: dt.datetime, zone: str) -> tuple[list[str], int, int]:
    """The newest months that have ended, oldest first; when the running one began and ends, microseconds UTC."""
    begun = as_of.astimezone(ZoneInfo(zone)).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    this = begun.year * 12 + begun.month - 1
    ends = begun.replace(year=(this + 1) // 12, month=(this + 1) % 12 + 1)
    months = [f"{place // 12}-{place % 12 + 1:02d}" for place in range(this - MONTHS, this)]
    return months, microseconds(begun), microseconds(ends)


def _until(reader: Reader, record: str, touched: Within | None, at: int) -> int:
    """The first stamp that lies ahead, and when the oldest record that is warned of grows too old."""
    table, open_ones = RECORD_TABLES[record], WARNINGS.c
    looked_at = sa.true() if touched is None else table.c.id.in_(touched)
    ahead = [sa.func.min(sa.case((table.c[stamp] > at, table.c[stamp]))) for stamp in RECORDS[record].lifecycle]
    warned = sa.select(open_ones.record_id).where(open_ones.record == record, open_ones.closed_at.is_(None))
    if touched is not None:
        warned = warned.where(open_ones.record_id.in_(touched))
    accepted = sa.select(sa.func.min(table.c[KINDS[record].moment])).where(table.c.id.in_(warned)).scalar_subquery()
    asked = sa.select(accepted.label("oldest"), *(one.label(f"s{n}") for n, one in enumerate(ahead)))
    oldest, *stamps = reader.frame(asked.where(looked_at)).row(0)
    ages = [] if oldest is None else [oldest + LOOK_BACK // MICROSECOND]
    return min([*(stamp for stamp in stamps if stamp is not None), *ages], default=NEVER)


def _touched(reader: Reader, record: str, since: Last, mine: Iterable[Rule], as_of: dt.datetime) -> pl.Series:
    """Ids of records that changed since, of those that rest on a ticket that did, and that share what is counted."""
    table, old = RECORD_TABLES[record], HISTORY_TABLES[record]
    lately = table.c[KINDS[record].moment] > microseconds(as_of - LOOK_BACK)
    changed = _changed(table, record, since, microseconds(as_of))
    parts = [sa.select(table.c.id).where(changed)]
    if record == "repairs":
        ticket = RECORD_TABLES["tickets"].c
        named = sa.select(ticket.ticket_no).where(ticket.batch_id > since.batch)
        parts.append(sa.select(table.c.id).where(lately, table.c.ticket_no.in_(named)))
    for column in {rule.column for rule in mine if isinstance(rule, RepeatRule)}:
        said = sa.union(
            sa.select(table.c[column]).where(changed, table.c[column].is_not(None)),
            sa.select(old.c[column]).where(old.c.ended_by_batch > since.batch, old.c[column].is_not(None)),
        ).subquery()
        values = reader.frame(sa.select(said.c[column]))[column]
        if not values.is_empty():
            parts.append(sa.select(table.c.id).where(lately, table.c[column].in_(reader.within(values))))
    union = sa.union(*parts).subquery()
    return reader.frame(sa.select(union.c.id))["id"]


def _changed(table: Any, record: str, since: Last, at: int) -> sa.ColumnElement[bool]:
    """Came in since, or grew too old; and where a stamp lay ahead by then, those of which one has come by now."""
    moment, back = table.c[KINDS[record].moment], LOOK_BACK // MICROSECOND
    grew_old = moment.between(since.at - back + 1, at - back)
    stamps = [table.c[name].between(since.at + 1, at) for name in RECORDS[record].lifecycle]
    return sa.or_(table.c.batch_id > since.batch, grew_old, *(stamps if at >= since.until else ()))


def _which(record: str, touched: Within | None, as_of: dt.datetime) -> Condition:
    """Records of the last 60 days that are not done, of those touched if only some are looked at."""
    oldest, at = microseconds(as_of - LOOK_BACK), microseconds(as_of)

    def condition(table: Any) -> sa.ColumnElement[bool]:
        accepted, done = table.c[KINDS[record].moment], table.c[DONE[record]]
        alive = sa.and_(accepted > oldest, accepted <= at, sa.or_(done.is_(None), done > at))
        return alive if touched is None else sa.and_(table.c.id.in_(touched), alive)

    return condition


def _open_records(
    reader: Reader, rules: Rules, record: str, which: Condition, mine: Iterable[Rule], as_of: dt.datetime
) -> Alive:
    """What `evaluate` needs of the records, without those that are left out of everything (withdrawn, merged …)."""
    clocks = {rule.indicator: _start(rules, rule.indicator) for rule in mine if isinstance(rule, ClockRule)}
    states = pl.col(rules.rulebook.order(record))
    judged = KINDS[record].judged(reader, rules, which, as_of).select(
        "id",
        pl.any_horizontal(states.is_in(LEFT_OUT)).alias("left_out"),
        *(pl.when(pl.col(code).is_in(OPEN)).then(pl.col(f"{code}.deadline")).alias(f"{code}.deadline")
          for code in clocks),
    ).collect()  # fmt: skip
    wanted = {"accepted_at", *clocks.values(), *(name for rule in mine for name in _columns(rule))}
    if record == "tickets":
        wanted.add("type")
    table = RECORD_TABLES[record]
    columns = [table.c.id, table.c[RECORDS[record].number].label("number"), table.c.office_code,
               table.c.version_at.label("heard_at"), *(table.c[name] for name in sorted(wanted))]  # fmt: skip
    kept = judged.lazy().filter(~pl.col("left_out")).drop("left_out")
    rows = reader.frame(sa.select(*columns).where(which(table))).lazy().join(kept, on="id")
    starts = [pl.when(pl.col(f"{code}.deadline").is_not_null()).then(pl.col(start)).alias(f"{code}.started")
              for code, start in clocks.items()]  # fmt: skip
    return Alive(rows.with_columns(*starts).collect(), judged.filter("left_out")["id"])


def _start(rules: Rules, indicator: str) -> str:
    """The stamp at which the clock of an indicator starts, the same in every edition that has it."""
    for edition in reversed(rules.rulebook.editions):
        for one in edition.indicators:
            if one.code == indicator and one.formula == "clock":
                return edition.step(one.options["step"]).start
    raise KeyError(indicator)


def _columns(rule: Rule) -> tuple[str, ...]:
    if isinstance(rule, ClockRule):
        return (rule.empty,) if rule.empty else ()
    if isinstance(rule, WaitRule):
        return (rule.column, rule.start, rule.empty)
    if isinstance(rule, ReplyRule):
        return ("reply", "replied_at", *(("content",) if rule.asked else ()), *((rule.empty,) if rule.empty else ()))
    return () if isinstance(rule, (ThresholdRule, FallRule)) else (rule.column,)


def _recent(reader: Reader, record: str, rule: RepeatRule, records: pl.DataFrame) -> pl.DataFrame:
    """Records of the rule's days before the oldest open one that share a value with an open one.

    Not those that stand for nothing of their own: test calls, withdrawn ones, and what was merged into another; nor
    reports (举报), of which the office must not learn by counting.
    """
    values = records.filter(pl.col(rule.column).is_not_null())
    table = RECORD_TABLES[record]
    oldest = values["accepted_at"].min()
    since = 0 if not isinstance(oldest, int) else oldest - rule.days * 86_400_000_000
    shared = table.c[rule.column].in_(reader.within(values[rule.column])) if values.height else sa.false()
    columns = (table.c.id, table.c.accepted_at, table.c[rule.column])
    return reader.frame(sa.select(*columns).where(shared, table.c.accepted_at > since, *_own(record)))


def _own(record: str) -> Iterator[sa.ColumnElement[bool]]:
    table, number = RECORD_TABLES[record].c, RECORDS[record].number
    for name in ("simulated", "withdrawn"):
        if name in table:
            yield table[name].is_not(True)
    if record == "tickets":  # of three of a customer where the office finds two, the third would be a report
        old = HISTORY_TABLES[record].c
        yield table.type.is_distinct_from(REPORT)
        yield ~sa.exists().where(old.record_id == table.id, old.type == REPORT)
    if (parent := f"parent_{number}") in table:
        yield sa.or_(table[parent].is_(None), table[parent] == table[number])


def _why(reader: Reader, record: str, moot: pl.DataFrame, alive: Alive, mine: list[Rule], at: int) -> pl.DataFrame:
    """Why each of these warnings is over: `id` and `because`."""
    table, moment, done = RECORD_TABLES[record], KINDS[record].moment, DONE[record]
    asked = sa.select(table.c.id.label("record_id"), table.c[moment].label("came"), table.c[done].label("done"))
    stamps = reader.frame(asked.where(table.c.id.in_(reader.within(moot["record_id"]))))
    running = {rule.code for rule in mine if isinstance(rule, (ClockRule, WaitRule))}
    because = (
        pl.when(~pl.col("rule").is_in([rule.code for rule in mine])).then(pl.lit("rule"))
        .when(pl.col("record_id").is_in(alive.excluded.implode())).then(pl.lit("excluded"))
        .when(pl.col("done") <= at).then(pl.lit("done"))
        .when(pl.col("came") <= at - LOOK_BACK // MICROSECOND).then(pl.lit("old"))
        .when(pl.col("rule").is_in(list(running))).then(pl.lit("stepped"))
        .otherwise(pl.lit("ended"))
    )  # fmt: skip
    return moot.join(stamps, on="record_id", how="left").select("id", because.alias("because"))


def _store(
    reader: Reader, record: str, found: pl.DataFrame, touched: Within | None, at: int,
    why: Callable[[pl.DataFrame], pl.DataFrame],
) -> Outcome:  # fmt: skip
    """Enter what is new, close what is moot (`why` says why), of the records looked at (None: all)."""
    row = WARNINGS.c
    looked_at = sa.true() if touched is None else row.record_id.in_(touched)
    known = reader.frame(
        sa.select(row.id, row.record_id, row.rule, row.since, row.due, row.closed_at, row.closed_why, row.number,
                  row.office_code)
        .where(row.record == record, looked_at)
    )  # fmt: skip
    key = ["record_id", "rule"]
    wanted = found.rename({"id": "record_id"})
    alive = known.filter(pl.col("closed_at").is_null())
    by_hand = known.filter(pl.col("closed_why") == "closed")
    moot = alive.join(wanted, on=key, how="anti")
    moved = alive.join(wanted, on=key, suffix="_now").filter(
        pl.col("due").ne_missing(pl.col("due_now"))
        | (pl.col("due").is_not_null() & (pl.col("since") != pl.col("since_now")))
        | pl.col("office_code").ne_missing(pl.col("office_code_now"))
        | (pl.col("number") != pl.col("number_now"))
    )
    fresh = wanted.join(alive, on=key, how="anti").join(by_hand, on=key, how="anti")
    entered = pl.concat([fresh, wanted.join(moved.select(key), on=key)]) if moved.height else fresh
    ends = pl.concat([
        why(moot) if moot.height else pl.DataFrame(schema={"id": pl.Int64, "because": pl.String}),
        moved.select("id", pl.lit("moved").alias("because")),
    ])  # fmt: skip
    for (because,), gone in ends.group_by("because", maintain_order=True):
        closing = sa.update(WARNINGS).where(row.closed_at.is_(None), row.id.in_(reader.within(gone["id"])))
        reader.execute(closing.values(closed_at=at, closed_why="moot", moot_because=because))
    reader.ingest(WARNINGS.name, entered.select(
        pl.lit(record).alias("record"), "record_id", "number", "office_code", "rule", "since", "due",
        pl.lit(at, pl.Int64).alias("entered_at"), "saw"))  # fmt: skip
    return Outcome(entered.height, ends.height)
