"""The clock in the picture: read from its own digits in lettering nobody taught, and unknown rather than guessed."""

from datetime import UTC, datetime, timedelta

import cv2
import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from collectors.video.clock import read_clock
from collectors.video.look import Began, look
from collectors.video.persons import NoDetector
from collectors.video.plan import LOCAL
from collectors.video.windows import Window

STARTS = datetime(2026, 9, 1, 8, 59, 31, 400_000)
HEIGHT, WIDTH = 40, 460


def drawn(strip, text, x=8, y=30):
    """OpenCV's own lettering, dark on light."""
    cv2.putText(strip, text, (x, y), cv2.FONT_HERSHEY_DUPLEX, 0.8, 10, 1, cv2.LINE_AA)


def packaged(strip, text, size=20, x=8, y=6):
    """The lettering that Pillow brings along."""
    font = ImageFont.load_default(size)
    image = Image.fromarray(strip)
    ImageDraw.Draw(image).text((x, y), text, fill=240, font=font, stroke_width=1, stroke_fill=20)
    strip[:] = np.array(image)


def strips(letter, *, starts=STARTS, seconds=60, form="%Y-%m-%d %H:%M:%S", background=None, noise=4.0, rate=1.0):
    """(strips, times): a clock over a background, two looks a second."""
    rng = np.random.default_rng(1)
    times = np.arange(2 * seconds) * 0.5
    found = []
    for second in times:
        strip = (np.full((HEIGHT, WIDTH), 90, np.uint8) if background is None else background(second)).copy()
        letter(strip, (starts + timedelta(seconds=float(second) * rate)).strftime(form))
        found.append(np.clip(strip + rng.normal(0, noise, strip.shape), 0, 255).astype(np.uint8))
    return np.array(found), times


@pytest.mark.parametrize("letter", [drawn, packaged])
def test_a_clock_is_read_to_a_quarter_second_over_the_change_of_the_hour(letter):
    reading = read_clock(*strips(letter))
    assert reading.dated
    assert reading.shows == pytest.approx(STARTS, abs=timedelta(seconds=0.3))
    assert reading.offset(STARTS - timedelta(seconds=95)) == pytest.approx(95, abs=0.3)


@pytest.mark.parametrize(
    ("form", "dated"),
    [("%Y-%m-%d %H:%M:%S", True), ("%d-%m-%Y %H:%M:%S", True), ("%H:%M:%S", False)],
    ids=["year first", "year last", "time alone"],
)
def test_the_date_is_read_where_there_is_one_that_says_it_beyond_doubt(form, dated):
    starts = STARTS.replace(day=21)
    reading = read_clock(*strips(packaged, form=form, starts=starts, seconds=40))
    assert reading.dated is dated
    assert reading.offset(starts) == pytest.approx(0, abs=0.3)


def test_a_date_that_could_be_two_days_is_the_expected_one_or_none():
    starts = STARTS.replace(month=3, day=4)
    given = strips(packaged, form="%m-%d-%Y %H:%M:%S", starts=starts, seconds=40)
    assert read_clock(*given).dated is False
    assert read_clock(*given, expected=starts.date()).shows.date() == starts.date()


def test_without_a_date_the_nearest_difference_is_taken():
    reading = read_clock(*strips(packaged, form="%H:%M:%S", starts=datetime(2026, 9, 1, 23, 59, 40), seconds=40))
    assert reading.offset(datetime(2026, 9, 2, 0, 0, 10)) == pytest.approx(-30, abs=0.3)


def test_midnight_belongs_to_the_day_that_ended():
    starts = datetime(2026, 9, 30, 23, 59, 50)
    assert read_clock(*strips(packaged, starts=starts)).shows == pytest.approx(starts, abs=timedelta(seconds=0.3))


def moving(second):
    """Something bright wanders behind the digits."""
    picture = np.full((HEIGHT, WIDTH), 90, np.uint8)
    cv2.circle(picture, (int(second * 40) % WIDTH, 20), 18, 170, -1)
    return picture


def test_what_moves_behind_the_digits_does_not_disturb():
    reading = read_clock(*strips(packaged, background=moving))
    assert reading.offset(STARTS) == pytest.approx(0, abs=0.3)


def blank(strip, text):
    """Nothing is written."""


UNREADABLE = {
    "too short": ({"letter": packaged, "seconds": 15}, "too_short"),
    "no clock": ({"letter": blank}, "no_ticks"),
    "a clock that stands": ({"letter": packaged, "rate": 0.0}, "no_ticks"),
    "something that moves and no clock": ({"letter": blank, "background": moving}, None),
    "drowned in noise": ({"letter": packaged, "noise": 160.0}, None),
    "a clock that runs at the wrong pace": ({"letter": packaged, "rate": 1.3}, None),
    "no seconds": ({"letter": packaged, "form": "%Y-%m-%d %H:%M"}, None),
}


@pytest.mark.parametrize("case", UNREADABLE)
def test_what_cannot_be_read_is_unknown(case):
    given, reason = UNREADABLE[case]
    reading = read_clock(*strips(**given))
    assert reading.shows is None
    assert reading.offset(STARTS) is None
    assert reading.reason == reason if reason else reading.reason


def test_the_look_tells_the_offset_of_a_clip_s_clock(tmp_path, scenes):
    """Drawn into a film, encoded, and read out of the polygon: 80 seconds ahead of when the first picture was taken."""
    room = scenes.room(width=640, height=360)
    room[:56] = 100  # a wall behind the digits

    def picture(second):
        shown = room.copy()
        band = np.ascontiguousarray(shown[8:48, :460, 0])
        packaged(band, (STARTS + timedelta(seconds=second)).strftime("%Y-%m-%d %H:%M:%S"))
        shown[8:48, :460] = band[:, :, None]
        return shown

    path = scenes.write(tmp_path / "clip.mp4", 40, picture, rate=4)
    clock = Window("clock", ((4, 10), (420, 10), (420, 44), (4, 44)))
    taken = STARTS.replace(tzinfo=LOCAL) - timedelta(seconds=80)
    seen = look(path, windows=[clock], detector=NoDetector(), began=Began(taken.astimezone(UTC), "server"))
    assert seen.offset_seconds == pytest.approx(80, abs=0.5)
    document = seen.document()["clock"]
    assert document["against"] == "server"
    assert document["confidence"] > 0.72
    assert look(path, detector=NoDetector()).document()["clock"] is None
