"""Who is here (登录状态): asked of the database at every run, every deed and every piece of evidence, by the cookie.

What a page remembers of a person is never believed once there are accounts.
"""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st

from dashboard.accounts.sessions import SignedIn, numbered, signed_in
from dashboard.bootstrap import Application
from dashboard.errors import NotAllowedError
from dashboard.people import Viewer
from dashboard.settings import Settings
from dashboard.web import passes, wiring


def cookie_name(settings: Settings) -> str:
    """`__Host-`: a browser takes it over https only, for this host only, and no other host can put one in its place."""
    return "__Host-mingcha" if settings.web.https else "mingcha"


def secrets_in(settings: Settings, cookies: Mapping[str, str]) -> list[str]:
    """The values of cookies that may stand for a sign-in."""
    value = cookies.get(cookie_name(settings))
    return [value] if value else []


def who(app: Application, cookies: Mapping[str, str], *, touch: bool = False) -> SignedIn | None:
    """The sign-in that these cookies stand for, if it holds now. With `touch` it counts as a click."""
    for secret in secrets_in(app.settings, cookies):
        found = signed_in(app.db, app.settings.access, secret, at=app.now(), touch=touch)
        if found is not None:
            return found
    return None


def here_now(app: Application, *, touch: bool = False) -> SignedIn | None:
    """The same of the browser in whose run we are. Evidence shown in this run is tied to the sign-in."""
    found = who(app, st.context.cookies, touch=touch)
    passes.tie_to(0 if found is None else found.session.id)
    return found


def unended(app: Application, viewer: Viewer) -> Viewer:
    """The person for whom a page left something to be made later. NotAllowedError when that sign-in has ended."""
    if _believed(app, viewer):
        return viewer
    found = numbered(app.db, app.settings.access, viewer.session, at=app.now())
    if found is None or found.session.must_change:
        raise NotAllowedError("You are not signed in any more.", "Sign in again.")
    return found.viewer


def _believed(app: Application, viewer: Viewer) -> bool:
    """Whether the person never signed in, and nobody has to: a page may be open from before the first account."""
    return not viewer.session and not wiring.proved(app)


def still(app: Application, viewer: Viewer) -> Viewer:
    """The person of an earlier run as they are now. NotAllowedError when they left, or it is somebody else."""
    if _believed(app, viewer):
        return viewer
    found = here_now(app)
    if found is None or found.session.id != viewer.session or found.session.must_change:
        raise NotAllowedError("You are not signed in any more.", "Sign in again.")
    return found.viewer
