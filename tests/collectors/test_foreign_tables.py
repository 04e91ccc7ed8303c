"""What foreign tables need beside the forms of home: halves of a day, stamps without a year, days said twice."""

from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import polars as pl
import pytest

from collectors.base import CollectorError
from collectors.canonical import canonical_rows, plans
from collectors.mapping import SourceConfig, parse_config
from collectors.stamps import Clock, parse_moment
from collectors.tables import read_grids

NEW_YORK = ZoneInfo("America/New_York")
FOREIGN = {"record": "repairs", "timezone": "America/New_York"}


def read(path: Path, text: str, **config) -> tuple[pl.DataFrame, dict[str, int]]:
    path.write_text(text, "utf-8")
    made = plans(read_grids(path), SourceConfig(**FOREIGN, **config), path.name)
    frame = pl.concat(chunk.frame for plan in made for chunk in canonical_rows(plan))
    return frame, made[0].table.skipped


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2003-01-25 2:00 p.m.", "2003-01-25 14:00"),
        ("2003-01-25 12:00 noon", "2003-01-25 12:00"),
        ("2003-01-25 Midnight", "2003-01-25 00:00"),
        ("1/26/03, 2:00 a.m.", "2003-01-26 02:00"),
        ("1/26/03, 12 noon", "2003-01-26 12:00"),
        ("1/26/03, 12:00 a.m.", "2003-01-26 00:00"),
        ("2003-01-25 5:78 p.m.", None),
        ("2003-01-25 Evening", None),
        ("2003-01-25 Approximately 3:00 p.m.", None),
    ],
)
def test_halves_of_a_day_in_any_spelling(text, expected):
    found = parse_moment(text, Clock("America/New_York", ("%m/%d/%y, %I:%M %p",)))
    assert found == (datetime.fromisoformat(expected).replace(tzinfo=NEW_YORK) if expected else None)


def test_a_stamp_without_a_year_is_the_first_not_before_its_record(tmp_path):
    rows = (
        "repair_no,office_code,accepted_at,restored_at\n"
        "1,A,2006-01-14 15:45,5:30 p.m. January 16\n"
        "2,A,2006-12-30 15:45,8:00  a.m. January 02\n"
        "3,A,2006-01-14 15:45,3:45 p.m. January 14\n"
        "4,A,2006-01-14 15:45,Ongoing\n"
    )
    frame, _ = read(tmp_path / "a.csv", rows, date_formats=["%I:%M %p %B %d"])
    local = frame["restored_at"].cast(pl.Datetime("us", "UTC")).dt.convert_time_zone("America/New_York")
    assert local.dt.strftime("%Y-%m-%d %H:%M").to_list() == [
        "2006-01-16 17:30", "2007-01-02 08:00", "2006-01-14 15:45", None]  # fmt: skip
    assert frame["unreadable"].to_list() == [None, None, None, '{"restored_at": "Ongoing"}']


def test_a_time_whose_cell_says_the_day_again_counts_once(tmp_path):
    rows = (
        "repair_no,office_code,day,time\n"
        "1,A,2012-10-29 00:00:00,19:15:00\n"
        "2,A,2012-10-29 00:00:00,2012-10-29 19:15:00\n"
        "3,A,2012-10-29 19:15:00,2012-10-29 19:15:00\n"
        "4,A,2012-10-29 19:15:00,18:00:00\n"
        "5,A,2012-10-29 00:00:00,\n"
    )
    frame, _ = read(tmp_path / "a.csv", rows, combine={"accepted_at": ["day", "time"]})
    moment = int(datetime(2012, 10, 29, 19, 15, tzinfo=NEW_YORK).timestamp()) * 1_000_000
    assert frame["accepted_at"].to_list() == [moment, moment, moment, None, None]
    assert frame["fault"].to_list() == [None, None, None, "unreadable_time", "missing_value"]


def test_a_title_that_a_printed_page_repeats_is_a_title(tmp_path):
    rows = (
        "Table B.2.,Disturbances of 2003,\nrepair_no,office_code,accepted_at\n1,A,2003-01-25 14:00\n"
        "Table B.2.,Disturbances of 2003,\nrepair_no,office_code,accepted_at\n2,A,2003-02-25 14:00\n"
    )
    frame, skipped = read(tmp_path / "a.csv", rows)
    assert frame["repair_no"].to_list() == ["1", "2"]
    assert skipped == {"title": 2, "header": 1}


def test_a_total_whose_count_stands_in_the_column_of_numbers_is_a_total(tmp_path):
    rows = "no,repair_no,office_code,accepted_at\n1,7,A,2003-01-25 14:00\n合计,1,,\n"
    frame, skipped = read(tmp_path / "a.csv", rows)
    assert frame["repair_no"].to_list() == ["7"]
    assert skipped == {"total": 1}


def test_a_column_that_is_not_in_the_source_is_left_out_without_a_word(tmp_path):
    rows = "repair_no,office_code,accepted_at,area\n1,A,2003-01-25 14:00,Oklahoma\n"
    frame, _ = read(tmp_path / "a.csv", rows, columns={"area": []})
    assert frame["area"].to_list() == [None]
    assert frame["unreadable"].to_list() == [None]


def test_the_office_above_is_only_for_sources_that_make_offices():
    columns = {"office_parent": "Borough"}
    assert SourceConfig(**FOREIGN, office_create=True, columns=columns).columns == columns
    with pytest.raises(CollectorError, match="office_parent is no column of repairs"):
        parse_config(SourceConfig, {**FOREIGN, "columns": columns}, "here")
