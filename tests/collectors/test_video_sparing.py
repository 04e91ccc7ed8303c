"""Decoding less where less is enough: key frames only, or no pictures on which no other rests."""

import numpy as np
import pytest

from collectors.video.decode import watch
from collectors.video.encode import write_video


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    """Ten seconds that grow lighter with noise, a key frame every two seconds, made by an encoder that looks ahead."""
    rng = np.random.default_rng(3)
    path = tmp_path_factory.mktemp("sparing") / "clip.mp4"
    noise = rng.integers(-20, 20, (90, 160))
    pictures = (
        np.clip(40 + number * 0.6 + np.roll(noise, number, 1), 0, 255).astype(np.uint8) for number in range(250)
    )
    write_video(path, ((number / 25, picture) for number, picture in enumerate(pictures)))
    return path


def seen(clip, **how):
    with watch(clip, every=0.5, **how) as reading:
        pictures = [(frame.time, float(frame.grey.mean())) for frame in reading]
    return reading, pictures


def test_key_frames_only_are_one_in_fifty(clip):
    reading, pictures = seen(clip, keys=True)
    assert reading.read == 5
    assert [moment for moment, _ in pictures] == pytest.approx([0, 2, 4, 6, 8])
    assert [level for _, level in pictures] == pytest.approx([40, 70, 100, 130, 160], abs=3)


def test_a_sparing_reading_sees_nearly_the_same_moments_and_never_decodes_more(clip):
    whole, all_pictures = seen(clip)
    spared, pictures = seen(clip, sparing=True)
    assert whole.read == 250
    assert spared.read <= 250
    assert [moment for moment, _ in pictures] == pytest.approx([moment for moment, _ in all_pictures], abs=0.2)
    assert [level for _, level in pictures] == pytest.approx([level for _, level in all_pictures], abs=4)
