"""Yields, bonds and inflation that move together, against history and by hand."""

import numpy as np
import pytest

from portlib.history import constant_maturity_returns, open_record
from portlib.retirement import economy
from portlib.retirement import scenarios as sc
from portlib.retirement.economy import Economy, repriced
from portlib.retirement.inflation import Inflation

RECORD = open_record()
YEARS = sc.annual(sc.joint_history())
REAL_EQUITY = (1 + YEARS["equity"]) / (1 + YEARS["inflation"]) - 1


@pytest.fixture(scope="module")
def fitted() -> Economy:
    prices = np.exp(np.log(RECORD["cpi_u"].values).interpolate())
    return economy.fit(RECORD["yield_10y"].values, prices, REAL_EQUITY, 10)


def test_a_bond_repriced_by_the_year_is_the_sum_of_its_discounted_payments() -> None:
    for c, y, n in ((0.05, 0.07, 10), (0.03, 0.03, 7), (0.08, 0.02, 20)):
        times = np.arange(0.5, n - 1 + 1e-9, 0.5)
        price = (c / 2 * (1 + y / 2) ** (-2 * times)).sum() + (1 + y / 2) ** (-2 * (n - 1))
        assert float(repriced(np.array(c), np.array(y), n)) == pytest.approx(c + price - 1)
    assert float(repriced(np.array(0.03), np.array(0.0), 10)) == pytest.approx(0.03 + 0.27)


def test_real_bonds_and_equity_are_as_wild_as_history() -> None:
    model = economy.fit(
        RECORD["yield_10y"].values, RECORD["cpi_u"].values.interpolate(), REAL_EQUITY, 10
    )
    drawn = model.draw(3_000, 60, np.random.default_rng(1))
    history = (1 + YEARS["bonds"]) / (1 + YEARS["inflation"]) - 1
    bonds = drawn.values[..., 1]
    spreads = bonds.std(axis=1, ddof=1)
    assert np.quantile(spreads, 0.01) < history.std() < np.quantile(spreads, 0.99)
    means = bonds.mean(axis=1)
    assert np.quantile(means, 0.025) < history.mean() < np.quantile(means, 0.975)
    equity = drawn.values[..., 0]
    assert equity.mean() == pytest.approx(REAL_EQUITY.mean(), abs=0.002)
    assert equity.std() == pytest.approx(REAL_EQUITY.std(), rel=0.02)


def test_a_year_like_2022_can_happen(fitted) -> None:
    drawn = fitted.draw(4_000, 40, np.random.default_rng(2))
    nominal = (1 + drawn.values[..., 1]) * (1 + drawn.inflation) - 1
    both = (nominal < YEARS.loc[2022, "bonds"]) & (drawn.inflation > 0.06)
    assert YEARS.loc[2022, "bonds"] < -0.15
    assert 0.0005 < both.mean() < 0.03


def test_repricing_by_the_month_and_by_the_year_agree() -> None:
    yields = RECORD["yield_10y"].values.to_frame("bond")
    monthly = 1 + constant_maturity_returns(yields, 10)["bond"]
    by_month = monthly.groupby(monthly.index.year).prod() - 1
    ends = yields["bond"].groupby(yields.index.year).last()
    by_year = repriced(ends.to_numpy()[:-1], ends.to_numpy()[1:], 10)
    found = np.corrcoef(by_year[1:-1], by_month.loc[ends.index[2] : ends.index[-2]])[0, 1]
    assert found > 0.99


def test_protected_bonds_bear_no_inflation_and_nominal_bonds_do(fitted) -> None:
    drawn = fitted.draw(4_000, 30, np.random.default_rng(3))
    longest = np.log1p(drawn.inflation).sum(axis=1)
    worth = {a: np.log1p(drawn.values[..., k]).sum(axis=1) for k, a in enumerate(drawn.assets)}
    assert np.corrcoef(longest, worth["bonds"])[0, 1] < -0.3
    assert abs(np.corrcoef(longest, worth["tips"])[0, 1]) < 0.1


def test_correlations_that_are_none_are_refused() -> None:
    good = dict(
        inflation=Inflation(0.025, 0.7, 0.015),
        real_mean=0.02,
        real_persistence=0.9,
        real_shock=0.01,
        real_last=0.02,
        premium=0.005,
        term=0.01,
        maturity=10,
        equity_mean=0.06,
        equity_volatility=0.17,
    )
    with pytest.raises(ValueError, match="positive semidefinite"):
        Economy(**good, correlation=np.array([[1, 0.9, 0.9], [0.9, 1, -0.9], [0.9, -0.9, 1]]))
    with pytest.raises(ValueError, match="maturity"):
        Economy(**{**good, "maturity": 1}, correlation=np.eye(3))


def test_bills_pay_what_was_known_when_they_were_bought(fitted) -> None:
    """Nominally one number a year ahead: last year's real yield, the term, expected inflation."""
    drawn = fitted.draw(500, 6, np.random.default_rng(4))
    change = drawn.inflation
    nominal = (1 + drawn.values[..., 3]) * (1 + change) - 1
    process = fitted.inflation
    ahead = process.mean + process.persistence * (process.last - process.mean)
    assert nominal[:, 0] == pytest.approx(fitted.real_last - fitted.term + ahead, rel=1e-9)
    # what inflation was last year is in this year's bill, and this year's is not
    expected = process.mean + process.persistence * (np.log1p(change[:, :-1]) - process.mean)
    real = nominal[:, 1:] - expected + fitted.term
    assert np.corrcoef(real[:, 0], drawn.values[:, 0, 2])[0, 1] < -0.9
    assert abs(np.corrcoef(real[:, 0], drawn.values[:, 1, 2])[0, 1]) < 0.5


def test_nominal_bonds_are_bought_before_the_years_inflation_is_known() -> None:
    """Where real yields stand still, a year's return follows from two yields: last year's, and this
    year's, in which its inflation is; so a surprise hurts."""
    prices = Inflation(0.025, 0.7, 0.015, last=0.04)
    still = dict(real_mean=0.02, real_persistence=0.9, real_shock=0.0, real_last=0.02)
    other = dict(premium=0.005, term=0.01, maturity=10, equity_mean=0.06, equity_volatility=0.17)
    model = Economy(prices, **still, **other, correlation=np.eye(3))
    drawn = model.draw(300, 5, np.random.default_rng(5))
    logs = np.log1p(drawn.inflation)
    known = np.column_stack([np.full(300, 0.04), logs[:, :-1]])
    carried = sum(0.7**k for k in range(1, 11)) / 10  # a deviation, averaged over the bond's life
    bought, sold = (0.02 + 0.025 + 0.005 + (x - 0.025) * carried for x in (known, logs))
    nominal = (1 + drawn.values[..., 1]) * (1 + drawn.inflation) - 1
    assert nominal == pytest.approx(repriced(bought, sold, 10), rel=1e-9)
    surprise = logs - 0.025 - 0.7 * (known - 0.025)
    assert np.corrcoef(surprise.ravel(), drawn.values[..., 1].ravel())[0, 1] < -0.9
