"""Accounts on both databases: the first start, signing in and out, rights that nobody gives themselves, delegation."""

import socket
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from threading import Barrier

import pytest
import sqlalchemy as sa

from checks.exclusions import Filing
from dashboard.accounts import delegating, entering, first, has_accounts, listing, managing, people_of, sessions, tokens
from dashboard.accounts import viewer_of as named
from dashboard.accounts.attempts import Attempt, count_attempt, forget
from dashboard.accounts.persons import viewer_in
from dashboard.actions.exclusions import approve_exclusion, file_exclusion
from dashboard.bootstrap import Application
from dashboard.database import Database
from dashboard.database.models import (
    ACCOUNT_CODES,
    ACCOUNT_SESSIONS,
    ACCOUNT_TOKENS,
    ACCOUNTS,
    AUDIT,
    CHAIN_CONTENTS,
    RECORD_TABLES,
    SIGN_IN_FAILURES,
)
from dashboard.errors import DatabaseUnusableError, MingchaError, NotAllowedError, UsageError
from dashboard.evidence.verifying import verify_evidence
from dashboard.instants import to_micros
from dashboard.operations import doctor
from dashboard.people import Viewer, same_person, system_viewer
from dashboard.reviewing.own import own_offices
from dashboard.secrecy import hides
from dashboard.settings import Settings

NOON = datetime(2026, 11, 23, 4, tzinfo=UTC)  # 12:00 in Shanghai
SECOND = timedelta(seconds=1)
SETTINGS = Settings.model_validate(
    {"people": {"沈岚": {"role": "inspector", "offices": ["*"], "works_at": "S1"},
                "许立": {"role": "office_head", "offices": ["S1"]},
                "罗启明": {"role": "administrator", "offices": ["*"]}}}
)  # fmt: skip
ACCESS = SETTINGS.access
RIVER = "a quiet river runs"
STORED = {"version_at": 0, "content_hash": 0, "batch_id": 1, "row_no": 1, "valid_from": "0001-01-01"}


def offices(db, *codes):
    with db.session() as connection:
        rows = [{**STORED, "code": code, "name": code, "level": "station"} for code in codes]
        connection.execute(sa.insert(RECORD_TABLES["offices"]), rows)


def told(db):
    with db.reading() as connection:
        rows = connection.execute(sa.select(AUDIT.c.actor, AUDIT.c.action, AUDIT.c.subject).order_by(AUDIT.c.id))
        return [tuple(row) for row in rows]


def viewer(db, secret, at=NOON):
    found = sessions.signed_in(db, ACCESS, secret, at=at)
    return None if found is None else found.viewer


def come_in(db, code, at=NOON):
    """Use a one-time code, choose the password, stay signed in."""
    secret = entering.use_code(db, code=code, agent="a browser", at=at).secret
    session = sessions.signed_in(db, ACCESS, secret, at=at).session
    return entering.change_password(db, ACCESS, session=session, old="", new=RIVER, at=at)


def at_once(many, deed):
    """What became of each of so many attempts at the same time: the answer, or the kind of error."""
    gate = Barrier(many)

    def one(number):
        gate.wait()
        try:
            return str(deed(number))
        except MingchaError as error:
            return type(error).__name__

    with ThreadPoolExecutor(many) as pool:
        return list(pool.map(one, range(many)))


def start(db, *others):
    """The accounts of `SETTINGS`; the administrator and the others who came in, as viewers."""
    offices(db, "S1", "S2", "S3")
    (invited,) = first.first_accounts(db, SETTINGS, at=NOON)
    keeper = viewer(db, come_in(db, invited.code))
    return [keeper, *(viewer(db, come_in(db, managing.link(db, ACCESS, by=keeper, name=name, at=NOON)))
                      for name in others)]  # fmt: skip


def test_the_first_start_makes_accounts_and_the_code_opens_once_until_it_is_too_old(database):
    db = database
    assert not has_accounts(db)
    assert [one.name for one in people_of(db, SETTINGS, at=NOON)] == ["沈岚", "许立", "罗启明"]
    (invited,) = first.first_accounts(db, SETTINGS, at=NOON)
    assert (invited.name, invited.role, len(invited.code)) == ("罗启明", "administrator", 43)
    assert first.first_accounts(db, SETTINGS, at=NOON) == []
    # [people] is believed no more: what the file says later changes nothing
    changed = Settings.model_validate({"people": {"新人": {"role": "administrator", "offices": ["*"]}}})
    found = {one.name: (one.role, one.offices, one.works_at) for one in people_of(db, changed, at=NOON)}
    assert found == {"沈岚": ("inspector", {"*"}, "S1"), "许立": ("office_head", {"S1"}, None),
                     "罗启明": ("administrator", {"*"}, None)}  # fmt: skip
    with pytest.raises(NotAllowedError):
        named(db, changed, "新人", at=NOON)
    assert named(db, changed, "许立", at=NOON).proved is False

    # the code: a day less a second it opens, at a day it does not, and never twice
    for refused in ("x" * 43, ""):
        with pytest.raises(NotAllowedError, match="too old"):
            entering.use_code(db, code=refused, agent="", at=NOON)
    with pytest.raises(NotAllowedError, match="too old"):
        entering.use_code(db, code=invited.code, agent="", at=NOON + timedelta(hours=24))
    late = NOON + timedelta(hours=24) - SECOND
    secret = entering.use_code(db, code=invited.code, agent="", at=late).secret
    with pytest.raises(NotAllowedError, match="too old"):
        entering.use_code(db, code=invited.code, agent="", at=late)
    session = sessions.signed_in(db, ACCESS, secret, at=late).session
    assert session.must_change
    with pytest.raises(UsageError, match="12 characters"):
        entering.change_password(db, ACCESS, session=session, old="", new="short", at=late)
    fresh = entering.change_password(db, ACCESS, session=session, old="", new=RIVER, at=late)
    assert viewer(db, secret, late) is None  # the secret is another one now: nobody fixes it beforehand
    assert viewer(db, fresh, late).name == "罗启明"
    # nothing that opens anything is kept, told or sealed
    with db.reading() as connection:
        everything = str([connection.execute(sa.select(table)).all() for table in
                          (ACCOUNTS, ACCOUNT_CODES, ACCOUNT_SESSIONS, AUDIT, CHAIN_CONTENTS)])  # fmt: skip
    assert not [one for one in (invited.code, secret, fresh, RIVER) if one in everything]


def test_signing_in_tells_nothing_of_who_has_an_account_and_waits_grow_for_anybody(database):
    db = database
    keeper, head = start(db, "许立")
    assert entering.sign_in(db, ACCESS, name="许立", password=RIVER, agent="", at=NOON).must_change is False

    def wrong(name, at):
        with pytest.raises(NotAllowedError) as refused:
            entering.sign_in(db, ACCESS, name=name, password="wrong", agent="", at=at)
        return str(refused.value)

    for name in ("许立", "沈岚", "nobody at all", "a\x00b"):  # a password, none yet, no account, no name at all
        heard = [wrong(name, NOON) for _ in range(6)]
        assert len(set(heard[:5])) == 1
        assert "not right" in heard[0]
        assert "wait 30 seconds" in heard[5]
        assert "wait 1 seconds" in wrong(name, NOON + timedelta(seconds=29))
    with pytest.raises(NotAllowedError, match="wait 1 seconds"):  # the right one is not heard either
        entering.sign_in(db, ACCESS, name="许立", password=RIVER, agent="", at=NOON + timedelta(seconds=29))
    assert "not right" in wrong("许立", NOON + timedelta(seconds=30))
    assert "wait 60 seconds" in wrong("许立", NOON + timedelta(seconds=30))
    entering.sign_in(db, ACCESS, name="许立", password=RIVER, agent="", at=NOON + timedelta(seconds=90))
    assert "not right" in wrong("许立", NOON + timedelta(seconds=90))  # and begins anew
    failed = [row for row in told(db) if row[1] in ("sign_in_failed", "sign_in_locked")]
    assert failed.count(("entrance", "sign_in_locked", "nobody…")) == 1
    assert failed.count(("entrance", "sign_in_failed", "许立")) == 7
    assert head.offices == {"S1"}
    assert keeper.session != head.session


def test_an_attempt_is_counted_though_the_name_begins_anew_in_between(database):
    """The name's row is made and held in one step: a right password elsewhere takes it away before or after."""
    db, other, asked = database, Database(database.url, busy_seconds=0.1), []
    with db.session() as connection:
        count_attempt(connection, ACCESS, "沈岚", NOON)

    def in_between(_connection, _cursor, statement, *_):
        if not statement.startswith("INSERT INTO sign_in_failures") or asked:
            return
        asked.append(statement)
        with suppress(DatabaseUnusableError), other.session() as connection:
            if db.dialect == "postgresql":
                connection.exec_driver_sql("SET LOCAL lock_timeout = '100ms'")
            forget(connection, "沈岚")

    sa.event.listen(db.engine, "after_cursor_execute", in_between)
    with db.session() as connection:
        assert count_attempt(connection, ACCESS, "沈岚", NOON) == Attempt(0)
    with db.reading() as connection:
        assert connection.execute(sa.select(SIGN_IN_FAILURES.c.failures)).scalars().all() == [2]
    assert len(asked) == 1
    other.engine.dispose()


def test_a_sign_in_ends_by_time_by_leaving_by_a_new_password_and_with_the_account(database):
    db = database
    keeper, head = start(db, "许立")

    def sign_in(at=NOON):
        return entering.sign_in(db, ACCESS, name="许立", password=RIVER, agent="\x00Firefox", at=at).secret

    # idle: a click within the hour moves the end, looking does not
    busy, idle = sign_in(), sign_in()
    for minutes in (30, 60, 119):
        clicked = sessions.signed_in(db, ACCESS, busy, at=NOON + timedelta(minutes=minutes), touch=True)
        assert clicked.viewer.name == "许立"
    sessions.signed_in(db, ACCESS, idle, at=NOON + timedelta(minutes=59))
    assert viewer(db, idle, NOON + timedelta(minutes=60)) is None
    assert viewer(db, idle, NOON) is None  # over is over, also for a clock set back
    # two tabs of one sign-in; leaving ends both; another sign-in of the same person stays
    other = sign_in()
    sessions.end(db, viewer(db, busy, NOON + timedelta(minutes=120)).session, "left", at=NOON)
    assert viewer(db, busy, NOON) is None
    held = sessions.signed_in(db, ACCESS, other, at=NOON)
    assert held.session.agent == "Firefox"
    for forged in (other[:-1], other + "x", other.upper(), "", None):
        assert viewer(db, forged) is None
    # a new password: this one goes on under a new secret, every other and every token ends
    third, (token, ends) = sign_in(), tokens.make_token(db, ACCESS, name="许立", password=RIVER, at=NOON)
    assert ends == NOON + timedelta(days=90)
    with pytest.raises(NotAllowedError, match="not right"):
        entering.change_password(db, ACCESS, session=held.session, old="wrong", new="another river", at=NOON)
    renewed = entering.change_password(db, ACCESS, session=held.session, old=RIVER, new="another river", at=NOON)
    assert [viewer(db, one) is None for one in (third, other, renewed)] == [True, True, False]
    with pytest.raises(NotAllowedError, match="MINGCHA_TOKEN"):
        tokens.token_viewer(db, "许立", token, at=NOON)
    # shut: everything ends at once; opened again it needs a link
    token, _ = tokens.make_token(db, ACCESS, name="许立", password="another river", at=NOON)
    assert tokens.token_viewer(db, "许立", token, at=NOON + timedelta(days=90) - SECOND).proved
    for name, at in (("沈岚", NOON), ("许立", NOON + timedelta(days=90))):
        with pytest.raises(NotAllowedError, match="MINGCHA_TOKEN"):
            tokens.token_viewer(db, name, token, at=at)
    managing.deactivate(db, by=keeper, name="许立", at=NOON)
    assert viewer(db, renewed) is None
    with pytest.raises(NotAllowedError, match="MINGCHA_TOKEN"):
        tokens.token_viewer(db, "许立", token, at=NOON)
    managing.activate(db, by=keeper, name="许立", at=NOON)
    with pytest.raises(NotAllowedError, match="not right"):
        entering.sign_in(db, ACCESS, name="许立", password="another river", agent="", at=NOON)
    with db.reading() as connection:
        kept = connection.execute(sa.select(ACCOUNT_TOKENS.c.ended_by)).scalars().all()
    assert kept == ["许立", "罗启明"]
    assert head.role == "office_head"
    # a backup brought back opens no door that was shut since
    kept_open = entering.sign_in(db, ACCESS, name="罗启明", password=RIVER, agent="", at=NOON).secret
    waiting = managing.link(db, ACCESS, by=keeper, name="许立", at=NOON)
    with db.session() as connection:
        entering.shut_all(connection, by=system_viewer(), at=NOON)
    assert viewer(db, kept_open) is None
    with pytest.raises(NotAllowedError, match="too old"):
        entering.use_code(db, code=waiting, agent="", at=NOON)
    assert verify_evidence(db, SETTINGS, now=NOON).problems == []


def test_nobody_gives_themselves_rights_and_one_administrator_stays(database):
    db = database
    keeper, head = start(db, "许立")
    managing.add(db, by=keeper, name="新人", role="evaluator", offices=["S1"], works_at="S2", until_day="2026-11-24",
                 contact={"mail": "xin@example.com"}, at=NOON)  # fmt: skip
    refused = [
        lambda: managing.set_role(db, by=keeper, name="罗启明", role="inspector", at=NOON),
        lambda: managing.grant(db, by=keeper, name="罗启明", office="S1", at=NOON),
        lambda: managing.set_works_at(db, by=keeper, name="罗启明", office=None, at=NOON),
        lambda: managing.deactivate(db, by=keeper, name="罗启明", at=NOON),
        lambda: managing.revoke(db, by=keeper, grant=3, at=NOON),
        lambda: managing.add(db, by=head, name="友", role="inspector", offices=["*"], at=NOON),
        lambda: managing.grant(db, by=head, name="许立", office="*", at=NOON),
        lambda: managing.link(db, ACCESS, by=head, name="沈岚", at=NOON),
        lambda: managing.set_contact(db, by=head, name="沈岚", contact={}, at=NOON),
        lambda: listing.accounts(db, head, at=NOON),
        lambda: managing.add(db, by=system_viewer(), name="友", role="administrator", offices=["*"], at=NOON),
        lambda: managing.set_role(db, by=system_viewer(), name="许立", role="inspector", at=NOON),
    ]
    for deed in refused:
        with pytest.raises(NotAllowedError):
            deed()
    for name in ("许立", "SYSTEM", "a|b", "", "x" * 41):
        with pytest.raises(UsageError):
            managing.add(db, by=keeper, name=name, role="inspector", offices=["*"], at=NOON)
    with pytest.raises(UsageError, match="no office 'S9'"):
        managing.grant(db, by=keeper, name="新人", office="S9", at=NOON)
    # a second administrator may shut the first, then cannot go
    managing.set_role(db, by=keeper, name="许立", role="administrator", at=NOON)
    second = named(db, SETTINGS, "许立", at=NOON)
    with pytest.raises(NotAllowedError, match="whole company"):  # an administrator of one station manages nobody
        managing.deactivate(db, by=second, name="罗启明", at=NOON)
    # who sees the whole company for some days is nobody's successor: not after the last of them
    for_days = managing.grant(db, by=keeper, name="许立", office="*", until_day="2026-11-30", at=NOON)
    second = named(db, SETTINGS, "许立", at=NOON)
    for deed in (
        lambda: managing.deactivate(db, by=second, name="罗启明", at=NOON),
        lambda: managing.set_role(db, by=second, name="罗启明", role="inspector", at=NOON),
        lambda: managing.revoke(db, by=second, grant=3, at=NOON),
    ):
        with pytest.raises(NotAllowedError, match="last administrator from 2026-12-01 on"):
            deed()
    everything = managing.grant(db, by=keeper, name="许立", office="*", at=NOON)
    second = named(db, SETTINGS, "许立", at=NOON)
    managing.revoke(db, by=keeper, grant=for_days, at=NOON)
    managing.deactivate(db, by=second, name="罗启明", at=NOON)
    with pytest.raises(NotAllowedError, match="last administrator"):
        managing.revoke(db, by=Viewer("a third", "administrator", frozenset({"*"})), grant=everything, at=NOON)
    # scope by days, in Shanghai: the 24th is the last
    days = {day: named(db, SETTINGS, "新人", at=datetime(2026, 11, *day, tzinfo=UTC)).offices
            for day in ((22, 15, 59), (23, 4), (24, 15, 59), (24, 16, 0))}  # fmt: skip
    assert [set(one) for one in days.values()] == [set(), {"S1"}, {"S1"}, set()]
    assert next(one.contact for one in people_of(db, SETTINGS, at=NOON) if one.name == "新人") == {
        "mail": "xin@example.com"
    }
    # the machine's own command line: a way in for who is locked out, and it is told
    code = managing.link(db, ACCESS, by=system_viewer(), name="许立", at=NOON)
    assert viewer(db, come_in(db, code)).name == "许立"
    assert ("system", "code_made", "许立") in told(db)
    # at once: one code opens one door, ten guesses are five and a wait, two who shut each other out leave one
    code = managing.link(db, ACCESS, by=second, name="沈岚", at=NOON)
    entered = at_once(6, lambda _: entering.use_code(db, code=code, agent="", at=NOON).must_change)
    assert sorted(entered) == ["NotAllowedError"] * 5 + ["True"]
    guesses = at_once(10, lambda _: entering.sign_in(db, ACCESS, name="沈岚", password="guess", agent="", at=NOON))
    assert guesses == ["NotAllowedError"] * 10
    with db.reading() as connection:
        assert connection.execute(sa.select(SIGN_IN_FAILURES.c.failures)).scalars().all() == [5]
    managing.activate(db, by=second, name="罗启明", at=NOON)
    # who acts for an administrator is out of that one's reach while it lasts, and not for ever
    lent = delegating.delegate(db, by=second, to="罗启明", from_day="2026-11-23", until_day="2026-12-01", reason="出差",
                               at=NOON)  # fmt: skip
    with pytest.raises(NotAllowedError, match="own rights"):
        managing.deactivate(db, by=named(db, SETTINGS, "许立", at=NOON), name="罗启明", at=NOON)
    with pytest.raises(NotAllowedError, match="own rights"):
        managing.deactivate(db, by=named(db, SETTINGS, "罗启明", at=NOON), name="许立", at=NOON)
    delegating.end_delegation(db, by=second, delegation=lent, at=NOON)
    pair = [("许立", "罗启明"), ("罗启明", "许立")]
    as_whom = {name: named(db, SETTINGS, name, at=NOON) for name, _ in pair}
    shut = at_once(2, lambda n: managing.deactivate(db, by=as_whom[pair[n][0]], name=pair[n][1], at=NOON))
    assert sorted(shut) == ["None", "NotAllowedError"]


def test_a_head_who_acts_for_an_inspector_learns_and_decides_nothing_of_the_own_office(database):
    """The own office is what the head was granted; the role that is borrowed would open it."""
    db = database
    _, lender, head = start(db, "沈岚", "许立")
    managing.set_works_at(db, by=named(db, SETTINGS, "罗启明", at=NOON), name="沈岚", office="S2", at=NOON)
    number = delegating.delegate(db, by=lender, to="许立", from_day="2026-11-23", until_day="2026-11-24", reason="出差",
                                 at=NOON)  # fmt: skip
    sessions.act_for(db, by=head, delegation=number, at=NOON)
    with db.reading() as connection:
        account = connection.execute(sa.select(ACCOUNTS.c.id).where(ACCOUNTS.c.name == "许立")).scalar_one()
        acting = viewer_in(connection, account, at=NOON, delegation=number)
    assert (acting.role, acting.offices, acting.works_at) == ("inspector", {"*"}, None)
    inspector = replace(acting, answers_for=(), works_also_at=None)  # an inspector who works nowhere
    assert [[hides(db, who, office) for office in ("S1", "S2", "S3")] for who in (inspector, acting, head)] == [
        [False, False, False], [True, True, False], [True, True, True],
    ]  # fmt: skip
    assert own_offices(db, acting) == {"S1", "S2"}
    assert own_offices(db, named(db, SETTINGS, "许立", at=NOON)) == set()  # a head acts for the own office


def test_who_only_looks_waits_for_nobody_who_writes(sqlite_database):
    """A long import holds the one lock of SQLite: a click and a token are noted when it is free, pages are shown."""
    db = sqlite_database
    start(db, "许立")
    secret = entering.sign_in(db, ACCESS, name="许立", password=RIVER, agent="", at=NOON).secret
    token, _ = tokens.make_token(db, ACCESS, name="许立", password=RIVER, at=NOON)
    later, reader = NOON + timedelta(minutes=2), Database(db.url, busy_seconds=3)
    with db.session():  # of somebody else
        assert sessions.signed_in(reader, ACCESS, secret, at=later, touch=True).viewer.name == "许立"
        assert tokens.token_viewer(reader, "许立", token, at=later).name == "许立"
    assert sessions.signed_in(reader, ACCESS, secret, at=later, touch=True).session.seen_at == NOON
    assert sessions.signed_in(reader, ACCESS, secret, at=later).session.seen_at == later
    reader.engine.dispose()


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def test_doctor_tells_before_the_last_administrator_goes_and_of_a_line_that_others_read(sqlite_database):
    db, by = sqlite_database, system_viewer()
    patient = doctor.Patient(SETTINGS, Application(SETTINGS, db, by), True, NOON)
    managing.add(db, by=by, name="甲", role="administrator", offices=["*"], until_day="2026-11-30", at=NOON)
    (found,) = doctor._accounts(patient)
    assert (found.state, "From 2026-12-01 on" in found.message) == ("warn", True)
    managing.add(db, by=named(db, SETTINGS, "甲", at=NOON), name="乙", role="administrator", offices=["*"],
                 from_day="2026-12-01", at=NOON)  # fmt: skip
    assert [one.state for one in doctor._accounts(patient)] == ["ok"]
    # passwords that others on the line can read
    for https, state in ((False, "warn"), (True, "ok")):
        web = SETTINGS.web.model_copy(update={"hosts": ("mingcha.example",), "https": https, "port": free_port()})
        asked = replace(patient, settings=SETTINGS.model_copy(update={"web": web}))
        assert [one.state for one in doctor._web(asked)] == [state]


def test_who_acts_for_another_has_their_rights_not_their_name_and_is_no_second_person(database):
    db = database
    keeper, lender = start(db, "沈岚")
    managing.add(db, by=keeper, name="韩冰", role="reviewer", offices=["S2"], works_at="S2", at=NOON)
    code = managing.link(db, ACCESS, by=keeper, name="韩冰", at=NOON)
    secret = come_in(db, code)
    days = {"from_day": "2026-11-23", "until_day": "2026-11-24", "reason": "出差"}
    for to, by in (("罗启明", lender), ("沈岚", lender), ("沈岚", keeper), ("无", lender)):
        with pytest.raises(MingchaError):
            delegating.delegate(db, by=by, to=to, **days, at=NOON)
    with pytest.raises(UsageError, match="92 days"):
        delegating.delegate(
            db, by=lender, to="韩冰", from_day="2026-11-23", until_day="2027-02-23", reason="x", at=NOON
        )
    number = delegating.delegate(db, by=lender, to="韩冰", **days, at=NOON)

    own = sessions.signed_in(db, ACCESS, secret, at=NOON)
    assert [(name, role) for _, name, role in own.choices] == [("沈岚", "inspector")]
    assert (own.viewer.role, own.viewer.acting_for) == ("reviewer", None)
    with pytest.raises(NotAllowedError):
        sessions.act_for(db, by=own.viewer, delegation=number + 1, at=NOON)
    sessions.act_for(db, by=own.viewer, delegation=number, at=NOON)
    acting = viewer(db, secret)
    assert (acting.name, acting.acting_for, acting.role, set(acting.offices)) == ("韩冰", "沈岚", "inspector", {"*"})
    assert acting.workplaces == ("S2", "S1")
    with pytest.raises(NotAllowedError, match="not lent on"):
        delegating.delegate(db, by=acting, to="许立", **days, at=NOON)

    # what either of the two files, neither approves
    july = to_micros(datetime(2026, 7, 6, tzinfo=UTC))
    filing = Filing(offices=("S3",), records=("repairs",), starts_at=july, ends_at=july + 86_400_000_000,
                    reason="disaster", document="市防指〔2026〕8号")  # fmt: skip
    by_stand_in = file_exclusion(db, by=acting, filing=filing, at=NOON)
    by_lender = file_exclusion(db, by=lender, filing=filing, at=NOON)
    lender_now = named(db, SETTINGS, "沈岚", at=NOON)
    # choosing the own name in the strip makes nobody a second person
    assert [same_person(named(db, SETTINGS, "韩冰", at=NOON), "沈岚", to_micros(NOON + timedelta(days=days)))
            for days in (-1, 0, 1, 2)] == [False, True, True, False]  # fmt: skip
    for approver, filed in ((acting, by_stand_in), (acting, by_lender), (lender_now, by_stand_in)):
        with pytest.raises(NotAllowedError, match="may not approve it"):
            approve_exclusion(db, by=approver, number=filed, at=NOON)
    approve_exclusion(db, by=keeper, number=by_stand_in, at=NOON)
    # after the last day, or taken back, the next run is the person's own again
    assert viewer(db, secret, datetime(2026, 11, 23, 4, 30, tzinfo=UTC)).acting_for == "沈岚"
    # duties that were not kept apart when it was lent are asked for again at every run
    managing.set_role(db, by=keeper, name="韩冰", role="auditor", at=NOON)
    assert (viewer(db, secret).role, viewer(db, secret).acting_for) == ("auditor", None)
    managing.set_role(db, by=keeper, name="韩冰", role="reviewer", at=NOON)
    delegating.end_delegation(db, by=lender, delegation=number, at=NOON)
    assert (viewer(db, secret).role, viewer(db, secret).acting_for) == ("reviewer", None)
    assert ("韩冰", "acts_for", "沈岚") in told(db)
    with db.reading() as connection:
        filed = sa.select(AUDIT.c.actor, AUDIT.c.acting_for).where(AUDIT.c.action == "file_exclusion")
        assert [tuple(row) for row in connection.execute(filed.order_by(AUDIT.c.id))] == [
            ("韩冰", "沈岚"), ("沈岚", None),
        ]  # fmt: skip
    assert verify_evidence(db, SETTINGS, now=NOON).problems == []
