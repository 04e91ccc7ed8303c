"""Bad videos, made anew for each test: what `mingcha look` says of them, and how a sample ends that finds one."""

import json
import resource
import shutil

import av
import cv2
import numpy as np
import pytest

from collectors.video import decode
from collectors.video.encode import write_video
from collectors.video.recordings import Template
from dashboard.cli import main

SECONDS = 125
HALL, CAMERA = "H001", "H001-1"


def picture(second, width=160, height=90):
    """A pattern in which something moves."""
    rng = np.random.default_rng(1)
    shown = cv2.resize(rng.integers(60, 200, (9, 16), np.uint8), (width, height), interpolation=cv2.INTER_NEAREST)
    shown[height // 3 : height // 2, int(second * 7) % (width - 20) :][:, : width // 8] = 240
    return shown


def film(path, *, moments=None, size=(160, 90), **options):
    moments = range(SECONDS) if moments is None else moments
    write_video(path, [(moment, picture(moment, *size)) for moment in moments], **{"key_every": 5, **options})


def truncated(path):
    film(path, moments=np.arange(0, SECONDS, 0.5))
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 9 // 10])


def without_index(path):
    film(path)
    path.write_bytes(path.read_bytes()[600:])


def wrong_index(path):
    """The table that tells where pictures lie points beside them."""
    film(path)
    data = bytearray(path.read_bytes())
    at = data.find(b"stco") + 12
    data[at : at + 4] = (int.from_bytes(data[at : at + 4], "big") + 91).to_bytes(4, "big")
    path.write_bytes(data)


def without_pictures(path):
    with av.open(str(path), "w") as out:
        stream = out.add_stream("libx264", rate=5)
        stream.width, stream.height = 160, 90
        out.start_encoding()


def wrong_count(path):
    """Its head declares a hundred times as many pictures as it holds."""
    film(path)
    data = bytearray(path.read_bytes())
    at = data.find(b"mvhd") + 20  # timescale 4 bytes before, then the duration
    duration = int.from_bytes(data[at : at + 4], "big")
    data[at : at + 4] = (duration * 100).to_bytes(4, "big")
    path.write_bytes(data)


def variable_rate(path):
    film(path, moments=[*np.arange(0, 30, 0.2), *range(30, SECONDS)])


def hevc(path):
    film(path, codec="libx265")


def mjpeg(path):
    film(path, codec="mjpeg")


def sound_alone(path):
    with av.open(str(path), "w") as out:
        stream = out.add_stream("aac", rate=8000, layout="mono")
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), format="fltp", layout="mono")
        frame.sample_rate = 8000
        for packet in [*stream.encode(frame), *stream.encode()]:
            out.mux(packet)


def photograph(path):
    path.write_bytes(cv2.imencode(".jpg", picture(0))[1].tobytes())


def eight_k(path):
    film(path, moments=(0, 42, 84, 124), size=(7680, 4320), key_every=1)


def other_resolution_midway(path):
    """As a recorder writes it when somebody changes the camera's settings: the stream goes on in another size."""
    parts = [path.with_name(f"{number}.ts") for number in (1, 2)]
    film(parts[0], moments=range(60), size=(160, 90))
    film(parts[1], moments=range(60, 120), size=(320, 180))
    path.write_bytes(b"".join(part.read_bytes() for part in parts))
    for part in parts:
        part.unlink()


LOOKED_AT = {
    # how it is made: (exit code of `mingcha look`, words on stderr, how its sample ends)
    truncated: (0, "", ("captured", None)),
    without_index: (1, "cannot be read as a video", ("missed", "recording_missing")),
    wrong_index: (1, "no picture in it can be decoded", ("missed", "recording_missing")),
    without_pictures: (1, ".mp4", ("missed", "recording_missing")),
    wrong_count: (0, "", ("captured", None)),
    variable_rate: (0, "", ("captured", None)),
    hevc: (0, "", ("captured", None)),
    mjpeg: (0, "", ("captured", None)),
    sound_alone: (1, "holds no video, only audio", ("missed", "recording_missing")),
    photograph: (1, "is a picture (jpeg), not a video", ("missed", "recording_missing")),
    eight_k: (0, "", ("captured", None)),
    other_resolution_midway: (0, "", ("captured", None)),
}


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A function that puts a bad video at a path; each kind is made once."""
    folder, known = tmp_path_factory.mktemp("bad"), {}

    def put(make, path):
        if make not in known:
            known[make] = folder / f"{make.__name__}.mp4"
            make(known[make])
        path.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(known[make], path)

    return put


CASES = pytest.mark.parametrize("make", LOOKED_AT, ids=lambda make: make.__name__.replace("_", " "))


@CASES
def test_look_gives_a_result_or_one_line_that_names_the_file(make, made, tmp_path, capsys):
    code, words, _ = LOOKED_AT[make]
    path = tmp_path / "minute.mp4"
    made(make, path)
    with pytest.raises(SystemExit) as ended:
        main(["look", str(path), "--model", "none", "--every", "1", "--format", "json"])
    said = capsys.readouterr()
    assert (ended.value.code, "Traceback" in said.err) == (code, False)
    if code:
        assert words in said.err
        assert "minute.mp4" in said.err
        assert said.out == ""
    else:
        document = json.loads(said.out)
        assert 100 <= document["seconds"] <= 170
        assert document["frames_analysed"] >= 4


@CASES
def test_a_sample_that_finds_it_ends_in_one_outcome(make, made, sqlite_halls):
    halls = sqlite_halls
    halls.hall()
    halls.camera(windows=())
    path = Template("rec/{camera}/%Y%m%d/%H%M.mp4", CAMERA, halls.home).at(halls.moment().replace(second=0))
    made(make, path)
    halls.take(halls.later(minutes=15))
    outcome, cause = LOOKED_AT[make][2]
    assert halls.looks() == [(CAMERA, 1, outcome, cause)]
    assert [row.kind for row in halls.evidence()] == (["clip"] if outcome == "captured" else [])
    assert len(halls.files()) == (1 if outcome == "captured" else 0)


def test_a_decoder_that_aborts_costs_the_sample_and_nothing_else(sqlite_halls, tmp_path, monkeypatch):
    halls = sqlite_halls
    halls.hall()
    halls.camera(windows=())
    halls.film(lambda second: picture(max(0, second)))
    dying = tmp_path / "dying.py"
    dying.write_text("import os, signal, sys\nsys.stdin.readline()\nos.kill(os.getpid(), signal.SIGABRT)\n")
    monkeypatch.setattr(decode, "DECODER", dying)
    (taken,) = halls.take(halls.later(minutes=15))
    assert "SIGABRT" in taken.detail
    assert halls.looks() == [(CAMERA, 1, "missed", "recording_missing")]
    assert halls.files() == []


@pytest.mark.parametrize("limit", [4_000, 40_000], ids=["at once", "in the middle"])
def test_a_disk_that_is_full_is_ours_and_leaves_nothing_half_stored(sqlite_halls, monkeypatch, limit):
    """The child that writes the clip meets a real limit of the system (EFBIG, told like ENOSPC)."""
    halls = sqlite_halls
    halls.hall()
    halls.camera(windows=())
    rng = np.random.default_rng(2)
    halls.film(lambda second: rng.integers(0, 255, (90, 160), np.uint8))  # it does not compress: about 10 kB a picture
    begin = decode.Child.__enter__

    def limited(child):
        hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, hard))
        try:
            return begin(child)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))

    monkeypatch.setattr(decode.Child, "__enter__", limited)
    (taken,) = halls.take(halls.later(minutes=15))
    assert (taken.outcome, taken.cause) == ("missed", "disk_full")
    assert halls.evidence() == []
    assert halls.files() == []
    assert halls.documents() == []
