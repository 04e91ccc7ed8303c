"""Who may do what stands in one table: no other file names roles to decide by, and every deed has its Chinese."""

import ast
from pathlib import Path

import pytest

from dashboard.errors import NotAllowedError
from dashboard.people import EVERYTHING, Viewer, system_viewer
from dashboard.rights import RIGHTS, may, require
from dashboard.settings import ROLES
from dashboard.texts import catalogue

ROOT = Path(__file__).parents[2]
NAMES = {*ROLES, "system"}
OWN = {"dashboard/rights.py", "dashboard/settings.py", "dashboard/people.py"}


def names_of_roles(node):
    """The roles in a literal tuple, list or set, or in a comparison of somebody's role with a literal."""
    if isinstance(node, ast.Tuple | ast.List | ast.Set):
        texts = [one.value for one in node.elts if isinstance(one, ast.Constant)]
        return len(texts) > 1 and len(texts) == len(node.elts) and set(texts) <= NAMES
    if isinstance(node, ast.Compare):
        sides = [node.left, *node.comparators]
        asked = any(getattr(side, "attr", getattr(side, "id", "")) == "role" for side in sides)
        return asked and any(isinstance(side, ast.Constant) and side.value in NAMES for side in sides)
    return False


def test_no_other_file_decides_by_the_name_of_a_role():
    found = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for folder in ("dashboard", "pages")
        for path in sorted((ROOT / folder).rglob("*.py"))
        if str(path.relative_to(ROOT)) not in OWN
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if names_of_roles(node)
    ]
    assert found == []


def deeds_named():
    """(deed, where) of every `may(viewer, "…")` and `require(viewer, "…")`."""
    for folder in ("dashboard", "pages"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Call) and getattr(node.func, "id", "") in ("may", "require"):
                    for argument in node.args[1:2]:
                        if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
                            yield argument.value, f"{path.relative_to(ROOT)}:{node.lineno}"


def test_every_deed_that_is_asked_for_has_its_row():
    assert [(deed, where) for deed, where in deeds_named() if deed not in RIGHTS] == []


def test_every_deed_has_its_chinese_and_roles_that_exist():
    assert [deed for deed in RIGHTS if not catalogue("zh").get(deed)] == []
    assert {role for right in RIGHTS.values() for role in right.roles} <= NAMES


@pytest.mark.parametrize(
    ("viewer", "deed", "allowed", "told"),
    [
        (Viewer("a", "administrator", EVERYTHING), "change the slots", True, ""),
        (Viewer("a", "administrator", frozenset({"S1"})), "change the slots", False, "Who sees the whole company"),
        (Viewer("b", "inspector", EVERYTHING), "change the slots", False, "Roles that may: administrator."),
        (Viewer("b", "inspector", frozenset({"S1"})), "decide about a sample", True, ""),
        (Viewer("c", "auditor", EVERYTHING), "decide about a sample", False, "c (auditor) may not"),
        (system_viewer(), "decide about a sample", False, "'system' may not decide about a sample. Say who you are"),
        (system_viewer(), "remove evidence", True, ""),
    ],
)
def test_a_deed_takes_its_role_and_where_asked_sight_of_the_whole_company(viewer, deed, allowed, told):
    assert may(viewer, deed) is allowed
    if allowed:
        require(viewer, deed)
    else:
        with pytest.raises(NotAllowedError) as refused:
            require(viewer, deed)
        assert told in str(refused.value)
