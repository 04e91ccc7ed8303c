"""Three published formulas (三个已公布的公式), domain §6.3: what a province computes of its companies every month.

The program that holds them in the field computes ×50 for "×50 %" and subtracts percentage points from a ratio (domain
§9.33). Here a ratio is 0–1 and named so, a result and every deduction are in percentage points of 100.
"""

from __future__ import annotations

from fractions import Fraction

HUNDRED = Fraction(100)
FLOOR_OF_SATISFACTION = Fraction(95, 100)


def service_index(
    *, events: int, volume: int, satisfied: int, reached: int, untrue: Fraction, opinions: Fraction, breaches: Fraction
) -> Fraction | None:
    """优质服务评价指数, 0–100; None without volume or call-backs.

    `events` were called about three times or more; `volume` leaves out repairs, praise and enquiries answered at once.
    Minus 0.1 point for each whole 0.1 % of call-back satisfaction below 95 %, 0.1 for each untrue ticket, 5 for each
    responsible negative public opinion, 0.2 for each proven breach.
    """
    if not volume or not reached:
        return None
    short = max(Fraction(0), FLOOR_OF_SATISFACTION - Fraction(satisfied, reached))
    steps = short * 1000 // 1
    index = HUNDRED * (1 - Fraction(events, volume))
    index -= Fraction(steps, 10) + untrue / 10 + 5 * opinions + breaches / 5
    return max(Fraction(0), index)


def conduct_rate(
    *, first: int, second: int, reports: int, calls: Fraction, customers: int, late: Fraction, supervised: Fraction,
    theft: Fraction,
) -> Fraction | None:  # fmt: skip
    """营销服务规范率, 0–100; None without calls and customers.

    0.7 (1 − A ÷ K) + 0.2 (1 − B ÷ K) + 0.1 (1 − R ÷ K) with K = calls ÷ 100 × 50 % + customers ÷ 1000 × 50 %: A
    complaints of the first class, B of the second, R reports of the four kinds. Minus 0.2 for each late or poor report,
    0.5 for each item supervised by headquarters, 0.1 for each mishandled report of theft.
    """
    base = calls / 100 / 2 + Fraction(customers, 1000) / 2
    if not base:
        return None
    shares = ((Fraction(7, 10), first), (Fraction(2, 10), second), (Fraction(1, 10), reports))
    rate = HUNDRED * sum(weight * (1 - count / base) for weight, count in shares)
    return max(Fraction(0), rate - late / 5 - supervised / 2 - theft / 10)


def connection_rate(*, coordinated: Fraction, in_time: Fraction, satisfied: Fraction) -> Fraction:
    """业扩报装服务规范率, 0–100, from three ratios: 0.4 coordinated steps in time, 0.3 in time, 0.3 satisfied."""
    return HUNDRED * (Fraction(4, 10) * coordinated + Fraction(3, 10) * in_time + Fraction(3, 10) * satisfied)
