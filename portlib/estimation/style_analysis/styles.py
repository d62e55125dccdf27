"""Which mix of indices behaves as a fund does, how sure is that, and what may the plan expect of
the fund?

Returns-based: ``min Var(r - F b)`` with ``b >= 0`` and ``1'b = 1``;
``R2 = 1 - Var(r - F b) / Var(r)`` (Sharpe 1992). Holdings-based: weights held times the securities'
exposures. With exposures ``B`` on indices of covariance ``F`` and means ``mu``, funds have
covariance ``B F B' + D`` and expected returns ``B mu + alpha - expenses``. All funds share one Gram
matrix of the indices, so thousands of small problems are solved together, and exactly. Left out:
leverage, short positions, derivatives, trades within the window. Months in, annual decimals out
(means and variances times twelve).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from portlib.estimation.draws import block_bootstrap
from portlib.estimation.months import consecutive
from portlib.ranges import among, door, number, numbers
from portlib.records import Array, Assumptions

#: Weights, prices and eigenvalues below this, relative to the problem's own scale, are rounding.
ROUNDING = 1e-12
#: Exposures on which another mix could gain more than this share of the fund's sum of squares are
#: no optimum, and none are given.
CERTAIN = 1e-8


@dataclass(frozen=True, eq=False)
class Style:
    """The mix of indices that behaved most like each fund, and how well it did.

    ``exposures`` and ``standard_errors`` are funds x indices. ``fit`` has, by fund: ``r_squared``;
    ``specific_risk`` (annual; divisor months less positive exposures); ``alpha`` (annual arithmetic
    mean of fund less mix, net of whatever the fund's returns are net of) and its standard error
    ``alpha_error``; ``months`` used; and ``gap``, the certificate: what another mix could gain at
    most, as a share of the fund's sum of squares. ``failed`` names the funds left out and says why;
    ``fallbacks`` counts those that block pivoting left to a slower method.
    """

    exposures: pd.DataFrame
    standard_errors: pd.DataFrame
    fit: pd.DataFrame
    failed: Mapping[str, str]
    fallbacks: int


@door()
def style(
    funds: pd.DataFrame,
    indices: pd.DataFrame,
    *,
    minimum_months: int,
    demean: bool = True,
    half_life: float | None = None,
) -> Style:
    """Which mix of indices behaved most like each fund?

    Standard errors are ``sqrt(SSR / SSR_i / (T - k - 1))``: SSR_i is what the other indices
    (weights summing to one, signs free) leave of index i, k counts positive exposures, T is the
    effective number of months. They ignore ``b >= 0``. Source: Sharpe (1992); Lobosco and
    DiBartolomeo (1997).

    Parameters
    ----------
    funds, indices : (months, funds) and (months, indices), monthly decimals over the same months. A
        fund that begins late or ends early (missing values) is fitted on its own months.
    minimum_months : fewest months accepted, and never fewer than indices plus three.
    demean : minimise the variance of the difference (Sharpe 1992) or, if False, its mean square.
    half_life : months after which an observation counts half; by default all count alike.

    Returns
    -------
    Style
        Funds with gaps, too few months, one constant return or infinite values are in its
        ``failed``; the others go on.

    Raises
    ------
    ValueError
        For months that differ, and for indices with missing values or that replicate each other.

    Examples
    --------
    A fund of which half, 30% and 20% are in three indices, with an income and a life of its own,
    and one that is short of an index. Least squares of the months less the third index finds the
    first mix, its error and its rest:

    >>> months = pd.period_range("2020-01", periods=24, freq="M")
    >>> drawn = np.random.default_rng(0).normal(0.005, [0.04, 0.02, 0.05, 0.01, 0.01], (24, 5))
    >>> indices = pd.DataFrame(drawn[:, :3], months, ["shares", "bonds", "gold"])
    >>> mixed = indices @ [0.5, 0.3, 0.2] + drawn[:, 3]
    >>> funds = pd.DataFrame({"mixed": mixed, "short": indices @ [0.9, 0.3, -0.2] + drawn[:, 4]})
    >>> found = style(funds, indices, minimum_months=24)
    >>> x = indices[["shares", "bonds"]].sub(indices["gold"], axis=0).to_numpy()
    >>> x = np.column_stack([x, np.ones(24)])
    >>> y = (mixed - indices["gold"]).to_numpy()
    >>> b, (squares,) = np.linalg.lstsq(x, y)[:2]
    >>> np.allclose(found.exposures.loc["mixed"], [b[0], b[1], 1 - b[0] - b[1]])
    True
    >>> error = np.sqrt(np.diag(np.linalg.inv(x.T @ x)) * squares / (24 - 3 - 1))
    >>> np.allclose(found.standard_errors.loc["mixed", ["shares", "bonds"]], error[:2])
    True
    >>> risk = (12 * squares / (24 - 3)) ** 0.5
    >>> fit = [1 - squares / 24 / np.var(mixed), risk, 12 * b[2], risk / 2**0.5, 24]
    >>> np.allclose(found.fit.loc["mixed"].iloc[:5], fit), bool(found.fit["gap"].max() < 1e-12)
    (True, True)

    It goes on in ``styles.md``.
    """
    (r, f), names, n, fallbacks = _checked(funds, indices), indices.columns, indices.shape[1], 0
    failed, spans = unusable(funds, max(n + 3, minimum_months))
    b, errors, fit = (np.full((r.shape[1], width), np.nan) for width in (n, n, 6))
    usable = np.flatnonzero(spans[:, 1])
    for span in np.unique(spans[usable], axis=0):
        at = usable[(spans[usable] == span).all(axis=1)]
        y = r[span[0] : span[1], at]
        x = f[span[0] : span[1]]
        w = _month_weights(len(x), half_life)
        months = _effective(w, n, half_life)
        b[at], gap, left = _fit(y, x, w, demean, names)
        rest = y - x @ b[at].T
        spare = months - (b[at] > 1e-9).sum(axis=1)
        fallbacks = fallbacks + left
        own, whole = (np.sum(_moments(v, w, True) ** 2, axis=0) for v in (rest, y))
        risk = np.sqrt(12 * own / len(x) * months / spare)
        fit[at] = np.column_stack(
            [
                1 - own / whole,
                risk,
                12 * (w @ rest) / len(x),
                risk / np.sqrt(months / 12),
                np.full(len(at), len(x)),
                gap,
            ]
        )
        kkt = np.pad(_moments(x, w, demean).T @ _moments(x, w, demean), (0, 1), constant_values=1.0)
        kkt[n, n] = 0  # so that the inverse has 1 / SSR_i on its diagonal
        errors[at] = np.sqrt((own / (spare - 1))[:, None] * np.diag(np.linalg.inv(kkt))[:n])
    keep = fit[:, 5] <= CERTAIN
    failed |= {str(fund): "no optimum found" for fund in funds.columns[usable[~keep[usable]]]}
    fund = funds.columns[keep]
    by = ["r_squared", "specific_risk", "alpha", "alpha_error", "months", "gap"]
    return Style(
        pd.DataFrame(b[keep], fund, names),
        pd.DataFrame(errors[keep], fund, names),
        pd.DataFrame(fit[keep], fund, by),
        failed,
        fallbacks,
    )


def simplex_least_squares(gram: Array, cross: Array, rounds: int = 100) -> tuple[Array, int]:
    """Which ``b >= 0`` with ``1'b = 1`` minimise ``b'G b / 2 - c'b``, for one ``G`` and many ``c``?

    Block pivoting: solve with the weights now free; free those with a negative price and fix those
    that came out negative, all at once; after ten rounds one at a time by Murty's rule, which ends,
    because this is the linear complementarity problem of the positive definite
    ``G - c1' - 1c' + k 11'``. Problems with the same free weights share one inverse. Source: Murty
    (1974).

    Parameters
    ----------
    gram : array (n, n)
        Positive definite where weights sum to zero, n at most 60.
    cross : array (n, m)
        A column a problem.
    rounds : int
        After which the rest is left to scipy's nnls.

    Returns
    -------
    array (m, n), int
        Weights, and how many problems were left to nnls.

    Raises
    ------
    ValueError
        For more than 60 indices.

    Examples
    --------
    Of all choices of what is held, each solved by itself, the best whose weights are none of them
    negative:

    >>> from itertools import product
    >>> root = np.random.default_rng(4).normal(size=(6, 4))
    >>> gram = root.T @ root
    >>> cross = gram @ [[0.4, 0.9, -0.5], [0.3, 0.5, 0.2], [0.2, -0.4, 2.1], [0.1, 0.0, -0.8]]
    >>> weights, left = simplex_least_squares(gram, cross)
    >>> for problem, found in zip(cross.T, weights):
    ...     best = (np.inf, None)
    ...     for held in product([False, True], repeat=4):
    ...         if any(held):
    ...             at = np.flatnonzero(held)
    ...             border = np.ones((len(at) + 1, len(at) + 1))
    ...             border[:-1, :-1], border[-1, -1] = gram[np.ix_(at, at)], 0
    ...             b = np.zeros(4)
    ...             b[at] = np.linalg.solve(border, [*problem[at], 1.0])[:-1]
    ...             if b.min() >= 0:
    ...                 best = min(best, (b @ gram @ b / 2 - problem @ b, b.tolist()))
    ...     print(np.allclose(found, best[1]), int((found > 0).sum()))
    True 4
    True 2
    True 1
    >>> left
    0

    It goes on in ``styles.md``.
    """
    n, m = cross.shape
    if n > 60:
        raise ValueError(f"{n} indices cannot be told apart by monthly returns: choose at most 60")
    scale = np.trace(gram) / n
    g = gram / scale
    c = cross.T / scale
    b = np.zeros((m, n))
    free = np.ones((m, n), bool)
    todo = np.arange(m)
    slack = ROUNDING * np.maximum(1.0, np.abs(c).max(axis=1, keepdims=True))
    for done in range(rounds):
        s = free[todo]
        _, which, group = np.unique(s @ (1 << np.arange(n)), return_index=True, return_inverse=True)
        u = s[which].astype(float)
        kkt = np.zeros((len(u), n + 1, n + 1))
        kkt[:, :n, :n] = g * u[:, :, None] * u[:, None, :] + np.eye(n) * (1 - u)[:, None, :]
        kkt[:, :n, n] = kkt[:, n, :n] = u
        right = np.append(c[todo] * s, np.ones((len(s), 1)), axis=1)
        x = np.matmul(np.linalg.inv(kkt)[group], right[:, :, None])[:, :, 0]
        b[todo], price = x[:, :n], x[:, :n] @ g - c[todo] + x[:, n:]
        wrong = np.where(s, x[:, :n] < -ROUNDING, price < -slack[todo])
        last = np.arange(n) == n - 1 - wrong[:, ::-1].argmax(axis=1)[:, None]
        free[todo] = s ^ (wrong if done < 10 else wrong & last)
        todo = todo[wrong.any(axis=1)]
        if not todo.size:
            break
    for i in todo:
        from scipy import optimize  # rarely needed, slow to import

        root = np.linalg.cholesky(
            g - c[i] - c[i][:, None] + 1 + c[i] @ np.linalg.lstsq(g, c[i])[0]
        ).T
        b[i] = optimize.nnls(root, np.linalg.solve(root.T, np.ones(n)))[0]
    b = np.maximum(b, 0.0)
    return b / b.sum(axis=1, keepdims=True), todo.size


@door()
def rolling(
    funds: pd.DataFrame,
    indices: pd.DataFrame,
    window: int,
    *,
    step: int = 1,
    demean: bool = True,
    half_life: float | None = None,
    progress: Callable[[int, int], object] = lambda done, windows: None,
) -> pd.DataFrame:
    """How did each fund's style move: exposures over the ``window`` months that end at each month?

    Parameters
    ----------
    funds, indices, demean, half_life : as in `style`.
    window : months of each fit.
    step : months from one window to the next, counted back from the last.
    progress : called with windows done and windows in all.

    Returns
    -------
    DataFrame
        By (month, fund), a column an index; missing where a fund lacks returns in a window or is
        constant in it, or where no optimum was found.

    Raises
    ------
    ValueError
        As `style` does, and for a window of fewer months than indices plus three or no step.

    Examples
    --------
    Each row is the style of its own months, which end with the month it is filed under:

    >>> months = pd.period_range("2020-01", periods=20, freq="M")
    >>> drawn = np.random.default_rng(0).normal(0.005, [0.04, 0.02, 0.01], (20, 3))
    >>> indices = pd.DataFrame(drawn[:, :2], months, ["shares", "bonds"])
    >>> fund = indices["shares"].where(months < months[9], indices["bonds"]) * 0.8 + drawn[:, 2]
    >>> funds = pd.DataFrame({"fund": fund, "young": fund.where(months >= months[8])})
    >>> found = rolling(funds, indices, 8, step=5)
    >>> [str(month) for month in found.index.unique("month")]  # 8 and 7 months before the last
    ['2020-10', '2021-03', '2021-08']
    >>> part = slice(5, 13)  # June 2020 to January 2021
    >>> window = rolling(funds.iloc[:13], indices.iloc[:13], 8)
    >>> one = style(funds[["fund"]].iloc[part], indices.iloc[part], minimum_months=8)
    >>> np.allclose(window.loc[("2021-01", "fund")], one.exposures), len(window)
    (True, 12)
    >>> found["shares"].unstack().isna().to_numpy().tolist()  # until it has eight months
    [[False, True], [False, True], [False, False]]
    >>> weighted = rolling(funds, indices, 8, step=20, half_life=3, demean=False)
    >>> one = style(
    ...     funds[["fund"]].tail(8), indices.tail(8), minimum_months=8, half_life=3, demean=False
    ... )

    It goes on in ``styles.md``.
    """
    (r, f), w = _checked(funds, indices), _month_weights(window, half_life)
    number("step", step, least=1)
    if not f.shape[1] + 3 <= window <= len(f):
        raise ValueError(f"a window must have {f.shape[1] + 3} to {len(f)} months, not {window}")
    _effective(w, f.shape[1], half_life)
    ends = np.arange(len(r), window - 1, -step)[::-1]
    b = np.full((len(ends), r.shape[1], f.shape[1]), np.nan)
    for done, end in enumerate(ends):
        y = r[end - window : end]
        fit = np.isfinite(y).all(axis=0) & (y.max(axis=0) > y.min(axis=0))
        b[done, fit] = _fit(y[:, fit], f[end - window : end], w, demean, indices.columns)[0]
        progress(done + 1, len(ends))
    by = pd.MultiIndex.from_product(
        [indices.index[ends - 1], funds.columns], names=["month", "fund"]
    )
    return pd.DataFrame(b.reshape(-1, f.shape[1]), by, indices.columns)


def selection_returns(
    funds: pd.DataFrame, indices: pd.DataFrame, rolled: pd.DataFrame
) -> pd.DataFrame:
    """What did each fund earn beyond the mix that was known before the month: Sharpe's selection
    return?

    Parameters
    ----------
    funds, indices : as in `style`.
    rolled : from `rolling`.

    Returns
    -------
    DataFrame (months, funds)
        Monthly decimals, from the month after the first window on.

    Raises
    ------
    ValueError
        Naming indices that the exposures lack.

    Examples
    --------
    The mix known at the end of February holds in March and until a newer one is known:

    >>> months = pd.period_range("2020-01", periods=5, freq="M")
    >>> indices = pd.DataFrame({"shares": [0.1, 0.2, -0.1, 0.05, 0.3], "bonds": 0.01}, months)
    >>> funds = pd.DataFrame({"b": 0.02, "a": [0.0, 0.0, 0.01, 0.04, 0.2]}, months)
    >>> by = pd.MultiIndex.from_product([months[[1, 3]], ["b", "a"]], names=["month", "fund"])
    >>> mixes = [[0.5, 0.5], [0.25, 0.75], [1.0, 0.0], [0.6, 0.4]]
    >>> rolled = pd.DataFrame(mixes, by, ["shares", "bonds"])
    >>> beyond = selection_returns(funds, indices, rolled)
    >>> beyond["a"].round(9).tolist()  # 0.01 - (-0.0175), 0.04 - 0.02, 0.2 - 0.184
    [0.0275, 0.02, 0.016]
    >>> [str(month) for month in beyond.index], round(float(beyond.loc["2020-05", "b"]), 9)
    (['2020-03', '2020-04', '2020-05'], -0.28)
    >>> selection_returns(funds, indices[["bonds", "shares"]], rolled).equals(beyond)
    True
    >>> selection_returns(funds, indices.assign(gold=0.0), rolled)
    Traceback (most recent call last):
    ...
    ValueError: the exposures lack gold

    It goes on in ``styles.md``.
    """
    among("fund", rolled.index.unique("fund"), funds.columns)
    ends = rolled.index.unique("month")
    known = np.searchsorted(ends, indices.index) - 1  # the last estimate that ends before the month
    if lost := [str(name) for name in indices if name not in rolled]:
        raise ValueError(f"the exposures lack {', '.join(lost)}")
    by_index = rolled[list(indices)].to_numpy(float)
    b = by_index.reshape(len(ends), -1, indices.shape[1])[known[known >= 0]]
    mix = np.einsum("tmn,tn->tm", b, indices.to_numpy(float)[known >= 0])
    return funds.loc[known >= 0, rolled.index.unique("fund")] - mix


@door()
def block_bootstrap_errors(
    funds: pd.DataFrame,
    indices: pd.DataFrame,
    block_months: float,
    replications: int,
    rng: np.random.Generator,
) -> pd.DataFrame:
    """How far would exposures move in other histories made of runs of these months, funds and
    indices together?

    They respect ``b >= 0``, but no bootstrap is exact where a true exposure is zero (Andrews 2000).

    Parameters
    ----------
    funds, indices : as in `style`.
    block_months : mean length of a run.
    replications : histories drawn.
    rng : the source of all randomness.

    Returns
    -------
    DataFrame (funds, indices)
        Standard deviations (ddof 1) over the replications.

    Raises
    ------
    ValueError
        For a fund that `style` would leave out.

    Examples
    --------
    The histories are those of `block_bootstrap`, each fitted as `style` fits:

    >>> months = pd.period_range("2020-01", periods=30, freq="M")
    >>> drawn = np.random.default_rng(0).normal(0.005, [0.04, 0.02, 0.01, 0.02], (30, 4))
    >>> indices = pd.DataFrame(drawn[:, :2], months, ["shares", "bonds"])
    >>> mix = indices @ [0.6, 0.4]
    >>> funds = pd.DataFrame({"calm": mix + drawn[:, 2], "wild": mix + drawn[:, 3]})
    >>> errors = block_bootstrap_errors(funds, indices, 3, 4, np.random.default_rng(1))
    >>> rng, shares = np.random.default_rng(1), []
    >>> for replication in range(4):
    ...     (path,) = block_bootstrap(pd.concat([funds, indices], axis=1), 3, 1, 30, rng)
    ...     again = pd.DataFrame(path, months, [*funds, *indices])
    ...     found = style(again[list(funds)], again[list(indices)], minimum_months=30)
    ...     shares.append(found.exposures["shares"].to_numpy())
    >>> np.allclose(errors["shares"], np.std(shares, axis=0, ddof=1))
    True
    >>> list(errors.index), bool(errors.loc["wild", "bonds"] > errors.loc["calm", "bonds"] > 0)
    (['calm', 'wild'], True)
    >>> young = pd.concat([funds.head(1) * np.nan, funds.iloc[1:]])
    >>> block_bootstrap_errors(young, indices, 3, 4, np.random.default_rng(1))  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    ValueError: leave out, or complete: {'calm': '29 months; at least 30 are needed', 'wild': ...

    It goes on in ``styles.md``.
    """
    if failed := style(funds, indices, minimum_months=len(funds)).failed:
        raise ValueError(f"leave out, or complete: {failed}")
    both = pd.concat([funds, indices], axis=1)
    m = funds.shape[1]
    w = np.ones(len(funds))
    paths = (block_bootstrap(both, block_months, 1, len(both), rng)[0] for _ in range(replications))
    draws = np.array(
        [_fit(path[:, :m], path[:, m:], w, True, indices.columns)[0] for path in paths]
    )
    return pd.DataFrame(draws.std(axis=0, ddof=1), funds.columns, indices.columns)


@door()
def drift(
    funds: pd.DataFrame,
    indices: pd.DataFrame,
    window: int,
    replications: int,
    rng: np.random.Generator,
) -> pd.DataFrame:
    """Did a fund's style change by more than an unchanged style would seem to?

    Source: Idzorek and Bertsch (2004), for the score.

    Parameters
    ----------
    funds, indices : as in `style`.
    window : months of each fit; windows do not overlap and are counted back from the last month.
    replications : histories drawn of a fund that kept its average mix, with the residuals of the
        windows' own fits (scaled as in HC3), signs drawn anew so that noisy times stay noisy.
    rng : the source of all randomness.

    Returns
    -------
    DataFrame
        By fund: ``score``, the square root of the summed variances (ddof 1) of exposures over
        windows; ``by_chance``, its median in the histories drawn; and the ``p_value``.

    Raises
    ------
    ValueError
        Below two windows, and for funds that `style` leaves out or that are constant in a window.

    Examples
    --------
    Two windows of twelve months after two that belong to none; ``moved`` is shares in the one and
    bonds in the other, ``kept`` is half of each throughout:

    >>> months = pd.period_range("2020-01", periods=26, freq="M")
    >>> drawn = np.random.default_rng(0).normal(0.005, [0.04, 0.02, 0.01], (26, 3))
    >>> indices = pd.DataFrame(drawn[:, :2], months, ["shares", "bonds"])
    >>> moved = indices["shares"].where(months < months[14], indices["bonds"]) + drawn[:, 2]
    >>> funds = pd.DataFrame({"moved": moved, "kept": indices @ [0.5, 0.5] + drawn[::-1, 2]})
    >>> found = drift(funds, indices, 12, 19, np.random.default_rng(1))
    >>> found["p_value"].round(9).tolist()[0]  # one in twenty: no drawn history moved as far
    0.05
    >>> def styles_of(fund):
    ...     return [
    ...         style(fund.to_frame("fund").iloc[part], indices.iloc[part], minimum_months=12)
    ...         for part in (slice(2, 14), slice(14, 26))
    ...     ]
    >>> def score(fund):
    ...     first, second = (one.exposures.to_numpy() for one in styles_of(fund))
    ...     return float((((first - second) ** 2).sum() / 2) ** 0.5)
    >>> np.allclose(found["score"], [score(funds["moved"]), score(funds["kept"])])
    True

    It goes on in ``styles.md``.
    """
    if len(funds) < 2 * window:
        raise ValueError(
            f"drift needs two windows of {window} months; the history has {len(funds)}"
        )
    months = len(funds) // window * window
    n = indices.shape[1]
    funds = funds.tail(months)
    indices = indices.tail(months)
    if (whole := style(funds, indices, minimum_months=months)).failed:
        raise ValueError(f"leave out, or complete: {whole.failed}")
    b = rolling(funds, indices, window, step=window).to_numpy(float).reshape(-1, funds.shape[1], n)
    if (without := funds.columns[np.isnan(b).any(axis=(0, 2))]).size:
        raise ValueError(
            f"no style in every window: {', '.join(map(str, without))}; leave out what stands "
            "still for so long, or give a longer window"
        )
    rest = (
        funds.to_numpy(float).reshape(len(b), window, -1)
        - indices.to_numpy(float).reshape(len(b), window, n) @ b.mT
    )
    rest = (rest - rest.mean(axis=1, keepdims=True)) * (window / (window - (b > 1e-9).sum(axis=2)))[
        :, None, :
    ]
    signs = rng.choice([-1.0, 1.0], (months, replications))
    mix = indices @ whole.exposures.T
    rows = {}
    for own, fund in zip(rest.reshape(months, -1).T, funds.columns, strict=True):
        paths = np.column_stack([funds[fund], mix[[fund]].to_numpy() + own[:, None] * signs])
        drawn = rolling(pd.DataFrame(paths, funds.index), indices, window, step=window).to_numpy(
            float
        )
        score = np.sqrt(drawn.reshape(-1, replications + 1, n).var(axis=0, ddof=1).sum(axis=1))
        rows[fund] = (
            score[0],
            np.median(score[1:]),
            (1 + (score[1:] >= score[0]).sum()) / (replications + 1),
        )
    return pd.DataFrame.from_dict(rows, orient="index", columns=["score", "by_chance", "p_value"])


def collinearity(indices: pd.DataFrame) -> pd.DataFrame:
    """Which indices can the others stand in for?

    By index, the worst first: ``vif``, the variance inflation factor (huge or infinite for a
    duplicate); the annual volatility ``unexplained`` by the others (weights summing to one, signs
    free), by which every standard error divides; and the ``closest`` index, by correlation. Source:
    Belsley, Kuh and Welsch (1980), for the factor.

    Examples
    --------
    The inflation factors stand on the diagonal of the inverse correlations; what others leave of an
    index, under one over that of the inverse covariances with a border of ones:

    >>> months = pd.period_range("2020-01", periods=24, freq="M")
    >>> drawn = np.random.default_rng(0).normal(0.005, [0.04, 0.02, 0.01], (24, 3))
    >>> indices = pd.DataFrame(drawn, months, ["shares", "bonds", "gold"])
    >>> indices["mix"] = indices @ [0.7, 0.3, 0.0] + np.roll(drawn[:, 2], 5) / 2
    >>> found = collinearity(indices)
    >>> list(found.index)[0], found.loc["shares", "closest"], found.loc["mix", "closest"]
    ('mix', 'mix', 'shares')
    >>> inflated = pd.Series(np.diag(np.linalg.inv(indices.corr())), list(indices))
    >>> np.allclose(found["vif"].astype(float), inflated[found.index])
    True
    >>> border = np.ones((5, 5))
    >>> border[:4, :4], border[4, 4] = indices.cov(), 0
    >>> left = pd.Series(np.sqrt(12 / np.diag(np.linalg.inv(border))[:4]), list(indices))
    >>> np.allclose(found["unexplained"].astype(float), left[found.index])
    True
    >>> collinearity(indices[["gold"]])
    Traceback (most recent call last):
    ...
    ValueError: one index has no others that could stand in for it: give two or more

    It goes on in ``styles.md``.
    """
    if indices.shape[1] < 2:
        raise ValueError("one index has no others that could stand in for it: give two or more")
    x = indices.to_numpy(float) - indices.to_numpy(float).mean(axis=0)
    rows = {}
    closest = indices.columns[(indices.corr().to_numpy() - 2 * np.eye(x.shape[1])).argmax(axis=1)]
    for i, name in enumerate(indices.columns):
        y = x[:, i]
        others = np.delete(x, i, axis=1)
        free, tied = (
            np.sum((q - z @ np.linalg.lstsq(z, q)[0]) ** 2)
            for q, z in ((y, others), (y - others[:, 0], others[:, 1:] - others[:, :1]))
        )
        rows[name] = (
            y @ y / free if free > 0 else np.inf,
            np.sqrt(12 * tied / (len(x) - 1)),
            closest[i],
        )
    return (
        pd.DataFrame(rows, ["vif", "unexplained", "closest"])
        .T.infer_objects()
        .sort_values("vif", ascending=False)
    )


def holdings_exposures(holdings: pd.DataFrame, securities: pd.DataFrame) -> pd.DataFrame:
    """What does a fund hold now, in terms of indices?

    Parameters
    ----------
    holdings : DataFrame (funds, securities)
        Weights; rows sum to one.
    securities : DataFrame (securities, indices)
        Exposures of each.

    Returns
    -------
    DataFrame (funds, indices)

    Raises
    ------
    ValueError
        Naming a security held without known exposures, or a fund whose weights do not sum to one.

    Examples
    --------
    >>> held = pd.DataFrame({"A": [0.6, 0.0], "B": [0.4, 1.0], "C": 0.0}, ["fund", "other"])
    >>> known = pd.DataFrame({"shares": [0.2, 1.0], "bonds": [0.8, 0.0]}, ["B", "A"])
    >>> holdings_exposures(held, known).round(9).to_numpy().tolist()  # 0.6 + 0.4 * 0.2, 0.4 * 0.8
    [[0.68, 0.32], [0.2, 0.8]]
    >>> holdings_exposures(held.assign(C=[0.0, 0.1]), known)
    Traceback (most recent call last):
    ...
    ValueError: held but without known exposures: C; map them to indices first
    >>> holdings_exposures(held * 0.9, known)
    Traceback (most recent call last):
    ...
    ValueError: weights do not sum to one: fund, other; cash counts
    >>> holdings_exposures(held[["A", "B"]].replace(0.0, np.nan), known)  # missing is not zero
    Traceback (most recent call last):
    ...
    ValueError: weights do not sum to one: other; cash counts

    It goes on in ``styles.md``.
    """
    held = holdings.loc[:, (holdings != 0).any()]
    if unknown := [str(name) for name in held.columns if name not in securities.index]:
        raise ValueError(
            f"held but without known exposures: {', '.join(unknown)}; map them to indices first"
        )
    whole = (held.sum(axis=1, skipna=False) - 1).abs() <= 1e-6
    if short := [str(fund) for fund in held.index[~whole]]:
        raise ValueError(f"weights do not sum to one: {', '.join(short)}; cash counts")
    return held @ securities.loc[held.columns]


@door()
def blend(returns_based: pd.DataFrame, holdings_based: pd.DataFrame, weight: float) -> pd.DataFrame:
    """One exposure from two.

    Parameters
    ----------
    returns_based, holdings_based : DataFrame (funds, indices)
        Of the same funds and indices, in any order.
    weight : float
        Of the holdings, 0 to 1; the rest is of the returns.

    Raises
    ------
    ValueError
        For a weight outside 0 to 1, and what only one side knows.

    Examples
    --------
    >>> seen = pd.DataFrame({"shares": [0.8, 0.1], "bonds": [0.2, 0.9]}, ["a", "b"])
    >>> held = pd.DataFrame({"bonds": [0.7, 0.4], "shares": [0.3, 0.6]}, ["b", "a"])
    >>> blend(seen, held, 0.25).round(9).to_numpy().tolist()  # 0.25 * 0.6 + 0.75 * 0.8 and so on
    [[0.75, 0.25], [0.15, 0.85]]
    >>> [float(blend(seen, held, weight).loc["a", "shares"]) for weight in (0, 1)]
    [0.8, 0.6]
    >>> blend(seen, held, 1.1)
    Traceback (most recent call last):
    ...
    ValueError: weight 1.1 must lie in 0 to 1; known to only one side: none
    >>> blend(seen, held.drop(columns="bonds"), 0.5)
    Traceback (most recent call last):
    ...
    ValueError: weight 0.5 must lie in 0 to 1; known to only one side: ['bonds']
    >>> blend(seen, held.drop("b"), -0.1)
    Traceback (most recent call last):
    ...
    ValueError: weight -0.1 must lie in 0 to 1; known to only one side: ['b']

    It goes on in ``styles.md``.
    """
    strange = set(returns_based.index) ^ set(holdings_based.index)
    strange |= set(returns_based.columns) ^ set(holdings_based.columns)
    if strange or not 0 <= weight <= 1:
        raise ValueError(
            f"weight {weight} must lie in 0 to 1; known to only one side: "
            f"{sorted(strange) or 'none'}"
        )
    return (
        weight * holdings_based.loc[returns_based.index, returns_based.columns]
        + (1 - weight) * returns_based
    )


def style_distance(
    exposures: pd.DataFrame, others: pd.DataFrame, sigma: pd.DataFrame
) -> pd.DataFrame:
    """How far apart do two mixes run?

    Indices that move together count as near, whichever is named.

    Parameters
    ----------
    exposures, others : DataFrame (rows, indices)
    sigma : DataFrame (indices, indices)
        Annual covariance.

    Returns
    -------
    DataFrame (rows of exposures, rows of others)
        Tracking error, annual decimals.

    Raises
    ------
    ValueError
        Naming an index that one of them lacks.

    Examples
    --------
    A tenth more shares and a tenth fewer bonds: ``0.1 sqrt(0.04 + 0.0025 - 2 * 0.002)``.

    >>> names = ["shares", "bonds"]
    >>> sigma = pd.DataFrame([[0.0025, 0.002], [0.002, 0.04]], names[::-1], names[::-1])
    >>> one = pd.DataFrame([[0.7, 0.3], [0.2, 0.8]], ["a", "b"], names)
    >>> other = pd.DataFrame([[0.4, 0.6]], ["mix"], names[::-1])
    >>> style_distance(one, other, sigma)["mix"].round(9).tolist()
    [0.019621417, 0.078485667]
    >>> [round(gap * (0.04 + 0.0025 - 2 * 0.002) ** 0.5, 9) for gap in (0.1, 0.4)]
    [0.019621417, 0.078485667]
    >>> style_distance(one, other.drop(columns="bonds"), sigma)
    Traceback (most recent call last):
    ...
    ValueError: others lacks bonds
    >>> style_distance(one, other, sigma.drop(columns="shares"))
    Traceback (most recent call last):
    ...
    ValueError: sigma lacks shares

    It goes on in ``styles.md``.
    """
    names = exposures.columns
    both = sigma.index.intersection(sigma.columns)
    for what, known in (("others", others.columns), ("sigma", both)):
        if lost := [str(name) for name in names if name not in known]:
            raise ValueError(f"{what} lacks {', '.join(lost)}")
    gap = exposures.to_numpy(float)[:, None, :] - others[names].to_numpy(float)
    square = np.einsum("fci,ij,fcj->fc", gap, sigma.loc[names, names].to_numpy(float), gap)
    return pd.DataFrame(np.sqrt(np.maximum(square, 0)), exposures.index, others.index)


@door()
def category_check(
    found: Style,
    sigma: pd.DataFrame,
    categories: pd.Series,
    targets: pd.DataFrame,
    *,
    margin: float,
    r_squared_floor: float,
) -> pd.DataFrame:
    """Does a fund behave as its category's name promises?

    Parameters
    ----------
    found : Style
    sigma : DataFrame (indices, indices)
        Annual covariance.
    categories : Series by fund
        What each is called.
    targets : DataFrame (categories, indices)
        What each name promises; a category may have none.
    margin : float
        Tracking error by which another category must be closer to be said, annual decimal.
    r_squared_floor : float
        Below it nothing is told.

    Returns
    -------
    DataFrame
        By fund: category, nearest, ``to_category`` and ``to_nearest`` (see `style_distance`),
        verdict: ``flagged`` when the nearest is closer by more than the margin; ``cannot tell``
        below the floor; ``no rule`` without a target; else ``as labelled``.

    Examples
    --------
    Indices that are not related: a fund of nine tenths shares called balanced is ``0.4 sqrt(0.04 +
    0.0025)`` away from its name, and a quarter of that from the next. It is 6.2 points nearer: a
    margin of 6 flags it, one of 7 does not:

    >>> names = ["shares", "bonds"]
    >>> sigma = pd.DataFrame(np.diag([0.04, 0.0025]), names, names)
    >>> mixes = pd.DataFrame([[0.9, 0.1], [0.6, 0.4], [1.0, 0.0], [1.0, 0.0]], list("abcd"), names)
    >>> fit = pd.DataFrame({"r_squared": [0.9, 0.9, 0.5, 0.9]}, list("abcd"))
    >>> found = Style(mixes, mixes, fit, {}, 0)
    >>> called = pd.Series({"d": "gold", "c": "balanced", "b": "balanced", "a": "balanced"})
    >>> targets = pd.DataFrame([[0.5, 0.5], [1.0, 0.0]], ["balanced", "equity"], names)
    >>> table = category_check(found, sigma, called, targets, margin=0.06, r_squared_floor=0.8)
    >>> table["verdict"].to_dict()
    {'a': 'flagged', 'b': 'as labelled', 'c': 'cannot tell', 'd': 'no rule'}
    >>> table.loc["a", ["to_category", "to_nearest"]].astype(float).round(4).tolist()
    [0.0825, 0.0206]
    >>> [round(gap * (0.04 + 0.0025) ** 0.5, 4) for gap in (0.4, 0.1)], table["nearest"].tolist()
    ([0.0825, 0.0206], ['equity', 'balanced', 'equity', 'equity'])
    >>> table["category"].tolist()
    ['balanced', 'balanced', 'balanced', 'gold']
    >>> wider = category_check(found, sigma, called, targets, margin=0.07, r_squared_floor=0.5)
    >>> wider["verdict"].tolist()  # the floor itself is enough
    ['as labelled', 'as labelled', 'flagged', 'no rule']

    It goes on in ``styles.md``.
    """
    if lost := [str(fund) for fund in found.exposures.index if fund not in categories.index]:
        raise ValueError(f"no category of {', '.join(lost)}")
    away = style_distance(found.exposures, targets, sigma)
    stated = categories[away.index]
    own = np.array([away[name][fund] if name in away else np.nan for fund, name in stated.items()])
    verdict = np.select(
        [np.isnan(own), found.fit["r_squared"] < r_squared_floor, own - away.min(axis=1) > margin],
        ["no rule", "cannot tell", "flagged"],
        "as labelled",
    )
    return pd.DataFrame(
        {
            "category": stated,
            "nearest": away.idxmin(axis=1),
            "to_category": own,
            "to_nearest": away.min(axis=1),
            "verdict": verdict,
        }
    )


@door()
def shrunk_alpha(
    alpha: pd.Series, alpha_error: pd.Series, expense_ratio: pd.Series, prior_sd: float
) -> pd.Series:
    """How much of a measured net alpha is to be believed, before expenses?

    ``(alpha + expenses) prior_sd^2 / (prior_sd^2 + error^2)``, the mean of a normal posterior
    around zero *before* expenses: drawing a net alpha to zero would wave the fees.

    Parameters
    ----------
    alpha, alpha_error, expense_ratio : Series by fund
        Annual decimals; the alpha is net of expenses.
    prior_sd : float
        How far true alphas lie from zero, annual decimal; 0 believes none.

    Returns
    -------
    Series by fund
        Annual decimals.

    Raises
    ------
    ValueError
        For a fund without error or expense ratio, and figures that are negative or one and more.

    Examples
    --------
    A net alpha of 1% after 0.5% of expenses, known to 2 points, believed to lie within 1: ``0.015 /
    (1 + 4)``. One that only lost its expenses had none:

    >>> alpha, error = pd.Series({"a": 0.01, "b": -0.004}), pd.Series({"b": 0.01, "a": 0.02})
    >>> shrunk_alpha(alpha, error, pd.Series({"b": 0.004, "a": 0.005}), 0.01).round(9).to_dict()
    {'a': 0.003, 'b': 0.0}
    >>> shrunk_alpha(alpha, error, pd.Series({"b": 0.014, "a": 0.005}), 0.01).round(9)["b"].item()
    0.005
    >>> shrunk_alpha(alpha, error, pd.Series({"b": 0.0, "a": 0.005}), 0.0).abs().tolist()
    [0.0, 0.0]
    >>> shrunk_alpha(alpha, error.drop("b"), pd.Series({"b": 0.0, "a": 0.005}), 0.01)
    Traceback (most recent call last):
    ...
    ValueError: alpha_error lacks b
    >>> shrunk_alpha(alpha, error, pd.Series({"a": 0.005}), 0.01)
    Traceback (most recent call last):
    ...
    ValueError: expense_ratio lacks b
    >>> shrunk_alpha(alpha, -error, pd.Series({"b": 0.0, "a": 0.005}), 0.01)  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    ValueError: alpha_error is -0.02: ...
    >>> shrunk_alpha(alpha, error, pd.Series({"b": 0.0, "a": 0.005}), 1)  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    ValueError: prior_sd is 1: ...

    It goes on in ``styles.md``.
    """
    number("prior_sd", prior_sd, least=0, below=1)
    for what, series in (("alpha_error", alpha_error), ("expense_ratio", expense_ratio)):
        if lost := [str(fund) for fund in alpha.index if fund not in series.index]:
            raise ValueError(f"{what} lacks {', '.join(lost)}")
        numbers(what, series[alpha.index], least=0, below=1)
    return (
        (alpha + expense_ratio[alpha.index])
        * prior_sd**2
        / (prior_sd**2 + alpha_error[alpha.index] ** 2)
    )


def fund_assumptions(
    exposures: pd.DataFrame,
    assumptions: Assumptions,
    specific_risk: pd.Series,
    expense_ratio: pd.Series,
    alpha: pd.Series | None = None,
) -> Assumptions:
    """What is an optimiser told about funds: ``B mu + alpha - expenses`` and ``B F B' + D``?

    Parameters
    ----------
    exposures : DataFrame (funds, classes)
        ``B``.
    assumptions : Assumptions
        ``mu`` and ``F`` of the classes, annual decimals.
    specific_risk : Series by fund
        Annual volatilities, of which ``D`` is made; it is diagonal: what funds share beyond the
        classes is left out.
    expense_ratio : Series by fund
        Annual decimals.
    alpha : Series by fund, optional
        Before expenses (`shrunk_alpha`); none when not given.

    Returns
    -------
    Assumptions
        Of the funds, net of expenses.

    Raises
    ------
    ValueError
        Naming funds without expense ratio, specific risk or alpha, or exposed to a class that the
        assumptions lack.

    Examples
    --------
    A fund of 60% bonds and 40% shares that moves by 3 points of its own and takes 0.5%: it is to
    earn ``0.6 * 0.03 + 0.4 * 0.07 - 0.005``, with the variance ``0.36 * 0.0025 + 0.16 * 0.04 +
    0.0009``.

    >>> sigma = [[0.04, 0.0], [0.0, 0.0025]]
    >>> told = Assumptions(["shares", "bonds"], [0.07, 0.03], sigma, 0.02, "A")
    >>> mixes = pd.DataFrame({"bonds": [0.6, 0.2], "shares": [0.4, 0.8]}, ["mix", "bold"])
    >>> own, costs = pd.Series({"bold": 0.05, "mix": 0.03}), pd.Series({"bold": 0.01, "mix": 0.005})
    >>> funds = fund_assumptions(mixes, told, own, costs)
    >>> funds.labels, funds.mu.round(9).tolist(), funds.rf
    (('mix', 'bold'), [0.041, 0.052], 0.02)
    >>> funds.sigma.round(9).tolist()  # together 0.6 * 0.2 * 0.0025 + 0.4 * 0.8 * 0.04
    [[0.0082, 0.0131], [0.0131, 0.0282]]
    >>> funds.source
    'A; through style exposures, net of expense ratios'
    >>> alpha = pd.Series({"bold": 0.0, "mix": 0.002})
    >>> fund_assumptions(mixes, told, own, costs, alpha).mu.round(9).tolist()
    [0.043, 0.052]

    It goes on in ``styles.md``.
    """
    beyond = [name for name in exposures if name not in assumptions.labels]
    if lost := [
        f"{fund} to {name}" for name in beyond for fund in exposures.index[exposures[name] != 0]
    ]:
        raise ValueError(
            f"exposed beyond the assumptions: {', '.join(lost)}; add the class or leave the "
            f"fund out"
        )
    costs = expense_ratio.reindex(exposures.index).to_numpy(float)
    if unpriced := [
        str(fund) for fund, cost in zip(exposures.index, costs, strict=True) if not cost >= 0
    ]:
        raise ValueError(
            f"no expense ratio for {', '.join(unpriced)}: no fund is free of charge until "
            f"someone says so"
        )
    funds = exposures.index
    held = exposures.to_numpy(float)
    where = {name: column for column, name in enumerate(exposures)}
    b = np.zeros((len(assumptions), len(held))).T
    for column, name in enumerate(assumptions.labels):
        if name in where:
            b[:, column] = held[:, where[name]]
    for what, figures in (("specific risk", specific_risk), ("alpha", alpha)):
        lost = [] if figures is None else [str(fund) for fund in funds if fund not in figures.index]
        if lost:
            raise ValueError(f"no {what} of {', '.join(lost)}")
    own = specific_risk[funds].to_numpy(float)
    net = costs if alpha is None else costs - alpha[funds].to_numpy(float)
    return through_exposures(list(funds), b, assumptions, own, net)


def through_exposures(
    funds: Sequence[str], b: Array, assumptions: Assumptions, own_risk: Array, costs: Array
) -> Assumptions:
    """`fund_assumptions` of plain arrays: ``B mu - costs`` and ``B F B' + D``.

    Parameters
    ----------
    funds : sequence of str, length n
    b : array (n, k)
        Exposures to the k classes of the assumptions.
    assumptions : Assumptions
        Of the classes, annual decimals.
    own_risk, costs : array (n,)
        Volatility beyond the classes, and what is taken from the return, annual decimals.

    Examples
    --------
    >>> told = Assumptions(["shares", "bonds"], [0.07, 0.03], [[0.04, 0.0], [0.0, 0.0025]])
    >>> b = np.array([[0.4, 0.6]])
    >>> fund = through_exposures(["mix"], b, told, np.array([0.03]), np.array([0.005]))
    >>> fund.mu.round(9).tolist(), fund.sigma.round(9).tolist()  # as in `fund_assumptions`
    ([0.041], [[0.0082]])
    """
    sigma = b @ assumptions.sigma @ b.T + np.diag(own_risk**2)
    return Assumptions(
        funds,
        b @ assumptions.mu - costs,
        sigma,
        assumptions.rf,
        source=f"{assumptions.source}; through style exposures, net of expense ratios",
    )


def _checked(funds: pd.DataFrame, indices: pd.DataFrame) -> tuple[Array, Array]:
    for what, frame in (("funds", funds), ("indices", indices)):
        if frame.empty or not frame.columns.is_unique:
            raise ValueError(
                f"{what}: {'no returns are given' if frame.empty else 'a name is given twice'}"
            )
    if not funds.index.equals(indices.index) or not indices.index.is_monotonic_increasing:
        raise ValueError(
            "funds and indices must cover the same months in the same, rising order: join them "
            "by month"
        )
    consecutive(indices.index, "funds and indices")
    f = indices.to_numpy(float)
    for month, column in np.argwhere(~np.isfinite(f))[:1]:
        raise ValueError(
            f"index {indices.columns[column]!r} has no finite return for "
            f"{indices.index[month]:%Y-%m}"
        )
    return funds.to_numpy(float), f


@door()
def unusable(funds: pd.DataFrame, least: int) -> tuple[dict[str, str], np.ndarray]:
    """Which funds cannot be fitted, and why?

    Parameters
    ----------
    funds : DataFrame (months, funds)
        Monthly decimals; missing before a fund's first month and after its last.
    least : int
        Fewest months accepted.

    Returns
    -------
    dict, array (funds, 2)
        Reasons by fund; the row of each fund's first return and the one after its last, which is 0
        for a fund that cannot be fitted.

    Examples
    --------
    >>> months = pd.period_range("2020-01", periods=5, freq="M")
    >>> table = pd.DataFrame(
    ...     {
    ...         "young": [np.nan, np.nan, 0.01, 0.02, 0.03],
    ...         "gone": [0.01, 0.02, 0.03, np.nan, np.nan],
    ...         "brief": [np.nan, 0.01, 0.02, np.nan, np.nan],
    ...         "holed": [0.01, np.nan, 0.02, 0.03, 0.04],
    ...         "still": [np.nan, 0.001, 0.001, 0.001, 0.001],
    ...         "odd": [0.01, np.inf, 0.02, 0.03, 0.04],
    ...         "empty": np.nan,
    ...     },
    ...     months,
    ... )
    >>> failed, spans = unusable(table, 3)
    >>> spans.tolist()
    [[2, 5], [0, 3], [1, 0], [0, 0], [1, 0], [0, 0], [0, 0]]
    >>> for fund, why in failed.items():
    ...     print(f"{fund}: {why}")
    brief: 2 months; at least 3 are needed
    holed: a gap: no return for 2020-02
    still: the same return, 0.001, in every month; was a price ever observed?
    odd: a return that is not finite
    empty: no returns at all
    """
    r = funds.to_numpy(float)
    seen = np.isfinite(r)
    infinite = np.isinf(r).any(axis=0)
    first = seen.argmax(axis=0)
    end = len(r) - seen[::-1].argmax(axis=0)
    count = seen.sum(axis=0)
    still = (
        np.where(seen, r, -np.inf).max(axis=0) - np.where(seen, r, np.inf).min(axis=0) <= ROUNDING
    )
    failed = {}
    for j in map(int, np.flatnonzero((count < end - first) | (count < least) | still | infinite)):
        hole = funds.index[int(first[j] + (~seen[first[j] :, j]).argmax())]
        failed[str(funds.columns[j])] = (
            "no returns at all"
            if not count[j]
            else "a return that is not finite"
            if infinite[j]
            else f"a gap: no return for {hole:%Y-%m}"
            if count[j] < end[j] - first[j]
            else f"{count[j]} months; at least {least} are needed"
            if count[j] < least
            else f"the same return, {r[first[j], j]:.4g}, in every month; was a price ever "
            "observed?"
        )
        end[j] = 0
    return failed, np.column_stack([first, end])


def _month_weights(months: int, half_life: float | None) -> Array:
    if half_life is not None and not half_life > 0:
        raise ValueError(f"half_life must be a positive number of months, not {half_life}")
    w = 0.5 ** (np.arange(months)[::-1] / (half_life or np.inf))
    return np.asarray(w * months / w.sum(), float)


def _effective(w: Array, n: int, half_life: float | None) -> float:
    """So many equal months tell as much as those weighted; ValueError for too few."""
    months = float(len(w) ** 2 / (w @ w))
    if months <= n + 2:
        raise ValueError(
            f"half_life {half_life} leaves {months:.1f} effective months for {n} indices: "
            f"lengthen it"
        )
    return months


def _moments(r: Array, w: Array, demean: bool) -> Array:
    return np.sqrt(w)[:, None] * (r - demean * (w @ r) / len(w))


def _fit(r: Array, f: Array, w: Array, demean: bool, names: pd.Index) -> tuple[Array, Array, int]:
    """Exposures, their certificates, and how many block pivoting did not finish; exposures are
    missing where no optimum was found."""
    (x, y), n = (_moments(v, w, demean) for v in (f, r)), f.shape[1]
    gram = x.T @ x
    cross = x.T @ y
    flat = np.eye(n) - 1 / n
    values, vectors = np.linalg.eigh(flat @ gram @ flat + np.trace(gram) / n)
    if values[0] < ROUNDING * values[-1]:
        heavy = names[np.abs(vectors[:, 0]) > 0.3 * np.abs(vectors[:, 0]).max()]
        raise ValueError(
            f"indices that replicate each other in these months: {', '.join(heavy)}; exposures "
            f"to them "
            "are not unique: leave one out or merge them"
        )
    b, left = simplex_least_squares(gram, cross)
    slope = b @ gram - cross.T
    gap = (np.sum(b * slope, axis=1) - slope.min(axis=1)) / np.sum(y**2, axis=0)
    return np.where(gap[:, None] <= CERTAIN, b, np.nan), gap, left
