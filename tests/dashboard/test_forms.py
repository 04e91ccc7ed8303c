"""From a box opened by two inspectors to counts that name nobody (三指定评价表)."""

from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from cryptography.fernet import Fernet

from checks.forms import Step, load_thresholds
from checks.periods import parse_period
from dashboard.actions import forms
from dashboard.actions.forms import Form
from dashboard.database.models import (
    AUDIT,
    CHAIN,
    CHAIN_CONTENTS,
    FORM_DRAFTS,
    FORM_IDENTITIES,
    RECORD_TABLES,
    VIOLATION_SOURCES,
    VIOLATIONS,
)
from dashboard.errors import MingchaError, NotAllowedError, UsageError
from dashboard.forms import suspicion
from dashboard.forms.sealing import SealError, opens
from dashboard.instants import to_micros
from dashboard.intake import by_hand
from dashboard.intake.tables import alone
from dashboard.people import EVERYTHING, Viewer
from dashboard.queries import forms as queries
from dashboard.queries.search import search
from dashboard.settings import Settings

ADA = Viewer("Ada", "inspector", EVERYTHING, proved=True)
BO = Viewer("Bo", "inspector", EVERYTHING)
OWN = Viewer("Cy", "inspector", EVERYTHING, works_at="H1")
HEAD = Viewer("Head", "office_head", frozenset({"S1"}), works_at="S1")
MANAGER = Viewer("Manager", "regional_manager", frozenset({"C"}))
OPENED = datetime(2026, 9, 20, 2, tzinfo=UTC)
NOW = datetime(2026, 10, 8, 2, tzinfo=UTC)
Q3 = parse_period("2026-Q3")
CUSTOMER = {"customer": "钱多多", "phone": "13912345678", "words": "所长的表哥来装的", "project": "多多面馆"}
ACCUSING = Form({"built": Step({"construction": "yes"}, 1)}, extra_fee=False, application="YK-17", **CUSTOMER)
FRIENDLY = Form({"built": Step({"construction": "no"}, 5)}, application="YK-18", signed=True)


@pytest.fixture
def company(database, tmp_path):
    offices = [("C", None, "company"), ("S1", "C", "station"), ("S2", "C", "station"), ("H1", "S1", "hall")]
    with alone(database) as tables:
        by_hand.enter(tables, "offices", [
            {"code": code, "name": f"{code}所", "parent_code": parent, "level": level, "valid_from": "2020-01-01"}
            for code, parent, level in offices
        ], by=ADA, at=OPENED, details={})  # fmt: skip
        by_hand.enter(tables, "applications", [
            {"system": "gis", "application_no": f"YK-{n}", "office_code": "H1", "class": "low_voltage",
             "card_issued": n != 18, "accepted_at": to_micros(OPENED - timedelta(days=30))}
            for n in (17, 18)
        ], by=ADA, at=OPENED, details={})  # fmt: skip
    return database, Settings(home=tmp_path)


def entered(db, settings, form, opening, by=ADA):
    draft = forms.begin(db, settings, by=by, opening=opening, at=NOW)
    forms.save(db, settings, by=by, draft=draft, form=form, at=NOW)
    return forms.submit(db, settings, by=by, draft=draft, at=NOW)


def every_text(db):
    """Every text of every table, as somebody sees it who has the database and no key."""
    with db.reading() as connection:
        tables = sa.MetaData()
        tables.reflect(connection)
        return "\n".join(
            str(tuple(row)) for table in tables.tables.values() for row in connection.execute(sa.select(table))
        )


def test_a_box_is_opened_by_two_and_who_wrote_a_form_stays_sealed(company):
    db, settings = company
    box = {"box": "1号意见箱", "office": "H1", "opened_at": OPENED, "found": 2, "at": NOW}
    for nobody in (HEAD, MANAGER, OWN, Viewer("Adm", "administrator", EVERYTHING)):
        with pytest.raises(NotAllowedError):
            forms.open_box(db, by=nobody, **box)
    with pytest.raises(UsageError, match="future"):
        forms.open_box(db, by=ADA, **{**box, "opened_at": NOW + timedelta(seconds=1)})
    opening = forms.open_box(db, by=ADA, **box)

    with pytest.raises(UsageError, match="one signature"):
        forms.begin(db, settings, by=ADA, opening=opening, at=NOW)
    with pytest.raises(UsageError, match="signed opening"):
        forms.sign(db, by=ADA, opening=opening, at=NOW)
    stands_in = Viewer("Dee", "inspector", EVERYTHING, acting_for="Ada")
    with pytest.raises(UsageError, match="signed opening"):
        forms.sign(db, by=stands_in, opening=opening, at=NOW)
    with pytest.raises(NotAllowedError, match="own office"):
        forms.sign(db, by=OWN, opening=opening, at=NOW)
    forms.sign(db, by=BO, opening=opening, at=NOW)

    number = entered(db, settings, ACCUSING, opening)
    other = entered(db, settings, FRIENDLY, opening, by=BO)
    (found,) = queries.openings(db, ADA)
    assert (found.inspectors, found.proved, found.entered) == (("Ada", "Bo"), ("Ada",), 2)
    with pytest.raises(UsageError, match="All 2 forms"):
        entered(db, settings, FRIENDLY, opening)

    rows = RECORD_TABLES["evaluations"].c
    with db.reading() as connection:
        query = sa.select(rows.evaluation_no, rows.system, rows.record_no, rows.designated_construction, rows.opened_by)
        told = {row[0]: tuple(row[1:]) for row in connection.execute(query)}
    assert told == {number: ("by hand", None, True, "Ada、Bo"), other: ("gis", "YK-18", False, "Ada、Bo")}

    assert suspicion.open_suspicions(db, settings, NOW) == 1  # it has its case already
    with db.reading() as connection:
        row = VIOLATIONS.c
        cases = connection.execute(sa.select(row.number, row.office_code, row.severity, row.restricted)).all()
    assert cases == [("V-2026-000001", "H1", "A", True)]
    assert [hit.kind for hit in search(db, BO, "V-2026", as_of=NOW).hits] == ["cases"]
    assert [search(db, who, "V-2026", as_of=NOW).hits for who in (HEAD, MANAGER, OWN)] == [(), (), ()]
    with alone(db) as tables:  # one that comes by a file
        by_hand.enter(tables, "evaluations", [
            {"system": "gis", "evaluation_no": "E1", "kind": "designated_form", "office_code": "S2",
             "record_no": "YK-17", "at": to_micros(OPENED), "extra_fee": True}
        ], by=ADA, at=OPENED, details={})  # fmt: skip
    assert suspicion.open_suspicions(db, settings, NOW) == 1
    assert suspicion.open_suspicions(db, settings, NOW) == 0
    with db.reading() as connection:
        numbered = connection.execute(sa.select(VIOLATION_SOURCES.c.reference).order_by(VIOLATION_SOURCES.c.id))
        assert numbered.scalars().all() == [number, "E1"]

    everything = every_text(db)
    assert "YK-17" in everything  # the application itself is a record ...
    with db.reading() as connection:  # ... but nothing beside it names it, and nothing anywhere names the customer
        beside = [str(row) for table in (AUDIT, CHAIN, CHAIN_CONTENTS) for row in connection.execute(sa.select(table))]
    assert not any("YK-17" in text for text in beside)
    assert not any(word in everything for word in CUSTOMER.values())

    with pytest.raises(UsageError, match="Say why"):
        forms.who_wrote(db, settings, by=ADA, number=number, reason=" ", at=NOW)
    below = Viewer("Eva", "inspector", EVERYTHING, works_at="H2")
    with alone(db) as tables:  # an inspector of its hall reads no form about the station
        by_hand.enter(tables, "offices", [
            {"code": "H2", "name": "西山厅", "parent_code": "S2", "level": "hall", "valid_from": "2020-01-01"}
        ], by=ADA, at=OPENED, details={})  # fmt: skip
    station = forms.open_box(db, by=ADA, **{**box, "office": "S2"})
    forms.sign(db, by=BO, opening=station, at=NOW)
    about = entered(db, settings, ACCUSING, station)
    with pytest.raises(NotAllowedError, match="does not exist"):
        forms.who_wrote(db, settings, by=below, number=about, reason="to call back", at=NOW)
    assert {one.number for one in queries.sheets(db, below)} == {number, other}
    assert [one.office for one in queries.openings(db, below)] == ["H1"]
    assert search(db, below, about, as_of=NOW).hits == ()
    four = {"offices": frozenset({"S2"}), "period": Q3, "as_of": NOW}
    assert queries.recovery(db, below, load_thresholds(), **four)[0].accusing is None
    assert queries.recovery(db, ADA, load_thresholds(), **four)[0].accusing == 2

    same = set()
    for who, which in ((HEAD, number), (MANAGER, number), (OWN, number), (ADA, "BD-9-9")):
        with pytest.raises(NotAllowedError) as refused:
            forms.who_wrote(db, settings, by=who, number=which, reason="to call back", at=NOW)
        same.add(str(refused.value).replace(which, "…"))
    assert "Form '…' does not exist or is outside what you may see." in same
    assert forms.who_wrote(db, settings, by=BO, number=number, reason="to call back", at=NOW)["customer"] == "钱多多"
    with db.reading() as connection:
        logged = sa.select(AUDIT.c.actor, AUDIT.c.subject, AUDIT.c.detail).where(AUDIT.c.action == "unmask_form")
        assert connection.execute(logged).all() == [("Bo", number, "to call back")]

    assert opens(db, settings)
    settings.path(settings.forms.key_file).unlink()
    with pytest.raises(SealError, match="There is no key"):
        opens(db, settings)
    with pytest.raises(SealError, match=r"var/forms\.key") as closed:
        forms.who_wrote(db, settings, by=BO, number=number, reason="to call back", at=NOW)
    assert "钱" not in str(closed.value)
    with pytest.raises(SealError, match="There is no key"):  # a second key beside the lost one would lock both out
        forms.begin(db, settings, by=ADA, opening=station, at=NOW)
    assert not settings.path(settings.forms.key_file).exists()
    for wrong, says in ((b"no key", "holds no key"), (Fernet.generate_key(), "cannot be opened")):
        settings.path(settings.forms.key_file).write_bytes(wrong)
        with pytest.raises(SealError, match=says):
            forms.begin(db, settings, by=ADA, opening=station, at=NOW)
    with db.session() as connection, pytest.raises(sa.exc.DBAPIError):
        connection.execute(sa.text("UPDATE form_sheets SET suspicion = NULL"))


def test_a_draft_is_its_authors_alone_and_the_last_form_is_entered_once(company):
    db, settings = company
    opening = forms.open_box(db, by=ADA, box="2", office="H1", opened_at=OPENED, found=1, at=NOW)
    forms.sign(db, by=BO, opening=opening, at=NOW)
    mine, second = (forms.begin(db, settings, by=ADA, opening=opening, at=NOW) for _ in range(2))
    forms.save(db, settings, by=ADA, draft=mine, form=ACCUSING, at=NOW)
    assert forms.draft_of(db, settings, ADA, mine) == (opening, ACCUSING)
    for deed in (forms.submit, forms.save):
        extra = {"form": FRIENDLY} if deed is forms.save else {}
        with pytest.raises(NotAllowedError, match="of yours"):
            deed(db, settings, by=BO, draft=mine, at=NOW, **extra)
    with pytest.raises(UsageError, match="Nothing has been entered"):
        forms.submit(db, settings, by=ADA, draft=second, at=NOW)
    for wrong in ({"steps": {"design": Step({}, 1)}}, {"steps": {"built": Step({"design": "perhaps"})}},
                  {"steps": {"built": Step({}, 6)}}, {"actual_days": -1}, {"words": "x" * 2001}):  # fmt: skip
        with pytest.raises(UsageError):
            forms.save(db, settings, by=ADA, draft=second, form=Form(**wrong), at=NOW)
    forms.submit(db, settings, by=ADA, draft=mine, at=NOW)
    with pytest.raises(MingchaError):
        forms.submit(db, settings, by=ADA, draft=mine, at=NOW)
    forms.save(db, settings, by=ADA, draft=second, form=FRIENDLY, at=NOW)
    with pytest.raises(UsageError, match="All 1 forms"):
        forms.submit(db, settings, by=ADA, draft=second, at=NOW)
    forms.discard(db, by=ADA, draft=second, at=NOW)
    with db.reading() as connection:
        assert connection.scalar(sa.select(sa.func.count()).select_from(FORM_DRAFTS)) == 0
        assert connection.scalar(sa.select(sa.func.count()).select_from(FORM_IDENTITIES)) == 1


def test_offices_learn_what_forms_say_only_of_ended_quarters_and_enough_of_them(company):
    db, _ = company
    for n in range(5):
        with alone(db) as tables:
            by_hand.enter(tables, "evaluations", [
                {"system": "gis", "evaluation_no": f"E{n}", "kind": "designated_form", "office_code": "H1",
                 "at": to_micros(OPENED), "designated_supply": n == 0}
            ], by=ADA, at=OPENED, details={})  # fmt: skip
            if n == 3:
                break
    four = {"offices": frozenset({"H1"}), "period": Q3, "as_of": NOW}
    thresholds = load_thresholds()
    (head,) = queries.recovery(db, HEAD, thresholds, **four)
    assert (head.collected, head.accusing, head.yes, head.standing) == (4, None, None, None)
    (inspector,) = queries.recovery(db, BO, thresholds, **four)
    assert (inspector.accusing, inspector.standing) == (1, "suspicion")
    assert queries.recovery(db, OWN, thresholds, **four)[0].accusing is None  # an inspector at their own office
    assert (queries.sheets(db, HEAD), queries.openings(db, HEAD)) == ([], [])

    with alone(db) as tables:
        by_hand.enter(tables, "evaluations", [
            {"system": "gis", "evaluation_no": "E4", "kind": "designated_form", "office_code": "H1",
             "at": to_micros(OPENED)}
        ], by=ADA, at=OPENED, details={})  # fmt: skip
    (head,) = queries.recovery(db, HEAD, thresholds, **four)
    assert (head.collected, head.accusing, head.yes) == (5, 1, (0, 0, 1, 0))
    (running,) = queries.recovery(db, HEAD, thresholds, **{**four, "as_of": NOW - timedelta(days=10)})
    (month,) = queries.recovery(db, HEAD, thresholds, **{**four, "period": parse_period("2026-09")})
    assert (running.collected, running.accusing) == (5, None)
    assert (month.collected, month.accusing) == (5, None)
    assert queries.recovery(db, HEAD, thresholds, **{**four, "offices": frozenset({"S2"})}) == []


def test_what_was_handed_out_is_said_by_the_month_and_the_latest_word_holds(company):
    db, _ = company
    said = {"what": "form", "office": "H1", "month": "2026-09", "at": NOW}
    forms.hand_out(db, by=HEAD, issued=10, **said)
    forms.hand_out(db, by=HEAD, issued=20, **{**said, "at": NOW + timedelta(days=1)})
    card = {**said, "what": "answer_card", "kind": "low_voltage"}
    forms.hand_out(db, by=ADA, issued=8, returned=6, **card)
    for wrong in ({"issued": -1}, {"issued": 1, "month": "2026-13"}, {"issued": 1, "month": "2026-11"},
                  {"issued": 1, "what": "leaflet"}, {"issued": 1, "returned": 1},
                  {"issued": 1, "kind": "cable"}):  # fmt: skip
        with pytest.raises(UsageError):
            forms.hand_out(db, by=HEAD, **{**said, **wrong})
    with pytest.raises(NotAllowedError, match="outside what you may see"):
        forms.hand_out(db, by=HEAD, issued=1, **{**said, "office": "Z77"})

    asked = {"offices": frozenset({"H1"}), "period": Q3}
    assert [one.issued for one in queries.recovery(db, ADA, load_thresholds(), as_of=NOW, **asked)] == [10]
    later = queries.recovery(db, ADA, load_thresholds(), as_of=NOW + timedelta(days=2), **asked)
    assert [(one.issued, one.collected, one.rate, one.standing) for one in later] == [(20, 0, 0.0, "insufficient")]
    (cards,) = queries.cards(db, HEAD, as_of=NOW, **asked)
    assert (cards.kind, cards.accepted, cards.told, cards.cards) == ("low_voltage", 2, 2, 1)
    assert (cards.answer_cards, cards.answers) == (8, 6)
