"""What a source says about itself (映射, design §4.3): `[[sources]]` of mingcha.toml, or a `--mapping` file.

A configuration that cannot be meant is refused with the key, the value seen and the nearest key that exists.
"""

from __future__ import annotations

import hashlib
import re
import tomllib
from collections.abc import Iterable, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any, Literal, TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator
from rapidfuzz import process

from collectors.base import CollectorError
from collectors.headers import EXPORTED_AT, OFFICE_PARENT
from collectors.records import RECORDS
from collectors.stamps import SHANGHAI

_HOW_TO_GET_IT = {
    "path", "every", "expect_within", "settle", "auth", "allow_hosts", "rate", "ca_file", "overlap"
}  # fmt: skip
"""Keys that change when and from where something is read, but not how."""
FOLDERS = ("sftp", "smb", "s3")
"""Addresses of remote folders."""
_DURATION = re.compile(r"^(\d+)\s*(s|m|h|d)$")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


class SourceConfig(BaseModel):
    """One source: where it comes from, when, and how its columns and values are to be read."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    name: str = "file"
    record: str
    kind: str = "spreadsheet"
    path: str | None = None
    every: str = "10m"
    expect_within: str | None = None
    """Longer silence is itself a warning."""

    columns: dict[str, str | list[str]] = {}
    """Canonical column → its header in the source (several: the first that is filled; none: not in this source)."""
    values: dict[str, dict[str, str]] = {}
    """Column → word in the source → canonical value; `""` means nothing is stated."""
    timezone: str = SHANGHAI
    date_formats: list[str] = []
    """strptime formats tried before the built-in ones."""
    sheets: list[str] = []
    """Names (or patterns such as `2026*`) of the sheets to read; empty: all that hold a table."""
    header_rows: int | None = Field(default=None, ge=1, le=5)
    skip_until: str | None = None
    """Text of a cell in the header's first row."""
    combine: dict[str, list[str]] = {}
    """Canonical column → headers whose texts make it, joined by a blank (a day and a time)."""
    constants: dict[str, str] = {}
    """Canonical column → the same text for every row."""
    office_create: bool = False
    """Whether naming an unknown office makes it one: a station, below the county that `office_parent` names."""
    system: str | None = None
    empty: Literal["keeps", "clears"] = "keeps"
    """What an empty cell does to a value stored before."""
    exported_at: str | None = None
    """Header of the column that holds the version time of a row."""
    rulebook: str | None = None
    calendar: str | None = None
    strict_header: bool = False
    """Whether a file whose header is none of `headers` is refused as a whole (the Mapping page saves it so)."""
    headers: list[list[str]] = []
    """Headers that the source was saved with: one for each shape that its sheets have."""

    @property
    def system_name(self) -> str:
        """What keys are unique in."""
        return self.system or self.name

    @property
    def every_seconds(self) -> int:
        return seconds_of(self.every)

    @property
    def expected_within(self) -> timedelta | None:
        return timedelta(seconds=seconds_of(self.expect_within)) if self.expect_within else None

    @property
    def digest(self) -> str:
        """Changes whenever the same file would be read differently."""
        text = self.model_dump_json(exclude=_HOW_TO_GET_IT)
        return hashlib.sha256(text.encode()).hexdigest()

    @field_validator("record")
    @classmethod
    def _record_is_known(cls, record: str) -> str:
        if record not in RECORDS:
            raise ValueError(f"unknown record; {did_you_mean(record, RECORDS)}")
        return record

    @field_validator("every", "expect_within")
    @classmethod
    def _is_duration(cls, text: str | None) -> str | None:
        if text is not None:
            seconds_of(text)
        return text

    @field_validator("timezone")
    @classmethod
    def _zone_exists(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError, OSError) as error:
            raise ValueError("no such time zone; example: Asia/Shanghai") from error
        return name

    @model_validator(mode="after")
    def _columns_are_canonical(self) -> SourceConfig:
        known = (*RECORDS[self.record].names, EXPORTED_AT, *([OFFICE_PARENT] if self.office_create else []))
        for key in ("columns", "values", "combine", "constants"):
            for column in getattr(self, key):
                if column not in known:
                    raise ValueError(f"{key}.{column} is no column of {self.record}; {did_you_mean(column, known)}")
        self._refuse_two_ways()
        self._refuse_unknown_values()
        return self

    def _refuse_two_ways(self) -> None:
        ways = [column for key in ("columns", "combine", "constants") for column in getattr(self, key)]
        twice = sorted({column for column in ways if ways.count(column) > 1})
        if twice:
            raise ValueError(f"'{twice[0]}' is given by two of columns, combine and constants; keep one")

    def _refuse_unknown_values(self) -> None:
        for column, words in self.values.items():
            allowed = () if column in (EXPORTED_AT, OFFICE_PARENT) else RECORDS[self.record].column(column).values
            for word, value in words.items():
                if allowed and value and value not in allowed:
                    raise ValueError(
                        f"values.{column}.{word} = '{value}' is no {column}; {did_you_mean(value, allowed)}"
                    )


Config = TypeVar("Config", bound=SourceConfig)


class FolderAuth(BaseModel):
    """Who reads a remote folder; the password (of S3: the secret key) from the environment or a file."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    user: str | None = None
    """For S3 the access key's id."""
    password_env: str | None = None
    password_file: str | None = None
    key_file: str | None = None
    """Private key for SFTP."""
    known_hosts: str | None = None
    """File with the keys of SFTP servers, as ssh has it."""
    region: str | None = None
    endpoint: str | None = None
    """Address of an S3 service other than Amazon's."""


class SpreadsheetConfig(SourceConfig):
    """A folder of files: `path` is a pattern such as `inbox/95598/*`, or one of `FOLDERS` with a pattern behind it."""

    kind: Literal["spreadsheet"] = "spreadsheet"
    settle: str = "2s"
    """A file is read once it has not changed for so long."""
    auth: FolderAuth = FolderAuth()
    allow_hosts: list[str] = Field(default_factory=list)
    """Addresses at which a remote folder may be although they are loopback or link-local."""

    @property
    def settle_seconds(self) -> int:
        return seconds_of(self.settle)

    @field_validator("path")
    @classmethod
    def _is_a_folder(cls, path: str | None) -> str | None:
        if not path:
            raise ValueError("a spreadsheet source needs a path such as inbox/95598/*")
        scheme = path.split("://")[0] if "://" in path else None
        if scheme not in (None, *FOLDERS):
            raise ValueError(f"{scheme}:// is no folder; known are {', '.join(FOLDERS)} and paths of this machine")
        if scheme and "@" in path.split("/")[2]:
            raise ValueError("no user or password may stand in an address; see auth")
        return path

    @field_validator("settle")
    @classmethod
    def _settle_is_duration(cls, text: str) -> str:
        seconds_of(text)
        return text


def seconds_of(text: str) -> int:
    """`10m` → 600. ValueError for anything else."""
    found = _DURATION.match(text.strip())
    if not found or int(found[1]) == 0:
        raise ValueError(f"'{text}' is no duration; write 30s, 10m, 1h or 1d")
    return int(found[1]) * _SECONDS[found[2]]


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """A hint that names the nearest known word, or all of them."""
    names = list(known)
    found = process.extractOne(word, names, score_cutoff=50)
    return f"did you mean '{found[0]}'?" if found else f"known are {', '.join(names)}"


def parse_config(model: type[Config], raw: Mapping[str, Any], where: str) -> Config:
    """A validated source. CollectorError names the place, each bad key and the nearest known one."""
    try:
        return model.model_validate(dict(raw))
    except ValidationError as error:
        problems = "; ".join(_problem(item, model) for item in error.errors())
        raise CollectorError(f"{where}: {problems}.", permanent=True) from error


def _problem(item: Any, model: type[SourceConfig]) -> str:
    key = ".".join(str(part) for part in item["loc"])
    if item["type"] == "extra_forbidden":
        return f"unknown key '{key}', {did_you_mean(str(item['loc'][-1]), _known_keys(model, item['loc'][:-1]))}"
    if item["type"] == "missing":
        return f"'{key}' is missing"
    said = item["msg"].removeprefix("Value error, ")
    return said if not key else f"'{key}' = {item['input']!r}: {said}"


def _known_keys(model: type[BaseModel], location: tuple[int | str, ...]) -> Iterable[str]:
    """Keys of the table at `location`: `auth.user` is looked up among those of `auth`."""
    for part in location:
        inner = model.model_fields[str(part)].annotation if str(part) in model.model_fields else None
        if isinstance(inner, type) and issubclass(inner, BaseModel):
            model = inner
    return model.model_fields


def read_mapping(path: Path, record: str, *, base: Mapping[str, Any] | None = None) -> SourceConfig:
    """The mapping of a `--mapping` file for `record`; its keys win over those of `base` (a configured source).

    The file holds the keys of a source at top level, or one `[[sources]]` table. Raises CollectorError.
    """
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise CollectorError(f"{path} cannot be opened: {error.strerror}.", permanent=True) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise CollectorError(f"{path} is not valid TOML: {error}.", permanent=True) from error
    if set(raw) == {"sources"}:
        raw = _only_source(raw["sources"], path)
    merged = {**(base or {}), **raw}
    if merged.setdefault("record", record) != record:
        raise CollectorError(f"{path}: record = '{merged['record']}', but {record} are to be imported.", permanent=True)
    return parse_config(SourceConfig, merged, str(path))


def _only_source(tables: Any, path: Path) -> dict[str, Any]:
    if not isinstance(tables, list) or len(tables) != 1:
        raise CollectorError(f"{path} must hold one [[sources]] table.", permanent=True)
    return dict(tables[0])
