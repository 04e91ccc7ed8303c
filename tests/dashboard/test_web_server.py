"""The real web server: our options are in force, evidence goes by pass and in ranges, other addresses are refused."""

import hashlib
import json
import os
import socket
import subprocess
import sys
import time
import tomllib
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import cv2
import numpy as np
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
LARGE = 500 * 2**20
PICTURE = np.random.default_rng(1).integers(0, 255, (180, 320, 3), np.uint8)
CONFIGURATION = """
[people]
"沈岚" = { role = "inspector", offices = ["*"] }
"许立" = { role = "office_head", offices = ["OTHER"] }
"苏敏" = { role = "regional_manager", offices = ["*"] }
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
    asked = {"owner": (1, "沈岚"), "other": (1, "许立"), "nobody": (1, "无"), "none": (99, "沈岚"),
             "outside": (2, "沈岚"), "over": (1, "沈岚", 1.0), "large": (3, "沈岚"), "link": (4, "沈岚"),
             "head": (1, "沈岚"), "empty": (7, "沈岚")}
    words = {name: passes.issue(*one, original=True) for name, one in asked.items()}
    words |= {"blurred": passes.issue(5, "沈岚"), "broken": passes.issue(6, "沈岚"),
              "original": passes.issue(5, "沈岚", original=True), "leader": passes.issue(5, "苏敏", original=True),
              "second": passes.issue(3, "沈岚", second=1.0), "parcel": passes.issue_parcel("ab12", "沈岚"),
              "gone": passes.issue_parcel("ab13", "沈岚")}
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
    for name in ("ab12", "ab13"):
        (home / "var/parcels" / name).mkdir(parents=True)
        (home / "var/parcels" / name / "mingcha-case-城关.zip").write_bytes(CLIP)
    os.utime(home / "var/parcels/ab13/mingcha-case-城关.zip", (time.time() - 3601,) * 2)
    (home / "var/evidence/link.jpg").symlink_to(home / "secret.txt")
    (home / "var/evidence/broken.jpg").write_text("no picture", encoding="utf-8")
    (home / "var/evidence/empty.mp4").touch()
    cv2.imwrite(str(home / "var/evidence/frame.png"), PICTURE)
    with (home / "var/evidence/large.mp4").open("wb") as file:
        file.truncate(LARGE)
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
        paths = ("clip.mp4", "../../secret.txt", "large.mp4", "link.jpg", "frame.png", "broken.jpg", "empty.mp4")
        connection.execute(sa.insert(EVIDENCE), [{**piece, "path": path} for path in paths])
    port = free_port()
    names = ",".join([*streamlit_options(top(CONFIG_FILE)), "server.address", "server.port"])
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, str(port), names], cwd=home, stdout=subprocess.PIPE, text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    try:
        line = next(line for line in process.stdout if line.startswith("{"))
        yield f"http://127.0.0.1:{port}", {**json.loads(line), "pid": process.pid}, db
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


def looks(db, evidence):
    query = sa.select(AUDIT.c.actor, AUDIT.c.detail).where(AUDIT.c.subject == f"evidence {evidence}",
                                                           AUDIT.c.action == "look at evidence")  # fmt: skip
    with db.reading() as connection:
        return connection.execute(query).all()


def test_a_clip_is_served_with_a_pass_whole_and_in_ranges(server):
    url, told, db = server
    status, headers, body = fetch(f"{url}/evidence/{told['passes']['owner']}", Range="bytes=100-199")
    assert (status, body, headers["content-range"]) == (206, CLIP[100:200], f"bytes 100-199/{len(CLIP)}")
    status, headers, body = fetch(f"{url}/evidence/{told['passes']['owner']}")
    assert (status, body, headers["content-type"]) == (200, CLIP, "video/mp4")
    assert headers["cache-control"] == "private, no-store"
    assert headers["x-content-type-options"] == "nosniff"
    assert looks(db, 1) == [("沈岚", "ab original")]  # the first range, wherever it began; the others belong to it


SIZE = len(CLIP)
RANGES = [
    ("bytes=0-", 206, CLIP), ("bytes=-5", 206, CLIP[-5:]), (f"bytes=-{SIZE + 9}", 206, CLIP),
    (f"bytes={SIZE - 1}-{SIZE + 9}", 206, CLIP[-1:]), (" Bytes = 3-4 ", 206, CLIP[3:5]), ("bytes=0-0", 206, CLIP[:1]),
    (f"bytes={SIZE}-", 416, b""), ("bytes=-0", 416, b""),
    ("bytes=5-2", 200, CLIP), ("bytes=-", 200, CLIP), ("bytes=0-1,5-6", 200, CLIP), ("items=0-1", 200, CLIP),
    ("bytes=0-" + "9" * 5000, 200, CLIP), ("bytes=0x1-2", 200, CLIP), ("bytes=9-99999999999999999999", 206, CLIP[9:]),
]  # fmt: skip


@pytest.mark.parametrize(("asked", "status", "body"), RANGES, ids=[one[0].strip()[:40] for one in RANGES])
def test_ranges_as_the_standard_has_them(server, asked, status, body):
    url, told, _ = server
    found, headers, got = fetch(f"{url}/evidence/{told['passes']['owner']}", Range=asked)
    assert (found, got, int(headers["content-length"])) == (status, body, len(body))
    assert headers["accept-ranges"] == "bytes"
    if status == 416:
        assert headers["content-range"] == f"bytes */{SIZE}"
    assert ("content-range" in headers) == (status != 200)


def test_a_range_of_another_version_gets_the_whole_file(server):
    url, told, _ = server
    address = f"{url}/evidence/{told['passes']['owner']}"
    assert fetch(address)[1]["etag"] == '"ab"'
    assert fetch(address, Range="bytes=0-3", **{"If-Range": '"ab"'})[::2] == (206, CLIP[:4])
    for other in ('"cd"', 'W/"ab"', "Sat, 01 Aug 2026 00:00:00 GMT"):
        assert fetch(address, Range="bytes=0-3", **{"If-Range": other})[::2] == (200, CLIP)


def spoken(url, request):
    """Everything that the server says to these bytes until it closes."""
    port = int(url.rpartition(":")[2])
    with socket.create_connection(("127.0.0.1", port), timeout=20) as line:
        line.sendall(request.replace("\n", "\r\n").encode())
        return b"".join(iter(lambda: line.recv(65536), b""))


def test_head_tells_all_and_sends_nothing_and_is_no_look(server):
    url, told, db = server
    before = looks(db, 7)
    host = url.removeprefix("http://")
    word = told["passes"]["empty"]
    answer = spoken(url, f"HEAD /evidence/{word} HTTP/1.1\nHost: {host}\nConnection: close\n\n")
    head, _, body = answer.partition(b"\r\n\r\n")
    assert (head.split(b" ")[1], body) == (b"200", b"")
    assert looks(db, 7) == before
    asked = f"HEAD /evidence/{told['passes']['head']} HTTP/1.1\nHost: {host}\nRange: bytes=2-5\nConnection: close\n\n"
    head, _, body = spoken(url, asked).partition(b"\r\n\r\n")
    assert (head.split(b" ")[1], body) == (b"206", b"")
    assert f"content-range: bytes 2-5/{SIZE}".encode() in head.lower()


def test_a_package_is_fetched_from_the_disk_in_ranges_and_for_an_hour(server):
    url, told, _ = server
    status, headers, body = fetch(f"{url}/evidence/{told['passes']['parcel']}", Range="bytes=100-199")
    assert (status, body, headers["content-type"]) == (206, CLIP[100:200], "application/zip")
    assert headers["content-disposition"].endswith("filename*=UTF-8''mingcha-case-%E5%9F%8E%E5%85%B3.zip")
    assert fetch(f"{url}/evidence/{told['passes']['gone']}")[0] == 404


def test_an_empty_file_is_empty(server):
    url, told, _ = server
    assert fetch(f"{url}/evidence/{told['passes']['empty']}")[::2] == (200, b"")
    assert fetch(f"{url}/evidence/{told['passes']['empty']}", Range="bytes=0-")[0] == 416


def test_many_at_once_read_a_large_clip_and_memory_does_not_grow_with_it(server):
    url, told, db = server
    address = f"{url}/evidence/{told['passes']['large']}"
    before = peak_memory(told["pid"])
    with ThreadPoolExecutor(8) as pool:
        parts = list(pool.map(lambda n: fetch(address, Range=f"bytes={n * 2**20}-{(n + 1) * 2**20 - 1}"), range(24)))
        assert [(status, len(body), body.count(0)) for status, _, body in parts] == [(206, 2**20, 2**20)] * 24
    assert drained(address) == LARGE
    hang_up(url, told["passes"]["large"])
    assert peak_memory(told["pid"]) - before < 60_000  # kB
    assert len(looks(db, 3)) == 1


def drained(address):
    with urllib.request.urlopen(address, timeout=60) as answer:
        return sum(map(len, iter(lambda: answer.read(2**20), b"")))


def hang_up(url, word):
    """Ask for all of it, read a little and leave."""
    with socket.create_connection(("127.0.0.1", int(url.rpartition(":")[2])), timeout=20) as line:
        line.sendall(f"GET /evidence/{word} HTTP/1.1\r\nHost: {url.removeprefix('http://')}\r\n\r\n".encode())
        assert line.recv(65536).startswith(b"HTTP/1.1 200")


def peak_memory(pid):
    status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    return int(next(line for line in status.splitlines() if line.startswith("VmHWM")).split()[1])


def test_outside_the_review_page_a_picture_is_blurred_and_marked(server):
    url, told, db = server
    _, headers, body = fetch(f"{url}/evidence/{told['passes']['blurred']}")
    shown = cv2.imdecode(np.frombuffer(body, np.uint8), cv2.IMREAD_COLOR)
    assert headers["content-type"] == "image/jpeg"
    assert shown.shape == (202, 320, 3)  # no polygon, all blurred; a strip with name and time below
    assert shown[:180].std() < PICTURE.std() / 4
    again = fetch(f"{url}/evidence/{told['passes']['blurred']}")
    assert (again[1]["etag"], again[2]) == (headers["etag"], body)
    made = sa.select(AUDIT.c.actor, AUDIT.c.detail).where(AUDIT.c.action == "copy_blurred")
    with db.reading() as connection:
        [(actor, detail)] = connection.execute(made).all()
    assert (actor, json.loads(detail)["of"]) == ("沈岚", "ab")
    assert json.loads(detail)["sha256"] == hashlib.sha256(body).hexdigest()
    assert looks(db, 5) == [("沈岚", "ab blurred")]


def test_the_original_is_for_who_reviews_whatever_the_pass_says(server):
    url, told, _ = server
    clear = cv2.imdecode(np.frombuffer(fetch(f"{url}/evidence/{told['passes']['original']}")[2], np.uint8), 1)
    assert np.array_equal(clear, PICTURE)
    status, headers, body = fetch(f"{url}/evidence/{told['passes']['leader']}")
    assert (status, headers["content-type"]) == (200, "image/jpeg")
    assert cv2.imdecode(np.frombuffer(body, np.uint8), 1)[:180].std() < PICTURE.std() / 4


@pytest.mark.parametrize("case", ["broken", "second"])
def test_what_cannot_be_blurred_is_not_shown(server, case):
    url, told, _ = server
    status, _, body = fetch(f"{url}/evidence/{told['passes'][case]}")
    assert (status, body) == (503, b"This cannot be blurred and is not shown.")


@pytest.mark.parametrize("case", ["other", "nobody", "none", "outside", "over", "link"])
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
