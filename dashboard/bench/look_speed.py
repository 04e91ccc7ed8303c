"""Speed of looking at clips (查看速度): key frames against ffmpeg, a day of clips against two processes that only read.

The clips are made here: 60 s, 1920 × 1080, 25 frames a second, 4 Mb/s, a key frame every two seconds, as cameras send
them. A few distinct ones stand for all of a day. On a machine that does other things too the ratios of processor time
tell more than those of the clock; both are printed.
"""

from __future__ import annotations

import multiprocessing
import os
import shutil
import statistics
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from queue import SimpleQueue
from typing import Any
from uuid import uuid4

import psutil

from collectors.video.look import look
from collectors.video.persons import NoDetector, packaged_model
from collectors.video.recordings import Clip
from dashboard.bench.timing import paired, report
from dashboard.sampling.capture import Fetched, Outcome, Task
from dashboard.sampling.cluster import open_crew
from dashboard.sampling.crew import LOOK, Crew, look_step
from dashboard.sampling.days import Camera
from dashboard.settings import Settings, VideoSettings

SHARED = Path(__file__).parents[2].parent / "shared"
PEOPLE = SHARED / "video" / "one-by-one-person-detection.mp4"
SECONDS, RATE, GROUP = 60, 25, 50
DAY_CLIPS = 150
SIZES = {"1920x1080": "4M", "640x360": "600k"}
DISTINCT = 3
WATCH_SECONDS = 0.1


def speed(*, clips: int = DAY_CLIPS, pairs: int = 3) -> None:
    """Print the ratios. `clips` is the length of the day that is looked at."""
    if shutil.which("ffmpeg") is None:
        print("speed of a day: not measured, ffmpeg (which makes the clips) is not installed")
        return
    load = os.getloadavg()[0]
    print(f"speed: load {load:.1f} on {os.cpu_count()} cores before the bench; more than 0.5 disturbs the clock")
    with tempfile.TemporaryDirectory(prefix="mingcha-speed-") as folder:
        made = {size: make_clips(Path(folder) / size, size, rate) for size, rate in SIZES.items()}
        key_frames(made["1920x1080"][0], pairs)
        wanted = {"1920x1080": "<= 1.4", "640x360": "for information"}
        with crew_of(2) as crew:
            for size, files in made.items():
                day(crew, files, clips, size, wanted[size])
        workers(made["1920x1080"], max(4, min(clips, 20)))


# --- the clips -------------------------------------------------------------------------------------------------------


def make_clips(folder: Path, size: str, rate: str) -> list[Path]:
    """A few clips of that size: people if their film is there, test pictures with noise otherwise."""
    folder.mkdir()
    return [make_clip(folder / f"{number}.mp4", size, rate, number) for number in range(DISTINCT)]


def make_clip(path: Path, size: str, rate: str, number: int) -> Path:
    noise = f"noise=alls={8 + 4 * number}:allf=t"
    if PEOPLE.is_file():
        begin = str(5 * number)
        source = [
            "-stream_loop",
            "-1",
            "-ss",
            begin,
            "-i",
            str(PEOPLE),
            "-vf",
            f"scale={size},fps={RATE},{noise}",
            "-an",
        ]
    else:
        source = ["-f", "lavfi", "-i", f"testsrc2=size={size}:rate={RATE},{noise}"]
    bits = ["-b:v", rate, "-maxrate", rate, "-bufsize", rate, "-bf", "0", "-g", str(GROUP), "-sc_threshold", "0"]
    coding = ["-c:v", "libx264", "-preset", "veryfast", "-pix_fmt", "yuv420p", *bits]
    command = ["ffmpeg", "-v", "error", "-y", *source, "-t", str(SECONDS), *coding, str(path)]
    subprocess.run(command, check=True)
    return path


# --- key frames ------------------------------------------------------------------------------------------------------


def key_frames(clip: Path, pairs: int) -> None:
    """Health and motion on key frames against ffmpeg that decodes nothing else and throws it away."""
    ours = partial(look, clip, detector=NoDetector(), keys=True)
    command = ["ffmpeg", "-v", "error", "-skip_frame", "nokey", "-i", str(clip), "-f", "null", "-"]
    theirs = partial(subprocess.run, command, check=True)
    ours()
    pair = paired(ours, theirs, pairs=pairs)
    report("key frames: health and motion, speed against ffmpeg -skip_frame nokey", pair.speed, ">= 0.8", pair)
    spent = statistics.median(processor_seconds(theirs) / processor_seconds(ours) for _ in range(pairs))
    report("key frames: the same in processor time", spent, ">= 0.8")


def processor_seconds(call: Callable[[], object]) -> float:
    """Processor time of a call and of the children it ended: what a busy machine disturbs little."""
    before = os.times()
    call()
    after = os.times()
    return sum(after[:4]) - sum(before[:4])


# --- a day -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Spent:
    """Seconds by the clock, processor seconds of all processes concerned, and the largest memory of one, MB."""

    seconds: float
    processor: float
    memory: float


@contextmanager
def crew_of(count: int) -> Iterator[Crew]:
    """That many workers as an installation has them, each with its detector loaded."""
    model = os.environ.get("MINGCHA_PERSON_MODEL") or (None if packaged_model() else "none")
    crew = open_crew(Settings(video=VideoSettings(person_model=model, workers=count)))
    try:
        yield crew
    finally:
        crew.close()


def day(crew: Crew, files: Sequence[Path], clips: int, size: str, wanted: str) -> None:
    """Looks at `clips` clips by two workers, detector at two looks a second, against grab() by two processes."""
    chosen = [files[number % len(files)] for number in range(clips)]
    looked_at(crew, chosen[:4])  # both sides start with everything loaded
    context = multiprocessing.get_context("spawn")
    with context.Pool(2) as pool:
        pool.map(grabbed, chosen[:2], chunksize=1)
        theirs = watched(lambda: pool.map(grabbed, chosen, chunksize=1))
        ours = watched(lambda: looked_at(crew, chosen))
    model = Path(crew.model).name if crew.model else "of the packages"
    name = f"a day of {clips} clips of {SECONDS} s, {size} ({len(files)} distinct), person model {model}"
    report(f"{name}: time against two processes of grab()", ours.seconds / theirs.seconds, wanted,
           note=f"({ours.seconds:.0f} s against {theirs.seconds:.0f} s)")  # fmt: skip
    report(f"{name}: processor time against theirs", ours.processor / theirs.processor, wanted,
           note=f"({ours.processor / clips:.2f} s a clip against {theirs.processor / clips:.2f} s)")  # fmt: skip
    report(f"{name}: most memory of a worker with its decoder, MB", ours.memory, "<= 600")


def workers(files: Sequence[Path], clips: int) -> None:
    """The same clips by one worker and by two."""
    chosen = [files[number % len(files)] for number in range(clips)]
    seconds = []
    for count in (1, 2):
        with crew_of(count) as crew:
            looked_at(crew, chosen[: 2 * count])
            seconds.append(watched(partial(looked_at, crew, chosen)).seconds)
    report(f"two workers against one, {clips} clips", seconds[0] / seconds[1], ">= 1.6",
           note=f"({seconds[1]:.0f} s against {seconds[0]:.0f} s)")  # fmt: skip


def looked_at(crew: Crew, clips: Sequence[Path]) -> None:
    """All of the clips, by the steps that samples go through; raises what went wrong."""
    ended: SimpleQueue[Any] = SimpleQueue()
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    camera = Camera("bench", "bench", None, None, None, (), None, moment)
    for number, clip in enumerate(clips):
        folder = clip.parent / uuid4().hex
        task = Task(f"bench-{number}", camera, moment, folder, folder)
        crew.start(
            LOOK, str(number), None, ended.put, look_step, task, Fetched(Clip(clip, SECONDS, 0.0), moment), crew.model
        )
    for _ in clips:
        result = ended.get()
        if not isinstance(result, Outcome):
            raise result if isinstance(result, BaseException) else RuntimeError(str(result))


def grabbed(clip: Path) -> int:
    """Frames of a clip, read and thrown away."""
    import cv2

    video, count = cv2.VideoCapture(str(clip)), 0
    while video.grab():
        count += 1
    video.release()
    return count


def watched(call: Callable[[], object]) -> Spent:
    """What the call needs in all processes below this one."""
    largest, stop = [0.0], threading.Event()

    def watch() -> None:
        while not stop.wait(WATCH_SECONDS):
            largest[0] = max(largest[0], largest_family())

    thread = threading.Thread(target=watch, daemon=True)
    before, began = processor_of_family(), time.perf_counter()
    thread.start()
    call()
    seconds = time.perf_counter() - began
    stop.set()
    thread.join()
    return Spent(seconds, processor_of_family() - before, largest[0])


def processor_of_family() -> float:
    """Processor seconds of this process's children so far, with those that their own children have spent."""
    return sum(sum(one.cpu_times()[:4]) for one in psutil.Process().children() if one.is_running())


def largest_family() -> float:
    """Memory (MB) of the child that needs most, its own children included."""
    return max((_memory(one) for one in psutil.Process().children()), default=0.0)


def _memory(process: psutil.Process) -> float:
    total = 0.0
    try:
        for one in (process, *process.children(recursive=True)):
            total += one.memory_info().rss / 2**20
    except psutil.NoSuchProcess:
        pass  # a decoder that has just ended
    return total
