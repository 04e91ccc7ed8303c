"""What stands above and below every sheet of the quarter (表头与脚注), and how moments and reasons are written."""

from __future__ import annotations

from datetime import datetime, timedelta

from checks.periods import Period
from checks.reasons import BY_CODE
from dashboard.bootstrap import Application
from dashboard.instants import LOCAL
from dashboard.people import Viewer
from dashboard.queries.quarter import Quarter
from dashboard.texts import t

LEVEL_NAMES = {"company": "Company", "county": "County company", "station": "Supply station", "hall": "Service hall"}


class Heading:
    """What stands above and below every sheet."""

    def __init__(self, facts: Quarter, app: Application, viewer: Viewer) -> None:
        self.facts, self.viewer, self.settings = facts, viewer, app.settings
        self.demo = t("Demo data: a made-up company.") if app.settings.company.demo else ""
        self.title = f"{app.settings.company.name} {t('Quarterly assessment')} {facts.period.name}"

    @property
    def lines(self) -> list[str]:
        """Period, moment, rules, person; and that it is a demo."""
        facts, edition = self.facts, self.facts.edition
        lines = [
            t("Period: {period}", period=span(facts.period))
            + "    "
            + t("Data as of: {moment}", moment=moment_text(facts.as_of))
            + "    "
            + t(
                "Rulebook: {edition} (in force from {day}), digest {digest}",
                edition=edition.code,
                day=edition.valid_from,
                digest=facts.rulebook.digest[:12],
            ),
            t("Made for: {name} ({role}).", name=self.viewer.name, role=t(self.viewer.role))
            + ("" if self.viewer.proved else " " + t("People are believed, not proved.")),
        ]
        frozen = facts.frozen
        if frozen is not None:
            lines.append(
                t(
                    "Frozen snapshot {digest}, proposed by {proposer}, published by {publisher}.",
                    digest=frozen.digest,
                    proposer=frozen.proposed_by,
                    publisher=frozen.published_by,
                )
            )
        return [*([self.demo] if self.demo else []), *lines]

    def notes(self, source: str, *more: str) -> list[str]:
        facts = self.facts
        first = t("Note: period {period}, taken from {source}.", period=span(facts.period), source=source)
        return [first, *more, t("— means: no value. It is neither 0 nor 100.")]

    def sheet(self, name: str) -> str:
        return f"{self.title}  {name}"


def why(reason: str | None) -> str:
    return t(BY_CODE[reason].text) if reason in BY_CODE else (reason or "")


def span(period: Period) -> str:
    days = f"{period.start} – {period.end - timedelta(days=1)}"
    return days if ".." in period.name else f"{period.name} ({days})"


def moment_text(moment: datetime) -> str:
    return f"{moment.astimezone(LOCAL):%Y-%m-%d %H:%M:%S}"
