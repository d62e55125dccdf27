"""Published attribution effects and standard errors of Sharpe ratios, to the digits printed."""

import json

import numpy as np
import pytest

from portlib.construction.tail_risk import drawdowns
from portlib.stewardship.model_validation.replications import CASES
from portlib.stewardship.monitoring.attribution import brinson_fachler, carino, menchero
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


@pytest.mark.parametrize(("method", "link"), [("carino", carino), ("menchero", menchero)])
def test_four_quarters_of_bacon_linked(method, link) -> None:
    """Effects of the quarters of tables 8.2 and 8.3, by a loop over quarters."""
    told = case("bacon_multi_period_attribution")
    weights, other, returns, bench = (
        np.array(told[key])
        for key in (
            "portfolio_weights",
            "benchmark_weights",
            "portfolio_returns",
            "benchmark_returns",
        )
    )
    by = link((weights * returns).sum(axis=1), (other * bench).sum(axis=1))
    for t in range(4):
        whole = other[t] @ bench[t]
        for name, effect in (
            ("allocation", (weights[t] - other[t]) * (bench[t] - whole)),
            ("selection", weights[t] * (returns[t] - bench[t])),
        ):
            printed = told[method][name][t]
            assert by[t] * effect == pytest.approx(np.array(printed[:3]), abs=5.001e-5)
            assert by[t] * effect.sum() == pytest.approx(printed[3], abs=5.001e-5)


def test_two_totals_of_bacon_are_not_the_sums_of_their_own_quarters_and_who_is_right() -> None:
    *quarters, year = case("bacon_multi_period_attribution")["carino"]["allocation"]
    added = np.round(np.sum(quarters, axis=0), 4)
    assert (added != year).tolist() == [False, True, False, True]
    assert added[[1, 3]].tolist() == [-0.0061, 0.0119]  # what the effects themselves add up to


def test_pain_of_a_package_and_who_is_right() -> None:
    """Its drawdowns divide decimals by a hundred once more: made again, they are the printed ones.

    The longest fall of the 24 months, by hand: from the end of the 13th, -3.7, -6.1, +1.7, -4.9 and
    -2.2 percent compound to 1 - 0.963 * 0.939 * 1.017 * 0.951 * 0.978 of the peak.
    """
    told = case("performance_analytics_bacon_months")
    r = np.array(told["portfolio"]) / 100
    fall = 1 - 0.963 * 0.939 * 1.017 * 0.951 * 0.978
    assert drawdowns(r)[17] == pytest.approx(fall, abs=1e-12)
    assert drawdowns(r).mean() > told["pain_index"] + 9e-4
    again = 100 * drawdowns(r / 100)
    assert again.mean() == pytest.approx(told["pain_index"], abs=5e-8)
    earned = np.prod(1 + r) ** (12 / 24) - 1
    assert earned / again.mean() == pytest.approx(told["pain_ratio"], abs=1e-6)
