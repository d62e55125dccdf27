"""How much is lost when it goes badly, and which portfolio loses least then?

A loss is minus a return: losses and all that is measured from them are positive when money is lost.
At level b (0.95: the worst twentieth), of T equally likely scenarios m = (1 - b) T are in the tail,
and::

    VaR   is the smallest loss that at least a share b of the scenarios does not exceed,
    CVaR  the mean of the m largest losses, the last of them counted in part where m is no whole
          number,
          = min over a of  a + sum max(loss_t - a, 0) / m
          = max over 0 <= p <= 1, sum p = m of  sum p_t loss_t / m

(Rockafellar and Uryasev 2000, 2002). The last form is a game: an adversary picks the scenarios p,
we pick weights. It is a linear programme in p whose shadow prices are the weights and the VaR.
Whatever the weights, almost every p_t is 0 or 1; so only scenarios near the VaR and assets that are
held are written out, and others join when they matter.

Expected shortfall is CVaR. Left out: what is in no scenario. Decimals of one period, of any length.
"""

from __future__ import annotations

import math
import time
from itertools import pairwise
from statistics import NormalDist
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from portlib.construction.engines import TIE, NotSolved, allocation, default_mandate, refusal, solve
from portlib.construction.mandate import Limit, Mandate, Program
from portlib.construction.mean_variance import maximum_utility
from portlib.estimation.months import monthly, same
from portlib.ranges import number, numbers
from portlib.records import Allocation, Array, Assumptions

#: Scenarios written out at first on either side of the VaR beside one for each asset held; rounds
#: before giving up.
BAND, ROUNDS = 100, 500
#: A cubic may turn where luck is rarer than one part in so many of the tail.
RARE = 100
#: How far a distance may exceed its limit and, per unit of the worst loss, a CVaR its proven bound.
SURE = 1e-9
#: HiGHS: the simplex method is exact, and goes on from where it stood when rows or columns are
#: added.
OPTIONS: dict[str, bool | int | float | str] = {
    "output_flag": False,
    "presolve": "off",
    "solver": "simplex",
    "threads": 1,
    "primal_feasibility_tolerance": 1e-10,
    "dual_feasibility_tolerance": 1e-10,
}

Values = float | Array


class Tail(NamedTuple):
    """Value at risk and conditional value at risk: losses, positive, decimals."""

    var: Values
    cvar: Values


# ---- measures ------------------------------------------------------------------------------------


def historical(returns: ArrayLike, level: float) -> Tail:
    """VaR and CVaR of equally likely returns, over the last axis of (..., T), exact for any T and
    level.

    At level 0 CVaR is the mean loss, near 1 the worst. ValueError for a level outside 0 to 1, and
    for returns that are none or not finite. Source: Rockafellar and Uryasev (2002), proposition 8.
    """
    losses = -np.atleast_1d(np.asarray(returns, float))
    mass = _mass(level, losses.shape[-1])
    count = losses.shape[-1]
    if not np.isfinite(losses).all():
        raise ValueError(
            f"{(~np.isfinite(losses)).sum()} returns are not finite numbers: fill them or start "
            f"later"
        )
    whole = min(int(mass + SURE), count - 1)
    worst = np.partition(losses, count - 1 - whole, axis=-1)[..., count - 1 - whole :]
    var = worst[..., 0][()]
    return Tail(var, (worst[..., 1:].sum(axis=-1) + (mass - whole) * var) / mass)


def normal(mean: Values, volatility: Values, level: float) -> Tail:
    """VaR ``z s - m`` and CVaR ``phi(z) / (1 - b) s - m`` of a normal law (Rockafellar and Uryasev
    2000).

    Raises ValueError for a level outside 0 to 1, or a volatility below zero.

    >>> float(normal(0.005, 0.04, 0.95).var.round(4))
    0.0608
    """
    z = _quantile(level)
    m = numbers("mean", mean)
    sd = numbers("volatility", volatility, least=0)
    tail = NormalDist().pdf(z) / (1 - level)
    return Tail((z * sd - m)[()], (tail * sd - m)[()])


def cornish_fisher(
    mean: float, volatility: float, skewness: float, excess_kurtosis: float, level: float
) -> Tail:
    """VaR and CVaR of a normal variable bent by a cubic with the parameters skewness S and excess
    kurtosis K.

    The skewness and kurtosis that result are near S and K only where both are small. With K below
    zero, as in six of ten samples of normal months, the cubic turns somewhere: that does no harm
    where luck so bad is one in a hundred of the tail, or rarer.

    Raises
    ------
    ValueError
        Where the cubic turns within the tail that is used, so that worse luck would mean a better
        return, or where luck above the VaR would lose more than the VaR. Source: Maillard (2012),
        who asks that it rise everywhere.
    """
    upper = _quantile(level)
    number("volatility", volatility, least=0)
    s = number("skewness", skewness)
    k = number("excess_kurtosis", excess_kurtosis, least=-2)
    z = -upper
    bend = np.array([k / 24 - s * s / 18, s / 6, 1 - k / 8 + 5 * s * s / 36, -s / 6])
    slope = np.polyder(bend)
    last = NormalDist().inv_cdf((1 - level) / RARE)
    quantile = float(np.polyval(bend, z))
    turns = _real_roots(slope)
    if (
        np.polyval(slope, z) <= 0
        or any(last < turn < z for turn in turns)
        or _beyond(bend, quantile, z) > (1 - level) / RARE
    ):
        raise ValueError(
            f"Cornish-Fisher is not valid for skewness {s:.3g} with excess kurtosis {k:.3g}: its "
            "quantiles would not be in order in the tail; use historical returns or scenarios"
        )
    beyond = 1 + z * s / 6 + (z * z - 1) * k / 24 - (2 * z * z - 1) * s * s / 36
    return Tail(
        -mean - volatility * quantile,
        -mean + volatility * NormalDist().pdf(z) / (1 - level) * beyond,
    )


def _real_roots(polynomial: Array) -> list[float]:
    leading = np.trim_zeros(np.where(np.abs(polynomial) < TIE, 0.0, polynomial), "f")
    return sorted(float(x.real) for x in np.roots(leading) if abs(x.imag) < 1e-9)


def _beyond(bend: Array, quantile: float, z: float) -> float:
    """The chance of luck better than z that loses more than luck z."""
    normal_law = NormalDist()
    chance = 0.0
    ends = [z, *(x for x in _real_roots(bend - [0, 0, 0, quantile]) if x > z + 1e-6), np.inf]
    for low, high in pairwise(ends):
        middle = low + 1 if high == np.inf else (low + high) / 2
        if np.polyval(bend, middle) < quantile:
            chance += (1.0 if high == np.inf else normal_law.cdf(high)) - normal_law.cdf(low)
    return chance


def at_horizon(loss: Values, mean: Values, periods: float) -> Values:
    """A VaR or CVaR over `periods`, from that of one and its mean:
    ``sqrt(h) (loss + mean) - h mean``.

    Distances from the mean grow with the square root of time. Exact for sums of independent normal
    returns. Raises ValueError for periods that are not above zero.
    """
    number("periods", periods, above=0)
    return math.sqrt(periods) * (loss + mean) - periods * mean


def standard_error(returns: ArrayLike, level: float) -> float:
    """How unsure is a CVaR of T independent returns: ``sqrt((v + b (CVaR - VaR)^2) / m)``, v the
    variance beyond VaR?

    v has ddof 1. Raises ValueError where fewer than two losses reach the VaR. Source: Manistre and
    Hancock (2005).
    """
    losses, (var, cvar) = -np.asarray(returns, float), historical(returns, level)
    beyond = losses[losses >= var]
    if len(beyond) < 2:
        raise ValueError(
            f"{len(beyond)} loss reaches the VaR: a standard error needs two; take more or a "
            f"lower level"
        )
    return math.sqrt(
        (beyond.var(ddof=1) + level * float(cvar - var) ** 2) / _mass(level, len(losses))
    )


def drawdowns(returns: ArrayLike, *, compounded: bool = True) -> Array:
    """How far is an account below its highest point so far, after each of (..., T) returns? A share
    of that point; or, not compounded, in units of the start."""
    if isinstance(returns, (pd.Series, pd.DataFrame)):
        monthly(returns, "returns")
    r = numbers("a return", returns, least=-1)
    if not r.shape or not r.shape[-1]:
        raise ValueError("there are no returns, and so no drawdown")
    value = np.cumprod(1 + r, axis=-1) if compounded else 1 + np.cumsum(r, axis=-1)
    peak = np.maximum(np.maximum.accumulate(value, axis=-1), 1.0)
    return np.asarray(1 - value / peak if compounded else peak - value)


def conditional_drawdown(returns: ArrayLike, level: float, *, compounded: bool = True) -> Values:
    """CDaR, the mean of the worst ``1 - level`` of a path's drawdowns (Chekhlov, Uryasev and
    Zabarankin 2005)."""
    return historical(-drawdowns(returns, compounded=compounded), level).cvar


# ---- the portfolio of least CVaR -----------------------------------------------------------------


def minimum_cvar(
    assumptions: Assumptions,
    mandate: Mandate | None,
    scenarios: pd.DataFrame | Array,
    *,
    level: float,
    r: float | None = None,
) -> Allocation:
    """The portfolio of exactly the least CVaR on scenarios (T, n), of those expected to earn at
    least `r` a year.

    Mean, volatility and `r` are the assumptions'; the CVaR and the shadow prices are per period of
    the scenarios. Of several portfolios of least CVaR one is given. Raises ValueError for scenarios
    that do not fit; Infeasible; NotSolved for soft rules and an optimum not proven. Source:
    Rockafellar and Uryasev (2000).
    """
    start = time.perf_counter()
    mandate = default_mandate(assumptions, mandate)
    if isinstance(scenarios, pd.DataFrame) and tuple(scenarios.columns) != assumptions.labels:
        raise ValueError(
            f"scenarios must have these columns, in this order: {', '.join(assumptions.labels)}"
        )
    x = np.asarray(scenarios, float)
    asked = mandate
    what = f"least CVaR at {level:.4g}"
    if x.ndim != 2 or x.shape[1] != len(assumptions) or not np.isfinite(x).all():
        raise ValueError(
            f"scenarios must be of shape (T, {len(assumptions)}) and finite; they are "
            f"{x.shape}, and "
            f"{(~np.isfinite(x)).sum()} are not"
        )
    if r is not None:
        means = dict(zip(assumptions.labels, assumptions.mu.tolist(), strict=True))
        asked = mandate.also(Limit("target return", means, lower=r, unit="expected return"))
        what += f" for a return of {r:.2%}"
    w, prices, engine = _least(x, level, assumptions, asked)
    return allocation(assumptions, mandate, w, what, "optimal", engine, start, prices)


def cvar_frontier(
    assumptions: Assumptions,
    mandate: Mandate | None,
    scenarios: pd.DataFrame | Array,
    *,
    level: float,
    points: int = 20,
) -> list[Allocation]:
    """Portfolios of least CVaR up to the highest return, equally spaced in return, each exact.
    Their shadow price of ``target return`` is the frontier's slope. Raises as `minimum_cvar`."""
    least = minimum_cvar(assumptions, mandate, scenarios, level=level)
    highest = maximum_utility(assumptions, mandate, risk_aversion=0.0).mean - TIE
    goals = np.linspace(least.mean, max(least.mean, highest), points)[1:].tolist()
    return [
        least,
        *(minimum_cvar(assumptions, mandate, scenarios, level=level, r=goal) for goal in goals),
    ]


def _mass(level: float, count: int) -> float:
    if not (0 <= level < 1 and count > 0):
        raise ValueError(
            f"a tail needs scenarios and a level from 0 to below 1 (0.95 for the worst "
            f"twentieth), not "
            f"{count} and {level}"
        )
    return (1 - level) * count


def _quantile(level: float) -> float:
    if not 0 < level < 1:
        raise ValueError(
            f"a tail needs a level above 0 and below 1 (0.95 for the worst twentieth), not {level}"
        )
    return NormalDist().inv_cdf(level)


class _Game:
    """The programme as far as it has mattered. A column is a scenario, a rule or an upper bound:
    its coefficients by asset and, last, in the budget of p. A row is that budget, whose price is
    the VaR, or an asset, whose price is its weight above `base`."""

    def __init__(self, x: Array, mass: float, program: Program, inside: NDArray[np.bool_]) -> None:
        import highspy

        self.x, self.program, self.inside, self.highs = x, program, inside, highspy.Highs()
        self.base, self.fixed = (
            np.where(np.isfinite(program.lower), program.lower, 0.0),
            x[inside].sum(axis=0),
        )
        self.columns, self.names = np.zeros((0, x.shape[1] + 1)), np.zeros(0, object)
        self.held, self.written = np.zeros(0, np.intp), np.zeros(len(x), bool)
        for option, setting in OPTIONS.items():
            self.highs.setOptionValue(option, setting)
        self.highs.changeObjectiveSense(highspy.ObjSense.kMaximize)
        left = mass - inside.sum()
        self.highs.addRow(left, left, 0, np.zeros(0, np.int32), np.zeros(0))
        for sign, limits in ((1.0, program.rows_lower), (-1.0, program.rows_upper)):
            for j in np.flatnonzero(np.isfinite(limits)):
                self.write(sign * program.rows[j], sign * limits[j], program.row_names[j])

    def write(
        self,
        new: Array,
        worth: Values = 0.0,
        name: str = "",
        budget: Values = 0.0,
        top: float = np.inf,
    ) -> None:
        """Columns (k, n), or one, from 0 to `top`, each worth ``worth - new @ base`` to the
        adversary."""
        new = np.atleast_2d(new)
        rows = len(self.held) + 1
        k = len(new)
        new = np.hstack([new, np.full((k, 1), np.reshape(budget, (-1, 1)))])
        self.columns, self.names = np.vstack([self.columns, new]), np.append(self.names, [name] * k)
        self.highs.addCols(
            k,
            worth - new[:, :-1] @ self.base,
            np.zeros(k),
            np.full(k, top),
            *_dense(new[:, np.append(-1, self.held)], rows),
        )

    def write_scenarios(self, chosen: NDArray[np.intp]) -> None:
        """A p that is 1 unless it matters is written as 1 - p: every column starts at zero."""
        sign = np.where(self.inside[chosen], -1.0, 1.0)
        self.write(sign[:, None] * self.x[chosen], budget=sign, top=1.0)
        self.written[chosen] = True

    def write_assets(self, chosen: NDArray[np.intp]) -> None:
        """Rows of assets that were at their lower bounds so far, and columns of their upper
        bounds."""
        at_most = -self.fixed[chosen]
        p = self.program
        self.highs.addRows(
            len(chosen),
            np.where(np.isfinite(p.lower[chosen]), -np.inf, at_most),
            at_most,
            *_dense(self.columns[:, chosen].T, len(self.columns)),
        )
        self.held = np.append(self.held, chosen)
        for i in chosen[np.isfinite(p.upper[chosen])]:
            self.write(-np.eye(len(self.fixed))[i], -p.upper[i], p.upper_names[i])

    def play(self) -> tuple[Array, float, Array, Array] | None:
        """Weights (n,), VaR, the columns' values and the prices of lower bounds (n,); None where
        there is no answer."""
        self.highs.run()
        if self.highs.modelStatusToString(self.highs.getModelStatus()) != "Optimal":
            return None
        answer = self.highs.getSolution()
        values = np.array(answer.col_value)
        price = np.array(answer.row_dual)
        w = self.base.copy()
        w[self.held] += price[1:]
        w = np.clip(w, self.program.lower, self.program.upper)  # of rounding
        return w, float(price[0]), values, -self.fixed - values @ self.columns[:, :-1]


def _least(
    x: Array, level: float, a: Assumptions, mandate: Mandate
) -> tuple[Array, dict[str, float], str]:
    """Weights, shadow prices and engine: play, write out what was wrongly left out, and play
    again."""
    mass = _mass(level, len(x))
    p = mandate.program
    everything = np.arange(len(a))
    first = solve(a, mandate, 0.0)[0]
    held = np.flatnonzero(first > p.lower + TIE) if mandate.is_linear else everything
    order = np.argsort(x @ first)
    inside = np.zeros(len(x), bool)
    near = BAND + len(held)
    inside[order[: int(mass)]] = True
    game = _Game(x, mass, p, inside)
    game.write_assets(held)
    game.write_scenarios(order[max(0, int(mass) - near) : int(mass) + near])
    engine = f"HiGHS {game.highs.version()}, scenarios as they bind"
    for _ in range(ROUNDS):
        answer = game.play()
        if answer is None and len(game.held) < len(a):  # the assets held miss a rule by a rounding
            game.write_assets(np.setdiff1d(everything, game.held))
            answer = game.play()
        if answer is None:
            raise refusal(a, mandate, engine)
        w, var, values, floor = answer
        losses = -(x @ w)
        bound = (game.highs.getObjectiveValue() - game.fixed @ game.base) / mass
        wrong = np.flatnonzero(
            np.where(inside, losses < var - TIE, losses > var + TIE) & ~game.written
        )
        short = np.setdiff1d(np.flatnonzero(floor < -TIE * mass), game.held)
        named = [(c.name, c.cut(w, a, SURE)) for c in mandate.constraints]
        cuts = [(name, cut) for name, cut in named if cut is not None]
        names = game.names
        if not (wrong.size or short.size or cuts):
            break
        game.write_scenarios(wrong)
        game.write_assets(short)
        for name, cut in cuts:
            game.write(-cut.gradient, -cut.limit, name)
    gap = float(historical(-losses, level).cvar) - bound
    if not abs(gap) <= SURE * np.abs(losses).max():
        raise NotSolved(
            f"{engine}: the CVaR is {gap:.3g} above its proven bound, so its weights are withheld"
        )
    prices = dict.fromkeys([c.name for c in mandate.constraints], 0.0)
    at_floor = np.flatnonzero((floor > TIE * mass) & np.isfinite(p.lower))
    for name, value in [
        *zip(names, values, strict=True),
        *((p.lower_names[i], floor[i]) for i in at_floor),
    ]:
        if name:  # scenarios have none
            prices[name] += float(value) / mass
    return w, prices, engine


def _dense(block: Array, width: int) -> tuple[int, NDArray[np.int32], NDArray[np.int32], Array]:
    """Rows of a block as HiGHS takes them: how many entries, where each row starts, which places,
    values."""
    each = np.arange(len(block), dtype=np.int32)
    places = np.tile(np.arange(width, dtype=np.int32), len(block))
    return block.size, each * width, places, block.ravel()


# ---- backtests -----------------------------------------------------------------------------------


class Verdict(NamedTuple):
    """A likelihood ratio, and the chance of one as large where forecasts are right (chi-squared,
    one degree)."""

    statistic: float
    p_value: float


def walk_forward(returns: ArrayLike, months: int, ahead: int = 12) -> tuple[Array, Array]:
    """Past windows (k, months, ...) and what came after each (k, ahead, ...); ValueError where
    there is none."""
    if isinstance(returns, (pd.Series, pd.DataFrame)):
        monthly(returns, "returns")
    number("months", months, least=1)
    number("ahead", ahead, least=1)
    x = np.asarray(returns, float)
    starts = range(months, len(x) - ahead + 1, ahead)
    if not starts:
        raise ValueError(f"{len(x)} months do not hold a window of {months} and {ahead} after it")
    return np.stack([x[t - months : t] for t in starts]), np.stack(
        [x[t : t + ahead] for t in starts]
    )


def kupiec(breaches: ArrayLike, level: float) -> Verdict:
    """Do losses exceed the VaR as often as the level says? The proportion of failures (Kupiec
    1995)."""
    hits = _breaches(breaches, 1)
    _quantile(level)
    n = len(hits)
    k = int(hits.sum())
    return _ratio([(n, k, k / n)], (n, k, 1 - level))


def christoffersen(breaches: ArrayLike) -> Verdict:
    """Does one breach make another more likely next time? The test of independence (Christoffersen
    1998)."""
    hits = _breaches(breaches, 2)
    after = [x for x in (hits[1:][~hits[:-1]], hits[1:][hits[:-1]], hits[1:]) if len(x)]
    *apart, together = [(len(x), int(x.sum()), float(x.mean())) for x in after]
    return _ratio(apart, together)


def _breaches(breaches: ArrayLike, least: int) -> NDArray[np.bool_]:
    if isinstance(breaches, pd.Series):
        monthly(breaches.astype(float), "breaches")
    hits = numbers("a breach, 0 or 1,", np.asarray(breaches, float), least=0, most=1).ravel()
    if len(hits) < least or not np.isin(hits, (0.0, 1.0)).all():
        raise ValueError(f"a backtest needs {least} forecasts or more, each kept (0) or broken (1)")
    return hits.astype(bool)


def acerbi_szekely(
    returns: ArrayLike, var: ArrayLike, cvar: ArrayLike, level: float
) -> tuple[Values, Values]:
    """Are losses beyond the forecast VaR as large as the forecast CVaR, over the last axis of (...,
    T)?

    Z1 judges the size of breaches (nan without one), Z2 their number too: zero is expected, less is
    worse, and draws from the forecasts say what is unusual. ValueError unless every CVaR is
    positive. Source: Acerbi and Szekely (2014).
    """
    same(returns, var, "returns and VaR")
    same(returns, cvar, "returns and CVaR")
    x = numbers("a return", returns)
    numbers("a VaR", var)
    least = np.min(numbers("a CVaR", cvar))
    if not least > 0:
        raise ValueError(
            f"every forecast CVaR must be positive, as losses are; the least is {least:.4g}"
        )
    breach = x < -np.asarray(var, float)
    total = np.where(breach, x / np.asarray(cvar, float), 0.0).sum(axis=-1)
    count = breach.sum(axis=-1)
    return total / np.where(count > 0, count, np.nan) + 1, total / _mass(level, x.shape[-1]) + 1


def simulated_p_value(observed: float, simulated: Array) -> float:
    """How often is a statistic drawn under the forecasts as low as the one observed, which counts
    as one draw?"""
    return (1 + int(np.sum(simulated <= observed))) / (1 + int(np.sum(~np.isnan(simulated))))


def _ratio(fitted: list[tuple[int, int, float]], claimed: tuple[int, int, float]) -> Verdict:
    """From trials, breaches and the chance of one; what cannot happen and did not counts
    nothing."""
    n, k, chance = np.array([*fitted, claimed]).T
    log = k * np.log(np.maximum(chance, TIE)) + (n - k) * np.log(np.maximum(1 - chance, TIE))
    gain = max(0.0, float(log[:-1].sum() - log[-1]))
    return Verdict(2 * gain, math.erfc(math.sqrt(gain)))
