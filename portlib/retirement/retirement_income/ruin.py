"""How likely is ruin before death, at a constant chance of dying or by the Gompertz law?

Someone spends one real dollar a year, evenly, from wealth that grows as ``exp(nu t + sigma B_t)``.
Ruin comes before death when the present value of spending,

    V = integral_0^T exp(-nu t - sigma B_t) dt,      T: Gompertz with mode m and dispersion b,

exceeds the wealth. `ruin_by_moments` fits a reciprocal gamma law to two moments of ``V``, as
published (Milevsky 2020, VARPHI.MM, after Milevsky and Robinson 2005). `ruin_by_programme` works
backwards in small steps over a grid of wealth, without fitting anything. They disagree: the fitted
law understates ruin, because ``V`` has more mass above the wealth than it. Where the chance of
dying is the same at every age, the law of ``V`` is known exactly (`constant_hazard_exactly`), and
what two moments make of it can be read off (`constant_hazard_by_moments`).

Left out: jumps, fees, and spending that answers to what is left.
"""

from __future__ import annotations

import math

import numpy as np

from portlib.ranges import RATE, VOLATILITY, door
from portlib.retirement.lifetimes import gompertz

#: Rates nearer to each other than twice this are told apart by it.
NEAR = 1e-4
#: A volatility below this moves nothing.
STILL = 1e-4


@door(rate=RATE)
def annuity_value(rate: float, age: float, mode: float, dispersion: float) -> float:
    """Value of a dollar a year for life, paid evenly.

    Parameters
    ----------
    rate : float
        Continuous, a year.
    age, mode, dispersion : float
        Now, and of the Gompertz law; years.

    Returns
    -------
    float
        Dollars.

    Examples
    --------
    The integral of discounted survival, here by the middles of a hundred thousand short steps:

    >>> t = (np.arange(100_000) + 0.5) * 60 / 100_000
    >>> plainly = float((np.exp(-0.03 * t) * gompertz(t, 65, 88, 10)).sum()) * 60 / 100_000
    >>> abs(annuity_value(0.03, 65, 88, 10) - plainly) < 1e-6
    True
    >>> t = (np.arange(100_000) + 0.5) * 90 / 100_000
    >>> plainly = float((np.exp(0.01 * t) * gompertz(t, 50, 85, 12)).sum()) * 90 / 100_000
    >>> abs(annuity_value(-0.01, 50, 85, 12) - plainly) < 1e-6
    True
    """
    from scipy.integrate import quad

    def paid(t: float) -> float:
        return float(np.exp(-rate * t) * gompertz(np.array(t), age, mode, dispersion))

    end = dispersion * np.log(1 + 40 * np.exp((mode - age) / dispersion))
    return float(quad(paid, 0, end, limit=200)[0])


@door(rate=RATE, nu=RATE, sigma=VOLATILITY)
def ruin_by_moments(
    rate: float, nu: float, sigma: float, age: float, mode: float, dispersion: float
) -> float:
    """Chance of ruin by two moments.

    Parameters
    ----------
    rate : float
        Spending a year as a share of the wealth at the start.
    nu, sigma : float
        Mean and volatility of continuous growth (of its logarithm), real, annual decimals.
    age : float
        Now, years.
    mode, dispersion : float
        Of the Gompertz law, years.

    Returns
    -------
    float

    Examples
    --------
    >>> round(ruin_by_moments(0.05, 0.02, 0.20, 65, 88, 10), 4)   # printed: 0.3362
    0.3362

    At 58, where the chance of dying stays near 4%, both ways of two moments say the same:

    >>> mode = 58 - 2_000 * math.log(2_000 * 0.04)
    >>> found = ruin_by_moments(0.04, 0.03, 0.15, 58, mode, 2_000)
    >>> abs(found - constant_hazard_by_moments(0.04125, 0.15, 0.04, 25)) < 0.004
    True
    >>> round(ruin_by_moments(0.05, 0.02, 0.20, 50, 73, 10), 4)  # as far from the mode as at 65
    0.3362

    Where ``nu`` is 1.5 times the variance the two rates of the second moment meet, and it is twice
    the integral of discounted survival times time:

    >>> t = (np.arange(100_000) + 0.5) * 60 / 100_000
    >>> paid = np.exp(-0.04 * t) * gompertz(t, 65, 88, 10) * 60 / 100_000  # 0.08 - 0.2 ** 2
    >>> first, second = float(paid.sum()), float(2 * (t * paid).sum())
    >>> from scipy.stats import gamma
    >>> shape = (2 * second - first**2) / (second - first**2)
    >>> by_hand = gamma.cdf(0.05, shape, scale=(second - first**2) / (second * first))
    >>> bool(abs(ruin_by_moments(0.05, 0.06, 0.20, 65, 88, 10) - by_hand) < 1e-6)
    True
    """
    from scipy.stats import gamma

    mu = nu + sigma**2 / 2
    first = annuity_value(mu - sigma**2, age, mode, dispersion)
    middle = 1.5 * mu - 2 * sigma**2
    half = max(abs(mu / 2 - sigma**2), NEAR)
    low, high = (annuity_value(middle + by, age, mode, dispersion) for by in (-half, half))
    second = (low - high) / half
    shape = (2 * second - first**2) / (second - first**2)
    scale = (second - first**2) / (second * first)
    return float(gamma.cdf(rate, shape, scale=scale))


@door(rate=RATE, nu=RATE, sigma=VOLATILITY)
def ruin_by_programme(
    rate: float,
    nu: float,
    sigma: float,
    age: float,
    mode: float,
    dispersion: float,
    *,
    steps_a_year: int = 48,
    points: int = 1_500,
) -> float:
    """The same chance backwards from great age: ``f_t(w) = p_t E f_{t+1}((w - h) G)``.

    Spending of a step is half taken before and half after its growth; growth by Gauss-Hermite
    quadrature; between grid points (even in the logarithm of wealth) linear.

    Parameters
    ----------
    rate, nu, sigma, age, mode, dispersion
        As in `ruin_by_moments`.
    steps_a_year, points : int
        Of time, and of the grid of wealth.

    Returns
    -------
    float

    Examples
    --------
    Without volatility and growth 20 years of spending last 20 years, and ruin is to live longer:

    >>> at = {"steps_a_year": 12, "points": 600}
    >>> found = ruin_by_programme(0.05, 0.0, 0.0, 65, 88, 10, **at)
    >>> abs(found - float(gompertz(np.array(20.0), 65, 88, 10))) < 0.01
    True
    >>> found = ruin_by_programme(0.05, 0.02, 0.0, 65, 88, 10, **at)
    >>> lasts = -math.log(1 - 0.02 * 20) / 0.02  # the years that (1 - exp(-0.02 t)) / 0.02 = 20
    >>> abs(found - float(gompertz(np.array(lasts), 65, 88, 10))) < 0.01
    True

    With a dispersion of 2,000 years the chance of dying hardly changes: it is
    ``exp((age - mode) / dispersion) / dispersion``, here 5% a year, for which the law is known:

    >>> mode = 65 - 2_000 * math.log(2_000 * 0.05)
    >>> found = ruin_by_programme(0.05, 0.02, 0.20, 65, mode, 2_000, steps_a_year=12, points=300)
    >>> abs(found - constant_hazard_exactly(0.04, 0.20, 0.05, 20)) < 0.005  # 0.02 + 0.2 ** 2 / 2
    True
    >>> mode = 71 - 2_000 * math.log(2_000 * 0.08)
    >>> found = ruin_by_programme(1 / 12, 0.01, 0.3, 71, mode, 2_000, steps_a_year=4, points=150)
    >>> abs(found - constant_hazard_exactly(0.055, 0.3, 0.08, 12)) < 0.005
    True

    What counts is how far away the mode is:

    >>> coarse = {"steps_a_year": 2, "points": 60}
    >>> at_50, at_65 = (
    ...     ruin_by_programme(0.05, 0.02, 0.2, age, age + 23, 10, **coarse) for age in (50, 65)
    ... )
    >>> math.isclose(at_50, at_65)
    True
    """
    h = 1 / steps_a_year
    nodes, weight = np.polynomial.hermite_e.hermegauss(9)
    weight = weight / weight.sum()
    growth = np.exp(nu * h + sigma * np.sqrt(h) * nodes)
    logs = np.linspace(np.log(h / 4), np.log(60 / rate), points)
    wealth = np.exp(logs)
    after = (wealth - h / 2)[:, None] * growth - h / 2
    alive = after > wealth[0]
    at = (np.log(np.where(alive, after, 1.0)) - logs[0]) / (logs[1] - logs[0])
    low = np.clip(at.astype(int), 0, points - 2)
    part = np.clip(at - low, 0.0, 1.0)
    span = dispersion * np.log(1 + 30 * np.exp((mode - age) / dispersion))
    times = np.arange(0, span + h, h)
    lived = gompertz(times, age, mode, dispersion)
    ruined = np.zeros(points)
    for t in range(len(times) - 2, -1, -1):
        goes_on = lived[t + 1] / max(lived[t], 1e-300)
        reached = ruined[low] * (1 - part) + ruined[low + 1] * part
        ruined = goes_on * (np.where(alive, reached, 1.0) @ weight)
    return float(np.interp(np.log(1 / rate), logs, ruined))


@door(mean=RATE, volatility=VOLATILITY)
def constant_hazard_by_moments(
    mean: float, volatility: float, hazard: float, wealth: float
) -> float:
    """Chance of ruin where death comes at a constant rate: two moments fitted by a reciprocal gamma
    law.

    Of someone who spends one real dollar a year, evenly. Source: Milevsky and Robinson (2005).

    Parameters
    ----------
    mean, volatility : float
        Of real returns, the mean arithmetic; annual decimals.
    hazard : float
        Of death, a year.
    wealth : float
        Years of spending.

    Returns
    -------
    float

    Examples
    --------
    >>> round(constant_hazard_by_moments(0.07, 0.20, math.log(2) / 28.1, 20), 3)   # printed: 0.268
    0.268
    """
    from scipy.stats import gamma

    scale = (volatility**2 + hazard) / 2
    return float(gamma.cdf(1 / wealth, (mean + 2 * hazard) / scale - 1, scale=scale))


@door(mean=RATE, volatility=VOLATILITY)
def constant_hazard_exactly(mean: float, volatility: float, hazard: float, wealth: float) -> float:
    """The same chance without fitting: the present value of spending is a beta over a gamma
    variable.

    With ``nu = 1 - 2 mean / volatility^2`` and ``a = (nu + sqrt(nu^2 + 8 hazard / volatility^2)) /
    2`` the value is ``2 / volatility^2`` times Beta(1, a) over Gamma(a - nu). Source: Yor (1992).

    Parameters
    ----------
    mean, volatility, hazard, wealth
        As in `constant_hazard_by_moments`.

    Returns
    -------
    float

    Examples
    --------
    As volatility goes to zero money lasts ``-log(1 - mean wealth) / mean`` years, and ruin is to
    live longer:

    >>> lasts = -math.log(1 - 0.03 * 20) / 0.03
    >>> found = constant_hazard_exactly(0.03, 0.01, 0.04, 20)
    >>> abs(found - math.exp(-0.04 * lasts)) < 0.002
    True

    Without any they last so long exactly, 20 years without a return, and for ever where returns
    pay for what is spent:

    >>> certain = [constant_hazard_exactly(mean, 0.0, 0.04, 20) for mean in (0.03, 0.0, 0.05)]
    >>> [round(math.log(chance) / -0.04, 9) for chance in certain[:2]] == [round(lasts, 9), 20.0]
    True
    >>> certain[2], abs(certain[0] - constant_hazard_exactly(0.03, 0.001, 0.04, 20)) < 1e-5
    (0.0, True)
    """
    from scipy.integrate import quad
    from scipy.stats import gamma

    if volatility < STILL:
        if mean * wealth >= 1:
            return 0.0
        lasts = -math.log1p(-mean * wealth) / mean if mean else wealth
        return math.exp(-hazard * lasts)
    nu = 1 - 2 * mean / volatility**2
    y = wealth * volatility**2 / 2
    a = (nu + math.sqrt(nu**2 + 8 * hazard / volatility**2)) / 2
    largest = float(gamma.cdf(1 / y, a - nu))
    return float(quad(lambda p: (1 - min(y * gamma.ppf(p, a - nu), 1.0)) ** a, 0, largest)[0])
