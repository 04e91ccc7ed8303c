"""docs/permissions.md and the behaviour say the same: every right, page, command and route, role by role, and by place.

One company, on SQLite, for the whole file; a page or command runs once for each person to whom it could differ.
"""

import ast
import contextlib
import inspect
import io
import pkgutil
import re
import shlex
from importlib import import_module
from pathlib import Path

import pytest
import typer

import dashboard.actions
import dashboard.queries
from dashboard.cli import make_app
from dashboard.database import Database
from dashboard.errors import MingchaError, NotAllowedError
from dashboard.people import system_viewer
from dashboard.rights import RIGHTS
from dashboard.settings import ROLES, load
from dashboard.texts import set_language, t
from dashboard.web import server, wiring
from tests.dashboard.permitted import ASKED, PLACED, SHOWN_ONLY, Setting, viewer
from tests.journeys.company import make_company
from tests.pages.opening import run_page, text_of

ROOT = Path(__file__).parents[2]
DOCUMENT = (ROOT / "docs" / "permissions.md").read_text(encoding="utf-8")
WHOLE, OWN = "whole company", "own offices"
MACHINE = {"up", "web", "worker", "init", "doctor", "backup", "restore", "bench", "token"}
DAYS = {"01-01": "no", "01-04": "no", "01-09": "yes", "05-01": "no", "10-01": "no"}
SEEN = {"inspector": "9902", "evaluator": "9901", "administrator": "9902", "auditor": "9901", "reviewer": "9901",
        "regional_manager": "9902", "office_head": "990102"}  # fmt: skip
"""The offices of those who open pages: each sees a part of the company."""
FOREIGN = {"9901": "南庄", "9902": "西坝", "990102": "东河"}
"""What who sees these offices must not read the name of."""


def rows(section):
    """The rows of the tables of a section, each a dict by its heading."""
    text = re.search(rf"^## {section}\n(.*?)(?=^## |\Z)", DOCUMENT, re.M | re.S)[1]
    head = []
    for line in text.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split(" |")] if line.startswith("|") else []
        cells = [cell.strip() for cell in cells]
        if not cells or set(line) <= set("|-"):
            head = head if cells else []
        elif not head:
            head = cells
        else:
            yield dict(zip(head, cells, strict=True))


def allowed(row):
    return {role for role in (*ROLES, "system") if row.get(role) == "✓"}


DEEDS = {row["deed"]: row for row in rows("Rights")}
PAGES = {row["page"]: row for row in rows("Pages")}
COMMANDS = [(row["command"].strip("`"), row) for row in rows("Commands")]


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """The small company with a person of every role, once with everything in sight and once with 9901."""
    home = make_company(tmp_path_factory.mktemp("permissions") / "home")
    file = home / "mingcha.toml"
    text = file.read_text(encoding="utf-8")
    people = [f'"{role}-{office}" = {{ role = "{role}", offices = ["{office}"] }}'
              for role in ROLES for office in ("*", "9901", "9902", "990102")]  # fmt: skip
    file.write_text(text[: text.index("[people]")] + "[people]\n" + "\n".join(people) + "\n", encoding="utf-8")
    (home / "clip.mp4").write_bytes(b"no film")
    (home / "form.json").write_text('{"steps": {}}', encoding="utf-8")
    days = "\n".join(f"2027-{day},{working},x,x,2026-11-03" for day, working in DAYS.items())
    (home / "days.csv").write_text(f"date,working,name,document,issued\n{days}\n", encoding="utf-8")
    return home


@pytest.fixture(scope="module")
def setting(home):
    db = Database(f"sqlite:///{home / 'mingcha.db'}")
    yield Setting.of(db, load({}, home))
    db.engine.dispose()


# --- rights -----------------------------------------------------------------------------------------------------------


def test_the_document_names_every_right_with_its_roles_and_place():
    assert set(DEEDS) == set(RIGHTS)
    told = {deed: (allowed(row), row["where"] == WHOLE) for deed, row in DEEDS.items()}
    assert told == {deed: (set(right.roles), right.whole) for deed, right in RIGHTS.items()}
    assert set(ASKED) | SHOWN_ONLY == set(RIGHTS)


NOT_MAY = rf".+ may not ({'|'.join(map(re.escape, RIGHTS))})\."


def refused(call, setting, by):
    """Whether a right is refused; whatever comes after the question does not matter here."""
    try:
        call(setting, by)
    except NotAllowedError as error:
        return re.fullmatch(NOT_MAY, error.message) is not None
    except Exception:  # noqa: BLE001 - past the question: there is nothing of that number, name or file
        return False
    return False


def test_every_right_is_asked_for_by_what_it_is_about(setting):
    """Each action as each role, once for the whole company and once for a part of it."""
    wrong = []
    for deed, call in ASKED.items():
        row = DEEDS[deed]
        for role in (*ROLES, "system"):
            for office in ("*", "9901"):
                by = system_viewer() if role == "system" else viewer(role, office)
                may = role in allowed(row) and (role == "system" or office == "*" or row["where"] != WHOLE)
                if refused(call, setting, by) is may:
                    wrong.append((deed, by.name, "refused" if may else "let through"))
    assert wrong == []


def answer_of(call, setting, by):
    try:
        call(setting, by)
    except MingchaError as error:
        return error.message
    return ""


@pytest.mark.parametrize("deed", PLACED)
def test_what_lies_elsewhere_is_refused_to_who_may_it_at_home(setting, deed):
    role = min(allowed(DEEDS[deed]) - {"system"})
    assert DEEDS[deed]["where"] == OWN
    with pytest.raises(MingchaError) as elsewhere:
        PLACED[deed](setting, viewer(role, "9902"))
    assert answer_of(PLACED[deed], setting, viewer(role, "9901")) != elsewhere.value.message


# --- pages ------------------------------------------------------------------------------------------------------------


def listed_pages():
    return dict(re.findall(r'Page\("(\w+)\.py", "(\w+)"', (ROOT / "dashboard" / "app.py").read_text(encoding="utf-8")))


def test_the_document_names_every_page():
    assert set(PAGES) == set(listed_pages().values())


@pytest.mark.parametrize("role", ROLES)
def test_a_page_is_shown_to_its_roles_and_tells_the_others_why_not(home, role, monkeypatch):
    """And nobody reads the name of an office that is not theirs, on any page."""
    monkeypatch.chdir(home)
    wiring.forget()
    wiring.use_folder(home)
    set_language("zh")
    office = SEEN[role]
    app, wrong = run_page("today", f"{role}-{office}"), []
    for file, slug in sorted(listed_pages().items()):
        app.switch_page(f"../pages/{file}.py").run()
        assert not app.exception, (file, app.exception)
        text, row = text_of(app), PAGES[slug]
        says_no = row["who may not is told"] != "—" and t(row["who may not is told"]) in text
        if says_no is (role in allowed(row) and row["where"] != WHOLE):
            wrong.append((slug, "not shown" if says_no else "shown"))
        if row["where"] == OWN and FOREIGN[office] in text:
            wrong.append((slug, f"{FOREIGN[office]} is told"))
    wiring.forget()
    assert wrong == []


@pytest.mark.parametrize("slug", [slug for slug, row in PAGES.items() if row["where"] == WHOLE])
def test_a_page_of_the_whole_company_is_shown_to_its_roles_who_see_it_all(home, slug, monkeypatch):
    monkeypatch.chdir(home)
    wiring.forget()
    wiring.use_folder(home)
    file = next(file for file, one in listed_pages().items() if one == slug)
    told = {role: t(PAGES[slug]["who may not is told"]) in text_of(run_page(file, f"{role}-*"))
            for role in sorted(allowed(PAGES[slug]) | {"inspector"})}  # fmt: skip
    wiring.forget()
    assert told == {role: role not in allowed(PAGES[slug]) for role in told}


# --- commands ---------------------------------------------------------------------------------------------------------


def commands(group, before=()):
    for name, one in group.commands.items():
        if hasattr(one, "commands"):
            yield from commands(one, (*before, name))
        else:
            yield " ".join((*before, name)), one


def test_the_document_names_every_command():
    known = dict(commands(typer.main.get_command(make_app())))
    named = {name for name in known for line, _ in COMMANDS if f"{line} ".startswith(f"{name} ")}
    assert set(known) == named | MACHINE
    assert [name for name in MACHINE if any("--as" in one.opts for one in known[name].params)] == []
    assert [name for name in named if not any("--as" in one.opts for one in known[name].params)] == []


def said_of(command, line, person):
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            command(args=[*shlex.split(line), *(["--as", person] if person else [])], standalone_mode=False)
        except NotAllowedError as error:
            return error.message
        except (Exception, SystemExit) as error:  # noqa: BLE001 - whatever is missing comes after the question
            return f"{type(error).__name__}: {error}"
    return ""


NO = re.compile(r"may not |may only |does not see the whole company|Ask an administrator")


def test_a_command_does_for_a_person_what_the_document_says(home, monkeypatch):
    """Who is refused is refused by a word about rights; who is not gets on, to a result or to what is missing."""
    monkeypatch.chdir(home)
    monkeypatch.delenv("MINGCHA_USER", raising=False)
    monkeypatch.delenv("MINGCHA_TOKEN", raising=False)
    command, families, wrong = typer.main.get_command(make_app()), set(), []
    for line, row in COMMANDS:
        family = (line.split()[0], row["where"], frozenset(allowed(row)))
        for person in people_for(row, again=family in families):
            role, office = person.split("-")
            may = role in allowed(row) and (office == "*" or row["where"] != WHOLE)
            told = said_of(command, line, "" if role == "system" else person)
            if bool(NO.search(told)) is may:
                wrong.append((line, person, told[:200]))
        families.add(family)
    assert wrong == []


def people_for(row, *, again):
    """Whoever may not, always; whoever may, or two of them where all roles may or a sister command was tried before."""
    may = [role for role in (*ROLES, "system") if role in allowed(row)]
    if set(may) >= set(ROLES) or again:
        may = sorted({min(may), "system"} & set(may))
    roles = [*may, *(role for role in (*ROLES, "system") if role not in allowed(row))]
    if "office_head" not in roles:
        roles.append("office_head")
    if row["where"] != WHOLE:
        return [f"{role}-9901" for role in roles]
    return [*(f"{role}-*" for role in roles), f"{min(allowed(row) - {'system'})}-9901"]


def test_the_document_tells_of_each_export_what_is_asked():
    """The command that writes it exists, and the right that it needs is one of the table's."""
    known = dict(commands(typer.main.get_command(make_app())))
    told = list(rows("Exports"))
    assert len(told) == 7
    for row in told:
        assert {one.split()[0] for one in re.findall(r"`mingcha ([^`]+)`", row["by"])} <= {
            name.split()[0] for name in known
        }
        assert set(re.findall(r'"([^"]+)"', row["who"])) <= set(RIGHTS)
        assert row["who"] in ("everybody", "as the command") or '"' in row["who"]


# --- routes, and that nothing forgets to ask --------------------------------------------------------------------------


def test_the_document_names_every_route():
    assert {row["address"].strip("`") for row in rows("Routes")} == {route.path for route in server.routes()}


def asking_functions():
    """(where, function) of every public function of queries and actions that takes the database or the application."""
    for package in (dashboard.queries, dashboard.actions):
        for found in pkgutil.iter_modules(package.__path__, f"{package.__name__}."):
            module = import_module(found.name)
            for name, one in vars(module).items():
                if inspect.isfunction(one) and one.__module__ == found.name and not name.startswith("_"):
                    first = next(iter(inspect.signature(one).parameters.values()), None)
                    if first is not None and str(first.annotation) in ("Database", "Application"):
                        yield f"{found.name}.{name}", one


PARTS = {
    "dashboard.queries.beside.record_beside": "of a record that the caller was shown",
    "dashboard.queries.causes.causes": "takes the viewer's tree",
    "dashboard.queries.exclusions.filing_numbered": "of a filing that the caller was shown",
    "dashboard.queries.office_history.read_history": "the history itself; what is told of it goes by the viewer",
    "dashboard.queries.office_history.whole_tree": "the tree that scopes are cut from",
    "dashboard.queries.review.with_clip": "of samples that the caller was shown",
    "dashboard.queries.warnings.revision": "a count that tells whether anything changed",
    "dashboard.queries.warnings.looked_at": "whether the worker has looked at all",
    "dashboard.actions.configuring.note_files": "which rules of the company changed, noted by the worker",
    "dashboard.actions.configuring.note_settings": "what changed in the file, noted by web and worker as they start",
    "dashboard.actions.freezing.freezing_moment": "a moment of the calendar",
    "dashboard.actions.freezing.proposal_of": "what everybody may read of a quarter",
    "dashboard.actions.slots.next_free_day": "a day of the plan",
}
"""Functions that tell nothing of an office by themselves, or only what was allowed before."""


def test_nobody_is_everybody_by_default():
    """Scope is a required argument of every query and action."""
    wrong = []
    for where, function in asking_functions():
        people = [one for name, one in inspect.signature(function).parameters.items() if name in ("viewer", "by")]
        if where not in PARTS and (len(people) != 1 or people[0].default is not inspect.Parameter.empty):
            wrong.append(where)
    assert wrong == []
    assert set(PARTS) <= {where for where, _ in asking_functions()}


def test_no_page_and_no_command_makes_up_who_looks():
    """`Viewer(…)` and `system_viewer()` stand where people are found, in the worker and in the demo, nowhere else."""
    makers = ("Viewer", "system_viewer")
    whole = {"dashboard/queries/movement.py", "dashboard/queries/office_changes.py"}  # cut to what is seen afterwards
    places = {"pages", "dashboard/web", "dashboard/cli", "dashboard/queries", "dashboard/exports"}
    found = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for place in sorted(places)
        for path in sorted((ROOT / place).rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") in makers
        if str(path.relative_to(ROOT)) not in whole
    ]
    assert found == []
