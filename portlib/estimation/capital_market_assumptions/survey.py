"""What does everybody else expect: a survey's consensus, and how far its providers are apart?

Expected returns are the consensus of advisers: annual arithmetic means, volatilities and
correlations as the survey prints them. How far providers disagree about a class, the standard
deviation of their compound returns (ddof 1), is our uncertainty of its mean.

Left out: what returns depend on, taxes, fees, and any view of our own.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np
import pandas as pd

from portlib import data
from portlib.estimation.providers import published_2026
from portlib.ranges import door
from portlib.records import Assumptions

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

#: Of fewer providers no spread is told.
FEWEST = 3
SURVEY = (
    "Horizon Actuarial Services, Survey of Capital Market Assumptions, 2025 Edition, Exhibit 17"
)


@door()
def survey_assumptions(horizon_years: int, classes: Sequence[str] = PLAN_CLASSES) -> Assumptions:
    """What does the consensus of 41 advisers expect?

    Source: Horizon Actuarial Services (2025), Exhibit 17.

    Parameters
    ----------
    horizon_years : 10, or 20 (27 advisers).
    classes : asset classes of ``data.table("horizon_2025_correlations")``, in the order wanted.

    Returns
    -------
    Assumptions
        Annual arithmetic means and covariance; ``rf`` is the mean of cash, which also is an asset.

    Raises
    ------
    ValueError
        A horizon or class that the survey does not publish; inflation has no correlations.

    Examples
    --------
    Exhibit 17 prints for ten years 5.19% a year for core bonds and 7.67% for large US companies,
    risks of 6.22% and 16.54%, a correlation of 0.32, and 3.60% for cash (3.61% over twenty years):

    >>> told = survey_assumptions(10, ["us_core_bonds", "us_large_equity"])
    >>> told.labels, told.mu.tolist(), told.rf
    (('us_core_bonds', 'us_large_equity'), [0.0519, 0.0767], 0.036)
    >>> np.allclose(told.volatility, [0.0622, 0.1654])
    True
    >>> bool(np.isclose(told.sigma[1, 0], 0.32 * 0.1654 * 0.0622))
    True
    >>> told.source.partition("; ")[2]
    '10-year arithmetic means'
    >>> survey_assumptions(20).rf, survey_assumptions(20).labels == PLAN_CLASSES
    (0.0361, True)
    >>> survey_assumptions(20).source[-25:]
    ' 20-year arithmetic means'
    >>> three = survey_assumptions(10, ["us_large_equity", "us_core_bonds", "cash"])
    >>> bool(np.isclose(three.sigma[0, 1], 0.32 * 0.1654 * 0.0622)), three.mu.tolist()
    (True, [0.0767, 0.0519, 0.036])
    >>> survey_assumptions(15)
    Traceback (most recent call last):
    ...
    ValueError: the survey publishes horizons of 10 and 20 years, not 15
    >>> survey_assumptions(10, ["inflation", "cash", "art"])  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    ValueError: the survey has no class inflation, art; it has us_large_equity, ...
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
    midpoint of its latest range. A later edition of the survey, real and arithmetic figures and
    averages over firms are left out: they are no further provider, or not comparable.

    Examples
    --------
    Three publish for inflation-protected bonds; Vanguard's range is 2.7% to 3.7%:

    >>> provider_views(["us_tips"])[["provider", "geometric"]].round(6).to_numpy().tolist()
    [['Horizon survey', 0.0444], ['Vanguard', 0.032], ['J.P. Morgan AM', 0.043]]

    Of a provider's many runs the last counts, and of each provider one figure:

    >>> large = provider_views(["us_large_equity"]).set_index("provider")
    >>> large.loc["Vanguard", "as_of"], bool(large.index.is_unique)
    ('2026-06-30', True)
    >>> "Horizon Actuarial" in large.index  # a later edition of the same survey
    False
    >>> list(large.columns), bool(large["geometric"].notna().all())
    (['asset', 'as_of', 'geometric', 'confidence'], True)
    """
    survey = data.table("horizon_2025_assets")["geometric_10y"].rename("geometric").reset_index()
    survey = survey.assign(provider="Horizon survey", as_of="2025", confidence="high")
    vanguard = data.table("vanguard_10y").drop_duplicates("asset", keep="last")
    vanguard = vanguard.assign(
        provider="Vanguard",
        as_of=vanguard["run"],
        geometric=(vanguard["return_low"] + vanguard["return_high"]) / 2,
    )
    others = published_2026(classes)
    again = others["provider"].isin(["Vanguard", "Horizon Actuarial"])
    others = others[others["geometric"].notna() & ~again]
    views = pd.concat([survey, vanguard, others])[
        ["asset", "provider", "as_of", "geometric", "confidence"]
    ]
    return views[views["asset"].isin(list(classes))].reset_index(drop=True)


def provider_dispersion(classes: Sequence[str] = PLAN_CLASSES) -> pd.DataFrame:
    """How far do providers disagree on each class: how many, lowest, median and highest view,
    standard deviation?

    The standard deviation (ddof 1) of `provider_views` is our uncertainty of the mean; nan where
    fewer than three publish, since two that agree say nothing of how far others are apart.

    Examples
    --------
    Of the three in `provider_views`, 4.44%, 3.2% and 4.3%; of long bonds two publish:

    >>> from statistics import stdev
    >>> table = provider_dispersion(["us_tips", "us_long_bonds"])
    >>> table.loc["us_tips"].round(6).tolist(), round(stdev([0.0444, 0.032, 0.043]), 6)
    ([3.0, 0.032, 0.043, 0.0444, 0.006791], 0.006791)
    >>> list(table.index), int(table.loc["us_long_bonds", "providers"])
    (['us_tips', 'us_long_bonds'], 2)
    >>> bool(np.isnan(table.loc["us_long_bonds", "sd"]))
    True
    >>> provider_dispersion(["real_estate", "commodities"]).iloc[:, :4].round(6).to_numpy().tolist()
    [[1.0, 0.0621, 0.0621, 0.0621], [2.0, 0.0467, 0.05135, 0.056]]
    >>> table.loc["us_tips", "sd"] = 1.0  # is the reader's own
    >>> float(provider_dispersion(["us_tips", "us_long_bonds"]).loc["us_tips", "sd"]) < 0.01
    True
    """
    return _dispersion(data.ROOT, tuple(classes)).copy()


@lru_cache(maxsize=32)
def _dispersion(root: Path, classes: tuple[str, ...]) -> pd.DataFrame:
    """`provider_dispersion` of the tables in a folder of data, read once."""
    table = (
        provider_views(classes)
        .groupby("asset")["geometric"]
        .agg(["count", "min", "median", "max", "std"])
    )
    table["std"] = table["std"].where(table["count"] >= FEWEST)
    return table.set_axis(["providers", "low", "median", "high", "sd"], axis=1).reindex(
        list(classes)
    )
