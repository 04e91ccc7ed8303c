"""Where a camera's picture comes from (取流地址): live, small, or out of a recorder, as its maker writes addresses.

A camera's `url` and `playback_url` hold an ordinary address, or `preset://user:password@host:port/channel` with one of
the presets of `recorders.toml`. `url` may hold two addresses, the main stream and after a blank the small one.
`${NAME}` stands for a secret that only the process near the camera reads: neither database nor messages hold it.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Literal
from urllib.parse import quote, unquote, urlsplit

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from collectors.redact import remember
from collectors.video.decode import VideoError
from collectors.video.plan import CLIP_SECONDS, LOCAL

SHIPPED = Path(__file__).with_name("recorders.toml")
_SECRET = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
_SCHEME = re.compile(r"^([a-z][a-z0-9+.-]*)://", re.IGNORECASE)


class AddressError(VideoError):
    """An address that cannot be used as it is written; the message never quotes it."""

    def __init__(self, message: str) -> None:
        super().__init__(message, reason="address")


class Preset(BaseModel):
    """How a maker's recorders are asked; keys as in `recorders.toml`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    title: str
    port: int = Field(default=554, ge=1, le=65535)
    main: str | None = None
    sub: str | None = None
    playback: str | None = None
    range: str | None = None
    time: str = "%Y%m%dT%H%M%SZ"
    zone: Literal["local", "utc"] = "local"

    def moment(self, moment: datetime) -> str:
        """An aware moment as this maker writes it."""
        if self.time == "unix":
            return str(int(moment.timestamp()))
        return moment.astimezone(LOCAL if self.zone == "local" else UTC).strftime(self.time)


@cache
def shipped_presets() -> Mapping[str, Preset]:
    """The presets that come with the program."""
    return TypeAdapter(dict[str, Preset]).validate_python(tomllib.loads(SHIPPED.read_text("utf-8")))


@dataclass(frozen=True, slots=True)
class Secrets:
    """Where `${NAME}` is looked up: a TOML file of NAME = "value", else the environment. Holds no value itself."""

    file: Path | None = None

    def __call__(self, camera: str, name: str) -> str:
        """The secret, noted so that no message shows it. AddressError names the variable, never a value."""
        value = self._in_file(camera).get(name) or os.environ.get(name)
        if not isinstance(value, str) or not value:
            where = f"neither in {self.file} nor in the environment" if self.file else "not in the environment"
            raise AddressError(f"Camera {camera}: its address names ${{{name}}}, which is {where} of the worker.")
        return remember(value)

    def _in_file(self, camera: str) -> Mapping[str, object]:
        if self.file is None:
            return {}
        try:
            return tomllib.loads(self.file.read_text("utf-8"))
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
            # the parser's own words quote the line, which holds a password
            what = error.strerror if isinstance(error, OSError) else "it is not valid TOML"
            raise AddressError(f"Camera {camera}: the file of secrets {self.file} cannot be read: {what}.") from None


@dataclass(frozen=True, slots=True)
class Addresses:
    """The presets that are known, and how secrets are read."""

    presets: Mapping[str, Preset] = field(default_factory=shipped_presets)
    secrets: Callable[[str, str], str] = field(default_factory=Secrets)

    def live(self, text: str, camera: str) -> tuple[str, str | None]:
        """(main stream, small stream or None) of a camera's `url`; addresses with passwords, for the decoder only."""
        main, *rest = [self._filled(part, camera) for part in text.split()] or [""]
        if len(rest) > 1:
            raise AddressError(f"Camera {camera}: url holds more than two addresses.")
        preset, parts = self._preset_of(main, camera)
        if preset is None or parts is None:
            return main, rest[0] if rest else None
        if not preset.main:
            raise AddressError(f"Camera {camera}: {preset.title} has no live address; give its rtsp:// address as url.")
        sub = self._rendered(preset.sub, preset, parts, camera) if preset.sub else None
        return self._rendered(preset.main, preset, parts, camera), rest[0] if rest else sub

    def playback(
        self, text: str, moment: datetime, camera: str, seconds: float = CLIP_SECONDS
    ) -> tuple[str, str | None]:
        """(address, value of the PLAY request's Range or None) of `seconds` from an aware moment on."""
        filled = self._filled(text, camera)
        preset, parts = self._preset_of(filled, camera)
        if preset is None or parts is None:
            return filled, None
        if not preset.playback:
            raise AddressError(f"Camera {camera}: {preset.title} has no playback address.")
        span = {"start": preset.moment(moment), "end": preset.moment(moment + timedelta(seconds=seconds))}
        address = self._rendered(preset.playback, preset, parts, camera, **span)
        return address, preset.range.format(**span) if preset.range else None

    def _filled(self, text: str, camera: str) -> str:
        """The text with its secrets, each written so that an address can hold it."""
        filled = _SECRET.sub(lambda found: quote(self.secrets(camera, found[1]), safe=""), text)
        try:
            password = urlsplit(filled).password
        except ValueError:
            raise AddressError(f"Camera {camera}: its address is none.") from None
        if password:
            remember(unquote(password))
        return filled

    def _preset_of(self, text: str, camera: str) -> tuple[Preset | None, Parts | None]:
        found = _SCHEME.match(text)
        if found is None:
            raise AddressError(f"Camera {camera}: its address does not begin with rtsp:// or a preset's name and ://.")
        preset = self.presets.get(found[1].lower())
        if preset is None and found[1].lower() not in ("rtsp", "rtsps", "rtspt", "http", "https"):
            known = ", ".join(sorted(self.presets))
            raise AddressError(f"Camera {camera}: there is no preset '{found[1]}'; known are {known}.")
        return preset, _parts(text, camera) if preset else None

    def _rendered(self, template: str, preset: Preset, parts: Parts, camera: str, **span: str) -> str:
        if "{channel}" in template and not parts.channel:
            raise AddressError(f"Camera {camera}: {preset.title} needs a channel: preset://user@host/CHANNEL.")
        host = f"{parts.host}:{parts.port or preset.port}"
        return template.format(login=parts.login, host=host, channel=parts.channel, **span)


@dataclass(frozen=True, slots=True)
class Parts:
    """Pieces of `preset://login@host:port/channel`."""

    login: str
    host: str
    port: int | None
    channel: str


def _parts(text: str, camera: str) -> Parts:
    try:
        split = urlsplit(text)
        port, host = split.port, split.hostname
    except ValueError:
        raise AddressError(f"Camera {camera}: its address has no usable port.") from None
    if not host:
        raise AddressError(f"Camera {camera}: its address names no host.")
    login = f"{split.netloc.rpartition('@')[0]}@" if "@" in split.netloc else ""
    channel = split.path.strip("/") + (f"?{split.query}" if split.query else "")
    return Parts(login, f"[{host}]" if ":" in host else host, port, channel)


def recorder_of(address: str) -> str:
    """host:port of a rendered address: what the limit per recorder counts by."""
    split = urlsplit(address)
    return f"{split.hostname or ''}:{split.port or 554}"


def presets_of(own: Mapping[str, object]) -> Mapping[str, Preset]:
    """The shipped presets and those of `[video.recorders]`. ValueError names the preset and the key."""
    try:
        added = TypeAdapter(dict[str, Preset]).validate_python(own)
    except ValidationError as error:
        first = error.errors()[0]
        raise ValueError(f"{'.'.join(map(str, first['loc']))}: {first['msg']}") from error
    return {**shipped_presets(), **added}
