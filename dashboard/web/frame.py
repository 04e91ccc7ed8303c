"""The frame around every page (页框): language, navigation, who looks, the strip, and honest failure.

`run` is what the entry script calls; a page then reads its context with `state.here()`.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlencode

import streamlit as st

from checks.errors import RuleError
from checks.marks import STALE_SOURCE
from checks.periods import parse_period
from collectors.base import CollectorError
from dashboard.accounts.sessions import SignedIn, act_for
from dashboard.bootstrap import Application
from dashboard.cli.output import parse_time
from dashboard.error_texts import said
from dashboard.errors import MingchaError
from dashboard.freezing.stored import snapshot_of
from dashboard.judging.rules import rules_of
from dashboard.people import Viewer, viewer_named
from dashboard.queries.freshness import Freshness
from dashboard.queries.offices import Tree, visible_tree
from dashboard.queries.staleness import Silent, silent_sources
from dashboard.texts import LANGUAGES, set_language, t
from dashboard.web import books, display, periods, wiring
from dashboard.web.asking import answer
from dashboard.web.components.blocks import heading, show, state
from dashboard.web.components.strip import Choice, Event, Fact, address, strip
from dashboard.web.markup import tag
from dashboard.web.palette import css_variables
from dashboard.web.places import top
from dashboard.web.resting import Rests, silent_under
from dashboard.web.signed_in import here_now
from dashboard.web.state import FIRST_PAGE, STRIP_KEYS, Here, Strip, forget, read_strip, remember
from dashboard.web.views import quiet

PERSON = "mingcha_person"
LAST_STRIP = "mingcha_strip"
SIGNED_IN = "mingcha_signed_in"
REGISTERED = "mingcha_registered"
SILENT_SECONDS = 24 * 3600
"""A source silent for longer makes the strip amber; each source's own `expect_within` is on the Sources page."""
LANGUAGE_NAMES = {"zh": "中文", "en": "English"}

logger = logging.getLogger(__name__)


SECTIONS = {"supervision": "Supervision", "business": "Business", "evaluation": "Evaluation", "data": "Data"}
"""Groups of the navigation by subject; what everybody opens first stands in none."""


@dataclass(frozen=True, slots=True)
class Page:
    """One line of the navigation: file below `pages/`, address, title and section (msgids: `SECTIONS`)."""

    file: str
    slug: str
    title: str
    section: str = ""
    icon: str | None = None
    rests: Rests = "figures"
    """What must be told on it when a source falls silent (`dashboard.web.resting`)."""
    visibility: Literal["visible", "hidden"] = "visible"


def run(pages: Sequence[Page]) -> None:
    """Everything of one run of the entry script."""
    folder = top("pages")
    parameters = st.query_params.to_dict()
    remembered: Strip | None = st.session_state.get(LAST_STRIP)
    now = datetime.now(UTC)
    chosen = read_strip(parameters, remembered, lambda: _default(now))
    set_language(chosen.lang)
    known = _registered(folder, pages, chosen.lang)
    entry = _entry()
    barred = entry.accounts and entry.viewer is None
    current = st.navigation(_sections(pages, known), position="hidden" if barred else "top")
    page = next((page for page in pages if known[page.slug] is current), pages[0])
    _style()
    try:
        context = _context(chosen, entry, page.slug)
        if context is not None:
            _enter(context, entry, known)
            _say_what_is_quiet(context, page)
            current.run()
    except (MingchaError, RuleError, CollectorError) as error:
        logger.warning("The page could not be shown: %s", error)
        show(heading("明察 Mingcha", ""), state("failed", t("This could not be shown."), said(error)))


def _registered(folder: Path, pages: Sequence[Page], lang: str) -> dict[str, Any]:
    """Streamlit's page objects by slug, made once per session and language (each looks at its file five times)."""
    known: dict[str, dict[str, Any]] = st.session_state.setdefault(REGISTERED, {})
    if lang not in known:
        known[lang] = {page.slug: _streamlit_page(folder, page) for page in pages}
    return known[lang]


def _sections(pages: Sequence[Page], known: dict[str, Any]) -> dict[str, list[Any]]:
    """The pages by section in their order; those of the nameless one stand by themselves."""
    found: dict[str, list[Any]] = {"": []}
    for page in pages:
        found.setdefault(t(page.section) if page.section else "", []).append(known[page.slug])
    return found


def _streamlit_page(folder: Path, page: Page) -> Any:
    return st.Page(folder / page.file, title=t(page.title), url_path=page.slug, icon=page.icon,
                   default=page.slug == FIRST_PAGE, visibility=page.visibility)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Entry:
    """Who is here in this run. Without `accounts` people are believed; with them only who is signed in sees a page."""

    accounts: bool
    found: SignedIn | None = None
    error: MingchaError | None = None

    @property
    def viewer(self) -> Viewer | None:
        return None if self.found is None or self.found.session.must_change else self.found.viewer


def _entry() -> Entry:
    """Asked anew in every run; what the run of another person left behind is forgotten first."""
    try:
        app = wiring.application()
        accounts = wiring.proved(app)
        found = here_now(app, touch=True) if accounts else None
        entry = Entry(accounts, found)
    except MingchaError as error:  # told where the page can say so
        return Entry(False, None, error)
    session = 0 if found is None else found.session.id
    if st.session_state.get(SIGNED_IN, session) != session:
        forget()
    st.session_state[SIGNED_IN] = session
    return entry


def _context(chosen: Strip, entry: Entry, slug: str) -> Here | None:
    """The context of this run; None when the person has yet to sign in or be chosen (the page then asks)."""
    if entry.error is not None:
        raise entry.error
    app = wiring.application()
    viewer = entry.viewer if entry.accounts else _viewer(app)
    if viewer is None:
        if entry.accounts:
            _ask_to_enter(app, chosen, entry, slug)
        else:
            _ask_who(app, chosen)
        return None
    parse_period(chosen.period)
    asked = parse_time(chosen.as_of, "as_of") if chosen.as_of else None
    now = app.now()
    wiring.keep_judged(app, viewer, now)
    fresh = wiring.fresh(app, viewer)
    silent = wiring.watched(app, viewer, now).silent if asked is None else silent_at(app, viewer, asked)
    return Here(
        app=app, viewer=viewer, tree=_tree(app, viewer, fresh.version), strip=chosen,
        as_of=asked or fresh.judged_at or now, now=asked or now, asked=asked, theme=st.context.theme.type or "light",
        version=fresh.version, fresh=fresh, silent=silent,
    )  # fmt: skip


def _enter(context: Here, entry: Entry, known: dict[str, Any]) -> None:
    """Show the strip, do what was asked in it, and leave the address complete."""
    person = _person(context.app, context.viewer.name) if entry.found is None else _signed(entry.found)
    account = "" if entry.found is None else context.link("account")
    event = strip(_choices(context), _facts(context), _notes(context), person, account)
    if event is not None:
        _follow(event, context, known)
    st.session_state[LAST_STRIP] = context.strip
    remember(context, known)
    wanted = {key: value for key, value in st.query_params.to_dict().items() if key not in STRIP_KEYS}
    complete = {**context.strip.parameters(), **wanted}
    if st.query_params.to_dict() != complete:
        st.query_params.from_dict(complete)


def silent_at(app: Application, viewer: Viewer, moment: datetime) -> tuple[Silent, ...]:
    return tuple(silent_sources(app.db, viewer, rules_of(app.settings, app.db), as_of=moment))


def _say_what_is_quiet(context: Here, page: Page) -> None:
    """Across the page, before anything on it is read: a dead worker, and how old the data are that it rests on."""
    worker = wiring.watched(context.app, context.viewer, context.app.now()).worker
    silent = silent_under(context, page.rests)
    withheld = STALE_SOURCE in context.rules.watch.withhold
    bands = [*quiet.worker(worker, context.now), *quiet.sources(silent, context.now, context.link, withheld=withheld)]
    if bands:
        show(*bands)


def _follow(event: Event, context: Here, known: dict[str, Any]) -> None:
    """A link, a choice of the strip, or another person: each ends in a new run. A figure asked about opens a window."""
    if event.kind == "go":
        slug, parameters = address(event.value)
        if (slug or FIRST_PAGE) in known:
            st.switch_page(known[slug or FIRST_PAGE], query_params=parameters)
        return
    if event.kind == "person":
        _choose_person(event.value)
        st.rerun()
    if event.kind == "set" and event.key == "acting" and context.viewer.session:
        delegation = int(event.value) if event.value.isascii() and event.value.isdigit() else None
        act_for(context.app.db, by=context.viewer, delegation=delegation, at=context.app.now())
        st.rerun()
    if event.kind == "what":
        answer(context, event.value)
    if event.kind == "set" and event.key in STRIP_KEYS:
        changed = replace(context.strip, **{event.key: event.value or None})  # type: ignore[arg-type]
        st.session_state[LAST_STRIP] = changed
        own = {key: value for key, value in st.query_params.to_dict().items() if key not in STRIP_KEYS}
        own.pop("page", None)
        st.query_params.from_dict({**changed.parameters(), **own})
        st.rerun()


def _default(now: datetime) -> Strip:
    return Strip(period=periods.current_quarter(now), office=None, peer=None, lang=LANGUAGES[0], as_of=None)


def _tree(app: Application, viewer: Viewer, version: str) -> Tree:
    return _cached_tree(app, (viewer.role, *sorted(viewer.offices)), version, viewer)


@st.cache_resource(max_entries=64, show_spinner=False)
def _cached_tree(_app: Application, scope: tuple[str, ...], version: str, _viewer: Viewer) -> Tree:
    """Streamlit leaves arguments with a leading underscore out of the key: scope and version must have none."""
    return visible_tree(_app.db, _viewer)


def _style() -> None:
    st.html(f"<style>{css_variables(st.context.theme.type)}{_stylesheet()}</style>")


@cache
def _stylesheet() -> str:
    return (Path(__file__).parent / "styles.css").read_text(encoding="utf-8")


def _viewer(app: Application) -> Viewer | None:
    name = st.session_state.get(PERSON)
    return viewer_named(app.settings, name) if name in app.settings.people else None


def _choose_person(name: str) -> None:
    st.session_state[PERSON] = name


def _ask_to_enter(app: Application, chosen: Strip, entry: Entry, slug: str) -> None:
    """The way to sign in, and nothing else; it leads back to this address."""
    here = f"/{'' if slug == FIRST_PAGE else slug}?{urlencode(st.query_params.to_dict())}"
    wanted = urlencode({"lang": chosen.lang, "next": here})
    if entry.found is not None:
        words, address = t("Choose a password of your own"), f"/enter/password?{wanted}"
    else:
        words, address = t("Sign in"), f"/enter?{wanted}"
    show(
        heading("明察 Mingcha", app.settings.company.name),
        tag("p", tag("a", words, href=address, target="_self", class_="mc-enter way")),
        tag("p", t("You are not signed in, or your sign-in has ended."), class_="quiet") if entry.found is None else "",
    )


def _signed(found: SignedIn) -> Choice:
    """Who is signed in, and in whose name they act."""
    own = f"{found.session.name} · {t(ROLE_NAMES[found.session.role])}"
    others = [(str(number), t("for {name} · {role}", name=name, role=t(ROLE_NAMES[role])), "")
              for number, name, role in found.choices]  # fmt: skip
    chosen = "" if found.viewer.acting_for is None else str(found.session.delegation)
    return Choice("acting", t("Signed in"), chosen, (("", own, ""), *others), t("In whose name you act"))


def _ask_who(app: Application, chosen: Strip) -> None:
    """Which of `[people]` sits here: asked once per browser, believed, not proved."""
    show(heading("明察 Mingcha", app.settings.company.name))
    if not app.settings.people:
        show(state("empty", t("No people are configured yet."),
                   t("Add them under [people] in mingcha.toml: name, role and offices.")))  # fmt: skip
        return
    event = strip([_language(chosen)], [], [t("People are believed, not proved: there are no accounts yet.")],
                  _person(app, ""))  # fmt: skip
    if event is not None and event.kind == "set":
        st.query_params["lang"] = event.value
        st.rerun()
    if event is not None and event.kind == "person":
        _choose_person(event.value)
        st.rerun()
    show(heading(t("Who is sitting here?"), ""))
    for name, person in app.settings.people.items():
        st.button(f"{name} · {t(ROLE_NAMES[person.role])}", key=f"person_{name}", on_click=_choose_person, args=(name,))


ROLE_NAMES = {
    "inspector": "Discipline inspector", "reviewer": "Reviewer", "regional_manager": "Regional manager",
    "office_head": "Office head", "evaluator": "Evaluator", "administrator": "Administrator", "auditor": "Auditor",
}  # fmt: skip


def _person(app: Application, name: str) -> Choice:
    people = [(n, f"{n} · {t(ROLE_NAMES[p.role])}", "") for n, p in app.settings.people.items()]
    none = [] if name else [("", t("choose"), "")]
    return Choice("person", t("Person (believed)"), name, tuple(none + people),
                  t("People are believed, not proved: there are no accounts yet."))  # fmt: skip


def _language(chosen: Strip) -> Choice:
    return Choice("lang", t("Language"), chosen.lang, tuple((code, LANGUAGE_NAMES[code], "") for code in LANGUAGES))


def _choices(context: Here) -> list[Choice]:
    chosen, tree = context.strip, context.tree
    peers = tuple((group, group, "") for group in tree.peer_groups)
    return [
        Choice("period", t("Period"), chosen.period, tuple(periods.offered(context.now, chosen.period))),
        Choice("office", t("Office"), chosen.office or "", _office_options(tree, chosen.office)),
        Choice("peer", t("Peer group"), chosen.peer or "", (("", t("all groups"), ""), *peers)),
        _language(chosen),
    ]


def _office_options(tree: Tree, chosen: str | None) -> tuple[tuple[str, str, str], ...]:
    """Offices down to the station, each county a group; an office that is chosen but lower is offered too."""
    options = [("", t("all I may see"), "")]
    listed = [o for o in tree.offices.values() if o.level != "hall" or o.code == chosen]
    for office in sorted(listed, key=lambda o: [step.code for step in tree.path(o.code)]):
        county = next((step.name for step in tree.path(office.code) if step.level == "county"), "")
        options.append((office.code, office.name, county))
    return tuple(options)


def _facts(context: Here) -> list[Fact]:
    return [_as_of_fact(context), *_source_fact(context.fresh, context.now), _edition_fact(context)]


def _as_of_fact(context: Here) -> Fact:
    value = display.moment(context.as_of, context.now)
    if context.strip.as_of:
        return Fact(t("As of (asked for)"), value, display.exact(context.as_of), "soon")
    if context.fresh.judged_at is None:
        return Fact(t("Data as of"), t("not judged yet"), t("The worker judges what was imported."), "soon")
    return Fact(t("Data as of"), value, display.exact(context.as_of))


def _source_fact(fresh: Freshness, now: datetime) -> list[Fact]:
    if fresh.oldest_at is None:
        return [Fact(t("Oldest source"), display.NONE, t("Nothing has been imported yet."))]
    silent = (now - fresh.oldest_at).total_seconds() > SILENT_SECONDS
    value = f"{fresh.oldest_source} · {display.age(fresh.oldest_at, now)}"
    return [Fact(t("Oldest source"), value, display.exact(fresh.oldest_at), "soon" if silent else "")]


def _edition_fact(context: Here) -> Fact:
    return Fact(t("Rulebook"), context.edition.code, books.title(context.edition))


def _notes(context: Here) -> list[str]:
    notes = []
    if context.viewer.acting_for is not None:
        notes.append(t("You act for {name}, with their rights; what you do is kept under your own name.",
                       name=context.viewer.acting_for))  # fmt: skip
    if context.app.settings.company.demo:
        notes.append(t("Demo company: every office, person and record here is made up."))
    if context.fresh.preparing:
        notes.append(t("Still being prepared: {what}", what=t(context.fresh.preparing)))
    frozen = snapshot_of(context.app.db, context.strip.period) if context.asked is None else None
    if frozen is not None:
        told = t("{period} is frozen as {digest}: league, offices and records show the snapshot.",
                 period=periods.name(context.strip.period), digest=frozen.digest[:12])  # fmt: skip
        notes.append(told)
    if context.strip.as_of:
        notes.append(t("You see the state of {moment}, not the present one.", moment=display.exact(context.as_of)))
    return notes
