"""Real tables with real dirt. The counts are those that the publishers state (see the README beside the files)."""

from pathlib import Path

import polars as pl
import pytest

from collectors.canonical import canonical_rows, plans
from collectors.mapping import SourceConfig
from collectors.tables import read_grids

NEW_YORK = {"timezone": "America/New_York"}


@pytest.fixture(scope="module")
def data(shared) -> Path:
    return shared / "data"


def read(path: Path, record: str, **config) -> pl.DataFrame:
    made = plans(read_grids(path), SourceConfig(record=record, **config), path.name)
    return pl.concat(chunk.frame for plan in made for chunk in canonical_rows(plan))


@pytest.mark.parametrize(
    ("name", "spelling", "formats"),
    [
        ("nyc311_dgraph.csv", str.title, ["%m/%d/%Y %I:%M:%S %p"]),
        ("nyc311_coms6111.csv", lambda words: words.lower().replace(" ", "_"), []),
    ],
)
def test_service_requests_of_new_york(data, name, spelling, formats):
    """1,000 requests each; one file breaks lines inside quoted cells, the other writes US times."""
    columns = {"ticket_no": "unique key", "office_code": "agency", "category": "complaint type",
               "accepted_at": "created date", "archived_at": "closed date"}  # fmt: skip
    columns = {column: spelling(words) for column, words in columns.items()}
    frame = read(
        data / name, "tickets", columns=columns, constants={"type": "request"}, date_formats=formats, **NEW_YORK
    )
    assert frame.height == 1_000
    assert frame["fault"].null_count() == 1_000
    assert frame["ticket_no"].n_unique() == 1_000
    still_open = {"nyc311_dgraph.csv": 14, "nyc311_coms6111.csv": 708}
    assert frame["archived_at"].null_count() == still_open[name]
    if formats:
        assert frame.filter(pl.col("archived_at") < pl.col("accepted_at")).height == 10
        assert frame.filter(pl.col("archived_at") == pl.col("accepted_at")).height == 48


@pytest.mark.parametrize(("year", "rows"), [(2021, 387), (2022, 390)])
def test_old_binary_workbooks_of_the_regulator(data, year, rows):
    frame = read(
        data / f"OE417_{year}_Annual_Summary.xls", "repairs",
        columns={"repair_no": "Area Affected", "office_code": "NERC Region"},
        combine={"accepted_at": ["Date Event Began", "Time Event Began"],
                 "restored_at": ["Date of Restoration", "Time of Restoration"]},
        date_formats=["%m/%d/%Y %H:%M:%S"], **NEW_YORK,
    )  # fmt: skip
    assert frame.height == rows
    assert frame["fault"].null_count() == rows
    told = frame["unreadable"].drop_nulls().unique().to_list()
    assert told == ['{"restored_at": "Unknown Unknown"}']
    assert frame["restored_at"].null_count() == frame["unreadable"].drop_nulls().len()


def test_outages_of_a_university_with_title_and_unit_rows(data):
    """1,534 outages; the row of units is no outage and says so."""
    frame = read(
        data / "purdue_outage.xlsx", "repairs", columns={"repair_no": "OBS", "office_code": "POSTAL.CODE"},
        combine={"accepted_at": ["OUTAGE.START.DATE", "OUTAGE.START.TIME"],
                 "restored_at": ["OUTAGE.RESTORATION.DATE", "OUTAGE.RESTORATION.TIME"]},
        timezone="America/Chicago",
    )  # fmt: skip
    assert frame.height == 1_535
    assert frame.filter(pl.col("repair_no").is_null())["row_no"].to_list() == [7]
    assert set(frame.filter(pl.col("fault") == "unreadable_time")["fault_value"]) == {"NA NA"}
    assert frame.filter(pl.col("fault").is_null())["accepted_at"].null_count() == 0


def test_twenty_two_sheets_of_six_layouts(data):
    """Headers repeated inside sheets and month rows are no outages; every row left has an area or a reason."""
    columns = {
        "repair_no": ["Area", "Area Affected"],
        "office_code": "NERC Region",
        "accepted_at": ["Date", "Date Event Began"],
    }
    path = data / "DOE_Electric_Disturbance_Events_2002_2023_raw.xlsx"
    made = plans(
        read_grids(path), SourceConfig(record="repairs", columns=columns, date_formats=["%m/%d/%Y"]), path.name
    )
    assert [plan.table.sheet for plan in made] == [str(year) for year in range(2002, 2024)]
    frame = pl.concat(chunk.frame for plan in made for chunk in canonical_rows(plan))
    assert frame.filter(pl.col("fault_value").is_in(["Date", "Date Event Began"])).is_empty()
    assert frame.filter(pl.col("fault").is_null()).height > 0.97 * frame.height
    assert sum(plan.table.skipped.get("header", 0) for plan in made) >= 20
