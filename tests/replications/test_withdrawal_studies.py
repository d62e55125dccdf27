"""Two studies of withdrawals with bonds, where the user has the vendor's returns.

Cooley, Hubbard and Walz (1998) held long-term corporate bonds beside shares, Bengen (1994)
intermediate-term Treasuries; both took them from Ibbotson's yearbook, which nobody may hand on.
Whoever has it writes ``sbbi_yearly.csv`` with the columns year, corporate and intermediate (total
returns, percent, 1926 to 1995) and names the folder in ``PRUDENT_REPLICATIONS``. The shares are
those of the first study's case.
"""

import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from portlib import data
from portlib.retirement.retirement_income.withdrawal_rates import sustainable_rates
from portlib.stewardship.model_validation import replications

FILE = Path(os.environ.get("PRUDENT_REPLICATIONS", "."), "sbbi_yearly.csv")
COOLEY = replications.read("cooley_hubbard_walz_1998")
BENGEN = replications.read("bengen_1994_safemax")

pytestmark = pytest.mark.skipif(
    not FILE.is_file(), reason="PRUDENT_REPLICATIONS names no folder with sbbi_yearly.csv"
)


@pytest.fixture(scope="module")
def growth() -> pd.DataFrame:
    """Yearly growth of shares and of both kinds of bonds."""
    table = 1 + pd.read_csv(FILE, index_col="year") / 100
    first = COOLEY["first_year"]
    years = range(first, first + len(COOLEY["percent"]))
    return table.assign(shares=pd.Series(1 + np.array(COOLEY["percent"]) / 100, index=years))


def runs(growth: pd.Series, years: int) -> np.ndarray:
    return np.lib.stride_tricks.sliding_window_view(growth.to_numpy(), years)


@pytest.mark.parametrize("percent", COOLEY["with_bonds_percent"])
def test_percent_of_periods_that_lasted_with_bonds(growth, percent) -> None:
    """To one period: returns are printed to two digits, and a rate may be met exactly."""
    share = int(percent) / 100
    mixed = share * growth["shares"] + (1 - share) * growth["corporate"]
    for years, printed in COOLEY["with_bonds_percent"][percent].items():
        rates = sustainable_rates(runs(mixed, int(years)), at_end=True)
        ours = [100 * np.mean(rates >= r / 100 - 1e-12) for r in COOLEY["rates_percent"]]
        one = 100 / COOLEY["periods"][years]
        assert np.abs(np.array(ours) - printed).max() <= one + 0.5


def test_the_rate_that_lasted_for_everybody(growth) -> None:
    prices = data.table("consumer_prices")["cpi_u"]
    ends = prices.groupby(pd.DatetimeIndex(prices.index).year).last()
    real = ((growth["shares"] + growth["intermediate"]) / 2 / (ends / ends.shift())).dropna()
    rates = sustainable_rates(runs(real, BENGEN["years"]), at_end=True)
    assert real.index[0] + int(rates.argmin()) == BENGEN["worst_year"]
    assert 100 * rates.min() == pytest.approx(BENGEN["rate_percent"], abs=0.005)
