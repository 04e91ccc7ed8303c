"""Folders elsewhere (远程文件夹): `sftp://host/inbox/*.xlsx`, `smb://host/share/*.csv`, `s3://bucket/prefix/*`.

All three through fsspec's interface, each with what fsspec leaves open: host keys, judged addresses, dates, an end.
"""

from __future__ import annotations

import fnmatch
import glob
import posixpath
import socket
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import IO, Any
from urllib.parse import SplitResult, unquote, urlsplit

import obstore
import obstore.exceptions
import paramiko
import smbclient
import smbprotocol.exceptions
from fsspec.implementations.sftp import SFTPFileSystem
from fsspec.implementations.smb import SMBFileSystem
from obstore.store import S3Store

from collectors.base import CollectorError
from collectors.folders import Entry, is_wanted
from collectors.hosts import AllowedHosts, plain_host
from collectors.mapping import SpreadsheetConfig
from collectors.redact import redact
from collectors.surroundings import Surroundings

_SECONDS = 30.0
_PORTS = {"sftp": 22, "smb": 445}
_TIMES = ("mtime", "last_write_time", "last_modified", "e_tag")
_ERRORS = (
    OSError, EOFError, ValueError, paramiko.SSHException, smbprotocol.exceptions.SMBException,
    obstore.exceptions.BaseError,
)  # fmt: skip
"""What the three libraries raise about the outside; anything else is a mistake of ours and shall be seen."""


class RemoteFolder:
    """Files at an fsspec address: `sftp://host/inbox/*.xlsx`, `smb://host/share/*.csv`, `s3://bucket/prefix/*`."""

    def __init__(self, config: SpreadsheetConfig, address: SplitResult, surroundings: Surroundings) -> None:
        self.config, self.address, self.surroundings = config, address, surroundings
        self.hosts = AllowedHosts(
            config.name, frozenset({plain_host(address.hostname or "")}), tuple(config.allow_hosts)
        )
        self.pattern = self._pattern()
        with self._explained("cannot be connected to"):
            self.files: Any = _OPENERS[address.scheme](self)

    def entries(self) -> list[Entry]:
        with self._explained("cannot be listed"):
            self.files.invalidate_cache()
            root = self._root()
            if not self.files.isdir(root):
                raise CollectorError(f"source '{self.config.name}': there is no folder {root}. Correct 'path'.")
            depth = None if "**" in self.pattern else self.pattern.count("/") - root.rstrip("/").count("/")
            found = self.files.find(root, maxdepth=depth, withdirs=False, detail=True)
        entries = [self._entry(path, info) for path, info in found.items() if self._matches(path)]
        return sorted(entries, key=lambda entry: (entry.age_key, entry.name))

    def stamp_now(self, entry: Entry) -> str | None:
        with self._explained("cannot be asked"):
            self.files.invalidate_cache()
            try:
                return _stamp(self.files.info(entry.path))
            except FileNotFoundError:
                return None

    def opened(self, entry: Entry) -> IO[bytes]:
        with self._explained(f"{entry.name} cannot be opened"):
            stream: IO[bytes] = self.files.open(entry.path, "rb")
            return _Explaining(self, entry.name, stream)  # type: ignore[return-value]  # read and close are all we use

    def close(self) -> None:
        closer = getattr(self.files, "close_connection", None)
        if closer:
            closer()

    def _pattern(self) -> str:
        path = unquote(self.address.path)
        return f"{self.address.netloc}{path}" if self.address.scheme == "s3" else path

    def _root(self) -> str:
        parents = PurePosixPath(self.pattern).parents
        return str(next(parent for parent in parents if not glob.has_magic(str(parent))))

    def _matches(self, path: str) -> bool:
        """As a shell would: `*` stays inside one folder, `**` does not."""
        path = posixpath.join("/", path) if self.pattern.startswith("/") else path.lstrip("/")
        if not is_wanted(posixpath.basename(path)):
            return False
        if "**" in self.pattern:
            return fnmatch.fnmatchcase(path, self.pattern.replace("**/", "*"))
        parts, wanted = path.split("/"), self.pattern.split("/")
        return len(parts) == len(wanted) and all(map(fnmatch.fnmatchcase, parts, wanted))

    def _entry(self, path: str, info: dict[str, Any]) -> Entry:
        name = f"{self.address.scheme}://{self.address.hostname or ''}/{path.lstrip('/')}"
        if self.address.scheme == "s3":
            name = f"s3://{path.lstrip('/')}"
        refused = None
        if info.get("type") not in ("file", None):
            refused = CollectorError(f"{name} is a link, not a file. Put the file itself there.", permanent=True)
        stamp = _stamp(info)
        return Entry(name, path, stamp, stamp.partition(" ")[2], refused=refused)

    @contextmanager
    def _explained(self, what: str) -> Iterator[None]:
        """Every protocol has errors of its own; all are about the outside and become one kind."""
        try:
            yield
        except CollectorError:
            raise
        except _ERRORS as error:
            cause = str(error).strip().splitlines()
            message = redact(cause[0] if cause else type(error).__name__)
            where = f"{self.address.scheme}://{self.address.hostname or self.address.netloc}"
            raise CollectorError(f"source '{self.config.name}': {where} {what}: {message}.") from error


def _stamp(info: Mapping[str, Any]) -> str:
    return " ".join([str(info.get("size")), *(str(info[key]) for key in _TIMES if info.get(key) is not None)])


@dataclass
class _Explaining:
    """A remote file whose errors while reading are named."""

    folder: RemoteFolder
    name: str
    stream: IO[bytes]

    def read(self, size: int = -1) -> bytes:
        with self.folder._explained(f"{self.name} broke off"):
            return self.stream.read(size)

    def __enter__(self) -> _Explaining:
        return self

    def __exit__(self, *_: object) -> None:
        self.stream.close()


def _password(folder: RemoteFolder) -> str | None:
    auth = folder.config.auth
    return folder.surroundings.secret(folder.config.name, "password", env=auth.password_env, file=auth.password_file)


def _endpoint(folder: RemoteFolder) -> tuple[str, int, str]:
    """Host, port and a judged address."""
    host = folder.address.hostname or ""
    port = folder.address.port or _PORTS[folder.address.scheme]
    return host, port, folder.hosts.addresses(host, port)[0]


class CheckedSftp(SFTPFileSystem):  # type: ignore[misc]  # fsspec has no types
    """fsspec's own would believe any key that a server shows; this one knows the server's."""

    def __init__(self, folder: RemoteFolder) -> None:
        self.folder = folder
        super().__init__(folder.address.hostname, skip_instance_cache=True)

    def _connect(self) -> None:
        folder, auth = self.folder, self.folder.config.auth
        host, port, address = _endpoint(folder)
        if not auth.known_hosts:
            raise CollectorError(
                f"source '{folder.config.name}': sftp needs auth.known_hosts, a file with the server's key "
                f"(ssh-keyscan -p {port} {host}).",
                permanent=True,
            )
        line = socket.create_connection((address, port), _SECONDS)
        line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # or each block of 32 KB waits 40 ms
        self.client = paramiko.SSHClient()
        self.client.load_host_keys(str(folder.surroundings.path(auth.known_hosts)))
        self.client.set_missing_host_key_policy(paramiko.RejectPolicy())
        self.client.connect(
            host, port, auth.user, _password(folder), sock=line,
            key_filename=str(folder.surroundings.path(auth.key_file)) if auth.key_file else None, allow_agent=False,
            look_for_keys=False, timeout=_SECONDS, banner_timeout=_SECONDS, auth_timeout=_SECONDS,
        )  # fmt: skip
        self.ftp = self.client.open_sftp()
        self.ftp.get_channel().settimeout(_SECONDS)

    def close_connection(self) -> None:
        self.client.close()


class ClosingSmb(SMBFileSystem):  # type: ignore[misc]  # fsspec has no types
    """fsspec's own leaves its session open for the life of the process."""

    def __init__(self, folder: RemoteFolder) -> None:
        host, port, _ = _endpoint(folder)
        super().__init__(
            host, port=port, username=folder.config.auth.user, password=_password(folder), timeout=int(_SECONDS),
            register_session_retries=1, share_access="r", skip_instance_cache=True,
        )  # fmt: skip

    def close_connection(self) -> None:
        smbclient.delete_session(self.host, port=self._port)


class S3Files:
    """The part of fsspec's interface that is used here, on obstore: its own fsspec class lists files without dates."""

    def __init__(self, folder: RemoteFolder) -> None:
        self.bucket = folder.address.netloc
        self.store = S3Store(self.bucket, **_s3_options(folder))

    def isdir(self, root: str) -> bool:
        """A bucket has no folders: below a name that nothing begins with there is simply nothing."""
        return True

    def invalidate_cache(self) -> None:
        """There is none."""

    def find(self, root: str, **_: Any) -> dict[str, dict[str, Any]]:
        prefix = root.removeprefix(self.bucket).strip("/")
        chunks = obstore.list(self.store, prefix=f"{prefix}/" if prefix else None)
        return {f"{self.bucket}/{found['path']}": dict(found) for chunk in chunks for found in chunk}

    def info(self, path: str) -> dict[str, Any]:
        return dict(obstore.head(self.store, path.removeprefix(f"{self.bucket}/")))

    def open(self, path: str, _mode: str) -> Any:
        return obstore.open_reader(self.store, path.removeprefix(f"{self.bucket}/"))


def _s3_options(folder: RemoteFolder) -> dict[str, Any]:
    auth = folder.config.auth
    options: dict[str, Any] = {"region": auth.region or "us-east-1", "client_options": {"timeout": "30s"}}
    if auth.endpoint:
        endpoint = urlsplit(auth.endpoint)
        host = endpoint.hostname or ""
        allowed = AllowedHosts(folder.config.name, frozenset({plain_host(host)}), tuple(folder.config.allow_hosts))
        allowed.addresses(host, endpoint.port or (443 if endpoint.scheme == "https" else 80))
        options |= {"endpoint": auth.endpoint, "virtual_hosted_style_request": False}
        options["client_options"]["allow_http"] = endpoint.scheme == "http"
    if auth.user:
        return options | {"access_key_id": auth.user, "secret_access_key": _password(folder)}
    return options | {"skip_signature": True}


_OPENERS: dict[str, Callable[[RemoteFolder], Any]] = {"sftp": CheckedSftp, "smb": ClosingSmb, "s3": S3Files}
