"""Whatever goes wrong on a page is said in the page's language: every error its queries and actions can raise."""

import ast
import re
from pathlib import Path

import pytest

from checks.errors import PeriodError
from dashboard.error_texts import said, translated
from dashboard.errors import NotAllowedError, UsageError
from dashboard.texts import catalogue, set_language

ROOT = Path(__file__).parents[2]
RAISED_UNDER = ("dashboard/queries", "dashboard/actions", "dashboard/judging", "dashboard/web", "dashboard/freezing",
                "dashboard/exports", "dashboard/database", "dashboard/people.py", "dashboard/rights.py",
                "dashboard/bootstrap.py",
                "dashboard/settings.py", "dashboard/cli/output.py", "dashboard/intake/collecting.py",
                "dashboard/intake/mappings.py", "checks/periods.py", "dashboard/evidence/holds.py",
                "dashboard/evidence/case.py", "dashboard/evidence/package.py",
                "dashboard/accounts")  # fmt: skip
BEFORE_ANY_PAGE = {"dashboard/web/server.py", "dashboard/database/arrow_process.py"}
NEVER_ON_A_PAGE = {"ValueError", "AssertionError", "KeyError", "TypeError", "RuntimeError", "StopIteration"}


@pytest.fixture(autouse=True)
def chinese():
    set_language("zh")
    yield
    set_language("zh")


def sources():
    for place in RAISED_UNDER:
        path = ROOT / place
        found = sorted(path.rglob("*.py")) if path.is_dir() else [path]
        yield from (one for one in found if str(one.relative_to(ROOT)) not in BEFORE_ANY_PAGE)


def texts_of(node, known):
    """The sentences an expression may be, with `{}` for every value; nothing for what is only handed on."""
    if isinstance(node, ast.Constant):
        return [node.value] if isinstance(node.value, str) else []
    if isinstance(node, ast.JoinedStr):
        return ["".join(part.value if isinstance(part, ast.Constant) else "{}" for part in node.values)]
    if isinstance(node, ast.IfExp):
        return [*texts_of(node.body, known), *texts_of(node.orelse, known)]
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        rights = texts_of(node.right, known) or ["{}"]
        return [left + right for left in texts_of(node.left, known) or ["{}"] for right in rights]
    if isinstance(node, ast.Name):
        return [text for value in known.get(node.id, ()) for text in texts_of(value, {})]
    return []


def raised():
    """(text with `{}`, where) of every message and hint."""
    for path in sources():
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for function in [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]:
            known = {}
            for node in ast.walk(function):
                if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
                    known.setdefault(node.targets[0].id, []).append(node.value)
            for node in ast.walk(function):
                if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call):
                    name = getattr(node.exc.func, "id", getattr(node.exc.func, "attr", ""))
                    if name.endswith("Error") and name not in NEVER_ON_A_PAGE:
                        for argument in node.exc.args[:2]:
                            for text in texts_of(argument, known):
                                yield text, f"{path.relative_to(ROOT)}:{node.lineno}"


def test_every_error_a_page_can_show_is_there_in_chinese():
    known = {re.sub(r"\{\w*\}", "{}", msgid) for msgid in catalogue("zh")}
    only_values = re.compile(r"[{}\s.]*")
    missing = {f"{where}: {text}" for text, where in raised() if not only_values.fullmatch(text) and text not in known}
    assert sorted(missing) == []


def test_the_values_of_a_sentence_are_put_into_the_translation():
    error = UsageError("There is no office '990109'.", "Did you mean '990101' (东河供电所)?")
    assert said(error) == "没有单位“990109”。是否指“990101”（东河供电所）？"
    assert said(NotAllowedError("许立 (office_head) may not read leads.", "Inspectors and evaluators do.")) == (
        "许立（所长）无权查看线索。由纪检监察和考核人员查看。"
    )
    assert said(PeriodError("'2026-Q9' is no period. Known forms: 2026-Q3, 2026-09, 2026-W38, "
                            "2026-09-01..2026-09-15.")).startswith("“2026-Q9”不是统计周期。写法有 2026-Q3")  # fmt: skip


def test_braces_and_line_breaks_in_a_value_change_nothing():
    assert translated("There is no batch {number}\n{x}.") == "没有批次 {number}\n{x}。"


def test_a_sentence_nobody_has_translated_stays_as_it_is_and_english_stays_english():
    assert translated("The moon is full.") == "The moon is full."
    set_language("en")
    assert said(UsageError("There is no level 'x'.", "Known are hall.")) == "There is no level 'x'. Known are hall."
