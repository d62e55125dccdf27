"""The simulator against annuity formulas, slow loops, tables and its own symmetries."""

import math
from functools import partial

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from portlib import policy
from portlib.retirement import scenarios as sc
from portlib.retirement import taxes
from portlib.retirement.glidepaths import Glidepath, constant, lifecycle, shaped
from portlib.retirement.household import Household

OURS = policy.read()
simulate = partial(
    lifecycle.simulate,
    risk_aversion=OURS["lifecycle_risk_aversion"],
    floor=OURS["spending_floor"],
)
BOTH = ("equity", "bonds")
MATCH = [{"rate": 1.0, "up_to": 0.03}, {"rate": 0.5, "up_to": 0.05}]


def flat(rate: float, years: int = 100, paths: int = 1) -> sc.Scenarios:
    return sc.Scenarios(np.full((paths, years, 2), rate), BOTH, "one return for ever")


def draws(paths: int = 300, years: int = 100, seed: int = 1) -> sc.Scenarios:
    rng = np.random.default_rng(seed)
    z = rng.standard_normal((paths, years, 2))
    return sc.Scenarios(np.expm1([0.045, 0.015] + [0.17, 0.06] * z), BOTH, "lognormal")


def certain(**changes: object) -> Household:
    base = dict(
        age=30, retirement_age=65, pay=60_000.0, deferral_rate=0.1, social_security=False, sex=None
    )
    return Household(**{**base, "last_age": 95, **changes})


# ---- the account ---------------------------------------------------------------------------------


@pytest.mark.parametrize(("timing", "earned"), [("start", 1.0), ("mid", 0.5), ("end", 0.0)])
def test_saving_is_the_future_value_of_an_annuity(timing: str, earned: float) -> None:
    out = simulate(constant(0.6), certain(balance=1000.0), flat(0.03), timing=timing)
    annuity = 6000 * (1.03**35 - 1) / 0.03 * 1.03**earned
    assert out.balance[0, 0] == pytest.approx(1000 * 1.03**35 + annuity, rel=1e-12)


def test_spending_is_the_present_value_of_an_annuity_due() -> None:
    """A balance lasts exactly as long as the formula says: a dollar less and it does not."""
    lasts = 40_000 * (1 - 1.02**-30) / 0.02 * 1.02
    rich, poor = (certain(age=65, balance=lasts - less, spending=40_000.0) for less in (0, 1))
    out = simulate(constant(0.5), rich, flat(0.02))
    assert out.success.all() and out.bequest[0, 0] == pytest.approx(0.0, abs=1e-6)
    out = simulate(constant(0.5), poor, flat(0.02))
    assert not out.success.any()
    assert out.unmet[0, 0] == pytest.approx(1.02**29 / (40_000 * 30), rel=1e-6)


def test_withdrawals_of_an_annuity_deplete_a_certain_life_exactly() -> None:
    person = Household(
        age=65,
        retirement_age=65,
        balance=1e6,
        social_security=False,
        sex=None,
        last_age=95,
        annuity_rate=0.03,
    )
    out = simulate(constant(0.5), person, flat(0.03), risk_aversion=2.0)
    level = 1e6 / ((1 - 1.03**-30) / 0.03 * 1.03)
    assert out.certainty_equivalent()[0] == pytest.approx(level, rel=1e-9)
    assert out.bequest[0, 0] == pytest.approx(0.0, abs=1e-6)


def slowly(
    path: Glidepath, h: Household, returns: np.ndarray, last: int
) -> tuple[float, float, float]:
    """One path in plain Python: balance at retirement, bequest, spending missed; half-year
    contributions.
    """
    inside, outside, balance, missed = h.balance, 0.0, h.balance, 0.0
    for t in range(last + 1):
        mix = path.at(h.retirement_age - h.age - t)
        r = (1 + float(mix @ returns[t])) * (1 - path.fee)
        inside = max(inside - h.fee_dollars, 0.0)
        if h.age + t < h.retirement_age:
            pay = h.pay * (1 + h.pay_growth) ** t
            paid = taxes.contribution(pay, h.deferral_rate, h.match, year=h.year, age=h.age + t)
            inside = inside * r + paid.total * math.sqrt(r)
            balance = inside
            continue
        need = max((h.spending or 0.0) - h.other_income, 0.0)
        due = float(taxes.required_minimum_distribution(inside, h.age + t, h.year - h.age))
        gross = min(inside, max(due, max(need - outside, 0.0) / (1 - h.tax_rate)))
        inside, cash = inside - gross, outside + gross * (1 - h.tax_rate)
        missed += need - min(need, cash)
        inside, outside = inside * r, (cash - min(need, cash)) * r
    return balance, inside * (1 - h.tax_rate) + outside, missed


def test_the_simulator_against_a_slow_loop_with_everything_switched_on() -> None:
    person = certain(
        age=50,
        balance=200_000.0,
        match=MATCH,
        pay=170_000.0,
        deferral_rate=0.25,
        pay_growth=0.02,
        spending=90_000.0,
        other_income=15_000.0,
        tax_rate=0.2,
        fee_dollars=60.0,
        last_age=100,
    )
    returns, path = draws(40), shaped(0.9, 20, 0.3, 10, fee=0.004)
    out = simulate([constant(0.2), path], person, returns)
    for k in range(40):
        balance, bequest, missed = slowly(path, person, returns.values[k], 49)
        wanted = 75_000.0 * 35
        assert [out.balance[1, k], out.bequest[1, k], out.unmet[1, k]] == pytest.approx(
            [balance, bequest, missed / wanted], rel=1e-9, abs=1e-7
        )


def test_what_comes_later_does_not_change_what_was() -> None:
    """No look-ahead: the balance at retirement does not depend on returns after it, nor on those of
    other paths.
    """
    early = draws()
    later = early.values.copy()
    later[:, 35:] = 0.5
    later[7, 3] = -0.9
    one = simulate(constant(0.7), certain(), early)
    two = simulate(constant(0.7), certain(), sc.Scenarios(later, BOTH, "changed"))
    same = np.arange(300) != 7
    assert (
        np.array_equal(one.balance[:, same], two.balance[:, same])
        and one.balance[0, 7] > two.balance[0, 7]
    )


def test_a_fee_is_taken_once_and_not_from_contributions_of_the_day() -> None:
    free = simulate(constant(0.6), certain(deferral_rate=0.0, balance=1000.0), flat(0.04)).balance[
        0, 0
    ]
    costly = simulate(
        constant(0.6, fee=0.01), certain(deferral_rate=0.0, balance=1000.0), flat(0.04)
    ).balance[0, 0]
    assert costly / free == pytest.approx(0.99**35, rel=1e-12)


def test_glidepaths_share_paths_and_lifetimes_and_chunks_do_not_matter(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    person, returns = certain(sex="both", last_age=120, spending=40_000.0), draws()
    alone = simulate(constant(0.5), person, returns, rng=np.random.default_rng(3))
    among = simulate([constant(0.1), constant(0.5)], person, returns, rng=np.random.default_rng(3))
    monkeypatch.setattr("portlib.retirement.glidepaths.lifecycle.CHUNK", 37)
    small = simulate(constant(0.5), person, returns, rng=np.random.default_rng(3))
    for other in (among.bequest[1], small.bequest[0]):
        assert np.abs(alone.bequest[0] - other).max() <= 1e-6


@given(st.floats(0.2, 5.0))
@examples(max_examples=15, deadline=None)
def test_twice_the_dollars_twice_the_outcome(scale: float) -> None:
    """Below every limit of the law and above the floor, dollars are only a unit."""
    one = certain(pay=40_000.0, spending=30_000.0, balance=5000.0)
    two = certain(pay=40_000.0 * scale, spending=30_000.0 * scale, balance=5000.0 * scale)
    a, b = (simulate(constant(0.5), h, draws(20)) for h in (one, two))
    assert b.balance == pytest.approx(a.balance * scale, rel=1e-9)
    assert np.array_equal(a.success, b.success)


def test_taxes_take_their_share_of_what_leaves_the_plan() -> None:
    """Flat tax, nothing forced out: worth as much as a balance that is smaller by the rate."""
    taxed = Household(
        age=40,
        retirement_age=40,
        balance=1e6,
        spending=30_000,
        tax_rate=0.25,
        social_security=False,
        sex=None,
        last_age=70,
    )
    free = Household(
        age=40,
        retirement_age=40,
        balance=7.5e5,
        spending=30_000,
        social_security=False,
        sex=None,
        last_age=70,
    )
    a, b = (simulate(constant(0.5), h, draws(50)) for h in (taxed, free))
    assert a.bequest == pytest.approx(b.bequest, rel=1e-9, abs=1e-6)


# ---- what is refused -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"returns": flat(0.0, 10)}, "do not cover"),
        ({"timing": "noon"}, "timing"),
        ({"returns": flat(-1.5)}, "below -1"),
        ({"returns": sc.Scenarios(np.zeros((1, 99, 2)), ("a", "b"), "")}, "other assets"),
        ({"household": certain(sex="both")}, "rng"),
    ],
)
def test_a_simulation_that_makes_no_sense_is_refused(
    arguments: dict[str, object], says: str
) -> None:
    call = {"glidepaths": constant(0.5), "household": certain(), "returns": flat(0.0), **arguments}
    with pytest.raises(ValueError, match=says):
        simulate(**call)
