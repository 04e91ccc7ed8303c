"""What the entrance shows (登录页): small pages in our look, in both languages and themes, for phones too."""

from __future__ import annotations

from urllib.parse import quote

from dashboard.texts import LANGUAGES, current_language, t
from dashboard.web.markup import Safe, safe, tag
from dashboard.web.palette import css_variables

LANGUAGE_NAMES = {"zh": "中文", "en": "English"}
STYLE = """
*{box-sizing:border-box}
body{margin:0;min-height:100vh;display:grid;place-items:center;background:var(--mc-panel);color:var(--mc-text);
font:15px/1.5 "PingFang SC","Microsoft YaHei","Noto Sans CJK SC",sans-serif}
main{width:min(25rem,100vw - 2rem);background:var(--mc-ground);border:1px solid var(--mc-rule);border-radius:10px;
padding:1.6rem 1.5rem 1.4rem;margin:1.5rem 0}
h1{font-size:1.35rem;font-weight:600;margin:0 0 .2rem}
h2{font-size:1.02rem;font-weight:600;margin:1.1rem 0 .6rem}
p{margin:.3rem 0}
.quiet{color:var(--mc-quiet);font-size:.87rem}
label{display:block;margin:.75rem 0 .2rem;font-size:.87rem;color:var(--mc-quiet)}
input{width:100%;font:inherit;color:var(--mc-text);background:var(--mc-ground);border:1px solid var(--mc-quiet);
border-radius:6px;padding:.55rem .7rem;min-height:44px}
input:focus-visible,button:focus-visible,a:focus-visible,summary:focus-visible{outline:2px solid var(--mc-accent);
outline-offset:2px}
button{width:100%;margin-top:1.1rem;font:inherit;font-weight:600;min-height:44px;border:0;border-radius:6px;
background:var(--mc-accent);color:var(--mc-ground);cursor:pointer}
.door{display:block;text-align:center;font-weight:600;padding:.65rem;border:1px solid var(--mc-accent);
border-radius:6px;text-decoration:none}
.told,.problem{border-left:4px solid var(--mc-accent);background:var(--mc-panel);padding:.5rem .7rem;margin:.9rem 0 0}
.problem{border-color:var(--mc-breach)}
.problem b{color:var(--mc-breach)}
summary{cursor:pointer;margin-top:1.2rem;color:var(--mc-accent);min-height:1.8rem}
footer{display:flex;gap:1rem;margin-top:1.3rem;padding-top:.7rem;border-top:1px solid var(--mc-rule);font-size:.87rem}
a{color:var(--mc-accent)}
"""


def document(title: str, body: str, lang: str, nonce: str, company: str, here: str) -> str:
    """The whole page, at the address `here`, which the other language keeps. The theme is the browser's."""
    dark = css_variables("dark").replace(":root{", ":root{color-scheme:dark;")
    style = f"{css_variables('light')}@media(prefers-color-scheme:dark){{{dark}}}{STYLE}"
    others = [tag("a", LANGUAGE_NAMES[one], href=f"{here}&lang={one}", lang=one) for one in LANGUAGES if one != lang]
    head = safe(
        tag("meta", charset="utf-8"), tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("link", rel="icon", href="data:,"), tag("title", f"{title} · 明察 Mingcha"),
        Safe(f'<style nonce="{nonce}">{style}</style>'),
    )  # fmt: skip
    main = tag("main", tag("h1", "明察 Mingcha"), tag("p", company, class_="quiet"), Safe(body), tag("footer", others))
    return f"<!doctype html>{tag('html', tag('head', head), tag('body', main), lang=lang)}"


def with_notice(words: str, body: str) -> str:
    return safe(tag("p", words, class_="told", role="status") if words else None, Safe(body))


def with_problem(words: str, body: str) -> str:
    problem = tag("p", tag("b", t("This did not work.")), " ", words, class_="problem", role="alert")
    return safe(problem, Safe(body))


def sign_in_form(name: str, following: str, *, provider: bool) -> str:
    """Name and password; below it, folded, the field for a one-time code. `provider`: the company's own comes first."""
    elsewhere = tag("a", t("Sign in with the company account"), class_="door",
                    href=f"/enter/oidc?next={quote(following, safe='')}") if provider else None  # fmt: skip
    by_password = tag(
        "form", _field("name", t("Your name"), value=name, autocomplete="username", autofocus=not name),
        _field("password", t("Password"), type_="password", autocomplete="current-password", autofocus=bool(name)),
        _hidden(next=following), tag("button", t("Sign in")), method="post", action="/enter",
    )  # fmt: skip
    by_code = tag("details", tag("summary", t("I have a one-time code")), tag(
        "form", _field("code", t("One-time code"), autocomplete="one-time-code"), _hidden(next=following),
        tag("button", t("Use the code")), method="post", action="/enter",
    ))  # fmt: skip
    return safe(tag("h2", t("Sign in")), elsewhere, by_password, by_code)


def code_form(code: str, following: str) -> str:
    """The button of a one-time link."""
    return safe(
        tag("h2", t("One-time link")),
        tag("p", t("This link works once. After it you choose a password of your own.")),
        tag("form", _hidden(code=code, next=following), tag("button", t("Use the link")), method="post",
            action="/enter"),
    )  # fmt: skip


def password_form(name: str, following: str, least: int, *, old: bool) -> str:
    """A new password, twice; the old one unless a one-time code was just used."""
    asked = _field("old", t("Old password"), type_="password", autocomplete="current-password") if old else None
    return safe(
        tag("h2", t("New password for {name}", name=name)),
        tag("p", t("At least {n} characters; a short sentence is easy to keep. Every other sign-in ends.", n=least),
            class_="quiet"),
        tag("form", tag("input", name="username", value=name, autocomplete="username", hidden=True), asked,
            _field("new", t("New password"), type_="password", autocomplete="new-password", minlength=str(least)),
            _field("again", t("The new password again"), type_="password", autocomplete="new-password"),
            _hidden(next=following), tag("button", t("Set the password")), method="post", action="/enter/password"),
    )  # fmt: skip


def _field(name: str, label: str, **attributes: object) -> Safe:
    return safe(tag("label", label, for_=name), tag("input", id=name, name=name, required=True, **attributes))


def _hidden(**values: str) -> Safe:
    fields = {**values, "lang": current_language()}
    return safe(*(tag("input", type="hidden", name=name, value=value) for name, value in fields.items()))
