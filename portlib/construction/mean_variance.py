"""Which portfolios give the most return for their risk, under a mandate?

    maximise   U(w) = mu'w - (A/2) w'sigma w     over the w that the mandate allows         (A is
    the risk aversion)

Annual decimals. Dividing by -A gives the critical line's form, minimise w'sigma w / 2 - lambda mu'w
with lambda = 1/A; a text that minimises w'sigma w - lambda mu'w, without the half, has lambda =
2/A. As lambda falls from infinity to zero the best weights move in straight lines from the highest
return to the least risk: `frontier` traces all of them once.

What it leaves out: that mu and sigma are estimates, everything after one period, and taxes.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any

import numpy as np
import pandas as pd

import portlib.construction.engines as engines
from portlib.construction.critical_line import critical_line
from portlib.construction.engines import (
    TIE,
    NotSolved,
    _by_clarabel,
    allocation,
    by_name,
    default_mandate,
    refusal,
    solve,
)
from portlib.construction.mandate import Limit, Mandate, TrackingError
from portlib.construction.mandate.infeasibility import diagnose
from portlib.construction.mandate.rules import Risk
from portlib.ranges import COUNT, NOT_NEGATIVE, POSITIVE, among, door, number
from portlib.records import ROUNDING, Allocation, Array, Assumptions, AssumptionsError, Status

# ---- closed forms: no rule but the budget --------------------------------------------------------


def _inverse_times(sigma: Array, right: Array) -> Array:
    smallest = float(np.linalg.eigvalsh(sigma)[0])
    if smallest <= ROUNDING * float(np.max(np.abs(sigma))):
        raise AssumptionsError(
            f"a closed form inverts sigma, whose smallest eigenvalue is {smallest:.3g}: drop "
            "riskless or duplicated assets, or use minimum_risk or maximum_utility, which do not"
        )
    return np.asarray(np.linalg.solve(sigma, right), dtype=np.float64)


def closed_form_minimum_variance(sigma: Array) -> Array:
    """Weights (n,) of least risk, short sales allowed: ``sigma^-1 1`` made to sum to one (Merton
    1972).

    Examples
    --------
    Two assets: each weight is the other's variance less the covariance, 0.01 to 0.03.

    >>> closed_form_minimum_variance(np.array([[0.04, 0.01], [0.01, 0.02]])).round(9).tolist()
    [0.25, 0.75]
    >>> closed_form_minimum_variance(np.array([[0.04, 0.04], [0.04, 0.04]]))  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    portlib...AssumptionsError: a closed form inverts sigma, whose smallest eigenvalue is ...

    It goes on in ``mean_variance.md``.
    """
    x = _inverse_times(sigma, np.ones(len(sigma)))
    return np.asarray(x / x.sum())


@door()
def closed_form_tangency(mu: Array, sigma: Array, rf: float) -> Array:
    """Weights of greatest Sharpe ratio, short sales allowed: ``sigma^-1 (mu - rf)`` to sum one
    (Tobin 1958).

    Parameters
    ----------
    mu, sigma : array (n,) and (n, n)
        Annual decimals; sigma has an inverse.
    rf : float
        Riskless rate, annual decimal.

    Returns
    -------
    array (n,)

    Raises
    ------
    AssumptionsError
        Where that sum is not positive: the least risk earns no more than rf, and no maximum exists.
        And where sigma has no inverse.

    Examples
    --------
    By Cramer's rule: ``0.02 * 0.05 - 0.01 * 0.02`` to ``0.04 * 0.02 - 0.01 * 0.05``, 8 to 3.

    >>> sigma = np.array([[0.04, 0.01], [0.01, 0.02]])
    >>> (11 * closed_form_tangency(np.array([0.07, 0.04]), sigma, 0.02)).round(9).tolist()
    [8.0, 3.0]
    >>> closed_form_tangency(np.array([0.07, 0.04]), sigma, 0.05)  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    portlib...AssumptionsError: no tangency portfolio: the portfolio of least risk earns no ...

    It goes on in ``mean_variance.md``.
    """
    x = _inverse_times(sigma, mu - rf)
    if x.sum() <= ROUNDING * np.abs(x).sum():
        raise AssumptionsError(
            f"no tangency portfolio: the portfolio of least risk earns no more than rf = {rf:g}"
        )
    return np.asarray(x / x.sum())


@door(risk_aversion=POSITIVE)
def closed_form_utility(mu: Array, sigma: Array, risk_aversion: float) -> Array:
    """Weights that sum to one and maximise utility, short sales allowed:
    ``w0 + sigma^-1 (mu - eta) / A``.

    ``w0`` is the least risk and ``eta`` its expected return, so that the second part sums to zero
    (Merton 1972).

    Parameters
    ----------
    mu, sigma : array (n,) and (n, n)
        Annual decimals; sigma has an inverse.
    risk_aversion : float
        The A of the utility.

    Returns
    -------
    array (n,)

    Raises
    ------
    AssumptionsError
        Where sigma has no inverse.

    Examples
    --------
    The least risk, 1/4 and 3/4, earns 4.75%; beyond it 0.0225 and -0.0075 buy ``0.75 / A`` of the
    first for as much of the second.

    >>> sigma = np.array([[0.04, 0.01], [0.01, 0.02]])
    >>> closed_form_utility(np.array([0.07, 0.04]), sigma, 4.0).round(9).tolist()  # 1/4 + 3/16
    [0.4375, 0.5625]
    >>> closed_form_utility(np.array([0.07, 0.04]), sigma, -4.0)
    Traceback (most recent call last):
    ...
    ValueError: risk aversion is -4: give a number above 0
    """
    least = closed_form_minimum_variance(sigma)
    return np.asarray(least + _inverse_times(sigma, mu - mu @ least) / risk_aversion)


@door(risk_aversion=POSITIVE)
def closed_form_risky_shares(mu: Array, sigma: Array, rf: float, risk_aversion: float) -> Array:
    """Shares of wealth in the risky assets, the rest in cash: ``sigma^-1 (mu - rf) / A`` (Merton
    1969).

    Parameters
    ----------
    mu, sigma : array (n,) and (n, n)
        Of the risky assets, annual decimals; sigma has an inverse.
    rf : float
        What cash earns, annual decimal.
    risk_aversion : float
        The A of the utility.

    Returns
    -------
    array (n,)

    Raises
    ------
    AssumptionsError
        Where sigma has no inverse.

    Examples
    --------
    The determinant is 0.0007: shares of 8/7 and 3/7 over A, whatever they sum to.

    >>> sigma = np.array([[0.04, 0.01], [0.01, 0.02]])
    >>> shares = closed_form_risky_shares(np.array([0.07, 0.04]), sigma, 0.02, 4.0)
    >>> (28 * shares).round(9).tolist()
    [8.0, 3.0]
    >>> closed_form_risky_shares(np.array([0.07, 0.04]), sigma, 0.02, 0.0)
    Traceback (most recent call last):
    ...
    ValueError: risk aversion is 0: give a number above 0
    """
    return np.asarray(_inverse_times(sigma, mu - rf) / risk_aversion)


# ---- naive rules, and the search that this methodology does not use ------------------------------


def equal_weights(assumptions: Assumptions) -> Allocation:
    """One n-th in each asset (the 1/N rule of DeMiguel, Garlappi and Uppal 2009).

    Examples
    --------
    >>> a = Assumptions(("a", "b", "c"), [0.05, 0.04, 0.03], np.diag([0.04, 0.01, 0.09]))
    >>> (3 * equal_weights(a).w).round(9).tolist(), round(9 * equal_weights(a).risk ** 2, 9)
    ([1.0, 1.0, 1.0], 0.14)

    It goes on in ``mean_variance.md``.
    """
    w = np.full(len(assumptions), 1 / len(assumptions))
    return allocation(assumptions, None, w, "equal weights", "rule", "1/n", time.perf_counter(), {})


@door()
def age_in_bonds(
    assumptions: Assumptions, age: float, *, bonds: Sequence[str], stocks: Sequence[str]
) -> Allocation:
    """The age in percent in bonds and the rest in stocks, each split equally among the labels
    given.

    Parameters
    ----------
    assumptions : Assumptions
        Annual decimals; they say what to expect, and decide nothing.
    age : float
        Years, 0 to 100.
    bonds, stocks : sequence of str
        Labels, none in both.

    Returns
    -------
    Allocation

    Raises
    ------
    ValueError
        For an age out of range, and labels that are unknown, missing, in both or given twice.

    Examples
    --------
    >>> a = Assumptions(("core", "stocks", "long"), [0.03, 0.07, 0.04], np.diag([0.01, 0.04, 0.02]))
    >>> age_in_bonds(a, 45, bonds=["core", "long"], stocks=["stocks"]).w.round(9).tolist()
    [0.225, 0.55, 0.225]
    >>> [age_in_bonds(a, age, bonds=["core"], stocks=["stocks"]).w[1].item() for age in (0, 100)]
    [1.0, 0.0]
    >>> age_in_bonds(a, 101, bonds=["core"], stocks=["stocks"])
    Traceback (most recent call last):
    ...
    ValueError: age must be between 0 and 100, got 101
    >>> age_in_bonds(a, 45, bonds=["core"], stocks=["stocks", "core"])
    Traceback (most recent call last):
    ...
    ValueError: bonds and stocks must be two disjoint lists of assets; not among the assets: []
    >>> age_in_bonds(a, 45, bonds=["core", "core"], stocks=["stocks"])
    Traceback (most recent call last):
    ...
    ValueError: bonds and stocks must be two disjoint lists of assets; not among the assets: []
    >>> age_in_bonds(a, 45, bonds=["core"], stocks=["stk", "stocks"])
    Traceback (most recent call last):
    ...
    ValueError: bonds and stocks must be two disjoint lists of assets; not among the assets: ['stk']

    It goes on in ``mean_variance.md``.
    """
    if not 0 <= age <= 100:
        raise ValueError(f"age must be between 0 and 100, got {age}")
    unknown = sorted({*bonds, *stocks} - set(assumptions.labels))
    named = [*bonds, *stocks]
    if unknown or not bonds or not stocks or len(set(named)) < len(named):
        raise ValueError(
            f"bonds and stocks must be two disjoint lists of assets; not among the assets: "
            f"{unknown}"
        )
    share = dict.fromkeys(bonds, age / 100 / len(bonds)) | dict.fromkeys(
        stocks, (1 - age / 100) / len(stocks)
    )
    w = np.array([share.get(label, 0.0) for label in assumptions.labels])
    return allocation(
        assumptions, None, w, f"age in bonds ({age:g})", "rule", "age", time.perf_counter(), {}
    )


@door(risk_aversion=NOT_NEGATIVE, particles=COUNT, iterations=COUNT)
def particle_swarm(
    assumptions: Assumptions,
    *,
    rng: np.random.Generator,
    risk_aversion: float | None = None,
    particles: int = 40,
    iterations: int = 200,
) -> Allocation:
    """A long-only search as planning apps use it, here only to be measured against.

    Positions become weights by clipping at zero and dividing by their sum. Inertia 0.729 and pulls
    of 1.494 are those of Clerc and Kennedy (2002).

    Parameters
    ----------
    assumptions : Assumptions
        Annual decimals.
    rng : numpy.random.Generator
        Where positions and pulls come from.
    risk_aversion : float, optional
        A of the utility that is maximised; the Sharpe ratio is where not given.
    particles, iterations : int
        How many search, and how long.

    Returns
    -------
    Allocation

    Examples
    --------
    It comes near the exact answer, which it cannot pass.

    >>> a = Assumptions(("a", "b", "c"), [0.06, 0.10, 0.04], np.diag([0.01, 0.04, 0.09]), rf=0.02)
    >>> found = particle_swarm(a, rng=np.random.default_rng(1), risk_aversion=5.0)
    >>> exact = a.utility_of(maximum_utility(a, risk_aversion=5.0).w, 5.0)
    >>> -1e-12 < exact - a.utility_of(found.w, 5.0) < 1e-5
    True
    >>> best = particle_swarm(a, rng=np.random.default_rng(1))
    >>> -1e-12 < maximum_sharpe(a).sharpe - best.sharpe < 1e-5
    True
    >>> bool(best.w.min() >= 0), round(float(best.w.sum()), 9)
    (True, 1.0)

    It goes on in ``mean_variance.md``.
    """
    start = time.perf_counter()
    n = len(assumptions)

    def score(w: Array) -> Array:
        mean = w @ assumptions.mu
        variance = np.einsum("pi,pi->p", w @ assumptions.sigma, w)
        if risk_aversion is None:
            return np.asarray((mean - assumptions.rf) / np.sqrt(variance))
        return np.asarray(mean - risk_aversion / 2 * variance)

    w = rng.dirichlet(np.ones(n), particles)
    velocity = np.zeros_like(w)
    best = w.copy()
    record = score(w)
    for _ in range(iterations):
        own, social = rng.random((2, particles, n))
        velocity = 0.729 * velocity + 1.494 * (
            own * (best - w) + social * (best[record.argmax()] - w)
        )
        w = np.clip(w + velocity, 0.0, None)
        total = w.sum(axis=1, keepdims=True)
        w = np.divide(w, total, out=best.copy(), where=total > 0)
        now = score(w)
        better = now > record
        best[better], record[better] = w[better], now[better]
    what = (
        "maximum Sharpe ratio"
        if risk_aversion is None
        else f"maximum utility (A = {risk_aversion:g})"
    )
    return allocation(
        assumptions, None, best[record.argmax()], what, "rule", "particle swarm", start, {}
    )


# ---- one portfolio -------------------------------------------------------------------------------


def minimum_risk(assumptions: Assumptions, mandate: Mandate | None = None) -> Allocation:
    """The least risky portfolio that the mandate allows.

    Parameters
    ----------
    assumptions : Assumptions
        Annual decimals.
    mandate : Mandate, optional
        Fully invested and long only where not given.

    Returns
    -------
    Allocation

    Raises
    ------
    Infeasible
        Naming the rules that conflict.
    NotSolved
        For a soft rule, whose penalty is in return.

    Examples
    --------
    >>> a = Assumptions(("a", "b", "c"), [0.05, 0.04, 0.03], np.diag([0.04, 0.01, 0.09]))
    >>> (49 * minimum_risk(a).w).round(9).tolist()  # 1/0.04 to 1/0.01 to 1/0.09
    [9.0, 36.0, 4.0]

    It goes on in ``mean_variance.md``.
    """
    return _single(assumptions, default_mandate(assumptions, mandate), 0.0, "minimum risk")


@door()
def maximum_utility(
    assumptions: Assumptions, mandate: Mandate | None = None, *, risk_aversion: float
) -> Allocation:
    """The maximum of ``mu'w - (A/2) w'sigma w``, less the penalties of soft rules.

    At ``A = 0`` the highest return, and under limits and bounds the least risky of the portfolios
    that share it.

    Parameters
    ----------
    assumptions : Assumptions
        Annual decimals.
    mandate : Mandate, optional
        Fully invested and long only where not given.
    risk_aversion : float
        A, zero or more.

    Returns
    -------
    Allocation

    Raises
    ------
    Infeasible
        Naming the rules that conflict.
    NotSolved
        Where a solver gives no answer.
    ValueError
        Where A is negative or infinite.

    Examples
    --------
    Inside the rules it is the closed form; at a risk aversion of 0 the highest return, and of two
    that share it the less risky mix, weights inverse to variances.

    >>> a = Assumptions(("a", "b", "c"), [0.07, 0.07, 0.03], np.diag([0.04, 0.01, 0.0025]))
    >>> found = maximum_utility(a, risk_aversion=12.0)
    >>> np.allclose(found.w, closed_form_utility(a.mu, a.sigma, 12.0)) and bool(found.w.min() > 0)
    True
    >>> maximum_utility(a, risk_aversion=0.0).w.round(9).tolist()
    [0.2, 0.8, 0.0]
    >>> maximum_utility(a, risk_aversion=-1.0)
    Traceback (most recent call last):
    ...
    ValueError: risk aversion must be zero or more and finite, got -1.0

    A soft rule costs its penalty per unit by which it is broken: as if what breaks it earned that
    much less.

    >>> from portlib.construction.mandate import fully_invested, group_limit, long_only
    >>> wish = group_limit("wish", ["a"], upper=0.05).soft(0.01)
    >>> rules = Mandate(a.labels, [fully_invested(), long_only(), wish])
    >>> soft = maximum_utility(a, rules, risk_aversion=4.0)
    >>> less = maximum_utility(a.replace(mu=a.mu - [0.01, 0, 0], source="less"), risk_aversion=4.0)
    >>> np.allclose(soft.w, less.w, atol=1e-6), bool(less.w[0] > 0.05)
    (True, True)

    It goes on in ``mean_variance.md``.
    """
    trade_off = _trade_off(risk_aversion)
    mandate = default_mandate(assumptions, mandate)
    if trade_off == np.inf and mandate.is_linear:
        return frontier(assumptions, mandate).maximum_utility(0.0)
    if _only_capped(mandate):
        try:
            return frontier(assumptions, mandate).maximum_utility(risk_aversion)
        except NotSolved:  # no active set could be certified: a cone programme asks for none
            pass
    return _single(assumptions, mandate, trade_off, f"maximum utility (A = {risk_aversion:g})")


@door()
def target_return(
    assumptions: Assumptions, mandate: Mandate | None = None, *, r: float
) -> Allocation:
    """The least risky portfolio that is expected to earn at least `r`.

    Parameters
    ----------
    assumptions : Assumptions
        Annual decimals.
    mandate : Mandate, optional
        Fully invested and long only where not given.
    r : float
        Annual decimal.

    Returns
    -------
    Allocation

    Raises
    ------
    Infeasible, NotSolved
        As `minimum_risk`.

    Examples
    --------
    Two assets of 4% and 8%: a return of 5% takes a quarter of the second; one below that of the
    least risk, 4.8%, is had with it.

    >>> a = Assumptions(("a", "b"), [0.04, 0.08], [[0.01, 0.0], [0.0, 0.04]])
    >>> found = target_return(a, r=0.05)
    >>> found.w.round(9).tolist(), target_return(a, r=0.03).w.round(9).tolist()
    ([0.75, 0.25], [0.8, 0.2])

    Its price: ``d risk / d r`` by hand, ``(0.04 * 0.25 - 0.01 * 0.75) / risk / 0.04``.

    >>> risk = (0.75**2 * 0.01 + 0.25**2 * 0.04) ** 0.5
    >>> bool(np.isclose(found.shadow_prices["target return"], 0.0025 / risk / 0.04))
    True
    >>> target_return(a, r=0.09)  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    portlib...Infeasible: no portfolio obeys 'fully invested', ...

    It goes on in ``mean_variance.md``.
    """
    mandate = default_mandate(assumptions, mandate)
    return _single(
        assumptions,
        mandate,
        0.0,
        f"least risk for a return of {r:.2%}",
        _return_floor(assumptions, r),
    )


def maximum_sharpe(assumptions: Assumptions, mandate: Mandate | None = None) -> Allocation:
    """The greatest Sharpe ratio, under limits, bounds and distances.

    It is the best portfolio at a trade-off of its own ``variance / excess return`` (Dinkelbach
    1967): the zero of a function made of straight lines. Where that zero is not found between two
    signs, the frontier is traced. With distances it is a cone programme in
    ``x = w / excess return`` (Charnes and Cooper 1962).

    Parameters
    ----------
    assumptions : Assumptions
        Annual decimals.
    mandate : Mandate, optional
        Fully invested and long only where not given.

    Returns
    -------
    Allocation

    Raises
    ------
    AssumptionsError
        Where no portfolio is expected to earn more than rf, or a riskless one is.
    Infeasible, NotSolved
        As `frontier`; NotSolved for a soft rule, whose penalty is in return.

    Examples
    --------
    In proportion to ``(mu - rf) / variance`` where assets are uncorrelated.

    >>> import numpy as np
    >>> two = Assumptions(["a", "b"], [0.06, 0.10], np.diag([0.01, 0.04]), 0.02)
    >>> maximum_sharpe(two).w.round(4).tolist()
    [0.6667, 0.3333]

    It goes on in ``mean_variance.md``.
    """
    from scipy.optimize import brentq

    start = time.perf_counter()
    mandate = default_mandate(assumptions, mandate)
    if _only_capped(mandate):
        return frontier(assumptions, mandate).maximum_sharpe()
    if not mandate.is_linear:
        return _conic_sharpe(assumptions, mandate)
    w = np.zeros(0)
    state = None
    sigma = assumptions.sigma
    mu = assumptions.mu
    p = mandate.program

    def gap(trade_off: float) -> float:
        nonlocal w, state
        found = engines.exchange(sigma, trade_off * mu, p, state)
        w, state = (
            (found.w, (found.at, found.on))
            if found
            else (solve(assumptions, mandate, trade_off)[0], None)
        )
        return float(
            trade_off * (assumptions.mean_of(w) - assumptions.rf) - assumptions.risk_of(w) ** 2
        )

    if (least := -gap(0.0)) > ROUNDING * np.abs(sigma).max():
        excess = assumptions.mean_of(w) - assumptions.rf
        steps = (least / excess if excess > 0 else np.trace(sigma) / len(mu)) * 2.0 ** np.arange(24)
        if high := next((x for x in steps if gap(x) > 0), None):
            found = _single(
                assumptions, mandate, brentq(gap, 0.0, high, xtol=1e-300), "maximum Sharpe ratio"
            )
            prices = {name: value / found.risk for name, value in found.shadow_prices.items()}
            return replace(found, shadow_prices=prices, seconds=time.perf_counter() - start)
    return frontier(assumptions, mandate).maximum_sharpe()


def _only_capped(mandate: Mandate) -> bool:
    """Whether limits on volatility are all that keeps the frontier from straight lines: then it is
    traced."""
    bent = [c for c in mandate.constraints if not c.LINEAR or c.penalty is not None]
    return bool(bent) and all(c.volatility_cap is not None and c.penalty is None for c in bent)


def _conic_sharpe(assumptions: Assumptions, mandate: Mandate) -> Allocation:
    """``min risk(x)^2`` with ``mu'x - rf k = c``, rules for the weights ``x / k``: k is c over the
    excess return."""
    import cvxpy as cp

    soft = [c.name for c in mandate.constraints if c.penalty is not None]
    if soft:
        raise NotSolved(
            f"{soft[0]!r} is soft: its penalty is in return, which a ratio does not weigh; use "
            f"maximum_utility, or "
            "make it hard"
        )
    start = time.perf_counter()
    risk = Risk.of(assumptions)
    x = cp.Variable(len(assumptions))
    k = cp.Variable(nonneg=True)
    rules = [
        (c.name, part)
        for c in mandate.constraints
        for part in c.stated(x, k, None, risk, mandate.labels)
    ]
    # c is the largest excess return and the unit the largest variance, so that x and the loss are
    # about one
    c = float(assumptions.mu.max()) - assumptions.rf
    c = c if c > TIE else 1.0
    unit = float(np.abs(assumptions.sigma).max()) or 1.0
    earned = assumptions.mu @ x - assumptions.rf * k == c
    loss = cp.sum_squares(risk.root @ x) / unit
    problem = cp.Problem(cp.Minimize(loss), [earned, *(part for _, part in rules)])
    engine = _by_clarabel(problem, begin=1)
    if problem.status == cp.INFEASIBLE:
        if conflict := diagnose(mandate, assumptions):
            raise conflict
        raise AssumptionsError(
            f"no portfolio of this mandate is expected to earn more than rf = {assumptions.rf:g}"
        )
    share = float(np.asarray(k.value)) if problem.status == cp.OPTIMAL else 0.0
    if not share > TIE:
        raise refusal(assumptions, mandate, f"{engine} ({problem.status})")
    w = np.clip(np.asarray(x.value) / share, mandate.program.lower, mandate.program.upper)
    prices = dict.fromkeys((c.name for c in mandate.constraints), 0.0)
    variance = unit * float(problem.value)
    steep = c * unit / (2 * variance**1.5) if variance > 0 else 0.0
    for name, part in rules:
        prices[name] += steep * share * float(np.abs(part.dual_value).sum())
    return allocation(
        assumptions, mandate, w, "maximum Sharpe ratio", "optimal", engine, start, prices
    )


@door()
def efficient_portfolios(
    assumptions: Assumptions, mandate: Mandate | None = None, *, points: int = 20
) -> list[Allocation]:
    """The least risk for each of `points` returns, equally spaced from the least risk's to the
    highest.

    For mandates whose frontier is not made of straight lines: tracking error, turnover and other
    distances. Each is solved by itself.

    Parameters
    ----------
    assumptions : Assumptions
        Annual decimals.
    mandate : Mandate, optional
        Fully invested and long only where not given.
    points : int
        At least two.

    Returns
    -------
    list of Allocation

    Raises
    ------
    Infeasible, NotSolved
        As `minimum_risk`.
    ValueError
        For fewer than two points.

    Examples
    --------
    From the least risk, which earns 4.8%, to 8%: returns equally apart, each with the least risk.

    >>> a = Assumptions(("a", "b"), [0.04, 0.08], [[0.01, 0.0], [0.0, 0.04]])
    >>> found = efficient_portfolios(a, points=5)
    >>> [round(one.mean, 9) for one in found]
    [0.048, 0.056, 0.064, 0.072, 0.08]
    >>> [round(float(one.w[1]), 9) for one in found]  # (mean - 0.04) / 0.04
    [0.2, 0.4, 0.6, 0.8, 1.0]
    >>> efficient_portfolios(a, points=1)
    Traceback (most recent call last):
    ...
    ValueError: a frontier needs two points or more, not 1

    It goes on in ``mean_variance.md``.
    """
    if points < 2:
        raise ValueError(f"a frontier needs two points or more, not {points}")
    least = minimum_risk(assumptions, mandate)
    highest = maximum_utility(assumptions, mandate, risk_aversion=0.0)
    goals = np.linspace(least.mean, max(highest.mean, least.mean), points)[1:-1].tolist()
    between = [target_return(assumptions, mandate, r=r) for r in goals]
    return [least, *between, highest]


def _return_floor(assumptions: Assumptions, r: float) -> Limit:
    means = dict(zip(assumptions.labels, assumptions.mu.tolist(), strict=True))
    return Limit("target return", means, lower=r, unit="expected return")


def _trade_off(risk_aversion: float) -> float:
    if not 0 <= risk_aversion < np.inf:
        raise ValueError(f"risk aversion must be zero or more and finite, got {risk_aversion}")
    return 1 / risk_aversion if risk_aversion > 0 else np.inf


def _single(
    a: Assumptions, mandate: Mandate, trade_off: float, objective: str, *goal: Limit
) -> Allocation:
    start = time.perf_counter()
    w, multipliers, engine = solve(a, mandate.also(*goal) if goal else mandate, trade_off)
    risk = a.risk_of(w)
    unit = 1.0
    if trade_off == 0:
        unit = 1 / risk if risk > 0 else 0.0
    elif trade_off < np.inf:
        unit = 1 / trade_off
    prices = {name: float(unit * value) for name, value in multipliers.items()}
    return allocation(a, mandate, w, objective, "optimal", engine, start, prices)


# ---- every portfolio: the exact frontier ---------------------------------------------------------


#: The schema of a `Frontier` in JSON.
FRONTIER = "prudent-by-construction/frontier/1"


@dataclass(frozen=True, eq=False)
class Frontier:
    """Every efficient portfolio under limits and bounds: straight lines in weights between the
    corners.

    Parameters
    ----------
    assumptions, rules : Assumptions, Mandate
        What it was traced for.
    corners : array (k, n)
        Weights where an asset or a rule begins or ceases to bind, from the highest return to the
        least risk.
    trade_offs : array (k,)
        ``lambda = 1/A`` at each corner, falling to zero.
    multipliers : array (k + 1, m)
        Of the mandate's m rows at each corner; last, their slopes in lambda above the first corner.
    seconds, engine : float, str
        Time of the trace; library and version, and what was done to a singular sigma.
    cap : str
        The rule on volatility that ends it at the first corner, if one does.

    Examples
    --------
    Two assets without correlation: from all of the second down to weights inverse to variances.
    Between them the best second weight is ``0.2 + (0.08 - 0.04) / (A 0.05)``.

    >>> a = Assumptions(("a", "b"), [0.04, 0.08], [[0.01, 0.0], [0.0, 0.04]], rf=0.02)
    >>> whole = frontier(a)
    >>> whole.corners.round(9).tolist(), whole.trade_offs.round(9).tolist()  # 0.8 * 0.05 / 0.04
    ([[0.0, 1.0], [0.8, 0.2]], [1.0, 0.0])
    >>> whole.means.round(9).tolist(), (whole.risks**2).round(9).tolist()
    ([0.08, 0.048], [0.04, 0.008])
    >>> [round(float(whole.maximum_utility(A).w[1]), 9) for A in (0.0, 0.5, 1.0, 2.0, 4.0)]
    [1.0, 1.0, 1.0, 0.6, 0.4]
    >>> [round(float(whole.target_return(r).w[1]), 9) for r in (0.03, 0.05, 0.08)]
    [0.2, 0.25, 1.0]
    >>> # 0.01 * 0.6**2 + 0.04 * 0.4**2 is 0.1**2
    >>> [round(float(whole.target_risk(s).w[1]), 9) for s in (0.1, 0.3)]
    [0.4, 1.0]
    >>> whole.maximum_sharpe().w.round(9).tolist()  # 0.02 / 0.01 to 0.06 / 0.04
    [0.571428571, 0.428571429]
    >>> whole.curve(3)["mean"].round(9).tolist(), (whole.curve(3)["risk"] ** 2).round(9).tolist()
    ([0.08, 0.064, 0.048], [0.04, 0.016, 0.008])
    >>> whole.target_return(0.081)  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    portlib...Infeasible: no portfolio obeys 'fully invested', ...
    >>> whole.target_risk(0.08)  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    portlib...Infeasible: no portfolio obeys 'fully invested', ...

    It goes on in ``mean_variance.md``.
    """

    assumptions: Assumptions
    rules: Mandate
    corners: Array
    trade_offs: Array
    multipliers: Array
    seconds: float
    engine: str
    cap: str = ""
    means: Array = field(init=False)
    risks: Array = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "means", self.corners @ self.assumptions.mu)
        object.__setattr__(self, "risks", self._risks(self.corners))

    def to_json(self) -> dict[str, Any]:
        """The frontier as strict JSON can hold it (schema ``frontier``): corners from the highest
        return to the least risk; `from_json` takes it back."""
        return {
            "schema": FRONTIER,
            "assumptions": self.assumptions.to_json(),
            "rules": self.rules.to_json(),
            "corners": self.corners.tolist(),
            "trade_offs": self.trade_offs.tolist(),
            "multipliers": self.multipliers.tolist(),
            "means": self.means.tolist(),
            "risks": self.risks.tolist(),
            "seconds": self.seconds,
            "engine": self.engine,
            "cap": self.cap,
        }

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> Frontier:
        """The frontier that `to_json` wrote; ValueError for another schema.

        Examples
        --------
        >>> a = Assumptions(("a", "b"), [0.04, 0.08], [[0.01, 0.0], [0.0, 0.04]])
        >>> whole = frontier(a)
        >>> again = Frontier.from_json(whole.to_json())
        >>> bool((again.maximum_utility(4.0).w == whole.maximum_utility(4.0).w).all())
        True
        """
        if content.get("schema") != FRONTIER:
            raise ValueError(f"schema is {content.get('schema')!r}; this version reads {FRONTIER}")
        among("part of a frontier", [part.name for part in fields(cls) if part.init], content)
        return cls(
            Assumptions.from_json(content["assumptions"]),
            Mandate.from_json(content["rules"]),
            np.array(content["corners"], float),
            np.array(content["trade_offs"], float),
            np.array(content["multipliers"], float),
            content["seconds"],
            content["engine"],
            content["cap"],
        )

    def minimum_risk(self) -> Allocation:
        """The least risk."""
        return self._read(len(self.corners) - 1, 0.0, 0.0, "minimum risk", "risk")

    def maximum_return(self) -> Allocation:
        """The highest expected return; where several portfolios share it, the least risky of
        them."""
        return self._read(0, 0.0, np.inf, "maximum return", "return")

    def maximum_utility(self, risk_aversion: float) -> Allocation:
        """The maximum of ``mu'w - (A/2) w'sigma w``, for any A from 0 (the highest return) up."""
        trade_off = _trade_off(risk_aversion)
        what = f"maximum utility (A = {risk_aversion:g})"
        i = 0
        t = 0.0
        if trade_off < self.trade_offs[0]:
            i = int(np.searchsorted(-self.trade_offs, -trade_off, side="right")) - 1
            t = (self.trade_offs[i] - trade_off) / (self.trade_offs[i] - self.trade_offs[i + 1])
        return self._read(i, t, trade_off, what, "return")

    def maximum_sharpe(self) -> Allocation:
        """The greatest ``(mu'w - rf) / risk``; where a segment shares it (a riskless asset at rf),
        its highest return.

        AssumptionsError where no portfolio is expected to earn more than rf, or a riskless one is.
        """
        rf = self.assumptions.rf
        what = "maximum Sharpe ratio"
        excess = self.means - rf
        variance = self.risks**2
        if not excess[0] > 0:
            raise AssumptionsError(
                f"no portfolio of this mandate is expected to earn more than rf = {rf:g}"
            )
        if variance[-1] <= ROUNDING * np.abs(self.assumptions.sigma).max() and excess[-1] > TIE:
            raise AssumptionsError(
                f"a riskless portfolio earns {self.means[-1]:.4%}, more than rf = {rf:g}: "
                "the Sharpe ratio has no maximum; use the riskless return as rf"
            )
        # The ratio's slope in lambda has the sign of variance - lambda * excess, which changes once
        # along the frontier.
        i = int(np.flatnonzero(self.trade_offs * excess <= variance * (1 + ROUNDING))[0]) - 1
        if i < 0:
            return self._read(0, 0.0, variance[0] / excess[0], what, "sharpe")
        a, b, c = self._variance(i)
        step = self.means[i + 1] - self.means[i]
        if abs(step) > TIE * excess[i]:
            t = (step * a - excess[i] * b) / (excess[i] * c - step * b)
        else:  # one portfolio, two corners: the trade-off alone moves
            t = (self.trade_offs[i] - a / excess[i]) / (self.trade_offs[i] - self.trade_offs[i + 1])
        return self._read(i, t, None, what, "sharpe")

    def target_return(self, r: float) -> Allocation:
        """The least risk whose expected return is at least `r`; Infeasible where none earns it."""
        r = number("the return asked for", r)
        what = f"least risk for a return of {r:.2%}"
        if r > self.means[0] + TIE:
            asked = self.rules.also(_return_floor(self.assumptions, r))
            raise refusal(
                self.assumptions, asked, f"the highest return is {self.means[0]:.4%}, below {r:.4%}"
            )
        if r <= self.means[-1]:
            return self._read(len(self.corners) - 1, 0.0, 0.0, what, "risk", "target return")
        i = int(np.flatnonzero(self.means[1:] < r)[0])
        t = (self.means[i] - r) / (self.means[i] - self.means[i + 1])
        return self._read(i, t, None, what, "risk", "target return")

    def target_risk(self, s: float) -> Allocation:
        """The highest expected return whose volatility is at most `s`; Infeasible where none is so
        safe."""
        s = number("the risk asked for", s)
        what = f"highest return for a risk of {s:.2%}"
        variance = self.risks**2
        rounding = ROUNDING * np.abs(self.assumptions.sigma).max()
        if s < 0 or s * s < variance[-1] - rounding:
            asked = self.rules.also(
                TrackingError("target risk", dict.fromkeys(self.assumptions.labels, 0.0), s)
            )
            raise refusal(
                self.assumptions, asked, f"the least risk is {self.risks[-1]:.4%}, above {s:.4%}"
            )
        if s * s >= variance[0] - rounding:
            return self._read(0, 0.0, np.inf, what, "return", "target risk")
        i = int(np.flatnonzero(variance[1:] <= s * s + rounding)[0])
        a, b, c = self._variance(i)
        t = (a - s * s) / (np.sqrt(max(b * b - c * (a - s * s), 0.0)) - b)
        return self._read(i, t, None, what, "return", "target risk")

    def curve(self, points: int = 200) -> pd.DataFrame:
        """Risk and mean (annual decimals) of `points` efficient portfolios, equally spaced in
        return."""
        at = np.interp(
            np.linspace(-self.means[0], -self.means[-1], points),
            -self.means,
            np.arange(len(self.means)),
        )
        low = at.astype(int)
        t = (at - low)[:, None]
        high = np.minimum(low + 1, len(self.means) - 1)
        w = (1 - t) * self.corners[low] + t * self.corners[high]
        return pd.DataFrame({"risk": self._risks(w), "mean": w @ self.assumptions.mu})

    def _risks(self, w: Array) -> Array:
        return np.asarray(
            np.sqrt(np.maximum(np.einsum("ki,ki->k", w @ self.assumptions.sigma, w), 0.0))
        )

    def _variance(self, i: int) -> tuple[float, float, float]:
        """On segment i the variance is ``a + 2 b t + c t^2`` for t from 0 to 1."""
        first = self.corners[i]
        step = self.corners[i + 1] - self.corners[i]
        slope = self.assumptions.sigma @ step
        return float(self.risks[i] ** 2), float(first @ slope), float(step @ slope)

    def _read(
        self, i: int, t: float, trade_off: float | None, objective: str, unit: str, goal: str = ""
    ) -> Allocation:
        """The portfolio at `t` on segment i and its shadow prices, per unit of risk, return or
        Sharpe ratio."""
        start = time.perf_counter()
        j = min(i + 1, len(self.corners) - 1)
        t = min(max(t, 0.0), 1.0)
        w, y = ((1 - t) * x[i] + t * x[j] for x in (self.corners, self.multipliers))
        if trade_off is None:
            trade_off = (1 - t) * float(self.trade_offs[i]) + t * float(self.trade_offs[j])
        risk = self.assumptions.risk_of(w)
        p = self.rules.program
        slope = self.assumptions.sigma @ w
        steepest = float(self.trade_offs[0])
        capped = bool(self.cap) and trade_off > steepest
        grow = 1.0
        if trade_off == np.inf:
            y = self.multipliers[-1]
            gradient = -self.assumptions.mu
            scale = 1.0
            grow = 1 / steepest if capped else 0.0
            gradient = gradient + grow * slope
        else:
            y = y + max(trade_off - steepest, 0.0) * self.multipliers[-1]
            grow = trade_off / steepest if capped else 1.0
            gradient = grow * slope - trade_off * self.assumptions.mu
            above = {
                "risk": risk**2,
                "return": 1.0,
                "sharpe": self.assumptions.mean_of(w) - self.assumptions.rf,
            }[unit]
            below = {"risk": risk**3, "return": trade_off, "sharpe": risk**3}[unit]
            scale = above / below if below > 0 else 0.0
        z = gradient - y @ p.rows
        bound = ((w <= p.lower + TIE) & (z > 0)) | ((w >= p.upper - TIE) & (z < 0))
        prices = {
            name: float(scale * value)
            for name, value in by_name(p, y, np.where(bound, z, 0.0)).items()
        }
        prices.update({c.name: 0.0 for c in self.rules.constraints if not c.LINEAR})
        if self.cap:
            beyond = grow if trade_off == np.inf else grow - 1.0
            prices[self.cap] = float(scale * risk * beyond) if capped else 0.0
        if goal:
            prices[goal] = (
                0.0
                if trade_off == np.inf
                else float(scale * (trade_off if unit == "risk" else risk))
            )
        status: Status = "read off the exact frontier"
        return allocation(
            self.assumptions, self.rules, w, objective, status, self.engine, start, prices
        )


def frontier(assumptions: Assumptions, mandate: Mandate | None = None) -> Frontier:
    """Trace every efficient portfolio under limits and bounds, exactly and once: the critical line
    (Markowitz 1956).

    A limit on volatility ends it: the efficient portfolio at the limit is the best for every bolder
    trade-off.

    Parameters
    ----------
    assumptions : Assumptions
        Annual decimals.
    mandate : Mandate, optional
        Fully invested and long only where not given.

    Returns
    -------
    Frontier

    Raises
    ------
    Infeasible
        Naming the rules that conflict.
    NotSolved
        For other distances and soft rules, whose frontier is not made of straight lines
        (`efficient_portfolios` gives points of it), for positions without limit, and where a sigma
        estimated from fewer months than assets leaves stretches without risk on which no active set
        can be certified (shrink such a sigma first).

    Examples
    --------
    A limit on volatility of 10% ends it where the second weight is 0.4; bolder investors stop
    there, and pay the cap's price: what a little more of it earns after the risk it adds.

    >>> from portlib.construction.mandate import fully_invested, long_only, volatility_limit
    >>> a = Assumptions(("a", "b"), [0.04, 0.08], [[0.01, 0.0], [0.0, 0.04]])
    >>> calm = Mandate(a.labels, [fully_invested(), long_only(), volatility_limit(a.labels, 0.1)])
    >>> short = frontier(a, calm)
    >>> short.corners.round(9).tolist(), short.cap
    ([[0.6, 0.4], [0.8, 0.2]], 'volatility limit')
    >>> for A in (0.0, 2.0, 6.0):  # 0.04 / 0.01 * 0.1 more mean, and A 0.1 more risk
    ...     prices = short.maximum_utility(A).shadow_prices
    ...     print([round(prices[name], 9) for name in ("volatility limit", "fully invested")])
    [0.4, 0.016]
    [0.2, 0.016]
    [0.0, 0.0]
    >>> # money: 0.04 - 2 * 0.01 * 0.6 - 0.2 * 0.06; at 6 the cap is idle, 0.04 - 6 * 0.01 * 2/3
    >>> given = {"a loose one": 0.12, "the tight one": 0.09}
    >>> loose, tight = (volatility_limit(a.labels, s, name=name) for name, s in given.items())
    >>> two = frontier(a, calm.also(loose, tight))  # of several limits the tightest counts
    >>> two.cap, bool(np.isclose(two.risks[0], 0.09))
    ('the tight one', True)
    >>> wide = calm.relaxed({"volatility limit": 0.2})
    >>> frontier(a, wide).cap, frontier(a, wide).corners[0].tolist()
    ('', [0.0, 1.0])
    >>> frontier(a, calm.relaxed({"volatility limit": -0.02}))  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    portlib...Infeasible: no portfolio obeys 'fully invested', ...

    It goes on in ``mean_variance.md``.
    """
    start = time.perf_counter()
    mandate = default_mandate(assumptions, mandate)
    caps = {
        c.name: c.volatility_cap
        for c in mandate.constraints
        if c.penalty is None and c.volatility_cap is not None
    }
    straight = mandate.without(*caps) if caps else mandate
    corners, trade_offs, multipliers, engine = critical_line(assumptions, straight)
    whole = Frontier(assumptions, mandate, corners, trade_offs, multipliers, 0.0, engine)
    if caps:
        tightest = min(caps, key=caps.__getitem__)
        whole = _ended(whole, tightest, caps[tightest])
    return replace(whole, seconds=time.perf_counter() - start)


def _ended(whole: Frontier, name: str, limit: float) -> Frontier:
    """The frontier from the portfolio whose volatility is `limit` downwards."""
    variance = whole.risks**2
    rounding = ROUNDING * np.abs(whole.assumptions.sigma).max()
    if limit**2 < variance[-1] - rounding:
        told = f"the least risk is {whole.risks[-1]:.4%}, above {limit:.4%}"
        raise refusal(whole.assumptions, whole.rules, told)
    if limit**2 >= variance[0] - rounding:
        return whole
    i = int(np.flatnonzero(variance[1:] <= limit**2 + rounding)[0])
    a, b, c = whole._variance(i)
    t = (a - limit**2) / (np.sqrt(max(b * b - c * (a - limit**2), 0.0)) - b)
    first = [
        (1 - t) * x[i] + t * x[i + 1] for x in (whole.corners, whole.trade_offs, whole.multipliers)
    ]
    steepest = float(first[1])
    above = first[2] / steepest if steepest > 0 else 0 * first[2]
    return replace(
        whole,
        corners=np.vstack([first[0], whole.corners[i + 1 :]]),
        trade_offs=np.append(steepest, whole.trade_offs[i + 1 :]),
        multipliers=np.vstack([first[2], whole.multipliers[i + 1 : -1], above]),
        cap=name,
    )
