"""What is this portfolio really: where is its risk, how many bets is it, how far is it from what
everybody holds?

With weights ``w``, covariance ``sigma`` and volatility ``s(w)``::

    share of risk              c_i = w_i (sigma w)_i / s(w)^2              sum to one
    effective holdings         1 / sum w_i^2
    effective independent bets exp(-sum p_k ln p_k)                        p_k: shares of risk of
                               the principal components of sigma
    diversification ratio      w'vol / s(w)                                1: none
    active share               sum |w_i - b_i| / 2                         b: the reference

Sources: Maillard, Roncalli and Teiletche (2010) for shares of risk; Meucci (2009) for bets;
Choueifaty and Coignard (2008) for the ratio; Cremers and Petajisto
(2009) for active share. Left out: tails, and anything that a covariance does not hold.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from portlib.ranges import among, number
from portlib.records import Array, Assumptions


@dataclass(frozen=True, eq=False)
class Diagnostics:
    """One portfolio under one covariance.

    Attributes
    ----------
    risk : annual volatility
    risk_shares : by asset, summing to one
    factor_shares : by factor and ``own``, summing to one; None without factors
    effective_holdings, effective_bets, diversification_ratio : at least one each
    largest : the largest weight and whose it is
    distance : by asset, weight less reference; None without a reference
    active_share : half the sum of absolute distances; NaN without a reference
    """

    risk: float
    risk_shares: pd.Series
    factor_shares: pd.Series | None
    effective_holdings: float
    effective_bets: float
    diversification_ratio: float
    largest: tuple[str, float]
    distance: pd.Series | None
    active_share: float

    def table(self) -> pd.Series:
        """The single numbers, named in words.

        Examples
        --------
        Of 60% and 40% with volatilities of 20% and 10%, 0.0144 and 0.0016 of the variance: 90% and
        10%.

        >>> a = Assumptions(("a", "b"), [0.05, 0.05], np.diag([0.04, 0.01]))
        >>> w, half = pd.Series({"a": 0.6, "b": 0.4}), pd.Series({"a": 0.5, "b": 0.5})
        >>> diagnostics(w, a, reference=half).table().round(4).tolist()
        [0.1265, 0.9, 1.9231, 1.3841, 1.2649, 0.6, 0.1]
        >>> risk = 0.016**0.5
        >>> by_hand = [risk, 0.9, 1 / 0.52, 0.9**-0.9 * 0.1**-0.1, 0.16 / risk, 0.6, 0.1]
        >>> np.round(by_hand, 4).tolist()
        [0.1265, 0.9, 1.9231, 1.3841, 1.2649, 0.6, 0.1]
        """
        return pd.Series(
            {
                "volatility": self.risk,
                "largest share of risk": float(self.risk_shares.max()),
                "effective holdings": self.effective_holdings,
                "effective independent bets": self.effective_bets,
                "diversification ratio": self.diversification_ratio,
                "largest weight": self.largest[1],
                "active share": self.active_share,
            }
        )


def diagnostics(
    weights: pd.Series,
    assumptions: Assumptions,
    *,
    reference: pd.Series | None = None,
    factors: pd.DataFrame | None = None,
    factor_covariance: pd.DataFrame | None = None,
) -> Diagnostics:
    """All of them in one call.

    Parameters
    ----------
    weights : by asset; what is not named is zero.
    assumptions : their covariance; annual decimals.
    reference : weights by asset.
    factors : loadings (assets, factors), with `factor_covariance` (factors, factors): what they do
        not explain is ``own``.

    Raises ValueError for an unknown asset, for a portfolio without risk, and for factors without
    their covariance or the other way round.

    Examples
    --------
    Three uncorrelated assets: parts of the variance are ``0.5**2 * 0.04 = 0.0100``, ``0.3**2 * 0.01
    = 0.0009`` and ``0.2**2 * 0.0225 = 0.0009``.

    >>> a = Assumptions(("a", "b", "c"), [0.05] * 3, np.diag([0.04, 0.01, 0.0225]))
    >>> w = pd.Series({"c": 0.2, "a": 0.5, "b": 0.3})
    >>> found = diagnostics(w, a, reference=pd.Series({"a": 0.4, "b": 0.6}))
    >>> round(found.risk**2, 9), (118 * found.risk_shares).round(9).tolist()
    (0.0118, [100.0, 9.0, 9.0])
    >>> round(1 / found.effective_holdings, 9), found.largest  # 0.25 + 0.09 + 0.04
    (0.38, ('a', 0.5))
    >>> round(found.diversification_ratio * found.risk, 9)  # 0.5 * 0.2 + 0.3 * 0.1 + 0.2 * 0.15
    0.16
    >>> found.distance.round(9).to_dict(), round(found.active_share, 9)
    ({'a': 0.1, 'b': -0.3, 'c': 0.2}, 0.3)

    It goes on in ``diagnostics.md``.
    """
    w = _aligned(weights, assumptions, "weights")
    sigma = assumptions.sigma
    risk = max(float(w @ sigma @ w), 0.0) ** 0.5
    if not risk > 0:
        raise ValueError("a portfolio without risk has no shares of risk")
    labels = list(assumptions.labels)
    shares = w * (sigma @ w) / risk**2
    held = None if reference is None else _aligned(reference, assumptions, "the reference")
    away = None if held is None else pd.Series(w - held, index=labels, name="distance")
    top = int(np.argmax(w))
    return Diagnostics(
        risk=risk,
        risk_shares=pd.Series(shares, index=labels, name="share of risk"),
        factor_shares=_by_factor(w, assumptions, risk, factors, factor_covariance),
        effective_holdings=float(1 / (w @ w)),
        effective_bets=effective_bets(w, sigma),
        diversification_ratio=float(np.abs(w) @ np.sqrt(np.diag(sigma))) / risk,
        largest=(labels[top], float(w[top])),
        distance=away,
        active_share=np.nan if away is None else float(away.abs().sum() / 2),
    )


def effective_bets(w: Array, sigma: Array) -> float:
    """Exponential of the entropy of the principal components' shares of risk, between 1 and n.

    One where a single component carries all risk, as the market does in a portfolio of shares;
    the minimum-torsion bets of later work call equal parts of n alike assets n bets, and are not
    used for that reason. Source: Meucci (2009).
    """
    values, vectors = np.linalg.eigh(sigma)
    variance = (vectors.T @ w) ** 2 * np.maximum(values, 0.0)
    share = variance / variance.sum()
    share = share[share > 0]
    return float(np.exp(-(share * np.log(share)).sum()))


def _by_factor(
    w: Array,
    assumptions: Assumptions,
    risk: float,
    factors: pd.DataFrame | None,
    covariance: pd.DataFrame | None,
) -> pd.Series | None:
    if factors is None and covariance is None:
        return None
    if factors is None or covariance is None:
        other = "factors" if factors is None else "factor_covariance"
        raise ValueError(f"shares of factors need loadings and covariance: give {other} too")
    loads = factors.reindex(list(assumptions.labels))
    if loads.isna().any(axis=None):
        lost = loads.index[loads.isna().any(axis=1)]
        raise ValueError(f"no loadings for {', '.join(map(str, lost))}")
    for axis in covariance.axes:
        among("factor in their covariance", factors.columns, axis)
    inner = covariance.loc[list(factors.columns), list(factors.columns)].to_numpy(float)
    exposure = w @ loads.to_numpy(float)
    shares = pd.Series(exposure * (inner @ exposure) / risk**2, index=list(factors.columns))
    shares["own"] = 1 - shares.sum()
    return shares


def _aligned(given: pd.Series, assumptions: Assumptions, what: str) -> Array:
    if not isinstance(given, pd.Series) or not given.index.is_unique:
        raise ValueError(f"{what} are {given!r:.60}; give each by its name, once, as a Series")
    if unknown := [str(name) for name in given.index if name not in assumptions.labels]:
        raise ValueError(f"{what} hold {', '.join(unknown)}, which the assumptions do not cover")
    for name, value in given.items():
        number(f"{what}: {name}", value, least=-1.5, most=1.5)
    return given.reindex(list(assumptions.labels), fill_value=0.0).to_numpy(float)
