"""Minutes out of a recorder's folder: any length of file, over the edge of two, holes, and nothing encoded anew."""

from datetime import datetime, timedelta

import numpy as np
import pytest

from collectors.video.decode import VideoError, watch
from collectors.video.plan import LOCAL
from collectors.video.recordings import RecordingError, Template, fetch, segment_at

NOON = datetime(2026, 9, 1, 12, 0, tzinfo=LOCAL)
MINUTES = "rec/{camera}/%Y%m%d/%H%M.mp4"


def level(second):
    """A picture whose grey tells the second of the hour (0–3600) in steps of a quarter minute."""
    return np.full((90, 160), 20 + round(second / 15) % 200, np.uint8)


def record(scenes, home, text, begins, seconds, *, rate=2):
    """One file of the recorder at its place; its first picture shows the second of the hour at which it begins."""
    path = Template(text, "C1", home).at(begins)
    offset = (begins - begins.replace(minute=0, second=0)).total_seconds()
    return scenes.write(path, seconds, lambda s: level(offset + s), rate=rate, key_every=4)


def levels(path):
    with watch(path, every=0.5) as reading:
        found = [(frame.time, float(frame.grey.mean())) for frame in reading]
    return found, reading


def at(minute, second):
    return NOON + timedelta(minutes=minute, seconds=second)


def test_a_minute_across_files_of_a_minute_each(tmp_path, scenes):
    for minute in range(3):
        record(scenes, tmp_path, MINUTES, at(minute, 0), 60)
    clip = fetch(Template(MINUTES, "C1", tmp_path), at(0, 40), tmp_path / "clip.mp4")
    found, reading = levels(clip.path)
    assert clip.lead == pytest.approx(0, abs=2.1)
    assert 60 <= clip.seconds - clip.lead < 62.1  # pictures that others are decoded from come along
    assert reading.seconds == pytest.approx(clip.seconds, abs=1)
    shown = {round(moment - clip.lead): round(value) for moment, value in found}
    assert shown[2] == pytest.approx(20 + 42 // 15, abs=2)
    assert shown[55] == pytest.approx(20 + 95 // 15, abs=2)


def test_a_minute_out_of_a_file_of_an_hour(tmp_path, scenes):
    text = "rec/{camera}/%Y-%m-%d/%H.mp4"
    record(scenes, tmp_path, text, NOON, 900, rate=1)
    clip = fetch(Template(text, "C1", tmp_path), at(10, 7), tmp_path / "clip.mp4")
    found, _ = levels(clip.path)
    assert 60 <= clip.seconds - clip.lead < 62.1
    assert 0 <= clip.lead <= 4.1
    assert found[int(clip.lead) + 1][1] == pytest.approx(20 + 607 / 15, abs=2)


def test_ten_minute_files_are_found_by_the_time_they_begin(tmp_path, scenes):
    record(scenes, tmp_path, MINUTES, at(0, 0), 600, rate=1)
    found = segment_at(Template(MINUTES, "C1", tmp_path), at(7, 30))
    assert found == (Template(MINUTES, "C1", tmp_path).at(NOON), NOON)
    clip = fetch(Template(MINUTES, "C1", tmp_path), at(7, 30), tmp_path / "clip.mp4")
    assert clip.seconds > 59


def test_packets_are_copied_and_not_encoded_anew(tmp_path, scenes):
    import av

    source = record(scenes, tmp_path, MINUTES, NOON, 60)
    clip = fetch(Template(MINUTES, "C1", tmp_path), NOON, tmp_path / "clip.mp4", seconds=30)

    def packets(path):
        with av.open(str(path)) as container:
            return [bytes(packet) for packet in container.demux(video=0) if packet.size]

    kept = packets(clip.path)
    assert kept == packets(source)[: len(kept)]
    assert len(kept) >= 59


def test_a_hole_in_the_recording_is_missing(tmp_path, scenes):
    record(scenes, tmp_path, MINUTES, at(0, 0), 60)
    record(scenes, tmp_path, MINUTES, at(5, 0), 60)
    with pytest.raises(RecordingError, match=r"hold no minute at 2026-09-01 12:03:00") as caught:
        fetch(Template(MINUTES, "C1", tmp_path), at(3, 0), tmp_path / "clip.mp4")
    assert caught.value.reason == "recording_missing"
    assert not (tmp_path / "clip.mp4").exists()


def test_half_a_minute_before_a_hole_is_kept_and_less_is_missing(tmp_path, scenes):
    record(scenes, tmp_path, MINUTES, at(0, 0), 60)
    assert fetch(Template(MINUTES, "C1", tmp_path), at(0, 28), tmp_path / "a.mp4").seconds == pytest.approx(32, abs=2.5)
    with pytest.raises(RecordingError) as caught:
        fetch(Template(MINUTES, "C1", tmp_path), at(0, 34), tmp_path / "b.mp4")
    assert caught.value.reason == "recording_missing"


def test_a_recorder_that_is_not_mounted_is_offline(tmp_path):
    with pytest.raises(RecordingError, match="there is no folder") as caught:
        fetch(Template(MINUTES, "C1", tmp_path), NOON, tmp_path / "clip.mp4")
    assert caught.value.reason == "offline"


def test_a_damaged_file_is_an_error_that_names_it(tmp_path, scenes):
    path = record(scenes, tmp_path, MINUTES, NOON, 60)
    path.write_bytes(path.read_bytes()[500:])
    with pytest.raises(VideoError, match=r"1200\.mp4"):
        fetch(Template(MINUTES, "C1", tmp_path), NOON, tmp_path / "clip.mp4")


@pytest.mark.parametrize(
    ("text", "camera", "words"),
    [("rec/{camera}/now.mp4", "C1", "no date or time field"), (MINUTES, "../C1", "cannot be part of a path")],
)
def test_a_template_that_cannot_be_used_is_named(tmp_path, text, camera, words):
    with pytest.raises(RecordingError, match=words):
        fetch(Template(text, camera, tmp_path), NOON, tmp_path / "clip.mp4")


def test_times_in_a_template_are_local():
    template = Template("rtsp://nvr/{camera}?start=%Y%m%dT%H%M%S", "C1", None)
    assert template.rendered(NOON) == "rtsp://nvr/C1?start=20260901T120000"


def test_a_percent_encoded_password_in_a_template_is_left_alone():
    template = Template("rtsp://u:p%40ss%2F@nvr/{camera}/%Y%m%d", "C1", None)
    assert template.rendered(NOON) == "rtsp://u:p%40ss%2F@nvr/C1/20260901"
