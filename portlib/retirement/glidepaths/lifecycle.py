"""What becomes of a working life of contributions and a retirement of withdrawals, path by path?

Everything is in real dollars of the household's first year, one step a year. With balance ``W``,
fee ``f`` and the real return ``r`` of the glidepath's mix at that age::

    working:  W' = (W - k) (1 + r)(1 - f) + c ((1 + r)(1 - f))^m        k: record keeping, c:
    contribution, m: timing retired:  W' = (W - k - x) (1 + r)(1 - f)                           x:
    withdrawal, at the start of the year

``x`` tops other income up to the spending wanted or, where none is stated, is the part of the
balance that lasts for life at a given real rate, so that the money is never used up. Required
distributions leave the plan and are kept in the same mix. Every outcome is that of people who live
to retire. Left out: pay that jumps or stops, loans, early cash-outs, couples, annuities, Medicare,
and any tax but one flat rate on what leaves the plan (zero unless it is given).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal

import numpy as np

from portlib.records import Array
from portlib.retirement import taxes
from portlib.retirement.glidepaths.outcomes import Outcomes
from portlib.retirement.glidepaths.paths import Glidepath
from portlib.retirement.household import (
    Household,
    contributions,
    payout_factors,
    social_security,
    survival,
)
from portlib.retirement.scenarios import Scenarios

#: When in the year a contribution is invested: what part of the year's return it earns.
TIMING = {"start": 1.0, "mid": 0.5, "end": 0.0}
CHUNK = 2_000  # paths at a time: bounds the memory


def ruin_by_moments(mean: float, volatility: float, hazard: float, wealth: float) -> float:
    """How likely is ruin before death, without simulation? Two moments fitted by a reciprocal gamma
    law.

    Of someone who spends one real dollar a year, evenly, from `wealth` dollars earning `mean`
    (arithmetic) with `volatility`, and dies at the constant rate `hazard`. Source: Milevsky and
    Robinson (2005).
    """
    from scipy.stats import gamma

    scale = (volatility**2 + hazard) / 2
    return float(gamma.cdf(1 / wealth, (mean + 2 * hazard) / scale - 1, scale=scale))


def ruin_exactly(mean: float, volatility: float, hazard: float, wealth: float) -> float:
    """The same chance without fitting: the present value of spending is a beta over a gamma
    variable.

    With ``nu = 1 - 2 mean / volatility^2`` and ``a = (nu + sqrt(nu^2 + 8 hazard / volatility^2)) /
    2`` the value is ``2 / volatility^2`` times Beta(1, a) over Gamma(a - nu). Source: Yor (1992).
    """
    from scipy.integrate import quad
    from scipy.stats import gamma

    nu = 1 - 2 * mean / volatility**2
    y = wealth * volatility**2 / 2
    a = (nu + math.sqrt(nu**2 + 8 * hazard / volatility**2)) / 2
    largest = float(gamma.cdf(1 / y, a - nu))
    return float(quad(lambda p: (1 - min(y * gamma.ppf(p, a - nu), 1.0)) ** a, 0, largest)[0])


def simulate(
    glidepaths: Glidepath | Sequence[Glidepath],
    household: Household,
    returns: Scenarios,
    *,
    rng: np.random.Generator | None = None,
    timing: Literal["start", "mid", "end"] = "mid",
    risk_aversion: float,
    floor: float,
) -> Outcomes:
    """What becomes of the household under each glidepath, all on the same returns and the same
    lifetimes?

    Parameters
    ----------
    glidepaths : one or several, over the same assets as `returns`.
    returns : real returns of at least the household's horizon; rebalanced to the glidepath every
        year.
    rng : draws the lifetimes; needed unless ``household.sex`` is None.
    timing : when contributions are invested. Withdrawals leave at the start of a year.
    risk_aversion : of the certainty equivalent (policy ``lifecycle_risk_aversion``).
    floor : what a person lives on when nothing is left, real dollars a year (policy
        ``spending_floor``). Below it amounts are not told apart, so that a high floor makes risk
        look harmless.

    Raises ValueError for returns that are too short, of other assets, missing or below -1, and for
    a missing `rng`.
    """
    paths_of = [glidepaths] if not isinstance(glidepaths, Sequence) else list(glidepaths)
    h = household
    _check(paths_of, h, returns, rng, timing, floor)
    gamma = float(risk_aversion)
    unit = float(floor)
    m = TIMING[timing]
    alive = survival(h)
    n = len(returns.values)
    u = np.zeros(n) if h.sex is None or rng is None else rng.random(n)
    last = np.full(n, h.horizon - 1) if h.sex is None else (alive[1:, None] > u).sum(axis=0)
    mixes = np.stack([g.at(h.retirement_age - h.age - np.arange(h.horizon)) for g in paths_of])
    keep = 1 - np.array([[g.fee] for g in paths_of])
    paid = contributions(h)
    factors = payout_factors(h, alive, gamma)
    income = np.where(np.arange(h.horizon) >= h.working, h.other_income, 0.0) + social_security(h)
    shape = (len(paths_of), n)
    out = {name: np.zeros(shape) for name in ("unmet", "balance", "bequest", "forced", "utility")}
    out["balance"] += h.balance if h.working == 0 else 0.0
    start = taxes.rmd_start_age(h.year - h.age)
    net = 1 - h.tax_rate
    for first in range(0, n, CHUNK):
        part = slice(first, first + CHUNK)
        dies = last[part]
        inside = np.full((len(paths_of), len(dies)), float(h.balance))
        outside = np.zeros((len(paths_of), len(dies)))
        for t in range(h.horizon):
            growth = (1 + mixes[:, t] @ returns.values[part, t].T) * keep
            inside = np.maximum(inside - h.fee_dollars, 0.0)
            if t < h.working:
                inside = inside * growth + paid[t] * (np.sqrt(growth) if m == 0.5 else growth**m)
                if t == h.working - 1:
                    out["balance"][:, part] = inside
                continue
            own = (
                (outside + net * inside) / factors[t]
                if h.target is None
                else max(h.target - income[t], 0.0)
            )
            due = inside / taxes.distribution_period(h.age + t) if h.age + t >= start else 0.0
            needed = np.maximum(own - outside, 0.0) / net
            gross = np.minimum(inside, np.maximum(due, needed))
            inside = inside - gross
            cash = outside + net * gross
            spent = np.minimum(own, cash)
            lives = t <= dies
            out["unmet"][:, part] += np.where(lives, own - spent, 0.0)
            out["forced"][:, part] += np.where(lives, np.maximum(gross - needed, 0.0), 0.0)
            out["utility"][:, part] += alive[t] * _utility(income[t] + spent, gamma, unit)
            inside = inside * growth
            outside = (cash - spent) * growth
            out["bequest"][:, part] += np.where(t == dies, net * inside + outside, 0.0)
    wanted = _wanted(h, income, last)
    success = out["unmet"] <= 1e-9 * np.maximum(wanted, 1.0)
    out["unmet"] /= np.maximum(wanted, 1e-300)
    return Outcomes(
        tuple(g.name for g in paths_of),
        returns.paths,
        success,
        **out,
        unit=unit,
        years=float(alive[h.working : -1].sum()),
        risk_aversion=float(gamma),
        stated=h.target is not None,
        source=returns.source,
    )


def _utility(spending: Array, gamma: float, floor: float) -> Array:
    x = np.maximum(spending / floor, 1.0)
    return np.log(x) if gamma == 1 else x ** (1 - gamma) / (1 - gamma)


def _wanted(h: Household, income: Array, last: Array) -> Array:
    """Spending wanted over life beyond other income, by path; infinite where none is stated."""
    if h.target is None:
        return np.full(len(last), np.inf)
    due = np.maximum(h.target - income, 0.0) * (np.arange(h.horizon) >= h.working)
    return np.cumsum(due)[last]


def _check(
    paths: Sequence[Glidepath],
    h: Household,
    returns: Scenarios,
    rng: object,
    timing: str,
    unit: float,
) -> None:
    if timing not in TIMING:
        raise ValueError(
            f"no timing {timing!r}; contributions are invested at {', '.join(TIMING)} of the year"
        )
    if other := [g.name for g in paths if g.assets != returns.assets]:
        held = ", ".join(returns.assets)
        raise ValueError(f"{other[0]} holds other assets than the returns ({held}); use of_classes")
    if returns.values.ndim != 3 or returns.values.shape[1] < h.horizon:
        raise ValueError(
            f"returns of shape {returns.values.shape} do not cover the {h.horizon} years from "
            f"{h.age} "
            f"to {h.last_age}"
        )
    if not np.all(np.isfinite(returns.values)) or returns.values.min() < -1:
        raise ValueError("returns are missing or below -1; they are real annual decimals")
    if not unit > 0:
        raise ValueError(f"floor must be positive, in dollars a year, not {unit}")
    if rng is None and h.sex is not None:
        raise ValueError(
            "lifetimes are drawn: give an rng, or a household with sex=None for a certain horizon"
        )
