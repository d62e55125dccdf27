"""What do the providers publish for the classes of 2026, and what do they say of listed real
estate?

The survey decides what the book expects; single providers show how far opinions differ, and give
the one class that the survey does not have: its real estate is private. A listed trust has its own
mean, volatility and correlations. Transcriptions that are marked low are not here at all.

Left out: ranges, scenarios and horizons of five or twenty years; whether a provider has been right.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from portlib import data
from portlib.records import Assumptions

LISTED = "us_reits"


def published_2026(classes: Sequence[str]) -> pd.DataFrame:
    """Nominal returns over about ten years, one row a provider and class.

    Parameters
    ----------
    classes : sequence of str
        Asset classes; one that nobody publishes has no row.

    Returns
    -------
    DataFrame
        asset, provider, edition, as_of, horizon, geometric, arithmetic, volatility (annual
        decimals, nan where not published), confidence, provenance, note.

    Examples
    --------
    Two publish for listed trusts; nobody publishes what nobody publishes:

    >>> trusts = published_2026([LISTED])
    >>> trusts[["provider", "geometric"]].to_numpy().tolist()
    [['Charles Schwab', 0.064], ['J.P. Morgan AM', 0.088]]
    >>> trusts["volatility"].dropna().tolist(), published_2026(["beanie_babies"]).empty
    ([0.174], True)
    >>> list(trusts.index)  # counted anew
    [0, 1]

    Of the file's rows those that say a nominal mean are here, whatever else they leave out:

    >>> rows = data.table("provider_assumptions_2026").to_dict("records")
    >>> said = [row for row in rows if row["geometric"] > -1 or row["arithmetic"] > -1]
    >>> everything = published_2026({row["asset"] for row in rows})
    >>> len(everything) == len(said) < len(rows), list(everything.columns[:3])
    (True, ['asset', 'provider', 'edition'])
    >>> sorted({"real", "label"} & set(everything)), list(everything.index[:2])
    ([], [0, 1])
    """
    table = data.table("provider_assumptions_2026")
    nominal = table[["geometric", "arithmetic"]].notna().any(axis=1)
    columns = ["asset", *(name for name in table.columns if name not in ("asset", "label", "real"))]
    return table.loc[nominal & table["asset"].isin(list(classes)), columns].reset_index(drop=True)


def with_listed_real_estate(assumptions: Assumptions) -> Assumptions:
    """The same assumptions with one class more, ``us_reits``, from figures of listed trusts.

    The mean is the average of the providers' geometric means plus half the variance; the volatility
    and the correlations are J.P. Morgan's (2026 and 2024 editions). A class x of which nobody
    publishes a correlation with it is seen through the others k, ``Sigma_xk Sigma_kk^-1 Sigma_kl``:
    the covariance that assumes nothing more (Dempster 1972), and the source says so.
    ``real_estate``, where it is among the classes, stays what it is in the survey: private.

    Raises
    ------
    ValueError
        Where no class has a correlation with listed real estate, and when the class is there
        already.

    Examples
    --------
    Providers expect 6.4% and 8.8% (geometric) of listed trusts; their risk is 17.4%, their
    correlation with large US companies 0.77. With bonds of other developed markets nobody publishes
    one: these are seen through the companies, with which they have 0.24.

    >>> sigma = [[0.0256, 0.24 * 0.16 * 0.07], [0.24 * 0.16 * 0.07, 0.0049]]
    >>> told = Assumptions(["us_large_equity", "intl_dev_bonds"], [0.07, 0.04], sigma, 0.03, "A")
    >>> more = with_listed_real_estate(told)
    >>> more.labels, round(float(more.mu[2]), 6), round((0.064 + 0.088) / 2 + 0.174**2 / 2, 6)
    (('us_large_equity', 'intl_dev_bonds', 'us_reits'), 0.091138, 0.091138)
    >>> rho = more.sigma / np.outer(more.volatility, more.volatility)
    >>> rho[2].round(9).tolist(), round(0.24 * 0.77, 9), round(float(more.volatility[2]), 9)
    ([0.77, 0.1848, 1.0], 0.1848, 0.174)
    >>> np.allclose(more.sigma[:2, :2], sigma), bool((more.sigma == more.sigma.T).all()), more.rf
    (True, True, 0.03)
    >>> sigma = np.diag([0.0049, 0.0036, 0.0256])
    >>> three = ["intl_dev_bonds", "us_core_bonds", "us_large_equity"]
    >>> wide = Assumptions(three, [0.04] * 3, sigma)
    >>> with_listed_real_estate(wide).sigma[3].round(9).tolist()  # 0.35 and 0.77 are published
    [0.0, 0.003654, 0.0214368, 0.030276]
    >>> more.source.endswith(", with intl_dev_bonds through the others")
    True
    >>> with_listed_real_estate(told.select(["us_large_equity"])).source
    'A; us_reits: J.P. Morgan AM (2026, correlations 2024), Charles Schwab (2026)'
    >>> beyond = Assumptions(["intl_dev_bonds", "cash", "art"], [0.04] * 3, sigma)
    >>> with_listed_real_estate(beyond).source[-45:]
    ', with intl_dev_bonds, art through the others'
    >>> with_listed_real_estate(more.select(["us_reits", "us_large_equity"]))
    Traceback (most recent call last):
    ...
    ValueError: us_reits is among the classes already
    >>> with_listed_real_estate(told.select(["intl_dev_bonds"]))  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    ValueError: no correlation of us_reits with intl_dev_bonds; known: us_large_equity, ...
    """
    if LISTED in assumptions.labels:
        raise ValueError(f"{LISTED} is among the classes already")
    known = data.table("listed_real_estate_correlations")[LISTED]
    labels = list(assumptions.labels)
    seen = [at for at, name in enumerate(labels) if name in known.index]
    through = [name for name in labels if name not in known.index]
    if not seen:
        raise ValueError(
            f"no correlation of {LISTED} with {', '.join(labels)}; known: {', '.join(known.index)}"
        )
    views = published_2026([LISTED])
    volatility = float(views["volatility"].mean())
    mean = float(views["geometric"].mean()) + volatility**2 / 2
    published = known[[labels[at] for at in seen]].to_numpy(float)
    inner = assumptions.sigma[np.ix_(seen, seen)]
    with_seen = published * volatility * assumptions.volatility[seen]
    covariance = assumptions.sigma[:, seen] @ np.linalg.lstsq(inner, with_seen, rcond=None)[0]
    covariance[seen] = with_seen
    n = len(assumptions)
    sigma = np.empty((n + 1, n + 1))
    sigma[:n, :n] = assumptions.sigma
    sigma[n, :n] = covariance
    sigma[:n, n] = covariance
    sigma[n, n] = volatility**2
    return Assumptions(
        [*assumptions.labels, LISTED],
        np.append(assumptions.mu, mean),
        sigma,
        rf=assumptions.rf,
        source=(
            f"{assumptions.source}; {LISTED}: J.P. Morgan AM (2026, correlations 2024), "
            f"Charles Schwab (2026)"
            + (f", with {', '.join(through)} through the others" if through else "")
        ),
    )
