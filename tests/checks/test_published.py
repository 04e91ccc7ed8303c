"""The three published formulas against numbers worked by hand (domain §6.3, trap 33)."""

from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from checks.published import conduct_rate, connection_rate, service_index

NONE = Fraction(0)


def test_the_service_index_by_hand() -> None:
    # 1 - 12/2,000 = 99.4 %; call-backs 188/200 = 94.0 %: ten steps of 0.1 % = 1 point; 3 untrue = 0.3; 1 opinion = 5;
    # 2 breaches = 0.4: 99.4 - 1 - 0.3 - 5 - 0.4 = 92.7
    found = service_index(events=12, volume=2000, satisfied=188, reached=200, untrue=Fraction(3), opinions=Fraction(1),
                          breaches=Fraction(2))  # fmt: skip
    assert found == Fraction("92.7")


def test_call_backs_above_the_floor_cost_nothing_and_a_part_of_a_step_neither() -> None:
    rest = {"events": 0, "volume": 10, "untrue": NONE, "opinions": NONE, "breaches": NONE}
    assert service_index(satisfied=96, reached=100, **rest) == 100
    assert service_index(satisfied=95, reached=100, **rest) == 100
    assert service_index(satisfied=94951, reached=100000, **rest) == 100  # 0.049 % short: less than one step
    assert service_index(satisfied=949, reached=1000, **rest) == Fraction("99.9")


def test_an_index_never_falls_below_zero_and_has_no_value_without_volume() -> None:
    bad = {"satisfied": 0, "reached": 10, "untrue": NONE, "opinions": Fraction(30), "breaches": NONE}
    assert service_index(events=1, volume=10, **bad) == 0
    assert service_index(events=0, volume=0, **bad) is None
    assert service_index(events=0, volume=5, **{**bad, "reached": 0}) is None


def test_trap_33_the_base_of_the_conduct_rate_is_250_not_25000() -> None:
    """domain §9.33: 20,000 calls and 300,000 customers make K = 100 + 150; the field's program computes ×50."""
    # A = 10, B = 25, R = 5: 0.7 × 0.96 + 0.2 × 0.90 + 0.1 × 0.98 = 0.95 → 95.0; minus 2 × 0.2, 1 × 0.5, 3 × 0.1
    found = conduct_rate(first=10, second=25, reports=5, calls=Fraction(20000), customers=300000, late=Fraction(2),
                         supervised=Fraction(1), theft=Fraction(3))  # fmt: skip
    assert found == Fraction("93.8")
    wrong_base = 100 * (Fraction("0.7") * (1 - Fraction(10, 25000)) + Fraction("0.2") * (1 - Fraction(25, 25000))
                        + Fraction("0.1") * (1 - Fraction(5, 25000)))  # fmt: skip
    assert found < wrong_base - Fraction("1.2")


def test_trap_33_a_deduction_is_in_percentage_points_not_in_ones() -> None:
    """domain §9.33: 0.5 off a ratio of 0.95 would leave 45 %; off 95 points it leaves 94.5."""
    clean = {"first": 0, "second": 0, "reports": 0, "calls": Fraction(20000), "customers": 0, "theft": NONE}
    assert conduct_rate(late=NONE, supervised=Fraction(1), **clean) == Fraction("99.5")
    assert conduct_rate(late=Fraction(1), supervised=NONE, **clean) == Fraction("99.8")
    assert conduct_rate(late=NONE, supervised=NONE, **{**clean, "calls": NONE}) is None


def test_the_connection_rate_by_hand() -> None:
    # 0.4 × 0.95 + 0.3 × 0.90 + 0.3 × 0.98 = 0.944
    found = connection_rate(coordinated=Fraction("0.95"), in_time=Fraction("0.9"), satisfied=Fraction("0.98"))
    assert found == Fraction("94.4")


@given(st.integers(0, 50), st.integers(0, 50), st.integers(0, 200), st.integers(0, 5))
def test_a_worse_input_never_scores_better(events: int, unhappy: int, untrue: int, opinions: int) -> None:
    def index(**more: int) -> Fraction | None:
        values = {"events": events, "unhappy": unhappy, "untrue": untrue, "opinions": opinions, **more}
        wrong, heard = Fraction(values["untrue"]), Fraction(values["opinions"])
        return service_index(events=values["events"], volume=500, satisfied=200 - values["unhappy"], reached=200,
                             untrue=wrong, opinions=heard, breaches=NONE)  # fmt: skip

    for name, value in (("events", events + 1), ("unhappy", unhappy + 1), ("untrue", untrue + 1), ("opinions", 6)):
        assert index(**{name: value}) <= index()
