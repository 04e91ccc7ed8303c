"""The rules of warning that a company knows (预警规则登记): the shipped ones and those of `warnings.toml`."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from checks.errors import RuleError
from checks.measures import OWN as OWN_MEASURES
from checks.measures import load_measures
from checks.warnings.catalogue import OWN, WarningRules, with_own

THROUGH, OWN_RULES = "warned_through", "warning_rules"
"""Keys of META: what was looked at last (`keeping.Last`); the company's own rules as they were then, for the titles."""


def warning_rules(home: Path) -> WarningRules:
    """Rules and measures of a company; the same object as long as its files stay. RuleError names what is wrong."""
    return _known(*(_changed(home / name) for name in (OWN, OWN_MEASURES)))


def _changed(path: Path) -> tuple[Path, int] | None:
    return (path, path.stat().st_mtime_ns) if path.is_file() else None


@cache
def _known(rules: tuple[Path, int] | None, measures: tuple[Path, int] | None) -> WarningRules:
    known = load_measures(*([measures[0]] if measures else []))
    try:
        own = rules[0].read_text(encoding="utf-8") if rules else ""
    except UnicodeDecodeError as error:
        raise RuleError(f"{OWN} is not UTF-8: {error}. Save it as UTF-8.") from error
    return WarningRules(with_own(own), known, own)
