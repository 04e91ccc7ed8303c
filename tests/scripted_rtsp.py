"""An RTSP server that does what a test tells it: wrong passwords, refusals, hangs, drips, bursts. H.264 over TCP."""

from __future__ import annotations

import base64
import re
import socket
import struct
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field

import av

LARGEST = 1400
CLOCK = 90_000


def access_units(path):
    """[(second, [NAL units])] of an .ts file."""
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        packets = [packet for packet in container.demux(stream) if packet.size]
        first = packets[0].pts
        return [
            (float((packet.pts - first) * packet.time_base),
             [nal for nal in re.split(rb"\x00\x00\x00?\x01", bytes(packet)) if nal])
            for packet in packets
        ]  # fmt: skip


@dataclass
class Script:
    """What the server does. Seconds are of the media, which come as fast as they would from a camera."""

    units: list = field(default_factory=list)
    login: str | None = None
    """user:password that it wants."""
    status: str | None = None
    refusals: int | None = None
    """So many times `status` is answered, then the stream is there; None: always."""
    """Answer to DESCRIBE instead of the description: "453 Not Enough Bandwidth"."""
    silent: bool = False
    drip: bool = False
    """One byte a second, for ever."""
    burst: float = 0.0
    """Seconds of old pictures that come at once, before the live ones."""
    hang_at: float = 1e9
    close_at: float = 1e9
    speed: float = 1.0


class Server:
    def __init__(self, script):
        self.script, self.requests, self.now, self.most = script, [], 0, 0
        self.lock, self.over = threading.Lock(), threading.Event()
        self.listening = socket.create_server(("127.0.0.1", 0))
        self.port = self.listening.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while not self.over.is_set():
            try:
                client, _ = self.listening.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client):
        with self.lock:
            self.now += 1
            self.most = max(self.most, self.now)
        try:
            with client:
                self._talk(client)
        except OSError:
            pass  # the client is gone: what a test ended
        finally:
            with self.lock:
                self.now -= 1

    def _talk(self, client):
        script, buffer = self.script, b""
        while not self.over.is_set():
            if script.silent or script.drip:
                self._drip(client)
                return
            data = client.recv(65536)
            if not data:
                return
            buffer += data
            while b"\r\n\r\n" in buffer:
                head, buffer = buffer.split(b"\r\n\r\n", 1)
                request = head.decode(errors="replace")
                self.requests.append(request)
                if self._answer(client, request):
                    self._play(client)
                    return

    def _drip(self, client):
        while not self.over.wait(1.0):
            if self.script.drip:
                client.sendall(b"R")

    def _answer(self, client, request):
        method, number = request.split(" ", 1)[0], re.search(r"CSeq: *(\d+)", request)[1]
        more, body = "", ""
        status = "200 OK"
        given = re.search(r"Authorization: Basic (\S+)", request)
        if self.script.login and (not given or base64.b64decode(given[1]).decode() != self.script.login):
            status, more = "401 Unauthorized", 'WWW-Authenticate: Basic realm="cam"\r\n'
        elif method == "DESCRIBE" and self.script.status and self._refuses():
            status = self.script.status
        elif method == "OPTIONS":
            more = "Public: OPTIONS, DESCRIBE, SETUP, PLAY, TEARDOWN\r\n"
        elif method == "DESCRIBE":
            body = ("v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=cam\r\nt=0 0\r\nm=video 0 RTP/AVP 96\r\n"
                    "a=rtpmap:96 H264/90000\r\na=fmtp:96 packetization-mode=1\r\na=control:track1\r\n")  # fmt: skip
            more = f"Content-Type: application/sdp\r\nContent-Length: {len(body)}\r\n"
        elif method == "SETUP":
            more = "Transport: RTP/AVP/TCP;unicast;interleaved=0-1\r\nSession: 1\r\n"
        elif method == "PLAY":
            more = "Session: 1\r\n"
        client.sendall(f"RTSP/1.0 {status}\r\nCSeq: {number}\r\n{more}\r\n{body}".encode())
        return method == "PLAY" and status.startswith("200")

    def _refuses(self):
        asked = sum(request.startswith("DESCRIBE") for request in self.requests)
        return self.script.refusals is None or asked <= self.script.refusals

    def _play(self, client):
        script, began, sequence = self.script, time.monotonic(), 0
        for second, nals in script.units:
            if second >= script.close_at:
                return
            while second >= script.hang_at and not self.over.wait(0.2):
                pass
            wait = (second - script.burst) / script.speed - (time.monotonic() - began)
            if wait > 0 and self.over.wait(wait):
                return
            payloads = [piece for nal in nals for piece in _pieces(nal)]
            for index, payload in enumerate(payloads):
                marker = 0x80 if index == len(payloads) - 1 else 0
                head = struct.pack(">BBHII", 0x80, marker | 96, sequence & 0xFFFF, int(second * CLOCK), 1)
                client.sendall(b"$\x00" + struct.pack(">H", len(head) + len(payload)) + head + payload)
                sequence += 1

    def close(self):
        self.over.set()
        self.listening.close()


def _pieces(nal):
    """The unit itself, or its fragments (RFC 6184 FU-A)."""
    if len(nal) <= LARGEST:
        return [nal]
    parts = [nal[i : i + LARGEST] for i in range(1, len(nal), LARGEST)]
    marks = [0x80 if i == 0 else 0x40 if i == len(parts) - 1 else 0 for i in range(len(parts))]
    return [bytes([(nal[0] & 0xE0) | 28, mark | (nal[0] & 0x1F)]) + part
            for mark, part in zip(marks, parts, strict=True)]  # fmt: skip


@contextmanager
def served(**script):
    """A running server; `script` are fields of Script and may be changed while it runs."""
    server = Server(Script(**script))
    try:
        yield server
    finally:
        server.close()
