"""Secrets out of messages, logs and tracebacks."""

import subprocess
import sys
from pathlib import Path

import pytest

from collectors import redact as module
from collectors.base import CollectorError
from collectors.redact import redact, remember

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def _forget(monkeypatch):
    monkeypatch.setattr(module, "_remembered", {})


@pytest.mark.parametrize(
    "text",
    [
        "rtsp://admin:hunter2@10.0.0.9:554/ch1 refused",
        "Did you mean file:rtsp://hass:hunter2@10.0.0.9/ch1?",
        "postgresql+psycopg://reader:hunter2@db/crm: could not connect",
        "http://user:p@ss:hunter2/x?@host/path",
        "sftp://reader:p%40hunter2@host/inbox",
        "GET /live?user=admin&password=hunter2&channel=1",
        "GET /live?token=hunter2;x=1",
        "https://bucket.s3.example/x?X-Amz-Signature=hunter2&X-Amz-Credential=hunter2",
        "Authorization: Bearer hunter2",
        "headers={'Authorization': 'Basic hunter2', 'Accept': '*/*'}",
        "Cookie: session=hunter2",
        "x-api-key: hunter2",
        "host=db user=reader password=hunter2 dbname=crm",
        '{"client_id": "m", "client_secret": "hunter2", "x": 1}',
        "password: 'hunter2'",
        "client_secret=hunter2&grant_type=client_credentials",
        '{"access_token":"hunter2","expires_in":3600}',
        "api_key = hunter2",
        "secret_access_key='hunter2'",
    ],
)
def test_secrets_are_hidden_where_they_are_written_as_such(text):
    assert "hunter2" not in redact(text)
    assert "***" in redact(text)


@pytest.mark.parametrize(
    "text",
    [
        "a.xlsx has a sheet of 501 columns (allowed: 500)",
        "Source 'crm': auth.password_env names the variable CRM_PASSWORD, which is not set.",
        "column 'token_no' is missing; did you mean 'ticket_no'?",
        "rtsp://10.0.0.9:554/ch1 does not answer",
        "联系人 zhang@example.cn",
        "",
    ],
)
def test_ordinary_messages_stay_as_they_are(text):
    assert redact(text) == text


@pytest.mark.parametrize("form", ["p@ss/wörd 1", "p%40ss%2Fw%C3%B6rd%201", "p%40ss%2Fw%C3%B6rd+1", "cEBzcy93w7ZyZCAx"])
def test_a_remembered_secret_is_hidden_in_every_form(form):
    remember("p@ss/wörd 1")
    assert redact(f"the driver said {form}, twice {form}") == "the driver said ***, twice ***"


def test_a_secret_inside_a_longer_one_leaves_nothing_of_it():
    remember("abcd")
    remember("xx-abcd-yy")
    assert redact("got xx-abcd-yy") == "got ***"


def test_a_very_short_secret_does_not_blot_out_words():
    remember("a")
    assert redact("a table") == "a table"


def test_old_secrets_make_room_and_those_in_use_stay(monkeypatch):
    monkeypatch.setattr(module, "_MOST", 20)
    remember("the-password")
    for number in range(100):
        remember(f"token-{number}")
        remember("the-password")
    assert len(module._remembered) <= 20
    assert redact("the-password token-99") == "*** ***"


def test_an_error_never_holds_a_secret():
    remember("hunter2hunter2")
    error = CollectorError("http://u:pw12@host said hunter2hunter2")
    assert str(error) == error.message == "http://***@host said ***"


_PROGRAM = """
import logging, sys, threading
from collectors.redact import protect_process, remember
remember("s3cret-value")
logging.basicConfig(format="%(levelname)s %(message)s")  # before or after: no handler is forgotten
protect_process()
try:
    raise ValueError("could not open rtsp://u:s3cret-value@cam/1")
except ValueError:
    logging.getLogger("some.library").exception("asked %s", {"Authorization": "Bearer s3cret-value"})
thread = threading.Thread(target=lambda: 1 / len("s3cret-value"[20:]), name="s3cret-value")
thread.start()
thread.join()
raise KeyError("s3cret-value")
"""


def test_nothing_that_a_process_logs_or_dies_of_shows_a_secret():
    done = subprocess.run([sys.executable, "-c", _PROGRAM], capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 1
    assert "ERROR asked " in done.stderr
    assert done.stderr.count("Traceback") == 3
    assert "ValueError: could not open rtsp://***@cam/1" in done.stderr
    assert "ZeroDivisionError" in done.stderr
    assert "KeyError: '***'" in done.stderr
    assert "s3cret" not in done.stderr
