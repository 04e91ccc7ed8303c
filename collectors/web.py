"""Asking a web service (HTTP 访问): looked-at addresses, bounded answers, patience with limits, no surprises.

One request is one story: wait for the rate, look the host up and judge its addresses, connect to a judged one, follow
redirects only to allowed hosts, wait as `Retry-After` or backoff with jitter say, and read no more than a bound.
"""

from __future__ import annotations

import email.utils
import random
import re
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Protocol
from urllib.parse import parse_qsl, urlencode, urljoin, urlsplit, urlunsplit

import urllib3
from urllib3.exceptions import HTTPError, LocationParseError, SSLError
from urllib3.util import Timeout, Url, parse_url

from collectors.base import CollectorError
from collectors.hosts import AllowedHosts, plain_host

ATTEMPTS = 5
CONNECT_SECONDS, READ_SECONDS = 10.0, 60.0
WHOLE_SECONDS = 600.0
"""One answer in all: a server that sends a byte a minute is stuck."""
LONGEST_WAIT = 120.0
"""Longer waits are left to the next run of the source."""
MOST_BYTES = 256 * 1024 * 1024
MOST_REDIRECTS = 5
_AGAIN = frozenset({408, 425, 429, 500, 502, 503, 504})
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_BLOCK = 1 << 16
_LINK = re.compile(r"<([^>]*)>([^<]*)")
_RELATION = re.compile(r"\brel\s*=\s*\"?([^\";,]+)", re.IGNORECASE)


class Credentials(Protocol):
    """What proves who asks."""

    def headers(self, client: Client) -> Mapping[str, str]:
        """Headers for a request to the source's own host."""
        ...

    def refused(self) -> bool:
        """The server said 401: forget what was remembered. True if another try makes sense."""
        ...


@dataclass(frozen=True, slots=True)
class Answer:
    """A complete answer with status 200 to 299."""

    url: str
    body: bytes
    content_type: str
    links: Mapping[str, str]
    """`rel` → address, from the Link header."""


@dataclass
class Client:
    """Asks on behalf of one source. `sleep` and `clock` (seconds) can be replaced in tests."""

    source: str
    hosts: AllowedHosts
    base: str
    """The source's own address: credentials go to its scheme, host and port only."""
    credentials: Credentials | None = None
    seconds_between: float = 0.0
    ca_file: str | None = None
    sleep: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.monotonic
    _last: float | None = field(default=None, init=False)

    def get(self, url: str, parameters: Mapping[str, str] | None = None, accept: str = "*/*") -> Answer:
        """The answer to a GET. Raises CollectorError: permanent where asking again cannot help."""
        return self._persistently("GET", with_parameters(url, parameters or {}), {"Accept": accept}, None)

    def post_form(self, url: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        """The answer to a POST of a form, as token endpoints want it; sent without the source's credentials."""
        form = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json", **headers}
        return self._persistently("POST", url, form, body)

    def _persistently(self, method: str, url: str, headers: Mapping[str, str], body: bytes | None) -> Answer:
        renewed = False
        for attempt in range(1, ATTEMPTS + 1):
            try:
                return self._once(method, url, headers, body)
            except _UnauthorizedError as error:
                if renewed or body is not None or self.credentials is None or not self.credentials.refused():
                    raise CollectorError(self._said(url, f"{error}. Check auth."), permanent=True) from error
                renewed = True
            except _AgainError as error:
                self.sleep(self._wait(url, attempt, error))
        raise CollectorError(self._said(url, "the credentials were refused again. Check auth."), permanent=True)

    def _wait(self, url: str, attempt: int, error: _AgainError) -> float:
        """Seconds before the next attempt. CollectorError when there is none."""
        wait = error.wait if error.wait is not None else random.uniform(0.5, 1.0) * 2**attempt  # noqa: S311 - jitter
        if attempt < ATTEMPTS and wait <= LONGEST_WAIT:
            return wait
        more = f" and asks to wait {wait:.0f} s" if wait > LONGEST_WAIT else f", {attempt} times"
        raise CollectorError(self._said(url, f"{error}{more}. The source is asked again later.")) from error

    def _once(self, method: str, url: str, headers: Mapping[str, str], body: bytes | None) -> Answer:
        """One request with the redirects it leads to."""
        for _ in range(MOST_REDIRECTS + 1):
            target = self._checked(url)
            with self._exchange(method, target, headers, body) as response:
                if response.status not in _REDIRECTS:
                    return self._answer(url, response)
                url = self._redirected(url, target, method, response)
        raise CollectorError(self._said(url, f"it redirected more than {MOST_REDIRECTS} times."), permanent=True)

    def _checked(self, url: str) -> Url:
        try:
            target = parse_url(url)
        except LocationParseError as error:
            raise CollectorError(f"Source '{self.source}': '{url}' is no web address.", permanent=True) from error
        if target.scheme not in ("http", "https") or not target.host:
            raise CollectorError(f"Source '{self.source}': '{url}' is no http or https address.", permanent=True)
        if target.scheme == "http" and parse_url(self.base).scheme == "https":
            raise CollectorError(self._said(url, "it would leave https for http, which is refused."), permanent=True)
        return target

    def _exchange(self, method: str, target: Url, headers: Mapping[str, str], body: bytes | None) -> _Exchange:
        self._keep_the_rate()
        sent = {"User-Agent": "Mingcha", "Accept-Encoding": "gzip, deflate", "Host": target.netloc or "", **headers}
        if self.credentials is not None and body is None and self._is_own(target):
            sent |= self.credentials.headers(self)
        return _Exchange(self, method, target, sent, body)

    def _is_own(self, target: Url) -> bool:
        own = parse_url(self.base)
        return (target.scheme, plain_host(target.host or ""), _port(target)) == (
            own.scheme, plain_host(own.host or ""), _port(own)
        )  # fmt: skip

    def _keep_the_rate(self) -> None:
        if self._last is not None and (left := self._last + self.seconds_between - self.clock()) > 0:
            self.sleep(left)
        self._last = self.clock()

    def _redirected(self, url: str, target: Url, method: str, response: urllib3.BaseHTTPResponse) -> str:
        location = response.headers.get("Location")
        if not location or method != "GET":
            raise CollectorError(self._said(url, f"{response.status} to '{location}', which is not followed."),
                                 permanent=True)  # fmt: skip
        return urljoin(target.url, location)

    def _answer(self, url: str, response: urllib3.BaseHTTPResponse) -> Answer:
        headers = response.headers
        if response.status == 401:
            raise _UnauthorizedError("it answered 401, the credentials were refused")
        if response.status in _AGAIN:
            raise _AgainError(f"it answered {response.status}", _wait_of(headers.get("Retry-After")))
        if not 200 <= response.status < 300:
            what = f"it answered {response.status}. Check 'path' and auth."
            raise CollectorError(self._said(url, what), permanent=True)
        body = b"".join(self._blocks(url, response))
        return Answer(url, body, headers.get("Content-Type", ""), _links(url, headers.get("Link", "")))

    def _blocks(self, url: str, response: urllib3.BaseHTTPResponse) -> Iterator[bytes]:
        """The body, unpacked, up to a bound: a small answer may unpack to a large one."""
        end, size = self.clock() + WHOLE_SECONDS, 0
        for block in response.stream(_BLOCK, decode_content=True):
            size += len(block)
            if size > MOST_BYTES:
                raise CollectorError(
                    self._said(url, f"its answer is larger than {MOST_BYTES >> 20} MB. Ask for pages."), permanent=True
                )
            if self.clock() > end:
                raise _AgainError(f"its answer took longer than {WHOLE_SECONDS:.0f} s")
            yield block

    def _said(self, url: str, what: str) -> str:
        """Query strings may hold names and numbers of people: they are left out."""
        return f"Source '{self.source}': {url.split('?')[0]}: {what}"


class _UnauthorizedError(Exception):
    """The server said 401."""


class _AgainError(Exception):
    """Worth another try, after `wait` seconds if the server said so."""

    def __init__(self, why: str, wait: float | None = None) -> None:
        super().__init__(why)
        self.wait = wait


class _Exchange:
    """One request and its response, on a connection to an address that was judged; closed on leaving."""

    def __init__(
        self, client: Client, method: str, target: Url, headers: Mapping[str, str], body: bytes | None
    ) -> None:
        self.client, self.method, self.target, self.headers, self.body = client, method, target, headers, body

    def __enter__(self) -> urllib3.BaseHTTPResponse:
        host, port = self.target.host or "", _port(self.target)
        why = ""
        for address in self.client.hosts.addresses(host, port):
            self.pool = self._pool(address, host, port)
            try:
                self.response = self._sent()
                return self.response
            except HTTPError as error:
                self.pool.close()
                why = _in_words(error)
                self._refuse_false_certificate(error, why)
        raise _AgainError(f"it cannot be reached ({why})")

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        self.response.close()  # an unread body would keep its socket open
        self.pool.close()
        if isinstance(error, HTTPError):
            raise _AgainError(f"it stopped in the middle of its answer ({_in_words(error)})") from error

    def _refuse_false_certificate(self, error: HTTPError, why: str) -> None:
        if isinstance(error, SSLError) and re.search("certificate|hostname", why):
            raise CollectorError(
                f"Source '{self.client.source}': the certificate of {self.target.host} is not trusted ({why}). "
                "Name the certificate of its authority: ca_file.",
                permanent=True,
            ) from error

    def _sent(self) -> urllib3.BaseHTTPResponse:
        return self.pool.urlopen(
            self.method, self.target.request_uri, body=self.body, headers=dict(self.headers), retries=False,
            redirect=False, assert_same_host=False, preload_content=False, decode_content=True,
            timeout=Timeout(connect=CONNECT_SECONDS, read=READ_SECONDS),
        )  # fmt: skip

    def _pool(self, address: str, host: str, port: int) -> urllib3.HTTPConnectionPool:
        if self.target.scheme == "http":
            return urllib3.HTTPConnectionPool(address, port)
        # The certificate must be that of the name, although the connection goes to the address.
        return urllib3.HTTPSConnectionPool(
            address, port, server_hostname=plain_host(host), assert_hostname=plain_host(host),
            cert_reqs="CERT_REQUIRED", ca_certs=self.client.ca_file,
        )  # fmt: skip


def with_parameters(url: str, parameters: Mapping[str, str]) -> str:
    """The address with query parameters added; one of the same name is replaced."""
    parts = urlsplit(url)
    kept = [(key, value) for key, value in parse_qsl(parts.query, keep_blank_values=True) if key not in parameters]
    return urlunsplit(parts._replace(query=urlencode([*kept, *parameters.items()])))


def _port(target: Url) -> int:
    return target.port or (443 if target.scheme == "https" else 80)


def _wait_of(header: str | None) -> float | None:
    """Seconds that `Retry-After` asks for, as a number or as a date; None when it says nothing readable."""
    if header is None:
        return None
    if header.strip().isdecimal():
        return float(header.strip())
    try:
        until = email.utils.parsedate_to_datetime(header)
    except ValueError:
        return None
    until = until if until.tzinfo else until.replace(tzinfo=UTC)
    return max(0.0, (until - datetime.now(UTC)).total_seconds())


def _links(url: str, header: str) -> dict[str, str]:
    """`<https://…?page=2>; rel="next"` → {"next": absolute address}."""
    return {
        relation: urljoin(url, address)
        for address, attributes in _LINK.findall(header)
        for found in _RELATION.findall(attributes)
        for relation in found.split()
    }


def _in_words(error: Exception) -> str:
    """The innermost cause: urllib3 wraps errors several times, with memory addresses in between."""
    reason: object = error
    while getattr(reason, "reason", None):
        reason = reason.reason  # type: ignore[attr-defined]  # urllib3's wrappers have it
    if isinstance(reason, Exception) and reason.__cause__ is not None:
        reason = reason.__cause__
    return str(reason).rsplit(": ", 1)[-1] or type(reason).__name__
