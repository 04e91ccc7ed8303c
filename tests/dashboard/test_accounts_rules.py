"""Accounts without a database: limits of a sign-in, waits, passwords, who counts as one person, where a form leads."""

import asyncio
from datetime import UTC, datetime, timedelta
from threading import Event
from types import SimpleNamespace

import pytest
from argon2 import PasswordHasher
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from dashboard.accounts import secret_words
from dashboard.accounts.attempts import shortened, wait_after
from dashboard.accounts.keepers import Term, day_lost, day_without
from dashboard.accounts.secret_words import digest, hashed, matches, new_secret, require_good
from dashboard.accounts.sessions import Session, over
from dashboard.errors import MingchaError, UsageError
from dashboard.people import Stand, Viewer, same_person
from dashboard.settings import AccessSettings, Settings
from dashboard.web import entrance
from dashboard.web.entrance import safe_next, same_origin
from dashboard.web.server import require_local
from dashboard.web.signed_in import cookie_name

ACCESS = AccessSettings()  # 60 minutes idle, 12 hours at most, 5 failures, waits from 30 to 900 seconds
NOON = datetime(2026, 11, 23, 4, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def session(began=NOON, seen=NOON):
    return Session(1, 1, "沈岚", "inspector", "password", None, began, seen, must_change=False, delegation=None)


@pytest.mark.parametrize(
    ("now", "why"),
    [
        (NOON + timedelta(minutes=60) - SECOND, None),
        (NOON + timedelta(minutes=60), "idle"),
        (NOON + timedelta(minutes=60) + SECOND, "idle"),
        (NOON - timedelta(minutes=5), None),
        (NOON - timedelta(minutes=5) - SECOND, "absolute"),
    ],
)
def test_a_sign_in_ends_at_its_idle_limit_and_not_by_a_clock_set_back(now, why):
    assert over(session(), ACCESS, now) == why


@pytest.mark.parametrize(("hours", "why"), [(timedelta(hours=12) - SECOND, None), (timedelta(hours=12), "absolute")])
def test_a_busy_sign_in_ends_at_its_absolute_limit(hours, why):
    now = NOON + hours
    assert over(session(seen=now), ACCESS, now) == why


def test_waits_begin_with_the_fifth_failure_and_double_up_to_a_quarter_of_an_hour():
    assert [wait_after(failures, ACCESS) for failures in (1, 4, 5, 6, 7, 9, 10, 500)] == [
        0, 0, 30, 60, 120, 480, 900, 900,
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("password", "says"),
    [
        ("elevenchars", "12 characters"),
        ("x" * 129, "128 characters"),
        ("沈岚 sits on the roof", "your name"),
        ("aaaaaaaaaaaaaa", "everybody tries first"),
        ("passwordpassword", "everybody tries first"),
        ("123456789012", "everybody tries first"),
    ],
)
def test_a_poor_password_is_refused_and_it_says_why(password, says):
    with pytest.raises(UsageError, match=says):
        require_good(password, "沈岚", 12)


def test_a_password_is_kept_as_argon2id_and_found_again_however_it_was_typed():
    require_good("a quiet river runs", "沈岚", 12)
    kept = hashed("ﬁve green bottles")  # one ligature or two letters: the same
    assert kept.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert matches(kept, "five green bottles")
    assert not matches(kept, "five green bottle")
    assert not matches(None, "five green bottles")
    assert not matches(kept, "x" * 100_000)
    assert not matches(kept, "five green bottles\udcff")  # a byte of a terminal that is no text


def test_a_name_without_an_account_costs_as_much_work_as_any_other_from_the_first_guess_on(monkeypatch):
    kept, work = hashed("five green bottles"), []
    for deed in ("hash", "verify"):
        real = getattr(PasswordHasher, deed)
        monkeypatch.setattr(
            PasswordHasher,
            deed,
            lambda *args, real=real, deed=deed, **more: (work.append(deed), real(*args, **more))[1],
        )
    for held in (kept, None):
        secret_words._nobody.cache_clear()  # as in a process that has just started
        assert [matches(held, "a guess"), matches(held, "another")] == [False, False]
    assert work == ["hash", "verify", "verify"] * 2


ALWAYS, SHORT = Term(1, 1, "2026-01-01"), Term(2, 2, "2026-01-01", "2026-11-30")
OVER, LATER = Term(3, 3, "2026-01-01", "2026-11-22"), Term(4, 4, "2026-12-05", "2026-12-10")


@pytest.mark.parametrize(
    ("before", "after", "lost"),
    [
        ([ALWAYS, SHORT], [ALWAYS], None),
        ([ALWAYS, SHORT], [SHORT], "2026-12-01"),  # the other one's last day is the 30th
        ([ALWAYS, SHORT, LATER], [SHORT, LATER], "2026-12-01"),
        ([ALWAYS], [], "2026-11-23"),
        ([ALWAYS, OVER], [OVER], "2026-11-23"),
        ([ALWAYS, LATER], [LATER], "2026-11-23"),  # who begins in December keeps nothing today
        ([ALWAYS, OVER], [ALWAYS], None),
        ([SHORT], [SHORT], None),  # what nobody would have kept is not lost
        ([SHORT, LATER], [SHORT], "2026-12-05"),
        ([OVER], [], None),
    ],
)
def test_an_administrator_stays_today_and_on_every_later_day(before, after, lost):
    assert day_lost(before, after, "2026-11-23") == lost


def test_the_first_day_without_an_administrator_is_known_before():
    held = ([ALWAYS], [SHORT], [SHORT, LATER], [OVER], [SHORT, Term(2, 5, "2026-12-01")], [])
    assert [day_without(one, "2026-11-23") for one in held] == [
        None, "2026-12-01", "2026-12-01", "2026-11-23", None, "2026-11-23",
    ]  # fmt: skip


def test_a_secret_of_ours_has_256_bits_and_a_given_name_is_told_short_and_plain():
    assert len(new_secret()) == 43
    assert new_secret() != new_secret()
    assert digest("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert shortened("沈岚") == "沈岚"
    assert shortened("my secret password") == "my sec…"
    assert shortened("a\nb\x00") == "a�b�"


def test_who_stands_in_counts_as_the_person_in_whose_stead_and_only_then():
    alone = Viewer("甲", "inspector", frozenset({"*"}), stands=(Stand("乙", 100, 200),))
    assert [same_person(alone, "甲"), same_person(alone, "乙"), same_person(alone, "丙")] == [True, True, False]
    assert [same_person(alone, "乙", at) for at in (99, 100, 199, 200)] == [False, True, True, False]
    acting = Viewer("乙", "inspector", frozenset({"*"}), acting_for="甲")
    assert [same_person(acting, name) for name in ("甲", "乙", "丙", None)] == [True, True, False, False]


@pytest.mark.parametrize(
    ("asked", "leads"),
    [
        ("/warnings?lang=zh", "/warnings?lang=zh"), ("/", "/"), ("", "/"), ("//evil.example", "/"), ("//[", "/"),
        ("https://evil.example/", "/"), ("/\\evil.example", "/"), ("javascript:alert(1)", "/"), ("/enter?code=x", "/"),
        ("/evidence/x", "/"), ("/a\r\nSet-Cookie: b", "/"), ("evil", "/"), ("/%0d%0aX", "/%250d%250aX"),
    ],
)  # fmt: skip
def test_after_signing_in_one_goes_on_within_our_own_pages_only(asked, leads):
    assert safe_next(asked) == leads


@pytest.mark.parametrize(
    ("headers", "https", "ours"),
    [
        ({"origin": "http://here.example:8501"}, False, True),
        ({"origin": "https://here.example:8501"}, True, True),
        ({"origin": "http://here.example:8501"}, True, False),
        ({"origin": "http://evil.example"}, False, False),
        ({"origin": "null"}, False, False),
        ({"sec-fetch-site": "same-origin"}, False, True),
        ({"sec-fetch-site": "same-site"}, False, False),
        ({}, False, False),
    ],
)
def test_a_form_is_heard_from_our_own_page_only(headers, https, ours):
    raw = [(name.encode(), value.encode()) for name, value in {"host": "here.example:8501", **headers}.items()]
    assert same_origin(Request({"type": "http", "headers": raw}), https=https) is ours


def test_a_flood_of_sign_ins_holds_up_the_entrance_and_nothing_else(monkeypatch):
    """Each hash takes its time: many at once wait for one another, not pictures and downloads for them."""
    ended, heard = Event(), []
    monkeypatch.setattr(entrance, "_told", lambda *_: (heard.append(1), ended.wait(20))[0])
    monkeypatch.setattr(entrance.wiring, "application", lambda: SimpleNamespace(settings=Settings()))
    raw = [(b"host", b"here.example"), (b"origin", b"http://here.example")]

    async def receive():
        return {"type": "http.request", "body": b"name=x&password=y", "more_body": False}

    async def story():
        answer = entrance.answering(None, None)
        asked = [answer(Request({"type": "http", "method": "POST", "headers": raw}, receive)) for _ in range(60)]
        flood = asyncio.gather(*asked)
        while not heard:
            await asyncio.sleep(0)
        try:
            return await asyncio.wait_for(run_in_threadpool(lambda: "through"), 5)
        finally:
            ended.set()
            await flood

    assert asyncio.run(story()) == "through"
    assert len(heard) == 60


def test_other_machines_come_in_only_with_accounts_and_by_names_that_are_known():
    with pytest.raises(MingchaError, match="until accounts exist"):
        require_local("127.0.0.1", ["mingcha.example"])
    with pytest.raises(MingchaError, match="needs hosts"):
        require_local("0.0.0.0", accounts=True)
    require_local("0.0.0.0", ["mingcha.example"], accounts=True)
    assert cookie_name(Settings.model_validate({"web": {"https": True}})) == "__Host-mingcha"
