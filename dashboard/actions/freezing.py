"""Freezing a period (冻结发布): one person proposes, another publishes exactly what was proposed (design §4.1)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from checks.periods import Period, usual_name
from dashboard.actions import audit
from dashboard.bootstrap import Application
from dashboard.database.models import FREEZE_EVENTS
from dashboard.errors import MingchaError, NotAllowedError, UsageError
from dashboard.freezing import chain
from dashboard.freezing.canonical import Part, Scoring, canonical, digest_of, part_of
from dashboard.freezing.checklist import Condition, checklist
from dashboard.freezing.comparing import compare, side_of
from dashboard.freezing.differences import told, what_changed
from dashboard.freezing.scoring import scoring
from dashboard.freezing.stored import Snapshot, read_part, snapshot_of
from dashboard.instants import LOCAL, from_micros
from dashboard.judging.rules import rules_of
from dashboard.people import Viewer, same_person
from dashboard.queries.league import period_named
from dashboard.rights import require

SHORTEST = 8
"""Characters of a digest that are enough to name it."""


def freezing_moment(app: Application, period: Period) -> datetime:
    """As-of of a freeze: the end of the period and the days of grace (`[freeze] grace_days`)."""
    return from_micros(period.ends_at) + timedelta(days=app.settings.freeze.grace_days)


def propose(app: Application, *, by: Viewer, period: str, reason: str | None = None) -> dict[str, Any]:
    """Score the period as it will be frozen, keep it, and show what stands against publishing it.

    NotAllowedError for who may not; MingchaError before the grace is over or when it is published already.
    """
    require(by, "propose a freeze")
    asked = _freezable(app, period)
    found = scoring(app, asked.name, freezing_moment(app, asked))
    conditions = checklist(app.db, by, asked, found, app.now())
    shown = _checklist_document(conditions)
    with app.db.session() as connection:
        chain.lock(connection)
        _require_not_published(app, asked.name)  # scoring took its time: somebody may have published meanwhile
        chain.keep(connection, found.parts)
        chain.append(connection, by=by, at=app.now(), period=asked.name, action="proposed", digest=found.digest,
                     header=found.header, checklist=shown, reason=reason)  # fmt: skip
        audit.record(connection, by, "propose_freeze", asked.name, found.digest, at=app.now())
    return _document(asked, found, "proposed", by, shown)


def publish(app: Application, *, by: Viewer, period: str, digest: str, reason: str | None = None) -> dict[str, Any]:
    """Freeze the period as proposed: everything is scored again and must give the proposed digest.

    NotAllowedError for the proposer; MingchaError naming what changed since, or the conditions that are not met.
    """
    require(by, "publish a freeze")
    asked = _freezable(app, period)
    proposal = proposal_of(app, asked.name, digest)
    if same_person(by, proposal["by"], proposal["at"]):
        raise NotAllowedError(f"{by.name} proposed this freeze and may not publish it.", "A second person does.")
    found = scoring(app, asked.name, freezing_moment(app, asked))
    if found.digest != proposal["digest"]:
        raise MingchaError(
            f"What was proposed is not what the data give now: {told(_changes(app, proposal, found))}.",
            "Propose again.",
        )
    conditions = checklist(app.db, by, asked, found, app.now())
    _require_met(conditions, reason, proposal)
    shown = _checklist_document(conditions)
    with app.db.session() as connection:
        chain.lock(connection)
        _require_not_published(app, asked.name)
        chain.append(connection, by=by, at=app.now(), period=asked.name, action="published", digest=found.digest,
                     header=found.header, checklist=shown, reason=reason)  # fmt: skip
        audit.record(connection, by, "publish_freeze", asked.name, found.digest, at=app.now())
    return _document(asked, found, "published", by, shown)


def difference(
    app: Application, viewer: Viewer, period: str, since: datetime | None = None, until: datetime | None = None
) -> dict[str, Any]:
    """Who moved between two scorings and why: of two moments, or from the snapshot to today's data at its as-of.

    UsageError where a moment is missing and the period is not frozen; only for who sees the whole company.
    """
    if not viewer.sees_everything:
        raise NotAllowedError(f"{viewer.name} does not see the whole company.")
    asked = usual_name(period_named(period, rules_of(app.settings, app.db)).name)
    found = snapshot_of(app.db, asked)
    if since is None and found is None:
        raise UsageError(f"{asked} is not frozen.", "Give --from TIME, and --to TIME if not now.")
    if since is None and found is not None:
        old = side_of(found)
        moment, decided = (found.as_of, app.now()) if until is None else (until, None)
    else:
        old = side_of(scoring(app, asked, since or app.now()))
        moment, decided = until or app.now(), None
    return compare(old, side_of(scoring(app, asked, moment, decided=decided)))


def propose_restatement(app: Application, *, by: Viewer, period: str, reason: str) -> dict[str, Any]:
    """Keep what a frozen period would be with today's data, beside it. A reason is needed; a second person approves."""
    require(by, "propose a restatement")
    if not reason.strip():
        raise UsageError("Say why.", "--reason TEXT")
    found, part, header = _restated(app, by, period)
    if not any(part.document()[name] for name in ("why", "records", "rows")):
        raise MingchaError(f"Nothing changed since {found.header['period']} was frozen.")
    with app.db.session() as connection:
        chain.lock(connection)
        chain.keep(connection, {"restatement": part})
        chain.append(connection, by=by, at=app.now(), period=found.header["period"], action="restatement_proposed",
                     digest=digest_of(canonical(header)), base=found.digest, header=header, reason=reason)  # fmt: skip
        audit.record(connection, by, "propose_restatement", found.header["period"], found.digest, at=app.now())
    return {"digest": digest_of(canonical(header)), "base": found.digest, "by": by.name, **part.document()}


def approve_restatement(app: Application, *, by: Viewer, period: str, digest: str) -> dict[str, Any]:
    """Let a proposed restatement stand beside the frozen period. Never by the proposer, nor once the data moved on."""
    require(by, "approve a restatement")
    found, part, header = _restated(app, by, period)
    proposal = proposal_of(app, found.header["period"], digest, "restatement_proposed")
    if same_person(by, proposal["by"], proposal["at"]):
        raise NotAllowedError(f"{by.name} proposed this restatement and may not approve it.", "A second person does.")
    if proposal["digest"] != digest_of(canonical(header)):
        raise MingchaError("The data changed again since the restatement was proposed.", "Propose it anew.")
    with app.db.session() as connection:
        chain.lock(connection)
        _require_not_approved(connection, proposal)
        chain.append(connection, by=by, at=app.now(), period=found.header["period"], action="restatement_approved",
                     digest=proposal["digest"], base=found.digest, header=header)  # fmt: skip
        audit.record(connection, by, "approve_restatement", found.header["period"], proposal["digest"], at=app.now())
    return {"digest": proposal["digest"], "base": found.digest, "by": by.name, **part.document()}


def _restated(app: Application, by: Viewer, period: str) -> tuple[Snapshot, Part, dict[str, Any]]:
    found = snapshot_of(app.db, usual_name(period_named(period, rules_of(app.settings, app.db)).name))
    if found is None:
        raise UsageError(f"{period} is not frozen: there is nothing to correct.", "Propose a freeze.")
    part = part_of(difference(app, by, found.header["period"]))
    header = {
        "period": found.header["period"],
        "base": found.digest,
        "parts": {"restatement": [part.sha256, part.size]},
    }
    return found, part, header


def proposal_of(app: Application, period: str, digest: str, action: str = "proposed") -> Mapping[str, Any]:
    """The proposal of a period by its digest or the beginning of it. UsageError names those there are."""
    row = FREEZE_EVENTS.c
    with app.db.reading() as connection:
        query = sa.select(FREEZE_EVENTS).where(row.period == period, row.action == action).order_by(row.id)
        proposals = connection.execute(query).mappings().all()
    found = {one["digest"]: one for one in proposals if len(digest) >= SHORTEST and one["digest"].startswith(digest)}
    if len(found) != 1:
        known = ", ".join(dict.fromkeys(one["digest"][:12] for one in proposals))
        raise UsageError(f"No proposal of {period} has the digest '{digest}'.", f"Proposed are {known or 'none'}.")
    return dict(next(iter(found.values())))


def _freezable(app: Application, period: str) -> Period:
    rules = rules_of(app.settings, app.db)
    asked = period_named(usual_name(period_named(period, rules).name), rules)
    _require_not_published(app, asked.name)
    moment = freezing_moment(app, asked)
    if app.now() < moment:
        raise MingchaError(
            f"{asked.name} cannot be frozen before {moment.astimezone(LOCAL):%Y-%m-%d %H:%M}: it ends on "
            f"{asked.last_day}, and {app.settings.freeze.grace_days} days of grace follow.",
            "The grace is [freeze] grace_days in mingcha.toml.",
        )
    return asked


def _require_not_published(app: Application, period: str) -> None:
    found = snapshot_of(app.db, period)
    if found is not None:
        raise MingchaError(
            f"{period} is published as {found.digest[:12]} and never changes.", "Use mingcha restate for corrections."
        )


def _require_not_approved(connection: Connection, proposal: Mapping[str, Any]) -> None:
    row = FREEZE_EVENTS.c
    same = (row.period == proposal["period"], row.digest == proposal["digest"], row.action == "restatement_approved")
    if connection.execute(sa.select(row.id).where(*same)).first() is not None:
        raise MingchaError(f"The restatement {proposal['digest'][:12]} is approved already.")


def _require_met(conditions: list[Condition], reason: str | None, proposal: Mapping[str, Any]) -> None:
    """The proposer's reason answers for what stood open when it was written; anything new or more needs another."""
    answered: dict[str, int] = {}
    if (proposal["reason"] or "").strip():
        answered = {one["code"]: one["open"] for one in json.loads(proposal["checklist"])["conditions"]}
    own = bool((reason or "").strip())
    hard = [one for one in conditions if not one.met and not one.reason_is_enough]
    new = [one for one in conditions if not own and one.reason_is_enough and one.open > answered.get(one.code, 0)]
    if hard or new:
        missing = (*hard, *new)
        listed = "; ".join(f"{one.code} {one.open} ({', '.join(one.examples)})".replace(" ()", "") for one in missing)
        raise MingchaError(
            f"Not everything is in order: {listed}.",
            "Records judged by an assumed calendar cannot be published." if hard else "Give a written --reason.",
        )


def _changes(app: Application, proposal: Mapping[str, Any], found: Scoring) -> list[dict[str, Any]]:
    header = json.loads(proposal["header"])
    return what_changed(
        header, found.header, lambda name: read_part(app.db, header["parts"][name][0]).document(), found.document
    )


def _checklist_document(conditions: list[Condition]) -> dict[str, Any]:
    return {"conditions": [one.to_json() for one in conditions]}


def _document(period: Period, found: Scoring, state: str, by: Viewer, shown: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "period": period.name, "state": state, "digest": found.digest, "as_of": found.made_by["as_of"], "by": by.name,
        "rulebook": found.made_by["rulebook"], "calendar": found.made_by["calendar"],
        "program": found.made_by["program"], "parts": len(found.parts),
        "bytes": sum(part.size for part in found.parts.values()),
        "packed_bytes": sum(len(part.packed) for part in found.parts.values()),
        "checklist": shown["conditions"],
    }  # fmt: skip
