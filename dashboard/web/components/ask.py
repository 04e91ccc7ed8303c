"""What is this number? (这个数字是什么): a small button beside a figure, which opens what is known of it.

The button carries only a name; what it opens is written when somebody asks (`dashboard.web.asking`). It is a real
button: the keyboard reaches it, and a thumb.
"""

from __future__ import annotations

from dashboard.texts import t
from dashboard.web.markup import Safe, safe, tag

SEPARATOR = "|"
ROW, CELL = "row", "cell"


def ask_row(office: str) -> Safe:
    """Beside a score, a rank or a grade of an office."""
    return _button(ROW, office)


def ask_cell(office: str, indicator: str) -> Safe:
    """Beside an indicator of an office."""
    return _button(CELL, office, indicator)


def ask(figure: str, **counts: int) -> Safe:
    """Beside any other figure (a name of `dashboard.web.views.figures`), with what was counted where it is known.

    `counts`: n, pending, unjudgeable, excluded.
    """
    return _button(figure, *(f"{name}={count}" for name, count in counts.items()))


def beside(shown: Safe, button: Safe) -> Safe:
    """A heading or a figure with its button; a link cannot hold a button, so they stand side by side."""
    return tag("div", shown, button, class_="asked")


def valued(value: object, button: Safe) -> Safe:
    """A value of a table with its button."""
    return safe(value, " ", button)


def _button(*parts: str) -> Safe:
    # the mark itself is drawn by the style sheet: a table that is copied holds its figures alone
    return tag("button", type="button", class_="mc-what", data_what=SEPARATOR.join(parts),
               aria_label=t("What is this number?"))  # fmt: skip
