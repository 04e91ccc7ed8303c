"""Interleaved pairs: ours and the baseline in turn, so that a noisy machine disturbs both alike."""

from __future__ import annotations

import os
import platform
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Paired:
    """Seconds of each round."""

    ours: tuple[float, ...]
    baseline: tuple[float, ...]

    @property
    def speed(self) -> float:
        """Median of baseline ÷ ours per pair: 2.0 means twice as fast as the baseline."""
        return statistics.median(b / o for o, b in zip(self.ours, self.baseline, strict=True))

    @property
    def cost(self) -> float:
        """Median of ours ÷ baseline per pair: 2.0 means twice the time of the baseline."""
        return statistics.median(o / b for o, b in zip(self.ours, self.baseline, strict=True))


def paired(
    ours: Callable[[], object],
    baseline: Callable[[], object],
    *,
    pairs: int,
    before_ours: Callable[[], object] = lambda: None,
    before_baseline: Callable[[], object] = lambda: None,
) -> Paired:
    """Time both in turn, `pairs` times, the order swapped each round; `before_…` prepares one, untimed."""
    first: list[float] = []
    second: list[float] = []
    for index in range(pairs):
        sides = ((before_ours, ours, first), (before_baseline, baseline, second))
        for prepare, call, times in sides[:: 1 if index % 2 == 0 else -1]:
            prepare()
            times.append(seconds_of(call))
    return Paired(tuple(first), tuple(second))


def seconds_of(call: Callable[[], object]) -> float:
    started = time.perf_counter()
    call()
    return time.perf_counter() - started


def report(name: str, value: float, wanted: str, pair: Paired | None = None, note: str = "") -> None:
    """One line: the ratio, what was wanted, and absolute medians for information."""
    times = f"  ({statistics.median(pair.ours):.2f} s against {statistics.median(pair.baseline):.2f} s)" if pair else ""
    print(f"{name}: {value:.2f}  wanted {wanted}{times}  {note}".rstrip())


def machine() -> str:
    """What this was measured on: processor kind, cores, Python."""
    return f"{platform.machine()}, {os.cpu_count()} cores, {platform.system()}, Python {platform.python_version()}"
