"""The spreadsheet source at SFTP, SMB and S3 addresses, each against a server."""

import os
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from collectors.base import CollectorError, Remark
from collectors.mapping import SpreadsheetConfig, parse_config
from collectors.spreadsheet import SpreadsheetSource
from collectors.surroundings import Surroundings

sys.path.append(str(Path(__file__).parent))
from folder_servers import PASSWORD, SMBD, USER, Bucket, _Files, sftp_server, smb_server
from web_server import WebServer

NOW = datetime(2026, 7, 10, 4, 0, tzinfo=UTC)
OLD = time.time() - 3600
AUTH = {"user": USER, "password_env": "FOLDER_PASSWORD"}


def put(path, text, at=OLD):
    path.parent.mkdir(exist_ok=True, parents=True)
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    os.utime(path, (at, at))
    return path


class Place:
    """A folder behind a server: what a test does to it, and the configuration that reads it."""

    def __init__(self, home, address, auth, root=None, bucket=None):
        self.home, self.address, self.auth, self.root, self.bucket = home, address, auth, root, bucket

    def put(self, name, text, at=OLD):
        body = text if isinstance(text, bytes) else text.encode()
        if self.bucket is None:
            put(self.root / "inbox" / name, body, at)
        else:
            self.bucket.put(f"inbox/{name}", body, datetime.fromtimestamp(at, UTC))

    def remove(self, name):
        if self.bucket is None:
            (self.root / "inbox" / name).unlink()
        else:
            self.bucket.remove(f"inbox/{name}")

    def source(self, pattern="*.csv", sleep=lambda _: None, **keys):
        table = {"name": "95598", "record": "tickets", "path": f"{self.address}/{pattern}", "auth": self.auth,
                 "allow_hosts": ["127.0.0.1"]} | keys  # fmt: skip
        around = Surroundings(self.home, self.home / "spool", {"FOLDER_PASSWORD": PASSWORD})
        return SpreadsheetSource(parse_config(SpreadsheetConfig, table, "95598"), around, sleep)

    def fetch(self, state=None, **keys):
        state = {} if state is None else state
        found = []
        for item in self.source(**keys).fetch(seen=frozenset(), state=dict(state), arrived_at=NOW):
            if isinstance(item, Remark):
                found.append(item.text)
                state.update(item.state)
            else:
                content = None if item.refused else item.path.read_bytes()
                found.append((item.name, content, item))
                state.update(item.state_if_refused if item.refused else item.state)
        return found


@pytest.fixture(params=["sftp", "smb", "s3"])
def place(request, tmp_path):
    root = tmp_path / "server"
    (root / "inbox").mkdir(parents=True)
    if request.param == "sftp":
        with sftp_server(root) as (port, known_hosts):
            (tmp_path / "known_hosts").write_text(known_hosts)
            yield Place(tmp_path, f"sftp://127.0.0.1:{port}/inbox", AUTH | {"known_hosts": "known_hosts"}, root)
    elif request.param == "smb":
        assert SMBD, "Samba is missing. On Debian: apt-get install samba"
        with smb_server(tmp_path / "samba", root) as port:
            yield Place(tmp_path, f"smb://127.0.0.1:{port}/inbox/inbox", AUTH, root)
    else:
        with WebServer().running() as server:
            auth = AUTH | {"endpoint": server.url}
            yield Place(tmp_path, "s3://bucket/inbox", auth, bucket=Bucket(server, "bucket"))


def contents(found):
    return [(item[0].rsplit("/", 1)[-1], item[1].decode()) for item in found if isinstance(item, tuple)]


def test_a_remote_folder_is_read_like_one_here(place):
    place.put("甲 1.csv", "工单编号\n1\n", OLD - 20)
    place.put("b.csv", "older", OLD - 40)
    place.put("c.csv", "third", OLD)
    place.put("c.txt", "no match")
    place.put("deep/d.csv", "not at this depth")
    state = {}
    found = place.fetch(state)
    assert contents(found) == [("b.csv", "older"), ("甲 1.csv", "工单编号\n1\n"), ("c.csv", "third")]
    assert found[0][0].startswith(place.address.split("://")[0] + "://")
    assert place.fetch(state) == [], "a second round finds nothing"

    place.put("b.csv", "changed", OLD + 40)
    place.remove("c.csv")
    found = place.fetch(state)
    assert contents(found) == [("b.csv", "changed")]
    assert [item for item in found if isinstance(item, str)] == [
        f"{place.address.split('://')[0]}://{_shown(place)}/c.csv has vanished; what it brought stays"
    ]


def _shown(place):
    host, _, path = place.address.split("://")[1].partition("/")
    return f"{host.split(':')[0]}/{path}"


def test_two_stars_look_into_every_folder_below(place):
    place.put("a.csv", "a")
    place.put("x/b.csv", "b", OLD + 1)
    place.put("x/y/c.csv", "c", OLD + 2)
    assert [name for name, _ in contents(place.fetch(pattern="**/*.csv"))] == ["a.csv", "b.csv", "c.csv"]


def test_a_growing_remote_file_waits(place):
    place.put("a.csv", "half")
    slept = []

    def write_on(seconds):
        slept.append(seconds)
        place.put("a.csv", "half and more", OLD + 1)

    (said,) = place.fetch(sleep=write_on)
    assert said.endswith("a.csv is still changing and is read later")
    assert slept == [2.0], "another machine's clock says nothing about age"


def test_a_large_file_comes_whole(place):
    body = os.urandom(3_000_000)
    place.put("a.csv", body)
    ((_, content, arrival),) = place.fetch()
    assert content == body
    assert arrival.size == 3_000_000


def test_a_folder_that_is_not_there_is_named(place):
    place.put("a.csv", "a")
    if place.bucket is not None:
        assert place.fetch(pattern="nowhere/*.csv") == [], "a bucket has no folders"
        place.address = "s3://no-bucket/inbox"
    with pytest.raises(CollectorError, match=r"source '95598': .*(there is no folder|cannot be listed)") as caught:
        place.fetch(pattern="nowhere/*.csv")
    assert not caught.value.permanent


def test_this_machine_is_refused_unless_listed(place):
    with pytest.raises(CollectorError, match="this machine itself"):
        place.fetch(allow_hosts=[])


@pytest.mark.parametrize("place", ["sftp", "smb"], indirect=True)  # the S3 server of these tests checks no signature
def test_a_wrong_password_is_named_and_stays_secret(place, tmp_path):
    (tmp_path / "wrong").write_text("wr0ng-secret")
    auth = {key: value for key, value in place.auth.items() if key != "password_env"} | {"password_file": "wrong"}
    with pytest.raises(CollectorError, match="cannot be connected to") as caught:
        place.fetch(auth=auth)
    assert "wr0ng" not in str(caught.value)


# --- SFTP only -------------------------------------------------------------------------------------------------------


@pytest.fixture
def sftp(tmp_path):
    root = tmp_path / "server"
    (root / "inbox").mkdir(parents=True)
    with sftp_server(root) as (port, known_hosts):
        (tmp_path / "known_hosts").write_text(known_hosts)
        yield Place(tmp_path, f"sftp://127.0.0.1:{port}/inbox", AUTH | {"known_hosts": "known_hosts"}, root)


def test_a_server_with_another_key_is_refused(sftp, tmp_path):
    with sftp_server(tmp_path / "server") as (_, other):
        theirs = other.split(" ", 1)[1]
    ours = (tmp_path / "known_hosts").read_text().split(" ", 1)[0]
    (tmp_path / "known_hosts").write_text(f"{ours} {theirs}")
    with pytest.raises(CollectorError, match="does not match"):
        sftp.fetch()


def test_an_unknown_server_is_refused(sftp, tmp_path):
    (tmp_path / "known_hosts").write_text("")
    with pytest.raises(CollectorError, match="not found in known_hosts"):
        sftp.fetch()
    with pytest.raises(CollectorError, match=r"sftp needs auth\.known_hosts"):
        sftp.fetch(auth=AUTH)


def test_a_link_on_the_server_is_refused(sftp):
    put(sftp.root / "secret.csv", "secret")
    (sftp.root / "inbox/a.csv").symlink_to("../secret.csv")
    ((name, content, arrival),) = sftp.fetch()
    assert content is None
    assert str(arrival.refused) == f"{name} is a link, not a file. Put the file itself there."


def test_a_connection_that_breaks_off_leaves_nothing(sftp, monkeypatch):
    sftp.put("a.csv", os.urandom(4_000_000))
    monkeypatch.setattr(_Files, "dies_after", 1_000_000)
    (said,) = sftp.fetch()
    assert "broke off" in said
    assert "It is tried again later" in said
    assert list((sftp.home / "spool").iterdir()) == []


def test_nobody_there_is_named(tmp_path):
    (tmp_path / "known_hosts").write_text("")
    place = Place(tmp_path, "sftp://127.0.0.1:1/inbox", AUTH | {"known_hosts": "known_hosts"})
    with pytest.raises(CollectorError, match=r"cannot be connected to: .*refused"):
        place.fetch()
