"""Tilts on factors: against the formula, against what was put in, and what is left out by name."""

import numpy as np
import pandas as pd
import pytest

from portlib import history
from portlib.estimation.style_analysis import factor_tilts as ft

MONTHS = pd.date_range("2015-01-31", periods=96, freq="ME")


@pytest.fixture(scope="module")
def factors():
    rng = np.random.default_rng(7)
    return pd.DataFrame(
        rng.normal(0.003, 0.03, (96, 3)), MONTHS, ["market", "size", "value"]
    ), pd.Series(0.001 + 0.0001 * rng.standard_normal(96), MONTHS)


def newey_west(y, x):
    """The coefficients' standard errors, written out (Newey and West 1987)."""
    bread = np.linalg.inv(x.T @ x)
    u = x * (y - x @ bread @ x.T @ y)[:, None]
    lags = int(4 * (len(y) / 100) ** (2 / 9))
    meat = u.T @ u
    for lag in range(1, lags + 1):
        gamma = u[lag:].T @ u[:-lag]
        meat += (1 - lag / (lags + 1)) * (gamma + gamma.T)
    return np.sqrt(np.diag(bread @ meat @ bread) * len(y) / (len(y) - x.shape[1]))


def test_errors_are_those_of_the_formula_on_each_funds_own_months(factors):
    table, bills = factors
    rng = np.random.default_rng(8)
    noise = rng.normal(0, 0.01, 96)
    noise[1:] += 0.4 * noise[:-1]
    fund = table @ [1.0, -0.3, 0.5] + bills + 0.001 + noise
    funds = pd.DataFrame({"old": fund, "young": fund.where(fund.index >= MONTHS[24])})
    found = ft.tilts(funds, table, bills, minimum_months=36)
    for name, first in {"old": 0, "young": 24}.items():
        y = (funds[name] - bills).to_numpy()[first:]
        x = np.column_stack([np.ones(len(y)), table.iloc[first:]])
        expected = newey_west(y, x)
        np.testing.assert_allclose(found.standard_errors.loc[name], expected[1:], rtol=1e-10)
        assert found.fit.loc[name, "alpha_error"] == pytest.approx(12 * expected[0])
        assert found.fit.loc[name, "months"] == len(y)
        assert found.fit.loc[name, "first"] == MONTHS[first]
        alpha = np.linalg.lstsq(x, y, rcond=None)[0][0]
        assert found.fit.loc[name, "alpha"] == pytest.approx(12 * alpha)
        assert found.fit.loc[name, "last"] == MONTHS[-1]
        rest = y - x @ np.linalg.lstsq(x, y, rcond=None)[0]
        assert found.fit.loc[name, "specific_risk"] == pytest.approx(
            np.sqrt(12 * rest @ rest / (len(y) - 4))
        )
    assert (found.betas.loc["old"] - [1.0, -0.3, 0.5]).abs().max() < 0.2


def test_what_cannot_be_fitted_is_named_and_touches_nobody(factors):
    table, bills = factors
    good = (table["market"] + bills + 0.002 * np.sin(np.arange(96))).to_frame("good")
    sick = good.assign(still=0.004, gap=good["good"].drop(MONTHS[40]))
    found = ft.tilts(sick, table, bills, minimum_months=36)
    assert list(found.betas.index) == ["good"]
    assert "same return" in found.failed["still"] and "no return for" in found.failed["gap"]
    alone = ft.tilts(good, table, bills, minimum_months=36)
    pd.testing.assert_frame_equal(found.betas, alone.betas)
    short = ft.tilts(good.tail(20), table.tail(20), bills.tail(20), minimum_months=36)
    assert short.betas.empty and "at least 36" in short.failed["good"]


def test_months_and_factors_that_do_not_fit_are_refused(factors):
    table, bills = factors
    fund = (table["market"] + bills).to_frame("fund")
    for f, t, b in (
        (fund.iloc[1:], table, bills),
        (fund, table.iloc[1:], bills),
        (fund, table, bills.iloc[1:]),
    ):
        with pytest.raises(ValueError, match="join them by month"):
            ft.tilts(f, t, b, minimum_months=36)
    made = table.assign(twice=table["size"] - table["value"])
    with pytest.raises(ValueError, match="made of the others"):
        ft.tilts(fund, made, bills, minimum_months=36)
    holed = table.drop(MONTHS[3]).reindex(MONTHS)
    with pytest.raises(ValueError, match="end before a gap"):
        ft.tilts(fund, holed, bills, minimum_months=36)


def test_the_record_holds_the_library_s_factors():
    """The market of the factors is the market less bills, as the library has it."""
    record = history.long_record()
    table, bills = ft.of_record(record)
    assert list(table) == ["market", "size", "value", "momentum"]
    months = record.months("us_market", "bills", "hml")
    pd.testing.assert_series_equal(
        table["market"], months["us_market"] - months["bills"], check_names=False
    )
    pd.testing.assert_series_equal(table["value"], months["hml"], check_names=False)
    corner = record.months("small_value", "large_growth", "large_blend", "bills")
    tilts = ft.tilts(
        corner.drop(columns="bills"), table, bills, minimum_months=60
    ).betas  # what a portfolio is sorted by is what it tilts to
    assert tilts.loc["small_value", "size"] > 0.5 and tilts.loc["small_value", "value"] > 0.4
    assert tilts.loc["large_growth", "value"] < -0.2 and tilts.loc["large_growth", "size"] < 0
