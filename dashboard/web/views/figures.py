"""What the figures of the pages mean that are no indicators (口径): names, definitions, by the page they stand on.

The part of a key before the dot is the page: `ask("today")` opens all of a page's, `ask("today.soon")` one first.
"""

from __future__ import annotations

from collections.abc import Iterator

NAMES = {
    "today.soon": "about to breach",
    "today.over": "overdue and still open",
    "today.flagged": "flagged by the machine today",
    "today.waiting": "samples of today to review",
    "today.cases": "cases due today or overdue",
    "today.silent": "sources silent or failing",
    "today.since": "Since yesterday at this time",
    "records.total": "Records",
    "records.verdict": "Verdict",
    "lines.value": "Value",
    "lines.change": "Year on year",
    "connections.open": "open connections",
    "connections.over": "open and over their limit",
    "connections.soon": "past three quarters of it",
    "connections.finished": "connected in the period",
    "connections.within": "Within the limit",
    "connections.paused": "with a pause",
    "connections.days": "Middle (working days)",
    "connections.forms": "Designated-supplier forms",
    "exclusions.records": "Left out",
    "exclusions.rates": "Rates with and without",
    "quarter.open": "Open items",
    "quarter.moved": "Change of score",
    "whatif.rank": "Tried rank",
    "whatif.score": "Score",
    "whatif.spread": "Rank under drawn weights",
    "signals.seen": "Seen",
    "signals.expected": "Expected",
    "signals.p": "p, all offices",
    "halls.months": "Monthly evaluation",
    "halls.contest": "Quarterly contest",
    "halls.province": "Provincial report",
    "halls.rates": "Violation rate",
    "league.score": "Score",
    "league.rank": "Rank",
    "league.change": "Change",
    "league.n": "judged records",
    "league.lost": "Points lost by line",
    "league.without": "Without exclusions",
    "league.shrunken": "Shrunken",
    "league.moved": "What moved",
    "league.group": "Rank in group",
}
DEFINITIONS = {
    "today.soon": "open clocks not yet over of which at least three quarters of the time are used; excluded, "
    "unjudgeable and finished records have none",
    "today.over": "open clocks whose deadline has passed; excluded and unjudgeable records have none",
    "today.flagged": "spot-checks of today in which the machine saw something and no person has decided yet",
    "today.waiting": "spot-checks of today that no person has decided yet, of those whose time has come; what cannot "
    "be checked is marked so and counts as no violation",
    "today.cases": "open cases whose present step (verify, plan, rectify, re-check, close, decide an appeal) ends by "
    "the end of today or should have ended; suspended ones have no running step",
    "today.silent": "sources whose last data are older than expected of them, or whose last attempt failed",
    "today.since": "changes of rank in the running quarter, confirmed violations, clocks that ran out and records "
    "accepted in the last 24 hours",
    "records.total": "all records of the chosen kind, period, office, indicator and verdict; pending, unjudgeable and "
    "excluded ones are listed too, each with its verdict, but stand in no rate",
    "records.verdict": "by the edition in force on the record's day of acceptance: on time and late are in the rate; "
    "pending, unjudgeable and excluded are beside it",
    "lines.value": "sum of numerators ÷ sum of denominators of the offices that reported the month, never an average "
    "of rates; a month that nobody reported has no value",
    "lines.change": "value of the month less that of the same month a year before",
    "connections.open": "applications accepted and not connected yet; excluded ones are left out",
    "connections.over": "open ones whose deadline has passed; working days after the day of acceptance, pauses left "
    "out",
    "connections.soon": "open ones not yet over that have used at least three quarters of their limit",
    "connections.finished": "applications connected in the period, judged or not",
    "connections.within": "connected by the deadline of their class ÷ judged ones; those without a limit, unjudgeable "
    "or excluded are in neither",
    "connections.paused": "open or connected ones with working days of pause, which stop the clock",
    "connections.days": "working days after the day of acceptance, pauses left out; half took less, half more",
    "connections.forms": "answers on evaluation forms of the period: what a customer states, not yet a breach",
    "exclusions.records": "records accepted in the filed time at the filed offices, of the filed kinds and numbers",
    "exclusions.rates": "the indicator with the filed records left out and with them in; only what differs is listed",
    "quarter.open": "what stands against a condition as of the proposal: each is one record, sample, source or row",
    "quarter.moved": "score of the period with everything known now less the score as frozen",
    "whatif.rank": "rank under the tried weights, targets and limits; nothing of it is stored or published",
    "whatif.score": "sum of points ÷ sum of the available weights × 100, as it is and as tried",
    "whatif.spread": "95 % of the ranks under 2,000 draws of the weights around the chosen ones",
    "signals.seen": "records of the period in which the pattern was found; excluded ones are left out",
    "signals.expected": "how many records chance alone would put just inside the limit",
    "signals.p": "how often chance alone does this or more, after correction for all that was looked at",
    "halls.months": "video: 100 less the confirmed deductions by video; tickets: on time ÷ judged clocks of those "
    "that name the hall; on site: mean of its visits, 100 less what each deducted; pending, unjudgeable and excluded "
    "records are in none",
    "halls.contest": "mean of the months' scores, of the visits on site, of the mutual checks, and satisfied ÷ rated "
    "by key press and survey",
    "halls.province": "halls; those with a spot-check that showed every window; those with one captured; confirmed "
    "violations of the period, one fact once",
    "halls.rates": "drawn samples with a violation ÷ drawn checkable samples that a person has decided; not decided "
    "and not checkable ones are in neither; Wilson, 95 %",
    "league.score": "sum of points ÷ sum of the available weights × 100; what has no value lends its weight to the "
    "others; two decimals, rounded once",
    "league.rank": "place by the published score; ties share it, the next is skipped; the interval holds where chance "
    "alone may put it, 95 %",
    "league.change": "score less that of the period before, where both were ranked",
    "league.n": "records judged by at least one clock, each once; at halls, checkable spot-checks; pending, "
    "unjudgeable and excluded records are not in it",
    "league.lost": "weight less points of the line's indicators, in points of the score",
    "league.without": "the same score had no exclusion been approved; nobody is ranked by it",
    "league.shrunken": "moved towards the rate of all offices, the further the fewer the records",
    "league.moved": "places won and lost: by the office itself, by the others, by other rules, by late data; the parts "
    "add up",
    "league.group": "place among the ranked offices of the same peer group, by the same score",
}


def page_of(key: str) -> str:
    return key.partition(".")[0]


def of_page(key: str) -> Iterator[str]:
    """Keys of the page, the asked one first."""
    if key in NAMES:
        yield key
    for other in NAMES:
        if page_of(other) == page_of(key) and other != key:
            yield other
