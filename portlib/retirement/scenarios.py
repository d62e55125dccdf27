"""Which real returns may the years of a working life and a retirement bring?

Three sources that do not share their faults: runs of real months drawn from US history (dependence kept, one lucky
country), history as it happened (few independent runs), and lognormal years with the moments of the capital market
assumptions (no dependence between years, no fat tails). All are real: divided by the change of prices.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from portlib import data
from portlib.estimation.draws import block_bootstrap
from portlib.history import long_record
from portlib.records import Array, Assumptions

CHUNK = 500  # paths at a time: bounds the memory


@dataclass(frozen=True, eq=False)
class Scenarios:
    """Real returns, one step a year: ``values`` (paths, years, assets), decimals; `paths` may carry their names."""

    values: Array
    assets: tuple[str, ...]
    source: str
    paths: tuple[str, ...] = ()


def real_history() -> pd.DataFrame:
    """US real monthly returns of ``equity`` (the market) and ``bonds`` (Aaa corporates), 1957-02 to 2017-03, decimals.

    Deflated by core consumer prices. One country, one that did well: survivors' history.
    """
    nominal = data.history()[["us_market", "aaa_corporate"]].set_axis(["equity", "bonds"], axis=1)
    return (1 + nominal).div(1 + long_record()["core_inflation"].values, axis=0).dropna() - 1


def bootstrapped(paths: int, years: int, rng: np.random.Generator, monthly: pd.DataFrame | None = None) -> Scenarios:
    """Years made of runs of real months (`block_bootstrap` at the policy's block length), `real_history` by default."""
    months, block = real_history() if monthly is None else monthly, data.policy("bootstrap_block_months")
    values = np.empty((paths, years, months.shape[1]))
    for first in range(0, paths, CHUNK):
        part = slice(first, min(first + CHUNK, paths))
        drawn = block_bootstrap(months, block, part.stop - first, 12 * years, rng)
        values[part] = np.prod(1 + drawn.reshape(part.stop - first, years, 12, -1), axis=2) - 1
    span = f"{months.index[0]:%Y-%m} to {months.index[-1]:%Y-%m}"
    return Scenarios(values, tuple(months.columns), f"bootstrap of real months {span}, mean block {block} months")


def cohorts(years: int, monthly: pd.DataFrame | None = None) -> Scenarios:
    """What history really did: every run of `years` that starts in a January, named by its first year.

    Overlapping, so far fewer independent runs than rows. Raises ValueError when history is shorter than `years`.
    """
    months = real_history() if monthly is None else monthly
    first = int(np.argmax(pd.DatetimeIndex(months.index).month == 1))
    whole = (len(months) - first) // 12
    if years > whole:
        raise ValueError(f"history holds {whole} whole calendar years, not {years}")
    annual = np.prod(1 + months.to_numpy(float)[first: first + 12 * whole].reshape(whole, 12, -1), axis=1) - 1
    values = np.stack([annual[k: k + years] for k in range(whole - years + 1)])
    names = tuple(str(months.index[first].year + k) for k in range(len(values)))
    span = f"{names[0]} to {int(names[-1]) + years - 1}"
    return Scenarios(values, tuple(months.columns), f"consecutive years of {span}", names)


def lognormal(
    assumptions: Assumptions, inflation: float, paths: int, years: int, rng: np.random.Generator
) -> Scenarios:
    """Independent years, jointly lognormal, with exactly the means and covariance assumed, less constant inflation.

    ``ln(1 + r)`` has covariance ``ln(1 + sigma_ij / ((1 + mu_i)(1 + mu_j)))``. Raises ValueError when no lognormal law
    has these moments.
    """
    growth = 1 + assumptions.mu
    log_cov = np.log1p(assumptions.sigma / np.outer(growth, growth))
    values, vectors = np.linalg.eigh(log_cov)
    if values[0] < -1e-6 * values[-1]:
        raise ValueError(f"no lognormal law has this covariance (smallest eigenvalue {values[0]:.2g} of its logarithm)")
    root, drift = vectors * np.sqrt(np.maximum(values, 0)), np.log(growth) - np.diag(log_cov) / 2
    drawn = np.exp(drift + rng.standard_normal((paths, years, len(growth))) @ root.T) / (1 + inflation) - 1
    return Scenarios(drawn, assumptions.labels, f"lognormal years, {assumptions.source}, inflation {inflation:.2%}")
