"""A file that a person has dropped on a page (上传文件): looked at in a private folder that goes with the look.

Answers are kept by the file's digest and the mapping, for a page runs anew with every choice.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import streamlit as st

from collectors.mapping import SpreadsheetConfig, parse_config
from collectors.mapping_text import as_toml
from collectors.spool import workspace
from dashboard.intake.collecting import SPOOL
from dashboard.intake.registry import known_measures
from dashboard.queries import mapping as query
from dashboard.queries.mapping import Look, Preview
from dashboard.web.state import Here


@dataclass(frozen=True)
class Dropped:
    """A dropped file: its own name without any folder, its content, and what it is known by."""

    name: str
    content: bytes
    digest: str


def dropped(label: str, *, key: str, words: str, button: str) -> Dropped | None:
    """The place to drop a file; None until one is there. `words` and `button` replace Streamlit's own."""
    say(words, button)
    file = st.file_uploader(label, key=key)
    if file is None:
        return None
    content = file.getvalue()
    name = PurePosixPath(file.name.replace("\\", "/")).name or "file"
    return Dropped(name, content, hashlib.sha256(content).hexdigest())


def say(words: str, button: str) -> None:
    """Put our words in place of Streamlit's own on every uploader of the page."""
    st.html(f"<style>{_WORDS.replace('WORDS', words).replace('BUTTON', button)}</style>")


__all__ = ["Dropped", "as_toml", "dropped", "look", "preview", "say"]

_WORDS = """
[data-testid="stFileUploaderDropzoneInstructions"] > * { display: none; }
[data-testid="stFileUploaderDropzoneInstructions"]::before { content: "WORDS"; color: var(--mc-quiet); }
[data-testid="stFileUploaderDropzone"] button p { font-size: 0; }
[data-testid="stFileUploaderDropzone"] button p::after { content: "BUTTON"; font-size: 0.95rem; }
"""


def look(
    here: Here, file: Dropped, *, record: str, sheet: str | None, header_rows: int | None, skip_until: str | None
) -> Look:
    """See `dashboard.queries.mapping.look`."""
    return _look(here, file, here.scope, here.version, file.digest, record, sheet, header_rows, skip_until)


def preview(here: Here, file: Dropped, raw: Mapping[str, Any]) -> Preview:
    """See `dashboard.queries.mapping.preview`; `raw` are the keys of a source. CollectorError for a bad mapping."""
    return _preview(here, file, raw, here.scope, here.version, file.digest, as_toml(raw))


@st.cache_resource(max_entries=32, show_spinner=False)
def _look(
    _here: Here,
    _file: Dropped,
    scope: tuple[str, ...],
    version: str,
    digest: str,
    record: str,
    sheet: str | None,
    header_rows: int | None,
    skip_until: str | None,
) -> Look:
    with _on_disk(_here, _file) as path:
        return query.look(
            _here.app.db, _here.viewer, path=path, name=_file.name, record=record, sheet=sheet,
            header_rows=header_rows, skip_until=skip_until,
        )  # fmt: skip


@st.cache_resource(max_entries=32, show_spinner=False)
def _preview(
    _here: Here,
    _file: Dropped,
    _raw: Mapping[str, Any],
    scope: tuple[str, ...],
    version: str,
    digest: str,
    text: str,
) -> Preview:
    settings = _here.app.settings
    config = parse_config(SpreadsheetConfig, _raw, "the mapping")
    with _on_disk(_here, _file) as path:
        return query.preview(
            _here.app.db, _here.viewer, path=path, name=_file.name, config=config, slots=settings.video.slot_table,
            measures=known_measures(settings), at=_here.now,
        )  # fmt: skip


@contextmanager
def _on_disk(here: Here, file: Dropped) -> Iterator[Path]:
    """The file in a folder that nobody else may look into; its name on disk is ours, for a name can be anything."""
    with workspace(here.app.settings.path(SPOOL), "mapping") as folder:
        path = folder / f"dropped{PurePosixPath(file.name).suffix[:8]}"
        path.write_bytes(file.content)
        yield path
