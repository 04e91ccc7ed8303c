"""The spreadsheet source in a folder of this machine."""

import os
import socket
import time
from datetime import UTC, datetime

import pytest

from collectors.base import Arrival, CollectorError, Remark
from collectors.mapping import SpreadsheetConfig, parse_config
from collectors.spreadsheet import SpreadsheetSource
from collectors.surroundings import Surroundings

NOW = datetime(2026, 7, 10, 4, 0, tzinfo=UTC)
OLD = time.time() - 3600


def make_source(home, sleep=lambda _: None, **keys):
    table = {"name": "95598", "record": "tickets", "path": "inbox/*"} | keys
    config = parse_config(SpreadsheetConfig, table, "95598")
    return SpreadsheetSource(config, Surroundings(home, home / "spool", {}), sleep)


def fetch(source, state=None, seen=frozenset()):
    """Arrivals as (name, content, arrival), remarks as text; `state` is updated as intake would."""
    state = {} if state is None else state
    found = []
    for item in source.fetch(seen=seen, state=dict(state), arrived_at=NOW):
        if isinstance(item, Remark):
            found.append(item.text)
            state.update(item.state)
        else:
            content = None if item.refused else item.path.read_text(encoding="utf-8")
            found.append((item.name, content, item))
            state.update(item.state_if_refused if item.refused else item.state)
    return found


def put(path, text="x", at=OLD):
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, encoding="utf-8")
    os.utime(path, (at, at))
    return path


def names(found):
    return [item[0] for item in found if isinstance(item, tuple)]


def test_new_files_come_oldest_first_and_once(tmp_path):
    put(tmp_path / "inbox/b.csv", "older", OLD - 10)
    put(tmp_path / "inbox/a.csv", "newer")
    state = {}
    found = fetch(make_source(tmp_path), state)
    assert [item[:2] for item in found] == [("inbox/b.csv", "older"), ("inbox/a.csv", "newer")]
    assert fetch(make_source(tmp_path), state) == []


def test_what_is_read_is_a_private_copy_that_is_gone_afterwards(tmp_path):
    put(tmp_path / "inbox/a.csv")
    for item in make_source(tmp_path).fetch(seen=frozenset(), state={}, arrived_at=NOW):
        assert item.path.parent.parent == tmp_path / "spool"
        assert item.path.parent.stat().st_mode & 0o077 == 0
    assert list((tmp_path / "spool").iterdir()) == []


def test_a_changed_file_is_read_again(tmp_path):
    path, state = put(tmp_path / "inbox/a.csv", "one"), {}
    fetch(make_source(tmp_path), state)
    put(path, "two", OLD + 1)
    assert [item[1] for item in fetch(make_source(tmp_path), state)] == ["two"]


def test_content_read_before_is_left_alone_under_any_name(tmp_path):
    put(tmp_path / "inbox/a.csv", "same")
    (found,) = fetch(make_source(tmp_path))
    put(tmp_path / "inbox/b.csv", "same")
    state = {"file:inbox/a.csv": found[2].state["file:inbox/a.csv"]}
    assert fetch(make_source(tmp_path), state, frozenset({found[2].sha256})) == [
        "inbox/b.csv holds what was read before"
    ]
    assert fetch(make_source(tmp_path), state) == [], "and is not looked into again"


def test_a_vanished_file_is_said_once(tmp_path):
    path, state = put(tmp_path / "inbox/a.csv"), {"watermark": "7"}
    fetch(make_source(tmp_path), state)
    path.unlink()
    assert fetch(make_source(tmp_path), state) == ["inbox/a.csv has vanished; what it brought stays"]
    state = {key: value for key, value in state.items() if value}
    assert fetch(make_source(tmp_path), state) == []


# --- settling --------------------------------------------------------------------------------------------------------


def test_a_growing_file_waits_for_the_next_round(tmp_path):
    path = put(tmp_path / "inbox/a.csv", "half", time.time())
    put(tmp_path / "inbox/b.csv", "whole")

    def write_on(seconds):
        assert 1 < seconds <= 2
        path.write_text("half, and more")

    found = fetch(make_source(tmp_path, write_on))
    assert names(found) == ["inbox/b.csv"]
    assert "inbox/a.csv is still changing and is read later" in found


def test_a_file_that_has_been_quiet_costs_no_waiting(tmp_path):
    put(tmp_path / "inbox/a.csv")
    assert names(fetch(make_source(tmp_path, lambda _: pytest.fail("nobody should wait")))) == ["inbox/a.csv"]


def test_a_file_from_the_future_waits_like_a_new_one(tmp_path):
    put(tmp_path / "inbox/a.csv", at=time.time() + 3600)
    slept = []
    assert names(fetch(make_source(tmp_path, slept.append, settle="3s"))) == ["inbox/a.csv"]
    assert slept == [3.0]


def test_a_file_that_changes_while_it_is_copied_waits(tmp_path, monkeypatch):
    path = put(tmp_path / "inbox/a.csv", "half")

    def copied(source, target):
        target.write_bytes(source.read())
        put(path, "half and more", time.time())
        return "digest", 4

    monkeypatch.setattr("collectors.spreadsheet.copied", copied)
    assert fetch(make_source(tmp_path)) == ["inbox/a.csv is still changing and is read later"]


def test_lock_files_hidden_files_and_files_under_way_are_none(tmp_path):
    for name in (".a.csv", "~$a.xlsx", "a.csv.part", "a.tmp", "a.csv.crdownload"):
        put(tmp_path / "inbox" / name)
    assert fetch(make_source(tmp_path)) == []


# --- refused before reading ------------------------------------------------------------------------------------------


def refusal(tmp_path, **keys):
    ((name, content, arrival),) = fetch(make_source(tmp_path, **keys))
    assert content is None
    assert arrival.refused.permanent
    assert arrival.state == {}
    return name, str(arrival.refused)


def test_a_folder_called_like_a_workbook_is_refused(tmp_path):
    (tmp_path / "inbox/x.xlsx").mkdir(parents=True)
    name, said = refusal(tmp_path)
    assert name == "inbox/x.xlsx"
    assert said.endswith("x.xlsx is a folder, no spreadsheet. Put a file there.")


def test_a_refusal_is_said_once_until_it_changes(tmp_path):
    (tmp_path / "inbox/x.xlsx").mkdir(parents=True)
    state = {}
    assert len(fetch(make_source(tmp_path), state)) == 1
    assert fetch(make_source(tmp_path), state) == []


def test_a_plain_folder_beside_the_files_is_nobodys_business(tmp_path):
    (tmp_path / "inbox/archive").mkdir(parents=True)
    assert fetch(make_source(tmp_path)) == []


def test_a_link_out_of_the_inbox_is_refused(tmp_path):
    put(tmp_path / "secret.csv", "secret")
    (tmp_path / "inbox").mkdir()
    (tmp_path / "inbox/a.csv").symlink_to(tmp_path / "secret.csv")
    assert "leads out of" in refusal(tmp_path)[1]


def test_a_link_through_a_linked_folder_is_refused(tmp_path):
    put(tmp_path / "elsewhere/secret.csv", "secret")
    (tmp_path / "inbox").mkdir()
    (tmp_path / "inbox/sub").symlink_to(tmp_path / "elsewhere")
    assert "leads out of" in refusal(tmp_path, path="inbox/**/*.csv")[1]


def test_a_link_inside_the_inbox_is_a_file(tmp_path):
    put(tmp_path / "inbox/a.csv", "fine")
    (tmp_path / "inbox/b.csv").symlink_to("a.csv")
    assert sorted(names(fetch(make_source(tmp_path)))) == ["inbox/a.csv", "inbox/b.csv"]


def test_the_inbox_itself_may_be_a_link(tmp_path):
    put(tmp_path / "mounted/a.csv", "fine")
    (tmp_path / "inbox").symlink_to(tmp_path / "mounted")
    assert names(fetch(make_source(tmp_path))) == ["inbox/a.csv"]


def test_a_dangling_link_is_no_file(tmp_path):
    (tmp_path / "inbox").mkdir()
    (tmp_path / "inbox/a.csv").symlink_to("gone.csv")
    (item,) = fetch(make_source(tmp_path))
    assert "No such file" in str(item[2].refused)


def test_pipes_and_sockets_are_refused_and_nobody_waits(tmp_path, monkeypatch):
    (tmp_path / "inbox").mkdir()
    os.mkfifo(tmp_path / "inbox/a.csv")
    assert "is a pipe, no spreadsheet" in refusal(tmp_path)[1]
    (tmp_path / "inbox/a.csv").unlink()
    with socket.socket(socket.AF_UNIX) as endpoint:
        monkeypatch.chdir(tmp_path)  # names of sockets are short
        endpoint.bind("inbox/s.csv")
        assert "is a socket, no spreadsheet" in refusal(tmp_path)[1]


def test_a_file_swapped_for_a_link_after_the_listing_is_not_followed(tmp_path):
    put(tmp_path / "secret.csv", "secret")
    path = put(tmp_path / "inbox/a.csv", "x", time.time())

    def swap(_):
        stamp = path.stat()
        path.unlink()
        path.symlink_to(tmp_path / "secret.csv")
        os.utime(path, ns=(stamp.st_atime_ns, stamp.st_mtime_ns), follow_symlinks=False)

    found = fetch(make_source(tmp_path, swap))
    assert not [item for item in found if isinstance(item, tuple)]


def test_a_missing_folder_is_named(tmp_path):
    with pytest.raises(CollectorError, match=r"there is no folder .*inbox\. Create it"):
        fetch(make_source(tmp_path))


def test_a_file_without_rights_keeps_nobody_else_from_being_read(tmp_path, monkeypatch):
    put(tmp_path / "inbox/a.csv", at=OLD - 10)
    put(tmp_path / "inbox/b.csv")
    really_open = os.open

    def refusing(path, *arguments, **others):
        if str(path).endswith("a.csv"):
            raise PermissionError(13, "Permission denied")
        return really_open(path, *arguments, **others)

    monkeypatch.setattr("collectors.folders.os.open", refusing)
    first, second = fetch(make_source(tmp_path))
    assert first == "inbox/a.csv cannot be opened: Permission denied. Check its rights. It is tried again later."
    assert second[0] == "inbox/b.csv"


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ({"path": "ftp://host/x"}, "known are sftp, smb, s3"),
        ({"path": "sftp://reader:hunter22@host/x"}, "no user or password"),
        ({"path": ""}, "needs a path"),
        ({"settle": "soon"}, "no duration"),
        ({"setle": "2s"}, "did you mean 'settle'"),
        ({"auth": {"known_host": "x"}}, "did you mean 'known_hosts'"),
    ],
)
def test_a_wrong_key_is_named(tmp_path, keys, said):
    with pytest.raises(CollectorError, match=said) as caught:
        make_source(tmp_path, **keys)
    assert "hunter22" not in str(caught.value)


def test_an_arrival_says_what_to_remember_either_way(tmp_path):
    put(tmp_path / "inbox/a.csv")
    (found,) = fetch(make_source(tmp_path))
    assert isinstance(found[2], Arrival)
    assert found[2].state == found[2].state_if_refused
