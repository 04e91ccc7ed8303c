"""Packages that wait to be fetched (待取案件包): files beside the evidence, served by pass, gone after an hour.

A package holds clips: it goes to the browser from the disk, in ranges, and to the person alone who had it made.
"""

from __future__ import annotations

import secrets
import shutil
import time
from pathlib import Path

from dashboard.bootstrap import Application
from dashboard.errors import MingchaError, NotAllowedError
from dashboard.evidence.package import file_name, make_package
from dashboard.people import Viewer
from dashboard.settings import Settings

FOLDER = "parcels"
KEPT_SECONDS = 3600


def make_parcel(app: Application, *, by: Viewer, sample: str, originals: bool = False, reason: str = "") -> str:
    """Make the package of a sample; the name under which it can be fetched. Errors as `make_package`."""
    tidy(app.settings)
    folder = _folder(app.settings) / secrets.token_hex(16)
    try:
        folder.mkdir(parents=True, mode=0o700)
    except OSError as error:
        raise MingchaError(f"{folder} cannot be written: {error.strerror}.", "Set [video] evidence_dir.") from error
    try:
        make_package(app, by=by, sample=sample, target=folder / file_name(sample), originals=originals, reason=reason)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    return folder.name


def parcel(settings: Settings, name: str) -> Path:
    """The package of that name. NotAllowedError where there is none any more."""
    found = sorted((_folder(settings) / name).glob("mingcha-case-*.zip"))
    if not found or found[0].stat().st_mtime < time.time() - KEPT_SECONDS:
        raise NotAllowedError("There is no such package any more.", "Make it anew.")
    return found[0]


def tidy(settings: Settings) -> None:
    """Remove packages older than an hour, by the file system's clock, and what killed processes left."""
    folder = _folder(settings)
    for path in folder.iterdir() if folder.is_dir() else ():
        if path.stat().st_mtime < time.time() - KEPT_SECONDS:
            shutil.rmtree(path, ignore_errors=True)


def _folder(settings: Settings) -> Path:
    return settings.path(settings.video.evidence_dir).with_name(FOLDER)
