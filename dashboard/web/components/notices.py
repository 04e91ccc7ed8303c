"""What a person does about notices on their page (通知处理)."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from dashboard.actions.notices import mark_read, try_channel
from dashboard.queries.notices import Mine
from dashboard.texts import t
from dashboard.web.components.deeds import do
from dashboard.web.state import Here


def reading(found: Sequence[Mine]) -> None:
    """One button for all that is unread."""
    if any(one.read_at is None for one in found):
        st.button(t("I have read all of them"), key="notices_read", on_click=_read)


def _read() -> None:
    def deed(page: Here) -> str:
        return t("{n} notices read.", n=mark_read(page.app.db, by=page.viewer, at=page.app.now()))

    do(deed)


def trying(channels: Sequence[str]) -> None:
    """A button per channel that sends a message to oneself."""
    columns = st.columns(max(len(channels), 3))
    for column, channel in zip(columns, channels, strict=False):
        column.button(t("Try {channel}", channel=channel), key=f"notices_try_{channel}", on_click=_try,
                      args=(channel,), width="stretch")  # fmt: skip


def _try(channel: str) -> None:
    def deed(page: Here) -> str:
        try_channel(page.app.db, page.app.settings, by=page.viewer, channel=channel, at=page.app.now())
        return t("Channel {channel} took the message.", channel=channel)

    do(deed)
