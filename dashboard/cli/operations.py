"""`mingcha up`, `web`, `worker`, `init`, `doctor`, `backup`, `restore`: running an installation. All run as `system`.

What is heavy is imported inside the commands: `mingcha league` must not wait for a web server to be loaded.
"""

from __future__ import annotations

import logging
import os
import socket
import sys
import threading
import webbrowser
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dashboard import settings as settings_module
from dashboard.bootstrap import Application, as_system, open_application
from dashboard.cli.output import Format, emit, say
from dashboard.texts import set_language

if TYPE_CHECKING:
    from dashboard.worker.supervisor import Child

DEMO_GUESTS = ("沈岚", "许立", "秦怀瑾", "罗启明")
"""People of the demo company who get a link at once: inspector, office head, evaluator, administrator."""
DemoOption = Annotated[bool, typer.Option("--demo", help="A small made-up company, in the current folder.")]
PortOption = Annotated[int | None, typer.Option(help="Port of the web server; default: [web] port, 8501.")]
FormatOption = Annotated[Format, typer.Option("--format", help="table, json or csv.")]


def register(app: typer.Typer) -> None:
    app.command()(up)
    app.command()(web)
    app.command()(worker)
    app.command()(init)
    app.command()(doctor)
    app.command()(backup)
    app.command()(restore)


def up(
    demo: DemoOption = False,
    port: PortOption = None,
    open_: Annotated[bool, typer.Option("--open", help="Open the browser when the first page is ready.")] = False,
) -> None:
    """Create what is missing in the current folder, migrate, start worker and web, and keep them running."""
    from dashboard.operations.initialise import initialise
    from dashboard.worker.process import set_on_signals
    from dashboard.worker.supervisor import Supervisor

    environment = as_system()
    _require_port(settings_module.load(environment), port)
    application = initialise(Path.cwd(), environment, demo=demo, say=say)
    chosen = _require_port(application.settings, port)
    _note(application, "up")
    if demo:
        _prepare_demo(application)
    _invite(application, chosen)
    application.db.engine.dispose()
    supervisor = Supervisor([_child("worker"), _child("web", "--port", str(chosen))])
    set_on_signals(supervisor.stop)
    threading.Thread(target=_announce, args=(chosen, open_, supervisor.stop), daemon=True).start()
    supervisor.run()


def web(port: PortOption = None) -> None:
    """Serve the pages on 127.0.0.1 until stopped."""
    from dashboard.web.server import serve
    from dashboard.worker.heartbeat import beating
    from dashboard.worker.supervisor import end_with_parent

    application = open_application(environment=as_system())
    _invite(application, port)
    end_with_parent(os.environ)
    with beating(application.db, "web", "serving", application.now):
        serve(application.settings, port)


def worker() -> None:
    """Collect, sample, judge at their times until stopped. Of several workers one leads, the others wait."""
    from dashboard.worker.process import run_worker
    from dashboard.worker.steps import jobs_of
    from dashboard.worker.supervisor import end_with_parent

    application = open_application(environment=as_system())
    _log_to_stderr()
    end_with_parent(os.environ)
    raise typer.Exit(run_worker(application, jobs_of(application.settings)))


def init(demo: DemoOption = False) -> None:
    """Create the configuration file, the folders, the plan's secret and an empty (or demo) database."""
    from dashboard.operations.initialise import initialise

    application = initialise(Path.cwd(), as_system(), demo=demo, say=say)
    _note(application, "init")
    if demo:
        _prepare_demo(application)
    say(f"Ready: {application.db.url.render_as_string(hide_password=True)}. Start with: mingcha up")
    say("The first start of mingcha up or mingcha web makes an administrator and prints a one-time link.")


def doctor(output: FormatOption = Format.table) -> None:
    """Examine this installation: configuration, database, rules, detector, folders, ports, worker. Exit 1 on a fail."""
    from dashboard.operations.doctor import FAIL, examine

    set_language("en")  # as all messages of the command line
    findings = examine(as_system(), Path.cwd())
    rows = [{"check": f.check, "state": f.state, "message": f.message, "hint": f.hint or None} for f in findings]
    failed = any(finding.state == FAIL for finding in findings)
    emit({"ok": not failed, "rows": rows}, output, ("check", "state", "message", "hint"))
    raise typer.Exit(1 if failed else 0)


def backup(file: Annotated[Path, typer.Argument(help="The zip file to write; must not exist.")]) -> None:
    """Save database, configuration and the list of evidence files into one file, while everything runs."""
    from dashboard.operations.backup import back_up

    counts = back_up(open_application(environment=as_system()), file)
    say(f"Saved {sum(counts.values())} rows of {len(counts)} tables in {file}")


def restore(
    file: Annotated[Path, typer.Argument(help="A file made by mingcha backup.")],
    replace: Annotated[bool, typer.Option("--replace", help="Lose what the database holds now.")] = False,
) -> None:
    """Bring a backup into the configured database; one that holds records is refused unless told otherwise."""
    from dashboard.operations.backup import restore as bring_back

    done = bring_back(open_application(environment=as_system(), need_tables=False), file, replace=replace)
    say(f"Restored {sum(done.tables.values())} rows of {len(done.tables)} tables as of {done.made_at}")
    if done.configuration is not None:
        say(f"The backup's configuration is in {done.configuration}")
    if done.missing_evidence:
        first = done.missing_evidence[0]
        say(f"{len(done.missing_evidence)} evidence files are not in the evidence folder; copy them back, e.g. {first}")


def _require_port(settings: settings_module.Settings, port: int | None) -> int:
    """The port to serve on. Raises MingchaError when it is in use or the address is not this machine's own."""
    from dashboard.web.server import require_free, require_proof

    chosen = settings.web.port if port is None else port
    require_proof(settings)
    require_free(chosen, settings.web.address)
    return chosen


def _invite(application: Application, port: int | None) -> None:
    """On the first start make the accounts, and print the one-time links: once, on stdout, in no log."""
    from dashboard.accounts.first import first_accounts

    settings = application.settings
    invited = DEMO_GUESTS if settings.company.demo else ()
    for one in first_accounts(application.db, settings, invited=invited, at=application.now()):
        address = f"{settings.web.place(port)}/enter?code={one.code}"
        print(f"One-time link for {one.name} ({one.role}), shown only now: {address}", flush=True)


def _note(application: Application, action: str) -> None:
    from dashboard.actions import audit

    with application.db.session() as connection:
        audit.record(connection, application.viewer, action, str(application.settings.home), at=application.now())


def _prepare_demo(application: Application) -> None:
    from dashboard import demo

    demo.prepare(application, say=say)


def _child(name: str, *options: str) -> Child:
    from dashboard.worker.supervisor import Child

    return Child(name, [sys.executable, "-P", "-m", "dashboard.cli", name, *options], say)


def _announce(port: int, open_browser: bool, stop: threading.Event) -> None:
    """Tell the address once the server answers."""
    while not stop.wait(0.2):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                break
    else:
        return
    address = f"http://127.0.0.1:{port}"
    say(f"Mingcha is at {address} (Ctrl-C ends it)")
    if open_browser:
        webbrowser.open(address)


def _log_to_stderr() -> None:
    """Lines with local time; APScheduler's own notes only when they are errors, the runner says the rest."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s", stream=sys.stderr)
    logging.getLogger("apscheduler").setLevel(logging.ERROR)
