"""Which portfolio loses least when it goes badly?

With losses and the tail's mass m as in `measures`::

    CVaR  = max over 0 <= p <= 1, sum p = m of  sum p_t loss_t / m

(Rockafellar and Uryasev 2000). It is a game: an adversary picks the scenarios p, we pick weights;
a linear programme in p whose shadow prices are the weights and the VaR. Whatever the weights,
almost every p_t is 0 or 1; so only scenarios near the VaR and assets that are held are written out,
and others join when they matter.

Left out: soft rules, and scenarios of unequal chance.
"""

from __future__ import annotations

import time

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from portlib.construction.engines import TIE, NotSolved, allocation, default_mandate, refusal, solve
from portlib.construction.mandate import Limit, Mandate
from portlib.construction.mandate.mandate import Program
from portlib.construction.mean_variance import maximum_utility
from portlib.construction.tail_risk.measures import SURE, Values, historical, tail_mass
from portlib.ranges import COUNT, door
from portlib.records import Allocation, Array, Assumptions

#: Scenarios written out at first on either side of the VaR beside one for each asset held; rounds
#: before giving up.
BAND, ROUNDS = 100, 500

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


@door()
def minimum_cvar(
    assumptions: Assumptions,
    mandate: Mandate | None,
    scenarios: pd.DataFrame | Array,
    *,
    level: float,
    r: float | None = None,
) -> Allocation:
    """The portfolio of exactly the least CVaR on scenarios, of those expected to earn at least `r`
    a year.

    Parameters
    ----------
    assumptions : Assumptions
        Of n assets: mean, volatility and `r` are theirs, annual decimals.
    mandate : Mandate or None
        Fully invested and long only where None.
    scenarios : DataFrame or array (T, n)
        Returns of one period, of any length; equally likely.
    level : float
        Between 0 and 1: 0.95 is the worst twentieth.
    r : float, optional
        Least expected return, annual decimal.

    Returns
    -------
    Allocation
        Shadow prices are per period of the scenarios. Of several portfolios of least CVaR one is
        given.

    Raises
    ------
    ValueError
        For scenarios that do not fit.
    Infeasible, NotSolved
        Where no portfolio obeys the mandate; for soft rules and an optimum not proven.

    References
    ----------
    Rockafellar and Uryasev (2000).

    Examples
    --------
    At a level of 0 the tail is everything, and only the mean loss counts: all goes where it is
    least. Where each asset loses in a scenario of its own, they are held so that it does not matter
    which comes: 10% of the first weighs as much as 40% of the other.

    >>> a = Assumptions(("a", "b"), [0.03, 0.06], [[0.04, 0.0], [0.0, 0.09]])
    >>> apart = np.array([[-0.1, 0.0], [0.0, -0.4]])
    >>> minimum_cvar(a, None, apart, level=0.5).w.round(9).tolist()
    [0.8, 0.2]

    It goes on in ``least_cvar.md``.
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


@door(points=COUNT)
def cvar_frontier(
    assumptions: Assumptions,
    mandate: Mandate | None,
    scenarios: pd.DataFrame | Array,
    *,
    level: float,
    points: int = 20,
) -> list[Allocation]:
    """Portfolios of least CVaR up to the highest return, equally spaced in return, each exact.

    Parameters
    ----------
    assumptions, mandate, scenarios, level
        As for `minimum_cvar`.
    points : int
        How many.

    Returns
    -------
    list of Allocation
        From the least CVaR on. Their shadow price of ``target return`` is the frontier's slope.

    Raises
    ------
    ValueError, Infeasible, NotSolved
        As `minimum_cvar`.

    Examples
    --------
    From the least CVaR, here 80% of the first asset, to all of the one that earns most: means
    equally apart.

    >>> a = Assumptions(("a", "b"), [0.03, 0.06], [[0.04, 0.0], [0.0, 0.09]])
    >>> apart = np.array([[-0.1, 0.0], [0.0, -0.4]])
    >>> found = cvar_frontier(a, None, apart, level=0.5, points=4)
    >>> [round(one.mean, 9) for one in found]  # 0.8 * 0.03 + 0.2 * 0.06; steps of 0.008
    [0.036, 0.044, 0.052, 0.06]

    Under a cap of 90%, and up to it, at the level asked for; the floor on the return is the
    question's and not the mandate's.

    >>> from portlib.construction.mandate import fully_invested, long_only, position_limit
    >>> cap = Mandate(a.labels, [fully_invested(), long_only(), position_limit(0.9)])
    >>> found = cvar_frontier(a, cap, apart, level=0.5, points=3)
    >>> [round(one.mean, 9) for one in found]  # 0.1 * 0.03 + 0.9 * 0.06 = 0.057 at most
    [0.036, 0.0465, 0.057]
    >>> found[0].objective, found[1].objective
    ('least CVaR at 0.5', 'least CVaR at 0.5 for a return of 4.65%')
    >>> three = Assumptions(("a", "b", "c"), [0.03, 0.06, 0.06], np.diag([0.04, 0.09, 0.09]))
    >>> lost = np.array([[-0.1, 0.0, 0.0], [0.0, -0.4, -0.3], [0.0, 0.0, -0.2]])
    >>> for level in (0.0, 0.9):  # of the two that earn most, the second loses less on the mean
    ...     np.abs(cvar_frontier(three, None, lost, level=level, points=2)[1].w).round(6).tolist()
    [0.0, 1.0, 0.0]
    [0.0, 0.0, 1.0]

    It goes on in ``least_cvar.md``.
    """
    least = minimum_cvar(assumptions, mandate, scenarios, level=level)
    highest = maximum_utility(assumptions, mandate, risk_aversion=0.0).mean - TIE
    goals = np.linspace(least.mean, max(least.mean, highest), points)[1:].tolist()
    return [
        least,
        *(minimum_cvar(assumptions, mandate, scenarios, level=level, r=goal) for goal in goals),
    ]


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
    mass = tail_mass(level, len(x))
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
    else:  # the bound is that of what was written, and something was left out
        raise NotSolved(f"{engine}: not settled in {ROUNDS} rounds, so its weights are withheld")
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
