"""A holiday notice is loaded as data: read in its usual forms, refused with what to do, laid over the calendar."""

from __future__ import annotations

import datetime as dt

import pytest

from checks.clock import load_calendar
from checks.errors import RuleError
from checks.notices import notice_of, read_notice, with_notices

CN = load_calendar("cn")
CSV = """日期,是否上班,节日,文件,发文日期
2027-01-01,否,元旦,国办发明电〔2026〕9号,2026-11-03
2027/1/2,否,元旦,,
2027-02-05,休,春节,,
2027-02-06,否,春节,,
2027-02-20,是,春节,,
2027-05-01,否,劳动节,,
2027-10-01,否,国庆节,,
2027-10-09,上班,国庆节,,
"""
TOML = """
document = "国办发明电〔2026〕9号"
issued = 2026-11-03
[[days]]
date = 2027-01-01
working = false
name = "元旦"
[[days]]
date = "2027-05-01"
working = false
name = "劳动节"
[[days]]
date = 2027-10-01
working = false
name = "国庆节"
[[days]]
date = 2027-10-09
working = true
name = "国庆节"
"""


def day(text: str) -> dt.date:
    return dt.date.fromisoformat(text)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_a_csv_of_a_notice_is_read_in_any_usual_encoding(encoding: str) -> None:
    notice = read_notice(CSV.encode(encoding), "2027.csv", CN)
    assert (notice.year, notice.document, notice.issued) == (2027, "国办发明电〔2026〕9号", day("2026-11-03"))
    assert [(d.date.isoformat(), d.working, d.name) for d in notice.days][4] == ("2027-02-20", True, "春节")


def test_the_notice_makes_its_year_firm_and_names_its_days() -> None:
    notice = read_notice(TOML.encode(), "2027.toml", CN)
    later = with_notices(CN, [notice])
    assert (later.is_working(day("2027-10-09")), CN.is_working(day("2027-10-09"))) == (True, False)  # a Saturday
    assert (later.is_working(day("2027-05-03")), CN.is_working(day("2027-05-03"))) == (
        True,
        False,
    )  # assumed off before
    assert later.published == (day("2004-01-01"), day("2027-12-31"))
    assert not CN.is_published(day("2027-06-01"))
    assert later.is_published(day("2027-06-01"))
    assert later.names[day("2027-10-01")] == "国庆节"
    assert later.documents[2027] == ("国办发明电〔2026〕9号", day("2026-11-03"))
    assert later.is_working(day("2026-10-10"))  # every other year stays


def test_a_notice_comes_back_from_the_database_as_it_went_in() -> None:
    notice = read_notice(TOML.encode(), "2027.toml", CN)
    again = notice_of(notice.year, notice.document, notice.issued.isoformat(), notice.days_json)
    assert again == notice
    assert again.digest == notice.digest


def test_the_digest_pins_every_notice_in_its_order_and_knows_what_only_adds_a_year() -> None:
    first = read_notice(TOML.encode(), "2027.toml", CN)
    added = with_notices(CN, [first])
    corrected = with_notices(added, [notice_of(2027, "更正", "2026-12-01", first.days_json)])
    assert len({CN.digest, added.digest, corrected.digest}) == 3
    assert with_notices(CN, [first]).digest == added.digest
    assert (added.extends(CN.digest), corrected.extends(CN.digest), CN.extends(added.digest)) == (True, False, False)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("2027-02-20,是", "2027-02-22,是", r"2027-02-22 follows the week: it is worked anyway"),
        ("2027-02-20", "2027-02-30", r"2027\.csv, line 6: '2027-02-30' is no day\. Write it as 2027-01-01"),
        ("2027-02-20,是", "2027-02-20,也许", r"line 6: working = '也许' is neither yes nor no"),
        ("2027-02-20", "2027-02-06", r"2027-02-06 appears twice\. Keep one row"),
        ("2027-02-20", "2028-02-20", r"days of 2027 and 2028\. Load one year at a time"),
        ("2027-10-01,否,国庆节,,\n", "", r"2027-10-01 is not off\. Load the whole notice"),
        ("国办发明电〔2026〕9号", "", r"'document' is missing"),
        ("2026-11-03", "soon", r"issued = 'soon' is no day"),
        ("日期,", "哪天,", r"no header with date and working"),
        (CSV, "日期,是否上班\n", r"holds no day"),
        ("2027", "2029", r"is of 2029; published are 2004 to 2026\. Load 2027 first"),
    ],
)
def test_a_bad_notice_is_refused_with_what_to_do(old: str, new: str, message: str) -> None:
    text = CSV
    changed = text.replace(old, new) if old in ("2027", CSV) else text.replace(old, new, 1)
    changed = new if old == CSV else changed
    with pytest.raises(RuleError, match=message):
        read_notice(changed.encode(), "2027.csv", CN)


@pytest.mark.parametrize(
    ("content", "message"),
    [(b"\xff\xfe\x00\x81", "is no text"), (b"document = ", "not valid TOML"), (b"year = 2027", "unknown key 'year'")],
)
def test_a_file_that_is_no_notice_is_refused(content: bytes, message: str) -> None:
    with pytest.raises(RuleError, match=message):
        read_notice(content, "x.toml", CN)
