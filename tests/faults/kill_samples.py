"""Kill sampling again and again: `python -m tests.faults.kill_samples --times 60 --seed 1` (see `samples.py`)."""

import argparse
import sys
import tempfile
import time
from pathlib import Path

from tests.faults.samples import POINTS, Tries, kill_again_and_again, kill_at_points


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=60)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        tries = Tries(Path(folder))
        wrong = kill_at_points(tries, POINTS)
        wrong += kill_again_and_again(tries, times=arguments.times, seed=arguments.seed)
    print(f"{wrong} tries left something else than an undisturbed run (seed {arguments.seed})")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
