"""Servers of remote folders for tests: SFTP (paramiko's own), SMB (Samba) and S3 (its listing and reading)."""

import hashlib
import os
import shutil
import signal
import socket
import subprocess
import threading
import time
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from xml.sax.saxutils import escape

import paramiko

USER, PASSWORD = "nobody", "p@ss/wörd"


def free_port():
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


# --- SFTP ------------------------------------------------------------------------------------------------------------


class _Gate(paramiko.ServerInterface):
    def check_auth_password(self, username, password):
        right = (username, password) == (USER, PASSWORD)
        return paramiko.AUTH_SUCCESSFUL if right else paramiko.AUTH_FAILED

    def get_allowed_auths(self, username):
        return "password"

    def check_channel_request(self, kind, chanid):
        return paramiko.OPEN_SUCCEEDED


class _Files(paramiko.SFTPServerInterface):
    root = None
    dies_after = None
    """Bytes of a file after which the connection is cut."""

    def _real(self, path):
        return os.path.join(self.root, self.canonicalize(path).lstrip("/"))

    def _attempt(self, action):
        try:
            return action()
        except OSError as error:
            return paramiko.SFTPServer.convert_errno(error.errno)

    def list_folder(self, path):
        real = self._real(path)

        def listed():
            return [paramiko.SFTPAttributes.from_stat(os.lstat(os.path.join(real, name)), name)
                    for name in os.listdir(real)]  # fmt: skip

        return self._attempt(listed)

    def stat(self, path):
        return self._attempt(lambda: paramiko.SFTPAttributes.from_stat(os.stat(self._real(path))))

    def lstat(self, path):
        return self._attempt(lambda: paramiko.SFTPAttributes.from_stat(os.lstat(self._real(path))))

    def open(self, path, flags, attr):
        def opened():
            handle = _Handle(flags)
            handle.readfile = open(self._real(path), "rb")  # noqa: SIM115 - paramiko closes it
            return handle

        return self._attempt(opened)


class _Handle(paramiko.SFTPHandle):
    def read(self, offset, length):
        if _Files.dies_after is not None and offset >= _Files.dies_after:
            for transport in _transports:
                transport.close()
        return super().read(offset, length)


_transports = []


@contextmanager
def sftp_server(root):
    """Serves `root`; yields (port, text of a known_hosts file)."""
    key = paramiko.ECDSAKey.generate()
    listener = socket.create_server(("127.0.0.1", 0))
    port = listener.getsockname()[1]
    _Files.root, _Files.dies_after = str(root), None

    def serve():
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            transport = paramiko.Transport(connection)
            _transports.append(transport)
            transport.add_server_key(key)
            transport.set_subsystem_handler("sftp", paramiko.SFTPServer, _Files)
            transport.start_server(server=_Gate(), event=threading.Event())

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield port, f"[127.0.0.1]:{port} {key.get_name()} {key.get_base64()}\n"
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join()
        for transport in _transports:
            transport.close()
            transport.join()
        _transports.clear()


# --- SMB -------------------------------------------------------------------------------------------------------------

SMBD = shutil.which("smbd", path="/usr/sbin:/usr/bin")
_SMB = """
[global]
server role = standalone server
smb ports = {port}
interfaces = 127.0.0.1
bind interfaces only = yes
disable netbios = yes
private dir = {top}
lock directory = {top}
state directory = {top}
cache directory = {top}
pid directory = {top}
ncalrpc dir = {top}/ncalrpc
passdb backend = tdbsam:{top}/passdb.tdb
log file = {top}/log
load printers = no
[inbox]
path = {root}
read only = yes
valid users = {user}
force user = root
"""


@contextmanager
def smb_server(top, root):
    """Serves `root` as the share `inbox`; yields the port."""
    top.mkdir(mode=0o755)
    port = free_port()
    configuration = top / "smb.conf"
    configuration.write_text(_SMB.format(port=port, top=top, root=root, user=USER))
    subprocess.run(["smbpasswd", "-c", configuration, "-s", "-a", USER], input=f"{PASSWORD}\n{PASSWORD}\n".encode(),
                   check=True, capture_output=True)  # fmt: skip
    server = subprocess.Popen([SMBD, "--foreground", "--no-process-group", "-s", configuration], start_new_session=True,
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # fmt: skip
    try:
        _wait_for(port, server)
        yield port
    finally:
        os.killpg(server.pid, signal.SIGKILL)  # it and the processes it made for each connection
        server.wait()


def _wait_for(port, server):
    for _ in range(200):
        assert server.poll() is None, "the server ended by itself"
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise AssertionError("the server does not listen")


# --- S3 --------------------------------------------------------------------------------------------------------------


class Bucket:
    """Objects by key, answered through a WebServer: ListObjectsV2 in pages of two, HEAD and GET."""

    def __init__(self, server, name):
        self.objects, self.server, self.name = {}, server, name
        self.changed = {}
        server.routes[f"/{name}"] = self._list

    def put(self, key, body, at=datetime(2026, 7, 1, tzinfo=UTC)):
        self.objects[key], self.changed[key] = body, at
        self.server.routes[f"/{self.name}/{key}"] = lambda request: self._get(request, key)

    def remove(self, key):
        del self.objects[key]

    def _tag(self, key):
        return f'"{hashlib.md5(self.objects[key]).hexdigest()}"'

    def _list(self, request):
        prefix, delimiter = request.query.get("prefix", ""), request.query.get("delimiter")
        keys = sorted(key for key in self.objects if key.startswith(prefix))
        folders = set()
        if delimiter:
            folders = {prefix + key[len(prefix) :].split(delimiter)[0] + delimiter
                       for key in keys if delimiter in key[len(prefix) :]}  # fmt: skip
            keys = [key for key in keys if delimiter not in key[len(prefix) :]]
        start = int(request.query.get("continuation-token", 0))
        page, more = keys[start : start + 2], len(keys) > start + 2
        contents = "".join(
            f"<Contents><Key>{escape(key)}</Key><Size>{len(self.objects[key])}</Size><ETag>{escape(self._tag(key))}</ETag>"
            f"<LastModified>{self.changed[key]:%Y-%m-%dT%H:%M:%S.000Z}</LastModified></Contents>"
            for key in page
        ) + "".join(f"<CommonPrefixes><Prefix>{escape(folder)}</Prefix></CommonPrefixes>" for folder in sorted(folders))
        token = f"<NextContinuationToken>{start + 2}</NextContinuationToken>" if more else ""
        body = f"<ListBucketResult><IsTruncated>{str(more).lower()}</IsTruncated>{token}{contents}</ListBucketResult>"
        return 200, {"Content-Type": "application/xml"}, body.encode()

    def _get(self, request, key):
        if key not in self.objects:
            return 404, {}, b"<Error><Code>NoSuchKey</Code></Error>"
        headers = {"ETag": self._tag(key), "Last-Modified": f"{self.changed[key]:%a, %d %b %Y %H:%M:%S} GMT"}
        body = self.objects[key]
        if request.method == "HEAD":
            return 200, headers | {"Content-Length": str(len(body))}, b""
        if "Range" in request.headers:
            first, last = request.headers["Range"].removeprefix("bytes=").split("-")
            end = min(int(last) + 1 if last else len(body), len(body))
            part = body[int(first) : end]
            return 206, headers | {"Content-Range": f"bytes {first}-{end - 1}/{len(body)}"}, part
        return 200, headers, body
