"""Visitors at a page without a browser: raw websockets that ask for reruns as fast as they are answered.

Started as a program of its own, so that the client's work does not run inside the server: prints reruns per second.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from dataclasses import dataclass, field
from typing import Any

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.asyncio.client import connect

CACHED_FROM = 10_000
"""Bytes from which a browser keeps a message and names it instead of receiving it again."""
WARM_UP = 2


@dataclass
class Visitor:
    """One session: asks for a rerun, reads until the script has finished."""

    socket: Any
    page: str
    query: str
    person: str
    kept: set[str] = field(default_factory=set)
    button: str | None = None
    script: str = ""
    received: int = 0

    async def rerun(self, *, press: str | None = None) -> None:
        """One run of the page; `press` is the id of a button pressed."""
        message = BackMsg()
        state = message.rerun_script
        state.query_string, state.page_script_hash = self.query, self.script
        state.page_name = "" if self.script else self.page
        state.cached_message_hashes.extend(self.kept)
        if press:
            widget = state.widget_states.widgets.add()
            widget.id, widget.trigger_value = press, True
        await self.socket.send(message.SerializeToString())
        while not self._read(await self.socket.recv()):
            pass

    def _read(self, raw: bytes) -> bool:
        """Take in one message; whether the run has ended."""
        self.received += len(raw)
        message = ForwardMsg()
        message.ParseFromString(raw)
        kind = message.WhichOneof("type")
        if message.metadata.cacheable and len(raw) >= CACHED_FROM:
            self.kept.add(message.hash)
        if kind == "navigation":
            self.script = message.navigation.page_script_hash
        elif kind == "delta" and message.delta.new_element.HasField("button"):
            button = message.delta.new_element.button
            if button.label.startswith(self.person):
                self.button = button.id
        return kind == "script_finished"


async def visit(address: str, page: str, query: str, person: str, sessions: int, seconds: float) -> dict[str, float]:
    """`sessions` visitors at once for `seconds`: reruns per second, bytes per rerun."""
    url = address.replace("http://", "ws://") + "/_stcore/stream"
    sockets = [await connect(url, origin=address, subprotocols=["streamlit"], max_size=None) for _ in range(sessions)]  # type: ignore[arg-type, list-item]
    visitors = [Visitor(socket, page, query, person) for socket in sockets]
    await asyncio.gather(*(_enter(visitor) for visitor in visitors))
    before = sum(visitor.received for visitor in visitors)
    started = time.perf_counter()
    counts = await asyncio.gather(*(_keep_on(visitor, started + seconds) for visitor in visitors))
    took = time.perf_counter() - started
    received = sum(visitor.received for visitor in visitors) - before
    for socket in sockets:
        await socket.close()
    return {"reruns_per_second": sum(counts) / took, "bytes_per_rerun": received / max(sum(counts), 1)}


async def _enter(visitor: Visitor) -> None:
    """The first runs: say who sits here where the page asks, then warm up."""
    await visitor.rerun()
    if visitor.button:
        await visitor.rerun(press=visitor.button)
    for _ in range(WARM_UP):
        await visitor.rerun()


async def _keep_on(visitor: Visitor, until: float) -> int:
    count = 0
    while time.perf_counter() < until:
        await visitor.rerun()
        count += 1
    return count


def main(arguments: list[str]) -> None:
    address, page, query, person, sessions, seconds = arguments
    found = asyncio.run(visit(address, page, query, person, int(sessions), float(seconds)))
    sys.stdout.write(json.dumps(found))


if __name__ == "__main__":
    main(sys.argv[1:])
