"""The record's timeline stands at Shanghai's clock, whatever zone the browser is in."""

from datetime import UTC, datetime

import pyarrow as pa

from dashboard.web.charts.timeline import Clock, Stamp, picture


def test_a_stamp_of_eight_in_the_evening_lies_at_twenty_on_an_axis_in_utc():
    accepted, arrived = datetime(2026, 11, 17, 11, 59, tzinfo=UTC), datetime(2026, 11, 17, 13, 30, tzinfo=UTC)
    clock = Clock("arrived_at", "R1", accepted, arrived, datetime(2026, 11, 17, 13, 29, tzinfo=UTC), "late")
    stamps = [Stamp("accepted_at", "Accepted", accepted), Stamp("arrived_at", "Arrived", arrived)]
    drawn = picture(stamps, [clock], [], datetime(2026, 11, 18, tzinfo=UTC), "Q-1", "light")
    table = pa.ipc.open_stream(drawn.data["rows"]).read_all()
    assert table.schema.field("start").type == pa.timestamp("ms", tz="UTC"), "without a zone the browser shifts it"
    starts = table.column("start").to_pylist()
    assert starts[0] == datetime(2026, 11, 17, 19, 59, tzinfo=UTC)
    assert starts[1] == datetime(2026, 11, 17, 21, 30, tzinfo=UTC)
