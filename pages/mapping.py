"""Mapping 映射: what would become of this export?"""

import streamlit as st

from dashboard.rights import may
from dashboard.texts import t
from dashboard.web import uploads
from dashboard.web.components import mapping as choose
from dashboard.web.components.blocks import heading, says, section, show, state
from dashboard.web.state import here
from dashboard.web.views import mapping as view

page = here()
show(heading(t("Mapping"), t("What would become of this export?")))
if not may(page.viewer, "save sources"):
    show(state("empty", t("Mapping exports is for administrators and evaluators of the whole company."),
               t("It shows every row of a file, customers' numbers included.")))  # fmt: skip
    st.stop()
saved = st.session_state.pop(choose.SAVED, None)
if saved:
    show(view.done(saved, page.link("sources")))

left, right = st.columns([1, 3], gap="large")
with left:
    record = choose.record()
with right:
    file = uploads.dropped(t("Export to be mapped"), key="map_file", button=t("Choose a file"),
                           words=t("Drop a file here: xlsx, xls, csv, tsv or a web page, up to 50 MB"))  # fmt: skip
if file is None:
    told = t("Drop an export as it came. It is looked at and not stored; nothing leaves this machine.")
    show(state("empty", t("No file yet."), told))
    st.stop()

layout = choose.layout(page, file, record)
if layout is None:
    st.stop()
show(section(t("Header found"), file.name), view.header_found(layout.sheet))
columns = choose.columns(file, record, layout)
raw = {"name": "preview", "record": record, "path": "inbox/preview/*", **layout.keys, "columns": columns}
values = choose.words(uploads.preview(page, file, raw), file)
made = uploads.preview(page, file, {**raw, "values": values})
show(section(t("What an import would make of it"), t("nothing is stored yet")))
if made.error:
    show(state("failed", t("As it is, the file would be refused as a whole."), made.error))
else:
    show(view.summary(made), *view.notes(made))
    show(view.problems(made) or says(t("No problem was found.")))
    show(section(t("The first rows as they would be stored")), view.rows(made, page.now))

show(section(t("Save as a source"), t("the worker then takes in its folder by itself")))
wanted = choose.source(file)
text = {**raw, **wanted.keys, "values": values, "strict_header": wanted.strict,
        "headers": [list(layout.sheet.header)] if wanted.strict else []}  # fmt: skip
show(view.text(uploads.as_toml(text)))
choose.save(page, file, text, wanted, possible=not made.error)
