"""Source kind `http`: rows of a web service that answers JSON or CSV, page by page (接口).

    path = "https://api.example/tickets"
    auth = {token_url = "https://api.example/token", client_id = "mingcha", client_secret_env = "API_SECRET"}
    page = {by = "page", parameter = "page", size_parameter = "size", size = 500, rows = "data.list"}
    query = {since = "{watermark}"}
    watermark = "updatedAt"
    rate = "5/s"

An answer is taken whole or not at all: a service that dies half-way, loops or answers a login page leaves nothing.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Literal
from urllib.parse import urljoin

from pydantic import AliasChoices, Field, field_validator, model_validator
from urllib3.util import parse_url

from collectors.answers import Format, Page, Parsed, parse
from collectors.base import Arrival, CollectorError, Remark
from collectors.credentials import HttpAuth, credentials_of
from collectors.hosts import AllowedHosts, plain_host, problems_of
from collectors.mapping import SourceConfig, seconds_of
from collectors.spool import workspace
from collectors.spreadsheet import arrival_of
from collectors.surroundings import Surroundings
from collectors.tables.spooled import SpoolWriter
from collectors.watermark import Value
from collectors.web import Client
from collectors.window import Window

PLACEHOLDER = "{watermark}"
_RATE = re.compile(r"^(\d+)\s*/\s*(s|m|h)$")
_SECONDS = {"s": 1, "m": 60, "h": 3600}


class HttpConfig(SourceConfig):
    """A web service; `path` (or `url`) is its address."""

    kind: Literal["http"] = "http"
    path: str = Field(validation_alias=AliasChoices("path", "url"))
    format: Format = "auto"
    query: dict[str, str] = Field(default_factory=dict)
    """Query parameters; one that holds `{watermark}` is left out until there is one."""
    watermark: str | None = None
    """Column that only grows, to ask for what is newer."""
    overlap: str | None = None
    page: Page = Page()
    auth: HttpAuth = HttpAuth()
    allow_hosts: list[str] = Field(default_factory=list)
    """Hosts, addresses or networks to which redirects and next links may lead; loopback only if listed."""
    rate: str | None = None
    """At most so many requests: `5/s`, `60/m`."""
    ca_file: str | None = None
    """Certificate of the company's own authority (PEM)."""

    @field_validator("path")
    @classmethod
    def _is_web_address(cls, url: str) -> str:
        parsed = parse_url(url)
        if parsed.scheme not in ("http", "https") or not parsed.host:
            raise ValueError("no web address; example: https://api.example/tickets")
        if parsed.auth:
            raise ValueError("no user or password may stand in an address; see auth")
        return url

    @field_validator("allow_hosts")
    @classmethod
    def _hosts_are_hosts(cls, entries: list[str]) -> list[str]:
        if wrong := problems_of(entries):
            raise ValueError(f"'{wrong[0]}' is no host; write a name, an address or a network such as 10.20.0.0/16")
        return entries

    @field_validator("rate")
    @classmethod
    def _rate_is_rate(cls, rate: str | None) -> str | None:
        if rate is not None and not (_RATE.match(rate) and int(rate.split("/")[0])):
            raise ValueError("no rate; write 5/s, 60/m or 1000/h")
        return rate

    @field_validator("overlap")
    @classmethod
    def _overlap_is_span(cls, overlap: str | None) -> str | None:
        if overlap is not None and not overlap.isdecimal():
            seconds_of(overlap)
        return overlap

    @model_validator(mode="after")
    def _watermark_is_used(self) -> HttpConfig:
        asked = any(PLACEHOLDER in value for value in self.query.values())
        if asked != (self.watermark is not None):
            raise ValueError(f'watermark and a query parameter with "{PLACEHOLDER}" belong together')
        if self.overlap and not self.watermark:
            raise ValueError("overlap needs a watermark column")
        return self

    @property
    def seconds_between(self) -> float:
        found = _RATE.match(self.rate or "")
        return _SECONDS[found[2]] / int(found[1]) if found else 0.0


Config = HttpConfig


@dataclass(frozen=True)
class HttpSource:
    """One web service. `client` can be given in tests."""

    config: HttpConfig
    surroundings: Surroundings
    client: Client | None = None

    def fetch(
        self, *, seen: frozenset[str], state: Mapping[str, str], arrived_at: datetime
    ) -> Iterator[Arrival | Remark]:
        """All rows that the service gives, as one arrival. Raises CollectorError."""
        window = Window(state, self.config.overlap)
        since = f" from {window.start} on" if window.start is not None else ""
        with workspace(self.surroundings.spool, "http") as folder:
            rows = _Rows(folder, self.config, window)
            for page in self._pages(rows, None if window.start is None else str(window.start)):
                rows.add(page)
            if rows.empty:
                yield Remark(f"nothing new{since}")
                return
            remembered = window.remembered(arrived_at, self.config.timezone)
            arrival = arrival_of(rows.written(), f"{self.config.name}: {rows.title}{since}", arrived_at, remembered)
            if arrival.sha256 in seen:
                # Read before, stored or refused: if it was refused, the watermark must stay where it is.
                yield Remark(f"nothing new{since}")
            else:
                yield arrival

    def _pages(self, rows: _Rows, start: str | None) -> Iterator[Parsed]:
        """One page after another, until the service says or shows that there are no more."""
        config, client = self.config, self.client or make_client(self.config, self.surroundings)
        whole = config.page.by == "none" and config.watermark is None
        step: Step | None = first_step(config, start)
        asked: set[str] = set()
        while step is not None:
            if step.name in asked or len(asked) >= config.page.limit:
                raise CollectorError(self._said(f"{step.name[:80]} after {len(asked)} pages: it loops"), permanent=True)
            asked.add(step.name)
            answer = client.get(step.url, step.parameters, "application/json, text/csv;q=0.9, */*;q=0.1")
            page = parse(answer, config.page, config.format, whole=whole)
            yield page
            step = next_step(config, step, page, rows.count)
        if page.total > rows.count:
            what = f"it speaks of {page.total} rows and gave {rows.count}; the source is asked again later"
            raise CollectorError(self._said(what))

    def _said(self, what: str) -> str:
        return f"Source '{self.config.name}': {self.config.path.split('?')[0]}: {what}."


def make_client(config: HttpConfig, surroundings: Surroundings) -> Client:
    """The client of a source: its hosts, credentials and rate."""
    own = {parse_url(url).host or "" for url in (config.path, config.auth.token_url) if url}
    return Client(
        config.name,
        AllowedHosts(config.name, frozenset(map(plain_host, own)), tuple(config.allow_hosts)),
        config.path,
        credentials_of(config.auth, config.name, surroundings),
        config.seconds_between,
        str(surroundings.path(config.ca_file)) if config.ca_file else None,
    )


# --- steps from page to page, pure -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Step:
    """What is asked next."""

    url: str
    parameters: Mapping[str, str]
    name: str
    """What must not be asked for twice: the page number, the cursor, the address."""


def first_step(config: HttpConfig, start: str | None) -> Step:
    """The first page; parameters that want a watermark are left out without one."""
    page = config.page
    parameters = {
        key: value.replace(PLACEHOLDER, start or "")
        for key, value in config.query.items()
        if start is not None or PLACEHOLDER not in value
    }
    if page.size and page.size_parameter:
        parameters[page.size_parameter] = str(page.size)
    if page.by == "page" and page.parameter:
        parameters[page.parameter] = str(page.first)
    return Step(config.path, parameters, f"page {page.first}" if page.by == "page" else config.path)


def next_step(config: HttpConfig, step: Step, last: Parsed, count: int) -> Step | None:
    """What to ask after a page, with `count` rows so far; None when that was the last.

    Pages by number end with an empty page or at `total`, not with a short one: a service that gives fewer rows than
    asked for would be read a tenth.
    """
    page = config.page
    if page.by == "none" or (page.by == "page" and (not last.rows or 0 <= last.total <= count)):
        return None
    if page.by == "page" and page.parameter:
        number = str(int(step.parameters[page.parameter]) + page.step)
        return Step(step.url, {**step.parameters, page.parameter: number}, f"page {number}")
    if not last.next:
        return None
    if page.by == "cursor" and page.parameter:
        return Step(step.url, {**step.parameters, page.parameter: last.next}, f"cursor {last.next}")
    following = urljoin(last.url, last.next)
    return Step(following, {}, following)


# --- rows on their way -----------------------------------------------------------------------------------------------


@dataclass
class _Rows:
    """Rows of all pages on disk, and the columns met so far: a later page may bring one that the first had not."""

    folder: Path
    config: HttpConfig
    window: Window
    count: int = 0
    """Rows given, those of the overlap included."""
    new: int = 0
    columns: dict[str, None] = field(default_factory=dict)
    pages: set[bytes] = field(default_factory=set)
    raw: bytes | None = None

    def add(self, page: Parsed) -> None:
        """Keep a page. CollectorError when the service gave the same one before: it does not turn its pages."""
        lines = [json.dumps(row, ensure_ascii=False) + "\n" for row in page.rows]
        digest = hashlib.sha256("".join(lines).encode()).digest()
        if lines and digest in self.pages:
            raise CollectorError(
                f"Source '{self.config.name}': {page.url.split('?')[0]} gave the same page twice: it loops. "
                "Check page.parameter; give page.total if its last page is repeated.",
                permanent=True,
            )
        self.pages.add(digest)
        self.raw = page.raw
        self.count += len(lines)
        for row in page.rows:
            self.columns |= dict.fromkeys(row)
        marks = self._marks(page)
        fresh = [line for line, mark in zip(lines, marks, strict=True) if self._is_new(line, mark)]
        self.new += len(fresh)
        with self._lines.open("a", encoding="utf-8") as file:
            file.writelines(fresh)

    def _is_new(self, line: str, mark: Value | None) -> bool:
        return self.config.watermark is None or self.window.is_new(line, mark)

    def _marks(self, page: Parsed) -> list[Value | None]:
        """The watermark of each row."""
        column = self.config.watermark
        if column is not None and page.rows and column not in self.columns:
            raise CollectorError(
                f"Source '{self.config.name}': the watermark column '{column}' is not in the answer "
                f"({', '.join(self.columns)}).",
                permanent=True,
            )
        return [_number_or_text(row.get(column)) if column else None for row in page.rows]

    @property
    def empty(self) -> bool:
        return not self.new and not self.raw

    @property
    def title(self) -> str:
        return f"{self.new} rows" if self.raw is None else self.config.path.split("?")[0].rsplit("/", 1)[-1]

    @property
    def _lines(self) -> Path:
        return self.folder / "rows.jsonl"

    def written(self) -> Path:
        """The rows as a spool file, or the file that the service sent."""
        if self.raw is not None:
            (self.folder / "answer").write_bytes(self.raw)
            return self.folder / "answer"
        path, names = self.folder / "rows.arrow", list(self.columns)
        with SpoolWriter(path, names) as writer, self._lines.open(encoding="utf-8") as file:
            for line in file:
                row = json.loads(line)
                writer.add([row.get(name) for name in names])
        return path


def _number_or_text(text: str | None) -> int | str | None:
    """Whole numbers count as numbers (`9` before `10`); digits as long as a day or a stamp are times."""
    if not text:
        return None
    return int(text) if text.isdecimal() and len(text) not in (8, 14) else text
