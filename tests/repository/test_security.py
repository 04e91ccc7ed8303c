"""docs/security.md: every attack names the tests that show what happened, and every named test exists, once."""

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
