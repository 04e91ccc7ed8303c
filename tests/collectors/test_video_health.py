"""Camera problems on made-up clips: each is found, none is raised on a sound camera, frozen only with proof."""

import cv2
import numpy as np
import pytest

from collectors.video.decode import watch
from collectors.video.health import health
from collectors.video.measures import Meter
from collectors.video.reference import Reference, reference_from
from collectors.video.windows import Window

CLOCK = Window("clock", ((0, 0), (80, 0), (80, 20), (0, 20)))


def state(path, *, windows=(), reference=None):
    meter = Meter()
    with watch(path, every=0.5) as reading:
        for frame in reading:
            meter.add(frame)
    size = (reading.facts.width, reading.facts.height)
    return health(meter.result(), windows, size, reference=reference, seconds=reading.seconds)


def problems(path, **options):
    return sorted(state(path, **options).problems)


def turned(picture, share):
    return np.roll(picture, round(share * picture.shape[1]), axis=1)


def covered(picture):
    hidden = picture.copy()
    hidden[:, : round(0.85 * picture.shape[1])] = (60, 70, 80)
    return hidden


def noise(rng, picture, strength):
    return np.clip(picture + rng.normal(0, strength, picture.shape), 0, 255).astype(np.uint8)


def test_a_sound_camera_has_no_problem(tmp_path, scenes):
    path = scenes.write(tmp_path / "a.mp4", 20, scenes.room_with((3, 15)))
    found = state(path)
    assert found.problems == {}
    assert found.checkable
    assert not found.still


SIGHTS = {
    "black": (lambda rng, p: np.zeros_like(p), ["black"]),
    "black with noise": (lambda rng, p: noise(rng, np.zeros_like(p) + 6, 4), ["black"]),
    "black with the time in it": (
        lambda rng, p: cv2.putText(np.zeros_like(p), "12:00:01", (5, 15), 0, 0.4, (255, 255, 255)), ["black"],
    ),
    "blue screen": (lambda rng, p: np.zeros_like(p) + np.array([200, 20, 20], np.uint8), ["no_signal"]),
    "snow": (lambda rng, p: rng.integers(0, 255, p.shape, np.uint8), ["no_signal"]),
    "out of focus": (lambda rng, p: cv2.GaussianBlur(p, (0, 0), 5), ["blurred"]),
    "covered": (lambda rng, p: covered(p), ["occluded"]),
    "dimmed": (lambda rng, p: (p * 0.3).astype(np.uint8), []),
    "noisy": (lambda rng, p: noise(rng, p, 15), []),
    "bright": (lambda rng, p: np.clip(p * 1.6, 0, 255).astype(np.uint8), []),
}  # fmt: skip


@pytest.mark.parametrize("sight", SIGHTS)
def test_what_a_whole_clip_shows(tmp_path, scenes, sight):
    change, expected = SIGHTS[sight]
    rng, live = np.random.default_rng(3), scenes.room_with((0, 12))
    path = scenes.write(tmp_path / "a.mp4", 12, lambda second: change(rng, live(second)))
    assert problems(path) == expected


MIDWAY = {
    "turned a little": (lambda p: turned(p, 0.07), ["moved"]),
    "turned away": (lambda p: turned(p, 0.4), ["moved"]),
    "covered": (covered, ["occluded"]),
    "out of focus": (lambda p: cv2.GaussianBlur(p, (0, 0), 5), ["blurred"]),
    "dark": (np.zeros_like, ["black"]),
    "lights dimmed": (lambda p: (p * 0.4).astype(np.uint8), []),
}


@pytest.mark.parametrize("event", MIDWAY)
def test_what_begins_midway_is_seen_against_the_clip_s_own_beginning(tmp_path, scenes, event):
    change, expected = MIDWAY[event]
    live = scenes.room_with((0, 40))
    path = scenes.write(tmp_path / "a.mp4", 40, lambda s: change(live(s)) if s >= 20 else live(s))
    found = state(path)
    assert sorted(found.problems) == expected
    for spans in found.problems.values():
        assert spans[0][0] == pytest.approx(20, abs=5.1)
        assert spans[-1][1] == pytest.approx(40, abs=0.6)


def test_a_camera_turned_before_the_clip_is_seen_against_its_reference_picture(tmp_path, scenes):
    reference = reference_from(cv2.cvtColor(scenes.room(), cv2.COLOR_BGR2GRAY))
    away = scenes.write(tmp_path / "a.mp4", 12, scenes.room_with((0, 12), seed=9))
    home = scenes.write(tmp_path / "b.mp4", 12, scenes.room_with((0, 12)))
    assert problems(away, reference=reference) == ["moved"]
    assert problems(home, reference=reference) == []
    assert problems(away) == []


def test_a_problem_shorter_than_ten_seconds_is_none(tmp_path, scenes):
    live = scenes.room_with((0, 40))
    path = scenes.write(tmp_path / "a.mp4", 40, lambda s: np.zeros_like(live(s)) if 15 <= s < 20 else live(s))
    assert problems(path) == []


def test_exposure_jumps_and_a_variable_frame_rate_are_no_problem(tmp_path, scenes):
    from collectors.video.encode import write_video

    live = scenes.room_with((0, 30))
    path = tmp_path / "a.mp4"
    moments = np.cumsum(np.random.default_rng(2).choice([0.05, 0.1, 0.4, 0.9], 90))
    jump = [1.0, 0.55, 1.4, 0.8]
    frames = ((float(s), np.clip(live(s) * jump[int(s / 3) % 4], 0, 255).astype(np.uint8)) for s in moments)
    write_video(path, frames)
    assert problems(path) == []


# --- frozen needs proof ----------------------------------------------------------------------------------------------


def frozen_after(scenes, begins):
    live = scenes.room_with((0, begins))
    return lambda second: live(min(second, begins - 0.2))


def test_a_picture_that_stands_for_a_minute_after_moving_is_frozen(tmp_path, scenes):
    path = scenes.write(tmp_path / "a.mp4", 90, frozen_after(scenes, 20), rate=2)
    found = state(path)
    assert sorted(found.problems) == ["frozen"]
    assert found.problems["frozen"][0][0] == pytest.approx(20, abs=1.1)
    assert not found.still


def test_a_picture_that_stands_for_less_than_a_minute_is_not(tmp_path, scenes):
    path = scenes.write(tmp_path / "a.mp4", 70, frozen_after(scenes, 20), rate=2)
    assert problems(path) == []


def test_a_picture_that_never_moved_is_still_and_no_problem(tmp_path, scenes):
    path = scenes.write(tmp_path / "a.mp4", 65, scenes.room_with(), rate=2)
    found = state(path)
    assert found.problems == {}
    assert found.still


def test_it_is_frozen_if_the_camera_is_known_to_move_at_other_times(tmp_path, scenes):
    path = scenes.write(tmp_path / "a.mp4", 61, scenes.room_with(), rate=2)
    assert problems(path, reference=Reference(None, None, moved=True)) == ["frozen"]
    assert problems(path, reference=Reference(None, None, moved=False)) == []


def test_a_clock_that_stands_while_pictures_come_is_proof_enough(tmp_path, scenes):
    def with_clock(second, shown):
        return cv2.putText(scenes.room(), f"12:00:{int(shown):02d}", (2, 14), 0, 0.45, (255, 255, 255), 1)

    ticking = scenes.write(tmp_path / "a.mp4", 30, lambda s: with_clock(s, s), rate=4)
    stopped = scenes.write(tmp_path / "b.mp4", 30, lambda s: with_clock(s, min(s, 12)), rate=4)
    assert problems(ticking, windows=[CLOCK]) == []
    assert problems(stopped, windows=[CLOCK]) == ["frozen"]
    assert problems(stopped) == []


def test_a_dark_picture_is_no_problem_but_not_to_be_judged_by(tmp_path, scenes):
    live = scenes.room_with((0, 12))
    path = scenes.write(tmp_path / "a.mp4", 12, lambda s: (live(s) * 0.1).astype(np.uint8))
    found = state(path)
    assert found.problems == {}
    assert found.dark
