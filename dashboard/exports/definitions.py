"""What each indicator counts, in one sentence (指标口径): printed in documents; from design §3.5."""

from __future__ import annotations

DEFINITIONS: dict[str, str] = {
    "T1": "Complaints first contacted within 24 hours of acceptance ÷ judged complaints.",
    "T2": "Complaints replied to within 5 working days ÷ judged complaints.",
    "T3": "Reports, opinions and suggestions in 9, enquiries in 4, requests in 5 working days ÷ judged ones.",
    "T4": "Substantiated complaints × 10,000 ÷ customers, brought to one quarter.",
    "T5": "Satisfied ÷ rated tickets of every type.",
    "R1": "Arrived within 45 (urban), 90 (rural) or 120 (remote) minutes of acceptance ÷ judged repairs.",
    "R2": "Restored within 3 (urban) or 4 hours of arrival ÷ judged repairs not owned by the customer.",
    "R3": "Sum of arrival time ÷ its limit, over repairs judged in R1 that arrived.",
    "R4": "Repairs whose customer had another in the 30 days before ÷ repairs with a customer number.",
    "R5": "Late arrivals not reported late ÷ late arrivals recomputed from the timestamps.",
    "H1": "Sum of hall-month scores ÷ (100 × hall-months); a hall-month is 100 minus confirmed deductions, at least 0.",
    "H2": "Samples captured or not checkable ÷ samples due.",
    "H3": "Checkable samples ÷ samples captured or not checkable.",
    "C1": "Applications connected within the limit of their class, pauses out ÷ judged ones.",
    "C2": "Evaluation forms collected ÷ applications connected.",
    "C3": "Applications with a notice card ÷ applications accepted.",
    "O1": "Fee collection: sums of the months that ended.",
    "O2": "Line loss: sums of the months that ended; less is better.",
    "O3": "Meter reading: sums of the months that ended.",
    "O4": "Calls abandoned ÷ calls offered: sums of the months that ended; less is better.",
    "O5": "Call-backs satisfied ÷ customers reached.",
}
"""Indicator code → msgid."""
