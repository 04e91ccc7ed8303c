"""Searching within one's rights: what lies outside is neither found nor counted, on both databases alike."""

from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from hypothesis import example, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from dashboard.database.models import AUDIT, DISPUTES, OFFICE_ALIASES, RECORD_TABLES
from dashboard.errors import NotAllowedError
from dashboard.instants import to_micros
from dashboard.intake import by_hand
from dashboard.intake.tables import alone
from dashboard.people import EVERYTHING, Viewer
from dashboard.queries.search import PERSONS_AN_HOUR, folded, search
from dashboard.secrecy import ever_sealed, hidden_numbers, sealed

NOW = datetime(2026, 11, 20, 4, tzinfo=UTC)
INSPECTOR = Viewer("Ada", "inspector", EVERYTHING)
HEAD = Viewer("Head", "office_head", frozenset({"S1"}), works_at="S1")
MANAGER = Viewer("Manager", "regional_manager", EVERYTHING)
REVIEWER = Viewer("Rev", "reviewer", EVERYTHING)

OFFICES = [
    {"code": "C", "name": "滨江供电公司", "level": "company", "valid_from": "2020-01-01"},
    {"code": "S1", "name": "东门供电所", "parent_code": "C", "level": "station", "valid_from": "2020-01-01",
     "valid_to": "2025-12-31"},
    {"code": "S1", "name": "东城供电中心", "parent_code": "C", "level": "station", "valid_from": "2026-01-01",
     "aliases": "东城所；东城(站)"},
    {"code": "S2", "name": "西山供电所", "parent_code": "C", "level": "station", "valid_from": "2020-01-01"},
]  # fmt: skip
TICKETS = [
    ("T2026001", "S1", "complaint", "客户王大明先生13912345678反映电压低，住在幸福路12号", "13912345678", "0310000017"),
    ("T2026002", "S2", "complaint", "客户反映电压低 100%_off", "13912345678", None),
    ("T2026003", "S1", "report", "举报所长，电压低", "13700000000", None),
    ("T20260%1", "S1", "enquiry", "问电价", None, None),
    ("t2026009", "S2", "enquiry", "Voltage LOW", None, None),
]


@pytest.fixture
def company(database):
    told = {"by": INSPECTOR, "at": NOW, "details": {}}
    accepted = [to_micros(NOW - timedelta(days=n)) for n in range(len(TICKETS))]
    with alone(database) as tables:
        by_hand.enter(tables, "offices", OFFICES, **told)
        by_hand.enter(tables, "tickets", [
            {"system": "95598", "ticket_no": number, "office_code": office, "type": kind, "content": content,
             "phone": phone, "customer_no": customer, "accepted_at": at}
            for (number, office, kind, content, phone, customer), at in zip(TICKETS, accepted, strict=True)
        ] + [{"system": "95598", "ticket_no": "T2026004", "parent_ticket_no": "T2026003", "office_code": "S1",
              "type": "enquiry", "accepted_at": accepted[0]}], **told)  # fmt: skip
        by_hand.enter(tables, "repairs", [
            {"system": "95598", "repair_no": "T2026-R1", "office_code": "S2", "customer_no": "0310000017",
             "accepted_at": accepted[0]}
        ], **told)  # fmt: skip
        by_hand.enter(tables, "evaluations", [
            {"system": "95598", "evaluation_no": "T2026-E1", "kind": "designated_form", "office_code": "S1",
             "at": accepted[0]}
        ], **told)  # fmt: skip
        tables.run(sa.insert(OFFICE_ALIASES).values(
            office_code="S2", name="西山老所", valid_from="2020-01-01", by="x", at=0))  # fmt: skip
    return database


def numbers(db, viewer, words, **options):
    found = search(db, viewer, words, as_of=NOW, **options)
    assert {kind: sum(hit.kind == kind for hit in found.hits) for kind in found.counts} == dict(found.counts)
    return [hit.number for hit in found.hits]


def test_numbers_names_and_words_are_found_inside_the_scope_alone(company):
    db = company
    assert numbers(db, INSPECTOR, "T2026001") == ["T2026001"]
    assert set(numbers(db, INSPECTOR, "Ｔ２０２６")) == {
        "T20260%1", "T2026001", "T2026002", "T2026003", "T2026004", "T2026-E1", "T2026-R1"}  # fmt: skip
    assert set(numbers(db, MANAGER, "T2026")) == {"T20260%1", "T2026001", "T2026002", "T2026-R1"}
    assert set(numbers(db, HEAD, "T2026")) == {"T20260%1", "T2026001"}
    assert numbers(db, INSPECTOR, "T20260%") == ["T20260%1"]  # % is a sign like another
    assert numbers(db, INSPECTOR, "t2026009") == ["t2026009"]
    for outside in ("T2026002", "T2026003", "T2026004", "T2026-E1", "T2026-R1", "NOTHING"):  # there or not: the same
        found = search(db, HEAD, outside, as_of=NOW)
        assert (found.hits, found.counts) == ((), {})
        assert found.not_searched == search(db, HEAD, f"{outside[:-1]}~", as_of=NOW).not_searched

    offices = [("东城", "name"), ("东门", "former_name"), ("东城（站）", "alias"), ("ｓ１", None)]
    for words, why in offices:
        found = [hit for hit in search(db, HEAD, words, as_of=NOW).hits if hit.kind == "offices"]
        assert [(hit.number, hit.why) for hit in found] == ([("S1", why)] if why else [("S1", "code")])
    assert numbers(db, INSPECTOR, "西山老所") == ["S2"]
    assert numbers(db, HEAD, "西山") == []

    texts = {hit.number: hit.text for hit in search(db, INSPECTOR, "电压低", as_of=NOW).hits}
    assert set(texts) == {"T2026001", "T2026002", "T2026003"}
    assert "13912345678" not in texts["T2026001"]
    assert "12号" not in texts["T2026001"]
    assert numbers(db, HEAD, "电压低") == ["T2026001"]
    assert numbers(db, REVIEWER, "电压低") == []
    assert numbers(db, INSPECTOR, "voltage low") == ["t2026009"]
    assert numbers(db, INSPECTOR, "%_off") == ["T2026002"]
    for hidden in ("王大明", "5678", "139****", "12号"):  # what is masked cannot be found out by asking for it
        assert "T2026001" not in numbers(db, INSPECTOR, hidden)


def test_what_is_sealed_from_an_inspector_of_the_place_is_found_by_no_search(company):
    db, told = company, {"by": INSPECTOR, "at": NOW, "details": {}}
    below, here, elsewhere = (Viewer(place, "inspector", EVERYTHING, works_at=place) for place in ("H1", "S1", "S2"))
    with alone(db) as tables:
        by_hand.enter(tables, "offices", [
            {"code": "H1", "name": "东城厅", "parent_code": "S1", "level": "hall", "valid_from": "2020-01-01"}
        ], **told)  # fmt: skip
        tables.run(sa.insert(DISPUTES).values(
            number="D-2026-000001", record="tickets", record_id=3, record_number="T2026003", office_code="S1",
            wish="exclusion", reason="…", due=0, by="Head", at=0))  # fmt: skip
    secret = {"T2026003", "T2026004", "T2026-E1"}
    everything = set(numbers(db, elsewhere, "T2026")) | secret
    assert set(numbers(db, elsewhere, "T2026")) >= secret
    for who in (below, here):  # a report about the station concerns the people of its hall
        assert set(numbers(db, who, "T2026")) == everything - secret
        assert numbers(db, who, "13700000000", person=True) == numbers(db, who, "举报所长") == []
        assert numbers(db, who, "D-2026-000001") == []
    assert numbers(db, elsewhere, "D-2026-000001") == ["D-2026-000001"]

    with alone(db) as tables:  # a later file calls it another office's complaint: still a report, of both
        by_hand.enter(tables, "tickets", [
            {"system": "95598", "ticket_no": "T2026003", "office_code": "S2", "type": "complaint",
             "accepted_at": to_micros(NOW)}
        ], **{**told, "at": NOW + timedelta(hours=1)})  # fmt: skip
    for who in (below, here, elsewhere):
        assert "T2026003" not in numbers(db, who, "T2026")
        assert hidden_numbers(db, who, "tickets", ["T2026003"]) == {"T2026003"}
    assert "T2026003" not in numbers(db, MANAGER, "T2026")
    table = RECORD_TABLES["tickets"]
    for which, found in ((sealed, {"T2026004"}), (ever_sealed, {"T2026003", "T2026004"})):
        assert set(db.frame(sa.select(table.c.ticket_no).where(which("tickets", table)))["ticket_no"]) == found


def test_people_are_found_by_whole_numbers_with_the_right_and_into_the_trail(company):
    db = company
    assert numbers(db, INSPECTOR, "13912345678") == []
    assert numbers(db, INSPECTOR, "139 1234 5678".replace(" ", ""), person=True) == ["T2026001", "T2026002"]
    assert numbers(db, HEAD, "１３９１２３４５６７８", person=True) == ["T2026001"]
    assert numbers(db, HEAD, "13700000000", person=True) == []  # who reported the office: as if there were nobody
    assert numbers(db, HEAD, "13700000001", person=True) == []
    assert numbers(db, INSPECTOR, "1391234567", person=True) == []
    assert numbers(db, INSPECTOR, "0310000017", person=True) == ["T2026001", "T2026-R1"]
    with pytest.raises(NotAllowedError):
        search(db, REVIEWER, "13912345678", as_of=NOW, person=True)
    with db.reading() as connection:
        row = AUDIT.c
        trail = connection.execute(sa.select(row.actor, row.detail).where(row.action == "search_person")).all()
    assert [actor for actor, _ in trail] == ["Ada", "Head", "Head", "Head", "Ada", "Ada"]
    assert not any("1391234" in detail for _, detail in trail)
    for _ in range(PERSONS_AN_HOUR - 3):
        search(db, INSPECTOR, "99999", as_of=NOW, person=True)
    with pytest.raises(NotAllowedError, match="within an hour"):
        search(db, INSPECTOR, "99999", as_of=NOW, person=True)
    assert numbers(db, HEAD, "13912345678", person=True) == ["T2026001"]


def test_any_words_whatever_they_are_find_only_what_is_theirs_to_see(company):
    db = company
    mine = {"T2026001", "T20260%1", "S1"}

    @hypothesis_settings(max_examples=40)
    @given(st.text(max_size=120) | st.text(alphabet="T206%_\\'\"\x00;-(王ＴＴ０２😀", max_size=12))
    @example("' OR 1=1 --")
    @example("%%%")
    @example("T2026\x00")
    @example("\\")
    @example("𠮷𠮷𠮷")
    @example("\ud800T2026")
    def check(words):
        found = search(db, HEAD, words, as_of=NOW)
        assert {hit.number for hit in found.hits} <= mine
        assert all(hit.office == "S1" for hit in found.hits)
        assert "\x00" not in found.words

    check()


def test_words_are_folded_before_anything_is_compared():
    assert folded("　ＹＫ－２０２６\x00\x01 ０１ ") == "YK-2026 01"
    assert folded("a\u200bb\ud800c") == "a bc"
    assert folded("x" * 500) == "x" * 100
