"""`mingcha look | plan | sample | samples`: a clip, the day's draw, the samples (design §4.1)."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from dashboard.cli.output import LOCAL, Format, emit, say
from dashboard.errors import UsageError
from dashboard.texts import t

Output = Annotated[Format, typer.Option("--format", help="table, json or csv.")]
Person = Annotated[str | None, typer.Option("--as", help="Who asks (a name under [people]); default system.")]
Day = Annotated[str | None, typer.Option("--date", help="A local day, 2026-09-01; default today.")]
SAMPLE_COLUMNS = {
    "sample": "sample",
    "camera": "camera",
    "planned_at": "planned",
    "outcome": "outcome",
    "cause": "cause",
    "findings": "findings",
    "reviewed": "reviewed",
}


def register(app: typer.Typer) -> None:
    app.command("look")(look)
    app.command("plan")(plan)
    app.command("sample")(sample)
    app.command("samples")(samples)


def look(
    video: Annotated[Path, typer.Argument(help="A video file.")],
    camera: Annotated[str | None, typer.Option(help="Windows and reference picture of this camera.")] = None,
    windows: Annotated[Path | None, typer.Option(help='JSON list of {"name", "polygon": [[x, y], …]}.')] = None,
    every: Annotated[float, typer.Option(help="Seconds between looks.")] = 0.5,
    model: Annotated[str | None, typer.Option(help="YOLOX ONNX file, or the word none.")] = None,
    evidence: Annotated[Path | None, typer.Option(help="Folder for frames that show the findings.")] = None,
    output: Output = Format.table,
    person: Person = None,
) -> None:
    """Analyse a video file: camera health, presence per window, people, queue, candidates."""
    from collectors.video.decode import require_file
    from collectors.video.look import look as look_at
    from collectors.video.persons import WHERE_TO_GET, person_detector

    if camera and windows:
        raise UsageError("--camera and --windows both name windows.", "Give one of them.")
    if not every > 0:
        raise UsageError(f"--every {every:g} is no length of time.", "Example: --every 0.5")
    require_file(video)
    polygons, reference = _windows_of(camera, windows, person)
    detector = person_detector(_model(model))
    seen = look_at(video, windows=polygons, detector=detector, every=every, reference=reference, evidence=evidence)
    say(t("Person detector: {name}", name=detector.name))
    if detector.kind != "yolox" and model != "none":
        say(t(WHERE_TO_GET))
    say(t("Time in the detector: {seconds} s.", seconds=f"{seen.detector_seconds:.2f}"))
    _print_look(seen.document(), output)


def _windows_of(camera: str | None, windows: Path | None, person: str | None) -> tuple[Any, Any]:
    """Polygons and the reference picture; only `--camera` needs a database."""
    from collectors.video.windows import read_windows

    if windows is not None:
        return read_windows(windows), None
    if camera is None:
        return (), None
    from collectors.video.reference import reference_of
    from dashboard.bootstrap import open_application
    from dashboard.queries.offices import require_visible, visible_tree
    from dashboard.sampling.days import camera_of

    application = open_application(user=person)
    found = camera_of(application.db, application.settings, camera)
    require_visible(visible_tree(application.db, application.viewer), found.hall)
    if found.fault:
        raise UsageError(found.fault, "Import the camera anew.")
    return found.windows, reference_of(found.reference) if found.reference else None


def _model(option: str | None) -> str | None:
    """--model, then MINGCHA_PERSON_MODEL, then `[video] person_model`; None is what the packages bring."""
    if option:
        return option
    from dashboard.settings import load

    return load().video.person_model


def _print_look(document: dict[str, Any], output: Format) -> None:
    if output is Format.json:
        emit(document, output)
        return
    if output is Format.csv:
        emit({"rows": document["windows"]}, output)
        return
    camera, people = document["camera"], document["people"]
    lines = [
        t("Seconds: {seconds}; frames read {read}, looked at {analysed}", seconds=document["seconds"],
          read=document["frames_read"], analysed=document["frames_analysed"]),
        t("Camera: {state}", state=", ".join(t(name) for name in camera["problems"]) or t("sound"))
        + (f" ({t('still')})" if camera["still"] else ""),
        t("People: median {median}, at most {max}", median=_or_dash(people["median"]), max=_or_dash(people["max"])),
    ]  # fmt: skip
    for window in document["windows"]:
        ratio = "—" if window["present_ratio"] is None else f"{100 * window['present_ratio']:.1f} %"
        lines.append(
            t("Window {name}: somebody there {ratio} of the time, longest absence {seconds} s", name=window["name"],
              ratio=ratio, seconds=_or_dash(window["longest_absence_seconds"]))
        )  # fmt: skip
    for finding in document["findings"]:
        proven = "" if finding["duration_proven"] else f" ({t('duration not proven')})"
        lines.append(
            t("Candidate {code}: {start} s to {end} s, confidence {confidence}", code=finding["code"],
              start=finding["start"], end=finding["end"], confidence=finding["confidence"]) + proven
        )  # fmt: skip
    lines += [f"{item['code']}: {t(item['reason'])}" for item in document["not_judged"]]
    print("\n".join(lines))


def plan(day: Day = None, output: Output = Format.table, person: Person = None) -> None:
    """The day's draw: its commitment, and the moments of slots that have ended."""
    from dashboard.bootstrap import open_application
    from dashboard.sampling.sealing import plan_document

    application = open_application(user=person)
    now = application.now()
    document = plan_document(application.db, application.settings, application.viewer, _day(day, now), now=now)
    if output is Format.table:
        say(t("Commitment: {value}", value=document["commitment"]))
        say(t("Sealed: {value}", value=_moment(document["sealed_at"])))
        say(t("Seed: {value}", value=document["seed"] or t("kept until the last slot has ended")))
    emit(document, output, {"hall": "hall", "slot": "slot", "planned_at": "planned"})


def sample(
    day: Day = None,
    slot: Annotated[int | None, typer.Option(help="Only this slot.")] = None,
    output: Output = Format.table,
    person: Person = None,
) -> None:
    """Take the samples that are due and have no outcome yet."""
    from dashboard.bootstrap import open_application
    from dashboard.queries import samples as queries
    from dashboard.sampling.slots import stored_slots
    from dashboard.sampling.taking import take_due

    application = open_application(user=person)
    settings, now = application.settings, application.now()
    wanted = _day(day, now) if day else None
    slots = stored_slots(application.db, settings)
    known = [str(one.number) for one in slots.on(wanted or now.astimezone(LOCAL).date())]
    if slot is not None and str(slot) not in known:
        raise UsageError(f"There is no slot {slot};", f"slots are {', '.join(known)}.")
    if wanted and wanted > now.astimezone(LOCAL).date():
        raise UsageError(f"{wanted} has not begun.", "Samples are taken once their moment has come.")
    taken = take_due(application.db, settings, now, application.viewer, only_day=wanted, only_slot=slot)
    for one in taken:
        if one.detail:
            say(f"{one.sample_id} {one.camera}: {one.detail}")
    say(t("{n} looks concluded.", n=len(taken)))
    mine = {(one.sample_id, one.camera) for one in taken}
    rows = queries.samples(application.db, application.viewer, slots=slots, as_of=application.now())
    emit({"rows": [row for row in rows if (row["sample"], row["camera"]) in mine]}, output, SAMPLE_COLUMNS)


def samples(
    day: Day = None,
    hall: Annotated[str | None, typer.Option(help="Only this hall.")] = None,
    outcome: Annotated[str | None, typer.Option(help="planned, captured, missed or not_checkable.")] = None,
    output: Output = Format.table,
    person: Person = None,
) -> None:
    """Looks and their outcomes, newest first."""
    from collectors.records import OUTCOMES
    from dashboard.bootstrap import open_application
    from dashboard.queries import samples as queries
    from dashboard.queries.offices import require_visible, visible_tree
    from dashboard.sampling.slots import stored_slots

    if outcome is not None and outcome not in OUTCOMES:
        raise UsageError(f"Unknown outcome '{outcome}';", f"one of {', '.join(OUTCOMES)}.")
    application = open_application(user=person)
    now = application.now()
    if hall is not None:
        require_visible(visible_tree(application.db, application.viewer), hall)
    rows = queries.samples(
        application.db,
        application.viewer,
        slots=stored_slots(application.db, application.settings),
        as_of=now,
        day=_day(day, now).isoformat() if day else None,
        hall=hall,
        outcome=outcome,
    )
    emit({"rows": rows}, output, SAMPLE_COLUMNS)


def _day(text: str | None, now: datetime) -> date:
    if text is None:
        return now.astimezone(LOCAL).date()
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise UsageError(f"--date '{text}' is no day.", "Example: 2026-09-01") from error


def _moment(moment: datetime | None) -> str:
    return "—" if moment is None else moment.astimezone(LOCAL).strftime("%Y-%m-%d %H:%M:%S")


def _or_dash(value: object) -> object:
    return "—" if value is None else value
