"""Tests about the repository itself: the way of the imports, where things lie, what files may say."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MAY_IMPORT = {
    "checks": {"checks"},
    "collectors": {"collectors"},
    "dashboard": {"dashboard", "checks", "collectors"},
    "pages": {"dashboard"},
}
TOP_LEVEL = {
    ".ci", ".gitignore", "CHANGELOG.md", "LICENSE", "Makefile", "README.md", "README.zh.md", "checks", "collectors",
    "dashboard", "docs", "pages", "pyproject.toml", "requirements-models.txt", "requirements-test.txt",
    "requirements.txt", "streamlit_config.toml", "tests",
}  # fmt: skip


def tracked(*patterns):
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", *patterns],
        cwd=ROOT, capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    return [ROOT / name for name in listed.split("\0") if name and (ROOT / name).is_file()]


def sources():
    return [path for path in tracked("*.py") if path.relative_to(ROOT).parts[0] in MAY_IMPORT]


def imported_modules(path):
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            yield node.module or ""


def test_there_are_sources_to_check():
    assert {path.relative_to(ROOT).parts[0] for path in sources()} == set(MAY_IMPORT)


@pytest.mark.parametrize("path", sources(), ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_point_one_way(path):
    part = path.relative_to(ROOT).parts[0]
    roots = {module.split(".")[0] for module in imported_modules(path)}
    assert roots & set(MAY_IMPORT) <= MAY_IMPORT[part]
    if part in ("checks", "collectors"):
        # a source of kind `database` reads foreign databases; ours is `dashboard`'s alone
        allowed = {"sqlalchemy"} if path.relative_to(ROOT).as_posix() == "collectors/database.py" else set()
        assert not (roots & {"streamlit", "sqlalchemy", "alembic", "psycopg"}) - allowed


def test_pages_hold_no_sql_and_no_rules():
    for path in sources():
        if path.relative_to(ROOT).parts[0] != "pages":
            continue
        roots = {module.split(".")[0] for module in imported_modules(path)}
        assert not roots & {"sqlalchemy", "polars", "checks", "collectors", "adbc_driver_sqlite"}, path
        texts = [node.value for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
                 if isinstance(node, ast.Constant) and isinstance(node.value, str)]  # fmt: skip
        assert not [text for text in texts if re.match(r"\s*(SELECT|INSERT|UPDATE|DELETE)\s", text, re.I)], path


def test_no_file_hides_a_module():
    """Streamlit puts a script's folder first on sys.path: a page called `statistics.py` would replace the real one."""
    hidden = set(sys.stdlib_module_names) | set(MAY_IMPORT) | {"utils"}
    scripts = [*(ROOT / "pages").glob("*.py"), *(ROOT / "dashboard").glob("*.py")]
    assert not [path for path in scripts if path.stem in hidden]
    assert not (ROOT / "pages" / "__init__.py").exists()
    assert not [path for path in sources() if path.stem in ("utils", "helpers", "misc")]


def test_the_top_level_holds_what_the_readme_says():
    found = {path.relative_to(ROOT).parts[0] for path in tracked()}
    assert found <= TOP_LEVEL, found - TOP_LEVEL


def test_test_files_have_names_of_their_own():
    names = [path.name for path in tracked("tests/*.py") if path.name.startswith("test_")]
    assert len(names) == len(set(names))


def test_no_file_names_a_registry_or_a_machine():
    pattern = re.compile(
        r"https?://[^\s\"']*/simple\b|files\.pythonhosted|pypi\.org|registry\.npmjs|(?<![\w.])/(root|work)/"
    )
    allowed = {"tests/repository/test_layout.py"}
    for path in tracked():
        if path.suffix in (".png", ".jpg") or str(path.relative_to(ROOT)) in allowed:
            continue
        assert not pattern.search(path.read_text(encoding="utf-8", errors="replace")), path


def test_every_dependency_has_its_reason():
    lines = (ROOT / "pyproject.toml").read_text(encoding="utf-8").splitlines()
    wanted = [line for line in lines if re.match(r'    "[a-z]', line) and "*" not in line and ">=" in line]
    assert len(wanted) > 20
    assert [line for line in wanted if "# " not in line] == []


def test_no_file_is_large():
    assert [path for path in tracked() if path.stat().st_size > 2_000_000] == []
