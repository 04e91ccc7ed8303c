"""Tables, one family per file. `METADATA` knows them all; `RECORD_TABLES` and `HISTORY_TABLES` by record type."""

from dashboard.database.models.accounts import (
    ACCOUNT_CODES,
    ACCOUNT_EVENTS,
    ACCOUNT_GRANTS,
    ACCOUNT_SESSIONS,
    ACCOUNT_TOKENS,
    ACCOUNTS,
    DELEGATION_ENDS,
    DELEGATIONS,
    GRANT_REVOCATIONS,
    SIGN_IN_FAILURES,
)
from dashboard.database.models.base import METADATA
from dashboard.database.models.causes import KNOWN_CAUSES
from dashboard.database.models.chained import (
    CHAIN,
    CHAIN_CONTENTS,
    CHAIN_HEADS,
    LEGAL_HOLD_LIFTS,
    LEGAL_HOLDS,
    REMOVALS,
    VERIFICATIONS,
)
from dashboard.database.models.control import BATCH_FLAG_EVENTS, BATCH_FLAGS, DAY_COUNTS
from dashboard.database.models.decided import (
    APPEND_ONLY,
    EXCLUSION_DECISIONS,
    EXCLUSIONS,
    FREEZE_EVENTS,
    FROZEN_PARTS,
)
from dashboard.database.models.disputed import DISPUTE_DECISIONS, DISPUTE_PROOFS, DISPUTES
from dashboard.database.models.faults import CAMERA_FAULTS
from dashboard.database.models.forms import (
    BOX_OPENINGS,
    BOX_SIGNATURES,
    FORM_DRAFTS,
    FORM_IDENTITIES,
    FORM_SHEETS,
    HANDOUTS,
)
from dashboard.database.models.inspected import DRAFT_PHOTOGRAPHS, FACT_JOINS, INSPECTION_DRAFTS, INSPECTION_SHEETS
from dashboard.database.models.intake import (
    BATCHES,
    CONFIRMATIONS,
    MAPPINGS,
    OFFICE_ALIASES,
    QUARANTINE,
    QUARANTINE_EVENTS,
    QUARANTINE_SIGHTINGS,
    SOURCE_STATES,
)
from dashboard.database.models.judged import HALL_MONTHS, JUDGED_THROUGH, OPEN_CLOCKS, ROLLUP_MONTHS, ROLLUPS, VERDICTS
from dashboard.database.models.letters import LETTER_CASES, LETTERS
from dashboard.database.models.notices import CALENDAR_NOTICES
from dashboard.database.models.notices_out import NOTICE_DELIVERIES, NOTICES
from dashboard.database.models.pictures import LEAGUE_PICTURES
from dashboard.database.models.records import HISTORY_TABLES, RECORD_TABLES
from dashboard.database.models.review import GOLD_SAMPLES, JUDGEMENTS, KEPT_CASES, REVIEW_CLAIMS
from dashboard.database.models.running import AUDIT, HEARTBEATS, JOB_RUNS, LEASES, META
from dashboard.database.models.video import (
    EVIDENCE,
    EXTRA_SAMPLES,
    FINDINGS,
    FOLLOW_UPS,
    LOOKS,
    NOT_JUDGED,
    PLAN_DAYS,
    REVIEWS,
    SLOT_TABLES,
)
from dashboard.database.models.violations import VIOLATION_EVENTS, VIOLATION_SOURCES, VIOLATIONS
from dashboard.database.models.warning import WARNING_EVENTS, WARNINGS

__all__ = [
    "ACCOUNTS",
    "ACCOUNT_CODES",
    "ACCOUNT_EVENTS",
    "ACCOUNT_GRANTS",
    "ACCOUNT_SESSIONS",
    "ACCOUNT_TOKENS",
    "APPEND_ONLY",
    "AUDIT",
    "BATCHES",
    "BATCH_FLAGS",
    "BATCH_FLAG_EVENTS",
    "BOX_OPENINGS",
    "BOX_SIGNATURES",
    "CALENDAR_NOTICES",
    "CAMERA_FAULTS",
    "CHAIN",
    "CHAIN_CONTENTS",
    "CHAIN_HEADS",
    "CONFIRMATIONS",
    "DAY_COUNTS",
    "DELEGATIONS",
    "DELEGATION_ENDS",
    "DISPUTES",
    "DISPUTE_DECISIONS",
    "DISPUTE_PROOFS",
    "DRAFT_PHOTOGRAPHS",
    "EVIDENCE",
    "EXCLUSIONS",
    "EXCLUSION_DECISIONS",
    "EXTRA_SAMPLES",
    "FACT_JOINS",
    "FINDINGS",
    "FOLLOW_UPS",
    "FORM_DRAFTS",
    "FORM_IDENTITIES",
    "FORM_SHEETS",
    "FREEZE_EVENTS",
    "FROZEN_PARTS",
    "GOLD_SAMPLES",
    "GRANT_REVOCATIONS",
    "HALL_MONTHS",
    "HANDOUTS",
    "HEARTBEATS",
    "HISTORY_TABLES",
    "INSPECTION_DRAFTS",
    "INSPECTION_SHEETS",
    "JOB_RUNS",
    "JUDGED_THROUGH",
    "JUDGEMENTS",
    "KEPT_CASES",
    "KNOWN_CAUSES",
    "LEAGUE_PICTURES",
    "LEASES",
    "LEGAL_HOLDS",
    "LEGAL_HOLD_LIFTS",
    "LETTERS",
    "LETTER_CASES",
    "LOOKS",
    "MAPPINGS",
    "META",
    "METADATA",
    "NOTICES",
    "NOTICE_DELIVERIES",
    "NOT_JUDGED",
    "OFFICE_ALIASES",
    "OPEN_CLOCKS",
    "PLAN_DAYS",
    "QUARANTINE",
    "QUARANTINE_EVENTS",
    "QUARANTINE_SIGHTINGS",
    "RECORD_TABLES",
    "REMOVALS",
    "REVIEWS",
    "REVIEW_CLAIMS",
    "ROLLUPS",
    "ROLLUP_MONTHS",
    "SIGN_IN_FAILURES",
    "SLOT_TABLES",
    "SOURCE_STATES",
    "VERDICTS",
    "VERIFICATIONS",
    "VIOLATIONS",
    "VIOLATION_EVENTS",
    "VIOLATION_SOURCES",
    "WARNINGS",
    "WARNING_EVENTS",
]
