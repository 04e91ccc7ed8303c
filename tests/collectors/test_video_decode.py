"""Files read in a child process: every kind of file that is no video gets one clear line, and a death is survived."""

import subprocess
from pathlib import Path

import cv2
import numpy as np
import pytest

from collectors.video import decode
from collectors.video.decode import VideoError, probe, stills, watch
from collectors.video.encode import write_video


def grey(value):
    return np.full((90, 160), value, np.uint8)


def read(path, every=0.5, **options):
    with watch(path, every=every, **options) as reading:
        return [frame.time for frame in reading], reading


def test_time_comes_from_presentation_stamps_and_not_from_frame_numbers(tmp_path):
    path = tmp_path / "variable.mp4"
    write_video(path, [(moment, grey(100)) for moment in (0, 0.1, 0.2, 1.0, 3.4, 3.5)])
    times, reading = read(path, every=0.01)
    assert times == pytest.approx([0, 0.1, 0.2, 1.0, 3.4, 3.5], abs=0.002)
    assert reading.read == 6


def test_a_look_is_taken_at_the_first_picture_of_each_half_second(tmp_path):
    path = tmp_path / "even.mp4"
    write_video(path, [(number / 10, grey(100)) for number in range(25)])
    times, reading = read(path)
    assert times == pytest.approx([0, 0.5, 1.0, 1.5, 2.0])
    assert reading.read == 25
    assert reading.seconds == pytest.approx(2.5, abs=0.05)


def test_pictures_arrive_as_they_were_drawn(tmp_path):
    path = tmp_path / "halves.mp4"
    picture = np.zeros((400, 800, 3), np.uint8)
    picture[:, 400:] = (200, 40, 40)  # blue, in BGR
    write_video(path, [(0.0, picture), (0.5, picture)])
    with watch(path, every=0.5, colour_side=416) as reading:
        frame = next(iter(reading))
    assert frame.grey.shape == (192, 384)
    assert frame.colour.shape == (208, 416, 3)
    assert frame.grey[:, :180].max() < 12
    assert frame.colour[100, 300] == pytest.approx([200, 40, 40], abs=16)
    assert frame.saturation > 60


def test_a_full_size_still_is_the_picture_at_that_second(tmp_path):
    path = tmp_path / "steps.mp4"
    write_video(path, [(number / 10, grey(10 * number)) for number in range(21)])
    found = stills(path, [0.5, 1.95, 9.0])
    assert sorted(found) == [0.5, 1.95]
    assert found[0.5].shape == (90, 160, 3)
    assert found[0.5].mean() == pytest.approx(50, abs=4)
    assert found[1.95].mean() == pytest.approx(200, abs=4)


def make_text(path):
    path.write_text("# Not a video\n" * 50)


def make_empty(path):
    path.touch()


def make_picture(path):
    path.write_bytes(cv2.imencode(".png", grey(90))[1].tobytes())


def make_photograph(path):
    path.write_bytes(cv2.imencode(".jpg", grey(90))[1].tobytes())


def make_playlist(path):
    path.write_text("#EXTM3U\n#EXT-X-TARGETDURATION:5\n#EXTINF:5,\nhttp://127.0.0.1:9/other.ts\n#EXT-X-ENDLIST\n")


def make_beheaded(path):
    whole = path.with_name("whole.mp4")
    write_video(whole, [(number / 10, grey(100)) for number in range(30)])
    path.write_bytes(whole.read_bytes()[600:])


def make_folder(path):
    path.mkdir()


def make_audio(path):
    import av

    with av.open(str(path), "w") as out:
        stream = out.add_stream("aac", rate=8000, layout="mono")
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), format="fltp", layout="mono")
        frame.sample_rate = 8000
        for packet in [*stream.encode(frame), *stream.encode()]:
            out.mux(packet)


FAULTS = {
    "text": (make_text, "cannot be read as a video"),
    "empty": (make_empty, "empty (0 bytes)"),
    "picture": (make_picture, "is a picture (png), not a video"),
    "photograph": (make_photograph, "is a picture (jpeg), not a video"),
    "playlist": (make_playlist, "cannot be read as a video"),
    "audio": (make_audio, "holds no video, only audio"),
    "beheaded": (make_beheaded, "cannot be read as a video"),
    "folder": (make_folder, "is a folder"),
    "absent": (lambda path: None, "no such file"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_what_is_no_video_is_refused_in_one_line_that_names_it(tmp_path, fault):
    make, words = FAULTS[fault]
    path = tmp_path / f"{fault}.mp4"
    make(path)
    with pytest.raises(VideoError) as caught:
        read(path)
    assert words in str(caught.value)
    assert f"{fault}.mp4" in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["-y.mp4", "concat:a|b.mp4", "http:x.mp4"])
def test_a_name_that_looks_like_an_option_or_a_protocol_is_a_file(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    write_video(tmp_path / name, [(number / 10, grey(100)) for number in range(10)])
    assert probe(Path(name)).width == 160


def test_a_truncated_file_gives_what_still_decodes(tmp_path):
    path = tmp_path / "whole.mp4"
    rng = np.random.default_rng(1)
    pictures = ((number / 10, rng.integers(0, 255, (90, 160), np.uint8)) for number in range(60))
    write_video(path, pictures, key_every=10)  # the index stands in front, as recorders write it
    cut = tmp_path / "cut.mp4"
    cut.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    times, reading = read(cut)
    assert 1 < times[-1] < 5
    assert reading.facts.declared_seconds == pytest.approx(6, abs=0.1)


def test_a_decoder_that_aborts_is_an_error_that_names_the_file(tmp_path, monkeypatch):
    dying = tmp_path / "dying.py"
    dying.write_text("import os, signal, sys\nsys.stdin.readline()\nos.kill(os.getpid(), signal.SIGABRT)\n")
    monkeypatch.setattr(decode, "DECODER", dying)
    path = tmp_path / "bad.avi"
    path.write_bytes(b"RIFF")
    with pytest.raises(VideoError, match=r"decoder died on bad\.avi \(SIGABRT\)") as caught:
        read(path)
    assert caught.value.reason == "died"


def test_a_decoder_that_says_nothing_is_stopped(tmp_path, monkeypatch):
    silent = tmp_path / "silent.py"
    silent.write_text("import time\ntime.sleep(60)\n")
    monkeypatch.setattr(decode, "DECODER", silent)
    path = tmp_path / "hung.mp4"
    path.write_bytes(b"x")
    with pytest.raises(VideoError, match="no sign of life") as caught:
        read(path, stall_seconds=0.3)
    assert not caught.value.permanent


def test_leaving_early_ends_the_child(tmp_path):
    path = tmp_path / "long.mp4"
    write_video(path, [(number / 10, grey(number % 200)) for number in range(300)])
    with watch(path, every=0.1) as reading:
        next(iter(reading))
    listed = subprocess.run(["ps", "-ww", "-eo", "args"], capture_output=True, text=True, check=True).stdout
    assert str(path) not in listed


def test_the_path_never_stands_on_a_command_line(tmp_path):
    path = tmp_path / "secret-name.mp4"
    write_video(path, [(number / 10, grey(number % 200)) for number in range(300)])
    with watch(path, every=0.1) as reading:
        listed = subprocess.run(["ps", "-ww", "-eo", "args"], capture_output=True, text=True, check=True).stdout
        next(iter(reading))
    assert "decoder.py" in listed
    assert "secret-name" not in listed


def test_facts_are_told_without_decoding(tmp_path):
    path = tmp_path / "small.mp4"
    write_video(path, [(number / 10, grey(100)) for number in range(20)])
    facts = probe(path)
    assert (facts.width, facts.height, facts.codec) == (160, 90, "h264")


def test_a_picture_of_another_size_midway_is_no_end(tmp_path):
    """Cameras change resolution: the small pictures that we measure keep their size."""
    one, two = tmp_path / "one.ts", tmp_path / "two.ts"
    write_video(one, [(number / 10, grey(60)) for number in range(20)])
    write_video(two, [(number / 10, np.full((180, 320), 160, np.uint8)) for number in range(20)])
    joined = tmp_path / "joined.ts"
    joined.write_bytes(one.read_bytes() + two.read_bytes())
    with watch(joined, every=0.5) as reading:
        frames = list(reading)
    assert {frame.grey.shape for frame in frames} == {(90, 160)}
    assert frames[0].grey.mean() == pytest.approx(60, abs=4)
    assert frames[-1].grey.mean() == pytest.approx(160, abs=4)
