"""Published attribution effects and standard errors of Sharpe ratios, to the digits printed."""

import json

import numpy as np
import pytest

from portlib.stewardship.model_validation.replications import CASES
from portlib.stewardship.monitoring.attribution import brinson_fachler
from portlib.stewardship.monitoring.performance import eta, sharpe


def case(name: str) -> dict:
    return json.loads((CASES / f"{name}.json").read_text(encoding="utf-8"))


def test_three_markets_of_bacon() -> None:
    published = case("bacon_brinson_fachler")
    keys = ("portfolio_weights", "benchmark_weights", "portfolio_returns", "benchmark_returns")
    wp, wb, rp, rb = (np.array(published[key]) for key in keys)
    effects = brinson_fachler(wp, wb, rp, rb)
    assert wp @ rp == pytest.approx(published["portfolio"], abs=published["tolerance"])
    assert wb @ rb == pytest.approx(published["benchmark"], abs=published["tolerance"])
    for name, effect in effects._asdict().items():
        assert effect == pytest.approx(np.array(published[name]), abs=published["tolerance"])
        assert effect.sum() == pytest.approx(published["totals"][name], abs=published["tolerance"])
    assert sum(e.sum() for e in effects) == pytest.approx(
        published["totals"]["active"], abs=published["tolerance"]
    )


def months(ratio: float, count: int) -> np.ndarray:
    """Returns of exactly this ratio, ddof 1."""
    x = np.linspace(-1, 1, count)
    return x / x.std(ddof=1) + ratio


def test_standard_errors_of_lo() -> None:
    published = case("lo_2002_sharpe_standard_errors")
    for ratio, row in published["standard_errors"].items():
        for count, printed in zip(published["observations"], row, strict=True):
            found = sharpe(months(float(ratio), count))
            assert found.month == pytest.approx(float(ratio), abs=1e-12)
            assert found.error_if_normal == pytest.approx(
                printed, abs=published["tolerance"]["standard_errors"]
            )


def test_factors_to_a_year_of_lo() -> None:
    published = case("lo_2002_sharpe_standard_errors")
    for rho, printed in zip(published["rho"], published["eta_12"], strict=True):
        assert eta(12, rho ** np.arange(1, 12)) == pytest.approx(
            printed, abs=published["tolerance"]["eta_12"]
        )
