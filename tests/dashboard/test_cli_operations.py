"""`mingcha up`, `init`, `doctor`, `backup`, `restore` as a person types them: real processes in their own folder."""

import json
import os
import signal
import socket
import sqlite3
import stat
import subprocess
import sys
import time
import tomllib
from pathlib import Path

import pytest
import sqlalchemy as sa

from dashboard.database import Database
from dashboard.database.models import AUDIT, HEARTBEATS
from dashboard.operations.initialise import TEMPLATE
from dashboard.settings import Settings
from dashboard.worker import lease

MINGCHA = [sys.executable, "-P", "-m", "dashboard.cli"]


def environment(**extra):
    ours = {name: value for name, value in os.environ.items() if not name.startswith("MINGCHA_")}
    return {**ours, **extra}


def mingcha(folder, *arguments, **extra):
    return subprocess.run(
        [*MINGCHA, *arguments], cwd=folder, env=environment(**extra), capture_output=True, text=True, timeout=60
    )


def within(seconds, condition):
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if value := condition():
            return value
        time.sleep(0.1)
    raise AssertionError(f"not within {seconds} s")


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A folder after `mingcha init`."""
    folder = tmp_path_factory.mktemp("made")
    done = mingcha(folder, "init")
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture
def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def test_init_makes_an_installation_that_only_its_user_can_read(made):
    assert stat.S_IMODE((made / "mingcha.db").stat().st_mode) == 0o600
    assert stat.S_IMODE((made / "var" / "plan.secret").stat().st_mode) == 0o600
    assert stat.S_IMODE((made / "var" / "evidence").stat().st_mode) == 0o700
    assert len((made / "var" / "plan.secret").read_text().strip()) == 64


def test_init_again_changes_nothing(made):
    (made / "mingcha.toml").write_text((made / "mingcha.toml").read_text() + "# my note\n")
    before = {path: path.read_bytes() for path in (made / "mingcha.toml", made / "var" / "plan.secret")}
    done = mingcha(made, "init", MINGCHA_USER="nobody known")
    assert done.returncode == 0, done.stderr
    assert "Created" not in done.stderr
    assert {path: path.read_bytes() for path in before} == before


def test_the_commented_configuration_says_the_defaults():
    assert Settings.model_validate(tomllib.loads(TEMPLATE.read_text(encoding="utf-8"))) == Settings()


def test_every_commented_key_of_the_configuration_is_a_real_one():
    """Taking the `# ` away gives a valid configuration too."""
    lines = TEMPLATE.read_text(encoding="utf-8").splitlines()
    keys = [line.removeprefix("# ") if line.startswith(("# [", "# ")) and is_toml(line[2:]) else line for line in lines]
    settings = Settings.model_validate(tomllib.loads("\n".join(keys)))
    assert settings.sources[0]["columns"] == {"ticket_no": "国网工单编号"}
    assert settings.people["王检"].role == "inspector"
    assert settings.video.face_model == "models/yunet_n_320_320.onnx"


def is_toml(line):
    try:
        return bool(tomllib.loads(line))
    except tomllib.TOMLDecodeError:
        return False


def test_an_unknown_key_is_named_with_the_nearest_known_one(tmp_path):
    (tmp_path / "mingcha.toml").write_text('[web]\nadress = "127.0.0.1"\n')
    done = mingcha(tmp_path, "init")
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1
    assert "unknown key 'web.adress', did you mean 'address'?" in done.stderr
    assert not (tmp_path / "mingcha.db").exists()


def test_a_database_locked_by_another_process_is_said_in_one_line(made, tmp_path):
    with holding_lock(made / "mingcha.db"):
        done = mingcha(made, "backup", str(tmp_path / "saved.zip"), MINGCHA_BUSY_SECONDS="0.3")
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert "mingcha.db has been locked by another process for 0.3 s. Stop it or try again." in done.stderr


class holding_lock:  # noqa: N801 - reads as a sentence
    """Another process in BEGIN EXCLUSIVE."""

    SCRIPT = (
        "import sqlite3, sys; c = sqlite3.connect(sys.argv[1], isolation_level=None);"
        "c.execute('BEGIN EXCLUSIVE'); print('held', flush=True); sys.stdin.read()"
    )

    def __init__(self, path):
        self.command = [sys.executable, "-c", self.SCRIPT, str(path)]

    def __enter__(self):
        self.process = subprocess.Popen(self.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout.readline() == "held\n"

    def __exit__(self, *_):
        self.process.communicate()


def test_a_wait_that_is_no_number_is_named(tmp_path):
    done = mingcha(tmp_path, "init", MINGCHA_BUSY_SECONDS="soon")
    assert (done.returncode, done.stderr.splitlines()[-1]) == (
        1,
        "mingcha: MINGCHA_BUSY_SECONDS='soon' is no number of seconds above 0. Example: 30.",
    )


def test_an_unreachable_server_is_named_without_its_password(tmp_path):
    url = "postgresql+psycopg://mingcha:topsecret@127.0.0.1:1/mingcha"
    done = mingcha(tmp_path, "init", MINGCHA_DATABASE_URL=url)
    assert done.returncode == 1
    assert "127.0.0.1:1/mingcha cannot be used" in done.stderr
    assert "topsecret" not in done.stderr


def test_a_newer_database_is_refused(tmp_path):
    mingcha(tmp_path, "init")
    with sqlite3.connect(tmp_path / "mingcha.db") as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()
    done = mingcha(tmp_path, "init")
    assert done.returncode == 1
    assert "revision '9999', which is newer than this program" in done.stderr
    doctor = json.loads(mingcha(tmp_path, "doctor", "--format", "json").stdout)
    assert state_of(doctor, "database") == "fail"


def test_a_port_in_use_is_named_before_anything_is_made(tmp_path):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        done = mingcha(tmp_path, "up", "--port", str(port))
    assert done.returncode == 1
    assert f"Port {port} on 127.0.0.1 cannot be used" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_another_address_than_this_machine_is_refused(tmp_path):
    (tmp_path / "mingcha.toml").write_text('[web]\naddress = "0.0.0.0"\n')
    done = mingcha(tmp_path, "up")
    assert done.returncode == 1
    assert "address = '0.0.0.0' is refused" in done.stderr


@pytest.mark.parametrize("command", ["init", "up"])
def test_made_up_records_do_not_go_beside_real_ones(made, command, free_port):
    options = ["--port", str(free_port)] if command == "up" else []
    done = mingcha(made, command, "--demo", *options)
    assert done.returncode == 1
    assert "is not a demo's configuration" in done.stderr


def state_of(document, check):
    return next(row["state"] for row in document["rows"] if row["check"] == check)


def test_doctor_finds_a_fresh_installation_fit(made):
    done = mingcha(made, "doctor", "--format", "json", MINGCHA_PERSON_MODEL="none")
    document = json.loads(done.stdout)
    assert (done.returncode, document["ok"]) == (0, True)
    assert state_of(document, "database") == "ok"
    assert state_of(document, "rulebook") == "ok"
    assert state_of(document, "person detector") == "warn"
    assert state_of(document, "face model") == "ok"
    assert state_of(document, "worker") == "warn"


def test_doctor_names_every_ailment_at_once_with_a_remedy(tmp_path):
    (tmp_path / "mingcha.toml").write_text(
        '[company]\nrulebook = "promise"\ncalendar = "nowhere"\n[video]\nperson_model = "none.onnx"\n'
    )
    (tmp_path / "var").mkdir()
    (tmp_path / "var" / "plan.secret").write_text("0123456789abcdef0123456789abcdef\n")
    (tmp_path / "var" / "plan.secret").chmod(0o644)
    done = mingcha(tmp_path, "doctor", "--format", "json")
    document = json.loads(done.stdout)
    assert (done.returncode, document["ok"]) == (1, False)
    failed = {row["check"] for row in document["rows"] if row["state"] == "fail"}
    assert failed == {"database", "calendar", "person detector", "evidence folder", "plan secret"}
    assert next(row["hint"] for row in document["rows"] if row["check"] == "plan secret").startswith("chmod 600")


def test_doctor_reports_a_wrong_configuration_instead_of_stopping(tmp_path):
    (tmp_path / "mingcha.toml").write_text("[weeb]\nport = 1\n")
    done = mingcha(tmp_path, "doctor", "--format", "json")
    assert done.returncode == 1
    assert "unknown key 'weeb', did you mean 'web'?" in json.loads(done.stdout)["rows"][0]["message"]


def test_backup_and_restore_by_hand(made, tmp_path):
    saved = tmp_path / "saved.zip"
    assert mingcha(made, "backup", str(saved)).returncode == 0
    other = tmp_path / "other"
    other.mkdir()
    done = mingcha(other, "restore", str(saved))
    assert done.returncode == 0, done.stderr
    assert (other / "mingcha.toml").read_bytes() == (made / "mingcha.toml").read_bytes()
    assert mingcha(other, "doctor", "--format", "json").returncode == 1  # its evidence folder and secret are not there
    assert mingcha(other, "init").returncode == 0
    assert mingcha(other, "doctor", "--format", "json").returncode == 0


@pytest.mark.parametrize(
    "arguments", [("nosuch",), ("up", "--port", "many"), ("restore",), ("doctor", "--formt", "json")]
)
def test_wrong_words_end_with_exit_code_2_and_one_line(tmp_path, arguments):
    done = mingcha(tmp_path, *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("mingcha: ")
    assert done.stderr.count("\n") == 1


def children(pid):
    """name → process number of the living children."""
    found = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = path.read_text(encoding="utf-8").rsplit(")", 1)[1].split()
            words = (path.parent / "cmdline").read_bytes().split(b"\0")
        except (FileNotFoundError, ProcessLookupError):
            continue
        if parent[0] != "Z" and int(parent[1]) == pid and b"dashboard.cli" in words:
            found[words[words.index(b"dashboard.cli") + 1].decode()] = int(path.parent.name)
    return found


def answers(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def alive(pid):
    status = Path(f"/proc/{pid}/status")
    return status.exists() and "zombie" not in status.read_text(encoding="utf-8")


@pytest.fixture
def running(tmp_path, free_port):
    """`mingcha up` in an empty folder: (folder, port, process)."""
    with (tmp_path / "log").open("w") as log:
        process = subprocess.Popen(
            [*MINGCHA, "up", "--port", str(free_port)], cwd=tmp_path, env=environment(), stderr=log
        )
    within(40, lambda: answers(free_port) and len(children(process.pid)) == 2)
    yield tmp_path, free_port, process
    process.terminate()
    process.wait(timeout=30)


def test_up_starts_both_restarts_what_dies_and_ends_both(running):
    folder, port, process = running
    database = Database(f"sqlite:///{folder / 'mingcha.db'}")
    first = within(15, lambda: lease.current(database))
    before = children(process.pid)
    assert first.holder.split(":")[1] == str(before["worker"])
    for name in ("worker", "web"):
        os.kill(before[name], signal.SIGKILL)
    after = within(15, lambda: len(now := children(process.pid)) == 2 and now["web"] != before["web"] and now)
    assert after["worker"] != before["worker"]
    within(40, lambda: answers(port))
    states = within(
        15, lambda: {**worker_states(database)} if str(after["worker"]) in worker_states(database) else None
    )
    assert states[str(after["worker"])] in ("waiting", "leading")
    process.terminate()
    assert process.wait(timeout=30) == 0
    assert not any(alive(pid) for pid in after.values())
    assert not answers(port)
    log = (folder / "log").read_text()
    assert "worker was ended by SIGKILL" in log
    assert "web was ended by SIGKILL" in log
    assert "Traceback" not in log
    with database.reading() as connection:
        assert connection.execute(sa.select(AUDIT.c.actor).where(AUDIT.c.action == "up")).scalar_one() == "system"
    database.engine.dispose()


def worker_states(database):
    with database.reading() as connection:
        rows = connection.execute(sa.select(HEARTBEATS.c.holder, HEARTBEATS.c.state))
        return {holder.split(":")[1]: state for holder, state in rows}


def test_when_up_itself_is_killed_its_children_end(running):
    _, port, process = running
    pids = children(process.pid).values()
    process.kill()
    process.wait()
    within(20, lambda: not any(alive(pid) for pid in pids))
    assert not answers(port)
