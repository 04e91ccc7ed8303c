"""Equipment faults (设备故障): a camera that could not be judged by, from the first such look until it sees again."""

from __future__ import annotations

import sqlalchemy as sa

from dashboard.database.models.base import METADATA, identity, instant, number, text

CAMERA_FAULTS = sa.Table(
    "camera_faults",
    METADATA,
    identity(),
    text("camera_code", null=False),
    text("hall_code", null=False),
    text("cause", null=False),  # offline | wrong_password | no_signal | black | frozen | occluded | moved | blurred
    text("sample_id", null=False),  # the look that opened it
    instant("opened_at", null=False),  # that look's moment
    text("last_sample_id", null=False),
    instant("last_at", null=False),
    number("looks", null=False),
    text("closing_sample_id"),  # the look that saw again
    instant("closed_at"),
    sa.Index("ix_camera_faults_hall", "hall_code", "opened_at"),
    sa.Index(
        "ux_camera_faults_open",
        "camera_code",
        "cause",
        unique=True,
        sqlite_where=sa.text("closed_at IS NULL"),
        postgresql_where=sa.text("closed_at IS NULL"),
    ),
)
