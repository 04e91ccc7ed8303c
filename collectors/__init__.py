"""The outside world (采集): files, databases, HTTP, cameras. Imports neither `checks` nor `dashboard`.

`SOURCES` lists the kinds of source: a new kind is its file, its test, and one line here.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from collectors.base import Source
from collectors.database import DatabaseConfig, DatabaseSource
from collectors.http import HttpConfig, HttpSource
from collectors.mapping import SourceConfig, SpreadsheetConfig
from collectors.spreadsheet import SpreadsheetSource
from collectors.surroundings import Surroundings

SOURCES: dict[str, tuple[str, type[SourceConfig], Callable[[Any, Surroundings], Source]]] = {
    "spreadsheet": ("Spreadsheets", SpreadsheetConfig, SpreadsheetSource),
    "database": ("Database", DatabaseConfig, DatabaseSource),
    "http": ("Web service", HttpConfig, HttpSource),
}
"""Kind → label, configuration, source."""
