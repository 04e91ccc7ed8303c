"""The known formulas (公式): which records they judge, their options, and how verdicts become a rate.

An indicator is a row of the rulebook; only a formula that is new costs a function (in the judge of its record) and
its line here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Formula:
    """How a formula is used.

    `numerator` and `denominator` are the letters of the states that count in each ("ratio" sums the record's own
    share instead); `losing` the letters of the states that lose points (design §3.4).
    """

    records: frozenset[str]
    options: frozenset[str] = frozenset()
    optional: frozenset[str] = frozenset()
    numerator: str | Literal["ratio"] = "C"
    denominator: str = "CN"
    losing: str = ""
    reads: frozenset[str] = frozenset()
    """Record types it reads beside its own: the figure rests on their sources too."""


def _of(*records: str) -> frozenset[str]:
    return frozenset(records)


FORMULAS: dict[str, Formula] = {
    # on_time ÷ (on_time + late), by the limits of one step and kind
    "clock": Formula(
        _of("tickets", "repairs", "applications"), _of("step", "kind"), _of("unless"),
        numerator="O", denominator="OL", losing="L",
    ),
    # records with a counted value × per ÷ customers of the office
    "per_customers": Formula(
        _of("tickets"), _of("types", "column", "counted", "per"), numerator="C", denominator="", losing="C",
        reads=_of("offices"),
    ),
    # counted values ÷ filled values of a column
    "share": Formula(_of("tickets"), _of("column", "counted"), losing="N"),
    # Σ (time ÷ limit) ÷ records judged by another indicator and done
    "ratio_to_limit": Formula(_of("repairs"), _of("of"), numerator="ratio", denominator="C"),
    # records whose customer had another one within days × 24 h before ÷ records with a customer
    "repeat": Formula(_of("repairs"), _of("column", "days"), losing="C"),
    # late by another indicator, reported as not late ÷ late and reported at all
    "concealed": Formula(_of("repairs"), _of("of", "column"), losing="C"),
    # connected with a form naming it ÷ connected
    "form_collected": Formula(_of("applications"), _of("end", "kind"), losing="N", reads=_of("evaluations")),
    # issued ÷ known
    "issued": Formula(_of("applications"), _of("column"), losing="N"),
    # reached with a counted value ÷ reached
    "reached_share": Formula(_of("evaluations"), _of("kinds", "reached", "column", "counted"), losing="N"),
    "hall_months": Formula(_of("halls"), reads=_of("inspections", "samples", "hall_days")),
    "samples_done": Formula(_of("samples"), losing="N", reads=_of("hall_days")),
    "samples_checkable": Formula(_of("samples"), losing="N", reads=_of("hall_days")),
    "measure": Formula(_of("measures"), _of("measure")),
}  # fmt: skip
