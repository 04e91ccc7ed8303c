"""Colours (配色): the two designed themes. A colour means one thing everywhere and never stands alone."""

from __future__ import annotations

from dataclasses import asdict, dataclass


@dataclass(frozen=True, slots=True)
class Palette:
    """One theme. Every colour of writing has a contrast of at least 4.5 : 1 on `ground` and on `panel`."""

    ground: str
    panel: str
    text: str
    quiet: str
    """Captions, axes, not judged, no data."""
    rule: str
    """Hairlines and borders; carries no meaning."""
    accent: str
    """The one accent (深青): links, own marks, what is fine."""
    breach: str
    """Vermilion (朱红): late, red line."""
    soon: str
    """Amber (琥珀): about to breach, provisional."""
    machine: str
    """Violet (紫): a machine's guess, drawn as an outline; a person's decision is filled."""
    wash: str
    """Faint accent behind a chosen row."""


LIGHT = Palette(
    ground="#FFFFFF", panel="#F2F5F5", text="#1A2426", quiet="#566466", rule="#D5DDDD", accent="#0B6B6B",
    breach="#C2341A", soon="#8C5A00", machine="#6746BE", wash="#E3F0EF",
)  # fmt: skip
DARK = Palette(
    ground="#0F1516", panel="#182123", text="#E3EAEA", quiet="#9AA9AB", rule="#2F3C3F", accent="#54C5BE",
    breach="#FF7F62", soon="#EBB24A", machine="#B7A2F5", wash="#17302F",
)  # fmt: skip
THEMES = {"light": LIGHT, "dark": DARK}


def palette(theme: str | None) -> Palette:
    """The palette of `st.context.theme.type`; light until the browser has said."""
    return THEMES.get(theme or "light", LIGHT)


def css_variables(theme: str | None) -> str:
    """The palette as custom properties `--mc-<name>` of the document."""
    colours = asdict(palette(theme))
    return ":root{" + "".join(f"--mc-{name}:{value};" for name, value in colours.items()) + "}"


def contrast(first: str, second: str) -> float:
    """Contrast ratio of two `#RRGGBB` colours by WCAG 2.2, 1 to 21."""
    lighter, darker = sorted((_luminance(first), _luminance(second)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: str) -> float:
    channels = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
