"""First tables"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "applications",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("system", sa.Text(), nullable=False),
        sa.Column("application_no", sa.Text(), nullable=False),
        sa.Column("office_code", sa.Text(), nullable=True),
        sa.Column("class", sa.Text(), nullable=True),
        sa.Column("customer_no", sa.Text(), nullable=True),
        sa.Column("accepted_at", sa.BigInteger(), nullable=True),
        sa.Column("plan_answered_at", sa.BigInteger(), nullable=True),
        sa.Column("design_reviewed_at", sa.BigInteger(), nullable=True),
        sa.Column("inspected_at", sa.BigInteger(), nullable=True),
        sa.Column("connected_at", sa.BigInteger(), nullable=True),
        sa.Column("archived_at", sa.BigInteger(), nullable=True),
        sa.Column("papers", sa.BigInteger(), nullable=True),
        sa.Column("visits", sa.BigInteger(), nullable=True),
        sa.Column("paused_working_days", sa.BigInteger(), nullable=True),
        sa.Column("pause_document", sa.Text(), nullable=True),
        sa.Column("card_issued", sa.Boolean(), nullable=True),
        sa.Column("office_named", sa.Text(), nullable=True),
        sa.Column("version_at", sa.BigInteger(), nullable=False),
        sa.Column("content_hash", sa.BigInteger(), nullable=False),
        sa.Column("batch_id", sa.BigInteger(), nullable=False),
        sa.Column("row_no", sa.BigInteger(), nullable=False),
        sa.Column("precision", sa.Text(), nullable=True),
        sa.Column("unreadable", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_applications")),
        sa.UniqueConstraint("application_no", "system", name=op.f("uq_applications_application_no_system")),
    )
    with op.batch_alter_table("applications", schema=None) as batch_op:
        batch_op.create_index("ix_applications_accepted_at", ["accepted_at"], unique=False)
        batch_op.create_index("ix_applications_batch_id", ["batch_id"], unique=False)

    op.create_table(
        "applications_history",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("record_id", sa.BigInteger(), nullable=True),
        sa.Column("fate", sa.Text(), nullable=False),
        sa.Column("ended_by_batch", sa.BigInteger(), nullable=False),
        sa.Column("system", sa.Text(), nullable=False),
        sa.Column("application_no", sa.Text(), nullable=False),
        sa.Column("office_code", sa.Text(), nullable=True),
        sa.Column("class", sa.Text(), nullable=True),
        sa.Column("customer_no", sa.Text(), nullable=True),
        sa.Column("accepted_at", sa.BigInteger(), nullable=True),
        sa.Column("plan_answered_at", sa.BigInteger(), nullable=True),
        sa.Column("design_reviewed_at", sa.BigInteger(), nullable=True),
        sa.Column("inspected_at", sa.BigInteger(), nullable=True),
        sa.Column("connected_at", sa.BigInteger(), nullable=True),
        sa.Column("archived_at", sa.BigInteger(), nullable=True),
        sa.Column("papers", sa.BigInteger(), nullable=True),
        sa.Column("visits", sa.BigInteger(), nullable=True),
        sa.Column("paused_working_days", sa.BigInteger(), nullable=True),
        sa.Column("pause_document", sa.Text(), nullable=True),
        sa.Column("card_issued", sa.Boolean(), nullable=True),
        sa.Column("office_named", sa.Text(), nullable=True),
        sa.Column("version_at", sa.BigInteger(), nullable=False),
        sa.Column("content_hash", sa.BigInteger(), nullable=False),
        sa.Column("batch_id", sa.BigInteger(), nullable=False),
        sa.Column("row_no", sa.BigInteger(), nullable=False),
        sa.Column("precision", sa.Text(), nullable=True),
        sa.Column("unreadable", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_applications_history")),
    )
    with op.batch_alter_table("applications_history", schema=None) as batch_op:
        batch_op.create_index("ix_applications_history_ended", ["ended_by_batch"], unique=False)
        batch_op.create_index("ix_applications_history_record", ["record_id"], unique=False)

    op.create_table(
        "applications_verdicts",
        sa.Column(
            "record_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False
        ),
        sa.Column("office_code", sa.Text(), nullable=False),
        sa.Column("day", sa.Text(), nullable=False),
        sa.Column("states", sa.Text(), nullable=False),
        sa.Column("marks", sa.Text(), nullable=True),
        sa.Column("ratio", sa.BigInteger(), nullable=True),
        sa.Column("losing", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("record_id", name=op.f("pk_applications_verdicts")),
    )
    with op.batch_alter_table("applications_verdicts", schema=None) as batch_op:
        batch_op.create_index(
            "ix_applications_verdicts_losing",
            ["office_code", "day"],
            unique=False,
            sqlite_where=sa.text("losing"),
            postgresql_where=sa.text("losing"),
        )

    op.create_table(
        "audit",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("os_user", sa.Text(), nullable=True),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=True),
        sa.Column("detail", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit")),
    )
    with op.batch_alter_table("audit", schema=None) as batch_op:
        batch_op.create_index("ix_audit_at", ["at"], unique=False)

    op.create_table(
        "batch_flag_events",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("flag_id", sa.BigInteger(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("why", sa.Text(), nullable=True),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_batch_flag_events")),
    )
    with op.batch_alter_table("batch_flag_events", schema=None) as batch_op:
        batch_op.create_index("ix_batch_flag_events_flag", ["flag_id"], unique=False)

    op.create_table(
        "batch_flags",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("batch_id", sa.BigInteger(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("system", sa.Text(), nullable=True),
        sa.Column("record", sa.Text(), nullable=False),
        sa.Column("series", sa.Text(), nullable=False),
        sa.Column("office_code", sa.Text(), nullable=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("day_from", sa.Text(), nullable=False),
        sa.Column("day_to", sa.Text(), nullable=False),
        sa.Column("stated", sa.Text(), nullable=True),
        sa.Column("found", sa.Text(), nullable=True),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("raised_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_batch_flags")),
    )
    with op.batch_alter_table("batch_flags", schema=None) as batch_op:
        batch_op.create_index("ix_batch_flags_batch", ["batch_id"], unique=False)
        batch_op.create_index("ix_batch_flags_days", ["day_from", "day_to"], unique=False)
        batch_op.create_index("ix_batch_flags_system", ["system", "record", "day_to"], unique=False)

    op.create_table(
        "batches",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("system", sa.Text(), nullable=True),
        sa.Column("record", sa.Text(), nullable=False),
        sa.Column("file", sa.Text(), nullable=True),
        sa.Column("sheet", sa.Text(), nullable=True),
        sa.Column("sha256", sa.Text(), nullable=True),
        sa.Column("bytes", sa.BigInteger(), nullable=True),
        sa.Column("mapping_digest", sa.Text(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("read", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("new", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("updated", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("unchanged", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("older", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("quarantined", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("skipped", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("exported_at", sa.BigInteger(), nullable=True),
        sa.Column("started_at", sa.BigInteger(), nullable=False),
        sa.Column("finished_at", sa.BigInteger(), nullable=True),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("details", sa.Text(), nullable=True),
        sa.Column("replay_of", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_batches")),
    )
    with op.batch_alter_table("batches", schema=None) as batch_op:
        batch_op.create_index("ix_batches_sha256", ["sha256"], unique=False)
        batch_op.create_index("ix_batches_source", ["source", "started_at"], unique=False)

    op.create_table(
        "calendar_notices",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("calendar", sa.Text(), nullable=False),
        sa.Column("year", sa.BigInteger(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("issued", sa.Text(), nullable=False),
        sa.Column("days", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_calendar_notices")),
        sa.UniqueConstraint("calendar", "digest", name=op.f("uq_calendar_notices_calendar_digest")),
    )
    op.create_table(
        "cameras",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("hall_code", sa.Text(), nullable=True),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("url", sa.Text(), nullable=True),
        sa.Column("playback_url", sa.Text(), nullable=True),
        sa.Column("windows", sa.Text(), nullable=True),
        sa.Column("waiting_area", sa.Text(), nullable=True),
        sa.Column("reference_image", sa.Text(), nullable=True),
        sa.Column("office_named", sa.Text(), nullable=True),
        sa.Column("version_at", sa.BigInteger(), nullable=False),
        sa.Column("content_hash", sa.BigInteger(), nullable=False),
        sa.Column("batch_id", sa.BigInteger(), nullable=False),
        sa.Column("row_no", sa.BigInteger(), nullable=False),
        sa.Column("precision", sa.Text(), nullable=True),
        sa.Column("unreadable", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cameras")),
        sa.UniqueConstraint("code", name=op.f("uq_cameras_code")),
    )
    with op.batch_alter_table("cameras", schema=None) as batch_op:
        batch_op.create_index("ix_cameras_batch_id", ["batch_id"], unique=False)

    op.create_table(
        "cameras_history",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("record_id", sa.BigInteger(), nullable=True),
        sa.Column("fate", sa.Text(), nullable=False),
        sa.Column("ended_by_batch", sa.BigInteger(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("hall_code", sa.Text(), nullable=True),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("url", sa.Text(), nullable=True),
        sa.Column("playback_url", sa.Text(), nullable=True),
        sa.Column("windows", sa.Text(), nullable=True),
        sa.Column("waiting_area", sa.Text(), nullable=True),
        sa.Column("reference_image", sa.Text(), nullable=True),
        sa.Column("office_named", sa.Text(), nullable=True),
        sa.Column("version_at", sa.BigInteger(), nullable=False),
        sa.Column("content_hash", sa.BigInteger(), nullable=False),
        sa.Column("batch_id", sa.BigInteger(), nullable=False),
        sa.Column("row_no", sa.BigInteger(), nullable=False),
        sa.Column("precision", sa.Text(), nullable=True),
        sa.Column("unreadable", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cameras_history")),
    )
    with op.batch_alter_table("cameras_history", schema=None) as batch_op:
        batch_op.create_index("ix_cameras_history_ended", ["ended_by_batch"], unique=False)
        batch_op.create_index("ix_cameras_history_record", ["record_id"], unique=False)

    op.create_table(
        "confirmations",
        sa.Column("record", sa.Text(), nullable=False),
        sa.Column("record_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("version_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("record", "record_id", name=op.f("pk_confirmations")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "day_counts",
        sa.Column("system", sa.Text(), nullable=False),
        sa.Column("record", sa.Text(), nullable=False),
        sa.Column("series", sa.Text(), nullable=False),
        sa.Column("office_code", sa.Text(), nullable=False),
        sa.Column("day", sa.Text(), nullable=False),
        sa.Column("n", sa.BigInteger(), nullable=False),
        sa.Column("pending", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("system", "record", "series", "office_code", "day", name=op.f("pk_day_counts")),
        sqlite_with_rowid=False,
    )
    with op.batch_alter_table("day_counts", schema=None) as batch_op:
        batch_op.create_index(
            "ix_day_counts_pending",
            ["system", "record"],
            unique=False,
            sqlite_where=sa.text("pending"),
            postgresql_where=sa.text("pending"),
        )

    op.create_table(
        "evaluations",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("system", sa.Text(), nullable=False),
        sa.Column("evaluation_no", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=True),
        sa.Column("office_code", sa.Text(), nullable=True),
        sa.Column("record_no", sa.Text(), nullable=True),
        sa.Column("at", sa.BigInteger(), nullable=True),
        sa.Column("satisfaction", sa.Text(), nullable=True),
        sa.Column("designated_design", sa.Boolean(), nullable=True),
        sa.Column("designated_construction", sa.Boolean(), nullable=True),
        sa.Column("designated_supply", sa.Boolean(), nullable=True),
        sa.Column("extra_fee", sa.Boolean(), nullable=True),
        sa.Column("attitude", sa.BigInteger(), nullable=True),
        sa.Column("box", sa.Text(), nullable=True),
        sa.Column("opened_by", sa.Text(), nullable=True),
        sa.Column("reached", sa.Boolean(), nullable=True),
        sa.Column("office_named", sa.Text(), nullable=True),
        sa.Column("version_at", sa.BigInteger(), nullable=False),
        sa.Column("content_hash", sa.BigInteger(), nullable=False),
        sa.Column("batch_id", sa.BigInteger(), nullable=False),
        sa.Column("row_no", sa.BigInteger(), nullable=False),
        sa.Column("precision", sa.Text(), nullable=True),
        sa.Column("unreadable", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_evaluations")),
        sa.UniqueConstraint("evaluation_no", "system", name=op.f("uq_evaluations_evaluation_no_system")),
    )
    with op.batch_alter_table("evaluations", schema=None) as batch_op:
        batch_op.create_index("ix_evaluations_at", ["at"], unique=False)
        batch_op.create_index("ix_evaluations_batch_id", ["batch_id"], unique=False)
        batch_op.create_index(
            "ix_evaluations_record_no",
            ["record_no"],
            unique=False,
            sqlite_where=sa.text("record_no IS NOT NULL"),
            postgresql_where=sa.text("record_no IS NOT NULL"),
        )

    op.create_table(
        "evaluations_history",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("record_id", sa.BigInteger(), nullable=True),
        sa.Column("fate", sa.Text(), nullable=False),
        sa.Column("ended_by_batch", sa.BigInteger(), nullable=False),
        sa.Column("system", sa.Text(), nullable=False),
        sa.Column("evaluation_no", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=True),
        sa.Column("office_code", sa.Text(), nullable=True),
        sa.Column("record_no", sa.Text(), nullable=True),
        sa.Column("at", sa.BigInteger(), nullable=True),
        sa.Column("satisfaction", sa.Text(), nullable=True),
        sa.Column("designated_design", sa.Boolean(), nullable=True),
        sa.Column("designated_construction", sa.Boolean(), nullable=True),
        sa.Column("designated_supply", sa.Boolean(), nullable=True),
        sa.Column("extra_fee", sa.Boolean(), nullable=True),
        sa.Column("attitude", sa.BigInteger(), nullable=True),
        sa.Column("box", sa.Text(), nullable=True),
        sa.Column("opened_by", sa.Text(), nullable=True),
        sa.Column("reached", sa.Boolean(), nullable=True),
        sa.Column("office_named", sa.Text(), nullable=True),
        sa.Column("version_at", sa.BigInteger(), nullable=False),
        sa.Column("content_hash", sa.BigInteger(), nullable=False),
        sa.Column("batch_id", sa.BigInteger(), nullable=False),
        sa.Column("row_no", sa.BigInteger(), nullable=False),
        sa.Column("precision", sa.Text(), nullable=True),
        sa.Column("unreadable", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_evaluations_history")),
    )
    with op.batch_alter_table("evaluations_history", schema=None) as batch_op:
        batch_op.create_index("ix_evaluations_history_ended", ["ended_by_batch"], unique=False)
        batch_op.create_index("ix_evaluations_history_record", ["record_id"], unique=False)

    op.create_table(
        "evaluations_verdicts",
        sa.Column(
            "record_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False
        ),
        sa.Column("office_code", sa.Text(), nullable=False),
        sa.Column("day", sa.Text(), nullable=False),
        sa.Column("states", sa.Text(), nullable=False),
        sa.Column("marks", sa.Text(), nullable=True),
        sa.Column("ratio", sa.BigInteger(), nullable=True),
        sa.Column("losing", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("record_id", name=op.f("pk_evaluations_verdicts")),
    )
    with op.batch_alter_table("evaluations_verdicts", schema=None) as batch_op:
        batch_op.create_index(
            "ix_evaluations_verdicts_losing",
            ["office_code", "day"],
            unique=False,
            sqlite_where=sa.text("losing"),
            postgresql_where=sa.text("losing"),
        )

    op.create_table(
        "evidence",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("sample_id", sa.Text(), nullable=True),
        sa.Column("finding_id", sa.BigInteger(), nullable=True),
        sa.Column("camera_code", sa.Text(), nullable=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        sa.Column("second", sa.Double(), nullable=True),
        sa.Column("taken_at", sa.BigInteger(), nullable=True),
        sa.Column("hall_name", sa.Text(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_evidence")),
    )
    with op.batch_alter_table("evidence", schema=None) as batch_op:
        batch_op.create_index("ix_evidence_sample", ["sample_id"], unique=False)

    op.create_table(
        "exclusion_decisions",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("exclusion_id", sa.BigInteger(), nullable=False),
        sa.Column("decision", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_exclusion_decisions")),
        sa.UniqueConstraint("exclusion_id", "decision", name=op.f("uq_exclusion_decisions_exclusion_id_decision")),
    )
    op.create_table(
        "exclusions",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("offices", sa.Text(), nullable=False),
        sa.Column("area", sa.Text(), nullable=True),
        sa.Column("records", sa.Text(), nullable=False),
        sa.Column("numbers", sa.Text(), nullable=True),
        sa.Column("system", sa.Text(), nullable=True),
        sa.Column("starts_at", sa.BigInteger(), nullable=False),
        sa.Column("ends_at", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("lapses_at", sa.BigInteger(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_exclusions")),
    )
    op.create_table(
        "findings",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("sample_id", sa.Text(), nullable=True),
        sa.Column("hall_code", sa.Text(), nullable=False),
        sa.Column("camera_code", sa.Text(), nullable=True),
        sa.Column("item_code", sa.Text(), nullable=False),
        sa.Column("observed_at", sa.BigInteger(), nullable=False),
        sa.Column("starts", sa.Double(), nullable=True),
        sa.Column("ends", sa.Double(), nullable=True),
        sa.Column("confidence", sa.Double(), nullable=True),
        sa.Column("duration_proven", sa.Boolean(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("detector", sa.Text(), nullable=True),
        sa.Column("why", sa.Text(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_findings")),
    )
    with op.batch_alter_table("findings", schema=None) as batch_op:
        batch_op.create_index("ix_findings_hall", ["hall_code", "observed_at"], unique=False)
        batch_op.create_index("ix_findings_sample", ["sample_id"], unique=False)

    op.create_table(
        "freeze_events",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("period", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("base", sa.Text(), nullable=True),
        sa.Column("header", sa.Text(), nullable=False),
        sa.Column("checklist", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("chain", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_freeze_events")),
    )
    with op.batch_alter_table("freeze_events", schema=None) as batch_op:
        batch_op.create_index("ix_freeze_events_period", ["period", "action"], unique=False)
        batch_op.create_index(
            "ux_freeze_events_published",
            ["period"],
            unique=True,
            sqlite_where=sa.text("action = 'published'"),
            postgresql_where=sa.text("action = 'published'"),
        )

    op.create_table(
        "frozen_parts",
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("sha256", name=op.f("pk_frozen_parts")),
    )
    op.create_table(
        "hall_days",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("hall_code", sa.Text(), nullable=False),
        sa.Column("date", sa.Text(), nullable=False),
        sa.Column("open", sa.Boolean(), nullable=True),
        sa.Column("opens", sa.Text(), nullable=True),
        sa.Column("closes", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("filed_at", sa.BigInteger(), nullable=True),
        sa.Column("office_named", sa.Text(), nullable=True),
        sa.Column("version_at", sa.BigInteger(), nullable=False),
        sa.Column("content_hash", sa.BigInteger(), nullable=False),
        sa.Column("batch_id", sa.BigInteger(), nullable=False),
        sa.Column("row_no", sa.BigInteger(), nullable=False),
        sa.Column("precision", sa.Text(), nullable=True),
        sa.Column("unreadable", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_hall_days")),
        sa.UniqueConstraint("hall_code", "date", name=op.f("uq_hall_days_hall_code_date")),
    )
    with op.batch_alter_table("hall_days", schema=None) as batch_op:
        batch_op.create_index("ix_hall_days_batch_id", ["batch_id"], unique=False)

    op.create_table(
        "hall_days_history",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("record_id", sa.BigInteger(), nullable=True),
        sa.Column("fate", sa.Text(), nullable=False),
        sa.Column("ended_by_batch", sa.BigInteger(), nullable=False),
        sa.Column("hall_code", sa.Text(), nullable=False),
        sa.Column("date", sa.Text(), nullable=False),
        sa.Column("open", sa.Boolean(), nullable=True),
        sa.Column("opens", sa.Text(), nullable=True),
        sa.Column("closes", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("filed_at", sa.BigInteger(), nullable=True),
        sa.Column("office_named", sa.Text(), nullable=True),
        sa.Column("version_at", sa.BigInteger(), nullable=False),
        sa.Column("content_hash", sa.BigInteger(), nullable=False),
        sa.Column("batch_id", sa.BigInteger(), nullable=False),
        sa.Column("row_no", sa.BigInteger(), nullable=False),
        sa.Column("precision", sa.Text(), nullable=True),
        sa.Column("unreadable", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_hall_days_history")),
    )
    with op.batch_alter_table("hall_days_history", schema=None) as batch_op:
        batch_op.create_index("ix_hall_days_history_ended", ["ended_by_batch"], unique=False)
        batch_op.create_index("ix_hall_days_history_record", ["record_id"], unique=False)

    op.create_table(
        "hall_months",
        sa.Column("hall_code", sa.Text(), nullable=False),
        sa.Column("month", sa.Text(), nullable=False),
        sa.Column("deductions", sa.BigInteger(), nullable=False),
        sa.Column("checkable", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("hall_code", "month", name=op.f("pk_hall_months")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "heartbeats",
        sa.Column("holder", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("started_at", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("holder", name=op.f("pk_heartbeats")),
    )
    op.create_table(
        "inspections",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("inspection_no", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=True),
        sa.Column("hall_code", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("inspector", sa.Text(), nullable=True),
        sa.Column("item_code", sa.Text(), nullable=False),
        sa.Column("result", sa.Text(), nullable=True),
        sa.Column("count", sa.BigInteger(), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("office_named", sa.Text(), nullable=True),
        sa.Column("version_at", sa.BigInteger(), nullable=False),
        sa.Column("content_hash", sa.BigInteger(), nullable=False),
        sa.Column("batch_id", sa.BigInteger(), nullable=False),
        sa.Column("row_no", sa.BigInteger(), nullable=False),
        sa.Column("precision", sa.Text(), nullable=True),
        sa.Column("unreadable", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_inspections")),
        sa.UniqueConstraint(
            "inspection_no",
            "item_code",
            "hall_code",
            "at",
            name=op.f("uq_inspections_inspection_no_item_code_hall_code_at"),
        ),
    )
    with op.batch_alter_table("inspections", schema=None) as batch_op:
        batch_op.create_index("ix_inspections_at", ["at"], unique=False)
        batch_op.create_index("ix_inspections_batch_id", ["batch_id"], unique=False)

    op.create_table(
        "inspections_history",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("record_id", sa.BigInteger(), nullable=True),
        sa.Column("fate", sa.Text(), nullable=False),
        sa.Column("ended_by_batch", sa.BigInteger(), nullable=False),
        sa.Column("inspection_no", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=True),
        sa.Column("hall_code", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("inspector", sa.Text(), nullable=True),
        sa.Column("item_code", sa.Text(), nullable=False),
        sa.Column("result", sa.Text(), nullable=True),
        sa.Column("count", sa.BigInteger(), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("office_named", sa.Text(), nullable=True),
        sa.Column("version_at", sa.BigInteger(), nullable=False),
        sa.Column("content_hash", sa.BigInteger(), nullable=False),
        sa.Column("batch_id", sa.BigInteger(), nullable=False),
        sa.Column("row_no", sa.BigInteger(), nullable=False),
        sa.Column("precision", sa.Text(), nullable=True),
        sa.Column("unreadable", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_inspections_history")),
    )
    with op.batch_alter_table("inspections_history", schema=None) as batch_op:
        batch_op.create_index("ix_inspections_history_ended", ["ended_by_batch"], unique=False)
        batch_op.create_index("ix_inspections_history_record", ["record_id"], unique=False)

    op.create_table(
        "job_runs",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("job", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("holder", sa.Text(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("started_at", sa.BigInteger(), nullable=False),
        sa.Column("finished_at", sa.BigInteger(), nullable=True),
        sa.Column("detail", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_job_runs")),
        sa.UniqueConstraint("job", "key", name=op.f("uq_job_runs_job_key")),
    )
    with op.batch_alter_table("job_runs", schema=None) as batch_op:
        batch_op.create_index("ix_job_runs_started", ["started_at"], unique=False)

    op.create_table(
        "judged_through",
        sa.Column("part", sa.Text(), nullable=False),
        sa.Column("batch_id", sa.BigInteger(), nullable=True),
        sa.Column("as_of", sa.BigInteger(), nullable=True),
        sa.Column("digest", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("part", name=op.f("pk_judged_through")),
    )
    op.create_table(
        "known_causes",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("office_code", sa.Text(), nullable=False),
        sa.Column("indicator", sa.Text(), nullable=False),
        sa.Column("day", sa.Text(), nullable=False),
        sa.Column("cause", sa.Text(), nullable=False),
        sa.Column("withdraws", sa.BigInteger(), nullable=True),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_known_causes")),
        sa.UniqueConstraint("withdraws", name=op.f("uq_known_causes_withdraws")),
    )
    op.create_table(
        "league_pictures",
        sa.Column("taken_at", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("office_code", sa.Text(), nullable=False),
        sa.Column("period", sa.Text(), nullable=False),
        sa.Column("level", sa.Text(), nullable=False),
        sa.Column("score", sa.BigInteger(), nullable=True),
        sa.Column("rank", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("taken_at", "office_code", name=op.f("pk_league_pictures")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "leases",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("holder", sa.Text(), nullable=True),
        sa.Column("until", sa.BigInteger(), nullable=True),
        sa.Column("taken_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_leases")),
    )
    op.create_table(
        "looks",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("sample_id", sa.Text(), nullable=False),
        sa.Column("camera_code", sa.Text(), nullable=False),
        sa.Column("looked_at", sa.BigInteger(), nullable=False),
        sa.Column("detector", sa.Text(), nullable=False),
        sa.Column("result", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_looks")),
        sa.UniqueConstraint("sample_id", "camera_code", name=op.f("uq_looks_sample_id_camera_code")),
    )
    op.create_table(
        "mappings",
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("config", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_mappings")),
    )
    op.create_table(
        "measures",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("system", sa.Text(), nullable=False),
        sa.Column("indicator", sa.Text(), nullable=False),
        sa.Column("office_code", sa.Text(), nullable=False),
        sa.Column("period", sa.Text(), nullable=False),
        sa.Column("numerator", sa.Text(), nullable=True),
        sa.Column("denominator", sa.Text(), nullable=True),
        sa.Column("unit", sa.Text(), nullable=True),
        sa.Column("source", sa.Text(), nullable=True),
        sa.Column("office_named", sa.Text(), nullable=True),
        sa.Column("version_at", sa.BigInteger(), nullable=False),
        sa.Column("content_hash", sa.BigInteger(), nullable=False),
        sa.Column("batch_id", sa.BigInteger(), nullable=False),
        sa.Column("row_no", sa.BigInteger(), nullable=False),
        sa.Column("precision", sa.Text(), nullable=True),
        sa.Column("unreadable", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_measures")),
        sa.UniqueConstraint(
            "indicator", "office_code", "period", "system", name=op.f("uq_measures_indicator_office_code_period_system")
        ),
    )
    with op.batch_alter_table("measures", schema=None) as batch_op:
        batch_op.create_index("ix_measures_batch_id", ["batch_id"], unique=False)

    op.create_table(
        "measures_history",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("record_id", sa.BigInteger(), nullable=True),
        sa.Column("fate", sa.Text(), nullable=False),
        sa.Column("ended_by_batch", sa.BigInteger(), nullable=False),
        sa.Column("system", sa.Text(), nullable=False),
        sa.Column("indicator", sa.Text(), nullable=False),
        sa.Column("office_code", sa.Text(), nullable=False),
        sa.Column("period", sa.Text(), nullable=False),
        sa.Column("numerator", sa.Text(), nullable=True),
        sa.Column("denominator", sa.Text(), nullable=True),
        sa.Column("unit", sa.Text(), nullable=True),
        sa.Column("source", sa.Text(), nullable=True),
        sa.Column("office_named", sa.Text(), nullable=True),
        sa.Column("version_at", sa.BigInteger(), nullable=False),
        sa.Column("content_hash", sa.BigInteger(), nullable=False),
        sa.Column("batch_id", sa.BigInteger(), nullable=False),
        sa.Column("row_no", sa.BigInteger(), nullable=False),
        sa.Column("precision", sa.Text(), nullable=True),
        sa.Column("unreadable", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_measures_history")),
    )
    with op.batch_alter_table("measures_history", schema=None) as batch_op:
        batch_op.create_index("ix_measures_history_ended", ["ended_by_batch"], unique=False)
        batch_op.create_index("ix_measures_history_record", ["record_id"], unique=False)

    op.create_table(
        "meta",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_meta")),
    )
    op.create_table(
        "office_aliases",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("office_code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("valid_from", sa.Text(), nullable=False),
        sa.Column("valid_to", sa.Text(), nullable=True),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("withdrawn_by", sa.Text(), nullable=True),
        sa.Column("withdrawn_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_office_aliases")),
    )
    with op.batch_alter_table("office_aliases", schema=None) as batch_op:
        batch_op.create_index("ix_office_aliases_office", ["office_code"], unique=False)

    op.create_table(
        "offices",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("parent_code", sa.Text(), nullable=True),
        sa.Column("level", sa.Text(), nullable=True),
        sa.Column("area", sa.Text(), nullable=True),
        sa.Column("peer_group", sa.Text(), nullable=True),
        sa.Column("customers", sa.BigInteger(), nullable=True),
        sa.Column("aliases", sa.Text(), nullable=True),
        sa.Column("valid_from", sa.Text(), nullable=False),
        sa.Column("valid_to", sa.Text(), nullable=True),
        sa.Column("successor_code", sa.Text(), nullable=True),
        sa.Column("version_at", sa.BigInteger(), nullable=False),
        sa.Column("content_hash", sa.BigInteger(), nullable=False),
        sa.Column("batch_id", sa.BigInteger(), nullable=False),
        sa.Column("row_no", sa.BigInteger(), nullable=False),
        sa.Column("precision", sa.Text(), nullable=True),
        sa.Column("unreadable", sa.Text(), nullable=True),
        sa.Column("rulebook", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_offices")),
        sa.UniqueConstraint("code", "valid_from", name=op.f("uq_offices_code_valid_from")),
    )
    with op.batch_alter_table("offices", schema=None) as batch_op:
        batch_op.create_index("ix_offices_batch_id", ["batch_id"], unique=False)

    op.create_table(
        "offices_history",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("record_id", sa.BigInteger(), nullable=True),
        sa.Column("fate", sa.Text(), nullable=False),
        sa.Column("ended_by_batch", sa.BigInteger(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("parent_code", sa.Text(), nullable=True),
        sa.Column("level", sa.Text(), nullable=True),
        sa.Column("area", sa.Text(), nullable=True),
        sa.Column("peer_group", sa.Text(), nullable=True),
        sa.Column("customers", sa.BigInteger(), nullable=True),
        sa.Column("aliases", sa.Text(), nullable=True),
        sa.Column("valid_from", sa.Text(), nullable=False),
        sa.Column("valid_to", sa.Text(), nullable=True),
        sa.Column("successor_code", sa.Text(), nullable=True),
        sa.Column("version_at", sa.BigInteger(), nullable=False),
        sa.Column("content_hash", sa.BigInteger(), nullable=False),
        sa.Column("batch_id", sa.BigInteger(), nullable=False),
        sa.Column("row_no", sa.BigInteger(), nullable=False),
        sa.Column("precision", sa.Text(), nullable=True),
        sa.Column("unreadable", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_offices_history")),
    )
    with op.batch_alter_table("offices_history", schema=None) as batch_op:
        batch_op.create_index("ix_offices_history_ended", ["ended_by_batch"], unique=False)
        batch_op.create_index("ix_offices_history_record", ["record_id"], unique=False)

    op.create_table(
        "open_clocks",
        sa.Column("record", sa.Text(), nullable=False),
        sa.Column("record_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("next_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("record", "record_id", name=op.f("pk_open_clocks")),
        sqlite_with_rowid=False,
    )
    with op.batch_alter_table("open_clocks", schema=None) as batch_op:
        batch_op.create_index("ix_open_clocks_next_at", ["next_at"], unique=False)

    op.create_table(
        "plan_days",
        sa.Column("date", sa.Text(), nullable=False),
        sa.Column("commitment", sa.Text(), nullable=False),
        sa.Column("sealed_at", sa.BigInteger(), nullable=False),
        sa.Column("seed", sa.Text(), nullable=True),
        sa.Column("revealed_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("date", name=op.f("pk_plan_days")),
    )
    op.create_table(
        "quarantine",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("batch_id", sa.BigInteger(), nullable=False),
        sa.Column("record", sa.Text(), nullable=False),
        sa.Column("row_no", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.Text(), nullable=True),
        sa.Column("office_named", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("column_name", sa.Text(), nullable=True),
        sa.Column("value", sa.Text(), nullable=True),
        sa.Column("raw", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), server_default="open", nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("context", sa.Text(), nullable=True),
        sa.Column("fingerprint", sa.BigInteger(), nullable=False),
        sa.Column("times", sa.BigInteger(), nullable=False),
        sa.Column("last_batch_id", sa.BigInteger(), nullable=False),
        sa.Column("last_row_no", sa.BigInteger(), nullable=False),
        sa.Column("corrections", sa.Text(), nullable=True),
        sa.Column("replay_batch_id", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_quarantine")),
    )
    with op.batch_alter_table("quarantine", schema=None) as batch_op:
        batch_op.create_index("ix_quarantine_batch", ["batch_id"], unique=False)
        batch_op.create_index("ix_quarantine_fingerprint", ["fingerprint"], unique=False)
        batch_op.create_index("ix_quarantine_last_batch", ["last_batch_id"], unique=False)
        batch_op.create_index("ix_quarantine_open", ["state", "record", "reason"], unique=False)

    op.create_table(
        "quarantine_events",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("quarantine_id", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_quarantine_events")),
    )
    with op.batch_alter_table("quarantine_events", schema=None) as batch_op:
        batch_op.create_index("ix_quarantine_events_row", ["quarantine_id"], unique=False)

    op.create_table(
        "quarantine_sightings",
        sa.Column("batch_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("row_no", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("quarantine_id", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("batch_id", "row_no", name=op.f("pk_quarantine_sightings")),
        sqlite_with_rowid=False,
    )
    with op.batch_alter_table("quarantine_sightings", schema=None) as batch_op:
        batch_op.create_index("ix_quarantine_sightings_row", ["quarantine_id"], unique=False)

    op.create_table(
        "repairs",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("system", sa.Text(), nullable=False),
        sa.Column("repair_no", sa.Text(), nullable=False),
        sa.Column("ticket_no", sa.Text(), nullable=True),
        sa.Column("office_code", sa.Text(), nullable=True),
        sa.Column("team", sa.Text(), nullable=True),
        sa.Column("area", sa.Text(), nullable=True),
        sa.Column("accepted_at", sa.BigInteger(), nullable=True),
        sa.Column("dispatched_at", sa.BigInteger(), nullable=True),
        sa.Column("taken_at", sa.BigInteger(), nullable=True),
        sa.Column("arrived_at", sa.BigInteger(), nullable=True),
        sa.Column("restored_at", sa.BigInteger(), nullable=True),
        sa.Column("replied_at", sa.BigInteger(), nullable=True),
        sa.Column("fault_class", sa.Text(), nullable=True),
        sa.Column("customer_owned", sa.Boolean(), nullable=True),
        sa.Column("line", sa.Text(), nullable=True),
        sa.Column("transformer", sa.Text(), nullable=True),
        sa.Column("customer_no", sa.Text(), nullable=True),
        sa.Column("reported_arrival_late", sa.Boolean(), nullable=True),
        sa.Column("reported_restore_late", sa.Boolean(), nullable=True),
        sa.Column("simulated", sa.Boolean(), nullable=True),
        sa.Column("parent_repair_no", sa.Text(), nullable=True),
        sa.Column("calls", sa.Text(), nullable=True),
        sa.Column("taken_by", sa.Text(), nullable=True),
        sa.Column("category_1", sa.Text(), nullable=True),
        sa.Column("category_2", sa.Text(), nullable=True),
        sa.Column("category_3", sa.Text(), nullable=True),
        sa.Column("office_named", sa.Text(), nullable=True),
        sa.Column("version_at", sa.BigInteger(), nullable=False),
        sa.Column("content_hash", sa.BigInteger(), nullable=False),
        sa.Column("batch_id", sa.BigInteger(), nullable=False),
        sa.Column("row_no", sa.BigInteger(), nullable=False),
        sa.Column("precision", sa.Text(), nullable=True),
        sa.Column("unreadable", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_repairs")),
        sa.UniqueConstraint("repair_no", "system", name=op.f("uq_repairs_repair_no_system")),
    )
    with op.batch_alter_table("repairs", schema=None) as batch_op:
        batch_op.create_index("ix_repairs_accepted_at", ["accepted_at"], unique=False)
        batch_op.create_index("ix_repairs_batch_id", ["batch_id"], unique=False)
        batch_op.create_index(
            "ix_repairs_customer_no",
            ["customer_no"],
            unique=False,
            sqlite_where=sa.text("customer_no IS NOT NULL"),
            postgresql_where=sa.text("customer_no IS NOT NULL"),
        )
        batch_op.create_index(
            "ix_repairs_parent_repair_no",
            ["parent_repair_no"],
            unique=False,
            sqlite_where=sa.text("parent_repair_no IS NOT NULL"),
            postgresql_where=sa.text("parent_repair_no IS NOT NULL"),
        )
        batch_op.create_index(
            "ix_repairs_ticket_no",
            ["ticket_no"],
            unique=False,
            sqlite_where=sa.text("ticket_no IS NOT NULL"),
            postgresql_where=sa.text("ticket_no IS NOT NULL"),
        )

    op.create_table(
        "repairs_history",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("record_id", sa.BigInteger(), nullable=True),
        sa.Column("fate", sa.Text(), nullable=False),
        sa.Column("ended_by_batch", sa.BigInteger(), nullable=False),
        sa.Column("system", sa.Text(), nullable=False),
        sa.Column("repair_no", sa.Text(), nullable=False),
        sa.Column("ticket_no", sa.Text(), nullable=True),
        sa.Column("office_code", sa.Text(), nullable=True),
        sa.Column("team", sa.Text(), nullable=True),
        sa.Column("area", sa.Text(), nullable=True),
        sa.Column("accepted_at", sa.BigInteger(), nullable=True),
        sa.Column("dispatched_at", sa.BigInteger(), nullable=True),
        sa.Column("taken_at", sa.BigInteger(), nullable=True),
        sa.Column("arrived_at", sa.BigInteger(), nullable=True),
        sa.Column("restored_at", sa.BigInteger(), nullable=True),
        sa.Column("replied_at", sa.BigInteger(), nullable=True),
        sa.Column("fault_class", sa.Text(), nullable=True),
        sa.Column("customer_owned", sa.Boolean(), nullable=True),
        sa.Column("line", sa.Text(), nullable=True),
        sa.Column("transformer", sa.Text(), nullable=True),
        sa.Column("customer_no", sa.Text(), nullable=True),
        sa.Column("reported_arrival_late", sa.Boolean(), nullable=True),
        sa.Column("reported_restore_late", sa.Boolean(), nullable=True),
        sa.Column("simulated", sa.Boolean(), nullable=True),
        sa.Column("parent_repair_no", sa.Text(), nullable=True),
        sa.Column("calls", sa.Text(), nullable=True),
        sa.Column("taken_by", sa.Text(), nullable=True),
        sa.Column("category_1", sa.Text(), nullable=True),
        sa.Column("category_2", sa.Text(), nullable=True),
        sa.Column("category_3", sa.Text(), nullable=True),
        sa.Column("office_named", sa.Text(), nullable=True),
        sa.Column("version_at", sa.BigInteger(), nullable=False),
        sa.Column("content_hash", sa.BigInteger(), nullable=False),
        sa.Column("batch_id", sa.BigInteger(), nullable=False),
        sa.Column("row_no", sa.BigInteger(), nullable=False),
        sa.Column("precision", sa.Text(), nullable=True),
        sa.Column("unreadable", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_repairs_history")),
    )
    with op.batch_alter_table("repairs_history", schema=None) as batch_op:
        batch_op.create_index("ix_repairs_history_ended", ["ended_by_batch"], unique=False)
        batch_op.create_index("ix_repairs_history_record", ["record_id"], unique=False)

    op.create_table(
        "repairs_verdicts",
        sa.Column(
            "record_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False
        ),
        sa.Column("office_code", sa.Text(), nullable=False),
        sa.Column("day", sa.Text(), nullable=False),
        sa.Column("states", sa.Text(), nullable=False),
        sa.Column("marks", sa.Text(), nullable=True),
        sa.Column("ratio", sa.BigInteger(), nullable=True),
        sa.Column("losing", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("record_id", name=op.f("pk_repairs_verdicts")),
    )
    with op.batch_alter_table("repairs_verdicts", schema=None) as batch_op:
        batch_op.create_index(
            "ix_repairs_verdicts_losing",
            ["office_code", "day"],
            unique=False,
            sqlite_where=sa.text("losing"),
            postgresql_where=sa.text("losing"),
        )
        batch_op.create_index(
            "ix_repairs_verdicts_ratio",
            ["day", "office_code", "ratio"],
            unique=False,
            sqlite_where=sa.text("ratio IS NOT NULL"),
            postgresql_where=sa.text("ratio IS NOT NULL"),
        )

    op.create_table(
        "reviews",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("finding_id", sa.BigInteger(), nullable=True),
        sa.Column("sample_id", sa.Text(), nullable=True),
        sa.Column("decision", sa.Text(), nullable=False),
        sa.Column("item_code", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("office_is_cause", sa.Boolean(), nullable=True),
        sa.Column("deliberate", sa.Boolean(), nullable=True),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reviews")),
    )
    with op.batch_alter_table("reviews", schema=None) as batch_op:
        batch_op.create_index("ix_reviews_finding", ["finding_id"], unique=False)
        batch_op.create_index("ix_reviews_sample", ["sample_id"], unique=False)

    op.create_table(
        "rollup_months",
        sa.Column("month", sa.Text(), nullable=False),
        sa.Column("office_code", sa.Text(), nullable=False),
        sa.Column("indicator", sa.Text(), nullable=False),
        sa.Column("numerator", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("denominator", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("pending", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("unjudgeable", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("excluded", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("provisional", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("to_the_minute", sa.BigInteger(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("month", "office_code", "indicator", name=op.f("pk_rollup_months")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "rollups",
        sa.Column("day", sa.Text(), nullable=False),
        sa.Column("office_code", sa.Text(), nullable=False),
        sa.Column("indicator", sa.Text(), nullable=False),
        sa.Column("numerator", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("denominator", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("pending", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("unjudgeable", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("excluded", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("provisional", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("to_the_minute", sa.BigInteger(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("day", "office_code", "indicator", name=op.f("pk_rollups")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "samples",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("sample_id", sa.Text(), nullable=False),
        sa.Column("hall_code", sa.Text(), nullable=True),
        sa.Column("camera_code", sa.Text(), nullable=False),
        sa.Column("date", sa.Text(), nullable=True),
        sa.Column("slot", sa.BigInteger(), nullable=True),
        sa.Column("planned_at", sa.BigInteger(), nullable=True),
        sa.Column("captured_at", sa.BigInteger(), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column("cause", sa.Text(), nullable=True),
        sa.Column("verdict", sa.Text(), nullable=True),
        sa.Column("reviewed_at", sa.BigInteger(), nullable=True),
        sa.Column("office_named", sa.Text(), nullable=True),
        sa.Column("version_at", sa.BigInteger(), nullable=False),
        sa.Column("content_hash", sa.BigInteger(), nullable=False),
        sa.Column("batch_id", sa.BigInteger(), nullable=False),
        sa.Column("row_no", sa.BigInteger(), nullable=False),
        sa.Column("precision", sa.Text(), nullable=True),
        sa.Column("unreadable", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_samples")),
        sa.UniqueConstraint("sample_id", "camera_code", name=op.f("uq_samples_sample_id_camera_code")),
    )
    with op.batch_alter_table("samples", schema=None) as batch_op:
        batch_op.create_index("ix_samples_batch_id", ["batch_id"], unique=False)
        batch_op.create_index("ix_samples_date", ["date"], unique=False)

    op.create_table(
        "samples_history",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("record_id", sa.BigInteger(), nullable=True),
        sa.Column("fate", sa.Text(), nullable=False),
        sa.Column("ended_by_batch", sa.BigInteger(), nullable=False),
        sa.Column("sample_id", sa.Text(), nullable=False),
        sa.Column("hall_code", sa.Text(), nullable=True),
        sa.Column("camera_code", sa.Text(), nullable=False),
        sa.Column("date", sa.Text(), nullable=True),
        sa.Column("slot", sa.BigInteger(), nullable=True),
        sa.Column("planned_at", sa.BigInteger(), nullable=True),
        sa.Column("captured_at", sa.BigInteger(), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column("cause", sa.Text(), nullable=True),
        sa.Column("verdict", sa.Text(), nullable=True),
        sa.Column("reviewed_at", sa.BigInteger(), nullable=True),
        sa.Column("office_named", sa.Text(), nullable=True),
        sa.Column("version_at", sa.BigInteger(), nullable=False),
        sa.Column("content_hash", sa.BigInteger(), nullable=False),
        sa.Column("batch_id", sa.BigInteger(), nullable=False),
        sa.Column("row_no", sa.BigInteger(), nullable=False),
        sa.Column("precision", sa.Text(), nullable=True),
        sa.Column("unreadable", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_samples_history")),
    )
    with op.batch_alter_table("samples_history", schema=None) as batch_op:
        batch_op.create_index("ix_samples_history_ended", ["ended_by_batch"], unique=False)
        batch_op.create_index("ix_samples_history_record", ["record_id"], unique=False)

    op.create_table(
        "scores",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("office_code", sa.Text(), nullable=False),
        sa.Column("period", sa.Text(), nullable=False),
        sa.Column("score", sa.Text(), nullable=True),
        sa.Column("rank", sa.BigInteger(), nullable=True),
        sa.Column("grade", sa.Text(), nullable=True),
        sa.Column("t4", sa.Text(), nullable=True),
        sa.Column("r3", sa.Text(), nullable=True),
        sa.Column("t1", sa.Text(), nullable=True),
        sa.Column("t2", sa.Text(), nullable=True),
        sa.Column("t3", sa.Text(), nullable=True),
        sa.Column("t5", sa.Text(), nullable=True),
        sa.Column("r1", sa.Text(), nullable=True),
        sa.Column("r2", sa.Text(), nullable=True),
        sa.Column("r4", sa.Text(), nullable=True),
        sa.Column("r5", sa.Text(), nullable=True),
        sa.Column("h1", sa.Text(), nullable=True),
        sa.Column("h2", sa.Text(), nullable=True),
        sa.Column("h3", sa.Text(), nullable=True),
        sa.Column("c1", sa.Text(), nullable=True),
        sa.Column("c2", sa.Text(), nullable=True),
        sa.Column("c3", sa.Text(), nullable=True),
        sa.Column("o1", sa.Text(), nullable=True),
        sa.Column("o2", sa.Text(), nullable=True),
        sa.Column("o3", sa.Text(), nullable=True),
        sa.Column("o4", sa.Text(), nullable=True),
        sa.Column("o5", sa.Text(), nullable=True),
        sa.Column("office_named", sa.Text(), nullable=True),
        sa.Column("version_at", sa.BigInteger(), nullable=False),
        sa.Column("content_hash", sa.BigInteger(), nullable=False),
        sa.Column("batch_id", sa.BigInteger(), nullable=False),
        sa.Column("row_no", sa.BigInteger(), nullable=False),
        sa.Column("precision", sa.Text(), nullable=True),
        sa.Column("unreadable", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_scores")),
        sa.UniqueConstraint("office_code", "period", name=op.f("uq_scores_office_code_period")),
    )
    with op.batch_alter_table("scores", schema=None) as batch_op:
        batch_op.create_index("ix_scores_batch_id", ["batch_id"], unique=False)

    op.create_table(
        "scores_history",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("record_id", sa.BigInteger(), nullable=True),
        sa.Column("fate", sa.Text(), nullable=False),
        sa.Column("ended_by_batch", sa.BigInteger(), nullable=False),
        sa.Column("office_code", sa.Text(), nullable=False),
        sa.Column("period", sa.Text(), nullable=False),
        sa.Column("score", sa.Text(), nullable=True),
        sa.Column("rank", sa.BigInteger(), nullable=True),
        sa.Column("grade", sa.Text(), nullable=True),
        sa.Column("t4", sa.Text(), nullable=True),
        sa.Column("r3", sa.Text(), nullable=True),
        sa.Column("t1", sa.Text(), nullable=True),
        sa.Column("t2", sa.Text(), nullable=True),
        sa.Column("t3", sa.Text(), nullable=True),
        sa.Column("t5", sa.Text(), nullable=True),
        sa.Column("r1", sa.Text(), nullable=True),
        sa.Column("r2", sa.Text(), nullable=True),
        sa.Column("r4", sa.Text(), nullable=True),
        sa.Column("r5", sa.Text(), nullable=True),
        sa.Column("h1", sa.Text(), nullable=True),
        sa.Column("h2", sa.Text(), nullable=True),
        sa.Column("h3", sa.Text(), nullable=True),
        sa.Column("c1", sa.Text(), nullable=True),
        sa.Column("c2", sa.Text(), nullable=True),
        sa.Column("c3", sa.Text(), nullable=True),
        sa.Column("o1", sa.Text(), nullable=True),
        sa.Column("o2", sa.Text(), nullable=True),
        sa.Column("o3", sa.Text(), nullable=True),
        sa.Column("o4", sa.Text(), nullable=True),
        sa.Column("o5", sa.Text(), nullable=True),
        sa.Column("office_named", sa.Text(), nullable=True),
        sa.Column("version_at", sa.BigInteger(), nullable=False),
        sa.Column("content_hash", sa.BigInteger(), nullable=False),
        sa.Column("batch_id", sa.BigInteger(), nullable=False),
        sa.Column("row_no", sa.BigInteger(), nullable=False),
        sa.Column("precision", sa.Text(), nullable=True),
        sa.Column("unreadable", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_scores_history")),
    )
    with op.batch_alter_table("scores_history", schema=None) as batch_op:
        batch_op.create_index("ix_scores_history_ended", ["ended_by_batch"], unique=False)
        batch_op.create_index("ix_scores_history_record", ["record_id"], unique=False)

    op.create_table(
        "source_states",
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("source", "key", name=op.f("pk_source_states")),
    )
    op.create_table(
        "tickets",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("system", sa.Text(), nullable=False),
        sa.Column("ticket_no", sa.Text(), nullable=False),
        sa.Column("parent_ticket_no", sa.Text(), nullable=True),
        sa.Column("source", sa.Text(), nullable=True),
        sa.Column("type", sa.Text(), nullable=True),
        sa.Column("category", sa.Text(), nullable=True),
        sa.Column("office_code", sa.Text(), nullable=True),
        sa.Column("area", sa.Text(), nullable=True),
        sa.Column("customer_no", sa.Text(), nullable=True),
        sa.Column("phone", sa.Text(), nullable=True),
        sa.Column("accepted_at", sa.BigInteger(), nullable=True),
        sa.Column("dispatched_at", sa.BigInteger(), nullable=True),
        sa.Column("taken_at", sa.BigInteger(), nullable=True),
        sa.Column("contacted_at", sa.BigInteger(), nullable=True),
        sa.Column("arrived_at", sa.BigInteger(), nullable=True),
        sa.Column("finished_at", sa.BigInteger(), nullable=True),
        sa.Column("replied_at", sa.BigInteger(), nullable=True),
        sa.Column("visited_at", sa.BigInteger(), nullable=True),
        sa.Column("archived_at", sa.BigInteger(), nullable=True),
        sa.Column("urges", sa.BigInteger(), nullable=True),
        sa.Column("returns", sa.BigInteger(), nullable=True),
        sa.Column("substantiated", sa.Text(), nullable=True),
        sa.Column("satisfaction", sa.Text(), nullable=True),
        sa.Column("severity", sa.Text(), nullable=True),
        sa.Column("content", sa.Text(), nullable=True),
        sa.Column("withdrawn", sa.Boolean(), nullable=True),
        sa.Column("simulated", sa.Boolean(), nullable=True),
        sa.Column("calls", sa.Text(), nullable=True),
        sa.Column("taken_by", sa.Text(), nullable=True),
        sa.Column("category_1", sa.Text(), nullable=True),
        sa.Column("category_2", sa.Text(), nullable=True),
        sa.Column("category_3", sa.Text(), nullable=True),
        sa.Column("office_named", sa.Text(), nullable=True),
        sa.Column("version_at", sa.BigInteger(), nullable=False),
        sa.Column("content_hash", sa.BigInteger(), nullable=False),
        sa.Column("batch_id", sa.BigInteger(), nullable=False),
        sa.Column("row_no", sa.BigInteger(), nullable=False),
        sa.Column("precision", sa.Text(), nullable=True),
        sa.Column("unreadable", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tickets")),
        sa.UniqueConstraint("ticket_no", "system", name=op.f("uq_tickets_ticket_no_system")),
    )
    with op.batch_alter_table("tickets", schema=None) as batch_op:
        batch_op.create_index("ix_tickets_accepted_at", ["accepted_at"], unique=False)
        batch_op.create_index("ix_tickets_batch_id", ["batch_id"], unique=False)
        batch_op.create_index(
            "ix_tickets_parent_ticket_no",
            ["parent_ticket_no"],
            unique=False,
            sqlite_where=sa.text("parent_ticket_no IS NOT NULL"),
            postgresql_where=sa.text("parent_ticket_no IS NOT NULL"),
        )

    op.create_table(
        "tickets_history",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("record_id", sa.BigInteger(), nullable=True),
        sa.Column("fate", sa.Text(), nullable=False),
        sa.Column("ended_by_batch", sa.BigInteger(), nullable=False),
        sa.Column("system", sa.Text(), nullable=False),
        sa.Column("ticket_no", sa.Text(), nullable=False),
        sa.Column("parent_ticket_no", sa.Text(), nullable=True),
        sa.Column("source", sa.Text(), nullable=True),
        sa.Column("type", sa.Text(), nullable=True),
        sa.Column("category", sa.Text(), nullable=True),
        sa.Column("office_code", sa.Text(), nullable=True),
        sa.Column("area", sa.Text(), nullable=True),
        sa.Column("customer_no", sa.Text(), nullable=True),
        sa.Column("phone", sa.Text(), nullable=True),
        sa.Column("accepted_at", sa.BigInteger(), nullable=True),
        sa.Column("dispatched_at", sa.BigInteger(), nullable=True),
        sa.Column("taken_at", sa.BigInteger(), nullable=True),
        sa.Column("contacted_at", sa.BigInteger(), nullable=True),
        sa.Column("arrived_at", sa.BigInteger(), nullable=True),
        sa.Column("finished_at", sa.BigInteger(), nullable=True),
        sa.Column("replied_at", sa.BigInteger(), nullable=True),
        sa.Column("visited_at", sa.BigInteger(), nullable=True),
        sa.Column("archived_at", sa.BigInteger(), nullable=True),
        sa.Column("urges", sa.BigInteger(), nullable=True),
        sa.Column("returns", sa.BigInteger(), nullable=True),
        sa.Column("substantiated", sa.Text(), nullable=True),
        sa.Column("satisfaction", sa.Text(), nullable=True),
        sa.Column("severity", sa.Text(), nullable=True),
        sa.Column("content", sa.Text(), nullable=True),
        sa.Column("withdrawn", sa.Boolean(), nullable=True),
        sa.Column("simulated", sa.Boolean(), nullable=True),
        sa.Column("calls", sa.Text(), nullable=True),
        sa.Column("taken_by", sa.Text(), nullable=True),
        sa.Column("category_1", sa.Text(), nullable=True),
        sa.Column("category_2", sa.Text(), nullable=True),
        sa.Column("category_3", sa.Text(), nullable=True),
        sa.Column("office_named", sa.Text(), nullable=True),
        sa.Column("version_at", sa.BigInteger(), nullable=False),
        sa.Column("content_hash", sa.BigInteger(), nullable=False),
        sa.Column("batch_id", sa.BigInteger(), nullable=False),
        sa.Column("row_no", sa.BigInteger(), nullable=False),
        sa.Column("precision", sa.Text(), nullable=True),
        sa.Column("unreadable", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tickets_history")),
    )
    with op.batch_alter_table("tickets_history", schema=None) as batch_op:
        batch_op.create_index("ix_tickets_history_ended", ["ended_by_batch"], unique=False)
        batch_op.create_index("ix_tickets_history_record", ["record_id"], unique=False)

    op.create_table(
        "tickets_verdicts",
        sa.Column(
            "record_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False
        ),
        sa.Column("office_code", sa.Text(), nullable=False),
        sa.Column("day", sa.Text(), nullable=False),
        sa.Column("states", sa.Text(), nullable=False),
        sa.Column("marks", sa.Text(), nullable=True),
        sa.Column("ratio", sa.BigInteger(), nullable=True),
        sa.Column("losing", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("record_id", name=op.f("pk_tickets_verdicts")),
    )
    with op.batch_alter_table("tickets_verdicts", schema=None) as batch_op:
        batch_op.create_index(
            "ix_tickets_verdicts_losing",
            ["office_code", "day"],
            unique=False,
            sqlite_where=sa.text("losing"),
            postgresql_where=sa.text("losing"),
        )


def downgrade() -> None:
    with op.batch_alter_table("tickets_verdicts", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_tickets_verdicts_losing", sqlite_where=sa.text("losing"), postgresql_where=sa.text("losing")
        )

    op.drop_table("tickets_verdicts")
    with op.batch_alter_table("tickets_history", schema=None) as batch_op:
        batch_op.drop_index("ix_tickets_history_record")
        batch_op.drop_index("ix_tickets_history_ended")

    op.drop_table("tickets_history")
    with op.batch_alter_table("tickets", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_tickets_parent_ticket_no",
            sqlite_where=sa.text("parent_ticket_no IS NOT NULL"),
            postgresql_where=sa.text("parent_ticket_no IS NOT NULL"),
        )
        batch_op.drop_index("ix_tickets_batch_id")
        batch_op.drop_index("ix_tickets_accepted_at")

    op.drop_table("tickets")
    op.drop_table("source_states")
    with op.batch_alter_table("scores_history", schema=None) as batch_op:
        batch_op.drop_index("ix_scores_history_record")
        batch_op.drop_index("ix_scores_history_ended")

    op.drop_table("scores_history")
    with op.batch_alter_table("scores", schema=None) as batch_op:
        batch_op.drop_index("ix_scores_batch_id")

    op.drop_table("scores")
    with op.batch_alter_table("samples_history", schema=None) as batch_op:
        batch_op.drop_index("ix_samples_history_record")
        batch_op.drop_index("ix_samples_history_ended")

    op.drop_table("samples_history")
    with op.batch_alter_table("samples", schema=None) as batch_op:
        batch_op.drop_index("ix_samples_date")
        batch_op.drop_index("ix_samples_batch_id")

    op.drop_table("samples")
    op.drop_table("rollups")
    op.drop_table("rollup_months")
    with op.batch_alter_table("reviews", schema=None) as batch_op:
        batch_op.drop_index("ix_reviews_sample")
        batch_op.drop_index("ix_reviews_finding")

    op.drop_table("reviews")
    with op.batch_alter_table("repairs_verdicts", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_repairs_verdicts_ratio",
            sqlite_where=sa.text("ratio IS NOT NULL"),
            postgresql_where=sa.text("ratio IS NOT NULL"),
        )
        batch_op.drop_index(
            "ix_repairs_verdicts_losing", sqlite_where=sa.text("losing"), postgresql_where=sa.text("losing")
        )

    op.drop_table("repairs_verdicts")
    with op.batch_alter_table("repairs_history", schema=None) as batch_op:
        batch_op.drop_index("ix_repairs_history_record")
        batch_op.drop_index("ix_repairs_history_ended")

    op.drop_table("repairs_history")
    with op.batch_alter_table("repairs", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_repairs_ticket_no",
            sqlite_where=sa.text("ticket_no IS NOT NULL"),
            postgresql_where=sa.text("ticket_no IS NOT NULL"),
        )
        batch_op.drop_index(
            "ix_repairs_parent_repair_no",
            sqlite_where=sa.text("parent_repair_no IS NOT NULL"),
            postgresql_where=sa.text("parent_repair_no IS NOT NULL"),
        )
        batch_op.drop_index(
            "ix_repairs_customer_no",
            sqlite_where=sa.text("customer_no IS NOT NULL"),
            postgresql_where=sa.text("customer_no IS NOT NULL"),
        )
        batch_op.drop_index("ix_repairs_batch_id")
        batch_op.drop_index("ix_repairs_accepted_at")

    op.drop_table("repairs")
    with op.batch_alter_table("quarantine_sightings", schema=None) as batch_op:
        batch_op.drop_index("ix_quarantine_sightings_row")

    op.drop_table("quarantine_sightings")
    with op.batch_alter_table("quarantine_events", schema=None) as batch_op:
        batch_op.drop_index("ix_quarantine_events_row")

    op.drop_table("quarantine_events")
    with op.batch_alter_table("quarantine", schema=None) as batch_op:
        batch_op.drop_index("ix_quarantine_open")
        batch_op.drop_index("ix_quarantine_last_batch")
        batch_op.drop_index("ix_quarantine_fingerprint")
        batch_op.drop_index("ix_quarantine_batch")

    op.drop_table("quarantine")
    op.drop_table("plan_days")
    with op.batch_alter_table("open_clocks", schema=None) as batch_op:
        batch_op.drop_index("ix_open_clocks_next_at")

    op.drop_table("open_clocks")
    with op.batch_alter_table("offices_history", schema=None) as batch_op:
        batch_op.drop_index("ix_offices_history_record")
        batch_op.drop_index("ix_offices_history_ended")

    op.drop_table("offices_history")
    with op.batch_alter_table("offices", schema=None) as batch_op:
        batch_op.drop_index("ix_offices_batch_id")

    op.drop_table("offices")
    with op.batch_alter_table("office_aliases", schema=None) as batch_op:
        batch_op.drop_index("ix_office_aliases_office")

    op.drop_table("office_aliases")
    op.drop_table("meta")
    with op.batch_alter_table("measures_history", schema=None) as batch_op:
        batch_op.drop_index("ix_measures_history_record")
        batch_op.drop_index("ix_measures_history_ended")

    op.drop_table("measures_history")
    with op.batch_alter_table("measures", schema=None) as batch_op:
        batch_op.drop_index("ix_measures_batch_id")

    op.drop_table("measures")
    op.drop_table("mappings")
    op.drop_table("looks")
    op.drop_table("leases")
    op.drop_table("league_pictures")
    op.drop_table("known_causes")
    op.drop_table("judged_through")
    with op.batch_alter_table("job_runs", schema=None) as batch_op:
        batch_op.drop_index("ix_job_runs_started")

    op.drop_table("job_runs")
    with op.batch_alter_table("inspections_history", schema=None) as batch_op:
        batch_op.drop_index("ix_inspections_history_record")
        batch_op.drop_index("ix_inspections_history_ended")

    op.drop_table("inspections_history")
    with op.batch_alter_table("inspections", schema=None) as batch_op:
        batch_op.drop_index("ix_inspections_batch_id")
        batch_op.drop_index("ix_inspections_at")

    op.drop_table("inspections")
    op.drop_table("heartbeats")
    op.drop_table("hall_months")
    with op.batch_alter_table("hall_days_history", schema=None) as batch_op:
        batch_op.drop_index("ix_hall_days_history_record")
        batch_op.drop_index("ix_hall_days_history_ended")

    op.drop_table("hall_days_history")
    with op.batch_alter_table("hall_days", schema=None) as batch_op:
        batch_op.drop_index("ix_hall_days_batch_id")

    op.drop_table("hall_days")
    op.drop_table("frozen_parts")
    with op.batch_alter_table("freeze_events", schema=None) as batch_op:
        batch_op.drop_index(
            "ux_freeze_events_published",
            sqlite_where=sa.text("action = 'published'"),
            postgresql_where=sa.text("action = 'published'"),
        )
        batch_op.drop_index("ix_freeze_events_period")

    op.drop_table("freeze_events")
    with op.batch_alter_table("findings", schema=None) as batch_op:
        batch_op.drop_index("ix_findings_sample")
        batch_op.drop_index("ix_findings_hall")

    op.drop_table("findings")
    op.drop_table("exclusions")
    op.drop_table("exclusion_decisions")
    with op.batch_alter_table("evidence", schema=None) as batch_op:
        batch_op.drop_index("ix_evidence_sample")

    op.drop_table("evidence")
    with op.batch_alter_table("evaluations_verdicts", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_evaluations_verdicts_losing", sqlite_where=sa.text("losing"), postgresql_where=sa.text("losing")
        )

    op.drop_table("evaluations_verdicts")
    with op.batch_alter_table("evaluations_history", schema=None) as batch_op:
        batch_op.drop_index("ix_evaluations_history_record")
        batch_op.drop_index("ix_evaluations_history_ended")

    op.drop_table("evaluations_history")
    with op.batch_alter_table("evaluations", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_evaluations_record_no",
            sqlite_where=sa.text("record_no IS NOT NULL"),
            postgresql_where=sa.text("record_no IS NOT NULL"),
        )
        batch_op.drop_index("ix_evaluations_batch_id")
        batch_op.drop_index("ix_evaluations_at")

    op.drop_table("evaluations")
    with op.batch_alter_table("day_counts", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_day_counts_pending", sqlite_where=sa.text("pending"), postgresql_where=sa.text("pending")
        )

    op.drop_table("day_counts")
    op.drop_table("confirmations")
    with op.batch_alter_table("cameras_history", schema=None) as batch_op:
        batch_op.drop_index("ix_cameras_history_record")
        batch_op.drop_index("ix_cameras_history_ended")

    op.drop_table("cameras_history")
    with op.batch_alter_table("cameras", schema=None) as batch_op:
        batch_op.drop_index("ix_cameras_batch_id")

    op.drop_table("cameras")
    op.drop_table("calendar_notices")
    with op.batch_alter_table("batches", schema=None) as batch_op:
        batch_op.drop_index("ix_batches_source")
        batch_op.drop_index("ix_batches_sha256")

    op.drop_table("batches")
    with op.batch_alter_table("batch_flags", schema=None) as batch_op:
        batch_op.drop_index("ix_batch_flags_system")
        batch_op.drop_index("ix_batch_flags_days")
        batch_op.drop_index("ix_batch_flags_batch")

    op.drop_table("batch_flags")
    with op.batch_alter_table("batch_flag_events", schema=None) as batch_op:
        batch_op.drop_index("ix_batch_flag_events_flag")

    op.drop_table("batch_flag_events")
    with op.batch_alter_table("audit", schema=None) as batch_op:
        batch_op.drop_index("ix_audit_at")

    op.drop_table("audit")
    with op.batch_alter_table("applications_verdicts", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_applications_verdicts_losing", sqlite_where=sa.text("losing"), postgresql_where=sa.text("losing")
        )

    op.drop_table("applications_verdicts")
    with op.batch_alter_table("applications_history", schema=None) as batch_op:
        batch_op.drop_index("ix_applications_history_record")
        batch_op.drop_index("ix_applications_history_ended")

    op.drop_table("applications_history")
    with op.batch_alter_table("applications", schema=None) as batch_op:
        batch_op.drop_index("ix_applications_batch_id")
        batch_op.drop_index("ix_applications_accepted_at")

    op.drop_table("applications")
