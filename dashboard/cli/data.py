"""`mingcha import`, `collect`, `quarantine`: what comes in, and what could not."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Annotated, Any

import typer

from checks.measures import Measures
from collectors.mapping import SourceConfig, did_you_mean, parse_config, read_mapping
from collectors.records import RECORDS
from dashboard.bootstrap import Application, open_application
from dashboard.cli.output import Format, emit, parse_time, say
from dashboard.errors import UsageError
from dashboard.flag_words import sentence
from dashboard.instants import from_micros

FormatOption = Annotated[Format, typer.Option("--format", help="table, json or csv.")]
AsOption = Annotated[str | None, typer.Option("--as", help="Person of [people]; default: MINGCHA_USER, else system.")]
COUNTS = (
    "source",
    "record",
    "file",
    "read",
    "new",
    "updated",
    "unchanged",
    "older",
    "quarantined",
    "skipped",
    "seconds",
)
SAID_FLAGS = 10


def register(app: typer.Typer) -> None:
    app.command("import")(import_)
    app.command()(collect)
    app.command()(quarantine)
    app.command()(batch)


def import_(
    record: Annotated[str, typer.Argument(help=f"One of {', '.join(RECORDS)}.")],
    file: Annotated[Path, typer.Argument(help="xlsx, xls, csv, tsv or an HTML table, whatever its name.")],
    mapping: Annotated[Path | None, typer.Option(help="TOML with the keys of a [[sources]] table.")] = None,
    source: Annotated[
        str | None, typer.Option(help="Name of the source, with its mapping if it is configured.")
    ] = None,
    exported_at: Annotated[
        str | None, typer.Option("--exported-at", help="When the file was made, where it does not say so itself.")
    ] = None,
    output: FormatOption = Format.table,
    as_: AsOption = None,
) -> None:
    """Take in one file, through the same path as a collector. A file fault stores nothing."""
    from dashboard.intake import import_file
    from dashboard.intake.collecting import configured_sources
    from dashboard.intake.registry import known_measures
    from dashboard.intake.watching import watch_company

    if record not in RECORDS:
        raise UsageError(f"There is no record '{record}';", f"{did_you_mean(record, RECORDS)}.")
    moment = parse_time(exported_at, "--exported-at")
    application = open_application(user=as_)
    config = _config(application, record, mapping, source)
    reports = import_file(
        application.db,
        by=application.viewer,
        path=file,
        config=config,
        now=application.now(),
        exported_at=moment,
        slots=application.settings.video.slot_table,
        measures=known_measures(application.settings),
    )
    flagged = watch_company(application, [*configured_sources(application.settings), config])
    _print(application, reports, flagged, output)


def _config(application: Application, record: str, mapping: Path | None, source: str | None) -> SourceConfig:
    """The mapping of the file: of `--mapping`, laid over the configured source of that name, else the built-in one."""
    base = next((raw for raw in application.settings.sources if raw.get("name") == source), None) if source else None
    if base is not None and base.get("record") != record:
        raise UsageError(f"Source '{source}' brings {base.get('record')}, not {record}.", "Name another one.")
    raw: dict[str, Any] = {"record": record, **_reading_keys(base or {}), **({"name": source} if source else {})}
    return read_mapping(mapping, record, base=raw) if mapping else parse_config(SourceConfig, raw, f"source '{source}'")


def _reading_keys(raw: dict[str, Any]) -> dict[str, Any]:
    """Keys of a configured source that say how to read; where its own kind gets things from does not matter here."""
    return {
        key: value for key, value in raw.items() if key in SourceConfig.model_fields and key not in ("kind", "path")
    }


def collect(
    sources: Annotated[list[str] | None, typer.Argument(help="Names; without any, all that are due.")] = None,
    output: FormatOption = Format.table,
    as_: AsOption = None,
) -> None:
    """Ask the configured sources and take in what is new. Exit 1 if any could not be read."""
    from dashboard.intake.collecting import collect as ask

    application = open_application(user=as_)
    report = ask(application, names=sources or ())
    for remark in report.remarks:
        say(remark)
    _print(application, report.batches, report.flags, output)
    for failure in report.failures:
        say(f"{failure.source}: {failure.message}")
    if report.failures:
        raise typer.Exit(1)


def _print(application: Application, reports: list[Any], flagged: list[int], output: Format) -> None:
    """Batches on stdout; messages, refused rows and flags on stderr. `flagged`: flags raised on days."""
    emit({"batches": [report.as_json() for report in reports]}, output, COUNTS, rows="batches")
    for report in reports:
        for message in report.messages:
            say(message)
        if report.quarantined:
            reasons = ", ".join(f"{count} {reason}" for reason, count in report.reasons.most_common())
            say(f"{report.file}: {report.quarantined} of {report.read} rows are in quarantine ({reasons}). "
                "See: mingcha quarantine")  # fmt: skip
        for flag in report.flags:
            say(f"{report.file}: {sentence(**flag, day='', language='en')}")
    if flagged:
        _say_flags(application, flagged)


def _say_flags(application: Application, raised: list[int]) -> None:
    from dashboard.queries.flags import flags

    found = [row for row in flags(application.db, application.viewer, limit=len(raised)) if row.id in raised]
    for row in found[:SAID_FLAGS]:
        where = f"{row.source} {row.record}" + (f" {row.office}" if row.office else "")
        said = sentence(row.kind, row.stated, row.found, row.detail, row.day_from, language="en")
        say(f"{where}: {said}")
    if len(found) > SAID_FLAGS:
        say(f"… and {len(found) - SAID_FLAGS} more flags. See: mingcha flags")


def quarantine(
    record: Annotated[str | None, typer.Option(help="Only rows of this record.")] = None,
    reason: Annotated[str | None, typer.Option(help="Only rows with this reason code.")] = None,
    source: Annotated[str | None, typer.Option(help="Only rows of this source.")] = None,
    state: Annotated[str, typer.Option(help="open, replayed, dismissed or all.")] = "open",
    limit: Annotated[int | None, typer.Option(min=1, help="At most so many rows, newest first.")] = None,
    batch: Annotated[int | None, typer.Option(help="Only rows of this batch.")] = None,
    row: Annotated[list[int] | None, typer.Option("--row", help="Only these rows, by id.")] = None,
    replay: Annotated[
        bool, typer.Option("--replay", help="Take in the rows chosen, as sources are read today.")
    ] = False,
    dismiss: Annotated[str | None, typer.Option(help="Set the rows chosen aside, with this reason.")] = None,
    office: Annotated[
        str | None, typer.Option(help="NAME=CODE: the name means this office; takes in its rows.")
    ] = None,
    valid_from: Annotated[str | None, typer.Option("--from", help="First day on which --office holds.")] = None,
    valid_to: Annotated[str | None, typer.Option("--to", help="Last day on which --office holds.")] = None,
    correct: Annotated[
        list[str] | None, typer.Option("--set", help="COLUMN=TEXT: put one --row right and take it in.")
    ] = None,
    output: FormatOption = Format.table,
    as_: AsOption = None,
) -> None:
    """Rows that could not be stored, with the reason and the value seen; or what is to become of them."""
    from dashboard.intake.registry import known_measures
    from dashboard.queries.quarantine import quarantined

    application = open_application(user=as_)
    wanted = [name for name, value in (("--replay", replay), ("--dismiss", dismiss), ("--office", office),
                                       ("--set", correct)) if value]  # fmt: skip
    if len(wanted) > 1:
        raise UsageError(f"{' and '.join(wanted)} are two deeds;", "Do one after the other.")
    if wanted:
        chosen = {"ids": tuple(row or ()), "record": record, "reason": reason, "source": source, "batch_id": batch}
        _mend(application, chosen, dismiss, office, (valid_from, valid_to), correct, output)
        return
    frame = quarantined(
        application.db,
        application.viewer,
        record=record,
        reason=reason,
        source=source,
        batch_id=batch,
        state=None if state == "all" else state,
        limit=limit,
    )
    measures = known_measures(application.settings)
    rows = [_quarantined(row, measures) for row in frame.iter_rows(named=True)]
    emit(
        {"rows": rows},
        output,
        ("record", "number", "office", "reason", "column", "value", "nearest", "source", "file", "row"),
    )


def _mend(
    application: Application,
    chosen: dict[str, Any],
    why: str | None,
    office: str | None,
    days: tuple[str | None, str | None],
    correct: list[str] | None,
    output: Format,
) -> None:
    """Do one deed about quarantined rows, and print what became of them."""
    from dashboard.actions import quarantine as actions
    from dashboard.intake.collecting import given_by

    db, by, now = application.db, application.viewer, application.now()
    which, given = actions.Chosen(**chosen), given_by(application.settings)
    if why is not None:
        emit({"rows": [{"dismissed": actions.dismiss(db, by=by, chosen=which, why=why, at=now)}]}, output)
        return
    if office is not None:
        name, code = _pair(office, "--office", "城关营业部=3440101")
        first, last = (_day(text) for text in days)
        report = actions.map_office(
            db, by=by, named=name, code=code, valid_from=first, valid_to=last, at=now, given=given
        )
    elif correct:
        if len(which.ids) != 1:
            raise UsageError("--set puts one row right;", "Name it with --row ID.")
        values = dict(_pair(text, "--set", "受理时间=2026-03-02 08:00") for text in correct)
        report = actions.repair_row(db, by=by, quarantine_id=which.ids[0], values=values, at=now, given=given)
    else:
        report = actions.replay(db, by=by, chosen=which, at=now, given=given)
    row = {**report.counts(), "reasons": dict(report.reasons), "batches": report.batches}
    emit({"rows": [row]}, output, tuple(report.counts()))


def _pair(text: str, option: str, example: str) -> tuple[str, str]:
    name, separator, value = text.partition("=")
    if not separator or not name.strip():
        raise UsageError(f"{option} '{text}' is no NAME=VALUE.", f"Example: {option} '{example}'")
    return name.strip(), value.strip()


def _day(text: str | None) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError as error:
        raise UsageError(f"'{text}' is no day.", "Example: 2026-10-01") from error


def _quarantined(row: dict[str, Any], measures: Measures) -> dict[str, Any]:
    """The shape of design §4.1; a quarantined row has no due time. `nearest`: the measure most like an unknown one."""
    unknown = row["column_name"] == "indicator" and row["reason"] == "unknown_value"
    return {
        "id": row["id"],
        "number": row["number"],
        "office": row["office_named"],
        "state": row["state"],
        "since": from_micros(row["since"]),
        "due": None,
        "reason": row["reason"],
        "record": row["record"],
        "column": row["column_name"],
        "value": row["value"],
        "nearest": measures.nearest(row["value"] or "") if unknown else None,
        "source": row["source"],
        "file": row["file"],
        "sheet": row["sheet"],
        "row": row["row_no"],
        "batch": row["batch_id"],
    }


def batch(
    number: Annotated[int, typer.Argument(metavar="ID", help="A batch, as `import --format json` numbers it.")],
    limit: Annotated[int, typer.Option(min=1, help="At most so many records.")] = 1000,
    output: FormatOption = Format.table,
    as_: AsOption = None,
) -> None:
    """What one file changed: records before and after, offices and months touched; its stated totals and flags."""
    from dashboard.cli.flags import as_json as flag_as_json
    from dashboard.queries.flags import flags
    from dashboard.queries.lineage import as_json, batch_changes

    application = open_application(user=as_)
    document = as_json(batch_changes(application.db, application.viewer, number, limit=limit))
    about = document["batch"]
    found = flags(application.db, application.viewer, batch_id=number)
    document["flags"] = [flag_as_json(row) for row in found]
    if output is Format.table:
        told = ", ".join(f"{name} {about[name]}" for name in COUNTS[3:10])
        offices, months = (", ".join(document[name]) or "—" for name in ("offices", "periods"))
        say(f"{about['source']} {about['record']} {about['file']} (SHA-256 {about['sha256']}): {told}")
        say(f"offices: {offices}; months: {months}")
        for one in about["details"].get("controls", ()):
            say(f"row {one['row']} “{one['label']}” {one['column'] or 'rows'}: "
                f"stated {one['stated']}, read {one['found'] or '—'}: {one['state'].replace('_', ' ')}")  # fmt: skip
        for flag in document["flags"]:
            say(f"flag {flag['number']} ({flag['state']}): {flag['what']}")
    emit(document, output, ("row", "fate", "number", "office", "day", "columns"))
