"""The rulebook is data: complete, dated, exact, and refused with file, key, value and remedy when it is wrong."""

from __future__ import annotations

import datetime as dt
import re
import shutil
from fractions import Fraction
from pathlib import Path

import pytest

from checks.errors import RuleError
from checks.judge.formulas import FORMULAS
from checks.rulebook.loader import BOOKS, load_rulebook, scored_limits

BOOK = load_rulebook("promise")
# the table of design §3.5: code, floor, target, weight
TABLE = """
T1 0.80 1.00 5
T2 0.80 1.00 7
T3 0.80 1.00 5
T4 3.0 0 5
T5 0.85 0.98 3
R1 0.85 1.00 12
R2 0.80 1.00 6
R3 1.20 0.60 3
R4 0.10 0 2
R5 0.50 0 2
H1 0.60 1.00 15
H2 0.80 1.00 5
H3 0.80 1.00 5
C1 0.80 1.00 6
C2 0.30 0.90 2
C3 0.80 1.00 2
O1 0.95 1.00 4
O2 0.10 0.05 3
O3 0.95 0.999 3
O4 0.10 0.02 2
O5 0.85 0.98 3
"""


@pytest.mark.parametrize("edition", BOOK.editions, ids=lambda edition: edition.code)
def test_each_edition_holds_the_21_indicators_of_the_design(edition: object) -> None:
    rows = [(i.code, i.floor, i.target, i.weight) for i in edition.indicators]  # type: ignore[attr-defined]
    wanted = [line.split() for line in TABLE.split("\n") if line]
    assert rows == [(code, Fraction(f), Fraction(t), Fraction(w)) for code, f, t, w in wanted]
    assert sum(weight for *_, weight in rows) == 100


def test_halls_are_scored_by_h1_to_h3_only() -> None:
    assert [i.code for i in BOOK.editions[-1].at_level("hall")] == ["H1", "H2", "H3"]
    for level in ("station", "county", "company"):
        assert len(BOOK.editions[-1].at_level(level)) == 21


@pytest.mark.parametrize(
    ("day", "code"),
    [
        ("2011-11-30", None),
        ("2011-12-01", "promise-2011"),
        ("2021-12-31", "promise-2011"),
        ("2022-01-01", "promise-2022"),
        ("2039-01-01", "promise-2022"),
    ],
)
def test_the_edition_in_force_changes_at_midnight(day: str, code: str | None) -> None:
    edition = BOOK.edition_on(dt.date.fromisoformat(day))
    assert (edition.code if edition else None) == code


def amounts(edition_code: str, indicator: str) -> list[tuple[str, str, int, str]]:
    edition = BOOK.edition_named(edition_code)
    limits = scored_limits(edition, edition.indicator(indicator))
    return [
        (value, limit.clock, limit.amount, limit.unit)
        for limit in limits
        for values in limit.where.values()
        for value in values
    ]


def test_the_editions_differ_exactly_where_the_design_says() -> None:
    assert amounts("promise-2011", "T1") == [("complaint", "working", 1, "days")]
    assert amounts("promise-2022", "T1") == [("complaint", "natural", 24, "hours")]
    assert amounts("promise-2011", "T2") == [("complaint", "working", 7, "days")]
    assert amounts("promise-2022", "T2") == [("complaint", "working", 5, "days")]
    for indicator in ("R2", "C1"):
        assert amounts("promise-2011", indicator) == []
    for indicator in ("T3", "R1"):
        assert amounts("promise-2011", indicator) == amounts("promise-2022", indicator)


def test_the_limits_of_2022_are_those_of_the_design() -> None:
    assert {v: n for v, _, n, _ in amounts("promise-2022", "T3")} == {
        "report": 9, "opinion": 9, "suggestion": 9, "enquiry": 4, "request": 5,
    }  # fmt: skip
    assert [(v, n) for v, _, n, _ in amounts("promise-2022", "R1")] == [("urban", 45), ("rural", 90), ("remote", 120)]
    assert [(v, n) for v, _, n, _ in amounts("promise-2022", "R2")] == [("urban", 3), ("rural", 4), ("remote", 4)]
    assert [n for _, _, n, _ in amounts("promise-2022", "C1")] == [5, 6, 22, 32]


def test_law_promise_and_internal_limits_stand_side_by_side_with_their_documents() -> None:
    arrival = BOOK.editions[-1].step("arrival")
    assert [limit.amount for limit in arrival.limits_of("law")] == [60, 120, 240]
    for edition in BOOK.editions:
        for step in edition.steps:
            for limit in step.limits:
                assert limit.clause, limit.code
                assert limit.document, limit.code


def test_the_sheet_has_45_items_and_m03_deducts_nothing() -> None:
    assert len(BOOK.sheet.items) == 45
    assert BOOK.sheet.deductions["B10"] == 20
    assert BOOK.sheet.deductions["M03"] == 0
    assert (BOOK.sheet.daily_cap, BOOK.sheet.repeat_days, BOOK.sheet.repeat_factor) == (3, 30, 2)


def test_the_scale_of_r3_is_divided_by_every_arrival_limit() -> None:
    assert [BOOK.scale("R3") % (minutes * 60_000_000) for minutes in (45, 90, 120)] == [0, 0, 0]


def test_every_formula_is_used_and_every_used_formula_is_known() -> None:
    used = {i.formula for edition in BOOK.editions for i in edition.indicators}
    assert used == set(FORMULAS)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    shutil.copytree(BOOKS / "promise", tmp_path / "promise")
    shutil.copy(BOOKS / "sheet.toml", tmp_path / "sheet.toml")
    return tmp_path


URBAN = 'code = "arrival.law.urban", kind = "law", where = { area = ["urban"] }'
MISTAKES = [
    # every kind of mistake: what is replaced, by what, and what the refusal says (the line is that of the change)
    ('floor = "0.85"', "floor = 0.85", r"'indicators\.5\.floor' = 0\.85: write exact numbers as text"),
    ('floor = "0.85"', 'floor = "much"', r"'indicators\.5\.floor' = 'much': is no number; write it as text"),
    ('weight = "12"', 'wieght = "12"', r"unknown key 'indicators\.6\.wieght'\. Did you mean 'weight'\?"),
    ('weight = "12"', 'weight = "-1"', r"indicator R1: weight -1 is negative"),
    ('formula = "repeat"', 'formula = "repeats"', r"unknown formula 'repeats'\. Did you mean 'repeat'\?"),
    ('formula = "repeat"', 'formula = "share"', r"formula 'share' does not judge repairs, but tickets\. Change"),
    ('of = "R1", column', 'of = "R9", column', r"'of' = 'R9' is no earlier indicator\. Put it before"),
    ('options = { step = "arrival"', 'options = { step = "arival"', r"no step 'arival'\. Did you mean 'arrival'\?"),
    ('step = "arrival", kind = "promise"', 'step = "arrival", kind = "promises"', r"no kind of limit 'promises'"),
    ('code = "T2"', 'code = "T1"', r"indicator code 'T1' appears 2 times\. Rename one"),
    ('code = "restoration"', 'code = "arrival"', r"step code 'arrival' appears 2 times"),
    ('code = "arrival.law.rural"', 'code = "arrival.law.urban"', r"limit code 'arrival\.law\.urban' appears 2"),
    ("min_records = 10 ", "min_records = -1", r"'guards\.min_records' = -1"),
    ('amount = 45, unit = "minutes"', 'amount = 45, unit = "days"', r"a natural clock cannot count days"),
    ("amount = 45,", "amount = 0,", r"'steps\.\d+\.limits\.1\.amount' = 0"),
    ("amount = 45,", "amount = 45, valid_from = 2023-01-02, valid_to = 2023-01-01,", r"lies before valid_from"),
    (URBAN, URBAN.replace('"law"', '"order"'), r"\.kind' = 'order'"),
    (URBAN, URBAN.replace("urban\"]", "rural\"]"), r"both law and fit the same records\. Make 'where'"),
    ('origin = "b:P1"', 'origin = "P1"', r"\.origin' = 'P1': write a, b, c, d or p"),
    ('clause = "故障抢修到达现场", ', "", r"\.clause' is missing\. Add it"),
    ('document = "95598故障报修处理规范", ', "", r"\.document' is missing\. Add it"),
    ('end = "arrived_at"', 'end = "arived_at"', r"repairs have no stamp 'arived_at'\. Did you mean 'arrived_at'"),
    ('end = "arrived_at"', 'end = "accepted_at"', r"step arrival ends where it starts"),
    ('working_time = ["08:30-17:30"]', 'working_time = ["8.30-17.30"]', r"write a span of the day as '08:30-17:30'"),
    ('working_time = ["08:30-17:30"]', 'working_time = ["17:30-08:30"]', r"a span of the day ends after it begins"),
    ('caps_grade = "D"', 'caps_grade = "F"', r"caps_grade = 'F' is no grade\. "),
    ("valid_from = 2022-01-01", "valid_from = 2022-01-01\nvalid_to = 2021-01-01", r"valid_to 2021-01-01 lies before"),
    ('options = { of = "R1" }', "options = {}", r"option 'of' is missing"),
    ('options = { of = "R1" }', 'options = { of = "R1", off = 1 }', r"unknown option 'off'\. Did you mean 'of'"),
    ("[guards]", "[guards", r"not valid TOML.*at line 13"),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "message"), MISTAKES)
def test_a_bad_rulebook_is_refused_with_file_line_key_and_remedy(
    folder: Path, old: str, new: str, message: str
) -> None:
    path = folder / "promise" / "2022.toml"
    text = path.read_text(encoding="utf-8")
    assert old in text
    changed = text.replace(old, new, 1)
    path.write_text(changed, encoding="utf-8")
    with pytest.raises(RuleError, match=message) as refused:
        load_rulebook("promise", folder)
    said = str(refused.value)
    assert "2022.toml" in said
    found = re.search(r"line (\d+)", said)
    assert found
    place = next(n for n, (a, b) in enumerate(zip(text.split("\n"), changed.split("\n"), strict=False)) if a != b) + 1
    # a fault of a whole row is told at its first line; everything else at the line that was changed
    assert -1 <= place - int(found[1]) <= 18, (place, said)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('floor = "1.20"\ntarget = "0.60"', 'floor = "0.60"\ntarget = "0.60"', r"floor and target are both 3/5"),
        ("valid_from = 2022-01-01", "valid_from = 2021-12-31", r"Set valid_to of promise-2011 to the day before"),
        ('from = "90"', 'from = "97"', r"line \d+: grades start at 95, 97.*Order them from the best down to 0"),
    ],
)
def test_what_contradicts_itself_is_refused(folder: Path, old: str, new: str, message: str) -> None:
    path = folder / "promise" / "2022.toml"
    path.write_text(path.read_text(encoding="utf-8").replace(old, new, 1), encoding="utf-8")
    with pytest.raises(RuleError, match=message):
        load_rulebook("promise", folder)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            'weight = "0"',
            'weight = "1"',
            r"lines\.toml, line \d+: line \w+ has weight 1; a scored line is an indicator",
        ),
        ('formula = "measure"', 'formula = "none"', r"'lacks' says what is missing where the formula is 'none'"),
        ('formula = "measure"', 'formula = "mesure"', r"lines\.toml, line \d+: 'lines\.\d+\.formula' = 'mesure'"),
        ("options = { measure", "options = { measured", r"formula 'measure' needs options = \{ measure"),
        ('code = "S02"', 'code = "S01"', r"lines\.toml, line \d+: code 'S01' appears 2 times"),
    ],
)
def test_a_bad_file_of_lines_is_refused_too(folder: Path, old: str, new: str, message: str) -> None:
    path = folder / "promise" / "lines.toml"
    text = (BOOKS / "lines.toml").read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(RuleError, match=message):
        load_rulebook("promise", folder)


def test_a_scored_limit_cannot_change_inside_its_edition(folder: Path) -> None:
    path = folder / "promise" / "2022.toml"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("amount = 45,", "amount = 45, valid_from = 2023-01-01,", 1), encoding="utf-8")
    with pytest.raises(RuleError, match="Make a new edition"):
        load_rulebook("promise", folder)


def test_an_unknown_book_names_the_nearest() -> None:
    with pytest.raises(RuleError, match=r"No rulebook 'promises'.*Did you mean 'promise'"):
        load_rulebook("promises")


def test_one_more_indicator_of_a_known_formula_costs_one_row(folder: Path) -> None:
    path = folder / "promise" / "2022.toml"
    row = (
        '\n[[indicators]]\ncode = "T6"\ntitle = "投诉内部办理及时率"\ntitle_en = "Complaints, internally"\n'
        'record = "tickets"\nformula = "clock"\noptions = { step = "complaint_reply", kind = "internal" }\n'
        'unit = "ratio"\ninterval = "wilson"\nfloor = "0.80"\ntarget = "1.00"\nweight = "0"\n'
        'levels = ["station"]\nclause = "内部"\n'
    )
    path.write_text(path.read_text(encoding="utf-8") + row, encoding="utf-8")
    assert load_rulebook("promise", folder).order("tickets") == ("T1", "T2", "T3", "T4", "T5", "T6")
