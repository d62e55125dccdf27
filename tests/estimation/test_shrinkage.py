"""Covariance estimators against second methods, known truths, and inputs that must be refused."""

import cvxpy as cp
import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.stats.correlation_tools import corr_nearest
from statsmodels.tools.sm_exceptions import IterationLimitWarning

from portlib import data
from portlib.construction.mandate import Bounds, Mandate, fully_invested
from portlib.construction.mean_variance import closed_form_minimum_variance, minimum_risk
from portlib.estimation import shrinkage as sh
from portlib.history import GROUPS
from portlib.records import Assumptions

PLAIN = [name for name in sh.METHODS if name not in ("factor_model", "exponentially_weighted")]
SHRUNK = [name for name in PLAIN if name not in ("sample", "random_matrix_denoising")]
seeds = st.integers(0, 2**32 - 1)
few = settings(max_examples=25)


def draw(seed, months=40, p=6, tails=False):
    """Returns with one common factor and unequal volatilities."""
    rng = np.random.default_rng(seed)
    noise = rng.standard_t(4, (months, p)) if tails else rng.standard_normal((months, p))
    return 0.01 + 0.03 * rng.standard_normal((months, 1)) + noise * rng.uniform(0.01, 0.08, p)


def estimate(name, x):
    if name == "factor_model":
        return sh.factor_model(x, x[:, :2] + 0.5 * x[:, 2:4])
    return (
        sh.exponentially_weighted(x, 24)
        if name == "exponentially_weighted"
        else sh.METHODS[name](x)
    )


# ---- second methods ------------------------------------------------------------------------------


def by_pairs(x, target):
    """Intensity by the papers' sums over pairs of assets, as slowly as they are written."""
    y, n = x - x.mean(axis=0), len(x) - 1
    p, s = x.shape[1], np.cov(x.T)
    m = y.mean(axis=1)

    def cov(a, b, c, d):  # asymptotic covariance of s_ab and s_cd
        return np.sum(a * b * c * d) / n - (a @ b / n) * (c @ d / n)

    sd, sm_, smm = np.sqrt(np.diag(s)), y.T @ m / n, m @ m / n
    average = (s / np.outer(sd, sd))[np.triu_indices(p, 1)].mean()
    f = {
        "identity": np.eye(p) * np.diag(s).mean(),
        "diagonal": np.diag(np.diag(s)),
        "constant correlation": average * np.outer(sd, sd),
        "single index": np.outer(sm_, sm_) / smm,
    }[target]
    if target != "identity":
        np.fill_diagonal(f, np.diag(s))
    pi = rho = 0.0
    for i in range(p):
        for j in range(p):
            a, b = y[:, i], y[:, j]
            pi += cov(a, b, a, b)
            if target == "identity":
                continue
            if i == j:
                rho += cov(a, b, a, b)
            elif target == "constant correlation":
                rho += (
                    average
                    / 2
                    * (sd[j] / sd[i] * cov(a, a, a, b) + sd[i] / sd[j] * cov(b, b, a, b))
                )
            elif target == "single index":
                rho += (
                    sm_[j] * smm * cov(a, m, a, b)
                    + sm_[i] * smm * cov(b, m, a, b)
                    - sm_[i] * sm_[j] * cov(m, m, a, b)
                ) / smm**2
    return min(max((pi - rho) / np.sum((f - s) ** 2) / n, 0), 1), f


@pytest.mark.parametrize("target", sh.TARGETS)
@pytest.mark.parametrize("shape", [(40, 6), (9, 14), (5, 3)])
def test_linear_shrinkage_is_the_papers_double_sum(target, shape):
    x = draw(3, *shape, tails=True)
    found, (delta, f) = sh.ledoit_wolf(x, target), by_pairs(x, target)
    assert found.intensity == pytest.approx(delta, abs=1e-12)
    np.testing.assert_allclose(
        found.sigma, delta * f + (1 - delta) * np.cov(x.T), rtol=0, atol=1e-15
    )


def eigenvalues_by_loop(x):
    """Quadratic-inverse shrinkage, one eigenvalue at a time (Ledoit and Wolf 2022)."""
    n, p = len(x) - 1, x.shape[1]
    values = np.sort(np.linalg.eigvalsh(np.cov(x.T)))
    positive = values[max(p - n, 0) :]
    c, out = p / n, []
    h = min(c**2, 1 / c**2) ** 0.35 / p**0.35
    for own in 1 / positive:
        real = np.mean([o * (o - own) / ((o - own) ** 2 + h**2 * o**2) for o in 1 / positive])
        imaginary = np.mean([o * h * o / ((o - own) ** 2 + h**2 * o**2) for o in 1 / positive])
        square = real**2 + imaginary**2
        out.append(
            1 / (own * square)
            if p > n
            else 1 / ((1 - c) ** 2 * own + 2 * c * (1 - c) * own * real + c**2 * own * square)
        )
    out = ([1 / ((c - 1) * np.mean(1 / positive))] * (p - n) if p > n else []) + out
    return np.sort(np.array(out) * values.sum() / sum(out))


@pytest.mark.parametrize("shape", [(60, 7), (30, 29), (30, 30), (20, 35)])
def test_quadratic_inverse_is_the_papers_formula(shape):
    x = draw(5, *shape)
    np.testing.assert_allclose(
        np.linalg.eigvalsh(sh.quadratic_inverse(x).sigma), eigenvalues_by_loop(x), rtol=1e-9
    )


def test_sample_is_numpys_and_exponential_weights_are_pandas():
    x = draw(1)
    np.testing.assert_allclose(sh.sample(x).sigma, np.cov(x.T), rtol=1e-13)
    weighted = pd.DataFrame(x).ewm(halflife=12).cov().to_numpy()[-6:]
    np.testing.assert_allclose(sh.exponentially_weighted(x, 12).sigma, weighted, rtol=1e-10)
    np.testing.assert_allclose(
        sh.exponentially_weighted(x, 1e9).sigma, np.cov(x.T), rtol=0, atol=1e-10
    )


def test_factor_model_is_a_regression_per_asset():
    x = draw(2)
    factors = x[:, :2] @ np.array([[1, 0.3], [0.2, 1]]) + draw(9, p=2)
    found = sh.factor_model(x, factors)
    for i in range(x.shape[1]):
        fit = sm.OLS(x[:, i], sm.add_constant(factors)).fit()
        np.testing.assert_allclose(found.parts["exposures"][i], fit.params[1:], rtol=1e-10)
        assert found.parts["specific"][i] == pytest.approx(fit.mse_resid)
    b, f, d = (found.parts[k] for k in ("exposures", "factor_covariance", "specific"))
    np.testing.assert_allclose(found.sigma, b @ f @ b.T + np.diag(d), rtol=1e-12)
    np.testing.assert_allclose(f, np.cov(factors.T), rtol=1e-12)


def test_denoising_clips_noise_and_keeps_what_stands_out():
    rng = np.random.default_rng(0)
    noise = rng.standard_normal((2000, 10))
    rho = sh.correlation(sh.random_matrix_denoising(noise).sigma)
    assert np.abs(rho - np.eye(10))[np.abs(sh.correlation(np.cov(noise.T))) < 1].max() < 0.06
    two = (
        noise
        + 3 * rng.standard_normal((2000, 1))
        + 2 * rng.standard_normal((2000, 1)) * np.repeat([1, -1], 5)
    )
    before, after = (
        np.linalg.eigvalsh(sh.correlation(estimator(two).sigma))
        for estimator in (sh.sample, sh.random_matrix_denoising)
    )
    np.testing.assert_allclose(after[-2:], before[-2:], rtol=0.02)
    assert np.ptp(after[:-2]) < 0.2 * np.ptp(before[:-2])


def test_shrinkage_comes_closer_to_a_known_truth_and_to_the_best_intensity():
    rng = np.random.default_rng(11)
    p, months = 12, 30
    sd = rng.uniform(0.02, 0.08, p)
    truth = (0.4 + 0.6 * np.eye(p)) * np.outer(sd, sd)
    root = np.linalg.cholesky(truth)
    loss, optimum, chosen = dict.fromkeys(PLAIN, 0.0), [], []
    for _ in range(200):
        x = rng.standard_normal((months, p)) @ root.T
        for name in PLAIN:
            loss[name] += np.sum((sh.METHODS[name](x).sigma - truth) ** 2)
        s = np.cov(x.T)
        away = np.eye(p) * np.trace(s) / p - s
        optimum.append((np.sum(away * (truth - s)), np.sum(away * away)))
        chosen.append(sh.ledoit_wolf(x, "identity").intensity)
    for name in SHRUNK:
        assert loss[name] < 0.97 * loss["sample"], name
    best = np.sum([a for a, _ in optimum]) / np.sum([b for _, b in optimum])
    assert np.mean(chosen) == pytest.approx(best, rel=0.1)


# ---- properties ----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", list(sh.METHODS))
@given(seed=seeds)
@few
def test_estimates_are_covariances_that_follow_units_and_order(name, seed):
    x = draw(seed, tails=True)
    sigma, order = estimate(name, x).sigma, np.random.default_rng(seed).permutation(6)
    np.testing.assert_array_equal(sigma, sigma.T)
    assert np.linalg.eigvalsh(sigma)[0] > 0
    np.testing.assert_allclose(estimate(name, 100 * x).sigma, 1e4 * sigma, rtol=1e-9)
    np.testing.assert_allclose(estimate(name, x + 0.02).sigma, sigma, rtol=0, atol=1e-13)
    if name != "factor_model":
        shuffled = estimate(name, x[:, order]).sigma
        np.testing.assert_allclose(shuffled, sigma[np.ix_(order, order)], rtol=0, atol=1e-12)


@pytest.mark.parametrize("name", PLAIN)
@given(seed=seeds)
@few
def test_what_each_target_keeps(name, seed):
    x = draw(seed)
    found, s = sh.METHODS[name](x), np.cov(x.T)
    s = s * (len(x) - 1) / len(x) if found.divisor == "T" else s
    assert np.trace(found.sigma) == pytest.approx(np.trace(s))
    if name.endswith(("correlation", "index", "diagonal", "denoising", "sample")):
        np.testing.assert_allclose(np.diag(found.sigma), np.diag(s), rtol=1e-12)
    assert found.intensity is None or 0 <= found.intensity <= 1


@pytest.mark.parametrize("name", SHRUNK)
def test_more_assets_than_months_leave_no_singular_matrix(name):
    x = draw(4, months=15, p=40)
    assert sh.sample(x).condition_number == np.inf
    assert sh.METHODS[name](x).condition_number < 1e5


@pytest.mark.parametrize("name", PLAIN)
def test_one_asset_and_two_identical_assets(name):
    x = draw(6, p=1)
    expected = x.var(ddof=0 if name == "oas" else 1)
    assert sh.METHODS[name](x).sigma.item() == pytest.approx(expected)
    if (
        name == "quadratic_inverse"
    ):  # an exact copy leaves an eigenvalue of zero, which has no inverse
        with pytest.raises(sh.CovarianceError, match="copy"):
            sh.quadratic_inverse(np.hstack([x, x]))
    else:
        twins = sh.METHODS[name](np.hstack([x, x])).sigma
        assert np.isfinite(twins).all()
        assert twins[0, 0] == pytest.approx(twins[1, 1])


def test_a_sample_that_is_its_target_is_left_alone():
    x = np.array([[1, 1], [1, -1], [-1, 1], [-1, -1.0]])
    for target in sh.TARGETS[:1] + sh.TARGETS[1:2] + sh.TARGETS[3:]:
        np.testing.assert_allclose(sh.ledoit_wolf(x, target).sigma, np.cov(x.T), atol=1e-15)


# ---- the one interface ---------------------------------------------------------------------------


def months(rows):
    return pd.date_range("2000-01-31", periods=rows, freq="ME")


def frame(x):
    return pd.DataFrame(x, months(len(x)), [f"a{i}" for i in range(x.shape[1])])


@pytest.mark.parametrize("name", list(sh.METHODS))
def test_the_interface_labels_and_annualises(name):
    returns = frame(draw(7))
    options = {
        "factor_model": {"factors": returns[["a0", "a1"]]},
        "exponentially_weighted": {"half_life": 24},
    }
    found = sh.covariance(returns, name, **options.get(name, {}))
    assert found.labels == tuple(returns.columns)
    assert found.months == 40
    assert found.divisor
    np.testing.assert_allclose(found.annual(), 12 * found.sigma)
    assert list(found.annual().columns) == list(returns.columns)


def spoiled(change):
    returns = frame(draw(8))
    return change(returns)


@pytest.mark.parametrize(
    ("change", "options", "message"),
    [
        (lambda r: r, {"method": "shrunk"}, "no estimator 'shrunk'"),
        (lambda r: r, {"method": "factor_model"}, "factor_model needs factors"),
        (lambda r: r, {"method": "exponentially_weighted"}, "needs half_life"),
        (lambda r: r, {"half_life": 12.0}, "does not use half_life"),
        (lambda r: r, {"method": "exponentially_weighted", "half_life": 0.0}, "at least 0.1"),
        (lambda r: r.iloc[:2], {}, "at least 3 periods"),
        (lambda r: r.iloc[:, :0], {}, "needs an asset"),
        (lambda r: r.set_axis(["a", "b", "c", "d", "e", "a"], axis=1), {}, "'a' is given twice"),
        (lambda r: r.assign(a2=0.004), {}, "'a2' never changes"),
        (lambda r: r.mask(r == r.iloc[4, 3]), {}, "'a3', 2000-05-31.*nan is no return"),
        (lambda r: r.replace(r.iloc[0, 0], np.inf), {}, "'a0', 2000-01-31.*inf is no return"),
    ],
)
def test_returns_that_no_covariance_should_come_from(change, options, message):
    with pytest.raises(sh.CovarianceError, match=message):
        sh.covariance(spoiled(change), **{"method": "ledoit_wolf_diagonal", **options})


def test_factors_must_fit():
    returns = frame(draw(8))
    with pytest.raises(sh.CovarianceError, match="same months"):
        sh.covariance(returns, "factor_model", factors=returns.iloc[1:, :1])
    with pytest.raises(sh.CovarianceError, match="collinear"):
        sh.factor_model(returns.to_numpy(), np.hstack([returns[["a0"]], 2 * returns[["a0"]]]))
    with pytest.raises(sh.CovarianceError, match="too few periods"):
        sh.factor_model(returns.to_numpy()[:3], returns.to_numpy()[:3, :2])
    with pytest.raises(sh.CovarianceError, match="no target"):
        sh.ledoit_wolf(returns.to_numpy(), "market")


# ---- correlations made of pieces -----------------------------------------------------------------


def broken(seed, p=8, size=0.6):
    rng = np.random.default_rng(seed)
    noise = rng.uniform(-size, size, (p, p))
    a = np.corrcoef(rng.standard_normal((20, p)).T) + noise + noise.T
    np.fill_diagonal(a, 1)
    return a


@pytest.mark.parametrize("floor", [0.0, 0.05])
def test_the_nearest_correlation_by_two_other_methods(floor):
    a = broken(1)
    ours = sh.nearest_correlation(a, floor)
    x = cp.Variable(a.shape, symmetric=True)
    rules = [cp.diag(x) == 1, x >> floor * np.eye(len(a))]
    cp.Problem(cp.Minimize(cp.norm(x - a, "fro")), rules).solve(solver="CLARABEL")
    assert np.linalg.norm(ours - a) == pytest.approx(np.linalg.norm(x.value - a), abs=1e-6)
    np.testing.assert_allclose(ours, x.value, rtol=0, atol=1e-4)
    with pytest.warns(IterationLimitWarning):
        theirs = corr_nearest(a, threshold=floor)
    np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-9)


@given(seed=seeds, floor=st.sampled_from([0.0, 1e-3, 0.1]))
@few
def test_the_nearest_correlation_is_optimal_and_final(seed, floor):
    a = broken(seed, p=5)
    x = sh.nearest_correlation(a, floor)
    np.testing.assert_array_equal(np.diag(x), 1)
    values, vectors = np.linalg.eigh(x)
    assert values[0] >= floor - 1e-14
    np.testing.assert_allclose(sh.nearest_correlation(x, floor), x, rtol=0, atol=1e-9)
    # a - x = diagonal - Z with Z positive semidefinite on the eigenvectors at the floor, and zero
    # on the others
    above = vectors[:, values > floor + 1e-6]
    if above.shape[1] < len(a):
        rows = np.vstack([np.diag(v) for v in above.T])
        diagonal = np.linalg.lstsq(rows, ((a - x) @ above).T.ravel(), rcond=None)[0]
        z = np.diag(diagonal) - (a - x)
        if np.linalg.matrix_rank(rows) == 5:
            np.testing.assert_allclose(z @ above, 0, atol=1e-6)
            assert np.linalg.eigvalsh(z)[0] > -1e-6


def test_what_is_no_candidate_for_a_correlation():
    for a, message in (
        (np.array([[1, 0.5], [0.2, 1]]), "symmetric"),
        (np.array([[1, np.nan], [np.nan, 1]]), "finite"),
    ):
        with pytest.raises(sh.CovarianceError, match=message):
            sh.nearest_correlation(a)
    for floor in (-0.1, 1.0):
        with pytest.raises(sh.CovarianceError, match="floor"):
            sh.nearest_correlation(np.eye(3), floor)


def labelled(a):
    names = list("abcdefghij")[: len(a)]
    return pd.DataFrame(a, names, names)


def test_assemble_scales_and_refuses():
    rho, vol = labelled(np.array([[1, 0.5], [0.5, 1]])), pd.Series([0.2, 0.1], ["a", "b"])
    np.testing.assert_allclose(sh.assemble(vol, rho), [[0.04, 0.01], [0.01, 0.01]])
    assert sh.assemble(vol * [1, 0], rho).loc["b"].eq(0).all()
    for volatility, r, message in (
        (vol[::-1], rho, "same labels"),
        (-vol, rho, "'a' is negative"),
        (vol * np.nan, rho, "negative or missing"),
        (vol, rho * 2, "ones on the diagonal"),
        (vol, rho + np.array([[0, 0.1], [0, 0]]), "symmetric"),
        (vol, rho * np.nan, "symmetric"),
        (vol, rho + np.array([[0, 0.7], [0.7, 0]]), "smallest eigenvalue -0.2"),
    ):
        with pytest.raises(sh.CovarianceError, match=message):
            sh.assemble(volatility, r)


@given(seed=seeds, share=st.floats(0, 1))
@few
def test_a_blend_is_positive_definite_and_lies_between(seed, share):
    calm, crisis = (labelled(np.corrcoef(draw(seed + k).T)) for k in (0, 1))
    mixed = sh.blend(calm, crisis, share)
    assert np.linalg.eigvalsh(mixed)[0] > 0
    np.testing.assert_allclose(mixed, (1 - share) * calm + share * crisis, atol=1e-15)


def test_a_blend_repairs_what_is_singular_and_refuses_what_is_wrong():
    ones, half = labelled(np.ones((3, 3))), labelled(np.full((3, 3), 0.5) + np.eye(3) / 2)
    repaired = sh.blend(half, ones, 1.0, floor=1e-4)
    assert np.linalg.eigvalsh(repaired)[0] >= 1e-4 - 1e-15
    assert np.abs(repaired - ones).to_numpy().max() < 1e-3
    for calm, crisis, share, message in (
        (half, ones, 1.1, "share"),
        (half, ones * 2, 0.5, "diagonal"),
        (half, ones.iloc[:2, :2], 0.5, "same labels"),
    ):
        with pytest.raises(sh.CovarianceError, match=message):
            sh.blend(calm, crisis, share)


# ---- crises and backtests ------------------------------------------------------------------------


def test_drawdown_months_are_those_from_peak_to_trough():
    market = pd.Series([0.1, -0.15, 0.05, -0.2, 0.5, -0.05, 0.2, -0.1, -0.12], months(9))
    assert sh.drawdown_months(market, 0.2).tolist() == [
        False,
        True,
        True,
        True,
        False,
        False,
        False,
        True,
        True,
    ]
    assert sh.drawdown_months(market, 0.25).tolist() == [False, True, True, True] + 5 * [False]
    assert sh.drawdown_months(pd.Series([-0.3, 0.1], months(2)), 0.2).tolist() == [True, False]
    history = sh.drawdown_months(data.history()["us_market"], 0.2)
    assert history["2007-11":"2009-02"].all()
    assert not history["2009-03":"2015-05"].any()


def test_a_backtest_by_hand():
    returns = frame(draw(12, months=11, p=3))
    weights, earned, turnover = sh.backtest(
        returns, lambda past: past.sum(axis=0) / past.sum(), window=4, every=3
    )
    assert list(weights.index) == [returns.index[3], returns.index[6]]
    np.testing.assert_allclose(
        weights.iloc[0], returns.iloc[:4].sum() / returns.iloc[:4].to_numpy().sum()
    )
    wealth = weights.iloc[0] * (1 + returns.iloc[4:7]).cumprod()
    totals = np.concatenate([[1], wealth.sum(axis=1)])
    np.testing.assert_allclose(earned.iloc[:3], totals[1:] / totals[:-1] - 1)
    assert list(earned.index) == list(returns.index[4:10])
    drifted = wealth.iloc[-1] / wealth.iloc[-1].sum()
    assert turnover.iloc[0] == pytest.approx((weights.iloc[1] - drifted).abs().sum() / 2)
    with pytest.raises(sh.CovarianceError, match="too few"):
        sh.backtest(returns, lambda past: past[0], window=9, every=3)


@given(seed=seeds, cut=st.integers(20, 58))
@few
def test_no_weight_knows_the_future(seed, cut):
    returns = frame(draw(seed, months=60, p=3))
    changed = returns.copy()
    changed.iloc[cut:] = np.random.default_rng(seed).standard_normal((60 - cut, 3))

    def decide(past):
        return closed_form_minimum_variance(sh.ledoit_wolf(past, "diagonal").sigma)

    before, after = (sh.backtest(r, decide, window=18)[0] for r in (returns, changed))
    known = before.index < returns.index[cut]
    pd.testing.assert_frame_equal(before[known], after[known])
    if (~known).any():
        assert not np.allclose(before[~known], after[~known])


# ---- no short sales are a form of shrinkage ------------------------------------------------------


@pytest.mark.parametrize("year", [1955, 1965, 1975, 1985, 1995, 2005])
def test_jagannathan_ma(year):
    labels = [*GROUPS["size_value"], *GROUPS["industries"]]
    sigma = 12 * sh.sample(data.history().loc[f"{year}" : f"{year + 4}", labels].to_numpy()).sigma
    each = [Bounds(f"no short {a}", lower={a: 0.0}) for a in labels]
    found = minimum_risk(
        Assumptions(labels, np.zeros(len(labels)), sigma),
        Mandate(labels, [fully_invested(), *each]),
    )
    prices = np.array([found.shadow_prices[f"no short {a}"] for a in labels]) * found.risk
    assert (prices > 0).any()
    shrunk = sigma - prices[:, None] - prices[None, :]
    assert np.linalg.eigvalsh(shrunk)[0] > -1e-12
    np.testing.assert_allclose(closed_form_minimum_variance(shrunk), found.w, rtol=0, atol=1e-10)
