"""The Evidence page's blocks (存证页): the chain, its heads, what verification found, terms and holds, one case."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from dashboard.evidence.case import Case
from dashboard.evidence.holds import Hold
from dashboard.queries.evidence_state import EvidenceState
from dashboard.texts import t
from dashboard.web import display
from dashboard.web.components.blocks import Column, facts, figure, figures, go, more, says, state, table, word
from dashboard.web.markup import Safe, safe, tag

Link = Callable[..., str]
KINDS = {
    "audit": "deeds", "clip": "clips", "frame": "frames", "photograph": "photographs", "reviews": "decisions of review",
    "judgements": "judgements", "removed": "removals by rule", "fact_joins": "facts joined",
    "gold_samples": "known answers", "kept_cases": "cases kept", "extra_samples": "samples asked for",
    "erased": "erasures", "legal_holds": "holds placed", "legal_hold_lifts": "holds lifted", "key": "signing keys",
    "adopted": "adopted from before", "begun": "beginning",
    "violation_events": "deeds about violations", "violation_sources": "sources of violations",
    "account_events": "deeds about accounts", "account_grants": "offices granted", "letters": "letters",
    "letter_cases": "cases of letters", "follow_ups": "durations followed up", "box_openings": "boxes opened",
    "box_signatures": "boxes signed", "delegations": "powers lent", "delegation_ends": "powers taken back",
    "disputes": "disputes filed", "dispute_decisions": "disputes decided", "dispute_proofs": "proofs of disputes",
    "form_sheets": "forms entered", "handouts": "numbers handed out", "warning_events": "deeds about warnings",
}  # fmt: skip
WHY = {
    "goes": "go next night", "hold": "on hold", "confirmed": "confirmed, or of a case: its term runs",
    "undecided": "judged and not settled", "kept_case": "kept as a case to learn from", "gold": "a known answer",
    "photograph": "photographs of sheets, proofs, reference pictures", "review": "needed for review or to learn from",
}  # fmt: skip
FAULTS = {
    "chain_gap": "entry gone", "chain_order": "entry out of its place", "chain_entry": "entry changed",
    "content_missing": "content gone", "content_changed": "content changed", "row_missing": "row gone",
    "row_changed": "row changed", "row_unchained": "row never entered", "missing_file": "file missing",
    "entered_twice": "row entered twice", "changed_file": "file changed", "not_removed": "file not removed",
    "truncated": "end cut off",
    "head_mismatch": "differs from a signed head", "head_signature": "wrong signature", "head_key": "unknown key",
    "head_future": "head from the future", "head_unreadable": "head unreadable",
}  # fmt: skip
STEPS = {
    "plan sealed": "Plan sealed", "plan revealed": "Plan revealed", "planned moment": "Planned moment",
    "captured": "Captured", "not captured": "Not captured", "looked at by the detector": "Looked at by the detector",
    "flagged": "Flagged", "decided": "Decided", "removed by rule": "Removed by rule",
}  # fmt: skip
FACTS = {
    "camera": "Camera", "outcome": "outcome", "cause": "cause", "commitment": "commitment", "seed": "seed",
    "detector": "detector", "item_code": "item", "decision": "decision", "reason": "reason", "by": "by",
    "rule": "rule", "evidence": "evidence no.",
}  # fmt: skip


def kind(name: str) -> str:
    """A kind of entry in words; one that has none is shown as it is."""
    return t(KINDS[name]) if name in KINDS else name


def overview(found: EvidenceState, now: datetime) -> Safe:
    """Four figures, each with its state in words."""
    head, last = (found.heads[0] if found.heads else None), found.verified
    signed = display.age(head.at, now) if head else t("never")
    looked = display.age(last.at, now) if last else t("never")
    fault = last is not None and not last.ok
    return figures([
        figure(display.count(found.count), t("entries in the chain")),
        figure(signed, t("last head signed"), tone="late" if found.late or head is None else ""),
        figure(looked, t("last verification found problems") if fault else t("last verification"),
               tone="late" if fault or last is None else ""),
        figure(display.count(found.files - found.removed), t("files kept, {n} removed by rule", n=found.removed)),
    ])  # fmt: skip


def chain(found: EvidenceState) -> Safe:
    """What the chain is made of and where it ends."""
    kinds = [(kind(name), display.count(many)) for name, many in found.kinds.items()]
    end = tag("code", found.hash, class_="hash")
    return safe(facts([(t("Chain ends with"), end), *kinds]))


def verification(found: EvidenceState, now: datetime, everything: bool) -> Safe:
    """The newest verification: nothing found, or each fault with its kind for those who see the whole company."""
    last = found.verified
    if last is None:
        how = t("The worker verifies every night what is new; mingcha verify looks at everything.")
        return state("empty", t("Nobody has verified yet."), how)
    said = t("{n} points checked by {by}, {when}", n=display.count(last.checked), by=last.by,
             when=display.moment(last.at, now))  # fmt: skip
    span = t("from the first entry on") if last.since == 0 else t("entries after {n} only", n=last.since)
    if last.ok:
        return safe(tag("p", word(t("whole"), "fine"), " ", said, " · ", span))
    if not everything:
        headline = t("{n} problems", n=display.count(len(last.problems)))
        return state("failed", headline, f"{said} · {span}", t("Whoever sees the whole company reads which."))
    rows = [[t(FAULTS.get(problem["kind"], "")) or problem["kind"], problem["what"]] for problem in last.problems]
    headline = t("{n} problems", n=display.count(len(rows)))
    listed = table([Column(t("Kind"), "head main keep"), Column(t("What"), "wide")], rows, label=headline)
    return safe(state("failed", headline, f"{said} · {span}"), listed)


def heads(found: EvidenceState, now: datetime) -> Safe:
    """The newest signed heads, to be compared with what lies in the auditor's folder."""
    if not found.heads:
        how = t("The worker signs every hour with the key that mingcha init made.")
        return state("empty", t("No head has been signed yet."), how)
    rows = [
        [display.moment(head.at, now), display.count(head.count), tag("code", head.hash, class_="hash"),
         tag("code", head.public_key, class_="hash")]
        for head in found.heads
    ]  # fmt: skip
    columns = [Column(t("Signed"), "head main keep"), Column(t("Entries"), "num"), Column(t("Hash"), "wide"),
               Column(t("Public key"), "wide")]  # fmt: skip
    left = says(t("{n} entries since the last head.", n=display.count(found.unsigned)))
    how = t("Set [evidence] heads_dir to a folder of the auditor's elsewhere: only there do they prove anything.")
    here = None if found.laid_down else state("stale", t("Heads stay on this machine."), how)
    return safe(table(columns, rows, label=t("Signed heads")), left, here)


def terms(found: EvidenceState, now: datetime) -> Safe:
    """What goes by rule and what keeps the rest."""
    if not found.terms:
        return state("empty", t("No file is past its term."))
    said = facts([(t(WHY[why]), display.count(many)) for why, many in found.terms.items()])
    if not found.going:
        return said
    rows = [[item.sample or display.NONE, item.path, display.moment(item.since, now)] for item in found.going[:50]]
    columns = [Column(t("Sample"), "head main"), Column(t("File"), "wide"), Column(t("Taken at"), "keep")]
    return safe(said, more(t("Files that go next night"), table(columns, rows)))


def holds(rows: tuple[Hold, ...], now: datetime, names: Callable[[str], str]) -> Safe:
    """Holds that stand."""
    if not rows:
        return state("empty", t("Nothing is on hold."))
    body = [[f"#{hold.id}", scope(hold, names), hold.reason, hold.by, display.moment(hold.at, now)] for hold in rows]
    columns = [Column(t("Number"), "keep"), Column(t("On hold"), "head main"), Column(t("Reason"), "wide"),
               Column(t("By")), Column(t("When"), "keep")]  # fmt: skip
    return table(columns, body, label=t("Legal holds"))


def scope(hold: Hold, names: Callable[[str], str]) -> str:
    """What a hold is on, in words."""
    if hold.scope == "everything":
        return t("everything")
    return names(hold.subject or "") if hold.scope == "office" else hold.subject or ""


def case(found: Case, steps: list[tuple[str, str, dict[str, object]]], link: Link) -> Safe:
    """The timeline of a sample, its files, and its entries."""
    head = found.head
    covered = head is not None and bool(found.entries) and head.count >= found.entries[-1]["number"]
    rows = [[at[:19].replace("T", " "), t(STEPS[what]), _told(rest)] for at, what, rest in steps]
    columns = [Column(t("When"), "keep"), Column(t("What"), "head main keep"), Column(t("Details"), "wide")]
    return safe(
        tag("p", go(link("review", sample=found.sample), t("Open the sample")), " · ",
            t("covered by a signed head") if covered else t("not covered by a signed head yet")),
        table(columns, rows, label=t("Timeline")),
        more(t("{n} files", n=len(found.files)), _files(found)),
        more(t("{n} entries of the chain", n=len(found.entries)), _entries(found)),
    )  # fmt: skip


def _files(found: Case) -> Safe:
    columns = [Column(t("Number"), "keep"), Column(t("Kind"), "head main"), Column(t("Camera")),
               Column("SHA-256", "wide"), Column(t("State"))]  # fmt: skip
    rows = [
        [f"#{row['id']}", kind(row["kind"]), row["camera"] or display.NONE,
         tag("code", row["sha256"], class_="hash"), t("removed by rule") if row["removed"] else t("kept")]
        for row in found.files
    ]  # fmt: skip
    return table(columns, rows)


def _entries(found: Case) -> Safe:
    columns = [Column(t("Entry"), "num"), Column(t("Kind"), "head main"), Column(t("About")), Column(t("Hash"), "wide")]
    rows = [
        [display.count(row["number"]), kind(row["kind"]), row["subject"], tag("code", row["hash"], class_="hash")]
        for row in found.entries
    ]
    return table(columns, rows)


def _told(rest: dict[str, object]) -> str:
    said = [f"{t(FACTS[name])} {value}" for name, value in rest.items() if name in FACTS and value is not None]
    return t("; ").join(said) or display.NONE
