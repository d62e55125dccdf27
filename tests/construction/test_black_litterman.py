"""Black-Litterman against textbook inverses, stacked least squares, one view after another,
quadrature and solvers."""

from dataclasses import replace

import cvxpy as cp
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import optimize, stats

from portlib import data, policy
from portlib.construction import black_litterman as bl
from portlib.construction.mandate import Bounds, Infeasible, Mandate, fully_invested, long_only
from portlib.construction.mean_variance import closed_form_risky_shares, maximum_utility
from portlib.construction.views import (
    View,
    ViewError,
)
from portlib.estimation.capital_market_assumptions import survey_assumptions
from portlib.estimation.market_portfolio import market_portfolio
from portlib.records import Assumptions
from tests.markets import SEEDS

few = settings(max_examples=25)
POLICY = policy.read()
SIGNED = {"author": "committee", "as_of": "2026-11-21"}


def market(seed: int, n: int = 5, rf: float = 0.02) -> tuple[Assumptions, dict[str, float]]:
    """An equilibrium at A = 3 and the portfolio that it belongs to."""
    rng = np.random.default_rng(seed)
    sigma = np.cov((rng.normal(size=(60, n)) @ rng.normal(size=(n, n)) * 0.02).T)
    labels = [f"asset {i}" for i in range(n)]
    reference = dict(zip(labels, rng.dirichlet(np.ones(n)).tolist(), strict=True))
    return bl.equilibrium(
        Assumptions(labels, np.zeros(n), sigma, rf, "a test"), reference, 3.0
    ), reference


def opinions(prior: Assumptions, seed: int, k: int = 3, *, relative: bool = False) -> list[View]:
    """Views of every kind of uncertainty in turn: proportional, explicit, by confidence; every
    other one absolute."""
    rng, views = np.random.default_rng(seed), []
    for i in range(k):
        kind = (
            {},
            {"variance": float(rng.uniform(1e-5, 1e-2))},
            {"confidence": float(rng.uniform(0.05, 0.95))},
        )[i % 3]
        x = rng.normal(size=len(prior))
        x += (float(i % 2 and not relative) - x.sum()) / len(prior)
        held = dict(zip(prior.labels, x.tolist(), strict=True))
        views.append(View(f"view {i}", held, float(rng.normal(0.03, 0.05)), **SIGNED, **kind))
    return views


def view(**changes: object) -> View:
    fields = {"name": "a", "portfolio": {"x": 1.0}, "q": 0.05, **SIGNED, **changes}
    return View(**fields)


# ---- the posterior -------------------------------------------------------------------------------


@few
@given(
    seed=SEEDS,
    k=st.integers(1, 4),
    tau=st.sampled_from([0.01, 0.05, 1.0]),
    shared=st.sampled_from([0.0, 0.5, 1.0]),
)
def test_three_other_ways_to_the_posterior(seed: int, k: int, tau: float, shared: float) -> None:
    prior, _ = market(seed)
    found = bl.posterior(prior, opinions(prior, seed, k), tau, shared=shared)
    P, q, omega, spread = found.P, found.q, found.omega, tau * prior.sigma
    precision = np.linalg.inv(spread) + P.T @ np.linalg.inv(omega) @ P  # the paper's form
    mean = np.linalg.solve(
        precision, np.linalg.solve(spread, prior.mu) + P.T @ np.linalg.solve(omega, q)
    )
    assert found.mu == pytest.approx(mean, abs=1e-9)
    assert pytest.approx(np.linalg.inv(precision), abs=1e-9) == found.M
    white = np.linalg.inv(np.linalg.cholesky(spread)), np.linalg.inv(np.linalg.cholesky(omega))
    stacked = np.vstack([white[0], white[1] @ P])  # mixed estimation (Theil and Goldberger 1961)
    fitted = np.linalg.lstsq(stacked, np.concatenate([white[0] @ prior.mu, white[1] @ q]))[0]
    assert found.mu == pytest.approx(fitted, abs=1e-7)
    mu, M = prior.mu, spread
    turn, own = (
        white[1] @ P,
        white[1] @ q,
    )  # views turned so that their errors are unrelated, and of variance one
    for p, x, variance in zip(turn, own, np.ones(k), strict=True):  # one view after the other
        gain = M @ p / (p @ M @ p + variance)
        mu, M = mu + gain * (x - p @ mu), M - np.outer(gain, p @ M)
    assert found.mu == pytest.approx(mu, abs=1e-9)
    assert pytest.approx(M, abs=1e-9) == found.M


@few
@given(seed=SEEDS, confidence=st.floats(0.05, 0.95), shared=st.floats(0, 1))
def test_errors_shared_like_returns_move_all_the_same_share(
    seed: int, confidence: float, shared: float
) -> None:
    prior, reference = market(seed)
    said = prior.mu + np.random.default_rng(seed).normal(size=5) * 0.03
    views = [
        View(a, {a: 1.0}, x, **SIGNED, confidence=confidence)
        for a, x in zip(prior.labels, said.tolist(), strict=True)
    ]
    found = bl.posterior(prior, views, 0.05, shared=1.0)
    assert found.mu == pytest.approx(prior.mu + confidence * (said - prior.mu), abs=1e-9)
    mixed = confidence * closed_form_risky_shares(said, prior.sigma, prior.rf, 3.0)
    start = np.array([reference[a] for a in prior.labels])
    parts = found.decomposition(reference, 3.0, "prior").sum(axis=1).to_numpy()
    assert parts == pytest.approx((1 - confidence) * start + mixed, rel=1e-6, abs=1e-7)
    some = bl.posterior(prior, views, 0.05, shared=shared)
    assert np.diag(some.omega) == pytest.approx(np.diag(found.omega))
    sd = np.sqrt(np.diag(some.omega))
    rho = prior.sigma / np.outer(prior.volatility, prior.volatility)
    assert some.omega / np.outer(sd, sd) == pytest.approx(
        shared * rho + (1 - shared) * np.eye(5), abs=1e-12
    )


@few
@given(seed=SEEDS, k=st.integers(1, 4))
def test_views_are_pulled_towards_and_never_past(seed: int, k: int) -> None:
    prior, _ = market(seed)
    found = bl.posterior(prior, opinions(prior, seed, k), 0.05)
    table = found.compromise()
    assert (table["share alone"] > 0).all() and (table["share alone"] < 1).all()
    for i, v in enumerate(found.views):
        lone = bl.posterior(prior, [replace(v)], 0.05)
        assert table["alone"].iloc[i] == pytest.approx(float(lone.P[0] @ lone.mu), abs=1e-12)
    smaller = np.linalg.eigvalsh(
        0.05 * prior.sigma - found.M
    )  # no view makes anything less certain
    assert smaller[0] > -1e-12
    assert np.linalg.eigvalsh(found.M)[0] > -1e-12


def test_a_certain_view_holds_exactly_and_a_doubtful_one_not_at_all() -> None:
    prior, _ = market(1)
    held = {"asset 0": 1.0, "asset 1": -1.0}
    for certain in (view(portfolio=held, variance=0.0), view(portfolio=held, confidence=1.0)):
        found = bl.posterior(prior, [certain], 0.05)
        assert found.P[0] @ found.mu == pytest.approx(0.05, abs=1e-14)
        assert found.P[0] @ found.M @ found.P[0] == pytest.approx(0, abs=1e-14)
    doubtful = bl.posterior(prior, [view(portfolio=held, variance=1e9)], 0.05)
    assert doubtful.mu == pytest.approx(prior.mu, abs=1e-9)
    none = bl.posterior(prior, [], 0.05)
    assert np.array_equal(none.mu, prior.mu) and pytest.approx(0.05 * prior.sigma) == none.M


@few
@given(seed=SEEDS, stretch=st.floats(0.1, 3), shift=st.floats(-0.05, 0.05))
def test_scale_of_a_view_order_of_assets_and_cash_do_not_matter(
    seed: int, stretch: float, shift: float
) -> None:
    prior, _ = market(seed)
    views = opinions(prior, seed, relative=True)  # an absolute view has its scale: it sums to one
    found = bl.posterior(prior, views, 0.05)
    scaled = [
        replace(
            v,
            portfolio={a: stretch * x for a, x in v.portfolio.items()},
            q=stretch * v.q,
            variance=None if v.variance is None else stretch**2 * v.variance,
        )
        for v in views
    ]
    assert bl.posterior(prior, scaled, 0.05).mu == pytest.approx(found.mu, abs=1e-9)
    turned = bl.posterior(prior.select(prior.labels[::-1]), views[::-1], 0.05)
    assert turned.mu[::-1] == pytest.approx(found.mu, abs=1e-10)
    raised = prior.replace(mu=prior.mu + shift, rf=prior.rf + shift, source="dearer cash")
    moved = [replace(v, q=v.q + shift * sum(v.portfolio.values())) for v in views]
    assert bl.posterior(raised, moved, 0.05).mu == pytest.approx(found.mu + shift, abs=1e-10)


def test_a_riskless_asset_keeps_its_return_and_takes_no_view() -> None:
    sigma = np.diag([0.04, 0.01, 0.0])
    prior = bl.equilibrium(
        Assumptions(["x", "y", "cash"], np.zeros(3), sigma, 0.02), {"x": 0.6, "y": 0.4}, 2.5
    )
    found = bl.posterior(prior, [view(q=0.2)], 0.05)
    assert found.mu[2] == 0.02
    with pytest.raises(ViewError, match="'a' is about a riskless portfolio"):
        bl.posterior(prior, [view(portfolio={"cash": 1.0})], 0.05)


@few
@given(
    seed=SEEDS,
    k=st.integers(0, 3),
    tau=st.sampled_from([0.01, 0.05, 1.0]),
    shared=st.sampled_from([0.0, 0.5]),
)
def test_weights_are_the_sum_of_their_parts(seed: int, k: int, tau: float, shared: float) -> None:
    prior, reference = market(seed)
    views = opinions(prior, seed, k)
    found = bl.posterior(prior, views, tau, shared=shared)
    for convention in ("predictive", "prior"):
        used, parts = found.assumptions(convention), found.decomposition(reference, 3.0, convention)
        w = closed_form_risky_shares(used.mu, used.sigma, prior.rf, 3.0)
        assert parts.sum(axis=1).to_numpy() == pytest.approx(w, rel=1e-6, abs=1e-7)
        for v in views:  # each part lies along the view's own portfolio
            p = np.array([v.portfolio.get(a, 0.0) for a in prior.labels])
            part = parts[v.name].to_numpy()
            assert part == pytest.approx(
                p * (p @ part) / (p @ p), abs=1e-9 * (1 + np.abs(part).max())
            )


def test_certain_views_have_parts_too() -> None:
    prior, reference = market(3)
    found = bl.posterior(prior, [view(portfolio={"asset 0": 1.0}, variance=0.0)], 0.05)
    for convention in ("predictive", "prior"):
        used = found.assumptions(convention)
        w = closed_form_risky_shares(used.mu, used.sigma, prior.rf, 3.0)
        assert found.decomposition(reference, 3.0, convention).sum(
            axis=1
        ).to_numpy() == pytest.approx(w, abs=1e-8)


def test_parts_of_another_portfolio_are_refused() -> None:
    prior, reference = market(3)
    found = bl.posterior(prior, opinions(prior, 1), 0.05)
    with pytest.raises(ViewError, match="not this reference's equilibrium at A = 2"):
        found.decomposition(reference, 2.0)


@few
@given(seed=SEEDS, confidence=st.floats(0.05, 0.95))
def test_idzoreks_search_finds_the_variance_of_our_closed_form(
    seed: int, confidence: float
) -> None:
    """He looks for the omega whose weights go `confidence` of the way to those of a certain view
    (2004, step 5)."""
    prior, _ = market(seed)
    sure = opinions(prior, seed, 1)[0]

    def weights(variance: float) -> np.ndarray:
        found = bl.posterior(prior, [replace(sure, variance=variance)], 0.05)
        return closed_form_risky_shares(found.mu, prior.sigma, prior.rf, 3.0)

    start = closed_form_risky_shares(prior.mu, prior.sigma, prior.rf, 3.0)
    goal = start + confidence * (weights(0.0) - start)
    ours = float(bl.posterior(prior, [replace(sure, confidence=confidence)], 0.05).omega[0, 0])
    miss = optimize.minimize_scalar(
        lambda x: float(((weights(np.exp(x)) - goal) ** 2).sum()) / float(goal @ goal),
        bounds=(np.log(ours) - 3, np.log(ours) + 3),
        method="bounded",
        options={"xatol": 1e-9},
    )
    assert np.exp(miss.x) == pytest.approx(ours, rel=1e-5)
    assert weights(ours) == pytest.approx(goal, abs=1e-8)


# ---- views that contradict -----------------------------------------------------------------------


def test_p_values_are_uniform_where_prior_and_views_are_honest() -> None:
    prior, _ = market(5)
    views, rng, tau = opinions(prior, 5), np.random.default_rng(11), 0.05
    shape = bl.posterior(prior, views, tau, shared=0.5)
    truth = rng.multivariate_normal(prior.mu, tau * prior.sigma, 400) @ shape.P.T
    said = truth + rng.multivariate_normal(np.zeros(3), shape.omega, 400)
    p = np.array([bl.contradiction(replace(shape, q=q), level=0.05)["p-value"] for q in said])
    for column in p.T:
        assert stats.kstest(column, "uniform").pvalue > 0.01


def test_distance_to_a_history() -> None:
    prior, _ = market(6)
    found = bl.posterior(prior, opinions(prior, 6), 0.05)
    past = prior.replace(mu=prior.mu + 0.01, source="history")
    table = bl.contradiction(found, past, 50.0, level=0.05)
    G = found.P @ prior.sigma @ found.P.T / 50 + found.omega
    gap = found.q - found.P @ past.mu
    assert table["gap"].iloc[:3].to_numpy() == pytest.approx(gap)
    assert table.loc["all together", "distance"] ** 2 == pytest.approx(gap @ np.linalg.inv(G) @ gap)
    assert table.loc["all together", "p-value"] == pytest.approx(
        stats.chi2.sf(gap @ np.linalg.inv(G) @ gap, 3)
    )
    assert table["p-value"].iloc[0] == pytest.approx(
        2 * stats.norm.sf(abs(gap[0]) / np.sqrt(G[0, 0]))
    )
    assert (table["flagged"] == (table["p-value"] < 0.05)).all()
    with pytest.raises(ViewError, match="both"):
        bl.contradiction(found, past, level=0.05)
    with pytest.raises(ViewError, match="same order"):
        bl.contradiction(found, past.select(past.labels[::-1]), 50.0, level=0.05)
    with pytest.raises(ViewError, match="between 0 and 1"):
        bl.contradiction(found, past, 50.0, level=5)


# ---- the engine ----------------------------------------------------------------------------------


def engine(a, mandate=None, **changed):
    settings = {
        **bl.of_policy(POLICY, a),
        "risk_aversion": POLICY["equilibrium_risk_aversion"],
        **changed,
    }
    return bl.black_litterman(a, mandate, **settings)


def test_without_views_the_engine_holds_the_reference() -> None:
    a, reference = survey_assumptions(10), POLICY["reference_portfolio"]
    found = engine(a, views=[])
    assert found.w == pytest.approx([reference.get(x, 0.0) for x in a.labels], abs=1e-8)
    assert found.objective.startswith("Black-Litterman") and found.status == "optimal"
    assert set(found.residuals) == {"fully invested", "long only"}


def test_with_certain_views_the_engine_is_mean_variance() -> None:
    a = survey_assumptions(10)
    certain = bl.consensus_views(a, 0.0, **SIGNED)
    aversion = POLICY["equilibrium_risk_aversion"]
    found, plain = engine(a, views=certain), maximum_utility(a, risk_aversion=aversion)
    assert found.w == pytest.approx(plain.w, abs=1e-7)
    assert found.mean == pytest.approx(plain.mean, abs=1e-9)


def test_under_the_policy_the_survey_is_the_view() -> None:
    a = survey_assumptions(10)
    found = engine(a)
    views = bl.consensus_views(a, POLICY["consensus_variance_share"], **SIGNED)
    prior = bl.equilibrium(a, POLICY["reference_portfolio"], POLICY["equilibrium_risk_aversion"])
    used = bl.posterior(
        prior, views, POLICY["black_litterman_tau"], shared=POLICY["shared_view_error"]
    )
    assert found.mean == pytest.approx(float(used.mu @ found.w), abs=1e-12)
    other = bl.black_litterman(
        a,
        views=views,
        tau=POLICY["black_litterman_tau"],
        risk_aversion=2.5,
        equilibrium_risk_aversion=2.5,
        reference=POLICY["reference_portfolio"],
        shared=POLICY["shared_view_error"],
        covariance=POLICY["black_litterman_covariance"],
    )
    assert np.array_equal(found.w, other.w)
    assert np.abs(engine(a, shared=0.0).w - found.w).max() > 0.01
    assert engine(a, risk_aversion=20.0).risk < found.risk


def test_the_engine_obeys_the_mandate_and_prices_its_rules() -> None:
    a = survey_assumptions(10)
    capped = Mandate(a.labels, [fully_invested(), long_only(), Bounds("cap", upper=0.15)])
    found = engine(a, capped)
    assert found.w.max() <= 0.15 + 1e-9 and found.mandate == capped.fingerprint
    assert found.shadow_prices["cap"] > 0
    with pytest.raises(Infeasible, match="cap"):
        engine(a, Mandate(a.labels, [fully_invested(), Bounds("cap", upper=0.1)]))


def test_policy_is_consistent_with_its_reasons() -> None:
    reference, market = POLICY["reference_portfolio"], market_portfolio().weights
    assert set(reference) == set(market.index) and sum(reference.values()) == pytest.approx(
        1, abs=1e-12
    )
    assert max(abs(w - market[name]) for name, w in reference.items()) < 0.006
    assert POLICY["black_litterman_tau"] == pytest.approx(12 / len(data.history()), abs=5e-4)
    assert POLICY["black_litterman_covariance"] in ("prior", "predictive")


# ---- entropy pooling -----------------------------------------------------------------------------


def quadrature(
    mean: np.ndarray, sigma: np.ndarray, nodes: int = 40
) -> tuple[np.ndarray, np.ndarray]:
    """A normal law as points and probabilities: integrals against it are exact to many digits."""
    x, weight = np.polynomial.hermite_e.hermegauss(nodes)
    grids = np.meshgrid(*[x] * len(mean), indexing="ij")
    p = np.prod(np.meshgrid(*[weight / weight.sum()] * len(mean), indexing="ij"), axis=0).ravel()
    return mean + np.column_stack([g.ravel() for g in grids]) @ np.linalg.cholesky(sigma).T, p


@few
@given(seed=SEEDS, q=st.floats(-0.5, 0.5))
def test_pooling_a_normal_prior_is_black_litterman_with_a_certain_view(seed: int, q: float) -> None:
    prior, _ = market(seed, 2)
    certain = view(portfolio={"asset 0": 1.0, "asset 1": -1.0}, q=0.0, variance=0.0)
    p = np.array([1.0, -1.0])
    said = replace(certain, q=float(p @ prior.mu + q * np.sqrt(p @ prior.sigma @ p)))
    exact = bl.posterior(prior, [said], 0.05)
    points, weight = quadrature(prior.mu, prior.sigma)
    pooled = bl.entropy_pooling(pd.DataFrame({"a": points @ p}), {"a": said.q}, weight)
    mean = pooled.p @ points
    assert mean == pytest.approx(exact.mu, abs=1e-9)
    assert (pooled.p[:, None] * (points - mean)).T @ (points - mean) == pytest.approx(
        prior.sigma, abs=1e-9
    )
    assert pooled.relative_entropy == pytest.approx(
        q**2 / 2, abs=1e-9
    )  # Kullback-Leibler of two normals
    half = (weight + pooled.p) / 2  # opinions pooled at 50%: Idzorek's confidence of 50%
    assert half @ points == pytest.approx(
        bl.posterior(prior, [replace(said, variance=None, confidence=0.5)], 0.05).mu
    )


@pytest.mark.parametrize("seed", range(4))
def test_another_solver_agrees_on_means_volatilities_and_orders(seed: int) -> None:
    rng = np.random.default_rng(seed)
    x = rng.normal(0.05, 0.15, size=(200, 3))
    values = pd.DataFrame(
        {"mean": x[:, 0], "square": x[:, 1] ** 2, "order": x[:, 2] - x[:, 1], "idle": x[:, 0] + 1}
    )
    targets = {"mean": 0.08, "square": 0.03, "order": 0.02, "idle": 0.5}
    prior = rng.dirichlet(np.ones(200))
    pooled = bl.entropy_pooling(values, targets, prior, floors=["order", "idle"])
    p = cp.Variable(200, nonneg=True)
    met = p @ values.to_numpy() - list(targets.values())
    rules = [cp.sum(p) == 1, met[:2] == 0, met[2:] >= 0]
    best = cp.Problem(cp.Minimize(cp.sum(cp.rel_entr(p, prior))), rules).solve(solver=cp.CLARABEL)
    assert pooled.relative_entropy == pytest.approx(best, abs=1e-6)
    assert pooled.p == pytest.approx(p.value, abs=1e-5)
    assert pooled.p @ values.to_numpy()[:, :2] == pytest.approx([0.08, 0.03], abs=1e-9)
    assert (
        pooled.multipliers[3] == 0 and pooled.multipliers[2] >= 0
    )  # a floor that does not bind does nothing
    assert pooled.relative_entropy == pytest.approx(
        float(stats.entropy(pooled.p, prior)), abs=1e-10
    )
    assert pooled.effective_scenarios == pytest.approx(float(np.exp(stats.entropy(pooled.p))))


def test_a_view_that_the_prior_holds_already_changes_nothing() -> None:
    x = np.random.default_rng(0).normal(size=(500, 2))
    values = pd.DataFrame(x, columns=["a", "b"])
    pooled = bl.entropy_pooling(values, dict(values.mean()))
    assert pooled.p == pytest.approx(np.full(500, 1 / 500), abs=1e-12)
    assert pooled.relative_entropy == pytest.approx(0, abs=1e-12)
    assert pooled.effective_scenarios == pytest.approx(500)


def test_a_view_at_the_edge_of_the_scenarios_still_holds() -> None:
    x = np.random.default_rng(0).normal(size=1000)
    pooled = bl.entropy_pooling(pd.DataFrame({"a": x}), {"a": float(np.sort(x)[-2:].mean())})
    assert pooled.p @ x == pytest.approx(np.sort(x)[-2:].mean(), abs=1e-9)
    assert pooled.effective_scenarios < 5


def test_views_that_no_scenario_or_no_probability_meets_are_named() -> None:
    x = np.random.default_rng(0).normal(size=(100, 2))
    values = pd.DataFrame({"up": x[:, 0], "sum": x.sum(axis=1), "free": x[:, 1]})
    with pytest.raises(ViewError, match="'up' asks for 9"):
        bl.entropy_pooling(values, {"up": 9.0, "sum": 0.0, "free": 0.0})
    with pytest.raises(ViewError, match="'up' asks for 9"):
        bl.entropy_pooling(values, {"up": 9.0, "sum": 0.0, "free": 0.0}, floors=["up"])
    high = float(x[:, 0].max()) * 0.98
    with pytest.raises(ViewError, match=r"give way: (up|sum|free)$"):
        bl.entropy_pooling(values, {"up": high, "sum": high + 1.5, "free": -1.0})
    with pytest.raises(ViewError, match="no probabilities"):
        bl.entropy_pooling(
            pd.DataFrame({"a": x[:, 0], "b": -x[:, 0]}), {"a": 0.5, "b": 0.5}, floors=["a", "b"]
        )
    with pytest.raises(ViewError, match="'one' asks for 1"):
        bl.entropy_pooling(pd.DataFrame({"one": np.ones(100)}), {"one": 1.0})


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"targets": {"b": 0.0}}, "targets"),
        ({"floors": ["b"]}, "floors"),
        ({"prior": np.ones(3)}, "3 numbers"),
        ({"prior": np.array([1.5, -0.5, 0.0])}, "not negative"),
        ({"values": pd.DataFrame({"a": [1.0, np.nan, 2.0]})}, "numbers"),
    ],
)
def test_bad_input_to_pooling(change: dict, message: str) -> None:
    good = {"values": pd.DataFrame({"a": [1.0, 2.0, 3.0]}), "targets": {"a": 2.5}}
    with pytest.raises(ViewError, match=message):
        bl.entropy_pooling(**{**good, **change})
