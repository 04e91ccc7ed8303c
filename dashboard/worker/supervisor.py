"""What `mingcha up` does with its children: start them, start again what dies, end them all together (守护).

Each child is a session of its own: Ctrl-C in a terminal reaches `up` alone, and whatever a child left behind is ended
with its group. A child ends by itself when `up` is killed (`end_with_parent`).
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

PARENT_VARIABLE = "MINGCHA_UP_PID"
FIRST_PAUSE_SECONDS = 1.0
LONGEST_PAUSE_SECONDS = 60.0
HEALTHY_AFTER_SECONDS = 60.0
"""A child that ran this long died of something new: the pause starts small again."""
END_SECONDS = 15.0


@dataclass(slots=True)
class Child:
    """One kept process: its name in messages, its command, and how its restarts stand."""

    name: str
    command: Sequence[str]
    say: Callable[[str], None]
    process: subprocess.Popen[bytes] | None = None
    pause: float = FIRST_PAUSE_SECONDS
    started: float = 0.0
    due: float = 0.0
    starts: int = 0

    def look(self, now: float) -> None:
        """Start it when it is due; note its death and plan the next start. `now` is monotonic seconds."""
        if self.process is None:
            if now >= self.due:
                self._start(now)
        elif (code := self.process.poll()) is not None:
            self._died(code, now)

    def ask_to_end(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()

    def wait(self, seconds: float) -> None:
        """Until it has ended; after `seconds` it is killed. Its whole group goes with it."""
        if self.process is None:
            return
        try:
            self.process.wait(timeout=max(0.0, seconds))
        except subprocess.TimeoutExpired:
            self.say(f"{self.name} does not end, killing it.")
        self._end_group()
        self.process.wait()

    def _start(self, now: float) -> None:
        environment = {**os.environ, PARENT_VARIABLE: str(os.getpid())}
        self.process = subprocess.Popen(self.command, start_new_session=True, env=environment)
        self.started = now
        self.starts += 1

    def _died(self, code: int, now: float) -> None:
        ran = now - self.started
        self._end_group()
        self.process = None
        self.pause = FIRST_PAUSE_SECONDS if ran >= HEALTHY_AFTER_SECONDS else self.pause
        self.due = now + self.pause
        self.say(f"{self.name} {_ending(code)} after {ran:.0f} s; starting it again in {self.pause:g} s.")
        self.pause = min(self.pause * 2, LONGEST_PAUSE_SECONDS)

    def _end_group(self) -> None:
        """End what the child started and left behind (decoders, frame processes)."""
        if self.process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)


@dataclass(slots=True)
class Supervisor:
    """Keeps its children running until `stop` is set."""

    children: Sequence[Child]
    stop: threading.Event = field(default_factory=threading.Event)
    look_seconds: float = 0.2

    def run(self) -> None:
        try:
            while not self.stop.is_set():
                for child in self.children:
                    child.look(time.monotonic())
                self.stop.wait(self.look_seconds)
        finally:
            self.end()

    def end(self) -> None:
        """Ask all to end at once, then wait for each."""
        for child in self.children:
            child.ask_to_end()
        until = time.monotonic() + END_SECONDS
        for child in self.children:
            child.wait(until - time.monotonic())


def end_with_parent(environment: Mapping[str, str]) -> None:
    """In a child of `up`: end (as by SIGTERM) when `up` is gone, looked at every second. Elsewhere nothing."""
    parent = environment.get(PARENT_VARIABLE)
    if parent is None:
        return

    def watch() -> None:
        while os.getppid() == int(parent):
            time.sleep(1)
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=watch, name="parent watch", daemon=True).start()


def _ending(code: int) -> str:
    return f"was ended by {signal.Signals(-code).name}" if code < 0 else f"ended with exit code {code}"
