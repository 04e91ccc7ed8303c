"""docs/security.md: every attack names the tests that show what happened, and every named test exists, once."""

import ast
import re
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).parents[2]
DOCUMENT = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")


def rows():
    heads = ("| ASVS", "| case")
    return [line for line in DOCUMENT.splitlines() if line.startswith("| ") and not line.startswith(heads)]


def test_every_attack_names_its_tests_and_they_exist():
    known = Counter(
        name
        for path in (ROOT / "tests").rglob("test_*.py")
        for name in re.findall(r"^def (test_\w+)", path.read_text(encoding="utf-8"), re.M)
    )
    assert len(rows()) >= 40
    assert [row for row in rows() if "`test_" not in row] == []
    assert sorted({name for name in re.findall(r"`(test_\w+)`", DOCUMENT) if known[name] != 1}) == []


ITEM = r"\d{1,2}\.\d{1,2}\.\d{1,2}"


def test_the_items_are_written_as_the_standard_numbers_them():
    items = [row.split("|")[1].strip() for row in rows() if re.match(r"\| \d", row)]
    assert len(items) > 35
    assert [one for one in items if not re.fullmatch(rf"{ITEM}((–|, ){ITEM})*", one)] == []


FITTING = """1.2.4 1.2.5 1.2.10 1.3.6 1.5.2 2.3.1 2.3.2 2.3.3 2.3.4 2.3.5 3.3.1 3.3.2 3.3.3 3.3.4 3.3.5 3.4.1 3.4.2
3.4.3 3.4.4 3.4.5 3.4.6 5.2.2 5.2.3 5.2.4 5.2.6 5.3.2 5.3.3 5.4.2 7.1.1 7.3.1 7.4.1 8.2.1 8.2.2 8.2.3 8.4.2 10.1.2
10.2.1 10.5.1 13.2.4 13.2.5 13.3.1 13.3.2 14.2.1 14.2.4 14.2.7 14.3.2 15.4.1 15.4.2 16.2.2 16.3.3 16.4.1 16.4.2
16.5.1 16.5.2 16.5.3"""
"""The items of ASVS 5.0 that fit a dashboard that holds records of people and their deeds."""


def named(items):
    """Each item of `2.3.1, 3.4.1–3.4.6`."""
    for part in items.split(", "):
        first, _, last = part.partition("–")
        chapter, lowest = first.rsplit(".", 1)
        for number in range(int(lowest), int((last or first).rsplit(".", 1)[1]) + 1):
            yield f"{chapter}.{number}"


def test_every_item_that_fits_has_its_row():
    told = {one for row in rows() if re.match(r"\| \d", row) for one in named(row.split("|")[1].strip())}
    assert sorted(set(FITTING.split()) - told) == []


CODE = {"pickle", "cPickle", "dill", "cloudpickle", "joblib", "marshal", "shelve", "yaml"}
RUNS = {"eval", "exec", "os.system", "os.popen"}


def runs_text(node):
    """Imports what reads code out of a file, calls what runs a text, or hands a text to a shell."""
    if isinstance(node, ast.Import):
        return bool({alias.name.split(".")[0] for alias in node.names} & CODE)
    if isinstance(node, ast.ImportFrom):
        return (node.module or "").split(".")[0] in CODE
    if not isinstance(node, ast.Call):
        return False
    keys = {one.arg for one in node.keywords if getattr(one.value, "value", None) is True}
    return ast.unparse(node.func) in RUNS or bool(keys & {"shell", "allow_pickle"})


def test_no_text_is_run_and_nothing_is_unpickled():
    paths = [
        path for folder in ("checks", "collectors", "dashboard", "pages") for path in (ROOT / folder).rglob("*.py")
    ]
    assert len(paths) > 400
    trees = ((path, ast.parse(path.read_text(encoding="utf-8"))) for path in sorted(paths))
    found = [
        f"{path.relative_to(ROOT)}:{node.lineno}" for path, tree in trees for node in ast.walk(tree) if runs_text(node)
    ]
    assert found == []
