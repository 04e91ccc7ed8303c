"""The http source against a real server on this machine."""

import base64
import gzip
import json
import ssl
import sys
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from collectors import web
from collectors.base import Arrival, CollectorError, Remark
from collectors.http import HttpConfig, HttpSource, make_client
from collectors.mapping import parse_config
from collectors.surroundings import Surroundings
from collectors.tables import read_grids
from collectors.web import Answer, with_parameters

sys.path.append(str(Path(__file__).parent))
from web_server import WebServer, as_json

NOW = datetime(2026, 7, 10, 4, 0, tzinfo=UTC)
TICKETS = [{"ticket_no": f"T{n}", "office": {"code": "3440101", "name": "城东供电所"}, "urges": n} for n in range(1, 8)]


@pytest.fixture
def server():
    with WebServer().running() as running:
        yield running


@pytest.fixture
def naps(monkeypatch):
    """Seconds that the client wanted to sleep; nobody really sleeps."""
    slept = []
    monkeypatch.setattr(web.Client, "sleep", lambda _self, seconds: slept.append(seconds), raising=False)
    return slept


def make_source(server, tmp_path, naps=None, environment=None, **keys):
    table = {"name": "api", "record": "tickets", "kind": "http", "path": f"{server.url}/tickets",
             "allow_hosts": ["127.0.0.1"]} | keys  # fmt: skip
    surroundings = Surroundings(tmp_path, tmp_path / "spool", environment or {})
    config = parse_config(HttpConfig, table, "api")
    client = make_client(config, surroundings)
    client.sleep = naps.append if naps is not None else lambda _: None
    return HttpSource(config, surroundings, client)


def fetched(source, state=None, seen=frozenset()):
    """Rows (header first; None when there was nothing), state and item of one fetch."""
    results = []
    for item in source.fetch(seen=seen, state=state or {}, arrived_at=NOW):
        rows = [tuple(row) for row in read_grids(item.path)[0].head] if isinstance(item, Arrival) else None
        results.append((rows, dict(item.state), item))
    assert len(results) == 1
    return results[0]


def failure(source):
    with pytest.raises(CollectorError) as caught:
        fetched(source)
    left = source.surroundings.spool
    assert not left.exists() or list(left.iterdir()) == [], "nothing may be left in the spool"
    return caught.value


# --- rows ------------------------------------------------------------------------------------------------------------


def test_json_rows_become_a_table_with_nested_names_joined(server, tmp_path):
    rows = [
        {"ticket_no": "20260701000000000001", "office": {"code": "1"}, "rate": 0.10, "urgent": True, "at": None},
        {"ticket_no": 12345678901234567890, "tags": ["甲", "乙"]},
    ]
    server.routes["/tickets"] = lambda _: as_json({"code": 0, "data": {"list": rows}})
    table, _, item = fetched(make_source(server, tmp_path, page={"rows": "data.list"}))
    assert table == [
        ("ticket_no", "office.code", "rate", "urgent", "at", "tags"),
        ("20260701000000000001", "1", "0.1", "true", "", ""),
        ("12345678901234567890", "", "", "", "", '["甲", "乙"]'),
    ]
    assert item.name == "api: 2 rows"


def test_the_one_list_of_an_answer_is_found_without_a_path(server, tmp_path):
    server.routes["/tickets"] = lambda _: as_json({"total": 7, "items": TICKETS})
    assert len(fetched(make_source(server, tmp_path))[0]) == 8


def test_a_csv_answer_is_taken_as_the_file_it_is(server, tmp_path):
    body = "统计周期：2026-07\n工单编号,供电所\nT1,城东供电所\n".encode("gb18030")
    server.routes["/tickets"] = lambda _: (200, {"Content-Type": "text/csv"}, body)
    rows, _, item = fetched(make_source(server, tmp_path))
    assert rows[1:] == [("工单编号", "供电所"), ("T1", "城东供电所")]
    assert item.name == "api: tickets"


def test_csv_pages_are_put_together(server, tmp_path):
    pages = {"1": b'no,office\nT1,A\nT2,"B, C"\n', "2": b"no,office,extra\nT3,D,x\n", "3": b"no,office\n"}
    server.routes["/tickets"] = lambda request: (200, {"Content-Type": "text/csv"}, pages[request.query["page"]])
    rows, _, _ = fetched(make_source(server, tmp_path, page={"by": "page", "parameter": "page"}))
    assert rows == [("no", "office", "extra"), ("T1", "A", ""), ("T2", "B, C", ""), ("T3", "D", "x")]


def test_no_rows_is_said_not_stored(server, tmp_path):
    server.routes["/tickets"] = lambda _: as_json([])
    rows, _, item = fetched(make_source(server, tmp_path))
    assert rows is None
    assert isinstance(item, Remark)
    assert item.text == "nothing new"


def test_the_same_answer_again_is_nothing_new(server, tmp_path):
    server.routes["/tickets"] = lambda _: as_json(TICKETS)
    source = make_source(server, tmp_path)
    _, _, first = fetched(source)
    assert isinstance(fetched(source, seen=frozenset({first.sha256}))[2], Remark)


# --- pages -----------------------------------------------------------------------------------------------------------


def by_number(request):
    start, size = (int(request.query["page"]) - 1) * 3, int(request.query["size"])
    return as_json({"rows": TICKETS[start : start + size], "total": len(TICKETS)})


def numbers(rows):
    return [row[0] for row in rows[1:]]


def test_pages_are_turned_until_one_is_empty(server, tmp_path):
    server.routes["/tickets"] = by_number
    page = {"by": "page", "parameter": "page", "size": 3, "size_parameter": "size", "rows": "rows"}
    rows, _, _ = fetched(make_source(server, tmp_path, page=page))
    assert numbers(rows) == ["T1", "T2", "T3", "T4", "T5", "T6", "T7"]
    assert [request.query["page"] for request in server.requests] == ["1", "2", "3", "4"]


def test_the_stated_total_ends_the_reading(server, tmp_path):
    server.routes["/tickets"] = by_number
    page = {"by": "page", "parameter": "page", "size": 3, "size_parameter": "size", "rows": "rows", "total": "total"}
    assert len(fetched(make_source(server, tmp_path, page=page))[0]) == 8
    assert len(server.requests) == 3


def test_a_service_that_gives_fewer_rows_than_asked_for_is_read_to_its_end(server, tmp_path):
    """It was asked for 100 rows a page and gives 2: the first short page is not the last."""
    server.routes["/tickets"] = lambda r: as_json(TICKETS[(int(r.query["page"]) - 1) * 2 :][:2])
    page = {"by": "page", "parameter": "page", "size": 100, "size_parameter": "size"}
    assert len(numbers(fetched(make_source(server, tmp_path, page=page))[0])) == 7


def test_offsets_are_pages_with_a_step(server, tmp_path):
    server.routes["/tickets"] = lambda r: as_json(TICKETS[int(r.query["offset"]) :][:5])
    page = {"by": "page", "parameter": "offset", "first": 0, "step": 5}
    assert len(numbers(fetched(make_source(server, tmp_path, page=page))[0])) == 7


def test_a_cursor_is_followed(server, tmp_path):
    def route(request):
        at = int(request.query.get("after", 0))
        return as_json({"items": TICKETS[at : at + 4], "meta": {"next": at + 4 if at + 4 < 7 else None}})

    server.routes["/tickets"] = route
    page = {"by": "cursor", "parameter": "after", "next": "meta.next", "rows": "items"}
    assert len(numbers(fetched(make_source(server, tmp_path, page=page))[0])) == 7


def test_next_links_are_followed_from_the_body_and_from_the_header(server, tmp_path):
    server.routes["/tickets"] = lambda r: as_json({"items": TICKETS[:4], "next": "/more?x=1"})
    server.routes["/more"] = lambda r: as_json({"items": TICKETS[4:], "next": None})
    page = {"by": "next", "next": "next", "rows": "items"}
    assert len(numbers(fetched(make_source(server, tmp_path, page=page))[0])) == 7
    link = f'<{server.url}/more?x=2>; rel="next", <{server.url}/>; rel="first"'
    server.routes["/tickets"] = lambda r: as_json(TICKETS[:4], Link=link)
    server.routes["/more"] = lambda r: as_json(TICKETS[4:])
    assert len(numbers(fetched(make_source(server, tmp_path, page={"by": "next"}))[0])) == 7


@pytest.mark.parametrize(
    ("page", "answer"),
    [
        ({"by": "page", "parameter": "page"}, {"items": TICKETS}),
        ({"by": "cursor", "parameter": "after", "next": "next"}, {"items": TICKETS, "next": "same"}),
        ({"by": "next", "next": "next"}, {"items": TICKETS, "next": "/tickets"}),
    ],
)
def test_looping_pages_are_noticed(server, tmp_path, page, answer):
    server.routes["/tickets"] = lambda _: as_json(answer)
    error = failure(make_source(server, tmp_path, page={"rows": "items"} | page))
    assert "it loops" in str(error)
    assert error.permanent
    assert len(server.requests) <= 3


def test_pages_without_end_are_bounded(server, tmp_path):
    server.routes["/tickets"] = lambda r: as_json([{"no": r.query["page"]}])
    assert "after 20 pages" in str(
        failure(make_source(server, tmp_path, page={"by": "page", "parameter": "page", "limit": 20}))
    )


def test_fewer_rows_than_the_stated_total_are_refused(server, tmp_path):
    server.routes["/tickets"] = lambda r: as_json({"rows": TICKETS if r.query["page"] == "1" else [], "total": "9"})
    page = {"by": "page", "parameter": "page", "rows": "rows", "total": "total"}
    error = failure(make_source(server, tmp_path, page=page))
    assert "speaks of 9 rows and gave 7" in str(error)
    assert not error.permanent


# --- watermark -------------------------------------------------------------------------------------------------------


def test_the_watermark_is_asked_for_with_its_overlap(server, tmp_path):
    rows = [
        {"no": "T1", "at": "2026-07-08T08:00:00Z"},
        {"no": "T2", "at": "2026-07-09T08:00:00Z"},
        {"no": "T3", "at": None},
    ]
    server.routes["/tickets"] = lambda _: as_json(rows)
    source = make_source(server, tmp_path, query={"since": "{watermark}", "fixed": "1"}, watermark="at", overlap="1d")
    _, state, _ = fetched(source)
    rows[0]["no"] = "T1, edited late"
    table, _, _ = fetched(source, state)
    assert [row[0] for row in table[1:]] == ["T1, edited late"], "the others were there at the last reading"
    assert [request.query for request in server.requests] == [
        {"fixed": "1"},
        {"since": "2026-07-08T08:00:00Z", "fixed": "1"},
    ]


def test_numbers_are_compared_as_numbers(server, tmp_path):
    server.routes["/tickets"] = lambda _: as_json([{"id": 9}, {"id": 10}])
    source = make_source(server, tmp_path, query={"after": "{watermark}"}, watermark="id")
    _, state, _ = fetched(source)
    fetched(source, state)
    assert server.requests[1].query == {"after": "10"}


def test_a_watermark_that_no_row_has_is_named(server, tmp_path):
    server.routes["/tickets"] = lambda _: as_json(TICKETS)
    error = failure(make_source(server, tmp_path, query={"s": "{watermark}"}, watermark="updatedAt"))
    assert "'updatedAt' is not in the answer (ticket_no, office.code" in str(error)


# --- credentials -----------------------------------------------------------------------------------------------------


def test_a_header_carries_the_secret(server, tmp_path):
    server.routes["/tickets"] = lambda _: as_json(TICKETS)
    auth = {"header": "X-Api-Key", "value_env": "KEY"}
    fetched(make_source(server, tmp_path, auth=auth, environment={"KEY": "s3cret-key"}))
    assert server.requests[0].headers["X-Api-Key"] == "s3cret-key"


def test_user_and_password_are_sent_as_basic(server, tmp_path):
    (tmp_path / "password").write_text("密码:1\n")
    server.routes["/tickets"] = lambda _: as_json(TICKETS)
    fetched(make_source(server, tmp_path, auth={"user": "reader", "password_file": "password"}))
    assert base64.b64decode(server.requests[0].headers["Authorization"].split()[1]).decode() == "reader:密码:1"


OAUTH = {"client_id": "mingcha", "client_secret_env": "SECRET", "scope": "tickets.read"}


def token_server(server, life=3600):
    """A token endpoint whose every token is another; `/tickets` takes the latest only."""
    given = []

    def token(request):
        given.append(f"token-{len(given) + 1}")
        return as_json({"access_token": given[-1], "token_type": "Bearer", "expires_in": life})

    def tickets(request):
        page = int(request.query.get("page", 1))
        if request.headers["Authorization"] != f"Bearer {given[-1]}":
            return as_json({"error": "invalid_token"}, 401)
        return as_json(TICKETS[(page - 1) * 3 : page * 3])

    server.routes |= {"/token": token, "/tickets": tickets}
    return given


def test_client_credentials_get_one_token_for_all_pages(server, tmp_path):
    given = token_server(server)
    auth = OAUTH | {"token_url": f"{server.url}/token"}
    source = make_source(server, tmp_path, auth=auth, environment={"SECRET": "p&ss wörd"},
                         page={"by": "page", "parameter": "page"})  # fmt: skip
    assert len(fetched(source)[0]) == 8
    assert given == ["token-1"]
    asked = server.requests[0]
    assert asked.body == b"grant_type=client_credentials&scope=tickets.read"
    assert base64.b64decode(asked.headers["Authorization"].split()[1]) == b"mingcha:p%26ss%20w%C3%B6rd"


def test_the_secret_goes_into_the_form_where_the_endpoint_wants_it(server, tmp_path):
    token_server(server)
    auth = OAUTH | {"token_url": f"{server.url}/token", "secret_in_body": True}
    fetched(make_source(server, tmp_path, auth=auth, environment={"SECRET": "p&ss"}))
    assert b"client_id=mingcha&client_secret=p%26ss" in server.requests[0].body
    assert "Authorization" not in server.requests[0].headers


def test_a_token_that_was_withdrawn_is_renewed_once(server, tmp_path):
    given = token_server(server)
    auth = OAUTH | {"token_url": f"{server.url}/token"}
    source = make_source(server, tmp_path, auth=auth, environment={"SECRET": "p&ss"})
    fetched(source)
    given.append("another one in the meantime")
    fetched(source)
    assert given[-1] == "token-3"


def test_a_short_lived_token_is_renewed_before_it_ends(server, tmp_path):
    given = token_server(server, life=20)  # less than the 30 seconds of reserve
    auth = OAUTH | {"token_url": f"{server.url}/token"}
    fetched(
        make_source(
            server, tmp_path, auth=auth, environment={"SECRET": "p&ss"}, page={"by": "page", "parameter": "page"}
        )
    )
    assert len(given) == 4


def test_wrong_credentials_are_permanent_and_stay_secret(server, tmp_path):
    server.routes["/tickets"] = lambda _: as_json({"error": "no"}, 401)
    auth = {"prefix": "Bearer ", "value_env": "KEY"}
    error = failure(make_source(server, tmp_path, auth=auth, environment={"KEY": "s3cret-key"}))
    assert "answered 401, the credentials were refused. Check auth." in str(error)
    assert error.permanent
    assert len(server.requests) == 1
    server.routes["/token"] = lambda request: as_json({"error": "bad " + request.headers["Authorization"]}, 401)
    auth = OAUTH | {"token_url": f"{server.url}/token"}
    error = failure(make_source(server, tmp_path, auth=auth, environment={"SECRET": "s3cret-key"}))
    assert "/token: it answered 401" in str(error)
    assert "s3cret" not in str(error)


def test_credentials_stay_with_their_own_host(server, tmp_path):
    with WebServer().running() as other:
        other.routes["/more"] = lambda _: as_json({"items": TICKETS[4:]})
        server.routes["/tickets"] = lambda _: as_json({"items": TICKETS[:4], "next": f"{other.url}/more"})
        source = make_source(server, tmp_path, auth={"value_env": "KEY"}, environment={"KEY": "s3cret-key"},
                             page={"by": "next", "next": "next", "rows": "items"})  # fmt: skip
        assert len(fetched(source)[0]) == 8
        assert "Authorization" in server.requests[0].headers
        assert "Authorization" not in other.requests[0].headers


# --- patience --------------------------------------------------------------------------------------------------------


def failing(times, *answer):
    """A route that fails so many times and then gives the tickets."""
    left = [times]

    def route(_):
        left[0] -= 1
        return answer if left[0] >= 0 else as_json(TICKETS)

    return route


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504])
def test_passing_troubles_are_waited_out_with_growing_pauses(server, tmp_path, status):
    naps = []
    server.routes["/tickets"] = failing(3, status, {}, b"busy")
    assert len(fetched(make_source(server, tmp_path, naps))[0]) == 8
    assert [1 <= naps[0] <= 2, 2 <= naps[1] <= 4, 4 <= naps[2] <= 8] == [True] * 3


def test_pauses_differ_so_that_many_workers_do_not_come_together(server, tmp_path):
    pauses = set()
    for _ in range(5):
        naps = []
        server.routes["/tickets"] = failing(1, 503, {}, b"busy")
        fetched(make_source(server, tmp_path, naps))
        pauses.add(naps[0])
    assert len(pauses) == 5


def test_retry_after_is_obeyed_in_seconds_and_as_a_date(server, tmp_path):
    naps = []
    server.routes["/tickets"] = failing(1, 429, {"Retry-After": "7"}, b"")
    fetched(make_source(server, tmp_path, naps))
    later = format_datetime(datetime.now(UTC) + timedelta(seconds=30), usegmt=True)
    server.routes["/tickets"] = failing(1, 503, {"Retry-After": later}, b"")
    fetched(make_source(server, tmp_path, naps))
    assert naps[0] == 7
    assert 25 < naps[1] <= 30


def test_a_long_retry_after_is_left_to_the_next_run(server, tmp_path):
    server.routes["/tickets"] = failing(1, 429, {"Retry-After": "3600"}, b"")
    error = failure(make_source(server, tmp_path))
    assert "answered 429 and asks to wait 3600 s" in str(error)
    assert not error.permanent


def test_it_gives_up_after_five_attempts(server, tmp_path):
    server.routes["/tickets"] = lambda _: (503, {}, b"")
    error = failure(make_source(server, tmp_path))
    assert "it answered 503, 5 times" in str(error)
    assert not error.permanent
    assert len(server.requests) == 5


@pytest.mark.parametrize("status", [400, 403, 404, 410])
def test_what_cannot_get_better_is_not_tried_again(server, tmp_path, status):
    server.routes["/tickets"] = lambda _: (status, {}, b"no")
    error = failure(make_source(server, tmp_path))
    assert f"it answered {status}" in str(error)
    assert error.permanent
    assert len(server.requests) == 1


def test_the_rate_is_kept(server, tmp_path):
    server.routes["/tickets"] = by_number
    naps, now = [], [1000.0]
    page = {"by": "page", "parameter": "page", "size": 3, "size_parameter": "size", "rows": "rows"}
    source = make_source(server, tmp_path, page=page, rate="2/s")
    source.client.clock = lambda: now[0]
    source.client.sleep = lambda seconds: (naps.append(seconds), now.__setitem__(0, now[0] + seconds))
    fetched(source)
    assert naps == [0.5, 0.5, 0.5]


# --- trouble ---------------------------------------------------------------------------------------------------------


def test_a_web_page_with_status_200_is_no_data(server, tmp_path):
    body = "<!DOCTYPE html><html><head><title>统一身份认证</title></head></html>".encode()
    server.routes["/tickets"] = lambda _: (200, {"Content-Type": "text/html"}, body)
    error = failure(make_source(server, tmp_path))
    assert "answered a web page ('统一身份认证') instead of data" in str(error)
    assert not error.permanent


def test_an_error_inside_a_200_is_shown(server, tmp_path):
    server.routes["/tickets"] = lambda _: as_json({"code": 500, "msg": "token 已失效", "data": None})
    error = failure(make_source(server, tmp_path, page={"rows": "data.list"}))
    assert "answered no list at 'data.list' (keys: code, msg, data); it says 'token 已失效'" in str(error)


def test_broken_json_is_named(server, tmp_path):
    server.routes["/tickets"] = lambda _: (200, {"Content-Type": "application/json"}, b'[{"a": 1}, {"a":')
    assert "broken JSON" in str(failure(make_source(server, tmp_path)))
    server.routes["/tickets"] = lambda _: (200, {"Content-Type": "application/json"}, b"[" * 200_000)
    assert "broken JSON" in str(failure(make_source(server, tmp_path)))


def test_plain_text_is_neither(server, tmp_path):
    server.routes["/tickets"] = lambda _: (200, {"Content-Type": "text/plain"}, b"service unavailable")
    assert "answered neither JSON nor csv" in str(
        failure(make_source(server, tmp_path, page={"by": "page", "parameter": "page"}))
    )


def dying(request, announced=1000, body=b'[{"no": "T1"}'):
    request.handler.send_response(200)
    request.handler.send_header("Content-Type", "application/json")
    request.handler.send_header("Content-Length", str(announced))
    request.handler.end_headers()
    request.handler.wfile.write(body)
    request.handler.close_connection = True


def test_an_answer_that_dies_half_way_is_asked_for_again(server, tmp_path):
    server.routes["/tickets"] = lambda r: dying(r) if len(server.requests) < 3 else as_json(TICKETS)
    assert len(fetched(make_source(server, tmp_path))[0]) == 8


def test_a_service_that_always_dies_half_way_leaves_nothing(server, tmp_path):
    server.routes["/tickets"] = lambda r: as_json({"items": TICKETS, "n": 1}) if r.query["page"] == "1" else dying(r)
    error = failure(make_source(server, tmp_path, page={"by": "page", "parameter": "page", "rows": "items"}))
    assert "stopped in the middle of its answer" in str(error)
    assert not error.permanent


def test_a_small_answer_may_not_unpack_to_a_large_one(server, tmp_path, monkeypatch):
    monkeypatch.setattr(web, "MOST_BYTES", 1 << 20)
    body = gzip.compress(b"[" + b" " * (5 << 20) + b"]")
    assert len(body) < 10_000
    server.routes["/tickets"] = lambda _: (200, {"Content-Type": "application/json", "Content-Encoding": "gzip"}, body)
    error = failure(make_source(server, tmp_path))
    assert "larger than 1 MB" in str(error)
    assert error.permanent


def test_nobody_there_is_named(server, tmp_path):
    error = failure(make_source(server, tmp_path, path="http://127.0.0.1:1/x"))
    assert "it cannot be reached (" in str(error)
    assert "refused" in str(error)
    assert not error.permanent


# --- hosts -----------------------------------------------------------------------------------------------------------


def test_this_machine_is_refused_unless_listed(server, tmp_path):
    error = failure(make_source(server, tmp_path, allow_hosts=[]))
    assert 'is this machine itself (loopback). If that is meant, list the address: allow_hosts = ["127.0.0.1"]' in str(
        error
    )
    assert error.permanent
    assert server.requests == []


def test_redirects_on_the_same_host_are_followed(server, tmp_path):
    server.routes["/tickets"] = lambda _: (302, {"Location": "/new"}, b"")
    server.routes["/new"] = lambda _: as_json(TICKETS)
    assert len(fetched(make_source(server, tmp_path))[0]) == 8


@pytest.mark.parametrize(
    ("location", "said"),
    [
        ("http://localhost:{port}/x", "neither the host of its address nor in allow_hosts"),
        ("http://169.254.169.254/latest/meta-data/", "neither the host of its address nor in allow_hosts"),
        ("http://evil.example/", "neither the host of its address nor in allow_hosts"),
        ("http://127.0.0.1@evil.example/", "may not speak to evil.example"),
        ("file:///etc/passwd", "no http or https address"),
        ("//[::1]:{port}/x", "neither the host of its address nor in allow_hosts"),
    ],
)
def test_redirects_elsewhere_are_refused(server, tmp_path, location, said):
    server.routes["/tickets"] = lambda _: (302, {"Location": location.format(port=server.port)}, b"")
    error = failure(make_source(server, tmp_path))
    assert said in str(error)
    assert error.permanent
    assert len(server.requests) == 1


def test_a_listed_host_that_resolves_to_this_machine_is_refused(server, tmp_path, monkeypatch):
    """DNS rebinding: the name is allowed, its address is not."""
    monkeypatch.setattr("socket.getaddrinfo", lambda host, port, **_: [(2, 1, 6, "", ("127.0.0.1", port))])
    server.routes["/tickets"] = lambda _: (302, {"Location": f"http://partner.example:{server.port}/x"}, b"")
    error = failure(make_source(server, tmp_path, path=f"http://partner.example:{server.port}/tickets", allow_hosts=[]))
    assert "its address 127.0.0.1 is this machine itself" in str(error)
    assert server.requests == []


def test_a_next_link_elsewhere_is_refused(server, tmp_path):
    server.routes["/tickets"] = lambda _: as_json({"items": TICKETS, "next": "http://evil.example/steal"})
    error = failure(make_source(server, tmp_path, page={"by": "next", "next": "next", "rows": "items"}))
    assert "may not speak to evil.example" in str(error)


def test_endless_redirects_end(server, tmp_path):
    server.routes["/tickets"] = lambda _: (302, {"Location": "/tickets"}, b"")
    assert "redirected more than 5 times" in str(failure(make_source(server, tmp_path)))
    assert len(server.requests) == 6


def test_messages_leave_out_query_strings(server, tmp_path):
    server.routes["/tickets"] = lambda _: (404, {}, b"")
    error = failure(make_source(server, tmp_path, query={"phone": "13812345678"}))
    assert "13812345678" not in str(error)


@pytest.mark.parametrize(("name", "trusted"), [("localhost", True), ("other.example", False)])
def test_the_certificate_must_be_that_of_the_name(server, tmp_path, name, trusted):
    """The connection goes to an address; what must match is the name that was asked for."""
    certificate = make_certificate(tmp_path, name)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    server.server.socket = context.wrap_socket(server.server.socket, server_side=True)
    server.routes["/tickets"] = lambda _: as_json(TICKETS)
    source = make_source(server, tmp_path, path=f"https://localhost:{server.port}/tickets",
                         allow_hosts=["localhost", "127.0.0.0/8", "::1"], ca_file="server.pem")  # fmt: skip
    if trusted:
        assert len(fetched(source)[0]) == 8
        assert server.requests[0].headers["Host"] == f"localhost:{server.port}"
    else:
        error = failure(source)
        assert "the certificate of localhost is not trusted" in str(error)
        assert error.permanent


def make_certificate(folder, name):
    """A key and a certificate for `name` that is its own authority, in one PEM file."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    certificate = (
        x509.CertificateBuilder().subject_name(subject).issuer_name(subject).public_key(key.public_key())
        .serial_number(1).not_valid_before(datetime(2020, 1, 1)).not_valid_after(datetime(2120, 1, 1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    pem = serialization.Encoding.PEM
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    path = folder / "server.pem"
    path.write_bytes(private + certificate.public_bytes(pem))
    return path


# --- configuration ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ({"path": "ftp://host/x"}, "no web address"),
        ({"path": "https://user:hunter22@host/x"}, "no user or password may stand in an address"),
        ({"page": {"by": "cursor", "parameter": "x"}}, "page.next"),
        ({"page": {"by": "page"}}, "needs page.parameter"),
        ({"page": {"parametr": "x"}}, "did you mean 'parameter'"),
        ({"auth": {"user": "x"}}, "auth.password_env"),
        ({"auth": {"token_url": "https://x/y"}}, "auth.client_id"),
        ({"auth": {"value_env": "A", "user": "x", "password_env": "B"}}, "three ways"),
        ({"auth": {"client_secret": "hunter22"}}, "did you mean 'client_secret_"),
        ({"rate": "fast"}, "no rate"),
        ({"allow_hosts": ["https://x"]}, "is no host"),
        ({"watermark": "at"}, "belong together"),
        ({"query": {"since": "{watermark}"}}, "belong together"),
        ({"querry": {}}, "did you mean 'query'"),
    ],
)
def test_a_wrong_key_is_named(server, tmp_path, keys, said):
    with pytest.raises(CollectorError, match=said) as caught:
        make_source(server, tmp_path, **keys)
    assert "hunter22" not in str(caught.value)


def test_parameters_replace_those_of_the_address():
    assert with_parameters("https://a/b?x=1&y=2", {"x": "3 4"}) == "https://a/b?y=2&x=3+4"


def test_an_answer_is_what_the_wire_said():
    assert Answer("u", b"", "", {}).links == {}
    assert json.dumps(TICKETS[0]["office"], ensure_ascii=False) == '{"code": "3440101", "name": "城东供电所"}'
