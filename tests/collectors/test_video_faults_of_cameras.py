"""Cameras that misbehave, played by a scripted server: each has its cause in time, no password is told to anybody."""

import importlib.util
import logging
import os
import sys
import threading
import time
import traceback
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from collectors.redact import RedactedRecord
from collectors.video import decode, minutes
from collectors.video.decode import VideoError, watch
from collectors.video.minutes import Means, Source, stretch_of
from collectors.video.replay import authorization
from collectors.video.rtsp import record, record_both
from collectors.video.turns import Turns

pytestmark = pytest.mark.rtsp
NOON = datetime(2026, 9, 1, 4, 0, tzinfo=UTC)
SECRET, CODED = "hunter2/secret", "hunter2%2Fsecret"


def load_server():
    name = "mingcha_scripted_rtsp"
    if name not in sys.modules:
        spec = importlib.util.spec_from_file_location(name, Path(__file__).parents[1] / "scripted_rtsp.py")
        sys.modules[name] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(sys.modules[name])
    return sys.modules[name]


@pytest.fixture(scope="session")
def rising(scenes, tmp_path_factory):
    """Twenty seconds whose grey level is 40 + 8 × second: a picture tells when it was taken."""
    path = tmp_path_factory.mktemp("units") / "rising.ts"
    scenes.write(path, 20, lambda s: np.full((90, 160), 40 + 8 * int(s), np.uint8), rate=10, key_every=5)
    return load_server().access_units(path)


@pytest.fixture
def serve(rising, count_session):
    """A server that plays `rising`, and the means to record from it."""

    def start(**script):
        count_session()
        return load_server().served(**{"units": rising, **script})

    return start


def take(server, to, *, user="", seconds=2, **options):
    address = f"rtsp://{user}127.0.0.1:{server.port}/cam"
    return record(address, to / "clip.mp4", name="Camera C1", seconds=seconds, **{"open_seconds": 1.0, **options})


def outcome_of(call):
    """(reason, words, seconds that it took)."""
    began = time.monotonic()
    with pytest.raises(VideoError) as caught:
        call()
    return caught.value.reason, str(caught.value), time.monotonic() - began


def levels(path):
    with watch(path, every=0.1) as reading:
        return [float(frame.grey.mean()) for frame in reading]


def test_old_buffered_pictures_are_thrown_away(serve, tmp_path):
    """Ten seconds come at once when the stream is opened; what is kept was taken after that."""
    with serve(burst=10.0) as server:
        clip, began = take(server, tmp_path)
    assert clip.seconds == pytest.approx(2, abs=0.3)
    seen = levels(clip.path)
    assert min(seen) >= 40 + 8 * 10 - 4
    assert (datetime.now(UTC) - began).total_seconds() < 20


def test_a_recorder_that_plays_back_is_believed_from_its_first_picture(serve, tmp_path):
    """It sends faster than life, and nothing of it is old."""
    with serve(speed=8.0) as server:
        clip, _ = take(server, tmp_path, live=False, seconds=4)
    assert min(levels(clip.path)) == pytest.approx(40, abs=4)
    assert clip.seconds == pytest.approx(4, abs=0.3)


@pytest.mark.parametrize(
    "script",
    [{"silent": True}, {"drip": True}, {"hang_at": 0.5}, {"close_at": 0.9}],
    ids=["accepts and never answers", "a byte a second", "hangs after opening", "hangs up at once"],
)
def test_a_server_that_says_nothing_more_is_given_up_in_time(serve, tmp_path, script):
    with serve(**script) as server:
        reason, _, took = outcome_of(lambda: take(server, tmp_path, seconds=20))
    assert reason == "offline"
    assert took < 15  # the library alone would wait for minutes; a busy machine may take some seconds


def test_the_child_is_killed_where_the_library_s_own_patience_does_not_end(serve, tmp_path, monkeypatch):
    """The library is told to wait for ever; ours ends it, and no child stays behind."""
    children = []
    started = decode.Child.__enter__
    monkeypatch.setattr(decode.Child, "__enter__", lambda self: children.append(started(self)) or children[-1])
    with serve(drip=True) as server:
        job = {"do": "record", "url": f"rtsp://127.0.0.1:{server.port}/c", "to": str(tmp_path / "a.mp4"), "seconds": 2,
               "timeout": 60, "fresh": True}  # fmt: skip
        began = time.monotonic()
        with pytest.raises(VideoError) as caught, decode.Child(job, "Camera C1", stall_seconds=1.0) as child:
            next(child.messages())
    assert caught.value.reason == "silent"
    assert time.monotonic() - began < 20
    assert [child.process.poll() for child in children] == [-9]


def test_a_stream_that_hangs_in_the_second_half_gives_the_shorter_minute(serve, tmp_path):
    with serve(hang_at=3.0, speed=8.0) as server:
        clip, _ = take(server, tmp_path, seconds=4, live=False)
    assert 2 <= clip.seconds < 3
    assert len(levels(clip.path)) == pytest.approx(clip.seconds * 10, abs=3)


def test_a_camera_that_hangs_up_too_early_is_counted_as_offline(serve, tmp_path):
    with serve(close_at=2.5) as server:
        reason, words, _ = outcome_of(lambda: take(server, tmp_path, seconds=8))
    assert (reason, "hung up" in words) == ("offline", True)


@pytest.mark.parametrize(
    ("status", "live", "played_back"),
    [
        ("453 Not Enough Bandwidth", "recorder_busy", "recorder_busy"),
        ("503 Service Unavailable", "recorder_busy", "recorder_busy"),
        ("404 Not Found", "offline", "recording_missing"),
        ("457 Invalid Range", "offline", "recording_missing"),
        ("401 Unauthorized", "wrong_password", "wrong_password"),
        ("403 Forbidden", "wrong_password", "wrong_password"),
    ],
)
def test_what_a_recorder_answers_names_the_cause(serve, tmp_path, status, live, played_back):
    with serve(status=status) as server:
        assert outcome_of(lambda: take(server, tmp_path))[0] == live
        assert outcome_of(lambda: take(server, tmp_path, live=False))[0] == played_back


def test_a_recording_that_ends_before_half_the_minute_is_missing(serve, tmp_path):
    with serve(close_at=2.0, speed=8.0) as server:
        assert outcome_of(lambda: take(server, tmp_path, live=False, seconds=8))[0] == "recording_missing"


# --- ONVIF replay ----------------------------------------------------------------------------------------------------


def onvif(server, user=""):
    return Source("C1", None, f"onvif://{user}127.0.0.1:{server.port}/replay?token=7", Path())


def test_onvif_replay_asks_for_the_stretch_in_its_request_and_signs_it(serve, tmp_path):
    means = Means(turns=Turns(9, 1, tmp_path / "turns"))
    with serve(login="cam:p@ss", speed=8.0) as server:
        got = stretch_of(onvif(server, "cam:p%40ss@"), NOON, tmp_path / "clip.mp4", means, seconds=4)
    assert got.clip.seconds == pytest.approx(4, abs=0.3)
    assert min(levels(got.clip.path)) == pytest.approx(40, abs=4)
    play = next(request for request in server.requests if request.startswith("PLAY"))
    assert "Range: clock=20260901T040000Z-20260901T040004Z" in play
    assert "npt=" not in play
    assert "Require: onvif-replay" in play
    assert f"PLAY rtsp://127.0.0.1:{server.port}/replay?token=7" in play


def test_onvif_replay_with_a_wrong_password_or_no_recorder_has_its_cause(serve, tmp_path):
    means = Means(turns=Turns(9, 1, tmp_path / "turns"))
    with serve(login="cam:right-one") as server:
        source = onvif(server, "cam:wrong-one@")
        assert outcome_of(lambda: stretch_of(source, NOON, tmp_path / "a.mp4", means, seconds=2))[0] == "wrong_password"
    assert outcome_of(lambda: stretch_of(source, NOON, tmp_path / "a.mp4", means, seconds=2))[0] == "offline"


def test_a_digest_is_signed_as_the_standard_s_example():
    """RFC 2617, section 3.5."""
    challenge = ('Digest realm="testrealm@host.com", qop="auth,auth-int", '
                 'nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093", opaque="5ccc069c403ebaf9f0171e9517f40e41"')  # fmt: skip
    line = authorization(challenge, "GET", "/dir/index.html", "Mufasa", "Circle Of Life", nonce="0a4f113b")
    assert 'response="6629fae49393a05397450978507c4ef1"' in line
    assert 'opaque="5ccc069c403ebaf9f0171e9517f40e41"' in line


# --- small streams, and turns at a recorder --------------------------------------------------------------------------


def test_the_small_stream_is_taken_beside_the_main_one_and_fits_it_in_time(serve, tmp_path):
    with serve(speed=2.0) as main, serve(speed=2.0) as small:
        addresses = [f"rtsp://127.0.0.1:{server.port}/c" for server in (main, small)]
        got = record_both(*addresses, tmp_path / "clip.mp4", name="Camera C1", seconds=3, open_seconds=1)
    assert got.note is None
    with watch(got.sub, every=0.1, start=got.sub_start) as reading:
        found = [(frame.time, float(frame.grey.mean())) for frame in reading]
    aligned = [level for moment, level in found if 1.0 <= moment < 2.0]
    shown = levels(got.clip.path)[10:20]
    assert np.mean(aligned) == pytest.approx(np.mean(shown), abs=24)  # 8 grey levels are a second of the stream


def test_a_small_stream_that_refuses_is_done_without(serve, tmp_path):
    with serve(speed=4.0) as main, serve(status="404 Not Found") as small:
        addresses = [f"rtsp://127.0.0.1:{server.port}/c" for server in (main, small)]
        got = record_both(*addresses, tmp_path / "clip.mp4", name="Camera C1", seconds=2, open_seconds=1)
    assert got.sub is None
    assert got.note.startswith("Sub-stream not used: Camera C1")
    assert not (tmp_path / "sub.mp4").exists()


def source(server, code="C1", user=""):
    return Source(code, f"rtsp://{user}127.0.0.1:{server.port}/cam", None, Path())


def test_no_more_streams_than_allowed_are_asked_of_one_recorder(serve, tmp_path):
    means = Means(turns=Turns(2, 30, tmp_path / "turns"))

    def one(number):
        return stretch_of(source(server, f"C{number}"), NOON, tmp_path / f"{number}.mp4", means, seconds=1)

    with serve(speed=4.0) as server, ThreadPoolExecutor(4) as pool:
        assert len(list(pool.map(one, range(4)))) == 4
        assert server.most == 2


def test_a_recorder_that_refuses_for_others_who_watch_is_asked_again_for_a_while(serve, tmp_path, monkeypatch):
    monkeypatch.setattr(minutes, "ASK_AGAIN_SECONDS", 0.1)

    def take_one(server, patience):
        means = Means(turns=Turns(2, patience, tmp_path / "turns"))
        return stretch_of(source(server), NOON, tmp_path / "a.mp4", means, seconds=1)

    def asked(server):
        return sum(request.startswith("DESCRIBE") for request in server.requests)

    busy = "453 Not Enough Bandwidth"
    with serve(speed=4.0, status=busy, refusals=2) as server:
        assert take_one(server, 30).clip.seconds == pytest.approx(1, abs=0.3)
        assert asked(server) == 3
    for status, patience, reason in ((busy, 0, "recorder_busy"), ("404 Not Found", 30, "offline")):
        with serve(status=status) as server:  # no patience; what waiting does not mend is told at once
            assert outcome_of(lambda s=server, p=patience: take_one(s, p))[0] == reason
            assert asked(server) == 1


def test_who_waits_too_long_for_a_turn_finds_the_recorder_busy_and_another_one_free(serve, tmp_path):
    turns = Turns(1, 0.3, tmp_path / "turns")
    with turns.at("10.1.2.3:554", "Camera C1"):
        reason, words, took = outcome_of(lambda: turns.at("10.1.2.3:554", "Camera C2").__enter__())
        with turns.at("10.1.2.4:554", "Camera C3"):
            pass
    assert (reason, took < 10) == ("recorder_busy", True)
    assert words == "Camera C2: 1 streams of its recorder are taken, and none ended for 0.3 s."
    with turns.at("10.1.2.3:554", "Camera C2"):
        pass


def test_two_streams_need_two_places_and_take_none_while_they_wait(tmp_path):
    turns = Turns(2, 0.2, tmp_path / "turns")
    with turns.at("10.1.2.3:554", "Camera C1"):
        reason, _, _ = outcome_of(lambda: turns.at("10.1.2.3:554", "Camera C2", 2).__enter__())
        assert reason == "recorder_busy"
        with turns.at("10.1.2.3:554", "Camera C3"):
            pass
    with turns.at("10.1.2.3:554", "Camera C2", 2):
        pass


# --- passwords -------------------------------------------------------------------------------------------------------


class Listening:
    """Everything that could tell a password: messages with all they were caused by, logs, command lines, environments
    of children."""

    def __init__(self):
        self.told, self.over, self.watched = [], threading.Event(), 0

    def __enter__(self):
        self.handler = logging.Handler()
        self.handler.emit = lambda record: self.told.append(record.getMessage() + str(record.exc_text or ""))
        logging.getLogger().addHandler(self.handler)
        self.factory = logging.getLogRecordFactory()
        logging.setLogRecordFactory(RedactedRecord)
        self.thread = threading.Thread(target=self._watch)
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        self.thread.join()
        logging.getLogger().removeHandler(self.handler)
        logging.setLogRecordFactory(self.factory)

    def _watch(self):
        while not self.over.wait(0.02):
            for process in Path("/proc").glob("[0-9]*"):
                try:
                    line = (process / "cmdline").read_text(errors="replace")
                    if "decoder.py" in line:
                        self.watched += 1
                        self.told += [line, (process / "environ").read_text(errors="replace")]
                except OSError:
                    continue  # it has ended

    def call(self, what):
        try:
            what()
        except VideoError as error:
            self.told += [str(error), repr(error), "".join(traceback.format_exception(error))]
            logging.getLogger("test").exception("it failed")


def test_a_password_appears_nowhere_whatever_goes_wrong(serve, tmp_path, monkeypatch):
    """Written in the address or read from the environment: wrong, on a hang, on a crash, on a refusal."""
    monkeypatch.setenv("NVR_PASSWORD", SECRET)
    crash = tmp_path / "crash.py"
    crash.write_text("import os, signal, sys\nsys.stdin.readline()\nos.kill(os.getpid(), signal.SIGABRT)\n")
    users = [f"cam:{CODED}@", "cam:${NVR_PASSWORD}@"]
    means = Means(turns=Turns(9, 1, tmp_path / "turns"))

    def stretch(server, user):
        return lambda: stretch_of(source(server, user=user), NOON, tmp_path / "a.mp4", means, seconds=1)

    with Listening() as listening:
        for user in users:
            for script in ({"login": "cam:right-one"}, {"status": "404 Not Found"}, {"close_at": 0.2}):
                with serve(**script) as server:
                    listening.call(stretch(server, user))
            with serve(login=f"cam:{SECRET}", speed=4.0) as server:
                listening.call(stretch(server, user))  # the right one
                with monkeypatch.context() as broken:
                    broken.setattr(decode, "DECODER", crash)
                    listening.call(stretch(server, user))
        listening.call(lambda: stretch_of(Source("C1", f"rtsp://cam:{CODED}@[bad/x", None, Path()), NOON,
                                          tmp_path / "a.mp4", means))  # fmt: skip
    assert listening.watched > 5
    assert len(listening.told) > 30
    for form in (SECRET, CODED, "hunter2"):
        assert not [text for text in listening.told if form in text]
    assert SECRET not in repr(source(server, user=users[0]))
    assert os.environ["NVR_PASSWORD"] == SECRET
