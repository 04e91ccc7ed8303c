"""The other end of `reading`: a short-lived process that reads one file under a memory limit.

Started as `python -P -m collectors.reading_process FD`; answers JSON on the pipe until it closes.
"""

from __future__ import annotations

import json
import resource
import sys
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import pyarrow as pa

from collectors import tables
from collectors.base import CollectorError
from collectors.tables.grid import Grid, cell_names

_CPU_SECONDS = 1_800
"""A child whose parent was killed ends at its next answer; one that is stuck in a file ends here."""


def serve(pipe: Connection[Any, Any]) -> None:
    """Answer until the other end closes."""
    grids: list[Grid] = []
    while True:
        try:
            question = json.loads(pipe.recv_bytes())
        except EOFError:
            return
        try:
            answer = {"ok": _answer(question, grids)}
        except CollectorError as error:
            answer = {"error": error.message, "permanent": error.permanent}
        pipe.send_bytes(json.dumps(answer).encode())


def _answer(question: dict[str, Any], grids: list[Grid]) -> Any:
    if "path" in question:
        _limit_memory(question["memory"])
        grids.extend(tables.read_grids(Path(question["path"])))
        return [_written(grid, Path(question["folder"]) / f"{index}.arrow") for index, grid in enumerate(grids)]
    grid = grids[question["sheet"]]
    if "lost_digits" in question:
        return list(grid.lost_digits(question["lost_digits"]))
    return dict(grid.merged(question["merged"]))


def _limit_memory(limit: int) -> None:
    """`limit` bytes beyond what the interpreter and the libraries occupy by now. No core dumps: they hold the data."""
    if sys.platform != "linux":
        return  # servers run Linux; elsewhere address space is not counted this way
    occupied = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (occupied + limit, occupied + limit))
    resource.setrlimit(resource.RLIMIT_CPU, (_CPU_SECONDS, _CPU_SECONDS))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _written(grid: Grid, path: Path) -> dict[str, Any]:
    """One sheet as an Arrow file, every cell text; what else the sheet says goes back in words."""
    width = max(map(len, grid.head))
    schema = pa.schema([(name, pa.large_string()) for name in cell_names(width)])
    with pa.OSFile(str(path), "wb") as file, pa.ipc.new_file(file, schema) as writer:
        for frame in grid.chunks(0, width):
            writer.write_table(frame.select(cell_names(width)).to_arrow().cast(schema))
    return {"name": grid.sheet, "from_1904": grid.from_1904}


if __name__ == "__main__":
    serve(Connection(int(sys.argv[1])))
