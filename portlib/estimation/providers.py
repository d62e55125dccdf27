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
    Nobody publishes what nobody publishes, and every figure kept is nominal:

    >>> published_2026(["beanie_babies"]).empty
    True
    >>> bool(published_2026([LISTED])[["geometric", "arithmetic"]].notna().any(axis=1).all())
    True
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
