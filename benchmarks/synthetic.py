"""A universe to measure on: SYNTHETIC returns with a factor structure, from a documented seed.

Monthly returns of `n` assets: bills at 3% a year, a market (premium 6%, volatility 16%), three
styles (5% each), ten industries (8% each), and an own risk of 15% to 45% a year, all shocks Student
t with five degrees of freedom. The moments are those of the sample (months x 12, divisor T - 1), so
they carry the noise that real estimates carry; with fewer months than assets the covariance is
singular, as it is in practice.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from portlib.records import Array, Assumptions

SEED = 20261121
RF = 0.03
INDUSTRIES = 10


@dataclass(frozen=True, eq=False)
class Universe:
    """Monthly returns (months, n), their annual moments, and the industry (0 to 9) of each
    asset."""

    returns: pd.DataFrame
    assumptions: Assumptions
    industry: Array

    def members(self, *industries: int) -> list[str]:
        """Labels of the assets of these industries."""
        return [
            name
            for name, i in zip(self.assumptions.labels, self.industry, strict=True)
            if i in industries
        ]


def universe(n: int, months: int, *, seed: int = SEED) -> Universe:
    """A SYNTHETIC universe; the same for the same three numbers."""
    rng = np.random.default_rng([seed, n, months])

    def shocks(count: int, volatility: Array | float) -> Array:
        return rng.standard_t(5, (months, count)) * np.sqrt(3 / 5) * volatility / np.sqrt(12)

    industry = np.arange(n) % INDUSTRIES
    market = RF / 12 + rng.normal(1, 0.25, n) * (0.06 / 12 + shocks(1, 0.16))
    styles = shocks(3, 0.05) @ rng.normal(0, 1, (3, n))
    sectors = shocks(INDUSTRIES, 0.08)[:, industry] * rng.normal(1, 0.2, n)
    own = shocks(n, rng.uniform(0.15, 0.45, n))
    labels = [f"A{i:04d}" for i in range(n)]
    # No month is given a meaning: the dates only satisfy the libraries that ask for them.
    dates = pd.date_range("2000-01-31", periods=months, freq="ME")
    returns = pd.DataFrame(market + styles + sectors + own, index=dates, columns=labels)
    source = f"SYNTHETIC, seed {seed}, {n} assets, {months} months"
    assumptions = Assumptions(labels, 12 * returns.mean(), 12 * returns.cov(), rf=RF, source=source)
    return Universe(returns, assumptions, industry)


def mixes(
    funds: int, months: int, *, indices: int = 9, seed: int = SEED
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """SYNTHETIC funds and their indices, monthly: an index averages ten assets of a universe, a
    fund mixes indices.

    Exposures are Dirichlet(0.3), few large and many near zero; funds' own risk is 1% to 6% a year.
    """
    assets = universe(10 * indices, months, seed=seed).returns
    names = [f"I{i}" for i in range(indices)]
    means = pd.DataFrame(
        assets.to_numpy().reshape(months, indices, 10).mean(axis=2), assets.index, names
    )
    rng = np.random.default_rng([seed, funds, months, indices])
    own = rng.normal(0, rng.uniform(0.01, 0.06, funds) / np.sqrt(12), (months, funds))
    mixed = means.to_numpy() @ rng.dirichlet(np.full(indices, 0.3), funds).T + own
    return pd.DataFrame(mixed, assets.index, [f"F{i:05d}" for i in range(funds)]), means
