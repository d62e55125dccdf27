"""How far should a forecast move a portfolio?

Start from the returns at which a reference portfolio would be the best to hold,
``pi = rf + A sigma w``, unsure by ``tau sigma``. A view says that the portfolio p will earn q, give
or take a variance omega. Bayes' rule weighs the two:

    mu = pi + tau sigma P' G^-1 (q - P pi),  M = tau sigma - tau sigma P' G^-1 P tau sigma,  G = P
    tau sigma P' + Omega

``mu`` is the posterior mean, ``M`` what is still unsure about it. The form with G inverts neither
sigma nor Omega, so that riskless assets and certain views are allowed. Entropy pooling (Meucci
2008) does the same for any scenarios and any function of them. Left out: whether a view is any
good, on which see `views`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, NamedTuple, get_args

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from portlib.construction.mandate import Mandate
from portlib.construction.mean_variance import maximum_utility
from portlib.construction.views import View, ViewError
from portlib.estimation.capital_market_assumptions import equilibrium_returns
from portlib.estimation.inference import Estimate, hac_mean
from portlib.estimation.months import monthly
from portlib.policy import Policy
from portlib.ranges import SHARE, among, door, number
from portlib.records import ROUNDING, Allocation, Array, Assumptions

#: Most that one step of entropy pooling may change the log of a probability: keeps exponentials in
#: range.
STRIDE = 50.0
#: Covariance of the posterior: ``sigma + M`` (He and Litterman 1999), or ``sigma`` as it was
#: (Idzorek 2004).
Covariance = Literal["predictive", "prior"]


# ---- prior and posterior -------------------------------------------------------------------------


@door(error=ViewError)
def equilibrium(
    assumptions: Assumptions, reference: Mapping[str, float], risk_aversion: float
) -> Assumptions:
    """The assumptions with the means at which the `reference` portfolio is best: ``rf + A sigma w``
    (Sharpe 1974).

    Parameters
    ----------
    assumptions : Assumptions
        Annual decimals; their means are replaced.
    reference : mapping
        Weights by asset, summing to one; an asset that is not named has none.
    risk_aversion : float
        A, zero or more.

    Returns
    -------
    Assumptions

    Raises
    ------
    ViewError
        For a reference that holds an unknown asset.
    ValueError
        For weights that do not sum to one.

    Examples
    --------
    The reference holds 75% of the first, 25% of the third; ``pi = rf + A sigma w`` row by row.

    >>> sigma = [[0.04, 0.01, 0.0], [0.01, 0.09, 0.02], [0.0, 0.02, 0.16]]
    >>> a = Assumptions(("a", "b", "c"), [0.0, 0.0, 0.0], sigma, rf=0.02)
    >>> equilibrium(a, {"c": 0.25, "a": 0.75}, 2.0).mu.round(9).tolist()
    [0.08, 0.045, 0.1]
    >>> # 0.02 + 2 * 0.75 * 0.04; 0.02 + 2 * (0.75 * 0.01 + 0.25 * 0.02); 0.02 + 2 * 0.25 * 0.16
    >>> turned = equilibrium(a.select(["b", "c", "a"]), {"c": 0.25, "a": 0.75}, 2.5)
    >>> turned.mu.round(9).tolist(), turned.source.partition(";")[0]
    ([0.05125, 0.12, 0.095], 'equilibrium at A = 2.5')
    >>> equilibrium(a, {"c": 0.25, "a": 0.75}, 0.0).mu.tolist()
    [0.02, 0.02, 0.02]
    >>> equilibrium(a, {"c": 0.25, "a": 0.75}, -2.0)
    Traceback (most recent call last):
    ...
    ValueError: risk aversion is -2: give a number of at least 0
    >>> equilibrium(a, {"a": 0.75, "x": 0.25}, 2.0)  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    portlib...ViewError: the reference portfolio holds x, which the assumptions ...
    >>> equilibrium(a, {"a": 0.75}, 2.0)  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    ValueError: ...

    It goes on in ``black_litterman.md``.
    """
    reference = {a: number(f"the reference's weight of {a}", x) for a, x in dict(reference).items()}
    number("risk aversion", risk_aversion, least=0)
    unknown = sorted(set(reference) - set(assumptions.labels))
    if unknown:
        raise ViewError(
            f"the reference portfolio holds {', '.join(unknown)}, which the assumptions do not "
            f"cover: "
            f"{', '.join(assumptions.labels)}"
        )
    w = [reference.get(a, 0.0) for a in assumptions.labels]
    pi = equilibrium_returns(assumptions.sigma, w, risk_aversion, assumptions.rf)
    return assumptions.replace(
        mu=pi, source=f"equilibrium at A = {risk_aversion:g}; risks: {assumptions.source}"
    )


def implied_risk_aversion(excess: pd.Series) -> Estimate:
    """Which A makes the market just worth holding: mean excess return over variance (ddof 1), and
    its standard error.

    The error is the delta method's: that of the mean of ``(x - m)/v - m ((x - m)^2 - v)/v^2``, by
    `hac_mean`.

    Parameters
    ----------
    excess : Series
        Monthly returns of the market over bills, decimals.

    Returns
    -------
    Estimate

    Raises
    ------
    ValueError
        For fewer than 3 months, or months that never vary.

    Examples
    --------
    Four months that come sixty times: a mean of 0.03, and squares about it of 0.0014 a round.

    >>> excess = pd.Series([0.06, 0.02, 0.03, 0.01] * 60)
    >>> found = implied_risk_aversion(excess)
    >>> bool(np.isclose(found.value, 0.03 * 239 / (60 * 0.0014)))
    True

    Its error is that of a mean: of what each month does to the ratio, here by counting it a little
    more.

    >>> x, equal = excess.to_numpy(), np.full(240, 1 / 240)
    >>> def ratio(p):
    ...     return p @ x / (p @ (x - p @ x) ** 2 * 240 / 239)
    >>> more = [ratio(equal + 1e-6 * (one - equal)) - ratio(equal) for one in np.eye(240)]
    >>> error = hac_mean(np.array(more) * 1e6).standard_error
    >>> bool(np.isclose(found.standard_error, error, rtol=0.02))
    True
    >>> implied_risk_aversion(pd.Series([0.01, 0.01, 0.01]))
    Traceback (most recent call last):
    ...
    ValueError: 3 months that never vary have no variance to divide by

    It goes on in ``black_litterman.md``.
    """
    x = monthly(excess, "excess returns").to_numpy(dtype=float)
    if len(x) < 3 or not np.ptp(x) > 0:
        raise ValueError(f"{len(x)} months that never vary have no variance to divide by")
    m = float(x.mean())
    v = float(x.var(ddof=1))
    return Estimate(m / v, hac_mean((x - m) / v - m * ((x - m) ** 2 - v) / v**2).standard_error)


@dataclass(frozen=True, eq=False)
class Posterior:
    """What to expect after k views on n assets; annual decimals.

    Attributes
    ----------
    prior : Assumptions
        Before any view.
    views : tuple of View
        The k views.
    tau : float
        Variance of the prior's means as a share of the variance of returns.
    P, q : arrays (k, n) and (k,)
        The views' portfolios and what they are expected to earn.
    omega : array (k, k)
        Covariance of the views' errors.
    mu, M : arrays (n,) and (n, n)
        The posterior mean and its remaining uncertainty.

    Examples
    --------
    A view of 10% on an asset of which the prior says 8%, each as sure as the other: halfway, and
    the asset that goes along with it by a ninth of that. What is unsure about it is halved.

    >>> prior = Assumptions(("a", "b"), [0.05, 0.08], [[0.04, 0.01], [0.01, 0.09]], rf=0.02)
    >>> view = View("b is good", {"b": 1.0}, 0.10, "analyst", "2026-11-21")
    >>> found = posterior(prior, [view], 0.1)
    >>> found.mu.round(6).tolist(), found.M.round(8).tolist()  # 0.05 + 0.01 / 9
    ([0.051111, 0.09], [[0.00394444, 0.0005], [0.0005, 0.0045]])
    >>> # 0.1 * 0.04 - 0.001**2 / 0.018; 0.001 / 2; 0.009 / 2
    >>> found.assumptions().sigma.round(4).tolist()  # sigma + M
    [[0.0439, 0.0105], [0.0105, 0.0945]]
    >>> found.assumptions("prior").sigma.tolist() == prior.sigma.tolist()
    True
    >>> found.assumptions("neither")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    portlib...ViewError: no covariance convention 'neither'; there are predictive, prior

    It goes on in ``black_litterman.md``.
    """

    prior: Assumptions
    views: tuple[View, ...]
    tau: float
    P: Array
    q: Array
    omega: Array
    mu: Array
    M: Array

    def assumptions(self, covariance: Covariance = "predictive") -> Assumptions:
        """For an optimiser: the posterior mean, with one of the two conventions for the
        covariance."""
        self._known(covariance)
        sigma = self.prior.sigma + self.M if covariance == "predictive" else self.prior.sigma
        source = (
            f"{len(self.views)} view(s) at tau = {self.tau:g} on {self.prior.source}; "
            f"{covariance} covariance"
        )
        return self.prior.replace(mu=self.mu, sigma=sigma, source=source)

    def _known(self, covariance: str) -> None:
        among("covariance convention", [covariance], get_args(Covariance), error=ViewError)

    def compromise(self) -> pd.DataFrame:
        """View by view: what the prior says, the view, all together, and the view had it been the
        only one.

        Returns
        -------
        DataFrame
            A row a view: ``prior``, ``view``, ``posterior`` and ``alone`` are what its portfolio is
            expected to earn, annual decimals; ``share alone`` is how far the view alone would go
            from prior to view, and ``omega`` its variance.
        """
        says = self.P @ self.prior.mu
        after = self.P @ self.mu
        spread = self.tau * np.einsum("kn,nm,km->k", self.P, self.prior.sigma, self.P)
        share = spread / (spread + np.diag(self.omega))
        names = pd.Index([v.name for v in self.views], name="view")
        return pd.DataFrame(
            {
                "prior": says,
                "view": self.q,
                "posterior": after,
                "alone": says + share * (self.q - says),
                "share alone": share,
                "omega": np.diag(self.omega),
            },
            index=names,
        )

    def decomposition(
        self,
        reference: Mapping[str, float],
        risk_aversion: float,
        covariance: Covariance = "predictive",
    ) -> pd.DataFrame:
        """The best weights without rules, the rest in cash: so much of the reference, so much of
        each view's portfolio.

        They are ``(w + P'L) / g``, ``L = (Omega / tau + P sigma P' / g)^-1 (q / A - P sigma w /
        g)`` with g = 1 + tau under the predictive covariance (He and Litterman 1999, whose form
        inverts Omega), and g = 1 under the prior's.

        Parameters
        ----------
        reference : mapping
            Weights by asset: the portfolio whose equilibrium the prior is.
        risk_aversion : float
            A, of that equilibrium and of the best weights.
        covariance : {"predictive", "prior"}
            As for `assumptions`.

        Returns
        -------
        DataFrame
            One row an asset; the columns ``reference`` and one a view add up to ``(A sigma)^-1 (mu
            - rf)``.

        Raises
        ------
        ViewError
            Unless the prior is the reference's equilibrium, and for another convention.
        """
        self._known(covariance)
        rf = self.prior.rf
        sigma = self.prior.sigma
        P = self.P
        tau = self.tau
        w = np.array([reference.get(a, 0.0) for a in self.prior.labels])
        gap = float(np.abs(rf + risk_aversion * sigma @ w - self.prior.mu).max())
        if gap > 1e-9:
            raise ViewError(
                f"the prior is not this reference's equilibrium at A = {risk_aversion:g}: "
                f"{gap:.3g} off; "
                "only the portfolio that the views started from can be split from them"
            )
        # excess returns from here on
        q = self.q - rf * P.sum(axis=1)
        own = P @ sigma @ P.T
        grow = 1 + tau if covariance == "predictive" else 1.0
        amounts = np.linalg.solve(
            self.omega / tau + own / grow, q / risk_aversion - P @ sigma @ w / grow
        )
        parts = np.column_stack([w, P.T * amounts]) / grow
        return pd.DataFrame(
            parts,
            index=list(self.prior.labels),
            columns=["reference", *(v.name for v in self.views)],
        )


@door(error=ViewError)
def posterior(
    prior: Assumptions, views: Sequence[View], tau: float, *, shared: float = 0.0
) -> Posterior:
    """Weigh the prior against the views (Black and Litterman 1992).

    Parameters
    ----------
    prior : Assumptions
        Annual decimals, as from `equilibrium`.
    views : sequence of View
        With unique names.
    tau : float
        Variance of the prior's means as a share of the variance of returns: 1 / years for means
        learned from so many years.
    shared : float
        How far errors of two views go together, 0 to 1: so many times the correlation of their
        portfolios' returns. At 0 Omega is diagonal, as in the papers; at 1, with the proportional
        rule, a view on every asset moves each the same share of the way.

    Returns
    -------
    Posterior

    Raises
    ------
    ViewError
        Naming a view that is given twice, is about an unknown asset, or that nothing can weigh: a
        riskless portfolio, or certain views that contradict or repeat each other.

    Examples
    --------
    The same by inverses (Black and Litterman's own form), with errors that are shared by half of
    what the portfolios' returns are.

    >>> prior = Assumptions(("a", "b"), [0.05, 0.08], [[0.04, 0.01], [0.01, 0.09]], rf=0.02)
    >>> good = View("b is good", {"b": 1.0}, 0.10, "analyst", "2026-11-21", variance=0.001)
    >>> ahead = View("b ahead", {"b": 1.0, "a": -1.0}, 0.07, "cio", "2026-11-21", confidence=0.25)
    >>> found = posterior(prior, [ahead, good], 0.1, shared=0.5)
    >>> P = np.array([[-1.0, 1.0], [0.0, 1.0]])
    >>> alike = 0.5 * 0.08 / (0.11 * 0.09) ** 0.5 * (0.033 * 0.001) ** 0.5  # cov(b - a, b) is 0.08
    >>> omega = np.array([[0.033, alike], [alike, 0.001]])
    >>> precise = np.linalg.inv(0.1 * prior.sigma) + P.T @ np.linalg.inv(omega) @ P
    >>> says = np.linalg.inv(0.1 * prior.sigma) @ prior.mu
    >>> mean = np.linalg.solve(precise, says + P.T @ np.linalg.inv(omega) @ [0.07, 0.10])
    >>> np.allclose(found.mu, mean), np.allclose(found.M, np.linalg.inv(precise))
    (True, True)

    It goes on in ``black_litterman.md``.
    """
    if not 0 < tau < np.inf or not 0 <= shared <= 1:
        raise ViewError(
            f"tau = {tau} must be positive and finite, and shared = {shared} between 0 and 1"
        )
    labels = prior.labels
    names = [v.name for v in views]
    k = len(views)
    if len(set(names)) < k:
        twice = next(name for name in names if names.count(name) > 1)
        raise ViewError(f"two views are named {twice!r}; keep one version of each")
    for v in views:
        unknown = sorted(set(v.portfolio) - set(labels))
        if unknown:
            raise ViewError(
                f"view {v.name!r} is about {', '.join(unknown)}, not among {', '.join(labels)}"
            )
    P = np.array([[v.portfolio.get(a, 0.0) for a in labels] for v in views]).reshape(k, len(labels))
    q = np.array([v.q for v in views], dtype=float)
    across = tau * prior.sigma @ P.T
    own = P @ across
    error = np.sqrt([_variance(v, float(s)) for v, s in zip(views, np.diag(own), strict=True)])
    alike = shared * own / np.sqrt(np.outer(np.diag(own), np.diag(own)))
    np.fill_diagonal(alike, 1.0)
    omega = alike * np.outer(error, error)
    G = own + omega
    if k:
        values, vectors = np.linalg.eigh(G / np.sqrt(np.outer(np.diag(G), np.diag(G))))
        if values[0] < 1e-12:
            guilty = [name for name, x in zip(names, vectors[:, 0], strict=True) if abs(x) > 1e-6]
            raise ViewError(
                "views repeat or contradict each other, and nothing says which is right: "
                f"{', '.join(guilty)}; drop one, or give it a variance of its own"
            )
    gain = np.linalg.solve(G, across.T).T
    mu = prior.mu + gain @ (q - P @ prior.mu)
    M = tau * prior.sigma - gain @ across.T
    return Posterior(prior, tuple(views), tau, P, q, omega, mu, (M + M.T) / 2)


def _variance(view: View, own: float) -> float:
    """Omega of a view; `own` is ``tau p'sigma p``. Confidence c is ``own (1 - c) / c``: Idzorek's
    search, solved."""
    if not own > 0:
        raise ViewError(
            f"view {view.name!r} is about a riskless portfolio, of which the prior is certain; "
            f"drop it"
        )
    if view.variance is not None:
        return view.variance
    return own if view.confidence is None else own * (1 - view.confidence) / view.confidence


@door(error=ViewError)
def contradiction(
    posterior: Posterior,
    against: Assumptions | None = None,
    years: float | None = None,
    *,
    level: float,
) -> pd.DataFrame:
    """How surprising is each view, and are ``all together``, to the prior, or to a history of so
    many `years`?

    ``d^2 = v'(P S P' + Omega)^-1 v`` with ``v = q - P m``, for means m of covariance S = tau sigma,
    or sigma / years: the squared Mahalanobis distance, chi-squared with as many degrees of freedom
    as views where both sides are honest (Theil 1963).

    Parameters
    ----------
    posterior : Posterior
        The views and their prior.
    against : Assumptions, optional
        A history over the prior's assets, in the same order, instead of the prior.
    years : float, optional
        Its length; given with `against`, or not at all.
    level : float
        Below which p-value a view is flagged, between 0 and 1.

    Returns
    -------
    DataFrame
        A row a view: ``gap``, ``sd`` of the gap, ``distance``, ``p-value`` and ``flagged``.

    Raises
    ------
    ViewError
        For a level outside 0 to 1, a history without its years, or over other assets.

    Examples
    --------
    Two views on unrelated assets, each as unsure as the prior: gaps of 0.04 and -0.06, deviations
    of ``sqrt(2 * 0.002)`` and ``sqrt(2 * 0.0045)``. A chance is both tails of a normal; of the two
    together ``exp(-d**2 / 2)``.

    >>> prior = Assumptions(("a", "b"), [0.05, 0.08], [[0.04, 0.0], [0.0, 0.09]])
    >>> up = View("a up", {"a": 1.0}, 0.09, "cio", "2026-11-21")
    >>> down = View("b down", {"b": 1.0}, 0.02, "cio", "2026-11-21")
    >>> said = posterior(prior, [up, down], 0.05)
    >>> table = contradiction(said, level=0.527)
    >>> table["gap"].round(9).tolist()[:2], (table["sd"] ** 2).round(9).tolist()[:2]
    ([0.04, -0.06], [0.004, 0.009])
    >>> (table["distance"] ** 2).round(9).tolist()  # 16/40; 36/90; their sum
    [0.4, 0.4, 0.8]
    >>> from statistics import NormalDist
    >>> alone = 2 * NormalDist().cdf(-(0.4**0.5))
    >>> np.allclose(table["p-value"], [alone, alone, np.exp(-0.4)]), table["flagged"].tolist()
    (True, [False, False, False])
    >>> contradiction(said, level=0.528)["flagged"].tolist()  # the chance alone is 0.5271
    [True, True, False]

    It goes on in ``black_litterman.md``.
    """
    from scipy.special import chdtrc

    if not 0 < level < 1:
        raise ViewError(f"the level must lie between 0 and 1 (0.05 for one in twenty), not {level}")
    if (against is None) != (years is None):
        raise ViewError("a history needs its assumptions and its years, both")
    m = posterior.prior.mu
    S = posterior.tau * posterior.prior.sigma
    if against is not None and years is not None:
        if against.labels != posterior.prior.labels:
            raise ViewError("the history must be over the prior's assets, in the same order")
        m = against.mu
        S = against.sigma / number("years", years, above=0, error=ViewError)
    v = posterior.q - posterior.P @ m
    G = posterior.P @ S @ posterior.P.T + posterior.omega
    sd = np.sqrt(np.diag(G))
    names = [view.name for view in posterior.views]
    table = pd.DataFrame({"gap": v, "sd": sd, "distance": np.abs(v) / sd}, index=names)
    table["p-value"] = chdtrc(1, table["distance"] ** 2)
    whole = float(v @ np.linalg.solve(G, v))
    table.loc["all together"] = [np.nan, np.nan, whole**0.5, chdtrc(len(v), whole)]
    return table.assign(flagged=table["p-value"] < level)


# ---- the engine of the running case --------------------------------------------------------------


@door(error=ViewError, variance_share=SHARE)
def consensus_views(
    assumptions: Assumptions, variance_share: float, *, author: str, as_of: str
) -> tuple[View, ...]:
    """The assumptions' means as one absolute view a risky asset, with `variance_share` of the
    asset's variance.

    Parameters
    ----------
    assumptions : Assumptions
        Annual decimals.
    variance_share : float
        Variance of each view as a share of the asset's, 0 to 1.
    author, as_of : str
        By which role, and on which day (YYYY-MM-DD).

    Returns
    -------
    tuple of View

    Examples
    --------
    One view a risky asset, none of cash.

    >>> sigma = np.diag([0.04, 0.0, 0.09])
    >>> a = Assumptions(("a", "cash", "b"), [0.05, 0.02, 0.08], sigma, source="us")
    >>> views = consensus_views(a, 0.1, author="cio", as_of="2026-11-21")
    >>> [(v.name, v.portfolio, v.q, round(v.variance, 9)) for v in views]
    [('a', {'a': 1.0}, 0.05, 0.004), ('b', {'b': 1.0}, 0.08, 0.009)]
    >>> views[0].author, views[0].as_of, views[0].reason
    ('cio', '2026-11-21', 'us')
    """
    each = zip(
        assumptions.labels,
        assumptions.mu.tolist(),
        np.diag(assumptions.sigma).tolist(),
        strict=True,
    )
    why = assumptions.source
    share = variance_share
    return tuple(View(a, {a: 1.0}, mu, author, as_of, why, share * v) for a, mu, v in each if v > 0)


@door(error=ViewError)
def black_litterman(
    assumptions: Assumptions,
    mandate: Mandate | None = None,
    *,
    reference: Mapping[str, float],
    views: Sequence[View],
    tau: float,
    shared: float,
    equilibrium_risk_aversion: float,
    risk_aversion: float,
    covariance: Covariance,
) -> Allocation:
    """The mandate's best portfolio when views are weighed against the returns that a reference
    implies.

    Parameters
    ----------
    assumptions : Assumptions
        Annual decimals; their means count only as far as views repeat them.
    mandate : Mandate, optional
        Fully invested and long only where not given.
    reference : mapping
        Weights by asset, summing to one: the portfolio that is best to hold without any view.
    views : sequence of View
        For instance the assumptions' own means (`consensus_views`).
    tau, shared : float
        As for `posterior`.
    equilibrium_risk_aversion : float
        At which the reference is best.
    risk_aversion : float
        At which the portfolio is chosen.
    covariance : {"predictive", "prior"}
        As for `Posterior.assumptions`.

    Returns
    -------
    Allocation
        Its shadow prices are in utility.

    Raises
    ------
    ViewError, Infeasible, NotSolved
        As `posterior` and as `maximum_utility` do.

    Examples
    --------
    Without a view, the reference is what is best.

    >>> a = Assumptions(("a", "b"), [0.0, 0.0], [[0.01, 0.0], [0.0, 0.04]], rf=0.02)
    >>> settings = {"tau": 0.05, "shared": 0.0, "covariance": "prior", "risk_aversion": 3.0}
    >>> settings |= {"reference": {"a": 0.7, "b": 0.3}, "equilibrium_risk_aversion": 3.0}
    >>> black_litterman(a, views=(), **settings).w.round(9).tolist()
    [0.7, 0.3]

    With one, what `maximum_utility` makes of the means and covariance worked out in `Posterior`, or
    of the covariance as it was.

    >>> sigma = [[0.04, 0.01], [0.01, 0.09]]
    >>> a = Assumptions(("a", "b"), [0.5, 0.5], sigma, rf=0.02)
    >>> reference = {"b": 0.625, "a": 0.375}  # at 2: 0.0625, 0.14, and a view halfway on to 0.18
    >>> view = View("b is good", {"b": 1.0}, 0.18, "analyst", "2026-11-21")
    >>> settings = {"tau": 0.1, "shared": 0.0, "risk_aversion": 5.0, "reference": reference}
    >>> settings |= {"views": [view], "equilibrium_risk_aversion": 2.0}
    >>> mu = [0.02 + 2 * (0.375 * 0.04 + 0.625 * 0.01) + 0.02 / 9, 0.16]
    >>> wider = np.add(sigma, [[0.004 - 0.001**2 / 0.018, 0.0005], [0.0005, 0.0045]])
    >>> for how, used in (("prior", sigma), ("predictive", wider)):
    ...     best = maximum_utility(Assumptions(("a", "b"), mu, used, 0.02), risk_aversion=5.0)
    ...     assert 0.1 < best.w[0] < 0.9
    ...     assert np.allclose(black_litterman(a, covariance=how, **settings).w, best.w)

    It goes on in ``black_litterman.md``.
    """
    prior = equilibrium(assumptions, reference, equilibrium_risk_aversion)
    used = posterior(prior, views, tau, shared=shared).assumptions(covariance)
    found = maximum_utility(used, mandate, risk_aversion=risk_aversion)
    return replace(found, objective=f"Black-Litterman, {found.objective}")


def of_policy(policy: Policy, assumptions: Assumptions) -> dict[str, Any]:
    """What `black_litterman` needs and a policy decides, with the assumptions' means as the
    views.

    Of the reference portfolio what the assumptions cover counts, as parts of a whole.

    Examples
    --------
    What the policy holds of classes that are not there is left out, and the rest made whole.

    >>> from portlib.estimation.capital_market_assumptions import survey_assumptions
    >>> from portlib.policy import read
    >>> decided = {"us_large_equity": 0.45, "us_core_bonds": 0.3, "cash": 0.25}
    >>> ours = read().replace(reference_portfolio=decided, consensus_variance_share=0.2)
    >>> some = survey_assumptions(10).select(["us_core_bonds", "us_large_equity"])
    >>> asked = of_policy(ours, some)
    >>> {name: round(weight, 9) for name, weight in asked["reference"].items()}  # 0.45 / 0.75
    {'us_large_equity': 0.6, 'us_core_bonds': 0.4}
    >>> view = asked["views"][1]
    >>> np.allclose([view.q, view.variance], [some.mu[1], 0.2 * some.sigma[1, 1]])
    True
    >>> asked["tau"] == ours["black_litterman_tau"], asked["shared"] == ours["shared_view_error"]
    (True, True)
    >>> asked["equilibrium_risk_aversion"] == ours["equilibrium_risk_aversion"]
    True
    >>> asked["covariance"] == ours["black_litterman_covariance"]
    True
    >>> of_policy(ours.replace(shared_view_error=0.35), some)["shared"]
    0.35

    It goes on in ``black_litterman.md``.
    """
    stated = policy.entries["consensus_variance_share"]
    signed = {"author": str(stated["approver"]), "as_of": str(stated["date"])}
    decided = policy["reference_portfolio"]
    held = {name: weight for name, weight in decided.items() if name in assumptions.labels}
    whole = sum(held.values()) if set(held) != set(decided) else 1.0
    return {
        "reference": {name: weight / whole for name, weight in held.items()},
        "views": consensus_views(assumptions, policy["consensus_variance_share"], **signed),
        "tau": policy["black_litterman_tau"],
        "shared": policy["shared_view_error"],
        "equilibrium_risk_aversion": policy["equilibrium_risk_aversion"],
        "covariance": policy["black_litterman_covariance"],
    }


# ---- entropy pooling -----------------------------------------------------------------------------


class Pooled(NamedTuple):
    """Probabilities (J,) that obey the views, how far they are from the prior's, and each view's
    multiplier (k,)."""

    p: Array
    relative_entropy: float
    effective_scenarios: float
    multipliers: Array
    iterations: int


def entropy_pooling(
    values: pd.DataFrame,
    targets: Mapping[str, float],
    prior: Array | None = None,
    *,
    floors: Sequence[str] = (),
) -> Pooled:
    """Which probabilities of scenarios obey the views and add least to what the prior said? (Meucci
    2008)

    ``min sum x ln(x/p)`` with ``E_x[values] = targets``, or at least the target for the columns in
    `floors`. Solved by projected Newton steps on the dual,
    ``min ln E_p[exp(l'(values - targets))]``, whose size is the number of views.

    Parameters
    ----------
    values : (J, k) one column a view: any function of the scenarios (a return, its square, an
    indicator). targets : by column. `prior` : (J,) probabilities, equal ones by default.

    Raises
    ------
    ViewError
        Naming the view that no scenario, or the views that no probabilities of the scenarios, can
        meet.

    Examples
    --------
    Jaynes's die (1978), thrown with a mean of 4.5 instead of 3.5: his six probabilities, and an
    entropy of 1.61358.

    >>> faces = pd.DataFrame({"mean": [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]})
    >>> found = entropy_pooling(faces, {"mean": 4.5})
    >>> found.p.round(5).tolist()
    [0.05435, 0.07877, 0.11416, 0.16545, 0.23977, 0.34749]
    >>> entropy = [np.log(6) - found.relative_entropy, np.log(found.effective_scenarios)]
    >>> np.round(entropy, 5).tolist()
    [1.61358, 1.61358]
    >>> bool(np.isclose(found.multipliers[0], np.log(found.p[5] / found.p[4])))
    True

    It goes on in ``black_litterman.md``.
    """
    names = list(values.columns)
    x = values.to_numpy(dtype=float)
    if set(names) != set(targets) or not set(floors) <= set(names) or not np.isfinite(x).all():
        raise ViewError(
            f"values {names} must be numbers, and name the views that targets {list(targets)} "
            f"and floors "
            f"{list(floors)} name"
        )
    p = np.full(len(x), 1 / len(x)) if prior is None else np.asarray(prior, dtype=float)
    if p.shape != (len(x),) or not (p >= 0).all() or abs(p.sum() - 1) > 1e-9:
        raise ViewError(
            f"prior probabilities must be {len(x)} numbers, not negative, that sum to one"
        )
    aim = np.array([targets[name] for name in names], dtype=float)
    floor = np.isin(names, list(floors))
    for name, low, high, target, is_floor in zip(
        names, x.min(axis=0), x.max(axis=0), aim, floor, strict=True
    ):
        if not (target < high and (low < target or is_floor)):
            raise ViewError(
                f"view {name!r} asks for {target:g}; the scenarios reach from {low:g} to {high:g}"
            )
    scale = x.std(axis=0) + (np.ptp(x, axis=0) == 0)
    g = (x - aim) / scale
    dual = np.zeros(len(names))
    value, q = _tilt(g, p, dual)
    for iteration in range(200):
        slope = q @ g
        free = ~(floor & (dual <= 0) & (slope >= 0))
        if np.abs(slope[free]).max(initial=0.0) < 1e-11:
            held = q[q > 0]
            effective = float(np.exp(-held @ np.log(held)))
            return Pooled(q, float(dual @ slope) - value, effective, dual / scale, iteration)
        # less the means first, so that nothing cancels where one scenario is all but sure
        around = g[:, free] - slope[free]
        bend = (around * q[:, None]).T @ around
        step = np.zeros(len(names))
        step[free] = -np.linalg.lstsq(bend, slope[free])[0]
        size = float(np.abs(step).max())
        if not 0 < size < np.inf:
            break
        step /= size
        step *= min(size, STRIDE / float(np.abs(g @ step).max()))
        length = 1.0
        while True:
            trial = dual + length * step
            trial[floor] = np.maximum(trial[floor], 0.0)
            lower, tilted = _tilt(g, p, trial)
            if (
                lower <= value + 1e-4 * float(slope @ (trial - dual)) + ROUNDING * 1e-5
                or length < ROUNDING
            ):
                break
            length /= 2
        dual, value, q = trial, lower, tilted
    unmet = ", ".join(_unmet(g, floor, names))
    raise ViewError(
        f"no probabilities of the scenarios meet all views; nearest to it, these give way: {unmet}"
    )


def _unmet(g: Array, floor: NDArray[np.bool_], names: Sequence[str]) -> list[str]:
    """Views that give way where the sum of what is missing, in standard deviations, is least."""
    from scipy.optimize import linprog

    k = len(names)
    scenarios = len(g)
    above = np.hstack([-g.T, -np.eye(k)])
    below = np.hstack([g.T, -np.eye(k)])[~floor]
    cost = np.repeat([0.0, 1.0], [scenarios, k])
    whole = np.repeat([1.0, 0.0], [scenarios, k])
    rows = np.vstack([above, below])
    short = np.asarray(linprog(cost, rows, np.zeros(len(rows)), whole[None, :], [1.0]).x)[
        scenarios:
    ]
    return [name for name, missing in zip(names, short, strict=True) if missing > ROUNDING] or list(
        names
    )


def _tilt(g: Array, p: Array, dual: Array) -> tuple[float, Array]:
    """``ln E_p[exp(g dual)]`` and the probabilities in proportion to ``p exp(g dual)``."""
    power = g @ dual
    top = float(power.max())
    mass = p * np.exp(power - top)
    return top + float(np.log(mass.sum())), np.asarray(mass / mass.sum())
