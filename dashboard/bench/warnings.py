"""`mingcha bench warnings`: early warnings over 100,000 open records, after one changed one, and the board of 10,000.

(a) evaluation ÷ one vectorised pass over the same columns, written by hand (wanted <= 2); (b) bringing the stored
warnings up to date after one changed record ÷ doing it for all (wanted <= 1/50); (c) time of a rerun of the board with
10,000 open warnings ÷ that of an empty page (wanted <= 3).
"""

from __future__ import annotations

import statistics
import tempfile
from pathlib import Path

import numpy as np
import polars as pl
import sqlalchemy as sa

from checks.clock import DAY
from checks.warnings.catalogue import RepeatRule, shipped
from checks.warnings.evaluate import evaluate
from collectors.records import RECORDS
from dashboard.bench.judge import NOW, fill
from dashboard.bench.timing import machine, paired, report, seconds_of
from dashboard.bench.web import EMPTY, LEAGUE, measured, serving
from dashboard.database import Database
from dashboard.database.migrate import migrate
from dashboard.database.models import BATCHES, RECORD_TABLES, WARNINGS
from dashboard.instants import to_micros
from dashboard.judging.rules import Rules, rules_of
from dashboard.settings import Settings
from dashboard.warning.keeping import keep_warnings

OPEN, ON_BOARD, SESSIONS = 100_000, 10_000, 10
HOUR = 3_600_000_000
CONTENTS = (
    "客户来电反映家中无电，邻居有电，请尽快派人处理。", "客户投诉本月已第三次停电，无人说明原因，情绪激动。",
    "客户咨询阶梯电价执行标准。",
    "客户称将向12398反映，并联系媒体曝光。", "客户反映电压低，空调无法启动，多次反映未解决。",
)  # fmt: skip
REPLIES = (
    None, None, "已于9月8日10时20分更换表箱开关，恢复供电，客户确认。", "已处理。", "将尽快安排处理。",
    "已联系客户并说明，2026年10月完成线路改造。",
)  # fmt: skip
PEOPLE = '[people]\n"沈岚" = { role = "inspector", offices = ["*"] }\n'


def run(size: int | None = None, pairs: int = 5) -> None:
    """Over `size` open tickets (default 100,000)."""
    records, rules = size or OPEN, rules_of(Settings())
    print(f"warnings: {records:,} open tickets; {machine()}")
    _evaluation(records, pairs)
    with tempfile.TemporaryDirectory() as folder:
        _kept(Path(folder), records, rules, pairs)
        _board(Path(folder), min(records, ON_BOARD), min(pairs, 3))


def _evaluation(records: int, pairs: int) -> None:
    frame, calendar = _frame(records), rules_of(Settings()).calendar
    mine = [rule for rule in shipped().values() if rule.record == "tickets"]
    recent = {rule.code: frame for rule in mine if isinstance(rule, RepeatRule)}
    found = evaluate(frame, recent, mine, calendar)
    pair = paired(lambda: evaluate(frame, recent, mine, calendar), lambda: _one_pass(frame), pairs=pairs)
    report(f"evaluation of {len(mine)} rules ÷ one pass", pair.cost, "<= 2", pair, f"{found.height:,} warnings")


def _one_pass(frame: pl.DataFrame) -> pl.DataFrame:
    """The same questions to the same columns, as a person would write them, without making warnings of the answers."""
    reply, content = pl.col("reply"), pl.col("content")
    given = pl.col("replied_at").is_not_null() & (reply.str.len_chars() > 0)
    words = [pl.col(column).str.contains_any(list(rule.words))
             for rule in shipped().values() if rule.kind == "words" for column in [rule.column]]  # fmt: skip
    replies = [
        given & (reply.str.contains_any(list(rule.says)) if rule.says else pl.lit(value=True))
        & (~reply.str.contains_any(list(rule.lacks)) if rule.lacks else pl.lit(value=True))
        & (content.str.contains_any(list(rule.asked)) if rule.asked else pl.lit(value=True))
        & ~reply.str.contains("[0-9]")
        for rule in shipped().values() if rule.kind == "reply"
    ]  # fmt: skip
    clocks = [pl.max_horizontal(pl.col(f"{code}.deadline") - 12 * HOUR, pl.col(f"{code}.started"))
              for code in ("T1", "T2", "T3")]  # fmt: skip
    numbers = [pl.col("urges") >= 2, pl.col("returns") >= 2, pl.col("calls").cast(pl.Int64, strict=False) >= 3,
               pl.col("emotion") == "very_agitated", pl.len().over("customer_no") >= 3]  # fmt: skip
    waits = [pl.col(rule.column).str.contains_any(list(rule.words)) & pl.col(rule.empty).is_null()
             for rule in shipped().values() if rule.kind == "wait"]  # fmt: skip
    asked = [*words, *replies, *clocks, *numbers, *waits]
    return frame.lazy().select(one.alias(str(place)) for place, one in enumerate(asked)).collect()


def _frame(records: int) -> pl.DataFrame:
    """Open tickets as the database has them, with the clocks of those that run."""
    rng, now = np.random.default_rng(11), to_micros(NOW)
    accepted = pl.Series(now - rng.integers(0, 20 * DAY // 1_000_000, records) * 1_000_000)

    def some(*choices: object, dtype: pl.DataType | type[pl.DataType] = pl.String) -> pl.Series:
        return pl.Series(choices, dtype=dtype).gather(rng.integers(0, len(choices), records))

    reply = some(*REPLIES)
    kinds = some("fault", "complaint", "opinion", "enquiry", "request")
    clocks = {"T1": (kinds == "complaint", 24), "T2": (kinds == "complaint", 168), "T3": (kinds == "opinion", 240)}
    running = {
        name: value for code, (runs, hours) in clocks.items()
        for name, value in ((f"{code}.started", accepted.set(~runs, None)),
                            (f"{code}.deadline", (accepted + hours * HOUR).set(~runs, None)))
    }  # fmt: skip
    return pl.DataFrame({
        "id": np.arange(records), "heard_at": accepted, "accepted_at": accepted, "type": kinds,
        "urges": some(0, 0, 0, 1, 2, dtype=pl.Int64), "returns": some(0, 0, 0, 0, 2, dtype=pl.Int64),
        "calls": some("1", "1", "1", "2", "3"), "emotion": some(None, "calm", "agitated", "very_agitated"),
        "customer_no": pl.Series(rng.integers(0, records * 2, records)).cast(pl.String),
        "content": some(*CONTENTS), "reply": reply,
        "source": some(*["95598 电话"] * 60, "12345", "网上国网", "网络舆情"),
        "contacted_at": accepted.set(pl.Series(rng.random(records) < 0.3), None),
        "replied_at": (accepted + HOUR).set(reply.is_null(), None), **running,
    })  # fmt: skip


def _kept(folder: Path, records: int, rules: Rules, pairs: int) -> None:
    """The stored warnings, all anew and after one change, over a database of open tickets."""
    db = Database(f"sqlite:///{folder / 'kept.db'}")
    migrate(db)
    fill(db, records)
    _open_all(db, records)
    whole = seconds_of(lambda: keep_warnings(db, rules, NOW))
    batches = iter(range(2, 1000))

    def change() -> None:
        table, number = RECORD_TABLES["tickets"], next(batches)
        with db.session() as connection:
            connection.execute(sa.insert(BATCHES).values(id=number, source="bench", record="tickets", state="done",
                                                         started_at=0, by="bench", new=0, updated=1))  # fmt: skip
            connection.execute(sa.update(table).where(table.c.id == number).values(batch_id=number, urges=number % 5))

    keep_warnings(db, rules, NOW)
    after = []
    for _ in range(max(pairs, 3)):
        change()
        after.append(seconds_of(lambda: keep_warnings(db, rules, NOW)))
    with db.reading() as connection:
        stored = connection.execute(sa.select(sa.func.count()).select_from(WARNINGS)).scalar_one()
    share = statistics.median(after) / whole
    print(f"kept after one changed record ÷ all: 1/{1 / share:.0f}  wanted <= 1/50  ({statistics.median(after):.3f} s "
          f"against {whole:.2f} s, {stored:,} warnings stored)")  # fmt: skip
    db.engine.dispose()


def _open_all(db: Database, records: int) -> None:
    """Every ticket of the last twenty days, two of each customer, and nobody has finished it."""
    row = RECORD_TABLES["tickets"].c
    accepted = to_micros(NOW) - sa.cast(row.id, sa.BigInteger) * (20 * DAY // records // 1_000_000) * 1_000_000
    stamps = dict.fromkeys(RECORDS["tickets"].lifecycle[1:])
    with db.session() as connection:
        connection.execute(sa.update(RECORD_TABLES["tickets"]).values(
            accepted_at=accepted, withdrawn=False, simulated=False, urges=row.id % 7 % 3,
            customer_no=sa.cast(row.id % (records // 2), sa.Text), **stamps))  # fmt: skip


def _board(folder: Path, warned: int, rounds: int) -> None:
    home = folder / "home"
    home.mkdir()
    (home / "mingcha.toml").write_text(f'[database]\nurl = "sqlite:///mingcha.db"\n\n{PEOPLE}', encoding="utf-8")
    (home / "empty.py").write_text("", encoding="utf-8")
    db = Database(f"sqlite:///{home / 'mingcha.db'}")
    migrate(db)
    fill(db, 1000)
    now = int(np.datetime64("now").astype("datetime64[us]").astype(np.int64))
    rows = [{"record": "tickets", "record_id": place % 1000 + 1, "number": f"2611{place % 1000:014d}",
             "office_code": f"34401{place % 60:04d}", "rule": "contact_12h", "since": now - place * 1_000_000,
             "due": now + place * 7_000_000, "entered_at": now, "saw": None} for place in range(warned)]  # fmt: skip
    with db.session() as connection:
        connection.execute(sa.insert(WARNINGS), rows)
        connection.execute(sa.update(BATCHES).values(started_at=now, finished_at=now))
    db.engine.dispose()
    with serving(home, EMPTY) as empty, serving(home, LEAGUE) as pages:
        found = [
            (measured(empty, "", "", "-", SESSIONS), measured(pages, "warnings", "lang=zh", "沈岚", SESSIONS),
             measured(pages, "warnings", "lang=zh&view=ended", "沈岚", SESSIONS))
            for _ in range(rounds)
        ]  # fmt: skip
    bare, board, without = ([one[place]["reruns_per_second"] for one in found] for place in (0, 1, 2))
    ratio = statistics.median(b / o for b, o in zip(bare, board, strict=True))
    same = statistics.median(w / o for w, o in zip(without, board, strict=True))
    print(f"rerun of the board with {warned:,} open ÷ an empty page: {ratio:.2f}  wanted <= 3  "
          f"(÷ this page with nothing on it: {same:.2f}; {statistics.median(board):.0f} reruns/s, {SESSIONS} sessions)"
    )  # fmt: skip
