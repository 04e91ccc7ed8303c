"""Whatever exists is registered and documented, and whatever is registered exists."""

import re
from importlib import import_module
from pathlib import Path

import pytest

from checks.reasons import REASONS
from checks.rulebook.loader import load_rulebook
from collectors import SOURCES
from collectors.records import RECORDS
from dashboard.cli import GROUPS
from dashboard.cli.bench import BENCHES

ROOT = Path(__file__).parents[2]
SUPPORT = {"__init__", "__main__", "output"}


def text(*parts):
    return ROOT.joinpath(*parts).read_text(encoding="utf-8")


def test_every_kind_of_source_has_its_file_and_its_section_in_the_docs():
    for kind in SOURCES:
        assert (ROOT / "collectors" / f"{kind}.py").is_file(), kind
        assert f'kind = "{kind}"' in text("docs", "sources.md"), kind


def test_every_key_of_a_source_is_documented():
    known = {(field.alias or name) for _, config, _ in SOURCES.values() for name, field in config.model_fields.items()}
    documented = text("docs", "sources.md")
    assert [key for key in sorted(known) if not re.search(rf"`\[?{key}\b|\b{key} =", documented)] == []


def test_every_record_type_with_a_clock_or_count_has_its_judge():
    judged = {"tickets", "repairs", "applications", "evaluations", "measures", "samples", "inspections"}
    assert {path.stem for path in (ROOT / "checks" / "judge").glob("*.py")} >= judged
    assert judged <= set(RECORDS)


def test_every_page_is_listed_and_every_listed_page_exists():
    listed = set(re.findall(r'Page\("(\w+\.py)"', text("dashboard", "app.py")))
    assert listed == {path.name for path in (ROOT / "pages").glob("*.py")}


def test_every_group_of_commands_is_listed():
    files = {path.stem for path in (ROOT / "dashboard" / "cli").glob("*.py")} - SUPPORT
    assert files == set(GROUPS)


@pytest.mark.parametrize("name", BENCHES)
def test_every_bench_runs_from_the_command(name):
    assert callable(import_module(f"dashboard.bench.{name}").run)


def test_every_reason_code_is_documented_and_spoken_in_chinese():
    documented, spoken = text("docs", "codes.md"), text("dashboard", "catalogues", "zh", "reasons.po")
    for reason in REASONS:
        assert f"`{reason.code}`" in documented, reason.code
        assert reason.text in spoken or not reason.text, reason.code


def test_every_quarantine_reason_is_documented():
    used = set(re.findall(r'reason = "(\w+)"|Fault\("(\w+)"', "\n".join(
        path.read_text(encoding="utf-8") for path in (ROOT / "dashboard" / "intake").glob("*.py"))))  # fmt: skip
    documented = text("docs", "codes.md")
    assert [code for pair in used for code in pair if code and f"`{code}`" not in documented] == []


def test_the_rulebook_holds_all_indicators_of_the_design():
    expected = (
        [
            *(f"T{n}" for n in range(1, 6)),
            *(f"R{n}" for n in range(1, 6)),
            "H1",
            "H2",
            "H3",
            "C1",
            "C2",
            "C3",
            *(f"O{n}" for n in range(1, 6)),
        ],
        [5, 7, 5, 5, 3, 12, 6, 3, 2, 2, 15, 5, 5, 6, 2, 2, 4, 3, 3, 2, 3],
    )
    for edition in load_rulebook("promise").editions:
        weighted = [indicator for indicator in edition.indicators if indicator.weight]
        assert [indicator.code for indicator in weighted] == expected[0], edition.name
        assert [indicator.weight for indicator in weighted] == expected[1], edition.name


def test_decisions_are_numbered_and_have_three_parts():
    files = sorted((ROOT / "docs" / "decisions").glob("*.md"))
    assert [int(path.name[:4]) for path in files] == list(range(1, len(files) + 1))
    for path in files:
        for part in ("Context", "Decision", "Consequences"):
            assert part in path.read_text(encoding="utf-8"), path.name
