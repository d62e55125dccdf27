"""Risk budgets against closed forms, brute force, other solvers and differences; hierarchies
against the book."""

from itertools import product

import cvxpy as cp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import approx_fprime, brentq, minimize

from portlib.construction import risk_parity as rp
from portlib.construction.engines import NotSolved
from portlib.construction.mandate import (
    Bounds,
    Infeasible,
    Limit,
    Mandate,
    TrackingError,
    Turnover,
    fully_invested,
    group_limit,
    long_only,
    position_limit,
)
from portlib.construction.mean_variance import equal_weights, minimum_risk
from portlib.records import ROUNDING, Assumptions, AssumptionsError
from tests.markets import SEEDS

few = settings(max_examples=40)


def market(seed: int, n: int = 6) -> Assumptions:
    rng = np.random.default_rng(seed)
    months = rng.normal(size=(3 * n, n)) @ rng.normal(size=(n, n)) * rng.uniform(0.01, 0.1, n)
    return Assumptions(
        [f"asset {i}" for i in range(n)],
        rng.normal(0.06, 0.02, n),
        np.cov(months.T),
        0.01,
        "a test",
    )


def budgets_of(a: Assumptions, seed: int) -> dict[str, float]:
    b = np.random.default_rng(seed + 1).dirichlet(np.full(len(a), 2.0)) + 1e-3
    return dict(zip(a.labels, (b / b.sum()).tolist(), strict=True))


def spread(a: Assumptions, w: np.ndarray, b: np.ndarray) -> float:
    """What a mandate leaves to be minimised: ``log R(w) - b'log w``."""
    return float(np.log(a.risk_of(w)) - b @ np.log(w))


def ruled(a: Assumptions, seed: int = 0) -> Mandate:
    """Limits of every linear kind that bind often, around equal weights: always feasible."""
    n, rng = len(a), np.random.default_rng(seed)
    group = a.labels[:2]
    exposures = dict(zip(a.labels, rng.uniform(-1, 1, n).tolist(), strict=True))
    middle = float(np.mean(list(exposures.values())))
    return Mandate(
        a.labels,
        [
            fully_invested(),
            long_only(),
            position_limit(1.5 / n),
            Bounds("floor", lower={a.labels[-1]: 0.7 / n}),
            group_limit("group", group, lower=1.8 / n, upper=2.5 / n),
            Limit("factor", exposures, middle - 0.02, middle + 0.02),
            group_limit("fixed", a.labels[2:3], lower=1 / n, upper=1 / n),
        ],
    )


# ---- budgets without rules -----------------------------------------------------------------------


@few
@given(seed=SEEDS, n=st.integers(2, 40))
def test_contributions_meet_the_budgets(seed: int, n: int) -> None:
    a = market(seed, n)
    budgets = budgets_of(a, seed)
    b = np.array([budgets[x] for x in a.labels])
    both = (
        (rp.risk_budgets(a, budgets=budgets), b),
        (rp.equal_risk_contributions(a), np.full(n, 1 / n)),
    )
    for portfolio, wanted in both:
        assert np.abs(rp.contributions(a.sigma, portfolio.w) - wanted).max() < 1e-10
        assert portfolio.w.sum() == pytest.approx(1, abs=1e-12)
        assert portfolio.w.min() > 0
        assert portfolio.status == "optimal"
    assert b.sum() == pytest.approx(1)


@few
@given(seed=SEEDS, n=st.integers(2, 12))
def test_order_scale_and_units_do_not_matter(seed: int, n: int) -> None:
    a, rng = market(seed, n), np.random.default_rng(seed)
    w, at = rp.equal_risk_contributions(a).w, rng.permutation(n)
    shuffled = rp.equal_risk_contributions(a.select([a.labels[i] for i in at]))
    assert shuffled.w == pytest.approx(w[at], abs=1e-9)
    scaled = rp.equal_risk_contributions(a.replace(sigma=37.0 * a.sigma, source="scaled"))
    assert scaled.w == pytest.approx(w, abs=1e-9)
    k = rng.uniform(0.5, 2.0, n)  # each asset levered by k: the money in it falls by k
    levered = rp.equal_risk_contributions(
        a.replace(sigma=a.sigma * np.outer(k, k), source="levered assets")
    ).w
    assert levered * k / (levered * k).sum() == pytest.approx(w, abs=1e-9)


@few
@given(seed=SEEDS)
def test_the_answer_is_unique_from_any_start(seed: int) -> None:
    """A general optimiser on the logarithms, from random starts, always comes to Newton's
    portfolio."""
    a, rng = market(seed, 4), np.random.default_rng(seed)
    budgets = budgets_of(a, seed)
    b, w = np.array(list(budgets.values())), rp.risk_budgets(a, budgets=budgets).w
    unit = float(np.diag(a.sigma).mean())
    for _ in range(3):
        found = minimize(
            lambda y: np.exp(y) @ a.sigma @ np.exp(y) / (2 * unit) - b @ y,
            rng.normal(0, 1, 4),
            jac=lambda y: np.exp(y) * (a.sigma @ np.exp(y)) / unit - b,
            method="BFGS",
            options={"gtol": 1e-10},
        )
        assert np.exp(found.x) / np.exp(found.x).sum() == pytest.approx(w, abs=1e-6)


def test_two_assets_in_closed_form() -> None:
    """Equal contributions of two assets are inverse volatilities whatever the correlation; others a
    root."""
    for rho in (-0.9, 0.0, 0.4, 0.99):
        sd = np.array([0.05, 0.2])
        a = Assumptions(["bonds", "stocks"], [0, 0], np.outer(sd, sd) * [[1, rho], [rho, 1]])
        assert rp.equal_risk_contributions(a)["bonds"] == pytest.approx(0.8, abs=1e-12)
        w = rp.risk_budgets(a, budgets={"bonds": 0.3, "stocks": 0.7})["bonds"]
        x = brentq(
            lambda x, s=a.sigma: rp.contributions(s, np.array([x, 1 - x]))[0] - 0.3,
            0.01,
            0.99,
            xtol=1e-14,
        )
        assert w == pytest.approx(x, abs=1e-11)


def test_without_correlation_weights_are_roots_of_budgets_over_volatility() -> None:
    sd, b = np.array([0.1, 0.2, 0.4]), np.array([0.2, 0.3, 0.5])
    a = Assumptions(list("abc"), np.zeros(3), np.diag(sd**2))
    w = rp.risk_budgets(a, budgets=dict(zip("abc", b, strict=True))).w
    assert w == pytest.approx(np.sqrt(b) / sd / (np.sqrt(b) / sd).sum(), abs=1e-12)


def test_risk_lies_between_minimum_variance_and_equal_weights() -> None:
    """The ordering proved by Maillard, Roncalli and Teiletche (2010), on many markets."""
    for seed in range(30):
        a = market(seed)
        risks = [x(a).risk for x in (minimum_risk, rp.equal_risk_contributions, equal_weights)]
        assert risks == sorted(risks)


def test_with_short_sales_every_choice_of_signs_has_its_own_answer() -> None:
    a, found = market(3, 4), set()
    for signs in product([1.0], *[[1.0, -1.0]] * 3):
        s = np.array(signs)
        w = (
            s
            * rp.equal_risk_contributions(
                a.replace(sigma=a.sigma * np.outer(s, s), source="signs")
            ).w
        )
        shares = w * (a.sigma @ w)
        assert shares / shares.sum() == pytest.approx(np.full(4, 0.25), abs=1e-10)
        found.add(tuple(w.round(6)))
    assert len(found) == 8


def test_copies_take_budget_unless_they_share_one() -> None:
    a = market(5, 3)
    twice = np.vstack([np.eye(3), np.eye(3)[:1]])
    b = Assumptions([*a.labels, "copy"], [0] * 4, twice @ a.sigma @ twice.T)
    w, v = rp.equal_risk_contributions(a).w, rp.equal_risk_contributions(b).w
    assert v[0] == pytest.approx(v[3], abs=1e-10)
    merged = v[:3] + np.array([v[3], 0, 0])
    assert rp.contributions(a.sigma, merged) == pytest.approx([0.5, 0.25, 0.25], abs=1e-10)
    split = {"asset 0": 1 / 6, "copy": 1 / 6, "asset 1": 1 / 3, "asset 2": 1 / 3}
    shared = rp.risk_budgets(b, budgets=split).w
    assert shared[:3] + np.array([shared[3], 0, 0]) == pytest.approx(w, abs=1e-10)


def test_fewer_months_than_assets_are_enough() -> None:
    rng = np.random.default_rng(1)
    months = rng.normal(size=(20, 60)) + rng.normal(size=(20, 1))
    a = Assumptions([f"asset {i}" for i in range(60)], np.zeros(60), np.cov(months.T))
    assert (
        np.abs(rp.contributions(a.sigma, rp.equal_risk_contributions(a).w) - 1 / 60).max() < 1e-12
    )


# ---- the methods ---------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["newton", "cyclical", "gradient"])
def test_methods_come_to_the_same_portfolio(method: str) -> None:
    a = market(7, 12)
    b = np.array(list(budgets_of(a, 7).values()))
    path = rp.descend(a.sigma, b, method, most=20_000)
    assert path.gaps[-1] <= rp.EXACT
    assert np.abs(rp.contributions(a.sigma, path.w) / b - 1).max() < 2 * rp.EXACT
    assert len(path.passes) == len(path.gaps)
    assert all(np.diff(path.passes) > 0)
    assert path.w == pytest.approx(rp.descend(a.sigma, b).w, abs=1e-9)


def test_every_step_of_newton_lowers_the_function() -> None:
    for seed in range(20):
        a = market(seed, 8)
        sd, b = a.volatility, np.array(list(budgets_of(a, seed).values()))
        c, times = a.sigma / np.outer(sd, sd), rp._correlations(a.sigma, sd)
        assert times(b) == pytest.approx(c @ b, rel=1e-12)
        rng = np.random.default_rng(seed)
        for _ in range(5):
            v = np.exp(rng.normal(0, 2, 8))
            q = times(v)
            for step in (rp._newton, rp._gradient, rp._cyclical):
                ahead, product_ahead, _ = step(
                    times, a.sigma, sd, b, v, q, float(np.abs(v * q / b - 1).max())
                )
                assert ahead.min() > 0
                assert ahead @ c @ ahead / 2 - b @ np.log(ahead) < v @ c @ v / 2 - b @ np.log(v)
                assert product_ahead == pytest.approx(times(ahead), rel=1e-6, abs=1e-9 * v.max())


def test_newton_needs_few_passes_at_any_size() -> None:
    for n in (10, 100, 400):
        rng = np.random.default_rng(n)
        months = rng.normal(size=(600, n)) * rng.uniform(0.02, 0.1, n) + rng.normal(
            0, 0.04, (600, 1)
        )
        path = rp.descend(np.cov(months.T), np.full(n, 1 / n))
        assert path.gaps[-1] <= rp.EXACT
        assert path.passes[-1] <= 20


def test_least_squares_comes_near_with_a_tight_tolerance() -> None:
    sd, b = np.array([0.05, 0.1, 0.15, 0.2, 0.25]), np.full(5, 0.2)
    a = Assumptions(list("abcde"), np.zeros(5), np.outer(sd, sd) * (0.3 + 0.7 * np.eye(5)))
    loose, tight = rp.slsqp(a.sigma, b), rp.slsqp(a.sigma, b, tolerance=1e-15)
    assert tight.w == pytest.approx(rp.descend(a.sigma, b).w, abs=1e-4)
    assert loose.gaps[-1] > 1e3 * rp.EXACT
    assert loose.passes[-1] <= tight.passes[-1]


def test_least_squares_can_end_in_a_corner() -> None:
    """Its function is not convex: all in one asset is as low as any portfolio nearby, and far from
    the budgets."""
    a, b = market(11, 5), np.full(5, 0.2)
    stuck = rp.slsqp(a.sigma, b, tolerance=1e-15)

    def miss(w: np.ndarray) -> float:
        return float(((rp.contributions(a.sigma, w) - b) ** 2).sum())

    rng, here = np.random.default_rng(0), miss(stuck.w)
    assert stuck.gaps[-1] > 1
    for _ in range(500):
        nearby = 0.9999 * stuck.w + 0.0001 * rng.dirichlet(np.ones(5))
        assert miss(nearby / nearby.sum()) >= here - 1e-12
    assert miss(rp.descend(a.sigma, b).w) < 1e-20


def test_contributions_are_the_slopes_of_volatility() -> None:
    """Euler: the volatility is the sum of weights times slopes, here by finite differences."""
    a = market(2)
    w = np.random.default_rng(2).dirichlet(np.ones(6))
    slopes = approx_fprime(w, lambda w: float(np.sqrt(w @ a.sigma @ w)), 1e-7)
    assert rp.contributions(a.sigma, w) == pytest.approx(w * slopes / a.risk_of(w), abs=1e-6)
    assert rp.contributions(a.sigma, w).sum() == pytest.approx(1)


# ---- under a mandate -----------------------------------------------------------------------------


def general_solver(a: Assumptions, mandate: Mandate, b: np.ndarray) -> np.ndarray:
    """Weights by cvxpy, from the mandate's program: F over x and the money it takes, scaled
    back."""
    p, x, unit = mandate.program, cp.Variable(len(b)), float(np.diag(a.sigma).mean())
    money = cp.sum(x)
    rows = p.rows @ x
    cone = [rows[i] >= low * money for i, low in enumerate(p.rows_lower) if np.isfinite(low)]
    cone += [rows[i] <= high * money for i, high in enumerate(p.rows_upper) if np.isfinite(high)]
    cone += [x >= cp.multiply(p.lower, money)] + [
        x[i] <= u * money for i, u in enumerate(p.upper) if np.isfinite(u)
    ]
    problem = cp.Problem(
        cp.Minimize(cp.quad_form(x, cp.psd_wrap(a.sigma / unit)) / 2 - b @ cp.log(x)), cone
    )
    problem.solve(solver=cp.CLARABEL)
    return np.asarray(x.value / x.value.sum())


@settings(max_examples=25)
@given(seed=SEEDS, n=st.integers(4, 10))
def test_rules_bind_as_a_general_solver_has_it(seed: int, n: int) -> None:
    a = market(seed, n)
    mandate, budgets = ruled(a, seed), budgets_of(a, seed)
    b = np.array([budgets[x] for x in a.labels])
    ours, theirs = rp.risk_budgets(a, mandate, budgets=budgets), general_solver(a, mandate, b)
    assert (
        max(ours.residuals.values()) <= ROUNDING
    )  # to which the exchange of active sets certifies its rows
    assert spread(a, ours.w, b) <= spread(a, theirs, b) + 1e-8
    assert ours.w == pytest.approx(
        theirs, abs=2e-4
    )  # flat near the best: the solver's 1e-8 leaves its root in weights


def test_no_allowed_portfolio_is_better() -> None:
    """Brute force: thousands of random allowed portfolios, none with a lower log risk less
    spread."""
    a, rng = market(4, 5), np.random.default_rng(4)
    pair = group_limit("pair", a.labels[:2], upper=0.35)
    mandate = Mandate(a.labels, [fully_invested(), long_only(), position_limit(0.3), pair])
    b = np.full(5, 0.2)
    best = rp.equal_risk_contributions(a, mandate)
    assert "exchange" in best.engine
    tried = rng.dirichlet(np.full(5, 8.0), 30_000)
    near = np.clip(best.w + rng.normal(0, 0.01, (30_000, 5)), 1e-6, None)
    both = np.vstack([tried, near / near.sum(axis=1, keepdims=True)])
    allowed = [w for w in both if w.max() <= 0.3 and w[:2].sum() <= 0.35]
    assert len(allowed) > 500
    assert min(spread(a, w, b) for w in allowed) > spread(a, best.w, b)


def test_shadow_prices_are_what_relaxing_saves() -> None:
    a = market(9, 6)
    mandate, b, step = ruled(a, 9), np.full(6, 1 / 6), 1e-5
    prices, binding = rp.equal_risk_contributions(a, mandate).shadow_prices, 0
    assert set(prices) == {c.name for c in mandate.constraints}
    for name in ("position limit", "floor", "group", "factor"):
        less, more = (
            rp.equal_risk_contributions(a, mandate.relaxed({name: by})).w for by in (-step, step)
        )
        assert prices[name] == pytest.approx(
            (spread(a, less, b) - spread(a, more, b)) / (2 * step), rel=1e-3, abs=1e-6
        )
        binding += prices[name] > 1e-3
    assert binding >= 2


def test_distances_and_their_shadow_prices() -> None:
    a = market(6, 5)
    home, b = dict.fromkeys(a.labels, 0.2), np.full(5, 0.2)
    free = rp.equal_risk_contributions(a)
    active = a.risk_of(free.w - 0.2)
    turnover = float(np.abs(free.w - 0.2).sum() / 2)
    for rule in (
        TrackingError("distance", home, active / 2),
        Turnover("distance", home, turnover / 2),
    ):
        mandate = Mandate(a.labels, [fully_invested(), long_only(), rule])
        found = rp.equal_risk_contributions(a, mandate)
        assert found.residuals["distance"] <= 1e-8
        assert spread(a, found.w, b) > spread(a, free.w, b)
        step = 0.01 * rule.limit
        less, more = (
            rp.equal_risk_contributions(a, mandate.relaxed({"distance": by})).w
            for by in (-step, step)
        )
        saved = (spread(a, less, b) - spread(a, more, b)) / (2 * step)
        assert found.shadow_prices["distance"] == pytest.approx(saved, rel=0.02)
    loose = Mandate(
        a.labels, [fully_invested(), long_only(), TrackingError("distance", home, 2 * active)]
    )
    assert rp.equal_risk_contributions(a, loose).w == pytest.approx(free.w, abs=1e-12)


def test_linear_rules_solved_both_ways_agree() -> None:
    a = market(8, 6)
    mandate, b = ruled(a, 8), np.full(6, 1 / 6)
    newton, prices, _ = rp._constrained(a, mandate, b)
    conic, conic_prices, _ = rp._conic(a, mandate, b, rp._cone(mandate.program, a.volatility))
    assert spread(a, newton, b) == pytest.approx(spread(a, conic, b), abs=1e-8)
    for name, price in prices.items():
        assert conic_prices[name] == pytest.approx(price, abs=1e-4)


def test_the_set_of_portfolios_decides_and_not_how_rules_are_written() -> None:
    a = market(12, 5)
    pair, rest = a.labels[:2], a.labels[2:]
    base = [fully_invested(), long_only()]
    floor = Mandate(a.labels, [*base, group_limit("floor on the pair", pair, lower=0.7)])
    ceiling = Mandate(a.labels, [*base, group_limit("ceiling on the rest", rest, upper=0.3)])
    w, v = (rp.equal_risk_contributions(a, m).w for m in (floor, ceiling))
    assert w == pytest.approx(v, abs=1e-10)
    assert w[:2].sum() == pytest.approx(0.7, abs=1e-10)


def test_another_published_reading_depends_on_the_wording() -> None:
    """Richard and Roncalli (2019) price the rules and leave other contributions in proportion to
    the budgets.

    Three uncorrelated assets, at least 0.7 in the first. Written as a floor, the rule's price falls
    on the first and ``w_i^2 sigma_i^2`` of the others are equal; as a ceiling of 0.3 on the others,
    a price m falls on them, and ``w_i^2 sigma_i^2 + m w_i`` equals the first's contribution. Same
    portfolios allowed, another chosen.
    """
    sd = np.array([0.1, 0.2, 0.4])
    floor = 0.3 * (1 / sd[1:]) / (1 / sd[1:]).sum()

    def held(m: float) -> np.ndarray:
        return (np.sqrt(m * m + 4 * sd[1:] ** 2 * (0.7 * sd[0]) ** 2) - m) / (2 * sd[1:] ** 2)

    m = brentq(lambda m: held(m).sum() - 0.3, -1.0, 1.0)
    assert m > 0
    assert np.abs(held(m) - floor).max() > 0.01


def test_a_mandate_that_does_not_bind_changes_nothing() -> None:
    a = market(1)
    free = rp.equal_risk_contributions(a)
    mandate = Mandate(
        a.labels, [fully_invested(), long_only(), position_limit(float(free.w.max()) + 1e-6)]
    )
    under = rp.equal_risk_contributions(a, mandate)
    assert under.w.tobytes() == free.w.tobytes()
    assert set(under.shadow_prices.values()) == {0.0}
    assert under.mandate == mandate.fingerprint


# ---- refusals ------------------------------------------------------------------------------------


def refused(
    kind: type[Exception],
    words: str,
    a: Assumptions,
    mandate: Mandate | None = None,
    budgets: dict | None = None,
) -> None:
    with pytest.raises(kind, match=words):
        rp.risk_budgets(a, mandate, budgets=budgets)


def test_budgets_that_make_no_sense() -> None:
    a = Assumptions(["a", "b", "c"], np.zeros(3), np.eye(3))
    for budgets, words in (
        ({"a": 0.5, "b": 0.5}, "needs a budget, and nothing else: see 'c'"),
        ({"a": 0.25, "b": 0.25, "c": 0.25, "gold": 0.25}, "nothing else: see 'gold'"),
        ({"a": 0.5, "b": 0.0, "c": 0.5}, "'b' has a budget of 0"),
        ({"a": 1.0, "b": -0.5, "c": 0.5}, "'b' has a budget of -0.5"),
        ({"a": 0.5, "b": np.nan, "c": 0.5}, "'b' has a budget of nan"),
        ({"a": 0.5, "b": 0.5, "c": 0.5}, "sum to one, not 1.5"),
        ({"a": np.inf, "b": 0.5, "c": 0.5}, "sum to one, not inf"),
    ):
        refused(AssumptionsError, words, a, budgets=budgets)


def test_assets_without_risk() -> None:
    sigma = np.diag([0.04, 0.0, 0.01])
    refused(
        AssumptionsError, "'cash' has no risk", Assumptions(["a", "cash", "b"], [0, 0, 0], sigma)
    )
    with pytest.raises(AssumptionsError, match="'cash' has no risk"):
        rp.inverse_volatility(Assumptions(["a", "cash", "b"], [0, 0, 0], sigma))
    with pytest.raises(AssumptionsError, match="'cash' has no risk"):
        rp.hierarchical(Assumptions(["a", "cash", "b"], [0, 0, 0], sigma))
    hedged = [[0.04, -0.04, 0.0], [-0.04, 0.04, 0.0], [0.0, 0.0, 0.09]]
    refused(AssumptionsError, "^a, b: together", Assumptions(["a", "b", "c"], [0, 0, 0], hedged))
    with pytest.raises(ValueError, match="without risk"):
        rp.contributions(np.array(hedged), np.array([0.5, 0.5, 0.0]))


def test_almost_hedged_assets_are_solved_or_refused_by_name() -> None:
    for rho, solved in ((-0.999999, True), (-1 + 1e-9, False)):
        a = Assumptions(
            ["a", "b", "c"], [0, 0, 0], [[0.04, rho * 0.04, 0], [rho * 0.04, 0.04, 0], [0, 0, 0.09]]
        )
        if solved:
            assert rp.contributions(a.sigma, rp.equal_risk_contributions(a).w) == pytest.approx(
                [1 / 3] * 3, abs=1e-9
            )
        else:
            refused(NotSolved, "all but singular", a)


def test_mandates_that_leave_nothing() -> None:
    a = market(0, 3)
    base = Mandate(a.labels, [fully_invested(), long_only()])
    nothing = Bounds("none of it", upper={"asset 1": 0.0})
    refused(Infeasible, "'none of it', 'something of every asset'", a, base.also(nothing))
    refused(Infeasible, "'thirds'", a, base.also(position_limit(0.3, name="thirds")))
    refused(
        Infeasible,
        "'nine tenths'",
        a,
        Mandate(a.labels, [long_only(), Limit("nine tenths", None, 0.9, 0.9)]),
    )
    refused(Infeasible, "'near'", a, base.also(TrackingError("near", {"asset 0": 1.0}, 1e-9)))
    refused(NotSolved, "'cap' is soft", a, base.also(position_limit(0.34, name="cap").soft(0.1)))
    refused(AssumptionsError, "same labels", a, Mandate(["x", "y", "z"], [fully_invested()]))


# ---- leverage, naive rules, hierarchies ----------------------------------------------------------


def test_leverage_adds_up() -> None:
    a = market(1)
    portfolio = rp.equal_risk_contributions(a)
    up = rp.levered(portfolio, risk=2 * portfolio.risk, rf=0.03, spread=0.01)
    assert up.times == pytest.approx(2)
    assert up.mean == pytest.approx(2 * portfolio.mean - 0.04)
    assert up.sharpe == pytest.approx((up.mean - 0.03) / up.risk)
    down = rp.levered(portfolio, risk=portfolio.risk / 2, rf=0.03, spread=0.01)
    assert down.mean == pytest.approx(
        portfolio.mean / 2 + 0.015
    )  # lent at rf: the spread is for borrowers
    assert down.sharpe == pytest.approx((portfolio.mean - 0.03) / portfolio.risk)
    for wrong in (0.0, -0.1, np.inf, np.nan):
        with pytest.raises(ValueError, match=r"cannot bring|risk is (inf|nan)"):
            rp.levered(portfolio, risk=wrong, rf=0.03)


def test_inverse_volatility() -> None:
    a = Assumptions(["a", "b"], [0, 0], np.diag([0.01, 0.04]))
    assert rp.inverse_volatility(a).w == pytest.approx([2 / 3, 1 / 3])
    assert rp.inverse_volatility(a, power=2.0).w == pytest.approx([0.8, 0.2])


def bisected_by_the_book(sigma: np.ndarray, order: list[int]) -> np.ndarray:
    """The recursion as it is told: split money between two halves, then each half within itself."""
    if len(order) == 1:
        return np.eye(len(sigma))[order[0]]
    halves, variances = (order[: len(order) // 2], order[len(order) // 2 :]), []
    for half in halves:
        w = np.zeros(len(sigma))
        w[half] = 1 / np.diag(sigma)[half]
        w /= w.sum()
        variances.append(w @ sigma @ w)
    share = 1 - variances[0] / sum(variances)
    return share * bisected_by_the_book(sigma, halves[0]) + (1 - share) * bisected_by_the_book(
        sigma, halves[1]
    )


@few
@given(seed=SEEDS, n=st.integers(1, 12))
def test_bisection_against_the_recursion(seed: int, n: int) -> None:
    a = market(seed, max(n, 2)).select([f"asset {i}" for i in range(n)])
    order = np.random.default_rng(seed).permutation(n).tolist()
    w = rp.bisected(a.sigma, order)
    assert w == pytest.approx(bisected_by_the_book(a.sigma, order), abs=1e-14)
    assert w.sum() == pytest.approx(1)


def test_distances_by_hand() -> None:
    """Three assets: the two conventions, and the tree, from the definitions."""
    rho = np.array([[1.0, 0.9, 0.1], [0.9, 1.0, 0.0], [0.1, 0.0, 1.0]])
    far = np.sqrt((1 - rho) / 2)
    direct, columns = rp.hierarchy(rho, distance="correlation"), rp.hierarchy(rho)
    assert direct[0] == pytest.approx([0, 1, far[0, 1], 2])
    assert columns[0] == pytest.approx([0, 1, np.linalg.norm(far[:, 0] - far[:, 1]), 2])
    assert direct[1, 2] == pytest.approx(min(far[0, 2], far[1, 2]))
    assert columns[1, 2] == pytest.approx(
        min(np.linalg.norm(far[:, i] - far[:, 2]) for i in (0, 1))
    )
    complete = rp.hierarchy(rho, method="complete", distance="correlation")
    assert complete[1, 2] == pytest.approx(max(far[0, 2], far[1, 2]))


def test_hierarchical_weights_depend_on_the_order_of_the_assets() -> None:
    a, rng = market(0, 8), np.random.default_rng(0)
    hierarchical, budgets = set(), set()
    for _ in range(40):
        view = a.select([a.labels[i] for i in rng.permutation(8)])
        hierarchical.add(tuple(round(rp.hierarchical(view)[x], 6) for x in a.labels))
        budgets.add(tuple(round(rp.equal_risk_contributions(view)[x], 6) for x in a.labels))
    assert len(hierarchical) > 1
    assert len(budgets) == 1
