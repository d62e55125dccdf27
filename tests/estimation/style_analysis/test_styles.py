"""Style analysis against other solvers, closed forms, brute force and simulations; see the chapter
for real funds."""

from functools import partial
from itertools import combinations

import cvxpy as cp
import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.stats.outliers_influence import variance_inflation_factor

from portlib import data
from portlib.estimation import style_analysis as sa
from portlib.estimation.style_analysis import styles
from portlib.history import GROUPS
from portlib.records import Assumptions

style = partial(sa.style, minimum_months=60)
NINE = [
    "large_growth",
    "large_value",
    "mid_growth",
    "mid_value",
    "small_growth",
    "small_value",
    "aaa_corporate",
    "baa_corporate",
    "bills",
]
FOUR = ["large_growth", "large_value", "small_value", "aaa_corporate"]


def real(names, months=120):
    return data.history()[names].tail(months)


def mixes(indices, count, seed=0, spread=0.3, risk=0.01):
    """SYNTHETIC funds with known exposures and a monthly specific risk."""
    rng = np.random.default_rng(seed)
    b = rng.dirichlet(np.full(indices.shape[1], spread), count)
    noise = rng.normal(0, risk, (len(indices), count)) if risk else 0.0
    names = [f"fund {i}" for i in range(count)]
    return pd.DataFrame(indices.to_numpy() @ b.T + noise, indices.index, names), pd.DataFrame(
        b, names, indices.columns
    )


def by_cvxpy(fund, indices, demean, half_life=None):
    age = np.arange(len(fund))[::-1]
    w = np.ones(len(fund)) if half_life is None else 0.5 ** (age / half_life)
    w = w / w.sum()
    b = cp.Variable(indices.shape[1])
    shift = w if demean else 0 * w
    x, y = (
        indices.to_numpy() - shift @ indices.to_numpy(),
        fund.to_numpy() - shift @ fund.to_numpy(),
    )
    error = cp.multiply(np.sqrt(w), y - x @ b) / np.sqrt(
        w @ y**2
    )  # scaled, or the solver's tolerances mean nothing
    problem = cp.Problem(cp.Minimize(cp.sum_squares(error)), [b >= 0, cp.sum(b) == 1])
    problem.solve(solver=cp.CLARABEL, tol_gap_abs=1e-14, tol_gap_rel=1e-14, tol_feas=1e-14)
    return b.value


@pytest.mark.parametrize("demean", [True, False])
@pytest.mark.parametrize("half_life", [None, 36])
def test_exposures_agree_with_a_second_solver(demean, half_life):
    indices = real(NINE)
    funds = pd.concat([mixes(indices, 6)[0], real(list(GROUPS["industries"]))], axis=1)
    found = style(funds, indices, demean=demean, half_life=half_life)
    for fund in funds:
        assert (
            np.abs(
                found.exposures.loc[fund] - by_cvxpy(funds[fund], indices, demean, half_life)
            ).max()
            < 1e-8
        )


def test_exposures_are_the_best_of_every_support():
    indices, funds = real(FOUR), real(list(GROUPS["industries"]))
    found = style(funds, indices).exposures
    x, y = indices - indices.mean(), funds - funds.mean()
    for fund in funds:
        best, at = np.inf, None
        for size in range(1, 5):
            for names in map(list, combinations(FOUR, size)):
                first = x[names[0]]
                z = np.linalg.lstsq(
                    x[names[1:]].sub(first, axis=0).to_numpy(), (y[fund] - first).to_numpy()
                )
                b = pd.Series(0.0, FOUR)
                b[names[1:]], b[names[0]] = z[0], 1 - z[0].sum()
                loss = float(((y[fund] - x @ b) ** 2).sum())
                if b.min() >= 0 and loss < best:
                    best, at = loss, b
        assert np.allclose(found.loc[fund], at, atol=1e-10)


@settings(max_examples=60)
@given(st.integers(2, 12), st.integers(0, 10**6), st.floats(0, 0.999), st.integers(0, 6))
def test_pivoting_meets_the_kkt_conditions(n, seed, correlation, rounds):
    rng = np.random.default_rng(seed)
    own, common = rng.standard_normal((3 * n, n)), rng.standard_normal((3 * n, 1))
    f = np.sqrt(1 - correlation) * own + np.sqrt(correlation) * common
    gram, cross = (
        f.T @ f,
        f.T @ (f @ rng.standard_normal((n, 20)) + rng.standard_normal((3 * n, 20))),
    )
    b, left = sa.simplex_least_squares(gram, cross)
    slope = b @ gram - cross.T
    assert left == 0
    assert np.allclose(b.sum(axis=1), 1, atol=1e-12)
    assert b.min() >= 0
    gap = (b * slope).sum(axis=1) - slope.min(axis=1)
    assert np.all(gap <= 1e-9 * np.abs(cross).max())
    hurried, unfinished = sa.simplex_least_squares(gram, cross, rounds=rounds)
    assert (unfinished > 0) or rounds > 0
    assert np.allclose(hurried, b, atol=1e-7)


@pytest.mark.parametrize("seed", [1, 5, 9])
def test_single_exchanges_end_where_block_exchanges_go_round_in_circles(seed):
    rng = np.random.default_rng(seed)
    n = 5
    f = rng.standard_normal((n + 1, n))
    f = f @ (
        0.03 * np.eye(n) + np.ones((n, 1)) * rng.standard_normal(n)
    )  # nearly one index, five times
    gram, cross = f.T @ f, f.T @ rng.standard_normal((n + 1, 300)) * 30
    hurried, unfinished = sa.simplex_least_squares(gram, cross, rounds=10)
    assert unfinished > 0  # ten rounds of block exchanges do not end
    b, left = sa.simplex_least_squares(gram, cross)
    assert left == 0
    assert np.allclose(hurried, b, atol=1e-8)  # and scipy's nnls, which took those over, agrees


def test_ten_thousand_funds_in_one_call_each_with_its_certificate():
    funds, known = mixes(real(NINE), 10_000)
    found = style(funds, real(NINE))
    assert found.fit["gap"].abs().max() < 1e-12
    assert found.fallbacks == 0
    assert not found.failed
    assert (found.exposures - known).abs().mean().mean() < 0.05


@settings(max_examples=20)
@given(st.integers(0, 10**6), st.floats(0.1, 10), st.floats(-0.01, 0.01))
def test_exposures_do_not_depend_on_order_scale_or_a_constant_alpha(seed, scale, alpha):
    indices = real(NINE)
    funds, _ = mixes(indices, 5, seed)
    shuffled = np.random.default_rng(seed).permutation(NINE)
    base = style(funds, indices).exposures
    moved = style(scale * funds[funds.columns[::-1]] + alpha, scale * indices[shuffled]).exposures
    assert np.allclose(moved.loc[base.index, NINE], base, atol=1e-9)


def test_funds_that_pivoting_left_over_are_counted_and_solved_all_the_same(monkeypatch):
    indices, funds = real(NINE), real(list(GROUPS["industries"]))
    whole = style(funds, indices)
    monkeypatch.setattr(
        styles, "simplex_least_squares", partial(sa.simplex_least_squares, rounds=1)
    )
    hurried = style(funds, indices)
    assert hurried.fallbacks > whole.fallbacks == 0
    assert np.allclose(hurried.exposures, whole.exposures, atol=1e-10)
    monkeypatch.setattr(
        styles, "simplex_least_squares", lambda gram, cross: (np.full((12, 9), 1 / 9), 0)
    )
    assert set(style(funds, indices).failed.values()) == {
        "no optimum found"
    }  # the certificate does not believe it


def test_a_fund_that_is_a_mix_is_recovered_exactly():
    indices = real(NINE)
    funds, known = mixes(indices, 50, risk=0)
    for demean in (True, False):
        found = style(funds, indices, demean=demean)
        assert np.allclose(found.exposures, known, atol=1e-9)
        assert np.allclose(found.fit["r_squared"], 1)
    label = style(indices, indices).exposures
    assert np.allclose(label, np.eye(9), atol=1e-9)


def test_fit_is_what_its_names_say():
    indices, funds = real(NINE), real(list(GROUPS["industries"]))
    found = style(funds, indices)
    rest = funds - indices @ found.exposures.T
    k = (found.exposures > 0).sum(axis=1)
    assert np.allclose(found.fit["r_squared"], 1 - rest.var() / funds.var())
    assert np.allclose(found.fit["alpha"], 12 * rest.mean())
    assert np.allclose(
        found.fit["specific_risk"], np.sqrt(12 * (rest - rest.mean()).pow(2).sum() / (120 - k))
    )
    assert np.allclose(found.fit["alpha_error"], found.fit["specific_risk"] / np.sqrt(10))
    assert (found.fit["months"] == 120).all()
    squares = style(funds, indices, demean=False)
    raw = funds - indices @ squares.exposures.T
    assert ((raw**2).mean() <= (rest**2).mean() + 1e-15).all()
    assert (squares.fit["r_squared"] <= found.fit["r_squared"] + 1e-12).all()


@pytest.mark.parametrize("half_life", [None, 60])
def test_standard_errors_are_those_of_least_squares_when_every_exposure_is_positive(half_life):
    indices = real(FOUR, 240)
    funds, _ = mixes(indices, 8, spread=20.0)
    found = style(funds, indices, half_life=half_life)
    assert (found.exposures > 0).all(axis=None)
    w = np.ones(240) if half_life is None else 0.5 ** (np.arange(240)[::-1] / half_life)
    months = w.sum() ** 2 / (w @ w)
    for fund in funds:
        for reference in FOUR[:2]:  # whichever index is substituted out
            others = [name for name in FOUR if name != reference]
            x = sm.add_constant(indices[others].sub(indices[reference], axis=0))
            least = sm.WLS(funds[fund] - indices[reference], x, weights=w).fit()
            assert np.allclose(found.exposures.loc[fund, others], least.params[others], atol=1e-9)
            # statsmodels divides by 240 - 4; Lobosco and DiBartolomeo by months - 4 - 1
            expected = least.bse[others] * np.sqrt((240 - 4) / (months - 5))
            assert np.allclose(found.standard_errors.loc[fund, others], expected, rtol=1e-8)


def test_standard_errors_cover_and_the_bootstrap_agrees_where_exposures_are_inside():
    rng = np.random.default_rng(5)
    f = pd.DataFrame(
        rng.multivariate_normal(np.zeros(4), 0.0016 * (0.5 + 0.5 * np.eye(4)), 180), columns=FOUR
    )
    f.index = pd.date_range("2000-01-31", periods=180, freq="ME")
    funds, known = mixes(f, 400, seed=6, spread=20.0, risk=0.01)
    found = style(funds, f)
    z = (found.exposures - known) / found.standard_errors
    assert 0.93 < (z.abs() < 1.96).mean().mean() < 0.97
    boot = sa.block_bootstrap_errors(funds.iloc[:, :20], f, 1, 200, rng)
    assert 0.9 < (boot / found.standard_errors.loc[boot.index]).mean(axis=None) < 1.1


def test_rolling_windows_are_single_fits_and_know_no_future():
    indices, funds = real(NINE), real(list(GROUPS["industries"]))
    seen = []
    rolled = sa.rolling(
        funds, indices, 36, progress=lambda done, windows: seen.append((done, windows))
    )
    assert seen == [(i, 85) for i in range(1, 86)]
    for end in (36, 77, 120):
        single = sa.style(
            funds.iloc[end - 36 : end], indices.iloc[end - 36 : end], minimum_months=36
        )
        assert np.allclose(rolled.loc[funds.index[end - 1]], single.exposures, atol=1e-10)
    assert rolled.index.unique("month")[-1] == funds.index[-1]
    other_f, other_i = funds.copy(), indices.copy()
    other_f.iloc[80:], other_i.iloc[80:] = -other_f.iloc[80:], 2 * other_i.iloc[80:]
    changed = sa.rolling(other_f, other_i, 36)
    past = rolled.index.get_level_values("month") <= funds.index[79]
    assert np.array_equal(rolled[past], changed[past])
    assert not np.allclose(rolled[~past], changed[~past])
    coarse = sa.rolling(funds, indices, 36, step=12)
    assert np.array_equal(coarse, rolled.loc[coarse.index])
    recent = sa.rolling(funds, indices, 60, half_life=12).loc[funds.index[-1]]
    assert np.allclose(
        recent, style(funds.tail(60), indices.tail(60), half_life=12).exposures, atol=1e-10
    )


@pytest.mark.parametrize("step", [1, 6])
def test_selection_returns_use_only_what_was_known_before_the_month(step):
    indices, funds = real(NINE), real(["energy", "health"])
    rolled = sa.rolling(funds, indices, 60, step=step)
    selection = sa.selection_returns(funds, indices, rolled)
    ends = rolled.index.unique("month")
    assert selection.index[0] == funds.index[funds.index.get_loc(ends[0]) + 1]
    for month in selection.index[::7]:
        b = rolled.loc[ends[ends < month][-1]]
        assert np.allclose(selection.loc[month], funds.loc[month] - b @ indices.loc[month])


def test_windows_that_a_fund_did_not_live_through_are_missing_and_others_unchanged():
    indices, funds = real(NINE), real(["energy", "health"])
    young = funds.copy()
    young.iloc[:50, 0] = np.nan
    rolled, full = sa.rolling(young, indices, 36), sa.rolling(funds, indices, 36)
    energy = rolled.xs("energy", level="fund")
    assert energy.isna().all(axis=1).sum() == 50
    assert np.allclose(energy.dropna(), full.xs("energy", level="fund").iloc[50:], atol=1e-12)
    assert np.allclose(
        rolled.xs("health", level="fund"), full.xs("health", level="fund"), atol=1e-12
    )
    own = style(young, indices)
    alone = style(funds.iloc[50:], indices.iloc[50:])
    assert own.fit.loc["energy", "months"] == 70
    assert np.allclose(own.exposures.loc["energy"], alone.exposures.loc["energy"], atol=1e-12)
    assert np.allclose(own.standard_errors.loc["energy"], alone.standard_errors.loc["energy"])


def test_funds_that_cannot_be_used_are_named_and_the_others_go_on():
    indices = real(NINE)
    funds, _ = mixes(indices, 3)
    sick = funds.assign(
        gap=funds["fund 0"], young=funds["fund 1"], flat=0.004, none=np.nan, wild=funds["fund 2"]
    )
    sick.iloc[30, sick.columns.get_loc("gap")] = np.nan
    sick.iloc[:70, sick.columns.get_loc("young")] = np.nan
    sick.iloc[7, sick.columns.get_loc("wild")] = np.inf
    found = style(sick, indices)
    assert found.failed == {
        "gap": f"a gap: no return for {indices.index[30]:%Y-%m}",
        "young": "50 months; at least 60 are needed",
        "flat": "the same return, 0.004, in every month; was a price ever observed?",
        "none": "no returns at all",
        "wild": "a return that is not finite",
    }
    assert list(found.exposures.index) == list(found.fit.index) == list(funds.columns)
    assert np.array_equal(found.exposures, style(funds, indices).exposures)
    nobody = style(sick[["flat"]], indices)
    assert nobody.exposures.empty
    assert list(nobody.failed) == ["flat"]
    for refused in (
        sa.block_bootstrap_errors,
        lambda f, i, block, n, rng: sa.drift(f, i, 36, n, rng),
    ):
        with pytest.raises(ValueError, match="gap: no return for"):
            refused(sick[["gap"]], indices, 6, 10, np.random.default_rng(0))


def test_drift_alarms_at_its_rate_and_sees_most_switches():
    indices = real(NINE, 180)
    rng = np.random.default_rng(3)
    steady, known = mixes(indices, 120, seed=4)
    mix = indices @ known.T
    steady.iloc[72:108] = (
        mix.iloc[72:108] + 3 * (steady - mix).iloc[72:108]
    )  # three noisy years are no drift
    alarms = (sa.drift(steady, indices, 36, 59, rng)["p_value"] <= 0.05).mean()
    assert alarms <= 0.10  # 5% expected, two and a half standard errors above
    before, after = mixes(indices, 40, seed=5)[0], mixes(indices, 40, seed=6)[0]
    caught = sa.drift(pd.concat([before.head(90), after.tail(90)]), indices, 36, 59, rng)
    assert (caught["p_value"] <= 0.05).mean() > 0.6
    assert (caught["score"] > caught["by_chance"]).mean() > 0.8


def test_the_drift_score_is_of_windows_that_end_with_the_last_month():
    indices, funds = real(NINE, 185), real(["energy", "money"], 185)
    scored = sa.drift(funds, indices, 36, 9, np.random.default_rng(1))
    assert (
        scored["p_value"].between(0.1, 1).all()
    )  # of nine draws none can be rarer than one in ten
    ends = [185 - 36 * i for i in range(5)]
    b = [
        sa.style(funds.iloc[e - 36 : e], indices.iloc[e - 36 : e], minimum_months=36).exposures
        for e in ends
    ]
    assert np.allclose(scored["score"], np.sqrt(np.var(b, axis=0, ddof=1).sum(axis=1)))


def test_collinearity_is_that_of_statsmodels_and_names_duplicates():
    indices = real(NINE, 240)
    table = sa.collinearity(indices)
    constant = sm.add_constant(indices).to_numpy()
    for i, name in enumerate(NINE):
        assert np.isclose(table.loc[name, "vif"], variance_inflation_factor(constant, i + 1))
    funds, _ = mixes(indices, 1, spread=50.0)
    found = style(funds, indices)
    k = int((found.exposures > 1e-9).sum(axis=1).iloc[0])
    rest = funds - indices @ found.exposures.T
    implied = np.sqrt(12 * rest.var().iloc[0] / (240 - k - 1)) / found.standard_errors.iloc[0]
    assert np.allclose(implied, table.loc[NINE, "unexplained"].astype(float))
    twins = indices.assign(twin=indices["large_growth"])
    assert sa.collinearity(twins).loc[["twin", "large_growth"], "vif"].min() > 1e12
    assert sa.collinearity(twins).loc["twin", "closest"] == "large_growth"
    with pytest.raises(ValueError, match="large_growth, twin; exposures to them are not unique"):
        style(funds, twins)


def test_holdings_times_exposures():
    securities = pd.DataFrame([[1.0, 0.0], [0.25, 0.75]], ["stock", "note"], ["equity", "bonds"])
    held = pd.DataFrame([[0.5, 0.5], [1.0, 0.0]], ["balanced", "pure"], ["stock", "note"])
    assert sa.holdings_exposures(held, securities).loc["balanced"].tolist() == [0.625, 0.375]
    assert sa.holdings_exposures(held.assign(unused=0.0), securities).shape == (2, 2)
    with pytest.raises(ValueError, match="without known exposures: swap"):
        sa.holdings_exposures(held.assign(swap=0.1), securities)
    with pytest.raises(ValueError, match="sum to one: pure; cash counts"):
        sa.holdings_exposures(held.mul([1.0, 0.9], axis=0), securities)


def test_a_blend_lies_between_and_distance_is_a_tracking_error():
    a = pd.DataFrame([[0.8, 0.2], [0.0, 1.0]], ["x", "y"], ["equity", "bonds"])
    b = pd.DataFrame([[1.0, 0.0], [0.6, 0.4]], ["y", "x"], ["equity", "bonds"])
    assert np.allclose(sa.blend(a, b, 0.25).loc["x"], [0.75, 0.25])
    assert np.allclose(sa.blend(a, b, 0.0), a)
    assert np.allclose(sa.blend(a, b, 1.0), b.loc[["x", "y"]])
    rng = np.random.default_rng(1)
    draws = pd.DataFrame(rng.standard_normal((50, 2)) * [0.2, 0.05], columns=["equity", "bonds"])
    distance = sa.style_distance(a, b[["bonds", "equity"]], draws.cov())
    for fund, other in (("x", "y"), ("y", "x"), ("x", "x")):
        assert np.isclose(distance.loc[fund, other], (draws @ (a.loc[fund] - b.loc[other])).std())
    with pytest.raises(ValueError, match=r"weight 1\.2 must lie in 0 to 1"):
        sa.blend(a, b, 1.2)
    with pytest.raises(ValueError, match="only one side: \\['x', 'z'\\]"):
        sa.blend(a, b.rename(index={"x": "z"}), 0.5)


def test_a_value_fund_that_behaves_like_growth_is_flagged():
    indices = real(NINE)
    rng = np.random.default_rng(2)
    noise = pd.DataFrame(rng.normal(0, 0.008, (120, 4)), indices.index)
    funds = pd.DataFrame(
        {
            "honest": indices["large_value"] + noise[0],
            "disguised": 0.9 * indices["large_growth"] + 0.1 * indices["large_value"] + noise[1],
            "opaque": indices["large_growth"] + 20 * noise[2],
            "unruled": indices["bills"] + noise[3],
        }
    )
    targets = pd.DataFrame(np.eye(9)[:2], ["Large Growth", "Large Value"], NINE)
    categories = pd.Series(
        {
            "unruled": "Stable Value",
            "honest": "Large Value",
            "disguised": "Large Value",
            "opaque": "Large Value",
        }
    )
    found = style(funds, indices)
    checked = sa.category_check(
        found, 12 * indices.cov(), categories, targets, margin=0.01, r_squared_floor=0.6
    )
    assert checked["verdict"].to_dict() == {
        "honest": "as labelled",
        "disguised": "flagged",
        "opaque": "cannot tell",
        "unruled": "no rule",
    }
    assert checked.loc["disguised", "nearest"] == "Large Growth"
    assert checked.loc["disguised", "to_nearest"] < checked.loc["disguised", "to_category"]
    lax = sa.category_check(
        found, 12 * indices.cov(), categories, targets, margin=0.5, r_squared_floor=0.6
    )
    assert lax.loc["disguised", "verdict"] == "as labelled"


def test_alpha_is_shrunk_before_expenses():
    fee = pd.Series({"a": 0.01, "b": 0.0})
    alpha, error = pd.Series({"a": -0.01, "b": 0.03}), pd.Series({"a": 0.02, "b": 0.01})
    assert np.allclose(sa.shrunk_alpha(alpha, error, fee, 0.0), 0)
    assert np.allclose(sa.shrunk_alpha(alpha, error, fee, 0.01), [0.0, 0.015])
    assert np.allclose(sa.shrunk_alpha(alpha, error / 1e4, fee, 0.9), [0.0, 0.03])
    # the posterior of a normal mean, by brute force over a grid
    grid = np.linspace(-0.2, 0.2, 20001)
    density = np.exp(-0.5 * (grid / 0.01) ** 2 - 0.5 * ((0.03 - grid) / 0.01) ** 2)
    assert np.isclose(
        sa.shrunk_alpha(alpha, error, fee, 0.01)["b"], density @ grid / density.sum(), atol=1e-9
    )


def a_plan():
    sigma = np.array([[0.0256, 0.002], [0.002, 0.0036]])
    classes = Assumptions(["equity", "bonds"], [0.08, 0.05], sigma, rf=0.03, source="a test")
    b = pd.DataFrame(
        [[1.0, 0.0], [0.6, 0.4], [0.0, 1.0]], ["index", "balanced", "income"], ["equity", "bonds"]
    )
    risk = pd.Series({"index": 0.0, "balanced": 0.03, "income": 0.01})
    fees = pd.Series({"income": 0.004, "index": 0.0002, "balanced": 0.006})
    return b, classes, risk, fees


def test_funds_inherit_means_net_of_fees_and_covariance_plus_their_own_risk():
    b, classes, risk, fees = a_plan()
    funds = sa.fund_assumptions(b, classes, risk, fees)
    assert np.allclose(funds.mu, [0.08 - 0.0002, 0.068 - 0.006, 0.05 - 0.004])
    assert funds.labels == ("index", "balanced", "income")
    assert funds.rf == classes.rf
    assert "net of expense ratios" in funds.source
    rng = np.random.default_rng(8)
    draws = rng.multivariate_normal(np.zeros(2), classes.sigma, 400_000) @ b.to_numpy().T
    draws += rng.standard_normal(draws.shape) * risk.to_numpy()
    error = np.abs(np.cov(draws, rowvar=False) - funds.sigma) / np.outer(
        funds.volatility, funds.volatility
    )
    assert error.max() < 0.01
    dearer = sa.fund_assumptions(b, classes, risk, fees + 0.001)
    assert np.allclose(funds.mu - dearer.mu, 0.001, rtol=1e-12)
    better = sa.fund_assumptions(
        b, classes, risk, fees, pd.Series({"income": 0.0, "balanced": 0.002, "index": 0.0})
    )
    assert np.allclose(better.mu - funds.mu, [0, 0.002, 0])
    # columns that the assumptions do not know are harmless when nobody is exposed, and order does
    # not matter
    wider = b.assign(gold=0.0)[["gold", "bonds", "equity"]]
    assert np.allclose(sa.fund_assumptions(wider, classes, risk, fees).mu, funds.mu)


def test_funds_without_a_price_or_beyond_the_assumptions_are_named():
    b, classes, risk, fees = a_plan()
    with pytest.raises(ValueError, match="no expense ratio for income"):
        sa.fund_assumptions(b, classes, risk, fees.drop("income"))
    with pytest.raises(ValueError, match="no expense ratio for balanced"):
        sa.fund_assumptions(b, classes, risk, fees.replace(0.006, np.nan))
    with pytest.raises(ValueError, match="beyond the assumptions: income to gold"):
        sa.fund_assumptions(b.assign(gold=[0, 0, 0.1]), classes, risk, fees)


INDICES = real(NINE)
FUNDS = real(["energy", "health"])


@pytest.mark.parametrize(
    ("funds", "indices", "options", "problem"),
    [
        (FUNDS.iloc[1:], INDICES, {}, "cover the same months"),
        (FUNDS[::-1], INDICES[::-1], {}, "rising order"),
        (
            FUNDS,
            INDICES.drop(INDICES.index[5]).reindex(INDICES.index),
            {},
            "'large_growth' has no finite return for",
        ),
        (FUNDS.set_axis(["x", "x"], axis=1), INDICES, {}, "funds: a name is given twice"),
        (FUNDS, INDICES.iloc[:, :0], {}, "indices: no returns are given"),
        (FUNDS, INDICES, {"half_life": 0}, "half_life must be a positive number of months, not 0"),
        (FUNDS, INDICES, {"half_life": 3}, "effective months for 9 indices: lengthen it"),
    ],
)
def test_bad_inputs_are_named(funds, indices, options, problem):
    with pytest.raises(ValueError, match=problem):
        style(funds, indices, **options)


def test_impossible_windows_and_too_many_indices_are_refused():
    with pytest.raises(ValueError, match="a window must have 12 to 120 months, not 11"):
        sa.rolling(FUNDS, INDICES, 11)
    with pytest.raises(
        ValueError, match="drift needs two windows of 72 months; the history has 120"
    ):
        sa.drift(FUNDS, INDICES, 72, 10, np.random.default_rng(0))
    with pytest.raises(ValueError, match="61 indices cannot be told apart"):
        sa.simplex_least_squares(np.eye(61), np.ones((61, 1)))
