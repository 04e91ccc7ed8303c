"""docs/codes.md lists every code that can be printed, and every sentence has its Chinese."""

from __future__ import annotations

from pathlib import Path

from checks.reasons import NUMBER, REASONS, STATES
from dashboard.texts import catalogue

ROOT = Path(__file__).parents[2]


def test_every_reason_and_verdict_is_documented() -> None:
    text = (ROOT / "docs" / "codes.md").read_text(encoding="utf-8")
    for code in (*STATES.values(), *(reason.code for reason in REASONS)):
        assert f"| `{code}` |" in text, code


def test_every_reason_has_a_sentence_in_chinese() -> None:
    chinese = catalogue("zh")
    assert [reason.code for reason in REASONS if reason.text not in chinese] == []


def test_a_reasons_number_fits_its_six_bits_and_codes_are_unique() -> None:
    assert len(NUMBER) == len(REASONS) <= 64
