"""What the matrix test calls for each right (`ASKED`), and for what lies in own offices a real thing there (`PLACED`).

Rights are asked for before anything else: a call that goes on to fail over what it was given has passed the question.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from checks.exclusions import Filing
from checks.periods import parse_period
from checks.violations.table import PERSONS_DEEDS
from collectors.mapping import SpreadsheetConfig
from dashboard.accounts import delegating, managing
from dashboard.actions import (
    aliases,
    calendar,
    cameras,
    causes,
    disputes,
    exclusions,
    extra_samples,
    facts,
    flags,
    forms,
    freezing,
    hall_days,
    inspections,
    keeping,
    notices,
    offices,
    quarantine,
    review,
    slots,
    sources,
    unmasking,
    violations,
    warnings,
)
from dashboard.actions.audit_export import export_trail
from dashboard.actions.export import violation_ledger
from dashboard.actions.letters import write_letter
from dashboard.bootstrap import Application
from dashboard.database import Database
from dashboard.evidence.erasing import erase_personal
from dashboard.evidence.holds import place_hold
from dashboard.evidence.package import make_package
from dashboard.evidence.retention import remove_due
from dashboard.intake import import_file
from dashboard.judging.rules import Rules, rules_of
from dashboard.people import Viewer
from dashboard.queries import agreement, detectors, evidence_state, rating, search, signals
from dashboard.queries import audit as trail
from dashboard.queries import extra_samples as ordered
from dashboard.queries import notices as told
from dashboard.queries import violations as cases
from dashboard.reviewing.draw import desk_of
from dashboard.settings import Settings

HALL, STATION, SAMPLE, CAMERA = "H0101", "990102", "H0101-2026-09-30-1", "K1"
CASE = "V-2026-000001"


@dataclass
class Setting:
    """The company on which everything is tried."""

    db: Database
    settings: Settings
    rules: Rules
    at: datetime

    @property
    def app(self) -> Application:
        return Application(self.settings, self.db, None, now=lambda: self.at)

    @classmethod
    def of(cls, db: Database, settings: Settings) -> Setting:
        return cls(db, settings, rules_of(settings), datetime(2026, 11, 23, 1, tzinfo=UTC))


Q3 = parse_period("2026-Q3")
START, END = 1_782_835_200_000_000, 1_782_921_600_000_000
NOT_THERE = Path("/nowhere")


def _left_out(*offices_of: str) -> Filing:
    return Filing(
        offices=offices_of, records=("repairs",), starts_at=START, ends_at=END, reason="disaster", document="x"
    )


def _deal(deed: str):
    return lambda s, by: violations.deal(s.db, by=by, number=CASE, deed=deed, seen=0, at=s.at, rules=s.rules)


def _inspect(kind: str):
    return lambda s, by: inspections.start(s.db, by=by, kind=kind, hall=HALL, inspected_at=s.at, at=s.at)


ASKED = {
    "read ratings of people": lambda s, by: rating.ratings(s.db, by, s.rules, period=Q3, as_of=s.at),
    "export violations": lambda s, by: violation_ledger(s.app, by=by, numbers=[], titles={}),
    "write a letter": lambda s, by: write_letter(s.app, by=by, kind="notice", numbers=[]),
    "deal with a warning": lambda s, by: warnings.deal_with(s.db, by=by, warning=9, deed="acknowledged", at=s.at),
    "note a known cause": lambda s, by: causes.note_cause(
        s.db, by=by, office=STATION, indicator="R1", day=date(2099, 1, 1), cause="x", at=s.at),
    "file an exclusion": lambda s, by: exclusions.file_exclusion(s.db, by=by, filing=_left_out("1"), at=s.at),
    "approve an exclusion": lambda s, by: exclusions.approve_exclusion(s.db, by=by, number=9, at=s.at),
    "reject an exclusion": lambda s, by: exclusions.reject_exclusion(s.db, by=by, number=9, at=s.at, note="x"),
    "revoke an exclusion": lambda s, by: exclusions.revoke_exclusion(s.db, by=by, number=9, at=s.at, note="x"),
    "dispute a record": lambda s, by: disputes.withdraw(s.db, by=by, number="D-2026-000001", reason="x", at=s.at),
    "decide about a dispute": lambda s, by: disputes.refuse(s.db, by=by, number="D-2026-000001", reason="x", at=s.at),
    "propose a freeze": lambda s, by: freezing.propose(s.app, by=by, period="2099-Q1"),
    "publish a freeze": lambda s, by: freezing.publish(s.app, by=by, period="2099-Q1", digest="0" * 8),
    "propose a restatement": lambda s, by: freezing.propose_restatement(s.app, by=by, period="2099-Q1", reason=""),
    "approve a restatement": lambda s, by: freezing.approve_restatement(s.app, by=by, period="2099-Q1", digest="0"),
    "decide about a sample": lambda s, by: review.claim(s.db, by=by, sample="none", desk=desk_of(s.settings), at=s.at),
    "say what is right": lambda s, by: keeping.mark_gold(
        s.db, by=by, sample="none", decision="?", sheet=s.rules.rulebook.sheet, at=s.at),
    "ask for a sample": lambda s, by: extra_samples.ask_for_sample(
        s.db, by=by, hall=STATION, moment=None, reason="", document=None, at=s.at),
    "see samples asked for outside the draw": lambda s, by: ordered.extra_samples(s.db, by),
    "file opening hours": lambda s, by: hall_days.file_hall_days(
        s.db, by=by, filing=hall_days.Filing((), s.at.date(), s.at.date(), "closed", "x"), at=s.at),
    "change the slots": lambda s, by: slots.change_slots(
        s.db, s.settings, by=by, since=date(2027, 1, 1), slots={}, at=s.at),
    "draw on a camera's picture": lambda s, by: cameras.draw(
        s.db, by=by, camera="none", items=[], size=(1, 1), seen=0, at=s.at),
    "inspect undercover": _inspect("undercover"),
    "inspect on site": _inspect("on_site"),
    "inspect other offices": _inspect("mutual"),
    "join or part evidence": lambda s, by: facts.join(s.db, by=by, evidence=[], reason="", at=s.at),
    "read violations": lambda s, by: cases.ledger(s.db, by, rules=s.rules, as_of=s.at),
    "open a violation": lambda s, by: violations.open_by_hand(
        s.db, by=by, office=STATION, item="none", observed_at=s.at, note="x", at=s.at, rules=s.rules),
    **{row.right: _deal(row.name) for row in PERSONS_DEEDS if row.right},
    "open a box of forms": lambda s, by: forms.sign(s.db, by=by, opening=9, at=s.at),
    "enter a form": lambda s, by: forms.begin(s.db, s.settings, by=by, opening=9, at=s.at),
    "read who wrote a form": lambda s, by: forms.who_wrote(s.db, s.settings, by=by, number="9", reason="", at=s.at),
    "say how many forms and cards were handed out": lambda s, by: forms.hand_out(
        s.db, by=by, what="none", office=STATION, month="?", issued=-1, at=s.at),
    "search by a customer's number or phone": lambda s, by: search.search(s.db, by, "x", as_of=s.at, person=True),
    "read how reviewers agree": lambda s, by: agreement.reviewing(s.db, by, period=Q3, halls=[], as_of=s.at),
    "read the quality of detectors": lambda s, by: detectors.detector_quality(
        s.db, by, period=Q3, halls=[], as_of=s.at),
    "read leads": lambda s, by: signals.signals(s.db, by, s.rules, period="2026-Q3", now=s.at, signal="none"),
    "read the evidence chain": lambda s, by: evidence_state.evidence_state(s.app, by, now=s.at),
    "hand over evidence": lambda s, by: make_package(s.app, by=by, sample="none", target=NOT_THERE / "x"),
    "hand over originals": lambda s, by: make_package(
        s.app, by=by, sample="none", target=NOT_THERE / "x", originals=True),
    "place or lift a hold": lambda s, by: place_hold(s.db, by=by, scope="none", reason="x", at=s.at),
    "remove evidence": lambda s, by: remove_due(s.app, by=by),
    "erase personal fields": lambda s, by: erase_personal(s.app, by=by),
    "unmask a field": lambda s, by: unmasking.unmask(
        s.db, by=by, record="none", row_id=1, field="phone", reason="", at=s.at),
    "read the audit trail": lambda s, by: trail.trail(s.db, by, trail.Wanted(), limit=1),
    "export the audit trail": lambda s, by: export_trail(s.db, by=by, wanted=trail.Wanted(), kind="json", at=s.at),
    "manage accounts": lambda s, by: managing.end_sessions(s.db, by=by, name="none", at=s.at),
    "delegate": lambda s, by: delegating.delegate(
        s.db, by=by, to="none", from_day="?", until_day="?", reason="", at=s.at),
    "read the outbox": lambda s, by: told.outbox(s.db, by, as_of=s.at),
    "try a channel": lambda s, by: notices.try_channel(s.db, s.settings, by=by, channel="none", at=s.at),
    "import data": lambda s, by: import_file(
        s.db, by=by, path=s.settings.home / "clip.mp4", config=SpreadsheetConfig(record="repairs"), now=s.at, name="x"),
    "take in quarantined rows": lambda s, by: quarantine.replay(
        s.db, by=by, chosen=quarantine.Chosen(ids=(9,)), at=s.at),
    "correct a quarantined row": lambda s, by: quarantine.repair_row(
        s.db, by=by, quarantine_id=9, values={}, at=s.at),
    "dismiss quarantined rows": lambda s, by: quarantine.dismiss(
        s.db, by=by, chosen=quarantine.Chosen(), why="", at=s.at),
    "reopen quarantined rows": lambda s, by: quarantine.reopen(
        s.db, by=by, chosen=quarantine.Chosen(ids=(9,)), at=s.at),
    "save sources": lambda s, by: sources.save_source(s.db, s.settings, by=by, raw={"name": "/"}, at=s.at),
    "load a notice of holidays": lambda s, by: calendar.load_notice(s.db, s.rules, by=by, notice=None, at=s.at),
    "change offices": lambda s, by: offices.change_offices(s.db, by=by, change=None, why="", at=s.at),
    "say what an office is called": lambda s, by: aliases.add_alias(s.db, by=by, code="none", name="", at=s.at),
    "take back a name of an office": lambda s, by: aliases.withdraw_alias(s.db, by=by, alias_id=9, at=s.at),
    "close a flag": lambda s, by: flags.close_flag(s.db, by=by, flag_id=9, why="", at=s.at),
    "reopen a flag": lambda s, by: flags.reopen_flag(s.db, by=by, flag_id=9, why="", at=s.at),
}  # fmt: skip

SHOWN_ONLY = {
    "see customers masked", "know who complained", "know undercover inspectors", "answer for the offices in sight",
    "read the names of reviewers", "read designated-supplier forms", "find reports and forms",
    "read restricted violations", "take back a sheet of somebody else", }  # fmt: skip
"""Rights that no call refuses by: they change what is shown or how far one may go, tested where that is read."""

PLACED = {
    "note a known cause": lambda s, by: causes.note_cause(
        s.db, by=by, office=STATION, indicator="R1", day=date(2026, 9, 1), cause="x", at=s.at),
    "file an exclusion": lambda s, by: exclusions.file_exclusion(s.db, by=by, filing=_left_out(STATION), at=s.at),
    "decide about a sample": lambda s, by: review.claim(s.db, by=by, sample=SAMPLE, desk=desk_of(s.settings), at=s.at),
    "ask for a sample": lambda s, by: extra_samples.ask_for_sample(
        s.db, by=by, hall=HALL, moment=None, reason="x", document=None, at=s.at),
    "file opening hours": lambda s, by: hall_days.file_hall_days(
        s.db, by=by, at=s.at, filing=hall_days.Filing(
            (HALL,), (s.at + timedelta(days=5)).date(), (s.at + timedelta(days=5)).date(), "closed", "x")),
    "draw on a camera's picture": lambda s, by: cameras.draw(
        s.db, by=by, camera=CAMERA, items=[], size=(1, 1), seen=0, at=s.at),
    "inspect on site": _inspect("on_site"),
    "inspect undercover": _inspect("undercover"),
    "hand over evidence": lambda s, by: make_package(s.app, by=by, sample=SAMPLE, target=NOT_THERE / "x"),
    "place or lift a hold": lambda s, by: place_hold(s.db, by=by, scope="sample", subject=SAMPLE, reason="x", at=s.at),
    "open a violation": lambda s, by: violations.open_by_hand(
        s.db, by=by, office=STATION, item="R02", observed_at=s.at, note="x", at=s.at, rules=s.rules),
    "confirm a violation": _deal("confirm"),
    "say how many forms and cards were handed out": lambda s, by: forms.hand_out(
        s.db, by=by, what="cards", office=STATION, month="2026-09", issued=3, at=s.at),
    "unmask a field": lambda s, by: unmasking.unmask(
        s.db, by=by, record="repairs", row_id=1, field="customer_no", reason="the customer calls back", at=s.at),
}  # fmt: skip


def viewer(role: str, *offices_seen: str) -> Viewer:
    return Viewer(f"{role} {' '.join(offices_seen)}", role, frozenset(offices_seen))
