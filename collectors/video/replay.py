"""ONVIF replay (ONVIF 回放): the stretch stands in the PLAY request, where the library that reads cannot put it.

A relay on the loopback stands between: it passes on what both say, writes `Range: clock=…` and `Require: onvif-replay`
(ONVIF Streaming Specification, RTSP extensions of replay) into the requests, and signs them itself, since a signature
covers the recorder's address and not the relay's. It lives for one recording and takes one connection.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import re
import secrets
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

from collectors.redact import remember

ANSWER_SECONDS = 10.0
PIECE = 65536
_CHALLENGE = re.compile(r'(\w+)=(?:"([^"]*)"|([^\s,]+))')


@contextlib.contextmanager
def relayed(address: str, span: str) -> Iterator[str]:
    """An address on the loopback whose PLAY asks the recorder at `address` for `span` (`clock=…-…`)."""
    split = urlsplit(address)
    relay = Relay(split.hostname or "", split.port or 554, span, unquote(split.username or ""),
                  unquote(split.password or ""))  # fmt: skip
    with socket.create_server(("127.0.0.1", 0)) as listening:
        relay.local = f"rtsp://127.0.0.1:{listening.getsockname()[1]}"
        threading.Thread(target=relay.serve, args=(listening,), name="replay", daemon=True).start()
        try:
            yield f"{relay.local}{split.path}{'?' + split.query if split.query else ''}"
        finally:
            relay.close()


@dataclass
class Relay:
    """One conversation between the decoder and a recorder."""

    host: str
    port: int
    span: str
    user: str = field(repr=False)
    password: str = field(repr=False)
    local: str = ""
    _challenge: str | None = None
    _asked: bytes = b""
    _signed: bool = False
    _ends: list[socket.socket] = field(default_factory=list)

    def serve(self, listening: socket.socket) -> None:
        """Pass on until one of the two hangs up; what fails ends both, and the decoder says so in its words."""
        with contextlib.suppress(OSError):
            client, _ = listening.accept()
            self._ends.append(client)
            server = socket.create_connection((self.host, self.port), ANSWER_SECONDS)
            server.settimeout(None)
            self._ends.append(server)
            upward = threading.Thread(target=self._pass, args=(client, server, self._request), daemon=True)
            upward.start()
            self._pass(server, client, lambda message: self._answer(message, server))
        self.close()

    def close(self) -> None:
        for end in self._ends:  # both directions and the caller end it; the second time nothing is left to do
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()

    def _pass(self, source: socket.socket, to: socket.socket, change: object) -> None:
        assert callable(change)
        buffer = b""
        with contextlib.suppress(OSError):
            while data := source.recv(PIECE):
                buffer += data
                while True:
                    message, buffer = first_message(buffer)
                    if message is None:
                        break
                    passed = message if message[:1] == b"$" else change(message)
                    if passed:
                        to.sendall(passed)
        self.close()

    def _request(self, message: bytes) -> bytes:
        """The decoder's request as the recorder should get it."""
        head, _, body = message.partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        method, address, version = first.split(" ", 2)
        address = address.replace(self.local, f"rtsp://{self.host}:{self.port}", 1)
        kept = [line for line in lines if not line.lower().startswith(("range:", "authorization:"))]
        if method in ("SETUP", "PLAY"):
            kept.append("Require: onvif-replay")
        if method == "PLAY":
            kept.append(f"Range: {self.span}")
        self._asked = "\r\n".join([f"{method} {address} {version}", *kept]).encode("latin-1") + b"\r\n\r\n" + body
        self._signed = self._challenge is not None
        return self._sign(self._asked)

    def _answer(self, message: bytes, server: socket.socket) -> bytes | None:
        """The recorder's answer; one that wants to know who asks is answered here, once."""
        head = message.partition(b"\r\n\r\n")[0].decode("latin-1")
        wanted = re.findall(r"(?im)^WWW-Authenticate: *(.+?)\r?$", head)
        if not head.startswith("RTSP/1.0 401") or not wanted or not self.user or self._signed:
            return message
        self._challenge = next((one for one in wanted if one.lower().startswith("digest")), wanted[0])
        self._signed = True
        server.sendall(self._sign(self._asked))
        return None

    def _sign(self, request: bytes) -> bytes:
        if self._challenge is None:
            return request
        method, address, _ = request.split(b"\r\n", 1)[0].decode("latin-1").split(" ", 2)
        line = authorization(self._challenge, method, address, self.user, self.password)
        return request.replace(b"\r\n", f"\r\nAuthorization: {remember(line)}\r\n".encode("latin-1"), 1)


def first_message(buffer: bytes) -> tuple[bytes | None, bytes]:
    """(the first whole message: `$` with binary data, or text with its body; what follows), None if it is not whole."""
    if buffer[:1] == b"$":
        whole = 4 + int.from_bytes(buffer[2:4], "big") if len(buffer) >= 4 else PIECE
        return (buffer[:whole], buffer[whole:]) if len(buffer) >= whole else (None, buffer)
    head, gap, rest = buffer.partition(b"\r\n\r\n")
    if not gap:
        return None, buffer
    length = re.search(rb"(?im)^Content-Length: *(\d+)", head)
    body = int(length[1]) if length else 0
    return (None, buffer) if len(rest) < body else (head + gap + rest[:body], rest[body:])


def authorization(
    challenge: str, method: str, address: str, user: str, password: str, *, nonce: str | None = None
) -> str:
    """Value of an Authorization header (RFC 2617: Basic, Digest with MD5). `nonce`: the client's own, for tests."""
    if not challenge.lower().startswith("digest"):
        return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()
    asked = {name.lower(): plain or quoted for name, quoted, plain in _CHALLENGE.findall(challenge)}
    realm, server_nonce = asked.get("realm", ""), asked.get("nonce", "")
    secret, what = _md5(f"{user}:{realm}:{password}"), _md5(f"{method}:{address}")
    parts = f'Digest username="{user}", realm="{realm}", nonce="{server_nonce}", uri="{address}"'
    if "opaque" in asked:
        parts += f', opaque="{asked["opaque"]}"'
    if "auth" not in [one.strip() for one in asked.get("qop", "").split(",")]:
        return f'{parts}, response="{_md5(f"{secret}:{server_nonce}:{what}")}"'
    own = nonce or secrets.token_hex(8)
    response = _md5(f"{secret}:{server_nonce}:00000001:{own}:auth:{what}")
    return f'{parts}, qop=auth, nc=00000001, cnonce="{own}", response="{response}"'


def _md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()
