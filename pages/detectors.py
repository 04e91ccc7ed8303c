"""Detectors 检测质量: may one believe what the machine proposes, and what does it overlook?"""

import streamlit as st

from dashboard.queries.detectors import detector_quality
from dashboard.rights import may
from dashboard.texts import t
from dashboard.web.components.blocks import heading, says, section, show, state
from dashboard.web.state import here
from dashboard.web.views import detectors as view

page = here()
show(heading(t("Detectors"), t("May one believe what the machine proposes, and what does it overlook?")))
if not may(page.viewer, "read the quality of detectors"):
    show(state("empty", t("The quality of detectors is read by inspectors, evaluators, auditors and administrators.")))
    st.stop()

sheet = {item.code: item for item in page.rules.rulebook.sheet.items}
rows = detector_quality(page.app.db, page.viewer, period=page.period, halls=page.below, as_of=page.now)
told = [row for row in rows if row.candidates or row.refuted or row.missed]
low = sorted({view.titled(row.item, sheet) for row in rows if row.is_low})
if low:
    advice = t("Fewer than half of what these propose is confirmed: draw their places anew or change their rules.")
    show(state("failed", t("Mostly wrong: {items}", items=t(", ").join(low)), advice))
show(section(t("Candidates and what became of them"), t("by the month of the sample")))
if told:
    show(view.quality(told, sheet),
         says(t("Overlooked: violations that a person found, of the samples judged in which this detector had proposed "
                "nothing.")))  # fmt: skip
elif rows:
    show(state("empty", t("The detectors proposed nothing in this period, and nobody found what they overlooked.")))
else:
    show(state("empty", t("No sample was taken in this period."), t("Figures appear once samples are reviewed.")))
quiet = [row for row in rows if row.reasons]
if quiet:
    show(section(t("Where they gave no answer"), t("no answer is not the same as nothing found")), view.silence(quiet))
show(section(t("What they look for")), view.rules(sheet),
     says(t("A detector proposes and a person decides. Persons are detected, nobody is recognised.")))  # fmt: skip
