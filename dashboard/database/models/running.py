"""How the system itself is doing (运行): leases, job runs, audit, small facts."""

from __future__ import annotations

import sqlalchemy as sa

from dashboard.database.models.base import METADATA, identity, instant, text

META = sa.Table("meta", METADATA, text("key", null=False, primary_key=True), text("value"))

LEASES = sa.Table(
    "leases",
    METADATA,
    text("name", null=False, primary_key=True),
    text("holder"),
    instant("until"),
    instant("taken_at"),
)

HEARTBEATS = sa.Table(
    "heartbeats",
    METADATA,
    text("holder", null=False, primary_key=True),  # host:pid:random, one per process
    text("kind", null=False),  # worker | web
    text("state", null=False),  # leading | waiting | serving | stopped
    instant("started_at", null=False),
    instant("at", null=False),
)

JOB_RUNS = sa.Table(
    "job_runs",
    METADATA,
    identity(),
    text("job", null=False),
    text("key", null=False),  # the planned time, ISO 8601 UTC: the same in every worker, so a run happens once
    text("holder", null=False),
    text("outcome", null=False),  # running | done | failed | missed | abandoned
    instant("started_at", null=False),
    instant("finished_at"),
    text("detail"),  # JSON {"text": msgid, "values": {…}}, translated when shown
    sa.UniqueConstraint("job", "key"),
    sa.Index("ix_job_runs_started", "started_at"),
)

AUDIT = sa.Table(
    "audit",
    METADATA,
    identity(),
    instant("at", null=False),
    text("actor", null=False),
    text("os_user"),
    text("acting_for"),  # in whose stead the actor acted
    text("action", null=False),
    text("subject"),
    text("detail"),
    sa.Index("ix_audit_at", "at"),
)
