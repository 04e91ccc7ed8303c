"""The company's provider as we take it: what Streamlit is told, and which claims open a door, each of them once."""

import asyncio
import json
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from pydantic import SecretStr

from dashboard.accounts import managing, oidc, sessions
from dashboard.database.models import AUDIT
from dashboard.errors import MingchaError, NotAllowedError, UsageError
from dashboard.people import Viewer, system_viewer
from dashboard.settings import AccessSettings, OidcSettings, Settings, load
from dashboard.web.oidc import OwnCallback

NOW = datetime(2026, 11, 23, 1, tzinfo=UTC)
ISSUER = "https://sso.example.cn/realms/power"
ASKED = OidcSettings(issuer=ISSUER, client_id="mingcha")
KEEPER = Viewer("管理员甲", "administrator", frozenset({"*"}))


def claims(**changed):
    now = int(NOW.timestamp())
    return {"iss": ISSUER, "aud": "mingcha", "sub": "zhang", "iat": now, "exp": now + 300, "nonce": "n1", **changed}


def configured(home, **changed):
    asked = ASKED.model_copy(update={"secret": SecretStr("client-secret"), **changed})
    return Settings(home=home, access=AccessSettings()).model_copy(
        update={"home": home, "access": AccessSettings().model_copy(update={"oidc": asked})}
    )


def test_streamlit_is_told_by_hand_and_asked_for_nothing_but_who_it_is(tmp_path):
    told = oidc.streamlit_secrets(configured(tmp_path, address="https://mingcha.example/"), 8501)["auth"]
    assert told["redirect_uri"] == "https://mingcha.example/oauth2callback"
    assert told["server_metadata_url"] == f"{ISSUER}/.well-known/openid-configuration"
    assert told["client_kwargs"] == {"scope": "openid", "prompt": "select_account"}
    assert len(told["cookie_secret"]) == 64
    assert "expose_tokens" not in told
    assert oidc.streamlit_secrets(Settings(home=tmp_path), 8501) == {}
    (tmp_path / "key").write_text("from-a-file\n", encoding="utf-8")
    kept = configured(tmp_path, secret=None, secret_file="key")
    assert oidc.streamlit_secrets(kept, 1)["auth"]["client_secret"] == "from-a-file"
    missing = {"secret": None, "secret_file": "no"}
    for wrong, words in (
        ({"secret": None}, "no client secret"),
        (missing, "cannot be read"),
        ({"cookie_secret": SecretStr("short")}, "too few"),
    ):
        with pytest.raises(MingchaError, match=words):
            oidc.streamlit_secrets(configured(tmp_path, **wrong), 1)


def test_secrets_come_from_the_environment_and_are_shown_nowhere(tmp_path):
    file = tmp_path / "mingcha.toml"
    file.write_text(f'[access.oidc]\nissuer = "{ISSUER}"\nclient_id = "mingcha"\n', encoding="utf-8")
    settings = load({"MINGCHA_OIDC_SECRET": "hush-hush", "MINGCHA_COOKIE_SECRET": "k" * 40}, tmp_path)
    assert oidc.streamlit_secrets(settings, 1)["auth"]["client_secret"] == "hush-hush"
    assert "hush" not in repr(settings)
    for line, words in (('secret = "x"', "stands in no configuration"), ('address = "http://mingcha.example"', "https://"),
                        ('isuer = "x"', "did you mean 'issuer'")):  # fmt: skip
        file.write_text(f'[access.oidc]\nissuer = "{ISSUER}"\nclient_id = "mingcha"\n{line}\n', encoding="utf-8")
        with pytest.raises(MingchaError, match=words):
            load({}, tmp_path)


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"iss": f"{ISSUER}/"}, "another provider"),
        ({"iss": None}, "another provider"),
        ({"aud": "other"}, "another application"),
        ({"aud": ["other"]}, "another application"),
        ({"aud": None}, "another application"),
        ({"sub": ""}, "does not say whose"),
        ({"sub": 7}, "does not say whose"),
        ({"exp": None}, "does not say whose"),
        ({"exp": True}, "does not say whose"),
    ],
)
def test_claims_that_are_not_ours_open_nothing(changed, words):
    with pytest.raises(NotAllowedError, match=words):
        oidc.subject_of(ASKED, claims(**changed))


def test_a_token_opens_the_door_of_its_own_account_once(sqlite_database):
    db, access = sqlite_database, AccessSettings()
    managing.add(db, by=system_viewer(), name=KEEPER.name, role="administrator", offices=["*"], at=NOW)
    managing.add(db, by=KEEPER, name="张所", role="office_head", offices=["*"], at=NOW)
    managing.add(db, by=KEEPER, name="李所", role="reviewer", offices=["*"], at=NOW)
    with pytest.raises(NotAllowedError, match="no account for you here"):
        oidc.begin(db, ASKED, claims(), agent="", at=NOW)
    with db.reading() as connection:
        noted = connection.execute(sa.select(AUDIT.c.detail).order_by(AUDIT.c.id.desc()).limit(1)).scalar_one()
    assert "no account" in noted
    assert "zhang" not in noted

    managing.bind(db, by=KEEPER, name="张所", issuer=ISSUER, subject="zhang", at=NOW)
    with pytest.raises(UsageError, match="bound to another account"):
        managing.bind(db, by=KEEPER, name="李所", issuer=ISSUER, subject="zhang", at=NOW)
    with pytest.raises(NotAllowedError, match="Nobody changes their own rights"):
        managing.bind(db, by=KEEPER, name=KEEPER.name, issuer=ISSUER, subject="me", at=NOW)
    claimed = claims(role="administrator", offices=["*"], name="somebody else")
    secret = oidc.begin(db, ASKED, claimed, agent="Firefox", at=NOW)
    found = sessions.signed_in(db, access, secret, at=NOW)
    assert (found.viewer.name, found.viewer.role, found.session.must_change) == ("张所", "office_head", False)

    with pytest.raises(NotAllowedError, match="used before"):
        oidc.begin(db, ASKED, claims(), agent="", at=NOW)
    with pytest.raises(NotAllowedError, match="not used in time"):
        oidc.begin(db, ASKED, claims(nonce="n2"), agent="", at=NOW + timedelta(minutes=7))
    late = NOW + timedelta(minutes=59, seconds=59)  # the token is long over: ours holds by its own limits
    assert sessions.signed_in(db, access, secret, at=late) is not None
    assert sessions.signed_in(db, access, secret, at=NOW + timedelta(hours=1)) is None

    # bound to the wrong one at first: what that one began ends as soon as it is put right
    wrong = oidc.begin(db, ASKED, claims(nonce="n3"), agent="", at=NOW)
    managing.bind(db, by=KEEPER, name="张所", issuer=ISSUER, subject="zhang", at=NOW)  # the same: nothing ends
    assert sessions.signed_in(db, access, wrong, at=NOW) is not None
    managing.bind(db, by=KEEPER, name="张所", issuer=ISSUER, subject="zhang.2", at=NOW)
    assert sessions.signed_in(db, access, wrong, at=NOW) is None
    again = oidc.begin(db, ASKED, claims(sub="zhang.2"), agent="", at=NOW)
    managing.unbind(db, by=KEEPER, name="张所", at=NOW)
    assert sessions.signed_in(db, access, again, at=NOW) is None
    managing.bind(db, by=KEEPER, name="张所", issuer=ISSUER, subject="zhang", at=NOW)
    managing.deactivate(db, by=KEEPER, name="张所", at=NOW)
    with pytest.raises(NotAllowedError, match="no account for you here"):
        oidc.begin(db, ASKED, claims(nonce="n4"), agent="", at=NOW)


def test_the_callback_leaves_no_token_and_no_claim_for_longer_than_the_next_step():
    own = OwnCallback(None, https=True)
    message = {"type": "http.response.start", "headers": [
        (b"location", b"/"), (b"set-cookie", b"_streamlit_user=abc; HttpOnly; Max-Age=2592000; Path=/; SameSite=lax"),
        (b"set-cookie", b"_streamlit_user_tokens=xyz; HttpOnly; Max-Age=2592000; Path=/; SameSite=lax"),
        (b"set-cookie", b"_streamlit_session=s; path=/; httponly"),
    ]}  # fmt: skip
    own._change(message)
    told = json.dumps([(name.decode(), value.decode()) for name, value in message["headers"]])
    assert "tokens" not in told
    assert '"_streamlit_user=abc; HttpOnly; SameSite=lax; Path=/enter; Max-Age=120; Secure"' in told
    assert '["location", "/enter/oidc"]' in told
    refused = {"type": "http.response.start", "headers": [(b"location", b"/")]}
    own._change(refused)
    assert (b"location", b"/enter?refused=1") in refused["headers"]


def test_a_provider_that_cannot_be_reached_leads_back_to_the_entrance():
    async def streamlit(_scope, _receive, send):
        await send({"type": "http.response.start", "status": 400, "headers": []})

    async def sent(message):
        answered.append(message)

    answered = []
    asyncio.run(OwnCallback(streamlit, https=False)({"type": "http", "path": "/auth/login"}, None, sent))
    asyncio.run(OwnCallback(streamlit, https=False)({"type": "http", "path": "/league"}, None, sent))
    assert [one["status"] for one in answered] == [303, 400]
    assert answered[0]["headers"] == [(b"location", b"/enter?refused=1")]
