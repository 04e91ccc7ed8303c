"""Days, periods and rulebooks of foreign records: another zone's midnights, books of one's own."""

import datetime as dt
import shutil
from pathlib import Path
from zoneinfo import ZoneInfo

import polars as pl
import pytest

from checks.clock import day_number, load_calendar, local_day, midnight
from checks.errors import RuleError
from checks.judge.tickets import COLUMNS, LIFECYCLE, judge_tickets
from checks.periods import parse_period
from checks.reasons import REASONS
from checks.rulebook.loader import BOOKS, load_rulebook

NEW_YORK = ZoneInfo("America/New_York")
EXAMPLES = Path(__file__).parents[2] / "docs" / "examples"


def micros(*parts: int) -> int:
    return int(dt.datetime(*parts, tzinfo=NEW_YORK).timestamp()) * 1_000_000


@pytest.mark.parametrize("day", [dt.date(2018, 3, 11), dt.date(2018, 3, 12), dt.date(2018, 11, 4), dt.date(2018, 7, 1)])
def test_a_day_of_another_zone_begins_at_its_midnight_also_when_clocks_change(day):
    assert midnight(day, "America/New_York") == micros(day.year, day.month, day.day)


def test_the_local_day_is_that_of_the_zone():
    instants = [micros(2018, 6, 26, 23, 59, 59), micros(2018, 6, 27), micros(2018, 11, 4, 1, 30)]
    days = pl.DataFrame({"at": instants}).select(local_day(pl.col("at"), "America/New_York"))["at"].to_list()
    assert days == [
        day_number(dt.date(2018, 6, 26)),
        day_number(dt.date(2018, 6, 27)),
        day_number(dt.date(2018, 11, 4)),
    ]


def test_a_day_without_a_midnight_begins_when_it_begins():
    """Clocks in Cuba went from 0:00 to 1:00 on 11 March 2018."""
    assert midnight(dt.date(2018, 3, 11), "America/Havana") == 1_520_744_400_000_000


def test_a_period_ends_at_the_midnight_of_its_zone():
    period = parse_period("2018-Q2", "America/New_York")
    assert (period.starts_at, period.ends_at) == (micros(2018, 4, 1), micros(2018, 7, 1))
    assert parse_period("2018-Q2").starts_at == micros(2018, 3, 31, 12)


def test_a_week_without_holidays_is_never_provisional():
    """Ten working days after Friday 22 June 2018 end with Friday 6 July, New York time."""
    calendar = load_calendar("us-none", zone="America/New_York")
    ends = calendar.deadline(dt.date(2018, 6, 22), 10).astimezone(NEW_YORK)
    assert ends == dt.datetime(2018, 7, 6, 23, 59, 59, tzinfo=NEW_YORK)
    assert calendar.is_published(dt.date(2099, 1, 1))


def test_a_limit_without_conditions_is_for_every_record():
    book = load_rulebook("nyc311", EXAMPLES / "nyc311" / "rulebooks")
    accepted, day = micros(2018, 6, 26, 10), 86_400_000_000
    replied = [accepted + day, accepted + day + 1_000_000, accepted + 20 * day, accepted - day]
    frame = pl.DataFrame(
        {**{name: [None] * 4 for name in (*COLUMNS, *LIFECYCLE)}, "accepted_at": [accepted] * 4, "replied_at": replied},
        schema={**dict.fromkeys(COLUMNS, pl.String), "simulated": pl.Boolean, "withdrawn": pl.Boolean,
                **dict.fromkeys(LIFECYCLE, pl.Int64)},
    )  # fmt: skip
    calendar = load_calendar("us-none", zone="America/New_York")
    judged = judge_tickets(frame, book, calendar, dt.datetime(2020, 1, 1, tzinfo=dt.UTC)).collect()
    told = [[REASONS[reason].code for reason in judged[code]] for code in ("A1", "A2")]
    assert told == [["in_time", "too_late", "too_late", "end_before_start"],
                    ["in_time", "in_time", "too_late", "end_before_start"]]  # fmt: skip


def test_a_book_may_be_files_beside_each_other_or_a_folder(tmp_path: Path):
    source = EXAMPLES / "nyc311" / "rulebooks" / "nyc311-2018.toml"
    shutil.copy(source, tmp_path / "any-name.toml")
    (tmp_path / "of-another-book.toml").write_text("this is not TOML", encoding="utf-8")
    flat = load_rulebook("nyc311", tmp_path)
    (tmp_path / "in-a-folder" / "nyc311").mkdir(parents=True)
    shutil.copy(source, tmp_path / "in-a-folder" / "nyc311" / "2018.toml")
    folder = load_rulebook("nyc311", tmp_path / "in-a-folder")
    assert [edition.code for edition in (*flat.editions, *folder.editions)] == ["nyc311-2018", "nyc311-2018"]
    assert flat.digest == folder.digest


def test_the_companys_folder_comes_before_the_shipped_one(tmp_path: Path):
    shutil.copytree(BOOKS / "promise", tmp_path / "promise")
    path = tmp_path / "promise" / "2022.toml"
    path.write_text(path.read_text("utf-8").replace('code = "promise-2022"', 'code = "ours"'), "utf-8")
    assert load_rulebook("promise", tmp_path).editions[-1].code == "ours"


def test_an_unknown_book_names_the_nearest_of_all_folders(tmp_path: Path):
    shutil.copy(EXAMPLES / "nyc311" / "rulebooks" / "nyc311-2018.toml", tmp_path)
    with pytest.raises(RuleError, match=r"No rulebook 'nyc31'.*Did you mean 'nyc311'"):
        load_rulebook("nyc31", tmp_path)
