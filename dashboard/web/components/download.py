"""Downloads (下载): made when asked for, by the person who asks, and written into the audit trail."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import streamlit as st

from checks.hall_evaluation import Scheme
from checks.periods import parse_period
from dashboard.actions import export
from dashboard.texts import set_language, t
from dashboard.web import periods
from dashboard.web.signed_in import unended
from dashboard.web.state import Here

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def workbook(page: Here) -> None:
    """The quarter's workbook (季度工作簿) of the strip's period, as `mingcha export` writes it."""
    if not parse_period(page.strip.period).is_quarter:
        return
    st.download_button(
        t("Download the workbook of {period}", period=periods.name(page.strip.period)),
        data=_maker(page), file_name=f"mingcha-{page.strip.period}.xlsx", mime=XLSX, icon=":material/download:",
        on_click="ignore",
    )  # fmt: skip


def hall_reports(page: Here, scheme: Scheme, document: Mapping[str, Any]) -> None:
    """The hall reports as shown (营业厅评价表), as `mingcha halls --to` writes them."""

    def make() -> bytes:
        set_language(page.strip.lang)
        return export.hall_document(page.app, by=unended(page.app, page.viewer), scheme=scheme, document=document)

    st.download_button(
        t("Download the hall reports of {period}", period=periods.name(page.strip.period)), data=make,
        file_name=f"mingcha-halls-{page.strip.period}.xlsx", mime=XLSX, icon=":material/download:", on_click="ignore",
    )  # fmt: skip


def _maker(page: Here) -> Callable[[], bytes]:
    def make() -> bytes:
        set_language(page.strip.lang)
        documents, _ = export.quarter_documents(
            page.app, by=unended(page.app, page.viewer), period=page.strip.period, as_of=page.asked
        )
        (content,) = documents.values()
        return content

    return make
