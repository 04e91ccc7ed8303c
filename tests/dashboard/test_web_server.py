"""The real web server: our options are in force, evidence goes by pass and in ranges, other addresses are refused."""

import json
import os
import socket
import subprocess
import sys
import time
import tomllib
import urllib.error
import urllib.request
from pathlib import Path

import pytest
import sqlalchemy as sa

from dashboard.database import Database
from dashboard.database.migrate import migrate
from dashboard.database.models import AUDIT, EVIDENCE, FINDINGS, RECORD_TABLES
from dashboard.errors import MingchaError
from dashboard.settings import Settings
from dashboard.web.places import ROOT, top
from dashboard.web.server import CONFIG_FILE, require_free, require_local, serve, streamlit_options

CLIP = bytes(range(256)) * 40
CONFIGURATION = """
[people]
"沈岚" = { role = "inspector", offices = ["*"] }
"许立" = { role = "office_head", offices = ["OTHER"] }
"""
PROGRAM = """
import json, sys, threading, time, urllib.request
from pathlib import Path
import streamlit as st
from dashboard.settings import load
from dashboard.web import passes
from dashboard.web.server import serve

port, names = int(sys.argv[1]), sys.argv[2].split(",")  # Streamlit replaces sys.argv later
def tell():
    for _ in range(600):
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/_stcore/health", timeout=1).read()
            break
        except OSError:
            time.sleep(0.1)
    found = {name: st.get_option(name) for name in names}
    words = {"owner": passes.issue(1, "沈岚"), "other": passes.issue(1, "许立"), "nobody": passes.issue(1, "无"),
             "none": passes.issue(99, "沈岚"), "outside": passes.issue(2, "沈岚"), "over": passes.issue(1, "沈岚", 1.0)}
    print(json.dumps({"options": found, "passes": words}), flush=True)
threading.Thread(target=tell, daemon=True).start()
serve(load({}, Path.cwd()), port)
"""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def fetch(url: str, **headers: str) -> tuple[int, dict[str, str], bytes]:
    request = urllib.request.Request(url, headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            return answer.status, dict(answer.headers), answer.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, dict(error.headers), error.read()


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """A running server with one clip of a hall; `url`, what it told, and its folder."""
    home = tmp_path_factory.mktemp("server")
    (home / "mingcha.toml").write_text(CONFIGURATION, encoding="utf-8")
    (home / "var/evidence").mkdir(parents=True)
    (home / "var/evidence/clip.mp4").write_bytes(CLIP)
    (home / "secret.txt").write_text("not evidence", encoding="utf-8")
    db = Database(f"sqlite:///{home / 'mingcha.db'}")
    migrate(db)
    with db.session() as connection:
        lineage: dict[str, object] = {"version_at": 0, "content_hash": 0, "batch_id": 1, "row_no": 1}
        lineage["valid_from"] = "0001-01-01"
        offices = [
            {"code": "H1", "name": "一厅", "level": "hall", **lineage},
            {"code": "OTHER", "name": "别处", "level": "station", **lineage},
        ]
        connection.execute(sa.insert(RECORD_TABLES["offices"]), offices)
        finding = {"id": 1, "hall_code": "H1", "item_code": "R02", "observed_at": 0, "duration_proven": True,
                   "source": "person", "created_at": 0}  # fmt: skip
        connection.execute(sa.insert(FINDINGS), [finding])
        piece = {"finding_id": 1, "kind": "clip", "sha256": "ab", "bytes": len(CLIP), "created_at": 0}
        connection.execute(sa.insert(EVIDENCE), [{**piece, "path": "clip.mp4"}, {**piece, "path": "../../secret.txt"}])
    port = free_port()
    names = ",".join([*streamlit_options(top(CONFIG_FILE)), "server.address", "server.port"])
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, str(port), names], cwd=home, stdout=subprocess.PIPE, text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    try:
        line = next(line for line in process.stdout if line.startswith("{"))
        yield f"http://127.0.0.1:{port}", json.loads(line), db
    finally:
        process.terminate()
        process.wait(timeout=20)
        process.stdout.close()
        db.engine.dispose()


def test_the_options_of_our_file_are_in_force(server):
    _, told, _ = server
    wanted = streamlit_options(top(CONFIG_FILE))
    assert {name: told["options"][name] for name in wanted} == wanted
    assert told["options"]["server.address"] == "127.0.0.1"
    assert wanted["client.toolbarMode"] == "viewer"
    assert wanted["runner.postScriptGC"] is False
    assert wanted["server.enableAgentApi"] is False


def test_a_clip_is_served_with_a_pass_whole_and_in_ranges(server):
    url, told, db = server
    status, headers, body = fetch(f"{url}/evidence/{told['passes']['owner']}")
    assert (status, body, headers["content-type"]) == (200, CLIP, "video/mp4")
    assert headers["cache-control"] == "private, no-store"
    status, headers, body = fetch(f"{url}/evidence/{told['passes']['owner']}", Range="bytes=100-199")
    assert (status, body, headers["content-range"]) == (206, CLIP[100:200], f"bytes 100-199/{len(CLIP)}")
    with db.reading() as connection:
        looks = connection.execute(sa.select(AUDIT.c.actor, AUDIT.c.subject)).all()
    assert looks == [("沈岚", "evidence 1")]  # the range in the middle belongs to the same look


@pytest.mark.parametrize("case", ["other", "nobody", "none", "outside", "over"])
def test_without_right_or_file_nothing_tells_why(server, case):
    url, told, _ = server
    status, _, body = fetch(f"{url}/evidence/{told['passes'][case]}")
    assert status == 404
    assert body.startswith(b"No such evidence")


@pytest.mark.parametrize("word", ["1", "abc.def", "..%2F..%2Fsecret.txt", "MXwxfGE.AAAA"])
def test_a_guessed_pass_opens_nothing(server, word):
    assert fetch(f"{server[0]}/evidence/{word}")[0] in (400, 404)  # Streamlit itself refuses a path with dots


def test_another_host_name_is_refused(server):
    url, _, _ = server
    assert fetch(f"{url}/_stcore/host-config", Host="evil.example")[0] in (400, 403)


def test_the_agent_interface_is_off(server):
    request = urllib.request.Request(f"{server[0]}/_stcore/agent/interact", b"{}", {"Content-Type": "application/json"})
    with pytest.raises(urllib.error.HTTPError) as refused, urllib.request.urlopen(request, timeout=20):
        pass
    with refused.value as answer:
        assert json.loads(answer.read())["error"]["code"] == "not_available"


def test_another_address_is_refused_until_accounts_exist():
    with pytest.raises(MingchaError, match=r"'0\.0\.0\.0' is refused.*127\.0\.0\.1 only"):
        require_local("0.0.0.0")
    settings = Settings.model_validate({"web": {"address": "192.168.1.5"}})
    with pytest.raises(MingchaError, match=r"192\.168\.1\.5"):
        serve(settings)


def test_a_port_in_use_is_named():
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        port = holder.getsockname()[1]
        with pytest.raises(MingchaError, match=f"Port {port} .*mingcha web --port N"):
            require_free(port)
    time.sleep(0.01)
    require_free(free_port())


def test_a_number_that_is_no_port_is_named():
    with pytest.raises(MingchaError, match="port = 70000 is no port"):
        require_free(70_000)


def test_the_palette_of_the_file_is_that_of_the_pages():
    """Streamlit's own widgets and our pages must not drift apart."""
    from dashboard.web.palette import DARK, LIGHT

    theme = tomllib.loads(Path(top(CONFIG_FILE)).read_text(encoding="utf-8"))["theme"]
    for name, palette in (("light", LIGHT), ("dark", DARK)):
        table = theme[name]
        assert table["primaryColor"] == table["linkColor"] == palette.accent
        assert table["backgroundColor"] == palette.ground
        assert table["secondaryBackgroundColor"] == palette.panel
        assert (table["textColor"], table["redColor"], table["orangeColor"]) == (
            palette.text, palette.breach, palette.soon)  # fmt: skip
