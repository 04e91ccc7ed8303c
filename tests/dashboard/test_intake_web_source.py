"""A web service from its pages to the league, on both databases: asked, turned page by page, stored, judged."""

import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa

from collectors.mapping import SourceConfig
from dashboard.bootstrap import Application
from dashboard.database.models import BATCHES
from dashboard.intake import import_file
from dashboard.intake.collecting import collect
from dashboard.judging.rules import rules_of
from dashboard.people import system_viewer
from dashboard.queries.league import league
from dashboard.settings import load

sys.path.append(str(Path(__file__).parents[1] / "collectors"))
from web_server import WebServer, as_json

NOW = datetime(2026, 10, 11, tzinfo=UTC)
CONFIG = """
[[sources]]
name = "desk"
record = "repairs"
kind = "http"
path = "{url}/repairs"
allow_hosts = ["127.0.0.1"]
page = {{ by = "page", parameter = "page", size = 3, size_parameter = "size", rows = "data.rows" }}
"""


@pytest.fixture
def server():
    with WebServer().running() as running:
        yield running


@pytest.fixture
def company(database, server, tmp_path):
    """An application whose one source is the server, over a database that knows an office."""
    (tmp_path / "mingcha.toml").write_text(CONFIG.format(url=server.url), "utf-8")
    offices = tmp_path / "offices.csv"
    offices.write_text("code,name,level,area\nS1,城东供电所,station,urban\n", "utf-8")
    import_file(database, by=system_viewer(), path=offices, config=SourceConfig(record="offices"), now=NOW)
    settings = load({"MINGCHA_CONFIG": str(tmp_path / "mingcha.toml")})
    return Application(settings, database, system_viewer(), now=lambda: NOW)


def repairs(late: int) -> list[dict]:
    """Seven urban repairs, the first `late` of which arrived after an hour and not after twenty minutes."""
    return [
        {"抢修单号": f"R{number}", "供电所": "城东供电所", "受理时间": f"2026-07-0{number} 08:00:00",
         "到达时间": f"2026-07-0{number} {'09:00' if number <= late else '08:20'}:00"}
        for number in range(1, 8)
    ]  # fmt: skip


def serve(server: WebServer, rows: list[dict]) -> None:
    def answer(request):
        start, size = (int(request.query["page"]) - 1) * 3, int(request.query["size"])
        return as_json({"data": {"rows": rows[start : start + size]}})

    server.routes["/repairs"] = answer


def in_time(company: Application) -> tuple[int, int]:
    document = league(
        company.db, system_viewer(), rules_of(company.settings), period="2026-Q3", indicator="R1", now=NOW
    )
    (row,) = document["rows"]
    return row["indicators"]["R1"]["numerator"], row["indicators"]["R1"]["denominator"]


def test_a_web_service_is_read_page_by_page_stored_and_judged(company, server):
    serve(server, repairs(late=2))
    report = collect(company, names=["desk"])
    assert (report.failures, [batch.new for batch in report.batches]) == ([], [7])
    assert [request.query["page"] for request in server.requests] == ["1", "2", "3", "4"]  # until one is empty
    assert in_time(company) == (5, 7)

    assert collect(company, names=["desk"]).batches == []  # the same answer once more is nothing new
    serve(server, repairs(late=1))
    report = collect(company, names=["desk"])
    assert [(batch.updated, batch.unchanged) for batch in report.batches] == [(1, 6)]
    assert in_time(company) == (6, 7)


def test_a_service_that_dies_half_way_stores_nothing_and_is_asked_again(company, server):
    whole = repairs(late=0)
    serve(server, whole)
    answer = server.routes["/repairs"]
    server.routes["/repairs"] = lambda request: answer(request) if request.query["page"] == "1" else (404, {}, b"gone")
    (failure,) = collect(company, names=["desk"]).failures
    assert "404" in failure.message
    with company.db.reading() as connection:
        assert connection.execute(sa.select(sa.func.count()).where(BATCHES.c.source == "desk")).scalar() == 0
    serve(server, whole)
    assert [batch.new for batch in collect(company, names=["desk"]).batches] == [7]
