"""Every text that a page, a command or a document shows exists in Chinese, once, with the same fields."""

import ast
import re
import string
from importlib import import_module
from pathlib import Path

import pytest
from babel.messages.pofile import read_po

ROOT = Path(__file__).parents[2]
CATALOGUES = ROOT / "dashboard" / "catalogues" / "zh"
TABLES = {
    "dashboard.cases.telling": ("DEED_WORDS",),
    "collectors.video.witnesses": ("REASONS",),
    "dashboard.freezing.checklist": ("WORDS",),
    "checks.office_history": ("MESSAGES",),
    "dashboard.queries.office_changes": ("SENTENCES", "ADJUSTED"),
    "dashboard.flag_words": ("TITLES",),
    "dashboard.queries.samples": ("WHY_PROBLEM",),
    "dashboard.cases.words": (
        "STATES",
        "SIDES",
        "KINDS",
        "STEPS",
        "GRAVE",
        "CAUSES",
        "LADDER",
        "FIELDS",
        "LOOK_FIELDS",
    ),
    "dashboard.web.components.violations": ("BUTTONS",),
    "dashboard.web.components.letters": ("TITLES",),
    "dashboard.exports.violations": ("DONE",),
    "dashboard.sampling.gaps": ("TITLES",),
    "dashboard.web.books": ("LINES",),
    "dashboard.web.charts.funnel": ("READINGS",),
    "dashboard.web.charts.offices": ("KINDS",),
    "dashboard.web.components.changes": ("TREES",),
    "dashboard.web.components.offices": ("FORMS",),
    "dashboard.web.frame": ("ROLE_NAMES", "SECTIONS"),
    "dashboard.web.views.cameras": ("KIND_WORDS", "CHANGES"),
    "dashboard.web.views.connections": ("STATES",),
    "dashboard.web.views.connection_board": ("KINDS", "ASKED"),
    "dashboard.web.views.agreement": ("CALLS", "DRIFTS"),
    "dashboard.web.views.forms": ("STEPS", "THINGS", "ANSWER_WORDS", "IDENTITY", "HANDED_OUT", "STANDINGS"),
    "dashboard.web.views.search": ("TITLES", "WHY", "LEFT_OUT"),
    "dashboard.web.views.inspections": ("KINDS", "WAYS", "RESULTS", "GROUPS"),
    "dashboard.web.views.lines": ("UNITS", "DIRECTIONS", "GROUPS", "KINDS"),
    "dashboard.web.components.keeping": ("KINDS",),
    "dashboard.web.components.review": ("GROUPS", "GRADES", "WORDS"),
    "dashboard.web.views.review": ("DECISIONS", "CLOSED"),
    "dashboard.web.views.flags": ("DEEDS", "STATES", "CHANGES", "CONTROL_STATES", "PLACES"),
    "dashboard.web.views.league": ("REASONS",),
    "dashboard.web.views.mapping": ("HOW", "SKIPPED", "PROFILE_TEXTS"),
    "dashboard.web.views.marks": ("GRADES", "MARKS"),
    "dashboard.web.views.names": ("RECORDS", "STAMPS", "COLUMNS", "VALUES", "RELATIONS"),
    "dashboard.web.views.office": ("VERDICTS", "LEVELS"),
    "dashboard.web.views.offices": ("DEEDS", "AREAS", "FIELDS"),
    "dashboard.web.components.evidence": ("SCOPES",),
    "dashboard.web.views.evidence": ("KINDS", "FAULTS", "WHY", "STEPS", "FACTS"),
    "dashboard.web.views.figures": ("NAMES", "DEFINITIONS"),
    "dashboard.actions.disputes": ("OUTCOMES",),
    "dashboard.web.views.disputes": ("STATES", "WISHES"),
    "dashboard.web.views.exclusions": ("STATES", "REASONS", "DECISIONS", "AREAS"),
    "dashboard.notices.writing": ("TOPICS",),
    "dashboard.notices.escalating": ("WORDS", "EARLY", "KINDS", "STEPS"),
    "dashboard.web.views.notices": ("STATES", "WHY"),
    "dashboard.web.views.people": ("ENTRIES", "STATES", "HAPPENED"),
    "dashboard.web.views.quarantine": ("STATES", "DEEDS"),
    "dashboard.web.views.quarter": ("ACTIONS", "WHY"),
    "dashboard.web.views.record": ("FATES", "UNITS"),
    "dashboard.web.views.rulebook": ("KIND_WORDS", "ORIGINS", "CLOCK_UNITS", "NUMBER_NAMES"),
    "dashboard.web.views.sources": ("SOURCE_WORDS", "PROCESS_WORDS", "OUTCOMES", "REASONS"),
    "dashboard.web.views.sampling": ("KINDS", "TITLES"),
    "dashboard.web.views.signals": ("SENTENCES", "CONCLUSIONS"),
    "dashboard.web.views.today": ("CAUSES", "MARKS"),
    "dashboard.web.views.warnings": ("LEVELS", "STATES", "DEEDS", "BECAUSE"),
    "dashboard.web.views.what": ("MEANINGS", "INTERVALS"),
}
"""Tables whose values are msgids: the text itself, or the word beside a tone or a shape."""


def messages():
    """(file, msgid, msgstr) of all Chinese catalogues."""
    for path in sorted(CATALOGUES.glob("*.po")):
        with path.open("rb") as file:
            yield from ((path.name, str(m.id), str(m.string)) for m in read_po(file, locale="zh") if m.id)


def literals():
    """Texts written as the first argument of `t(…)`, and the titles of pages."""
    for path in [*(ROOT / "pages").glob("*.py"), *(ROOT / "dashboard").rglob("*.py")]:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("t", "Page"):
                for argument in node.args[:1] if node.func.id == "t" else node.args[2:3]:
                    if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
                        yield argument.value, f"{path.relative_to(ROOT)}:{node.lineno}"


def tabled():
    for module, names in TABLES.items():
        for name in names:
            for value in getattr(import_module(module), name).values():
                words = (value,) if isinstance(value, str) else value
                yield next(word for word in words if len(word) > 1 and re.search("[A-Za-z]", word)), f"{module}.{name}"


def canned():
    module = import_module("dashboard.web.components.review")
    yield from ((text, "dashboard.web.components.review.REASONS") for text in module.REASONS)
    known = import_module("checks.authenticity.catalogue").signals()
    yield from ((signal.looks_for, "checks/authenticity/signals.toml") for signal in known.values())
    titles = import_module("collectors.video.rules").titles()
    yield from ((title, "collectors/video/detectors.toml") for title in titles)


def fields(text):
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def test_every_text_is_there_in_chinese():
    known = {msgid for _, msgid, msgstr in messages() if msgstr}
    missing = [f"{where}: {text}" for text, where in [*literals(), *tabled(), *canned()] if text and text not in known]
    assert missing == []


def test_a_translation_has_the_fields_of_its_text():
    assert [(name, msgid) for name, msgid, msgstr in messages() if fields(msgid) != fields(msgstr)] == []


def test_no_text_is_translated_in_two_ways():
    found: dict[str, set[str]] = {}
    for _, msgid, msgstr in messages():
        found.setdefault(msgid, set()).add(msgstr)
    assert {msgid: texts for msgid, texts in found.items() if len(texts) > 1} == {}


@pytest.mark.parametrize("path", sorted(CATALOGUES.glob("*.po")), ids=lambda path: path.name)
def test_no_text_is_given_twice_in_a_catalogue(path):
    ids = [msgid for name, msgid, _ in messages() if name == path.name]
    assert len(ids) == len(set(ids))
