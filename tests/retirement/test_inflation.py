"""Inflation as a process: its moments, its fit, and what it does to a promise in dollars."""

import numpy as np
import pandas as pd
import pytest

from portlib.history import open_record
from portlib.retirement import inflation
from portlib.retirement.inflation import Inflation

PRICES = open_record()["cpi_u"].values.interpolate()


def test_spread_and_persistence_of_long_draws_are_those_of_the_process() -> None:
    process = Inflation(0.025, 0.78, 0.0165)
    rng = np.random.default_rng(1)
    rates = np.log1p(process.path(process.surprises(400, 600, rng)))[:, 100:]
    assert rates.mean() == pytest.approx(0.025, abs=0.0006)
    assert rates.std() == pytest.approx(process.spread, rel=0.01)
    lagged = np.corrcoef(rates[:, :-1].ravel(), rates[:, 1:].ravel())[0, 1]
    assert lagged == pytest.approx(0.78, abs=0.005)


def test_the_fit_finds_the_process_that_made_the_prices() -> None:
    """Kendall's correction takes most of the bias out of 73 years."""
    process, rng = Inflation(0.03, 0.75, 0.017), np.random.default_rng(2)
    dates = pd.date_range("1950-12-31", periods=74, freq="YE")
    fits = []
    for rates in process.path(process.surprises(300, 73, rng)):
        level = pd.Series(np.concatenate([[1.0], np.cumprod(1 + rates)]), index=dates)
        fits.append(inflation.fit(level))
    assert np.mean([f.persistence for f in fits]) == pytest.approx(0.75, abs=0.02)
    assert np.mean([f.mean for f in fits]) == pytest.approx(0.03, abs=0.001)


def test_consumer_prices_have_the_spread_and_persistence_of_the_fit() -> None:
    fitted = inflation.fit(PRICES, 1953)
    change = inflation.annual_changes(PRICES).loc[1953:]
    rates = np.log1p(fitted.path(fitted.surprises(4_000, len(change), np.random.default_rng(3))))
    spreads = rates.std(axis=1, ddof=1)
    lagged = [np.corrcoef(r[:-1], r[1:])[0, 1] for r in rates]
    assert np.quantile(spreads, 0.025) < change.std() < np.quantile(spreads, 0.975)
    assert np.quantile(lagged, 0.025) < change.autocorr() < np.quantile(lagged, 0.975)


def test_the_weight_of_today_in_a_yield_is_the_average_of_what_is_left() -> None:
    by_hand = np.mean([0.8**k for k in range(1, 11)])
    assert inflation.remaining(0.8, 10) == pytest.approx(by_hand)
    assert Inflation(0.02, 0.8, 0.01, last=0.07).expected(10) == pytest.approx(
        0.02 + 0.05 * by_hand
    )


@pytest.mark.parametrize("wrong", [(2.5, 0.7, 0.01), (0.025, 1.0, 0.01), (0.025, 0.7, 1.6)])
def test_percent_and_unit_roots_are_refused(wrong) -> None:
    with pytest.raises(ValueError, match="annual decimals"):
        Inflation(*wrong)
    with pytest.raises(ValueError, match="whole years"):
        inflation.fit(PRICES, 2010)
