"""An answer of a web service taken apart into rows (应答), pure: JSON of any nesting, CSV of any encoding."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from collectors.base import CollectorError
from collectors.tables import encoding
from collectors.web import Answer

Format = Literal["auto", "json", "csv"]
Row = Mapping[str, str | None]
NO_TOTAL = -1
_MESSAGES = ("message", "msg", "error", "error_description", "detail")
_TITLE = re.compile(rb"<title[^>]*>([^<]{1,80})", re.IGNORECASE)


class Page(BaseModel):
    """How the service cuts its answer into pages. Paths such as `data.list` lead through JSON objects."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    by: Literal["none", "page", "cursor", "next"] = "none"
    parameter: str | None = None
    """Query parameter that carries the page number or the cursor."""
    first: int = 1
    step: int = Field(default=1, ge=1)
    """Added to the number each time; the page size for services that count rows (`offset`)."""
    size_parameter: str | None = None
    size: int | None = Field(default=None, ge=1)
    rows: str | None = None
    """Path of the list of rows; empty: the answer itself, or the one list in it."""
    next: str | None = None
    """Path of the next cursor or of the next address; empty for `next`: the Link header."""
    total: str | None = None
    """Path of the number of rows in all: reading ends there, and fewer are an error."""
    limit: int = Field(default=100_000, ge=1)
    """Pages after which something must be wrong."""

    @model_validator(mode="after")
    def _has_what_it_needs(self) -> Page:
        if self.by in ("page", "cursor") and not self.parameter:
            raise ValueError(f'page.by = "{self.by}" needs page.parameter')
        if self.by == "cursor" and not self.next:
            raise ValueError('page.by = "cursor" needs page.next, the path of the next cursor')
        if bool(self.size) != bool(self.size_parameter):
            raise ValueError("page.size and page.size_parameter belong together")
        return self


@dataclass(frozen=True)
class Parsed:
    """One page, taken apart. `raw`: the answer is a file of its own, to be read like one from a folder."""

    url: str
    rows: Sequence[Row] = ()
    next: str | None = None
    total: int = NO_TOTAL
    raw: bytes | None = None


def parse(answer: Answer, page: Page, format: Format, *, whole: bool) -> Parsed:
    """One answer as rows; with `whole`, an answer that is no JSON is kept as the file it is.

    Raises CollectorError naming what came instead of data.
    """
    body = answer.body.lstrip(b"\xef\xbb\xbf \t\r\n")
    if body.startswith(b"<"):
        title = _TITLE.search(body)
        named = f" ('{title[1].decode(errors='replace').strip()}')" if title else ""
        raise CollectorError(
            f"{_where(answer)} answered a web page{named} instead of data; a login page perhaps. Check 'path' and auth."
        )
    if format == "json" or (format == "auto" and _looks_like_json(answer, body)):
        return _parse_json(answer, page)
    if whole:
        return Parsed(answer.url, raw=answer.body)
    return Parsed(answer.url, _csv_rows(answer, format), answer.links.get("next"))


def _where(answer: Answer) -> str:
    return answer.url.split("?")[0]


def _looks_like_json(answer: Answer, body: bytes) -> bool:
    return "json" in answer.content_type.lower() or body[:1] in (b"{", b"[")


def _parse_json(answer: Answer, page: Page) -> Parsed:
    try:
        document = json.loads(answer.body, parse_float=str, parse_constant=str)
    except (ValueError, RecursionError) as error:
        raise CollectorError(
            f"{_where(answer)} answered broken JSON ({error}). The source is asked again later."
        ) from error
    rows = _rows_of(document, page, _where(answer))
    following = _at(document, page.next) if page.next else answer.links.get("next")
    return Parsed(answer.url, rows, str(following) if following else None, _total(document, page))


def _rows_of(document: Any, page: Page, where: str) -> list[Row]:
    found = _at(document, page.rows) if page.rows else _only_list(document)
    if not isinstance(found, list):
        place = f"at '{page.rows}'" if page.rows else "of rows (page.rows says where it is)"
        raise CollectorError(f"{where} answered no list {place}{_what_it_said(document)}. Check page.rows and auth.")
    return [dict(_flat(row if isinstance(row, dict) else {"value": row})) for row in found]


def _only_list(document: Any) -> Any:
    if not isinstance(document, dict):
        return document
    lists = [value for value in document.values() if isinstance(value, list)]
    return lists[0] if len(lists) == 1 else None


def _what_it_said(document: Any) -> str:
    """Keys, and the message that services put beside a missing list."""
    if not isinstance(document, dict):
        return f" but {type(document).__name__}"
    said = next((f"; it says '{document[key]!s:.100}'" for key in _MESSAGES if document.get(key)), "")
    return f" (keys: {', '.join(map(str, list(document)[:12]))}){said}"


def _at(document: Any, path: str) -> Any:
    for key in path.split("."):
        if not isinstance(document, dict):
            return None
        document = document.get(key)
    return document


def _total(document: Any, page: Page) -> int:
    total = _at(document, page.total) if page.total else None
    return int(total) if isinstance(total, (int, str)) and str(total).isdecimal() else NO_TOTAL


def _flat(row: Mapping[str, Any], before: str = "") -> Iterator[tuple[str, str | None]]:
    """`{"office": {"code": "1"}}` → `office.code`; lists stay JSON."""
    for key, value in row.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{before}{key}.")
        else:
            yield f"{before}{key}", _text(value)


def _text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    return json.dumps(value, ensure_ascii=False) if isinstance(value, list) else str(value)


def _csv_rows(answer: Answer, format: Format) -> list[Row]:
    text = encoding.to_text(answer.body).replace("\x00", "")
    rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text)))
    names = [name.strip() for name in rows[0]] if rows else []
    if len(names) < 2 and format == "auto":
        raise CollectorError(
            f"{_where(answer)} answered neither JSON nor csv ({answer.content_type or 'no content type'}: "
            f"'{text[:40]}'). Check 'path'."
        )
    return [_csv_row(names, row) for row in rows[1:] if any(row)]


def _csv_row(names: Sequence[str], row: Sequence[str]) -> Row:
    """Cells beyond the header go into a column of their own: shown, not dropped."""
    cells = dict(zip(names, row, strict=False))
    return cells if len(row) <= len(names) else cells | {"": json.dumps(row[len(names) :], ensure_ascii=False)}


def _delimiter(text: str) -> str:
    first = text.split("\n", 1)[0]
    return max(",\t;|", key=first.count)
