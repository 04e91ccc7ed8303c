"""Early warnings, rule by rule: the second before, at and after, and what is never warned of."""

import datetime as dt
from zoneinfo import ZoneInfo

import polars as pl
import pytest

from checks.clock import load_calendar
from checks.errors import RuleError
from checks.measures import load_measures
from checks.warnings.catalogue import read, shipped, with_own
from checks.warnings.evaluate import evaluate
from checks.warnings.measured import evaluate_measures

SHANGHAI = ZoneInfo("Asia/Shanghai")
CN = load_calendar("cn")
STAMPS = ("accepted_at", "heard_at", "taken_at", "R1.started", "R1.deadline", "R2.started", "R2.deadline",
          "T1.started", "T1.deadline", "T2.started", "T2.deadline", "T3.started", "T3.deadline",
          "C1.started", "C1.deadline", "replied_at", "contacted_at")  # fmt: skip
TEXTS = ("type", "source", "customer_no", "line", "content", "calls", "emotion", "reply")
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
    assert [len(warned("third_call_repair", {"calls": calls})) for calls in ("2", "3")] == [0, 1]


@pytest.mark.parametrize(("text", "told"), [
    ("客户称将向12398投诉", True), ("要找媒体曝光", True), ("电压偏低", False), ("", False), (None, False),
    ("户号3412345678停电", False), ("联系电话0551-61239812", False), ("户号3412345678，将打12345", True),
    ("已拨打12345", True), ("小区弱电多媒体箱被碰断", False), ("多媒体箱无人修，要找媒体", True),
    ("报修登记者不在家", False),
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


def test_an_event_of_public_opinion_is_told_at_once_and_until_it_was_answered():
    event = {"source": "网络舆情", "accepted_at": local("2026-09-08 09:00:00")}
    assert warned("opinion_response", event) == {1: (local("2026-09-08 09:00"), local("2026-09-08 09:30"))}
    assert warned("opinion_report", event) == {1: (local("2026-09-08 09:00"), local("2026-09-08 11:00"))}
    assert warned("opinion_response", {**event, "contacted_at": local("2026-09-08 09:10")}) == {}
    assert warned("opinion_report", {**event, "replied_at": local("2026-09-08 10:10")}) == {}
    assert warned("opinion_response", {**event, "source": "95598 电话"}) == {}
    assert warned("opinion_response", {**event, "source": None}) == {}


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


# --- excited customers and weak replies -------------------------------------------------------------------------------


def saw(code, **row):
    """What a rule saw in one ticket, None where it does not hold."""
    found = evaluate(frame(row), {}, [shipped()[code]], CN)
    return found["saw"].to_list()[0] if found.height else None


def test_an_excited_customer_is_told_by_the_export_or_by_the_text():
    assert saw("excited", emotion="very_agitated") == "very_agitated"
    assert saw("excited", emotion="agitated") is None
    assert saw("excited_words", content="客户强烈不满，情绪激动，要求回电") == "情绪激动、强烈不满"
    assert saw("excited_words", content="客户反映电压低") is None


REPLIED = {"type": "complaint", "replied_at": local("2026-09-08 15:00"), "contacted_at": local("2026-09-08 10:00")}


@pytest.mark.parametrize(("code", "reply", "seen"), [
    ("reply_solved", "现场情况已解决，处理完毕，请客户放心", "已解决、处理完毕"),
    ("reply_solved", "已解决：9月8日10时更换空开", None),  # a time is a fact
    ("reply_solved", "已解决：九月八日上午十时更换空开", None),  # so is one in Chinese figures
    ("reply_solved", "已处理，一切恢复正常，一直有电", "已处理"),
    ("reply_vague", "我单位将尽快安排，并进一步加强巡视", "尽快、进一步加强"),
    ("reply_vague", "将尽快安排，9月10日前完成", None),
    ("reply_no_time", "经核实线路老化引起，已向客户作出说明", "18"),
    ("reply_no_time", "将尽快安排", None),  # reply_vague says it
    ("reply_short", "已处理，谢谢", "6"),
    ("reply_short", "十二个字的答复不算过短哦", None),
    ("reply_short", "", None),  # nothing is said of a reply that no export brought
    ("reply_short", None, None),
])  # fmt: skip
def test_a_weak_reply_is_told_with_what_was_seen(code, reply, seen):
    assert saw(code, **REPLIED, reply=reply) == seen
    assert saw(code, **{**REPLIED, "replied_at": None}, reply=reply) is None  # not sent yet


def test_repairs_within_twelve_hours_of_the_one_before_tell_of_one_outage():
    def repairs(*moments):
        rows = [{"id": n, "line": "10kV 城东线", "accepted_at": local(when)} for n, when in enumerate(moments, 1)]
        return warned("frequent_outage", rows[-1], recent=rows)

    first, second, third = "2026-09-01 08:00:00", "2026-09-10 08:00:00", "2026-09-20 20:00:00"
    assert repairs(first, second, third) == {3: (local(third), None)}
    assert repairs(second, "2026-09-10 08:20:00", "2026-09-10 19:00:00") == {}  # three calls, one evening's outage
    assert repairs(first, "2026-09-20 08:00:00", third) == {}  # twelve hours to the second: the same
    assert repairs(first, "2026-09-20 07:59:59", third) == {3: (local(third), None)}
    assert repairs(first, first, second, "2026-09-10 19:00:00", third) == {5: (local(third), None)}


def test_frequent_outages_want_a_cure_and_a_claimed_contact_its_time():
    asked = {**REPLIED, "content": "本月多次停电，无人说明"}
    assert saw("reply_frequent", **asked, reply="9月8日已恢复供电") == "多次停电"
    assert saw("reply_frequent", **asked, reply="9月20日前完成线路改造") is None
    told = {**REPLIED, "contacted_at": None, "reply": "已联系客户并致歉，9月8日"}
    assert saw("reply_contact", **told) == "已联系"
    assert saw("reply_contact", **{**told, "contacted_at": local("2026-09-08 10:00")}) is None


def test_a_company_has_its_own_rules_replaces_shipped_ones_and_takes_some_out():
    head = '[[rules]]\nrecord = "tickets"\nkind = "count"\ntitle = "催"\ntitle_en = "urged"\nsource = "our own"\n'
    urged = f'{head}code = "urged"\ncolumn = "urges"\nleast = 5\n'
    text = f'off = ["words"]\n{urged}{head}code = "ours"\ncolumn = "urges"\nleast = 9\n'
    rules = with_own(text)
    assert "words" not in rules
    assert (rules["urged"].least, rules["ours"].least, rules["urged_fault"].least) == (5, 9, 1)
    with pytest.raises(RuleError, match="off names 'wrods'"):
        with_own('off = ["wrods"]')
    with pytest.raises(RuleError, match=r"warnings.toml: 'on' is not known"):
        with_own("on = 1")


# --- measures ---------------------------------------------------------------------------------------------------------

MONTHS = ["2026-04", "2026-05", "2026-06", "2026-07", "2026-08"]


def measured(code, *values, office="S1", measure="fee_collection", per="10000"):
    """What a rule says of one line of one office; values of the newest months, `None`: not reported."""
    months = MONTHS[-len(values) :]
    rows = [
        {"id": place, "heard_at": local("2026-09-01 07:00"), "indicator": measure, "office_code": office,
         "period": month, "numerator": value, "denominator": per}
        for place, (month, value) in enumerate(zip(months, values, strict=True)) if value is not None
    ]  # fmt: skip
    found = evaluate_measures(pl.DataFrame(rows), [shipped()[code]], load_measures(), MONTHS)
    return [(row["id"], row["saw"]) for row in found.iter_rows(named=True)]


def test_a_measure_is_warned_of_beyond_its_threshold_and_not_at_it():
    assert measured("measure_threshold", "9800") == []
    assert measured("measure_threshold", "9799") == [(0, "97.99 % < 98.00 %")]
    assert measured("measure_threshold", "9799", "9900") == []  # the newest month counts
    assert measured("measure_threshold", "9799", None, None, None) == []  # older than three months: not today's work


def test_line_loss_has_bands_on_both_sides_and_the_farthest_is_told():
    loss = {"measure": "line_loss", "per": "100"}
    assert measured("measure_threshold", "10", **loss) == []
    assert measured("measure_threshold", "12", **loss) == [(0, "12.00 % > 10.00 %")]
    assert measured("measure_threshold", "31", **loss) == [(0, "31.00 % > 30.00 %")]
    assert measured("measure_threshold", "-1", **loss) == [(0, "-1.00 % < 0.00 %")]


def test_a_measure_that_falls_three_months_in_a_row_is_warned_of():
    falling = ("9950", "9930", "9900", "9850")  # one percentage point altogether
    assert measured("measure_fall", *falling) == [(3, "99.50 % → 99.30 % → 99.00 % → 98.50 %")]
    assert measured("measure_fall", "9949", *falling[1:]) == []  # 0.99 points
    assert measured("measure_fall", "9950", "9930", "9930", "9850") == []  # once it stood still
    assert measured("measure_fall", "9950", None, "9900", "9850") == []  # a month without data is neither
    assert measured("measure_fall", "100", "110", "115", "121", measure="low_voltage_users", per="1") == [
        (3, "100 → 110 → 115 → 121")]  # fmt: skip
    assert measured("measure_fall", "121", "115", "110", "100", measure="low_voltage_users", per="1") == []  # better


def test_what_only_describes_or_is_not_registered_is_never_warned_of():
    assert measured("measure_fall", "9", "8", "7", "1", measure="solar_connected", per="1") == []
    assert measured("measure_threshold", "1", measure="of_another_company") == []
