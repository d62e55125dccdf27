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
    ``c`` pays as little as ``b`` for more risk, and both less than ``a``; ``c`` alone moves against
    ``a``, so that it has the lower covariance with all three:

    >>> sigma = [[0.01, 0.01, -0.02], [0.01, 0.04, 0.0], [-0.02, 0.0, 0.09]]
    >>> told = Assumptions(["a", "b", "c"], [0.05, 0.04, 0.04], sigma)
    >>> dominated(told).to_numpy().tolist()  # row sums: 0.00, 0.05, 0.07
    [['b', 'a', False], ['c', 'a', False], ['c', 'b', False]]
    >>> sigma = [[0.01, 0.01, -0.02], [0.01, 0.04, -0.02], [-0.02, -0.02, 0.05]]
    >>> dominated(Assumptions(["a", "b", "c"], [0.05, 0.04, 0.04], sigma)).to_numpy().tolist()
    [['b', 'a', False], ['c', 'a', False], ['c', 'b', True]]

    Twins do not dominate each other; with the same return the safer dominates, with the same risk
    the better paid:

    >>> twins = Assumptions(["a", "b"], [0.05, 0.05], [[0.04, 0.01], [0.01, 0.04]])
    >>> len(dominated(twins))
    0
    >>> paid = Assumptions(["a", "b"], [0.05, 0.06], [[0.04, 0.01], [0.01, 0.04]])
    >>> dominated(paid).to_numpy().tolist()  # neither diversifies more: no excuse
    [['a', 'b', False]]
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

    Examples
    --------
    Cash of 2% has no risk and is left out. Premiums of 3, 7 and 8 points for risks of 10, 20 and
    15: Sharpe ratios of 0.3, 0.35 and 0.533. ``a`` and ``b`` are related by one half, so that the
    eigenvalues are 0.5, 1 and 1.5, and the best mix of the two has the squared ratio ``(0.09 +
    0.1225 - 0.3 * 0.35) / 0.75``. ``c`` pays more than ``b`` for less risk: one pair in three is
    the wrong way round.

    >>> sigma = np.diag([0.0, 0.01, 0.04, 0.0225])
    >>> sigma[1, 2] = sigma[2, 1] = 0.01
    >>> told = Assumptions(["cash", "a", "b", "c"], [0.02, 0.05, 0.09, 0.10], sigma, rf=0.02)
    >>> table = consistency(told, [0.02, 0.045, 0.072, 0.101])
    >>> found = table["measured"]
    >>> float(round(found["correlations: smallest eigenvalue"], 9))
    0.5
    >>> float(round(found["lowest Sharpe ratio"], 9))
    0.3
    >>> best = np.sqrt((0.09 + 0.1225 - 0.105) / 0.75 + (0.08 / 0.15) ** 2)
    >>> bool(np.isclose(found["attainable over best single Sharpe ratio"], best / (0.08 / 0.15)))
    True
    >>> float(round(found["rank correlation of return and risk"], 9))  # (2 - 1) / 3
    0.333333333
    >>> float(round(found["largest geometric less arithmetic"], 9))  # of c: 0.101 - 0.100
    0.001
    >>> c = np.exp(np.log(1.1) - np.log(1 + 0.0225 / 1.1**2) / 2) - 1  # the median of c
    >>> bool(np.isclose(found["largest gap to exact conversion"], 0.101 - c))
    True
    >>> float(found["dominated without excuse"])  # b, by c
    1.0
    >>> table[["bound", "holds"]].to_numpy().tolist()  # doctest: +NORMALIZE_WHITESPACE
    [[1e-08, True], [0.0, True], [2.0, True], [0.5, False], [0.0, False], [0.002, False],
     [0.0, False]]

    Each the other way: the second is ``a`` with a trifle more risk, and pays less than cash.

    >>> like = [[0.01, 0.01], [0.01, 0.01 + 1e-10]]
    >>> other = Assumptions(["a", "b"], [0.04, 0.01], like, rf=0.02)
    >>> consistency(other, arithmetic_to_geometric(other.mu, 0.1))["holds"].tolist()
    [False, False, False, False, True, True, False]
    >>> rising = Assumptions(["b", "a"], [0.07, 0.05], np.diag([0.04, 0.01]), rf=0.02)
    >>> consistency(rising, [0.0512, 0.0453])["holds"].all().item()
    True

    It goes on in ``coherence.md``.
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
