"""How much overlapping windows know."""

import numpy as np
import pandas as pd
import pytest

from portlib.estimation.draws import block_bootstrap
from portlib.estimation.forecast_record import overlap


def windows(starts, months=120, seed=0):
    first = [pd.Period(f"{year}-03", "M") for year in starts]
    rng = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "first": first,
            "last": [f + months - 1 for f in first],
            "expected": rng.normal(0.07, 0.01, len(first)),
            "outcome": rng.normal(0.07, 0.05, len(first)),
        }
    )


def test_the_span_of_25_starts_holds_three_and_a_half_decades_not_25():
    table = windows(range(1992, 2017))
    assert overlap.independent_windows(table["first"], table["last"]) == pytest.approx(3.4)
    assert overlap.independent_windows(table["first"][:1], table["last"][:1]) == 1.0


def test_phases_take_every_start_once_and_share_no_month_within():
    groups = overlap.decade_phases(windows(range(1992, 2017)))
    assert len(groups) == 10
    assert sorted(i for g in groups.values() for i in g.index) == list(range(25))
    for group in groups.values():
        assert (group["first"].iloc[1:].to_numpy() > group["last"].iloc[:-1].to_numpy()).all()


def test_drawn_correlations_are_those_of_windows_cut_one_by_one():
    table = windows(range(1992, 2017))
    drawn = np.random.default_rng(3).normal(0.01, 0.04, (4, 408))
    found = overlap.related_by_chance(table, drawn)
    for path, value in zip(drawn, found, strict=True):
        outcomes = []
        for k in range(25):
            wealth = 1.0
            for r in path[12 * k : 12 * k + 120]:
                wealth *= 1 + r
            outcomes.append(wealth**0.1 - 1)
        assert value == pytest.approx(np.corrcoef(table["expected"], outcomes)[0, 1], abs=1e-10)


def test_independent_windows_reject_as_often_as_the_exact_t_test_says():
    # 40 windows of a year that share no month: the ordinary null of a correlation holds
    table = windows(range(1960, 2000), months=12)
    drawn = np.random.default_rng(4).normal(0.0, 0.01, (4000, 480))
    null = overlap.related_by_chance(table, drawn)
    t = null * np.sqrt(38 / (1 - null**2))
    # 2.024 is the 97.5% point of a Student t with 38 degrees of freedom
    assert np.mean(np.abs(t) > 2.024) == pytest.approx(0.05, abs=4 * np.sqrt(0.05 * 0.95 / 4000))


def test_overlap_widens_what_chance_gives_and_a_slope_moves_it():
    table = windows(range(1992, 2017))
    months = pd.DataFrame({"x": np.random.default_rng(5).normal(0.008, 0.04, 465)})
    drawn = block_bootstrap(months, 12, 1000, 408, np.random.default_rng(6))[:, :, 0]
    null = overlap.related_by_chance(table, drawn)
    assert null.std() > 1 / np.sqrt(24)  # what 25 independent pairs would have
    assert overlap.related_by_chance(table, drawn, slope=20.0).mean() > 0.9
    with pytest.raises(ValueError, match="the windows span 408"):
        overlap.related_by_chance(table, drawn[:, :400])


@pytest.mark.parametrize("months", [11, 12, 13, 24, 25])
def test_windows_that_share_one_month_are_not_of_one_phase(months):
    """Lengths around the distance of two starts: a last month that is the next one's first too."""
    table = windows(range(1990, 2002), months)
    phases = overlap.decade_phases(table)
    for group in phases.values():
        seen = [m for row in group.itertuples() for m in pd.period_range(row.first, row.last)]
        assert len(seen) == len(set(seen))
    together = pd.concat(phases.values())
    assert sorted(together.index) == sorted(table.index)
    apart = -(-months // 12)  # years from one start to the first that shares no month
    assert [len(group) for group in phases.values()] == [12 // apart] * apart
