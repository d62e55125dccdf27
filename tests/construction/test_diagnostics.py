"""Diagnostics of a portfolio against closed forms, loops and the definitions."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from portlib.construction.diagnostics import diagnostics, effective_bets
from portlib.construction.risk_parity import equal_risk_contributions
from portlib.records import Assumptions
from tests.markets import market


def of(sigma: np.ndarray) -> Assumptions:
    labels = tuple(f"x{i}" for i in range(len(sigma)))
    return Assumptions(labels, np.zeros(len(sigma)), sigma, source="made up")


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_shares_of_risk_sum_to_one_and_are_the_derivative(seed: int) -> None:
    a = market(seed)
    w = pd.Series(np.random.default_rng(seed).dirichlet(np.ones(len(a))), list(a.labels))
    found = diagnostics(w, a)
    assert found.risk_shares.sum() == pytest.approx(1)
    step = 1e-6
    for i, name in enumerate(a.labels):
        up = w.to_numpy().copy()
        up[i] += step
        slope = (a.risk_of(up) - a.risk_of(w.to_numpy())) / step
        assert found.risk_shares[name] == pytest.approx(w[name] * slope / found.risk, abs=1e-5)


def test_equal_contributions_have_equal_shares() -> None:
    a = market(1)
    found = diagnostics(equal_risk_contributions(a).weights, a)
    assert found.risk_shares.to_numpy() == pytest.approx(np.full(len(a), 1 / len(a)), abs=1e-6)


@given(st.integers(2, 8), st.floats(0.0, 0.98))
def test_bets_of_alike_assets(n: int, rho: float) -> None:
    """Equal weights of n alike assets are one bet as soon as they are correlated: the first
    component carries everything."""
    sigma = 0.04 * ((1 - rho) * np.eye(n) + rho)
    w = np.full(n, 1 / n)
    if rho > 1e-3:
        assert effective_bets(w, sigma) == pytest.approx(1, abs=1e-6)
    assert 1 - 1e-9 <= effective_bets(w + np.arange(n) / 10, sigma) <= n + 1e-9


def test_bets_by_a_loop() -> None:
    a = market(2)
    w = np.random.default_rng(5).dirichlet(np.ones(len(a)))
    values, vectors = np.linalg.eigh(a.sigma)
    parts = [float(vectors[:, k] @ w) ** 2 * values[k] for k in range(len(w))]
    total = float(w @ a.sigma @ w)
    entropy = -sum(p / total * np.log(p / total) for p in parts if p > 0)
    assert effective_bets(w, a.sigma) == pytest.approx(np.exp(entropy))


def test_ratio_holdings_and_distance() -> None:
    a = of(np.diag([0.04, 0.04, 0.04, 0.04]))
    w = pd.Series(0.25, list(a.labels))
    found = diagnostics(w, a, reference=pd.Series({"x0": 1.0}))
    assert found.diversification_ratio == pytest.approx(2)
    assert found.effective_holdings == pytest.approx(4)
    assert found.active_share == pytest.approx(0.75)
    assert found.distance is not None
    assert found.distance["x0"] == pytest.approx(-0.75)
    assert found.largest[1] == 0.25
    assert found.table().to_dict() == pytest.approx(
        {
            "volatility": 0.1,
            "largest share of risk": 0.25,
            "effective holdings": 4.0,
            "effective independent bets": found.effective_bets,
            "diversification ratio": 2.0,
            "largest weight": 0.25,
            "active share": 0.75,
        }
    )
    tilted = diagnostics(pd.Series({"x1": 0.7, "x3": 0.3}), a).table()
    assert tilted["largest weight"] == 0.7
    assert tilted["effective independent bets"] != pytest.approx(tilted["diversification ratio"])
    assert np.isnan(tilted["active share"])


def test_factors_explain_what_they_explain() -> None:
    loads = pd.DataFrame({"m": [1.0, 0.5]}, index=["x0", "x1"])
    inner = pd.DataFrame({"m": [0.04]}, index=["m"])
    own = np.diag([0.01, 0.02])
    a = of(loads.to_numpy() @ inner.to_numpy() @ loads.to_numpy().T + own)
    w = pd.Series({"x0": 0.6, "x1": 0.4})
    found = diagnostics(w, a, factors=loads, factor_covariance=inner)
    total = 0.8**2 * 0.04 + 0.36 * 0.01 + 0.16 * 0.02
    assert found.factor_shares is not None
    assert found.factor_shares["m"] == pytest.approx(0.8**2 * 0.04 / total)
    assert found.factor_shares["own"] == pytest.approx((0.36 * 0.01 + 0.16 * 0.02) / total)


def test_bad_input_is_named() -> None:
    a = of(np.diag([0.04, 0.0]))
    with pytest.raises(ValueError, match="hold z"):
        diagnostics(pd.Series({"z": 1.0}), a)
    with pytest.raises(ValueError, match="x0 is nan"):
        diagnostics(pd.Series({"x0": np.nan, "x1": 1.0}), a)
    with pytest.raises(ValueError, match="without risk"):
        diagnostics(pd.Series({"x1": 1.0}), a)
    with pytest.raises(ValueError, match="no loadings for x1"):
        diagnostics(
            pd.Series({"x0": 1.0}),
            a,
            factors=pd.DataFrame({"m": [1.0]}, index=["x0"]),
            factor_covariance=pd.DataFrame({"m": [0.04]}, index=["m"]),
        )


def test_a_loading_that_is_missing_anywhere_is_named() -> None:
    a = of(np.diag([0.04, 0.04]))
    loads = pd.DataFrame({"m": [1.0, 0.5], "s": [0.1, np.nan]}, index=["x0", "x1"])
    inner = pd.DataFrame(np.eye(2) * 0.01, index=["m", "s"], columns=["m", "s"])
    with pytest.raises(ValueError, match="no loadings for x1"):
        diagnostics(pd.Series({"x0": 1.0}), a, factors=loads, factor_covariance=inner)


@pytest.mark.parametrize("seed", range(4))
def test_what_is_given_by_name_may_come_in_any_order(seed: int) -> None:
    """Weights, reference, loadings and the factors' covariance, each shuffled on its own."""
    a = market(seed)
    rng = np.random.default_rng(seed)
    labels, names = list(a.labels), ["m", "s", "v"]
    w, reference = (pd.Series(rng.dirichlet(np.ones(len(labels))), labels) for _ in range(2))
    loads = pd.DataFrame(rng.normal(1, 0.5, (len(labels), 3)), labels, names)
    root = rng.normal(0, 0.05, (3, 3))
    inner = pd.DataFrame(root @ root.T, names, names)

    def mixed(table, axis=0):
        return table.sample(frac=1, random_state=int(rng.integers(1000)), axis=axis)

    told = diagnostics(w, a, reference=reference, factors=loads, factor_covariance=inner)
    other = diagnostics(
        mixed(w),
        a,
        reference=mixed(reference),
        factors=mixed(mixed(loads), axis=1),
        factor_covariance=mixed(mixed(inner), axis=1),
    )
    assert other.factor_shares is not None and told.factor_shares is not None
    shares = other.factor_shares[told.factor_shares.index]
    assert shares.to_dict() == pytest.approx(told.factor_shares.to_dict())
    for name in names:  # by the definition: what a factor's exposure adds to the variance
        x = {f: sum(w[i] * loads.loc[i, f] for i in labels) for f in names}
        own = x[name] * sum(inner.loc[name, f] * x[f] for f in names) / told.risk**2
        assert told.factor_shares[name] == pytest.approx(own)
    pd.testing.assert_series_equal(other.risk_shares, told.risk_shares)
    pd.testing.assert_series_equal(other.distance, told.distance)
    assert other.table().to_dict() == pytest.approx(told.table().to_dict())
