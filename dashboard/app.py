"""Entry script of the pages (入口): page settings and the list of pages; one more page is one more line here."""

from pathlib import Path

import streamlit as st

from dashboard.web.frame import Page, run

st.set_page_config(page_title="明察 Mingcha", page_icon=Path(__file__).parent / "web" / "icon.svg", layout="wide")

run(
    [
        Page("today.py", "today", "Today", rests="present"),
        Page("league.py", "league", "League"),
        Page("office.py", "office", "Office"),
        Page("records.py", "records", "Records", rests="record"),
        Page("record.py", "record", "Record", visibility="hidden", rests="record"),
        Page("search.py", "search", "Search", rests="nothing"),
        Page("connections.py", "connections", "Connections", section="Business", rests="connections"),
        Page("lines.py", "lines", "Lines", section="Business", rests="measures"),
        Page("review.py", "review", "Hall review", section="Supervision", rests="samples"),
        Page("coverage.py", "coverage", "Coverage", section="Supervision", rests="samples"),
        Page("cases_to_learn.py", "cases", "Cases to learn from", section="Supervision", rests="nothing"),
        Page("early_warnings.py", "warnings", "Warnings", section="Supervision", rests="present"),
        Page("notices.py", "notices", "Notices", section="Supervision", rests="nothing"),
        Page("violations.py", "violations", "Violations", section="Supervision", rests="nothing"),
        Page("violation.py", "violation", "Violation", visibility="hidden", rests="nothing"),
        Page("sampling.py", "sampling", "Sampling", section="Supervision", rests="nothing"),
        Page("cameras.py", "cameras", "Cameras", section="Supervision", rests="nothing"),
        Page("halls.py", "halls", "Hall reports", section="Evaluation", rests="samples"),
        Page("disputes.py", "disputes", "Disputes", section="Evaluation", rests="nothing"),
        Page("rating.py", "rating", "Ratings", section="Evaluation", rests="present"),
        Page("quarter.py", "quarter", "Quarter", section="Evaluation", rests="nothing"),
        Page("exclusions.py", "exclusions", "Exclusions", section="Evaluation", rests="nothing"),
        Page("rulebook.py", "rulebook", "Rulebook", section="Evaluation", rests="nothing"),
        Page("working_days.py", "calendar", "Calendar", section="Evaluation", rests="nothing"),
        Page("what_if.py", "whatif", "What if", section="Evaluation"),
        Page("sources.py", "sources", "Sources", section="Data", rests="nothing"),
        Page("inspections.py", "inspect", "Inspect", section="Supervision", rests="nothing"),
        Page("forms.py", "forms", "Supplier forms", section="Supervision", rests="nothing"),
        Page("agreement.py", "agreement", "Agreement", section="Supervision", rests="nothing"),
        Page("detectors.py", "detectors", "Detectors", section="Supervision", rests="nothing"),
        Page("signals.py", "signals", "Leads", section="Supervision"),
        Page("evidence.py", "proof", "Evidence chain", section="Supervision", rests="nothing"),
        Page("offices.py", "offices", "Office tree", section="Data", rests="nothing"),
        Page("quarantine.py", "quarantine", "Quarantine", section="Data", rests="nothing"),
        Page("mapping.py", "mapping", "Mapping", section="Data", rests="nothing"),
        Page("audit.py", "audit", "Audit", section="Data", rests="nothing"),
        Page("people.py", "people", "Accounts", section="Data", rests="nothing"),
        Page("account.py", "account", "Account", visibility="hidden", rests="nothing"),
    ],
)
