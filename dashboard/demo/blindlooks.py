"""What reviewers of the demo said without knowing each other (盲审): second looks, and samples with a known answer.

The one thing of the demo that no file brings: such judgements are made on the Hall review page alone. They concern
samples of the older platform, which carry no clip, so none of them waits on anybody's desk. Decisions that count stay
those of the files.
"""

from __future__ import annotations

import json
from collections import defaultdict
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from dashboard.bootstrap import Application
from dashboard.database.models import GOLD_SAMPLES, JUDGEMENTS, RECORD_TABLES
from dashboard.demo.draws import generator
from dashboard.demo.hallwork import REVIEWERS
from dashboard.evidence import chain
from dashboard.instants import from_micros, to_micros
from dashboard.people import EVERYTHING, Viewer

DAYS = 80
EVERY = 11
"""One sample of so many is told of: enough for intervals, few enough to enter quickly."""
KNOWN = 40
STRICT, EAGER = REVIEWERS[2], 0.14
"""Who finds more than the others, and in what share of the samples that the others call fine."""
MISSED = {REVIEWERS[0]: 0.06, REVIEWERS[1]: 0.22, REVIEWERS[2]: 0.04}
Said = tuple[str, list[str]]


def tell(app: Application) -> int:
    """Store the judgements of the last weeks; how many there are."""
    now, written = app.now(), 0
    with app.db.session() as connection:
        samples = _samples(connection, now)
        known = _known(samples)
        for sample in samples:
            rng = generator("blind", sample["id"])
            right: Said = ("violation" if sample["items"] else "ok", sample["items"])
            first = REVIEWERS[int(rng.integers(0, 3))]
            drawn = bool(rng.random() < 0.4)
            rounds: list[tuple[str, str, bool | None]] = [("1", first, drawn)]
            if drawn:
                rounds.append(("2", [one for one in REVIEWERS if one != first][int(rng.integers(0, 2))], None))
            if sample["id"] in known:
                _mark(connection, sample, right, now)
                rounds += [("gold", one, None) for one in REVIEWERS if one not in {by for _, by, _ in rounds}]
            for round_, by, lot in rounds:
                _enter(connection, sample, round_, by, lot, _says(right, by, rng), now)
            written += len(rounds)
    return written


def _samples(connection: Connection, now: datetime) -> list[dict[str, Any]]:
    """Some captured samples of the files with what was confirmed of them; those with a violation first."""
    sample, sheet = RECORD_TABLES["samples"].c, RECORD_TABLES["inspections"].c
    since = to_micros(now - timedelta(days=DAYS))
    films = sa.select(sheet.inspection_no, sheet.item_code).where(sheet.kind == "video", sheet["at"] >= since)
    items: dict[str, list[str]] = defaultdict(list)
    for number, item in connection.execute(films.order_by(sheet.inspection_no, sheet.item_code)):
        items[number.removeprefix("SP")].append(item)
    told = sa.select(sample.sample_id, sa.func.min(sample.planned_at)).where(
        sample.verdict.is_not(None), sample.outcome == "captured", sample.planned_at >= since
    )
    rows = connection.execute(told.group_by(sample.sample_id).order_by(sample.sample_id)).all()
    found = [{"id": number, "at": from_micros(at), "items": items[number.removeprefix("CC")]} for number, at in rows]
    violated = [one for one in found if one["items"]]
    return sorted([*violated[:: EVERY // 3], *[one for one in found if not one["items"]][::EVERY]],
                  key=lambda one: str(generator("order", one["id"]).integers(0, 1 << 40)))  # fmt: skip


def _known(samples: list[dict[str, Any]]) -> set[str]:
    """The samples whose answer is known: as many with a violation as without."""
    kinds = ([one["id"] for one in samples if bool(one["items"]) is violated] for violated in (True, False))
    return {identity for ids in kinds for identity in ids[: KNOWN // 2]}


def _says(right: Said, by: str, rng: np.random.Generator) -> Said:
    """What a person says of a sample whose right answer is this: each misses some, one sees too much."""
    if right[0] == "violation":
        return ("ok", []) if rng.random() < MISSED[by] else right
    return ("violation", ["A02"]) if by == STRICT and rng.random() < EAGER else right


def _enter(
    connection: Connection, sample: dict[str, Any], round_: str, by: str, drawn: bool | None, said: Said, now: datetime
) -> None:  # fmt: skip
    values = {
        "sample_id": sample["id"], "round": round_, "decision": said[0], "rejected": "[]",
        "items": json.dumps([{"item": item} for item in said[1]]), "drawn": drawn, "by": by,
        "at": to_micros(min(sample["at"] + timedelta(hours=20 if round_ == "1" else 44), now)),
    }  # fmt: skip
    chain.enter(connection, JUDGEMENTS, values, by=Viewer(by, "reviewer", EVERYTHING), at=now)


def _mark(connection: Connection, sample: dict[str, Any], right: Said, now: datetime) -> None:
    values = {
        "sample_id": sample["id"], "decision": right[0], "items": json.dumps(right[1]), "by": "标准样本组",
        "at": to_micros(min(sample["at"] + timedelta(hours=2), now)),
    }  # fmt: skip
    chain.enter(connection, GOLD_SAMPLES, values, by=Viewer("标准样本组", "evaluator", EVERYTHING), at=now)
