"""What may each asset class be expected to return, how surely, and do the figures fit together?

Expected returns are the survey consensus; history, equilibrium and shrinkage are computed beside it
as challengers. With arithmetic mean ``m``, variance ``v`` and lognormal growth, the return that
compounding earns (its median) is ``g = (1 + m) / sqrt(1 + v / (1 + m)^2) - 1``, about ``m - v/2``;
it is concave in the weights, so that of a portfolio is not the average of those of its parts. A
mean over ``T`` years has the standard error ``volatility / sqrt(T)``, however often returns are
sampled.

Left out: what returns depend on (no forecasting regressions), taxes, fees, and any view of our own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Literal, get_args

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from portlib import data
from portlib.compounding import arithmetic_to_geometric
from portlib.compounding import geometric_to_arithmetic as geometric_to_arithmetic
from portlib.estimation.months import finite, monthly, named, same
from portlib.ranges import number, numbers
from portlib.records import Array, Assumptions

#: How the months of a history become a year.
Convention = Literal["times 12", "compounded"]

#: The liquid asset classes of the plan's funds that the survey covers. ``us_core_bonds`` is the
#: survey's "US Corporate Bonds - Core", a proxy for the aggregate bond market; listed real estate
#: is not surveyed.
PLAN_CLASSES = (
    "us_large_equity",
    "us_small_equity",
    "intl_dev_equity",
    "em_equity",
    "us_core_bonds",
    "us_long_bonds",
    "us_high_yield",
    "us_tips",
    "cash",
)
SURVEY = (
    "Horizon Actuarial Services, Survey of Capital Market Assumptions, 2025 Edition, Exhibit 17"
)


def survey_assumptions(horizon_years: int, classes: Sequence[str] = PLAN_CLASSES) -> Assumptions:
    """What does the consensus of 41 advisers expect?

    Parameters
    ----------
    horizon_years : 10, or 20 (27 advisers).
    classes : asset classes of ``data.table("horizon_2025_correlations")``, in the order wanted.

    Returns
    -------
    Assumptions: annual arithmetic means and covariance; ``rf`` is the mean of cash, which also is
    an asset.

    Raises
    ------
    ValueError
        A horizon or class that the survey does not publish; inflation has no correlations.

    Source: Horizon Actuarial Services (2025), Exhibit 17.
    """
    assets = data.table("horizon_2025_assets")
    correlations = data.table("horizon_2025_correlations")
    if f"arithmetic_{horizon_years}y" not in assets:
        raise ValueError(f"the survey publishes horizons of 10 and 20 years, not {horizon_years}")
    unknown = [name for name in classes if name not in correlations.index]
    if unknown:
        raise ValueError(
            f"the survey has no class {', '.join(unknown)}; it has {', '.join(correlations.index)}"
        )
    labels = list(classes)
    volatility = assets.loc[labels, "volatility"].to_numpy(float)
    sigma = correlations.loc[labels, labels].to_numpy(float) * np.outer(volatility, volatility)
    mean = assets[f"arithmetic_{horizon_years}y"]
    return Assumptions(
        labels,
        mean[labels].to_numpy(float),
        sigma,
        rf=float(mean["cash"]),
        source=f"{SURVEY}; {horizon_years}-year arithmetic means",
    )


def provider_views(classes: Sequence[str] = PLAN_CLASSES) -> pd.DataFrame:
    """What do the providers publish, one row a provider and class: nominal geometric returns over
    about ten years?

    Columns: asset, provider, as_of, geometric (annual decimal), confidence. Vanguard's is the
    midpoint of its latest range. A later edition of the survey, twenty-year, real and arithmetic
    figures are left out: they are no further provider, or not comparable. Averages over firms count
    as one provider, and contain some of the others.
    """
    survey = data.table("horizon_2025_assets")["geometric_10y"].rename("geometric").reset_index()
    survey = survey.assign(provider="Horizon survey", as_of="2025", confidence="high")
    vanguard = data.table("vanguard_10y").drop_duplicates("asset", keep="last")
    vanguard = vanguard.assign(
        provider="Vanguard",
        as_of=vanguard["run"],
        geometric=(vanguard["return_low"] + vanguard["return_high"]) / 2,
    )
    others = data.table("provider_dispersion").rename(columns={"nominal": "geometric"})
    others = others[
        (others["basis"] == "geometric")
        & others["geometric"].notna()
        & (others["horizon"] != "20y")
        & ~others["provider"].isin(["Vanguard", "Horizon Actuarial"])
    ]
    views = pd.concat([survey, vanguard, others])[
        ["asset", "provider", "as_of", "geometric", "confidence"]
    ]
    return views[views["asset"].isin(list(classes))].reset_index(drop=True)


def provider_dispersion(classes: Sequence[str] = PLAN_CLASSES) -> pd.DataFrame:
    """How far do providers disagree on each class: how many, lowest, median and highest view,
    standard deviation?

    The standard deviation (ddof 1) of `provider_views` is our uncertainty of the mean; nan where
    only one publishes.
    """
    table = (
        provider_views(classes)
        .groupby("asset")["geometric"]
        .agg(["count", "min", "median", "max", "std"])
    )
    return table.set_axis(["providers", "low", "median", "high", "sd"], axis=1).reindex(
        list(classes)
    )


def equity_building_blocks(
    dividend_yield: float, real_growth: float, inflation: float, valuation_change: float = 0.0
) -> pd.Series:
    """What does an equity market pay for: yield, growth, inflation, and a change of what a dollar
    of dividends costs?

    ``1 + r = D/P + (1 + g)(1 + i)(1 + c)`` with next year's dividends over today's price, real
    growth of dividends per share, inflation and the change of the price-dividend ratio, all annual
    decimals: an identity for one year, and for the compound return of many when ``c = 0``. Returns
    the parts and their ``total``; ``interaction`` is what adding instead of multiplying leaves out.
    Source: Grinold and Kroner (2002), in exact form.
    """
    parts = {
        "dividend yield": dividend_yield,
        "real growth": real_growth,
        "inflation": inflation,
        "valuation change": valuation_change,
    }
    for name, value in parts.items():
        number(name, value, above=-1, below=1)
    total = dividend_yield + (1 + real_growth) * (1 + inflation) * (1 + valuation_change) - 1
    return pd.Series(parts | {"interaction": total - sum(parts.values()), "total": total})


def bond_building_blocks(
    yield_to_maturity: float, default_rate: float = 0.0, recovery: float = 0.4
) -> pd.Series:
    """What does a bond portfolio pay: its yield less the expected credit loss
    ``default_rate * (1 - recovery)``?

    Annual decimals; yields are held unchanged. Raises ValueError when a rate or share is outside 0
    to 1.
    """
    number("yield_to_maturity", yield_to_maturity, above=-1, below=1)
    if not (0 <= default_rate <= 1 and 0 <= recovery <= 1):
        raise ValueError(
            f"default_rate {default_rate} and recovery {recovery} must be between 0 and 1"
        )
    loss = -default_rate * (1 - recovery)
    return pd.Series(
        {
            "yield": yield_to_maturity,
            "expected credit loss": loss,
            "total": yield_to_maturity + loss,
        }
    )


def cash_plus_premium(cash: float, premium: float) -> pd.Series:
    """An objective or a class without a yield, stated over cash: the parts and their ``total``,
    annual decimals."""
    number("cash", cash, above=-1, below=1)
    number("premium", premium, above=-1, below=1)
    return pd.Series({"cash": cash, "premium": premium, "total": cash + premium})


def equilibrium_returns(
    sigma: ArrayLike, w_market: ArrayLike, risk_aversion: float, rf: float = 0.0
) -> Array:
    """Which expected returns (n,) would make ``w_market`` the best portfolio:
    ``pi = rf + A sigma w``?

    ``A`` is the risk aversion in ``mu'w - A/2 w'sigma w``; ``sigma`` (n, n), ``w_market`` (n,).
    Raises ValueError unless the weights sum to one. Source: Sharpe (1974); Black and Litterman
    (1992).
    """
    if isinstance(sigma, pd.DataFrame) and isinstance(w_market, pd.Series):
        names = list(sigma.index)
        if list(sigma.columns) != names or set(w_market.index) != set(names):
            strange = sorted(map(str, set(w_market.index) ^ set(names)))
            raise ValueError(
                f"sigma and the weights must name the same assets; see {', '.join(strange)}"
            )
        w_market = w_market.loc[names]
    w = numbers("a market weight", w_market)
    number("risk aversion", risk_aversion)
    number("rf", rf, above=-1, below=1)
    if not abs(w.sum() - 1) <= 1e-6:
        raise ValueError(f"market weights must sum to one, not {w.sum():.6g}")
    return np.asarray(rf + risk_aversion * np.asarray(sigma, float) @ w, float)


@dataclass(frozen=True, eq=False)
class ShrunkMeans:
    """Means drawn towards one value: ``mu`` (n,), the ``intensity`` (0 none, 1 all the way) and the
    ``target``."""

    mu: Array
    intensity: float
    target: float


def bayes_stein_means(returns: pd.DataFrame) -> ShrunkMeans:
    """How far should sample means be drawn together, given how little a sample says about them?

    Target: the sample mean of the least-variance portfolio. Intensity
    ``(N+2) / (N+2 + T d' sigma^-1 d)`` with ``d`` the distance of the means from the target and
    ``sigma = S (T-1)/(T-N-2)``, ``S`` with ddof 1. Per-period decimals, as the (T, N) ``returns``
    are. Raises ValueError unless T > N + 2. Source: Jorion (1986), equations 14 and 17.
    """
    monthly(returns, "returns")
    periods, n = returns.shape
    if periods <= n + 2:
        raise ValueError(
            f"Bayes-Stein needs more than {n + 2} periods for {n} assets, got {periods}"
        )
    mean = returns.mean().to_numpy(float)
    sigma = (
        np.atleast_2d(np.cov(returns.to_numpy(float), rowvar=False))
        * (periods - 1)
        / (periods - n - 2)
    )
    towards = np.linalg.solve(sigma, np.ones(n))
    target = float(towards @ mean / towards.sum())
    distance = mean - target
    intensity = (n + 2) / (n + 2 + periods * float(distance @ np.linalg.solve(sigma, distance)))
    return ShrunkMeans(mean - intensity * distance, float(intensity), target)


def portfolio_geometric(assumptions: Assumptions, w: Array, horizon_years: float = np.inf) -> float:
    """What does a portfolio, rebalanced yearly to ``w``, compound to? From its own mean and
    volatility."""
    return float(
        arithmetic_to_geometric(assumptions.mean_of(w), assumptions.risk_of(w), horizon_years)
    )


def annualised(
    returns: pd.DataFrame,
    cash: pd.Series | None = None,
    convention: Convention = "times 12",
) -> Assumptions:
    """Which annual assumptions does a monthly history imply, were its months independent?

    ``times 12``: means and covariances (ddof 1) times twelve. ``compounded``: the moments of the
    product of twelve independent months, ``prod(1 + m) - 1``; comparable with annual assumptions.
    The mean of ``cash`` is ``rf``. Raises ValueError below two years, for months that are missing,
    given twice or out of order, and for cash of other months. Neither repairs autocorrelation (see
    the chapter).
    """
    monthly(returns, "returns")
    if len(returns) < 24:
        raise ValueError(f"annualising needs 24 months without gaps: {len(returns)} are given")
    if cash is not None:
        monthly(cash, "cash")
        same(returns, cash, "returns and cash")
    if convention not in get_args(Convention):
        raise ValueError(
            f"no convention {convention!r}; there are {', '.join(get_args(Convention))}"
        )
    m = returns.mean().to_numpy(float)
    s = np.atleast_2d(np.cov(returns.to_numpy(float), rowvar=False))
    c = 0.0 if cash is None else float(cash.mean())
    if convention == "compounded":
        growth = np.outer(1 + m, 1 + m)
        mu = (1 + m) ** 12 - 1
        sigma = (growth + s) ** 12 - growth**12
        rf = (1 + c) ** 12 - 1
    else:
        mu = 12 * m
        sigma = 12 * s
        rf = 12 * c
    span = f"{named(returns.index[0])} to {named(returns.index[-1])}"
    return Assumptions(
        list(returns.columns), mu, sigma, rf, source=f"monthly history {span}, {convention}"
    )


def mean_standard_error(volatility: ArrayLike, years: ArrayLike) -> Array:
    """How unsure is a mean over ``years`` of independent returns: ``volatility / sqrt(years)``,
    annual decimals."""
    span = numbers("years", years, above=0)
    return np.asarray(numbers("volatility", volatility, least=0) / np.sqrt(span), float)


def years_needed(volatility: float, precision: float, level: float = 0.95) -> float:
    """How many years place a mean within ``precision`` either side, at confidence ``level``:
    ``(z s/precision)^2``?"""
    number("volatility", volatility, least=0)
    number("precision", precision, above=0)
    return float((_two_sided(level) * volatility / precision) ** 2)


def months_needed(relative_precision: float, kurtosis: float = 3.0, level: float = 0.95) -> float:
    """How many independent months place a *volatility* within a share of itself:
    ``(kurtosis - 1)/4 (z/share)^2``?"""
    number("relative precision", relative_precision, above=0)
    number("kurtosis", kurtosis, least=1)
    return float((kurtosis - 1) / 4 * (_two_sided(level) / relative_precision) ** 2)


def _two_sided(level: float) -> float:
    return NormalDist().inv_cdf((1 + number("level", level, above=0, below=1)) / 2)


def crisis_correlations(returns: pd.DataFrame, trigger: str, worst: float = 0.1) -> pd.DataFrame:
    """Do correlations with ``trigger`` change in its worst months, beyond what selecting those
    months does?

    Selecting extreme months changes the variance of the trigger, and that alone changes a
    correlation. ``expected`` is the correlation in the selected months if the line through all
    months, and the scatter around it, held in them:
    ``rho / sqrt(rho^2 + (1 - rho^2) var(x) / var(x selected))``. Only
    ``excess = worst months - expected`` is news.

    One row for each other column. Raises ValueError with fewer than 20 selected months.
    Source: Boyer, Gibson and Loretan (1999), theorem 1.
    """
    finite(returns, "returns")
    if trigger not in returns:
        known = ", ".join(map(str, returns.columns))
        raise ValueError(f"no column {trigger!r}; there are {known}")
    number("worst", worst, above=0, below=1)
    x = returns[trigger]
    bad = returns[x <= x.quantile(worst)]
    if len(bad) < 20:
        raise ValueError(
            f"{worst:.0%} of {len(returns)} months are {len(bad)}: a correlation needs at least 20"
        )
    rho = returns.corr()[trigger].drop(trigger)
    seen = bad.corr()[trigger].drop(trigger)
    expected: pd.Series = rho / np.sqrt(rho**2 + (1 - rho**2) * x.var() / bad[trigger].var())
    return pd.DataFrame(
        {
            "all months": rho,
            "worst months": seen,
            "expected": expected,
            "excess": seen - expected,
            "months": len(bad),
        }
    )


def window_spread(returns: pd.DataFrame, window: int) -> pd.DataFrame:
    """How far do volatilities and correlations move from one window of months to the next, and is
    it more than noise?

    Windows do not overlap and are counted back from the last month. ``excess`` is the variance of
    the measure over the windows by what sampling alone gives it: ``log volatility`` has
    ``(kurtosis - 1) / (4 T)`` in T months, and Fisher's z of a correlation ``1 / (T - 3)``. One is
    noise.

    Parameters
    ----------
    returns : DataFrame (months, assets)
        Consecutive months.
    window : int
        Months of a window; three windows are needed.

    Returns
    -------
    DataFrame
        One row an asset or pair: kind (volatility or correlation), lowest, highest, excess.
        Volatilities are annual.

    Raises
    ------
    ValueError
        For months that are missing, or too few.
    """
    monthly(returns, "returns")
    count = len(returns) // number("window", window, least=12)
    if count < 3:
        raise ValueError(f"{len(returns)} months are not three windows of {window}")
    recent = returns.tail(int(count) * window)
    parts = [recent.iloc[k * window : (k + 1) * window] for k in range(int(count))]
    names = list(map(str, returns.columns))
    first, second = np.triu_indices(len(names), 1)
    volatility = np.sqrt(12) * np.array([part.std().to_numpy() for part in parts])
    rho = np.array([part.corr().to_numpy()[first, second] for part in parts])
    noise = (returns.kurt().to_numpy(dtype=float) + 2) / (4 * window)
    moved = {
        "volatility": (names, volatility, np.log(volatility).var(axis=0, ddof=1) / noise),
        "correlation": (
            [f"{names[i]} with {names[j]}" for i, j in zip(first, second, strict=True)],
            rho,
            np.arctanh(rho).var(axis=0, ddof=1) * (window - 3),
        ),
    }
    tables = [
        pd.DataFrame(
            {"kind": kind, "lowest": x.min(axis=0), "highest": x.max(axis=0), "excess": excess},
            index,
        )
        for kind, (index, x, excess) in moved.items()
    ]
    return pd.concat(tables)


def dominated(assumptions: Assumptions) -> pd.DataFrame:
    """Which class pays no more than another for no less risk, and is it excused because it
    diversifies more?

    One row a pair: asset, by, excused (its covariance with the equal-weighted portfolio is the
    lower of the two).
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
    """Do means, risks, correlations and geometric returns (n,) make sense together?

    One row a check: measured, relation, bound, holds. The bounds 2, 0.5 and 0.002 are conventions:
    a set that offers twice the Sharpe ratio of its best class to a long-short portfolio, or pays
    without regard to risk, is an optimiser's raw material for nonsense; surveys average their
    advisers' own conversions, which leaves some gap.
    """
    risky = assumptions.volatility > 1e-6
    mu = assumptions.mu[risky]
    risk = assumptions.volatility[risky]
    sigma = assumptions.sigma[np.ix_(risky, risky)]
    premium = mu - assumptions.rf
    g = np.asarray(geometric, float)[risky]
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


def moments_test(scenarios: Array, mu: ArrayLike, sigma: ArrayLike) -> pd.DataFrame:
    """Do scenarios have the means (k,) and covariance (k, k) that they claim?

    ``scenarios`` are (n, k) independent draws, or (paths, months, k) with independent paths and any
    dependence within one. Rows ``means`` and ``covariances``: number of entries, largest ``|z|``,
    and its p-value after Bonferroni's correction. The z of an entry is its error over its standard
    error (ddof 1) across paths.
    """
    x = np.asarray(scenarios, float)
    deviation = (x[:, None, :] if x.ndim == 2 else x) - np.asarray(mu, float)
    square = np.einsum("pmi,pmj->pij", deviation, deviation) / deviation.shape[1] - np.asarray(
        sigma, float
    )
    upper = np.triu_indices(deviation.shape[2])
    rows = {}
    for name, sample in {
        "means": deviation.mean(axis=1),
        "covariances": square[:, upper[0], upper[1]],
    }.items():
        error = np.abs(sample.mean(axis=0))
        spread = sample.std(axis=0, ddof=1) / np.sqrt(len(sample))
        exact = error <= 1e-14
        z = np.where(exact, 0.0, error / np.where(exact, 1.0, np.maximum(spread, 1e-300)))
        rows[name] = (
            z.size,
            float(z.max()),
            float(np.minimum(1.0, 2 * z.size * NormalDist().cdf(-z.max()))),
        )
    return pd.DataFrame.from_dict(rows, orient="index", columns=["entries", "largest z", "p-value"])
