"""Early warnings, rule by rule: the second before, at and after, and what is never warned of."""

import datetime as dt
from zoneinfo import ZoneInfo

import polars as pl
import pytest

from checks.clock import load_calendar
from checks.errors import RuleError
from checks.warnings.catalogue import read, shipped
from checks.warnings.evaluate import evaluate

SHANGHAI = ZoneInfo("Asia/Shanghai")
CN = load_calendar("cn")
STAMPS = ("accepted_at", "heard_at", "taken_at", "R1.started", "R1.deadline", "R2.started", "R2.deadline",
          "T1.started", "T1.deadline", "T2.started", "T2.deadline", "T3.started", "T3.deadline",
          "C1.started", "C1.deadline")  # fmt: skip
TEXTS = ("type", "customer_no", "line", "content", "calls")
NUMBERS = ("id", "urges", "returns")


def local(text):
    return int(dt.datetime.fromisoformat(text).replace(tzinfo=SHANGHAI).timestamp()) * 1_000_000


def frame(*rows):
    schema = dict.fromkeys((*NUMBERS, *STAMPS), pl.Int64) | dict.fromkeys(TEXTS, pl.String)
    given = [{"id": 1, "heard_at": local("2026-09-08 09:00"), **row} for row in rows]
    return pl.DataFrame(given, schema=schema)


def warned(code, *rows, recent=()):
    rule = shipped()[code]
    seen = {code: frame(*recent)} if rule.kind == "repeat" else {}
    found = evaluate(frame(*rows), seen, [rule], CN)
    assert set(found["rule"]) <= {code}
    return {row["id"]: (row["since"], row["due"]) for row in found.iter_rows(named=True)}


def running(code, started, deadline, **row):
    return {f"{code}.started": local(started), f"{code}.deadline": local(deadline), **row}


def test_sixty_percent_of_45_minutes_are_27():
    row = running("R1", "2026-09-08 09:00:00", "2026-09-08 09:45:00")
    assert warned("arrival_60", row) == {1: (local("2026-09-08 09:27:00"), local("2026-09-08 09:45:00"))}


def test_a_clock_that_does_not_run_warns_of_nothing():
    assert warned("arrival_60", {"R1.started": local("2026-09-08 09:00")}) == {}


def test_a_repair_that_a_team_has_taken_is_not_called_untaken():
    row = running("R1", "2026-09-08 09:00:00", "2026-09-08 10:30:00")
    assert warned("untaken_80", row) == {1: (local("2026-09-08 10:12:00"), local("2026-09-08 10:30:00"))}
    assert warned("untaken_80", {**row, "taken_at": local("2026-09-08 09:05")}) == {}


def test_contact_is_warned_of_twelve_hours_before_its_end():
    row = running("T1", "2026-09-08 09:00:00", "2026-09-09 09:00:00")
    assert warned("contact_12h", row)[1][0] == local("2026-09-08 21:00:00")


def test_the_last_working_day_begins_after_the_one_before_it_across_a_holiday():
    """Five working days after Monday 28 September 2026 end on Saturday 10 October, a make-up day: National Day lies
    between. The working day before is Friday the 9th; the warning holds from Saturday 00:00."""
    row = running("T2", "2026-09-28 10:00:00", "2026-10-10 23:59:59")
    assert warned("answer_last_day", row)[1][0] == local("2026-10-10 00:00:00")
    monday = running("T2", "2026-10-12 10:00:00", "2026-10-19 23:59:59")  # due on a Monday: from Saturday on
    assert warned("answer_last_day", monday)[1][0] == local("2026-10-17 00:00:00")


def test_no_warning_begins_before_its_clock():
    row = running("T2", "2026-09-08 10:00:00", "2026-09-08 23:59:59")
    assert warned("answer_last_day", row)[1][0] == local("2026-09-08 10:00:00")


@pytest.mark.parametrize(("kind", "urges", "codes"), [
    ("fault", 0, set()), ("fault", 1, {"urged_fault"}), ("complaint", 1, set()), ("complaint", 2, {"urged"}),
    ("fault", 2, {"urged_fault"}), ("praise", 5, set()),
])  # fmt: skip
def test_one_urge_counts_for_a_fault_and_two_for_the_others(kind, urges, codes):
    found = {code for code in ("urged_fault", "urged") if warned(code, {"type": kind, "urges": urges})}
    assert found == codes


@pytest.mark.parametrize(("code", "column", "least"), [("returned", "returns", 2), ("third_call", "calls", 3)])
def test_a_count_warns_from_its_number_on_since_we_heard_of_it(code, column, least):
    said = str if column == "calls" else int  # calls are kept as the text that the source gave
    assert warned(code, {column: said(least - 1)}) == {}
    assert warned(code, {column: said(least)}) == {1: (local("2026-09-08 09:00"), None)}
    assert warned(code, {}) == {}


def test_calls_that_are_no_number_warn_of_nothing():
    assert warned("third_call", {"calls": "多次"}) == {}


@pytest.mark.parametrize(("text", "told"), [
    ("客户称将向12398投诉", True), ("要找媒体曝光", True), ("电压偏低", False), ("", False), (None, False),
])  # fmt: skip
def test_words_of_media_and_regulator_are_heard(text, told):
    assert bool(warned("words", {"content": text})) == told


def test_three_tickets_of_a_customer_within_thirty_days_are_told_of_the_newest_open_one():
    def ticket(number, when, customer="4401"):
        return {"id": number, "customer_no": customer, "accepted_at": local(when)}

    newest = ticket(3, "2026-09-30 08:00:00")
    just = [ticket(1, "2026-08-31 08:00:01"), ticket(2, "2026-09-15 08:00:00"), newest]
    assert warned("same_customer", newest, recent=just) == {3: (local("2026-09-30 08:00:00"), None)}
    beyond = [ticket(1, "2026-08-31 08:00:00"), *just[1:]]
    assert warned("same_customer", newest, recent=beyond) == {}
    others = [ticket(1, "2026-09-01 08:00", "4402"), *just[1:]]
    assert warned("same_customer", newest, recent=others) == {}
    assert warned("same_customer", {**newest, "customer_no": None}, recent=just) == {}


def test_a_record_may_be_warned_of_by_several_rules():
    row = running("T1", "2026-09-08 09:00:00", "2026-09-09 09:00:00", type="complaint", urges=2, content="12345")
    rules = [shipped()[code] for code in ("contact_12h", "urged", "words", "returned")]
    assert evaluate(frame(row), {}, rules, CN)["rule"].to_list() == ["contact_12h", "urged", "words"]


@pytest.mark.parametrize(("text", "said"), [
    ("rules = 3", "rules.toml"),
    ("[[rules]]\nkind = 'clock'", "rule 0.clock.code"),
    ("[[rules]]\nkind='clock'\ncode='a'\nrecord='repairs'\nindicator='R1'\ntitle=''\ntitle_en=''\nsource=''",
     "give one of share, before_minutes, before_working_days"),
    ("[[rules]]\nkind='colour'", "colour"),
    ("[[rules", "not valid TOML"),
])  # fmt: skip
def test_a_bad_file_of_rules_is_refused_by_name(tmp_path, text, said):
    path = tmp_path / "rules.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(RuleError, match=said):
        read(path)


def test_two_rules_of_one_code_are_refused(tmp_path):
    one = "[[rules]]\nkind='count'\ncode='a'\nrecord='tickets'\ncolumn='urges'\nleast=1\n"
    one += "title=''\ntitle_en=''\nsource=''\n"
    path = tmp_path / "rules.toml"
    path.write_text(one + one, encoding="utf-8")
    with pytest.raises(RuleError, match="'a' stands there twice"):
        read(path)
