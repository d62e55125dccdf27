"""The reasons: closed forms and brute force for what pay does to the best mix."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st
from scipy import optimize

from portlib.retirement.glidepaths import human_capital as hc


def model(**changes: object) -> hc.LifecycleModel:
    base = dict(
        first_age=60,
        last_working_age=64,
        last_age=79,
        survival=np.full(20, 0.98),
        log_income=np.full(5, 3.0),
        replacement=0.6,
        var_transitory=0.05,
        var_permanent=0.01,
        permanent=True,
        discount=0.96,
        risk_aversion=6.0,
        rf=0.02,
        premium=0.04,
        volatility=0.157,
    )
    return hc.LifecycleModel(**{**base, **changes})


def test_present_value_is_an_annuity_and_ends_with_the_last_payment() -> None:
    worth = hc.present_value(np.full(30, 100.0), 0.03)
    assert worth[0] == pytest.approx(100 * (1 - 1.03**-30) / 0.03 * 1.03)
    assert worth[-1] == pytest.approx(100.0)
    alive = 0.9 ** np.arange(30)
    assert hc.present_value(np.full(30, 100.0), 0.0, alive)[5] == pytest.approx(
        100 * (1 - 0.9**25) / 0.1
    )


@given(st.floats(0.05, 0.9), st.floats(0, 20))
@examples(max_examples=30)
def test_all_wealth_holds_mertons_share_when_no_bound_is_met(m: float, ratio: float) -> None:
    share = float(hc.share_with_human_capital(m, 1.0, ratio, beta=0.2))
    if 0 < share < 1:
        assert share + 0.2 * ratio == pytest.approx(m * (1 + ratio), rel=1e-9)
    assert float(hc.share_with_human_capital(m, 1.0, 0.0)) == pytest.approx(m)


def test_without_pay_the_share_is_samuelsons_at_every_age_and_wealth() -> None:
    """Closed form on the same three returns: one share, and consumption a fixed part of wealth at
    each age.
    """
    m = model(replacement=0.0, log_income=np.full(5, -60.0), permanent=False)
    equity, p = m.returns()
    excess = equity - 1 - m.rf
    share = optimize.brentq(
        lambda a: float(p @ (excess * (1.02 + a * excess) ** -m.risk_aversion)), 0, 1
    )
    growth = float(p @ (1.02 + share * excess) ** (1 - m.risk_aversion))
    policy, part = hc.solve(m), 1.0
    for age in range(79, 59, -1):
        part = 1 / (1 + (0.96 * 0.98 * growth) ** (1 / m.risk_aversion) / part)
        cash = np.array([1.0, 8.0, 30.0])
        assert policy.consumption(age, cash) == pytest.approx(part * cash, rel=1e-6)
        assert policy.share(age, cash) == pytest.approx(share, abs=1e-5)
    assert share == pytest.approx(hc.merton_share(0.04, 0.157, 6.0), abs=0.03)


@pytest.mark.parametrize("permanent", [True, False])
def test_the_policy_against_brute_force_over_two_periods(permanent: bool) -> None:
    m = model(
        first_age=63,
        last_working_age=64,
        last_age=64,
        survival=np.array([0.97, 0.9]),
        log_income=np.array([3.0, 3.1]),
        permanent=permanent,
    )
    policy, cash = hc.solve(m, points=400), 2.5 if permanent else 60.0
    equity, growth, income, p = m.next_year(64)

    def last(x: float) -> tuple[float, float, float]:
        def worth(z: np.ndarray) -> float:
            later = (x - z[0]) * (1.02 + z[1] * (equity - 1.02)) / growth + income
            return float(-(z[0] ** -5) / 5 + 0.96 * 0.9 * (p @ (-((growth * later) ** -5) / 5)))

        grid = itertools.product(np.linspace(0.3, 0.999, 60) * x, np.linspace(0, 1, 41))
        start = max(grid, key=lambda z: worth(np.array(z)))
        best = optimize.minimize(
            lambda z: -worth(z),
            start,
            bounds=[(1e-3 * x, x), (0, 1)],
            method="Nelder-Mead",
            options={"xatol": 1e-9, "fatol": 1e-16, "maxiter": 2000},
        )
        return float(best.x[0]), float(best.x[1]), -float(best.fun)

    consumption, share, _ = last(cash)
    assert float(policy.consumption(64, cash)) == pytest.approx(consumption, rel=2e-3)
    assert float(policy.share(64, cash)) == pytest.approx(share, abs=0.01)


def test_euler_residuals_are_small_off_the_grid_and_shrink_with_it() -> None:
    m, cash = model(), np.geomspace(0.8, 20, 57)
    worst = [
        max(np.abs(hc.solve(m, points=n).euler_residuals(age, cash)).max() for age in range(60, 79))
        for n in (60, 250)
    ]
    assert worst[1] < 2e-3 and worst[1] < worst[0]


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"survival": np.ones(3)}, "survival needs"),
        ({"volatility": 0.0}, "positive"),
        ({"survival": np.zeros(20)}, "chances"),
        ({"volatility": 0.9}, "below -100%"),
    ],
)
def test_a_model_that_makes_no_sense_is_refused(changes: dict[str, object], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        model(**changes)
