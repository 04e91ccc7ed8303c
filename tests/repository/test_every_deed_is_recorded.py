"""Every deed is a line of the audit trail and asks who may: each function that takes who does it (`by`) leads there.

And every query makes something of who looks (`viewer`): a right, a scope, or what is that person's own.
"""

import ast
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
FOLDERS = ("accounts", "actions", "cases", "disputing", "evidence", "exports", "forms", "intake", "notices",
           "reviewing", "sampling", "operations")  # fmt: skip
RECORDS = frozenset({"actions.audit.record", "evidence.chain.append", "evidence.chain.enter"})
"""A line of the trail, or an entry of its own in the signed chain."""
WITHIN = ("connection", "transaction", "tables")
"""First parameter of what is part of a deed: it runs in the transaction of one that records."""
OWN = "a draft or a place in a queue of one's own; what comes of it is recorded"
BATCH = "its batch says who brought which file, with its SHA-256, and is never changed"
ALLOWED = {
    "actions.desk.next_sample": OWN, "actions.forms.begin": OWN, "actions.forms.save": OWN,
    "actions.inspections.add_photograph": OWN, "actions.inspections.drop_photograph": OWN,
    "actions.inspections.save_entry": OWN, "actions.inspections.start": OWN, "actions.review.claim": OWN,
    "actions.review.claim_gold": OWN, "actions.review.put_back": OWN,
    "actions.notices.mark_read": "that one has read one's own notices",
    "actions.offices.preview_change": "shows what a change would do, and changes nothing",
    "intake.watching.watch": "flags what came in: the machine's doing, each flag a row that is never changed",
    "sampling.storing.announce": "the day's plan, whose commitment was sealed the evening before",
    "intake.taking.import_file": BATCH, "intake.taking.take_in": BATCH,
}  # fmt: skip
"""`module.function` → why no line of its own is needed."""


ASKS = frozenset({"rights.require", "rights.may", "people.require_decider", "queries.offices.visible_tree"})
SIGN_IN = "one's own sign-in or token"
CHAIN = "the machine's: seals, reveals and stores what nobody chooses"
UNASKED = {
    "accounts.sessions.act_for": SIGN_IN, "accounts.sessions.end": SIGN_IN, "accounts.sessions.end_own": SIGN_IN,
    "accounts.tokens.end_token": SIGN_IN,
    "actions.export.export_halls": "writes what `hall_reports` told this person",
    "actions.export.hall_document": "writes what `hall_reports` told this person",
    "actions.inspections.add_photograph": OWN, "actions.inspections.discard": OWN,
    "actions.inspections.drop_photograph": OWN, "actions.inspections.save_entry": OWN,
    "actions.notices.mark_read": "one's own notices",
    **dict.fromkeys(("cases.effects.annul", "cases.effects.follow", "cases.effects.hold", "cases.effects.lift",
                     "cases.stored.enter_event", "cases.stored.enter_source"), "part of a deed of a case, which asks"),
    "intake.watching.watch": CHAIN,
    "sampling.sealing.reveal": CHAIN, "sampling.sealing.seal": CHAIN, "sampling.storing.announce": CHAIN,
    "sampling.storing.conclude": CHAIN,
}  # fmt: skip
"""`module.function` → why it asks for no right and no scope."""
UNSEEN = {
    "queries.calendar.loaded_notices": "notices of holidays, which everybody may read",
    "queries.calendar.preview": "counts over the whole company; the page offers it to who may load a notice",
    "queries.calendar.provisional_records": "counts over the whole company, told as such",
    "queries.disputes.exclusion_holds": "of disputes that the caller was shown",
    "queries.freshness.freshness": "when sources were last heard, of no office",
    "queries.jobs.process_state": "whether web and worker live, of no office",
    "queries.staleness.silent_sources": "when sources were last heard, of no office",
    "queries.violation_looks.kinds_of_evidence": "of a case that the caller was shown",
    "queries.violation_looks.kinds_of_proof": "of a case that the caller was shown",
    "queries.yesterday.first_imports": "sources, of no office",
}  # fmt: skip
"""`module.function` → why it makes nothing of who looks."""


@cache
def functions():
    """(module.function, its tree, names that the module imports from the project) of everything below dashboard/."""
    found = {}
    for path in sorted((ROOT / "dashboard").rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        module = ".".join(path.relative_to(ROOT / "dashboard").with_suffix("").parts)
        imported = {}
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("dashboard"):
                base = (node.module or "").removeprefix("dashboard").lstrip(".")
                imported |= {one.asname or one.name: ".".join(filter(None, (base, one.name))) for one in node.names}
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef):
                found[f"{module}.{node.name}"] = (node, module, imported)
    return found


def called(node, module, imported):
    """Functions of the project that a function calls, or names (a context manager, a function handed on)."""
    for inner in ast.walk(node):
        if isinstance(inner, ast.Name):
            yield imported.get(inner.id, f"{module}.{inner.id}")
        elif isinstance(inner, ast.Attribute) and isinstance(inner.value, ast.Name):
            yield f"{imported[inner.value.id]}.{inner.attr}" if inner.value.id in imported else f"{module}.{inner.attr}"
        elif isinstance(inner, ast.Attribute):
            yield f"{module}.{inner.attr}"


@cache
def leading_to(ends):
    """The functions that call one of these, or one that does."""
    calls = {name: set(called(*one)) & functions().keys() for name, one in functions().items()}
    found = set(ends)
    while more := {name for name, inner in calls.items() if inner & found} - found:
        found |= more
    return found


@cache
def deeds():
    """The functions that do something in somebody's name, but for parts of others."""
    return {
        name for name, (node, module, _) in functions().items()
        if module.split(".")[0] in FOLDERS and not node.name.startswith("_")
        and any(one.arg == "by" for one in node.args.kwonlyargs)
        and not (node.args.args and node.args.args[0].arg in WITHIN)
    }  # fmt: skip


def test_every_deed_leads_to_a_line():
    assert len(deeds()) > 60
    assert sorted(deeds() - leading_to(RECORDS) - ALLOWED.keys()) == []
    assert sorted(name for name in ALLOWED if name not in functions()) == []


def test_every_deed_asks_who_may_or_what_they_may_see():
    asking = leading_to(ASKS)
    assert sorted(deeds() - asking - UNASKED.keys()) == []
    assert sorted(name for name in UNASKED if name in asking or name not in deeds()) == []


def test_every_query_makes_something_of_who_looks():
    """A parameter that nothing reads would be scope in name only."""
    looks = {
        name: any(isinstance(inner, ast.Name) and inner.id == "viewer" for inner in ast.walk(node))
        for name, (node, module, _) in functions().items()
        if module.startswith("queries.") and "viewer" in {one.arg for one in node.args.args + node.args.kwonlyargs}
    }
    assert len(looks) > 120
    assert sorted(name for name, read in looks.items() if not read and name not in UNSEEN) == []
    assert sorted(name for name in UNSEEN if looks[name]) == []
