"""A small random market and a mandate that it can always obey: what the tests of several chapters
draw from."""

import numpy as np
from hypothesis import strategies as st

from portlib.construction.mandate import (
    Mandate,
    factor_limit,
    fully_invested,
    group_limit,
    long_only,
    position_limit,
)
from portlib.records import Assumptions

SEEDS = st.integers(0, 2**32 - 1)


def market(seed: int, n: int = 6, *, ties: bool = False) -> Assumptions:
    """Sixty SYNTHETIC months of n assets; with `ties`, means that several share."""
    rng = np.random.default_rng(seed)
    months = rng.normal(size=(60, n)) @ rng.normal(size=(n, n)) * 0.05
    mu = rng.normal(0.06, 0.02, n)
    return Assumptions(
        [f"asset {i}" for i in range(n)],
        mu.round(2) if ties else mu,
        np.cov(months.T),
        0.01,
        "a test",
    )


def ruled(a: Assumptions, seed: int = 0) -> Mandate:
    """Long only, capped, a group between limits and a factor below one: always feasible."""
    exposures = dict(
        zip(a.labels, np.random.default_rng(seed).uniform(0.2, 1.4, len(a)), strict=True)
    )
    return Mandate(
        a.labels,
        [
            fully_invested(),
            long_only(),
            position_limit(0.6),
            group_limit("group", a.labels[:2], lower=0.1, upper=0.7),
            factor_limit("factor", exposures, upper=float(np.mean(list(exposures.values())))),
        ],
    )
