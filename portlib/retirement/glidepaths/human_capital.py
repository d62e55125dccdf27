"""Why should the young hold more equity: what is future pay worth, and what does it do to the best
mix?

Without pay, and with returns that are alike every year, the best equity share is the same at every
age (Samuelson, Merton 1969): ``m = premium / (A variance)``. Pay to come is an asset too. If it is
worth ``H`` and moves ``beta`` times as much as equity, the share of financial wealth ``W`` that
makes the whole right is::

    share = (m (W + H) - beta H) / W        from 0 to 1

which falls as ``H`` runs out. With risky pay and no borrowing there is no formula; `solve` finds
the policy backwards in age from the conditions of optimality, on a grid of savings (Carroll 2006):
at savings ``a`` the share solves ``E[u'(c') (R - R_f)] = 0``, and consumption follows from ``u'(c)
= d p E[u'(c') R_portfolio]`` with survival ``p``. Left out: housing, bequests, taxes, returns that
depend on the past, pay that moves with equity.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from portlib.ranges import RATE, VOLATILITY, door
from portlib.records import Array


@door(premium=RATE, volatility=VOLATILITY)
def merton_share(premium: float, volatility: float, risk_aversion: float) -> float:
    """The equity share of someone without pay, at any age and wealth: ``premium / (risk_aversion
    volatility^2)``.

    In continuous time, neither bounded nor rounded. Source: Merton (1969).

    Parameters
    ----------
    premium, volatility : float
        Of equity over the riskless rate, annual decimals.
    risk_aversion : float
        Relative.

    Returns
    -------
    float
        Share of wealth.

    Raises
    ------
    ValueError
        Unless volatility and risk aversion are positive.

    Examples
    --------
    >>> round(merton_share(0.04, 0.20, 4.0), 9)
    0.25
    >>> round(merton_share(0.06, 0.10, 2.0), 9)  # who may borrow would hold three times all wealth
    3.0

    >>> round(merton_share(0.06, 0.30, 2.0), 9)  # 0.06 / (2 * 0.09)
    0.333333333
    >>> merton_share(0.04, 0.0, 4.0)
    Traceback (most recent call last):
    ...
    ValueError: volatility 0.0 and risk aversion 4.0 must be positive
    """
    if not (volatility > 0 and risk_aversion > 0):
        raise ValueError(
            f"volatility {volatility} and risk aversion {risk_aversion} must be positive"
        )
    return premium / (risk_aversion * volatility**2)


@door(rate=RATE)
def present_value(payments: ArrayLike, rate: float, alive: ArrayLike | None = None) -> Array:
    """What payments at the start of each year are worth from each year on, at a real discount rate.

    What is due in the year itself counts.

    Parameters
    ----------
    payments : array (T,)
        Real dollars.
    rate : float
        Annual decimal.
    alive : array (at least T,), optional
        Chances of being alive at each start; the worth is that to somebody alive in its year.

    Returns
    -------
    array (T,)
        Real dollars.

    Raises
    ------
    ValueError
        For a rate of -1 or less.

    Examples
    --------
    >>> present_value([100, 50, 20], 0.25).round(9).tolist()  # 100 + 40 + 12.8, and 50 + 16
    [152.8, 66.0, 20.0]

    Alive with 1, 0.8 and 0.5; who is alive in the second year lives on with 0.625:

    >>> alive = [1.0, 0.8, 0.5, 0.1]
    >>> present_value([100, 50, 20], 0.25, alive).round(9).tolist()  # 50 + 0.625 * 16
    [138.4, 60.0, 20.0]
    """
    if not rate > -1:
        raise ValueError(f"rate {rate} must be above -1, an annual decimal")
    due = np.asarray(payments, float)
    chance = np.ones(len(due)) if alive is None else np.asarray(alive, float)[: len(due)]
    discount = chance / (1 + rate) ** np.arange(len(due))
    worth: Array = np.cumsum((due * discount)[::-1])[::-1] / np.maximum(discount, 1e-300)
    return worth


@door()
def share_with_human_capital(
    merton: float, wealth: ArrayLike, human: ArrayLike, beta: float = 0.0
) -> Array:
    """The equity share of financial wealth that makes all wealth hold the share `merton`, kept from
    0 to 1.

    Source: Bodie, Merton and Samuelson (1992).

    Parameters
    ----------
    merton : float
        Share of all wealth, as `merton_share` gives it.
    wealth, human : array, any shape
        Financial wealth and the present value of pay, dollars.
    beta : float
        How many percent human capital moves when equity moves one.

    Returns
    -------
    array
        Of the common shape.

    Examples
    --------
    Pay to come that is worth what is saved doubles the share; without any it is Merton's:

    >>> share_with_human_capital(0.25, 100.0, [0.0, 100.0, 1_000.0]).tolist()
    [0.25, 0.5, 1.0]

    Pay that moves 0.3 times as equity counts as 30 of equity: half of 200 less 30, of 100:

    >>> round(float(share_with_human_capital(0.5, 100.0, 100.0, 0.3)), 9)
    0.7
    >>> share_with_human_capital(0.1, 100.0, [20.0, 100.0], 0.5).tolist()  # 0.1 * 120 - 10; below 0
    [0.02, 0.0]
    """
    w = np.asarray(wealth, float)
    h = np.asarray(human, float)
    return np.clip((merton * (w + h) - beta * h) / np.maximum(w, 1e-300), 0.0, 1.0)


@dataclass(frozen=True, eq=False)
class LifecycleModel:
    """A life of risky pay, consumption and two assets.

    Parameters
    ----------
    first_age, last_working_age, last_age : decisions from first to last; at ``last_age + 1`` all
        cash is consumed.
    survival : (last_age - first_age + 1,) chance of reaching the next age.
    log_income : (last_working_age - first_age + 1,) logarithm of mean-shock pay by age.
    replacement : retirement income as a share of the pay of the last working age.
    var_transitory, var_permanent : variances of the normal shocks to log pay.
    permanent : whether the second shock stays for life (a random walk) or is drawn anew each year.
    discount, risk_aversion, rf, premium, volatility : one year, decimals; the real return is
        ``rf + premium + volatility z``.
    nodes : points of the Gauss-Hermite quadrature for each of the three shocks.

    Examples
    --------
    Three nodes lie at the mean and the square root of three standard deviations around it, with
    chances of two thirds and a sixth:

    >>> model = LifecycleModel(
    ...     first_age=63,
    ...     last_working_age=65,
    ...     last_age=67,
    ...     survival=np.array([0.99, 0.98, 0.97, 0.96, 0.95]),
    ...     log_income=np.log([40.0, 50.0, 60.0]),
    ...     replacement=0.7,
    ...     var_transitory=0.04,
    ...     var_permanent=0.01,
    ...     permanent=False,
    ...     discount=0.96,
    ...     risk_aversion=4.0,
    ...     rf=0.02,
    ...     premium=0.04,
    ...     volatility=0.2,
    ... )
    >>> gross, chance = model.returns()
    >>> gross.round(6).tolist(), chance.round(6).tolist()  # 1.06 -/+ 0.2 * 1.732051
    ([0.71359, 1.06, 1.40641], [0.166667, 0.666667, 0.166667])
    >>> equity, growth, income, chance = model.next_year(63)
    >>> len(chance), round(float(chance.sum()), 9), set(growth.tolist())
    (27, 1.0, {1.0})
    >>> e, u = 3**0.5 * 0.2, 3**0.5 * 0.1
    >>> mean_shock = (2 + np.cosh(e)) * (2 + np.cosh(u)) / 9  # of two thirds, and two sixths
    >>> abs(float(chance @ income) - 50 * float(mean_shock)) < 1e-9
    True
    >>> round(float(chance @ equity), 9)
    1.06
    >>> [x.round(6).tolist() for x in model.next_year(65)[1:3]]  # 0.7 * 60 in retirement
    [[1.0, 1.0, 1.0], [42.0, 42.0, 42.0]]

    It goes on in ``human_capital.md``.
    """

    first_age: int
    last_working_age: int
    last_age: int
    survival: Array
    log_income: Array
    replacement: float
    var_transitory: float
    var_permanent: float
    permanent: bool
    discount: float
    risk_aversion: float
    rf: float
    premium: float
    volatility: float
    nodes: int = 3

    def __post_init__(self) -> None:
        for name, last in (("survival", self.last_age), ("log_income", self.last_working_age)):
            if len(getattr(self, name)) != last - self.first_age + 1:
                raise ValueError(
                    f"{name} needs {last - self.first_age + 1} entries, ages {self.first_age} "
                    f"to {last}"
                )
        if not (self.risk_aversion > 0 and self.volatility > 0 and 0 < self.discount <= 1):
            raise ValueError(
                "risk aversion and volatility must be positive, the discount factor between 0 and 1"
            )
        if not np.all((np.asarray(self.survival) > 0) & (np.asarray(self.survival) <= 1)):
            raise ValueError("survival are chances above 0, at most 1")
        if self.returns()[0].min() <= 0:
            raise ValueError(f"{self.nodes} nodes reach a return below -100%; use fewer")

    def returns(self) -> tuple[Array, Array]:
        """Gross equity returns (nodes,) and their probabilities."""
        z, p = _normal(self.nodes)
        return 1 + self.rf + self.premium + self.volatility * z, p

    def next_year(self, age: int) -> tuple[Array, Array, Array, Array]:
        """Equity returns, growth of the unit, income in that unit, and probabilities of the states
        after `age`.

        The unit is a dollar, or permanent income where its shock stays.
        """
        equity, p = self.returns()
        ones = np.ones(len(p))
        if age >= self.last_working_age:
            retired = self.replacement * (1.0 if self.permanent else np.exp(self.log_income[-1]))
            return equity, ones, retired * ones, p
        z, q = _normal(self.nodes)
        r, e, u = (
            x.ravel()
            for x in np.meshgrid(
                equity,
                np.sqrt(self.var_transitory) * z,
                np.sqrt(self.var_permanent) * z,
                indexing="ij",
            )
        )
        chance = np.einsum("i,j,k->ijk", p, q, q).ravel()
        at = age + 1 - self.first_age
        if self.permanent:
            return r, np.exp(self.log_income[at] - self.log_income[at - 1] + u), np.exp(e), chance
        return r, np.ones(len(r)), np.exp(self.log_income[at] + e + u), chance


def _normal(nodes: int) -> tuple[Array, Array]:
    z, p = np.polynomial.hermite_e.hermegauss(nodes)
    return z, p / p.sum()


@dataclass(frozen=True, eq=False)
class LifecyclePolicy:
    """What to consume and hold at each age and cash on hand; in the unit of ``model.next_year``.

    Attributes
    ----------
    model : LifecycleModel
    at : dict
        By age, four grids: cash on hand and consumption (with the origin), savings and equity
        shares.
    """

    model: LifecycleModel
    at: dict[int, tuple[Array, Array, Array, Array]]

    def consumption(self, age: int, cash: ArrayLike) -> Array:
        """Consumption at `cash` on hand, between grid points on straight lines, beyond the last at
        its slope.
        """
        x, c, _, _ = self.at[age]
        return _line(np.asarray(cash, float), x, c)

    def share(self, age: int, cash: ArrayLike) -> Array:
        """Equity share of what is saved; nan where nothing is."""
        _, _, savings, share = self.at[age]
        saved = np.asarray(cash, float) - self.consumption(age, cash)
        return np.where(saved > 1e-9, np.interp(saved, savings, share), np.nan)

    def euler_residuals(self, age: int, cash: ArrayLike) -> Array:
        """By what share consumption misses its condition of optimality, and by how much the share
        does.

        (2, ...): ``c* / c - 1`` for consumption; ``E[u'(c')(R - R_f)] / E[u'(c') R_f]`` for shares
        inside 0 and 1. Zero where a bound holds. Independent of the grid: a fault or a coarse grid
        shows.
        """
        m = self.model
        x = np.asarray(cash, float)
        c = self.consumption(age, x)
        share = np.nan_to_num(self.share(age, x))
        equity, growth, income, p = m.next_year(age)
        portfolio = 1 + m.rf + share[..., None] * (equity - 1 - m.rf)
        later = growth * self.consumption(age + 1, (x - c)[..., None] * portfolio / growth + income)
        worth = p * np.maximum(later, 1e-12) ** -m.risk_aversion
        wanted = (m.discount * m.survival[age - m.first_age] * (worth * portfolio).sum(-1)) ** (
            -1 / m.risk_aversion
        )
        tilt = (worth * (equity - 1 - m.rf)).sum(-1) / (worth * (1 + m.rf)).sum(-1)
        saves = x - c > 1e-6
        inside = (share > 1e-6) & (share < 1 - 1e-6)
        return np.stack(
            [
                np.where(saves, wanted / np.maximum(c, 1e-300) - 1, 0.0),
                np.where(saves & inside, tilt, 0.0),
            ]
        )


def _line(x: Array, at: Array, values: Array) -> Array:
    beyond = values[-1] + (values[-1] - values[-2]) / (at[-1] - at[-2]) * (x - at[-1])
    return np.where(x > at[-1], beyond, np.interp(x, at, values))


@door()
def solve(
    model: LifecycleModel, *, points: int = 200, largest: float | None = None
) -> LifecyclePolicy:
    """The best consumption and equity share at every age, by backward induction on a grid of
    savings.

    Shares are bisected to 1e-7. Source: Cocco, Gomes and Maenhout (2005); the method of endogenous
    grid points, Carroll (2006).

    Parameters
    ----------
    model : LifecycleModel
    points : int
        Levels of savings on the grid.
    largest : float, optional
        Top of the grid in the model's unit; 400, or 40 times permanent income, when not given.

    Returns
    -------
    LifecyclePolicy

    Examples
    --------
    Who will earn nothing more and has a year to go holds Merton's share, nearly, at any wealth:

    >>> last = LifecycleModel(
    ...     first_age=64, last_working_age=65, last_age=66, survival=np.ones(3),
    ...     log_income=np.zeros(2), replacement=0.0, var_transitory=0.0, var_permanent=0.0,
    ...     permanent=False, discount=0.96, risk_aversion=4.0,
    ...     rf=0.02, premium=0.04, volatility=0.2,
    ... )
    >>> solve(last, points=40).share(65, [2.0, 4.0]).round(2).tolist()
    [0.25, 0.25]

    It goes on in ``human_capital.md``.
    """
    m = model
    gamma = model.risk_aversion
    top = (40.0 if m.permanent else 400.0) if largest is None else largest
    savings = np.concatenate([[0.0], np.geomspace(top * 2e-5, top, points)])
    everything = np.array([0.0, 1.0])
    at = {m.last_age + 1: (everything, everything, savings, np.zeros(len(savings)))}
    for age in range(m.last_age, m.first_age - 1, -1):
        equity, growth, income, p = m.next_year(age)
        worth = _marginal(savings, m.rf, at[age + 1], equity, growth, income, p, gamma)
        low = np.zeros(len(savings))
        high = np.ones(len(savings))
        excess = equity - 1 - m.rf
        full = (worth(high)[0] * excess).sum(1) >= 0
        for _ in range(24):
            middle = (low + high) / 2
            more = (worth(middle)[0] * excess).sum(1) > 0
            low = np.where(more, middle, low)
            high = np.where(more, high, middle)
        share = np.where(full, 1.0, (low + high) / 2)
        marginal, portfolio = worth(share)
        due = m.discount * m.survival[age - m.first_age] * (marginal * portfolio).sum(1)
        consumption = due ** (-1 / gamma)
        at[age] = (
            np.append(0.0, savings + consumption),
            np.append(0.0, consumption),
            savings,
            share,
        )
    return LifecyclePolicy(model, at)


def _marginal(
    savings: Array,
    rf: float,
    later: tuple[Array, Array, Array, Array],
    equity: Array,
    growth: Array,
    income: Array,
    p: Array,
    gamma: float,
) -> Callable[[Array], tuple[Array, Array]]:
    """For shares (points,): probability times marginal utility in each later state, and the
    portfolio's return.
    """

    def worth(share: Array) -> tuple[Array, Array]:
        portfolio = 1 + rf + share[:, None] * (equity - 1 - rf)
        cash = savings[:, None] * portfolio / growth + income
        return p * (
            growth * np.maximum(_line(cash, later[0], later[1]), 1e-12)
        ) ** -gamma, portfolio

    return worth
