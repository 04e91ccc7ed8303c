"""The dictionaries of headers and words fit the canonical columns."""

import tomllib
from pathlib import Path

from collectors.headers import HEADERS, IMPLIED, MINUTES, recognise
from collectors.records import RECORDS
from collectors.words import CHOICES, COLUMN_FLAGS

REGISTRY = Path(__file__).parents[2] / "checks" / "measures.toml"
MEASURES = {row["code"] for row in tomllib.loads(REGISTRY.read_text(encoding="utf-8"))["measures"]}


def test_every_header_leads_to_a_canonical_column():
    for record, columns in HEADERS.items():
        assert set(columns) <= set(RECORDS[record].names), record
    for record, stamps in MINUTES.items():
        for column, (_, base) in stamps.items():
            assert {column, base} <= set(RECORDS[record].names)
    for record, marks in IMPLIED.items():
        for _, column, value in marks:
            assert value in (MEASURES if record == "measures" else RECORDS[record].column(column).values), value


def test_every_word_leads_to_a_canonical_value():
    for (record, column), words in CHOICES.items():
        for name in RECORDS if record == "*" else [record]:
            if column in RECORDS[name].names:
                assert set(words.values()) <= {*RECORDS[name].column(column).values, ""}
    for (record, column), _ in COLUMN_FLAGS.items():
        for name in RECORDS if record == "*" else [record]:
            if column in RECORDS[name].names:
                assert RECORDS[name].column(column).kind in ("flag", "maybe")


def test_the_canonical_names_of_every_record_are_recognised():
    for record in RECORDS.values():
        assert recognise(record.name, record.names).keys() == set(record.names)


def test_required_columns_have_a_chinese_header():
    for record in RECORDS.values():
        for name in record.required:
            assert HEADERS[record.name].get(name), (record.name, name)
