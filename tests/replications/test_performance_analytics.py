"""Measures that PerformanceAnalytics prints for its own examples, where the user has their data.

The data set ``managers`` belongs to the R package (GPL) and is not handed on here. Whoever has it
writes it with ``write.csv(data.frame(date = index(managers), managers, check.names = FALSE),
"managers.csv", row.names = FALSE)`` and names the folder in ``PRUDENT_REPLICATIONS``.
"""

import json
import math
import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from portlib.stewardship.monitoring import performance

FILE = Path(os.environ.get("PRUDENT_REPLICATIONS", "."), "managers.csv")
PRINTED = json.loads(Path(__file__).with_name("managers.json").read_text(encoding="utf-8"))
NAMES = PRINTED["portfolios"]
BILLS = "US 3m TR"

pytestmark = pytest.mark.skipif(
    not FILE.is_file(), reason="PRUDENT_REPLICATIONS names no folder with managers.csv"
)


@pytest.fixture(scope="module")
def managers() -> pd.DataFrame:
    return pd.read_csv(FILE, index_col=0, parse_dates=True)


def both(managers: pd.DataFrame, *names: str) -> list[pd.Series]:
    """Columns over the months that all of them have."""
    known = managers[list(names)].dropna()
    return [known[name] for name in names]


def to_the_digit(ours: list[float], printed: list[float], digits: int = 7) -> None:
    """R prints seven significant digits of the smallest number of a row, so at least six here."""
    assert ours == pytest.approx(printed, rel=0.0, abs=0.5000001 * 10.0**-digits)


def test_returns_deviations_and_ratios(managers) -> None:
    own = [managers[name].dropna() for name in NAMES]
    to_the_digit([float(performance.annual_return(r)) for r in own], PRINTED["annual_return"])
    to_the_digit(
        [float(performance.volatility(r)) / math.sqrt(12) for r in own],
        PRINTED["deviation_month"],
        8,
    )
    ratios = [performance.sortino(r) / math.sqrt(12) for r in own]
    to_the_digit(ratios, PRINTED["sortino_month"], 4)
    to_the_digit(
        [float(r.mean()) / x for r, x in zip(own, ratios, strict=True)],
        PRINTED["downside_deviation"],
        8 - 1,
    )
    at = 0.04 / 12
    to_the_digit(
        [float(r.mean() - at) / (performance.sortino(r - at) / math.sqrt(12)) for r in own],
        PRINTED["downside_deviation_at_4_percent"],
    )
    for name, printed in PRINTED["annual_return_of_benchmarks"].items():
        to_the_digit([float(performance.annual_return(managers[name].dropna()))], [printed])


def test_sharpe_ratios_of_a_month(managers) -> None:
    constant = [performance.sharpe(managers[name].dropna() - 0.035 / 12).month for name in NAMES]
    to_the_digit(constant, PRINTED["sharpe_month_at_3_5_percent"])


def test_over_bills_the_package_divides_by_the_deviation_of_returns_and_not_of_excess_returns(
    managers,
) -> None:
    """Ours divides by the deviation of the excess (Sharpe 1994, equation 3); made theirs, it is
    theirs to the digit."""
    printed = dict(zip(NAMES, PRINTED["sharpe_month_over_bills"], strict=True))
    for name, ratio in {**printed, **PRINTED["sharpe_month_over_bills_of_benchmarks"]}.items():
        r, bills = both(managers, name, BILLS)
        ours = performance.sharpe(r - bills).month
        assert ours == pytest.approx(ratio, rel=0.02)
        to_the_digit([ours * (r - bills).std() / r.std()], [ratio])


def test_against_two_benchmarks(managers) -> None:
    for benchmark in ("SP500 TR", "EDHEC LS EQ"):
        errors, premiums = [], []
        for name in NAMES:
            r, b = both(managers, name, benchmark)
            errors.append(float(performance.tracking_error(r, b)))
            premiums.append(float(performance.annual_return(r) - performance.annual_return(b)))
        to_the_digit(errors, PRINTED["tracking_error"][benchmark])
        to_the_digit(premiums, PRINTED["active_premium"][benchmark])
        ratios = list(np.array(premiums) / errors)
        to_the_digit(ratios, PRINTED["information_ratio"][benchmark])


def test_betas(managers) -> None:
    r, b, bills = both(managers, "HAM1", "SP500 TR", BILLS)
    to_the_digit([performance.beta(r - bills, b - bills)], [PRINTED["beta_over_bills_of_HAM1"]])
    to_the_digit([performance.beta(*both(managers, "HAM2", "SP500 TR"))], [PRINTED["beta_of_HAM2"]])


def test_deepest_falls(managers) -> None:
    """The package prints the return per unit of the deepest fall."""
    own = [managers[name].dropna() for name in NAMES]
    falls = [performance.worst_fall(r).depth for r in own]
    ratios = [float(performance.annual_return(r)) / x for r, x in zip(own, falls, strict=True)]
    to_the_digit(ratios[:5], PRINTED["calmar"][:5])
    to_the_digit(ratios[5:], PRINTED["calmar"][5:], 6)
