"""Exclusions as a page shows them (剔除页): filings with their state, what one leaves out, rates before and after."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from checks.exclusions import CAUSES
from dashboard.queries.exclusions import LISTED, Preview
from dashboard.texts import t
from dashboard.web import display
from dashboard.web.components.ask import ask, beside
from dashboard.web.components.blocks import Column, facts, go, more, section, table, word
from dashboard.web.markup import Safe, safe, tag
from dashboard.web.views import names

Row = Mapping[str, Any]
Link = Callable[..., str]
STATES = {
    "waiting": ("waits for a second person", "soon"), "holds": ("in force now", "fine"),
    "rejected": ("turned down", ""), "revoked": ("revoked", ""), "lapsed": ("lapsed", ""),
}  # fmt: skip
REASONS = {code: cause.text for code, cause in CAUSES.items()}
DECISIONS = {"approved": "approved", "rejected": "turned down", "revoked": "revoked"}
AREAS = {"urban": "Urban", "rural": "Rural", "remote": "Remote"}


def filings(rows: Sequence[Row], chosen: int, now: datetime, link: Link) -> Safe:
    """One line per filing; a line opens it."""
    columns = [
        Column(t("Offices"), "head main"), Column(t("State")), Column(t("Why left out"), "wide"), Column(t("Records")),
        Column(t("Accepted from")), Column(t("Accepted before")), Column(t("Filed by")),
    ]  # fmt: skip
    body = [
        [go(link(number=row["number"]), f"#{row['number']} {t(', ').join(row['names'])}"), _state(row),
         t(REASONS[row["reason"]]), t(", ").join(names.record(one) for one in row["records"]),
         _moment(row["from"], now), _moment(row["to"], now), row["by"]]
        for row in rows
    ]  # fmt: skip
    place = next((index for index, row in enumerate(rows) if row["number"] == chosen), None)
    return table(columns, body, chosen=place, label=t("Exclusions"))


def one(row: Row, now: datetime) -> Safe:
    """What a filing says, and what was decided about it."""
    said = [
        (t("State"), _state(row)),
        (t("Why left out"), t(REASONS[row["reason"]])),
        (t("Document"), row["document"]),
        (t("Note"), row["note"] or display.NONE),
        (t("Filed by"), f"{row['by']} · {_moment(row['at'], now)}"),
        *([(t("Area class"), t(AREAS[row["area"]]))] if row["area"] else []),
        *([(t("Numbers"), t(", ").join(row["numbers"]))] if row["numbers"] else []),
        *([(t("System"), row["system"])] if row["system"] else []),
        *([(t("Lapses"), _moment(row["lapses_at"], now))] if row["state"] == "waiting" else []),
        *((t(DECISIONS[deed["decision"]]), " · ".join(filter(None, (deed["by"], _moment(deed["at"], now),
                                                                       deed["note"])))) for deed in row["decisions"]),
    ]  # fmt: skip
    return facts(said)


def preview(found: Preview, offices: Mapping[str, str], link: Link) -> Safe:
    """The records it leaves out and every rate that changes by it."""
    total = sum(found.counts.values())
    listed = [Column(t("Number"), "head keep"), Column(t("Records")), Column(t("Office")), Column(t("Accepted"), "num")]
    rows = [
        [names.door(link, row["record"], row["number"], system=row["system"]),
         names.record(row["record"]),
         offices.get(row["office"], row["office"]),
         display.exact(datetime.fromisoformat(row["at"])) if row["at"] else ""]
        for row in found.records
    ]  # fmt: skip
    shown = t("the first {n}", n=LISTED) if total > LISTED else ""
    return safe(
        *(_rates(found, period) for period in found.periods),
        more(t("Records left out: {n}", n=display.count(total)), tag("p", shown) if shown else None,
             table(listed, rows), opened=0 < total <= 20),
    )  # fmt: skip


def _rates(found: Preview, period: str) -> Safe:
    """The rates of one quarter that change."""
    columns = [Column(t("Office"), "head main"), Column(t("Indicator")), Column(t("Without the exclusion"), "num"),
               Column(t("With the exclusion"), "num"), Column(t("Left out"), "num")]  # fmt: skip
    body = [
        [rate["name"], rate["indicator"], _figure(rate["before"]), _figure(rate["after"]),
         display.count(rate["after"]["excluded"] - rate["before"]["excluded"])]
        for rate in found.rates if rate["period"] == period
    ]  # fmt: skip
    return safe(
        beside(section(t("Rates with and without, {period}", period=period), t("only what changes")),
               ask("exclusions.rates")),
        table(columns, body, label=t("Rates with and without")) if body else tag("p", t("No rate changes."),
                                                                                class_="quiet"),
    )  # fmt: skip


def _state(row: Row) -> Safe:
    words, tone = STATES[row["state"]]
    return word(t(words), tone)


def _moment(text: str, now: datetime) -> str:
    return display.moment(datetime.fromisoformat(text), now)


def _figure(figure: Row) -> str:
    value = display.NONE if figure["value"] is None else f"{figure['value']:.4f}".rstrip("0").rstrip(".")
    return f"{value} ({figure['numerator']:g} ÷ {figure['denominator']:g})"
