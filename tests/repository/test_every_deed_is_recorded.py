"""Every deed is a line of the audit trail: each function that takes who does it (`by`) leads to `audit.record`."""

import ast
from pathlib import Path

ROOT = Path(__file__).parents[2]
FOLDERS = ("accounts", "actions", "cases", "disputing", "evidence", "exports", "forms", "intake", "notices",
           "reviewing", "sampling", "operations")  # fmt: skip
RECORDS = {"actions.audit.record", "evidence.chain.append", "evidence.chain.enter"}
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


def called(node, module, imported, known):
    """Functions of the project that a function calls, or names (a context manager, a function handed on)."""
    for inner in ast.walk(node):
        if isinstance(inner, ast.Name):
            yield imported.get(inner.id, f"{module}.{inner.id}")
        elif isinstance(inner, ast.Attribute) and isinstance(inner.value, ast.Name):
            yield f"{imported[inner.value.id]}.{inner.attr}" if inner.value.id in imported else f"{module}.{inner.attr}"
        elif isinstance(inner, ast.Attribute):
            yield f"{module}.{inner.attr}"


def test_every_deed_leads_to_a_line():
    known = functions()
    calls = {name: set(called(*one, known)) & (known.keys()) for name, one in known.items()}
    recording = set(RECORDS)
    while True:
        more = {name for name, inner in calls.items() if inner & recording} - recording
        if not more:
            break
        recording |= more
    deeds = {
        name for name, (node, module, _) in known.items()
        if module.split(".")[0] in FOLDERS and not node.name.startswith("_")
        and any(one.arg == "by" for one in node.args.kwonlyargs)
        and not (node.args.args and node.args.args[0].arg in WITHIN)
    }  # fmt: skip
    assert len(deeds) > 60
    assert sorted(deeds - recording - ALLOWED.keys()) == []
    assert sorted(name for name in ALLOWED if name not in known) == []
