"""A real web server in a thread, whose answers a test writes: `routes[path]` is called with the request."""

import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, unquote, urlsplit


class Request:
    def __init__(self, handler):
        parts = urlsplit(handler.path)
        self.path, self.query = unquote(parts.path), dict(parse_qsl(parts.query))
        self.headers, self.handler, self.method = handler.headers, handler, handler.command
        self.body = handler.rfile.read(int(handler.headers.get("Content-Length") or 0))


class WebServer:
    """`requests` lists what was asked, `routes` maps a path to a function (request) -> (status, headers, body)."""

    def __init__(self):
        self.requests, self.routes = [], {}
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                request = Request(self)
                outer.requests.append(request)
                answer = outer.routes.get(request.path, lambda _: (404, {}, b""))(request)
                if answer is not None:
                    self.give(*answer)

            do_POST = do_HEAD = do_GET  # noqa: N815 - the names that http.server calls

            def give(self, status, headers, body):
                self.send_response(status)
                for name, value in {"Content-Length": str(len(body)), **headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.port = self.server.server_port
        self.url = f"http://127.0.0.1:{self.port}"

    @contextmanager
    def running(self):
        thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield self
        finally:
            self.server.shutdown()
            self.server.server_close()
            thread.join()


def as_json(document, status=200, **headers):
    return status, {"Content-Type": "application/json", **headers}, json.dumps(document, ensure_ascii=False).encode()
