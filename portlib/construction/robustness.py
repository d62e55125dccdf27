"""How far do the best weights move when the inputs are wrong, and what makes them move less?

On a fixed active set the conditions of optimality are linear, so weights have derivatives, dw = H
(dmu / A - dsigma w), with H the inverse of sigma on the free weights, projected on the rules held.
What tames them, in rising order of cost:

    box          max  mu'w - delta'w - A/2 w'sigma w                  (each mean may be too high by
    its delta) ellipsoid    max  mu'w - kappa sqrt(w'omega w) - A/2 w'sigma w    (means may be wrong
    together; omega says how) resampling   the average of the best weights under many inputs that
    could as well have been measured

Of a long-only portfolio the box is `maximum_utility` with other means. All resamples go through the
critical line together: one batched linear solve moves each to its next corner. Left out: errors of
sigma in the robust programmes.
"""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from portlib.construction import engines
from portlib.construction.engines import SURE, NotSolved, allocation, default_mandate
from portlib.construction.mandate import Mandate
from portlib.construction.resampling import _positive, _side, _systems
from portlib.estimation.capital_market_assumptions import provider_dispersion
from portlib.estimation.months import consecutive, named
from portlib.ranges import door, number, numbers
from portlib.records import Allocation, Array, Assumptions


@dataclass(frozen=True, eq=False)
class Sensitivities:
    """Derivatives of the best weights while no other rule binds.

    Attributes
    ----------
    assumptions : Assumptions
        Of n assets.
    risk_aversion : float
        The A of the utility.
    w : array (n,)
        The best weights.
    H : array (n, n)
        Inverse of sigma on the free weights, projected on the rules held; zero at bound assets.

    Examples
    --------
    Two assets of variances 0.04 and 0.06, uncorrelated: ``w = 1/2 + ...`` by hand from ``A (0.04 w
    - 0.06 (1 - w)) = m_a - m_b``, so that one weight moves by ``1 / (A 0.10)`` per unit of the
    means' difference, and the other back.

    >>> a = Assumptions(("a", "b"), [0.05, 0.06], [[0.04, 0.0], [0.0, 0.06]])
    >>> found = sensitivities(a, risk_aversion=5.0)
    >>> found.w.round(9).tolist()  # (0.06 - 0.01 / 5) / 0.10
    [0.58, 0.42]
    >>> found.means.round(9).to_dict("list")
    {'a': [2.0, -2.0], 'b': [-2.0, 2.0]}

    A covariance c makes it ``w = (0.06 - c - 0.002) / (0.10 - 2 c)``, whose derivative at zero is
    ``-1 / 0.10 + 2 * 0.058 / 0.01``; a correlation is a covariance over the two volatilities.

    >>> away = np.array([[0.0, 1.0], [1.0, 0.0]])
    >>> found.covariance(away).round(9).to_dict()
    {'a': 1.6, 'b': -1.6}
    >>> bool(np.isclose(found.correlation("b", "a")["a"], 1.6 * 0.0024**0.5))
    True

    It goes on in ``robustness.md``.
    """

    assumptions: Assumptions
    risk_aversion: float
    w: Array
    H: Array

    @property
    def means(self) -> pd.DataFrame:
        """Change of each weight (rows) per unit of each expected return (columns)."""
        names = list(self.assumptions.labels)
        return pd.DataFrame(self.H / self.risk_aversion, index=names, columns=names)

    def covariance(self, change: Array) -> pd.Series:
        """Change of the weights per unit of a symmetric `change` (n, n) of sigma."""
        return pd.Series(-self.H @ change @ self.w, index=list(self.assumptions.labels))

    def correlation(self, first: str, second: str) -> pd.Series:
        """Change of the weights per unit of one correlation, volatilities unchanged."""
        labels = self.assumptions.labels
        if first == second or not {first, second} <= set(labels):
            raise ValueError(f"a correlation is of two of {', '.join(labels)}: {first}, {second}")
        i, j = (labels.index(a) for a in (first, second))
        change = np.zeros_like(self.assumptions.sigma)
        sd = self.assumptions.volatility
        change[i, j] = change[j, i] = sd[i] * sd[j]
        return self.covariance(change)


@door()
def sensitivities(
    assumptions: Assumptions, mandate: Mandate | None = None, *, risk_aversion: float
) -> Sensitivities:
    """How do the maximum-utility weights move per unit of each input?

    From the Karush-Kuhn-Tucker conditions on the active set (Best and Grauer 1991).

    Parameters
    ----------
    assumptions : Assumptions
        Annual decimals.
    mandate : Mandate, optional
        Hard limits and bounds; fully invested and long only where not given.
    risk_aversion : float
        A, positive and finite.

    Returns
    -------
    Sensitivities

    Raises
    ------
    ValueError
        At a corner, where weights have no derivative.
    NotSolved
        For rules other than hard limits and bounds.
    Infeasible
        Where no portfolio obeys the mandate.

    Examples
    --------
    A weight and its derivative against a small step: three assets, the third at its limit of zero.

    >>> sigma = [[0.04, 0.01, 0.0], [0.01, 0.09, 0.02], [0.0, 0.02, 0.0225]]
    >>> a = Assumptions(("a", "b", "c"), [0.06, 0.09, -0.08], sigma)
    >>> found = sensitivities(a, risk_aversion=4.0)
    >>> step = sensitivities(a.replace(mu=a.mu + [0, 1e-6, 0], source="b up"), risk_aversion=4.0)
    >>> np.allclose((step.w - found.w) * 1e6, found.means["b"], atol=1e-4)
    True
    >>> found.means.loc["c"].tolist(), bool(found.means.loc["a", "b"] < 0)
    ([0.0, 0.0, 0.0], True)

    Where the third is just about to be bought, or a rule is no limit, there is no derivative.

    >>> edge = Assumptions(("a", "b"), [0.05, 0.05 + 5 * 0.04], np.diag([0.04, 0.04]))
    >>> sensitivities(edge, risk_aversion=5.0)  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    ValueError: 'a' is about to reach or leave its limit at A = 5: weights have a kink there, ...
    >>> from portlib.construction.mandate import Turnover, fully_invested, long_only
    >>> rules = [fully_invested(), long_only(), Turnover("slow", {"a": 1.0}, 0.2)]
    >>> sensitivities(edge, Mandate(("a", "b"), rules), risk_aversion=5.0)  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    portlib.construction.engines.NotSolved: derivatives need hard limits and bounds alone: ...

    It goes on in ``robustness.md``.
    """
    mandate = default_mandate(assumptions, mandate)
    n = len(assumptions)
    _positive(risk_aversion)
    if not mandate.is_linear:
        raise NotSolved(
            "derivatives need hard limits and bounds alone: drop distances and soft rules"
        )
    p = mandate.program
    sigma = assumptions.sigma
    w = engines.solve(assumptions, mandate, 1 / risk_aversion)[0]
    start = _side(w, p.lower, p.upper), _side(p.rows @ w, p.rows_lower, p.rows_upper)
    found = engines.exchange(sigma, assumptions.mu / risk_aversion, p, start)
    if found is None:
        raise NotSolved(
            "no active set could be certified: drop duplicated assets, and rules that say the "
            "same twice"
        )
    w, _, z, at, on = *found[:3], *(side.astype(np.intp) for side in found[3:])
    scale = float(np.abs(sigma).max()) + float(np.abs(assumptions.mu).max()) / risk_aversion
    margin = np.where(at == 0, np.minimum(w - p.lower, p.upper - w), np.abs(z) / scale)
    for i in np.flatnonzero((margin < SURE) & (p.lower < p.upper)):
        raise ValueError(
            f"{assumptions.labels[i]!r} is about to reach or leave its limit at A = "
            f"{risk_aversion:g}: "
            "weights have a kink there, and no derivative; ask at a slightly different risk "
            "aversion"
        )
    right = np.vstack([np.diag((at == 0) * 1.0), np.zeros((len(p.rows), n))])
    return Sensitivities(
        assumptions, risk_aversion, w, np.linalg.solve(_systems(sigma, p, at, on), right)[:n]
    )


def provider_errors(assumptions: Assumptions) -> Array:
    """How wrong may the means be, by how far providers disagree? The covariance ``D rho D``.

    D are the standard deviations (ddof 1) of the providers' views, the largest for an asset on
    which fewer than three publish; rho are the correlations of returns: errors share what returns
    share.

    Parameters
    ----------
    assumptions : Assumptions
        Of n classes, by the survey's names.

    Returns
    -------
    array (n, n)
        Annual decimals squared.

    Raises
    ------
    ValueError
        Where there is no D: too few providers publish on any of the assets.

    Examples
    --------
    Each error is as large as providers' views are apart, and shared as returns are.

    >>> from portlib.estimation.capital_market_assumptions import PLAN_CLASSES, survey_assumptions
    >>> a = survey_assumptions(10).select(list(PLAN_CLASSES)[:3])
    >>> errors = provider_errors(a)
    >>> sd = provider_dispersion(a.labels)["sd"].tolist()
    >>> np.allclose(np.diag(errors), np.square(sd))
    True
    >>> rho = a.sigma[0, 2] / (a.volatility[0] * a.volatility[2])
    >>> bool(np.isclose(errors[0, 2], sd[0] * sd[2] * rho))
    True
    >>> provider_errors(Assumptions(["tulips"], [0.05], [[0.04]]))  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    ValueError: no three providers publish on any of tulips: give `errors` yourself

    On long bonds fewer than three publish: the largest of the others' stands in.

    >>> a = survey_assumptions(10).select(["us_core_bonds", "us_long_bonds", "cash"])
    >>> sd = provider_dispersion(a.labels)["sd"]
    >>> np.allclose(np.diag(provider_errors(a)), sd.fillna(sd["us_core_bonds"]) ** 2)
    True

    It goes on in ``robustness.md``.
    """
    sd = provider_dispersion(assumptions.labels)["sd"]
    if sd.isna().all():
        raise ValueError(
            f"no three providers publish on any of {', '.join(assumptions.labels)}: give `errors` "
            f"yourself"
        )
    ratio = sd.fillna(sd.max()).to_numpy(float) / np.where(
        assumptions.volatility > 0, assumptions.volatility, np.inf
    )
    return np.asarray(assumptions.sigma * np.outer(ratio, ratio))


@door()
def ellipsoidal(
    assumptions: Assumptions,
    mandate: Mandate | None = None,
    *,
    errors: Array,
    kappa: float,
    risk_aversion: float,
) -> Allocation:
    """The best portfolio when its expected return is marked down by `kappa` standard errors.

    As ``sqrt(x) = min over s of (x / s + s) / 2``, this is a quadratic programme with
    ``sigma + kappa omega / (A s)`` at the one s that is the portfolio's own standard error.

    Parameters
    ----------
    assumptions : Assumptions
        Of n assets, annual decimals.
    mandate : Mandate, optional
        Fully invested and long only where not given.
    errors : array (n, n)
        Omega, the covariance of the errors of the means, for instance `provider_errors`.
    kappa : float
        How many standard errors, zero or more.
    risk_aversion : float
        A, positive and finite.

    Returns
    -------
    Allocation
        Shadow prices are per unit of worst-case utility.

    Raises
    ------
    ValueError, Infeasible
        As `maximum_utility`.
    NotSolved
        For tracking errors.
    AssumptionsError
        For errors that are no covariance.

    References
    ----------
    Goldfarb and Iyengar (2003); Ceria and Stubbs (2006).

    Examples
    --------
    With errors in proportion to the variances the markdown is ``kappa f risk``, as if the portfolio
    that comes out had been chosen with the risk aversion ``A + kappa f / risk``.

    >>> a = Assumptions(("a", "b"), [0.04, 0.07], [[0.01, 0.0], [0.0, 0.04]])
    >>> f, kappa = 0.2, 0.5
    >>> wary = ellipsoidal(a, errors=f**2 * a.sigma, kappa=kappa, risk_aversion=4.0)
    >>> again = engines.solve(a, default_mandate(a, None), 1 / (4.0 + kappa * f / wary.risk))[0]
    >>> np.allclose(wary.w, again, atol=1e-7)
    True
    >>> plain = engines.solve(a, default_mandate(a, None), 1 / 4.0)[0]
    >>> np.allclose(ellipsoidal(a, errors=f**2 * a.sigma, kappa=0.0, risk_aversion=4.0).w, plain)
    True

    Its worst-case utility is above that of every mix in steps of 1%.

    >>> errors = np.array([[0.0004, 0.0001], [0.0001, 0.0025]])
    >>> best = ellipsoidal(a, errors=errors, kappa=1.5, risk_aversion=4.0).w
    >>> def worst_case(w):
    ...     return w @ a.mu - 1.5 * (w @ errors @ w) ** 0.5 - 2.0 * w @ a.sigma @ w
    >>> mixes = [np.array([k, 100 - k]) / 100 for k in range(101)]
    >>> bool(0 <= worst_case(best) - max(map(worst_case, mixes)) < 1e-5)
    True
    >>> ellipsoidal(a, errors=errors, kappa=-0.5, risk_aversion=4.0)
    Traceback (most recent call last):
    ...
    ValueError: kappa must be finite and zero or more, got -0.5

    >>> from portlib.construction.mandate import TrackingError, fully_invested
    >>> near = Mandate(("a", "b"), [fully_invested(), TrackingError("near", {"a": 1.0}, 0.05)])
    >>> ellipsoidal(a, near, errors=errors, kappa=1.5, risk_aversion=4.0)  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    portlib.construction.engines.NotSolved: 'near' is a tracking error, which ...

    It goes on in ``robustness.md``.
    """
    from scipy.optimize import brentq

    start = time.perf_counter()
    mandate = default_mandate(assumptions, mandate)
    omega, aversion = errors, risk_aversion
    Assumptions(
        assumptions.labels, assumptions.mu, omega, source="errors of the means"
    )  # is it a covariance?
    _positive(aversion)
    if not 0 <= kappa < np.inf:
        raise ValueError(f"kappa must be finite and zero or more, got {kappa}")
    cones = [c.name for c in mandate.constraints if c.USES_RISK]
    if cones:
        raise NotSolved(
            f"{cones[0]!r} is a tracking error, which this programme would measure by the wrong "
            f"sigma"
        )

    def best(s: float) -> tuple[Array, dict[str, float], str]:
        sigma = assumptions.sigma + kappa / (aversion * s) * omega
        return engines.solve(
            assumptions.replace(sigma=sigma, source="robust"), mandate, 1 / aversion
        )

    def gap(log_s: float) -> float:
        w = best(math.exp(log_s))[0]
        return 0.5 * math.log(max(float(w @ omega @ w), 1e-300)) - log_s

    high = math.log(max(float(np.sqrt(np.diag(omega)).max()), 1e-12)) + 5
    low = (
        high - 25
    )  # a portfolio whose error is smaller is all but certain: the root is a kink, and s stays here
    certain = kappa == 0 or not omega.any() or gap(low) <= 0
    w, prices, engine = best(
        math.exp(low if certain else brentq(gap, low, high, xtol=1e-13, rtol=1e-14))
    )
    what = f"worst-case utility (A = {aversion:g}, kappa = {kappa:g})"
    return allocation(
        assumptions,
        mandate,
        w,
        what,
        "optimal",
        engine,
        start,
        {name: aversion * price for name, price in prices.items()},
    )


@door()
def regret(
    candidates: Mapping[str, Array],
    truths: Mapping[str, Assumptions],
    mandate: Mandate | None = None,
    *,
    risk_aversion: float,
) -> pd.DataFrame:
    """Utility that candidates lose against the best portfolio of each truth, and at worst.

    Parameters
    ----------
    candidates : mapping
        Weights (n,) by name.
    truths : mapping
        Assumptions by name, over the same assets.
    mandate : Mandate, optional
        Which portfolios the best is among.
    risk_aversion : float
        A of the utility, positive and finite.

    Returns
    -------
    DataFrame
        A row a candidate, a column a truth and ``worst``, by which it is sorted; annual decimals of
        certain return.

    Raises
    ------
    ValueError
        Without candidates or truths, and for truths over different assets.

    Examples
    --------
    Where the best mix holds a share ``w`` of the first asset, another share ``x`` loses ``A/2 (0.01
    + 0.04) (x - w)**2``. The best are 65% and 75%, from ``A (0.01 w - 0.04 (1 - w))``, -0.03 and
    -0.01.

    >>> sigma = np.diag([0.01, 0.04])
    >>> truths = {
    ...     "bold": Assumptions(("a", "b"), [0.04, 0.07], sigma),
    ...     "shy": Assumptions(("a", "b"), [0.05, 0.06], sigma),
    ... }
    >>> mixes = {"all": np.array([1.0, 0.0]), "most": pd.Series({"b": 0.4, "a": 0.6})}
    >>> regret(mixes, truths, risk_aversion=4.0).round(9).to_dict("index")["most"]
    {'bold': 0.00025, 'shy': 0.00225, 'worst': 0.00225}
    >>> found = regret(mixes, truths, risk_aversion=4.0)
    >>> found["bold"].round(9).to_dict()  # the least regret at worst first; 0.1 * 0.35**2
    {'most': 0.00025, 'all': 0.01225}
    >>> from portlib.construction.mandate import Bounds, fully_invested, long_only
    >>> few = Mandate(("a", "b"), [fully_invested(), long_only(), Bounds("few", upper={"b": 0.3})])
    >>> allowed = regret(mixes, truths, few, risk_aversion=4.0)["bold"]  # 0.1 (0.35**2 - 0.05**2)
    >>> round(float(allowed["all"]), 9)
    0.012
    >>> regret({}, truths, risk_aversion=4.0)
    Traceback (most recent call last):
    ...
    ValueError: regret needs candidates and truths

    It goes on in ``robustness.md``.
    """
    _positive(risk_aversion)
    if not candidates or not truths:
        raise ValueError("regret needs candidates and truths")
    one = next(iter(truths.values()))
    held = np.array([one.aligned(w, f"the weights of {name}") for name, w in candidates.items()])
    loss = pd.DataFrame(index=list(candidates))
    for name, told in truths.items():
        if odd := sorted(set(told.labels) ^ set(one.labels)):
            raise ValueError(f"the truth {name!r} is over other assets: see {', '.join(odd)}")
        truth = told.select(one.labels)  # weights are in the order of the first
        w = np.vstack(
            [held, engines.solve(truth, default_mandate(truth, mandate), 1 / risk_aversion)[0]]
        )
        worth = w @ truth.mu - risk_aversion / 2 * np.einsum("ki,ki->k", w @ truth.sigma, w)
        loss[name] = worth[-1] - worth[:-1]
    return loss.assign(worst=loss.max(axis=1)).sort_values("worst")


@door()
def net_of_costs(earned: pd.Series, traded: pd.Series, cost: float) -> pd.Series:
    """Monthly returns after costs of trading.

    Parameters
    ----------
    earned, traded : Series
        By month end, as from `backtest`: returns before costs, and one-way turnover, which is paid
        for in the month after.
    cost : float
        Per unit bought and per unit sold, decimal.

    Returns
    -------
    Series
        As `earned`, net.

    Examples
    --------
    A quarter of the portfolio was sold and bought in January, at 0.2% each: 0.1% of February.

    >>> months = pd.date_range("2026-01-31", periods=3, freq="ME")
    >>> earned = pd.Series([0.02, 0.01, -0.03], months)
    >>> net_of_costs(earned, pd.Series([0.25], months[:1]), 0.002).round(9).tolist()
    [0.02, 0.00899, -0.03]
    >>> net_of_costs(earned, pd.Series([0.25], months[:1]), 0.2)  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    ValueError: cost is 0.2: give a number ...

    It goes on in ``robustness.md``.
    """
    number("cost", cost, least=0, below=0.2)
    consecutive(earned.index, "what was earned")
    after = np.asarray(earned.index.searchsorted(traded.index, side="right"))
    if len(last := traded.index[after == len(earned)]):
        raise ValueError(
            f"nothing was earned after the trades of {named(last[0])}, which would pay for them: "
            "leave them out"
        )
    paid = np.zeros(len(earned))
    np.add.at(paid, after, 2 * cost * numbers("what was traded", traded, least=0))
    return (1 + earned) * (1 - paid) - 1
