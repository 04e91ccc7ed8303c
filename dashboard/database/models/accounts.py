"""Accounts (账号) and what hangs on them: what holds now in changing tables, what happened in tables only added to.

Of every secret (password, code, cookie, token) only a digest is stored.
"""

from __future__ import annotations

import sqlalchemy as sa

from dashboard.database.models.base import METADATA, flag, identity, instant, number, text

ACCOUNTS = sa.Table(
    "accounts",
    METADATA,
    identity(),
    text("name", null=False, unique=True),  # the name in every `by`; never changed, never given to another person
    text("role", null=False),
    text("works_at"),  # code of the office where the person works
    text("contact"),  # JSON, channel → address
    flag("active", null=False),
    text("password"),  # argon2id with its parameters; NULL: none yet, only a one-time code opens the account
    instant("password_at"),
    flag("must_change", null=False),  # nothing but a new password until one is chosen
    text("issuer"),  # of OpenID Connect
    text("subject"),  # the person's id there
    instant("created_at", null=False),
    sa.UniqueConstraint("issuer", "subject"),
)

ACCOUNT_EVENTS = sa.Table(
    "account_events",
    METADATA,
    identity(),
    number("account_id", null=False),
    text("deed", null=False),  # created | role | works_at | contact | deactivated | activated | bound | unbound
    text("value"),  # JSON: what holds from then on
    text("by", null=False),
    instant("at", null=False),
    sa.Index("ix_account_events_account", "account_id"),
)

ACCOUNT_GRANTS = sa.Table(
    "account_grants",
    METADATA,
    identity(),
    number("account_id", null=False),
    text("office_code", null=False),  # the office and everything below it; `*` the whole company
    text("from_day", null=False),
    text("until_day"),  # the last day; NULL: no end
    text("by", null=False),
    instant("at", null=False),
    sa.Index("ix_account_grants_account", "account_id"),
)

GRANT_REVOCATIONS = sa.Table(
    "grant_revocations",
    METADATA,
    identity(),
    number("grant_id", null=False, unique=True),
    text("by", null=False),
    instant("at", null=False),
)

DELEGATIONS = sa.Table(
    "delegations",
    METADATA,
    identity(),
    number("account_id", null=False),  # whose role and offices
    number("delegate_id", null=False),  # who acts with them
    text("from_day", null=False),
    text("until_day", null=False),  # the last day
    text("reason", null=False),
    text("by", null=False),
    instant("at", null=False),
    sa.Index("ix_delegations_delegate", "delegate_id"),
    sa.Index("ix_delegations_account", "account_id"),
)

DELEGATION_ENDS = sa.Table(
    "delegation_ends",
    METADATA,
    identity(),
    number("delegation_id", null=False, unique=True),
    text("by", null=False),
    instant("at", null=False),
)

ACCOUNT_CODES = sa.Table(
    "account_codes",
    METADATA,
    identity(),
    number("account_id", null=False),
    text("digest", null=False, unique=True),  # SHA-256 of the code
    text("by", null=False),
    instant("at", null=False),
    instant("expires_at", null=False),
    instant("over_at"),  # used, or replaced by another one
    sa.Index("ix_account_codes_account", "account_id"),
)

ACCOUNT_SESSIONS = sa.Table(
    "account_sessions",
    METADATA,
    identity(),
    number("account_id", null=False),
    text("digest", null=False, unique=True),  # SHA-256 of the cookie
    text("how", null=False),  # password | code | oidc
    text("agent"),  # what the browser says of itself, shortened
    instant("began_at", null=False),
    instant("seen_at", null=False),
    number("delegation_id"),  # acting for another person
    instant("ended_at"),
    text("ended_why"),  # left | idle | absolute | ended | password | deactivated | replaced | restored
    sa.Index("ix_account_sessions_account", "account_id"),
)

ACCOUNT_TOKENS = sa.Table(
    "account_tokens",
    METADATA,
    identity(),
    number("account_id", null=False),
    text("digest", null=False, unique=True),  # SHA-256 of the token
    instant("made_at", null=False),
    instant("expires_at", null=False),
    instant("seen_at"),
    instant("ended_at"),
    text("ended_by"),
    sa.Index("ix_account_tokens_account", "account_id"),
)

SIGN_IN_FAILURES = sa.Table(
    "sign_in_failures",
    METADATA,
    text("name_digest", null=False, primary_key=True),  # of the given name, whether somebody has it or not
    number("failures", null=False),
    instant("last_at", null=False),
    instant("locked_until"),
    sa.Index("ix_sign_in_failures_last", "last_at"),
)

ACCOUNTS_APPEND_ONLY = (ACCOUNT_EVENTS, ACCOUNT_GRANTS, GRANT_REVOCATIONS, DELEGATIONS, DELEGATION_ENDS)
