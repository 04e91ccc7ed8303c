"""What a source may say about itself, and how a slip is answered."""

from datetime import timedelta
from pathlib import Path

import pytest

from collectors.base import CollectorError
from collectors.mapping import SourceConfig, SpreadsheetConfig, parse_config, read_mapping


def parsed(**raw):
    return parse_config(SpreadsheetConfig, {"name": "95598", "record": "tickets", **raw}, "mingcha.toml, [[sources]] 1")


def test_a_source_as_in_the_design():
    config = parsed(path="inbox/95598/*", every="10m", expect_within="1h", columns={"ticket_no": "国网工单编号"},
                    values={"type": {"故障报修": "fault"}})  # fmt: skip
    assert config.every_seconds == 600
    assert config.expected_within == timedelta(hours=1)
    assert config.system_name == "95598"
    assert parsed(system="国网").system_name == "国网"


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        ({"colums": {}}, "unknown key 'colums', did you mean 'columns'?"),
        ({"columns": {"tickt_no": "x"}}, "columns.tickt_no is no column of tickets; did you mean 'ticket_no'?"),
        ({"record": "ticket"}, "'record' = 'ticket': unknown record; did you mean 'tickets'?"),
        ({"every": "10 minutes"}, "'10 minutes' is no duration; write 30s, 10m, 1h or 1d"),
        ({"timezone": "Asia/Peking"}, "'timezone' = 'Asia/Peking': no such time zone"),
        ({"empty": "clear"}, "'empty' = 'clear'"),
        ({"values": {"type": {"报修": "faults"}}}, "values.type.报修 = 'faults' is no type; did you mean 'fault'?"),
        ({"columns": {"type": "a"}, "constants": {"type": "fault"}}, "'type' is given by two of columns"),
        ({"header_rows": 0}, "'header_rows' = 0"),
        ({"kind": "web"}, "'kind' = 'web'"),
    ],
)
def test_slips_name_the_key_and_the_nearest(raw, said):
    with pytest.raises(CollectorError) as caught:
        parsed(**raw)
    assert caught.value.message.startswith("mingcha.toml, [[sources]] 1: ")
    assert said in caught.value.message
    assert caught.value.permanent


def test_the_digest_follows_the_mapping_and_not_the_schedule():
    assert parsed().digest == parsed(every="1h", path="elsewhere/*").digest
    assert parsed().digest != parsed(columns={"ticket_no": "编号"}).digest


def test_a_mapping_file_is_the_same_toml(tmp_path: Path):
    flat, table = tmp_path / "flat.toml", tmp_path / "table.toml"
    flat.write_text('timezone = "UTC"\n[columns]\nticket_no = "编号"\n', "utf-8")
    table.write_text('[[sources]]\ntimezone = "UTC"\n[sources.columns]\nticket_no = "编号"\n', "utf-8")
    for path in (flat, table):
        config = read_mapping(path, "tickets", base={"name": "95598", "timezone": "Asia/Tokyo"})
        assert (config.name, config.timezone, config.columns) == ("95598", "UTC", {"ticket_no": "编号"})


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[columns", "is not valid TOML"),
        ('record = "repairs"', "record = 'repairs', but tickets are to be imported"),
        ("colums = 1", "unknown key 'colums'"),
        ("[[sources]]\n[[sources]]\n", "must hold one [[sources]] table"),
    ],
)
def test_a_broken_mapping_file_is_named(tmp_path, text, said):
    path = tmp_path / "m.toml"
    path.write_text(text, "utf-8")
    with pytest.raises(CollectorError) as caught:
        read_mapping(path, "tickets")
    assert "m.toml" in caught.value.message
    assert said in caught.value.message


def test_a_mapping_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(CollectorError, match=r"gone\.toml cannot be opened"):
        read_mapping(tmp_path / "gone.toml", "tickets")


def test_every_canonical_column_may_be_mapped():
    from collectors.records import RECORDS

    for record in RECORDS.values():
        config = SourceConfig(record=record.name, columns={name: f"列{name}" for name in record.names})
        assert len(config.columns) == len(record.columns)
