"""If this happened, what else would have to be expected, and which such thing is the least unlikely
to cost so much?

With returns of mean ``mu`` and covariance ``Sigma``, and some of them, k, shocked to ``s``, all are
expected at

    E[r | r_k = s] = mu + Sigma_k Sigma_kk^-1 (s - mu_k)

and of all r at which a portfolio ``w`` loses ``L``, the nearest to ``mu`` in Mahalanobis distance
``d`` is

    r = mu - (L + w'mu) Sigma w / w'Sigma w,      d = (L + w'mu) / sqrt(w'Sigma w)

The first is a regression; it holds for every elliptical law, the normal and Student's t among them.
Inflation and bond yields are not in the survey: each is a line through two classes' returns, fitted
on history, and a rest of its own. Correlations of crises, and what ties inflation and yields to
shares and bonds, are those of the long record to 2017: the open record begins after the years in
which they rose most.

Left out: how shocks unfold in time, and whether dependence is
linear where nobody has been.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from portlib import history
from portlib.estimation import shrinkage
from portlib.estimation.providers import LISTED
from portlib.history import GROUPS, History
from portlib.policy import Policy
from portlib.ranges import RETURN, SHARE, among, door, numbers
from portlib.records import Array, Assumptions

#: The classes through which inflation and yields act: one of shares, one of bonds.
SEEN = ("us_large_equity", "us_long_bonds")
#: Where the assumptions lack the long bonds, the first of these that they have.
OTHER_BONDS = ("us_core_bonds", "us_tips")
#: What is no class, and acts through them.
MACRO = ("inflation", "yields")
#: Fewer months than a year say nothing about a correlation.
LEAST_MONTHS = 12
#: Before, some of the library's portfolios held no firm in some months.
FIRST = "1949-01"


# ---- what else is expected -----------------------------------------------------------------------


def conditional(assumptions: Assumptions, shock: Mapping[str, float]) -> pd.Series:
    """What is expected of every asset if some return what a shock says?

    Parameters
    ----------
    assumptions : Assumptions
        Annual decimals.
    shock : mapping
        Returns by asset, annual decimals.

    Returns
    -------
    Series
        By asset, annual decimals.

    Raises
    ------
    ValueError
        For an unknown asset, one without risk, or shocks of which one already decides another.

    Examples
    --------
    Bonds are tied to shares by a covariance of 0.004 over a variance of 0.04, a tenth; shares 36%
    below what is expected leave bonds 3.6% below, and gold, which is tied to nothing, where it was:

    >>> told = Assumptions(
    ...     ["bonds", "gold", "shares"], [0.04, 0.05, 0.06],
    ...     [[0.0025, 0.0, 0.004], [0.0, 0.09, 0.0], [0.004, 0.0, 0.04]],
    ... )
    >>> conditional(told, {"shares": -0.30}).round(9).to_dict()
    {'bonds': 0.004, 'gold': 0.05, 'shares': -0.3}

    Of two shocks at once each is met exactly, in any order; nothing shocked changes nothing:

    >>> both = conditional(told, {"shares": -0.3, "gold": 0.2})
    >>> bool(np.allclose(both, conditional(told, {"gold": 0.2, "shares": -0.3})))
    True
    >>> both.round(9).tolist(), conditional(told, {}).tolist()
    ([0.004, 0.2, -0.3], [0.04, 0.05, 0.06])
    >>> conditional(told, {"tulips": -0.9})
    Traceback (most recent call last):
    ...
    ValueError: shocks on tulips, which is none of bonds, gold, shares
    >>> twins = Assumptions(["a", "b"], [0.05, 0.05], [[0.04, 0.04], [0.04, 0.04]])
    >>> conditional(twins, {"a": -0.3, "b": -0.2})
    Traceback (most recent call last):
    ...
    ValueError: of a, b one is decided by the others; shock fewer of them
    >>> still = Assumptions(["a", "bills"], [0.05, 0.02], [[0.04, 0.0], [0.0, 0.0]])
    >>> conditional(still, {"a": -0.3, "bills": -0.1})
    Traceback (most recent call last):
    ...
    ValueError: bills has no risk, so no shock; leave it out
    """
    if unknown := [name for name in shock if name not in assumptions.labels]:
        raise ValueError(
            f"shocks on {', '.join(unknown)}, which is none of {', '.join(assumptions.labels)}"
        )
    moves = numbers("a shock's return", list(shock.values()), **RETURN)
    at = [assumptions.labels.index(name) for name in shock]
    risk = assumptions.volatility[at]
    if (risk <= 0).any():
        raise ValueError(
            f"{list(shock)[int(np.argmin(risk))]} has no risk, so no shock; leave it out"
        )
    inner = assumptions.sigma[np.ix_(at, at)]
    if at and np.linalg.eigvalsh(inner / np.outer(risk, risk))[0] < 1e-10:
        raise ValueError(f"of {', '.join(shock)} one is decided by the others; shock fewer of them")
    moved = moves - assumptions.mu[at]
    mean = assumptions.mu + assumptions.sigma[:, at] @ np.linalg.solve(inner, moved)
    return pd.Series(mean, list(assumptions.labels), name="expected")


@door(residual={"most": 3.0})
def with_factor(
    assumptions: Assumptions, name: str, loadings: Mapping[str, float], residual: float
) -> Assumptions:
    """The assumptions and one more variable of mean zero, ``sum loadings (r - mu) + rest``, the
    rest independent: positive semidefinite by construction.

    Parameters
    ----------
    assumptions : Assumptions
        Annual decimals.
    name : str
        Of the variable.
    loadings : mapping
        By asset, in the variable's unit per unit of return.
    residual : float
        Standard deviation of the rest, zero or more.

    Returns
    -------
    Assumptions

    Raises
    ------
    ValueError
        For a name that is taken, an unknown asset or a negative `residual`.

    Examples
    --------
    Inflation that falls by half of what shares return, less the mean, and moves by 1% besides:

    >>> told = Assumptions(["bonds", "shares"], [0.04, 0.06], [[0.0025, 0.004], [0.004, 0.04]])
    >>> more = with_factor(told, "inflation", {"shares": -0.5}, 0.01)
    >>> more.labels, more.mu.tolist()
    (('bonds', 'shares', 'inflation'), [0.04, 0.06, 0.0])
    >>> more.sigma.round(9)[2].tolist()  # -0.5 * 0.004, -0.5 * 0.04, 0.25 * 0.04 + 0.0001
    [-0.002, -0.02, 0.0101]
    >>> with_factor(told, "bonds", {"shares": -0.5}, 0.01)
    Traceback (most recent call last):
    ...
    ValueError: bonds is already an asset
    >>> with_factor(told, "yields", {"gold": -0.5}, 0.01)
    Traceback (most recent call last):
    ...
    ValueError: yields acts through gold, which the assumptions lack; add the class
    """
    if name in assumptions.labels or (
        unknown := [a for a in loadings if a not in assumptions.labels]
    ):
        raise ValueError(
            f"{name} is already an asset"
            if name in assumptions.labels
            else f"{name} acts through {', '.join(unknown)}, which the assumptions lack; "
            "add the class"
        )
    if not residual >= 0:
        raise ValueError(f"{name}: the residual is a standard deviation, not {residual}")
    b = np.array([loadings.get(a, 0.0) for a in assumptions.labels])
    cross = assumptions.sigma @ b
    sigma = np.block(
        [[assumptions.sigma, cross[:, None]], [cross, np.array([[b @ cross + residual**2]])]]
    )
    return Assumptions(
        [*assumptions.labels, name],
        np.append(assumptions.mu, 0.0),
        sigma,
        assumptions.rf,
        f"{assumptions.source}; {name} by its line through {', '.join(loadings)}",
    )


def seen(classes: Sequence[str], *, policy: Policy) -> tuple[str, str]:
    """The two of `classes` through which inflation and yields act: `SEEN`, or nearer bonds, also
    under a plan's own names for them.

    Raises ValueError where there are no shares or no bonds among them.

    Examples
    --------
    >>> from portlib import policy as policies
    >>> decided = policies.read()
    >>> seen(["us_tips", "us_core_bonds", "us_large_equity"], policy=decided)
    ('us_large_equity', 'us_core_bonds')
    >>> seen(["us_core_bonds", "us_long_bonds", "us_large_equity"], policy=decided)
    ('us_large_equity', 'us_long_bonds')
    >>> seen(["us_large_equity", "cash"], policy=decided)  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    ValueError: inflation and yields act through us_large_equity and one of us_long_bonds, ...
    """

    def held(*wanted: str) -> list[str]:
        return [name for one in wanted for name in policy.called(one) if name in classes]

    shares, bonds = held(SEEN[0]), held(SEEN[1], *OTHER_BONDS)
    if not shares or not bonds:
        raise ValueError(
            f"inflation and yields act through {SEEN[0]} and one of {SEEN[1]}, "
            f"{', '.join(OTHER_BONDS)}, which the assumptions lack; add the class"
        )
    return shares[0], bonds[0]


def macro_factors(policy: Policy, through: tuple[str, str] = SEEN) -> pd.DataFrame:
    """How did inflation and yields change in the years in which shares and bonds returned what they
    did?

    Rows ``inflation`` (core prices, change of the calendar year's rate from the year before) and
    ``yields`` (Aaa, change of December's average). Columns: a loading for each class of `through`
    (its stand-in in the history), the standard deviation ``residual`` (ddof 3), ``r_squared``,
    ``volatility`` (ddof 1), ``years``, ``first``, ``last``. Least squares with a constant over
    whole calendar years.

    Examples
    --------
    What is left over after two slopes and a constant has three degrees of freedom less than there
    are years, and its share of the variance is what is not explained:

    >>> from portlib import policy as policies
    >>> found = macro_factors(policies.read())
    >>> n = found["years"].astype(float)
    >>> left = found["residual"] ** 2 * (n - 3) / (found["volatility"] ** 2 * (n - 1))
    >>> bool(np.allclose(left.astype(float), 1 - found["r_squared"].astype(float)))
    True
    >>> bool((found["us_long_bonds"] < 0)["yields"])  # bonds gain where yields fall
    True
    >>> bool((found["last"] - found["first"] + 1 == found["years"]).all())
    True

    Core prices are known from February 1957, shares until March 2017: whole years are those from
    1958 to 2016, and the first change of one is that of 1959.

    >>> found.loc["inflation", ["first", "last"]].astype(int).tolist()
    [1959, 2016]

    It goes on in ``shocks.md``.
    """
    mixes = tuple((name, tuple(mix.items())) for name, mix in _mixes(through, policy).items())
    return _macro(mixes, float(policy["corporate_bond_maturity_years"]), history.folder()).copy()


@cache
def _macro(
    mixes: tuple[tuple[str, tuple[tuple[str, float], ...]], ...],
    maturity_years: float,
    imported: Path | None,
) -> pd.DataFrame:
    """Keyed by all that it depends on: the mixes, the bonds' maturity, the folder of imports."""

    def yearly(monthly: Any) -> Any:
        by = monthly.groupby(monthly.index.year)
        return (by.apply(lambda x: (1 + x).prod()) - 1)[by.size() == 12]

    record = history.read("long", corporate_bond_maturity_years=maturity_years)
    aaa = record["aaa_yield"].values
    changes = pd.DataFrame(
        {
            "inflation": yearly(record["core_inflation"].values).diff(),
            "yields": aaa.groupby(pd.DatetimeIndex(aaa.index).year).last().diff(),
        }
    )
    returns = yearly(_mixed(record, {name: dict(mix) for name, mix in mixes}))
    rows = {}
    for name in changes:
        both = returns.join(changes[name], how="inner").dropna()
        x = np.column_stack([np.ones(len(both)), both[list(returns)]])
        y = both[name].to_numpy(float)
        b = np.linalg.lstsq(x, y, rcond=None)[0]
        rest = float(np.square(y - x @ b).sum())
        rows[name] = {
            **dict(zip(map(str, returns), b[1:].tolist(), strict=True)),
            "residual": np.sqrt(rest / (len(y) - 3)),
            "r_squared": 1 - rest / np.square(y - y.mean()).sum(),
            "volatility": y.std(ddof=1),
            "years": len(y),
            "first": both.index[0],
            "last": both.index[-1],
        }
    return pd.DataFrame.from_dict(rows, orient="index")


@door(crisis_share=SHARE)
def propagate(
    classes: Assumptions,
    shock: Mapping[str, float],
    crisis_share: float = 0.0,
    *,
    policy: Policy,
) -> pd.Series:
    """What one year of each class is expected to return under a shock.

    Parameters
    ----------
    classes : Assumptions
        Annual decimals.
    shock : mapping
        By class, ``inflation`` or ``yields``, decimals.
    crisis_share : float
        Of the crisis correlations, blended in first; 0 to 1.
    policy : Policy
        The committee's decisions.

    Returns
    -------
    Series
        By class, annual decimals.

    Raises
    ------
    ValueError
        As `conditional`.

    Examples
    --------
    Inflation acts through shares and long bonds, by its line and with what the line leaves over:

    >>> from portlib import policy as policies
    >>> decided = policies.read()
    >>> told = Assumptions(
    ...     ["cash", "us_long_bonds", "us_large_equity"], [0.03, 0.045, 0.06],
    ...     [[0.0001, 0.0, 0.0], [0.0, 0.01, 0.004], [0.0, 0.004, 0.04]],
    ... )
    >>> line = macro_factors(decided).loc["inflation"]
    >>> b = np.array([0.0, line["us_long_bonds"], line["us_large_equity"]], float)
    >>> variance = float(b @ told.sigma @ b + line["residual"] ** 2)
    >>> expected = told.mu + told.sigma @ b * 0.03 / variance
    >>> bool(np.allclose(propagate(told, {"inflation": 0.03}, policy=decided), expected))
    True
    >>> plain = propagate(told, {"us_large_equity": -0.4}, policy=decided)
    >>> bool(np.allclose(plain, conditional(told, {"us_large_equity": -0.4})))
    True

    It goes on in ``shocks.md``.
    """
    base = under_crisis(classes, crisis_share, policy=policy)
    for name in (name for name in shock if name in MACRO):
        through = seen(classes.labels, policy=policy)
        row = macro_factors(policy, through).loc[[name]].to_dict("records")[0]
        base = with_factor(base, name, {c: float(row[c]) for c in through}, float(row["residual"]))
    return conditional(base, shock)[list(classes.labels)]


# ---- crises --------------------------------------------------------------------------------------


def stand_ins(classes: Sequence[str], which: str, *, policy: Policy) -> dict[str, Any]:
    """The policy's ``stress_proxies`` for classes, ``windows`` or ``history``; ValueError for a
    class without any.

    Parameters
    ----------
    classes : sequence of str
    which : str
        ``windows`` or ``history``.
    policy : Policy

    Returns
    -------
    dict
        By class.

    Examples
    --------
    >>> policy = {"stress_proxies": {"a": {"windows": "x", "history": {"y": 1.0}}}}
    >>> stand_ins(["a"], "windows", policy=policy), stand_ins(["a"], "history", policy=policy)
    ({'a': 'x'}, {'a': {'y': 1.0}})
    >>> stand_ins(["b"], "windows", policy=policy)
    Traceback (most recent call last):
    ...
    ValueError: stress_proxies names no stand-in for b; the committee must choose one
    """
    proxies = policy["stress_proxies"]
    if lost := [name for name in classes if name not in proxies]:
        raise ValueError(
            f"stress_proxies names no stand-in for {', '.join(lost)}; the committee must choose one"
        )
    for name in classes:
        among("kind of stand-in", [which], proxies[name])
    return {name: proxies[name][which] for name in classes}


def _mixes(classes: Sequence[str], policy: Policy) -> dict[str, dict[str, float]]:
    return stand_ins(classes, "history", policy=policy)


def _record(policy: Policy) -> History:
    years = policy["corporate_bond_maturity_years"]
    return history.read("long", corporate_bond_maturity_years=years)


def _mixed(record: History, mixes: Mapping[str, Mapping[str, float]]) -> pd.DataFrame:
    """Mixes of series of a record, month by month, over the months in which all are known."""
    months = record.months(*dict.fromkeys(s for mix in mixes.values() for s in mix), first=FIRST)
    return pd.DataFrame(
        {
            name: sum(share * months[column] for column, share in mix.items())
            for name, mix in mixes.items()
        }
    )


def history_of(classes: Sequence[str], *, policy: Policy) -> pd.DataFrame:
    """Monthly returns of classes by their stand-ins in the history, mixed anew each month; (months,
    classes)."""
    return _mixed(_record(policy), _mixes(classes, policy))


def crisis_block(policy: Policy) -> pd.DataFrame:
    """The months of the history in which bonds helped least: which fall, of at least a year, is the
    stress?

    Among falls of the US market by policy ``crisis_drawdown``, that with the highest mean
    correlation of the market with both bond series, as in the chapter on covariances; the market's
    and the bonds' months of it. Raises ValueError where no fall is a year long.

    Examples
    --------
    >>> from portlib import policy as policies
    >>> block = crisis_block(policies.read())
    >>> len(block) >= LEAST_MONTHS, block.columns[0], str(block.index[0]) >= FIRST
    (True, 'us_market', True)

    Of every fall that is deep enough and a year long, here by stepping through months, none has
    bonds that move more with shares:

    >>> decided = policies.read()
    >>> months = history.read(
    ...     "long", corporate_bond_maturity_years=decided["corporate_bond_maturity_years"]
    ... ).months("us_market", *GROUPS["bonds"], first=FIRST)
    >>> fallen = shrinkage.drawdown_months(months["us_market"], decided["crisis_drawdown"])
    >>> falls, run = [], []
    >>> for month, is_in in fallen.items():
    ...     run = [*run, month] if is_in else []
    ...     if len(run) >= LEAST_MONTHS:  # a fall is as long as it gets
    ...         falls = [f for f in falls if f[0] != run[0]] + [run]
    >>> def together(fall):
    ...     part = months.loc[fall]
    ...     return np.mean([part["us_market"].corr(part[bond]) for bond in GROUPS["bonds"]])
    >>> len(falls) > 1, max(falls, key=together) == list(block.index)
    (True, True)
    """
    months = _record(policy).months("us_market", *GROUPS["bonds"], first=FIRST)
    fallen = shrinkage.drawdown_months(months["us_market"], policy["crisis_drawdown"])
    spells = (fallen != fallen.shift()).cumsum()[fallen]
    blocks = [block for _, block in months[fallen].groupby(spells) if len(block) >= LEAST_MONTHS]
    if not blocks:
        raise ValueError(
            "no fall as deep as crisis_drawdown lasted a year; lower the policy's depth"
        )
    bonds = list(GROUPS["bonds"])
    return max(blocks, key=lambda b: float(b[bonds].corrwith(b["us_market"]).mean()))


@door(error=shrinkage.CovarianceError, share=SHARE)
def under_crisis(assumptions: Assumptions, share: float, *, policy: Policy) -> Assumptions:
    """The same means and volatilities, with a share of the crisis block's correlations.

    Classes with one stand-in move as one in the block: a stress, not an estimate. Repaired to the
    policy's ``correlation_eigenvalue_floor``.

    Parameters
    ----------
    assumptions : Assumptions
        Of classes, annual decimals.
    share : float
        0 (as they are) to 1.
    policy : Policy
        The committee's decisions.

    Returns
    -------
    Assumptions

    Raises
    ------
    CovarianceError
        For a share outside 0 to 1.

    Examples
    --------
    Means and volatilities stay; with nothing of the crisis everything does, and with all of it
    classes move together as their stand-ins did in its months:

    >>> from portlib import policy as policies
    >>> decided = policies.read()
    >>> told = Assumptions(
    ...     ["us_core_bonds", "us_large_equity"], [0.045, 0.06], [[0.0025, 0.004], [0.004, 0.04]]
    ... )
    >>> under_crisis(told, 0.0, policy=decided) is told
    True
    >>> worst = under_crisis(told, 1.0, policy=decided)
    >>> worst.mu.tolist(), worst.volatility.round(9).tolist()
    ([0.045, 0.06], [0.05, 0.2])
    >>> months = history_of(told.labels, policy=decided).loc[crisis_block(decided).index]
    >>> together = float(months.corr().iloc[0, 1])
    >>> bool(np.isclose(worst.sigma[0, 1] / (0.05 * 0.2), together))
    True
    >>> half = under_crisis(told, 0.5, policy=decided)
    >>> bool(np.isclose(half.sigma[0, 1] / (0.05 * 0.2), 0.5 * 0.4 + 0.5 * together))
    True

    A class without risk moves with nothing, and leaves the others as they are without it:

    >>> still = Assumptions(
    ...     ["us_core_bonds", "cash", "us_large_equity"], [0.045, 0.03, 0.06],
    ...     [[0.0025, 0.0, 0.004], [0.0, 0.0, 0.0], [0.004, 0.0, 0.04]],
    ... )
    >>> sigma = under_crisis(still, 0.5, policy=decided).sigma
    >>> sigma[1].tolist(), bool(np.allclose(sigma[[0, 2]][:, [0, 2]], half.sigma))
    ([0.0, 0.0, 0.0], True)
    """
    if share == 0 or not (assumptions.volatility > 0).any():
        return assumptions
    moving = np.flatnonzero(assumptions.volatility > 0)  # what has no risk moves with nothing
    names = [assumptions.labels[i] for i in moving]
    among_them = np.ix_(moving, moving)
    block = crisis_block(policy).index
    crisis = shrinkage.correlation(history_of(names, policy=policy).loc[block].cov().to_numpy())
    calm = shrinkage.correlation(assumptions.sigma[among_them])
    floor = policy["correlation_eigenvalue_floor"]
    before, then = (pd.DataFrame((r + r.T) / 2, names, names) for r in (calm, crisis))
    mixed = shrinkage.blend(before, then, share, floor)
    risk = pd.Series(assumptions.volatility[moving], names)
    sigma = np.zeros_like(assumptions.sigma)
    sigma[among_them] = shrinkage.assemble(risk, mixed).to_numpy()
    return assumptions.replace(
        sigma=sigma,
        source=f"{assumptions.source}; {100 * share:.3g}% of the crisis correlations",
    )


# ---- the least unlikely loss ---------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Reverse:
    """The most plausible way to lose: returns by asset, how many standard deviations away, and how
    likely so much is.

    `normal` and `student` are the probabilities of losing at least as much within the year under
    the two laws.

    Examples
    --------
    >>> found = Reverse(pd.Series(dtype=float), 2.0, normal=0.02, student=0.04)
    >>> found.years
    (50.0, 25.0)
    """

    shock: pd.Series
    distance: float
    normal: float
    student: float

    @property
    def years(self) -> tuple[float, float]:
        """How many years pass on average between such years: normal, Student."""
        return float(1 / max(self.normal, 1e-300)), float(1 / max(self.student, 1e-300))


@door()
def reverse(
    assumptions: Assumptions, w: Array, loss: float, *, degrees_of_freedom: float
) -> Reverse:
    """Which returns, nearest to what is expected, make a portfolio lose so much?

    Minimises ``(r - mu)' Sigma^-1 (r - mu)`` subject to ``w'r = -loss``; no inverse is needed.

    Parameters
    ----------
    assumptions : Assumptions
        Of n assets, annual decimals.
    w : array (n,)
        Weights.
    loss : float
        A positive decimal, within a year.
    degrees_of_freedom : float
        Of the Student law, which has the same covariance.

    Returns
    -------
    Reverse

    Raises
    ------
    ValueError
        For a loss that is not positive, a portfolio without risk, or one that is expected to lose
        more.

    References
    ----------
    Closed form of a projection; for stress tests see Breuer, Jandacka, Rheinberger and Summer
    (2009).

    Examples
    --------
    A portfolio of 75% shares and 25% bonds that earns 5.5% loses 19.5%: it falls 25% short of what
    is expected, and each return falls by its covariance with the portfolio, over the portfolio's
    variance:

    >>> told = Assumptions(["bonds", "shares"], [0.04, 0.06], [[0.01, 0.004], [0.004, 0.04]])
    >>> w = np.array([0.25, 0.75])
    >>> found = reverse(told, w, 0.195, degrees_of_freedom=5.0)
    >>> # 0.25^2 * 0.01 + 2 * 0.25 * 0.75 * 0.004 + 0.75^2 * 0.04 = 0.024625
    >>> bool(np.isclose(found.distance, 0.25 / 0.024625**0.5))
    True
    >>> bool(np.isclose(found.shock["bonds"], 0.04 - 0.25 * 0.0055 / 0.024625))
    True
    >>> bool(np.isclose(found.shock["shares"], 0.06 - 0.25 * 0.031 / 0.024625))
    True
    >>> round(float(found.shock.to_numpy() @ w), 9)
    -0.195

    No other year that loses as much is nearer:

    >>> def away(r):
    ...     off = np.asarray(r) - told.mu
    ...     return float(off @ np.linalg.solve(told.sigma, off)) ** 0.5
    >>> others = [[bonds, (-0.195 - 0.25 * bonds) / 0.75] for bonds in np.linspace(-0.5, 0.5, 201)]
    >>> bool(np.isclose(away(found.shock), found.distance))
    True
    >>> min(map(away, others)) >= found.distance - 1e-9
    True
    >>> reverse(told, w, -0.1, degrees_of_freedom=5.0)  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    ValueError: a loss must be positive and more than is expected, of a portfolio with risk: ...
    """
    risk = assumptions.risk_of(w)
    short = loss + assumptions.mean_of(w)
    if not (loss > 0 and risk > 0 and short > 0):
        raise ValueError(
            f"a loss must be positive and more than is expected, of a portfolio with risk: "
            f"loss {loss}, expected return {assumptions.mean_of(w):.4f}, volatility {risk:.4f}"
        )
    shock = assumptions.mu - short * (assumptions.sigma @ w) / risk**2
    normal, student = tail_probability(short / risk, degrees_of_freedom=degrees_of_freedom)
    return Reverse(
        pd.Series(shock, list(assumptions.labels)), short / risk, float(normal), float(student)
    )


@door(degrees_of_freedom={"above": 2.0})
def tail_probability(distance: Any, *, degrees_of_freedom: float) -> tuple[Array, Array]:
    """The chance of falling `distance` standard deviations or more short of the mean: normal,
    Student.

    Examples
    --------
    Student's law has the same variance: with four degrees of freedom two standard deviations are 2
    root 2 of its own units, beyond which it has a half less ``(1 + 8 / 4)``'s share, in closed
    form:

    >>> [round(float(p), 4) for p in tail_probability(2.0, degrees_of_freedom=1e9)]
    [0.0228, 0.0228]
    >>> t = 2.0 * 2**0.5
    >>> tail = 0.5 - 0.375 * (t / (1 + t**2 / 4) ** 0.5) * (1 - t**2 / (1 + t**2 / 4) / 12)
    >>> normal, student = tail_probability(2.0, degrees_of_freedom=4.0)
    >>> bool(np.isclose(student, tail)), round(float(normal), 4)
    (True, 0.0228)
    >>> tail_probability(2.0, degrees_of_freedom=2.0)  # whose variance is infinite
    Traceback (most recent call last):
    ...
    ValueError: degrees of freedom is 2: give a number above 2
    """
    from scipy import stats

    dof = degrees_of_freedom
    scaled = np.asarray(distance, float) * np.sqrt(dof / (dof - 2))
    return np.asarray(stats.norm.sf(distance)), np.asarray(stats.t.sf(scaled, dof))


# ---- assumptions that turn out wrong -------------------------------------------------------------


def changed(classes: Assumptions, change: Mapping[str, Any], *, policy: Policy) -> Assumptions:
    """Assumptions of classes as one entry of policy ``stress_assumptions`` changes them.

    Parameters
    ----------
    classes : Assumptions
        Annual decimals.
    change : mapping
        ``mean`` adds to expected returns and ``volatility`` multiplies volatilities, by class or
        for ``equity`` (policy's ``equity_classes``), ``other`` and ``listed real estate``;
        ``crisis`` is a share of the crisis correlations.
    policy : Policy
        The committee's decisions.

    Returns
    -------
    Assumptions

    Raises
    ------
    ValueError
        For any other word.

    Examples
    --------
    >>> from portlib import policy as policies
    >>> decided = policies.read()
    >>> told = Assumptions(
    ...     ["us_core_bonds", "us_large_equity", "cash"], [0.04, 0.06, 0.03],
    ...     [[0.0025, 0.004, 0.0], [0.004, 0.04, 0.0], [0.0, 0.0, 0.0001]],
    ... )
    >>> how = {"mean": {"equity": -0.01, "cash": 0.02}, "volatility": {"other": 2.0, "cash": 1.5}}
    >>> worse = changed(told, how, policy=decided)
    >>> worse.mu.round(9).tolist(), (worse.volatility / told.volatility).round(9).tolist()
    ([0.04, 0.05, 0.05], [2.0, 1.0, 3.0])
    >>> bool(np.isclose(worse.sigma[0, 1], 2 * 0.004))  # correlations stay
    True
    >>> tied = changed(told, {"crisis": 0.5, "volatility": {"equity": 2.0}}, policy=decided)
    >>> half = under_crisis(told, 0.5, policy=decided)
    >>> bool(np.isclose(tied.sigma[0, 1], 2 * half.sigma[0, 1])), tied.mu.tolist()
    (True, [0.04, 0.06, 0.03])
    >>> homes = Assumptions(["cash", LISTED], [0.03, 0.06], [[0.0001, 0.0], [0.0, 0.04]])
    >>> changed(homes, {"mean": {"listed real estate": -0.02}}, policy=decided).mu.round(9).tolist()
    [0.03, 0.04]
    >>> changed(told, {"mean": {"cash": 0.0, "tulips": 0.1, "art": 0.2}}, policy=decided)
    Traceback (most recent call last):
    ...
    ValueError: stress_assumptions: art, tulips: neither mean, volatility, crisis nor a class
    >>> changed(told, {"crisis": 0.1, "means": {"cash": 0.1}}, policy=decided)
    Traceback (most recent call last):
    ...
    ValueError: stress_assumptions: means: neither mean, volatility, crisis nor a class
    """
    equity = policy["equity_classes"]
    names = list(classes.labels)
    groups = {
        "equity": [c in equity for c in names],
        "other": [c not in equity for c in names],
        "listed real estate": [c == LISTED for c in names],
    } | {c: [c == o for o in names] for c in names}
    known = ("mean", "volatility", "crisis")
    words = {
        w for what in ("mean", "volatility") for w in change.get(what, {})
    } - groups.keys() | set(change) - set(known)
    if words:
        raise ValueError(
            f"stress_assumptions: {', '.join(sorted(words))}: neither {', '.join(known)} nor a "
            f"class"
        )
    mu = classes.mu.copy()
    factor = np.ones(len(classes))
    for name, added in change.get("mean", {}).items():
        mu[groups[name]] += added
    for name, times in change.get("volatility", {}).items():
        factor[groups[name]] *= times
    tied = under_crisis(classes, change.get("crisis", 0.0), policy=policy)
    return tied.replace(
        mu=mu, sigma=tied.sigma * np.outer(factor, factor), source=f"{tied.source}; stressed"
    )
