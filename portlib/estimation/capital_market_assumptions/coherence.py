"""Do the figures of one set fit together?

Means, risks, correlations and compound returns are each plausible alone and may still contradict
each other: a class that pays less for more risk, a combination that is too good to be true.

Left out: whether the figures are right.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from portlib.compounding import arithmetic_to_geometric
from portlib.ranges import numbers
from portlib.records import Assumptions


def dominated(assumptions: Assumptions) -> pd.DataFrame:
    """Which class pays no more than another for no less risk, and is it excused because it
    diversifies more?

    Parameters
    ----------
    assumptions : Assumptions

    Returns
    -------
    DataFrame
        One row a pair: asset, by, excused (its covariance with the equal-weighted portfolio is the
        lower of the two).

    Examples
    --------
    >>> told = Assumptions(["good", "poor"], [0.05, 0.04], [[0.01, 0.0], [0.0, 0.04]])
    >>> dominated(told).to_dict("records")
    [{'asset': 'poor', 'by': 'good', 'excused': False}]
    """
    mu = assumptions.mu
    risk = assumptions.volatility
    common = assumptions.sigma.mean(axis=1)
    rows = [
        (assumptions.labels[i], assumptions.labels[j], bool(common[i] < common[j]))
        for i in range(len(mu))
        for j in range(len(mu))
        if mu[j] >= mu[i] and risk[j] <= risk[i] and (mu[j] > mu[i] or risk[j] < risk[i])
    ]
    return pd.DataFrame(rows, columns=["asset", "by", "excused"])


def consistency(assumptions: Assumptions, geometric: ArrayLike) -> pd.DataFrame:
    """Do means, risks, correlations and geometric returns make sense together?

    The bounds 2, 0.5 and 0.002 are conventions: a set that offers twice the Sharpe ratio of its
    best class to a long-short portfolio, or pays without regard to risk, is an optimiser's raw
    material for nonsense; surveys average their advisers' own conversions, which leaves some gap.

    Parameters
    ----------
    assumptions : Assumptions
        Arithmetic means and covariance.
    geometric : array (n,) or Series
        Geometric means of the same classes, annual decimals.

    Returns
    -------
    DataFrame
        One row a check: measured, relation, bound, holds.
    """
    risky = assumptions.volatility > 1e-6
    mu = assumptions.mu[risky]
    risk = assumptions.volatility[risky]
    sigma = assumptions.sigma[np.ix_(risky, risky)]
    premium = mu - assumptions.rf
    published = assumptions.aligned(geometric, "geometric")
    g = numbers("a geometric return", published, above=-1, most=2)[risky]
    smallest = float(np.linalg.eigvalsh(sigma / np.outer(risk, risk))[0])
    attainable = float(np.sqrt(premium @ np.linalg.pinv(sigma, hermitian=True) @ premium))
    order = float(pd.Series(mu).corr(pd.Series(risk), method="kendall"))
    gap = float(np.abs(g - arithmetic_to_geometric(mu, risk)).max())
    checks = {
        "correlations: smallest eigenvalue": (smallest, "at least", 1e-8),
        "lowest Sharpe ratio": (float((premium / risk).min()), "at least", 0.0),
        "attainable over best single Sharpe ratio": (
            attainable / float((premium / risk).max()),
            "at most",
            2.0,
        ),
        "rank correlation of return and risk": (order, "at least", 0.5),
        "largest geometric less arithmetic": (float((g - mu).max()), "at most", 0.0),
        "largest gap to exact conversion": (gap, "at most", 0.002),
        "dominated without excuse": (
            float((~dominated(assumptions)["excused"].astype(bool)).sum()),
            "at most",
            0.0,
        ),
    }
    table = pd.DataFrame.from_dict(
        checks, orient="index", columns=["measured", "relation", "bound"]
    )
    above = table["relation"] == "at least"
    table["holds"] = np.where(
        above, table["measured"] >= table["bound"], table["measured"] <= table["bound"]
    )
    return table
